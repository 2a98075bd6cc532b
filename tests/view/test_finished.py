"""Which values are finished, compared with the definition: a model that examines all values at each change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, strategies as st

import streamjson as sj
from naive_model import ConflictError, NaiveCompletions, NaiveDocument, finished_order
from streamjson._document.document import Document
from streamjson._document.tree import path_to_slot
from streamjson._limits import Limits
from streamjson._paths.automaton import Matcher
from streamjson._paths.pattern import compile_pattern
from streamjson._view.finished import finished_by, interleaved_since, is_finished, is_there, lost, take_up, unfinished
from streamjson._view.selection import PatternCursor
from test_properties import SEEDS, VALUES, WILD_STREAMS, cut, interleave
from verbs import apply_entry

Stream = list[tuple[Any, Any]]

ALL = Matcher([(compile_pattern("$"), None), (compile_pattern("$..*"), None)])


def built(stream: Stream, *, replace: bool = False, in_order: bool = True) -> tuple[Document, NaiveDocument]:
    """Apply a stream to the document and to the model; both must refuse the same entries."""
    document = Document(Limits(), replace=replace, in_order=in_order)
    naive = NaiveDocument(replace=replace, in_order=in_order)
    for place, entry in stream:
        path = sj.parse_path(place) if isinstance(place, str) else sj.Path(place)
        try:
            apply_entry(naive, tuple(path), entry)
        except ConflictError:
            with pytest.raises(sj.ConflictError):
                apply_entry(document, path, entry)
        else:
            apply_entry(document, path, entry)
    naive.close()
    document.close()
    return document, naive


def reported_in_order(document: Document) -> list[tuple[tuple[Any, ...], int]]:
    """Return the locations that `finished_by` yields, run by run, each with its version."""
    along = PatternCursor(ALL)
    returned = interleaved_since(document)
    reported = []
    for run in range(1, len(document.starts)):
        if returned is None or document.starts[run] < returned:
            found = finished_by(document, run, along)
            reported += [(path_to_slot(document.root_slot, *slot[:2])[1:], document.starts[run] - 1) for slot in found]
    return reported


def places(document: Document, found: Any) -> list[tuple[Any, ...]]:
    return [path_to_slot(document.root_slot, node, key)[1:] for node, key, _ in found]


def check(document: Document, naive: NaiveDocument, *, in_order: bool = True) -> None:
    model = NaiveCompletions(naive, in_order=in_order)
    assert reported_in_order(document) == [(place, version) for place, version, _ in model.reported]
    for version, finished in enumerate(model.finished_at):
        for place in finished_order(naive.holders[version][0]):
            assert is_finished(document, (0, *place), version) is (place in finished), (place, version)
    reported = {place for place, _, _ in model.reported}
    last = finished_order(naive.holders[-1][0])
    assert places(document, unfinished(document, PatternCursor(ALL))) == [
        one for one in last if one not in model.finished
    ]
    assert set(places(document, lost(document, PatternCursor(ALL)))) == reported - set(last)


@given(WILD_STREAMS, st.booleans(), st.booleans())
@example([(("a",), [[None]]), (("a", 0, "a"), [])], True, True)  # a value replaced on the way is not finished
@example([(("a",), {"b": 1}), (("a", "a"), 1), (("a",), {}), (("b",), 1)], False, True)  # b is lost
@example([(("a", 1), 1), (("a", 0), 1), (("a", 0), 2)], False, True)  # a hole was not finished
def test_finished_values_agree_with_the_definition(stream: Stream, replace: bool, in_order: bool) -> None:
    check(*built(stream, replace=replace, in_order=in_order), in_order=in_order)


@given(VALUES, SEEDS)
def test_stream_in_document_order_finishes_values_in_order(value: Any, chance: Any) -> None:
    document, naive = built(cut(value, chance))

    assert interleaved_since(document) is None
    reported = [place for place, _ in reported_in_order(document)]
    assert reported + places(document, unfinished(document, PatternCursor(ALL))) == finished_order(naive.holders[-1][0])


@given(VALUES, SEEDS)
def test_interleaved_fields_are_finished_at_the_end(value: Any, chance: Any) -> None:
    check(*built(interleave(cut(value, chance), chance)))


@given(WILD_STREAMS, st.lists(st.integers(0, 30)))
def test_time_of_asking_makes_no_difference(stream: Stream, moments: list[int]) -> None:
    early = Document(Limits())
    for number, (place, entry) in enumerate(stream):
        try:
            apply_entry(early, sj.Path(place), entry)
        except sj.ConflictError:
            continue
        if number in moments:
            interleaved_since(early)
            is_finished(early, (0, "a"), early.version)
    late, naive = built(stream)
    early.close()

    assert interleaved_since(early) == interleaved_since(late)
    for version in range(len(naive.values)):
        for place in finished_order(naive.holders[version][0]):
            assert is_finished(early, (0, *place), version) is is_finished(late, (0, *place), version)


def test_empty_document_has_nothing_to_finish() -> None:
    document = Document(Limits())

    assert interleaved_since(document) is None
    assert not is_finished(document, (0,), 0)
    assert places(document, unfinished(document, PatternCursor(ALL))) == []
    assert places(document, lost(document, PatternCursor(ALL))) == []


@pytest.mark.parametrize(
    ("stream", "returned"),
    [
        pytest.param([("a", "x"), ("b", "x"), ("c", "x")], None, id="one field after the other"),
        pytest.param([("a", "x"), ("b", "x"), ("a", "y")], 3, id="back to a text"),
        pytest.param([("a.b", 1), ("c", 1), ("a.d", 1)], 3, id="back to an object"),
        pytest.param([("a[0].b", 1), ("a[1].b", 1), ("a[0].c", 1)], 3, id="back to an item"),
        pytest.param([("a[2]", 1), ("a[0]", 1), ("a[1]", 1)], None, id="filling holes"),
        pytest.param([("n", 1), ("n", 12), ("n", 123)], None, id="a number that grows"),
        pytest.param([("a", None), ("a.b", 1)], None, id="through a null that is open"),
        pytest.param([("a", None), ("b", 1), ("a.b", 1)], 3, id="through a null that is finished"),
        pytest.param([("a.b", 1), ("a", {"b": 2})], None, id="an object set again, without a finished part"),
        pytest.param([("a.b", 1), ("a.c", 1), ("a", {"b": 2})], 3, id="an object set again, with a finished part"),
        pytest.param([("a", {"b": "", "c": ""}), ("a.b", "x")], None, id="into an object set whole"),
        pytest.param([("a", {"b": "", "c": ""}), ("a.b", "x"), ("a.c", "y")], 3, id="back to its second part"),
        pytest.param([("a.b.c", 1), ("a.b", None)], None, id="null over an open value"),
        pytest.param([("a.b.c.d", 1), ("a.b", None)], None, id="null over a deep open value"),
    ],
)
def test_first_return_is_found(stream: Stream, returned: int | None) -> None:
    document, naive = built(stream)

    assert interleaved_since(document) == returned
    check(document, naive)


def test_hole_or_absent_location_is_never_finished() -> None:
    document, _ = built([("a[1]", 1), ("b", 1)])

    assert is_there(document, (0, "a", 1), 2)
    assert not is_there(document, (0, "a", 0), 2)
    assert not is_there(document, (0, "c"), 2)
    assert [is_finished(document, (0, *path), 2) for path in [("a", 1), ("a", 0), ("c",), ("a",)]] == [
        True, False, False, True
    ]  # fmt: skip


def test_restored_document_knows_the_first_return():
    document, _ = built([("a", "x"), ("b", 1), ("c", 1)])
    take_up(document, 3)

    assert interleaved_since(document) == 3
    assert [is_finished(document, (0, name), 3) for name in "abc"] == [True, False, False]


def test_only_matching_locations_are_reported() -> None:
    names = PatternCursor(Matcher([(compile_pattern("$..name"), None)]))
    document, _ = built([("people[0].name", "Jane"), ("people[1].name", "John"), ("total", 2)])

    assert [places(document, finished_by(document, run, names)) for run in (1, 2)] == [
        [("people", 0, "name")], [("people", 1, "name")]
    ]  # fmt: skip
    assert places(document, unfinished(document, names)) == []
