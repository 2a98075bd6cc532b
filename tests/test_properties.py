"""The invariants of the README, for any document, stream and cut, compared with a naive model of each version.

I7, about completion, is tested in `view/test_finished.py` and `notify/test_dispatcher.py`.
"""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from naive_model import MISSING as NOTHING, ConflictError, NaiveDocument, plain
from verbs import Whole, apply_entry, entries

# ---------------------------------------------------------------------------------------------------------------------
# strategies for values and streams

ODD_NAMES = [
    "a",
    "b",
    "",
    " ",
    "a.b",
    "it's",
    '"',
    "0",
    "*",
    "$",
    "[0]",
    "naïve",
    "first name",
    "\n",
    "😀",
    "__proto__",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x1F6FF), max_size=12) | st.sampled_from(
    ["", "plain", "👩‍👩‍👧", "日本語", "🇩🇪", 'quo"te\\', "line\nbreak", "x" * 300]
)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
NAMES = st.sampled_from(ODD_NAMES) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda parts: st.lists(parts, max_size=5) | st.dictionaries(NAMES, parts, max_size=5), max_leaves=25
)

# Both verbs. Few locations, so that streams revisit them; halves of surrogate pairs, so that some meet and some do not.
LOCATIONS = st.lists(st.sampled_from(["a", "b", "a.b", 0, 1, 3]), max_size=4).map(tuple)
HALVES = st.sampled_from(["x\ud83d", "\ud83d", "\ude00", "\ude00y", "\ud83d\ud83d", "q\ud83dy", "\ude00\ud83d", "é"])
SMALL = st.recursive(
    st.sampled_from([None, True, 1, 1.0, 12, "", "he", "llo"]) | HALVES,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "a.b"]), parts, max_size=3),
    max_leaves=5,
)
WILD_STREAMS = st.lists(st.tuples(LOCATIONS, entries(SMALL)), max_size=30)
STRING_STREAMS = st.lists(st.tuples(st.sampled_from(["a", "b", "c[2]"]), entries(TEXTS | HALVES)), max_size=40)
# Few values at few locations, so that many are set where they, or nearly equal ones, are already.
REPEATS = st.sampled_from([None, True, 1, 1.0, "", "x", "\ud83d", "x\ud83d"])
REPEATING_STREAMS = st.lists(
    st.tuples(st.sampled_from(["a", "a", "b[1]"]), entries(REPEATS) | REPEATS.map(Whole)), max_size=30
)


SEEDS = st.integers(0, 2**32).map(random.Random)  # a separate generator, as drawing each cut takes too long


def pieces_of(text: str, chance: random.Random, *, split_pairs: bool = True) -> list[str]:
    """Cut a text at random, even between the halves of a surrogate pair, as senders that count UTF-16 units do."""
    units = text
    if split_pairs:
        units = "".join(map(chr, memoryview(text.encode("utf-16-le")).cast("H")))
    pieces = [""] if not units else []
    while units:
        size = chance.randint(1, 5)
        pieces.append(units[:size])
        units = units[size:]
    return pieces


def cut(value: Any, chance: random.Random, *, split_pairs: bool = True) -> list[tuple[str, Any]]:
    """Return deltas that rebuild `value` in document order, with its texts cut at random."""
    deltas: list[tuple[str, Any]] = []
    for chunk in sj.disassemble(value, piece_chars=10_000):
        assert chunk.json_path is not None
        delta = chunk.delta
        pieces = pieces_of(delta, chance, split_pairs=split_pairs) if isinstance(delta, str) else [delta]
        deltas += [(chunk.json_path, piece) for piece in pieces]
    return deltas


def interleave(deltas: list[tuple[str, Any]], chance: random.Random) -> list[tuple[str, Any]]:
    """Interleave the deltas of different locations; those of one location keep their order."""
    queues: dict[str, list[Any]] = {}
    for path, delta in deltas:
        queues.setdefault(path, []).append(delta)
    mixed: list[tuple[str, Any]] = []
    while queues:
        path = chance.choice(sorted(queues))
        mixed.append((path, queues[path].pop(0)))
        if not queues[path]:
            del queues[path]
    return mixed


def exact(value: Any) -> str:
    """Return a text that is equal only for equal JSON: 1, 1.0 and true differ, and the order of names counts."""
    return json.dumps(value)


def value_of(snapshot: sj.Snapshot) -> Any:
    return NOTHING if snapshot.value is sj.MISSING else snapshot.value


def same(one: Any, other: Any) -> bool:
    return one is other or (one is not NOTHING and other is not NOTHING and exact(one) == exact(other))


def containers(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        parts: list[tuple[str | int, Any]] = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    else:
        return []
    return [(place, value)] + [found for step, part in parts for found in containers(part, (*place, step))]


def replay(changes: tuple[sj.Change, ...], value: Any) -> Any:
    """Apply changes to a plain value, as a reader without any other source would."""
    holder = [json.loads(exact(value)) if value is not NOTHING else None]
    for change in changes:
        here: Any = holder
        *way, last = (0, *change.path)
        for step in way:
            here = here[step]
        if change.kind == "append":
            here[last] += change.delta
        elif isinstance(here, list):
            here.extend([None] * (last + 1 - len(here)))
            here[last] = change.delta
        else:
            here[last] = change.delta
    return holder[0]


def mirror(changes: tuple[sj.Change, ...], assembler: sj.Assembler) -> None:
    for change in changes:
        for chunk in change.to_chunks():
            assembler.apply(chunk)


# ---------------------------------------------------------------------------------------------------------------------
# the assembler and the model side by side


class Rules(NamedTuple):
    """The options that determine the effect of an entry."""

    replace: bool
    in_order: bool


def assembler_of(rules: Rules) -> sj.Assembler:
    return sj.Assembler(
        on_conflict="replace" if rules.replace else "error", completion="order" if rules.in_order else "end"
    )


class Pair:
    """An assembler and the naive model that receive the same entries; every version is kept."""

    def __init__(self, rules: Rules) -> None:
        self.assembler = assembler_of(rules)
        self.model = NaiveDocument(replace=rules.replace, in_order=rules.in_order)
        self.snapshots = [self.assembler.snapshot()]
        self.sizes = [0]

    def apply(self, steps: tuple[str | int, ...], entry: Any) -> None:
        try:
            expected = apply_entry(self.model, steps, entry)
        except ConflictError:
            with pytest.raises(sj.ConflictError):
                apply_entry(self.assembler, sj.format_path(steps), entry)
            self._check()
            return
        change = apply_entry(self.assembler, sj.format_path(steps), entry)
        assert (change and change.kind) == expected
        if change is not None:
            assert change.path == steps
            assert exact(change.value) == exact(plain(self.model.look(steps)))
        content = entry.value if isinstance(entry, Whole) else entry
        size = (
            len(exact(content)) + 6 * len(exact(steps)) + sum(10 * step for step in steps if isinstance(step, int)) + 40
        )
        self._check(size)

    def close(self) -> None:
        self.assembler.close()
        self.model.close()
        self._check(size=40)

    def _check(self, size: int = 0) -> None:
        version = self.assembler.version
        assert version == len(self.model.values) - 1
        while len(self.sizes) <= version:
            self.sizes.append(size)
        if version > self.snapshots[-1].version:
            self.snapshots.append(self.assembler.snapshot())


def built(stream: tuple[list[tuple[Any, Any]], Rules]) -> Pair:
    received, rules = stream
    pair = Pair(rules)
    for place, entry in received:
        pair.apply(tuple(sj.parse_path(place)) if isinstance(place, str) else place, entry)
    pair.close()
    return pair


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[tuple[Any, Any]], Rules]:
    """Return a stream of any kind, and the rules for applying it."""
    shape = draw(st.sampled_from(["wild", "wild", "strings", "repeats", "document", "interleaved"]))
    in_order = draw(st.booleans())
    if shape == "wild":
        return draw(WILD_STREAMS), Rules(replace=draw(st.booleans()), in_order=in_order)
    if shape == "repeats":
        return draw(REPEATING_STREAMS), Rules(replace=draw(st.booleans()), in_order=in_order)
    if shape == "strings":
        return draw(STRING_STREAMS), Rules(replace=False, in_order=in_order)
    chance = draw(SEEDS)
    deltas = cut(draw(VALUES), chance)[:60]
    return (interleave(deltas, chance) if shape == "interleaved" else deltas), Rules(replace=False, in_order=in_order)


@given(VALUES, SEEDS)
def test_i1_last_value_is_the_document_sent(value: Any, chance: random.Random) -> None:
    last = list(sj.assemble({"delta": delta, "json_path": path} for path, delta in cut(value, chance)))[-1]

    assert exact(last.value) == exact(value)
    assert last.complete


@pytest.mark.parametrize("completion", ["order", "end"])
@given(value=VALUES, chance=SEEDS)
def test_i1_interleaving_changes_only_the_order_of_names(
    value: Any, chance: random.Random, completion: Literal["order", "end"]
) -> None:
    assembler = sj.Assembler(limits=sj.Limits(max_array_gap=None), completion=completion)
    # With "order", the next delta to another location replaces a pending surrogate half.
    for path, delta in interleave(cut(value, chance, split_pairs=completion == "end"), chance):
        assembler.apply_delta(path, delta)
    assembler.close()

    assert assembler.snapshot().value == value


@given(streams())
def test_i2_snapshot_read_at_once_or_late_shows_its_version(stream: Any) -> None:
    received, rules = stream
    at_once, late = Pair(rules), Pair(rules)
    for place, entry in received:
        steps = tuple(sj.parse_path(place)) if isinstance(place, str) else place
        for pair in (at_once, late):
            pair.apply(steps, entry)
        at_once.snapshots[-1].value  # noqa: B018  # the read is under test
    for pair in (at_once, late):
        pair.close()
        for snapshot in pair.snapshots:
            assert same(value_of(snapshot), pair.model.values[snapshot.version])
            assert snapshot.value is snapshot.value
            if snapshot.value is not sj.MISSING:
                assert exact(snapshot.copy_value()) == exact(snapshot.value)


@given(streams(), SEEDS)
def test_i2_order_of_reading_makes_no_difference(stream: Any, chance: random.Random) -> None:
    pair = built(stream)
    chance.shuffle(pair.snapshots)

    for snapshot in pair.snapshots:
        assert same(value_of(snapshot), pair.model.values[snapshot.version])


@given(streams(), SEEDS, LOCATIONS)
def test_i2_get_of_any_path_at_any_version(stream: Any, chance: random.Random, other: Any) -> None:
    pair = built(stream)
    known = sorted({place for value in pair.model.values for place, _ in every_place(value)}, key=repr)
    for snapshot in pair.snapshots:
        there = dict(every_place(pair.model.values[snapshot.version]))
        for steps in [*chance.sample(known, min(3, len(known))), other]:
            expected = there.get(steps, "default")
            assert exact(snapshot.get(sj.format_path(steps), "default")) == exact(expected)


def every_place(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if value is NOTHING:
        return []
    parts: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    return [(place, value)] + [found for step, part in parts for found in every_place(part, (*place, step))]


@given(streams(), SEEDS)
def test_i3_only_unchanged_containers_are_the_same_object(stream: Any, chance: random.Random) -> None:
    pair = built(stream)
    read = [snapshot for snapshot in pair.snapshots if chance.random() < 0.7 and snapshot.value is not sj.MISSING]

    for old, new in pairwise(read):
        places = pair.model.changed_at[old.version + 1 : new.version + 1]
        before = dict(containers(old.value))
        for place, container in containers(new.value):
            if place in before:
                touched = any(at[: len(place)] == place or place[: len(at)] == at for at in places)
                assert (container is before[place]) is not touched


@given(streams())
def test_i4_changes_since_any_version_rebuild_the_value(stream: Any) -> None:
    pair = built(stream)
    every = pair.snapshots
    for now in {every[-1].version: every[-1], every[len(every) // 2].version: every[len(every) // 2]}.values():
        for then in every:
            if then.version > now.version:
                with pytest.raises(ValueError, match="is not between 0 and"):
                    now.changes_since(then)
                continue
            changes = now.changes_since(then)
            old, new = pair.model.values[then.version], pair.model.values[now.version]
            if new is NOTHING:
                assert changes == ()
                continue
            assert exact(replay(changes, old)) == exact(new)
            # one change per location, none inside another, and together no larger than what was received
            paths = [change.path for change in changes]
            assert not any(one[: len(other)] == other for one in paths for other in paths if one is not other)
            reported_size = sum(len(exact(change.delta)) for change in changes)
            assert reported_size <= 3 * sum(pair.sizes[then.version + 1 : now.version + 1])
            for change in changes:
                if change.kind == "append":
                    assert change.value.endswith(change.delta)


@given(streams())
def test_i4_chunks_of_the_changes_rebuild_the_document(stream: Any) -> None:
    pair = built(stream)
    step_by_step, at_once = sj.Assembler(), sj.Assembler()
    for old, new in pairwise(pair.snapshots):
        mirror(new.changes_since(old), step_by_step)
        assert exact(step_by_step.snapshot().value) == exact(new.value)
    mirror(pair.snapshots[-1].changes_since(0), at_once)
    assert same(value_of(at_once.snapshot()), pair.model.values[-1])


@given(streams())
def test_i4_change_of_each_event_describes_its_effect(stream: Any) -> None:
    received, rules = stream
    assembler = assembler_of(rules)
    copy = sj.Assembler()
    for place, entry in received:
        before = assembler.version
        try:
            change = apply_entry(assembler, place if isinstance(place, str) else sj.format_path(place), entry)
        except sj.ConflictError:
            assert assembler.version == before
            continue
        assert (change is None) is (assembler.version == before)
        chain = []
        while change is not None:
            chain.insert(0, change)
            change = change.before
        assert [one.version for one in chain] == list(range(before + 1, assembler.version + 1))
        mirror(tuple(chain), copy)
        if chain:
            assert exact(copy.snapshot().value) == exact(assembler.snapshot().value)


@given(VALUES, SEEDS)
def test_i5_cutting_the_input_makes_no_difference(value: Any, chance: random.Random) -> None:
    wire = b"".join(
        sj.encode_sse(sj.ServerSentEvent(sj.StreamingChunk(delta, path), id=str(number)))
        for number, (path, delta) in enumerate(cut(value, chance))
    )
    cuts = sorted(chance.choices(range(len(wire) + 1), k=chance.randint(0, 20)))
    pieces = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]

    whole = [(s.version, s.last_event_id, exact(s.value)) for s in sj.assemble(sj.decode_sse([wire]))]
    in_pieces = [(s.version, s.last_event_id, exact(s.value)) for s in sj.assemble(sj.decode_sse(pieces))]

    assert in_pieces == whole
    assert whole[-1][2] == exact(value)


@given(streams())
def test_i6_rejected_event_changes_nothing(stream: Any) -> None:
    limits = sj.Limits(max_string_bytes=12, max_document_bytes=120, max_nodes=25, max_array_gap=2, max_depth=3)
    completion: Literal["order", "end"] = "order" if stream[1].in_order else "end"
    assembler = sj.Assembler(limits=limits, completion=completion)
    twin = sj.Assembler(limits=limits, completion=completion)
    for place, entry in stream[0]:
        path = place if isinstance(place, str) else sj.format_path(place)
        before = assembler.snapshot()
        value = before.copy_value()
        try:
            apply_entry(assembler, path, entry)
        except sj.StreamJSONError:
            assert assembler.version == before.version
            assert same_or_missing(assembler.snapshot().copy_value(), value)
        else:  # the twin never receives a rejected entry
            apply_entry(twin, path, entry)
    assert assembler.version == twin.version
    assert same_or_missing(assembler.snapshot().value, twin.snapshot().value)


def same_or_missing(one: Any, other: Any) -> bool:
    return one is other or (sj.MISSING not in (one, other) and exact(one) == exact(other))
