"""What is known of one stream: its document, its ids, its run, its counts, and how it ended.

`Session` says what an event does; this module keeps what follows from it, and the life cycle: the end, its
continuation, and a new beginning. A stream that ends without a delta, after events that were ignored, skipped or passed
over, has failed (`no_deltas`): an empty document would look like an answer.

It knows no verbs. Cost: O(1).
"""

from __future__ import annotations

from typing import Any, Final

from .._dialects import make_dialect
from .._document import Document, Kind, Lineage
from .._errors import StreamJSONError, shorten
from .._json import JSONValue
from .._notify import Dispatcher
from .._skipped import Skipped, is_skippable
from .._view import (
    OF_LAST_EVENT,
    UNREAD,
    Change,
    End,
    Snapshot,
    StreamFailedError,
    brief,
    make_change,
    no_deltas,
    reopen,
)
from .._wire import ServerSentEvent
from .options import Options

__all__ = ["StreamState"]

_MAX_SHOWN_CHARS: Final = 200  # of an event that brought nothing, in an error


class StreamState:
    """The state of one stream. Its attributes are for reading."""

    __slots__ = (
        "dialect", "dispatcher", "document", "end", "event_number", "first_snapshot", "first_unheard", "has_deltas",
        "ignored", "is_understood", "last_event_id", "misunderstood", "options", "passed_over", "quick", "skipped",
        "span_id", "unreported",
    )  # fmt: skip

    passed_over: int
    event_number: int
    end: End
    span_id: str | None
    last_event_id: str
    has_deltas: bool
    is_understood: bool  # whether an event of the wire came, with or without a delta
    misunderstood: int  # events that were ignored or skipped
    first_unheard: str  # the first event that was ignored, skipped or passed over
    first_snapshot: Snapshot  # the first of the version that was last asked for: others of that version share its value

    def __init__(self, options: Options) -> None:
        self.options = options
        self.dialect = make_dialect(options.dialect, options.limits)
        self.quick = self.dialect.quick
        self.document = self.new_document()
        self.skipped, self.ignored = Skipped(), Skipped()
        self.dispatcher = Dispatcher(self.document, options.limits, self.skipped)
        self.event_number = 0
        self.passed_over = 0
        self.unreported: Kind | None = None  # the last change of an event that raised an error, until it is notified
        self._begin()

    def _begin(self) -> None:
        self.end = "open"
        self.span_id = None
        self.last_event_id = ""
        self.has_deltas = False
        self.is_understood = False
        self.misunderstood = 0
        self.first_unheard = ""
        self.first_snapshot = Snapshot()
        self.first_snapshot.version = -1  # the first of no version

    def record(self, event: ServerSentEvent[Any]) -> None:
        """Record the id of an event: its own, even an empty one; else the one that persists, if the event has it."""
        if event.id is not None:
            self.last_event_id = event.id
        elif event.last_event_id:
            self.last_event_id = event.last_event_id

    def skips(self, error: StreamJSONError) -> bool:
        """Return whether an event with this error is skipped."""
        return self.options.on_invalid == "skip" and is_skippable(error)

    def skip(self, event: object, error: StreamJSONError) -> None:
        """Count and keep a rejected event."""
        self.skipped.add(event, error)
        self.misunderstood += 1
        self.note_unheard(event)

    def note_unheard(self, event: object) -> None:
        """Keep the first event that brought nothing: the error names it if no other event brings anything."""
        if not self.first_unheard:
            data: object = getattr(event, "data", event) or f"event: {getattr(event, 'event', '')}"
            self.first_unheard = shorten(data, _MAX_SHOWN_CHARS) if isinstance(data, str | bytes) else brief(data)

    def locate(self, error: StreamJSONError, message: object) -> None:
        """Add to an error where it happened, if it does not say so yet."""
        if error.event_number is None:
            error.event_number = self.event_number
            offset = getattr(message, "offset", None)
            error.offset = offset if isinstance(offset, int) else None
            error.last_event_id = self.last_event_id

    # ------------------------------------------------------------------------------------------------------------------
    # the end, and a new beginning

    def close(self, end: End) -> Kind | None:
        """End the document. Raises `StreamFailedError` (`no_deltas`) where nothing in the stream was understood."""
        document = self.document
        if document.torn:
            raise document.refusal()
        if document.closed:
            return None
        # Pings may come before an empty answer; an event that was not understood may have been the answer.
        if self.first_unheard and not self.has_deltas and (self.misunderstood or not self.is_understood):
            error = self.fail(no_deltas(self.misunderstood, self.first_unheard))
            error.last_event_id = self.last_event_id
            raise error
        try:
            repaired = document.close()
            self.end = end
        except BaseException:  # an interrupt
            if document.closed and not document.torn:
                self.end = end
            raise
        return "append" if repaired else None

    def reopen(self) -> Kind | None:
        """Continue after an end that was a guess."""
        self.check_unlocked()
        document = self.document
        if not document.closed:
            return None
        self.check_open(may_reopen=True)
        version = document.version
        kind: Kind | None = "set" if document.reopen() else None
        reopen(document, version)
        self.end = "open"
        self.dispatcher.reopen(version)
        return kind

    def reset(self) -> Kind | None:
        """Begin an empty document."""
        old = self.document
        self.check_unlocked()
        self.dialect.state = None
        self.succeed(self.successor())
        return "set" if self.document.version > old.version else None

    def new_document(self, base: int = 0, lineage: Lineage | None = None) -> Document:
        """Return an empty document that begins at version `base`, for the options of this stream."""
        options = self.options
        return Document(
            options.limits,
            prefix=options.prefix,
            replace=options.replaces,
            in_order=options.in_order,
            base=base,
            lineage=lineage,
        )

    def successor(self) -> Document:
        """Return the empty document that follows this one, by a version of its own unless this one is empty too."""
        old = self.document
        return self.new_document(old.version + 1 if old.version > old.base else old.version, old.lineage)

    def succeed(self, document: Document) -> None:
        """Continue with an empty document."""
        self.document = document  # first: an interrupt after it completes the rest
        self._begin()
        self.dispatcher.follow(document)

    def take_up(self, document: Document, dialect_state: object) -> None:
        """Continue with another document, of a checkpoint, and the state of the dialect.

        Raises `CheckpointError` for a state that the dialect can't have.
        """
        self.dialect.restore(dialect_state)
        self.document = document
        self.dispatcher.follow(document)

    def save_dialect(self) -> JSONValue:
        """Return the state of the dialect, for a checkpoint."""
        return self.dialect.state

    def can_be_mended(self) -> bool:
        """Return whether a checkpoint can continue this document, though an interrupt has broken off an event."""
        return self.document.torn

    def check_open(self, *, may_reopen: bool = False) -> None:
        """Raise `ClosedError` if the document has ended; with `may_reopen` not if that was a guess."""
        document = self.document
        if not document.closed or (may_reopen and self.end == "eof" and not document.torn):
            return
        happened = "failed" if self.has_failed else "ended"
        otherwise = ", and reopen() continues this one" if self.end == "eof" else ""
        raise document.refusal(f"the stream has {happened}; reset() begins a new document{otherwise}")

    def check_unlocked(self) -> None:
        """Raise an error if the document is locked, as it is while callbacks run."""
        if self.document.locked_by:
            raise self.dispatcher.refusal()

    @property
    def has_failed(self) -> bool:
        """Whether nothing more is applied, though the document has not ended well."""
        return self.document.closed and self.end == "open"

    # ------------------------------------------------------------------------------------------------------------------
    # what readers and callbacks get

    def change(self, kind: Kind | None) -> Change | None:
        """Return the last change, which was of this kind; None for None."""
        document = self.document
        return kind and make_change(document, document.version, kind, document.delta)

    def snapshot(self, since: int = OF_LAST_EVENT) -> Snapshot:
        """Return the document as it is now; the snapshot's `changes` begin after version `since`."""
        first = self.first_snapshot
        is_first = first.version != self.document.version
        snapshot = Snapshot()._fill(  # noqa: SLF001  # a snapshot is made here and in `Assembler.snapshot`
            self.document, since, self.end, self.span_id, self.last_event_id, UNREAD if is_first else first
        )
        if is_first:
            self.first_snapshot = snapshot
        return snapshot

    def fail(self, error: StreamFailedError, event: ServerSentEvent[Any] | None = None) -> StreamFailedError:
        """End the stream, and return the error with what is there."""
        if event is not None:
            self.record(event)
        self.document.freeze()
        error.snapshot = self.snapshot()
        error.span_id = self.span_id
        return error
