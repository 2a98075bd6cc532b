"""ADK: increments, then the whole turn again. The vectors have streams that ADK itself has written."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj
from chat import function


def event(*parts: dict[str, Any], partial: bool | None = True, **fields: Any) -> dict[str, Any]:
    content = {"parts": list(parts), "role": "model"}
    return {"content": content, "partial": partial, "invocationId": "e-1", "author": "helper", **fields}


def parts_of(*events: Any, **options: Any) -> list[tuple[Any, ...]]:
    answer = sj.assemble_parts(events, provider="adk", **options)
    return [(part.kind, part.name, part.value, part.end) for part in answer.final()]


CALL = function(id="1", name="f", willContinue=True)


def entry(path: str, **value: Any) -> dict[str, Any]:
    return function(id="1", name="f", partialArgs=[{"jsonPath": path, **value}], willContinue=True)


def test_the_whole_turn_proves_it_and_adds_what_is_missing() -> None:
    increments = [event({"text": "a"}), event({"text": "b"}), event({"text": "t", "thought": True}), event(CALL)]
    whole = [{"text": "ab"}, {"text": "th", "thought": True}, function(id="1", name="f", args={"a": 1}), {"text": "c"}]
    assert parts_of(*increments, event(*whole, partial=False, finishReason="STOP")) == [
        ("text", None, "ab", "done"),
        ("reasoning", None, "th", "done"),
        ("call", "f", {"a": 1}, "done"),
        ("text", None, "c", "done"),
    ]
    assert [part[-1] for part in parts_of(*increments)] == ["cut", "cut", "cut"]


def test_a_turn_that_is_not_streamed_comes_whole_and_its_text_is_one_run() -> None:
    whole = event({"text": "a"}, {"text": "b"}, function(name="f", args={"a": 1}), function(name="g"), partial=None)
    assert parts_of(whole) == [("text", None, "ab", "done"), ("call", "f", {"a": 1}, "done"), ("call", "g", {}, "done")]


def test_the_whole_turn_says_which_number_an_integer_is() -> None:
    final = event(function(id="1", name="f", args={"a": [3], "b": 1.5}), partial=False)
    events = [event(CALL), event(entry("$.a[0]", numberValue=3.0)), event(entry("$.b", numberValue=1.5)), final]
    assert repr(parts_of(*events)[0][2]) == "{'a': [3], 'b': 1.5}"


def test_several_turns_are_one_answer_without_what_tools_and_users_say() -> None:
    result = event({"functionResponse": {"name": "f", "response": {}}}, partial=None)
    result["content"]["role"] = "user"
    turns = [
        event({"text": "a"}),
        event({"text": "a"}, partial=False),
        result,
        event({"text": "b"}),
        event({"text": "b"}, partial=False),
    ]
    assert parts_of(*turns) == [("text", None, "a", "done"), ("text", None, "b", "done")]


@pytest.mark.parametrize("whole", [[], {}])
def test_the_whole_turn_says_which_container_an_empty_one_is(whole: Any) -> None:
    final = event(function(id="1", name="f", args={"a": whole, "b": [{"c": whole}]}), partial=False)
    assert parts_of(event(CALL), event(entry("$.a")), event(entry("$.b[0].c")), final) == [
        ("call", "f", {"a": whole, "b": [{"c": whole}]}, "done")
    ]


@pytest.mark.parametrize(
    ("increments", "whole"),
    [
        ([event({"text": "a"})], {"text": "b"}),
        ([event({"text": "ab"})], {"text": "a"}),
        ([event(CALL), event(entry("$.a", numberValue=1))], function(id="1", name="f", args={"a": 2})),
        ([event(CALL), event(entry("$.a", numberValue=1))], function(id="1", name="f", args={})),
        ([event(CALL), event(entry("$.a[0]", numberValue=1))], function(id="1", name="f", args={"a": [1, 2]})),
    ],
)
def test_a_whole_turn_that_contradicts_is_refused_or_replaces(increments: list[Any], whole: dict[str, Any]) -> None:
    events = [*increments, event(whole, partial=False)]
    with pytest.raises(sj.ConflictError) as raised:
        parts_of(*events)
    assert raised.value.code == "contradiction"
    expected = whole.get("text") or whole.get("functionCall", {}).get("args")
    assert parts_of(*events, on_conflict="replace")[0][2] == expected


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({"finishReason": "MAX_TOKENS"}, "length"),
        ({"errorCode": "SAFETY"}, "filtered"),
        ({"finishReason": "NEW"}, "cut"),
    ],
)
def test_reasons_concern_the_last_part(fields: dict[str, Any], end: str) -> None:
    assert parts_of(event({"text": "a"}), event({"text": "a"}, function(name="f"), partial=False, **fields)) == [
        ("text", None, "a", "done"),
        ("call", "f", {}, end),
    ]


def test_an_error_beside_the_content() -> None:
    for code in ("MALFORMED_FUNCTION_CALL", "503"):
        answer = sj.assemble_parts(
            [event({"text": "a"}), event({"text": "a"}, partial=False, errorCode=code, errorMessage="busy")]
        )
        with pytest.raises(sj.StreamFailedError) as raised:
            answer.final()
        assert (raised.value.error_type, raised.value.error_message) == (code, "busy")
        assert answer.parts[0].end == "failed"


def test_an_error_alone_is_an_end() -> None:
    assert parts_of(event({"text": "a"}), {"errorCode": "SAFETY", "author": "helper"}) == [
        ("text", None, "a", "filtered")
    ]


def test_events_without_content_are_passed_over_and_unknown_ones_counted() -> None:
    answer = sj.assemble_parts([{"actions": {}, "author": "helper"}, {"news": 1}])
    assert (answer.final(), answer.provider, answer.ignored_count) == ([], "adk", 1)


def test_the_adapter_of_the_interactions_api_sends_json_text_with_an_id_for_each_piece() -> None:
    pieces = [
        function(id=f"adk-{at}", name="f", partialArgs=[{"stringValue": piece}])
        for at, piece in enumerate(('{"x": ', "1}"))
    ]
    events = [event(function(id="c1", name="f", partialArgs=[])), *map(event, pieces)]
    answer = sj.assemble_parts([*events, event(function(id="c1", name="f", args={"x": 1}), partial=None)])
    assert [(call.id, call.value) for call in answer.calls()] == [("c1", {"x": 1})]


def test_text_around_another_part_is_two_texts() -> None:
    code = {"executableCode": {"code": "1"}}
    parts = [{"text": "A"}, code, {"text": "C"}]
    assert [part[2] for part in parts_of(*map(event, parts), event(*parts, partial=False))] == ["A", "C"]


def test_agents_in_parallel_are_told_apart() -> None:
    def said(author: str, text: str, *, partial: bool = True) -> dict[str, Any]:
        return event({"text": text}, partial=partial, author=author, branch=f"p.{author}")

    events = [
        said("p", "Hel"),
        said("q", "Bon"),
        said("p", "lo"),
        said("p", "Hello", partial=False),
        said("q", "Bon", partial=False),
    ]
    assert parts_of(*events) == [("text", None, "Hello", "done"), ("text", None, "Bon", "done")]


def test_a_call_that_the_whole_turn_lacks_is_not_done() -> None:
    events = [event(CALL), event(entry("$.x", stringValue="He")), event({"text": "sorry"}, partial=False)]
    answer = sj.assemble_parts(events)
    assert list(answer.calls()) == []
    assert [part.end for part in answer.parts] == ["cut", "done"]


def test_an_empty_container_that_adk_drops_is_kept() -> None:
    events = [event(CALL), event(entry("$.labels[]")), event(entry("$.a", numberValue=1.0))]
    final = event(function(id="1", name="f", args={"a": 1}), partial=False)
    assert repr(parts_of(*events, final)[0][2]) == "{'labels': [], 'a': 1}"


def test_arguments_that_are_no_object_are_refused() -> None:
    with pytest.raises(sj.InvalidEventError, match="not an object"):
        parts_of(event(function(id="1", name="f", args='{"a": 1}'), partial=False))
