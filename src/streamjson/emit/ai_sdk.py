"""The UI message stream of the AI SDK (`useChat`), versions 5 to 7.

    data: {"type":"tool-input-delta","toolCallId":"call_1","inputTextDelta":"bon trip"}

| `as_` | how a document is sent | what the page does |
|---|---|---|
| `"transient"` | each chunk as `data-delta`, the document as a data part at the end | `onData` applies the chunks |
| `"data"` | the whole document as a data part, again and again | shows the part |
| `"tool"` | its JSON text as the input of a tool | shows the input; calls `onToolCall` |
| `"text"` | its JSON text as text | parses the text |

Parts of an answer are sent as what they are: text, reasoning, and the input of each call; a shared state as a data
part, `data-state`.

A body that just ends counts as a success here, so a failure is an `error`, and `finish` has the reason. Only fields
that all versions know are sent, and none that is null: older clients refuse the whole stream for others. They also
refuse members called `__proto__`. Sources: ai 5.0.92 to 7.0.173, run and read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Unpack

from .._errors import ConflictError, StreamJSONError, shorten
from .._json import MISSING, JSONValue, Missing
from .._parts import Part
from .._view import Snapshot
from .body import Body, Brought, DocumentBody, PartsBody, SentPart
from .chunks import payloads_of
from .emitter import Emitter, EmitterOptions
from .encoding import DONE, SSE_HEADERS, check_changes, check_names, sse, to_json
from .json_text import JSONText

__all__ = ["AISDK"]

Form = Literal["transient", "data", "tool", "text"]

_EVENT_BYTES: Final = 1500
"""What the client takes for an event beside its bytes, as bytes: 0.1 ms."""
_REASONS: Final = {"done": "stop", "length": "length", "filtered": "content-filter"}


class AISDK(Emitter):
    """Sends a document, or an answer, as a UI message stream of the AI SDK.

    `message_id` is the id of the message: the same for a client that comes back, or it shows a second message. `as_` is
    how a document is sent (see the module). `name` is the name of its tool or the kind of its data part, and `id` the
    id of the call or the part. `output` is sent as the result of the tool: without one, the page has to add it before
    it sends the next message. Options as `Emitter`.

    >>> import streamjson as sj
    >>> out = sj.emit.AISDK("msg_1", as_="tool", name="trip", id="call_1", min_interval_s=0)
    >>> assembler = sj.Assembler()
    >>> _ = assembler.apply_delta("title", "Lis")
    >>> print(out.update(assembler.snapshot()).decode(), end="")
    data: {"type":"start","messageId":"msg_1"}
    <BLANKLINE>
    data: {"type":"tool-input-start","toolCallId":"call_1","toolName":"trip"}
    <BLANKLINE>
    data: {"type":"tool-input-delta","toolCallId":"call_1","inputTextDelta":"{\\"title\\":\\"Lis"}
    <BLANKLINE>
    """

    headers: Mapping[str, str] = {**SSE_HEADERS, "x-vercel-ai-ui-message-stream": "v1"}

    def __init__(
        self,
        message_id: str,
        as_: Form = "transient",
        *,
        name: str = "document",
        id: str | None = None,
        output: JSONValue | Missing = MISSING,
        **options: Unpack[EmitterOptions],
    ) -> None:
        super().__init__(**options)
        if as_ not in ("transient", "data", "tool", "text"):
            raise ValueError(f"as_ is 'transient', 'data', 'tool' or 'text', not {shorten(as_)}")
        self._message_id, self._as = message_id, as_
        self._name, self._id = name, f"{message_id}-{name}" if id is None else id
        self._output = output

    def _document(self) -> Body:
        if self._as == "tool":
            return _Tool(self._name, self._id, self._output)
        if self._as == "text":
            return _Text(self._id)
        return (_Data if self._as == "data" else _Transient)(self._name, self._id)

    def _parts(self) -> Body:
        return _Parts(self._message_id)

    def _opening(self) -> bytes:
        return sse({"type": "start", "messageId": self._message_id})

    def _closing(self) -> bytes:
        answer, reason = self._body, "stop"
        if isinstance(answer, _Parts):
            reason = _REASONS[answer.outcome]
            if reason == "stop" and any(part.executed_by == "client" for part in answer.sent):
                reason = "tool-calls"
        return sse({"type": "finish", "finishReason": reason}) + DONE

    def _failing(self, message: str, code: str) -> bytes:  # noqa: ARG002  # the protocol has no place for a code
        return sse({"type": "error", "errorText": message})


class _Data(DocumentBody):
    """The document as a data part: one with the same id replaces the one before."""

    def __init__(self, name: str, id: str) -> None:
        super().__init__()
        self._name, self._id = name, id

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        if snapshot is None or (sent is not None and sent.version == snapshot.version):
            return Brought(b"", 0)
        frame = self.whole(snapshot)
        check_changes(frame, snapshot, sent)
        return Brought(frame, len(frame))

    def whole(self, snapshot: Snapshot) -> bytes:
        """Return the frame with the whole document."""
        value = None if snapshot.value is MISSING else snapshot.value  # after a reset
        return sse({"type": f"data-{self._name}", "id": self._id, "data": value})


class _Transient(_Data):
    """The chunks, which the page hears of and the message does not keep; and the document at the end."""

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        if snapshot is None:
            return Brought(b"", 0)
        if sent is None:
            payloads: list[dict[str, JSONValue]] = [{"delta": snapshot.copy_value(), "json_path": ""}]
        else:
            payloads = payloads_of(snapshot.changes_since(sent))
        frames = b"".join(sse({"type": "data-delta", "data": payload, "transient": True}) for payload in payloads)
        check_changes(frames, snapshot, sent)
        if is_last:
            frames += self.whole(snapshot)
        return Brought(frames, len(frames) + _EVENT_BYTES * len(payloads))


class _Text(DocumentBody):
    """The JSON text of the document as a part of text."""

    def __init__(self, id: str) -> None:
        super().__init__()
        self._id = id
        self._text = JSONText()
        self._length = 0

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        if snapshot is None:
            return Brought(b"", 0)
        more = self._text.close(snapshot) if is_last else self._text.update(snapshot)
        frames = sse({"type": "text-start", "id": self._id}) if more and not self._length else b""
        self._length += len(more)
        if more:
            frames += sse({"type": "text-delta", "id": self._id, "delta": more})
        if is_last:
            frames += sse({"type": "text-end", "id": self._id})
        return Brought(frames, self._length)


class _Call:
    """The frames of one call of a tool."""

    def __init__(self, id: str, name: str, *, is_executed: bool = False) -> None:
        self.id = id
        self._facts: dict[str, Any] = {"toolCallId": id, "toolName": name}
        self._executed: dict[str, Any] = {"providerExecuted": True} if is_executed else {}

    def start(self) -> bytes:
        """Return the start, which also discards the text so far."""
        return sse({"type": "tool-input-start", **self._facts, **self._executed})

    def delta(self, more: str) -> bytes:
        """Return the next piece of the text."""
        return sse({"type": "tool-input-delta", "toolCallId": self.id, "inputTextDelta": more})

    def available(self, value: Any) -> bytes:
        """Return the end of an input that is whole."""
        return sse({"type": "tool-input-available", **self._facts, "input": value, **self._executed})

    def error(self, value: Any, message: str) -> bytes:
        """Return the end of an input that is not whole."""
        given: dict[str, Any] = {"input": {} if value is MISSING else value, "errorText": message}
        try:
            check_names(to_json(given).encode(), given)
        except StreamJSONError:  # the client would refuse this, too
            given["input"] = {}
        return sse({"type": "tool-input-error", **self._facts, **given, **self._executed})


class _Tool(DocumentBody):
    """The JSON text of the document as the input of a tool. If the text can't continue, the input starts again."""

    def __init__(self, name: str, id: str, output: JSONValue | Missing) -> None:
        super().__init__()
        self._call = _Call(id, name)
        self._output = output
        self._text: JSONText | None = None
        self._length = 0  # of the text, which the client parses at each piece

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        if snapshot is None or (self._text is None and snapshot.value is MISSING):
            return Brought(b"", 0)
        frames = self._more(snapshot, is_last=is_last)
        check_changes(frames, snapshot, sent)
        if is_last and snapshot.value is MISSING:
            frames += self._call.error(MISSING, "the document was reset")
        elif is_last:
            frames += self._call.available(snapshot.value)
            if self._output is not MISSING:
                frames += sse({"type": "tool-output-available", "toolCallId": self._call.id, "output": self._output})
        return Brought(frames, self._length)

    def _more(self, snapshot: Snapshot, *, is_last: bool) -> bytes:
        start = b""
        if self._text is None:
            self._text, start = JSONText(), self._call.start()
        try:
            more = self._text.close(snapshot) if is_last else self._text.update(snapshot)
        except ConflictError:
            self._text, self._length, start = JSONText(), 0, self._call.start()
            more = self._text.close(snapshot) if is_last else self._text.update(snapshot)
        self._length += len(more)
        return start + (self._call.delta(more) if more else b"")

    def fail(self, message: str) -> bytes:
        return b"" if self._text is None else self._call.error(self.value, message)


class _Parts(PartsBody):
    """The parts of an answer as the parts of one message."""

    def begin(self, sent: SentPart) -> bytes:
        if sent.part.kind == "call":
            return _call_of(sent).start()
        return sse({"type": f"{_kind_of(sent.part)}-start", "id": sent.id})

    def begin_again(self, sent: SentPart, error: ConflictError) -> bytes:
        if sent.part.kind != "call":
            raise error
        return _call_of(sent).start()

    def grow(self, sent: SentPart, more: str) -> bytes:
        if sent.part.kind == "call":
            return _call_of(sent).delta(more)
        return sse({"type": f"{_kind_of(sent.part)}-delta", "id": sent.id, "delta": more})

    def end(self, sent: SentPart) -> bytes:
        part = sent.part
        if part.kind != "call":
            return sse({"type": f"{_kind_of(part)}-end", "id": sent.id})
        call, value = _call_of(sent), part.value
        if part.end not in ("done", "length", "filtered") or not part.complete or part.error is not None:
            return call.error(value, _why_not_whole(part))
        frames = call.available(value)
        check_names(frames, value)
        return frames

    def state(self, id: str, value: Any) -> bytes:
        frame = sse({"type": "data-state", "id": id, "data": value})
        check_names(frame, value)
        return frame

    def may_end(self, sent: SentPart) -> bool:
        return sent.part.kind == "call" or sent.part.end == "done"

    def end_cut(self) -> bytes:
        """Return the end of the text that was written last, as the SDK sends it.

        A client takes an earlier text for whole once it has its end. So one that a limit cut stays open: several
        choices can each have one.
        """
        last = self.last_written
        if last is None or last.is_ended:
            return b""
        last.is_ended = True
        return self.end(last)

    def fail(self, message: str) -> bytes:
        return b"".join(
            _call_of(sent).error(part.value, message)
            for part, sent in self.sent.items()
            if part.kind == "call" and not sent.is_ended
        )


def _kind_of(part: Part) -> str:
    return "reasoning" if part.kind == "reasoning" else "text"


def _call_of(sent: SentPart) -> _Call:
    part = sent.part
    return _Call(sent.id, part.name or "", is_executed=part.executed_by == "provider")


def _why_not_whole(part: Part) -> str:
    return "the input is not JSON" if part.error is not None else f"the input is not whole: {part.finish or part.end}"
