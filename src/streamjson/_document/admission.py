"""From a delta to the content of slots: checked, repaired and copied.

Numbers and booleans become plain types, lone surrogates in strings become U+FFFD, and a container becomes new nodes.
The caller's value is never kept and never changed.

It owns the limits, as numbers. A rejected value leaves nothing behind.
Cost: linear in the value. Nothing is recursive, so depth costs nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite, log10
from typing import Any, Final, cast

from attrs import asdict

from .._errors import InvalidEventError, shorten
from .._json import utf8_size, well_formed
from .._limits import Limits
from .tree import Node, Step, Where, kind_of, new_node, path_of

__all__ = ["SCALAR", "Admission"]

SCALAR: Final = ("number", "boolean")


class Admission:
    """Checks and copies deltas. `bounds` has each limit as a number, so a lifted limit needs no test of its own."""

    __slots__ = ("bounds", "limits", "plain_number")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bounds: dict[str, int] = {name: sys.maxsize if n is None else n for name, n in asdict(limits).items()}
        self.plain_number = 10 ** min(18, self.bounds["max_number_digits"])  # exclusive; smaller ones need no check

    def check(self, limit: str, met: int, before: int = 0) -> None:
        """Raise `LimitExceededError` if `met` is more than the named limit; `before` of it was in use already."""
        maximum = self.bounds[limit]
        if met > maximum:
            raise self.limits.exceeded(limit, met, is_full=before > 0 and met - before <= maximum)

    def kind_of(self, delta: object) -> str:
        """Return the JSON type of a delta. Raises `InvalidEventError` if it is not a JSON value."""
        kind = kind_of(delta)
        if kind == "nothing":
            raise InvalidEventError("MISSING is not a JSON value")
        return kind

    def is_plain(self, value: Any) -> bool:
        """Return whether `value` is null, or a number or boolean of a plain type within the limits. For fast paths."""
        if type(value) is int:
            return bool(-self.plain_number < value < self.plain_number)
        return value is None or value is True or value is False or (type(value) is float and isfinite(value))

    def scalar(self, value: Any) -> Any:
        """Return a number or boolean as an `int`, `float` or `bool`."""
        if isinstance(value, bool):
            return value
        if isinstance(value, float):
            if not isfinite(value):
                raise InvalidEventError(f"{float(value)} is not a JSON value", code="bad_number")
            return float(value)
        max_digits = self.limits.max_number_digits
        if max_digits is not None and not -self.plain_number < value < self.plain_number:
            # Digits are counted only near the limit: that takes quadratic time, and CPython refuses more than 4,300.
            estimate = value.bit_length() * log10(2)
            if estimate >= max_digits - 1:
                digits = len(str(abs(value))) if estimate < 4_200 else int(estimate) + 1
                self.check("max_number_digits", digits)
        return int(value)

    def scalar_size(self, value: Any) -> int:
        """Return the size in bytes of a scalar other than a string: 8, or what a large integer takes."""
        return max(8, (value.bit_length() + 7) // 8) if type(value) is int else 8

    def name(self, name: str) -> int:
        """Check the name of a member, and return its size in bytes."""
        size = utf8_size(name)
        self.check("max_key_bytes", size)
        return size

    def container(self, value: Any, where: Where, version: int, nodes_so_far: int) -> tuple[Node, int, int]:
        """Return a container as nodes, the number of its values, and its size in bytes."""
        count = 1
        size = 0
        root = new_node(where, is_object=isinstance(value, Mapping))
        above = len(path_of(where))
        # Only the containers being read, from the root down: a list of all that are still to read took 70 bytes each.
        reading: list[tuple[Iterator[tuple[Step, Any]], Node]] = []
        source: Any = value
        node = root
        while True:
            self.check("max_depth", above + len(reading) + 1)
            length = len(source)
            if length:
                count += length
                self.check("max_nodes", nodes_so_far + count, nodes_so_far)
                if not node.is_object:
                    self.check("max_array_length", length)
                members = self._members(source) if node.is_object else enumerate(cast("Iterable[Any]", source))
                reading.append((members, node))
            source = None
            while reading and source is None:
                items, node = reading[-1]
                is_object, slots = node.is_object, node.entries
                for step, item in items:
                    kind = self.kind_of(item)
                    thing: Any = None
                    if kind == "string":
                        thing = well_formed(str.__str__(item))
                        item_size = utf8_size(thing)
                        size += item_size
                        self.check("max_string_bytes", item_size)
                    elif kind in ("object", "array"):
                        thing = new_node((node.where, step), is_object=kind == "object")
                        source = item
                    else:
                        thing = self.scalar(item) if kind in SCALAR else None
                        size += self.scalar_size(thing)
                    if is_object:
                        slots[step] = thing
                    else:
                        slots.append(thing)
                    if source is not None:
                        node = thing
                        break
                else:
                    if is_object:
                        size += sum(map(utf8_size, slots))
                    node.created_at = [version] * len(slots)
                    reading.pop()
            if source is None:
                return root, count, size

    def _members(self, source: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
        for name, item in source.items():
            if not isinstance(name, str):
                raise InvalidEventError(f"the names of an object must be text, not {shorten(name)}")
            clean = well_formed(str.__str__(name))
            self.name(clean)
            yield clean, item
