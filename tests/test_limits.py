"""Every limit is a positive integer or lifted, documents its unit and reason, is exact, and says how to raise it."""

from __future__ import annotations

import copy
import json
import pickle

import attrs
import pytest

import streamjson as sj
from chat import fragment
from streamjson._errors import CODES, LimitExceededError
from streamjson._limits import Limits

NAMES = [attribute.name for attribute in attrs.fields(Limits)]

# Name, default and unit, as documented: a change here is a change for users.
DEFAULTS = {
    "max_event_bytes": (16_777_216, "bytes"),
    "max_id_bytes": (1024, "bytes"),
    "max_retry_ms": (3_600_000, "milliseconds"),
    "max_path_bytes": (4096, "bytes"),
    "max_depth": (128, "levels"),
    "max_array_gap": (1024, "items"),
    "max_array_length": (1_000_000, "items"),
    "max_nodes": (1_000_000, "values"),
    "max_runs": (1_000_000, "runs"),
    "max_document_bytes": (67_108_864, "bytes"),
    "max_string_bytes": (16_777_216, "bytes"),
    "max_key_bytes": (4096, "bytes"),
    "max_number_digits": (1000, "digits"),
    "max_patterns": (1000, "patterns"),
    "max_parts": (1000, "parts"),
}


def test_limits_are_those_that_are_documented() -> None:
    assert set(NAMES) == set(DEFAULTS)


@pytest.mark.parametrize("name", NAMES)
def test_each_limit_has_its_documented_metadata(name: str) -> None:
    metadata = getattr(attrs.fields(Limits), name).metadata
    assert (getattr(Limits(), name), metadata["unit"]) == DEFAULTS[name]
    assert metadata["counts"]
    assert metadata["reason"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [1, 2**80, None], ids=["one", "huge", "lifted"])
def test_limit_is_a_positive_integer_or_none(name: str, value: int | None) -> None:
    assert getattr(Limits(**{name: value}), name) == value


def test_zero_is_a_limit_for_gaps_only() -> None:
    assert Limits(max_array_gap=0).max_array_gap == 0
    with pytest.raises(ValueError, match="at least 1, or None, not 0"):
        Limits(max_depth=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, 1.0, True, False, "1", float("inf"), [1]], ids=repr)
def test_any_other_value_is_refused_by_name(name: str, value: object) -> None:
    minimum = 0 if name == "max_array_gap" else 1
    with pytest.raises(ValueError, match=rf"Limits\.{name} must be an integer of at least {minimum}, or None"):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_limits_are_keyword_arguments() -> None:
    with pytest.raises(TypeError):
        Limits(1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        Limits(max_fun=1)  # type: ignore[call-arg]


def test_unlimited_lifts_every_limit() -> None:
    assert set(attrs.asdict(Limits.unlimited()).values()) == {None}
    assert attrs.evolve(Limits.unlimited(), max_depth=5).max_depth == 5


def test_limits_are_frozen_and_compare_by_value() -> None:
    limits = Limits(max_depth=5)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        limits.max_depth = 6  # type: ignore[misc]
    assert limits == Limits(max_depth=5) != Limits()
    assert len({limits, Limits(max_depth=5), Limits()}) == 2
    assert copy.copy(limits) == copy.deepcopy(limits) == pickle.loads(pickle.dumps(limits)) == limits


@pytest.mark.parametrize("name", NAMES)
def test_message_names_the_limit_and_how_to_raise_it(name: str) -> None:
    error = Limits(**{name: 5}).exceeded(name, 6)
    assert type(error) is LimitExceededError
    assert (error.limit, error.code, error.maximum, error.met) == (name, name, 5, 6)
    assert f"6 {DEFAULTS[name][1]}" in str(error)
    assert f"Limits.{name} = 5" in str(error)
    assert f"limits=Limits({name}=...)" in str(error)


def test_each_limit_that_raises_has_a_code() -> None:
    # A longer reconnection time is lowered, and a longer path has a code of its own.
    assert {name for name in NAMES if name not in CODES} == {"max_retry_ms", "max_path_bytes"}
    assert "path_too_long" in CODES


def test_one_limits_object_serves_many_streams() -> None:
    limits = Limits(max_nodes=2)
    for _ in range(3):
        assert sj.assemble([{"delta": 1, "json_path": "a"}], limits=limits).final() == {"a": 1}


@pytest.mark.parametrize("limits", [None, {"max_depth": 3}, 5], ids=["null", "a mapping", "a number"])
@pytest.mark.parametrize("takes_limits", [sj.Assembler, sj.SSEDecoder], ids=["assembler", "decoder"])
def test_other_object_in_place_of_limits_is_refused(takes_limits, limits):
    with pytest.raises(TypeError, match=r"limits must be a Limits, not .*; Limits\.unlimited"):
        takes_limits(limits=limits)


def test_message_names_the_recipient_of_the_limit() -> None:
    assert "pass limits=Limits(max_id_bytes=...) to decode_sse" in str(Limits().exceeded("max_id_bytes", 2000))
    assert "pass limits=Limits(max_nodes=...) to the assembler" in str(Limits().exceeded("max_nodes", 2**30))


# ---------------------------------------------------------------------------------------------------------------------
# one below the limit, at it, and one above it


def decoded(limits: Limits, *pieces: bytes) -> None:
    decoder = sj.SSEDecoder(limits=limits)
    for piece in pieces:
        decoder.feed(piece)


def applied(limits: Limits, *deltas: tuple[str, object]) -> None:
    assembler = sj.Assembler(limits=limits)
    for path, delta in deltas:
        assembler.apply_delta(path, delta)


def sent(limits: Limits, *deltas: tuple[str, object]) -> None:
    assembler = sj.Assembler(limits=limits)
    for path, delta in deltas:
        assembler.apply(sj.ServerSentEvent(json.dumps({"delta": delta, "json_path": path})))


def nested(levels: int) -> object:
    return [nested(levels - 1)] if levels > 1 else []


def answered(limits: Limits, count: int) -> None:
    parts = sj.PartAssembler(provider="openai_chat", limits=limits)
    for number in range(count):
        parts.apply(fragment("{}", name="f", id=str(number)))


def registered(limits: Limits, count: int) -> None:
    assembler = sj.Assembler(limits=limits)
    for number in range(count):
        (assembler.on if number % 2 else assembler.on_complete)("a", print)


# How to reach the amount `n` of what a limit counts.
CASES = {
    ("max_event_bytes", "a line"): lambda limits, n: decoded(limits, b"data:" + b"x" * (n - 5) + b"\n\n"),
    ("max_event_bytes", "lines"): lambda limits, n: decoded(limits, b"data\n" * 2, b"id: " + b"x" * (n - 12) + b"\n"),
    ("max_event_bytes", "no end"): lambda limits, n: decoded(limits, *[b"x"] * n),
    ("max_id_bytes", "with data"): lambda limits, n: decoded(limits, b"id: " + b"x" * n + b"\ndata: x\n\n"),
    ("max_id_bytes", "alone"): lambda limits, n: decoded(limits, b"id:" + b"x" * n + b"\r\n", b"\r\n"),
    ("max_depth", "a delta"): lambda limits, n: applied(limits, ("", nested(n))),
    ("max_depth", "path and delta"): lambda limits, n: applied(limits, ("a[0].b", nested(n - 3))),
    ("max_depth", "from the wire"): lambda limits, n: sent(limits, ("a", nested(n - 1))),
    ("max_array_gap", "a new array"): lambda limits, n: applied(limits, (f"a[{n}]", 1)),
    ("max_array_gap", "an array"): lambda limits, n: applied(limits, ("a[0]", 1), (f"a[{n + 1}].b", 1)),
    ("max_array_length", "a delta"): lambda limits, n: applied(limits, ("a", [None] * n)),
    ("max_array_length", "items"): lambda limits, n: applied(limits, *((f"[{i}]", i) for i in range(n))),
    ("max_array_length", "a gap"): lambda limits, n: applied(limits, (f"[{n - 1}]", 1)),
    ("max_nodes", "a delta"): lambda limits, n: applied(limits, ("", [1] * (n - 1))),
    ("max_nodes", "members"): lambda limits, n: applied(limits, *((f"n{i}", i) for i in range(n - 1))),
    ("max_nodes", "the same again"): lambda limits, n: applied(limits, *(("a", i) for i in range(n - 1))),
    ("max_runs", "in turn"): lambda limits, n: applied(limits, *(("ab"[i % 2], "x") for i in range(n))),
    ("max_nodes", "a gap"): lambda limits, n: applied(limits, (f"[{n - 2}]", 1)),
    ("max_nodes", "from the wire"): lambda limits, n: sent(limits, ("a", [{}] * (n - 2))),
    ("max_document_bytes", "a text"): lambda limits, n: applied(limits, ("", "x" * n)),
    ("max_document_bytes", "a text that grows"): lambda limits, n: applied(limits, *[("", "x")] * n),
    ("max_document_bytes", "names and numbers"): lambda limits, n: applied(limits, ("a", 1), ("b" * (n - 17), None)),
    ("max_document_bytes", "replaced"): lambda limits, n: applied(limits, ("", 1), ("", None), ("", "x" * (n - 16))),
    ("max_document_bytes", "a large integer"): lambda limits, n: applied(limits, ("", -(256 ** (n - 1)))),
    ("max_document_bytes", "large integers"): lambda limits, n: applied(limits, ("", [256 ** (n - 9), 2**64 - 1])),
    ("max_runs", "pending surrogates"): lambda limits, n: applied(
        limits, *((f"n{i}", "x") for i in range(n // 2)), *((f"n{i}", "\ud83d") for i in range(n - n // 2))
    ),
    ("max_string_bytes", "at once"): lambda limits, n: applied(limits, ("a", "x" * n)),
    ("max_string_bytes", "in a container"): lambda limits, n: applied(limits, ("a", ["é" + "x" * (n - 2)])),
    ("max_string_bytes", "in deltas"): lambda limits, n: sent(limits, *[("a", "x")] * n),
    ("max_key_bytes", "in a path"): lambda limits, n: applied(limits, ("x" * n, 1)),
    ("max_key_bytes", "in a delta"): lambda limits, n: applied(limits, ("", {"é" + "x" * (n - 2): 1})),
    ("max_number_digits", "a call"): lambda limits, n: applied(limits, ("a", -(10**n) + 1)),
    ("max_number_digits", "from the wire"): lambda limits, n: sent(limits, ("a", 10**n - 1)),
    ("max_number_digits", "in an array"): lambda limits, n: sent(limits, ("a", [10**n - 1])),
    ("max_patterns", "callbacks"): registered,
    ("max_parts", "calls of an answer"): answered,
}  # fmt: skip


@pytest.mark.parametrize(("name", "case"), CASES, ids=lambda text: text)
@pytest.mark.parametrize("maximum", [30, 31])
def test_limit_is_exact(name: str, case: str, maximum: int) -> None:
    limits = attrs.evolve(Limits.unlimited(), **{name: maximum})
    reach = CASES[name, case]
    reach(limits, maximum - 1)
    reach(limits, maximum)
    with pytest.raises(LimitExceededError) as caught:
        reach(limits, maximum + 1)
    assert (caught.value.limit, caught.value.maximum, caught.value.met) == (name, maximum, maximum + 1)
    reach(Limits.unlimited(), maximum + 1)


@pytest.mark.parametrize(
    ("name", "code", "unit"), [("max_path_bytes", "path_too_long", "a"), ("max_depth", "too_deep", "[0]")]
)
def test_limit_of_a_path_is_exact(name: str, code: str, unit: str) -> None:
    limits = attrs.evolve(Limits.unlimited(), **{name: 30})
    for count in (29, 30):
        assert str(sj.parse_path(unit * count, limits=limits)) == unit * count
        applied(limits, (unit * count, 1))
    for refused in (lambda: sj.parse_path(unit * 31, limits=limits), lambda: applied(limits, (unit * 31, 1))):
        with pytest.raises(sj.InvalidPathError) as caught:
            refused()
        assert (caught.value.code, caught.value.limit) == (code, name)


def test_reconnection_time_is_lowered_to_its_limit() -> None:
    for sent_ms, expected in ((29, 29), (30, 30), (31, 30)):
        decoder = sj.SSEDecoder(limits=Limits(max_retry_ms=30))
        decoder.feed(b"retry: %d\n" % sent_ms)
        assert decoder.retry_ms == expected


def test_every_limit_is_tried_at_its_value() -> None:
    assert {name for name, _ in CASES} | {"max_path_bytes", "max_retry_ms"} == set(NAMES)
