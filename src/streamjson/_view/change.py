"""A `Change` is the step to a version: what changed, where, and chunks with the same effect.

It is a reference to the document and a version number, made in O(1) for a document of any size. Its values are read on
request.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from typing import Any, Final

from .._document import (
    HOLE,
    Document,
    Kind,
    Node,
    Step,
    characters,
    differences,
    ending_at,
    has_holes,
    is_new,
    kind_of,
    locate,
    location,
    path_to_slot,
    read,
    slot_at,
    slots_at,
)
from .._errors import shorten
from .._json import MISSING, JSONValue
from .._paths import Path, append_step, format_path
from .._wire import StreamingChunk
from .json_patch import operations

__all__ = [
    "Change",
    "CoalescedChange",
    "MatchedChange",
    "brief",
    "change_at",
    "changes_between",
    "known_changes",
    "make_change",
    "matched_change",
]


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002  # the signature of the base class
        return shorten(x)  # CPython refuses to write more than 4,300 digits


_SHORT: Final = _Short()


def brief(value: object) -> str:
    """Return a repr of a value that fits a line."""
    return _SHORT.repr(value)


class Change:
    """One change of the document, as `apply` returns it.

    `kind` is `"append"` for a string that grew, else `"set"`. `version` is the version that shows the change.

    >>> import streamjson as sj
    >>> assembler = sj.Assembler()
    >>> _ = assembler.apply_delta("people[0].name", "Jane")
    >>> change = assembler.apply_delta("people[0].name", " Doe")
    >>> change
    <Change 2: append ' Doe' at people[0].name>
    >>> change.value
    'Jane Doe'
    """

    __slots__ = ("_delta", "_document", "_value", "kind", "version")

    _document: Document
    version: int
    kind: Kind
    _delta: Any
    _value: Any  # unset until it is read: a cached property would make every attribute of the class slow to read

    @property
    def delta(self) -> Any:
        """The text that was appended, or the value that was set."""
        # A container is not kept a second time: it is the value at this version.
        return self.value if self._delta is MISSING else self._delta

    @property
    def path(self) -> Path:
        """The location that changed."""
        node, key = self._slot()
        return Path(path_to_slot(self._document.root_slot, node, key)[1:])

    @property
    def value(self) -> Any:
        """The whole value at `path` at this version, as plain objects of your own. Read on first use."""
        try:
            return self._value
        except AttributeError:
            document, version = self._document, self.version
            self._value = read(document, *locate(document, self.path, version), version)
            return self._value

    @property
    def before(self) -> Change | None:
        """The change before this one in the same event; None if this is the first.

        It is the reset by a new span, the repair of a pending surrogate to U+FFFD when the sender moves to another
        location, or the previous one of several changes that the event brings.
        """
        return self._made_at(self.version - 1) if self.version > self._event()[0] else None

    @property
    def event_changes(self) -> tuple[Change, ...]:
        """All changes of the event that made this one, oldest first. O(changes).

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("name", "half a pair: \\ud83d")
        >>> assembler.apply_delta("age", 34).event_changes
        (<Change 2: append '\ufffd' at name>, <Change 3: set 34 at age>)
        """
        first, last = self._event()
        return tuple(self if version == self.version else self._made_at(version) for version in range(first, last + 1))

    @property
    def match(self) -> Path:
        """The path that matched the pattern of a callback; without a callback, `path`.

        The change happened at this location, under it, or above it. A change above it set a whole container.
        """
        return self.path

    @property
    def match_value(self) -> Any:
        """The whole value at `match` at this version, as plain objects of your own."""
        return self.value

    def to_chunks(self) -> list[StreamingChunk]:
        """Return chunks with the same effect on a document at the previous version.

        A value that a delta would not replace is set to null first: a string, or a value of another kind. A reset is a
        null at the root. Holes are left out: an array with holes is built item by item.
        """
        path = format_path(self.path)
        if self.kind == "append":
            return [StreamingChunk(self.delta, path)]
        replaced, old = self._replaced()
        node, key, thing = locate(self._document, self.path, self.version)
        if thing is MISSING:  # a reset: the next delta must not meet the old value
            return [StreamingChunk(None, path)]
        chunks: list[StreamingChunk] = []
        if replaced is not None and not (replaced == self.path and _is_replaced_by(thing, old)):
            chunks.append(StreamingChunk(None, format_path(replaced)))
        chunks.extend(_chunks(self._document, node, key, thing, self.version))
        return chunks

    def to_patch(self) -> list[dict[str, JSONValue]]:
        """Return operations of JSON Patch (RFC 6902) with the same effect on a document at the previous version.

        JSON Patch has no operation for a string that grows, so the whole string is sent: O(value). A reset is a null at
        the root. Of several changes, apply the operations in the order of the changes.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("people[0].name", "Jane")
        >>> assembler.apply_delta("people[0].name", " Doe").to_patch()
        [{'op': 'replace', 'path': '/people/0/name', 'value': 'Jane Doe'}]
        """
        changes = known_changes(self._document, self._since(), self.version)
        return [operation for change in changes for operation in change.to_patch()]

    def _event(self) -> tuple[int, int]:
        return self._document.event_of(self.version)

    def _made_at(self, version: int) -> Change:
        return make_change(self._document, version, *change_at(self._document, version))

    def _slot(self) -> tuple[Node, Step]:
        return location(self._document, self.version)

    def _since(self) -> int:
        return self.version - 1

    def _replaced(self) -> tuple[Path | None, Any]:
        """Return the location whose value was replaced, here or on the path here, and what that was.

        The location is None if that was nothing or null.
        """
        document, since = self._document, self._since()
        if since < document.oldest_version:  # the value before is not known
            return Path(), MISSING
        steps = path_to_slot(document.root_slot, *self._slot())
        node = document.root_slot
        old: Any = node
        count = 0  # of the steps to the highest slot that differs
        while count < len(steps) and type(old) is Node:
            node, step = old, steps[count]
            old = slot_at(node, step, since)
            count += 1
            if old is not slot_at(node, step, self.version):
                break
        return (None if old is MISSING or old is HOLE or old is None else Path(steps[1:count])), old

    def __repr__(self) -> str:
        return f"<Change {self.version}: {self.kind} {brief(self.delta)} at {str(self.path) or 'the root'}>"


def make_change(document: Document, version: int, kind: Kind, delta: Any) -> Change:
    """Return a change. One is made for each event, so the class has no `__init__`: that takes 60 ns instead of 100."""
    change = Change()
    change._document, change._delta = document, delta  # noqa: SLF001  # hot: see INVARIANTS 8
    change.version = version
    change.kind = kind
    return change


class MatchedChange(Change):
    """A change as a callback receives it."""

    __slots__ = ("_match",)

    _match: Path

    @property
    def match(self) -> Path:
        return self._match

    @property
    def match_value(self) -> Any:
        return read(self._document, *locate(self._document, self._match, self.version), self.version)


def matched_change(document: Document, version: int, kind: Kind, delta: Any, match: Path) -> MatchedChange:
    """Return a change for a callback; as `make_change`."""
    change = MatchedChange()
    change._document, change._delta, change._match = document, delta, match  # noqa: SLF001  # hot: see INVARIANTS 8
    change.version, change.kind = version, kind
    return change


class CoalescedChange(Change):
    """All changes at one location since version `old`, as one change."""

    __slots__ = ("_key", "_node", "_old")

    def __init__(
        self, document: Document, version: int, kind: Kind, delta: Any, node: Node, key: Step, old: int
    ) -> None:
        self._document, self.version, self.kind, self._delta = document, version, kind, delta
        self._node, self._key, self._old = node, key, old

    def _event(self) -> tuple[int, int]:
        return self.version, self.version  # so it has no `before`: earlier changes are separate, or known already

    def _slot(self) -> tuple[Node, Step]:
        return self._node, self._key

    def _since(self) -> int:
        return self._old

    def to_patch(self) -> list[dict[str, JSONValue]]:
        is_append = self.kind == "append"
        return operations(self._document, self._node, self._key, self._old, self.version, is_append=is_append)


def change_at(document: Document, version: int) -> tuple[Kind, Any]:
    """Return the kind of the change that made a version, and its delta, `MISSING` if that is read on request."""
    if version == document.base:  # a reset
        return "set", MISSING
    node, key = location(document, version)
    if is_new(node, key, version - 1, version):
        return "set", MISSING
    grown = characters(document, version, version)
    return "append", ending_at(document, node, key, slot_at(node, key, version), version, grown)


def known_changes(document: Document, old: int, new: int) -> Iterator[Change]:
    """Return the changes as `Snapshot.changes_since`: one at the root, if what was there at `old` is not known."""
    if old < document.oldest_version:
        return iter((CoalescedChange(document, new, "set", MISSING, document.root_slot, 0, old),))
    return changes_between(document, old, new)


def changes_between(document: Document, old: int, new: int) -> Iterator[Change]:
    """Yield the changes from version `old` to version `new`, one per location."""
    for node, key, grown in differences(document, old, new):
        if grown is None:
            yield CoalescedChange(document, new, "set", MISSING, node, key, old)
            continue
        delta = ending_at(document, node, key, slot_at(node, key, new), new, grown)
        yield CoalescedChange(document, new, "append", delta, node, key, old)


def _is_replaced_by(thing: Any, old: Any) -> bool:
    """Return whether a delta, by the rules of application, replaces a value that is not null."""
    kinds = {kind_of(thing), kind_of(old)}
    return thing is None or kinds in ({"object"}, {"array"}) or kinds <= {"number", "boolean"}


def _chunks(document: Document, node: Node, key: Step, thing: Any, version: int) -> Iterator[StreamingChunk]:
    """Yield the chunks that set a location, without holes."""
    path = format_path(path_to_slot(document.root_slot, node, key)[1:])
    if type(thing) is not Node or not has_holes(thing, version):
        yield StreamingChunk(read(document, node, key, thing, version), path)
        return
    todo = [(path, node, key, thing)]
    while todo:
        path, node, key, thing = todo.pop()
        if type(thing) is not Node:
            yield StreamingChunk(read(document, node, key, thing, version), path)
            continue
        yield StreamingChunk({} if thing.is_object else [], path)
        items = [
            (append_step(path, step), thing, step, item) for step, item in slots_at(thing, version) if item is not HOLE
        ]
        todo.extend(reversed(items))
