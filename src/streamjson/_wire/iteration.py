"""From an iterable of a body's bytes to an iterator of its events, sync or async: `decode_sse`.

Owns one body from its first piece to its end: which pieces reach the decoder, the verdict at the end (complete,
truncated, or not an event stream), and closing the source. `decoder` owns the format; for the verdict, this module
reads private fields of `SSEDecoder`.
Does not know the meaning of data, except that the blank line after `[DONE]` may be missing.

Its invariants: an error is raised after all events before it were yielded. The source and its iterator are closed
exactly once, even if the iterator of events was never started.

Cost: that of `decoder`. A piece of type `bytes` is decoded `PART_BYTES` at a time, and only the events of one part are
in memory.
"""

from __future__ import annotations

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
from typing import Any, Final, Protocol, TypeVar, cast, overload

from .._errors import InvalidEventError, StreamJSONError, StreamTruncatedError, shorten
from .._limits import Limits
from .body import BODY_MARKS, BodyCheck, BytesLike, may_be_field, not_an_event_stream, right_call, to_bytes
from .closing import aclose_all, close_all
from .decoder import PART_BYTES, SSEDecoder
from .event import ServerSentEvent

__all__ = ["AsyncDecoding", "decode_sse"]

_DONE: Final = b"[DONE]"
_DEFAULT_LIMITS: Final = Limits()


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
    """Decode an event stream, given as an iterable of its bytes or as bytes, to an iterator of events.

    An async iterable gives an async iterator, even if it is a sync iterable too. Empty input gives no event.
    The end of the iterator, or closing it (`close`, `aclose`), closes the source and the source's iterator if they can
    be closed.

    With `decoder`, an `SSEDecoder` of your own, you can read its `retry_ms`, `last_event_id` and `replaced_count` at
    any time, even after a block without an event. It is `reset()` for this new connection and keeps its own limits.
    An event without its blank line is discarded, except `[DONE]`; with `dispatch_last=True` the last event is yielded
    anyway, for senders that omit the blank line.

    Raises at the call: `InvalidEventError` (`bad_event`) if `pieces` is text, a response or not iterable; `ValueError`
    for `limits` beside a `decoder`.
    Raises while iterating, after the events before: `LimitExceededError`; `InvalidEventError` for a piece that is not
    bytes, for a body that is not an event stream (`not_an_event_stream`, whose `body` is the beginning of the body) or
    ends in another one (`trailing_body`), and for lines without their ends (`no_line_ends`); `StreamTruncatedError`
    (`truncated`) if the source ends inside an event, with the `last_event_id` to resume from. Exceptions of the source
    pass through.

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
        raise ValueError("pass limits to the SSEDecoder: a decoder keeps its own limits")
    decoder.reset()
    body = _Body(decoder, dispatch_last=dispatch_last)
    if isinstance(pieces, AsyncIterable):
        return AsyncDecoding(pieces, body, _decode_async)
    is_whole = isinstance(pieces, bytes | bytearray | memoryview)
    events = _decode(cast("Iterable[BytesLike]", [pieces] if is_whole else pieces), body)
    next(events)  # into `try`: closing a generator that was never started would not close the source
    return cast("Generator[ServerSentEvent[str], None, None]", events)


def _is_source(value: object) -> bool:
    return isinstance(value, Iterable | AsyncIterable) and not isinstance(value, str)


class _Body:
    """One body: everything that the sync and the async generator share."""

    __slots__ = ("_check", "_dispatch_last", "decoder", "has_started", "is_event_stream")

    def __init__(self, decoder: SSEDecoder, *, dispatch_last: bool) -> None:
        self.decoder = decoder
        self._dispatch_last = dispatch_last
        self._check = BodyCheck()
        self.is_event_stream = False  # known from a line; until then, pieces are checked
        self.has_started = False  # the generator has started, and so will close its source

    def parts(self, piece: BytesLike) -> Iterable[BytesLike]:
        """Return the parts of a piece to decode; nothing if the piece must not be decoded.

        All events of a large piece at once would take many times its memory.
        """
        if not self.is_event_stream:
            self.is_event_stream = self.decoder._has_known_line  # noqa: SLF001  # the public class shows no machinery
            if not (self.is_event_stream or self._check.admits(piece := to_bytes(piece))):
                return ()
        if type(piece) is not bytes or len(piece) <= PART_BYTES:
            return (piece,)
        return (piece[begin : begin + PART_BYTES] for begin in range(0, len(piece), PART_BYTES))

    def end(self) -> list[ServerSentEvent[str]]:
        """Close the decoder; return the event that the end dispatches, if any. Raises if the end is an error."""
        decoder = self.decoder
        is_truncated, last_event_id = decoder.truncated, decoder.last_event_id
        pending = decoder._end_block()  # noqa: SLF001  # as above
        if not pending.is_known:
            self._check.end(pending.line[:8])
        elif not pending.has_fields and not may_be_field(pending.line[:8]):
            rest = pending.other + pending.line
            if rest.startswith(BODY_MARKS):
                decoder.close()
                raise not_an_event_stream(rest, is_rest=True)
        events: list[ServerSentEvent[str]] = []
        if is_truncated:
            if pending.data is not None and (pending.data.strip() == _DONE or self._dispatch_last):
                events = decoder.feed(b"\n\n")
            if not events:
                error = StreamTruncatedError("the source ended inside an event")
                error.offset, error.last_event_id = pending.start, last_event_id
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
            # A call less for each piece: most are small.
            is_small = body.is_event_stream and type(piece) is bytes and len(piece) <= PART_BYTES
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
    body.has_started = True
    try:
        async for piece in iterator:
            is_small = body.is_event_stream and type(piece) is bytes and len(piece) <= PART_BYTES  # as above
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


class Decoded(Protocol):
    """What is known of a body that is decoded."""

    has_started: bool  # the generator has started, and so will close its source


T = TypeVar("T")
D = TypeVar("D", bound=Decoded)


class AsyncDecoding(AsyncGenerator[T, None]):
    """An async generator of what a body has that closes its source even if it was never started."""

    __slots__ = ("_body", "_events", "_sources")

    def __init__(
        self,
        pieces: AsyncIterable[BytesLike],
        body: D,
        decode: Callable[[AsyncIterator[BytesLike], object, D], AsyncGenerator[T, None]],
    ) -> None:
        iterator = aiter(pieces)
        self._body: Decoded = body
        self._events: Any = decode(iterator, pieces, body)
        self._sources = (iterator, pieces)

    def __anext__(self) -> Coroutine[Any, Any, T]:
        step: Coroutine[Any, Any, T] = self._events.__anext__()
        return step

    def asend(self, value: None) -> Coroutine[Any, Any, T]:
        step: Coroutine[Any, Any, T] = self._events.asend(value)
        return step

    async def athrow(self, *error: Any) -> T:
        step: Awaitable[T] = self._events.athrow(*error)
        try:
            return await step
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        await self._events.aclose()
        if not self._body.has_started:
            self._body.has_started = True
            await aclose_all(*self._sources)
