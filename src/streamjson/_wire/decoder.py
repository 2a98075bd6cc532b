"""From bytes, cut anywhere, to events: the WHATWG's event stream format. `encoder` is the inverse.

Owns lines, blocks and fields: the pending parts of the event in progress, the last event ID, the reconnection time, and
the byte offset at which a block starts.
Does not know the meaning of data (`[DONE]` is text here), HTTP, or reconnecting.

Its invariants:

- How the input was cut never matters: not to events, offsets, `truncated`, limits or errors.
- An event is returned with the byte that ends its blank line; a lone CR ends a line at once.
- Any bytes decode; only a limit of `Limits` refuses some. Invalid UTF-8 becomes U+FFFD.
- The memory kept for an event in progress is bounded; comments and unknown fields are not kept at all.

Source: HTML Living Standard, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream", quoted beside
the code that implements a sentence. Two deviations: the last event ID outlives a connection, as in browsers, and a
reconnection time is lowered to `Limits.max_retry_ms`.

Cost: linear in the bytes, for any cutting. A piece without CR is split into whole blocks at once (the fast path). Cut
blocks, blocks with several fields and pieces with CR are read line by line; that path alone would be sufficient.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from attrs import define

from .._errors import ClosedError, InvalidEventError, LimitExceededError
from .._limits import Limits, check_limits
from .body import BODY_MARKS, KEPT_BYTES, BytesLike, PendingBlock, failure_in_body, not_an_event_stream, to_bytes
from .event import ServerSentEvent

__all__ = ["PART_BYTES", "SSEDecoder"]

_Line: TypeAlias = bytes | bytearray  # a bytearray if the line came in pieces

PART_BYTES: Final = 64 * 1024  # a larger piece is read in parts, so that the lists made by splitting it stay small

_BOM: Final = b"\xef\xbb\xbf"
_REPLACEMENT: Final = b"\xef\xbf\xbd"
_LF: Final = 10  # `10 in piece` takes 15 ns, `b"\n" in piece` 200
_CR: Final = 13
_NO_LIMIT: Final = 2**63 - 1  # in place of None, for comparisons
_MAX_PENDING_BYTES: Final = 1024
# `retry` takes effect at its line end, and a blank line ends the block: neither may stay pending. Both are rare.
_CANNOT_WAIT: Final = re.compile(rb"(?:\A|\n)(?:retry|\n)")
_DEFAULT_LIMITS: Final = Limits()
_new: Final[Callable[[Any], Any]] = object.__new__


@define(init=False, eq=False, repr=False)
class SSEDecoder:
    """Decodes the bytes of an event stream, without doing any I/O.

    `last_event_id` is the last event ID, `""` before the first one: send it as `Last-Event-ID` when reconnecting.
    `retry_ms` is the reconnection time in milliseconds that the server requested, at most `Limits.max_retry_ms`, or
    None. `replaced_count` is the number of byte sequences that were not UTF-8 and became U+FFFD. All three outlive
    `reset()`.

    Limited by `max_event_bytes`, which counts the lines of the event in progress that must be kept (`data`, `event` and
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
    _has_known_line: bool  # a line of this connection was a comment or a known field
    _stray: bytes  # the first bytes of the lines since the last event that look like another body: JSON, HTML
    _limits: Limits
    _max_event_bytes: int
    _max_id_bytes: int
    _refusal: str  # why `feed` refuses bytes; "" while it accepts them
    _skippable: bytes  # dropped if the next bytes are exactly these
    _position: int  # offset of the first byte that was not read yet
    _pending: bytearray  # the unfinished block, if it is short and none of it was read yet
    _max_pending: int
    _line: bytearray  # otherwise, the unfinished line
    # The block in progress:
    _start: int
    _kept: int  # bytes of its `data`, `event` and `id` lines
    _data: bytearray  # an LF after each line; a list of short lines would take several times the memory
    _id: str | None
    _event: _Line
    _retry: int | None

    def __init__(self, *, limits: Limits = _DEFAULT_LIMITS) -> None:
        check_limits(limits)
        self._limits = limits
        self._max_event_bytes = limits.max_event_bytes or _NO_LIMIT
        self._max_id_bytes = limits.max_id_bytes or _NO_LIMIT
        # A block this small can't exceed a limit, so it can wait unread.
        self._max_pending = min(_MAX_PENDING_BYTES, self._max_event_bytes, self._max_id_bytes)
        self._pending = bytearray()
        self._line = bytearray()
        self._data = bytearray()
        self.last_event_id = ""
        self.retry_ms = None
        self.replaced_count = 0
        self.reset()

    def reset(self) -> None:
        """Start a new connection: drop pending data, count offsets from 0, allow a BOM, and accept bytes again.

        `last_event_id` and `retry_ms` stay, so that the new connection resumes where the old one broke.
        """
        self._refusal = ""
        self._has_known_line = False
        self._stray = b""
        self._skippable = _BOM
        self._position = 0
        self._pending.clear()
        self._line.clear()
        self._begin_block()

    def close(self) -> None:
        """Mark the end of the stream; `truncated` then says whether it came inside an event. May be repeated.

        "Once the end of the file is reached, any pending data must be discarded" (9.2.6): no further event is returned.
        """
        self._refusal = self._refusal or "the decoder is closed; reset() opens it for a new connection"

    @property
    def truncated(self) -> bool:
        """Whether part of an event is pending: if the stream ends here, that part is lost.

        True if a `data`, `id` or `event` line follows the last blank line, or an unfinished line other than a comment
        or a `retry`; and after a limit was exceeded, because of the refused event.
        """
        self._read_pending()
        line = bytes(self._line[:6])
        return self._kept > 0 or (line not in {b"", b"retry"} and not line.startswith((b":", b"retry:")))

    def feed(self, data: BytesLike) -> list[ServerSentEvent[str]]:
        """Return the events that `data` finishes, in order; an empty list for empty bytes.

        Raises `LimitExceededError` (`max_event_bytes`, `max_id_bytes`): its `events` are those that this call decoded
        before, its `offset` is where the refused block starts. The decoder is then dead: `feed` raises `ClosedError`
        until `reset()`, as it does after `close()`. Data other than bytes raises `InvalidEventError`; the decoder is
        unchanged.
        """
        if self._refusal:
            raise ClosedError(self._refusal)
        piece = data if type(data) is bytes else to_bytes(data)
        events: list[ServerSentEvent[str]] = []
        try:
            if len(piece) <= PART_BYTES:
                self._read(piece, events)
            else:
                for begin in range(0, len(piece), PART_BYTES):
                    self._read(piece[begin : begin + PART_BYTES], events)
        except (InvalidEventError, LimitExceededError) as error:
            error.events, error.offset, error.last_event_id = events, self._start, self.last_event_id
            why = "exceeded a limit" if isinstance(error, LimitExceededError) else "met a failure of the sender"
            self._refusal = f"the decoder {why}; reset() opens it for a new connection"
            self._line.clear()
            self._data.clear()
            self._kept = 1  # for `truncated`: the refused event was not read to its end
            raise
        return events

    def _read(self, piece: bytes, events: list[ServerSentEvent[str]]) -> None:
        # Hot: once per piece.
        if self._skippable:
            piece = self._skip(piece)
        pending = self._pending
        if pending:
            pending += piece
            if _LF not in piece and _CR not in piece and len(pending) <= self._max_pending:
                return
            piece = bytes(pending)
            pending.clear()
        if _CR in piece:
            self._read_lines(piece, events)
            return
        if self._start != self._position and _LF not in piece:
            self._extend_line(piece)
            return
        end = piece.rfind(b"\n\n") + 2  # 1 if there is no blank line
        if end > 1:
            begin = 0
            if self._start != self._position:  # inside a block: read it line by line to its end
                begin = piece.find(b"\n\n") + 2
                self._read_lines(piece[:begin], events)
            if end - begin > 1:  # a single LF remains after three in a row
                self._read_blocks(piece[begin:end], events)
                begin = end
            piece = piece[begin:]
        if self._start == self._position and len(piece) <= self._max_pending and not _CANNOT_WAIT.search(piece):
            pending += piece
        else:
            self._read_lines(piece, events)

    def _read_pending(self) -> None:
        """Read the pending part of a block line by line."""
        piece = bytes(self._pending)
        self._pending.clear()
        self._read_lines(piece, [])  # it has no blank line, so no event

    def _skip(self, piece: bytes) -> bytes:
        # "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any" (9.2.5): it may be cut.
        # "end-of-line = ( cr lf / cr / lf )" (9.2.5): the line ended at the CR; an LF right after it belongs to it.
        piece, skippable = bytes(self._line) + piece, self._skippable
        self._line.clear()
        if len(piece) < len(skippable) and skippable.startswith(piece):
            self._line += piece  # not a line yet: `truncated` counts it, the limit does not
            return b""
        self._skippable = b""
        if not piece.startswith(skippable):
            return piece
        if self._start == self._position:
            self._start += len(skippable)
        self._position += len(skippable)
        return piece[len(skippable) :]

    # -----------------------------------------------------------------------------------------------------------------
    # the fast path: whole blocks of LF lines

    def _read_blocks(self, blocks: bytes, events: list[ServerSentEvent[str]]) -> None:
        # Hot: 0.2 microseconds an event, 0.3 with an id (`json.loads` of its data: 1.0).
        # Latin-1 makes one character of each byte: text is faster to split, and its lengths are those of the bytes.
        text = blocks[:-2].decode("latin-1")
        # Senders repeat one kind of block: a line of data, or an id and a line of data. The number of lines shows that
        # all blocks are of that kind, without a look at each.
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
        self._has_known_line = True
        if self._stray:
            self._drop_stray()
        start, last_event_id = self._start, self.last_event_id
        for data in datas:
            event: ServerSentEvent[str] = _new(ServerSentEvent)  # 85 ns less than its __init__
            event.data = data if data.isascii() else self._text(data.encode("latin-1"))
            event.id = event.retry = None
            event.event = "message"
            event.last_event_id = last_event_id
            event.offset = start
            events.append(event)
            start += len(data) + 8
        self._start = self._position = start

    def _take_ids_and_data(self, pairs: list[str], events: list[ServerSentEvent[str]]) -> bool:
        """Read blocks of an id line and a data line, each without its leading `id: `.

        Return whether all blocks are of that kind; if not, no event is added.
        """
        if self._stray:
            self._drop_stray()  # before the events that follow it
        start, max_id_bytes, count = self._start, self._max_id_bytes, len(events)
        replaced_count = self.replaced_count
        for pair in pairs:
            event_id, mark, data = pair.partition("\ndata: ")
            if not mark or len(event_id) > max_id_bytes:
                del events[count:]
                self.replaced_count = replaced_count  # the blocks are read again
                return False
            event: ServerSentEvent[str] = _new(ServerSentEvent)
            event.data = data if data.isascii() else self._text(data.encode("latin-1"))
            event.id = event.last_event_id = event_id if event_id.isascii() else self._text(event_id.encode("latin-1"))
            event.event = "message"
            event.retry = None
            event.offset = start
            events.append(event)
            start += len(pair) + 6
        self._has_known_line = True
        self.last_event_id = events[-1].last_event_id
        self._start = self._position = start
        return True

    def _read_each(self, text: str, events: list[ServerSentEvent[str]]) -> None:
        """Read blocks of mixed kinds."""
        for block in text.split("\n\n"):
            if block.startswith("data: ") and "\n" not in block and len(block) <= self._max_event_bytes:
                self._take_data([block[6:]], events)
            else:
                self._position = self._start
                self._read_lines(block.encode("latin-1") + b"\n\n", events)

    # -----------------------------------------------------------------------------------------------------------------
    # the general path: line by line

    def _read_lines(self, piece: bytes, events: list[ServerSentEvent[str]]) -> None:
        # For bytes, `splitlines` splits at CR, LF and CRLF only, exactly as the format does.
        for line in piece.splitlines(keepends=True):
            content = line.rstrip(b"\r\n")
            if len(content) == len(line):  # the last line, unfinished
                self._extend_line(line)
                return
            self._position += len(line)
            if self._line:
                self._line += content
                self._read_field(self._line)
                self._line = bytearray()  # a new one: `_read_field` may have kept the old one as the data
            elif content:
                self._read_field(content)
            else:
                self._dispatch(events)
        if piece.endswith(b"\r"):
            self._skippable = b"\n"

    def _extend_line(self, rest: bytes) -> None:
        self._line += rest
        self._position += len(rest)
        if self._line.startswith(b":"):
            del self._line[1:]  # a comment: only its colon must be kept
        elif self._kept + len(self._line) > self._max_event_bytes:
            raise self._event_too_large()

    def _read_field(self, line: _Line) -> None:
        # "If the line starts with a U+003A COLON character (:): Ignore the line" (9.2.6)
        if line.startswith(b":"):
            self._has_known_line = True
            return
        if self._kept + len(line) > self._max_event_bytes:
            raise self._event_too_large()
        kept = len(line)
        # Names are compared as bytes: a name with invalid UTF-8 is unknown.
        if kept > PART_BYTES and not self._data and line.startswith(b"data:") and type(line) is bytearray:
            self._has_known_line = True
            # As below, but without a copy: a line may be as large as an event.
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
                self._has_known_line = True
                self._read_retry(value)
            elif self._stray or line.startswith(BODY_MARKS):
                self._stray += bytes(line[:KEPT_BYTES]) + b"\n" if len(self._stray) < KEPT_BYTES else b""
            return
        self._has_known_line = True
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
        # It takes effect at the end of its line, without a blank line or an event.
        if not value.isdigit():  # for bytes: only ASCII digits, at least one
            return
        maximum = min(self._limits.max_retry_ms or _NO_LIMIT, _NO_LIMIT)
        digits = value.lstrip(b"0") or b"0"
        # `int` takes quadratic time in the digits, and refuses more than 4,300.
        retry = min(int(digits), maximum) if len(digits) <= len(str(_NO_LIMIT)) else maximum
        self._retry = self.retry_ms = retry

    def _dispatch(self, events: list[ServerSentEvent[str]]) -> None:
        # "Set the last event ID string of the event source to the value of the last event ID buffer": data or no data.
        if self._id is not None:
            self.last_event_id = self._id
        # "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and
        # return."
        if self._data:
            # "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character
            # from the data buffer."
            del self._data[-1:]
            if self._stray:
                self._drop_stray()
            # Decoding all lines at once is the same as one by one: an LF ends an incomplete UTF-8 sequence.
            data, event = self._text(self._data), self._text(self._event)
            events.append(
                ServerSentEvent(data, self._id, event or "message", self._retry, self.last_event_id, offset=self._start)
            )
        self._begin_block()

    def _drop_stray(self) -> None:
        """Forget the lines of another body before an event. A failure that they report is an error."""
        stray, self._stray = self._stray, b""
        if failure_in_body(stray) is not None:
            raise not_an_event_stream(stray, is_rest=True)

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

    def _end_block(self) -> PendingBlock:
        """Return what the block in progress would be if a blank line had followed."""
        self._read_pending()
        name, _, value = bytes(self._line).partition(b":")
        data = bytes(self._data) + value if name == b"data" else bytes(self._data) or None
        line = bytes(self._line[:KEPT_BYTES])
        return PendingBlock(self._start, data, line, self._stray, self._kept > 0, self._has_known_line)

    def _event_too_large(self) -> LimitExceededError:
        # Always one more than the limit: the number of bytes seen so far depends on how the input was cut.
        return self._limits.exceeded("max_event_bytes", self._max_event_bytes + 1)
