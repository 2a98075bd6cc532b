"""LangChain: text and reasoning in their places, calls from `tool_call_chunks` only, the words of all integrations."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj


def chunk(content: Any = "", **fields: Any) -> dict[str, Any]:
    return {"type": "AIMessageChunk", "content": content, **fields}


def fragment(args: str | None, name: str | None = None, id: str | None = None, index: Any = 0) -> dict[str, Any]:
    return chunk(tool_call_chunks=[{"name": name, "args": args, "id": id, "index": index}])


def parts_of(*events: Any) -> list[tuple[Any, ...]]:
    return [(part.kind, part.name, part.value, part.end) for part in sj.assemble_parts(events).final()]


LAST = chunk(chunk_position="last")


def test_content_is_text_or_a_list_of_blocks() -> None:
    blocks = [
        {"type": "text", "text": "c", "index": 1},
        {"type": "thinking", "thinking": "t", "index": 0},
        "d",
        {"type": "tool_use"},
    ]
    events = [
        chunk("a"),
        chunk([{"type": "text", "text": "b", "index": 1}]),
        chunk(blocks),
        chunk([{"type": "reasoning", "reasoning": "r"}]),
    ]
    assert parts_of(*events, LAST) == [
        ("text", None, "ad", "done"),
        ("text", None, "bc", "done"),
        ("reasoning", None, "t", "done"),
        ("reasoning", None, "r", "done"),
    ]


def test_reasoning_beside_the_content() -> None:
    assert parts_of(chunk(additional_kwargs={"reasoning_content": "hm"}), LAST) == [("reasoning", None, "hm", "done")]


def test_calls_are_joined_by_index_or_id_and_never_without() -> None:
    events = [
        fragment("[", "f", "1"),
        fragment("[", "g", "2", 1),
        fragment("1]"),
        fragment("2]", index=1),
        fragment(None),
    ]
    assert parts_of(*events, LAST) == [("call", "f", [1], "done"), ("call", "g", [2], "done")]
    events = [fragment("[1]", "f", "1", None), fragment("[2]", "f", "2", None), fragment("[3]", "f", None, None)]
    assert [part[2] for part in parts_of(*events, LAST)] == [[1], [2], [3]]
    assert parts_of(fragment("[", "f", "1", "lc_1"), fragment("]", None, None, "lc_1"), LAST) == [
        ("call", "f", [], "done")
    ]


@pytest.mark.parametrize(
    ("name", "reason", "end"),
    [
        ("finish_reason", "tool_calls", "done"),
        ("stop_reason", "max_tokens", "length"),
        ("finish_reason", "SAFETY", "filtered"),
        ("stopReason", "new", "cut"),
        ("finish_reason", "FINISH_REASON_UNSPECIFIED", "done"),
    ],
)
def test_reasons(name: str, reason: str, end: str) -> None:
    assert parts_of(chunk("a"), chunk(response_metadata={name: reason}), LAST) == [("text", None, "a", end)]


def test_an_error_as_the_reason_is_a_failure() -> None:
    with pytest.raises(sj.StreamFailedError):
        parts_of(chunk("a"), chunk(response_metadata={"finish_reason": "error"}))


def test_without_a_reason_and_the_last_chunk_it_is_a_cut() -> None:
    assert parts_of(chunk("a")) == [("text", None, "a", "cut")]


def test_a_whole_message_is_no_chunk_and_others_are_counted() -> None:
    with pytest.raises(sj.InvalidEventError, match="whole message"):
        parts_of(chunk("a"), {"type": "ai", "content": "", "tool_calls": [{"name": "f", "args": {}}]})
    answer = sj.assemble_parts([chunk("a"), {"type": "tool", "content": "x"}])
    answer.final()
    assert answer.ignored_count == 1


def test_a_cut_over_the_responses_api() -> None:
    cut = chunk(response_metadata={"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}})
    assert parts_of(chunk("a"), cut, LAST) == [("text", None, "a", "length")]
    assert parts_of(chunk("a"), chunk(response_metadata={"status": "completed"}), LAST)[0][-1] == "done"


def test_blocks_that_are_not_text_are_read_or_counted() -> None:
    blocks = [
        {"type": "refusal", "refusal": "no"},
        {"type": "reasoning", "summary": [{"text": "s"}]},
        {"type": "video"},
    ]
    answer = sj.assemble_parts([chunk(blocks), LAST])
    assert [(part.kind, part.value) for part in answer.final()] == [("refusal", "no"), ("reasoning", "s")]
    assert answer.ignored_count == 1


def test_a_chunk_whose_calls_are_parsed_already_is_a_whole_message() -> None:
    with pytest.raises(sj.InvalidEventError, match="whole message"):
        parts_of(chunk("", tool_calls=[{"name": "f", "args": {}}], tool_call_chunks=[]))


def test_a_fragment_that_says_nothing_is_nothing() -> None:
    assert parts_of(chunk("a"), fragment("", index=5), LAST) == [("text", None, "a", "done")]
