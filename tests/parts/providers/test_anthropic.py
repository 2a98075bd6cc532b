"""Anthropic Messages: what proves the end of a block, and what must be refused. The vectors have whole streams."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj
from chat import MESSAGE, block, call_block, delta, ended, stop


def parts_of(*events: Any) -> list[tuple[Any, ...]]:
    return [(part.kind, part.value, part.end) for part in sj.assemble_parts([MESSAGE, *events]).final()]


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("end_turn", "done"),
        ("tool_use", "done"),
        ("pause_turn", "done"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "filtered"),
        ("a new one", "cut"),
        (None, "cut"),
    ],
)
def test_the_reason_decides_how_the_last_block_ended(reason: str | None, end: str) -> None:
    events = [*call_block(0, "[0]"), *call_block(1, "[1]"), ended(reason), {"type": "message_stop"}]
    assert parts_of(*events) == [("call", [0], "done"), ("call", [1], end)]


def test_a_block_is_done_when_it_stopped_and_another_began() -> None:
    parts = sj.PartAssembler()
    ends = []
    for event in [MESSAGE, *call_block(0, "[0]"), block(1, type="redacted_thinking"), stop(1)]:
        parts.apply(event)
        ends.append([part.end for part in parts.parts])
    assert ends == [[], ["open"], ["open"], ["open"], ["done"], ["done"]]


def test_a_block_that_stops_after_the_next_began_is_done_then() -> None:
    events = [*call_block(0, "[0]")[:2], *call_block(1, "[1]")[:2], stop(0)]
    assert parts_of(*events) == [("call", [0], "done"), ("call", [1], "cut")]


def test_a_block_that_never_stopped_is_cut_with_the_last_one() -> None:
    events = [*call_block(0, "[0,")[:2], *call_block(1, "[1,"), ended("max_tokens")]
    assert parts_of(*events) == [("call", [0], "length"), ("call", [1], "length")]


def test_a_whole_call_is_given_when_its_block_stops() -> None:
    answer = sj.assemble_parts([MESSAGE, *call_block(0, "[0]"), ended("max_tokens")])
    assert [call.value for call in answer.calls()] == [[0]]
    assert answer.parts[0].end == "length"


@pytest.mark.parametrize("events", [[], [stop(0)], [stop(0), ended("tool_use")], [ended("tool_use")]])
def test_the_input_of_the_start_counts_if_nothing_else_comes(events: list[Any]) -> None:
    start = block(0, type="tool_use", id="t", name="f", input={"a": 1})
    (part,) = sj.assemble_parts([MESSAGE, start, *events]).final()
    assert (part.value, part.text) == ({"a": 1}, None)
    (part,) = sj.assemble_parts([MESSAGE, start, delta(0, type="input_json_delta", partial_json="[]"), *events]).final()
    assert (part.value, part.text) == ([], "[]")


def test_text_of_a_start_is_text() -> None:
    events = [
        block(0, type="text", text="Hel"),
        delta(0, type="text_delta", text="lo"),
        block(1, type="thinking", thinking="hm"),
    ]
    assert parts_of(*events, ended("end_turn")) == [("text", "Hello", "done"), ("reasoning", "hm", "done")]


def test_who_executes_a_call() -> None:
    kinds = ("tool_use", "server_tool_use", "mcp_tool_use")
    events = [block(at, type=kind, id="t", name="f", input={}) for at, kind in enumerate(kinds)]
    parts = sj.assemble_parts([MESSAGE, *events, ended("end_turn")]).final()
    assert [part.executed_by for part in parts] == ["client", "provider", "provider"]


@pytest.mark.parametrize(
    "event",
    [
        delta(1, type="text_delta", text="x"),
        stop(1),
        delta(0, type="input_json_delta", partial_json="x"),
        block(0, type="text", text=""),
        {"type": "content_block_stop"},
    ],
)
def test_what_nobody_can_place_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(block(0, type="text", text=""), event)
    assert raised.value.code == "ambiguous_part"


def test_blocks_that_are_no_parts_are_passed_over() -> None:
    events = [block(0, type="compaction"), delta(0, type="compaction_delta", content="x"), stop(0)]
    events += [block(1, type="future"), delta(1, type="text_delta", text="x"), delta(1, type="future_delta"), stop(1)]
    answer = sj.assemble_parts([MESSAGE, *events, ended("end_turn")])
    assert answer.final() == []
    assert answer.ignored_count == 1


def test_a_block_after_the_reason_is_refused() -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(ended("end_turn"), block(0, type="text", text=""))
    assert raised.value.code == "after_end"
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(block(0, type="text", text=""), ended("end_turn"), delta(0, type="text_delta", text="x"))
    assert raised.value.code == "after_end"


def test_input_that_is_text_is_read_and_a_piece_that_is_not_is_refused() -> None:
    start = block(0, type="tool_use", id="t", name="pay", input='{"to": "bob"}')
    assert parts_of(start, stop(0), ended("tool_use")) == [("call", {"to": "bob"}, "done")]
    with pytest.raises(sj.InvalidEventError, match="piece of text"):
        parts_of(*call_block(0, "")[:1], delta(0, type="input_json_delta", partial_json={"to": "bob"}))


def test_the_events_of_the_helper_of_the_sdk_are_passed_over() -> None:
    events = [
        block(0, type="text", text=""),
        delta(0, type="text_delta", text="Hi"),
        {"type": "text", "text": "Hi", "snapshot": "Hi"},
    ]
    answer = sj.assemble_parts([MESSAGE, *events, ended("end_turn")])
    assert ([part.value for part in answer.final()], answer.ignored_count) == (["Hi"], 0)


def test_a_call_without_input_in_its_start() -> None:
    assert parts_of(block(0, type="tool_use", id="t", name="f"), stop(0), ended("tool_use")) == [("call", {}, "done")]
