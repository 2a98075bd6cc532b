"""JSON and server-sent events as clients in browsers read them.

Many clients split lines with a function that also cuts at U+0085, U+2028 and U+2029, so these are escaped. Lines end
with LF alone: AG-UI's client knows no CRLF. Source: HTML Living Standard, 9.2.5. Cost: linear in the frame.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from .._document import Step
from .._errors import StreamJSONError
from .._json import is_list, is_object
from .._paths import format_path

__all__ = ["DONE", "PING", "SSE_HEADERS", "check_names", "sse", "to_json"]

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
    """Return a JSON value as text without spaces and without characters at which a client could cut a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False)
    return text if text.isascii() else text.translate(_LINE_ENDS)


def sse(value: Any, *, event: str | None = None, id: str | None = None) -> bytes:
    """Return an event whose data is a JSON value, as the bytes of one block."""
    lines = f"id: {id}\n" if id is not None else ""
    if event is not None:
        lines += f"event: {event}\n"
    return f"{lines}data: {to_json(value)}\n\n".encode()


def check_names(frame: bytes, value: Any) -> None:
    """Raise `StreamJSONError` (`forbidden_name`) if a frame has a member that clients in JavaScript refuse.

    They refuse names through which a prototype could be reached, and the whole frame with them, some without an error:
    `__proto__`, and `prototype` in a `constructor`. `value` is the document, which is looked at only if the frame has
    such a word.
    """
    if b"__proto__" not in frame and b"prototype" not in frame:
        return
    todo: list[tuple[tuple[Step, ...], Any]] = [((), value)]
    while todo:
        path, value = todo.pop()
        if path[-1:] == ("__proto__",) or path[-2:] == ("constructor", "prototype"):
            where = format_path(path)
            message = f"clients in JavaScript refuse all that has a member like {where}: leave it out of what you send"
            raise StreamJSONError(message, code="forbidden_name")
        if is_object(value):
            todo += [((*path, name), item) for name, item in value.items()]
        elif is_list(value):
            todo += [((*path, index), item) for index, item in enumerate(value)]
