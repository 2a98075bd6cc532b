"""The applications of docs/outgoing.md: what a client gets, and that the model is left at once when the client goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import django
import httpx2
import pytest
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path
from litestar import Litestar
from starlette.applications import Starlette
from starlette.routing import Route

import streamjson as sj
from chat import said
from loopback import TIMEOUT_S, serving
from test_recipes import DOCUMENT, EVENTS, Endless, Model, disconnect_unread, page, running

pytestmark = [
    pytest.mark.slow,
    # Django leaves the file of a request's body to the collector.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <function SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def outgoing() -> SimpleNamespace:
    return page("outgoing.md")


def fastapi_app(outgoing: SimpleNamespace) -> Any:
    return outgoing.app


def starlette_app(outgoing: SimpleNamespace) -> Any:
    return Starlette(routes=[Route("/trip", outgoing.starlette_trip)])


def django_app(outgoing: SimpleNamespace) -> Any:
    urls: Any = ModuleType("urls")
    urls.urlpatterns = [path("trip", outgoing.django_trip)]
    if not settings.configured:
        settings.configure(ROOT_URLCONF=urls, ALLOWED_HOSTS=["*"], SECRET_KEY="-", DEBUG=True)
        django.setup(set_prefix=False)
    return get_asgi_application()


def litestar_app(outgoing: SimpleNamespace) -> Any:
    return Litestar(route_handlers=[outgoing.litestar_trip])


APPS: dict[str, Callable[[SimpleNamespace], Any]] = {
    "FastAPI": fastapi_app,
    "Starlette": starlette_app,
    "Django": django_app,
    "Litestar": litestar_app,
}
every_app = pytest.mark.parametrize("make_app", APPS.values(), ids=APPS)


def ask(outgoing: SimpleNamespace, url: str) -> None:
    """Let the application ask the model at a URL."""
    outgoing.ask_model.__globals__["MODEL_URL"] = url


@every_app
def test_client_gets_the_document(outgoing: SimpleNamespace, make_app: Any) -> None:
    with serving(Model(EVENTS).respond) as url, running(make_app(outgoing)) as server:
        ask(outgoing, url)
        response = httpx2.get(f"{server}/trip")

    assert response.headers["content-type"].partition(";")[0] == "text/event-stream"
    assert response.headers["x-accel-buffering"] == "no"
    assert sj.assemble(sj.decode_sse([response.content]), require_done=True).final() == DOCUMENT


@every_app
def test_model_is_left_when_the_client_goes(outgoing: SimpleNamespace, make_app: Any) -> None:
    """The model is silent, and the client has read all that there is."""
    model = Model()
    with serving(model.respond) as url, running(make_app(outgoing)) as server:
        ask(outgoing, url)
        with httpx2.stream("GET", f"{server}/trip") as response:
            pieces = response.iter_bytes()  # kept, because it disconnects when it is collected
            assert any(b"data: " in piece for piece in pieces)
            assert not model.was_disconnected.is_set()
        assert model.was_disconnected.wait(TIMEOUT_S)


def test_model_is_left_when_the_client_of_a_part_goes(outgoing: SimpleNamespace) -> None:
    model = Model([sj.encode_sse(sj.ServerSentEvent(json.dumps(said(piece)))) for piece in ('{"a', '": 1')])
    with serving(model.respond) as url, running(outgoing.app) as server:
        ask(outgoing, url)
        with httpx2.stream("GET", f"{server}/answer") as response:
            pieces = response.iter_bytes()
            assert any(b"data: " in piece for piece in pieces)
            assert not model.was_disconnected.is_set()
        assert model.was_disconnected.wait(TIMEOUT_S)


@every_app
def test_model_is_left_when_a_client_goes_that_has_stalled(outgoing: SimpleNamespace, make_app: Any) -> None:
    """The client reads nothing, and the model never ends."""
    model = Endless()
    app = make_app(outgoing)

    async def ask_model() -> Any:
        async for event in sj.decode_sse(model()):
            yield event

    async def main() -> None:
        await disconnect_unread(app, "/trip", takes=2)
        for _ in range(20):
            await asyncio.sleep(0)
        assert model.is_closed

    namespace = outgoing.ask_model.__globals__
    asked, namespace["ask_model"] = namespace["ask_model"], ask_model
    try:
        asyncio.run(main())
    finally:
        namespace["ask_model"] = asked


def test_client_comes_back(outgoing: SimpleNamespace) -> None:
    """With the last id, as a browser sends it; the application has started again, so the whole document comes."""
    with serving(Model(EVENTS).respond) as url, running(starlette_app(outgoing)) as server:
        ask(outgoing, url)
        first = list(sj.decode_sse([httpx2.get(f"{server}/trip").content]))
        again = httpx2.get(f"{server}/trip", headers={"Last-Event-ID": first[-1].last_event_id})

    receiver = sj.Assembler()
    for event in [*first[:-1], *sj.decode_sse([again.content])]:
        receiver.apply(event)
    assert receiver.snapshot().value == DOCUMENT
