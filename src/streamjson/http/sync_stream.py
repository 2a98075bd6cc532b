"""A request -> the events of its stream, over as many connections as it takes, for `for`. `attempts` has the rules."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from types import TracebackType
from typing import Any, Self

from .._errors import StreamJSONError
from .attempts import Attempts
from .base_stream import BaseEventStream
from .options import Connector
from .response import Refusal
from .resumption import Event

__all__ = ["EventStream"]


class EventStream(BaseEventStream, Iterator[Event]):
    """An iterator over the events of a stream, and a context manager. See `stream`."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self._events: Generator[Event, None, None] = _events(connector)

    def __next__(self) -> Event:
        return next(self._events)

    def close(self) -> None:
        """Close the connection. The stream has ended then.

        A thread that waits for the server can't be interrupted: `close` then raises `StreamJSONError` (`reading`).
        """
        if getattr(self._events, "gi_running", False):
            raise StreamJSONError("another thread is reading this stream: it can't be interrupted", code="reading")
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _events(connector: Connector) -> Generator[Event, None, None]:
    given, attempts = connector.client, connector.attempts
    with nullcontext(given) if given is not None else connector.new_client(is_async=False) as client:
        while True:
            try:
                yield from _of_connection(attempts, client)
            except attempts.breaks as error:
                wait_s = attempts.broke(error)
            else:
                wait_s = attempts.ended()
            if wait_s is None:
                return
            time.sleep(wait_s)


def _of_connection(attempts: Attempts, client: Any) -> Generator[Event, None, None]:
    method, url, options = attempts.request()
    with client.stream(method, url, **options) as response:
        refusal = attempts.open(response)
        if refusal is not None:
            _read(refusal, attempts, response)
            raise attempts.refused(refusal)
        if attempts.is_over:
            return
        with closing(attempts.decode(response.iter_bytes())) as decoded:
            try:
                for one in decoded:
                    event = attempts.admit(one)
                    if event is not None:
                        yield event
                    if attempts.is_over:
                        return
            except StreamJSONError as error:
                attempts.mask(error)
                raise


def _read(refusal: Refusal, attempts: Attempts, response: Any) -> None:
    try:
        for piece in response.iter_bytes():
            if refusal.add(piece):
                return
    except attempts.bad_bodies:  # the status says enough
        return
