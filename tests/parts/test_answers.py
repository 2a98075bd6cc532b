"""Any answer, written as the events of any provider, comes back: its parts, their documents, and how they ended.

`answers` writes the events, and notes what they prove after each of them. So these properties are exact: also where the
stream breaks off, a part is done only if the provider has proved it, and no half call is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from answers import Expected, Script, is_beginning, visible
from text_samples import cut, cuts
from writers import WRITERS

pytestmark = pytest.mark.slow

every_provider = pytest.mark.parametrize("provider", WRITERS)


def shown(part: sj.Part) -> tuple[Any, ...]:
    """Return what a part shows, beside its document."""
    return part.kind, part.id, part.name, part.index, part.choice, visible(part.text), part.end


def wanted(one: Expected) -> tuple[Any, ...]:
    """Return what a part must show."""
    return one.part.kind, one.id, one.name, one.index, one.choice, visible(one.text), one.end


def check_parts(parts: Iterable[sj.Part], script: Script) -> None:
    """Check that these are all parts of a script, each with its document and its end."""
    assert [shown(part) for part in parts] == [wanted(one) for one in script.expected]
    check_documents(parts, script)


def check_documents(parts: Iterable[sj.Part], script: Script) -> None:
    """Check that each part that is done has the whole document, and each other one a beginning of it."""
    for part, one in zip(parts, script.expected, strict=False):
        if part.end == "done":
            assert part.complete
            assert part.value == one.part.value
        elif part.value is not sj.MISSING:
            assert is_beginning(part.value, one.part.value)


def check_calls(calls: list[sj.Call[Any]], parts: Iterable[sj.Part], script: Script) -> None:
    """Check that each call that is done was given, once, and no other one by half."""
    call_of = {call.part: call for call in calls}
    assert len(call_of) == len(calls)
    for part, one in zip(parts, script.expected, strict=False):
        if part in call_of:
            assert call_of[part].value == one.part.value
        else:
            assert part.kind != "call" or part.end != "done"


@every_provider
@given(data=st.data())
def test_answer_comes_back(provider: str, data: st.DataObject) -> None:
    script = data.draw(WRITERS[provider]())
    stream = sj.assemble_parts(script.events, content=script.content)
    check_parts(stream.final(), script)
    assert stream.provider == provider


@every_provider
@given(data=st.data())
def test_answer_comes_back_from_bytes_cut_anywhere(provider: str, data: st.DataObject) -> None:
    script = data.draw(WRITERS[provider]())
    body = script.body()
    events = sj.decode_sse(cut(body, data.draw(cuts(body))))
    stream = sj.assemble_parts(events, content=script.content)
    check_parts(stream.final(), script)
    assert stream.end == ("done" if script.sends_done else "eof")


@every_provider
@given(data=st.data())
def test_broken_stream_has_the_ends_that_were_proved(provider: str, data: st.DataObject) -> None:
    script = data.draw(WRITERS[provider]())
    for count, known in enumerate(script.after, 1):
        stream = sj.assemble_parts(script.events[:count], content=script.content)
        calls = list(stream.calls())
        assert [(part.end, visible(part.text)) for part in stream.parts] == [
            (end, visible(text)) for end, text in known
        ]
        check_documents(stream.parts, script)
        check_calls(calls, stream.parts, script)


@every_provider
@given(data=st.data())
def test_answer_that_a_limit_cut_gives_no_half_call(provider: str, data: st.DataObject) -> None:
    script = data.draw(WRITERS[provider](ends=["length"]))
    stream = sj.assemble_parts(script.events, content=script.content)
    calls = list(stream.calls())
    check_parts(stream.parts, script)
    check_calls(calls, stream.parts, script)


@every_provider
@given(data=st.data())
def test_restored_assembler_continues_where_it_was(provider: str, data: st.DataObject) -> None:
    script = data.draw(WRITERS[provider]())
    saved_after = data.draw(st.integers(0, len(script.events)))
    parts, calls = read(script, saved_after)
    check_parts(parts, script)
    assert calls == read(script)[1]


def read(script: Script, saved_after: int | None = None) -> tuple[Iterable[sj.Part], list[Any]]:
    """Return the parts of a script, and the calls that a callback got; it may be saved after so many events."""
    calls: list[Any] = []

    def note(call: sj.Call[Any]) -> None:
        calls.append((call.id, call.name, call.value))

    assembler = sj.PartAssembler(content=script.content)
    assembler.on_call(None, note)
    for number, event in enumerate(script.events):
        if number == saved_after:
            assembler = sj.PartAssembler.restore(assembler.checkpoint())
            assembler.on_call(None, note)
        assembler.apply(event)
    assembler.close()
    return assembler.parts, calls
