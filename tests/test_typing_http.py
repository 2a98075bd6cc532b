"""What type checkers know of `streamjson.http`. mypy and pyright read this file; it also runs."""

from __future__ import annotations

from typing import assert_type

import httpx
import httpx2

import streamjson as sj


def check_sync(client: httpx2.Client, older: httpx.Client) -> None:
    stream = sj.http.stream("GET", "http://server", headers={"a": "b"}, params=[("c", "d")], idle_timeout_s=9.0)
    assert_type(stream, sj.http.EventStream)
    assert_type(
        sj.http.stream("POST", "http://server", client=client, json={}, resume="langgraph"), sj.http.EventStream
    )
    assert_type(sj.http.stream("GET", "http://server", client=older, format="sse"), sj.http.EventStream)
    with stream as events:
        for event in events:
            assert_type(event, sj.http.Event)
            assert_type(event.data, sj.JSONValue)
    assert_type(stream.last_event_id, str)
    assert_type(stream.connection_count, int)
    assert_type(sj.assemble(stream), sj.SnapshotStream)
    assert_type(sj.assemble_parts(stream), sj.PartStream)


async def check_async(client: httpx2.AsyncClient, older: httpx.AsyncClient) -> None:
    stream = sj.http.stream("GET", "http://server", client=client, limits=sj.Limits(), max_failures=3)
    assert_type(stream, sj.http.AsyncEventStream)
    assert_type(sj.http.stream("GET", "http://server", client=older, on_break=print), sj.http.AsyncEventStream)
    async with stream as events:
        async for event in events:
            assert_type(event, sj.http.Event)
    assert_type(sj.assemble(stream), sj.AsyncSnapshotStream)


def check_errors(cut: sj.StreamTruncatedError, refused: sj.ResponseError) -> None:
    assert_type(refused.status_code, int)
    assert_type(refused.retry_after_s, float | None)
    assert_type(cut.code, str)


class Own(sj.http.Resumption):
    def request(self, first: sj.http.Request) -> sj.http.Request:
        return first.to_get("http://server", after="1").with_header("a", "b")

    def is_replay(self, event: sj.http.Event) -> bool:
        return not event.data

    def taken(self, event: sj.http.Event) -> bool:
        return bool(event.id)

    def reconnecting(self, first: sj.http.Request) -> None: ...


def test_it_runs() -> None:
    with httpx2.Client() as client, httpx.Client() as older:
        assert sj.http.stream("GET", "http://server", client=client, resume=Own()).connection_count == 0
        assert sj.http.stream("GET", "http://server", client=older).last_event_id == ""
