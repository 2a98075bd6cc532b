"""A mistake in the options is an error at the call, before anything is sent."""

from __future__ import annotations

import importlib.util
import re
import sys
from typing import Any

import httpx2
import pytest

import streamjson as sj


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"format": "json"}, "format is 'sse', 'json_lines' or None, not 'json'"),
        ({"on_break": 3}, "on_break is a function, or None, not 3"),
        (
            {"resume": "openai_responses", "replays": sj.ReplayFilter()},
            "replays is for streams that are continued by ids",
        ),
        ({"resume": "always"}, "resume is 'never', 'last_event_id', 'from_start', 'openai_responses',"),
        ({"resume": True}, "or a Resumption, not True"),
        ({"max_failures": -1}, "max_failures is a whole number from 0, not -1"),
        ({"max_failures": 2.0}, "max_failures is a whole number from 0, not 2.0"),
        ({"min_wait_s": "1"}, "min_wait_s is a number of seconds, not '1'"),
        ({"max_wait_s": float("inf")}, "max_wait_s is a number of seconds, not inf"),
        ({"idle_timeout_s": 0}, "idle_timeout_s is a number of seconds above 0, or None, not 0"),
    ],
)
def test_values_that_are_wrong(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        sj.http.stream("GET", "http://server", **options)


@pytest.mark.parametrize("url", ["ftp://server", "server", "http://", "http://a:x/", "/relative"])
def test_url_that_is_wrong(url: str) -> None:
    with pytest.raises(ValueError, match="the URL is not valid: "):
        sj.http.stream("GET", url)


def test_method_that_is_wrong() -> None:
    method: Any = None
    with pytest.raises(TypeError, match="method is a name such as 'GET', not None"):
        sj.http.stream(method, "http://server")


def test_names_that_are_wrong() -> None:
    options: Any = {"jsn": {}, "idle": 3}
    with pytest.raises(TypeError, match="stream has no option 'idle', 'jsn'"):
        sj.http.stream("GET", "http://server", **options)


@pytest.mark.parametrize("client", [object(), httpx2, httpx2.Timeout(3)])
def test_client_of_another_library(client: Any) -> None:
    with pytest.raises(TypeError, match="client is a Client or an AsyncClient of httpx2 or httpx, not <"):
        sj.http.stream("GET", "http://server", client=client)


def test_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    monkeypatch.setitem(sys.modules, "httpx2", None)
    assert sj.http.client.library_of(None) is httpx  # type: ignore[attr-defined]  # a module of the package
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'streamjson-assembler[http]'")):
        sj.http.stream("GET", "http://server")


def test_backoff_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamjson.http import attempts

    monkeypatch.setitem(sys.modules, "tenacity", None)
    spec = importlib.util.spec_from_file_location("streamjson.http.attempts_again", str(attempts.__file__))
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ImportError, match=re.escape("pip install 'streamjson-assembler[http]'")):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.mark.parametrize(
    ("given", "of_client", "idle_timeout_s", "expected"),
    [
        (None, 9.0, None, {"connect": 9, "read": 9, "write": 9, "pool": 9}),
        (None, 9.0, 50, {"connect": 9, "read": 50, "write": 9, "pool": 9}),
        (3.0, 9.0, 50, {"connect": 3, "read": 50, "write": 3, "pool": 3}),
        (httpx2.Timeout(None, pool=4.0), 9.0, 50, {"connect": None, "read": 50, "write": None, "pool": 4}),
    ],
)
def test_time_outs(given: Any, of_client: float, idle_timeout_s: float | None, expected: dict[str, Any]) -> None:
    requests = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(204)

    client = httpx2.Client(transport=httpx2.MockTransport(answer), timeout=of_client)
    options: Any = {"timeout": given} if given is not None else {}
    list(sj.http.stream("GET", "http://server", client=client, idle_timeout_s=idle_timeout_s, **options))
    assert requests[0].extensions["timeout"] == expected


def test_own_client_waits_as_long_as_a_model_may_think() -> None:
    from streamjson.http.client import new_client

    with new_client(httpx2, 600.0, is_async=False) as client:
        assert client.timeout == httpx2.Timeout(600, connect=30)
        assert not client.follow_redirects
