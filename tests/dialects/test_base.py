"""The seam: what an assembler does with the verbs of any dialect, shown with `Commands`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from commands import Commands, event
from sealing import sealed
from streamjson._dialects import DIALECTS


@pytest.fixture(autouse=True)
def _commands() -> Iterator[None]:
    DIALECTS["commands"] = Commands
    yield
    del DIALECTS["commands"]


def assembler(**options: Any) -> sj.Assembler:
    return sj.Assembler(dialect="commands", **options)


THREE = event(["add", "name", "Jane"], ["more", " Doe"], ["put", "age", 34], id="7")


# ---------------------------------------------------------------------------------------------------------------------
# several changes in one event


def test_apply_returns_the_last_change() -> None:
    change = assembler().apply(THREE)

    assert change is not None
    assert (change.version, str(change.path), change.value) == (3, "age", 34)


def test_event_changes_are_all_of_the_event() -> None:
    change = assembler().apply(THREE)

    assert change is not None
    assert [str(one) for one in map(repr, change.event_changes)] == [
        "<Change 1: set 'Jane' at name>",
        "<Change 2: append ' Doe' at name>",
        "<Change 3: set 34 at age>",
    ]
    assert change.event_changes[-1] is change
    assert [one.value for one in change.event_changes] == ["Jane", "Jane Doe", 34]


def test_before_chains_the_changes_of_one_event() -> None:
    one = assembler()
    one.apply(event(["add", "title", "a"]))
    change = one.apply(THREE)

    versions = []
    while change is not None:
        versions.append(change.version)
        change = change.before
    assert versions == [4, 3, 2]


def test_a_change_in_the_middle_knows_its_event() -> None:
    change = assembler().apply(THREE)

    assert change is not None
    middle = change.event_changes[1]
    assert [one.version for one in middle.event_changes] == [1, 2, 3]
    assert middle.event_changes[1] is middle


def test_snapshot_changes_cover_the_last_event() -> None:
    one = assembler()
    one.apply(event(["add", "name", "J"]))
    one.apply(event(["add", "name", "ane"], ["add", "age", 34]))

    assert [(str(change.path), change.kind, change.delta) for change in one.snapshot().changes] == [
        ("name", "append", "ane"),
        ("age", "set", 34),
    ]


def test_a_stream_yields_one_snapshot_for_each_event() -> None:
    stream = sj.assemble([THREE, event(["put", "age", 35])], dialect="commands")

    assert [snapshot.value for snapshot in stream] == [
        {"name": "Jane Doe", "age": 34},
        {"name": "Jane Doe", "age": 35},
        {"name": "Jane Doe", "age": 35},
    ]


def test_callbacks_run_after_the_event_for_each_change_at_its_version() -> None:
    one, heard = assembler(), []
    one.on("name", lambda change: heard.append((change.version, change.match_value, one.version)))
    one.on("age", lambda change: heard.append((change.version, change.match_value, one.version)))

    one.apply(THREE)
    one.apply(event(["add", "name", "!"], ["more", "?"]))

    assert heard == [(1, "Jane", 3), (2, "Jane Doe", 3), (3, 34, 3), (4, "Jane Doe!", 5), (5, "Jane Doe!?", 5)]


def test_a_callback_hears_a_change_that_is_not_the_last() -> None:
    one, heard = assembler(), []
    one.on("name", lambda change: heard.append(change.delta))

    for text in ("J", "a", "n"):
        one.apply(event(["add", "name", text], ["add", "other", text]))

    assert heard == ["J", "a", "n"]


def test_completions_come_before_the_change_that_causes_them() -> None:
    one, heard = assembler(), []
    one.on_complete("people[*]", lambda done: heard.append((str(done.path), done.value)))

    one.apply(event(["add", "people[0].name", "Jane"], ["add", "people[1].name", "John"], ["add", "total", 2]))

    assert heard == [("people[0]", {"name": "Jane"}), ("people[1]", {"name": "John"})]


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["add", "put"]),
                st.sampled_from(["a", "b[0]", "b[2].c", "d"]),
                st.sampled_from([None, 1, 2, "x", "yz", "", "\ud83d", "\ude00", {}, {"c": "q"}, ["r"]]),
            ),
            max_size=5,
        ),
        max_size=6,
    )
)
def test_an_event_does_what_its_deltas_do_one_by_one(events: list[list[tuple[str, str, Any]]]) -> None:
    """Values, versions, callbacks and chunks are those of an assembler that is given the deltas one by one."""
    together, singly, copy = assembler(on_conflict="replace"), sj.Assembler(on_conflict="replace"), sj.Assembler()
    heard: dict[str, list[Any]] = {"together": [], "singly": []}
    together.on("$..c", lambda change: heard["together"].append((change.version, change.kind, str(change.match))))
    singly.on("$..c", lambda change: heard["singly"].append((change.version, change.kind, str(change.match))))
    for commands in events:
        change = together.apply(event(*commands))
        before = singly.version
        for verb, path, value in commands:
            (singly.apply_delta if verb == "add" else singly.set_value)(path, value)
        assert together.version == singly.version
        assert (change is None) == (before == singly.version)
        if change is not None:
            assert [one.version for one in change.event_changes] == list(range(before + 1, singly.version + 1))
            for one in change.event_changes:
                for chunk in one.to_chunks():
                    copy.apply(chunk)
            assert copy.snapshot().value == together.snapshot().value
    assert together.snapshot().value == singly.snapshot().value
    assert heard["together"] == heard["singly"]


# ---------------------------------------------------------------------------------------------------------------------
# errors


HALF = event(["put", "name", "Jane"], ["add", "name.first", "x"], ["put", "age", 1], id="8")


def test_deltas_before_a_rejected_one_stay_applied() -> None:
    one, heard = assembler(), []
    one.on("name", lambda change: heard.append(change.delta))
    one.apply(event(["put", "name", "J"], id="7"))

    with pytest.raises(sj.ConflictError) as caught:
        one.apply(HALF)

    assert caught.value.deltas_applied == 1
    assert "deltas of this event that were applied: 1" in str(caught.value)
    assert caught.value.last_event_id == "7"
    assert one.snapshot().value == {"name": "Jane"}
    assert heard == ["J", "Jane"]
    assert one.last_event_id == "8"  # sent again, the event would apply its first delta twice


def test_an_event_whose_first_delta_is_rejected_changes_nothing() -> None:
    one = assembler()
    one.apply(event(["put", "name", "J"], id="7"))

    with pytest.raises(sj.ConflictError) as caught:
        one.apply(event(["add", "name.first", "x"], ["put", "age", 1], id="8"))

    assert caught.value.deltas_applied == 0
    assert (one.snapshot().value, one.last_event_id) == ({"name": "J"}, "7")


def test_a_skipped_event_returns_the_changes_it_made() -> None:
    one, heard = assembler(on_invalid="skip"), []
    one.on("name", lambda change: heard.append(change.delta))

    change = one.apply(HALF)

    assert change is not None
    assert (str(change.path), change.value, heard) == ("name", "Jane", ["Jane"])
    assert one.skipped[0].error.deltas_applied == 1


def test_errors_of_callbacks_become_the_cause_of_the_error() -> None:
    one = assembler()
    one.on("name", lambda _: 1 / 0)

    with pytest.raises(sj.ConflictError) as caught:
        one.apply(HALF)

    assert isinstance(caught.value.__cause__, ExceptionGroup)


def test_a_stream_continues_after_a_partly_applied_event() -> None:
    stream = sj.assemble([HALF, event(["put", "age", 2])], dialect="commands")

    with pytest.raises(sj.ConflictError):
        next(stream)

    assert [snapshot.value for snapshot in stream][-1] == {"name": "Jane", "age": 2}


def test_a_replayed_event_that_was_partly_applied_is_passed_over() -> None:
    replays, one = sj.ReplayFilter(), assembler()
    more = event(["add", "text", "b"], id="9")
    broken = event(["add", "text", "a"], ["add", "text.x", 1], id="8")
    stream = sj.assemble([broken], assembler=one, replays=replays)
    with pytest.raises(sj.ConflictError):
        next(stream)
    replays.reconnected()

    assert sj.assemble([broken, more], assembler=one, replays=replays).final() == {"text": "ab"}


def test_a_foreign_event_is_rejected() -> None:
    with pytest.raises(sj.InvalidEventError, match="an event of Morse") as caught:
        assembler().apply(event(["foreign", "Morse"]))

    assert caught.value.code == "foreign_event"


# ---------------------------------------------------------------------------------------------------------------------
# the end, failures, runs


def test_deltas_before_the_end_are_part_of_the_document() -> None:
    one, heard = assembler(), []
    one.on_complete("name", lambda done: heard.append(done.value))

    change = one.apply(event(["add", "name", "Jane\ud83d"], ["end"]))

    assert change is not None
    assert [(each.kind, each.delta) for each in change.event_changes] == [("set", "Jane"), ("append", "\ufffd")]
    assert (one.end, heard) == ("done", ["Jane\ufffd"])


def test_a_failure_comes_after_the_deltas_of_its_event() -> None:
    one, heard = assembler(), []
    one.on("name", lambda change: heard.append(change.delta))

    with pytest.raises(sj.StreamFailedError, match="overloaded") as caught:
        one.apply(event(["add", "name", "Ja"], ["more", "ne"], ["fail", "overloaded"]))

    assert caught.value.snapshot is not None
    assert (caught.value.snapshot.value, heard) == ({"name": "Jane"}, ["Ja", "ne"])


def test_a_failure_hides_no_rejected_delta() -> None:
    one = assembler()
    one.apply(event(["add", "name", "Jane"]))

    with pytest.raises(sj.StreamFailedError, match="overloaded") as caught:
        one.apply(event(["add", "name.first", "x"], ["fail", "overloaded"]))

    assert isinstance(caught.value.__cause__, sj.ConflictError)


def test_a_new_run_begins_a_document_with_all_deltas_of_its_event() -> None:
    one = assembler(on_new_span="reset")
    one.apply(event(["run", "a"], ["add", "name", "Jane"]))

    change = one.apply(event(["run", "b"], ["add", "name", "Jo"], ["more", "hn"]))

    assert change is not None
    assert [(each.kind, each.delta) for each in change.event_changes] == [
        ("set", sj.MISSING),
        ("set", "Jo"),
        ("append", "hn"),
    ]
    assert (one.snapshot().value, one.span_id) == ({"name": "John"}, "b")


def test_a_new_run_whose_first_delta_is_rejected_does_not_begin() -> None:
    one = assembler(on_new_span="reset")
    one.apply(event(["run", "a"], ["add", "name", "Jane"]))

    with pytest.raises(sj.InvalidPathError):
        one.apply(event(["run", "b"], ["add", "x[-1]", "Jo"], ["add", "name", "John"]))

    assert (one.snapshot().value, one.span_id) == ({"name": "Jane"}, "a")


@pytest.mark.parametrize("on_invalid", ["raise", "skip"])
def test_a_rejected_delta_does_not_hide_the_end(on_invalid: Any) -> None:
    broken = event(["add", "a", "x"], ["add", "a.b", "x"], ["end"], id="9")
    stream = sj.assemble([broken, event(["add", "c", 1])], dialect="commands", on_invalid=on_invalid)
    if on_invalid == "raise":
        with pytest.raises(sj.ConflictError):
            next(stream)

    (last,) = stream

    assert (last.value, last.end, last.last_event_id) == ({"a": "x"}, "done", "9")


def test_a_failure_says_how_many_deltas_came_before_it() -> None:
    with pytest.raises(sj.StreamFailedError) as caught:
        assembler().apply(event(["add", "a", "x"], ["more", "y"], ["fail", "boom"]))

    assert caught.value.deltas_applied == 2


@pytest.mark.parametrize("is_stale", [False, True])
def test_completions_of_an_event_that_interleaves_the_stream(*, is_stale: bool) -> None:
    """The changes before the return complete values, whether or not the listeners have just changed."""
    one, heard = assembler(), []
    one.on_complete("*", lambda done: heard.append((str(done.path), done.value, done.revision)))
    handle = one.on("a", lambda _: None)
    one.apply(event(["put", "a", 1]))
    if is_stale:
        handle.cancel()

    one.apply(event(["put", "b", 2], ["put", "c", 3], ["put", "a", 4]))
    one.close()

    assert heard == [("a", 1, 1), ("b", 2, 1), ("a", 4, 2), ("c", 3, 1)]


# ---------------------------------------------------------------------------------------------------------------------
# state, and checkpoints


def test_a_dialect_carries_state_to_the_next_event() -> None:
    one = assembler()
    one.apply(event(["add", "a.b", "x"]))

    change = one.apply(event(["more", "y"]))

    assert change is not None
    assert change.value == "xy"


def test_a_rejected_event_leaves_the_state_as_it_was() -> None:
    one = assembler()
    one.apply(event(["add", "a.b", "x"]))
    with pytest.raises(sj.ConflictError):
        one.apply(event(["add", "a.b.c", "z"]))

    change = one.apply(event(["more", "y"]))

    assert change is not None
    assert change.value == "xy"


def test_a_new_run_does_not_continue_the_state_of_the_last_one() -> None:
    one = assembler(on_new_span="reset", on_invalid="skip")
    one.apply(event(["run", "a"], ["add", "text", "x"]))
    one.apply(event(["run", "b"], ["add", "x[-1]", "x"]))

    assert (one.span_id, b'"dialect_state":null' in one.checkpoint()) == ("b", True)


def test_the_state_is_part_of_the_checkpoint() -> None:
    one = assembler()
    one.apply(event(["add", "a.b", "x"]))
    restored = sj.Assembler.restore(one.checkpoint())

    change = restored.apply(event(["more", "y"]))

    assert change is not None
    assert change.value == "xy"


def test_a_reset_forgets_the_state() -> None:
    one = assembler()
    one.apply(event(["add", "a.b", "x"]))
    one.reset()

    assert b'"dialect_state":null' in one.checkpoint()


@pytest.mark.parametrize(("made", "given_"), [("commands", "chunks"), ("chunks", "commands")])
def test_restore_refuses_another_dialect(made: str, given_: str) -> None:
    data = sj.Assembler(dialect=made).checkpoint()

    with pytest.raises(sj.CheckpointError, match=f"made with dialect='{made}'") as caught:
        sj.Assembler.restore(data, dialect=given_)

    assert caught.value.code == "other_options"


def test_restore_refuses_a_state_that_the_dialect_does_not_have() -> None:
    members = json.loads(sj.Assembler().checkpoint()) | {"dialect_state": {}}
    rest = json.dumps({name: value for name, value in members.items() if name not in ("format", "sha256")})[1:]
    with pytest.raises(sj.CheckpointError, match="'dialect_state'"):
        sj.Assembler.restore(sealed(rest))


def test_restore_refuses_a_dialect_that_does_not_exist() -> None:
    data = assembler().checkpoint()
    del DIALECTS["commands"]
    try:
        with pytest.raises(sj.CheckpointError, match="commands"):
            sj.Assembler.restore(data)
    finally:
        DIALECTS["commands"] = Commands


@pytest.mark.parametrize("name", ["chunk", "", None, []])
def test_an_unknown_dialect_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="dialect is 'chunks'"):
        sj.Assembler(dialect=name)


def test_versions_of_one_event_are_restored_as_one_value() -> None:
    one = assembler()
    one.apply(THREE)
    restored = sj.Assembler.restore(one.checkpoint())

    assert restored.snapshot().value == {"name": "Jane Doe", "age": 34}
    assert [a.version < b.version for a, b in pairwise([one.snapshot(), restored.snapshot()])] == [False]
