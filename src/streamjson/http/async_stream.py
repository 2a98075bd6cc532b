"""A request -> the events of its stream, for `async for`: as `sync_stream`. It runs on asyncio and on trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, nullcontext
from types import TracebackType
from typing import Any, NoReturn, Self

from .attempts import Attempts
from .options import Connector
from .resumption import Event

__all__ = ["AsyncEventStream"]


class AsyncEventStream(AsyncIterator[Event]):
    """An asynchronous iterator over the events of a stream, and a context manager. See `stream`."""

    def __init__(self, connector: Connector) -> None:
        self._attempts: Attempts = connector.attempts
        self._events: AsyncGenerator[Event, None] = _events(connector)

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

    def __iter__(self) -> NoReturn:
        raise TypeError(
            "this stream is asynchronous, as an event loop is running or the client is asynchronous: iterate with"
            " `async for`, or pass a synchronous client"
        )

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def aclose(self) -> None:
        """Close the connection. The stream has ended then."""
        await self._events.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


async def _events(connector: Connector) -> AsyncGenerator[Event, None]:
    given = connector.client
    async with (
        nullcontext(given) if given is not None else connector.new_client(is_async=True) as client,
        aclosing(_over_connections(connector.attempts, client)) as events,
    ):
        async for event in events:
            yield event


async def _over_connections(attempts: Attempts, client: Any) -> AsyncGenerator[Event, None]:
    from anyio import sleep  # noqa: PLC0415  # the clients need it, too; synchronous code does not

    while True:
        try:
            method, url, options = attempts.request()
            async with client.stream(method, url, **options) as response:
                refusal = attempts.refusal(response)
                if refusal is not None:
                    async for piece in response.aiter_bytes():
                        if refusal.add(piece):
                            break
                    raise refusal.error()
                if attempts.is_end:
                    return
                async with aclosing(attempts.decode_async(response.aiter_bytes())) as decoded:
                    async for one in decoded:
                        event = attempts.admit(one)
                        if event is not None:
                            yield event
                            attempts.taken(event)
            wait_s = attempts.ended()
        except attempts.breaks as error:
            wait_s = attempts.broke(error)
        if wait_s is None:
            return
        await sleep(wait_s)
