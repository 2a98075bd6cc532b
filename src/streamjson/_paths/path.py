r"""From the text of a path to its steps, and back.

A path names one location of a document. `parse_path` reads one into a `Path`, a tuple of steps (a `str` is a member's
name, an `int` an index); a `Path` writes itself in three ways. The module knows nothing of documents or patterns.

The grammar is this project's own: what senders of concrete paths really write, of which RFC 9535's normalized paths
are a part. A name is bare wherever that is unambiguous, for schemas have names such as `first name`, `2fa` and `$ref`.

    path    =  ( "$" / [ name / bracket ] ) *( "." name / [ "." ] bracket )
    name    =  bare / quoted
    bare    =  1*( any character but ".", "[", "]", U+0000 to U+001F )
               ; which does not begin with a quote, nor begin or end with a space, and is not "*";
               ; "$" at the start is the root if nothing, "." or "[" follows: not "$ref"
    bracket =  "[" *blank ( index / quoted ) *blank "]"
    index   =  "0" / ( %x31-39 *DIGIT )               ; at most 2**53 - 1
    quoted  =  "'" *( any character but "'", "\", U+0000 to U+001F / escape / "\'" ) "'"
            /  <"> *( any character but <">, "\", U+0000 to U+001F / escape / "\" <"> ) <">
    escape  =  "\" ( "b" / "f" / "n" / "r" / "t" / "/" / "\" / "u" 4HEXDIG )
               ; a character beyond U+FFFF is two of the last, as in JSON
    blank   =  space / tab / LF / CR

Both `""` and `"$"` are the root. `a.0` is a name, `a[0]` an index. Half of a surrogate pair is no character.
RFC 9535's blanks between steps are left out: no sender writes them, and at the edge of a name they are a mistake.

The first error from the left counts. It stands where a reader would stop: at the character that cannot be right after
what stands before it, or at the end of the text. What a bracket holds is judged as one thing: `[-2:]` is a slice.
A step too many stands at its first character, and a path too long at byte `max_path_bytes` + 1 of its UTF-8 form.

Invariants: any text is parsed or raises `InvalidPathError`, and nothing else; for every path `p` of a text,
`parse_path(str(p)) == parse_path(p.normalized) == p` where `max_path_bytes` allows their length.

Specifications: RFC 9535, section 2.3.1 (quoted names) and section 2.7 (normalized paths); RFC 6901 (JSON Pointer).

Cost: linear in the text, without recursion; short texts are remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NoReturn, final

from .._errors import CODES, InvalidPathError, shorten
from .._limits import Limits

__all__ = ["Path", "append_step", "format_path", "parse_path", "strip_prefix"]

_MAX_INDEX: Final = 2**53 - 1  # RFC 9535, section 2.1: an index is "within the range of exact integer values" of I-JSON
_MAX_INDEX_DIGITS: Final = 16
_DEFAULT_LIMITS: Final = Limits()

# Paths come back: remembering one makes the next reading of three steps 0.2 microseconds instead of 2.0.
# The texts are short, so that no sender can make this hold more than a few megabytes.
_KNOWN_PATHS: Final = 1024
_KNOWN_CHARS: Final = 256
_known: Final[dict[str, Path]] = {}


@final
class Path(tuple[str | int, ...]):
    """One location of a document, as a tuple of steps: a `str` is a member's name, an `int` an index.

    Equal to the plain tuple of its steps. `str(path)` is the dotted form: each name bare where the grammar allows it,
    else as in `normalized`; it is `""` at the root. A slice or a sum is a plain tuple; `Path(path[:-1])` is the parent.

    `steps` is any iterable of steps; nothing at all is the root. A step that no path can name (see `format_path`) is an
    `InvalidPathError`, so each `Path` can be written. A text is a `TypeError`: `parse_path` reads those.

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
            raise TypeError(f"a Path is made of steps: use parse_path to read the text {shorten(steps)}")
        if isinstance(steps, Path):
            return steps
        given = tuple(steps)
        # Most steps are plain names: to tell that here takes a quarter off the cost.
        return cls._of_checked(
            [
                step if type(step) is str and step.isascii() else _checked_step(given, number)
                for number, step in enumerate(given)
            ]
        )

    @classmethod
    def _of_checked(cls, steps: Iterable[str | int]) -> Path:
        return super().__new__(cls, steps)

    @property
    def pointer(self) -> str:
        """The location as a JSON Pointer (RFC 6901); it is `""` at the root. `parse_path` does not read this form.

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


def parse_path(text: str, *, limits: Limits = _DEFAULT_LIMITS) -> Path:
    """Read the text of a path.

    `text` is a dotted path (`people[0].name`) or a normalized one (`$['people'][0]['name']`); `""` and `"$"` are the
    root. `limits` bounds its bytes in UTF-8 (`max_path_bytes`) and its steps (`max_depth`).

    Raises `InvalidPathError` for whatever does not name one location, with `code`, `position` (an index in `text`) and,
    where a bound was passed, `limit`. A text that is no `str` is one too (`not_a_string`), without a position.

    Short texts are remembered; for the others the cost is linear in the text.

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
    # Bounds are tested here too: a remembered path may have been read within wider ones.
    if path is not None and _is_within(text, path, limits):
        return path
    path = _read_plain(text, limits)
    if path is None:
        path = _Reader(text, limits).read()
    if len(text) <= _KNOWN_CHARS:
        if len(_known) >= _KNOWN_PATHS:
            _known.clear()  # a stream moves on: what it comes back to is soon remembered again
        _known[text] = path
    return path


def format_path(steps: Iterable[str | int]) -> str:
    """Return the dotted text that names the location with these steps, the same as `str(Path(steps))`.

    `steps` is any iterable of names (`str`, also `""`) and indexes (`int`, 0 to 2**53 - 1); nothing at all is the root.

    Raises `InvalidPathError` for a step that no path can name: `negative_index`, `index_too_large`, `bad_index`
    (a bool or float), `lone_surrogate` (in a name), `not_a_string` (neither name nor index); `position` is the step's.
    A text instead of steps is a `TypeError`.

    >>> import streamjson as sj
    >>> sj.format_path(["people", 0, "first name", "a.b"])
    "people[0].first name['a.b']"
    >>> sj.format_path([])
    ''
    """
    return str(Path(steps))


def append_step(text: str, step: str | int) -> str:
    """Return the dotted text of the location one step below the one that `text` names.

    `text` is the `str()` of a path, `step` one that a `Path` may hold; neither is tested.
    """
    return text + _part(step, first=not text)


def strip_prefix(path: Path, prefix: Path, text: object) -> Path:
    """Return `path` without the steps of `prefix`; raise `InvalidPathError` (`outside_prefix`) if it has others.

    `text` is the path as it came, for the error.
    """
    if not prefix:
        return path
    count = len(prefix)
    if path[:count] != prefix:
        message = f"{CODES['outside_prefix']} {shorten(str(prefix))}: {shorten(text)}"
        raise InvalidPathError(message, code="outside_prefix", path=text)
    return Path._of_checked(path[count:])


# ---- writing ----

_BARE: Final = re.compile(r"(?![ '\"]|\*\Z)[^.\[\]\x00-\x1f]+(?<! )")

# RFC 9535, section 2.7: "\" and "'" are escaped, of U+0000 to U+001F those that have a short escape with it, the others
# as "u00" and two digits in lower case; nothing else is.
_NORMAL_ESCAPES: Final = {code: f"\\u{code:04x}" for code in range(0x20)} | {
    ord(char): f"\\{letter}" for char, letter in zip("\b\t\n\f\r'\\", "btnfr'\\", strict=True)
}


def _part(step: str | int, *, first: bool) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    # Nearly every name is an identifier, which takes a fifth of the time to tell.
    if step.isidentifier() or (_BARE.fullmatch(step) and not (first and step == "$")):
        return step if first else f".{step}"
    return _quote(step)


def _quote(name: str) -> str:
    return f"['{name.translate(_NORMAL_ESCAPES)}']"


def _checked_step(steps: tuple[object, ...], number: int) -> str | int:
    step = steps[number]
    if isinstance(step, str):
        if not _SURROGATE.search(step):
            return str.__str__(step)  # of an enum's member its text
        code = "lone_surrogate"
    elif isinstance(step, bool | float):
        code = "bad_index"
    elif not isinstance(step, int):
        code = "not_a_string"
    elif step < 0:
        code = "negative_index"
    elif step > _MAX_INDEX:
        code = "index_too_large"
    else:
        return int.__int__(step)
    reason = "a step is a name or an index" if code == "not_a_string" else CODES[code]
    raise InvalidPathError(f"{reason}: step {number} is {shorten(step)}", code=code, path=steps, position=number)


# ---- reading ----

# Names and indexes that need no closer look; an index of 15 digits is never too large.
# The names are possessive (`++`), so that a text that does not match is given up in linear time.
_PLAIN_NAME: Final = r"[^\x00-\x20.\[\]'\"*$\ud800-\udfff]++"
_PLAIN_INDEX: Final = r"\[(?:0|[1-9][0-9]{0,14})\]"
_PLAIN: Final = re.compile(rf"(?:(?:\$\.)?{_PLAIN_NAME}|\$?{_PLAIN_INDEX})(?:\.{_PLAIN_NAME}|{_PLAIN_INDEX})*")


def _read_plain(text: str, limits: Limits) -> Path | None:
    # One match and one split, 1.8 microseconds for three steps where the reader below takes 5.0 (CPython 3.11).
    maximum = limits.max_path_bytes
    if (maximum is not None and len(text) > maximum) or not _PLAIN.fullmatch(text):
        return None
    parts = text.replace("[", ".[").lstrip("$.").split(".")  # what lstrip takes is the root mark
    path = Path._of_checked([int(part[1:-1]) if part[0] == "[" else part for part in parts])
    return path if _is_within(text, path, limits) else None


def _is_within(text: str, path: Path, limits: Limits) -> bool:
    max_bytes, max_depth = limits.max_path_bytes, limits.max_depth
    return (max_depth is None or len(path) <= max_depth) and (
        max_bytes is None or 4 * len(text) <= max_bytes or _fitting_chars(text, max_bytes) == len(text)
    )


def _fitting_chars(text: str, max_bytes: int) -> int:
    """Return how many characters of `text`, from its start, fit in `max_bytes` of UTF-8."""
    head = text[: max_bytes + 1].encode("utf-8", "surrogatepass")
    if len(head) <= max_bytes:
        return len(text)
    # Each character has one byte that is no continuation byte; the last of those here begins what does not fit.
    return len(head[: max_bytes + 1].translate(None, _CONTINUATION_BYTES)) - 1


_CONTINUATION_BYTES: Final = bytes(range(0x80, 0xC0))

_ROOT: Final = re.compile(r"\$(?=[.\[]|\Z)")
_RUN: Final = re.compile(r"[^.\[\]]*")
_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"(-?)([0-9]+)")
_QUOTABLE: Final = {quote: re.compile(rf"[^{quote}\\\x00-\x1f\ud800-\udfff]*") for quote in ("'", '"')}
_UNWRITABLE: Final = re.compile(r"[\x00-\x1f\ud800-\udfff]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

# RFC 9535, section 2.3.1.1: escapable = "b" / "f" / "n" / "r" / "t" / "/" / "\" / ("u" hexchar), and the quote in use
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
# "\u" is %x75, no capital; its digits are of either case.
_UNICODE_ESCAPE: Final = re.compile(
    r"\\u(?:(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})|(?P<unit>[0-9A-Fa-f]{4}))"
)

# What the first character in a bracket says, where it is no index and no quoted name.
_NO_STEP: Final = {
    "": "unbalanced",
    "]": "empty_brackets",
    "[": "unbalanced",
    "*": "wildcard",
    "?": "filter",
    "(": "script",
    ",": "union",
    ":": "slice",
    "+": "bad_index",
    "-": "bad_index",
}

# What a number is no index before.
_NO_INDEX: Final = {":": "slice", ",": "union", "[": "unbalanced"}

_ADVICE: Final = {
    **dict.fromkeys(["descendant", "slice", "union", "filter", "script"], "a path names one location"),
    "wildcard": "a path names one location; the name '*' needs brackets and quotes",
    "whitespace": "remove it, or put the whole name in brackets and quotes",
    "unquoted_name": "put it in quotes, or after a dot instead of in brackets",
    "leading_dot": "remove it",
    "empty_segment": "the root is the empty text",
    "control_character": "it can be, in brackets and quotes",
    "too_deep": "pass limits=Limits(max_depth=...) to raise it",
    "path_too_long": "pass limits=Limits(max_path_bytes=...) to raise it",
}

_BOUNDS: Final = {"too_deep": "max_depth", "path_too_long": "max_path_bytes"}


class _Reader:
    """Reads any text, step by step, and finds the first error; the methods return a step and where it ends."""

    __slots__ = ("limits", "text")

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits

    def read(self) -> Path:
        text, end = self.text, len(self.text)
        steps: list[str | int] = []
        at = 1 if _ROOT.match(text) else 0
        # What stands before `at`: nothing ("start"), a dot ("dot"), or the root mark or a step ("step").
        before = "step" if at else "start"
        while at < end:
            char = text[at]
            if before == "step" and char == ".":
                before, at = "dot", at + 1
                continue
            if char == "]":
                self.fail("unbalanced", at)
            if char == "." and (before == "dot" or text.startswith("..")):
                self.fail("descendant", at)
            if char == ".":
                self.fail("leading_dot" if end > 1 else "empty_segment", at)
            if before == "step" and char != "[":
                self.unexpected("whitespace" if char in " \t" else "text_after_bracket", at)
            if len(steps) == self.limits.max_depth:
                self.fail("too_deep", at)
            step: str | int
            if char == "[":
                step, at = self.bracket(at + 1)
            elif char in _QUOTABLE:
                step, at = self.quoted(at + 1, char)
            else:
                step, at = self.bare(at)
            steps.append(step)
            before = "step"
        if before == "dot":
            self.fail("trailing_dot", end)
        if self.bound() < end:
            self.fail("path_too_long", end)
        return Path._of_checked(steps)

    def bare(self, at: int) -> tuple[str, int]:
        end = _end(_RUN, self.text, at)
        name = self.text[at:end]
        if name[0] in " \t":
            self.fail("whitespace", at)
        inner = name.rstrip(" \t")
        if unwritable := _UNWRITABLE.search(inner):
            self.unexpected("control_character", at + unwritable.start())
        if inner != name:
            self.fail("whitespace", at + len(inner))
        if name == "*":
            self.fail("wildcard", at)
        return name, end

    def bracket(self, at: int) -> tuple[str | int, int]:
        text = self.text
        at = _end(_BLANKS, text, at)
        char = text[at : at + 1]
        step: str | int
        if char in _QUOTABLE:
            step, at = self.quoted(at + 1, char)
            otherwise = "bad_bracket"
        elif number := _NUMBER.match(text, at):
            step, at = self.index(number)
            otherwise = "bad_index"
        else:
            # str.isdigit is right here: it is true of digits other than 0 to 9 too.
            self.unexpected(_NO_STEP.get(char) or ("bad_index" if char.isdigit() else "unquoted_name"), at)
        at = _end(_BLANKS, text, at)
        char = text[at : at + 1]
        if char != "]":
            self.unexpected({"": "unbalanced", ",": "union"}.get(char, otherwise), at)
        return step, at + 1

    def index(self, number: re.Match[str]) -> tuple[int, int]:
        (sign, digits), end = number.groups(), number.end()
        after = _end(_BLANKS, self.text, end)
        # What it is comes before what is wrong with the number: in a slice it may be negative.
        if code := _NO_INDEX.get(self.text[after : after + 1]):
            self.fail(code, after)
        if sign:
            self.fail("negative_index", number.start())
        if digits[0] == "0" and digits != "0":
            self.fail("leading_zero", number.start())
        # The count comes first: CPython refuses to convert 4,300 digits, with a ValueError, and is slow before that.
        if len(digits) > _MAX_INDEX_DIGITS or (index := int(digits)) > _MAX_INDEX:
            self.fail("index_too_large", number.start())
        return index, end

    def quoted(self, at: int, quote: str) -> tuple[str, int]:
        text = self.text
        pieces: list[str] = []
        while True:
            end = _end(_QUOTABLE[quote], text, at)
            pieces.append(text[at:end])
            char = text[end : end + 1]
            if char == quote:
                return "".join(pieces), end + 1
            if char != "\\":
                self.unexpected("unbalanced", end)
            piece, at = self.escape(end, quote)
            pieces.append(piece)

    def escape(self, at: int, quote: str) -> tuple[str, int]:
        text = self.text
        char = text[at + 1 : at + 2]
        if not char:
            self.fail("unbalanced", at + 1)
        if char == quote or char in _ESCAPES:
            return _ESCAPES.get(char, char), at + 2
        match = _UNICODE_ESCAPE.match(text, at)
        if not match:
            self.fail("bad_escape", at)
        # RFC 9535, section 2.3.1.1: a hexchar is no surrogate, or a high one, "\u" and a low one.
        if match["high"]:
            pair = bytes.fromhex(match["high"] + match["low"])
            return pair.decode("utf-16-be"), match.end()
        unit = chr(int(match["unit"], 16))
        if _SURROGATE.match(unit):
            self.fail("lone_surrogate", at)
        return unit, match.end()

    def unexpected(self, code: str, at: int) -> NoReturn:
        """Fail with `code`, unless the character there would be wrong anywhere: it is hard to see in a text."""
        char = self.text[at : at + 1]
        if _SURROGATE.match(char):
            code = "lone_surrogate"
        elif _UNWRITABLE.match(char) and code != "whitespace":
            code = "control_character"
        self.fail(code, at)

    def fail(self, code: str, at: int) -> NoReturn:
        """Raise the error that stands first: this one, or that the text is too long."""
        bound = self.bound()
        if bound < len(self.text) and at >= bound:
            code, at = "path_too_long", bound
        limit = _BOUNDS.get(code)
        where = f"position {at} of the path {shorten(self.text)}"
        advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
        raise InvalidPathError(f"{CODES[code]}: {where}{advice}", code=code, path=self.text, position=at, limit=limit)

    def bound(self) -> int:
        """Return how many characters are within `max_path_bytes`."""
        maximum = self.limits.max_path_bytes
        return len(self.text) if maximum is None else _fitting_chars(self.text, maximum)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _exact_text(text: object) -> str:
    if isinstance(text, str):
        return str.__str__(text)  # of an enum's member its text: a subclass may compare and hash as it likes
    raise InvalidPathError(
        f"{CODES['not_a_string']}, it is {shorten(text)}: join steps with format_path", code="not_a_string", path=text
    )
