"""A half-built document is saved and resumed: the restored assembler behaves exactly like the original.

Run as a program, this file resumes the checkpoints that it reads, and writes what happened: `test_in_a_new_process`.
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
from streamjson._resume.checkpoint import _LATER_MEMBERS
from streamjson._resume.envelope import seal, unseal
from test_properties import SMALL, exact

HIGH, LOW = "\ud83d", "\ude00"

Act = Any  # an event that is applied; a list of a path and the value set there; "close" and "reset" are called

# Few locations, so that streams return to them, and fill and leave holes.
LOCATIONS = ["a", "b", "a.c", "a.d", "l[0]", "l[1].x", "l[1].y", "l[3]", "", "o.p.q", "o.p.r"]
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
    kind = choose(range(10))
    if kind == 9:
        return choose(OTHERS)
    if kind > 6:
        return [choose(LOCATIONS), choose(DELTAS)]
    return {"delta": choose(DELTAS), "json_path": choose(LOCATIONS)}


@st.composite
def streams(draw: st.DrawFn) -> list[Act]:
    return [an_act(lambda things: draw(st.sampled_from(things))) for _ in range(draw(st.integers(1, 10)))]


def below(prefix: str, path: str) -> str:
    return prefix + path if path[:1] in {"", "["} or not prefix else f"{prefix}.{path}"


def prefixed(event: Act, prefix: str) -> Act:
    path = event.get("json_path") if isinstance(event, dict) else None
    return event if path is None else {**event, "json_path": below(prefix, path)}


def plain(value: Any) -> Any:
    return "nothing" if value is sj.MISSING else json.loads(exact(value))


def facts_of(change: sj.Change | None) -> Any:
    if change is None:
        return None
    before = facts_of(change.before)
    return [str(change.path), change.kind, plain(change.delta), plain(change.value), change.version, before]


def listen(assembler: sj.Assembler) -> list[Any]:
    """Register callbacks for everything; return the list of their calls."""
    calls: list[Any] = []
    for pattern in ("$", "$..*", "l[*].x"):
        assembler.on(
            pattern,
            lambda change, pattern=pattern: calls.append(
                ["change", pattern, *facts_of(change)[:4], str(change.match), plain(change.match_value)]
            ),
        )
        assembler.on_complete(
            pattern,
            lambda done, pattern=pattern: calls.append(
                ["done", pattern, str(done.path), plain(done.value), done.version, done.revision]
            ),
        )
    return calls


def perform(assembler: sj.Assembler, act: Act, calls: list[Any]) -> Any:
    """Perform one act; return everything that can be observed."""
    calls.clear()
    prefix = str(assembler._session.options.prefix)
    try:
        if isinstance(act, str):
            result = facts_of(getattr(assembler, act)())
        elif isinstance(act, list):
            path, value = act
            result = facts_of(assembler.set_value(below(prefix, path), value))
        else:
            result = facts_of(assembler.apply(prefixed(act, prefix)))
    except sj.StreamJSONError as error:
        result = ["error", error.code, error.event_number, error.last_event_id]
    snapshot = assembler.snapshot()
    return [
        result,
        list(calls),
        plain(snapshot.value),
        [snapshot.is_complete(path) for path in (*LOCATIONS, "l", "l[1]", "o")],
        [assembler.version, assembler.end, assembler.span_id, assembler.last_event_id],
        [assembler.passed_over, assembler.skipped_count],
    ]


def perform_all(assembler: sj.Assembler, acts: list[Act]) -> list[Any]:
    calls = listen(assembler)
    return [perform(assembler, act, calls) for act in acts]


def with_checkpoints(acts: list[Act], **options: Any) -> tuple[list[bytes], list[Any]]:
    """Return the checkpoints before the first act and after each act, and what was observed of each act."""
    assembler = sj.Assembler(**options)
    calls = listen(assembler)
    saved, seen = [assembler.checkpoint()], []
    for act in acts:
        seen.append(perform(assembler, act, calls))
        saved.append(assembler.checkpoint())
    return saved, seen


def members_of(data: bytes) -> dict[str, Any]:
    """Return the members of a checkpoint, with the changes in a fixed order."""
    members = unseal("assembler", data)
    if members["changes"] is not None:
        members["changes"].sort(key=json.dumps)
    return members


# ---------------------------------------------------------------------------------------------------------------------
# the restored assembler behaves like the original


def deltas(*pairs: tuple[str, Any]) -> list[Act]:
    return [{"delta": delta, "json_path": path} for path, delta in pairs]


@given(streams(), OPTIONS)
@example([*deltas(("a", "x"), ("b", 1), ("a", "y" + HIGH)), ["a", "xy"], ["a", "x" + HIGH], *deltas(("a", LOW))], {})
@example(deltas(("a", "x"), ("b", 1), ("a", "y"), ("b", 2), ("b", 2.5)), {})
@example(deltas(("l[3]", 1), ("l[0]", None), ("a.c", "x"), ("l[1].x", 1), ("l[3]", None)), {})
@example([*deltas(("a", "x" + HIGH)), "reset", *deltas(("a", HIGH), ("b", "x" + HIGH), ("a", LOW))], {})
@example(deltas(("a", {"b": "x", "c": 1}), ("b", 1), ("a", {}), ("a.c", 1), ("a", None)), {"on_conflict": "replace"})
def test_a_stream_continues_from_any_checkpoint(acts: list[Act], options: dict[str, Any]) -> None:
    saved, seen = with_checkpoints(acts, **options)
    assert seen == perform_all(sj.Assembler(**options), acts)  # a checkpoint changes nothing
    for count, data in enumerate(saved):
        restored = sj.Assembler.restore(data, **options)
        assert members_of(restored.checkpoint()) == members_of(data)
        assert perform_all(restored, acts[count:]) == seen[count:]


@given(streams(), OPTIONS, st.integers(0, 10))
@example(deltas(("a", "x"), ("b", 1), ("a", "y"), ("b", 2), ("b", 2.5)), {}, 4)
def test_changes_since_the_checkpoint_are_the_same(acts: list[Act], options: dict[str, Any], count: int) -> None:
    whole = sj.Assembler(**options)
    perform_all(whole, acts[:count])
    restored = sj.Assembler.restore(whole.checkpoint(), **options)
    version, before = whole.version, restored.snapshot()
    perform_all(whole, acts[count:])
    perform_all(restored, acts[count:])

    last = restored.snapshot()
    expected = sorted(map(facts_of, whole.snapshot().changes_since(version)), key=str)
    for since in (version, before):
        assert sorted(map(facts_of, last.changes_since(since)), key=str) == expected
    for older in range(version):  # earlier history is gone
        (change,) = last.changes_since(older)
        assert facts_of(change)[:2] + facts_of(change)[3:] == ["", "set", plain(last.value), last.version, None]


def resume_lines(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        case = json.loads(line)
        restored = sj.Assembler.restore(case["checkpoint"].encode(), **case["options"])
        yield json.dumps(perform_all(restored, case["acts"]))


@pytest.mark.slow
def test_in_a_new_process() -> None:
    """200 streams, saved after each event: the same documents and completions follow."""
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


def test_completed_values_are_not_reported_again() -> None:
    assembler = sj.Assembler()
    for path, delta in (("people[0].name", "Jane"), ("people[1].name", "Jo")):
        assembler.apply_delta(path, delta)
    restored = sj.Assembler.restore(assembler.checkpoint())
    reported: list[str] = []
    restored.on_complete("people[*]", lambda done: reported.append(str(done.path)))

    assert restored.snapshot().is_complete("people[0]")
    restored.apply_delta("people[1].name", "hn")
    restored.apply_delta("people[2].name", "Jim")
    restored.close()
    assert reported == ["people[1]", "people[2]"]


def test_a_value_reported_too_early_is_reported_again() -> None:
    """A callback that is registered before the first event gets revision 2, a later one revision 1."""
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


def test_a_text_without_paths_continues() -> None:
    assembler = sj.Assembler()
    for piece in ("Ja", "n" + HIGH):
        assembler.apply({"delta": piece})
    restored = sj.Assembler.restore(assembler.checkpoint())
    change = restored.apply({"delta": LOW})

    assert change is not None
    assert (change.kind, change.delta, restored.snapshot().value) == ("append", "😀", "Jan😀")


def test_an_empty_document_after_a_reset_keeps_its_version() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)
    assembler.reset()
    restored = sj.Assembler.restore(assembler.checkpoint())

    assert (restored.version, restored.snapshot().value) == (2, sj.MISSING)
    (change,) = restored.snapshot().changes_since(1)
    assert (change.kind, change.value) == ("set", sj.MISSING)
    assert facts_of(restored.apply_delta("a", 2)) == ["a", "set", 2, 2, 3, None]


@pytest.mark.parametrize(
    "pairs",
    [[("a", "x"), ("b", 1), ("a", "y"), ("b", 2)], [("", "x"), ("", {}), ("a", 1), ("", [1])]],
    ids=["members", "another root"],
)
def test_chunks_across_a_checkpoint_rebuild_the_document(pairs: list[tuple[str, Any]]) -> None:
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


def test_an_earlier_snapshot_is_of_another_document() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)
    before = assembler.snapshot()
    with pytest.raises(ValueError, match="belongs to another document"):
        sj.Assembler.restore(assembler.checkpoint()).snapshot().changes_since(before)


@pytest.mark.parametrize("event", [{"span_id": HIGH}, {"data": "", "id": HIGH}], ids=["span", "id"])
def test_a_surrogate_half_in_an_id_is_saved(event: dict[str, Any]) -> None:
    assembler = sj.Assembler()
    assembler.apply(event)
    restored = sj.Assembler.restore(assembler.checkpoint())

    assert (restored.span_id, restored.last_event_id) == (assembler.span_id, assembler.last_event_id)


def test_only_its_own_path_leads_to_the_open_string() -> None:
    assembler = sj.Assembler()
    for path, delta in (("a", "x"), ("b", 1), ("a", "y")):
        assembler.apply_delta(path, delta)
    restored = sj.Assembler.restore(assembler.checkpoint())
    with pytest.raises(sj.ConflictError):
        restored.apply_delta(sj.Path(), "z")
    restored.apply_delta("a", "z")
    assert restored.snapshot().value == {"a": "xyz", "b": 1}


@pytest.mark.parametrize("act", ["close", {"data": "[DONE]"}, {"error_message": "later"}], ids=repr)
def test_the_end_is_reported_once(act: Act) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x")
    perform(assembler, act, [])
    restored = sj.Assembler.restore(assembler.checkpoint())
    calls = listen(restored)
    restored.close()

    assert calls == []
    assert restored.end == assembler.end


def test_a_reopened_document_is_restored() -> None:
    whole = sj.Assembler()
    calls = listen(whole)
    for path, delta in (("a", "x"), ("b", 1)):
        whole.apply_delta(path, delta)
    whole.close()
    whole.reopen()
    restored = sj.Assembler.restore(whole.checkpoint())
    for assembler, called in ((whole, calls), (restored, listen(restored))):
        called.clear()
        assembler.apply_delta("b", 2)
        assembler.close()
        assert [call[2:] for call in called if call[:2] == ["done", "$"]] == [["", {"a": "x", "b": 2}, 3, 2]]


# ---------------------------------------------------------------------------------------------------------------------
# callbacks and streams


def test_a_callback_may_take_a_checkpoint() -> None:
    """The checkpoint contains the change that the callback was called for."""
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


def halfway(**options: Any) -> sj.Assembler:
    assembler = sj.Assembler(**options)
    for event in EVENTS[:2]:
        assembler.apply(event)
    return sj.Assembler.restore(assembler.checkpoint(), **options)


async def later(events: list[Any]) -> AsyncIterator[Any]:
    for event in events:
        yield event


def test_a_stream_continues() -> None:
    stream = sj.assemble(EVENTS[2:], assembler=halfway())

    assert stream.snapshot.version == 2
    assert [(one.version, one.last_event_id, one.complete) for one in stream] == [
        (3, "3", False), (4, "4", False), (4, "4", True)
    ]  # fmt: skip
    assert stream.final() == {"people": [{"name": "Jane"}, {"name": "John"}, {"name": "Jim"}]}


def test_the_first_snapshot_has_all_changes_since_the_checkpoint() -> None:
    first, second, _ = sj.assemble(EVENTS[2:], assembler=halfway())

    assert [(str(one.path), one.kind) for one in first.changes] == [("people[1].name", "append")]
    assert [(str(one.path), one.kind) for one in second.changes] == [("people[2]", "set")]


def test_pull_iterators_begin_with_the_restored_values() -> None:
    stream = sj.assemble(EVENTS[2:], assembler=halfway())
    assert list(stream.completed("people[*].name")) == ["Jane", "John", "Jim"]
    stream = sj.assemble(EVENTS[2:], assembler=halfway())
    assert list(stream.text("people[1].name")) == ["Jo", "hn"]


def test_an_asynchronous_stream_continues() -> None:
    async def read() -> list[Any]:
        found: list[Any] = [snapshot.version async for snapshot in sj.assemble(later(EVENTS[2:]), assembler=halfway())]
        stream = sj.assemble(later(EVENTS[2:]), assembler=halfway())
        found.append([name async for name in stream.completed("people[*].name")])
        stream = sj.assemble(later(EVENTS[2:]), assembler=halfway())
        found.append([piece async for piece in stream.text("people[1].name")])
        return found

    assert asyncio.run(read()) == [3, 4, 4, ["Jane", "John", "Jim"], ["Jo", "hn"]]


@pytest.mark.parametrize("source", [[], later([])], ids=["sync", "async"])
def test_a_given_assembler_keeps_its_options(source: Any) -> None:
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
    ids=["not given", "another spelling", "two spellings of none", "completion", "with other options", "long"],
)
def test_a_checkpoint_keeps_the_options_of_its_document(made: dict[str, Any], given_options: dict[str, Any]) -> None:
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
    ids=["another prefix", "no prefix", "completion", "not a path", "not text", "too long"],
)
def test_other_options_are_refused(options: Any, error: type[sj.StreamJSONError], code: str) -> None:
    with pytest.raises(error) as caught:
        sj.Assembler.restore(saved_with(path_prefix="abc"), **options)
    assert caught.value.code == code


def test_an_invalid_option_is_the_usual_error() -> None:
    with pytest.raises(ValueError, match="completion is 'order' or 'end', not 'later'"):
        sj.Assembler.restore(saved_with(), completion="later")  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------------------
# forged checkpoints

# The sender returned. There are holes, a half and changes of both kinds. The nulls of the value: o.z, l[0], l[1].
FORGED_FROM: list[tuple[str, Any]] = [
    ("o", {"z": None}), ("s", "x"), ("n", 1), ("l[2]", 2), ("m", 3), ("s", "y"), ("n", 4), ("s", HIGH)
]  # fmt: skip


def forged(others: dict[str, Any]) -> bytes:
    """Return a checkpoint with other members and the right digest."""
    assembler = sj.Assembler()
    for path, delta in FORGED_FROM:
        assembler.apply_delta(path, delta)
    members = unseal("assembler", assembler.checkpoint())
    for key, value in others.items():
        parent, _, name = key.rpartition(".")
        (members[parent] if parent else members)[name] = value
    return seal("assembler", members)


def test_the_members_before_forgery_are_valid() -> None:
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
    "a version as text": {"version": "7"},
    "a version as a boolean": {"version": True},
    "a version as a float": {"version": 7.0},
    "a document as an array": {"document": []},
    "a document as a number": {"document": 5},
    "a document without its members": {"document": {"value": 1}},
    "changes without a document": {"document": None},
    "halves without a document": {"document": None, "changes": None},
    "open at a missing value": {"document.open": ["nowhere"]},
    "open below a scalar": {"document.open": ["n", "x"]},
    "open at a name of an array": {"document.open": ["l", "x"]},
    "open at an index of an object": {"document.open": [0]},
    "open before the first item": {"document.open": ["l", -1]},
    "open after the last item": {"document.open": ["l", 3]},
    "open at a boolean": {"document.open": ["l", True]},
    "open at a hole": {"document.open": ["l", 0]},
    "open as text": {"document.open": "m"},
    "a hole that is not a null": {"document.holes": [3]},
    "a hole in an object": {"document.holes": [0, 1, 2]},
    "a hole at the root": {"document": {"value": None, "open": [], "holes": [0]}},
    "holes out of order": {"document.holes": [2, 1]},
    "holes of another type": {"document.holes": ["1"]},
    "holes as a number": {"document.holes": 1},
    "a hole at a changed root": {"changes": [[[], "set", None]], "holes": [0], "halves": []},
    "a hole in a changed object": {"changes": [[["o"], "set", {"z": None}]], "holes": [0, 1, 2]},
    "a hole that is no longer a null": {"holes": [3]},
    "present holes as null": {"holes": None},
    "no changes": {"changes": [], "version": 5},
    "no changes and no document": {"document": None, "changes": []},
    "changes as an object": {"changes": {"s": "append"}},
    "a change without its delta": {"changes": [[["s"], "append"]]},
    "a change as a number": {"changes": [5]},
    "a change of an unknown kind": {"changes": [[["s"], "remove", "y"]]},
    "a number appended to a text": {"changes": [[["s"], "append", 1]]},
    "a text appended to a number": {"changes": [[["n"], "append", "y"]]},
    "a change below a scalar": {"changes": [[["n", "x"], "set", 1]]},
    "a change without effect": {"changes": [[["s"], "append", ""]]},
    "a change without a location": {"changes": [[None, "set", 1]]},
    "a surrogate half as a name": {"changes": [[[HIGH], "set", 1]]},
    "a half that is not a surrogate": {"halves": [[["s"], 5]]},
    "a low half": {"halves": [[["s"], ord(LOW)]]},
    "a half as a float": {"halves": [[["s"], float(ord(HIGH))]]},
    "a half of a number": {"halves": [[["n"], ord(HIGH)]]},
    "a half of a missing value": {"halves": [[["nowhere"], ord(HIGH)]]},
    "a half without its code unit": {"halves": [[["s"]]]},
    "halves as text": {"halves": "s"},
    "a prefix as a number": {"path_prefix": 5},
    "a prefix that is not a path": {"path_prefix": "a[*]"},
    "a prefix in another spelling": {"path_prefix": "$.a"},
    "an unknown completion": {"completion": "later"},
    "completion as an array": {"completion": []},
    "an unknown end": {"end": "soon"},
    "a failure as a number": {"failed": 1},
    "a span as a number": {"span_id": 5},
    "no last event id": {"last_event_id": None},
    "deltas as a number": {"has_deltas": 1},
    "a number of events as text": {"event_number": "3"},
    "a number of events as a boolean": {"event_number": True},
    "fewer than 0 events": {"event_number": -1},
    "fewer than 0 passed over": {"passed_over": -1},
    "fewer than 0 skipped": {"skipped_count": -1},
    "fewer than 0 ignored": {"ignored_count": -1},
    "chunks as a number": {"has_chunks": 1},
    "an unheard event as null": {"unheard": None},
}


@pytest.mark.parametrize("others", FORGED.values(), ids=FORGED)
def test_a_malformed_checkpoint_is_refused(others: dict[str, Any]) -> None:
    with pytest.raises(sj.CheckpointError):
        sj.Assembler.restore(forged(others))


@pytest.mark.parametrize("name", sorted(set(unseal("assembler", forged({}))) - {"kind", *_LATER_MEMBERS}))
def test_each_member_but_the_later_ones_is_required(name: str) -> None:
    members = unseal("assembler", forged({}))
    del members[name]
    with pytest.raises(sj.CheckpointError):
        sj.Assembler.restore(seal("assembler", members))


def test_a_checkpoint_without_the_later_members_is_restored() -> None:
    members = unseal("assembler", forged({}))
    old = seal("assembler", {name: value for name, value in members.items() if name not in {"kind", *_LATER_MEMBERS}})
    assembler = sj.Assembler.restore(old)
    assembler.close()
    assert (assembler.ignored_count, assembler.snapshot().complete) == (0, True)


def test_a_number_that_overflows_is_refused() -> None:
    text = forged({}).decode()
    rest = text[text.index('"kind"') :].replace(r'\"set\"]",4', r'\"set\"]",1e999')
    with pytest.raises(sj.CheckpointError):
        sj.Assembler.restore(sealed(rest))


def test_the_lists_of_earlier_versions_are_restored() -> None:
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
def test_a_malformed_packed_text_is_refused(texts: dict[str, Any]) -> None:
    with pytest.raises((sj.CheckpointError, sj.LimitExceededError)):
        sj.Assembler.restore(forged(texts))


@pytest.mark.parametrize("depth", [1, 6])
@pytest.mark.parametrize("completion", ["order", "end"])
def test_a_checkpoint_is_restored_under_its_own_limits(depth: int, completion: Any) -> None:
    """The sender fills fields in turn and returns to each, in a document without room for more values."""
    count = 2000
    parent = "".join(f"n{number}." for number in range(depth))
    limits = sj.Limits(max_nodes=count + depth + 1)
    assembler = sj.Assembler(limits=limits, completion=completion)
    for _ in range(2):
        for number in range(count - 1):
            assembler.apply_delta(f"{parent}f{number}", HIGH if completion == "end" and number % 2 else "x")
    saved = assembler.checkpoint()
    restored = sj.Assembler.restore(saved, limits=limits)
    assert restored.snapshot().value == assembler.snapshot().value
    assert restored.checkpoint() == saved


def test_a_checkpoint_of_another_kind_is_refused() -> None:
    with pytest.raises(sj.CheckpointError, match="of kind 'replay_filter'"):
        sj.Assembler.restore(sj.ReplayFilter().checkpoint())


def slots_of(value: Any) -> list[tuple[Any, Any]]:
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
def test_a_forged_checkpoint_is_refused_or_restored(acts: list[Act], data: st.DataObject, count: int) -> None:
    assembler = sj.Assembler(on_conflict="replace", on_new_span="reset")
    perform_all(assembler, acts)
    members = unseal("assembler", assembler.checkpoint())
    for _ in range(count):
        found = slots_of(members)
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
    calls = listen(restored)
    for act in [*acts, *deltas(("a", "x"), ("l[1].x", "y"), ("b", LOW)), "close"]:
        perform(restored, act, calls)
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
def test_a_document_beyond_the_limits_is_refused(delta: Any, limits: dict[str, int]) -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("", delta)
    data = assembler.checkpoint()
    with pytest.raises(sj.LimitExceededError) as caught:
        sj.Assembler.restore(data, limits=sj.Limits(**limits))
    ((name, bound),) = limits.items()
    assert (caught.value.limit, caught.value.maximum) == (name, bound)
    restored = sj.Assembler.restore(data, limits=sj.Limits(**{name: bound + 1}))
    assert restored.snapshot().value == delta


def test_limits_count_the_restored_document() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("a", "x" * 5)
    restored = sj.Assembler.restore(assembler.checkpoint(), limits=sj.Limits(max_string_bytes=8, max_nodes=2))
    restored.apply_delta("a", "x" * 3)

    for path in ("a", "b"):
        with pytest.raises(sj.LimitExceededError):
            restored.apply_delta(path, "x")


def test_a_document_beyond_the_interpreter_cannot_be_saved() -> None:
    assembler = sj.Assembler(limits=sj.Limits.unlimited())
    assembler.apply_delta("[0]" * 5_000, 1)
    with pytest.raises(sj.LimitExceededError, match="max_depth"):
        assembler.checkpoint()
    assembler.reset()
    assembler.apply_delta("a", 10**5_000)
    with pytest.raises(sj.LimitExceededError, match="max_number_digits"):
        assembler.checkpoint()


if __name__ == "__main__":
    for answer in resume_lines(sys.stdin):
        print(answer)  # noqa: T201  # for the test that has started it
