"""A half-built document that is saved and gone on with: nobody can tell that it was.

Run as a program, it goes on from the checkpoints that it reads, and writes what was told: see `test_in_a_new_process`.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

import streamjson as sj
from sealing import sealed
from streamjson._resume.checkpoint import _LATER
from streamjson._resume.envelope import seal, unseal
from test_properties import SMALL, exact

HIGH, LOW = "\ud83d", "\ude00"

Act = Any  # an event that is applied; "close" and "reset" are called

# Few places, so that streams come back to them, and fill and leave holes.
PLACES = ["a", "b", "a.c", "a.d", "l[0]", "l[1].x", "l[1].y", "l[3]", "", "o.p.q", "o.p.r"]
DELTAS = ["x", "yy", 1, 2.5, None, True, {}, [], {"k": [1, None]}, HIGH, LOW + "z", ["a", {"b": "c"}], "é" * 300]
OTHERS: list[Act] = [
    {"data": '{"span_id": "1"}', "id": "1"},
    {"data": '{"span_id": "2"}', "id": "2"},
    {"data": '{"span_id": "2", "delta": "z", "json_path": "a"}', "id": "3"},
    {"event": "ping", "data": ""},
    {"event": "ping", "data": "{}", "id": "4"},
    {"data": "", "id": "5"},
    {"delta": "text", "json_path": None},
    {"data": "not JSON"},
    {"delta": 1, "json_path": "a[*]"},
    {"error_message": "later"},
    {"data": "[DONE]", "id": "6"},
    "close",
    "reset",
]
PREFIX = "response"

OPTIONS: Any = st.fixed_dictionaries(
    {
        "path_prefix": st.sampled_from(["", PREFIX]),
        "completion": st.sampled_from(["order", "end"]),
        "on_conflict": st.sampled_from(["error", "replace"]),
        "on_new_span": st.sampled_from(["error", "reset"]),
        "on_invalid": st.sampled_from(["raise", "skip"]),
    }
)


def an_act(choose: Callable[[Sequence[Any]], Any]) -> Act:
    if choose(range(10)) == 9:
        return choose(OTHERS)
    return {"delta": choose(DELTAS), "json_path": choose(PLACES)}


@st.composite
def streams(draw: st.DrawFn) -> list[Act]:
    return [an_act(lambda things: draw(st.sampled_from(things))) for _ in range(draw(st.integers(1, 10)))]


def prefixed(event: Act, prefix: str) -> Act:
    path = event.get("json_path") if isinstance(event, dict) else None
    if path is None or not prefix:
        return event
    return {**event, "json_path": prefix + path if path[:1] in {"", "["} else f"{prefix}.{path}"}


def plain(value: Any) -> Any:
    return "nothing" if value is sj.MISSING else json.loads(exact(value))


def told_of(change: sj.Change | None) -> Any:
    if change is None:
        return None
    before = told_of(change.before)
    return [str(change.path), change.kind, plain(change.delta), plain(change.value), change.version, before]


def listen(assembler: sj.Assembler) -> list[Any]:
    """Register callbacks for everything; return the list that they add to."""
    told: list[Any] = []
    for pattern in ("$", "$..*", "l[*].x"):
        assembler.on(
            pattern,
            lambda change, pattern=pattern: told.append(
                ["change", pattern, *told_of(change)[:4], str(change.match), plain(change.match_value)]
            ),
        )
        assembler.on_complete(
            pattern,
            lambda done, pattern=pattern: told.append(
                ["done", pattern, str(done.path), plain(done.value), done.version, done.revision]
            ),
        )
    return told


def perform(assembler: sj.Assembler, act: Act, told: list[Any]) -> Any:
    """Do one thing; return all that can be seen of it."""
    told.clear()
    try:
        if isinstance(act, str):
            result = told_of(getattr(assembler, act)())
        else:
            result = told_of(assembler.apply(prefixed(act, PREFIX if str(assembler._prefix) else "")))
    except sj.StreamJSONError as error:
        result = ["error", error.code, error.event_number, error.last_event_id]
    snapshot = assembler.snapshot()
    return [
        result,
        list(told),
        plain(snapshot.value),
        [snapshot.is_complete(path) for path in (*PLACES, "l", "l[1]", "o")],
        [assembler.version, assembler.end, assembler.span_id, assembler.last_event_id],
        [assembler.passed_over, assembler.skipped_count],
    ]


def perform_all(assembler: sj.Assembler, acts: list[Act]) -> list[Any]:
    told = listen(assembler)
    return [perform(assembler, act, told) for act in acts]


def with_checkpoints(acts: list[Act], **options: Any) -> tuple[list[bytes], list[Any]]:
    """Return the checkpoints before and after each act, and what was seen of each."""
    assembler = sj.Assembler(**options)
    told = listen(assembler)
    saved, seen = [assembler.checkpoint()], []
    for act in acts:
        seen.append(perform(assembler, act, told))
        saved.append(assembler.checkpoint())
    return saved, seen


def members_of(data: bytes) -> dict[str, Any]:
    """Return what a checkpoint says; what was changed, in no order."""
    members = unseal("assembler", data)
    if members["changes"] is not None:
        members["changes"].sort(key=json.dumps)
    return members


# ---------------------------------------------------------------------------------------------------------------------
# it goes on as if nothing had happened


def deltas(*pairs: tuple[str, Any]) -> list[Act]:
    return [{"delta": delta, "json_path": path} for path, delta in pairs]


@given(streams(), OPTIONS)
@example(deltas(("a", "x"), ("b", 1), ("a", "y"), ("b", 2), ("b", 2.5)), {})
@example(deltas(("l[3]", 1), ("l[0]", None), ("a.c", "x"), ("l[1].x", 1), ("l[3]", None)), {})
@example([*deltas(("a", "x" + HIGH)), "reset", *deltas(("a", HIGH), ("b", "x" + HIGH), ("a", LOW))], {})
@example(deltas(("a", {"b": "x", "c": 1}), ("b", 1), ("a", {}), ("a.c", 1), ("a", None)), {"on_conflict": "replace"})
def test_a_stream_goes_on_from_any_checkpoint(acts: list[Act], options: dict[str, Any]) -> None:
    saved, seen = with_checkpoints(acts, **options)
    assert seen == perform_all(sj.Assembler(**options), acts)  # making one changes nothing
    for count, data in enumerate(saved):
        restored = sj.Assembler.restore(data, **options)
        assert members_of(restored.checkpoint()) == members_of(data)
        assert perform_all(restored, acts[count:]) == seen[count:]


@given(streams(), OPTIONS, st.integers(0, 10))
@example(deltas(("a", "x"), ("b", 1), ("a", "y"), ("b", 2), ("b", 2.5)), {}, 4)
def test_what_has_changed_since_the_checkpoint_is_told_as_without(
    acts: list[Act], options: dict[str, Any], count: int
) -> None:
    whole = sj.Assembler(**options)
    perform_all(whole, acts[:count])
    restored = sj.Assembler.restore(whole.checkpoint(), **options)
    version, before = whole.version, restored.snapshot()
    perform_all(whole, acts[count:])
    perform_all(restored, acts[count:])

    last = restored.snapshot()
    expected = sorted(map(told_of, whole.snapshot().changes_since(version)), key=str)
    for since in (version, before):
        assert sorted(map(told_of, last.changes_since(since)), key=str) == expected
    for older in range(version):  # the history before is gone
        (change,) = last.changes_since(older)
        assert told_of(change)[:2] + told_of(change)[3:] == ["", "set", plain(last.value), last.version, None]


def read_and_go_on(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        case = json.loads(line)
        restored = sj.Assembler.restore(case["checkpoint"].encode(), **case["options"])
        yield json.dumps(perform_all(restored, case["acts"]))


def test_in_a_new_process() -> None:
    """200 streams, saved at each event: the same document, the same completions from there on."""
    cases, expected = [], []
    for seed in range(200):
        chance = random.Random(seed)
        acts = [an_act(chance.choice) for _ in range(chance.randrange(1, 15))]
        options = {
            "path_prefix": chance.choice(["", PREFIX]),
            "completion": chance.choice(["order", "order", "end"]),
            "on_conflict": chance.choice(["error", "replace"]),
            "on_new_span": "reset",
        }
        saved, seen = with_checkpoints(acts, **options)
        for count, data in enumerate(saved):
            cases.append(json.dumps({"checkpoint": data.decode(), "acts": acts[count:], "options": options}))
            expected.append(json.dumps(seen[count:]))
    program = [sys.executable, __file__]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.run(
        program, input="\n".join(cases), env=environment, capture_output=True, text=True, check=False
    )

    assert process.stderr == ""
    for case, line, seen in zip(cases, process.stdout.splitlines(), expected, strict=True):
        assert line == seen, case


def test_values_that_are_complete_are_not_told_again() -> None:
    assembler = sj.Assembler()
    for path, delta in (("people[0].name", "Jane"), ("people[1].name", "Jo")):
        assembler.apply_delta(path, delta)
    restored = sj.Assembler.restore(assembler.checkpoint())
    told: list[str] = []
    restored.on_complete("people[*]", lambda done: told.append(str(done.path)))

    assert restored.snapshot().is_complete("people[0]")
    restored.apply_delta("people[1].name", "hn")
    restored.apply_delta("people[2].name", "Jim")
    restored.close()
    assert told == ["people[1]", "people[2]"]


def test_what_was_told_too_early_is_told_again_to_who_registers_before_the_first_event() -> None:
    assembler = sj.Assembler()
    for path, delta in (("a", "x"), ("b", 1)):
        assembler.apply_delta(path, delta)
    restored = sj.Assembler.restore(assembler.checkpoint())
    early: list[Any] = []
    late: list[Any] = []
    restored.on_complete("a", lambda done: early.append((done.value, done.revision)))
    restored.apply_delta("a", "y")
    restored.on_complete("a", lambda done: late.append((done.value, done.revision)))
    restored.close()

    assert (early, late) == ([("xy", 2)], [("xy", 1)])


def test_a_text_without_paths_goes_on() -> None:
    assembler = sj.Assembler()
    for piece in ("Ja", "n" + HIGH):
        assembler.apply({"delta": piece})
    restored = sj.Assembler.restore(assembler.checkpoint())
    change = restored.apply({"delta": LOW})

    assert change is not None
    assert (change.kind, change.delta, restored.snapshot().value) == ("append", "😀", "Jan😀")


def test_an_empty_document_after_a_reset_goes_on_counting() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)
    assembler.reset()
    restored = sj.Assembler.restore(assembler.checkpoint())

    assert (restored.version, restored.snapshot().value) == (2, sj.MISSING)
    (change,) = restored.snapshot().changes_since(1)
    assert (change.kind, change.value) == ("set", sj.MISSING)
    assert told_of(restored.apply_delta("a", 2)) == ["a", "set", 2, 2, 3, None]


@pytest.mark.parametrize(
    "pairs",
    [[("a", "x"), ("b", 1), ("a", "y"), ("b", 2)], [("", "x"), ("", {}), ("a", 1), ("", [1])]],
    ids=["members", "another root"],
)
def test_chunks_across_a_checkpoint_build_the_same_from_any_version_before(pairs: list[tuple[str, Any]]) -> None:
    whole = sj.Assembler(on_conflict="replace")
    values: list[Any] = []
    for path, delta in pairs:
        whole.apply_delta(path, delta)
        restored = sj.Assembler.restore(whole.checkpoint())
        for older, value in enumerate(values, start=1):
            other = sj.Assembler()
            other.apply_delta("", value)
            for change in restored.snapshot().changes_since(older):
                for chunk in change.to_chunks():
                    other.apply(chunk)
            assert other.snapshot().value == whole.snapshot().value
        values.append(whole.snapshot().copy_value())


def test_a_snapshot_of_the_time_before_is_one_of_another_document() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)
    before = assembler.snapshot()
    with pytest.raises(ValueError, match="belongs to another document"):
        sj.Assembler.restore(assembler.checkpoint()).snapshot().changes_since(before)


@pytest.mark.parametrize("event", [{"span_id": HIGH}, {"data": "", "id": HIGH}], ids=["span", "id"])
def test_half_a_character_in_an_id_is_saved(event: dict[str, Any]) -> None:
    assembler = sj.Assembler()
    assembler.apply(event)
    restored = sj.Assembler.restore(assembler.checkpoint())

    assert (restored.span_id, restored.last_event_id) == (assembler.span_id, assembler.last_event_id)


def test_no_path_leads_to_the_string_that_was_restored_last_but_its_own() -> None:
    assembler = sj.Assembler()
    for path, delta in (("a", "x"), ("b", 1), ("a", "y")):
        assembler.apply_delta(path, delta)
    restored = sj.Assembler.restore(assembler.checkpoint())
    with pytest.raises(sj.ConflictError):
        restored.apply_delta(sj.Path(), "z")
    restored.apply_delta("a", "z")
    assert restored.snapshot().value == {"a": "xyz", "b": 1}


@pytest.mark.parametrize("act", ["close", {"data": "[DONE]"}, {"error_message": "later"}], ids=repr)
def test_the_end_is_told_once(act: Act) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    perform(assembler, act, [])
    restored = sj.Assembler.restore(assembler.checkpoint())
    told = listen(restored)
    restored.close()

    assert told == []
    assert restored.end == assembler.end


# ---------------------------------------------------------------------------------------------------------------------
# callbacks and streams


def test_a_callback_may_save() -> None:
    """What it is told of is in it; a restored one is not told again."""
    assembler = sj.Assembler()
    saved: list[bytes] = []
    assembler.on("$..*", lambda _: saved.append(assembler.checkpoint()))
    for number, (path, delta) in enumerate((("a", "x"), ("b", "y"), ("a", "z"))):
        assembler.apply({"data": json.dumps({"delta": delta, "json_path": path}), "id": str(number)})
        assert saved.pop() == assembler.checkpoint()
        assert not saved


EVENTS = [
    {"data": '{"delta": "Jane", "json_path": "people[0].name"}', "id": "1"},
    {"data": '{"delta": "Jo", "json_path": "people[1].name"}', "id": "2"},
    {"data": '{"delta": "hn", "json_path": "people[1].name"}', "id": "3"},
    {"data": '{"delta": "Jim", "json_path": "people[2].name"}', "id": "4"},
]


def half_way(**options: Any) -> sj.Assembler:
    assembler = sj.Assembler(**options)
    for event in EVENTS[:2]:
        assembler.apply(event)
    return sj.Assembler.restore(assembler.checkpoint(), **options)


async def later(events: list[Any]) -> AsyncIterator[Any]:
    for event in events:
        yield event


def test_a_stream_reads_on() -> None:
    stream = sj.assemble(EVENTS[2:], assembler=half_way())

    assert stream.snapshot.version == 2
    assert [(one.version, one.last_event_id, one.complete) for one in stream] == [
        (3, "3", False), (4, "4", False), (4, "4", True)
    ]  # fmt: skip
    assert stream.final() == {"people": [{"name": "Jane"}, {"name": "John"}, {"name": "Jim"}]}


def test_the_first_snapshot_of_a_stream_tells_all_that_its_reader_has_not_seen() -> None:
    first, second, _ = sj.assemble(EVENTS[2:], assembler=half_way())

    assert [(str(one.path), one.kind) for one in first.changes] == [("people[1].name", "append")]
    assert [(str(one.path), one.kind) for one in second.changes] == [("people[2]", "set")]


def test_pull_forms_begin_with_what_is_there() -> None:
    stream = sj.assemble(EVENTS[2:], assembler=half_way())
    assert list(stream.completed("people[*].name")) == ["Jane", "John", "Jim"]
    stream = sj.assemble(EVENTS[2:], assembler=half_way())
    assert list(stream.text("people[1].name")) == ["Jo", "hn"]


def test_an_asynchronous_stream_reads_on() -> None:
    async def read() -> list[Any]:
        found: list[Any] = [snapshot.version async for snapshot in sj.assemble(later(EVENTS[2:]), assembler=half_way())]
        stream = sj.assemble(later(EVENTS[2:]), assembler=half_way())
        found.append([name async for name in stream.completed("people[*].name")])
        stream = sj.assemble(later(EVENTS[2:]), assembler=half_way())
        found.append([piece async for piece in stream.text("people[1].name")])
        return found

    assert asyncio.run(read()) == [3, 4, 4, ["Jane", "John", "Jim"], ["Jo", "hn"]]


@pytest.mark.parametrize("source", [[], later([])], ids=["sync", "async"])
def test_an_assembler_that_is_given_has_its_options(source: Any) -> None:
    with pytest.raises(TypeError, match="has its options already: on_conflict, path_prefix"):
        sj.assemble(source, assembler=sj.Assembler(), on_conflict="replace", path_prefix="a")


# ---------------------------------------------------------------------------------------------------------------------
# options


def saved_with(**options: Any) -> bytes:
    assembler = sj.Assembler(**options)
    assembler.apply_delta(options.get("path_prefix", ""), {"n": "x"})
    return assembler.checkpoint()


@pytest.mark.parametrize(
    ("made", "given_options"),
    [
        ({"path_prefix": "a.b[0]"}, {}),
        ({"path_prefix": "a.b[0]"}, {"path_prefix": "$['a'][\"b\"][0]"}),
        ({"path_prefix": "$"}, {"path_prefix": ""}),
        ({"completion": "end"}, {}),
        ({"completion": "end"}, {"completion": "end", "on_conflict": "replace"}),
        ({"path_prefix": "a" * 5000, "limits": sj.Limits.unlimited()}, {"limits": sj.Limits.unlimited()}),
    ],
    ids=["those of the checkpoint", "another spelling", "two ways to say none", "completion", "with others", "long"],
)
def test_the_options_that_the_document_depends_on_are_those_of_the_checkpoint(
    made: dict[str, Any], given_options: dict[str, Any]
) -> None:
    restored = sj.Assembler.restore(saved_with(**made), **given_options)
    restored.apply_delta(f"{made.get('path_prefix', '')}.n".removeprefix("."), "y")

    assert restored.snapshot().value == {"n": "xy"}
    assert restored.checkpoint().count(b'"completion":"end"') == ("completion" in made)


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        ({"path_prefix": "b"}, sj.CheckpointError, "other_options"),
        ({"path_prefix": ""}, sj.CheckpointError, "other_options"),
        ({"completion": "end"}, sj.CheckpointError, "other_options"),
        ({"path_prefix": "a["}, sj.InvalidPathError, "unbalanced"),
        ({"path_prefix": None}, sj.InvalidPathError, "not_a_string"),
        ({"limits": sj.Limits(max_path_bytes=2)}, sj.CheckpointError, "bad_checkpoint"),
    ],
    ids=["another prefix", "none", "completion", "no path", "no text", "longer than it may be"],
)
def test_other_options_are_refused(options: Any, error: type[sj.StreamJSONError], code: str) -> None:
    with pytest.raises(error) as caught:
        sj.Assembler.restore(saved_with(path_prefix="abc"), **options)
    assert caught.value.code == code


def test_a_wrong_option_is_the_same_error_as_without_a_checkpoint() -> None:
    with pytest.raises(ValueError, match="completion is 'order' or 'end', not 'later'"):
        sj.Assembler.restore(saved_with(), completion="later")  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------------------
# what is not trusted

# Come back to, with holes, halves and changes of both kinds; the nulls of the value: o.z, l[0], l[1].
FORGED_FROM: list[tuple[str, Any]] = [
    ("o", {"z": None}), ("s", "x"), ("n", 1), ("l[2]", 2), ("m", 3), ("s", "y"), ("n", 4), ("s", HIGH)
]  # fmt: skip


def forged(others: dict[str, Any]) -> bytes:
    """Return a checkpoint with other members, and a digest that is right."""
    assembler = sj.Assembler()
    for path, delta in FORGED_FROM:
        assembler.apply_delta(path, delta)
    members = unseal("assembler", assembler.checkpoint())
    for place, value in others.items():
        above, _, name = place.rpartition(".")
        (members[above] if above else members)[name] = value
    return seal("assembler", members)


def test_what_is_forged_from_is_sound() -> None:
    members = unseal("assembler", forged({}))
    assert members["document"] == {
        "value": {"o": {"z": None}, "s": "x", "n": 1, "l": [None, None, 2], "m": 3}, "open": ["m"], "holes": "[1,2]"
    }  # fmt: skip
    assert members["changes"] == [['[["s"],"append"]', "y"], ['[["n"],"set"]', 4]]
    assert (members["holes"], members["halves"], members["version"]) == ("[1,2]", rf'[["[\"s\"]",{ord(HIGH)}]]', 7)
    assert sj.Assembler.restore(forged({})).snapshot().value["s"] == "xy"


FORGED: dict[str, dict[str, Any]] = {
    "a version before the first": {"version": -1},
    "a version before the changes": {"version": 2},
    "a version that is text": {"version": "7"},
    "a version that is a boolean": {"version": True},
    "a version that is a float": {"version": 7.0},
    "a document that is an array": {"document": []},
    "a document that is a number": {"document": 5},
    "a document without its parts": {"document": {"value": 1}},
    "no document, and changes": {"document": None},
    "no document, and halves": {"document": None, "changes": None},
    "open where nothing is": {"document.open": ["nowhere"]},
    "open below what is no container": {"document.open": ["n", "x"]},
    "open at a name of an array": {"document.open": ["l", "x"]},
    "open at an index of an object": {"document.open": [0]},
    "open before the first item": {"document.open": ["l", -1]},
    "open after the last item": {"document.open": ["l", 3]},
    "open at a boolean": {"document.open": ["l", True]},
    "open at a hole": {"document.open": ["l", 0]},
    "open that is text": {"document.open": "m"},
    "a hole that is no null": {"document.holes": [3]},
    "a hole in an object": {"document.holes": [0, 1, 2]},
    "a hole in the place of the root": {"document": {"value": None, "open": [], "holes": [0]}},
    "holes in no order": {"document.holes": [2, 1]},
    "holes of another type": {"document.holes": ["1"]},
    "holes that are no array": {"document.holes": 1},
    "a hole in the place of a root that was set": {"changes": [[[], "set", None]], "holes": [0], "halves": []},
    "a hole in an object that was set": {"changes": [[["o"], "set", {"z": None}]], "holes": [0, 1, 2]},
    "a hole that is no null any more": {"holes": [3]},
    "holes of now that are no array": {"holes": None},
    "changes that are none": {"changes": [], "version": 5},
    "changes of nothing": {"document": None, "changes": []},
    "changes that are no array": {"changes": {"s": "append"}},
    "a change without its parts": {"changes": [[["s"], "append"]]},
    "a change that is a number": {"changes": [5]},
    "a change of an unknown kind": {"changes": [[["s"], "remove", "y"]]},
    "a text that a number is to grow by": {"changes": [[["s"], "append", 1]]},
    "a number that is to grow": {"changes": [[["n"], "append", "y"]]},
    "a change below what is no container": {"changes": [[["n", "x"], "set", 1]]},
    "a change that changes nothing": {"changes": [[["s"], "append", ""]]},
    "a change of no location": {"changes": [[None, "set", 1]]},
    "half a character as a name": {"changes": [[[HIGH], "set", 1]]},
    "a half that is none": {"halves": [[["s"], 5]]},
    "a half that is a low one": {"halves": [[["s"], ord(LOW)]]},
    "a half that is a float": {"halves": [[["s"], float(ord(HIGH))]]},
    "a half of a number": {"halves": [[["n"], ord(HIGH)]]},
    "a half of nothing": {"halves": [[["nowhere"], ord(HIGH)]]},
    "halves without their parts": {"halves": [[["s"]]]},
    "halves that are no array": {"halves": "s"},
    "a prefix that is no text": {"path_prefix": 5},
    "a prefix that is no path": {"path_prefix": "a[*]"},
    "a prefix in another spelling": {"path_prefix": "$.a"},
    "another completion": {"completion": "later"},
    "completion that is an array": {"completion": []},
    "another end": {"end": "soon"},
    "a failure that is a number": {"failed": 1},
    "a span that is a number": {"span_id": 5},
    "no last event id": {"last_event_id": None},
    "deltas that are a number": {"has_deltas": 1},
    "a number of events that is text": {"event_number": "3"},
    "a number of events that is a boolean": {"event_number": True},
    "less than no events": {"event_number": -1},
    "less than none passed over": {"passed_over": -1},
    "less than none skipped": {"skipped_count": -1},
    "less than none ignored": {"ignored_count": -1},
    "chunks that are a number": {"has_chunks": 1},
    "an unheard event that is no text": {"unheard": None},
}


@pytest.mark.parametrize("others", FORGED.values(), ids=FORGED)
def test_what_no_document_can_have_written_is_refused(others: dict[str, Any]) -> None:
    with pytest.raises(sj.CheckpointError):
        sj.Assembler.restore(forged(others))


@pytest.mark.parametrize("name", sorted(set(unseal("assembler", forged({}))) - {"kind", *_LATER}))
def test_each_member_must_be_there_but_for_later_ones(name: str) -> None:
    members = unseal("assembler", forged({}))
    del members[name]
    with pytest.raises(sj.CheckpointError):
        sj.Assembler.restore(seal("assembler", members))


def test_a_checkpoint_without_the_later_members_is_read() -> None:
    members = unseal("assembler", forged({}))
    old = seal("assembler", {name: value for name, value in members.items() if name not in {"kind", *_LATER}})
    assembler = sj.Assembler.restore(old)
    assembler.close()
    assert (assembler.ignored_count, assembler.snapshot().complete) == (0, True)


def test_a_number_that_overflows_is_refused() -> None:
    text = forged({}).decode()
    rest = text[text.index('"kind"') :].replace(r'\"set\"]",4', r'\"set\"]",1e999')
    with pytest.raises(sj.CheckpointError):
        sj.Assembler.restore(sealed(rest))


def test_what_earlier_versions_wrote_as_lists_is_read() -> None:
    members = unseal("assembler", forged({}))
    old = {
        **members,
        "document": {**members["document"], "holes": [1, 2]},
        "changes": [[["s"], "append", "y"], [["n"], "set", 4]],
        "holes": [1, 2],
        "halves": [[["s"], ord(HIGH)]],
    }
    del old["kind"]
    restored = sj.Assembler.restore(seal("assembler", old))
    assert restored.checkpoint() == sj.Assembler.restore(forged({})).checkpoint()


@pytest.mark.parametrize("texts", [{"holes": "[" * 200}, {"halves": "{"}, {"repaired": "5"}, {"changes": [["[", 1]]}])
def test_a_packed_text_is_not_trusted(texts: dict[str, Any]) -> None:
    with pytest.raises((sj.CheckpointError, sj.LimitExceededError)):
        sj.Assembler.restore(forged(texts))


@pytest.mark.parametrize("depth", [1, 6])
@pytest.mark.parametrize("completion", ["order", "end"])
def test_a_checkpoint_is_read_under_the_limits_that_made_it(depth: int, completion: Any) -> None:
    """Fields that are written in turn, each of them come back to, in a document that has no room left."""
    count = 2000
    way = "".join(f"n{number}." for number in range(depth))
    limits = sj.Limits(max_nodes=count + depth + 1)
    assembler = sj.Assembler(limits=limits, completion=completion)
    for _ in range(2):
        for number in range(count - 1):
            assembler.apply_delta(f"{way}f{number}", HIGH if completion == "end" and number % 2 else "x")
    saved = assembler.checkpoint()
    restored = sj.Assembler.restore(saved, limits=limits)
    assert restored.snapshot().value == assembler.snapshot().value
    assert restored.checkpoint() == saved


def test_a_checkpoint_of_another_kind_is_refused() -> None:
    with pytest.raises(sj.CheckpointError, match="of kind 'replay_filter'"):
        sj.Assembler.restore(sj.ReplayFilter().checkpoint())


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Return each container in a value with each of its keys."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        here = todo.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        found += [(here, key) for key in keys]
        todo += [here[key] for key in keys]
    return found


STRANGE = SMALL | st.sampled_from(
    [-1, 0, 2, 2**70, 55357, True, 1e400, "append", "set", "order", "end", "done", ["a"], ["l", 1], [[["a"], "set", 1]]]
)


@given(streams(), st.data(), st.integers(1, 3))
def test_a_checkpoint_that_says_anything_is_refused_or_makes_an_assembler_that_works(
    acts: list[Act], data: st.DataObject, count: int
) -> None:
    assembler = sj.Assembler(on_conflict="replace", on_new_span="reset")
    perform_all(assembler, acts)
    members = unseal("assembler", assembler.checkpoint())
    for _ in range(count):
        found = spots(members)
        here, key = found[data.draw(st.integers(0, len(found) - 1))]
        others = copy.deepcopy(data.draw(st.lists(STRANGE, min_size=1, max_size=2)))
        if isinstance(here, list) and data.draw(st.booleans()):
            here[key : key + data.draw(st.integers(0, 1))] = others[1:]
        elif key != "kind":
            here[key] = others[0]
    try:
        restored = sj.Assembler.restore(seal("assembler", members))
    except (sj.CheckpointError, sj.LimitExceededError):
        return

    assert members_of(sj.Assembler.restore(restored.checkpoint()).checkpoint()) == members_of(restored.checkpoint())
    told = listen(restored)
    for act in [*acts, *deltas(("a", "x"), ("l[1].x", "y"), ("b", LOW)), "close"]:
        perform(restored, act, told)
        snapshot = restored.snapshot()
        assert exact_or_nothing(snapshot.value) == exact_or_nothing(snapshot.copy_value())


def exact_or_nothing(value: Any) -> str:
    return "" if value is sj.MISSING else exact(value)


# ---------------------------------------------------------------------------------------------------------------------
# limits


@pytest.mark.parametrize(
    ("delta", "limits"),
    [
        ({"a": [[1]]}, {"max_depth": 2}),
        ({"abc": 1}, {"max_key_bytes": 2}),
        ({"a": [1, 2, 3]}, {"max_array_length": 2}),
        ({"a": [1, 2, 3]}, {"max_nodes": 4}),
        ({"a": "äöü"}, {"max_string_bytes": 5}),
        ({"a": "äöü"}, {"max_document_bytes": 6}),
        ({"a": 1234}, {"max_number_digits": 3}),
    ],
    ids=lambda value: next(iter(value)) if "max" in str(value) else "",
)
def test_a_document_that_is_more_than_limits_allow_is_refused(delta: Any, limits: dict[str, int]) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("", delta)
    data = assembler.checkpoint()
    with pytest.raises(sj.LimitExceededError) as caught:
        sj.Assembler.restore(data, limits=sj.Limits(**limits))
    ((name, bound),) = limits.items()
    assert (caught.value.limit, caught.value.maximum) == (name, bound)
    restored = sj.Assembler.restore(data, limits=sj.Limits(**{name: bound + 1}))
    assert restored.snapshot().value == delta


def test_limits_count_what_was_there_before() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x" * 5)
    restored = sj.Assembler.restore(assembler.checkpoint(), limits=sj.Limits(max_string_bytes=8, max_nodes=2))
    restored.apply_delta("a", "x" * 3)

    for path in ("a", "b"):
        with pytest.raises(sj.LimitExceededError):
            restored.apply_delta(path, "x")


def test_what_lifted_limits_have_let_in_may_be_more_than_can_be_written() -> None:
    assembler = sj.Assembler(limits=sj.Limits.unlimited())
    assembler.apply_delta("[0]" * 5_000, 1)
    with pytest.raises(sj.LimitExceededError, match="max_depth"):
        assembler.checkpoint()
    assembler.reset()
    assembler.apply_delta("a", 10**5_000)
    with pytest.raises(sj.LimitExceededError, match="max_number_digits"):
        assembler.checkpoint()


if __name__ == "__main__":
    for answer in read_and_go_on(sys.stdin):
        print(answer)  # noqa: T201  # to the test that has started it
