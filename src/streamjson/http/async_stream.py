"""A request -> the events of its stream, for `async for`: as `sync_stream`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, nullcontext
from types import TracebackType
from typing import Any, NoReturn, Self

from .._errors import StreamJSONError
from .attempts import Attempts
from .base_stream import BaseEventStream
from .options import Connector
from .response import Refusal
from .resumption import Event

__all__ = ["AsyncEventStream"]


class AsyncEventStream(BaseEventStream, AsyncIterator[Event]):
    """An asynchronous iterator over the events of a stream, and a context manager. See `stream`."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self._events: AsyncGenerator[Event, None] = _events(connector)

    def __iter__(self) -> NoReturn:
        raise TypeError(
            "this stream is asynchronous, as an event loop is running or the client is asynchronous: iterate with"
            " `async for`, or pass a synchronous client"
        )

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def aclose(self) -> None:
        """Close the connection. The stream has ended then.

        While another task waits for the server, it raises `StreamJSONError` (`reading`): cancel that task instead.
        """
        if getattr(self._events, "ag_running", False):
            raise StreamJSONError("another task is reading this stream: cancel that task instead", code="reading")
        await self._events.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


async def _events(connector: Connector) -> AsyncGenerator[Event, None]:
    from anyio import sleep  # noqa: PLC0415  # the clients need it, too; synchronous code does not

    given, attempts = connector.client, connector.attempts
    async with nullcontext(given) if given is not None else connector.new_client(is_async=True) as client:
        while True:
            try:
                async with aclosing(_of_connection(attempts, client)) as events:
                    async for event in events:
                        yield event
            except attempts.breaks as error:
                wait_s = attempts.broke(error)
            else:
                wait_s = attempts.ended()
            if wait_s is None:
                return
            await sleep(wait_s)


async def _of_connection(attempts: Attempts, client: Any) -> AsyncGenerator[Event, None]:
    method, url, options = attempts.request()
    async with client.stream(method, url, **options) as response:
        refusal = attempts.open(response)
        if refusal is not None:
            await _read(refusal, attempts, response)
            raise attempts.refused(refusal)
        if attempts.is_over:
            return
        async with aclosing(attempts.decode_async(response.aiter_bytes())) as decoded:
            try:
                async for one in decoded:
                    event = attempts.admit(one)
                    if event is not None:
                        yield event
                    if attempts.is_over:
                        return
            except StreamJSONError as error:
                attempts.mask(error)
                raise


async def _read(refusal: Refusal, attempts: Attempts, response: Any) -> None:
    try:
        async for piece in response.aiter_bytes():
            if refusal.add(piece):
                return
    except attempts.bad_bodies:  # the status says enough
        return
