"""Amazon Bedrock `ConverseStream`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from answers import ENDS, Draw, End, Event, Script, answers, rarely, settle, writing

__all__ = ["bedrock"]

OTHER_BLOCKS: list[list[Event]] = [
    [{"contentBlockDelta": {"delta": {"reasoningContent": {"redactedContent": "eg=="}}}}],
    [
        {"contentBlockStart": {"start": {"toolResult": {"toolUseId": "t"}}}},
        {"contentBlockDelta": {"delta": {"toolResult": [{"text": "x"}]}}},
    ],
    [{"contentBlockStart": {"start": {"image": {"format": "png"}}}}],
]
REASONS: dict[str, list[str]] = {
    "done": ["end_turn", "tool_use", "stop_sequence"],
    "length": ["max_tokens", "model_context_window_exceeded"],
    "filtered": ["guardrail_intervened", "content_filtered"],
}


@st.composite
def bedrock(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """Blocks come one after the other. A block is proved when it was stopped and the next one has begun.

    The last one needs a `stopReason`. Only blocks of tools have a start; some gateways send one for each block, and
    some send no stops, so that nothing is proved before the end.
    """
    script = Script(content=draw(st.sampled_from(["text", "text", "json"])))
    answer = draw(answers(ends, "text", "reasoning", content=script.content))
    has_stops, has_starts = not rarely(draw, 4), rarely(draw, 4)
    block = -1

    def send(name: str, **members: Any) -> None:
        script.send({name: {"contentBlockIndex": block, **members}})
        if rarely(draw, 16):
            script.send({"sparkle": {"mood": "fine"}})

    def stop() -> None:
        if has_stops:
            send("contentBlockStop")

    def begin_block() -> None:
        nonlocal block
        block += 1
        if has_stops:
            settle(script.expected, "done")

    def add_other_blocks() -> None:
        while rarely(draw, 8):
            begin_block()
            for event in draw(st.sampled_from(OTHER_BLOCKS)):
                for name, members in event.items():
                    send(name, **members)
            stop()

    if not rarely(draw, 8) or answer.parts[0].kind == "call":
        script.send({"messageStart": {"role": "assistant"}})
    texts: dict[int, list[str]] = {}
    for at, piece in writing(draw, answer, interleaves=False):
        texts.setdefault(at, []).append(piece)
    for at, pieces in texts.items():
        part = answer.parts[at]
        add_other_blocks()
        begin_block()
        if part.kind == "call":
            tool = {"toolUseId": part.id, "name": part.name}
            one = script.part({}, at, part, index=block)
            send("contentBlockStart", start={"toolUse": tool})
        else:
            if has_starts:
                send("contentBlockStart", start={})
            one = script.part({}, at, part, index=block)
        for piece in pieces:
            one.add(piece)
            delta: Event = {"text": piece}
            if part.kind != "text":
                delta = {"reasoningContent": delta} if part.kind == "reasoning" else {"toolUse": {"input": piece}}
            send("contentBlockDelta", delta=delta)
        if answer.end == "cut" and at == max(texts):
            return script
        if part.kind == "reasoning":
            send("contentBlockDelta", delta={"reasoningContent": {"signature": "eg=="}})
        if part.kind == "text" and draw(st.booleans()):
            send("contentBlockDelta", delta={"citation": {"title": "x"}})
        stop()
    if answer.end == "done" or one.text == part.text:  # what was cut may be no part
        add_other_blocks()
    cut_parts = script.expected[-1:] if has_stops else script.expected
    settle(script.expected, answer.end, cut_parts if answer.end != "done" else ())
    script.send({"messageStop": {"stopReason": draw(st.sampled_from(REASONS[answer.end]))}})
    script.send({"metadata": {"usage": {"totalTokens": 9}}})
    return script
