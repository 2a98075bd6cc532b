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

from collections.abc import Iterable, Sequence
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
_FIELDS: Final = (
    "reasoning_content", "reasoning", "thinking_blocks", "content", "refusal", "tool_calls", "function_call",
)  # fmt: skip


class OpenAIChat(Provider):
    """Reads chunks of Chat Completions."""

    name = "openai_chat"
    protocols = ("OpenAI Chat Completions",)

    def read(self, event: Any) -> None:
        """Read a chunk."""
        if text(event, "object") == "text_completion":
            raise InvalidEventError("this is an event of the older API for completions, which is not read")
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
            self._read_delta(number, delta)
        reason = field(choice, "finish_reason")
        reason = None if reason is None else blank_to_none(reason)
        if reason is not None:
            end = _ENDS.get(reason, "cut")
            if end == "failed":
                answer.report(reason, None, reason)
            answer.settle_choice(end, reason, number)

    def _read_delta(self, choice: int, delta: Any) -> None:
        has_reasoning = False
        names: Iterable[str] = _names_of(delta)
        for name in names:
            value = field(delta, name)
            if not value or name not in _FIELDS:
                continue
            if name == "tool_calls":
                for fragment in self._listed(delta, name):
                    self._read_fragment(choice, fragment)
            elif name == "content":
                self._read_content(choice, value)
            elif name == "refusal":
                self._append(choice, "refusal", piece(delta, name))
            elif name == "function_call":
                self._read_function_call(choice, value)
            elif not has_reasoning:
                has_reasoning = self._read_reasoning(choice, value)

    def _listed(self, delta: Any, name: str) -> Sequence[Any]:
        """Return the items of a list. Raises `InvalidEventError` for anything else: it would be lost."""
        found = items(delta, name)
        if not found:
            raise InvalidEventError(f"{name} is a list, not {shorten(field(delta, name))}")
        return found

    def _read_reasoning(self, choice: int, value: Any) -> bool:
        """Read reasoning, text or a list of blocks; return whether there was any."""
        if isinstance(value, str):
            self._append(choice, "reasoning", value)
            return True
        blocks = [text(block, "thinking") for block in value] if is_list(value) else []
        for block in blocks:
            self._append(choice, "reasoning", block)
        return any(blocks)

    def _read_content(self, choice: int, content: Any) -> None:
        if isinstance(content, str):
            self._append(choice, "text", content)
            return
        if not is_list(content):
            raise InvalidEventError(f"content is text or a list of chunks, not {shorten(content)}")
        for chunk in content:
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
        # Hot: nearly every fragment is a piece of the arguments of the call that was written last.
        function = field(fragment, "function")
        arguments = field(function, "arguments")
        if field(fragment, "id") is None and type(arguments) is str and field(function, "name") is None:
            answer = self.answer
            state = answer.find("at", choice, index_of(fragment, "index"))
            if state is not None and state is answer.last_written.get(choice) and not state.is_valued:
                answer.append(state, arguments)
                return
        index, id = index_of(fragment, "index"), name_of(fragment, "id")
        custom = field(fragment, "custom")
        if custom is not None:
            self._add(choice, index, id, name_of(custom, "name"), field(custom, "input"), is_custom=True)
            return
        self._add(choice, index, id, name_of(function, "name"), arguments)

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


def _names_of(delta: Any) -> Iterable[str]:
    """Return the names of the fields to look at: hot, so of a dict only those that it has."""
    given = delta
    return given if type(delta) is dict else _FIELDS
