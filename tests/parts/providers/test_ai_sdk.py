"""The AI SDK's UI message stream: what proves the end of a part, what comes again, and what must be refused."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj

START = {"type": "start", "messageId": "m1"}


def said(text: str, id: str = "0", kind: str = "text") -> list[dict[str, Any]]:
    return [
        {"type": f"{kind}-start", "id": id},
        {"type": f"{kind}-delta", "id": id, "delta": text},
        {"type": f"{kind}-end", "id": id},
    ]


def call(action: str, id: str = "c1", **members: Any) -> dict[str, Any]:
    name = {} if action == "delta" else {"toolName": "book"}
    return {"type": f"tool-input-{action}", "toolCallId": id, **name, **members}


def wrote(text: str, id: str = "c1") -> list[dict[str, Any]]:
    return [call("start", id), call("delta", id, inputTextDelta=text)]


def finish(reason: str | None = "stop") -> dict[str, Any]:
    return {"type": "finish"} | ({} if reason is None else {"finishReason": reason})


def read(*events: Any, **options: Any) -> sj.PartStream:
    answer = sj.assemble_parts([START, *events], **options)
    answer.final()
    return answer


def parts_of(*events: Any, **options: Any) -> list[tuple[Any, ...]]:
    return [(part.kind, part.value, part.end) for part in read(*events, **options).parts]


def refused(*events: Any, **options: Any) -> Any:
    with pytest.raises(sj.StreamJSONError) as raised:
        read(*events, **options)
    return raised.value


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("stop", "done"),
        ("tool-calls", "done"),
        ("other", "done"),
        ("unknown", "done"),
        (None, "done"),
        ("length", "length"),
        ("content-filter", "filtered"),
        ("interrupted", "cut"),
        ("a new one", "cut"),
    ],
)
def test_the_reason_decides_how_the_last_part_ended(reason: str | None, end: str) -> None:
    answer = read(*said("Hm.", kind="reasoning"), *said("Hi"), finish(reason))
    assert [(part.kind, part.value, part.end) for part in answer.parts] == [
        ("reasoning", "Hm.", "done"),
        ("text", "Hi", end),
    ]
    assert (answer.finish, answer.parts[1].finish) == (reason, reason)


@pytest.mark.parametrize(
    ("event", "end"),
    [
        ({"type": "finish-step"}, "open"),
        ({"type": "data-x", "data": 1}, "open"),
        ({"type": "start-step"}, "done"),
        (said("x", "1")[0], "done"),
        (call("start"), "done"),
    ],
)
def test_a_text_is_done_when_it_was_closed_and_another_part_or_step_begins(event: dict[str, Any], end: str) -> None:
    parts = sj.PartAssembler()
    for each in [*said("Hi"), event]:
        parts.apply(each)
    assert parts.parts[0].end == end


def test_texts_that_were_not_closed_are_cut_with_the_last_one() -> None:
    events = [*said("a", "0")[:2], *said("b", "1"), *said("c", "2"), finish("length")]
    assert parts_of(*events) == [("text", "a", "length"), ("text", "b", "done"), ("text", "c", "length")]


def test_what_a_provider_closes_at_the_end_of_a_step_is_whole() -> None:
    events = [*said("a")[:2], *wrote('{"a": 1}'), call("available", input={"a": 1}), said("a")[2], finish("length")]
    assert parts_of(*events) == [("text", "a", "done"), ("call", {"a": 1}, "done")]


def test_documents_that_are_not_whole_are_cut_with_the_last_one() -> None:
    first, second = said("[1", "0"), said("[2]", "1")
    events = [*first[:2], *second[:2], first[2], second[2], finish("length")]
    assert parts_of(*events, content="json") == [("text", [], "length"), ("text", [2], "length")]


def test_ids_repeat_between_steps_and_inside_them() -> None:
    steps = [*said("a"), {"type": "finish-step"}, {"type": "start-step"}, *said("b"), *said("c")]
    assert [part[1] for part in parts_of(*steps, finish())] == ["a", "b", "c"]


def test_a_text_that_starts_while_its_id_is_open_is_a_new_one() -> None:
    assert parts_of(*said("a")[:2], *said("b"), finish()) == [("text", "a", "done"), ("text", "b", "done")]


def test_a_call_whose_whole_input_never_came_is_cut() -> None:
    answer = sj.assemble_parts([START, *wrote('{"a": 1}'), finish("tool-calls")])
    assert list(answer.calls()) == []
    assert answer.parts[0].end == "cut"


@pytest.mark.parametrize(
    ("events", "value", "text"),
    [
        ([call("available", input={"a": 1})], {"a": 1}, None),
        ([call("start"), call("available", input={"a": 1})], {"a": 1}, None),
        ([*wrote('{"a": 1}'), call("available", input={"a": 1})], {"a": 1}, '{"a": 1}'),
        ([*wrote(" "), call("available", input={})], {}, None),
        ([call("start"), call("available")], {}, ""),
        ([call("available", input=None)], None, None),
        ([*wrote("null"), call("available", input=None)], None, "null"),
        ([*wrote("[12345678901234567891]"), call("available", input=[12345678901234567000])], [12345678901234567891],
         "[12345678901234567891]"),
        ([call("available", input="select 1")], "select 1", None),
        ([call("start", inputEncoding="text"), call("available", input="select 1")], "select 1", "select 1"),
    ],
)  # fmt: skip
def test_the_whole_input_proves_a_call(events: list[Any], value: Any, text: str | None) -> None:
    answer = sj.assemble_parts([START, *events])
    assert [given.value for given in answer.calls()] == [value]
    assert (answer.parts[0].text, answer.parts[0].end) == (text, "done")


@pytest.mark.parametrize("pieces", ['{"a": 2}', '{"a": 1', '{"a": 1}]'])
def test_an_input_that_contradicts_its_pieces(pieces: str) -> None:
    events = [*wrote(pieces), call("available", input={"a": 1})]
    assert refused(*events).code == "contradiction"
    assert parts_of(*events, on_conflict="replace") == [("call", {"a": 1}, "done")]


def test_an_input_that_is_free_text() -> None:
    start, piece = call("start", inputEncoding="text"), call("delta", inputTextDelta="select")
    assert parts_of(start, piece, call("available", input="select 1")) == [("call", "select 1", "done")]
    assert refused(start, piece, call("available", input="drop")).code == "contradiction"
    assert refused(start, piece, call("available", input={"a": 1})).code == "bad_event"


def test_a_name_that_changes() -> None:
    events = [call("start"), {**call("available", input={}), "toolName": "pay"}]
    error = refused(*events)
    assert (error.code, error.given, error.found) == ("contradiction", "pay", "book")
    assert read(*events, on_conflict="replace").parts[0].name == "pay"
    (part,) = read(call("start"), {"type": "tool-input-available", "toolCallId": "c1", "input": {}}).parts
    assert (part.name, part.end) == ("book", "done")


@pytest.mark.parametrize("where", ["start", "available"])
def test_executor_of_a_call(where: str) -> None:
    executed = {"providerExecuted": True}
    start = call("start", **(executed if where == "start" else {}))
    (part,) = read(start, call("available", input={}, **(executed if where == "available" else {}))).parts
    assert part.executed_by == "provider"
    assert read(call("available", input={}, dynamic=True)).parts[0].executed_by == "client"


def test_a_call_that_is_whole_may_come_again() -> None:
    whole = call("available", input={"a": 1})
    again = [call("start"), call("delta", inputTextDelta='{"a"'), call("delta", inputTextDelta=": 1}")]
    answer = sj.assemble_parts([START, whole, {"type": "start-step"}, *again, whole, whole, finish("tool-calls")])
    assert [given.value for given in answer.calls()] == [{"a": 1}]
    assert (answer.parts[0].end, answer.replayed_count) == ("done", 5)
    assert refused(whole, *again, call("available", input={"a": 2})).code == "contradiction"
    assert refused(whole, again[1]).code == "after_end"


def test_a_call_that_starts_again_before_its_end_discards_its_pieces() -> None:
    """So our emitter sends arguments that were replaced, and the client takes them."""
    events = [*wrote('{"a": 2'), {**call("start"), "toolName": "pay"}, call("delta", inputTextDelta="{}")]
    assert parts_of(*events) == [("call", {}, "cut")]
    answer = sj.assemble_parts([START, *events, {**call("available", input={}), "toolName": "pay"}])
    assert [(given.name, given.value, given.part.text) for given in answer.calls()] == [("pay", {}, "{}")]
    assert refused(*events, call("available", input={"a": 2})).code == "contradiction"


def test_a_call_that_has_failed_leaves_the_others() -> None:
    wrong = call("error", input='{"a"', errorText="not JSON")
    whole = call("available", "c2", input={})
    answer = sj.assemble_parts([START, *wrote('{"a"'), *wrote("{}", "c2"), wrong, whole, wrong, finish("tool-calls")])
    assert [given.id for given in answer.calls()] == ["c2"]
    assert [(part.end, part.finish) for part in answer.parts] == [("failed", "not JSON"), ("done", None)]


@pytest.mark.parametrize(("given", "value"), [({"input": {"a": 1}}, {"a": 1}), ({}, sj.MISSING)])
def test_a_call_that_came_only_with_its_failure_is_never_whole(given: dict[str, Any], value: Any) -> None:
    answer = sj.assemble_parts([START, call("error", errorText="no such tool", **given), finish()])
    assert list(answer.calls()) == []
    (part,) = answer.parts
    assert (part.value, part.end, part.complete) == (value, "failed", False)


def test_a_call_may_be_tried_again_after_its_failure() -> None:
    events = [call("error", errorText="no"), *wrote("{}"), call("available", input={})]
    assert [part[2] for part in parts_of(*events)] == ["failed", "done"]
    assert [part[2] for part in parts_of(events[0], events[-1])] == ["failed", "done"]


def test_a_failure_of_all() -> None:
    error = refused(*said("a"), *wrote("{"), {"type": "error", "errorText": "Overloaded"})
    assert (error.error_message, [part.end for part in error.parts]) == ("Overloaded", ["done", "failed"])
    error = refused(*said("a"), finish("error"))
    assert (error.code, [(part.end, part.finish) for part in error.parts]) == ("stream_error", [("failed", "error")])


@pytest.mark.parametrize(("given", "reason"), [({"reason": "user"}, "user"), ({}, "abort")])
def test_an_abort_ends_what_is_open_or_not_proved(given: dict[str, str], reason: str) -> None:
    answer = read(*said("a"), *said("b", "1"), *wrote("{}"), {"type": "abort", **given}, finish())
    assert [part.end for part in answer.parts] == ["done", "done", "aborted"]
    assert answer.finish == reason
    assert parts_of(*said("a"), {"type": "abort"}) == [("text", "a", "aborted")]


def test_without_the_end_it_is_a_cut() -> None:
    assert parts_of(*said("a")) == [("text", "a", "cut")]


def test_nothing_begins_after_the_end_but_what_is_no_part_may_come() -> None:
    assert refused(finish(), *said("a")).code == "after_end"
    assert refused(*said("a")[:2], finish(), said("b")[1]).code == "after_end"
    late = [{"type": "message-metadata"}, {"type": "tool-output-available", "toolCallId": "c1"}, finish("length")]
    assert parts_of(*said("a"), finish(), *late) == [("text", "a", "done")]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "text-delta", "id": "1", "delta": "x"},
        {"type": "text-delta", "id": "0", "delta": "x"},
        {"type": "text-end", "id": "0"},
        {"type": "reasoning-delta", "id": "0", "delta": "x"},
        {"type": "text-start"},
        {"type": "text-delta", "delta": "x"},
        call("delta", "c9", inputTextDelta="x"),
        {"type": "tool-input-available", "toolName": "f", "input": {}},
    ],
)
def test_what_has_no_place_is_refused(event: dict[str, Any]) -> None:
    assert refused(*said("a"), event).code == "ambiguous_part"


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([{"type": "tool-input-start", "toolCallId": "c1"}], "bad_event"),
        ([call("start"), call("delta", inputTextDelta={"a": 1})], "bad_event"),
        ([call("available", input={}), call("error", errorText="no")], "after_end"),
        ([call("error", errorText="no"), call("delta", inputTextDelta="{")], "after_end"),
    ],
    ids=["no name", "an object as a piece", "wrong after whole", "more after wrong"],
)
def test_what_is_wrong_is_refused(events: list[Any], code: str) -> None:
    assert refused(*events).code == code


@pytest.mark.parametrize("id", ["m1", "m2", None])
def test_a_second_start_is_a_new_run(id: str | None) -> None:
    start = {"type": "start"} | ({} if id is None else {"messageId": id})
    assert refused(*said("a"), start).code == "new_run"
    assert parts_of(*said("a"), start, *said("b"), finish(), on_new_run="reset") == [("text", "b", "done")]


def test_a_start_after_parts_is_a_new_run() -> None:
    """A stream that was resumed sends them again."""
    events = [{"type": "data-x", "data": 1}, *said("a"), START, *said("a"), finish()]
    with pytest.raises(sj.StreamFailedError) as raised:
        sj.assemble_parts(events).final()
    assert raised.value.code == "new_run"
    assert [part.value for part in sj.assemble_parts(events, on_new_run="reset").final()] == ["a"]


def test_a_step_that_is_reset() -> None:
    step, reset = {"type": "start-step"}, {"type": "reset-step"}
    assert parts_of(step, reset, *said("a"), finish()) == [("text", "a", "done")]
    assert refused(step, *said("a"), reset).code == "new_run"
    assert parts_of(step, *said("a"), reset, *said("b"), finish(), on_new_run="reset") == [("text", "b", "done")]
    later = [step, *said("a"), step, *said("b"), reset]
    assert refused(*later, on_new_run="reset").code == "new_run"


def test_unknown_events_are_counted() -> None:
    events = [{"type": "sparkle"}, {"type": "tool-input-sparkle", "toolCallId": "c"}, {"type": "custom", "kind": "a.b"}]
    assert read(*events, *said("a"), {"type": "text-sparkle"}, finish()).ignored_count == 3


@pytest.mark.parametrize("first", [START, {"type": "start-step"}, *said("a")[:1], call("start"), {"type": "data-x"}])
def test_the_first_event_tells_the_protocol(first: dict[str, Any]) -> None:
    parts = sj.PartAssembler()
    parts.apply(first)
    assert parts.provider == "ai_sdk"


def test_an_event_from_the_middle_needs_the_name_of_the_provider() -> None:
    with pytest.raises(sj.InvalidEventError, match="AI SDK UI message stream, but not one that begins"):
        sj.assemble_parts(said("a")[1:]).final()


@pytest.mark.parametrize(("written", "value"), [('{"a": 1}', {"a": True}), ("[0]", [False]), ("[true]", [1])])
def test_a_truth_is_no_number(written: str, value: Any) -> None:
    assert refused(*wrote(written), call("available", toolName="book", input=value)).code == "contradiction"


def test_half_a_character_agrees_with_itself() -> None:
    events = [*wrote('{"a": "\\ud83d"}'), call("available", toolName="book", input={"a": "\ud83d"}), finish()]
    assert parts_of(*events) == [("call", {"a": "\ufffd"}, "done")]
