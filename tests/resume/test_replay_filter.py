"""Which events are passed over after a reconnect: those that were applied, and no other."""

from __future__ import annotations

import json
import sys
import tracemalloc
from base64 import b64decode, b64encode
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

import streamjson as sj
from streamjson._errors import CODES
from streamjson._resume import digests as _digests
from streamjson._resume.envelope import seal, unseal

Event = Any


def data(delta: Any, path: str | None = "a", **fields: Any) -> str:
    return json.dumps({"delta": delta, "json_path": path, **fields})


def sent(id: str | None, delta: Any = "x", path: str | None = "a") -> sj.ServerSentEvent[Any]:
    return sj.ServerSentEvent(data(delta, path), id=id)


# Opaque: any text, with those in which others begin.
IDS = st.text(st.characters(exclude_characters="\0\r\n"), min_size=1, max_size=4) | st.sampled_from(
    ["0", "00", "1", "10", "1-0", " 1", "1 ", "é", "e\u0301", "日本", "\ud83d", "x" * 1000, "x" * 1001]
)
# Each changes no value, so it is neither passed over nor the end of what is sent again.
WITHOUT_DELTAS: dict[str, Event] = {
    "a ping": sj.ServerSentEvent("", event="ping", id="1"),
    "a ping with an object": sj.ServerSentEvent("{}", event="ping"),
    "what primes the id": sj.ServerSentEvent("", id="1"),
    "a span": sj.ServerSentEvent('{"span_id": "7"}', id="1"),
    "another type": sj.ServerSentEvent("[1]", event="usage", id="1"),
    "a delta without a path that is null": sj.ServerSentEvent(data(None, None), id="1"),
    "a delta without a path that is empty": sj.ServerSentEvent(data("", None), id="1"),
    "an error": sj.ServerSentEvent('{"error_message": "later"}', id="1"),
    "an error by its type": sj.ServerSentEvent(data("x", chunk_type="error"), id="1"),
    "an error by the event's": sj.ServerSentEvent(data("x"), event="error", id="1"),
    "no event": b"data: {}",
    "nothing": None,
}
# Events that the assembler can't read: it rejects them, or skips them.
UNREADABLE: dict[str, Event] = {
    "what is not JSON": sj.ServerSentEvent("{", id="bad"),
    "what is no chunk": sj.ServerSentEvent(data("x", path=None, span_id=5), id="bad"),
    "another type": sj.ServerSentEvent('{"delta": "x", "json_path": 5}', event="delta", id="bad"),
    "past a limit": sj.ServerSentEvent(data([[]] * 3, "x" * 5000).replace("[]", "[" * 200 + "]" * 200), id="bad"),
    "a mapping": {"data": {"delta": "x", "json_path": 5}, "id": "bad"},
    "another protocol": sj.ServerSentEvent('{"choices": [{"index": 0, "delta": {"content": "x"}}]}', id="bad"),
}


class FromAnother:
    """An event of another library: its id is the last one, and need not be its own."""

    def __init__(self, data: Any, id: str = "") -> None:
        self.data = data
        self.id = id


def connected(*connections: list[Event], **options: Any) -> tuple[list[list[Event]], sj.ReplayFilter]:
    """Return which events of each connection were taken for new ones."""
    replays = sj.ReplayFilter(**options)
    taken: list[list[Event]] = []
    for number, events in enumerate(connections):
        if number:
            replays.reconnected()
        taken.append([event for event in events if not replays.is_replay(event) and not replays.applied(event)])
    return taken, replays


def some(first: int, last: int) -> list[Event]:
    return [sent(f"id {number}", f"text {number}") for number in range(first, last)]


# ---------------------------------------------------------------------------------------------------------------------
# by ids


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


def test_nothing_is_a_replay_before_a_reconnect() -> None:
    taken, _ = connected([*some(0, 3), *some(3, 5)])
    assert taken == [some(0, 5)]


def test_after_the_first_new_event_ids_mean_nothing_until_the_next_reconnect() -> None:
    """Some senders use them again: then it can't tell any more, and says so at the next reconnect."""
    first, again = some(0, 3), [*some(1, 3), sent("new"), sent("id 0", "other text")]
    taken, replays = connected(first, again)

    assert taken == [first, again[2:]]
    assert replays.refusal == CODES["repeated_id"]
    with pytest.raises(sj.CheckpointError) as caught:
        replays.reconnected()
    assert caught.value.code == "repeated_id"


@pytest.mark.parametrize("event", WITHOUT_DELTAS.values(), ids=WITHOUT_DELTAS)
@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
def test_what_brings_no_delta_is_neither_passed_over_nor_ends_the_replay(event: Event, *, from_start: bool) -> None:
    replays = sj.ReplayFilter(replays_from_start=from_start)
    for one in (sent("1"), event, sent("2"), event):
        assert not replays.is_replay(one)
        replays.applied(one)
    replays.reconnected()
    told = [replays.is_replay(one) for one in (event, sent("1"), event, sent("2"), event, sent("3"), sent("1"))]

    assert told == [False, True, False, True, False, False, False]


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


OWN_IDS: dict[str, Event] = {
    "an event of ours": sent("1"),
    "an event with a chunk": sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="1"),
    "a mapping": {"data": data("x"), "id": "1"},
    "a mapping in a mapping": {"data": {"delta": "x", "jsonPath": "a"}, "id": "1"},
    "text without a path": {"data": data("x", None), "id": "1"},
    "an event of another type": {"event": "delta", "data": data("x"), "id": "1"},
}
NO_IDS: dict[str, Event] = {
    "an event without one": sent(None),
    "an event with an empty one": sent(""),
    "one that came before and persists": sj.ServerSentEvent(data("x"), last_event_id="1"),
    "a chunk": sj.StreamingChunk("x", "a"),
    "a mapping": {"delta": "x", "json_path": "a"},
    "an event of another library": FromAnother(data("x"), "1"),
    "a model of another library": FromAnother(SimpleNamespace(delta="x", json_path="a")),
}


@pytest.mark.parametrize("event", OWN_IDS.values(), ids=OWN_IDS)
def test_an_id_of_its_own_is_what_an_event_carried_itself(event: Event) -> None:
    taken, _ = connected([event], [event])
    assert taken == [[event], []]


@pytest.mark.parametrize("event", NO_IDS.values(), ids=NO_IDS)
def test_without_ids_there_is_no_telling_but_from_the_start(event: Event) -> None:
    _, replays = connected([sent("1"), event, sent("2")])
    assert replays.refusal == CODES["no_id"]
    with pytest.raises(sj.CheckpointError, match="; begin anew") as caught:
        replays.reconnected()
    assert caught.value.code == "no_id"
    with pytest.raises(sj.CheckpointError):  # also who does not listen to that is not told wrong
        replays.is_replay(sent("1"))

    taken, _ = connected([event, event], [event, event, event], replays_from_start=True)
    assert taken == [[event, event], [event]]


def test_an_event_without_an_id_is_new_and_ends_the_replay() -> None:
    replays = sj.ReplayFilter()
    replays.applied(sent("1"))
    replays.reconnected()

    assert [replays.is_replay(event) for event in (sent(None), sent("1"))] == [False, False]


def test_an_event_that_was_skipped_comes_again_as_any_other() -> None:
    assembler, replays = sj.Assembler(on_invalid="skip"), sj.ReplayFilter()
    events = [sent("1"), sent("2", 5), sent("3")]
    for again in (events, [*events, sent("4")]):
        for event in again:
            if not replays.is_replay(event):
                assembler.apply(event)
                replays.applied(event)
        replays.reconnected()

    assert (assembler.snapshot().value, assembler.skipped_count) == ({"a": "xxx"}, 1)


def test_an_event_that_was_refused_is_new_when_it_comes_again() -> None:
    replays = sj.ReplayFilter()
    replays.applied(sent("1"))  # and then came "2", which the assembler refused
    replays.reconnected()

    assert [replays.is_replay(event) for event in (sent("1"), sent("2"))] == [True, False]


# How a caller may go about it that catches the error of an event that is rejected, and goes on.
def handle(assembler: sj.Assembler, replays: sj.ReplayFilter, events: list[Event]) -> list[str]:
    """Return the texts of the events that were rejected."""
    rejected: list[str] = []
    for event in events:
        if replays.is_replay(event):
            continue
        try:
            assembler.apply(event)
        except sj.ConflictError:
            rejected.append(event.data)
        else:
            replays.applied(event)
    return rejected


@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
@pytest.mark.parametrize("count", range(1, 7))
def test_an_event_that_was_rejected_doubles_nothing(count: int, *, from_start: bool) -> None:
    """It is passed over when a later one was applied; one that was the last is met again."""
    bad = sent("2", 5)
    events = [sent("1", "a"), bad, sent("3", "b"), bad if from_start else sent("4", 6), sent("5", "c"), sent("6", 7)]
    assembler, replays = sj.Assembler(), sj.ReplayFilter(replays_from_start=from_start)
    handle(assembler, replays, events[:count])
    for _ in range(3):
        replays.reconnected()
        is_last = count % 2 == 0
        assert handle(assembler, replays, events[:count]) == [events[count - 1].data] * is_last
    for more in ("d", "de"):  # also when all comes again that was seen, rejected events included
        replays.reconnected()
        handle(assembler, replays, [*events, *(sent(id, id) for id in more)])

    assert assembler.snapshot().value == {"a": "abcde"}
    assert replays.refusal == ""


@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
def test_events_may_be_asked_about_before_any_of_them_is_applied(*, from_start: bool) -> None:
    replays = sj.ReplayFilter(replays_from_start=from_start)
    for first, last in ((0, 3), (0, 5), (0, 8), (0, 8)):
        events = some(first, last)
        for event in [event for event in events if not replays.is_replay(event)]:
            replays.applied(event)
        replays.reconnected()

    assert [replays.is_replay(event) for event in some(0, 9)] == [True] * 8 + [False]


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


@pytest.mark.parametrize("event", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
def test_a_skipped_event_that_can_not_be_read_is_passed_over(event: Event, *, from_start: bool) -> None:
    assembler = sj.Assembler(on_invalid="skip")
    replays = sj.ReplayFilter(replays_from_start=from_start)
    events = [sent("1", "a"), event, sent("2", "b")]
    last = sj.ServerSentEvent("}", id="last")
    for again in (events, events, [*events, last], [*events, last], [*events, last, sent("3", "c")]):
        for _ in sj.assemble(again, assembler=assembler, replays=replays):
            if assembler.snapshot().value == {"a": "abc"}:
                break
        if assembler.end == "eof":
            assembler.reopen()
        assembler = sj.Assembler.restore(assembler.checkpoint(), on_invalid="skip")
        replays = sj.ReplayFilter.restore(replays.checkpoint())
    assert assembler.snapshot().value == {"a": "abc"}
    assert assembler.skipped_count == 2
    if not from_start:
        other = sj.ServerSentEvent("[", id="bad")
        with pytest.raises(sj.CheckpointError) as caught:
            replays.is_replay(other)
        assert caught.value.code == "other_replay"


IGNORED: dict[str, Event] = {
    "another object": sj.ServerSentEvent('{"usage": {"total": 5}}', id="usage"),
    "with the id of another event": sj.ServerSentEvent('{"usage": {"total": 5}}', id="1"),
    "without an id": sj.ServerSentEvent('{"usage": {"total": 5}}'),
    "a path without a delta": sj.ServerSentEvent('{"json_path": "a", "value": 5}', id="usage"),
}


@pytest.mark.parametrize("event", IGNORED.values(), ids=IGNORED)
@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
def test_an_ignored_event_is_passed_over_and_never_refused(event: Event, *, from_start: bool) -> None:
    other = sj.ServerSentEvent('{"usage": {"total": 9}}', id=event.id)
    assembler = sj.Assembler()
    replays = sj.ReplayFilter(replays_from_start=from_start)
    events = [event, sent("1", "a"), event, sent("2", "b"), other]
    for again in (events, events, [*events, sj.ServerSentEvent('{"usage": {}}', id=event.id), sent("3", "c")]):
        for one in again:
            if not replays.is_replay(one):
                assembler.apply(one)
                replays.applied(one)
        replays = sj.ReplayFilter.restore(replays.checkpoint())
    assert assembler.snapshot().value == {"a": "abc"}
    assert assembler.ignored_count == 4


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


@pytest.mark.parametrize("event", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
def test_a_rejected_event_that_can_not_be_read_is_passed_over_after_a_later_one(
    event: Event, *, from_start: bool
) -> None:
    replays = sj.ReplayFilter(replays_from_start=from_start)
    for count in (1, 2, 3):
        replays.reconnected()
        events = [sent("1"), event, sent("2")][:count]
        told = []
        for one in events:
            told.append(replays.is_replay(one))
            if not told[-1] and one is not event:
                replays.applied(one)
        assert told == [[False], [True, False], [True, False, False]][count - 1]
    replays.reconnected()
    assert [replays.is_replay(one) for one in (sent("1"), event, sent("2"), sent("3"))] == [True, True, True, False]


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


@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
@pytest.mark.parametrize("has_delta", [False, True], ids=["alone", "with a delta"])
def test_another_span_is_no_replay(*, has_delta: bool, from_start: bool) -> None:
    """A sender that has begun anew uses its ids again: the assembler says what that means."""

    def spanned(id: str, text: str, span: str) -> Event:
        fields = {"span_id": span} | ({"delta": text, "json_path": "a"} if has_delta else {})
        return sj.ServerSentEvent(json.dumps(fields), id=id)

    first = [spanned("1", "x", "one"), sent("2", "b"), sent("3", "c")]
    again = [spanned("1", "x", "two"), sent("2", "y"), sent("3", "z")]
    replays = sj.ReplayFilter(replays_from_start=from_start)
    assembler = sj.Assembler()
    handle(assembler, replays, first)
    replays = sj.ReplayFilter.restore(replays.checkpoint())
    with pytest.raises(sj.StreamFailedError):
        handle(assembler, replays, again)

    assembler, replays = sj.Assembler(on_new_span="reset"), sj.ReplayFilter(replays_from_start=from_start)
    for events in (first, again, again, [*again, sent("4", "!")]):
        handle(assembler, replays, events)
        replays.reconnected()
    assert assembler.snapshot().value == {"a": "xyz!" if has_delta else "yz!"}


# ---------------------------------------------------------------------------------------------------------------------
# several spans


def of(span: str | None, id: str | None, delta: str | None = None) -> Event:
    """Return an event of a span, which names it unless `span` is None."""
    fields = ({} if span is None else {"span_id": span}) | ({} if delta is None else {"delta": delta, "json_path": "a"})
    return sj.ServerSentEvent(json.dumps(fields), id=id)


def texts(*connections: list[Event], **options: Any) -> list[str | None]:
    """Return the document after each event; the last item is the code of a refusal, or None."""
    assembler, replays = sj.Assembler(on_new_span="reset"), sj.ReplayFilter(**options)
    seen: list[str | None] = []
    try:
        for number, events in enumerate(connections):
            if number:
                replays.reconnected()
                replays = sj.ReplayFilter.restore(replays.checkpoint())
            for event in events:
                if not replays.is_replay(event):
                    assembler.apply(event)
                    replays.applied(event)
                document = assembler.snapshot().value
                seen.append(document["a"] if document else "")
    except sj.CheckpointError as error:
        return [*seen, error.code]
    return [*seen, None]


X, Y, A, B, C = of("1", "1", "x"), of(None, "2", "y"), of("2", "3", "A"), of(None, "4", "B"), of(None, "5", "C")
TWO_SPANS = [X, Y, A, B]
NAMED, NAMED_AGAIN = of("1", None), of("2", None)  # each span begins with an event of its own, without an id
APART = [NAMED, of(None, "1", "x"), of(None, "2", "y"), NAMED_AGAIN, of(None, "3", "A"), of(None, "4", "B")]
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


def test_after_a_server_started_over_an_event_that_can_not_be_read_is_new() -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    for event in (of("1", None, "x"), sj.ServerSentEvent("{")):
        replays.applied(event)
    for _ in range(2):
        replays.reconnected()
        assert not replays.is_replay(of("2", None))
        replays.applied(of("2", None))
    assert not replays.is_replay(sj.ServerSentEvent("{"))


def test_a_rejected_event_that_names_a_new_span_is_passed_over_after_a_later_one() -> None:
    bad = sj.ServerSentEvent(data(5, span_id="two"), id="2")
    first = [of("one", "1", "a"), bad, of(None, "3", "b")]
    for from_start in (False, True):
        assembler = sj.Assembler(on_new_span="reset", on_conflict="error")
        replays = sj.ReplayFilter(replays_from_start=from_start)
        for again in (first, first, [*first, of(None, "4", "c")]):
            for event in again:
                if not replays.is_replay(event) and event is not bad:
                    assembler.apply(event)
                    replays.applied(event)
            replays.reconnected()
        assert assembler.snapshot().value == {"a": "abc"}


def test_from_the_start_spans_are_part_of_what_is_sent_again() -> None:
    for log in (TWO_SPANS, APART):
        after = texts(log, [*log, C], [*log, C, of("3", "6", "!")], replays_from_start=True)
        assert after[len(log) :] == ["AB"] * len(log) + ["ABC"] * (len(log) + 2) + ["!", None]


# ---------------------------------------------------------------------------------------------------------------------
# ids that change


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


def test_it_tells_whether_it_waits_for_something_new() -> None:
    replays = sj.ReplayFilter()
    told = [replays.replaying]
    for event in [*some(0, 2), *some(0, 3)]:
        if not replays.is_replay(event):
            replays.applied(event)
        if event == some(1, 2)[0] and not replays.replaying:
            replays.reconnected()
        told.append(replays.replaying)
    assert told == [False, False, True, True, True, False]
    assert repr(replays) == "<ReplayFilter: 3 events>"


# ---------------------------------------------------------------------------------------------------------------------
# from the start


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


DELTAS: dict[str, Any] = {
    "an object": ({"a": 1, "b": [None, {"c": "é"}]}, {"b": [None, {"c": "é"}], "a": 1}),
    "half a character": ("\ud83d", "\ud83d"),
    "a value of another kind": (SimpleNamespace(a=1), SimpleNamespace(a=1)),
    "names that are no text": ({1: 2, "a": 3}, {1: 2, "a": 3}),
    "a long number": (10**5_000, 10**5_000),
}


@pytest.mark.parametrize(("delta", "again"), DELTAS.values(), ids=DELTAS)
def test_any_delta_is_the_same_again(delta: Any, again: Any) -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    replays.applied(sj.StreamingChunk(delta, "a"))
    replays.reconnected()

    assert replays.is_replay(sj.StreamingChunk(again, "a"))


# ---------------------------------------------------------------------------------------------------------------------
# saved


def said(checkpoint: bytes) -> dict[str, Any]:
    """Return what a checkpoint says."""
    members = unseal("replay_filter", checkpoint)
    ids = b64decode(members["ids"])
    return {**members, "ids": [ids[at : at + 8] for at in range(0, len(ids), 8)]}


@given(st.lists(IDS, min_size=1, max_size=30, unique=True), st.booleans())
@example([str(number) for number in range(14)], False)  # the table grows with the 13th
def test_it_goes_on_from_any_checkpoint(ids: list[str], from_start: bool) -> None:
    events = [sent(id, id) for id in ids]
    replays = sj.ReplayFilter(replays_from_start=from_start)
    for count in range(len(events) + 1):
        data = replays.checkpoint()
        for back in {0} if from_start else {0, count // 2, count}:
            restored = sj.ReplayFilter.restore(data)
            assert said(restored.checkpoint()) == said(data)
            again = [restored.is_replay(event) for event in events[back:]]
            assert again == [place < count for place in range(back, len(ids))]
            for event in events[count:]:
                restored.applied(event)
            restored.reconnected()
            assert all(map(restored.is_replay, events))
        if count < len(events):
            replays.applied(events[count])


def test_what_comes_again_may_be_saved_in_its_midst() -> None:
    events = [sent(None, piece) for piece in "abc"]
    _, replays = connected(events, events[:2], replays_from_start=True)
    restored = sj.ReplayFilter.restore(replays.checkpoint())

    assert [restored.is_replay(event) for event in [*events, events[0]]] == [True, True, True, False]


def test_a_refused_filter_notes_nothing_more() -> None:
    _, replays = connected([sent("1"), sent("1"), sent("2")])
    saved = replays.checkpoint()
    replays.applied(of("2", "3", "x"))
    assert not replays.is_replay(sent("4"))
    assert replays.checkpoint() == saved
    assert sj.ReplayFilter.restore(saved).checkpoint() == saved
    assert sj.ReplayFilter.restore(forged(refusal="no_id")).refusal == CODES["no_id"]


@pytest.mark.parametrize("code", ["no_id", "repeated_id"])
def test_a_refusal_is_kept(code: str) -> None:
    _, replays = connected([sent("1"), sent("1" if code == "repeated_id" else None)])
    restored = sj.ReplayFilter.restore(replays.checkpoint())

    assert restored.refusal == CODES[code]
    for ask in (lambda: restored.is_replay(sent("1")), restored.reconnected):
        with pytest.raises(sj.CheckpointError) as caught:
            ask()
        assert caught.value.code == code


def test_a_checkpoint_is_the_same_on_machines_of_either_byte_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as it can be tried on one of them: the bytes of each digest are turned around, both ways."""
    _, replays = connected([sent("1")])
    (here,) = said(replays.checkpoint())["ids"]
    monkeypatch.setattr(_digests, "sys", SimpleNamespace(byteorder="big" if sys.byteorder == "little" else "little"))
    (there,) = said(replays.checkpoint())["ids"]

    assert there == here[::-1]
    assert sj.ReplayFilter.restore(replays.checkpoint()).is_replay(sent("1"))


def forged(**others: Any) -> bytes:
    _, replays = connected([sent("1"), sent("2")])
    members = {**unseal("replay_filter", replays.checkpoint()), **others}
    return seal("replay_filter", {name: value for name, value in members.items() if value is not ...})


def ids(*digests: int) -> str:
    return b64encode(b"".join(digest.to_bytes(8, "little") for digest in digests)).decode()


MEMBERS = ["replays_from_start", "refusal", "count", "chain", "ids", "span_id", "rejected"]
LATER_MEMBERS = ["earlier_ids", "ended_spans", "first", "first_before", "ignored", "last", "unreadable"]
FROM_START = {"replays_from_start": True, "ids": "", "count": 2, "chain": "00" * 32}
FORGED: dict[str, dict[str, Any]] = {
    **{f"no {name}": {name: ...} for name in MEMBERS},
    "from the start that is a number": {"replays_from_start": 1},
    "another refusal": {"refusal": "tired"},
    "a refusal that is an array": {"refusal": []},
    "a count that is text": {"count": "2"},
    "a count that is a boolean": {"count": True, "ids": ids(1)},
    "a count that is a float": {"count": 2.0},
    "a count of other ids": {"count": 3},
    "a count below zero": FROM_START | {"count": -1},
    "a count of nothing with a chain": FROM_START | {"count": 0},
    "a chain that is not hexadecimal": FROM_START | {"chain": "xy"},
    "a chain that is a number": FROM_START | {"chain": 5},
    "a chain that is too short": FROM_START | {"chain": "00"},
    "a chain, by ids": {"chain": "00" * 32},
    "ids, from the start": FROM_START | {"ids": ids(1, 2)},
    "ids that are an array": {"ids": [1, 2]},
    "ids that are no text of bytes": {"ids": "é"},
    "ids with more in between": {"ids": ids(1, 2) + "\n"},
    "ids that end too early": {"ids": b64encode(b"1234567").decode(), "count": 1},
    "an id that can't be": {"ids": ids(1, 0)},
    "an id that is there twice": {"ids": ids(5, 5)},
    "ids of earlier spans that are a number": {"earlier_ids": 5},
    "ignored events that are a number": {"ignored": 5},
    "a span that is a number": {"span_id": 1},
    "spans that have ended, and no other": {"ended_spans": ids(1)},
    "a last event that is text": {"last": "1"},
    "a first event that is too large": {"first": 2**64},
    "unreadable events below zero": FROM_START | {"unreadable": -1},
    "rejected ones that are a number": {"rejected": 1},
    "rejected ones that are text": {"rejected": ["1"]},
    "a rejected one that is too large": {"rejected": [2**64]},
    "a rejected one that can't be": {"rejected": [0]},
}


@pytest.mark.parametrize("others", FORGED.values(), ids=FORGED)
def test_what_no_filter_can_have_written_is_refused(others: dict[str, Any]) -> None:
    with pytest.raises(sj.CheckpointError, match="the checkpoint is malformed: ") as caught:
        sj.ReplayFilter.restore(forged(**others))
    assert caught.value.code == "bad_checkpoint"


# As an earlier version wrote them. Of five events, the last two were rejected or not applied yet.
BY_IDS_BEFORE = (
    b'{"format":1,"sha256":"556718d02429e504d892a0d08db9c9f7e71ae3bb00d589142cba4f3af568baf1",'
    b'"kind":"replay_filter","replays_from_start":false,"span_id":"one","refusal":"","count":3,'
    b'"rejected":[13121290836471651841],"chain":"","ids":"DiEZBabZjgH/8R72/W9vbDn8QgOfujd2"}'
)
FROM_START_BEFORE = (
    b'{"format":1,"sha256":"ca72675f8f518bbd1e8f2746c74bb1b1e8a740fa2cf8af8095ed4847108ffff5",'
    b'"kind":"replay_filter","replays_from_start":true,"span_id":"one","refusal":"","count":3,'
    b'"rejected":[14128856148882443777],"chain":"0817aeb31d9f1a6a3c852df33fb7b48a62cb568eda8574e3c722f5ef69475469",'
    b'"ids":""}'
)


@pytest.mark.parametrize("data", [BY_IDS_BEFORE, FROM_START_BEFORE], ids=["by ids", "from the start"])
def test_a_checkpoint_of_an_earlier_version_is_read(data: bytes) -> None:
    chunks = [
        ("1", sj.StreamingChunk("a", "a", span_id="one")),
        ("2", sj.StreamingChunk("b", "a")),
        ("3", sj.StreamingChunk({"x": [1]}, "o")),
        ("4", sj.StreamingChunk(5, "a")),
        ("5", sj.StreamingChunk("c", "a")),
    ]
    events = [sj.ServerSentEvent(chunk, id=id) for id, chunk in chunks]
    replays = sj.ReplayFilter.restore(data)
    assert [replays.is_replay(event) for event in events] == [True, True, True, False, False]
    replays.applied(events[4])
    replays = sj.ReplayFilter.restore(replays.checkpoint())
    assert [replays.is_replay(event) for event in events] == [True] * 5


def test_a_refusal_of_an_earlier_version_is_read() -> None:
    data = (
        b'{"format":1,"sha256":"54ccd36b45fc1251ca34986393a23cea8a29b9b48e5adb9c68bea09351c7985b",'
        b'"kind":"replay_filter","replays_from_start":false,"span_id":null,"refusal":"repeated_id","count":0,'
        b'"rejected":[],"chain":"","ids":""}'
    )
    assert sj.ReplayFilter.restore(data).refusal == CODES["repeated_id"]


NUMBERS = st.integers(-1, 2**64)
STRANGE = (
    st.none() | st.booleans() | NUMBERS | st.floats() | st.text(max_size=3) | st.lists(NUMBERS, max_size=3)
    | st.lists(st.integers(1, 2**16), max_size=4).map(lambda digests: ids(*digests))
    | st.sampled_from(["no_id", "00" * 32])
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*MEMBERS, *LATER_MEMBERS]), STRANGE, min_size=1), st.booleans(), st.data())
def test_a_checkpoint_that_says_anything_is_refused_or_makes_a_filter_that_works(
    others: dict[str, Any], from_start: bool, chosen: st.DataObject
) -> None:
    """What it writes later can be restored, too."""
    if type(others.get("ids")) is str and chosen.draw(st.booleans()):
        others["count"] = len(b64decode(others["ids"] or "")) // 8 if others["ids"].endswith("=") else 0
    try:
        replays = sj.ReplayFilter.restore(forged(**{**(FROM_START if from_start else {}), **others}))
    except sj.CheckpointError:
        return
    events = [*some(0, 20), sent("1"), sj.ServerSentEvent("{", id="3"), of("2", "1", "x"), of("1", "4")]
    for event in chosen.draw(st.lists(st.sampled_from(events), max_size=20)):
        try:
            if not replays.is_replay(event) and chosen.draw(st.booleans()):
                replays.applied(event)
            if chosen.draw(st.booleans()):
                replays.reconnected()
        except sj.CheckpointError:
            assert replays.refusal
        again = sj.ReplayFilter.restore(replays.checkpoint())
        assert sj.ReplayFilter.restore(again.checkpoint()).refusal == replays.refusal


def test_damage_is_found() -> None:
    data = forged()
    for damaged in (data[:-1], data.replace(b'"count":2', b'"count":3'), b"", sj.Assembler().checkpoint()):
        with pytest.raises(sj.CheckpointError):
            sj.ReplayFilter.restore(damaged)


# ---------------------------------------------------------------------------------------------------------------------
# options and cost


def test_limits_are_a_limits_and_bound_what_is_decoded() -> None:
    with pytest.raises(TypeError, match="limits must be a Limits"):
        sj.ReplayFilter(limits=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="limits must be a Limits"):
        sj.ReplayFilter.restore(sj.ReplayFilter().checkpoint(), limits=5)  # type: ignore[arg-type]
    deep = sent("1", [[[]]])
    for limits in (sj.Limits(max_depth=2), sj.Limits(max_depth=3)):
        replays = sj.ReplayFilter(limits=limits)
        replays.applied(deep)  # or skipped
        assert sj.ReplayFilter.restore(replays.checkpoint(), limits=limits).is_replay(deep)
    with pytest.raises(sj.CheckpointError):  # it is not known what was applied
        sj.ReplayFilter.restore(replays.checkpoint(), limits=sj.Limits(max_depth=2)).is_replay(deep)


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
