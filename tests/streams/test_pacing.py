"""`_streams.pacing`, and `every_n_changes`: fewer snapshots, and nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
import virtual_time

DELTAS = [{"delta": str(number % 10), "json_path": "text"} for number in range(200)]
TEXT = "".join(str(number % 10) for number in range(200))


async def at_times(events: Iterable[object], interval_s: float) -> AsyncIterator[object]:
    """Yield an event each interval; raise those that are errors."""
    for event in events:
        await asyncio.sleep(interval_s)
        if isinstance(event, Exception):
            raise event
        yield event


def follow(snapshots: Iterable[sj.Snapshot]) -> str:
    """Rebuild the text from the changes of the snapshots alone."""
    text = ""
    for snapshot in snapshots:
        for change in snapshot.changes:
            if str(change.path) == "text" and change.kind == "append":
                text += change.delta
            elif str(change.path) == "text":
                text = change.delta
            else:
                text = change.value["text"]
    return text


# ---------------------------------------------------------------------------------------------------------------------
# every_n_changes


@pytest.mark.parametrize("every", [1, 2, 3, 7, 200, 500])
def test_every_n_changes(every: int) -> None:
    snapshots = list(sj.assemble(DELTAS, every_n_changes=every))
    assert [one.version for one in snapshots[:-1]] == list(range(every, 201, every))
    assert snapshots[-1].complete
    assert snapshots[-1].value == {"text": TEXT}
    assert follow(snapshots) == TEXT


def test_every_n_changes_of_an_asynchronous_stream() -> None:
    async def main() -> list[sj.Snapshot]:
        return [one async for one in sj.assemble(at_times(DELTAS, 0), every_n_changes=60)]

    snapshots = asyncio.run(main())
    assert [one.version for one in snapshots] == [60, 120, 180, 200]
    assert follow(snapshots) == TEXT


def test_finished_values_do_not_wait_for_changes() -> None:
    read: list[object] = []

    def events() -> Any:
        for number in range(10):
            event = {"delta": number, "json_path": f"items[{number}]"}
            read.append(event)
            yield event

    values = sj.assemble(events(), every_n_changes=100).completed("items[*]")
    assert next(values) == 0
    assert len(read) == 2


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "2"])
def test_every_n_changes_is_a_number_from_1(every: Any) -> None:
    with pytest.raises(ValueError, match="every_n_changes is a number from 1"):
        sj.assemble([], every_n_changes=every)


# ---------------------------------------------------------------------------------------------------------------------
# asynchronous streams


async def consume(stream: sj.AsyncSnapshotStream, pause_s: float) -> list[tuple[float, Any]]:
    """Return what the stream yields, or raises, each with its time."""
    clock = asyncio.get_running_loop().time
    found: list[tuple[float, Any]] = []
    while True:
        try:
            snapshot = await anext(stream)
            found.append((clock(), snapshot))
        except StopAsyncIteration:
            return found
        except (sj.StreamJSONError, OSError) as error:
            found.append((clock(), error))
        await asyncio.sleep(pause_s)


def test_slow_consumer_gets_only_the_newest() -> None:
    """20,000 events a second, and a consumer that takes 50 ms for a snapshot."""

    async def main() -> tuple[list[tuple[float, Any]], float]:
        events = [{"delta": "x", "json_path": "text"}] * 20_000
        stream = sj.assemble(at_times(events, 1 / 20_000), conflate=True)
        return await consume(stream, 0.05), asyncio.get_running_loop().time()

    found, ended_at = virtual_time.run(main())
    snapshots = [snapshot for _, snapshot in found]
    assert 15 <= len(snapshots) <= 25
    versions = [one.version for one in snapshots]
    assert versions == sorted(versions)
    assert snapshots[-1].complete
    assert snapshots[-1].version == 20_000
    assert follow(snapshots) == "x" * 20_000
    assert ended_at <= 1 + 3 * 0.05


def test_fast_consumer_misses_nothing() -> None:
    async def main() -> list[tuple[float, Any]]:
        return await consume(sj.assemble(at_times(DELTAS, 0.01), conflate=True), 0)

    found = virtual_time.run(main())
    assert [snapshot.version for _, snapshot in found] == [*range(1, 201), 200]


def test_source_that_never_waits_is_read_ahead() -> None:
    async def events() -> AsyncIterator[object]:
        for event in DELTAS:
            yield event

    async def main() -> list[tuple[float, Any]]:
        return await consume(sj.assemble(events(), conflate=True), 1)

    found = virtual_time.run(main())
    assert found[-1][1].complete
    assert len(found) <= 3


def test_min_interval() -> None:
    async def main() -> list[tuple[float, Any]]:
        return await consume(sj.assemble(at_times(DELTAS, 0.01), min_interval_s=0.5), 0)

    found = virtual_time.run(main())
    times = [time for time, _ in found]
    assert all(after - before >= 0.5 - 1e-9 for before, after in pairwise(times[:-1]))
    assert found[-1][1].complete
    assert times[-1] <= 2.01 + 1e-9  # the last one does not wait
    assert follow(snapshot for _, snapshot in found) == TEXT


def test_min_interval_yields_the_newest_when_the_source_pauses() -> None:
    async def events() -> AsyncIterator[object]:
        for event in DELTAS[:3]:
            yield event
        await asyncio.sleep(100)

    async def main() -> list[tuple[float, Any]]:
        return await consume(sj.assemble(events(), min_interval_s=1), 0)

    assert [(round(time), one.version) for time, one in virtual_time.run(main())] == [(0, 1), (1, 3), (100, 3)]


def test_without_conflation_nothing_is_read_while_the_consumer_is_busy() -> None:
    read: list[object] = []

    async def events() -> AsyncIterator[object]:
        for event in DELTAS:
            read.append(event)
            yield event
            await asyncio.sleep(0.001)

    async def main() -> None:
        stream = sj.assemble(events(), min_interval_s=0.01)
        await anext(stream)
        await asyncio.sleep(10)
        assert len(read) <= 2
        await stream.aclose()

    virtual_time.run(main())


@pytest.mark.parametrize("options", [{"conflate": True}, {"min_interval_s": 0.5}])
def test_error_comes_in_its_place(options: Any) -> None:
    """Before it comes the newest snapshot before it; a rejected event does not end the stream."""
    bad = {"delta": {}, "json_path": "text"}
    events = [*DELTAS[:100], bad, bad, *DELTAS[100:]]

    async def main() -> list[tuple[float, Any]]:
        return await consume(sj.assemble(at_times(events, 0.01), **options), 0.3)

    found = [one for _, one in virtual_time.run(main())]
    places = [at for at, one in enumerate(found) if isinstance(one, sj.ConflictError)]
    assert len(places) == 2
    assert places[1] == places[0] + 1
    assert found[places[0] - 1].version == 100
    assert found[-1].version == 200
    assert follow(one for one in found if not isinstance(one, Exception)) == TEXT


def test_error_of_the_source_ends_the_stream() -> None:
    events = [*DELTAS[:10], OSError("broken")]

    async def main() -> list[tuple[float, Any]]:
        return await consume(sj.assemble(at_times(events, 0.01), conflate=True), 1)

    *_, last, error = [one for _, one in virtual_time.run(main())]
    assert last.version == 10
    assert isinstance(error, OSError)


def test_close_ends_the_task() -> None:
    async def main() -> None:
        source = at_times(DELTAS, 0.01)
        async with sj.assemble(source, conflate=True) as stream:
            await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await anext(source)
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


def test_cancelled_task_is_no_end() -> None:
    async def main() -> None:
        stream = sj.assemble(at_times(DELTAS, 0.01), conflate=True)
        assert (await anext(stream)).version == 1
        await asyncio.sleep(0.005)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await anext(stream)

    virtual_time.run(main())


def test_close_before_the_first_read() -> None:
    async def main() -> None:
        stream = sj.assemble(at_times(DELTAS, 0.01), conflate=True)
        await stream.aclose()
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


def test_close_while_the_consumer_waits() -> None:
    async def main() -> None:
        stream = sj.assemble(at_times(DELTAS, 1000), conflate=True)
        waiting = asyncio.create_task(consume(stream, 0))
        await asyncio.sleep(1)
        await stream.aclose()
        assert await waiting == []

    virtual_time.run(main())


def test_cancelled_consumer_can_continue() -> None:
    async def main() -> str:
        stream = sj.assemble(at_times(DELTAS, 0.01), conflate=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005):
                await anext(stream)
        return follow([snapshot async for snapshot in stream])

    assert virtual_time.run(main()) == TEXT


def test_error_of_the_source_that_is_no_exception_comes_out() -> None:
    class Source:
        def __init__(self, error: BaseException) -> None:
            self.left: list[object] = [DELTAS[0], DELTAS[1], error]

        def __aiter__(self) -> Source:
            return self

        async def __anext__(self) -> object:
            await asyncio.sleep(0.01)
            one = self.left.pop(0)
            if isinstance(one, BaseException):
                raise one
            return one

    async def main(error: BaseException) -> None:
        stream = sj.assemble(Source(error), conflate=True)
        assert (await anext(stream)).version == 1
        assert (await anext(stream)).version == 2
        with pytest.raises(type(error)):
            await anext(stream)

    for error in (asyncio.CancelledError(), GeneratorExit()):
        virtual_time.run(main(error))


def test_second_consumer_is_refused() -> None:
    async def main() -> list[Any]:
        stream = sj.assemble(at_times(DELTAS, 0.01), conflate=True)
        return await asyncio.gather(anext(stream), anext(stream), return_exceptions=True)

    first, second = virtual_time.run(main())
    assert first.version == 1
    assert second.code == "reading"


def test_peeked_snapshot_does_not_change() -> None:
    async def main() -> None:
        stream = sj.assemble(at_times(DELTAS, 0.01), conflate=True)
        first = await anext(stream)
        await asyncio.sleep(0.025)
        peeked = stream.snapshot
        changes = peeked.changes
        following = await anext(stream)
        assert following is not peeked
        assert following.value is peeked.value
        assert peeked.changes == changes
        assert repr(following.changes) == repr(following.changes_since(first))

    virtual_time.run(main())


@pytest.mark.parametrize("options", [{"conflate": True}, {"min_interval_s": 0.5}])
def test_final_error_ends_the_task(options: Any) -> None:
    async def main() -> None:
        stream = sj.assemble_text(at_times(["[1,", "x"], 0.01), **options)
        with pytest.raises(sj.InvalidTextError):
            await stream.final()
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


def test_close_while_a_callback_hangs() -> None:
    async def main() -> None:
        stream = sj.assemble(at_times(DELTAS, 0.01), conflate=True)

        async def hang(_: object) -> None:
            await asyncio.sleep(1000)

        stream.assembler.on("text", hang)
        waiting = asyncio.create_task(anext(stream, None))
        await asyncio.sleep(0.1)
        await stream.aclose()
        assert await waiting is None
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


def test_closed_source_is_closed_before_aclose_returns() -> None:
    closed: list[bool] = []

    async def source() -> AsyncIterator[object]:
        try:
            yield DELTAS[0]
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(0.02)
            closed.append(True)

    async def main() -> None:
        async with sj.assemble(source(), conflate=True) as stream:
            await anext(stream)
            await asyncio.sleep(1)
        assert closed

    virtual_time.run(main())


@pytest.mark.parametrize("conflate", ["yes", 1, None])
def test_conflate_is_true_or_false(conflate: Any) -> None:
    with pytest.raises(ValueError, match="conflate is True or False"):
        sj.assemble(at_times([], 0), conflate=conflate)


def test_finished_values_of_a_conflated_stream() -> None:
    events = [{"delta": number, "json_path": f"items[{number}]"} for number in range(50)]

    async def main() -> list[Any]:
        stream = sj.assemble(at_times(events, 0.01), conflate=True)
        return [value async for value in stream.completed("items[*]")]

    assert virtual_time.run(main()) == list(range(50))


@given(
    gaps=st.lists(st.sampled_from([0, 0.01, 0.2, 3]), min_size=1, max_size=30),
    pauses=st.lists(st.sampled_from([0, 0.05, 1]), min_size=1, max_size=5),
    options=st.sampled_from([{"conflate": True}, {"min_interval_s": 0.1}, {"conflate": True, "min_interval_s": 0.5}]),
)
def test_nothing_is_lost(gaps: list[float], pauses: list[float], options: Any) -> None:
    async def source() -> AsyncIterator[object]:
        for event, gap in zip(DELTAS, gaps, strict=False):
            await asyncio.sleep(gap)
            yield event

    async def main() -> list[sj.Snapshot]:
        snapshots = []
        async for snapshot in sj.assemble(source(), **options):
            snapshots.append(snapshot)
            await asyncio.sleep(pauses[len(snapshots) % len(pauses)])
        return snapshots

    snapshots = virtual_time.run(main())
    versions = [one.version for one in snapshots]
    assert versions[:-1] == sorted(set(versions[:-1]))
    assert snapshots[-1].complete
    assert follow(snapshots) == TEXT[: len(gaps)]


def test_synchronous_sources_can_not_be_read_ahead() -> None:
    for options in ({"conflate": True}, {"min_interval_s": 1}):
        with pytest.raises(TypeError, match="for asynchronous sources"):
            sj.assemble([], **options)  # type: ignore[call-overload]


@pytest.mark.parametrize("interval", [-1, float("inf"), float("nan"), "1", None])
def test_min_interval_is_a_number_of_seconds(interval: Any) -> None:
    with pytest.raises(ValueError, match="min_interval_s is a number of seconds"):
        sj.assemble(at_times([], 0), min_interval_s=interval)
