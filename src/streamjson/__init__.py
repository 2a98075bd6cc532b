"""streamjson: the document while it is still arriving.

    bytes -> events -> chunks -> paths -> document -> snapshots
                   `-> JSON text ---------'

>>> import streamjson as sj
>>> events = sj.decode_sse([b'data: {"delta": "Jane", "json_path": "people[0].name"}\\n\\n'])
>>> [snapshot.value for snapshot in sj.assemble(events)][-1]
{'people': [{'name': 'Jane'}]}
"""

from __future__ import annotations

from ._assembler import Assembler
from ._dialects import disassemble
from ._errors import (
    CheckpointError,
    ClosedError,
    ConflictError,
    InvalidEventError,
    InvalidPathError,
    InvalidPatternError,
    InvalidTextError,
    LimitExceededError,
    StreamJSONError,
    StreamTruncatedError,
    StructureError,
)
from ._json import MISSING, JSONValue, Missing
from ._limits import Limits
from ._notify import Subscription
from ._parts import (
    AsyncPartStream,
    Call,
    CallSubscription,
    Part,
    PartAssembler,
    PartStream,
    assemble_parts,
)
from ._paths import Path, format_path, parse_path
from ._resume import ReplayFilter
from ._skipped import SkippedEvent
from ._streams import AsyncSnapshotStream, SnapshotStream, assemble, assemble_text, split_streams
from ._view import Change, Completion, End, Match, Snapshot, StreamFailedError
from ._wire import ServerSentEvent, SSEDecoder, StreamingChunk, decode_sse, encode_sse

__all__ = [
    "MISSING",
    "Assembler",
    "AsyncPartStream",
    "AsyncSnapshotStream",
    "Call",
    "CallSubscription",
    "Change",
    "CheckpointError",
    "ClosedError",
    "Completion",
    "ConflictError",
    "End",
    "InvalidEventError",
    "InvalidPathError",
    "InvalidPatternError",
    "InvalidTextError",
    "JSONValue",
    "LimitExceededError",
    "Limits",
    "Match",
    "Missing",
    "Part",
    "PartAssembler",
    "PartStream",
    "Path",
    "ReplayFilter",
    "SSEDecoder",
    "ServerSentEvent",
    "SkippedEvent",
    "Snapshot",
    "SnapshotStream",
    "StreamFailedError",
    "StreamJSONError",
    "StreamTruncatedError",
    "StreamingChunk",
    "StructureError",
    "Subscription",
    "assemble",
    "assemble_parts",
    "assemble_text",
    "decode_sse",
    "disassemble",
    "encode_sse",
    "format_path",
    "parse_path",
    "split_streams",
]

__version__ = "0.1.0"

for _name in __all__:  # errors and reprs then name the package that users import from
    if getattr(globals()[_name], "__module__", "").startswith("streamjson."):
        globals()[_name].__module__ = "streamjson"
