"""An event -> what it brings: a chunk of our wire, a failure, another protocol; and back, a value -> chunks."""

from __future__ import annotations

from .chunks import Failure, is_blank, is_done, read_event
from .disassembly import disassemble
from .foreign import needs_decoding, to_event, to_fields

__all__ = ["Failure", "disassemble", "is_blank", "is_done", "needs_decoding", "read_event", "to_event", "to_fields"]
