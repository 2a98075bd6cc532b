"""Deltas -> versions: a tree that only grows, the log of its changes, and reads of the tree at any version."""

from __future__ import annotations

from .admission import SCALAR
from .change_log import MAX_FAST_BYTES, MAX_FAST_CHARS, NO_PATH, Kind, Lineage
from .container_cache import container_at
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
from .locator import MAX_CACHED_PATHS, a_kind
from .restoration import Restoration
from .text_document import TextDocument
from .tree import HOLE, Node, Step, Text, Where, current, kind_of, path_of, path_to_slot
from .value_cache import value_at

__all__ = [
    "HOLE",
    "MAX_CACHED_PATHS",
    "MAX_FAST_BYTES",
    "MAX_FAST_CHARS",
    "NO_PATH",
    "SCALAR",
    "Document",
    "Kind",
    "Lineage",
    "Node",
    "Restoration",
    "Step",
    "Text",
    "TextDocument",
    "Where",
    "a_kind",
    "characters",
    "container_at",
    "current",
    "differences",
    "ending_at",
    "growth",
    "has_holes",
    "is_new",
    "kind_of",
    "locate",
    "location",
    "path_of",
    "path_to_slot",
    "read",
    "run_at",
    "slot_at",
    "slots_at",
    "string_at",
    "value_at",
    "visible",
]
