"""The error for a stream whose sender has failed. It carries the document so far, so it stands beside `Snapshot`.

Its codes are in the table of `_errors`, with all others.
"""

from __future__ import annotations

from .._document import Kind
from .._errors import StreamJSONError
from .snapshot import Snapshot

__all__ = ["StreamFailedError"]


class StreamFailedError(StreamJSONError):
    """The sender reported an error, or started over. Final: nothing more is applied until `reset()`.

    `snapshot` is the document so far. `error_type` and `error_message` are the sender's; for `new_span`
    `span_id` is the span that the document belongs to and `new_span_id` the one that came.
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
        self._kind: Kind | None = None  # of the change that the same event made, until callbacks are notified
