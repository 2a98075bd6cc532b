"""Connections that break again and again, and a server that sends some events a second time, or a third.

Each stream breaks at random, several times, and the server resumes from anywhere before: every event must be applied
once. Where ids don't tell one event from another the filter must refuse, and say why, instead of guessing.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests")]

import streamjson as sj  # noqa: E402 - as `streams`
from streams import SHAPES  # noqa: E402 - found by the line above

__all__ = ["SENDERS", "figures", "reconnecting"]

Events = list[sj.ServerSentEvent[sj.StreamingChunk]]

EVENTS: Final = 300
STREAMS: Final = 200


def deltas(chosen: random.Random, id_of: Callable[[int], str | None]) -> Events:
    """Return a stream of one of the shapes, with these ids."""
    shape = chosen.choice(list(SHAPES.values()))
    return [
        sj.ServerSentEvent(sj.StreamingChunk(delta, path), id=id_of(number))
        for number, (path, delta) in enumerate(shape(EVENTS))
    ]


# How a sender gives ids, and the code that a filter must refuse it with, None if it must not.
SENDERS: Final[dict[str, tuple[Callable[[random.Random], Callable[[int], str | None]], str | None]]] = {
    "an id of its own for each event": (lambda _: str, None),
    "opaque ids": (lambda chosen: lambda _: f"{chosen.getrandbits(64):x}", None),
    "the same id for each event": (lambda _: lambda _: "chatcmpl-1", "repeated_id"),
    "ids that begin anew after a while": (lambda _: lambda number: str(number % 50), "repeated_id"),
    "now and then no id": (lambda _: lambda number: str(number) if number % 40 else None, "no_id"),
    "no ids": (lambda _: lambda _: None, "no_id"),
}


def reconnecting(events: Events, chosen: random.Random, *, from_start: bool = False) -> dict[str, int]:
    """Apply a stream over connections that break; return how often, and what was sent again, lost and doubled.

    Raises what the filter raises.
    """
    assembler, replays = sj.Assembler(), sj.ReplayFilter(replays_from_start=from_start)
    applied = [0] * len(events)
    reconnects = again = first = furthest = 0
    while furthest < len(events):
        end = min(len(events), furthest + chosen.randint(1, 120))
        for number in range(first, end):
            if replays.is_replay(events[number]):
                again += 1
                continue
            assembler.apply(events[number])
            replays.applied(events[number])
            applied[number] += 1
        furthest = max(furthest, end)
        first = 0 if from_start else chosen.choice([0, max(0, furthest - 1), furthest, chosen.randint(0, furthest)])
        reconnects += 1
        replays.reconnected()
    twice = sum(count - 1 for count in applied if count)
    return {"reconnects": reconnects, "sent_again": again, "lost": applied.count(0), "doubled": twice}


def figures(*, quick: bool) -> Iterator[dict[str, Any]]:
    """Yield what became of the streams of each kind of sender."""
    for from_start in (False, True):
        for name, (sender, expected) in SENDERS.items():
            chosen = random.Random(name)
            expected = None if from_start else expected
            sums = {"reconnects": 0, "sent_again": 0, "lost": 0, "doubled": 0}
            refused = 0
            for _ in range(STREAMS // 10 if quick else STREAMS):
                events = deltas(chosen, sender(chosen))
                try:
                    for key, count in reconnecting(events, chosen, from_start=from_start).items():
                        sums[key] += count
                except sj.CheckpointError as error:
                    refused += error.code in (expected, "other_replay")
            streams = STREAMS // 10 if quick else STREAMS
            yield {
                "sender": name + (", all sent again from the start" if from_start else ""),
                "streams": streams,
                **sums,
                "refused": f"{refused} ({expected})" if expected else refused,
                "kept": not sums["lost"] and not sums["doubled"] and refused == (streams if expected else 0),
            }
