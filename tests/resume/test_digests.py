"""Digests, and a set of them that can be searched by digest and by id."""

from __future__ import annotations

import random
import sys
from array import array
from base64 import b64encode
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamjson._resume import digests as _digests
from streamjson._resume.digests import Digests, digest_of, digest_of_span, digest_with_id, id_bits, is_digest

# Few ids and few contents, so that many digests share an id.
MADE = st.builds(digest_with_id, st.integers(0, 40).map(str), st.integers(0, 6))


@given(st.lists(MADE | st.integers(1, 2**64 - 1), max_size=80))
def test_a_set_finds_digests_and_ids(digests: list[int]) -> None:
    made, expected = Digests(), set[int]()
    for digest in digests:
        assert (digest in made) == (digest in expected)
        assert made.has_id(digest) == (id_bits(digest) in {id_bits(one) for one in expected})
        made.add(digest)
        expected.add(digest)
        assert len(made) == len(expected)
    assert sorted(made) == sorted(Digests(digests)) == sorted(expected)
    assert all(digest in made for digest in expected)
    assert sorted(Digests.unpack(made.pack())) == sorted(expected)


HASH_SEEDS = [2**51 + 1, 2**45 - 1, -(2**50) + 1, *(random.Random(number).getrandbits(64) | 1 for number in range(20))]


@pytest.mark.parametrize("seed", HASH_SEEDS)
def test_many_digests_of_one_id_are_found_quickly(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With any seed, each has a slot of its own, and no search visits many slots."""
    monkeypatch.setattr(_digests, "_HASH_SEED", seed)
    contents = range(4096)
    made = Digests([digest_with_id("1", content) for content in contents])
    empty = Digests()
    empty._slots = array("Q", bytes(8 * len(made._slots)))
    steps = 0
    for content in contents:
        digest = digest_with_id("1", content)
        steps += (made._probe(digest, 0) - empty._probe(digest, 0)) % len(made._slots)
    assert steps < 4 * len(contents)


def test_a_digest_distinguishes_ids_and_contents() -> None:
    assert digest_of("a") != digest_of("b")
    assert digest_of("\ud83d") != digest_of("\ud83e")  # halves of surrogate pairs
    assert digest_of_span("a") != digest_of("a")
    assert id_bits(digest_with_id("a", 1)) == id_bits(digest_with_id("a", 2)) == id_bits(digest_of("a"))
    assert digest_with_id("a", 1) != digest_with_id("a", 2)
    assert digest_with_id("a", 5) == digest_with_id("a", 5 + 4096)


@pytest.mark.parametrize("value", [0, -1, 2**64, True, 1.0, "1", None])
def test_other_values_are_not_digests(value: object) -> None:
    assert not is_digest(value)


@pytest.mark.parametrize("value", [1, 2**64 - 1])
def test_an_integer_of_64_bits_is_a_digest(value: object) -> None:
    assert is_digest(value)


def packed(*digests: int) -> str:
    return b64encode(b"".join(digest.to_bytes(8, "little") for digest in digests)).decode()


def test_a_set_is_packed_in_order() -> None:
    assert Digests([3, 1, 2**63, 2]).pack() == packed(1, 2, 3, 2**63)
    assert Digests().pack() == ""


BAD: dict[str, Any] = {
    "a number": 5,
    "an array": [1],
    "not Base64": "\u00e9",
    "a line break": packed(1, 2) + "\n",
    "half a digest": b64encode(b"1234").decode(),
    "zero": packed(1, 0),
    "twice": packed(1, 1),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_other_texts_are_refused(text: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Digests.unpack(text)


def test_a_packed_set_is_the_same_for_either_byte_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as one machine can show: the bytes of each digest are reversed in both directions."""
    here = Digests([1, 2**63]).pack()
    monkeypatch.setattr(_digests, "sys", SimpleNamespace(byteorder="big" if sys.byteorder == "little" else "little"))
    there = Digests([1, 2**63]).pack()
    assert here != there
    assert sorted(Digests.unpack(there)) == [1, 2**63]
