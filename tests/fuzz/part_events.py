"""From choices to the events of a provider: a recorded stream of the vectors, mutated.

A mutation changes one place of one event, or moves events: so most of a stream stays as a provider sends it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from provider_rows import call_rows, provider_rows
from source import Source

__all__ = ["mutated_events"]

JUNK: Final[tuple[Any, ...]] = (
    None, "", "x", '{"a": 1}', '{"a"', "}", "\ud83d", "null", "stop", "length", 0, 1, -1, 2**60, 1.5, True, False, [],
    {}, [None], {"a": 1}, {"type": "text", "text": "x"}, [[[]]],
)  # fmt: skip
MAX_MUTATIONS: Final = 8


@cache
def streams() -> list[list[Any]]:
    """Return the events of every stream."""
    return [row["events"] for row in provider_rows()] + [events for _, events, _ in call_rows()]


def mutated_events(source: Source) -> list[Any]:
    """Return a stream with up to `MAX_MUTATIONS` mutations."""
    every = streams()
    events = copy.deepcopy(source.choice(every))
    for _ in range(source.byte() % (MAX_MUTATIONS + 1)):
        source.choice(MUTATIONS)(source, events)
    return events


def _change_value(source: Source, events: list[Any]) -> None:
    for container, key in _place(source, events):
        container[key] = copy.deepcopy(source.choice(JUNK))


def _remove_member(source: Source, events: list[Any]) -> None:
    for container, key in _place(source, events):
        del container[key]


def _rename_member(source: Source, events: list[Any]) -> None:
    for container, key in _place(source, events):
        if isinstance(container, dict):
            container[source.choice(("error", "type", "index", "id", "delta", "text", "x"))] = container.pop(key)


def _cut_text(source: Source, events: list[Any]) -> None:
    for container, key in _place(source, events):
        if isinstance(container[key], str):
            container[key] = container[key][: source.byte() % (len(container[key]) + 1)]


def _drop_event(source: Source, events: list[Any]) -> None:
    if events:
        del events[source.byte() % len(events)]


def _repeat_event(source: Source, events: list[Any]) -> None:
    if events:
        at = source.byte() % len(events)
        events.insert(source.byte() % (len(events) + 1), copy.deepcopy(events[at]))


def _swap_events(source: Source, events: list[Any]) -> None:
    if events:
        one, other = source.byte() % len(events), source.byte() % len(events)
        events[one], events[other] = events[other], events[one]


def _insert_foreign_event(source: Source, events: list[Any]) -> None:
    others = source.choice(streams())
    events.insert(source.byte() % (len(events) + 1), copy.deepcopy(others[source.byte() % len(others)]))


MUTATIONS: Final[tuple[Callable[[Source, list[Any]], None], ...]] = (
    _change_value, _remove_member, _rename_member, _cut_text, _drop_event, _repeat_event, _swap_events,
    _insert_foreign_event,
)  # fmt: skip


def _place(source: Source, events: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield one place in one event: its container and its key; none if the event is empty."""
    if not events:
        return
    places = list(_places(events[source.byte() % len(events)]))
    if places:
        yield places[int.from_bytes(source.take(2)) % len(places)]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
