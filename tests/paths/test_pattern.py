"""Patterns: which texts compile, which are refused and where, how jsonpath-ng reads the same texts, and the cost."""

from __future__ import annotations

import enum
import json
import subprocess
import sys
from importlib.metadata import version
from itertools import chain
from pathlib import Path as FilePath
from typing import Any

import jsonpath_ng
import pytest
from hypothesis import given, strategies as st

from rfc9535 import Query, Selector as RFCSelector, Spelled, Step, select, spelled
from streamjson._errors import CODES, InvalidPathError, InvalidPatternError, shorten
from streamjson._limits import Limits
from streamjson._paths import pattern as _pattern
from streamjson._paths.path import parse_path
from streamjson._paths.pattern import EVERY, Pattern, Segment, Selector, compile_pattern

UNLIMITED = Limits.unlimited()
MAX_INDEX = 2**53 - 1
PATHS = json.loads((FilePath(__file__).parents[1] / "vectors" / "paths.json").read_text(encoding="utf-8"))


class Name(enum.StrEnum):
    PEOPLE = "people[*]"


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    _pattern._remembered.cache_clear()


def facts(segment: Segment) -> tuple[bool, tuple[Selector, ...]]:
    return segment.descends, segment.selectors


def one(*selectors: Selector, descends: bool = False) -> Any:
    return descends, selectors


def part(start: int, end: int, step: int = 1, *, descends: bool = False) -> Any:
    return one(range(start, end, step), descends=descends)


NOTHING: Any = one()
ALL: Any = one(EVERY)
ALL_BELOW: Any = one(EVERY, descends=True)


def error_of(text: Any, limits: Limits = UNLIMITED) -> InvalidPatternError:
    with pytest.raises(InvalidPatternError) as caught:
        compile_pattern(text, limits=limits)
    return caught.value


def outcome(text: str) -> Pattern | InvalidPatternError:
    try:
        return compile_pattern(text, limits=UNLIMITED)
    except InvalidPatternError as error:
        return error


# ---- texts that compile ----


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        pytest.param("$", [], id="root"),
        pytest.param("a", [one("a")], id="name"),
        pytest.param("$.a", [one("a")], id="name-under-the-root"),
        pytest.param("people[*].name", [one("people"), ALL, one("name")], id="wildcard-in-brackets"),
        pytest.param("a.*.b", [one("a"), ALL, one("b")], id="wildcard-after-a-dot"),
        pytest.param("*", [ALL], id="wildcard-first"),
        pytest.param("[*]", [ALL], id="wildcard-first-in-brackets"),
        pytest.param("$..*", [ALL_BELOW], id="every-descendant"),
        pytest.param("$..[*]", [ALL_BELOW], id="every-descendant-in-brackets"),
        pytest.param("$..price", [one("price", descends=True)], id="descendant"),
        pytest.param("a..b", [one("a"), one("b", descends=True)], id="descendant-of-a-name"),
        pytest.param("a..b.c..d[0]", [one("a"), one("b", descends=True), one("c"), one("d", descends=True), one(0)],
                     id="names-among-descendants"),
        pytest.param("$..[0]", [one(0, descends=True)], id="descendant-index"),
        pytest.param("$..['a','b']", [one("a", "b", descends=True)], id="descendant-union"),
        pytest.param("$..[1:]", [part(1, 2**53, descends=True)], id="descendant-slice"),
        pytest.param("items[0]", [one("items"), one(0)], id="index"),
        pytest.param(f"[{MAX_INDEX}]", [one(MAX_INDEX)], id="largest-index"),
        pytest.param("[2,0,2]", [one(2, 0)], id="union-of-indexes-each-once-in-its-order"),
        pytest.param('["a",\'b\'].c', [one("a", "b"), one("c")], id="union-of-names"),
        pytest.param("['a',*]", [one("a", EVERY)], id="union-of-name-and-wildcard"),
        pytest.param("[*,0]", [one(EVERY, 0)], id="union-of-wildcard-and-index"),
        pytest.param("['a',0]", [one("a", 0)], id="union-of-name-and-index"),
        pytest.param("['0',0]", [one("0", 0)], id="digits-are-a-name-and-an-index"),
        pytest.param("[1,5:7]", [one(1, range(5, 7))], id="union-of-index-and-slice"),
        pytest.param("[5:7,1,::2]", [one(range(5, 7), 1, range(0, 2**53, 2))], id="union-of-slices-and-index"),
        pytest.param("$..['a',1:,*].b", [one("a", range(1, 2**53), EVERY, descends=True), one("b")],
                     id="descendant-union-of-three-kinds"),
        pytest.param("[1:3:2,1:2,1:2:9]", [one(range(1, 2))], id="slices-of-the-same-indexes-are-one"),
        pytest.param("[:]", [part(0, 2**53)], id="slice-of-all"),
        pytest.param("[::]", [part(0, 2**53)], id="slice-of-all-with-two-colons"),
        pytest.param("[0:3]", [part(0, 3)], id="slice"),
        pytest.param("[:3]", [part(0, 3)], id="slice-from-the-start"),
        pytest.param("[2:]", [part(2, 2**53)], id="slice-to-the-end"),
        pytest.param("[1:9:2]", [part(1, 9, 2)], id="slice-with-a-step"),
        pytest.param("[::2]", [part(0, 2**53, 2)], id="slice-with-only-a-step"),
        pytest.param("[0:0]", [NOTHING], id="empty-slice"),
        pytest.param("[3:1]", [NOTHING], id="slice-that-ends-before-it-begins"),
        pytest.param("[1:9:0]", [NOTHING], id="slice-with-step-zero"),
        pytest.param("[0:0,'a',::0]", [one("a")], id="empty-slices-in-a-union"),
        pytest.param("['*']", [one("*")], id="quoted-star-is-a-name"),
        pytest.param(r"['\u0041\ud83d\ude00\'\n']", [one("A\U0001f600'\n")], id="escapes"),
        pytest.param("['a b,c|d']", [one("a b,c|d")], id="quoted-operators"),
        pytest.param("['']", [one("")], id="empty-name"),
        pytest.param("'a b'.\"c d\"", [one("a b"), one("c d")], id="quoted-without-brackets-as-in-a-path"),
        pytest.param("a.0", [one("a"), one("0")], id="digits-after-a-dot-are-a-name"),
        pytest.param("2fa.1_0", [one("2fa"), one("1_0")], id="names-that-begin-with-a-digit"),
        pytest.param("$['1'].a1.$ref.a-b", [one("1"), one("a1"), one("$ref"), one("a-b")],
                     id="names-under-the-root-that-do-not-begin-with-a-digit"),
        pytest.param("$ref.1", [one("$ref"), one("1")], id="digits-after-a-name-that-begins-like-the-root"),
        pytest.param("$ref.$$.@type", [one("$ref"), one("$$"), one("@type")], id="names-that-begin-with-a-sign"),
        pytest.param("a-b.c@d$", [one("a-b"), one("c@d$")], id="signs-inside-a-name"),
        pytest.param("naïve.名前", [one("naïve"), one("名前")], id="names-beyond-ascii"),
        pytest.param("where.wherenot", [one("where"), one("wherenot")], id="words-of-jsonpath-ng-are-names"),
        pytest.param("a.['b'].[0]", [one("a"), one("b"), one(0)], id="dots-before-brackets"),
        pytest.param("$ .a\t['b']\n[0] ..c", [one("a"), one("b"), one(0), one("c", descends=True)],
                     id="blanks-between-segments"),
        pytest.param("[ 'a' ,\n0 , 1\t:\r2 ][ 0 ][\t1 : 5 : 2 ][ * ][ : ]",
                     [one("a", 0, range(1, 2)), one(0), part(1, 5, 2), ALL, part(0, 2**53)], id="blanks-in-brackets"),
    ],
)  # fmt: skip
def test_compiles(text: str, segments: list[Any]) -> None:
    pattern = compile_pattern(text)
    assert type(pattern) is Pattern
    assert pattern.text == text
    assert type(pattern.segments) is tuple
    assert [facts(segment) for segment in pattern.segments] == segments


def test_str_subclass_is_read_as_its_plain_text() -> None:
    pattern = compile_pattern(Name.PEOPLE)
    assert type(pattern.text) is str
    assert [facts(segment) for segment in pattern.segments] == [one("people"), ALL]


# ---- texts that are refused ----


@pytest.mark.parametrize(
    ("text", "part", "position", "words"),
    [
        pytest.param("a[?(@.x>1)].b", "?(@.x>1)", 2, "a filter", id="filter"),
        pytest.param("a[ ?@['x'] ]", "?@['x'] ", 3, "test each value", id="filter-with-brackets"),
        pytest.param("[?@[", "?@[", 1, "a filter", id="open-filter"),
        pytest.param("a[(@.length-1)]", "(@.length-1)", 2, "an operator or expression", id="script"),
        pytest.param("(a.b).c", "(a.b)", 0, "an operator or expression", id="parentheses"),
        pytest.param("a.(b", "(b", 2, "an operator or expression", id="open-parenthesis"),
        pytest.param("a.`parent`", "`parent`", 2, "an operator or expression", id="parent"),
        pytest.param("`this`.a", "`this`", 0, "an operator or expression", id="this"),
        pytest.param("a.`len`", "`len`", 2, "an operator or expression", id="operator-of-the-extended-grammar"),
        pytest.param("a.`len", "`len", 2, "an operator or expression", id="open-operator"),
        pytest.param("a where b", "where", 2, "an operator or expression", id="where"),
        pytest.param("a wherenot b", "wherenot", 2, "an operator or expression", id="wherenot"),
        pytest.param("a|b", "|", 1, "register each", id="alternatives"),
        pytest.param("a | b", "|", 2, "register each", id="alternatives-with-blanks"),
        pytest.param("a&b", "&", 1, "an operator or expression", id="intersection"),
        pytest.param("a~", "~", 1, "an operator or expression", id="name-of-a-member"),
        pytest.param("@.a", "@", 0, "an operator or expression", id="current-node"),
        pytest.param("[@]", "@", 1, "an operator or expression", id="current-node-in-brackets"),
        pytest.param("a+b", "+", 1, "arithmetic", id="sum"),
        pytest.param("a - b", "-", 2, "arithmetic", id="difference"),
        pytest.param("a * b", "*", 2, "arithmetic", id="product"),
        pytest.param("a/b", "/", 1, "needs ['...']", id="quotient"),
        pytest.param("a[-1]", "-1", 2, "an index from the end", id="index-from-the-end"),
        pytest.param("a[-2:]", "-2", 2, "an index from the end", id="slice-from-the-end"),
        pytest.param("a[1:-1]", "-1", 4, "an index from the end", id="slice-up-to-the-end"),
        pytest.param("a[::-1]", "-1", 4, "an index from the end", id="slice-backwards"),
        pytest.param("[0,-1]", "-1", 3, "an index from the end", id="union-from-the-end"),
        pytest.param("['a',1:-1]", "-1", 7, "an index from the end", id="union-with-a-slice-up-to-the-end"),
        pytest.param("['a', ?@.b]", "?@.b", 6, "a filter", id="union-with-a-filter"),
    ],
)
def test_undecidable_pattern_is_refused(text: str, part: str, position: int, words: str) -> None:
    error = error_of(text)
    assert (error.code, error.part, error.position) == ("undecidable", part, position)
    assert words in str(error)


@pytest.mark.parametrize(
    ("text", "part", "position", "words"),
    [
        pytest.param("", "", 0, "the root is '$'", id="empty"),
        pytest.param(" ", " ", 0, CODES["whitespace"], id="blank"),
        pytest.param(" a", " ", 0, CODES["whitespace"], id="blank-first"),
        pytest.param("a\n", "\n", 1, CODES["whitespace"], id="blank-last"),
        pytest.param("first name", " ", 5, "a name with characters other than", id="blank-in-a-name"),
        pytest.param("a. b", " ", 2, CODES["whitespace"], id="blank-after-a-dot"),
        pytest.param("$.. [0]", " ", 3, CODES["whitespace"], id="blank-after-two-dots"),
        pytest.param("a whereas", " ", 1, "a name with characters other than", id="word-that-only-begins-like-where"),
        pytest.param(".a", ".", 0, "put '$' before", id="dot-first"),
        pytest.param("..a", "..", 0, "put '$' before", id="two-dots-first"),
        pytest.param("a.", ".", 1, CODES["trailing_dot"], id="dot-last"),
        pytest.param("$..", "..", 1, CODES["trailing_dot"], id="two-dots-last"),
        pytest.param("a...b", ".", 3, "is not allowed here", id="three-dots"),
        pytest.param("a[0", "[0", 1, CODES["unbalanced"], id="open-bracket"),
        pytest.param("a['b", "'b", 2, CODES["unbalanced"], id="open-quote"),
        pytest.param("it's", "'s", 2, CODES["unbalanced"], id="quote-in-a-name"),
        pytest.param("]", "]", 0, "is not allowed here", id="stray-bracket"),
        pytest.param("a[]", "]", 2, "the brackets are empty", id="empty_brackets"),
        pytest.param("[[0]]", "[", 1, "is not allowed here", id="bracket-in-a-bracket"),
        pytest.param("[0]a", "a", 3, "is not allowed here", id="name-after-a-bracket"),
        pytest.param("$'a'", "'a'", 1, "is not allowed here", id="quote-after-the-root"),
        pytest.param("a*b", "*", 1, "needs ['...']", id="star-in-a-name"),
        pytest.param("[0 1]", "1", 3, "is not allowed here", id="two-indexes"),
        pytest.param("['a':'b']", ":", 4, "is not allowed here", id="slice-of-names"),
        pytest.param("[1.5]", ".", 2, "is not allowed here", id="fraction"),
        pytest.param("[b]", "b", 1, CODES["unquoted_name"], id="name-without-quotes"),
        pytest.param("[$]", "$", 1, CODES["unquoted_name"], id="root-in-brackets"),
        pytest.param("a.$.b", "$", 2, "needs ['...']", id="root-in-the-middle"),
        pytest.param("$..$", "$", 3, "needs ['...']", id="root-below-the-root"),
        pytest.param("a.-1", "-1", 2, "needs ['...']", id="name-that-begins-with-a-minus"),
        pytest.param("$.1", "1", 2, "an index needs [...]", id="digits-under-the-root"),
        pytest.param("$.a.0.b", "0", 4, "an index needs [...]", id="digits-further-under-the-root"),
        pytest.param("$..0", "0", 3, "an index needs [...]", id="digits-anywhere-under-the-root"),
        pytest.param(
            "$['a'] .2fa", "2fa", 8, "an index needs [...]", id="name-under-the-root-that-begins-with-a-digit"
        ),
        pytest.param("a,b", ",", 1, "need brackets", id="union-without-brackets"),
        pytest.param("a:b", ":", 1, "need brackets", id="colon-in-a-name"),
        pytest.param("a;b", ";", 1, "needs ['...']", id="sign-in-a-name"),
        pytest.param("a)", ")", 1, "needs ['...']", id="stray-parenthesis"),
        pytest.param("a\x00b", "\x00", 1, "needs ['...']", id="control-character-in-a-name"),
        pytest.param("\ud83d", "\ud83d", 0, "needs ['...']", id="lone-surrogate"),
        pytest.param("['\ud83d']", "'\ud83d'", 1, CODES["lone_surrogate"], id="quoted-lone-surrogate"),
        pytest.param(r"['a\ud83d']", r"'a\ud83d", 1, CODES["lone_surrogate"], id="escaped-lone-surrogate"),
        pytest.param(r"['a\x']", r"'a\x", 1, CODES["bad_escape"], id="unknown-escape"),
        pytest.param(r"['a\U0041']", r"'a\U", 1, CODES["bad_escape"], id="escape-with-a-capital"),
        pytest.param("['a\tb']", "'a\tb", 1, CODES["control_character"], id="control-character-in-quotes"),
        pytest.param("[0,]", "]", 3, "is not allowed here", id="union-without-its-last-selector"),
        pytest.param("[,0]", ",", 1, "is not allowed here", id="union-without-its-first-selector"),
        pytest.param("[0,,1]", ",", 3, "is not allowed here", id="two-commas"),
        pytest.param("[0:1:2:3]", ":3", 6, "is not allowed here", id="slice-of-four-numbers"),
        pytest.param("[0:1 2]", "2", 5, "is not allowed here", id="index-after-a-slice"),
        pytest.param("[0,b:1]", "b", 3, CODES["unquoted_name"], id="slice-from-a-name"),
        pytest.param("[0,1:01:x]", "01", 5, CODES["leading_zero"], id="first-wrong-bound"),
        pytest.param("['a,b' 0]", "0", 7, "is not allowed here", id="a-quoted-comma-is-not-a-union"),
        pytest.param("[01]", "01", 1, CODES["leading_zero"], id="leading_zero"),
        pytest.param("[-0]", "-0", 1, CODES["leading_zero"], id="minus-zero"),
        pytest.param("[00:1]", "00", 1, CODES["leading_zero"], id="leading-zero-in-a-slice"),
        pytest.param("[1_0]", "1_0", 1, CODES["bad_index"], id="underscore-in-an-index"),
        pytest.param("[1e3]", "1e3", 1, CODES["bad_index"], id="exponent"),
        pytest.param("[-]", "-", 1, CODES["bad_index"], id="minus-alone"),
        pytest.param("[\u0663]", "\u0663", 1, CODES["bad_index"], id="other-digits"),
        pytest.param(f"[{MAX_INDEX + 1}]", str(MAX_INDEX + 1), 1, CODES["index_too_large"], id="index_too_large"),
        pytest.param("[" + "9" * 5000 + "]", "9" * 5000, 1, CODES["index_too_large"], id="index-of-5000-digits"),
        pytest.param(f"[:{2**53}]", str(2**53), 2, CODES["index_too_large"], id="end-too-large"),
        pytest.param("a[0].b[-1x].c[?", "-1x", 7, CODES["bad_index"], id="first-wrong-part"),
    ],
)
def test_bad_pattern_is_refused(text: str, part: str, position: int, words: str) -> None:
    error = error_of(text)
    assert (error.code, error.part, error.position) == ("bad_pattern", part, position)
    assert words in str(error)
    assert error.pattern == text


def test_path_is_the_pattern_of_its_location() -> None:
    path = parse_path("people[0].first name")

    assert [facts(segment) for segment in compile_pattern(path).segments] == [one(step) for step in path]


@pytest.mark.parametrize("text", [None, 5, b"a", ["a"], ("a",), 10**6000], ids=shorten)
def test_non_text_is_refused(text: Any) -> None:
    error = error_of(text)
    assert (error.code, error.part, error.position) == ("bad_pattern", shorten(text), None)
    assert error.pattern is text


@pytest.mark.parametrize(
    ("text", "limits", "part", "position"),
    [
        pytest.param("a.b", Limits(max_depth=1), "b", 2, id="name-too-many"),
        pytest.param("$..a[0]", Limits(max_depth=1), "[", 4, id="bracket-too-many"),
        pytest.param("['a']['b']", Limits(max_depth=1), "[", 5, id="quoted-name-too-many"),
        pytest.param("*.*", Limits(max_depth=1), "*", 2, id="wildcard-too-many"),
        pytest.param("abc", Limits(max_path_bytes=2), "c", 2, id="byte-too-many"),
        pytest.param("aé", Limits(max_path_bytes=2), "é", 1, id="character-across-the-limit"),
        pytest.param("-" * 5000, Limits(), "-" * 904, 4096, id="too-long-before-anything-else"),
    ],
)
def test_limits_are_applied(text: str, limits: Limits, part: str, position: int) -> None:
    error = error_of(text, limits)
    assert (error.code, error.part, error.position) == ("bad_pattern", part, position)
    assert "Limits.max_" in str(error)


def test_limits_count_segments_and_bytes_exactly() -> None:
    assert len(compile_pattern("['a','b','c']", limits=Limits(max_depth=1)).segments) == 1
    assert compile_pattern("é.é", limits=Limits(max_path_bytes=5, max_depth=2)).segments
    assert len(compile_pattern("a.b", limits=Limits(max_depth=2)).segments) == 2
    assert len(compile_pattern(".".join("a" * 2000), limits=UNLIMITED).segments) == 2000


def test_cached_pattern_is_refused_under_narrower_limits() -> None:
    assert compile_pattern("a.b.c") is compile_pattern("a.b.c")
    assert "max_depth" in str(error_of("a.b.c", Limits(max_depth=2)))
    assert "max_path_bytes" in str(error_of("a.b.c", Limits(max_path_bytes=4)))


def test_cache_is_bounded() -> None:
    for number in range(1100):
        compile_pattern(f"a[{number}]")
    assert _pattern._remembered.cache_info().currsize == 1024
    assert compile_pattern("x" * 256) is compile_pattern("x" * 256)
    assert compile_pattern("x" * 257) is not compile_pattern("x" * 257)


# ---- properties ----


def as_facts(query: Query) -> list[Any]:
    return [
        one(*dict.fromkeys(chain.from_iterable(map(as_selector, selectors))), descends=descends)
        for descends, selectors in query
    ]


def as_selector(selector: RFCSelector) -> list[Selector]:
    kind, *operands = selector
    if kind == "wild":
        return [EVERY]
    if kind != "slice":
        return operands
    start, end, step = operands
    indexes = range(0) if step == 0 else range(start or 0, 2**53 if end is None else end, step or 1)
    return [indexes] if indexes else []


@given(spelled())
def test_every_text_of_a_query_compiles_to_the_query(pattern: Spelled) -> None:
    segments = compile_pattern(pattern.text, limits=UNLIMITED).segments
    assert [facts(segment) for segment in segments] == as_facts(pattern.query)


PIECES = ["a", "b c", "$", ".", "..", "[", "]", "[0]", "[*]", "*", "'", '"', "['a']", ",", ":", "0", "-1", "01",
          "٣", "9" * 20, " ", "\t", "\n", "?", "(", ")", "@", "|", "&", "~", "`", "`this`", " where ", "+", "-", "/",
          "#", "\\", "\\u0041", "\x00", "é", "😀", "\ud83d", "\ude00"]  # fmt: skip
TEXTS = st.text() | st.text(st.sampled_from("$.[]*,:'\"0a-@?( \\")) | st.lists(st.sampled_from(PIECES)).map("".join)


@given(TEXTS)
def test_any_text_compiles_or_is_refused_with_its_wrong_part(text: str) -> None:
    result = outcome(text)
    if isinstance(result, InvalidPatternError):
        assert result.code in {"bad_pattern", "undecidable"}
        assert result.pattern == text
        assert result.position is not None
        assert text.startswith(result.part, result.position)
        assert result.part or not text
        assert len(str(result)) < 400
    else:
        assert result.text == text


@given(TEXTS | st.sampled_from([vector["path"] for vector in PATHS if "path" in vector]))
def test_every_normalized_path_is_a_pattern(text: str) -> None:
    try:
        path = parse_path(text, limits=UNLIMITED)
    except InvalidPathError:
        return
    segments = compile_pattern(path.normalized, limits=UNLIMITED).segments
    assert [facts(segment) for segment in segments] == [one(step) for step in path]
    assert [type(step) for segment in segments for step in segment.selectors] == list(map(type, path))


# ---- the same texts in jsonpath-ng's own `find` ----


def query_of(pattern: Pattern) -> Query:
    return [(segment.descends, list(map(rfc_selector, segment.selectors))) for segment in pattern.segments]


def rfc_selector(selector: Selector) -> RFCSelector:
    if isinstance(selector, range):
        return ("slice", selector.start, selector.stop, selector.step)
    if selector is EVERY:
        return ("wild",)
    return ("name" if isinstance(selector, str) else "index", selector)


ALWAYS, NEVER, SINCE_1_16 = (1, 10), (999,), (1, 16)
INSTALLED = tuple(map(int, version("jsonpath-ng").split(".")[:2]))


# A text, a document, the selected locations, and the first version of jsonpath-ng whose `find` agrees.
MEANINGS: list[tuple[str, Any, list[tuple[Step, ...]], tuple[int, ...]]] = [
    ("$", {"a": 1}, [()], ALWAYS),
    ("a", {"a": None}, [("a",)], ALWAYS),
    ("a.b", {"a": {"b": 1}}, [("a", "b")], ALWAYS),
    ("a.b", {"a": [{"b": 1}]}, [], ALWAYS),
    ("a.0", {"a": {"0": 1}}, [("a", "0")], ALWAYS),
    ("a.0", {"a": [1]}, [], ALWAYS),
    ("a[0]", {"a": {"0": 1}}, [], ALWAYS),
    ("a[*].b", {"a": [{"b": 1}, {"c": 2}]}, [("a", 0, "b")], ALWAYS),
    ("['a','b']", {"a": 1, "b": 2, "c": 3}, [("a",), ("b",)], ALWAYS),
    ("l[0,1]", {"l": [1, 2]}, [("l", 0), ("l", 1)], ALWAYS),
    ("l[::2]", {"l": [1, 2, 3]}, [("l", 0), ("l", 2)], ALWAYS),
    ("l[1:]", {"l": [1, 2, 3]}, [("l", 1), ("l", 2)], ALWAYS),
    ("l[1:1]", {"l": [1, 2]}, [], ALWAYS),
    ("l[9]", {"l": [1]}, [], ALWAYS),
    ("$..a", {"a": [{"a": 1}, 2]}, [("a",), ("a", 0, "a")], ALWAYS),
    ("$..a.b", {"a": {"b": 1}, "x": [{"a": {"b": 2}}]}, [("a", "b"), ("x", 0, "a", "b")], ALWAYS),
    ("$..['a','b']", {"a": {"b": 1}}, [("a",), ("a", "b")], ALWAYS),
    ("a[*]", {"a": {"x": 1, "y": 2}}, [("a", "x"), ("a", "y")], SINCE_1_16),
    ("a[:]", {"a": {"x": 1}}, [], SINCE_1_16),
    ("l.*", {"l": [1, 2]}, [("l", 0), ("l", 1)], SINCE_1_16),
    ("$..*", {"a": {"b": 1}, "l": [2]}, [("a",), ("l",), ("a", "b"), ("l", 0)], SINCE_1_16),
    ("$..[0]", {"a": [[1], 2]}, [("a", 0), ("a", 0, 0)], SINCE_1_16),
    ("['*']", {"*": 1, "b": 2}, [("*",)], SINCE_1_16),
    ("s[0]", {"s": "text"}, [], SINCE_1_16),
    ("s[*]", {"s": "text"}, [], SINCE_1_16),
    ("n[:]", {"n": 5}, [], SINCE_1_16),
    ("o[0:2]", {"o": {"x": 1}}, [], SINCE_1_16),
    ("l[::0]", {"l": [1, 2, 3]}, [], SINCE_1_16),
    ("['a',0]", {"a": 1, "0": 2}, [("a",)], NEVER),  # it has no unions of names with other selectors
    ("['a',0]", [1, 2], [(0,)], NEVER),
    ("l[1,0:3]", {"l": [1, 2, 3]}, [("l", 1), ("l", 0), ("l", 2)], NEVER),
    ("l[*,1]", {"l": [1, 2]}, [("l", 0), ("l", 1)], NEVER),
    (r"['\u0061']", {"a": 1, "u0061": 2}, [("a",)], NEVER),
    ("$..a..b", {"a": {"a": {"b": 2}}}, [("a", "a", "b")], NEVER),  # it repeats a node that is selected twice
    ("where.naïve", {"where": {"naïve": 1}}, [("where", "naïve")], NEVER),
    ("2fa", {"2fa": 1}, [("2fa",)], NEVER),
    ("$ref", {"$ref": 1}, [("$ref",)], NEVER),
]


@pytest.mark.parametrize(
    ("text", "document", "selected", "right_since"),
    [pytest.param(*row, id=f"{row[0]!a}-in-{json.dumps(row[1])}") for row in MEANINGS],
)
def test_meaning_is_that_of_rfc_9535(
    text: str, document: Any, selected: list[tuple[Step, ...]], right_since: tuple[int, ...]
) -> None:
    found = select(query_of(compile_pattern(text)), document)
    assert list(found) == selected
    if right_since <= INSTALLED:
        values = [match.value for match in jsonpath_ng.parse(text).find(document)]
        assert sorted(values, key=repr) == sorted(found.values(), key=repr)


# ---- cost ----


def test_first_pattern_imports_jsonpath_ng() -> None:
    program = "import sys, streamjson._paths.pattern as p; a = 'jsonpath_ng' in sys.modules; p.compile_pattern('a'); "
    program += "print(a, 'jsonpath_ng' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    ("head", "unit", "tail"),
    [
        pytest.param("a", ".b", "", id="names"),
        pytest.param("a", "..b", "", id="descendants"),
        pytest.param("a", "..b.c", "", id="both"),
        pytest.param("a", "[0]", "[", id="indexes-that-fail-at-the-end"),
        pytest.param("['", "\\n", "']", id="escapes"),
        pytest.param("[", "0,", "0]", id="union"),
        pytest.param("[", "0:1,'a',", "*]", id="union-of-all-kinds"),
        pytest.param("[", " : 1", "]", id="colons"),
        pytest.param("[0", " ", ":1]", id="blanks-in-a-slice"),
        pytest.param("[0:1", "0", " ]", id="digits-in-a-slice"),
        pytest.param("", "[", "", id="open-brackets"),
        pytest.param("[?", "[", "", id="open-brackets-in-a-filter"),
        pytest.param("", "(", "", id="open-parentheses"),
        pytest.param("", "`", "", id="backquotes"),
        pytest.param("a", " ", "b", id="blanks"),
        pytest.param("[", "9", "]", id="digits"),
    ],
)
def test_work_is_linear_in_the_text(head: str, unit: str, tail: str) -> None:
    """A text ten times as long takes about ten times the calls, and no deeper stack."""

    def work(count: int) -> tuple[int, int]:
        calls, depth, deepest = 0, 0, 0

        def count_call(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls, depth, deepest
            calls += event in {"call", "c_call"}
            depth += (event == "call") - (event == "return")
            deepest = max(deepest, depth)

        text = head + unit * count + tail
        before = sys.getprofile()
        sys.setprofile(count_call)
        try:
            outcome(text)
        finally:
            sys.setprofile(before)
        return calls, deepest

    work(200)  # imports on first use do not count
    small_calls, small_depth = work(201)
    large_calls, large_depth = work(2010)
    assert large_calls <= 11 * small_calls
    assert large_depth == small_depth
