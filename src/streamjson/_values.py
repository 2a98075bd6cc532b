"""The document at a version as plain objects, shared with the value that was read before.

Values that are read in the order of their versions share every container that did not change. What is kept to that end
is what was handed out: the plain value of each container at the newest version that was read (`Node.value`, and in
`Node.stamp` the version at which it was made). A reader may have changed it, so `_versions` never looks at it.

A container that changed is copied, unless nobody holds its value any more: then it is brought up to date in place. Who
holds it is told by its reference count, so that a consumer who looks at each value and drops it pays neither for the
depth nor for the width of the document. Where there are no such counts, or they can't be trusted (PyPy, CPython without
its global lock), everything on the path is copied, as it is for a consumer who keeps values.

*The chain.* Where the document changes, event after event, the values from the root down are at hand in a list, and not
in their nodes. Nobody holds them if each has the two references that are ours: of the value above, and of the list.

Cost: a few calls for one change near the last one, and the text that it made longer; else O(path) for each location
that changed. A container that somebody holds is copied. A value older than the newest that was read is built whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from ._document import Document
from ._events import MISSING
from ._tree import Node, Step, Text, path_of, trail
from ._versions import build, locate, read, run_at, slot_at, slots_at, visible

__all__ = ["value_at"]


def _is_held(chain: list[Any], unheld: int) -> bool:
    """Tell whether one of the values has more references than `unheld`."""
    # No `any`, as `value_at` has the same loop and must count the same.
    for value in chain:  # noqa: SIM110
        if _references(value) > unheld:
            return True
    return False


def _unheld() -> int:
    """Return what this interpreter counts in `_is_held` of a value that one container and one list refer to."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return -1
    container: list[Any] = [{}]
    chain = [container[0]]
    return next(count for count in range(sys.maxsize) if not _is_held(chain, count))


_references: Final[Callable[[object], int]] = getattr(sys, "getrefcount", lambda _: sys.maxsize)
_UNHELD: Final = _unheld()


class Values:
    """What was read of a document. `version` is the newest; `chain` the values from the root down to that of `node`.

    The first of the chain is the holder's, which nobody else has. `nodes` are the containers of the others, and `steps`
    lead from each to the next. `runs` is how many runs the log had, `key` the slot that the last one changed, and
    `text` what that held, if it is a string.
    """

    __slots__ = ("chain", "key", "node", "nodes", "runs", "steps", "text", "version")

    def __init__(self) -> None:
        self.version = -2  # before there was one
        self.runs = 0
        self.key: Step = 0
        self.node: Node | None = None
        self.nodes: list[Node] = []
        self.steps: list[Step] = []
        self.chain: list[Any] = []
        self.text: str | None = None

    def follow(self, document: Document) -> bool:
        """Go on by one change, if it was one of a plain slot, not far from the one before; tell whether it was."""
        node = document.nodes[-1]
        key = self.key = document.keys[-1]
        thing = node.slots[key]
        if type(thing) is Node or (node is not self.node and not self._turn(document, node)):
            return False
        if type(thing) is Text:
            thing = document.whole(thing)
        self.text = thing if type(thing) is str else None
        self.runs = len(document.starts)
        chain = self.chain
        if _is_held(chain, _UNHELD):
            self.copy()
        if node is not self.node and not self._begin(node):
            return False
        if not _put(chain[-1], key, thing):
            return False
        self.version += 1
        return True

    def hold(self, document: Document) -> None:
        """Begin a chain, that leads to where the document changed last."""
        self.chain.append(document.holder.value)
        self.runs = len(document.starts)
        self.key = document.keys[-1]
        self._turn(document, document.nodes[-1])
        text = self.chain[-1][self.key]
        self.text = text if type(text) is str else None

    def release(self) -> None:
        """End the chain: the values are their nodes' again."""
        while self.nodes:
            self._pop()
        self.chain.clear()
        self.node = None

    def _turn(self, document: Document, node: Node) -> bool:
        """Have the chain lead to `node`, or to what contains it, if it is new; tell whether that is so."""
        steps: tuple[Step, ...] = () if node is document.holder else (0, *path_of(node.where))
        if not self.chain:  # nothing was there when the last value was read
            return False
        nodes = self.nodes
        here = document.holder
        common = 0
        for step in steps:
            child = here.slots[step]
            if common == len(nodes) or child is not nodes[common]:
                break
            here = child
            common += 1
        while len(nodes) > common:
            self._pop()
        for step in steps[common:]:
            child = here.slots[step]
            if child.value is None:
                return child is node and len(node.births) == 1  # else it was given whole, or its values are gone
            nodes.append(child)
            self.steps.append(step)
            self.chain.append(child.value)
            child.value = None
            here = child
        self.node = node
        return True

    def _pop(self) -> None:
        self.nodes.pop().value = self.chain.pop()
        self.steps.pop()

    def _begin(self, node: Node) -> bool:
        """Add a new container, which has one slot, to the chain; tell whether that was possible."""
        step = 0 if node.where is None else node.where[1]
        value: Any = {} if node.is_object else []
        if not _put(self.chain[-1], step, value):
            return False
        self.nodes.append(node)
        self.steps.append(step)
        self.chain.append(value)
        self.node = node
        return True

    def copy(self) -> None:
        """Copy the values of the chain, as somebody holds one of them."""
        chain = self.chain
        here: Any = chain[0]
        number = 1
        for step in self.steps:
            here[step] = here = chain[number] = chain[number].copy()
            number += 1


def _put(container: Any, key: Any, value: Any) -> bool:
    """Set a member, or an item, also the next one; tell whether there was a place for it."""
    if type(key) is str or key < len(container):
        container[key] = value
    elif key == len(container):
        container.append(value)
    else:  # after a hole; or its reader has changed it
        return False
    return True


def value_at(document: Document, version: int) -> Any:
    """Return the document at `version` as plain objects; `MISSING` if there is nothing."""
    values: Values | None = document.values
    if values is None:
        values = document.values = Values()
    newest = values.version
    if version == newest + 1 and version == document.version:
        # Hot: once per event, for a consumer who looks at each value.
        try:
            if values.text is None or values.runs != len(document.starts):
                is_done = values.follow(document)
            else:  # the same string has grown
                is_done = True
                text = values.text = values.text + document.delta
                chain = values.chain
                for value in chain:  # as _is_held does
                    if _references(value) > _UNHELD:
                        values.copy()
                        break
                chain[-1][values.key] = text
                values.version = version
            if is_done:
                return values.chain[0][0]
        except IndexError:  # its reader has taken items out
            pass
    elif version < newest:
        return read(document, *locate(document, (), version), version)
    holder = document.holder
    if version > newest:
        values.release()
        if newest < 0:
            holder.value = build(document, holder, version, keep=True)
        else:
            _update(document, newest, version)
        values.version = version
        if version == document.version and document.nodes:
            values.hold(document)
    return holder.value[0] if holder.value else MISSING


def _update(document: Document, newest: int, version: int) -> None:
    """Bring the kept values from version `newest` to `version`."""
    runs: Collection[int] = range(max(run_at(document, newest + 1), 0), run_at(document, version) + 1)
    if len(runs) > 1:  # strings that grow in turn have many runs, and need to be read once
        runs = {(id(document.nodes[run]), document.keys[run]): run for run in runs}.values()
    for run in runs:
        _refresh(document, trail(document.holder, document.nodes[run], document.keys[run]), newest, version)


def _refresh(document: Document, steps: Iterable[Step], newest: int, version: int) -> None:
    """Bring the kept values along `steps` from version `newest` to `version`."""
    node = document.holder
    value = _fresh(document, node, newest, version)
    for step in steps:
        thing = slot_at(node, step, version)
        if thing is MISSING:  # a location that was replaced since; that has a run of its own
            return
        if type(thing) is not Node:
            value[step] = read(document, node, step, thing, version)
            return
        if thing.value is None:
            value[step] = build(document, thing, version, keep=True)
            return
        value[step] = _fresh(document, thing, newest, version)
        node, value = thing, thing.value


def _fresh(document: Document, node: Node, newest: int, version: int) -> Any:
    """Return the kept value of `node`, if it is still that of `newest` with the slots created since; copied if held."""
    if node.stamp != version:
        known = visible(node, newest)
        value = node.value
        if node is not document.holder and _is_held([value], _UNHELD + 2):
            value = value.copy()
        if len(value) != known:  # its reader has changed it
            value.clear()
            known = 0
        for step, thing in slots_at(node, version, known):
            if type(thing) is Node:
                item = build(document, thing, version, keep=True) if thing.value is None else thing.value
            else:
                item = read(document, node, step, thing, version)
            if type(step) is int:
                value.append(item)
            else:
                value[step] = item
        node.value, node.stamp = value, version
    return node.value
