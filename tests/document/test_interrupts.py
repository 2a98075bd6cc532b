"""An exception inside `apply`, between any two instructions, as a signal handler raises it.

An event is applied whole or not at all: afterwards the assembler has the state before the event or the state after
it. Either it still works, or it refuses every further delta with a `ClosedError` (`torn`); a checkpoint then still
holds one of the two states. Each instruction of the modules that write is interrupted once, for each event of each
stream.
"""

from __future__ import annotations

import dis
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

import pytest

import streamjson as sj
from scenarios import READS, SCENARIOS
from streamjson import _assembler
from streamjson._document import change_log, document, locator, surrogates, tree, writer
from streamjson._resume.envelope import unseal
from streamjson._session import event_progress, session, state
from verbs import Whole, apply_entry

HIGH, LOW = "\ud83d", "\ude00"
WRITERS = {
    str(module.__file__)
    for module in (_assembler, session, state, event_progress, document, writer, surrogates, change_log, locator, tree)
}

Event = Any  # an argument of `apply`, a tuple of a path and a delta or `Whole`, or the name of another method


EFFECTS = {"CALL", "CALL_FUNCTION_EX", "DELETE_SUBSCR", "RETURN_VALUE", "STORE_ATTR", "STORE_SLICE", "STORE_SUBSCR"}


@cache
def instructions(code: CodeType) -> dict[int, str]:
    """Return the name of the instruction at each offset."""
    return {instruction.offset: instruction.opname for instruction in dis.get_instructions(code)}


class Interrupt(BaseException):
    """The exception that the signal handler raises."""


def interrupted(run: Callable[[], object], number: int) -> bool:
    """Call `run` and raise before its instruction `number` in the writers; return whether it was reached."""
    count = -1

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in WRITERS:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            count += 1
            if count == number:
                raise Interrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    except Interrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def places_to_interrupt(run: Callable[[], object]) -> list[int]:
    """Return the numbers of the instructions in `run` worth an interrupt, each when first reached.

    These are the instructions after one that may have had an effect, and returns, which no `try` covers.
    """
    seen: set[Any] = set()
    found: list[int] = []
    count = -1
    after_effect = True

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count, after_effect
        if frame.f_code.co_filename not in WRITERS:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            count += 1
            place = (frame.f_code, frame.f_lasti)
            name = instructions(frame.f_code)[frame.f_lasti]
            if place not in seen and (after_effect or name == "RETURN_VALUE"):
                seen.add(place)
                found.append(count)
            after_effect = name in EFFECTS
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return found


# ---------------------------------------------------------------------------------------------------------------------
# streams


class Case(NamedTuple):
    """Events to apply first, and events to interrupt one by one."""

    before: list[Event]
    after: list[Event]
    options: dict[str, Any]
    writes: bool = True  # whether an interrupt can tear the document


def chunks(*deltas: tuple[str, Any]) -> list[Event]:
    """Return deltas as events of another library."""
    return [{"data": {"delta": delta, "json_path": path}, "id": f"{path}{delta!r}"} for path, delta in deltas]


def wire(*deltas: tuple[str, Any]) -> list[Event]:
    """Return deltas as events decoded from the wire; values to set as they are."""
    return [
        (path, delta)
        if isinstance(delta, Whole)
        else sj.ServerSentEvent(json.dumps({"delta": delta, "json_path": path}), id=f"{path}{delta!r}{number}")
        for number, (path, delta) in enumerate(deltas)
    ]


def spans(*deltas: tuple[str, str | None, Any]) -> list[Event]:
    return [
        {
            "data": {"span_id": span_id, **({} if path is None else {"delta": delta, "json_path": path})},
            "id": str(number),
        }
        for number, (span_id, path, delta) in enumerate(deltas)
    ]


LONG = [("a", "x" * 300), ("b", "y" * 300)] * 3
CASES: dict[str, Case] = {
    **{
        name: Case(wire(*one.before), wire(*one.after), {"on_conflict": "replace"}) for name, one in SCENARIOS.items()
    },
    "deltas without events": Case(
        [], [("a", "x"), ("a", "y"), ("a", "z"), ("b", HIGH), ("b", LOW), ("a", "x"), ("a", HIGH), ("l[0].c", 1)], {}
    ),
    "values that are set": Case(
        [("a", "x"), ("b", "y" + HIGH)],
        [("a", Whole("z")), ("a", Whole("z")), ("b", Whole(HIGH)), ("c.d", Whole(1)), ("c", Whole([HIGH]))],
        {"completion": "end"},
    ),
    "events of another library": Case(
        chunks(("a", "x")), chunks(("a", "y"), ("b", 1), ("a", "z" + HIGH), ("a", LOW)), {}
    ),
    "a text without paths": Case([{"delta": "x"}], [{"delta": "y" + HIGH}, {"delta": LOW}], {}),
    "interleaved long pieces": Case(wire(*LONG), wire(*LONG[:3]), {}),
    "a half at a revisited string": Case(
        wire(("a", "x"), ("b", "y"), ("a", "x")),
        wire(("b", HIGH), ("b", LOW), ("a", HIGH), ("b", HIGH), ("c", "z")),
        {},
    ),
    "pending halves out of order": Case(
        wire(("a", "x" + HIGH), ("b", "y")),
        wire(("b", HIGH), ("a", LOW), ("b", LOW + HIGH), ("a", "z"), ("b", None), ("a", HIGH), ("c.d", "x" + HIGH)),
        {"completion": "end"},
    ),
    "discarded halves": Case(
        wire(("o.a", "x"), ("o.b", "y" + HIGH), ("o.a", HIGH)),
        wire(("o", {"c": 1}), ("o", [1])),
        {"on_conflict": "replace"},
    ),
    "discarded halves out of order": Case(
        wire(("o.a", "x" + HIGH), ("p", HIGH), ("o.b", "y" + HIGH)),
        wire(("o", {"c": 1}), ("p", 1), ("o.c", "x")),
        {"on_conflict": "replace", "completion": "end"},
    ),
    "another span": Case(
        spans(("1", None, None), ("1", "a", "x"), ("1", "b", HIGH)),
        spans(("2", "a", "z"), ("2", "a", "w"), ("3", None, None), ("3", "a", 1), ("4", "l[9999]", 1)),
        {"on_new_span": "reset", "on_invalid": "skip"},
    ),
    "the end": Case(wire(("a", "x"), ("a", HIGH)), [{"data": "[DONE]"}], {}),
    "the end without a repair": Case(wire(("a", "x"), ("a", "y")), [{"data": "[DONE]"}], {}),
    "a failure": Case(wire(("a", "x"), ("a", HIGH)), [{"error_message": "quota"}], {}, writes=False),
    "close with halves in two strings": Case(wire(("a", "x"), ("b", "y" + HIGH), ("a", HIGH)), ["close"], {}),
}  # fmt: skip


def perform(assembler: sj.Assembler, event: Event) -> None:
    with suppress(sj.StreamFailedError):
        if isinstance(event, str):
            getattr(assembler, event)()
        elif isinstance(event, tuple):
            apply_entry(assembler, *event)
        else:
            assembler.apply(event)


def assembled(events: list[Event], options: dict[str, Any]) -> sj.Assembler:
    assembler = sj.Assembler(**options)
    for event in events:
        perform(assembler, event)
    return assembler


def state(assembler: sj.Assembler) -> dict[str, Any]:
    """Return everything that determines the effect of the next events."""
    return state_of(assembler.checkpoint())


def state_of(checkpoint: bytes) -> dict[str, Any]:
    members = unseal("assembler", checkpoint)
    for name in ("event_number", "skipped_count", "misunderstood", "unheard"):  # counts of attempts
        del members[name]
    return members


def seen(snapshot: sj.Snapshot) -> list[Any]:
    return [snapshot.version, snapshot.end, snapshot.span_id, *(read(snapshot) for read in READS.values())]


def check_resumed(assembler: sj.Assembler, rest: list[Event], expected: Any) -> None:
    for event in rest:
        perform(assembler, event)
    assert state(assembler) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after", "options", "writes"), CASES.values(), ids=CASES)
def test_interrupted_event_is_applied_whole_or_not_at_all(
    before: list[Event], after: list[Event], options: dict[str, Any], *, writes: bool
) -> None:
    events = before + after
    final = state(assembled(events, options))
    is_torn: set[bool] = set()
    for count in range(len(before), len(events)):
        event, rest = events[count], events[count + 1 :]
        resumed: set[bytes] = set()  # checkpoints that were restored and resumed
        states = [state(assembled(events[:number], options)) for number in (count, count + 1)]
        shown = [seen(assembled(events[:number], options).snapshot()) for number in (count, count + 1)]
        trial = assembled(events[:count], options)
        for place in places_to_interrupt(lambda event=event, trial=trial: perform(trial, event)):
            assembler = assembled(events[:count], options)
            old = assembler.snapshot()
            _ = old.value
            if not interrupted(lambda event=event, assembler=assembler: perform(assembler, event), place):
                continue
            now = assembler.snapshot()
            saved = assembler.checkpoint()
            there = state_of(saved)
            assert there in states, place
            applied = states.index(there)
            assert seen(now) == shown[applied]
            assert [old.value, old.copy_value()] == shown[0][3:5]
            left = rest if applied else [event, *rest]
            if saved not in resumed:
                check_resumed(sj.Assembler.restore(saved, **options), left, final)
                resumed.add(saved)
            is_torn.add(assembler._session.document.torn)
            if not assembler._session.document.torn:
                check_resumed(assembler, left, final)
                continue
            for refused in (event, {"delta": 1, "json_path": "other"}, {"data": "[DONE]"}, "close"):
                with pytest.raises(sj.ClosedError, match=r"restore\(assembler.checkpoint\(\)\)") as caught:
                    perform(assembler, refused)
                assert caught.value.code == "torn"
            assert state(assembler) == there
            assembler.reset()
            assert assembler.version == now.version + (now.value is not sj.MISSING)
            assembler.apply_delta("a", 1)
            assert assembler.snapshot().value == {"a": 1}
    assert is_torn == ({False, True} if writes else {False})
