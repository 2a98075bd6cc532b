"""Members -> bytes with a digest, and back; damaged, newer and other bytes are refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from sealing import sealed
from streamjson._errors import CheckpointError, LimitExceededError
from streamjson._resume.envelope import seal, unseal
from test_properties import VALUES, exact

SEALED = seal("demo", {"name": "Jané", "size": 1.5})


def test_the_format() -> None:
    assert SEALED == (
        b'{"format":1,"sha256":"8780fbfc54a1d36e177c8a2b3b0fa1dceb7f9e8cecf979897cbf9c2a4580b79f",'
        b'"kind":"demo","name":"Jan\xc3\xa9","size":1.5}'
    )
    assert json.loads(SEALED)["name"] == "Jané"


@given(st.dictionaries(st.sampled_from(["a", "b", "document"]), VALUES))
def test_sealed_members_can_be_unsealed(members: dict[str, Any]) -> None:
    assert exact(unseal("demo", seal("demo", members))) == exact({"kind": "demo", **members})


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview], ids=lambda kind: kind.__name__)
def test_bytes_of_any_kind_are_read(kind: Any) -> None:
    assert unseal("demo", kind(SEALED)) == {"kind": "demo", "name": "Jané", "size": 1.5}


@pytest.mark.parametrize("half", ["\ud83d", "\ude00y", "x\ud83dy"], ids=ascii)
def test_a_surrogate_half_is_escaped_as_json_does(half: str) -> None:
    data = seal("demo", {"id": half, half: "é"})

    assert json.loads(data.decode())["id"] == half
    assert unseal("demo", data) == {"kind": "demo", "id": half, half: "é"}


def test_each_changed_bit_is_detected() -> None:
    for position in range(len(SEALED)):
        for bit in range(8):
            damaged = bytearray(SEALED)
            damaged[position] ^= 1 << bit
            with pytest.raises(CheckpointError):
                unseal("demo", damaged)


def test_each_other_length_is_detected() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(CheckpointError):
            unseal("demo", SEALED[:length])
    for more in (b" ", b"\n", b"\0", SEALED):
        with pytest.raises(CheckpointError):
            unseal("demo", SEALED + more)


REFUSED: dict[str, tuple[Any, str, str]] = {
    "text": (SEALED.decode(), "bad_checkpoint", "a checkpoint must be bytes, not"),
    "nothing": (None, "bad_checkpoint", "a checkpoint must be bytes, not None"),
    "no bytes": (b"", "bad_checkpoint", "are not a checkpoint"),
    "other JSON": (b'{"people": []}', "bad_checkpoint", "are not a checkpoint"),
    "the format in another order": (json.dumps(json.loads(SEALED)).encode(), "bad_checkpoint", "are not a checkpoint"),
    "no format": (sealed('"kind":"demo"}', form=0), "bad_checkpoint", "are not a checkpoint"),
    "the next format": (sealed('"kind":"demo"}', form=2), "newer_format", "has format 2, but this version .* up to 1"),
    "a much later format": (sealed("?", form=999_999_999), "newer_format", "has format 999999999"),
    "another kind": (seal("other", {}), "bad_checkpoint", "of kind 'other', not 'demo'"),
    "no kind": (sealed('"a":1}'), "bad_checkpoint", "of kind None, not 'demo'"),
    "not JSON": (sealed('"kind":"demo"'), "bad_checkpoint", "can't be read"),
    "more text after the JSON": (sealed('"kind":"demo"}}'), "bad_checkpoint", "can't be read"),
    "not UTF-8": (sealed("?").replace(b"?", b"\xff"), "bad_checkpoint", "its digest does not match"),
    "NaN": (sealed('"kind":"demo","a":NaN}'), "bad_checkpoint", "NaN is not a JSON value"),
    "Infinity": (sealed('"kind":"demo","a":[-Infinity]}'), "bad_checkpoint", "-Infinity is not a JSON value"),
    "too deep": (sealed('"kind":"demo","a":' + "[" * 100_000), "bad_checkpoint", "can't be read"),
    "too many digits": (sealed(f'"kind":"demo","a":{"1" * 5_000}}}'), "bad_checkpoint", "can't be read"),
}


@pytest.mark.parametrize(("data", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_other_data_is_refused(data: Any, code: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as caught:
        unseal("demo", data)
    assert caught.value.code == code


@given(st.binary(max_size=200) | st.text(max_size=60).map(sealed))
def test_any_bytes_are_refused_with_the_documented_error(data: bytes) -> None:
    with pytest.raises(CheckpointError):
        unseal("demo", data)


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.fixture
def few_digits() -> Iterator[int]:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(700)
    yield 700
    sys.set_int_max_str_digits(before)


def test_nesting_beyond_the_interpreter_is_a_limit_error() -> None:
    with pytest.raises(LimitExceededError, match=r"Limits\.max_depth") as caught:
        seal("demo", {"a": nested(200_000)})
    assert (caught.value.limit, caught.value.met) == ("max_depth", caught.value.maximum + 1)


def test_a_number_beyond_the_interpreter_is_a_limit_error(few_digits: int) -> None:
    seal("demo", {"a": 10 ** (few_digits - 1)})
    with pytest.raises(LimitExceededError, match=r"Limits\.max_number_digits") as caught:
        seal("demo", {"a": 10**few_digits})
    assert (caught.value.limit, caught.value.maximum, caught.value.met) == ("max_number_digits", 700, 701)
