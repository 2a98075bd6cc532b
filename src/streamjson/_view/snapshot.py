"""A `Snapshot` is a version of the document, as a reader holds it.

It is a reference to the document and a version number, made in O(1) for a document of any size; values are read from
`_document` on request. It never changes. A snapshot keeps its document in memory, with all later versions; its `value`
alone does not.

All paths, in and out, are without the stream's `path_prefix`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, Self, TypeAlias, TypeVar, overload

from .._document import (
    MAX_CACHED_PATHS,
    Document,
    Lineage,
    Node,
    Step,
    container_at,
    locate,
    location,
    path_to_slot,
    read,
    value_at,
)
from .._errors import shorten
from .._json import MISSING, JSONValue
from .._paths import Path, compile_pattern, parse_path
from .change import Change, known_changes
from .finished import is_finished, is_there
from .selection import select

__all__ = [
    "OF_LAST_EVENT",
    "UNREAD",
    "End",
    "Match",
    "Snapshot",
    "begin_after",
    "closings_of",
    "document_of",
    "lineage_of",
    "note_closings",
    "open_path_of",
    "to_json_patch",
]

T = TypeVar("T")

End: TypeAlias = Literal["open", "done", "eof"]


class Unread(Enum):
    """The type of `UNREAD`."""

    UNREAD = "UNREAD"


UNREAD: Final = Unread.UNREAD
OF_LAST_EVENT: Final = -1
"""Stands for the version before the last event, as the one after which `Snapshot.changes` begins."""


class Match(NamedTuple):
    """A location that a pattern selects, and its value."""

    path: Path
    value: Any


class Snapshot:
    """The document at one moment of the stream. It never changes, and taking it costs the same for any document.

    `version` counts the changes that it shows. `end` says how the stream ended: `"done"` (with `[DONE]`), `"eof"` (the
    source ended, or `close()` was called), or `"open"` (it has not ended, or not well).
    `span_id` and `last_event_id` are those of the events applied so far.

    >>> import streamjson as sj
    >>> assembler = sj.Assembler()
    >>> _ = assembler.apply_delta("people[0].name", "Jane")
    >>> early = assembler.snapshot()
    >>> _ = assembler.apply_delta("people[0].name", " Doe")
    >>> early.value, assembler.snapshot().value
    ({'people': [{'name': 'Jane'}]}, {'people': [{'name': 'Jane Doe'}]})
    """

    __slots__ = (
        "_changes", "_closings", "_document", "_since", "_value", "end", "last_event_id", "span_id", "version",
    )  # fmt: skip

    _document: Document
    _since: int
    version: int
    end: End
    span_id: str | None
    last_event_id: str
    _value: Any  # or UNREAD, or the first snapshot of this version, which has it
    _changes: tuple[Change, ...]  # unset until it is read
    _closings: int  # the values that were closed since the last change; unset if there are none

    def _fill(
        self, document: Document, since: int, end: End, span_id: str | None, last_event_id: str, value: Any
    ) -> Self:
        """Set all attributes to those of the newest version. One is made per event, so the class has no `__init__`."""
        self._document, self.version, self._since = document, document.version, since
        self.end, self.span_id, self.last_event_id = end, span_id, last_event_id
        self._value = value
        note_closings(self, document)
        return self

    @property
    def complete(self) -> bool:
        """Whether the stream has ended well, so this is the whole document."""
        return self.end != "open"

    @property
    def value(self) -> Any:
        """The document as plain objects; `MISSING` before the first change. Always the same object for one snapshot.

        Built on first use. Values that are read in the order of their versions share every container that did not
        change, so a read costs the containers on the changed paths; a value older than one that was read already is
        built whole. A value is shared: if you change it, later values may show that. `copy_value()` is your own.
        """
        value = self._value
        if value is UNREAD:
            value = value_at(self._document, self.version)
            if self._value is UNREAD:  # else another thread was first; CPython lets none in between
                self._value = value
            value = self._value
        elif type(value) is Snapshot:
            value = self._value = value.value
        return value

    def copy_value(self) -> Any:
        """Return the document as plain objects of your own. O(document)."""
        return read(self._document, *locate(self._document, (), self.version), self.version)

    def get(self, path: str | Iterable[Step], default: Any = None, *, copy: bool = False) -> Any:
        """Return the value at `path` as plain objects, or `default` if there is no value.

        `path` is text (see `parse_path`) or steps. An array item that exists only because a later item does is None.
        A container is shared, like `value`: if you change it, later results of `get` and `value` may show that. With
        `copy=True` it is your own.

        Raises `InvalidPathError`. Builds only the value that it returns: O(steps) for a value that is not a container.
        A container is kept, and reading it again costs the paths in it that changed; with `copy=True`, or at a version
        older than the last one read, it costs its size.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("people[1].name", "Jane")
        >>> snapshot = assembler.snapshot()
        >>> snapshot.get("people[1].name"), snapshot.get("people[0]"), snapshot.get("people[2]", "nobody")
        ('Jane', None, 'nobody')
        """
        document, version = self._document, self.version
        known: dict[Any, tuple[Node, Step]] | None = None
        if type(path) is str and version == document.version:
            # The last location written to, or one that was read before: no parse and no walk.
            places = document.locator
            known = places.known
            if path == document.open_path and not places.prefix:
                string = document.text.whole()
                # `is_newest`, a call less; and the path again, as another string may have been opened meanwhile.
                if path == document.open_path and len(document.lengths) == version - document.base + 1:
                    return string
            place = known.get(path)
            if place is None and path == document.fresh_path and not places.prefix:
                run = len(document.starts) - 1
                place = document.nodes[run], document.keys[run]
            if place is not None:
                node, key = place
                thing = node.entries[key]
                if len(document.lengths) == version - document.base + 1:
                    if type(thing) is str:
                        return thing
                    if type(thing) is Node and not copy:
                        return self._shared(node, thing)
                    return read(document, node, key, thing, version)
        node, key, thing = locate(document, self._steps(path), version)
        if thing is MISSING:
            return default
        if known is not None and document.is_newest(version):  # else its container may have been replaced
            if len(known) >= MAX_CACHED_PATHS:
                known.clear()
            known[path] = node, key
        if type(thing) is Node and not copy:
            return self._shared(node, thing)
        return read(document, node, key, thing, version)

    def _shared(self, node: Node, container: Node) -> Any:
        """Return a container, which is in a slot of `node`, as plain objects that later reads share."""
        if node is self._document.root_slot:
            return self.value
        return container_at(self._document, container, self.version)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes since the snapshot that the stream yielded before; from an assembler, those of the last event.

        As `changes_since`. Computed on first use.
        """
        try:
            return self._changes
        except AttributeError:
            since = self._since
            if since == OF_LAST_EVENT:
                since = self._document.event_of(self.version)[0] - 1
            self._changes = self.changes_since(max(since, 0))
            return self._changes

    def changes_since(self, since: Snapshot | int) -> tuple[Change, ...]:
        """Return the changes that turn the value at `since`, an older snapshot or version, into the value of this one.

        One change per location, none under another, in the order in which the locations were created: an append for a
        string that existed then and has grown, else a set with the whole value. For values that were replaced, or
        created inside something new, the change is at the highest such location. Across a reset, or from before a
        checkpoint that the document was restored from, it is one set at the root.

        Raises `ValueError` for a newer snapshot, or one of another document. Costs the changes since.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("title", "Jo")
        >>> early = assembler.snapshot()
        >>> _ = assembler.apply_delta("title", "hn"), assembler.apply_delta("tags[0]", "new")
        >>> assembler.snapshot().changes_since(early)
        (<Change 3: append 'hn' at title>, <Change 3: set ['new'] at tags>)
        """
        document = self._document
        if isinstance(since, Snapshot):
            if document_of(since).lineage is not document.lineage:
                raise ValueError("the snapshot belongs to another document: take both from one assembler or stream")
            since = since.version
        if type(since) is not int:
            raise TypeError(f"since must be a snapshot or its version, not {shorten(since)}")
        if not 0 <= since <= self.version:
            raise ValueError(f"version {since} is not between 0 and this snapshot's version, {self.version}")
        if since == self.version:
            return ()
        return tuple(known_changes(document, since, self.version))

    def is_complete(self, path: str | Iterable[Step]) -> bool:
        """Return whether the value at `path` is finished, as far as was known at this snapshot; False if it is missing.

        A value is finished once a change lands outside of it, and every value once the stream has ended well. After the
        sender has returned to a finished value, only those values are finished that were before and have not changed
        since. With `completion="end"`, no value is finished before the end.

        Raises `InvalidPathError`. O(steps).

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("people[0].name", "Jane"), assembler.apply_delta("people[0].age", 34)
        >>> snapshot = assembler.snapshot()
        >>> snapshot.is_complete("people[0].name"), snapshot.is_complete("people[0]")
        (True, False)
        """
        steps = (0, *self._steps(path))
        if self.complete:
            return is_there(self._document, steps, self.version)
        return is_finished(self._document, steps, self.version, closings_of(self))

    def find(self, pattern: str) -> list[Match]:
        """Return the locations that a JSONPath pattern selects, and their values; an empty list if it selects nothing.

        They are in the order of RFC 9535: for a union the order of its selectors, for `..` the matches in a container
        before those in its items and members, else the order of the document. A location that is selected in several
        ways is returned once, at its first place. The values are plain objects of your own.

        Raises `InvalidPatternError`, also before there is a document. Costs what each segment selects, and the result:
        O(steps) for one location; `..` costs the containers below it.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("people", [{"name": "Jane"}, {"name": "John"}])
        >>> assembler.snapshot().find("people[*].name")
        [Match(path=Path(('people', 0, 'name')), value='Jane'), Match(path=Path(('people', 1, 'name')), value='John')]
        """
        document, version = self._document, self.version
        segments = compile_pattern(pattern, limits=document.admission.limits).segments
        root = locate(document, (), version)
        if root[2] is MISSING:
            return []
        return [
            Match(Path(path_to_slot(document.root_slot, node, key)[1:]), read(document, node, key, thing, version))
            for node, key, thing in select(segments, root, version)
        ]

    @overload
    def draft(self, into: type[T]) -> T: ...
    @overload
    def draft(self, into: Any) -> Any: ...
    def draft(self, into: Any) -> Any:
        """Return an object of the type `into` with the values so far, none of them validated.

        A missing field has its default, or None even where the type does not allow None, so use the object for display
        only. Takes the types that `into` takes elsewhere. O(document).

        >>> import streamjson as sj
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Person:
        ...     name: str
        ...     age: int
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("name", "Ja")
        >>> assembler.snapshot().draft(Person)
        Person(name='Ja', age=None)
        """
        from .._typed import draft_of  # noqa: PLC0415  # only drafts need it

        return draft_of(into, self.copy_value())

    def _steps(self, path: str | Iterable[Step]) -> Path:
        if isinstance(path, str):
            return parse_path(path, limits=self._document.admission.limits)
        if not isinstance(path, Iterable):
            raise TypeError(f"a path must be text, such as 'people[0].name', or steps, not {shorten(path)}")
        return Path(path)

    def __repr__(self) -> str:
        return f"<Snapshot {self.version}: {self.end}, last event id {self.last_event_id!r}>"


def document_of(snapshot: Snapshot) -> Document:
    """Return the document that a snapshot is a version of, for readers inside the library."""
    return snapshot._document  # noqa: SLF001  # for readers inside the library


def lineage_of(snapshot: Snapshot) -> Lineage:
    """Return the identity of the document that a snapshot is a version of."""
    return document_of(snapshot).lineage


def open_path_of(snapshot: Snapshot) -> Path:
    """Return the location that changed last: where the sender was writing at this version."""
    document = document_of(snapshot)
    return Path(path_to_slot(document.root_slot, *location(document, snapshot.version))[1:])


def note_closings(snapshot: Snapshot, document: Document) -> None:
    """Record how many values were closed after the change that made the snapshot's version."""
    if document.closings:
        snapshot._closings = document.closings  # noqa: SLF001  # of this module's class


def closings_of(snapshot: Snapshot) -> int:
    """Return how many values were closed after the change that made the snapshot's version."""
    return getattr(snapshot, "_closings", 0)


def begin_after(snapshot: Snapshot, version: int) -> Snapshot:
    """Return the same snapshot, with `changes` that begin after a version."""
    copy = Snapshot()
    copy.version, copy.end = snapshot.version, snapshot.end
    copy.span_id, copy.last_event_id = snapshot.span_id, snapshot.last_event_id
    shown = document_of(snapshot), version, snapshot, closings_of(snapshot)
    copy._document, copy._since, copy._value, copy._closings = shown  # noqa: SLF001  # of this module's class
    return copy


def to_json_patch(old: Snapshot | int, new: Snapshot) -> list[dict[str, JSONValue]]:
    """Return a JSON Patch (RFC 6902) that turns the value at `old` into the value of `new`.

    `old` is an older snapshot or version; version 0 is the empty document, of which the patch sets the root. An empty
    list if nothing changed. Raises what `changes_since` raises. Costs the changes since, of a string that grew all.

    >>> import streamjson as sj
    >>> assembler = sj.Assembler()
    >>> _ = assembler.apply_delta("name", "Jane"), assembler.apply_delta("tags[1]", "new")
    >>> sj.to_json_patch(1, assembler.snapshot())
    [{'op': 'add', 'path': '/tags', 'value': [None, 'new']}]
    """
    return [operation for change in new.changes_since(old) for operation in change.to_patch()]
