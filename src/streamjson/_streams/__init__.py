"""An iterable of events, synchronous or asynchronous -> snapshots, finished values, text, the streams of a log."""

from __future__ import annotations

from .split import split_streams
from .stream import AsyncSnapshotStream, SnapshotStream, assemble

__all__ = ["AsyncSnapshotStream", "SnapshotStream", "assemble", "split_streams"]
