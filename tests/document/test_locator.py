"""The shortcuts from a path's text to its slot find the same slot as a parse of the whole text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamjson._document import document as _document, locator as _locator
from streamjson._document.document import Document
from streamjson._document.locator import Locator, conflict
from streamjson._document.tree import HOLE, Node, current
from streamjson._errors import ConflictError, InvalidPathError, LimitExceededError, StreamJSONError
from streamjson._json import MISSING
from streamjson._limits import Limits
from streamjson._paths.path import Path, parse_path, strip_prefix
from verbs import apply_entry, entries


def filled(*deltas: tuple[Any, Any], **options: Any) -> Document:
    document = Document(options.pop("limits", Limits()), **options)
    for path, delta in deltas:
        document.apply(path, delta)
    return document


def found_by_a_walk(document: Document, path: Any) -> Any:
    """Find a path without any shortcut."""
    known = document.locator
    return outcome(Locator(document.root_slot, document.admission.limits, known.prefix, replace=known.replace), path)


def outcome(places: Locator, path: Any) -> Any:
    try:
        node, key, rest = places.find(path)
    except StreamJSONError as error:
        return type(error), error.code, str(error)
    return id(node), key, tuple(rest)


# ---------------------------------------------------------------------------------------------------------------------
# any history

PREFIXES = ["", "response", "r[0]", "['a.b']", "r[0].x[1]"]
HEADS = ["", "$", "a", "$.a", "['a']", "$['a']", "a.b", "['a.b']", "it's", "a b", "['x[0]']", '["q\\"."]', "b", "n['']"]
STEPS = [
    ".a", ".b", ".c", ".it's", "['a']", "['a.b']", "['b]']", '["b"]', "[0]", "[1]", "[2]", "[3]", "[ 0 ]", "[1 ]",
    "[00]",
]  # fmt: skip
PATHS = st.builds(
    lambda head, steps: head + "".join(steps), st.sampled_from(HEADS), st.lists(st.sampled_from(STEPS), max_size=4)
)
# The usual order of a stream: the fields of one item, and the items of one array, one after the other.
ROWS = st.builds(
    lambda head, number, tail: f"{head}[{number}]{tail}",
    st.sampled_from(["", "$", "rows", "a.rows", "rows[0]", "rows[1][0]", "rows[0].rows"]),
    st.integers(0, 3),
    st.sampled_from(["", ".a", ".b", ".a.c", "[0].a", "[ 1 ]"]),
)
DELTAS = st.sampled_from(["x", "y", 1, None, {}, [], {"a": {"b": "c"}}, [[], {"a": 1}], {"rows": [{"a": "b"}]}])


@given(
    stream=st.lists(st.tuples(PATHS | ROWS, entries(DELTAS)), max_size=25),
    others=st.lists(PATHS | ROWS, max_size=10),
    prefix=st.sampled_from(PREFIXES),
    replace=st.booleans(),
    limits=st.sampled_from([Limits(), Limits(max_depth=3), Limits(max_path_bytes=12), Limits.unlimited()]),
)
def test_shortcuts_find_what_a_walk_finds_after_any_history(
    stream: list[tuple[str, Any]], others: list[str], prefix: str, limits: Limits, *, replace: bool
) -> None:
    prefix_path = parse_path(prefix)
    document = Document(limits, prefix=prefix_path, replace=replace)
    seen = {*others}
    for tail, entry in stream:
        path = prefix + tail if tail[:1] in {"", "["} or not prefix else f"{prefix}.{tail}"
        seen |= {path, tail}
        for each in (path, tail):
            expected = found_by_a_walk(document, each)
            assert outcome(document.locator, each) == expected
        try:
            apply_entry(document, path, entry)
        except StreamJSONError:
            continue
        # The steps lead to the value, too.
        steps = strip_prefix(parse_path(path), prefix_path, path)
        there: Any = document.root_slot
        for step in (0, *steps):
            assert type(there) is Node
            there = current(there, step)
            assert there is not MISSING
            assert there is not HOLE
    for path in seen:
        assert outcome(document.locator, path) == found_by_a_walk(document, path)


# ---------------------------------------------------------------------------------------------------------------------
# one shortcut at a time


WALKS: dict[str, tuple[list[tuple[str, Any]], str]] = {
    "a sibling": ([("a.b", 1)], "a.b"),
    "a sibling whose name is not ASCII": ([("a.b", 1), ("a.ñ", 1)], "a.ñ"),
    "another name that is not ASCII": ([("a.ñ", 1), ("a.b", 1)], "a.ñé"),
    "a name known in another object": ([("a.b", 1), ("c.d", 1), ("a.e", 1)], "a.d"),
    "the next item": ([("a[0]", 1)], "a[1]"),
    "a member of the next item": ([("a[0].b", 1)], "a[1].b"),
    "an item beyond the next one": ([("a[0].b", 1)], "a[2].b"),
    "the item before": ([("a[0].b", 1), ("a[1].b", 1)], "a[0].b"),
    "the next item of an inner array": ([("a[0][0].b", 1)], "a[0][1].b"),
    "the next item of the outer array": ([("a[0][0].b", 1)], "a[1][0].b"),
    "an inner object": ([("a[0].b.c", 1)], "a[1].b.c"),
    "the root array": ([("[0].b", 1)], "[1].b"),
    "the root array with a dollar": ([("$[0].b", 1)], "$[1].b"),
    "a bracket in quotes": ([("['a[0]'].b", 1)], "['a[1]'].b"),
    "a dot in quotes": ([("['a.b']", 1)], "['a.c']"),
    "a quoted name like a sibling": ([("a.b", 1)], "a['b']"),
    "blanks in brackets": ([("a[ 0 ].b", 1)], "a[ 1 ].b"),
    "an array in place of an object": ([("a.b", 1), ("a", None)], "a[0]"),
    "an object in place of an array": ([("a[0].b", 1), ("a", None)], "a.b"),
    "inside a replaced container": ([("a[0].b", 1), ("a[0].b", 2), ("a[0]", {})], "a[0].b"),
    "a replaced array": ([("a[0].b", 1), ("a", [])], "a[0].b"),
    "an array set whole to a longer one": ([("a[0].b", 1), ("a", [1, 2])], "a[2].b"),
    "a hole": ([("a[2].b", 1)], "a[0].b"),
    "the root": ([("", {})], ""),
    "the root, an array": ([("", [])], "[0]"),
}


@pytest.mark.parametrize(("deltas", "path"), WALKS.values(), ids=WALKS)
def test_shortcut_finds_what_a_walk_finds(deltas, path):
    document = filled(*deltas)

    expected = found_by_a_walk(document, path)
    assert outcome(document.locator, path) == expected
    assert outcome(document.locator, path) == expected


def test_siblings_and_next_items_are_not_parsed(monkeypatch):
    document = filled(("people[0].name", "J"), ("people[0].age", 1), ("people[1].name", "K"))
    monkeypatch.setattr(_locator, "parse_path", None)

    document.apply("people[1].age", 2)
    document.apply("people[2].name", "L")
    document.apply("people[2].age", 3)
    assert len(document.root_slot.entries[0].entries["people"].entries) == 3


def test_revisited_location_is_remembered(monkeypatch):
    document = filled(("['a']", "x"), ("['b']", "x"), ("['a']", "x"), ("['b']", "x"))
    monkeypatch.setattr(_locator, "parse_path", None)

    assert document.apply("['a']", "y") == "append"


@pytest.mark.parametrize("deep", ["a[1].b", "a[ 1 ].b", "a[1]['b']"])
def test_member_of_the_next_item_respects_max_depth(deep):
    """The items had no members before; the name is known from another object."""
    document = filled(("x.b", 1), ("a[0]", 1), limits=Limits(max_depth=2))
    with pytest.raises(InvalidPathError) as caught:
        document.apply(deep, 1)
    assert caught.value.code == "too_deep"


def test_long_path_respects_max_path_bytes_with_every_shortcut():
    document = filled(("p.éa", 1), ("o.éb", 1), limits=Limits(max_path_bytes=5))
    for path in ("p.éab", "o.ééé", "o.éb[10]"):
        with pytest.raises(InvalidPathError) as caught:
            document.apply(path, 1)
        assert caught.value.code == "path_too_long"


def test_long_sibling_name_respects_max_path_bytes():
    head = "😀" * 315  # four bytes each
    document = filled((f"{head}.a", 1), (f"{head}.b", 1), limits=Limits(max_path_bytes=4 * 320))
    with pytest.raises(InvalidPathError) as caught:
        document.apply(f"{head}.{'c' * 40}", 1)
    assert caught.value.code == "path_too_long"


def test_path_object_is_found_like_its_text():
    document = filled(("a[0].b", 1))

    assert outcome(document.locator, Path(("a", 0, "b"))) == found_by_a_walk(document, "a[0].b")


@pytest.mark.parametrize("path", [None, 1, ("a",), b"a", ["a"]], ids=repr)
def test_non_path_is_refused(path):
    with pytest.raises(InvalidPathError) as caught:
        filled(("a", 1)).apply(path, 1)
    assert caught.value.code == "not_a_string"


def test_path_outside_the_prefix_is_refused_despite_shortcuts():
    document = filled(("r.a.b", 1), ("r.c[0].b", 1), prefix=Path(("r",)))
    for path in ("a.b", "c[1].b", "q.a.b", "[1]"):
        with pytest.raises(InvalidPathError) as caught:
            document.apply(path, 1)
        assert caught.value.code == "outside_prefix"


def test_non_ascii_name_is_counted_in_bytes_in_each_object():
    document = filled(*[(f"{owner}.{name}", 1) for owner in "abc" for name in ("n", "ñ")])

    assert document.size == 3 * (1 + 2 + 1 + 2 * 8)


def test_shortcuts_are_bounded(monkeypatch):
    monkeypatch.setattr(_locator, "MAX_CACHED_PATHS", 3)
    monkeypatch.setattr(_locator, "MAX_CACHED_NAMES", 3)
    monkeypatch.setattr(_document, "MAX_CACHED_NAMES", 3)
    paths = [f"a.n{number}" for number in range(8)]
    others = [f"b{number}.n" for number in range(8)]
    document = filled(*[(path, delta) for delta in "xy" for path in paths], *[(path, "x") for path in others])

    assert len(document.locator.names) <= 3
    assert len(document.locator.visited) <= 3
    for path in paths:
        assert outcome(document.locator, path) == found_by_a_walk(document, path)


def test_replaced_container_drops_the_shortcuts():
    """A replaced scalar keeps them."""
    document = filled(("d", 1), ("a.b", "x"), ("d", 2))
    document.apply("a.b", None)
    assert (document.locator.head, [*document.locator.visited]) == ("a.", ["d", "a.b"])
    document.apply("a", None)
    assert (document.locator.head, document.locator.visited) == ("", {})  # the entry of `a` itself is dropped, too


CONFLICTS: dict[str, tuple[list[tuple[str, Any]], str, str, str, str]] = {
    "a name through a string": ([("a", "x")], "a.b", "a", "string", "name"),
    "an index through a number": ([("a", 1)], "a[0]", "a", "number", "index"),
    "a name through an array": ([("a[0]", 1)], "a.b", "a", "array", "name"),
    "an index through an object": ([("a.b", 1)], "a[0]", "a", "object", "index"),
    "at the root": ([("", "x")], "a", "", "string", "name"),
    "below an item": ([("a[0].b", True)], "a[0].b.c.d", "a[0].b", "boolean", "name"),
}


@pytest.mark.parametrize(("deltas", "path", "where", "found", "given_kind"), CONFLICTS.values(), ids=CONFLICTS)
def test_path_through_another_kind_conflicts_or_replaces(deltas, path, where, found, given_kind):
    with pytest.raises(ConflictError) as caught:
        filled(*deltas).apply(path, 1)
    assert (caught.value.path, caught.value.found, caught.value.given) == (where, found, given_kind)

    document = filled(*deltas, replace=True)
    assert document.apply(path, 1) == "set"
    assert outcome(document.locator, path) == found_by_a_walk(document, path)


@pytest.mark.parametrize(
    ("where", "there", "given_kind", "message"),
    [
        (None, "x", "number", "the root holds a string and a number came;"),
        ((None, "a"), {}, "array", "a holds an object and an array came;"),
        ((None, "a"), [], "null", "a holds an array and null came;"),
        ((None, "a"), 1, "index", "a holds a number and a path with an index leads through it;"),
    ],
    ids=["at the root", "with articles", "with null", "through it"],
)
def test_conflict_names_both_kinds(where, there, given_kind, message):
    assert message in str(conflict(where, there, given_kind))


def test_array_gap_on_the_way_is_refused():
    with pytest.raises(LimitExceededError):
        filled(("a[0].b", 1), limits=Limits(max_array_gap=1)).apply("a[3].b", 1)


def test_remembered_locations_are_bounded():
    document = Document(Limits())
    for turn in range(2):
        for number in range(_locator.MAX_CACHED_PATHS + 1):
            document.apply(f"a[{number}]", turn)
    assert 0 < len(document.locator.visited) <= _locator.MAX_CACHED_PATHS
    assert document.root_slot.entries[0].entries["a"].entries == [1] * (_locator.MAX_CACHED_PATHS + 1)
