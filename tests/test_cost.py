"""I8: applying events and taking snapshots is linear in the bytes received, and a read costs what it returns.

No test here uses a clock. Two quantities are counted: the bytecodes that run, and the bytes that are allocated, which
show the copies that a single call into C makes (a join, a slice, a copied list). `growth` compares n with 10 n.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from functools import partial
from types import FrameType
from typing import Any

import pytest
from attrs import frozen

import streamjson as sj
from streamjson._paths import path as _path
from streams import SHAPES, interleaved, one_string, people, wide_array

pytestmark = pytest.mark.slow

Step = Callable[[], object]

LINEAR = 15  # times the cost for ten times the size; quadratic is a hundred. Lists grow in leaps, hence the margin.
CONSTANT = 1.5  # times the cost for ten times the size; a cost that grows with it takes ten


def bytecodes(steps: Iterable[Step]) -> int:
    """Return the number of bytecodes that the calls run, in all functions written in Python."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    gc.collect()
    gc.disable()  # finalizers would count as well
    for step in steps:
        sys.settrace(trace)
        try:
            step()
        finally:
            sys.settrace(before)
    gc.enable()
    return count


def allocated(steps: Iterable[Step]) -> int:
    """Return the number of bytes that the calls allocate, including freed ones: the sum of each call's peak."""
    total = 0
    tracemalloc.start()
    try:
        for step in steps:
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            step()
            total += tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    return total


def growth(steps_of: Callable[[int], Iterable[Step]], size: int) -> tuple[float, float]:
    """Return the factors by which bytecodes and bytes grow for ten times the size."""
    ratios = []
    for measure in (bytecodes, allocated):
        costs = []
        for this in (size, 10 * size):
            _path._known.clear()
            costs.append(measure(steps_of(this)))
        ratios.append(costs[1] / max(costs[0], 1))
    return ratios[0], ratios[1]


def assert_linear(steps_of: Callable[[int], Iterable[Step]], size: int = 60) -> None:
    assert max(growth(steps_of, size)) < LINEAR


def assert_constant(steps_of: Callable[[int], Iterable[Step]], size: int = 200) -> None:
    assert max(growth(steps_of, size)) < CONSTANT


def assembled(stream: Iterable[tuple[str, Any]], **options: Any) -> sj.Assembler:
    assembler = sj.Assembler(limits=sj.Limits.unlimited(), **options)
    for path, delta in stream:
        assembler.apply_delta(path, delta)
    return assembler


def texts(*paths: str, size: int) -> sj.Assembler:
    """Return an assembler that holds a text of `size` characters at each path."""
    return assembled((path, "x" * size) for path in paths)


def rejected(step: Step, error: type[Exception]) -> Step:
    def run() -> None:  # pytest.raises would run more bytecodes than the step
        try:
            step()
        except error:
            return
        pytest.fail("it was not rejected")

    return run


# ---------------------------------------------------------------------------------------------------------------------
# applying


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_stream_ends_in_its_value(shape):
    stream = shape(500)

    assert sum(1 for _ in stream) == len(stream) == 500
    assert assembled(stream).snapshot().value == stream.value


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_applying_is_linear(shape):
    def steps(size):
        assembler = sj.Assembler()
        return (lambda path=path, delta=delta: assembler.apply_delta(path, delta) for path, delta in shape(size))

    assert_linear(steps)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_snapshot_after_each_event_is_linear(shape):
    def steps(size):
        assembler = sj.Assembler()
        kept = []
        for path, delta in shape(size):
            yield lambda path=path, delta=delta: assembler.apply_delta(path, delta)
            yield lambda: kept.append(assembler.snapshot())

    assert_linear(steps)


BETWEEN = {
    "a conflict": ("number", "text", sj.ConflictError),
    "an invalid path": ("text[", "x", sj.InvalidPathError),
    "a string over its limit": ("text", "x" * 100_001, sj.LimitExceededError),
    "an array with a gap": ("items[9999]", 1, sj.LimitExceededError),
    "a number that JSON lacks": ("text", float("nan"), sj.InvalidEventError),
}


@pytest.mark.parametrize(("path", "delta", "error"), BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("shape", [one_string, interleaved], ids=["one string", "interleaved"])
def test_rejected_events_in_between_keep_it_linear(shape, path, delta, error):
    def steps(size):
        assembler = sj.Assembler(limits=sj.Limits(max_string_bytes=100_000))
        assembler.apply_delta("number", 1)
        for at, piece in shape(size):
            yield lambda at=at, piece=piece: assembler.apply_delta(at, piece)
            yield rejected(lambda: assembler.apply_delta(path, delta), error)

    assert_linear(steps)


@pytest.mark.parametrize("name", ["text", "other"])
def test_refusal_by_a_full_string_does_not_measure_it_again(name):
    """Measuring a finished text that is not ASCII means encoding it."""

    def steps(size):
        assembler = sj.Assembler(limits=sj.Limits(max_string_bytes=2 * size))
        assembler.apply_delta("text", "é" * size)
        assembler.apply_delta(name, "x" if name == "other" else "")  # "other" ends the text's run
        rejected(lambda: assembler.apply_delta("text", "x"), sj.LimitExceededError)()
        return [rejected(lambda: assembler.apply_delta("text", "x"), sj.LimitExceededError)] * 5

    assert_constant(steps, size=50_000)


def test_reads_of_another_field_in_between_keep_it_linear():
    def steps(size):
        assembler = sj.Assembler()
        assembler.apply_delta("title", "unchanged")
        for path, delta in one_string(size):
            yield lambda path=path, delta=delta: assembler.apply_delta(path, delta)
            yield lambda: assembler.snapshot().get("title")

    assert_linear(steps)


def test_pending_halves_in_many_strings_keep_it_linear():
    def steps(size):
        assembler = sj.Assembler()
        for number in range(size):
            assembler.apply_delta(f"a[{number}]", "x")
        for number in range(size):
            yield lambda number=number: assembler.apply_delta(f"a[{number}]", "\ud83d")
        yield lambda: assembler.apply_delta("b", 1)

    assert_linear(steps, size=100)


def test_pending_halves_out_of_order_keep_it_linear():
    def steps(size):
        assembler = sj.Assembler(completion="end", on_conflict="replace")
        for number in range(size):
            assembler.apply_delta(f"a[{number}]", "x")
        for number in range(size):
            yield lambda number=number: assembler.apply_delta(f"a[{number}]", "\ud83d")
            yield lambda number=number: assembler.apply_delta("text", "xy")
            yield lambda number=number: assembler.apply_delta("total", number)
            yield lambda: assembler.apply_delta("part", {"b": ["x"]})
        yield lambda: assembler.apply_delta("a", None)

    assert_linear(steps, size=100)


REFUSED_SETS = {
    "a gap": ("z[9999]", 1),
    "a string over its limit": ("new", "x" * 100_001),
    "a container that nests too deeply": ("new" + ".a" * 100, {"a": [[[]]] * 30}),
    "a container that nests too deeply, onto a container": ("full" + ".a" * 100, {"a": [[[]]]}),
    "a container with a name that is too long, onto the parent of the halves": ("a", {"x" * 5000: 1}),
}


@pytest.mark.parametrize(("path", "delta"), REFUSED_SETS.values(), ids=REFUSED_SETS)
def test_refused_set_does_not_examine_pending_halves(path, delta):
    """A sender may leave a half pending in a million strings, and then repeat a delta that is refused."""

    def steps(size):
        assembler = sj.Assembler(limits=sj.Limits(max_string_bytes=100_000, max_depth=102))
        assembler.apply_delta("full" + ".a" * 100, {})
        for number in range(size):
            assembler.apply_delta(f"a.n{number}", "x")
        for number in range(size):
            assembler.apply_delta(f"a.n{number}", "\ud83d")
        refused = rejected(lambda: assembler.apply_delta(path, delta), sj.LimitExceededError)
        refused()  # the location is remembered from here on
        return [refused] * 5

    assert_constant(steps)


def test_replacing_a_value_repeatedly_is_linear():
    def steps(size):
        assembler = sj.Assembler()
        for number in range(size):
            yield lambda number=number: assembler.apply_delta("total", number)
            yield lambda: assembler.apply_delta("progress", {"done": None})
            yield lambda number=number: assembler.apply_delta("progress.done", number)

    assert_linear(steps)


# ---------------------------------------------------------------------------------------------------------------------
# one read, in documents of any size


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_snapshot_costs_the_same_in_any_document(shape):
    def steps(size):
        assembler = assembled(shape(size))
        return [assembler.snapshot] * 5

    assert_constant(steps)


def test_snapshot_costs_the_same_for_10_and_100_000_nodes():
    costs = set()
    for size in (8, 100_000):
        assembler = assembled(wide_array(size))
        assembler.snapshot()
        costs.add(bytecodes([assembler.snapshot]))

    assert len(costs) == 1


@pytest.mark.parametrize("path", ["people[7].name", "people[7].age", "people[7]", "people[7].none", "nothing"])
def test_get_of_a_field_costs_the_same_in_any_document(path):
    def steps(size):
        snapshot = assembled(people(size)).snapshot()
        return [lambda: snapshot.get(path)] * 5

    assert_constant(steps, size=1000)


FEW = {
    "one location": "people[7].name",
    "an absent location": "people[7].none",
    "an absent item": "people[9007199254740991]",
    "some indexes": "people[7,1,7].age",
    "a slice": "people[2:9].age",
    "a slice with a step": "people[2:9:3].age",
    "a union of both": "people[0,2:9].age",
    "one name of a wide object": "names.name9",
    "some names of a wide object": "names['name9','none','name3']",
    "all of one item": "people[7].*",
}


@pytest.mark.parametrize("pattern", FEW.values(), ids=FEW)
@pytest.mark.parametrize("is_newest", [True, False], ids=["newest", "older"])
def test_finding_a_few_locations_costs_the_same_in_any_document(pattern, is_newest):
    def steps(size):
        names = {f"name{number}": number for number in range(size)}
        assembler = assembled([("people", [{"name": "Jane", "age": 34}] * size), ("names", names)])
        snapshot = assembler.snapshot()
        if not is_newest:
            for path in ("people[7].name", f"people[{size}].name", "names.more"):
                assembler.apply_delta(path, "x")
        snapshot.find(pattern)  # caches the compiled pattern and, for older versions, an object's index
        return [lambda: snapshot.find(pattern)] * 5

    assert_constant(steps, size=500)


def test_get_of_a_field_does_not_examine_another_open_text():
    def steps(size):
        assembler = sj.Assembler()
        assembler.apply_delta("title", "short")
        for _ in range(size):
            assembler.apply_delta("text", "x" * 200)
        return [lambda: assembler.snapshot().get("title")] * 5

    assert_constant(steps, size=300)  # more versions than CPython has cached integers


def test_get_at_an_old_version_is_logarithmic_in_the_width():
    """It searches the log and the creation versions for the version."""

    def steps(size):
        assembler = assembled(wide_array(size))
        early = assembler.snapshot()
        for number in range(size):
            assembler.apply_delta(f"more[{number}]", number)
        return [lambda: early.get("items[3]")] * 5

    assert_constant(steps)


# ---------------------------------------------------------------------------------------------------------------------
# the changes since the event before


def followed(assembler: sj.Assembler, stream: Iterable[tuple[str, Any]], lag: int = 0) -> Iterable[Step]:
    """Apply a stream; yield only the reads of the change of the last event, or of the event `lag` events ago."""
    snapshots = [assembler.snapshot()]
    for path, delta in stream:
        assembler.apply_delta(path, delta)
        snapshots = [*snapshots[-lag - 1 :], assembler.snapshot()]
        if len(snapshots) == lag + 2:
            yield lambda now=snapshots[1], then=snapshots[0]: now.changes_since(then)[0].delta


@pytest.mark.parametrize("lag", [0, 1, 3], ids=["at once", "one event late", "three events late"])
@pytest.mark.parametrize("name", ["one_string", "interleaved", "people", "wide_array"])
def test_change_of_each_event_costs_that_event(name, lag):
    """This holds for a reader that lags, too: a text is not read whole to find its last characters."""

    def steps(size):
        assembler = texts("text", "lanes.lane0", "lanes.lane1", "lanes.lane2", "lanes.lane3", size=100 * size)
        return followed(assembler, SHAPES[name](100), lag)

    assert_constant(steps)


def test_change_of_an_event_costs_that_event_after_a_whole_read():
    def steps(size):
        assembler = texts("text", size=100 * size)
        for read in followed(assembler, one_string(20)):
            yield read
            assembler.snapshot().get("text")

    assert_constant(steps)


def test_change_late_in_a_long_run_is_found_from_its_end():
    def steps(size):
        assembler = assembled(one_string(size))
        old = assembler.snapshot()
        assembler.apply_delta("text", "more")
        new = assembler.snapshot()
        assembler.apply_delta("number", 1)
        return [lambda: new.changes_since(old)[0].delta] * 5

    assert_constant(steps)


def test_all_changes_since_the_start_are_linear():
    def steps(size):
        snapshot = assembled(people(size)).snapshot()
        return [lambda: [change.delta for change in snapshot.changes_since(0)]]

    assert_linear(steps)


# ---------------------------------------------------------------------------------------------------------------------
# values


def test_value_after_each_event_touches_only_the_changed_path():
    def steps(size):
        # A wide sibling and many small ones lie beside the path that changes.
        assembler = assembled((f"wide.row{number}.cell", number) for number in range(size))
        assembler.apply_delta("wide2", list(range(size)))
        _ = assembler.snapshot().value
        for number in range(20):
            assembler.apply_delta("small.items[0].text", "abcd")
            assembler.apply_delta(f"small.items[1].number{number}", number)
            yield lambda: assembler.snapshot().value

    assert_constant(steps)


def test_value_reads_a_string_of_many_runs_once():
    """Interleaved fields have a run per visit, and an old version of a long text is a copy."""

    def steps(size):
        assembler = texts("lanes.lane0", "lanes.lane1", "lanes.lane2", "lanes.lane3", size=10_000)
        _ = assembler.snapshot().value
        for path, delta in interleaved(size):
            assembler.apply_delta(path, delta)
        late = assembler.snapshot()
        assembler.apply_delta("lanes.lane0", "later")
        yield lambda: late.value

    _, copied = growth(steps, size=100)
    assert copied < 3


def test_value_of_a_wide_array_is_one_copy():
    """As documented: each value copies a wide container, but does not examine its items."""

    def steps(size):
        assembler = assembled(wide_array(size))
        _ = assembler.snapshot().value
        assembler.apply_delta(f"items[{size}]", 1)
        return [lambda: assembler.snapshot().value]

    opcodes, copied = growth(steps, size=1000)
    assert opcodes < CONSTANT
    assert copied < LINEAR


GROWING = {
    "at the top": ("", ["items"]),
    "one level down": ("data.", ["data.items"]),
    "the container above": ("data.", ["data"]),
    "and its items": ("", ["items", "items[3]", "items[{}]"]),
}


@pytest.mark.parametrize(("prefix", "paths"), GROWING.values(), ids=GROWING)
def test_get_of_a_growing_container_after_each_event_is_linear(prefix, paths):
    def steps(size):
        assembler = sj.Assembler()
        for number in range(size):
            for name, delta in (("name", "Jane"), ("age", number)):
                assembler.apply_delta(f"{prefix}items[{number}].{name}", delta)
                for path in paths:
                    yield partial(lambda located: assembler.snapshot().get(located), path.format(number))

    assert_linear(steps, size=20)


def test_get_after_many_events_reads_each_new_value_once():
    def steps(size):
        assembler = assembled([("data.wide", list(range(100 * size)))])
        assembler.snapshot().get("data")
        for number in range(size):
            assembler.apply_delta(f"data.items[{number}].name", "Jane")
        return [lambda: assembler.snapshot().get("data")]

    assert_linear(steps, size=20)


def test_get_of_a_small_container_costs_the_same_in_any_document():
    def steps(size):
        assembler = assembled((f"wide.row{number}.cell", number) for number in range(size))
        assembler.apply_delta("small", {"title": "x", "tags": ["a"]})
        for number in range(40):
            assembler.apply_delta(f"wide.row{number}.more", "abcd")
            yield lambda: assembler.snapshot().get("small")
            assembler.apply_delta("small.title", "y")
            yield lambda: assembler.snapshot().get("small")

    assert_constant(steps)


def test_get_of_a_small_container_does_not_examine_other_events():
    def steps(size):
        assembler = assembled([("small", {"title": "x", "tags": ["a"]})])
        for round_number in range(5):
            assembler.snapshot().get("small")
            for number in range(size):
                assembler.apply_delta(f"rows{round_number}[{number}].cell", "abcd")
            yield lambda: assembler.snapshot().get("small")

    assert_constant(steps)


def test_get_of_a_large_container_costs_its_own_changes():
    def steps(size):
        assembler = assembled(people(100 * size))
        for number in range(10):
            assembler.snapshot().get("people")  # not kept, so that it is not copied
            for lane in range(5):
                assembler.apply_delta(f"lanes[{lane}]", "abcd")
            assembler.apply_delta(f"people[{number}].text", "abcd")
            yield lambda: assembler.snapshot().get("people")

    assert_constant(steps, size=10)


def test_second_read_of_a_value_costs_nothing():
    snapshot = assembled(people(1000)).snapshot()
    _ = snapshot.value

    assert bytecodes([lambda: snapshot.value]) < 30


def test_copying_a_value_is_linear():
    def steps(size):
        return [assembled(people(size)).snapshot().copy_value]

    assert_linear(steps)


def test_reading_an_old_version_of_a_text_costs_its_old_size():
    def reads_of_the_first_word(size):
        assembler = sj.Assembler()
        assembler.apply_delta("t", "word")
        old = assembler.snapshot()
        for delta in one_string(size):
            assembler.apply_delta("t", delta.delta)
        return [lambda: old.get("t"), old.copy_value]

    assert_constant(reads_of_the_first_word)


def test_changes_of_kept_snapshots_read_late_are_linear():
    def read_all(size):
        assembler = sj.Assembler()
        kept = []
        for delta in one_string(size):
            assembler.apply_delta(*delta)
            kept.append(assembler.snapshot())
        assembler.close()
        return [lambda: [snapshot.changes for snapshot in kept]]

    assert_linear(read_all)


# ---------------------------------------------------------------------------------------------------------------------
# patterns

# Patterns that do not match: elsewhere, beside the changed location, or possibly anywhere below it.
PATTERNS = {
    "elsewhere": lambda number: f"other{number}[*].x",
    "beside it": lambda number: f"lanes.none{number}",
    "anywhere": lambda number: f"$..missing{number}",
}


def ignore(_: object) -> None:
    """A callback that does nothing."""


def with_patterns(count: int, pattern: Callable[[int], str], *, when_complete: bool = False) -> sj.Assembler:
    """Return an assembler with `count` callbacks that has changed each text of `interleaved` three times."""
    assembler = sj.Assembler()
    for number in range(count):
        (assembler.on_complete if when_complete else assembler.on)(pattern(number), ignore)
    for path, delta in interleaved(16):
        assembler.apply_delta(path, delta)
    return assembler


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@pytest.mark.parametrize("when_complete", [False, True], ids=["on", "on_complete"])
@pytest.mark.parametrize("path", [["lanes.lane0"], [f"lanes.lane{n}" for n in range(4)]], ids=["one", "several"])
def test_unmatched_patterns_add_nothing_to_a_known_location(pattern, when_complete, path):
    costs = []
    for count in (0, 0, 1, 200):  # the first round fills caches
        assembler = with_patterns(count, pattern, when_complete=when_complete)
        assembler.apply_delta(path[0], "a")
        events = [{"delta": "more", "json_path": one} for one in path]
        costs.append(
            (
                bytecodes([partial(assembler.apply_delta, one, "more") for one in path * 5]),
                bytecodes([partial(assembler.apply, one) for one in events * 5]),
            )
        )

    assert costs[1] == costs[2] == costs[3]


@pytest.mark.parametrize("when_complete", [False, True], ids=["on", "on_complete"])
def test_unmatched_patterns_add_nothing_to_a_growing_number(when_complete):
    costs = []
    for count in (0, 0, 1, 200):  # the first round fills caches
        assembler = with_patterns(count, PATTERNS["elsewhere"], when_complete=when_complete)
        assembler.apply_delta("n", 1)
        assembler.apply_delta("m", 1)
        assembler.apply_delta("n", 12)
        assembler.apply_delta("m", 12)
        numbers = [("n", 123), ("n", 1234), ("m", 123), ("n", 12345), ("m", 1234)]
        costs.append(bytecodes([partial(assembler.apply_delta, *one) for one in numbers]))

    assert costs[1] == costs[2] == costs[3]


def test_matching_pattern_adds_its_call_and_little_more():
    plain, watched = with_patterns(0, PATTERNS["beside it"]), with_patterns(0, PATTERNS["beside it"])
    watched.on("lanes.lane0", ignore)
    for assembler in (plain, watched):
        assembler.apply_delta("lanes.lane0", "a")
        assembler.apply_delta("lanes.lane0", "b")

    call = bytecodes([lambda: ignore(None)])
    costs = [bytecodes([partial(assembler.apply_delta, "lanes.lane0", "c")] * 10) for assembler in (plain, watched)]

    assert (costs[1] - costs[0]) / 10 <= call + 100  # a snapshot takes 50


@pytest.mark.parametrize("count", [10, 300])
def test_items_of_a_wide_array_cost_the_same_each(count):
    def steps(size):
        assembler = sj.Assembler()
        assembler.on("other[*].x", ignore)
        assembler.on_complete("items[*].x", ignore)
        return (lambda path=path, delta=delta: assembler.apply_delta(path, delta) for path, delta in wide_array(size))

    assert_linear(steps, size=count)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("completion", ["order", "end"])
def test_reporting_all_finished_values_is_linear(shape, completion):
    def steps(size):
        assembler = sj.Assembler(completion=completion)
        assembler.on_complete("$..*", ignore)
        for path, delta in shape(size):
            yield lambda path=path, delta=delta: assembler.apply_delta(path, delta)
        yield assembler.close

    assert_linear(steps, size=20)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_is_complete_after_each_event_is_linear(shape):
    def steps(size):
        assembler = sj.Assembler()
        for path, delta in shape(size):
            yield lambda path=path, delta=delta: assembler.apply_delta(path, delta)
            yield lambda path=path: assembler.snapshot().is_complete(path)

    assert_linear(steps, size=20)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_close_costs_nothing_without_a_matching_pattern(shape):
    def steps(size):
        assembler = assembled(shape(size))
        assembler.on("none", ignore)
        return [assembler.close]

    opcodes, _ = growth(steps, size=100)
    assert opcodes < CONSTANT


def test_following_a_text_costs_its_pieces():
    def steps(size):
        stream = sj.assemble({"delta": delta, "json_path": path} for path, delta in one_string(size))
        pieces = stream.text("text")
        return [lambda: next(pieces)] * size

    assert_linear(steps)


@frozen
class Item:
    name: str
    tags: list[str]


def test_building_objects_from_the_items_of_a_list_is_linear():
    def steps(size):
        stream = sj.assemble(sj.disassemble({"items": [{"name": "x", "tags": ["a", "b"]}] * size}))
        items = stream.completed("items[*]", into=Item)
        return [lambda: next(items)] * size

    next(iter(steps(1)))()  # caches what depends on the type alone
    costs = [bytecodes(steps(size)) for size in (100, 200)]  # the benchmarks use 2,000 and 4,000

    assert costs[1] / costs[0] <= 2.3


# ---------------------------------------------------------------------------------------------------------------------
# saving


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("returned", [False, True], ids=["in order", "after a return"])
def test_saving_and_restoring_is_linear(shape, returned):
    def steps(size):
        assembler = assembled([("first", "x"), ("holes[5]", 1), *shape(size), *([("first", "y")] if returned else [])])
        saved = []
        return [
            lambda: saved.append(assembler.checkpoint()),
            lambda: sj.Assembler.restore(saved[0], limits=sj.Limits.unlimited()),
        ]

    assert_linear(steps)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_saving_changes_after_a_return_is_linear(shape):
    def steps(size):
        assembler = assembled([("first", "x"), ("second", 1), ("first", "y"), *shape(size)])
        saved = []
        return [
            lambda: saved.append(assembler.checkpoint()),
            lambda: sj.Assembler.restore(saved[0], limits=sj.Limits.unlimited()),
        ]

    assert_linear(steps)


def test_restored_assembler_continues_at_the_same_cost():
    """A quarter more is allowed: known locations are not saved, so the first deltas must find them again."""

    def costs(shape):
        stream = list(shape(400))
        whole = assembled(stream[:200])
        restored = sj.Assembler.restore(whole.checkpoint())
        for assembler in (whole, restored):
            yield bytecodes(partial(assembler.apply_delta, path, delta) for path, delta in stream[200:])

    for shape in SHAPES.values():
        without, after = costs(shape)
        assert after <= 1.25 * without


@pytest.mark.parametrize("from_start", [False, True], ids=["by ids", "from the start"])
def test_detecting_replays_is_linear(from_start):
    def steps(size):
        replays = sj.ReplayFilter(replays_from_start=from_start)
        events = [
            sj.ServerSentEvent(sj.StreamingChunk(delta, path), id=str(number))
            for number, (path, delta) in enumerate(one_string(size))
        ]
        yield from (partial(replays.applied, event) for event in events)
        yield replays.reconnected
        yield from (partial(replays.is_replay, event) for event in events)
        saved = replays.checkpoint()
        yield replays.checkpoint
        yield lambda: sj.ReplayFilter.restore(saved)

    assert_linear(steps)
