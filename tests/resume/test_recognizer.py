"""What both recognizers share: the spans, the checks of a checkpoint's members, and the error of a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from streamjson._errors import CODES
from streamjson._resume.by_ids import IdRecognizer
from streamjson._resume.digests import Digests, digest_of_span
from streamjson._resume.event_summary import EventSummary
from streamjson._resume.from_start import StartRecognizer
from streamjson._resume.recognizer import (
    Recognizer,
    Spans,
    check_member,
    is_count,
    load_rejected,
    load_spans,
    refusal_error,
)


def delta(id: str, content: int) -> EventSummary:
    return EventSummary("delta", id, content=content)


@pytest.mark.parametrize("cls", [IdRecognizer, StartRecognizer], ids=["by ids", "from the start"])
def test_both_recognizers_have_one_interface(cls: type[Recognizer]) -> None:
    recognizer = cls()
    recognizer.record_applied(delta("1", 1))
    recognizer.record_rejected(delta("2", 2))
    recognizer.record_applied(delta("3", 3))
    assert (recognizer.count, recognizer.replaying) == (3, False)
    recognizer.start_connection()
    assert recognizer.replaying
    assert [recognizer.is_replay(delta(str(number), number)) for number in (1, 2, 3)] == [True] * 3

    restored = cls()
    restored.load({"span_id": None, **recognizer.members()})
    assert restored.members() == recognizer.members()


def test_a_span_is_current_or_ended_or_new() -> None:
    spans = Spans()
    assert not spans.is_other("1")
    assert (spans.enter(None), spans.enter("1"), spans.enter("1"), spans.enter("2")) == (False, True, False, True)
    rows = {span: (spans.is_other(span), spans.has_ended(span), spans.is_new(span)) for span in ("1", "2", "3", None)}
    assert rows == {
        "1": (True, True, False),
        "2": (False, False, False),
        "3": (True, False, True),
        None: (False, False, False),
    }
    assert sorted(spans.ended()) == [digest_of_span("1")]


def test_a_span_may_be_added_without_being_entered() -> None:
    spans = Spans()
    spans.add(None)
    assert list(spans.ended()) == []
    spans.add("1")
    spans.enter("2")
    assert spans.has_ended("1")


@pytest.mark.parametrize("current", [None, "2"])
def test_spans_are_loaded_from_a_checkpoint(current: str | None) -> None:
    ended = [] if current is None else [digest_of_span("1")]
    spans = load_spans({"span_id": current, "ended_spans": Digests(ended).pack()})
    assert (spans.current, list(spans.ended())) == (current, ended)


def test_a_checkpoint_of_an_earlier_version_has_no_ended_spans() -> None:
    assert list(load_spans({"span_id": "1"}).ended()) == []


@pytest.mark.parametrize(
    "members",
    [{"span_id": 1}, {"span_id": ["1"]}],
    ids=["a number", "an array"],
)
def test_spans_that_no_filter_has_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="invalid value for member 'span_id'"):
        load_spans(members)


def test_rejected_events_are_digests() -> None:
    assert load_rejected({"rejected": [1, 2**64 - 1]}) == [1, 2**64 - 1]
    for rejected in (None, "1", [0], [2**64], ["1"]):
        with pytest.raises(ValueError, match="invalid value for member 'rejected'"):
            load_rejected({"rejected": rejected})


def test_a_member_is_checked() -> None:
    check_member(True, "count")
    with pytest.raises(ValueError, match="invalid value for member 'count'"):
        check_member(False, "count")


@pytest.mark.parametrize(("value", "expected"), [(0, True), (5, True), (-1, False), (True, False), (1.0, False)])
def test_a_count_is_an_integer_of_at_least_zero(value: object, *, expected: bool) -> None:
    assert is_count(value) is expected


def test_a_refusal_has_its_code_and_its_detail() -> None:
    error = refusal_error("other_replay", "after 1 of 2 events")
    assert error.code == "other_replay"
    assert str(error) == f"{CODES['other_replay']} (after 1 of 2 events); start over"
    assert str(refusal_error("no_id")) == f"{CODES['no_id']}; start over"
