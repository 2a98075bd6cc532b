"""Google ADK: the events of `/run_sse`, and of `Runner.run_async`.

    {"content": {"parts": [{"text": "Hi"}], "role": "model"}, "partial": true, "invocationId": "e-1", "author":
    "helper"}

Partial events have increments, which `gemini_content` reads. The event after them, with `partial` false or absent, has
the whole turn again: it ends the turn, adds what is missing, and says which container an empty one is. It is the only
one if the model does not stream. Several turns, of several authors, are one answer; what the user or a tool says is
none of it. Source: google-adk 2.13 (types, and its adapters run).
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define

from ..._json import is_object
from ..fields import blank_to_none, field, items, name_of, text
from ..part_state import EndOfPart, Kind, PartState
from ..provider import Provider, a_number
from .gemini import FINISH_REASONS, failure_message
from .gemini_content import ContentReader, ContentState, either

__all__ = ["ADK"]

_REASON: Final = ("finishReason", "finish_reason")
_ERROR: Final = ("errorCode", "error_code")
_MESSAGE: Final = ("errorMessage", "error_message")
_WITHOUT_CONTENT: Final = (
    "partial",
    "actions",
    "author",
    "turnComplete",
    "turn_complete",
    "usageMetadata",
    "usage_metadata",
)


@define
class _State(ContentState):
    first: int = a_number(0)  # the number of the turn's first part


class ADK(Provider):
    """Reads events of ADK."""

    name = "adk"
    protocols = ("ADK", "Gemini")
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event."""
        content = field(event, "content")
        if field(content, "role") != "user":
            if field(event, "partial") is True:
                ContentReader(self.answer, self.state, choice=None, is_repeated=True).read(content)
            elif items(content, "parts"):
                self._end_turn(event, content)
        code = blank_to_none(either(event, *_ERROR))
        if code is None and content is None and all(field(event, name) is None for name in _WITHOUT_CONTENT):
            self.answer.ignore()
        if code is not None and code != "STOP":
            self._fail(code, event)

    def _end_turn(self, event: Any, content: Any) -> None:
        """Compare the turn with its increments, and end it."""
        answer = self.answer
        turn = answer.states[self.state.first :]
        for kind, part in _runs(content):
            self._take(turn, kind, part)
        reason = blank_to_none(either(event, *_REASON))
        code = blank_to_none(either(event, *_ERROR))
        end: EndOfPart = FINISH_REASONS.get(code or reason or "STOP", "cut" if code is None else "failed")
        last = answer.states[-1:]
        answer.settle(answer.states[self.state.first : -1], "done", reason)
        if end != "failed":
            answer.settle(last, end, reason or code)
        if reason is not None:
            answer.finish = reason
        self.state = _State(first=len(answer.states))

    def _take(self, turn: list[PartState], kind: Kind, part: Any) -> None:
        """Take a whole part of a turn, which its increments may have brought."""
        answer = self.answer
        id = name_of(part, "id") if kind == "call" else None
        name = name_of(part, "name") if kind == "call" else None
        same = [state for state in turn if state.kind == kind]
        known = [state for state in same if id is not None and state.id == id] or [
            state for state in same if state.name == name and (state.id is None or id is None)
        ]
        state = known[0] if known else None
        if state is not None:
            turn.remove(state)
        else:
            state = answer.begin(
                (kind, len(answer.states)), kind, form="paths" if kind == "call" else None, id=id, name=name
            )
        if kind == "call":
            args: Any = field(part, "args")
            answer.name(state, id=id)
            answer.put(state, dict(args) if is_object(args) else {}, is_repeated=True)
        else:
            answer.repeat(state, part)

    def _fail(self, code: str, event: Any) -> None:
        """Report an error, which may be a reason of the model's end."""
        answer = self.answer
        end = FINISH_REASONS.get(code, "failed")
        if end == "failed":
            answer.report(
                code, name_of(event, "errorMessage") or name_of(event, "error_message") or failure_message(event)
            )
        answer.settle(answer.states[self.state.first :], end, code)
        answer.finish = code


def _runs(content: Any) -> list[tuple[Kind, Any]]:
    """Return the parts of a whole turn: the text of each run, and each call."""
    runs: list[tuple[Kind, Any]] = []
    for part in items(content, "parts"):
        call = either(part, "functionCall", "function_call")
        if call is not None:
            runs.append(("call", call))
            continue
        piece = text(part, "text")
        kind: Kind = "reasoning" if field(part, "thought") is True else "text"
        if piece and runs and runs[-1][0] == kind:
            runs[-1] = (kind, runs[-1][1] + piece)
        elif piece:
            runs.append((kind, piece))
    return runs
