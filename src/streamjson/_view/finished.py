"""Which values of a document are finished, and which change finished them.

Models write in document order: a value is finished when the next change lands outside of it, a container that was set
whole is finished together with its parts, and everything is finished when the stream ends well. Holes never are. So
completion is derived from the log, not stored: the location of the change that made a version shows which values are
finished at it, and the location of the change before shows which ones a change has finished.

Senders that write several fields at once break this. The first change that returns to a finished value, or removes one,
makes the stream *interleaved*: from then on, a value is known to be finished only if it was before and has not changed
since; all others wait for the end. A document that is not `in_order` is interleaved from its start.

A reopened document has been reported whole, as its end was a guess. So it is interleaved from then on, and every value
that existed is finished until it changes.

A text closes its values by tokens of their own (`closings`); it is always in document order.

It owns the `progress` of a document: how far its log was searched for a return, and its *eras*. An era begins at the
first return and at each guessed end, and has what changed in it.
It does not know its callers. A location is a path from the root slot: 0, then the steps of its path.

Cost: the search is O(path) for each run of the log, once, and only on request. `is_finished` is O(path). `finished_by`
costs the finished values that may match; after a return, `unfinished` and `lost` cost the whole document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from .._document import HOLE, Document, Node, Step, locate, location, path_to_slot, slot_at, slots_at
from .._json import MISSING
from .._paths import State
from .closings import is_closed
from .selection import PatternCursor, postorder

__all__ = [
    "finished_by",
    "interleaved_since",
    "is_finished",
    "is_settled",
    "is_there",
    "lost",
    "reopen",
    "reported_at",
    "take_up",
    "unfinished",
    "was_given",
    "was_reported",
]

T = TypeVar("T")

_NEVER: Final = 2**62


class _Era:
    """The versions from `start` on. A value is finished if it was finished before, and has not changed in the era.

    After a guessed end (`is_end`), every value that existed counts as finished. `changed` has the version of the first
    change in this era for each slot that was changed or contains a change, in the first `marked` runs of the log.
    """

    __slots__ = ("changed", "is_end", "marked", "start")

    def __init__(self, start: int, *, is_end: bool) -> None:
        self.start = start
        self.is_end = is_end
        self.changed: dict[tuple[int, Step], int] = {}
        self.marked = 0


class _Progress:
    """The eras of a document, the last of which is current. `searched` counts the runs searched for a return."""

    __slots__ = ("eras", "searched")

    def __init__(self, *eras: _Era) -> None:
        self.eras = list(eras)
        self.searched = 1  # the first run cannot be a return


_ALWAYS_IN_ORDER: Final = _Progress()


def _progress_of(document: Document) -> _Progress:
    if document.closes_values:
        return _ALWAYS_IN_ORDER
    progress: _Progress | None = document.progress
    if progress is None:
        first = () if document.in_order else (_Era(document.base, is_end=False),)
        progress = document.progress = _Progress(*first)
    starts = document.starts
    run = progress.searched
    while not progress.eras and run < len(starts) and starts[run] <= document.version:  # not a run that has only begun
        if _returns(document, run):
            progress.eras = [_Era(starts[run], is_end=False)]
        run += 1
        progress.searched = run  # assigned, not incremented: another reader may be searching, too
    return progress


def interleaved_since(document: Document) -> int | None:
    """Return the version that made the stream interleaved; None if it is in document order so far."""
    eras = _progress_of(document).eras
    return eras[0].start if eras else None


def reported_at(document: Document) -> tuple[int, bool] | None:
    """Return the last version before the current era, and whether every value that existed then was reported.

    None while values are finished in document order, and before the end of a document that is not `in_order`.
    """
    eras = _progress_of(document).eras
    if not eras or eras[-1].start == document.base:
        return None
    return eras[-1].start - 1, eras[-1].is_end


def reopen(document: Document, version: int) -> None:
    """Record that the document was reported whole at `version`, and continues."""
    eras = _progress_of(document).eras
    if document.version > document.base and not (eras and eras[-1].is_end and eras[-1].start == version + 1):
        eras.append(_Era(version + 1, is_end=True))


def take_up(document: Document, start: int, *, is_end: bool = False) -> None:
    """Record that an era of a restored document began at version `start`."""
    document.progress = _Progress(_Era(start, is_end=is_end))


def is_there(document: Document, steps: tuple[Step, ...], version: int) -> bool:
    """Return whether `steps` lead to a value at `version`; a hole is not a value."""
    thing = locate(document, steps[1:], version)[2]
    return thing is not MISSING and thing is not HOLE


def is_finished(document: Document, steps: tuple[Step, ...], version: int, closings: int = 0) -> bool:
    """Return whether the value at `steps` was finished at `version`, as far as was known then.

    `closings` are those after the change that made the version, where a text closes its values itself (`closings`).
    """
    if not is_there(document, steps, version):
        return False
    if document.closes_values:
        return is_closed(document, steps, version, closings)
    eras = [era for era in _progress_of(document).eras if era.start <= version]
    if not eras:
        return not _touch(steps, path_to_slot(document.root_slot, *location(document, version)))
    return _is_kept(document, eras[-1], steps, version)


def is_settled(document: Document, steps: tuple[Step, ...]) -> bool:
    """Return whether the value at `steps`, which exists, is finished now. Just after a reopening every value is."""
    eras = _progress_of(document).eras
    if not eras:
        return is_finished(document, steps, document.version, document.closings)
    return _is_kept(document, eras[-1], steps, document.version)


def was_reported(document: Document, steps: tuple[Step, ...], since: int) -> bool:
    """Return whether the value at `steps` was finished after version `since`, and before the current era."""
    eras = _progress_of(document).eras
    if not eras or since >= eras[-1].start:
        return False
    return _was_finished(document, eras[-1], steps) and not is_finished(document, steps, since)


def was_given(document: Document, steps: tuple[Step, ...], began: int) -> bool:
    """Return whether a reader that began at version `began` received the value at `steps` before the current era."""
    eras = _progress_of(document).eras
    if eras and began >= eras[-1].start:
        return is_finished(document, steps, began)
    return was_reported(document, steps, -1)


def _was_finished(document: Document, era: _Era, steps: tuple[Step, ...]) -> bool:
    """Return whether the value at `steps` was finished when an era began."""
    return (is_there if era.is_end else is_finished)(document, steps, era.start - 1)


def _is_kept(document: Document, era: _Era, steps: tuple[Step, ...], version: int) -> bool:
    """Return whether the value at `steps`, which exists, was finished when an era began and has not changed since."""
    if not _was_finished(document, era, steps):
        return False
    node, key, _ = locate(document, steps[1:], version)
    is_same = locate(document, steps[1:], era.start - 1)[0] is node
    return is_same and _changed(document, era).get((id(node), key), _NEVER) > version


def finished_by(document: Document, run: int, along: PatternCursor[T]) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield the matching values that the first change of a run has finished, deepest first.

    `run` is not the first run, and begins before the stream is interleaved.
    """
    version = document.starts[run] - 1
    node, key = document.nodes[run - 1], document.keys[run - 1]
    if node is document.nodes[run]:  # a sibling, as most are, or the same location again
        if key != document.keys[run]:
            thing = node.entries[key] if node.history is None else slot_at(node, key, version)
            yield from postorder(node, key, thing, along.at(document, node, key), version)
        return
    before, top, common = _turn(document, run)
    if common == len(top):
        return
    if common == len(before):  # in a container that was set whole
        node, key, thing = locate(document, before[1:], version)
        yield from postorder(node, key, thing, along.at(document, node, key), version, way=top[common:])
    else:
        yield from _up(document, before, common, version, along)


def unfinished(document: Document, along: PatternCursor[T]) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield the matching values that only the end of the stream finishes, deepest first."""
    version = document.version
    if document.closes_values or not is_there(document, (0,), version):
        return
    if interleaved_since(document) is None:
        yield from _up(document, path_to_slot(document.root_slot, *location(document, version)), 0, version, along)
        return
    root = document.root_slot.entries[0]
    for node, key, state in postorder(document.root_slot, 0, root, along.matcher.start, version):
        if not is_settled(document, path_to_slot(document.root_slot, node, key)):
            yield node, key, state


def lost(document: Document, along: PatternCursor[T]) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield the matching values that were finished before the current era, and no longer exist."""
    eras = _progress_of(document).eras
    if not eras:
        return
    then = eras[-1].start - 1
    root = slot_at(document.root_slot, 0, then)
    for node, key, state in postorder(document.root_slot, 0, root, along.matcher.start, then):
        steps = path_to_slot(document.root_slot, node, key)
        if not is_there(document, steps, document.version) and _was_finished(document, eras[-1], steps):
            yield node, key, state


def _touch(steps: tuple[Step, ...], others: tuple[Step, ...]) -> bool:
    """Return whether one of two locations contains the other."""
    common = min(len(steps), len(others))
    return steps[:common] == others[:common]


def _up(
    document: Document, steps: tuple[Step, ...], common: int, version: int, along: PatternCursor[T]
) -> Iterator[tuple[Node, Step, State[T]]]:
    """Yield the matches in and at the location `steps`, then among its containers with more than `common` steps."""
    slots: list[tuple[Node, Step, State[T]]] = []
    node: Any = document.root_slot
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
    """Compare the location of the change before a run with that of its first change.

    Return the location before, the highest location that the first change created or replaced, and how many steps they
    share.
    """
    version = document.starts[run]
    before = path_to_slot(document.root_slot, document.nodes[run - 1], document.keys[run - 1])
    top = path_to_slot(document.root_slot, document.nodes[run], document.keys[run])
    node: Any = document.root_slot
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
    """Return whether the first change of a run changes or removes a finished value."""
    version = document.starts[run]
    node, key = document.nodes[run], document.keys[run]
    if node is document.nodes[run - 1]:
        return key != document.keys[run - 1] and _existed(node, key, version)
    before, top, common = _turn(document, run)
    if common < len(top):
        if common == len(before):  # in a container that was set whole
            return False
        node, key, _ = locate(document, top[1 : common + 1], version)
        return _existed(node, key, version)
    # The open value and its containers may change and vanish; other values in them are finished.
    thing = locate(document, top[1:], version - 1)[2]
    for step in before[common:]:
        if any(other != step and item is not HOLE for other, item in slots_at(thing, version - 1)):
            return True
        thing = slot_at(thing, step, version - 1)
    return False


def _existed(node: Node, key: Step, version: int) -> bool:
    """Return whether a slot that `version` changed held a value before."""
    if node.created_at[-1] == version:  # this is the slot that it created
        return False
    thing = slot_at(node, key, version - 1)
    return thing is not MISSING and thing is not HOLE


def _changed(document: Document, era: _Era) -> dict[tuple[int, Step], int]:
    """Return the version of the first change in an era, for each slot that was changed or contains a change."""
    starts = document.starts
    runs = range(era.marked, len(starts))
    for run in runs:
        place = (id(document.nodes[run]), document.keys[run])
        if starts[run] < era.start or place in era.changed:
            continue
        node: Any = document.root_slot
        for step in path_to_slot(document.root_slot, document.nodes[run], document.keys[run]):
            era.changed.setdefault((id(node), step), starts[run])
            node = slot_at(node, step, starts[run])
    era.marked = runs.stop
    return era.changed
