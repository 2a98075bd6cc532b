"""AG-UI: what proves the end of a part, chunks and their lanes, the state, and what the client refuses."""

from __future__ import annotations

from typing import Any

import pytest
from ag_ui import core

import streamjson as sj

STARTED = {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
FINISHED = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}


def text(action: str, id: str = "m1", **members: Any) -> dict[str, Any]:
    return {"type": f"TEXT_MESSAGE_{action}", "messageId": id, **members}


def said(delta: str, id: str = "m1", **members: Any) -> list[dict[str, Any]]:
    return [text("START", id, **members), text("CONTENT", id, delta=delta), text("END", id)]


def call(action: str, id: str = "c1", **members: Any) -> dict[str, Any]:
    return {"type": f"TOOL_CALL_{action}", "toolCallId": id, **members}


def called(arguments: str, id: str = "c1") -> list[dict[str, Any]]:
    return [call("START", id, toolCallName="book"), call("ARGS", id, delta=arguments), call("END", id)]


def of(subagent: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**event, "subagentRunId": subagent} for event in events]


def read(*events: Any, **options: Any) -> sj.PartStream:
    answer = sj.assemble_parts([STARTED, *events], **options)
    answer.final()
    return answer


def parts_of(*events: Any, **options: Any) -> list[tuple[Any, ...]]:
    return [(part.kind, part.value, part.end) for part in read(*events, **options).parts]


def refused(*events: Any, **options: Any) -> Any:
    with pytest.raises(sj.StreamJSONError) as raised:
        read(*events, **options)
    return raised.value


# ----------------------------------------------------------------------------------------------------------------------
# ends


@pytest.mark.parametrize(
    ("outcome", "end", "finish"),
    [
        (None, "done", "RUN_FINISHED"),
        ({"type": "success"}, "done", "RUN_FINISHED"),
        ({"type": "interrupt", "interrupts": []}, "done", "RUN_FINISHED:interrupt"),
        ({"type": "cancelled"}, "aborted", "RUN_FINISHED:cancelled"),
        ("interrupt", "done", "RUN_FINISHED:interrupt"),
        ({"type": "new"}, "cut", "RUN_FINISHED:new"),
    ],
)
def test_the_outcome_decides_how_the_parts_ended(outcome: Any, end: str, finish: str) -> None:
    answer = read(*said("a"), *said("b", "m2"), {**FINISHED, "outcome": outcome})
    assert [(part.value, part.end) for part in answer.parts] == [("a", "done"), ("b", end)]
    assert (answer.finish, answer.parts[1].finish) == (finish, finish)


@pytest.mark.parametrize(
    ("event", "end"),
    [
        ({"type": "CUSTOM", "name": "x", "value": 1}, "open"),
        ({"type": "STEP_STARTED", "stepName": "s"}, "open"),
        (text("START", "m2"), "done"),
        (call("START", toolCallName="f"), "done"),
        ({"type": "STATE_SNAPSHOT", "snapshot": {}}, "done"),
    ],
)
def test_a_part_is_done_when_it_was_closed_and_another_begins(event: dict[str, Any], end: str) -> None:
    parts = sj.PartAssembler()
    for each in [STARTED, *said("a"), event]:
        parts.apply(each)
    assert parts.parts[0].end == end


def test_without_the_end_of_the_run_it_is_a_cut() -> None:
    assert parts_of(*said("a"), *called("{}")) == [("text", "a", "done"), ("call", {}, "cut")]


def test_an_error_ends_what_is_open_or_not_proved() -> None:
    failed = {"type": "RUN_ERROR", "message": "Overloaded", "code": "E1"}
    error = refused(*said("a"), *said("b", "m2"), *called("{")[:2], failed)
    assert (error.error_type, error.error_message) == ("E1", "Overloaded")
    assert [(part.value, part.end) for part in error.parts] == [("a", "done"), ("b", "done"), ({}, "failed")]
    error = refused(*said("a"), failed)
    assert [(part.end, part.finish) for part in error.parts] == [("failed", "RUN_ERROR")]
    assert refused(*said("a"), FINISHED, failed).parts[0].end == "done"


def test_an_error_may_be_the_first_event() -> None:
    answer = sj.assemble_parts([{"type": "RUN_ERROR", "message": "no agent"}])
    with pytest.raises(sj.StreamFailedError, match="no agent"):
        answer.final()
    assert answer.provider == "ag_ui"


def test_a_call_is_given_when_it_is_closed() -> None:
    answer = sj.assemble_parts([STARTED, *called('{"a": 1}'), *called("{", "c2")[:2]])
    assert [given.value for given in answer.calls()] == [{"a": 1}]
    assert [part.end for part in answer.parts] == ["done", "cut"]


def test_calls_without_arguments_and_with_arguments_that_are_not_json() -> None:
    answer = sj.assemble_parts([STARTED, *called("")[::2], *called("{'a': 1}", "c2"), FINISHED], on_misfit="skip")
    assert [given.value for given in answer.calls()] == [{}]
    assert [type(part.error) for part in answer.parts] == [type(None), sj.InvalidTextError]


# ----------------------------------------------------------------------------------------------------------------------
# messages


def test_reasoning_of_all_versions() -> None:
    events = [{"type": "REASONING_START", "messageId": "s"}]
    for stem, id in (("REASONING_MESSAGE", {"messageId": "m"}), ("THINKING_TEXT_MESSAGE", {})):
        events += [{"type": f"{stem}_{action}", **id, "delta": "Hm."} for action in ("START", "CONTENT", "END")]
    events += [{"type": "REASONING_END", "messageId": "s"}, {"type": "THINKING_END"}]
    answer = read(*events, FINISHED)
    assert [(part.kind, part.id, part.value, part.end) for part in answer.parts] == [
        ("reasoning", "m", "Hm.", "done"),
        ("reasoning", None, "Hm.", "done"),
    ]


def test_an_id_may_be_used_again_and_names_one_of_each_kind() -> None:
    reasoning = [
        {"type": f"REASONING_MESSAGE_{action}", "messageId": "m1", "delta": "r"} for action in ("START", "END")
    ]
    events = [*said("a"), *said("b"), *reasoning, *called("[]", "m1"), *called("[1]", "m1"), FINISHED]
    assert [part[1] for part in parts_of(*events)] == ["a", "b", "", [], [1]]


def test_messages_of_others_are_not_of_the_answer() -> None:
    events = [
        *said("Hi", "u1", role="user"),
        text("CHUNK", "u2", role="developer", delta="x"),
        text("CHUNK", delta="y"),
    ]
    events[-1].pop("messageId")
    events += [*said("a", role="assistant")]
    assert parts_of(*events, FINISHED) == [("text", "a", "done")]
    assert "message 'u1' was open" in refused(text("START", "u1", role="user"), FINISHED).message
    assert refused(text("START", "u1", role="user"), text("END", "u1"), text("END", "u1")).code == "ambiguous_part"


def test_what_is_no_part_is_passed_over_and_what_is_unknown_counted() -> None:
    events = [
        {"type": "MESSAGES_SNAPSHOT", "messages": [{"id": "m1", "role": "assistant", "content": "a"}]},
        {"type": "TOOL_CALL_RESULT", "messageId": "r", "toolCallId": "c1", "content": "ok"},
        {"type": "ACTIVITY_SNAPSHOT", "messageId": "a", "activityType": "x", "content": {}},
        {"type": "ACTIVITY_DELTA", "messageId": "a", "activityType": "x", "patch": []},
        {"type": "RAW", "event": {"type": "x"}},
        {"type": "SUBAGENT_STARTED", "subagentRunId": "s", "name": "helper"},
        {"type": "RUN_SPARKLED"},
        {"type": "SPARKLE"},
    ]
    answer = read(*said("a"), *events, FINISHED)
    assert ([part.value for part in answer.parts], answer.ignored_count) == (["a"], 2)


# ----------------------------------------------------------------------------------------------------------------------
# chunks


def chunk(kind: str = "TEXT_MESSAGE", **members: Any) -> dict[str, Any]:
    return {"type": f"{kind}_CHUNK", **members}


def test_a_chunk_ends_with_the_next_event_of_its_lane() -> None:
    first = chunk(messageId="m1", delta="a")
    for event in ({"type": "CUSTOM"}, text("START", "m2"), {"type": "MESSAGES_SNAPSHOT"}):
        assert refused(first, event, chunk(delta="b")).code == "ambiguous_part"
    for event in (
        {"type": "RAW"},
        {"type": "ACTIVITY_DELTA"},
        *of("s1", {"type": "CUSTOM"}),
        *of("s1", text("START", "m2")),
    ):
        assert read(first, event, chunk(delta="b")).parts[0].value == "ab"


def test_a_chunk_with_the_id_of_a_closed_one_is_another_part() -> None:
    events = [chunk(messageId="m1", delta="a"), {"type": "CUSTOM"}, chunk(messageId="m1", delta="b"), FINISHED]
    assert [part[1:] for part in parts_of(*events)] == [("a", "done"), ("b", "done")]


def test_subagents_have_a_lane_each() -> None:
    events = [
        *of("s1", chunk(messageId="m1", delta="a")),
        *of("s2", chunk("TOOL_CALL", toolCallId="c1", toolCallName="f", delta="[")),
        *of("s1", chunk(delta="b")),
        chunk("TOOL_CALL", delta="]"),  # the only call that is open
        chunk(messageId="m1", delta="c"),
        *of("s2", {"type": "SUBAGENT_FINISHED"}),
        FINISHED,
    ]
    assert parts_of(*events) == [("text", "abc", "done"), ("call", [], "done")]


@pytest.mark.parametrize(
    ("again", "code"),
    [
        ({"toolCallName": "pay"}, "contradiction"),
        ({"toolCallName": "book"}, None),
        ({"toolCallId": "c1"}, None),
        ({"subagentRunId": "s1"}, "ambiguous_part"),
        ({"toolCallId": "c1", "subagentRunId": "s1"}, "ambiguous_part"),
    ],
)
def test_what_a_chunk_of_a_call_repeats_must_be_equal(again: dict[str, str], code: str | None) -> None:
    events = [
        chunk("TOOL_CALL", toolCallId="c1", toolCallName="book", delta="["),
        chunk("TOOL_CALL", delta="]", **again),
    ]
    if code is None:
        assert read(*events, FINISHED).parts[0].value == []
    else:
        assert refused(*events).code == code


@pytest.mark.parametrize(("first", "again"), [("assistant", "user"), ("user", "assistant")])
def test_the_role_that_a_chunk_repeats_must_be_equal(first: str, again: str) -> None:
    events = [chunk(messageId="m1", role=first, delta="a"), chunk(role=again, delta="b")]
    assert refused(*events).code == "contradiction"
    events[1]["role"] = first
    read(*events, FINISHED)


# ----------------------------------------------------------------------------------------------------------------------
# the state, subagents


def snapshot(value: Any) -> dict[str, Any]:
    return {"type": "STATE_SNAPSHOT", "snapshot": value}


@pytest.mark.parametrize("value", [{"a": [1]}, [], "x", 3, None])
def test_the_last_snapshot_is_the_state(value: Any) -> None:
    answer = read(snapshot({"a": {"b": "c"}}), *said("a"), snapshot(value), FINISHED)
    state, message = answer.parts
    assert (state.kind, state.value, state.text, state.end, state.error) == ("state", value, None, "done", None)
    assert message.end == "done"


def test_a_patch_of_the_state_fails_it_and_the_others_continue() -> None:
    patch = {"type": "STATE_DELTA", "delta": [{"op": "add", "path": "/a", "value": 1}]}
    answer = read(snapshot({"a": 0}), patch, patch, *said("a"), FINISHED)
    state, message = answer.parts
    assert (state.end, state.complete, message.end) == ("failed", False, "done")
    assert (type(state.error), state.error and state.error.code) == (sj.InvalidEventError, "bad_event")
    assert [part.end for part in read(patch, FINISHED).parts] == ["failed"]
    assert [part[1:] for part in parts_of(patch, snapshot({"a": 1}), FINISHED)] == [
        (sj.MISSING, "failed"),
        ({"a": 1}, "done"),
    ]


def test_a_subagent_that_fails_leaves_the_parts_of_others() -> None:
    events = [
        *of("s1", *said("a", "m1")[:2]),
        *called("{}")[:1],
        {**called("{}", "c2")[0], "parentMessageId": "m1"},
        {"type": "SUBAGENT_ERROR", "message": "no id"},
        *of("s1", {"type": "SUBAGENT_ERROR", "message": "broke"}, text("END")),
        *called("{}")[1:],
        FINISHED,
    ]
    answer = read(*events)
    assert [(part.end, part.finish) for part in answer.parts] == [
        ("failed", "SUBAGENT_ERROR"),
        ("done", "RUN_FINISHED"),
        ("failed", "SUBAGENT_ERROR"),
    ]


# ----------------------------------------------------------------------------------------------------------------------
# refusals


@pytest.mark.parametrize(
    "event",
    [
        text("CONTENT", "m9", delta="x"),
        text("CONTENT", "m1", delta="x"),
        text("END"),
        call("ARGS", "c9", delta="x"),
        call("END", "c9"),
        {"type": "REASONING_MESSAGE_CONTENT", "messageId": "m1", "delta": "x"},
        {"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": "x"},
        {"type": "TEXT_MESSAGE_START"},
        {"type": "TEXT_MESSAGE_CHUNK", "delta": "x"},
        *of("s1", text("CONTENT", "m2", delta="x")),
    ],
)
def test_what_has_no_place_is_refused(event: dict[str, Any]) -> None:
    assert refused(*said("a"), text("START", "m2"), event).code == "ambiguous_part"


@pytest.mark.parametrize(
    ("event", "left"),
    [
        (text("START"), "text 'm1'"),
        (call("START", toolCallName="book"), "call of 'book' 'c1'"),
        ({"type": "STEP_STARTED", "stepName": "s"}, "step 's'"),
    ],
)
def test_a_run_can_not_finish_with_something_open(event: dict[str, Any], left: str) -> None:
    error = refused(event, FINISHED)
    assert (error.code, left in error.message) == ("bad_event", True)


def test_steps_that_have_finished() -> None:
    steps = [{"type": f"STEP_{action}", "stepName": "s"} for action in ("STARTED", "FINISHED", "FINISHED")]
    assert refused(*of("s1", steps[0]), *steps[1:], FINISHED).code == "bad_event"
    assert read(*steps, FINISHED).finish == "RUN_FINISHED"


def test_a_call_needs_a_name_and_a_piece_is_text() -> None:
    assert refused(call("START")).code == "bad_event"
    assert refused(chunk("TOOL_CALL", toolCallId="c1", delta="{}")).code == "bad_event"
    assert refused(text("START"), text("CONTENT", delta={"a": 1})).code == "bad_event"


def test_nothing_comes_after_the_run_has_finished() -> None:
    for event in (text("START"), {"type": "CUSTOM"}, FINISHED):
        assert refused(FINISHED, event).code == "after_end"


@pytest.mark.parametrize("end", [[], [FINISHED]], ids=["while it runs", "after it"])
def test_another_run_in_the_same_stream(end: list[Any]) -> None:
    events = [*said("a"), *end, STARTED, *said("b"), FINISHED]
    assert refused(*events).code == "new_run"
    assert parts_of(*events, on_new_run="reset") == [("text", "b", "done")]
    middle = sj.assemble_parts([*said("a"), STARTED], provider="ag_ui")
    with pytest.raises(sj.StreamFailedError, match="started over"):
        middle.final()


def test_a_part_that_starts_again_before_its_end_has_started_over() -> None:
    events = [*called("[1")[:2], *called("[2]"), FINISHED]
    assert refused(*events).code == "new_run"
    assert parts_of(*events, on_new_run="reset") == [("call", [2], "done")]
    assert refused(*said("a")[:2], *said("b")).code == "new_run"


# ----------------------------------------------------------------------------------------------------------------------
# objects


def test_objects_of_the_sdk() -> None:
    events = [
        core.RunStartedEvent(thread_id="t", run_id="r"),
        core.StateSnapshotEvent(snapshot={"a": 1}),
        core.StepStartedEvent(step_name="s"),
        core.TextMessageStartEvent(message_id="m1", role="assistant"),
        core.TextMessageContentEvent(message_id="m1", delta="Hi"),
        core.TextMessageEndEvent(message_id="m1"),
        core.ToolCallStartEvent(tool_call_id="c1", tool_call_name="book", parent_message_id="m1"),
        core.ToolCallArgsEvent(tool_call_id="c1", delta='{"a": 1}'),
        core.ToolCallEndEvent(tool_call_id="c1"),
        core.ToolCallChunkEvent(tool_call_id="c2", tool_call_name="pay", delta="["),
        core.ToolCallChunkEvent(delta="]", subagent_run_id=None),
        core.StepFinishedEvent(step_name="s"),
        core.RawEvent(event={"type": "x"}),
        core.CustomEvent(name="x", value=1),
        core.RunFinishedEvent(thread_id="t", run_id="r", outcome=core.RunFinishedCancelledOutcome()),
    ]
    answer = sj.assemble_parts(events)
    assert [(part.kind, part.id, part.name, part.value, part.end) for part in answer.final()] == [
        ("state", None, None, {"a": 1}, "aborted"),
        ("text", "m1", None, "Hi", "done"),
        ("call", "c1", "book", {"a": 1}, "done"),
        ("call", "c2", "pay", [], "aborted"),
    ]
    assert (answer.finish, answer.ignored_count) == ("RUN_FINISHED:cancelled", 0)
    with pytest.raises(sj.StreamFailedError, match="E1: broke"):
        sj.assemble_parts([events[0], core.RunErrorEvent(message="broke", code="E1")]).final()


@pytest.mark.parametrize("roles", [("assistant", "user"), ("user", "assistant"), ("user", "user")])
def test_a_message_that_is_open_can_not_start_with_another_role(roles: tuple[str, str]) -> None:
    events = [text("START", role=role) for role in roles]
    assert refused(*events).code == "ambiguous_part"


def test_a_snapshot_without_a_state_is_refused() -> None:
    assert refused({"type": "STATE_SNAPSHOT"}).code == "bad_event"
    assert parts_of(snapshot(None), FINISHED) == [("state", None, "done")]
