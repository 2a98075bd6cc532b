"""`restore` reads what `checkpoint` writes under the same limits, also if they leave no room at all."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

import streamjson as sj
from streamjson import _json
from streamjson._resume.envelope import seal, unseal
from verbs import apply_entry, entries

HIGH = "\ud83d"
Acts = list[tuple[str, Any]]

LEAST_LIMITS: dict[str, Any] = {
    "max_depth": 1, "max_array_gap": 0, "max_array_length": 1, "max_nodes": 1, "max_runs": 1, "max_document_bytes": 1,
    "max_string_bytes": 1, "max_key_bytes": 1, "max_number_digits": 1,
}  # fmt: skip


def checkpoints_within(limits: sj.Limits, acts: Acts, **options: Any) -> list[bytes]:
    """Return the checkpoints before the first act and after each act."""
    assembler = sj.Assembler(limits=limits, **options)
    saved = [assembler.checkpoint()]
    for path, entry in acts:
        with suppress(sj.ConflictError):
            apply_entry(assembler, path, entry)
        saved.append(assembler.checkpoint())
    return saved


def just_enough(acts: Acts, **options: Any) -> sj.Limits:
    """Return the least limits that allow all acts."""
    limits = sj.Limits(**LEAST_LIMITS)
    while True:
        try:
            checkpoints_within(limits, acts, **options)
        except sj.LimitExceededError as error:
            limits = evolve(limits, **{error.limit: error.met})
        except sj.InvalidPathError:
            limits = evolve(limits, max_depth=(limits.max_depth or 0) + 1)
        else:
            return limits


def assert_restored(acts: Acts, options: dict[str, Any]) -> None:
    limits = just_enough(acts, **options)
    for data in checkpoints_within(limits, acts, **options):
        again = sj.Assembler.restore(data, limits=limits, **options).checkpoint()
        assert unseal("assembler", again) == unseal("assembler", data)


WORST: dict[str, tuple[Acts, dict[str, Any]]] = {
    "texts that the sender returns to": ([(f"a.b.c.t{n}", t) for t in ("x", "y", HIGH) for n in range(30)], {}),
    "surrogate halves that are kept": ([(f"a[{n}]", t) for t in ("x", HIGH) for n in range(60)], {"completion": "end"}),
    "holes": ([("a", "x"), ("l[40]", 1), ("a", "y")], {}),
    "filled holes": (
        [("a", "x"), ("l[40]", 1), ("a", "y"), *((f"l[{n}]", HIGH) for n in range(40))],
        {"completion": "end"},
    ),
    "replaced values": ([("a", {"b": [1, 2]}), ("c", 1), *[("a", None), ("a", {"b": [3]})] * 5], {}),
    "a deep text": ([("a" + "[0]" * 60, "x"), ("b", 1), ("a" + "[0]" * 60, "y")], {}),
    "a deep value": ([("a", "x"), ("b", 1), ("a", "y"), ("c" + "[0]" * 60, "y")], {}),
}


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual allowance for other values would hide that small documents exceed the limit."""
    monkeypatch.setattr(_json, "CHUNK_VALUES", 40)


@pytest.mark.slow
@pytest.mark.parametrize(("acts", "options"), WORST.values(), ids=WORST)
def test_the_worst_cases_are_restored(acts: Acts, options: dict[str, Any]) -> None:
    assert_restored(acts, options)


PLACES = st.sampled_from(["", "a", "a.b", "a[0]", "a[2]", "b", "b[1].c", "t", "u"])
DELTAS = st.sampled_from(["x", "long " * 5, HIGH, 1, 10**20, None, [], {}, {"b": "v"}, ["i", {"c": "w"}]])


@given(
    acts=st.lists(st.tuples(PLACES, entries(DELTAS)), max_size=10),
    options=st.fixed_dictionaries(
        {"completion": st.sampled_from(["order", "end"]), "on_conflict": st.sampled_from(["error", "replace"])}
    ),
)
def test_any_stream_is_restored(acts: Acts, options: dict[str, Any]) -> None:
    assert_restored(acts, options)


@pytest.mark.parametrize("member", ["halves", "holes", "repaired", "changes"])
def test_a_packed_text_that_nests_too_deep_is_refused(member: str) -> None:
    assembler = sj.Assembler()
    for path, delta in (("a", "x"), ("b", 1), ("a", "y")):
        assembler.apply_delta(path, delta)
    members = unseal("assembler", assembler.checkpoint())
    deep = "[" * 200_000 + "]" * 200_000
    members[member] = [[deep, "y"]] if member == "changes" else deep
    with pytest.raises(sj.CheckpointError):
        sj.Assembler.restore(seal("assembler", members), limits=sj.Limits.unlimited())
