"""Which delta may follow which value, how changes are logged, and that limits hold for every delta.

The fast paths must do exactly what the careful path does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamjson._document.change_log import MAX_FAST_BYTES, MAX_UNCOUNTED_DELTAS
from streamjson._document.document import Document
from streamjson._document.tree import HOLE, Node, Text, path_of, path_to_slot
from streamjson._document.value_cache import value_at
from streamjson._errors import ClosedError, ConflictError, InvalidEventError, LimitExceededError, StreamJSONError
from streamjson._json import MISSING
from streamjson._limits import Limits
from streamjson._paths.path import Path
from verbs import apply_entry, entries

RULES = json.loads((FilePath(__file__).parents[1] / "vectors" / "rules.json").read_text(encoding="utf-8"))
HIGH, LOW = "\ud83d", "\ude00"

Deltas = Iterable[tuple[Any, Any]]


def filled(*deltas: tuple[Any, Any], replace: bool = False, in_order: bool = True, **limits: int | None) -> Document:
    document = Document(Limits(**limits), replace=replace, in_order=in_order)
    for path, delta in deltas:
        document.apply(path, delta)
    return document


def value(document: Document) -> Any:
    return value_at(document, document.version)


def tree(thing: Any) -> Any:
    """Return everything a slot holds: its content, the replaced content, creation versions and the runs of texts."""
    if type(thing) is Node:
        slots = thing.entries.items() if thing.is_object else enumerate(thing.entries)
        history = {
            step: [(version, tree(old)) for version, old in olds] for step, olds in (thing.history or {}).items()
        }
        return [(step, tree(item)) for step, item in slots], thing.created_at, path_of(thing.where), history
    if type(thing) is Text:
        return "".join(thing.pieces), thing.starts, thing.bases[0], thing.size
    return repr(thing) if thing is not HOLE else "a hole"


def state(document: Document) -> Any:
    """Return the whole state of a document, after closing its open string and counting everything."""
    document.seal_open_text()
    document.count_pending()
    return {
        "version": document.version,
        "tree": tree(document.root_slot),
        "starts": document.starts,
        "slots": [path_to_slot(document.root_slot, *slot) for slot in zip(document.nodes, document.keys, strict=True)],
        "lengths": list(document.lengths),
        "joined": document.event_ranges,
        "node_count": document.node_count,
        "size": document.size,
        "halves": [half for _, _, half in document.pending_surrogates.values()],
    }


# ---------------------------------------------------------------------------------------------------------------------
# the rules


@pytest.mark.parametrize("row", RULES, ids=lambda row: row["name"])
@pytest.mark.parametrize("replace", [False, True], ids=["error", "replace"])
def test_rules_of_application(row, replace):
    document = filled(*row["first"], replace=replace)
    before = state(document)
    if row["outcome"] == "conflict" and not replace:
        with pytest.raises(ConflictError):
            document.apply(*row["delta"])
        assert state(document) == before
    elif row["outcome"] == "conflict":
        assert document.apply(*row["delta"]) == "set"
        assert value(document) == row["replace"]
    else:
        outcome = document.apply(*row["delta"])
        assert (outcome or "none") == row["outcome"]
        assert json.dumps(value(document)) == json.dumps(row["value"])


NO_CHANGE: dict[str, tuple[Any, Any]] = {
    "the empty text onto a text": ("text", ""),
    "the same integer": ("integer", 1),
    "the same float": ("float", 1.0),
    "the same boolean": ("boolean", True),
    "null onto null": ("null", None),
}


@pytest.mark.parametrize(("path", "delta"), NO_CHANGE.values(), ids=NO_CHANGE)
def test_delta_without_a_change_takes_no_version(path, delta):
    document = filled(("integer", 1), ("float", 1.0), ("boolean", True), ("null", None), ("text", "x"))
    before = document.version

    assert document.apply(path, delta) is None
    assert document.version == before
    assert document.apply("text", "y") == "append"  # the string is still open


@pytest.mark.parametrize(("first", "then"), [(1, 1.0), (1, True), (False, 0), (1.0, 1), (0, False)], ids=repr)
def test_equal_value_of_another_type_is_a_change(first, then):
    document = filled(("a", first))

    assert document.apply("a", then) == "set"
    assert repr(value(document)["a"]) == repr(then)


@pytest.mark.parametrize("delta", [MISSING, b"x", object(), float("nan"), [float("inf")], {1: 1}], ids=range(6))
def test_non_json_value_is_refused_without_a_trace(delta):
    document = filled(("a.b", "x"))
    for path in ("a.c", "d[0]", "d[0].b"):
        with pytest.raises(InvalidEventError):
            document.apply(path, delta)
    assert value(document) == {"a": {"b": "x"}}
    assert document.version == 1


def test_gap_holds_holes_until_they_are_filled():
    document = filled(("a[2]", 1))
    assert value(document) == {"a": [None, None, 1]}
    document.apply("a[0]", None)
    array = document.root_slot.entries[0].entries["a"]

    assert array.entries == [None, HOLE, 1]
    assert document.node_count == 1 + 1 + 3 + 1  # the filled hole still counts


def test_closed_document_refuses_every_delta():
    document = filled(("a", "x"))
    assert document.close() is False
    assert document.close() is False
    for path, delta in (("a", "x"), ("b", 1), ("[", object())):
        with pytest.raises(ClosedError):
            document.apply(path, delta)
    document.recount()
    with pytest.raises(ClosedError):
        document.apply("a", "x")


def test_frozen_document_keeps_its_value():
    document = filled(("a", "x" + HIGH))
    document.freeze()

    assert document.close() is False
    assert value(document) == {"a": "x"}


# ---------------------------------------------------------------------------------------------------------------------
# the log


def log(document: Document) -> list[tuple[int, tuple[Any, ...]]]:
    slots = zip(document.nodes, document.keys, strict=True)
    return [
        (start, path_to_slot(document.root_slot, *slot)[1:]) for start, slot in zip(document.starts, slots, strict=True)
    ]


def test_consecutive_changes_of_one_text_are_one_run():
    document = filled(("a", "x"), ("a", "yz"), ("b", 1), ("b", 2), ("a", "w"), ("a", ""), ("a", "v"))

    assert log(document) == [(1, ("a",)), (3, ("b",)), (4, ("b",)), (5, ("a",))]
    assert list(document.lengths) == [0, 1, 2, 0, 0, 1, 1]


def test_unchanging_or_refused_delta_does_not_end_a_run():
    document = filled(("a", "x"), ("b", None), ("a", "y"))
    document.apply("b", None)
    with pytest.raises(ConflictError):
        document.apply("a", 1)
    document.apply("a", "z")

    assert log(document) == [(1, ("a",)), (2, ("b",)), (3, ("a",))]


def test_text_is_plain_after_one_run_and_stays_open_after_two():
    """A revisited text keeps its `Text` object for good."""
    document = filled(("a", "x"), ("a", "y"), ("b", 1))
    root = document.root_slot.entries[0]
    assert root.entries["a"] == "xy"
    document.apply("a", "z")
    document.apply("b", 2)

    text = root.entries["a"]
    assert (text.whole(), text.starts, text.bases, text.size) == ("xyz", [4], [2], 3)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_text_grows_after_a_read_and_is_joined_when_counted(count):
    document = filled(("a", "x"), *[("a", "y")] * count)
    text = document.text

    assert text.whole() is text.whole()
    assert (text.whole(), len(text.pieces)) == ("x" + "y" * count, 1 + count)
    document.apply("a", "z")
    document.recount()
    assert (text.whole(), text.counted) == ("x" + "y" * count + "z", len(text.pieces))
    assert len(text.pieces) == 2
    assert document.size == len("a") + len("x" + "y" * count + "z")


@pytest.mark.parametrize("first", ["short", "long"])
def test_lengths_over_255_widen_the_log(first):
    deltas = ["x" * (3 if first == "short" else 300), "y" * 255, "z" * 256, "w"]
    document = filled(*[("a", delta) for delta in deltas])

    assert list(document.lengths) == [0, *map(len, deltas)]
    assert value(document) == {"a": "".join(deltas)}
    assert [value_at(document, version) for version in (1, 2)] == [{"a": deltas[0]}, {"a": deltas[0] + deltas[1]}]


@pytest.mark.parametrize(
    "count", [MAX_UNCOUNTED_DELTAS - 1, MAX_UNCOUNTED_DELTAS, MAX_UNCOUNTED_DELTAS + 1, 3 * MAX_UNCOUNTED_DELTAS]
)
def test_pieces_are_joined_regularly(count):
    document = filled(*[("a", "é")] * count)

    assert len(document.pieces) <= MAX_UNCOUNTED_DELTAS + 2
    assert value(document) == {"a": "é" * count}
    document.recount()
    assert document.size == 1 + 2 * count


def test_blocks_of_pieces_are_joined_too():
    document = filled(*[("a", "x" * 300)] * (2 * MAX_UNCOUNTED_DELTAS + 5))

    assert len(document.pieces) <= MAX_UNCOUNTED_DELTAS
    assert value(document) == {"a": "x" * 300 * (2 * MAX_UNCOUNTED_DELTAS + 5)}


# ---------------------------------------------------------------------------------------------------------------------
# halves of surrogate pairs

HALVES: dict[str, tuple[list[tuple[str, str | int | None]], Any, int]] = {
    "halves that meet": ([("a", "x" + HIGH), ("a", LOW + "y")], {"a": "x😀y"}, 2),
    "a half alone, onto nothing": ([("a", HIGH)], {"a": ""}, 1),
    "a half alone, then its partner": ([("a", HIGH), ("a", LOW)], {"a": "😀"}, 2),
    "a half alone onto a text": ([("a", "x"), ("a", HIGH)], {"a": "x"}, 1),
    "two high halves": ([("a", HIGH), ("a", HIGH)], {"a": "\ufffd"}, 2),
    "a delta to another field": ([("a", "x" + HIGH), ("b", 1)], {"a": "x\ufffd", "b": 1}, 3),
    "an unchanging delta elsewhere": ([("b", 1), ("a", "x" + HIGH), ("b", 1), ("a", LOW)], {"b": 1, "a": "x😀"}, 3),
    "the string is replaced": ([("a", "x" + HIGH), ("a", None)], {"a": None}, 2),
    "two strings have a pending half": (
        [("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH), ("c", 1)],
        {"a": "x\ufffd", "b": "y\ufffd", "c": 1},
        5,
    ),
    "two pending halves, one gets its partner": (
        [("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH), ("a", LOW)],
        {"a": "x😀", "b": "y\ufffd"},
        4,
    ),
    "a lone low half": ([("a", LOW)], {"a": "\ufffd"}, 1),
}


@pytest.mark.parametrize(("deltas", "expected", "version"), HALVES.values(), ids=HALVES)
def test_half_waits_for_its_partner(deltas, expected, version):
    document = filled(*deltas)

    assert value(document) == expected
    assert document.version == version


KEPT: dict[str, tuple[list[tuple[str, Any]], Any, list[int]]] = {
    "interleaved fields": ([("a", "x" + HIGH), ("b", "y"), ("a", LOW)], {"a": "x😀", "b": "y"}, [3, 3]),
    "interleaved texts that grow": (
        [("a", "x"), ("b", "y"), ("a", HIGH), ("b", "z" + HIGH), ("a", LOW), ("b", LOW)],
        {"a": "x😀", "b": "yz😀"},
        [5, 5],
    ),
    "a next member and a next item": (
        [("a", HIGH), ("b", 1), ("c[0].d", 1), ("c[1].d", 2), ("c[2].d", 3), ("a", LOW)],
        {"a": "😀", "b": 1, "c": [{"d": 1}, {"d": 2}, {"d": 3}]},
        [6, 6],
    ),
    "the half after another half": (
        [("a", HIGH), ("b", 1), ("a", HIGH), ("b", 2), ("a", LOW)],
        {"a": "\ufffd😀", "b": 2},
        [5, 5],
    ),
    "its string continues without the partner": (
        [("a", "x" + HIGH), ("b", 1), ("a", "y")],
        {"a": "x\ufffdy", "b": 1},
        [3, 3],
    ),
    "its revisited string continues without the partner": (
        [("a", "x"), ("b", "y"), ("a", "z"), ("b", "y"), ("a", HIGH), ("b", "y"), ("a", "w")],
        {"a": "xz\ufffdw", "b": "yyy"},
        [6, 6],
    ),
    "its string is replaced": ([("a", "x" + HIGH), ("b", 1), ("a", None)], {"a": None, "b": 1}, [3, 3]),
    "its container is replaced": ([("o.a", "x" + HIGH), ("b", 1), ("o", {"c": 2})], {"o": {"c": 2}, "b": 1}, [3, 3]),
    "the end": ([("a", "x" + HIGH), ("b", "y" + HIGH), ("c", 1)], {"a": "x\ufffd", "b": "y\ufffd", "c": 1}, [3, 5]),
}


@pytest.mark.parametrize(("deltas", "expected", "versions"), KEPT.values(), ids=KEPT)
def test_half_is_kept_per_string_when_out_of_order(deltas, expected, versions):
    """It waits for the string's next delta, its replacement or the end."""
    document = filled(*deltas, in_order=False)
    before = document.version
    document.close()

    assert value(document) == expected
    assert [before, document.version] == versions


def test_pending_half_keeps_fast_paths_open_when_out_of_order():
    document = filled(("a", "x" + HIGH), ("b", "y"), in_order=False)
    assert document.fast_until_version > document.version
    in_order = filled(("a", "x"), ("b", "y"), ("b", HIGH))
    assert in_order.fast_until_version == in_order.version


HALVES_AT_A_LIMIT: dict[str, tuple[dict[str, int], Deltas]] = {
    "a delta to the open text": ({"max_runs": 3}, [("a", "x" + HIGH), ("b", "y"), ("b", "z"), ("b", "w")]),
    "a half at a second text": ({"max_runs": 4}, [("a", "x" + HIGH), ("b", "y" + HIGH)]),
    "a half at the open text": ({"max_runs": 4}, [("a", "x" + HIGH), ("b", "y"), ("b", "z" + HIGH)]),
    "bytes": ({"max_document_bytes": 1 + 1 + 3 + 1 + 1 + 2}, [("a", "x" + HIGH), ("b", "y"), ("b", "z"), ("b", "w")]),
}


@pytest.mark.parametrize(("limits", "deltas"), HALVES_AT_A_LIMIT.values(), ids=HALVES_AT_A_LIMIT)
def test_pending_half_counts_as_its_repair_when_out_of_order(limits, deltas):
    """The repair takes a run and three bytes."""
    document = filled(*deltas, in_order=False, **limits)
    ((limit, bound),) = limits.items()
    document.close()
    assert {"max_runs": len(document.starts), "max_document_bytes": document.size}[limit] == bound
    with pytest.raises(LimitExceededError):
        filled(*deltas, in_order=False, **{limit: bound - 1})


def test_repair_precedes_a_change_and_at_close_is_the_change():
    document = filled(("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH))
    assert document.close() is True

    assert value(document) == {"a": "x\ufffd", "b": "y\ufffd"}
    assert (document.version, document.event_ranges) == (4, [(3, 4)])


@pytest.mark.parametrize("at", ["a", "a.b", ""])
def test_half_is_discarded_with_its_container(at):
    document = filled(("a.b.c", "x" + HIGH), (at, None))

    assert not document.event_ranges
    assert document.pending_surrogates == {}


def test_refused_delta_keeps_a_pending_half():
    document = filled(("a", "x" + HIGH), max_nodes=2)
    for path, delta in (("b", 1), ("b", [1]), ("a", 1), ("c", "x" * 100)):
        with pytest.raises(StreamJSONError):
            document.apply(path, delta)
    document.apply("a", LOW)

    assert value(document) == {"a": "x😀"}


def test_subclass_of_str_becomes_plain_text():
    class Name(str):
        __slots__ = ()

    document = filled(
        ("a", Name("é")), ("a", Name("é")), ("b", 1), ("a", Name("x")), ("a", Name(HIGH)), ("a", Name(LOW))
    )
    assert value(document) == {"a": "ééx😀", "b": 1}
    assert type(value(document)["a"]) is str


# ---------------------------------------------------------------------------------------------------------------------
# limits


def accepted(deltas: Deltas, **limits: int | None) -> tuple[int, str | None]:
    """Return the number of deltas accepted before the first refusal, and the limit that refused."""
    document = Document(Limits(**limits))
    for count, (path, delta) in enumerate(deltas):
        before = state_of_counts(document)
        try:
            document.apply(path, delta)
        except LimitExceededError as error:
            assert state_of_counts(document) == before
            return count, error.limit
    return -1, None


def state_of_counts(document: Document) -> Any:
    return document.version, document.node_count, len(document.starts), len(document.lengths)


EXACT_LIMITS: dict[str, tuple[str, int, Deltas, int]] = {
    "one text, small deltas": ("max_string_bytes", 5000, [("a", "abcd")] * 2000, 1250),
    "one text, not ASCII": ("max_string_bytes", 5000, [("a", "é")] * 3000, 2500),
    "one text, wide": ("max_string_bytes", 100_000, [("a", "😀" * 200)] * 200, 125),
    "one text, as wide as an uncounted piece may be": ("max_string_bytes", 100_000, [("a", "😀" * 63)] * 500, 396),
    "the document, by wide texts": ("max_document_bytes", 100_002, [("a", "漢" * 250), ("b", "漢" * 250)] * 99, 133),
    "one text, nearly full at once": ("max_string_bytes", 5000, [("a", "x" * 4999), ("a", "y"), ("a", "z")], 2),
    "one text, deltas of 255": ("max_string_bytes", 255, [("a", "x" * 255), ("a", "y" * 255)], 1),
    "one text, full from the start": ("max_string_bytes", 510, [("a", "x" * 510), *[("a", "y")] * 9], 1),
    "interleaved texts": ("max_string_bytes", 3000, [("a", "abc"), ("b", "abc")] * 3000, 2000),
    "a text followed by others": (
        "max_string_bytes",
        300_000,
        [("p.a", "x" * 299_999), ("p.b", "y"), ("p.c", "y"), ("p.a", "y"), ("p.b", "y"), ("p.a", "y")],
        5,
    ),
    "a text in a container": ("max_string_bytes", 1000, [("a", ["x" * 1000]), ("a[0]", "y")], 1),
    "a half": ("max_string_bytes", 10, [("a", "x" * 7), ("a", HIGH), ("a", LOW), ("a", "y")], 2),
    "the document, by a text": ("max_document_bytes", 5001, [("a", "abcd")] * 3000, 1250),
    "the document, by a long text": ("max_document_bytes", 5001, [("a", "x" * 5000), ("a", "y")], 1),
    "the document, by members": (
        "max_document_bytes",
        5003,
        [("p", {}), *[(f"p.n{number:03}", number) for number in range(900)]],
        1 + (5003 - 1) // 12,
    ),
    "the document, by rows": (
        "max_document_bytes",
        4 + 9000,
        [(f"rows[{number}].{name}", "x" * 10) for number in range(3000) for name in ("aé", "bcdef")],
        2 * (9000 // 28) + (9000 % 28 >= 13),  # names and texts of 3 + 10 and 5 + 10 bytes in a row
    ),
    "the document, by items": ("max_document_bytes", 8004, [(f"a[{number}]", number) for number in range(2000)], 1000),
    "nodes, by items": ("max_nodes", 2000, [(f"a[{number}]", number) for number in range(3000)], 1998),
    "nodes, by texts": ("max_nodes", 2000, [(f"a[{number}]", "x") for number in range(3000)], 1998),
    "nodes, by rows": ("max_nodes", 2000, [(f"a[{n}].{name}", n) for n in range(999) for name in "xyz"], 1498),
    "items one by one": ("max_array_length", 1500, [(f"a[{number}]", None) for number in range(2000)], 1500),
    "items of items": ("max_array_length", 3, [(f"a[{number}].b", 1) for number in range(9)], 3),
    "a gap": ("max_array_gap", 5, [("a[5]", 1), ("a[11]", 1), ("a[18]", 1)], 2),
    "a name": ("max_key_bytes", 4, [("é", 1), ("éé", 1), ("x.éé", 1), ("y.abcde", 1)], 3),
    "digits": ("max_number_digits", 2, [("a", 1), ("a", 99), ("a", -99), ("b", 100)], 3),
}


@pytest.mark.parametrize(("limit", "bound", "deltas", "count"), EXACT_LIMITS.values(), ids=EXACT_LIMITS)
def test_limit_is_exact_on_every_path(limit, bound, deltas, count):
    assert accepted(deltas, **{limit: bound}) == (count, limit)


@pytest.mark.parametrize("limit", ["max_string_bytes", "max_document_bytes", "max_nodes"])
def test_limit_is_exact_for_any_bound(limit):
    """The fast path's budget never exceeds what is left; the bounds lie around the sizes of the deltas."""
    for bound in (
        1,
        9,
        MAX_FAST_BYTES - 1,
        MAX_FAST_BYTES,
        MAX_FAST_BYTES + 1,
        2 * MAX_FAST_BYTES,
        2 * MAX_FAST_BYTES + 1,
        MAX_UNCOUNTED_DELTAS,
        MAX_UNCOUNTED_DELTAS + 1,
        4 * MAX_FAST_BYTES,
    ):
        for piece in ("x", "x" * 7, "x" * MAX_FAST_BYTES, "x" * (MAX_FAST_BYTES + 1)):
            document = Document(Limits(**{limit: bound}))
            for number in range(40):
                try:
                    document.apply(f"a[{number // 2}]", piece)
                except LimitExceededError:
                    continue
            items = value(document)["a"] if document.version else []
            met = {
                "max_string_bytes": max(map(len, items), default=0),
                "max_document_bytes": sum(map(len, items)) + bool(items),
                "max_nodes": len(items) + 2 * bool(items),
            }
            assert met[limit] <= bound


def test_size_counts_everything_received():
    document = filled(
        ("p[0].naïve", "x"), ("p[0].a", 1), ("p[1].naïve", "é"), ("p[1].a", 2), ("p[1].a", 3), ("p[3]", {"b": [True]})
    )
    document.recount()

    # The names p, naïve, a, naïve, a and b; texts of 1 and 2 bytes; four scalars; the hole p[2].
    assert document.size == 1 + 6 + 1 + 6 + 1 + 1 + 1 + 2 + 4 * 8 + 8
    # The root, p, its three objects and its hole; two texts; true and its array; 1, 2 and 3.
    assert document.node_count == 13


# ---------------------------------------------------------------------------------------------------------------------
# the fast paths do what the careful path does

NAMES = ["a", "b", "naïve", "first name"]
PATHS = st.one_of(
    st.sampled_from(["a", "b", "$.a", "rows", "", "naïve"]),
    st.builds(lambda row, name: f"rows[{row}].{name}", st.integers(0, 3), st.sampled_from(NAMES)),
    st.builds(lambda row, cell: f"rows[{row}][{cell}]", st.integers(0, 2), st.integers(0, 3)),
    st.builds(lambda item: f"list[{item}]", st.integers(0, 5)),
    st.sampled_from([Path(("a",)), Path(("rows", 0, "a"))]),
)
PIECES = st.sampled_from(
    ["x", "yz", "", "é", "x" * 255, "x" * 256, "é" * 63, "é" * 64, "x" + HIGH, HIGH, LOW, LOW + "y", "😀"]
)
DELTAS = PIECES | st.sampled_from(
    [None, True, False, 0, 1, 1.5, -7, 10**17, 10**18, 10**30, float("nan"), {}, [], {"a": "x"}, [1, "x"], MISSING]
)
LIMITS = st.sampled_from(
    [
        {},
        {"max_string_bytes": 300_000},
        {"max_string_bytes": 20},
        {"max_string_bytes": 600, "max_document_bytes": 1200},
        {"max_nodes": 12, "max_array_length": 3},
        {"max_runs": 7},
        {"max_runs": 9, "max_document_bytes": 40},
        {"max_depth": 2, "max_path_bytes": 20, "max_number_digits": 3, "max_key_bytes": 5},
        dict.fromkeys(("max_string_bytes", "max_document_bytes", "max_nodes", "max_depth", "max_path_bytes")),
    ]
)


FAST_PATHS: dict[str, list[tuple[str, Any]]] = {
    "an object of known names in an object": [("o.a", 1), ("o.b", 1), ("p.c", 1), ("p.a.b", 2), ("p.a.c", "x")],
    "an object of known names in an array": [("o.b", 1), ("a[0]", 1), ("a[1].b", 2), ("a[2].b", "x"), ("a[2].b", "y")],
    "names whose sum is long": [("o." + "k" * 250, 1), ("p.c", 1), ("p." + "k" * 250, 2)],
    "a long piece onto a revisited text": [("a", "x"), ("b", "x"), ("a", "y"), ("b", "y"), ("a", "z" * 300)],
    "a number onto a revisited text": [("a", "x"), ("b", "x"), ("a", "y"), ("b", "y"), ("a", 1)],
    "one text by two spellings": [("a.b", "x"), ("c", 1), ("a.b", "y"), ("$.a.b", "z"), ("a.b", "w"), ("$.a.b", "v")],
    "texts that are left while they are open": [("a", "x"), ("b", "x"), *[("a", "y"), ("b", "y")] * 3, ("a", "z")],
    "a text revisited while another one is in its first run": [
        ("a", "x"),
        ("b", "x"),
        ("a", "y"),
        ("b", "y"),
        ("a", "z"),
        ("c", "x"),
        ("c", "y"),
        ("a", "w"),
        ("c", "z"),
    ],
    "the next row while the last text grows": [("r[0].a", "x"), ("r[0].a", "y"), ("r[1].a", "x"), ("r[1].a", "y")],
    "wide pieces of an open text": [("a", "x"), ("a", "y"), ("a", "é" * 64), ("a", "\xa0"), ("a", "é" * 127)],
    "a number where a text could be": [("a.b", "x"), ("a.c", 10**20), ("a[0]", 1), ("a.d", float("inf"))],
}


@pytest.mark.parametrize("deltas", FAST_PATHS.values(), ids=FAST_PATHS)
def test_fast_path_does_what_the_careful_path_does(deltas):
    assert_same_on_both_paths(deltas, {}, replace=False)


SCRIPTS: dict[str, list[str]] = {
    "Chinese, Japanese and Korean": ["漢字", "かな", "한국어", "。", "𠮷"],
    "emoji": ["😀", "👍🏽", "❤\ufe0f", "🇸🇪"],
    "a family, joined": ["👨", "\u200d", "👩", "\u200d", "👧"],
    "combining characters": ["e", "\u0301", "o\u0308", "\u0327", "ﷺ"],
    "whitespace that is not printable": ["10\xa0000", "\u3000", "\u2028", "\u200b", "x"],
    "controls": ["a\tb", "\n", "\x00", "\x7f", "\x85"],
    "right to left": ["שלום", "\u200f", "مرحبا"],
    "as wide as a short piece may be": ["é" * 63, "😀" * 63, "\u200d" * 63, "é"],
    "wider than that": ["é" * 64, "é" * 127, "漢" * 85, "😀" * 64, "\u200d" * 64, "é" * 128],
    "after a long piece": ["é" * 300, "漢", "😀" * 300, "\u200d"],
    "not assigned, and for private use": ["\u0378", "\ue000", "\U0010ffff", "\ufffd"],
}


@pytest.mark.parametrize("is_exact", [False, True], ids=["far from the limits", "to the last byte"])
@pytest.mark.parametrize("pieces", SCRIPTS.values(), ids=SCRIPTS)
def test_text_of_any_script_is_counted_in_characters_and_bytes(pieces, *, is_exact):
    deltas = [("b", 1), ("a", "x"), *[("a", piece) for piece in pieces * 2]]
    whole = "x" + "".join(pieces * 2)
    size = len(whole.encode())
    limits = {"max_string_bytes": size, "max_document_bytes": 1 + 8 + 1 + size} if is_exact else {}

    document = filled(*deltas, **limits)
    shown = [value_at(document, version)["a"] for version in range(2, document.version + 1)]
    assert shown == ["x" + "".join((pieces * 2)[:count]) for count in range(2 * len(pieces) + 1)]
    document.recount()
    assert document.size == 1 + 8 + 1 + size
    assert_same_on_both_paths([*deltas, ("a", "é")], limits, replace=False)
    if is_exact:
        with pytest.raises(LimitExceededError):
            document.apply("a", "x")


@given(
    deltas=st.lists(
        st.tuples(
            st.sampled_from(["a", "a", "a", "b"]),
            st.sampled_from([piece for pieces in SCRIPTS.values() for piece in pieces])
            | st.text(st.characters(), max_size=5),  # halves of surrogate pairs too
        ),
        max_size=30,
    ),
    limits=st.sampled_from([{}, {"max_string_bytes": 300, "max_document_bytes": 500}]),
)
def test_fast_paths_agree_with_the_careful_path_for_any_script(deltas: list[Any], limits: Any) -> None:
    assert_same_on_both_paths(deltas, limits, replace=False)


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[Any, Any]]:
    """Return entries of which many consecutive ones have the same location."""
    found: list[tuple[Any, Any]] = []
    for path, several in draw(
        st.lists(st.tuples(PATHS, st.lists(entries(DELTAS), min_size=1, max_size=4)), max_size=20)
    ):
        found += [(path, entry) for entry in several]
    return found


def outcome_of(document: Document, path: Any, entry: Any) -> Any:
    try:
        kind = apply_entry(document, path, entry)
    except StreamJSONError as error:
        return type(error), error.code, str(error)
    return kind, document.version, repr(document.delta) if kind else None


@given(stream=runs(), limits=LIMITS, replace=st.booleans(), in_order=st.booleans())
def test_fast_paths_agree_with_the_careful_path_for_any_stream(
    stream: list[Any], limits: Any, *, replace: bool, in_order: bool
) -> None:
    assert_same_on_both_paths(stream, limits, replace=replace, in_order=in_order)


def assert_same_on_both_paths(stream: list[Any], limits: Any, *, replace: bool, in_order: bool = True) -> None:
    hot, careful = (Document(Limits(**limits), replace=replace, in_order=in_order) for _ in range(2))
    for path, entry in stream:
        # With no budget ahead, every delta takes the careful path.
        careful.fast_until_version = careful.version
        assert outcome_of(hot, path, entry) == outcome_of(careful, path, entry)
    assert state(hot) == state(careful)
    hot.close()
    careful.close()
    assert state(hot) == state(careful)
    assert repr(value(hot)) == repr(value(careful))


@given(stream=runs(), limits=LIMITS, replace=st.booleans(), in_order=st.booleans())
def test_counts_equal_a_recount(stream: list[Any], limits: Any, *, replace: bool, in_order: bool) -> None:
    document = Document(Limits(**limits), replace=replace, in_order=in_order)
    for path, entry in stream:
        outcome_of(document, path, entry)
    document.close()

    assert (document.node_count, document.size) == counted(document.root_slot)
    # Repairs at the end stay within the limits, too.
    assert len(document.starts) <= (limits.get("max_runs") or sys.maxsize)
    assert document.size <= (limits.get("max_document_bytes") or sys.maxsize)


def counted(node: Node) -> tuple[int, int]:
    """Count all values and bytes under a container, including replaced ones."""
    slots = list(node.entries.items() if node.is_object else enumerate(node.entries))
    size = sum(len(name.encode()) for name, _ in slots) if node.is_object else 0
    count = 0
    olds = [old for history in (node.history or {}).values() for _, old in history if old is not HOLE]
    filled_holes = sum(old is HOLE for history in (node.history or {}).values() for _, old in history)
    for thing in [thing for _, thing in slots] + olds + [HOLE] * filled_holes:
        count += 1
        if type(thing) is Node:
            more_nodes, more_size = counted(thing)
            count, size = count + more_nodes, size + more_size
        elif type(thing) is Text:
            size += len("".join(thing.pieces).encode())
        elif isinstance(thing, str):
            size += len(thing.encode())
        else:
            size += max(8, (thing.bit_length() + 7) // 8) if type(thing) is int else 8
    return count, size


# ---------------------------------------------------------------------------------------------------------------------
# runs


@pytest.mark.parametrize("most", [5, 6, 10, 3000])
@pytest.mark.parametrize(
    "delta", ["x", "é", HIGH + LOW, "x" + HIGH], ids=["ascii", "wide", "a pair", "a half at its end"]
)
def test_revisits_of_texts_are_bounded(most, delta):
    """Revisits of one character each would take a hundred times their size."""
    document = Document(Limits(max_runs=most))
    in_turn = (document.apply("ab"[number % 2], delta) for number in range(most + 2))
    with pytest.raises(LimitExceededError) as caught:
        list(in_turn)
    assert (caught.value.limit, caught.value.met) == ("max_runs", most + 1)
    version = document.version
    assert most - 2 <= len(document.starts) <= most
    if delta == "x" + HIGH:
        return
    assert len(document.starts) == version == most
    for _ in range(5):  # the open text may still grow
        assert document.apply("ba"[most % 2], "y") == "append"
    with pytest.raises(LimitExceededError):
        document.apply("ab"[most % 2], "z")
    with pytest.raises(LimitExceededError):
        document.apply("c", 1)
    assert document.version == version + 5


def test_document_in_order_has_one_run_per_field():
    document = Document(Limits(max_runs=99))
    for number in range(99):
        for _ in range(50):
            document.apply(f"field{number}", "x")
    assert len(value_at(document, document.version)) == 99


def test_refused_append_does_not_open_a_string():
    """An open string takes ten times the memory, which no limit counts."""
    document = Document(Limits(max_document_bytes=4))
    document.apply("a", "x")
    document.apply("c", "y")
    with pytest.raises(LimitExceededError):
        document.apply("a", "z")
    assert type(document.root_slot.entries[0].entries["a"]) is str


# ---------------------------------------------------------------------------------------------------------------------
# interrupts; test_interrupts.py interrupts each instruction


class Interrupt(BaseException):
    """The exception that a signal handler raises."""


class BreakingLengths(bytearray):
    """Lengths that raise an interrupt at the next write, which is the first write of an event."""

    def append(self, length: object) -> None:
        super().append(length)  # type: ignore[arg-type]
        raise Interrupt


INTERRUPTED: dict[str, tuple[Deltas, Any, Any]] = {
    "an open text": ([("a", "x"), ("a", "y")], "a", "z"),
    "a wide piece of an open text": ([("a", "x"), ("a", "y")], "a", "漢" * 80),
    "a next member": ([("a", "x")], "b", 1),
    "a next item": ([("a[0]", 1)], "a[1]", 2),
    "a first member of a next item": ([("a[0].b", 1)], "a[1].b", 2),
    "a revisited text": ([("a", "x"), ("b", "x"), ("a", "y"), ("b", "y")], "a", "z"),
    "a long piece": ([("a", "x"), ("b", 1)], "a", "漢" * 100),
    "the other half": ([("a", "x" + HIGH)], "a", LOW),
    "a repair": ([("a", "x" + HIGH)], "b", "y"),
    "a set": ([("a", "x")], "a", {"b": 1}),
}


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize(("before", "path", "delta"), INTERRUPTED.values(), ids=INTERRUPTED)
def test_interrupt_before_the_write_keeps_the_version_and_tears(before, path, delta, *, in_order):
    document = filled(*before, in_order=in_order, replace=True)
    expected, version, halves = value(document), document.version, dict(document.pending_surrogates)
    document.lengths = BreakingLengths(document.lengths)
    with pytest.raises(Interrupt):
        document.apply(path, delta)

    assert (document.version, value(document), document.pending_surrogates) == (version, expected, halves)
    with pytest.raises(ClosedError, match="an interrupt has broken off an event") as caught:
        document.apply(path, delta)
    assert caught.value.code == "torn"


INTERRUPTED_LATE: dict[str, tuple[Deltas, Any, Any]] = {
    "a long piece": ([("a", "x"), ("a", "y")], "a", "z" * 300),
    "a repair": ([("a", "x" + HIGH)], "b", "y" * 300),
    "a half": ([("a", "x"), ("a", "y")], "a", "z" * 300 + HIGH),
    "a set": ([("a", "x")], "b", {"c": [1, 2]}),
    "a set that replaces a half": ([("a", "x" + HIGH), ("b", "y")], "a", "z" + HIGH),
}


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize(("before", "path", "delta"), INTERRUPTED_LATE.values(), ids=INTERRUPTED_LATE)
def test_interrupt_while_counting_keeps_the_applied_delta(before, path, delta, *, in_order):
    document = filled(*before, in_order=in_order, replace=True)
    twin = filled(*before, (path, delta), in_order=in_order, replace=True)

    class Late(Document):
        """A document that is interrupted when it sets the budget of the fast paths, once the delta is written."""

        __slots__ = ()

        def set_budget(self) -> None:
            if self.version == twin.version:
                raise Interrupt
            super().set_budget()

    document.__class__ = Late
    with pytest.raises(Interrupt):
        document.apply(path, delta)

    assert (document.version, value(document)) == (twin.version, value(twin))
    waiting = [
        [(path_to_slot(one.root_slot, node, key), half) for node, key, half in one.pending_surrogates.values()]
        for one in (document, twin)
    ]
    assert waiting[0] == waiting[1]
    assert (document.torn, document.closed) == (True, True)


def test_interrupt_before_the_repairs_of_close_keeps_the_halves():
    document = filled(("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH))
    document.lengths = BreakingLengths(document.lengths)
    with pytest.raises(Interrupt):
        document.close()

    assert (document.torn, document.version, len(document.pending_surrogates)) == (True, 2, 2)
    assert value(document) == {"a": "x", "b": "y"}
    assert document.close() is False


def test_interrupt_after_the_repairs_of_close_leaves_it_closed():
    class Breaking(Document):
        __slots__ = ("was_interrupted",)

        def freeze(self) -> None:
            if not hasattr(self, "was_interrupted"):
                self.was_interrupted = True
                raise Interrupt
            super().freeze()

    document = Breaking(Limits())
    document.apply("a", "x" + HIGH)
    with pytest.raises(Interrupt):
        document.close()

    assert (document.torn, document.closed, value(document)) == (False, True, {"a": "x\ufffd"})
    with pytest.raises(ClosedError) as caught:
        document.apply("a", "y")
    assert caught.value.code == "closed"


def test_pending_half_is_recognised_by_identity():
    document = filled(("a", "x"), ("b", "y"))
    half, other = json.loads('["\\ud83d", "\\ud83d"]')
    version = document.version
    assert document.apply("a", half) is None

    assert (
        document.version,
        document.pending_surrogates.is_from(half),
        document.pending_surrogates.is_from(other),
    ) == (version, True, False)


def test_repair_of_a_half_at_the_end_has_a_run_of_its_own():
    deltas = [("a", HIGH), ("b", "q" + HIGH), ("a", "q" + HIGH)]
    document = filled(*deltas, in_order=False)
    document.close()
    runs = len(document.starts)

    filled(*deltas, in_order=False, max_runs=runs)
    with pytest.raises(LimitExceededError):
        filled(*deltas, in_order=False, max_runs=runs - 1)
