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

*Single containers.* `container_at` keeps a plain value for each of the last containers that were read alone, with its
version. These values share nothing with the document's or with each other. The next read applies the runs of the log
in between: it walks the tree and the plain value side by side down to each changed slot, and changes a container in
place if there are no other references to it, else copies it. A reader takes the value out of the table while it works.
A second reader that finds no value, in another thread or in a signal handler, builds a value of its own; after an
exception the value is gone.

Cost: for one change near the last one, a few calls and the length of the string that it extends; else O(path) for each
location that changed. A container that a reader holds is copied. A value older than the newest read is built whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from .._json import MISSING
from .document import Document
from .history import build, is_new, locate, location, read, run_at, slot_at, slots_at, string_at, visible
from .tree import Node, Step, Text, path_of, path_to_slot

__all__ = ["container_at", "value_at"]

MAX_KEPT_CONTAINERS: Final = 16  # values of containers that were read alone
_VALUES_PER_RUN: Final = 4  # values that are built in the time that applying one run takes


def _are_held(above: Any, steps: list[Any], chain: list[Any], unheld: int) -> bool:
    """Return whether a value that `steps` lead to from `above` is not that of `chain`, or has more references."""
    number = 0
    for step in steps:
        above = above[step]
        if above is not chain[number] or _references(above) > unheld:
            return True
        number += 1  # noqa: SIM113  # like the loop in `value_at`, where this is fastest: INVARIANTS 5
    return False


def _unheld() -> int:
    """Return the count that `_are_held` gets for a value in one container and one list; -1 without reliable counts."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return -1
    above: list[Any] = [{}]
    chain = [above[0]]
    return next(count for count in range(sys.maxsize) if not _are_held(above, [0], chain, count))


_references: Final[Callable[[object], int]] = getattr(sys, "getrefcount", lambda _: sys.maxsize)
_UNHELD: Final = _unheld()
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

    def follow(self, document: Document, version: int) -> bool:
        """Advance by one change, if it set or extended a scalar near the last change. Return whether it did."""
        runs = len(document.starts)
        node = document.nodes[runs - 1]
        key: Any = document.keys[runs - 1]
        thing = node.entries[key]
        if type(thing) is Node or self.top is None or not document.is_newest(version):
            return False
        if node is not self.node and not self._turn(document, node):
            return False
        if type(thing) is Text:
            thing = string_at(document, node, key, thing, version)
        container: Any = self.top
        if self.chain:
            is_held = _are_held(container, self.steps, self.chain, _UNHELD)
            container = self.copy() if is_held else self.chain[-1]
        if node is not self.node:  # a new container, with one entry
            step = 0 if node.where is None else node.where[1]
            value: Any = {} if node.is_object else []
            if not _put(container, step, value):
                return False
            self.node = node
            self.nodes.append(node)
            self.steps.append(step)
            self.chain.append(value)
            container = value
        if not _put(container, key, thing):
            return False
        self.text = thing if type(thing) is str else None
        self.key = key
        self.runs = runs
        return True

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
        self.node = node
        return True

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


def _put(container: Any, key: Any, value: Any) -> bool:
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
        if version == newest + 1:
            try:
                text, delta = values.text, document.delta
                if (
                    text is not None
                    and values.runs == len(document.starts)
                    and len(document.lengths) == version - document.base + 1  # `is_newest`, a call less
                ):
                    # Hot: the string that changed last has grown; once per event for a reader of each value.
                    values.text = text = text + delta
                    above = top = values.top
                    chain = values.chain
                    number = 0
                    for step in values.steps:  # the loop of `_are_held`: INVARIANTS 5
                        above = above[step]
                        if above is not chain[number] or _references(above) > _UNHELD:
                            above = values.copy()
                            break
                        number += 1  # noqa: SIM113
                    above[values.key] = text
                    values.version = version
                    return top[0]
                if values.follow(document, version):
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
        runs = _last_of_each_slot(document, runs)
    for run in runs:
        _refresh(document, path_to_slot(document.root_slot, document.nodes[run], document.keys[run]), newest, version)


def _last_of_each_slot(document: Document, runs: Iterable[int]) -> Collection[int]:
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
        return _are_held(above, [step], [node.value], _UNHELD + 1)  # one reference more: from the node
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


# ---------------------------------------------------------------------------------------------------------------------
# a single container


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
            runs = _last_of_each_slot(document, runs)
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
            if _are_held(container, [key], [container[key]], _UNHELD):
                container[key] = container[key].copy()
            container, node, key = container[key], thing, steps[number]
            thing = slot_at(node, key, version)
            differs = type(thing) is not Node or is_new(node, key, self.version, version)
            number += 1
        if (id(node), key) in done:
            return
        done.add((id(node), key))
        if not _put(container, key, read(document, node, key, thing, version)):  # there are holes before it
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
