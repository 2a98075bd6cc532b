"""From a change of a slot to operations of JSON Patch with the same effect.

| change | operations |
|---|---|
| at the root | `add` with an empty path, which replaces the document |
| of a member | `add`, which replaces, too |
| of an item | `replace`; at the length of the array `add`, and before it an `add` of null for each hole |
| a string that grew | `replace` with the whole string |

A reset is a null at the root: a JSON document can't be nothing. It knows the tree, not how a change is represented.
Source: RFC 6902, section 4. Cost: the value, and the holes.
"""

from __future__ import annotations

from typing import TypeAlias

from .._document import HOLE, Document, Node, Step, path_to_slot, read, slot_at, visible
from .._json import MISSING, JSONValue
from .._paths import Path

__all__ = ["Operation", "operations"]

Operation: TypeAlias = dict[str, JSONValue]


def operations(document: Document, node: Node, key: Step, old: int, new: int, *, is_append: bool) -> list[Operation]:
    """Return the operations for slot `key` of `node`, which changed between two versions and is not in a new value.

    The changes of an array are in the order of its items, so all before this one are there already.
    """
    thing = slot_at(node, key, new)
    value: JSONValue = None if thing is MISSING else read(document, node, key, thing, new)
    path = Path(path_to_slot(document.root_slot, node, key)[1:]).pointer
    if is_append:
        return [{"op": "replace", "path": path, "value": value}]
    if node is document.root_slot or isinstance(key, str):
        return [{"op": "add", "path": path, "value": value}]
    length = visible(node, old)
    if key < length:
        return [{"op": "replace", "path": path, "value": value}]
    first = key
    while first > length and slot_at(node, first - 1, new) is HOLE:
        first -= 1
    array = path.rpartition("/")[0]
    holes: list[Operation] = [{"op": "add", "path": f"{array}/{hole}", "value": None} for hole in range(first, key)]
    return [*holes, {"op": "add", "path": path, "value": value}]
