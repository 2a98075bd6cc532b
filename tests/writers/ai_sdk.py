"""The UI message stream of the AI SDK.

The whole input proves a call. A text is proved when it was closed and another part, or step, has begun: the SDK closes
the text that a limit cut, too, before `finish` gives the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field
from hypothesis import strategies as st

from answers import (
    CONTENTS,
    ENDS,
    Answer,
    Draw,
    End,
    Event,
    Expected,
    Script,
    answers,
    joined,
    rarely,
    settle,
    writing,
)  # fmt: skip

__all__ = ["ai_sdk"]

# Events that bring no part.
_OTHERS: list[Event] = [
    {"type": "data-progress", "id": "p", "data": {"done": 1}},
    {"type": "source-url", "sourceId": "s", "url": "https://example.org"},
    {"type": "file", "url": "data:,x", "mediaType": "text/plain"},
    {"type": "message-metadata", "messageMetadata": {"cost": 1}},
    {"type": "tool-output-available", "toolCallId": "call_9", "output": "ok"},
]
_REASONS: dict[End, list[str | None]] = {
    "done": ["stop", "tool-calls", "other", None],
    "length": ["length"],
    "filtered": ["content-filter"],
}


@st.composite
def ai_sdk(draw: Draw, ends: Sequence[End] = ENDS) -> Script:
    """Write a message of one or more steps; calls may be interleaved."""
    script = Script(content=draw(CONTENTS))
    answer = draw(answers(ends, "text", "reasoning", has_custom=True, content=script.content))
    script.sends_done = answer.end != "cut"
    _Message(draw, script, answer).write()
    return script


@define
class _Message:
    draw: Draw
    script: Script
    answer: Answer
    known: dict[int, Expected] = field(factory=dict)
    texts: dict[int, str] = field(factory=dict)  # what the model has written
    closed: set[int] = field(factory=set)
    last: int | None = None  # the part that was written last
    ids: int = 0
    begin: int = 0  # the first id of this step

    def write(self) -> None:
        draw, answer = self.draw, self.answer
        come_whole = {at for at, part in enumerate(answer.parts) if part.kind == "call" and rarely(draw, 3)}
        is_late = draw(st.booleans())  # OpenAI-compatible providers close everything at the end of a step
        self.send("start", **draw(st.sampled_from([{}, {"messageId": "msg_1"}])))
        self.send("start-step")
        pieces = writing(draw, answer, interleaves=True)
        last = {at: number for number, (at, _) in enumerate(pieces)}
        for number, (at, piece) in enumerate(pieces):
            self.texts[at] = joined((self.texts.get(at, ""), piece))
            is_all = number == last[at] and self.has_all(at)
            if at not in come_whole:
                self.add(at, piece)
            if is_all and (at in come_whole or not is_late):
                self.close(at)
            if self.closed >= self.known.keys() and rarely(draw, 5):
                self.begin_step()
        if answer.end != "cut":
            self.finish()

    def has_all(self, at: int) -> bool:
        return self.texts[at] == self.answer.parts[at].text

    def send(self, kind: str, **members: Any) -> None:
        self.script.send({"type": kind, **members})
        if rarely(self.draw, 10):
            self.script.send(self.draw(st.sampled_from(_OTHERS)))

    def expect(self, at: int, **facts: Any) -> Expected:
        """Return what is known of a part; if it begins, what was closed before is proved."""
        if at not in self.known:
            settle((self.known[other] for other in self.closed), "done")
            self.last = at
        return self.script.part(self.known, at, self.answer.parts[at], **facts)

    def add(self, at: int, piece: str) -> None:
        part = self.answer.parts[at]
        if part.kind != "call":
            if at not in self.known:
                # The ids begin again with each step; in some providers, all are the same.
                id = "txt-0" if self.closed >= self.known.keys() and self.draw(st.booleans()) else f"{self.ids}"
                self.ids += 1
                self.expect(at, id=id)
                self.send(f"{part.kind}-start", id=id)
            one = self.known[at]
            one.add(piece)
            self.last = at
            self.send(f"{part.kind}-delta", id=one.id, delta=piece)
            return
        if at not in self.known:
            one = self.expect(at)
            encoding = {"inputEncoding": "text"} if isinstance(part.value, str) else {}
            self.send("tool-input-start", toolCallId=part.id, toolName=part.name, **encoding)
        if piece or self.draw(st.booleans()):
            one = self.known[at]
            one.add(piece)
            self.last = at if piece else self.last  # what is empty is nothing
            self.send("tool-input-delta", toolCallId=part.id, inputTextDelta=piece)

    def close(self, at: int) -> None:
        part = self.answer.parts[at]
        if part.kind != "call":
            self.closed.add(at)
            self.send(f"{part.kind}-end", id=self.known[at].id)
            return
        one = self.expect(at, text=None)
        if not one.text:
            one.text, self.last = None, at
        one.end = "done"
        self.closed.add(at)
        whole = {"toolCallId": part.id, "toolName": part.name, "input": part.value}
        self.send("tool-input-available", **whole)
        if rarely(self.draw, 6):  # a provider repeats an old call
            self.send("tool-input-start", toolCallId=part.id, toolName=part.name)
            self.send("tool-input-delta", toolCallId=part.id, inputTextDelta=part.text)
            self.send("tool-input-available", **whole)

    def begin_step(self) -> None:
        self.send("finish-step")
        settle((self.known[other] for other in self.closed), "done")
        self.ids = 0
        self.send("start-step")

    def finish(self) -> None:
        end = self.answer.end
        for at, one in list(self.known.items()):
            if at in self.closed:
                continue
            is_call = one.part.kind == "call"
            if not is_call or end == "done" or (self.has_all(at) and self.draw(st.booleans())):
                self.close(at)
            elif self.draw(st.booleans()):
                failed: Any = "failed"
                one.end = failed
                wrong = {"toolCallId": one.id, "toolName": one.name, "input": one.text, "errorText": "not whole"}
                self.send("tool-input-error", **wrong)
        self.send("finish-step")
        cut = {self.last, *(self.known.keys() - self.closed)}
        settle(self.known.values(), end, [self.known[at] for at in cut if at in self.known] if end != "done" else ())
        reason = self.draw(st.sampled_from(_REASONS[end]))
        self.send("finish", **({} if reason is None else {"finishReason": reason}))
