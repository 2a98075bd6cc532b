"""From a value to the chunks that rebuild it, for the sender of a finished document, or for a test.

The inverse of assembling, in document order. It knows chunks and the text of paths, but not documents.
Cost: linear in the value and in the paths written. Not recursive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import cast

from .._document import kind_of
from .._errors import InvalidEventError, shorten
from .._json import JSONValue
from .._paths import Path, append_step
from .._wire import StreamingChunk

__all__ = ["disassemble"]


def disassemble(value: JSONValue, piece_chars: int = 4) -> Iterator[StreamingChunk]:
    """Yield the chunks that rebuild `value`, in document order.

    Strings are cut into pieces of at most `piece_chars` characters; other scalars are whole. An empty container is a
    chunk of its own; any other container appears only in the paths of its values. The root's path is `""`.

    Raises `ValueError` for `piece_chars` below 1, `InvalidEventError` for anything that is not a JSON value, and
    `InvalidPathError` for a name that no path can hold (one with half a surrogate pair).

    >>> import streamjson as sj
    >>> [chunk.to_dict() for chunk in sj.disassemble({"name": "Jane", "tags": []}, piece_chars=3)]
    [{'delta': 'Jan', 'json_path': 'name'}, {'delta': 'e', 'json_path': 'name'}, {'delta': [], 'json_path': 'tags'}]
    """
    if piece_chars < 1:
        raise ValueError(f"piece_chars must be at least 1, not {piece_chars}")
    return _chunks(value, piece_chars)


def _chunks(value: JSONValue, piece_chars: int) -> Iterator[StreamingChunk]:
    # One iterator for each open container: a value may nest deeper than Python's calls.
    open_parts: list[Iterator[tuple[str, JSONValue]]] = [iter([("", value)])]
    while open_parts:
        path, item = next(open_parts[-1], (None, None))
        if path is None:
            open_parts.pop()
        elif isinstance(item, str):
            for start in range(0, len(item) or 1, piece_chars):
                yield StreamingChunk(item[start : start + piece_chars], path)
        elif isinstance(item, Mapping) and item:
            open_parts.append(_members(path, item))
        elif kind_of(item) == "array" and item:
            open_parts.append(_items(path, cast("Sequence[JSONValue]", item)))
        else:
            yield StreamingChunk(_checked(item), path)


def _members(path: str, value: Mapping[str, JSONValue]) -> Iterator[tuple[str, JSONValue]]:
    for name, item in value.items():
        if not isinstance(name, str):
            raise InvalidEventError(f"the names of an object must be text, not {shorten(name)}")
        if not name.isascii():
            Path((name,))  # raises if no path can hold the name
        yield append_step(path, name), item


def _items(path: str, value: Sequence[JSONValue]) -> Iterator[tuple[str, JSONValue]]:
    return ((append_step(path, index), item) for index, item in enumerate(value))


def _checked(value: JSONValue) -> JSONValue:
    if kind_of(value) == "nothing":
        raise InvalidEventError("MISSING is not a JSON value")
    if isinstance(value, float) and not isfinite(value):
        raise InvalidEventError(f"{value} is not a JSON value", code="bad_number")
    return value
