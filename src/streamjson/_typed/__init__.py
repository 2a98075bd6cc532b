"""A finished value -> an object of the requested type; an unfinished value -> a draft of such an object."""

from __future__ import annotations

from .draft import draft_of
from .validate import structurer

__all__ = ["draft_of", "structurer"]
