"""OpenAI Chat Completions, and every compatible server: Azure, Groq, Mistral, OpenRouter, LiteLLM, vLLM, llama.cpp.

    {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": null}]}

| where | what |
|---|---|
| `delta.content` | text; a list of chunks at Mistral: `text`, `thinking` |
| `delta.reasoning_content`, `reasoning`, `thinking_blocks` | reasoning; several of them repeat each other |
| `delta.refusal` | refusal |
| `delta.tool_calls[]` | fragments of calls, see `calls`; `custom` has text as its input |
| `delta.function_call` | the one call of the older API |
| `finish_reason` | the end of the choice; "" is none |

Calls may be interleaved, so none is proved before the `finish_reason`. Ignored: `message` beside `delta` (all so far),
`obfuscation`, `logprobs`, `usage`, `audio`. Sources: openai 3.57, mistralai 3.7 and litellm 1.110 (types), recordings
in public issues.
"""

from __future__ import annotations

from typing import Any, Final

from ..._errors import InvalidEventError, shorten
from ..._json import is_list
from ..answer import ambiguous
from ..fields import blank_to_none, field, index_of, items, name_of, piece, text
from ..part_state import Encoding, EndOfPart, Kind
from ..provider import Provider
from .calls import add_arguments, call_of_fragment, go_past

__all__ = ["OpenAIChat"]

_ENDS: Final[dict[str, EndOfPart]] = {
    "stop": "done",
    "tool_calls": "done",
    "function_call": "done",
    "eos": "done",  # Together
    "length": "length",
    "model_length": "length",  # Mistral
    "content_filter": "filtered",
    "error": "failed",
    "abort": "aborted",  # SGLang, vLLM
}
_WITHOUT_TEXT: Final = ("reference", "image_url", "document_url", "file")
# Events by which the helper of openai's SDK says again what its chunks say.
_OF_HELPER: Final = ("content.", "refusal.", "tool_calls.", "logprobs.")
_REASONING: Final = ("reasoning_content", "reasoning")


class OpenAIChat(Provider):
    """Reads chunks of Chat Completions."""

    name = "openai_chat"
    protocols = ("OpenAI Chat Completions",)

    def read(self, event: Any) -> None:
        """Read a chunk."""
        if not is_list(field(event, "choices")):
            if not text(event, "type").startswith(_OF_HELPER):
                self.answer.ignore()
            return
        for choice in items(event, "choices"):
            self._read_choice(choice)

    def _read_choice(self, choice: Any) -> None:
        answer = self.answer
        number = index_of(choice, "index")
        if number is None:
            if field(choice, "index") is not None:
                raise ambiguous(f"the index of a choice is {shorten(field(choice, 'index'))}")
            number = 0
        delta = field(choice, "delta")
        if delta is None and field(choice, "message") is not None:
            raise InvalidEventError("this is a whole response of Chat Completions, not a chunk: request stream=True")
        if delta is not None:
            self._read_reasoning(number, delta)
            self._read_content(number, field(delta, "content"))
            self._append(number, "refusal", piece(delta, "refusal"))
            for fragment in items(delta, "tool_calls"):
                self._read_fragment(number, fragment)
            call = field(delta, "function_call")
            if call is not None:
                self._read_function_call(number, call)
        reason = blank_to_none(field(choice, "finish_reason"))
        if reason is not None:
            end = _ENDS.get(reason, "cut")
            if end == "failed":
                answer.report(reason, None, reason)
            answer.settle_choice(end, reason, number)

    def _read_reasoning(self, choice: int, delta: Any) -> None:
        for name in _REASONING:
            reasoning = text(delta, name)
            if reasoning:
                self._append(choice, "reasoning", reasoning)
                return
        for block in items(delta, "thinking_blocks"):
            self._append(choice, "reasoning", text(block, "thinking"))

    def _read_content(self, choice: int, content: Any) -> None:
        if isinstance(content, str):
            self._append(choice, "text", content)
            return
        if content is not None and not is_list(content):
            piece({"content": content}, "content")
        for chunk in content or ():
            kind = field(chunk, "type")
            if kind == "text" or (kind is None and field(chunk, "text") is not None):
                self._append(choice, "text", piece(chunk, "text"))
            elif kind == "thinking":
                self._append(choice, "reasoning", text(chunk, "thinking"))
                for inner in items(chunk, "thinking"):
                    self._append(choice, "reasoning", text(inner, "text"))
            elif kind not in _WITHOUT_TEXT:
                self.answer.ignore()

    def _append(self, choice: int, kind: Kind, more: str) -> None:
        if more:
            answer = self.answer
            go_past(answer, choice, None)
            state = answer.find(kind, choice) or answer.begin((kind, choice), kind, choice=choice)
            answer.append(state, more)

    def _read_function_call(self, choice: int, call: Any) -> None:
        answer = self.answer
        go_past(answer, choice, answer.find("function_call", choice))
        state = answer.find("function_call", choice) or answer.begin(("function_call", choice), "call", choice=choice)
        answer.name(state, name=name_of(call, "name"))
        add_arguments(answer, state, field(call, "arguments"))

    def _read_fragment(self, choice: int, fragment: Any) -> None:
        index, id = index_of(fragment, "index"), name_of(fragment, "id")
        custom = field(fragment, "custom")
        if custom is not None:
            self._add(choice, index, id, name_of(custom, "name"), field(custom, "input"), is_custom=True)
            return
        function = field(fragment, "function")
        self._add(choice, index, id, name_of(function, "name"), field(function, "arguments"))

    def _add(
        self,
        choice: int,
        index: int | None,
        id: str | None,
        name: str | None,
        arguments: Any,
        *,
        is_custom: bool = False,
    ) -> None:
        answer = self.answer
        encoding: Encoding = "text" if is_custom else "json"
        state = call_of_fragment(answer, choice, index, id, name, arguments, encoding)
        if state is not None:
            add_arguments(answer, state, arguments)
