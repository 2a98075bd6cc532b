"""Patterns on the tree: which locations of a document they select, at any version.

`select` evaluates one pattern, segment by segment, as RFC 9535 does, and goes straight to the slots that a segment
names. A matcher is for many patterns at once: `PatternCursor` finds the state of a location, and `preorder` and
`postorder` walk the slots under one, in document order. They skip what cannot match. None is recursive, so depth costs
nothing.

A cursor caches the state of the last container, and that of its parent. In document order a field costs one transition,
and so does the next item. The states are those of `_paths`. Nothing in the tree changes.

Specification: RFC 9535, sections 2.1.2 (the order of a nodelist) and 2.5 (segments).

Cost: `select` costs what each segment selects, and under `..` each container once for each such segment.
`PatternCursor.at` costs one transition for a location near the last one, else O(path). A walk costs the slots that may
match, and their siblings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from .._document import HOLE, Document, Node, Step, Where, path_of, slot_at, slots_at, visible
from .._json import MISSING
from .._paths import EVERY, Matcher, Segment, Selector, State

__all__ = ["PatternCursor", "postorder", "preorder", "select"]

T = TypeVar("T")
Slot: TypeAlias = tuple[Node, Step, Any]
"""A container, a name or an index in it, and the content there."""


class PatternCursor(Generic[T]):
    """Moves a matcher along the tree of one document."""

    __slots__ = ("_node", "_parent", "_parent_state", "_state", "matcher")

    def __init__(self, matcher: Matcher[T]) -> None:
        self.matcher = matcher
        self._node: Node | None = None
        self._state = matcher.start
        self._parent: Where = None
        self._parent_state = matcher.start

    def at(self, document: Document, node: Node, key: Step) -> State[T]:
        """Return the state of slot `key` of `node`."""
        if node is document.root_slot:
            return self.matcher.start
        if node is not self._node:
            self._node, self._state = node, self._of(node.where)
        return self._state.step(key)

    def is_dead(self, node: Node) -> bool:
        """Return whether nothing matches at `node`, above it or below it. `node` is the container of the last `at`."""
        return node is self._node and self._state is self.matcher.dead

    def _of(self, where: Where) -> State[T]:
        if where is None:
            return self.matcher.start
        parent, step = where
        if parent is not self._parent:  # siblings share their chain
            state = self.matcher.start
            for above in path_of(parent):
                state = state.step(above)
            self._parent, self._parent_state = parent, state
        return self._parent_state.step(step)


def preorder(
    node: Node, key: Step, thing: Any, state: State[T], version: int
) -> Iterator[tuple[Node, Step, Any, State[T]]]:
    """Yield the matches of slot `key` of `node`, which held `content` at `version`, and of all slots in it."""
    todo = [(node, key, thing, state)]
    while todo:
        node, key, thing, state = todo.pop()
        if state.targets:
            yield node, key, thing, state
        if type(thing) is Node and state.live:
            below = [(thing, step, item, state.step(step)) for step, item in slots_at(thing, version)]
            todo.extend(reversed([slot for slot in below if slot[3].targets or slot[3].live]))


def postorder(
    node: Node, key: Step, thing: Any, state: State[T], version: int, way: tuple[Step, ...] = ()
) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield the matches as `preorder`, but each slot after those in it, and without holes.

    `way` leads from `content` to a slot that is left out, together with the slots on the way to it.
    """
    walks = [(node, key, thing, state, _slots(thing, state, version), way, not way)]
    while walks:
        node, key, thing, state, slots, way, is_whole = walks[-1]
        for step, item in slots:
            onward = way[1:] if way and step == way[0] else None
            if item is HOLE or onward == ():
                continue
            below = state.step(step)
            if below.targets or below.live:
                walks.append((thing, step, item, below, _slots(item, below, version), onward or (), onward is None))
                break
        else:
            walks.pop()
            if is_whole and state.targets:
                yield node, key, state


def _slots(thing: Any, state: State[T], version: int) -> Iterator[tuple[Step, Any]]:
    return iter(slots_at(thing, version)) if type(thing) is Node and state.live else iter(())


def select(segments: Sequence[Segment], start: Slot, version: int) -> Iterator[Slot]:
    """Yield the slots that `segments` select from `start`, as they were at `version`.

    The order is that of RFC 9535. A slot that occurs several times in its nodelist is yielded once, at its first place.
    """
    # For each segment with `..`, the ids of the containers that it was applied to. The second such segment can reach a
    # container in several ways; only the first time selects new slots.
    applied: list[set[int]] = [set() for _ in segments]
    walks: list[Iterator[Slot]] = [iter([start])]  # the start, and what each segment selects, down to the current one
    while walks:
        number = len(walks) - 1
        if number == len(segments):
            yield from walks.pop()
            continue
        for _, _, thing in walks[-1]:
            if type(thing) is Node:
                walks.append(_apply(segments[number], thing, version, applied[number]))
                break
        else:
            walks.pop()


def _apply(segment: Segment, node: Node, version: int, applied: set[int]) -> Iterator[Slot]:
    if segment.descends:
        return _descend(segment.selectors, node, version, applied)
    return iter(_children(segment.selectors, node, version))


def _descend(selectors: tuple[Selector, ...], node: Node, version: int, applied: set[int]) -> Iterator[Slot]:
    # RFC 9535, section 2.5.2.2: the selectors are applied to the node and then to its descendants, to each of these
    # before those in it, and to items in the order of their array. Members are taken in the order of the document.
    todo = [node]
    while todo:
        node = todo.pop()
        if id(node) not in applied:
            applied.add(id(node))
            yield from _children(selectors, node, version)
            todo.extend(reversed([thing for _, thing in slots_at(node, version) if type(thing) is Node]))


def _children(selectors: tuple[Selector, ...], node: Node, version: int) -> Iterable[Slot]:
    """Return the slots of a container that the selectors select, each once."""
    if len(selectors) == 1:
        return _selected(selectors[0], node, version)
    return {slot[1]: slot for selector in selectors for slot in _selected(selector, node, version)}.values()


def _selected(selector: Selector, node: Node, version: int) -> Iterable[Slot]:
    if selector is EVERY:
        return ((node, step, thing) for step, thing in slots_at(node, version))
    if isinstance(selector, range):
        if node.is_object:
            return ()
        indexes = range(selector.start, min(selector.stop, visible(node, version)), selector.step)
        return ((node, index, slot_at(node, index, version)) for index in indexes)
    thing = slot_at(node, selector, version)
    return () if thing is MISSING else ((node, selector, thing),)
