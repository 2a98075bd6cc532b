"""Which callbacks are called, with what and in which order; and what a callback may do."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, strategies as st

import streamjson as sj
from naive_model import ConflictError, NaiveCompletions, NaiveDocument, finished_order
from rfc9535 import Spelled, select, spelled as spellings
from streamjson._document.document import Document
from streamjson._notify import Dispatcher
from test_properties import SEEDS, VALUES, WILD_STREAMS, cut, exact
from verbs import apply_entry

Received = list[Any]


def assembler(*events: tuple[str, Any], **options: Any) -> sj.Assembler:
    made = sj.Assembler(**options)
    apply(made, *events)
    return made


def apply(target: sj.Assembler, *events: tuple[str, Any]) -> None:
    for path, delta in events:
        target.apply_delta(path, delta)


def listen(target: sj.Assembler, *patterns: str) -> list[tuple[Any, ...]]:
    """Return a list of the changes that are reported."""
    received: list[tuple[Any, ...]] = []
    for pattern in patterns:
        target.on(pattern, lambda change, pattern=pattern: received.append((pattern, str(change.match), change.delta)))
    return received


def await_values(target: sj.Assembler, *patterns: str) -> list[tuple[Any, ...]]:
    """Return a list of the finished values that are reported."""
    received: list[tuple[Any, ...]] = []
    for pattern in patterns:
        target.on_complete(pattern, lambda done: received.append((str(done.path), done.value, done.revision)))
    return received


# ---------------------------------------------------------------------------------------------------------------------
# changes


@pytest.mark.parametrize(
    ("pattern", "events", "expected"),
    [
        pytest.param("a.b", [("a.b", "x"), ("a.b", "y"), ("a.c", 1)], [("a.b", "x"), ("a.b", "y")], id="at a match"),
        pytest.param("a", [("a.b[0]", 1), ("c", 1), ("a.b[1]", 2)], [("a", 1), ("a", 2)], id="under a match"),
        pytest.param("$", [("a", 1), ("b", 2)], [("", 1), ("", 2)], id="under the root"),
        pytest.param("$", [("", "x"), ("", "y")], [("", "x"), ("", "y")], id="at the root"),
        pytest.param(
            "items[*].id",
            [("items", [{"id": 1}, {"no": 0}, {"id": [2]}])],
            [(f"items[{number}].id", [{"id": 1}, {"no": 0}, {"id": [2]}]) for number in (0, 2)],
            id="above matches",
        ),
        pytest.param("a.b", [("a", {"b": 1}), ("a", None), ("a", {"c": 1})], [("a.b", {"b": 1})], id="what vanishes"),
        pytest.param("a[*]", [("a[2]", 1)], [("a[2]", 1)], id="not the holes"),
        pytest.param(
            "$..x",
            [("x.x", 1), ("x", {"x": {"x": 2}})],
            [("x", 1), ("x.x", 1), *[(path, {"x": {"x": 2}}) for path in ("x", "x.x", "x.x.x")]],
            id="many matches, from the root on",
        ),
        pytest.param("n", [("n", 1), ("n", 12), ("n", 12)], [("n", 1), ("n", 12)], id="a number that grows"),
        pytest.param("a.b", [("a", None), ("a.b", 1)], [("a.b", 1)], id="through a null"),
        pytest.param(
            "a",
            [("a", "x"), ("b", "y"), ("a", "z"), ("b", "w"), ("a", "v")],
            [("a", "x"), ("a", "z"), ("a", "v")],
            id="a text that is left and continued",
        ),
        pytest.param(
            "a.b",
            [("a.c", "x"), ("a.d", "y"), ("a.c", "z"), ("a.d", "w"), ("a.c", "v"), ("a.b", 1), ("a.c", "u")],
            [("a.b", 1)],
            id="not its siblings",
        ),
    ],
)
def test_changes_at_under_and_above_a_match_are_reported(pattern: str, events: Received, expected: Received) -> None:
    target = sj.Assembler()
    heard = listen(target, pattern)

    apply(target, *events)

    assert [(match, delta) for _, match, delta in heard] == expected


@pytest.mark.parametrize(
    "nothing",
    [
        {"event": "ping", "data": ""},
        {"delta": "", "json_path": "a"},
        {"data": ""},
    ],
    ids=["a ping", "an empty delta", "an id"],
)
@pytest.mark.parametrize("path", ["a", "b"])
def test_an_event_without_change_does_not_affect_recipients(nothing: Any, path: str) -> None:
    target = sj.Assembler()
    before = listen(target, "a")
    apply(target, ("a", "x"), ("b", "x"), ("a", "x"), ("b", "x"))
    before.clear()
    late = listen(target, "b")

    target.apply(nothing)
    target.apply({"delta": "y", "json_path": path})
    target.apply(nothing)
    apply(target, (path, "z"))

    received, silent = (before, late) if path == "a" else (late, before)
    assert received == [(path, path, "y"), (path, path, "z")]
    assert silent == []


@pytest.mark.parametrize(
    "last", [("a", "w"), ("c", 1), ("c", {"d": 1})], ids=["the open text", "a number", "an object"]
)
def test_the_repair_of_another_text_is_always_reported(last: tuple[str, Any]) -> None:
    target = sj.Assembler()
    heard = listen(target, "b")

    apply(target, ("a", "x"), ("b", "y"), ("a", "z"), ("b", "\ud83d"), last, ("b", "!"))

    assert [delta for _, _, delta in heard] == ["y", "\ufffd", "!"]


def test_ignored_locations_stay_ignored_in_any_number() -> None:
    target = sj.Assembler(limits=sj.Limits.unlimited())
    heard = listen(target, "$..x", "elsewhere.y")

    apply(target, *[(f"items[{number}]", 1) for number in range(5000)], ("o.p", "x"), ("o.q", "y"), ("o.p", "z"))
    apply(target, ("items[7]", 2), ("items[4999]", 2), ("items[7]", 3))
    assert heard == []
    apply(target, ("items[5000].x", 1), ("o.x", 1))
    assert [match for _, match, _ in heard] == ["items[5000].x", "o.x"]


def test_a_change_has_the_match_and_its_value() -> None:
    target = sj.Assembler()
    changes: list[sj.Change] = []
    target.on("people[*]", changes.append)

    apply(target, ("people[0].name", "Ja"), ("people[0].name", "ne"), ("people[1].name", "x"))

    assert [str(change.match) for change in changes] == ["people[0]", "people[0]", "people[1]"]
    assert [str(change.path) for change in changes] == ["people[0].name", "people[0].name", "people[1].name"]
    assert [change.match_value for change in changes] == [{"name": "Ja"}, {"name": "Jane"}, {"name": "x"}]
    assert [change.kind for change in changes] == ["set", "append", "set"]
    assert [change.version for change in changes] == [1, 2, 3]
    assert repr(changes[1]) == "<Change 2: append 'ne' at people[0].name>"


def test_outside_of_callbacks_a_change_matches_its_own_path() -> None:
    change = sj.Assembler().apply_delta("a.b", 1)

    assert change is not None
    assert (change.match, change.match_value) == (("a", "b"), 1)


def test_one_location_is_reported_in_the_order_of_registration() -> None:
    target = sj.Assembler()
    heard = listen(target, "a.*", "a", "a.b", "$..b", "$")

    apply(target, ("a.b", 1))

    assert [(pattern, match) for pattern, match, _ in heard] == [
        ("$", ""), ("a", "a"), ("a.*", "a.b"), ("a.b", "a.b"), ("$..b", "a.b")
    ]  # fmt: skip


@given(VALUES, SEEDS)
def test_the_reported_deltas_rebuild_the_document(value: Any, chance: Any) -> None:
    target = sj.Assembler()
    rebuilt = NaiveDocument()
    target.on("$", lambda change: rebuilt.apply(change.path, change.delta))

    apply(target, *cut(value, chance))
    target.close()

    assert exact(rebuilt.values[-1]) == exact(value)


@given(WILD_STREAMS, st.booleans(), st.lists(spellings(), min_size=1, max_size=3), st.integers(0, 5))
def test_recipients_of_changes_follow_the_standard(
    stream: Any, replace: bool, patterns: list[Spelled], late: int
) -> None:
    target = sj.Assembler(on_conflict="replace" if replace else "error")
    naive = NaiveDocument(replace=replace)
    received: list[tuple[int, int, tuple[Any, ...]]] = []

    def register(number: int) -> None:
        target.on(patterns[number].text, lambda change: received.append((change.version, number, change.match)))

    register(0)
    since = [0] * len(patterns)
    for count, (place, entry) in enumerate(stream):
        if count == late:
            for number in range(1, len(patterns)):
                since[number] = target.version
                register(number)
        try:
            apply_entry(naive, place, entry)
        except ConflictError:
            continue
        apply_entry(target, sj.Path(place), entry)
    naive.close()
    target.close()

    wanted = set()
    for version, place in enumerate(naive.changed_at[1:], start=1):
        new = naive.holders[version]
        for number, one in enumerate(patterns):
            if number > 0 and (len(stream) <= late or version <= since[number]):
                continue
            for match in select(one.query, new[0]) if version else ():
                if place[: len(match)] == match or match[: len(place)] == place:
                    wanted.add((version, number, match))
    assert set(received) == wanted
    assert len(received) == len(wanted)
    assert [version for version, _, _ in received] == sorted(version for version, _, _ in received)


# ---------------------------------------------------------------------------------------------------------------------
# finished values


def test_a_value_is_reported_when_a_delta_lands_outside_of_it() -> None:
    target = sj.Assembler()
    done = await_values(target, "people[*]", "people[*].name", "$")

    apply(target, ("people[0].name", "Jane"), ("people[0].name", " Doe"))
    assert done == []
    apply(target, ("people[0].age", 34))
    assert done == [("people[0].name", "Jane Doe", 1)]
    apply(target, ("people[1].name", "John"))
    assert done[1:] == [("people[0]", {"name": "Jane Doe", "age": 34}, 1)]
    target.close()
    assert done[2:] == [
        ("people[1].name", "John", 1),
        ("people[1]", {"name": "John"}, 1),
        ("", {"people": [{"name": "Jane Doe", "age": 34}, {"name": "John"}]}, 1),
    ]
    target.close()
    assert len(done) == 5


def test_finished_values_are_reported_before_the_change() -> None:
    target = sj.Assembler()
    order: list[str] = []
    target.on("$..*", lambda change: order.append(f"{change.match} changed"))
    target.on_complete("$..*", lambda done: order.append(f"{done.path} finished at {done.version}"))

    apply(target, ("a.b", "x"), ("c", "y"))

    assert order == ["a changed", "a.b changed", "a.b finished at 1", "a finished at 1", "c changed"]


def test_a_pending_half_is_repaired_before_its_text_is_finished() -> None:
    target = sj.Assembler()
    order: list[tuple[Any, ...]] = []
    target.on("$..*", lambda change: order.append((str(change.match), change.delta, change.version)))
    target.on_complete("$..*", lambda done: order.append((str(done.path), done.value)))

    apply(target, ("a", "x\ud83d"), ("b", "y\ud83d"))
    target.close()

    assert order == [
        ("a", "x", 1), ("a", "\ufffd", 2), ("a", "x\ufffd"), ("b", "y", 3), ("b", "\ufffd", 4), ("b", "y\ufffd")
    ]  # fmt: skip


@given(WILD_STREAMS, st.booleans(), st.booleans())
@example([((0,), []), ((1,), {}), ((), None), ((1,), {})], True, True)  # a hole in the place of a value
def test_completions_follow_the_definition(stream: Any, replace: bool, in_order: bool) -> None:
    target = sj.Assembler(on_conflict="replace" if replace else "error", completion="order" if in_order else "end")
    naive = NaiveDocument(replace=replace, in_order=in_order)
    received: list[sj.Completion[Any]] = []
    target.on_complete("$", received.append)
    target.on_complete("$..*", received.append)
    for place, entry in stream:
        try:
            apply_entry(naive, place, entry)
        except ConflictError:
            continue
        apply_entry(target, sj.Path(place), entry)
    naive.close()
    target.close()

    model = NaiveCompletions(naive, in_order=in_order)
    model.close(naive)
    got = [(tuple(done.path), done.version, done.revision) for done in received]
    assert sorted(got, key=str) == sorted(model.reported, key=str)
    assert [one for one in got if one[2] == 1] == [one for one in model.reported if one[2] == 1]
    # I7: the last report of a value is final, and none is reported more than twice.
    final = select([(True, [("wild",)])], naive.values[-1]) | {(): naive.values[-1]}
    final = {place: final[place] for place in finished_order(naive.holders[-1][0])}  # a hole is not a value
    last = {tuple(done.path): done.value for done in received}
    assert all(value is sj.MISSING if place not in final else exact(value) == exact(final[place])
               for place, value in last.items())  # fmt: skip
    assert max([got.count(one) for one in got], default=0) <= 1
    assert max([sum(place == one[0] for one in got) for place in last], default=0) <= 2


def test_a_value_changed_after_its_report_is_reported_at_the_end() -> None:
    target = sj.Assembler()
    done = await_values(target, "*")

    apply(target, ("a", "x"), ("b", "y"), ("a", "z"), ("c", "w"), ("d", 1))
    assert done == [("a", "x", 1)]
    target.close()
    assert done[1:] == [("a", "xz", 2), ("b", "y", 1), ("c", "w", 1), ("d", 1, 1)]


def test_a_reported_value_that_vanishes_is_reported_as_missing() -> None:
    target = sj.Assembler()
    done = await_values(target, "a.*", "a[0]")

    apply(target, ("a.b", 1), ("a.c", 2), ("a", None), ("a[1]", 3))
    target.close()

    assert done == [("a.b", 1, 1), ("a.b", sj.MISSING, 2), ("a[1]", 3, 1)]


def test_a_value_replaced_by_a_hole_is_gone() -> None:
    target = sj.Assembler()
    done = await_values(target, "[0]")
    typed: Received = []
    target.on_complete("[0]", typed.append, into=int)

    apply(target, ("[0]", 1), ("[1]", 2), ("", None), ("[1]", 3))
    target.close()

    assert done == [("[0]", 1, 1), ("[0]", sj.MISSING, 2)]
    assert [one.gone for one in typed] == [False, True]


def test_only_earlier_recipients_learn_that_a_value_is_gone() -> None:
    target = sj.Assembler()
    early = await_values(target, "a.b")
    apply(target, ("a.b", 1), ("a.c", 2))
    late = await_values(target, "a.b")
    apply(target, ("a", None))
    target.close()

    assert early == [("a.b", 1, 1), ("a.b", sj.MISSING, 2)]
    assert late == []


def test_with_completion_end_nothing_is_reported_before_the_end() -> None:
    target = sj.Assembler(completion="end")
    done = await_values(target, "*")

    apply(target, ("a", 1), ("b", 2))
    assert done == []
    assert not target.snapshot().is_complete("a")
    target.close()
    assert done == [("a", 1, 1), ("b", 2, 1)]
    assert target.snapshot().is_complete("a")


def test_a_failure_finishes_no_value() -> None:
    target = sj.Assembler()
    done = await_values(target, "$..*", "$")
    apply(target, ("a", 1))

    with pytest.raises(sj.StreamFailedError):
        target.apply({"error_message": "overloaded"})
    assert target.close() is None

    assert done == []
    assert not target.snapshot().is_complete("a")


def test_a_return_is_found_with_both_kinds_of_callback() -> None:
    target = sj.Assembler()
    done = await_values(target, "*")
    heard = listen(target, "b")

    apply(target, ("a", "x"), ("b", "y"), ("a", "z"), ("b", "!"))
    target.close()

    assert done == [("a", "x", 1), ("a", "xz", 2), ("b", "y!", 1)]
    assert [delta for _, _, delta in heard] == ["y", "!"]


# ---------------------------------------------------------------------------------------------------------------------
# late callbacks, and cancelled ones


def test_a_late_callback_is_called_from_the_next_event_on() -> None:
    target = assembler(("a", "x"), ("b", "y"))
    heard = listen(target, "b")
    done = await_values(target, "*")

    apply(target, ("b", "z"), ("c", "w"))

    assert [delta for _, _, delta in heard] == ["z"]
    assert done == [("b", "yz", 1)]  # `a` was finished before


def test_a_callback_added_after_a_return_gets_the_rest_last() -> None:
    target = assembler(("a", "x"), ("b", "y"), ("c", "z"), ("b", "!"))
    done = await_values(target, "*")

    apply(target, ("c", "!"))
    target.close()

    assert done == [("b", "y!", 1), ("c", "z!", 1)]


def test_a_late_callback_is_corrected_only_on_its_own_values() -> None:
    target = assembler(("a", "x"), ("b", "y"))
    done = await_values(target, "*")

    apply(target, ("c", "z"), ("a", "!"), ("b", "!"))
    target.close()

    assert done == [("b", "y", 1), ("a", "x!", 1), ("b", "y!", 2), ("c", "z", 1)]


def test_a_cancelled_callback_is_not_called() -> None:
    target = sj.Assembler()
    received: Received = []
    first = target.on("a", lambda change: received.append(("first", change.delta)))
    second = target.on_complete("*", lambda done: received.append(("second", done.value)))

    apply(target, ("a", "x"))
    first.cancel()
    first.cancel()
    apply(target, ("a", "y"), ("b", "z"))
    assert second.active
    second.cancel()
    target.close()

    assert received == [("first", "x"), ("second", "xy")]
    assert not first.active
    assert repr(first) == "<Subscription 'a', cancelled>"


def test_a_handle_can_be_called_like_its_function() -> None:
    target = sj.Assembler()

    @target.on("a")
    def double(change: sj.Change) -> Any:
        return 2 * change.delta

    @target.on_complete("a")
    def value(done: sj.Completion[Any]) -> Any:
        return done.value

    change = target.apply_delta("a", 4)
    assert change is not None
    assert double(change) == 8
    assert isinstance(double, sj.Subscription)
    assert isinstance(value, sj.Subscription)
    assert double.pattern == "a"
    assert repr(double) == "<Subscription 'a'>"


def test_a_callback_can_read_register_and_cancel() -> None:
    target = sj.Assembler()
    received: Received = []

    def once(change: sj.Change) -> None:
        received.append(("once", target.snapshot().value, change.value))
        one.cancel()
        other.cancel()
        target.on("a", lambda change: received.append(("new", change.delta)))

    one = target.on("a", once)
    other = target.on("a", lambda _: received.append("was cancelled by the callback before"))
    waiting = target.on_complete("*", lambda _: received.append("was cancelled, too"))

    apply(target, ("a", "x"))
    waiting.cancel()
    apply(target, ("a", "y"), ("b", "z"))

    assert received == [("once", {"a": "x"}, "x"), ("new", "y")]


@pytest.mark.parametrize("last", ["x", "xy", "xyz"])
def test_cancelling_another_callback_applies_to_the_same_event(last: str) -> None:
    target = sj.Assembler()
    received: Received = []
    target.on("a", lambda change: second.cancel() if change.value == last else None)
    second = target.on("a", lambda change: received.append(change.delta))

    apply(target, ("a", "x"), ("a", "y"), ("a", "z"), ("a", "!"))

    assert received == list(last[:-1])


def test_a_callback_added_by_another_gets_the_rest_of_the_text() -> None:
    target = sj.Assembler()
    received: Received = []
    target.on("a", lambda change: target.on("a", lambda new: received.append((change.delta, new.delta))))

    apply(target, ("a", "x"), ("a", "y"), ("a", "z"))

    assert received == [("x", "y"), ("x", "z"), ("y", "z")]


# ---------------------------------------------------------------------------------------------------------------------
# errors


def fail(what: sj.Change | sj.Completion[Any]) -> None:
    raise ValueError(str(what.match))


def test_errors_of_callbacks_are_raised_together() -> None:
    target = sj.Assembler()
    target.on_complete("*", fail)
    target.on("b", fail)
    heard = listen(target, "b")
    apply(target, ("a", 1))

    with pytest.raises(ExceptionGroup, match="2 callbacks failed, but the event is applied; first: a") as caught:
        target.apply_delta("b", "x")
    with pytest.raises(ExceptionGroup, match="1 callback failed"):
        target.apply_delta("b", "y")
    with pytest.raises(ExceptionGroup) as last:
        target.close()

    assert [str(error) for error in caught.value.exceptions] == ["a", "b"]
    assert [error.__notes__ for error in caught.value.exceptions] == [
        ["for the callback on *, at a"], ["for the callback on b, at b"]
    ]  # fmt: skip
    assert [delta for _, _, delta in heard] == ["x", "y"]
    assert [str(error) for error in last.value.exceptions] == ["b"]
    assert target.snapshot().value == {"a": 1, "b": "xy"}
    assert target.snapshot().complete


def test_the_note_of_an_error_names_the_root() -> None:
    target = sj.Assembler()
    target.on("$", fail)

    with pytest.raises(ExceptionGroup) as caught:
        target.apply({"delta": 1, "json_path": ""})
    assert caught.value.exceptions[0].__notes__ == ["for the callback on $, at the root"]


@pytest.mark.parametrize("path", ["a", "b"], ids=["where the text grows", "elsewhere"])
def test_an_interrupt_passes_at_once_and_leaves_no_damage(path: str) -> None:
    target = assembler(("a", "x"))
    received: Received = []

    def interrupt(_: sj.Change) -> None:
        raise KeyboardInterrupt

    handle = target.on("$", interrupt)
    target.on("$", received.append)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            target.apply_delta(path, "y")
    assert received == []
    handle.cancel()
    apply(target, ("a", "z"))
    assert len(received) == 1


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda target: target.apply({"delta": "!", "json_path": "a"}), id="apply"),
        pytest.param(lambda target: target.apply_delta("a", "!"), id="apply_delta"),
        pytest.param(lambda target: target.apply_delta("b", "!"), id="apply_delta elsewhere"),
        pytest.param(
            lambda target: (target.snapshot().value, target.apply_delta("a", "!")), id="apply_delta after a read"
        ),
        pytest.param(lambda target: target.close(), id="close"),
        pytest.param(lambda target: target.reset(), id="reset"),
    ],
)
@pytest.mark.parametrize("event", [("a", "y"), ("c", "y")], ids=["as the text grows", "elsewhere"])
def test_a_callback_cannot_change_the_document(call: Any, event: tuple[str, Any]) -> None:
    target = assembler(("a", "x"), ("a", "x"))
    caught: list[sj.StreamJSONError] = []

    def change(_: sj.Change) -> None:
        with pytest.raises(sj.StreamJSONError, match="a callback can't apply, close or reset") as info:
            call(target)
        caught.append(info.value)

    target.on("$", change)
    apply(target, event)
    apply(target, event)

    assert [error.code for error in caught] == ["applying"] * 2
    assert target.version == 4
    apply(target, ("a", "z"))


def test_an_interrupt_while_finding_recipients_leaves_no_damage() -> None:
    target = sj.Assembler()
    heard = listen(target, "a", "b")
    apply(target, ("a", "x"), ("b", "y"), ("a", "z"))
    dispatcher = target._session.dispatcher
    find = type(dispatcher)._find_recipients
    try:
        type(dispatcher)._find_recipients = lambda self, run: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            target.apply_delta("b", "!")
    finally:
        type(dispatcher)._find_recipients = find  # type: ignore[method-assign]
    heard.clear()

    apply(target, ("b", "?"))
    assert heard == [("b", "b", "?")]


def test_a_handle_outlives_its_assembler() -> None:
    handle = sj.Assembler().on("a", print)

    assert handle.active
    handle.cancel()
    assert not handle.active


def test_invalid_callbacks_and_patterns_are_refused() -> None:
    target = sj.Assembler()
    with pytest.raises(TypeError, match="a callback must be a function of one argument, not 'print'"):
        target.on("a", "print")  # type: ignore[arg-type]
    with pytest.raises(sj.InvalidPatternError):
        target.on("a[?@.b]", print)
    with pytest.raises(sj.InvalidPatternError):
        target.on_complete("a[-1]", print)


def test_a_class_is_refused_as_a_callback() -> None:
    with pytest.raises(TypeError, match="dict is a class, not a callback: into=dict converts values to it"):
        sj.Assembler().on_complete("a", dict)


def test_a_decorator_refuses_a_pattern_where_it_is_written() -> None:
    target = sj.Assembler()
    for register in (target.on, target.on_complete):
        with pytest.raises(sj.InvalidPatternError, match="a pattern must be text"):
            register(print)


def test_registrations_are_limited() -> None:
    target = sj.Assembler(limits=sj.Limits(max_patterns=2))
    first = target.on("a", print)
    target.on_complete("a", print)

    with pytest.raises(sj.LimitExceededError, match="max_patterns = 2") as caught:
        target.on("b", print)
    assert (caught.value.limit, caught.value.met) == ("max_patterns", 3)
    first.cancel()
    target.on("b", print)

    target = sj.Assembler(limits=sj.Limits(max_patterns=None))
    for _ in range(1500):
        target.on("b", print)


# ---------------------------------------------------------------------------------------------------------------------
# a new document


def test_a_reset_is_reported_as_a_change_of_the_root() -> None:
    target = assembler(("a", "x"))
    heard = listen(target, "$", "a")
    done = await_values(target, "*")
    apply(target, ("b", "y"))

    change = target.reset()
    assert change is not None
    assert heard[1:] == [("$", "", sj.MISSING)]
    apply(target, ("a", "z"), ("b", "w"))
    target.close()

    assert heard[2:] == [("$", "", "z"), ("a", "a", "z"), ("$", "", "w")]
    assert done == [("a", "x", 1), ("a", "z", 1), ("b", "w", 1)]


def test_a_new_span_is_reported_before_its_first_delta() -> None:
    target = sj.Assembler(on_new_span="reset")
    heard = listen(target, "$")
    target.apply({"delta": "x", "json_path": "a", "span_id": "s"})
    target.apply({"delta": "y", "json_path": "a", "span_id": "t"})
    target.apply({"span_id": "u"})

    assert [delta for _, _, delta in heard] == ["x", sj.MISSING, "y", sj.MISSING]


# ---------------------------------------------------------------------------------------------------------------------
# coroutines


class Caller:
    async def __call__(self, what: Any) -> None:
        """Make the object a coroutine function."""


async def nothing(what: Any) -> None:
    """Do nothing, asynchronously."""


@pytest.mark.parametrize("callback", [nothing, Caller()], ids=["a function", "an object"])
def test_coroutines_are_refused_before_an_event_is_applied(callback: Any) -> None:
    target = assembler(("a", "x"))
    handle = target.on("a", callback)

    for call in (lambda: target.apply_delta("a", "y"), lambda: target.apply({}), target.close, target.reset):
        with pytest.raises(TypeError, match="the callback on 'a' returns a coroutine, which nothing would await"):
            call()
    assert target.version == 1
    target.snapshot()
    handle.cancel()
    apply(target, ("a", "y"), ("a", "z"))
    assert target.snapshot().value == {"a": "xyz"}


def test_a_synchronous_stream_refuses_coroutines_before_reading() -> None:
    read: Received = []

    def source() -> Any:
        read.append("an event")
        yield {"delta": 1, "json_path": "a"}

    stream = sj.assemble(source())
    handle = stream.assembler.on("a", nothing)
    with pytest.raises(TypeError, match="of an asynchronous source"):
        next(stream)
    assert read == []
    handle.cancel()
    assert stream.final() == {"a": 1}


def test_a_coroutine_under_two_decorators_is_one_for_both() -> None:
    one, other = sj.Assembler(), sj.Assembler()
    one.on("x")(other.on("y")(nothing))

    for target in (one, other):
        with pytest.raises(TypeError, match="returns a coroutine"):
            target.apply_delta("z", 1)


def test_a_plain_function_that_returns_a_coroutine_is_an_error() -> None:
    target = sj.Assembler()
    target.on("a", lambda change: nothing(change.delta))
    for _ in range(3):
        with pytest.raises(ExceptionGroup, match="the callback on 'a' returns a coroutine"):
            target.apply_delta("a", "x")
    target.on("b", lambda change: change)  # any other result is ignored
    apply(target, ("b", "x"), ("b", "y"))


def test_a_coroutine_added_in_a_callback_stops_the_next_event() -> None:
    target = sj.Assembler()
    target.on("a", lambda _: target.on("b", nothing))

    apply(target, ("a", "x"))
    with pytest.raises(TypeError, match="the callback on 'b'"):
        target.apply_delta("a", "y")


def test_an_event_applied_past_its_stream_awaits_no_coroutine() -> None:
    async def source() -> Any:
        yield {"delta": "x", "json_path": "a"}

    async def main() -> None:
        stream = sj.assemble(source())
        stream.assembler.on("a", nothing)
        received: Received = []
        stream.assembler.on("a", lambda change: received.append(change.delta))
        await anext(stream)
        stream.assembler.apply_delta("b", 1)
        for _ in range(2):
            with pytest.raises(ExceptionGroup) as caught:
                stream.assembler.apply_delta("a", "y")
            assert "which nothing would await" in str(caught.value.exceptions[0])
        assert received == ["x", "y", "y"]

    asyncio.run(main())


def test_an_asynchronous_stream_awaits_coroutines_in_turn() -> None:
    order: list[str] = []

    async def source() -> Any:
        for path, delta in [("a", "x"), ("a", "y"), ("b", "z")]:
            yield {"delta": delta, "json_path": path}

    async def main() -> None:
        stream = sj.assemble(source())

        @stream.assembler.on("a")
        async def slow(change: sj.Change) -> None:
            order.append(f"{change.delta} begins")
            with pytest.raises(sj.StreamJSONError, match="a callback can't apply"):
                stream.assembler.apply_delta("a", "!")
            await asyncio.sleep(0)
            order.append(f"{change.delta} ends")

        stream.assembler.on("a", lambda _: cancelled.cancel())
        cancelled = stream.assembler.on("a", nothing)
        stream.assembler.on("a", lambda change: order.append(f"{change.delta} plain"))

        @stream.assembler.on_complete("*", into=str)
        async def fails(done: sj.Completion[str]) -> None:
            await asyncio.sleep(0)
            raise ValueError(done.value)

        assert [(await anext(stream)).value for _ in range(2)] == [{"a": "x"}, {"a": "xy"}]
        for _ in range(2):  # the delta that finishes `a`, and the end
            with pytest.raises(ExceptionGroup):
                await anext(stream)
        assert [snapshot.value async for snapshot in stream] == [{"a": "xy", "b": "z"}]

    asyncio.run(main())
    assert order == ["x begins", "x ends", "x plain", "y begins", "y ends", "y plain"]


# ---------------------------------------------------------------------------------------------------------------------
# types


def test_each_callback_gets_a_value_of_its_type() -> None:
    target = sj.Assembler()
    values: Received = []
    target.on_complete("a[*]", lambda done: values.append(done.value), into=float)
    target.on_complete("a[*]", lambda done: values.append(done.value))

    apply(target, ("a[0]", 1), ("a[1]", 2))

    assert [(value, type(value)) for value in values] == [(1.0, float), (1, int)]


def test_a_value_that_does_not_fit_is_an_error_of_its_callback() -> None:
    target = sj.Assembler()
    received: Received = []
    target.on_complete("a[*]", lambda done: received.append(done.value), into=int)

    apply(target, ("a[0]", "one"))
    with pytest.raises(sj.StructureError) as caught:  # a single error of this library is raised as it is
        target.apply_delta("a[1]", 2)
    target.close()

    error = caught.value
    assert (error.path, error.value, error.into) == ("a[0]", "one", int)
    assert error.__notes__ == ["for the callback on a[*], at a[0]"]
    assert received == [2]


def test_a_value_that_is_gone_is_missing_with_any_type() -> None:
    target = sj.Assembler()
    received: Received = []
    target.on_complete("a.b", lambda done: received.append(done.value), into=int)

    apply(target, ("a.b", 1), ("a.c", 2), ("a", None))
    target.close()

    assert received == [1, sj.MISSING]


def test_an_unusable_type_is_refused_at_once() -> None:
    with pytest.raises(TypeError):
        sj.Assembler().on_complete("a", into=print)


def test_interrupt_while_a_growth_unlocks_leaves_no_lock() -> None:
    assembler = sj.Assembler()
    assembler.on("a", lambda _: None)
    assembler.apply_delta("a", "x")
    interrupts: list[type[BaseException]] = [KeyboardInterrupt]

    def idle_lock(_: Dispatcher) -> str:
        if interrupts:
            raise interrupts.pop()
        return ""

    with patch.object(Dispatcher, "_idle_lock", property(idle_lock)), pytest.raises(KeyboardInterrupt):
        assembler.apply_delta("a", "y")

    assembler.apply_delta("a", "z")
    assert assembler.snapshot().value == {"a": "xyz"}


def test_interrupt_while_unlocking_leaves_no_lock() -> None:
    interrupts: list[type[BaseException]] = []
    unlock = Document.unlock

    def unlock_late(document: Document, *arguments: Any) -> None:
        if interrupts:
            raise interrupts.pop()
        unlock(document, *arguments)

    assembler = sj.Assembler()
    assembler.on("a", lambda _: None)
    interrupts.append(KeyboardInterrupt)
    with patch.object(Document, "unlock", unlock_late), pytest.raises(KeyboardInterrupt):
        assembler.apply_delta("a", "x")

    assembler.apply_delta("a", "z")
    assert assembler.snapshot().value == {"a": "xz"}
