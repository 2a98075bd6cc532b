"""Where a text stands: how much of it was read, and the error that names a character of it.

Characters and bytes are counted for many pieces at once, lines only where white space is skipped: a string has no line
ends. The last characters are kept, so that an error can show what came before it, however the text was cut.

Cost: linear in the text.
"""

from __future__ import annotations

import json
from typing import Any, Final

from .._errors import InvalidTextError

__all__ = ["MAX_RECENT", "MAX_SHORT_CHARS", "Place"]

_MAX_EXCERPT_CHARS: Final = 24


MAX_RECENT: Final = 256
MAX_SHORT_CHARS: Final = 64
"""A longer piece is counted at once, so that few characters are kept."""


class Place:
    """The position in a text, and the last of what came before it."""

    __slots__ = ("_chars", "_extra_bytes", "_last", "line", "line_start", "recent")

    def __init__(self) -> None:
        self._chars = 0  # before `recent`
        self._extra_bytes = 0  # how many more bytes than characters
        self._last = ""
        self.line = 1
        self.line_start = 0  # in characters
        self.recent: list[str] = []  # the pieces that were read and not counted yet

    def count(self) -> None:
        """Count the pieces that were read."""
        text = "".join(self.recent)
        self.recent.clear()
        length = len(text)
        self._chars += length
        if not text.isascii():
            self._extra_bytes += _size(text) - length
        self._last = (self._last + text)[-_MAX_EXCERPT_CHARS:]

    @property
    def chars(self) -> int:
        """The offset in characters, before the piece that is being read."""
        if self.recent:
            self.count()
        return self._chars

    @property
    def offset(self) -> int:
        """The offset in bytes."""
        return self.chars + self._extra_bytes

    def count_lines(self, text: str, start: int, end: int) -> None:
        """Count the line ends in a part of the piece that is being read."""
        count = text.count("\n", start, end)
        if count:
            self.line += count
            self.line_start = self.chars + text.rindex("\n", start, end) + 1

    def wrong(self, text: str, at: int, expected: str, *, hint: str = "") -> InvalidTextError:
        """Return the error for character `at` of the piece that is being read: something else is expected there."""
        found = text[at : at + 1]
        where = f" after {excerpt!r}" if (excerpt := self._before(text, at)) else " at the start"
        return self._located(f"{expected} is expected{where}, not {found!r}{hint}", text, at, 0, expected)

    def refused(self, text: str, at: int, length: int, problem: str) -> InvalidTextError:
        """Return the error for a number of `length` characters that ends before character `at`."""
        return self._located(problem, text, at, length, "", "number_too_large")

    def not_utf8(self, data: bytes) -> InvalidTextError:
        """Return the error for bytes, after the pieces that were read, that are not UTF-8."""
        problem = f"the byte 0x{data[0]:02x} begins no character of UTF-8"
        return self._located(problem, "", 0, 0, "a character of UTF-8", "bad_encoding")

    def _located(
        self, message: str, text: str, at: int, length: int, expected: str, code: str = "bad_text"
    ) -> InvalidTextError:
        position = self.chars + at - length
        size = _size(text[:at]) - length
        error = InvalidTextError(message, code=code)
        error.position, error.offset = position, self.offset + size
        error.line, error.column = self.line, position - self.line_start + 1
        error.expected, error.excerpt = expected, self._before(text, at) + text[at : at + 1] * (not length)
        return error

    def _before(self, text: str, at: int) -> str:
        """Return the last characters before `at`."""
        if self.recent:
            self.count()
        return (self._last + text[max(at - _MAX_EXCERPT_CHARS, 0) : at])[-_MAX_EXCERPT_CHARS:]

    def save(self) -> list[Any]:
        """Return the state as a JSON value. Halves of surrogate pairs in it are escaped."""
        return [self.chars, self._extra_bytes, self.line, self.line_start, json.dumps(self._last)]

    def restore(self, saved: Any) -> None:
        """Continue with a saved state. Raises `ValueError` or `TypeError` if it can't be one."""
        self._chars, self._extra_bytes, self.line, self.line_start = counts = saved[:4]
        self._last = json.loads(saved[4])
        if not all(type(count) is int and count >= 0 for count in counts) or type(self._last) is not str:
            raise ValueError(saved)
        self._last = self._last[-_MAX_EXCERPT_CHARS:]


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
