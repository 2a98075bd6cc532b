"""What an event's chunk brings: an error, a delta that may change something, or nothing.

Pure functions of the wire model; `_events` has its classes, and the assembler does what follows.

Cost: linear in the event's data.
"""

from __future__ import annotations

from typing import Any, Final

from ._errors import InvalidEventError, LimitExceededError, StreamJSONError
from ._events import CHUNK_NAMES, MISSING, ServerSentEvent, StreamingChunk, to_chunk, to_event, to_fields
from ._limits import Limits

__all__ = ["DONE", "chunk_of", "chunk_of_error", "chunk_of_other_type", "is_blank", "is_done", "is_error"]

DONE: Final = "[DONE]"


def is_error(chunk: StreamingChunk) -> bool:
    """Tell whether a chunk says that the sender has failed."""
    has_error = chunk.error_type is not None or chunk.error_message is not None
    return chunk.chunk_type == "error" or (has_error and is_blank(chunk))


def is_blank(chunk: StreamingChunk) -> bool:
    """Tell whether a chunk brings no delta, or one that never changes anything: some senders send every field."""
    return chunk.delta is MISSING or (chunk.json_path is None and (chunk.delta is None or chunk.delta == ""))


def chunk_of_other_type(data: object, limits: Limits) -> StreamingChunk | None:
    """Return the chunk that an event of another type than `message` brings, None if it brings nothing."""
    try:
        fields = data.to_dict() if isinstance(data, StreamingChunk) else to_fields(data, limits)
    except InvalidEventError:
        return None
    except LimitExceededError:
        if isinstance(data, str) and not data.lstrip().startswith("{"):
            return None
        raise  # an object: it may bring a delta, and must not be lost
    brings = "delta" in fields or fields.get("span_id") is not None or fields.get("spanId") is not None
    try:
        chunk = StreamingChunk.from_dict(fields)
    except InvalidEventError:
        if brings:
            raise
        return None
    return chunk if brings or is_error(chunk) else None


def chunk_of_error(data: object, limits: Limits) -> StreamingChunk | None:
    """Return the chunk that an error's data says, None if it is no chunk."""
    try:
        fields = data.to_dict() if isinstance(data, StreamingChunk) else to_fields(data, limits)
        return StreamingChunk.from_dict(fields) if not CHUNK_NAMES.isdisjoint(fields) else None
    except StreamJSONError:
        return None


def chunk_of(event: object, limits: Limits) -> tuple[ServerSentEvent[Any], StreamingChunk] | None:
    """Return an event and its chunk; None if it brings none, says an error, or is one that the assembler rejects."""
    try:
        message = to_event(event)
        chunk = None if message.event == "error" else to_chunk(message.data, limits)
    except StreamJSONError:
        return None
    return None if chunk is None or is_error(chunk) else (message, chunk)


def is_done(event: object) -> bool:
    """Tell whether an event is the end that a sender tells."""
    try:
        return bool(to_event(event).data == DONE)
    except InvalidEventError:
        return False
