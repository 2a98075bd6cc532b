"""Admission of a delta: it becomes a plain, repaired copy within the limits."""

from __future__ import annotations

import collections
import enum
import sys
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamjson._document.admission import Admission
from streamjson._document.tree import Node, path_of
from streamjson._errors import InvalidEventError, LimitExceededError
from streamjson._json import MISSING
from streamjson._limits import Limits

HUGE = 10 ** (2**15)


class Level(enum.IntEnum):
    HIGH = 7


def admission_of(**limits: int | None) -> Admission:
    return Admission(Limits(**limits))


def plain(thing: Any) -> Any:
    if type(thing) is not Node:
        return thing
    if thing.is_object:
        return {name: plain(item) for name, item in thing.entries.items()}
    return [plain(item) for item in thing.entries]


def nodes(root: Node) -> list[Node]:
    found = [root]
    for thing in root.entries.values() if root.is_object else root.entries:
        if type(thing) is Node:
            found += nodes(thing)
    return found


# ---------------------------------------------------------------------------------------------------------------------
# scalars

SCALARS: dict[str, tuple[Any, Any]] = {
    "true": (True, True),
    "an integer": (12, 12),
    "an integer of more than 18 digits": (10**20, 10**20),
    "a negative integer of more than 18 digits": (-(10**20), -(10**20)),
    "a float": (1.5, 1.5),
    "a float that is whole": (1.0, 1.0),
    "minus zero": (-0.0, -0.0),
    "a subclass of int": (Level.HIGH, 7),
    "a subclass of float": (type("Metres", (float,), {})(2.5), 2.5),
}


@pytest.mark.parametrize(("value", "expected"), SCALARS.values(), ids=SCALARS)
def test_scalar_becomes_a_plain_type(value, expected):
    result = admission_of().scalar(value)

    assert repr(result) == repr(expected)
    assert type(result) is type(expected)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")], ids=repr)
def test_float_that_json_cannot_express_is_refused(value):
    with pytest.raises(InvalidEventError) as caught:
        admission_of().scalar(value)
    assert caught.value.code == "bad_number"
    assert not admission_of().is_plain(value)


DIGIT_COUNTS = {
    "at the limit": (999, None),
    "negative, at the limit": (-999, None),
    "over the limit": (1000, 4),
    "negative, over the limit": (-1000, 4),
    "huge, estimated": (HUGE, len("1" + "0" * 2**15)),
}


@pytest.mark.parametrize(("value", "met"), DIGIT_COUNTS.values(), ids=DIGIT_COUNTS)
def test_digits_are_counted_without_the_sign(value, met):
    reader = admission_of(max_number_digits=3)
    assert reader.is_plain(value) is (met is None)
    if met is None:
        assert reader.scalar(value) == value
        return
    with pytest.raises(LimitExceededError) as caught:
        reader.scalar(value)
    assert (caught.value.limit, caught.value.maximum) == ("max_number_digits", 3)
    assert caught.value.met == pytest.approx(met, abs=1)


def test_lifted_limit_bounds_nothing():
    reader = Admission(Limits.unlimited())

    assert reader.scalar(HUGE) == HUGE
    reader.check("max_nodes", sys.maxsize)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_careful_path_leaves_plain_values_unchanged(value: Any) -> None:
    """The fast path takes a value as it is if `is_plain` accepts it."""
    reader = admission_of(max_number_digits=15)
    if reader.is_plain(value) and value is not None:
        assert reader.scalar(value) is value or repr(reader.scalar(value)) == repr(value)


def test_missing_is_not_a_value():
    with pytest.raises(InvalidEventError, match="MISSING"):
        admission_of().kind_of(MISSING)


def test_a_limit_is_met_exactly():
    reader = admission_of(max_nodes=10)
    reader.check("max_nodes", 10)
    with pytest.raises(LimitExceededError):
        reader.check("max_nodes", 11)


def test_name_is_measured_in_bytes():
    assert admission_of(max_key_bytes=4).name("éé") == 4
    with pytest.raises(LimitExceededError) as caught:
        admission_of(max_key_bytes=4).name("ééx")
    assert caught.value.limit == "max_key_bytes"


# ---------------------------------------------------------------------------------------------------------------------
# containers


CONTAINERS: dict[str, tuple[Any, Any, int, int]] = {
    "an empty object": ({}, {}, 1, 0),
    "an empty array": ([], [], 1, 0),
    "scalars": ([None, True, 1, 2.5], [None, True, 1, 2.5], 5, 32),
    "texts and names": ({"é": "€"}, {"é": "€"}, 2, 5),
    "nested": ({"a": [{"b": "c"}], "d": ()}, {"a": [{"b": "c"}], "d": []}, 5, 4),
    "other classes": (collections.UserList([collections.UserDict(a=Level.HIGH)]), [{"a": 7}], 3, 9),
    "halves": ({"\ud83d": "\ud83d\ude00\ude00"}, {"\ufffd": "😀\ufffd"}, 2, 10),
}


@pytest.mark.parametrize(("value", "expected", "count", "size"), CONTAINERS.values(), ids=CONTAINERS)
def test_container_becomes_new_nodes(value, expected, count, size):
    before = repr(value)
    node, *cost = admission_of().container(value, (None, "here"), 5, 0)

    assert plain(node) == expected
    assert cost == [count, size]
    assert repr(value) == before
    for each in nodes(node):
        assert each.created_at == [5] * len(each.entries)
        assert path_of(each.where)[0] == "here"


def test_container_shares_nothing_with_the_argument():
    inner: list[Any] = [1]
    given_value = {"a": inner}
    node, _, _ = admission_of().container(given_value, None, 1, 0)
    inner.append(2)
    given_value["b"] = inner

    assert plain(node) == {"a": [1]}


def test_each_container_stores_its_location():
    node, _, _ = admission_of().container({"a": [[], {"b": {}}]}, ((None, "x"), 3), 1, 0)

    assert {path_of(each.where)[2:] for each in nodes(node)} == {(), ("a",), ("a", 0), ("a", 1), ("a", 1, "b")}


@pytest.mark.parametrize(
    "value", [{1: 2}, {"a": {None: 1}}, [object()], [{1}], ["x", b"x"], [MISSING], {"a": float("nan")}], ids=range(7)
)
def test_non_json_value_is_refused_at_any_depth(value):
    with pytest.raises(InvalidEventError):
        admission_of().container(value, None, 1, 0)


BOUNDS: dict[str, tuple[str, int, Any, Any]] = {
    "max_depth": ("max_depth", 3, [[[]]], [[[[]]]]),
    "max_nodes": ("max_nodes", 13, [1, 2], [1, 2, 3]),  # the document has ten nodes already
    "max_array_length": ("max_array_length", 2, [1, 2], [1, 2, 3]),
    "max_string_bytes": ("max_string_bytes", 4, ["éé"], ["ééx"]),
    "max_key_bytes": ("max_key_bytes", 4, {"éé": 1}, {"ééx": 1}),
    "max_number_digits": ("max_number_digits", 2, [99], [100]),
}


@pytest.mark.parametrize(("limit", "bound", "fits", "too_much"), BOUNDS.values(), ids=BOUNDS)
def test_limits_hold_inside_a_container(limit, bound, fits, too_much):
    reader = admission_of(**{limit: bound})
    reader.container(fits, None, 1, 10)
    with pytest.raises(LimitExceededError) as caught:
        reader.container(too_much, None, 1, 10)
    assert (caught.value.limit, caught.value.met) == (
        limit,
        caught.value.maximum + 1 if limit != "max_number_digits" else 3,
    )


def test_steps_above_count_towards_depth():
    admission_of(max_depth=3).container([[]], (None, "a"), 1, 0)
    with pytest.raises(LimitExceededError):
        admission_of(max_depth=3).container([[]], ((None, "a"), 0), 1, 0)


def test_unlimited_depth_needs_no_recursion():
    value: list[Any] = []
    for _ in range(20_000):
        value = [value]

    assert Admission(Limits.unlimited()).container(value, None, 1, 0)[1] == 20_001


def test_recursive_container_exceeds_max_depth():
    value: list[Any] = []
    value.append(value)
    with pytest.raises(LimitExceededError) as caught:
        admission_of().container(value, None, 1, 0)
    assert caught.value.limit == "max_depth"


def test_wide_delta_needs_no_memory_beyond_its_nodes():
    """A list of the containers still to be read would take half as much memory again."""
    source = [{} for _ in range(20_000)]
    reader = admission_of()
    tracemalloc.start()
    try:
        held = reader.container(source, None, 1, 0)
        taken, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held[1:] == (20_001, 0)
    assert peak <= taken * 1.1


def test_first_error_in_document_order_is_raised():
    source = {"a": [[float("nan")]], "b": b"no value"}
    with pytest.raises(InvalidEventError) as caught:
        admission_of().container(source, None, 1, 0)
    assert caught.value.code == "bad_number"
