"""From any text to text that fits a terminal: safe characters, in a given number of cells.

It does not know documents. A cell is the unit that terminals count in: most characters take one, Chinese characters and
emoji two. Invariants: the result has no character that steers a terminal; no line is wider than requested, unless a
single character is.
"""

from __future__ import annotations

import json
import re
from typing import Final

from rich.cells import cell_len, set_cell_size

__all__ = ["as_json", "as_text", "chop", "cut_end", "cut_start", "wrap"]

# Not escaped by JSON: more controls, soft hyphens and marks of direction. Joiners stay, because emoji contain them.
_UNSAFE: Final = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
_UNSAFE_IN_TEXT: Final = re.compile(f"[\0-\x09\x0b-\x1f]|{_UNSAFE.pattern}")


def as_json(text: str, *, ascii_only: bool) -> str:
    """Return `text` as it appears between the quotes of a JSON string."""
    return _escaped(_UNSAFE, json.dumps(text, ensure_ascii=ascii_only)[1:-1])


def as_text(text: str, *, ascii_only: bool) -> str:
    """Return `text` for reading: line breaks stay, tabs become spaces."""
    text = _escaped(_UNSAFE_IN_TEXT, text.expandtabs(4))
    return text.encode("ascii", "backslashreplace").decode() if ascii_only else text


def _escaped(unsafe: re.Pattern[str], text: str) -> str:
    return unsafe.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def chop(text: str, first: int, width: int) -> list[str]:
    """Return `text` in lines: the first has at most `first` cells, the others at most `width`."""
    lines: list[str] = []
    line, room = "", first
    for char in text:
        cells = cell_len(char)
        if cells > room:
            lines.append(line)
            line, room = "", width
        line += char
        room -= cells
    return [*lines, line]


def wrap(line: str, width: int) -> list[str]:
    """Return a line of text in lines of at most `width` cells, broken at spaces where possible."""
    lines: list[str] = []
    current, room = "", width
    for word in re.findall(r"\s*\S+|\s+$", line):
        cells = cell_len(word)
        if cells <= room:
            current += word
            room -= cells
            continue
        if current:
            lines.append(current)
            word = word.lstrip()
        *full, current = chop(word, width, width)
        lines += full
        room = width - cell_len(current)
    return [*lines, current]


def cut_end(text: str, width: int, ellipsis: str) -> str:
    """Return `text`, without its end if it is wider than `width` cells."""
    if cell_len(text) <= width:
        return text
    ellipsis = ellipsis[:width]
    return set_cell_size(text, width - len(ellipsis)).rstrip() + ellipsis


def cut_start(text: str, width: int, ellipsis: str) -> str:
    """Return `text`, without its start if it is wider than `width` cells."""
    if cell_len(text) <= width:
        return text
    text = text[-width:]
    while text and cell_len(text) > width - len(ellipsis):
        text = text[1:]
    return ellipsis + text
