"""One field of plain objects, for all contestants whose value is made of such."""

from __future__ import annotations

from typing import Any

__all__ = ["get_field"]


def get_field(value: Any, steps: tuple[str | int, ...]) -> Any:
    """Return what is at `steps`, or None if nothing is."""
    try:
        for step in steps:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return None
    return value
