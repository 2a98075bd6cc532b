"""An event -> what it brings, in verbs that every wire shares; and back, a value -> chunks."""

from __future__ import annotations

from .adapters import needs_decoding, to_event, to_fields
from .base import Delta, Dialect, Done, Failed, Foreign, NewRun, Nothing, Set, Text, Verb
from .chunks import Chunks
from .disassembly import disassemble
from .failures import failure_of, failure_of_error, span_of
from .json_text import JsonText
from .other_protocols import protocol_of
from .registry import DIALECTS, make_dialect

__all__ = [
    "DIALECTS",
    "Chunks",
    "Delta",
    "Dialect",
    "Done",
    "Failed",
    "Foreign",
    "JsonText",
    "NewRun",
    "Nothing",
    "Set",
    "Text",
    "Verb",
    "disassemble",
    "failure_of",
    "failure_of_error",
    "make_dialect",
    "needs_decoding",
    "protocol_of",
    "span_of",
    "to_event",
    "to_fields",
]
