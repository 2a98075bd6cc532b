"""Each hostile input has the promised outcome, in bounded memory and linear time.

The attacks are those of `reliability/hostile.py`. Each runs in its own process, under small limits and with capped
memory; `make reliability` runs them under the default limits.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType

import pytest
from attrs import evolve

import streamjson as sj
from cap import CONSTANT_BYTES, Run, forking, measure
from hostile import ATTACKS, NOT_YET, ROWS, SMALL, WAITING, Attack
from streamjson._paths import path as _path

pytestmark = pytest.mark.slow

EACH = [pytest.param(one, id=f"{one.table}: {one.row}: {one.name}") for one in ATTACKS.values()]


def test_every_row_has_an_attack_or_states_what_it_needs():
    rows = {(table, row) for table, rows in ROWS.items() for row in rows}
    attacked = {(one.table, one.row) for one in (*ATTACKS.values(), *WAITING.values())}

    assert attacked <= rows
    assert {row for _, row in rows - attacked} == set(NOT_YET)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with forking() as run:
        yield run


@pytest.mark.parametrize("one", EACH)
def test_promise_is_kept_within_the_promised_memory(one: Attack, run: Run):
    measured = measure(one.name, small=True, run=run)

    assert not measured.failure
    assert measured.peak_bytes <= one.allowed_bytes(SMALL) + CONSTANT_BYTES


def test_more_than_four_times_a_limit_needs_a_reason():
    assert all(one.because for one in ATTACKS.values() if one.factor > 4)


def test_attack_over_its_allowed_memory_fails(run: Run):
    measured = measure("as-many-containers-as-allowed", small=True, allowed_bytes=1, run=run)

    assert measured.failure  # usually a MemoryError, but CPython without memory does not always raise it


# ---------------------------------------------------------------------------------------------------------------------
# time


def scaled(limits: sj.Limits, divisor: int) -> sj.Limits:
    names = ("max_event_bytes", "max_string_bytes", "max_document_bytes", "max_nodes", "max_runs", "max_array_length")
    # A gap costs its holes, however few bytes request them.
    return evolve(limits, max_array_gap=16, **{name: getattr(limits, name) // divisor for name in names})


def calls_of(one: Attack, limits: sj.Limits, scale: int) -> tuple[int, int]:
    """Return the number of functions that an attack calls, including C functions, and the bytes it sends."""
    count = 0

    def profiler(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    _path._known.clear()
    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        sent = one.run(limits, scale)
    finally:
        sys.setprofile(before)
    return count, sent


@pytest.mark.parametrize("one", EACH)
def test_calls_are_linear_in_the_bytes(one: Attack):
    """Each byte costs the same when the limits, or the number of repetitions, are larger."""
    few, little = calls_of(one, scaled(SMALL, 32), 1)
    many, much = calls_of(one, scaled(SMALL, 8), 2)

    assert much >= 1.9 * little
    assert many / much <= 1.5 * few / little
