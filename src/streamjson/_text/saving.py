"""A parser in the middle of a text -> a JSON value, and back.

Where the parser stands in the document follows from it: the location of the last change, less the values that were
closed since, is the innermost open container, or the string that is open. The rest is saved here.

It does not trust what it is given: a state that no text leads to is refused.

Cost: O(depth), and the part of a token that was cut.
"""

from __future__ import annotations

import json
from typing import Any, Final

from .._document import Node, TextDocument, current, kind_of, location, path_to_slot
from .._errors import CheckpointError
from .grammar import LITERALS, NUMBER_STATES, is_escape_prefix
from .parser import AFTER, BEFORE, MODES, Parser
from .utf8 import UTF8Reader
from .wrapping import MAX_WORD_CHARS, Wrapper

__all__ = ["restore", "save"]

_IN_OBJECT: Final = frozenset(("first name", "name", "in name", "colon"))
_IN_FENCE: Final = frozenset(("before fence", "before document", "in fence"))
_IN_STRING: Final = frozenset(("string", "half", "in name", "escape"))
_IN_CONTAINER: Final = frozenset(("value", "item", "after")) | _IN_OBJECT
_HIGH_SURROGATES: Final = range(0xD800, 0xDC00)
_FULL_ESCAPE: Final = len(r"\u0000")


def save(parser: Parser, pending: bytes) -> dict[str, Any]:
    """Return the state as a JSON value; `pending` are the bytes of half a character. Surrogates in it are escaped."""
    return {
        "mode": parser.mode,
        "closings": parser.document.closings,
        "name": parser.name,
        "in_name": parser.in_name,
        "is_begun": parser.is_begun,
        "token": json.dumps("".join(parser.parts)),
        "tail": parser.tail,
        "half": json.dumps(parser.half),
        "place": parser.place.save(),
        "pending": pending.hex(),
    }


def restore(document: TextDocument, wrapper: Wrapper, saved: Any) -> tuple[Parser, UTF8Reader]:
    """Return the parser that continues a restored document from a saved state, and its reader of bytes.

    Raises `CheckpointError`, and `LimitExceededError` where a name or a number that was cut exceeds a limit.
    """
    parser = Parser(document, wrapper)
    try:
        _take_up(parser, saved)
        return parser, UTF8Reader(parser, bytes.fromhex(saved["pending"]))
    except (TypeError, ValueError, LookupError):
        raise CheckpointError("the checkpoint is malformed: its text can't have ended so") from None


def _take_up(parser: Parser, saved: Any) -> None:
    document = parser.document
    parser.mode = mode = saved["mode"]
    parser.name, parser.tail = name, tail = saved["name"], saved["tail"]
    parser.in_name, parser.is_begun = flags = saved["in_name"], saved["is_begun"]
    parser.half = half = json.loads(saved["half"])
    token = json.loads(saved["token"])
    parser.place.restore(saved["place"])
    _check(mode in MODES and all(type(flag) is bool for flag in flags))
    _check(all(type(text) is str for text in (name, tail, token, half)))
    may_have_half = mode == "half" or (mode == "escape" and not parser.in_name)
    _check((half == "" and mode != "half") or (may_have_half and ord(half) in _HIGH_SURROGATES))
    parser.name_size = document.admission.name(name)
    _take_token(parser, token, tail)
    _take_stack(parser, saved["closings"])


def _take_token(parser: Parser, token: str, tail: str) -> None:
    """Continue with the part of a token that was cut."""
    mode = parser.mode
    if mode == "number":
        state = "start"
        for char in token:
            state = NUMBER_STATES[state][char]
        parser.number = state
        parser.check_digits(token)
    elif parser.in_name and mode in _IN_STRING:
        parser.document.admission.name(token.encode("utf-8", "replace").decode())
    elif mode == "fence word":
        _check(len(token) <= MAX_WORD_CHARS)
    else:
        _check(token == "")
    parser.length = len(token)
    parser.parts = [token] if token else []
    if mode == "escape":
        _check(
            tail == "" or (is_escape_prefix(tail) is not None and len(tail) < _FULL_ESCAPE and tail[1:2] in ("", "u"))
        )
    elif mode == "literal":
        _check(tail != "" and LITERALS[tail[0]][0].startswith(tail) and LITERALS[tail[0]][0] != tail)
    else:
        _check(tail == "" or (tail in ("`", "``") and mode in _IN_FENCE))


def _take_stack(parser: Parser, closings: Any) -> None:
    """Find the open containers in the document."""
    document, mode = parser.document, parser.mode
    _check(type(closings) is int and closings >= 0)
    slots = _slots_to_last(document)
    _check(closings <= len(slots))
    things = [current(node, key) for node, key in slots[: len(slots) - closings]]
    is_open_string = mode in _IN_STRING and not parser.in_name and parser.is_begun
    _check((kind_of(things.pop()) == "string" and closings == 0) if is_open_string else True)
    _check(all(type(thing) is Node for thing in things))
    parser.stack += things
    top, depth = parser.stack[-1], len(things)
    _check((depth > 0) if mode in _IN_CONTAINER else (depth == 0) if mode in BEFORE | AFTER else True)
    _check(top.is_object if mode in _IN_OBJECT else not top.is_object if mode == "item" else True)
    _check(bool(slots) if mode in AFTER else not slots if mode in BEFORE else True)
    _check(depth > 0 or is_open_string or mode in AFTER or not slots)
    document.closings = closings


def _slots_to_last(document: TextDocument) -> list[tuple[Node, Any]]:
    """Return the slots from the root to the location of the last change."""
    if document.version == document.base:
        return []
    node: Any = document.root_slot
    slots: list[tuple[Node, Any]] = []
    for step in path_to_slot(document.root_slot, *location(document, document.version)):
        slots.append((node, step))
        node = current(node, step)
    return slots


def _check(is_sound: bool) -> None:  # noqa: FBT001  # the condition reads as one
    if not is_sound:
        raise ValueError("the state of the text is malformed")
