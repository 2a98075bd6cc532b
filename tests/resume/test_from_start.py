"""Replayed events recognized by their number and a digest of them all."""

from __future__ import annotations

import pytest

import streamjson as sj
from replay_events import NAMED_SPANS, TWO_SPANS, C, Event, documents, in_span, new_events, sent
from streamjson._errors import CODES


def test_a_new_event_in_place_of_a_skipped_one_ends_the_replay() -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    for event in (sent("1"), sj.ServerSentEvent("{")):
        replays.applied(event)
    replays.reconnected()
    found = [replays.is_replay(event) for event in (sent("1"), sent("2"), sj.ServerSentEvent("{"))]
    assert found == [True, False, False]
    assert not replays.replaying
    replays.reconnected()  # the new event was not applied
    found = [replays.is_replay(event) for event in (sent("1"), sj.ServerSentEvent("{"), sj.ServerSentEvent("{"))]
    assert found == [True, True, False]


def test_an_unreadable_event_is_new_after_the_server_starts_over() -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    for event in (in_span("1", None, "x"), sj.ServerSentEvent("{")):
        replays.applied(event)
    for _ in range(2):
        replays.reconnected()
        assert not replays.is_replay(in_span("2", None))
        replays.applied(in_span("2", None))
    assert not replays.is_replay(sj.ServerSentEvent("{"))


def test_a_replay_from_the_start_includes_earlier_spans() -> None:
    for log in (TWO_SPANS, NAMED_SPANS):
        after = documents(log, [*log, C], [*log, C, in_span("3", "6", "!")], replays_from_start=True)
        assert after[len(log) :] == ["AB"] * len(log) + ["ABC"] * (len(log) + 2) + ["!", None]


@pytest.mark.parametrize("again", ["X", "ef", "ab", ""], ids=["another", "later ones", "some", "none"])
def test_an_end_before_all_events_were_replayed_is_refused(again: str) -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    for piece in "abcd":
        replays.applied(sent(None, piece))
    replays.reconnected()
    assert all(replays.is_replay(sent(None, piece)) for piece in again)
    with pytest.raises(sj.CheckpointError, match=f"after {len(again)} of 4 events") as caught:
        replays.is_replay(sj.ServerSentEvent("[DONE]"))
    assert caught.value.code == "other_replay"
    with pytest.raises(sj.CheckpointError):
        replays.is_replay(sent(None, "a"))


def test_a_replay_from_the_start_is_recognized_by_counting() -> None:
    events = [sent(None, piece) for piece in "abcabc"]
    found, replays = new_events(events[:4], events[:2], events[:5], events, replays_from_start=True)

    assert found == [events[:4], [], events[4:5], events[5:]]
    assert replays.refusal == ""


def test_ids_do_not_matter() -> None:
    found, _ = new_events([sent("1"), sent("1")], [sent("5"), sent(None), sent("1")], replays_from_start=True)
    assert [len(events) for events in found] == [2, 1]


OTHER_REPLAYS: dict[str, list[Event]] = {
    "another text": [sent(None, "a"), sent(None, "c")],
    "another first text": [sent(None, "c"), sent(None, "b")],
    "another order": [sent(None, "b"), sent(None, "a")],
    "another path": [sent(None, "a"), sent(None, "b", "b")],
    "another JSON type": [sent(None, "a"), sent(None, 1)],
}


@pytest.mark.parametrize("again", OTHER_REPLAYS.values(), ids=OTHER_REPLAYS)
def test_a_different_replay_is_refused_before_any_event_is_new(again: list[Event]) -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    for event in (sent(None, "a"), sent(None, "b")):
        replays.applied(event)
    replays.reconnected()

    assert replays.is_replay(again[0])
    with pytest.raises(sj.CheckpointError) as caught:
        replays.is_replay(again[1])
    assert caught.value.code == "other_replay"
    assert replays.refusal == CODES["other_replay"]
    replays.applied(again[1])  # a refused filter records nothing
    with pytest.raises(sj.CheckpointError):
        replays.reconnected()


def test_a_checkpoint_may_be_taken_during_a_replay() -> None:
    events = [sent(None, piece) for piece in "abc"]
    _, replays = new_events(events, events[:2], replays_from_start=True)
    restored = sj.ReplayFilter.restore(replays.checkpoint())

    assert [restored.is_replay(event) for event in [*events, events[0]]] == [True, True, True, False]


@pytest.mark.parametrize(("later", "count"), [(sent(None, "b"), 3), (sent(None, 5), 2)], ids=["another", "the same"])
def test_a_rejected_event_counts_once_a_later_one_is_applied(later: Event, count: int) -> None:
    """An event that is applied after it was rejected counts once."""
    bad, span = sent(None, 5), in_span("1", None)
    replays = sj.ReplayFilter(replays_from_start=True)
    replays.applied(sent(None, "a"))
    for event in (bad, span, later):
        assert not replays.is_replay(event)
    replays.applied(later)

    assert repr(replays) == f"<ReplayFilter: {count} events>"
    replays = sj.ReplayFilter.restore(replays.checkpoint())
    log = [sent(None, "a"), bad, later][:count]
    assert [replays.is_replay(event) for event in [*log, sent(None, "new")]] == [True] * count + [False]


def test_an_unreadable_event_between_replayed_ones_is_a_replay() -> None:
    events = [sent(None, "a"), sj.ServerSentEvent("{"), sent(None, "b")]
    found, _ = new_events(events, [*events, sent(None, "c")], replays_from_start=True)
    assert found == [events, [sent(None, "c")]]
