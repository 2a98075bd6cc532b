"""What the first event of a stream says: that it is an answer of a provider, or nothing yet.

It does not know streams. Cost: that of decoding one event.
"""

from __future__ import annotations

from typing import Final

from streamjson import Limits, ServerSentEvent, StreamJSONError
from streamjson._json import decode_json, is_object
from streamjson._parts import provider_of

__all__ = ["is_quiet", "provider_of_first"]

_PING_CHARS: Final = 256
# Fields of our own wire: an event that has one is ours, whatever else it has.
_OURS: Final = ("json_path", "jsonPath", "span_id", "spanId", "chunk_type", "chunkType")


def is_quiet(event: ServerSentEvent[str]) -> bool:
    """Return whether an event is empty, or a ping."""
    if event.event == "ping" or not event.data or event.data.isspace():
        return True
    data = _decoded(event, Limits()) if len(event.data) <= _PING_CHARS else None
    return is_object(data) and data.get("type") == "ping"


def provider_of_first(event: ServerSentEvent[str], limits: Limits) -> str | None:
    """Return the name of the provider whose answer begins with an event; None if it is not known as such."""
    data = _decoded(event, limits)
    return provider_of(data) if is_object(data) and not any(name in data for name in _OURS) else None


def _decoded(event: ServerSentEvent[str], limits: Limits) -> object:
    try:
        data: object = decode_json(event.data, limits)
    except StreamJSONError:
        return None
    return data
