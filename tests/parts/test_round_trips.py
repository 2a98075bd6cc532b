"""Any answer in, out to a page, and in again is the same answer; and what was not whole is never whole there.

An answer of any provider is sent by our emitters for the AI SDK and for AG-UI, and their bytes are read as a page would
read them. The copy must not have more than the answer: a part is done there only if it was done here.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given, strategies as st

import streamjson as sj
from answers import Script
from writers import WRITERS

pytestmark = pytest.mark.slow

every_provider = pytest.mark.parametrize("provider", WRITERS)
every_protocol = pytest.mark.parametrize("protocol", ["ai_sdk", "ag_ui"])


def as_sent(part: sj.Part, sent: Sent) -> tuple[Any, ...]:
    """Return what a part and its copy have in common.

    A refusal becomes a text, and AG-UI does not name the executor of a call. The input of a custom tool becomes JSON:
    calls have their values in common, and not the texts of these; so has a document that came by paths.
    """
    executed_by = part.executed_by if sent.protocol == "ai_sdk" else None
    if part.kind in ("call", "state") or sent.came_by_paths:
        return part.kind, part.name, executed_by, part.value
    return "text" if part.kind == "refusal" else part.kind, None, None, part.text


def is_sent(part: sj.Part, protocol: str) -> bool:
    """Return whether a part is one there, too: a call is with its name, and the state is none for the AI SDK."""
    return part.name is not None if part.kind == "call" else part.kind != "state" or protocol == "ag_ui"


@define
class Sent:
    """What an emitter sent of an answer."""

    protocol: str
    answer: sj.PartStream
    content: Any
    body: bytes = b""
    order: list[sj.Part] = field(factory=list)  # in which the parts begin there
    ids: list[str | None] = field(factory=list)  # of the calls among them, as far as they were known then
    was_refused: bool = False  # by the emitter, as the protocol can't say it

    @property
    def came_by_paths(self) -> bool:
        return any(part.kind == "text" and part.text is None for part in self.answer.parts)

    def note(self, *parts: sj.Part) -> None:
        new = [part for part in parts if is_sent(part, self.protocol) and part not in self.order]
        self.order += new
        self.ids += [part.id for part in new if part.kind == "call"]

    def copies(self) -> list[sj.PartStream]:
        """Return the answer as it is read there: of all events, and of the first ones, where the stream broke off."""
        events = list(sj.decode_sse([self.body]))
        content = "text" if any(part.kind == "refusal" for part in self.answer.parts) else self.content
        content = "json" if self.came_by_paths else content
        return [
            sj.assemble_parts(events[:count], content=content, provider=self.protocol)
            for count in range(len(events), -1, -1)
        ]


def send(script: Script, protocol: str, *, at_once: bool) -> Sent:
    """Send the answer of a script: each event at once, or what the pace lets through, which is all of it at the end."""
    pace: Any = {"min_interval_s": 0} if at_once else {"clock": lambda: 0.0}
    out = sj.emit.AISDK("m", **pace) if protocol == "ai_sdk" else sj.emit.AGUI("t", "r", **pace)
    answer = sj.assemble_parts(script.events, content=script.content)
    sent = Sent(protocol, answer, script.content)
    held_back: dict[sj.Part, None] = {}
    try:
        for number, part in enumerate(answer):
            sent.body += out.update(part)
            if at_once or number == 0:
                sent.note(part)
            else:
                held_back[part] = None
        sent.body += out.close(answer)
    except sj.StreamJSONError as error:
        sent.was_refused = answer.end != "failed"
        sent.body += out.fail(error)
    sent.note(*held_back | dict.fromkeys(answer.parts))
    return sent


def check_nothing_more(sent: Sent, copy: sj.PartStream) -> None:
    """Check that what is done, or given, in a copy was done here, or is a whole call, and that it is the same."""
    calls: list[sj.Call[Any]] = []
    with suppress(sj.StreamFailedError):
        for call in copy.calls():
            calls.append(call)  # noqa: PERF402  # those before an error count
    original = dict(zip(copy.parts, sent.order, strict=False))
    assert len(original) == len(copy.parts)
    for part in [part for part in copy.parts if part.end == "done"] + [call.part for call in calls]:
        assert original[part].end == "done" or (part.kind == "call" and original[part].complete)
        assert as_sent(part, sent) == as_sent(original[part], sent)


@every_protocol
@every_provider
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "at the end"])
@given(data=st.data())
def test_answer_comes_back(provider: str, protocol: str, at_once: bool, data: st.DataObject) -> None:
    sent = send(data.draw(WRITERS[provider]()), protocol, at_once=at_once)
    copy = sent.copies()[0]
    parts = sent.answer.parts
    if sent.was_refused or not parts or any(part.end != "done" for part in parts):
        check_nothing_more(sent, copy)
        if parts and copy.end != "failed" and copy.finish not in ("length", "content-filter"):
            assert any(part.end != "done" for part in copy.parts)
        return
    copies = copy.final()
    assert [as_sent(part, sent) for part in copies] == [as_sent(part, sent) for part in sent.order]
    assert all(part.end == "done" and part.complete for part in copies)
    ids = [part.id for part in copies if part.kind == "call"]
    assert len(set(ids)) == len(ids)
    assert all(given == id for given, id in zip(ids, sent.ids, strict=True) if id and sent.ids.count(id) == 1)


@every_protocol
@every_provider
@given(data=st.data())
def test_a_copy_that_broke_off_has_nothing_more(provider: str, protocol: str, data: st.DataObject) -> None:
    sent = send(data.draw(WRITERS[provider]()), protocol, at_once=data.draw(st.booleans()))
    for copy in sent.copies():
        check_nothing_more(sent, copy)
