"""Fewer snapshots from an asynchronous stream: at most one in an interval, or only the newest for a slow consumer.

A task reads the stream and keeps the newest snapshot; the consumer takes it when it is there, and not before the
interval since the last one has passed. With `reads_ahead` the task reads on while the consumer is busy (conflation);
otherwise it reads only while the consumer waits.

- What was passed over is not lost: the changes of a snapshot begin after the one that was taken before.
- The last snapshot always comes, and at once. An error comes in its place: after the newest snapshot before it. The
  task waits until an error is taken, so that errors don't pile up.
- The task ends with the stream, or with `stop`.

It needs asyncio. It does not know what the stream reads. Cost: O(1) for each snapshot; memory: one snapshot, one error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from .._errors import StreamJSONError
from .._view import Snapshot, begin_after

__all__ = ["Conflation"]


class Conflation:
    """Reads a stream by a task of its own, and gives its newest snapshot. `since` is the version before the first."""

    def __init__(
        self,
        read: Callable[[], Awaitable[Snapshot]],
        is_finished: Callable[[], bool],
        *,
        since: int,
        min_interval_s: float,
        reads_ahead: bool,
    ) -> None:
        self._read = read
        self._is_finished = is_finished
        self._is_taking = False
        self._since = since
        self._min_interval_s = min_interval_s
        self._reads_ahead = reads_ahead
        self._task: asyncio.Task[None] | None = None
        self._newest: Snapshot | None = None
        self._error: BaseException | None = None  # to be raised after `_newest`
        self._is_over = False
        self._due_at = float("-inf")
        self._may_read = asyncio.Event()  # the consumer waits, or the task reads ahead; and no error is left to take
        self._has_news = asyncio.Event()  # there is something to take
        self._is_urgent = asyncio.Event()  # it must not wait for the interval

    async def next(self) -> Snapshot:
        """Return the newest snapshot that was not taken yet; wait for it. Raises what reading the stream raises."""
        if self._is_taking:
            message = "another task is already reading this stream: read it in one task, and notify others by callbacks"
            raise StreamJSONError(message, code="reading")
        if self._task is None:
            self._task = asyncio.create_task(self._read_all())
        if self._error is None:
            self._may_read.set()
        self._is_taking = True
        try:
            await self._has_news.wait()
            await self._wait_for_interval()
        finally:
            self._is_taking = False
            if not self._reads_ahead:
                self._may_read.clear()
        return self._take()

    async def _wait_for_interval(self) -> None:
        rest = self._due_at - asyncio.get_running_loop().time()
        if rest > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_urgent.wait(), rest)

    def _take(self) -> Snapshot:
        snapshot, self._newest = self._newest, None
        if snapshot is None:
            error, self._error = self._error, None
            if not self._is_over:
                self._has_news.clear()
                self._is_urgent.clear()
                if self._reads_ahead:
                    self._may_read.set()
            raise error or StopAsyncIteration
        if self._error is None and not self._is_over:
            self._has_news.clear()
        self._due_at = asyncio.get_running_loop().time() + self._min_interval_s
        since, self._since = self._since, snapshot.version
        return begin_after(snapshot, since)

    async def _read_all(self) -> None:
        try:
            while True:
                await self._may_read.wait()
                try:
                    self._newest = await self._read()
                    if self._newest.complete:
                        self._is_urgent.set()
                except StopAsyncIteration:
                    break
                except BaseException as error:
                    task: Any = asyncio.current_task()
                    if isinstance(error, asyncio.CancelledError) and task.cancelling():
                        raise
                    self._error = error  # for the consumer
                    if self._is_finished():
                        break
                    self._is_urgent.set()
                    self._may_read.clear()
                self._has_news.set()
                await asyncio.sleep(0)  # a source that never waits must not keep the consumer from its turn
        except asyncio.CancelledError as error:
            if not self._is_over:  # not by `wait`: to the consumer, it must not look like an end
                self._error = error
            raise
        finally:
            self._is_over = True
            self._has_news.set()
            self._is_urgent.set()

    def stop(self) -> None:
        """Give nothing more: the stream is being closed."""
        self._is_over = True
        self._newest = self._error = None
        self._may_read.set()
        self._has_news.set()
        self._is_urgent.set()

    async def wait(self, *, is_reading: bool) -> None:
        """Wait until the task has ended; not in a callback, which runs in the task.

        A task that is not reading may wait for a callback, and is cancelled.
        """
        task = self._task
        if task is not None and task is not asyncio.current_task():
            if not is_reading:
                task.cancel()
            await asyncio.wait([task])
