"""The document, or one container of it, at a version as plain objects that are shared with those read before.

Values that are read in the order of their versions share every container that did not change. What is kept to that end
is what was handed out: the plain value of each container at the newest version that was read (`Node.value`, and in
`Node.stamp` the version at which it was made). A reader may have changed it, so `history` never looks at it.

A container that changed is copied, unless nobody holds its value any more: then it is brought up to date in place, so
that a consumer who looks at each value and drops it pays neither for the depth nor for the width of the document. Who
holds it is told by reference counts: it has two references that are ours, of the container above and of a list, and the
container above must have it still, as a reader may have taken it out. Where there are no such counts, or they can't be
trusted (PyPy, CPython without its global lock), everything on the path is copied, as for a consumer who keeps values.

*The chain.* Where the document changes, event after event, the values from the root down are at hand in a list, and not
in their nodes.

*Threads.* While a reader is at work, `version` is `_BUSY`; another reader, in another thread or in a signal handler,
builds a value of its own, and the writer does not look. A lock would take a tenth of the time of a read. A result for
the newest version is used only if no newer version has started during the read.

*Interrupts.* After a read that was broken off all values are given up, and built again.

*Single containers.* `container_at` keeps a plain value for each of the last containers that were read alone, with its
version. These values share nothing with the document's or with each other. The next read applies the runs of the log
in between: it walks the tree and the plain value side by side down to each changed slot, and changes a container in
place if there are no other references to it, else copies it. A reader takes the entry out of the table while it works.
A second reader that finds no entry, in another thread or in a signal handler, builds a value of its own; after an
exception the entry is gone.

Cost: a few calls for one change near the last one, and the text that it made longer; else O(path) for each location
that changed. A container that somebody holds is copied. A value older than the newest that was read is built whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from .._json import MISSING
from .document import Document
from .history import build, is_new, locate, location, read, run_at, slot_at, slots_at, string_at, visible
from .tree import Node, Step, Text, path_of, trail

__all__ = ["container_at", "value_at"]

KEPT: Final = 16  # containers that were read alone and keep their value
_RUN: Final = 4  # values that are built in the time that one run takes to apply


def _are_held(above: Any, steps: list[Any], chain: list[Any], unheld: int) -> bool:
    """Tell whether one of the values to which `steps` lead from `above` is another one, or has more references."""
    number = 0
    for step in steps:
        above = above[step]
        if above is not chain[number] or _references(above) > unheld:
            return True
        number += 1  # noqa: SIM113  # as `value_at` does, which must count the same, and where it is the quickest
    return False


def _unheld() -> int:
    """Return what this interpreter counts in `_are_held` of a value that one container and one list refer to."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return -1
    above: list[Any] = [{}]
    chain = [above[0]]
    return next(count for count in range(sys.maxsize) if not _are_held(above, [0], chain, count))


_references: Final[Callable[[object], int]] = getattr(sys, "getrefcount", lambda _: sys.maxsize)
_UNHELD: Final = _unheld()
_NEVER: Final = -2  # before the version before the first
_BROKEN: Final = -3  # after a read that was broken off
_BUSY: Final = -4  # while somebody reads


class Values:
    """What was read of a document. `version` is the newest; `chain` the values from the root down to that of `node`.

    `nodes` are their containers, and `steps` lead to each from the one above; the first is an item of `top`, the
    holder's value, which nobody else has. `runs` is how many runs the log had, `key` the slot that the last one
    changed, and `text` what that held, if it is a string.
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
        """Go on by one change, if it was one of a plain slot, not far from the one before; tell whether it was."""
        runs = len(document.starts)
        node = document.nodes[runs - 1]
        key: Any = document.keys[runs - 1]
        thing = node.slots[key]
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
        if node is not self.node:  # a new one, which has one slot
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
        """Begin a chain that leads to where `version`, the newest, has changed the document."""
        self.text = None
        self.top = document.holder.value
        node, self.key = location(document, version)
        if not self._turn(document, node):  # it was replaced meanwhile
            self.release()
            return
        self.runs = run_at(document, version) + 1
        text = (self.chain[-1] if self.chain else self.top)[self.key]
        self.text = text if type(text) is str else None

    def release(self) -> None:
        """End the chain: the values are their nodes' again."""
        while self.nodes:
            self._pop()
        self.drop()

    def drop(self) -> None:
        """End the chain, and forget its values."""
        self.top = self.node = None
        self.nodes.clear()
        self.steps.clear()
        self.chain.clear()

    def _turn(self, document: Document, node: Node) -> bool:
        """Have the chain lead to `node`, or to what contains it, if it is new; tell whether that is so."""
        here = self.node
        if here is not None and here.where is not None and node.where is not None:
            beside, parent = here.where[0], node.where[0]
            if parent is beside and parent is not None and len(node.births) == 1 and node.value is None:
                self._pop()  # the next item: what contains it is the same
                return True
        steps: tuple[Step, ...] = () if node is document.holder else (0, *path_of(node.where))
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
            if type(child) is not Node:  # it was replaced meanwhile
                return False
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

    def copy(self) -> Any:
        """Copy the values of the chain, as somebody holds one of them; return the last."""
        chain = self.chain
        here: Any = self.top
        for number, step in enumerate(self.steps):
            # From left to right: into the container above, then the names.
            here[step] = here = chain[number] = chain[number].copy()
        return here


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
    if document.values is None:
        first = Values()
        document.values = document.values or first  # in one go, as the next line
    values: Values = document.values
    holder = document.holder
    newest = _BUSY
    try:
        newest, values.version = values.version, _BUSY  # an exchange: CPython lets no other thread in between
        if newest == _BUSY:  # another thread reads, or this one has interrupted its own read
            return read(document, *locate(document, (), version), version)
        if version == newest + 1:
            try:
                text, delta = values.text, document.delta
                if (
                    text is not None
                    and values.runs == len(document.starts)
                    and len(document.lengths) == version - document.base + 1  # `is_newest`, a call less
                ):
                    # Hot: the string that was changed last has grown, once per event for who looks at each value.
                    values.text = text = text + delta
                    above = top = values.top
                    chain = values.chain
                    number = 0
                    for step in values.steps:  # as _are_held does
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
            except (LookupError, TypeError):  # its reader has taken out, or replaced, what leads there
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
    """Give up the values of all containers that are in the tree, or were."""
    todo = [root]
    while todo:
        node = todo.pop()
        node.value, node.stamp = None, -1
        slots: Any = node.slots
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
        _refresh(document, trail(document.holder, document.nodes[run], document.keys[run]), newest, version)


def _last_of_each_slot(document: Document, runs: Iterable[int]) -> Collection[int]:
    """Return the last of the runs of each slot, in the order of the first: strings that grow in turn are read once."""
    return {(id(document.nodes[run]), document.keys[run]): run for run in runs}.values()


def _refresh(document: Document, steps: Iterable[Step], newest: int, version: int) -> None:
    """Bring the kept values along `steps` from version `newest` to `version`."""
    node = document.holder
    value = _fresh(document, node, newest, version, is_held=False)
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
        value[step] = _fresh(document, thing, newest, version, is_held=_is_held(value, step, thing))
        node, value = thing, thing.value


def _is_held(above: Any, step: Step, node: Node) -> bool:
    """Tell whether somebody has the kept value of `node`, which is at `step` of `above` if nobody has changed that."""
    try:
        return _are_held(above, [step], [node.value], _UNHELD + 1)  # one more: the node's
    except LookupError:
        return True


def _fresh(document: Document, node: Node, newest: int, version: int, *, is_held: bool) -> Any:
    """Return the kept value of `node`, if it is still that of `newest` with the slots created since; copied if held."""
    if node.stamp != version:
        known = visible(node, newest)
        value = node.value
        if is_held:
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


# ---------------------------------------------------------------------------------------------------------------------
# a single container


class Kept:
    """The plain value of a container, `root`, that was read alone, and its version.

    The value is the only item of `top`, so that its references are counted as those of the values in it.
    """

    __slots__ = ("root", "top", "version", "way")

    def __init__(self, root: Node, version: int, value: Any) -> None:
        self.root = root
        self.version = version
        self.top: list[Any] = [value]
        self.way: tuple[Step, ...] = ()  # the steps from the holder to `root`, once they are needed

    def advance(self, document: Document, version: int) -> bool:
        """Bring the value to `version`, a later one; return whether that succeeded.

        False if building it anew is cheaper, or if a reader has changed the value so that the walk fails.
        """
        runs: Collection[int] = range(run_at(document, self.version + 1), run_at(document, version) + 1)
        if len(runs) > 1:
            if not _has_values(self.top[0], _RUN * len(runs)):
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
        """Return the steps from `root` to slot `key` of `node`; none if the slot is elsewhere."""
        way = self.way = self.way or path_of(self.root.where)
        steps = path_of(node.where)
        return (*steps[len(way) :], key) if steps[: len(way)] == way else ()

    def _set(self, document: Document, steps: tuple[Step, ...], version: int, done: set[tuple[int, Step]]) -> None:
        """Set the slot that `steps` lead to from `root`, or the first one on the way that was created or replaced."""
        container: Any = self.top
        key: Any = 0
        node = thing = self.root
        number = 0
        differs = False
        while not differs:  # at the latest, the changed slot does
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
    """Return the container `root`, which existed at `version`, as it was then, as plain objects that are shared."""
    table = document.containers
    kept = table.pop(root, None)  # one call into C: no other thread has this entry now
    if kept is None:
        kept = Kept(root, version, build(document, root, version, keep=False))
    elif version < kept.version:
        table[root] = kept
        return build(document, root, version, keep=False)
    elif version > kept.version and not kept.advance(document, version):
        kept = Kept(root, version, build(document, root, version, keep=False))
    value = kept.top[0]  # before the entry is back: the next reader must count this reference
    table[root] = kept
    if len(table) > KEPT:
        for oldest in list(table)[: KEPT // 2]:  # least recently read; another thread may have taken one
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
