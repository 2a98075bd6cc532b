"""The input of the contestants: documents as a model writes them, cut into the pieces of its answer.

A `Document` is one value in three forms that show the same after each piece: *deltas* (a path and the new part there),
*pieces* of the JSON text, cut where the deltas are cut, and the *bytes* of an event stream that carries the deltas.
Texts are cut into pieces of four characters, about the length of a token. Everything is deterministic. Each request
makes new strings, as a decoder does: no contestant profits from a hash or an encoding that the previous one left in a
string.

The small odd shapes are those of the tests (`streams`). People and texts, which most figures are about, are made here
from words that look like an answer: names with accents, quotation marks, line breaks, dashes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache, reduce
from itertools import pairwise
from operator import getitem
from random import Random
from typing import Any, Final

from attrs import field, frozen

import streamjson as sj
import streams

__all__ = ["PIECE_CHARS", "SHAPES", "SIZES", "Document", "Shape", "document"]

PIECE_CHARS: Final = 4
SIZES: Final = {"1 KB": 1_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000}
"""By name, the least bytes of JSON text in a document of this size; it exceeds them by less than one item."""

Steps = tuple[str | int, ...]


@frozen(eq=False)
class Document:
    """One value, and its deltas. `lines` holds each delta as JSON, which takes the least memory between runs."""

    shape: str
    size: str
    value: Any = field(repr=False)
    has_text: bool
    """Whether the deltas come in document order, so that the text shows the same after each piece."""
    lines: Sequence[str] = field(repr=False)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def name(self) -> str:
        """Return shape and size, for people."""
        return f"{self.shape}, {self.size}"

    @property
    def first_leaf(self) -> Steps:
        """The location of the first delta: the field that a consumer of one field reads."""
        return tuple(sj.parse_path(json.loads(self.lines[0])[0]))

    @property
    def first_value(self) -> Any:
        """The final value of that field."""
        return reduce(getitem, self.first_leaf, self.value)

    def each_delta(self) -> Iterator[tuple[str, Any]]:
        """Yield the deltas, and keep none of them."""
        return (tuple(json.loads(line)) for line in self.lines)

    def ends_in_text(self, number: int) -> bool:
        """Return whether delta `number` is a piece of a text, not a whole value."""
        return isinstance(json.loads(self.lines[number])[1], str)

    def deltas(self) -> list[tuple[str, Any]]:
        """Return the path and the delta of each piece."""
        return [(path, delta) for path, delta in json.loads(f"[{','.join(self.lines)}]")]

    def replayed(self) -> Iterator[Any]:
        """Yield the document after each delta: always the same object, with everything sent so far."""
        root: dict[str | int, Any] = {}
        for path, delta in self.each_delta():
            place: Any = root
            *steps, last = ("root", *sj.parse_path(path))
            for step, following in pairwise((*steps, last)):
                place = _there(place, step, [] if isinstance(following, int) else {})
            there = _there(place, last, delta)
            if there is not delta:
                place[last] = there + delta
            yield root["root"]

    def each_piece(self) -> Iterator[str]:
        """Yield the pieces of the JSON text, and keep none of them."""
        if not self.has_text:
            raise ValueError(f"{self.name} is not written in document order: it has no text that grows at its end")
        return _cut(self.value)

    def pieces(self) -> list[str]:
        """Return the JSON text; piece i ends where delta i ends, and the last one closes all open brackets."""
        return list(self.each_piece())

    def data(self) -> list[dict[str, Any]]:
        """Return the data of the events, as decoded from JSON."""
        return [{"delta": delta, "json_path": path} for path, delta in self.deltas()]

    def events(self, *, with_ids: bool, piece_bytes: int = 4096) -> list[bytes]:
        """Return the event stream, one event for each delta and `[DONE]`, in pieces that end anywhere."""
        stream = b"".join(_event(number, line, with_ids) for number, line in enumerate(self.lines))
        stream += b"data: [DONE]\n\n"
        return [stream[start : start + piece_bytes] for start in range(0, len(stream), piece_bytes)]


def _there(container: Any, step: Any, new: Any) -> Any:
    """Return the value at `step`, or put `new` there."""
    if isinstance(container, dict):
        return container.setdefault(step, new)
    if step == len(container):
        container.append(new)
    return container[step]


def _event(number: int, line: str, with_ids: bool) -> bytes:  # noqa: FBT001 - private
    path, delta = json.loads(line)
    data = json.dumps({"delta": delta, "json_path": path}, ensure_ascii=False)
    head = f"id: {number}\n" if with_ids else ""
    return f"{head}data: {data}\n\n".encode()


# ---------------------------------------------------------------------------------------------------------------------
# the text, cut where the deltas are cut


def _cut(value: Any) -> Iterator[str]:
    waiting = ""
    before = ""  # a piece is held until the next one is known, as the last one takes the rest
    for text, ends_delta in _tokens(value):
        waiting += text
        if ends_delta:
            if before:
                yield before
            before, waiting = waiting, ""
    yield before + waiting


def _tokens(value: Any) -> Iterator[tuple[str, bool]]:
    """Yield the JSON text in order, and whether a delta ends here; text between two opens the second."""
    if isinstance(value, str):
        yield from _string_tokens(value)
    elif isinstance(value, dict) and value:
        for number, (name, item) in enumerate(value.items()):
            yield (", " if number else "{") + json.dumps(name, ensure_ascii=False) + ": ", False
            yield from _tokens(item)
        yield "}", False
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield ", " if number else "[", False
            yield from _tokens(item)
        yield "]", False
    else:
        yield json.dumps(value), True


def _string_tokens(text: str) -> Iterator[tuple[str, bool]]:
    # The closing quote comes with the last characters: a parser that shows only closed strings keeps up.
    last = max(len(text) - 1, 0) // PIECE_CHARS * PIECE_CHARS
    for start in range(0, last + 1, PIECE_CHARS):
        characters = json.dumps(text[start : start + PIECE_CHARS], ensure_ascii=False)[1:-1]
        yield '"' * (start == 0) + characters + '"' * (start == last), True


# ---------------------------------------------------------------------------------------------------------------------
# words

FIRST_NAMES: Final = ("Ada", "Björn", "Chloé", "Daniel", "Eszter", "Farah", "Håkon", "Inés", "Jürgen", "Keiko", "Luís")
LAST_NAMES: Final = ("Almeida", "Berg", "Doe", "Ekström", "García", "Haddad", "Ito", "Jensen", "Müller", "O'Neil")
ROLES: Final = ("engineer", "designer", "data scientist", "product manager", "translator", "editor in chief")
SENTENCES: Final = (
    "The first ferry leaves at half past six, long before the cafés on the quay have put out their chairs.",
    "Nobody had told her that the archive closes on Mondays, so she spent the morning in the garden instead.",
    "“It works on my machine,” he said, and for once everybody in the room believed him.",
    "Prices rose by 3.5 % over the year — slower than in 2019, yet faster than wages.",
    "If the request takes longer than two seconds, show what has arrived so far and let the reader decide.",
    "They walked from the Praça do Comércio up to the castle, and back down through the Alfama.",
    'The manual calls this a "soft reset"; in practice it means turning the thing off and on again.',
    "A good index is small enough to stay in memory and plain enough that nobody needs to think about it.",
    "Grüße aus Köln: the concert was sold out, the encore lasted forty minutes, and it rained all the way home.",
    "Water boils at a lower temperature up here, which is why the lentils take so long.",
    "Two of the three reviewers asked for more data; the third one asked for a shorter title.",
    "In short: measure first, change one thing, measure again, and write down what you saw.",
    "On the third day the wind turned, and the whole valley smelled of pine and wood smoke.",
    "She keeps a list of words that she can't translate — saudade, 木漏れ日, hygge — and adds to it every month.",
    "What was meant as a stopgap has been running without interruption for eleven years.",
    "Bring a jacket: the museum is air-conditioned, and the queue outside is not.",
)


class _Words:
    """A choice of words that is the same in every version of Python, which guarantees that only for `random()`."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def below(self, bound: int) -> int:
        return int(self._random.random() * bound)

    def one(self, words: Sequence[str]) -> str:
        return words[self.below(len(words))]

    def prose(self, characters: int) -> str:
        """Return sentences of at least this many characters in all, with a blank line now and then."""
        parts: list[str] = []
        count = 0
        while count < characters:
            parts.append(self.one(SENTENCES) + ("\n\n" if self.below(5) == 0 else " "))
            count += len(parts[-1])
        return "".join(parts).rstrip()


# ---------------------------------------------------------------------------------------------------------------------
# shapes


TEAM_SIZE: Final = 25


def _people(size: int) -> Any:
    """Return teams of people: many small fields; no array is long, as in an answer for a reader."""
    words = _Words("people")
    teams: list[Any] = []
    missing = size
    number = 0
    while missing > 0:
        if number % TEAM_SIZE == 0:
            teams.append({"name": f"Team {words.one(LAST_NAMES)}", "people": []})
        person = _person(words, number)
        teams[-1]["people"].append(person)
        missing -= _text_bytes(person) + 2
        number += 1
    return {"teams": teams}


def _person(words: _Words, number: int) -> dict[str, Any]:
    return {
        "name": f"{words.one(FIRST_NAMES)} {words.one(LAST_NAMES)}",
        "role": words.one(ROLES),
        "about": words.one(SENTENCES),
        "age": 21 + words.below(45),
        "score": words.below(1000) / 8,
        "active": words.below(3) > 0,
        "manager": None if number % TEAM_SIZE == 0 else number // TEAM_SIZE * TEAM_SIZE,
    }


ARTICLE_CHARS: Final = 4_000


def _texts(size: int) -> Any:
    """Return articles: few fields, one of them with some kilobytes of prose."""
    words = _Words("texts")
    articles: list[Any] = []
    missing = size
    while missing > 0:
        article = {
            "title": words.one(SENTENCES),
            "author": f"{words.one(FIRST_NAMES)} {words.one(LAST_NAMES)}",
            "body": words.prose(min(ARTICLE_CHARS, max(missing - 200, 100))),
        }
        articles.append(article)
        missing -= _text_bytes(article) + 2
    return {"articles": articles}


def _one_string(size: int) -> Any:
    return {"text": _Words("one string").prose(size)}


def _text_bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


@frozen
class Shape:
    """A kind of document: its description, its sizes, and the function that makes one."""

    about: str
    sizes: Sequence[str]
    make: Callable[[str], tuple[Any, Sequence[tuple[str, Any]] | None]]
    """Returns the value for a size, and its deltas; None if `disassemble` makes them."""


def _written(make: Callable[[int], Any]) -> Callable[[str], tuple[Any, None]]:
    return lambda size: (make(SIZES[size]), None)


def _streamed(make: Callable[[int], streams.Stream], count: int) -> Callable[[str], tuple[Any, list[tuple[str, Any]]]]:
    return lambda _size: (make(count).value, list(make(count)))


SHAPES: Final[dict[str, Shape]] = {
    "people": Shape("many small fields: teams of people", list(SIZES), _written(_people)),
    "texts": Shape("long texts: articles of 4 KB", list(SIZES), _written(_texts)),
    "one_string": Shape("a single text", ["1 MB"], _written(_one_string)),
    "wide_array": Shape("one array of numbers", ["100,000 items"], _streamed(streams.wide_array, 100_000)),
    "deep": Shape("an array 60 levels deep", ["600 items"], _streamed(streams.deep, 600)),
    "interleaved": Shape("four texts that are written in turn", ["100 KB"], _streamed(streams.interleaved, 25_000)),
}
OUT_OF_ORDER: Final = {"interleaved"}


@cache
def document(shape: str, size: str) -> Document:
    """Return the document of this shape and size."""
    value, deltas = SHAPES[shape].make(size)
    if deltas is None:
        deltas = [(chunk.json_path or "", chunk.delta) for chunk in sj.disassemble(value, piece_chars=PIECE_CHARS)]
    lines = [json.dumps(delta, ensure_ascii=False) for delta in deltas]
    return Document(shape, size, value, shape not in OUT_OF_ORDER, lines)
