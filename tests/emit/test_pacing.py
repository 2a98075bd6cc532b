"""When an update is sent: by the interval, by what the client has to read, and at the latest when it is quiet."""

from __future__ import annotations

import json
from typing import Any

import streamjson as sj


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def text_grows(out: sj.emit.Emitter, clock: Clock, *, pieces: int, each_s: float, piece: str = "x" * 4) -> list[bytes]:
    """Return what is sent of a text that grows piece by piece."""
    assembler, sent = sj.Assembler(), []
    for _ in range(pieces):
        assembler.apply_delta("text", piece)
        frame = out.update(assembler.snapshot())
        if frame:
            sent.append(frame)
        clock.now_s += each_s
    return [*sent, out.close(assembler.snapshot())]


def test_first_update_is_sent_at_once_and_the_next_after_the_interval():
    clock, assembler = Clock(), sj.Assembler()
    out = sj.emit.Chunks("s", clock=clock, min_interval_s=0.5)
    assembler.apply_delta("a", "x")
    assert out.update(assembler.snapshot())
    assert out.due_s is None

    assembler.apply_delta("a", "y")
    assert out.update(assembler.snapshot()) == b""
    assert out.due_s == 0.5
    clock.now_s += 0.2
    assert round(out.due_s, 6) == 0.3
    assert out.update(assembler.snapshot()) == b""
    clock.now_s += 0.3
    assert out.due_s == 0
    assert b'"y"' in out.update(assembler.snapshot())
    assert out.due_s is None


def test_close_sends_what_was_held_back():
    clock, assembler = Clock(), sj.Assembler()
    out = sj.emit.Chunks("s", clock=clock)
    assembler.apply_delta("a", "x")
    out.update(assembler.snapshot())
    assembler.apply_delta("a", "y")
    assert out.update(assembler.snapshot()) == b""

    assert [event.data for event in sj.decode_sse([out.close()])] == ['{"delta":"y","json_path":"a"}', "[DONE]"]


def test_client_that_reads_all_again_gets_fewer_frames_as_the_document_grows():
    clock = Clock()
    out = sj.emit.AISDK("m", "tool", clock=clock, min_interval_s=0.01, max_bytes_per_s=10_000)
    sent = text_grows(out, clock, pieces=1_000, each_s=0.01)

    sizes = [len(frame) for frame in sent]
    assert len(sent) < 150
    assert sizes[-2] > 2 * sizes[2]


def test_no_client_waits_for_more_than_a_second():
    clock = Clock()
    out = sj.emit.AISDK("m", "tool", clock=clock)
    sent = text_grows(out, clock, pieces=100, each_s=0.1, piece="x" * 100_000)

    assert 9 <= len(sent) <= 12


def test_without_a_byte_budget_only_the_interval_counts():
    clock = Clock()
    out = sj.emit.AISDK("m", "tool", clock=clock, min_interval_s=0.01, max_bytes_per_s=None)

    assert len(text_grows(out, clock, pieces=100, each_s=0.01)) >= 99


def test_long_text_is_replaced_when_it_grew_by_a_tenth():
    clock = Clock()
    out = sj.emit.Patch(clock=clock, min_interval_s=0.001)
    sent = text_grows(out, clock, pieces=25_000, each_s=0.002)

    assert len(sent) < 200
    assert sum(map(len, sent)) < 15 * 100_000
    assert json.loads(next(iter(sj.decode_sse([sent[-1]]))).data)[0]["value"] == "x" * 100_000


def test_text_that_was_left_or_is_quiet_is_sent_to_its_end():
    clock, assembler = Clock(), sj.Assembler()
    out = sj.emit.Patch(clock=clock)

    def update() -> Any:
        sent = list(sj.decode_sse([out.update(assembler.snapshot())]))
        return [(op["path"], len(op["value"])) for event in sent for op in json.loads(event.data)]

    assembler.apply_delta("a", "x" * 1000)
    assert out.update(assembler.snapshot())
    assembler.apply_delta("a", "x")
    clock.now_s += 0.125
    assert update() == []
    assert round(out.due_s or 0, 6) == 1
    clock.now_s += 0.6
    assert update() == []
    clock.now_s += 0.4
    assert update() == [("/a", 1001)]

    assembler.apply_delta("a", "x")
    clock.now_s += 0.125
    assert update() == []
    assembler.apply_delta("b", "y")
    clock.now_s += 0.125
    assert update() == [("/b", 1), ("/a", 1002)]


def test_text_that_is_behind_is_forgotten_when_it_is_replaced():
    clock, assembler = Clock(), sj.Assembler(on_conflict="replace")
    out = sj.emit.Patch(clock=clock, min_interval_s=0.001)
    for path, delta in [("a.b", "x" * 1000), ("a.b", "x"), ("c", "y" * 1000), ("c", "y"), ("a", [1])]:
        assembler.apply_delta(path, delta)
        out.update(assembler.snapshot())
        clock.now_s += 0.2
    (event, _) = sj.decode_sse([out.close()])

    assert [op["path"] for op in json.loads(event.data)] == ["/c"] or event.data == ""
