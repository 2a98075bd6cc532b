"""From whatever an input yields to an event, and from an event's data to a chunk.

Owns the two wire models, `ServerSentEvent` and `StreamingChunk`, and the decoding of JSON text within limits.
Knows nothing of paths (text here), of documents, or of what a chunk does.

An input may yield our own classes, mappings of either shape, or foreign objects: one with `.data` that holds JSON text
(httpx-sse, httpx2) or a model with the chunk's attributes (the opperai SDK). How to read an object is decided by its
type, once, and remembered.

JSON text is RFC 8259's: NaN and Infinity are refused (and 1e400 where it is applied), of equal names the last one wins.
Text that nests deeper than the document may, or holds more values, is refused before the parser sees it: parsed, a text
such as `[[],[],...]` takes 26 times its size.

Cost: linear in the text.
"""

from __future__ import annotations

import json
import re
from collections import UserString
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from itertools import islice
from typing import Any, Final, Generic, TypeAlias, TypeGuard, TypeVar, cast

from attrs import define, field

from ._errors import InvalidEventError, shorten
from ._limits import Limits, too_deep

__all__ = ["MISSING", "JSONValue", "Missing", "ServerSentEvent", "StreamingChunk"]

JSONValue: TypeAlias = "Mapping[str, JSONValue] | Sequence[JSONValue] | str | int | float | bool | None"
"""A JSON value, for inputs. Values that come out are plain `dict`, `list`, `str` and so on."""

T = TypeVar("T")


def is_array(value: object) -> bool:
    """Tell whether a value that is no text is a JSON array: a list, or any other sequence but bytes."""
    # A `UserString` is a sequence of `UserString`s, without end.
    return isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview | UserString)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether a decoded value is a JSON object; for type checkers, of anything."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell whether a decoded value is a list; for type checkers, of anything."""
    return isinstance(value, list)


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""Absent, where null means something else: a delta that is not there, the value of an empty document. It is falsy."""


@define
class ServerSentEvent(Generic[T]):
    """One event, as the WHATWG's event stream format has it, with its data decoded or not.

    `data` is text as it comes from the wire, or a `StreamingChunk`; `id` the id that this event itself carried;
    `retry` the reconnection time in milliseconds that it carried; `last_event_id` the last event ID at dispatch
    (an id persists to later events); `offset` where its block starts, in bytes since the connection began.

    Raises `InvalidEventError` (`bad_event`) for an id or a type that is no text.

    >>> import streamjson as sj
    >>> sj.decode_sse([b"id: 7\\ndata: {}\\n\\n"]).__next__()
    ServerSentEvent(data='{}', id='7', event='message', retry=None, last_event_id='7')
    """

    data: T
    id: str | None = None
    event: str = "message"
    retry: int | None = None
    last_event_id: str = ""
    offset: int | None = field(default=None, kw_only=True, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # Here, and not where it is applied: nearly all events are the decoder's, which makes them without `__init__`.
        for name in ("id", "event", "last_event_id"):
            value: object = getattr(self, name)
            if not isinstance(value, str) and (value is not None or name != "id"):
                raise InvalidEventError(f"an event's {name} is text, not {shorten(value)}")


# Field of the chunk, and its other spelling on the wire.
OTHER_SPELLING: Final = {
    "json_path": "jsonPath",
    "span_id": "spanId",
    "chunk_type": "chunkType",
    "error_type": "errorType",
    "error_message": "errorMessage",
}
_EVENT_NAMES: Final = frozenset(("data", "id", "event", "retry", "last_event_id", "offset"))
# Attributes that tell an object of another protocol's SDK, or a failure.
_TELLING_NAMES: Final = ("type", "object", "error", "errors", "message", "choices", "candidates")
CHUNK_NAMES: Final = frozenset({"delta", *OTHER_SPELLING, *OTHER_SPELLING.values()})


@define
class StreamingChunk:
    """The payload of an event: a piece of the document, and where it belongs.

    `delta` is any JSON value; one that is absent is `MISSING`, which is not null. `json_path` is absent in text mode;
    `""` is the root. `span_id` names the execution. For every field but `delta` null equals absent.

    >>> import streamjson as sj
    >>> sj.StreamingChunk(" Doe", "people[0].name").to_dict()
    {'delta': ' Doe', 'json_path': 'people[0].name'}
    """

    delta: JSONValue | Missing = MISSING
    json_path: str | None = None
    span_id: str | None = None
    chunk_type: str | None = None
    error_type: str | None = None
    error_message: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StreamingChunk:
        """Read a decoded payload, in either spelling; unknown fields are ignored.

        Raises `InvalidEventError` (`bad_event`) where a field has the wrong type.

        >>> import streamjson as sj
        >>> sj.StreamingChunk.from_dict({"delta": 1, "jsonPath": "n", "model": "x"})
        StreamingChunk(delta=1, json_path='n', span_id=None, chunk_type=None, error_type=None, error_message=None)
        """
        chunk = cls(data.get("delta", MISSING))
        for name, camel_case in OTHER_SPELLING.items():
            value = data.get(name)
            if value is None:
                value = data.get(camel_case)
            if value is not None:
                if not isinstance(value, str):
                    raise InvalidEventError(f"{name} is text or null, not {shorten(value)}")
                setattr(chunk, name, value)
        return chunk

    def to_dict(self, *, camel_case: bool = False) -> dict[str, Any]:
        """Return the payload as the wire has it: what is absent is left out, `delta` null is kept.

        >>> import streamjson as sj
        >>> sj.StreamingChunk(None, "a").to_dict(camel_case=True)
        {'delta': None, 'jsonPath': 'a'}
        """
        data: dict[str, Any] = {} if self.delta is MISSING else {"delta": self.delta}
        for name, camel in OTHER_SPELLING.items():
            value = getattr(self, name)
            if value is not None:
                data[camel if camel_case else name] = value
        return data


# ---------------------------------------------------------------------------------------------------------------------
# whatever an input yields -> ServerSentEvent

_NEEDS_DECODING: Final = (
    "{} is not an event: decode bytes first, as in streamjson.assemble(streamjson.decode_sse(pieces)),"
    " and JSON text by json.loads"
)


def needs_decoding(value: object) -> InvalidEventError:
    """Return the error for bytes, lines or a response in the place of events."""
    return InvalidEventError(_NEEDS_DECODING.format(shorten(value)), code="needs_decoding")


def to_event(event: object) -> ServerSentEvent[Any]:
    """Return `event` as one of ours, its data as it came. Raises `InvalidEventError` where it is no event."""
    kind = type(event)
    adapter = _adapters.get(kind)
    if adapter is None:
        adapter = _choose_adapter(event)
        if len(_adapters) >= 256:  # classes made at run time must not pile up here
            _adapters.clear()
        _adapters[kind] = adapter
    return adapter(event)


def _choose_adapter(event: object) -> Callable[[Any], ServerSentEvent[Any]]:
    if isinstance(event, ServerSentEvent):
        return _identity
    if isinstance(event, StreamingChunk):
        return ServerSentEvent
    if isinstance(event, Mapping):
        return _event_from_mapping
    if isinstance(event, str | bytes | bytearray | memoryview):
        return _refuse_undecoded
    return _event_from_object


def _identity(event: ServerSentEvent[Any]) -> ServerSentEvent[Any]:
    return event


def _refuse_undecoded(event: object) -> ServerSentEvent[Any]:
    raise needs_decoding(event)


def _event_from_mapping(event: Mapping[str, Any]) -> ServerSentEvent[Any]:
    if not event or not event.keys() <= _EVENT_NAMES:  # a payload; others have members of these names, too
        return ServerSentEvent(event)
    get = event.get
    return _checked(get("data"), get("id"), get("event"), get("retry"), get("last_event_id"), get("offset"))


def _event_from_object(event: Any) -> ServerSentEvent[Any]:
    data = getattr(event, "data", MISSING)
    if data is MISSING:  # asked of the object, not of its class: two of one class may have different attributes
        if any(hasattr(event, name) for name in (*CHUNK_NAMES, "type", "error", "choices", "candidates")):
            return ServerSentEvent(event)
        raise InvalidEventError(f"{shorten(event)} is neither an event nor a chunk")
    # Other decoders put the last event ID, which persists, where we have the event's own.
    return _checked(
        data, None, getattr(event, "event", None), getattr(event, "retry", None), getattr(event, "id", None), None
    )


def _checked(
    data: object, id: object, event: object, retry: object, last_event_id: object, offset: object
) -> ServerSentEvent[Any]:
    return ServerSentEvent(
        "" if data is None else data,
        cast("str | None", id),
        "message" if event is None or event == "" else cast("str", event),
        retry if isinstance(retry, int) else None,
        "" if last_event_id is None else cast("str", last_event_id),
        offset=offset if isinstance(offset, int) else None,
    )


_adapters: dict[type, Callable[[Any], ServerSentEvent[Any]]] = {}


# ---------------------------------------------------------------------------------------------------------------------
# an event's data -> StreamingChunk


def to_payload(data: object, limits: Limits) -> object:
    """Return the JSON value of an event's data: of text what it says, of a model with a chunk's attributes a mapping.

    Raises `InvalidEventError` (`bad_json`, `bad_number`; `bad_event` for what is none of these; `unset_delta` for a
    model that has lost a value), and `LimitExceededError` (`max_depth`, `max_nodes`, `max_number_digits`).
    """
    if isinstance(data, str):
        return decode_json(data, limits)
    if isinstance(data, Mapping):
        return cast("Mapping[str, Any]", data)
    fields = {name: getattr(data, name) for name in CHUNK_NAMES if hasattr(data, name)}
    for name in _TELLING_NAMES:
        value: Any = getattr(data, name, None)
        if value is not None and not callable(value):
            fields[name] = value
    if not fields:
        raise InvalidEventError(f"an event's data is a JSON object, not {shorten(data)}")
    # Generated SDKs mark an absent field by an object of their own, mostly of a class `Unset`.
    unset = {name for name, value in fields.items() if type(value).__name__ == "Unset"}
    lost = unset & set(getattr(data, "model_fields_set", ()))
    if lost:
        raise InvalidEventError(
            f"{shorten(data)} has lost its {min(lost)}: its SDK makes nothing of an object or an array;"
            " give the bytes of the response to decode_sse instead",
            code="unset_delta",
        )
    return {name: value for name, value in fields.items() if name not in unset}


def to_fields(data: object, limits: Limits) -> Mapping[str, Any]:
    """Return an event's data as a mapping. Raises as `to_payload`, and for JSON that is no object (`bad_event`)."""
    payload = to_payload(data, limits)
    if is_object(payload):
        return payload
    raise InvalidEventError(f"an event's data is a JSON object, not {shorten(payload)}")


def decode_json(text: str, limits: Limits) -> object:
    """Return the value that `text` stands for.

    Raises `InvalidEventError` (`bad_json`, `bad_number`) and `LimitExceededError` (`max_depth`, `max_nodes`,
    `max_number_digits`).
    """
    decoder: Any = _DECODER  # its `scan_once` is no part of the documented interface
    max_digits = limits.max_number_digits
    check_values(text, limits)
    if max_digits is not None and len(text) > max_digits:
        decoder = _digit_counting_decoder(max_digits, limits)
    try:
        try:
            # `json.loads` takes three times as long: two more calls in Python, and two matches of white space.
            value, end = decoder.scan_once(text, 0)
        except StopIteration:
            return decoder.decode(text)
        return value if end == len(text) else decoder.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidEventError(
            f"not JSON: {error.msg.removesuffix(' at')} at character {error.pos} of {shorten(text)}", code="bad_json"
        ) from None
    except ValueError:  # CPython's own bound on digits, where `max_number_digits` was lifted
        raise InvalidEventError(
            "a number has more digits than sys.get_int_max_str_digits() allows", code="bad_number"
        ) from None
    except RecursionError:  # the interpreter's own bound, where `max_depth` was lifted
        met = text.count("[") + text.count("{")
        raise too_deep("the text nests deeper than the interpreter reads", met) from None


_NO_FIELDS: Final = (TypeError, KeyError)  # what the value raises that is no object, or has other members


@cache
def quick_decoder() -> tuple[Callable[[str], object], tuple[type[Exception], ...]]:
    """Return what decodes JSON text that is plain and not long, and the errors that ask for a closer look.

    msgspec (extra `fast`) takes 0.1 microseconds for an event's data, the standard library's scanner 0.25, `json.loads`
    1.0. Where msgspec does not accept what the standard library does, or finds something else, it raises, and
    `decode_json` decides; so what comes out is the same.
    """
    try:
        import msgspec  # noqa: PLC0415  # an extra; and not for those who only import this package
    except ImportError:
        return _scan, (*_NO_FIELDS, InvalidEventError, StopIteration, ValueError, RecursionError)
    return msgspec.json.Decoder().decode, (*_NO_FIELDS, msgspec.MsgspecError, ValueError, RecursionError)


def _scan(text: str) -> object:
    value, end = _scan_once(text, 0)
    if end != len(text):
        raise ValueError("there is more")
    return value


def _refuse_constant(name: str) -> object:
    raise InvalidEventError(f"{name} is no JSON value", code="bad_number")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)
_scan_once: Final[Callable[[str, int], tuple[object, int]]] = cast("Any", _DECODER).scan_once

# A string; also one that does not end, so that no text makes this slow.
_STRING: Final = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_STRING_OR_BRACKET: Final = re.compile(rf"{_STRING}|[\[{{]|[\]}}]", re.DOTALL)
# The beginning of a value, after its name if it has one.
_VALUE: Final = re.compile(rf'(?:{_STRING}\s*+:\s*+)?(?:{_STRING}|[\[{{]|[^\s,:\]}}"\[{{]++)', re.DOTALL)

CHUNK_VALUES: Final = 1000
"""What an event may hold besides the values of its delta: the chunk's own object and fields, also unknown ones."""


def check_values(text: str, limits: Limits) -> None:
    """Refuse a text that nests too deep, or that holds more values than `max_nodes` and `CHUNK_VALUES`."""
    max_depth, max_nodes = limits.max_depth, limits.max_nodes
    brackets = text.count("[") + text.count("{")
    one_too_many = None
    end = len(text)
    if max_nodes is not None and end > 2 * max_nodes:  # a value takes two characters, one of them a separator
        most = max_nodes + CHUNK_VALUES
        if brackets + text.count(",") >= most:  # strings included; so there may be so many, and they are counted
            one_too_many = next(islice(_VALUE.finditer(text), most, None), None)
    if one_too_many is not None:
        end = one_too_many.end()
    if max_depth is not None and brackets > max_depth:
        _check_nesting(text, end, max_depth, limits)
    if one_too_many is not None:
        raise limits.exceeded("max_nodes", (max_nodes or 0) + 1)  # how many more does not matter


def _check_nesting(text: str, end: int, max_depth: int, limits: Limits) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text, 0, end):
        first = text[match.start()]
        if first in "[{":
            depth += 1
            if depth > max_depth + 1:  # the chunk's own object is no part of the document
                raise limits.exceeded("max_depth", depth - 1)
        elif first in "]}":
            depth -= 1


def _digit_counting_decoder(max_digits: int, limits: Limits) -> json.JSONDecoder:
    def checked(literal: str) -> str:
        if len(literal) > max_digits:
            digits = sum(map(literal.count, "0123456789"))
            if digits > max_digits:
                raise limits.exceeded("max_number_digits", digits)
        return literal

    return json.JSONDecoder(
        parse_constant=_refuse_constant,
        parse_int=lambda literal: int(checked(literal)),
        parse_float=lambda literal: float(checked(literal)),
    )
