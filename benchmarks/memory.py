"""The memory that a contestant holds when the value after every piece is kept, in bytes per piece.

Each is measured in a process of its own (this module, run as a script), by `tracemalloc`: it counts Python objects, not
the memory that a library in another language holds besides them. The pieces are made one by one and dropped, so that a
text that a contestant keeps counts as its own. *Retained* is the memory at the end: the contestant and all values.
*Peak* is the most on the way.

Copies of the whole document after each of many thousand pieces fill any machine, so contestants whose values share
nothing with each other (`is_sampled`) keep some of them, which stand for all.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tracemalloc
from typing import Any, Final

from attrs import asdict, frozen

import streamjson as sj
from contestants import Contestant, Turn
from documents import Document, document
from lineup import DISTRIBUTION, OURS, lineup

__all__ = ["SNAPSHOTS", "Footprint", "kept_bytes", "measure_memory"]

MAX_UNSAMPLED_PIECES: Final = 500
SAMPLES: Final = 50
TIMEOUT_S: Final = 300


def _begin_snapshots() -> Turn:
    assembler = sj.Assembler()

    def end() -> Any:
        assembler.close()
        return assembler.snapshot().value

    return Turn(assembler.apply_delta, assembler.snapshot, lambda steps: assembler.snapshot().get(steps), end)


SNAPSHOTS: Final = Contestant(f"{OURS}, snapshots", "deltas", _begin_snapshots, package=DISTRIBUTION)
"""Keeps snapshots instead of values: each can still give its value."""


@frozen
class Footprint:
    """Bytes per piece, or a mark with the reason why they are missing."""

    pieces: int
    retained_bytes: float | None = None
    peak_bytes: float | None = None
    """Also per piece; None if the kept values are samples."""
    samples: int | None = None
    mark: str | None = None
    reason: str | None = None


def kept_bytes(contestant: Contestant, source: Document) -> Footprint:
    """Keep the value after every piece, or samples. Call it in a process that did nothing else."""
    pieces = len(source)
    samples = SAMPLES if contestant.is_sampled and pieces > MAX_UNSAMPLED_PIECES else None
    # Lines are cut into pieces before the count begins; each is made when it is fed.
    feeds: Any = source.each_delta() if contestant.takes == "deltas" else ((piece,) for piece in source.each_piece())
    middles = {(2 * sample + 1) * pieces // (2 * samples) for sample in range(samples)} if samples else None
    kept: list[Any] = []
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    turn = contestant.begin()
    for number, arguments in enumerate(feeds):
        turn.feed(*arguments)
        if middles is None or number in middles:
            kept.append(turn.value())
    del feeds, arguments
    gc.collect()
    now, peak = (traced - before for traced in tracemalloc.get_traced_memory())
    if samples is None:
        return Footprint(pieces, now / pieces, peak / pieces)
    kept.clear()
    gc.collect()
    alone = tracemalloc.get_traced_memory()[0] - before
    return Footprint(pieces, alone / pieces + (now - alone) / samples, samples=samples)


def measure_memory(contestant: Contestant, source: Document) -> Footprint:
    """Measure in a fresh process."""
    if contestant.is_live:
        return Footprint(len(source), mark="live")
    if contestant.takes == "text" and not source.has_text:
        return Footprint(len(source), mark="not applicable")
    command = [sys.executable, __file__, contestant.name, source.shape, source.size]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S, env=environment)
    except subprocess.TimeoutExpired:
        return Footprint(len(source), mark="too slow")
    except subprocess.CalledProcessError as error:
        return Footprint(len(source), mark="failed", reason=error.stderr.strip().rpartition("\n")[2][:200])
    return Footprint(**json.loads(done.stdout))


def main(name: str, shape: str, size: str) -> None:
    """Print the footprint of one contestant on one document as JSON."""
    contestant = next(one for one in (SNAPSHOTS, *lineup().builders) if one.name == name)
    sys.stdout.write(json.dumps(asdict(kept_bytes(contestant, document(shape, size)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
