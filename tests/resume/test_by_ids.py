"""Replayed events recognized by their ids: over reconnects, over spans, and with ids that change."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from replay_events import (
    IDS,
    NAMED_SPANS,
    SECOND_SPAN,
    TWO_SPANS,
    A,
    B,
    C,
    Event,
    X,
    Y,
    apply_new,
    documents,
    in_span,
    new_events,
    numbered,
    sent,
)
from streamjson._errors import CODES

# The events of each connection, and the numbers of the new events on it.
OVERLAPS = {
    "no overlap": ([numbered(0, 4), numbered(4, 6)], [range(4), range(4, 6)]),
    "the last event": ([numbered(0, 4), numbered(3, 6)], [range(4), range(4, 6)]),
    "some events": ([numbered(0, 4), numbered(2, 6)], [range(4), range(4, 6)]),
    "all events": ([numbered(0, 4), numbered(0, 6)], [range(4), range(4, 6)]),
    "all events, and no new one": ([numbered(0, 4), numbered(0, 4)], [range(4), ()]),
    "an empty connection": ([numbered(0, 4), [], numbered(2, 6)], [range(4), (), range(4, 6)]),
    "a break during the replay": ([numbered(0, 4), numbered(0, 2), numbered(1, 6)], [range(4), (), range(4, 6)]),
    "two reconnects": ([numbered(0, 2), numbered(1, 4), numbered(1, 5)], [range(2), range(2, 4), range(4, 5)]),
    "an empty first connection": ([[], numbered(0, 2), numbered(0, 3)], [(), range(2), range(2, 3)]),
}


@pytest.mark.parametrize(("connections", "new"), OVERLAPS.values(), ids=OVERLAPS)
def test_replayed_events_are_recognized(connections: list[list[Event]], new: list[Any]) -> None:
    found, replays = new_events(*connections)

    assert [[event.id for event in events] for events in found] == [[f"id {n}" for n in numbers] for numbers in new]
    assert replays.refusal == ""


@given(st.lists(IDS, min_size=1, max_size=60, unique=True), st.data())
def test_ids_may_be_any_text(ids: list[str], chosen: st.DataObject) -> None:
    cut = chosen.draw(st.integers(0, len(ids)))
    back = chosen.draw(st.integers(0, cut))
    events = [sent(id) for id in ids]
    found, _ = new_events(events[:cut], events[back:])

    assert found == [events[:cut], events[cut:]]


def test_ids_are_not_compared_after_the_first_new_event() -> None:
    """A sender that reuses an id is refused at the next reconnect."""
    first, again = numbered(0, 3), [*numbered(1, 3), sent("new"), sent("id 0", "other text")]
    found, replays = new_events(first, again)

    assert found == [first, again[2:]]
    assert replays.refusal == CODES["repeated_id"]
    with pytest.raises(sj.CheckpointError) as caught:
        replays.reconnected()
    assert caught.value.code == "repeated_id"


def test_an_end_between_replayed_events_is_refused() -> None:
    """The server has not replayed the last applied event, so the end belongs to another stream."""
    events = numbered(0, 3)
    for again, is_refused in (([], False), (events[:2], True), (events, False)):
        _, replays = new_events(events, again)
        if is_refused:
            with pytest.raises(sj.CheckpointError) as caught:
                replays.is_replay(sj.ServerSentEvent("[DONE]"))
            assert caught.value.code == "other_replay"
        else:
            assert not replays.is_replay(sj.ServerSentEvent("[DONE]"))


def test_unreadable_and_ignored_events_are_recognized_by_id() -> None:
    unreadable, ignored = sj.ServerSentEvent("{", id="2"), sj.ServerSentEvent('{"usage": 1}', id="3")
    events = [sent("1"), unreadable, ignored, sent("4")]
    replays = sj.ReplayFilter()
    for event in events:
        replays.applied(event)
    for again in (replays, sj.ReplayFilter.restore(replays.checkpoint())):
        again.reconnected()
        assert [again.is_replay(event) for event in [*events, sent("5")]] == [True, True, True, True, False]


def test_an_event_without_an_id_is_new_and_ends_the_replay() -> None:
    replays = sj.ReplayFilter()
    replays.applied(sent("1"))
    replays.reconnected()

    assert [replays.is_replay(event) for event in (sent(None), sent("1"))] == [False, False]


def test_an_event_that_was_not_applied_is_new() -> None:
    replays = sj.ReplayFilter()
    replays.applied(sent("1"))  # the assembler rejected the next event, "2"
    replays.reconnected()

    assert [replays.is_replay(event) for event in (sent("1"), sent("2"))] == [True, False]


@pytest.mark.parametrize("bad", [sent("2", 5), sj.ServerSentEvent("{", id="2")], ids=["conflict", "not JSON"])
@pytest.mark.parametrize("reconnects", [False, True])
def test_an_applied_event_replaces_a_rejected_one_with_its_id(bad: Event, *, reconnects: bool) -> None:
    """The count and the ids stay consistent."""
    replays = sj.ReplayFilter()
    replays.applied(sent("1", "a"))
    assert not replays.is_replay(bad)
    if reconnects:
        replays.reconnected()
    assert not replays.is_replay(sent("2", "b"))
    replays.applied(sent("2", "b"))
    assert repr(replays) == "<ReplayFilter: 2 events>"
    for again in (replays, sj.ReplayFilter.restore(replays.checkpoint())):
        again.reconnected()
        assert [again.is_replay(event) for event in (sent("1", "a"), sent("2", "b"), sent("3"))] == [True, True, False]
    with pytest.raises(sj.CheckpointError) as caught:  # the log has both events
        sj.ReplayFilter.restore(replays.checkpoint()).is_replay(bad)
    assert caught.value.code == "other_replay"


def test_a_rejected_event_is_let_through_again_after_a_replay() -> None:
    _, replays = new_events([sent("1", "a"), sent("2", "b")])
    assert not replays.is_replay(sent("3", 5))
    replays.reconnected()
    found = [replays.is_replay(event) for event in (sent("1", "a"), sent("2", "b"), sent("3", 5), sent("4", "c"))]
    assert found == [True, True, False, False]


@pytest.mark.parametrize("id", [None, "1"], ids=["no id", "the id of another event"])
def test_an_unreadable_event_may_lack_an_id_or_repeat_one(id: str | None) -> None:
    for is_applied in (False, True):
        replays = sj.ReplayFilter()
        replays.applied(sent("1"))
        assert not replays.is_replay(sj.ServerSentEvent("{", id=id))
        if is_applied:
            replays.applied(sj.ServerSentEvent("{", id=id))
        replays.reconnected()
        assert replays.is_replay(sent("1"))
        if id is None:
            assert not replays.is_replay(sj.ServerSentEvent("{"))
        assert not replays.is_replay(sent("2"))


def test_a_rejected_event_is_a_replay_after_a_later_one() -> None:
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    events = [sent("1", "a"), sent("2", 5), sent("3", "b")]
    apply_new(assembler, replays, events)
    replays.reconnected()
    assert [replays.is_replay(event) for event in [*events, sent("4")]] == [True, True, True, False]


def test_a_checkpoint_keeps_rejected_events() -> None:
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    apply_new(assembler, replays, [sent("1", "a"), sent("2", 5)])
    replays.reconnected()
    restored = sj.ReplayFilter.restore(replays.checkpoint())
    assert [restored.is_replay(event) for event in (sent("2", 5), sent("1", "a"))] == [False, True]


@pytest.mark.parametrize("id", [None, "1"], ids=["no id", "the id of another event"])
def test_a_rejected_event_needs_an_id_of_its_own(id: str | None) -> None:
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    apply_new(assembler, replays, [sent("1", "a"), sent(id, 5)])
    with pytest.raises(sj.CheckpointError) as caught:
        replays.reconnected()
    assert caught.value.code == ("repeated_id" if id else "no_id")


# ---------------------------------------------------------------------------------------------------------------------
# several spans

# The first connection, the second one, and the text after each event of the second or the code of the refusal.
ACROSS_SPANS: dict[str, tuple[list[Event], list[Event], list[str | None]]] = {
    "all events": (TWO_SPANS, [*TWO_SPANS, C], ["AB"] * 4 + ["ABC", None]),
    "an event that does not name its ended span": (TWO_SPANS, [Y, A, B, C], ["AB"] * 3 + ["ABC", None]),
    "an event of the current span": (TWO_SPANS, [B, C], ["AB", "ABC", None]),
    "no event": (TWO_SPANS, [C], ["ABC", None]),
    "a third span": (TWO_SPANS, [Y, A, B, in_span("3", "6", "!")], ["AB"] * 3 + ["!", None]),
    "spans named by events of their own": (NAMED_SPANS, [*NAMED_SPANS, C], ["AB"] * 6 + ["ABC", None]),
    "only the name of the current span": (NAMED_SPANS, [SECOND_SPAN, C], ["AB", "ABC", None]),
    "a second span without a delta": (NAMED_SPANS[:4], [NAMED_SPANS[2], SECOND_SPAN, C], ["repeated_id"]),
    "a second span without a delta, and only its name": (NAMED_SPANS[:4], [SECOND_SPAN, C], ["", "C", None]),
    "an unknown event of an ended span": (TWO_SPANS, [in_span("1", "0", "z")], ["other_replay"]),
    "an event without an id of an ended span": (TWO_SPANS, [in_span("1", None, "z")], ["other_replay"]),
    "a new event before the last applied one": (TWO_SPANS, [Y, A, C], ["AB", "AB", "other_replay"]),
    "new ids in the second span": (TWO_SPANS, [Y, in_span("2", "9", "A")], ["AB", "other_replay"]),
    "an id of an ended span with other content": (TWO_SPANS, [sent("2", "A")], ["other_replay"]),
    "more events than were seen": (TWO_SPANS, [X, Y, A, B, B], ["AB"] * 4 + ["repeated_id"]),
}


@pytest.mark.parametrize(("first", "again", "after"), ACROSS_SPANS.values(), ids=ACROSS_SPANS)
def test_a_replay_across_spans_is_recognized_or_refused(
    first: list[Event], again: list[Event], after: list[str | None]
) -> None:
    assert documents(first, again)[len(first) :] == after


# In these spans the ids start over.
RESTARTED_IDS = [in_span("1", "1", "x"), sent("2", "y"), sent("3", "z"), in_span("2", "1", "A"), sent("2", "B")]
WITH_RESTARTED_IDS: dict[str, tuple[list[Event], list[str | None]]] = {
    "all events, which may be of either span": ([*RESTARTED_IDS, sent("3", "C")], ["AB", "repeated_id"]),
    "all events, each with its span": (
        [in_span("1", "1", "x"), in_span("1", "2", "y"), in_span("1", "3", "z"), *RESTARTED_IDS[3:]],
        ["AB"] * 5 + [None],
    ),
    "the current span": ([*RESTARTED_IDS[3:], sent("3", "C")], ["AB", "AB", "ABC", None]),
    "no event": ([sent("3", "C")], ["ABC", None]),
    "an event of the first span, or a new one with its content": ([sent("3", "z")], ["repeated_id"]),
    "a new event with that content and the name of its span": ([in_span("2", "3", "z")], ["ABz", None]),
}


@pytest.mark.parametrize(("again", "after"), WITH_RESTARTED_IDS.values(), ids=WITH_RESTARTED_IDS)
def test_ids_may_start_over_with_each_span(again: list[Event], after: list[str | None]) -> None:
    assert documents(RESTARTED_IDS, again)[len(RESTARTED_IDS) :] == after


def test_ids_of_an_earlier_span_are_refused_in_other_order() -> None:
    """A server that restarts its ids on each connection, over three spans."""
    first = [in_span("1", "0", "a"), sent("1", "b"), sent("2", "c")]
    second = [in_span("2", "0", "d"), in_span("3", "1", "e")]
    assert documents(first, second, [sent("0", "c")]) == ["a", "ab", "abc", "d", "e", "other_replay"]


def test_spans_without_events_do_not_show_restarted_ids() -> None:
    first = [in_span("1", "1", "x"), in_span("2", None), in_span("3", None)]
    assert documents(first, [sent("1", "y")]) == ["x", "", "", "other_replay"]


def test_a_repeated_name_of_the_current_span_may_have_any_id() -> None:
    first, second, third = [in_span("1", "0"), sent("1", "x")], [in_span("1", "2"), sent("2", "y")], [sent("3", "z")]
    assert documents(first, second, [*first, *second, *third])[2:] == ["x", "xy", "xy", "xy", "xy", "xy", "xyz", None]


def test_a_rejected_event_may_have_an_id_of_an_earlier_span() -> None:
    replays = sj.ReplayFilter()
    for event in (in_span("1", "1", "x"), in_span("2", None)):
        replays.applied(event)
    assert not replays.is_replay(sent("1", 5))
    replays.reconnected()
    assert not replays.is_replay(sent("1", 5))


# ---------------------------------------------------------------------------------------------------------------------
# ids that change


def test_an_event_is_recognized_by_its_id_and_not_its_content() -> None:
    """Ids must be stable: an event with an unused id is new, also if it has the content of an earlier event."""
    _, replays = new_events([sent("1", "x"), sent("2", "y")], [])
    assert not replays.is_replay(sent("3", "x"))


def test_restarted_ids_are_refused_if_a_span_event_had_them() -> None:
    first = [in_span("1", "0"), sent("1", "x"), sent("2", "y")]
    assert documents(first, [sent("0", "x")]) == ["", "x", "xy", "other_replay"]


def test_a_known_id_with_other_content_is_refused() -> None:
    """A server that restarts its ids on each connection sends new events that can't be recognized."""
    replays = sj.ReplayFilter()
    for event in (sent("0", "Hel"), sent("1", "lo")):
        replays.applied(event)
    replays.reconnected()
    for _ in range(2):
        with pytest.raises(sj.CheckpointError) as caught:
            replays.is_replay(sent("0", ", wor"))
        assert caught.value.code == "other_replay"


def test_more_replayed_events_than_were_seen_are_refused() -> None:
    """One event was seen; all later events have its id and its content."""
    replays = sj.ReplayFilter()
    replays.applied(sent("chatcmpl-1"))
    replays.reconnected()
    assert replays.is_replay(sent("chatcmpl-1"))
    for _ in range(2):
        with pytest.raises(sj.CheckpointError) as caught:
            replays.is_replay(sent("chatcmpl-1"))
        assert caught.value.code == "repeated_id"


# ---------------------------------------------------------------------------------------------------------------------
# cost


def bytes_taken(replays: sj.ReplayFilter, first: int, last: int) -> int:
    """Return how many bytes the filter grows by for these events."""
    before = tracemalloc.get_traced_memory()[0]
    for number in range(first, last):
        replays.applied(sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id=f"event {number}"))
    return tracemalloc.get_traced_memory()[0] - before


@pytest.mark.slow
def test_an_id_takes_at_most_24_bytes() -> None:
    replays = sj.ReplayFilter()
    tracemalloc.start()
    try:
        total, before = 0, 0
        for count in (10_000, 24_576, 24_577, 49_152, 49_153, 50_000):  # with a full table, and after it has grown
            total += bytes_taken(replays, before, count)
            before = count
            assert total <= 24 * count
    finally:
        tracemalloc.stop()

    assert len(replays.checkpoint()) <= 11 * 50_000 + 300
    restored = sj.ReplayFilter.restore(replays.checkpoint())
    assert restored.is_replay(sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="event 49999"))
    assert not restored.is_replay(sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="event 50000"))
