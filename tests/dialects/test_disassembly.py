"""Assembling the chunks of a disassembled value returns the value, for any JSON value and any piece size."""

from __future__ import annotations

import json
import sys
from collections import UserDict, deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from streamjson._dialects.disassembly import disassemble
from streamjson._errors import InvalidEventError, InvalidPathError, StreamJSONError
from streamjson._json import MISSING
from streamjson._limits import Limits
from streamjson._wire.event import StreamingChunk

ODD_NAMES = [
    "", " ", "a b", " a", "a.b", "a[0]", "[", "]", "'", '"', "\\", "\\'", "$", "$ref", "*", "..", "@", "?", "0", "-1",
    "2fa", "naïve", "名前", "😀", "\x00", "\n", "\t", "\x7f", "\x85", "\u2028", "~", "/", "__class__", "null", "ﬁ",
]  # fmt: skip
NAMES = st.sampled_from(ODD_NAMES) | st.text(max_size=4)
TEXTS = st.text(max_size=12) | st.text(st.sampled_from('a😀é\n\\"e\u0301👨\u200d👩'), max_size=12)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)


def same(one: Any, other: Any) -> bool:
    """Return whether values and types are equal: `1`, `1.0` and `True` differ; so do `0.0`, `-0.0` and name order."""
    return json.dumps(one) == json.dumps(other)


@given(VALUES, st.integers(1, 13))
def test_disassembled_value_is_assembled_again(value: Any, piece_chars: int) -> None:
    assembler = sj.Assembler()
    for chunk in disassemble(value, piece_chars):
        assert assembler.apply(chunk) is not None or chunk.delta == ""
    assembler.close()
    assert same(assembler.snapshot().value, value)


@given(VALUES, st.integers(1, 13))
def test_disassembled_value_survives_the_wire(value: Any, piece_chars: int) -> None:
    data = b"".join(sj.encode_sse(chunk) for chunk in disassemble(value, piece_chars))
    assert same(sj.assemble(sj.decode_sse([data])).final(), value)


@given(VALUES)
def test_chunks_are_in_document_order_and_none_is_redundant(value: Any) -> None:
    chunks = list(disassemble(value, 3))
    assert chunks
    seen: list[str] = []
    for chunk in chunks:
        assert isinstance(chunk.json_path, str)
        assert (chunk.span_id, chunk.chunk_type, chunk.error_type, chunk.error_message) == (None,) * 4
        if isinstance(chunk.delta, str):
            assert len(chunk.delta) <= 3
        else:
            assert not isinstance(chunk.delta, dict | list) or not chunk.delta
        if chunk.json_path not in seen[-1:]:
            assert chunk.json_path not in seen  # no location is revisited
            seen.append(chunk.json_path)


def chunks(value: Any, piece_chars: int = 4) -> list[tuple[object, str | None]]:
    return [(chunk.delta, chunk.json_path) for chunk in disassemble(value, piece_chars)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, [(None, "")], id="null at the root"),
        pytest.param(True, [(True, "")], id="a boolean at the root"),
        pytest.param(-0.0, [(-0.0, "")], id="a number at the root"),
        pytest.param("Jane Doe", [("Jane", ""), (" Doe", "")], id="a string at the root"),
        pytest.param("", [("", "")], id="an empty string at the root"),
        pytest.param({}, [({}, "")], id="an empty object at the root"),
        pytest.param([], [([], "")], id="an empty array at the root"),
        pytest.param(
            {"a": {"b": [{}, [], ""]}}, [({}, "a.b[0]"), ([], "a.b[1]"), ("", "a.b[2]")], id="empty ones inside"
        ),
        pytest.param([[1, [2]], 3], [(1, "[0][0]"), (2, "[0][1][0]"), (3, "[1]")], id="arrays in arrays"),
        pytest.param({"b": 1, "a": 2}, [(1, "b"), (2, "a")], id="names keep their order"),
        pytest.param({"": {"": 1}}, [(1, "['']['']")], id="empty names"),
        pytest.param({"$": {"$": 1}}, [(1, "['$'].$")], id="a name like the root"),
        pytest.param({"a": "😀😀😀😀😀"}, [("😀😀😀😀", "a"), ("😀", "a")], id="an emoji is one character"),
        pytest.param({"a": "1234"}, [("1234", "a")], id="exactly one piece"),
        pytest.param((1, (2,)), [(1, "[0]"), (2, "[1][0]")], id="tuples"),
        pytest.param(deque([1]), [(1, "[0]")], id="another sequence"),
        pytest.param(UserDict(a=1), [(1, "a")], id="another mapping"),
        pytest.param(MappingProxyType({}), [(MappingProxyType({}), "")], id="another mapping, empty"),
        pytest.param((), [((), "")], id="another sequence, empty"),
        pytest.param(range(2), [(0, "[0]"), (1, "[1]")], id="a range"),
    ],
)
def test_chunks(value: Any, expected: list[tuple[object, str]]) -> None:
    assert chunks(value) == expected


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_odd_names(name: str) -> None:
    value = {name: {name: [{name: "text"}, name]}}
    assert same(sj.assemble(disassemble(value)).final(), value)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9, 100])
def test_every_size_of_pieces(size: int) -> None:
    text = "a😀é\nz漢字e\u0301"
    pieces = [delta for delta, _ in chunks({"a": text}, size)]
    assert "".join(pieces) == text  # type: ignore[arg-type]
    assert all(len(piece) == size for piece in pieces[:-1])  # type: ignore[arg-type]
    assert sj.assemble(disassemble({"a": text}, size)).final() == {"a": text}


@pytest.mark.parametrize("kind", ["array", "object", "both"])
def test_deep_nesting_needs_no_recursion(kind: str) -> None:
    levels = 2000
    assert levels > sys.getrecursionlimit()
    value: Any = "text"
    for level in range(levels):
        value = [value] if kind == "array" or (kind == "both" and level % 2) else {"a": value}
    pieces = list(disassemble(value))
    assert len(pieces) == 1
    read = sj.assemble(pieces, limits=Limits.unlimited()).final()
    for _ in range(levels):
        assert type(read) is type(value)
        (read,) = read.values() if isinstance(read, dict) else read
        (value,) = value.values() if isinstance(value, dict) else value
    assert read == "text"


def test_disassembly_is_lazy() -> None:
    class Endless(Mapping[str, int]):
        def __getitem__(self, name: str) -> int:
            return 1

        def __len__(self) -> int:
            return sys.maxsize

        def __iter__(self) -> Any:
            return iter(map(str, range(sys.maxsize)))

    pieces = disassemble(Endless())
    assert [next(pieces).json_path for _ in range(3)] == ["0", "1", "2"]


def test_value_is_unchanged_and_can_be_disassembled_again() -> None:
    value = {"a": [{}, "text"], "b": {}}
    assert chunks(value) == chunks(value)
    assert value == {"a": [{}, "text"], "b": {}}


@pytest.mark.parametrize("piece_chars", [0, -1])
def test_piece_has_at_least_one_character(piece_chars: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):  # at the call, not at the first chunk
        disassemble("x", piece_chars)


@pytest.mark.parametrize(
    ("value", "kind", "code"),
    [
        pytest.param(float("nan"), InvalidEventError, "bad_number", id="NaN"),
        pytest.param([1, float("inf")], InvalidEventError, "bad_number", id="Infinity"),
        pytest.param({"a": -float("inf")}, InvalidEventError, "bad_number", id="-Infinity"),
        pytest.param({1: 2}, InvalidEventError, "bad_event", id="a name that is not text"),
        pytest.param({"a": {None: 2}}, InvalidEventError, "bad_event", id="a name that is None"),
        pytest.param({1, 2}, InvalidEventError, "bad_event", id="a set"),
        pytest.param(b"bytes", InvalidEventError, "bad_event", id="bytes"),
        pytest.param([bytearray(b"bytes")], InvalidEventError, "bad_event", id="a bytearray"),
        pytest.param(object(), InvalidEventError, "bad_event", id="an object"),
        pytest.param(MISSING, InvalidEventError, "bad_event", id="MISSING"),
        pytest.param({"a": MISSING}, InvalidEventError, "bad_event", id="MISSING inside"),
        pytest.param({"\ud800": 1}, InvalidPathError, "lone_surrogate", id="half of a pair in a name"),
        pytest.param(
            {"a": [{"b\udc00": {}}]}, InvalidPathError, "lone_surrogate", id="half of a pair in a nested name"
        ),
    ],
)
def test_non_json_value_is_refused(value: Any, kind: type[StreamJSONError], code: str) -> None:
    with pytest.raises(kind) as info:
        list(disassemble(value))
    assert type(info.value) is kind
    assert info.value.code == code


def test_halves_of_pairs_are_left_for_the_assembler_to_repair() -> None:
    assert list(disassemble("a\ud83d", 1)) == [StreamingChunk("a", ""), StreamingChunk("\ud83d", "")]
    assert sj.assemble(disassemble(["\ud83d", "\ude00", "\ud83d\ude00x"], 1)).final() == ["\ufffd", "\ufffd", "😀x"]
