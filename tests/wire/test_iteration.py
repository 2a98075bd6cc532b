"""`decode_sse`: the events of a body in order, the verdict at its end, and a source that is always closed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given

from sources import AsyncSource, BothSource, Source, SyncSource
from sse_reference import cut_at, cuttings, facts, outcome, peak_of, pieces_of, streams
from streamjson._errors import InvalidEventError, LimitExceededError, StreamTruncatedError
from streamjson._limits import Limits
from streamjson._wire.decoder import SSEDecoder
from streamjson._wire.event import ServerSentEvent
from streamjson._wire.iteration import decode_sse


def drain(source: Any, limits: Limits | None = None) -> tuple[list[ServerSentEvent[str]], Exception | None]:
    """Return the events of `decode_sse(source)`, and the exception that ends them."""
    events: list[ServerSentEvent[str]] = []

    async def drain_async() -> None:
        async for event in decode_sse(source, limits=limits or Limits()):
            events.append(event)  # noqa: PERF401  # keep the events before an exception

    try:
        if isinstance(source, AsyncSource):
            asyncio.run(drain_async())
        else:
            for event in decode_sse(source, limits=limits or Limits()):
                events.append(event)  # noqa: PERF402  # as above
    except Exception as error:  # noqa: BLE001  # the test examines it
        return events, error
    return events, None


sync_and_async = pytest.mark.parametrize("kind", [SyncSource, AsyncSource, BothSource])


@sync_and_async
def test_events_are_yielded_and_the_end_closes_the_source(kind: type[Source]) -> None:
    source = kind(b"id: 1\nda", bytearray(b"ta: a\n\ndata: [DO"), memoryview(b"NE]\n\n"), b": bye")
    events, error = drain(source)
    assert error is None
    assert events == [ServerSentEvent("a", id="1", last_event_id="1"), ServerSentEvent("[DONE]", last_event_id="1")]
    assert source.closed == 1


@sync_and_async
def test_events_before_a_limit_are_yielded_before_it_raises(kind: type[Source]) -> None:
    source = kind(b"data: a\n\ndata: b\n\ndata: longer\n\ndata: c\n\n", b"data: d\n\n")
    events, error = drain(source, Limits(max_event_bytes=8))
    assert [event.data for event in events] == ["a", "b"]
    assert isinstance(error, LimitExceededError)
    assert error.offset == 18
    assert source.closed == 1


@sync_and_async
def test_end_inside_an_event_raises(kind: type[Source]) -> None:
    source = kind(b"id: 7\ndata: a\n\nid: 8\nda")
    events, error = drain(source)
    assert [event.data for event in events] == ["a"]
    assert isinstance(error, StreamTruncatedError)
    assert (error.code, error.last_event_id, error.offset) == ("truncated", "7", 15)
    assert source.closed == 1


@sync_and_async
@pytest.mark.parametrize(
    "failure", [OSError("reset by peer"), InvalidEventError("not ours"), RuntimeError("x")], ids=repr
)
def test_exception_of_the_source_passes_through(kind: type[Source], failure: Exception) -> None:
    source = kind(b"data: a\n\nda", error=failure)
    events, error = drain(source)
    assert [event.data for event in events] == ["a"]
    assert error is failure
    assert source.closed == 1


@sync_and_async
def test_piece_other_than_bytes_raises_after_earlier_events(kind: type[Source]) -> None:
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


def test_source_without_close_is_accepted() -> None:
    class Plain:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            raise StopAsyncIteration

    async def main() -> list[object]:
        return [event async for event in decode_sse(Plain())]

    assert asyncio.run(main()) == []
    assert list(decode_sse([])) == []


def test_unread_async_events_close_their_source() -> None:
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


class ClosableIterable:
    """An iterable of pieces that can be closed, unlike its iterator."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)

    def close(self) -> None:
        self.closed += 1


def test_iterable_behind_the_iterator_is_closed_too() -> None:
    source = ClosableIterable(b"data: a\n\n")
    assert len(list(decode_sse(source))) == 1
    assert source.closed == 1


# ---------------------------------------------------------------------------------------------------------------------
# what is accepted as a source


@pytest.mark.parametrize(
    "convert",
    [bytes, bytearray, memoryview, lambda b: [b], pieces_of, iter],
    ids=["bytes", "bytearray", "memoryview", "list", "generator", "integers"],
)
def test_bytes_instead_of_an_iterable_are_one_piece(convert: Callable[..., Any]) -> None:
    stream = b"id: 1\ndata: a\n\n"
    source = convert(stream, 1) if convert is pieces_of else convert([stream]) if convert is iter else convert(stream)
    assert list(decode_sse(source)) == [ServerSentEvent("a", id="1", last_event_id="1")]


class Response:
    """A response as of httpx: methods yield its bytes."""

    def iter_bytes(self) -> Iterator[bytes]:
        raise NotImplementedError  # must not be called


@pytest.mark.parametrize("bad", ["data: a\n\n", Response(), None, 5], ids=["str", "response", "none", "int"])
def test_source_without_bytes_is_refused_at_the_call(bad: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"pass response\.iter_bytes\(\)") as caught:
        decode_sse(bad)
    assert caught.value.code == "bad_event"


def test_own_decoder_can_be_inspected() -> None:
    """A block of only `retry` yields no event, and invalid UTF-8 raises no error; the decoder shows both."""
    decoder = SSEDecoder()
    events = decode_sse([b"id: 1\ndata: caf\xe9 \xef\xbf\xbd\n\nretry: 7000\n\n: bye\n"], decoder=decoder)
    assert [event.data for event in events] == ["caf\ufffd \ufffd"]
    assert (decoder.retry_ms, decoder.last_event_id, decoder.replaced_count) == (7000, "1", 1)
    assert next(decode_sse([b"data: b\n\n"], decoder=decoder)).last_event_id == "1"
    with pytest.raises(ValueError, match="keeps its own limits"):
        decode_sse([], decoder=decoder, limits=Limits(max_id_bytes=3))


# ---------------------------------------------------------------------------------------------------------------------
# large pieces


@pytest.mark.slow
def test_events_of_a_large_piece_are_not_in_memory_at_once() -> None:
    """A large piece may be a few KiB, decompressed."""
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
def test_pieces_of_any_size_and_type_can_be_mixed(kind: type) -> None:
    small, large = b"data: a\n\n", b"data: b\n\n" * 20_000
    events = decode_sse(map(kind, (small, large, small)))
    assert [event.data for event in events] == ["a", *["b"] * 20_000, "a"]


def test_events_before_a_limit_in_a_large_piece_are_yielded() -> None:
    piece = b"data: 1\n\n" * 20_000 + b"data: 12345\n\n" + b"data: 1\n\n" * 20_000
    events = decode_sse([piece], limits=Limits(max_event_bytes=8))
    assert [next(events).data for _ in range(20_000)] == ["1"] * 20_000
    with pytest.raises(LimitExceededError) as caught:
        next(events)
    assert caught.value.offset == 20_000 * 9


# ---------------------------------------------------------------------------------------------------------------------
# the end of a body


@given(streams, cuttings)
def test_end_raises_exactly_if_the_decoder_is_truncated(stream: bytes, cuts: list[int]) -> None:
    expected = outcome([stream])
    events, error = drain(cut_at(stream, cuts))
    assert [facts(event) for event in events] == expected["events"]
    assert is_end_of(error, stream, is_truncated=bool(expected["truncated"]))


def is_end_of(error: Exception | None, stream: bytes, *, is_truncated: bool) -> bool:
    """Return whether `error` is right for the end of a stream, whose lines are split independently here."""
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


@sync_and_async
@pytest.mark.parametrize("tail", [b"data: [DONE]", b"data: [DONE]\n", b"data:[DONE] ", b"id: 9\r\ndata: [DONE]\r"])
def test_done_needs_no_blank_line(kind: type[Source], tail: bytes) -> None:
    for pieces in ([b"data: a\n\n" + tail], pieces_of(b"data: a\n\n" + tail, 1)):
        events, error = drain(kind(*pieces))
        assert error is None
        assert [event.data.strip() for event in events] == ["a", "[DONE]"]


@pytest.mark.parametrize("tail", [b"data: [DONE", b"data: x\ndata: [DONE]", b"data: [DONE]\ndata: x", b"id: 9", b"da"])
def test_any_other_unfinished_event_is_truncated(tail: bytes) -> None:
    decoder = SSEDecoder()
    events = decode_sse([b"id: 1\ndata: a\n\n" + tail], decoder=decoder)
    assert next(events).data == "a"
    with pytest.raises(StreamTruncatedError) as caught:
        next(events)
    assert (caught.value.offset, caught.value.last_event_id, decoder.last_event_id) == (15, "1", "1")


@pytest.mark.parametrize(
    ("tail", "data"), [(b"id: 2\ndata: b", "b"), (b"data: b\ndata: c\n", "b\nc"), (b"data: b\r", "b"), (b"", None)]
)
def test_dispatch_last_yields_an_event_without_its_blank_line(tail: bytes, data: str | None) -> None:
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


@sync_and_async
@pytest.mark.parametrize(
    ("body", "code"),
    [(b"<html>", "not_an_event_stream"), (b"data: a\n\n<html>\n", "trailing_body"), (b": c\n\n{", "trailing_body")],
    ids=["another-kind", "after-an-event", "after-a-comment"],
)
def test_body_of_another_kind_raises_at_its_end(kind: type[Source], body: bytes, code: str) -> None:
    for size in (100, 1):
        source = kind(*pieces_of(body, size))
        events, error = drain(source)
        assert [event.data for event in events] == ["a"] * body.count(b"data")
        assert isinstance(error, InvalidEventError)
        assert error.code == code
        assert source.closed == 1
