"""What the document held at a version: one location, a value as plain objects, and the difference of two versions.

It reads the tree and the log that `document` writes, and owns nothing but sums of lengths that it has added up once.
It may run in any thread, also while one writes: see `change_log` for what that one keeps to.

A slot is looked up at a version in three questions. Did it exist: `births` is in order, so this is a bisection.
What did it hold: the entry of `history` that was replaced first after the version, else what it holds now.
And how much of a string: all, unless the run that was open at that version is this string's.

Plain objects that are made here are new; what readers share is kept by `value_cache`.

Cost: `locate` O(steps), and O(log) of what a container holds for an old version; `read` what it returns; `differences`
the runs in between.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple

from .._json import MISSING
from .document import Document
from .tree import HOLE, Node, Step, Text, trail

__all__ = [
    "Difference",
    "build",
    "characters",
    "differences",
    "ending_at",
    "growth",
    "has_holes",
    "is_new",
    "locate",
    "location",
    "read",
    "run_at",
    "slot_at",
    "slots_at",
    "string_at",
    "visible",
]

BLOCK: Final = 256  # versions whose lengths are added up once
PART: Final = 1024  # items of an array that are looked at together, so that a look at its start costs no more
NEAR: Final = 4096  # characters that are read again rather than counted from the start

# ---------------------------------------------------------------------------------------------------------------------
# one slot


def visible(node: Node, version: int) -> int:
    """Return how many slots of `node` existed at `version`."""
    births = node.births
    count = len(births)  # first: more may come
    return count if not count or births[count - 1] <= version else bisect_right(births, version)


def slot_at(node: Node, step: Step, version: int) -> Any:
    """Return what slot `step` of `node` held at `version`, `MISSING` if there was none."""
    slots = node.slots
    if node.is_object:
        if step not in slots:
            return MISSING
    elif type(step) is not int or not 0 <= step < len(slots):
        return MISSING
    thing = slots[step]  # before its history, which is written first
    births = node.births
    if births[-1] > version and births[node.place_of(step)] > version:
        return MISSING
    if node.history is not None and step in node.history:
        replaced = node.history[step]
        at = bisect_right(replaced, version, key=itemgetter(0))
        if at < len(replaced):
            return replaced[at][1]
    return thing


def slots_at(node: Node, version: int, first: int = 0) -> Iterable[tuple[Step, Any]]:
    """Return the slots of `node` from number `first` on, in the order of their creation, as they were at `version`."""
    count = visible(node, version)
    if node.is_object:  # copied in one call each: somebody may write between two
        slots: Any = node.slots
        return _as_they_were(node, version, list(slots)[first:count], list(slots.values())[first:count])
    if count - first <= PART:
        return _as_they_were(node, version, range(first, count), node.slots[first:count])
    parts = [(begin, min(begin + PART, count)) for begin in range(first, count, PART)]
    return chain.from_iterable(
        _as_they_were(node, version, range(begin, end), node.slots[begin:end]) for begin, end in parts
    )


def _as_they_were(node: Node, version: int, steps: Sequence[Step], things: Sequence[Any]) -> Iterable[tuple[Step, Any]]:
    """Return slots with what they held at `version`; `things` is what they hold now."""
    if node.history is None:  # asked when they have been read: what replaces one is written after it
        return zip(steps, things, strict=True)
    return ((step, slot_at(node, step, version)) for step in steps)


def run_at(document: Document, version: int) -> int:
    """Return the index of the run that `version` belongs to, -1 for the empty document's."""
    return bisect_right(document.starts, version) - 1


def string_at(document: Document, node: Node, key: Step, thing: Text | str, version: int) -> str:
    """Return the string `thing`, which slot `key` of `node` held at `version`, as it was then."""
    if isinstance(thing, str):
        # As `is_newest`, a call less: one that was left just now may hold what no version shows yet.
        if len(document.lengths) == version - document.base + 1:
            return thing
        return thing[: length_at(document, node, key, thing, version)]
    is_newest = version == document.version
    string = thing.whole() if is_newest else ""
    if not is_newest or not document.is_newest(version):
        string = thing.part(0, length_at(document, node, key, thing, version))
    if _was_left(document, node, key, thing, version):
        return string_at(document, node, key, slot_at(node, key, version), version)
    return string


def ending_at(document: Document, node: Node, key: Step, thing: Text | str, version: int, count: int) -> str:
    """Return the last `count` characters that the string had at `version`.

    They are found from the end of a text if that is near, so that following one as it grows costs what it grows.
    """
    if isinstance(thing, str):
        length = length_at(document, node, key, thing, version)
        return thing[length - count : length]
    newest = document.version
    length = later = 0
    if version < newest:
        length = length_at(document, node, key, thing, version)
        is_open = thing is document.text and document.node is not None
        now = length_at(document, node, key, thing, newest) if is_open else _base(document, thing, len(thing.starts))
        later = now - length
    ending = thing.tail(later + count)[:count] if later <= NEAR else ""
    if later > NEAR or not document.is_newest(newest):
        length = length or length_at(document, node, key, thing, version)
        ending = thing.part(length - count, length)
    if _was_left(document, node, key, thing, version):
        return ending_at(document, node, key, slot_at(node, key, version), version, count)
    return ending


def _was_left(document: Document, node: Node, key: Step, thing: Text, version: int) -> bool:
    """Tell whether a text that was open has become a plain string while it was read, so that what was read is void."""
    return thing is document.scratch and slot_at(node, key, version) is not thing


def length_at(document: Document, node: Node, key: Step, thing: Text | str, version: int) -> int:
    """Return how many characters the string had at `version`."""
    run = run_at(document, version)
    inside = run >= 0 and document.nodes[run] is node and document.keys[run] == key
    grown = characters(document, document.starts[run], version) if inside else 0
    if isinstance(thing, str):
        return grown if inside else len(thing)
    returns = bisect_right(thing.starts, version)
    if inside:
        return (_base(document, thing, returns - 1) if returns else 0) + grown
    return _base(document, thing, returns)


def _base(document: Document, text: Text, number: int) -> int:
    """Return how many characters a string had before it was returned to for the so-and-so-many-th time, from 0."""
    bases = text.bases
    if not bases:  # one that was left meanwhile: see `_was_left`
        return 0
    while (known := len(bases)) <= number:
        first = text.starts[known - 1]
        run = run_at(document, first)
        is_last = run + 1 == len(document.starts)  # then it may go on; asked before, as another one may begin
        base = bases[known - 1] + _characters_of(document, run, first - 1, document.version)
        if is_last:
            return base
        bases[known : known + 1] = [base]  # not appended: another reader may have done the same
    return bases[number]


def growth(document: Document, node: Node, key: Step, old: int, new: int) -> int:
    """Return how many characters a string got after version `old`, up to `new`. Costs the runs in between."""
    return sum(
        _characters_of(document, run, old, new)
        for run in range(max(run_at(document, old + 1), 0), run_at(document, new) + 1)
        if document.nodes[run] is node and document.keys[run] == key
    )


def _characters_of(document: Document, run: int, old: int, new: int) -> int:
    """Return how many characters a run added to its string, after version `old` and up to `new`."""
    starts = document.starts
    end = starts[run + 1] - 1 if run + 1 < len(starts) else new
    return characters(document, max(starts[run], old + 1), min(end, new))


def characters(document: Document, first: int, last: int) -> int:
    """Return how many characters the versions from `first` to `last` added to strings.

    A long way is added up once, in blocks, so that asking for every version of a long run is not quadratic.
    """
    lengths, begin, end = document.lengths, first - document.base, last + 1 - document.base
    if end - begin <= 2 * BLOCK:
        return sum(lengths[begin:end])
    first_block, last_block = -(-begin // BLOCK), end // BLOCK
    sums = document.sums
    while (known := len(sums)) <= last_block:  # as in `_base`
        sums[known : known + 1] = [sums[known - 1] + sum(lengths[(known - 1) * BLOCK : known * BLOCK])]
    blocks = sums[last_block] - sums[first_block]
    return sum(lengths[begin : first_block * BLOCK]) + blocks + sum(lengths[last_block * BLOCK : end])


# ---------------------------------------------------------------------------------------------------------------------
# a location


def locate(document: Document, steps: tuple[Step, ...], version: int) -> tuple[Node, Step, Any]:
    """Return the slot that `steps` lead to, and what it held at `version`: `MISSING` if nothing was there."""
    node, key = document.holder, 0
    thing = slot_at(node, key, version)
    for step in steps:
        if type(thing) is not Node:
            return node, key, MISSING
        node, key = thing, step  # type: ignore[assignment]
        thing = slot_at(node, key, version)
    return node, key, thing


def location(document: Document, version: int) -> tuple[Node, Step]:
    """Return the slot that `version` changed; the root's for the version that began the document."""
    run = run_at(document, version)
    return (document.nodes[run], document.keys[run]) if run >= 0 else (document.holder, 0)


# ---------------------------------------------------------------------------------------------------------------------
# plain values


def read(document: Document, node: Node, key: Step, thing: Any, version: int) -> Any:
    """Return what a slot held at `version` as plain objects that nobody else has."""
    if type(thing) is Node:
        return build(document, thing, version, keep=False)
    if type(thing) is str or type(thing) is Text:
        return string_at(document, node, key, thing, version)
    return None if thing is HOLE else thing


def build(document: Document, root: Node, version: int, *, keep: bool) -> Any:
    """Return a container as plain objects. Not recursive: depth costs nothing."""
    result = _empty(root, version, keep=keep)
    # Only the string whose run was open can be there in part, now or before we are done; all others are as they are.
    open_node, open_key = location(document, version)
    todo = [(root, result)]
    while todo:
        node, value = todo.pop()
        for step, thing in slots_at(node, version):
            if type(thing) is Node:
                item = _empty(thing, version, keep=keep)
                todo.append((thing, item))
            elif type(thing) is Text or (type(thing) is str and node is open_node and step == open_key):
                item = string_at(document, node, step, thing, version)
            else:
                item = None if thing is HOLE else thing
            if type(step) is int:
                value.append(item)
            else:
                value[step] = item
    return result


def _empty(node: Node, version: int, *, keep: bool) -> Any:
    value: Any = {} if node.is_object else []
    if keep:
        node.value, node.stamp = value, version
    return value


# ---------------------------------------------------------------------------------------------------------------------
# what changed


class Difference(NamedTuple):
    """A location that differs: where, and for a string that grew by how many characters (None: set)."""

    node: Node
    key: Step
    grown: int | None


def differences(document: Document, old: int, new: int) -> list[Difference]:
    """Return the locations that version `new` shows otherwise than `old`, in the order in which they were created.

    None lies under another: one that was replaced, or created inside a new one, is told by the highest such ancestor.
    """
    found: dict[tuple[int, Step], tuple[Node, Step, int | None]] = {}
    higher: dict[int, tuple[Node, Step] | None] = {}  # by the id of a container: what of it or above is new
    for run in range(max(run_at(document, old + 1), 0), run_at(document, new) + 1):
        node, key = document.nodes[run], document.keys[run]
        if id(node) not in higher:
            higher[id(node)] = _highest(document, node, old, new)
        above = higher[id(node)]
        if above is not None:
            found[id(above[0]), above[1]] = (*above, None)
        elif is_new(node, key, old, new):
            found[id(node), key] = (node, key, None)
        else:
            entry = found.get((id(node), key))
            grown = entry[2] or 0 if entry else 0
            found[id(node), key] = (node, key, grown + _characters_of(document, run, old, new))
    result = [Difference(*entry) for entry in found.values()]
    if len(result) > 1:
        result.sort(key=lambda entry: entry.node.births[entry.node.place_of(entry.key)])
        births = [entry.node.births[entry.node.place_of(entry.key)] for entry in result]
        if len(set(births)) < len(births):  # created by one delta: then by their place in it
            result.sort(
                key=lambda entry: (entry.node.births[entry.node.place_of(entry.key)], _places(document, entry, new))
            )
    return result


def is_new(node: Node, key: Step, old: int, new: int) -> bool:
    """Tell whether a slot was created or replaced after `old`, up to `new`."""
    births = node.births
    if births[-1] > old and births[node.place_of(key)] > old:
        return True
    if node.history is None or key not in node.history:
        return False
    replaced = node.history[key]
    at = bisect_right(replaced, old, key=itemgetter(0))
    return at < len(replaced) and replaced[at][0] <= new


def _highest(document: Document, node: Node, old: int, new: int) -> tuple[Node, Step] | None:
    """Return the first slot on the way to `node` that was created or replaced after `old`, None if there is none."""
    if node is document.holder:
        return None
    here = document.holder
    for step in trail(document.holder, node, 0)[:-1]:
        if is_new(here, step, old, new):
            return here, step
        here = slot_at(here, step, new)
    return None


def _places(document: Document, entry: Difference, version: int) -> list[int]:
    node = document.holder
    places: list[int] = []
    for step in trail(document.holder, entry.node, entry.key):
        places.append(node.place_of(step))
        node = slot_at(node, step, version)
    return places


def has_holes(root: Node, version: int) -> bool:
    """Tell whether an array in `root` had a hole at `version`."""
    todo = [root]
    while todo:
        node = todo.pop()
        for _, thing in slots_at(node, version):
            if thing is HOLE:
                return True
            if type(thing) is Node:
                todo.append(thing)
    return False
