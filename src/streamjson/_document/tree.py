"""What a document is made of: containers, growing strings, holes, and the chain that says where they are.

A `Node` is a container. Its `slots` (a plain dict or list) hold scalars and finished strings themselves, a `Node`,
a `Text`, or `HOLE`; `births` tells at which version each slot was created, in order, so that what exists at a version
is a prefix; what a slot held before is in `history`. Slots are appended to or replaced, never removed.

Nodes form no reference cycle: a node knows its path, not its parent, so a document that is dropped is freed at once.

This module holds data and the small functions on it. Who writes it is `document`, who reads it `history`.
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
    "kind_of",
    "look",
    "new_node",
    "path_of",
    "trail",
    "where_of",
]

Step: TypeAlias = str | int
Where: TypeAlias = "tuple[Where, Step] | None"
"""A location, as a chain of (location of the container, step); None is the root. Siblings share their chain."""

_SOME: Final = 16  # pieces in which a part of a text is looked for first


class Hole(Enum):
    """The type of `HOLE`."""

    HOLE = "HOLE"


HOLE: Final = Hole.HOLE
"""An item that an array has only because a later one exists. It reads as null."""


@define(eq=False, repr=False)
class Node:
    """A container. `value` and `stamp` belong to `value_cache`: its plain value, and the version that it was read at.

    `history[step]` lists what the slot held before, each with the version that replaced it; `index` is made on demand
    and tells the place of a name among the members. `ignored_by` is the token of those whom nothing in it concerns.
    """

    slots: Any  # dict[str, Any] | list[Any]
    where: Where
    is_object: bool
    births: list[int]
    history: dict[Step, list[tuple[int, Any]]] | None = None
    index: dict[str, int] | None = None
    value: Any = None
    stamp: int = -1
    ignored_by: object = None

    def place_of(self, step: Step) -> int:
        """Return how many slots came before that of `step`. A wide object is indexed once, and then as it grows."""
        if not isinstance(step, str):
            return step
        index = self.index
        if index is None:
            index = self.index = {}
        slots: dict[str, Any] = self.slots
        while (known := len(index)) < (count := len(slots)):
            try:
                names = list(islice(reversed(slots), count - known))
            except RuntimeError:  # somebody has written between two of these calls
                continue
            if len(slots) == count:  # else these are other names
                index.update(zip(reversed(names), range(known, count), strict=True))
        return index[step]


def new_node(where: Where, *, is_object: bool) -> Node:
    """Return an empty container at a location."""
    return Node({} if is_object else [], where, is_object, [])


_UNREAD: Final[tuple[list[str], int, int, str]] = ([], 0, 0, "")


@define(eq=False, repr=False)
class Text:
    """A string that grows, or grew in more than one run.

    `pieces[:merged]` are large blocks and `pieces[:counted]` are counted in `size` (UTF-8 bytes).
    `starts[i]` is the version at which it was returned to for the i-th time, and found `bases[i]` characters; after
    the first of these, they are added up when somebody asks (`history`).
    `ignored_by` is the token of those whom it does not concern.

    Who writes appends to `pieces`, and joins some of them now and then (`rejoin`): `joins` is one more while that is
    done, and one more again afterwards. Who reads, maybe in another thread, takes a part of the list in one operation;
    `known` is what was read last: the list, what `joins` was, how many of its pieces were read, and the string that
    they make.
    """

    pieces: list[str]
    bases: list[int] = field(factory=list[int])
    starts: list[int] = field(factory=list[int])
    counted: int = 0
    merged: int = 0
    size: int = 0
    ignored_by: object = None
    joins: int = 0
    known: tuple[list[str], int, int, str] = _UNREAD

    def whole(self) -> str:
        """Return the string as it is now, at the cost of a copy of it if it has grown since it was read."""
        pieces, joins = self.pieces, self.joins
        read, joins_then, count, string = self.known
        if read is not pieces or joins_then != joins:
            count, string = 0, ""
        more = pieces[count:]
        if joins % 2 or joins != self.joins:  # pieces are being joined, so `count` may stand for other ones
            return "".join(pieces)
        if more:
            string += "".join(more)
            self.known = (pieces, joins, count + len(more), string)
        return string

    def rejoin(self, first: int, joined: list[str]) -> None:
        """Put joined pieces in the place of those from `first` on."""
        self.joins += 1
        self.pieces[first:] = joined
        self.joins += 1

    def forget(self) -> None:
        """Give up what was read last."""
        self.known = _UNREAD

    def part(self, start: int, stop: int) -> str:
        """Return the characters from `start` to `stop`, at the cost of the pieces before `stop`, not of the string."""
        first = self.pieces[:_SOME]
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
        """Return the last `length` characters, at the cost of these, not of the string."""
        last = self.pieces[-_SOME:]
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


def look(node: Node, step: Any) -> Any:
    """Return what slot `step` of `node`, a name or an index as it has them, holds now; `MISSING` if there is none."""
    slots = node.slots
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


def where_of(holder: Node, node: Node, key: Step) -> Where:
    """Return the location of a slot; slot 0 of `holder` is the root."""
    return None if node is holder else (node.where, key)


def trail(holder: Node, node: Node, key: Step) -> tuple[Step, ...]:
    """Return the steps that lead from `holder` to a slot."""
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
    """Return the JSON type of a delta, or of what a slot holds: "null", "string" and so on, or "nothing".

    Subclasses and other mappings and sequences count as what they are. Raises `InvalidEventError` for what is none.
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
    raise InvalidEventError(f"{shorten(value)} is no JSON value")
