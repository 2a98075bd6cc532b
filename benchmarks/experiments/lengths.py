"""Lengths derived from the pending pieces, instead of a length for each version: no gain, so it is rejected.

Without any lengths, an append to the open string takes 12 % less. But pieces are joined after 1,024, so that memory
grows with the text and not with the pieces, and their lengths must be recorded then: that loses all but 2 %. A late
read has to walk the pending pieces (12 times as long as sums of blocks of lengths, 120 times if they are never joined),
and for strings that are written in turn, the pieces no longer show the order in which they arrived. The lengths cost
only a byte per version.

Closures over local variables instead of attributes are rejected, too: 1 % less, and no other code can read the state.

CPython 3.11.7 (compiled without profile-guided optimization, x86_64); nanoseconds, the fastest of several runs.
A model of the hot path, not the library itself.

| append to the open string | ns |
|---|---|
| the loop and an empty call | 18 |
| a length for each version (taken) | 155 |
| lengths when pieces are joined | 152 |
| no lengths, pieces never joined | 137 |
| closure, a length for each version | 153 |

| the length at version 9,900 of 10,000 | ns |
|---|---|
| sums of blocks of lengths (taken) | 930 |
| 1,024 pending pieces | 11,700 |
| all pieces, never joined | 112,000 |
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial
from typing import Any

from _timing import fastest, heading, show

EVENTS = 10_000
MAX_PENDING_PIECES = 1024  # then they are joined, which keeps memory at that of the text
BLOCK_VERSIONS = 256  # whose lengths are added up once
DELTAS = [f"{number:04d}" for number in range(EVENTS)]


class Change:
    """The object that the caller receives."""

    __slots__ = ("delta", "document", "kind", "version")


class Document:
    """The state of the open string; only the attributes that the hot path touches."""

    __slots__ = ("delta", "fast_until_version", "has_no_listener", "lengths", "open_path", "pieces", "version")

    def __init__(self) -> None:
        self.lengths = bytearray(1)
        self.pieces: list[str] = []
        self.version = 0
        self.delta: Any = None
        self.has_no_listener = True
        self.open_path = "text"
        self.fast_until_version = MAX_PENDING_PIECES

    def join(self) -> None:
        """Join the pending pieces."""
        self.pieces[-MAX_PENDING_PIECES:] = ["".join(self.pieces[-MAX_PENDING_PIECES:])]
        self.fast_until_version = self.version + MAX_PENDING_PIECES


class WithLengths:
    """Records a length for each version at once."""

    def __init__(self) -> None:
        self._document = Document()

    def apply_delta(self, path: str, delta: Any) -> Change | None:
        """Append a short text to the open string."""
        document = self._document
        if path == document.open_path and document.version < document.fast_until_version and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                document.lengths.append(length)
                document.pieces.append(delta)
                document.delta = delta
                document.version = version = document.version + 1
                if not document.has_no_listener:
                    return None
                change = Change()
                change.document = document
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        document.join()
        return self.apply_delta(path, delta)


class LengthsLater:
    """Records lengths only when the pending pieces are joined."""

    def __init__(self) -> None:
        self._document = Document()

    def apply_delta(self, path: str, delta: Any) -> Change | None:
        """Append a short text to the open string."""
        document = self._document
        if path == document.open_path and document.version < document.fast_until_version and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                document.pieces.append(delta)
                document.delta = delta
                document.version = version = document.version + 1
                if not document.has_no_listener:
                    return None
                change = Change()
                change.document = document
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        document.lengths.extend(map(len, document.pieces[-MAX_PENDING_PIECES:]))
        document.join()
        return self.apply_delta(path, delta)


class NoLengths:
    """Keeps only pieces, which are never joined. A lower bound, not a design."""

    def __init__(self) -> None:
        self._document = Document()
        self._document.fast_until_version = EVENTS + 1

    def apply_delta(self, path: str, delta: Any) -> Change | None:
        """Append a short text to the open string."""
        document = self._document
        if path == document.open_path and document.version < document.fast_until_version and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                document.pieces.append(delta)
                document.delta = delta
                document.version = version = document.version + 1
                if not document.has_no_listener:
                    return None
                change = Change()
                change.document = document
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        return None


def closure() -> Callable[[str, Any], Change | None]:
    """Return `WithLengths.apply_delta` as a closure over local variables."""
    document = Document()
    lengths, pieces = document.lengths, document.pieces
    open_path, version, fast_until_version, has_no_listener, last = "text", 0, MAX_PENDING_PIECES, True, None

    def apply_delta(path: str, delta: Any) -> Change | None:
        nonlocal version, fast_until_version, last
        if path == open_path and version < fast_until_version and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                lengths.append(length)
                pieces.append(delta)
                last = delta
                version += 1
                if not has_no_listener:
                    return None
                change = Change()
                change.document = document
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        document.join()
        fast_until_version = version + MAX_PENDING_PIECES
        return apply_delta(path, delta)

    return apply_delta


def run(make: Callable[[], Callable[[str, Any], object]]) -> None:
    apply_delta = make()
    for delta in DELTAS:
        apply_delta("text", delta)


def nothing() -> Callable[[str, Any], object]:
    def apply_delta(path: str, delta: Any) -> None:
        pass

    return apply_delta


# ----------------------------------------------------------------------------------------------------------------------
# the length of the string at a version


def from_sums(lengths: bytearray | array[int], sums: list[int], version: int) -> int:
    whole = version // BLOCK_VERSIONS
    return sums[whole] + sum(lengths[whole * BLOCK_VERSIONS : version])


def from_pieces(pieces: list[str], version: int) -> int:
    return sum(map(len, pieces[:version]))


def main() -> None:
    heading()
    ways: dict[str, Callable[[], Callable[[str, Any], object]]] = {
        "the loop and an empty call": nothing,
        "a length for each version": lambda: WithLengths().apply_delta,
        "lengths when pieces are joined": lambda: LengthsLater().apply_delta,
        "no lengths, pieces never joined": lambda: NoLengths().apply_delta,
        "closure, a length for each version": closure,
    }
    show(
        "append to the open string",
        fastest({name: partial(run, make) for name, make in ways.items()}, calls=1, per=EVENTS, rounds=80),
    )
    lengths = bytearray(map(len, DELTAS))
    sums = [sum(lengths[:end]) for end in range(0, EVENTS + 1, BLOCK_VERSIONS)]
    version = EVENTS - 100
    assert from_sums(lengths, sums, version) == from_pieces(DELTAS, version) == len("".join(DELTAS[:version]))
    reads = {
        "sums of blocks of lengths": partial(from_sums, lengths, sums, version),
        "1,024 pending pieces": partial(from_pieces, DELTAS[:MAX_PENDING_PIECES], MAX_PENDING_PIECES),
        "all pieces, never joined": partial(from_pieces, DELTAS, version),
    }
    show(f"the length at version {version:,} of {EVENTS:,}", fastest(reads, calls=20, rounds=40))


if __name__ == "__main__":
    main()
