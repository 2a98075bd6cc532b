"""Reads at a version: a location, a value as plain objects, and the difference between two versions.

It reads the tree and the log that `document` writes. It owns only sums of lengths, each of which it adds up once.
It may run in any thread, also during a write: `INVARIANTS.md` has the rules for the writer and for the readers.

Reading a slot at a version answers three questions. Did it exist? `created_at` is in order, so this is a bisection.
What did it hold? The first content in `history` that was replaced after the version, else the present content.
How much of a string? All of it, unless the run that was open at that version is a run of this string.

Plain objects that are made here are new. `value_cache` keeps those that readers share.

Cost: `locate` is O(steps), plus a bisection in each container at an old version; `read` costs what it returns, and
`differences` the runs in between.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple

from .._json import MISSING
from .document import Document
from .tree import HOLE, Node, Step, Text, path_to_slot

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

BLOCK_LENGTHS: Final = 256  # items of `lengths` that are added up together, once
SLICE_ITEMS: Final = 1024  # items of an array that are copied together, so that reading only its start costs no more
MAX_SKIPPED_CHARS: Final = 4096  # characters to skip back from the end of a text, instead of counting from its start

# ---------------------------------------------------------------------------------------------------------------------
# one slot


def visible(node: Node, version: int) -> int:
    """Return how many slots of `node` existed at `version`."""
    created_at = node.created_at
    count = len(created_at)  # taken first: the writer may append more
    return count if not count or created_at[count - 1] <= version else bisect_right(created_at, version)


def slot_at(node: Node, step: Step, version: int) -> Any:
    """Return the content of slot `step` of `node` at `version`; `MISSING` if it did not exist."""
    slots = node.entries
    if node.is_object:
        if step not in slots:
            return MISSING
    elif type(step) is not int or not 0 <= step < len(slots):
        return MISSING
    thing = slots[step]  # read before its history, which is written first (INVARIANTS 2)
    created_at = node.created_at
    if created_at[-1] > version and created_at[node.place_of(step)] > version:
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
    if node.is_object:  # one call for each copy: the writer may come in between two calls
        slots: Any = node.entries
        return _as_they_were(node, version, list(slots)[first:count], list(slots.values())[first:count])
    if count - first <= SLICE_ITEMS:
        return _as_they_were(node, version, range(first, count), node.entries[first:count])
    parts = [(begin, min(begin + SLICE_ITEMS, count)) for begin in range(first, count, SLICE_ITEMS)]
    return chain.from_iterable(
        _as_they_were(node, version, range(begin, end), node.entries[begin:end]) for begin, end in parts
    )


def _as_they_were(node: Node, version: int, steps: Sequence[Step], now: Sequence[Any]) -> Iterable[tuple[Step, Any]]:
    """Return slots with their content at `version`; `now` is their present content."""
    if node.history is None:  # checked after `now` was read: the history of a slot is written before its new content
        return zip(steps, now, strict=True)
    return ((step, slot_at(node, step, version)) for step in steps)


def run_at(document: Document, version: int) -> int:
    """Return the index of the run that `version` belongs to; -1 for the version of the empty document."""
    return bisect_right(document.starts, version) - 1


def string_at(document: Document, node: Node, key: Step, thing: Text | str, version: int) -> str:
    """Return the string at `version`, where `content` is the content of slot `key` of `node` at that version."""
    if isinstance(thing, str):
        # `is_newest`, a call less. If a later version has begun, a string sealed just now may be longer than it was.
        if len(document.lengths) == version - document.base + 1:
            return thing
        return thing[: length_at(document, node, key, thing, version)]
    is_newest = version == document.version
    # Read, check, read again: INVARIANTS 3.
    string = thing.whole() if is_newest else ""
    if not is_newest or not document.is_newest(version):
        string = thing.part(0, length_at(document, node, key, thing, version))
    if _was_left(document, node, key, thing, version):  # then a plain string has taken its place
        return string_at(document, node, key, slot_at(node, key, version), version)
    return string


def ending_at(document: Document, node: Node, key: Step, thing: Text | str, version: int, count: int) -> str:
    """Return the last `count` characters of the string at `version`; the arguments are those of `string_at`.

    A text is read from its end if that is near, so a reader that follows its growth pays for the growth only.
    """
    if isinstance(thing, str):
        length = length_at(document, node, key, thing, version)
        return thing[length - count : length]
    newest = document.version
    length = later = 0  # in characters: of the string at `version`, and added after `version`
    if version < newest:
        length = length_at(document, node, key, thing, version)
        is_open = thing is document.text and document.node is not None
        now = length_at(document, node, key, thing, newest) if is_open else _base(document, thing, len(thing.starts))
        later = now - length
    # Read, check, read again: INVARIANTS 3. Counted from its start, a text is right although it grows.
    ending = thing.tail(later + count)[:count] if later <= MAX_SKIPPED_CHARS else ""
    if later > MAX_SKIPPED_CHARS or not document.is_newest(newest):
        length = length or length_at(document, node, key, thing, version)
        ending = thing.part(length - count, length)
    if _was_left(document, node, key, thing, version):  # as in `string_at`
        return ending_at(document, node, key, slot_at(node, key, version), version, count)
    return ending


def _was_left(document: Document, node: Node, key: Step, thing: Text, version: int) -> bool:
    """Return whether the open text was sealed while it was read: then its pieces are gone, and the read is void."""
    return thing is document.scratch and slot_at(node, key, version) is not thing


def length_at(document: Document, node: Node, key: Step, thing: Text | str, version: int) -> int:
    """Return the length in characters of the string at `version`; the arguments are those of `string_at`."""
    run = run_at(document, version)
    inside = run >= 0 and document.nodes[run] is node and document.keys[run] == key
    grown = characters(document, document.starts[run], version) if inside else 0
    if isinstance(thing, str):
        return grown if inside else len(thing)
    runs = bisect_right(thing.starts, version)  # of this text, that have begun
    if inside:
        return (_base(document, thing, runs - 1) if runs else 0) + grown
    return _base(document, thing, runs)


def _base(document: Document, text: Text, number: int) -> int:
    """Return the length in characters of a text before run `number` of `text.starts`, which may be yet to come."""
    bases = text.bases
    if not bases:  # it was sealed meanwhile: see `_was_left`
        return 0
    while (known := len(bases)) <= number:
        first = text.starts[known - 1]
        run = run_at(document, first)
        is_last = run + 1 == len(document.starts)  # asked first: the next run may begin during the count
        base = bases[known - 1] + _characters_of(document, run, first - 1, document.version)
        if is_last:  # it may still grow, so this is not kept
            return base
        bases[known : known + 1] = [base]  # not appended: another reader may have kept it meanwhile
    return bases[number]


def growth(document: Document, node: Node, key: Step, old: int, new: int) -> int:
    """Return how many characters a string gained after version `old`, up to `new`. Costs the runs in between."""
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

    A long range is added up in blocks, each once, so that asking for every version of a long run is not quadratic.
    """
    lengths, begin, end = document.lengths, first - document.base, last + 1 - document.base
    if end - begin <= 2 * BLOCK_LENGTHS:
        return sum(lengths[begin:end])
    first_block, last_block = -(-begin // BLOCK_LENGTHS), end // BLOCK_LENGTHS
    sums = document.sums
    while (known := len(sums)) <= last_block:  # as in `_base`
        sums[known : known + 1] = [sums[known - 1] + sum(lengths[(known - 1) * BLOCK_LENGTHS : known * BLOCK_LENGTHS])]
    blocks = sums[last_block] - sums[first_block]
    return sum(lengths[begin : first_block * BLOCK_LENGTHS]) + blocks + sum(lengths[last_block * BLOCK_LENGTHS : end])


# ---------------------------------------------------------------------------------------------------------------------
# a location


def locate(document: Document, steps: tuple[Step, ...], version: int) -> tuple[Node, Step, Any]:
    """Return the slot that `steps` lead to, and its content at `version`: `MISSING` if it did not exist."""
    node, key = document.root_slot, 0
    thing = slot_at(node, key, version)
    for step in steps:
        if type(thing) is not Node:
            return node, key, MISSING
        node, key = thing, step  # type: ignore[assignment]
        thing = slot_at(node, key, version)
    return node, key, thing


def location(document: Document, version: int) -> tuple[Node, Step]:
    """Return the slot that `version` changed; the root slot for the version that began the document."""
    run = run_at(document, version)
    return (document.nodes[run], document.keys[run]) if run >= 0 else (document.root_slot, 0)


# ---------------------------------------------------------------------------------------------------------------------
# plain values


def read(document: Document, node: Node, key: Step, thing: Any, version: int) -> Any:
    """Return the value of a slot at `version` as new plain objects; `content` is its content at that version."""
    if type(thing) is Node:
        return build(document, thing, version, keep=False)
    if type(thing) is str or type(thing) is Text:
        return string_at(document, node, key, thing, version)
    return None if thing is HOLE else thing


def build(document: Document, root: Node, version: int, *, keep: bool) -> Any:
    """Return a container as new plain objects; with `keep`, nodes keep theirs. Not recursive: depth costs nothing."""
    result = _empty(root, version, keep=keep)
    # Of the plain strings, only the one whose run was open at `version` may have grown since, or may yet grow.
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
    """A slot that differs, and the number of characters by which its string grew (None: it was set)."""

    node: Node
    key: Step
    grown: int | None


def differences(document: Document, old: int, new: int) -> list[Difference]:
    """Return the slots that differ between the versions `old` and `new`, in the order in which they were created.

    None contains another: the highest slot that was created or replaced stands for all that it contains.
    """
    found: dict[tuple[int, Step], tuple[Node, Step, int | None]] = {}
    higher: dict[int, tuple[Node, Step] | None] = {}  # by the id of a container: the highest new slot on the path to it
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
        result.sort(key=lambda entry: entry.node.created_at[entry.node.place_of(entry.key)])
        created_at = [entry.node.created_at[entry.node.place_of(entry.key)] for entry in result]
        if len(set(created_at)) < len(created_at):  # one delta has created several: sort those by their place in it
            result.sort(
                key=lambda entry: (entry.node.created_at[entry.node.place_of(entry.key)], _places(document, entry, new))
            )
    return result


def is_new(node: Node, key: Step, old: int, new: int) -> bool:
    """Return whether a slot was created or replaced after version `old`, up to `new`."""
    created_at = node.created_at
    if created_at[-1] > old and created_at[node.place_of(key)] > old:
        return True
    if node.history is None or key not in node.history:
        return False
    replaced = node.history[key]
    at = bisect_right(replaced, old, key=itemgetter(0))
    return at < len(replaced) and replaced[at][0] <= new


def _highest(document: Document, node: Node, old: int, new: int) -> tuple[Node, Step] | None:
    """Return the highest slot on the path to `node` that was created or replaced after `old`; None if none was."""
    if node is document.root_slot:
        return None
    here = document.root_slot
    for step in path_to_slot(document.root_slot, node, 0)[:-1]:
        if is_new(here, step, old, new):
            return here, step
        here = slot_at(here, step, new)
    return None


def _places(document: Document, entry: Difference, version: int) -> list[int]:
    node = document.root_slot
    places: list[int] = []
    for step in path_to_slot(document.root_slot, entry.node, entry.key):
        places.append(node.place_of(step))
        node = slot_at(node, step, version)
    return places


def has_holes(root: Node, version: int) -> bool:
    """Return whether an array in `root` had a hole at `version`."""
    todo = [root]
    while todo:
        node = todo.pop()
        for _, thing in slots_at(node, version):
            if thing is HOLE:
                return True
            if type(thing) is Node:
                todo.append(thing)
    return False
