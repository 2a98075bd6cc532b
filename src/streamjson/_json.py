"""JSON: values and their types, decoding within limits, and well-formed text.

Owns `MISSING`, the decoding of JSON text, the repair of lone surrogates, and the size of text in UTF-8. Does not know
events, paths or documents.

JSON text is RFC 8259's: NaN and Infinity are refused (1e400 is refused when it is applied); of equal names the last one
wins. Text that nests deeper than the document may, or has more values, is refused before it is parsed: a text such as
`[[],[],...]` takes 26 times its size as Python objects.

Cost: linear in the text.
"""

from __future__ import annotations

import json
import re
from collections import UserString
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import Any, Final, TypeAlias, TypeGuard, cast

from ._errors import InvalidEventError, shorten
from ._limits import Limits, too_deep

__all__ = [
    "CHUNK_VALUES",
    "MISSING",
    "REPLACEMENT",
    "JSONValue",
    "Missing",
    "check_values",
    "decode_json",
    "is_array",
    "is_list",
    "is_object",
    "repair_surrogates",
    "scan",
    "short_size",
    "utf8_size",
    "well_formed",
]

JSONValue: TypeAlias = "Mapping[str, JSONValue] | Sequence[JSONValue] | str | int | float | bool | None"
"""A JSON value, for inputs. Values that the library returns are plain `dict`, `list`, `str` and so on."""


def is_array(value: object) -> bool:
    """Return whether a value other than `str` is a JSON array: a list, or any other sequence except bytes."""
    # A `UserString` is a sequence of `UserString`s, endlessly nested.
    return isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview | UserString)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a decoded value is a JSON object; type checkers then know its type."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether a decoded value is a list; type checkers then know its type."""
    return isinstance(value, list)


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""Marks an absent value, as null has its own meaning: an absent delta, the value of an empty document. It is falsy."""


def decode_json(text: str, limits: Limits) -> object:
    """Return the value of a JSON text.

    Raises `InvalidEventError` (`bad_json`, `bad_number`) and `LimitExceededError` (`max_depth`, `max_nodes`,
    `max_number_digits`).
    """
    decoder: Any = _DECODER  # `scan_once` is not in its documented interface
    max_digits = limits.max_number_digits
    check_values(text, limits)
    if max_digits is not None and len(text) > max_digits:
        decoder = _digit_counting_decoder(max_digits, limits)
    try:
        try:
            # `json.loads` takes three times as long: two more Python calls, and two matches for white space.
            value, end = decoder.scan_once(text, 0)
        except StopIteration:
            return decoder.decode(text)
        return value if end == len(text) else decoder.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidEventError(
            f"not JSON: {error.msg.removesuffix(' at')} at character {error.pos} of {shorten(text)}", code="bad_json"
        ) from None
    except ValueError:  # CPython's own limit on digits, where `max_number_digits` is None
        raise InvalidEventError(
            "a number has more digits than sys.get_int_max_str_digits() allows", code="bad_number"
        ) from None
    except RecursionError:  # the interpreter's own limit, where `max_depth` is None
        met = text.count("[") + text.count("{")
        raise too_deep("the text nests deeper than the interpreter can read", met) from None


def scan(text: str) -> object:
    """Return the value of a JSON text that has no white space around it; a quarter of the cost of `json.loads`.

    Raises `InvalidEventError`, `StopIteration`, `ValueError` or `RecursionError` for any other text.
    """
    value, end = _scan_once(text, 0)
    if end != len(text):
        raise ValueError("text after the value")
    return value


def _refuse_constant(name: str) -> object:
    raise InvalidEventError(f"{name} is not a JSON value", code="bad_number")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


_scan_once: Final[Callable[[str, int], tuple[object, int]]] = cast("Any", _DECODER).scan_once


# A string, terminated or not: so that no text makes this slow.
_STRING: Final = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'


_STRING_OR_BRACKET: Final = re.compile(rf"{_STRING}|[\[{{]|[\]}}]", re.DOTALL)


# The beginning of a value, with its name before it if it has one.
_VALUE: Final = re.compile(rf'(?:{_STRING}\s*+:\s*+)?(?:{_STRING}|[\[{{]|[^\s,:\]}}"\[{{]++)', re.DOTALL)


CHUNK_VALUES: Final = 1000
"""How many values an event may have beside those of its delta: the chunk's object and fields, known or not."""


def check_values(text: str, limits: Limits) -> None:
    """Raise `LimitExceededError` for a text that nests too deep, or has more values than `max_nodes` + `CHUNK_VALUES`.

    `max_depth` counts from below the outermost container, the chunk's own object.
    """
    max_depth, max_nodes = limits.max_depth, limits.max_nodes
    brackets = text.count("[") + text.count("{")
    one_too_many = None
    end = len(text)
    if max_nodes is not None and end > 2 * max_nodes:  # a value takes at least two characters, one of them a separator
        most = max_nodes + CHUNK_VALUES
        if brackets + text.count(",") >= most:  # an upper bound, as it includes strings: now count exactly
            one_too_many = next(islice(_VALUE.finditer(text), most, None), None)
    if one_too_many is not None:
        end = one_too_many.end()
    if max_depth is not None and brackets > max_depth:
        _check_nesting(text, end, max_depth, limits)
    if one_too_many is not None:
        raise limits.exceeded("max_nodes", (max_nodes or 0) + 1)  # the values after that are not counted


def _check_nesting(text: str, end: int, max_depth: int, limits: Limits) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text, 0, end):
        first = text[match.start()]
        if first in "[{":
            depth += 1
            if depth > max_depth + 1:  # the chunk's own object is not in the document
                raise limits.exceeded("max_depth", depth - 1)
        elif first in "]}":
            depth -= 1


def _digit_counting_decoder(max_digits: int, limits: Limits) -> json.JSONDecoder:
    def checked(literal: str) -> str:
        if len(literal) > max_digits:
            digits = sum(map(literal.count, "0123456789"))
            if digits > max_digits:
                raise limits.exceeded("max_number_digits", digits)
        return literal

    return json.JSONDecoder(
        parse_constant=_refuse_constant,
        parse_int=lambda literal: int(checked(literal)),
        parse_float=lambda literal: float(checked(literal)),
    )


REPLACEMENT: Final = "\ufffd"


_PART_CHARS: Final = 256 * 1024  # encoded at once: measuring a text must not take as much memory as the text


def repair_surrogates(text: str) -> tuple[str, str]:
    """Return `text` without lone surrogates, and the high surrogate at its end, if there is one, else "".

    The halves of a pair are joined; a lone half becomes U+FFFD. Cutting or escaping JSON text can put halves into a
    Python string, and such a string can't be encoded.
    """
    half = ""
    if text and "\ud800" <= text[-1] <= "\udbff":
        half, text = text[-1], text[:-1]
    try:
        utf8_size(text)
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text, half


def well_formed(text: str) -> str:
    """Return `text` without lone surrogates, for a string that is complete."""
    if text.isascii():
        return text
    text, half = repair_surrogates(text)
    return text + REPLACEMENT if half else text


def short_size(text: str, maximum: int) -> int:
    """Return the size of `text` in UTF-8; -1 if it may exceed `maximum`, or if the text has a lone surrogate."""
    if 4 * len(text) > maximum:
        return -1
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return -1


def utf8_size(text: str) -> int:
    """Return the size of `text`, which must not have lone surrogates, in UTF-8."""
    length = len(text)
    if text.isascii():
        return length
    if length <= _PART_CHARS:
        return len(text.encode())
    return sum([len(text[at : at + _PART_CHARS].encode()) for at in range(0, length, _PART_CHARS)])
