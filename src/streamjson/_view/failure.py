"""The error for a stream whose sender failed. It carries the document so far, so it stands beside `Snapshot`.

Its codes are in the table of `_errors`, with all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .._dialects import Failed
from .._errors import CheckpointError, ResponseError, StreamJSONError, StreamTruncatedError, shorten
from .snapshot import Snapshot

__all__ = ["StreamFailedError", "add_progress", "no_deltas", "sender_failed", "started_over"]

_MAX_SHOWN_CHARS: Final = 200  # of the sender's own words


class StreamFailedError(StreamJSONError):
    """The sender reported an error, or started over. Final: nothing more is applied until `reset()`.

    `snapshot` is the document so far. `error_type` and `error_message` are the sender's. For `new_span`, `span_id` is
    the span that the document belongs to, and `new_span_id` the span that the sender started. Of an answer of several
    parts, `parts` has them so far, and `snapshot` is that of the last one.
    """

    code = "stream_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        snapshot: Snapshot | None = None,
        error_type: str | None = None,
        error_message: str | None = None,
        span_id: str | None = None,
        new_span_id: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.snapshot = snapshot
        self.error_type = error_type
        self.error_message = error_message
        self.span_id = span_id
        self.new_span_id = new_span_id
        self.parts: tuple[Any, ...] = ()


def sender_failed(failed: Failed, deltas_applied: int) -> StreamFailedError:
    """Return the error for a failure that the sender reports, after so many deltas of the same event."""
    said = ": ".join(part for part in (failed.error_type, failed.error_message) if part)
    error = StreamFailedError(
        f"the sender failed: {shorten(said, _MAX_SHOWN_CHARS)}" if said else "the sender failed",
        error_type=failed.error_type,
        error_message=failed.error_message,
    )
    error.deltas_applied = deltas_applied
    return error


def started_over(span_id: str | None, new_span_id: str | None) -> StreamFailedError:
    """Return the error for a sender that starts over with a new span."""
    return StreamFailedError(
        f"the sender started over: span {shorten(new_span_id)} came after deltas of {shorten(span_id)};"
        " on_new_span='reset' begins a new document, and split_streams reads a log of several",
        code="new_span",
        new_span_id=new_span_id,
    )


def no_deltas(misunderstood: int, first: str) -> StreamFailedError:
    """Return the error for a stream without a delta; `misunderstood` counts the events that were not understood."""
    few = "an event that was not understood" if misunderstood else "pings"
    events = f"{misunderstood} events that were not understood" if misunderstood > 1 else few
    return StreamFailedError(
        f"the stream ended without a delta, after {events}; the first: {first}",
        code="no_deltas",
    )


def add_progress(error: object, snapshot: Snapshot | None, parts: Sequence[Any] = ()) -> None:
    """Give an error that ended a stream, for want of the rest, what had come until then."""
    if isinstance(error, StreamTruncatedError | ResponseError | CheckpointError) and error.snapshot is None:
        error.snapshot, error.parts = snapshot, tuple(parts)
