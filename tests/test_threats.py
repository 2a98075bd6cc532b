"""What a hostile sender sends has the outcome that is promised, in bounded memory and linear time.

The attacks are those of `reliability/hostile.py`, row by row. Each runs in a process of its own, under small limits
and under a cap of its memory; the command `make reliability` runs them under the default limits.
"""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from attrs import evolve

import streamjson as sj
from cap import CONSTANT_BYTES, measure
from hostile import ATTACKS, NOT_YET, ROWS, SMALL, WAITING, Attack
from streamjson._paths import path as _path

pytestmark = pytest.mark.slow

EACH = [pytest.param(one, id=f"{one.table}: {one.row}: {one.name}") for one in ATTACKS.values()]


def test_every_row_has_an_attack_or_says_what_it_waits_for():
    rows = {(table, row) for table, rows in ROWS.items() for row in rows}
    attacked = {(one.table, one.row) for one in (*ATTACKS.values(), *WAITING.values())}

    assert attacked <= rows
    assert {row for _, row in rows - attacked} == set(NOT_YET)


@pytest.mark.parametrize("one", EACH)
def test_the_promise_is_kept_in_the_memory_that_is_promised(one: Attack):
    measured = measure(one.name, small=True)

    assert not measured.failure
    assert measured.peak_bytes <= one.allowed_bytes(SMALL) + CONSTANT_BYTES


def test_more_than_four_times_a_limit_is_allowed_only_for_a_reason():
    assert all(one.because for one in ATTACKS.values() if one.factor > 4)


def test_what_needs_more_memory_than_it_is_allowed_fails():
    measured = measure("as-many-containers-as-allowed", small=True, allowed_bytes=1)

    assert measured.failure  # mostly a MemoryError; CPython, short of memory, does not always say so


# ---------------------------------------------------------------------------------------------------------------------
# time


def scaled(limits: sj.Limits, divisor: int) -> sj.Limits:
    names = ("max_event_bytes", "max_string_bytes", "max_document_bytes", "max_nodes", "max_runs", "max_array_length")
    # A gap costs its holes, however few bytes ask for them.
    return evolve(limits, max_array_gap=16, **{name: getattr(limits, name) // divisor for name in names})


def calls_of(one: Attack, limits: sj.Limits, scale: int) -> tuple[int, int]:
    """Return how many functions an attack calls, those written in C included, and how many bytes it sends."""
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
def test_the_calls_are_linear_in_the_bytes(one: Attack):
    """Of an attack that is larger in the limits, or in number: each byte costs the same."""
    few, little = calls_of(one, scaled(SMALL, 32), 1)
    many, much = calls_of(one, scaled(SMALL, 8), 2)

    assert much >= 1.9 * little
    assert many / much <= 1.5 * few / little
