"""The text of a document that only grows: what is held, what is refused, and that it is always a beginning of JSON."""

from __future__ import annotations

import json
import random
from typing import Any

import jiter
import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from growing import in_any_order, in_order

Deltas = list[tuple[str, Any]]


def pieces_of(*deltas: tuple[str, Any]) -> list[str]:
    """Return the text that each delta adds, and the rest."""
    assembler, text = sj.Assembler(on_conflict="replace"), sj.emit.JSONText()
    pieces: list[str] = []
    for path, delta in deltas:
        assembler.apply_delta(path, delta)
        pieces.append(text.update(assembler.snapshot()))
    return [*pieces, text.close()]


ROWS: dict[str, tuple[Deltas, list[str]]] = {
    "nothing": ([], [""]),
    "a string stays open": ([("", "Lis"), ("", "bon")], ['"Lis', "bon", '"']),
    "a number is held": ([("a", 1), ("a", 12), ("b", True)], ['{"a":', "", '12,"b":', "true}"]),
    "a number at the root is held": ([("", 1), ("", 12)], ["", "", "12"]),
    "null becomes a string": ([("a", None), ("a", "x")], ['{"a":', '"x', '"}']),
    "null becomes a container": ([("a", None), ("a.b", 1)], ['{"a":', '{"b":', "1}}"]),
    "null at the root becomes a container": ([("", None), ("[0]", 1)], ["", "[", "1]"]),
    "containers stay open": (
        [("a[0].b", "x"), ("a[0].c", 1), ("a[1]", []), ("d", {})],
        ['{"a":[{"b":"x', '","c":', "1},[", ']],"d":{', "}}"],
    ),
    "a value that is set whole stays open at its end": (
        [("a", [1, {"b": ["x"], "c": {"d": "y"}}]), ("a[1].c.d", "z"), ("a[1].c.e", None)],
        ['{"a":[1,{"b":["x"],"c":{"d":"y', "z", '","e":', "null}}]}"],
    ),
    "an empty container is filled": ([("a", {}), ("a.b", []), ("a.b[0]", 1)], ['{"a":{', '"b":[', "", "1]}}"]),
    "an item after an item": ([("[0]", "x"), ("[1]", [2, 3]), ("[1][2]", 4)], ['["x', '",[2,', "3,", "4]]"]),
    "characters that are escaped": ([("a", 'x"\n'), ("a", "\u2028\x85")], ['{"a":"x\\"\\n', "\\u2028\\u0085", '"}']),
    "names that are escaped": ([('["\u2028"]', 1)], ['{"\\u2028":', "1}"]),
}


@pytest.mark.parametrize(("deltas", "pieces"), ROWS.values(), ids=ROWS)
def test_text_that_each_delta_adds(deltas: Deltas, pieces: list[str]) -> None:
    assert pieces_of(*deltas) == pieces


REFUSED: dict[str, tuple[Deltas, str, str]] = {
    "a string that was left": ([("a", "x"), ("b", 1), ("a", "y")], "a", "a string grew that the text has left"),
    "a string of the same name, elsewhere": ([("a.b", "x"), ("c.b", "x"), ("a.b", "y")], "a.b", "has left"),
    "a string at the root that is replaced": ([("", "x"), ("", 1)], "", "the root was replaced"),
    "a string that is replaced": ([("a", "x"), ("a", 1)], "a", "the member was replaced"),
    "a member of a container that was left": ([("a.b", 1), ("c", 1), ("a.d", 1)], "a.d", "no longer open"),
    "a container of another name": ([("a.b", 1), ("a.c.d", 1), ("a.b.d", 1)], "a.b", "the member was replaced"),
    "a member that is replaced": ([("a", 1), ("b", 1), ("a", 2)], "a", "the member was replaced"),
    "a member of a whole that is replaced": ([("", {"a": 1, "b": 2}), ("a", 2)], "a", "the member was replaced"),
    "an item that is replaced": ([("[0]", 1), ("[1]", 1), ("[0]", 2)], "[0]", "the item was replaced"),
    "holes": ([("[0]", 1), ("[2]", 1)], "[2]", "the item has holes before it"),
    "a member of an array": ([("a[0]", 1), ("a.b", 1)], "a", "the member was replaced"),
}


@pytest.mark.parametrize(("deltas", "path", "why"), REFUSED.values(), ids=REFUSED)
def test_change_that_can_not_be_appended_is_refused(deltas: Deltas, path: str, why: str) -> None:
    with pytest.raises(sj.ConflictError, match=why.replace("[", r"\[")) as caught:
        pieces_of(*deltas)

    assert (caught.value.code, caught.value.path) == ("not_append_only", path)


def test_reset_is_refused():
    assembler, text = sj.Assembler(), sj.emit.JSONText()
    assembler.apply_delta("a", 1)
    text.update(assembler.snapshot())
    assembler.reset()
    with pytest.raises(sj.ConflictError, match="the document was reset"):
        text.update(assembler.snapshot())


def test_reset_before_anything_was_sent_is_nothing():
    assembler, text = sj.Assembler(), sj.emit.JSONText()
    assembler.apply_delta("a", 1)
    assembler.reset()
    assert text.update(assembler.snapshot()) == ""
    assembler.apply_delta("b", 1)
    assert text.close(assembler.snapshot()) == '{"b":1}'


def test_text_that_is_whole_takes_nothing():
    assembler, text = sj.Assembler(), sj.emit.JSONText()
    assembler.apply_delta("", 1)
    assert text.close(assembler.snapshot()) == "1"
    assembler.apply_delta("", 2)
    with pytest.raises(sj.ConflictError, match="the text is whole"):
        text.update(assembler.snapshot())


def test_changes_that_come_together_may_be_appended():
    assembler, text = sj.Assembler(), sj.emit.JSONText()
    for path, delta in [("a", "x"), ("b", "y"), ("a", "x"), ("[0]", 1)][:3]:
        assembler.apply_delta(path, delta)

    assert text.close(assembler.snapshot()) == '{"a":"xx","b":"y"}'


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_text_of_a_document_in_order_is_its_json(seed: int, step: int) -> None:
    assembler, text = sj.Assembler(), sj.emit.JSONText()
    sent = ""
    for number, _ in enumerate(in_order(random.Random(seed)).apply_to(assembler)):
        if number % step == 0:
            sent += text.update(assembler.snapshot())
            if sent:
                jiter.from_json(sent.encode(), partial_mode="trailing-strings")  # a beginning of JSON
    sent += text.close(assembler.snapshot())
    value = assembler.snapshot().value

    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert sent == compact.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_text_of_any_stream_is_right_or_refused(seed: int, step: int) -> None:
    assembler, text = sj.Assembler(on_conflict="replace"), sj.emit.JSONText()
    sent = ""
    try:
        for number, _ in enumerate(in_any_order(random.Random(seed)).apply_to(assembler)):
            if number % step == 0:
                sent += text.update(assembler.snapshot())
        sent += text.close(assembler.snapshot())
    except sj.ConflictError as error:
        is_refused = error.code == "not_append_only"
        assert is_refused
    else:
        value = assembler.snapshot().value
        assert sent == "" if value is sj.MISSING else json.loads(sent) == value
