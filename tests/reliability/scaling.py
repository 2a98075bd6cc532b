"""How the time grows with the size of the input: a fitted exponent for each kind of work, 1 if it is linear.

Each kind runs with n, 2n, 4n and 8n, in turn, several times. The least CPU time of each size counts, and a line is
fitted to the logarithms. Quadratic work has an exponent of 2; above `MAX_EXPONENT`, work does not count as linear.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log
from pathlib import Path
from typing import Any, Final

from attrs import asdict, frozen

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # tests/ has `streams`

import streamjson as sj  # noqa: E402 - found by the line above, like its siblings
from streamjson._paths import path as _path  # noqa: E402
from streams import interleaved, one_string, people, wide_array  # noqa: E402

__all__ = ["MAX_EXPONENT", "WORKS", "Exponent", "measure"]

MAX_EXPONENT: Final = 1.1
SIZES: Final = 4
REPEATS: Final = 5

Work = Callable[[int], Callable[[], object]]
"""Prepares the work for a size, and returns the function to measure."""


@frozen
class Kind:
    """One kind of work, for sizes from `least`.

    Short work is repeated `times` times instead of enlarged, so that its data stay within the processor's caches and
    their misses are not measured.
    """

    unit: str
    least: int
    work: Work
    times: int = 1


@frozen
class Exponent:
    """The growth of the CPU time of one kind of work: the sizes, their times and the fitted exponent."""

    work: str
    unit: str
    sizes: list[int]
    seconds: list[float]
    exponent: float

    @property
    def is_linear(self) -> bool:
        """Return whether the exponent is within its bound."""
        return self.exponent <= MAX_EXPONENT


def fitted(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the slope of the line through the logarithms, by least squares."""
    points = [(log(size), log(second)) for size, second in zip(sizes, seconds, strict=True)]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def _timed(work: Work, size: int) -> float:
    _path._known.clear()
    action = work(size)
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        action()
        return time.process_time() - start
    finally:
        gc.enable()


def measure(name: str, *, quick: bool = False, divisor: int = 10) -> Exponent:
    """Measure one kind of work; `quick` divides the sizes by `divisor` and runs each once."""
    kind = WORKS[name]
    # Freeing a large block makes glibc keep freed memory. Otherwise it returns memory to the kernel after large sizes
    # only, and fetching it again, page by page, takes ten times as long as the work.
    bytearray(31 * 1024 * 1024)
    least = max(kind.least // divisor, 8) if quick else kind.least
    sizes = [least * 2**power for power in range(SIZES)]
    best = dict.fromkeys(sizes, float("inf"))
    for _ in range(1 if quick else REPEATS):
        for size in sizes:
            best[size] = min(best[size], sum(_timed(kind.work, size) for _ in range(kind.times)))
    seconds = [max(second, 1e-9) for second in best.values()]
    return Exponent(name, kind.unit, sizes, seconds, round(fitted(sizes, seconds), 3))


# ---------------------------------------------------------------------------------------------------------------------
# the works

FREE: Final = sj.Limits.unlimited()


def _fed(pieces: Callable[[int], Iterable[bytes]]) -> Work:
    def prepare(size: int) -> Callable[[], None]:
        whole = list(pieces(size))

        def action() -> None:
            decoder = sj.SSEDecoder(limits=FREE)
            for piece in whole:
                decoder.feed(piece)

        return action

    return prepare


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _line(size: int) -> bytes:
    return b"data: " + b"x" * size + b"\n\n"


def _events(size: int) -> bytes:
    return b'id: 7\ndata: {"delta":" Doe","json_path":"people[0].name"}\n\n' * (size // 61)


def _applied(deltas: Callable[[int], Iterable[tuple[str, Any]]], **options: Any) -> Work:
    def prepare(size: int) -> Callable[[], None]:
        whole = list(deltas(size))

        def action() -> None:
            apply_delta = sj.Assembler(limits=FREE, **options).apply_delta
            for path, delta in whole:
                apply_delta(path, delta)

        return action

    return prepare


def _followed(read: Callable[[sj.Assembler], object], deltas: Callable[[int], Iterable[tuple[str, Any]]]) -> Work:
    def prepare(size: int) -> Callable[[], None]:
        whole = list(deltas(size))

        def action() -> None:
            assembler = sj.Assembler(limits=FREE)
            for path, delta in whole:
                assembler.apply_delta(path, delta)
                read(assembler)

        return action

    return prepare


def _wire(size: int) -> Callable[[], object]:
    chunks = (sj.StreamingChunk(delta, path) for path, delta in people(size))
    data = b"".join(sj.encode_sse(sj.ServerSentEvent(json.dumps(chunk.to_dict()))) for chunk in chunks)
    return lambda: sj.assemble(sj.decode_sse(data, limits=FREE), limits=FREE).final()


def _one_event(delta: Callable[[int], str]) -> Work:
    def prepare(size: int) -> Callable[[], object]:
        event = sj.ServerSentEvent(f'{{"json_path":"a","delta":{delta(size)}}}')
        assembler = sj.Assembler(limits=FREE)
        return lambda: assembler.apply(event)

    return prepare


def _nested(size: int) -> Callable[[], object]:
    value: Any = 1
    for number in range(size):
        value = [value] if number % 2 else {"a": value}
    assembler = sj.Assembler(limits=FREE)
    return lambda: assembler.apply_delta("a", value)


def _nested_and_read(size: int) -> Callable[[], object]:
    assembler = sj.Assembler(limits=FREE)
    _nested_path(size, assembler)()
    return lambda: assembler.snapshot().copy_value()


def _nested_path(size: int, assembler: sj.Assembler | None = None) -> Callable[[], object]:
    path = "a" + ".b[0]" * (size // 2)
    assembler = assembler or sj.Assembler(limits=FREE)
    return lambda: assembler.apply_delta(path, 1)


def _documents(size: int) -> Callable[[], None]:
    whole = list(people(20))

    def action() -> None:
        assembler = sj.Assembler()
        for _ in range(size):
            for path, delta in whole:
                assembler.apply_delta(path, delta)
            assembler.reset()

    return action


def _parsed(unit: str) -> Work:
    def prepare(size: int) -> Callable[[], object]:
        text = "a" + unit * size
        return lambda: sj.parse_path(text, limits=FREE)

    return prepare


def _refused(size: int) -> Callable[[], None]:
    assembler = sj.Assembler()
    for path, delta in people(1000):
        assembler.apply_delta(path, delta)

    def action() -> None:
        for number in range(size):
            for path, delta in (("people", number), (f"people[{number}", 1), ("people[99999]", 1), ("x", b"")):
                try:
                    assembler.apply_delta(path, delta)  # type: ignore[arg-type]
                except sj.StreamJSONError:
                    continue
                raise AssertionError("a delta was accepted that must be refused")

    return action


def _finished(size: int) -> Callable[[], None]:
    whole = list(people(size))

    def action() -> None:
        assembler = sj.Assembler(limits=FREE)
        assembler.on_complete("$..*", lambda _: None)
        for path, delta in whole:
            assembler.apply_delta(path, delta)
        assembler.close()

    return action


def _checkpoints(size: int) -> Callable[[], object]:
    assembler = sj.Assembler(limits=FREE)
    for path, delta in people(size):
        assembler.apply_delta(path, delta)
    return lambda: sj.Assembler.restore(assembler.checkpoint(), limits=FREE)


WORKS: Final[dict[str, Kind]] = {
    "decoding a line in pieces of one byte": Kind("bytes", 40_000, _fed(lambda n: _cut(_line(n), 1))),
    "decoding a line in pieces of 16 bytes": Kind("bytes", 500_000, _fed(lambda n: _cut(_line(n), 16))),
    "decoding a line in large pieces": Kind("bytes", 1_000_000, _fed(lambda n: _cut(_line(n), 65_536)), times=10),
    "decoding events in pieces of one byte": Kind("bytes", 40_000, _fed(lambda n: _cut(_events(n), 1))),
    "decoding events in pieces of 16 bytes": Kind("bytes", 300_000, _fed(lambda n: _cut(_events(n), 16))),
    "decoding events in large pieces": Kind("bytes", 3_000_000, _fed(lambda n: _cut(_events(n), 65_536))),
    "decoding an event of many data lines": Kind(
        "lines", 50_000, _fed(lambda n: _cut(b"data: x\n" * n + b"\n", 1000)),
    ),
    "decoding comments": Kind("bytes", 1_000_000, _fed(lambda n: _cut(b": ping\n" * (n // 7), 1000))),
    "bytes to the document": Kind("events", 4_000, _wire),
    "events of a table in document order": Kind("events", 20_000, _applied(people)),
    "deltas to one text": Kind("deltas", 50_000, _applied(one_string)),
    "deltas to four texts in turn": Kind("deltas", 20_000, _applied(interleaved)),
    "items of one array, one by one": Kind("items", 20_000, _applied(wide_array)),
    "members of one object, one by one": Kind("members", 5_000, _applied(lambda n: ((f"n{i}", i) for i in range(n)))),
    "one value that is set again": Kind("deltas", 10_000, _applied(lambda n: (("n", i) for i in range(n)))),
    "containers that replace each other": Kind(
        "deltas",
        5_000,
        _applied(lambda n: (("a", [i] if i % 2 else {"b": i}) for i in range(n)), on_conflict="replace"),
    ),
    "an event with a wide array": Kind("items", 40_000, _one_event(lambda n: "[" + "1," * n + "1]")),
    "an event with a wide object": Kind(
        "members", 4_000, _one_event(lambda n: "{" + ",".join(f'"n{i}":{i}' for i in range(n)) + "}"), times=5,
    ),
    "an event with many empty containers": Kind("items", 3_000, _one_event(lambda n: "[" + "[]," * n + "{}]"), times=5),
    "an event with a long text": Kind("characters", 200_000, _one_event(lambda n: '"' + "x" * n + '"'), times=20),
    "an event with a long text of escapes": Kind("characters", 500_000, _one_event(lambda n: '"' + "\\n" * n + '"')),
    "a delta that nests, limits lifted": Kind("levels", 1_500, _nested, times=5),
    "a path that nests, limits lifted": Kind("levels", 1_500, _nested_path, times=5),
    "reading what nests, limits lifted": Kind("levels", 1_500, _nested_and_read, times=5),
    "parsing a long path of names": Kind("steps", 4_000, _parsed(".name"), times=5),
    "parsing a long path of indexes": Kind("steps", 20_000, _parsed("[0]")),
    "parsing a long path in quotes": Kind("steps", 5_000, _parsed("['a b']")),
    "documents in a row, with a reset": Kind("documents", 100, _documents),
    "events that are refused": Kind("rounds", 1_000, _refused),
    "a value after each event": Kind(
        "events", 2_000, _followed(lambda assembler: assembler.snapshot().value, people),
    ),
    "the changes after each event": Kind(
        "events", 2_000, _followed(lambda assembler: assembler.snapshot().changes, people),
    ),
    "what is finished after each event": Kind(
        "events", 2_000, _followed(lambda assembler: assembler.snapshot().is_complete("people[0]"), interleaved),
    ),
    "telling of all that is finished": Kind("events", 2_000, _finished),
    "a checkpoint, and back": Kind("events", 5_000, _checkpoints),
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Print the exponents, as JSON lines with `--json`; return 1 if one is over its bound."""
    parser = argparse.ArgumentParser(description="fit how the time grows with the size")
    parser.add_argument("--only", nargs="+", default=list(WORKS), metavar="WORK", help="kinds of work to measure")
    parser.add_argument("--quick", action="store_true", help="a quick check: small sizes, once")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    options = parser.parse_args(arguments)
    status = 0
    for name in options.only:
        result = measure(name, quick=options.quick)
        status |= not result.is_linear
        if options.json:
            print(json.dumps(asdict(result)), flush=True)
        else:
            times = " ".join(f"{second * 1000:.1f}" for second in result.seconds)
            mark = "" if result.is_linear else "  over the bound"
            print(
                f"{result.exponent:5.2f}  {name}: {result.sizes[0]:,} {result.unit} and more: {times} ms{mark}",
                flush=True,
            )
    return status


if __name__ == "__main__":
    sys.exit(main())
