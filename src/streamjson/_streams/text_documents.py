"""From pieces with several JSON texts, one after the other, to a stream of snapshots for each of them.

It owns the source, and which part of which piece belongs to which text (`Boundaries`). The streams are read one after
the other: asking for the next one passes over the rest of the one before, which then raises `ClosedError`. A
mistake in one text does not affect the others. Closing a stream leaves the source open; closing the iterator closes it.

Cost: linear in the text, which is searched once more. Memory: one piece.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, cast

from .._errors import ClosedError, InvalidEventError, StreamJSONError, shorten
from .._text import Boundaries
from .._wire import aclose_all, close_all
from .async_stream import AsyncSnapshotStream
from .sync_stream import SnapshotStream

__all__ = ["AsyncTextDocuments", "TextDocuments"]

Piece: TypeAlias = str | bytes
_Part: TypeAlias = tuple[Piece, bool]  # and whether it ends its text

_BYTES: Final = (bytes, bytearray, memoryview)
_DECODER: Final = getincrementaldecoder("utf-8")


class _Parts:
    """The parts of the pieces that were read, each of one text, until they are taken."""

    def __init__(self) -> None:
        self._boundaries = Boundaries()
        self._decoder = _DECODER("surrogateescape")  # bytes that are not UTF-8 come out as they were
        self.read: deque[_Part] = deque()
        self.is_over = False  # nothing more is read
        self.is_broken = False  # reading was interrupted, so the source may have lost something

    def add(self, piece: Any) -> None:
        """Cut a piece."""
        if isinstance(piece, str):
            self.read.extend(self._boundaries.cut(piece))
        elif isinstance(piece, _BYTES):
            self._add_bytes(bytes(cast("Any", piece)))
        else:
            raise InvalidEventError(f"a piece of JSON text is text or bytes, not {shorten(piece)}")

    def _add_bytes(self, piece: bytes, *, is_last: bool = False) -> None:
        text = self._decoder.decode(piece, is_last)
        for part, ends in self._boundaries.cut(text):
            self.read.append((part.encode("utf-8", "surrogateescape"), ends))

    def end(self) -> None:
        """Note the end of the source."""
        self._add_bytes(b"", is_last=True)
        self.is_over = True

    def check(self) -> None:
        """Raise `ClosedError` if the source was interrupted."""
        if self.is_broken:
            raise ClosedError("the source was interrupted when one of its documents was closed while it was read")


class _Pieces:
    """The pieces of one text, without the reading."""

    def __init__(self, first: _Part) -> None:
        self._first: list[_Part] = [first]
        self.is_over = False
        self.is_lost = False  # parts were passed over, or the source was closed

    def check(self) -> bool:
        """Return whether nothing follows. Raises `ClosedError` if something was lost."""
        if self.is_lost:
            raise ClosedError(
                "this document was not read to its end before the next one was requested, or the source was closed"
            )
        return self.is_over

    def take(self, part: _Part) -> Piece:
        """Return the text of a part, and note whether it is the last one."""
        self.is_over = part[1]
        return part[0]

    def lose(self) -> None:
        """Note that nothing more is read."""
        self.is_lost = not self.is_over


def _reading(error: Exception) -> Exception:
    """Return the error for closing a source that runs at the moment; another error as it is."""
    if "already" not in str(error):
        return error
    return StreamJSONError(
        "the source is being read, so it can't be closed: close it when that is over", code="reading"
    )


# ----------------------------------------------------------------------------------------------------------------------
# synchronous


class _SyncPieces(_Pieces, Iterator[Piece]):
    def __init__(self, first: _Part, documents: TextDocuments) -> None:
        super().__init__(first)
        self._documents = documents

    def __next__(self) -> Piece:
        if self.check():
            raise StopIteration
        return self.take(self._first.pop() if self._first else self._documents.next_part())


class TextDocuments(Iterator[SnapshotStream]):
    """An iterator over the documents of a source, and a context manager that closes it. See `assemble_text`."""

    def __init__(self, source: Iterable[Piece], options: dict[str, Any]) -> None:
        self._source = source
        self._iterator = iter(source)
        self._options = options
        self._parts = _Parts()
        self._current: _SyncPieces | None = None

    def next_part(self) -> _Part:
        """Return the next part. Raises `StopIteration` at the end of the source, and what the source raises."""
        parts = self._parts
        while not parts.read and not parts.is_over:
            try:
                parts.add(next(self._iterator))
            except StopIteration:
                parts.end()
                close_all(self._iterator, self._source)
            except BaseException:
                parts.is_over = True
                close_all(self._iterator, self._source)
                raise
        if not parts.read:
            raise StopIteration
        return parts.read.popleft()

    def __next__(self) -> SnapshotStream:
        if self._current is not None:
            current, self._current = self._current, None
            is_read = current.is_over
            while not (current.is_over or current.is_lost) and next(current, None) is not None:
                pass
            current.is_lost = not is_read
        pieces = self._current = _SyncPieces(self.next_part(), self)
        return SnapshotStream(pieces, **self._options)

    def close(self) -> None:
        """Close the source and its iterator if they can be closed.

        Raises `StreamJSONError` (`reading`) while the source runs.
        """
        self._parts.is_over = True
        self._parts.read.clear()
        if self._current is not None:
            self._current.lose()
        try:
            close_all(self._iterator, self._source)
        except (ValueError, RuntimeError) as error:
            raise _reading(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


# ----------------------------------------------------------------------------------------------------------------------
# asynchronous


class _AsyncPieces(_Pieces, AsyncIterator[Piece]):
    def __init__(self, first: _Part, documents: AsyncTextDocuments) -> None:
        super().__init__(first)
        self._documents = documents

    async def __anext__(self) -> Piece:
        if self.check():
            raise StopAsyncIteration
        return self.take(self._first.pop() if self._first else await self._documents.next_part())


class AsyncTextDocuments(AsyncIterator[AsyncSnapshotStream]):
    """An asynchronous iterator over the documents of a source, and a context manager. See `assemble_text`."""

    def __init__(self, source: AsyncIterable[Piece], options: dict[str, Any]) -> None:
        self._source = source
        self._iterator = aiter(source)
        self._options = options
        self._parts = _Parts()
        self._current: _AsyncPieces | None = None

    async def next_part(self) -> _Part:
        """Return the next part. Raises `StopAsyncIteration` at the end of the source, and what the source raises."""
        parts = self._parts
        while not parts.read and not parts.is_over:
            try:
                parts.add(await anext(self._iterator))
            except StopAsyncIteration:
                parts.end()
                await aclose_all(self._iterator, self._source)
            except BaseException as error:
                parts.is_over = True
                parts.is_broken = not isinstance(error, Exception)
                await aclose_all(self._iterator, self._source)
                raise
        if not parts.read:
            raise StopAsyncIteration
        return parts.read.popleft()

    async def __anext__(self) -> AsyncSnapshotStream:
        self._parts.check()
        if self._current is not None:
            current, self._current = self._current, None
            is_read = current.is_over
            while not (current.is_over or current.is_lost) and await anext(current, None) is not None:
                pass
            current.is_lost = not is_read
        pieces = self._current = _AsyncPieces(await self.next_part(), self)
        return AsyncSnapshotStream(pieces, **self._options)

    async def aclose(self) -> None:
        """Close the source and its iterator if they can be closed.

        Raises `StreamJSONError` (`reading`) while the source runs.
        """
        self._parts.is_over = True
        self._parts.read.clear()
        if self._current is not None:
            self._current.lose()
        try:
            await aclose_all(self._iterator, self._source)
        except (ValueError, RuntimeError) as error:
            raise _reading(error) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
