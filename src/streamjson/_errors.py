"""Every error that leaves this library, and the codes that tell them apart.

    StreamJSONError                 catch this to catch all of them
    |-- InvalidEventError           the event is not what the wire model says; skip it or stop
    |-- InvalidPathError            the path does not name one location
    |-- InvalidPatternError         the pattern is not JSONPath, or can't be decided while the document grows
    |-- ConflictError               the delta does not fit what is there
    |-- LimitExceededError          a bound of `Limits` was reached
    |-- StreamFailedError           the sender reported an error or started over; final (in `_view`: it has a snapshot)
    |-- StreamTruncatedError        the source ended inside an event, or without `[DONE]`
    |-- StructureError              a finished value does not fit the type that was asked for
    |-- CheckpointError             what was saved can't be gone on from
    `-- ClosedError                 called after the end

One class for each thing that a caller does differently; `code` says exactly what happened.
A code never changes its meaning; `TABLE` lists all of them, by the class that they belong to. docs/errors.md shows it.

An error tells where it happened, as far as that is known: `event_number` (from 1, counted by the assembler),
`offset` (in bytes since the connection began) and `last_event_id` (the last one recorded before the error).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

__all__ = [
    "CheckpointError",
    "ClosedError",
    "ConflictError",
    "InvalidEventError",
    "InvalidPathError",
    "InvalidPatternError",
    "LimitExceededError",
    "StreamJSONError",
    "StreamTruncatedError",
    "StructureError",
]

TABLE: Final[dict[str, dict[str, str]]] = {
    "InvalidEventError": {
        "bad_event": "the event, its data or one of its fields has the wrong type",
        "bad_json": "the event's data is not JSON",
        "bad_number": "NaN, Infinity or a number that overflows: no JSON value",
        "foreign_event": "the event belongs to another protocol, which the message names",
        "unset_delta": "the SDK that made the event has lost the delta: give the bytes to decode_sse",
        "ignored_event": "the event has no field of a chunk, or a path without a delta; it is kept in `ignored`",
        "missing_path": "a delta that is neither text nor null came without a path",
        "needs_decoding": "bytes, lines or a response were given where events are expected: use decode_sse",
        "not_an_event_stream": "the body is HTML, JSON, compressed or else no event stream; it begins as `body` shows",
        "trailing_body": "after its last event the body goes on as HTML or JSON, which begins as `body` shows",
        "no_line_ends": "the pieces are lines without their ends: give the raw body to decode_sse",
        "line_break": "an id or event type to be encoded holds CR, LF or (an id) NUL",
    },
    "InvalidPathError": {  # a location that an error names stands in the message
        "not_a_string": "the path is not text",
        "path_too_long": "the path has more than Limits.max_path_bytes bytes",
        "too_deep": "the path has more than Limits.max_depth steps",
        "outside_prefix": "the path does not begin with path_prefix",
        "empty_segment": "nothing stands where a name is expected",
        "leading_dot": "a path does not begin with a dot",
        "trailing_dot": "a name is expected after the last dot",
        "descendant": "'..' names many locations",
        "wildcard": "'*' names many locations",
        "slice": "a slice names many locations",
        "union": "a union names many locations",
        "filter": "a filter names many locations",
        "script": "an expression is no index",
        "negative_index": "an index counts from the start",
        "leading_zero": "an index has no leading zero",
        "bad_index": "an index is made of the digits 0 to 9 only",
        "index_too_large": "an index is at most 2**53 - 1",
        "empty_brackets": "nothing stands between the brackets",
        "unquoted_name": "a name in brackets needs quotes",
        "bad_bracket": "something other than ']' follows the quoted name",
        "unbalanced": "a bracket or quote has no partner",
        "text_after_bracket": "'.' or '[' is expected after ']'",
        "whitespace": "a blank at the edge of a name, or outside brackets, needs quotes",
        "control_character": "U+0000 to U+001F must be escaped",
        "bad_escape": "no escape of RFC 9535",
        "lone_surrogate": "half of a surrogate pair is no character",
    },
    "InvalidPatternError": {
        "bad_pattern": "the pattern is not JSONPath",
        "undecidable": "the pattern asks for what is not known while the document grows",
    },
    "ConflictError": {
        "type_conflict": "the delta does not fit the kind of value that is there",
        "not_text": "what is at the path of text() is no text",
        "text_replaced": "the text that text() follows was replaced by another one",
    },
    "LimitExceededError": {  # the limit's name
        "max_event_bytes": "the event in progress has more bytes",
        "max_id_bytes": "the event's id has more bytes",
        "max_depth": "the document would nest deeper",
        "max_array_gap": "the index is further past the end of its array",
        "max_array_length": "the array would be longer",
        "max_nodes": "the document would have more values",
        "max_runs": "the document would have been written to in more places, one after the other",
        "max_document_bytes": "the document would be larger",
        "max_string_bytes": "the string would be longer",
        "max_key_bytes": "the member name is longer",
        "max_number_digits": "the number has more digits",
        "max_patterns": "more patterns would be registered",
    },
    "StreamFailedError": {
        "stream_error": "the sender sent an error",
        "new_span": "the sender started over: a new span id came after deltas",
        "no_deltas": "the stream ended without a delta, after events that brought nothing",
    },
    "StreamTruncatedError": {
        "truncated": "the source ended inside an event",
        "no_done": "the source ended without [DONE]",
    },
    "StructureError": {
        "bad_structure": "the finished value does not fit the type",
    },
    "CheckpointError": {
        "bad_checkpoint": "the bytes are no checkpoint, or not as they were written",
        "newer_format": "the checkpoint was written by a newer version",
        "other_options": "an option that the checkpoint depends on is another one",
        "no_id": "an event with a delta had no id of its own, so what is sent again can't be told",
        "repeated_id": "two events with a delta had the same id, so what is sent again can't be told",
        "other_replay": "what was sent again is not what had been sent",
    },
    "ClosedError": {
        "closed": "called after the end",
        "torn": "called after an interrupt has broken off an event",
    },
    "StreamJSONError": {
        "applying": "apply, close or reset was called from inside a callback",
        "reading": "two tasks read an asynchronous stream at one time",
    },
}

CODES: Final[dict[str, str]] = {code: meaning for codes in TABLE.values() for code, meaning in codes.items()}


class DecodedEvent(Protocol):
    """An event that was decoded before an error, as a `ServerSentEvent[str]` is."""

    data: str
    id: str | None
    event: str
    retry: int | None
    last_event_id: str
    offset: int | None


class StreamJSONError(Exception):
    """The base of every error of this library.

    `code` is stable; the message is for people. `event_number`, `offset` (bytes) and `last_event_id` say where, and are
    None where that is not known. `deltas_applied` is the number of deltas of the same event that were applied before
    the error: they stay applied. `events` are those that `SSEDecoder.feed` had decoded before, in the same call.
    """

    code: str = "bad_event"
    deltas_applied: int = 0

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.event_number: int | None = None
        self.offset: int | None = None
        self.last_event_id: str | None = None
        self.events: Sequence[DecodedEvent] = []

    @property
    def message(self) -> str:
        """What happened, without the place."""
        return str(self.args[0])

    def __str__(self) -> str:
        places: list[str] = []
        if self.event_number is not None:
            places.append(f"event {self.event_number}")
        if self.offset is not None:
            places.append(f"byte offset {self.offset}")
        if self.last_event_id:
            places.append(f"after id {shorten(self.last_event_id)}")
        if self.deltas_applied:
            places.append(f"deltas of this event that were applied: {self.deltas_applied}")
        return f"{self.message} ({', '.join(places)})" if places else self.message


class InvalidEventError(StreamJSONError):
    """The event is not what the wire model says. The document is unchanged and the assembler goes on.

    `body` is the beginning of what is not an event stream (`not_an_event_stream`, `trailing_body`), shortened and
    printable, else "".
    """

    code = "bad_event"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.body: str = ""


class InvalidPathError(StreamJSONError):
    """The path does not name one location of the document. The document is unchanged and the assembler goes on.

    `path` is the text as it came, `position` the index in it where reading stopped,
    `limit` the name of the bound where one was passed (`max_depth` or `max_path_bytes`).
    """

    code = "not_a_string"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        path: object = None,
        position: int | None = None,
        limit: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.path = path
        self.position = position
        self.limit = limit


class InvalidPatternError(StreamJSONError):
    """The text is no pattern: not JSONPath, or it asks for what can't be decided while the document grows.

    `pattern` is the text as it came, `part` the piece of it that is refused, `position` the index where that stands,
    None where it is not known.
    """

    code = "bad_pattern"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        pattern: object = None,
        part: str = "",
        position: int | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.pattern = pattern
        self.part = part
        self.position = position


class ConflictError(StreamJSONError):
    """The delta does not fit what is there. The document is unchanged and the assembler goes on.

    `path` names the location that is in the way, `found` the kind of value there and `given` what came
    (`"string"`, `"number"`, `"boolean"`, `"object"`, `"array"`; for a path through it `"name"` or `"index"`).
    """

    code = "type_conflict"

    def __init__(
        self, message: str, *, code: str | None = None, path: str = "", found: str = "", given: str = ""
    ) -> None:
        super().__init__(message, code=code)
        self.path = path
        self.found = found
        self.given = given


class LimitExceededError(StreamJSONError):
    """A bound of `Limits` was reached; nothing was changed or allocated for what was refused.

    `limit` is the bound's name (and the code), `maximum` its value, `met` the value that was met. `is_full` tells
    that what the document had got before has its part in it, so that the next event may meet it, too.
    """

    code = "max_event_bytes"

    def __init__(
        self, message: str, *, limit: str = "max_event_bytes", maximum: int = 0, met: int = 0, is_full: bool = False
    ) -> None:
        super().__init__(message, code=limit)
        self.limit = limit
        self.maximum = maximum
        self.met = met
        self.is_full = is_full


class StreamTruncatedError(StreamJSONError):
    """The source ended inside an event (`truncated`), or without `[DONE]` where it was required (`no_done`)."""

    code = "truncated"


class StructureError(StreamJSONError):
    """A finished value does not fit the type that was asked for. The stream goes on.

    `path` names the value's location, `value` is the value as plain objects, `into` the type; what the validator said
    stands in the message, and its own error is the `__cause__`.
    """

    code = "bad_structure"

    def __init__(self, message: str, *, path: str = "", value: object = None, into: object = None) -> None:
        super().__init__(message)
        self.path = path
        self.value = value
        self.into = into


class CheckpointError(StreamJSONError):
    """What was saved, or seen, can't be gone on from: begin anew.

    The bytes are no checkpoint, or were damaged (`bad_checkpoint`), are of a `newer_format`, or were made with
    `other_options`; or a `ReplayFilter` can't tell what is sent again (`no_id`, `repeated_id`, `other_replay`).
    """

    code = "bad_checkpoint"


class ClosedError(StreamJSONError):
    """Called after the end, or after an error that ended it (`closed`). `reset()` opens again.

    Or after an interrupt, such as a signal handler's exception, has broken off an event (`torn`). The document holds
    all events before it: `Assembler.restore(assembler.checkpoint())` resumes from there.
    """

    code = "closed"


def shorten(value: object, limit: int = 60) -> str:
    """Return a repr of at most about `limit` characters, for messages; the cost does not depend on the value's size."""
    if isinstance(value, str | bytes):
        text = repr(value[: limit + 1])
    elif isinstance(value, int) and value.bit_length() > 4 * limit:
        text = f"an integer of {value.bit_length()} bits"
    elif value is None or isinstance(value, int | float):
        text = repr(value)
    else:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit + 2 else text[: limit - 1] + "..."
