"""From an object of any library to an event, and from an event's data to its fields.

An input may yield our own classes, mappings of an event or a chunk, or foreign objects: one whose `.data` is JSON text
(httpx-sse, httpx2), or a model with the chunk's attributes (the opperai SDK). The adapter for an object is chosen by
its type, once, and cached.

It does not know what the fields mean (`chunks`), nor other protocols (`other_protocols`).

Cost: linear in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from .._errors import InvalidEventError, shorten
from .._json import MISSING, decode_json, is_object
from .._limits import Limits
from .._wire import CHUNK_NAMES, ServerSentEvent, StreamingChunk

__all__ = ["needs_decoding", "to_event", "to_fields"]


_EVENT_NAMES: Final = frozenset(("data", "id", "event", "retry", "last_event_id", "offset"))
# Attributes that identify an object of another protocol's SDK, or a failure.
_TELLING_NAMES: Final = ("type", "object", "error", "errors", "message", "choices", "candidates")


# ---------------------------------------------------------------------------------------------------------------------
# any object of an input -> ServerSentEvent

_NEEDS_DECODING: Final = (
    "{} is not an event: decode the bytes of an event stream first, as in assemble(decode_sse(pieces));"
    " for JSON text, call assemble_text(pieces)"
)


def needs_decoding(value: object) -> InvalidEventError:
    """Return the error for bytes, lines or a response in place of events."""
    return InvalidEventError(_NEEDS_DECODING.format(shorten(value)), code="needs_decoding")


def to_event(event: object) -> ServerSentEvent[Any]:
    """Return `event` as a `ServerSentEvent` with its data unchanged. Raises `InvalidEventError` for other objects."""
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
    if not event or not event.keys() <= _EVENT_NAMES:  # a payload; other protocols use some of these names, too
        return ServerSentEvent(event)
    get = event.get
    return _checked(get("data"), get("id"), get("event"), get("retry"), get("last_event_id"), get("offset"))


def _event_from_object(event: Any) -> ServerSentEvent[Any]:
    data = getattr(event, "data", MISSING)
    if data is MISSING:  # read from the object, not from its class: two objects of a class may differ
        if any(hasattr(event, name) for name in (*CHUNK_NAMES, "type", "error", "choices", "candidates")):
            return ServerSentEvent(event)
        raise InvalidEventError(f"{shorten(event)} is neither an event nor a chunk")
    # In `id`, other decoders have the last event ID, which persists; ours is the event's own.
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
    """Return the JSON value of an event's data: text is decoded, a model with a chunk's attributes becomes a mapping.

    Raises `InvalidEventError` (`bad_json`, `bad_number`; `bad_event` for any other object; `unset_delta` for a model
    that has lost a value), and `LimitExceededError` (`max_depth`, `max_nodes`, `max_number_digits`).
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
    # Generated SDKs mark an absent field with an object of their own, usually of a class `Unset`.
    unset = {name for name, value in fields.items() if type(value).__name__ == "Unset"}
    lost = unset & set(getattr(data, "model_fields_set", ()))
    if lost:
        raise InvalidEventError(
            f"{shorten(data)} has lost its {min(lost)}: its SDK drops objects and arrays;"
            " pass the bytes of the response to decode_sse instead",
            code="unset_delta",
        )
    return {name: value for name, value in fields.items() if name not in unset}


def to_fields(data: object, limits: Limits) -> Mapping[str, Any]:
    """Return an event's data as a mapping. Raises as `to_payload`, and for JSON that is not an object (`bad_event`)."""
    payload = to_payload(data, limits)
    if is_object(payload):
        return payload
    raise InvalidEventError(f"an event's data is a JSON object, not {shorten(payload)}")
