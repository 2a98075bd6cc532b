"""A finished value -> an object of the type that was asked for; a draft of one that is not finished."""

from __future__ import annotations

from .draft import draft_of
from .validate import structurer

__all__ = ["draft_of", "structurer"]
