"""A request -> the events of its stream, over as many connections as it takes, for `for`. `attempts` has the rules."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from types import TracebackType
from typing import Any, Self

from .attempts import Attempts
from .options import Connector
from .resumption import Event

__all__ = ["EventStream"]


class EventStream(Iterator[Event]):
    """An iterator over the events of a stream, and a context manager. See `stream`."""

    def __init__(self, connector: Connector) -> None:
        self._attempts: Attempts = connector.attempts
        self._events: Generator[Event, None, None] = _events(connector)

    @property
    def url(self) -> str:
        """The URL of the request, without what may be secret: user, password, query and fragment."""
        return self._attempts.url

    @property
    def last_event_id(self) -> str:
        """The id of the last event after which the caller came back for the next; "" if there was none."""
        return self._attempts.last_event_id

    @property
    def connection_count(self) -> int:
        """The number of requests that were made."""
        return self._attempts.connection_count

    @property
    def response(self) -> Any:
        """The latest response, of the client's own class, for its headers; None before the first."""
        return self._attempts.response

    def __next__(self) -> Event:
        return next(self._events)

    def close(self) -> None:
        """Close the connection. The stream has ended then."""
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _events(connector: Connector) -> Generator[Event, None, None]:
    given = connector.client
    with nullcontext(given) if given is not None else connector.new_client(is_async=False) as client:
        yield from _over_connections(connector.attempts, client)


def _over_connections(attempts: Attempts, client: Any) -> Generator[Event, None, None]:
    while True:
        try:
            method, url, options = attempts.request()
            with client.stream(method, url, **options) as response:
                refusal = attempts.refusal(response)
                if refusal is not None:
                    for piece in response.iter_bytes():
                        if refusal.add(piece):
                            break
                    raise refusal.error()
                if attempts.is_end:
                    return
                with closing(attempts.decode(response.iter_bytes())) as decoded:
                    for one in decoded:
                        event = attempts.admit(one)
                        if event is not None:
                            yield event
                            attempts.taken(event)
            wait_s = attempts.ended()
        except attempts.breaks as error:
            wait_s = attempts.broke(error)
        if wait_s is None:
            return
        time.sleep(wait_s)
