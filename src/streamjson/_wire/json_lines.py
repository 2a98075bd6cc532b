"""Bytes of JSON lines, however they were cut -> the value of each line, sync or async: `decode_json_lines`.

A line is a JSON text (https://jsonlines.org): Ollama streams so, JSON Patch may, and logs of events do. The value of a
line is an event as `assemble` and `assemble_parts` take it. Blank lines are passed over, and the last line may lack its
end. This module owns one body, from its first piece until the source is closed, exactly once.

Does not know the meaning of a value. Cost: linear in the bytes; one line is in memory.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from typing import Final, cast, overload

from .._errors import InvalidEventError, StreamJSONError, StreamTruncatedError, shorten
from .._json import JSONValue, decode_json
from .._limits import Limits
from .body import BytesLike, right_call, to_bytes
from .closing import aclose_all, close_all
from .iteration import AsyncDecoding

__all__ = ["decode_json_lines"]

_BOM: Final = b"\xef\xbb\xbf"
_DEFAULT_LIMITS: Final = Limits()
_COMPRESSED: Final = ": it is compressed, let the client decompress it (iter_bytes(), not iter_raw())"
_EVENTS: Final = ", but part of an event stream: call decode_sse"
_ADVICE: Final = (
    (b"\x1f\x8b", _COMPRESSED),
    (b"\x28\xb5\x2f\xfd", _COMPRESSED),
    (b"<", ": it is HTML or XML, check the response's status first"),
    *((start, _EVENTS) for start in (b"data:", b"event:", b"id:", b"retry:", b":")),
)


@overload
def decode_json_lines(pieces: AsyncIterable[BytesLike], *, limits: Limits = ...) -> AsyncGenerator[JSONValue, None]: ...
@overload
def decode_json_lines(
    pieces: Iterable[BytesLike] | BytesLike, *, limits: Limits = ...
) -> Generator[JSONValue, None, None]: ...
def decode_json_lines(
    pieces: AsyncIterable[BytesLike] | Iterable[BytesLike] | BytesLike, *, limits: Limits = _DEFAULT_LIMITS
) -> AsyncGenerator[JSONValue, None] | Generator[JSONValue, None, None]:
    """Decode JSON lines, given as an iterable of their bytes or as bytes, to an iterator of their values.

    An async iterable gives an async iterator, even if it is a sync iterable too. Blank lines are passed over, so empty
    input gives nothing. The end of the iterator, or closing it (`close`, `aclose`), closes the source and its iterator
    if they can be closed.

    Raises at the call: `InvalidEventError` (`bad_event`) if `pieces` is text, a response or not iterable.
    Raises while iterating, after the values before, with the `offset` of the line: `InvalidEventError` (`bad_json`,
    `bad_number`; `bad_event` for a piece that is not bytes); `LimitExceededError` (`max_event_bytes` for a line,
    `max_depth`, `max_nodes`, `max_number_digits`); `StreamTruncatedError` (`truncated`) if the source ends inside a
    line; of a last line that is a bare number, without its end, a cut can't be seen. Exceptions of the source pass
    through.

    >>> import streamjson as sj
    >>> pieces = [b'{"delta": "Lis", "json_path": "title"}\\n{"delta": "b', b'on", "json_path": "title"}\\n']
    >>> sj.assemble(sj.decode_json_lines(pieces)).final()
    {'title': 'Lisbon'}
    """
    if not isinstance(pieces, Iterable | AsyncIterable) or isinstance(pieces, str):
        raise InvalidEventError(
            f"decode_json_lines takes bytes or an iterable of bytes, not {shorten(pieces)}: pass {right_call(pieces)}"
        )
    lines = _Lines(limits)
    if isinstance(pieces, AsyncIterable):
        return AsyncDecoding(pieces, lines, _decode_async)
    is_whole = isinstance(pieces, bytes | bytearray | memoryview)
    values = _decode(cast("Iterable[BytesLike]", [pieces] if is_whole else pieces), lines)
    next(values)  # into `try`: closing a generator that was never started would not close the source
    return values


class _Lines:
    """The lines of one body."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts: list[bytes] = []  # of the unfinished line
        self._size = 0
        self._offset = 0  # of the unfinished line
        self.has_started = False  # as in the body of an event stream

    def feed(self, piece: BytesLike) -> Iterator[JSONValue]:
        """Yield the values of the lines that a piece ends."""
        *ends, rest = to_bytes(piece).split(b"\n")
        for end in ends:
            self._add(end)
            line, offset = b"".join(self._parts), self._offset
            self._parts.clear()
            self._offset, self._size = offset + len(line) + 1, 0
            yield from self._values(line, offset)
        self._add(rest)

    def end(self) -> Iterator[JSONValue]:
        """Yield the value of the last line, if it has no end."""
        line, offset = b"".join(self._parts), self._offset
        try:
            yield from self._values(line, offset)
        except InvalidEventError as error:
            if error.code != "bad_json" or _advice(line):
                raise
            truncated = StreamTruncatedError("the source ended inside a line")
            truncated.offset = offset
            raise truncated from None

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if part:
            self._parts.append(part)
        maximum = self._limits.max_event_bytes
        if maximum is not None and self._size > maximum:
            error = self._limits.exceeded("max_event_bytes", self._size)
            error.offset = self._offset
            raise error

    def _values(self, line: bytes, offset: int) -> Iterator[JSONValue]:
        line = (line if offset else line.removeprefix(_BOM)).strip(b" \t\r")
        if not line:
            return
        try:
            yield _value(line, self._limits)
        except StreamJSONError as error:
            error.offset = offset
            raise


def _value(line: bytes, limits: Limits) -> JSONValue:
    try:
        return cast("JSONValue", decode_json(line.decode(), limits))
    except (UnicodeDecodeError, InvalidEventError) as error:
        if isinstance(error, InvalidEventError) and error.code != "bad_json":
            raise
        begins = line[:200].decode("utf-8", "backslashreplace")
        message = f"a line is not JSON{_advice(line)}; it begins {shorten(begins)}"
        raise InvalidEventError(message, code="bad_json") from None


def _advice(line: bytes) -> str:
    """Return what a body that has such a line is instead, and what to do; `""` if that is not known."""
    return next((advice for start, advice in _ADVICE if line.startswith(start)), "")


def _decode(pieces: Iterable[BytesLike], lines: _Lines) -> Generator[JSONValue, None, None]:
    iterator = iter(pieces)
    try:
        yield None
        for piece in iterator:
            yield from lines.feed(piece)
        yield from lines.end()
    finally:
        close_all(iterator, pieces)


async def _decode_async(
    iterator: AsyncIterator[BytesLike], pieces: object, lines: _Lines
) -> AsyncGenerator[JSONValue, None]:
    lines.has_started = True
    try:
        async for piece in iterator:
            for value in lines.feed(piece):
                yield value
        for value in lines.end():
            yield value
    finally:
        await aclose_all(iterator, pieces)
