r"""From the text of a pattern to its segments.

A pattern names any number of locations, before they exist. `compile_pattern` reads one into a `Pattern`, a tuple of
segments: each says which steps to take from a location. Does not know documents.

jsonpath-ng parses; the meaning is RFC 9535's. The parser reads this module's tokens, not the text: the lexer of
jsonpath-ng loses the escapes of quoted names, accepts `[01]` and other scripts' digits as indexes, refuses names such
as `naïve`, `2fa`, `$ref` and `where`, and costs ten times the parser (550 against 45 microseconds). A selector is one
token, because its grammar has no unions of names with indexes or slices. Only this module imports jsonpath-ng, and only
when the first pattern is compiled.

    pattern   =  "$" *segment / ( name / quoted / "*" / bracket ) *segment       ; the same with and without "$"
    segment   =  *blank ( ( "." / ".." ) ( name / quoted / "*" ) / [ "." / ".." ] bracket )
    bracket   =  "[" *blank selector *( *blank "," *blank selector ) *blank "]"
    selector  =  quoted / "*" / index / slice
    slice     =  [ index ] ":" [ index ] [ ":" [ index ] ]                       ; blanks also around ":"
    name      =  1*( ALPHA / DIGIT / "_" / "-" / "$" / "@" / any character beyond U+007F )
                 ; which does not begin with "-", nor under "$" with a DIGIT, and is not "$" or "@"

`index`, `quoted` and `blank` are those of `parser`: a path with such names, and any normalized path, is a pattern.
Names, `*`, indexes, slices and `..` mean what RFC 9535 says. The `0` of `a.0` is a name, as in a path. `$.a.0` is
refused, as in RFC 9535: other dialects of JSONPath take the `0` for an index, while here it would select nothing. Other
names outside RFC 9535, such as those in `$.first-name` and `$..@type`, mean the same in all dialects and are allowed.

Invariants: any text is compiled or raises `InvalidPatternError`, and nothing else. The error names the first wrong part
from the left, except that a text that is too long is refused before it is read.

Specification: RFC 9535, sections 2.3 (selectors) and 2.5 (segments).

Cost: linear in the text, without recursion; 100 microseconds for five segments. Short texts are remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeAlias, final

from .._errors import CODES, InvalidPathError, InvalidPatternError, shorten
from .._limits import Limits
from .parser import MAX_INDEX, MAX_INDEX_DIGITS, NUMBER, PathReader, fitting_chars
from .path import Path

__all__ = ["EVERY", "Every", "Pattern", "Segment", "Selector", "compile_pattern"]

_DEFAULT_LIMITS: Final = Limits()
_MAX_KNOWN_PATTERNS: Final = 1024
_MAX_KNOWN_CHARS: Final = 256  # as in `path`: this keeps the cache small


class Every(Enum):
    """The type of `EVERY`."""

    EVERY = "*"


EVERY: Final = Every.EVERY
"""The wildcard: it selects every member and every item."""

Selector: TypeAlias = str | int | range | Every
"""A name, an index, the indexes of a slice, or `EVERY`."""


@final
class Segment:
    """The steps to take from a location: those that any of the `selectors` selects. The selectors are distinct.

    With `descends`, they are taken from the location itself and from every location below it. Do not change a segment.
    """

    # A plain class: attrs or NamedTuple would add 0.3 milliseconds to the import.
    __slots__ = ("descends", "selectors")

    def __init__(self, selectors: tuple[Selector, ...], *, descends: bool = False) -> None:
        self.descends = descends
        self.selectors = selectors


@final
class Pattern:
    """A pattern: its `text` as received, and its `segments` from the root down. It is shared; do not change it."""

    __slots__ = ("segments", "text")

    def __init__(self, text: str, segments: tuple[Segment, ...]) -> None:
        self.text = text
        self.segments = segments


def compile_pattern(text: object, *, limits: Limits = _DEFAULT_LIMITS) -> Pattern:
    """Read the text of a pattern; `$` is the root. A `Path` is the pattern of its one location.

    `limits` restricts its bytes in UTF-8 (`max_path_bytes`) and its segments (`max_depth`).

    Raises `InvalidPatternError` for a text that is not a pattern (`bad_pattern`) or that can't be decided while the
    document grows (`undecidable`); `part` is the refused part, and `position` its index in the text.
    """
    if isinstance(text, Path):
        text = text.normalized
    if not isinstance(text, str):
        part = shorten(text)
        message = f"a pattern must be text, such as 'people[*].name', not {part}"
        raise InvalidPatternError(message, pattern=text, part=part)
    text = str.__str__(text)  # for a subclass, such as an enum's member, its plain text
    return (_remembered if len(text) <= _MAX_KNOWN_CHARS else _compile)(text, limits)


def _compile(text: str, limits: Limits) -> Pattern:
    from jsonpath_ng.exceptions import JsonPathParserError  # noqa: PLC0415 - see the module's docstring

    lexer = _Lexer(text, limits)
    try:
        tree = _parser().parse_token_stream(lexer.tokens())
    except JsonPathParserError:
        lexer.fail_at_last()
    return Pattern(text, tuple(_segments(tree)))


_remembered: Final = lru_cache(_MAX_KNOWN_PATTERNS)(_compile)


@lru_cache(1)
def _parser() -> Any:
    from jsonpath_ng.parser import JsonPathParser  # noqa: PLC0415 - see the module's docstring

    return JsonPathParser()  # made once, because that takes 300 microseconds; it keeps only the last input it parsed


def _segments(tree: object) -> Iterator[Segment]:
    # Only the order of the tree's leaves matters, so it makes no difference that "." binds more tightly than "..".
    from jsonpath_ng.jsonpath import Child, Descendants, Fields  # noqa: PLC0415 - as above

    pending: list[tuple[object, bool]] = [(tree, False)]
    while pending:
        node, descends = pending.pop()
        if isinstance(node, Child | Descendants):
            pending += [(node.right, isinstance(node, Descendants)), (node.left, descends)]
        elif isinstance(node, Fields):
            selectors: dict[Selector, None] = dict.fromkeys(node.fields)  # a repeated selector adds nothing
            selectors.pop(_NO_INDEXES, None)  # all empty ranges are equal
            yield Segment(tuple(selectors), descends=descends)
        # Any other node is the root mark, which takes no step.


# ---- from text to tokens ----

_WORD: Final = r"[0-9A-Za-z_$@\x80-\ud7ff\ue000-\U0010ffff-]+"

# Compiled on first use, because it would add half a millisecond to the import; `re` caches it.
_TOKEN: Final = rf"""(?x)
    (?P<blank> [ \t\n\r]+ ) |
    (?P<mark> \A\$(?!{_WORD}) | \.\. | [.\[\]*,:] ) |
    (?P<word> {_WORD} ) |
    (?P<quote> ['"] )
"""

_SLICE: Final = rf"""(?x)
    ({_WORD})?+ [ \t\n\r]*+ : [ \t\n\r]*+ ({_WORD})?+ (?: [ \t\n\r]*+ : [ \t\n\r]*+ ({_WORD})?+ )?+
"""

# The extent of an operation: anything that is not a token.
_OPERATION: Final = r"(?s)\?(?:[^\[\]]|\[[^\[\]]*\]?)*|\([^)\]]*\)?|`[^`]*`?|where(?:not)?\b|."

_NO_INDEXES: Final = range(0)
_DIGITS: Final = "0123456789"

# To the parser each selector is a name: its grammar has `fields : fields ',' fields`, for any names.
_MARKS: Final[dict[str, tuple[str, Selector]]] = {"..": ("DOUBLEDOT", ".."), "*": ("ID", EVERY)}

_QUOTE_IT: Final = "a name with characters other than letters, digits, '_', '-', '$' and '@' needs ['...']"
_LATE: Final = "can't be decided while the document grows"
_UNDECIDABLE: Final = {
    **dict.fromkeys([*"(`@&~", "where", "wherenot"], f"an operator or expression {_LATE}"),
    **dict.fromkeys("+-*/", f"arithmetic {_LATE}; {_QUOTE_IT}"),
    "?": f"a filter {_LATE}; omit it, and test each value that is reported",
    "|": "alternatives are separate patterns; register each",
}


class _Token:
    """A token with the attributes that the parser reads; the parser may set `lexer`."""

    __slots__ = ("col", "lexer", "lexpos", "lineno", "type", "value")

    def __init__(self, type: str, value: Selector, at: int) -> None:
        self.type = type
        self.value = value
        self.lineno = 1
        self.col = self.lexpos = at


class _Lexer:
    """Cuts the text into tokens as the parser requests them, and reports the first error of lexer or parser."""

    __slots__ = ("at", "bracket", "is_rooted", "last", "limits", "text")

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.at = 0  # position of the last token
        self.last = ""  # its text; "" at the start and at the end
        self.bracket = -1  # position of the open bracket, -1 outside brackets
        self.is_rooted = False  # the text begins with the root mark

    def tokens(self) -> Iterator[_Token]:
        text, end, limits = self.text, len(self.text), self.limits
        if limits.max_path_bytes is not None and (fitting := fitting_chars(text, limits.max_path_bytes)) < end:
            self.fail("a pattern has at most Limits.max_path_bytes bytes", fitting, text[fitting:])
        match_token, match_slice = re.compile(_TOKEN).match, re.compile(_SLICE).match
        at = depth = 0
        while at < end:
            match = match_token(text, at)
            if match is None or match[0] == "@":
                part, reason = self.operation(at)
                self.fail(reason or _QUOTE_IT, at, part, code="undecidable" if reason else "bad_pattern")
            start, at, kind, piece = at, match.end(), match.lastgroup, match[0]
            is_inside = self.bracket >= 0
            if kind == "blank":
                self.check_blank(start, at)
                continue
            if kind == "quote":
                name, at = self.quoted(start, piece)
                token = _Token("ID", name, start)
            elif is_inside and (bounds := match_slice(text, start)):
                token, at = _Token("ID", self.slice(bounds), start), bounds.end()
            elif kind == "mark":
                token = self.mark(start, piece)
            elif is_inside:
                token = _Token("ID", self.number(start, piece), start)
            else:
                token = _Token("ID", self.name(start, piece), start)
            self.at, self.last = start, text[start:at]
            if token.type == "[" or (token.type == "ID" and not is_inside):
                depth += 1
                if depth - 1 == limits.max_depth:
                    self.fail("a pattern has at most Limits.max_depth segments", start, self.last)
            yield token
        self.at, self.last = end, ""

    def mark(self, at: int, mark: str) -> _Token:
        if mark == "$":
            self.is_rooted = True
        elif mark == "[":
            self.bracket = at
        elif mark == "]":
            self.bracket = -1
        elif mark in {",", ":"} and self.bracket < 0:
            self.fail(f"unions and slices need brackets; {_QUOTE_IT}", at, mark)
        return _Token(*_MARKS.get(mark, (mark, mark)), at)

    def name(self, at: int, name: str) -> str:
        if name == "$" or name[0] == "-":
            self.fail("a name that is only '$', or begins with '-', needs ['...']", at, name)
        # RFC 9535, section 2.5.1.1: name-first = ALPHA / "_" / %x80-D7FF / %xE000-10FFFF
        if self.is_rooted and name[0] in _DIGITS:
            begins = "in a pattern that begins with '$', a name that begins with a digit"
            self.fail(f"{begins} needs ['...'], and an index needs [...]", at, name)
        return name

    def quoted(self, at: int, quote: str) -> tuple[str, int]:
        try:
            return PathReader(self.text, self.limits).quoted(at + 1, quote)
        except InvalidPathError as error:
            end = error.position or 0
            end += 6 if self.text.startswith("\\u", end) else 2
            self.fail(CODES[error.code], at, self.text[at:end])

    def slice(self, bounds: re.Match[str]) -> range:
        # Read all words, even if the slice selects nothing: the first wrong one is the error.
        start, end, step = [
            None if word is None else self.number(bounds.start(group), word)
            for group, word in enumerate(bounds.groups(), 1)
        ]
        if step == 0:
            # RFC 9535, section 2.3.4.2.2: "When step is 0, no elements are selected"
            return _NO_INDEXES
        return range(start or 0, MAX_INDEX + 1 if end is None else end, step or 1)

    def number(self, at: int, word: str) -> int:
        number = NUMBER.fullmatch(word)
        if not number:
            self.fail(CODES["bad_index" if word[0] == "-" or word[0].isdigit() else "unquoted_name"], at, word)
        sign, digits = number.groups()
        if digits[0] == "0" and word != "0":
            self.fail(CODES["leading_zero"], at, word)
        if sign:
            self.fail(f"an index from the end {_LATE}; numbers are not negative", at, word, code="undecidable")
        if len(digits) > MAX_INDEX_DIGITS or (index := int(digits)) > MAX_INDEX:
            self.fail(CODES["index_too_large"], at, word)
        return index

    def check_blank(self, at: int, end: int) -> None:
        # RFC 9535, section 2.1.1: segments = *(S segment); in brackets, blanks are allowed anywhere
        after = self.text[end : end + 1]
        if self.bracket >= 0 or (self.last not in {"", ".", ".."} and after in {".", "["}):
            return
        part, reason = self.operation(end)
        if reason:
            self.fail(reason, end, part, code="undecidable")
        is_in_name = after and self.last not in {"", ".", "..", "]"}
        self.fail(_QUOTE_IT if is_in_name else CODES["whitespace"], at, self.text[at:end])

    # ---- errors ----

    def operation(self, at: int) -> tuple[str, str | None]:
        """Return the text at `at`, which is not an allowed token, and why it is undecidable; None if it is not."""
        match = re.compile(_OPERATION).match(self.text, at)
        part = match[0] if match else ""
        return part, _UNDECIDABLE.get(part, _UNDECIDABLE.get(part[:1]))

    def fail_at_last(self) -> NoReturn:
        """Fail at the last token, which the parser rejected."""
        text, at, last, bracket = self.text, self.at, self.last, self.bracket
        if not text:
            self.fail("the root is '$'", 0, "")
        if not last and bracket >= 0:
            self.fail(CODES["unbalanced"], bracket, text[bracket:])
        if not last:
            at = len(text.rstrip("."))
            self.fail(CODES["trailing_dot"], at, text[at:])
        if at == 0 and last[0] == ".":
            self.fail("a pattern can't begin with a dot; put '$' before it", at, last)
        if last == "]" and text[:at].rstrip().endswith("["):
            self.fail("the brackets are empty; '[*]' selects each item", at, last)
        self.fail("it is not allowed here" + ("" if bracket >= 0 or last[0] in ".[]" else f"; {_QUOTE_IT}"), at, last)

    def fail(self, reason: str, at: int, part: str, *, code: str = "bad_pattern") -> NoReturn:
        message = f"{shorten(part)} at position {at} of the pattern {shorten(self.text)}: {reason}"
        raise InvalidPatternError(message, code=code, pattern=self.text, part=part, position=at) from None
