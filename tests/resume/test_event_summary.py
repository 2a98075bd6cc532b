"""What a recognizer needs to know about an event: its kind, its id, its span and a digest of its content."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import streamjson as sj
from replay_events import IGNORED, NO_IDS, OWN_IDS, UNREADABLE, WITHOUT_DELTAS, Event, in_span, sent
from streamjson._dialects import Chunks
from streamjson._resume.digests import digest_of_span, digest_with_id
from streamjson._resume.event_summary import EventSummary, summarize

LIMITS = sj.Limits()


@pytest.mark.parametrize("event", OWN_IDS.values(), ids=OWN_IDS)
def test_an_event_with_a_delta_has_the_id_that_it_carries(event: Event) -> None:
    summary = summarize(event, Chunks(LIMITS))
    assert summary is not None
    assert (summary.kind, summary.id, summary.span_id) == ("delta", "1", None)
    assert summary.digest() == digest_with_id("1", summary.content)


@pytest.mark.parametrize("event", NO_IDS.values(), ids=NO_IDS)
def test_a_last_event_id_is_not_an_id(event: Event) -> None:
    summary = summarize(event, Chunks(LIMITS))
    assert summary is not None
    assert (summary.kind, summary.id) == ("delta", "")


@pytest.mark.parametrize("event", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_event_has_an_id_and_a_content(event: Event) -> None:
    summary = summarize(event, Chunks(LIMITS))
    assert summary is not None
    assert (summary.kind, summary.id, summary.span_id) == ("unreadable", "bad", None)
    assert summary.content


@pytest.mark.parametrize("event", IGNORED.values(), ids=IGNORED)
def test_an_ignored_event_has_an_id_and_a_content(event: Event) -> None:
    summary = summarize(event, Chunks(LIMITS))
    assert summary is not None
    assert (summary.kind, summary.id, summary.span_id) == ("ignored", event.id or "", None)
    assert summary.content


def test_without_a_delta_only_a_span_event_has_a_summary() -> None:
    summaries = {name: summarize(event, Chunks(LIMITS)) for name, event in WITHOUT_DELTAS.items()}
    assert summaries.pop("a span") == EventSummary("span", "1", "7", digest_of_span("7"))
    assert [name for name, summary in summaries.items() if summary is not None] == []


def test_a_delta_may_name_its_span() -> None:
    summary = summarize(in_span("7", "1", "x"), Chunks(LIMITS))
    assert summary is not None
    assert (summary.kind, summary.span_id) == ("delta", "7")


def test_the_end_has_a_kind_of_its_own() -> None:
    assert summarize(sj.ServerSentEvent("[DONE]", id="1"), Chunks(LIMITS)) == EventSummary("done")


def test_limits_decide_whether_an_event_is_readable() -> None:
    for depth, kind in ((2, "unreadable"), (3, "delta")):
        summary = summarize(sent("1", [[[]]]), Chunks(sj.Limits(max_depth=depth)))
        assert summary is not None
        assert summary.kind == kind


DELTAS: dict[str, Any] = {
    "an object": ({"a": 1, "b": [None, {"c": "é"}]}, {"b": [None, {"c": "é"}], "a": 1}),
    "half of a surrogate pair": ("\ud83d", "\ud83d"),
    "a value of another class": (SimpleNamespace(a=1), SimpleNamespace(a=1)),
    "names that are not text": ({1: 2, "a": 3}, {1: 2, "a": 3}),
    "a long number": (10**5_000, 10**5_000),
}


@pytest.mark.parametrize(("delta", "equal"), DELTAS.values(), ids=DELTAS)
def test_equal_deltas_have_equal_contents(delta: Any, equal: Any) -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    replays.applied(sj.StreamingChunk(delta, "a"))
    replays.reconnected()

    assert replays.is_replay(sj.StreamingChunk(equal, "a"))


@pytest.mark.parametrize("other", [sent("1", "y"), sent("1", "x", "b"), sent("1", 1)], ids=["text", "path", "type"])
def test_other_deltas_have_other_contents(other: Event) -> None:
    summary, second = summarize(sent("1"), Chunks(LIMITS)), summarize(other, Chunks(LIMITS))
    assert summary is not None
    assert second is not None
    assert summary.content != second.content
