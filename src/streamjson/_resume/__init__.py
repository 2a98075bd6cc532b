"""A half-built document -> bytes, and back; the events of a new connection -> the new ones among them."""

from __future__ import annotations

from .checkpoint import KIND, load, members_of, save
from .envelope import seal, unseal
from .replay_filter import AnyEventFilter, ReplayFilter

__all__ = ["KIND", "AnyEventFilter", "ReplayFilter", "load", "members_of", "save", "seal", "unseal"]
