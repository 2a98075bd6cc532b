"""A body that is no event stream: how it is noticed, what it looks like, and the call that gives the right one.

An error page, a JSON body, JSON lines, compressed or UTF-16 bytes all decode as an event stream without a single event,
as unknown fields are ignored. So `decode_sse` shows the pieces of a body to a `BodyCheck`, until one is decoded.

- A body that begins with `<`, `{` or `[`, blanks before it allowed, or with the marks of gzip, deflate, zstd or UTF-16
  is refused at once: that is, when enough of it is there to be shown, so that how the input was cut does not matter.
- Any other is refused at its end, if it has a line and none of its lines was a comment or a known field.
- A body may end in another one: an error page after events or comments. If the lines after the last event look like
  JSON or HTML, that is an error at the end. Such a line before an event is ignored, as the format says.
- Pieces without line ends, such as the `iter_lines()` of many clients gives, are refused at the end: the ends were cut
  off, so the events can't be found. This alone is seen by how the input was cut; such a body brings no event in any
  case.

It knows no event. Cost: O(1) for each piece.
"""

from __future__ import annotations

from inspect import getattr_static
from typing import Final

from .._errors import InvalidEventError

__all__ = ["BODY_MARKS", "SHOWN_BYTES", "BodyCheck", "kind_of", "may_be_field", "not_an_event_stream", "right_call"]

SHOWN_BYTES: Final = 200  # of a body, in an error
BODY_MARKS: Final = (b"<", b"{")  # how a line begins that no event stream has: one of HTML or JSON
_BOM: Final = b"\xef\xbb\xbf"
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
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
_COMPRESSED: Final = "let the client decompress it (iter_bytes(), not iter_raw()), or ask for no compression"
_ADVICE: Final = {
    "gzip": _COMPRESSED,
    "deflate": _COMPRESSED,
    "zstd": _COMPRESSED,
    "UTF-16": "an event stream is UTF-8",
    "HTML or XML": "check the response's status and content type first: this is likely an error page",
    "JSON": "check the response's status first: this may be an error, and a JSON document is read by json.loads",
    "JSON lines": "give what json.loads makes of each line to assemble",
    "text or bytes of another kind": "check the response's status and content type first",
}
_FIELDS: Final = (b"data", b"event", b"id", b"retry")
_BEGINNINGS: Final = tuple(name + b":" for name in _FIELDS)


class BodyCheck:
    """Looks at the pieces of one body, as long as none of its lines is known to be one of an event stream."""

    __slots__ = ("_has_line_end", "_head", "_is_held", "_is_of_lines", "_last")

    def __init__(self) -> None:
        self._head = b""  # the first bytes that are not blank
        self._last = b""
        self._is_held = False  # its beginning tells that it is no event stream
        self._has_line_end = False
        self._is_of_lines = False  # a piece after the first one is empty, or begins as a line does

    def admits(self, piece: bytes) -> bool:
        """Take in a piece; tell whether it is to be decoded. Raises `InvalidEventError` (`not_an_event_stream`)."""
        # An empty piece is the blank line after one of data; it may also be what a transport gives at a cut.
        is_blank_line = not piece and self._last.endswith((b"}", b"]"))
        self._is_of_lines |= self._head != b"" and (is_blank_line or piece.startswith(_BEGINNINGS))
        self._last = piece
        self._has_line_end |= b"\n" in piece or b"\r" in piece
        if len(self._head) < SHOWN_BYTES:
            self._head = (self._head + piece).lstrip(b" \t\r\n")[:SHOWN_BYTES]
        self._is_held = self._head.removeprefix(_BOM).lstrip().startswith(tuple(mark for mark, _ in _MARKS))
        if self._is_held and len(self._head) == SHOWN_BYTES:
            raise not_an_event_stream(self._head)
        return not self._is_held

    def end(self, last_line: bytes | bytearray) -> None:
        """Raise an error if the body was no event stream; none of its lines was, but for the unfinished last one."""
        if self._is_of_lines and not self._has_line_end and _is_of_stream(self._head):
            raise InvalidEventError(
                "the pieces are lines without their ends, so events can't be told apart: an event stream is decoded"
                " from the raw body, as from response.iter_bytes(), or iter_content(chunk_size=None) of requests",
                code="no_line_ends",
            )
        if self._is_held or (
            self._head.strip(b"\r\n") not in (b"", _BOM[:1], _BOM[:2], _BOM) and not may_be_field(last_line)
        ):
            raise not_an_event_stream(self._head)


def not_an_event_stream(head: bytes, *, is_rest: bool = False) -> InvalidEventError:
    """Return the error for a body, or the rest of one, that begins with `head` and is not an event stream."""
    kind = kind_of(head)
    encoding = "utf-16-be" if head[:1] == b"\0" else "utf-16" if kind == "UTF-16" else "utf-8"
    text = head[:SHOWN_BYTES].decode(encoding, "replace" if kind == "UTF-16" else "backslashreplace")
    body = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    if is_rest:
        what = f"the stream ends in {kind} instead of events: the server, or a gateway before it, has likely failed"
    else:
        what = f"the body is no event stream, it looks like {kind}: {_ADVICE[kind]}"
    code = "trailing_body" if is_rest else "not_an_event_stream"
    error = InvalidEventError(f"{what}; it begins {body[:SHOWN_BYTES]!r}", code=code)
    error.body = body
    return error


def _is_of_stream(line: bytes | bytearray) -> bool:
    """Tell whether a line is a comment or a known field."""
    return line.startswith(b":") or line.partition(b":")[0] in _FIELDS


def may_be_field(line: bytes | bytearray) -> bool:
    """Tell whether an unfinished line is, or may become, one of an event stream."""
    return bool(line) and (_is_of_stream(line) or any(name.startswith(line) for name in _FIELDS))


def kind_of(head: bytes) -> str:
    """Return what a body looks like that begins with `head`."""
    text = head.removeprefix(_BOM).lstrip()
    kind = next((kind for mark, kind in _MARKS if text.startswith(mark)), "")
    if kind == "JSON" and b"}\n{" in text.replace(b"\r", b""):
        return "JSON lines"
    if not kind and (head[:1] == b"\0") != (head[1:2] == b"\0"):
        return "UTF-16"  # without its mark
    return kind or "text or bytes of another kind"


# ---------------------------------------------------------------------------------------------------------------------
# what was meant

# Attributes by which a client's response is known, and its call that gives the raw body, decompressed, as it arrives.
_CALLS: Final = (
    ("aiter_bytes", "response.iter_bytes(), or response.aiter_bytes() in async code"),
    ("iter_content", "response.iter_content(chunk_size=None)"),
    ("iter_bytes", "response.iter_bytes()"),
    ("iter_any", "response.content.iter_any()"),
)


def right_call(source: object) -> str:
    """Return the call that gives the bytes of what was given in their place: a response, in the words of its client."""
    # Not by asking for its content, which may read all of it.
    content = getattr_static(source, "content", None)
    return next(
        (call for one in (source, content) for name, call in _CALLS if getattr_static(one, name, None) is not None),
        "response.iter_bytes(), or response.aiter_bytes() in async code",
    )
