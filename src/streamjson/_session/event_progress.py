"""What one event writes to a document, so that its versions become those of one event, and an interrupt loses nothing.

Cost: O(1).
"""

from __future__ import annotations

from .._document import Document, Kind

__all__ = ["EventProgress"]


class EventProgress:
    """What one event writes: into which document, for which run, how many deltas so far, and the last change."""

    __slots__ = ("_begin", "_first", "_is_quiet", "_waiting", "applied", "document", "kind", "span_id", "starts_over")

    def __init__(self, document: Document, old: Document, span_id: str | None) -> None:
        self.document = document
        self.span_id = span_id
        self.starts_over = document is not old
        self.applied = 0
        self.kind: Kind | None = None
        self._begin = document.version
        self._first = old.version + 1  # of the event's versions; of a new document its reset, if that is a version
        self._waiting = len(document.pending_surrogates)
        self._is_quiet = True

    def add(self, kind: Kind | None) -> None:
        """Count a delta, which made a change of this kind, or none."""
        self.applied += 1
        if kind is not None:
            self.kind = kind
            self._is_quiet = self._is_quiet and self.document.has_no_listener

    def has_changed(self) -> bool:
        """Return whether the document is another one than before, also after an interrupt."""
        return self.document.version != self._begin or len(self.document.pending_surrogates) != self._waiting

    def join(self) -> None:
        """Make the written versions those of one event. It concerns each listener that one of them concerns."""
        if self.document.version > self._begin:
            self.document.join_event(self._first, self.document.version)
        if not self._is_quiet:
            self.document.mark_quiet(is_quiet=False)
