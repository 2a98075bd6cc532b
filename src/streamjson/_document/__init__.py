"""Deltas -> versions: a tree that only grows, the log of its changes, and reads of the tree at any version."""

from __future__ import annotations

from .admission import SCALAR
from .change_log import NO_PATH, SHORT, WIDE, Kind
from .document import Document
from .history import (
    characters,
    differences,
    ending_at,
    growth,
    has_holes,
    is_new,
    locate,
    location,
    read,
    run_at,
    slot_at,
    slots_at,
    string_at,
    visible,
)
from .locator import MANY, a_kind
from .restoration import Restoration
from .tree import HOLE, Node, Step, Text, Where, kind_of, look, path_of, trail
from .value_cache import container_at, value_at

__all__ = [
    "HOLE",
    "MANY",
    "NO_PATH",
    "SCALAR",
    "SHORT",
    "WIDE",
    "Document",
    "Kind",
    "Node",
    "Restoration",
    "Step",
    "Text",
    "Where",
    "a_kind",
    "characters",
    "container_at",
    "differences",
    "ending_at",
    "growth",
    "has_holes",
    "is_new",
    "kind_of",
    "locate",
    "location",
    "look",
    "path_of",
    "read",
    "run_at",
    "slot_at",
    "slots_at",
    "string_at",
    "trail",
    "value_at",
    "visible",
]
