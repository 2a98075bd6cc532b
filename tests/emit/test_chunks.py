"""Our own chunks: a client that commits at each id, and comes back with its last one, loses and doubles nothing."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from growing import in_any_order


class Client:
    """A client by the rules: it shows an update when its id has come, and asks for what follows its last id."""

    def __init__(self) -> None:
        self.committed: list[dict[str, Any]] = []
        self.last_event_id = ""
        self.is_done = False

    def read(self, received: bytes) -> None:
        """Read what came over one connection, which may be cut anywhere."""
        decoder, pending = sj.SSEDecoder(), list[dict[str, Any]]()
        for event in decoder.feed(received):
            if event.data == "[DONE]":
                self.is_done = True
                continue
            pending.append(json.loads(event.data))
            if event.id is not None:
                self.committed += pending
                self.last_event_id = event.id
                pending.clear()

    @property
    def value(self) -> Any:
        assembler = sj.Assembler()
        for payload in self.committed:
            assembler.apply(payload)
        value = assembler.snapshot().value
        return None if value is sj.MISSING else value


def shown(snapshot: sj.Snapshot) -> Any:
    return None if snapshot.value is sj.MISSING else snapshot.value


@given(st.integers(0, 2**32), st.data())
def test_client_that_is_cut_anywhere_and_comes_back_has_the_document(seed: int, data: st.DataObject) -> None:
    assembler, client = sj.Assembler(on_conflict="replace"), Client()
    out = sj.emit.Chunks("answer-42", min_interval_s=0)
    received = b""
    steps = in_any_order(random.Random(seed)).apply_to(assembler)
    for _ in steps:
        if data.draw(st.booleans(), "is asked"):
            received += out.update(assembler.snapshot())
        if received and data.draw(st.integers(0, 3), "is cut") == 0:
            client.read(received[: data.draw(st.integers(0, len(received)), "after")])
            out = sj.emit.Chunks("answer-42", last_event_id=client.last_event_id or None, min_interval_s=0)
            received = out.update(assembler.snapshot())
    client.read(received + out.close(assembler.snapshot()))

    assert repr(client.value) == repr(shown(assembler.snapshot()))
    assert client.is_done


@given(st.integers(0, 2**32))
def test_update_brings_a_client_from_any_version_to_any_later_one(seed: int) -> None:
    assembler = sj.Assembler(on_conflict="replace")
    every = [assembler.snapshot()]
    every += [assembler.snapshot() for _ in in_any_order(random.Random(seed)).apply_to(assembler)]
    for old in every[:: max(len(every) // 4, 1)]:
        client, out = Client(), sj.emit.Chunks("s", min_interval_s=0)
        client.read(out.update(old))
        for new in every[every.index(old) :: 3]:
            later = Client()
            later.committed = list(client.committed)
            later.read(sj.emit.Chunks("s", last_event_id=client.last_event_id).update(new))
            assert repr(later.value) == repr(shown(new))


def test_first_event_of_a_joiner_says_what_is_being_written():
    assembler = sj.Assembler()
    assembler.apply_delta("days[0].name", "Mo")
    (event,) = sj.decode_sse([sj.emit.Chunks("s").update(assembler.snapshot())])

    assert json.loads(event.data) == {
        "delta": {"days": [{"name": "Mo"}]}, "json_path": "", "open_path": "days[0].name",
    }  # fmt: skip
    assert event.retry == 2000 or sj.emit.Chunks("s").open() == b"retry: 2000\n\n"


@pytest.mark.parametrize(
    "last_event_id",
    ["", "s", "s:0", "s:x:1", "other:{}:1", "s:{}:9", "s:{}:-1", "s:{}:٣", "{}:1", "s:{}:9999999999999999999"],
)
def test_id_of_something_else_brings_the_whole_document(last_event_id: str) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    assembler.apply_delta("a", "y")
    (first,) = sj.decode_sse([sj.emit.Chunks("s").update(assembler.snapshot())])
    assert first.id is not None
    lineage = first.id.split(":")[1]
    out = sj.emit.Chunks("s", last_event_id=last_event_id.format(lineage))
    events = [json.loads(event.data) for event in sj.decode_sse([out.update(assembler.snapshot())])]

    assert events[-1] == {"delta": {"a": "xy"}, "json_path": "", "open_path": "a"}
    # The client may have something else, which an object does not replace.
    assert events[:-1] == ([{"delta": None, "json_path": ""}] if last_event_id else [])


def test_client_of_another_document_keeps_nothing_of_its_own():
    assembler, client = sj.Assembler(), Client()
    client.committed, client.last_event_id = [{"json_path": "", "delta": "old"}], "s:00000000:1"
    out = sj.emit.Chunks("s", last_event_id=client.last_event_id, min_interval_s=0)
    received = out.update(assembler.snapshot())
    assembler.apply_delta("", "new")
    client.read(received + out.update(assembler.snapshot()))
    assert client.value == "new"

    (forgotten, _) = sj.decode_sse([sj.emit.Chunks("s", last_event_id="s:00000000:1").close()])
    assert json.loads(forgotten.data) == {"delta": None, "json_path": ""}


def test_document_that_was_restored_has_another_lineage():
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    (event,) = sj.decode_sse([sj.emit.Chunks("s").update(assembler.snapshot())])
    restored = sj.Assembler.restore(assembler.checkpoint())
    restored.apply_delta("b", "y")  # so version 2 is another one than in the original
    assembler.apply_delta("a", "z")
    out = sj.emit.Chunks("s", last_event_id=event.id)

    assert b'"open_path":"b"' in out.update(restored.snapshot())


def test_id_fits_a_header_whatever_the_stream_is_called():
    assembler, client = sj.Assembler(), Client()
    assembler.apply_delta("a", "x")
    client.read(sj.emit.Chunks("Größe 🙂").update(assembler.snapshot()))
    assert client.last_event_id.isascii()
    assert (
        sj.emit.Chunks("Größe 🙂", last_event_id=client.last_event_id).update(assembler.snapshot())
        == b"retry: 2000\n\n"
    )


def test_id_survives_a_reset():
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    client = Client()
    client.read(sj.emit.Chunks("s").update(assembler.snapshot()))
    assembler.reset()
    assembler.apply_delta("b", "y")
    client.read(sj.emit.Chunks("s", last_event_id=client.last_event_id).update(assembler.snapshot()))

    assert client.value == {"b": "y"}
