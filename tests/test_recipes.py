"""The recipes keep their promises with a real server on loopback. The tests run the code blocks of the pages."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Route
from sybil import Sybil
from sybil.parsers import markdown

import streamjson as sj
from loopback import TIMEOUT_S, Exchange, serving

ROOT = Path(__file__).parent.parent


def page(name: str) -> SimpleNamespace:
    """Run the examples of a page; return the names that they define."""
    document = Sybil([markdown.PythonCodeBlockParser()]).parse(ROOT / "docs" / name)
    document.namespace["__name__"] = __name__  # the module of its functions
    with contextlib.chdir(ROOT):
        for example in document.examples():
            example.evaluate()
    return SimpleNamespace(**document.namespace)


@pytest.fixture(scope="module")
def recipes() -> SimpleNamespace:
    return page("recipes.md")


DOCUMENT = {"people": [{"name": "Jane", "age": 34}, {"name": "John", "age": 27}], "summary": "Two people, one team."}
EVENTS = [
    *(
        sj.encode_sse(sj.ServerSentEvent(sj.encode_sse(chunk)[6:-2].decode(), id=f"e{number}"))
        for number, chunk in enumerate(sj.disassemble(DOCUMENT, piece_chars=3), 1)
    ),
    b"data: [DONE]\n\n",
]

# ---------------------------------------------------------------------------------------------------------------------
# The browser disconnects


@contextlib.contextmanager
def running(app: Any) -> Iterator[str]:
    """Yield the URL of a server that runs an application."""
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=TIMEOUT_S)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:  # accepts connections before the server has started
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(TIMEOUT_S)


class Model:
    """A model that sends its first events, and then stays silent until its client has disconnected."""

    def __init__(self, events: Sequence[bytes] = EVENTS[:6]) -> None:
        self.events = events
        self.was_disconnected = threading.Event()

    async def respond(self, exchange: Exchange) -> None:
        await exchange.start()
        try:
            for event in self.events:
                await exchange.send(event)
            await exchange.left()
        finally:  # its client may leave while it sends
            self.was_disconnected.set()


def starlette_app(recipes: SimpleNamespace, url: str) -> Any:
    async def answer(_request: object) -> Any:
        return recipes.EventStream(recipes.forward(recipes.ask_model(url)))

    return Starlette(routes=[Route("/", answer)])


def fastapi_app(recipes: SimpleNamespace, url: str) -> Any:
    app = FastAPI()

    @app.get("/")
    async def answer():
        return recipes.EventStream(recipes.forward(recipes.ask_model(url)))

    return app


@pytest.mark.parametrize("make_app", [starlette_app, fastapi_app])
def test_model_is_disconnected_with_the_browser(recipes: SimpleNamespace, make_app: Any) -> None:
    model = Model()
    with serving(model.respond) as url, running(make_app(recipes, url)) as proxy:
        with httpx2.stream("GET", proxy) as response:
            pieces = response.iter_bytes()  # kept, because it disconnects when it is collected
            assert next(pieces).startswith(b"data: ")
            assert not model.was_disconnected.is_set()
        assert model.was_disconnected.wait(TIMEOUT_S)


@pytest.mark.parametrize("make_app", [starlette_app, fastapi_app])
def test_forwarded_events_arrive(recipes: SimpleNamespace, make_app: Any) -> None:
    with serving(Model(EVENTS).respond) as url, running(make_app(recipes, url)) as proxy:
        response = httpx2.get(proxy)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert sj.assemble(sj.decode_sse(response.content), require_done=True).final() == DOCUMENT


async def disconnect_unread(app: Any, path: str = "/", *, takes: int = 0) -> None:
    """Run an application for a browser that disconnects while it does not read, after it took some pieces."""
    is_sending, left = asyncio.Event(), iter(range(takes))

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and next(left, None) is None:
            is_sending.set()
            await asyncio.get_running_loop().create_future()

    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        request = next(requests, None)
        if request is not None:
            return request
        await is_sending.wait()
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    await asyncio.wait_for(app(scope, receive, send), TIMEOUT_S)


class Endless:
    """The events of a model that never ends; records whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    async def __call__(self) -> AsyncIterator[bytes]:
        try:
            for number in itertools.count():
                yield b'data: {"delta": {"name": "Jane"}, "json_path": "people[%d]"}\n\n' % number
                await asyncio.sleep(0)
        finally:
            self.is_closed = True


def test_unread_response_closes_the_generator_on_disconnect(recipes: SimpleNamespace) -> None:
    """The generator is suspended at a `yield`, where a cancellation of the response cannot reach it."""
    model = Endless()

    async def main() -> None:
        await disconnect_unread(recipes.EventStream(recipes.forward(sj.decode_sse(model()))))
        assert model.is_closed

    asyncio.run(main())


def test_response_that_never_starts_opens_nothing(recipes: SimpleNamespace) -> None:
    async def main() -> None:
        async def send(_message: object) -> None:
            raise OSError("gone")

        async def receive() -> Any:
            await asyncio.get_running_loop().create_future()

        response = recipes.EventStream(recipes.forward(recipes.ask_model("http://127.0.0.1:1")))
        with pytest.raises(Exception, match="gone"):
            await response({"type": "http"}, receive, send)

    asyncio.run(asyncio.wait_for(main(), TIMEOUT_S))


# ---------------------------------------------------------------------------------------------------------------------
# A Stop button, and a silent server


def test_task_waiting_for_a_silent_server_stops_at_once(recipes: SimpleNamespace) -> None:
    model = Model()

    async def main(url: str) -> sj.Snapshot:
        has_all = asyncio.Event()
        async with httpx2.AsyncClient(timeout=None) as client, client.stream("GET", url) as response:
            stream = sj.assemble(sj.decode_sse(response.aiter_bytes()), require_done=True)
            finished: list[sj.Completion] = []
            stream.assembler.on_complete("$", finished.append)

            def show(snapshot: sj.Snapshot) -> None:
                if snapshot.version == len(model.events):
                    has_all.set()

            reader = asyncio.create_task(recipes.read(stream, show))
            await has_all.wait()
            last = await recipes.stop(stream, reader)
            assert finished == []
            return last

    with serving(model.respond) as url:
        last = asyncio.run(asyncio.wait_for(main(url), TIMEOUT_S))
        assert model.was_disconnected.wait(TIMEOUT_S)
    assert (last.version, last.complete, last.end) == (len(model.events), False, "open")
    assert last.value == sj.assemble(sj.decode_sse(b"".join(model.events))).final()


@pytest.mark.parametrize("waits", [True, False], ids=["while it waits", "between two events"])
def test_thread_reading_from_a_silent_server_stops_at_once(recipes: SimpleNamespace, *, waits: bool) -> None:
    model = Model()
    ready, stopped = threading.Event(), threading.Event()
    streams: list[tuple[sj.SnapshotStream, httpx2.Response]] = []
    errors: list[BaseException] = []

    def run(url: str) -> None:
        def pieces(response: httpx2.Response) -> Iterator[bytes]:
            for piece in response.iter_bytes():
                yield piece
                if streams[0][0].assembler.version == len(model.events):
                    ready.set()

        try:
            with httpx2.Client(timeout=None) as client, client.stream("GET", url) as response:
                stream = sj.assemble(sj.decode_sse(pieces(response)), require_done=True)
                streams.append((stream, response))
                for snapshot in stream:
                    if not waits and snapshot.version == len(model.events):
                        ready.set()
                        assert stopped.wait(TIMEOUT_S)
        except BaseException as error:  # noqa: BLE001  # asserted below
            errors.append(error)

    with serving(model.respond) as url:
        reader = threading.Thread(target=run, args=[url], daemon=True)
        reader.start()
        assert ready.wait(TIMEOUT_S)
        recipes.stop_thread(*streams[0])
        stopped.set()
        reader.join(TIMEOUT_S)
        assert not reader.is_alive()
        assert model.was_disconnected.wait(TIMEOUT_S)
    assert errors == []
    last = streams[0][0].snapshot
    assert (last.version, last.complete, last.end) == (len(model.events), False, "open")


def test_error_from_closing_the_source_is_raised(recipes: SimpleNamespace) -> None:
    class Source:
        def __iter__(self) -> Iterator[object]:
            return iter([])

        def close(self) -> None:
            raise sj.StreamFailedError("no")

    with pytest.raises(sj.StreamFailedError):
        recipes.stop_thread(sj.assemble(Source()), None)


def test_silence_is_noticed_and_waited_out(recipes: SimpleNamespace) -> None:
    """The server continues only after three silences were noticed; no event is lost."""
    was_noticed = threading.Event()

    async def respond(exchange: Exchange) -> None:
        await exchange.start()
        for event in EVENTS[:2]:
            await exchange.send(event)
        await asyncio.to_thread(was_noticed.wait, TIMEOUT_S)
        for event in EVENTS[2:]:
            await exchange.send(event)

    async def main(url: str) -> list[sj.Snapshot | None]:
        seen: list[sj.Snapshot | None] = []
        async with httpx2.AsyncClient(timeout=None) as client, client.stream("GET", url) as response:
            stream = sj.assemble(sj.decode_sse(response.aiter_bytes()), require_done=True)
            async for snapshot in recipes.patiently(stream, 0.01):
                seen.append(snapshot)
                if seen.count(None) >= 3 and any(seen):
                    was_noticed.set()
        return seen

    with serving(respond) as url:
        seen = asyncio.run(asyncio.wait_for(main(url), TIMEOUT_S))
    snapshots = [snapshot for snapshot in seen if snapshot is not None]
    assert seen.count(None) >= 3
    assert len(snapshots) == len(EVENTS)
    assert (snapshots[-1].value, snapshots[-1].end) == (DOCUMENT, "done")


def test_caller_may_stop_waiting_and_disconnect(recipes: SimpleNamespace) -> None:
    model = Model()

    async def main(url: str) -> sj.Snapshot:
        async with httpx2.AsyncClient(timeout=None) as client, client.stream("GET", url) as response:
            stream = sj.assemble(sj.decode_sse(response.aiter_bytes()))
            async with contextlib.aclosing(recipes.patiently(stream, 0.01)) as snapshots:
                async for snapshot in snapshots:
                    if snapshot is None and stream.assembler.version == len(model.events):
                        break
            assert await asyncio.to_thread(model.was_disconnected.wait, TIMEOUT_S)  # the response is still open
        return stream.snapshot

    with serving(model.respond) as url:
        last = asyncio.run(asyncio.wait_for(main(url), TIMEOUT_S))
    assert (last.complete, last.end) == (False, "open")


def test_error_of_the_stream_passes_through(recipes: SimpleNamespace) -> None:
    async def main(url: str) -> None:
        async with httpx2.AsyncClient() as client, client.stream("GET", url) as response:
            stream = sj.assemble(sj.decode_sse(response.aiter_bytes()), require_done=True)
            with pytest.raises(sj.StreamTruncatedError):
                async for _ in recipes.patiently(stream, TIMEOUT_S):
                    pass

    async def respond(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.send(EVENTS[0])

    with serving(respond) as url:
        asyncio.run(asyncio.wait_for(main(url), TIMEOUT_S))


# ---------------------------------------------------------------------------------------------------------------------
# docs/callbacks.md: the server that forwards finished values


@pytest.fixture(scope="module")
def callbacks() -> SimpleNamespace:
    return page("callbacks.md")


def test_model_is_disconnected_with_the_browser_of_an_endpoint(
    callbacks: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(EVENTS[:-5])

    async def ask_model() -> AsyncIterator[bytes]:
        async with httpx2.AsyncClient(timeout=None) as client, client.stream("GET", url) as response:
            async for piece in response.aiter_bytes():
                yield piece

    monkeypatch.setitem(callbacks.model_stream.__globals__, "ask_model", ask_model)
    with serving(model.respond) as url, running(callbacks.app) as proxy:
        with httpx2.stream("GET", f"{proxy}/people") as response:
            pieces = response.iter_bytes()  # kept, because it disconnects when it is collected
            assert next(pieces).startswith(b'event: person\ndata: {"name": "Jane", "age": 34}')
            assert not model.was_disconnected.is_set()
        assert model.was_disconnected.wait(TIMEOUT_S)


def test_unread_response_of_an_endpoint_closes_its_stream(
    callbacks: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Endless()

    async def main() -> None:
        await disconnect_unread(callbacks.app, "/people")
        assert model.is_closed

    monkeypatch.setitem(callbacks.model_stream.__globals__, "ask_model", model)
    asyncio.run(main())
