"""The dialect of our own wire: an event with a delta and its path.

The rules, in this order:

1. Data `[DONE]`, with or without blanks around it, ends the document.
2. `event: error`, `chunk_type` `"error"`, or a failure in any of the shapes that gateways send, is a failure
   (`failures`). Nothing hides it: neither fields of a wrong type nor an unknown event type.
3. An event of another protocol is foreign (`other_protocols`). One with `json_path`, `span_id` or `chunk_type` is ours
   whatever else it has, and so is a delta without a `type`.
4. An event of another type than `message` with neither a delta nor a span is passed over, as a ping is.
5. An object with none of our fields, or with a path and no delta, is ignored and counted: it may be a mistake.
6. Everything else is a chunk. A failure beside a delta comes after it.

Cost: linear in the event's data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .._errors import InvalidEventError, LimitExceededError, shorten
from .._json import MISSING, is_list, is_object
from .._limits import Limits
from .._wire import CHUNK_NAMES, OTHER_SPELLING, ServerSentEvent, StreamingChunk
from .adapters import to_payload
from .base import Delta, Dialect, Done, Foreign, NewRun, Nothing, Verb
from .failures import failure_of, failure_of_error, field_of, is_blank
from .other_protocols import protocol_of
from .quick_chunks import quick_decoder, quick_reader

__all__ = ["Chunks"]

# Our fields that tell an event from every other protocol's.
_OURS: Final = ("json_path", "span_id", "chunk_type")
# Fields that neither report a failure nor identify another protocol.
_HARMLESS: Final = frozenset({"delta", *_OURS, *(OTHER_SPELLING[name] for name in _OURS)})

_DONE: Final = (Done(),)
_EMPTY: Final = (Nothing("empty"),)
_KEEP_ALIVE: Final = (Nothing("keep_alive"),)
_NO_CHANGE: Final = (Nothing("no_change"),)
_PASSED_OVER: Final = (Nothing("passed_over"),)


class Chunks(Dialect):
    """Reads the events of our own wire."""

    name = "chunks"

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.quick = quick_reader(limits, quick_decoder())

    def read(self, event: ServerSentEvent[Any]) -> Sequence[Verb]:
        """Return what an event brings.

        Raises `InvalidEventError` (`bad_json`, `bad_number`, `bad_event`, `unset_delta`), and `LimitExceededError`
        (`max_depth`, `max_nodes`, `max_number_digits`).
        """
        data, is_plain = event.data, event.event in ("message", "")
        if isinstance(data, str) and data.strip() == "[DONE]":
            return _DONE
        if event.event == "error":
            return (failure_of_error(data, self.limits),)
        if data == "":
            return _EMPTY if is_plain else _KEEP_ALIVE
        if isinstance(data, StreamingChunk):
            if data.delta is not MISSING and _is_sound(data):
                return _verbs_of(data)
            return _read_fields(data.to_dict(), is_plain=is_plain)
        try:
            payload = to_payload(data, self.limits)
        except InvalidEventError as error:
            if is_plain or error.code == "unset_delta":
                raise
            return _PASSED_OVER
        except LimitExceededError:
            if not is_plain and isinstance(data, str) and not data.lstrip().startswith("{"):
                return _PASSED_OVER
            raise  # an object: it may bring a delta, and must not be lost
        if is_object(payload):
            return _read_fields(payload, is_plain=is_plain)
        return _read_other(payload, is_plain=is_plain)


def _read_fields(fields: Mapping[str, Any], *, is_plain: bool) -> Sequence[Verb]:
    if "delta" in fields and fields.keys() <= _HARMLESS and field_of(fields, "chunk_type") != "error":
        return _verbs_of(StreamingChunk.from_dict(fields))  # as below, for nearly all that come here
    failure = failure_of(fields)
    if failure is None:
        return _read_chunk(fields, is_plain=is_plain)
    if is_blank(fields) or field_of(fields, "chunk_type") == "error":
        return (failure,)
    try:
        verbs = _read_chunk(fields, is_plain=is_plain)
    except InvalidEventError:  # nothing hides a failure
        return (failure,)
    return (*(verb for verb in verbs if type(verb) in (NewRun, Delta)), failure)


def _read_chunk(fields: Mapping[str, Any], *, is_plain: bool) -> Sequence[Verb]:
    is_ours = any(field_of(fields, name) is not None for name in _OURS)
    has_delta = "delta" in fields
    if not is_ours:
        protocol = protocol_of(fields)
        if protocol is not None:
            return (Foreign(protocol),)
    if not is_plain and not has_delta and field_of(fields, "span_id") is None:
        return _PASSED_OVER
    if has_delta and not is_ours and isinstance(fields.get("type"), str):
        reason = f"its type {shorten(fields['type'])} is not known, and its delta has no path"
        return (Nothing("ignored", reason),)
    chunk = StreamingChunk.from_dict(fields)
    if not has_delta and chunk.span_id is None:
        if chunk.json_path is not None:
            return (Nothing("ignored", "it has a path and no delta"),)
        if not is_ours and not fields.keys() <= CHUNK_NAMES:
            return (Nothing("ignored", "it has none of the fields of a chunk"),)
    return _verbs_of(chunk)


def _verbs_of(chunk: StreamingChunk) -> Sequence[Verb]:
    """Return what a sound chunk brings."""
    delta, path = chunk.delta, chunk.json_path
    has_delta = delta is not MISSING and (path is not None or (delta is not None and delta != ""))  # as `is_blank`
    if chunk.span_id is None:
        return (Delta(path, delta),) if has_delta else _NO_CHANGE
    run = NewRun(chunk.span_id)
    return (run, Delta(path, delta)) if has_delta else (run,)


def _read_other(payload: object, *, is_plain: bool) -> Sequence[Verb]:
    """Return what data brings that is JSON but not an object."""
    first = payload[0] if is_list(payload) and payload else None
    if is_object(first) and failure_of(first):  # as Gemini without alt=sse
        return _read_fields(first, is_plain=is_plain)
    protocol = protocol_of(payload)
    if protocol is not None:
        return (Foreign(protocol),)
    if not is_plain:
        return _PASSED_OVER
    raise InvalidEventError(f"an event's data is a JSON object, not {shorten(payload)}")


def _is_sound(chunk: StreamingChunk) -> bool:
    """Return whether a chunk has fields of the right types, and reports no failure."""
    texts = (chunk.json_path, chunk.span_id, chunk.chunk_type)
    has_failed = chunk.chunk_type == "error" or chunk.error_type is not None or chunk.error_message is not None
    return not has_failed and all(text is None or isinstance(text, str) for text in texts)
