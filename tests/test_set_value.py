"""`Assembler.set_value` replaces whatever is there, with one change. The properties cover streams of both verbs."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 12,
    "string": "text",
    "empty string": "",
    "object": {"a": [1]},
    "array": [1, {"a": "b"}],
}


def assembler(value: Any = sj.MISSING, **options: Any) -> sj.Assembler:
    one = sj.Assembler(**options)
    if value is not sj.MISSING:
        one.apply_delta("there", value)
    return one


@pytest.mark.parametrize("old", VALUES)
@pytest.mark.parametrize("new", VALUES)
def test_any_value_replaces_any_other(old: str, new: str) -> None:
    one = assembler(VALUES[old])
    early = one.snapshot()

    change = one.set_value("there", VALUES[new])

    assert one.snapshot().value == {"there": VALUES[new]}
    assert early.value == {"there": VALUES[old]}
    if old == new and not isinstance(VALUES[old], dict | list):
        assert change is None
    else:
        assert change is not None
        assert (change.kind, change.delta, change.value, change.version) == ("set", VALUES[new], VALUES[new], 2)


@pytest.mark.parametrize("path", ["", "a", "a.b", "list[0]", "list[2].x"])
def test_missing_containers_are_created(path: str) -> None:
    one, other = sj.Assembler(), sj.Assembler()

    one.set_value(path, "x")
    other.apply_delta(path, "x")

    assert one.snapshot().value == other.snapshot().value


@pytest.mark.parametrize(("equal", "not_equal"), [(1, 1.0), (1, True), (0.0, 0), (False, 0)])
def test_an_equal_number_is_one_of_the_same_type(equal: Any, not_equal: Any) -> None:
    one = assembler(equal)

    assert one.set_value("there", equal) is None
    assert one.set_value("there", not_equal) is not None


def test_a_string_that_has_grown_is_compared_whole() -> None:
    one = assembler("Ja")
    one.apply_delta("there", "ne")

    assert one.set_value("there", "Jane") is None
    assert one.set_value("there", "Jan") is not None


def test_deltas_extend_a_string_that_was_set() -> None:
    one = assembler("long ago")
    one.set_value("there", "Ja")
    change = one.apply_delta("there", "ne")

    assert change is not None
    assert (change.kind, change.value) == ("append", "Jane")


def test_a_hole_is_replaced_by_null() -> None:
    one = sj.Assembler()
    one.apply_delta("list[1]", "x")

    assert one.set_value("list[0]", None) is not None
    assert one.set_value("list[0]", None) is None


@pytest.mark.parametrize("on_conflict", ["error", "replace"])
def test_on_the_way_to_the_target_the_rules_of_deltas_hold(on_conflict: Any) -> None:
    one = assembler("text", on_conflict=on_conflict)
    if on_conflict == "error":
        with pytest.raises(sj.ConflictError):
            one.set_value("there.below", 1)
        assert one.snapshot().value == {"there": "text"}
    else:
        one.set_value("there.below", 1)
        assert one.snapshot().value == {"there": {"below": 1}}


def test_changes_since_are_a_set_of_the_string() -> None:
    one = assembler("Jane")
    early = one.snapshot()
    one.set_value("there", "Jo")
    one.apply_delta("there", "hn")

    assert [(change.kind, change.delta) for change in one.snapshot().changes_since(early)] == [("set", "John")]


def test_chunks_of_a_replaced_string_are_null_and_the_value() -> None:
    one = assembler("Jane")
    change = one.set_value("there", "John")

    assert change is not None
    assert [chunk.to_dict() for chunk in change.to_chunks()] == [
        {"delta": None, "json_path": "there"},
        {"delta": "John", "json_path": "there"},
    ]


def test_a_callback_hears_the_new_value() -> None:
    one, heard = assembler("Jane"), []
    one.on("there", lambda change: heard.append((change.kind, change.delta)))

    one.set_value("there", "John")
    one.set_value("there", "John")

    assert heard == [("set", "John")]


def test_replacing_a_finished_value_is_a_return() -> None:
    one, heard = sj.Assembler(), []
    one.on_complete("*", lambda done: heard.append((str(done.path), done.value, done.revision)))
    one.apply_delta("a", "x")
    one.apply_delta("b", "y")
    one.set_value("a", "z")
    one.close()

    assert heard == [("a", "x", 1), ("a", "z", 2), ("b", "y", 1)]


def test_a_pending_half_is_discarded_with_its_string() -> None:
    one = assembler("x\ud83d")

    assert one.set_value("there", "x") is not None
    assert one.close() is None
    assert one.snapshot().value == {"there": "x"}


def test_a_half_at_the_end_waits_for_its_partner() -> None:
    one = assembler("text")
    one.set_value("there", "\ud83d")
    one.apply_delta("there", "\ude00")

    assert one.snapshot().value == {"there": "\U0001f600"}


def test_a_pending_half_elsewhere_is_repaired_first() -> None:
    one = assembler("x\ud83d")
    change = one.set_value("other", 1)

    assert change is not None
    assert [(str(each.path), each.delta) for each in change.event_changes] == [("there", "\ufffd"), ("other", 1)]


def test_a_checkpoint_has_the_new_value() -> None:
    one = assembler("Jane")
    one.apply_delta("more", 1)
    one.set_value("there", "Jo")
    restored = sj.Assembler.restore(one.checkpoint())
    for each in (one, restored):
        each.apply_delta("there", "hn")

    assert restored.snapshot().value == one.snapshot().value == {"there": "John", "more": 1}


def test_replaced_values_count_against_the_limits() -> None:
    one = sj.Assembler(limits=sj.Limits(max_document_bytes=20))
    one.set_value("a", "x" * 10)

    with pytest.raises(sj.LimitExceededError) as caught:
        one.set_value("a", "y" * 10)

    assert caught.value.limit == "max_document_bytes"
    assert one.snapshot().value == {"a": "x" * 10}


def test_a_rejected_value_can_be_skipped() -> None:
    one = assembler("text", on_invalid="skip")

    assert one.set_value("there.below", 1) is None
    assert one.skipped_count == 1


def test_the_prefix_is_taken_off() -> None:
    one = sj.Assembler(path_prefix="response")
    change = one.set_value("response.a", 1)

    assert change is not None
    assert str(change.path) == "a"


def test_nothing_is_set_after_the_end() -> None:
    one = assembler("x")
    one.close()

    with pytest.raises(sj.ClosedError):
        one.set_value("there", "y")


def test_nothing_is_set_from_a_callback() -> None:
    one = assembler()
    one.on("there", lambda _: one.set_value("other", 1))

    with pytest.raises(sj.StreamJSONError) as caught:
        one.set_value("there", "y")

    assert caught.value.code == "applying"
