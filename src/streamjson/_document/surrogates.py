"""Halves of surrogate pairs that wait at the end of a string for their partner.

A string delta that ends with a high surrogate may have been cut in the middle of a character. The half is then held: it
belongs to no value and no version until the next delta to its string brings its partner, or it is repaired to U+FFFD.

This module keeps the halves, by the place of their string (the id of its container, and the key). It writes nothing to
a document and knows no limits; when a half is repaired, and what it counts, is up to `writer`.

Cost: O(1), but `inside`, which costs what the searched container holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeAlias

from .._json import repair_surrogates
from .tree import Node, Step, current

__all__ = ["Half", "PendingSurrogates"]

Place: TypeAlias = tuple[int, Step]
Half: TypeAlias = tuple[Node, Step, str]
"""The slot of a string, and the code unit that is pending there."""


class PendingSurrogates(dict[Place, Half]):
    """The pending halves. A dict, so that the fast paths find out at once that there are none."""

    __slots__ = ("repaired",)

    def __init__(self) -> None:
        self.repaired: list[Half] = []
        """The halves that the end has repaired: pending again if the document is reopened."""

    def join(self, place: Place, delta: str) -> tuple[str, str]:
        """Return a delta with the half before it and every other lone half repaired, and the half at its end."""
        if delta and (self or not delta.isascii()):
            pending = self.get(place)
            return repair_surrogates(("" if pending is None else pending[2]) + str.__str__(delta))
        return str.__str__(delta), ""

    def others(self, places: Collection[Place]) -> Iterator[tuple[Node, Step]]:
        """Yield the slots of all halves but those at `places`."""
        for place, (node, key, _) in self.items():
            if place not in places:
                yield node, key

    def replace(self, node: Node, key: Step, half: str, gone: Iterable[Place]) -> None:
        """Discard the halves at the places `gone`, and hold `half` for a slot, unless it is "". May be repeated."""
        for place in gone:
            self.pop(place, None)
        if half:
            self[id(node), key] = (node, key, half)

    def inside(self, node: Node, key: Step) -> set[Place]:
        """Return the places of the halves in a slot, or in the container there."""
        found: set[Place] = set()
        todo: list[tuple[Node, Step, Any]] = [(node, key, current(node, key))] if self else []
        while todo and len(found) < len(self):
            node, key, thing = todo.pop()
            if type(thing) is Node:
                slots: Any = thing.entries
                items: Any = slots.items() if thing.is_object else enumerate(slots)
                todo += [(thing, step, item) for step, item in items]
            elif (id(node), key) in self:
                found.add((id(node), key))
        return found

    def is_from(self, delta: object) -> bool:
        """Return whether this very object is pending. A delta that is only a half makes no version."""
        return any(half is delta for _, _, half in self.values())

    def end(self) -> None:
        """Record that the end has repaired all halves."""
        if self:  # else it is called again, after an interrupt
            self.repaired = list(self.values())
            self.clear()

    def reopen(self) -> None:
        """Make the halves that the end has repaired pending again."""
        self.take_up(self.repaired, [])

    def take_up(self, pending: Iterable[Half], repaired: Iterable[Half]) -> None:
        """Continue with these halves, of a document that is restored or reopened."""
        self.clear()
        self.update({(id(node), key): (node, key, half) for node, key, half in pending})
        self.repaired = list(repaired)
