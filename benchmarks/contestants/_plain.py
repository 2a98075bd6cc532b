"""One field of plain objects, for all contestants whose value consists of them."""

from __future__ import annotations

from typing import Any

__all__ = ["get_field"]


def get_field(value: Any, steps: tuple[str | int, ...]) -> Any:
    """Return the value at `steps`, or None if there is none."""
    try:
        for step in steps:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return None
    return value
