"""Continuing a document whose end was a guess: nothing is lost, and values reported too early are reported again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from verbs import apply_entry, entries

HIGH, LOW, BAD = "\ud83d", "\ude00", "\ufffd"
Deltas = list[tuple[str, Any]]


def closed(deltas: Deltas, **options: Any) -> sj.Assembler:
    assembler = sj.Assembler(**options)
    for path, delta in deltas:
        assembler.apply_delta(path, delta)
    assembler.close()
    return assembler


def seen(change: sj.Change | None) -> tuple[object, ...] | None:
    return None if change is None else (change.kind, str(change.path), change.delta, change.version)


# ---------------------------------------------------------------------------------------------------------------------
# reopen


def test_a_guessed_end_can_be_continued() -> None:
    assembler = closed([("a", "x")])
    end = assembler.snapshot()
    assert assembler.reopen() is None
    assert (assembler.end, assembler.version, assembler.snapshot().complete) == ("open", 1, False)
    assert seen(assembler.apply_delta("a", "y")) == ("append", "a", "y", 2)
    assert (end.value, end.complete) == ({"a": "x"}, True)
    assembler.close()
    assert assembler.snapshot().value == {"a": "xy"}


def test_reopening_an_open_document_changes_nothing() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    assert assembler.reopen() is None
    assert seen(assembler.apply_delta("a", "y")) == ("append", "a", "y", 2)


def done(assembler: sj.Assembler) -> None:
    assembler.apply(sj.ServerSentEvent("[DONE]"))


def failed(assembler: sj.Assembler) -> None:
    with pytest.raises(sj.StreamFailedError):
        assembler.apply({"error": "boom"})


@pytest.mark.parametrize("end", [done, failed])
def test_an_end_that_was_not_a_guess_is_final(end: Callable[[sj.Assembler], None]) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    end(assembler)
    for one in (assembler, sj.Assembler.restore(assembler.checkpoint())):
        with pytest.raises(sj.ClosedError):
            one.reopen()
        assert one.reset() is not None


def test_a_callback_cannot_reopen() -> None:
    assembler = closed([("a", "x")])
    assembler.reopen()
    assembler.on("a", lambda _: assembler.reopen())
    with pytest.raises(sj.StreamJSONError) as caught:
        assembler.apply_delta("a", "y")
    assert caught.value.code == "applying"


# ---------------------------------------------------------------------------------------------------------------------
# halves that the end has repaired


@pytest.mark.parametrize("is_restored", [False, True])
@pytest.mark.parametrize("before", ["", "x", "long " * 100])
def test_a_half_that_the_end_repaired_is_pending_again(before: str, *, is_restored: bool) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("t", before)
    assembler.apply_delta("t", HIGH)
    assembler.close()
    end = assembler.snapshot()
    version = end.version
    if is_restored:
        assembler = sj.Assembler.restore(assembler.checkpoint())
    heard: list[object] = []
    assembler.on("t", lambda change: heard.append(seen(change)))
    change = assembler.reopen()
    assert seen(change) == ("set", "t", before, version + 1)
    assert heard == [seen(change)]
    assert assembler.snapshot().value == {"t": before}
    assert seen(assembler.apply_delta("t", LOW + "y")) == ("append", "t", "\U0001f600y", version + 2)
    assert assembler.snapshot().value == {"t": before + "\U0001f600y"}
    assert (end.value, assembler.close()) == ({"t": before + BAD}, None)


def test_a_restored_interleaved_document_loses_nothing() -> None:
    """Its last change is an append, and restoring must not leave that string open."""
    assembler = closed([("a", "x"), ("b", "y"), ("a", "z" + HIGH)])
    assembler = sj.Assembler.restore(assembler.checkpoint())
    heard = heard_by(assembler)
    assembler.reopen()
    assembler.apply_delta("a", LOW + " and the rest")
    done(assembler)
    snapshot = assembler.snapshot()
    text = "xz\U0001f600 and the rest"
    assert (snapshot.copy_value(), snapshot.get("a")) == ({"a": text, "b": "y"}, text)
    assert heard == [("a", text, 2)]


def test_several_repaired_halves_are_pending_again() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("", {"a": "1", "b": "2"})
    assembler.apply_delta("a", HIGH)
    assembler.apply_delta("b", HIGH)
    assembler.close()
    change = assembler.reopen()
    assert change is not None
    assert change.before is not None
    assert [seen(change.before), seen(change)] == [("set", "a", "1", 4), ("set", "b", "2", 5)]
    assert change.before.before is None
    assembler.apply_delta("b", LOW)
    assert assembler.snapshot().value == {"a": "1" + BAD, "b": "2\U0001f600"}


def test_a_half_can_be_repaired_repeatedly() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("t", "x" + HIGH)
    for _ in range(3):
        assembler.close()
        assert assembler.snapshot().value == {"t": "x" + BAD}
        assembler.reopen()
        assert assembler.snapshot().value == {"t": "x"}


def test_reopening_a_full_document_changes_nothing() -> None:
    assembler = closed([("t", "x"), ("t", HIGH)], limits=sj.Limits(max_nodes=2))
    with pytest.raises(sj.LimitExceededError):
        assembler.reopen()
    assert (assembler.end, assembler.snapshot().value) == ("eof", {"t": "x" + BAD})


# ---------------------------------------------------------------------------------------------------------------------
# streams


def test_a_stream_refuses_an_ended_assembler_before_reading() -> None:
    read: list[int] = []

    def source() -> Iterator[object]:
        read.append(1)
        yield {"delta": "y", "json_path": "a"}

    async def async_source() -> AsyncIterator[object]:
        read.append(1)
        yield {"delta": "y", "json_path": "a"}

    ended = closed([("a", "x")])
    for one in (ended, sj.Assembler.restore(ended.checkpoint())):
        for given_source in (source, async_source):
            with pytest.raises(sj.ClosedError, match="reopen"):
                sj.assemble(given_source(), assembler=one)  # type: ignore[call-overload]
    assembler = sj.Assembler()
    done(assembler)
    with pytest.raises(sj.ClosedError, match="reset"):
        sj.assemble(source(), assembler=assembler)
    assert read == []


EVENTS = [
    sj.ServerSentEvent(sj.StreamingChunk(piece, "t"), id=str(number))
    for number, piece in enumerate(["The ", "end ", "is a ", "guess"], 1)
]
DONE = sj.ServerSentEvent("[DONE]", id="5")


@pytest.mark.parametrize("last", [[], [DONE]], ids=["eof", "done"])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_replay_after_a_guessed_end_loses_nothing(last: list[object], *, is_async: bool) -> None:
    """The stream ended between two events, and the next connection begins with a replay."""
    assembler, replays = sj.Assembler(), sj.ReplayFilter()

    async def events(given_events: list[object]) -> AsyncIterator[object]:
        for event in given_events:
            yield event

    def read(given_events: list[object]) -> object:
        if is_async:
            return asyncio.run(sj.assemble(events(given_events), assembler=assembler, replays=replays).final())
        return sj.assemble(given_events, assembler=assembler, replays=replays).final()

    assert read([*EVENTS[:2]]) == {"t": "The end "}
    replays.reconnected()
    with pytest.raises(sj.ClosedError, match="reopen"):
        read([*EVENTS[1:], *last])
    assembler.reopen()
    assert read([*EVENTS[1:], *last]) == {"t": "The end is a guess"}
    assert assembler.end == ("done" if last else "eof")


def test_closing_the_assembler_during_a_replay_raises() -> None:
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    sj.assemble(EVENTS[:2], assembler=assembler, replays=replays).final()
    assembler.reopen()
    replays.reconnected()
    stream = sj.assemble(EVENTS, assembler=assembler, replays=replays)
    assembler.close()
    with pytest.raises(sj.ClosedError):
        next(stream)


# ---------------------------------------------------------------------------------------------------------------------
# values that were reported as complete


def heard_by(assembler: sj.Assembler) -> list[tuple[str, Any, int]]:
    heard: list[tuple[str, Any, int]] = []
    assembler.on_complete("$..*", lambda done: heard.append((str(done.path), done.value, done.revision)))
    return heard


def test_only_changed_values_are_reported_again() -> None:
    assembler = sj.Assembler()
    heard = heard_by(assembler)
    for path, delta in [("a", "x"), ("b", "y")]:
        assembler.apply_delta(path, delta)
    assembler.close()
    assert heard == [("a", "x", 1), ("b", "y", 1)]
    heard.clear()
    assembler.reopen()
    assert heard == []
    late = heard_by(assembler)
    assembler.apply_delta("b", "z")
    assembler.apply_delta("c", 1)
    assembler.close()
    assert heard == [("b", "yz", 2), ("c", 1, 1)]
    assert late == [("b", "yz", 1), ("c", 1, 1)]


def test_nothing_is_reported_again_without_changes() -> None:
    assembler = sj.Assembler()
    heard = heard_by(assembler)
    assembler.apply_delta("a", "x")
    assembler.close()
    for end in (sj.Assembler.close, done):
        assembler.reopen()
        end(assembler)
    assert heard == [("a", "x", 1)]


def test_an_empty_document_continues_in_document_order() -> None:
    assembler = closed([])
    heard = heard_by(assembler)
    assembler.reopen()
    assembler.apply_delta("a", "x")
    assembler.apply_delta("b", "y")
    assert heard == [("a", "x", 1)]


def test_is_complete_after_reopening() -> None:
    assembler = closed([("a", "x"), ("b", "y")])
    assembler.reopen()
    reopened = assembler.snapshot()
    assembler.apply_delta("b", "z")
    now = assembler.snapshot()
    assert [snapshot.is_complete("a") for snapshot in (reopened, now)] == [True, True]
    assert [snapshot.is_complete("b") for snapshot in (reopened, now)] == [False, False]
    assert now.is_complete("") is False


LOCATIONS = ["a", "b", "c.x", "c.y", "d[0]", "d[1].z", "c", "d", "e"]
VALUES: list[Any] = ["x", "yy", HIGH, LOW + "q", 1, True, None, [], {}, {"x": "v"}, ["i", {"z": "w"}]]
STREAMS = st.lists(st.tuples(st.sampled_from(LOCATIONS), entries(st.sampled_from(VALUES))), max_size=8)


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Return every value by its path; holes are null."""
    found = {} if value is sj.MISSING or not path else {path: value}
    if isinstance(value, dict):
        for name, item in value.items():
            found |= leaves(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found |= leaves(item, f"{path}[{index}]")
    return found


@given(
    parts=st.lists(STREAMS, min_size=1, max_size=4),
    completion=st.sampled_from(["order", "end"]),
    restores=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_a_stream_in_any_parts_ends_like_an_uninterrupted_one(
    parts: list[Deltas], completion: Any, restores: list[bool]
) -> None:
    """The document is equal, and the last report of each location is the value there."""
    options: Any = {"on_conflict": "replace", "completion": completion}
    whole, assembler = sj.Assembler(**options), sj.Assembler(**options)
    reported: dict[str, Any] = {}

    def hear(done: sj.Completion[Any]) -> None:
        path = str(done.path)
        assert (path in reported) == (done.revision == 2), (path, done.revision)
        if done.gone:
            del reported[path]
        else:
            reported[path] = done.value

    assembler.on_complete("$..*", hear)
    for number, part in enumerate(parts):
        for path, entry in part:
            apply_entry(whole, path, entry)
            change = apply_entry(assembler, path, entry)
            assert change is None or assembler.snapshot().get(change.path) == change.value
            assert assembler.snapshot().copy_value() == whole.snapshot().copy_value()
        snapshots = [assembler.snapshot()]
        assembler.close()
        snapshots.append(assembler.snapshot())
        values = [snapshot.copy_value() for snapshot in snapshots]
        expected = leaves(assembler.snapshot().value)
        assert {path: value for path, value in reported.items() if value is not None} == {
            path: value for path, value in expected.items() if value is not None
        }
        if restores[number]:
            assembler = sj.Assembler.restore(assembler.checkpoint(), **options)
            assembler.on_complete("$..*", hear)
        if number + 1 < len(parts):
            assembler.reopen()
            assert [snapshot.copy_value() for snapshot in snapshots] == values
            if restores[-1 - number]:
                assembler = sj.Assembler.restore(assembler.checkpoint(), **options)
                assembler.on_complete("$..*", hear)
    whole.close()
    assert assembler.snapshot().value == whole.snapshot().value


def test_an_interrupt_while_reopening_tears_the_document() -> None:
    class Breaking(bytearray):
        def append(self, length: Any) -> None:
            super().append(length)
            raise KeyboardInterrupt

    assembler = closed([("t", "x" + HIGH)])
    assembler._session.document.lengths = Breaking(assembler._session.document.lengths)
    with pytest.raises(KeyboardInterrupt):
        assembler.reopen()
    for call in (assembler.reopen, lambda: assembler.apply_delta("t", "y")):
        with pytest.raises(sj.ClosedError) as caught:
            call()
        assert caught.value.code == "torn"
    assert assembler.snapshot().value == {"t": "x" + BAD}
