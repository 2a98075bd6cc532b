"""JSON and server-sent events as clients in browsers read them.

Many clients split lines with a function that also cuts at U+0085, U+2028 and U+2029, so these are escaped. Lines end
with LF alone: AG-UI's client knows no CRLF. Source: HTML Living Standard, 9.2.5. Cost: linear in the frame.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from .._document import Step
from .._errors import InvalidEventError, StreamJSONError
from .._json import is_list, is_object, well_formed
from .._paths import format_path
from .._view import Snapshot

__all__ = ["DONE", "PING", "SSE_HEADERS", "check_changes", "check_names", "forbidden", "sse", "to_json"]

DONE: Final = b"data: [DONE]\n\n"
PING: Final = b": ping\n"
"""A comment. A blank line after it would be an event without data, which the SDK of openai takes for broken JSON."""

SSE_HEADERS: Final[Mapping[str, str]] = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx otherwise collects the response before it passes it on
}
_LINE_ENDS: Final = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def to_json(value: Any) -> str:
    """Return a JSON value as text without spaces and without characters at which a client could cut a line.

    Half a surrogate pair, which a name or an id may have, becomes U+FFFD. Raises `InvalidEventError` for a value that
    only a document without limits can have.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False)
    except ValueError as error:
        raise InvalidEventError(f"a number of the document can't be written: {error}", code="bad_number") from None
    except RecursionError:
        raise InvalidEventError("the document is nested too deeply to be written as JSON") from None
    return text if text.isascii() else well_formed(text.translate(_LINE_ENDS))


def sse(value: Any, *, event: str | None = None, id: str | None = None) -> bytes:
    """Return an event whose data is a JSON value, as the bytes of one block."""
    lines = f"id: {id}\n" if id is not None else ""
    if event is not None:
        lines += f"event: {event}\n"
    return f"{lines}data: {to_json(value)}\n\n".encode()


def check_changes(frame: bytes, snapshot: Snapshot, sent: Snapshot | None) -> None:
    """Do as `check_names` for the changes that a frame sends."""
    if _mentions_prototypes(frame):
        for change in snapshot.changes_since(0 if sent is None else sent):
            value = None if change.kind == "append" else change.value
            _check(tuple(change.path), value)


def check_names(frame: bytes, value: Any) -> None:
    """Raise `StreamJSONError` (`forbidden_name`) if a frame has a member that clients in JavaScript refuse.

    They refuse names through which a prototype could be reached, and the whole frame with them, some without an error:
    `__proto__`, and `prototype` in a `constructor`. `value` is what the frame sends; it is looked at only if the frame
    has such a word.
    """
    if _mentions_prototypes(frame):
        _check((), value)


def _mentions_prototypes(frame: bytes) -> bool:
    return b"__proto__" in frame or b"prototype" in frame


def _check(path: tuple[Step, ...], value: Any) -> None:
    if "__proto__" in path or ("constructor", "prototype") in pairwise(path):
        raise forbidden(path)
    todo = [(path, value)]
    while todo:
        path, value = todo.pop()
        if path[-1:] == ("__proto__",) or path[-2:] == ("constructor", "prototype"):
            raise forbidden(path)
        if is_object(value):
            todo += [((*path, name), item) for name, item in value.items()]
        elif is_list(value):
            todo += [((*path, index), item) for index, item in enumerate(value)]


def forbidden(path: Sequence[Step]) -> StreamJSONError:
    """Return the error for a member that clients refuse."""
    where = format_path(path)
    message = f"clients in JavaScript refuse all that has a member like {where}: leave it out of what you send"
    return StreamJSONError(message, code="forbidden_name")
