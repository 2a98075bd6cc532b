"""Sources of pieces, sync and async, that fail when a test wants it and count how often they were closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

__all__ = ["AsyncSource", "BothSource", "Source", "SyncSource"]


class Source:
    """Yields pieces, then raises an exception if it has one; counts how often it was closed."""

    def __init__(self, *pieces: Any, error: Exception | None = None) -> None:
        self.pieces = list(pieces)
        self.error = error
        self.closed = 0

    def take(self, stop: type[Exception]) -> Any:
        if self.pieces:
            return self.pieces.pop(0)
        raise self.error or stop


class SyncSource(Source):
    def __iter__(self) -> SyncSource:
        return self

    def __next__(self) -> bytes:
        return self.take(StopIteration)  # type: ignore[no-any-return]  # whatever the test put in

    def close(self) -> None:
        self.closed += 1


class AsyncSource(Source):
    def __aiter__(self) -> AsyncSource:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(0)
        return self.take(StopAsyncIteration)  # type: ignore[no-any-return]  # whatever the test put in

    async def aclose(self) -> None:
        self.closed += 1


class BothSource(AsyncSource):
    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("a source with both protocols is asynchronous")
