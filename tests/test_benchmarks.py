"""The benchmarks measure what they claim: their documents are right, and only correct contestants are timed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

import streamjson as sj
from contestants import Contestant, Turn, WireContestant
from documents import SHAPES, Document, document
from measure import QUICK, Check, Measurement, check, measure, measure_wire
from works import WORKS

pytestmark = pytest.mark.slow

SHORT = evolve(QUICK, all_turns_s=0.01)
"""As few turns as are allowed: the tests look at what is measured, not at the figures."""

SMALL = [("people", "10 KB"), ("texts", "10 KB"), ("deep", "600 items")]
ALL = [*SMALL, ("wide_array", "100,000 items"), ("interleaved", "100 KB")]


def right(**other: Any) -> Contestant:
    """Return a contestant that is always right; `other` replaces functions of its turn."""

    def begin() -> Turn:
        assembler = sj.Assembler()

        def value() -> Any:
            return assembler.snapshot().value

        turn = Turn(assembler.apply_delta, value, lambda steps: assembler.snapshot().get(list(steps)), value)
        return turn._replace(**{name: what for name, what in other.items() if name in Turn._fields})

    return Contestant("right", "deltas", begin, is_sampled=other.get("is_sampled", False))


def json_text(source: Document) -> str:
    return json.dumps(source.value, ensure_ascii=False)


# ---------------------------------------------------------------------------------------------------------------------
# documents


@pytest.fixture(autouse=True)
def _frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the collected tests frozen (see conftest.py): a measurement unfreezes all objects at its end."""
    monkeypatch.setattr("measure.gc.unfreeze", lambda: None)


@pytest.mark.parametrize(("shape", "size"), ALL)
def test_deltas_rebuild_the_value(shape, size):
    source = document(shape, size)
    assembler = sj.Assembler()
    for path, delta in source.deltas():
        assembler.apply_delta(path, delta)

    assert assembler.snapshot().value == source.value
    assert len(source) == len(source.deltas()) == len(list(source.each_delta()))


@pytest.mark.parametrize(("shape", "size"), SMALL)
def test_replay_shows_the_value_after_each_delta(shape, size):
    source = document(shape, size)
    assembler = sj.Assembler()
    for (path, delta), value in zip(source.deltas(), source.replayed(), strict=True):
        assembler.apply_delta(path, delta)
        assert value == assembler.snapshot().value


@pytest.mark.parametrize(("shape", "size"), SMALL)
def test_pieces_join_to_the_text_and_end_where_the_deltas_end(shape, size):
    source = document(shape, size)
    pieces = source.pieces()

    assert "".join(pieces) == json_text(source)
    assert len(pieces) == len(source)
    for piece, (_, delta) in zip(pieces[:-1], source.deltas(), strict=False):
        text = json.dumps(delta, ensure_ascii=False)
        assert piece.endswith((text, text[1:-1], text[1:]))


def test_document_out_of_order_has_no_text():
    with pytest.raises(ValueError, match="not written in document order"):
        document("interleaved", "100 KB").pieces()


@pytest.mark.parametrize("with_ids", [False, True])
@pytest.mark.parametrize("piece_bytes", [7, 4096])
def test_events_carry_the_deltas(with_ids, piece_bytes):
    source = document("texts", "1 KB")
    pieces = source.events(with_ids=with_ids, piece_bytes=piece_bytes)
    *events, done = sj.decode_sse(pieces)

    assert {len(piece) for piece in pieces[:-1]} <= {piece_bytes}
    assert [json.loads(event.data) for event in events] == source.data()
    assert (done.data, events[-1].id) == ("[DONE]", str(len(source) - 1) if with_ids else None)


@pytest.mark.parametrize("shape", ["people", "texts"])
def test_document_has_its_size(shape):
    for size, least in (("1 KB", 1_000), ("10 KB", 10_000), ("100 KB", 100_000)):
        assert least <= len(json_text(document(shape, size)).encode()) < least + 1_000


def test_each_call_returns_new_text_objects():
    source = document("people", "1 KB")

    assert all(one[0] is not other[0] for one, other in zip(source.deltas(), source.deltas(), strict=True))


def test_arrays_of_people_and_texts_are_short():
    def longest(value: Any) -> int:
        parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        return max([len(parts) if isinstance(value, list) else 0, *map(longest, parts)])

    assert all(longest(document(shape, "1 MB").value) < 1_000 for shape in ("people", "texts"))


def test_every_shape_has_a_document():
    assert all(kind.sizes and kind.about for kind in SHAPES.values())


# ---------------------------------------------------------------------------------------------------------------------
# measuring


def checked(contestant: Contestant, source: Document) -> Check | Measurement:
    return check(contestant, source, SHORT)


def test_correct_contestant_is_timed():
    source = document("people", "1 KB")
    passed = checked(right(), source)
    assert isinstance(passed, Check)

    for work in WORKS.values():
        measured = measure(work, source, {right(): passed}, SHORT)["right"]
        assert measured.mark is None
        assert 0 < measured.min_us <= measured.q1_us <= measured.median_us <= measured.q3_us
        assert (measured.pieces, measured.samples) == (len(source), None)
        assert measured.turns >= 1
    assert passed.shows == 1


@pytest.mark.parametrize("what", ["value", "field", "end"])
def test_wrong_contestant_is_marked_and_not_timed(what):
    source = document("people", "1 KB")
    contestant = right(**{what: lambda *_: {"teams": 1.0}})
    mark = checked(contestant, source)
    assert isinstance(mark, Measurement)

    assert mark.mark == "wrong"
    assert mark.reason.startswith(what)
    assert measure(WORKS["end"], source, {contestant: mark}, SHORT) == {"right": mark}
    assert mark.median_us is None


def with_ages(age: Any) -> Any:
    value = json.loads(json.dumps(document("people", "1 KB").value))
    for person in value["teams"][0]["people"]:
        person["age"] = age(person["age"])
    return value


@pytest.mark.parametrize(("age", "mark"), [(float, None), (bool, "wrong"), (str, "wrong")])
def test_number_may_be_of_another_type_but_not_a_boolean(age, mark):
    source = document("people", "1 KB")
    checked_value = checked(right(value=lambda: with_ages(age), end=lambda: with_ages(age)), source)

    assert (checked_value.mark if isinstance(checked_value, Measurement) else None) == mark


def test_raising_contestant_is_marked():
    mark = checked(right(value=lambda: 1 / 0), document("people", "1 KB"))

    assert (mark.mark, mark.reason) == ("failed", "ZeroDivisionError: division by zero")


def test_text_contestant_does_not_apply_out_of_order():
    reader = Contestant("reader", "text", lambda: pytest.fail("not begun"))

    assert checked(reader, document("interleaved", "100 KB")).mark == "not applicable"


def test_live_object_cannot_be_kept_as_a_value():
    source = document("people", "1 KB")
    live = Contestant("right", "deltas", right().begin, is_live=True)

    measured = measure(WORKS["value-kept"], source, {live: checked(live, source)}, SHORT)
    assert measured["right"].mark == "live"


class Clock:
    """A fake clock: feeding a piece takes 1 second, and the value after n pieces takes n seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.fed = 0
        self.asked = 0

    def feed(self, _path: str, _delta: Any) -> None:
        self.now += 1
        self.fed += 1

    def value(self) -> None:
        self.now += self.fed
        self.asked += 1


@pytest.mark.parametrize("work", ["value-dropped", "value-kept"])
def test_sampled_values_stand_for_all(monkeypatch, work):
    source = document("people", "1 KB")
    clocks: list[Clock] = []

    def begin() -> Turn:
        clocks.append(Clock())
        monkeypatch.setattr("measure.time.process_time", lambda: clocks[-1].now)
        return Turn(clocks[-1].feed, clocks[-1].value, lambda _steps: None, lambda: None)

    slow = Contestant("slow", "deltas", begin, is_sampled=True)
    passed = Check(feed_s=0, value_s=0.01, shows=1)
    measured = measure(WORKS[work], source, {slow: passed}, SHORT)["slow"]

    asked_at_each = 2 if work == "value-kept" else 1
    assert measured.samples * asked_at_each == clocks[-1].asked < len(source)
    assert clocks[-1].fed == len(source)
    # 1 for the piece, plus the mean of 1 to n.
    assert measured.median_us / 1e6 == pytest.approx(1 + (len(source) + 1) / 2, rel=0.01)


def test_value_that_would_take_too_long_is_not_taken():
    source = document("people", "1 KB")
    slow = Contestant("slow", "deltas", lambda: pytest.fail("not begun"), is_sampled=True)
    measured = measure(WORKS["value-dropped"], source, {slow: Check(feed_s=0, value_s=3600, shows=1)}, SHORT)["slow"]

    assert (measured.mark, measured.at_least_us, measured.median_us) == ("too slow", 3600e6, None)


@pytest.mark.parametrize(
    ("run", "mark"),
    [
        (lambda pieces: [*sj.assemble(sj.decode_sse(pieces))][-1].value, None),
        (lambda _pieces: {}, "wrong"),
        (lambda _pieces: 1 / 0, "failed"),
    ],
    ids=["right", "wrong", "failed"],
)
def test_the_wire(run, mark):
    measured = measure_wire(document("people", "1 KB"), [WireContestant("reader", run)], SHORT, with_ids=True)

    assert measured["reader"].mark == mark
    assert (measured["reader"].median_us is None) == (mark is not None)
