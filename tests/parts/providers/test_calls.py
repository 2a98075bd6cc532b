"""The six rules by which a fragment of a call finds its call: what servers send, and what must be refused."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj
from chat import chunk, fragment


def calls_of(*events: Any) -> list[tuple[str | None, str | None, int | None, Any]]:
    parts = sj.assemble_parts([*events, chunk(finish="tool_calls")], provider="openai_chat").final()
    return [(part.id, part.name, part.index, part.value) for part in parts]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            [fragment('{"a":', name="f", id="x"), fragment("1}", name="f", id="x")],
            [("x", "f", 0, {"a": 1})],
            id="1-a-known-id-continues",
        ),
        pytest.param(
            [
                fragment("[1", name="f", id="x"),
                fragment("[2", name="g", id="y"),
                fragment("]", id="x"),
                fragment("]", id="y"),
            ],
            [("x", "f", 0, [1]), ("y", "g", 0, [2])],
            id="1-a-known-id-wherever-it-is",
        ),
        pytest.param(
            [fragment("", name="f", id="x"), fragment("", name="f", id="y")],
            [("x", "f", 0, {}), ("y", "f", 0, {})],
            id="2-a-new-id-and-a-name-begin-at-the-same-index",
        ),
        pytest.param(
            [fragment('{"a":', name="f", id="x"), fragment("1}", id="y")],
            [("x", "f", 0, {"a": 1})],
            id="3-a-new-id-without-a-name-continues",
        ),
        pytest.param(
            [fragment('{"a":', name="f", id="x"), fragment("1}", id="")],
            [("x", "f", 0, {"a": 1})],
            id="a-blank-id-is-none",
        ),
        pytest.param(
            [fragment('{"a":', name="f", id="null"), fragment("1}", id="null")],
            [(None, "f", 0, {"a": 1})],
            id="null-as-text-is-none",
        ),
        pytest.param(
            [fragment('{"a":', name="f"), fragment("1}", name="f")],
            [(None, "f", 0, {"a": 1})],
            id="4-a-repeated-name-continues",
        ),
        pytest.param(
            [fragment("[]", name="f"), fragment("{}", name="g")],
            [(None, "f", 0, []), (None, "g", 0, {})],
            id="4-another-name-begins",
        ),
        pytest.param(
            [fragment("{}", name="f"), fragment(" {}", name="f")],
            [(None, "f", 0, {}), (None, "f", 0, {})],
            id="4-fresh-arguments-after-finished-ones-begin",
        ),
        pytest.param(
            [fragment({"a": 1}, name="f"), fragment({"a": 2}, name="f")],
            [(None, "f", 0, {"a": 1}), (None, "f", 0, {"a": 2})],
            id="4-a-fresh-object-begins",
        ),
        pytest.param(
            [fragment('{"a":', name="f", index=None), fragment("1}", index=None)],
            [(None, "f", None, {"a": 1})],
            id="5-without-anything-the-only-call-continues",
        ),
        pytest.param(
            [fragment("{}", name="f", index=None), fragment("{}", name="f", index=None)],
            [(None, "f", None, {}), (None, "f", None, {})],
            id="5-a-name-begins",
        ),
        pytest.param(
            [
                fragment("{}", name="f"),
                fragment("", index=3),
                fragment(index=None),
                fragment("{}", name="g", id="y", index=3),
            ],
            [(None, "f", 0, {}), ("y", "g", 3, {})],
            id="nothing-is-nothing",
        ),
        pytest.param(
            [fragment("", name="f"), fragment('{"a":1}', id="late")],
            [("late", "f", 0, {"a": 1})],
            id="an-id-may-come-later",
        ),
    ],
)
def test_fragments_find_their_call(events: list[Any], expected: list[Any]) -> None:
    assert calls_of(*events) == expected


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([fragment("{}")], "ambiguous_part"),
        ([fragment(id="x")], "ambiguous_part"),
        (
            [fragment("[", name="f", index=None), fragment("[", name="g", index=None), fragment("]", index=None)],
            "ambiguous_part",
        ),
        ([fragment("[", name="f"), fragment("]", index=1)], "ambiguous_part"),
        ([fragment("{", name="f"), fragment({"a": 1})], "bad_event"),
        ([fragment({"a": 1}, name="f"), fragment("{")], "bad_event"),
        ([fragment({"a": 1}, name="f"), fragment({"a": 1})], "bad_event"),
        ([fragment(5, name="f")], "bad_event"),
        ([fragment({"a": {1}}, name="f")], "bad_event"),
    ],
)
def test_what_nobody_can_place_or_join_is_refused(events: list[Any], code: str) -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        calls_of(*events)
    assert raised.value.code == code


def test_an_object_as_arguments_is_a_document_without_text() -> None:
    (part,) = sj.assemble_parts([fragment({"a": "ä"}, name="f"), chunk(finish="stop")]).final()
    assert (part.value, part.text, part.complete) == ({"a": "ä"}, None, True)


@pytest.mark.parametrize("index", [[], {}, "0", -1, True])
def test_an_index_that_is_none_counts_as_absent(index: Any) -> None:
    assert calls_of(fragment("[1", name="f", index=index), fragment("]", index=index)) == [(None, "f", None, [1])]
