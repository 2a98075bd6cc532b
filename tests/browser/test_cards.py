"""The page of examples/cards in Chromium: the document that it shows is the model's, whatever happens on the way."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

import streamjson as sj
from loopback import TIMEOUT_S

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TRIP = json.loads((EXAMPLES / "expected" / "trip.json").read_text("utf-8"))
EVENTS = list(sj.decode_sse((EXAMPLES / "trip.sse").read_bytes()))

_SPEC = importlib.util.spec_from_file_location("cards_server", EXAMPLES / "cards" / "server.py")
assert _SPEC is not None
assert _SPEC.loader is not None
cards: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cards)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    if path is None:
        message = "no Chromium is installed"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=options)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in which no script may fail."""
    errors: list[str] = []
    with browser.new_context(viewport={"width": 1280, "height": 860}) as context:
        context.set_default_timeout(1000 * TIMEOUT_S)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert not errors


class Model:
    """A model that writes half of its answer, and the rest when it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.was_left = threading.Event()
        self._may_finish = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def __call__(self) -> AsyncIterator[sj.ServerSentEvent]:
        self.asked += 1
        try:
            for number, event in enumerate(EVENTS):
                if number == len(EVENTS) // 2:
                    await self._permission()
                yield event
        finally:
            self.was_left.set()

    async def _permission(self) -> None:
        if not self._may_finish:
            granted = asyncio.Event()
            self._waiting.append((asyncio.get_running_loop(), granted))
            await granted.wait()

    def finish(self) -> None:
        """Let it write the rest, in the threads of all servers."""
        self._may_finish = True
        for loop, granted in self._waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(granted.set)


class Server(uvicorn.Server):
    """Serves the example in a thread."""

    def __init__(self, ask_model: Callable[[], AsyncIterator[sj.ServerSentEvent]]) -> None:
        app = cards.make_app(ask_model)
        super().__init__(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=0))
        self.port = 0
        self._loop: Any = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def break_connections(self) -> None:
        """Break all connections off, as a network does."""
        self._loop.call_soon_threadsafe(lambda: [each.transport.abort() for each in self.server_state.connections])


@contextmanager
def serving(ask_model: Callable[[], AsyncIterator[sj.ServerSentEvent]], port: int = 0) -> Iterator[Server]:
    server = Server(ask_model)
    with socket.create_server(("127.0.0.1", port)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.should_exit = True
            thread.join(TIMEOUT_S)


def open_page(page: Page, server: Server) -> None:
    page.goto(f"http://127.0.0.1:{server.port}/")


def shown(page: Page) -> Any:
    """Return what the page shows of a trip, in the shape of the document."""
    return page.evaluate("""() => {
        const text = (element, selector) => element.querySelector(selector).textContent;
        const fields = Object.fromEntries([...document.forms[0].elements].map(input => [input.name, input.value]));
        return {
            title: document.querySelector('h1').textContent,
            fields,
            tips: [...document.querySelectorAll('#tips li')].map(item => item.textContent),
            days: [...document.querySelectorAll('.day')].map(card => ({
                title: text(card, 'h2'),
                activities: [...card.querySelectorAll('li')].map(
                    item => [text(item, 'time'), text(item, 'h3'), text(item, 'p')]
                ),
            })),
        };
    }""")


WHOLE = {
    "title": TRIP["title"],
    "fields": {
        "destination.city": "Porto",
        "destination.country": "Portugal",
        "destination.language": "Portuguese",
        "travellers": "2",
        "budget.total": "€1,480",
        "budget.hotels": "€620.50",
        "budget.food": "€390",
        "budget.transport": "€145.20",
    },
    "tips": TRIP["tips"],
    "days": [
        {
            "title": day["title"],
            "activities": [[each["time"], each["place"], each["notes"]] for each in day["activities"]],
        }
        for day in TRIP["days"]
    ],
}


def has_status(page: Page, status: str) -> None:
    expect(page.get_by_role("status")).to_have_text(status, timeout=1000 * TIMEOUT_S)


def shows_half(page: Page) -> None:
    expect(page.locator(".day")).to_have_count(3, timeout=1000 * TIMEOUT_S)
    has_status(page, "Writing")
    assert shown(page)["days"][:2] == WHOLE["days"][:2]
    assert shown(page)["tips"] == []


def shows_all(page: Page) -> None:
    has_status(page, "Complete")
    assert shown(page) == WHOLE


def test_page_fills_in(page: Page) -> None:
    model = Model()
    with serving(model) as server:
        open_page(page, server)
        shows_half(page)
        model.finish()
        shows_all(page)


def test_page_that_is_reloaded_continues(page: Page) -> None:
    model = Model()
    with serving(model) as server:
        open_page(page, server)
        shows_half(page)
        page.reload()
        shows_half(page)
        model.finish()
        shows_all(page)
    assert model.asked == 1


def test_server_that_is_restarted(page: Page) -> None:
    """The new server asks the model once more; until then, the page keeps what it has."""
    model = Model()
    with serving(model) as server:
        open_page(page, server)
        shows_half(page)
    has_status(page, "Connection lost, trying again")
    assert len(shown(page)["days"]) == 3
    model.finish()
    with serving(model, server.port):
        shows_all(page)
    assert model.asked == 2


def test_browser_that_is_offline_for_a_while(page: Page) -> None:
    model = Model()
    with serving(model) as server:
        open_page(page, server)
        shows_half(page)
        page.context.set_offline(True)
        server.break_connections()
        has_status(page, "Connection lost, trying again")
        model.finish()
        page.context.set_offline(False)
        shows_all(page)
    assert model.asked == 1


def test_stop_and_plan_again(page: Page) -> None:
    model = Model()
    with serving(model) as server:
        open_page(page, server)
        shows_half(page)
        page.get_by_role("button", name="Stop").click()
        has_status(page, "Stopped")
        assert model.was_left.wait(TIMEOUT_S)
        expect(page.get_by_role("button", name="Stop")).to_be_disabled()
        model.finish()
        page.get_by_role("button", name="Plan again").click()
        shows_all(page)
    assert model.asked == 2


def test_model_that_fails_is_shown(page: Page) -> None:
    async def failing() -> AsyncIterator[sj.ServerSentEvent]:
        yield EVENTS[1]
        yield sj.ServerSentEvent('{"error": {"message": "overloaded"}}')

    with serving(failing) as server:
        open_page(page, server)
        expect(page.get_by_role("status")).to_contain_text("overloaded")
        assert shown(page)["title"] == "Five"


ODD = [
    {"title": None, "destination": 1, "budget": None, "travellers": "two", "tips": {}, "weather": None, "days": "none"},
    {
        "title": ["a"],
        "budget": {"total": "much", "currency": 5},
        "tips": [1, None],
        "days": [None, 1, {"title": "Last"}],
    },
    {"days": [{"date": None, "activities": {}}, {"date": 20261005, "activities": [None, {"cost": "12", "place": 7}]}]},
]


@pytest.mark.parametrize("document", ODD)
def test_model_that_breaks_its_schema_does_not_break_the_page(page: Page, document: Any) -> None:
    """No script fails, and what comes after the odd values is shown."""

    async def odd() -> AsyncIterator[sj.ServerSentEvent]:
        for payload in [{"delta": document, "json_path": ""}, {"delta": "<b>Late</b>", "json_path": "days2"}]:
            yield sj.ServerSentEvent(json.dumps(payload))
        yield sj.ServerSentEvent("[DONE]")

    with serving(odd) as server:
        open_page(page, server)
        has_status(page, "Complete")
        days = document["days"] if isinstance(document["days"], list) else []
        assert [day["title"] for day in shown(page)["days"]] == [
            day.get("title", "") if isinstance(day, dict) else "" for day in days
        ]


def test_text_of_the_model_is_never_html_and_amounts_follow_their_currency(page: Page) -> None:
    payloads = [
        {"delta": [{"title": "<img src=x onerror=alert(1)>", "activities": [{"cost": 12}]}], "json_path": "days"},
        {"delta": "USD", "json_path": "budget.currency"},
    ]

    async def model() -> AsyncIterator[sj.ServerSentEvent]:
        for payload in payloads:
            yield sj.ServerSentEvent(json.dumps(payload))
        yield sj.ServerSentEvent("[DONE]")

    with serving(model) as server:
        open_page(page, server)
        has_status(page, "Complete")
        expect(page.locator(".day h2")).to_have_text("<img src=x onerror=alert(1)>")
        expect(page.locator(".day footer")).to_have_text("$12 this day")
        assert page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 820, 1280])
def test_page_fits_each_screen(browser: Browser, scheme: Any, width: int) -> None:
    model = Model()
    model.finish()
    with (
        serving(model) as server,
        browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}) as context,
    ):
        page = context.new_page()
        open_page(page, server)
        shows_all(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(18, 23, 26)") == (scheme == "dark")
