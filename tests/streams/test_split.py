"""Several streams in one source: where each one ends, and that an error in one does not affect the others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, strategies as st

import streamjson as sj

DONE = sj.ServerSentEvent("[DONE]")
PING = sj.ServerSentEvent("{}", event="ping")
EMPTY = sj.ServerSentEvent("", id="7")
FAILURE: dict[str, Any] = {"error": {"message": "boom"}}
FOREIGN: dict[str, Any] = {"choices": [{"delta": {"content": "Hi"}}]}
IGNORED: dict[str, Any] = {"usage": {"tokens": 5}}
NUMBER: dict[str, Any] = {"delta": 1, "json_path": "a"}
BAD = sj.ServerSentEvent('{"delta": ')


def delta(text: str, span_id: str | None = None, path: str | None = "a") -> dict[str, Any]:
    fields: dict[str, Any] = {"delta": text, "json_path": path, "span_id": span_id}
    return {name: value for name, value in fields.items() if value is not None}


def span(span_id: str) -> dict[str, Any]:
    return {"span_id": span_id}


A, B = delta("A"), delta("B")


# ---------------------------------------------------------------------------------------------------------------------
# both kinds of source


class Source:
    """Yields events, counts the requests, and records when it is closed."""

    def __init__(self, events: Iterable[Any], error: BaseException | None = None) -> None:
        self.events = iter(events)
        self.error = error
        self.read = 0
        self.closed = 0
        self.fails_to_close = False

    def give(self) -> Any:
        for event in self.events:
            self.read += 1
            return event
        if self.error is not None:
            raise self.error
        return None

    def close(self) -> None:
        self.closed += 1
        if self.fails_to_close:
            raise OSError("not closed")


class SyncSource(Source):
    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        event = self.give()
        if event is None:
            raise StopIteration
        return event


class AsyncSource(Source):
    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0)
        event = self.give()
        if event is None:
            raise StopAsyncIteration
        return event


class Sync:
    """Drives the iterators like `for`."""

    source: type[Source] = SyncSource

    def next(self, iterator: Any) -> Any:
        return next(iterator)

    def list(self, iterator: Any) -> list[Any]:
        return list(iterator)

    def lists(self, events: Iterable[Any], **options: Any) -> list[list[Any]]:
        return [list(stream) for stream in sj.split_streams(self.source(events), **options)]

    def close(self, iterator: Any) -> None:
        iterator.close()

    def final(self, events: Any, **options: Any) -> Any:
        return sj.assemble(events, **options).final()

    def leave(self, streams: Any) -> Any:
        """Request the first stream in a `with` block."""
        with streams as entered:
            return next(entered)


class Async(Sync):
    """Drives the iterators like `async for`, in its own event loop."""

    source = AsyncSource

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def next(self, iterator: Any) -> Any:
        async def one() -> Any:
            return await anext(iterator)

        try:
            return self.loop.run_until_complete(one())
        except StopAsyncIteration:
            raise StopIteration from None

    def list(self, iterator: Any) -> list[Any]:
        async def all_of_it() -> list[Any]:
            return [item async for item in iterator]

        return self.loop.run_until_complete(all_of_it())

    def lists(self, events: Iterable[Any], **options: Any) -> list[list[Any]]:
        async def all_of_them() -> list[list[Any]]:
            streams: Any = sj.split_streams(self.source(events), **options)
            return [[event async for event in stream] async for stream in streams]

        return self.loop.run_until_complete(all_of_them())

    def close(self, iterator: Any) -> None:
        self.loop.run_until_complete(iterator.aclose())

    def final(self, events: Any, **options: Any) -> Any:
        return self.loop.run_until_complete(sj.assemble(events, **options).final())

    def leave(self, streams: Any) -> Any:
        async def one() -> Any:
            async with streams as entered:
                return await anext(entered)

        return self.loop.run_until_complete(one())


@pytest.fixture(params=["sync", "async"])
def drive(request: pytest.FixtureRequest) -> Iterator[Sync]:
    if request.param == "sync":
        yield Sync()
        return
    driver = Async()
    yield driver
    driver.loop.close()


# ---------------------------------------------------------------------------------------------------------------------
# where a stream ends

# A list is a stream; the events of a tuple belong to none.
LOGS: dict[str, list[list[Any] | tuple[Any, ...]]] = {
    "nothing": [],
    "one, without an end": [[A, B]],
    "one, with its end": [[A, DONE]],
    "only an end": [[DONE]],
    "only pings": [[PING, EMPTY, PING]],
    "pings before the first, as assemble reads them": [[PING, EMPTY, A, DONE]],
    "two, each with its end": [[A, DONE], [B, DONE]],
    "two, the last without its end": [[A, DONE], [B]],
    "three": [[A, DONE], [B, DONE], [A, DONE]],
    "an end with blanks": [[A, sj.ServerSentEvent(" [DONE]\r")], [B]],
    "an end by a mapping": [[A, {"data": "[DONE]"}], [B]],
    "pings after the last": [[A, DONE], (PING, EMPTY)],
    "pings between": [[A, DONE], (PING, EMPTY, PING), [B, DONE]],
    "pings inside": [[A, PING, EMPTY, B, DONE], [B]],
    "blank chunks between": [[A, DONE], ({}, {"delta": None}, {"delta": ""}, {"chunk_type": "json"}), [B]],
    "a delta that is null at a path between": [[A, DONE], [{"delta": None, "json_path": "a"}]],
    "the end twice": [[A, DONE], (DONE,), [B, DONE], (PING, DONE, DONE)],
    "an empty one: a span alone": [[A, DONE], [span("s")]],
    "an empty one: a span and an end": [[span("r"), DONE], [span("s"), DONE]],
    "another span": [[delta("A", "r"), B], [delta("B", "s"), A]],
    "another span in the other spelling": [[delta("A", "r")], [{"delta": "B", "json_path": "a", "spanId": "s"}]],
    "another span of a chunk": [[delta("A", "r")], [sj.StreamingChunk("B", "a", "s")]],
    "a span without a name": [[delta("A", "r")], [delta("B", "")], [delta("A", "r")]],
    "another span without a delta": [[delta("A", "r")], [span("s"), B]],
    "another span by an event of another type": [[delta("A", "r")], [sj.ServerSentEvent(span("s"), event="begin"), B]],
    "another span before any delta": [[span("r"), delta("A", "s"), DONE]],
    "another span after a blank delta": [[delta("", "r", None), delta("A", "s"), DONE]],
    "another span after text": [[delta("A", "r", None)], [delta("B", "s", None)]],
    "the first span after a delta": [[A, delta("B", "s"), B], [delta("A", "t")]],
    "the same span": [[delta("A", "r"), delta("B", "r"), B]],
    "the same span after an end": [[delta("A", "r"), DONE], [delta("B", "r")]],
    "spans of three": [[delta("A", "r")], [delta("B", "s")], [delta("A", "r")]],
    "a failure": [[A, FAILURE], [B, DONE]],
    "a failure with its end": [[A, FAILURE, DONE], [B, DONE]],
    "a failure, pings and its end": [[A, FAILURE], (PING, EMPTY), [B, DONE]],
    "a failure alone": [[FAILURE], [FAILURE, DONE], [B]],
    "a failure after an end": [[A, DONE], [FAILURE], [B]],
    "a failure by its event": [[A, sj.ServerSentEvent("boom", event="error")], [B]],
    "a failure by its event, without data": [[A, sj.ServerSentEvent("", event="error")], [B]],
    "a failure beside a delta": [[A, {**B, "error": "boom"}], [B]],
    "a failure of the same span": [[delta("A", "r"), {**span("r"), **FAILURE}], [B]],
    "a failure of another span, in the other spelling": [[delta("A", "r")], [{"spanId": "s", **FAILURE}]],
    "a failure of another span": [[delta("A", "r")], [{**span("s"), **FAILURE}], [B]],
    "what follows a failure with its span": [[delta("A", "r"), FAILURE, delta("B", "r"), span("r"), DONE], [B]],
    "what follows a failure with another span": [[delta("A", "r"), FAILURE], [delta("B", "s")]],
    "an event that is not JSON": [[A, BAD, DONE], [BAD, B, DONE], [BAD]],
    "an event of another protocol": [[A, FOREIGN, B, DONE], [B]],
    "an event of another protocol after an end": [[A, DONE], [FOREIGN, DONE], [B]],
    "an event of another protocol after a failure": [[A, FAILURE], [FOREIGN, DONE], [B]],
    "an event that is ignored": [[A, IGNORED, DONE], [IGNORED, B, DONE], [IGNORED]],
    "an event that is ignored after a failure": [[A, FAILURE], [IGNORED, B]],
    "not an event": [[A, 5, DONE], [5, b"data: 1\n\n", B]],
    "a rejected event of another span": [[delta("A", "r")], [{"delta": "B", "json_path": 5, "span_id": "s"}, B]],
    "a rejected event, and then another span": [[span("r"), {"delta": 1, "json_path": 5}], [delta("B", "s")]],
    "a span that is not text": [[delta("A", "r"), {"delta": "B", "json_path": "a", "span_id": 5}, DONE], [B]],
}  # fmt: skip


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_each_event_belongs_to_its_stream(drive: Sync, log: list[list[Any] | tuple[Any, ...]]) -> None:
    source = [event for part in log for event in part]
    assert drive.lists(source) == [part for part in log if isinstance(part, list)]


def test_done_after_pings_belongs_to_the_failed_stream(drive: Sync) -> None:
    assert drive.lists([A, FAILURE, PING, EMPTY, DONE, PING, DONE, B]) == [[A, FAILURE, DONE], [B]]


def test_an_event_beyond_the_limits_stays_in_its_stream(drive: Sync) -> None:
    deep = sj.ServerSentEvent('{"delta": [[[[1]]]], "json_path": "a", "span_id": "s"}')
    source = [delta("A", "r"), deep]
    assert drive.lists(source) == [[source[0]], [deep]]
    assert drive.lists(source, limits=sj.Limits(max_depth=2)) == [source]


def test_the_limits_are_checked_at_the_call() -> None:
    with pytest.raises(TypeError):
        sj.split_streams([], limits=5)


# ---------------------------------------------------------------------------------------------------------------------
# the document of each stream


class Kind(NamedTuple):
    """A stream, and its outcome: a document, or the class and code of an error."""

    events: list[Any]
    outcome: Any


KINDS = {
    "done": Kind([delta("x", "m"), DONE], {"a": "x"}),
    "without its end": Kind([delta("x", "m")], {"a": "x"}),
    "of text": Kind([delta("x", "m", None), DONE], "x"),
    "empty": Kind([span("m"), DONE], sj.MISSING),
    "failed": Kind([delta("x", "m"), FAILURE], (sj.StreamFailedError, "stream_error")),
    "failed, with its end": Kind([delta("x", "m"), FAILURE, PING, DONE], (sj.StreamFailedError, "stream_error")),
    "failed at once": Kind([{**span("m"), **FAILURE}], (sj.StreamFailedError, "stream_error")),
    "in conflict": Kind([delta("x", "m"), NUMBER, B, DONE], (sj.ConflictError, "type_conflict")),
    "not JSON": Kind([delta("x", "m"), BAD, B], (sj.InvalidEventError, "bad_json")),
    "of another protocol": Kind([span("m"), FOREIGN, DONE], (sj.InvalidEventError, "foreign_event")),
    "without a delta": Kind([span("m"), IGNORED, DONE], (sj.StreamFailedError, "no_deltas")),
    "of bad paths": Kind([delta("x", "m", "a["), DONE], (sj.InvalidPathError, "unbalanced")),
}  # fmt: skip


def outcome(drive: Sync, events: Any, **options: Any) -> Any:
    try:
        return drive.final(events, **options)
    except sj.StreamJSONError as error:
        return type(error), error.code


def outcomes(drive: Sync, streams: Any, **options: Any) -> list[Any]:
    found = []
    while True:
        try:
            events = drive.next(streams)
        except StopIteration:
            return found
        found.append(outcome(drive, events, **options))


@pytest.mark.parametrize("on_new_span", ["error", "reset"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_error_in_one_stream_does_not_affect_its_neighbours(drive: Sync, kind: Kind, on_new_span: str) -> None:
    for before, after in [([delta("1", "l"), DONE], [delta("2", "n"), DONE]), ([delta("1", "l")], [delta("2", "n")])]:
        streams = sj.split_streams(drive.source([*before, *kind.events, *after]))
        expected = [{"a": "1"}, kind.outcome, {"a": "2"}]
        assert outcomes(drive, streams, on_new_span=on_new_span) == expected


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_bytes_of_a_log_are_assembled(kind: Kind) -> None:
    log = [*KINDS["done"].events, *kind.events, *([] if kind.events[-1] is DONE else [DONE]), *KINDS["of text"].events]
    events = [sj.ServerSentEvent(json.dumps(event)) if isinstance(event, dict) else event for event in log]
    streams = sj.split_streams(sj.decode_sse(b"".join(map(sj.encode_sse, events))))
    assert outcomes(Sync(), streams) == [{"a": "x"}, kind.outcome, "x"]


def test_assemble_stops_at_the_first_end_unlike_split_streams(drive: Sync) -> None:
    log = [A, DONE, B, DONE]
    assert drive.final(drive.source(log)) == {"a": "A"}  # stops at the first end
    assert outcomes(drive, sj.split_streams(drive.source(log))) == [{"a": "A"}, {"a": "B"}]


def test_require_done_applies_to_each_stream(drive: Sync) -> None:
    streams = sj.split_streams(drive.source([delta("A", "r"), delta("B", "s"), DONE, A]))
    no_done = (sj.StreamTruncatedError, "no_done")
    assert outcomes(drive, streams, require_done=True) == [no_done, {"a": "B"}, no_done]


# ---------------------------------------------------------------------------------------------------------------------
# when events are read


READS = {
    "ends": ([A, DONE, B, DONE], [1, 1, 2, 2, 3, 3, 4, 4]),
    "spans": ([delta("A", "r"), delta("B", "s")], [1, 1, 2, 2, 2, 2]),
    "a failure": ([A, FAILURE, B], [1, 1, 2, 3, 3, 3, 3]),
}


@pytest.mark.parametrize(("log", "reads"), READS.values(), ids=READS)
def test_one_event_is_read_ahead_only_to_find_the_end(drive: Sync, log: list[Any], reads: list[int]) -> None:
    """`reads` are the counts after each call: for a stream, each of its events, its end, and the next stream."""
    source = drive.source(log)
    streams = sj.split_streams(source)
    assert source.read == 0
    found = []
    for _ in range(2):
        stream = drive.next(streams)
        found.append(source.read)
        is_at_end = False
        while not is_at_end:
            try:
                drive.next(stream)
            except StopIteration:
                is_at_end = True
            found.append(source.read)
    assert found == reads
    with pytest.raises(StopIteration):
        drive.next(streams)


def test_a_document_is_complete_before_later_events_are_read(drive: Sync) -> None:
    source = drive.source([A, DONE, B])
    first = drive.next(sj.split_streams(source))
    assert drive.final(first) == {"a": "A"}
    assert (source.read, source.closed) == (2, 0)


def test_requesting_the_next_stream_passes_over_the_rest(drive: Sync) -> None:
    streams = sj.split_streams(drive.source([A, A, A, DONE, PING, B, DONE, A]))
    assert drive.next(drive.next(streams)) == A
    assert drive.list(drive.next(streams)) == [B, DONE]
    drive.next(streams)  # not read at all
    with pytest.raises(StopIteration):
        drive.next(streams)


@pytest.mark.parametrize("log", [[A, B, DONE], [A, DONE], [A, B], [A, FAILURE, DONE]], ids=repr)
def test_a_stream_with_unread_events_never_looks_complete(drive: Sync, log: list[Any]) -> None:
    streams = sj.split_streams(drive.source([*log, delta("B", "s")]))
    first = drive.next(streams)
    drive.list(streams)
    for _ in range(2):
        with pytest.raises(sj.ClosedError, match="not read to its end before the next one was requested"):
            drive.next(first)
    with pytest.raises(sj.ClosedError):
        drive.final(first)


@pytest.mark.parametrize("log", [[A, DONE], [delta("A", "r")]], ids=repr)
def test_a_stream_read_to_its_end_stays_exhausted(drive: Sync, log: list[Any]) -> None:
    streams = sj.split_streams(drive.source([*log, delta("B", "s")]))
    first = drive.next(streams)
    for event in log:
        assert drive.next(first) == event
    second = drive.next(streams)
    assert drive.list(first) == []
    assert drive.list(second) == [delta("B", "s")]


# ---------------------------------------------------------------------------------------------------------------------
# closing


def test_closing_a_stream_leaves_the_source_open(drive: Sync) -> None:
    source = drive.source([A, A, DONE, B, B, DONE])
    streams = sj.split_streams(source)
    first = drive.next(streams)
    drive.next(first)
    drive.close(first)
    assert drive.list(first) == []
    second = drive.next(streams)
    drive.close(second)  # before any of it was read
    assert drive.list(second) == []
    assert source.closed == 0
    with pytest.raises(StopIteration):
        drive.next(streams)
    assert drive.list(first) == []


ENDINGS: dict[str, Any] = {
    "close": lambda drive, streams: drive.close(streams),
    "its block": lambda drive, streams: drive.leave(streams),
    "its end": lambda drive, streams: drive.list(streams),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_closing_the_iterator_over_streams_closes_the_source(drive: Sync, end: Any) -> None:
    source = drive.source([A, DONE, B, B])
    streams = sj.split_streams(source)
    end(drive, streams)
    assert source.closed >= 1
    for _ in range(2):
        with pytest.raises(StopIteration):
            drive.next(streams)


def test_closing_the_source_loses_the_stream_that_is_being_read(drive: Sync) -> None:
    streams = sj.split_streams(drive.source([A, B, DONE]))
    first = drive.next(streams)
    drive.next(first)
    drive.close(streams)
    with pytest.raises(sj.ClosedError, match="or the source was closed"):
        drive.next(first)


def test_an_event_read_ahead_begins_no_stream_after_closing(drive: Sync) -> None:
    streams = sj.split_streams(drive.source([delta("A", "r"), delta("B", "s")]))
    assert drive.list(drive.next(streams)) == [delta("A", "r")]
    drive.close(streams)
    with pytest.raises(StopIteration):
        drive.next(streams)


def test_the_object_behind_the_iterator_is_closed_too(drive: Sync) -> None:
    class Response:
        def __init__(self) -> None:
            self.iterator = drive.source([A])
            self.closed = 0

        def __iter__(self) -> Any:
            return self.iterator

        def close(self) -> None:
            self.closed += 1

    class AsyncResponse(Response):
        __aiter__ = Response.__iter__
        aclose = None

    response = AsyncResponse() if isinstance(drive, Async) else Response()
    drive.list(sj.split_streams(response))
    assert (response.closed, response.iterator.closed) == (1, 1)


@pytest.mark.parametrize("request_of", ["the stream", "the next stream"])
@pytest.mark.parametrize("fails_to_close", [False, True])
def test_an_error_of_the_source_passes_through_and_ends_all(
    drive: Sync, request_of: str, *, fails_to_close: bool
) -> None:
    source = drive.source([A], error=ConnectionError("reset"))
    source.fails_to_close = fails_to_close
    streams = sj.split_streams(source)
    first = drive.next(streams)
    drive.next(first)
    with pytest.raises(ConnectionError, match="reset") as raised:
        drive.next(first if request_of == "the stream" else streams)
    assert getattr(raised.value, "__notes__", []) == (
        ["closing the source failed too: OSError('not closed')"] if fails_to_close else []
    )
    assert source.closed == 1
    with pytest.raises(sj.ClosedError):  # not its end
        drive.next(first)
    with pytest.raises(StopIteration):
        drive.next(streams)


def test_an_error_that_refuses_notes_passes_through(drive: Sync) -> None:
    class FrozenError(Exception):
        def add_note(self, note: str) -> None:
            raise AttributeError(note)

    source = drive.source([], error=FrozenError())
    source.fails_to_close = True
    with pytest.raises(FrozenError):
        drive.next(sj.split_streams(source))


def test_a_truncated_log_fails_only_in_its_last_stream() -> None:
    log = b"".join([*map(sj.encode_sse, [sj.StreamingChunk("A", "a"), DONE, sj.StreamingChunk("B", "a")]), b"data: {"])
    truncated = (sj.StreamTruncatedError, "truncated")
    assert outcomes(Sync(), sj.split_streams(sj.decode_sse(log))) == [{"a": "A"}, truncated]


# ---------------------------------------------------------------------------------------------------------------------
# sources

INVALID_SOURCES: dict[str, Any] = {
    "text": "data: 1\n\n",
    "bytes": b"data: 1\n\n",
    "a memoryview": memoryview(b""),
    "an event": sj.ServerSentEvent("1"),
    "a chunk": sj.StreamingChunk("1"),
    "a mapping": {"delta": "1"},
    "a number": 5,
    "nothing": None,
}


@pytest.mark.parametrize("source", INVALID_SOURCES.values(), ids=INVALID_SOURCES)
def test_invalid_sources_are_refused_at_the_call(source: Any) -> None:
    with pytest.raises(sj.InvalidEventError, match=r"split_streams\(decode_sse\(response.iter_bytes\(\)") as raised:
        sj.split_streams(source)
    assert raised.value.code == "bad_event"


def test_a_source_of_both_kinds_is_asynchronous() -> None:
    class Both(AsyncSource):
        def __iter__(self) -> Iterator[Any]:
            raise AssertionError

    async def read() -> list[Any]:
        return [[event async for event in stream] async for stream in sj.split_streams(Both([A, DONE, B]))]

    assert asyncio.run(read()) == [[A, DONE], [B]]


# ---------------------------------------------------------------------------------------------------------------------
# properties

SPANS = st.sampled_from([None, "r", "s"])
EVENTS = st.one_of(
    st.builds(delta, st.sampled_from(["", "x"]), SPANS, st.sampled_from([None, "a"])),
    st.builds(span, st.sampled_from(["r", "s"])),
    st.builds(lambda span_id: {**span(span_id), **FAILURE}, st.sampled_from(["r", "s"])),
    st.sampled_from([DONE, PING, EMPTY, FAILURE, FOREIGN, IGNORED, BAD, {}, NUMBER]),
)
SOURCES = st.lists(EVENTS, max_size=12)


@given(source=SOURCES)
def test_every_event_with_content_is_in_one_stream_in_order(source: list[Any]) -> None:
    streams = Sync().lists(source)
    assert all(streams)
    found = [event for stream in streams for event in stream]
    rest = iter(found)
    event = next(rest, None)
    for one in source:
        if one is event:
            event = next(rest, None)
        else:
            assert one in [DONE, PING, EMPTY, {}, delta("", None, None)]
    assert event is None


@given(source=SOURCES)
def test_the_first_stream_is_what_assemble_reads(source: list[Any]) -> None:
    counted = SyncSource(source)
    stream = sj.assemble(counted)
    try:
        stream.final()
    except sj.StreamJSONError:
        return
    first = next(sj.split_streams(source), [])
    assert list(first) == source[: counted.read]


@given(source=SOURCES)
def test_no_stream_continues_past_its_end_or_span(source: list[Any]) -> None:
    for stream in Sync().lists(source):
        assert DONE not in stream[:-1]
        assert outcome(Sync(), stream) != (sj.StreamFailedError, "new_span")


@given(streams=st.lists(st.lists(st.builds(delta, st.just("x"), st.just("r")), min_size=1, max_size=4), max_size=5))
@pytest.mark.parametrize("is_ended", [True, False])
def test_concatenated_streams_are_split_again(streams: list[list[Any]], *, is_ended: bool) -> None:
    for number, stream in enumerate(streams):
        stream[:] = [{**event, "span_id": str(number)} for event in stream] + [DONE] * is_ended
    assert Sync().lists([event for stream in streams for event in stream]) == streams


@given(kinds=st.lists(st.sampled_from(sorted(KINDS)), max_size=6), data=st.data())
def test_streams_in_any_order_are_assembled_as_if_alone(kinds: list[str], data: st.DataObject) -> None:
    source: list[Any] = []
    for number, name in enumerate(kinds):
        source += [of_span(event, str(number)) for event in KINDS[name].events]
        if source[-1] == DONE:  # the stream has ended
            source += data.draw(st.lists(st.sampled_from([PING, EMPTY, DONE]), max_size=2))
    assert outcomes(Sync(), sj.split_streams(source)) == [KINDS[name].outcome for name in kinds]


def of_span(event: Any, span_id: str) -> Any:
    return {**event, "span_id": span_id} if isinstance(event, dict) and "span_id" in event else event
