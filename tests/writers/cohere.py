"""Cohere v2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from answers import ENDS, Draw, End, Expected, Part, Script, answers, rarely, settle, writing

__all__ = ["cohere"]

REASONS: dict[str, list[str]] = {"done": ["COMPLETE", "STOP_SEQUENCE", "TOOL_CALL"], "length": ["MAX_TOKENS"]}


@st.composite
def cohere(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """Parts come one after the other. A part is proved when it was ended and the next one has begun.

    The plan has no end of its own: the next part ends it. The last part needs a `finish_reason`.
    """
    script = Script(content=draw(st.sampled_from(["text", "text", "json"])), has_names=draw(st.booleans()))
    answer = draw(answers([end for end in ends if end != "filtered"], "text", "reasoning", content=script.content))
    script.sends_done = answer.end != "cut" and draw(st.booleans())
    writer = _Writer(draw, script)
    writer.send("message-start", None, {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []})
    texts: dict[int, list[str]] = {}
    for at, piece in writing(draw, answer, interleaves=False):
        texts.setdefault(at, []).append(piece)
    for at, pieces in texts.items():
        part = answer.parts[at]
        is_cut = answer.end == "cut" and at == max(texts)
        settle(script.expected, "done")
        if part.kind == "reasoning" and not writer.has_plan and draw(st.booleans()):
            writer.write_plan(part, pieces)
        elif part.kind == "call":
            writer.write_call(part, pieces, is_cut=is_cut)
        else:
            writer.write_content(part, pieces, is_cut=is_cut)
    if answer.end == "cut":
        return script
    settle(script.expected, answer.end, script.expected[-1:] if answer.end != "done" else ())
    end = {"finish_reason": draw(st.sampled_from(REASONS[answer.end])), "usage": {"tokens": {"output_tokens": 9}}}
    script.send({"type": "message-end", "delta": end})
    return script


class _Writer:
    def __init__(self, draw: Draw, script: Script) -> None:
        self.draw = draw
        self.script = script
        self.contents = self.calls = -1
        self.has_plan = False

    def send(self, kind: str, index: int | None, message: dict[str, Any] | None = None) -> None:
        event: dict[str, Any] = {"type": kind} | ({} if index is None else {"index": index})
        self.script.send(event | ({} if message is None else {"delta": {"message": message}}))
        if rarely(self.draw, 12):
            self.script.send(self.draw(st.sampled_from([{"type": "debug", "prompt": "?"}, {"type": "sparkle"}])))

    def write_plan(self, part: Part, pieces: list[str]) -> None:
        self.has_plan = True
        one = self.script.part({}, 0, part)
        for piece in pieces:
            one.add(piece)
            self.send("tool-plan-delta", None, {"tool_plan": piece})

    def write_call(self, part: Part, pieces: list[str], *, is_cut: bool) -> None:
        self.calls += 1
        one = self.script.part({}, 0, part, index=self.calls)
        function = {"name": part.name, "arguments": self.first_of(one, pieces)}
        call = {"id": part.id, "type": "function", "function": function}
        self.send("tool-call-start", self.calls, {"tool_calls": call})
        for piece in pieces:
            one.add(piece)
            self.send("tool-call-delta", self.calls, {"tool_calls": {"function": {"arguments": piece}}})
        if not is_cut:
            self.send("tool-call-end", self.calls)

    def write_content(self, part: Part, pieces: list[str], *, is_cut: bool) -> None:
        self.contents += 1
        one = self.script.part({}, 0, part, index=self.contents)
        kind = "text" if part.kind == "text" else "thinking"
        content = {"type": kind, kind: self.first_of(one, pieces)}
        self.send("content-start", self.contents, {"content": content})
        for piece in pieces:
            one.add(piece)
            self.send("content-delta", self.contents, {"content": {kind: piece}})
            if rarely(self.draw, 8):
                self.send("citation-start", 0, {"citations": {"start": 0, "end": 1, "text": "x", "sources": []}})
                self.send("citation-end", 0)
        if not is_cut:
            self.send("content-end", self.contents)

    def first_of(self, one: Expected, pieces: list[str]) -> str:
        """Return what a start has already: mostly nothing."""
        if not rarely(self.draw, 4):
            return ""
        one.add(pieces[0])
        return pieces.pop(0)
