"""The content of one location of a snapshot, read only as far as needed.

    Snapshot -> Part: its kind, its number of items, some of them, the start or the end of a text

It owns nothing: a part refers to the document and a version. It only reads, and builds no value of a container. It
does not know screens.

Cost: O(steps) to get to a location; from there O(what is requested), for a document of any size. There are two
exceptions: a text that is read at an old version is joined first, and members in the middle of a wide object are found
by counting from the nearer end.
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
    path_to_slot,
    read,
    slot_at,
    slots_at,
    string_at,
    visible,
)
from streamjson._view import document_of

__all__ = ["Part", "last_changed", "root_of"]


@define(eq=False)
class Part:
    """One location at one version. `kind` is the JSON type, or "nothing"."""

    _document: Document
    _version: int
    _node: Node
    _key: Step
    _content: Any

    @property
    def kind(self) -> str:
        """The JSON type of the content: "object", "array", "string" and so on, or "nothing"."""
        return kind_of(self._content)

    @property
    def count(self) -> int:
        """The number of items; 0 if this is not a container."""
        return visible(self._content, self._version) if type(self._content) is Node else 0

    def child(self, step: Step) -> Part:
        """Return the part one step below; its kind is "nothing" if there is none."""
        return Part(self._document, self._version, self._content, step, slot_at(self._content, step, self._version))

    def items(self) -> Iterator[tuple[Step, Part]]:
        """Yield the items, beginning with the first."""
        for step, content in slots_at(self._content, self._version):
            yield step, Part(self._document, self._version, self._content, step, content)

    def last_step(self) -> Step:
        """Return the step of the last item. There must be one."""
        return self.steps(self.count - 1, self.count)[0]

    def place_of(self, step: Step) -> int:
        """Return the number of items before that of `step`."""
        if step == self.last_step():  # nearly always; then no index of the names is needed
            return self.count - 1
        node: Node = self._content
        return node.place_of(step)

    def steps(self, first: int, stop: int) -> list[Step]:
        """Return the steps of items `first` to `stop`."""
        slots = self._content.entries
        if not self._content.is_object:
            return list(range(first, stop))
        total = len(slots)
        if first <= total - stop:
            return list(islice(slots, first, stop))
        return list(islice(reversed(slots), total - stop, total - first))[::-1]

    def scalar(self) -> Any:
        """Return the value of a number, a boolean or null."""
        return read(self._document, self._node, self._key, self._content, self._version)

    def start(self, count: int) -> str:
        """Return the first `count` characters of a string."""
        if self._grows():
            found = ""
            for piece in self._content.pieces:
                found += piece[:count]
                if len(found) >= count:
                    break
            return found[:count]
        return self._string()[:count]

    def end(self, count: int) -> str:
        """Return the last `count` characters of a string."""
        if self._grows():
            growing: Text = self._content
            return growing.tail(count)
        text = self._string()
        return text[max(len(text) - count, 0) :]

    @property
    def length(self) -> int:
        """The number of characters of a string."""
        return sum(map(len, self._content.pieces)) if self._grows() else len(self._string())

    def _grows(self) -> bool:
        return type(self._content) is Text and self._version == self._document.version

    def _string(self) -> str:
        return string_at(self._document, self._node, self._key, self._content, self._version)


def root_of(snapshot: Snapshot) -> Part:
    """Return the root of the document that a snapshot shows."""
    document, version = document_of(snapshot), snapshot.version
    return Part(document, version, *locate(document, (), version))


def last_changed(snapshot: Snapshot) -> tuple[Step, ...]:
    """Return the path of the last change that a snapshot shows; before the first change, the path of the root."""
    document = document_of(snapshot)
    return path_to_slot(document.root_slot, *location(document, snapshot.version))[1:]
