"""Amazon Bedrock `ConverseStream`, as boto3 yields its events, and gateways that send them as JSON.

    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{\\"city\\": "}}}}

| block | part | begins with | delta |
|---|---|---|---|
| text | text | its first delta | `text` |
| reasoning | reasoning | its first delta | `reasoningContent.text` |
| `toolUse` | call; of type `server_tool_use` executed by the provider | `contentBlockStart` | `toolUse.input` |
| others: `toolResult`, `image`, reasoning that is redacted | none | either | |

Blocks end as at Anthropic: a block is done when it was stopped and another one has begun, the last one when there is a
`stopReason`. Some gateways send neither starts nor stops; the input of a call that has not begun is refused. Exceptions
are members of the stream: boto3 raises them, a gateway sends them. Source: botocore 1.44 (its service model, and its
parser run).
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define

from ..._errors import InvalidEventError, shorten
from ..._json import is_object
from ..answer import ambiguous
from ..fields import blank_to_none, field, index_of, name_of, piece
from ..part_state import EndOfPart, Kind, PartState
from ..provider import Provider, an_optional, by_index

__all__ = ["Bedrock"]

_ENDS: Final[dict[str, EndOfPart]] = {
    "end_turn": "done",
    "tool_use": "done",
    "stop_sequence": "done",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "filtered",
    "content_filtered": "filtered",
    "malformed_tool_use": "failed",
    "malformed_model_output": "failed",
}
_WITHOUT_TEXT: Final = ("toolResult", "image")
_KINDS: Final = ("toolUse", "reasoningContent", "text")
_QUIET: Final = (*_WITHOUT_TEXT, "citation", "reasoningContent")  # deltas that have no text of a part, or not always


@define
class _State:
    message: bool | None = an_optional(bool)  # whether one has begun
    last: int | None = an_optional(int)  # the block that began last
    others: dict[str, bool] = by_index(bool)  # blocks that are no parts, by their index; with False, not yet


class Bedrock(Provider):
    """Reads the events of a message."""

    name = "bedrock"
    protocols = ("Bedrock ConverseStream",)
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event: its one member says what it is."""
        if (member := field(event, "contentBlockDelta")) is not None:
            self._grow(member)
        elif (member := field(event, "contentBlockStart")) is not None:
            self._start_block(member)
        elif (member := field(event, "contentBlockStop")) is not None:
            self._stop_block(member)
        elif (member := field(event, "messageStop")) is not None:
            reason = blank_to_none(field(member, "stopReason"))
            if reason is not None:
                self._finish(reason)
        elif field(event, "messageStart") is not None:
            if self.state.message or self.answer.states:
                self.answer.new_run()
            self.state = _State(message=True)
        elif field(event, "metadata") is None:
            self._read_other(event)

    def _read_other(self, event: Any) -> None:
        """Report an exception, which comes in the place of an event."""
        for name in event if is_object(event) else ():
            if str(name).endswith("Exception"):
                exception = field(event, name)
                self.answer.report(name, name_of(exception, "message") or blank_to_none(exception))
        self.answer.ignore()

    # ------------------------------------------------------------------------------------------------------------------
    # blocks

    def _start_block(self, member: Any) -> None:
        answer, others = self.answer, self.state.others
        index, start = self._index(member, "contentBlockStart"), field(member, "start")
        if answer.find(index) is not None or str(index) in others:
            raise InvalidEventError(f"block {index} began twice", code="ambiguous_part")
        tool = field(start, "toolUse")
        if tool is not None:
            name = name_of(tool, "name")
            if name is None:
                raise InvalidEventError(f"the call of block {index} has no name")
            self._note_begin(index)
            answer.begin(
                (index,), "call", id=name_of(tool, "toolUseId"), name=name, index=index,
                executed_by="provider" if field(tool, "type") == "server_tool_use" else "client",
            )  # fmt: skip
        elif field(start, "text") is not None:  # from a gateway
            self._append(index, "text", piece(start, "text"))
        else:
            self._note_begin(index)
            others[str(index)] = any(field(start, name) is not None for name in _WITHOUT_TEXT)

    def _grow(self, member: Any) -> None:
        index, delta = self._index(member, "contentBlockDelta"), field(member, "delta")
        tool, reasoning = field(delta, "toolUse"), field(delta, "reasoningContent")
        if isinstance(delta, str) or sum(field(delta, name) is not None for name in _KINDS) > 1:
            raise InvalidEventError(f"the delta of block {index} has not one kind of content", code="ambiguous_part")
        if tool is not None:
            self._append(index, "call", piece(tool, "input"))
        elif field(reasoning, "text") is not None:
            self._append(index, "reasoning", piece(reasoning, "text"))
        elif field(delta, "text") is not None:
            self._append(index, "text", piece(delta, "text"))
        else:
            if self.answer.find(index) is None and str(index) not in self.state.others:
                self._note_begin(index)
                self.state.others[str(index)] = False
            if all(field(delta, name) is None for name in _QUIET):
                self.answer.ignore()

    def _append(self, index: int, kind: Kind, text: str) -> None:
        answer, others = self.answer, self.state.others
        part = answer.find(index)
        if part is None:
            if kind == "call":
                raise ambiguous(f"input of a tool came for block {index}, which has not begun as one")
            if others.get(str(index)):
                raise InvalidEventError(f"block {index} is no text, and got a {kind} delta", code="ambiguous_part")
            if others.pop(str(index), None) is None:
                self._note_begin(index)
            part = answer.begin((index,), kind, index=index)
        if part.kind != kind:
            raise InvalidEventError(f"block {index} is {part.label}, and got a {kind} delta", code="ambiguous_part")
        answer.append(part, text)

    def _note_begin(self, index: int) -> None:
        """Note that a block begins: those that were stopped are done."""
        answer = self.answer
        answer.settle_passed()
        self.state.last = index

    def _stop_block(self, member: Any) -> None:
        index = self._index(member, "contentBlockStop")
        part = self.answer.find(index)
        if part is not None:
            self.answer.pass_by(part)
            if part is not self._last():
                self.answer.settle((part,), "done")
        elif str(index) not in self.state.others:
            raise ambiguous(f"block {index} stopped, and has not begun")

    def _last(self) -> PartState | None:
        """Return the block that was written last, unless one that is no part has begun after it."""
        return None if str(self.state.last) in self.state.others else self.answer.last_written.get(None)

    def _finish(self, reason: str) -> None:
        """End the message: only the block that began last may be cut."""
        answer = self.answer
        end = _ENDS.get(reason, "cut")
        if end == "failed":
            answer.report(reason, None, reason)
        last = self._last()
        for part in answer.open_parts():
            is_cut = end != "done" and (part is last or not part.is_passed)
            answer.settle((part,), end if is_cut else "done", reason)
        answer.finish_choice(reason)

    def _index(self, member: Any, name: str) -> int:
        index = index_of(member, "contentBlockIndex")
        if index is None:
            raise ambiguous(f"{name} has no contentBlockIndex, but {shorten(member)}")
        return index
