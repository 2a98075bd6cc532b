r"""From the text of a path to its steps, up to the first error.

The grammar is this project's own: it covers the concrete paths that senders write, RFC 9535's normalized paths among
them. A name is bare wherever that is unambiguous, because schemas have names such as `first name`, `2fa` and `$ref`.

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

Both `""` and `"$"` are the root. `a.0` is a name, `a[0]` an index. A lone surrogate is not a character.
RFC 9535's blanks between steps are not allowed: no sender writes them, and at the edge of a name they are a mistake.

The first error from the left is reported. Its position is the first character that cannot follow what stands before it,
or the end of the text. The content of a bracket is judged as a whole: `[-2:]` is a slice.
The position of a step beyond `max_depth` is its first character; a path that is too long has its error at byte
`max_path_bytes` + 1 of its UTF-8 form.

Owns the tokens that patterns share with paths: quoted names, indexes, and the limit in bytes. Knows neither `Path` nor
documents.

Invariant: any text is read or raises `InvalidPathError`, and nothing else.

Specification: RFC 9535, section 2.3.1 (quoted names).

Cost: linear in the text, without recursion.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from .._errors import CODES, InvalidPathError, shorten
from .._limits import Limits

__all__ = ["MAX_INDEX", "MAX_INDEX_DIGITS", "NUMBER", "SURROGATE", "PathReader", "fitting_chars"]

MAX_INDEX: Final = 2**53 - 1  # RFC 9535, section 2.1: an index is "within the range of exact integer values" of I-JSON
MAX_INDEX_DIGITS: Final = 16

NUMBER: Final = re.compile(r"(-?)([0-9]+)")
SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_ROOT: Final = re.compile(r"\$(?=[.\[]|\Z)")
_RUN: Final = re.compile(r"[^.\[\]]*")
_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_QUOTABLE: Final = {quote: re.compile(rf"[^{quote}\\\x00-\x1f\ud800-\udfff]*") for quote in ("'", '"')}
_UNWRITABLE: Final = re.compile(r"[\x00-\x1f\ud800-\udfff]")

# RFC 9535, section 2.3.1.1: escapable = "b" / "f" / "n" / "r" / "t" / "/" / "\" / ("u" hexchar), and the quote in use
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
# "\u" is %x75, in lower case only; its digits may have either case.
_UNICODE_ESCAPE: Final = re.compile(
    r"\\u(?:(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})|(?P<unit>[0-9A-Fa-f]{4}))"
)

# The error for the first character in a bracket, if neither an index nor a quoted name begins there.
_CODE_BY_FIRST_CHAR: Final = {
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

# The error for a number in a bracket, by the character after it.
_CODE_BY_CHAR_AFTER: Final = {":": "slice", ",": "union", "[": "unbalanced"}

_ADVICE: Final = {
    **dict.fromkeys(["descendant", "slice", "union", "filter", "script"], "a path names one location"),
    "wildcard": "a path names one location; the name '*' needs brackets and quotes",
    "whitespace": "remove it, or put the whole name in brackets and quotes",
    "unquoted_name": "put it in quotes, or write it after a dot instead",
    "leading_dot": "remove it",
    "empty_segment": "the root is the empty text",
    "control_character": "brackets and quotes allow its escape",
    "too_deep": "pass limits=Limits(max_depth=...) to raise it",
    "path_too_long": "pass limits=Limits(max_path_bytes=...) to raise it",
}

_CONTINUATION_BYTES: Final = bytes(range(0x80, 0xC0))

_LIMIT_BY_CODE: Final = {"too_deep": "max_depth", "path_too_long": "max_path_bytes"}


class PathReader:
    """Reads any text step by step and finds the first error; the methods return a step and where it ends."""

    __slots__ = ("limits", "text")

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits

    def read(self) -> list[str | int]:
        """Return all steps of the text. Raises `InvalidPathError` for the first error."""
        text, end = self.text, len(self.text)
        steps: list[str | int] = []
        at = 1 if _ROOT.match(text) else 0
        # The token before `at`: none ("start"), a dot ("dot"), or the root mark or a step ("step").
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
        if self.max_chars() < end:
            self.fail("path_too_long", end)
        return steps

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
        elif number := NUMBER.match(text, at):
            step, at = self.index(number)
            otherwise = "bad_index"
        else:
            # `str.isdigit` is also true for digits other than 0 to 9, which are a bad index, not a name.
            self.unexpected(_CODE_BY_FIRST_CHAR.get(char) or ("bad_index" if char.isdigit() else "unquoted_name"), at)
        at = _end(_BLANKS, text, at)
        char = text[at : at + 1]
        if char != "]":
            self.unexpected({"": "unbalanced", ",": "union"}.get(char, otherwise), at)
        return step, at + 1

    def index(self, number: re.Match[str]) -> tuple[int, int]:
        (sign, digits), end = number.groups(), number.end()
        after = _end(_BLANKS, self.text, end)
        # A slice or union is reported before an error in its number: in a slice it may be negative.
        if code := _CODE_BY_CHAR_AFTER.get(self.text[after : after + 1]):
            self.fail(code, after)
        if sign:
            self.fail("negative_index", number.start())
        if digits[0] == "0" and digits != "0":
            self.fail("leading_zero", number.start())
        # Count the digits first: `int` is slow for many digits, and raises ValueError for more than 4,300.
        if len(digits) > MAX_INDEX_DIGITS or (index := int(digits)) > MAX_INDEX:
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
        # RFC 9535, section 2.3.1.1: a hexchar is not a surrogate, or is a high one followed by "\u" and a low one.
        if match["high"]:
            pair = bytes.fromhex(match["high"] + match["low"])
            return pair.decode("utf-16-be"), match.end()
        unit = chr(int(match["unit"], 16))
        if SURROGATE.match(unit):
            self.fail("lone_surrogate", at)
        return unit, match.end()

    def unexpected(self, code: str, at: int) -> NoReturn:
        """Fail with `code`, or name a character that is wrong anywhere: such a character is hard to see in a text."""
        char = self.text[at : at + 1]
        if SURROGATE.match(char):
            code = "lone_surrogate"
        elif _UNWRITABLE.match(char) and code != "whitespace":
            code = "control_character"
        self.fail(code, at)

    def fail(self, code: str, at: int) -> NoReturn:
        """Raise the error with the smaller position: this one, or that the text is too long."""
        max_chars = self.max_chars()
        if max_chars < len(self.text) and at >= max_chars:
            code, at = "path_too_long", max_chars
        limit = _LIMIT_BY_CODE.get(code)
        where = f"position {at} of the path {shorten(self.text)}"
        advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
        raise InvalidPathError(f"{CODES[code]}: {where}{advice}", code=code, path=self.text, position=at, limit=limit)

    def max_chars(self) -> int:
        """Return how many characters of the text are within `max_path_bytes`."""
        maximum = self.limits.max_path_bytes
        return len(self.text) if maximum is None else fitting_chars(self.text, maximum)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where a match of `pattern` at `at` ends; `at` without a match."""
    match = pattern.match(text, at)
    return match.end() if match else at


def fitting_chars(text: str, max_bytes: int) -> int:
    """Return how many characters of `text`, from its start, fit in `max_bytes` of UTF-8."""
    head = text[: max_bytes + 1].encode("utf-8", "surrogatepass")
    if len(head) <= max_bytes:
        return len(text)
    # Each character has exactly one byte that is not a continuation byte; the last such byte begins the excess.
    return len(head[: max_bytes + 1].translate(None, _CONTINUATION_BYTES)) - 1
