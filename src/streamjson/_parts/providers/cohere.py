"""Cohere v2 (`/v2/chat`), from the wire or as cohere's objects.

    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi"}}}}

| events | part | field of `delta.message` |
|---|---|---|
| `content-start`, `-delta`, `-end` | text; of type `thinking` reasoning | `content.text`, `content.thinking` |
| `tool-call-start`, `-delta`, `-end` | call | `tool_calls.function.arguments`; `tool_calls` is one object |
| `tool-plan-delta` | reasoning without an index: prose before the calls | `tool_plan` |
| `citation-start`, `-end`, `debug` | none | |

Contents and calls count from 0, each for themselves, so a part is found by its family and its index. As at Anthropic, a
part is done when it was ended and another one has begun, the last one when `message-end` says why. The plan has no end:
the next part ends it. Source: cohere 7.3 (types).
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define

from ..._errors import InvalidEventError, shorten
from ..._json import is_list
from ..answer import Key, ambiguous
from ..fields import blank_to_none, field, index_of, name_of, piece, text
from ..part_state import EndOfPart, Kind, PartState
from ..provider import Provider, an_optional, by_index

__all__ = ["Cohere"]

_ENDS: Final[dict[str, EndOfPart]] = {
    "COMPLETE": "done",
    "STOP_SEQUENCE": "done",
    "TOOL_CALL": "done",
    "MAX_TOKENS": "length",
    "ERROR": "failed",
    "TIMEOUT": "failed",
}
_CONTENTS: Final[dict[str, Kind]] = {"text": "text", "thinking": "reasoning"}
_QUIET: Final = ("citation-start", "citation-end", "debug")


@define
class _State:
    message: bool | None = an_optional(bool)  # whether one has begun
    last: int | None = an_optional(int)  # the part that began last, by its number
    others: dict[str, bool] = by_index(bool)  # contents that are no parts, by their index


class Cohere(Provider):
    """Reads the events of a message."""

    name = "cohere"
    protocols = ("Cohere v2",)
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event."""
        kind = text(event, "type")
        family, _, action = kind.rpartition("-")
        if family == "content":
            self._read_content(event, action)
        elif family == "tool-call":
            self._read_call(event, action)
        elif kind == "tool-plan-delta":
            self._read_plan(field(field(event, "delta"), "message"))
        elif kind == "message-end":
            self._finish(field(event, "delta"))
        elif kind == "message-start":
            if self.state.message or self.answer.states:
                self.answer.new_run()
            self.state = _State(message=True)
        elif kind not in _QUIET:
            self.answer.ignore()

    # ------------------------------------------------------------------------------------------------------------------
    # contents, calls and the plan

    def _read_content(self, event: Any, action: str) -> None:
        index = _index(event)
        if action == "start":
            self._begin_content(index, _inner(event, "content"))
            return
        if str(index) in self.state.others:
            return
        part = self._part("content", index, event)
        if action == "delta":
            self._append_content(part, _inner(event, "content"))
        elif action == "end":
            self._end_part(part)
        else:
            self.answer.ignore()

    def _begin_content(self, index: int, content: Any) -> None:
        kind = text(content, "type") or ("text" if field(content, "thinking") is None else "thinking")
        self._check_new("content", index)
        if kind in _CONTENTS:
            self._append_content(self._begin(("content", index), _CONTENTS[kind], index=index), content)
        else:
            self._settle_passed()
            self.state.last = None
            self.state.others[str(index)] = True
            self.answer.ignore()

    def _append_content(self, part: PartState, content: Any) -> None:
        own, other = ("text", "thinking") if part.kind == "text" else ("thinking", "text")
        if piece(content, other):
            raise InvalidEventError(f"content {part.index} is {part.label}, and got {other}", code="ambiguous_part")
        self.answer.append(part, piece(content, own))

    def _read_call(self, event: Any, action: str) -> None:
        index, call = _index(event), _inner(event, "tool_calls")
        function = field(call, "function")
        if action == "start":
            self._check_new("call", index)
            id, name = name_of(call, "id"), name_of(function, "name")
            if name is None:
                raise InvalidEventError(f"call {index} has no name")
            part = self._begin(("call", index), "call", index=index, id=id, name=name)
        else:
            part = self._part("call", index, event)
        if action in ("start", "delta"):
            self.answer.append(part, piece(function, "arguments"))
        elif action == "end":
            self._end_part(part)
        else:
            self.answer.ignore()

    def _read_plan(self, message: Any) -> None:
        plan = piece(message, "tool_plan")
        if plan:
            self.answer.append(self.answer.find("plan") or self._begin(("plan",), "reasoning"), plan)

    def _begin(
        self, key: Key, kind: Kind, *, index: int | None = None, id: str | None = None, name: str | None = None
    ) -> PartState:
        self._settle_passed()
        self.state.last = len(self.answer.states)
        return self.answer.begin(key, kind, index=index, id=id, name=name)

    def _settle_passed(self) -> None:
        """End the parts that were ended, and the plan, as another part begins."""
        answer = self.answer
        plan = answer.find("plan")
        if plan is not None:
            answer.pass_by(plan)
        answer.settle((part for part in answer.open_parts() if part.is_passed), "done")

    def _end_part(self, part: PartState) -> None:
        self.answer.pass_by(part)
        if part is not self._last():
            self.answer.settle((part,), "done")

    def _last(self) -> PartState | None:
        """Return the part that was written last, unless something else has begun after it."""
        return None if self.state.last is None else self.answer.last_written.get(None)

    def _check_new(self, family: str, index: int) -> None:
        if self.answer.find(family, index) is not None or (family == "content" and str(index) in self.state.others):
            raise InvalidEventError(f"{family} {index} began twice", code="ambiguous_part")

    def _part(self, family: str, index: int, event: Any) -> PartState:
        part = self.answer.find(family, index)
        if part is None:
            raise ambiguous(f"{text(event, 'type')} is for {family} {index}, which has not begun")
        return part

    # ------------------------------------------------------------------------------------------------------------------
    # the message

    def _finish(self, delta: Any) -> None:
        """End the message: only the part that began last may be cut."""
        answer = self.answer
        reason, error = blank_to_none(field(delta, "finish_reason")), _error_of(field(delta, "error"))
        end = "failed" if (reason or "").startswith("ERROR_") else _ENDS.get(reason or "", "cut")
        if error is not None or end == "failed":
            answer.report(reason, error, reason)
        if reason is None:
            return
        last = self._last()
        for part in answer.open_parts():
            is_cut = end != "done" and (part is last or not part.is_passed)
            answer.settle((part,), end if is_cut else "done", reason)
        answer.finish_choice(reason)


def _index(event: Any) -> int:
    index = index_of(event, "index")
    if index is None:
        raise ambiguous(f"{text(event, 'type')} has no index")
    return index


def _inner(event: Any, name: str) -> Any:
    """Return an object of the message. Raises `InvalidEventError` for a text or a list: it would be lost."""
    inner = event
    for each in ("delta", "message", name):
        inner = field(inner, each)
        if isinstance(inner, str) or is_list(inner):
            raise InvalidEventError(f"{each} is one object, not {shorten(inner)}")
    return inner


def _error_of(error: Any) -> str | None:
    return blank_to_none(error) or name_of(error, "message")
