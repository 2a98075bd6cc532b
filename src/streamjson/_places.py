"""From the text of a path to the slot that it leads to in the tree.

A path is parsed only where it must be. A stream in document order writes the fields of one object, item after item:
a sibling of the last location shares the text before its last dot, and the next item shares its array's text.
A place that is visited a second time is remembered by its whole text, for fields that are written in turn.

It owns these shortcuts; `forget` drops them when a container is replaced. It changes nothing in the tree.
Cost: one `rpartition` for a sibling, two for a next item, a look-up for a place known; else O(path), to parse and walk.
Memory: at most `MANY` texts each.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve

from ._errors import ConflictError
from ._events import MISSING
from ._limits import Limits
from ._path import Path, format_path, parse_path, strip_prefix
from ._tree import HOLE, Node, Step, Where, kind_of, look, path_of, where_of

__all__ = ["Places", "conflict"]

MANY: Final = 4096  # Entries at which a cache begins anew.


class Places:
    """The shortcuts, and the walk that needs none. `head` is the last object's text, `list_head` the last array's."""

    __slots__ = (
        "deep", "head", "head_node", "holder", "limits", "list_head", "list_node", "names", "prefix", "replace",
        "short", "visited",
    )  # fmt: skip

    def __init__(self, holder: Node, limits: Limits, prefix: Path, *, replace: bool) -> None:
        self.holder = holder
        # The prefix takes part of a path, and is no part of the document.
        depth = limits.max_depth
        self.limits = limits if depth is None else evolve(limits, max_depth=depth + len(prefix))
        self.prefix = prefix
        self.replace = replace
        # So many characters can't have too many bytes.
        self.short = 2**62 if limits.max_path_bytes is None else limits.max_path_bytes // 4
        self.deep = 2**62 if limits.max_depth is None else limits.max_depth
        self.names: dict[str, str] = {}
        self.visited: dict[str, tuple[Node, Step]] = {}
        self.head: str | None = None
        self.head_node = holder
        self.list_head: str | None = None
        self.list_node = holder

    def find(self, path: str | Path) -> tuple[Node, Step, tuple[Step, ...]]:
        """Return the last container on `path` that exists, the slot in it, and the steps that lead on from there.

        Raises `InvalidPathError`, and `ConflictError` where the path leads through something that it can't.
        """
        if type(path) is not str or len(path) > self.short:
            return self._walk(format_path(path) if isinstance(path, Path) else path)
        head, dot, tail = path.rpartition(".")
        name = self.names.get(tail) if dot else None
        if name is None and dot and head == self.head and tail.isidentifier():  # a bare name, whatever else one may be
            name = self._know(tail)
        rest: tuple[Step, ...]
        if name is None:
            head, rest = path, ()
        elif head == self.head:
            return self.head_node, name, ()
        else:
            rest = (name,)
        before, bracket, index = head.rpartition("[")
        if (
            bracket
            and before == self.list_head
            and index == f"{len(self.list_node.slots)}]"
            # A member lies deeper than the items may have been so far. Each step but a first name brings one of these.
            and (not rest or path.count(".") + path.count("[") < self.deep)
        ):
            return self.list_node, len(self.list_node.slots), rest
        known = self.visited.get(path)
        if known is not None:
            return (*known, ())
        node, key, rest = self._walk(path)
        if not rest and look(node, key) is not MISSING:
            if len(self.visited) >= MANY:
                self.visited.clear()
            self.visited[path] = (node, key)
        return node, key, rest

    def _walk(self, path: str) -> tuple[Node, Step, tuple[Step, ...]]:
        steps = strip_prefix(parse_path(path, limits=self.limits), self.prefix, path)
        node: Node = self.holder
        key: Step = 0
        for position, step in enumerate(steps):
            there = look(node, key)
            if type(there) is Node and there.is_object is (type(step) is str):
                node, key = there, step
            elif self.replace or there is MISSING or there is HOLE or there is None:
                return node, key, steps[position:]
            else:
                raise conflict(where_of(self.holder, node, key), there, "name" if type(step) is str else "index")
        return node, key, ()

    def remember(self, path: str, node: Node, key: Step) -> None:
        """Note which texts lead to `node`, the container of the location that `path` has just created."""
        if type(key) is int:
            head = path.rpartition("[")[0]
        else:
            head, dot, tail = path.rpartition(".")
            if not dot or tail != key:
                return
            self._know(tail)
            if head == self.head:
                return
            self.head, self.head_node = head, node
            head, bracket, _ = head.rpartition("[")
            if not bracket or head == self.list_head:
                return
        # In a text without quotes every bracket holds an index, and the last one is of the array that is nearest.
        if "'" not in path and '"' not in path and node is not self.holder:
            where: Where = (node.where, key)
            while where is not None and type(where[1]) is str:
                where = where[0]
            if where is not None:
                self.list_head, self.list_node = head, self._node_at(where[0])

    def _know(self, name: str) -> str:
        """Return `name` as the one string that all objects share for it."""
        if len(self.names) >= MANY:
            self.names.clear()
        return self.names.setdefault(name, name)

    def _node_at(self, where: Where) -> Any:
        node = self.holder.slots[0]
        for step in path_of(where):
            node = node.slots[step]
        return node

    def forget(self) -> None:
        """Drop the shortcuts: what they lead to may have been replaced."""
        self.head = self.list_head = None
        self.visited.clear()


def conflict(where: Where, there: object, given: str) -> ConflictError:
    """Return the error for a delta of kind `given`, or a path through it with a "name" or an "index"."""
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
    """Return the name of a kind of value with its article."""
    return kind if kind == "null" else f"{'an' if kind[0] in 'aoi' else 'a'} {kind}"
