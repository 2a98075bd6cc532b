"""Anthropic Messages.

    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\\"city\\": "}}

| block | part | delta |
|---|---|---|
| `text` | text | `text_delta.text` |
| `thinking` | reasoning | `thinking_delta.thinking` |
| `tool_use` | call, executed by the client | `input_json_delta.partial_json` |
| `server_tool_use`, `mcp_tool_use` | call, executed by the provider | the same |
| others: results, `redacted_thinking`, `fallback`, `compaction` | none | |

The end of a block proves nothing: a block that a token limit cut is stopped first, and only `message_delta` says why.
So a block is done when it was stopped and another one has begun, the last one when there is a `stop_reason`. The
`input` of a start event is a placeholder, unless nothing else comes. Sources: anthropic 2.14 (types), recordings in
public issues.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from attrs import define

from ..._errors import InvalidEventError, shorten
from ..._json import is_object
from ..answer import ambiguous
from ..fields import blank_to_none, field, index_of, name_of, piece, text
from ..part_state import EndOfPart, PartState
from ..provider import Provider, an_optional, by_index

__all__ = ["Anthropic"]

_ENDS: Final[dict[str, EndOfPart]] = {
    "end_turn": "done",
    "tool_use": "done",
    "stop_sequence": "done",
    "pause_turn": "done",
    "compaction": "done",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "filtered",
}
_CALLS: Final[dict[str, Literal["client", "provider"]]] = {
    "tool_use": "client",
    "server_tool_use": "provider",
    "mcp_tool_use": "provider",
}
# The field that has the text of a delta, and the kind of part that it belongs to.
_DELTAS: Final = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "reasoning"),
    "input_json_delta": ("partial_json", "call"),
}
# Pings, and events by which the helper of anthropic's SDK says again what the others say.
_QUIET: Final = ("message_stop", "ping", "text", "thinking", "input_json", "citation", "signature")
_WITHOUT_TEXT: Final = frozenset({"signature_delta", "citations_delta", "compaction_delta"})


@define
class _State:
    message: bool | None = an_optional(bool)  # whether one has begun
    last: int | None = an_optional(int)  # the block that began last
    others: dict[str, bool] = by_index(bool)  # blocks that are no parts, by their index


class Anthropic(Provider):
    """Reads the events of a message."""

    name = "anthropic"
    protocols = ("Anthropic Messages",)
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event."""
        kind = text(event, "type")
        if kind == "content_block_delta":
            self._grow(event)
        elif kind == "content_block_start":
            self._begin_block(event)
        elif kind == "content_block_stop":
            self._stop_block(event)
        elif kind == "message_delta":
            reason = blank_to_none(field(field(event, "delta"), "stop_reason"))
            if reason is not None:
                self._finish(reason)
        elif kind == "message_start":
            if self.state.message:
                self.answer.new_run()
            self.state = _State(message=True)
        elif kind not in _QUIET:
            self.answer.ignore()

    def _begin_block(self, event: Any) -> None:
        answer, state = self.answer, self.state
        index, block = self._index(event), field(event, "content_block")
        if answer.find(index) is not None or str(index) in state.others:
            raise InvalidEventError(f"block {index} began twice", code="ambiguous_part")
        answer.settle_passed()
        state.last = index
        kind = text(block, "type")
        if kind == "text":
            answer.append(answer.begin((index,), "text", index=index), piece(block, "text"))
        elif kind == "thinking":
            answer.append(answer.begin((index,), "reasoning", index=index), piece(block, "thinking"))
        elif kind in _CALLS:
            part = answer.begin(
                (index,), "call", id=name_of(block, "id"), name=name_of(block, "name"), index=index,
                executed_by=_CALLS[kind],
            )  # fmt: skip
            given = field(block, "input")
            if is_object(given):
                part.first = dict(given) or None
            elif given is not None:
                part.first = piece(block, "input") or None
        else:
            state.others[str(index)] = True

    def _grow(self, event: Any) -> None:
        index, delta = self._index(event), field(event, "delta")
        kind = text(delta, "type")
        found = _DELTAS.get(kind)
        if found is None:
            if kind not in _WITHOUT_TEXT:
                self.answer.ignore()
            return
        name, part_kind = found
        part = self._part(index)
        if part is None:
            return
        if part.kind != part_kind:
            raise InvalidEventError(f"block {index} is {part.label}, and got a {shorten(kind)}", code="ambiguous_part")
        self.answer.append(part, piece(delta, name))

    def _stop_block(self, event: Any) -> None:
        index = self._index(event)
        part = self._part(index)
        if part is None:
            return
        if part.first is not None and part.is_empty:
            self.answer.write_first(part)
        self.answer.pass_by(part)
        if part is not self._last():
            self.answer.settle((part,), "done")

    def _last(self) -> PartState | None:
        """Return the block that was written last, unless one that is no part has begun after it."""
        return None if str(self.state.last) in self.state.others else self.answer.last_written.get(None)

    def _finish(self, reason: str) -> None:
        """End the message: only the block that began last may be cut."""
        answer = self.answer
        end = _ENDS.get(reason, "cut")
        last = self._last()
        is_cut = end != "done"
        for part in answer.open_parts():
            answer.settle((part,), end if part is last or (is_cut and not part.is_passed) else "done", reason)
        answer.finish_choice(reason)

    def _part(self, index: int) -> PartState | None:
        part = self.answer.find(index)
        if part is None and str(index) not in self.state.others:
            raise ambiguous(f"an event is for block {index}, which has not begun")
        return part

    def _index(self, event: Any) -> int:
        index = index_of(event, "index")
        if index is None:
            raise ambiguous(f"{shorten(field(event, 'type'))} has no index")
        return index
