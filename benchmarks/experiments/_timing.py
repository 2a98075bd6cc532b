"""The clock of the experiments: candidates for one task take turns, and the fastest turn of each counts.

The other turns were disturbed by other work of the machine. The collector is on, but has no old objects to look at.
"""

from __future__ import annotations

import gc
import platform
import time
from collections.abc import Callable, Mapping
from itertools import repeat

__all__ = ["fastest", "heading", "show"]


def fastest(
    ways: Mapping[str, Callable[[], object]], *, calls: int, per: int = 1, rounds: int = 15
) -> dict[str, float]:
    """Return the nanoseconds that each candidate takes for one of the `per` items that a call handles."""
    times = dict.fromkeys(ways, float("inf"))
    for turn in range(rounds + 1):
        for name, way in ways.items():
            gc.collect()
            gc.freeze()
            begin = time.perf_counter_ns()
            for _ in repeat(None, calls):
                way()
            taken = time.perf_counter_ns() - begin
            gc.unfreeze()
            if turn:  # the first one warms up
                times[name] = min(times[name], taken / calls / per)
    return times


def heading() -> None:
    """Print the interpreter and the machine."""
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")


def show(title: str, times: Mapping[str, float]) -> None:
    """Print one table of nanoseconds."""
    width = max(map(len, times))
    print(f"\n{title}")
    for name, nanoseconds in times.items():
        print(f"  {name:{width}}  {nanoseconds:10,.0f} ns")
