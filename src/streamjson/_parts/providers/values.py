"""Compares the value of a JSON text with what a program in JavaScript has made of that text.

Numbers are doubles there, so an integer beyond 2^53 comes back rounded.

Cost: linear in the values.
"""

from __future__ import annotations

from typing import Any, Final

from ..._json import is_list, is_object

__all__ = ["is_rounded"]

_MAX_EXACT: Final = 2**53
_MAX_DOUBLE: Final = 10**308


def is_rounded(exact: Any, value: Any) -> bool:
    """Return whether a value equals another one, but for the integers that JavaScript rounds."""
    if is_object(exact) and is_object(value):
        return exact.keys() == value.keys() and all(is_rounded(inner, value[name]) for name, inner in exact.items())
    if is_list(exact) and is_list(value):
        return len(exact) == len(value) and all(map(is_rounded, exact, value))
    if type(exact) is int and type(value) in (int, float) and min(abs(exact), abs(value)) >= _MAX_EXACT:
        return max(abs(exact), abs(value)) < _MAX_DOUBLE and float(exact) == float(value)
    return bool(exact == value) and isinstance(exact, bool) == isinstance(value, bool)
