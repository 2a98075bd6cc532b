"""A stream over HTTP arrives whole from a real server, however it breaks: nothing is lost, and nothing is doubled."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import io
import itertools
import random
import re
import socket
import ssl
import threading
import types
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

import httpx
import httpx2
import pytest

import streamjson as sj
from origin import Hit, Origin, Reply, Send, body, log_of, refuses, sends, silence, silence_after, start

DOCUMENT = {"people": [{"name": "Jane Döe 😀", "age": 34}, {"name": "John"}], "summary": "Two people, one team."}
LOG = log_of(DOCUMENT)
QUICK: dict[str, Any] = {"min_wait_s": 0, "max_wait_s": 0}
CONTEXT = ssl.create_default_context()  # making one takes longer than most tests
CLIENT = httpx2.Client(verify=CONTEXT)

Read = Callable[..., list[Any]]


def read(url: str, client: Any = None, **options: Any) -> list[Any]:
    """Return the data of all events."""
    client = CLIENT if client is None else client
    with sj.http.stream(options.pop("method", "GET"), url, client=client, **{**QUICK, **options}) as events:
        return [event.data for event in events]


def aread(url: str, **options: Any) -> list[Any]:
    """Return the data of all events, by asynchronous code."""

    async def collect() -> list[Any]:
        async with httpx2.AsyncClient(verify=CONTEXT) as client:
            events = sj.http.stream(options.pop("method", "GET"), url, client=client, **{**QUICK, **options})
            async with events:
                return [event.data async for event in events]

    return asyncio.run(collect())


both = pytest.mark.parametrize("read", [read, aread], ids=["sync", "async"])


# ----------------------------------------------------------------------------------------------------------------------
# breaks


@pytest.mark.slow
def test_connection_dropped_at_any_byte_loses_and_doubles_nothing() -> None:
    """Each stream has several connections: cut anywhere, with overlaps, refusals and compression between them."""
    origin = Origin([])
    with origin.running() as url, httpx2.Client() as client:
        for number in range(150):
            origin.replies = breaks(number)
            assert [event.data for event in sj.http.stream("GET", url, client=client, **QUICK)] == body(LOG), number
    assert {hit.method for hit in origin.hits} == {"GET"}


@pytest.mark.slow
def test_the_same_asynchronously() -> None:
    async def check(url: str) -> None:
        async with httpx2.AsyncClient() as client:
            for number in range(150, 300):
                origin.replies = breaks(number)
                events = sj.http.stream("GET", url, client=client, **QUICK)
                assert [event.data async for event in events] == body(LOG), number

    origin = Origin([])
    with origin.running() as url:
        asyncio.run(check(url))


def breaks(number: int) -> list[Reply]:
    """Return some replies that are not the whole stream, and one that is."""
    choose = random.Random(number)
    replies = [a_break(choose) for _ in range(choose.randint(1, 4))]
    if choose.random() < 0.3:
        replies[-1] = sends(LOG[:-1])  # ends between two events, without [DONE]
    return [*replies, sends(LOG, again=choose.choice([0, 2]))]


def a_break(choose: random.Random) -> Reply:
    """Return a reply that is not the whole stream."""
    cut, again = choose.randint(0, 700), choose.choice([0, 0, 1, 5, len(LOG)])
    return choose.choice(
        [
            sends(LOG, cut=cut, again=again, piece_bytes=choose.choice([1000, 40])),
            sends(LOG, cut=cut, again=again, before=b"retry: 0\n\n"),
            sends(LOG, cut=cut // 3, is_gzip=True),
            refuses(choose.choice([408, 429, 500, 502, 503, 504])),
            refuses(503, retry_after="0"),
        ]
    )


@both
@pytest.mark.parametrize("cut", [100, 333])
def test_server_without_ids_that_sends_everything_each_time(read: Read, cut: int) -> None:
    log = log_of(DOCUMENT, has_ids=False)
    origin = Origin([sends(log, cut=cut), sends(log, cut=cut), sends(log, cut=cut * 2), sends(log)])
    with origin.running() as url:
        assert read(url, resume="from_start") == body(log)
    assert len(origin.hits) == 4


@both
def test_events_of_any_protocol_are_recognized(read: Read) -> None:
    """A server may give ids to the events of a model, whatever they bring, and replay them."""
    events = [
        sj.encode_sse(sj.ServerSentEvent(data, id=f"e{number}", event=event))
        for number, (event, data) in enumerate(
            [
                ("message_start", '{"type": "message_start", "message": {}}'),
                ("ping", '{"type": "ping"}'),
                ("message", "not JSON"),
                ("message", '{"span_id": "s"}'),
                ("message", '{"span_id": "s", "other": 1}'),
                ("error", '{"error": {"message": "no"}}'),
                ("message", '{"error": "no"}'),
                ("message", ""),
                ("metadata", '{"run": 1}'),
                ("message", '{"type": "message_stop"}'),
            ],
            1,
        )
    ]
    replies = [sends(events, cut=50 * number, again=number) for number in range(1, 9)]
    origin = Origin([*replies, sends([*events, b"data: [DONE]\n\n"], again=9)])
    with origin.running() as url:
        assert read(url) == [*body(events), "[DONE]"]


@both
def test_stream_that_cant_be_continued_ends_with_what_there_is(read: Read) -> None:
    """Without ids, a body that just ends is the end; one that breaks is an error."""
    log = log_of(DOCUMENT, has_ids=False)
    origin = Origin([sends(log[:-1])])
    with origin.running() as url:
        assert read(url) == body(log[:-1])
        origin.replies = [sends(log, cut=200)]
        with pytest.raises(sj.StreamTruncatedError) as raised:
            read(url)
    assert (raised.value.code, len(origin.hits)) == ("connection", 2)
    assert "the stream can't be continued: an event with a delta had no id" in raised.value.__notes__[0]


@both
@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b'{"token": "a"}\n{"token": "b"}\n', "application/x-ndjson"),
        (b'data: {"token": "a"}\n\n' * 2, "text/event-stream"),
    ],
    ids=["JSON lines", "events"],
)
def test_body_whose_events_cant_be_recognized_is_asked_for_once(read: Read, data: bytes, content_type: str) -> None:
    origin = Origin([refuses(200, data, content_type)])
    with origin.running() as url:
        assert len(read(url)) == 2
    assert len(origin.hits) == 1


@both
def test_known_event_after_an_unknown_one_is_refused(read: Read) -> None:
    """The server ignores the caller's id when it is asked again; what it sends then may be old."""
    origin = Origin([sends(LOG[5:], ids_from_start=True, cut=300), sends(LOG, ids_from_start=True)])
    with origin.running() as url, pytest.raises(sj.CheckpointError) as raised:
        read(url, headers={"Last-Event-ID": "e5"})
    assert raised.value.code == "other_replay"


def test_filter_of_a_checkpoint_knows_what_came_before() -> None:
    """As above, with the filter that was saved beside the document."""
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    for event in sj.decode_sse(b"".join(LOG[:5])):
        assembler.apply(event)
        replays.applied(event)
    assembler, replays = sj.Assembler.restore(assembler.checkpoint()), sj.ReplayFilter.restore(replays.checkpoint())
    origin = Origin([sends(LOG, cut=400), sends(LOG, ids_from_start=True)])
    with origin.running() as url:
        events = sj.http.stream("GET", url, headers={"Last-Event-ID": "e5"}, replays=replays, **QUICK)
        saved = [(assembler.checkpoint(), replays.checkpoint()) for _ in sj.assemble(events, assembler=assembler)]
    assert assembler.snapshot().value == DOCUMENT
    origin.replies = [sends(LOG, ids_from_start=True)]
    for checkpoint, filtered in saved[:-1]:  # each pair is of one point in the stream
        assembler = sj.Assembler.restore(checkpoint)
        with origin.running() as url:
            events = sj.http.stream("GET", url, replays=sj.ReplayFilter.restore(filtered), **QUICK)
            assert sj.assemble(events, assembler=assembler).final() == DOCUMENT


@both
@pytest.mark.parametrize("id", ["é", "😀", "a b"])
def test_id_is_sent_in_utf_8(read: Read, id: str) -> None:
    log = [f"id: {id}\ndata: 1\n\n".encode(), f"id: {id}2\ndata: 2\n\n".encode()]
    origin = Origin(
        [sends(log, ids_from_start=True, cut=len(log[0]) + 3), sends(log, ids_from_start=True), refuses(204, b"")]
    )
    with origin.running() as url:
        assert read(url) == ["1", "2"]
    assert [hit.after for hit in origin.hits] == [None, id, f"{id}2"]


@both
@pytest.mark.parametrize("id", ["1 ", "\t1", "a\x0bb"])
def test_id_that_is_no_header_value_cant_be_sent(read: Read, id: str) -> None:
    origin = Origin([sends([f"id: {id}\ndata: 1\n\n".encode(), b"data: 2"], cut=20, ids_from_start=True)])
    with origin.running() as url, pytest.raises(sj.StreamTruncatedError) as raised:
        read(url)
    assert "can't be sent in a header field" in raised.value.__notes__[0]


@both
def test_log_of_several_streams_is_read_past_done_if_asked_for(read: Read) -> None:
    origin = Origin([sends([*LOG, *LOG], ids_from_start=True)])
    with origin.running() as url:
        assert read(url) == body(LOG)
        assert read(url, method="POST") == body(LOG)
        assert read(url, resume="never") == body(LOG) * 2
    assert len(origin.hits) == 3


@both
def test_server_that_holds_the_connection_after_done(read: Read) -> None:
    origin = Origin([silence_after(LOG)])
    with origin.running() as url:
        assert read(url) == body(LOG)
        origin.wait_until_all_closed()


@both
def test_server_that_starts_its_counting_again_is_refused(read: Read) -> None:
    """The same ids with other content: nothing can tell which event is new."""
    other = log_of({"summary": "Another answer altogether."})
    origin = Origin([sends(LOG, cut=300), sends(other, ids_from_start=True)])
    with origin.running() as url:
        with pytest.raises(sj.CheckpointError) as raised:
            read(url)
        assert raised.value.code == "other_replay"
        origin.replies = [sends(LOG, cut=300), sends(other, ids_from_start=True)]
        with pytest.raises(sj.CheckpointError) as raised:
            sj.assemble(sj.http.stream("GET", url, **QUICK)).final()
        assert raised.value.snapshot.value["people"][0]["name"].startswith("Jane")


@both
def test_budget_is_of_failures_in_a_row(read: Read) -> None:
    """A connection that brings one event is progress; two failures in a row are too many for a budget of one."""
    cuts = [len(b"".join(LOG[: at + 1])) for at in range(3)]
    steps = [sends(LOG, cut=cuts[0]), *(sends(LOG, cut=len(LOG[at])) for at in range(1, len(LOG)))]
    replies = list(itertools.chain.from_iterable((step, refuses(503)) for step in steps))
    origin = Origin(replies)
    with origin.running() as url:
        assert read(url, max_failures=1) == body(LOG)
        origin.replies = [sends(LOG, cut=cuts[2]), refuses(503), refuses(503), sends(LOG)]
        with pytest.raises(sj.ResponseError) as raised:
            read(url, max_failures=1)
    assert (raised.value.status_code, raised.value.last_event_id) == (503, "e3")


@both
def test_end_at_204(read: Read) -> None:
    origin = Origin([sends(LOG, cut=300), refuses(204, b"")])
    with origin.running() as url:
        begun = read(url)
        assert begun == body(LOG)[: len(begun)]
        assert 1 < len(begun) < len(LOG)
        origin.replies = [refuses(204, b"")]
        assert read(url) == []


# ----------------------------------------------------------------------------------------------------------------------
# what is asked, and what is refused


@both
@pytest.mark.parametrize(
    "reply",
    [sends(LOG, cut=300), sends(LOG, cut=0), refuses(503, retry_after="0"), refuses(429)],
    ids=["cut", "empty", "503", "429"],
)
def test_post_is_never_sent_twice_unasked(read: Read, reply: Reply) -> None:
    origin = Origin([reply, sends(LOG)])
    with origin.running() as url, pytest.raises((sj.StreamTruncatedError, sj.ResponseError)):
        read(url, method="POST", json={"prompt": "Hi"})
    assert [(hit.method, hit.body) for hit in origin.hits] == [("POST", b'{"prompt":"Hi"}')]


@both
def test_post_is_sent_again_if_that_is_asked_for(read: Read) -> None:
    origin = Origin([sends(LOG, cut=300), sends(LOG)])
    with origin.running() as url:
        assert read(url, method="post", json={"prompt": "Hi"}, resume="last_event_id") == body(LOG)
    assert [(hit.method, hit.body) for hit in origin.hits] == [("POST", b'{"prompt":"Hi"}')] * 2


@both
@pytest.mark.parametrize("status", [400, 401, 403, 404, 301, 422])
def test_permanent_status_is_raised_at_once(read: Read, status: int) -> None:
    origin = Origin([refuses(status)])
    with origin.running() as url, pytest.raises(sj.ResponseError) as raised:
        read(f"{url}/stream?x=1")
    error = raised.value
    assert (error.code, error.status_code, error.body, len(origin.hits)) == (
        "status",
        status,
        '{"error": "not now"}',
        1,
    )
    assert str(error).startswith(f"GET {url}/stream was answered with {status}")
    assert error.message.endswith("""; the body begins '{"error": "not now"}'""")


@both
@pytest.mark.parametrize(
    ("content_type", "data", "shown"),
    [
        ("text/html; charset=utf-8", b"<html>Sign in</html>", "with text/html, which is neither an event stream"),
        ("application/json", b'{"id": "a"}', "with application/json, which"),
        ("text/plain", b"data: 1\n\n", "; if it is an event stream, pass format='sse'"),
        ("text/plain", b'{"a": 1}\n{"a": 2}\n', "; if its lines are events, pass format='json_lines'"),
        ("", b"x: {}\n\n", "with a body without a content type, which"),
        ("text/plain", b"", "; the body is empty"),
        ("application/pdf", b"%PDF" * 2000, "; the body begins '%PDF%PDF"),
    ],
)
def test_response_that_is_no_stream_is_refused(read: Read, content_type: str, data: bytes, shown: str) -> None:
    origin = Origin([refuses(200, data, content_type)])
    with origin.running() as url, pytest.raises(sj.ResponseError, match=re.escape(shown)) as raised:
        read(url)
    assert (raised.value.code, len(origin.hits)) == ("content_type", 1)
    assert len(str(raised.value)) < 600


@both
def test_failure_with_a_good_status_is_the_senders(read: Read) -> None:
    origin = Origin([refuses(200, b'{"error": {"message": "no quota for sk-12345678"}}', "application/json")])
    with origin.running() as url, pytest.raises(sj.StreamFailedError, match=r"no quota for \*\*\*"):
        read(url, headers={"X-Key": "sk-12345678"})


@both
def test_answer_that_is_not_streamed_has_a_hint(read: Read) -> None:
    origin = Origin([refuses(200, b'{"choices": []}', "application/json")])
    with origin.running() as url, pytest.raises(sj.ResponseError, match=r"; does the request ask for a stream\?"):
        read(url, method="POST", json={})


@both
def test_post_that_broke_says_that_it_is_not_sent_again(read: Read) -> None:
    origin = Origin([sends(LOG, cut=300), refuses(401)])
    with origin.running() as url:
        with pytest.raises(sj.StreamTruncatedError) as raised:
            read(url, method="POST")
        assert raised.value.__notes__ == ["a POST is not sent again, unless you pass resume=..."]
        with pytest.raises(sj.ResponseError) as refused:
            read(url, method="POST")
    assert not hasattr(refused.value, "__notes__")


@both
@pytest.mark.parametrize("url", ["http://no.such.host.invalid/", "https://"])
def test_name_or_protocol_that_is_wrong_is_an_error_at_once(read: Read, url: str) -> None:
    with Origin([refuses(204, b"")]).running() as plain, pytest.raises(sj.StreamTruncatedError) as raised:
        read(url if url != "https://" else plain.replace("http:", "https:"))
    assert raised.value.code == "connection"
    assert "in a row" not in str(raised.value)


@both
def test_format_says_what_a_body_is_whatever_its_type(read: Read) -> None:
    origin = Origin([sends(LOG, content_type="text/plain")])
    with origin.running() as url:
        assert read(url, format="sse") == body(LOG)


@both
def test_json_lines_are_recognized_by_their_type(read: Read) -> None:
    origin = Origin([refuses(200, b'{"delta": "Lis", "json_path": "a"}\n{"done": true}\n', "application/x-ndjson")])
    with origin.running() as url:
        assert read(url) == [{"delta": "Lis", "json_path": "a"}, {"done": True}]
        assert read(url, format="json_lines", method="POST") == read(url)
    assert [hit.headers["accept"] for hit in origin.hits][:2] == ["text/event-stream", "application/x-ndjson"]


@both
def test_status_counts_even_if_its_body_is_cut(read: Read) -> None:
    async def cut(_: Hit, send: Send) -> bool:
        await start(send, 401, "text/plain", content_length="50")
        await send({"type": "http.response.body", "body": b"bad key", "more_body": True})
        return True

    origin = Origin([cut])
    with origin.running() as url, pytest.raises(sj.ResponseError, match="401 Unauthorized; the body begins 'bad key'"):
        read(url)
    assert len(origin.hits) == 1


@both
def test_redirect_is_not_followed_unless_the_client_does(read: Read) -> None:
    target = Origin([sends(LOG)])
    with target.running() as there, Origin([refuses(307, b"", location=f"{there}/x?key=1")]).running() as here:
        with pytest.raises(
            sj.ResponseError, match=f"307 Temporary Redirect, to {there}/x: ask there, or pass a client"
        ):
            read(here, method="POST", headers={"X-Api-Key": "sk-12345678"})
        assert not target.hits
        assert read(here, follow_redirects=True) == body(LOG)


@pytest.mark.parametrize("content", [io.BytesIO(b"prompt"), iter([b"prompt"])], ids=["file", "iterator"])
def test_body_that_can_be_sent_once_only(content: Any) -> None:
    origin = Origin([sends(LOG)])
    with origin.running() as url:
        with pytest.raises(TypeError, match="content can be sent only once"):
            read(url, method="POST", content=content, resume="last_event_id")
        assert read(url, method="POST", content=content) == body(LOG)
    assert [hit.body for hit in origin.hits] == [b"prompt"]


@both
def test_html_that_says_it_is_an_event_stream(read: Read) -> None:
    origin = Origin([refuses(200, b"<html>proxy</html>", "text/event-stream")])
    with origin.running() as url, pytest.raises(sj.InvalidEventError) as raised:
        read(url)
    assert raised.value.code == "not_an_event_stream"


@both
def test_silence_is_a_break(read: Read) -> None:
    origin = Origin([silence, silence, sends(LOG)])
    with origin.running() as url:
        assert read(url, idle_timeout_s=0.05) == body(LOG)
        origin.replies = [silence]
        with pytest.raises(
            sj.StreamTruncatedError, match="broke 2 times in a row: nothing came for too long"
        ) as raised:
            read(url, idle_timeout_s=0.05, max_failures=1)
        assert raised.value.code == "connection"
        origin.wait_until_all_closed()


@both
def test_server_that_is_not_there(read: Read) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(sj.StreamTruncatedError, match=f"the connection of GET {url}/ broke 3 times in a row: "):
        read(url, max_failures=2)
    with pytest.raises(sj.StreamTruncatedError, match=f"the connection of POST {url}/ broke: "):
        read(url, method="POST")


# ----------------------------------------------------------------------------------------------------------------------
# what it is given, and what it gives to others


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_client_of_the_caller_is_used_and_left_open(library: Any) -> None:
    origin = Origin([sends(LOG, cut=300), sends(LOG)])
    with origin.running() as url:
        client = library.Client(base_url=f"{url}/api/", headers={"X-Of-Client": "1"}, params={"v": "2"}, timeout=9)
        options = {
            "params": {"q": "a b"},
            "headers": {"X-Own": "2"},
            "auth": ("user", "password"),
            "cookies": {"c": "3"},
        }
        with client, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of httpx, about cookies of one request
            assert read("stream", client, idle_timeout_s=5, **options) == body(LOG)
            assert not client.is_closed
    for hit in origin.hits:
        assert (hit.path, hit.query) == ("/api/stream", {"v": "2", "q": "a b"} if library is httpx2 else hit.query)
        assert hit.query["q"] == "a b"
        sent = {name: hit.headers.get(name) for name in ("x-of-client", "x-own", "authorization", "cookie")}
        assert sent == {
            "x-of-client": "1",
            "x-own": "2",
            "authorization": "Basic dXNlcjpwYXNzd29yZA==",
            "cookie": "c=3",
        }
    assert [hit.after is None for hit in origin.hits] == [True, False]


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_asynchronous_client_of_the_caller(library: Any) -> None:
    async def collect(url: str) -> Any:
        async with library.AsyncClient() as client:
            events = sj.http.stream("GET", url, client=client, **QUICK)
            with pytest.raises(TypeError, match="async for"):
                iter(events)
            assert (events.url, events.response, events.connection_count) == (f"{url}/", None, 0)
            assert events.last_event_id == ""
            return await sj.assemble(events, require_done=True).final()

    origin = Origin([sends(LOG, cut=300), sends(LOG)])
    with origin.running() as url:
        assert asyncio.run(collect(url)) == DOCUMENT


def test_id_of_the_caller_is_sent_until_there_is_another() -> None:
    origin = Origin([refuses(503), sends(LOG, cut=100), sends(LOG)])
    with origin.running() as url:
        events = read(url, headers={"Last-Event-ID": "e5"})
    assert events == body(LOG)[5:]
    assert [hit.after for hit in origin.hits][:2] == ["e5", "e5"]
    assert origin.hits[2].after not in ("e5", None)


@both
def test_error_comes_with_the_snapshot_at_hand(read: Read) -> None:
    origin = Origin([sends(LOG, cut=300), refuses(503)])
    with origin.running() as url:
        options: dict[str, Any] = {**QUICK, "max_failures": 0}
        final = (lambda: asyncio.run(_afinal(url, options))) if read is aread else (lambda: _final(url, options))
        with pytest.raises(sj.ResponseError) as raised:
            final()
    assert raised.value.snapshot.value["people"][0]["name"].startswith("Jane")


def _final(url: str, options: Any) -> Any:
    return sj.assemble(sj.http.stream("GET", url, **options)).final()


async def _afinal(url: str, options: Any) -> Any:
    return await _final(url, options)


@both
def test_answer_comes_with_its_parts_at_hand(read: Read) -> None:
    chunk = '{"choices": [{"delta": {"content": "Hel"}}]}'
    origin = Origin([sends([f"data: {chunk}\n\n".encode() * 2], cut=70)])
    final = (lambda url: asyncio.run(_aparts(url))) if read is aread else _parts
    with origin.running() as url, pytest.raises(sj.StreamTruncatedError) as raised:
        final(url)
    (part,) = raised.value.parts
    assert (part.value, part.end, raised.value.snapshot.value) == ("Hel", "open", "Hel")


def _parts(url: str) -> Any:
    return sj.assemble_parts(sj.http.stream("POST", url)).final()


async def _aparts(url: str) -> Any:
    return await _parts(url)


def test_state_of_a_stream() -> None:
    origin = Origin([sends(LOG, cut=300), sends(LOG)])
    with origin.running() as url, sj.http.stream("GET", f"{url}?key=1", **QUICK) as events:
        assert events.url == f"{url}/"
        assert repr(events) == f"<EventStream of {url}/: 0 connections>"
        assert (events.response, events.connection_count, events.last_event_id) == (None, 0, "")
        assert next(events).id == "e1"
        assert (events.response.status_code, events.connection_count, events.last_event_id) == (200, 1, "e1")
        list(events)
        assert (events.connection_count, events.last_event_id) == (2, f"e{len(LOG) - 1}")
    with pytest.raises(StopIteration):
        next(events)


# ----------------------------------------------------------------------------------------------------------------------
# leaving


def test_leaving_closes_the_connection() -> None:
    origin = Origin([silence_after(LOG[:3])])
    with origin.running() as url:
        for step in range(4):
            with sj.http.stream("GET", url) as events:
                assert [event.data for event in itertools.islice(events, step)] == body(LOG[:step])
            origin.wait_until_all_closed()


def test_stream_that_another_task_reads_cant_be_closed() -> None:
    async def check(url: str) -> None:
        events: Any = sj.http.stream("GET", url)
        assert (await anext(events)).id == "e1"
        reader = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        with pytest.raises(sj.StreamJSONError, match="another task") as raised:
            await events.aclose()
        assert raised.value.code == "reading"
        reader.cancel()
        await asyncio.wait({reader})
        await events.aclose()

    origin = Origin([silence_after(LOG[:1])])
    with origin.running() as url:
        asyncio.run(check(url))
        origin.wait_until_all_closed()


def test_stream_that_another_thread_reads_cant_be_closed() -> None:
    origin = Origin([silence_after(LOG[:1])])
    with origin.running() as url:
        events = sj.http.stream("GET", url, idle_timeout_s=30, resume="never")
        next(events)

        def read_on() -> None:
            with contextlib.suppress(sj.StreamJSONError):
                list(events)

        reader = threading.Thread(target=read_on)
        reader.start()
        raised = None
        while raised is None and reader.is_alive():  # until the thread reads
            try:
                next(events)
            except (ValueError, sj.StreamJSONError) as error:
                raised = error
        with pytest.raises(sj.StreamJSONError, match="another thread"):
            events.close()
        events.response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        reader.join()


@pytest.mark.slow
def test_cancelled_at_any_await_it_leaves_no_connection() -> None:
    """Also while it connects, waits before the next connection, reads a refusal, and closes."""
    origin = Origin([])

    async def collect(url: str) -> list[Any]:
        async with sj.http.stream("GET", url, min_wait_s=0.001, max_wait_s=0.001) as events:
            return [event.data async for event in events]

    def begin() -> None:
        origin.replies = [sends(LOG, cut=300), refuses(503), sends(LOG, cut=200), sends(LOG)]

    with origin.running() as url:
        for at in itertools.count():
            begin()
            try:
                assert asyncio.run(_run(cancelled_at(collect(url), at))) == body(LOG)
            except asyncio.CancelledError:
                gc.collect()  # a socket that was left would warn
                origin.wait_until_all_closed()
            else:
                break
    assert at > 20


async def _run(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


@types.coroutine
def cancelled_at(coroutine: Coroutine[Any, Any, Any], number: int) -> Generator[Any, Any, Any]:
    """Await a coroutine, and cancel the task at its await of this number."""
    step: Callable[[], Any] = lambda: coroutine.send(None)  # noqa: E731  # the next one is another
    for at in itertools.count():
        try:
            awaited = step()
        except StopIteration as stop:
            return stop.value
        if at == number:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        try:
            value = yield awaited
        except BaseException as error:  # noqa: BLE001  # thrown into the coroutine
            step = functools.partial(coroutine.throw, error)
        else:
            step = functools.partial(coroutine.send, value)
