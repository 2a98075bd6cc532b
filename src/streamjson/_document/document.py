"""The document: a tree that only grows, and the log of how it grew. One delta in, at most one change out.

It is the writer (`writer`: any delta, with care) with fast paths in front, a beginning, an end, and locks.
It knows neither events, snapshots nor callbacks. Reading is in `history`; nothing here builds a value.

Nearly every delta of a real stream takes a fast path. Each has the effect of `writer` in a fraction of the time,
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
from .change_log import MAX_FAST_BYTES, MAX_FAST_CHARS, MAX_UNCOUNTED_DELTAS, NO_PATH, Kind, Lineage
from .locator import MAX_CACHED_NAMES, MAX_CACHED_PATHS
from .tree import Node, Step, Text, current, new_node
from .writer import Writer

__all__ = ["Document"]


class Document(Writer):
    """The tree and the log. Others read its attributes; INVARIANTS.md lists the few places that write them."""

    __slots__ = (
        "containers",
        "fast_text_bytes",
        "max_array_length",
        "oldest_version",
        "progress",
        "untouched_version",
        "values",
    )

    # A `TextDocument` has slots of these names.
    closes_values: bool = False
    closings: int = 0

    def __init__(
        self,
        limits: Limits,
        *,
        prefix: Path = Path(),  # noqa: B008  # immutable
        replace: bool = False,
        in_order: bool = True,
        base: int = 0,
        lineage: Lineage | None = None,
    ) -> None:
        super().__init__(limits, prefix=prefix, replace=replace, in_order=in_order, base=base, lineage=lineage)
        self.max_array_length = self.admission.bounds["max_array_length"]
        self.fast_text_bytes = self.admission.bounds["max_string_bytes"] - MAX_UNCOUNTED_DELTAS * MAX_FAST_BYTES
        self.oldest_version = base  # the first version that is known: a restored document has no history
        self.untouched_version = base  # the version before the first delta since the document was made or restored
        # For `value_cache`: what was read, of the root and of containers that were read alone.
        self.values: Any = None
        self.containers: dict[Node, Any] = {}
        # For `_view`: how far the log was searched for the first return to a finished value, and the result.
        self.progress: Any = None

    # ------------------------------------------------------------------------------------------------------------------
    # a delta

    def apply(self, path: str | Path, delta: Any) -> Kind | None:
        """Apply `delta` at `path`; return what happened, None if nothing changed. An error leaves all as it was."""
        # Hot, nearly every delta of a real stream: a short text for the open string.
        if path == self.open_path and self.version < self.fast_until_version and type(delta) is str:
            length = len(delta)
            # Half of a surrogate pair is not printable.
            if 0 < length <= MAX_FAST_BYTES and (delta.isascii() or (length <= MAX_FAST_CHARS and delta.isprintable())):
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
        """Apply a delta that is not for the open string. Callers that inline the first lines of `apply` call this."""
        if self.version < self.fast_until_version and type(path) is str:
            length, size = 0, -1  # in characters and in bytes, of a short text or a plain scalar
            try:
                if type(delta) is str:
                    length = size = len(delta)
                    if length > MAX_FAST_BYTES or not delta.isascii():
                        size = short_size(delta, MAX_FAST_BYTES)
                        if size > 0 and path == self.open_path:
                            return self._grow(delta, length)
                    if size > 0 and path == self.fresh_path and self._open_last(path):
                        return self._grow(delta, length)
                elif delta is None or type(delta) is bool or self.admission.is_plain(delta):
                    size = 8
                if size >= 0:
                    visited = self.locator.visited
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
        node, key, rest = self.locator.find(path)
        return self.apply_carefully(path, node, key, rest, delta)

    def _grow(self, delta: str, length: int) -> Kind:
        """Append a short text to the string that is open."""
        self.lengths.append(length)
        self.pieces.append(delta)
        self.delta = delta
        self.version += 1  # last: INVARIANTS 1
        return "append"

    # ------------------------------------------------------------------------------------------------------------------
    # fast paths at another location

    def _add_next(self, path: str, delta: Any, length: int, size: int) -> bool:
        """Create the next member or item of the container that the last one was created in; return whether it was one.

        `delta` is short and has `size` bytes. It takes a fifth of the time of `set_at`.
        """
        locator = self.locator
        key: Any = None
        version = self.version + 1
        if path.startswith(locator.head):
            name = path[locator.head_length :]
            key = locator.names.get(name)
            if key is None and name.isidentifier() and name.isascii() and len(name) <= locator.short_name:
                key = name
                if len(locator.names) < MAX_CACHED_NAMES:
                    locator.names[name] = name
        if key is not None:
            node = locator.head_node
            if key in node.entries:
                return False
            size += len(key)
            self.lengths.append(length)
            node.created_at.append(version)  # before its entry: INVARIANTS 2
            node.entries[key] = delta
        elif path.startswith(locator.list_head):
            node = locator.list_node
            key = len(node.entries)
            if path[locator.list_length :] != f"{key}]" or key >= self.max_array_length:
                return False
            self.lengths.append(length)
            node.created_at.append(version)  # before its entry: INVARIANTS 2
            node.entries.append(delta)
        else:
            return False
        if self.node is not None:
            self.seal_open_text()
        self.nodes.append(node)
        self.keys.append(key)
        self.starts.append(version)
        self.size += size
        self.node_count += 1
        self.delta = delta
        self.fresh_path = path
        self.has_no_listener = node.no_listener_epoch is self.listener_epoch
        self.version = version  # last: INVARIANTS 1
        return True

    def _add_first(self, path: str, delta: Any, length: int, size: int) -> bool:
        """Create the next item of the last array, an object, and its first member; return whether the delta is one.

        `delta` is as in `_add_next`.
        """
        locator = self.locator
        if not locator.list_may_nest or not path.startswith(locator.list_head):
            return False
        node = locator.list_node
        place = len(node.entries)
        item, _, name = path.rpartition(".")
        key = locator.names.get(name)
        if key is None or item[locator.list_length :] != f"{place}]" or place >= self.max_array_length:
            return False
        if self.node is not None:
            self.seal_open_text()
        version = self.version + 1
        child = new_node((node.where, place), is_object=True)
        child.created_at.append(version)  # before its entry: INVARIANTS 2
        child.entries[key] = delta
        self.lengths.append(length)
        node.created_at.append(version)  # before its entry: INVARIANTS 2
        node.entries.append(child)
        self.nodes.append(child)
        self.keys.append(key)
        self.starts.append(version)
        self.size += size + len(key)
        self.node_count += 2
        self.delta = delta
        self.fresh_path = path
        self.has_no_listener = node.no_listener_epoch is self.listener_epoch
        locator.head = path[: -len(key)]
        locator.head_length = len(locator.head)
        locator.head_node = child
        self.version = version  # last: INVARIANTS 1
        return True

    def _come_back(self, path: str, place: tuple[Node, Step], delta: Any) -> bool:
        """Append a short text to a string that was left and is a `Text` already; return whether it is one.

        For fields that are written in turn: a fifth of the time of `append_at`.
        """
        node, key = place
        text = node.entries[key]
        if type(text) is not Text or text.size > self.fast_text_bytes:
            return False
        if text.no_listener_epoch is not self.listener_epoch:
            return False
        if self.pending_surrogates and (id(node), key) in self.pending_surrogates:
            return False
        if self.node is not None:
            if text is self.text:  # it is open, by another spelling of its path
                return False
            if self.text is self.scratch:
                self.seal_open_text()
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
        self.has_no_listener = True
        self.version = version  # last: INVARIANTS 1
        return True

    def close(self) -> bool:
        """End the document: pending halves are repaired. Return whether that was a change."""
        if self.closed:
            return False
        before = self.version
        try:
            version = self._repair()
            self.seal_open_text()
            self.count_pending()
            if version > before:
                self.join_event(before + 1, version)
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
        self.pending_surrogates.end()
        self.has_no_listener = False
        self.freeze()

    def has_only_grown(self) -> bool:
        """Return whether the last event did nothing but extend the open string, as nearly every event does."""
        version, joined = self.version, self.event_ranges
        return self.starts[-1] < version and not self.closed and not (joined and joined[-1][1] == version)

    def reopen(self) -> bool:
        """Continue after `close`: halves that it has repaired are pending again. Return whether that was a change.

        The next change is a run of its own, so that it differs from the content at the end.
        """
        self.seal_open_text()  # a restored document may have an open string
        strings: list[tuple[Node, Step, str]] = []
        for node, key, _ in self.pending_surrogates.repaired:
            thing = node.entries[key]
            strings.append((node, key, (thing if type(thing) is str else thing.whole()).removesuffix(REPLACEMENT)))
        sizes = [utf8_size(string) for _, _, string in strings]
        self._check_document(len(strings), sum(sizes), len(strings))
        is_untouched = self.version == self.untouched_version
        version = self.version
        try:
            for node, key, string in strings:
                version += 1
                self.count_length(len(string))
                self._put(node, key, string, version)
                self._log(version, node, key)
                self.delta = string
            self.join_event(self.version + 1, version)
            self.node_count += len(strings)
            self.size += sum(sizes)
            self.pending_surrogates.reopen()
            self.version = version  # last: INVARIANTS 1
            if is_untouched:
                self.untouched_version = version
            self.seal_run()
            self.has_no_listener = False
            self.closed = False
            self.recount()
        except BaseException:
            self.tear()
            raise
        return bool(strings)

    def seal_run(self) -> None:
        """Let what comes next to the string that was written to last be a run of its own."""
        self.fresh_path = NO_PATH
        if self.nodes and type(current(self.nodes[-1], self.keys[-1])) is str:
            self._text(self.nodes[-1], self.keys[-1])

    # ------------------------------------------------------------------------------------------------------------------
    # locks and listeners

    def lock(self) -> None:
        """Refuse changes while callbacks run. Read `hot_until` before, for `unlock`."""
        self.locked_by, self.fast_until_version = "callbacks", -1

    def unlock(self, until: int, reason: Literal["", "unawaited"]) -> None:
        """Allow changes again, unless there is another `reason` to refuse them. May be repeated."""
        self.locked_by = reason
        self.fast_until_version = -1 if reason else until

    def renew_listeners(self, reason: Literal["", "unawaited"]) -> None:
        """Forget what has no listener, as listeners have come or gone. Refuse changes if there is a `reason`."""
        self.listener_epoch = object()
        self.slots_without_listener.clear()
        self.has_no_listener = False
        if self.locked_by != "callbacks":
            self.locked_by = reason
            self.fast_until_version = -1 if reason or self.closed else self.version

    def ignore(self, node: Node, key: Step, *, whole: bool) -> None:
        """Record that a slot has no listener; with `whole`, nothing in the container has one."""
        thing = node.entries[key]
        if whole:
            node.no_listener_epoch = self.listener_epoch
        elif type(thing) is Text and thing is not self.scratch:
            thing.no_listener_epoch = self.listener_epoch
        else:
            if len(self.slots_without_listener) >= MAX_CACHED_PATHS:
                self.slots_without_listener.clear()
            self.slots_without_listener[id(node), key] = self.listener_epoch

    def ignore_all(self) -> None:
        """Record that nothing has a listener before the end."""
        self.listener_epoch = None

    def mark_quiet(self, *, is_quiet: bool) -> None:
        """Record whether the last event concerns no listener."""
        self.has_no_listener = is_quiet

    def freeze(self) -> None:
        """Refuse every further delta, and leave the document as it is."""
        self.closed = True
        self.fast_until_version = -1
