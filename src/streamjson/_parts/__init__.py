"""The events of a model's API -> the parts of its answer, each a document, and how it ended."""

from __future__ import annotations

from .assembler import PartAssembler
from .assembling import assemble_parts
from .async_stream import AsyncPartStream
from .calls import Call
from .part import Part
from .part_snapshots import AsyncPartSnapshots, PartSnapshots
from .recognition import READ_PROTOCOLS, provider_of
from .registration import CallSubscription
from .sync_stream import PartStream

__all__ = [
    "READ_PROTOCOLS",
    "AsyncPartSnapshots",
    "AsyncPartStream",
    "Call",
    "CallSubscription",
    "Part",
    "PartAssembler",
    "PartSnapshots",
    "PartStream",
    "assemble_parts",
    "provider_of",
]
