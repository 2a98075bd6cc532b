"""Events recognized by their number and a digest of them all."""

from __future__ import annotations

import pytest

import streamjson as sj
from replay_events import APART, TWO_SPANS, C, Event, connected, of, sent, texts
from streamjson._errors import CODES


def test_a_new_event_in_the_place_of_a_skipped_one_ends_the_replay_from_the_start() -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    for event in (sent("1"), sj.ServerSentEvent("{")):
        replays.applied(event)
    replays.reconnected()
    told = [replays.is_replay(event) for event in (sent("1"), sent("2"), sj.ServerSentEvent("{"))]
    assert told == [True, False, False]
    assert not replays.replaying
    replays.reconnected()  # the new event was not applied
    told = [replays.is_replay(event) for event in (sent("1"), sj.ServerSentEvent("{"), sj.ServerSentEvent("{"))]
    assert told == [True, True, False]


def test_after_a_server_started_over_an_event_that_can_not_be_read_is_new() -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    for event in (of("1", None, "x"), sj.ServerSentEvent("{")):
        replays.applied(event)
    for _ in range(2):
        replays.reconnected()
        assert not replays.is_replay(of("2", None))
        replays.applied(of("2", None))
    assert not replays.is_replay(sj.ServerSentEvent("{"))


def test_from_the_start_spans_are_part_of_what_is_sent_again() -> None:
    for log in (TWO_SPANS, APART):
        after = texts(log, [*log, C], [*log, C, of("3", "6", "!")], replays_from_start=True)
        assert after[len(log) :] == ["AB"] * len(log) + ["ABC"] * (len(log) + 2) + ["!", None]


@pytest.mark.parametrize("again", ["X", "ef", "ab", ""], ids=["other", "what comes after", "a part", "nothing"])
def test_an_end_before_all_has_come_again_is_no_end(again: str) -> None:
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


def test_a_source_that_begins_anew_is_counted() -> None:
    events = [sent(None, piece) for piece in "abcabc"]
    taken, replays = connected(events[:4], events[:2], events[:5], events, replays_from_start=True)

    assert taken == [events[:4], [], events[4:5], events[5:]]
    assert replays.refusal == ""


def test_ids_do_not_matter_to_it() -> None:
    taken, _ = connected([sent("1"), sent("1")], [sent("5"), sent(None), sent("1")], replays_from_start=True)
    assert [len(events) for events in taken] == [2, 1]


OTHER: dict[str, list[Event]] = {
    "another text": [sent(None, "a"), sent(None, "c")],
    "another beginning": [sent(None, "c"), sent(None, "b")],
    "another order": [sent(None, "b"), sent(None, "a")],
    "another path": [sent(None, "a"), sent(None, "b", "b")],
    "another type": [sent(None, "a"), sent(None, 1)],
}


@pytest.mark.parametrize("again", OTHER.values(), ids=OTHER)
def test_a_source_that_sends_something_else_is_refused_before_anything_of_it_is_applied(again: list[Event]) -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    for event in (sent(None, "a"), sent(None, "b")):
        replays.applied(event)
    replays.reconnected()

    assert replays.is_replay(again[0])
    with pytest.raises(sj.CheckpointError) as caught:
        replays.is_replay(again[1])
    assert caught.value.code == "other_replay"
    assert replays.refusal == CODES["other_replay"]
    replays.applied(again[1])  # nothing is noted any more
    with pytest.raises(sj.CheckpointError):
        replays.reconnected()


def test_what_comes_again_may_be_saved_in_its_midst() -> None:
    events = [sent(None, piece) for piece in "abc"]
    _, replays = connected(events, events[:2], replays_from_start=True)
    restored = sj.ReplayFilter.restore(replays.checkpoint())

    assert [restored.is_replay(event) for event in [*events, events[0]]] == [True, True, True, False]
