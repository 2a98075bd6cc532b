"""A body that is not an event stream is refused with the kind that it looks like, or with the right call."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

import streamjson as sj
from streamjson._wire.body import right_call

HTML = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head></html>\n"
JSON_ERROR = json.dumps({"error": {"message": "Invalid API key", "type": "invalid_request_error"}}).encode()
LINES = b"".join(json.dumps({"delta": "x", "json_path": "a", "n": n}).encode() + b"\n" for n in range(3))
SSE = b'data: {"delta": 1, "json_path": "a"}\n\n'

BODIES: dict[str, tuple[bytes, str, str]] = {
    "HTML": (HTML, "HTML", "502 Bad Gateway"),
    "HTML after a blank line": (b"\r\n" + HTML, "HTML", "502 Bad Gateway"),
    "HTML with a line that looks like a comment": (
        b"\n<!DOCTYPE html>\n<style>\n:root { --bg: #fff }\n</style>\n",
        "HTML",
        "root",
    ),
    "a JSON error after blank lines": (b"\n" * 250 + JSON_ERROR, "JSON", "Invalid API key"),
    "deflate": (zlib.compress(SSE * 100), "deflate", "x"),
    "a JSON error": (JSON_ERROR, "JSON", "Invalid API key"),
    "a JSON error with a line end": (JSON_ERROR + b"\n", "JSON", "Invalid API key"),
    "a JSON error with a BOM": (b"\xef\xbb\xbf" + JSON_ERROR, "JSON", "Invalid API key"),
    "indented JSON": (json.dumps({"a": [1, 2]}, indent=2).encode(), "JSON", "a"),
    "a JSON array": (b'[{"error": {"code": 429}}]', "JSON", "429"),
    "JSON lines": (LINES, "JSON lines", "json_path"),
    "gzip": (gzip.compress(SSE), "gzip", "\\x1f\\x8b"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00", "zstd", "/"),
    "UTF-16": (SSE.decode().encode("utf-16"), "UTF-16", "data: "),
    "UTF-16, little-endian without its mark": (SSE.decode().encode("utf-16-le"), "UTF-16", "data: "),
    "UTF-16, big-endian without its mark": (SSE.decode().encode("utf-16-be"), "UTF-16", "data: "),
    "text": (b"upstream connect error", "text", "upstream connect error"),
    "text with a line end": (b"Internal Server Error\n", "text", "Internal Server Error"),
    "unknown fields alone": (b"foo: 1\n\nbar: 2\n\n", "text", "foo: 1\\n"),
    "a long JSON document": (b'{"a": "' + b"x" * 100_000 + b'"}', "JSON", "xxx"),
}


def refusal(pieces: Any) -> sj.InvalidEventError:
    with pytest.raises(sj.InvalidEventError) as caught:
        list(sj.decode_sse(pieces))
    return caught.value


@pytest.mark.parametrize(("body", "kind", "shown"), BODIES.values(), ids=BODIES)
def test_body_of_another_kind_is_refused(body: bytes, kind: str, shown: str) -> None:
    whole = refusal([body])
    assert whole.code == "not_an_event_stream"
    assert kind in whole.message
    assert shown in whole.body
    assert whole.body.isprintable()
    assert len(whole.body) <= 1000
    for size in (1, 2, 7):
        error = refusal(body[at : at + size] for at in range(0, len(body), size))
        assert (error.code, error.message, error.body) == (whole.code, whole.message, whole.body)


def test_endless_body_is_refused_after_its_first_bytes() -> None:
    def lines() -> Iterator[bytes]:
        while True:
            yield b'{"response": "Hel", "done": false}\n'

    assert "JSON lines" in refusal(lines()).message


def test_async_decoder_refuses_a_body_of_another_kind() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield JSON_ERROR

    async def main() -> None:
        async for _ in sj.decode_sse(body()):
            pass

    with pytest.raises(sj.InvalidEventError, match="Invalid API key"):
        asyncio.run(main())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"\r\n\r\n",
        b"\xef\xbb\xbf",
        b": ping",
        b":",
        b"retry: 5\n",
        b"foo: 1\ndata: a\n\n",
        b"data\n\n",
        b"id\n\n",
    ],
)
def test_minimal_event_stream_is_accepted(body: bytes) -> None:
    for pieces in ([body], [body[at : at + 1] for at in range(len(body))]):
        assert len(list(sj.decode_sse(pieces))) <= 1


@pytest.mark.parametrize("head", [SSE, b": ping\n\n", b"retry: 3000\n\n", b"event: ping\ndata\n\n", b"foo: 1\n" + SSE])
@pytest.mark.parametrize(
    "rest", [HTML, b"\n" + HTML, b"<html>\n\n: hi\n", JSON_ERROR, JSON_ERROR + b"\n", b'{\n "error": 1\n}']
)
def test_trailing_body_raises_after_the_events(head: bytes, rest: bytes) -> None:
    body = head + rest
    for size in (1, 2, 7, len(body)):
        events = []
        with pytest.raises(sj.InvalidEventError) as caught:
            events.extend(sj.decode_sse(body[at : at + size] for at in range(0, len(body), size)))
        assert caught.value.code == "trailing_body"
        assert caught.value.body.startswith(rest.strip().splitlines()[0].decode())
        assert events == list(sj.decode_sse(head))


@pytest.mark.parametrize("rest", [SSE, b"id: 1\ndata: x\n\n", b"data: x\r\n\r\n", b"event: a\ndata: x\n\n"])
def test_line_of_another_body_before_an_event_is_ignored(rest: bytes) -> None:
    """As the format says: "Otherwise: The field is ignored" (9.2.6)."""
    body = SSE + b"<html>\n\n" + rest
    for pieces in ([body], [body[at : at + 1] for at in range(len(body))]):
        assert len(list(sj.decode_sse(pieces))) == 2


def test_cut_event_after_a_line_of_another_body_is_truncated() -> None:
    with pytest.raises(sj.StreamTruncatedError):
        list(sj.decode_sse([SSE + b"<html>\ndata: 1"]))


# ---------------------------------------------------------------------------------------------------------------------
# lines as pieces


@pytest.mark.parametrize(
    "lines",
    [SSE.splitlines(), [*SSE.splitlines(), *SSE.splitlines()], [b"id: 1", b"data: x"], [b": ping", b"", b"data: x"]],
)
def test_lines_without_their_ends_have_an_error_of_their_own(lines: list[bytes]) -> None:
    error = refusal(lines)
    assert error.code == "no_line_ends"
    assert "iter_content" in error.message


def test_lines_with_their_ends_are_decoded() -> None:
    assert len(list(sj.decode_sse(SSE.splitlines(keepends=True)))) == 1


@pytest.mark.parametrize("pieces", [[b"data: ", b"x: data: y"], [b'data: {"del', b""], [b"", b"data: x", b""]])
def test_cut_lines_are_truncated_not_lines_without_ends(pieces: list[bytes]) -> None:
    with pytest.raises(sj.StreamTruncatedError):
        list(sj.decode_sse(pieces))


# ---------------------------------------------------------------------------------------------------------------------
# a response in place of its bytes


class AiohttpStream:
    def iter_any(self) -> None: ...


class AiohttpResponse:
    content = AiohttpStream()


class RequestsResponse:
    def iter_content(self) -> None: ...

    @property
    def content(self) -> bytes:
        raise AssertionError("reading it would download the whole body")


class SyncOnly:
    def iter_bytes(self) -> None: ...


@pytest.mark.parametrize(
    ("response", "call"),
    [
        (AiohttpResponse(), "response.content.iter_any()"),
        (AiohttpStream(), "response.content.iter_any()"),
        (RequestsResponse(), "response.iter_content(chunk_size=None)"),
        (SyncOnly(), "response.iter_bytes()"),
        (httpx.Response(200), "response.iter_bytes(), or response.aiter_bytes() in async code"),
        (object(), "response.iter_bytes(), or response.aiter_bytes() in async code"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_response_is_refused_with_the_call_of_its_client(response: object, call: str) -> None:
    assert right_call(response) == call
    for take in (sj.assemble, sj.decode_sse):
        with pytest.raises(sj.InvalidEventError) as caught:
            take(response)  # type: ignore[operator]
        assert call in caught.value.message


def test_unknown_fields_may_precede_the_first_event() -> None:
    pieces = [b"foo: " + b"x" * 300 + b"\n", b"bar: 1\n", b"data: x\n\n"]
    assert [event.data for event in sj.decode_sse(pieces)] == ["x"]
