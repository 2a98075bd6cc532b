"""The two wire models: `ServerSentEvent`, the WHATWG's event, and `StreamingChunk`, the payload of a path delta.

Both are plain data, and `encode_sse` writes either. `_dialects` decides what an event means to a document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from attrs import define, field

from .._errors import InvalidEventError, shorten
from .._json import MISSING, JSONValue, Missing

__all__ = ["CHUNK_NAMES", "OTHER_SPELLING", "ServerSentEvent", "StreamingChunk", "T"]

T = TypeVar("T")


@define
class ServerSentEvent(Generic[T]):
    """One event of the WHATWG's event stream format, its data decoded or not.

    `data` is the text from the wire, or a `StreamingChunk`. `id` is the id that this event itself carried, and `retry`
    the reconnection time in milliseconds that it carried. `last_event_id` is the last event ID at dispatch: an id
    persists to later events. `offset` is where the event's block starts, in bytes since the connection began.

    Raises `InvalidEventError` (`bad_event`) for an id or an event type that is not text.

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
        # Checked here, not where the event is applied: most events come from the decoder, which skips `__init__`.
        for name in ("id", "event", "last_event_id"):
            value: object = getattr(self, name)
            if not isinstance(value, str) and (value is not None or name != "id"):
                raise InvalidEventError(f"an event's {name} must be text, not {shorten(value)}")


# Field of the chunk -> its other spelling on the wire.
OTHER_SPELLING: Final = {
    "json_path": "jsonPath",
    "span_id": "spanId",
    "chunk_type": "chunkType",
    "error_type": "errorType",
    "error_message": "errorMessage",
}
CHUNK_NAMES: Final = frozenset({"delta", *OTHER_SPELLING, *OTHER_SPELLING.values()})


@define
class StreamingChunk:
    """The payload of an event: a delta, and the path where it belongs.

    `delta` is any JSON value; an absent one is `MISSING`, which is not null. `json_path` is absent in text mode;
    `""` is the root. `span_id` names the execution. In every field but `delta`, null means absent.

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
        """Read a decoded payload in either spelling; unknown fields are ignored.

        Raises `InvalidEventError` (`bad_event`) for a field of the wrong type.

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
                    raise InvalidEventError(f"{name} must be text or null, not {shorten(value)}")
                setattr(chunk, name, value)
        return chunk

    def to_dict(self, *, camel_case: bool = False) -> dict[str, Any]:
        """Return the payload as a dict for the wire: absent fields are left out, a null `delta` is kept.

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
