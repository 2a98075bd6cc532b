"""Answers as a model means them, and the events in which each provider sends them.

An `Answer` is what every provider can say: parts with their texts, and how it ended. A writer of `WRITERS` draws an
answer and writes it as its provider would, with everything that the provider permits; the result is a `Script`. While
it writes, it notes in the script what a reader can know after each event, by what the provider promises and not by how
streamjson reads it: which parts have begun, their texts so far, and which ends are proved.

The writers follow the types of the SDKs and recorded streams, as of November 2026.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from attrs import define, field, frozen
from hypothesis import strategies as st

from text_samples import cut, cuts

__all__ = ["WRITERS", "Expected", "Script", "is_beginning", "visible"]

Draw: TypeAlias = st.DrawFn
Event: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["text", "reasoning", "refusal", "call"]
End: TypeAlias = Literal["done", "length", "filtered", "cut"]
Content: TypeAlias = Literal["text", "json"]
ENDS: tuple[End, ...] = ("done", "done", "length", "filtered", "cut")
DONE: Event = {"data": "[DONE]"}  # among the events, where it proves something


# ----------------------------------------------------------------------------------------------------------------------
# answers


@frozen
class Part:
    """What the model means with one part. A call with text as its value is one of a custom tool."""

    kind: Kind
    text: str  # as the model writes it
    value: Any  # the prose, the arguments, or the document
    name: str | None = None
    id: str | None = None


@frozen
class Answer:
    """The parts of one choice in their order, and how it ends; if that is not "done", its last part is not whole."""

    parts: list[Part]
    end: End


CHARACTERS = st.sampled_from("a😀") | st.sampled_from('é\n"\\{}') | st.characters(codec="utf-8")
PROSE = st.text(CHARACTERS, min_size=1, max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(CHARACTERS, max_size=6)
)
NAMES = st.sampled_from(["a", "b", "first-name", "a.b", "it's", "", "__proto__", "é"]) | st.text(CHARACTERS, max_size=3)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)
CONTENTS: st.SearchStrategy[Content] = st.sampled_from(["text", "text", "json"])


@st.composite
def calls(draw: Draw, number: int, *, has_custom: bool = False) -> Part:
    """Return a call of a tool; without parameters, some models write no text at all."""
    name, id = draw(st.sampled_from(["book", "plan"])), f"call_{number}"
    if has_custom and rarely(draw, 4):
        text = draw(PROSE)
        return Part("call", text, text, name, id)
    value = draw(ARGUMENTS)
    return Part("call", json_text(draw, value) if value or draw(st.booleans()) else "", value, name, id)


@st.composite
def answers(
    draw: Draw,
    ends: Sequence[End],
    *prose: Kind,
    order: Any = list,
    has_custom: bool = False,
    content: Content = "text",
) -> Answer:
    """Return an answer with prose of these kinds, and calls; `order` arranges the kinds as a provider has them."""
    kinds = draw(st.lists(st.sampled_from([*prose, "call", "call"]), min_size=1, max_size=4))
    parts = []
    for number, kind in enumerate(order(kinds)):
        if kind == "call":
            parts.append(draw(calls(number, has_custom=has_custom)))
        elif kind == "text" and content == "json":
            value = draw(ARGUMENTS)
            parts.append(Part(kind, json_text(draw, value), value))
        else:
            text = draw(PROSE)
            parts.append(Part(kind, text, text))
    return Answer(parts, draw(st.sampled_from(ends)))


def json_text(draw: Draw, value: Any) -> str:
    """Return a value as JSON text."""
    return json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, None, 1])))


def prose_once(kinds: list[Kind]) -> list[Kind]:
    """Arrange kinds for an API with one text of each kind, before the calls."""
    return [*dict.fromkeys(kind for kind in kinds if kind != "call"), *(kind for kind in kinds if kind == "call")]


def without_neighbours(kinds: list[Kind]) -> list[Kind]:
    """Arrange kinds for an API in which two texts of a kind, side by side, are one."""
    return [kind for at, kind in enumerate(kinds) if kind == "call" or kind != (kinds[at - 1] if at else None)]


# ----------------------------------------------------------------------------------------------------------------------
# scripts


@define(eq=False)
class Expected:
    """A part as a reader must know it after the event that is being written."""

    part: Part
    id: str | None
    name: str | None
    index: int | None = None
    choice: int | None = None
    text: str | None = ""  # so far; None if values come instead of text
    end: End = "cut"  # if the source ends now

    def add(self, piece: str) -> None:
        """Add a piece of its text."""
        self.text = joined((self.text or "", piece))

    @property
    def has_all(self) -> bool:
        """Whether a call shows that all of it has come: free text does not, and empty text may be a beginning."""
        is_free = isinstance(self.part.value, str)
        return self.text is None or (self.text == self.part.text != "" and not is_free)


@define
class Script:
    """The events of an answer, and what they prove."""

    content: Content = "text"  # what its texts are: prose, or documents
    sends_done: bool = False  # whether `[DONE]` follows the events
    has_names: bool = False  # whether the events have an `event:` line
    events: list[Event] = field(factory=list)
    expected: list[Expected] = field(factory=list, repr=False)  # in the order of the parts' first events
    after: list[list[tuple[End, str | None]]] = field(factory=list, repr=False)  # after each event: its end and text

    def part(self, known: dict[int, Expected], at: int, part: Part, **facts: Any) -> Expected:
        """Return what is known of a part, the one at a place; if nothing is, the next event begins it."""
        if at not in known:
            known[at] = Expected(part, **{"id": part.id, "name": part.name, **facts})
            self.expected.append(known[at])
        return known[at]

    def send(self, event: Event) -> None:
        """Add an event. What it brings was noted before."""
        self.events.append(event)
        self.after.append([(one.end, one.text) for one in self.expected])

    def body(self) -> bytes:
        """Return the events as the body of a response."""
        lines = []
        for event in self.events:
            if event == DONE:
                lines.append("data: [DONE]\n\n")
                continue
            data = json.dumps(event, ensure_ascii=False)
            if re.search(r"[\ud800-\udfff]", data):
                data = json.dumps(event)  # half a character can only be written as an escape
            name = f"event: {event['type']}\n" if self.has_names else ""
            lines.append(f"{name}data: {data}\n\n")
        return "".join([*lines, "data: [DONE]\n\n" * (self.sends_done and DONE not in self.events)]).encode()


def settle(expected: Iterable[Expected], end: End, cut_parts: Iterable[Expected | None] = ()) -> None:
    """Note the end of an answer: only these parts were cut, if it was."""
    cut_parts = list(cut_parts)
    for one in expected:
        if one.end == "cut":
            one.end = end if one in cut_parts else "done"


def joined(pieces: Iterable[str]) -> str:
    """Return the text of pieces; the two halves of a character, from two pieces, are one."""
    return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def visible(text: str | None) -> str | None:
    """Return a text without half a character at its end."""
    return None if text is None else re.sub(r"[\ud800-\udbff]\Z", "", text)


def is_beginning(partial: Any, whole: Any) -> bool:
    """Return whether a value may be what has come so far of another one."""
    if partial in ([], {}) and isinstance(whole, list | dict):
        return True  # which of them it is may come late
    if isinstance(partial, str):
        return isinstance(whole, str) and whole.startswith(partial)
    if isinstance(partial, list):
        return isinstance(whole, list) and len(partial) <= len(whole) and all(map(is_beginning, partial, whole))
    if isinstance(partial, dict):
        return isinstance(whole, dict) and all(
            name in whole and is_beginning(value, whole[name]) for name, value in partial.items()
        )
    return bool(partial == whole)


def rarely(draw: Draw, once_in: int) -> bool:
    """Return True once in so many times; Hypothesis shrinks it to False."""
    return draw(st.integers(1, once_in)) == once_in


def pieces_of(draw: Draw, text: str, *, halves: bool = True) -> list[str]:
    """Return a text in pieces, none of them empty; with `halves`, characters beyond U+FFFF may be cut in two."""
    characters = list(text)
    if halves:
        code = text.encode("utf-16-le")
        characters = [code[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(code), 2)]
    return [joined(piece) for piece in cut(characters, draw(cuts(characters))) if piece]


def writing(draw: Draw, answer: Answer, *, interleaves: bool, whole_calls: bool = False) -> list[tuple[int, str]]:
    """Return the pieces of an answer in the order of writing, each with the number of its part.

    They stop anywhere if the answer is not done. Calls are interleaved where the provider may do that.
    """
    prose: list[tuple[int, str]] = []
    by_call: list[list[tuple[int, str]]] = []
    for number, part in enumerate(answer.parts):
        is_whole = whole_calls and part.kind == "call"
        pieces = [part.text] if is_whole else pieces_of(draw, part.text)
        if part.kind == "call" and not is_whole and (not pieces or draw(st.booleans())):
            pieces.insert(0, "")  # the name comes first
        numbered = [(number, piece) for piece in pieces]
        if interleaves and part.kind == "call":
            by_call.append(numbered)
        else:
            prose += numbered
    pieces = prose + list(merged(draw, by_call))
    if answer.end == "done":
        return pieces
    pieces = pieces[: draw(st.integers(1, len(pieces)))]
    number, piece = pieces[-1]
    pieces[-1] = number, piece[: draw(st.integers(1, max(1, len(piece))))]
    return pieces


def merged(draw: Draw, sources: Iterable[Iterable[Any]]) -> Iterator[Any]:
    """Yield the items of several sources, in any order that keeps the order of each."""
    open_sources = [iter(source) for source in sources]
    while open_sources:
        source = open_sources[draw(st.integers(0, len(open_sources) - 1))]
        try:
            yield next(source)
        except StopIteration:
            open_sources.remove(source)


# ----------------------------------------------------------------------------------------------------------------------
# OpenAI Chat Completions, and compatible servers


@st.composite
def openai_chat(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """Choices are mixed; calls may be interleaved. Nothing is proved before the `finish_reason` of its choice."""
    script = Script(content=draw(CONTENTS))
    kinds: list[Kind] = ["text", "reasoning", "refusal"]
    chosen = answers(ends, *kinds, order=prose_once, has_custom=True, content=script.content)
    given = draw(st.lists(chosen, min_size=1, max_size=2))
    for choice in merged(draw, [_chat_choice(draw, script, answer, number) for number, answer in enumerate(given)]):
        script.send({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]})
        if rarely(draw, 8):  # usage, before and after the end; Azure's filter
            script.send({"id": "", "object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 9}})
    script.sends_done = all(answer.end != "cut" for answer in given)
    return script


def _chat_choice(draw: Draw, script: Script, answer: Answer, number: int) -> Iterator[Event]:
    """Yield the entries of `choices` for one of them."""
    calls = [part for part in answer.parts if part.kind == "call"]
    server = draw(st.sampled_from(["openai", "openai", "mistral", "whole calls", "objects", "only ids", "one call"]))
    if server == "one call" and (len(calls) != 1 or isinstance(calls[0].value, str)):
        server = "openai"  # the older API has no others
    is_whole = server in ("whole calls", "objects")
    one_index = draw(st.sampled_from([0, None]))  # LiteLLM and Ollama; Gemini's endpoint and proxies
    later_id = draw(st.sampled_from(["", None, "null", "again"]))
    repeats_name = draw(st.booleans())
    if server == "only ids" and (len(calls) > 1 or repeats_name):
        later_id = "again"  # else a fragment could belong to any call, or begin one
    known: dict[int, Expected] = {}
    delta: Event = {"role": "assistant", "content": draw(st.sampled_from([None, ""]))}
    last = None
    for at, piece in writing(draw, answer, interleaves=True, whole_calls=is_whole):
        part = answer.parts[at]
        may_join = part.kind == "call" and "function_call" not in delta  # a chunk may hold several fragments
        if not may_join or draw(st.booleans()):
            yield {"index": number, "delta": delta, "finish_reason": draw(st.sampled_from([None, ""]))}
            delta = {}
        is_first = at not in known
        index = at if part.kind == "call" and server != "one call" else None
        if index is not None and (is_whole or server == "only ids"):
            index = one_index
        one = last = script.part(known, at, part, index=index, choice=number)
        one.add(piece)
        if part.kind != "call":
            delta |= _chat_prose(part.kind, piece, server)
            continue
        function: Event = {"name": part.name} if is_first or repeats_name else {}
        if isinstance(part.value, str):
            function["input"] = piece
        elif server == "objects":
            function["arguments"], one.text = part.value, None
        else:
            function["arguments"] = piece
        if server == "one call":
            delta["function_call"], one.id = function, None
            continue
        fragment: Event = {"index": index} if index is not None else {}
        fragment["custom" if isinstance(part.value, str) else "function"] = function
        if is_first or later_id is not None:
            fragment["id"] = part.id if is_first or later_id == "again" else later_id
        delta.setdefault("tool_calls", []).append(fragment)
    if answer.end == "cut" or draw(st.booleans()):
        yield {"index": number, "delta": delta, "finish_reason": None}
        delta = {}
    if answer.end == "cut":
        return
    # The part that was written last was cut. Calls may be interleaved, so others may have been, too.
    halves = [one for one in known.values() if one.part.kind == "call" and not one.has_all]
    settle(known.values(), answer.end, () if answer.end == "done" else (last, *halves))
    reason = draw(st.sampled_from(["stop", "tool_calls"])) if answer.end == "done" else "content_filter"
    yield {"index": number, "delta": delta, "finish_reason": "length" if answer.end == "length" else reason}


def _chat_prose(kind: Kind, piece: str, server: str) -> Event:
    if server != "mistral" or kind == "refusal":
        return {{"text": "content", "reasoning": "reasoning_content"}.get(kind, kind): piece}
    text = {"type": "text", "text": piece}
    return {"content": [text if kind == "text" else {"type": "thinking", "thinking": [text]}]}


# ----------------------------------------------------------------------------------------------------------------------
# OpenAI Responses

# The name of a kind in events, its index in the item, the event around it, and the field that has it whole.
_RESPONSE_TEXTS = {
    "text": ("output_text", "content_index", "content_part", "text"),
    "refusal": ("refusal", "content_index", "content_part", "refusal"),
    "reasoning": ("reasoning_summary_text", "summary_index", "reasoning_summary_part", "text"),
    "call": ("function_call_arguments", None, None, "arguments"),
    "custom": ("custom_tool_call_input", None, None, "input"),
}
_WHOLE_TEXTS = {"text.done", "part.done", "item.done", "response.output"}


@st.composite
def openai_responses(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """Each text comes as deltas and up to four times whole; a server may leave out any of these, but not all.

    `response.status` decides how the answer ended, also where an item was closed as completed before. So an item is
    proved to be done when it was closed and a later one has begun.
    """
    script = Script(content=draw(CONTENTS), has_names=draw(st.booleans()))
    answer = draw(answers(ends, "text", "reasoning", "refusal", has_custom=True, content=script.content))
    sends = draw(st.sets(st.sampled_from(["item.added", "deltas", "part.added", *sorted(_WHOLE_TEXTS)]), min_size=3))
    if sends.isdisjoint({"item.added", "item.done", "response.output"}):  # only an item has the name of a call
        sends.add("item.added")
    if sends.isdisjoint({"deltas", "text.done", "item.done", "response.output"}):  # a call has no inner parts
        sends.add("deltas")
    if answer.end in ("length", "filtered") and sends.isdisjoint({"item.done", "response.output"}):
        sends.add("item.done")  # else nothing says which items were finished when the limit came
    texts: dict[int, list[str]] = {}
    for at, piece in writing(draw, answer, interleaves=False):
        texts.setdefault(at, []).append(piece)
    groups: list[list[int]] = []
    for at in texts:
        # For a message that is not whole, it is unknown which of its parts were cut: the last part has its own.
        is_alone = at == max(texts) and answer.end != "done"
        if groups and not is_alone and _item_kind(answer, groups[-1][0]) == _item_kind(answer, at) != "call":
            groups[-1].append(at)
        else:
            groups.append([at])
    last_status = "completed" if answer.end == "done" else draw(st.sampled_from(["incomplete", "completed"]))
    items = [
        _ResponseItem(
            script, output, [(answer.parts[at], texts[at]) for at in group], sends,
            last_status if output == len(groups) - 1 else "completed",
        )
        for output, group in enumerate(groups)
    ]  # fmt: skip
    number = -1

    def send(event: Event) -> None:
        nonlocal number
        number += 1
        script.send({**event, "sequence_number": number})
        if rarely(draw, 16):  # a reconnection
            for again in script.events[-draw(st.integers(1, 4)) :]:
                script.send(again)
        if rarely(draw, 16):
            script.send({"type": "response.sparkle", "delta": "?"})

    send({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}})
    running: list[Iterator[Event]] = []
    waiting = list(items)
    while running or waiting:
        interleaves = answer.end == "done" and "item.added" in sends
        if waiting and (not running or (interleaves and rarely(draw, 4))):  # items begin in their order
            item = waiting.pop(0)
            current = item.events(draw, is_cut=answer.end == "cut" and not waiting)
            running.append(current)
        else:
            current = draw(st.sampled_from(running))
        event = next(current, None)
        if event is None:
            running.remove(current)
            continue
        _prove_items(items)
        send(event)
    if answer.end == "cut":
        return script
    for item in items if "response.output" in sends else ():
        item.take_all()
    last = list(items[-1].expected.values())[-1:] if items else []  # the parts are in the order in which they were seen
    settle(script.expected, answer.end, last if answer.end != "done" else ())
    status = "completed" if answer.end == "done" else "incomplete"
    response: Event = {"id": "resp_1", "status": status, "output": []}
    if answer.end != "done":
        response["incomplete_details"] = {"reason": "max_output_tokens" if answer.end == "length" else "content_filter"}
    if "response.output" in sends:
        response["output"] = [item.whole for item in items]
    # vLLM always calls the event completed.
    send({"type": f"response.{draw(st.sampled_from([status, 'completed']))}", "response": response})
    return script


def _item_kind(answer: Answer, at: int) -> str:
    kind = answer.parts[at].kind
    return "message" if kind in ("text", "refusal") else kind


def _prove_items(items: list[_ResponseItem]) -> None:
    begun = [item for item in items if item.has_begun]
    for item in begun[:-1]:
        if item.is_completed:
            settle(item.expected.values(), "done")


@define
class _ResponseItem:
    """An item: a message, a reasoning, or a call."""

    script: Script
    output: int
    texts: list[tuple[Part, list[str]]]
    sends: set[str]
    status: str
    has_begun: bool = False
    is_completed: bool = False
    expected: dict[int, Expected] = field(factory=dict)

    @property
    def id(self) -> str:
        """The id of the item; that of a call is not the one that its result names."""
        return f"item_{self.output}"

    @property
    def whole(self) -> Event:
        """The item as it is at its end."""
        part, pieces = self.texts[0]
        item: Event = {"id": self.id, "status": self.status}
        if part.kind == "call":
            is_custom = isinstance(part.value, str)
            item |= {"type": "custom_tool_call" if is_custom else "function_call"}
            return item | {"call_id": part.id, "name": part.name, self._names(part)[3]: joined(pieces)}
        contents = [self._content(one, joined(texts)) for one, texts in self.texts]
        if part.kind == "reasoning":
            return item | {"type": "reasoning", "summary": contents}
        return item | {"type": "message", "role": "assistant", "content": contents}

    def events(self, draw: Draw, *, is_cut: bool) -> Iterator[Event]:
        """Yield its events; the last ones are missing if it was cut."""
        self.has_begun = True
        if "item.added" in self.sends:
            item = {**self.whole, "status": "in_progress"}
            item |= {name: [] for name in ("content", "summary") if name in item}
            if self.texts[0][0].kind == "call":
                # It may have the first delta already, here and below.
                first = draw(st.sampled_from(["", self.texts[0][1][0]]))
                self._expected(0).text = item[self._names(self.texts[0][0])[3]] = first
            yield {"type": "response.output_item.added", "output_index": self.output, "item": item}
        for inner, (part, pieces) in enumerate(self.texts):
            name, index_name, around, whole_name = self._names(part)
            head: Event = {"item_id": self.id, "output_index": self.output}
            if index_name is not None:
                head[index_name] = inner
            if around is not None and "part.added" in self.sends:
                first = self._expected(inner).text = draw(st.sampled_from(["", pieces[0]]))
                yield {"type": f"response.{around}.added", **head, "part": self._content(part, first)}
            if "deltas" in self.sends:
                # The whole text may have more than the deltas.
                is_sure = self.sends.isdisjoint(_WHOLE_TEXTS - ({"part.done"} if around is None else set()))
                stop = len(pieces) if is_sure or is_cut else draw(st.sampled_from([len(pieces), len(pieces) - 1]))
                for number in range(1, stop + 1):
                    self._expected(inner).text = joined(pieces[:number])
                    yield {"type": f"response.{name}.delta", **head, "delta": pieces[number - 1]}
            if is_cut and inner == len(self.texts) - 1:
                return
            whole = joined(pieces)
            if "text.done" in self.sends:
                self._expected(inner).text = whole
                yield {"type": f"response.{name}.done", **head, whole_name: whole}
            if around is not None and "part.done" in self.sends:
                self._expected(inner).text = whole
                yield {"type": f"response.{around}.done", **head, "part": self._content(part, whole)}
        if "item.done" in self.sends:
            self.take_all()
            self.is_completed = self.status == "completed"
            yield {"type": "response.output_item.done", "output_index": self.output, "item": self.whole}

    def take_all(self) -> None:
        """Note what the whole item says."""
        for inner, (part, pieces) in enumerate(self.texts):
            one = self._expected(inner)
            one.text, one.id, one.name = joined(pieces), part.id or self.id, part.name

    def _expected(self, inner: int) -> Expected:
        part = self.texts[inner][0]
        is_unnamed = part.kind == "call" and "item.added" not in self.sends  # until the whole item comes
        facts = {"id": None, "name": None} if is_unnamed else {"id": part.id or self.id}
        return self.script.part(self.expected, inner, part, index=self.output, **facts)

    @staticmethod
    def _names(part: Part) -> tuple[str, str | None, str | None, str]:
        is_custom = part.kind == "call" and isinstance(part.value, str)
        return _RESPONSE_TEXTS["custom" if is_custom else part.kind]

    def _content(self, part: Part, text: str) -> Event:
        kind = "summary_text" if part.kind == "reasoning" else self._names(part)[0]
        return {"type": kind, self._names(part)[3]: text}


# ----------------------------------------------------------------------------------------------------------------------
# Anthropic Messages

_ANTHROPIC = {
    "text": ("text", "text_delta", "text"),
    "reasoning": ("thinking", "thinking_delta", "thinking"),
    "call": ("tool_use", "input_json_delta", "partial_json"),
}
_OTHER_BLOCKS = [{"type": "redacted_thinking", "data": "eg=="}, {"type": "web_search_tool_result", "content": []}]


@st.composite
def anthropic(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """Blocks come one after the other. A block is proved when it was stopped and the next one has begun.

    The last one needs a `stop_reason`, because a block that a token limit cut is stopped, too.
    """
    script = Script(content=draw(CONTENTS), has_names=draw(st.booleans()))
    answer = draw(answers(ends, "text", "reasoning", content=script.content))
    block = -1

    def send(kind: str, **members: Any) -> None:
        script.send({"type": kind, **members})
        if rarely(draw, 10):
            script.send(draw(st.sampled_from([{"type": "ping"}, {"type": "vibe_check", "mood": "fine"}])))

    def add_other_blocks() -> None:
        nonlocal block
        while rarely(draw, 8):
            block += 1
            settle(script.expected, "done")
            send("content_block_start", index=block, content_block=draw(st.sampled_from(_OTHER_BLOCKS)))
            send("content_block_stop", index=block)

    send("message_start", message={"id": "msg_1", "role": "assistant", "content": [], "stop_reason": None})
    texts: dict[int, list[str]] = {}
    for at, piece in writing(draw, answer, interleaves=False):
        texts.setdefault(at, []).append(piece)
    for at, pieces in texts.items():
        part = answer.parts[at]
        add_other_blocks()
        block += 1
        settle(script.expected, "done")
        kind, delta, name = _ANTHROPIC[part.kind]
        content: Event = {"type": kind, name: ""}
        one = script.part({}, at, part, index=block)
        is_given = False
        if part.kind == "call":
            # Compatible servers have the whole input here, and send it again as deltas or not at all.
            is_given = bool(part.value) and joined(pieces) == part.text and rarely(draw, 4)
            content = {"type": kind, "id": part.id, "name": part.name, "input": part.value if is_given else {}}
            one.text = None if is_given else ""
        send("content_block_start", index=block, content_block=content)
        for piece in pieces if not is_given or draw(st.booleans()) else ():
            if piece:  # an empty one says nothing
                one.add(piece)
            send("content_block_delta", index=block, delta={"type": delta, name: piece})
        if answer.end == "cut" and at == max(texts):
            return script
        if kind == "thinking":
            send("content_block_delta", index=block, delta={"type": "signature_delta", "signature": "eg=="})
        send("content_block_stop", index=block)
    if answer.end == "done" or one.text in (None, part.text):  # what was cut may be no part
        add_other_blocks()
    if draw(st.booleans()):  # from a proxy
        send("message_delta", delta={"stop_reason": None}, usage={"output_tokens": 9})
    reason = {"length": ["max_tokens", "model_context_window_exceeded"], "filtered": ["refusal"]}.get(
        answer.end, ["end_turn", "tool_use", "stop_sequence", "pause_turn"]
    )
    settle(script.expected, answer.end, script.expected[-1:] if answer.end != "done" else ())
    send("message_delta", delta={"stop_reason": draw(st.sampled_from(reason))}, usage={"output_tokens": 12})
    send("message_stop")
    return script


# ----------------------------------------------------------------------------------------------------------------------
# Gemini, and the parts that ADK shares with it


@frozen
class _Fragment:
    """A part of a content on the wire, and what it brings to which part of the answer."""

    at: int
    wire: Event
    piece: str | None  # None for a call
    is_end: bool = False


@st.composite
def gemini(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """A text is proved when another part begins, a call when it is whole or its `willContinue` is not true.

    `STOP` is the end if nothing follows: proxies send it in empty chunks at the beginning.
    """
    script = Script(content=draw(CONTENTS))
    chosen = answers(ends, "text", "reasoning", order=without_neighbours, content=script.content)
    given = draw(st.lists(chosen, min_size=1, max_size=2))
    for candidate in merged(draw, [_candidate(draw, script, answer, number) for number, answer in enumerate(given)]):
        script.send({"candidates": [candidate], "modelVersion": "gemini-3.8-flash", "responseId": "r1"})
    return script


def _candidate(draw: Draw, script: Script, answer: Answer, number: int) -> Iterator[Event]:
    """Yield the entries of `candidates` for one of them."""
    has_ids = draw(st.booleans())
    if rarely(draw, 8):
        yield {"index": number, "content": {"role": "model"}, "finishReason": "STOP"}
    known: dict[int, Expected] = {}
    fragments, _ = _content(draw, answer, has_ids=has_ids)
    chunk: list[Event] = []
    for fragment in fragments:
        if chunk and draw(st.integers(0, 2)):
            yield {"index": number, "content": {"role": "model", "parts": chunk}}
            chunk = []
        part = answer.parts[fragment.at]
        if fragment.at not in known:
            settle((one for one in known.values() if one.part.kind != "call"), "done")
        _note(script, known, fragment, part, id=part.id if has_ids else None, choice=number)
        chunk.append(fragment.wire)
    if answer.end == "cut" or draw(st.booleans()):
        yield {"index": number, "content": {"role": "model", "parts": chunk}}
        chunk = [{"text": "", "thoughtSignature": "c2ln"}] if draw(st.booleans()) else []
    if answer.end == "cut":
        return
    settle(known.values(), answer.end, list(known.values())[-1:] if answer.end != "done" else ())
    content = {"content": {"role": "model", "parts": chunk}} if chunk else {}
    reasons = {"done": "STOP", "length": "MAX_TOKENS", "filtered": "SAFETY"}
    yield {"index": number, **content, "finishReason": reasons[answer.end]}


def _note(script: Script, known: dict[int, Expected], fragment: _Fragment, part: Part, **facts: Any) -> None:
    one = script.part(known, fragment.at, part, text=None if part.kind == "call" else "", **facts)
    if fragment.piece is not None:
        one.add(fragment.piece)
    if fragment.is_end:
        one.end = "done"


def _content(
    draw: Draw, answer: Answer, *, has_ids: bool, is_adk: bool = False, from_adapter: bool = False
) -> tuple[list[_Fragment], list[Event]]:
    """Return the fragments of a content, and the content whole.

    An adapter of ADK sends id and name with every fragment of a call, and no end. Calls that are told apart by their
    ids may be interleaved.
    """
    repeats_ids = has_ids and draw(st.booleans())
    by_part: list[list[_Fragment]] = []
    whole: list[Event] = []
    for at, part in enumerate(answer.parts):
        is_cut = at == len(answer.parts) - 1 and answer.end != "done"
        if part.kind != "call":
            pieces = pieces_of(draw, part.text, halves=False)  # proto strings have whole characters
            pieces = pieces[: draw(st.integers(1, len(pieces)))] if is_cut else pieces
            thought = {"thought": True} if part.kind == "reasoning" else {}
            by_part.append([_Fragment(at, {"text": piece, **thought}, piece) for piece in pieces])
            whole.append({"text": "".join(pieces), **thought})
            continue
        head = {"name": part.name} | ({"id": part.id} if has_ids else {})
        value = part.value
        if from_adapter or draw(st.booleans()):
            value = _beginning_of(draw, value) if is_cut else value
            bodies = _streamed_call(draw, value, from_adapter=from_adapter, has_end=not (is_cut or from_adapter))
            again = head if from_adapter else {"id": part.id} if repeats_ids else {}
            bodies = [body | (again if number else head) for number, body in enumerate(bodies)]
        else:
            bodies = [head if not value and draw(st.booleans()) else head | {"args": value}]
        signature = {"thoughtSignature": "c2ln"} if draw(st.booleans()) else {}
        by_part.append([])
        for number, body in enumerate(bodies):
            wire = {"functionCall": body} | (signature if number == 0 else {})
            # Some adapters never send `willContinue`, so that from ADK only whole arguments prove a call.
            is_end = "args" in body if is_adk else body.get("willContinue") is not True
            by_part[-1].append(_Fragment(at, wire, None, is_end))
        whole.append({"functionCall": {"id": part.id, "name": part.name, "args": value}})
    fragments = [fragment for fragments in by_part for fragment in fragments]
    is_all_calls = all(part.kind == "call" for part in answer.parts)
    if is_all_calls and answer.end == "done" and (from_adapter or repeats_ids):
        fragments = list(merged(draw, by_part))
    return fragments, whole


def _beginning_of(draw: Draw, value: Any) -> Any:
    """Return what a model that was cut has written of a value."""
    if isinstance(value, str):
        return value[: draw(st.integers(0, len(value)))]
    if not isinstance(value, list | dict) or not value:
        return value
    count = draw(st.integers(0 if isinstance(value, dict) else 1, len(value)))
    if isinstance(value, list):
        return [*value[: count - 1], _beginning_of(draw, value[count - 1])]
    kept = list(value.items())[:count]
    return {name: inner if at < count - 1 else _beginning_of(draw, inner) for at, (name, inner) in enumerate(kept)}


def _streamed_call(draw: Draw, value: Any, *, from_adapter: bool, has_end: bool) -> list[Event]:
    """Return the `functionCall`s of a call whose arguments come by paths, without its name."""
    entries = list(_entries(draw, value, "$", from_adapter=from_adapter)) if value else []
    calls: list[Event] = [{"willContinue": True}]
    for entry in entries:
        if rarely(draw, 5):
            calls.append({"willContinue": True})  # says nothing
        if draw(st.booleans()) and (len(calls) == 1 or "partialArgs" in calls[-1]):
            calls[-1].setdefault("partialArgs", []).append(entry)
        else:
            calls.append({"partialArgs": [entry], "willContinue": True})
    if has_end:
        if "partialArgs" not in calls[-1] or draw(st.booleans()):
            calls.append({})
        calls[-1].pop("willContinue", None)
        if draw(st.booleans()):
            calls[-1]["willContinue"] = False
    return calls


def _entries(draw: Draw, value: Any, path: str, *, from_adapter: bool) -> Iterator[Event]:
    """Yield the `partialArgs` of a value."""
    is_array = isinstance(value, list)
    if isinstance(value, list | dict):
        for step, inner in enumerate(value) if is_array else value.items():
            yield from _entries(draw, inner, path + _step(draw, step), from_adapter=from_adapter)
        mark = "[]" if is_array and not from_adapter else ""
        if not value or (mark and draw(st.booleans())):  # an empty container, or the end of an array
            yield {"jsonPath": path + mark}
    elif isinstance(value, str):
        yield from _string_entries(draw, value, path, from_adapter=from_adapter)
    elif value is None:
        yield {
            "jsonPath": path,
            "nullValue": "NULL_VALUE" if from_adapter else draw(st.sampled_from([None, "NULL_VALUE"])),
        }
    elif isinstance(value, bool):
        yield {"jsonPath": path, "boolValue": value}
    else:
        yield {"jsonPath": path, "numberValue": float(value) if from_adapter else value}


def _string_entries(draw: Draw, value: str, path: str, *, from_adapter: bool) -> Iterator[Event]:
    pieces = pieces_of(draw, value, halves=False) or [""]
    wide = next((at for at, character in enumerate(value) if character > "\uffff"), None)
    if from_adapter and wide is not None and draw(st.booleans()):
        # An adapter that got half a character sends it, and then the whole string again.
        half = value[wide].encode("utf-16-le")[:2].decode("utf-16-le", "surrogatepass")
        pieces = [value[:wide] + half, value]
    for at, piece in enumerate(pieces):
        is_last = at == len(pieces) - 1
        yield {"jsonPath": path, "stringValue": piece, "willContinue": not (is_last and from_adapter)}
    if not from_adapter:
        yield {"jsonPath": path} | draw(st.sampled_from([{}, {"stringValue": ""}]))


def _step(draw: Draw, step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if re.fullmatch(r"[A-Za-z_]\w*", step):
        return f".{step}"
    double = json.dumps(step, ensure_ascii=draw(st.booleans()))
    single = "'" + double[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
    return f"[{draw(st.sampled_from([double, single]))}]"


# ----------------------------------------------------------------------------------------------------------------------
# ADK


@st.composite
def adk(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """A turn comes in increments, and then whole: that proves its texts, and its calls that came by paths.

    Models that do not stream send the whole turn only. A run has several turns, with results of tools between them.
    """
    script = Script(content=draw(CONTENTS))
    turns = answers(ends, "text", "reasoning", order=without_neighbours, content=script.content)
    given = draw(st.lists(turns, min_size=1, max_size=2))
    for number, answer in enumerate(given if given[0].end == "done" else given[:1]):
        if number:
            response = {"functionResponse": {"id": "call_0", "name": "book", "response": {"ok": True}}}
            script.send(_adk_event([response], role="user"))
        _write_turn(draw, script, answer, number)
    return script


def _write_turn(draw: Draw, script: Script, answer: Answer, turn: int) -> None:
    renamed = [Part(p.kind, p.text, p.value, p.name, p.id and f"{p.id}_{turn}") for p in answer.parts]
    answer = Answer(renamed, answer.end)
    from_adapter = draw(st.booleans())
    has_ids = from_adapter or draw(st.booleans())  # those of the client come with the whole turn
    fragments, whole = _content(draw, answer, has_ids=has_ids, is_adk=True, from_adapter=from_adapter)
    known: dict[int, Expected] = {}
    for fragment in fragments if answer.end == "cut" or not rarely(draw, 4) else ():
        part = answer.parts[fragment.at]
        _note(script, known, fragment, part, id=part.id if has_ids else None)
        script.send(_adk_event([fragment.wire], partial=True))
    if answer.end == "cut":
        return
    for at, (part, content) in enumerate(zip(answer.parts, whole, strict=True)):
        script.part(known, at, part, text=content.get("text")).id = part.id
    # Which call was cut is not said, unless it was proved before: an adapter may interleave them.
    cut_parts = [one for at, one in known.items() if one.part.kind == "call" or at == max(known)]
    settle(known.values(), answer.end, cut_parts if answer.end != "done" else ())
    code = {"length": {"errorCode": "MAX_TOKENS"}, "filtered": {"errorCode": "SAFETY"}}.get(answer.end)
    end = draw(st.sampled_from([{"partial": False}, {}])) | (code or {"finishReason": "STOP"})
    script.send(_adk_event(whole, **end))


def _adk_event(parts: list[Event], role: str = "model", **members: Any) -> Event:
    content = {"parts": parts, "role": role}
    return {"content": content, "invocationId": "e-1", "author": "helper", "id": "ev", "actions": {}, **members}


# ----------------------------------------------------------------------------------------------------------------------
# LangChain


@st.composite
def langchain(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """The integrations differ: content is text or blocks, calls are fragments or whole; the end proves all."""
    script = Script(content=draw(CONTENTS))
    integration = draw(st.sampled_from(["openai", "anthropic", "gemini"]))
    is_blocks = integration == "anthropic"
    has_text_index = draw(st.booleans())
    answer = draw(answers(ends, "text", "reasoning", order=list if is_blocks else prose_once, content=script.content))
    pieces = writing(draw, answer, interleaves=integration == "openai", whole_calls=integration == "gemini")
    known: dict[int, Expected] = {}
    for at, piece in pieces:
        part = answer.parts[at]
        is_first = at not in known
        index = None if part.kind != "call" or integration == "gemini" else f"lc_{at}" if has_text_index else at
        script.part(known, at, part, index=index if isinstance(index, int) else None).add(piece)
        chunk: Event = {"content": [] if is_blocks else ""}
        if part.kind == "call":
            fragment = {"name": part.name, "id": part.id} if is_first else {"name": None, "id": None}
            args = piece or draw(st.sampled_from(["", None]))
            chunk["tool_call_chunks"] = [{**fragment, "args": args, "index": index, "type": "tool_call_chunk"}]
            # The same call, once more in the content, and read leniently.
            chunk["tool_calls"] = [{"name": part.name, "args": {}, "id": part.id, "type": "tool_call"}]
            if is_blocks:
                chunk["content"] = [{"type": "input_json_delta", "partial_json": piece, "index": at}]
        elif is_blocks:
            kind = "thinking" if part.kind == "reasoning" else "text"
            chunk["content"] = [{"type": kind, kind: piece, "index": at}]
        elif part.kind == "text":
            chunk["content"] = piece
        else:
            chunk["additional_kwargs"] = {"reasoning_content": piece}
        script.send({"type": "AIMessageChunk", "id": "run--1", **chunk})
    if answer.end == "cut":
        return script
    halves = [one for one in known.values() if one.part.kind == "call" and not one.has_all]
    settle(known.values(), answer.end, () if answer.end == "done" else (known[pieces[-1][0]], *halves))
    reason = draw(st.sampled_from(_LANGCHAIN_REASONS[answer.end]))
    script.send({"type": "AIMessageChunk", "id": "run--1", "content": "", "response_metadata": reason})
    if draw(st.booleans()):
        script.send({"type": "AIMessageChunk", "id": "run--1", "content": "", "chunk_position": "last"})
    return script


_LANGCHAIN_REASONS: dict[str, list[Event]] = {
    "done": [{"finish_reason": "stop"}, {"finish_reason": "STOP"}, {"stop_reason": "tool_use"}],
    "length": [{"finish_reason": "length"}, {"finish_reason": "MAX_TOKENS"}, {"stop_reason": "max_tokens"}],
    "filtered": [{"finish_reason": "content_filter"}, {"finish_reason": "SAFETY"}, {"stop_reason": "refusal"}],
}


WRITERS: dict[str, Callable[..., st.SearchStrategy[Script]]] = {
    "openai_chat": openai_chat,
    "openai_responses": openai_responses,
    "anthropic": anthropic,
    "gemini": gemini,
    "adk": adk,
    "langchain": langchain,
}
