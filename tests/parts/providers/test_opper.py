"""Opper: its newer API, whose document comes as text and once more as a value, and deltas with paths."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from attrs import frozen

import streamjson as sj

DONE = {"type": "done", "usage": {"output_tokens": 9}}
END = {"data": "[DONE]"}


def content(piece: str) -> dict[str, Any]:
    return {"type": "content", "delta": piece}


def call(index: int, *pieces: str) -> list[dict[str, Any]]:
    begin = {"type": "tool_call_start", "tool_call_index": index, "tool_call_id": f"c{index}", "tool_call_name": "book"}
    return [begin, *({"type": "tool_call_delta", "tool_call_index": index, "tool_call_args": one} for one in pieces)]


def complete(document: Any) -> dict[str, Any]:
    return {"data": document, "meta": {"execution_ms": 9}}


def parts_of(*events: Any, **options: Any) -> list[tuple[Any, ...]]:
    answer = sj.assemble_parts(events, **options)
    answer.final()
    assert answer.provider == "opper"
    return [(part.kind, part.index, part.value, part.text, part.end) for part in answer.parts]


# ----------------------------------------------------------------------------------------------------------------------
# v3


def test_calls_are_told_apart_by_their_index() -> None:
    events = [content("Hi"), *call(0), *call(1, "{"), *call(0, "[", "0]")[1:], call(1, "}")[1]]
    assert parts_of(*events, DONE) == [
        ("text", None, "Hi", "Hi", "done"),
        ("call", 0, [0], "[0]", "done"),
        ("call", 1, {}, "{}", "done"),
    ]
    assert [part[-1] for part in parts_of(*events)] == ["cut"] * 3
    assert [part[-1] for part in parts_of(*events, END)] == ["cut"] * 3


@pytest.mark.parametrize(
    "event",
    [
        {"type": "tool_call_delta", "tool_call_index": 1, "tool_call_args": "x"},
        {"type": "tool_call_delta", "tool_call_args": "x"},
        *call(0),
    ],
)
def test_an_event_without_a_place_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*call(0), event)
    assert raised.value.code == "ambiguous_part"


@pytest.mark.parametrize("late", [content("x"), *call(0, "x"), *call(1)])
@pytest.mark.parametrize("before", [call(0), [content("Hi"), *call(0)]], ids=["call", "text and call"])
def test_what_comes_after_done_is_refused(before: list[Any], late: dict[str, Any]) -> None:
    if late.get("tool_call_index") == 0 and late["type"] == "tool_call_start":
        return  # it began twice
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*before, DONE, late)
    assert raised.value.code == "after_end"


@pytest.mark.parametrize(
    ("as_content", "pieces", "document"),
    [
        ("json", ['{"a": ', "[1]}"], {"a": [1]}),
        ("json", ['"Hi"'], "Hi"),
        ("json", ["null"], None),
        ("text", ['{"a": ', "[1]}"], {"a": [1]}),
        ("text", ["Hi"], "Hi"),
        ("text", ['"Hi"'], '"Hi"'),
        ("text", ['"Hi"'], "Hi"),
        ("json", ["5"], 5),
        ("text", ["[1.0]"], [1]),
    ],
)
def test_the_document_says_again_what_the_text_said(
    as_content: Literal["text", "json"], pieces: list[str], document: Any
) -> None:
    events = [content(piece) for piece in pieces]
    before = parts_of(*events, DONE, content=as_content)
    assert parts_of(*events, DONE, complete(document), content=as_content) == before
    if document is not None:
        assert parts_of(*events, complete(document), DONE, content=as_content) == before
        assert parts_of(*events, complete(document), complete(document), content=as_content) == before


def test_prose_of_a_caller_that_expected_json_is_no_contradiction() -> None:
    answer = sj.assemble_parts([content("Hi"), DONE, complete("Hi")], content="json")
    (part,) = answer.final()
    assert isinstance(part.error, sj.InvalidTextError)
    assert (part.text, part.end) == ("Hi", "done")


@pytest.mark.parametrize(
    ("as_content", "document", "value", "text"),
    [
        ("json", {"a": [1]}, {"a": [1]}, None),
        ("json", "Hi", "Hi", None),
        ("text", {"a": [1]}, {"a": [1]}, None),
        ("text", [], [], None),
        ("text", "Hi", "Hi", "Hi"),
    ],
)
@pytest.mark.parametrize(
    "before", [[], [DONE], [content(""), DONE], [*call(0, "{}"), DONE]], ids=["alone", "done", "empty", "call"]
)
def test_the_document_may_come_alone(
    before: list[Any], as_content: Literal["text", "json"], document: Any, value: Any, text: str | None
) -> None:
    provider = "opper" if before == [DONE] else None
    parts = parts_of(*before, complete(document), content=as_content, provider=provider)
    assert parts[-1] == ("text", None, value, text, "done")
    assert [part[-1] for part in parts] == ["done"] * len(parts)
    assert parts_of(*before, complete(None), content=as_content, provider=provider) == parts[:-1]


def test_the_document_proves_its_text_and_no_call() -> None:
    assert [part[-1] for part in parts_of(content("Hi"), *call(0, "{}"), complete("Hi"))] == ["done", "cut"]
    assert parts_of(content("H"), complete("Hi")) == [("text", None, "Hi", "Hi", "done")]


@pytest.mark.parametrize(
    ("as_content", "piece", "document", "replaced"),
    [
        ("json", "[1]", [2], ([2], None)),
        ("json", "[1", [1, 2], ([1, 2], None)),
        ("text", "[1]", [2], ("[2]", "[2]")),
        ("text", "Hi", "Ho", ("Ho", "Ho")),
        ("text", "Hi", {"a": 1}, ('{"a": 1}', '{"a": 1}')),
    ],
)
def test_a_document_that_contradicts_is_refused(
    as_content: Literal["text", "json"], piece: str, document: Any, replaced: tuple[Any, Any]
) -> None:
    events = [content(piece), DONE, complete(document)]
    with pytest.raises(sj.ConflictError) as raised:
        parts_of(*events, content=as_content)
    assert raised.value.code == "contradiction"
    parts = parts_of(*events, content=as_content, on_conflict="replace")
    assert parts == [("text", None, *replaced, "done")]


def test_a_document_that_is_not_json_is_refused() -> None:
    for before in ([], [content("Hi")]):
        for as_content in ("text", "json"):
            with pytest.raises(sj.StreamJSONError):
                parts_of(*before, complete({"a": object()}), content=as_content, provider="opper")


def test_an_error_is_a_failure() -> None:
    answer = sj.assemble_parts([content("Hi"), {"type": "error", "error": "busy"}])
    with pytest.raises(sj.StreamFailedError, match="busy"):
        answer.final()
    assert [part.end for part in answer.parts] == ["failed"]


def test_what_is_unknown_is_counted() -> None:
    answer = sj.assemble_parts([content("Hi"), {"type": "sparkle", "delta": "?"}, {"news": 1}, DONE])
    assert [part.value for part in answer.final()] == ["Hi"]
    assert answer.ignored_count == 2


def test_the_sse_event_of_the_document() -> None:
    body = b'data: {"type":"content","delta":"[1]"}\n\ndata: {"type":"done"}\n\n'
    body += b'event: complete\ndata: {"data":[1],"meta":{}}\n\ndata: [DONE]\n\n'
    answer = sj.assemble_parts(sj.decode_sse([body]), content="json")
    assert [(part.value, part.end) for part in answer.final()] == [([1], "done")]
    assert answer.end == "done"


@frozen
class ContentChunk:
    """As opperai 2.1 has it, whose tests can't share an environment with opperai 1.7."""

    delta: str
    type: str = "content"


@frozen
class CompleteChunk:
    """As opperai 2.1 has it."""

    data: Any
    meta: Any = None
    type: str = "complete"


@pytest.mark.parametrize("document", [{"type": "content", "delta": "x"}, "Hi"])
def test_objects_of_the_sdk(document: Any) -> None:
    assert parts_of(CompleteChunk(document), content="json") == [("text", None, document, None, "done")]
    assert parts_of(ContentChunk("H"), ContentChunk("i"), CompleteChunk("Hi")) == [("text", None, "Hi", "Hi", "done")]


# ----------------------------------------------------------------------------------------------------------------------
# v2

NAME = {"delta": "Jane", "json_path": "name", "span_id": "s1", "chunk_type": "json"}
SURNAME = {"delta": " Doe", "jsonPath": "name"}


def test_deltas_with_paths_are_one_document() -> None:
    events = [NAME, SURNAME, {"delta": None, "json_path": "age"}, {"delta": [], "json_path": "tags"}, {"span_id": "s1"}]
    value = {"name": "Jane Doe", "age": None, "tags": []}
    assert parts_of(*events, END) == [("text", None, value, None, "done")]
    assert parts_of(*events) == [("text", None, value, None, "cut")]
    (part,) = sj.assemble_parts([*events, END]).final()
    assert (part.encoding, part.complete) == ("json", True)
    assert sj.assemble([*events, END]).final() == value


def test_deltas_without_paths_are_a_text() -> None:
    events = [{"delta": "H", "chunk_type": "text"}, {"delta": None}, {"delta": ""}, {"delta": "i"}]
    assert parts_of(*events, END) == [("text", None, "Hi", "Hi", "done")]
    assert parts_of(*events[:1]) == [("text", None, "H", "H", "cut")]
    assert parts_of({"delta": "Hi"}, END, provider="opper") == [("text", None, "Hi", "Hi", "done")]


@pytest.mark.parametrize("events", [[{"span_id": "s1"}], [{"delta": None, "chunk_type": "json"}]])
def test_a_stream_without_deltas_has_no_parts(events: list[Any]) -> None:
    assert parts_of(*events, END) == []


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([NAME, {"delta": "x"}], "ambiguous_part"),
        ([{"delta": "x", "span_id": "s1"}, NAME], "ambiguous_part"),
        ([{"delta": 1, "span_id": "s1"}], "missing_path"),
        ([NAME, {"delta": 1, "json_path": 5}], "bad_event"),
        ([NAME, content("x")], "foreign_event"),
        ([NAME, *call(0)], "foreign_event"),
        ([NAME, {"choices": []}], "foreign_event"),
        ([content("x"), NAME], "foreign_event"),
        ([content("x"), {"delta": "y"}], "foreign_event"),
    ],
)
def test_what_does_not_belong_together_is_refused(events: list[Any], code: str) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        parts_of(*events)
    assert raised.value.code == code


@pytest.mark.parametrize("delta", [1, {"a": 1}])
def test_a_delta_of_another_type_is_a_conflict(delta: Any) -> None:
    with pytest.raises(sj.ConflictError):
        parts_of(NAME, {"delta": delta, "json_path": "name"})


@pytest.mark.parametrize(
    "event", [{"chunk_type": "error", "error_type": "busy", "error_message": "later"}, {"errorMessage": "later"}]
)
def test_an_error_of_the_sender_is_a_failure(event: dict[str, Any]) -> None:
    answer = sj.assemble_parts([NAME, event])
    with pytest.raises(sj.StreamFailedError) as raised:
        answer.final()
    assert (raised.value.error_type, raised.value.error_message) == (event.get("error_type"), "later")
    assert [(part.value, part.end) for part in answer.parts] == [({"name": "Jane"}, "failed")]


def test_another_span_is_a_new_run() -> None:
    events = [{"span_id": "s0"}, NAME, {**SURNAME, "spanId": "s2"}]
    with pytest.raises(sj.StreamFailedError) as raised:
        parts_of(*events)
    assert raised.value.code == "new_run"
    parts = parts_of(*events, END, on_new_run="reset")
    assert [part[2:] for part in parts] == [({"name": " Doe"}, None, "done")]


def test_a_path_without_a_delta_is_counted() -> None:
    answer = sj.assemble_parts([NAME, {"json_path": "x"}, END])
    assert [part.value for part in answer.final()] == [{"name": "Jane"}]
    assert answer.ignored_count == 1


def test_objects_of_chunks() -> None:
    from opperai.models import StreamingChunk as Chunk

    objects = [Chunk(delta="Jane", json_path="name", span_id="s1"), Chunk(delta=" Doe", json_path="name")]
    chunks = [sj.StreamingChunk("Jane", "name", "s1"), sj.StreamingChunk(" Doe", "name"), sj.StreamingChunk()]
    for events in (objects, chunks):
        assert parts_of(*events, END) == [("text", None, {"name": "Jane Doe"}, None, "done")]


def test_a_whole_call_is_given_when_the_next_begins() -> None:
    events = [
        {"type": "tool_call_start", "tool_call_index": 0, "tool_call_id": "a", "tool_call_name": "f"},
        {"type": "tool_call_delta", "tool_call_index": 0, "tool_call_args": '{"a": 1}'},
        {"type": "tool_call_start", "tool_call_index": 1, "tool_call_id": "b", "tool_call_name": "g"},
        {"type": "tool_call_delta", "tool_call_index": 1, "tool_call_args": "{"},
    ]
    answer = sj.assemble_parts(events)
    assert [call.value for call in answer.calls()] == [{"a": 1}]
    assert [part.end for part in answer.parts] == ["cut", "cut"]
