"""Google ADK: the events of `/run_sse`, and of `Runner.run_async`.

    {"content": {"parts": [{"text": "Hi"}], "role": "model"}, "partial": true, "author": "helper"}

Partial events have increments, which `gemini_content` reads. The event after them, with `partial` false or absent, has
the whole turn again: it ends the turn, adds what is missing, and says which container an empty one is. It is the only
one if the model does not stream. Several turns are one answer, also of several agents in parallel, told apart by author
and branch; what the user or a tool says is none of it. Source: google-adk 2.13 (types, and its adapters run).
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define

from ..fields import blank_to_none, either, field, items, name_of, text
from ..part_state import EndOfPart, Form, Kind, PartState
from ..provider import Provider, by_text, numbers
from .gemini import FINISH_REASONS, failure_message
from .gemini_content import ContentReader, ContentState, arguments_of

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
class _Turn(ContentState):
    parts: list[int] = numbers()  # by their number, those of the turn


@define
class _State:
    turns: dict[str, _Turn] = by_text(_Turn)  # by branch and author: agents may speak in parallel


class ADK(Provider):
    """Reads events of ADK."""

    name = "adk"
    protocols = ("ADK", "Gemini")
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event."""
        content = field(event, "content")
        code = blank_to_none(either(event, *_ERROR))
        if code is None and content is None and all(field(event, name) is None for name in _WITHOUT_CONTENT):
            self.answer.ignore()
            return
        speaker = f"{text(event, 'branch')}/{text(event, 'author')}"
        turn = self.state.turns.get(speaker)
        if turn is None:
            turn = self.state.turns[speaker] = _Turn()
        if field(content, "role") != "user":
            before = len(self.answer.states)
            if field(event, "partial") is True:
                ContentReader(self.answer, turn, choice=None, is_repeated=True).read(content)
                turn.parts += range(before, len(self.answer.states))
            elif items(content, "parts"):
                self._end_turn(event, content, turn)
                self.state.turns[speaker] = _Turn(
                    parts=[part.number for part in self._parts(turn) if part.end == "open"]
                )
        if code is not None and code != "STOP":
            self._report(code, event, turn)

    def _parts(self, turn: _Turn) -> list[PartState]:
        states = self.answer.states
        return [states[number] for number in turn.parts if 0 <= number < len(states)]

    def _end_turn(self, event: Any, content: Any, turn: _Turn) -> None:
        """Compare the turn with its increments, and end what it has."""
        answer = self.answer
        streamed = self._parts(turn)
        taken = [self._take(streamed, kind, part) for kind, part in _runs(content)]
        turn.parts += [state.number for state in taken if state.number not in turn.parts]
        reason = blank_to_none(either(event, *_REASON))
        code = blank_to_none(either(event, *_ERROR))
        end: EndOfPart = FINISH_REASONS.get(code or reason or "STOP", "cut" if code is None else "failed")
        for state in taken:
            is_cut = state is taken[-1] or state.kind == "call"
            if end != "failed" or not is_cut:
                answer.settle((state,), end if is_cut else "done", reason or code)
        if reason is not None:
            answer.finish = reason

    def _take(self, streamed: list[PartState], kind: Kind, part: Any) -> PartState:
        """Take a whole part of a turn, which its increments may have brought."""
        answer = self.answer
        id = name_of(part, "id") if kind == "call" else None
        name = name_of(part, "name") if kind == "call" else None
        same = [state for state in streamed if state.kind == kind]
        known = [state for state in same if id is not None and state.id == id] or [
            state for state in same if state.name == name and (state.id is None or id is None)
        ]
        state = known[0] if known else None
        if state is not None:
            streamed.remove(state)
        else:
            form: Form | None = "paths" if kind == "call" else None
            state = answer.begin((kind, len(answer.states)), kind, form=form, id=id, name=name)
        if kind == "call":
            args: Any = field(part, "args")
            answer.name(state, id=id)
            answer.put(state, {} if args is None else arguments_of(state, args), is_repeated=True)
        else:
            answer.repeat(state, part)
        return state

    def _report(self, code: str, event: Any, turn: _Turn) -> None:
        """Report an error, which may be a reason of the model's end."""
        answer = self.answer
        end = FINISH_REASONS.get(code, "failed")
        if end == "failed":
            answer.report(code, blank_to_none(either(event, *_MESSAGE)) or failure_message(event))
        answer.settle(self._parts(turn), end, code)
        answer.finish = code


def _runs(content: Any) -> list[tuple[Kind, Any]]:
    """Return the parts of a whole turn: the text of each run, and each call."""
    runs: list[tuple[Kind, Any]] = []
    can_go_on = False
    for part in items(content, "parts"):
        call = either(part, "functionCall", "function_call")
        if call is not None:
            runs.append(("call", call))
        piece = text(part, "text")
        kind: Kind = "reasoning" if field(part, "thought") is True else "text"
        if piece and can_go_on and runs[-1][0] == kind:
            runs[-1] = (kind, runs[-1][1] + piece)
        elif piece:
            runs.append((kind, piece))
        can_go_on = isinstance(field(part, "text"), str) and bool(runs) and runs[-1][0] != "call"
    return runs
