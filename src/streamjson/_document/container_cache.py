"""One container of the document at a version, as plain objects that share parts with those read before.

`container_at` keeps a plain value for each of the last containers that were read alone, with its
version. These values share nothing with the document's or with each other. The next read applies the runs of the log
in between: it walks the tree and the plain value side by side down to each changed slot, and changes a container in
place if there are no other references to it, else copies it. A reader takes the value out of the table while it works.
A second reader that finds no value, in another thread or in a signal handler, builds a value of its own; after an
exception the value is gone.

Cost: the changes since the last read, each O(path); a container that a reader holds is copied.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from .document import Document
from .history import build, is_new, read, run_at, slot_at, slots_at
from .tree import Node, Step, path_of
from .value_cache import UNHELD, are_held, last_of_each_slot, put

__all__ = ["container_at"]

MAX_KEPT_CONTAINERS: Final = 16  # values of containers that were read alone
_VALUES_PER_RUN: Final = 4  # values that are built in the time that applying one run takes


class Kept:
    """The plain value of a container, `root`, that was read alone, and its version.

    The value is the only item of `top`, so that its references are counted like those of the values in it.
    """

    __slots__ = ("root", "top", "version", "way")

    def __init__(self, root: Node, version: int, value: Any) -> None:
        self.root = root
        self.version = version
        self.top: list[Any] = [value]
        self.way: tuple[Step, ...] = ()  # the path of `root`, once it is needed

    def advance(self, document: Document, version: int) -> bool:
        """Bring the value to `version`, a later one. Return whether that succeeded.

        It fails if building the value again is cheaper, or if a reader has changed it so that the walk fails.
        """
        runs: Collection[int] = range(run_at(document, self.version + 1), run_at(document, version) + 1)
        if len(runs) > 1:
            if not _has_values(self.top[0], _VALUES_PER_RUN * len(runs)):
                return False
            runs = last_of_each_slot(document, runs)
        done: set[tuple[int, Step]] = set()
        try:
            for run in runs:
                node, key = document.nodes[run], document.keys[run]
                steps = (key,) if node is self.root else self._inside(node, key)
                if steps:
                    self._set(document, steps, version, done)
        except (LookupError, TypeError, AttributeError):
            return False
        self.version = version
        return True

    def _inside(self, node: Node, key: Step) -> tuple[Step, ...]:
        """Return the steps from `root` to slot `key` of `node`; none if the slot is not in `root`."""
        way = self.way = self.way or path_of(self.root.where)
        steps = path_of(node.where)
        return (*steps[len(way) :], key) if steps[: len(way)] == way else ()

    def _set(self, document: Document, steps: tuple[Step, ...], version: int, done: set[tuple[int, Step]]) -> None:
        """Set the slot that `steps` lead to from `root`, or the first slot on the path that was created or replaced."""
        container: Any = self.top
        key: Any = 0
        node = thing = self.root
        number = 0
        differs = False
        while not differs:  # true at the changed slot at the latest
            if are_held(container, [key], [container[key]], UNHELD):
                container[key] = container[key].copy()
            container, node, key = container[key], thing, steps[number]
            thing = slot_at(node, key, version)
            differs = type(thing) is not Node or is_new(node, key, self.version, version)
            number += 1
        if (id(node), key) in done:
            return
        done.add((id(node), key))
        if not put(container, key, read(document, node, key, thing, version)):  # there are holes before it
            items = slots_at(node, version, len(container))
            container.extend([read(document, node, at, item, version) for at, item in items])


def container_at(document: Document, root: Node, version: int) -> Any:
    """Return the container `root`, which existed at `version`, as it was then: plain objects that readers share."""
    table = document.containers
    kept = table.pop(root, None)  # one call into C: no other thread has this value now
    if kept is None:
        kept = Kept(root, version, build(document, root, version, keep=False))
    elif version < kept.version:
        table[root] = kept
        return build(document, root, version, keep=False)
    elif version > kept.version and not kept.advance(document, version):
        kept = Kept(root, version, build(document, root, version, keep=False))
    value = kept.top[0]  # taken first: a reader that finds the value in the table must count this reference
    table[root] = kept
    if len(table) > MAX_KEPT_CONTAINERS:
        for oldest in list(table)[: MAX_KEPT_CONTAINERS // 2]:  # least recently read; another thread may take one
            table.pop(oldest, None)
    return value


def _has_values(container: Any, count: int) -> bool:
    """Return whether a plain container has at least `count` values in it. O(count), not O(container)."""
    todo: list[Any] = [container]
    while todo and count > 0:
        one: Any = todo.pop()
        count -= len(one)
        if count > 0:
            items: Any = [*one.values()] if type(one) is dict else one
            todo += [item for item in items if type(item) is dict or type(item) is list]
    return count <= 0
