"""The wire: any bytes, cut anywhere, give the events that the WHATWG's text says; and the way back."""

from __future__ import annotations

import array
import asyncio
import base64
import gc
import json
import math
import re
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import assume, example, given, strategies as st

from sse_reference import cut_at, facts, outcome, pieces_of, reference, refused
from streamjson._errors import ClosedError, InvalidEventError, LimitExceededError, StreamTruncatedError
from streamjson._json import MISSING
from streamjson._limits import Limits
from streamjson._wire.decoder import SSEDecoder, decode_sse
from streamjson._wire.encoder import encode_sse
from streamjson._wire.event import ServerSentEvent, StreamingChunk

VECTORS = Path(__file__).parents[1] / "vectors"
STREAMS = json.loads((VECTORS / "sse.json").read_text("utf-8"))
SESSIONS = json.loads((VECTORS / "sse_sessions.json").read_text("utf-8"))


def named(rows: Iterable[dict[str, Any]]) -> list[Any]:
    return [pytest.param(row, id=row["name"]) for row in rows]


# ---------------------------------------------------------------------------------------------------------------------
# the vectors


def assert_is(vector: dict[str, Any], pieces: Iterable[bytes]) -> None:
    decoder = SSEDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    assert [{"id": e.last_event_id, "event": e.event, "data": e.data} for e in events] == vector["expect"]
    assert decoder.last_event_id == vector["last_event_id"]
    if "reconnection_time_ms" in vector:
        assert decoder.retry_ms == vector["reconnection_time_ms"]


@pytest.mark.parametrize("size", [10**9, 1, 2, 3, 7, 16])
@pytest.mark.parametrize("vector", named(STREAMS))
def test_vector(vector: dict[str, Any], size: int) -> None:
    assert_is(vector, pieces_of(base64.b64decode(vector["input_base64"]), size))


@pytest.mark.parametrize("vector", named(STREAMS))
def test_vector_cut_in_two_anywhere(vector: dict[str, Any]) -> None:
    stream = base64.b64decode(vector["input_base64"])
    whole = outcome([stream])
    for cut in range(0, len(stream) + 1, 1 + len(stream) // 300):
        assert_is(vector, [stream[:cut], stream[cut:]])
        assert outcome([stream[:cut], stream[cut:]]) == whole


@pytest.mark.parametrize("vector", named(row for row in STREAMS if row["name"] != "retry-huge"))
def test_vector_as_the_reference_reads_it(vector: dict[str, Any]) -> None:
    stream = base64.b64decode(vector["input_base64"])
    assert outcome([stream]) == reference(stream)


@pytest.mark.parametrize("size", [10**9, 1, 2])
@pytest.mark.parametrize("session", named(SESSIONS))
def test_session(session: dict[str, Any], size: int) -> None:
    decoder = SSEDecoder()
    for step in session["steps"]:
        if step.get("disconnect"):
            decoder.reset()
            assert (decoder.last_event_id or None) == step["expect_last_event_id_header"]
            assert (decoder.retry_ms or 0) <= step.get("expect_reconnection_time_max_ms", math.inf)
            continue
        events = [e for piece in pieces_of(base64.b64decode(step["feed_base64"]), size) for e in decoder.feed(piece)]
        assert [{"id": e.last_event_id, "event": e.event, "data": e.data} for e in events] == step["expect_new"]


# ---------------------------------------------------------------------------------------------------------------------
# cutting makes no difference, and the reference agrees

TOKENS = [
    *(b"\n", b"\n\n", b"\r", b"\r\n", b"\n\r", b":", b": ", b" ", b"\0", b"\xef\xbb\xbf", b"\xef", b"\xbb", b"\xbf"),
    *(b"data", b"data:", b"data: ", b"data: a\n\n", b"id: 7\ndata: b\n\n", b"id", b"id: ", b"id: 1\n", b"id: \0\n"),
    *(b"event", b"event: e\n", b"retry", b"retry: ", b"retry: 5\n", b"retry: 007\n", b": ping\n\n", b"foo: x\n", b"x"),
    *("é".encode(), "😀".encode(), b"\xe2\x82", b"\xf0\x9f\x98", b"\xff", b"\xc0\x8a", "\u2028".encode(), b"\x0b"),
]
streams = st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join)
lf_streams = st.lists(st.sampled_from([token for token in TOKENS if b"\r" not in token]), max_size=40).map(b"".join)
cuttings = st.lists(st.integers(0, 10**6), max_size=12)
small_limits = st.builds(
    Limits,
    max_event_bytes=st.none() | st.integers(1, 24),
    max_id_bytes=st.none() | st.integers(1, 3),
    max_retry_ms=st.none() | st.integers(1, 9),
)


@given(streams | lf_streams | st.binary(max_size=60), cuttings)
@example(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n\n\n\ndata: b\r\r\ndata: c\r\n\r\n", [1, 2, 19, 20, 30])
def test_any_bytes_cut_anywhere_are_what_the_reference_reads(stream: bytes, cuts: list[int]) -> None:
    """Whole takes the quick way, byte by byte the general one; the reference is a third."""
    expected = reference(stream)
    assert outcome([stream]) == expected
    assert outcome(cut_at(stream, cuts)) == expected
    assert outcome(pieces_of(stream, 1)) == expected
    assert outcome(pieces_of(stream, 2)) == expected


@given(streams | lf_streams, cuttings, small_limits)
def test_limits_give_the_same_verdict_for_any_cutting(stream: bytes, cuts: list[int], limits: Limits) -> None:
    expected = refused(stream, limits)
    assert outcome([stream], limits) == expected
    assert outcome(cut_at(stream, cuts), limits) == expected
    assert outcome(pieces_of(stream, 1), limits) == expected
    assert outcome(pieces_of(stream, 3), limits) == expected


def test_a_piece_larger_than_the_window_is_read_in_parts() -> None:
    block = "id: é\ndata: {}\n\n: c\n\nevent: e\ndata: ü\ndata: y\n\n".encode()
    stream = b"\xef\xbb\xbf" + block * 9000
    assert outcome([stream]) == outcome(pieces_of(stream, 1000)) == reference(stream)


# ---------------------------------------------------------------------------------------------------------------------
# single facts of an event


@pytest.mark.parametrize(
    ("stream", "offsets"),
    [
        pytest.param(b"data: a\n\ndata: b\n\n", [0, 9], id="lf"),
        pytest.param(b"data: a\r\rdata: b\r\r", [0, 9], id="cr"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [0, 11], id="crlf"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", [3, 12], id="bom"),
        pytest.param(b"\n\n\ndata: a\n\n\n\ndata: b\n\n", [3, 14], id="more-blank-lines"),
        pytest.param(b"\r\n\r\ndata: a\n\r\ndata: b\r\r\n", [4, 14], id="mixed"),
        pytest.param(b": c\ndata: a\n\nid: 1\n\ndata: b\n\n", [0, 20], id="comment-belongs-to-the-block"),
        pytest.param("data: é😀\n\ndata: b\n\n".encode(), [0, 14], id="non-ascii"),
        pytest.param(b"data: \xff\xe2\x82\n\ndata: b\n\n", [0, 11], id="invalid-utf-8"),
        pytest.param("id: é\ndata: a\n\nid: 2\ndata: b\n\n".encode(), [0, 16], id="ids"),
    ],
)
def test_offset_is_where_the_block_starts(stream: bytes, offsets: list[int]) -> None:
    for size in (100, 1, 2, 3):
        decoder = SSEDecoder()
        events = [e for piece in pieces_of(stream, size) for e in decoder.feed(piece)]
        assert [event.offset for event in events] == offsets


def test_offset_counts_from_the_last_reset() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n\ndata: b\r")
    decoder.reset()
    (event,) = decoder.feed(b"\xef\xbb\xbf\ndata: c\n\n")
    assert event.offset == 4


def test_id_and_retry_are_those_that_the_block_itself_carried() -> None:
    decoder = SSEDecoder()
    events = decoder.feed(b"id: 1\nretry: 5\ndata: a\n\ndata: b\n\nid\ndata: c\n\n")
    assert [(e.id, e.retry, e.last_event_id) for e in events] == [("1", 5, "1"), (None, None, "1"), ("", None, "")]
    assert decoder.retry_ms == 5


@pytest.mark.parametrize(
    ("value", "maximum", "expected"),
    [
        pytest.param("0", 3_600_000, 0, id="zero"),
        pytest.param("3599999", 3_600_000, 3_599_999, id="one-less"),
        pytest.param("3600000", 3_600_000, 3_600_000, id="the-bound"),
        pytest.param("3600001", 3_600_000, 3_600_000, id="one-more"),
        pytest.param("9" * 5000, 3_600_000, 3_600_000, id="huge"),
        pytest.param("0" * 5000 + "7", 3_600_000, 7, id="zeros-before"),
        pytest.param("0" * 5000, 3_600_000, 0, id="zeros-only"),
        pytest.param("3600001", None, 3_600_001, id="lifted"),
        pytest.param("9" * 5000, None, 2**63 - 1, id="huge-lifted"),
        pytest.param("9" * 20, 10**5000, 2**63 - 1, id="absurd-bound"),
        pytest.param("9" * 19, 10**5000, 2**63 - 1, id="absurd-bound-19-digits"),
    ],
)
def test_retry_is_saturated(value: str, maximum: int | None, expected: int) -> None:
    decoder = SSEDecoder(limits=Limits(max_retry_ms=maximum))
    (event,) = decoder.feed(f"retry: {value}\ndata: a\n\n".encode())
    assert event.retry == decoder.retry_ms == expected


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b"", False, id="empty"),
        pytest.param(b"data: a\n\n", False, id="whole-event"),
        pytest.param(b"data: a\n", True, id="data-line"),
        pytest.param(b"id: 1\n", True, id="id-line"),
        pytest.param(b"id: \0\n", True, id="ignored-id-line"),
        pytest.param(b"event: e\n", True, id="event-line"),
        pytest.param(b"retry: 1\n", False, id="retry-line"),
        pytest.param(b": c\n", False, id="comment-line"),
        pytest.param(b"foo: c\n", False, id="unknown-line"),
        pytest.param(b"data: a\nretry: 1\n: c\n", True, id="data-line-before"),
        pytest.param(b"d", True, id="unfinished"),
        pytest.param(b"foo: x", True, id="unfinished-unknown"),
        pytest.param(b": c", False, id="unfinished-comment"),
        pytest.param(b"retry", False, id="unfinished-retry-name"),
        pytest.param(b"retry: 1", False, id="unfinished-retry"),
        pytest.param(b"retr", True, id="unfinished-name"),
        pytest.param(b"retryx", True, id="unfinished-longer-name"),
        pytest.param(b"data: a\r\r", False, id="cr"),
        pytest.param(b"\xef\xbb", True, id="part-of-a-bom"),
        pytest.param(b"\xef\xbb\xbf", False, id="bom"),
    ],
)
def test_truncated(stream: bytes, *, expected: bool) -> None:
    for size in (100, 1):
        decoder = SSEDecoder()
        for piece in pieces_of(stream, size):
            decoder.feed(piece)
        assert decoder.truncated is expected
        decoder.close()
        assert decoder.truncated is expected
        decoder.reset()
        assert decoder.truncated is False


# ---------------------------------------------------------------------------------------------------------------------
# life cycle


def test_close_may_be_repeated_and_reset_opens_again() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"id: 1\nretry: 2\n\ndata: lost")
    decoder.close()
    decoder.close()
    with pytest.raises(ClosedError, match="closed") as caught:
        decoder.feed(b"")
    assert caught.value.code == "closed"
    decoder.reset()
    assert (decoder.last_event_id, decoder.retry_ms) == ("1", 2)
    assert decoder.feed(b"\ndata: a\n\n") == [ServerSentEvent("a", last_event_id="1")]


def test_reset_forgets_a_cut_line_end_and_a_cut_bom() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\r\r")
    decoder.reset()
    assert [e.offset for e in decoder.feed(b"\ndata: b\n\n")] == [1]
    decoder.reset()
    decoder.feed(b"\xef\xbb")
    decoder.reset()
    assert decoder.feed(b"\xbfdata: a\n\n") == []


@pytest.mark.parametrize("bad", ["data: a\n\n", 5, None, [1], {"data": 1}], ids=repr)
def test_what_is_not_bytes_is_refused_and_changes_nothing(bad: Any) -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n")
    with pytest.raises(InvalidEventError, match=r"not bytes.*iter_bytes") as caught:
        decoder.feed(bad)
    assert caught.value.code == "bad_event"
    assert decoder.feed(b"\n") == [ServerSentEvent("a")]


class Named(bytes):
    """A subclass of bytes."""


@pytest.mark.parametrize(
    "convert",
    [
        bytearray,
        memoryview,
        lambda b: memoryview(b[::-1])[::-1],
        Named,
        lambda b: array.array("B", b),
    ],
    ids=["bytearray", "memoryview", "not-contiguous", "subclass", "array"],
)
def test_whatever_has_a_buffer_is_bytes(convert: Callable[[bytes], Any]) -> None:
    assert SSEDecoder().feed(convert(b"data: a\n\n")) == [ServerSentEvent("a")]


def test_a_buffer_that_changes_later_does_no_harm() -> None:
    decoder = SSEDecoder()
    buffer = bytearray(b"data: a\n")
    decoder.feed(buffer)
    buffer[:] = b"XXXXXXXX"  # a caller may use its buffer again: what was fed must not have been kept
    assert decoder.feed(b"\n") == [ServerSentEvent("a")]


# ---------------------------------------------------------------------------------------------------------------------
# limits

LIMIT = 20


@pytest.mark.parametrize(
    ("stream", "met"),
    [
        pytest.param(b"data: 12345678901234\n\n", 20, id="data"),
        pytest.param(b"id: 1\ndata: 123456789\n\n", 20, id="id-and-data"),
        pytest.param(b"data: 1234\ndata: 1234\n\n", 20, id="two-lines"),
        pytest.param(b"event: e\nevent: e\nid:1\n\n", 20, id="event-event-id"),
        pytest.param(b"id: \0\ndata: 123456789\n\n", 20, id="ignored-id"),
        pytest.param(b"foo: 678901234567890\n\n", 20, id="unknown"),
        pytest.param(b"retry: 8901234567890\n\n", 20, id="retry"),
        pytest.param(b":23456789012345678\ndata: 789\nfoo: 67890\n\n", 19, id="what-is-dropped-does-not-add-up"),
        pytest.param(b"data: 12345678901234", 20, id="unfinished"),
        pytest.param(b"\xef\xbb\xbfdata: 12345678901234", 20, id="bom-not-counted"),
        pytest.param(b"data: 12345678901234\r\n\r\n", 20, id="crlf"),
        pytest.param("data: é234567890123\r\r".encode(), 20, id="bytes-not-characters"),
    ],
)
def test_max_event_bytes_is_exact(stream: bytes, met: int) -> None:
    good = b"data: 1\n\n"
    begin = 3 if stream.startswith(b"\xef\xbb\xbf") else 0
    stream = stream[:begin] + good + stream[begin:]
    for size in (1000, 1, 2, 3, 5, len(good)):
        pieces = pieces_of(stream, size)
        for fits in (met + 1, met):
            assert outcome(pieces, Limits(max_event_bytes=fits))["error"] is None
        seen = outcome(pieces, Limits(max_event_bytes=met - 1))
        error = seen["error"]
        assert isinstance(error, tuple)
        if met == LIMIT:
            assert error[:4] == ("max_event_bytes", "max_event_bytes", met - 1, met)
            assert error[4] == begin + len(good)
            assert f"max_event_bytes = {met - 1}" in error[6]
        assert seen["events"] == [("1", None, "message", None, "", begin)]
        assert seen["truncated"] is True


@pytest.mark.parametrize(
    ("stream", "met"),
    [
        pytest.param(b"id: 1234\ndata: a\n\n", 4, id="quick"),
        pytest.param(b"id:1234\r\n", 4, id="at-the-end-of-its-line"),
        pytest.param("id: é€\ndata: a\n\n".encode(), 5, id="bytes-not-characters"),
        pytest.param(b"id:  234\nid: 1\n\n", 4, id="without-the-one-space"),
    ],
)
def test_max_id_bytes_is_exact(stream: bytes, met: int) -> None:
    stream = b"id: 0\ndata: 1\n\n" + stream
    for size in (1000, 1, 2, 5):
        pieces = pieces_of(stream, size)
        for fits in (met + 1, met, None):
            assert outcome(pieces, Limits(max_id_bytes=fits))["error"] is None
        seen = outcome(pieces, Limits(max_id_bytes=met - 1))
        assert isinstance(seen["error"], tuple)
        assert seen["error"][:6] == ("max_id_bytes", "max_id_bytes", met - 1, met, 15, "0")
        assert seen["last_event_id"] == "0"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_bom_is_not_counted_while_it_comes(size: int) -> None:
    limits = Limits(max_event_bytes=1)
    assert outcome(pieces_of(b"\xef\xbb\xbf\n", size), limits)["error"] is None
    assert outcome(pieces_of(b"\xef\xbbx\n", size), limits)["error"] is not None


def test_an_id_that_is_ignored_may_be_long() -> None:
    stream = b"id: \0" + b"1" * 50 + b"\ndata: a\n\n"
    for size in (1000, 1):
        assert outcome(pieces_of(stream, size), Limits(max_id_bytes=2))["events"] == [
            ("a", None, "message", None, "", 0)
        ]


def test_after_a_limit_the_decoder_is_dead_until_reset() -> None:
    decoder = SSEDecoder(limits=Limits(max_event_bytes=8))
    with pytest.raises(LimitExceededError) as caught:
        decoder.feed(b"id: 1\n\nretry: 5\ndata: 789\n\ndata: b\n\n")
    assert caught.value.events == []
    assert (caught.value.offset, caught.value.last_event_id) == (7, "1")
    for _ in range(2):
        with pytest.raises(ClosedError, match="limit"):
            decoder.feed(b"data: c\n\n")
    decoder.close()
    decoder.reset()
    assert (decoder.last_event_id, decoder.retry_ms, decoder.truncated) == ("1", 5, False)
    assert decoder.feed(b"data: d\n\n") == [ServerSentEvent("d", last_event_id="1")]


# ---------------------------------------------------------------------------------------------------------------------
# cost


def calls_of(action: Callable[[], object]) -> int:
    """How many functions `action` calls, those written in C included."""
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
    """The most memory, in bytes, that `action` held at once."""
    gc.collect()
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def feeder(pieces: Sequence[bytes]) -> Callable[[], None]:
    def action() -> None:
        decoder = SSEDecoder()
        for piece in pieces:
            decoder.feed(piece)

    return action


@pytest.mark.slow
@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(lambda n: pieces_of(b"data: " + b"x" * n + b"\n\n", 1), id="a-line-byte-by-byte"),
        pytest.param(lambda n: [b"data: x\n" * n + b"\n"], id="data-lines-whole"),
        pytest.param(lambda n: [b"data: x\n"] * n + [b"\n"], id="data-lines-one-by-one"),
        pytest.param(lambda n: pieces_of(b"data: x\n" * n + b"\n", 3), id="data-lines-in-small-pieces"),
        pytest.param(lambda n: [b"data: x\n\n" * n], id="events-whole"),
        pytest.param(lambda n: pieces_of(b"event: e\r\ndata: x\r\n\r\n" * n, 5), id="events-in-small-pieces"),
        pytest.param(lambda n: [b"\r" * n], id="cr-only"),
    ],
)
def test_calls_are_linear_in_the_input(pieces: Callable[[int], list[bytes]]) -> None:
    few, many = calls_of(feeder(pieces(10_000))), calls_of(feeder(pieces(100_000)))
    assert many <= 10.5 * few


def test_one_byte_after_the_other_is_appended_in_place() -> None:
    """A line that comes byte by byte takes little more than its size, and its end a few copies of it."""
    pieces = pieces_of(b"data: " + b"x" * 100_000, 1)
    assert peak_of(feeder(pieces)) < 250_000
    assert peak_of(feeder([*pieces, b"\n"])) < 500_000


def test_a_large_event_is_held_as_bytes_and_as_text_and_no_more() -> None:
    pieces = [b"data: ", *[b"x" * 50_000] * 100, b"\n", b"\n"]
    assert peak_of(feeder(pieces)) < 2.5 * 5_000_000


@pytest.mark.parametrize("start", [b"data:", b"data: ", b"data:  ", b"data", b"dat", b"x: ", b"id: \0"], ids=repr)
@pytest.mark.parametrize("before", [b"", b"data: x\n", b"data\n"], ids=repr)
def test_a_line_longer_than_the_window_is_read_as_any_other(start: bytes, before: bytes) -> None:
    stream = before + start + b"x" * 100_000 + b"\r\ndata: y\n\ndata: z\n\n"
    pieces = pieces_of(stream, 1000)
    assert outcome(pieces) == reference(stream)
    size = sum(len(line) for line in stream.split(b"\n\n")[0].splitlines() if line.startswith((b"data", b"id")))
    limits = Limits(max_event_bytes=max(size, 100_010))
    assert outcome(pieces, limits) == reference(stream)


@pytest.mark.slow
def test_the_events_of_one_large_piece_are_not_held_all_at_once() -> None:
    """A piece may be what a few KiB were unpacked to."""
    piece = b"data:\n\n" * 80_000  # 12 MB of events

    def read() -> None:
        assert sum(1 for _ in decode_sse([piece])) == 80_000

    async def pieces() -> AsyncIterator[bytes]:
        yield piece

    async def read_async() -> None:
        assert [event async for event in decode_sse(pieces()) if event.data] == []

    assert peak_of(read) < 4_000_000
    assert peak_of(lambda: asyncio.run(read_async())) < 4_000_000


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_pieces_of_any_size_and_kind_may_follow_each_other(kind: type) -> None:
    small, large = b"data: a\n\n", b"data: b\n\n" * 20_000
    events = decode_sse(map(kind, (small, large, small)))
    assert [event.data for event in events] == ["a", *["b"] * 20_000, "a"]


def test_a_limit_in_the_middle_of_a_large_piece_comes_after_the_events_before() -> None:
    piece = b"data: 1\n\n" * 20_000 + b"data: 12345\n\n" + b"data: 1\n\n" * 20_000
    events = decode_sse([piece], limits=Limits(max_event_bytes=8))
    assert [next(events).data for _ in range(20_000)] == ["1"] * 20_000
    with pytest.raises(LimitExceededError) as caught:
        next(events)
    assert caught.value.offset == 20_000 * 9


def test_data_lines_take_memory_like_their_bytes() -> None:
    pieces = [b"data:x\n" * 1000] * 100
    assert peak_of(feeder(pieces)) < 4 * 700_000


@pytest.mark.slow
@pytest.mark.parametrize("line", [b": ping\n", b"foo: bar\n", b"retry: 5\n", b"\n", b"\r", b":\r\n\r\n"], ids=repr)
def test_what_is_dropped_takes_constant_memory(line: bytes) -> None:
    few, many = peak_of(feeder([line * 10] * 100)), peak_of(feeder([line * 10] * 1000))
    assert many <= few + 1000
    assert peak_of(feeder([line * 100_000])) < 2_000_000  # in one piece: read in parts


def test_the_buffers_of_a_refused_event_are_freed() -> None:
    decoder = SSEDecoder(limits=Limits(max_event_bytes=1_000_000))

    def overfeed() -> None:
        for _ in range(101):
            decoder.feed(b"data: x\ndata: " + b"x" * 10_000)

    tracemalloc.start()
    try:
        with pytest.raises(LimitExceededError):
            overfeed()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------------------------------------------------------------
# decode_sse


class Source:
    """Pieces, and an exception after them if there is one; counts how often it was closed."""

    def __init__(self, *pieces: Any, error: Exception | None = None) -> None:
        self.pieces = list(pieces)
        self.error = error
        self.closed = 0

    def take(self, stop: type[Exception]) -> Any:
        if self.pieces:
            return self.pieces.pop(0)
        raise self.error or stop


class SyncSource(Source):
    def __iter__(self) -> SyncSource:
        return self

    def __next__(self) -> bytes:
        return self.take(StopIteration)  # type: ignore[no-any-return]  # whatever the test put in

    def close(self) -> None:
        self.closed += 1


class AsyncSource(Source):
    def __aiter__(self) -> AsyncSource:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(0)
        return self.take(StopAsyncIteration)  # type: ignore[no-any-return]  # whatever the test put in

    async def aclose(self) -> None:
        self.closed += 1


class BothSource(AsyncSource):
    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("a source with both protocols is asynchronous")


def drain(source: Any, limits: Limits | None = None) -> tuple[list[ServerSentEvent[str]], Exception | None]:
    """The events that come out of `decode_sse(source)`, and the exception that ends them."""
    events: list[ServerSentEvent[str]] = []

    async def drain_async() -> None:
        async for event in decode_sse(source, limits=limits or Limits()):
            events.append(event)  # noqa: PERF401  # those before an exception count

    try:
        if isinstance(source, AsyncSource):
            asyncio.run(drain_async())
        else:
            for event in decode_sse(source, limits=limits or Limits()):
                events.append(event)  # noqa: PERF402  # as above
    except Exception as error:  # noqa: BLE001  # whichever it is, it is what the test asks for
        return events, error
    return events, None


either_kind = pytest.mark.parametrize("kind", [SyncSource, AsyncSource, BothSource])


@either_kind
def test_decode_gives_the_events_and_closes_the_source_at_its_end(kind: type[Source]) -> None:
    source = kind(b"id: 1\nda", bytearray(b"ta: a\n\ndata: [DO"), memoryview(b"NE]\n\n"), b": bye")
    events, error = drain(source)
    assert error is None
    assert events == [ServerSentEvent("a", id="1", last_event_id="1"), ServerSentEvent("[DONE]", last_event_id="1")]
    assert source.closed == 1


@either_kind
def test_decode_yields_the_events_before_a_limit_and_then_raises(kind: type[Source]) -> None:
    source = kind(b"data: a\n\ndata: b\n\ndata: longer\n\ndata: c\n\n", b"data: d\n\n")
    events, error = drain(source, Limits(max_event_bytes=8))
    assert [event.data for event in events] == ["a", "b"]
    assert isinstance(error, LimitExceededError)
    assert error.offset == 18
    assert source.closed == 1


@either_kind
def test_decode_refuses_an_end_inside_an_event(kind: type[Source]) -> None:
    source = kind(b"id: 7\ndata: a\n\nid: 8\nda")
    events, error = drain(source)
    assert [event.data for event in events] == ["a"]
    assert isinstance(error, StreamTruncatedError)
    assert (error.code, error.last_event_id, error.offset) == ("truncated", "7", 15)
    assert source.closed == 1


@either_kind
@pytest.mark.parametrize(
    "failure", [OSError("reset by peer"), InvalidEventError("not ours"), RuntimeError("x")], ids=repr
)
def test_an_exception_of_the_source_passes_through(kind: type[Source], failure: Exception) -> None:
    source = kind(b"data: a\n\nda", error=failure)
    events, error = drain(source)
    assert [event.data for event in events] == ["a"]
    assert error is failure
    assert source.closed == 1


@either_kind
def test_a_piece_that_is_no_bytes_is_refused_where_it_comes(kind: type[Source]) -> None:
    events, error = drain(kind(b"data: a\n\n", "data: b\n\n"))
    assert [event.data for event in events] == ["a"]
    assert isinstance(error, InvalidEventError)
    assert error.code == "bad_event"


def test_closing_the_iterator_closes_the_source() -> None:
    source = SyncSource(b"data: a\n\ndata: b\n\n", b"data: c\n\n")
    events = decode_sse(source)
    assert next(events).data == "a"
    events.close()
    assert source.closed == 1
    assert list(events) == []


def test_closing_the_async_iterator_closes_the_source() -> None:
    source = AsyncSource(b"data: a\n\ndata: b\n\n", b"data: c\n\n")

    async def main() -> None:
        events = decode_sse(source)
        assert (await anext(events)).data == "a"
        await events.aclose()
        assert [event async for event in events] == []

    asyncio.run(main())
    assert source.closed == 1


def test_a_source_that_cannot_be_closed_need_not() -> None:
    class Plain:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            raise StopAsyncIteration

    async def main() -> list[object]:
        return [event async for event in decode_sse(Plain())]

    assert asyncio.run(main()) == []
    assert list(decode_sse([])) == []


@pytest.mark.parametrize(
    "convert",
    [bytes, bytearray, memoryview, lambda b: [b], pieces_of, iter],
    ids=["bytes", "bytearray", "memoryview", "list", "generator", "integers"],
)
def test_bytes_given_whole_are_one_piece(convert: Callable[..., Any]) -> None:
    stream = b"id: 1\ndata: a\n\n"
    source = convert(stream, 1) if convert is pieces_of else convert([stream]) if convert is iter else convert(stream)
    assert list(decode_sse(source)) == [ServerSentEvent("a", id="1", last_event_id="1")]


class Response:
    """As of httpx: its bytes come from methods."""

    def iter_bytes(self) -> Iterator[bytes]:
        raise NotImplementedError  # it is told by its methods, and refused before one is called


@pytest.mark.parametrize("bad", ["data: a\n\n", Response(), None, 5], ids=["str", "response", "none", "int"])
def test_what_gives_no_bytes_is_refused_at_the_call(bad: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"pass response\.iter_bytes\(\)") as caught:
        decode_sse(bad)
    assert caught.value.code == "bad_event"


@given(streams, cuttings)
def test_decode_raises_exactly_when_the_decoder_is_truncated(stream: bytes, cuts: list[int]) -> None:
    expected = outcome([stream])
    events, error = drain(cut_at(stream, cuts))
    assert [facts(event) for event in events] == expected["events"]
    assert is_end_of(error, stream, is_truncated=bool(expected["truncated"]))


def is_end_of(error: Exception | None, stream: bytes, *, is_truncated: bool) -> bool:
    """Tell whether this is what the end of a stream says, whose lines are split here once more."""
    lines = re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))
    names = (b"data", b"event", b"id", b"retry")
    is_known = any(line.startswith(b":") or line.partition(b":")[0] in names for line in lines)
    may_become_known = any(name.startswith(lines[-1]) for name in names)
    is_empty = stream.lstrip(b" \t\r\n").rstrip(b"\r\n") in (b"", b"\xef", b"\xef\xbb", b"\xef\xbb\xbf")
    code = getattr(error, "code", None)
    is_marked = stream.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith((b"<", b"{", b"["))
    if is_marked or not (is_known or may_become_known or is_empty):
        return code == "not_an_event_stream"
    if code == "trailing_body":
        return any(line.startswith((b"<", b"{")) for line in lines)
    if code == "no_line_ends":
        return len(lines) == 1
    return isinstance(error, StreamTruncatedError) is is_truncated


# ---------------------------------------------------------------------------------------------------------------------
# the end of a body


@either_kind
@pytest.mark.parametrize("tail", [b"data: [DONE]", b"data: [DONE]\n", b"data:[DONE] ", b"id: 9\r\ndata: [DONE]\r"])
def test_done_needs_no_blank_line(kind: type[Source], tail: bytes) -> None:
    for pieces in ([b"data: a\n\n" + tail], pieces_of(b"data: a\n\n" + tail, 1)):
        events, error = drain(kind(*pieces))
        assert error is None
        assert [event.data.strip() for event in events] == ["a", "[DONE]"]


@pytest.mark.parametrize("tail", [b"data: [DONE", b"data: x\ndata: [DONE]", b"data: [DONE]\ndata: x", b"id: 9", b"da"])
def test_another_end_inside_an_event_is_truncated(tail: bytes) -> None:
    decoder = SSEDecoder()
    events = decode_sse([b"id: 1\ndata: a\n\n" + tail], decoder=decoder)
    assert next(events).data == "a"
    with pytest.raises(StreamTruncatedError) as caught:
        next(events)
    assert (caught.value.offset, caught.value.last_event_id, decoder.last_event_id) == (15, "1", "1")


@pytest.mark.parametrize(
    ("tail", "data"), [(b"id: 2\ndata: b", "b"), (b"data: b\ndata: c\n", "b\nc"), (b"data: b\r", "b"), (b"", None)]
)
def test_the_last_event_is_given_without_its_blank_line_where_that_is_asked_for(tail: bytes, data: str | None) -> None:
    stream = b"data: a\n\n" + tail
    for pieces in ([stream], pieces_of(stream, 1)):
        events = [event.data for event in decode_sse(pieces, dispatch_last=True)]
        assert events == ["a"] + ([] if data is None else [data])
    with pytest.raises(StreamTruncatedError):
        list(decode_sse([b"data: a\n\nid: 3"], dispatch_last=True))


def test_an_id_alone_is_not_dispatched() -> None:
    """A cut id must not be resumed from."""
    decoder = SSEDecoder()
    with pytest.raises(StreamTruncatedError):
        list(decode_sse([b"id: 3\ndata: a\n\nid: 12"], decoder=decoder, dispatch_last=True))
    assert decoder.last_event_id == "3"


def test_a_decoder_of_ones_own_can_be_read_from() -> None:
    """A block of `retry` alone brings no event, and bytes that are not UTF-8 bring no error."""
    decoder = SSEDecoder()
    events = decode_sse([b"id: 1\ndata: caf\xe9 \xef\xbf\xbd\n\nretry: 7000\n\n: bye\n"], decoder=decoder)
    assert [event.data for event in events] == ["caf\ufffd \ufffd"]
    assert (decoder.retry_ms, decoder.last_event_id, decoder.replaced_count) == (7000, "1", 1)
    assert next(decode_sse([b"data: b\n\n"], decoder=decoder)).last_event_id == "1"
    with pytest.raises(ValueError, match="its limits"):
        decode_sse([], decoder=decoder, limits=Limits(max_id_bytes=3))


@pytest.mark.parametrize(
    "block", ["data: {}\n\n", "id: {}\ndata: x\n\n", "event: {}\ndata: x\n\n", ": c\ndata: {}\n\n"]
)
@pytest.mark.parametrize(
    ("text", "count"), [(b"\xff", 1), (b"a\xe9b\xe9", 2), (b"\xef\xbf\xbd", 0), (b"\xf0\x9f\x98", 1)]
)
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_replaced_is_counted(block: str, text: bytes, count: int, size: int) -> None:
    decoder = SSEDecoder()
    for piece in pieces_of(block.encode().replace(b"{}", text), size):
        decoder.feed(piece)
    assert decoder.replaced_count == count


def test_async_events_that_nobody_reads_close_their_source() -> None:
    async def main(how: str) -> int:
        source = AsyncSource(b"data: a\n\n")
        events = decode_sse(source)
        if how == "athrow":
            with pytest.raises(KeyError):
                await events.athrow(KeyError())
        elif how == "asend":
            assert (await events.asend(None)).data == "a"
        await events.aclose()
        await events.aclose()
        return source.closed

    assert [asyncio.run(main(how)) for how in ("aclose", "asend", "athrow")] == [1, 1, 1]


class Held:
    """Pieces of an object that can be closed, while its iterator can't."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)

    def close(self) -> None:
        self.closed += 1


def test_what_the_iterator_was_made_of_is_closed_too() -> None:
    source = Held(b"data: a\n\n")
    assert len(list(decode_sse(source))) == 1
    assert source.closed == 1


# ---------------------------------------------------------------------------------------------------------------------
# encode_sse


class Frozen(Mapping[str, Any]):
    """A mapping that is no dict."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


@pytest.mark.parametrize(
    ("event", "block"),
    [
        pytest.param(ServerSentEvent("a"), b"data: a\n\n", id="data"),
        pytest.param(ServerSentEvent(""), b"data: \n\n", id="empty"),
        pytest.param(ServerSentEvent(" a"), b"data:  a\n\n", id="leading-space"),
        pytest.param(ServerSentEvent("a", "7", "e", 5), b"id: 7\nevent: e\nretry: 5\ndata: a\n\n", id="order"),
        pytest.param(ServerSentEvent("a", ""), b"id: \ndata: a\n\n", id="empty-id"),
        pytest.param(ServerSentEvent("a", last_event_id="7", offset=3), b"data: a\n\n", id="the-receivers-fields"),
        pytest.param(ServerSentEvent("a", event="message"), b"data: a\n\n", id="message"),
        pytest.param(ServerSentEvent("a", event=""), b"data: a\n\n", id="empty-type-is-message"),
        pytest.param(ServerSentEvent("a", retry=0), b"retry: 0\ndata: a\n\n", id="retry-zero"),
        pytest.param(
            ServerSentEvent("a\nb\r\nc\rd\n"), b"data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n", id="line-breaks"
        ),
        pytest.param(
            ServerSentEvent("a\u2028b\x0bc\x85d"), "data: a\u2028b\x0bc\x85d\n\n".encode(), id="no-line-breaks"
        ),
        pytest.param(ServerSentEvent("\0", event="\0"), b"event: \0\ndata: \0\n\n", id="nul"),
        pytest.param(ServerSentEvent("x\ud83d", "\ude00"), "id: \ufffd\ndata: x\ufffd\n\n".encode(), id="lone-halves"),
        pytest.param(ServerSentEvent("\ud83d\ude00"), "data: 😀\n\n".encode(), id="both-halves"),
        pytest.param(StreamingChunk("é", "a.b"), 'data: {"delta":"é","json_path":"a.b"}\n\n'.encode(), id="chunk"),
        pytest.param(
            ServerSentEvent(StreamingChunk(None), "1"), b'id: 1\ndata: {"delta":null}\n\n', id="chunk-in-event"
        ),
        pytest.param(StreamingChunk(), b"data: {}\n\n", id="chunk-without-delta"),
        pytest.param(StreamingChunk("a\n\r"), b'data: {"delta":"a\\n\\r"}\n\n', id="json-escapes-line-breaks"),
        pytest.param(StreamingChunk("é\ud83d"), b'data: {"delta":"\\u00e9\\ud83d"}\n\n', id="json-keeps-a-half"),
        pytest.param(ServerSentEvent({"a": [1, True]}), b'data: {"a":[1,true]}\n\n', id="mapping"),
        pytest.param(
            ServerSentEvent(Frozen({"a": Frozen({"b": range(2)}), "c": ()})),
            b'data: {"a":{"b":[0,1]},"c":[]}\n\n',
            id="any-mapping-and-sequence",
        ),
    ],
)
def test_encode(event: Any, block: bytes) -> None:
    assert encode_sse(event) == block


LOOP: list[Any] = []
LOOP.append(LOOP)


def changed(**fields: object) -> ServerSentEvent[str]:
    """Return an event whose fields were changed after it was made, when nothing looks at them."""
    event = ServerSentEvent("a")
    for name, value in fields.items():
        setattr(event, name, value)
    return event


@pytest.mark.parametrize(
    ("event", "code"),
    [
        *(
            pytest.param(ServerSentEvent("a", f"1{c}2"), "line_break", id=f"id-{c!r}")
            for c in ("\r", "\n", "\r\n", "\0", "\n\ndata: forged\n\n")
        ),
        *(pytest.param(ServerSentEvent("a", event=f"e{c}"), "line_break", id=f"event-{c!r}") for c in ("\r", "\n")),
        pytest.param(changed(id=7), "bad_event", id="id-type"),
        pytest.param(changed(event=None), "bad_event", id="event-type"),
        *(
            pytest.param(ServerSentEvent("a", retry=retry), "bad_event", id=f"retry-{retry!r:.5}")
            for retry in (-1, 1.0, True, "5", 10**30)
        ),
        pytest.param(ServerSentEvent("a", retry=10**5000), "bad_event", id="retry-huge"),
        *(
            pytest.param(ServerSentEvent(data), "bad_event", id=f"data-{data!r}")
            for data in (None, b"a", ["a"], MISSING, 5)
        ),
        *(
            pytest.param(event, "bad_event", id=f"no-event-{event!r}")
            for event in (None, "a", b"data: a\n\n", {"data": "a"})
        ),
        *(pytest.param(StreamingChunk(x), "bad_number", id=str(x)) for x in (math.nan, math.inf, -math.inf)),
        pytest.param(ServerSentEvent({"delta": [math.nan]}), "bad_number", id="nan-in-a-mapping"),
        pytest.param(StreamingChunk(10**5000), "bad_number", id="too-many-digits"),
        pytest.param(StreamingChunk({"a": b"x"}), "bad_event", id="bytes-in-json"),
        pytest.param(StreamingChunk({"a": {1}}), "bad_event", id="set-in-json"),
        pytest.param(StreamingChunk({(1,): 1}), "bad_event", id="key"),
        pytest.param(StreamingChunk(LOOP), "bad_event", id="loop"),
    ],
)
def test_what_cannot_be_sent_is_refused(event: Any, code: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        encode_sse(event)
    assert caught.value.code == code
    assert len(str(caught.value)) < 300


def decode_one(block: bytes) -> ServerSentEvent[str]:
    (event,) = decode_sse(block)
    return event


@given(
    st.builds(
        ServerSentEvent,
        st.text() | st.text("\n a:é\0\ufeff", max_size=9),
        st.none() | st.text(max_size=50),
        st.text(min_size=1) | st.just("message"),
        st.none() | st.integers(0, 3_600_000),
    )
)
def test_what_the_encoder_accepts_comes_back(event: ServerSentEvent[str]) -> None:
    assume("\r" not in event.data)
    try:
        block = encode_sse(event)
    except InvalidEventError as error:
        assert error.code == "line_break"  # noqa: PT017  # both outcomes are allowed
        return
    event.last_event_id = event.id or ""
    assert decode_one(block) == event
    assert list(decode_sse(pieces_of(block, 1))) == [event]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values, max_size=3),
    max_leaves=8,
)


@given(json_values, st.none() | st.text(max_size=5))
def test_a_chunk_comes_back_halves_of_pairs_included(delta: Any, path: str | None) -> None:
    chunk = StreamingChunk(delta, path)
    assert StreamingChunk.from_dict(json.loads(decode_one(encode_sse(chunk)).data)) == chunk


@given(st.text(st.characters() | st.sampled_from("\ud83d\ude00")))
def test_text_with_halves_of_pairs_can_be_sent(text: str) -> None:
    json_text = decode_one(encode_sse(StreamingChunk(text))).data
    assert json.loads(json_text)["delta"] == json.loads(json.dumps(text))
    assert not re.search("[\ud800-\udfff]", decode_one(encode_sse(ServerSentEvent(text))).data)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_comment_of_any_size_is_dropped_as_it_comes(size: int) -> None:
    decoder = SSEDecoder(limits=Limits(max_event_bytes=20))
    stream = b"data: 7890\n:" + b"x" * 5000 + b"\r\n" + b": y" * 50 + b"\n\n"
    events = [event for piece in pieces_of(stream, size) for event in decoder.feed(piece)]
    assert [event.data for event in events] == ["7890"]
    decoder.feed(b":" + b"x" * 5000)
    assert not decoder.truncated
