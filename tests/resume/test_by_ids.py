"""Events recognized by their ids: over reconnects, over spans, and where ids change."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from replay_events import (
    APART,
    IDS,
    NAMED_AGAIN,
    TWO_SPANS,
    A,
    B,
    C,
    Event,
    X,
    Y,
    connected,
    handle,
    of,
    sent,
    some,
    texts,
)
from streamjson._errors import CODES

OVERLAPS = {
    "nothing again": ([some(0, 4), some(4, 6)], [range(4), range(4, 6)]),
    "the last one": ([some(0, 4), some(3, 6)], [range(4), range(4, 6)]),
    "some": ([some(0, 4), some(2, 6)], [range(4), range(4, 6)]),
    "all": ([some(0, 4), some(0, 6)], [range(4), range(4, 6)]),
    "all, and nothing more": ([some(0, 4), some(0, 4)], [range(4), ()]),
    "nothing at all": ([some(0, 4), [], some(2, 6)], [range(4), (), range(4, 6)]),
    "broken off in what is sent again": ([some(0, 4), some(0, 2), some(1, 6)], [range(4), (), range(4, 6)]),
    "thrice": ([some(0, 2), some(1, 4), some(1, 5)], [range(2), range(2, 4), range(4, 5)]),
    "before there was anything": ([[], some(0, 2), some(0, 3)], [(), range(2), range(2, 3)]),
}


@pytest.mark.parametrize(("connections", "new"), OVERLAPS.values(), ids=OVERLAPS)
def test_what_is_sent_again_is_passed_over(connections: list[list[Event]], new: list[Any]) -> None:
    taken, replays = connected(*connections)

    assert [[event.id for event in events] for events in taken] == [[f"id {n}" for n in numbers] for numbers in new]
    assert replays.refusal == ""


@given(st.lists(IDS, min_size=1, max_size=60, unique=True), st.data())
def test_any_ids_tell_what_is_sent_again(ids: list[str], chosen: st.DataObject) -> None:
    cut = chosen.draw(st.integers(0, len(ids)))
    back = chosen.draw(st.integers(0, cut))
    events = [sent(id) for id in ids]
    taken, _ = connected(events[:cut], events[back:])

    assert taken == [events[:cut], events[cut:]]


def test_after_the_first_new_event_ids_mean_nothing_until_the_next_reconnect() -> None:
    """Some senders use them again: then it can't tell any more, and says so at the next reconnect."""
    first, again = some(0, 3), [*some(1, 3), sent("new"), sent("id 0", "other text")]
    taken, replays = connected(first, again)

    assert taken == [first, again[2:]]
    assert replays.refusal == CODES["repeated_id"]
    with pytest.raises(sj.CheckpointError) as caught:
        replays.reconnected()
    assert caught.value.code == "repeated_id"


def test_an_end_between_replayed_events_is_refused() -> None:
    """The last event that was applied is still to come, so the end is of something else."""
    events = some(0, 3)
    for again, is_refused in (([], False), (events[:2], True), (events, False)):
        _, replays = connected(events, again)
        if is_refused:
            with pytest.raises(sj.CheckpointError) as caught:
                replays.is_replay(sj.ServerSentEvent("[DONE]"))
            assert caught.value.code == "other_replay"
        else:
            assert not replays.is_replay(sj.ServerSentEvent("[DONE]"))


def test_an_event_without_an_id_is_new_and_ends_the_replay() -> None:
    replays = sj.ReplayFilter()
    replays.applied(sent("1"))
    replays.reconnected()

    assert [replays.is_replay(event) for event in (sent(None), sent("1"))] == [False, False]


def test_an_event_that_was_refused_is_new_when_it_comes_again() -> None:
    replays = sj.ReplayFilter()
    replays.applied(sent("1"))  # and then came "2", which the assembler refused
    replays.reconnected()

    assert [replays.is_replay(event) for event in (sent("1"), sent("2"))] == [True, False]


@pytest.mark.parametrize("bad", [sent("2", 5), sj.ServerSentEvent("{", id="2")], ids=["conflict", "not JSON"])
@pytest.mark.parametrize("reconnects", [False, True])
def test_an_id_may_be_that_of_a_rejected_event_and_of_one_applied_later(bad: Event, *, reconnects: bool) -> None:
    """The applied event replaces the other; the count and the ids stay together."""
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
    with pytest.raises(sj.CheckpointError) as caught:  # the log has both
        sj.ReplayFilter.restore(replays.checkpoint()).is_replay(bad)
    assert caught.value.code == "other_replay"


def test_a_rejected_event_may_come_once_more_among_replayed_ones() -> None:
    _, replays = connected([sent("1", "a"), sent("2", "b")])
    assert not replays.is_replay(sent("3", 5))
    replays.reconnected()
    told = [replays.is_replay(event) for event in (sent("1", "a"), sent("2", "b"), sent("3", 5), sent("4", "c"))]
    assert told == [True, True, False, False]


@pytest.mark.parametrize("id", [None, "1"], ids=["no id", "the id of another"])
def test_an_event_that_can_not_be_read_is_no_reason_to_refuse_before_a_reconnect(id: str | None) -> None:
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


def test_rejected_events_are_saved_too() -> None:
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    handle(assembler, replays, [sent("1", "a"), sent("2", 5)])
    replays.reconnected()
    restored = sj.ReplayFilter.restore(replays.checkpoint())
    assert [restored.is_replay(event) for event in (sent("2", 5), sent("1", "a"))] == [False, True]


@pytest.mark.parametrize("id", [None, "1"], ids=["no id", "the id of another"])
def test_a_rejected_event_is_told_by_its_id_too(id: str | None) -> None:
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    handle(assembler, replays, [sent("1", "a"), sent(id, 5)])
    with pytest.raises(sj.CheckpointError) as caught:
        replays.reconnected()
    assert caught.value.code == ("repeated_id" if id else "no_id")


# The events of the second connection, and the document after each of them, or the code that it is refused with.
OVER_A_BORDER: dict[str, tuple[list[Event], list[Event], list[str | None]]] = {
    "all": (TWO_SPANS, [*TWO_SPANS, C], ["AB"] * 4 + ["ABC", None]),
    "an event that does not name the span that has ended": (TWO_SPANS, [Y, A, B, C], ["AB"] * 3 + ["ABC", None]),
    "an event of the current span": (TWO_SPANS, [B, C], ["AB", "ABC", None]),
    "nothing": (TWO_SPANS, [C], ["ABC", None]),
    "another span": (TWO_SPANS, [Y, A, B, of("3", "6", "!")], ["AB"] * 3 + ["!", None]),
    "spans named by events of their own": (APART, [*APART, C], ["AB"] * 6 + ["ABC", None]),
    "the current span named, and nothing": (APART, [NAMED_AGAIN, C], ["AB", "ABC", None]),
    "the second span has just begun": (APART[:4], [APART[2], NAMED_AGAIN, C], ["repeated_id"]),
    "the second span has just begun, and nothing": (APART[:4], [NAMED_AGAIN, C], ["", "C", None]),
    "a span that has ended, with an unknown event": (TWO_SPANS, [of("1", "0", "z")], ["other_replay"]),
    "a span that has ended, with an event without an id": (TWO_SPANS, [of("1", None, "z")], ["other_replay"]),
    "an event that is missing before a new one": (TWO_SPANS, [Y, A, C], ["AB", "AB", "other_replay"]),
    "new ids after the border": (TWO_SPANS, [Y, of("2", "9", "A")], ["AB", "other_replay"]),
    "an id of the span that has ended, for another event": (TWO_SPANS, [of(None, "2", "A")], ["other_replay"]),
    "more than there was": (TWO_SPANS, [X, Y, A, B, B], ["AB"] * 4 + ["repeated_id"]),
}


@pytest.mark.parametrize(("first", "again", "after"), OVER_A_BORDER.values(), ids=OVER_A_BORDER)
def test_a_replay_over_a_border_of_spans_is_right_or_refused(
    first: list[Event], again: list[Event], after: list[str | None]
) -> None:
    assert texts(first, again)[len(first) :] == after


# Ids start over with each span.
OF_SPAN = [of("1", "1", "x"), of(None, "2", "y"), of(None, "3", "z"), of("2", "1", "A"), of(None, "2", "B")]
STARTED_OVER: dict[str, tuple[list[Event], list[str | None]]] = {
    "all, where it is not sure which span": ([*OF_SPAN, of(None, "3", "C")], ["AB", "repeated_id"]),
    "all, each with its span": (
        [of("1", "1", "x"), of("1", "2", "y"), of("1", "3", "z"), *OF_SPAN[3:]],
        ["AB"] * 5 + [None],
    ),
    "the current span": ([*OF_SPAN[3:], of(None, "3", "C")], ["AB", "AB", "ABC", None]),
    "nothing": ([of(None, "3", "C")], ["ABC", None]),
    "an event of the other span, or a new one that says the same": ([of(None, "3", "z")], ["repeated_id"]),
    "a new one that says the same and names its span": ([of("2", "3", "z")], ["ABz", None]),
}


@pytest.mark.parametrize(("again", "after"), STARTED_OVER.values(), ids=STARTED_OVER)
def test_ids_may_start_over_with_each_span(again: list[Event], after: list[str | None]) -> None:
    assert texts(OF_SPAN, again)[len(OF_SPAN) :] == after


def test_ids_that_an_earlier_span_used_are_refused_if_the_span_began_with_others() -> None:
    """A server that counts anew on each connection, over three spans."""
    first = [of("1", "0", "a"), of(None, "1", "b"), of(None, "2", "c")]
    second = [of("2", "0", "d"), of("3", "1", "e")]
    assert texts(first, second, [of(None, "0", "c")]) == ["a", "ab", "abc", "d", "e", "other_replay"]


def test_two_spans_without_events_do_not_show_that_ids_start_over() -> None:
    first = [of("1", "1", "x"), of("2", None), of("3", None)]
    assert texts(first, [of(None, "1", "y")]) == ["x", "", "", "other_replay"]


def test_an_event_that_names_the_current_span_once_more_may_have_any_id() -> None:
    first, second, third = [of("1", "0"), of(None, "1", "x")], [of("1", "2"), of(None, "2", "y")], [of(None, "3", "z")]
    assert texts(first, second, [*first, *second, *third])[2:] == ["x", "xy", "xy", "xy", "xy", "xy", "xyz", None]


def test_a_rejected_event_may_have_an_id_of_an_earlier_span() -> None:
    replays = sj.ReplayFilter()
    for event in (of("1", "1", "x"), of("2", None)):
        replays.applied(event)
    assert not replays.is_replay(sent("1", 5))
    replays.reconnected()
    assert not replays.is_replay(sent("1", 5))


def test_an_event_is_known_by_its_id_and_not_by_what_it_says() -> None:
    """Ids must be stable: an event with an id that was never used is new, also if an earlier one said the same."""
    _, replays = connected([sent("1", "x"), sent("2", "y")], [])
    assert not replays.is_replay(sent("3", "x"))


def test_ids_that_are_counted_anew_are_refused_also_where_events_without_deltas_had_them() -> None:
    first = [of("1", "0"), of(None, "1", "x"), of(None, "2", "y")]
    assert texts(first, [of(None, "0", "x")]) == ["", "x", "xy", "other_replay"]


def test_an_id_that_comes_again_with_something_else_is_no_replay() -> None:
    """A server that counts anew on each connection: what it sends is new, and can't be told."""
    replays = sj.ReplayFilter()
    for event in (sent("0", "Hel"), sent("1", "lo")):
        replays.applied(event)
    replays.reconnected()
    for _ in range(2):
        with pytest.raises(sj.CheckpointError) as caught:
            replays.is_replay(sent("0", ", wor"))
        assert caught.value.code == "other_replay"


def test_more_cannot_come_again_than_there_was() -> None:
    """One event was seen; then each has its id, and says the same."""
    replays = sj.ReplayFilter()
    replays.applied(sent("chatcmpl-1"))
    replays.reconnected()
    assert replays.is_replay(sent("chatcmpl-1"))
    for _ in range(2):
        with pytest.raises(sj.CheckpointError) as caught:
            replays.is_replay(sent("chatcmpl-1"))
        assert caught.value.code == "repeated_id"


def taken(replays: sj.ReplayFilter, first: int, last: int) -> int:
    """Return how many bytes more it takes when it has been told of so many events."""
    before = tracemalloc.get_traced_memory()[0]
    for number in range(first, last):
        replays.applied(sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id=f"event {number}"))
    return tracemalloc.get_traced_memory()[0] - before


def test_an_id_takes_at_most_24_bytes() -> None:
    replays = sj.ReplayFilter()
    tracemalloc.start()
    try:
        total, before = 0, 0
        for count in (10_000, 24_576, 24_577, 49_152, 49_153, 50_000):  # also where the table is full, and has grown
            total += taken(replays, before, count)
            before = count
            assert total <= 24 * count
    finally:
        tracemalloc.stop()

    assert len(replays.checkpoint()) <= 11 * 50_000 + 300
    restored = sj.ReplayFilter.restore(replays.checkpoint())
    assert restored.is_replay(sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="event 49999"))
    assert not restored.is_replay(sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="event 50000"))
