"""From the text of a path to the slot that it leads to in the tree.

A path is parsed only where no shortcut applies. A stream in document order writes the fields of one object, item after
item: the path of a sibling has the same text up to its last dot, and the path of the next item begins with the text of
the array. A location that is visited a second time is cached by the whole text of its path, for fields written in turn.

It owns these shortcuts; `forget` drops them when a container is replaced. It changes nothing in the tree. The fast
paths of `document` use the shortcuts without a call.
Cost: a comparison and a slice for a sibling or a next item, a look-up for a cached location; else O(path), to parse and
walk. Memory: at most `MAX_CACHED_PATHS` paths and `MAX_CACHED_NAMES` names.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve

from .._errors import ConflictError
from .._json import MISSING
from .._limits import Limits
from .._paths import Path, format_path, parse_path, strip_prefix
from .tree import HOLE, Node, Step, Where, current, kind_of, location_of, path_of

__all__ = ["MAX_CACHED_PATHS", "Locator", "a_kind", "conflict"]

# Paths in a cache; a cache with more is cleared.
MAX_CACHED_PATHS: Final = 4096
# The same for names. No schema's object has so many, and one that does gains nothing from the cache.
MAX_CACHED_NAMES: Final = 256
# The most characters of a short name (255), an index and the punctuation around them.
MAX_STEP_CHARS: Final = 300
# The beginning of no path: `startswith` takes a tuple of alternatives, and this one is empty.
NOWHERE: Final = ()


class Locator:
    """The shortcuts, and the walk for all other paths.

    The paths of the last object's members start with `head`, those of the last array's items with `list_head`.
    """

    __slots__ = (
        "deep",
        "head",
        "head_length",
        "head_node",
        "known",
        "limits",
        "list_head",
        "list_length",
        "list_may_nest",
        "list_node",
        "names",
        "prefix",
        "replace",
        "root_slot",
        "short",
        "short_name",
        "visited",
    )  # fmt: skip

    def __init__(self, holder: Node, limits: Limits, prefix: Path, *, replace: bool) -> None:
        self.root_slot = holder
        # The prefix is part of a path but not of the document, so its steps do not count as depth.
        depth = limits.max_depth
        self.limits = limits if depth is None else evolve(limits, max_depth=depth + len(prefix))
        self.prefix = prefix
        self.replace = replace
        # A path of this many characters cannot have too many bytes, not even if a short name and an index follow.
        self.short = 2**62 if limits.max_path_bytes is None else limits.max_path_bytes // 4 - MAX_STEP_CHARS
        self.deep = 2**62 if limits.max_depth is None else limits.max_depth
        self.short_name = 255 if limits.max_key_bytes is None else min(255, limits.max_key_bytes)
        self.names: dict[str, str] = {}
        self.visited: dict[str, tuple[Node, Step]] = {}
        self.known: dict[str, tuple[Node, Step]] = {}  # the same for readers, without the prefix
        self.head: str | tuple[()] = NOWHERE
        self.list_head: str | tuple[()] = NOWHERE
        self.head_length = self.list_length = 0
        self.head_node = self.list_node = holder
        self.list_may_nest = False  # whether `max_depth` allows its items to have members

    def find(self, path: str | Path) -> tuple[Node, Step, tuple[Step, ...]]:
        """Return the last container on `path` that exists, the slot in it, and the remaining steps.

        Raises `InvalidPathError`, and `ConflictError` if the path leads through a value that cannot contain its steps.
        """
        if type(path) is not str or len(path) > self.short:
            return self._walk(format_path(path) if isinstance(path, Path) else path)
        node, key, rest = self._beside(path) or self._walk(path)
        if not rest and current(node, key) is not MISSING:
            if len(self.visited) >= MAX_CACHED_PATHS:
                self.visited.clear()
            self.visited[path] = (node, key)
        return node, key, rest

    def _beside(self, path: str) -> tuple[Node, Step, tuple[Step, ...]] | None:
        if path.startswith(self.head):
            name = self.names.get(path[self.head_length :])
            if name is not None:
                return self.head_node, name, ()
        if path.startswith(self.list_head) and path[self.list_length :] == f"{len(self.list_node.entries)}]":
            return self.list_node, len(self.list_node.entries), ()
        return None

    def _walk(self, path: str) -> tuple[Node, Step, tuple[Step, ...]]:
        steps = strip_prefix(parse_path(path, limits=self.limits), self.prefix, path)
        node: Node = self.root_slot
        key: Step = 0
        for position, step in enumerate(steps):
            there = current(node, key)
            if type(there) is Node and there.is_object is (type(step) is str):
                node, key = there, step
            elif self.replace or there is MISSING or there is HOLE or there is None:
                return node, key, steps[position:]
            else:
                raise conflict(location_of(self.root_slot, node, key), there, "name" if type(step) is str else "index")
        return node, key, ()

    def remember(self, path: str, node: Node, key: Step) -> None:
        """Remember the texts that lead to `node`, the container of the location that `path` has just created."""
        if len(path) > self.short:
            return
        if isinstance(key, str):
            head = path.removesuffix(key)
            # Otherwise the name is quoted, and the shortcut is for bare names. At the root, "$" would not be a name.
            if head == path or (head and head[-1] != ".") or key == "$":
                return
            if key.isascii() and len(key) <= self.short_name:
                if len(self.names) >= MAX_CACHED_NAMES:
                    self.names.clear()
                self.names[key] = key
            self.head, self.head_length, self.head_node = head, len(head), node
        else:
            head = path
        head, bracket, _ = head.rpartition("[")
        # In a path without quotes every bracket holds an index, and the last one belongs to the nearest array.
        if not bracket or head + bracket == self.list_head or "'" in path or '"' in path or node is self.root_slot:
            return
        where: Where = (node.where, key)
        while where is not None and type(where[1]) is str:
            where = where[0]
        if where is not None:
            self.list_head, self.list_length, self.list_node = head + bracket, len(head) + 1, self._node_at(where[0])
            self.list_may_nest = len(path_of(where)) < self.deep

    def _node_at(self, where: Where) -> Any:
        node = self.root_slot.entries[0]
        for step in path_of(where):
            node = node.entries[step]
        return node

    def forget(self) -> None:
        """Drop the shortcuts: the containers that they lead to may have been replaced."""
        self.head = self.list_head = NOWHERE
        self.visited.clear()
        self.known = {}  # a new dict: a reader in another thread may still add to the old one


def conflict(where: Where, there: object, given: str) -> ConflictError:
    """Return the error for a delta of JSON type `given`, or for a path with a "name" or an "index" through `there`."""
    path = str(Path(path_of(where)))
    found = kind_of(there)
    what = f"a path with {a_kind(given)} leads through it" if given in ("name", "index") else f"{a_kind(given)} came"
    return ConflictError(
        f"{path or 'the root'} holds {a_kind(found)} and {what}; on_conflict='replace' lets the newer one win",
        path=path,
        found=found,
        given=given,
    )


def a_kind(kind: str) -> str:
    """Return the name of a JSON type with its article."""
    return kind if kind == "null" else f"{'an' if kind[0] in 'aoi' else 'a'} {kind}"
