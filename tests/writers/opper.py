"""Opper, the newer API and the older one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from answers import (
    ARGUMENTS,
    CONTENTS,
    DONE,
    ENDS,
    PROSE,
    Draw,
    End,
    Event,
    Expected,
    Part,
    Script,
    _step,
    answers,
    pieces_of,
    prose_once,
    rarely,
    settle,
    writing,
)

__all__ = ["opper"]


@st.composite
def opper(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """No event gives a reason, so that answers are either done or cut."""
    end: End = draw(st.sampled_from(["done" if "done" in ends else "cut", "cut"]))
    script = Script(content=draw(CONTENTS))
    if rarely(draw, 3):
        write_chunks(draw, script, end)
    else:
        write_events(draw, script, end)
    return script


def write_events(draw: Draw, script: Script, end: End) -> None:
    """Write events of v3: `done` ends all of them, and the document may come whole then, or alone."""
    answer = draw(answers([end], "text", order=prose_once, content=script.content))
    first = answer.parts[0]
    complete: Event = {"data": first.value, "meta": {"execution_ms": 9}}
    script.sends_done = end == "done" and draw(st.booleans())
    known: dict[int, Expected] = {}
    if end == "done" and len(answer.parts) == 1 and first.kind == "text" and rarely(draw, 4):
        one = script.part(known, 0, first, text=first.text if script.content == "text" else None)
        one.end = "done"
        script.send(complete)
        return
    for at, piece in writing(draw, answer, interleaves=True):
        part = answer.parts[at]
        is_first = at not in known
        one = script.part(known, at, part, index=at if part.kind == "call" else None)
        if part.kind == "call" and is_first:
            name = {"tool_call_id": part.id, "tool_call_name": part.name}
            script.send({"type": "tool_call_start", "tool_call_index": at, **name})
        one.add(piece)
        if part.kind == "text":
            script.send({"type": "content", "delta": piece})
        elif piece or draw(st.booleans()):
            script.send({"type": "tool_call_delta", "tool_call_index": at, "tool_call_args": piece})
        if rarely(draw, 16):
            script.send({"type": "sparkle", "delta": "?"})
    if end == "cut":
        return
    settle(known.values(), "done")
    script.send({"type": "done"} | draw(st.sampled_from([{}, {"usage": {"output_tokens": 9}}])))
    if first.kind == "text" and draw(st.booleans()):
        script.send(complete)
    elif draw(st.booleans()):
        script.send({"data": None, "meta": {"execution_ms": 9}})


def write_chunks(draw: Draw, script: Script, end: End) -> None:
    """Write events of v2: one document by paths, or a text without; only `[DONE]` proves its end."""
    is_text = script.content == "text" and draw(st.booleans())
    value = draw(PROSE if is_text else ARGUMENTS)
    one = Expected(Part("text", value if is_text else "", value), None, None, text="" if is_text else None)
    span = {draw(st.sampled_from(["span_id", "spanId"])): "sp_1"}
    if draw(st.booleans()):
        script.send(span)  # alone, before the document begins
    pieces = pieces_of(draw, value) if is_text else list(deltas(draw, value, "$"))
    if end == "cut":
        pieces = pieces[: draw(st.integers(1, len(pieces)))]
    repeats_span = draw(st.booleans())
    for number, piece in enumerate(pieces):
        if not script.expected:
            script.expected.append(one)
        event: Event = {"delta": piece, "chunk_type": "text"} if is_text else {**piece, "chunk_type": "json"}
        if is_text:
            one.add(piece)
        script.send(event | (span if repeats_span or not number else {}))
    if end == "done":
        one.end = "done"
        script.sends_done = True
        script.send(DONE)


def deltas(draw: Draw, value: Any, path: str) -> Iterator[Event]:
    """Yield the deltas of a value and their paths."""
    name = draw(st.sampled_from(["json_path", "jsonPath"]))
    shown = path[2:] if path.startswith("$.") and draw(st.booleans()) else path
    if isinstance(value, list | dict) and value:
        for step, inner in enumerate(value) if isinstance(value, list) else value.items():
            yield from deltas(draw, inner, path + _step(draw, step))
    elif isinstance(value, str):
        for piece in pieces_of(draw, value) or [""]:
            yield {"delta": piece, name: shown}
    else:
        yield {"delta": value, name: shown}
