"""Gemini `streamGenerateContent`, of the Developer API and of Vertex, from the wire or as google-genai's objects.

    {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}

`gemini_content` reads the parts of a candidate. Some proxies send `STOP` in empty chunks at the beginning, so that is
the end of a candidate only if nothing follows; every other reason counts at once. Source: google-genai 2.34 (types).
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define

from ..fields import blank_to_none, either, field, index_of, items, name_of
from ..part_state import EndOfPart
from ..provider import Provider, by_index
from .gemini_content import ContentReader, ContentState

__all__ = ["FINISH_REASONS", "Gemini", "failure_message"]

FINISH_REASONS: Final[dict[str, EndOfPart]] = {
    "STOP": "done",
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY", "JAILBREAK",
         "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR"),
        "filtered",
    ),
    **dict.fromkeys(
        ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "OTHER", "NO_IMAGE", "IMAGE_OTHER",
         "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"),
        "failed",
    ),
}  # fmt: skip
_WITHOUT_CANDIDATES: Final = (
    "candidates", "promptFeedback", "prompt_feedback", "usageMetadata", "usage_metadata", "responseId", "response_id",
)  # fmt: skip


@define
class _State:
    contents: dict[str, ContentState] = by_index(ContentState)  # by the index of the candidate
    stopped: dict[str, str] = by_index(str)  # the reasons of candidates that end if nothing follows


class Gemini(Provider):
    """Reads responses of `streamGenerateContent`."""

    name = "gemini"
    protocols = ("Gemini", "ADK")
    state_type = _State

    def read(self, event: Any) -> None:
        """Read a response."""
        candidates = items(event, "candidates")
        if not candidates and all(field(event, name) is None for name in _WITHOUT_CANDIDATES):
            self.answer.ignore()
        for candidate in candidates:
            self._read_candidate(candidate)
        feedback = either(event, "promptFeedback", "prompt_feedback")
        reason = blank_to_none(either(feedback, "blockReason", "block_reason"))
        if reason is not None and not candidates:
            self.answer.settle(self.answer.open_parts(of_all=True), "filtered", reason)
            self.answer.finish_choice(reason, 0)

    def _read_candidate(self, candidate: Any) -> None:
        index = index_of(candidate, "index") or 0
        content = field(candidate, "content")
        parts = items(content, "parts")
        if parts:
            if any(field(part, "text") != "" for part in parts):  # "" carries a signature, or the reason
                self.state.stopped.pop(str(index), None)
            contents = self.state.contents
            state = contents.get(str(index))
            if state is None:
                state = contents[str(index)] = ContentState()
            ContentReader(self.answer, state, choice=index).read(content)
        reason = blank_to_none(either(candidate, "finishReason", "finish_reason"))
        if reason is None or reason == "FINISH_REASON_UNSPECIFIED":
            return
        if reason == "STOP":
            self.state.stopped[str(index)] = reason
            self.answer.finish = reason
            return
        self.state.stopped.pop(str(index), None)
        if FINISH_REASONS.get(reason) == "failed":
            self.answer.report(reason, failure_message(candidate), reason)
        self.answer.settle_choice(FINISH_REASONS.get(reason, "cut"), reason, index)

    def end(self, *, is_done: bool) -> None:
        """End the candidates that have stopped, and what is open."""
        for index, reason in self.state.stopped.items():
            self.answer.settle_choice("done", reason, int(index))
        super().end(is_done=is_done)


def failure_message(of: Any) -> str | None:
    """Return the message beside a reason."""
    return name_of(of, "finishMessage") or name_of(of, "finish_message")
