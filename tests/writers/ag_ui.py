"""The events of an AG-UI run.

A message or a call is proved when it was closed and another one has begun, or when the run has finished. A chunk is
closed by the next event of its lane, which is a subagent's. The protocol has no word for a limit: an answer that one
cut just ends here, and one that a filter cut is a run that was cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field
from hypothesis import strategies as st

from answers import (
    ARGUMENTS,
    CONTENTS,
    ENDS,
    Answer,
    Draw,
    End,
    Event,
    Expected,
    Part,
    Script,
    answers,
    joined,
    rarely,
    settle,
    writing,
)  # fmt: skip

__all__ = ["ag_ui"]

_STEMS = {"text": "TEXT_MESSAGE", "reasoning": "REASONING_MESSAGE", "call": "TOOL_CALL"}
# Events that bring no part: what closes the chunks of the agent itself, and what closes nothing.
_CLOSING: list[Event] = [
    {"type": "CUSTOM", "name": "progress", "value": 1},
    {"type": "MESSAGES_SNAPSHOT", "messages": [{"id": "u1", "role": "user", "content": "Hi"}]},
    {"type": "TOOL_CALL_RESULT", "messageId": "r1", "toolCallId": "call_9", "content": "ok"},
    {"type": "STEP_STARTED", "stepName": "s"},
    {"type": "STEP_FINISHED", "stepName": "s"},
]
_OTHERS: list[Event] = [
    {"type": "RAW", "event": {"type": "x"}},
    {"type": "ACTIVITY_SNAPSHOT", "messageId": "a1", "activityType": "plan", "content": {}},
    {"type": "REASONING_ENCRYPTED_VALUE", "entityId": "r1", "subtype": "message", "encryptedValue": "eg=="},
]
_OUTCOMES: dict[End, list[Event]] = {
    "done": [{}, {"outcome": {"type": "success"}}, {"outcome": {"type": "interrupt", "interrupts": []}}],
    "filtered": [{"outcome": {"type": "cancelled"}}],
}


@st.composite
def ag_ui(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """Write a run, of one agent or with its subagents, whose messages are interleaved."""
    script = Script(content=draw(CONTENTS))
    answer = draw(answers(ends, "text", "reasoning", content=script.content))
    _Run(draw, script, answer, has_subagents=draw(st.booleans())).write()
    return script


@define
class _Run:
    draw: Draw
    script: Script
    answer: Answer
    has_subagents: bool  # one for each part, which may be interleaved
    known: dict[int, Expected] = field(factory=dict)
    closed: set[int] = field(factory=set)
    in_chunks: dict[int, bool] = field(factory=dict)
    of_old_version: set[int] = field(factory=set)
    texts: dict[int, str] = field(factory=dict)
    state: Expected | None = None

    def write(self) -> None:
        draw, answer = self.draw, self.answer
        is_late = draw(st.booleans())
        self.send("RUN_STARTED", threadId="t1", runId="r1")
        if draw(st.booleans()):
            self.send_state()
        pieces = writing(draw, answer, interleaves=self.has_subagents)
        last = {at: number for number, (at, _) in enumerate(pieces)}
        for number, (at, piece) in enumerate(pieces):
            if at not in self.known:
                self.start(at)
            self.add(at, piece)
            if number != last[at] or self.texts[at] != answer.parts[at].text:
                continue
            if not is_late or at in self.of_old_version:
                self.close(at)
            if rarely(draw, 4):
                self.between()
        if answer.end in ("done", "filtered"):
            self.finish()

    def send(self, kind: str, **members: Any) -> None:
        self.script.send({"type": kind, **members})
        if rarely(self.draw, 10):
            self.script.send(self.draw(st.sampled_from(_OTHERS)))

    def tag(self, at: int) -> Event:
        """Return the members that name a part, and its subagent."""
        id = {"toolCallId" if self.answer.parts[at].kind == "call" else "messageId": self.known[at].id}
        return ({} if at in self.of_old_version else id) | ({"subagentRunId": f"s{at}"} if self.has_subagents else {})

    def stem(self, at: int) -> str:
        return "THINKING_TEXT_MESSAGE" if at in self.of_old_version else _STEMS[self.answer.parts[at].kind]

    def prove(self) -> None:
        """Note that a part begins."""
        if not self.has_subagents:
            self.close_chunks()
        settle((self.known[other] for other in self.closed), "done")

    def close_chunks(self) -> None:
        self.closed |= {at for at, is_chunk in self.in_chunks.items() if is_chunk}

    def start(self, at: int) -> None:
        draw, part = self.draw, self.answer.parts[at]
        if part.kind == "reasoning" and draw(st.booleans()):
            self.send("REASONING_START", messageId="span", **self.subagent(at))
        self.prove()
        self.in_chunks[at] = draw(st.booleans())
        is_free = self.closed >= self.known.keys() and not self.in_chunks[at]  # an id may be used again
        id = part.id or ("m" if is_free and draw(st.booleans()) else f"m{at}")
        if part.kind == "reasoning" and not (self.in_chunks[at] or self.has_subagents) and rarely(draw, 3):
            self.of_old_version.add(at)
        self.script.part(self.known, at, part, id=None if at in self.of_old_version else id)
        if self.in_chunks[at]:
            return
        name = {"toolCallName": part.name} if part.kind == "call" else {}
        self.send(f"{self.stem(at)}_START", **self.tag(at), **name)

    def subagent(self, at: int) -> Event:
        return {"subagentRunId": f"s{at}"} if self.has_subagents else {}

    def add(self, at: int, piece: str) -> None:
        draw, part = self.draw, self.answer.parts[at]
        is_first = at not in self.texts
        self.texts[at] = joined((self.texts.get(at, ""), piece))
        self.known[at].add(piece)
        if not self.in_chunks[at]:
            kind = "ARGS" if part.kind == "call" else "CONTENT"
            self.send(f"{self.stem(at)}_{kind}", **self.tag(at), delta=piece)
            return
        members: Event = self.tag(at)
        if part.kind == "call" and (is_first or draw(st.booleans())):
            members["toolCallName"] = part.name
        if part.kind == "text" and draw(st.booleans()):
            members["role"] = "assistant"
        if not is_first and draw(st.booleans()):  # what continues may omit its id, or that of its subagent
            members.pop(draw(st.sampled_from(["toolCallId", "messageId", "subagentRunId"])), None)
        self.send(f"{self.stem(at)}_CHUNK", **members, **({"delta": piece} if piece or draw(st.booleans()) else {}))

    def close(self, at: int) -> None:
        if self.in_chunks[at]:
            if self.has_subagents and self.draw(st.booleans()):
                self.closed.add(at)
                self.send("SUBAGENT_FINISHED", **self.subagent(at))
            return
        self.closed.add(at)
        if not self.has_subagents:
            self.close_chunks()
        self.send(f"{self.stem(at)}_END", **self.tag(at))

    def between(self) -> None:
        """Send what is no part, or the state, once a part is all there."""
        if self.draw(st.booleans()):
            self.send_state()
        elif not self.has_subagents:
            self.close_chunks()
            self.script.send(self.draw(st.sampled_from(_CLOSING[:3])))

    def send_state(self) -> None:
        """Set the shared state: its last snapshot is what it is."""
        if self.state is not None:
            self.script.send({"type": "STATE_SNAPSHOT", "snapshot": self.state.part.value})
            return
        self.prove()
        value = self.draw(ARGUMENTS)
        kind: Any = "state"
        self.state = self.script.part({}, 0, Part(kind, "", value), text=None)
        for snapshot in ({}, value):
            self.script.send({"type": "STATE_SNAPSHOT", "snapshot": snapshot})

    def finish(self) -> None:
        for at in self.known:
            if at not in self.closed and not self.in_chunks[at]:
                self.close(at)
        for step in _CLOSING[3:]:
            self.script.send(step)
        end: Any = "done" if self.answer.end == "done" else "aborted"
        settle(self.script.expected, end, () if end == "done" else self.script.expected)
        outcome = self.draw(st.sampled_from(_OUTCOMES[self.answer.end]))
        self.script.send({"type": "RUN_FINISHED", "threadId": "t1", "runId": "r1", **outcome})
