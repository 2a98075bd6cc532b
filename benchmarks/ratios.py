"""The speed claims, as ratios with bounds: `make ratios`, and the first part of `make bench`.

Each ratio compares two costs of the same work, measured side by side in one run. Contestants take turns, on newly made
input, and the fastest turn of each counts, in processor time: on a shared machine, the others were disturbed. A ratio
beyond its bound is marked as missed, and the exit status is 1.

The yardsticks:

- *split*: the loop that splits each path and walks down, as a programmer writes it first. The bounds are about it.
- *tight split*: the same, made faster (`contestants/by_hand.py`). Its figures have no bound; they are for comparison.
- *path copy*: tight split, made to give snapshots; *last target*: the fastest loop with snapshots that we know.
- *json.loads* receives the data lines as they arrive, as bytes; its time for text is given for comparison.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from attrs import frozen

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # tests/ has `streams`

import streamjson as sj  # noqa: E402 - found by the line above, as the others
import streams  # noqa: E402
from contestants import by_hand  # noqa: E402
from documents import SIZES, document  # noqa: E402
from streamjson._dialects.quick_chunks import quick_decoder, quick_reader  # noqa: E402

__all__ = ["GROUPS", "Ratio", "ratios"]

TURNS: Final = 9


@frozen
class Ratio:
    """A claim and its measured figure."""

    name: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the figure is within its bound, or has none."""
        return (self.at_most is None or self.figure <= self.at_most) and (
            self.at_least is None or self.figure >= self.at_least
        )

    @property
    def has_bound(self) -> bool:
        """Whether it is a claim."""
        return self.at_most is not None or self.at_least is not None

    def row(self) -> dict[str, Any]:
        """Return its row of the result file."""
        facts = {"name": self.name, "figure": float(f"{self.figure:.3g}"), "at_most": self.at_most}
        facts |= {"at_least": self.at_least, "holds": self.holds if self.has_bound else None}
        return {name: fact for name, fact in facts.items() if fact is not None}

    def __str__(self) -> str:
        bound = f"at most {self.at_most:g}" if self.at_most is not None else ""
        bound = f"at least {self.at_least:g}" if self.at_least is not None else bound
        return f"{self.name:<74} {self.figure:8.2f}  {bound}{'' if self.holds else ' MISSED'}"


def _left_out(peers: str, error: ImportError) -> None:
    print(f"left out: {peers} ({error}); `make ratios` installs them", file=sys.stderr)


def fastest(contestants: Mapping[str, Callable[[Any], Any]], work: Callable[[], Any], turns: int = TURNS) -> Any:
    """Return the processor seconds of each contestant's fastest turn, by name."""
    times = dict.fromkeys(contestants, float("inf"))
    for _ in range(turns):
        for name, contestant in contestants.items():
            given = work()
            gc.collect()
            gc.freeze()  # the collector is on, but does not look at the input
            begin = time.process_time()
            kept = contestant(given)
            times[name] = min(times[name], time.process_time() - begin)
            gc.unfreeze()
            del kept
    return times


# ---------------------------------------------------------------------------------------------------------------------
# the cost of an event

Deltas = Iterable[tuple[str, Any]]
UNLIMITED: Final = sj.Limits.unlimited()


def split_loop(deltas: Deltas) -> Any:
    document: dict[str, Any] = {}
    for path, delta in deltas:
        steps: list[Any] = []
        for part in path.split("."):
            name, _, indexes = part.partition("[")
            if name:
                steps.append(name)
            while indexes:
                index, _, indexes = indexes.partition("]")
                steps.append(int(index))
                indexes = indexes[1:]
        here: Any = document
        last = steps.pop()
        for step, following in zip(steps, [*steps[1:], last], strict=bool(steps)):
            if isinstance(here, list):
                while len(here) <= step:
                    here.append(None)
                there = here[step]
            else:
                there = here.get(step)
            if there is None:
                there = here[step] = [] if isinstance(following, int) else {}
            here = there
        if isinstance(here, list):
            while len(here) <= last:
                here.append(None)
            there = here[last]
        else:
            there = here.get(last)
        here[last] = there + delta if isinstance(there, str) and isinstance(delta, str) else delta
    return document


def apply_delta(deltas: Deltas) -> Any:
    assembler = sj.Assembler(limits=UNLIMITED)
    apply = assembler.apply_delta
    for path, delta in deltas:
        apply(path, delta)
    return assembler


def apply_delta_and_snapshot(deltas: Deltas) -> Any:
    assembler = sj.Assembler(limits=UNLIMITED)
    apply, snapshot = assembler.apply_delta, assembler.snapshot
    for path, delta in deltas:
        apply(path, delta)
        snapshot()
    return assembler


def get_one_field(deltas: Deltas) -> Any:
    assembler = sj.Assembler(limits=UNLIMITED)
    apply, snapshot = assembler.apply_delta, assembler.snapshot
    for path, delta in deltas:
        apply(path, delta)
        snapshot().get("people[0].name")
    return assembler


def get_what_came(deltas: Deltas) -> Any:
    assembler = sj.Assembler(limits=UNLIMITED)
    apply, snapshot = assembler.apply_delta, assembler.snapshot
    for path, delta in deltas:
        apply(path, delta)
        snapshot().get(path)
    return assembler


def events() -> Iterator[Ratio]:
    """Yield the cost of an event, beside the loop that splits each path."""
    loops = {"split": split_loop, "tight": by_hand.split_loop}
    ways = {
        "apply_delta": (apply_delta, 0.40),
        "apply_delta and a snapshot": (apply_delta_and_snapshot, 0.6),
        "a snapshot and get of one field": (get_one_field, 0.95),
        "a snapshot and get of the field that came": (get_what_came, 0.95),
    }
    contestants = loops | {way: contestant for way, (contestant, _) in ways.items()}
    took = fastest(contestants, lambda: list(streams.people(50_000)))
    for way, (_, bound) in ways.items():
        yield Ratio(f"{way}, people / split", took[way] / took["split"], bound)
        yield Ratio(f"{way}, people / tight split", took[way] / took["tight"])
    for shape, words, bound in (
        (streams.interleaved, "four texts in turn", 0.8),
        (streams.new_leaves, "each event a new name", 1.0),
        (streams.wide_array, "each event a new item", 1.0),
    ):
        took = fastest(loops | {"ours": apply_delta}, lambda shape=shape: list(shape(20_000)), turns=25)
        yield Ratio(f"apply_delta, {words} / split", took["ours"] / took["split"], bound)
        yield Ratio(f"apply_delta, {words} / tight split", took["ours"] / took["tight"])


# ---------------------------------------------------------------------------------------------------------------------
# the cost of a value


def value_dropped(deltas: Deltas) -> Any:
    assembler = sj.Assembler()
    apply, snapshot = assembler.apply_delta, assembler.snapshot
    for path, delta in deltas:
        apply(path, delta)
        snapshot().value  # noqa: B018
    return assembler


def value_kept(deltas: Deltas) -> Any:
    assembler = sj.Assembler()
    apply, snapshot = assembler.apply_delta, assembler.snapshot
    kept = None
    for path, delta in deltas:
        apply(path, delta)
        kept = snapshot().value
    return kept


def looping(loop: Callable[[], Any], *, keep: bool) -> Callable[[Deltas], Any]:
    def contestant(deltas: Deltas) -> Any:
        feed, value = loop()
        kept = None
        if keep:
            for path, delta in deltas:
                feed(path, delta)
                kept = value()
        else:
            for path, delta in deltas:
                feed(path, delta)
                value()
        return kept

    return contestant


def values() -> Iterator[Ratio]:
    """Yield the cost of a plain value after every event, beside two hand-written path copies."""
    for shape, size in (("people", "10 KB"), ("people", "100 KB"), ("people", "1 MB"), ("texts", "100 KB")):
        contestants: dict[str, Callable[[Any], Any]] = {"ours, dropped": value_dropped, "ours, kept": value_kept}
        for name, loop in (("path copy", by_hand.split_path_copy), ("last target", by_hand.last_target_path_copy)):
            contestants |= {f"{name}, {how}": looping(loop, keep=how == "kept") for how in ("dropped", "kept")}
        took = fastest(contestants, document(shape, size).deltas, turns=3 if size == "1 MB" else TURNS)
        for how, bound in (("dropped", 1.0), ("kept", 1.7)):
            for name in ("path copy", "last target"):
                yield Ratio(
                    f"a value after every event, {how}, {shape} of {size} / {name}",
                    took[f"ours, {how}"] / took[f"{name}, {how}"],
                    at_most=bound if name == "path copy" else None,
                )


def jiter() -> Iterator[Ratio]:
    """Yield the time to parse the text again for each value, beside ours."""
    try:
        from jiter import from_json  # noqa: PLC0415 - a peer, which may not be installed
    except ImportError as error:
        _left_out("jiter", error)
        return
    for shape, size, bound in (
        ("people", "10 KB", 6),
        ("people", "100 KB", 60),
        ("people", "1 MB", 400),
        ("texts", "10 KB", 2),
        ("texts", "100 KB", 15),
        ("texts", "1 MB", 120),
    ):
        source = document(shape, size)
        text = "".join(source.pieces()).encode()
        pieces = len(source)
        # The cost of a value grows with the text: samples in the middle of equal parts stand for all.
        cuts = [len(text) * (2 * sample + 1) // 400 for sample in range(200)]
        parts = [text[:cut] for cut in cuts]

        def parse(parts: Sequence[bytes]) -> None:
            for part in parts:
                from_json(part, partial_mode="trailing-strings")

        parsing = fastest({"jiter": parse}, lambda parts=parts: parts, turns=3)["jiter"] / len(parts)
        ours = fastest({"ours": value_dropped}, source.deltas, turns=3)["ours"] / pieces
        yield Ratio(f"jiter, a value after every event, {shape} of {size} / ours", parsing / ours, at_least=bound)


# ---------------------------------------------------------------------------------------------------------------------
# from bytes


def to_snapshots(pieces: Sequence[bytes], *, without_msgspec: bool = False) -> None:
    stream = sj.assemble(sj.decode_sse(pieces))
    if without_msgspec:
        stream.assembler._session.quick = quick_reader(sj.Limits(), _standard_library())
    for _ in stream:
        pass


@cache
def _standard_library() -> Any:
    with patch.dict(sys.modules, {"msgspec": None}):
        return quick_decoder.__wrapped__()


def json_loads(lines: Sequence[bytes | str]) -> None:
    loads = json.loads
    for line in lines:
        loads(line)


def wire() -> Iterator[Ratio]:
    """Yield the cost from bytes to a snapshot for every event, beside `json.loads` alone on the same data."""
    for with_ids in (False, True):
        lines = [json.dumps({"delta": delta, "json_path": path}).encode() for path, delta in streams.people(20_000)]
        stream = b"".join(
            (b"id: %d\n" % number if with_ids else b"") + b"data: " + line + b"\n\n"
            for number, line in enumerate(lines)
        )
        pieces, small = ([stream[start : start + size] for start in range(0, len(stream), size)] for size in (4096, 16))
        texts = [line.decode() for line in lines]
        contestants = {
            "standard library": lambda _, pieces=pieces: to_snapshots(pieces, without_msgspec=True),
            "msgspec": lambda _, pieces=pieces: to_snapshots(pieces),
            "small pieces": lambda _, small=small: to_snapshots(small),
            "bytes": lambda _, lines=lines: json_loads(lines),
            "text": lambda _, texts=texts: json_loads(texts),
        }
        took = fastest(contestants, lambda: None, turns=15)
        ids = ", with ids" if with_ids else ""
        for how, bound in (("standard library", 1.7 if with_ids else 1.4), ("msgspec", None if with_ids else 0.95)):
            if how == "msgspec" and not _has_msgspec():
                continue
            yield Ratio(f"bytes to snapshots, {how}{ids} / json.loads of the data", took[how] / took["bytes"], bound)
            yield Ratio(f"bytes to snapshots, {how}{ids} / json.loads of it as text", took[how] / took["text"])
        yield Ratio(f"in pieces of 16 bytes{ids} / of 4 KB", took["small pieces"] / took["msgspec"], 3.5)
        if not with_ids:
            yield from _wire_peers(pieces)


def _has_msgspec() -> bool:
    return quick_decoder() != _standard_library()


def _wire_peers(pieces: Sequence[bytes]) -> Iterator[Ratio]:
    try:
        from contestants import wire  # noqa: PLC0415 - peers, which may not be installed
    except ImportError as error:
        _left_out("httpx-sse and opperai", error)
        return
    contestants = {
        "ours": to_snapshots,
        "path copy": partial(wire.read_with_httpx_sse, loop=by_hand.split_path_copy),
        "last target": wire.read_with_httpx_sse,
    }
    took = fastest(contestants, lambda: pieces, turns=7)
    yield Ratio("httpx-sse + json + path copy / ours", took["path copy"] / took["ours"], at_least=2.5)
    yield Ratio("httpx-sse + json + last target / ours", took["last target"] / took["ours"])
    opperai = next(one.run for one in wire.CONTESTANTS if one.name == "opperai")
    few = document("people", "10 KB").events(with_ids=False)
    took = fastest({"ours": to_snapshots, "opperai": opperai}, lambda: few, turns=3)
    yield Ratio("opperai, decoding alone / ours", took["opperai"] / took["ours"], at_least=10)


# ---------------------------------------------------------------------------------------------------------------------
# JSON text

TEXT_CHARS: Final = 4  # of a piece


def text_of(shape: str, size: str) -> str:
    """Return the JSON text of a document: `objects` are dense, of names, numbers and short texts."""
    if shape != "objects":
        return json.dumps(document(shape, size).value, ensure_ascii=False)
    item = {"id": 0, "name": "Jane Doe", "score": 12.5, "active": True, "tags": ["a", "b"], "manager": None}
    count = SIZES[size] // len(json.dumps(item)) + 1
    return json.dumps([{**item, "id": number} for number in range(count)])


def cut_text(text: str) -> list[str]:
    return [text[start : start + TEXT_CHARS] for start in range(0, len(text), TEXT_CHARS)]


def text_end(pieces: Sequence[str]) -> Any:
    return sj.assemble_text(pieces, limits=UNLIMITED).final()


def text_snapshots(pieces: Sequence[str]) -> None:
    for _ in sj.assemble_text(pieces, limits=UNLIMITED):
        pass


def text_values(pieces: Sequence[str]) -> None:
    assembler = sj.Assembler(dialect="json_text", limits=UNLIMITED)
    apply, snapshot = assembler.apply, assembler.snapshot
    for piece in pieces:
        apply(piece)
        snapshot().value  # noqa: B018 - dropped at once


def text() -> Iterator[Ratio]:
    """Yield the cost of JSON text in pieces of four characters, beside jsonriver and jiter."""
    try:
        from jiter import from_json  # noqa: PLC0415

        from contestants.incremental import begin_jsonriver  # noqa: PLC0415 - peers, which may not be installed
    except ImportError as error:
        _left_out("jsonriver and jiter", error)
        return

    def river(pieces: Sequence[str]) -> Any:
        turn = begin_jsonriver()
        for piece in pieces:
            turn.feed(piece)
        return turn.end()

    for shape, bound in (("objects", 0.35), ("texts", 0.15)):
        pieces = cut_text(text_of(shape, "100 KB"))
        took = fastest({"ours": text_end, "river": river}, lambda pieces=pieces: [*pieces])
        yield Ratio(f"text, the end, {shape} of 100 KB / jsonriver", took["ours"] / took["river"], bound)
    for shape, size, bound in (
        ("objects", "100 KB", 60), ("texts", "100 KB", 8), ("objects", "1 MB", 400), ("texts", "1 MB", 60)
    ):  # fmt: skip
        whole = text_of(shape, size)
        pieces, raw = cut_text(whole), whole.encode()
        parts = [raw[: len(raw) * (2 * sample + 1) // 200] for sample in range(100)]  # samples stand for all

        def parse(parts: Sequence[bytes]) -> None:
            for part in parts:
                from_json(part, partial_mode="trailing-strings")

        parsing = fastest({"jiter": parse}, lambda parts=parts: parts, turns=3)["jiter"] / len(parts)
        contestants = {"value": text_values, "snapshot": text_snapshots}
        took = fastest(contestants, lambda pieces=pieces: [*pieces], turns=3)
        each = {name: seconds / len(pieces) for name, seconds in took.items()}
        yield Ratio(
            f"jiter, a value after every piece, {shape} of {size} / ours", parsing / each["value"], at_least=bound
        )
        if (shape, size) == ("objects", "100 KB"):
            name = f"jiter, a value after every piece, {shape} of {size} / our snapshots"
            yield Ratio(name, parsing / each["snapshot"], at_least=100)
    for shape in ("objects", "texts"):
        few, many = cut_text(text_of(shape, "10 KB")), cut_text(text_of(shape, "1 MB"))
        small = fastest({"ours": text_snapshots}, lambda few=few: [*few], turns=15)["ours"] / len(few)
        large = fastest({"ours": text_snapshots}, lambda many=many: [*many], turns=3)["ours"] / len(many)
        yield Ratio(f"text, a snapshot after every piece, {shape}: 1 MB / 10 KB, each", large / small, 1.1)


# ---------------------------------------------------------------------------------------------------------------------
# costs that grow with the stream, and costs that do not


def decode(pieces: Sequence[bytes]) -> None:
    feed = sj.SSEDecoder().feed
    for piece in pieces:
        feed(piece)


def one_string_of(count: int) -> list[tuple[str, str]]:
    return [("text", f"{number:04}") for number in range(count)]


def lines_of(count: int) -> list[bytes]:
    stream = b"".join(sj.encode_sse(sj.ServerSentEvent(f'{{"n": {number}}}')) for number in range(count))
    return [stream[start : start + 4096] for start in range(0, len(stream), 4096)]


def growth() -> Iterator[Ratio]:
    """Yield the cost of an event among a million, beside its cost among ten thousand."""
    few, many = 10_000, 1_000_000
    for words, contestant, work in (
        ("apply_delta, people", apply_delta, lambda count: list(streams.people(count))),
        ("apply_delta and a snapshot, people", apply_delta_and_snapshot, lambda count: list(streams.people(count))),
        ("SSEDecoder.feed", decode, lines_of),
        ("apply_delta, one string of 4 MB", apply_delta, one_string_of),
    ):
        best = {few: float("inf"), many: float("inf")}
        for _ in range(3):
            for count, turns in ((few, 15), (many, 1)):
                took = fastest({"it": contestant}, lambda count=count, work=work: work(count), turns)["it"]
                best[count] = min(best[count], took / count)
        yield Ratio(f"{words}: 1,000,000 events / 10,000, each", best[many] / best[few], 1.1)
    read: dict[int, Callable[[Any], Any]] = {}
    for nodes in (1_000, 1_000_000):
        assembler = sj.Assembler(limits=UNLIMITED)
        assembler.apply_delta("people", [{"name": "Jane", "age": n, "tags": ["a"]} for n in range(nodes // 5)])
        since = assembler.version
        for number in range(100):
            assembler.apply_delta(f"more[{number}]", number)
        snapshot = assembler.snapshot()
        read[nodes] = lambda _, snapshot=snapshot, since=since: [snapshot.changes_since(since) for _ in range(200)]
    took = fastest({str(nodes): contestant for nodes, contestant in read.items()}, lambda: None, turns=15)
    yield Ratio("changes_since, 100 changes: in 1,000,000 values / in 1,000", took["1000000"] / took["1000"], 1.1)


def memory() -> Iterator[Ratio]:
    """Yield the memory of a document with its history after 1,000,000 deltas of four characters, beside its value's."""
    for shape in ("people", "one_string"):
        code = f"import ratios; print(ratios.traced('{shape}', 1_000_000))"
        paths = [path for path in sys.path if path]
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}; {code}"],
            capture_output=True, check=True, text=True,
        )  # fmt: skip
        yield Ratio(f"memory after 1,000,000 deltas, {shape} / the plain value", float(done.stdout), 2.5)


def traced(shape: str, count: int) -> float:
    """Return the memory of a document divided by that of its plain value. Call it in a process of its own."""
    tracemalloc.start()
    assembler = sj.Assembler(limits=UNLIMITED)
    for path, delta in streams.SHAPES[shape](count):
        assembler.apply_delta(path, delta)
    gc.collect()
    document_bytes = tracemalloc.get_traced_memory()[0]
    value = assembler.snapshot().copy_value()
    del assembler
    gc.collect()
    value_bytes = tracemalloc.get_traced_memory()[0]
    del value
    return document_bytes / value_bytes


# ---------------------------------------------------------------------------------------------------------------------
# the rest


def ignore(_: object) -> None:
    """Do nothing, as a callback."""


def callbacks() -> Iterator[Ratio]:
    """Yield the cost that patterns which do not match add to a delta, and that of one which matches."""

    def growing(register: Callable[[sj.Assembler], object]) -> Callable[[Any], None]:
        def contestant(deltas: Sequence[str]) -> None:
            assembler = sj.Assembler()
            register(assembler)
            apply = assembler.apply_delta
            for delta in deltas:
                apply("people[0].name", delta)

        return contestant

    contestants = {
        "none": growing(lambda _: None),
        "elsewhere": growing(lambda assembler: assembler.on("other[*].x", ignore)),
        "match": growing(lambda assembler: assembler.on("people[*].name", ignore)),
    }
    took = fastest(contestants, lambda: ["text"] * 20_000, turns=25)
    yield Ratio("a pattern that does not match / none", took["elsewhere"] / took["none"], 1.1)
    yield Ratio("a callback that matches / none", took["match"] / took["none"], 4)


def start() -> Iterator[Ratio]:
    """Yield the time of `import streamjson`, beside that of the modules that it needs."""

    def seconds(modules: str) -> float:
        code = f"import time; begin = time.process_time(); import {modules}; print(time.process_time() - begin)"
        return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)

    times = [(seconds("attrs, json"), seconds("streamjson")) for _ in range(25)]
    base, ours = map(min, zip(*times, strict=True))
    yield Ratio("import streamjson / import attrs, json", ours / base, 1.5)


GROUPS: Final[dict[str, Callable[[], Iterator[Ratio]]]] = {
    "events": events,
    "values": values,
    "jiter": jiter,
    "wire": wire,
    "text": text,
    "growth": growth,
    "memory": memory,
    "callbacks": callbacks,
    "start": start,
}


def ratios(report: Callable[[Ratio], object], groups: Iterable[str] = GROUPS) -> list[Ratio]:
    """Measure these groups, one after the other, and report each ratio."""
    measured: list[Ratio] = []
    for group in groups:
        for ratio in GROUPS[group]():
            report(ratio)
            measured.append(ratio)
    return measured


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the ratios; return 1 if one missed its bound."""
    parser = argparse.ArgumentParser(
        description="Measure the ratios, and check them against their bounds (about two minutes for all)."
    )
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"all if none is given: {', '.join(GROUPS)}")
    groups = parser.parse_args(arguments).groups
    if unknown := set(groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    measured = ratios(lambda ratio: print(ratio, flush=True), groups or GROUPS)
    missed = sum(not ratio.holds for ratio in measured)
    print(f"{missed} of {sum(ratio.has_bound for ratio in measured)} bounds missed")
    return 0 if measured and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
