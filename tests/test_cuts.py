"""Each example stream, cut after every byte: no complete event is lost, and an incomplete one has no effect.

The expected values are computed from the bytes independently: blocks end at blank lines, `json.loads` reads their
data, and the naive model applies them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import streamjson as sj
from naive_model import MISSING, NaiveDocument, plain

# Streams of our own wire; those of providers have no span.
EXAMPLES = sorted(
    path for path in (Path(__file__).parent.parent / "examples").glob("*.sse") if b'"span_id"' in path.read_bytes()
)
SAMPLE_BYTES = 211  # between two cuts, where each cut reruns the stream; prime, so that cuts fall anywhere


class Prefix(NamedTuple):
    """The expected state after some of a stream's events."""

    size: int  # in bytes
    last_event_id: str
    value: Any
    closed: Any  # the value if the stream ends here, with pending surrogate halves repaired
    failed: bool
    done: bool


def prefixes(data: bytes) -> list[Prefix]:
    """Return the expected state after zero, one, two and so on of the blocks."""
    model = NaiveDocument()
    found = [Prefix(0, "", MISSING, MISSING, failed=False, done=False)]
    size = 0
    last_event_id = ""
    for block in data.split(b"\n\n")[:-1]:
        size += len(block) + 2
        fields = [line.partition(": ") for line in block.decode().split("\n") if not line.startswith(":")]
        last_event_id = next((value for name, _, value in fields if name == "id"), last_event_id)
        event_type = next((value for name, _, value in fields if name == "event"), "message")
        text = "\n".join(value for name, _, value in fields if name == "data")
        done = text == "[DONE]"
        chunk = {} if done or not text else json.loads(text)
        failed = event_type == "error" or chunk.get("chunk_type") == "error"
        if not failed and "delta" in chunk:
            steps = tuple(sj.parse_path(chunk.get("json_path") or ""))
            model.apply(steps, chunk["delta"])
        end = copy.copy(model)
        if not failed:
            end.close()
        value, closed = plain(model.root_slot)[0], plain(end.root_slot)[0]
        found.append(Prefix(size, last_event_id, closed if done else value, closed, failed, done))
        if failed or done:
            break
    return found


def is_cut_off(pending: bytes) -> bool:
    """Return whether the bytes after the last blank line are part of an event."""
    *whole, unfinished = pending.split(b"\n")
    if any(line.partition(b":")[0] in {b"id", b"data", b"event"} for line in whole):
        return True
    return unfinished not in {b"", b"retry"} and not unfinished.startswith((b":", b"retry:"))


def same(value: Any, expected: Any) -> bool:
    if MISSING is expected or value is sj.MISSING:
        return (MISSING is expected) is (value is sj.MISSING)
    return json.dumps(value) == json.dumps(expected)


def whole_run(data: bytes) -> tuple[Any, sj.Snapshot]:
    """Return the error that ends a stream, if any, and its last snapshot."""
    stream = sj.assemble(sj.decode_sse([data]))
    try:
        for _ in stream:
            pass
    except (sj.StreamTruncatedError, sj.StreamFailedError) as error:
        return error, stream.snapshot
    return None, stream.snapshot


def cuts(data: bytes) -> Iterator[tuple[int, Prefix]]:
    """Yield each number of bytes with the longest prefix of complete events in it."""
    found = prefixes(data)
    number = 0
    for size in range(len(data) + 1):
        while number + 1 < len(found) and found[number + 1].size <= size:
            number += 1
        yield size, found[number]


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.name)
def data(request: pytest.FixtureRequest) -> bytes:
    return request.param.read_bytes()


def test_there_are_examples():
    assert len(EXAMPLES) >= 5


def test_state_after_every_byte_is_that_of_its_complete_events(data: bytes) -> None:
    decoder, assembler = sj.SSEDecoder(), sj.Assembler()
    ended = False
    checked: Prefix | None = None
    for size, expected in cuts(data):
        for event in decoder.feed(data[size - 1 : size] if size else b""):
            if ended:
                continue  # nothing is read after the end
            if expected.failed:
                with pytest.raises(sj.StreamFailedError) as caught:
                    assembler.apply(event)
                assert same(caught.value.snapshot.value, expected.value)
            else:
                assembler.apply(event)
            ended = expected.failed or expected.done
        if expected is not checked:
            assert same(assembler.snapshot().value, expected.value)
            assert (assembler.end == "done") is expected.done
            checked = expected
        assert assembler.last_event_id == expected.last_event_id
        if not ended:
            assert decoder.truncated is is_cut_off(data[expected.size : size])
            assert decoder.last_event_id == expected.last_event_id


@pytest.mark.slow
def test_stream_cut_between_events_ends_cleanly(data: bytes) -> None:
    for size, expected in cuts(data):
        if size != expected.size:
            continue
        error, snapshot = whole_run(data[:size])
        assert isinstance(error, sj.StreamFailedError) is expected.failed
        assert snapshot.complete is not expected.failed
        assert snapshot.end == ("open" if expected.failed else "done" if expected.done else "eof")
        assert same(snapshot.value, expected.closed)
        assert snapshot.last_event_id == expected.last_event_id


@pytest.mark.slow
def test_stream_cut_inside_an_event_is_truncated(data: bytes) -> None:
    for size, expected in cuts(data):
        pending = data[expected.size : size]
        near_a_boundary = 0 < len(pending) <= 2 and size % 3 == 0
        is_sampled = size % SAMPLE_BYTES == 0 or near_a_boundary
        if not is_sampled or expected.failed or expected.done or not is_cut_off(pending):
            continue
        error, snapshot = whole_run(data[:size])
        assert isinstance(error, sj.StreamTruncatedError)
        assert error.last_event_id == snapshot.last_event_id == expected.last_event_id
        assert not snapshot.complete
        assert same(snapshot.value, expected.value)
