"""From an asynchronous source of events to snapshots, for `async for`: as `sync_stream`, which has the rules.

Callbacks that are coroutine functions are awaited before the snapshot is yielded. `pacing` may read ahead.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, TypeVar, Unpack, overload

from .._errors import StreamJSONError, shorten
from .._notify import current_task, is_cancellation_of_another
from .._view import Completion, Snapshot, add_progress, structurer_of
from .._wire import aclose_all
from .base import BaseStream, StreamOptions
from .readers import AsyncPullIterator, CompletionReader, TextReader, ValueReader, structurers

if TYPE_CHECKING:
    from .pacing import Conflation

__all__ = ["AsyncSnapshotStream"]

T = TypeVar("T")

_END: Final = object()  # what `anext` returns at the end of a source
_UNKNOWN_TASK: Final = object()  # the reader's task where the event loop is not asyncio's


class AsyncSnapshotStream(BaseStream):
    """An asynchronous iterator over the snapshots of a source of events, and a context manager. See `assemble`.

    Callbacks that are coroutine functions are awaited, one after the other, before the snapshot is yielded.
    """

    def __init__(
        self,
        source: AsyncIterable[object],
        *,
        min_interval_s: float = 0,
        conflate: bool = False,
        **options: Unpack[StreamOptions],
    ) -> None:
        seconds: object = min_interval_s
        if type(seconds) not in (int, float) or not 0 <= min_interval_s < float("inf"):
            raise ValueError(f"min_interval_s is a number of seconds, not {shorten(seconds)}")
        if type(conflate) is not bool:
            raise ValueError(f"conflate is True or False, not {shorten(conflate)}")
        super().__init__(**options)
        self._pacing: Conflation | None = None
        if conflate or min_interval_s:
            from .pacing import Conflation  # noqa: PLC0415  # it needs asyncio, which takes as long as this library

            since = self._latest.version
            self._pacing = Conflation(
                self._read_alone,
                lambda: self._is_finished,
                since=since,
                min_interval_s=min_interval_s,
                reads_ahead=conflate,
            )
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
        return await (self._read_alone() if self._pacing is None else self._pacing.next())

    async def _read_alone(self) -> Snapshot:
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
            elif (kind is not None and self._session.document.version >= self._due_version) or self._is_pulled:
                return self._take_snapshot()
        if self._owes_last:
            return self._take_last_snapshot()
        await self._release()  # in case the stream was closed while it was read
        raise StopAsyncIteration

    async def _advance(self) -> None:
        """Read one event, or more. Raises as `__anext__`."""
        self._is_pulled = True
        try:
            await anext(self)
        finally:
            self._is_pulled = False

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
        return AsyncPullIterator(
            self._advance, ValueReader(CompletionReader(self._session, {pattern: structurer_of(into)}))
        )

    @overload
    def completions(self, *patterns: str, into: None = None) -> AsyncIterator[Completion[Any]]: ...
    @overload
    def completions(self, *patterns: str, into: type[T]) -> AsyncIterator[Completion[T]]: ...
    @overload
    def completions(self, *patterns: str, into: Any) -> AsyncIterator[Completion[Any]]: ...
    def completions(self, *patterns: str, into: Any = None) -> AsyncIterator[Completion[Any]]:
        """Return an asynchronous iterator over the completions; see `SnapshotStream.completions`."""
        return AsyncPullIterator(self._advance, CompletionReader(self._session, structurers(patterns, into)))

    def text(self, path: str) -> AsyncIterator[str]:
        """Return an asynchronous iterator over the pieces of a text; see `SnapshotStream.text`."""
        return AsyncPullIterator(self._advance, TextReader(self._session, path))

    @overload
    async def final(self, into: None = None) -> Any: ...
    @overload
    async def final(self, into: type[T]) -> T: ...
    @overload
    async def final(self, into: Any) -> Any: ...
    async def final(self, into: Any = None) -> Any:
        """Read the stream to its end and return the document; see `SnapshotStream.final`."""
        structurer = structurer_of(into)
        with self._without_snapshots():
            async for _ in self:
                pass
        return self._final_value(structurer)

    async def aclose(self) -> None:
        """Stop reading, and close the source and its iterator if they can be closed. The document is not completed.

        A task that waits for the source is interrupted: it ends as if the stream had ended, and closes the source.
        That needs `asyncio`; with another event loop, `aclose` raises `StreamJSONError` (`reading`): cancel the task.
        """
        reader = self._reader
        if self._pacing is not None:
            self._pacing.stop()
        if reader is None:
            await self._release()
        elif reader is _UNKNOWN_TASK:
            raise StreamJSONError("another task is reading this stream: cancel that task instead", code="reading")
        elif not self._is_finished:
            self._is_finished = True
            if reader is not current_task():  # else the source closes its own stream, which ends when it returns
                self._is_interrupted = True
                reader.cancel()
        if self._pacing is not None:
            await self._pacing.wait(is_reading=reader is not None)

    async def _release(self, cause: BaseException | None = None) -> None:
        """Close the source; `cause` is the error that ended the stream, if one did."""
        self._is_finished = True
        if cause is not None:
            add_progress(cause, self.snapshot)
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
