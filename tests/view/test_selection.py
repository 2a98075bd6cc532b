"""Patterns select from the tree what RFC 9535 selects from the value, at any version."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given, strategies as st

import rfc9535
from rfc9535 import Spelled, spelled as spellings, values
from streamjson._document.document import Document
from streamjson._document.history import locate, read
from streamjson._document.tree import current, path_to_slot
from streamjson._limits import Limits
from streamjson._paths.automaton import Matcher
from streamjson._paths.pattern import compile_pattern
from streamjson._view.selection import PatternCursor, postorder, preorder, select

Place = tuple[str | int, ...]


def holding(value: Any) -> Document:
    document = Document(Limits())
    document.apply("", value)
    return document


def matcher(*patterns: str) -> Matcher[str]:
    return Matcher([(compile_pattern(pattern), pattern) for pattern in patterns])


def root(document: Document, version: int) -> tuple[Any, Any, Any]:
    return locate(document, (), version)


@given(values(), spellings())
def test_both_walks_agree_with_the_standard(value: Any, spelled: Spelled) -> None:
    document = holding(value)
    node, key, thing = root(document, 1)
    start = matcher(spelled.text).start
    wanted = rfc9535.select(spelled.query, value)

    before = list(preorder(node, key, thing, start, 1))
    found = {path_to_slot(document.root_slot, *slot[:2])[1:]: read(document, *slot[:3], 1) for slot in before}
    assert json.dumps(sorted(found.items(), key=str)) == json.dumps(sorted(wanted.items(), key=str))
    after = [path_to_slot(document.root_slot, *slot[:2])[1:] for slot in postorder(node, key, thing, start, 1)]
    assert len(after) == len(set(after))
    assert set(after) == set(found)
    for number, place in enumerate(after):  # a container follows its parts
        assert not any(place[: len(other)] == other for other in after[:number])
    for number, place in enumerate(found):  # a container precedes its parts
        assert not any(place == other[: len(place)] for other in list(found)[:number])


def selected(document: Document, pattern: str, version: int) -> list[Place]:
    slots = select(compile_pattern(pattern).segments, root(document, version), version)
    return [path_to_slot(document.root_slot, node, key)[1:] for node, key, _ in slots]


@given(values(), spellings())
def test_select_returns_the_nodelist_of_the_standard(value: Any, spelled: Spelled) -> None:
    document = holding(value)
    wanted = rfc9535.select(spelled.query, value)
    found = list(select(compile_pattern(spelled.text).segments, root(document, 1), 1))

    assert selected(document, spelled.text, 1) == list(wanted)
    assert json.dumps([read(document, *slot, 1) for slot in found]) == json.dumps(list(wanted.values()))


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        pytest.param("[2,0,2,0]", [(2,), (0,)], id="a union in its order, each once"),
        pytest.param("[1,0:3]", [(1,), (0,), (2,)], id="overlapping selectors"),
        pytest.param("[*,0]", [(0,), (1,), (2,)], id="a wildcard and an index"),
        pytest.param("[1]['d','b']", [(1, "d"), (1, "b")], id="names in the order of the pattern"),
        pytest.param("$..[0]", [(0,), (0, 0), (0, 0, 0), (1, "b", 0)], id="a container before its parts"),
        pytest.param("$..[2,1]", [(2,), (1,)], id="a union in its order at any depth"),
        pytest.param("$..[0]..*", [(0, 0), (0, 0, 0)], id="one location reached twice"),
        pytest.param("[1:].b", [(1, "b")], id="a scalar has no members"),
        pytest.param("[1][0:9]", [], id="an object has no slices"),
        pytest.param("[9007199254740991]", [], id="an absent item"),
        pytest.param("[::0]", [], id="nothing"),
    ],
)
def test_select_follows_the_order_of_the_pattern(pattern: str, wanted: list[Place]) -> None:
    assert selected(holding([[["x"]], {"b": ["y"], "d": 1}, "z"]), pattern, 1) == wanted


def test_holes_are_selected() -> None:
    document = Document(Limits())
    document.apply("a[2]", "x")

    assert selected(document, "a[*]", 1) == selected(document, "a[0,1,2]", 1) == [("a", 0), ("a", 1), ("a", 2)]


@pytest.mark.parametrize("pattern", ["$..*..*..*", "$..['a','b',*]..*..[0,*]..a", "$..*.*..*.*..*"])
def test_select_is_linear_when_a_location_is_reached_many_times(pattern: str) -> None:
    """Ten times the depth has at least a thousand times as many matches of three descendant segments."""
    segments = compile_pattern(pattern).segments

    def calls(depth: int) -> int:
        deep: Any = 1
        for _ in range(depth):
            deep = {"a": deep}
        document = Document(Limits.unlimited())
        document.apply("", {"a": deep, "b": [deep]})
        slots = select(segments, root(document, 1), 1)
        count = 0

        def count_call(_frame: object, event: str, _argument: object) -> None:
            nonlocal count
            count += event in {"call", "c_call"}

        before = sys.getprofile()
        sys.setprofile(count_call)
        try:
            for _ in slots:
                pass
        finally:
            sys.setprofile(before)
        return count

    assert calls(200) <= 11 * calls(20)


def test_deep_document_is_selected_without_recursion() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    document = Document(Limits.unlimited())
    document.apply("", deep)
    segments = compile_pattern("$" + "[0]" * 3000, limits=Limits.unlimited()).segments

    assert [thing for _, _, thing in select(segments, root(document, 1), 1)] == [1]


@given(values(), values(), spellings())
def test_walk_shows_the_requested_version(old: Any, new: Any, spelled: Spelled) -> None:
    document = holding({"a": old})
    document.apply("b", new)
    document.apply("a", None)
    start = matcher(spelled.text).start

    for version, value in ((1, {"a": old}), (2, {"a": old, "b": new})):
        found = [
            path_to_slot(document.root_slot, *slot[:2])[1:]
            for slot in preorder(*root(document, version), start, version)
        ]
        assert set(found) == set(rfc9535.select(spelled.query, value))
        assert selected(document, spelled.text, version) == list(rfc9535.select(spelled.query, value))


def test_preorder_includes_holes_and_postorder_omits_them() -> None:
    document = Document(Limits())
    document.apply("a[2]", "x")
    slots = (*root(document, 1), matcher("a[*]").start, 1)

    assert [key for _, key, _, _ in preorder(*slots)] == [0, 1, 2]
    assert [key for _, key, _ in postorder(*slots)] == [2]


def test_postorder_omits_a_path_and_its_ancestors() -> None:
    document = holding({"a": {"b": {"c": 1, "d": 2}, "e": [3]}, "f": 4})
    slots = (*root(document, 1), matcher("$", "$..*").start, 1)

    found = [path_to_slot(document.root_slot, *slot[:2])[1:] for slot in postorder(*slots, way=("a", "b", "c"))]
    assert found == [("a", "b", "d"), ("a", "e", 0), ("a", "e"), ("f",)]
    assert [slot[1] for slot in postorder(*slots, way=("a",))] == ["f"]


@given(values(), st.lists(spellings(), min_size=1, max_size=3))
def test_state_of_a_slot_does_not_depend_on_earlier_queries(value: Any, spelled: list[Spelled]) -> None:
    document = holding({"a": value, "b": value})
    made = matcher(*(one.text for one in spelled))
    along = PatternCursor(made)
    everywhere = matcher("$", "$..*").start

    for node, key, _, _ in preorder(*root(document, 1), everywhere, 1):
        state = made.start
        for step in path_to_slot(document.root_slot, node, key)[1:]:
            state = state.step(step)
        assert along.at(document, node, key) is state


def test_container_is_dead_if_nothing_in_it_can_match() -> None:
    document = holding({"a": {"b": 1}, "c": {"d": 1}})
    along = PatternCursor(matcher("a.b"))
    node = document.root_slot.entries[0]
    inside, beside = current(node, "a"), current(node, "c")

    assert along.at(document, inside, "b").targets == ("a.b",)
    assert not along.is_dead(inside)
    assert along.at(document, beside, "d") is along.matcher.dead
    assert along.is_dead(beside)
    assert not along.is_dead(inside)  # only the last container is cached
