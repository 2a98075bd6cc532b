"""Reads of a document at any of its versions, and the differences between two versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamjson._document.change_log import MAX_UNCOUNTED_DELTAS
from streamjson._document.document import Document
from streamjson._document.history import (
    MAX_SKIPPED_CHARS,
    SLICE_ITEMS,
    differences,
    ending_at,
    growth,
    has_holes,
    locate,
    location,
    read,
    slot_at,
    slots_at,
    string_at,
    visible,
)
from streamjson._document.tree import HOLE, Text, path_to_slot
from streamjson._document.value_cache import value_at
from streamjson._json import MISSING
from streamjson._limits import Limits
from verbs import apply_entry, entries

Deltas = list[tuple[str, Any]]


def filled(*deltas: tuple[str, Any], replace: bool = False) -> Document:
    document = Document(Limits.unlimited(), replace=replace)
    for path, delta in deltas:
        document.apply(path, delta)
    return document


def at(document: Document, version: int, *steps: str | int) -> Any:
    """Read one location without any cache."""
    node, key, thing = locate(document, steps, version)
    return read(document, node, key, thing, version)


def every_version(document: Document) -> list[Any]:
    return [at(document, version) for version in range(document.version + 1)]


# Deltas, and the document at version 1, 2 and so on.
HISTORIES: dict[str, tuple[Deltas, list[Any]]] = {
    "a text": ([("a", "x"), ("a", "yz"), ("a", "w")], [{"a": "x"}, {"a": "xyz"}, {"a": "xyzw"}]),
    "a text whose run has ended": ([("a", "x"), ("a", "y"), ("b", 1)], [{"a": "x"}, {"a": "xy"}, {"a": "xy", "b": 1}]),
    "a revisited text": (
        [("a", "x"), ("a", "y"), ("b", 1), ("a", "z"), ("a", "w"), ("b", 2), ("a", "v")],
        [
            {"a": "x"}, {"a": "xy"}, {"a": "xy", "b": 1}, {"a": "xyz", "b": 1}, {"a": "xyzw", "b": 1},
            {"a": "xyzw", "b": 2}, {"a": "xyzwv", "b": 2},
        ],
    ),
    "interleaved texts": (
        [("a", "x"), ("b", "y"), ("a", "X"), ("b", "Y"), ("b", "Z")],
        [{"a": "x"}, {"a": "x", "b": "y"}, {"a": "xX", "b": "y"}, {"a": "xX", "b": "yY"}, {"a": "xX", "b": "yYZ"}],
    ),
    "a text replaced by another": (
        [("a", "x"), ("a", "y"), ("a", None), ("a", "z"), ("a", "w")],
        [{"a": "x"}, {"a": "xy"}, {"a": None}, {"a": "z"}, {"a": "zw"}],
    ),
    "a replaced text of several runs": (
        [("a", "x"), ("b", 1), ("a", "y"), ("a", None), ("a", "z")],
        [{"a": "x"}, {"a": "x", "b": 1}, {"a": "xy", "b": 1}, {"a": None, "b": 1}, {"a": "z", "b": 1}],
    ),
    "a text inside a value set whole": (
        [("", {"a": "x"}), ("a", "y"), ("b", 1), ("a", "z")],
        [{"a": "x"}, {"a": "xy"}, {"a": "xy", "b": 1}, {"a": "xyz", "b": 1}],
    ),
    "numbers": ([("a", 1), ("a", 12), ("a", 12.0)], [{"a": 1}, {"a": 12}, {"a": 12.0}]),
    "filled holes": (
        [("[2]", 1), ("[0]", "x"), ("[0]", "y"), ("[1].a", None)],
        [[None, None, 1], ["x", None, 1], ["xy", None, 1], ["xy", {"a": None}, 1]],
    ),
    "a replaced container": (
        [("a.b", "x"), ("a.c", 1), ("a", None), ("a.b", "y"), ("a", {}), ("a", {"c": 2})],
        [
            {"a": {"b": "x"}}, {"a": {"b": "x", "c": 1}}, {"a": None}, {"a": {"b": "y"}}, {"a": {}}, {"a": {"c": 2}},
        ],
    ),
    "an object replaced by an array": (
        [("a.b", 1), ("a", None), ("a[1]", 2), ("a", None), ("a.b", 3)],
        [{"a": {"b": 1}}, {"a": None}, {"a": [None, 2]}, {"a": None}, {"a": {"b": 3}}],
    ),
    "the root": ([("", "x"), ("", "y"), ("", None), ("", [1]), ("", [])], ["x", "xy", None, [1], []]),
    "containers in a container": (
        [("a", {"b": [[]], "c": {}}), ("a.b[0][0]", "x"), ("a.c.d", True)],
        [{"a": {"b": [[]], "c": {}}}, {"a": {"b": [["x"]], "c": {}}}, {"a": {"b": [["x"]], "c": {"d": True}}}],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("deltas", "values"), HISTORIES.values(), ids=HISTORIES)
def test_each_version_is_read_as_it_was(deltas, values):
    document = filled(*deltas)

    assert every_version(document) == [MISSING, *values]


@pytest.mark.parametrize(("deltas", "values"), HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("order", ["forwards", "backwards", "every other", "at once"])
def test_values_belong_to_their_versions_in_any_read_order(deltas, values, order):
    expected = [MISSING, *values]
    document = Document(Limits())
    found = {0: value_at(document, 0)} if order == "at once" else {}
    for path, delta in deltas:
        document.apply(path, delta)
        if order == "at once":
            found[document.version] = value_at(document, document.version)
    versions = list(range(len(expected)))
    reading = {"backwards": versions[::-1], "every other": versions[::2] + versions[1::2], "at once": []}
    for version in reading.get(order, versions):
        found[version] = value_at(document, version)

    assert [found[version] for version in versions] == expected
    assert [repr(found[version]) for version in versions] == [repr(value) for value in expected]


def test_value_shares_unchanged_parts_with_the_previous_value():
    document = filled(("a.b", "x"), ("c[0].d", 1), ("c[1].d", 1))
    old = value_at(document, document.version)
    document.apply("c[1].d", 2)
    new = value_at(document, document.version)

    assert new["a"] is old["a"]
    assert new["c"][0] is old["c"][0]
    assert new["c"] is not old["c"]
    assert new["c"][1] is not old["c"][1]
    assert old == {"a": {"b": "x"}, "c": [{"d": 1}, {"d": 1}]}


def test_second_read_of_the_newest_version_is_the_same_object():
    document = filled(("a.b", "x"))

    assert value_at(document, 1) is value_at(document, 1)


def test_read_of_an_older_version_keeps_the_newest_value():
    document = filled(("a.b", "x"), ("a.b", "y"))
    newest = value_at(document, 2)
    assert value_at(document, 1) == {"a": {"b": "x"}}
    assert value_at(document, 2) is newest


@pytest.mark.parametrize("spoil", ["clear", "grow"])
def test_container_changed_by_its_reader_is_rebuilt(spoil):
    document = filled(("a[0]", 1), ("a[1].b", "x"))
    items = value_at(document, 2)["a"]
    items.clear() if spoil == "clear" else items.append("spoiled")
    document.apply("a[2]", 3)

    assert value_at(document, 3) == {"a": [1, {"b": "x"}, 3]}


# ---------------------------------------------------------------------------------------------------------------------
# slots


def test_slots_are_those_of_the_version():
    document = filled(("a", 1), ("c[1]", "x"), ("b", 2), ("a", 3), ("c[0]", 4))
    root = document.root_slot.entries[0]
    array = root.entries["c"]

    assert [visible(root, version) for version in range(6)] == [0, 1, 2, 3, 3, 3]
    assert [slot_at(root, "a", version) for version in range(6)] == [MISSING, 1, 1, 1, 3, 3]
    assert [slot_at(array, 0, version) for version in (1, 2, 4, 5)] == [MISSING, HOLE, HOLE, 4]
    assert [slot_at(array, step, 9) for step in (-1, 2, "0")] == [MISSING] * 3
    assert [slot_at(root, step, 9) for step in ("d", 0)] == [MISSING] * 2
    assert list(slots_at(root, 1)) == [("a", 1)]
    assert list(slots_at(root, 4, 2)) == [("b", 2)]
    assert list(slots_at(array, 2)) == [(0, HOLE), (1, "x")]


LOCATIONS = [("a", 1), ("c", 0, "d"), ("c", 1), ("b",), ("c", 9), ("c", "x"), ("a", "b", "c"), (0,), ("c", 0, "d", 0)]


@pytest.mark.parametrize("steps", LOCATIONS, ids=repr)
def test_absent_location_is_missing(steps):
    document = filled(("a", 1), ("c[0].d", None)) if steps[-1] != "d" else filled(("c[0]", 1))

    assert locate(document, steps, document.version)[2] is MISSING


def test_location_is_the_one_that_a_version_changed():
    document = filled(("a", "x"), ("a", "y"), ("b[1]", 1))
    trails = [path_to_slot(document.root_slot, *location(document, version))[1:] for version in range(4)]

    assert trails == [(), ("a",), ("a",), ("b", 1)]


def test_has_holes_depends_on_the_version():
    document = filled(("a[1].b", 1), ("a[0]", None), ("a[1].c[2]", 1))
    root = document.root_slot.entries[0]

    assert [has_holes(root, version) for version in (1, 2, 3)] == [True, False, True]


# ---------------------------------------------------------------------------------------------------------------------
# texts


def grown(*runs: str) -> tuple[Document, list[str]]:
    """Return a document with one text, and the text at each version: a run per argument, a delta per character."""
    document = Document(Limits())
    whole, expected = "", [""]
    for run in runs:
        for char in run:
            document.apply("a", char)
            whole += char
            expected.append(whole)
        document.apply("number", document.version)
        expected.append(whole)
    return document, expected


RUNS = {
    "one": ["abcde"],
    "three": ["abc", "d", "efgh"],
    "many": ["x"] * 20,
    "long": ["x" * (MAX_UNCOUNTED_DELTAS + 3), "y" * (MAX_UNCOUNTED_DELTAS + 3)],
}


@pytest.mark.parametrize("is_open", [True, False, None], ids=["open", "ended", "another text is open"])
@pytest.mark.parametrize("runs", RUNS.values(), ids=RUNS)
def test_text_and_its_end_are_read_at_any_version(runs, is_open):
    document, expected = grown(*runs)
    if is_open:
        for char in "mno":
            document.apply("a", char)
            expected.append(expected[-1] + char)
    elif is_open is None:
        document.apply("b", "x")
        expected.append(expected[-1])
    node, key, thing = locate(document, ("a",), document.version)
    for version in range(1, document.version + 1, 1 if document.version < 100 else 97):
        for count in (1, 2, 7):
            whole = expected[version]
            if count <= len(whole):
                assert ending_at(document, node, key, thing, version, count) == whole[-count:]
    for version in range(document.version, 0, -1 if document.version < 100 else -97):
        assert string_at(document, node, key, thing, version) == expected[version]


def test_long_text_is_unchanged_after_a_refused_append():
    document = Document(Limits(max_string_bytes=6000))
    pieces = ["a" * 2000, "b" * 2000, "c" * 2000]
    for piece in pieces:
        document.apply("a", piece)
    document.apply("b", 1)
    with pytest.raises(Exception, match="max_string_bytes"):
        document.apply("a", "d")

    assert type(document.root_slot.entries[0].entries["a"]) is Text
    grown = [{"a": "".join(pieces[:count])} for count in (1, 2, 3)]
    assert every_version(document) == [MISSING, *grown, {**grown[-1], "b": 1}]


LATER: dict[str, Deltas] = {
    "its run ends": [("b", 1)],
    "its run ends, and another text opens": [("b", "1"), ("b", "2")],
    "its run ends, and it opens again": [("b", 1), ("a", "w")],
    "it is replaced": [("a", None)],
}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
def test_text_is_read_after_its_run_ended_since_lookup(later):
    """The reader does not wait for the writer, so the text may change between lookup and read."""
    document = filled(("a", "x"), ("a", "yz"))
    node, key, thing = locate(document, ("a",), 2)
    assert type(thing) is Text
    for path, delta in later:
        document.apply(path, delta)

    assert [string_at(document, node, key, thing, version) for version in (1, 2)] == ["x", "xyz"]
    assert ending_at(document, node, key, thing, 1, 1) == "x"
    assert [ending_at(document, node, key, thing, 2, count) for count in (1, 2, 3)] == ["z", "yz", "xyz"]


def test_end_of_a_text_is_found_after_close():
    document = filled(("a", "x"), ("b", 1), ("a", "y"), ("a", "z"))
    document.close()
    node, key, thing = locate(document, ("a",), 4)

    assert [ending_at(document, node, key, thing, version, 1) for version in (1, 2, 3, 4)] == ["x", "x", "y", "z"]


def test_end_at_an_old_version_is_found_from_the_start():
    document = filled(("a", "x"), ("a", "yz"), ("a", "w" * (MAX_SKIPPED_CHARS + 1)))
    node, key, thing = locate(document, ("a",), 3)

    assert ending_at(document, node, key, thing, 2, 2) == "yz"


@pytest.mark.parametrize("runs", RUNS.values(), ids=RUNS)
def test_growth_is_the_difference_of_two_lengths(runs):
    document, expected = grown(*runs)
    document.apply("b", "another text")
    node, key, _ = locate(document, ("a",), document.version)
    last = len(expected) - 1
    for old, new in {(0, last), (1, 1), (1, 2), (1, last), (last // 3, last // 2), (last // 2, last), (last, last)}:
        assert growth(document, node, key, old, new) == len(expected[new]) - len(expected[old])
    assert growth(document, node, key, last, document.version) == 0


# ---------------------------------------------------------------------------------------------------------------------
# differences

ORDERS: dict[str, tuple[Deltas, int, list[tuple[tuple[str | int, ...], int | None]]]] = {
    "a text that grew": ([("a", "x"), ("a", "yy"), ("a", "z")], 1, [(("a",), 3)]),
    "interleaved texts that grew": (
        [("a", "x"), ("b", "x"), ("b", "y"), ("a", "yz"), ("b", "z")],
        2,
        [(("a",), 2), (("b",), 2)],
    ),
    "part of a run": ([("a", "x"), ("a", "yy"), ("a", "zzz")], 2, [(("a",), 3)]),
    "in order of creation": ([("b", 1), ("a", 1), ("a", 2), ("b", 2)], 2, [(("b",), None), (("a",), None)]),
    "interleaved creation": (
        [
            ("b.x", "1"),
            ("a.x", "1"),
            ("b.y", "1"),
            ("a.y", "1"),
            ("a.y", "2"),
            ("b.y", "2"),
            ("a.x", "2"),
            ("b.x", "2"),
        ],
        4,
        [(("b", "x"), 1), (("a", "x"), 1), (("b", "y"), 1), (("a", "y"), 1)],
    ),
    "new members": ([("a", 1), ("c", 1), ("b", 1)], 1, [(("c",), None), (("b",), None)]),
    "inside a new container": ([("x", 1), ("a.b", 1), ("a.c", "t"), ("a.c", "u")], 1, [(("a",), None)]),
    "inside a replaced container": ([("a.b", 1), ("a.b", 2), ("a", {}), ("a.c", 1)], 1, [(("a",), None)]),
    "replaced by null": ([("a.b", 1), ("a.b", 2), ("a", None)], 1, [(("a",), None)]),
    "parts of one value, in document order": (
        [("", {"b": ["x", {"d": "x"}, "x"], "a": "x"}), ("a", "y"), ("b[2]", "y"), ("b[1].d", "y"), ("b[0]", "y")],
        1,
        [(("b", 0), 1), (("b", 1, "d"), 1), (("b", 2), 1), (("a",), 1)],
    ),
    "a hole and the item after it": ([("a[1]", "x"), ("a[1]", "y"), ("a[0]", 1)], 1, [(("a", 0), None), (("a", 1), 1)]),
    "replaced, but created first": (
        [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("d", 1)],
        3,
        [(("a",), None), (("d",), None)],
    ),
    "the root": ([("", "x"), ("", None), ("", [1])], 1, [((), None)]),
}


@pytest.mark.parametrize(("deltas", "old", "expected"), ORDERS.values(), ids=ORDERS)
def test_differences_are_unique_and_in_order_of_creation(deltas, old, expected):
    document = filled(*deltas)
    found = differences(document, old, document.version)

    assert [(path_to_slot(document.root_slot, node, key)[1:], length) for node, key, length in found] == expected


def test_differences_end_at_the_newer_version():
    document = filled(("a", "x"), ("a", "y"), ("a", "z"), ("b", 1), ("a", None))

    assert [entry.grown for entry in differences(document, 1, 2)] == [1]
    assert [entry.grown for entry in differences(document, 1, 4)] == [2, None]


# ---------------------------------------------------------------------------------------------------------------------
# any history, read in any order

PATHS = st.sampled_from(["a", "b", "a.b", "a.c", "a[0]", "a[2]", "b[1].c", "", "c"])
DELTAS = st.sampled_from(["x", "yz", "é", "\ud83d", "\ude00", 1, None, {}, [], {"b": "x", "c": ["y"]}, ["x", {"c": 1}]])


@given(st.lists(st.tuples(PATHS, entries(DELTAS)), max_size=25), st.data())
def test_reads_at_once_late_and_in_any_order_agree(stream: Deltas, data: st.DataObject) -> None:
    document = Document(Limits(), replace=True)
    at_once = [json.dumps(None)]
    for path, entry in stream:
        apply_entry(document, path, entry)
        while len(at_once) <= document.version:
            at_once.append(json.dumps(at(document, len(at_once))))
    versions = data.draw(st.permutations(range(1, document.version + 1)))

    for version in versions:
        assert json.dumps(value_at(document, version)) == at_once[version]
        assert json.dumps(at(document, version)) == at_once[version]


@pytest.mark.parametrize("replaced", [False, True])
def test_wide_array_is_read_in_parts(replaced):
    document = Document(Limits(), replace=True)
    document.apply("l", list(range(SLICE_ITEMS)))
    document.apply(f"l[{SLICE_ITEMS}]", "x")
    version = document.version
    for number in range(SLICE_ITEMS):
        document.apply(f"l[{SLICE_ITEMS + 1 + number}]", number)
    if replaced:
        document.apply("l[3]", "new")
    root = document.root_slot.entries[0].entries["l"]

    assert list(slots_at(root, version)) == [*enumerate(range(SLICE_ITEMS)), (SLICE_ITEMS, "x")]
    assert [step for step, _ in slots_at(root, document.version, 5)] == list(range(5, 2 * SLICE_ITEMS + 1))
