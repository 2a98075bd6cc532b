"""JSON: values and their types, decoding within limits, and text that is well formed.

Owns `MISSING`, the decoding of JSON text, the repair of lone surrogates, and the size of text in UTF-8. Knows nothing
of events, paths or documents.

JSON text is RFC 8259's: NaN and Infinity are refused (and 1e400 where it is applied); of equal names the last one wins.
Text that nests deeper than the document may, or holds more values, is refused before the parser sees it: parsed, a text
such as `[[],[],...]` takes 26 times its size.

Cost: linear in the text.
"""

from __future__ import annotations

import json
import re
from collections import UserString
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
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
    "mend",
    "quick_decoder",
    "short_size",
    "utf8_size",
    "well_formed",
]

JSONValue: TypeAlias = "Mapping[str, JSONValue] | Sequence[JSONValue] | str | int | float | bool | None"
"""A JSON value, for inputs. Values that come out are plain `dict`, `list`, `str` and so on."""


def is_array(value: object) -> bool:
    """Tell whether a value that is no text is a JSON array: a list, or any other sequence but bytes."""
    # A `UserString` is a sequence of `UserString`s, without end.
    return isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview | UserString)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether a decoded value is a JSON object; for type checkers, of anything."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell whether a decoded value is a list; for type checkers, of anything."""
    return isinstance(value, list)


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""Absent, where null means something else: a delta that is not there, the value of an empty document. It is falsy."""


def decode_json(text: str, limits: Limits) -> object:
    """Return the value that `text` stands for.

    Raises `InvalidEventError` (`bad_json`, `bad_number`) and `LimitExceededError` (`max_depth`, `max_nodes`,
    `max_number_digits`).
    """
    decoder: Any = _DECODER  # its `scan_once` is no part of the documented interface
    max_digits = limits.max_number_digits
    check_values(text, limits)
    if max_digits is not None and len(text) > max_digits:
        decoder = _digit_counting_decoder(max_digits, limits)
    try:
        try:
            # `json.loads` takes three times as long: two more calls in Python, and two matches of white space.
            value, end = decoder.scan_once(text, 0)
        except StopIteration:
            return decoder.decode(text)
        return value if end == len(text) else decoder.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidEventError(
            f"not JSON: {error.msg.removesuffix(' at')} at character {error.pos} of {shorten(text)}", code="bad_json"
        ) from None
    except ValueError:  # CPython's own bound on digits, where `max_number_digits` was lifted
        raise InvalidEventError(
            "a number has more digits than sys.get_int_max_str_digits() allows", code="bad_number"
        ) from None
    except RecursionError:  # the interpreter's own bound, where `max_depth` was lifted
        met = text.count("[") + text.count("{")
        raise too_deep("the text nests deeper than the interpreter reads", met) from None


_NO_FIELDS: Final = (TypeError, KeyError)  # what the value raises that is no object, or has other members


@cache
def quick_decoder() -> tuple[Callable[[str], object], tuple[type[Exception], ...]]:
    """Return what decodes JSON text that is plain and not long, and the errors that ask for a closer look.

    msgspec (extra `fast`) takes 0.1 microseconds for an event's data, the standard library's scanner 0.25, `json.loads`
    1.0. Where msgspec does not accept what the standard library does, or finds something else, it raises, and
    `decode_json` decides; so what comes out is the same.
    """
    try:
        import msgspec  # noqa: PLC0415  # an extra; and not for those who only import this package
    except ImportError:
        return _scan, (*_NO_FIELDS, InvalidEventError, StopIteration, ValueError, RecursionError)
    return msgspec.json.Decoder().decode, (*_NO_FIELDS, msgspec.MsgspecError, ValueError, RecursionError)


def _scan(text: str) -> object:
    value, end = _scan_once(text, 0)
    if end != len(text):
        raise ValueError("there is more")
    return value


def _refuse_constant(name: str) -> object:
    raise InvalidEventError(f"{name} is no JSON value", code="bad_number")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


_scan_once: Final[Callable[[str, int], tuple[object, int]]] = cast("Any", _DECODER).scan_once


# A string; also one that does not end, so that no text makes this slow.
_STRING: Final = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'


_STRING_OR_BRACKET: Final = re.compile(rf"{_STRING}|[\[{{]|[\]}}]", re.DOTALL)


# The beginning of a value, after its name if it has one.
_VALUE: Final = re.compile(rf'(?:{_STRING}\s*+:\s*+)?(?:{_STRING}|[\[{{]|[^\s,:\]}}"\[{{]++)', re.DOTALL)


CHUNK_VALUES: Final = 1000
"""What an event may hold besides the values of its delta: the chunk's own object and fields, also unknown ones."""


def check_values(text: str, limits: Limits) -> None:
    """Refuse a text that nests too deep, or that holds more values than `max_nodes` and `CHUNK_VALUES`."""
    max_depth, max_nodes = limits.max_depth, limits.max_nodes
    brackets = text.count("[") + text.count("{")
    one_too_many = None
    end = len(text)
    if max_nodes is not None and end > 2 * max_nodes:  # a value takes two characters, one of them a separator
        most = max_nodes + CHUNK_VALUES
        if brackets + text.count(",") >= most:  # strings included; so there may be so many, and they are counted
            one_too_many = next(islice(_VALUE.finditer(text), most, None), None)
    if one_too_many is not None:
        end = one_too_many.end()
    if max_depth is not None and brackets > max_depth:
        _check_nesting(text, end, max_depth, limits)
    if one_too_many is not None:
        raise limits.exceeded("max_nodes", (max_nodes or 0) + 1)  # how many more does not matter


def _check_nesting(text: str, end: int, max_depth: int, limits: Limits) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text, 0, end):
        first = text[match.start()]
        if first in "[{":
            depth += 1
            if depth > max_depth + 1:  # the chunk's own object is no part of the document
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


_PART: Final = 256 * 1024  # Characters that are encoded at once: to measure a text must not take as much as it.


def mend(text: str) -> tuple[str, str]:
    """Return `text` with its surrogate halves joined to characters or replaced by U+FFFD, and a high half at its end.

    Python's strings can hold halves where JSON text was cut or escaped apart; a string that does can't be encoded.
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
    """Return `text` without lone halves, for strings that are given whole."""
    if text.isascii():
        return text
    text, half = mend(text)
    return text + REPLACEMENT if half else text


def short_size(text: str, maximum: int) -> int:
    """Return the number of bytes of `text` in UTF-8; -1 if that may be more than `maximum`, or if it holds a half."""
    if 4 * len(text) > maximum:
        return -1
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return -1


def utf8_size(text: str) -> int:
    """Return the number of bytes of `text`, which holds no lone halves, in UTF-8."""
    length = len(text)
    if text.isascii():
        return length
    if length <= _PART:
        return len(text.encode())
    return sum([len(text[at : at + _PART].encode()) for at in range(0, length, _PART)])
