"""The types of the public names; mypy and pyright check this file, and pytest runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import streamjson as sj

WIRE = b'id: 1\ndata: {"delta": "Jane", "json_path": "name"}\n\n'


def test_assemble_returns_a_stream_of_the_kind_of_its_source() -> None:
    stream = assert_type(sj.assemble(sj.decode_sse([WIRE])), sj.SnapshotStream)
    for snapshot in stream:
        assert_type(snapshot, sj.Snapshot)
        assert_type(snapshot.value, Any)
        assert_type(snapshot.get("name"), Any)
        assert_type(snapshot.version, int)
        assert_type(snapshot.complete, bool)
        assert_type(snapshot.end, sj.End)
        assert_type(snapshot.span_id, str | None)
        assert_type(snapshot.last_event_id, str)
        assert_type(snapshot.changes, tuple[sj.Change, ...])
        assert_type(snapshot.changes_since(0), tuple[sj.Change, ...])
    assert_type(stream.snapshot, sj.Snapshot)
    assert_type(stream.assembler, sj.Assembler)

    with sj.assemble([], require_done=True, on_conflict="replace") as entered:
        assert_type(entered, sj.SnapshotStream)


def test_asynchronous_source_gives_an_asynchronous_stream() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield WIRE

    async def read() -> None:
        async with sj.assemble(sj.decode_sse(pieces())) as stream:
            assert_type(stream, sj.AsyncSnapshotStream)
            async for snapshot in stream:
                assert_type(snapshot, sj.Snapshot)
            assert_type(await stream.final(), Any)

    coroutine = read()
    coroutine.close()


def test_split_streams_keeps_the_kind_and_type_of_its_source() -> None:
    async def events() -> AsyncIterator[object]:
        yield sj.StreamingChunk("Jane", "name")

    async def read() -> None:
        async with sj.split_streams(events()) as streams:
            async for stream in streams:
                assert_type(sj.assemble(stream), sj.AsyncSnapshotStream)
                assert_type([event async for event in stream], list[object])

    coroutine = read()
    coroutine.close()
    with sj.split_streams(sj.decode_sse(WIRE)) as streams:
        for stream in streams:
            assert_type(sj.assemble(stream), sj.SnapshotStream)
            assert_type(list(stream), list[sj.ServerSentEvent[str]])


def test_assembler_returns_changes() -> None:
    assembler = sj.Assembler(path_prefix="out", limits=sj.Limits(max_depth=None))
    change = assert_type(assembler.apply(sj.StreamingChunk("Jane", "out.name")), sj.Change | None)
    assert_type(assembler.apply_delta("out.tags", ["a", {"b": None}]), sj.Change | None)
    assert_type(assembler.snapshot(), sj.Snapshot)
    assert_type(assembler.close(), sj.Change | None)
    assert_type(assembler.reset(), sj.Change | None)
    assert change is not None
    assert_type(change.path, sj.Path)
    assert_type(change.delta, Any)
    assert_type(change.before, sj.Change | None)
    assert_type(change.to_chunks(), list[sj.StreamingChunk])


def test_wire_and_paths() -> None:
    decoder = sj.SSEDecoder()
    assert_type(decoder.feed(WIRE), list[sj.ServerSentEvent[str]])
    assert_type(decoder.retry_ms, int | None)
    for event in sj.decode_sse(WIRE):
        assert_type(event, sj.ServerSentEvent[str])
        assert_type(event.data, str)
        assert_type(sj.encode_sse(event), bytes)
    assert_type(sj.disassemble({"a": [1, None]}), Iterator[sj.StreamingChunk])
    assert_type(sj.parse_path("a[0]").pointer, str)
    assert_type(sj.format_path(["a", 0]), str)


def test_comparison_with_missing_narrows_the_type() -> None:
    chunk = sj.StreamingChunk()
    assert chunk.delta is sj.MISSING
    chunk = sj.StreamingChunk.from_dict({"delta": None})
    if chunk.delta is not sj.MISSING:
        assert_type(chunk.delta, sj.JSONValue)
