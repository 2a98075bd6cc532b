"""Snapshots and changes: what they show, what they share, and what a reader who modifies a value can affect."""

from __future__ import annotations

import copy
import gc
import json
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from meddling import MeddledDict, MeddledList
from streamjson._view import snapshot as _snapshot
from verbs import apply_entry, entries

HIGH = "\ud83d"
Deltas = list[tuple[str, Any]]


def filled(*deltas: tuple[str, Any], **options: Any) -> sj.Assembler:
    assembler = sj.Assembler(**options)
    for path, delta in deltas:
        assembler.apply_delta(path, delta)
    return assembler


def snapshots(*deltas: tuple[str, Any], **options: Any) -> list[sj.Snapshot]:
    """Return the snapshot of the empty document and of each version."""
    assembler = sj.Assembler(**options)
    found = [assembler.snapshot()]
    for path, entry in deltas:
        apply_entry(assembler, path, entry)
        found.append(assembler.snapshot())
    return found


def facts_of(changes: tuple[sj.Change, ...]) -> list[tuple[str, str, Any]]:
    return [(change.kind, str(change.path), change.delta) for change in changes]


def sent(chunks: list[sj.StreamingChunk]) -> list[tuple[str | None, Any]]:
    return [(chunk.json_path, chunk.delta) for chunk in chunks]


# ---------------------------------------------------------------------------------------------------------------------
# one snapshot


def test_snapshot_of_an_empty_document_is_missing():
    snapshot = sj.Assembler().snapshot()

    assert (snapshot.version, snapshot.value, snapshot.copy_value()) == (0, sj.MISSING, sj.MISSING)
    assert snapshot.get("", "nothing") == "nothing"
    assert snapshot.get("a") is None
    assert (snapshot.changes, snapshot.complete, snapshot.end) == ((), False, "open")
    assert repr(snapshot) == "<Snapshot 0: open, last event id ''>"


def test_snapshot_has_the_event_and_the_end_of_the_stream():
    assembler = sj.Assembler()
    assembler.apply(sj.ServerSentEvent({"delta": 1, "json_path": "a", "span_id": "s"}, id="7"))
    early = assembler.snapshot()
    assembler.close()
    late = assembler.snapshot()

    assert (early.end, early.complete, early.span_id, early.last_event_id) == ("open", False, "s", "7")
    assert (late.end, late.complete, late.version) == ("eof", True, early.version)
    assert repr(late) == "<Snapshot 1: eof, last event id '7'>"


def test_snapshots_of_one_version_share_their_value():
    assembler = filled(("a", {"b": 1}))
    first, second = assembler.snapshot(), assembler.snapshot()
    assembler.close()
    third = assembler.snapshot()

    assert second.value is first.value
    assert third.value is first.value
    assert first.value is first.value


@pytest.mark.parametrize("when", ["before", "after"])
def test_snapshots_of_one_old_version_share_their_value(when):
    assembler = filled(("a", {"b": 1}))
    first, second = assembler.snapshot(), assembler.snapshot()
    if when == "before":
        assert first.value == {"a": {"b": 1}}
    assembler.apply_delta("a.b", 2)
    assert assembler.snapshot().value == {"a": {"b": 2}}

    assert second.value is first.value
    assert first.value == {"a": {"b": 1}}


PRIVATE: dict[str, Callable[[sj.Snapshot], Any]] = {
    "copy_value": lambda snapshot: snapshot.copy_value()["a"],
    "the value of a change": lambda snapshot: snapshot.changes_since(0)[0].value["a"],
    "get with copy": lambda snapshot: snapshot.get("a", copy=True),
    "get of steps with copy": lambda snapshot: snapshot.get(["a"], copy=True),
    "get of the root with copy": lambda snapshot: snapshot.get("", copy=True)["a"],
}


@pytest.mark.parametrize("private", PRIVATE.values(), ids=PRIVATE)
def test_copies_are_private(private):
    assembler = filled(("a", {"b": [1]}))
    snapshot = assembler.snapshot()
    shared = snapshot.value["a"], snapshot.get("a")
    copies = [private(snapshot), private(snapshot)]
    assert copies == [{"b": [1]}] * 2
    assert len({id(each["b"]) for each in (*copies, *shared)}) == len({id(each["b"]) for each in shared}) + 2
    for each in copies:
        each["b"].clear()
    assembler.apply_delta("a.b[1]", 2)

    assert assembler.snapshot().get("a") == {"b": [1, 2]} == assembler.snapshot().value["a"]


def test_get_of_the_root_is_the_value():
    early, late = snapshots(("a", {"b": 1}), ("a.b", 2))[1:]

    for snapshot in (late, early):
        assert snapshot.get("") is snapshot.get([]) is snapshot.value


@pytest.mark.parametrize("path", ["a", "$.a", ("a",)])
def test_get_shares_containers_between_snapshots_as_value_does(path):
    assembler = filled(("a", {"in": [1], "beside": {"x": 1}}), ("b", 1))
    first = assembler.snapshot().get(path)
    assert assembler.snapshot().get(path) is first
    assembler.apply_delta("b", 2)
    assert assembler.snapshot().get(path) is first
    assembler.apply_delta("a.in[1]", 2)
    second = assembler.snapshot().get(path)

    assert (first["in"], second["in"]) == ([1], [1, 2])
    assert second["beside"] is first["beside"]


def test_get_of_an_older_snapshot_keeps_the_newer_container():
    _, early, late = snapshots(("a.b", 1), ("a.b", 2))
    newest = late.get("a")

    assert early.get("a") == {"b": 1}
    assert late.get("a") is newest == {"b": 2}


HALVES = st.sampled_from([HIGH, "\ude00", HIGH + "x", "x" + HIGH])
GET_PATHS = st.sampled_from(["", "a", "b", "b.c", "b.d", "b.d[1]", "b.d[3]", "f", "f[0]", "f[0][1]", "nothing"])


@given(
    stream=st.lists(
        st.tuples(
            st.sampled_from(["a", "b.c", "b.d[0]", "b.d[1]", "b.d[3].e", "f[0][1]", "f[1]", ""]),
            st.sampled_from(["x", "yz", 1, None, {}, [], {"c": "x", "d": ["y"]}, [["x"], {"e": 1}]]) | HALVES,
            st.sampled_from(["", "", "", "", "", "reset", "span"]),
            st.lists(st.tuples(GET_PATHS, st.integers(0, 4), st.booleans(), st.booleans()), max_size=4),
        ),
        max_size=30,
    ),
    replace=st.booleans(),
)
def test_get_equals_the_part_of_the_value_at_any_version(stream: Any, *, replace: bool) -> None:
    """Nor does a result that the reader keeps ever change."""
    assembler = sj.Assembler(on_conflict="replace" if replace else "error", on_new_span="reset")
    every = [assembler.snapshot()]
    kept: list[tuple[Any, str]] = []
    for number, (path, delta, how, reads) in enumerate(stream):
        if how == "reset":
            assembler.reset()
        with suppress(sj.StreamJSONError):
            assembler.apply({"delta": delta, "json_path": path, "span_id": f"s{number}" if how == "span" else None})
        every.append(assembler.snapshot())
        for at, ago, is_kept, reads_value in reads:
            snapshot = every[max(len(every) - 1 - ago, 0)]
            found = snapshot.get(at, "nothing")
            assert repr(found) == repr(snapshot.get(at, "nothing", copy=True)) == repr(part_of(snapshot, at))
            if is_kept:
                kept.append((found, repr(found)))
            if reads_value:
                kept.append((snapshot.value, repr(snapshot.value)))
    for found, before in kept:
        assert repr(found) == before


def part_of(snapshot: sj.Snapshot, path: str) -> Any:
    """Return the value at `path` in a copy of the whole value; "nothing" if it is absent."""
    here = snapshot.copy_value()
    for step in sj.parse_path(path):
        there = range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()
        if step not in there:
            return "nothing"
        here = here[step]
    return "nothing" if here is sj.MISSING else here


GETS: dict[str, tuple[Any, Any]] = {
    "the root": ("", {"people": [None, {"name": "Jane", "a.b": 1}]}),
    "a dollar": ("$.people[1].name", "Jane"),
    "a path": ("people[1].name", "Jane"),
    "a quoted name": ("people[1]['a.b']", 1),
    "steps": (("people", 1, "name"), "Jane"),
    "steps of any iterable": (iter(["people", 1]), {"name": "Jane", "a.b": 1}),
    "a path object": (sj.Path(("people", 1, "a.b")), 1),
    "a hole": ("people[0]", None),
    "an absent name": ("nobody", "default"),
    "an absent item": ("people[2]", "default"),
    "into a string": ("people[1].name.first", "default"),
    "into a hole": ("people[0].name", "default"),
    "a name of an array": ("people.name", "default"),
    "an index of an object": ("[0]", "default"),
}


@pytest.mark.parametrize(("path", "expected"), GETS.values(), ids=GETS)
def test_get(path, expected):
    snapshot = filled(("people[1].name", "Jane"), ("people[1]['a.b']", 1)).snapshot()

    assert snapshot.get(path, "default") == expected


GROWING: dict[str, tuple[Deltas, str, dict[str, Any]]] = {
    "the open text": ([("a.b", "x"), ("a.b", "y"), ("a.b", "z")], "a.b", {}),
    "the open text by another spelling of its path": ([("a.b", "x"), ("a.b", "y"), ("a.b", "z")], "$.a['b']", {}),
    "a text set by the last change": ([("a.b", "xyz")], "a.b", {}),
    "a text whose run has ended": ([("a.b", "xy"), ("a.b", "z"), ("c", 1)], "a.b", {}),
    "a revisited text": ([("a.b", "x"), ("c", 1), ("a.b", "yz"), ("c", 2)], "a.b", {}),
    "without its prefix": ([("r.a.b", "x"), ("r.a.b", "yz")], "a.b", {"path_prefix": "r"}),
    "below a name like the prefix": ([("r.r.a", "x"), ("r.r.a", "yz")], "r.a", {"path_prefix": "r"}),
}


@pytest.mark.parametrize(("deltas", "path", "options"), GROWING.values(), ids=GROWING)
def test_get_returns_the_whole_text_before_and_after_growth(deltas, path, options):
    assembler = filled(*deltas, **options)

    assert [assembler.snapshot().get(path) for _ in range(2)] == ["xyz", "xyz"]
    early = assembler.snapshot()
    assembler.apply_delta(deltas[0][0], "w")
    assert (assembler.snapshot().get(path), early.get(path)) == ("xyzw", "xyz")


def test_get_refuses_a_pattern():
    with pytest.raises(sj.InvalidPathError):
        filled(("a", 1)).snapshot().get("a[*]")


def test_paths_lack_the_prefix():
    assembler = filled(("response.a", "x"), path_prefix="response")
    snapshot = assembler.snapshot()

    assert (snapshot.value, snapshot.get("a"), snapshot.get("response.a")) == ({"a": "x"}, "x", None)
    change = assembler.apply_delta("response.a", "y")
    assert change is not None
    assert str(change.path) == "a"
    assert sent(change.to_chunks()) == [("a", "y")]


# ---------------------------------------------------------------------------------------------------------------------
# a value is shared: its reader may modify it


def modify(value: Any, how: str) -> None:
    """Modify every container of a value in one way."""
    parts = list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    for part in parts:
        modify(part, how)
    if isinstance(value, dict):
        change = {
            "clear": value.clear,
            "delete": lambda: value.pop(next(iter(value), ""), None),
            "add": lambda: value.update(modified="modified"),
            "replace": lambda: value.update(dict.fromkeys(value, "modified")),
            "swap": lambda: (value.pop(next(iter(value), ""), None), value.update(modified="modified")),
        }
        change[how]()
    elif isinstance(value, list):
        change = {
            "clear": value.clear,
            "delete": lambda: value[:1].clear() or value.__delitem__(slice(0, 1)),
            "add": lambda: value.append("modified"),
            "replace": lambda: value.__setitem__(slice(None), ["modified"] * len(value)),
            "swap": value.reverse,
        }
        change[how]()


PATHS = st.sampled_from(["a", "b.c", "b.d[0]", "b.d[1]", "b.d[3].e", "f[0][1]", "f[1]", ""])
DELTAS = st.sampled_from(["x", "yz", 1, None, {}, [], {"c": "x", "d": ["y"]}, [["x"], {"e": 1}]])
MODIFICATIONS = st.sampled_from(["clear", "delete", "add", "replace", "swap"])


@given(st.lists(st.tuples(PATHS, entries(DELTAS), st.none() | MODIFICATIONS), max_size=25))
def test_modified_value_affects_shared_values_only(
    stream: list[tuple[str, Any, str | None]],
) -> None:
    assembler, clean = sj.Assembler(on_conflict="replace"), sj.Assembler(on_conflict="replace")
    kept = [(assembler.snapshot(), clean.snapshot())]
    for path, entry, how in stream:
        change = apply_entry(assembler, path, entry)
        expected = apply_entry(clean, path, entry)
        assert (change and json.dumps(change.value)) == (expected and json.dumps(expected.value))
        kept.append((assembler.snapshot(), clean.snapshot()))
        if how is not None:
            modify(kept[-1][0].value, how)
            modify(kept[-1][0].get("b"), how)
    assert assembler.snapshot().value is not sj.MISSING or not assembler.version
    for snapshot, unmodified in kept:
        assert repr(snapshot.copy_value()) == repr(unmodified.copy_value())
        assert repr(snapshot.get("b.d", "none", copy=True)) == repr(unmodified.get("b.d", "none"))
        assert facts_of(snapshot.changes_since(0)) == facts_of(unmodified.changes_since(0))
        assert facts_of(kept[-1][0].changes_since(snapshot)) == facts_of(kept[-1][1].changes_since(unmodified))


@pytest.mark.parametrize("held", [False, True])
def test_array_emptied_by_its_reader_is_rebuilt(held):
    assembler = filled(("items", [1, {"a": 2}]), ("b", 1))
    for number in (2, 3, 4):
        snapshot = assembler.snapshot()
        snapshot.value["items"].clear()
        if not held:
            del snapshot
        assembler.apply_delta(f"items[{number}]", number)
        assembler.apply_delta("items[1].a", number)

    assert assembler.snapshot().value["items"] == [1, {"a": 4}, 2, 3, 4]


def test_argument_is_not_kept():
    given_value = {"a": [1]}
    assembler = filled(("x", given_value))
    given_value["a"].append(2)

    assert assembler.snapshot().value == {"x": {"a": [1]}}


def test_value_does_not_reference_the_document():
    assembler = filled(("a", "x" * 1000))
    document = assembler._session.document
    value = assembler.snapshot().value
    del assembler

    assert document not in gc.get_referrers(value)
    assert value == {"a": "x" * 1000}


# ---------------------------------------------------------------------------------------------------------------------
# changes since


CHANGES: dict[str, tuple[Deltas, int, list[tuple[str, str, Any]]]] = {
    "nothing": ([("a", 1)], 1, []),
    "all": ([("a.b", "x"), ("a.b", "y")], 0, [("set", "", {"a": {"b": "xy"}})]),
    "an append": ([("a", "x"), ("a", "y"), ("a", "z")], 1, [("append", "a", "yz")]),
    "an append to an ended text": ([("a", "x"), ("a", "y"), ("b", 1)], 1, [("append", "a", "y"), ("set", "b", 1)]),
    "a set": ([("a", 1), ("a", 2)], 1, [("set", "a", 2)]),
    "a string replaced by a longer one": ([("a", "x"), ("a", None), ("a", "xy")], 1, [("set", "a", "xy")]),
    "there and back": ([("a", 1), ("a", 2), ("a", 1)], 1, [("set", "a", 1)]),
    "a filled hole": ([("a[1]", 1), ("a[0]", 2)], 1, [("set", "a[0]", 2)]),
    "an item": ([("a[0]", 1), ("a[2]", 2)], 1, [("set", "a[2]", 2)]),
    "in order of creation": (
        [("b", "x"), ("a", "x"), ("a", "y"), ("b", "y")],
        2,
        [("append", "b", "y"), ("append", "a", "y")],
    ),
    "interleaved creation": (
        [("p.x", "1"), ("q.x", "1"), ("p.y", "1"), ("q.y", "2"), ("p.y", "2"), ("p.x", "2")],
        2,
        [("append", "p.x", "2"), ("set", "p.y", "12"), ("set", "q.y", "2")],
    ),
    "parts of one delta": (
        [("", {"b": {"c": "x"}, "a": "x"}), ("a", "y"), ("b.c", "y")],
        1,
        [("append", "b.c", "y"), ("append", "a", "y")],
    ),
    "a new ancestor": ([("z", 1), ("a.b", 1), ("a.c[0]", 2)], 1, [("set", "a", {"b": 1, "c": [2]})]),
    "a replaced ancestor": ([("a.b", "x"), ("a.b", "y"), ("a", {"b": "z"})], 1, [("set", "a", {"b": "z"})]),
}


@pytest.mark.parametrize(("deltas", "since", "expected"), CHANGES.values(), ids=CHANGES)
def test_changes_since(deltas, since, expected):
    every = snapshots(*deltas)

    assert facts_of(every[-1].changes_since(since)) == expected
    assert facts_of(every[-1].changes_since(every[since])) == expected
    assert all(change.version == every[-1].version for change in every[-1].changes_since(since))


@pytest.mark.parametrize(("deltas", "since", "expected"), CHANGES.values(), ids=CHANGES)
def test_changes_since_are_the_same_when_read_late(deltas, since, expected):
    assembler = filled(*deltas)
    snapshot = assembler.snapshot()
    for path in ("a", "late", "a", "z"):
        assembler._session.document.replace = assembler._session.document.locator.replace = True
        assembler.apply_delta(path, "late")

    assert facts_of(snapshot.changes_since(since)) == expected


def test_changes_of_a_snapshot_are_its_last_change():
    every = snapshots(("a", "x"), ("a", "y"), ("b.c", 1))

    assert [facts_of(snapshot.changes) for snapshot in every] == [
        [], [("set", "", {"a": "x"})], [("append", "a", "y")], [("set", "b", {"c": 1})],
    ]  # fmt: skip
    assert every[2].changes is every[2].changes


@pytest.mark.parametrize("since", [3, 99, -1])
def test_changes_since_a_later_version_is_an_error(since):
    snapshot = snapshots(("a", "x"), ("a", "y"), ("a", "z"))[2]
    with pytest.raises(ValueError, match=f"version {since} is not between 0 and this snapshot's version, 2"):
        snapshot.changes_since(since)


def test_changes_since_needs_an_older_snapshot_of_the_document():
    early, late = snapshots(("a", "x"))
    with pytest.raises(ValueError, match="is not between 0 and"):
        early.changes_since(late)
    with pytest.raises(ValueError, match="another document"):
        late.changes_since(sj.Assembler().snapshot())


def test_changes_across_a_reset_are_one_set_at_the_root():
    assembler = filled(("a", "x"), ("b", 1))
    before = assembler.snapshot()
    reset = assembler.reset()
    empty = assembler.snapshot()
    assembler.apply_delta("c", "y")
    after = assembler.snapshot()

    assert facts_of(empty.changes_since(before)) == [("set", "", sj.MISSING)]
    assert facts_of(empty.changes) == [("set", "", sj.MISSING)]
    assert facts_of(after.changes_since(before)) == facts_of(after.changes_since(0)) == [("set", "", {"c": "y"})]
    assert facts_of(after.changes_since(empty)) == [("set", "", {"c": "y"})]
    assert before.value == {"a": "x", "b": 1}
    assert reset is not None
    assert (reset.kind, reset.path, reset.delta, reset.value, reset.before) == ("set", (), sj.MISSING, sj.MISSING, None)
    assert sent(reset.to_chunks()) == [("", None)]
    assert [sent(change.to_chunks()) for change in empty.changes_since(before)] == [[("", None)]]
    assert sent(after.changes_since(before)[0].to_chunks()) == [("", None), ("", {"c": "y"})]
    with pytest.raises(ValueError, match="is not between 0 and"):
        before.changes_since(after)


# ---------------------------------------------------------------------------------------------------------------------
# one change


def test_change_has_path_delta_value_and_version():
    assembler = sj.Assembler()
    first = assembler.apply_delta("people[0].name", "Jane")
    second = assembler.apply_delta("people[0].name", " Doe")
    third = assembler.apply_delta("people[1]", {"name": "K"})
    assembler.apply_delta("people[0].name", None)
    assert first is not None
    assert second is not None
    assert third is not None

    assert [(c.version, c.kind, str(c.path), c.delta, c.value) for c in (first, second, third)] == [
        (1, "set", "people[0].name", "Jane", "Jane"),
        (2, "append", "people[0].name", " Doe", "Jane Doe"),
        (3, "set", "people[1]", {"name": "K"}, {"name": "K"}),
    ]
    assert third.value is third.value
    assert repr(second) == "<Change 2: append ' Doe' at people[0].name>"
    assert repr(third) == "<Change 3: set {'name': 'K'} at people[1]>"


def test_repr_of_a_change_at_the_root():
    assert repr(sj.Assembler().apply_delta("", "x" * 100)).endswith("at the root>")


def test_change_links_the_repairs_before_it():
    assembler = filled(("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH))
    change = assembler.apply_delta("c", 1)
    chain = []
    while change is not None:
        chain.append((change.version, change.kind, str(change.path), change.delta, change.value))
        change = change.before

    assert chain == [
        (5, "set", "c", 1, 1),
        (4, "append", "b", "\ufffd", "y\ufffd"),
        (3, "append", "a", "\ufffd", "x\ufffd"),
    ]


def test_changes_since_list_a_repair_separately():
    """Otherwise a reader that applies both would repair twice."""
    assembler = filled(("a", "x" + HIGH), ("b", 1))
    changes = assembler.snapshot().changes_since(1)

    assert facts_of(changes) == [("append", "a", "\ufffd"), ("set", "b", 1)]
    assert [change.before for change in changes] == [None, None]


def test_reset_by_a_new_span_precedes_its_first_change():
    assembler = sj.Assembler(on_new_span="reset")
    assembler.apply({"delta": 1, "json_path": "a", "span_id": "one"})
    change = assembler.apply({"delta": 2, "json_path": "b", "span_id": "two"})

    assert change is not None
    assert change.before is not None
    assert (change.before.kind, change.before.value, change.before.to_chunks()) == (
        "set",
        sj.MISSING,
        [sj.StreamingChunk(None, "")],
    )
    assert change.before.before is None


CHUNKS: dict[str, tuple[Deltas, int, list[tuple[str, Any]]]] = {
    "an append": ([("a", "x"), ("a", "y")], 1, [("a", "y")]),
    "something new": ([("a", 1), ("b.c", 2)], 1, [("b", {"c": 2})]),
    "null at a new location": ([("a", 1), ("b", None)], 1, [("b", None)]),
    "a number replaces a number": ([("a", 1), ("a", 2)], 1, [("a", 2)]),
    "a boolean replaces a number": ([("a", 1), ("a", True)], 1, [("a", True)]),
    "there and back": ([("a", 1), ("a", 2), ("a", 1)], 1, [("a", 1)]),
    "a number replaces a string": ([("a", "x"), ("a", 1)], 1, [("a", None), ("a", 1)]),
    "a string replaces a string": ([("a", "x"), ("a", 1), ("a", "y")], 1, [("a", None), ("a", "y")]),
    "null replaces a number": ([("a", 1), ("a", None)], 1, [("a", None)]),
    "a value replaces null": ([("a", None), ("a", 1)], 1, [("a", 1)]),
    "a value replaces a hole": ([("a[1]", 1), ("a[0]", "x")], 1, [("a[0]", "x")]),
    "an object replaces a string": ([("a", "x"), ("a.b", 1)], 1, [("a", None), ("a", {"b": 1})]),
    "an object replaces an object": ([("a.b", 1), ("a", {"c": 2})], 1, [("a", {"c": 2})]),
    "an array replaces an array": ([("a[0]", 1), ("a", [[]])], 1, [("a", [[]])]),
    "an array replaces an object": ([("a.b", 1), ("a", [])], 1, [("a", None), ("a", [])]),
    "holes": ([("z", 1), ("a[2]", "x")], 1, [("a", []), ("a[2]", "x")]),
    "holes at a deeper level": (
        [("z", 1), ("a['k.l'][1].b[1]", True), ("a.c", [[]])],
        1,
        [
            ("a", {}), ("a['k.l']", []), ("a['k.l'][1]", {}), ("a['k.l'][1].b", []), ("a['k.l'][1].b[1]", True),
            ("a.c", []), ("a.c[0]", []),
        ],
    ),
    "holes at the root": ([("[1]", "x")], 0, [("", []), ("[1]", "x")]),
    "the root": ([("", 1), ("", "x")], 1, [("", None), ("", "x")]),
}  # fmt: skip


@pytest.mark.parametrize(("deltas", "since", "expected"), CHUNKS.values(), ids=CHUNKS)
def test_chunks_reproduce_the_change_in_another_document(deltas, since, expected):
    every = snapshots(*deltas, on_conflict="replace")
    copied = filled(*deltas[:since])
    chunks = [chunk for change in every[-1].changes_since(since) for chunk in change.to_chunks()]
    assert sent(chunks) == expected
    for chunk in chunks:
        copied.apply(chunk)

    assert json.dumps(copied.snapshot().value) == json.dumps(every[-1].value)


REPLACING: dict[str, tuple[Deltas, list[tuple[str, Any]]]] = {
    "a path through a string": ([("a", "x"), ("a.b.c", 1)], [("a", None), ("a.b.c", 1)]),
    "null through a string": ([("a", "x"), ("a.b", None)], [("a", None), ("a.b", None)]),
    "an index through an object": ([("a.b", 1), ("a[1]", 2)], [("a", None), ("a[1]", 2)]),
    "a path through the root": ([("", 1), ("a", 2)], [("", None), ("a", 2)]),
    "a path through null": ([("a", None), ("a.b", 2)], [("a.b", 2)]),
    "a new path": ([("z", 1), ("a.b.c", 2)], [("a.b.c", 2)]),
}


@pytest.mark.parametrize(("deltas", "expected"), REPLACING.values(), ids=REPLACING)
def test_chunks_of_a_change_clear_the_conflicting_ancestor(deltas, expected):
    assembler = filled(*deltas[:-1], on_conflict="replace")
    copied = filled(*deltas[:-1])
    change = assembler.apply_delta(*deltas[-1])
    assert change is not None
    assert sent(change.to_chunks()) == expected
    for chunk in change.to_chunks():
        copied.apply(chunk)

    assert copied.snapshot().value == assembler.snapshot().value


@given(st.lists(st.tuples(PATHS, entries(DELTAS)), max_size=20))
def test_chunks_of_changes_over_any_steps_build_the_same_value(stream: Deltas) -> None:
    every = snapshots(*stream, on_conflict="replace")
    for size in (1, 3, 100):
        copied = sj.Assembler()
        chosen = [*every[::size], every[-1]]
        for old, new in pairwise(chosen):
            for change in new.changes_since(old):
                for chunk in change.to_chunks():
                    copied.apply(copy.deepcopy(chunk))
            assert repr(copied.snapshot().value) == repr(new.value)


def test_text_whose_run_ends_during_a_read_is_correct():
    assembler = filled(("a", "x"), ("a", "y"))
    document, snapshot = assembler._session.document, assembler.snapshot()
    document.pieces = document.text.pieces = MeddledList(document.pieces, lambda: assembler.apply_delta("b", 1))

    assert snapshot.get("a") == "xy"
    assert assembler.snapshot().value == {"a": "xy", "b": 1}


@pytest.mark.parametrize("path", ["n", "m"], ids=["read before", "written last"])
def test_value_replaced_during_a_lookup_is_that_of_the_version(path):
    assembler = filled(("n", 1), ("m", 1))
    snapshot = assembler.snapshot()
    snapshot.get("n")
    root = assembler._session.document.root_slot.entries[0]
    root.entries = MeddledDict(root.entries, lambda: assembler.apply_delta(path, 2))

    assert snapshot.get(path) == 1
    assert assembler.snapshot().get(path) == 2


def test_cached_lookups_of_readers_are_bounded(monkeypatch):
    monkeypatch.setattr(_snapshot, "MAX_CACHED_PATHS", 3)
    assembler = sj.Assembler()
    for number in range(10):
        assembler.apply_delta(f"a.n{number}", "x")
        assert assembler.snapshot().get(f"a.n{number}") == "x"
        assert assembler.snapshot().get(f"a.n{number // 2}") == "x"
    assert 0 < len(assembler._session.document.locator.known) <= 3


def test_get_refuses_arguments_that_cannot_be_a_path():
    (snapshot,) = snapshots(("people", ["Jane"]))[-1:]
    with pytest.raises(sj.InvalidPathError, match="counts from the start"):
        snapshot.get(("people", -1))
    with pytest.raises(TypeError, match="use parse_path"):
        snapshot.get(b"people")
    with pytest.raises(TypeError, match="or steps, not 5"):
        snapshot.get(5)
    with pytest.raises(TypeError, match="since must be a snapshot or its version, not None"):
        snapshot.changes_since(None)


# ---------------------------------------------------------------------------------------------------------------------
# is_complete, find, draft, and changes passed to callbacks


def test_is_complete_depends_on_the_version_of_the_snapshot():
    every = snapshots(("a.b", "x"), ("a.c", "y"), ("d", 1), ("a.b", "!"))

    assert [[snapshot.is_complete(path) for path in ("a.b", "a", "d", "", "e")] for snapshot in every] == [
        [False] * 5,
        [False] * 5,
        [True, False, False, False, False],
        [True, True, False, False, False],
        [False, False, False, False, False],  # the sender returned to `a.b`, so `d` is not known to be finished
    ]
    assert every[3].is_complete(("a", "b"))


def test_all_values_are_complete_after_a_clean_end():
    assembler = filled(("a[1]", 1), ("b", None))
    assembler.close()

    snapshot = assembler.snapshot()
    assert [snapshot.is_complete(path) for path in ("", "a", "a[1]", "b")] == [True] * 4
    assert not snapshot.is_complete("a[0]")  # a hole
    assert not snapshot.is_complete("c")
    with pytest.raises(sj.InvalidPathError):
        snapshot.is_complete("a[*]")


def test_find_selects_in_the_version_of_the_snapshot():
    empty, first, second, third = snapshots(("a", [{"n": 1}, {"m": 2}]), ("a[0].n", 3), ("a[3].n", 4))

    assert empty.find("$") == []
    assert third.find("a[3,0,3].n") == [(("a", 3, "n"), 4), (("a", 0, "n"), 3)]
    assert first.find("a[*].n") == [(("a", 0, "n"), 1)]
    assert second.find("a[*].n") == [(("a", 0, "n"), 3)]
    assert third.find("a[*].n") == [(("a", 0, "n"), 3), (("a", 3, "n"), 4)]
    assert third.find("a[2:]") == [(("a", 2), None), (("a", 3), {"n": 4})]
    assert [match.value for match in first.find("$")] == [{"a": [{"n": 1}, {"m": 2}]}]
    with pytest.raises(sj.InvalidPatternError):
        first.find("a[-1]")


@pytest.mark.parametrize("pattern", ["a[-1]", "a[", "$.1", "", 5])
def test_find_checks_its_pattern_on_an_empty_document(pattern):
    (empty,) = snapshots()

    with pytest.raises(sj.InvalidPatternError):
        empty.find(pattern)


def test_results_of_find_are_private():
    (snapshot,) = snapshots(("a", {"b": []}))[-1:]
    (found,) = snapshot.find("a")
    found.value["b"].append(1)
    found.path  # noqa: B018  # a match has a path

    assert snapshot.value == {"a": {"b": []}}
    assert snapshot.find("a") == [(("a",), {"b": []})]


def test_draft_is_an_object_of_the_values_so_far():
    @attrs.frozen
    class Person:
        name: str
        age: int = 18

    empty, first = snapshots(("name", "Ja"))

    assert first.draft(Person) == Person("Ja", 18)
    assert empty.draft(Person) == Person(None, 18)  # type: ignore[arg-type]
    assert first.draft(dict[str, str]) == {"name": "Ja"}


def test_change_passed_to_a_callback_has_its_match():
    assembler = sj.Assembler()
    changes: list[sj.Change] = []
    assembler.on("a.b", changes.append)
    assembler.apply_delta("a", {"b": [1], "c": 2})
    assembler.apply_delta("a.b[1]", 3)
    assembler.apply_delta("a.b[2]", 4)

    assert [change.match for change in changes] == [("a", "b")] * 3
    assert [change.match_value for change in changes] == [[1], [1, 3], [1, 3, 4]]
    assert [change.path for change in changes] == [("a",), ("a", "b", 1), ("a", "b", 2)]
    assert changes[0].value == {"b": [1], "c": 2}
    assert sent(changes[1].to_chunks()) == [("a.b[1]", 3)]


def test_change_outside_a_callback_matches_its_own_path():
    change = sj.Assembler().apply_delta("a.b", 10**500)

    assert (change.match, change.match_value) == (("a", "b"), 10**500)
    assert repr(change) == "<Change 1: set an integer of 1661 bits at a.b>"


def test_concurrent_readers_of_an_old_snapshot_get_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    old = assembler.snapshot()
    assembler.apply_delta("b", 2)
    _ = assembler.snapshot().value  # so that each reader rebuilds the older value
    value_at = _snapshot.value_at
    inner: list[Any] = []

    def interrupted(document: Any, version: int) -> Any:
        value = value_at(document, version)
        if not inner:  # another reader finishes first
            inner.append(None)
            inner[0] = old.value
        return value

    monkeypatch.setattr(_snapshot, "value_at", interrupted)
    assert old.value is inner[0] is old.value
