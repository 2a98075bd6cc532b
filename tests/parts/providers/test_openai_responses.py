"""OpenAI Responses: texts that come again as a whole, items, the status, replays. The vectors have whole streams."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj
from chat import response

CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": ""}
MESSAGE = {"type": "message", "id": "m", "content": []}


def added(index: int, item: dict[str, Any] | None) -> dict[str, Any]:
    return response("output_item.added", output_index=index, item=item)


def done(index: int, item: dict[str, Any] | None, status: str | None = "completed") -> dict[str, Any]:
    return response("output_item.done", output_index=index, item=item and {**item, "status": status})


def arguments(piece: str, index: int = 0, kind: str = "function_call_arguments", **fields: Any) -> dict[str, Any]:
    return response(f"{kind}.delta", output_index=index, delta=piece, **fields)


def completed(
    status: str = "completed", *, reason: str | None = None, event: str | None = None, output: Any = ()
) -> Any:
    details = None if reason is None else {"reason": reason}
    body = {"status": status, "incomplete_details": details, "output": list(output)}
    return response(event or status, response=body)


def parts_of(*events: Any, **options: Any) -> list[tuple[Any, ...]]:
    answer = sj.assemble_parts(events, provider="openai_responses", **options)
    return [(part.kind, part.id, part.name, part.index, part.value, part.end) for part in answer.final()]


@pytest.mark.parametrize(
    "repeats",
    [
        [response("function_call_arguments.done", output_index=0, arguments="[1]")],
        [done(0, {**CALL, "arguments": "[1]"})],
        [done(0, {**CALL, "arguments": "[1]"}, None)],
        [completed(output=[{**CALL, "arguments": "[1]"}])],
        [
            response("function_call_arguments.done", output_index=0, arguments="[1]"),
            done(0, {**CALL, "arguments": "[1]"}),
            completed(output=[{**CALL, "arguments": "[1]"}]),
        ],
    ],
)
@pytest.mark.parametrize("pieces", [[], ["[1]"], ["[", "1"]])
def test_a_whole_text_is_never_appended_and_may_be_the_only_one(pieces: list[str], repeats: list[Any]) -> None:
    events = [added(0, CALL), *map(arguments, pieces), *repeats, completed()]
    assert parts_of(*events) == [("call", "c1", "f", 0, [1], "done")]


def test_a_whole_text_that_contradicts_is_refused_or_replaces() -> None:
    events = [
        added(0, CALL),
        arguments("[1]"),
        response("function_call_arguments.done", output_index=0, arguments="[2]"),
    ]
    answer = sj.assemble_parts(events)
    with pytest.raises(sj.ConflictError) as raised:
        answer.final()
    assert raised.value.code == "contradiction"
    assert (answer.parts[0].value, answer.parts[0].end) == ([1], "failed")
    assert parts_of(*events, completed(), on_conflict="replace") == [("call", "c1", "f", 0, [2], "done")]


@pytest.mark.parametrize("end", [[done(0, CALL)], [completed()], []])
def test_the_text_of_a_start_counts_if_nothing_else_comes(end: list[Any]) -> None:
    first = {**CALL, "arguments": "[1]"}
    if end and "item" in end[0]:
        end = [done(0, {key: value for key, value in CALL.items() if key != "arguments"})]
    assert parts_of(added(0, first), *end)[0][4] == [1]
    assert parts_of(added(0, first), arguments("[1"), arguments("]"), completed())[0][4] == [1]


@pytest.mark.parametrize(
    ("item", "kind", "expected"),
    [
        (
            {"type": "mcp_call", "id": "mcp", "name": "f", "arguments": ""},
            "mcp_call_arguments",
            ("mcp", "f", "provider", "json"),
        ),
        (
            {"type": "custom_tool_call", "id": "x", "call_id": "c", "name": "f", "input": ""},
            "custom_tool_call_input",
            ("c", "f", "client", "text"),
        ),
        (
            {"type": "code_interpreter_call", "id": "ci", "code": ""},
            "code_interpreter_call_code",
            ("ci", None, "provider", "text"),
        ),
    ],
)
def test_other_calls(item: dict[str, Any], kind: str, expected: tuple[Any, ...]) -> None:
    (part,) = sj.assemble_parts([added(0, item), arguments("[1]", kind=kind), completed()]).final()
    assert (part.id, part.name, part.executed_by, part.encoding) == expected
    assert part.text == "[1]"


def test_each_command_of_a_shell_call_is_a_part() -> None:
    item = {"type": "shell_call", "id": "sh", "call_id": "c", "action": {"commands": []}}
    events = [added(0, item), response("shell_call_command.added", output_index=0, command_index=0, command="")]
    events += [
        response("shell_call_command.delta", output_index=0, command_index=at, delta=text)
        for at, text in ((0, "l"), (0, "s"), (1, "pwd"))
    ]
    events += [response("shell_call_command.done", output_index=0, command_index=0, command="ls")]
    events += [done(0, {**item, "action": {"commands": ["ls", "pwd"]}}), completed()]
    assert parts_of(*events) == [("call", "c", None, 0, "ls", "done"), ("call", "c", None, 0, "pwd", "done")]


def test_the_contents_of_a_message_and_the_summaries_of_a_reasoning() -> None:
    message = {**MESSAGE, "content": [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}]}
    reasoning = {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "c"}]}
    deep = {
        **reasoning,
        "id": "d",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "e"}, {"type": "audio"}],
    }
    assert parts_of(done(0, message), done(1, reasoning), completed(output=[message, reasoning, deep])) == [
        ("text", "m", None, 0, "a", "done"),
        ("refusal", "m", None, 0, "b", "done"),
        ("reasoning", "r", None, 1, "c", "done"),
        ("reasoning", "d", None, 2, "e", "done"),
    ]


@pytest.mark.parametrize(
    ("last", "end", "finish"),
    [
        (completed(), "done", "completed"),
        (completed("incomplete", reason="max_output_tokens"), "length", "incomplete:max_output_tokens"),
        (
            completed("incomplete", reason="max_output_tokens", event="completed"),
            "length",
            "completed:max_output_tokens",
        ),
        (completed("incomplete", reason="content_filter"), "filtered", "incomplete:content_filter"),
        (completed("incomplete"), "cut", "incomplete"),
        (completed("cancelled"), "aborted", "cancelled"),
        (completed("", event="completed"), "done", "completed"),
    ],
)
def test_the_status_decides_how_the_last_item_ended(last: dict[str, Any], end: str, finish: str) -> None:
    other = {**CALL, "id": "fc_2", "call_id": "c2"}
    events = [
        added(0, CALL),
        arguments("[0]"),
        done(0, {**CALL, "arguments": "[0]"}),
        added(1, other),
        arguments("[1]", 1),
    ]
    answer = sj.assemble_parts([*events, last])
    assert [part.end for part in answer.final()] == ["done", end]
    assert (answer.finish, answer.parts[1].finish) == (finish, finish)


def test_an_item_that_says_incomplete_is_cut_though_the_response_is_completed() -> None:
    events = [added(0, CALL), arguments("[0]"), done(0, {**CALL, "arguments": "[0]"}, "incomplete"), completed()]
    assert parts_of(*events)[0][-1] == "length"


def test_an_item_that_was_closed_is_done_when_the_next_began() -> None:
    whole = {**CALL, "arguments": "[0]"}
    other = {**CALL, "id": "fc_2"}
    for events in (
        [added(0, CALL), done(0, whole), added(1, other)],
        [added(0, CALL), added(1, other), done(0, whole)],
    ):
        assert [part[-1] for part in parts_of(*events)] == ["done", "cut"]
    assert [part[-1] for part in parts_of(added(0, CALL), done(0, whole))] == ["cut"]


def test_a_whole_call_is_given_when_its_item_is_done() -> None:
    answer = sj.assemble_parts([added(0, CALL), arguments("[0]"), done(0, {**CALL, "arguments": "[0]"})])
    assert [call.value for call in answer.calls()] == [[0]]


def test_a_failed_response_is_a_failure() -> None:
    body = {"status": "failed", "error": {"code": "server_error", "message": "busy"}}
    answer = sj.assemble_parts([added(0, CALL), response("failed", response=body)])
    with pytest.raises(sj.StreamFailedError) as raised:
        answer.final()
    assert (raised.value.error_type, raised.value.error_message, answer.finish) == ("server_error", "busy", "failed")


def test_events_that_were_seen_are_passed_over() -> None:
    events = [added(0, CALL), arguments("["), arguments("1"), arguments("]"), completed()]
    events = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    assert parts_of(*events[:3], *events[1:]) == parts_of(*events)


def test_an_item_without_a_start_begins_by_its_id() -> None:
    text = response("output_text.delta", output_index=0, content_index=0, item_id="m", delta="Hi")
    assert parts_of(text, completed()) == [("text", "m", None, 0, "Hi", "done")]


@pytest.mark.parametrize(
    "events",
    [
        [arguments("[")],
        [added(0, CALL), arguments("[", item_id="other")],
        [added(0, CALL), added(0, {**CALL, "id": "other"})],
        [response("output_text.delta", item_id="m", delta="x")],
    ],
)
def test_what_nobody_can_place_is_refused(events: list[Any]) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*events)
    assert raised.value.code == "ambiguous_part"


def test_events_without_text_and_items_without_a_body_are_passed_over() -> None:
    events = [response("created", response={"id": "r"}), response("in_progress"), added(0, None), done(0, None)]
    events += [
        response("web_search_call.searching"),
        response("output_text.done", output_index=0, content_index=0, item_id="m"),
    ]
    events += [response("content_part.added", output_index=0, content_index=1, item_id="m", part={"type": "audio"})]
    answer = sj.assemble_parts([*events, added(1, {"type": "web_search_call", "id": "w"}), completed()])
    assert answer.final() == []
    assert answer.ignored_count == 0
    answer = sj.assemble_parts([*events, response("news.delta", delta="x")])
    answer.final()
    assert answer.ignored_count == 1


@pytest.mark.parametrize(
    "events",
    [
        [added(0, CALL), response("function_call_arguments.done", output_index=0, arguments={"a": 1})],
        [added(0, CALL), done(0, {**CALL, "arguments": {"a": 1}})],
        [added(0, {**CALL, "arguments": {"a": 1}})],
    ],
)
def test_arguments_as_an_object_are_read(events: list[Any]) -> None:
    assert parts_of(*events, completed())[0][4] == {"a": 1}


@pytest.mark.parametrize("event", [arguments({"a": 1}), done(0, {**CALL, "arguments": 5})])  # type: ignore[arg-type]
def test_text_that_would_be_lost_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(added(0, CALL), event)
    assert raised.value.code == "bad_event"


def test_the_list_of_all_items_may_lack_some() -> None:
    call = {key: value for key, value in CALL.items() if key != "id"} | {"arguments": "{}"}
    reasoning = {"type": "reasoning", "id": "r"}
    events = [added(0, reasoning), added(1, call), done(1, call), completed(output=[call])]
    assert parts_of(*events) == [("call", "c1", "f", 1, {}, "done")]


def test_an_item_that_comes_after_its_deltas_names_the_call() -> None:
    deltas = [
        arguments("{}", item_id="fc_1"),
        response("function_call_arguments.done", output_index=0, name="f", arguments="{}"),
    ]
    assert parts_of(*deltas, completed())[0][:3] == ("call", None, "f")
    assert parts_of(*deltas, done(0, {**CALL, "arguments": "{}"}), completed())[0][:3] == ("call", "c1", "f")
    (part,) = sj.assemble_parts([arguments("{}", kind="mcp_call_arguments", item_id="m"), completed()]).final()
    assert part.executed_by == "provider"


def test_half_a_surrogate_pair_before_the_whole_text() -> None:
    text = response("output_text.delta", output_index=0, content_index=0, item_id="m", delta="hi \ud83d")
    whole = response("output_text.done", output_index=0, content_index=0, item_id="m", text="hi 🚀 there")
    assert parts_of(text, whole, completed())[0][4] == "hi 🚀 there"
    same = response("output_text.done", output_index=0, content_index=0, item_id="m", text="hi \ud83d")
    assert parts_of(text, same, completed())[0][4] == "hi \ufffd"
    lone = [{**text, "delta": "a\ud83d b"}, {**same, "text": "a\ud83d b"}, {**same, "text": "a\ud83d bc"}]
    assert parts_of(*lone, completed())[0][4] == "a\ufffd bc"
    call = response("function_call_arguments.done", output_index=0, arguments='["🚀"]')
    assert parts_of(added(0, CALL), arguments('["\ud83d'), call, completed())[0][4] == ["🚀"]


def test_a_call_that_failed_at_the_provider_was_whole() -> None:
    item = {"type": "mcp_call", "id": "mcp", "name": "f", "arguments": "{}"}
    answer = sj.assemble_parts([added(0, item), done(0, item, "failed"), completed()])
    assert [call.name for call in answer.calls()] == ["f"]
    assert answer.parts[0].end == "done"


def test_replays_and_items_of_unknown_types_are_counted() -> None:
    events = [{**added(0, CALL), "sequence_number": 0}, {**arguments("["), "sequence_number": 0}]
    answer = sj.assemble_parts([*events, added(1, {"type": "local_shell_call", "id": "l"})])
    answer.final()
    assert (answer.replayed_count, answer.ignored_count) == (1, 1)


def test_a_broken_call_that_is_replaced_by_a_whole_one_is_given_once() -> None:
    other = {**CALL, "id": "fc_2", "call_id": "c2", "arguments": "[]"}
    events = [added(0, CALL), done(0, {**CALL, "arguments": "[1"}), added(1, other), done(1, other)]
    events.append(completed(output=[{**CALL, "arguments": "[2]"}, other]))
    answer = sj.assemble_parts(events, on_conflict="replace", on_misfit="skip")
    assert [call.value for call in answer.calls()] == [[], [2]]
    assert (answer.skipped_count, answer.skipped[0].event) == (1, answer.parts[0])
    emptied = [added(0, CALL), arguments("[1]"), response("function_call_arguments.done", output_index=0, arguments="")]
    assert parts_of(*emptied, completed(), on_conflict="replace")[0][4] == {}


def test_a_second_response_begins_anew_if_asked() -> None:
    first, second = (response("created", response={"id": name}) for name in ("r1", "r2"))
    events = [first, added(0, CALL), arguments("[1"), second, added(0, CALL), arguments("[2]"), completed()]
    assert [part[4] for part in parts_of(*events, on_new_run="reset")] == [[2]]


def test_contents_that_are_no_text_and_an_item_that_is_closed_twice() -> None:
    message = {**MESSAGE, "content": [{"type": "audio"}, {"type": "output_text", "text": "a"}]}
    shell = {"type": "shell_call", "id": "sh", "call_id": "c", "action": {"commands": [None, "ls"]}}
    events = [done(0, message), done(0, message), done(1, shell), done(1, shell), done(2, {"type": "compaction"})]
    assert [part[4] for part in parts_of(*events, completed())] == ["a", "ls"]


def test_a_shell_call_without_an_id_for_its_result() -> None:
    shell = {"type": "shell_call", "id": "sh", "action": {"commands": ["ls"]}}
    assert parts_of(done(0, shell), completed()) == [("call", "sh", None, 0, "ls", "done")]
