"""What stands at one location of a snapshot, read only as far as somebody looks.

    Snapshot -> Part: its kind, how many items it has, some of them, the start or the end of a text

Owns nothing: a part is a reference into the document and a version. It only reads, and builds no value of a container.
Knows nothing of screens.

Cost: O(steps) to get there; O(what is asked for) from there, whatever the document's size. Two exceptions: a text that
is read at an old version is joined first, and members in the middle of a wide object are found by counting from the
nearer end.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from attrs import define

from streamjson import Snapshot
from streamjson._document import (
    Document,
    Node,
    Step,
    Text,
    kind_of,
    locate,
    location,
    read,
    slot_at,
    slots_at,
    string_at,
    trail,
    visible,
)

__all__ = ["Part", "last_changed", "root_of"]


@define(eq=False)
class Part:
    """One location at one version. `kind` is the JSON type, or "nothing"."""

    _document: Document
    _version: int
    _node: Node
    _key: Step
    _thing: Any

    @property
    def kind(self) -> str:
        """The JSON type of what stands here: "object", "array", "string" and so on, or "nothing"."""
        return kind_of(self._thing)

    @property
    def count(self) -> int:
        """The number of items; 0 for what is no container."""
        return visible(self._thing, self._version) if type(self._thing) is Node else 0

    def child(self, step: Step) -> Part:
        """Return what stands one step below, "nothing" if there is nothing."""
        return Part(self._document, self._version, self._thing, step, slot_at(self._thing, step, self._version))

    def items(self) -> Iterator[tuple[Step, Part]]:
        """Yield the items from the first one on."""
        for step, thing in slots_at(self._thing, self._version):
            yield step, Part(self._document, self._version, self._thing, step, thing)

    def last_step(self) -> Step:
        """Return the step of the last item, of which there must be one."""
        return self.steps(self.count - 1, self.count)[0]

    def place_of(self, step: Step) -> int:
        """Return how many items stand before that of `step`."""
        if step == self.last_step():  # nearly always, and then no index of the names is needed
            return self.count - 1
        node: Node = self._thing
        return node.place_of(step)

    def steps(self, first: int, stop: int) -> list[Step]:
        """Return the steps of items `first` to `stop`."""
        slots = self._thing.slots
        if not self._thing.is_object:
            return list(range(first, stop))
        total = len(slots)
        if first <= total - stop:
            return list(islice(slots, first, stop))
        return list(islice(reversed(slots), total - stop, total - first))[::-1]

    def scalar(self) -> Any:
        """Return the value of what is neither container nor string."""
        return read(self._document, self._node, self._key, self._thing, self._version)

    def start(self, count: int) -> str:
        """Return the first characters of a string."""
        if self._grows():
            found = ""
            for piece in self._thing.pieces:
                found += piece[:count]
                if len(found) >= count:
                    break
            return found[:count]
        return self._string()[:count]

    def end(self, count: int) -> str:
        """Return the last characters of a string."""
        if self._grows():
            growing: Text = self._thing
            return growing.tail(count)
        text = self._string()
        return text[max(len(text) - count, 0) :]

    @property
    def length(self) -> int:
        """The number of characters of a string."""
        return sum(map(len, self._thing.pieces)) if self._grows() else len(self._string())

    def _grows(self) -> bool:
        return type(self._thing) is Text and self._version == self._document.version

    def _string(self) -> str:
        return string_at(self._document, self._node, self._key, self._thing, self._version)


def root_of(snapshot: Snapshot) -> Part:
    """Return the root of the document that a snapshot shows."""
    document, version = snapshot._document, snapshot.version
    return Part(document, version, *locate(document, (), version))


def last_changed(snapshot: Snapshot) -> tuple[Step, ...]:
    """Return the path of the last change that a snapshot shows; the root's before the first one."""
    document = snapshot._document
    return trail(document.holder, *location(document, snapshot.version))[1:]
