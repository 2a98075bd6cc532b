"""Where one JSON text ends and the next begins: concatenated, on lines (NDJSON), or as RFC 7464 has them.

It finds the ends only. Brackets are counted, whatever kind they are, and strings are passed over; the parser of each
text finds its mistakes. Between two texts there may be white space, record separators and byte order marks.

A text ends with the bracket that closes its first one, with the closing quote of a string, and before the first
character that can't continue a number or literal. So that one that was cut off takes few others with it, it ends also
at a record separator, at a line end inside a string, and before a bracket that begins a line where no value can be.

Cost: linear in the text; a search for each quote and bracket.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from .grammar import BLANKS, always

__all__ = ["Boundaries"]

# RFC 7464, section 2.2: "JSON-sequence = *(RS possible-JSON), RS = %x1E"
_match_between: Final = always("[ \t\n\r\x1e\ufeff]*+")
_find_mark: Final = re.compile(r'["{}\[\]\x1e]').search
_find_string_mark: Final = re.compile(r'["\\\n\x1e]').search
_match_scalar: Final = always('[^ \t\n\r\x1e\ufeff,:"{}\\[\\]]*+')


class Boundaries:
    """Cuts pieces where texts end."""

    __slots__ = ("_depth", "_has_line_end", "_is_escaped", "_last", "_state")

    def __init__(self) -> None:
        self._state = "between"
        self._depth = 0  # of the open brackets
        self._is_escaped = False  # the first character of the next piece, in a string
        self._last = ""  # the last character that was not blank
        self._has_line_end = False  # since then

    def cut(self, piece: str) -> Iterator[tuple[str, bool]]:
        """Yield the parts of a piece that belong to a text, each with whether it ends that text; some are empty."""
        at, end = 0, len(piece)
        while at < end:
            if self._state == "between":
                at = _match_between(piece, at).end()
                if at == end:
                    return
                char = piece[at]
                self._state = "string" if char == '"' else "container" if char in "{[" else "scalar"
                self._depth = 0
                begin = at
                at += self._state == "string" or char in ",:}]"  # the latter are wrong, and a text of their own
            else:
                begin = at
            while at < end and self._state != "between":
                at = _STEPS[self._state](self, piece, at)
            yield piece[begin:at], self._state == "between"
        rest = piece.rstrip(BLANKS)
        self._last = rest[-1:] or self._last
        self._has_line_end = "\n" in piece[len(rest) :] or (self._has_line_end and not rest)

    def read_scalar(self, piece: str, at: int) -> int:
        """Read on in a number or literal."""
        at = _match_scalar(piece, at).end()
        if at < len(piece):
            self._state = "between"
        return at

    def read_container(self, piece: str, at: int) -> int:
        """Read to the next quote or bracket."""
        mark = _find_mark(piece, at)
        if mark is None:
            return len(piece)
        if mark[0] == "\x1e" or (self._depth and mark[0] in "{[" and self._is_next_line(piece, mark.start())):
            return self._cut_off(mark)
        if mark[0] == '"':
            self._state = "string"
        else:
            self._depth += 1 if mark[0] in "{[" else -1
            if not self._depth:
                self._state = "between"
        return mark.end()

    def read_string(self, piece: str, at: int) -> int:
        """Read to the next quote or backslash."""
        if self._is_escaped:
            self._is_escaped = False
            if piece[at] not in "\n\x1e":
                return at + 1
        mark = _find_string_mark(piece, at)
        if mark is None:
            return len(piece)
        if mark[0] in "\n\x1e":  # neither can stand in a string
            return self._cut_off(mark)
        if mark[0] == '"':
            self._state = "container" if self._depth else "between"
        else:
            self._is_escaped = True
        return mark.end()

    def _is_next_line(self, piece: str, at: int) -> bool:
        """Return whether a bracket begins a line where no value can be: then the text before it was cut off."""
        before = at
        while before and piece[before - 1] in BLANKS:
            before -= 1
        last = piece[before - 1] if before else self._last
        has_line_end = "\n" in piece[before:at] or (not before and self._has_line_end)
        return has_line_end and last not in "[,:{"

    def _cut_off(self, mark: re.Match[str]) -> int:
        """End a text that is not whole, before this character."""
        self._state = "between"
        return mark.start()


_STEPS: Final[dict[str, Callable[[Boundaries, str, int], int]]] = {
    "scalar": Boundaries.read_scalar,
    "container": Boundaries.read_container,
    "string": Boundaries.read_string,
}
