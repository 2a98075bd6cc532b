"""Streams that break and are resumed: no event is lost, and none is applied twice.

`make reliability` runs the same programs with many more cases.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, strategies as st

import cuts
import replays
import streamjson as sj

STREAMS = {stream.name: stream for stream, _ in cuts.streams_to_cut(400)}


@pytest.mark.slow
@pytest.mark.parametrize("by_ids", [True, False], ids=["by ids", "from the start"])
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_a_stream_cut_after_any_byte_ends_like_an_uncut_one(stream: cuts.Resumable, *, by_ids: bool) -> None:
    found = cuts.cut_everywhere(stream, every=13, by_ids=by_ids)

    assert (found.lost, found.doubled, found.other_documents) == (0, 0, 0)
    assert found.bytes_cut == len(stream.data) + 1
    assert found.resumptions > len(stream.events) // 20


def test_the_blocks_of_a_stream_are_its_bytes() -> None:
    for stream in STREAMS.values():
        assert b"".join(stream.blocks) == stream.data
        assert len(stream.blocks) == len(stream.events)


@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
@pytest.mark.parametrize("sender", replays.SENDERS)
def test_each_event_is_applied_once_or_the_filter_refuses(sender: str, *, from_start: bool) -> None:
    ids, refusal = replays.SENDERS[sender]
    chosen = random.Random(sender)
    for _ in range(5):
        events = replays.deltas(chosen, ids(chosen))
        if refusal is None or from_start:
            found = replays.reconnecting(events, chosen, from_start=from_start)
            assert (found["lost"], found["doubled"]) == (0, 0)
            assert found["reconnects"] > 1
        else:
            with pytest.raises(sj.CheckpointError) as caught:
                replays.reconnecting(events, chosen)
            assert caught.value.code in {refusal, "other_replay"}


@given(st.sampled_from(sorted(replays.SERVERS)), st.integers(0, 2**32))
def test_the_document_is_right_or_the_filter_refuses(server: str, seed: int) -> None:
    """Several spans, servers that start over, and ids that change: `make reliability` has 10,000 sessions."""
    found = replays.session(server, random.Random(seed))
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert replays.SERVERS[server].may_be_refused or not found["refused"]


@pytest.mark.slow
def test_sessions_with_servers_reconnect_and_replay() -> None:
    rows = list(replays.sessions(len(replays.SERVERS) * 12))
    assert [row["sender"] for row in rows if not row["kept"]] == []
    assert all(row["reconnects"] for row in rows)
    for kind in (replays.BY_IDS, replays.FROM_START):
        assert sum(row["sent_again"] for row in rows if row["sender"] in kind) > 20 * len(kind)
    assert 0 < sum(row["refused"] for row in rows) < len(rows) * 6


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["is_replay", "restore"])
def test_a_broken_library_is_detected(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = STREAMS["examples/text.sse"]
    if broken == "is_replay":
        monkeypatch.setattr(sj.ReplayFilter, "is_replay", lambda _self, _event: False)
    else:
        restore = sj.Assembler.restore

        def forgetful(data: bytes) -> Any:
            assembler = restore(data)
            assembler.reset()
            return assembler

        monkeypatch.setattr(sj.Assembler, "restore", forgetful)
    found = cuts.cut_everywhere(stream, every=9)
    assert found.lost + found.doubled + found.other_documents > 0
