"""What type checkers know of `streamjson.emit`. mypy and pyright read this file; it also runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import streamjson as sj


def check_emitters(snapshot: sj.Snapshot, part: sj.Part, parts: tuple[sj.Part, ...]) -> None:
    out = sj.emit.AISDK("m", "tool", name="trip", output={"ok": True}, min_interval_s=0.1)
    assert_type(out.open(), bytes)
    assert_type(out.update(snapshot), bytes)
    assert_type(out.update(part), bytes)
    assert_type(out.close(parts), bytes)
    assert_type(out.close(), bytes)
    assert_type(out.fail("x"), bytes)
    assert_type(out.due_s, float | None)
    assert_type(out.keep_alive, bytes)
    emitters: list[sj.emit.Emitter] = [
        sj.emit.AGUI("t", "r", "state", "/trip"),
        sj.emit.Patch(lines=True, text="append"),
        sj.emit.OpenAI(model="m", created=1),
        sj.emit.ObjectStream(),
        sj.emit.Text(),
        sj.emit.Chunks("s", last_event_id=None),
    ]
    assert emitters


async def check_frames(stream: sj.SnapshotStream, astream: sj.AsyncSnapshotStream, answer: sj.AsyncPartStream) -> None:
    assert_type(sj.emit.frames(stream, sj.emit.Text()), Iterator[bytes])
    assert_type(sj.emit.frames(astream, sj.emit.Text(), keep_alive_s=1), AsyncIterator[bytes])
    assert_type(sj.emit.frames(answer, sj.emit.OpenAI(), on_error=print), AsyncIterator[bytes])


def check_text_and_patch(snapshot: sj.Snapshot, change: sj.Change) -> None:
    assert_type(sj.emit.JSONText().update(snapshot), str)
    assert_type(change.to_patch(), list[dict[str, sj.JSONValue]])
    assert_type(sj.to_json_patch(0, snapshot), list[dict[str, sj.JSONValue]])


def test_emitters_take_snapshots() -> None:
    snapshot = sj.Assembler().snapshot()

    assert sj.emit.Patch().close(snapshot) == b"data: [DONE]\n\n"
