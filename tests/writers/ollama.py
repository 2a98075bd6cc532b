"""Ollama `/api/chat` and `/api/generate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from answers import ENDS, Draw, End, Event, Expected, Script, answers, prose_once, rarely, settle, writing

__all__ = ["ollama"]

HEAD: Event = {"model": "qwen3", "created_at": "2026-11-20T09:00:00.123Z"}


@st.composite
def ollama(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """Texts come in pieces, calls whole: one in a chunk, or several. Only `done` proves that anything has ended."""
    script = Script(content=draw(st.sampled_from(["text", "text", "json"])))
    ends = [end for end in ends if end != "filtered"]
    answer = draw(answers(ends, "text", "reasoning", order=prose_once, content=script.content))
    has_calls = any(part.kind == "call" for part in answer.parts)
    generates = not has_calls and draw(st.booleans())
    has_ids, has_index = draw(st.booleans()), draw(st.booleans())
    known: dict[int, Expected] = {}
    message: Event = {}
    last = None

    def send(**end: Any) -> None:
        nonlocal message
        if generates:
            text = {"response": message.pop("content", "")}
            script.send({**HEAD, **text, **message, "done": False, **end})
        else:
            script.send({**HEAD, "message": {"role": "assistant", "content": "", **message}, "done": False, **end})
        message = {}

    for at, piece in writing(draw, answer, interleaves=False, whole_calls=True):
        part = answer.parts[at]
        name = {"text": "content", "reasoning": "thinking", "call": "tool_calls"}[part.kind]
        # A chunk may hold several things, in this order.
        is_after = name == "tool_calls" or (name == "content" and message.keys() <= {"thinking"})
        if message and (not is_after or draw(st.booleans())):
            send()
        index = len(message.get("tool_calls", ())) if has_index and part.kind == "call" else None
        last = script.part(known, at, part, index=index, id=part.id if has_ids else None)
        if part.kind == "call":
            last.text = None
            function: Event = {"name": part.name} | ({} if index is None else {"index": index})
            if part.value or draw(st.booleans()):
                function["arguments"] = part.value
            call = ({"id": part.id} if has_ids else {}) | {"function": function}
            message.setdefault("tool_calls", []).append(call)
        else:
            last.add(piece)
            message[name] = piece
        if rarely(draw, 16):
            send()
            send()  # says nothing
    if answer.end == "cut" or draw(st.booleans()):
        send()
    if answer.end == "cut":
        return script
    settle(known.values(), answer.end, (last,) if answer.end != "done" else ())
    reason: Event = draw(st.sampled_from([{"done_reason": "stop"}, {}, {"done_reason": "stop", "context": [1, 2]}]))
    send(done=True, **({"done_reason": "length"} if answer.end == "length" else reason), eval_count=9)
    return script
