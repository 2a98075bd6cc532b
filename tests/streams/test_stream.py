"""The loop over a source: what it yields, when it ends, and when it closes the source, with and without `async`."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from streamjson._errors import (
    ClosedError,
    ConflictError,
    InvalidEventError,
    InvalidPathError,
    LimitExceededError,
    StreamTruncatedError,
)
from streamjson._json import MISSING
from streamjson._streams import AsyncSnapshotStream, SnapshotStream, assemble
from streamjson._view.failure import StreamFailedError
from streamjson._view.snapshot import Snapshot

HIGH, BAD = "\ud83d", "\ufffd"


def delta(path: str | None, value: object, **fields: object) -> dict[str, object]:
    return {"delta": value, "json_path": path, **fields}


X, Y, N = delta("a", "x"), delta("a", "y"), delta("n", 1)
DONE = sj.ServerSentEvent("[DONE]", id="9")
FAIL = {"error_type": "quota", "error_message": "Later"}
BAD_EVENTS = [
    pytest.param(b"data: {}", InvalidEventError, id="not an event"),
    pytest.param({"data": "no JSON"}, InvalidEventError, id="not JSON"),
    pytest.param(delta("a[*]", 1), InvalidPathError, id="a bad path"),
    pytest.param(delta("a", 1), ConflictError, id="a conflict"),
    pytest.param(delta("b[9999]", 1), LimitExceededError, id="a limit"),
]


class TransportError(Exception):
    """An error of a transport."""


class Source:
    """A source that counts. An exception among its events is raised; closing it raises `close_error`."""

    def __init__(self, events: Iterable[object], close_error: BaseException | None = None) -> None:
        self.events = iter(events)
        self.close_error = close_error
        self.read = 0
        self.closed = 0

    def take(self) -> object:
        event = next(self.events)  # passes StopIteration
        self.read += 1
        if isinstance(event, BaseException):
            raise event
        return event

    def end(self) -> None:
        self.closed += 1
        if self.close_error is not None:
            raise self.close_error


class SyncSource(Source):
    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        return self.take()

    def close(self) -> None:
        self.end()


class AsyncSource(Source):
    def __aiter__(self) -> AsyncIterator[object]:
        return self

    async def __anext__(self) -> object:
        await asyncio.sleep(0)  # lets other tasks run once, which takes no time
        try:
            return self.take()
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.end()


class Driver:
    """Drives both kinds of stream by the same calls, so that each test below runs for both."""

    def __init__(self, runner: asyncio.Runner | None) -> None:
        self.runner = runner
        self.is_async = runner is not None

    def source(self, events: Iterable[object], **options: Any) -> Any:
        return (AsyncSource if self.is_async else SyncSource)(events, **options)

    def assemble(self, events: Iterable[object], **options: Any) -> Any:
        return assemble(self.source(events), **options)

    def run(self, call: Callable[[], Awaitable[Any]]) -> Any:
        assert self.runner is not None

        async def main() -> Any:
            return await call()

        return self.runner.run(main())

    def next(self, stream: Any) -> Snapshot:
        """Return the next snapshot; raise EndOfStreamError at the end."""
        try:
            return self.run(lambda: anext(stream)) if self.is_async else next(stream)
        except (StopIteration, StopAsyncIteration):
            raise EndOfStreamError from None

    def list(self, stream: Any) -> list[Snapshot]:
        async def collect() -> list[Snapshot]:
            return [snapshot async for snapshot in stream]

        return self.run(collect) if self.is_async else list(stream)

    def final(self, stream: Any) -> Any:
        return self.run(stream.final) if self.is_async else stream.final()

    def close(self, stream: Any) -> None:
        if self.is_async:
            self.run(stream.aclose)
        else:
            stream.close()

    def within(self, stream: Any, body: Callable[[Any], None]) -> None:
        """Run `body` in a `with` block of the stream."""

        async def main() -> None:
            async with stream as entered:
                body(entered)

        if self.is_async:
            self.run(main)
        else:
            with stream as entered:
                body(entered)


class EndOfStreamError(Exception):
    """Either StopIteration or StopAsyncIteration."""


@pytest.fixture
def sync() -> Driver:
    return Driver(None)


@pytest.fixture
def asynchronous() -> Iterator[Driver]:
    with asyncio.Runner() as runner:  # one loop for each test: asyncio.run would close the generators after each call
        yield Driver(runner)


@pytest.fixture(params=["sync", "asynchronous"])
def driver(request: pytest.FixtureRequest) -> Driver:
    driver: Driver = request.getfixturevalue(request.param)
    return driver


def at_end(driver: Driver, stream: Any) -> None:
    for _ in range(3):  # an exhausted iterator stays exhausted
        with pytest.raises(EndOfStreamError):
            driver.next(stream)


# ---------------------------------------------------------------------------------------------------------------------
# snapshots


def test_a_snapshot_follows_each_change_and_the_last_is_complete(driver: Driver) -> None:
    source = driver.source([X, {}, Y, delta("a", ""), N, {"event": "ping", "data": "x"}])
    stream = assemble(source)
    snapshots = driver.list(stream)
    assert [snapshot.copy_value() for snapshot in snapshots] == [
        {"a": "x"}, {"a": "xy"}, {"a": "xy", "n": 1}, {"a": "xy", "n": 1},
    ]  # fmt: skip
    assert [snapshot.version for snapshot in snapshots] == [1, 2, 3, 3]
    assert [snapshot.complete for snapshot in snapshots] == [False, False, False, True]
    assert [snapshot.end for snapshot in snapshots] == ["open", "open", "open", "eof"]
    assert stream.snapshot is snapshots[-1]
    assert (source.read, source.closed) == (6, 1)
    at_end(driver, stream)
    assert source.closed == 1


def test_an_empty_source_yields_a_complete_empty_document(driver: Driver) -> None:
    stream = driver.assemble([])
    assert (stream.snapshot.value, stream.snapshot.complete) == (MISSING, False)
    (last,) = driver.list(stream)
    assert (last.value, last.version, last.complete, last.end, last.changes) == (MISSING, 0, True, "eof", ())


def test_done_stops_reading(driver: Driver) -> None:
    source = driver.source([X, DONE, Y, TransportError()])
    stream = assemble(source)
    first, last = driver.list(stream)
    assert (last.value, last.complete, last.end, last.last_event_id) == ({"a": "x"}, True, "done", "9")
    assert (source.read, source.closed) == (2, 1)
    assert first.value is last.value
    assert last.changes == ()
    at_end(driver, stream)
    assert source.read == 2


def test_the_last_snapshot_repairs_a_pending_half(driver: Driver) -> None:
    for end in ([], [DONE]):
        *_, last = driver.list(driver.assemble([delta("a", "x" + HIGH), *end]))
        assert last.value == {"a": "x" + BAD}
        (change,) = last.changes
        assert (change.kind, change.delta) == ("append", BAD)


def test_a_new_span_may_begin_an_empty_document(driver: Driver) -> None:
    events = [{**X, "span_id": "s"}, {"span_id": "t"}, N, {**X, "span_id": "u"}]
    snapshots = driver.list(driver.assemble(events, on_new_span="reset"))
    assert [snapshot.value for snapshot in snapshots] == [{"a": "x"}, MISSING, {"n": 1}, {"a": "x"}, {"a": "x"}]
    assert [snapshot.span_id for snapshot in snapshots] == ["s", "t", "t", "u", "u"]
    assert [[(str(change.path), change.delta) for change in snapshot.changes] for snapshot in snapshots] == [
        [("", {"a": "x"})], [("", MISSING)], [("", {"n": 1})], [("", {"a": "x"})], [],
    ]  # fmt: skip


def test_snapshot_is_the_same_object_until_something_changes(driver: Driver) -> None:
    stream = driver.assemble([X, {"span_id": "s"}, Y])
    first = driver.next(stream)
    assert stream.snapshot is first
    assert stream.snapshot is stream.snapshot
    second = driver.next(stream)
    assert stream.snapshot is second
    assert (second.span_id, first.span_id) == ("s", None)


def test_snapshot_includes_events_applied_from_outside(driver: Driver) -> None:
    stream = driver.assemble([X])
    driver.next(stream)
    stream.assembler.apply({"data": "", "id": "7"})
    assert stream.snapshot.last_event_id == "7"
    stream.assembler.apply_delta("n", 1)
    assert stream.snapshot.value == {"a": "x", "n": 1}
    assert [str(change.path) for change in stream.snapshot.changes] == ["n"]
    last = driver.next(stream)
    assert [str(change.path) for change in last.changes] == ["n"]


def test_snapshots_share_unchanged_parts(driver: Driver) -> None:
    stream = driver.assemble([delta("a.b", 1), delta("c.d", 1), delta("a.e", 2)])
    values = [snapshot.value for snapshot in driver.list(stream)]
    assert values[1]["a"] is values[0]["a"]
    assert values[2]["c"] is values[1]["c"]
    assert values[2]["a"] is not values[1]["a"]
    assert values[3] is values[2]


@pytest.mark.parametrize(
    ("options", "events", "value"),
    [
        pytest.param({"path_prefix": "r"}, [delta("r.a", 1)], {"a": 1}, id="path_prefix"),
        pytest.param({"on_conflict": "replace"}, [X, delta("a", 1)], {"a": 1}, id="on_conflict"),
        pytest.param({"limits": sj.Limits(max_array_gap=5000)}, [delta("[1500]", 1)], [None] * 1500 + [1], id="limits"),
    ],
)
def test_options_are_passed_to_the_assembler(
    driver: Driver, options: dict[str, Any], events: list[object], value: object
) -> None:
    assert driver.final(driver.assemble(events, **options)) == value


@pytest.mark.parametrize("options", [{"on_conflict": "x"}, {"unheard": 1}, {"path_prefix": "a["}], ids=str)
def test_invalid_options_are_refused_at_once(driver: Driver, options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, InvalidPathError)):
        driver.assemble([], **options)


# ---------------------------------------------------------------------------------------------------------------------
# changes rebuild the value, with a naive applier


def naively(value: Any, changes: Iterable[sj.Change]) -> Any:
    """Apply changes to a plain value, like a browser."""
    holder: Any = [copy.deepcopy(value)]
    for change in changes:
        target, key = holder, 0
        for step in change.path:
            target, key = target[key], step
        if change.kind == "append":
            target[key] += change.delta
        else:
            if isinstance(target, list):  # a gap shows as null until it is filled
                target.extend([None] * (key + 1 - len(target)))
            target[key] = copy.deepcopy(change.delta)
    return holder[0]


def by_chunks(chunks: list[sj.StreamingChunk], changes: Iterable[sj.Change]) -> Any:
    """Apply the chunks of the changes to another assembler, after the earlier chunks."""
    assembler = sj.Assembler()
    for change in changes:
        chunks += change.to_chunks()
    for chunk in chunks:
        assembler.apply(chunk)
    return assembler.snapshot().copy_value()


SAMPLE: list[object] = [
    delta("title", None),
    delta("title", "He"),
    delta("title", "llo 😀"),
    delta("items[0].name", "a"),
    delta("items[2]", 7),
    delta("title", "!"),
    delta("items[0].name", "b"),
    delta("items[1]", {"k": [1, {}]}),
    delta("items[1].k[1].z", HIGH),
    delta("title", "x"),
    delta("n", 1),
    delta("n", 12),
    delta("n", 12),
    delta("items", []),
    delta("items[0]", "new"),
    delta("a.b", "x"),
    delta("a", None),
    delta("a.c", True),
    delta("title", None),
    delta("title", {"t": ""}),
]


def test_the_changes_of_snapshots_rebuild_each_value(driver: Driver) -> None:
    stream = driver.assemble(SAMPLE)
    value: Any = MISSING
    chunks: list[sj.StreamingChunk] = []
    for snapshot in driver.list(stream):
        value = naively(value, snapshot.changes)
        assert value == snapshot.copy_value()
        if not snapshot.complete:
            assert snapshot.changes
            assert by_chunks(chunks, snapshot.changes) == snapshot.copy_value()
    assert value == stream.snapshot.value


def test_the_changes_of_every_second_snapshot_rebuild_each_value(driver: Driver) -> None:
    stream = driver.assemble(SAMPLE)
    seen = driver.next(stream)
    value = seen.copy_value()
    for count, snapshot in enumerate(driver.list(stream)):
        if count % 2:
            value = naively(value, snapshot.changes_since(seen))
            assert value == snapshot.copy_value()
            seen = snapshot


@given(
    st.lists(
        st.builds(
            delta,
            st.sampled_from(["a", "b", "l[0]", "l[1]", "l[2].x", "o.a", "o.b.c", "l", "o", ""]),
            st.sampled_from(["", "x", "yz", HIGH, "\ude00", None, 1, True, {}, [], {"a": {"b": "t"}}, [[0], "s"]]),
        ),
        max_size=25,
    ),
    st.sampled_from(["error", "replace"]),
)
def test_the_changes_rebuild_any_value(events: list[object], on_conflict: Any) -> None:
    stream = assemble(events, on_conflict=on_conflict)
    value: Any = MISSING
    version = 0
    while True:
        try:
            snapshot = next(stream)
        except ConflictError:
            continue
        except StopIteration:
            break
        value = naively(value, snapshot.changes)
        assert json.dumps(value, default=repr) == json.dumps(snapshot.copy_value(), default=repr)
        assert snapshot.complete or snapshot.version > version
        version = snapshot.version
    assert stream.snapshot.complete


# ---------------------------------------------------------------------------------------------------------------------
# errors of the assembler do not end the stream


@pytest.mark.parametrize(("bad", "kind"), BAD_EVENTS)
def test_a_rejected_event_does_not_end_the_stream(driver: Driver, bad: object, kind: type[sj.StreamJSONError]) -> None:
    source = driver.source([X, bad, bad, Y])
    stream = assemble(source)
    first = driver.next(stream)
    for number in (2, 3):
        with pytest.raises(kind) as info:
            driver.next(stream)
        assert info.value.event_number == number
        assert stream.snapshot is first
        assert source.closed == 0
    snapshot = driver.next(stream)
    assert snapshot.value == {"a": "xy"}
    assert [(change.kind, change.delta) for change in snapshot.changes] == [("append", "y")]
    assert driver.next(stream).complete
    at_end(driver, stream)
    assert source.closed == 1


def test_snapshot_has_what_was_applied_before_an_error(driver: Driver) -> None:
    stream = driver.assemble([X, {"data": "", "id": "5"}, b"bad"])
    driver.next(stream)
    with pytest.raises(InvalidEventError):
        driver.next(stream)
    assert (stream.snapshot.last_event_id, stream.snapshot.version, stream.snapshot.changes) == ("5", 1, ())


def test_a_failure_is_final(driver: Driver) -> None:
    source = driver.source([X, FAIL, Y])
    stream = assemble(source)
    driver.next(stream)
    with pytest.raises(StreamFailedError) as info:
        driver.next(stream)
    assert (info.value.error_type, info.value.error_message) == ("quota", "Later")
    assert info.value.snapshot is not None
    assert info.value.snapshot.value == {"a": "x"}
    assert (source.read, source.closed) == (2, 1)
    at_end(driver, stream)
    assert (source.read, source.closed) == (2, 1)
    assert (stream.snapshot.value, stream.snapshot.complete, stream.snapshot.end) == ({"a": "x"}, False, "open")
    with pytest.raises(ClosedError):
        stream.assembler.apply(Y)


def test_a_new_span_is_a_failure(driver: Driver) -> None:
    source = driver.source([{**X, "span_id": "s"}, {"span_id": "t"}])
    stream = assemble(source)
    driver.next(stream)
    with pytest.raises(StreamFailedError) as info:
        driver.next(stream)
    assert (info.value.code, source.closed) == ("new_span", 1)
    at_end(driver, stream)


def test_an_assembler_closed_from_outside_refuses_events(driver: Driver) -> None:
    stream = driver.assemble([X, Y])
    driver.next(stream)
    stream.assembler.close()
    with pytest.raises(ClosedError):
        driver.next(stream)
    last = driver.next(stream)
    assert (last.complete, last.value) == (True, {"a": "x"})


# ---------------------------------------------------------------------------------------------------------------------
# exceptions of the source end the stream


@pytest.mark.parametrize(
    "error", [TransportError("cut"), KeyboardInterrupt(), ValueError("x")], ids=lambda e: type(e).__name__
)
def test_an_exception_of_the_source_ends_the_stream(sync: Driver, error: BaseException) -> None:
    source = sync.source([X, error, Y])
    stream = assemble(source)
    first = sync.next(stream)
    with pytest.raises(type(error)) as info:
        sync.next(stream)
    assert info.value is error
    assert (source.read, source.closed) == (2, 1)
    at_end(sync, stream)
    assert stream.snapshot is first
    assert (stream.snapshot.complete, stream.assembler.end) == (False, "open")
    # The assembler is not closed: its owner can continue with it.
    assert stream.assembler.apply(Y) is not None


def test_an_exception_of_an_asynchronous_source_ends_the_stream(asynchronous: Driver) -> None:
    error = TransportError("cut")
    source = asynchronous.source([X, error, Y])
    stream = assemble(source)
    first = asynchronous.next(stream)
    with pytest.raises(TransportError) as info:
        asynchronous.next(stream)
    assert info.value is error
    assert (source.read, source.closed) == (2, 1)
    at_end(asynchronous, stream)
    assert (stream.snapshot, stream.assembler.end) == (first, "open")


def test_truncated_bytes_are_an_exception_of_the_source(driver: Driver) -> None:
    pieces = [b'id: 1\ndata: {"delta": "x", "json_path": "a"}\n\ndata: {"del']

    async def apieces() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    stream: Any = assemble(sj.decode_sse(apieces()) if driver.is_async else sj.decode_sse(pieces))
    driver.next(stream)
    with pytest.raises(StreamTruncatedError):
        driver.next(stream)
    assert (stream.snapshot.value, stream.snapshot.last_event_id, stream.snapshot.end) == ({"a": "x"}, "1", "open")
    at_end(driver, stream)


def test_cancelling_a_read_ends_the_stream_and_closes_the_source() -> None:
    async def main() -> None:
        never = asyncio.Event()
        reached = asyncio.Event()
        released: list[str] = []

        async def events() -> AsyncIterator[object]:
            try:
                yield X
                reached.set()
                await never.wait()
            finally:
                released.append("source")

        stream = assemble(events())
        first = await anext(stream)
        task = asyncio.ensure_future(anext(stream))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert released == ["source"]
        assert stream.snapshot is first
        assert not stream.snapshot.complete
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    asyncio.run(main())


# ---------------------------------------------------------------------------------------------------------------------
# require_done


def test_require_done_accepts_done(driver: Driver) -> None:
    assert driver.final(driver.assemble([X, DONE], require_done=True)) == {"a": "x"}


def test_require_done_refuses_an_end_without_done(driver: Driver) -> None:
    source = driver.source([X, {"data": "", "id": "5"}])
    stream = assemble(source, require_done=True)
    first = driver.next(stream)
    with pytest.raises(StreamTruncatedError) as info:
        driver.next(stream)
    assert (info.value.code, info.value.last_event_id, source.closed) == ("no_done", "5", 1)
    assert (stream.snapshot.value, stream.snapshot.complete, stream.snapshot.end) == (first.value, False, "open")
    assert stream.snapshot.last_event_id == "5"
    at_end(driver, stream)


# ---------------------------------------------------------------------------------------------------------------------
# closing


def test_close_stops_reading_and_completes_nothing(driver: Driver) -> None:
    source = driver.source([X, Y])
    stream = assemble(source)
    first = driver.next(stream)
    for _ in range(2):
        driver.close(stream)
    assert (source.read, source.closed) == (1, 1)
    at_end(driver, stream)
    assert stream.snapshot is first
    assert (stream.snapshot.complete, stream.assembler.end) == (False, "open")


def test_leaving_the_with_statement_closes(driver: Driver) -> None:
    source = driver.source([X, Y])
    stream = assemble(source)

    def body(entered: Any) -> None:
        assert entered is stream
        assert source.closed == 0

    driver.within(stream, body)
    assert (source.read, source.closed) == (0, 1)
    assert not stream.snapshot.complete


def test_leaving_the_with_statement_by_an_exception_closes(driver: Driver) -> None:
    source = driver.source([X])

    def body(entered: Any) -> None:
        raise TransportError

    with pytest.raises(TransportError):
        driver.within(assemble(source), body)
    assert source.closed == 1


def test_a_suspended_generator_is_closed() -> None:
    log: list[str] = []

    def events() -> Iterator[object]:
        try:
            yield X
            yield Y
        finally:
            log.append("closed")

    with assemble(events()) as stream:
        next(stream)
        assert log == []
    assert log == ["closed"]


def test_a_suspended_asynchronous_generator_is_closed() -> None:
    async def main() -> None:
        log: list[str] = []

        async def events() -> AsyncIterator[object]:
            try:
                yield X
                yield Y
            finally:
                await asyncio.sleep(0)
                log.append("closed")

        async with assemble(events()) as stream:
            await anext(stream)
        assert log == ["closed"]

    asyncio.run(main())


def test_the_object_behind_the_iterator_is_closed_too() -> None:
    """The stream of an SDK holds the response; its iterator does not."""

    class Bag:
        closed = False

        def __iter__(self) -> Iterator[object]:
            return iter([X])

        def close(self) -> None:
            self.closed = True

    bag = Bag()
    with assemble(bag) as stream:
        assert stream.final() == {"a": "x"}
    assert bag.closed


def test_a_source_without_close_is_dropped() -> None:
    with assemble([X, Y]) as stream:
        next(stream)
    assert list(stream) == []

    class Bare:
        def __aiter__(self) -> AsyncIterator[object]:
            return self

        async def __anext__(self) -> object:
            return X

    async def main() -> None:
        async with assemble(Bare()) as stream:
            await anext(stream)
        assert [snapshot async for snapshot in stream] == []

    asyncio.run(main())


@pytest.mark.parametrize(
    ("events", "read"),
    [
        pytest.param([X], 2, id="at its end"),
        pytest.param([X, DONE], 2, id="at [DONE]"),
        pytest.param([X], 1, id="at close"),
    ],
)
def test_an_error_in_closing_the_source_passes_through(driver: Driver, events: list[object], read: int) -> None:
    source = driver.source(events, close_error=TransportError("close"))
    stream = assemble(source)
    driver.next(stream)
    release = driver.close if read == 1 else driver.next
    with pytest.raises(TransportError, match="close"):
        release(stream)
    assert source.closed == 1
    if read == 2:  # the document has ended well
        last = driver.next(stream)
        assert (last.complete, last.end) == (True, "done" if events[-1] is DONE else "eof")
    at_end(driver, stream)
    driver.close(stream)  # the source was dropped all the same
    assert source.closed == 1
    assert stream.snapshot.value == {"a": "x"}
    assert stream.snapshot.complete is (read == 2)  # also if its source raises afterwards


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        pytest.param(lambda: ValueError("first"), ValueError, id="an exception of the source"),
        pytest.param(lambda: FAIL, StreamFailedError, id="a failure"),
    ],
)
def test_an_error_in_closing_hides_no_other_error(
    driver: Driver, last: Callable[[], object], kind: type[Exception]
) -> None:
    source = driver.source([X, last()], close_error=TransportError("close"))
    stream = assemble(source)
    driver.next(stream)
    with pytest.raises(kind) as info:
        driver.next(stream)
    assert info.value.__notes__ == ["closing the source failed too: TransportError('close')"]
    assert source.closed == 1
    at_end(driver, stream)


# ---------------------------------------------------------------------------------------------------------------------
# final


def test_final_reads_to_the_end(driver: Driver) -> None:
    assert driver.final(driver.assemble([X, Y, N])) == {"a": "xy", "n": 1}
    assert driver.final(driver.assemble([])) is MISSING
    stream = driver.assemble([X, Y])
    driver.next(stream)
    assert driver.final(stream) == driver.final(stream) == {"a": "xy"}


def test_final_never_returns_the_document_of_a_failed_stream(driver: Driver) -> None:
    stream = driver.assemble([X, {"error_type": "quota"}, Y])
    with pytest.raises(StreamFailedError):
        driver.final(stream)
    with pytest.raises(ClosedError, match="before its document was complete"):
        driver.final(stream)
    assert stream.snapshot.value == {"a": "x"}


def test_final_raises_at_a_rejected_event_and_can_be_resumed(driver: Driver) -> None:
    stream = driver.assemble([X, b"bad", Y])
    with pytest.raises(InvalidEventError):
        driver.final(stream)
    assert driver.final(stream) == {"a": "xy"}


# ---------------------------------------------------------------------------------------------------------------------
# sources


def test_the_kind_of_source_decides_the_kind_of_stream(asynchronous: Driver) -> None:
    class Both(AsyncSource):
        def __iter__(self) -> Iterator[object]:
            raise AssertionError("a source with both protocols is asynchronous")

    for source in ([X], (X,), iter([X]), (event for event in [X]), {1: X}.values(), SyncSource([X])):
        stream = assemble(source)
        assert type(stream) is SnapshotStream
        assert iter(stream) is stream
        assert stream.final() == {"a": "x"}
    for both in (AsyncSource([X]), Both([X])):
        astream = assemble(both)
        assert type(astream) is AsyncSnapshotStream
        assert aiter(astream) is astream
        assert asynchronous.final(astream) == {"a": "x"}


def test_a_source_is_not_read_before_the_first_next() -> None:
    source = SyncSource([X])
    assemble(source)
    assert (source.read, source.closed) == (0, 0)


def test_a_disassembled_value_and_a_decoded_stream_are_sources(driver: Driver) -> None:
    value = {"people": [{"name": "Jane", "tags": []}], "n": None}
    assert driver.final(driver.assemble(sj.disassemble(value))) == value
    data = b"".join(sj.encode_sse(chunk) for chunk in sj.disassemble(value))
    assert assemble(sj.decode_sse([data])).final() == value


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(b"data: {}\n\n", id="bytes"),
        pytest.param("data: {}\n\n", id="text"),
        pytest.param("", id="empty text"),
        pytest.param(bytearray(b"x"), id="a bytearray"),
        pytest.param(memoryview(b"x"), id="a memoryview"),
        pytest.param(httpx.Response(200, content=b"data: {}\n\n"), id="an httpx response"),
        pytest.param(SimpleNamespace(iter_content=None), id="a requests response"),
        pytest.param(SimpleNamespace(aiter_bytes=None), id="an asynchronous response"),
        pytest.param(SimpleNamespace(iter_chunked=None), id="an aiohttp response"),
    ],
)
def test_sources_that_need_decoding_are_refused_at_once(source: Any) -> None:
    with pytest.raises(InvalidEventError, match="decode_sse") as info:
        assemble(source)
    assert info.value.code == "needs_decoding"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda: [b"data: {}\n", b"\n"], id="a list of bytes"),
        pytest.param(lambda: ["data: {}", ""], id="a list of lines"),
        pytest.param(lambda: BytesIO(b"data: {}\n\n"), id="a file"),
        pytest.param(lambda: httpx.Response(200, content=b"data: {}\n\n").iter_lines(), id="a response's lines"),
    ],
)
def test_lines_and_bytes_in_place_of_events_are_refused(source: Callable[[], Iterable[object]]) -> None:
    stream = assemble(source())
    with pytest.raises(InvalidEventError, match="decode_sse") as info:
        next(stream)
    assert (info.value.code, info.value.event_number) == ("needs_decoding", 1)


@pytest.mark.parametrize("source", [None, 7, object()], ids=["None", "a number", "an object"])
def test_a_source_that_is_not_iterable_is_refused(source: Any) -> None:
    with pytest.raises(InvalidEventError, match="is an iterable") as info:
        assemble(source)
    assert info.value.code == "bad_event"


@pytest.mark.parametrize("event", [{"delta": 1, "json_path": "a"}, sj.StreamingChunk(1, "a"), sj.ServerSentEvent("{}")])
def test_one_event_is_not_a_source(event: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"pass \[event\]"):
        assemble(event)


# ---------------------------------------------------------------------------------------------------------------------
# the assembler


def test_a_given_assembler_continues_as_it_is(driver: Driver) -> None:
    assembler = sj.Assembler(on_conflict="replace")
    assembler.apply(X)
    stream = driver.assemble([N, delta("a", 5)], assembler=assembler)

    assert stream.assembler is assembler
    assert (stream.snapshot.version, stream.snapshot.value) == (1, {"a": "x"})
    assert [snapshot.version for snapshot in driver.list(stream)] == [2, 3, 3]
    assert assembler.snapshot().value == {"a": 5, "n": 1}


def test_a_given_assembler_excludes_options(driver: Driver) -> None:
    with pytest.raises(TypeError, match="has its options already: completion, path_prefix"):
        driver.assemble([], assembler=sj.Assembler(), completion="end", path_prefix="a")


def test_a_stream_reports_its_skipped_events(driver: Driver) -> None:
    stream = driver.assemble([X, {"data": "no JSON"}, Y], on_invalid="skip")

    assert driver.final(stream) == {"a": "xy"}
    assert (stream.skipped_count, stream.skipped) == (1, stream.assembler.skipped)


# ---------------------------------------------------------------------------------------------------------------------
# callbacks


def refuse(_: object) -> None:
    raise ValueError("refused")


def test_next_raises_errors_of_callbacks_and_can_be_resumed(driver: Driver) -> None:
    stream = driver.assemble([X, Y])
    handle = stream.assembler.on("a", refuse)

    with pytest.raises(ExceptionGroup):
        driver.next(stream)
    assert stream.snapshot.value == {"a": "x"}
    handle.cancel()
    assert [snapshot.version for snapshot in driver.list(stream)] == [2, 2]


def test_a_callback_that_reads_its_stream_loses_no_event() -> None:
    source = SyncSource([X, Y, N])
    stream = assemble(source)

    def read_on(_: object) -> None:
        with pytest.raises(sj.StreamJSONError) as caught:
            next(stream)
        assert (caught.value.code, source.read) == ("applying", len(refused) + 1)
        refused.append(caught.value)

    refused: list[Exception] = []
    stream.assembler.on("a", read_on)

    assert [snapshot.version for snapshot in stream] == [1, 2, 3, 3]
    assert len(refused) == 2
    assert stream.snapshot.value == {"a": "xy", "n": 1}


@pytest.mark.parametrize("events", [[X], [X, DONE]], ids=["at its end", "at [DONE]"])
def test_the_last_snapshot_follows_an_error_at_the_end(driver: Driver, events: list[object]) -> None:
    source = driver.source(events)
    stream = assemble(source)
    stream.assembler.on_complete("a", refuse)
    driver.next(stream)

    with pytest.raises(ExceptionGroup):
        driver.next(stream)
    assert source.closed == 1
    assert stream.snapshot.complete
    assert driver.next(stream).complete
    at_end(driver, stream)


def test_an_error_of_a_callback_does_not_hide_one_of_the_source(driver: Driver) -> None:
    source = driver.source([X, DONE], close_error=TransportError("close"))
    stream = assemble(source)
    stream.assembler.on_complete("a", refuse)
    driver.next(stream)

    with pytest.raises(ExceptionGroup) as caught:
        driver.next(stream)
    assert caught.value.__notes__ == ["closing the source failed too: TransportError('close')"]


def test_a_stream_yields_finished_values_and_text(driver: Driver) -> None:
    for ask in ("completed", "text"):
        assert driver.list(getattr(driver.assemble([X]), ask)("a")) == ["x"]
    assert driver.list(driver.assemble([X]).completed("a", into=str)) == ["x"]


def test_two_tasks_cannot_read_one_stream_at_once() -> None:
    async def source() -> AsyncIterator[object]:
        for number in range(4):
            await asyncio.sleep(0)
            yield {"delta": "x", "json_path": f"items[{number}]"}

    async def collect(iterator: Any) -> list[Any]:
        return [item async for item in iterator]

    async def main() -> None:
        stream = assemble(source())
        first, second = await asyncio.gather(
            collect(stream.completed("items[*]")), collect(stream), return_exceptions=True
        )
        assert first == ["x"] * 4
        assert isinstance(second, sj.StreamJSONError)
        assert second.code == "reading"
        assert stream.snapshot.complete

    asyncio.run(main())


# ---------------------------------------------------------------------------------------------------------------------
# replays


def numbered(first: int, last: int) -> list[object]:
    return [sj.ServerSentEvent(sj.StreamingChunk(str(number), "a"), id=str(number)) for number in range(first, last)]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_replayed_events_are_passed_over_without_callbacks(*, is_async: bool) -> None:
    """Both checkpoints, taken inside the loop, are of the same point in the stream."""
    assembler, replays = sj.Assembler(), sj.ReplayFilter()
    received: list[str] = []

    async def source(events: list[object]) -> AsyncIterator[object]:
        for event in events:
            yield event

    async def read(events: list[object]) -> None:
        async for snapshot in sj.assemble(source(events), assembler=assembler, replays=replays):
            if snapshot.get("a").endswith(("3", "4")):
                break

    for first, last in ((0, 6), (2, 6), (0, 7)):
        assembler.on("a", lambda change: received.append(change.delta))
        if is_async:
            asyncio.run(read(numbered(first, last)))
        else:
            for snapshot in sj.assemble(numbered(first, last), assembler=assembler, replays=replays):
                if snapshot.get("a").endswith(("3", "4")):
                    break
        assembler, replays = sj.Assembler.restore(assembler.checkpoint()), sj.ReplayFilter.restore(replays.checkpoint())
    assert assembler.snapshot().value == {"a": "0123456"}
    assert received == list("0123456")
