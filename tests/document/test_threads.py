"""Readers in other threads, while one thread writes.

A thread can be suspended before any instruction. So a writer runs before each instruction of a reader, and readers
run before each instruction of a writer: without a thread, this tries every interleaving of one with the whole of the
other. Tests with real threads, which switch as often as they can, follow.
"""

from __future__ import annotations

import dis
import json
import random
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import cycle
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import settings

import streamjson as sj
from scenarios import READS, SCENARIOS, Entry, Scenario
from streamjson._document import change_log as _change_log
from streamjson._document.tree import Text
from streamjson._view.snapshot import UNREAD
from streams import SHAPES, Delta, Stream, people
from verbs import apply_entry

# `quick` tries one of three places, `standard` one of two; the first one differs from case to case.
EXAMPLES = settings.default.max_examples if settings.default is not None else 100
EVERY = 3 if EXAMPLES < 100 else 2 if EXAMPLES < 5000 else 1
# The reads that fill all caches of a document; the other ones leave nothing there.
CACHING_READS = [READS[name] for name in ("value", "get", "get of containers", "changes_since", "is_complete")]


def assembled(stream: Iterable[Entry]) -> sj.Assembler:
    assembler = sj.Assembler(on_conflict="replace")
    for path, entry in stream:
        apply_entry(assembler, path, entry)
    return assembler


def another(snapshot: sj.Snapshot) -> sj.Snapshot:
    """Return an unread snapshot of the same version."""
    same = sj.Snapshot()
    for name in ("_document", "_since", "version", "end", "span_id", "last_event_id"):
        setattr(same, name, getattr(snapshot, name))
    same._value = UNREAD
    return same


HERE = str(sj.__file__).removesuffix("__init__.py")
# Instructions that touch only the frame: a write before one of them is as good as a write before the next instruction.
LOCAL_INSTRUCTIONS = (
    "COPY", "EXTENDED_ARG", "JUMP_BACKWARD", "JUMP_FORWARD", "KW_NAMES", "LOAD_CONST", "LOAD_DEREF", "LOAD_FAST",
    "LOAD_GLOBAL", "NOP", "POP_TOP", "PRECALL", "PUSH_NULL", "RESUME", "RETURN", "STORE_FAST", "SWAP",
)  # fmt: skip


def at_instructions(run: Callable[[], Any], act: Callable[[int], bool]) -> Any:
    """Return the result of `run`; call `act` before each instruction in the library until `act` returns false."""
    count = 0
    is_acting = True

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count, is_acting
        if not is_acting or not frame.f_code.co_filename.startswith(HERE):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            is_acting = act(count)
            count += 1
            if not is_acting:
                sys.settrace(None)
                frame.f_trace_opcodes = False
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return run()
    finally:
        sys.settrace(before)


def places_to_interrupt(run: Callable[[], Any], *, only_shared: bool = False) -> list[int]:
    """Return the numbers of the instructions in `run`, each when first reached.

    `only_shared` omits those before which a write makes no difference.
    """
    seen: set[tuple[CodeType, int]] = set()
    found: list[int] = []

    def note(number: int) -> bool:
        frame: FrameType = sys._getframe(2)
        place = (frame.f_code, frame.f_lasti)
        if place not in seen and not (only_shared and frame.f_lasti in local_offsets(frame.f_code)):
            seen.add(place)
            found.append(number)
        return True

    at_instructions(run, note)
    return found


@cache
def local_offsets(code: CodeType) -> set[int]:
    """Return the offsets of the instructions that touch only the frame."""
    return {one.offset for one in dis.get_instructions(code) if one.opname.startswith(LOCAL_INSTRUCTIONS)}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_reader_sees_its_version_wherever_a_writer_resumes(
    scenario: Scenario, read: Callable[[sj.Snapshot], Any]
) -> None:
    expected = read(assembled(scenario.before).snapshot())
    at_rest = assembled(scenario.before).snapshot()
    counts = cycle(range(1, len(scenario.after) + 1))
    first = (len(scenario.before) + len(scenario.after) + list(READS.values()).index(read)) % EVERY
    for place in places_to_interrupt(lambda: read(at_rest), only_shared=True)[first::EVERY]:
        assembler = assembled(scenario.before[:-1])
        _ = [other(assembler.snapshot()) for other in CACHING_READS]
        apply_entry(assembler, *scenario.before[-1])
        snapshot = assembler.snapshot()
        count = next(counts)

        def resume(number: int, assembler: sj.Assembler = assembler, place: int = place, count: int = count) -> bool:
            if number < place:
                return True
            for path, entry in scenario.after[:count]:
                apply_entry(assembler, path, entry)
            return False

        assert at_instructions(lambda snapshot=snapshot: read(snapshot), resume) == expected
        assert read(snapshot) == expected
        # The read leaves nothing wrong for the next one.
        assert assembler.snapshot().value == json.loads(json.dumps(assembler.snapshot().copy_value()))


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_readers_see_their_versions_wherever_a_writer_stops(scenario: Scenario) -> None:
    stream = scenario.before + scenario.after
    snapshots: list[sj.Snapshot] = []
    expected: list[dict[str, Any]] = []
    for count in range(len(stream) + 1):
        there = assembled(stream[:count]).snapshot()
        expected.append({name: read(there) for name, read in READS.items()})
    assembler = sj.Assembler(on_conflict="replace")
    for count, (path, entry) in enumerate(stream):
        snapshots.append(assembler.snapshot())
        if count < len(scenario.before) - 3:
            apply_entry(assembler, path, entry)
            continue

        def current(place: int, count: int = count) -> bool:
            number = count - place % min(4, count + 1)
            name = tuple(READS)[place % len(READS)]
            assert READS[name](another(snapshots[number])) == expected[number][name], (name, number)
            return True

        at_instructions(lambda path=path, entry=entry: apply_entry(assembler, path, entry), current)
    last = assembler.snapshot()
    assert {name: read(last) for name, read in READS.items()} == expected[-1]


# ---------------------------------------------------------------------------------------------------------------------
# real threads


@pytest.fixture
def _fast_thread_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def values_of(deltas: list[Delta]) -> Iterator[Any]:
    """Yield the value at each version."""
    value: Any = None
    yield None
    for path, delta in deltas:
        value = with_delta(value, list(sj.parse_path(path)), delta)
        yield value


def with_delta(value: Any, steps: list[str | int], delta: Any) -> Any:
    """Apply one delta of a stream without conflicts to `value` in place, and return it."""
    if not steps:
        return value + delta if isinstance(value, str) else delta
    step, *rest = steps
    if value is None:
        value = {} if isinstance(step, str) else []
    if isinstance(value, list) and step == len(value):
        value.append(None)
    value[step] = with_delta(value.get(step) if isinstance(value, dict) else value[step], rest, delta)
    return value


def in_threads(*runs: Callable[[], None]) -> None:
    """Run all functions at once, and raise the first error."""
    errors: list[BaseException] = []

    def guarded(run: Callable[[], None]) -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001  # raised below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.slow
@pytest.mark.usefixtures("_fast_thread_switches")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_threads_that_read_any_snapshot_see_its_version(shape: Callable[[int], Stream]) -> None:
    deltas = list(shape(1500))
    expected = [json.dumps(value) for value in values_of(deltas)]
    assembler = assembled(deltas[:1])
    snapshots = [assembler.snapshot()]
    is_done = threading.Event()

    def write() -> None:
        try:
            for path, delta in deltas[1:]:
                assembler.apply_delta(path, delta)
                snapshots.append(assembler.snapshot())
        finally:
            is_done.set()

    def read(seed: int) -> None:
        chosen = random.Random(seed)
        rounds = 0
        while not is_done.is_set() or rounds < 100:
            rounds += 1
            snapshot = snapshots[-1] if chosen.random() < 0.7 else chosen.choice(snapshots)
            there = json.loads(expected[snapshot.version])
            assert snapshot.value == there
            assert snapshot.value is snapshot.value
            assert snapshot.copy_value() == there
            for change in snapshot.changes:
                assert snapshot.get(change.path) == change.value
            for name in there or ():
                assert snapshot.get((name,)) == there[name]

    in_threads(write, *(lambda seed=seed: read(seed) for seed in range(3)))
    assert assembler.snapshot().value == json.loads(expected[-1])


@pytest.mark.usefixtures("_fast_thread_switches")
def test_threads_that_read_one_snapshot_get_one_object() -> None:
    assembler = sj.Assembler()
    for path, delta in people(300):
        assembler.apply_delta(path, delta)
        snapshot = assembler.snapshot()
        found: list[Any] = []
        in_threads(*[lambda snapshot=snapshot, found=found: found.append(snapshot.value)] * 3)
        assert all(value is found[0] for value in found)


def test_read_inside_another_read_gets_its_own_value() -> None:
    """A signal handler may read between any two instructions."""
    assembler = assembled([("a.b", "x"), ("a.c", 1)])
    _ = assembler.snapshot().value
    assembler.apply_delta("a.d", 2)
    expected = assembler.snapshot().copy_value()
    inner: list[Any] = []

    def current(_: int) -> bool:
        inner.append(assembler.snapshot().value)
        return True

    assert at_instructions(lambda: another(assembler.snapshot()).value, current) == expected
    assert inner
    assert all(value == expected for value in inner)
    assembler.apply_delta("a.d", 3)
    assert assembler.snapshot().value == {"a": {"b": "x", "c": 1, "d": 3}}


@pytest.mark.parametrize("count", [1, 2, 3], ids=lambda count: f"{count} events later")
@pytest.mark.parametrize("ago", [0, 1, 3], ids=["of the same version", "of the version before", "of an old version"])
def test_interleaved_reads_of_one_container_see_their_versions(ago: int, count: int) -> None:
    """A second reader completes its read between two instructions of the first, as another thread may."""
    assembler = assembled([("o", {"a": [1, {"b": "x"}], "c": {}}), ("o.a[1].b", "y"), ("o.a[3]", 2), ("o.a[2]", 3)])
    snapshots = [assembler.snapshot()]
    snapshots[0].get("o")
    for delta in [("o.d", 1), ("o.a[1].b", "z"), ("o.e.f", [1])][:count]:
        assembler.apply_delta(*delta)
        snapshots.append(assembler.snapshot())
    expected = {snapshot.version: snapshot.copy_value()["o"] for snapshot in snapshots}
    for place in places_to_interrupt(lambda: assembler.snapshot().get("o")):
        document = assembler._session.document
        document.containers.clear()
        snapshots[0].get("o")
        found: list[tuple[int, Any]] = []

        def current(number: int, place: int = place, found: list[tuple[int, Any]] = found) -> bool:
            if number < place:
                return True
            snapshot = snapshots[max(len(snapshots) - 1 - ago, 0)]
            found.append((snapshot.version, snapshot.get("o")))
            return False

        outer = at_instructions(lambda: snapshots[-1].get("o"), current)
        found.append((snapshots[-1].version, outer))
        found.append((snapshots[-1].version, snapshots[-1].get("o")))
        assert all(value == expected[version] for version, value in found)


@pytest.mark.parametrize("reads_each", [False, True], ids=["once", "and at each event"])
def test_reader_during_a_join_loses_nothing(monkeypatch: pytest.MonkeyPatch, *, reads_each: bool) -> None:
    """The reader's cache must not stand for other pieces, and the writer reuses the text that the reader joined."""
    monkeypatch.setattr(_change_log, "MAX_UNCOUNTED_DELTAS", 3)
    deltas = [str(number) * (300 if number % 3 == 0 else 2) for number in range(16)]
    whole = "".join(deltas)
    place, reached = 0, True
    while reached:
        assembler, reached, passed = sj.Assembler(), False, 0

        def current(_: int, assembler: sj.Assembler = assembler, place: int = place) -> bool:
            nonlocal reached, passed
            if sys._getframe(2).f_code is Text.rejoin.__code__:
                passed += 1
                if passed == place + 1:
                    reached = True
                    text = another(assembler.snapshot()).get("a")
                    assert text == whole[: len(text)]
            return True

        for delta in deltas:
            at_instructions(lambda delta=delta, assembler=assembler: assembler.apply_delta("a", delta), current)
            if reads_each:
                text = assembler.snapshot().get("a")
                assert text == whole[: len(text)]
        assembler.close()
        assert assembler.snapshot().copy_value() == {"a": whole}
        place += 1
    assert place > 50
