"""Which values of a document are finished, and by which change.

Models write in document order: a value is finished when the next change lands outside of it, a container that was set
whole with its parts, and everything when the stream ends well. Holes never are. So nothing is kept: whether a value is
finished at a version is told by where the change was that made the version, and what a change has finished by where
the change before it was.

Senders that write several fields at once break this. The first return to a finished value, or the loss of one, makes
the stream *interleaved*: from then on nothing is known to be finished but what was, and has not changed since; the
rest waits for the end. A document that is not `in_order` is interleaved from its start.

It owns the `progress` of a document: how far its log was searched for a return, and what changed after the first one.
It does not know who asks. A location is a *trail*: 0, for the slot of the root, and the steps of its path.

Cost: the search is O(path) for each run of the log, once, and only if somebody asks. `is_finished` is O(path);
`finished_by` costs what may match of what is finished, `unfinished` and `lost` after a return the whole document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from ._document import Document
from ._events import MISSING
from ._matcher import State
from ._matching import Along, postorder
from ._tree import HOLE, Node, Step, trail
from ._versions import locate, location, slot_at, slots_at

__all__ = ["finished_by", "is_finished", "is_there", "lost", "returned_at", "take_up", "unfinished"]

T = TypeVar("T")

_NEVER: Final = 2**62


class _Progress:
    """`searched` and `marked` count the runs that were looked at; `changed` tells when slots changed after a return."""

    __slots__ = ("changed", "marked", "returned", "searched")

    def __init__(self, returned: int | None) -> None:
        self.returned = returned
        self.searched = 1  # the first run returns to nothing
        self.changed: dict[tuple[int, Step], int] = {}
        self.marked = 0


def returned_at(document: Document) -> int | None:
    """Return the version that made the stream interleaved, None if it is in document order so far."""
    progress: _Progress | None = document.progress
    if progress is None:
        progress = document.progress = _Progress(None if document.in_order else document.base)
    starts = document.starts
    run = progress.searched
    while progress.returned is None and run < len(starts) and starts[run] <= document.version:  # not one in the making
        if _returns(document, run):
            progress.returned = starts[run]
        run += 1
        progress.searched = run  # not one more than it was: another reader may have gone on, too
    return progress.returned


def take_up(document: Document, returned: int) -> None:
    """Say that the stream is interleaved since version `returned`, of a document that is restored."""
    document.progress = _Progress(returned)


def is_there(document: Document, steps: tuple[Step, ...], version: int) -> bool:
    """Tell whether `steps` lead to a value at `version`; a hole is none."""
    thing = locate(document, steps[1:], version)[2]
    return thing is not MISSING and thing is not HOLE


def is_finished(document: Document, steps: tuple[Step, ...], version: int) -> bool:
    """Tell whether the value at `steps` was finished at `version`, as far as was known then."""
    if not is_there(document, steps, version):
        return False
    returned = returned_at(document)
    if returned is None or version < returned:
        return not _touch(steps, trail(document.holder, *location(document, version)))
    if not is_finished(document, steps, returned - 1):
        return False
    node, key, _ = locate(document, steps[1:], version)
    is_same = locate(document, steps[1:], returned - 1)[0] is node
    return is_same and _changed(document, returned).get((id(node), key), _NEVER) > version


def finished_by(document: Document, run: int, along: Along[T]) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield what matches of what the first change of a run has finished, deepest first.

    `run` is not the first one, and begins before the stream is interleaved.
    """
    version = document.starts[run] - 1
    node, key = document.nodes[run - 1], document.keys[run - 1]
    if node is document.nodes[run]:  # a sibling, as most are, or the same location again
        if key != document.keys[run]:
            thing = node.slots[key] if node.history is None else slot_at(node, key, version)
            yield from postorder(node, key, thing, along.at(document, node, key), version)
        return
    before, top, common = _turn(document, run)
    if common == len(top):
        return
    if common == len(before):  # into what was set whole
        node, key, thing = locate(document, before[1:], version)
        yield from postorder(node, key, thing, along.at(document, node, key), version, way=top[common:])
    else:
        yield from _up(document, before, common, version, along)


def unfinished(document: Document, along: Along[T]) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield what matches of what only the end of the stream finishes, deepest first."""
    version = document.version
    if not is_there(document, (0,), version):
        return
    if returned_at(document) is None:
        yield from _up(document, trail(document.holder, *location(document, version)), 0, version, along)
        return
    root = document.holder.slots[0]
    for node, key, state in postorder(document.holder, 0, root, along.matcher.start, version):
        if not is_finished(document, trail(document.holder, node, key), version):
            yield node, key, state


def lost(document: Document, along: Along[T]) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield what matches of what was finished before the return, and is not there any more."""
    returned = returned_at(document)
    if returned is None:
        return
    then = returned - 1
    root = slot_at(document.holder, 0, then)
    for node, key, state in postorder(document.holder, 0, root, along.matcher.start, then):
        steps = trail(document.holder, node, key)
        if not is_there(document, steps, document.version) and is_finished(document, steps, then):
            yield node, key, state


def _touch(steps: tuple[Step, ...], others: tuple[Step, ...]) -> bool:
    """Tell whether one of two locations contains the other."""
    common = min(len(steps), len(others))
    return steps[:common] == others[:common]


def _up(
    document: Document, steps: tuple[Step, ...], common: int, version: int, along: Along[T]
) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield what matches in and at the last of `steps`, and then above, down to `common` steps."""
    slots: list[tuple[Node, Step, State[T]]] = []
    node: Any = document.holder
    state = along.matcher.start
    for step in steps:
        if slots:
            state = state.step(step)
        slots.append((node, step, state))
        node = slot_at(node, step, version)
    yield from postorder(*slots[-1][:2], node, state, version)
    for slot in reversed(slots[common:-1]):
        if slot[2].targets:
            yield slot


def _turn(document: Document, run: int) -> tuple[tuple[Step, ...], tuple[Step, ...], int]:
    """Compare where the log was before a run with where it goes.

    Return the location of the change before, the highest one that the first change of the run created or replaced, and
    how many steps they share.
    """
    version = document.starts[run]
    before = trail(document.holder, document.nodes[run - 1], document.keys[run - 1])
    top = trail(document.holder, document.nodes[run], document.keys[run])
    node: Any = document.holder
    for count, step in enumerate(top, start=1):
        thing = slot_at(node, step, version)
        if slot_at(node, step, version - 1) is not thing:
            top = top[:count]
            break
        node = thing
    common = 0
    while common < min(len(before), len(top)) and before[common] == top[common]:
        common += 1
    return before, top, common


def _returns(document: Document, run: int) -> bool:
    """Tell whether the first change of a run changes a finished value, or makes one vanish."""
    version = document.starts[run]
    node, key = document.nodes[run], document.keys[run]
    if node is document.nodes[run - 1]:
        return key != document.keys[run - 1] and _existed(node, key, version)
    before, top, common = _turn(document, run)
    if common < len(top):
        if common == len(before):  # into what was set whole
            return False
        node, key, _ = locate(document, top[1 : common + 1], version)
        return _existed(node, key, version)
    # What was open may change and vanish, with what contains it.
    thing = locate(document, top[1:], version - 1)[2]
    for step in before[common:]:
        if any(other != step and item is not HOLE for other, item in slots_at(thing, version - 1)):
            return True
        thing = slot_at(thing, step, version - 1)
    return False


def _existed(node: Node, key: Step, version: int) -> bool:
    """Tell whether a slot that `version` changed held a value before."""
    if node.births[-1] == version:  # then that is the slot that was created
        return False
    thing = slot_at(node, key, version - 1)
    return thing is not MISSING and thing is not HOLE


def _changed(document: Document, returned: int) -> dict[tuple[int, Step], int]:
    """Return the version of the first change since the return for each slot that was changed, or contains a change."""
    progress: _Progress = document.progress
    starts = document.starts
    runs = range(progress.marked, len(starts))
    for run in runs:
        place = (id(document.nodes[run]), document.keys[run])
        if starts[run] < returned or place in progress.changed:
            continue
        node: Any = document.holder
        for step in trail(document.holder, document.nodes[run], document.keys[run]):
            progress.changed.setdefault((id(node), step), starts[run])
            node = slot_at(node, step, starts[run])
    progress.marked = runs.stop
    return progress.changed
