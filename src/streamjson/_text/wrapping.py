"""A JSON document inside other text: where it begins, and what may follow it. Nothing that was written is taken back.

`"fence"`: the document is in the first code fence, "```" with or without a language word. After the document only the
closing fence may come, then anything.

`"prose"`: the document begins at the first of these, and after it anything may come:

- a code fence whose language word begins with "json";
- "{" before a quote or "}", or "[" before "{", "[" or a quote, with or without blanks in between.

These are modes of the parser: each function reads from one character on, and returns where it has stopped.

Cost: linear in the text; a search for each backtick and bracket.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, Protocol, TypeAlias

from .grammar import BLANKS, always
from .place import Place

__all__ = ["AT_END", "AT_START", "FIRST_MODES", "LAST_MODES", "MAX_WORD_CHARS", "UNBEGUN", "WRAPPER_STEPS", "Wrapper"]

Wrapper: TypeAlias = Literal["fence", "prose"] | None

# Wrapper -> the mode in which the text begins, and the one after the document.
FIRST_MODES: Final[dict[Wrapper, str]] = {None: "start", "fence": "before fence", "prose": "before document"}
LAST_MODES: Final[dict[Wrapper, str]] = {None: "end", "fence": "in fence", "prose": "rest"}

# What the errors before, after and without a document advise.
AT_START: Final = (
    '; for text around the document, pass wrapper="fence" or "prose"; decode an event stream first, as in'
    ' assemble(decode_sse(pieces), dialect="json_text")'
)
AT_END: Final = '; for text around the document, pass wrapper="fence" or "prose"; for several, documents="many"'
UNBEGUN: Final[dict[Wrapper, str]] = {
    None: "before its document began",
    "fence": "before its document began: it has no code fence with a value in it",
    "prose": "before its document began: nothing in it looks like one",
}

_FENCE: Final = "```"
MAX_WORD_CHARS: Final = 16
_find_mark: Final = re.compile(r"[`{\[]").search
_match_word: Final = always(r"[`\w.+-]*+")  # and the rest of a longer fence


class _Parser(Protocol):
    """What these functions use of the parser."""

    mode: str
    parts: list[str]
    place: Place
    tail: str
    wrapper: Wrapper

    def begin_container(self, *, is_object: bool) -> None: ...


def _skip(parser: _Parser, text: str, at: int, end: int) -> int:
    parser.place.count_lines(text, at, end)
    return end


def _count_backticks(parser: _Parser, char: str, following: str) -> bool:
    """Take in a character of a fence; go to the mode `following` after the third. Return False if it is no backtick."""
    if char != "`":
        parser.tail = ""
        return False
    parser.tail += char
    if parser.tail == _FENCE:
        parser.tail = ""
        parser.mode = following
    return True


def _before_fence(parser: _Parser, text: str, at: int) -> int:
    if parser.tail and _count_backticks(parser, text[at], "fence word"):
        return at + 1
    start = text.find("`", at)
    if start < 0:
        return _skip(parser, text, at, len(text))
    _count_backticks(parser, "`", "fence word")
    return _skip(parser, text, at, start + 1)


def _fence_word(parser: _Parser, text: str, at: int) -> int:
    end = _match_word(text, at).end()
    parser.parts = ["".join((*parser.parts, text[at:end])).lstrip("`")[:MAX_WORD_CHARS]]
    if end < len(text):
        word = parser.parts.pop().lower()
        parser.mode = "start" if parser.wrapper == "fence" or word.startswith("json") else "before document"
    return end


def _before_document(parser: _Parser, text: str, at: int) -> int:
    if parser.tail and _count_backticks(parser, text[at], "fence word"):
        return at + 1
    mark = _find_mark(text, at)
    if mark is None:
        return _skip(parser, text, at, len(text))
    end = _skip(parser, text, at, mark.end())
    if mark[0] == "`":
        _count_backticks(parser, "`", "fence word")
    else:
        parser.mode = "maybe object" if mark[0] == "{" else "maybe array"
    return end


def _maybe_document(parser: _Parser, text: str, at: int) -> int:
    """Read what follows a bracket that may begin the document."""
    char = text[at]
    if char in BLANKS:
        return _skip(parser, text, at, at + 1)
    is_object = parser.mode == "maybe object"
    if char in ('"}' if is_object else '{["'):
        parser.begin_container(is_object=is_object)
    else:
        parser.mode = "before document"
    return at


def _in_fence(parser: _Parser, text: str, at: int) -> int:
    """Read what follows the document in its fence."""
    char = text[at]
    if char in BLANKS and not parser.tail:
        return _skip(parser, text, at, at + 1)
    if not _count_backticks(parser, char, "rest"):
        raise parser.place.wrong(text, at, f"the closing {_FENCE!r}")
    return at + 1


def _rest(parser: _Parser, text: str, at: int) -> int:
    return _skip(parser, text, at, len(text))


WRAPPER_STEPS: Final[dict[str, Callable[[_Parser, str, int], int]]] = {
    "before fence": _before_fence,
    "fence word": _fence_word,
    "before document": _before_document,
    "maybe object": _maybe_document,
    "maybe array": _maybe_document,
    "in fence": _in_fence,
    "rest": _rest,
}
