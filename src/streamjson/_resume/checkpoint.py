"""A half-built document as a JSON object, and back: all that decides what the next events mean.

    version       the number of changes; it goes on from there
    document      null for an empty one, else
        value         as plain JSON
        open          the steps of the location that changed last: what does not touch it is finished
        holes         which nulls of the value are holes: their numbers among all nulls, in document order
    changes       null while the stream is in document order. Once the sender has come back to a finished value,
                  `document` is what there was just before that, for that decides what was told; these lead from there
                  to now, each as steps, "set" or "append", and the value or the text
    holes         the same for what there is now, where there are changes
    reopened      whether `document` is what there was at an end that was a guess, and was reported whole
    halves        halves of surrogate pairs that wait for their partner: steps, and the code unit
    repaired      those that the end has repaired: the last character of their string is U+FFFD

The history before is not kept: `Document.horizon` is the first version that a restored document knows.

It knows nothing of events or callbacks, nor of bytes (`envelope`). What it reads is not trusted: whatever no document
can have written is a `CheckpointError`, and what limits forbid a `LimitExceededError`.

Cost: linear in the document; after a return also in what there was before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import evolve

from .._document import (
    HOLE,
    NO_PATH,
    SCALAR,
    Document,
    Node,
    Step,
    kind_of,
    locate,
    location,
    look,
    read,
    slots_at,
    trail,
)
from .._errors import CheckpointError, LimitExceededError, StreamJSONError, shorten
from .._json import MISSING, check_values
from .._limits import Limits
from .._paths import Path
from .._view import changes_between, reported_at, take_up
from .envelope import unseal

__all__ = ["KIND", "load", "members_of", "save"]

KIND: Final = "assembler"
# What a checkpoint has beside the document, and what it may be: of these types, or one of these.
_MEMBERS: Final[dict[str, set[type] | tuple[str, ...]]] = {
    "path_prefix": {str},
    "completion": ("order", "end"),
    "end": ("open", "done", "eof"),
    "failed": {bool},
    "span_id": {str, type(None)},
    "last_event_id": {str},
    "has_deltas": {bool},
    "event_number": {int},
    "passed_over": {int},
    "skipped_count": {int},
    "ignored_count": {int},
    "has_chunks": {bool},
    "misunderstood": {int},
    "unheard": {str},
    "dialect": {str},
    "reopened": {bool},
}
# Members that came later, and what they are in a checkpoint without them.
_LATER: Final[dict[str, Any]] = {
    "ignored_count": 0, "has_chunks": True, "misunderstood": 0, "unheard": "", "reopened": False, "repaired": [],
    "dialect": "chunks", "dialect_state": None,
}  # fmt: skip
_HIGH_HALVES: Final = range(0xD800, 0xDC00)


def members_of(data: bytes, limits: Limits) -> dict[str, Any]:
    """Return the members of an assembler's checkpoint; those that are not the document's are checked."""
    bounds = _bounds(limits)
    members = {**_LATER, **unseal(KIND, data, bounds)}
    for name, allowed in _MEMBERS.items():
        value = members.get(name, MISSING)
        is_known = value in allowed if type(allowed) is tuple else type(value) in allowed
        if not is_known or (type(value) is int and value < 0):
            raise _senseless(name, value)
    return members


def _bounds(limits: Limits) -> Limits:
    """Return limits that every checkpoint keeps of a document that keeps `limits`.

    With N values: those before a return and those of the deltas that came since are N together, as the limit counts
    what is retained; at most N locations have changed, each with two values beside its delta; an append has a delta
    for a value that counts already. So there are 4 N, and a few that `CHUNK_VALUES` allows for. Steps and the numbers
    of holes are texts, each within the same bound.
    """
    nodes, depth = limits.max_nodes, limits.max_depth
    return evolve(
        limits, max_nodes=None if nodes is None else 4 * nodes, max_depth=None if depth is None else depth + 4
    )


def save(document: Document) -> dict[str, Any]:
    """Return the members that tell of a document."""
    version = document.version
    reported = reported_at(document)
    saved: dict[str, Any] = {"version": version, "document": None, "changes": None, "holes": [], "reopened": False}
    if version > document.base:
        then, saved["reopened"] = (version, False) if reported is None else reported
        saved["document"] = {
            "value": read(document, *locate(document, (), then), then),
            "open": _steps(document, *location(document, then)),
            "holes": _packed(list(_holes(document.holder, then))),
        }
        if reported is not None:
            changes = changes_between(document, then, version) if then < version else ()
            saved["changes"] = [[_packed([change.path, change.kind]), change.delta] for change in changes]
            saved["holes"] = _packed(list(_holes(document.holder, version)))
    saved["halves"] = _saved_halves(document, document.halves.values())
    saved["repaired"] = _saved_halves(document, document.halves.repaired)
    return saved


def _saved_halves(document: Document, halves: Iterable[tuple[Node, Step, str]]) -> str:
    return _packed([[_packed(_steps(document, node, key)), ord(half)] for node, key, half in halves])


def _packed(value: object) -> str:
    """Return steps or numbers as JSON text in the JSON text, so that they count as one value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _unpacked(value: Any, limits: Limits) -> Any:
    """Return what was packed; what earlier versions wrote was not."""
    if type(value) is not str:
        return value
    check_values(value, limits)
    return json.loads(value)


def load(saved: dict[str, Any], limits: Limits, *, prefix: Path, replace: bool, in_order: bool) -> Document:
    """Return the document that `save` was told of. Raises `CheckpointError`, and `LimitExceededError`."""
    try:
        return _load(saved, limits, prefix=prefix, replace=replace, in_order=in_order)
    except (LimitExceededError, CheckpointError):
        raise
    except (StreamJSONError, LookupError, TypeError, ValueError, RecursionError) as error:
        message = f"the checkpoint does not say what one says: {type(error).__name__}, {shorten(str(error))}"
        raise CheckpointError(message) from None


def _load(saved: dict[str, Any], limits: Limits, *, prefix: Path, replace: bool, in_order: bool) -> Document:
    version, first, changes = saved["version"], saved["document"], saved["changes"]
    if type(version) is not int or version < 0:
        raise _senseless("version", version)
    has_returned = changes is not None
    is_reopened = has_returned and saved["reopened"]
    changes = _a_list(changes, "changes") if has_returned else []
    if has_returned and (first is None or not (changes or is_reopened)):
        raise _senseless("changes", changes)
    base = version if first is None else version - len(changes) - 1
    if base < 0:
        raise _senseless("version", version)
    document = Document(limits, prefix=prefix, replace=replace, in_order=in_order, base=base)
    bounds = _bounds(limits)
    if first is not None:
        _begin(document, first, _unpacked(first["holes"], bounds))
        if is_reopened:
            document.seal_run()
        for change in changes:
            *place, delta = change
            if len(place) == 1:  # else it is of an earlier version
                place = _unpacked(place[0], bounds)
            steps, kind = place
            _change(document, steps, kind, delta)
        if document.version != version:
            raise _senseless("changes", changes)
        if has_returned:
            take_up(document, base + 2, is_end=is_reopened)
            _mark_holes(document, _unpacked(saved["holes"], bounds))
    document.halves.take_up(_halves(document, saved["halves"], bounds), _halves(document, saved["repaired"], bounds))
    document.horizon = document.untouched = version
    document.settle()
    document.fresh_path = document.open_path = NO_PATH  # the paths that would go on are not known
    return document


def _halves(document: Document, saved: Any, bounds: Limits) -> Iterator[tuple[Node, Step, str]]:
    """Yield saved halves, each with the slot of its string."""
    for steps, unit in _a_list(_unpacked(saved, bounds), "halves"):
        node, key = _slot(document, _unpacked(steps, bounds))
        if kind_of(look(node, key)) != "string" or unit not in _HIGH_HALVES:
            raise _senseless("halves", steps)
        yield node, key, chr(unit)


# ---------------------------------------------------------------------------------------------------------------------
# locations and holes


def _steps(document: Document, node: Node, key: Step) -> list[Step]:
    return list(trail(document.holder, node, key)[1:])


def _slot(document: Document, steps: Any) -> tuple[Node, Step]:
    """Return the slot that saved steps lead to; the last one need not be there."""
    node: Node = document.holder
    key: Step = 0
    for step in _a_list(steps, "steps"):
        there = look(node, key)
        if type(there) is not Node or type(step) is not (str if there.is_object else int):
            raise _senseless("steps", step)
        if type(step) is int and step < 0:
            raise _senseless("steps", step)
        node, key = there, step
    return node, key


def _holes(root: Node, version: int) -> Iterator[int]:
    """Yield the numbers of the holes in `root` among its nulls, in document order."""
    return (number for number, (_, _, thing) in enumerate(_nulls(root, version)) if thing is HOLE)


def _nulls(root: Node, version: int) -> Iterator[tuple[Node, Step, Any]]:
    """Yield the slots that read as null, in document order."""
    walks = [(root, iter(slots_at(root, version)))]
    while walks:
        node, slots = walks[-1]
        for step, thing in slots:
            if type(thing) is Node:
                walks.append((thing, iter(slots_at(thing, version))))
                break
            if thing is None or thing is HOLE:
                yield node, step, thing
        else:
            walks.pop()


def _mark_holes(document: Document, numbers: Any) -> None:
    """Make holes of the nulls with these numbers."""
    wanted = iter(_a_list(numbers, "holes"))
    number = next(wanted, None)
    for count, (node, step, _) in enumerate(_nulls(document.holder, document.version)):
        if count == number:
            if node.is_object or node is document.holder:
                break
            node.slots[step] = HOLE
            number = next(wanted, None)
    if number is not None:
        raise _senseless("holes", number)


# ---------------------------------------------------------------------------------------------------------------------
# changes


def _begin(document: Document, first: Any, holes: Any) -> None:
    """Set the first value, as one version that has changed the location that was open."""
    _set(document, document.holder, 0, first["value"])
    _mark_holes(document, holes)
    node, key = _slot(document, first["open"])
    there = look(node, key)
    if there is MISSING or there is HOLE:
        raise _senseless("open", first["open"])
    document.nodes[-1], document.keys[-1] = node, key
    document.lengths.pop()
    document.count_length(len(there) if type(there) is str else 0)


def _change(document: Document, steps: Any, kind: object, delta: Any) -> None:
    node, key = _slot(document, steps)
    if kind == "set":
        _set(document, node, key, delta)
    elif kind == "append" and type(delta) is str and kind_of(look(node, key)) == "string":
        document.append_at(Path(), node, key, delta)
    else:
        raise _senseless("changes", kind)


def _set(document: Document, node: Node, key: Step, value: Any) -> None:
    given = document.intake.kind_of(value)
    if given in SCALAR:
        value = document.intake.scalar(value)
    document.set_at(Path(), node, key, (), given, value)


def _a_list(value: Any, name: str) -> list[Any]:
    if type(value) is not list:
        raise _senseless(name, value)
    return value  # pyright: ignore[reportUnknownVariableType]  # of anything


def _senseless(name: str, value: object) -> StreamJSONError:
    return CheckpointError(f"the checkpoint's {name} can't be: {shorten(value)}")
