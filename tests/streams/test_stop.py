"""Closing a stream while it is read: it stops, at once if that is possible, and the document is not completed."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pytest

import streamjson as sj
from streamjson._notify.cancellation import current_task, is_cancellation_of_another

X, Y, Z = ({"delta": delta, "json_path": "a"} for delta in "xyz")


def state(stream: Any) -> tuple[object, ...]:
    return stream.snapshot.value, stream.snapshot.complete, stream.assembler.end


# ---------------------------------------------------------------------------------------------------------------------
# tasks


class Source:
    """Events, and then a silent server. Records how the source was left."""

    def __init__(self, *events: object, then: Callable[[], Awaitable[object]] | None = None) -> None:
        self.events = events
        self.then = then
        self.waits = asyncio.Event()
        self.log: list[str] = []

    async def __aiter__(self) -> AsyncIterator[object]:
        try:
            for event in self.events:
                yield event
            self.waits.set()
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                self.log.append("interrupted")
                if self.then is None:
                    raise
                yield await self.then()
        finally:
            await asyncio.sleep(0)  # a connection takes a moment to be closed
            self.log.append("closed")


async def collected(stream: sj.AsyncSnapshotStream) -> list[Any]:
    return [snapshot.value async for snapshot in stream]


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(main(), 60))


def test_another_task_stops_the_reader_of_a_silent_server() -> None:
    async def main() -> None:
        source = Source(X, Y)
        stream = sj.assemble(source)
        heard: list[object] = []
        stream.assembler.on_complete("$..*", heard.append)
        reader = asyncio.create_task(collected(stream))
        await source.waits.wait()
        await stream.aclose()
        assert await reader == [{"a": "x"}, {"a": "xy"}]
        assert reader.cancelling() == 0
        assert source.log == ["interrupted", "closed"]
        assert state(stream) == ({"a": "xy"}, False, "open")
        assert heard == []
        await stream.aclose()
        assert await collected(stream) == []

    run(main)


@pytest.mark.parametrize(
    "iterate", [lambda stream: stream.completed("*"), lambda stream: stream.text("a")], ids=["completed", "text"]
)
def test_iterators_over_a_stopped_stream_end(iterate: Callable[[Any], AsyncIterator[Any]]) -> None:
    async def main() -> None:
        source = Source(X)
        stream = sj.assemble(source)

        async def pull() -> list[Any]:
            return [item async for item in iterate(stream)]

        reader = asyncio.create_task(pull())
        await source.waits.wait()
        await stream.aclose()
        assert await reader in ([], ["x"])

    run(main)


def test_final_raises_for_a_stopped_stream() -> None:
    async def main() -> None:
        source = Source(X)
        stream = sj.assemble(source)
        reader = asyncio.create_task(stream.final())
        await source.waits.wait()
        await stream.aclose()
        with pytest.raises(sj.ClosedError):
            await reader
        assert stream.snapshot.value == {"a": "x"}

    run(main)


async def one_more() -> object:
    return Z


async def a_failure() -> object:
    raise OSError("the connection was closed")


@pytest.mark.parametrize("then", [one_more, a_failure])
def test_the_reaction_of_an_interrupted_source_is_ignored(then: Any) -> None:
    async def main() -> None:
        source = Source(X, then=then)
        stream = sj.assemble(source)
        reader = asyncio.create_task(collected(stream))
        await source.waits.wait()
        await asyncio.gather(stream.aclose(), stream.aclose())
        assert await reader == [{"a": "x"}]
        assert reader.cancelling() == 0
        assert source.log == ["interrupted", "closed"]
        assert state(stream) == ({"a": "x"}, False, "open")

    run(main)


def test_cancelling_the_reader_is_not_a_stop() -> None:
    async def main() -> None:
        for stops in (True, False):
            source = Source(X)
            stream = sj.assemble(source)
            reader = asyncio.create_task(collected(stream))
            await source.waits.wait()
            if stops:
                await stream.aclose()
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            assert reader.cancelled()
            assert source.log == ["interrupted", "closed"]

    run(main)


def test_a_callback_of_the_reader_may_close_its_stream() -> None:
    async def main() -> None:
        source = Source(X, Y)
        stream = sj.assemble(source)

        @stream.assembler.on("a")
        async def _(_change: object) -> None:
            await stream.aclose()

        assert await collected(stream) == []
        assert source.log == ["closed"]
        assert state(stream) == ({"a": "x"}, False, "open")

    run(main)


def test_a_source_may_close_its_own_stream() -> None:
    async def main() -> None:
        async def source() -> AsyncIterator[object]:
            yield X
            await stream.aclose()
            yield Y

        stream = sj.assemble(source())
        assert await collected(stream) == [{"a": "x"}]
        await asyncio.sleep(0)  # a leftover cancellation would be raised here
        assert state(stream) == ({"a": "x"}, False, "open")

    run(main)


def test_aclose_outside_of_asyncio_says_what_to_do() -> None:
    class Pause:
        def __await__(self) -> Iterator[None]:
            yield

    async def source() -> AsyncIterator[object]:
        await Pause()
        yield X

    stream = sj.assemble(source())
    reading = stream.__anext__()
    reading.send(None)
    with pytest.raises(sj.StreamJSONError, match="cancel that task") as caught:
        stream.aclose().send(None)
    assert caught.value.code == "reading"
    with pytest.raises(StopIteration) as first:
        reading.send(None)
    assert first.value.value.value == {"a": "x"}


# ---------------------------------------------------------------------------------------------------------------------
# threads


class Reader(threading.Thread):
    """Reads a stream to its end."""

    def __init__(self, stream: sj.SnapshotStream) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.values: list[Any] = []
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for snapshot in self.stream:
                self.values.append(snapshot.value)
        except BaseException as error:  # noqa: BLE001  # the test checks which one it is
            self.error = error


END = object()


DONE = {"data": "[DONE]"}


@pytest.mark.parametrize(
    "last", [Y, DONE, END, OSError("time-out")], ids=["an event", "[DONE]", "its end", "its exception"]
)
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_waiting_thread_stops_at_the_next_sign_of_the_source(last: object, *, is_wrapped: bool) -> None:
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    waits = threading.Event()
    log: list[str] = []

    def source() -> Iterator[object]:
        try:
            yield X
            waits.set()
            event = events.get(timeout=60)
            if isinstance(event, Exception):
                raise event
            if event is not END:
                yield event
                yield Z
        finally:
            log.append("closed")

    class Wrapper:
        """An object of an SDK that contains the generator."""

        def __init__(self) -> None:
            self.events = source()

        def __iter__(self) -> Wrapper:
            return self

        def __next__(self) -> object:
            return next(self.events)

        def close(self) -> None:
            self.events.close()

    stream = sj.assemble(Wrapper() if is_wrapped else source())
    heard: list[object] = []
    stream.assembler.on_complete("a", heard.append)
    reader = Reader(stream)
    assert waits.wait(60)
    with pytest.raises(sj.StreamJSONError, match="can't be interrupted") as caught:
        stream.close()
    assert caught.value.code == "reading"
    events.put(last)
    reader.join(60)
    assert not reader.is_alive()
    assert (reader.values, reader.error, log, heard) == ([{"a": "x"}], None, ["closed"], [])
    assert state(stream) == ({"a": "x"}, False, "open")
    assert list(stream) == []


def test_a_thread_stops_at_once_if_closing_interrupts_its_source() -> None:
    class Connection:
        """An object of an SDK: closing it makes the waiting call fail."""

        def __init__(self) -> None:
            self.events = iter([X])
            self.waits, self.closed = threading.Event(), threading.Event()

        def __iter__(self) -> Connection:
            return self

        def __next__(self) -> object:
            for event in self.events:
                return event
            self.waits.set()
            assert self.closed.wait(60)
            raise OSError("closed")

        def close(self) -> None:
            self.closed.set()

    source = Connection()
    stream = sj.assemble(source)
    reader = Reader(stream)
    assert source.waits.wait(60)
    stream.close()
    reader.join(60)
    assert (reader.values, reader.error) == ([{"a": "x"}], None)
    assert state(stream) == ({"a": "x"}, False, "open")


def test_an_interrupt_of_a_stopped_reader_still_raises() -> None:
    def source() -> Iterator[object]:
        yield X
        stream._is_finished = True  # as another thread would set it
        raise KeyboardInterrupt

    stream = sj.assemble(source())
    next(stream)
    with pytest.raises(KeyboardInterrupt):
        next(stream)


# ---------------------------------------------------------------------------------------------------------------------
# around stopping


def test_coroutines_can_be_registered_before_the_stream_exists() -> None:
    """The documentation advises to register first, so that no change is missed."""

    async def main() -> None:
        assembler = sj.Assembler()
        heard: list[object] = []

        @assembler.on("a")
        async def _(change: sj.Change) -> None:
            await asyncio.sleep(0)
            heard.append(change.delta)

        async def source() -> AsyncIterator[object]:
            yield X
            yield Y

        stream = sj.assemble(source(), assembler=assembler)
        assert (await stream.final(), heard) == ({"a": "xy"}, ["x", "y"])

    run(main)


def test_a_cancelled_callback_does_not_stop_the_others() -> None:
    async def main() -> None:
        async def source() -> AsyncIterator[object]:
            yield X

        stream = sj.assemble(source())
        heard: list[object] = []

        @stream.assembler.on("a")
        async def _(_change: object) -> None:
            task = asyncio.get_running_loop().create_future()
            task.cancel()
            await task

        stream.assembler.on("a", lambda change: heard.append(change.delta))
        with pytest.raises(ExceptionGroup) as caught:
            await anext(stream)
        (error,) = caught.value.exceptions
        assert isinstance(error.__cause__, asyncio.CancelledError)
        assert heard == ["x"]
        assert await stream.final() == {"a": "x"}

    run(main)


def test_cancelling_the_reader_during_a_callback_cancels_it() -> None:
    async def main() -> None:
        source = Source(X)
        stream = sj.assemble(source)
        waits = asyncio.Event()

        @stream.assembler.on("a")
        async def _(_change: object) -> None:
            waits.set()
            await asyncio.get_running_loop().create_future()

        reader = asyncio.create_task(collected(stream))
        await waits.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader

    run(main)


@pytest.mark.parametrize("reads", [False, True])
def test_leaving_a_stream_closes_the_response(*, reads: bool) -> None:
    """The iterator of a response, or of a stream of an SDK, often has no `aclose`."""

    class Response:
        def __init__(self, name: str) -> None:
            self.closed: list[str] = []
            setattr(self, name, lambda: self.closed.append(name))

        def __aiter__(self) -> AsyncIterator[object]:
            return Bytes()

    class Bytes:
        def __init__(self) -> None:
            self.pieces = [b'data: {"delta": "x", "json_path": "a"}\n\n']

        def __aiter__(self) -> AsyncIterator[object]:
            return self

        async def __anext__(self) -> object:
            if not self.pieces:
                raise StopAsyncIteration
            return self.pieces.pop()

    async def main() -> None:
        for name in ("aclose", "close", "release"):
            response = Response(name)
            async with sj.assemble(sj.decode_sse(response)) as stream:  # type: ignore[arg-type]
                if reads:
                    await anext(stream)
            assert response.closed == [name]

    run(main)


def test_for_over_an_asynchronous_stream_names_async_for() -> None:
    async def source() -> AsyncIterator[object]:
        yield X

    async def main() -> None:
        stream = sj.assemble(source())
        for iterate in (stream, stream.completed("*")):
            with pytest.raises(TypeError, match="async for"):
                iter(iterate)  # type: ignore[call-overload]
        await stream.aclose()

    run(main)


def test_is_cancellation_of_another_with_and_without_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> list[bool]:
        errors = (asyncio.CancelledError(), KeyboardInterrupt())
        return [is_cancellation_of_another(error) for error in errors]

    assert asyncio.run(main()) == [True, False]
    assert current_task() is None
    monkeypatch.delitem(sys.modules, "asyncio")
    assert current_task() is None
    assert not is_cancellation_of_another(KeyboardInterrupt())
