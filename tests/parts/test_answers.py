"""Any answer, written as the events of any provider, comes back: its parts, their texts and values, and how they ended.

`answers` writes the events, and notes what they prove after each. So these properties can be exact: also where the
stream breaks off, a part is done only if the provider has proved it, and no half call is ever given.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from answers import WRITERS, Expected, Script, is_beginning, visible
from text_samples import cut, cuts

every_provider = pytest.mark.parametrize("provider", WRITERS)


def check_parts(parts: Any, script: Script) -> None:
    """Check that these are the parts of a script, each with its document and its end."""
    assert [shown(part) for part in parts] == [expected(one) for one in script.expected]
    for part, one in zip(parts, script.expected, strict=True):
        if one.end == "done":
            assert part.complete
            assert part.value == one.part.value
        elif part.value is not sj.MISSING:
            assert is_beginning(part.value, one.part.value)


def shown(part: sj.Part) -> tuple[Any, ...]:
    return part.kind, part.id, part.name, part.index, part.choice, visible(part.text), part.end


def expected(one: Expected) -> tuple[Any, ...]:
    return one.part.kind, one.id, one.name, one.index, one.choice, visible(one.text), one.end


def check_calls(calls: list[sj.Call[Any]], parts: Any, script: Script) -> None:
    """Check that every call that is done was given, once, and none of the others by half."""
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
    script = data.draw(WRITERS[provider])
    stream = sj.assemble_parts(script.events)
    check_parts(stream.final(), script)
    assert stream.provider == provider


@every_provider
@given(data=st.data())
def test_answer_comes_back_from_bytes_cut_anywhere(provider: str, data: st.DataObject) -> None:
    script = data.draw(WRITERS[provider])
    body = script.body()
    stream = sj.assemble_parts(sj.decode_sse(cut(body, data.draw(cuts(body)))))
    check_parts(stream.final(), script)
    assert stream.end == ("done" if script.sends_done else "eof")


@every_provider
@given(data=st.data())
def test_cut_answer_is_done_only_as_far_as_it_was_proved(provider: str, data: st.DataObject) -> None:
    script = data.draw(WRITERS[provider])
    for number, known in enumerate(script.after, 1):
        stream = sj.assemble_parts(script.events[:number])
        calls = list(stream.calls())
        assert [(part.end, visible(part.text)) for part in stream.parts] == [(e, visible(t)) for e, t in known]
        check_calls(calls, stream.parts, script)


@every_provider
@given(data=st.data())
def test_answer_that_was_not_finished_gives_no_half_call(provider: str, data: st.DataObject) -> None: ...


@every_provider
@given(data=st.data())
def test_restored_assembler_continues_with_the_same_parts(provider: str, data: st.DataObject) -> None:
    script = data.draw(WRITERS[provider])
    saved_after = data.draw(st.integers(0, len(script.events)))
    parts = sj.PartAssembler()
    for number, event in enumerate(script.events):
        if number == saved_after:
            parts = sj.PartAssembler.restore(parts.checkpoint())
        parts.apply(event)
    parts.close()
    check_parts(parts.parts, script)
