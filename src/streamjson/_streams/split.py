"""From the events of several streams, one after the other in one source, to the events of each.

    the events of a concatenated log -> one iterator of events for each document

Owns the rules by which a stream ends and the next one begins, and the source. Knows nothing of what an event does to a
document, nor whether the assembler accepts it.

Where one stream ends:

1. `[DONE]` is the last event of its stream.
2. An event with another span than the one before, after a delta, begins the next stream: there `assemble` would report
   that the sender started over (`new_span`).
3. A failure of the sender ends its stream. Events that follow with the same span still belong to it, and so does a
   `[DONE]` that follows before another stream begins.

Between two streams, events that bring nothing belong to neither: pings, empty data, chunks without a span whose delta
is absent or blank, and another `[DONE]`. Every other event begins a stream, also one that cannot be decoded, is of
another protocol or would be ignored: a mistake is reported by the assembler that reads it, and never lost.

Invariants:

- The first event of the source begins the first stream, whatever it brings. So a source that `assemble` reads to its
  end without an error is one stream, event for event; one that is only `[DONE]` is one empty document.
- No stream has an event after its `[DONE]`, nor a `new_span` before the first event that is rejected.
- An error in one stream leaves the others as they are: what is left of a stream is passed over before the next one.
- At most one event is read ahead, and only where the end of a stream cannot be known otherwise: never after `[DONE]`.
- Closing a stream leaves the source open; closing the iterator over the streams closes it.
- A stream of which events were passed over raises an error where it is read on: it never looks like one that ended.

Two streams that end without `[DONE]` and name no spans cannot be distinguished: they are one here.

Cost: linear in the events' data, which is decoded once more by the assembler. Memory: O(1), and the event read ahead.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Final, Generic, Literal, NamedTuple, Self, TypeVar, overload

from .._dialects import Chunks, Delta, Done, Failed, Foreign, NewRun, Nothing, span_of, to_event, to_fields
from .._errors import ClosedError, InvalidEventError, StreamJSONError, shorten
from .._limits import Limits, check_limits
from .._wire import ServerSentEvent, StreamingChunk, aclose_all, close_all, right_call

__all__ = ["split_streams"]

T = TypeVar("T")

_DEFAULT_LIMITS: Final = Limits()


@overload
def split_streams(events: AsyncIterable[T], *, limits: Limits = ...) -> AsyncStreams[T]: ...
@overload
def split_streams(events: Iterable[T], *, limits: Limits = ...) -> Streams[T]: ...
def split_streams(
    events: Iterable[T] | AsyncIterable[T], *, limits: Limits = _DEFAULT_LIMITS
) -> Streams[T] | AsyncStreams[T]:
    """Return an iterator over the streams in a source of events: for each document, an iterator of its events.

    `events` is any iterable, or asynchronous iterable, of what `Assembler.apply` takes, such as `decode_sse` of a log
    of one response after the other; what is both is asynchronous. Of an asynchronous source, both iterators are
    asynchronous. A stream ends with its `[DONE]`, with a failure of the sender, or where another span follows its
    deltas. `limits` are those of the assembler: an event that they refuse belongs to the stream in which it comes.

    Nothing is read before it is asked for. Asking for the next stream passes over what is left of the one before;
    reading that one afterwards is a `ClosedError`. So read each stream before the next, not `list(split_streams(...))`.
    Closing a stream does not close the source. The iterator over the streams does: by `close` or `aclose`, at the end
    of its `with` or `async with` block, and where the source ends or raises.

    Raises at the call `InvalidEventError` (`bad_event`) where `events` is not a source of events. While iterating, what
    the source raises passes through, and ends both iterators. An empty source has no streams.

    >>> import streamjson as sj
    >>> first, second = sj.disassemble({"name": "Jane"}), sj.disassemble({"name": "John"})
    >>> done = sj.ServerSentEvent("[DONE]")
    >>> for events in sj.split_streams([*first, done, *second, done]):
    ...     print(sj.assemble(events).final())
    {'name': 'Jane'}
    {'name': 'John'}
    """
    check_limits(limits)
    given: object = events  # before its type is narrowed
    if not isinstance(events, str | bytes | bytearray | memoryview | Mapping | StreamingChunk | ServerSentEvent):
        if isinstance(events, AsyncIterable):
            return AsyncStreams(events, limits)
        if isinstance(events, Iterable):
            return Streams(events, limits)
    raise InvalidEventError(
        f"split_streams takes an iterable of events, not {shorten(given)};"
        f" of a response it is split_streams(decode_sse({right_call(given)}))"
    )


# ---------------------------------------------------------------------------------------------------------------------
# the rules


class _Said(NamedTuple):
    """What an event says of the stream that it is in. One that is rejected may bring what can't be read of it."""

    span_id: str | None = None
    brings: bool = True  # something that counts between two streams
    has_delta: bool = False
    has_failed: bool = False
    is_done: bool = False


_NOTHING: Final = _Said(brings=False)


class _Borders:
    """Decides for each event in turn to which stream it belongs."""

    __slots__ = ("_dialect", "_has_deltas", "_span_id", "_state")

    def __init__(self, limits: Limits) -> None:
        self._dialect = Chunks(limits)
        self._state: Literal["new", "open", "failed", "done"] = "new"
        self._begin()

    def _begin(self) -> None:
        self._span_id: str | None = None
        self._has_deltas = False

    @property
    def is_done(self) -> bool:
        """Whether the last stream ended with the event before."""
        return self._state == "done"

    def place(self, event: object) -> Literal["here", "next", "nowhere"]:
        """Return whether an event belongs to the stream that the events before were in, begins the next, or neither."""
        state = self._state
        said = self._read(event)
        if said.is_done:
            self._state = "done"
            return "next" if state == "new" else "nowhere" if state == "done" else "here"
        if state == "open":
            is_next = self._has_deltas and said.span_id is not None and self._span_id not in (None, said.span_id)
        elif state == "failed" and said.span_id is not None and said.span_id == self._span_id:
            return "here"
        elif state == "new" or said.brings:
            is_next = True
        else:
            return "nowhere"
        if is_next:
            self._begin()
        self._span_id = self._span_id if said.span_id is None else said.span_id
        self._has_deltas = self._has_deltas or said.has_delta
        self._state = "failed" if said.has_failed else "open"
        return "next" if is_next else "here"

    def _read(self, event: object) -> _Said:
        data: object = None
        try:
            message = to_event(event)
            data = message.data
            verbs = self._dialect.read(message)
        except StreamJSONError:  # it may have brought a delta, so that another span begins another stream
            return _Said(self._span_of(data), has_delta=True)
        first, last = verbs[0], verbs[-1]
        if type(last) is Done:
            return _Said(is_done=True)
        if type(first) is Foreign:
            return _Said(self._span_of(data), has_delta=True)
        if type(first) is Nothing:
            return _Said() if first.why == "ignored" else _NOTHING
        if type(last) is Failed and len(verbs) == 1:
            return _Said(last.span_id, has_failed=True)
        span_id = first.span_id if type(first) is NewRun else None
        has_delta = any(type(verb) is Delta for verb in verbs)
        return _Said(span_id, has_delta=has_delta, has_failed=type(last) is Failed)

    def _span_of(self, data: object) -> str | None:
        """Return the span that an unreadable event names all the same."""
        try:
            return span_of(to_fields(data, self._dialect.limits))
        except StreamJSONError:
            return None


# ---------------------------------------------------------------------------------------------------------------------
# reading


class _End(Enum):
    END = "what a source gives no more after"


_END: Final = _End.END


class _Events(Generic[T]):
    """The events of one stream: what both ways of reading share."""

    __slots__ = ("_first", "_state")

    def __init__(self, first: T) -> None:
        self._first = [first]  # until it is taken
        self._state: Literal["open", "ended", "lost"] = "open"

    def _take_first(self) -> T | _End:
        """Return the first event, once; later the end. Raises `ClosedError` where events were passed over."""
        if self._state == "lost":
            raise ClosedError(
                "this stream was not read to its end before the next one was asked for, or the source was closed"
            )
        return self._first.pop() if self._first else _END

    def _settle(self, state: Literal["ended", "lost"]) -> None:
        if self._state == "open":
            self._state = state

    def _close(self) -> None:
        self._first.clear()
        self._settle("ended")


class _Streams(Generic[T]):
    """The streams in a source: what both ways of reading share."""

    __slots__ = ("_borders", "_current", "_is_over", "_next")

    def __init__(self, limits: Limits) -> None:
        self._borders = _Borders(limits)
        self._current: _Events[T] | None = None
        self._next: list[T] = []  # the event that begins the next stream, if it was read
        self._is_over = False  # the source has been let go of

    def _belongs(self, event: T, *, is_passed_over: bool = False) -> bool:
        """Tell whether an event that was read belongs to the current stream; note where that one ends."""
        place = self._borders.place(event)
        if place == "next":
            self._next.append(event)
            self._settle("ended")
        elif place == "here" and is_passed_over:
            self._settle("lost")
        elif self._borders.is_done:
            self._settle("ended")
        return place == "here"

    def _follow(self, events: _Events[T]) -> None:
        self._current = events
        if self._borders.is_done:
            self._settle("ended")

    def _settle(self, state: Literal["ended", "lost"]) -> None:
        if self._current is not None:
            self._current._settle(state)

    def _stop(self, state: Literal["ended", "lost"]) -> None:
        """Note that nothing more is read: the source has ended, or was let go of before its end."""
        self._is_over = True
        self._settle(state)
        if state == "lost":
            self._next.clear()


class StreamEvents(_Events[T], Iterator[T]):
    """An iterator over the events of one stream. Closing it does not close the source."""

    __slots__ = ("_streams",)

    def __init__(self, streams: Streams[T], first: T) -> None:
        super().__init__(first)
        self._streams = streams

    def __next__(self) -> T:
        first = self._take_first()
        if first is not _END:
            return first
        while self._state == "open":
            event = self._streams._read()
            if event is not _END and self._streams._belongs(event):
                return event
        raise StopIteration

    def close(self) -> None:
        """Give no more events. The next stream can be asked for."""
        self._close()


class Streams(_Streams[T], Iterator[StreamEvents[T]]):
    """An iterator over the streams in a source, and a context manager that closes it. See `split_streams`."""

    __slots__ = ("_iterator", "_source")

    def __init__(self, source: Iterable[T], limits: Limits) -> None:
        super().__init__(limits)
        self._source = source
        self._iterator = iter(source)

    def __next__(self) -> StreamEvents[T]:
        while not self._next:
            event = self._read()
            if event is _END:
                raise StopIteration
            self._belongs(event, is_passed_over=True)
        events = StreamEvents(self, self._next.pop())
        self._follow(events)
        return events

    def _read(self) -> T | _End:
        if self._is_over:
            return _END
        try:
            event = next(self._iterator, _END)
        except BaseException as error:  # whatever it is, a source that raised is done
            self._stop("lost")
            try:
                close_all(self._iterator, self._source)
            except Exception as failure:  # noqa: BLE001  # it must not hide what ended the source
                _note(error, failure)
            raise
        if event is _END:
            self._stop("ended")
            close_all(self._iterator, self._source)
        return event

    def close(self) -> None:
        """Close the source and its iterator if they can be closed. A stream that was not read to its end is lost."""
        self._stop("lost")
        close_all(self._iterator, self._source)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncStreamEvents(_Events[T], AsyncIterator[T]):
    """An asynchronous iterator over the events of one stream. Closing it does not close the source."""

    __slots__ = ("_streams",)

    def __init__(self, streams: AsyncStreams[T], first: T) -> None:
        super().__init__(first)
        self._streams = streams

    async def __anext__(self) -> T:
        first = self._take_first()
        if first is not _END:
            return first
        while self._state == "open":
            event = await self._streams._read()
            if event is not _END and self._streams._belongs(event):
                return event
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give no more events. The next stream can be asked for."""
        self._close()


class AsyncStreams(_Streams[T], AsyncIterator[AsyncStreamEvents[T]]):
    """As `Streams`, of an asynchronous source."""

    __slots__ = ("_iterator", "_source")

    def __init__(self, source: AsyncIterable[T], limits: Limits) -> None:
        super().__init__(limits)
        self._source = source
        self._iterator = aiter(source)

    async def __anext__(self) -> AsyncStreamEvents[T]:
        while not self._next:
            event = await self._read()
            if event is _END:
                raise StopAsyncIteration
            self._belongs(event, is_passed_over=True)
        events = AsyncStreamEvents(self, self._next.pop())
        self._follow(events)
        return events

    async def _read(self) -> T | _End:
        if self._is_over:
            return _END
        try:
            event = await anext(self._iterator, _END)
        except BaseException as error:  # whatever it is, a source that raised is done
            self._stop("lost")
            try:
                await aclose_all(self._iterator, self._source)
            except Exception as failure:  # noqa: BLE001  # it must not hide what ended the source
                _note(error, failure)
            raise
        if event is _END:
            self._stop("ended")
            await aclose_all(self._iterator, self._source)
        return event

    async def aclose(self) -> None:
        """Close the source, as `Streams.close`."""
        self._stop("lost")
        await aclose_all(self._iterator, self._source)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def _note(error: BaseException, failure: Exception) -> None:
    with suppress(Exception):  # some exceptions take no notes, and some have no repr
        error.add_note(f"closing the source failed too: {failure!r}")
