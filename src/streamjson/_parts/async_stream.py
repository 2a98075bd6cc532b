"""From an asynchronous source of a provider's events to the parts that change, for `async for`: as `sync_stream`.

Callbacks that are coroutine functions are awaited, one after the other, before the part is yielded.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Collection
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TypeVar, Unpack, overload

from .._errors import StreamJSONError
from .._streams import AsyncPullIterator, AsyncSnapshotStream
from .._view import add_progress
from .._wire import aclose_all
from .base_stream import BasePartStream, PartStreamOptions
from .calls import Call
from .part import Part
from .part_snapshots import AsyncPartSnapshots
from .part_state import Kind
from .readers import Selection

__all__ = ["AsyncPartStream"]

T = TypeVar("T")

_END: Final = object()


class AsyncPartStream(BasePartStream):
    """An asynchronous iterator over the parts of an answer as they change, and a context manager.

    See `assemble_parts`, and `PartStream` for its methods.
    """

    def __init__(self, source: AsyncIterable[object], **options: Unpack[PartStreamOptions]) -> None:
        super().__init__(**options)
        self._session.allows_coroutines = True
        self._source: object = source
        self._iterator: AsyncIterator[object] | None = aiter(source)
        self._is_reading = False

    def __aiter__(self) -> AsyncIterator[Part]:
        return self

    def __iter__(self) -> NoReturn:
        raise TypeError("this stream is asynchronous: iterate over it with `async for`")

    async def __anext__(self) -> Part:
        while not self._changed:
            self._changed = (await self._read())[::-1]
        return self._changed.pop()

    async def _advance(self) -> None:
        """Read one event. Raises `StopAsyncIteration` at the end, and what `__anext__` raises."""
        await self._read()

    async def _read(self) -> list[Part]:
        if self._is_reading:
            message = "another task is already reading this stream: read it in one task, and notify others by callbacks"
            raise StreamJSONError(message, code="reading")
        self._is_reading = True
        try:
            return await self._read_alone()
        finally:
            self._is_reading = False

    async def _read_alone(self) -> list[Part]:
        if self._is_finished or self._iterator is None:
            raise StopAsyncIteration
        session = self._session
        session.check_idle()  # before the read: an event that was read must not be lost
        try:
            event = await anext(self._iterator, _END)
        except BaseException as error:
            explained = self._explain(error)
            await self._release(explained)
            if explained is error:
                raise
            raise explained from error
        try:
            changed = self._take_end() if event is _END else session.consume(event)
            if session.end == "done":
                self._check_done()
        except BaseException as error:
            await self._release(error)
            if isinstance(error, StreamJSONError):
                await session.notify_before_and_await(error)
            raise
        if not session.is_open:
            await self._release()
        await session.notify_and_await()
        return changed

    @overload
    def calls(self, names: str | Collection[str] | None = None, *, into: None = None) -> AsyncIterator[Call[Any]]: ...
    @overload
    def calls(self, names: str | Collection[str] | None = None, *, into: type[T]) -> AsyncIterator[Call[T]]: ...
    @overload
    def calls(self, names: str | Collection[str] | None = None, *, into: Any) -> AsyncIterator[Call[Any]]: ...
    def calls(self, names: str | Collection[str] | None = None, *, into: Any = None) -> AsyncIterator[Call[Any]]:
        """Return an asynchronous iterator over the whole calls; see `PartStream.calls`."""
        return AsyncPullIterator(self._advance, self._call_reader(names, into))

    def snapshots(self, *, kind: Kind | None = None, name: str | None = None) -> AsyncSnapshotStream:
        """Return an asynchronous stream of the snapshots of one part; see `PartStream.snapshots`."""
        return AsyncPartSnapshots(self, self._advance, Selection(self._session.answer, kind, name))

    def text(self, *, choice: int | None = None) -> AsyncIterator[str]:
        """Return an asynchronous iterator over the pieces of the answer's prose; see `PartStream.text`."""
        return AsyncPullIterator(self._advance, self._prose_reader(choice))

    async def final(self) -> list[Part]:
        """Read the stream to its end and return all parts; see `PartStream.final`."""
        try:
            while True:
                await self._advance()
        except StopAsyncIteration:
            return self._final_parts()

    async def aclose(self) -> None:
        """Stop reading, and close the source and its iterator if they can be closed. Parts stay as they are.

        While another task waits for the source, it raises `StreamJSONError` (`reading`): cancel that task instead.
        """
        if self._is_reading:
            raise StreamJSONError("another task is reading this stream: cancel that task instead", code="reading")
        await self._release()

    async def _release(self, cause: BaseException | None = None) -> None:
        self._is_finished = True
        if cause is not None:
            add_progress(cause, self.parts[-1].snapshot if self.parts else None, self.parts)
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
