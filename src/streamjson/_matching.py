"""Patterns along the tree: which locations of a document a matcher selects, at any version.

`Along` finds the state of a location; `preorder` and `postorder` walk what lies under one. They skip what can't match,
and none is recursive, so depth costs nothing.

It owns one memory: the state of the container that was asked for last, and of its parent. In document order a field
costs one transition, and so does the next item. Its states are those of `_matcher`; it changes nothing in the tree.

Cost: `Along.at` one transition for a location near the last one, else O(path); a walk what may match, and its siblings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from ._document import Document
from ._matcher import Matcher, State
from ._tree import HOLE, Node, Step, Where, path_of
from ._versions import slots_at

__all__ = ["Along", "postorder", "preorder"]

T = TypeVar("T")


class Along(Generic[T]):
    """A matcher, laid along the tree of one document."""

    __slots__ = ("_node", "_parent", "_parent_state", "_state", "matcher")

    def __init__(self, matcher: Matcher[T]) -> None:
        self.matcher = matcher
        self._node: Node | None = None
        self._state = matcher.start
        self._parent: Where = None
        self._parent_state = matcher.start

    def at(self, document: Document, node: Node, key: Step) -> State[T]:
        """Return the state of slot `key` of `node`."""
        if node is document.holder:
            return self.matcher.start
        if node is not self._node:
            self._node, self._state = node, self._of(node.where)
        return self._state.step(key)

    def is_dead(self, node: Node) -> bool:
        """Tell whether nothing matches at `node`, which was asked for last, nor above or below."""
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
    """Yield the slots that match among `thing`, which slot `key` of `node` held at `version`, and all in it."""
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
    """Yield the slots that match, each after those in it; holes are none.

    `way` leads from `thing` to what is left out, with all that contains it.
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
