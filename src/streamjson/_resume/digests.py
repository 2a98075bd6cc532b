"""Ids and contents -> digests of 64 bits, and a set of digests: it recognizes what it does not keep.

Owns the format: 52 bits name an id, 12 bits the content that came with it. So the set answers two questions: whether
it contains this event, and whether it contains any event with this id.

A digest takes 11 to 21 bytes; in a set of integers it takes 60. The table uses open addressing and is at most three
quarters full. Several digests of one id are as cheap as others: the first one is probed from the hash of its id, the
others from the hash of all their bits.

A sender cannot choose ids that collide in the table: the hash depends on a random number of this process.

Cost: O(1) for each call.
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from typing import Any, Final, Self

__all__ = [
    "DIGEST_BYTES",
    "Digests",
    "blake2b_digest",
    "digest_of",
    "digest_of_span",
    "digest_with_id",
    "id_bits",
    "is_digest",
]

DIGEST_BYTES: Final = 8
_CONTENT_BITS: Final = 12
_CONTENT_MASK: Final = 2**_CONTENT_BITS - 1
_WORD_MASK: Final = 2**64 - 1
_MIN_SLOTS: Final = 16
# Hashes of strings differ from process to process. The number is odd, so that no two digests become equal.
_HASH_SEED: Final = hash("where digests are kept") | 1
_HASH_MULTIPLIER: Final = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio: its multiples are far apart


def digest_of(text: str) -> int:
    """Return the digest of a text; never 0."""
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b_digest(data, DIGEST_BYTES), "little") or 1


def blake2b_digest(data: bytes, size: int) -> bytes:
    """Return the BLAKE2b digest of `size` bytes."""
    digest: bytes = _blake2b()(data, digest_size=size).digest()
    return digest


@cache
def _blake2b() -> Callable[..., Any]:
    from hashlib import blake2b  # noqa: PLC0415  # it loads OpenSSL, a tenth of what `import streamjson` takes

    return blake2b


def digest_of_span(span_id: str | None) -> int:
    """Return the digest of a span's id. It differs from the digest of an event's id, which never starts with NUL."""
    return digest_of(f"\0{span_id}")


def digest_with_id(id: str, content: int) -> int:
    """Return a digest whose first 52 bits name an id, and the others the digest `content`; never 0."""
    return (digest_of(id) & ~_CONTENT_MASK) | (content & _CONTENT_MASK) or 1


def id_bits(digest: int) -> int:
    """Return the bits of a digest that name an id."""
    return digest >> _CONTENT_BITS


def is_digest(value: object) -> bool:
    """Return whether a value can be a digest."""
    return type(value) is int and 0 < value <= _WORD_MASK


class Digests:
    """A set of digests."""

    __slots__ = ("_count", "_slots")

    def __init__(self, digests: Collection[int] = ()) -> None:
        slots = _MIN_SLOTS
        while 4 * len(digests) > 3 * slots:
            slots *= 2
        self._count = 0
        self._slots = array("Q", bytes(DIGEST_BYTES * slots))  # 0 marks an empty slot
        self.update(digests)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        """Iterate in an order that differs from process to process."""
        return filter(None, self._slots)

    def __contains__(self, digest: int) -> bool:
        return self._slots[self._slot_of(digest)] == digest

    def has_id(self, digest: int) -> bool:
        """Return whether a digest with the same id is in the set."""
        return self._slots[self._probe(digest, _CONTENT_BITS)] != 0

    def update(self, digests: Iterable[int]) -> None:
        for digest in digests:
            self.add(digest)

    def add(self, digest: int) -> None:
        slot = self._slot_of(digest)
        if self._slots[slot]:
            return
        self._slots[slot] = digest
        self._count += 1
        if 4 * self._count > 3 * len(self._slots):
            old, self._count = self._slots, 0
            self._slots = array("Q", bytes(2 * DIGEST_BYTES * len(old)))
            self.update(filter(None, old))

    def pack(self) -> str:
        """Return the set as text: Base64 of 8 bytes for each digest, little-endian and sorted."""
        packed = array("Q", sorted(self))
        if sys.byteorder == "big":
            packed.byteswap()
        return b64encode(packed.tobytes()).decode()

    @classmethod
    def unpack(cls, text: Any) -> Self:
        """Return the set that `pack` wrote. Raises `TypeError` or `ValueError` for anything else."""
        packed = array("Q", b64decode(text, validate=True))
        if sys.byteorder == "big":
            packed.byteswap()
        digests = cls(packed)
        if len(digests) != len(packed) or 0 in packed:
            raise ValueError("a digest is 0 or repeated")
        return digests

    def _slot_of(self, digest: int) -> int:
        """Return the slot of a digest: an empty one if the digest is not in the set."""
        slot = self._probe(digest, _CONTENT_BITS)
        return slot if self._slots[slot] in (0, digest) else self._probe(digest, 0)

    def _probe(self, digest: int, ignored_bits: int) -> int:
        """Return the first slot that is empty or holds a digest that differs in its last `ignored_bits` at most."""
        slots = self._slots
        last = len(slots) - 1
        bits = digest >> ignored_bits
        # Twice: one multiplication leaves the digests of one id side by side if _HASH_SEED is an unlucky number.
        mixed = bits * _HASH_SEED & _WORD_MASK
        slot = ((mixed ^ mixed >> 32) * _HASH_MULTIPLIER & _WORD_MASK) >> (64 - last.bit_length())
        while slots[slot] and slots[slot] >> ignored_bits != bits:
            slot = (slot + 1) & last
        return slot
