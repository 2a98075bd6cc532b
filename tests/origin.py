"""A uvicorn server on loopback that answers each request with its next reply: cuts, overlaps, statuses, silences."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import uvicorn
from attrs import define, field
from uvicorn.protocols.http.h11_impl import H11Protocol

import streamjson as sj
from loopback import TIMEOUT_S

__all__ = ["Hit", "Origin", "body", "log_of", "refuses", "sends", "silence", "silence_after", "start", "stop_idle"]


@define
class Hit:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def after(self) -> str | None:
        """The id after which it asks to continue."""
        return self.headers.get("last-event-id")


Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
Reply: TypeAlias = Callable[[Hit, Send], Awaitable[bool | None]]
"""Sends a response; returns True to break the connection off, False to wait until the client leaves."""


@define
class Origin:
    """Answers each request with its next reply, and repeats the last one. It has the requests, and what is open."""

    replies: list[Reply]
    hits: list[Hit] = field(factory=list)
    open_connections: set[object] = field(factory=set)
    _changed: threading.Condition = field(factory=threading.Condition)

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        body, has_more = b"", True
        while has_more:
            message = await receive()
            body, has_more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode().lower(): value.decode(errors="surrogateescape") for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode()))
        hit = Hit(scope["method"], scope["raw_path"].decode(), query, headers, body)
        self.hits.append(hit)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        is_broken = await reply(hit, send)
        if is_broken is None:
            await send({"type": "http.response.body", "body": b""})
        elif not is_broken:
            while (await receive())["type"] != "http.disconnect":
                pass

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Run the server; yield its URL. It runs on for the next origin: starting one takes longer than most tests."""
        server = _idle.pop() if _idle else _Server()
        server.origin = self
        try:
            yield server.url
        finally:
            server.break_connections()
            self.wait_until_all_closed()
            _idle.append(server)

    def wait_until_all_closed(self) -> None:
        """Wait until no client is connected."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self.open_connections, TIMEOUT_S)

    def note(self, connection: object, *, is_open: bool) -> None:
        """Note that a connection was made, or is lost."""
        with self._changed:
            (self.open_connections.add if is_open else self.open_connections.discard)(connection)
            self._changed.notify_all()


class _Server(uvicorn.Server):
    """A server in a thread, which serves one origin after the other."""

    def __init__(self) -> None:
        server = self

        class Protocol(H11Protocol):
            def connection_made(self, transport: Any) -> None:
                self.origin = server.origin
                self.origin.note(self, is_open=True)
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                self.origin.note(self, is_open=False)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await server.origin(scope, receive, send)

        super().__init__(uvicorn.Config(app, http=Protocol, lifespan="off", ws="none", log_config=None))
        self.origin = Origin([])
        self._loop: asyncio.AbstractEventLoop | None = None
        listener = socket.create_server(("127.0.0.1", 0))  # accepts connections before the server has started
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def stop(self) -> None:
        """End the thread."""
        self.should_exit = True
        self._thread.join(TIMEOUT_S)

    def break_connections(self) -> None:
        """Break all connections off."""
        if self._loop is not None:
            connections = self.server_state.connections
            self._loop.call_soon_threadsafe(lambda: [each.transport.abort() for each in list(connections)])


_idle: list[_Server] = []


def stop_idle() -> None:
    """Stop the servers that wait for another origin: a thread allocates memory, which other tests measure."""
    while _idle:
        _idle.pop().stop()


async def start(send: Send, status: int = 200, content_type: str = "text/event-stream", **fields: str) -> None:
    """Send the head of a response."""
    headers = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in fields.items()}}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


def silence_after(log: Sequence[bytes]) -> Reply:
    """Return a reply with some events, and then nothing until the client leaves."""

    async def reply(_: Hit, send: Send) -> bool:
        await start(send)
        await send({"type": "http.response.body", "body": b": hello\n\n" + b"".join(log), "more_body": True})
        return False

    return reply


silence = silence_after([])


def refuses(
    status: int, body: bytes = b'{"error": "not now"}', content_type: str = "text/plain", **fields: str
) -> Reply:
    """Return a reply with a status, and maybe other header fields."""

    async def reply(_: Hit, send: Send) -> None:
        await start(send, status, content_type, **fields)
        await send({"type": "http.response.body", "body": body, "more_body": True})

    return reply


def sends(
    log: Sequence[bytes],
    *,
    cut: int | None = None,
    again: int = 0,
    before: bytes = b"",
    is_gzip: bool = False,
    piece_bytes: int = 100,
    ids_from_start: bool = False,
    content_type: str = "text/event-stream",
    **fields: str,
) -> Reply:
    """Return a reply with the events of a log after the one that is asked for, and `again` before it once more.

    It breaks off after `cut` bytes. With `ids_from_start`, it sends all of the log.
    """

    async def reply(hit: Hit, send: Send) -> bool | None:
        at = 0 if ids_from_start else int((hit.after or "e0")[1:])
        data = before + b"".join(log[max(0, at - again) :])
        if is_gzip:
            data, fields["content_encoding"] = gzip.compress(data, 1), "gzip"
        await start(send, content_type=content_type, **fields)
        is_cut = cut is not None and cut < len(data)
        data = data[:cut] if is_cut else data
        for begin in range(0, len(data), piece_bytes):
            piece = data[begin : begin + piece_bytes]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        return True if is_cut else None

    return reply


def log_of(value: Any, *, piece_chars: int = 3, has_ids: bool = True, has_end: bool = True) -> list[bytes]:
    """Return the events of a document, with ids from `e1` on, and `[DONE]`."""
    events = [
        sj.encode_sse(sj.ServerSentEvent(sj.encode_sse(chunk)[6:-2].decode(), id=f"e{number}" if has_ids else None))
        for number, chunk in enumerate(sj.disassemble(value, piece_chars=piece_chars), 1)
    ]
    return [*events, b"data: [DONE]\n\n"] if has_end else events


def body(log: Sequence[bytes]) -> list[str]:
    """Return the data of the events of a log."""
    return [event.data for event in sj.decode_sse(b"".join(log))]
