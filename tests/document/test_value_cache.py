"""Values read one after the other: they share unchanged parts, and a value that a reader holds never changes.

First values of the whole document, then values of single containers.
"""

from __future__ import annotations

import copy
import dis
import json
import sys
from collections.abc import Callable
from types import FrameType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, strategies as st

from meddling import MeddledDict
from streamjson._document import container_cache as _container_cache, value_cache as _value_cache
from streamjson._document.container_cache import MAX_KEPT_CONTAINERS, container_at
from streamjson._document.document import Document
from streamjson._document.history import locate, read
from streamjson._document.tree import Node
from streamjson._document.value_cache import value_at
from streamjson._errors import StreamJSONError
from streamjson._json import MISSING
from streamjson._limits import Limits
from verbs import apply_entry, entries

HAS_COUNTS = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()

# Siblings, consecutive items, interleaved texts, and containers that are replaced.
PATHS = st.sampled_from(
    [
        "", "a", "b", "rows[0].a", "rows[0].b", "rows[1].a", "rows[1].b", "rows[2].a", "rows[2].deep.er[0].x",
        "rows[2].deep.er[1].x", "items[0]", "items[1]", "items[2]", "items[5]", "rows", "rows[1]", "grid[0][0]",
        "grid[0][1]", "grid[1][0]", "grid[1][0].x",
    ]
)  # fmt: skip
DELTAS = st.sampled_from(["x", "yz", "é", 1, 2.5, True, None, {}, [], {"a": "x"}, [{"a": "x"}, "y"]])


def last_container(value: Any) -> Any:
    while isinstance(value, dict | list) and value:
        last = list(value.values())[-1] if isinstance(value, dict) else value[-1]
        if not isinstance(last, dict | list):
            break
        value = last
    return value


# The part of each value that a reader keeps.
KEEPS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda _: None,
    "the value": lambda value: value,
    "its parts": lambda value: list(value.values()) if isinstance(value, dict) else value,
    "its last container": last_container,
    "an iterator over it": lambda value: iter(value) if isinstance(value, dict | list) else None,
}


def plain(document: Document) -> Any:
    """Return the value, built without the cache."""
    version = document.version
    return read(document, *locate(document, (), version), version) if document.root_slot.entries else MISSING


@pytest.fixture(params=["counted", "copied"])
def reference_counting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with this interpreter's reference counts, and as if it had none."""
    if request.param == "copied":
        monkeypatch.setattr(_value_cache, "UNHELD", -1)
        monkeypatch.setattr(_container_cache, "UNHELD", -1)


def test_read_during_a_write_is_right() -> None:
    document = Document(Limits())
    document.apply("a", "x")
    assert value_at(document, 1) == {"a": "x"}
    document.apply("b", 1)
    document.apply("c", 2)
    with patch.object(Document, "is_newest", lambda *_: False):
        assert value_at(document, 3) == {"a": "x", "b": 1, "c": 2}


@pytest.mark.usefixtures("reference_counting")
@given(
    events=st.lists(st.tuples(PATHS, entries(DELTAS), st.sampled_from([*KEEPS, "unread"])), max_size=40),
    replace=st.booleans(),
)
def test_value_equals_the_document_and_never_changes(events: list[tuple[str, Any, str]], *, replace: bool) -> None:
    document = Document(Limits(), replace=replace)
    kept: list[tuple[Any, str]] = []
    for path, entry, how in events:
        try:
            apply_entry(document, path, entry)
        except StreamJSONError:
            continue
        if how == "unread":
            continue
        assert repr(value_at(document, document.version)) == repr(plain(document))
        thing = KEEPS[how](value_at(document, document.version))
        kept.append((thing, "" if "iter" in type(thing).__name__ else repr(thing)))
    for thing, before in kept:
        if before:
            assert repr(thing) == before
        elif thing is not None:
            list(thing)  # raises if the dict has changed meanwhile


def grown(*paths: str) -> Document:
    document = Document(Limits())
    for path in paths:
        document.apply(path, "x")
        value_at(document, document.version)
    return document


MOVES = {
    "a text grows": (["a.b", "a.b"], "a.b"),
    "a text grows by another spelling of its path": (["a.b", "a.b"], "a['b']"),
    "a member": (["a.b"], "a.c"),
    "an item": (["a[0]"], "a[1]"),
    "a member of the next item": (["a[0].b"], "a[1].b"),
    "an item of the next item": (["a[0][0]"], "a[1][0]"),
    "a container in the same one": (["a.b"], "a.c.d"),
    "back to the one above": (["a.b", "a.c.d"], "a.e"),
    "back to a sibling": (["a[0].b", "a[1].b"], "a[0].c"),
    "a text of a sibling": (["a[0].b", "a[1].b", "a[0].b"], "a[1].b"),
    "far away": (["a.b", "c.d"], "a.e"),
}


@pytest.mark.skipif(not HAS_COUNTS, reason="needs reference counts")
@pytest.mark.parametrize(("paths", "path"), MOVES.values(), ids=MOVES)
def test_unreferenced_value_is_updated_in_place(paths, path):
    document = grown(*paths)
    before = id(value_at(document, document.version))
    document.apply(path, "y")

    assert id(value_at(document, document.version)) == before
    assert value_at(document, document.version) == plain(document)


@pytest.mark.parametrize(("paths", "path"), MOVES.values(), ids=MOVES)
def test_referenced_value_is_copied_along_the_path_only(paths, path):
    document = grown("beside.it[0]", *paths)
    before = value_at(document, document.version)
    frozen = copy.deepcopy(before)
    document.apply(path, "y")
    after = value_at(document, document.version)

    assert after is not before
    assert after["a"] is not before["a"]
    assert after["beside"] is before["beside"]
    assert (before, after) == (frozen, plain(document))


@pytest.mark.parametrize("held", [lambda value: value["a"], lambda value: value["a"][0]], ids=["array", "item"])
def test_reference_to_a_part_protects_that_part(held):
    document = grown("a[0].b")
    part = held(value_at(document, document.version))
    before = json.dumps(part)
    for _ in range(3):
        document.apply("a[0].b", "y")
        assert value_at(document, document.version) == plain(document)

    assert json.dumps(part) == before


def test_text_mode_is_followed_too():
    document = Document(Limits())
    assert value_at(document, 0) is MISSING
    for expected in ("x", "xx", "xxx"):
        document.apply("", "x")
        assert value_at(document, document.version) == expected


def test_read_of_an_empty_document_leaves_nothing_behind():
    document = Document(Limits())
    assert value_at(document, 0) is MISSING
    document.apply("a[0].b", "x")
    assert value_at(document, 1) == {"a": [{"b": "x"}]}
    document.apply("a[0].b", "y")
    assert value_at(document, 2) == {"a": [{"b": "xy"}]}


@pytest.mark.parametrize("delta", [{"x": 1}, [1], None])
def test_value_set_whole_is_built(delta):
    document = grown("a.b", "a.c")
    document.apply("a.d", delta)

    assert value_at(document, document.version) == {"a": {"b": "x", "c": "x", "d": delta}}
    document.apply("", None)
    assert value_at(document, document.version) is None


SPOILS: dict[str, Callable[[Any], Any]] = {
    "a member is replaced": lambda value: value.update(a="***"),
    "a member is removed": lambda value: value.pop("a"),
    "an item is removed": lambda value: value["a"].pop(),
    "an item is replaced": lambda value: value["a"].__setitem__(0, {}),
    "an item is moved": lambda value: value.update(b=value["a"].pop()),
    "everything is removed": lambda value: value.clear(),
    # The reader also keeps the old part.
    "a member is exchanged": lambda value: (value["a"], value.update(a=[{}])),
    "an item is exchanged": lambda value: (value["a"][0], value["a"].__setitem__(0, {})),
    "a member is renamed": lambda value: (value["a"], value.update(z=value.pop("a"))),
    "the reader's own container replaces it": lambda value: value.setdefault("a", value.update(a=[{"b": "own"}])),
}


@pytest.mark.usefixtures("reference_counting")
@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
@pytest.mark.parametrize("path", ["a[0].b", "a[0].c", "a[1].b", "q.n"])
@pytest.mark.parametrize("held", [True, False], ids=["an older value is held", "only the removed part"])
def test_change_by_a_reader_changes_no_held_value(spoil, path, held):
    document = grown("q.n", "a[0].b")
    kept = [value_at(document, document.version) if held else None]  # a variable would be one more reference
    document.apply("q.n", "y")
    value_at(document, document.version)
    document.apply(path, "z")
    kept.append(spoil(value_at(document, document.version)))
    before = repr(kept)
    for _ in range(3):
        for again in ("a[0].b", "q.n", "a[0].b"):
            document.apply(again, "w")
            value_at(document, document.version)

    assert repr(kept) == before


def interrupted(call: Callable[[], object], line: int) -> bool:
    """Call `call` and interrupt it before line number `line` of the library; return whether it was reached.

    A line that does nothing (`try:`) does not count: CPython delivers no interrupt there, and no handler covers it.
    """
    lines = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        if "streamjson" not in frame.f_code.co_filename:
            return None
        if event == "line" and frame.f_code.co_code[frame.f_lasti] != dis.opmap["NOP"]:
            lines += 1
            if lines == line:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize(("paths", "path"), MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("held", [True, False], ids=["held", "dropped"])
def test_interrupt_anywhere_leaves_correct_values(paths, path, held):
    for line in range(1, 500):
        document = grown("beside.it[0]", *paths)
        older = value_at(document, document.version) if held else None
        before = repr(older)
        document.apply(path, "y")
        reached = interrupted(lambda: value_at(document, document.version), line)  # noqa: B023
        for again in (path, "beside.it[0]", path):
            assert value_at(document, document.version) == plain(document)
            document.apply(again, "z")
        assert value_at(document, document.version) == plain(document)
        assert repr(older) == before
        if not reached:
            break
    assert not reached


def test_read_of_an_older_version_keeps_the_shared_value():
    document = grown("a.b", "a.b", "a.c")
    newest = value_at(document, 3)

    assert [value_at(document, version) for version in (1, 2)] == [{"a": {"b": "x"}}, {"a": {"b": "xx"}}]
    assert value_at(document, 3) is newest


def test_versions_read_late_share_unchanged_parts():
    document = Document(Limits())
    for path in ("beside.it", "a.b", "a.b", "a.c", "a.b"):
        document.apply(path, "x")
    values = [value_at(document, version) for version in range(2, 6)]

    assert [value["a"] for value in values] == [
        {"b": "x"}, {"b": "xx"}, {"b": "xx", "c": "x"}, {"b": "xxx", "c": "x"},
    ]  # fmt: skip
    assert all(value["beside"] is values[0]["beside"] for value in values)


def test_change_inside_a_replaced_container_does_not_show():
    document = grown("beside.it")
    for path, delta in (("a", {}), ("a.b", "x"), ("a", {})):
        document.apply(path, delta)

    assert value_at(document, document.version) == {"beside": {"it": "x"}, "a": {}} == plain(document)
    document.apply("a.c", "y")
    assert value_at(document, document.version) == {"beside": {"it": "x"}, "a": {"c": "y"}}


def test_root_that_was_null():
    document = Document(Limits())
    for path, delta, expected in (("", None, None), ("a", "x", {"a": "x"}), ("b", "y", {"a": "x", "b": "y"})):
        document.apply(path, delta)
        assert value_at(document, document.version) == expected


def test_gap_that_is_filled():
    document = grown("a[0]")
    document.apply("a[3]", "y")
    assert value_at(document, document.version) == {"a": ["x", None, None, "y"]}
    document.apply("a[1]", "z")
    assert value_at(document, document.version) == {"a": ["x", "z", None, "y"]}
    document.apply("a[5].b", "z")
    assert value_at(document, document.version) == {"a": ["x", "z", None, "y", None, {"b": "z"}]}
    document.apply("a[4].b", "z")
    assert value_at(document, document.version) == plain(document)


@pytest.mark.parametrize("held", [False, True])
def test_items_removed_by_a_reader_are_restored(held):
    document = grown("a[0]", "a[1]", "a[1]")
    value = value_at(document, document.version)
    value["a"].clear()
    if not held:
        del value
    document.apply("a[1]", "y")

    assert value_at(document, document.version) == {"a": ["x", "xxy"]}


def test_array_emptied_by_a_reader_is_rebuilt():
    document = grown("a[0].b", "a[0].b")
    value = value_at(document, document.version)
    value["a"].clear()
    document.apply("a[0].b", "y")

    assert value_at(document, document.version) == {"a": [{"b": "xxy"}]}
    value_at(document, document.version)["a"].clear()
    document.apply("a[1].b", "y")
    assert value_at(document, document.version) == {"a": [{"b": "xxy"}, {"b": "y"}]}


@pytest.mark.parametrize(
    "interpreter",
    [
        SimpleNamespace(implementation=SimpleNamespace(name="pypy"), maxsize=9),
        SimpleNamespace(implementation=SimpleNamespace(name="cpython"), maxsize=9, _is_gil_enabled=lambda: False),
    ],
    ids=["PyPy", "free-threaded CPython"],
)
def test_unreliable_reference_counts_are_not_used(interpreter, monkeypatch):
    monkeypatch.setattr(_value_cache, "sys", interpreter)
    assert _value_cache._unheld() == -1


def test_value_during_another_read_is_built_alone():
    document = Document(Limits())
    document.apply("a", "x")
    shared = value_at(document, 1)
    document.values.version = _value_cache._BUSY
    alone = value_at(document, 1)

    assert alone == shared
    assert alone is not shared
    assert document.values.version == _value_cache._BUSY  # the other read is undisturbed


def test_interrupt_during_another_read_leaves_the_cache_alone():
    document = grown("a.b")
    value_at(document, 1)
    document.values.version = _value_cache._BUSY
    root = document.root_slot.entries[0]

    def interrupt():
        raise KeyboardInterrupt

    root.entries = MeddledDict(root.entries, interrupt)
    with pytest.raises(KeyboardInterrupt):
        value_at(document, 1)
    assert document.values.version == _value_cache._BUSY


def test_read_inside_another_read_gets_its_own_value():
    document = grown("a.b")
    document.apply("a.c", "y")
    inner = []
    root = document.root_slot.entries[0]
    root.entries = MeddledDict(root.entries, lambda: inner.append(value_at(document, document.version)))
    document.values = None
    outer = value_at(document, document.version)

    assert inner == [outer] == [{"a": {"b": "x", "c": "y"}}]
    assert inner[0] is not outer
    assert inner[0]["a"] is not outer["a"]


def test_read_of_another_document_does_not_wait():
    document, other = grown("a.b"), grown("c")
    inner = []
    root = document.root_slot.entries[0]
    root.entries = MeddledDict(root.entries, lambda: inner.append(value_at(other, 1)))
    document.values = None

    assert value_at(document, 1) == {"a": {"b": "x"}}
    assert inner == [{"c": "x"}]


def test_read_after_an_interrupted_one_rebuilds_the_value():
    document = grown("a.b")
    root = document.root_slot.entries[0]

    def interrupt():
        raise KeyboardInterrupt

    root.entries = MeddledDict(root.entries, interrupt)
    document.values = None
    with pytest.raises(KeyboardInterrupt):
        value_at(document, 1)
    assert value_at(document, 1) == {"a": {"b": "x"}}


@pytest.mark.parametrize(
    "later", [[("a", None)], [("a", {})], [("", None)]], ids=["null", "another object", "the root"]
)
def test_hold_ignores_containers_that_a_writer_has_replaced(later):
    """The writer may replace them after the check that the version is the newest."""
    document = Document(Limits(), replace=True)
    document.apply("a.b.c", "x")
    assert value_at(document, 1) == {"a": {"b": {"c": "x"}}}
    document.values.release()
    for path, delta in later:
        document.apply(path, delta)
    document.values.hold(document, 1)

    assert value_at(document, document.version) == plain(document)
    document.apply("a.d", "y")
    assert value_at(document, document.version) == plain(document)


def test_older_versions_are_correct_after_an_interrupt():
    """The cached values are dropped: they belong to a later version and may be half updated."""
    deltas = [("z", "0"), ("a", {"b": {"c": 1}}), ("a.b.d", 2), ("l", [{}]), ("l[0].x", "y"), ("z", None), ("a.b.e", 3)]
    for line in range(1, 300):
        document = Document(Limits())
        for path, delta in deltas:
            document.apply(path, delta)
        value_at(document, document.version)
        document.apply("q", 1)
        reached = interrupted(lambda: value_at(document, document.version), line)  # noqa: B023
        for version in range(1, document.version + 1):
            assert value_at(document, version) == read(document, *locate(document, (), version), version)
        if not reached:
            break
    assert not reached


# ---------------------------------------------------------------------------------------------------------------------
# single containers


def part(document: Document, *steps: str | int, version: int | None = None) -> Any:
    """Return the shared value of a container, `MISSING` if there is no container at `steps`."""
    version = document.version if version is None else version
    _, _, thing = locate(document, steps, version)
    return container_at(document, thing, version) if type(thing) is Node else MISSING


def own(document: Document, *steps: str | int, version: int | None = None) -> Any:
    """Return what `part` must equal, built without the cache."""
    version = document.version if version is None else version
    node, key, thing = locate(document, steps, version)
    return read(document, node, key, thing, version) if type(thing) is Node else MISSING


CONTAINERS: list[tuple[str | int, ...]] = [
    ("rows",), ("rows", 1), ("rows", 2), ("rows", 2, "deep"), ("items",), ("grid",), ("grid", 1), ("grid", 1, 0),
    ("a",),
]  # fmt: skip


@pytest.mark.usefixtures("reference_counting")
@given(
    events=st.lists(
        st.tuples(
            PATHS,
            entries(DELTAS),
            st.lists(st.tuples(st.sampled_from(CONTAINERS), st.sampled_from([*KEEPS]))),
            st.booleans(),
        ),
        max_size=40,
    ),
    replace=st.booleans(),
    ago=st.integers(0, 5),
)
def test_container_at_equals_the_container_and_never_changes(
    events: list[tuple[str, Any, list[tuple[tuple[str | int, ...], str]], bool]], *, replace: bool, ago: int
) -> None:
    document = Document(Limits(), replace=replace)
    held: list[tuple[Any, str]] = []
    for path, entry, reads, reads_root in events:
        try:
            apply_entry(document, path, entry)
        except StreamJSONError:
            continue
        for number, (steps, how) in enumerate(reads):
            version = max(document.version - number % 2 * ago, 0)  # alternately the newest and an older one
            assert repr(part(document, *steps, version=version)) == repr(own(document, *steps, version=version))
            thing = KEEPS[how](part(document, *steps, version=version))
            held.append((thing, "" if "iter" in type(thing).__name__ else repr(thing)))
        if reads_root:
            assert repr(value_at(document, document.version)) == repr(plain(document))
    for thing, before in held:
        if before:
            assert repr(thing) == before
        elif thing is not None:
            list(thing)  # raises if the dict has changed meanwhile


@pytest.mark.skipif(not HAS_COUNTS, reason="needs reference counts")
@pytest.mark.parametrize(("paths", "path"), MOVES.values(), ids=MOVES)
def test_container_without_references_is_updated_in_place(paths, path):
    document = grown("beside.it[0]", *paths)
    before = id(part(document, "a"))
    document.apply(path, "y")

    assert id(part(document, "a")) == before
    assert part(document, "a") == own(document, "a")


@pytest.mark.usefixtures("reference_counting")
@pytest.mark.parametrize("path", ["a.b", "a.new", "a.in[0].x", "a.in[1]", "a.in[4]"])
def test_referenced_container_is_copied_along_the_path_only(path):
    document = grown("a.beside.it[0]", "a.b", "a.in[0].x")
    before = part(document, "a")
    frozen = copy.deepcopy(before)
    document.apply(path, "y")
    after = part(document, "a")

    assert after is not before
    assert after["beside"] is before["beside"]
    assert (after["in"] is before["in"]) == ("in" not in path)
    assert (before, after) == (frozen, own(document, "a"))


@pytest.mark.usefixtures("reference_counting")
def test_reference_to_a_part_protects_that_part_of_a_container():
    document = grown("a.rows[0].b", "a.rows[1].b")
    row = part(document, "a")["rows"][0]
    for _ in range(3):
        document.apply("a.rows[0].b", "y")
        assert part(document, "a") == own(document, "a")

    assert row == {"b": "x"}


@pytest.mark.usefixtures("reference_counting")
def test_unchanged_container_is_the_same_object():
    document = grown("a.b", "c.d", "e")
    before = part(document, "a")
    for path in ("c.d", "e", "c.f[2]", "c.f[0]"):
        document.apply(path, "y")
        assert part(document, "a") is before


# Deltas applied between two reads of `a`, and the members that stay the same object.
BETWEEN: dict[str, tuple[list[tuple[str, Any]], list[str]]] = {
    "a text grows in two runs": ([("a.t", "y"), ("a.n", 1), ("a.t", "z")], ["rows", "kept"]),
    "new members in order": ([("a.z.deep[0].x", 1), ("a.y", 2), ("a.z.deep[0].w", 3)], ["rows", "kept"]),
    "holes, one of them filled": ([("a.rows[6]", 1), ("a.rows[4].x", 2), ("a.rows[4].y", 3)], ["kept"]),
    "a filled hole and a new item after it": ([("a.rows[5]", 1), ("a.rows[7]", 2), ("a.rows[3]", {"x": 1})], ["kept"]),
    "a container set again": ([("a.rows[0]", {"x": 1}), ("a.rows[0].y", 2)], ["kept"]),
    "an array replaces an object, then an object again": ([("a.rows[0][0]", 1), ("a.rows[0].z", 2)], ["kept"]),
    "an object replaces an array, then an array again": ([("a.rows.x", 1), ("a.rows[1].z", 2)], ["kept"]),
    "a change inside a container replaced later": ([("a.rows[0].x", 1), ("a.rows", [1, 2])], ["kept"]),
    "null": ([("a.rows", None)], ["kept"]),
    "an empty container with members": ([("a.rows", []), ("a.rows[0].x", 1)], ["kept"]),
    "changes to its siblings": ([("b.t", "y"), ("b", [1]), ("", None)][:2], ["rows", "kept"]),
}


@pytest.mark.usefixtures("reference_counting")
@pytest.mark.parametrize("held", [True, False], ids=["held", "dropped"])
@pytest.mark.parametrize(("deltas", "same"), BETWEEN.values(), ids=BETWEEN)
def test_several_changes_between_two_reads(deltas, same, held):
    document = Document(Limits(), replace=True)
    document.apply("a", {"t": "x", "rows": [{"n": 1}, {"n": 2}], "kept": {"x": list(range(50))}})
    before = part(document, "a")
    parts = {name: before[name] for name in same}
    frozen = repr(before)
    if not held:
        del before
    for path, delta in deltas:
        document.apply(path, delta)
    after = part(document, "a")

    assert json.dumps(after) == json.dumps(own(document, "a"))
    assert all(after[name] is there for name, there in parts.items())
    if held:
        assert repr(before) == frozen


def test_replaced_container_is_a_new_object():
    document = Document(Limits(), replace=True)
    for delta in ({"x": 1}, {"y": 2}, [3]):
        document.apply("a", delta)
        assert part(document, "a") == delta

    assert [part(document, "a", version=version) for version in (1, 2, 3)] == [{"x": 1}, {"y": 2}, [3]]


def test_read_of_an_older_container_keeps_the_newer_one():
    document = grown("a.b", "a.b", "a.c")
    newest = part(document, "a")

    assert [part(document, "a", version=version) for version in (1, 2)] == [{"b": "x"}, {"b": "xx"}]
    assert part(document, "a") is newest


def test_container_is_rebuilt_when_cheaper_than_its_runs():
    document = grown("small.x", "a")
    before = part(document, "small")
    for number in range(10):
        document.apply(f"many[{number}]", "x")
    assert part(document, "small") is not before
    assert part(document, "small") == {"x": "x"}


def test_wide_container_is_not_rebuilt_for_a_few_runs():
    document = grown("rows[0].x")
    for number in range(1, 30):
        document.apply(f"rows[{number}].x", "x")
    first = part(document, "rows")[0]
    for number in range(5):
        document.apply(f"many[{number}]", "x")
    document.apply("rows[7].x", "x")

    assert part(document, "rows")[0] is first
    assert part(document, "rows") == own(document, "rows")


def test_cached_containers_are_bounded_and_recent_ones_stay():
    document = Document(Limits())
    document.apply("rows", [{"x": number} for number in range(100)])
    hot = part(document, "rows")
    for number in range(100):
        assert part(document, "rows", number) == {"x": number}
        assert part(document, "rows") is hot
        assert len(document.containers) <= MAX_KEPT_CONTAINERS


# The same changes one level down, and changes that make the walk fail.
PART_SPOILS: dict[str, Callable[[Any], Any]] = {
    **SPOILS,
    "an item is a number": lambda value: value["a"].__setitem__(0, 5),
    "an array is a number": lambda value: value.update(a=5),
    "an array is a tuple": lambda value: value.update(a=()),
}


@pytest.mark.usefixtures("reference_counting")
@pytest.mark.parametrize("spoil", PART_SPOILS.values(), ids=PART_SPOILS)
@pytest.mark.parametrize("path", ["top.a[0].b", "top.a[0].c", "top.a[1].b", "top.a[3]", "top.q"])
@pytest.mark.parametrize("held", [True, False], ids=["an older value is held", "only the removed part"])
def test_change_of_a_container_by_a_reader_changes_no_held_value(spoil, path, held):
    document = grown("top.q", "top.a[0].b")
    kept = [part(document, "top") if held else None]
    document.apply("top.q", "y")
    kept.append(spoil(part(document, "top")))
    document.apply(path, "z")
    part(document, "top")
    before = repr(kept)
    for again in ("top.a[0].b", "top.q", "top.a[0].b"):
        document.apply(again, "w")
        part(document, "top")

    assert repr(kept) == before
    assert value_at(document, document.version) == plain(document)


@pytest.mark.usefixtures("reference_counting")
def test_array_of_a_container_emptied_by_a_reader_is_rebuilt():
    document = grown("a.l[0]", "a.l[1]")
    part(document, "a")["l"].clear()
    document.apply("a.l[2]", "y")

    assert part(document, "a") == {"l": ["x", "x", "y"]}


@pytest.mark.parametrize(("paths", "path"), MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("held", [True, False], ids=["held", "dropped"])
def test_interrupt_in_a_container_read_leaves_correct_values(paths, path, held):
    for line in range(1, 500):
        document = grown("beside.it[0]", *paths)
        older = part(document, "a") if held else part(document, "a") and None
        before = repr(older)
        document.apply(path, "y")
        reached = interrupted(lambda: part(document, "a"), line)  # noqa: B023
        for again in (path, "beside.it[0]", path):
            assert part(document, "a") == own(document, "a")
            document.apply(again, "z")
        assert part(document, "a") == own(document, "a")
        assert repr(older) == before
        if not reached:
            break
    assert not reached


@pytest.mark.parametrize("inner", [0, 1, 2], ids=["an older version", "the version before", "the same version"])
def test_container_read_inside_another_gets_its_own_value(inner):
    document = grown("a.b", "a.c")
    part(document, "a")
    document.apply("a.d", "y")
    found = []
    node = document.root_slot.entries[0].entries["a"]
    node.entries = MeddledDict(node.entries, lambda: found.append(part(document, "a", version=inner + 1)))
    outer = part(document, "a")

    assert outer == own(document, "a")
    assert found == [own(document, "a", version=inner + 1)]
    assert found[0] is not outer
    document.apply("a.d", "z")
    assert (outer["d"], part(document, "a")["d"]) == ("y", "yz")
