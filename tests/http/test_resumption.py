"""Each way to continue a stream, with a server that speaks as the API does."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

import streamjson as sj
from origin import Hit, Origin, Reply, Send, refuses, start

CLIENT = httpx2.Client()  # making one takes longer than most tests
QUICK: dict[str, Any] = {"min_wait_s": 0, "max_wait_s": 0, "max_failures": 2}


def replies_of(events: list[bytes], *, at: Any, cuts: list[int], **fields: str) -> list[Reply]:
    """Return replies that break off after so many bytes; `at` is the place in the events that a request asks for."""

    def reply_cut_at(cut: int | None) -> Reply:
        async def reply(hit: Hit, send: Send) -> bool | None:
            await start(send, **fields)
            data = b"".join(events[at(hit) :])
            await send({"type": "http.response.body", "body": data[:cut], "more_body": True})
            return None if cut is None or cut >= len(data) else True

        return reply

    return [*map(reply_cut_at, cuts), reply_cut_at(None)]


def read(url: str, method: str, resume: Any, **options: Any) -> list[Any]:
    with sj.http.stream(method, url, resume=resume, **{"client": CLIENT, **QUICK, **options}) as events:
        return [event.data for event in events]


# ----------------------------------------------------------------------------------------------------------------------
# OpenAI Responses


def responses() -> list[dict[str, Any]]:
    """Return the events of a response, as its API numbers them; one that is not known has no number."""
    item = {"id": "m", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    where = {"output_index": 0, "item_id": "m"}
    events = [
        {"type": "response.created", "response": {"id": "resp/1", "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {
            "type": "response.content_part.added",
            **where,
            "content_index": 0,
            "part": {"type": "output_text", "text": ""},
        },
        *({"type": "response.output_text.delta", **where, "content_index": 0, "delta": piece} for piece in "Lisbon"),
        {"type": "response.output_item.done", "output_index": 0, "item": {**item, "status": "completed"}},
        {"type": "response.completed", "response": {"id": "resp/1", "status": "completed"}},
    ]
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return [*numbered[:4], {"type": "response.new"}, *numbered[4:]]


@pytest.mark.parametrize("overlap", [0, 3])
def test_openai_responses_are_continued_after_the_last_number(overlap: int) -> None:
    events = responses()
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]

    def at(hit: Hit) -> int:
        after = int(hit.query.get("starting_after", -1)) - overlap
        return next(i for i, event in enumerate(events) if event.get("sequence_number", -1) > after)

    origin = Origin(replies_of(lines, at=at, cuts=[800, 300, 1000]))
    with origin.running() as url:
        given = read(f"{url}/v1/responses", "POST", "openai_responses", json={"model": "m"}, params={"v": "3"})
        assert [event for event in map(json.loads, given) if "sequence_number" in event] == [
            event for event in events if "sequence_number" in event
        ]
        (part,) = sj.assemble_parts(map(json.loads, given)).final()
    assert (part.text, part.end) == ("Lisbon", "done")
    first, *others = origin.hits
    assert (first.method, first.path, first.query, first.body) == (
        "POST",
        "/v1/responses",
        {"v": "3"},
        b'{"model":"m"}',
    )
    for hit in others:
        assert (hit.method, hit.path, hit.body) == ("GET", "/v1/responses/resp%2F1", b"")
        assert (hit.query["v"], hit.query["stream"], "content-type" in hit.headers) == ("3", "true", False)
    assert len(others) >= 2


def test_parameters_of_the_client_and_of_the_url_are_kept() -> None:
    events = responses()
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events if "sequence_number" in event]
    at: Any = lambda hit: int(hit.query.get("starting_after", -1)) + 1  # noqa: E731  # a table of one line
    origin = Origin(replies_of(lines, at=at, cuts=[400]))
    with origin.running() as url, httpx2.Client(params={"version": "2"}) as client:
        read(f"{url}/v1/responses?tenant=a", "POST", "openai_responses", client=client, params={"x": "1"})
    first, second = (hit.query for hit in origin.hits)
    assert first["version"] == "2"
    assert second == {**first, "stream": "true", "starting_after": second["starting_after"]}


def test_number_that_is_missing_after_a_break_is_refused() -> None:
    lines = [f'data: {{"sequence_number": {i}, "response": {{"id": "r"}}}}\n\n'.encode() for i in (0, 9)]
    origin = Origin(replies_of(lines, at=lambda hit: 1 if hit.query else 0, cuts=[60]))
    with origin.running() as url, pytest.raises(sj.CheckpointError, match="number 9 came after 0"):
        read(url, "POST", "openai_responses")


@pytest.mark.parametrize("number", ['"1"', "null", "true"])
def test_number_of_another_type_is_none(number: str) -> None:
    line = f'data: {{"sequence_number": {number}, "response": {{"id": "r"}}}}\n\n'.encode()
    origin = Origin(replies_of([line], at=lambda _: 0, cuts=[]))
    with origin.running() as url, pytest.raises(sj.StreamTruncatedError):
        read(url, "GET", "openai_responses")
    assert len(origin.hits) == 1


def test_openai_response_that_is_joined() -> None:
    events = responses()
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events if "sequence_number" in event]
    origin = Origin([refuses(503), *replies_of(lines, at=lambda hit: int(hit.query["starting_after"]) + 1, cuts=[400])])
    with origin.running() as url:
        given = read(f"{url}/v1/responses/resp_1?stream=true&starting_after=3", "GET", "openai_responses")
    assert [json.loads(data)["sequence_number"] for data in given] == list(range(4, len(lines)))
    assert [hit.query["starting_after"] for hit in origin.hits[:2]] == ["3", "3"]
    assert int(origin.hits[2].query["starting_after"]) > 3


@pytest.mark.parametrize("id", ["", "id: 1\n"])
def test_events_of_another_protocol_are_not_asked_for_again(id: str) -> None:
    origin = Origin(
        replies_of([f'{id}data: {{"delta": "a", "json_path": "b"}}\n\n'.encode()] * 2, at=lambda _: 0, cuts=[60])
    )
    with origin.running() as url, pytest.raises(sj.StreamTruncatedError) as raised:
        read(url, "GET", "openai_responses")
    assert len(origin.hits) == 1
    assert "no event had the id of the response" in raised.value.__notes__[0]


def test_events_may_be_json_lines() -> None:
    line = b'{"type": "response.completed", "sequence_number": 1, "response": {"id": "r"}}\n'
    with Origin([refuses(200, line, "application/jsonl")]).running() as url:
        assert read(url, "POST", "openai_responses") == [json.loads(line)]


def test_body_that_ends_before_the_last_event_is_a_break() -> None:
    """An event without a number comes again each time, which is no progress."""
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in responses()[:-1]]
    origin = Origin([*replies_of(lines, at=lambda _: 0, cuts=[])])
    with origin.running() as url, pytest.raises(sj.StreamTruncatedError) as raised:
        read(url, "POST", "openai_responses")
    assert (raised.value.code, len(origin.hits)) == ("no_done", 4)


def test_stream_that_is_never_continued() -> None:
    origin = Origin(replies_of([b"id: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n"], at=lambda _: 0, cuts=[20]))
    with origin.running() as url, pytest.raises(sj.StreamTruncatedError):
        read(url, "GET", "never")
    assert len(origin.hits) == 1


@pytest.mark.parametrize("ping", [b"event: ping\ndata: {}\n\n", b'data: {"type": "ping"}\n\n', b"event: x\ndata:\n\n"])
def test_pings_are_no_progress(ping: bytes) -> None:
    """Bodies that end twice with nothing new are the end; connections that break are failures."""
    origin = Origin([refuses(200, ping, "text/event-stream")])
    with origin.running() as url:
        assert len(read(url, "GET", None)) == 2
        origin.replies = replies_of([ping, b"data"], at=lambda _: 0, cuts=[len(ping) + 2] * 9)
        with pytest.raises(sj.StreamTruncatedError):
            read(url, "GET", None)
    assert len(origin.hits) == 2 + 3


@pytest.mark.parametrize("resume", ["openai_responses", "gemini_interactions", "langgraph"])
def test_post_is_not_sent_again_before_it_is_known_what_to_continue(resume: Any) -> None:
    origin = Origin([refuses(503)])
    with origin.running() as url, pytest.raises(sj.ResponseError) as raised:
        read(url, "POST", resume)
    assert len(origin.hits) == 1
    assert raised.value.__notes__[0].startswith("the stream can't be continued: ")


# ----------------------------------------------------------------------------------------------------------------------
# Gemini Interactions


def test_gemini_interactions_are_continued_after_the_last_event() -> None:
    events = [
        {"event_type": "interaction.created", "event_id": "a0", "interaction": {"id": "int_1"}},
        *({"event_type": "content.delta", "event_id": f"a{i}", "delta": {"text": str(i)}} for i in range(1, 9)),
        {"event_type": "interaction.completed", "event_id": "a9", "interaction": {"id": "int_1"}},
    ]
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]

    def at(hit: Hit) -> int:
        return max(0, int(hit.query.get("last_event_id", "a-1")[1:]) - 1)  # and some events again

    origin = Origin(replies_of(lines, at=at, cuts=[300, 500]))
    with origin.running() as url:
        given = read(
            f"{url}/v1beta/interactions/", "POST", "gemini_interactions", json={}, headers={"x-goog-api-key": "k"}
        )
    assert list(map(json.loads, given)) == events
    assert [(hit.method, hit.path) for hit in origin.hits] == [
        ("POST", "/v1beta/interactions/"), *[("GET", "/v1beta/interactions/int_1")] * 2
    ]  # fmt: skip
    assert all(hit.headers["x-goog-api-key"] == "k" for hit in origin.hits)


def test_gemini_interaction_that_is_joined() -> None:
    lines = [f'data: {{"event_type": "content.delta", "event_id": "a{i}"}}\n\n'.encode() for i in range(9)]
    lines.append(b'data: not JSON\n\ndata: {"event_type": "interaction.complete", "event_id": "a9"}\n\n')
    replies = replies_of(lines, at=lambda hit: int(hit.query.get("last_event_id", "a-1")[1:]) + 1, cuts=[150])
    origin = Origin([refuses(503), *replies])
    with origin.running() as url:
        assert len(read(f"{url}/v1beta/interactions/i?stream=true", "GET", "gemini_interactions")) == 11
    assert [hit.path for hit in origin.hits] == ["/v1beta/interactions/i"] * 3


# ----------------------------------------------------------------------------------------------------------------------
# LangGraph

RUN = [
    *(b'id: %d-0\nevent: values\ndata: {"i": %d}\n\n' % (i, i) for i in range(1, 9)),
    b"id: 9-0\nevent: end\ndata: null\n\n",
]


def after_id(hit: Hit) -> int:
    return max(0, int((hit.after or "0-0").partition("-")[0]) - 1)


def test_langgraph_run_is_joined_at_its_location() -> None:
    origin = Origin(replies_of(RUN, at=after_id, cuts=[100, 150], location="/threads/t/runs/r/stream"))
    with origin.running() as url:
        given = read(f"{url}/threads/t/runs/stream", "POST", "langgraph", json={"stream_resumable": True})
    assert given == [*(f'{{"i": {i}}}' for i in range(1, 9)), "null"]
    assert [(hit.method, hit.path) for hit in origin.hits] == [
        ("POST", "/threads/t/runs/stream"), *[("GET", "/threads/t/runs/r/stream")] * 2
    ]  # fmt: skip


def test_langgraph_location_at_another_server_is_refused() -> None:
    """It would get the key of the caller."""
    origin = Origin(replies_of(RUN, at=after_id, cuts=[100], location="https://elsewhere.example/runs/r"))
    with origin.running() as url, pytest.raises(sj.CheckpointError, match=r"another server: 'elsewhere\.example'"):
        read(url, "POST", "langgraph")
    assert len(origin.hits) == 1


def test_langgraph_sends_the_key_of_the_caller_to_no_other_server() -> None:
    """The client follows a redirect, and leaves out the key there; the stream does so, too."""
    other = Origin(replies_of(RUN, at=after_id, cuts=[100], location="/runs/1"))
    with other.running() as there, Origin([refuses(307, b"", location=f"{there}/stream")]).running() as here:
        options: Any = {"follow_redirects": True, "headers": {"Authorization": "Bearer sk-12345678"}}
        with pytest.raises(sj.CheckpointError, match=r"another server: '127\.0\.0\.1'"):
            read(here.replace("127.0.0.1", "localhost"), "POST", "langgraph", **options)
    assert [(hit.method, "authorization" in hit.headers) for hit in other.hits] == [("POST", False)]


# ----------------------------------------------------------------------------------------------------------------------
# of your own


class ByPage(sj.http.Resumption):
    """Continues by the number of the next item, in the query."""

    def __init__(self) -> None:
        self.count = 0

    def request(self, first: Any) -> Any:
        return first.to_get(first.url, start=str(self.count))

    def is_replay(self, event: sj.http.Event) -> bool:
        return int(str(event.data)) < self.count

    def taken(self, event: sj.http.Event) -> bool:
        self.count = int(str(event.data)) + 1
        return True

    def reconnecting(self, first: Any) -> None:
        pass


def test_way_of_your_own() -> None:
    lines = [f"data: {i}\n\n".encode() for i in range(9)] + [b"data: [DONE]\n\n"]

    class Pages(ByPage):
        def is_replay(self, event: sj.http.Event) -> bool:
            return event.data != "[DONE]" and super().is_replay(event)

        def taken(self, event: sj.http.Event) -> bool:
            return event.data != "[DONE]" and super().taken(event)

    origin = Origin(replies_of(lines, at=lambda hit: max(0, int(hit.query.get("start", 0)) - 1), cuts=[40]))
    with origin.running() as url:
        assert read(url, "POST", Pages()) == [*map(str, range(9)), "[DONE]"]
