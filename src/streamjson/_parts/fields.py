"""Reads the fields of an API's event, which is a mapping or an object of the API's SDK.

A field that is absent, null, or marked as unset by the SDK is no different: each reader returns what stands for
nothing.

Cost: O(1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from .._errors import InvalidEventError, shorten
from .._json import is_array, is_object

__all__ = ["blank_to_none", "either", "field", "has_any", "index_of", "items", "name_of", "of_chunks", "piece", "text"]

_MAX_INDEX: Final = 10**15
# The classes by which SDKs, and `StreamingChunk`, mark an absent field.
_UNSET: Final = ("Unset", "UNSET", "NotGiven", "Omit", "Missing")
# Fields that only an event of deltas and paths has.
_OF_CHUNKS: Final = ("json_path", "jsonPath", "span_id", "spanId", "chunk_type", "chunkType")


def field(of: Any, name: str) -> Any:
    """Return the field `name` of a mapping or an object; None if there is none."""
    given = of  # not narrowed: type checkers know nothing of its values
    if type(of) is dict or is_object(of):  # hot: nearly every event is a dict
        return given.get(name)
    return getattr(given, name, None)


def has_any(of: Any, *names: str) -> bool:
    """Return whether a mapping has one of these members, null or not, or an object one that is set."""
    if is_object(of):
        return any(name in of for name in names)
    values = [getattr(of, name, None) for name in names]
    return any(value is not None and type(value).__name__ not in _UNSET for value in values)


def of_chunks(event: Any) -> bool:
    """Return whether an event has a field that only events of deltas and paths have."""
    return has_any(event, *_OF_CHUNKS)


def either(of: Any, wire: str, sdk: str) -> Any:
    """Return a field by its name on the wire, or in an SDK."""
    value = field(of, wire)
    return field(of, sdk) if value is None else value


def text(of: Any, name: str) -> str:
    """Return a field that is text; "" if it is not."""
    value = field(of, name)
    if type(value) is str:  # hot
        return value
    value = getattr(value, "value", value)  # some SDKs give an enumeration
    return value if isinstance(value, str) else ""


def piece(of: Any, name: str) -> str:
    """Return a field that has a piece of a part's text; "" if it is absent.

    Raises `InvalidEventError` for anything else: it would be lost.
    """
    value = field(of, name)
    if value is None or isinstance(value, str) or type(value).__name__ in _UNSET:
        return value if isinstance(value, str) else ""
    raise InvalidEventError(f"{name} is a piece of text, not {shorten(value)}")


def items(of: Any, name: str) -> Sequence[Any]:
    """Return the items of a field that is a list; an empty list if it is not."""
    value = found = field(of, name)
    if type(value) is list or (not isinstance(value, str) and is_array(value)):
        return cast("Sequence[Any]", found)
    return ()


def index_of(of: Any, name: str) -> int | None:
    """Return a field that is an index; None if it is not."""
    value = field(of, name)
    return value if type(value) is int and 0 <= value < _MAX_INDEX else None


def name_of(of: Any, name: str) -> str | None:
    """Return a field that is a name or an id; None if it is not text, or blank."""
    return blank_to_none(field(of, name))


def blank_to_none(value: object) -> str | None:
    """Return text that is not blank as plain text, of an enumeration its value; else None."""
    value = getattr(value, "value", value)  # some SDKs give an enumeration, some of them one of text
    return value if isinstance(value, str) and value.strip() else None
