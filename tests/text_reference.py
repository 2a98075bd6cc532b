"""What a JSON text shows when a part of it has come: slow and obvious, for tests to compare with.

    read(text) -> the value so far, which values are finished, in order, and where the text went wrong

It reads the text from its beginning, one character after the other, each time. The rules are those of
`streamjson._text.parser`, written down once more without any of its shortcuts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import streamjson as sj

ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
BLANKS = " \t\n\r"


class Read(NamedTuple):
    """What a text shows. `error` is the offset of the first wrong character, None if there is none so far."""

    value: Any
    closed: list[tuple[str, Any, int]]
    """Each finished value: its path, the value, and its revision."""
    open: list[str]
    """The paths of the values that are there and not finished."""
    error: int | None
    is_whole: bool


class _Wrong(Exception):  # noqa: N818
    pass


class _Ended(Exception):  # noqa: N818
    """The text has ended, inside its document or after it."""


class _Reference:
    def __init__(self, text: str, *, is_all: bool) -> None:
        self.text = text
        self.is_all = is_all  # whether nothing follows
        self.at = 0
        self.root: list[Any] = []
        self.closed: list[tuple[str, Any, int]] = []
        self.open: list[str] = []
        self.seen: set[str] = set()

    def char(self) -> str:
        if self.at == len(self.text):
            raise _Ended
        return self.text[self.at]

    def blanks(self) -> None:
        while self.char() in BLANKS:
            self.at += 1

    def expect(self, chars: str) -> str:
        char = self.char()
        if char not in chars:
            raise _Wrong
        self.at += 1
        return char

    def document(self) -> None:
        if self.text[:1] == "\ufeff":
            self.at = 1
        self.blanks()
        self.value(self.root, 0, ())
        while True:
            self.expect(BLANKS)

    def value(self, above: Any, key: Any, path: tuple[Any, ...]) -> None:
        """Read a value into its place."""
        char = self.char()
        name = str(sj.Path(path))
        if char == '"':
            self.at += 1

            def show(text: str) -> None:
                put(above, key, text)
                if name not in self.open:
                    self.open.append(name)

            self.string(show)
        elif char == "{":
            self.at += 1
            self.open.append(name)
            self.object(put(above, key, {}), path)
        elif char == "[":
            self.at += 1
            self.open.append(name)
            self.array(put(above, key, []), path)
        elif char in "tfn":
            word = {"t": "true", "f": "false", "n": "null"}[char]
            for one in word:
                self.expect(one)
            put(above, key, {"t": True, "f": False, "n": None}[char])
        else:
            put(above, key, self.number(path))
        if name in self.open:
            self.open.remove(name)
        self.closed.append((name, copy(above[key]), 2 if name in self.seen else 1))
        self.seen.add(name)

    def object(self, members: dict[str, Any], path: tuple[Any, ...]) -> None:
        self.blanks()
        if self.char() == "}":
            self.at += 1
            return
        while True:
            self.blanks()
            self.expect('"')
            name = ""

            def keep(text: str) -> None:
                nonlocal name
                name = text

            self.string(keep)
            self.blanks()
            self.expect(":")
            self.blanks()
            self.value(members, name, (*path, name))
            self.blanks()
            if self.expect(",}") == "}":
                return

    def array(self, items: list[Any], path: tuple[Any, ...]) -> None:
        self.blanks()
        if self.char() == "]":
            self.at += 1
            return
        while True:
            self.blanks()
            self.value(items, len(items), (*path, len(items)))
            self.blanks()
            if self.expect(",]") == "]":
                return

    def string(self, show: Any) -> None:
        """Read a string from its second character on; show it as it grows."""
        units = ""
        while True:
            char = self.char()
            if char < " ":
                raise _Wrong
            self.at += 1
            if char == '"':
                show(well_formed(units))
                return
            units += self.escape() if char == "\\" else char
            shown = well_formed(units[:-1] if "\ud800" <= units[-1] <= "\udbff" else units)
            if shown:
                show(shown)

    def escape(self) -> str:
        char = self.expect('"\\/bfnrtu')
        if char != "u":
            return ESCAPES[char]
        digits = "".join(self.expect("0123456789abcdefABCDEF") for _ in range(4))
        return chr(int(digits, 16))

    def number(self, path: tuple[Any, ...]) -> Any:
        start = self.at
        self.take("-")
        if not self.take("0"):
            self.expect("123456789")
            self.digits()
        is_integer = True
        if self.goes_on(path) and self.take("."):
            is_integer = False
            self.expect("0123456789")
            self.digits()
        if self.goes_on(path) and self.take("eE"):
            is_integer = False
            self.take("+-")
            self.expect("0123456789")
            self.digits()
        self.goes_on(path)
        text = self.text[start : self.at]
        value = int(text) if is_integer else float(text)
        if value in (float("inf"), float("-inf")):
            self.at = start
            raise _Wrong
        return value

    def take(self, chars: str) -> bool:
        """Skip a character, if it is one of these."""
        is_there = self.char() in chars
        self.at += is_there
        return is_there

    def digits(self) -> None:
        while self.text[self.at : self.at + 1] in tuple("0123456789"):
            self.at += 1

    def goes_on(self, path: tuple[Any, ...]) -> bool:
        """Return whether the text continues after a digit. A number at the root ends with the text."""
        if self.at < len(self.text):
            return True
        if self.is_all and not path:
            return False
        raise _Ended


def put(above: Any, key: Any, value: Any) -> Any:
    """Set a member or an item, and return it."""
    if isinstance(above, list) and key == len(above):
        above.append(value)
    else:
        above[key] = value
    return value


def copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: copy(item) for name, item in value.items()}
    return [copy(item) for item in value] if isinstance(value, list) else value


def well_formed(units: str) -> str:
    """Return a string with its surrogate pairs joined, and U+FFFD for each half that is alone."""
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read(text: str, *, is_all: bool = False) -> Read:
    """Return what a text shows. With `is_all`, it has ended."""
    reference = _Reference(text, is_all=is_all)
    error = None
    is_whole = False
    try:
        reference.document()
    except _Wrong:
        error = reference.at
    except _Ended:
        is_whole = any(path == "" for path, _, _ in reference.closed)
    value = reference.root[0] if reference.root else sj.MISSING
    return Read(value, reference.closed, reference.open, error, is_whole)
