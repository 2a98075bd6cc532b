"""A `Change` is the step to a version: what changed, where, and the chunks that say the same.

It is a reference to the document and a number, made in O(1) for a document of any size; its values are read on request.
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
    locate,
    location,
    read,
    slot_at,
    slots_at,
    trail,
)
from .._errors import shorten
from .._json import MISSING
from .._paths import Path, append_step, format_path
from .._wire import StreamingChunk

__all__ = ["Change", "CoalescedChange", "MatchedChange", "brief", "change_at", "changes_between", "make_change"]


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002  # as the base class has it
        return shorten(x)  # CPython refuses to write 4,300 digits


_SHORT: Final = _Short()


def brief(value: object) -> str:
    """Return a repr of a value that fits a line."""
    return _SHORT.repr(value)


class Change:
    """One change of the document: what `apply` returns.

    `kind` is `"append"` for a string that grew, else `"set"`; `version` the version that shows it.

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
    _value: Any  # unset until somebody asks: a cached property would make every attribute of the class slow to read

    @property
    def delta(self) -> Any:
        """The text that was appended, or the value that was set."""
        # A container is not kept a second time: it is what there was at this version.
        return self.value if self._delta is MISSING else self._delta

    @property
    def path(self) -> Path:
        """Where it happened."""
        node, key = self._slot()
        return Path(trail(self._document.holder, node, key)[1:])

    @property
    def value(self) -> Any:
        """The whole value there at this version, as plain objects of your own. Read when first asked for."""
        try:
            return self._value
        except AttributeError:
            document, version = self._document, self.version
            self._value = read(document, *locate(document, self.path, version), version)
            return self._value

    @property
    def before(self) -> Change | None:
        """The change before this one that the same event made, if there is one.

        It is the reset by a new span, or half of a surrogate pair that became U+FFFD because its string was left; or,
        of an event that brings several changes, the one before.
        """
        return self._made_at(self.version - 1) if self.version > self._event()[0] else None

    @property
    def event_changes(self) -> tuple[Change, ...]:
        """All changes of the event that made this one, oldest first. Costs their number.

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
        """The path that matched the pattern of a callback; else where the change happened.

        The change happened there, under it, or above it: then it set a whole container that this is part of.
        """
        return self.path

    @property
    def match_value(self) -> Any:
        """The whole value at `match` at this version, as plain objects of your own."""
        return self.value

    def to_chunks(self) -> list[StreamingChunk]:
        """Return chunks that say the same to a document that is at the version before.

        A set that replaces something is null first, and then the value; a reset is null at the root. Holes are left
        out: an array that has some is built item by item.
        """
        path = format_path(self.path)
        if self.kind == "append":
            return [StreamingChunk(self.delta, path)]
        replaced = self._replaced()
        node, key, thing = locate(self._document, self.path, self.version)
        if thing is MISSING:  # a reset: what comes next must not meet what there was
            return [StreamingChunk(None, path)]
        chunks = [] if replaced is None else [StreamingChunk(None, format_path(replaced))]
        if thing is not None or replaced != self.path:
            chunks.extend(_chunks(self._document, node, key, thing, self.version))
        return chunks

    def _event(self) -> tuple[int, int]:
        return self._document.event_of(self.version)

    def _made_at(self, version: int) -> Change:
        return make_change(self._document, version, *change_at(self._document, version))

    def _slot(self) -> tuple[Node, Step]:
        return location(self._document, self.version)

    def _since(self) -> int:
        return self.version - 1

    def _replaced(self) -> Path | None:
        """Return the location that held something else before, if it was more than null: here, or on the way here."""
        document, since = self._document, self._since()
        if since < document.horizon:  # what was there before is not known
            return Path()
        steps = trail(document.holder, *self._slot())
        node = document.holder
        old: Any = node
        count = 0  # of the steps that lead to what did not change
        while count < len(steps) and type(old) is Node:
            node, step = old, steps[count]
            old = slot_at(node, step, since)
            count += 1
            if old is not slot_at(node, step, self.version):
                break
        return None if old is MISSING or old is HOLE or old is None else Path(steps[1:count])

    def __repr__(self) -> str:
        return f"<Change {self.version}: {self.kind} {brief(self.delta)} at {str(self.path) or 'the root'}>"


def make_change(document: Document, version: int, kind: Kind, delta: Any) -> Change:
    """Return a change. The class has no `__init__`, as one is made for each event: that takes 60 ns, and not 100."""
    change = Change()
    change._document = document
    change.version = version
    change.kind = kind
    change._delta = delta
    return change


class MatchedChange(Change):
    """A change as a callback is told of it."""

    __slots__ = ("_match",)

    def __init__(self, document: Document, version: int, kind: Kind, delta: Any, match: Path) -> None:
        self._document, self.version, self.kind, self._delta = document, version, kind, delta
        self._match = match

    @property
    def match(self) -> Path:
        return self._match

    @property
    def match_value(self) -> Any:
        return read(self._document, *locate(self._document, self._match, self.version), self.version)


class CoalescedChange(Change):
    """All that happened at one location since version `old`, as one change."""

    __slots__ = ("_key", "_node", "_old")

    def __init__(
        self, document: Document, version: int, kind: Kind, delta: Any, node: Node, key: Step, old: int
    ) -> None:
        self._document, self.version, self.kind, self._delta = document, version, kind, delta
        self._node, self._key, self._old = node, key, old

    def _event(self) -> tuple[int, int]:
        return self.version, self.version  # changes before it are changes of their own, or were known

    def _slot(self) -> tuple[Node, Step]:
        return self._node, self._key

    def _since(self) -> int:
        return self._old


def change_at(document: Document, version: int) -> tuple[Kind, Any]:
    """Return the kind and the delta of the change that made a version, from the log; `MISSING` if it is read later."""
    if version == document.base:  # a reset
        return "set", MISSING
    node, key = location(document, version)
    if is_new(node, key, version - 1, version):
        return "set", MISSING
    grown = characters(document, version, version)
    return "append", ending_at(document, node, key, slot_at(node, key, version), version, grown)


def changes_between(document: Document, old: int, new: int) -> Iterator[Change]:
    """Yield what makes the value at version `old` that at `new`: one change per location, as `changes_since`."""
    for node, key, grown in differences(document, old, new):
        if grown is None:
            yield CoalescedChange(document, new, "set", MISSING, node, key, old)
            continue
        delta = ending_at(document, node, key, slot_at(node, key, new), new, grown)
        yield CoalescedChange(document, new, "append", delta, node, key, old)


def _chunks(document: Document, node: Node, key: Step, thing: Any, version: int) -> Iterator[StreamingChunk]:
    """Yield the chunks that set a location, holes left out."""
    path = format_path(trail(document.holder, node, key)[1:])
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
