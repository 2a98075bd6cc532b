"""From pieces with several JSON texts, one after the other, to a stream of snapshots for each of them.

It owns the source, and which part of which piece belongs to which text (`Boundaries`). The streams are read one after
the other: asking for the next one passes over the rest of the one before, which then looks as if its source had broken
off. A mistake in one text does not affect the others. Closing a stream leaves the source open; closing the iterator
closes it.

Cost: linear in the text, which is searched once more. Memory: one piece.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, cast

from .._errors import InvalidEventError, shorten
from .._text import Boundaries
from .._wire import aclose_all, close_all
from .async_stream import AsyncSnapshotStream
from .sync_stream import SnapshotStream

__all__ = ["AsyncTextDocuments", "TextDocuments"]

Piece: TypeAlias = str | bytes
_BYTES: Final = (bytes, bytearray, memoryview)
_Part: TypeAlias = tuple[Piece, bool]  # and whether it ends its text


def _cut(boundaries: Boundaries, piece: Any) -> Iterator[_Part]:
    """Yield the parts of a piece. All marks are ASCII, so bytes are cut as text of one character for each byte."""
    if isinstance(piece, str):
        yield from boundaries.cut(piece)
    elif isinstance(piece, _BYTES):
        for part, is_last in boundaries.cut(bytes(cast("Any", piece)).decode("latin-1")):
            yield part.encode("latin-1"), is_last
    else:
        raise InvalidEventError(f"a piece of JSON text is text or bytes, not {shorten(piece)}")


class _Pieces:
    """The pieces of one text, without the reading."""

    def __init__(self, first: _Part) -> None:
        self._first: list[_Part] = [first]
        self.is_over = False

    def _take(self, part: _Part) -> Piece:
        self.is_over = part[1]
        return part[0]


class _SyncPieces(_Pieces, Iterator[Piece]):
    def __init__(self, first: _Part, parts: Iterator[_Part]) -> None:
        super().__init__(first)
        self._parts = parts

    def __next__(self) -> Piece:
        if self.is_over:
            raise StopIteration
        return self._take(self._first.pop() if self._first else next(self._parts))


class TextDocuments(Iterator[SnapshotStream]):
    """An iterator over the documents of a source, and a context manager that closes it. See `assemble_text`."""

    def __init__(self, source: Iterable[Piece], options: dict[str, Any]) -> None:
        self._source = source
        self._iterator = iter(source)
        self._options = options
        self._parts = self._read()
        self._current: _SyncPieces | None = None

    def _read(self) -> Generator[_Part, None, None]:
        boundaries = Boundaries()
        try:
            for piece in self._iterator:
                yield from _cut(boundaries, piece)
        finally:
            close_all(self._iterator, self._source)

    def __next__(self) -> SnapshotStream:
        if self._current is not None:
            for _ in self._current:
                pass
            self._current = None
        pieces = self._current = _SyncPieces(next(self._parts), self._parts)
        return SnapshotStream(pieces, **self._options)

    def close(self) -> None:
        """Close the source and its iterator if they can be closed."""
        if self._current is not None:
            self._current.is_over = True
        self._parts.close()
        close_all(self._iterator, self._source)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _AsyncPieces(_Pieces, AsyncIterator[Piece]):
    def __init__(self, first: _Part, parts: AsyncIterator[_Part]) -> None:
        super().__init__(first)
        self._parts = parts

    async def __anext__(self) -> Piece:
        if self.is_over:
            raise StopAsyncIteration
        return self._take(self._first.pop() if self._first else await anext(self._parts))


class AsyncTextDocuments(AsyncIterator[AsyncSnapshotStream]):
    """An asynchronous iterator over the documents of a source, and a context manager. See `assemble_text`."""

    def __init__(self, source: AsyncIterable[Piece], options: dict[str, Any]) -> None:
        self._source = source
        self._iterator = aiter(source)
        self._options = options
        self._parts = self._read()
        self._current: _AsyncPieces | None = None

    async def _read(self) -> AsyncGenerator[_Part, None]:
        boundaries = Boundaries()
        try:
            async for piece in self._iterator:
                for part in _cut(boundaries, piece):
                    yield part
        finally:
            await aclose_all(self._iterator, self._source)

    async def __anext__(self) -> AsyncSnapshotStream:
        if self._current is not None:
            async for _ in self._current:
                pass
            self._current = None
        pieces = self._current = _AsyncPieces(await anext(self._parts), self._parts)
        return AsyncSnapshotStream(pieces, **self._options)

    async def aclose(self) -> None:
        """Close the source and its iterator if they can be closed."""
        if self._current is not None:
            self._current.is_over = True
        await self._parts.aclose()
        await aclose_all(self._iterator, self._source)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
