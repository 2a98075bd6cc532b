"""A body that is not an event stream: how it is recognized, what it looks like, and the call that gives the right one.

An error page, a JSON body, JSON lines, compressed or UTF-16 bytes all decode as an event stream without a single event,
as unknown fields are ignored. So `decode_sse` shows the pieces of a body to a `BodyCheck` until the decoder has seen a
line of an event stream.

- A body that begins with `<`, `{` or `[`, after optional blanks, or with the magic bytes of gzip, deflate, zstd or
  UTF-16 is refused as soon as `SHOWN_BYTES` of it are there, or at its end: so the cutting does not change the error.
  Of JSON, `KEPT_BYTES` are awaited: it may be a failure that the sender reports in words.
- Any other body is refused at its end, if it has a line and none of its lines was a comment or a known field.
- A body may turn into another one: an error page after events or comments. If the lines after the last event look like
  JSON or HTML, that is an error at the end. Such a line before an event is ignored, as the format says, unless the
  lines are a failure in JSON, as Gemini sends it.
- Pieces without line ends, as the `iter_lines()` of many clients yields them, are refused at the end: without line ends
  the events can't be found. This check alone depends on how the input was cut; such a body yields no event in any case.

It does not know events. Cost: O(1) for each piece.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from inspect import getattr_static
from typing import Any, Final, NamedTuple, TypeAlias

from .._errors import InvalidEventError, shorten
from .._json import is_list, is_object

__all__ = [
    "BODY_MARKS",
    "KEPT_BYTES",
    "SHOWN_BYTES",
    "BodyCheck",
    "BytesLike",
    "PendingBlock",
    "body_kind",
    "failure_in_body",
    "may_be_field",
    "not_an_event_stream",
    "right_call",
    "to_bytes",
]

BytesLike: TypeAlias = bytes | bytearray | memoryview

SHOWN_BYTES: Final = 200  # of a body, in an error's message
KEPT_BYTES: Final = 16 * 1024  # of a body in JSON, and of the lines of one
BODY_MARKS: Final = (b"<", b"{")  # HTML and JSON have lines that begin so, an event stream has none
_BOM: Final = b"\xef\xbb\xbf"
_KINDS_BY_MARK: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x78\x9c", "deflate"),
    (b"\x78\x01", "deflate"),
    (b"\x78\xda", "deflate"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"<", "HTML or XML"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)
_ADVICE_COMPRESSED: Final = "let the client decompress it (iter_bytes(), not iter_raw()), or request no compression"
_ADVICE: Final = {
    "gzip": _ADVICE_COMPRESSED,
    "deflate": _ADVICE_COMPRESSED,
    "zstd": _ADVICE_COMPRESSED,
    "UTF-16": "an event stream is UTF-8",
    "HTML or XML": "check the response's status and content type first: this is likely an error page",
    "JSON": "check the response's status first: this may be an error; to read a JSON document, use json.loads",
    "JSON lines": "call decode_json_lines",
    "text or bytes of another kind": "check the response's status and content type first",
}
_FIELDS: Final = (b"data", b"event", b"id", b"retry")
_LINE_STARTS: Final = tuple(name + b":" for name in _FIELDS)


class PendingBlock(NamedTuple):
    """The block that a body ends in, read as if a blank line had followed."""

    start: int  # in bytes since the beginning of the connection
    data: bytes | None
    line: bytes  # the first bytes of an unfinished line
    other: bytes  # the first bytes of the lines since the last event that look like another body
    has_fields: bool  # whether a line before was `data`, `id` or `event`
    is_known: bool  # whether a line of an event stream was seen, in this block or before


class BodyCheck:
    """Looks at the pieces of one body, as long as the decoder has not seen a comment or a known field."""

    __slots__ = ("_has_line_end", "_has_line_pieces", "_has_mark", "_head", "_last")

    def __init__(self) -> None:
        self._head = b""  # the first bytes that are not blank
        self._last = b""
        self._has_mark = False  # the body begins with a mark of another kind
        self._has_line_end = False
        self._has_line_pieces = False  # a piece after the first one is empty, or begins as a line does

    def admits(self, piece: bytes) -> bool:
        """Take in a piece; return whether to decode it. Raises `InvalidEventError` (`not_an_event_stream`)."""
        # An empty piece after JSON may be the blank line of an event; a transport may also yield one at a cut.
        is_blank_line = not piece and self._last.endswith((b"}", b"]"))
        self._has_line_pieces |= self._head != b"" and (is_blank_line or piece.startswith(_LINE_STARTS))
        self._last = piece
        self._has_line_end |= b"\n" in piece or b"\r" in piece
        is_json = self._head.startswith((b"{", b"["))
        if len(self._head) < SHOWN_BYTES or (is_json and len(self._head) < KEPT_BYTES):
            self._head = (self._head + piece).lstrip(b" \t\r\n")[:KEPT_BYTES]
        self._has_mark = self._head.removeprefix(_BOM).lstrip().startswith(tuple(mark for mark, _ in _KINDS_BY_MARK))
        awaited = KEPT_BYTES if self._head.startswith((b"{", b"[")) else SHOWN_BYTES
        if self._has_mark and len(self._head) >= awaited:
            raise not_an_event_stream(self._head)
        return not self._has_mark

    def end(self, last_line: bytes | bytearray) -> None:
        """Raise an error if the body was not an event stream.

        None of its finished lines was a comment or a known field; `last_line` is the unfinished one.
        """
        if self._has_line_pieces and not self._has_line_end and _is_known_line(self._head):
            raise InvalidEventError(
                "the pieces are lines without their ends, so events can't be told apart: decode the raw body, such as"
                " response.iter_bytes(), or iter_content(chunk_size=None) of requests",
                code="no_line_ends",
            )
        if self._has_mark or (
            self._head.strip(b"\r\n") not in (b"", _BOM[:1], _BOM[:2], _BOM) and not may_be_field(last_line)
        ):
            raise not_an_event_stream(self._head)


def not_an_event_stream(head: bytes, *, is_rest: bool = False) -> InvalidEventError:
    """Return the error for a body, or the rest of one, that begins with `head` and is not an event stream."""
    kind = body_kind(head)
    encoding = "utf-16-be" if head[:1] == b"\0" else "utf-16" if kind == "UTF-16" else "utf-8"
    text = head[:SHOWN_BYTES].decode(encoding, "replace" if kind == "UTF-16" else "backslashreplace")
    body = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    if is_rest:
        what = f"the stream ends in {kind} instead of events: the server, or a gateway before it, has likely failed"
    else:
        what = f"the body is not an event stream, it looks like {kind}: {_ADVICE[kind]}"
    code = "trailing_body" if is_rest else "not_an_event_stream"
    error = InvalidEventError(f"{what}; it begins {body[:SHOWN_BYTES]!r}", code=code)
    error.body, error.body_bytes = body, head
    return error


def failure_in_body(body: bytes) -> Mapping[str, Any] | None:
    """Return the JSON object in which a body, or its first line, reports a failure; None if it reports none."""
    for text in (body, body.partition(b"\n")[0]):
        try:
            found: Any = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if is_list(found) and found:
            found = found[0]
        if is_object(found) and found.get("error") not in (None, False, ""):
            return found
    return None


def _is_known_line(line: bytes | bytearray) -> bool:
    """Return whether a line is a comment or a known field."""
    return line.startswith(b":") or line.partition(b":")[0] in _FIELDS


def may_be_field(line: bytes | bytearray) -> bool:
    """Return whether an unfinished line is, or may become, a comment or a known field."""
    return bool(line) and (_is_known_line(line) or any(name.startswith(line) for name in _FIELDS))


def body_kind(head: bytes) -> str:
    """Return the kind of body that one beginning with `head` looks like."""
    text = head.removeprefix(_BOM).lstrip()
    kind = next((kind for mark, kind in _KINDS_BY_MARK if text.startswith(mark)), "")
    if kind == "JSON" and b"}\n{" in text.replace(b"\r", b""):
        return "JSON lines"
    if not kind and (head[:1] == b"\0") != (head[1:2] == b"\0"):
        return "UTF-16"  # without a byte order mark
    return kind or "text or bytes of another kind"


def to_bytes(data: BytesLike) -> bytes:
    """Return a copy of `data` as bytes. Raises `InvalidEventError` (`bad_event`) for an object that is not bytes."""
    try:
        return bytes(memoryview(data))  # `bytes(5)` would be five NUL bytes
    except TypeError:
        raise InvalidEventError(
            f"{shorten(data)} is not bytes: decode the raw body of the response, such as response.iter_bytes()"
        ) from None


# ---------------------------------------------------------------------------------------------------------------------
# a response in place of its bytes

# An attribute that identifies a client's response, and the client's call for the raw, decompressed body as it arrives.
_CALLS: Final = (
    ("aiter_bytes", "response.iter_bytes(), or response.aiter_bytes() in async code"),
    ("iter_content", "response.iter_content(chunk_size=None)"),
    ("iter_bytes", "response.iter_bytes()"),
    ("iter_any", "response.content.iter_any()"),
)


def right_call(source: object) -> str:
    """Return the call that gives the bytes of `source`, a response passed in their place, as its client spells it."""
    # `getattr` would run the property, which may read the whole body.
    content = getattr_static(source, "content", None)
    return next(
        (call for one in (source, content) for name, call in _CALLS if getattr_static(one, name, None) is not None),
        "response.iter_bytes(), or response.aiter_bytes() in async code",
    )
