"""From a source of events to snapshots: a thin shell over the assembler, for `for` and for `async for`.

It owns the source, its iterator, and the decision when to close them. It does not know what events mean.

- A stream yields a snapshot after each event that changed the document, and always a last one, with `complete=True`.
- Callbacks are called before the snapshot is yielded; an asynchronous stream awaits them.
- An error of the assembler (a rejected event) does not end the stream: the next `next()` reads the next event.
- An exception of the source ends it: later calls raise `StopIteration`, and the document is not completed.
- The source and its iterator are closed, if they can be, at `[DONE]`, at the source's end, at its exception, at
  `StreamFailedError`, and when the stream is closed.
- A stream can be closed by another task or thread while it is read. The reader then ends as if the stream had ended,
  but the document is not completed. A task that waits for the source is interrupted; a thread can't be, so `close`
  raises an error that says so.

Cost: the assembler's, and one snapshot for each event that changed something.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TypeVar, Unpack, overload

from .._dialects import needs_decoding
from .._errors import InvalidEventError, StreamJSONError, shorten
from .._notify import current_task, is_cancellation_of_another
from .._view import UNREAD, Completion, Snapshot, structurer_of
from .._wire import ServerSentEvent, StreamingChunk, aclose_all, close_all, right_call
from .base import BaseStream, StreamOptions
from .readers import AsyncPullIterator, CompletionReader, PullIterator, TextReader, ValueReader, structurers

__all__ = ["AsyncSnapshotStream", "SnapshotStream", "assemble"]

T = TypeVar("T")

_END: Final = object()  # what `next` returns at the end of a source
_NO_EVENTS: Final[Iterator[object]] = iter(())  # the iterator of a stream that has closed its own
_UNKNOWN_TASK: Final = object()  # the reader's task where the event loop is not asyncio's


@overload
def assemble(source: AsyncIterable[object], **options: Unpack[StreamOptions]) -> AsyncSnapshotStream: ...
@overload
def assemble(source: Iterable[object], **options: Unpack[StreamOptions]) -> SnapshotStream: ...
def assemble(
    source: Iterable[object] | AsyncIterable[object], **options: Unpack[StreamOptions]
) -> SnapshotStream | AsyncSnapshotStream:
    """Return an iterator, for `for` or `async for`, over the snapshots of the document that a source of events builds.

    `source` is any iterable, or asynchronous iterable, of what `Assembler.apply` takes; one that is both is used as an
    asynchronous one. The options are the assembler's; or `assembler` is an existing one, which continues as it is, such
    as one that was restored. One that has ended raises `ClosedError` at once: call its `reopen()` first if that end was
    a guess. `replays` is a filter of the events that were applied before: the stream passes them over, and reports the
    others to the filter. With `require_done=True`, an end without `[DONE]` raises `StreamTruncatedError` (`no_done`): a
    source that was cut between two events looks like one that ended.

    Iterating raises what `Assembler.apply` and the source raise. Bytes, text or a response in place of events raise
    `InvalidEventError` (`needs_decoding`): pass `decode_sse(response.iter_bytes())`.

    >>> import streamjson as sj
    >>> events = [{"delta": "Jane", "json_path": "name"}, {"delta": " Doe", "json_path": "name"}]
    >>> for snapshot in sj.assemble(events):
    ...     print(snapshot.value, snapshot.complete)
    {'name': 'Jane'} False
    {'name': 'Jane Doe'} False
    {'name': 'Jane Doe'} True
    """
    if isinstance(source, str | bytes | bytearray | memoryview):
        raise needs_decoding(source)
    if _is_response(source):
        raise InvalidEventError(
            f"{shorten(source)} is a response, not its events: call assemble(decode_sse(pieces)) with its bytes,"
            f" {right_call(source)}",
            code="needs_decoding",
        )
    if isinstance(source, Mapping | StreamingChunk | ServerSentEvent):
        raise InvalidEventError("one event is not a source of events: pass [event], or call Assembler().apply(event)")
    if isinstance(source, AsyncIterable):
        return AsyncSnapshotStream(source, **options)
    if isinstance(source, Iterable):
        return SnapshotStream(source, **options)
    raise InvalidEventError(
        f"a source of events is an iterable, not {shorten(source)};"
        f" for a response, call assemble(decode_sse(pieces)) with its bytes, {right_call(source)}"
    )


def _is_response(source: object) -> bool:
    return any(hasattr(source, name) for name in ("iter_bytes", "aiter_bytes", "iter_content", "iter_chunked"))


class SnapshotStream(BaseStream):
    """An iterator over the snapshots of a source of events, and a context manager that closes it. See `assemble`."""

    def __init__(self, source: Iterable[object], **options: Unpack[StreamOptions]) -> None:
        super().__init__(**options)
        self._source: object = source
        self._iterator = iter(source)

    def __iter__(self) -> Iterator[Snapshot]:
        return self

    def __next__(self) -> Snapshot:
        # Hot: the session's own methods and a snapshot made in place save 13 to 16 % for each event.
        session = self._session
        while not self._is_finished:
            if session.document.locked_by:  # before the read: an event that was read must not be lost
                session.check_unlocked()
            try:
                event = next(self._iterator, _END)
            except BaseException as error:  # an iterator that raised anything is exhausted
                if self._is_finished and isinstance(error, Exception):  # another thread closed the stream
                    break
                self._release(error)
                raise
            if self._is_finished:  # another thread closed the stream: nothing more is applied or completed
                break
            try:
                kind = self._end() if event is _END else self._consume(event)
                document = session.document
                if document.closed and session.end != "open":
                    self._is_finished = self._owes_last = True
                if not document.has_no_listener:
                    session.notify(kind)
            except BaseException as error:  # interrupts too: a source that is no longer needed must be closed
                if session.end != "open":  # the event has brought the end, too
                    self._is_finished = self._owes_last = True
                if self._is_finished or session.has_failed or event is _END:
                    self._release(error)
                if isinstance(error, StreamJSONError):
                    session.notify_unreported(error)
                raise
            if self._is_finished:
                self._release()
            elif kind is not None:
                first, since = session.first_snapshot, self._latest.version
                snapshot = Snapshot()  # `_take_snapshot` again, without its two calls
                snapshot.version = version = document.version
                is_first = first.version != version
                shown = UNREAD if is_first else first
                snapshot._document, snapshot._since, snapshot._value = document, since, shown  # noqa: SLF001  # hot: see INVARIANTS 8
                snapshot.end, snapshot.span_id, snapshot.last_event_id = "open", session.span_id, session.last_event_id
                if is_first:
                    session.first_snapshot = snapshot
                self._latest = snapshot
                return snapshot
        if self._owes_last:
            return self._take_last_snapshot()
        if self._iterator is not _NO_EVENTS:
            self._release()  # the stream was closed while it was read
        raise StopIteration

    @overload
    def completed(self, pattern: str, into: None = None) -> Iterator[Any]: ...
    @overload
    def completed(self, pattern: str, into: type[T]) -> Iterator[T]: ...
    @overload
    def completed(self, pattern: str, into: Any) -> Iterator[Any]: ...
    def completed(self, pattern: str, into: Any = None) -> Iterator[Any]:
        """Return an iterator over the finished values that `pattern`, JSONPath, selects. It reads the stream on demand.

        It begins with the values that are already finished, and ends when the stream ends. With `into`, a class, each
        value is an object of it, made and validated once. A value that the sender writes to after it was finished is
        yielded again at the end. `Assembler.on_complete` says when a value is finished.

        Raises `InvalidPatternError`, and `TypeError` for an `into` that can't be made. `next()` raises what the stream
        raises, and `StructureError` for a value that does not fit; the `next()` after that continues. With `on_misfit`,
        a value that does not fit is passed over.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"people": [{"name": "Jane"}, {"name": "John"}]}))
        >>> for person in stream.completed("people[*]"):
        ...     print(person, stream.snapshot.complete)
        {'name': 'Jane'} False
        {'name': 'John'} True
        """
        return PullIterator(self, ValueReader(CompletionReader(self._session, {pattern: structurer_of(into)})))

    @overload
    def completions(self, *patterns: str, into: None = None) -> Iterator[Completion[Any]]: ...
    @overload
    def completions(self, *patterns: str, into: type[T]) -> Iterator[Completion[T]]: ...
    @overload
    def completions(self, *patterns: str, into: Any) -> Iterator[Completion[Any]]: ...
    def completions(self, *patterns: str, into: Any = None) -> Iterator[Completion[Any]]:
        """Return an iterator over the `Completion`s of the values that any of the patterns selects, in order.

        Works like `completed`, for several kinds of values from one stream. A completion's `pattern` is the one that
        selects the value, `path` is its location, and `revision` is 2 for a value that is yielded again, which may be
        `gone`. `into` is one type for all patterns, or a mapping from pattern to type; a mapping alone is enough.

        Raises `InvalidPatternError`, and `TypeError` for an `into` that can't be made or that names another pattern.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"people": ["Jane", "John"], "total": 2}))
        >>> for done in stream.completions("people[*]", "total"):
        ...     print(done.pattern, done.path, done.value)
        people[*] people[0] Jane
        people[*] people[1] John
        total total 2
        """
        return PullIterator(self, CompletionReader(self._session, structurers(patterns, into)))

    def text(self, path: str) -> Iterator[str]:
        """Return an iterator over the pieces of the text at `path` as it grows. It reads the stream on demand.

        It begins with the text so far, waits while there is nothing or null, and ends when the stream ends.

        Raises `InvalidPathError`. `next()` raises what the stream raises, and `ConflictError` if the value at `path` is
        not text (`not_text`), or if the text is replaced after a piece of it was yielded (`text_replaced`); that error
        ends the iterator.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"title": "Lisbon", "days": []}, piece_chars=3))
        >>> list(stream.text("title"))
        ['Lis', 'bon']
        """
        return PullIterator(self, TextReader(self._session, path))

    @overload
    def final(self, into: None = None) -> Any: ...
    @overload
    def final(self, into: type[T]) -> T: ...
    @overload
    def final(self, into: Any) -> Any: ...
    def final(self, into: Any = None) -> Any:
        """Read the stream to its end and return the document; with `into`, a class, as a validated object of it.

        Returns `MISSING` for an empty source, and for an empty answer: a span and `[DONE]`, without a delta. If there
        were events that were not understood, and no delta, it raises `StreamFailedError` (`no_deltas`) instead.

        Raises at the first rejected event; call it again to continue with the next one. If the stream has ended, but
        not well, it raises `ClosedError`. A document that does not fit raises `StructureError`. An `into` that can't be
        made raises `TypeError` before anything is read.

        >>> import streamjson as sj
        >>> sj.assemble(sj.disassemble({"people": [{"name": "Jane"}]})).final()
        {'people': [{'name': 'Jane'}]}
        """
        structurer = structurer_of(into)
        for _ in self:
            pass
        return self._final_value(structurer)

    def close(self) -> None:
        """Stop reading, and close the source and its iterator if they can be closed. The document is not completed.

        A thread that waits for the source can't be interrupted: `close` then raises `StreamJSONError` (`reading`). The
        stream stops all the same: its reader ends, and closes the source, as soon as the source yields an event, ends
        or raises. docs/recipes.md shows how to make that happen at once.
        """
        self._is_finished = True
        if getattr(self._iterator, "gi_running", False):
            raise _thread_is_reading()
        self._release()

    def _release(self, cause: BaseException | None = None) -> None:
        """Close the source; `cause` is the error that ended the stream, if one did."""
        self._is_finished = True
        iterator, source, self._iterator, self._source = self._iterator, self._source, _NO_EVENTS, None
        try:
            close_all(iterator, source)
        except Exception as error:  # raised by the source; it must not hide the error that ended the stream
            if isinstance(error, ValueError) and "already executing" in str(error):  # a generator inside the source
                self._iterator, self._source = iterator, source  # the reader closes them
                raise _thread_is_reading() from None
            if cause is None:
                raise
            cause.add_note(f"closing the source failed too: {error!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _thread_is_reading() -> StreamJSONError:
    return StreamJSONError(
        "another thread is waiting for the source and can't be interrupted: it stops when the source yields an event,"
        " ends or raises; to stop it at once, shut down the connection, or read it with a timeout",
        code="reading",
    )


class AsyncSnapshotStream(BaseStream):
    """An asynchronous iterator over the snapshots of a source of events, and a context manager. See `assemble`.

    Callbacks that are coroutine functions are awaited, one after the other, before the snapshot is yielded.
    """

    def __init__(self, source: AsyncIterable[object], **options: Unpack[StreamOptions]) -> None:
        super().__init__(**options)
        self._session.dispatcher.allow_coroutines()
        self._source: object = source
        self._iterator: AsyncIterator[object] | None = aiter(source)
        self._is_reading = False
        self._reader: Any = None  # the task that waits for the source
        self._is_interrupted = False  # whether `aclose` has cancelled that task

    def __aiter__(self) -> AsyncIterator[Snapshot]:
        return self

    def __iter__(self) -> NoReturn:
        raise TypeError("this stream is asynchronous: iterate over it with `async for`")

    async def __anext__(self) -> Snapshot:
        self._session.check_unlocked()
        if self._is_reading:  # else the source would raise, and the stream would end
            message = "another task is already reading this stream: read it in one task, and notify others by callbacks"
            raise StreamJSONError(message, code="reading")
        self._is_reading = True
        try:
            return await self._read()
        finally:
            self._is_reading = False

    async def _read(self) -> Snapshot:
        assembler = self._assembler
        while not self._is_finished and self._iterator is not None:
            self._session.check_unlocked()
            self._reader = current_task() or _UNKNOWN_TASK
            try:
                event = await anext(self._iterator, _END)
            except BaseException as error:  # an iterator that raised anything is exhausted
                if self._is_finished and self._is_stop(error):
                    break
                await self._release(error)
                raise
            finally:
                reader, self._reader = self._reader, None
            if self._is_finished:  # the stream was closed, though the source yielded an event
                self._uncancel(reader)
                break
            try:
                kind = self._end() if event is _END else self._consume(event)
                if assembler.end != "open":
                    self._is_finished = self._owes_last = True
                await self._session.notify_and_await(kind)
            except BaseException as error:  # interrupts too: a source that is no longer needed must be closed
                if assembler.end != "open":  # as above
                    self._is_finished = self._owes_last = True
                if self._is_finished or self._session.has_failed or event is _END:
                    await self._release(error)
                if isinstance(error, StreamJSONError):
                    await self._session.notify_unreported_and_await(error)
                raise
            if self._is_finished:
                await self._release()
            elif kind is not None:
                return self._take_snapshot()
        if self._owes_last:
            return self._take_last_snapshot()
        await self._release()  # in case the stream was closed while it was read
        raise StopAsyncIteration

    def _uncancel(self, reader: Any) -> int:
        """Undo the cancellation by `aclose`, if there was one; return how many cancellations remain."""
        return reader.uncancel() if self._is_interrupted else 0

    def _is_stop(self, error: BaseException) -> bool:
        """Return whether an error is due to `aclose`, which has cancelled the reader, and to nothing else."""
        remaining = self._uncancel(self._reader)
        if isinstance(error, Exception):  # the source's own reaction to the cancellation
            return True
        return remaining == 0 and is_cancellation_of_another(error)

    @overload
    def completed(self, pattern: str, into: None = None) -> AsyncIterator[Any]: ...
    @overload
    def completed(self, pattern: str, into: type[T]) -> AsyncIterator[T]: ...
    @overload
    def completed(self, pattern: str, into: Any) -> AsyncIterator[Any]: ...
    def completed(self, pattern: str, into: Any = None) -> AsyncIterator[Any]:
        """Return an asynchronous iterator over the finished values; see `SnapshotStream.completed`."""
        return AsyncPullIterator(self, ValueReader(CompletionReader(self._session, {pattern: structurer_of(into)})))

    @overload
    def completions(self, *patterns: str, into: None = None) -> AsyncIterator[Completion[Any]]: ...
    @overload
    def completions(self, *patterns: str, into: type[T]) -> AsyncIterator[Completion[T]]: ...
    @overload
    def completions(self, *patterns: str, into: Any) -> AsyncIterator[Completion[Any]]: ...
    def completions(self, *patterns: str, into: Any = None) -> AsyncIterator[Completion[Any]]:
        """Return an asynchronous iterator over the completions; see `SnapshotStream.completions`."""
        return AsyncPullIterator(self, CompletionReader(self._session, structurers(patterns, into)))

    def text(self, path: str) -> AsyncIterator[str]:
        """Return an asynchronous iterator over the pieces of a text; see `SnapshotStream.text`."""
        return AsyncPullIterator(self, TextReader(self._session, path))

    @overload
    async def final(self, into: None = None) -> Any: ...
    @overload
    async def final(self, into: type[T]) -> T: ...
    @overload
    async def final(self, into: Any) -> Any: ...
    async def final(self, into: Any = None) -> Any:
        """Read the stream to its end and return the document; see `SnapshotStream.final`."""
        structurer = structurer_of(into)
        async for _ in self:
            pass
        return self._final_value(structurer)

    async def aclose(self) -> None:
        """Stop reading, and close the source and its iterator if they can be closed. The document is not completed.

        A task that waits for the source is interrupted: it ends as if the stream had ended, and closes the source.
        That needs `asyncio`; with another event loop, `aclose` raises `StreamJSONError` (`reading`): cancel the task.
        """
        reader = self._reader
        if reader is None:
            await self._release()
        elif reader is _UNKNOWN_TASK:
            raise StreamJSONError("another task is reading this stream: cancel that task instead", code="reading")
        elif not self._is_finished:
            self._is_finished = True
            if reader is not current_task():  # else the source closes its own stream, which ends when it returns
                self._is_interrupted = True
                reader.cancel()

    async def _release(self, cause: BaseException | None = None) -> None:
        """Close the source; `cause` is the error that ended the stream, if one did."""
        self._is_finished = True
        iterator, source, self._iterator, self._source = self._iterator, self._source, None, None
        try:
            await aclose_all(iterator, source)
        except Exception as error:  # raised by the source; it must not hide the error that ended the stream
            if cause is None:
                raise
            cause.add_note(f"closing the source failed too: {error!r}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
