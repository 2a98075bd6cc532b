"""After a reconnect the filter recognizes exactly the events that were applied before."""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

import streamjson as sj
from replay_events import (
    IDS,
    IGNORED,
    NO_IDS,
    OWN_IDS,
    UNREADABLE,
    WITHOUT_DELTAS,
    Event,
    apply_new,
    data,
    in_span,
    new_events,
    numbered,
    sent,
)
from streamjson._errors import CODES
from streamjson._resume import digests as _digests
from streamjson._resume.envelope import seal, unseal

BOTH_WAYS = pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])


def test_no_event_is_a_replay_before_a_reconnect() -> None:
    found, _ = new_events([*numbered(0, 3), *numbered(3, 5)])
    assert found == [numbered(0, 5)]


@pytest.mark.parametrize("event", WITHOUT_DELTAS.values(), ids=WITHOUT_DELTAS)
@BOTH_WAYS
def test_an_event_without_a_delta_does_not_end_a_replay(event: Event, *, from_start: bool) -> None:
    """It is not a replay either."""
    replays = sj.ReplayFilter(replays_from_start=from_start)
    for one in (sent("1"), event, sent("2"), event):
        assert not replays.is_replay(one)
        replays.applied(one)
    replays.reconnected()
    found = [replays.is_replay(one) for one in (event, sent("1"), event, sent("2"), event, sent("3"), sent("1"))]

    assert found == [False, True, False, True, False, False, False]


@pytest.mark.parametrize("event", OWN_IDS.values(), ids=OWN_IDS)
def test_an_event_is_recognized_by_the_id_that_it_carries(event: Event) -> None:
    found, _ = new_events([event], [event])
    assert found == [[event], []]


@pytest.mark.parametrize("event", NO_IDS.values(), ids=NO_IDS)
def test_events_without_ids_are_recognized_only_from_the_start(event: Event) -> None:
    _, replays = new_events([sent("1"), event, sent("2")])
    assert replays.refusal == CODES["no_id"]
    with pytest.raises(sj.CheckpointError, match="; start over") as caught:
        replays.reconnected()
    assert caught.value.code == "no_id"
    with pytest.raises(sj.CheckpointError):  # also for a caller that ignores the first error
        replays.is_replay(sent("1"))

    found, _ = new_events([event, event], [event, event, event], replays_from_start=True)
    assert found == [[event, event], [event]]


def test_a_skipped_event_is_recognized_like_any_other() -> None:
    assembler, replays = sj.Assembler(on_invalid="skip"), sj.ReplayFilter()
    events = [sent("1"), sent("2", 5), sent("3")]
    for again in (events, [*events, sent("4")]):
        for event in again:
            if not replays.is_replay(event):
                assembler.apply(event)
                replays.applied(event)
        replays.reconnected()

    assert (assembler.snapshot().value, assembler.skipped_count) == ({"a": "xxx"}, 1)


@BOTH_WAYS
@pytest.mark.parametrize("count", range(1, 7))
def test_a_rejected_event_doubles_no_text(count: int, *, from_start: bool) -> None:
    """It is a replay once a later event was applied; if it was the last event, it is let through again."""
    bad = sent("2", 5)
    events = [sent("1", "a"), bad, sent("3", "b"), bad if from_start else sent("4", 6), sent("5", "c"), sent("6", 7)]
    assembler, replays = sj.Assembler(), sj.ReplayFilter(replays_from_start=from_start)
    apply_new(assembler, replays, events[:count])
    for _ in range(3):
        replays.reconnected()
        is_last = count % 2 == 0
        assert apply_new(assembler, replays, events[:count]) == [events[count - 1].data] * is_last
    for more in ("d", "de"):  # also if the server replays all events, the rejected ones included
        replays.reconnected()
        apply_new(assembler, replays, [*events, *(sent(id, id) for id in more)])

    assert assembler.snapshot().value == {"a": "abcde"}
    assert replays.refusal == ""


@BOTH_WAYS
def test_events_may_be_checked_before_any_is_applied(*, from_start: bool) -> None:
    replays = sj.ReplayFilter(replays_from_start=from_start)
    for first, last in ((0, 3), (0, 5), (0, 8), (0, 8)):
        events = numbered(first, last)
        for event in [event for event in events if not replays.is_replay(event)]:
            replays.applied(event)
        replays.reconnected()

    assert [replays.is_replay(event) for event in numbered(0, 9)] == [True] * 8 + [False]


@pytest.mark.parametrize("event", UNREADABLE.values(), ids=UNREADABLE)
@BOTH_WAYS
def test_a_skipped_unreadable_event_is_a_replay(event: Event, *, from_start: bool) -> None:
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


@pytest.mark.parametrize("event", IGNORED.values(), ids=IGNORED)
@BOTH_WAYS
def test_an_ignored_event_is_a_replay_and_is_never_refused(event: Event, *, from_start: bool) -> None:
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


@pytest.mark.parametrize("event", UNREADABLE.values(), ids=UNREADABLE)
@BOTH_WAYS
def test_a_rejected_unreadable_event_becomes_a_replay(event: Event, *, from_start: bool) -> None:
    """It is let through until a later event is applied."""
    replays = sj.ReplayFilter(replays_from_start=from_start)
    for count in (1, 2, 3):
        replays.reconnected()
        events = [sent("1"), event, sent("2")][:count]
        found = []
        for one in events:
            found.append(replays.is_replay(one))
            if not found[-1] and one is not event:
                replays.applied(one)
        assert found == [[False], [True, False], [True, False, False]][count - 1]
    replays.reconnected()
    assert [replays.is_replay(one) for one in (sent("1"), event, sent("2"), sent("3"))] == [True, True, True, False]


@BOTH_WAYS
@pytest.mark.parametrize("has_delta", [False, True], ids=["alone", "with a delta"])
def test_a_new_span_is_not_a_replay(*, has_delta: bool, from_start: bool) -> None:
    """A sender that has started over reuses its ids. The assembler decides what that means."""

    def in_named_span(id: str, text: str, span: str) -> Event:
        fields = {"span_id": span} | ({"delta": text, "json_path": "a"} if has_delta else {})
        return sj.ServerSentEvent(json.dumps(fields), id=id)

    first = [in_named_span("1", "x", "one"), sent("2", "b"), sent("3", "c")]
    again = [in_named_span("1", "x", "two"), sent("2", "y"), sent("3", "z")]
    replays = sj.ReplayFilter(replays_from_start=from_start)
    assembler = sj.Assembler()
    apply_new(assembler, replays, first)
    replays = sj.ReplayFilter.restore(replays.checkpoint())
    with pytest.raises(sj.StreamFailedError):
        apply_new(assembler, replays, again)

    assembler, replays = sj.Assembler(on_new_span="reset"), sj.ReplayFilter(replays_from_start=from_start)
    for events in (first, again, again, [*again, sent("4", "!")]):
        apply_new(assembler, replays, events)
        replays.reconnected()
    assert assembler.snapshot().value == {"a": "xyz!" if has_delta else "yz!"}


def test_a_rejected_event_may_name_a_new_span() -> None:
    bad = sj.ServerSentEvent(data(5, span_id="two"), id="2")
    first = [in_span("one", "1", "a"), bad, sent("3", "b")]
    for from_start in (False, True):
        assembler = sj.Assembler(on_new_span="reset", on_conflict="error")
        replays = sj.ReplayFilter(replays_from_start=from_start)
        for again in (first, first, [*first, sent("4", "c")]):
            for event in again:
                if not replays.is_replay(event) and event is not bad:
                    assembler.apply(event)
                    replays.applied(event)
            replays.reconnected()
        assert assembler.snapshot().value == {"a": "abc"}


def test_replaying_is_true_until_the_first_new_event() -> None:
    replays = sj.ReplayFilter()
    found = [replays.replaying]
    for event in [*numbered(0, 2), *numbered(0, 3)]:
        if not replays.is_replay(event):
            replays.applied(event)
        if event == numbered(1, 2)[0] and not replays.replaying:
            replays.reconnected()
        found.append(replays.replaying)
    assert found == [False, False, True, True, True, False]
    assert repr(replays) == "<ReplayFilter: 3 events>"


# ---------------------------------------------------------------------------------------------------------------------
# checkpoints


def members_of(checkpoint: bytes) -> dict[str, Any]:
    """Return the members of a checkpoint, with the ids as a list of digests."""
    members = unseal("replay_filter", checkpoint)
    ids = b64decode(members["ids"])
    return {**members, "ids": [ids[at : at + 8] for at in range(0, len(ids), 8)]}


@given(st.lists(IDS, min_size=1, max_size=30, unique=True), st.booleans())
@example([str(number) for number in range(14)], False)  # the table grows with the 13th
def test_a_filter_continues_from_any_checkpoint(ids: list[str], from_start: bool) -> None:
    events = [sent(id, id) for id in ids]
    replays = sj.ReplayFilter(replays_from_start=from_start)
    for count in range(len(events) + 1):
        data = replays.checkpoint()
        for back in {0} if from_start else {0, count // 2, count}:
            restored = sj.ReplayFilter.restore(data)
            assert members_of(restored.checkpoint()) == members_of(data)
            again = [restored.is_replay(event) for event in events[back:]]
            assert again == [position < count for position in range(back, len(ids))]
            for event in events[count:]:
                restored.applied(event)
            restored.reconnected()
            assert all(map(restored.is_replay, events))
        if count < len(events):
            replays.applied(events[count])


def test_a_refused_filter_records_nothing() -> None:
    _, replays = new_events([sent("1"), sent("1"), sent("2")])
    saved = replays.checkpoint()
    replays.applied(in_span("2", "3", "x"))
    assert not replays.is_replay(sent("4"))
    assert replays.checkpoint() == saved
    assert sj.ReplayFilter.restore(saved).checkpoint() == saved
    assert sj.ReplayFilter.restore(forged(refusal="no_id")).refusal == CODES["no_id"]


@pytest.mark.parametrize("code", ["no_id", "repeated_id"])
def test_a_checkpoint_keeps_the_refusal(code: str) -> None:
    _, replays = new_events([sent("1"), sent("1" if code == "repeated_id" else None)])
    restored = sj.ReplayFilter.restore(replays.checkpoint())

    assert restored.refusal == CODES[code]
    for ask in (lambda: restored.is_replay(sent("1")), restored.reconnected):
        with pytest.raises(sj.CheckpointError) as caught:
            ask()
        assert caught.value.code == code


def test_a_checkpoint_is_the_same_for_either_byte_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as one machine can show: the bytes of each digest are reversed in both directions."""
    _, replays = new_events([sent("1")])
    (here,) = members_of(replays.checkpoint())["ids"]
    monkeypatch.setattr(_digests, "sys", SimpleNamespace(byteorder="big" if sys.byteorder == "little" else "little"))
    (there,) = members_of(replays.checkpoint())["ids"]

    assert there == here[::-1]
    assert sj.ReplayFilter.restore(replays.checkpoint()).is_replay(sent("1"))


def forged(**others: Any) -> bytes:
    _, replays = new_events([sent("1"), sent("2")])
    members = {**unseal("replay_filter", replays.checkpoint()), **others}
    return seal("replay_filter", {name: value for name, value in members.items() if value is not ...})


def ids(*digests: int) -> str:
    return b64encode(b"".join(digest.to_bytes(8, "little") for digest in digests)).decode()


MEMBERS = ["replays_from_start", "refusal", "count", "chain", "ids", "span_id", "rejected"]
LATER_MEMBERS = ["earlier_ids", "ended_spans", "first", "first_before", "ignored", "last", "unreadable"]
FROM_START = {"replays_from_start": True, "ids": "", "count": 2, "chain": "00" * 32}
FORGED: dict[str, dict[str, Any]] = {
    **{f"without {name}": {name: ...} for name in MEMBERS},
    "from the start as a number": {"replays_from_start": 1},
    "an unknown refusal": {"refusal": "tired"},
    "a refusal as an array": {"refusal": []},
    "a count as text": {"count": "2"},
    "a count as a boolean": {"count": True, "ids": ids(1)},
    "a count as a float": {"count": 2.0},
    "a count that differs from the ids": {"count": 3},
    "a count below zero": FROM_START | {"count": -1},
    "a count of zero with a chain": FROM_START | {"count": 0},
    "a chain that is not hexadecimal": FROM_START | {"chain": "xy"},
    "a chain as a number": FROM_START | {"chain": 5},
    "a chain that is too short": FROM_START | {"chain": "00"},
    "a chain, by ids": {"chain": "00" * 32},
    "ids, from the start": FROM_START | {"ids": ids(1, 2)},
    "ids as an array": {"ids": [1, 2]},
    "ids that are not Base64": {"ids": "é"},
    "ids with a line break": {"ids": ids(1, 2) + "\n"},
    "ids cut inside a digest": {"ids": b64encode(b"1234567").decode(), "count": 1},
    "an id of zero": {"ids": ids(1, 0)},
    "a repeated id": {"ids": ids(5, 5)},
    "ids of earlier spans as a number": {"earlier_ids": 5},
    "ignored events as a number": {"ignored": 5},
    "a span as a number": {"span_id": 1},
    "a last event as text": {"last": "1"},
    "a first event that is too large": {"first": 2**64},
    "unreadable events below zero": FROM_START | {"unreadable": -1},
    "rejected events as a number": {"rejected": 1},
    "a rejected event as text": {"rejected": ["1"]},
    "a rejected event that is too large": {"rejected": [2**64]},
    "a rejected event of zero": {"rejected": [0]},
}


@pytest.mark.parametrize("others", FORGED.values(), ids=FORGED)
def test_a_malformed_checkpoint_is_refused(others: dict[str, Any]) -> None:
    with pytest.raises(sj.CheckpointError, match="the checkpoint is malformed: ") as caught:
        sj.ReplayFilter.restore(forged(**others))
    assert caught.value.code == "bad_checkpoint"


# Written by an earlier version. Of five events, the fourth was rejected and the fifth not applied yet.
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
def test_a_forged_checkpoint_is_refused_or_restored(
    others: dict[str, Any], from_start: bool, chosen: st.DataObject
) -> None:
    """A restored filter works, and its own checkpoints can be restored, too."""
    if type(others.get("ids")) is str and chosen.draw(st.booleans()):
        others["count"] = len(b64decode(others["ids"] or "")) // 8 if others["ids"].endswith("=") else 0
    try:
        replays = sj.ReplayFilter.restore(forged(**{**(FROM_START if from_start else {}), **others}))
    except sj.CheckpointError:
        return
    events = [*numbered(0, 20), sent("1"), sj.ServerSentEvent("{", id="3"), in_span("2", "1", "x"), in_span("1", "4")]
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


def test_a_damaged_checkpoint_is_refused() -> None:
    data = forged()
    for damaged in (data[:-1], data.replace(b'"count":2', b'"count":3'), b"", sj.Assembler().checkpoint()):
        with pytest.raises(sj.CheckpointError):
            sj.ReplayFilter.restore(damaged)


# ---------------------------------------------------------------------------------------------------------------------
# options


def test_limits_apply_to_decoding() -> None:
    with pytest.raises(TypeError, match="limits must be a Limits"):
        sj.ReplayFilter(limits=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="limits must be a Limits"):
        sj.ReplayFilter.restore(sj.ReplayFilter().checkpoint(), limits=5)  # type: ignore[arg-type]
    deep = sent("1", [[[]]])
    for limits in (sj.Limits(max_depth=2), sj.Limits(max_depth=3)):
        replays = sj.ReplayFilter(limits=limits)
        replays.applied(deep)  # or skipped, if it exceeds the limits
        assert sj.ReplayFilter.restore(replays.checkpoint(), limits=limits).is_replay(deep)
    with pytest.raises(sj.CheckpointError):  # the content was not decoded, so it differs
        sj.ReplayFilter.restore(replays.checkpoint(), limits=sj.Limits(max_depth=2)).is_replay(deep)


@pytest.mark.parametrize("from_start", [False, True])
def test_checkpoint_keeps_the_span_of_a_rejected_event(*, from_start: bool) -> None:
    """No applied event has named a span when an event that names one is rejected."""
    replays, assembler = sj.ReplayFilter(replays_from_start=from_start), sj.Assembler()
    for number, (delta, span) in enumerate([("x", {}), (5, {"span_id": "s"}), ("y", {})]):
        event = sj.ServerSentEvent(json.dumps({"delta": delta, "json_path": "a", **span}), id=str(number))
        assert not replays.is_replay(event)
        with suppress(sj.ConflictError):
            assembler.apply(event)
            replays.applied(event)

    restored = sj.ReplayFilter.restore(replays.checkpoint())

    assert restored.checkpoint() == replays.checkpoint()
