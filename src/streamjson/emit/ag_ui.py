"""The events of AG-UI, versions 0.x and 1.

    data: {"type":"STATE_DELTA","delta":[{"op":"replace","path":"/title","value":"Lisbon trip"}]}

| `as_` | how a document is sent |
|---|---|
| `"state"` | as the shared state, or at the path `at` in it: `STATE_SNAPSHOT`, then `STATE_DELTA` with JSON Patch |
| `"activity"` | as the content of an activity message: `ACTIVITY_SNAPSHOT`, then `ACTIVITY_DELTA` |
| `"tool"` | its JSON text as the arguments of a call |

Parts of an answer are sent as text messages, reasoning, calls, and snapshots of the state.

The state outlives runs, and other components write to it, too. So at the root it is set by a snapshot, which discards
the rest of the state; with `at="/trip"` only that member is. A patch that can't be applied is only a warning in the
browser's console, and an operation that is not in RFC 6902 is dropped in silence, so a text that grows is replaced, as
`Patch` does it. No event may follow a failure, nor `[DONE]` anything. Sources: @ag-ui/client 0.0.59 and 1.0.0, run.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal, Unpack

from .._errors import StreamJSONError, shorten
from .._json import MISSING, is_object
from .._view import Snapshot
from .body import Body, Brought, DocumentBody, PartsBody, SentPart
from .emitter import Emitter, EmitterOptions
from .encoding import check_changes, sse
from .json_text import JSONText
from .patch import PatchCursor

__all__ = ["AGUI"]

Form = Literal["state", "activity", "tool"]

_POINTER: Final = re.compile("(/([^~/]|~[01])*)*")
"""RFC 6901, section 3."""


class AGUI(Emitter):
    """Sends a document, or an answer, as the events of an AG-UI run.

    `thread_id` and `run_id` are those of the request. `as_` is how a document is sent (see the module). `at` is the
    JSON pointer of its place in the shared state; what is above it must be there already. `name` is the name of its
    tool or the type of its activity, and `id` the id of the call or the message. Options as `Emitter`.

    >>> import streamjson as sj
    >>> out = sj.emit.AGUI("thread_1", "run_1", at="/trip", min_interval_s=0)
    >>> assembler = sj.Assembler()
    >>> _ = assembler.apply_delta("title", "Lis")
    >>> print(out.update(assembler.snapshot()).decode(), end="")
    data: {"type":"RUN_STARTED","threadId":"thread_1","runId":"run_1"}
    <BLANKLINE>
    data: {"type":"STATE_DELTA","delta":[{"op":"add","path":"/trip","value":{"title":"Lis"}}]}
    <BLANKLINE>
    """

    def __init__(
        self,
        thread_id: str,
        run_id: str,
        as_: Form = "state",
        at: str = "",
        *,
        name: str = "document",
        id: str | None = None,
        **options: Unpack[EmitterOptions],
    ) -> None:
        super().__init__(**options)
        if as_ not in ("state", "activity", "tool"):
            raise ValueError(f"as_ is 'state', 'activity' or 'tool', not {shorten(as_)}")
        if at and (as_ != "state" or _POINTER.fullmatch(at) is None):
            raise ValueError(f"at is a JSON pointer like '/trip' into the shared state, not {shorten(at)}")
        self._as, self._at = as_, at
        self._run: dict[str, Any] = {"threadId": thread_id, "runId": run_id}
        self._name, self._id = name, f"{run_id}-{name}" if id is None else id

    def _document(self) -> Body:
        if self._as == "tool":
            return _Tool(self._id, self._name)
        return _Activity(self._id, self._name) if self._as == "activity" else _State(self._at)

    def _parts(self) -> Body:
        return _Parts(self._run["runId"])

    def _opening(self) -> bytes:
        return sse({"type": "RUN_STARTED", **self._run})

    def _closing(self) -> bytes:
        answer = self._body
        if isinstance(answer, _Parts):
            if answer.outcome != "done":
                why = "by its token limit" if answer.outcome == "length" else "by a filter"
                return self._failing(f"the answer was cut {why}", answer.outcome)
            for part in answer.sent:
                if part.error is not None:  # a client would parse its arguments
                    return self._failing(f"the arguments of {part.name} are not JSON", part.error.code)
        return sse({"type": "RUN_FINISHED", **self._run})

    def _failing(self, message: str, code: str) -> bytes:
        return sse({"type": "RUN_ERROR", "message": message, "code": code})


class _State(DocumentBody):
    """The document as the shared state, or at a place in it."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at
        self._cursor = PatchCursor("replace")
        self._size = 0  # of the state, which the client clones for each event

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:
        if snapshot is None:  # what a run before has left must not stay
            nothing = self.changed([{"op": "add", "path": self._at, "value": None}]) if self._at else self.whole({})
            return Brought(nothing if is_last else b"", 0)
        operations = self._cursor.operations(snapshot, sent, flush=flush or is_last)
        if not operations:
            return Brought(b"", 0, self._cursor.is_behind)
        if not self._at and operations[0]["path"] == "":
            frames = self.whole({} if snapshot.value is MISSING else operations[0]["value"])
        else:
            frames = self.changed([operation | {"path": self._at + operation["path"]} for operation in operations])
        check_changes(frames, snapshot, sent)
        self._size += len(frames)
        return Brought(frames, self._size, self._cursor.is_behind)

    def whole(self, value: Any) -> bytes:
        """Return the event that sets all of it."""
        return sse({"type": "STATE_SNAPSHOT", "snapshot": value})

    def changed(self, operations: list[dict[str, Any]]) -> bytes:
        """Return the event that changes it."""
        return sse({"type": "STATE_DELTA", "delta": operations})


class _Activity(_State):
    """The document as the content of a message, which is an object."""

    def __init__(self, id: str, name: str) -> None:
        super().__init__("")
        self._message: dict[str, Any] = {"messageId": id, "activityType": name}

    def whole(self, value: Any) -> bytes:
        if not is_object(value):
            message = (
                f"the content of an activity is an object, not {shorten(value)}: send the document as state or tool"
            )
            raise StreamJSONError(message, code="not_an_object")
        return sse({"type": "ACTIVITY_SNAPSHOT", **self._message, "content": value})

    def changed(self, operations: list[dict[str, Any]]) -> bytes:
        return sse({"type": "ACTIVITY_DELTA", **self._message, "patch": operations})


class _Tool(DocumentBody):
    """The JSON text of the document as the arguments of a call."""

    def __init__(self, id: str, name: str) -> None:
        super().__init__()
        self._id, self._name = id, name
        self._text = JSONText()
        self._length = 0

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        if snapshot is None:
            return Brought(b"", 0)
        more = self._text.close(snapshot) if is_last else self._text.update(snapshot)
        frames = b""
        if more and not self._length:
            frames = sse({"type": "TOOL_CALL_START", "toolCallId": self._id, "toolCallName": self._name})
        self._length += len(more)
        if more:
            frames += sse({"type": "TOOL_CALL_ARGS", "toolCallId": self._id, "delta": more})
        if is_last:
            frames += sse({"type": "TOOL_CALL_END", "toolCallId": self._id})
        check_changes(frames, snapshot, sent)
        return Brought(frames, self._length)  # the client copies the message with all of it


_OF_KIND: Final = {"call": "TOOL_CALL", "reasoning": "REASONING_MESSAGE"}


class _Parts(PartsBody):
    """The parts of an answer as messages and calls."""

    def begin(self, sent: SentPart) -> bytes:
        part = sent.part
        if part.kind == "call":
            return sse({"type": "TOOL_CALL_START", "toolCallId": sent.id, "toolCallName": part.name})
        if part.kind == "reasoning":
            started = sse({"type": "REASONING_START", "messageId": sent.id})
            return started + sse({"type": "REASONING_MESSAGE_START", "messageId": sent.id, "role": "reasoning"})
        return sse({"type": "TEXT_MESSAGE_START", "messageId": sent.id, "role": "assistant"})

    def grow(self, sent: SentPart, more: str) -> bytes:
        if sent.part.kind == "call":
            return sse({"type": "TOOL_CALL_ARGS", "toolCallId": sent.id, "delta": more})
        kind = _OF_KIND.get(sent.part.kind, "TEXT_MESSAGE")
        return sse({"type": f"{kind}_CONTENT", "messageId": sent.id, "delta": more})

    def may_end(self, sent: SentPart) -> bool:
        return sent.part.end == "done"  # RUN_ERROR says the rest

    def state(self, id: str, value: Any) -> bytes:  # noqa: ARG002  # a run has one
        return sse({"type": "STATE_SNAPSHOT", "snapshot": value})

    def end(self, sent: SentPart) -> bytes:
        if sent.part.kind == "call":
            return sse({"type": "TOOL_CALL_END", "toolCallId": sent.id})
        kind = _OF_KIND.get(sent.part.kind, "TEXT_MESSAGE")
        ended = sse({"type": f"{kind}_END", "messageId": sent.id})
        return ended + (sse({"type": "REASONING_END", "messageId": sent.id}) if sent.part.kind == "reasoning" else b"")
