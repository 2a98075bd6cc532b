"""Streams that break off after every byte, and are resumed: nothing is lost, nothing comes twice.

A connection breaks after some bytes. What was decoded up to there has been applied; the assembler's checkpoint and the
filter's are what is left of it, and the last event id. A server that is asked to resume after that id sends what comes
after, and some of what came before: none, one event, or all. What is restored goes on, and must end where a stream ends
that never broke.

Bytes between the ends of two events change nothing that is kept, which is looked at for each of them; so a resumption
is tried once for each number of events, not of bytes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

import streamjson as sj  # noqa: E402 - as `streams`
from streams import SHAPES  # noqa: E402 - found by the line above

__all__ = ["Cuts", "Resumable", "cut_everywhere", "figures", "streams_to_cut"]

EXAMPLES: Final = HERE.parents[1] / "examples"
LONG: Final = 5_000  # events
SAMPLE: Final = (
    29  # of so many resumptions one is tried, where all would take too long; a prime, so that it falls anywhere
)


class Resumable:
    """A stream, event by event: `blocks` are their bytes, and what a server sends that resumes after an id."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data
        offsets = [event.offset or 0 for event in sj.SSEDecoder().feed(data)]
        # What precedes the first event, a comment or a `retry`, belongs to it; what follows the last one is a part.
        self.blocks = [
            data[begin:end] for begin, end in zip([0, *offsets[1:]], [*offsets[1:], len(data)], strict=False)
        ]
        self.events = sj.SSEDecoder().feed(data)
        self._after = {"": 0} | {event.id: number for number, event in enumerate(self.events, 1) if event.id}

    def resumed_after(self, last_event_id: str, overlap: int | None) -> tuple[int, list[sj.ServerSentEvent[str]]]:
        """Return the number of the first event that is sent, and the events; None overlaps all."""
        first = 0 if overlap is None else max(0, self._after[last_event_id] - overlap)
        return first, sj.SSEDecoder().feed(b"".join(self.blocks[first:]))


class Cuts(NamedTuple):
    """What was tried, and what went wrong."""

    bytes_cut: int
    resumptions: int
    lost: int
    doubled: int
    other_documents: int


def apply_all(
    assembler: sj.Assembler, replays: sj.ReplayFilter, events: list[sj.ServerSentEvent[str]], first: int
) -> list[int]:
    """Apply the events that are no replays; return the numbers of those that brought something."""
    applied: list[int] = []
    for number, event in enumerate(events, first):
        if assembler.end != "open":
            break
        if replays.is_replay(event):
            continue
        try:
            if assembler.apply(event) is not None:
                applied.append(number)
        except (sj.StreamFailedError, sj.ClosedError):  # the second, when it is sent again
            break
        replays.applied(event)
    return applied


def cut_everywhere(stream: Resumable, *, every: int = 1, by_ids: bool = True) -> Cuts:
    """Cut a stream after every byte, and resume it after every event (or `every` so many of them)."""

    def begun() -> tuple[sj.Assembler, sj.ReplayFilter]:
        return sj.Assembler(), sj.ReplayFilter(replays_from_start=not by_ids)

    uncut, replays = begun()
    expected = apply_all(uncut, replays, stream.events, 0)
    lost = doubled = others = resumptions = 0

    assembler, replays = begun()
    decoder = sj.SSEDecoder()
    applied: list[int] = []
    count = 0
    for at in range(len(stream.data) + 1):
        events = decoder.feed(stream.data[at - 1 : at]) if at else []
        if at and not events:
            continue  # the unfinished event is dropped with its connection, and nothing else has changed
        applied += apply_all(assembler, replays, events, count)
        count += len(events)
        if count % every:
            continue
        saved, saved_ids = assembler.checkpoint(), replays.checkpoint()
        for overlap in (0, 1, None) if by_ids else (None,):
            resumed, again = sj.Assembler.restore(saved), sj.ReplayFilter.restore(saved_ids)
            again.reconnected()
            first, sent = stream.resumed_after(resumed.last_event_id, overlap)
            numbers = sorted(applied + apply_all(resumed, again, sent, first))
            resumptions += 1
            lost += len(set(expected) - set(numbers))
            doubled += len(numbers) - len(set(numbers))
            others += resumed.snapshot().copy_value() != uncut.snapshot().value or resumed.end != uncut.end
    return Cuts(len(stream.data) + 1, resumptions, lost, doubled, others)


def opaque(number: int) -> str:
    """Return an id that tells nothing of its order."""
    return hashlib.blake2b(b"%d" % number, digest_size=12).hexdigest()


def long_stream(shape: str, count: int = LONG) -> Resumable:
    """Return a stream of one shape, with an opaque id for each event."""
    blocks = [
        sj.encode_sse(sj.ServerSentEvent(sj.StreamingChunk(delta, path), id=opaque(number)))
        for number, (path, delta) in enumerate(SHAPES[shape](count))
    ]
    return Resumable(f"{shape}, {count:,} events, opaque ids", b"".join(blocks) + b"data: [DONE]\n\n")


def streams_to_cut(count: int = LONG) -> Iterator[tuple[Resumable, int]]:
    """Yield the example streams, and long ones; and after how many events each time to try a resumption."""
    for path in sorted(EXAMPLES.glob("*.sse")):
        yield Resumable(f"examples/{path.name}", path.read_bytes()), 1
    yield long_stream("people", count), 1
    yield long_stream("interleaved", count), SAMPLE
    yield long_stream("one_string", count), SAMPLE


def figures(*, quick: bool) -> Iterator[dict[str, Any]]:
    """Yield what cutting each stream has found."""
    for stream, every in streams_to_cut(500 if quick else LONG):
        for by_ids in (True, False):
            found = cut_everywhere(stream, every=SAMPLE if quick else every, by_ids=by_ids)
            yield {
                "stream": stream.name,
                "told by": "ids: none, one and all before sent again" if by_ids else "all sent again from the start",
                "events": len(stream.events),
                **found._asdict(),
                "kept": not (found.lost or found.doubled or found.other_documents),
            }
