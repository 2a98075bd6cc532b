"""From the events of several streams, one after the other in one source, to the events of each.

    the events of a concatenated log -> one iterator of events for each document

It owns the source, and the rules by which a stream ends and the next one begins. It does not know what an event does to
a document, nor whether the assembler accepts it.

A stream ends where one of these applies:

1. `[DONE]` is the last event of its stream.
2. An event with another span than the one before, after a delta, begins the next stream. There, `assemble` would report
   that the sender started over (`new_span`).
3. A failure of the sender ends its stream. Later events with the same span still belong to it, and so does a `[DONE]`
   that precedes the next stream.

Between two streams, events without content belong to neither: pings, empty data, chunks without a span whose delta is
absent or blank, and another `[DONE]`. Every other event begins a stream, even one that cannot be decoded, is of another
protocol or would be ignored. So no mistake is lost: the assembler that reads the stream reports it.

Invariants:

- The first event of the source begins the first stream, whatever it is. So a source that `assemble` reads to its end
  without an error is one stream, event for event; one that is only `[DONE]` is one empty document.
- No stream has an event after its `[DONE]`, nor a `new_span` before the first event that is rejected.
- An error in one stream does not affect the others: the rest of a stream is passed over before the next one.
- At most one event is read ahead, and only where the end of a stream cannot be known otherwise: never after `[DONE]`.
- Closing a stream leaves the source open; closing the iterator over the streams closes it.
- A stream some of whose events were passed over raises an error when it is read further: it never looks complete.

Two streams that end without `[DONE]` and name no spans cannot be distinguished: here they are one.

Cost: linear in the events' data, which the assembler decodes once more. Memory: O(1), and the event read ahead.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
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
    """Return an iterator over the streams in a source of events: for each document, an iterator over its events.

    `events` is any iterable, or asynchronous iterable, of what `Assembler.apply` takes, such as `decode_sse` of a log
    of consecutive responses; one that is both is used as an asynchronous one. With an asynchronous source, both
    iterators are asynchronous. A stream ends with its `[DONE]`, with a failure of the sender, or where another span
    follows its deltas. `limits` are those of the assembler; an event that exceeds them belongs to the stream that it
    arrives in.

    Nothing is read before it is needed. Asking for the next stream passes over the rest of the one before; reading that
    one afterwards raises `ClosedError`. So read each stream before the next; `list(split_streams(...))` does not work.
    Closing a stream does not close the source. The iterator over the streams does: by `close` or `aclose`, at the end
    of its `with` or `async with` block, and where the source ends or raises.

    Raises `InvalidEventError` (`bad_event`) at once if `events` is not a source of events. While iterating, exceptions
    of the source pass through, and end both iterators. An empty source has no streams.

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
        f" for a response, call split_streams(decode_sse({right_call(given)}))"
    )


# ---------------------------------------------------------------------------------------------------------------------
# the rules


class _Content(NamedTuple):
    """What an event contains, as far as that decides where streams end."""

    span_id: str | None = None
    begins_stream: bool = True  # whether it begins a stream where none is open
    has_delta: bool = False
    has_failed: bool = False
    is_done: bool = False


_NO_CONTENT: Final = _Content(begins_stream=False)


class _Boundaries:
    """Decides for each event in turn which stream it belongs to."""

    __slots__ = ("_dialect", "_has_deltas", "_span_id", "_state")

    def __init__(self, limits: Limits) -> None:
        self._dialect = Chunks(limits)
        self._state: Literal["new", "open", "failed", "done"] = "new"
        self._begin_stream()

    def _begin_stream(self) -> None:
        self._span_id: str | None = None
        self._has_deltas = False

    @property
    def is_done(self) -> bool:
        """Whether the last event was the `[DONE]` of its stream."""
        return self._state == "done"

    def place(self, event: object) -> Literal["here", "next", "nowhere"]:
        """Return whether an event belongs to the current stream, begins the next one, or belongs to neither."""
        state = self._state
        content = self._read(event)
        if content.is_done:
            self._state = "done"
            return "next" if state == "new" else "nowhere" if state == "done" else "here"
        if state == "open":
            is_next = self._has_deltas and content.span_id is not None and self._span_id not in (None, content.span_id)
        elif state == "failed" and content.span_id is not None and content.span_id == self._span_id:
            return "here"
        elif state == "new" or content.begins_stream:
            is_next = True
        else:
            return "nowhere"
        if is_next:
            self._begin_stream()
        self._span_id = self._span_id if content.span_id is None else content.span_id
        self._has_deltas = self._has_deltas or content.has_delta
        self._state = "failed" if content.has_failed else "open"
        return "next" if is_next else "here"

    def _read(self, event: object) -> _Content:
        data: object = None
        try:
            message = to_event(event)
            data = message.data
            verbs = self._dialect.read(message)
        except StreamJSONError:  # it may have had a delta; then another span begins a stream
            return _Content(self._span_of(data), has_delta=True)
        first, last = verbs[0], verbs[-1]
        if type(last) is Done:
            return _Content(is_done=True)
        if type(first) is Foreign:
            return _Content(self._span_of(data), has_delta=True)
        if type(first) is Nothing:
            return _Content() if first.why == "ignored" else _NO_CONTENT
        if type(first) is Failed:
            return _Content(first.span_id, has_failed=True)
        span_id = first.span_id if type(first) is NewRun else None
        has_delta = any(type(verb) is Delta for verb in verbs)
        return _Content(span_id, has_delta=has_delta, has_failed=type(last) is Failed)

    def _span_of(self, data: object) -> str | None:
        """Return the span that the data of an unreadable event names, or None."""
        try:
            return span_of(to_fields(data, self._dialect.limits))
        except StreamJSONError:
            return None


# ---------------------------------------------------------------------------------------------------------------------
# reading


class _End(Enum):
    END = "the end of a source"


_END: Final = _End.END


class _Progress:
    """Whether more events of one stream follow. The stream's iterator and the source's share it."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state: Literal["open", "ended", "lost"] = "open"

    def finish(self, state: Literal["ended", "lost"]) -> None:
        if self.state == "open":
            self.state = state


class _Events(Generic[T]):
    """The events of one stream, without the reading."""

    __slots__ = ("_belongs", "_first", "_progress")

    def __init__(self, first: T, progress: _Progress, belongs: Callable[[T], bool]) -> None:
        self._first = [first]  # until it is taken
        self._progress = progress
        self._belongs = belongs

    def _take_first(self) -> T | _End:
        """Return the first event once, then the end. Raises `ClosedError` if events were passed over."""
        if self._progress.state == "lost":
            raise ClosedError(
                "this stream was not read to its end before the next one was requested, or the source was closed"
            )
        return self._first.pop() if self._first else _END

    def _close(self) -> None:
        self._first.clear()
        self._progress.finish("ended")


class _Streams(Generic[T]):
    """The streams in a source, without the reading."""

    __slots__ = ("_boundaries", "_current", "_is_over", "_next")

    def __init__(self, limits: Limits) -> None:
        self._boundaries = _Boundaries(limits)
        self._current = _Progress()
        self._next: list[T] = []  # the event that begins the next stream, if it was read
        self._is_over = False  # whether the source has ended or was closed

    def _belongs(self, event: T, *, is_passed_over: bool = False) -> bool:
        """Return whether an event that was read belongs to the current stream; note where that one ends."""
        place = self._boundaries.place(event)
        if place == "next":
            self._next.append(event)
            self._finish_current("ended")
        elif place == "here" and is_passed_over:
            self._finish_current("lost")
        elif self._boundaries.is_done:
            self._finish_current("ended")
        return place == "here"

    def _begin(self) -> _Progress:
        """Return the progress of the stream that begins."""
        self._current = _Progress()
        if self._boundaries.is_done:
            self._finish_current("ended")
        return self._current

    def _finish_current(self, state: Literal["ended", "lost"]) -> None:
        self._current.finish(state)

    def _stop(self, state: Literal["ended", "lost"]) -> None:
        """Note that nothing more is read: the source has ended, or was closed before its end."""
        self._is_over = True
        self._finish_current(state)
        if state == "lost":
            self._next.clear()


class StreamEvents(_Events[T], Iterator[T]):
    """An iterator over the events of one stream. Closing it does not close the source."""

    __slots__ = ("_read",)

    def __init__(
        self,
        first: T,
        progress: _Progress,
        belongs: Callable[[T], bool],
        read: Callable[[], T | _End],
    ) -> None:
        super().__init__(first, progress, belongs)
        self._read = read

    def __next__(self) -> T:
        first = self._take_first()
        if first is not _END:
            return first
        while self._progress.state == "open":
            event = self._read()
            if event is not _END and self._belongs(event):
                return event
        raise StopIteration

    def close(self) -> None:
        """Yield no more events. The next stream can be requested."""
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
        first = self._next.pop()
        return StreamEvents(first, self._begin(), self._belongs, self._read)

    def _read(self) -> T | _End:
        if self._is_over:
            return _END
        try:
            event = next(self._iterator, _END)
        except BaseException as error:  # an iterator that raised anything is exhausted
            self._stop("lost")
            try:
                close_all(self._iterator, self._source)
            except Exception as failure:  # noqa: BLE001  # it must not hide the error that ended the source
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

    __slots__ = ("_read",)

    def __init__(
        self,
        first: T,
        progress: _Progress,
        belongs: Callable[[T], bool],
        read: Callable[[], Awaitable[T | _End]],
    ) -> None:
        super().__init__(first, progress, belongs)
        self._read = read

    async def __anext__(self) -> T:
        first = self._take_first()
        if first is not _END:
            return first
        while self._progress.state == "open":
            event = await self._read()
            if event is not _END and self._belongs(event):
                return event
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Yield no more events. The next stream can be requested."""
        self._close()


class AsyncStreams(_Streams[T], AsyncIterator[AsyncStreamEvents[T]]):
    """Does the same as `Streams`, for an asynchronous source."""

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
        first = self._next.pop()
        return AsyncStreamEvents(first, self._begin(), self._belongs, self._read)

    async def _read(self) -> T | _End:
        if self._is_over:
            return _END
        try:
            event = await anext(self._iterator, _END)
        except BaseException as error:  # an iterator that raised anything is exhausted
            self._stop("lost")
            try:
                await aclose_all(self._iterator, self._source)
            except Exception as failure:  # noqa: BLE001  # it must not hide the error that ended the source
                _note(error, failure)
            raise
        if event is _END:
            self._stop("ended")
            await aclose_all(self._iterator, self._source)
        return event

    async def aclose(self) -> None:
        """Close the source; see `Streams.close`."""
        self._stop("lost")
        await aclose_all(self._iterator, self._source)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def _note(error: BaseException, failure: Exception) -> None:
    with suppress(Exception):  # an exception may refuse notes, or have no repr
        error.add_note(f"closing the source failed too: {failure!r}")
