"""From the bytes of an input to what a target is given: choices from the front, text from what is left.

A choice takes a byte or two from the front, so that a mutation behind them leaves them as they are. What is read past
the end is zero: any bytes are an input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Source", "text_of"]

T = TypeVar("T")


class Source:
    """Reads an input from its front."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def is_empty(self) -> bool:
        return self.at >= len(self.data)

    def take(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end."""
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return int.from_bytes(self.take(1))

    def choice(self, options: Sequence[T]) -> T:
        """Return one of at most 256 options; the first, at the end of the input."""
        return options[self.byte() % len(options)]

    def rest(self) -> bytes:
        return self.take(len(self.data))


def text_of(data: bytes) -> str:
    """Return bytes as text, any of them: UTF-8, where halves of surrogate pairs may stand too.

    In what is none, each wrong byte is a low half.
    """
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")
