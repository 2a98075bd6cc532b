"""Streams of path deltas for tests and benchmarks, named by their shape, each with its final value.

All are deterministic. Each iteration makes new texts, like a decoder, and keeps none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["SHAPES", "Delta", "Stream", "deep", "interleaved", "new_leaves", "one_string", "people", "wide_array"]


class Delta(NamedTuple):
    path: str
    delta: Any


class Stream:
    """`count` deltas, made by iteration; `value` is the document after the last one."""

    def __init__(self, count: int, deltas: Callable[[int], Iterator[Delta]], value: Callable[[int], Any]) -> None:
        self.count = count
        self._deltas = deltas
        self._value = value

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Delta]:
        return self._deltas(self.count)

    @property
    def value(self) -> Any:
        return self._value(self.count)


ALPHABET = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,. 0123456789"


def _text(number: int, length: int) -> str:
    """Return a text that differs for each number."""
    start = number % len(ALPHABET)
    return (ALPHABET[start:] + ALPHABET * (length // len(ALPHABET) + 1))[:length]


def _piece(number: int) -> str:
    return _text(7 * number, 4)


# ---------------------------------------------------------------------------------------------------------------------
# a table of people, as a schema-following model writes it: in document order, texts in pieces of four characters


def _fields(number: int) -> Iterator[tuple[str, Any]]:
    for name, length in (("name", 12), ("role", 8), ("text", 120)):
        text = _text(number + length, length)
        for start in range(0, length, 4):
            yield name, text[start : start + 4]
    yield "age", 1000 + number
    yield "score", number / 8 + 0.5
    yield "active", number % 2 == 0
    yield "retired", number % 3 == 0


FIELDS = sum(1 for _ in _fields(0))  # deltas for each person


def _people_deltas(count: int) -> Iterator[Delta]:
    for number in range(-(-count // FIELDS)):
        for place, (name, piece) in enumerate(_fields(number)):
            if number * FIELDS + place == count:
                return
            yield Delta(f"people[{number}].{name}", piece)


def _people_value(count: int) -> Any:
    rows: list[dict[str, Any]] = []
    for number in range(-(-count // FIELDS)):
        row: dict[str, Any] = {}
        for name, piece in list(_fields(number))[: count - number * FIELDS]:
            row[name] = row[name] + piece if name in row else piece
        rows.append(row)
    return {"people": rows} if rows else None


def people(count: int) -> Stream:
    """Objects with a name, a role, a text of 120 characters, numbers and booleans, one after the other."""
    return Stream(count, _people_deltas, _people_value)


# ---------------------------------------------------------------------------------------------------------------------
# one shape each


def one_string(count: int) -> Stream:
    """A single text."""
    return Stream(
        count,
        lambda n: (Delta("text", _piece(number)) for number in range(n)),
        lambda n: {"text": "".join(_piece(number) for number in range(n))},
    )


LANES = 4


def interleaved(count: int) -> Stream:
    """Four texts that grow in turn."""
    return Stream(
        count,
        lambda n: (Delta(f"lanes.lane{number % LANES}", _piece(number)) for number in range(n)),
        lambda n: {
            "lanes": {
                f"lane{lane}": "".join(_piece(number) for number in range(lane, n, LANES))
                for lane in range(min(n, LANES))
            }
        },
    )


def new_leaves(count: int) -> Stream:
    """New names only, each with a finished value."""
    return Stream(
        count,
        lambda n: (Delta(f"leaves.leaf{number}", _piece(number)) for number in range(n)),
        lambda n: {"leaves": {f"leaf{number}": _piece(number) for number in range(n)}},
    )


def wide_array(count: int) -> Stream:
    """One array, item by item."""
    return Stream(
        count,
        lambda n: (Delta(f"items[{number}]", number + 1000) for number in range(n)),
        lambda n: {"items": [number + 1000 for number in range(n)]},
    )


DEPTH = 60


def _deep_value(count: int) -> Any:
    value: Any = [{"leaf": _piece(number)} for number in range(count)]
    for level in reversed(range(DEPTH)):
        value = {f"level{level}": value}
    return value


def deep(count: int) -> Stream:
    """Objects in an array that is 60 levels deep."""
    head = ".".join(f"level{level}" for level in range(DEPTH))
    return Stream(
        count,
        lambda n: (Delta(f"{head}[{number}].leaf", _piece(number)) for number in range(n)),
        _deep_value,
    )


SHAPES: dict[str, Callable[[int], Stream]] = {
    shape.__name__: shape for shape in (people, one_string, interleaved, new_leaves, wide_array, deep)
}
