"""The snapshots of one part of an answer, as a stream: what the part's own assembler shows, while the answer is read.

The part may not have begun when the stream is made; until then it shows an empty document. Closing it closes nothing:
the answer has the source.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from .._errors import ClosedError
from .._streams import AsyncPullIterator, AsyncSnapshotStream, PullIterator, SnapshotStream
from .._view import Completion, Snapshot
from .part import Part
from .readers import DeferredReader, Reader, Selection

__all__ = ["AsyncPartSnapshots", "PartSnapshots"]


class _Followed:
    """The part that a stream of snapshots follows, and how far it is shown."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self.part: Part | None = None
        self.is_over = False  # nothing more comes
        self._shown_version = 0
        self._is_last_shown = False

    def find(self) -> Part | None:
        """Return the part, if it has begun."""
        if self.part is None:
            self.part = self._selection.find()
        return self.part

    def is_due(self) -> bool:
        """Return whether there is something new to show; note that it is shown."""
        if self.part is None:
            return False
        assembler = self.part.assembler
        if assembler.end != "open" and not self._is_last_shown:
            is_changed = assembler.version != self._shown_version
            self._is_last_shown = not is_changed
            self._shown_version = assembler.version
            return True
        is_changed = assembler.version != self._shown_version
        self._shown_version = assembler.version
        return is_changed

    def has_ended(self) -> bool:
        """Return whether the part has ended."""
        return self.part is not None and self.part.end != "open"

    def begun(self) -> Part:
        """Return the part of an answer that has ended. Raises `ClosedError` if there is none, and the part's error."""
        if self.part is None:
            raise ClosedError("the answer has ended, and has no such part")
        if self.part.error is not None:
            raise self.part.error
        return self.part

    def check_whole(self) -> None:
        """Raise `ClosedError`, or the part's error, if the part is not whole, or the answer has ended without it."""
        part = self.begun()
        if not part.complete:
            raise ClosedError(f"{part!r} is not whole; `snapshot` has the part that arrived")


class PartSnapshots(SnapshotStream):
    """A `SnapshotStream` over one part of an answer."""

    def __init__(self, answer: object, advance_answer: Callable[[], object], selection: Selection) -> None:
        super().__init__(())
        self.answer: object = answer  # the stream of which this shows a part
        self._advance_answer = advance_answer
        self._followed = _Followed(selection)

    def begun(self) -> Part:
        """Return the part, after the last snapshot. Raises `ClosedError` if there is none, and the part's error."""
        return self._followed.begun()

    def __next__(self) -> Snapshot:
        while True:
            self._follow()
            if not self._is_finished and self._followed.is_due():
                return self._take_snapshot()
            self._advance()

    def _follow(self) -> None:
        part = self._followed.find()
        if part is not None and part.assembler is not self._assembler:
            self._attach(part.assembler)

    def _advance(self) -> None:
        """Read one event of the answer. Raises `StopIteration` where nothing more can come."""
        followed = self._followed
        if self._is_finished or followed.is_over:
            raise StopIteration
        if followed.has_ended():
            followed.is_over = True  # but what the end has brought may not be read yet
            return
        try:
            self._advance_answer()
        except StopIteration:
            followed.is_over = True

    def completed(self, pattern: str, into: Any = None) -> Iterator[Any]:
        """Return an iterator over the finished values; see `SnapshotStream.completed`."""
        return self._deferred(lambda: super(PartSnapshots, self).completed(pattern, into))

    def completions(self, *patterns: str, into: Any = None) -> Iterator[Completion[Any]]:
        """Return an iterator over the completions; see `SnapshotStream.completions`."""
        return self._deferred(lambda: super(PartSnapshots, self).completions(*patterns, into=into))

    def text(self, path: str) -> Iterator[str]:
        """Return an iterator over the pieces of the text at `path`; see `SnapshotStream.text`."""
        return self._deferred(lambda: super(PartSnapshots, self).text(path))

    def _deferred(self, make: Callable[[], Any]) -> Iterator[Any]:
        made: Any = make()  # a mistake shows where it was made
        del made

        def reader() -> Reader | None:
            self._follow()
            found: Reader | None = make().reader if self._followed.part is not None else None
            return found

        return PullIterator(self._advance, DeferredReader(reader))

    def final(self, into: Any = None) -> Any:
        """Read the part to its end and return its document; see `SnapshotStream.final`.

        Raises `ClosedError` if the part is not whole, or the answer has no such part, and the part's `error`.
        """
        for _ in self:
            pass
        self._followed.check_whole()
        return super().final(into)

    def close(self) -> None:
        """Yield no more snapshots. The answer can be read on."""
        self._is_finished = True


class AsyncPartSnapshots(AsyncSnapshotStream):
    """An `AsyncSnapshotStream` over one part of an answer."""

    def __init__(self, answer: object, advance_answer: Callable[[], Awaitable[object]], selection: Selection) -> None:
        super().__init__(AsyncPullIterator(advance_answer, DeferredReader(lambda: None)))  # it is never read
        self.answer: object = answer  # as in `PartSnapshots`
        self._advance_answer = advance_answer
        self._followed = _Followed(selection)

    def begun(self) -> Part:
        """Return the part, after the last snapshot; see `PartSnapshots.begun`."""
        return self._followed.begun()

    async def __anext__(self) -> Snapshot:
        while True:
            self._follow()
            if not self._is_finished and self._followed.is_due():
                return self._take_snapshot()
            await self._advance()

    def _follow(self) -> None:
        part = self._followed.find()
        if part is not None and part.assembler is not self._assembler:
            self._attach(part.assembler)

    async def _advance(self) -> None:
        """Read one event of the answer. Raises `StopAsyncIteration` where nothing more can come."""
        followed = self._followed
        if self._is_finished or followed.is_over:
            raise StopAsyncIteration
        if followed.has_ended():
            followed.is_over = True  # as in `PartSnapshots`
            return
        try:
            await self._advance_answer()
        except StopAsyncIteration:
            followed.is_over = True

    def completed(self, pattern: str, into: Any = None) -> AsyncIterator[Any]:
        """Return an asynchronous iterator over the finished values; see `SnapshotStream.completed`."""
        return self._deferred(lambda: super(AsyncPartSnapshots, self).completed(pattern, into))

    def completions(self, *patterns: str, into: Any = None) -> AsyncIterator[Completion[Any]]:
        """Return an asynchronous iterator over the completions; see `SnapshotStream.completions`."""
        return self._deferred(lambda: super(AsyncPartSnapshots, self).completions(*patterns, into=into))

    def text(self, path: str) -> AsyncIterator[str]:
        """Return an asynchronous iterator over the pieces of the text at `path`; see `SnapshotStream.text`."""
        return self._deferred(lambda: super(AsyncPartSnapshots, self).text(path))

    def _deferred(self, make: Callable[[], Any]) -> AsyncIterator[Any]:
        made: Any = make()  # as in `PartSnapshots`
        del made

        def reader() -> Reader | None:
            self._follow()
            found: Reader | None = make().reader if self._followed.part is not None else None
            return found

        return AsyncPullIterator(self._advance, DeferredReader(reader))

    async def final(self, into: Any = None) -> Any:
        """Read the part to its end and return its document; see `PartSnapshots.final`."""
        async for _ in self:
            pass
        self._followed.check_whole()
        return await super().final(into)

    async def aclose(self) -> None:
        """Yield no more snapshots. The answer can be read on."""
        self._is_finished = True
