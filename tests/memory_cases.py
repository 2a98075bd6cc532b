"""Documents that are built, read and dropped, and the memory that they take: what `test_memory` runs in processes.

A program of its own, as importing pytest and Hypothesis would take longer than most cases: `memory_cases.py dropped
CASE COUNT`, or `memory_cases.py history SHAPE EVENTS`. It prints its result as JSON. The garbage collector is off:
reference counts alone must free everything at once.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

import streamjson as sj
from streamjson._paths import path as _path
from streams import SHAPES

__all__ = ["CASES"]

DROPPED_CHARS = 500_000

# ---------------------------------------------------------------------------------------------------------------------
# documents


def half_a_megabyte() -> Iterator[tuple[str, Any]]:
    for number in range(DROPPED_CHARS // 2000):
        for _ in range(8):
            yield f"rows[{number}].text", "x" * 250
        yield f"rows[{number}].cells", {"a": [number, None, {"b": "c"}]}


def filled() -> sj.Assembler:
    assembler = sj.Assembler()
    for path, delta in half_a_megabyte():
        assembler.apply_delta(path, delta)
    return assembler


def only_built() -> None:
    filled()


def values_and_snapshots_read() -> None:
    assembler = sj.Assembler()
    kept = []
    for number, (path, delta) in enumerate(half_a_megabyte()):
        assembler.apply_delta(path, delta)
        if number % 200 == 0:
            kept.append(assembler.snapshot())
            _ = kept[-1].value, kept[-1].copy_value(), kept[-1].get("rows[0]")
    _ = [snapshot.value for snapshot in reversed(kept)]


def changes_read() -> None:
    assembler = filled()
    snapshot = assembler.snapshot()
    kept = [*snapshot.changes, *snapshot.changes_since(assembler.version // 2)]
    _ = [(change.path, change.value, change.delta, change.before, change.to_chunks(), repr(change)) for change in kept]


def text_read_while_it_grew() -> None:
    assembler = sj.Assembler()
    for number in range(DROPPED_CHARS // 250):
        assembler.apply_delta("text", "x" * 250)
        if number % 200 == 0:
            assembler.snapshot().get("text")


def wide_object_read_late() -> None:
    assembler = sj.Assembler()
    snapshots = []
    for number in range(DROPPED_CHARS // 250):
        assembler.apply_delta(f"leaves.leaf{number}", "x" * 250)
        snapshots.append(assembler.snapshot())
    _ = [snapshot.get("leaves.leaf7") for snapshot in snapshots]


def rejected_and_replaced() -> None:
    assembler = filled()
    for path, delta in (("rows", 1), ("rows[", 1), ("rows[99999]", 1), ("rows[0].text", {}), ("rows", b"")):
        try:
            assembler.apply_delta(path, delta)
        except sj.StreamJSONError:
            continue
    assembler.apply_delta("rows", None)


def reset() -> None:
    assembler = filled()
    before = assembler.snapshot()
    assembler.reset()
    assembler.apply_delta("a", 1)
    _ = before.value, assembler.snapshot().changes_since(before)


def stream_dropped_half_way() -> None:
    stream = sj.assemble({"json_path": path, "delta": delta} for path, delta in half_a_megabyte())
    for snapshot in stream:
        if snapshot.version == 1000:
            _ = snapshot.value, snapshot.changes
            break


def sender_failed() -> None:
    assembler = filled()
    try:
        assembler.apply({"error_type": "overloaded"})
    except sj.StreamFailedError as error:
        _ = error.snapshot


def ignore(_: object) -> None:
    """A callback that does nothing."""


def fail(_: object) -> None:
    raise ValueError


def callbacks_notified() -> None:
    assembler = sj.Assembler()
    assembler.on("$..*", ignore)
    assembler.on_complete("rows[*]", ignore)
    assembler.on("rows[*].text", ignore).cancel()
    for path, delta in half_a_megabyte():
        assembler.apply_delta(path, delta)
    assembler.snapshot().is_complete("rows[0]")
    assembler.close()


def callback_raised() -> None:
    assembler = filled()
    assembler.on("rows[*].text", fail)
    assembler.on_complete("rows[*]", ignore, into=list[str])
    for path, delta in (("rows[0].text", "x"), ("rows[0].text", "y"), ("rows[1].text", "z")):
        try:
            assembler.apply_delta(path, delta)
        except ExceptionGroup:
            continue
    try:
        assembler.close()
    except ExceptionGroup:
        return


def awaited_callback_raised() -> None:
    async def events() -> Any:
        for path, delta in half_a_megabyte():
            yield {"json_path": path, "delta": delta}

    async def afail(_: object) -> None:
        raise ValueError

    async def main() -> None:
        stream = sj.assemble(events())
        stream.assembler.on_complete("$", afail)
        try:
            async for _ in stream:
                pass
        except ExceptionGroup:
            return

    asyncio.run(main())


@attrs.define
class Row:
    nothing: list[int]


def pulled_values_that_do_not_fit() -> None:
    stream = sj.assemble({"json_path": path, "delta": delta} for path, delta in half_a_megabyte())
    rows = stream.completed("rows[*]", into=Row)
    while True:
        try:
            next(rows)
        except sj.StructureError:
            continue
        except StopIteration:
            break
    for into in (Row, dict[str, list[Row]]):
        try:
            stream.final(into=into)
        except sj.StructureError:
            continue


CASES: dict[str, Callable[[], None]] = {
    case.__name__: case
    for case in (
        only_built, values_and_snapshots_read, changes_read, text_read_while_it_grew, wide_object_read_late,
        rejected_and_replaced, reset, stream_dropped_half_way, sender_failed, callbacks_notified, callback_raised,
        awaited_callback_raised, pulled_values_that_do_not_fit,
    )
}  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# measurements


def left_behind(case: str, count: int) -> int:
    """Return the bytes left behind by `count` documents, beyond those left by two documents before."""
    make = CASES[case]
    tracemalloc.start()
    for _ in range(2):
        make()
    _path._known.clear()  # a bounded cache of path texts
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(count):
        make()
    _path._known.clear()
    return tracemalloc.get_traced_memory()[0] - before


def measure_growth(make: Callable[[], Any]) -> tuple[int, Any]:
    before, _ = tracemalloc.get_traced_memory()
    result = make()
    return tracemalloc.get_traced_memory()[0] - before, result


def history(shape: str, events: int) -> tuple[float, float, float]:
    """Return the ratios of a document's memory to its plain value: while open, closed, and at the peak."""
    deltas: Iterable[tuple[str, Any]] = SHAPES[shape](events)

    def fill() -> sj.Assembler:
        assembler = sj.Assembler(limits=sj.Limits.unlimited())
        for path, delta in deltas:
            assembler.apply_delta(path, delta)
        return assembler

    tracemalloc.start()
    tracemalloc.reset_peak()
    document, assembler = measure_growth(fill)
    peak = tracemalloc.get_traced_memory()[1]
    closing, _ = measure_growth(assembler.close)
    text = json.dumps(assembler.snapshot().copy_value())  # a value loaded from it shares no text with the document
    value, _ = measure_growth(lambda: json.loads(text))
    return document / value, (document + closing) / value, peak / value


def main(task: str, *arguments: str) -> None:
    gc.disable()
    sj.Assembler()  # imports msgspec
    case, count = arguments
    sys.stdout.write(json.dumps((left_behind if task == "dropped" else history)(case, int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
