"""The timed loops: the work that a contestant does while the pieces arrive.

Each loop is written out for both forms of input, because a call in between would cost as much as some contestants do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from attrs import frozen

from contestants import Turn

__all__ = ["FEED", "WORKS", "Loop", "Work"]


def _feed_deltas(turn: Turn, deltas: Iterator[tuple[str, Any]], _first_leaf: Any) -> None:
    feed = turn.feed
    for path, delta in deltas:
        feed(path, delta)


def _feed_text(turn: Turn, pieces: Iterator[str], _first_leaf: Any) -> None:
    feed = turn.feed
    for piece in pieces:
        feed(piece)


def _value_dropped_deltas(turn: Turn, deltas: Iterator[tuple[str, Any]], _first_leaf: Any) -> None:
    feed, value = turn.feed, turn.value
    for path, delta in deltas:
        feed(path, delta)
        value()


def _value_dropped_text(turn: Turn, pieces: Iterator[str], _first_leaf: Any) -> None:
    feed, value = turn.feed, turn.value
    for piece in pieces:
        feed(piece)
        value()


def _value_kept_deltas(turn: Turn, deltas: Iterator[tuple[str, Any]], _first_leaf: Any) -> Any:
    feed, value = turn.feed, turn.value
    kept = None
    for path, delta in deltas:
        feed(path, delta)
        kept = value()
    return kept


def _value_kept_text(turn: Turn, pieces: Iterator[str], _first_leaf: Any) -> Any:
    feed, value = turn.feed, turn.value
    kept = None
    for piece in pieces:
        feed(piece)
        kept = value()
    return kept


def _one_field_deltas(turn: Turn, deltas: Iterator[tuple[str, Any]], first_leaf: Any) -> None:
    feed, field = turn.feed, turn.field
    for path, delta in deltas:
        feed(path, delta)
        field(first_leaf)


def _one_field_text(turn: Turn, pieces: Iterator[str], first_leaf: Any) -> None:
    feed, field = turn.feed, turn.field
    for piece in pieces:
        feed(piece)
        field(first_leaf)


def _the_end_deltas(turn: Turn, deltas: Iterator[tuple[str, Any]], first_leaf: Any) -> None:
    _feed_deltas(turn, deltas, first_leaf)
    turn.end()


def _the_end_text(turn: Turn, pieces: Iterator[str], first_leaf: Any) -> None:
    _feed_text(turn, pieces, first_leaf)
    turn.end()


Loop = Callable[[Turn, Iterator[Any], Any], object]


@frozen
class Work:
    """The work of a contestant while the pieces arrive."""

    about: str
    loops: Mapping[str, Loop]
    asks: Callable[[Turn, Any], Callable[[], Any]] | None = None
    """Returns the call to make after a piece, for contestants that are asked only after some pieces."""
    keeps: bool = False


WORKS: Final[dict[str, Work]] = {
    "value-dropped": Work(
        "the document after every piece, dropped at once",
        {"deltas": _value_dropped_deltas, "text": _value_dropped_text},
        lambda turn, _first_leaf: turn.value,
    ),
    "value-kept": Work(
        "the document after every piece, while the previous one is still held",
        {"deltas": _value_kept_deltas, "text": _value_kept_text},
        lambda turn, _first_leaf: turn.value,
        keeps=True,
    ),
    "one-field": Work(
        "after every piece, the field that came first",
        {"deltas": _one_field_deltas, "text": _one_field_text},
        lambda turn, first_leaf: partial(turn.field, first_leaf),
    ),
    "end": Work("only the finished document", {"deltas": _the_end_deltas, "text": _the_end_text}),
}
FEED: Final[Mapping[str, Loop]] = {"deltas": _feed_deltas, "text": _feed_text}
