"""The matcher: agreement with RFC 9535 on any document, sharing of states, and the number of states built."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from rfc9535 import Query, Spelled, locations, select, spelled, values
from streamjson._limits import Limits
from streamjson._paths.automaton import Matcher, State
from streamjson._paths.pattern import compile_pattern

UNLIMITED = Limits.unlimited()


def matcher(*texts: str) -> Matcher[str]:
    """Return a matcher whose targets are the patterns' texts."""
    return Matcher([(compile_pattern(text, limits=UNLIMITED), text) for text in texts])


def walk(state: State[Any], steps: Iterable[str | int]) -> State[Any]:
    for step in steps:
        state = state.step(step)
    return state


def built(start: State[Any]) -> list[State[Any]]:
    """Return `start` and every state that was made below it, each once."""
    found = {id(start): start}
    todo = [start]
    while todo:
        for state in todo.pop()._below.values():
            if id(state) not in found:
                found[id(state)] = state
                todo.append(state)
    return list(found.values())


# ---- the facts of a state ----


@pytest.mark.parametrize(
    ("pattern", "steps", "matches", "live"),
    [
        pytest.param("$", [], True, False, id="the-root-matches-at-once"),
        pytest.param("$", ["a"], False, False, id="nothing-under-the-root"),
        pytest.param("a", [], False, True, id="a-name-is-below-the-root"),
        pytest.param("a", ["a"], True, False, id="name"),
        pytest.param("a", ["b"], False, False, id="another-name"),
        pytest.param("a", [0], False, False, id="a-name-is-not-an-index"),
        pytest.param("['0']", ["0"], True, False, id="digits-name-a-member"),
        pytest.param("['0']", [0], False, False, id="digits-do-not-name-an-item"),
        pytest.param("[0]", [0], True, False, id="index"),
        pytest.param("[0]", ["0"], False, False, id="an-index-is-not-a-name"),
        pytest.param("*", ["a"], True, False, id="wildcard-on-an-object"),
        pytest.param("[*]", [7], True, False, id="wildcard-on-an-array"),
        pytest.param("['a','b']", ["b"], True, False, id="one-name-of-a-union"),
        pytest.param("[0,2]", [2], True, False, id="one-index-of-a-union"),
        pytest.param("[0,2]", [1], False, False, id="an-index-between-those-of-a-union"),
        pytest.param("['a',2:4]", ["a"], True, False, id="the-name-of-a-union-with-a-slice"),
        pytest.param("['a',2:4]", [3], True, False, id="the-slice-of-a-union-with-a-name"),
        pytest.param("['a',2:4]", [4], False, False, id="beside-the-slice-of-a-union"),
        pytest.param("[0,5:7].a", [6, "a"], True, False, id="below-a-union-of-index-and-slice"),
        pytest.param("[0:2,5:7]", [5], True, False, id="the-second-slice-of-a-union"),
        pytest.param("[*,1]", [1], True, False, id="an-index-beside-a-wildcard"),
        pytest.param("[*,1]", ["a"], True, False, id="a-wildcard-beside-an-index"),
        pytest.param("[3:1,'a']", ["a"], True, False, id="a-name-beside-an-empty-slice"),
        pytest.param("[2:4]", [2], True, False, id="first-of-a-slice"),
        pytest.param("[2:4]", [4], False, False, id="end-of-a-slice"),
        pytest.param("[:]", [2**53 - 1], True, False, id="largest-index"),
        pytest.param("[:]", ["a"], False, False, id="a-slice-selects-items-only"),
        pytest.param("[1::2]", [3], True, False, id="slice-with-a-step"),
        pytest.param("[1::2]", [4], False, False, id="beside-a-slice-with-a-step"),
        pytest.param("[::0].a", [], False, False, id="step-zero-selects-nothing"),
        pytest.param("[3:1]", [], False, False, id="a-slice-that-ends-before-it-begins"),
        pytest.param("$..a", ["b", 0, "a"], True, True, id="descendant"),
        pytest.param("$..a", ["b", 0, "c"], False, True, id="a-descendant-may-come-anywhere"),
        pytest.param("a..b", ["a"], False, True, id="descendants-begin-below"),
        pytest.param("a..b", ["c"], False, False, id="descendants-of-another-name"),
        pytest.param("a..b", ["a", "b"], True, True, id="a-child-is-a-descendant"),
        pytest.param("a.*.b", ["a", 3], False, True, id="one-step-left"),
        pytest.param("a.*.b", ["a", 3, "c"], False, False, id="wrong-last-step"),
    ],
)
def test_state_says_what_matches_here_and_can_match_below(
    pattern: str, steps: list[str | int], *, matches: bool, live: bool
) -> None:
    state = walk(matcher(pattern).start, steps)
    assert (state.targets, state.live) == ((pattern,) if matches else (), live)


def test_targets_are_in_order_of_registration() -> None:
    patterns = ["b", "*", "a", "$..a", "a"]
    state = matcher(*patterns).start.step("a")
    assert state.targets == ("*", "a", "$..a", "a")


def test_targets_need_not_be_hashable() -> None:
    target = {"any": ["thing"]}
    state = Matcher([(compile_pattern("$..a"), target)]).start.step("a").step("a")
    assert state.targets[0] is target
    assert state.matches_from_root == ((1, (target,)), (2, (target,)))


def test_matcher_without_patterns_is_dead() -> None:
    empty: Matcher[str] = Matcher([])
    assert empty.start is empty.dead
    assert (empty.start.targets, empty.start.live, empty.start.matches_from_root) == ((), False, ())


@given(st.lists(spelled(), max_size=4), values())
def test_states_agree_with_rfc_9535(patterns: list[Spelled], document: Any) -> None:
    start = matcher(*[text for text, _ in patterns]).start
    found = [(pattern.text, select(pattern.query, document)) for pattern in patterns]
    matching = {
        location: tuple(text for text, selected in found if location in selected) for location in locations(document)
    }
    for location, targets in matching.items():
        state = walk(start, location)
        assert state.targets == targets
        above = [(depth, matching[location[:depth]]) for depth in range(len(location) + 1)]
        assert state.matches_from_root == tuple(one for one in above if one[1])
        if not state.live:
            assert not any(matching[other] for other in matching if other[: len(location)] == location != other)


def witness(query: Query) -> list[str | int] | None:
    """Return steps that a query selects, None if it selects nothing."""
    steps: list[str | int] = []
    for _, selectors in query:
        found = [step for selector in selectors if (step := witness_of(*selector)) is not None]
        if not found:
            return None
        steps.append(found[0])
    return steps


def witness_of(kind: str, *operands: Any) -> str | int | None:
    if kind == "wild":
        return "any"
    if kind != "slice":
        return operands[0]
    start, end, step = operands
    return None if step == 0 or (end is not None and (start or 0) >= end) else start or 0


@given(spelled())
def test_live_state_can_match(pattern: Spelled) -> None:
    start = matcher(pattern.text).start
    steps = witness(pattern.query)
    if steps is None:
        assert not start.live
        assert not start.targets
        return
    state = start
    for step in steps:
        assert state.live
        state = state.step(step)
    assert state.targets == (pattern.text,)


# ---- sharing ----


def test_dead_state_is_one_object_and_stays_dead() -> None:
    one = matcher("a.b", "[0]..c")
    assert one.start.step("x") is one.start.step(1) is one.start.step("a").step("x") is one.dead
    assert one.dead.step("a") is one.dead.step(0) is one.dead
    assert (one.dead.targets, one.dead.live, one.dead.matches_from_root) == ((), False, ())


def test_all_states_below_the_last_match_are_one_object() -> None:
    match = matcher("a").start.step("a")
    below = match.step("x")
    assert below is not match
    assert below is match.step(0) is below.step("y") is below.step(1)
    assert (below.targets, below.live, below.matches_from_root) == ((), False, ((1, ("a",)),))


def test_equal_states_are_one_object() -> None:
    start = matcher("*.x", "a.y", "b.y", "c..z").start
    assert start.step("a") is not start.step("b")
    assert start.step("a").step("x") is start.step("b").step("x") is start.step("d").step("x")
    assert start.step("a").step("x") is not start.step("a").step("y")
    descending = start.step("c").step("q")
    assert descending.step("q") is not descending  # one step deeper, and states know their depth


@given(st.lists(spelled(), max_size=3), values())
def test_any_two_equal_states_are_one_object(patterns: list[Spelled], document: Any) -> None:
    start = matcher(*[text for text, _ in patterns]).start
    states = {id(state): state for state in [walk(start, location) for location in locations(document)]}
    keys = [
        (state._due, state.matches_from_root, bool(state.targets), state._depth if state.live else None)
        for state in states.values()
    ]
    assert len(set(keys)) == len(keys)


def test_states_are_freed_without_garbage_collection() -> None:
    class Target:
        pass

    target = Target()
    one = Matcher([(compile_pattern("$..a[*]"), target)])
    freed = weakref.ref(target)
    last = walk(one.start, ["a", 0, "a", 0, "x"])
    gc.disable()
    try:
        del target, one
        assert freed()  # the remaining state refers to it
        del last
        assert freed() is None
    finally:
        gc.enable()


# ---- the number of states ----


@pytest.mark.slow
def test_million_items_share_one_transition() -> None:
    items = matcher("items[*].name").start.step("items")
    assert len({id(items.step(index)) for index in range(1_000_000)}) == 1
    assert len(items._below) == 1


def test_unselected_names_and_indexes_share_a_transition() -> None:
    start = matcher("a", "[5]", "*.x").start
    others = {id(start.step(f"name{number}")) for number in range(1000)} | {
        id(start.step(number)) for number in range(6, 1000)
    }
    assert len(others) == len(start._below) == 1
    start.step("a")
    start.step(5)
    assert len(start._below) == 3


def test_indexes_in_the_same_slices_share_a_transition() -> None:
    start = matcher("[0:10].a", "[5:20].b", "[::2].c", "[3].d").start
    for index in range(1000):
        start.step(index)
    start.step("name")
    combinations = {
        (0 <= index < 10, 5 <= index < 20, index % 2 == 0, index == 3) for index in range(1000)
    }  # an odd index from 20 on is in no slice, like a name
    assert len(start._below) == len(combinations)


@pytest.mark.parametrize(
    ("patterns", "most"),
    [
        pytest.param(["$..price"], 1, id="a-name-anywhere"),
        pytest.param(["$..*"], 1, id="everything"),
        pytest.param(["$..x", "$..*", "$..[0]"], 1, id="several"),
        pytest.param(["$..a[*]"], 2, id="two-segments"),
    ],
)
def test_states_of_a_deep_document_grow_with_its_depth(patterns: list[str], most: int) -> None:
    start = matcher(*patterns).start
    for _ in range(3):  # a second visit builds nothing
        state = start
        for depth in range(500):
            state = state.step("other" if depth % 2 else 1)
            state.step("another")
    assert len(built(start)) <= 501 * most + 1


def test_hostile_document_builds_one_state_per_location_at_most() -> None:
    """Any subset of the levels above may match, so there may be as many states as paths, but not more."""
    start = matcher("$..a.*.*.*", "$..b").start
    level: list[tuple[str | int, ...]] = [()]
    count = 1
    for _ in range(9):
        level = [(*steps, step) for steps in level for step in ("a", "b", "c", "d", 0)][:200]
        count += len(level)
        for steps in level:
            walk(start, steps)
    assert len(built(start)) <= count


def test_thousand_patterns_share_the_transition_of_other_names() -> None:
    one = matcher(*[f"root[*].field{number}.*" for number in range(1000)])
    item = one.start.step("root").step(0)
    assert one.start.step("other") is one.dead
    assert item.step("other") is one.dead
    assert item.step("field7").step("x").targets == ("root[*].field7.*",)
    assert len(item._below) == 2
    assert len(built(one.start)) == 6  # the start, root, an item, field7, its child, and the dead one
