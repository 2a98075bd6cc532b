"""A stream without its source: what it applies, the snapshots it takes, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

import streamjson as sj
from streamjson._streams.base import BaseStream
from streamjson._view import structurer_of

X, Y = {"delta": "x", "json_path": "a"}, {"delta": "y", "json_path": "a"}
DONE = {"data": "[DONE]"}


def fed(*events: object, **options: Any) -> BaseStream:
    stream = BaseStream(**options)
    for event in events:
        stream._consume(event)
    return stream


def test_options_and_an_assembler_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="has its options already: completion, path_prefix"):
        BaseStream(assembler=sj.Assembler(), completion="end", path_prefix="a")


def test_an_ended_assembler_is_refused() -> None:
    assembler = sj.Assembler()
    assembler.close()
    with pytest.raises(sj.ClosedError):
        BaseStream(assembler=assembler)


def test_the_counts_are_those_of_the_assembler() -> None:
    stream = fed(X, {"data": "{"}, {"usage": 5}, {"event": "ping", "data": "x"}, on_invalid="skip")
    assembler = stream.assembler
    assert (stream.skipped_count, stream.ignored_count, stream.passed_over) == (1, 1, 1)
    assert (stream.skipped, stream.ignored) == (assembler.skipped, assembler.ignored)
    assert [kept.event for kept in (*stream.skipped, *stream.ignored)] == [{"data": "{"}, {"usage": 5}]


def test_snapshot_is_the_last_one_taken_until_something_changes() -> None:
    stream = fed(X)
    taken = stream._take_snapshot()
    assert stream.snapshot is taken
    for event, version in ((Y, 2), ({"data": "", "id": "7"}, 2)):
        stream._consume(event)
        assert stream.snapshot is not taken
        assert (stream.snapshot.version, stream.snapshot.last_event_id) == (version, event.get("id", ""))
        taken = stream._take_snapshot()


def test_the_changes_of_a_snapshot_begin_after_the_one_before() -> None:
    stream = fed(X)
    stream._take_snapshot()
    stream._consume(Y)
    assert [change.delta for change in stream.snapshot.changes] == ["y"]
    assert [change.delta for change in stream._take_snapshot().changes] == ["y"]
    stream._end()
    last = stream._take_last_snapshot()
    assert (last.complete, last.changes) == (True, ())


def test_the_end_of_the_source_ends_the_document() -> None:
    stream = fed(X)
    assert stream._end() is None
    assert stream.assembler.end == "eof"


def test_require_done_refuses_the_end_of_the_source() -> None:
    stream = fed(X, {"data": "", "id": "7"}, require_done=True)
    with pytest.raises(sj.StreamTruncatedError) as caught:
        stream._end()
    assert (caught.value.code, caught.value.last_event_id, stream.assembler.end) == ("no_done", "7", "open")


def test_the_final_value_is_that_of_a_complete_document() -> None:
    stream = fed(X)
    with pytest.raises(sj.ClosedError, match="before its document was complete"):
        stream._final_value(None)
    stream._consume(DONE)
    assert stream._final_value(None) == {"a": "x"}
    assert stream._final_value(structurer_of(dict[str, str])) == {"a": "x"}


# ---------------------------------------------------------------------------------------------------------------------
# replays


def numbered(first: int, last: int) -> list[object]:
    return [sj.ServerSentEvent(sj.StreamingChunk(str(number), "a"), id=str(number)) for number in range(first, last)]


def test_replayed_events_are_not_applied() -> None:
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    fed(*numbered(0, 2), assembler=assembler, replays=replays)
    replays.reconnected()
    fed(*numbered(0, 3), assembler=assembler, replays=replays)
    assert assembler.snapshot().value == {"a": "012"}


def test_a_filter_that_raises_stops_the_stream_at_each_event() -> None:
    replays = sj.ReplayFilter()
    for event in numbered(0, 1) * 2:
        replays.applied(event)
    stream = sj.assemble(numbered(0, 2), replays=sj.ReplayFilter.restore(replays.checkpoint()))
    for _ in range(2):
        with pytest.raises(sj.CheckpointError):
            next(stream)
    assert stream.snapshot.value is sj.MISSING


def test_a_filter_uses_the_limits_of_the_assembler() -> None:
    """Even if its own limits are smaller: else an event that it can't read would be applied twice."""
    deep = sj.ServerSentEvent(json.dumps({"delta": [[["x"]]], "json_path": "a"}), id="1")
    assembler, replays = sj.Assembler(), sj.ReplayFilter(limits=sj.Limits(max_depth=1))
    for count in (1, 0):
        stream = sj.assemble([deep, {"data": "{"}], assembler=assembler, replays=replays)
        versions = [assembler.version]
        with pytest.raises(sj.InvalidEventError):
            versions += [snapshot.version for snapshot in stream]
        assert assembler.version - versions[0] == count
        replays.reconnected()


# ---------------------------------------------------------------------------------------------------------------------
# repr


def test_repr_shows_the_state() -> None:
    stream = sj.assemble([X, {"delta": 1, "json_path": "b"}, {"data": "[DONE]"}])
    assert repr(stream) == "<SnapshotStream 0: open, empty>"
    next(stream)
    assert repr(stream) == "<SnapshotStream 1: open, an object of 1>"
    stream.final()
    assert repr(stream) == "<SnapshotStream 2: done, an object of 2>"
    assert repr(sj.assemble(["x"], assembler=sj.Assembler())) == "<SnapshotStream 0: open, empty>"
