"""OpenAI Chat Completions: kinds of content, the ends, and what comes too late. The vectors have whole streams."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj
from chat import chunk, fragment, said


def parts_of(*events: Any, **options: Any) -> list[tuple[Any, ...]]:
    answer = sj.assemble_parts(events, provider="openai_chat", **options)
    return [(part.kind, part.choice, part.value, part.end) for part in answer.final()]


@pytest.mark.parametrize(
    ("delta", "kind"),
    [
        ({"content": "x"}, "text"),
        ({"content": [{"type": "text", "text": "x"}, {"type": "reference"}]}, "text"),
        ({"content": [{"type": "thinking", "thinking": "x"}]}, "reasoning"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}]}, "reasoning"),
        ({"refusal": "x"}, "refusal"),
        ({"reasoning": "x"}, "reasoning"),
        ({"reasoning_content": "x", "reasoning": "x", "thinking_blocks": [{"thinking": "x"}]}, "reasoning"),
        ({"thinking_blocks": [{"thinking": "x"}]}, "reasoning"),
    ],
)
def test_where_text_stands(delta: dict[str, Any], kind: str) -> None:
    assert parts_of(chunk(delta), chunk(finish="stop")) == [(kind, 0, "x", "done")]


def test_the_call_of_the_older_api() -> None:
    events = [chunk({"function_call": {"name": "f", "arguments": "["}}), chunk({"function_call": {"arguments": "]"}})]
    assert parts_of(*events, chunk(finish="function_call")) == [("call", 0, [], "done")]


def test_the_input_of_a_custom_tool_is_text() -> None:
    call = {"index": 0, "id": "c", "type": "custom", "custom": {"name": "sql", "input": "select "}}
    events = [chunk({"tool_calls": [call]}), chunk({"tool_calls": [{"index": 0, "custom": {"input": "1"}}]})]
    (part,) = sj.assemble_parts([*events, chunk(finish="tool_calls")]).final()
    assert (part.kind, part.encoding, part.value, part.text, part.complete) == (
        "call",
        "text",
        "select 1",
        "select 1",
        True,
    )
    assert [call.value for call in sj.assemble_parts([*events, chunk(finish="length")]).calls()] == []


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("stop", "done"),
        ("tool_calls", "done"),
        ("length", "length"),
        ("content_filter", "filtered"),
        ("abort", "aborted"),
        ("a new one", "cut"),
    ],
)
def test_ends(reason: str, end: str) -> None:
    (part,) = sj.assemble_parts([said("Hi"), chunk(finish=reason)]).final()
    assert (part.end, part.finish) == (end, reason)


def test_a_blank_reason_is_none_and_the_first_one_counts() -> None:
    assert parts_of(
        chunk({"content": "a"}, ""), said("b"), chunk(finish="stop"), chunk(finish="stop"), chunk(None, "")
    ) == [("text", 0, "ab", "done")]


def test_an_error_as_the_reason_is_a_failure() -> None:
    answer = sj.assemble_parts([said("Hi"), chunk(finish="error")])
    with pytest.raises(sj.StreamFailedError) as raised:
        answer.final()
    assert (raised.value.error_type, answer.finish, answer.parts[0].finish) == ("error", "error", "error")


def test_only_what_was_written_last_or_is_not_whole_is_cut() -> None:
    events = [
        said("Hi"),
        fragment("[1", name="f"),
        fragment("[2]", name="g", index=1),
        fragment("[3]", name="h", index=2),
    ]
    assert parts_of(*events, chunk(finish="length")) == [
        ("text", 0, "Hi", "done"),
        ("call", 0, [], "length"),
        ("call", 0, [2], "done"),
        ("call", 0, [3], "length"),
    ]
    whole = [call.value for call in sj.assemble_parts([*events, chunk(finish="length")]).calls()]
    assert whole == [[2], [3]]


@pytest.mark.parametrize("later", [said("Both."), chunk({"reasoning": "hm"}), fragment("[", name="g", index=1)])
def test_a_call_is_passed_when_another_part_is_written(later: dict[str, Any]) -> None:
    answer = sj.assemble_parts([fragment("[1]", name="f"), later])
    assert [call.value for call in answer.calls()] == [[1]]
    assert sj.assemble_parts([fragment("[1]", name="f")]).final()[0].complete
    assert list(sj.assemble_parts([fragment("[1]", name="f"), chunk()]).calls()) == []


def test_a_piece_for_a_call_that_was_given_is_refused() -> None:
    events = [fragment("[1]", name="f"), said("Hi"), fragment(" "), fragment(" 2")]
    with pytest.raises(sj.InvalidEventError, match="which was whole"):
        parts_of(*events)


@pytest.mark.parametrize("late", [said("more"), fragment("{}", name="f"), chunk({"refusal": "no"})])
def test_a_piece_after_the_reason_is_refused(late: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(said("Hi"), chunk(finish="stop"), late)
    assert raised.value.code == "after_end"


def test_choices_end_each_for_itself() -> None:
    assert parts_of(said("a"), said("b", 1), chunk(finish="stop"), said("c", 1), chunk(finish="length", choice=1)) == [
        ("text", 0, "a", "done"),
        ("text", 1, "bc", "length"),
    ]
    assert repr(sj.assemble_parts([said("b", 1)]).final()) == "[<Part text of choice 1: cut>]"


def test_a_whole_response_is_no_chunk() -> None:
    whole = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}
    with pytest.raises(sj.InvalidEventError, match="stream=True"):
        parts_of(whole)


def test_interleaved_inputs_of_custom_tools_are_cut_together() -> None:
    def custom(index: int, piece: str, **fields: Any) -> dict[str, Any]:
        return chunk({"tool_calls": [{"index": index, **fields, "custom": {"name": "sql", "input": piece}}]})

    events = [custom(0, "DELETE FROM t ", id="a"), custom(1, "SELECT", id="b"), chunk(finish="length")]
    answer = sj.assemble_parts(events)
    assert list(answer.calls()) == []
    assert [part.end for part in answer.parts] == ["length", "length"]


def test_calls_of_one_event_come_in_the_order_of_the_answer() -> None:
    last = fragment('{"y": 1}', name="c", id="c", index=2)
    last["choices"][0]["finish_reason"] = "tool_calls"
    events = [fragment("", name="a", id="a"), fragment('{"x": 1}', name="b", id="b", index=1), last]
    assert [call.name for call in sj.assemble_parts(events).calls()] == ["a", "b", "c"]
    assert [call.name for call in sj.assemble_parts([events[0], chunk(finish="stop")]).calls()] == ["a"]


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"index": "1", "delta": {"content": "x"}}, "ambiguous_part"),
        ({"index": 1.0, "delta": {"content": "x"}}, "ambiguous_part"),
        ({"index": 0, "delta": {"content": {"text": "x"}}}, "bad_event"),
        ({"index": 0, "delta": {"content": [{"type": "text", "text": 5}]}}, "bad_event"),
        ({"index": 0, "delta": {"refusal": ["x"]}}, "bad_event"),
    ],
)
def test_text_that_would_be_lost_is_refused(choice: dict[str, Any], code: str) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of({"choices": [choice]})
    assert raised.value.code == code


def test_content_of_unknown_types_is_counted() -> None:
    answer = sj.assemble_parts([chunk({"content": [{"type": "hologram"}, {"type": "reference"}, {"text": "a"}]})])
    assert [part.value for part in answer.final()] == ["a"]
    assert answer.ignored_count == 1


def test_the_events_of_the_helper_of_the_sdk_say_what_its_chunks_say() -> None:
    events = [
        {"type": "chunk", "chunk": said("a")},
        {"type": "content.delta", "delta": "a"},
        {"type": "chunk", "chunk": chunk(finish="stop")},
    ]
    answer = sj.assemble_parts(events)
    assert [part.value for part in answer.final()] == ["a"]
    assert answer.ignored_count == 0


def test_completions_of_the_older_api_are_another_protocol() -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        sj.assemble_parts([{"object": "text_completion", "choices": [{"index": 0, "text": "Hi"}]}]).final()
    assert raised.value.code == "foreign_event"


def test_what_is_not_read_is_refused_with_a_named_provider_too() -> None:
    for event in (
        {"object": "text_completion", "choices": [{"index": 0, "text": "Hi"}]},
        chunk({"tool_calls": {"index": 0}}),
        chunk({"reasoning": 5, "content": 5}),
    ):
        with pytest.raises(sj.InvalidEventError):
            parts_of(event)
