"""From the bytes of an input to the arguments of a target: choices from the front, text from the rest.

A choice takes a byte or two from the front, so that a mutation behind them does not change it. Reads past the end
return zero, so any bytes are an input.
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
        """Return the next `count` bytes, fewer at the end."""
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return int.from_bytes(self.take(1))

    def choice(self, options: Sequence[T]) -> T:
        """Return one of at most 256 options; the first one at the end of the input."""
        return options[self.byte() % len(options)]

    def rest(self) -> bytes:
        return self.take(len(self.data))


def text_of(data: bytes) -> str:
    """Return any bytes as text: UTF-8 that may contain halves of surrogate pairs.

    If the bytes are not UTF-8, each wrong byte becomes a low half.
    """
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")
