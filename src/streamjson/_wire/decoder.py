"""From bytes, cut anywhere, to events: the WHATWG's event stream format. The way back is `encoder`.

Owns lines, blocks and fields: what is pending of the event in progress, the last event ID, the reconnection time, and
the byte offset at which a block starts.
Knows nothing of what data means (`[DONE]` is text here), of HTTP, or of reconnecting.

Its invariants:

- How the input was cut never matters: not to events, offsets, `truncated`, limits or errors.
- An event is out with the byte that ends its blank line; a lone CR ends a line at once.
- Any bytes decode; only a limit of `Limits` refuses some. What is invalid in UTF-8 becomes U+FFFD.
- What is kept of an event in progress is bounded, and comments and unknown fields are not kept at all.

Source: HTML Living Standard, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream"; quoted beside
the code that a sentence demands. Two deviations: the last event ID outlives a connection, as in browsers, and a
reconnection time stops at `Limits.max_retry_ms`.

Cost: linear in the bytes, for any cutting. A piece without CR is split into whole blocks at once (the quick way); what
is cut, has several fields or has CR is read line by line (the general way, which alone would do).
"""

from __future__ import annotations

import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
)
from typing import Any, Final, TypeAlias, cast, overload

from attrs import define

from .._errors import ClosedError, InvalidEventError, LimitExceededError, StreamJSONError, StreamTruncatedError, shorten
from .._limits import Limits, check_limits
from .body import BODY_MARKS, SHOWN_BYTES, BodyCheck, may_be_field, not_an_event_stream, right_call
from .closing import aclose_all, close_all
from .event import ServerSentEvent

__all__ = ["SSEDecoder", "decode_sse"]

BytesLike: TypeAlias = bytes | bytearray | memoryview
_Line: TypeAlias = bytes | bytearray  # the latter if it came in pieces

_BOM: Final = b"\xef\xbb\xbf"
_REPLACEMENT: Final = b"\xef\xbf\xbd"
_DONE: Final = b"[DONE]"
_LF: Final = 10  # `10 in piece` takes 15 ns, `b"\n" in piece` 200
_CR: Final = 13
_UNBOUNDED: Final = 2**63 - 1  # stands for a bound that was lifted
_WINDOW: Final = 64 * 1024  # a larger piece is read in parts, so that the lists made by splitting it stay small
_MAX_HELD: Final = 1024
# A field that counts at the end of its line, and a blank line; both are rare.
_COUNTS_AT_ONCE: Final = re.compile(rb"(?:\A|\n)(?:retry|\n)")
_DEFAULT_LIMITS: Final = Limits()
_new: Final[Callable[[Any], Any]] = object.__new__


@define(init=False, eq=False, repr=False)
class SSEDecoder:
    """Decodes the bytes of an event stream, without doing any I/O.

    `last_event_id` is the last event ID, `""` before there is one: what to send as `Last-Event-ID` when reconnecting.
    `retry_ms` is the reconnection time in milliseconds that the server asked for, at most `Limits.max_retry_ms`, or
    None. `replaced_count` is the number of byte sequences that were not UTF-8, and so became U+FFFD. All three outlive
    `reset()`.

    Bound by `max_event_bytes`, which counts the lines of the event in progress that must be kept (`data`, `event` and
    `id`, without line endings) and the current line, unless it is a comment; and by `max_id_bytes`.

    >>> import streamjson as sj
    >>> decoder = sj.SSEDecoder()
    >>> decoder.feed(b"id: 7\\ndata: a\\n\\ndata: b\\n")
    [ServerSentEvent(data='a', id='7', event='message', retry=None, last_event_id='7')]
    >>> decoder.feed(b"\\n")
    [ServerSentEvent(data='b', id=None, event='message', retry=None, last_event_id='7')]
    >>> decoder.close()
    >>> decoder.truncated
    False
    """

    last_event_id: str
    retry_ms: int | None
    replaced_count: int
    _is_known: bool  # whether a line of this connection was a comment or a known field
    _stray: bytes  # the first bytes of lines since the last event that look like another body: JSON, HTML
    _limits: Limits
    _max_event_bytes: int
    _max_id_bytes: int
    _refusal: str  # why nothing can be fed, if so
    _skippable: bytes  # dropped, if the next bytes are just these
    _position: int  # bytes of this connection that were read
    _held: bytearray  # the unfinished block, if it is short and nothing of it was read
    _max_held: int
    _line: bytearray  # the unfinished line, else
    # The block in progress:
    _start: int
    _kept: int  # bytes of its `data`, `event` and `id` lines
    _data: bytearray  # an LF after each line; a list of short lines would take several times as much
    _id: str | None
    _event: _Line
    _retry: int | None

    def __init__(self, *, limits: Limits = _DEFAULT_LIMITS) -> None:
        check_limits(limits)
        self._limits = limits
        self._max_event_bytes = limits.max_event_bytes or _UNBOUNDED
        self._max_id_bytes = limits.max_id_bytes or _UNBOUNDED
        # So little can't exceed a bound, so that nothing need be looked at.
        self._max_held = min(_MAX_HELD, self._max_event_bytes, self._max_id_bytes)
        self._held = bytearray()
        self._line = bytearray()
        self._data = bytearray()
        self.last_event_id = ""
        self.retry_ms = None
        self.replaced_count = 0
        self.reset()

    def reset(self) -> None:
        """Begin a new connection: forget what is pending, count offsets from 0, allow a BOM, and open again.

        `last_event_id` and `retry_ms` stay, so that the new connection goes on where the old one broke.
        """
        self._refusal = ""
        self._is_known = False
        self._stray = b""
        self._skippable = _BOM
        self._position = 0
        self._held.clear()
        self._line.clear()
        self._begin_block()

    def close(self) -> None:
        """Mark the end of the stream; `truncated` then tells whether it came inside an event. May be repeated.

        "Once the end of the file is reached, any pending data must be discarded" (9.2.6): nothing more comes out.
        """
        self._refusal = self._refusal or "the decoder is closed; reset() opens it for a new connection"

    @property
    def truncated(self) -> bool:
        """Whether part of an event is pending: if the stream ends here, something was lost.

        So it is when after the last blank line there is a `data`, `id` or `event` line, or an unfinished line other
        than a comment or a `retry`; and after an error, for the event that was refused.
        """
        self._read_held()
        line = bytes(self._line[:6])
        return self._kept > 0 or (line not in {b"", b"retry"} and not line.startswith((b":", b"retry:")))

    def feed(self, data: BytesLike) -> list[ServerSentEvent[str]]:
        """Return the events that `data` finishes, in order; none for empty bytes.

        Raises `LimitExceededError` (`max_event_bytes`, `max_id_bytes`): its `events` are those that this call decoded
        before, its `offset` is where the refused block starts. The decoder is dead then: `feed` raises `ClosedError`
        until `reset()`, as it does after `close()`. What is not bytes is an `InvalidEventError`, and changes nothing.
        """
        if self._refusal:
            raise ClosedError(self._refusal)
        piece = data if type(data) is bytes else _to_bytes(data)
        events: list[ServerSentEvent[str]] = []
        try:
            if len(piece) <= _WINDOW:
                self._read(piece, events)
            else:
                for begin in range(0, len(piece), _WINDOW):
                    self._read(piece[begin : begin + _WINDOW], events)
        except LimitExceededError as error:
            error.events, error.offset, error.last_event_id = events, self._start, self.last_event_id
            self._refusal = "the decoder met a limit; reset() opens it for a new connection"
            self._line.clear()
            self._data.clear()
            self._kept = 1  # for `truncated`: the refused event was not seen to its end
            raise
        return events

    def _read(self, piece: bytes, events: list[ServerSentEvent[str]]) -> None:
        # Hot: once per piece.
        if self._skippable:
            piece = self._skip(piece)
        held = self._held
        if held:
            held += piece
            if _LF not in piece and _CR not in piece and len(held) <= self._max_held:
                return
            piece = bytes(held)
            held.clear()
        if _CR in piece:
            self._read_lines(piece, events)
            return
        if self._start != self._position and _LF not in piece:
            self._hold(piece)
            return
        end = piece.rfind(b"\n\n") + 2  # 1 if there is no blank line
        if end > 1:
            begin = 0
            if self._start != self._position:  # inside a block: go line by line to where one ends
                begin = piece.find(b"\n\n") + 2
                self._read_lines(piece[:begin], events)
            if end - begin > 1:  # of three LF in a row one may be left
                self._read_blocks(piece[begin:end], events)
                begin = end
            piece = piece[begin:]
        if self._start == self._position and len(piece) <= self._max_held and not _COUNTS_AT_ONCE.search(piece):
            held += piece
        else:
            self._read_lines(piece, events)

    def _read_held(self) -> None:
        """Read what is held of a block line by line."""
        piece = bytes(self._held)
        self._held.clear()
        self._read_lines(piece, [])  # it has no blank line, so no event

    def _skip(self, piece: bytes) -> bytes:
        # "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any" (9.2.5): it may be cut.
        # "end-of-line = ( cr lf / cr / lf )" (9.2.5): the line ended at the CR, an LF that follows belongs to it.
        piece, skippable = bytes(self._line) + piece, self._skippable
        self._line.clear()
        if len(piece) < len(skippable) and skippable.startswith(piece):
            self._line += piece  # not yet a line: `truncated` counts it, the limit does not
            return b""
        self._skippable = b""
        if not piece.startswith(skippable):
            return piece
        if self._start == self._position:
            self._start += len(skippable)
        self._position += len(skippable)
        return piece[len(skippable) :]

    # -----------------------------------------------------------------------------------------------------------------
    # the quick way: whole blocks of LF lines

    def _read_blocks(self, blocks: bytes, events: list[ServerSentEvent[str]]) -> None:
        # Hot: 0.2 microseconds an event, 0.3 with an id (`json.loads` of its data: 1.0).
        # One character for each byte: text is quicker to take apart, and its lengths are those of the bytes.
        text = blocks[:-2].decode("latin-1")
        # Senders write the same kind of block again and again: one line of data, or that after an id. Whether all are
        # of one kind is told by the number of lines, so none need be looked at.
        lines = text.count("\n") + 2
        if len(text) > self._max_event_bytes:
            pass
        elif text.startswith("data: "):
            datas = text[6:].split("\n\ndata: ")
            if lines == 2 * len(datas):
                self._take_data(datas, events)
                return
        elif text.startswith("id: ") and "\0" not in text:
            pairs = text[4:].split("\n\nid: ")
            if lines == 3 * len(pairs) and self._take_ids_and_data(pairs, events):
                return
        self._read_each(text, events)

    def _take_data(self, datas: list[str], events: list[ServerSentEvent[str]]) -> None:
        self._is_known = True
        self._stray = b""
        start, last_event_id = self._start, self.last_event_id
        for data in datas:
            event: ServerSentEvent[str] = _new(ServerSentEvent)  # 85 ns less than by its __init__
            event.data = data if data.isascii() else self._text(data.encode("latin-1"))
            event.id = event.retry = None
            event.event = "message"
            event.last_event_id = last_event_id
            event.offset = start
            events.append(event)
            start += len(data) + 8
        self._start = self._position = start

    def _take_ids_and_data(self, pairs: list[str], events: list[ServerSentEvent[str]]) -> bool:
        """Take blocks of an id and data, the id's mark cut off; tell whether all were that, else there is no change."""
        start, max_id_bytes, count = self._start, self._max_id_bytes, len(events)
        for pair in pairs:
            event_id, mark, data = pair.partition("\ndata: ")
            if not mark or len(event_id) > max_id_bytes:
                del events[count:]
                return False
            event: ServerSentEvent[str] = _new(ServerSentEvent)
            event.data = data if data.isascii() else self._text(data.encode("latin-1"))
            event.id = event.last_event_id = event_id if event_id.isascii() else self._text(event_id.encode("latin-1"))
            event.event = "message"
            event.retry = None
            event.offset = start
            events.append(event)
            start += len(pair) + 6
        self._is_known = True
        self._stray = b""
        self.last_event_id = events[-1].last_event_id
        self._start = self._position = start
        return True

    def _read_each(self, text: str, events: list[ServerSentEvent[str]]) -> None:
        """Read blocks of several kinds."""
        for block in text.split("\n\n"):
            if block.startswith("data: ") and "\n" not in block and len(block) <= self._max_event_bytes:
                self._take_data([block[6:]], events)
            else:
                self._position = self._start
                self._read_lines(block.encode("latin-1") + b"\n\n", events)

    # -----------------------------------------------------------------------------------------------------------------
    # the general way: line by line

    def _read_lines(self, piece: bytes, events: list[ServerSentEvent[str]]) -> None:
        # Of bytes, `splitlines` takes CR, LF and CRLF for line ends and nothing else: just what the format says.
        for line in piece.splitlines(keepends=True):
            content = line.rstrip(b"\r\n")
            if len(content) == len(line):  # the last one, unfinished
                self._hold(line)
                return
            self._position += len(line)
            if self._line:
                self._line += content
                self._read_field(self._line)
                self._line = bytearray()  # that one may have become the data
            elif content:
                self._read_field(content)
            else:
                self._dispatch(events)
        if piece.endswith(b"\r"):
            self._skippable = b"\n"

    def _hold(self, rest: bytes) -> None:
        self._line += rest
        self._position += len(rest)
        if self._line.startswith(b":"):
            del self._line[1:]  # a comment: that it is one is all that must be kept
        elif self._kept + len(self._line) > self._max_event_bytes:
            raise self._event_too_large()

    def _read_field(self, line: _Line) -> None:
        # "If the line starts with a U+003A COLON character (:): Ignore the line" (9.2.6)
        if line.startswith(b":"):
            self._is_known = True
            return
        if self._kept + len(line) > self._max_event_bytes:
            raise self._event_too_large()
        kept = len(line)
        # Names are compared as bytes: one with U+FFFD in it is unknown.
        if kept > _WINDOW and not self._data and line.startswith(b"data:") and type(line) is bytearray:
            self._is_known = True
            # As below, but nothing is copied: a line may be as large as an event.
            del line[: 6 if line.startswith(b"data: ") else 5]
            self._data = line
            self._data += b"\n"
            self._kept += kept
            return
        name, _, value = line.partition(b":")
        # "If value starts with a U+0020 SPACE character, remove it from value."
        value = value.removeprefix(b" ")
        if name == b"data":
            # "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character."
            self._data += value
            self._data += b"\n"
        elif name == b"event":
            self._event = value
        elif name == b"id":
            self._read_id(value)
        else:
            # "Otherwise: The field is ignored."
            if name == b"retry":
                self._is_known = True
                self._read_retry(value)
            elif self._stray or line.startswith(BODY_MARKS):
                self._stray += bytes(line[:SHOWN_BYTES]) + b"\n" if len(self._stray) < SHOWN_BYTES else b""
            return
        self._is_known = True
        self._kept += kept

    def _read_id(self, value: _Line) -> None:
        # "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value."
        if b"\0" in value:
            return
        if len(value) > self._max_id_bytes:
            raise self._limits.exceeded("max_id_bytes", len(value))
        self._id = self._text(value)

    def _read_retry(self, value: _Line) -> None:
        # "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten."
        # It counts at the end of its line: no blank line is needed, and no event.
        if not value.isdigit():  # of bytes: ASCII digits, and at least one
            return
        maximum = min(self._limits.max_retry_ms or _UNBOUNDED, _UNBOUNDED)
        digits = value.lstrip(b"0") or b"0"
        # `int` takes quadratic time for many digits, and refuses more than 4,300.
        retry = min(int(digits), maximum) if len(digits) <= len(str(_UNBOUNDED)) else maximum
        self._retry = self.retry_ms = retry

    def _dispatch(self, events: list[ServerSentEvent[str]]) -> None:
        # "Set the last event ID string of the event source to the value of the last event ID buffer": data or not.
        if self._id is not None:
            self.last_event_id = self._id
        # "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and
        # return."
        if self._data:
            # "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character
            # from the data buffer."
            del self._data[-1:]
            self._stray = b""
            # Decoded as a whole: an LF ends a sequence that is cut, so the lines decode as they would one by one.
            data, event = self._text(self._data), self._text(self._event)
            events.append(
                ServerSentEvent(data, self._id, event or "message", self._retry, self.last_event_id, offset=self._start)
            )
        self._begin_block()

    def _begin_block(self) -> None:
        self._start = self._position
        self._kept = 0
        self._data.clear()
        self._id = None
        self._event = b""
        self._retry = None

    def _text(self, data: _Line) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            self.replaced_count += text.count("\ufffd") - data.count(_REPLACEMENT)
            return text

    def _last_data(self) -> bytes | None:
        """Return the data of the block in progress as if a blank line had followed; None if it has none."""
        self._read_held()
        name, _, value = bytes(self._line).partition(b":")
        if name == b"data":
            return bytes(self._data) + value
        return bytes(self._data) or None

    def _finish(self) -> list[ServerSentEvent[str]]:
        """Return the event in progress, as if a blank line had followed."""
        self._read_held()
        events: list[ServerSentEvent[str]] = []
        self._read(b"\n\n", events)
        return events

    def _event_too_large(self) -> LimitExceededError:
        # Always one more than allowed: how many bytes were seen depends on how the input was cut.
        return self._limits.exceeded("max_event_bytes", self._max_event_bytes + 1)


def _to_bytes(data: BytesLike) -> bytes:
    try:
        return bytes(memoryview(data))  # `bytes(5)` would be five zeros
    except TypeError:
        raise InvalidEventError(
            f"{shorten(data)} is not bytes: an event stream is decoded from the raw body, as from response.iter_bytes()"
        ) from None


# ---------------------------------------------------------------------------------------------------------------------
# an iterable of bytes -> an iterator of events


@overload
def decode_sse(
    pieces: AsyncIterable[BytesLike],
    *,
    limits: Limits = ...,
    decoder: SSEDecoder | None = ...,
    dispatch_last: bool = ...,
) -> AsyncGenerator[ServerSentEvent[str], None]: ...
@overload
def decode_sse(
    pieces: Iterable[BytesLike] | BytesLike,
    *,
    limits: Limits = ...,
    decoder: SSEDecoder | None = ...,
    dispatch_last: bool = ...,
) -> Generator[ServerSentEvent[str], None, None]: ...
def decode_sse(
    pieces: AsyncIterable[BytesLike] | Iterable[BytesLike] | BytesLike,
    *,
    limits: Limits = _DEFAULT_LIMITS,
    decoder: SSEDecoder | None = None,
    dispatch_last: bool = False,
) -> AsyncGenerator[ServerSentEvent[str], None] | Generator[ServerSentEvent[str], None, None]:
    """Decode an event stream, from an iterable of its bytes or all of them, to an iterator of events.

    An async iterable gives an async iterator; what is both is taken for async. Empty input gives no event.
    Closing the iterator (`close`, `aclose`), as well as its end, closes the source and its iterator if they can be
    closed.

    With `decoder`, an `SSEDecoder` of your own, you can read its `retry_ms`, `last_event_id` and `replaced_count` at
    any time, also where a block brings no event; it is `reset()` for this new connection, and `limits` are its own.
    An event that is not ended by a blank line is discarded, but for `[DONE]`; with `dispatch_last=True` the last one is
    given all the same, for senders that leave the blank line out.

    Raises at the call `InvalidEventError` (`bad_event`) where `pieces` is text, a response or nothing to iterate over.
    While iterating, after all events before: `LimitExceededError`; `InvalidEventError` for a piece that is not bytes,
    for a body that is no event stream (`not_an_event_stream`, with the beginning of the body as `body`) or ends in
    another one (`trailing_body`), and for lines without their ends (`no_line_ends`); `StreamTruncatedError`
    (`truncated`) when the source ends inside an event, with the `last_event_id` to resume from. What the source raises
    passes through.

    >>> import streamjson as sj
    >>> for event in sj.decode_sse([b"id: 1\\nda", b"ta: a\\n\\ndata: [DONE]\\n\\n"]):
    ...     print(event.id, event.data)
    1 a
    None [DONE]
    """
    if not _is_source(pieces):
        raise InvalidEventError(
            f"decode_sse takes bytes or an iterable of bytes, not {shorten(pieces)}: pass {right_call(pieces)}"
        )
    if decoder is None:
        decoder = SSEDecoder(limits=limits)
    elif limits is not _DEFAULT_LIMITS:
        raise ValueError("the decoder has its limits already")
    decoder.reset()
    body = _Body(decoder, dispatch_last=dispatch_last)
    if isinstance(pieces, AsyncIterable):
        return _AsyncEvents(pieces, body)
    whole = isinstance(pieces, bytes | bytearray | memoryview)
    events = _decode(cast("Iterable[BytesLike]", [pieces] if whole else pieces), body)
    next(events)  # to where the source is closed at the end: closing a generator that was never started does nothing
    return cast("Generator[ServerSentEvent[str], None, None]", events)


def _is_source(value: object) -> bool:
    return isinstance(value, Iterable | AsyncIterable) and not isinstance(value, str)


class _Body:
    """What both ways of reading a body share: all but the reading."""

    __slots__ = ("_check", "_dispatch_last", "decoder", "is_begun", "is_checked")

    def __init__(self, decoder: SSEDecoder, *, dispatch_last: bool) -> None:
        self.decoder = decoder
        self._dispatch_last = dispatch_last
        self._check = BodyCheck()
        self.is_checked = False
        self.is_begun = False  # whether the generator that reads it has started, and so closes its source

    def parts(self, piece: BytesLike) -> Iterable[BytesLike]:
        """Return what is to be decoded of a piece, in parts: the events of a large one would take much at once."""
        if not self.is_checked:
            self.is_checked = self.decoder._is_known
            if not (self.is_checked or self._check.admits(piece := _to_bytes(piece))):
                return ()
        if type(piece) is not bytes or len(piece) <= _WINDOW:
            return (piece,)
        return (piece[begin : begin + _WINDOW] for begin in range(0, len(piece), _WINDOW))

    def end(self) -> list[ServerSentEvent[str]]:
        """Close the decoder; return the event that came with the end. Raises what the end says."""
        decoder = self.decoder
        is_truncated = decoder.truncated  # reads what is held
        if not decoder._is_known:
            self._check.end(decoder._line[:8])
        elif decoder._kept == 0 and not may_be_field(decoder._line[:8]):
            rest = decoder._stray + decoder._line[:SHOWN_BYTES]
            if rest.startswith(BODY_MARKS):
                decoder.close()
                raise not_an_event_stream(rest, is_rest=True)
        events: list[ServerSentEvent[str]] = []
        if is_truncated:
            start, last_event_id = decoder._start, decoder.last_event_id
            data = decoder._last_data()
            if data is not None and (data.strip() == _DONE or self._dispatch_last):
                events = decoder._finish()
            if not events:
                error = StreamTruncatedError("the source ended inside an event")
                error.offset, error.last_event_id = start, last_event_id
                decoder.close()
                raise error
        decoder.close()
        return events


def _decode(pieces: Iterable[BytesLike], body: _Body) -> Generator[ServerSentEvent[str] | None, None, None]:
    iterator = iter(pieces)
    decoder = body.decoder
    try:
        yield None
        for piece in iterator:
            is_small = body.is_checked and type(piece) is bytes and len(piece) <= _WINDOW  # a call less for each piece
            for part in (piece,) if is_small else body.parts(piece):
                try:
                    events = decoder.feed(part)
                except StreamJSONError as error:
                    yield from cast("list[ServerSentEvent[str]]", error.events)
                    raise
                yield from events
        yield from body.end()
    finally:
        close_all(iterator, pieces)


async def _decode_async(
    iterator: AsyncIterator[BytesLike], pieces: object, body: _Body
) -> AsyncGenerator[ServerSentEvent[str], None]:
    decoder = body.decoder
    body.is_begun = True
    try:
        async for piece in iterator:
            is_small = body.is_checked and type(piece) is bytes and len(piece) <= _WINDOW  # as above
            for part in (piece,) if is_small else body.parts(piece):
                try:
                    events = decoder.feed(part)
                except StreamJSONError as error:
                    for event in cast("list[ServerSentEvent[str]]", error.events):
                        yield event
                    raise
                for event in events:
                    yield event
        for event in body.end():
            yield event
    finally:
        await aclose_all(iterator, pieces)


class _AsyncEvents(AsyncGenerator[ServerSentEvent[str], None]):
    """An asynchronous generator of events that closes its source also where it was never started."""

    __slots__ = ("_body", "_events", "_sources")

    def __init__(self, pieces: AsyncIterable[BytesLike], body: _Body) -> None:
        iterator = aiter(pieces)
        self._body = body
        self._events: Any = _decode_async(iterator, pieces, body)
        self._sources = (iterator, pieces)

    def __anext__(self) -> Coroutine[Any, Any, ServerSentEvent[str]]:
        step: Coroutine[Any, Any, ServerSentEvent[str]] = self._events.__anext__()
        return step

    def asend(self, value: None) -> Coroutine[Any, Any, ServerSentEvent[str]]:
        step: Coroutine[Any, Any, ServerSentEvent[str]] = self._events.asend(value)
        return step

    async def athrow(self, *error: Any) -> ServerSentEvent[str]:
        step: Awaitable[ServerSentEvent[str]] = self._events.athrow(*error)
        try:
            return await step
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        await self._events.aclose()
        if not self._body.is_begun:
            self._body.is_begun = True
            await aclose_all(*self._sources)
