"""A loopback server, in its own thread, that sends what a test specifies, including cuts and silences."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

TIMEOUT_S = 60  # for events that are certain; a test that reaches it has failed


class Exchange:
    """One request, and the connection that its response is written to."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, *fields = head.decode().strip().split("\r\n")
        self.path = request.split(" ")[1]
        self.headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        self._reader, self._writer = reader, writer
        self._is_chunked = False

    async def start(self, status: int = 200, *fields: str, chunked: bool = False) -> None:
        """Write the head. The body ends with the connection; if it is `chunked`, that end is always a cut."""
        self._is_chunked = chunked
        framing = "Transfer-Encoding: chunked" if chunked else "Connection: close"
        lines = (f"HTTP/1.1 {status} Status", "Content-Type: text/event-stream", framing, *fields)
        self._writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        await self._writer.drain()

    async def send(self, data: bytes) -> None:
        """Write a piece of the body."""
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)
        await self._writer.drain()

    async def left(self) -> None:
        """Send nothing until the client disconnects."""
        while await self._reader.read(1024):
            pass


@contextmanager
def serving(respond: Callable[[Exchange], Awaitable[None]]) -> Iterator[str]:
    """Yield the URL of a server that answers each connection with `respond`; its errors are raised at the end."""
    failures: list[Exception] = []
    ready, urls = threading.Event(), list[str]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await respond(Exchange(await reader.readuntil(b"\r\n\r\n"), reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has disconnected
        except Exception as error:  # noqa: BLE001  # raised below
            failures.append(error)
        finally:
            writer.close()

    async def serve() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        urls.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        ready.set()
        await stop.wait()
        server.close()  # without waiting for connections: asyncio.run cancels those that are still open

    loop: asyncio.AbstractEventLoop
    stop = asyncio.Event()
    thread = threading.Thread(target=asyncio.run, args=[serve()], daemon=True)
    thread.start()
    assert ready.wait(TIMEOUT_S)
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(TIMEOUT_S)
    for failure in failures:
        raise failure
