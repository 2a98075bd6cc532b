"""Gemini: runs of text, whole and streamed calls, and its reasons. The vectors have whole streams."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj
from chat import candidate, function


def parts_of(*events: Any) -> list[tuple[Any, ...]]:
    answer = sj.assemble_parts(events, provider="gemini")
    return [(part.kind, part.name, part.value, part.end) for part in answer.final()]


def entry(path: str | None = None, **value: Any) -> dict[str, Any]:
    at = {} if path is None else {"jsonPath": path}
    return function(partialArgs=[{**at, **value}], willContinue=True)


BEGIN = function(name="f", willContinue=True)
END = function()


def test_text_goes_on_until_another_kind_or_a_call_comes() -> None:
    parts = [
        {"text": "a"},
        {"text": "b"},
        {"text": "c", "thought": True},
        {"text": "d"},
        function(name="f"),
        {"text": "e"},
    ]
    assert parts_of(*map(candidate, parts), candidate({"text": ""}, finish="STOP")) == [
        ("text", None, "ab", "done"),
        ("reasoning", None, "c", "done"),
        ("text", None, "d", "done"),
        ("call", "f", {}, "done"),
        ("text", None, "e", "done"),
    ]


def test_another_part_ends_text() -> None:
    parts = [{"text": "a"}, {"executableCode": {"code": "1"}}, {"text": "b"}]
    assert [part[2] for part in parts_of(*map(candidate, parts))] == ["a", "b"]


def test_a_whole_call_is_done_at_once_and_a_streamed_one_at_its_end() -> None:
    parts = sj.PartAssembler()
    ends = []
    for part in [function(name="f", args={"a": 1}), BEGIN, entry("$.a", numberValue=1), END]:
        parts.apply(candidate(part))
        ends.append([part.end for part in parts.parts])
    assert ends == [["done"], ["done", "open"], ["done", "open"], ["done", "done"]]
    assert [part.value for part in parts.parts] == [{"a": 1}, {"a": 1}]


@pytest.mark.parametrize(
    ("entries", "value"),
    [
        ([entry("$.a", stringValue="x"), entry("$.a", stringValue="y"), entry("$.a", stringValue="")], {"a": "xy"}),
        ([entry("$.a", stringValue="x"), entry("$.a")], {"a": "x"}),
        ([entry("$.a")], {"a": {}}),
        ([entry("$.a[]")], {"a": []}),
        ([entry("$.a[0]", numberValue=1), entry("$.a[]"), entry("$.a")], {"a": [1]}),
        ([entry("$.a", nullValue=None), entry("$.b", nullValue="NULL_VALUE")], {"a": None, "b": None}),
        ([entry("$.a", boolValue=False), entry("$.b", numberValue=0)], {"a": False, "b": 0}),
        ([entry("$['a.b'][1]", numberValue=2), entry("$['a.b'][0]", numberValue=1)], {"a.b": [1, 2]}),
        ([entry("$.a", numberValue=9007199254740993)], {"a": 9007199254740993}),
        ([entry("$.a", stringValue="\ud83d"), entry("$.a", stringValue="\ude80")], {"a": "🚀"}),
        ([entry("$.a", stringValue="hi \ud83d"), entry("$.a", stringValue="hi 🚀 there")], {"a": "hi 🚀 there"}),
        ([entry("$.a", stringValue="hi \ud83d"), entry("$.a", stringValue="x")], {"a": "hi \ufffdx"}),
        ([entry(stringValue='{"a": '), entry(stringValue="1}")], {"a": 1}),
        ([function(willContinue=True)], {}),
        ([], {}),
    ],
)
def test_entries(entries: list[Any], value: Any) -> None:
    assert parts_of(*map(candidate, [BEGIN, *entries, END])) == [("call", "f", value, "done")]


def test_calls_with_ids_may_be_interleaved_and_repeat_their_name() -> None:
    events = [function(name="f", id="1", willContinue=True), function(name="g", id="2", willContinue=True)]
    events += [
        function(id=id, partialArgs=[{"jsonPath": "$.a", "numberValue": 1}], willContinue=True) for id in ("1", "2")
    ]
    events += [function(name="f", id="1"), function(id="2")]
    assert parts_of(*map(candidate, events)) == [("call", "f", {"a": 1}, "done"), ("call", "g", {"a": 1}, "done")]


@pytest.mark.parametrize(("reason", "end"), [("STOP", "done"), ("MAX_TOKENS", "length"), (None, "cut")])
def test_a_call_that_was_not_ended_is_no_call_before_the_reason(reason: str | None, end: str) -> None:
    half = entry("$.a", stringValue="x", willContinue=True)
    for events in (
        [BEGIN, half, function(name="g", args={})],
        [function(**{**half["functionCall"], "name": "f", "id": "1"}), function(name="g", id="2", args={})],
        [BEGIN, half, {"text": "hm"}],
    ):
        answer = sj.assemble_parts([*map(candidate, events), candidate(finish=reason)])
        first = answer.final()[0]
        assert (first.value, first.end, first.complete) == ({"a": "x"}, end, end == "done")


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("STOP", "done"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "filtered"),
        ("NEW", "cut"),
        ("FINISH_REASON_UNSPECIFIED", "cut"),
    ],
)
def test_reasons(reason: str, end: str) -> None:
    assert parts_of(candidate({"text": "a"}), candidate(finish=reason)) == [("text", None, "a", end)]


def test_stop_is_an_end_only_if_nothing_follows() -> None:
    assert (
        parts_of(candidate(finish="STOP"), candidate({"text": "a"}), candidate({"text": "b"}, finish="STOP"))[0][-1]
        == "done"
    )
    assert parts_of(candidate({"text": "a"}, finish="STOP"), candidate({"text": "b"})) == [("text", None, "ab", "cut")]


def test_a_reason_that_is_a_failure() -> None:
    failed = candidate(finish="MALFORMED_FUNCTION_CALL")
    failed["candidates"][0]["finishMessage"] = "print("
    answer = sj.assemble_parts([candidate({"text": "a"}), failed])
    with pytest.raises(sj.StreamFailedError) as raised:
        answer.final()
    assert (raised.value.error_type, raised.value.error_message) == ("MALFORMED_FUNCTION_CALL", "print(")
    assert answer.parts[0].end == "failed"


def test_a_blocked_prompt_is_filtered() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
    answer = sj.assemble_parts([blocked])
    assert (answer.final(), answer.finish) == ([], "SAFETY")
    assert parts_of(candidate({"text": "a"}), blocked) == [("text", None, "a", "filtered")]


def test_candidates_are_choices() -> None:
    events = [candidate({"text": "a"}), candidate({"text": "b"}, index=1), candidate({"text": "c"}, finish="STOP")]
    answer = sj.assemble_parts([*events, candidate(finish="MAX_TOKENS", index=1)])
    assert [(part.choice, part.value, part.end) for part in answer.final()] == [(0, "ac", "done"), (1, "b", "length")]


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([entry("$.a", numberValue=1)], "ambiguous_part"),
        ([function(args={"a": 1})], "ambiguous_part"),
        ([BEGIN, function(args=[1])], "bad_event"),
        ([BEGIN, entry(numberValue=1)], "bad_event"),
        ([BEGIN, function(partialArgs=[{"jsonPath": 5, "numberValue": 1}])], "bad_event"),
        ([BEGIN, entry("$.a", numberValue=1), entry(stringValue="x")], "ambiguous_part"),
    ],
)
def test_what_nobody_can_place_or_read_is_refused(events: list[Any], code: str) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*map(candidate, events))
    assert raised.value.code == code


def test_a_path_that_is_none_is_an_error() -> None:
    with pytest.raises(sj.InvalidPathError):
        parts_of(candidate(BEGIN), candidate(entry("$.a[*]", numberValue=1)))


def test_entries_with_the_id_of_no_call_are_refused() -> None:
    events = [
        function(name="f", id="a", willContinue=True),
        function(id="b", partialArgs=[{"jsonPath": "$.x", "boolValue": True}]),
    ]
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*map(candidate, events))
    assert raised.value.code == "ambiguous_part"


def test_a_signature_after_stop_is_nothing() -> None:
    assert parts_of(candidate({"text": "a"}, finish="STOP"), candidate({"text": ""}))[0][-1] == "done"
    answer = sj.assemble_parts([candidate({"text": "a"}, finish="STOP"), candidate(finish="MAX_TOKENS")])
    assert (answer.final()[0].end, answer.finish) == ("length", "MAX_TOKENS")


def test_a_whole_call_that_comes_again_is_one() -> None:
    whole = candidate(function(name="f", id="a", args={"x": 1}))
    assert len(parts_of(whole, whole)) == 1
    with pytest.raises(sj.ConflictError):
        parts_of(whole, candidate(function(name="f", id="a", args={"x": 2})))


def test_a_string_of_halves_is_compared_a_bounded_number_of_times() -> None:
    pieces = [entry("$.a", stringValue=f"{number % 10}\ud83d") for number in range(300)]
    assert parts_of(*map(candidate, [BEGIN, *pieces, END]))[0][2] == {
        "a": "".join(f"{at % 10}\ufffd" for at in range(300))
    }


def test_the_end_of_a_call_that_ended_already_is_nothing() -> None:
    assert parts_of(candidate({"text": "a"}), candidate(END)) == [("text", None, "a", "done")]


def test_arguments_that_contradict_replace_if_asked() -> None:
    events = [BEGIN, entry("$.a", numberValue=1), function(args={"a": 2}, willContinue=True), END]
    with pytest.raises(sj.ConflictError):
        parts_of(*map(candidate, events))
    (part,) = sj.assemble_parts(map(candidate, events), on_conflict="replace").final()
    assert (part.value, part.end) == ({"a": 2}, "done")
