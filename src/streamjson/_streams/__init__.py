"""An iterable of events, synchronous or asynchronous -> snapshots, finished values, text, the streams of a log."""

from __future__ import annotations

from .assembling import assemble, assemble_text
from .async_stream import AsyncSnapshotStream
from .readers import AsyncPullIterator, PullIterator
from .split import split_streams
from .sync_stream import SnapshotStream

__all__ = [
    "AsyncPullIterator",
    "AsyncSnapshotStream",
    "PullIterator",
    "SnapshotStream",
    "assemble",
    "assemble_text",
    "split_streams",
]
