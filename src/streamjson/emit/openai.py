"""The chunks of OpenAI Chat Completions: what every client for a compatible server reads.

    data: {"id":…,…,"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}

A document is sent as the arguments of a call (`as_="tool"`) or as content (`"content"`); the parts of an answer as
content, reasoning, refusals and calls of their choices. An id or a name is sent once, because clients append them. A
cut looks like an end to clients, so a failure is an `error`, and nothing follows. Source: openai 3.57, run.
"""

from __future__ import annotations

import os
import time
from typing import Any, Final, Literal, Unpack

from .._errors import shorten
from .._view import Snapshot
from .body import Body, Brought, DocumentBody, PartsBody, SentPart
from .emitter import Emitter, EmitterOptions
from .encoding import DONE, sse
from .json_text import JSONText

__all__ = ["OpenAI"]

Form = Literal["tool", "content"]

_REASONS: Final = {"done": "stop", "length": "length", "filtered": "content_filter"}
_FIELDS: Final = {"text": "content", "reasoning": "reasoning_content", "refusal": "refusal"}


class OpenAI(Emitter):
    """Sends a document, or an answer, as chunks of OpenAI Chat Completions.

    `model` is what the chunks say, and `completion_id`, a new one by default, and `created`, the time in seconds since
    1970, now by default.
    `as_` is how a document is sent (see the module), `name` the name of its tool and `id` the id of the call. Options
    as `Emitter`.

    >>> import json
    >>> import streamjson as sj
    >>> out = sj.emit.OpenAI(model="trip-1", name="trip", min_interval_s=0)
    >>> assembler = sj.Assembler()
    >>> _ = assembler.apply_delta("title", "Lis")
    >>> sent = list(sj.decode_sse(out.update(assembler.snapshot())))[-1].data
    >>> json.loads(sent)["choices"][0]["delta"]
    {'tool_calls': [{'index': 0, 'function': {'arguments': '{"title":"Lis'}}]}
    """

    def __init__(
        self,
        *,
        model: str = "streamjson",
        completion_id: str | None = None,
        created: int | None = None,
        as_: Form = "tool",
        name: str = "document",
        id: str = "call_1",
        **options: Unpack[EmitterOptions],
    ) -> None:
        super().__init__(**options)
        if as_ not in ("tool", "content"):
            raise ValueError(f"as_ is 'tool' or 'content', not {shorten(as_)}")
        self._as, self._name, self._id = as_, name, id
        self._chunk = _Chunk(
            f"chatcmpl-{os.urandom(8).hex()}" if completion_id is None else completion_id,
            int(time.time()) if created is None else created,
            model,
        )

    def _document(self) -> Body:
        return _Document(self._chunk, (self._id, self._name) if self._as == "tool" else None)

    def _parts(self) -> Body:
        return _Parts(self._chunk)

    def _closing(self) -> bytes:
        if isinstance(self._body, _Parts):
            return self._body.finish() + DONE
        return self._chunk({}, reason="tool_calls" if self._as == "tool" else "stop") + DONE

    def _failing(self, message: str, code: str) -> bytes:
        return sse({"error": {"message": message, "type": "stream_failed", "code": code}})


class _Chunk:
    """Makes the chunks of one completion."""

    def __init__(self, id: str, created: int, model: str) -> None:
        self._facts: dict[str, Any] = {
            "id": id, "object": "chat.completion.chunk", "created": created, "model": model,
        }  # fmt: skip

    def __call__(self, delta: dict[str, Any], choice: int = 0, reason: str | None = None) -> bytes:
        return sse({**self._facts, "choices": [{"index": choice, "delta": delta, "finish_reason": reason}]})


class _Document(DocumentBody):
    """The JSON text of the document, as the arguments of a call or as content."""

    def __init__(self, chunk: _Chunk, call: tuple[str, str] | None) -> None:
        super().__init__()
        self._chunk, self._call = chunk, call
        self._text = JSONText()
        self._has_begun = False

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        frames = b""
        if not self._has_begun:
            self._has_begun = True
            frames = self._chunk(self._beginning())
        more = ""
        if snapshot is not None:
            more = self._text.close(snapshot) if is_last else self._text.update(snapshot)
        if more:
            frames += self._chunk({"content": more} if self._call is None else _arguments(0, more))
        return Brought(frames, len(frames))

    def _beginning(self) -> dict[str, Any]:
        if self._call is None:
            return {"role": "assistant", "content": ""}
        return {"role": "assistant", "content": None, "tool_calls": [_call(0, *self._call)]}


def _call(index: int, id: str, name: str) -> dict[str, Any]:
    return {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}


def _arguments(index: int, more: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": {"arguments": more}}]}


class _Parts(PartsBody):
    """The parts of an answer, each in the field of its kind."""

    def __init__(self, chunk: _Chunk) -> None:
        super().__init__("call")
        self._chunk = chunk
        self._choices: dict[int, int] = {}  # how many calls each has
        self._indexes: dict[SentPart, int] = {}

    def begin(self, sent: SentPart) -> bytes:
        part = sent.part
        if part.executed_by == "provider":  # a client would execute it again
            return b""
        choice = part.choice or 0
        delta: dict[str, Any] = {} if choice in self._choices else {"role": "assistant"}
        index = self._choices.setdefault(choice, 0)
        if part.kind == "call":
            self._choices[choice] += 1
            self._indexes[sent] = index
            delta["tool_calls"] = [_call(index, sent.id, part.name or "")]
        return self._chunk(delta, choice) if delta else b""

    def grow(self, sent: SentPart, more: str) -> bytes:
        part = sent.part
        if part.executed_by == "provider":
            return b""
        delta = _arguments(self._indexes[sent], more) if part.kind == "call" else {_FIELDS[part.kind]: more}
        return self._chunk(delta, part.choice or 0)

    def end(self, sent: SentPart) -> bytes:  # noqa: ARG002  # only a choice ends
        return b""

    def finish(self) -> bytes:
        """Return the reasons for which the choices ended."""
        return b"".join(self._chunk({}, choice, self._reason(choice)) for choice in self._choices or (0,))

    def _reason(self, choice: int) -> str:
        ends = {part.end for part in self.sent if (part.choice or 0) == choice}
        end = "length" if "length" in ends else "filtered" if "filtered" in ends else "done"
        has_calls = any(part.executed_by == "client" and (part.choice or 0) == choice for part in self.sent)
        return "tool_calls" if end == "done" and has_calls else _REASONS[end]
