"""The document, or one container of it, at a version, as plain objects that share parts with those read before.

Values that are read in the order of their versions share every container that did not change. For that, the cache keeps
the values that it returned: the plain value of each container at the newest version that was read (`Node.value`), and
the version at which that value was made (`Node.stamp`). A reader may have changed it, so `history` never uses it.

A container that changed is copied, unless no reader holds its value any more: then it is updated in place, so that a
reader that looks at each value and drops it pays neither for the depth nor for the width of the document. Reference
counts show whether a reader holds it: the cache has two references, from the container above and from a list, and the
container above must still have the value, as a reader may have taken it out. Where counts do not exist or cannot be
trusted (PyPy, CPython without its global lock), everything on the path is copied, as for a reader that keeps values.

*The chain.* While the document changes at one location, event after event, the values from the root down to it are in a
list, and not in their nodes.

*Threads.* While a reader is at work, `version` is `_BUSY`. Another reader, in another thread or in a signal handler,
then builds a value of its own; the writer ignores the cache. A lock would take a tenth of the time of a read. A result
for the newest version is used only if no newer version has begun during the read.

*Interrupts.* After an interrupted read all values are dropped, and built again.

Cost: for one change near the last one, a few calls and the length of the string that it extends; else O(path) for each
location that changed. A container that a reader holds is copied. A value older than the newest read is built whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from .._json import MISSING
from .document import Document
from .history import build, locate, location, read, run_at, slot_at, slots_at, string_at, visible
from .tree import Node, Step, Text, path_of, path_to_slot

__all__ = ["UNHELD", "are_held", "last_of_each_slot", "put", "value_at"]


def are_held(above: Any, steps: list[Any], chain: list[Any], unheld: int) -> bool:
    """Return whether a value that `steps` lead to from `above` is not that of `chain`, or has more references."""
    number = 0
    for step in steps:
        above = above[step]
        if above is not chain[number] or _references(above) > unheld:
            return True
        number += 1  # noqa: SIM113  # like the loop in `value_at`, where this is fastest: INVARIANTS 5
    return False


def _unheld() -> int:
    """Return the count that `are_held` gets for a value in one container and one list; -1 without reliable counts."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return -1
    above: list[Any] = [{}]
    chain = [above[0]]
    return next(count for count in range(sys.maxsize) if not are_held(above, [0], chain, count))


_references: Final[Callable[[object], int]] = getattr(sys, "getrefcount", lambda _: sys.maxsize)
UNHELD: Final = _unheld()
_MAX_FOLLOWED: Final = 32  # versions that a read follows one by one; more of them are often of the same locations
_NEVER: Final = -2  # nothing was read yet; the next number is not a version either
_BROKEN: Final = -3  # after an interrupted read
_BUSY: Final = -4  # while a reader is at work


class ValueCache:
    """What was read of a document. `version` is the newest; `chain` the values from the root down to that of `node`.

    `nodes` are the nodes of these values, and `steps` lead to each from the one above; the first is an item of `top`,
    the value of `root_slot`, which no reader has. `runs` is the number of runs in the log, `key` the slot that the last
    of them changed, and `text` the string in it, if it holds one.
    """

    __slots__ = ("chain", "key", "node", "nodes", "runs", "steps", "text", "top", "version")

    def __init__(self) -> None:
        self.version = _NEVER
        self.runs = 0
        self.key: Any = 0
        self.text: Any = None
        self.top: Any = None
        self.node: Node | None = None
        self.nodes: list[Node] = []
        self.steps: list[Step] = []
        self.chain: list[Any] = []

    def follow(self, document: Document, newest: int, version: int) -> bool:
        """Advance from version `newest` to `version`, the newest; return whether that succeeded.

        Each change must set or extend a scalar, or open a container, near the last one. If it fails, some of the
        changes may be made already.
        """
        runs = len(document.starts)
        if self.top is None:
            return False
        first = self.runs
        if first == runs or (first and document.starts[first] > newest + 1):
            first -= 1  # the last run has grown
        for run in range(first, runs):
            if not self._follow_run(document, run, version):
                return False
        self.runs = runs
        return True

    def _follow_run(self, document: Document, run: int, version: int) -> bool:
        node = document.nodes[run]
        key: Any = document.keys[run]
        thing = node.entries[key]
        value: Any
        if not document.is_newest(version):  # after the read: INVARIANTS 3
            return False
        if type(thing) is Node:
            if thing.created_at and thing.created_at[0] <= document.starts[run]:
                return False  # it was set whole
            value = {} if thing.is_object else []
        else:
            value = string_at(document, node, key, thing, version) if type(thing) is Text else thing
        if node is not self.node and not self._turn(document, node):
            return False
        container: Any = self.top
        if self.chain:
            is_held = are_held(container, self.steps, self.chain, UNHELD)
            container = self.copy() if is_held else self.chain[-1]
        if node is not self.node:  # a new container, with one entry
            step = 0 if node.where is None else node.where[1]
            above: Any = {} if node.is_object else []
            if not put(container, step, above):
                return False
            self._push(node, step, above)
            container = above
        if not put(container, key, value):
            return False
        if type(thing) is Node:
            self._push(thing, key, value)
        self.text = value if type(value) is str else None
        self.key = key
        return True

    def _push(self, node: Node, step: Step, value: Any) -> None:
        self.node = node
        self.nodes.append(node)
        self.steps.append(step)
        self.chain.append(value)

    def hold(self, document: Document, version: int) -> None:
        """Begin a chain to the location that `version`, the newest, has changed."""
        self.text = None
        self.top = document.root_slot.value
        node, self.key = location(document, version)
        if not self._turn(document, node):  # a container was replaced meanwhile
            self.release()
            return
        self.runs = run_at(document, version) + 1
        text = (self.chain[-1] if self.chain else self.top)[self.key]
        self.text = text if type(text) is str else None

    def release(self) -> None:
        """End the chain: give its values back to their nodes."""
        while self.nodes:
            self._pop()
        self.drop()

    def drop(self) -> None:
        """End the chain, and drop its values."""
        self.top = self.node = None
        self.nodes.clear()
        self.steps.clear()
        self.chain.clear()

    def _turn(self, document: Document, node: Node) -> bool:
        """Make the chain lead to `node`, or if `node` is new, to the container above. Return whether that succeeded."""
        here = self.node
        if here is not None and here.where is not None and node.where is not None:
            beside, parent = here.where[0], node.where[0]
            if parent is beside and parent is not None and len(node.created_at) == 1 and node.value is None:
                self._pop()  # the next item of the same array
                return True
        steps: tuple[Step, ...] = () if node is document.root_slot else (0, *path_of(node.where))
        nodes = self.nodes
        here = document.root_slot
        common = 0
        for step in steps:
            child = here.entries[step]
            if common == len(nodes) or child is not nodes[common]:
                break
            here = child
            common += 1
        while len(nodes) > common:
            self._pop()
        for step in steps[common:]:
            child = here.entries[step]
            if type(child) is not Node:  # the container was replaced meanwhile
                return False
            if child.value is None:
                return child is node and len(node.created_at) == 1  # else it was set whole, or its values were dropped
            nodes.append(child)
            self.steps.append(step)
            self.chain.append(child.value)
            child.value = None
            here = child
        self.node = here
        return here is node  # else a later change has replaced it

    def _pop(self) -> None:
        self.nodes.pop().value = self.chain.pop()
        self.steps.pop()

    def copy(self) -> Any:
        """Copy the values of the chain, as a reader holds one of them. Return the last one."""
        chain = self.chain
        here: Any = self.top
        for number, step in enumerate(self.steps):
            # Assigned from left to right: in the container above first, then the names.
            here[step] = here = chain[number] = chain[number].copy()
        return here


def put(container: Any, key: Any, value: Any) -> bool:
    """Set a member, an item or the next item. Return whether the container has a place for it."""
    if type(key) is str or key < len(container):
        container[key] = value
    elif key == len(container):
        container.append(value)
    else:  # after a hole, or in an array that a reader has changed
        return False
    return True


def value_at(document: Document, version: int) -> Any:
    """Return the document at `version` as plain objects; `MISSING` if it is empty."""
    if document.values is None:
        first = ValueCache()
        document.values = document.values or first  # no other thread comes in between, as below
    values: ValueCache = document.values
    holder = document.root_slot
    newest = _BUSY
    try:
        newest, values.version = values.version, _BUSY  # an exchange: CPython lets no other thread in between
        if newest == _BUSY:  # another thread reads, or this is a signal handler during a read
            return read(document, *locate(document, (), version), version)
        if 0 <= newest < version <= newest + _MAX_FOLLOWED:
            try:
                text, delta = values.text, document.delta
                if (
                    version == newest + 1
                    and text is not None
                    and values.runs == len(document.starts)
                    and len(document.lengths) == version - document.base + 1  # `is_newest`, a call less
                ):
                    # Hot: the string that changed last has grown; once per event for a reader of each value.
                    values.text = text = text + delta
                    above, chain = values.top, values.chain
                    number = 0
                    for step in values.steps:  # the loop of `are_held`: INVARIANTS 5
                        above = above[step]
                        if above is not chain[number] or _references(above) > UNHELD:
                            above = values.copy()
                            break
                        number += 1  # noqa: SIM113
                    above[values.key] = text
                    values.version = version
                    return values.top[0]
                if values.follow(document, newest, version):
                    values.version = version
                    return holder.value[0]
            except (LookupError, TypeError):  # a reader has removed or replaced a value on the path
                pass
        elif version <= newest:
            values.version = newest
            if version == newest:
                return holder.value[0] if holder.value else MISSING
            return read(document, *locate(document, (), version), version)
        if newest < 0:
            if newest == _BROKEN:
                _forget(holder)
            values.drop()
            holder.value = build(document, holder, version, keep=True)
        else:
            values.release()
            _update(document, newest, version)
        if document.nodes and document.is_newest(version):
            values.hold(document, version)
        values.version = version
        return holder.value[0] if holder.value else MISSING
    except BaseException:  # an interrupt
        if newest != _BUSY:
            values.version = _BROKEN
        raise


def _forget(root: Node) -> None:
    """Drop the values of all containers that are in the tree, or were."""
    todo = [root]
    while todo:
        node = todo.pop()
        node.value, node.stamp = None, -1
        slots: Any = node.entries
        things = list(slots.values()) if node.is_object else slots[:]
        for replaced in list((node.history or {}).values()):
            things += [thing for _, thing in replaced]
        todo += [thing for thing in things if type(thing) is Node]


def _update(document: Document, newest: int, version: int) -> None:
    """Bring the kept values from version `newest` to `version`."""
    runs: Collection[int] = range(max(run_at(document, newest + 1), 0), run_at(document, version) + 1)
    if len(runs) > 1:
        runs = last_of_each_slot(document, runs)
    for run in runs:
        _refresh(document, path_to_slot(document.root_slot, document.nodes[run], document.keys[run]), newest, version)


def last_of_each_slot(document: Document, runs: Iterable[int]) -> Collection[int]:
    """Return the last run of each slot, in the order of the first runs: strings that grow in turn are read once."""
    return {(id(document.nodes[run]), document.keys[run]): run for run in runs}.values()


def _refresh(document: Document, steps: Iterable[Step], newest: int, version: int) -> None:
    """Bring the kept values along `steps` from version `newest` to `version`."""
    node = document.root_slot
    value = _fresh(document, node, newest, version, is_held=False)
    for step in steps:
        thing = slot_at(node, step, version)
        if thing is MISSING:  # a container above was replaced since, in a run of its own
            return
        if type(thing) is not Node:
            value[step] = read(document, node, step, thing, version)
            return
        if thing.value is None:
            value[step] = build(document, thing, version, keep=True)
            return
        value[step] = _fresh(document, thing, newest, version, is_held=_is_held(value, step, thing))
        node, value = thing, thing.value


def _is_held(above: Any, step: Step, node: Node) -> bool:
    """Return whether a reader holds the kept value of `node`, or has taken it from its place, `step` of `above`."""
    try:
        return are_held(above, [step], [node.value], UNHELD + 1)  # one reference more: from the node
    except LookupError:
        return True


def _fresh(document: Document, node: Node, newest: int, version: int, *, is_held: bool) -> Any:
    """Return the kept value of `node`, with the slots created since version `newest` added; copied if it is held."""
    if node.stamp != version:
        known = visible(node, newest)
        value = node.value
        if is_held:
            value = value.copy()
        if len(value) != known:  # a reader has changed it
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
