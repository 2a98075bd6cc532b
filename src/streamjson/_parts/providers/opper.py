"""Opper's functions, streamed: the newer API (v3), and the older one (v2), whose events have deltas and paths.

    {"type": "tool_call_delta", "tool_call_index": 0, "tool_call_args": "{\\"city\\": "}

| event of v3 | what it brings |
|---|---|
| `content` | more of the one text, in `delta`; JSON if the function has a schema |
| `tool_call_start`, `tool_call_delta` | a call, by `tool_call_index` |
| `done` | the end of all, without a reason: a cut by a limit can't be seen |
| `data` and `meta`, without a type (the SSE event `complete`) | the document as a value: the text once more, or alone |

An event of v2 is a chunk of deltas and paths, as `assemble` reads it, and the answer is one document: JSON by paths, or
text without paths. Only `[DONE]` proves its end. A stream has events of one of the two. Sources: opperai 2.1 and 1.7
(types).
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, Final

from attrs import define

from ..._dialects import Chunks, Delta, Failed, Foreign, NewRun, Nothing
from ..._errors import InvalidEventError, StreamJSONError, shorten
from ..._json import decode_json
from ..._wire import ServerSentEvent
from ..answer import ambiguous
from ..fields import field, has_any, index_of, name_of, of_chunks, piece, text
from ..part_state import Form, PartState, is_equal
from ..provider import Provider, an_optional

__all__ = ["Opper"]

_TYPES: Final = ("content", "tool_call_start", "tool_call_delta", "done", "complete", "")


@define
class _State:
    has_chunks: bool | None = an_optional(bool)  # whether the events are those of v2; None before the first
    is_done: bool | None = an_optional(bool)  # after the event `done`
    span_id: str | None = an_optional(str)  # of v2


class Opper(Provider):
    """Reads the events of a function."""

    name = "opper"
    protocols = ("Opper v3",)
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event."""
        kind, state = text(event, "type"), self.state
        is_chunk = of_chunks(event) or (not kind and has_any(event, "delta"))
        if is_chunk and state.has_chunks is False:
            raise InvalidEventError(
                "this is an event of deltas and paths, in a stream of Opper v3", code="foreign_event"
            )
        if is_chunk or state.has_chunks:
            state.has_chunks = True
            self._read_chunk(event)
        elif kind not in _TYPES or (not kind and not has_any(event, "data", "meta")):
            self.answer.ignore()
        else:
            state.has_chunks = False
            self._read_typed(event, kind)

    def end(self, *, is_done: bool) -> None:
        """End what is open, as done if it came by deltas and paths and `[DONE]` followed."""
        if is_done and self.state.has_chunks:
            self.answer.settle(self.answer.open_parts(), "done")
        super().end(is_done=is_done)

    # ------------------------------------------------------------------------------------------------------------------
    # v3

    def _read_typed(self, event: Any, kind: str) -> None:
        answer = self.answer
        if kind == "content":
            more = piece(event, "delta")
            if more:
                answer.append(answer.find("content") or self._begin_content(), more)
        elif kind == "done":
            answer.settle(answer.open_parts(), "done")
            self.state.is_done = True
        elif kind in ("complete", ""):
            if field(event, "data") is not None:
                self._complete(field(event, "data"))
        else:
            self._read_call(event, is_start=kind == "tool_call_start")

    def _begin_content(self) -> PartState:
        self._check_open()
        return self.answer.begin(("content",), "text")

    def _read_call(self, event: Any, *, is_start: bool) -> None:
        answer = self.answer
        index = index_of(event, "tool_call_index")
        if index is None:
            raise ambiguous("an event of a call has no tool_call_index")
        state = answer.find("call", index)
        if is_start:
            if state is not None:
                raise InvalidEventError(f"call {index} began twice", code="ambiguous_part")
            self._check_open()
            id, name = name_of(event, "tool_call_id"), name_of(event, "tool_call_name")
            state = answer.begin(("call", index), "call", id=id, name=name, index=index)
        elif state is None:
            raise ambiguous(f"arguments came for call {index}, which has not begun")
        answer.append(state, piece(event, "tool_call_args"))

    def _check_open(self) -> None:
        for part in self.answer.open_parts():
            if part.kind == "call" and part.is_whole:  # the next part follows
                self.answer.pass_by(part)
        if self.state.is_done:
            raise InvalidEventError("a new part came after the end of the answer", code="after_end")

    def _complete(self, document: Any) -> None:
        """Take the whole document, which the text may have given already, and end it."""
        answer = self.answer
        part = answer.find("content")
        if part is None:
            is_value = answer.content == "text" and not isinstance(document, str)
            part = answer.begin(("content",), "text", form="paths" if is_value else None)
        if not self._has_said(part, document):
            if part.form != "string":
                answer.put(part, document)
            else:
                answer.repeat(part, document if isinstance(document, str) else _to_text(document))
        answer.settle((part,), "done")

    def _has_said(self, part: PartState, document: Any) -> bool:
        """Return whether the text is the document, or its JSON text, whichever the caller has asked for."""
        said = part.text
        if not said or said == document:
            return bool(said)
        try:
            return is_equal(decode_json(said, self.answer.options.limits), document)
        except StreamJSONError:
            return False

    # ------------------------------------------------------------------------------------------------------------------
    # v2

    @cached_property
    def _chunks(self) -> Chunks:
        return Chunks(self.answer.options.limits)

    def _read_chunk(self, event: Any) -> None:
        for verb in self._chunks.read(ServerSentEvent(event)):
            if isinstance(verb, NewRun):
                self._note_run(verb.span_id)
            elif isinstance(verb, Delta):
                self._write(verb)
            elif isinstance(verb, Failed):
                self.answer.report(verb.error_type, verb.error_message)
            elif isinstance(verb, Foreign):
                problem = f"this is an event of {verb.protocol}, in a stream of deltas and paths"
                raise InvalidEventError(problem, code="foreign_event")
            elif isinstance(verb, Nothing) and verb.why == "ignored":
                self.answer.ignore()

    def _note_run(self, span_id: str) -> None:
        if self.answer.states and self.state.span_id not in (None, span_id):
            self.answer.new_run()
        self.state.span_id = span_id

    def _write(self, delta: Delta) -> None:
        answer = self.answer
        part = answer.find("content")
        has_path = delta.path is not None
        if part is None:
            form: Form | None = "paths" if has_path else None
            part = answer.begin(("content",), "text", form=form)
        if has_path != (part.form == "paths"):
            raise InvalidEventError("some deltas have a path, and some have none", code="ambiguous_part")
        if has_path:
            answer.put_at(part, str(delta.path), delta.value)
        elif isinstance(delta.value, str):
            answer.append(part, delta.value)
        else:
            raise InvalidEventError(f"{shorten(delta.value)} came without a path", code="missing_path")


def _to_text(document: Any) -> str:
    try:
        return json.dumps(document, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError(f"the complete document is not JSON: {shorten(str(error))}") from None
