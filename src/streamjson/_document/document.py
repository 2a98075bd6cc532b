"""The document: a tree that only grows, and the log of how it grew. One delta in, at most one change out.

It is the writer (`writer`: any delta, with care) with fast paths in front, a beginning, an end, and locks.
It knows neither events, snapshots nor callbacks. Reading is in `history`; nothing here builds a value.

Nearly every delta of a real stream takes a fast path. Each has the effect of the careful way in a fraction of the time,
and leaves anything unusual to it:

| delta | path |
|---|---|
| a short text for the string that is open | `apply`; `_grow` if the text is not ASCII |
| the first growth of a string that was just set | `_open_last`, `_grow` |
| the next member of the last object, or item of the last array | `_add_next` |
| the first member of the next item of the last array | `_add_first` |
| a short text for a string that was left and is a `Text` already | `_come_back` |

Each is inlined down to the writes: without `_add_next` people take 3 times as long and new names 7 times, without
`_add_first` people 1.8 times, without `_come_back` fields in turn 7 times.

Cost: two appends for a delta to the open string; see `writer` for the rest.
"""

from __future__ import annotations

from typing import Any, Literal

from .._json import REPLACEMENT, short_size, utf8_size
from .._limits import Limits
from .._paths import Path
from .change_log import CALM, NO_PATH, SHORT, WIDE, Kind
from .locator import MANY, MANY_NAMES
from .tree import Node, Step, Text, look, new_node
from .writer import Writer

__all__ = ["Document"]


class Document(Writer):
    """The tree and the log. Others read its attributes; INVARIANTS.md lists the few places that write them."""

    __slots__ = ("containers", "horizon", "max_array_length", "progress", "roomy", "untouched", "values")

    def __init__(
        self,
        limits: Limits,
        *,
        prefix: Path = Path(),  # noqa: B008  # immutable
        replace: bool = False,
        in_order: bool = True,
        base: int = 0,
        lineage: object = None,
    ) -> None:
        super().__init__(limits, prefix=prefix, replace=replace, in_order=in_order, base=base, lineage=lineage)
        self.max_array_length = self.intake.bounds["max_array_length"]
        self.roomy = self.intake.bounds["max_string_bytes"] - CALM * SHORT
        self.horizon = base  # the first version that is known, of a document that was restored a later one
        self.untouched = base  # the version at which nothing was applied yet, since it was made or restored
        # For `value_cache`: what was read, of the root and of containers that were read alone.
        self.values: Any = None
        self.containers: dict[Node, Any] = {}
        # For `_view`: how far it has looked for the first return to a finished value, and what came of it.
        self.progress: Any = None

    # ------------------------------------------------------------------------------------------------------------------
    # a delta

    def apply(self, path: str | Path, delta: Any) -> Kind | None:
        """Apply `delta` at `path`; return what happened, None if nothing changed. An error leaves all as it was."""
        # The hot path, nearly every event of a real stream: a short text onto the string that is open.
        if path == self.open_path and self.version < self.hot_until and type(delta) is str:
            length = len(delta)
            # Half of a surrogate pair is not printable.
            if 0 < length <= SHORT and (delta.isascii() or (length <= WIDE and delta.isprintable())):
                try:
                    self.lengths.append(length)
                    self.pieces.append(delta)
                    self.delta = delta
                    self.version += 1  # last: INVARIANTS 1
                except BaseException:  # an interrupt; where nothing is raised, `try` costs nothing
                    self.tear()
                    raise
                return "append"
        return self.go(path, delta)

    def go(self, path: str | Path, delta: Any) -> Kind | None:
        """Apply any other delta, as `apply`; for those who do what is hot there themselves."""
        if self.version < self.hot_until and type(path) is str:
            length, size = 0, -1  # in characters and in bytes, of a short text or a plain scalar
            try:
                if type(delta) is str:
                    length = size = len(delta)
                    if length > SHORT or not delta.isascii():
                        size = short_size(delta, SHORT)
                        if size > 0 and path == self.open_path:
                            return self._grow(delta, length)
                    if size > 0 and path == self.fresh_path and self._open_last(path):
                        return self._grow(delta, length)
                elif delta is None or type(delta) is bool or self.intake.is_plain(delta):
                    size = 8
                if size >= 0:
                    visited = self.places.visited
                    place = visited.get(path) if visited else None  # in document order nothing is
                    if place is not None:
                        if length and self._come_back(path, place, delta):
                            return "append"
                    elif self._add_next(path, delta, length, size) or self._add_first(path, delta, length, size):
                        return "set"
            except BaseException:
                self.tear()
                raise
        elif self.closed:
            raise self.refusal()
        node, key, rest = self.places.find(path)
        return self.apply_carefully(path, node, key, rest, delta)

    def _grow(self, delta: str, length: int) -> Kind:
        """Append a short text to the string that is open."""
        self.lengths.append(length)
        self.pieces.append(delta)
        self.delta = delta
        self.version += 1  # last: INVARIANTS 1
        return "append"

    # ------------------------------------------------------------------------------------------------------------------
    # the other half of the hot path: what is easy, at another location

    def _add_next(self, path: str, delta: Any, length: int, size: int) -> bool:
        """Create the next member or item of the container that the last one was created in; tell whether it was one.

        `delta` is short and has `size` bytes. It takes a fifth of what `_set` takes.
        """
        places = self.places
        key: Any = None
        version = self.version + 1
        if path.startswith(places.head):
            name = path[places.head_length :]
            key = places.names.get(name)
            if key is None and name.isidentifier() and name.isascii() and len(name) <= places.short_name:
                key = name
                if len(places.names) < MANY_NAMES:
                    places.names[name] = name
        if key is not None:
            node = places.head_node
            if key in node.slots:
                return False
            size += len(key)
            self.lengths.append(length)
            node.births.append(version)  # before its slot: INVARIANTS 2
            node.slots[key] = delta
        elif path.startswith(places.list_head):
            node = places.list_node
            key = len(node.slots)
            if path[places.list_length :] != f"{key}]" or key >= self.max_array_length:
                return False
            self.lengths.append(length)
            node.births.append(version)  # before its slot: INVARIANTS 2
            node.slots.append(delta)
        else:
            return False
        if self.node is not None:
            self._leave()
        self.nodes.append(node)
        self.keys.append(key)
        self.starts.append(version)
        self.size += size
        self.node_count += 1
        self.delta = delta
        self.fresh_path = path
        self.quiet = node.ignored_by is self.watch
        self.version = version  # last: INVARIANTS 1
        return True

    def _add_first(self, path: str, delta: Any, length: int, size: int) -> bool:
        """Create the next item of the last array, an object, and its first member; tell whether it was that.

        `delta` is as in `_add_next`.
        """
        places = self.places
        if not places.list_may_nest or not path.startswith(places.list_head):
            return False
        node = places.list_node
        place = len(node.slots)
        item, _, name = path.rpartition(".")
        key = places.names.get(name)
        if key is None or item[places.list_length :] != f"{place}]" or place >= self.max_array_length:
            return False
        if self.node is not None:
            self._leave()
        version = self.version + 1
        child = new_node((node.where, place), is_object=True)
        child.births.append(version)  # before its slot: INVARIANTS 2
        child.slots[key] = delta
        self.lengths.append(length)
        node.births.append(version)  # before its slot: INVARIANTS 2
        node.slots.append(child)
        self.nodes.append(child)
        self.keys.append(key)
        self.starts.append(version)
        self.size += size + len(key)
        self.node_count += 2
        self.delta = delta
        self.fresh_path = path
        self.quiet = node.ignored_by is self.watch
        places.head = path[: -len(key)]
        places.head_length = len(places.head)
        places.head_node = child
        self.version = version  # last: INVARIANTS 1
        return True

    def _come_back(self, path: str, place: tuple[Node, Step], delta: Any) -> bool:
        """Append a short text to a string that was left, and is a `Text` already; tell whether it was.

        For fields that are written in turn: a fifth of what `_append` takes.
        """
        node, key = place
        text = node.slots[key]
        if type(text) is not Text or text.ignored_by is not self.watch or text.size > self.roomy:
            return False
        if self.halves and (id(node), key) in self.halves:
            return False
        if self.node is not None:
            if text is self.text:  # it is open, by a path that is written otherwise
                return False
            if self.text is self.scratch:
                self._leave()
        version = self.version + 1
        self.lengths.append(len(delta))
        self.nodes.append(node)
        self.keys.append(key)
        self.starts.append(version)
        text.starts.append(version)
        self.pieces = pieces = text.pieces
        if len(pieces) == text.counted:
            self.uncounted.append(text)
        pieces.append(delta)
        self.node = node
        self.key = key
        self.text = text
        self.open_path = path
        self.fresh_path = NO_PATH
        self.delta = delta
        self.quiet = True
        self.version = version  # last: INVARIANTS 1
        return True

    def close(self) -> bool:
        """End the document: halves that are held are repaired. Return whether that was a change."""
        if self.closed:
            return False
        before = self.version
        try:
            version = self._repair()
            self._leave()
            self._tally()
            if version > before:
                self.join(before + 1, version)
                self.delta = REPLACEMENT
                self.version = version  # last: INVARIANTS 1
            self._end()
        except BaseException:
            if self.version > before:
                self._end()
            else:
                self.tear()
            raise
        return version > before

    def _end(self) -> None:
        self.halves.end()
        self.quiet = False
        self.freeze()

    def has_only_grown(self) -> bool:
        """Return whether the last event did nothing but extend the open string, as nearly every event does."""
        version, joined = self.version, self.joined
        return self.starts[-1] < version and not self.closed and not (joined and joined[-1][1] == version)

    def reopen(self) -> bool:
        """Continue after `close`: halves that it has repaired are pending again. Return whether that was a change.

        What comes next is a run of its own, so that it can be told from what there was at the end.
        """
        self._leave()  # a restored document has one open that its changes have left so
        strings: list[tuple[Node, Step, str]] = []
        for node, key, _ in self.halves.repaired:
            thing = node.slots[key]
            strings.append((node, key, (thing if type(thing) is str else thing.whole()).removesuffix(REPLACEMENT)))
        sizes = [utf8_size(string) for _, _, string in strings]
        self._check_document(len(strings), sum(sizes), len(strings))
        is_untouched = self.version == self.untouched
        version = self.version
        try:
            for node, key, string in strings:
                version += 1
                self.count_length(len(string))
                self._put(node, key, string, version)
                self._log(version, node, key)
                self.delta = string
            self.join(self.version + 1, version)
            self.node_count += len(strings)
            self.size += sum(sizes)
            self.halves.reopen()
            self.version = version  # last: INVARIANTS 1
            if is_untouched:
                self.untouched = version
            self.seal_run()
            self.quiet = False
            self.closed = False
            self.settle()
        except BaseException:
            self.tear()
            raise
        return bool(strings)

    def seal_run(self) -> None:
        """Let what comes next to the string that was written to last be a run of its own."""
        self.fresh_path = NO_PATH
        if self.nodes and type(look(self.nodes[-1], self.keys[-1])) is str:
            self._text(self.nodes[-1], self.keys[-1])

    # ------------------------------------------------------------------------------------------------------------------
    # locks and listeners

    def lock(self) -> None:
        """Refuse changes while callbacks run. Read `hot_until` before, for `unlock`."""
        self.held, self.hot_until = "telling", -1

    def unlock(self, until: int, reason: Literal["", "unawaited"]) -> None:
        """Allow changes again, unless there is another `reason` to refuse them. May be repeated."""
        self.held = reason
        self.hot_until = -1 if reason else until

    def renew_listeners(self, reason: Literal["", "unawaited"]) -> None:
        """Forget what has no listener, as listeners have come or gone. Refuse changes if there is a `reason`."""
        self.watch = object()
        self.ignored.clear()
        self.quiet = False
        if self.held != "telling":
            self.held = reason
            self.hot_until = -1 if reason or self.closed else self.version

    def ignore(self, node: Node, key: Step, *, whole: bool) -> None:
        """Record that a slot has no listener; with `whole`, nothing in the container has one."""
        thing = node.slots[key]
        if whole:
            node.ignored_by = self.watch
        elif type(thing) is Text and thing is not self.scratch:
            thing.ignored_by = self.watch
        else:
            if len(self.ignored) >= MANY:
                self.ignored.clear()
            self.ignored[id(node), key] = self.watch

    def ignore_all(self) -> None:
        """Record that nothing has a listener before the end."""
        self.watch = None

    def mark_quiet(self, *, is_quiet: bool) -> None:
        """Record whether the last event concerns no listener."""
        self.quiet = is_quiet

    def freeze(self) -> None:
        """Refuse every further delta, and leave the document as it is."""
        self.closed = True
        self.hot_until = -1
