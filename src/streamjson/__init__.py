"""streamjson: the document while it is still arriving.

    bytes -> events -> chunks -> paths -> document -> snapshots

>>> import streamjson as sj
>>> events = sj.decode_sse([b'data: {"delta": "Jane", "json_path": "people[0].name"}\\n\\n'])
>>> [snapshot.value for snapshot in sj.assemble(events)][-1]
{'people': [{'name': 'Jane'}]}
"""

from __future__ import annotations

from ._assembler import Assembler
from ._callbacks import Subscription
from ._completion import Completion
from ._disassemble import disassemble
from ._encode import encode_sse
from ._errors import (
    CheckpointError,
    ClosedError,
    ConflictError,
    InvalidEventError,
    InvalidPathError,
    InvalidPatternError,
    LimitExceededError,
    StreamFailedError,
    StreamJSONError,
    StreamTruncatedError,
    StructureError,
)
from ._events import MISSING, JSONValue, Missing, ServerSentEvent, StreamingChunk
from ._limits import Limits
from ._path import Path, format_path, parse_path
from ._replay_filter import ReplayFilter
from ._skipped import SkippedEvent
from ._snapshot import Change, End, Match, Snapshot
from ._split import split_streams
from ._sse import SSEDecoder, decode_sse
from ._stream import AsyncSnapshotStream, SnapshotStream, assemble

__all__ = [
    "MISSING",
    "Assembler",
    "AsyncSnapshotStream",
    "Change",
    "CheckpointError",
    "ClosedError",
    "Completion",
    "ConflictError",
    "End",
    "InvalidEventError",
    "InvalidPathError",
    "InvalidPatternError",
    "JSONValue",
    "LimitExceededError",
    "Limits",
    "Match",
    "Missing",
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
    "decode_sse",
    "disassemble",
    "encode_sse",
    "format_path",
    "parse_path",
    "split_streams",
]

__version__ = "0.1.0"

for _name in __all__:  # errors and reprs name the place that users import from
    if getattr(globals()[_name], "__module__", "").startswith("streamjson."):
        globals()[_name].__module__ = "streamjson"
