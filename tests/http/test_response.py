"""What the error for a response that is no stream shows, and what it never does."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import httpx2
import pytest

import streamjson as sj


def refused(response: httpx2.Response, url: str = "http://server/stream", **options: Any) -> sj.ResponseError:
    """Return the error of a stream whose server answers so."""
    client = httpx2.Client(transport=httpx2.MockTransport(lambda _: response))
    with client, pytest.raises(sj.ResponseError) as raised:
        list(sj.http.stream("POST", url, client=client, **options))
    return raised.value


KEY = "sk-proj-1234567890"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("http://server/v1", {"headers": {"Authorization": f"Bearer {KEY}"}}),
        ("http://server/v1", {"headers": {"X-Api-Key": KEY}}),
        ("http://server/v1", {"headers": [("x-goog-api-key", KEY)]}),
        ("http://server/v1", {"cookies": {"session": KEY, "b": "2"}}),
        ("http://server/v1", {"auth": ("user", KEY)}),
        ("http://server/v1", {"params": {"key": KEY}}),
        (f"http://server/v1?key={KEY}", {}),
        (f"http://user:{KEY}@server/v1#{KEY}", {}),
    ],
    ids=["bearer", "header", "headers as pairs", "cookie", "basic", "params", "query", "user"],
)
@pytest.mark.filterwarnings("ignore:Setting per-request cookies")
def test_secrets_are_never_shown(url: str, options: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """Even where the server repeats them."""
    response = httpx2.Response(401, text=f"Incorrect API key provided: {KEY}. See the model gpt-9.")
    error = refused(response, url, **options)
    shown = [str(error), repr(error), error.body]
    if "#" not in url:
        assert all("provided: ***. See the model gpt-9." in each for each in (error.message, error.body))
    assert not any(KEY in each for each in shown)
    assert error.message.startswith("POST http://server/v1 was answered with 401 Unauthorized")
    assert not [record for record in caplog.records if record.name.startswith("streamjson")]


def test_url_is_shown_as_far_as_it_is_harmless() -> None:
    response = httpx2.Response(404, text="no model gpt-5-turbo")
    error = refused(response, "http://[::1]:8080/v1/chat?model=gpt-5-turbo&x=abcdefgh")
    assert error.message == (
        "POST http://[::1]:8080/v1/chat was answered with 404 Not Found; the body begins 'no model gpt-5-turbo'"
    )


@pytest.mark.parametrize("repeated", ["sk/a+b=c", "sk%2Fa%2Bb%3Dc", "sk\\/a+b=c"], ids=["as it is", "URL", "JSON"])
@pytest.mark.parametrize(
    "response",
    [
        lambda text: httpx2.Response(401, text=text),
        lambda text: httpx2.Response(401, extensions={"reason_phrase": text.encode()}),
        lambda text: httpx2.Response(200, headers={"content-type": text}),
        lambda text: httpx2.Response(500, text="x" * 2040 + text),
    ],
    ids=["body", "reason", "type", "cut"],
)
def test_secret_that_is_repeated_in_any_spelling(response: Any, repeated: str) -> None:
    options: Any = {"headers": [("X-Key", "sk/a+b=c"), ("X-Key", "other-key")]}
    error = refused(response(f"{repeated} other-key"), "http://us-er-name:x@server", **options)
    for shown in (str(error), error.body, error.content_type):
        assert not any(secret in shown for secret in (repeated, "other-key", "us-er-name", "sk/a"))


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/event-stream", '{"error": "no key sk-12345678"}'),
        ("application/x-ndjson", "no key sk-12345678\n"),
        ("text/event-stream", "<html>sk-12345678"),
    ],
)
def test_error_about_a_body_shows_no_secret(content_type: str, text: str) -> None:
    response = httpx2.Response(200, headers={"content-type": content_type}, text=text)
    client = httpx2.Client(transport=httpx2.MockTransport(lambda _: response))
    with client, pytest.raises(sj.InvalidEventError) as raised:
        list(sj.http.stream("GET", "http://server", client=client, headers={"X-Key": "sk-12345678"}))
    error = raised.value
    assert "12345678" not in f"{error}{error.body}{error.body_bytes!r}"
    assert "***" in str(error)


def test_request_shows_no_secret_to_a_way_of_your_own() -> None:
    request = sj.http.Request("GET", httpx2.URL("http://u:p@server?k=1"), httpx2.Headers({"X-Key": KEY}), {"json": KEY})
    assert repr(request) == "Request(method='GET')"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3),
        ("Thu, 01 Jan 1998 00:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("9" * 5000, 999_999_999),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    error = refused(httpx2.Response(503, headers={"Retry-After": text}))
    assert error.retry_after_s == seconds


def test_retry_after_a_date_to_come() -> None:
    later = formatdate(time.time() + 86_400, usegmt=True)
    error = refused(httpx2.Response(503, headers={"Retry-After": later}))
    assert error.retry_after_s is not None
    assert 80_000 < error.retry_after_s <= 86_400


@pytest.mark.parametrize("credentials", ["abcde", "/w==", ""])
def test_broken_credentials_and_bodies_are_shown_as_they_are(credentials: str) -> None:
    response = httpx2.Response(400, content=b"\xff\x00 wrong")
    error = refused(response, headers={"Authorization": f"Basic {credentials}"})
    assert error.body == "\ufffd\x00 wrong"
    assert r"\x00" in error.message
