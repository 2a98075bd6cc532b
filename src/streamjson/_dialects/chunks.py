"""What one event of our wire brings: a chunk, the sender's failure, or neither.

`read_event` answers once for each event, and everything downstream acts on its answer: the assembler, and the filter of
replays. The rules, in this order:

1. `event: error`, `chunk_type` `"error"`, or a failure in any of the shapes that gateways send: a failure. Nothing
   hides it: fields of a wrong type don't, nor does an unknown event type.
2. An event of another protocol is an `InvalidEventError` (`foreign_event`) that names it. One with `json_path`,
   `span_id` or `chunk_type` is ours whatever else it carries, and so is a delta without a `type`.
3. An event of another type than `message` that brings neither a delta nor a span: passed over, as a ping is.
4. An object with none of our fields, or with a path and no delta: ignored, and counted, as it may be a mistake.
5. All others are chunks. A failure beside a delta that says something comes after it.

Pure functions; `foreign` has the classes, `protocols` the other protocols.

Cost: linear in the event's data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from .._errors import InvalidEventError, LimitExceededError, StreamJSONError, shorten
from .._json import MISSING, is_list, is_object
from .._limits import Limits
from .._wire import CHUNK_NAMES, OTHER_SPELLING, ServerSentEvent, StreamingChunk
from .foreign import to_event, to_payload
from .protocols import protocol_of

__all__ = ["Brought", "Failure", "is_blank", "is_done", "read_event"]

DONE: Final = "[DONE]"

# Our fields that tell an event from every other protocol's.
_OURS: Final = ("json_path", "span_id", "chunk_type")
# Those that say neither that the sender has failed nor that an event is another protocol's.
_HARMLESS: Final = frozenset({"delta", *_OURS, *(OTHER_SPELLING[name] for name in _OURS)})
# Where senders say what went wrong, and of which kind it was; the first that says something counts.
_MESSAGES: Final = ("message", "errorText", "error_msg", "msg", "detail", "error", "errors", "response")
_KINDS: Final = ("type", "code", "error_code", "status")
# Failures that the event's own type tells. "error" is everybody's; the others are AG-UI's, OpenAI's and Mistral's.
_FAILURES: Final = frozenset({"error", "RUN_ERROR", "response.failed", "response.error", "conversation.response.error"})
_DEEPEST: Final = 4  # an error in an error in a list: no sender nests them further


class Failure(NamedTuple):
    """What the sender says of its failure, as text; None where it says nothing."""

    error_type: str | None
    error_message: str | None


class Brought(NamedTuple):
    """What an event brings. With neither a chunk nor a failure it is ignored for a `reason`, else passed over."""

    chunk: StreamingChunk | None = None
    failure: Failure | None = None
    reason: str = ""


def read_event(event: ServerSentEvent[Any], limits: Limits) -> Brought:
    """Return what an event brings. Its data is neither empty nor `[DONE]`.

    Raises `InvalidEventError` (`bad_json`, `bad_number`, `bad_event`, `foreign_event`, `unset_delta`), and
    `LimitExceededError` (`max_depth`, `max_nodes`, `max_number_digits`).
    """
    data, is_plain = event.data, event.event in ("message", "")
    if event.event == "error":
        return Brought(failure=_failure_of_error(data, limits))
    if isinstance(data, StreamingChunk):
        if data.delta is not MISSING and _is_sound(data):
            return Brought(data)
        fields: Mapping[str, Any] = data.to_dict()
    else:
        try:
            payload = to_payload(data, limits)
            fields = payload if is_object(payload) else _fields_of_other(payload)
        except InvalidEventError as error:
            if is_plain or error.code in ("foreign_event", "unset_delta"):
                raise
            return Brought()
        except LimitExceededError:
            if not is_plain and isinstance(data, str) and not data.lstrip().startswith("{"):
                return Brought()
            raise  # an object: it may bring a delta, and must not be lost
    return _read_fields(fields, is_plain=is_plain)


def _read_fields(fields: Mapping[str, Any], *, is_plain: bool) -> Brought:
    if "delta" in fields and fields.keys() <= _HARMLESS and _field(fields, "chunk_type") != "error":
        return Brought(StreamingChunk.from_dict(fields))  # as below, for nearly all that come here
    failure = _failure_of(fields)
    if failure is None:
        return _read_chunk(fields, is_plain=is_plain)
    if _is_blank(fields) or _field(fields, "chunk_type") == "error":
        return Brought(failure=failure)
    try:
        return Brought(_read_chunk(fields, is_plain=is_plain).chunk, failure)
    except InvalidEventError:  # nothing hides a failure
        return Brought(failure=failure)


def _read_chunk(fields: Mapping[str, Any], *, is_plain: bool) -> Brought:
    is_ours = any(_field(fields, name) is not None for name in _OURS)
    has_delta = "delta" in fields
    if not is_ours:
        protocol = protocol_of(fields)
        if protocol is not None:
            raise foreign_event(protocol)
    if not is_plain and not has_delta and _field(fields, "span_id") is None:
        return Brought()
    if has_delta and not is_ours and isinstance(fields.get("type"), str):
        return Brought(reason=f"its type {shorten(fields['type'])} is not known, and its delta has no path")
    chunk = StreamingChunk.from_dict(fields)
    if not has_delta and chunk.span_id is None:
        if chunk.json_path is not None:
            return Brought(reason="it has a path and no delta")
        if not is_ours and not fields.keys() <= CHUNK_NAMES:
            return Brought(reason="it has none of the fields of a chunk")
    return Brought(chunk)


def _is_sound(chunk: StreamingChunk) -> bool:
    """Tell whether a chunk has fields of the right types, and says nothing of a failure."""
    texts = (chunk.json_path, chunk.span_id, chunk.chunk_type)
    has_failed = chunk.chunk_type == "error" or chunk.error_type is not None or chunk.error_message is not None
    return not has_failed and all(text is None or isinstance(text, str) for text in texts)


def foreign_event(protocol: str) -> InvalidEventError:
    """Return the error for an event of another protocol."""
    return InvalidEventError(
        f"this is an event of {protocol}, which this version does not read: give it events of `delta` and `json_path`",
        code="foreign_event",
    )


def _fields_of_other(payload: object) -> Mapping[str, Any]:
    """Return an array's failure as fields. Raises `InvalidEventError` for all other JSON values but objects."""
    first = payload[0] if is_list(payload) and payload else None
    if is_object(first) and _failure_of(first):  # as Gemini without alt=sse
        return first
    protocol = protocol_of(payload)
    if protocol is not None:
        raise foreign_event(protocol)
    raise InvalidEventError(f"an event's data is a JSON object, not {shorten(payload)}")


def _field(fields: Mapping[str, Any], name: str) -> Any:
    """Return one of our fields, in either spelling; null equals absent."""
    value = fields.get(name)
    return fields.get(OTHER_SPELLING[name]) if value is None else value


def _is_blank(fields: Mapping[str, Any]) -> bool:
    """Tell whether there is no delta, or one that never changes anything: some senders send every field."""
    delta = fields.get("delta", MISSING)
    return delta is MISSING or (_field(fields, "json_path") is None and (delta is None or delta == ""))


# ---------------------------------------------------------------------------------------------------------------------
# failures


def _failure_of(fields: Mapping[str, Any]) -> Failure | None:
    """Return what an event says of the sender's failure, None if it says nothing of one."""
    is_blank = _is_blank(fields)
    if (
        _field(fields, "chunk_type") == "error"
        or any(_says_failure(fields.get(name), is_blank=is_blank) for name in ("error", "errors"))
        or (is_blank and _has_error_field(fields))
        or ((is_blank or _field(fields, "json_path") is None) and _is_failure_by_type(fields))
    ):
        return _said(fields)
    return None


def _said(fields: Mapping[str, Any]) -> Failure:
    told = _told(fields)
    if told.error_message is not None:
        return told
    for name in ("error_message", "errorMessage", "error", "errors"):  # in words of the sender's own
        said: object = fields.get(name)
        if said and (is_object(said) or is_list(said)):
            with suppress(TypeError, ValueError, RecursionError):  # of a mapping that is not JSON
                return told._replace(error_message=json.dumps(said, default=str))
    return told


def _says_failure(error: object, *, is_blank: bool) -> bool:
    # Senders that send every field send an empty text in each event, and beside a delta an empty object or list.
    return error is not None and error is not False and error != "" and (is_blank or bool(error))


def _has_error_field(fields: Mapping[str, Any]) -> bool:
    return any(_field(fields, name) not in (None, "") for name in ("error_type", "error_message"))


def _is_failure_by_type(fields: Mapping[str, Any]) -> bool:
    kind = fields.get("type")
    return fields.get("object") == "error" or (isinstance(kind, str) and kind in _FAILURES)


def _failure_of_error(data: object, limits: Limits) -> Failure:
    """Return what the data of `event: error` says; data that says neither type nor message is the message."""
    said = Failure(None, None)
    try:
        payload = data.to_dict() if isinstance(data, StreamingChunk) else to_payload(data, limits)
    except StreamJSONError:
        payload = None
    if is_list(payload) and payload:
        payload = payload[0]
    if is_object(payload):
        said = _said(payload)
    return said if any(said) or not isinstance(data, str) else Failure(None, data)


def _told(said: object, depth: int = 0) -> Failure:
    """Return the type and the message in what a sender says of a failure, wherever they stand."""
    fields = said[0] if is_list(said) and said else said
    if isinstance(fields, str):
        return Failure(None, fields)
    if depth == _DEEPEST or not is_object(fields):
        return Failure(_kind(fields), None)
    kind = _kind(_field(fields, "error_type"))
    error = fields.get("error")
    # An error that is an object knows best; one that is text may be a title, and the message stand beside it.
    places = [_field(fields, "error_message"), None if isinstance(error, str) else error]
    message = None
    for place in (*places, *map(fields.get, _MESSAGES)):
        inner = _told(place, depth + 1)
        kind, message = kind or inner.error_type, inner.error_message
        if message:
            break
    return Failure(kind or next(filter(None, map(_kind, map(fields.get, _KINDS))), None), message)


def _kind(value: object) -> str | None:
    """Return a type or code as text. "error" says no more than that it is one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value in _FAILURES:
        return None
    return value if isinstance(value, str) else shorten(value)


# ---------------------------------------------------------------------------------------------------------------------
# for those who look at an event without applying it


def is_blank(chunk: StreamingChunk) -> bool:
    """Tell whether a chunk brings no delta, or one that never changes anything: some senders send every field."""
    return chunk.delta is MISSING or (chunk.json_path is None and (chunk.delta is None or chunk.delta == ""))


def is_done(event: object) -> bool:
    """Tell whether an event is the end that a sender tells: `[DONE]`, with or without blanks around it."""
    try:
        data = to_event(event).data
    except InvalidEventError:
        return False
    return isinstance(data, str) and data.strip() == DONE
