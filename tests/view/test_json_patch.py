"""Changes as JSON Patch: what a table says, and what the library `jsonpatch` makes of any stream."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import jsonpatch
import pytest
from hypothesis import example, given, strategies as st

import streamjson as sj
from verbs import apply_entry, entries

Deltas = list[tuple[str, Any]]

PATHS = st.sampled_from(["", "a", "a.b", "a[0]", "a[2]", "a[2].c", "b", "b[1][1]", "b[3]", "t", "t"])
DELTAS = st.sampled_from([None, "", "x", "yz", "\ud83d", "\ude00", 1, 2.5, True, [], {}, {"b": "v"}, ["i", {"c": "w"}]])


def snapshots(*deltas: tuple[str, Any]) -> list[sj.Snapshot]:
    """Return the snapshot of the empty document and of each version."""
    assembler = sj.Assembler(on_conflict="replace")
    found = [assembler.snapshot()]
    for path, entry in deltas:
        apply_entry(assembler, path, entry)
        found.append(assembler.snapshot())
    return found


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


ROWS: dict[str, tuple[Deltas, int, list[dict[str, Any]]]] = {
    "the root": ([("a", 1)], 0, [add("", {"a": 1})]),
    "a member": ([("a", 1), ("b", 2)], 1, [add("/b", 2)]),
    "a member that is replaced": ([("a", 1), ("a", 2)], 1, [add("/a", 2)]),
    "a string that grew": ([("a", "x"), ("a", "y")], 1, [replace("/a", "xy")]),
    "the next item": ([("[0]", 1), ("[1]", 2)], 1, [add("/1", 2)]),
    "an item that is replaced": ([("[0]", 1), ("[0]", 2)], 1, [replace("/0", 2)]),
    "holes before an item": ([("[0]", 1), ("[3]", 2)], 1, [add("/1", None), add("/2", None), add("/3", 2)]),
    "a hole that is filled": ([("[2]", 1), ("[1]", 2)], 1, [replace("/1", 2)]),
    "holes, one of which is filled": (
        [("[0]", 1), ("[3]", 2), ("[2]", 3)],
        1,
        [add("/1", None), add("/2", 3), add("/3", 2)],
    ),
    "a new container": ([("a", 1), ("b[1].c", "x"), ("b[1].d", 2)], 1, [add("/b", [None, {"c": "x", "d": 2}])]),
    "names that are escaped": ([("a", 1), ("['b/c~d']", 2)], 1, [add("/b~1c~0d", 2)]),
    "a scalar becomes a container": ([("a.b", 1), ("a.b.c", 2)], 1, [add("/a/b", {"c": 2})]),
    "nothing": ([("a", 1)], 1, []),
}


@pytest.mark.parametrize(("deltas", "since", "expected"), ROWS.values(), ids=ROWS)
def test_patch_between_two_snapshots(deltas: Deltas, since: int, expected: list[dict[str, Any]]) -> None:
    every = snapshots(*deltas)

    assert sj.to_json_patch(since, every[-1]) == expected
    if every[-1].version == since + 1:
        assert every[-1].changes[-1].to_patch() == expected


def test_patch_of_one_change_sets_the_highest_new_location():
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)
    change = assembler.apply_delta("people[1].name", "Jane")
    assert change is not None

    assert (str(change.path), change.to_patch()) == ("people[1].name", [add("/people", [None, {"name": "Jane"}])])


def test_patch_of_a_reset_sets_the_root_to_null():
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)
    before = assembler.snapshot()
    reset = assembler.reset()
    assert reset is not None

    assert reset.to_patch() == [add("", None)] == sj.to_json_patch(before, assembler.snapshot())
    assembler.apply_delta("b", 2)
    assert sj.to_json_patch(before, assembler.snapshot()) == [add("", {"b": 2})]


def test_patch_across_a_checkpoint_sets_the_root():
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)
    restored = sj.Assembler.restore(assembler.checkpoint())
    restored.apply_delta("b", 2)

    assert sj.to_json_patch(0, restored.snapshot()) == [add("", {"a": 1, "b": 2})]
    assert sj.to_json_patch(1, restored.snapshot()) == [add("/b", 2)]


def test_patch_of_snapshots_of_two_documents_is_refused():
    with pytest.raises(ValueError, match="another document"):
        sj.to_json_patch(sj.Assembler().snapshot(), sj.Assembler().snapshot())


@given(st.lists(st.tuples(PATHS, entries(DELTAS)), max_size=20), st.sampled_from([1, 2, 3, 100]))
@example([("[2]", 1), ("[4]", 2), ("[3]", 3), ("[1]", 4)], 2)
def test_patches_over_any_steps_build_the_same_value(stream: Deltas, step: int) -> None:
    every = snapshots(*stream)
    document: Any = None
    for old, new in pairwise([*every[::step], every[-1]]):
        patch = sj.to_json_patch(old, new)
        document = jsonpatch.apply_patch(document, copy.deepcopy(patch))
        assert repr(document) == repr(None if new.value is sj.MISSING else new.value)


@given(st.lists(st.tuples(PATHS, entries(DELTAS)), max_size=20))
def test_patches_of_each_change_build_the_same_value(stream: Deltas) -> None:
    assembler = sj.Assembler(on_conflict="replace")
    document: Any = None
    for path, entry in stream:
        change = apply_entry(assembler, path, entry)
        for one in change.event_changes if change is not None else ():
            document = jsonpatch.apply_patch(document, one.to_patch())
        value = assembler.snapshot().value
        assert repr(document) == repr(None if value is sj.MISSING else value)
