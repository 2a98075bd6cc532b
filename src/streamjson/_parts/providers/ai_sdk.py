"""The UI message stream of the AI SDK, versions 5 to 7, read as its client (`useChat`) does.

    {"type": "tool-input-delta", "toolCallId": "call_1", "inputTextDelta": "{\\"city\\": "}

| event | what |
|---|---|
| `text-start`, `-delta`, `-end` | a text; a start is always a new one, as ids repeat between steps |
| `reasoning-start`, `-delta`, `-end` | reasoning |
| `tool-input-start`, `-delta` | a call; with `inputEncoding` "text", its input is free text |
| `tool-input-available` | its whole input as a value, which proves it; without a start, the whole call |
| `tool-input-error` | the call has failed, and the others continue |
| `finish`, `abort`, `error` | the end of all |
| `data-*`, `file`, `source-*`, `tool-output-*`, metadata, steps | none |

The end of a text proves nothing: the SDK also sends it where a token limit cut the text, and only `finish` says that.
So a text is done when it was closed and another part, or step, has begun. An input that differs from its deltas only as
JavaScript rounds integers agrees with them. A call that is whole may come again with its id; one that starts again
before its end discards its pieces. Sources: ai 5.0 to 7.0 (its client, read and run).
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define

from ..._errors import ConflictError, InvalidEventError, shorten
from ..._json import is_object
from ..._view import StreamFailedError
from ..answer import Key, ambiguous
from ..fields import field, name_of, piece, text
from ..part_state import EndOfPart, Form, Kind, PartState
from ..provider import Provider, a_number, an_optional, by_text
from .values import is_rounded

__all__ = ["AISDK"]

_ENDS: Final[dict[str, EndOfPart]] = {
    "stop": "done",
    "tool-calls": "done",
    "other": "done",
    "unknown": "done",  # version 5
    "length": "length",
    "content-filter": "filtered",
    "error": "failed",
    "interrupted": "cut",  # the model's stream ended without its end
}
# Events that bring no text of a part, by the beginning of their type.
_QUIET: Final = (
    "data-", "file", "reasoning-file", "source-", "tool-output-", "tool-approval-", "message-metadata", "finish-step",
    "custom", "steering-message",
)  # fmt: skip
_ACTIONS: Final = ("start", "delta", "end")  # of a text


@define
class _State:
    started: bool | None = an_optional(bool)  # whether a message has
    step_begin: int = a_number(0)  # the number of parts when the step began
    repeated: dict[str, bool] = by_text(bool)  # whole calls whose input comes again


class AISDK(Provider):
    """Reads the events of a UI message stream."""

    name = "ai_sdk"
    protocols = ("AI SDK UI message stream",)
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event."""
        kind = text(event, "type")
        family, _, action = kind.rpartition("-")
        if family == "text" and action in _ACTIONS:
            self._read_text("text", action, event)
        elif family == "reasoning" and action in _ACTIONS:
            self._read_text("reasoning", action, event)
        elif family == "tool-input":
            self._read_input(action, event)
        elif kind == "start":
            if self.state.started or self.answer.states:
                self.answer.new_run()
            self.state = _State(started=True)
        elif kind == "start-step":
            self.answer.settle_passed()
            self.state.step_begin = len(self.answer.states)
        elif kind == "reset-step":
            self._reset_step()
        elif kind == "finish":
            self._finish(name_of(event, "finishReason"))
        elif kind == "abort":
            self._abort(name_of(event, "reason"))
        elif not kind.startswith(_QUIET):
            self.answer.ignore()

    # ------------------------------------------------------------------------------------------------------------------
    # texts

    def _read_text(self, kind: Kind, action: str, event: Any) -> None:
        answer = self.answer
        id = _id_of(event, "id")
        if action == "start":
            self._begin((kind, id), kind, id=id)
            return
        part = answer.find(kind, id)
        if part is None or part.is_passed:
            raise ambiguous(f"{shorten(text(event, 'type'))} came for {shorten(id)}, which is not open")
        if action == "delta":
            answer.append(part, piece(event, "delta"))
        else:
            answer.pass_by(part)

    def _begin(self, key: Key, kind: Kind, **facts: Any) -> PartState:
        self.answer.settle_passed()
        return self.answer.begin(key, kind, **facts)

    # ------------------------------------------------------------------------------------------------------------------
    # calls

    def _read_input(self, action: str, event: Any) -> None:
        id = _id_of(event, "toolCallId")
        call = self.answer.find("call", id)
        if action == "start":
            self._start_call(id, call, event)
        elif action == "delta":
            if id in self.state.repeated:
                self.answer.replayed_count += 1
                return
            if call is None:
                raise ambiguous(f"tool-input-delta came for {shorten(id)}, which has not started")
            self.answer.append(call, piece(event, "inputTextDelta"))
        elif action == "available":
            self._take_input(id, call, event)
        elif action == "error":
            self._fail_call(id, call, event)
        else:
            self.answer.ignore()

    def _start_call(self, id: str, call: PartState | None, event: Any) -> None:
        if call is not None and call.end == "done":
            self.state.repeated[id] = True  # what comes is compared as a whole
            self.answer.replayed_count += 1
        elif call is not None and call.end == "open":
            self.answer.begin_again(call)
            call.name = name_of(event, "toolName") or call.name
        else:
            self._begin_call(id, event)

    def _begin_call(self, id: str, event: Any, form: Form | None = None) -> PartState:
        name = name_of(event, "toolName")
        if name is None:
            raise InvalidEventError(f"{shorten(text(event, 'type'))} has no toolName")
        return self._begin(
            ("call", id), "call", form=form, id=id, name=name,
            encoding="text" if field(event, "inputEncoding") == "text" else "json",
            executed_by="provider" if field(event, "providerExecuted") is True else "client",
        )  # fmt: skip

    def _take_input(self, id: str, call: PartState | None, event: Any) -> None:
        """Take the whole input, which its pieces must have given, and end the call."""
        answer = self.answer
        if call is None or call.end not in ("open", "done"):
            call = self._begin_call(id, event)
        else:
            self._compare_name(call, event)
        value = field(event, "input")
        if call.form == "string":
            if not isinstance(value, str):
                raise InvalidEventError(f"the input of {call.label} is text, not {shorten(value)}")
            answer.repeat(call, value)
        elif _has_input(event) and not (call.is_whole and is_rounded(call.value, value)):
            answer.put(call, value)
        if call.end == "done":
            self.state.repeated.pop(id, None)
            answer.replayed_count += 1
            return
        if field(event, "providerExecuted") is True:
            call.executed_by = "provider"
        answer.settle((call,), "done")

    def _compare_name(self, call: PartState, event: Any) -> None:
        name = name_of(event, "toolName")
        if name is None or name == call.name:
            return
        if self.answer.options.on_conflict == "error":
            raise ConflictError(
                f"{call.label} came again as a whole, with the name {shorten(name)};"
                " on_conflict='replace' takes the later one",
                code="contradiction",
                given=name,
                found=call.name or "",
            )
        call.name = name

    def _fail_call(self, id: str, call: PartState | None, event: Any) -> None:
        """End a call whose input is wrong; what came of it is shown, and never looks whole."""
        if call is not None and call.end == "done":
            raise InvalidEventError(f"tool-input-error came for {call.label}, which was whole", code="after_end")
        if call is None:
            call = self._begin_call(id, event, "paths")
            if _has_input(event):
                self.answer.put(call, field(event, "input"))
        self.answer.settle((call,), "failed", name_of(event, "errorText"))

    # ------------------------------------------------------------------------------------------------------------------
    # the end

    def _reset_step(self) -> None:
        """Start over with the step: its parts are not to be kept, and those of earlier steps are."""
        begin = self.state.step_begin
        if len(self.answer.states) == begin:
            return
        if begin:
            raise StreamFailedError("the provider started over with a step, after others", code="new_run")
        self.answer.new_run()
        self.state = _State(started=True)

    def _finish(self, reason: str | None) -> None:
        answer = self.answer
        if None in answer.finished:  # streams that were merged have an end each
            return
        end = "done" if reason is None else _ENDS.get(reason, "cut")
        if end == "failed":
            answer.report(None, None, reason)
        last = answer.last_written.get(None)
        for part in answer.open_parts():
            if end == "done":
                part_end: EndOfPart = "cut" if part.kind == "call" else "done"  # its whole input never came
            else:
                part_end = end if part is last or not part.is_passed or answer.is_cut(part) else "done"
            answer.settle((part,), part_end, reason)
        answer.finish_choice(reason)

    def _abort(self, reason: str | None) -> None:
        answer = self.answer
        answer.settle(answer.open_parts(), "aborted", reason)
        answer.finish_choice(reason or "abort")


def _id_of(event: Any, name: str) -> str:
    id = field(event, name)
    if isinstance(id, str):
        return id
    raise ambiguous(f"{shorten(text(event, 'type'))} has no {name}")


def _has_input(event: Any) -> bool:
    """Return whether an event has an input, which may be null."""
    return field(event, "input") is not None or (is_object(event) and "input" in event)
