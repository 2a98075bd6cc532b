"""Cohere: parts by family and index, what proves their ends, what must be refused, and the objects of the SDK."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj
from provider_rows import check, content_of, provider_rows

MESSAGE = {"type": "message-start", "id": "co-1", "delta": {"message": {"role": "assistant", "content": []}}}


def event(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    at = {} if index is None else {"index": index}
    return {"type": kind, **at, "delta": {"message": message}}


def plan(piece: str) -> dict[str, Any]:
    return event("tool-plan-delta", tool_plan=piece)


def text(index: int, *pieces: str, kind: str = "text") -> list[dict[str, Any]]:
    begin = event("content-start", index, content={"type": kind, kind: ""})
    return [begin, *(event("content-delta", index, content={kind: piece}) for piece in pieces)]


def call(index: int, *pieces: str) -> list[dict[str, Any]]:
    function = {"name": "book", "arguments": ""}
    begin = event(
        "tool-call-start", index, tool_calls={"id": f"call_{index}", "type": "function", "function": function}
    )
    pieces_of = (event("tool-call-delta", index, tool_calls={"function": {"arguments": piece}}) for piece in pieces)
    return [begin, *pieces_of]


def stop(family: str, index: int) -> dict[str, Any]:
    return {"type": f"{family}-end", "index": index}


def ended(reason: str | None, **more: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, **more}}


def parts_of(*events: Any) -> list[tuple[Any, ...]]:
    return [(part.kind, part.index, part.value, part.end) for part in sj.assemble_parts([MESSAGE, *events]).final()]


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("COMPLETE", "done"),
        ("STOP_SEQUENCE", "done"),
        ("TOOL_CALL", "done"),
        ("MAX_TOKENS", "length"),
        ("USER_CANCEL", "cut"),
        (None, "cut"),
    ],
)
def test_the_reason_decides_how_the_last_part_ended(reason: str | None, end: str) -> None:
    events = [*call(0, "[0]"), stop("tool-call", 0), *call(1, "[1]"), stop("tool-call", 1), ended(reason)]
    assert parts_of(*events) == [("call", 0, [0], "done"), ("call", 1, [1], end)]


@pytest.mark.parametrize(
    ("end", "kind", "message"),
    [
        (ended("ERROR", error="boom"), "ERROR", "boom"),
        (ended("TIMEOUT"), "TIMEOUT", None),
        (ended("ERROR_LIMIT", error=""), "ERROR_LIMIT", None),
        (ended(None, error="boom"), None, "boom"),
    ],
)
def test_an_error_at_the_end_is_a_failure(end: dict[str, Any], kind: str | None, message: str | None) -> None:
    answer = sj.assemble_parts([MESSAGE, *text(0, "Hi"), stop("content", 0), *text(1, "!"), stop("content", 1), end])
    with pytest.raises(sj.StreamFailedError) as raised:
        answer.final()
    assert (raised.value.error_type, raised.value.error_message) == (kind, message)
    assert [part.end for part in answer.parts] == ["done", "failed"]


def test_contents_and_calls_count_for_themselves() -> None:
    events = [*text(0, "hm", kind="thinking"), stop("content", 0), *text(1, "Hi")]
    events += [event("citation-start", 0, citations={"start": 0}), stop("citation", 0), stop("content", 1)]
    events += [*call(0, "{\n  ", "}"), stop("tool-call", 0)]
    assert parts_of(*events, ended("TOOL_CALL")) == [
        ("reasoning", 0, "hm", "done"),
        ("text", 1, "Hi", "done"),
        ("call", 0, {}, "done"),
    ]


def test_a_part_is_done_when_it_ended_and_another_began() -> None:
    parts = sj.PartAssembler()
    ends = []
    unknown = event("content-start", 1, content={"type": "video"})
    for one in [MESSAGE, *text(0, "Hi"), stop("content", 0), unknown]:
        parts.apply(one)
        ends.append([part.end for part in parts.parts])
    assert ends == [[], ["open"], ["open"], ["open"], ["done"]]


def test_a_part_that_ends_after_the_next_began_is_done_then() -> None:
    events = [*call(0, "[0]"), *call(1, "[1]"), stop("tool-call", 0)]
    assert parts_of(*events) == [("call", 0, [0], "done"), ("call", 1, [1], "cut")]


def test_a_part_that_never_ended_is_cut_with_the_last_one() -> None:
    events = [*call(0, "[0,"), *call(1, "[1,"), ended("MAX_TOKENS")]
    assert parts_of(*events) == [("call", 0, [0], "length"), ("call", 1, [1], "length")]


@pytest.mark.parametrize("following", [call(0), text(0), text(0, kind="thinking")], ids=["call", "text", "thinking"])
def test_the_next_part_ends_the_plan(following: list[Any]) -> None:
    (one, *_) = parts_of(plan("I will "), plan("book."), *following)
    assert one == ("reasoning", None, "I will book.", "done")
    assert parts_of(plan("I wi")) == [("reasoning", None, "I wi", "cut")]
    assert parts_of(plan(""), plan("I wi"), ended("MAX_TOKENS")) == [("reasoning", None, "I wi", "length")]
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(plan("a"), *following, plan("b"))
    assert raised.value.code == "after_end"


def test_a_start_may_have_text_and_no_type() -> None:
    events = [event("content-start", 0, content={"text": "Hi"}), stop("content", 0)]
    events += [event("content-start", 1, content={"thinking": "hm"}), stop("content", 1)]
    events += [event("tool-call-start", 0, tool_calls={"function": {"name": "f", "arguments": "[]"}})]
    assert parts_of(*events, ended("TOOL_CALL")) == [
        ("text", 0, "Hi", "done"),
        ("reasoning", 1, "hm", "done"),
        ("call", 0, [], "done"),
    ]


def test_what_is_unknown_is_counted() -> None:
    events = [event("content-start", 0, content={"type": "video"}), event("content-delta", 0, content={"text": "x"})]
    events += [stop("content", 0), {"type": "debug", "prompt": "?"}, {"type": "sparkle"}, *text(1, "Hi"), *call(0)]
    events += [event("content-pause", 1), event("tool-call-pause", 0)]
    answer = sj.assemble_parts([MESSAGE, *events, ended("COMPLETE")])
    assert [part.value for part in answer.final()] == ["Hi", {}]
    assert answer.ignored_count == 4


@pytest.mark.parametrize(
    "one",
    [
        event("content-delta", 1, content={"text": "x"}),
        event("tool-call-delta", 1, tool_calls={"function": {"arguments": "x"}}),
        event("content-delta", content={"text": "x"}),
        event("content-delta", 0, content={"thinking": "x"}),
        event("content-delta", 2, content={"text": "x"}),
        stop("content", 1),
        stop("tool-call", 1),
        *text(0),
        *text(3),
        *call(0),
    ],
)
def test_an_event_without_a_place_is_refused(one: dict[str, Any]) -> None:
    before = [*text(0, "Hi"), *call(0), *text(2, kind="thinking"), event("content-start", 3, content={"type": "?"})]
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*before, one)
    assert raised.value.code == "ambiguous_part"


@pytest.mark.parametrize(
    "one",
    [
        event("content-delta", 0, content="x"),
        event("content-delta", 0, content=[{"text": "x"}]),
        event("content-delta", 0, content={"text": {"x": 1}}),
        event("tool-call-delta", 0, tool_calls=[{"function": {"arguments": "x"}}]),
        event("tool-plan-delta", tool_plan=["x"]),
    ],
)
def test_a_piece_of_another_shape_is_refused(one: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError, match=r"one object|piece of text"):
        parts_of(*text(0), *call(0), one)


@pytest.mark.parametrize("late", [text(0, "x")[1], text(1)[0], call(0)[0], plan("x")])
def test_what_comes_after_the_end_is_refused(late: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*text(0, "Hi"), ended("COMPLETE"), late)
    assert raised.value.code == "after_end"


def test_a_second_message_is_a_new_run() -> None:
    with pytest.raises(sj.StreamFailedError) as raised:
        parts_of(*text(0, "Hi"), MESSAGE)
    assert raised.value.code == "new_run"
    events = [MESSAGE, *text(0, "Hi"), MESSAGE, *text(0, "Ho"), ended("COMPLETE")]
    assert [part.value for part in sj.assemble_parts(events, on_new_run="reset").final()] == ["Ho"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row["name"]) for row in provider_rows() if row["provider"] == "cohere"]
)
def test_objects_of_the_sdk(row: dict[str, Any]) -> None:
    from cohere.core.unchecked_base_model import construct_type
    from cohere.v2.types.v2chat_stream_response import V2ChatStreamResponse

    objects = [construct_type(type_=V2ChatStreamResponse, object_=one) for one in row["events"]]
    answer = sj.assemble_parts(objects, content=content_of(row))
    answer.final()
    check(row, answer, None)


@pytest.mark.slow
def test_plan_and_calls_as_objects_of_the_sdk() -> None:
    from cohere.core.unchecked_base_model import construct_type
    from cohere.v2.types.v2chat_stream_response import V2ChatStreamResponse

    events = [MESSAGE, plan("I will."), *call(0, "{\n", "}"), stop("tool-call", 0), ended("TOOL_CALL")]
    objects = [construct_type(type_=V2ChatStreamResponse, object_=one) for one in events]
    assert not any(isinstance(one, dict) for one in objects)
    parts = sj.assemble_parts(objects).final()
    assert [(part.kind, part.id, part.name, part.value, part.end) for part in parts] == [
        ("reasoning", None, None, "I will.", "done"),
        ("call", "call_0", "book", {}, "done"),
    ]


def test_a_content_that_is_written_after_the_next_one_is_the_last() -> None:
    more = event("content-delta", 0, content={"text": "cut"})
    events = [*text(0, "a")[:2], *text(1, "b")[:2], stop("content", 1), more, stop("content", 0), ended("MAX_TOKENS")]
    assert parts_of(*events) == [("text", 0, "acut", "length"), ("text", 1, "b", "done")]


def test_a_message_that_starts_after_parts_is_a_new_run() -> None:
    with pytest.raises(sj.StreamFailedError) as raised:
        sj.assemble_parts([*text(0, "a"), MESSAGE], provider="cohere").final()
    assert raised.value.code == "new_run"


@pytest.mark.parametrize("name", [None, ""])
def test_a_call_without_a_name_is_refused(name: str | None) -> None:
    calls = {"id": "c", "type": "function", "function": {"name": name, "arguments": ""}}
    with pytest.raises(sj.InvalidEventError, match="call 0 has no name"):
        parts_of(event("tool-call-start", 0, tool_calls=calls))


def test_a_delta_of_another_shape_is_refused_and_an_error_may_be_an_object() -> None:
    with pytest.raises(sj.InvalidEventError, match="delta is one object"):
        parts_of(*text(0, "a")[:1], {"type": "content-delta", "index": 0, "delta": "hello"})
    with pytest.raises(sj.StreamFailedError) as raised:
        parts_of(*text(0, "a"), ended("COMPLETE", error={"message": "boom"}))
    assert raised.value.error_message == "boom"
