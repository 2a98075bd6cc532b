"""examples/tools.py, in its own process, between a model and a browser on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

import streamjson as sj
from chat import chunk, fragment, said
from loopback import TIMEOUT_S, Exchange, serving
from programs import running

pytestmark = pytest.mark.slow

BOOK = [fragment('{"city": "Lis', name="book_trip", id="c1"), fragment('bon", "nights": 3}')]
CARD = [fragment('{"to": "Ada"}', name="send_card", id="c2", index=1)]


def encoded(*events: dict[str, Any]) -> bytes:
    return b"".join(sj.encode_sse(sj.ServerSentEvent(json.dumps(event))) for event in events)


@contextmanager
def events_of(model_url: str) -> Iterator[Iterator[tuple[str, Any]]]:
    with running("tools.py", model_url) as address, httpx2.stream("GET", f"{address}/answer") as response:
        decoded = sj.decode_sse(response.raise_for_status().iter_bytes())
        yield ((event.event, json.loads(event.data)) for event in decoded)


def test_two_tools_run_while_the_rest_of_the_answer_streams():
    """The model goes on only when the browser has the results of both tools."""
    both_ran = threading.Event()

    async def respond(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.send(encoded(said("Booking. "), *BOOK, *CARD, said("Both ")))
        assert await asyncio.to_thread(both_ran.wait, TIMEOUT_S)
        await exchange.send(encoded(said("done."), chunk(finish="stop")) + b"data: [DONE]\n\n")

    with serving(respond) as url, events_of(url) as events:
        seen = [next(events) for _ in range(4)]
        assert sorted(seen) == [
            ("book_trip", "booked 3 nights in Lisbon"),
            ("send_card", "sent to Ada"),
            ("text", "Booking. "),
            ("text", "Both "),
        ]
        both_ran.set()
        assert list(events) == [("text", "done.")]


def test_an_answer_that_breaks_off_runs_no_half_call_and_says_so():
    async def respond(exchange: Exchange) -> None:
        await exchange.start()
        await exchange.send(encoded(said("Booking."), BOOK[0]))

    with serving(respond) as url, events_of(url) as events:
        (text, failed) = events
        assert text == ("text", "Booking.")
        assert failed[0] == "failed"
        assert "did not end its answer" in failed[1]
