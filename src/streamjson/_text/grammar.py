"""The grammar of a JSON text, RFC 8259, as tables: what a token looks like, and what may follow each character of one.

A token that is whole in its piece is matched by one regular expression. One that was cut is read character by
character: numbers by the states below, an escape and a literal by comparison.

Cost: each expression is linear, as it never goes back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = [
    "BLANKS",
    "ESCAPES",
    "INTEGERS",
    "IN_NUMBER",
    "LITERALS",
    "MEMBER",
    "NUMBER",
    "NUMBER_STATES",
    "PLAIN",
    "STRING_BODY",
    "WHOLE_NUMBERS",
    "always",
    "is_escape_prefix",
    "skip_blanks",
    "unescape",
]


def always(pattern: str) -> Callable[[str, int], re.Match[str]]:
    """Return the matcher of a regular expression that matches anywhere, maybe nothing."""
    match: Any = re.compile(pattern).match
    return match  # type: ignore[no-any-return]  # see above


# "ws = *( %x20 / %x09 / %x0A / %x0D )" (section 2)
BLANKS: Final = " \t\n\r"
skip_blanks: Final = always(r"[ \t\n\r]*+")

# "unescaped = %x20-21 / %x23-5B / %x5D-10FFFF" (section 7)
PLAIN: Final = always(r'[^"\\\x00-\x1f]*+')
# As much of a string as is certain: no quote, and no part of an escape.
_ESCAPE: Final = r"""\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})"""
STRING_BODY: Final = always(rf'(?:[^"\\\x00-\x1f]++|{_ESCAPE})*+')
ESCAPES: Final = r"""one of the escapes \" \\ \/ \b \f \n \r \t \u"""
# The beginning of an escape.
is_escape_prefix: Final = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{0,4})?').fullmatch

# A comma, and the name of the next member, without escapes, up to its value.
MEMBER: Final = re.compile(r',[ \t\n\r]*+"([^"\\\x00-\x1f]*+)"[ \t\n\r]*+:[ \t\n\r]*+').match

# "number = [ minus ] int [ frac ] [ exp ]" (section 6)
# The group is empty for an integer.
NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)((?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)").match
# What may continue a number, so that a match of `NUMBER` before it decides nothing.
IN_NUMBER: Final = frozenset("0123456789+-.eE")


def _state(*ways: tuple[str, str]) -> dict[str, str]:
    return {char: state for chars, state in ways for char in chars}


_NONZERO: Final = "123456789"
_DIGITS: Final = "0" + _NONZERO
# State -> the next character -> the next state.
NUMBER_STATES: Final[Mapping[str, Mapping[str, str]]] = {
    "start": _state(("-", "minus"), ("0", "zero"), (_NONZERO, "int")),
    "minus": _state(("0", "zero"), (_NONZERO, "int")),
    "zero": _state((".", "point"), ("eE", "e")),
    "int": _state((_DIGITS, "int"), (".", "point"), ("eE", "e")),
    "point": _state((_DIGITS, "frac")),
    "frac": _state((_DIGITS, "frac"), ("eE", "e")),
    "e": _state(("+-", "sign"), (_DIGITS, "exp")),
    "sign": _state((_DIGITS, "exp")),
    "exp": _state((_DIGITS, "exp")),
}
# The states in which a number may end.
WHOLE_NUMBERS: Final = frozenset(("zero", "int", "frac", "exp"))
INTEGERS: Final = frozenset(("zero", "int"))

LITERALS: Final[Mapping[str, tuple[str, object]]] = {
    "t": ("true", True),
    "f": ("false", False),
    "n": ("null", None),
}

_UNESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_EACH_ESCAPE: Final = re.compile(r"\\(?:u(....)|(.))", re.DOTALL)


def unescape(text: str) -> str:
    """Return a part of a string with its escapes, each whole, replaced by what they stand for.

    An escaped half of a surrogate pair becomes that half.
    """
    return _EACH_ESCAPE.sub(_meaning, text)


def _meaning(escape: re.Match[str]) -> str:
    digits, char = escape.groups()
    return chr(int(digits, 16)) if digits else _UNESCAPED.get(char, char)
