"""The decoder: any bytes, cut anywhere, give the events that the WHATWG's text defines, within limits."""

from __future__ import annotations

import array
import base64
import gc
import json
import math
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from sse_reference import (
    calls_of,
    cut_at,
    cuttings,
    lf_streams,
    outcome,
    peak_of,
    pieces_of,
    reference,
    refused,
    streams,
)
from streamjson._errors import ClosedError, InvalidEventError, LimitExceededError
from streamjson._limits import Limits
from streamjson._wire.decoder import SSEDecoder
from streamjson._wire.event import ServerSentEvent
from streamjson._wire.iteration import decode_sse

VECTORS = Path(__file__).parents[1] / "vectors"
STREAMS = json.loads((VECTORS / "sse.json").read_text("utf-8"))
SESSIONS = json.loads((VECTORS / "sse_sessions.json").read_text("utf-8"))


def rows(vectors: Iterable[dict[str, Any]]) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


# ---------------------------------------------------------------------------------------------------------------------
# the vectors


def assert_decodes_to(vector: dict[str, Any], pieces: Iterable[bytes]) -> None:
    decoder = SSEDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    assert [{"id": e.last_event_id, "event": e.event, "data": e.data} for e in events] == vector["expect"]
    assert decoder.last_event_id == vector["last_event_id"]
    if "reconnection_time_ms" in vector:
        assert decoder.retry_ms == vector["reconnection_time_ms"]


@pytest.mark.parametrize("size", [10**9, 1, 2, 3, 7, 16])
@pytest.mark.parametrize("vector", rows(STREAMS))
def test_vector(vector: dict[str, Any], size: int) -> None:
    assert_decodes_to(vector, pieces_of(base64.b64decode(vector["input_base64"]), size))


@pytest.mark.parametrize("vector", rows(STREAMS))
def test_vector_cut_in_two_anywhere(vector: dict[str, Any]) -> None:
    stream = base64.b64decode(vector["input_base64"])
    whole = outcome([stream])
    for cut in range(0, len(stream) + 1, 1 + len(stream) // 300):
        assert_decodes_to(vector, [stream[:cut], stream[cut:]])
        assert outcome([stream[:cut], stream[cut:]]) == whole


@pytest.mark.parametrize("vector", rows(row for row in STREAMS if row["name"] != "retry-huge"))
def test_vector_matches_the_reference(vector: dict[str, Any]) -> None:
    stream = base64.b64decode(vector["input_base64"])
    assert outcome([stream]) == reference(stream)


@pytest.mark.parametrize("size", [10**9, 1, 2])
@pytest.mark.parametrize("session", rows(SESSIONS))
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

small_limits = st.builds(
    Limits,
    max_event_bytes=st.none() | st.integers(1, 24),
    max_id_bytes=st.none() | st.integers(1, 3),
    max_retry_ms=st.none() | st.integers(1, 9),
)


@given(streams | lf_streams | st.binary(max_size=60), cuttings)
@example(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n\n\n\ndata: b\r\r\ndata: c\r\n\r\n", [1, 2, 19, 20, 30])
def test_any_bytes_cut_anywhere_match_the_reference(stream: bytes, cuts: list[int]) -> None:
    """A whole stream takes the fast path, single bytes the general one; the reference is a third implementation."""
    expected = reference(stream)
    assert outcome([stream]) == expected
    assert outcome(cut_at(stream, cuts)) == expected
    assert outcome(pieces_of(stream, 1)) == expected
    assert outcome(pieces_of(stream, 2)) == expected


@given(streams | lf_streams, cuttings, small_limits)
def test_limits_have_the_same_effect_for_any_cutting(stream: bytes, cuts: list[int], limits: Limits) -> None:
    expected = refused(stream, limits)
    assert outcome([stream], limits) == expected
    assert outcome(cut_at(stream, cuts), limits) == expected
    assert outcome(pieces_of(stream, 1), limits) == expected
    assert outcome(pieces_of(stream, 3), limits) == expected


def test_large_piece_is_read_in_parts() -> None:
    block = "id: é\ndata: {}\n\n: c\n\nevent: e\ndata: ü\ndata: y\n\n".encode()
    stream = b"\xef\xbb\xbf" + block * 9000
    assert outcome([stream]) == outcome(pieces_of(stream, 1000)) == reference(stream)


# ---------------------------------------------------------------------------------------------------------------------
# the fields of an event


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


def test_id_and_retry_belong_to_their_own_block() -> None:
    decoder = SSEDecoder()
    events = decoder.feed(b"id: 1\nretry: 5\ndata: a\n\ndata: b\n\nid\ndata: c\n\n")
    assert [(e.id, e.retry, e.last_event_id) for e in events] == [("1", 5, "1"), (None, None, "1"), ("", None, "")]
    assert decoder.retry_ms == 5


@pytest.mark.parametrize(
    ("value", "maximum", "expected"),
    [
        pytest.param("0", 3_600_000, 0, id="zero"),
        pytest.param("3599999", 3_600_000, 3_599_999, id="one-below"),
        pytest.param("3600000", 3_600_000, 3_600_000, id="the-limit"),
        pytest.param("3600001", 3_600_000, 3_600_000, id="one-above"),
        pytest.param("9" * 5000, 3_600_000, 3_600_000, id="huge"),
        pytest.param("0" * 5000 + "7", 3_600_000, 7, id="zeros-before"),
        pytest.param("0" * 5000, 3_600_000, 0, id="zeros-only"),
        pytest.param("3600001", None, 3_600_001, id="lifted"),
        pytest.param("9" * 5000, None, 2**63 - 1, id="huge-and-lifted"),
        pytest.param("9" * 20, 10**5000, 2**63 - 1, id="huge-limit"),
        pytest.param("9" * 19, 10**5000, 2**63 - 1, id="huge-limit-19-digits"),
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


@pytest.mark.parametrize(
    "block", ["data: {}\n\n", "id: {}\ndata: x\n\n", "event: {}\ndata: x\n\n", ": c\ndata: {}\n\n"]
)
@pytest.mark.parametrize(
    ("text", "count"), [(b"\xff", 1), (b"a\xe9b\xe9", 2), (b"\xef\xbf\xbd", 0), (b"\xf0\x9f\x98", 1)]
)
@pytest.mark.parametrize("size", [1, 100])
def test_replaced_byte_sequences_are_counted(block: str, text: bytes, count: int, size: int) -> None:
    decoder = SSEDecoder()
    for piece in pieces_of(block.encode().replace(b"{}", text), size):
        decoder.feed(piece)
    assert decoder.replaced_count == count


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_comment_of_any_size_is_dropped_at_once(size: int) -> None:
    decoder = SSEDecoder(limits=Limits(max_event_bytes=20))
    stream = b"data: 7890\n:" + b"x" * 5000 + b"\r\n" + b": y" * 50 + b"\n\n"
    events = [event for piece in pieces_of(stream, size) for event in decoder.feed(piece)]
    assert [event.data for event in events] == ["7890"]
    decoder.feed(b":" + b"x" * 5000)
    assert not decoder.truncated


@pytest.mark.parametrize(
    ("stream", "data", "finished"),
    [
        pytest.param(b"", None, [], id="empty"),
        pytest.param(b"id: 1", None, [], id="id"),
        pytest.param(b"data: a", b" a", ["a"], id="unfinished-line"),
        pytest.param(b"data: a\n", b"a\n", ["a"], id="line"),
        pytest.param(b"data: a\ndata:b", b"a\nb", ["a\nb"], id="two-lines"),
    ],
)
def test_event_in_progress_can_be_finished(stream: bytes, data: bytes | None, finished: list[str]) -> None:
    for size in (100, 1):
        decoder = SSEDecoder()
        for piece in pieces_of(stream, size):
            decoder.feed(piece)
        assert decoder._end_block().data == data
        assert [event.data for event in decoder.feed(b"\n\n")] == finished


def test_few_bytes_of_another_body_are_kept_until_an_event() -> None:
    decoder = SSEDecoder()
    decoder.feed(b": c\n\n" + b"<p>\n" * 100_000)
    assert decoder._stray.startswith(b"<p>\n<p>\n")
    assert len(decoder._stray) < 2 * 16 * 1024
    decoder.feed(b"\ndata: a\n\n")
    assert decoder._stray == b""


# ---------------------------------------------------------------------------------------------------------------------
# life cycle


def test_close_may_be_repeated_and_reset_reopens() -> None:
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


def test_reset_drops_a_cut_line_end_and_a_cut_bom() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\r\r")
    decoder.reset()
    assert [e.offset for e in decoder.feed(b"\ndata: b\n\n")] == [1]
    decoder.reset()
    decoder.feed(b"\xef\xbb")
    decoder.reset()
    assert decoder.feed(b"\xbfdata: a\n\n") == []


@pytest.mark.parametrize("bad", ["data: a\n\n", 5, None, [1], {"data": 1}], ids=repr)
def test_data_other_than_bytes_is_refused_without_effect(bad: Any) -> None:
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
def test_any_buffer_is_accepted_as_bytes(convert: Callable[[bytes], Any]) -> None:
    assert SSEDecoder().feed(convert(b"data: a\n\n")) == [ServerSentEvent("a")]


def test_caller_may_reuse_a_buffer_after_feed() -> None:
    decoder = SSEDecoder()
    buffer = bytearray(b"data: a\n")
    decoder.feed(buffer)
    buffer[:] = b"XXXXXXXX"  # so the decoder must have copied the bytes
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
        pytest.param(b":23456789012345678\ndata: 789\nfoo: 67890\n\n", 19, id="dropped-lines-do-not-add-up"),
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
        pytest.param(b"id: 1234\ndata: a\n\n", 4, id="fast-path"),
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
def test_partial_bom_is_not_counted(size: int) -> None:
    limits = Limits(max_event_bytes=1)
    assert outcome(pieces_of(b"\xef\xbb\xbf\n", size), limits)["error"] is None
    assert outcome(pieces_of(b"\xef\xbbx\n", size), limits)["error"] is not None


def test_ignored_id_may_be_long() -> None:
    stream = b"id: \0" + b"1" * 50 + b"\ndata: a\n\n"
    for size in (1000, 1):
        assert outcome(pieces_of(stream, size), Limits(max_id_bytes=2))["events"] == [
            ("a", None, "message", None, "", 0)
        ]


def test_decoder_is_dead_after_a_limit_until_reset() -> None:
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


@pytest.mark.slow
def test_single_bytes_are_appended_in_place() -> None:
    """A line in single bytes takes little more memory than its size, and its end takes a few copies of it."""
    pieces = pieces_of(b"data: " + b"x" * 100_000, 1)
    assert peak_of(feeder(pieces)) < 250_000
    assert peak_of(feeder([*pieces, b"\n"])) < 500_000


def test_large_event_is_kept_as_bytes_and_text_only() -> None:
    pieces = [b"data: ", *[b"x" * 50_000] * 100, b"\n", b"\n"]
    assert peak_of(feeder(pieces)) < 2.5 * 5_000_000


@pytest.mark.parametrize("start", [b"data:", b"data: ", b"data:  ", b"data", b"dat", b"x: ", b"id: \0"], ids=repr)
@pytest.mark.parametrize("before", [b"", b"data: x\n", b"data\n"], ids=repr)
def test_line_longer_than_a_part_is_read_like_any_other(start: bytes, before: bytes) -> None:
    stream = before + start + b"x" * 100_000 + b"\r\ndata: y\n\ndata: z\n\n"
    pieces = pieces_of(stream, 1000)
    assert outcome(pieces) == reference(stream)
    size = sum(len(line) for line in stream.split(b"\n\n")[0].splitlines() if line.startswith((b"data", b"id")))
    limits = Limits(max_event_bytes=max(size, 100_010))
    assert outcome(pieces, limits) == reference(stream)


@pytest.mark.slow
def test_data_lines_take_little_more_memory_than_their_bytes() -> None:
    pieces = [b"data:x\n" * 1000] * 100
    assert peak_of(feeder(pieces)) < 4 * 700_000


@pytest.mark.slow
@pytest.mark.parametrize("line", [b": ping\n", b"foo: bar\n", b"retry: 5\n", b"\n", b"\r", b":\r\n\r\n"], ids=repr)
def test_dropped_lines_take_constant_memory(line: bytes) -> None:
    few, many = peak_of(feeder([line * 10] * 100)), peak_of(feeder([line * 10] * 1000))
    assert many <= few + 1000
    assert peak_of(feeder([line * 100_000])) < 2_000_000  # in one piece: read in parts


def test_buffers_of_a_refused_event_are_freed() -> None:
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


def test_replaced_count_does_not_depend_on_the_cut() -> None:
    """Blocks that the fast path gives up on, and reads again, were counted twice."""
    body = b"id: 1\ndata: \xff\n\nid: 2\nevent: x\n\n"
    counts = []
    for size in (1, len(body)):
        decoder = SSEDecoder()
        for start in range(0, len(body), size):
            decoder.feed(body[start : start + size])
        counts.append(decoder.replaced_count)
    assert counts == [1, 1]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_failure_in_json_between_events_is_an_error_after_the_events_before_it(size: int) -> None:
    body = b'data: a\n\n{"error": {"code": 503}}\n\nid: 1\ndata: b\n\n'
    events = decode_sse([body[at : at + size] for at in range(0, len(body), size)])
    assert next(events).data == "a"
    with pytest.raises(InvalidEventError) as caught:
        next(events)
    assert (caught.value.code, caught.value.body_bytes) == ("trailing_body", b'{"error": {"code": 503}}\n')
    decoder = SSEDecoder()
    with pytest.raises(InvalidEventError):
        decoder.feed(body)
    with pytest.raises(ClosedError, match="failure of the sender"):
        decoder.feed(b"")


def test_other_lines_in_json_between_events_are_ignored() -> None:
    for line in (b'{"error": null}', b'{"a": 1}', b"{", b"[1]"):
        assert [event.data for event in decode_sse(b"data: a\n\n" + line + b"\n\ndata: b\n\n")] == ["a", "b"]
