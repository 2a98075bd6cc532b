"""Which values of a text's document are finished: those whose closing token has come.

A text closes its values itself, the innermost first. So what was closed between two changes follows from their
locations: everything from the first one up to, and without, the container of the second. What was closed after the last
change is counted (`TextDocument.closings`). A version and that number are all that a snapshot needs.

A name that is written twice replaces its value; the values that had been closed there are closed again, with revision
2, if they are in the new one, too.

It owns an index of the closed values that were replaced, made on request. It does not know its callers.

Cost: O(path) for a change that leaves a container, O(1) for a sibling; the index costs what was replaced, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from .._document import Document, Node, Step, location, path_to_slot, slot_at
from .._paths import State
from .selection import PatternCursor

__all__ = ["closed_after_last", "closed_before", "is_closed", "revision_of"]

T = TypeVar("T")


def is_closed(document: Document, steps: tuple[Step, ...], version: int, closings: int) -> bool:
    """Return whether the value at `steps`, which exists at `version`, was closed at that version and `closings`."""
    last = path_to_slot(document.root_slot, *location(document, version))
    still_open = last[: len(last) - closings]
    return still_open[: len(steps)] != steps


def closed_before(
    document: Document, run: int, along: PatternCursor[T], known: int
) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield the matching values that were closed just before a run, which is not the first; without the `known` first.

    The innermost comes first.
    """
    node, key = document.nodes[run - 1], document.keys[run - 1]
    if node is document.nodes[run]:
        if not known and (state := along.at(document, node, key)).targets:
            yield node, key, state
        return
    last = path_to_slot(document.root_slot, node, key)
    following = path_to_slot(document.root_slot, document.nodes[run], document.keys[run])
    yield from _innermost(document, last, document.starts[run] - 1, len(last) - len(following) + 1, known, along)


def closed_after_last(document: Document, along: PatternCursor[T], known: int) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield the matching values that were closed after the last change, without the `known` first."""
    if document.closings > known:
        last = path_to_slot(document.root_slot, *location(document, document.version))
        yield from _innermost(document, last, document.version, document.closings, known, along)


def _innermost(
    document: Document, steps: tuple[Step, ...], version: int, count: int, known: int, along: PatternCursor[T]
) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield the matches among the last `count` slots on the way of `steps`, without the last `known`, in reverse."""
    slots: list[tuple[Node, Step, State[T]]] = []
    node: Any = document.root_slot
    state = along.matcher.start
    for step in steps:
        if slots:
            state = state.step(step)
        slots.append((node, step, state))
        node = slot_at(node, step, version)
    length = len(slots)
    for slot in reversed(slots[length - count : length - known]):
        if slot[2].targets:
            yield slot


def revision_of(document: Document, steps: tuple[Step, ...], version: int) -> int:
    """Return the revision of a closed value: 2 if a value at `steps` had been closed before, and was replaced."""
    node: Any = document.root_slot
    for count, step in enumerate(steps, start=1):
        is_replaced = node.history is not None and step in node.history
        if is_replaced and _closed_in(document, node, step, version).get(steps[count:], version + 1) <= version:
            return 2
        node = slot_at(node, step, version)
    return 1


def _closed_in(document: Document, node: Node, step: Step, version: int) -> dict[tuple[Step, ...], int]:
    """Return the paths, from a slot on, of the values that were closed in the earlier contents of the slot.

    Each has the version at which the first of them was replaced.
    """
    if document.progress is None:
        document.progress = {}
    known: dict[tuple[int, Step], tuple[int, dict[tuple[Step, ...], int]]] = document.progress
    history: Any = node.history
    count, paths = known.get((id(node), step), (0, {}))
    replaced = history[step]
    while count < len(replaced) and replaced[count][0] <= version:
        todo: list[tuple[tuple[Step, ...], Any]] = [((), replaced[count][1])]
        while todo:
            path, thing = todo.pop()
            paths.setdefault(path, replaced[count][0])
            if type(thing) is Node:
                slots: Any = thing.entries.items() if thing.is_object else enumerate(thing.entries)
                todo += [((*path, key), item) for key, item in slots]
                for key, contents in (thing.history or {}).items():
                    todo += [((*path, key), item) for _, item in contents]
        count += 1
    known[id(node), step] = count, paths
    return paths
