"""What the sync and the async stream share: what is known of the connections."""

from __future__ import annotations

from typing import Any

from .attempts import Attempts
from .options import Connector

__all__ = ["BaseEventStream"]


class BaseEventStream:
    """The state of a stream over HTTP."""

    def __init__(self, connector: Connector) -> None:
        self._attempts: Attempts = connector.attempts

    @property
    def url(self) -> str:
        """The URL of the request, without what may be secret: user, password, query and fragment."""
        return self._attempts.url

    @property
    def last_event_id(self) -> str:
        """The id of the last event that was yielded; "" if there was none."""
        return self._attempts.last_event_id

    @property
    def connection_count(self) -> int:
        """The number of requests that were made."""
        return self._attempts.connection_count

    @property
    def response(self) -> Any:
        """The latest response, of the client's own class, for its headers; None before the first."""
        return self._attempts.response

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.url}: {self.connection_count} connections>"
