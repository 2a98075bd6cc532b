"""What a reader holds: a `Snapshot` is a version of the document, a `Change` is the step to a version.

Both are a reference to the document and a number, made in O(1) for a document of any size; values are read from
`_versions` when somebody asks. Neither ever changes. A snapshot that is kept keeps its document, and what becomes of
it later, alive; its `value` alone does not.

All paths, in and out, are without the stream's `path_prefix`.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar, overload

from ._document import Document
from ._errors import shorten
from ._events import MISSING, StreamingChunk
from ._log import Kind
from ._matching import select
from ._path import Path, append_step, format_path, parse_path
from ._pattern import compile_pattern
from ._places import MANY
from ._progress import is_finished, is_there
from ._tree import HOLE, REPLACEMENT, Node, Step, trail
from ._values import container_at, value_at
from ._versions import differences, ending_at, has_holes, is_new, locate, location, read, slot_at, slots_at

__all__ = ["Change", "End", "Match", "Snapshot"]

T = TypeVar("T")

End: TypeAlias = Literal["open", "done", "eof"]


class Unread(Enum):
    """The type of `UNREAD`."""

    UNREAD = "UNREAD"


UNREAD: Final = Unread.UNREAD


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
        """The change that had to come before this one and was made by the same event, if there was one.

        A half of a surrogate pair that waited in vain for its partner and became U+FFFD, or a reset.
        """
        version = self._prelude()
        return None if version is None else make_change(self._document, version, *prelude(self._document, version))

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

    def _prelude(self) -> int | None:
        return self.version - 1 if self.version - 1 in self._document.preludes else None

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


class _Coalesced(Change):
    """All that happened at one location since version `old`, as one change."""

    __slots__ = ("_key", "_node", "_old")

    def __init__(
        self, document: Document, version: int, kind: Kind, delta: Any, node: Node, key: Step, old: int
    ) -> None:
        self._document, self.version, self.kind, self._delta = document, version, kind, delta
        self._node, self._key, self._old = node, key, old

    def _prelude(self) -> int | None:
        return None  # what came before is told by a change of its own, or was known

    def _slot(self) -> tuple[Node, Step]:
        return self._node, self._key

    def _since(self) -> int:
        return self._old


class Match(NamedTuple):
    """A location that a pattern selects, and its value."""

    path: Path
    value: Any


class Snapshot:
    """The document at one moment of the stream. It never changes, and taking it costs the same for any document.

    `version` counts the changes that it shows. `end` tells how the stream has ended: `"done"` (with `[DONE]`), `"eof"`
    (the source ended, or `close()` was called), or `"open"`: not yet, or not well.
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
        "_changes", "_document", "_since", "_value", "end", "last_event_id", "span_id", "version",
    )  # fmt: skip

    _document: Document
    _since: int
    version: int
    end: End
    span_id: str | None
    last_event_id: str
    _value: Any  # UNREAD, or the first snapshot of this version, which has it
    _changes: tuple[Change, ...]  # unset until somebody asks

    @property
    def complete(self) -> bool:
        """Whether the stream has ended well, so that this is the whole document."""
        return self.end != "open"

    @property
    def value(self) -> Any:
        """The document as plain objects; `MISSING` before the first change. Always the same object for one snapshot.

        Built when first asked for. Values that are read in the order of their versions share every container that did
        not change, so a read costs the containers on the changed paths; a value older than one that was read already
        is built whole. A value is shared: changing it may show in later values. `copy_value()` is your own.
        """
        value = self._value
        if value is UNREAD:
            value = value_at(self._document, self.version)
            if self._value is UNREAD:  # else another thread was the first; CPython lets none in between
                self._value = value
            value = self._value
        elif type(value) is Snapshot:
            value = self._value = value.value
        return value

    def copy_value(self) -> Any:
        """Return the document as plain objects that nobody else has. O(document)."""
        return read(self._document, *locate(self._document, (), self.version), self.version)

    def get(self, path: str | Iterable[Step], default: Any = None, *, copy: bool = False) -> Any:
        """Return the value at `path` as plain objects, or `default` if there is no value.

        `path` is text (see `parse_path`) or steps. An item that an array has only because a later one exists is None.
        A container is shared, as `value` is: changing it may show in what `get` and `value` return later. With
        `copy=True` it is the caller's own.

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
            # What was written to just now, or was asked for before: no parse, and no walk.
            places = document.places
            known = places.known
            if path == document.open_path and not places.prefix:
                string = document.text.whole()
                # `is_newest`, a call less; and if it was left meanwhile, that may have been another string.
                if path == document.open_path and len(document.lengths) == version - document.base + 1:
                    return string
            place = known.get(path)
            if place is None and path == document.fresh_path and not places.prefix:
                run = len(document.starts) - 1
                place = document.nodes[run], document.keys[run]
            if place is not None:
                node, key = place
                thing = node.slots[key]
                if len(document.lengths) == version - document.base + 1:
                    if type(thing) is str:
                        return thing
                    if type(thing) is Node and not copy:
                        return self._shared(node, thing)
                    return read(document, node, key, thing, version)
        node, key, thing = locate(document, self._steps(path), version)
        if thing is MISSING:
            return default
        if known is not None and document.is_newest(version):  # else it may lead to what is replaced
            if len(known) >= MANY:
                known.clear()
            known[path] = node, key
        if type(thing) is Node and not copy:
            return self._shared(node, thing)
        return read(document, node, key, thing, version)

    def _shared(self, node: Node, container: Node) -> Any:
        """Return a container, which is in a slot of `node`, as plain objects that later reads share."""
        if node is self._document.holder:
            return self.value
        return container_at(self._document, container, self.version)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What changed since the snapshot that the stream yielded before; of an assembler's snapshot, the last change.

        As `changes_since`. Found when first asked for.
        """
        try:
            return self._changes
        except AttributeError:
            self._changes = self.changes_since(max(self._since, 0))
            return self._changes

    def changes_since(self, since: Snapshot | int) -> tuple[Change, ...]:
        """Return what makes the value at `since`, an older snapshot or version, the value of this one.

        One change per location, none under another, in the order in which the locations were created: an append for a
        string that existed then and has grown, else a set with the whole value. What was replaced, or created inside
        something new, is told by the highest such location. Across a reset, or from before a checkpoint that this was
        restored from, it is one set at the root.

        Raises `ValueError` for a newer snapshot, or one of another document. Costs what changed since.

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
            if since._document.lineage is not document.lineage:
                raise ValueError("the snapshot is one of another document: take both from one assembler or stream")
            since = since.version
        if type(since) is not int:
            raise TypeError(f"since is a snapshot or its version, not {shorten(since)}")
        if not 0 <= since <= self.version:
            raise ValueError(f"version {since} is not one of those up to this snapshot's, {self.version}")
        if since == self.version:
            return ()
        if since < document.horizon:
            return (_Coalesced(document, self.version, "set", MISSING, document.holder, 0, since),)
        return tuple(changes_between(document, since, self.version))

    def is_complete(self, path: str | Iterable[Step]) -> bool:
        """Tell whether the value at `path` is finished, as far as was known at this snapshot; False if there is none.

        A value is finished when a change landed outside of it, and all are when the stream has ended well. Where the
        sender came back to a value that was finished, only those are that were before and have not changed since.
        With `completion="end"` nothing is before the end.

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
        return is_finished(self._document, steps, self.version)

    def find(self, pattern: str) -> list[Match]:
        """Return the locations that a JSONPath pattern selects, and their values; an empty list if it selects nothing.

        They are in the order of RFC 9535: under a union that of its selectors, under `..` the matches in a container
        before those in its items and members, else that of the document. A location that is selected in several ways
        comes once, the first time. The values are plain objects that nobody else has.

        Raises `InvalidPatternError`, also before there is a document. Costs what each segment selects and what it
        returns: O(steps) for one location; `..` costs the containers below it.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("people", [{"name": "Jane"}, {"name": "John"}])
        >>> assembler.snapshot().find("people[*].name")
        [Match(path=Path(('people', 0, 'name')), value='Jane'), Match(path=Path(('people', 1, 'name')), value='John')]
        """
        document, version = self._document, self.version
        segments = compile_pattern(pattern, limits=document.intake.limits).segments
        root = locate(document, (), version)
        if root[2] is MISSING:
            return []
        return [
            Match(Path(trail(document.holder, node, key)[1:]), read(document, node, key, thing, version))
            for node, key, thing in select(segments, root, version)
        ]

    @overload
    def draft(self, into: type[T]) -> T: ...
    @overload
    def draft(self, into: Any) -> Any: ...
    def draft(self, into: Any) -> Any:
        """Return an object of the type `into` with what is there so far, and nothing of it validated.

        What is missing has its default, or is None, so it says more than its type allows: it is for showing. Takes
        the types that `into` takes elsewhere; O(document).

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
        from ._draft import draft  # noqa: PLC0415  # as `_structure`, for those who use it

        return draft(into, self.copy_value())

    def _steps(self, path: str | Iterable[Step]) -> Path:
        if isinstance(path, str):
            return parse_path(path, limits=self._document.intake.limits)
        if not isinstance(path, Iterable):
            raise TypeError(f"a path is text, such as 'people[0].name', or steps, not {shorten(path)}")
        return Path(path)

    def __repr__(self) -> str:
        return f"<Snapshot {self.version}: {self.end}, last event id {self.last_event_id!r}>"


def prelude(document: Document, version: int) -> tuple[Kind, Any]:
    """Return the kind and the delta of a version that came before an event's own.

    A reset, the repair of a half, or that a repaired half is pending again.
    """
    if version > document.base and not is_new(*location(document, version), version - 1, version):
        return "append", REPLACEMENT
    return "set", MISSING


def changes_between(document: Document, old: int, new: int) -> Iterator[Change]:
    """Yield what makes the value at version `old` that at `new`: one change per location, as `changes_since`."""
    for node, key, grown in differences(document, old, new):
        if grown is None:
            yield _Coalesced(document, new, "set", MISSING, node, key, old)
            continue
        delta = ending_at(document, node, key, slot_at(node, key, new), new, grown)
        yield _Coalesced(document, new, "append", delta, node, key, old)


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
