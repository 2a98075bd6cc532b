"""Every bound is a positive integer or lifted, says what it counts and why, and tells how to raise it."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

import streamjson as sj
from streamjson._errors import CODES, LimitExceededError
from streamjson._limits import Limits

NAMES = [attribute.name for attribute in attrs.fields(Limits)]

# Name, default and unit, as they are documented: a change here is a change for users.
DEFAULTS = {
    "max_event_bytes": (16_777_216, "bytes"),
    "max_id_bytes": (1024, "bytes"),
    "max_retry_ms": (3_600_000, "milliseconds"),
    "max_path_bytes": (4096, "bytes"),
    "max_depth": (128, "levels"),
    "max_array_gap": (1024, "items"),
    "max_array_length": (1_000_000, "items"),
    "max_nodes": (1_000_000, "values"),
    "max_document_bytes": (67_108_864, "bytes"),
    "max_string_bytes": (16_777_216, "bytes"),
    "max_key_bytes": (4096, "bytes"),
    "max_number_digits": (1000, "digits"),
    "max_patterns": (1000, "patterns"),
}


def test_the_bounds_are_those_that_are_documented() -> None:
    assert set(NAMES) == set(DEFAULTS)


@pytest.mark.parametrize("name", NAMES)
def test_each_bound_has_a_default_a_unit_what_it_counts_and_a_reason(name: str) -> None:
    metadata = getattr(attrs.fields(Limits), name).metadata
    assert (getattr(Limits(), name), metadata["unit"]) == DEFAULTS[name]
    assert metadata["counts"]
    assert metadata["reason"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [1, 2**80, None], ids=["one", "huge", "lifted"])
def test_a_bound_is_a_positive_integer_or_none(name: str, value: int | None) -> None:
    assert getattr(Limits(**{name: value}), name) == value


def test_no_gap_at_all_is_a_bound_and_nothing_at_all_is_none() -> None:
    assert Limits(max_array_gap=0).max_array_gap == 0
    with pytest.raises(ValueError, match="from 1, or None, not 0"):
        Limits(max_depth=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, 1.0, True, False, "1", float("inf"), [1]], ids=repr)
def test_anything_else_is_refused_by_name(name: str, value: object) -> None:
    least = 0 if name == "max_array_gap" else 1
    with pytest.raises(ValueError, match=rf"Limits\.{name} is an integer from {least}, or None"):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_bounds_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        Limits(1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        Limits(max_fun=1)  # type: ignore[call-arg]


def test_unlimited_lifts_every_bound() -> None:
    assert set(attrs.asdict(Limits.unlimited()).values()) == {None}
    assert attrs.evolve(Limits.unlimited(), max_depth=5).max_depth == 5


def test_limits_do_not_change_and_compare_by_value() -> None:
    limits = Limits(max_depth=5)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        limits.max_depth = 6  # type: ignore[misc]
    assert limits == Limits(max_depth=5) != Limits()
    assert len({limits, Limits(max_depth=5), Limits()}) == 2
    assert copy.copy(limits) == copy.deepcopy(limits) == pickle.loads(pickle.dumps(limits)) == limits


@pytest.mark.parametrize("name", NAMES)
def test_the_error_names_the_limit_its_value_what_was_met_and_how_to_raise_it(name: str) -> None:
    error = Limits(**{name: 5}).exceeded(name, 6)
    assert type(error) is LimitExceededError
    assert (error.limit, error.code, error.maximum, error.met) == (name, name, 5, 6)
    assert f"6 {DEFAULTS[name][1]}" in str(error)
    assert f"Limits.{name} = 5" in str(error)
    assert f"limits=Limits({name}=...)" in str(error)


def test_each_bound_that_raises_has_a_code() -> None:
    # A longer reconnection time is lowered, and a longer path has the code of the path vectors.
    assert {name for name in NAMES if name not in CODES} == {"max_retry_ms", "max_path_bytes"}
    assert "path-too-long" in CODES


def test_one_object_of_limits_serves_many_streams() -> None:
    limits = Limits(max_nodes=2)
    for _ in range(3):
        assert sj.assemble([{"delta": 1, "json_path": "a"}], limits=limits).final() == {"a": 1}


@pytest.mark.parametrize("limits", [None, {"max_depth": 3}, 5], ids=["null", "a mapping", "a number"])
@pytest.mark.parametrize("takes_limits", [sj.Assembler, sj.SSEDecoder], ids=["assembler", "decoder"])
def test_what_is_no_limits_is_refused_where_it_is_given(takes_limits, limits):
    with pytest.raises(TypeError, match=r"limits is a Limits, not .*; Limits\.unlimited"):
        takes_limits(limits=limits)


def test_the_error_names_who_takes_the_limit() -> None:
    assert "give decode_sse limits=Limits(max_id_bytes=...)" in str(Limits().exceeded("max_id_bytes", 2000))
    assert "give assemble limits=Limits(max_nodes=...)" in str(Limits().exceeded("max_nodes", 2**30))
