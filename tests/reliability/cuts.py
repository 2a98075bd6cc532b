"""Streams cut after every byte and resumed: no event is lost, and none is applied twice.

A connection breaks after some bytes. The events decoded so far have been applied; the checkpoints of the assembler and
of the filter and the last event id remain. A server that resumes after that id sends the later events, and overlaps the
earlier ones by none, one or all. The restored assembler continues, and must end like a stream that never broke.

Bytes between the ends of two events do not change the remaining state, which is checked for each byte. So a resumption
is tried once per number of events, not per number of bytes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

import streamjson as sj  # noqa: E402 - like `streams`
from streams import SHAPES  # noqa: E402 - found by the line above

__all__ = ["Cuts", "Resumable", "cut_everywhere", "figures", "streams_to_cut"]

EXAMPLES: Final = HERE.parents[1] / "examples"
LONG_EVENTS: Final = 5_000  # events
SAMPLE_EVERY: Final = 29  # tries one resumption in 29 where all would take too long; a prime, so that it falls anywhere


class Resumable:
    """A stream and its events: `blocks` are the bytes of each event, which a resuming server sends."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data
        offsets = [event.offset or 0 for event in sj.SSEDecoder().feed(data)]
        # Bytes before the first event (a comment, a `retry`) belong to it, bytes after the last event to that.
        self.blocks = [
            data[begin:end] for begin, end in zip([0, *offsets[1:]], [*offsets[1:], len(data)], strict=False)
        ]
        self.events = sj.SSEDecoder().feed(data)
        self._after = {"": 0} | {event.id: number for number, event in enumerate(self.events, 1) if event.id}

    def resumed_after(self, last_event_id: str, overlap: int | None) -> tuple[int, list[sj.ServerSentEvent[str]]]:
        """Return the number of the first event that the server sends, and the events; None overlaps all."""
        first = 0 if overlap is None else max(0, self._after[last_event_id] - overlap)
        return first, sj.SSEDecoder().feed(b"".join(self.blocks[first:]))


class Cuts(NamedTuple):
    """The numbers of trials and of errors."""

    bytes_cut: int
    resumptions: int
    lost: int
    doubled: int
    other_documents: int


def apply_all(
    assembler: sj.Assembler, replays: sj.ReplayFilter, events: list[sj.ServerSentEvent[str]], first: int
) -> list[int]:
    """Apply the events that are not replays; return the numbers of those that changed the document."""
    applied: list[int] = []
    for number, event in enumerate(events, first):
        if assembler.end != "open":
            break
        if replays.is_replay(event):
            continue
        try:
            if assembler.apply(event) is not None:
                applied.append(number)
        except (sj.StreamFailedError, sj.ClosedError):  # the second error if it is replayed
            break
        replays.applied(event)
    return applied


def cut_everywhere(stream: Resumable, *, every: int = 1, by_ids: bool = True) -> Cuts:
    """Cut a stream after every byte, and resume it after every event, or after one in `every` events."""

    def started() -> tuple[sj.Assembler, sj.ReplayFilter]:
        return sj.Assembler(), sj.ReplayFilter(replays_from_start=not by_ids)

    uncut, replays = started()
    expected = apply_all(uncut, replays, stream.events, 0)
    lost = doubled = others = resumptions = 0

    assembler, replays = started()
    decoder = sj.SSEDecoder()
    applied: list[int] = []
    count = 0
    for at in range(len(stream.data) + 1):
        events = decoder.feed(stream.data[at - 1 : at]) if at else []
        if at and not events:
            continue  # the incomplete event is dropped with its connection; nothing else has changed
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
    """Return an id that does not reveal its order."""
    return hashlib.blake2b(b"%d" % number, digest_size=12).hexdigest()


def long_stream(shape: str, count: int = LONG_EVENTS) -> Resumable:
    """Return a stream of one shape with an opaque id for each event."""
    blocks = [
        sj.encode_sse(sj.ServerSentEvent(sj.StreamingChunk(delta, path), id=opaque(number)))
        for number, (path, delta) in enumerate(SHAPES[shape](count))
    ]
    return Resumable(f"{shape}, {count:,} events, opaque ids", b"".join(blocks) + b"data: [DONE]\n\n")


def streams_to_cut(count: int = LONG_EVENTS) -> Iterator[tuple[Resumable, int]]:
    """Yield the example streams and long ones, each with the number of events between resumptions."""
    for path in sorted(EXAMPLES.glob("*.sse")):
        if b'"span_id"' in path.read_bytes():  # of our own wire, not of a provider
            yield Resumable(f"examples/{path.name}", path.read_bytes()), 1
    yield long_stream("people", count), 1
    yield long_stream("interleaved", count), SAMPLE_EVERY
    yield long_stream("one_string", count), SAMPLE_EVERY


def figures(*, quick: bool) -> Iterator[dict[str, Any]]:
    """Yield the results of cutting each stream."""
    for stream, every in streams_to_cut(500 if quick else LONG_EVENTS):
        for by_ids in (True, False):
            found = cut_everywhere(stream, every=SAMPLE_EVERY if quick else every, by_ids=by_ids)
            yield {
                "stream": stream.name,
                "told by": "ids: none, one and all before sent again" if by_ids else "all sent again from the start",
                "events": len(stream.events),
                **found._asdict(),
                "kept": not (found.lost or found.doubled or found.other_documents),
            }
