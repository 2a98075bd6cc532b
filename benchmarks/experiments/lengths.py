"""No length for each version, derived from the pieces that wait instead: nothing is won, so it is rejected.

Without any lengths an append to the open string takes 12 % less. But pieces are joined after 1,024, as memory is to be
the text's and not theirs, and their lengths must be taken then: that gives back all but 2 %. A late read has to walk
the pieces that wait (12 times as long as sums of blocks of lengths, 120 times if they are never joined), and of
strings that are written in turn the pieces no longer tell in which order they came. A byte a version is all that the
lengths cost.

Closures over local variables instead of attributes are rejected, too: 1 % less, and nobody else can read the state.

CPython 3.11.7 (compiled without profile-guided optimization, x86_64); nanoseconds, the fastest of several runs.
A model of the hot path, not the library itself.

| append to the string that is open | ns |
|---|---|
| the loop and an empty call | 18 |
| a length for each version (taken) | 155 |
| lengths when pieces are joined | 152 |
| no lengths, pieces never joined | 137 |
| closure, a length for each version | 153 |

| the length at version 9,900 of 10,000 | ns |
|---|---|
| sums of blocks of lengths (taken) | 930 |
| 1,024 pieces that wait | 11,700 |
| all pieces, never joined | 112,000 |
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial
from typing import Any

from _timing import fastest, heading, show

EVENTS = 10_000
JOINED_AFTER = 1024  # pieces, which keeps memory at that of the text
BLOCK = 256  # versions whose lengths are added up once
DELTAS = [f"{number:04d}" for number in range(EVENTS)]


class Change:
    """What the caller gets."""

    __slots__ = ("delta", "document", "kind", "version")


class Document:
    """The state of the string that is open; only what the hot path touches."""

    __slots__ = ("delta", "hot_until", "lengths", "open_path", "pieces", "quiet", "version")

    def __init__(self) -> None:
        self.lengths = bytearray(1)
        self.pieces: list[str] = []
        self.version = 0
        self.delta: Any = None
        self.quiet = True
        self.open_path = "text"
        self.hot_until = JOINED_AFTER

    def settle(self) -> None:
        """Join the pieces that wait."""
        self.pieces[-JOINED_AFTER:] = ["".join(self.pieces[-JOINED_AFTER:])]
        self.hot_until = self.version + JOINED_AFTER


class WithLengths:
    """A length for each version, as it comes."""

    def __init__(self) -> None:
        self._document = Document()

    def apply_delta(self, path: str, delta: Any) -> Change | None:
        """Append a short text to the string that is open."""
        document = self._document
        if path == document.open_path and document.version < document.hot_until and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                document.lengths.append(length)
                document.pieces.append(delta)
                document.delta = delta
                document.version = version = document.version + 1
                if not document.quiet:
                    return None
                change = Change()
                change.document = document
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        document.settle()
        return self.apply_delta(path, delta)


class LengthsLater:
    """The same, but lengths are taken from the pieces that wait when these are joined."""

    def __init__(self) -> None:
        self._document = Document()

    def apply_delta(self, path: str, delta: Any) -> Change | None:
        """Append a short text to the string that is open."""
        document = self._document
        if path == document.open_path and document.version < document.hot_until and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                document.pieces.append(delta)
                document.delta = delta
                document.version = version = document.version + 1
                if not document.quiet:
                    return None
                change = Change()
                change.document = document
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        document.lengths.extend(map(len, document.pieces[-JOINED_AFTER:]))
        document.settle()
        return self.apply_delta(path, delta)


class NoLengths:
    """The same, without any: pieces are all there is, and are never joined. A lower bound, not a design."""

    def __init__(self) -> None:
        self._document = Document()
        self._document.hot_until = EVENTS + 1

    def apply_delta(self, path: str, delta: Any) -> Change | None:
        """Append a short text to the string that is open."""
        document = self._document
        if path == document.open_path and document.version < document.hot_until and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                document.pieces.append(delta)
                document.delta = delta
                document.version = version = document.version + 1
                if not document.quiet:
                    return None
                change = Change()
                change.document = document
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        return None


def closure() -> Callable[[str, Any], Change | None]:
    """Return `WithLengths.apply_delta` over variables that nobody else can read."""
    document = Document()
    lengths, pieces = document.lengths, document.pieces
    open_path, version, hot_until, quiet, last = "text", 0, JOINED_AFTER, True, None

    def apply_delta(path: str, delta: Any) -> Change | None:
        nonlocal version, hot_until, last
        if path == open_path and version < hot_until and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                lengths.append(length)
                pieces.append(delta)
                last = delta
                version += 1
                if not quiet:
                    return None
                change = Change()
                change.document = document
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        document.settle()
        hot_until = version + JOINED_AFTER
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
# how many characters the string had at a version


def from_sums(lengths: bytearray | array[int], sums: list[int], version: int) -> int:
    whole = version // BLOCK
    return sums[whole] + sum(lengths[whole * BLOCK : version])


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
        "append to the string that is open",
        fastest({name: partial(run, make) for name, make in ways.items()}, calls=1, per=EVENTS, rounds=80),
    )
    lengths = bytearray(map(len, DELTAS))
    sums = [sum(lengths[:end]) for end in range(0, EVENTS + 1, BLOCK)]
    version = EVENTS - 100
    assert from_sums(lengths, sums, version) == from_pieces(DELTAS, version) == len("".join(DELTAS[:version]))
    reads = {
        "sums of blocks of lengths": partial(from_sums, lengths, sums, version),
        "the pieces that wait, 1,024": partial(from_pieces, DELTAS[:JOINED_AFTER], JOINED_AFTER),
        "all pieces, never joined": partial(from_pieces, DELTAS, version),
    }
    show(f"the length at version {version:,} of {EVENTS:,}", fastest(reads, calls=20, rounds=40))


if __name__ == "__main__":
    main()
