"""How long it waits before the next connection, and how often it tries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx2
import pytest

import streamjson as sj
from origin import Origin
from streamjson.http import sync_stream

EVENT = b'id: 1\ndata: {"delta": 1, "json_path": "a"}\n\n'


def waits_of(monkeypatch: pytest.MonkeyPatch, replies: Iterable[Any], **options: Any) -> list[float]:
    """Return the waits between connections that are answered so, by a status, a body or a response."""
    waits: list[float] = []
    monkeypatch.setattr(sync_stream.time, "sleep", waits.append)
    left = iter(replies)

    def answer(_: httpx2.Request) -> httpx2.Response:
        reply = next(left, None)
        if reply is None:
            raise httpx2.ConnectError("refused")
        if isinstance(reply, int):
            return httpx2.Response(reply, headers={"Retry-After": "7"} if reply == 503 else {})
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=reply)

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    with client, pytest.raises(sj.StreamJSONError):
        list(sj.http.stream("GET", "http://server", client=client, **options))
    return waits


def test_wait_doubles_with_jitter_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waits_of(monkeypatch, [], min_wait_s=2, max_wait_s=20, max_failures=6)
    assert len(waits) == 6
    assert all(low <= wait <= low + 2 for low, wait in zip([2, 4, 8, 16], waits, strict=False))
    assert waits[4:] == [20, 20]


def test_progress_begins_the_budget_and_the_waits_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waits_of(monkeypatch, [500, 500, EVENT + b"data", 500], max_failures=2)
    assert len(waits) == 5
    assert all(low <= wait <= low + 1 for low, wait in zip([1, 2, 1, 1, 2], waits, strict=True))


def test_retry_after_is_a_wait_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waits_of(monkeypatch, [503] * 3, max_failures=2) == [7, 7]
    assert waits_of(monkeypatch, [503] * 3, max_failures=2, max_wait_s=5) == [5, 5]


@pytest.mark.parametrize(("retry", "wait"), [(b"0", 0.1), (b"4000", 4), (b"600000", 9.0)])
def test_server_determines_the_wait_within_bounds(monkeypatch: pytest.MonkeyPatch, retry: bytes, wait: float) -> None:
    """A server that asks for no wait at all is asked again after 0.1 seconds."""
    waits = waits_of(monkeypatch, [b"retry: " + retry + b"\n\n" + EVENT], max_failures=1, max_wait_s=9)
    assert all(wait <= each <= min(2 * wait, 9) for each in waits)
    assert len(waits) == 2


@pytest.mark.parametrize(("status", "tries"), [(408, 4), (425, 4), (429, 4), (529, 4), (500, 4), (501, 1), (400, 1)])
def test_statuses_that_may_pass(monkeypatch: pytest.MonkeyPatch, status: int, tries: int) -> None:
    assert len(waits_of(monkeypatch, [status] * 9, max_failures=3)) == tries - 1


def test_breaks_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[str, float]] = []
    waits_of(
        monkeypatch, [503, EVENT, EVENT + b"data"], min_wait_s=0, max_wait_s=0, max_failures=1,
        on_break=lambda error, wait_s: noted.append((error.code, wait_s)),
    )  # fmt: skip
    assert noted == [("status", 0), ("no_done", 0), ("truncated", 0)]


def test_request_that_cant_be_made_is_not_tried_again() -> None:
    """The error of the client has the value, which is a secret."""
    with Origin([]).running() as url, pytest.raises(ValueError, match="look at its header fields") as raised:
        list(sj.http.stream("GET", url, headers={"X-Api-Key": "sk-12345678\n"}))
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_break_after_the_last_event_is_no_break() -> None:
    def body() -> Iterable[bytes]:
        yield EVENT + b"data: [DONE]\n\n"
        raise httpx2.ReadError("reset by peer")

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body())

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    assert len(list(sj.http.stream("GET", "http://server", client=client))) == 2
    assert len(list(sj.http.stream("POST", "http://server", client=client))) == 2
    with pytest.raises(sj.StreamTruncatedError):  # which reads on, past `[DONE]`
        list(sj.http.stream("POST", "http://server", client=client, resume="never"))
