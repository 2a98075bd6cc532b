"""What both kinds of stream share: the assembler that a stream feeds, and the snapshots that it takes.

    an event, or the end of the source -> the kind of change; a change -> the snapshot to yield

It owns the assembler, the latest snapshot and the flags that say how far the stream is. It does not know the source,
nor how to wait for its next event: that is `stream`.

Cost: the assembler's, and one snapshot for each change.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from .._assembler import Assembler
from .._document import Kind, Node, a_kind, current, kind_of
from .._errors import ClosedError, StreamJSONError, StreamTruncatedError, shorten
from .._json import MISSING
from .._resume import ReplayFilter
from .._session import AssemblerOptions
from .._skipped import SkippedEvent
from .._view import Snapshot, Structurer, closings_of

__all__ = ["AsyncStreamOptions", "BaseStream", "StreamOptions"]


class StreamOptions(AssemblerOptions, total=False):
    """The options of a stream: those of an assembler, and its own."""

    require_done: bool
    assembler: Assembler
    replays: ReplayFilter
    every_n_changes: int


class AsyncStreamOptions(StreamOptions, total=False):
    """The options of an asynchronous stream."""

    min_interval_s: float
    conflate: bool


class BaseStream:
    """A stream without its source."""

    def __init__(
        self,
        *,
        require_done: bool = False,
        assembler: Assembler | None = None,
        replays: ReplayFilter | None = None,
        every_n_changes: int = 1,
        **options: Any,
    ) -> None:
        if type(every_n_changes) is not int or every_n_changes < 1:
            raise ValueError(f"every_n_changes is a number from 1, not {shorten(every_n_changes)}")
        dialect = options.pop("dialect", None) if assembler is not None else None
        if assembler is not None and options:
            raise TypeError(f"the assembler has its options already: {', '.join(options)}")
        self._attach(Assembler(**options) if assembler is None else assembler)
        if dialect not in (None, self._session.options.dialect):
            raise TypeError(f"the assembler has the dialect {self._session.options.dialect!r}, not {dialect!r}")
        self._session.check_open()  # before the first read: an event that is read here would be lost
        self._require_done = require_done
        self._replays = replays
        if replays is not None:
            fixed = self._session.options
            replays._read_as(fixed.dialect, fixed.limits)  # noqa: SLF001  # as above; else an event that it can't read would be applied twice
        # Without a filter, the assembler's own method: one call less for each event.
        self._consume = self._session.consume if replays is None else self._consume_new
        self._every_n_changes = every_n_changes
        # Before this version, no snapshot is yielded; -1 if each change gives one.
        self._due_version = self._latest.version + every_n_changes if every_n_changes > 1 else -1
        self._is_pulled = False  # an iterator over values reads: each event is one step, whatever it brings
        self._is_finished = False  # the source is closed, or will be when its reader returns from it
        self._owes_last = False  # the last snapshot is not yielded yet

    def _attach(self, assembler: Assembler) -> None:
        """Show the document of an assembler."""
        self._assembler = assembler
        self._session = assembler._session  # noqa: SLF001  # the public class shows no machinery
        self._latest = self._session.snapshot(0)

    @property
    def assembler(self) -> Assembler:
        """The assembler that the stream feeds."""
        return self._assembler

    @property
    def skipped_count(self) -> int:
        """The number of rejected events that were skipped, with `on_invalid="skip"`."""
        return self._assembler.skipped_count

    @property
    def skipped(self) -> tuple[SkippedEvent, ...]:
        """The last 100 of these events, oldest first, each with its error."""
        return self._assembler.skipped

    @property
    def ignored_count(self) -> int:
        """The number of events that have none of the fields of a chunk, or a path without a delta."""
        return self._assembler.ignored_count

    @property
    def ignored(self) -> tuple[SkippedEvent, ...]:
        """The last 100 of these events, oldest first, each with an error that says why it was ignored."""
        return self._assembler.ignored

    @property
    def passed_over(self) -> int:
        """The number of events of other types (`ping`, `keepalive`) that were passed over."""
        return self._assembler.passed_over

    @property
    def snapshot(self) -> Snapshot:
        """The document as it is now, also after an error."""
        assembler, latest = self._assembler, self._latest
        closings = self._session.document.closings
        if (latest.version, latest.end, latest.last_event_id, latest.span_id, closings_of(latest)) == (
            assembler.version, assembler.end, assembler.last_event_id, assembler.span_id, closings
        ):  # fmt: skip
            return latest
        return self._session.snapshot(latest.version)

    def __repr__(self) -> str:
        assembler = self._assembler
        root = current(self._session.document.root_slot, 0)
        content = "empty" if root is MISSING else a_kind(kind_of(root))
        if type(root) is Node:
            content += f" of {len(root.entries):,}"
        return f"<{type(self).__name__} {assembler.version}: {assembler.end}, {content}>"

    def _consume_new(self, event: object) -> Kind | None:
        """Apply an event, unless the filter knows it as a replay."""
        replays: Any = self._replays
        self._session.check_open()  # else a replayed event would end the stream
        if replays.is_replay(event):
            return None
        try:
            kind = self._session.consume(event)
        except StreamJSONError as error:
            if error.deltas_applied:  # of several: applied again, they would be doubled
                replays.applied(event)
            raise
        replays.applied(event)
        return kind

    def _end(self) -> Kind | None:
        """End the document, because the source has ended."""
        if self._require_done:
            error = StreamTruncatedError("the source ended without [DONE]", code="no_done")
            error.last_event_id = self._assembler.last_event_id
            raise error
        return self._session.close("eof")

    @contextmanager
    def _without_snapshots(self) -> Generator[None, None, None]:
        """Yield no snapshot but the last one in this block."""
        due, self._due_version = self._due_version, sys.maxsize
        try:
            yield
        finally:
            self._due_version = due

    def _final_value(self, structurer: Structurer | None) -> Any:
        snapshot = self.snapshot
        if not snapshot.complete:  # a failure was reported before, and a part of the document is not the answer
            raise ClosedError("the stream ended before its document was complete; `snapshot` has the part that arrived")
        return snapshot.value if structurer is None else structurer(snapshot.copy_value(), "")

    def _take_snapshot(self) -> Snapshot:
        self._latest = self._session.snapshot(self._latest.version)
        if self._due_version >= 0:
            self._due_version = self._latest.version + self._every_n_changes
        return self._latest

    def _take_last_snapshot(self) -> Snapshot:
        self._owes_last = False
        return self._take_snapshot()
