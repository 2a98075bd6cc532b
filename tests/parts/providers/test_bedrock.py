"""Bedrock: what proves the end of a block, what must be refused, and the events as botocore parses them."""

from __future__ import annotations

import json
import struct
from binascii import crc32
from collections.abc import Iterator
from typing import Any

import pytest

import streamjson as sj
from provider_rows import check, content_of, provider_rows

MESSAGE = {"messageStart": {"role": "assistant"}}


def delta(index: int, **content: Any) -> dict[str, Any]:
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": content}}


def text(index: int, piece: str) -> dict[str, Any]:
    return delta(index, text=piece)


def thought(index: int, **content: Any) -> dict[str, Any]:
    return delta(index, reasoningContent=content)


def start(index: int, **content: Any) -> dict[str, Any]:
    return {"contentBlockStart": {"contentBlockIndex": index, "start": content}}


def stop(index: int) -> dict[str, Any]:
    return {"contentBlockStop": {"contentBlockIndex": index}}


def call(index: int, *pieces: str, **more: Any) -> list[dict[str, Any]]:
    tool = {"toolUseId": f"tooluse_{index}", "name": "book", **more}
    return [start(index, toolUse=tool), *(delta(index, toolUse={"input": piece}) for piece in pieces)]


def ended(reason: str | None) -> dict[str, Any]:
    return {"messageStop": {"stopReason": reason}}


def parts_of(*events: Any) -> list[tuple[Any, ...]]:
    return [(part.kind, part.value, part.end) for part in sj.assemble_parts([MESSAGE, *events]).final()]


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("end_turn", "done"),
        ("tool_use", "done"),
        ("stop_sequence", "done"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "filtered"),
        ("content_filtered", "filtered"),
        ("a new one", "cut"),
        (None, "cut"),
    ],
)
def test_the_reason_decides_how_the_last_block_ended(reason: str | None, end: str) -> None:
    events = [*call(0, "[0]"), stop(0), *call(1, "[1]"), stop(1), ended(reason), {"metadata": {"usage": {}}}]
    assert parts_of(*events) == [("call", [0], "done"), ("call", [1], end)]


@pytest.mark.parametrize("reason", ["malformed_tool_use", "malformed_model_output"])
def test_a_malformed_answer_has_failed(reason: str) -> None:
    answer = sj.assemble_parts([MESSAGE, *call(0, "[0]"), stop(0), *call(1, "[1"), stop(1), ended(reason)])
    with pytest.raises(sj.StreamFailedError) as raised:
        answer.final()
    assert raised.value.error_type == reason
    assert [(part.end, part.finish) for part in answer.parts] == [("done", None), ("failed", reason)]


@pytest.mark.parametrize(
    "next_block",
    [
        [text(1, "Hi")],
        [start(1, toolResult={"toolUseId": "t"})],
        [start(1)],
        [thought(1, redactedContent=b"x")],
        [thought(1, signature="x")],
    ],
)
def test_a_block_is_done_when_it_stopped_and_another_began(next_block: list[Any]) -> None:
    parts = sj.PartAssembler()
    ends = []
    for event in [*call(0, "[0]"), stop(0), *next_block]:
        parts.apply(event)
        ends.append(parts.parts[0].end)
    assert ends == ["open"] * 3 + ["done"]


def test_a_block_that_stops_after_the_next_began_is_done_then() -> None:
    assert parts_of(*call(0, "[0]"), text(1, "Hi"), stop(0)) == [("call", [0], "done"), ("text", "Hi", "cut")]


def test_text_and_reasoning_begin_with_their_first_delta() -> None:
    events = [thought(0, text="h"), thought(0, text="m"), thought(0, signature="eg=="), stop(0), text(1, "Hel")]
    events += [text(1, "lo"), delta(1, citation={"title": "t"}), stop(1), *call(2), stop(2), text(3, "!"), stop(3)]
    assert parts_of(*events, ended("tool_use")) == [
        ("reasoning", "hm", "done"),
        ("text", "Hello", "done"),
        ("call", {}, "done"),
        ("text", "!", "done"),
    ]


def test_gateways_leave_out_the_stops() -> None:
    events = [text(0, "Hi"), *call(1, "[", "1]")]
    assert parts_of(*events, ended("tool_use")) == [("text", "Hi", "done"), ("call", [1], "done")]
    assert parts_of(*events, ended("max_tokens")) == [("text", "Hi", "length"), ("call", [1], "length")]
    assert parts_of(*events) == [("text", "Hi", "cut"), ("call", [1], "cut")]


def test_gateways_start_blocks_of_text() -> None:
    events = [start(0), text(0, "a"), stop(0), start(1, text="b"), text(1, "c"), stop(1)]
    assert parts_of(*events, ended("end_turn")) == [("text", "a", "done"), ("text", "bc", "done")]


def test_who_executes_a_call() -> None:
    events = [*call(0), stop(0), *call(1, type="server_tool_use"), stop(1)]
    answer = sj.assemble_parts([MESSAGE, *events, ended("tool_use")])
    assert [(part.executed_by, part.id) for part in answer.final()] == [
        ("client", "tooluse_0"),
        ("provider", "tooluse_1"),
    ]


def test_blocks_that_are_no_parts_are_passed_over_and_unknown_ones_counted() -> None:
    events = [start(0, toolResult={"toolUseId": "t"}), delta(0, toolResult=[{"text": "x"}]), stop(0)]
    events += [start(1, image={"format": "png"}), delta(1, image={"source": {}}), stop(1), delta(2, video={}), stop(2)]
    answer = sj.assemble_parts([MESSAGE, *events, {"sparkle": {}}, ended("end_turn")])
    assert (answer.final(), answer.ignored_count) == ([], 2)


@pytest.mark.parametrize(
    "event",
    [
        delta(1, toolUse={"input": "{}"}),
        delta(1, toolUse={}),
        delta(0, toolUse={"input": "{}"}),
        thought(0, text="x"),
        text(2, "x"),
        thought(3, text="x"),
        start(0),
        start(2),
        stop(1),
        {"contentBlockStop": {}},
        {"contentBlockDelta": {"contentBlockIndex": -1, "delta": {"text": "x"}}},
    ],
)
def test_an_event_without_a_place_is_refused(event: dict[str, Any]) -> None:
    events = [text(0, "Hi"), start(2, toolResult={}), *call(3)]
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*events, event)
    assert raised.value.code == "ambiguous_part"


def test_input_that_is_not_text_is_refused() -> None:
    with pytest.raises(sj.InvalidEventError, match="piece of text"):
        parts_of(*call(0), delta(0, toolUse={"input": {"a": 1}}))


@pytest.mark.parametrize("event", [text(0, "x"), text(1, "x"), *call(1)])
def test_what_comes_after_the_reason_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(text(0, "Hi"), ended("end_turn"), event)
    assert raised.value.code == "after_end"


@pytest.mark.parametrize("events", [[MESSAGE, MESSAGE], [text(0, "Hi"), MESSAGE]])
def test_a_second_message_is_a_new_run(events: list[Any]) -> None:
    with pytest.raises(sj.StreamFailedError) as raised:
        sj.assemble_parts(events).final()
    assert raised.value.code == "new_run"
    events = [*events, text(0, "again"), ended("end_turn")]
    assert [part.value for part in sj.assemble_parts(events, on_new_run="reset").final()] == ["again"]


@pytest.mark.parametrize("before", [[], [MESSAGE, text(0, "Hi")]])
@pytest.mark.parametrize(
    ("exception", "message"), [({"message": "busy"}, "busy"), ("busy", "busy"), ({}, None)], ids=repr
)
def test_an_exception_among_the_events_is_a_failure(before: list[Any], exception: Any, message: str | None) -> None:
    for name in ("throttlingException", "modelStreamErrorException"):
        answer = sj.assemble_parts([*before, {name: exception}])
        with pytest.raises(sj.StreamFailedError) as raised:
            answer.final()
        assert (raised.value.error_type, raised.value.error_message) == (name, message)
        assert [part.end for part in answer.parts] == ["failed"] * bool(before)


# ----------------------------------------------------------------------------------------------------------------------
# botocore


def frame(kind: str, name: str, payload: dict[str, Any]) -> bytes:
    """Return a binary message of an event stream: its prelude, headers, payload and checksums."""
    headers = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    head = b"".join(
        struct.pack("!B", len(key)) + key.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for key, value in headers.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(head) + len(body), len(head))
    message = prelude + struct.pack("!I", crc32(prelude)) + head + body
    return message + struct.pack("!I", crc32(message))


class Body:
    """A raw response that yields its bytes a few at a time."""

    def __init__(self, frames: list[bytes]) -> None:
        self.body = b"".join(frames)

    def stream(self) -> Iterator[bytes]:
        for at in range(0, len(self.body), 100):
            yield self.body[at : at + 100]

    def close(self) -> None:
        """Do nothing."""


def parsed(frames: list[bytes]) -> Any:
    """Return the events of `converse_stream` as botocore parses them."""
    import boto3
    from botocore.eventstream import EventStream
    from botocore.parsers import EventStreamJSONParser

    client = boto3.client("bedrock-runtime", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    shape = client.meta.service_model.operation_model("ConverseStream").get_event_stream_output()
    return EventStream(Body(frames), shape, EventStreamJSONParser(), "ConverseStream")


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row["name"]) for row in provider_rows() if row["provider"] == "bedrock-converse"]
)
def test_events_of_botocore(row: dict[str, Any]) -> None:
    frames = [frame("event", name, member) for event in row["events"] for name, member in event.items()]
    answer = sj.assemble_parts(parsed(frames), content=content_of(row))
    error = None
    try:
        answer.final()
    except sj.StreamJSONError as raised:
        error = raised
    check(row, answer, error)


@pytest.mark.slow
def test_an_exception_of_botocore_passes_through() -> None:
    from botocore.exceptions import EventStreamError

    events = [MESSAGE, *call(0, "[0"), {"throttlingException": {"message": "busy"}}]
    kinds = ["event"] * 3 + ["exception"]
    frames = [frame(kind, *member) for kind, event in zip(kinds, events, strict=True) for member in event.items()]
    answer = sj.assemble_parts(parsed(frames))
    with pytest.raises(EventStreamError, match="busy"):
        answer.final()
    assert [part.end for part in answer.parts] != ["done"]


def test_a_block_that_is_written_after_the_next_one_is_the_last() -> None:
    events = [text(0, "a"), text(1, "b"), stop(1), text(0, "cut"), stop(0), ended("max_tokens")]
    assert parts_of(*events) == [("text", "acut", "length"), ("text", "b", "done")]


@pytest.mark.parametrize(
    "event",
    [
        start(0, toolUse={"toolUseId": "t"}),
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "a", "reasoningContent": {"text": "b"}}}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": "a"}},
    ],
    ids=["no name", "two kinds", "text"],
)
def test_a_block_of_another_shape_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError):
        parts_of(event)
