"""A second decoder of event streams, slow and plain, written from sections 9.2.5 and 9.2.6 of the HTML standard.

It reads a whole stream line by line, and returns what `outcome` returns for the library's decoder. Random streams and
measurements, for the tests of the wire, are here too.
"""

from __future__ import annotations

import gc
import re
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from types import FrameType
from typing import NamedTuple

from hypothesis import strategies as st

from streamjson._errors import LimitExceededError
from streamjson._limits import Limits
from streamjson._wire.decoder import SSEDecoder
from streamjson._wire.event import ServerSentEvent

# ---- cutting ----


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def cut_at(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


# ---- random streams ----

TOKENS = [
    *(b"\n", b"\n\n", b"\r", b"\r\n", b"\n\r", b":", b": ", b" ", b"\0", b"\xef\xbb\xbf", b"\xef", b"\xbb", b"\xbf"),
    *(b"data", b"data:", b"data: ", b"data: a\n\n", b"id: 7\ndata: b\n\n", b"id", b"id: ", b"id: 1\n", b"id: \0\n"),
    *(b"event", b"event: e\n", b"retry", b"retry: ", b"retry: 5\n", b"retry: 007\n", b": ping\n\n", b"foo: x\n", b"x"),
    *("é".encode(), "😀".encode(), b"\xe2\x82", b"\xf0\x9f\x98", b"\xff", b"\xc0\x8a", "\u2028".encode(), b"\x0b"),
]
streams = st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join)
lf_streams = st.lists(st.sampled_from([token for token in TOKENS if b"\r" not in token]), max_size=40).map(b"".join)
cuttings = st.lists(st.integers(0, 10**6), max_size=12)


# ---- the observable state of the library's decoder ----


def facts(event: ServerSentEvent[str]) -> tuple[object, ...]:
    """Return all fields, including `offset`, which `==` ignores."""
    return (event.data, event.id, event.event, event.retry, event.last_event_id, event.offset)


def outcome(pieces: Iterable[bytes], limits: Limits | None = None) -> dict[str, object]:
    """Return all that can be observed of a decoder after these pieces: equal for any cutting (invariant I5)."""
    decoder = SSEDecoder(limits=limits or Limits())
    events: list[ServerSentEvent[str]] = []
    error: object = None
    try:
        for piece in pieces:
            events += decoder.feed(piece)
    except LimitExceededError as e:
        events += e.events
        error = (e.code, e.limit, e.maximum, e.met, e.offset, e.last_event_id, str(e))
    return {
        "events": [facts(event) for event in events],
        "error": error,
        "truncated": decoder.truncated,
        "last_event_id": decoder.last_event_id,
        "retry_ms": decoder.retry_ms,
    }


# ---- the reference ----


def reference(stream: bytes, maximum_ms: int = 3_600_000) -> dict[str, object]:
    bom = 3 if stream.startswith(b"\xef\xbb\xbf") else 0
    lines = re.split("\r\n|\r|\n", stream[bom:].decode("utf-8", "replace"))
    unfinished = lines.pop()
    blank_line_ends = iter(blank_lines(stream, bom))

    events: list[tuple[object, ...]] = []
    last_event_id, reconnection_time = "", None
    start = bom
    data_buffer, event_type_buffer, id_buffer = "", "", ""
    own_id, own_retry, pending = None, None, False
    for line in lines:
        if line == "":
            last_event_id = id_buffer
            if data_buffer != "":
                data = data_buffer[:-1] if data_buffer[-1] == "\n" else data_buffer
                events.append((data, own_id, event_type_buffer or "message", own_retry, last_event_id, start))
            data_buffer, event_type_buffer = "", ""
            own_id, own_retry, pending = None, None, False
            start = next(blank_line_ends)
            continue
        if line[0] == ":":
            continue
        if ":" in line:
            field, value = line.split(":", 1)
            value = value.removeprefix(" ")
        else:
            field, value = line, ""
        if field in ("data", "event", "id"):
            pending = True
        if field == "event":
            event_type_buffer = value
        elif field == "data":
            data_buffer += value + "\n"
        elif field == "id" and "\0" not in value:
            id_buffer = own_id = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            own_retry = reconnection_time = min(int(value), maximum_ms)
    if unfinished and unfinished[0] != ":" and unfinished.split(":")[0] != "retry":
        pending = True
    return {
        "events": events,
        "error": None,
        "truncated": pending,
        "last_event_id": last_event_id,
        "retry_ms": reconnection_time,
    }


def blank_lines(stream: bytes, begin: int) -> Iterator[int]:
    """Yield where each blank line ends."""
    line_start = begin
    for ending in re.finditer(b"\r\n|\r|\n", stream[begin:]):
        if begin + ending.start() == line_start:
            yield begin + ending.end()
        line_start = begin + ending.end()


class Excess(NamedTuple):
    """Where a limit is exceeded: the offsets at which the refused line and its block begin."""

    line: int
    block: int
    limit: str
    met: int


def first_excess(stream: bytes, limits: Limits) -> Excess | None:
    """Return where a stream first exceeds `max_event_bytes` or `max_id_bytes`, from the bytes that each block keeps."""
    at = block = 3 if stream.startswith(b"\xef\xbb\xbf") else 0
    if len(stream) < 3 and b"\xef\xbb\xbf".startswith(stream):  # part of a BOM is not a line yet
        return None
    kept = 0
    for line, ending in re.findall(rb"([^\r\n]*)(\r\n|\r|\n|\Z)", stream[at:]):
        name, _, value = line.partition(b":")
        if limits.max_event_bytes is not None and line[:1] != b":" and kept + len(line) > limits.max_event_bytes:
            return Excess(at, block, "max_event_bytes", limits.max_event_bytes + 1)
        if name == b"id" and ending and b"\0" not in value:
            size = len(value.removeprefix(b" "))
            if limits.max_id_bytes is not None and size > limits.max_id_bytes:
                return Excess(at, block, "max_id_bytes", size)
        kept += len(line) if name in {b"data", b"event", b"id"} else 0
        at += len(line) + len(ending)
        if not line:
            kept, block = 0, at
    return None


def refused(stream: bytes, limits: Limits) -> dict[str, object]:
    """Return what `outcome` returns, for any limits."""
    maximum_ms = 2**63 - 1 if limits.max_retry_ms is None else limits.max_retry_ms
    excess = first_excess(stream, limits)
    if excess is None:
        return reference(stream, maximum_ms)
    expected = reference(stream[: excess.line], maximum_ms)
    error = limits.exceeded(excess.limit, excess.met)
    error.offset, error.last_event_id = excess.block, expected["last_event_id"]
    seen = (error.code, excess.limit, error.maximum, excess.met, excess.block, error.last_event_id, str(error))
    return expected | {"error": seen, "truncated": True}


# ---- measurements ----


def calls_of(action: Callable[[], object]) -> int:
    """Return how many functions `action` calls, including those written in C."""
    count = 0

    def profiler(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


def peak_of(action: Callable[[], object]) -> int:
    """Return the peak memory of `action`, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
