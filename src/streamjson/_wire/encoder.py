"""From an event, or a chunk, to the bytes of one block: the inverse of `decoder`.

Knows lines and JSON, and nothing of what a chunk does. What could forge a field is refused, not cleaned.
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

    Data that is text is sent as it is, a line for each of its lines: CR and CRLF arrive as LF. Data that is a
    `StreamingChunk`, or a mapping with its fields, is sent as JSON; a chunk may also stand for an event without an id.
    The order is id, event (unless it is "message"), retry, data; `last_event_id` and `offset` are the receiver's and
    not sent.
    Half a surrogate pair arrives as U+FFFD in text, and whole in JSON, where it is escaped.

    Raises `InvalidEventError`: `line_break` for CR or LF in an id or event type and for NUL in an id, as they would
    forge fields or be ignored; `bad_number` for NaN and Infinity; `bad_event` for any wrong type.

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
    # A space always: of a value that begins with one, the decoder takes away only the first.
    lines: list[str] = []
    if event.id is not None:
        lines.append(f"id: {_checked('id', event.id, _ID_BREAK)}")
    if _checked("event type", event.event, _LINE_END) not in ("", "message"):
        lines.append(f"event: {event.event}")
    if event.retry is not None:
        if type(event.retry) is not int or not 0 <= event.retry <= _MAX_RETRY_MS:
            raise InvalidEventError(f"retry is a whole number of milliseconds from 0, not {shorten(event.retry)}")
        lines.append(f"retry: {event.retry}")
    lines += [f"data: {line}" for line in _LINE_END.split(_data_text(event.data))]
    return _to_utf8("\n".join(lines) + "\n\n")


def _checked(name: str, value: object, refused: re.Pattern[str]) -> str:
    if not isinstance(value, str):
        raise InvalidEventError(f"an event's {name} is text, not {shorten(value)}")
    if refused.search(value):
        raise InvalidEventError(f"an event's {name} must stay one line: {shorten(value)}", code="line_break")
    return value


def _data_text(data: object) -> str:
    if isinstance(data, str):
        return data
    if isinstance(data, StreamingChunk):
        return _to_json(data.to_dict())
    if isinstance(data, Mapping):
        return _to_json(cast("Mapping[str, Any]", data))
    raise InvalidEventError(f"an event's data is text, a StreamingChunk or a mapping, not {shorten(data)}")


def _to_json(payload: Mapping[str, Any]) -> str:
    text = _dump(payload, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: only an escape carries it
        return _dump(payload, ensure_ascii=True)
    return text


def _dump(payload: Mapping[str, Any], *, ensure_ascii: bool) -> str:
    try:
        return json.dumps(
            payload,
            ensure_ascii=ensure_ascii,
            separators=(",", ":"),
            allow_nan=False,
            check_circular=False,  # checked it would be a ValueError, as NaN is; unchecked it is a RecursionError
            default=_to_plain,
        )
    except ValueError as error:
        raise InvalidEventError(f"a number that JSON can't carry: {error}", code="bad_number") from None
    except (TypeError, RecursionError) as error:
        raise InvalidEventError(f"a payload that is no JSON: {error}") from None


def _to_plain(value: object) -> object:
    # `JSONValue` allows any mapping and sequence, `json` only dict, list and tuple.
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if is_array(value):
        return list(cast("Sequence[Any]", value))
    raise TypeError(f"{shorten(value)} is no JSON value")


def _to_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16 two halves that stand side by side become their character, and others U+FFFD.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
