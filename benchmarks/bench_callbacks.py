"""What it costs to be told: a callback that matches, patterns that do not, and objects of the items of a list.

Times are processor time, the fastest of several turns taken by turns; a ratio over its bound fails.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import attrs
import msgspec
import pydantic
import pytest

import streamjson as sj

DELTAS = ["text"] * 5_000
TURNS = 150


def ignore(_: object) -> None:
    """Is a callback."""


def nobody(_: sj.Assembler) -> None:
    """Register none."""


def a_thousand_elsewhere(assembler: sj.Assembler) -> None:
    for number in range(1_000):
        assembler.on(f"other{number}[*].x", ignore)


def one_that_matches(assembler: sj.Assembler) -> None:
    assembler.on("people[*].name", ignore)


def microseconds(contestants: list[Callable[[], Callable[[str], object]]]) -> list[float]:
    """Return the microseconds for each delta of each contestant's fastest turn."""
    fastest = [float("inf")] * len(contestants)
    gc.collect()
    gc.freeze()
    for _ in range(TURNS):
        for number, contestant in enumerate(contestants):
            call = contestant()
            begin = time.process_time()
            for delta in DELTAS:
                call(delta)
            fastest[number] = min(fastest[number], (time.process_time() - begin) / len(DELTAS) * 1e6)
    gc.unfreeze()
    return fastest


def growing(register: Callable[[sj.Assembler], None], *, as_events: bool) -> Callable[[], Callable[[str], object]]:
    def made() -> Callable[[str], object]:
        assembler = sj.Assembler()
        register(assembler)
        assembler.apply_delta("people[0].name", "a")
        assembler.apply_delta("people[0].name", "b")
        if as_events:
            chunk = sj.StreamingChunk(DELTAS[0], "people[0].name")
            return lambda _: assembler.apply(chunk)
        return lambda delta: assembler.apply_delta("people[0].name", delta)

    return made


@pytest.mark.parametrize("as_events", [False, True], ids=["apply_delta", "apply"])
def test_a_callback_that_matches(benchmark: Any, *, as_events: bool) -> None:
    """A matching `on` costs its call and at most 0.5 microseconds; a thousand that do not match cost nothing."""
    contestants = [growing(one, as_events=as_events) for one in (nobody, a_thousand_elsewhere, one_that_matches)]
    benchmark.pedantic(contestants[2](), args=("text",), rounds=3)
    none, thousand, match, call = microseconds([*contestants, lambda: ignore])
    benchmark.extra_info["microseconds"] = more = match - none - call
    print(f"\na callback that matches: its call and {more:.2f} microseconds (bound: 0.5)")
    print(f"a thousand that do not: {thousand / none:.2f} of none (bound: 1.1)")
    assert more <= 0.5
    assert thousand / none <= 1.1


@attrs.frozen
class Attrs:
    """An item, as an attrs class."""

    name: str
    tags: list[str]


@dataclass
class Data:
    """An item, as a dataclass."""

    name: str
    tags: list[str]


class Row(TypedDict):
    """An item, as a TypedDict."""

    name: str
    tags: list[str]


class Struct(msgspec.Struct):
    """An item, as a Struct."""

    name: str
    tags: list[str]


class Model(pydantic.BaseModel):
    """An item, as a pydantic model."""

    name: str
    tags: list[str]


def make_items(chunks: list[sj.StreamingChunk], into: Any) -> int:
    return sum(1 for _ in sj.assemble(chunks).completed("items[*]", into=into))


@pytest.mark.parametrize("into", [Attrs, Data, Row, Struct, Model])
def test_objects_of_the_items_of_a_list(benchmark: Any, into: Any) -> None:
    """4,000 items take at most 2.3 times as long as 2,000."""
    work = {
        count: list(sj.disassemble({"items": [{"name": "Jane Doe", "tags": ["a", "b"]}] * count}))
        for count in (2_000, 4_000)
    }
    benchmark.pedantic(make_items, args=(work[2_000], into), rounds=3)
    fastest = dict.fromkeys(work, float("inf"))
    for _ in range(9):
        for count, chunks in work.items():
            gc.collect()
            gc.freeze()
            begin = time.process_time()
            assert make_items(chunks, into) == count
            fastest[count] = min(fastest[count], time.process_time() - begin)
            gc.unfreeze()
    benchmark.extra_info["ratio"] = ratio = fastest[4_000] / fastest[2_000]
    print(f"\n4,000 items of {into.__name__}: {ratio:.2f} of what 2,000 take (bound: 2.3)")
    assert ratio <= 2.3
