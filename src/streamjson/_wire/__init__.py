"""Bytes <-> events: the WHATWG's event stream, decoded and encoded, and the bodies that are not one."""

from __future__ import annotations

from .body import kind_of, right_call
from .closing import aclose_all, close_all
from .decoder import SSEDecoder, decode_sse
from .encoder import encode_sse
from .event import CHUNK_NAMES, OTHER_SPELLING, ServerSentEvent, StreamingChunk

__all__ = [
    "CHUNK_NAMES",
    "OTHER_SPELLING",
    "SSEDecoder",
    "ServerSentEvent",
    "StreamingChunk",
    "aclose_all",
    "close_all",
    "decode_sse",
    "encode_sse",
    "kind_of",
    "right_call",
]
