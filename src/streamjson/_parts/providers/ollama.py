"""Ollama `/api/chat` and `/api/generate`: a JSON text on each line, or ollama's objects.

    {"model": "qwen3", "created_at": "2026-11-20T09:00:00Z", "message": {"content": "Hi"}, "done": false}

| where | part |
|---|---|
| `message.content`, `response` | text |
| `message.thinking`, `thinking` | reasoning |
| `message.tool_calls[]` | calls, each whole at once: `function.arguments` is an object |

Calls of several chunks are several calls, also with the same name or `function.index`. Only `done` proves an end; its
`done_reason` may say that a limit came. Ignored: `context`, durations and counts, `logprobs`, images.
Sources: ollama 0.6 (types), Ollama's documentation of its API, recordings in public issues.
"""

from __future__ import annotations

from typing import Any, Final

from ..._errors import InvalidEventError
from ..._json import is_object
from ..answer import ambiguous
from ..fields import blank_to_none, field, index_of, items, name_of, piece
from ..part_state import EndOfPart, Kind
from ..provider import Provider
from .calls import add_arguments

__all__ = ["Ollama"]

_ENDS: Final[dict[str | None, EndOfPart]] = {
    None: "done",
    "stop": "done",
    "load": "done",  # of a request without a prompt
    "unload": "done",
    "length": "length",
}


class Ollama(Provider):
    """Reads responses of `/api/chat` and `/api/generate`."""

    name = "ollama"
    protocols = ("Ollama",)

    def read(self, event: Any) -> None:
        """Read a response."""
        message, is_done = field(event, "message"), field(event, "done") is True
        is_message = message is not None and not isinstance(message, str)
        if not is_message and field(event, "created_at") is None and not is_done:
            self.answer.ignore()
            return
        self._append("reasoning", piece(event, "thinking") + piece(message, "thinking"))
        self._append("text", piece(event, "response") + piece(message, "content"))
        if is_object(field(message, "tool_calls")):
            raise InvalidEventError("tool_calls is a list, not an object")
        for call in items(message, "tool_calls"):
            self._read_call(call)
        if is_done and None not in self.answer.finished:
            reason = blank_to_none(field(event, "done_reason"))
            self.answer.settle_choice(_ENDS.get(reason, "cut"), reason)

    def _append(self, kind: Kind, more: str) -> None:
        if more:
            answer = self.answer
            answer.append(answer.find(kind) or answer.begin((kind,), kind), more)

    def _read_call(self, call: Any) -> None:
        answer = self.answer
        function = field(call, "function")
        name, arguments = name_of(function, "name"), field(function, "arguments")
        if name is None:
            raise ambiguous("a call has no name")
        state = answer.begin(
            ("call", len(answer.states)), "call", id=name_of(call, "id"), name=name, index=index_of(function, "index")
        )
        add_arguments(answer, state, {} if arguments is None else arguments)
        answer.pass_by(state)
