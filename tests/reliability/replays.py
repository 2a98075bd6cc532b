"""Connections that break repeatedly, and a server that replays some events, even several times.

Each stream breaks several times at random, and the server resumes from any earlier event: each event must be applied
exactly once. If ids do not identify events, the filter must refuse with a reason instead of guessing.

`SENDERS` differ in their ids. `SERVERS` keep logs of several spans: they name spans in different ways, restart, and
some break the rules for ids. In a session with a server the document must be right after each event, until the end or
until the filter refuses.

The names of senders and servers are also the seeds of their random choices.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

import streamjson as sj  # noqa: E402 - like `streams`
from streams import SHAPES  # noqa: E402 - found by the line above

__all__ = ["SENDERS", "SERVERS", "figures", "reconnecting", "session", "sessions"]

Events = list[sj.ServerSentEvent[sj.StreamingChunk]]

EVENTS: Final = 300
STREAMS: Final = 200
SESSIONS: Final = 10_000


def deltas(chosen: random.Random, id_of: Callable[[int], str | None]) -> Events:
    """Return a stream of a random shape, with ids by `id_of`."""
    shape = chosen.choice(list(SHAPES.values()))
    return [
        sj.ServerSentEvent(sj.StreamingChunk(delta, path), id=id_of(number))
        for number, (path, delta) in enumerate(shape(EVENTS))
    ]


# How a sender assigns ids, and the code with which a filter must refuse it; None if it must not refuse.
SENDERS: Final[dict[str, tuple[Callable[[random.Random], Callable[[int], str | None]], str | None]]] = {
    "an id of its own for each event": (lambda _: str, None),
    "opaque ids": (lambda chosen: lambda _: f"{chosen.getrandbits(64):x}", None),
    "the same id for each event": (lambda _: lambda _: "chatcmpl-1", "repeated_id"),
    "ids that begin anew after a while": (lambda _: lambda number: str(number % 50), "repeated_id"),
    "now and then no id": (lambda _: lambda number: str(number) if number % 40 else None, "no_id"),
    "no ids": (lambda _: lambda _: None, "no_id"),
}


def reconnecting(events: Events, chosen: random.Random, *, from_start: bool = False) -> dict[str, int]:
    """Apply a stream over breaking connections; return the numbers of reconnects and of replayed, lost, doubled events.

    Raises the errors of the filter.
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


# ---------------------------------------------------------------------------------------------------------------------
# several spans


@dataclass
class Entry:
    """An entry of a log: an event of a span without its id, which may depend on the connection."""

    span: int
    number: int  # in the log
    place: int  # in the span
    fields: dict[str, Any]
    data: str = ""  # undecodable data, instead of a chunk

    @property
    def is_skipped(self) -> bool:
        return self.data != "" or not isinstance(self.fields.get("delta", ""), str)


@dataclass
class Log:
    """The events of a server since its last restart, and the document's text after each event."""

    entries: list[Entry] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, span: int, place: int, fields: dict[str, Any], data: str = "") -> None:
        entry = Entry(span, len(self.entries), place, fields, data)
        before = self.texts[-1] if self.texts and self.entries[-1].span == span else ""
        self.entries.append(entry)
        self.texts.append(before if entry.is_skipped else before + fields.get("delta", ""))


Stamp = Literal["the first event", "each event", "an event of its own", "an event of its own without an id"]


@dataclass(frozen=True)
class Server:
    """How a server assigns ids, names its spans and continues after a break.

    `id_of` takes an entry, the number of the connection, and the position of the event among those with ids in it.
    """

    id_of: Callable[[Entry, int, int], str | None]
    stamp: Stamp = "the first event"
    starts_over: bool = False  # sometimes, after a break
    repeats_itself: bool = False  # whether all deltas are the same
    may_be_refused: bool = False

    def log(self, chosen: random.Random, first_span: int) -> Log:
        log = Log()
        for span in range(first_span, first_span + chosen.randint(1, 3)):
            place = 0
            name = {"span_id": f"span {span}"}
            if self.stamp.startswith("an event of its own"):
                log.add(span, place, name)
                place += 1
            for number in range(chosen.randint(1, 8)):
                delta: Any = "x" if self.repeats_itself else f"{span}.{number} "
                is_named = self.stamp == "each event" or (self.stamp == "the first event" and not number)
                fields = {"delta": delta, "json_path": "a", **(name if is_named else {})}
                kind = chosen.randrange(12) if number else 0
                if kind == 1:  # rejected because of its delta
                    fields["delta"] = [number]
                log.add(span, place, fields, data=f"{{ {span}.{number}" if kind == 2 else "")  # or undecodable
                place += 1
        return log

    def has_id(self, entry: Entry) -> bool:
        return self.stamp != "an event of its own without an id" or "delta" in entry.fields

    def event(self, entry: Entry, connection: int, place: int) -> sj.ServerSentEvent[Any]:
        event_id = self.id_of(entry, connection, place) if self.has_id(entry) else None
        return sj.ServerSentEvent(entry.data or sj.StreamingChunk(**entry.fields), id=event_id)


def _unique(entry: Entry, _connection: int, _place: int) -> str:
    return str(entry.number)


def _of_span(entry: Entry, _connection: int, _place: int) -> str:
    return str(entry.place)


def _counted_per_connection(_entry: Entry, _connection: int, place: int) -> str:
    return str(place)


def _new(_entry: Entry, connection: int, place: int) -> str:
    return f"{connection}-{place}"


def _none(_entry: Entry, _connection: int, _place: int) -> None:
    return None


STAMPS: Final[tuple[Stamp, ...]] = (
    "the first event",
    "each event",
    "an event of its own",
    "an event of its own without an id",
)
REFUSED: Final = {"may_be_refused": True}
BY_IDS: Final[dict[str, Server]] = {
    f"several spans, {name}; {stamp} names a span": Server(
        id_of, stamp, **(options | REFUSED if stamp == STAMPS[-1] else options)
    )
    for stamp in STAMPS
    for name, (id_of, options) in {
        "ids of the log": (_unique, {}),
        "ids of the log and the same deltas": (_unique, {"repeats_itself": True}),
        "ids of the log, started over": (_unique, REFUSED | {"starts_over": True}),
        "ids of the span": (_of_span, REFUSED),
        "ids of the span and the same deltas": (_of_span, REFUSED | {"repeats_itself": True}),
        "ids of the span, started over": (_of_span, REFUSED | {"starts_over": True}),
        "ids counted anew on each connection": (_counted_per_connection, REFUSED),
    }.items()
}
FROM_START: Final[dict[str, Server]] = {
    f"several spans, {name}, all sent again from the start; {stamp} names a span": Server(id_of, stamp, **options)
    for stamp in STAMPS
    for name, (id_of, options) in {
        "ids new on each connection": (_new, {}),
        "no ids": (_none, {}),
        "no ids and the same deltas": (_none, {"repeats_itself": True}),
        "no ids, started over": (_none, {"starts_over": True}),
    }.items()
}
SERVERS: Final = BY_IDS | FROM_START
"""Servers of several spans. Only a filter for replays from the start works with ids that change per connection."""


def session(name: str, chosen: random.Random) -> dict[str, int]:
    """Follow a server over breaking connections; return the counts of `reconnecting`, and `refused`.

    `lost` and `doubled` mean that the document is too short or too long after an event, which ends the session.
    """
    server, from_start = SERVERS[name], name in FROM_START
    assembler = sj.Assembler(on_new_span="reset", on_invalid="skip")
    replays = sj.ReplayFilter(replays_from_start=from_start)
    log = server.log(chosen, 0)
    found = {"reconnects": 0, "sent_again": 0, "lost": 0, "doubled": 0, "refused": 0}
    furthest, right, skipped = 0, "", 0
    while furthest < len(log.entries):
        if server.starts_over and found["reconnects"] and not chosen.randrange(4):
            log, furthest = server.log(chosen, log.entries[-1].span + 1), 0
        first = 0 if from_start else chosen.choice([0, furthest, chosen.randint(0, furthest)])
        last = min(len(log.entries), furthest + chosen.randint(0, 8))
        place = -1
        for entry in log.entries[first:last]:
            place += server.has_id(entry)
            event = server.event(entry, found["reconnects"], place)
            try:
                if replays.is_replay(event):
                    found["sent_again"] += 1
                else:
                    assembler.apply(event)
                    replays.applied(event)
            except sj.CheckpointError:
                found["refused"] = 1
            else:
                if entry.number >= furthest:
                    furthest, right = entry.number + 1, log.texts[entry.number]
                    skipped += entry.is_skipped
            # An event of a server that breaks the rules may be skipped twice, which does not change the document.
            expected = assembler.skipped_count if server.may_be_refused else skipped
            found |= _damage(assembler, right, expected)
            if found["refused"] or found["lost"] or found["doubled"]:
                return found
        if chosen.randrange(2):
            try:
                replays.reconnected()
            except sj.CheckpointError:
                return found | {"refused": 1}
        else:  # in another process
            assembler = sj.Assembler.restore(assembler.checkpoint(), on_new_span="reset", on_invalid="skip")
            replays = sj.ReplayFilter.restore(replays.checkpoint())
        found["reconnects"] += 1
    return found


def _damage(assembler: sj.Assembler, right: str, skipped: int) -> dict[str, int]:
    document = assembler.snapshot().value
    text = document["a"] if document else ""
    is_right = (text, assembler.skipped_count) == (right, skipped)
    has_lost = len(text) < len(right) or assembler.skipped_count < skipped
    return {"lost": int(has_lost), "doubled": int(not is_right and not has_lost)}


def sessions(count: int) -> Iterator[dict[str, Any]]:
    """Yield the results of `count` sessions, spread over all servers."""
    for name, server in SERVERS.items():
        chosen = random.Random(name)
        each = -(-count // len(SERVERS))
        ended = [session(name, chosen) for _ in range(each)]
        row: dict[str, Any] = {"sender": name, "streams": each}
        row |= {key: sum(one[key] for one in ended) for key in ended[0]}
        row["kept"] = not row["lost"] and not row["doubled"] and (server.may_be_refused or not row["refused"])
        yield row


def figures(*, quick: bool) -> Iterator[dict[str, Any]]:
    """Yield the results for each kind of sender."""
    yield from _streams(quick=quick)
    sums: dict[str, dict[str, Any]] = {}
    for row in sessions(SESSIONS // 10 if quick else SESSIONS):
        row["sender"], _ = row["sender"].split("; ")
        summed = sums.setdefault(row["sender"], row)
        if summed is not row:
            counts = {key: summed[key] + row[key] for key in row if type(row[key]) is int}
            summed |= counts | {"kept": summed["kept"] and row["kept"]}
    yield from sums.values()


def _streams(*, quick: bool) -> Iterator[dict[str, Any]]:
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
