"""The parts of a document: containers, growing strings, holes, and locations.

A `Node` is a container. Its `entries` (a plain dict or list) hold scalars and finished strings themselves, a `Node`,
a `Text` or `HOLE`. A *slot* is the place of an entry: a container, and a name or an index in it; its *content* is the
entry. `created_at` has the version at which each slot was created, in order, so the slots that exist at a version are a
prefix. `history` has the earlier contents. Entries are appended or replaced, never removed.

Nodes form no reference cycle: a node knows its location, not its parent, so a dropped document is freed at once.

This module holds the data and small functions on it. `document` writes the tree, `history` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from itertools import islice
from typing import Any, Final, TypeAlias

from attrs import define, field

from .._errors import InvalidEventError, shorten
from .._json import MISSING, is_array

__all__ = [
    "HOLE",
    "Hole",
    "Node",
    "Step",
    "Text",
    "Where",
    "current",
    "kind_of",
    "location_of",
    "new_node",
    "path_of",
    "path_to_slot",
]

Step: TypeAlias = str | int
Where: TypeAlias = "tuple[Where, Step] | None"
"""A location, as a chain of (location of the container, step); None is the root. Siblings share their chain."""

_NEAR_PIECES: Final = 16  # pieces at an end of a text that are searched before the whole list is copied


class Hole(Enum):
    """The type of `HOLE`."""

    HOLE = "HOLE"


HOLE: Final = Hole.HOLE
"""An item that an array has only because a later item exists. It reads as null."""


@define(eq=False, repr=False)
class Node:
    """A container. `value` and `stamp` belong to `value_cache`: its plain value, and the version of that value.

    `history[step]` lists the earlier contents of a slot, each with the version that replaced it. `index` is made on
    demand, and maps a name to its position among the members. `no_listener_epoch` is the listener epoch in which
    nothing in the container has a listener.
    """

    entries: Any  # dict[str, Any] | list[Any]
    where: Where
    is_object: bool
    created_at: list[int]
    history: dict[Step, list[tuple[int, Any]]] | None = None
    index: dict[str, int] | None = None
    value: Any = None
    stamp: int = -1
    no_listener_epoch: object = None

    def place_of(self, step: Step) -> int:
        """Return how many slots were created before that of `step`. An object is indexed once, and then as it grows."""
        if not isinstance(step, str):
            return step
        index = self.index
        if index is None:
            index = self.index = {}
        slots: dict[str, Any] = self.entries
        while (known := len(index)) < (count := len(slots)):
            try:
                names = list(islice(reversed(slots), count - known))
            except RuntimeError:  # the writer came in between two of these calls
                continue
            if len(slots) == count:  # else a member was added meanwhile, and these are other names
                index.update(zip(reversed(names), range(known, count), strict=True))
        return index[step]


def new_node(where: Where, *, is_object: bool) -> Node:
    """Return an empty container at a location."""
    return Node({} if is_object else [], where, is_object, [])


_UNREAD: Final[tuple[list[str], int, int, str]] = ([], 0, 0, "")


@define(eq=False, repr=False)
class Text:
    """A string that grows, or grew in more than one run.

    `pieces[:merged]` are large blocks, and `pieces[:counted]` are included in `size` (UTF-8 bytes).
    `starts[i]` is the first version of run i, counted from 0 without the run that set the string, and `bases[i]` the
    length in characters before that run; `history` adds up all but the first length, on request.
    `no_listener_epoch` is the listener epoch in which the string has no listener.

    The writer appends to `pieces`, and joins some of them now and then (`rejoin`); `joins` is odd meanwhile (INVARIANTS
    4). A reader, maybe in another thread, takes a part of the list in one operation. `known` is its last read: the
    list, the value of `joins`, how many pieces were read, and the string that they make.
    """

    pieces: list[str]
    bases: list[int] = field(factory=list[int])
    starts: list[int] = field(factory=list[int])
    counted: int = 0
    merged: int = 0
    size: int = 0
    no_listener_epoch: object = None
    joins: int = 0
    known: tuple[list[str], int, int, str] = _UNREAD

    def whole(self) -> str:
        """Return the string as it is now. Costs a copy of it if it has grown since the last read."""
        pieces, joins = self.pieces, self.joins
        read, joins_then, count, string = self.known
        if read is not pieces or joins_then != joins:
            count, string = 0, ""
        more = pieces[count:]
        if joins % 2 or joins != self.joins:  # pieces are or were being joined, so `count` may mean other ones
            return "".join(pieces)
        if more:
            string += "".join(more)
            self.known = (pieces, joins, count + len(more), string)
        return string

    def rejoin(self, first: int, blocks: list[str]) -> None:
        """Replace the pieces from `first` on by blocks with the same text."""
        self.joins += 1
        self.pieces[first:] = blocks
        self.joins += 1

    def forget(self) -> None:
        """Drop the last read."""
        self.known = _UNREAD

    def part(self, start: int, stop: int) -> str:
        """Return the characters from `start` to `stop`. Costs the pieces before `stop`, not the whole string."""
        first = self.pieces[:_NEAR_PIECES]
        if sum(map(len, first)) < stop:
            first = self.pieces[:]
        found: list[str] = []
        for piece in first:
            if stop <= 0:
                break
            if start < len(piece):
                found.append(piece[max(start, 0) : stop])
            start -= len(piece)
            stop -= len(piece)
        return "".join(found)

    def tail(self, length: int) -> str:
        """Return the last `length` characters. Costs these, not the whole string."""
        last = self.pieces[-_NEAR_PIECES:]
        if sum(map(len, last)) < length:
            last = self.pieces[:]
        found: list[str] = []
        for piece in reversed(last):
            if length <= len(piece):
                found.append(piece[len(piece) - length :])
                break
            found.append(piece)
            length -= len(piece)
        return "".join(reversed(found))


def current(node: Node, step: Any) -> Any:
    """Return the present content of slot `step`, a name in an object, an index in an array; `MISSING` if none."""
    slots = node.entries
    if node.is_object:
        return slots.get(step, MISSING)
    return slots[step] if step < len(slots) else MISSING


def path_of(where: Where) -> tuple[Step, ...]:
    """Return the steps of a location."""
    steps: list[Step] = []
    while where is not None:
        where, step = where
        steps.append(step)
    return tuple(reversed(steps))


def location_of(holder: Node, node: Node, key: Step) -> Where:
    """Return the location of a slot; slot 0 of the container `root_slot` is the root."""
    return None if node is holder else (node.where, key)


def path_to_slot(holder: Node, node: Node, key: Step) -> tuple[Step, ...]:
    """Return the steps from `root_slot` to a slot: 0, then those of its location."""
    return (key,) if node is holder else (0, *path_of(node.where), key)


_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    str: "string",
    Text: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    dict: "object",
    list: "array",
    type(MISSING): "nothing",
    Hole: "nothing",
}


def kind_of(value: object) -> str:
    """Return the JSON type of a delta, or of the content of a slot: "null", "string" and so on, or "nothing".

    Subclasses, other mappings and sequences have the type of the plain class. Raises `InvalidEventError` for any object
    that is not a JSON value.
    """
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    if type(value) is Node:
        return "object" if value.is_object else "array"
    for base, kind in ((str, "string"), (int, "number"), (float, "number"), (Mapping, "object")):
        if isinstance(value, base):
            return kind
    if is_array(value):
        return "array"
    raise InvalidEventError(f"{shorten(value)} is not a JSON value")
