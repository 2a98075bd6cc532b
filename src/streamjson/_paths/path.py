"""A path: the steps to one location of a document, and the three texts that name it.

`parse_path` turns a text into a `Path`, a tuple of steps (a `str` is a member's name, an `int` an index). A `Path`
writes itself as a dotted text, as a normalized path and as a JSON Pointer. `parser` has the grammar and reads any text;
this module reads plain texts faster, and remembers short ones. Knows neither documents nor patterns.

Invariant: for every path `p` of a text, `parse_path(str(p)) == parse_path(p.normalized) == p` where `max_path_bytes`
allows their length.

Specifications: RFC 9535, section 2.7 (normalized paths); RFC 6901 (JSON Pointer).

Cost: linear in the text, without recursion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, final

from .._errors import CODES, InvalidPathError, shorten
from .._limits import Limits
from .parser import MAX_INDEX, SURROGATE, PathReader, fitting_chars

__all__ = ["Path", "append_step", "format_path", "parse_path", "strip_prefix"]

_DEFAULT_LIMITS: Final = Limits()

# Streams repeat paths: a remembered one of three steps takes 0.2 microseconds instead of 2.0.
# Only short texts are kept, so that no sender can make this cache larger than a few megabytes.
_MAX_KNOWN_PATHS: Final = 1024
_MAX_KNOWN_CHARS: Final = 256
_known: Final[dict[str, Path]] = {}


@final
class Path(tuple[str | int, ...]):
    """One location of a document, as a tuple of steps: a `str` is a member's name, an `int` an index.

    Equal to the plain tuple of its steps. `str(path)` is the dotted form: each name bare where the grammar allows it,
    otherwise as in `normalized`; it is `""` at the root. A slice or a sum is a plain tuple; `Path(path[:-1])` is the
    parent.

    `steps` is any iterable of steps; the root has none. Raises `InvalidPathError` for a step that no path can name (see
    `format_path`), so every `Path` can be written, and `TypeError` for a text, which `parse_path` reads.

    >>> import streamjson as sj
    >>> path = sj.parse_path("$['people'][0]['first.name']")
    >>> path
    Path(('people', 0, 'first.name'))
    >>> str(path)
    "people[0]['first.name']"
    >>> sj.Path(path[:-1]).pointer
    '/people/0'
    """

    __slots__ = ()

    def __new__(cls, steps: Iterable[str | int] = ()) -> Path:
        if isinstance(steps, str | bytes):  # their items would pass for steps
            raise TypeError(f"a Path takes steps, not a text: use parse_path to read {shorten(steps)}")
        if isinstance(steps, Path):
            return steps
        given = tuple(steps)
        # Most steps are plain names: testing for that here saves a quarter of the cost.
        return _of_checked(
            [
                step if type(step) is str and step.isascii() else _plain_step(given, number)
                for number, step in enumerate(given)
            ]
        )

    @property
    def pointer(self) -> str:
        """The location as a JSON Pointer (RFC 6901), `""` at the root. `parse_path` does not read this form.

        >>> import streamjson as sj
        >>> sj.parse_path("links['self/next'][0]").pointer
        '/links/self~1next/0'
        """
        # RFC 6901, section 3: "'~' needs to be encoded as '~0' and '/' needs to be encoded as '~1'"; in this order.
        return "".join(["/" + str(step).replace("~", "~0").replace("/", "~1") for step in self])

    @property
    def normalized(self) -> str:
        r"""The location as a normalized path (RFC 9535, section 2.7): equal locations have equal texts.

        >>> import streamjson as sj
        >>> sj.parse_path("people[0].name").normalized
        "$['people'][0]['name']"
        """
        return "$" + "".join([_quote(step) if isinstance(step, str) else f"[{step}]" for step in self])

    def __str__(self) -> str:
        return "".join([_part(step, first=number == 0) for number, step in enumerate(self)])

    def __repr__(self) -> str:
        return f"Path({super().__repr__()})"


def _of_checked(steps: Iterable[str | int]) -> Path:
    """Return a path of steps that are plain strings and indexes already."""
    return tuple.__new__(Path, steps)  # pyright: ignore[reportUnknownMemberType]  # as its stub has it


def parse_path(text: str, *, limits: Limits = _DEFAULT_LIMITS) -> Path:
    """Read the text of a path.

    `text` is a dotted path (`people[0].name`) or a normalized one (`$['people'][0]['name']`); `""` and `"$"` are the
    root. `limits` restricts its bytes in UTF-8 (`max_path_bytes`) and its steps (`max_depth`).

    Raises `InvalidPathError` for a text that does not name exactly one location, with `code`, `position` (an index in
    `text`) and, if a limit was exceeded, `limit`. So does a `text` that is not a `str` (`not_a_string`), without a
    position.

    Short texts are remembered; for others the cost is linear in the text.

    >>> import streamjson as sj
    >>> sj.parse_path("people[0].name")
    Path(('people', 0, 'name'))
    >>> try:
    ...     sj.parse_path("people[*].name")
    ... except sj.InvalidPathError as error:
    ...     print(error.code, error.position)
    wildcard 7
    """
    if type(text) is not str:
        text = _exact_text(text)
    path = _known.get(text)
    # Limits are tested here too: a remembered path may have been read under wider ones.
    if path is not None and _is_within(text, path, limits):
        return path
    path = _read_plain(text, limits)
    if path is None:
        path = _of_checked(PathReader(text, limits).read())
    if len(text) <= _MAX_KNOWN_CHARS:
        if len(_known) >= _MAX_KNOWN_PATHS:
            _known.clear()  # a stream moves on to other paths; those that it repeats are soon known again
        _known[text] = path
    return path


def format_path(steps: Iterable[str | int]) -> str:
    """Return the dotted text that names the location with these steps, the same as `str(Path(steps))`.

    `steps` is any iterable of names (`str`, even `""`) and indexes (`int`, 0 to 2**53 - 1); the root has none.

    Raises `InvalidPathError` for a step that no path can name: `negative_index`, `index_too_large`, `bad_index`
    (a bool or float), `lone_surrogate` (in a name), `not_a_string` (neither name nor index); `position` is the step's.
    Raises `TypeError` for a text instead of steps.

    >>> import streamjson as sj
    >>> sj.format_path(["people", 0, "first name", "a.b"])
    "people[0].first name['a.b']"
    >>> sj.format_path([])
    ''
    """
    return str(Path(steps))


def append_step(text: str, step: str | int) -> str:
    """Return the dotted text of the location one step below the one that `text` names.

    `text` is the `str()` of a path, and `step` a step that a `Path` may hold; neither is checked.
    """
    return text + _part(step, first=not text)


def strip_prefix(path: Path, prefix: Path, text: object) -> Path:
    """Return `path` without the leading steps `prefix`.

    Raises `InvalidPathError` (`outside_prefix`) for a path with other leading steps; its `path` is then `text`, the
    path as received.
    """
    if not prefix:
        return path
    count = len(prefix)
    if path[:count] != prefix:
        message = f"{CODES['outside_prefix']} {shorten(str(prefix))}: {shorten(text)}"
        raise InvalidPathError(message, code="outside_prefix", path=text)
    return _of_checked(path[count:])


# ---- writing ----

_BARE: Final = re.compile(r"(?![ '\"]|\*\Z)[^.\[\]\x00-\x1f]+(?<! )")

# RFC 9535, section 2.7: "\", "'" and U+0000 to U+001F are escaped, and nothing else. A control character is written as
# its short escape if it has one, otherwise as "u00" and two digits in lower case.
_NORMAL_ESCAPES: Final = {code: f"\\u{code:04x}" for code in range(0x20)} | {
    ord(char): f"\\{letter}" for char, letter in zip("\b\t\n\f\r'\\", "btnfr'\\", strict=True)
}


def _part(step: str | int, *, first: bool) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    # Nearly every name is an identifier; that test takes a fifth of the time.
    if step.isidentifier() or (_BARE.fullmatch(step) and not (first and step == "$")):
        return step if first else f".{step}"
    return _quote(step)


def _quote(name: str) -> str:
    return f"['{name.translate(_NORMAL_ESCAPES)}']"


def _plain_step(steps: tuple[object, ...], number: int) -> str | int:
    step = steps[number]
    if isinstance(step, str):
        if not SURROGATE.search(step):
            return str.__str__(step)  # for a subclass, such as an enum's member, its plain text
        code = "lone_surrogate"
    elif isinstance(step, bool | float):
        code = "bad_index"
    elif not isinstance(step, int):
        code = "not_a_string"
    elif step < 0:
        code = "negative_index"
    elif step > MAX_INDEX:
        code = "index_too_large"
    else:
        return int.__int__(step)
    reason = "a step must be a name or an index" if code == "not_a_string" else CODES[code]
    raise InvalidPathError(f"{reason}: step {number} is {shorten(step)}", code=code, path=steps, position=number)


# ---- reading ----

# Names and indexes that can be used as they are; an index of 15 digits is never too large.
# The names are possessive (`++`), so that a text without a match is rejected in linear time.
_PLAIN_NAME: Final = r"[^\x00-\x20.\[\]'\"*$\ud800-\udfff]++"
_PLAIN_INDEX: Final = r"\[(?:0|[1-9][0-9]{0,14})\]"
_PLAIN: Final = re.compile(rf"(?:(?:\$\.)?{_PLAIN_NAME}|\$?{_PLAIN_INDEX})(?:\.{_PLAIN_NAME}|{_PLAIN_INDEX})*")


def _read_plain(text: str, limits: Limits) -> Path | None:
    # One match and one split: 1.8 microseconds for three steps, where the reader takes 5.0 (CPython 3.11).
    maximum = limits.max_path_bytes
    if (maximum is not None and len(text) > maximum) or not _PLAIN.fullmatch(text):
        return None
    parts = text.replace("[", ".[").lstrip("$.").split(".")  # `lstrip` removes the root mark
    path = _of_checked([int(part[1:-1]) if part[0] == "[" else part for part in parts])
    return path if _is_within(text, path, limits) else None


def _is_within(text: str, path: Path, limits: Limits) -> bool:
    max_bytes, max_depth = limits.max_path_bytes, limits.max_depth
    return (max_depth is None or len(path) <= max_depth) and (
        max_bytes is None or 4 * len(text) <= max_bytes or fitting_chars(text, max_bytes) == len(text)
    )


def _exact_text(text: object) -> str:
    if isinstance(text, str):
        return str.__str__(text)  # the plain text: a subclass may define its own equality and hash
    raise InvalidPathError(
        f"{CODES['not_a_string']} but {shorten(text)}: join steps with format_path", code="not_a_string", path=text
    )
