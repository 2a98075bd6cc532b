"""From an event or a chunk to the bytes of one block: the inverse of `decoder`.

Knows lines and JSON, but not the effect of a chunk. A value that could forge a field is refused, not cleaned.
Source: HTML Living Standard, 9.2.5. Cost: linear in the event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from .._errors import InvalidEventError, shorten
from .._json import JSONValue, is_array
from .event import ServerSentEvent, StreamingChunk

__all__ = ["encode_sse"]

Payload = TypeVar("Payload", bound="str | StreamingChunk | Mapping[str, JSONValue]")

_LINE_END: Final = re.compile("\r\n|\r|\n")  # `str.splitlines` would also cut at U+2028 and others
_MAX_RETRY_MS: Final = 2**63 - 1
_ID_BREAK: Final = re.compile("[\r\n\0]")


def encode_sse(event: ServerSentEvent[Payload] | StreamingChunk) -> bytes:
    r"""Return `event` as the bytes of one block, which `decode_sse` reads back.

    Text data is sent unchanged, one `data` line for each of its lines: CR and CRLF arrive as LF. A `StreamingChunk`, or
    a mapping with its fields, is sent as JSON; a chunk may also be passed in place of an event without an id.
    The fields are sent in the order id, event (unless it is "message"), retry, data; `last_event_id` and `offset`
    belong to the receiver and are not sent.
    A lone surrogate arrives as U+FFFD in text, and unchanged in JSON, where it is escaped.

    Raises `InvalidEventError`: `line_break` for CR or LF in an id or event type, which would forge a field, and for NUL
    in an id, which receivers ignore; `bad_number` for NaN and Infinity; `bad_event` for a value of the wrong type.

    >>> import streamjson as sj
    >>> sj.encode_sse(sj.ServerSentEvent("one\ntwo", id="7"))
    b'id: 7\ndata: one\ndata: two\n\n'
    >>> sj.encode_sse(sj.StreamingChunk("Doe", "people[0].name"))
    b'data: {"delta":"Doe","json_path":"people[0].name"}\n\n'
    """
    if isinstance(event, StreamingChunk):
        return _to_utf8(f"data: {_to_json(event.to_dict())}\n\n")
    if not isinstance(event, ServerSentEvent):
        raise InvalidEventError(f"{shorten(event)} is neither a ServerSentEvent nor a StreamingChunk")
    # Always a space after the colon: the decoder removes one, so a value keeps its own leading space.
    lines: list[str] = []
    if event.id is not None:
        lines.append(f"id: {_single_line('id', event.id, _ID_BREAK)}")
    if _single_line("event type", event.event, _LINE_END) not in ("", "message"):
        lines.append(f"event: {event.event}")
    if event.retry is not None:
        if type(event.retry) is not int or not 0 <= event.retry <= _MAX_RETRY_MS:
            raise InvalidEventError(f"retry must be a non-negative integer of milliseconds, not {shorten(event.retry)}")
        lines.append(f"retry: {event.retry}")
    lines += [f"data: {line}" for line in _LINE_END.split(_data_text(event.data))]
    return _to_utf8("\n".join(lines) + "\n\n")


def _single_line(name: str, value: object, refused: re.Pattern[str]) -> str:
    if not isinstance(value, str):
        raise InvalidEventError(f"an event's {name} must be text, not {shorten(value)}")
    if refused.search(value):
        raise InvalidEventError(f"an event's {name} must be a single line: {shorten(value)}", code="line_break")
    return value


def _data_text(data: object) -> str:
    if isinstance(data, str):
        return data
    if isinstance(data, StreamingChunk):
        return _to_json(data.to_dict())
    if isinstance(data, Mapping):
        return _to_json(cast("Mapping[str, Any]", data))
    raise InvalidEventError(f"an event's data must be text, a StreamingChunk or a mapping, not {shorten(data)}")


def _to_json(payload: Mapping[str, Any]) -> str:
    text = _dump(payload, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: it can only be sent as an escape
        return _dump(payload, ensure_ascii=True)
    return text


def _dump(payload: Mapping[str, Any], *, ensure_ascii: bool) -> str:
    try:
        return json.dumps(
            payload,
            ensure_ascii=ensure_ascii,
            separators=(",", ":"),
            allow_nan=False,
            check_circular=False,  # a cycle is then a RecursionError; checked, it is a ValueError, as NaN is
            default=_to_plain,
        )
    except ValueError as error:
        raise InvalidEventError(f"JSON can't represent a number in the payload: {error}", code="bad_number") from None
    except (TypeError, RecursionError) as error:
        raise InvalidEventError(f"the payload is not a JSON value: {error}") from None


def _to_plain(value: object) -> object:
    # `JSONValue` allows any mapping and sequence, `json` only dict, list and tuple.
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if is_array(value):
        return list(cast("Sequence[Any]", value))
    raise TypeError(f"{shorten(value)} is not a JSON value")


def _to_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Through UTF-16, two adjacent halves of a pair become their character, and a lone one U+FFFD.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
