"""Every error that the library raises, and the code of each cause.

    StreamJSONError                 the base class: catch it to catch all of them
    |-- InvalidEventError           the event does not fit the wire model; skip it or stop
    |-- InvalidTextError            the text is not JSON; final
    |-- InvalidPathError            the path does not name one location
    |-- InvalidPatternError         the pattern is not JSONPath, or can't be decided while the document grows
    |-- ConflictError               the delta does not fit the value at its path
    |-- LimitExceededError          a limit was exceeded
    |-- StreamFailedError           the sender reported an error or started over; final (in `_view`: it has a snapshot)
    |-- StreamTruncatedError        the source ended inside an event, or without `[DONE]`
    |-- ResponseError               the server's answer is not a stream: its status or content type
    |-- StructureError              a finished value does not fit the requested type
    |-- CheckpointError             the saved state can't be resumed
    `-- ClosedError                 called after the end

One class for each case that a caller handles differently; `code` names the exact cause.
The meaning of a code never changes. `TABLE` lists all codes by class, and docs/errors.md shows it.

An error carries its place where that is known: `event_number` (from 1, counted by the assembler), `offset` (in bytes
since the connection began) and `last_event_id` (the last one recorded before the error).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

__all__ = [
    "CheckpointError",
    "ClosedError",
    "ConflictError",
    "InvalidEventError",
    "InvalidPathError",
    "InvalidPatternError",
    "InvalidTextError",
    "LimitExceededError",
    "ResponseError",
    "StreamJSONError",
    "StreamTruncatedError",
    "StructureError",
]

TABLE: Final[dict[str, dict[str, str]]] = {
    "InvalidEventError": {
        "bad_event": "the event, its data or one of its fields has the wrong type",
        "bad_json": "the event's data is not JSON",
        "bad_number": "NaN, Infinity or a number that overflows is not a JSON value",
        "foreign_event": "the event belongs to another protocol, which the message names",
        "unset_delta": "the SDK that made the event has lost the delta: pass the bytes to decode_sse",
        "ignored_event": "the event has no field of a chunk, or a path without a delta; it is kept in `ignored`",
        "missing_path": "a delta that is neither text nor null came without a path",
        "needs_decoding": "bytes, lines or a response were passed where events are expected: use decode_sse",
        "not_an_event_stream": "the body is not an event stream (HTML, JSON, compressed ...); it begins with `body`",
        "trailing_body": "HTML or JSON follows the last event of the body; it begins with `body`",
        "no_line_ends": "the pieces are lines without their ends: pass the raw body to decode_sse",
        "ambiguous_part": "it is unknown which part of an answer the event belongs to",
        "after_end": "a piece came for a part of an answer, or an answer, that has ended",
        "line_break": "an id or event type to encode has CR or LF, or an id has NUL",
    },
    "InvalidTextError": {
        "bad_text": "a character can't stand where it is in a JSON text",
        "bad_encoding": "the bytes of the text are not UTF-8",
        "number_too_large": "a number of the text is too large for a double, or has more digits than Python converts",
    },
    "InvalidPathError": {  # these meanings begin the messages
        "not_a_string": "the path is not text",
        "path_too_long": "the path has more than Limits.max_path_bytes bytes",
        "too_deep": "the path has more than Limits.max_depth steps",
        "outside_prefix": "the path does not begin with path_prefix",
        "empty_segment": "a name is expected",
        "leading_dot": "a path can't begin with a dot",
        "trailing_dot": "a name is expected after the last dot",
        "descendant": "'..' names many locations",
        "wildcard": "'*' names many locations",
        "slice": "a slice names many locations",
        "union": "a union names many locations",
        "filter": "a filter names many locations",
        "script": "an expression is not an index",
        "negative_index": "an index counts from the start",
        "leading_zero": "an index has no leading zero",
        "bad_index": "an index consists of the digits 0 to 9",
        "index_too_large": "an index is at most 2**53 - 1",
        "empty_brackets": "the brackets are empty",
        "unquoted_name": "a name in brackets needs quotes",
        "bad_bracket": "something other than ']' follows the quoted name",
        "unbalanced": "a bracket or quote has no partner",
        "text_after_bracket": "'.' or '[' is expected after ']'",
        "whitespace": "a blank at the edge of a name, or outside brackets, needs quotes",
        "control_character": "U+0000 to U+001F must be escaped",
        "bad_escape": "RFC 9535 has no such escape",
        "lone_surrogate": "a lone surrogate is not a character",
    },
    "InvalidPatternError": {
        "bad_pattern": "the pattern is not JSONPath",
        "undecidable": "the matches of the pattern can't be decided while the document grows",
    },
    "ConflictError": {
        "type_conflict": "the delta does not fit the type of the value at its path",
        "contradiction": "a part of an answer came again as a whole, and it is not what its pieces gave",
        "not_append_only": "JSON text that was sent already can't be appended to, as the document changed elsewhere",
        "not_text": "the value at the path of text() is not text",
        "text_replaced": "the text that text() follows was replaced",
    },
    "LimitExceededError": {  # the limit's name
        "max_event_bytes": "the event in progress has more bytes",
        "max_id_bytes": "the event's id has more bytes",
        "max_depth": "the document would nest deeper",
        "max_array_gap": "the index is further past the end of its array",
        "max_array_length": "the array would be longer",
        "max_nodes": "the document would have more values",
        "max_runs": "deltas would have set a value, or returned to a text, more often",
        "max_document_bytes": "the document would be larger",
        "max_string_bytes": "the string would be longer",
        "max_key_bytes": "the member name is longer",
        "max_number_digits": "the number has more digits",
        "max_patterns": "more patterns would be registered",
        "max_parts": "the answer would have more parts",
    },
    "StreamFailedError": {
        "stream_error": "the sender sent an error",
        "new_span": "the sender started over: a new span id came after deltas",
        "new_run": "the provider started over: a second answer began in the same stream",
        "no_deltas": "the stream ended without a delta, after events without effect",
    },
    "StreamTruncatedError": {
        "truncated": "the source ended inside an event",
        "no_done": "the source ended without [DONE], or before the provider had ended its answer",
        "truncated_text": "the JSON text ended inside its document, or before it began",
        "connection": "the connection broke, or nothing came for too long, and the stream could not be continued",
    },
    "ResponseError": {
        "status": "the server answered with a status other than 2xx; the message has the beginning of the body",
        "content_type": "the response is neither an event stream nor JSON lines; the message has its beginning",
    },
    "StructureError": {
        "bad_structure": "the finished value does not fit the type",
        "not_json": "the arguments of a finished call are not JSON",
    },
    "CheckpointError": {
        "bad_checkpoint": "the bytes are not a checkpoint, or were changed since it was written",
        "newer_format": "the checkpoint was written by a newer version",
        "other_options": "an option that the checkpoint depends on has another value",
        "no_id": "an event with a delta had no id of its own, so replayed events can't be recognized",
        "repeated_id": "two events with a delta had the same id, so replayed events can't be recognized",
        "other_replay": "the replayed events differ from the original ones",
    },
    "ClosedError": {
        "closed": "called after the end",
        "torn": "called after an interrupt in the middle of an event",
    },
    "StreamJSONError": {
        "forbidden_name": "a front end refuses a member of this name, such as __proto__, and all that is sent with it",
        "not_an_object": "the protocol of a front end takes an object here, and the document is something else",
        "applying": "apply, close or reset was called from inside a callback",
        "reading": "two tasks read an async stream at the same time",
    },
}

CODES: Final[dict[str, str]] = {code: meaning for codes in TABLE.values() for code, meaning in codes.items()}


class DecodedEvent(Protocol):
    """An event that was decoded before an error: the fields of `ServerSentEvent[str]`."""

    data: str
    id: str | None
    event: str
    retry: int | None
    last_event_id: str
    offset: int | None


class StreamJSONError(Exception):
    """The base class of every error of this library.

    `code` is stable; the message is for people. `event_number`, `offset` (bytes) and `last_event_id` give the place,
    each None if unknown. `deltas_applied` is the number of deltas of the same event that were applied before the error;
    they stay applied. `events` are those that the same call of `SSEDecoder.feed` had decoded before the error.
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
        """The message without the place."""
        return str(self.args[0])

    def __str__(self) -> str:
        places = self._places()
        return f"{self.message} ({', '.join(places)})" if places else self.message

    def _places(self) -> list[str]:
        places: list[str] = []
        if self.event_number is not None:
            places.append(f"event {self.event_number}")
        if self.offset is not None:
            places.append(f"byte offset {self.offset}")
        if self.last_event_id:
            places.append(f"after id {shorten(self.last_event_id)}")
        if self.deltas_applied:
            places.append(f"deltas of this event that were applied: {self.deltas_applied}")
        return places


class InvalidEventError(StreamJSONError):
    """The event does not fit the wire model. The document is unchanged and the assembler stays usable.

    `body` is the beginning of a body that is not an event stream (`not_an_event_stream`, `trailing_body`), shortened
    and printable, otherwise ""; `body_bytes` has its first 16 KiB as they came.
    """

    code = "bad_event"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.body: str = ""
        self.body_bytes: bytes = b""


class InvalidTextError(StreamJSONError):
    """The text is not JSON. The document has everything before the wrong character; only `reset()` starts again.

    The place of that character is the same however the text was cut: `position` in characters and `offset` in bytes,
    both from 0; `line` and `column` from 1. `expected` says what could stand there, and `excerpt` has the characters
    before it, and itself. For a number that is too large (`number_too_large`) the place is its beginning.
    """

    code = "bad_text"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.position: int = 0
        self.line: int = 1
        self.column: int = 1
        self.expected: str = ""
        self.excerpt: str = ""

    def _places(self) -> list[str]:
        return [*super()._places(), f"line {self.line}, column {self.column}"]


class InvalidPathError(StreamJSONError):
    """The path does not name one location of the document. The document is unchanged and the assembler stays usable.

    `path` is the text as received, `position` the index in it of the error, `limit` the name of the limit that was
    exceeded (`max_depth` or `max_path_bytes`), if any.
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
    """The text is not JSONPath, or its matches can't be decided while the document grows.

    `pattern` is the text as received, `part` the refused part of it, and `position` the index of that part, None if
    unknown.
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
    """The delta does not fit the value at its path. The document is unchanged and the assembler stays usable.

    `path` names the location of the conflict, `found` the type of the value there, and `given` the type of the delta
    (`"string"`, `"number"`, `"boolean"`, `"object"`, `"array"`), or `"name"` or `"index"` for a step through the value.
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
    """A limit was exceeded; nothing was changed or allocated.

    `limit` is the name of the limit (and the code), `maximum` its value, `met` the amount that exceeded it. `is_full`
    says that the limit counts earlier events too, so that later events will probably exceed it as well.
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
    """The source ended too early.

    It ended inside an event (`truncated`), inside a JSON text or before one began (`truncated_text`), or without
    `[DONE]` where that was required (`no_done`); or its connection broke, and it could not be continued (`connection`).
    `path` is the location of the innermost value of a text that is not whole, otherwise "". From a stream of snapshots,
    `snapshot` is the document so far; from an answer, `parts` has its parts, and `snapshot` is that of the last one.
    """

    code = "truncated"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.path: str = ""
        self.snapshot: Any = None
        self.parts: tuple[Any, ...] = ()


class ResponseError(StreamJSONError):
    """The server's answer to a request is not a stream. Raised by `streamjson.http`.

    `status_code` and `content_type` are the response's, `body` is the beginning of its body, in which the secrets of
    the request are masked, and `retry_after_s` the seconds that the server asks to wait, if it does. If a stream had
    begun before, `snapshot` and `parts` are those of `StreamTruncatedError`.
    """

    code = "status"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.status_code: int = 0
        self.content_type: str = ""
        self.body: str = ""
        self.retry_after_s: float | None = None
        self.snapshot: Any = None
        self.parts: tuple[Any, ...] = ()


class StructureError(StreamJSONError):
    """A finished value does not fit the requested type. The stream continues.

    `path` names the value's location, `value` is the value as plain objects, `into` the type. The message includes that
    of the validator, whose own error is the `__cause__`.
    """

    code = "bad_structure"

    def __init__(self, message: str, *, path: str = "", value: object = None, into: object = None) -> None:
        super().__init__(message)
        self.path = path
        self.value = value
        self.into = into
        self.part: Any = None


class CheckpointError(StreamJSONError):
    """The saved state can't be resumed: start over.

    The bytes are not a checkpoint or were damaged (`bad_checkpoint`), have a `newer_format`, or were written with
    `other_options`; or a `ReplayFilter` can't recognize replayed events (`no_id`, `repeated_id`, `other_replay`). If
    that ended a stream, `snapshot` and `parts` are those of `StreamTruncatedError`.
    """

    code = "bad_checkpoint"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.snapshot: Any = None
        self.parts: tuple[Any, ...] = ()


class ClosedError(StreamJSONError):
    """Called after the end, or after a final error (`closed`): `reset()` starts again.

    Or called after an interrupt, such as a signal handler's exception, in the middle of an event (`torn`). The document
    has all events before it: `Assembler.restore(assembler.checkpoint())` resumes from there.
    """

    code = "closed"


def shorten(value: object, limit: int = 60) -> str:
    """Return a repr of at most about `limit` characters, for messages; its cost does not depend on the value's size."""
    if isinstance(value, str | bytes):
        text = repr(value[: limit + 1])
    elif isinstance(value, int) and value.bit_length() > 4 * limit:
        text = f"an integer of {value.bit_length()} bits"
    elif value is None or isinstance(value, int | float):
        text = repr(value)
    else:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit + 2 else text[: limit - 1] + "..."
