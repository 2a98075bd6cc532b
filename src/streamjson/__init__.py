"""streamjson: the document while it is still arriving.

    bytes -> events -> chunks -> paths -> document -> snapshots
                   `-> JSON text ---------'

>>> import streamjson as sj
>>> events = sj.decode_sse([b'data: {"delta": "Jane", "json_path": "people[0].name"}\\n\\n'])
>>> [snapshot.value for snapshot in sj.assemble(events)][-1]
{'people': [{'name': 'Jane'}]}

`assemble` reads events of deltas and paths, `assemble_text` JSON text, `assemble_parts` the stream of a model's API.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

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
    ResponseError,
    StreamJSONError,
    StreamTruncatedError,
    StructureError,
)
from ._json import MISSING, JSONValue, Missing
from ._limits import Limits
from ._notify import Subscription
from ._paths import Path, format_path, parse_path
from ._resume import ReplayFilter
from ._skipped import SkippedEvent
from ._streams import AsyncSnapshotStream, SnapshotStream, assemble, assemble_text, split_streams
from ._view import Change, Completion, End, Match, Snapshot, StreamFailedError, to_json_patch
from ._wire import ServerSentEvent, SSEDecoder, StreamingChunk, decode_json_lines, decode_sse, encode_sse

if TYPE_CHECKING:
    from . import emit as emit, http as http
    from ._parts import (
        AsyncPartStream,
        Call,
        CallSubscription,
        Part,
        PartAssembler,
        PartStream,
        assemble_parts,
    )

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
    "ResponseError",
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
    "decode_json_lines",
    "decode_sse",
    "disassemble",
    "encode_sse",
    "format_path",
    "parse_path",
    "split_streams",
    "to_json_patch",
]

__version__ = "0.1.0"

_PACKAGES = ("emit", "http")
_OF_PARTS = ("AsyncPartStream", "Call", "CallSubscription", "Part", "PartAssembler", "PartStream", "assemble_parts")


def __getattr__(name: str) -> Any:
    """Import when it is first used what not every program needs: it is a third of all modules."""
    if name in _PACKAGES:
        return _import_module(f".{name}", __name__)
    if name not in _OF_PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _parts  # noqa: PLC0415  # as said

    found = {each: getattr(_parts, each) for each in _OF_PARTS}
    globals().update(found)
    _show_as_public(_OF_PARTS)
    return found[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_PACKAGES, *_OF_PARTS})


def _show_as_public(names: tuple[str, ...] | list[str]) -> None:
    """Make errors and reprs name the package that users import from."""
    for name in names:
        if getattr(globals().get(name), "__module__", "").startswith("streamjson."):
            globals()[name].__module__ = "streamjson"


_show_as_public(__all__)
