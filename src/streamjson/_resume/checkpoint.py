"""A half-built document -> a JSON object, and back: everything that decides what the next events mean.

    version       the number of changes; the restored document continues from it
    document      null for an empty one, else
        value         as plain JSON
        open          the steps of the location that changed last: every value that does not contain it is finished
        holes         which nulls of the value are holes: their numbers among all nulls, in document order
    changes       null while the stream is in document order. Once the sender has returned to a finished value,
                  `document` is the state just before that return, because it decides what was reported as finished;
                  the changes lead from there to the present, each as steps, "set" or "append", and the value or text
    holes         the holes of the present value, if there are changes
    reopened      whether `document` is the state at an end that was a guess, and was reported as a whole
    halves        halves of surrogate pairs that wait for their partner: steps, and the code unit
    repaired      halves that the end has repaired: the last character of their string is U+FFFD

Earlier history is not kept: `Document.horizon` is the first version that a restored document knows.

It knows no events, no callbacks and no bytes (`envelope`). It does not trust its input: what no document can have
written is a `CheckpointError`, and what limits forbid a `LimitExceededError`.

Cost: linear in the document; after a return also in the state before it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from attrs import evolve

from .._document import (
    HOLE,
    Document,
    Node,
    Restoration,
    Step,
    current,
    kind_of,
    locate,
    location,
    path_to_slot,
    read,
    slots_at,
)
from .._errors import CheckpointError, LimitExceededError, StreamJSONError, shorten
from .._json import MISSING, check_values
from .._limits import Limits
from .._view import changes_between, reported_at, take_up
from .envelope import unseal

__all__ = ["KIND", "load", "members_of", "save"]

KIND: Final = "assembler"
# The members beside the document, and what each may be: a value of one of these types, or one of these values.
_ASSEMBLER_MEMBERS: Final[dict[str, set[type] | tuple[str | None, ...]]] = {
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
    "wrapper": (None, "fence", "prose"),
    "reopened": {bool},
}
# Members that earlier versions did not write, and the values that they have then.
_LATER_MEMBERS: Final[dict[str, Any]] = {
    "ignored_count": 0, "has_chunks": True, "misunderstood": 0, "unheard": "", "reopened": False, "repaired": [],
    "dialect": "chunks", "wrapper": None, "dialect_state": None,
}  # fmt: skip
_HIGH_SURROGATES: Final = range(0xD800, 0xDC00)


def members_of(data: bytes, limits: Limits) -> dict[str, Any]:
    """Return the members of an assembler's checkpoint. All but those of the document are checked."""
    members = {**_LATER_MEMBERS, **unseal(KIND, data, _checkpoint_limits(limits))}
    for name, allowed in _ASSEMBLER_MEMBERS.items():
        value = members.get(name, MISSING)
        is_allowed = value in allowed if type(allowed) is tuple else type(value) in allowed
        if not is_allowed or (type(value) is int and value < 0):
            raise _bad_member(name, value)
    return members


def _checkpoint_limits(limits: Limits) -> Limits:
    """Return limits that hold for the checkpoints of every document within `limits`.

    Say the document may have N values. The values before a return and those of the deltas since then are N together,
    because the limit counts what is retained. At most N locations have changed, each with two values beside its delta.
    The delta of an append belongs to a value that is already counted. So a checkpoint has 4 N values, and a few that
    `CHUNK_VALUES` allows for. Steps and the numbers of holes are texts, each within the same limits.
    """
    nodes, depth = limits.max_nodes, limits.max_depth
    return evolve(
        limits, max_nodes=None if nodes is None else 4 * nodes, max_depth=None if depth is None else depth + 4
    )


def save(document: Document) -> dict[str, Any]:
    """Return the members that describe a document."""
    version = document.version
    reported = reported_at(document)
    saved: dict[str, Any] = {"version": version, "document": None, "changes": None, "holes": [], "reopened": False}
    if version > document.base:
        then, saved["reopened"] = (version, False) if reported is None else reported
        saved["document"] = {
            "value": read(document, *locate(document, (), then), then),
            "open": _steps(document, *location(document, then)),
            "holes": _pack(list(_holes(document.root_slot, then))),
        }
        if reported is not None:
            changes = changes_between(document, then, version) if then < version else ()
            saved["changes"] = [[_pack([change.path, change.kind]), change.delta] for change in changes]
            saved["holes"] = _pack(list(_holes(document.root_slot, version)))
    saved["halves"] = _pack_halves(document, document.pending_surrogates.values())
    saved["repaired"] = _pack_halves(document, document.pending_surrogates.repaired)
    return saved


def _pack_halves(document: Document, halves: Iterable[tuple[Node, Step, str]]) -> str:
    return _pack([[_pack(_steps(document, node, key)), ord(half)] for node, key, half in halves])


def _pack(value: object) -> str:
    """Return steps or numbers as a text of JSON, so that they count as one value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _unpack(value: Any, limits: Limits) -> Any:
    """Return what was packed. Earlier versions did not pack; their values are returned as they are."""
    if type(value) is not str:
        return value
    check_values(value, limits)
    return json.loads(value)


def load(saved: dict[str, Any], limits: Limits, new_document: Callable[[int], Document]) -> Document:
    """Return the document that `save` has described. Raises `CheckpointError` and `LimitExceededError`.

    `new_document` returns an empty one that begins at a version.
    """
    try:
        return _load(saved, limits, new_document)
    except (LimitExceededError, CheckpointError):
        raise
    except (StreamJSONError, LookupError, TypeError, ValueError, RecursionError) as error:
        message = f"the checkpoint is malformed: {type(error).__name__}, {shorten(str(error))}"
        raise CheckpointError(message) from None


def _load(saved: dict[str, Any], limits: Limits, new_document: Callable[[int], Document]) -> Document:
    version, first, changes = saved["version"], saved["document"], saved["changes"]
    if type(version) is not int or version < 0:
        raise _bad_member("version", version)
    has_returned = changes is not None
    is_reopened = has_returned and saved["reopened"]
    changes = _check_list(changes, "changes") if has_returned else []
    if has_returned and (first is None or not (changes or is_reopened)):
        raise _bad_member("changes", changes)
    base = version if first is None else version - len(changes) - 1
    if base < 0:
        raise _bad_member("version", version)
    document = new_document(base)
    if has_returned and document.closes_values:
        raise _bad_member("changes", changes)
    restoration = Restoration(document)
    bounds = _checkpoint_limits(limits)
    if first is not None:
        _set_first_value(restoration, first, _unpack(first["holes"], bounds))
        if is_reopened:
            document.seal_run()
        for change in changes:
            *head, delta = change
            if len(head) == 1:  # earlier versions did not pack the steps and the kind
                head = _unpack(head[0], bounds)
            steps, kind = head
            _apply_change(restoration, steps, kind, delta)
        if document.version != version:
            raise _bad_member("changes", changes)
        if has_returned:
            take_up(document, base + 2, is_end=is_reopened)
            _mark_holes(restoration, _unpack(saved["holes"], bounds))
    restoration.finish(
        _load_halves(document, saved["halves"], bounds), _load_halves(document, saved["repaired"], bounds)
    )
    return document


def _load_halves(document: Document, saved: Any, bounds: Limits) -> Iterator[tuple[Node, Step, str]]:
    """Yield each saved half with the slot of its string."""
    for steps, unit in _check_list(_unpack(saved, bounds), "halves"):
        node, key = _slot(document, _unpack(steps, bounds))
        if kind_of(current(node, key)) != "string" or unit not in _HIGH_SURROGATES:
            raise _bad_member("halves", steps)
        yield node, key, chr(unit)


# ---------------------------------------------------------------------------------------------------------------------
# locations and holes


def _steps(document: Document, node: Node, key: Step) -> list[Step]:
    return list(path_to_slot(document.root_slot, node, key)[1:])


def _slot(document: Document, steps: Any) -> tuple[Node, Step]:
    """Return the slot that saved steps lead to; it may be empty."""
    node: Node = document.root_slot
    key: Step = 0
    for step in _check_list(steps, "steps"):
        content = current(node, key)
        if type(content) is not Node or type(step) is not (str if content.is_object else int):
            raise _bad_member("steps", step)
        if type(step) is int and step < 0:
            raise _bad_member("steps", step)
        node, key = content, step
    return node, key


def _holes(root: Node, version: int) -> Iterator[int]:
    """Yield the numbers of the holes among the nulls of `root`, in document order."""
    return (number for number, (_, _, content) in enumerate(_nulls(root, version)) if content is HOLE)


def _nulls(root: Node, version: int) -> Iterator[tuple[Node, Step, Any]]:
    """Yield the slots that read as null, in document order."""
    walks = [(root, iter(slots_at(root, version)))]
    while walks:
        node, slots = walks[-1]
        for step, content in slots:
            if type(content) is Node:
                walks.append((content, iter(slots_at(content, version))))
                break
            if content is None or content is HOLE:
                yield node, step, content
        else:
            walks.pop()


def _mark_holes(restoration: Restoration, numbers: Any) -> None:
    """Turn the nulls with these numbers into holes."""
    document = restoration.document
    wanted = iter(_check_list(numbers, "holes"))
    number = next(wanted, None)
    for count, (node, step, _) in enumerate(_nulls(document.root_slot, document.version)):
        if count == number:
            if node.is_object or node is document.root_slot:
                break
            restoration.make_hole(node, step)
            number = next(wanted, None)
    if number is not None:
        raise _bad_member("holes", number)


# ---------------------------------------------------------------------------------------------------------------------
# changes


def _set_first_value(restoration: Restoration, first: Any, holes: Any) -> None:
    """Set the first value, as one version that changed the open location."""
    document = restoration.document
    restoration.set(document.root_slot, 0, first["value"])
    _mark_holes(restoration, holes)
    node, key = _slot(document, first["open"])
    content = current(node, key)
    if content is MISSING or content is HOLE:
        raise _bad_member("open", first["open"])
    restoration.make_last(node, key)


def _apply_change(restoration: Restoration, steps: Any, kind: object, delta: Any) -> None:
    node, key = _slot(restoration.document, steps)
    if kind == "set":
        restoration.set(node, key, delta)
    elif kind == "append" and type(delta) is str and kind_of(current(node, key)) == "string":
        restoration.append(node, key, delta)
    else:
        raise _bad_member("changes", kind)


def _check_list(value: Any, name: str) -> list[Any]:
    if type(value) is not list:
        raise _bad_member(name, value)
    return value  # pyright: ignore[reportUnknownVariableType]  # items of any type


def _bad_member(name: str, value: object) -> StreamJSONError:
    return CheckpointError(f"invalid value for {name!r} in the checkpoint: {shorten(value)}")
