"""Bytes <-> events: decode and encode the WHATWG's event stream, and recognize bodies of other kinds."""

from __future__ import annotations

from .body import body_kind, failure_in_body, right_call
from .closing import aclose_all, close_all
from .decoder import SSEDecoder
from .encoder import encode_sse
from .event import CHUNK_NAMES, OTHER_SPELLING, ServerSentEvent, StreamingChunk
from .iteration import decode_sse
from .json_lines import decode_json_lines

__all__ = [
    "CHUNK_NAMES",
    "OTHER_SPELLING",
    "SSEDecoder",
    "ServerSentEvent",
    "StreamingChunk",
    "aclose_all",
    "body_kind",
    "close_all",
    "decode_json_lines",
    "decode_sse",
    "encode_sse",
    "failure_in_body",
    "right_call",
]
