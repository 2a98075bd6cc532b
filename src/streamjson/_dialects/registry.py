"""The dialects by name. To add one, write its module and name it here."""

from __future__ import annotations

from typing import Final

from .._errors import shorten
from .._limits import Limits
from .base import Dialect
from .chunks import Chunks
from .json_text import JsonText

__all__ = ["DIALECTS", "make_dialect"]

DIALECTS: Final[dict[str, type[Dialect]]] = {dialect.name: dialect for dialect in (Chunks, JsonText)}


def make_dialect(name: str, limits: Limits) -> Dialect:
    """Return a new dialect. Raises `ValueError` for an unknown name."""
    factory = DIALECTS.get(name) if isinstance(name, str) else None
    if factory is None:
        raise ValueError(f"dialect is {' or '.join(map(repr, DIALECTS))}, not {shorten(name)}")
    return factory(limits)
