"""`_text.parser`: JSON text, cut anywhere, is read as the rules say, and as `json.loads` reads it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

import streamjson as sj
from text_reference import read
from text_samples import broken_texts, cut, cuts, texts

SUITE: list[dict[str, str]] = json.loads((Path(__file__).parents[1] / "vectors/json_test_suite.json").read_bytes())


def ending(pieces: Any) -> tuple[Any, ...]:
    """Return how a text ends: its value, or its error and the place of that, and the value before it."""
    assembler = sj.Assembler(dialect="json_text")
    try:
        for piece in pieces:
            assembler.apply(piece)
        assembler.close()
    except sj.InvalidTextError as error:
        place = (error.position, error.offset, error.line, error.column, error.expected, error.excerpt, error.message)
        return error.code, place, assembler.snapshot().value
    except sj.StreamJSONError as error:
        return error.code, error.offset, assembler.snapshot().value
    return "whole", assembler.snapshot().value


def in_every_way(data: Any) -> list[list[Any]]:
    places = sorted({1, len(data) // 3, len(data) // 2, len(data)})
    return [[data], [data[at : at + 1] for at in range(len(data))], cut(data, places)]


# What a row that every parser may read as it likes ends in here.
EITHER = {
    "i_number_huge_exp": "number_too_large",
    "i_number_neg_int_huge_exp": "number_too_large",
    "i_number_pos_double_huge_exp": "number_too_large",
    "i_number_real_neg_overflow": "number_too_large",
    "i_number_real_pos_overflow": "number_too_large",
    "i_structure_500_nested_arrays": "max_depth",
}


@pytest.mark.parametrize("row", [pytest.param(row, id=row["name"]) for row in SUITE])
def test_conformance(row: dict[str, str]) -> None:
    data = base64.b64decode(row["base64"])
    whole, *others = [ending(pieces) for pieces in in_every_way(data)]
    assert [repr(other) for other in others] == [repr(whole)] * len(others)
    if row["expect"] == "accept":
        assert repr(whole) == repr(("whole", json.loads(data)))
    elif row["expect"] == "reject":
        assert whole[0] in ("bad_text", "bad_encoding", "truncated_text", "max_depth")
    else:
        assert whole[0] in ("whole", "bad_encoding", "bad_text", "number_too_large", "max_depth", "truncated_text")


def show(value: Any) -> str:
    """Return a text that tells apart what `==` does not: 1, 1.0 and True, and the order of members."""
    return repr(value)


@given(text=texts, data=st.data())
@example(text='{"a": 1, "a": {"b": 2}, "a": {"b": 3}}', data=1)
@example(text='{"a": 1, "a": "x", "a": 2, "a": 3}', data=9)
@example(text='{"a": {"b": 1}, "a": [2]}', data=24)
def test_each_piece_shows_what_the_rules_say(text: str, data: Any) -> None:
    places = list(range(1, len(text), data)) if isinstance(data, int) else data.draw(cuts(text))
    assembler = sj.Assembler(dialect="json_text")
    closed: list[tuple[str, Any, int]] = []
    assembler.on_complete("$", lambda done: closed.append((str(done.path), done.value, done.revision)))
    assembler.on_complete("$..*", lambda done: closed.append((str(done.path), done.value, done.revision)))
    so_far = ""
    for piece in cut(text, places):
        so_far += piece
        assembler.apply(piece)
        expected = read(so_far)
        snapshot = assembler.snapshot()
        assert show(snapshot.value) == show(expected.value)
        assert show(closed) == show(expected.closed)
        for path in {path for path, _, _ in expected.closed}:
            is_there = snapshot.get(path, sj.MISSING) is not sj.MISSING
            assert snapshot.is_complete(path) == (is_there and path not in expected.open)
        assert not any(snapshot.is_complete(path) for path in expected.open)
    assembler.close()
    assert show(closed) == show(read(text, is_all=True).closed)
    assert show(assembler.snapshot().value) == show(well_formed(json.loads(text.removeprefix("\ufeff"))))


def well_formed(value: Any) -> Any:
    """Return a value without lone surrogates, as this library has it."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {well_formed(name): well_formed(item) for name, item in value.items()}
    return [well_formed(item) for item in value] if isinstance(value, list) else value


def loads(text: str) -> bool:
    def refuse(number: str) -> Any:
        raise ValueError(number)

    def double(number: str) -> float:
        if float(number) in (float("inf"), float("-inf")):
            raise ValueError(number)
        return float(number)

    try:
        json.loads(text.removeprefix("\ufeff"), parse_constant=refuse, parse_float=double)
    except ValueError:
        return False
    return True


@given(text=broken_texts(), data=st.data())
def test_texts_are_refused_as_json_refuses_them(text: str, data: Any) -> None:
    result = ending(cut(text, data.draw(cuts(text))))
    assert (result[0] == "whole") == loads(text)
    assert show(result) == show(ending([text]))
    expected = read(text, is_all=True)
    assert show(result[-1]) == show(expected.value)
    if result[0] in ("bad_text", "number_too_large"):
        assert result[1][0] == expected.error
    elif result[0] == "truncated_text":
        assert expected.error is None
        assert not expected.is_whole


@given(text=texts | broken_texts(), data=st.data())
def test_bytes_are_read_as_text(text: str, data: Any) -> None:
    raw = text.encode()
    assert show(ending(cut(raw, data.draw(cuts(raw))))) == show(ending([text]))
