"""Ollama: JSON lines of both endpoints, calls that come whole, and `done`, which alone proves an end."""

from __future__ import annotations

import json
from typing import Any

import pytest

import streamjson as sj

HEAD = {"model": "qwen3", "created_at": "2026-11-20T09:00:00Z"}


def chat(*, done: bool = False, reason: str | None = None, **message: Any) -> dict[str, Any]:
    end = {} if reason is None else {"done_reason": reason}
    return {**HEAD, "message": {"role": "assistant", "content": "", **message}, "done": done, **end}


def generated(response: str = "", **fields: Any) -> dict[str, Any]:
    return {**HEAD, "response": response, "done": False, **fields}


def call(name: str | None = "book", **function: Any) -> dict[str, Any]:
    return {"function": {"name": name, **function}}


def parts_of(*events: Any) -> list[tuple[Any, ...]]:
    return [(part.kind, part.value, part.end) for part in sj.assemble_parts(events).final()]


DONE = chat(done=True, reason="stop")


def test_a_chat() -> None:
    calls = [call(arguments={"a": 1}, index=0), {"id": "call_2", **call(arguments={}, index=1)}]
    events = [chat(thinking="h"), chat(thinking="m"), chat(content="H"), chat(content="i"), chat(tool_calls=calls)]
    answer = sj.assemble_parts([*events, DONE])
    shown = [(part.kind, part.id, part.name, part.index, part.text, part.end) for part in answer.final()]
    assert answer.provider == "ollama"
    assert shown == [
        ("reasoning", None, None, None, "hm", "done"),
        ("text", None, None, None, "Hi", "done"),
        ("call", None, "book", 0, None, "done"),
        ("call", "call_2", "book", 1, None, "done"),
    ]
    assert [part.value for part in answer.parts[2:]] == [{"a": 1}, {}]
    assert [part.finish for part in answer.parts] == ["stop"] * 4


def test_what_is_generated() -> None:
    events = [generated(thinking="hm"), generated("H"), generated("i"), generated(done=True, context=[1, 2])]
    assert parts_of(*events) == [("reasoning", "hm", "done"), ("text", "Hi", "done")]


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        (None, "done"),
        ("", "done"),
        ("stop", "done"),
        ("load", "done"),
        ("unload", "done"),
        ("length", "length"),
        ("new", "cut"),
    ],
)
def test_the_reason_decides_how_the_last_part_ended(reason: str | None, end: str) -> None:
    assert parts_of(chat(thinking="hm"), chat(content="Hi"), chat(done=True, reason=reason)) == [
        ("reasoning", "hm", "done"),
        ("text", "Hi", end),
    ]


def test_without_done_nothing_is_proved_but_a_call_is_whole() -> None:
    answer = sj.assemble_parts([chat(content="Hi"), chat(tool_calls=[call(arguments={"a": 1})]), chat()])
    assert [one.value for one in answer.calls()] == [{"a": 1}]
    assert [(part.kind, part.end) for part in answer.parts] == [("text", "cut"), ("call", "cut")]


def test_a_call_is_given_at_once() -> None:
    parts = sj.PartAssembler()
    seen: list[Any] = []
    parts.on_call("book", lambda one: seen.append(one.value))
    parts.apply(chat(tool_calls=[call(arguments={"a": 1})]))
    assert seen == [{"a": 1}]


def test_calls_are_never_joined() -> None:
    same = chat(tool_calls=[call(arguments={"a": 1}, index=0)])
    assert parts_of(same, same, DONE) == [("call", {"a": 1}, "done")] * 2


@pytest.mark.parametrize(
    ("arguments", "value"), [({}, {}), ({"arguments": None}, {}), ({"arguments": '{"a": [1]}'}, {"a": [1]})]
)
def test_arguments_may_be_absent_or_text(arguments: dict[str, Any], value: Any) -> None:
    assert parts_of(chat(tool_calls=[call(**arguments)]), DONE) == [("call", value, "done")]


def test_what_can_not_be_a_call_is_refused() -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(chat(tool_calls=[call(None, arguments={})]))
    assert raised.value.code == "ambiguous_part"
    with pytest.raises(sj.InvalidEventError, match="neither text nor an object"):
        parts_of(chat(tool_calls=[call(arguments=[1])]))
    with pytest.raises(sj.InvalidEventError, match="piece of text"):
        parts_of(chat(content=["x"]))


@pytest.mark.parametrize("late", [chat(content="x"), chat(thinking="x"), chat(tool_calls=[call(arguments={})])])
def test_what_comes_after_done_is_refused(late: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(chat(content="Hi"), DONE, late)
    assert raised.value.code == "after_end"


def test_what_says_nothing_after_done_is_nothing() -> None:
    assert parts_of(chat(content="Hi"), DONE, chat(), chat(done=True, reason="length")) == [("text", "Hi", "done")]


def test_an_error_in_the_middle_is_a_failure() -> None:
    answer = sj.assemble_parts([chat(content="Hi"), {"error": "the runner has stopped"}])
    with pytest.raises(sj.StreamFailedError) as raised:
        answer.final()
    assert raised.value.error_message == "the runner has stopped"
    assert [part.end for part in answer.parts] == ["failed"]


def test_what_is_unknown_is_counted_and_progress_is_not() -> None:
    progress = {**HEAD, "completed": 1, "total": 4, "done": False}
    answer = sj.assemble_parts([chat(content="Hi"), progress, {"status": "pulling"}, {"message": "news"}, DONE])
    assert [part.value for part in answer.final()] == ["Hi"]
    assert answer.ignored_count == 2


@pytest.mark.parametrize("events", [[chat(), DONE], [chat(done=True, reason="load")], [generated(done=True)]])
def test_an_empty_answer(events: list[Any]) -> None:
    assert parts_of(*events) == []


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_json_lines(size: int) -> None:
    events = [chat(thinking="hm"), chat(content="Hé"), chat(tool_calls=[call(arguments={"a": "😀"})]), DONE]
    body = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    parts = sj.assemble_parts(sj.decode_json_lines(pieces)).final()
    assert [(part.value, part.end) for part in parts] == [("hm", "done"), ("Hé", "done"), ({"a": "😀"}, "done")]


@pytest.mark.slow
def test_objects_of_the_sdk() -> None:
    import ollama

    events = [chat(thinking="hm"), chat(content="Hi"), chat(tool_calls=[call(arguments={"a": {"b": [1]}})]), DONE]
    objects = [ollama.ChatResponse.model_validate(event) for event in events]
    parts = sj.assemble_parts(objects).final()
    assert [(part.value, part.end) for part in parts] == [("hm", "done"), ("Hi", "done"), ({"a": {"b": [1]}}, "done")]
    objects = [ollama.GenerateResponse.model_validate(event) for event in (generated("Hi"), generated(done=True))]
    assert [(part.value, part.end) for part in sj.assemble_parts(objects).final()] == [("Hi", "done")]


def test_calls_that_are_no_list_are_refused_and_a_date_is_not_needed() -> None:
    with pytest.raises(sj.InvalidEventError, match="tool_calls is a list"):
        parts_of(chat(tool_calls=call()))
    typed = {"model": "m", "message": {"content": "Hi"}, "done": True}
    assert [part.value for part in sj.assemble_parts([typed]).final()] == ["Hi"]
