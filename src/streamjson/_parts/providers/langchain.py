"""LangChain's `AIMessageChunk`, as `model.stream` yields them.

    AIMessageChunk(content="", tool_call_chunks=[{"name": "book", "args": "{\\"ci", "id": "call_1", "index": 0}])

Calls are read from `tool_call_chunks` only: content blocks and `additional_kwargs` have them again, and `tool_calls` is
parsed leniently, so that a cut call looks whole. The end is a reason in `response_metadata`, whose words depend on the
integration, or `chunk_position` "last". Source: langchain-core 1.8 (types).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..._errors import InvalidEventError
from ..fields import blank_to_none, field, items, name_of, text
from ..part_state import EndOfPart, Kind
from ..provider import Provider
from .calls import add_arguments, call_of_fragment, go_past

__all__ = ["LangChain"]

# The reasons of all integrations, in lower case.
_ENDS: Final[dict[str, EndOfPart]] = {
    **dict.fromkeys(
        ("stop", "tool_calls", "function_call", "end_turn", "tool_use", "stop_sequence", "pause_turn", "completed",
        "eos",
         "complete", "tool_call"),
        "done",
    ),
    **dict.fromkeys(
        ("length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded", "incomplete"),
        "length",
    ),
    **dict.fromkeys(
        ("content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content", "spii", "language",
         "guardrail_intervened", "content_filtered"),
        "filtered",
    ),
    **dict.fromkeys(("error", "malformed_function_call", "unexpected_tool_call", "other", "failed"), "failed"),
}  # fmt: skip
_OF_CALLS: Final = ("tool_use", "input_json_delta", "tool_call", "tool_call_chunk", "function_call")
_REASONS: Final = ("finish_reason", "stop_reason", "stopReason", "done_reason", "status")


class LangChain(Provider):
    """Reads chunks of LangChain."""

    name = "langchain"
    protocols = ("LangChain",)

    def read(self, event: Any) -> None:
        """Read a chunk."""
        if field(event, "type") != "AIMessageChunk":
            if field(event, "type") == "ai" and items(event, "tool_calls"):
                raise InvalidEventError("an AIMessage is a whole message, not a chunk: pass what model.stream() yields")
            self.answer.ignore()
            return
        answer = self.answer
        if items(event, "tool_calls") and not items(event, "tool_call_chunks"):
            raise InvalidEventError("a chunk with tool_calls and no tool_call_chunks is a whole message: stream it")
        self._append("reasoning", "", text(field(event, "additional_kwargs"), "reasoning_content"))
        content = field(event, "content")
        if isinstance(content, str):
            self._append("text", "", content)
        else:
            self._read_blocks(items(event, "content"))
        for fragment in items(event, "tool_call_chunks"):
            index = field(fragment, "index")
            name, arguments = name_of(fragment, "name"), field(fragment, "args")
            place = index if type(index) in (int, str) else None
            state = call_of_fragment(answer, None, place, name_of(fragment, "id"), name, arguments)
            if state is not None:
                add_arguments(answer, state, arguments)
        metadata = field(event, "response_metadata")
        details = field(metadata, "incomplete_details")
        reasons = (name_of(details, "reason"), *(blank_to_none(field(metadata, name)) for name in _REASONS))
        reason = next(filter(None, reasons), None)
        if reason is not None and reason != "FINISH_REASON_UNSPECIFIED":
            self._finish(reason)
        if field(event, "chunk_position") == "last" and None not in answer.finished:
            answer.settle_choice("done", None)

    def _read_blocks(self, blocks: Sequence[Any]) -> None:
        for block in blocks:
            kind = field(block, "type")
            place = str(field(block, "index") if field(block, "index") is not None else "")
            if isinstance(block, str):
                self._append("text", "", block)
            elif kind == "text":
                self._append("text", place, text(block, "text"))
            elif kind == "refusal":
                self._append("refusal", place, text(block, "refusal"))
            elif kind in ("thinking", "reasoning"):
                self._append("reasoning", place, text(block, kind))
                for summary in items(block, "summary"):
                    self._append("reasoning", place, text(summary, "text"))
            elif kind not in _OF_CALLS:
                self.answer.ignore()

    def _append(self, kind: Kind, place: str, piece: str) -> None:
        if piece:
            answer = self.answer
            go_past(answer, None, None)
            answer.append(answer.find(kind, place) or answer.begin((kind, place), kind), piece)

    def _finish(self, reason: str) -> None:
        end = _ENDS.get(reason.lower(), "cut")
        if end == "failed":
            self.answer.report(reason, None, reason)
        self.answer.settle_choice(end, reason)
