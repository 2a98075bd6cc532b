"""What a sender says of its failure: from the fields of an event to `Failed`.

Gateways report failures in many shapes: in the event's type, in `error` as text, object or list, in `errors`, `detail`
or a message beside a status. Each is recognized here, and none may look like an answer.

It knows nothing of documents. Cost: linear in the report, at most `_MAX_NESTED_ERRORS` levels deep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from .._errors import StreamJSONError, shorten
from .._json import MISSING, is_list, is_object
from .._limits import Limits
from .._wire import OTHER_SPELLING, StreamingChunk
from .adapters import to_payload
from .base import Failed

__all__ = ["failure_of", "failure_of_error", "field_of", "is_blank", "span_of"]

# Where senders put the message, and the kind of failure; the first that says something counts.
_MESSAGES: Final = ("message", "errorText", "error_msg", "msg", "detail", "error", "errors", "response")
_KINDS: Final = ("type", "code", "error_code", "status")
# Types of an event that is a failure. "error" is common; the others are AG-UI's, OpenAI's and Mistral's.
_FAILURES: Final = frozenset({"error", "RUN_ERROR", "response.failed", "response.error", "conversation.response.error"})
_MAX_NESTED_ERRORS: Final = 4  # an error in an error in a list: no sender nests them further


class _Said(NamedTuple):
    """The type and the message of a failure as text; None where the sender does not give it."""

    error_type: str | None
    error_message: str | None


def field_of(fields: Mapping[str, Any], name: str) -> Any:
    """Return one of our fields, in either spelling; null equals absent."""
    value = fields.get(name)
    return fields.get(OTHER_SPELLING[name]) if value is None else value


def span_of(fields: Mapping[str, Any]) -> str | None:
    """Return the span that an event names, whatever else it brings."""
    spans = map(fields.get, ("span_id", OTHER_SPELLING["span_id"]))
    return next((span_id for span_id in spans if isinstance(span_id, str)), None)


def is_blank(fields: Mapping[str, Any]) -> bool:
    """Return whether there is no delta, or one that never changes anything: some senders send every field."""
    delta = fields.get("delta", MISSING)
    return delta is MISSING or (field_of(fields, "json_path") is None and (delta is None or delta == ""))


def failure_of(fields: Mapping[str, Any]) -> Failed | None:
    """Return the sender's failure that an event reports, None if it reports none."""
    blank = is_blank(fields)
    if (
        field_of(fields, "chunk_type") == "error"
        or any(_says_failure(fields.get(name), blank=blank) for name in ("error", "errors"))
        or (blank and _has_error_field(fields))
        or ((blank or field_of(fields, "json_path") is None) and _is_failure_by_type(fields))
    ):
        return Failed(*_said(fields), span_of(fields))
    return None


def failure_of_error(data: object, limits: Limits) -> Failed:
    """Return the failure that an `event: error` reports; data with neither a type nor a message is the message."""
    said, span_id = _Said(None, None), None
    try:
        payload = data.to_dict() if isinstance(data, StreamingChunk) else to_payload(data, limits)
    except StreamJSONError:
        payload = None
    if is_object(payload):
        span_id = span_of(payload)
    if is_list(payload) and payload:
        payload = payload[0]
    if is_object(payload):
        said = _said(payload)
    if not any(said) and isinstance(data, str):
        said = _Said(None, data)
    return Failed(*said, span_id)


def _said(fields: Mapping[str, Any]) -> _Said:
    found = _find(fields)
    if found.error_message is not None:
        return found
    for name in ("error_message", "errorMessage", "error", "errors"):  # an object in the sender's own shape
        said: object = fields.get(name)
        if said and (is_object(said) or is_list(said)):
            with suppress(TypeError, ValueError, RecursionError):  # of a mapping that is not JSON
                return found._replace(error_message=json.dumps(said, default=str))
    return found


def _says_failure(error: object, *, blank: bool) -> bool:
    # Senders that send every field send an empty text in each event, and beside a delta an empty object or list.
    return error is not None and error is not False and error != "" and (blank or bool(error))


def _has_error_field(fields: Mapping[str, Any]) -> bool:
    return any(field_of(fields, name) not in (None, "") for name in ("error_type", "error_message"))


def _is_failure_by_type(fields: Mapping[str, Any]) -> bool:
    kind = fields.get("type")
    return fields.get("object") == "error" or (isinstance(kind, str) and kind in _FAILURES)


def _find(said: object, depth: int = 0) -> _Said:
    """Return the type and the message in the report of a failure, wherever they stand."""
    fields = said[0] if is_list(said) and said else said
    if isinstance(fields, str):
        return _Said(None, fields)
    if depth == _MAX_NESTED_ERRORS or not is_object(fields):
        return _Said(_kind(fields), None)
    kind = _kind(field_of(fields, "error_type"))
    error = fields.get("error")
    # An error object is more precise; an error text may be a title with the message beside it.
    candidates = [field_of(fields, "error_message"), None if isinstance(error, str) else error]
    message = None
    for candidate in (*candidates, *map(fields.get, _MESSAGES)):
        inner = _find(candidate, depth + 1)
        kind, message = kind or inner.error_type, inner.error_message
        if message:
            break
    return _Said(kind or next(filter(None, map(_kind, map(fields.get, _KINDS))), None), message)


def _kind(value: object) -> str | None:
    """Return a type or code as text. The word "error" adds nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value in _FAILURES:
        return None
    return value if isinstance(value, str) else shorten(value)
