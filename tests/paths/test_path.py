"""Paths: the vectors, the odd corners of the grammar, the bounds, and that every path comes back from its texts."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import re
import sys
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from streamjson._errors import CODES, InvalidPathError, shorten
from streamjson._limits import Limits
from streamjson._paths import path as _path
from streamjson._paths.path import Path, append_step, format_path, parse_path, strip_prefix

VECTORS = json.loads((FilePath(__file__).parents[1] / "vectors" / "paths.json").read_text(encoding="utf-8"))
UNLIMITED = Limits.unlimited()
MAX_INDEX = 2**53 - 1


class Name(enum.StrEnum):
    PEOPLE = "people[0]"
    HALF = "\ud83d"


class Index(enum.IntEnum):
    SECOND = 1


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    _path._known.clear()


def vector_text(vector: dict[str, Any]) -> Any:
    if "path" in vector:
        return vector["path"]
    repeat = vector["path_repeat"]
    return repeat["unit"] * repeat["count"] + repeat["tail"]


def error_of(text: Any, limits: Limits = UNLIMITED) -> InvalidPathError:
    with pytest.raises(InvalidPathError) as caught:
        parse_path(text, limits=limits)
    return caught.value


def outcome(text: str, limits: Limits) -> tuple[str, int | None] | Path:
    try:
        return parse_path(text, limits=limits)
    except InvalidPathError as error:
        return error.code, error.position


# ---- what parses, and what does not ----


@pytest.mark.parametrize(
    "vector", [pytest.param(vector, id=f"{number}-{vector['rule']}") for number, vector in enumerate(VECTORS)]
)
def test_vector(vector: dict[str, Any]) -> None:
    text = vector_text(vector)
    if "error" in vector:
        error = error_of(text, Limits())
        assert error.code == vector["error"]
        assert error.path == text
    else:
        path = parse_path(text)
        assert type(path) is Path
        assert list(path) == vector["segments"]
        assert list(map(type, path)) == list(map(type, vector["segments"]))
        assert parse_path(str(path)) == parse_path(path.normalized) == path


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        pytest.param("", [], id="empty-text-is-the-root"),
        pytest.param("$.a", ["a"], id="root-then-name"),
        pytest.param("$['a']", ["a"], id="root-then-bracket"),
        pytest.param("$$", ["$$"], id="two-dollars-are-a-name"),
        pytest.param("a.$", ["a", "$"], id="dollar-after-a-dot-is-a-name"),
        pytest.param("$.$.b", ["$", "b"], id="dollar-after-the-root-is-a-name"),
        pytest.param("$'a'", ["$'a'"], id="dollar-then-quote-is-a-name"),
        pytest.param("''", [""], id="dot-quoted-empty-name"),
        pytest.param("a.''", ["a", ""], id="dot-quoted-empty-name-after-a-dot"),
        pytest.param('"a\'b"[0]', ["a'b", 0], id="dot-quoted-with-double-quotes"),
        pytest.param("a.'*'.b", ["a", "*", "b"], id="dot-quoted-star"),
        pytest.param("[0].'a'['b'].[1].c", [0, "a", "b", 1, "c"], id="every-kind-of-step"),
        pytest.param("**", ["**"], id="two-stars-are-a-name"),
        pytest.param("a.0", ["a", "0"], id="digits-after-a-dot-are-a-name"),
        pytest.param("a.-1", ["a", "-1"], id="minus-after-a-dot-is-a-name"),
        pytest.param("[\r0 ]", [0], id="blanks-around-an-index"),
        pytest.param("[\t'a'\n]", ["a"], id="blanks-around-a-quoted-name"),
        pytest.param("\xa0a\xa0", ["\xa0a\xa0"], id="no-break-space-is-no-blank"),
        pytest.param("a\x7fb", ["a\x7fb"], id="delete-is-no-control-of-the-grammar"),
        pytest.param("\x85", ["\x85"], id="next-line-is-a-name"),
        pytest.param(f"[{MAX_INDEX}]", [MAX_INDEX], id="largest-index"),
        pytest.param("[999999999999999]", [999999999999999], id="index-of-15-digits"),
        pytest.param("[0]", [0], id="index-zero"),
        pytest.param(r"['\b\f\n\r\t\/\\\'']", ["\b\f\n\r\t/\\'"], id="every-escape-in-single-quotes"),
        pytest.param(r'["\b\f\n\r\t\/\\\""]', ['\b\f\n\r\t/\\"'], id="every-escape-in-double-quotes"),
        pytest.param(r"['\ud83d\ude00']", ["\U0001f600"], id="escaped-pair"),
        pytest.param(r"['\uDBFF\uDFFF']", ["\U0010ffff"], id="last-escaped-pair"),
        pytest.param(r"['\uD7FF\uE000']", ["\ud7ff\ue000"], id="beside-the-surrogates"),
        pytest.param("\ud7ff\ue000", ["\ud7ff\ue000"], id="beside-the-surrogates-bare"),
    ],
)
def test_parses(text: str, steps: list[str | int]) -> None:
    path = parse_path(text)
    assert list(path) == steps
    assert parse_path(str(path)) == parse_path(path.normalized) == path


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        pytest.param(".", "empty_segment", 0, id="dot-alone"),
        pytest.param("..", "descendant", 0, id="two-dots-alone"),
        pytest.param(".a", "leading_dot", 0, id="dot-first"),
        pytest.param(".*", "leading_dot", 0, id="dot-first-then-wildcard"),
        pytest.param("a..b", "descendant", 2, id="two-dots"),
        pytest.param("$..", "descendant", 2, id="two-dots-after-the-root"),
        pytest.param("a.", "trailing_dot", 2, id="dot-last"),
        pytest.param("a. ", "whitespace", 2, id="blank-for-a-name"),
        pytest.param(" ", "whitespace", 0, id="blank-alone"),
        pytest.param("\t a", "whitespace", 0, id="tab-first"),
        pytest.param("a\t", "whitespace", 1, id="tab-last"),
        pytest.param("a  .b", "whitespace", 1, id="blanks-before-a-dot"),
        pytest.param("a ]", "whitespace", 1, id="blank-before-a-stray-bracket"),
        pytest.param("* ", "whitespace", 1, id="blank-after-a-star"),
        pytest.param("$\t.a", "whitespace", 1, id="tab-after-the-root"),
        pytest.param("a[0]\t", "whitespace", 4, id="tab-after-a-bracket"),
        pytest.param("'a' .b", "whitespace", 3, id="blank-after-a-dot-quoted-name"),
        pytest.param("a\tb", "control_character", 1, id="tab-inside"),
        pytest.param("a\n", "control_character", 1, id="line-feed-last"),
        pytest.param("\ra", "control_character", 0, id="carriage-return-first"),
        pytest.param("a \n", "control_character", 2, id="line-feed-after-a-blank"),
        pytest.param("a[0]\n", "control_character", 4, id="line-feed-after-a-bracket"),
        pytest.param("a[\x00]", "control_character", 2, id="nul-in-brackets"),
        pytest.param("a[0\x1f]", "control_character", 3, id="control-after-an-index"),
        pytest.param("a['b'\x01]", "control_character", 5, id="control-after-a-quoted-name"),
        pytest.param("'a\tb'", "control_character", 2, id="tab-in-quotes"),
        pytest.param("\ud83d", "lone_surrogate", 0, id="raw-half"),
        pytest.param("\ud83d\ude00", "lone_surrogate", 0, id="two-raw-halves-are-no-character"),
        pytest.param("['\ude00']", "lone_surrogate", 2, id="raw-half-in-quotes"),
        pytest.param("['\\ud83d\ude00']", "lone_surrogate", 2, id="escaped-half-then-raw-half"),
        pytest.param(r"['\ud83d\x']", "lone_surrogate", 2, id="escaped-half-then-bad-escape"),
        pytest.param(r"['\ud83d\ud83d\ude00']", "lone_surrogate", 2, id="escaped-half-before-a-pair"),
        pytest.param("a[0]\udc00", "lone_surrogate", 4, id="raw-half-after-a-bracket"),
        pytest.param("[\udc00]", "lone_surrogate", 1, id="raw-half-in-brackets"),
        pytest.param("a*.*", "wildcard", 3, id="star-for-a-name"),
        pytest.param("*[0]", "wildcard", 0, id="star-before-a-bracket"),
        pytest.param("[*]", "wildcard", 1, id="star-in-brackets"),
        pytest.param("[*", "wildcard", 1, id="star-in-an-open-bracket"),
        pytest.param("[?", "filter", 1, id="open-filter"),
        pytest.param("[(", "script", 1, id="open-script"),
        pytest.param("[:]", "slice", 1, id="slice-without-bounds"),
        pytest.param("[0 :", "slice", 3, id="slice-with-a-blank"),
        pytest.param("[00:1]", "slice", 3, id="slice-before-leading-zero"),
        pytest.param("[,0]", "union", 1, id="comma-first"),
        pytest.param("[0,]", "union", 2, id="comma-after-an-index"),
        pytest.param("[-1,0]", "union", 3, id="comma-after-a-negative-index"),
        pytest.param("['a' ,0]", "union", 5, id="comma-after-a-quoted-name"),
        pytest.param("[]", "empty_brackets", 1, id="no-index"),
        pytest.param("[\n]", "empty_brackets", 2, id="blank-for-an-index"),
        pytest.param("[-1", "negative_index", 1, id="open-negative-index"),
        pytest.param("[-]", "bad_index", 1, id="minus-alone"),
        pytest.param("[1.5]", "bad_index", 2, id="fraction"),
        pytest.param("[0'a']", "bad_index", 2, id="quote-after-an-index"),
        pytest.param("[1_0]", "bad_index", 2, id="underscore-in-an-index"),
        pytest.param("[1\u0661]", "bad_index", 2, id="other-digit-in-an-index"),
        pytest.param("[\u0661]", "bad_index", 1, id="other-digit-for-an-index"),
        pytest.param("[01", "leading_zero", 1, id="open-leading-zero"),
        pytest.param("[" + "0" * 5000 + "]", "leading_zero", 1, id="many-zeros"),
        pytest.param(f"[{MAX_INDEX + 1}]", "index_too_large", 1, id="index-one-too-large"),
        pytest.param("[12345678901234567]", "index_too_large", 1, id="index-of-17-digits"),
        pytest.param("[" + "9" * 5000 + "]", "index_too_large", 1, id="index-of-5000-digits"),
        pytest.param("[\u4e00]", "unquoted_name", 1, id="numeral-that-is-no-digit"),
        pytest.param("[@.a]", "unquoted_name", 1, id="current-node"),
        pytest.param("[.5]", "unquoted_name", 1, id="dot-in-brackets"),
        pytest.param("[a,b]", "unquoted_name", 1, id="names-in-brackets"),
        pytest.param("[a", "unquoted_name", 1, id="open-unquoted-name"),
        pytest.param("[", "unbalanced", 1, id="open-bracket"),
        pytest.param("[ ", "unbalanced", 2, id="open-bracket-with-a-blank"),
        pytest.param("[[", "unbalanced", 1, id="two-open-brackets"),
        pytest.param("]", "unbalanced", 0, id="stray-bracket-first"),
        pytest.param("a]b", "unbalanced", 1, id="stray-bracket-after-a-name"),
        pytest.param("a.]", "unbalanced", 2, id="stray-bracket-after-a-dot"),
        pytest.param("$]", "unbalanced", 1, id="stray-bracket-after-a-dollar"),
        pytest.param("'a']", "unbalanced", 3, id="stray-bracket-after-a-dot-quoted-name"),
        pytest.param("a[0", "unbalanced", 3, id="open-index"),
        pytest.param("a[0 ", "unbalanced", 4, id="open-index-with-a-blank"),
        pytest.param("a[0[", "unbalanced", 3, id="bracket-in-an-index"),
        pytest.param("['a'", "unbalanced", 4, id="no-closing-bracket"),
        pytest.param("['a", "unbalanced", 3, id="no-closing-quote"),
        pytest.param("['a\"]", "unbalanced", 5, id="other-quote-does-not-close"),
        pytest.param("'", "unbalanced", 1, id="quote-alone"),
        pytest.param("a.'", "unbalanced", 3, id="quote-alone-after-a-dot"),
        pytest.param("['\\", "unbalanced", 3, id="open-escape"),
        pytest.param(r"['\u00", "bad_escape", 2, id="open-unicode-escape"),
        pytest.param(r"['\U0041']", "bad_escape", 2, id="escape-with-a-capital"),
        pytest.param(r"['\ud83d\Ude00']", "lone_surrogate", 2, id="low-half-with-a-capital"),
        pytest.param("['\\u\uff10\uff10\uff10\uff10']", "bad_escape", 2, id="other-digits-in-an-escape"),
        pytest.param(r"""['\"']""", "bad_escape", 2, id="escape-of-the-other-quote"),
        pytest.param("['\\\n']", "bad_escape", 2, id="escaped-line-feed"),
        pytest.param("['a'['b']]", "bad_bracket", 4, id="bracket-after-a-quoted-name"),
        pytest.param("['a':'b']", "bad_bracket", 4, id="colon-after-a-quoted-name"),
        pytest.param("'a'b", "text_after_bracket", 3, id="text-after-a-dot-quoted-name"),
        pytest.param("'a''b'", "text_after_bracket", 3, id="quote-after-a-dot-quoted-name"),
        pytest.param("[0]*", "text_after_bracket", 3, id="star-after-a-bracket"),
        pytest.param("a.b[*].c..d", "wildcard", 4, id="first-error-from-the-left"),
    ],
)
def test_fails_at_the_first_error(text: str, code: str, position: int) -> None:
    error = error_of(text)
    assert (error.code, error.position, error.limit) == (code, position, None)
    assert error.path == text
    assert f"position {position} of the path" in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize("text", [None, 5, 1.5, True, b"a", ["a"], {"a": 1}, Path(("a",)), 10**6000], ids=shorten)
def test_what_is_no_text_is_refused(text: Any) -> None:
    error = error_of(text)
    assert (error.code, error.position) == ("not_a_string", None)
    assert error.path is text


def test_a_text_of_a_subclass_is_read_as_its_text() -> None:
    assert parse_path(Name.PEOPLE) == ("people", 0)
    assert type(next(iter(_path._known))) is str
    assert error_of(Name.HALF).code == "lone_surrogate"


# ---- the three texts of a path ----


@pytest.mark.parametrize(
    ("steps", "dotted", "normalized", "pointer"),
    [
        pytest.param([], "", "$", "", id="root"),
        pytest.param([0], "[0]", "$[0]", "/0", id="index"),
        pytest.param(["a", 0, "b"], "a[0].b", "$['a'][0]['b']", "/a/0/b", id="names-and-index"),
        pytest.param(["first name"], "first name", "$['first name']", "/first name", id="inner-space"),
        pytest.param([" a"], "[' a']", "$[' a']", "/ a", id="space-first"),
        pytest.param(["a", "b "], "a['b ']", "$['a']['b ']", "/a/b ", id="space-last"),
        pytest.param([" "], "[' ']", "$[' ']", "/ ", id="space-alone"),
        pytest.param([""], "['']", "$['']", "/", id="empty-name"),
        pytest.param(["*"], "['*']", "$['*']", "/*", id="star"),
        pytest.param(["a*", "**"], "a*.**", "$['a*']['**']", "/a*/**", id="stars-among-others"),
        pytest.param(["$"], "['$']", "$['$']", "/$", id="dollar-first"),
        pytest.param(["$", "$"], "['$'].$", "$['$']['$']", "/$/$", id="dollar-later"),
        pytest.param([0, "$"], "[0].$", "$[0]['$']", "/0/$", id="dollar-after-an-index"),
        pytest.param(["$ref"], "$ref", "$['$ref']", "/$ref", id="dollar-name"),
        pytest.param(["a.b", "c[0]"], "['a.b']['c[0]']", "$['a.b']['c[0]']", "/a.b/c[0]", id="dot-and-brackets"),
        pytest.param(["'a"], r"['\'a']", r"$['\'a']", "/'a", id="quote-first"),
        pytest.param(['"a'], "['\"a']", "$['\"a']", '/"a', id="double-quote-first"),
        pytest.param(["a'b\\"], "a'b\\", r"$['a\'b\\']", "/a'b\\", id="quote-and-backslash-inside"),
        pytest.param(["~/~1"], "~/~1", "$['~/~1']", "/~0~1~01", id="pointer-escapes"),
        pytest.param(["\x00\x0b\x1f\x7f"], "['\\u0000\\u000b\\u001f\x7f']", "$['\\u0000\\u000b\\u001f\x7f']",
                     "/\x00\x0b\x1f\x7f", id="controls"),
        pytest.param(["\b\t\n\f\r"], r"['\b\t\n\f\r']", r"$['\b\t\n\f\r']", "/\b\t\n\f\r", id="short-escapes"),
        pytest.param(["naïve", "\U0001f600"], "naïve.\U0001f600", "$['naïve']['\U0001f600']", "/naïve/\U0001f600",
                     id="beyond-ascii"),
    ],
)  # fmt: skip
def test_texts(steps: list[str | int], dotted: str, normalized: str, pointer: str) -> None:
    path = Path(steps)
    assert str(path) == f"{path}" == format_path(iter(steps)) == dotted
    assert path.normalized == normalized
    assert path.pointer == pointer
    assert parse_path(dotted) == parse_path(normalized) == path == tuple(steps)


def test_repr_rebuilds_the_path() -> None:
    path = Path(("people", 0, "a.b"))
    assert repr(path) == "Path(('people', 0, 'a.b'))"
    assert eval(repr(path)) == path


def test_a_path_is_the_tuple_of_its_steps() -> None:
    path = Path(["a", 1])
    assert (path, hash(path), len(path), path[0]) == (("a", 1), hash(("a", 1)), 2, "a")
    assert Path() == Path(()) == ()
    assert Path(path) is path
    assert not hasattr(path, "__dict__")


@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, lambda path: pickle.loads(pickle.dumps(path))])
def test_a_path_survives_copying(twin_of: Any) -> None:
    path = Path(("a", 1))
    twin = twin_of(path)
    assert type(twin) is Path
    assert twin == path


def test_steps_of_a_subclass_are_kept_as_plain_steps() -> None:
    path = Path((Name.PEOPLE, Index.SECOND))
    assert list(map(type, path)) == [str, int]
    assert str(path) == "['people[0]'][1]"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        pytest.param(-1, "negative_index", id="negative"),
        pytest.param(MAX_INDEX + 1, "index_too_large", id="too-large"),
        pytest.param(10**6000, "index_too_large", id="too-many-digits"),
        pytest.param(True, "bad_index", id="bool"),
        pytest.param(1.0, "bad_index", id="float"),
        pytest.param(None, "not_a_string", id="none"),
        pytest.param(b"a", "not_a_string", id="bytes"),
        pytest.param(("a",), "not_a_string", id="tuple"),
        pytest.param("a\ud83d", "lone_surrogate", id="half"),
        pytest.param("\ud83d\ude00", "lone_surrogate", id="two-halves"),
    ],
)
@pytest.mark.parametrize("make", [Path, format_path])
def test_a_step_that_no_path_can_name_is_refused(make: Any, step: Any, code: str) -> None:
    with pytest.raises(InvalidPathError) as caught:
        make(["a", step, -5])
    error = caught.value
    assert (error.code, error.position, error.path) == (code, 1, ("a", step, -5))
    assert "step 1 is " in str(error)
    assert len(str(error)) < 200


def test_the_largest_index_is_a_step() -> None:
    assert format_path([MAX_INDEX]) == f"[{MAX_INDEX}]"


@pytest.mark.parametrize("text", ["people[0]", b"ab", ""])
@pytest.mark.parametrize("make", [Path, format_path])
def test_a_text_is_not_taken_for_steps(make: Any, text: Any) -> None:
    with pytest.raises(TypeError, match="use parse_path"):
        make(text)


def test_steps_are_appended_to_a_text() -> None:
    text = ""
    for step in ["$", "$", 0, "a b", "", "c"]:
        text = append_step(text, step)
    assert text == "['$'].$[0].a b[''].c"


# ---- the prefix ----


@pytest.mark.parametrize(
    ("path", "prefix", "rest"),
    [("response.a[0]", "response", "a[0]"), ("response", "response", ""), ("a", "", "a"), ("", "", ""),
     ("a[0].b", "$['a'][0]", "b")],
)  # fmt: skip
def test_the_prefix_is_taken_off(path: str, prefix: str, rest: str) -> None:
    stripped = strip_prefix(parse_path(path), parse_path(prefix), path)
    assert type(stripped) is Path
    assert str(stripped) == rest


@pytest.mark.parametrize(("path", "prefix"), [("responses", "response"), ("", "a"), ("a", "a.b"), ("a['0']", "a[0]")])
def test_a_path_outside_the_prefix_is_refused(path: str, prefix: str) -> None:
    text = f"$.{path}"
    with pytest.raises(InvalidPathError, match=re.escape(repr(prefix))) as caught:
        strip_prefix(parse_path(path), parse_path(prefix), text)
    assert (caught.value.code, caught.value.path) == ("outside_prefix", text)


# ---- bounds ----


@pytest.mark.parametrize(
    ("text", "start_of_last"),
    [
        pytest.param("a.b.c", 4, id="plain"),
        pytest.param("$.a[0][1]", 6, id="plain-indexes"),
        pytest.param("a b.'c'.d", 8, id="names-that-need-a-closer-look"),
        pytest.param("['a'].['b'].['c']", 12, id="brackets"),
    ],
)
def test_max_depth_is_exact(text: str, start_of_last: int) -> None:
    for _ in range(2):  # the second time each is remembered
        assert len(parse_path(text, limits=Limits(max_depth=4))) == 3
        assert len(parse_path(text, limits=Limits(max_depth=3))) == 3
        error = error_of(text, Limits(max_depth=2))
        assert (error.code, error.position, error.limit) == ("too_deep", start_of_last, "max_depth")
        assert "Limits(max_depth=...)" in str(error)


@pytest.mark.parametrize(
    ("text", "last_start"),
    [
        pytest.param("ab.cd", 4, id="plain"),
        pytest.param("ab.c d", 5, id="a-closer-look"),
        pytest.param("naïve.é", 6, id="two-bytes-last"),
        pytest.param("a.名", 2, id="three-bytes-last"),
        pytest.param("['\U0001f600']", 4, id="four-bytes-inside"),
        pytest.param("a.\U0001f600", 2, id="four-bytes-last"),
        pytest.param("x" * 300, 299, id="too-long-to-be-remembered"),
    ],
)
def test_max_path_bytes_is_exact(text: str, last_start: int) -> None:
    size = len(text.encode())
    for _ in range(2):
        path = parse_path(text, limits=Limits(max_path_bytes=size + 1))
        assert parse_path(text, limits=Limits(max_path_bytes=size)) == path
        error = error_of(text, Limits(max_path_bytes=size - 1))
        assert (error.code, error.position, error.limit) == ("path_too_long", last_start, "max_path_bytes")
        assert "Limits(max_path_bytes=...)" in str(error)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("[" * 100_000, "unbalanced", id="open-brackets"),
        pytest.param("a" * 5000 + "[*]", "path_too_long", id="wildcard-past-the-bound"),
        pytest.param("[*]" + "a" * 5000, "wildcard", id="wildcard-before-the-bound"),
        pytest.param("['" + "a" * 5000, "path_too_long", id="open-quote-past-the-bound"),
        pytest.param("a" + " " * 5000, "whitespace", id="blanks-across-the-bound"),
        pytest.param("a" + " " * 5000 + "b", "path_too_long", id="inner-blanks-across-the-bound"),
        pytest.param("[" + "9" * 5000 + "]", "index_too_large", id="index-across-the-bound"),
        pytest.param("a." * 5000, "too_deep", id="steps-across-the-bound"),
        pytest.param("\ud83d" + "a" * 5000, "lone_surrogate", id="half-before-the-bound"),
        pytest.param("a" * 5000 + "\ud83d", "path_too_long", id="half-past-the-bound"),
    ],
)
def test_a_bound_is_an_error_among_the_others(text: str, code: str) -> None:
    assert error_of(text, Limits()).code == code


def test_bounds_can_be_lifted() -> None:
    text = ".".join(["a"] * 10_000)
    assert len(parse_path(text, limits=UNLIMITED)) == 10_000
    assert len(parse_path(text + ".a b", limits=UNLIMITED)) == 10_001


# ---- what is remembered ----


def test_a_short_text_is_read_once() -> None:
    assert parse_path("people[0].name") is parse_path("people[0].name")


def test_what_is_remembered_is_bounded() -> None:
    for number in range(3000):
        parse_path(f"a[{number}]")
        assert len(_path._known) <= 1024
    _path._known.clear()
    parse_path("x" * 256)
    parse_path("x" * 257)
    assert list(_path._known) == ["x" * 256]


def test_an_error_is_not_remembered() -> None:
    assert error_of("a.") is not error_of("a.")
    assert not _path._known


# ---- properties ----

NASTY = st.text(alphabet=st.sampled_from("ab0129$.[]'\"\\*,:?(-u/ \t\n\r\x00\x7f\xa0é\uff11\ud83d\ude00\U0001f600"))
PIECES = st.lists(
    st.sampled_from(
        ["a", "first name", "$", ".", "..", "[", "]", "[0]", "[12]", "[-1]", "[007]", "['a']", '["b"]', "['", "']", "'",
         " ", "\t", "\n", "*", "\\", "\\n", "\\'", "\\u0041", "\\ud83d", "\\ude00", "\ud83d", "é", "\U0001f600", ",",
         ":"]
    )
).map("".join)  # fmt: skip
TEXTS = NASTY | PIECES
NAMES = st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(
    alphabet=st.sampled_from("a$*.[]'\"\\ \t\n\x00\x7f~/\U0001f600")
)
STEPS = st.lists(NAMES | st.integers(0, MAX_INDEX))


@given(STEPS)
def test_every_path_comes_back_from_its_texts(steps: list[str | int]) -> None:
    path = Path(steps)
    assert parse_path(str(path), limits=UNLIMITED) == parse_path(path.normalized, limits=UNLIMITED) == path
    text = ""
    for step in steps:
        text = append_step(text, step)
    assert text == str(path)


@given(TEXTS)
@example("$['$']")
def test_any_text_parses_or_fails_with_a_code(text: str) -> None:
    result = outcome(text, UNLIMITED)
    if isinstance(result, Path):
        assert parse_path(str(result), limits=UNLIMITED) == parse_path(result.normalized, limits=UNLIMITED) == result
        assert str(parse_path(str(result), limits=UNLIMITED)) == str(result)
    else:
        code, position = result
        assert code in CODES
        assert position is not None
        assert 0 <= position <= len(text)


@given(TEXTS)
def test_both_ways_of_reading_agree(text: str) -> None:
    plain = _path._read_plain(text, UNLIMITED)
    if plain is not None:
        assert plain == _path._Reader(text, UNLIMITED).read()


@given(TEXTS, st.integers(1, 12), st.integers(1, 3))
def test_bounds_change_nothing_before_they_stand(text: str, max_bytes: int, max_depth: int) -> None:
    within_depth = Limits(max_path_bytes=None, max_depth=max_depth)
    free = outcome(text, within_depth)
    bound = next(
        (at for at in range(len(text)) if len(text[: at + 1].encode("utf-8", "surrogatepass")) > max_bytes), None
    )
    bounded = outcome(text, Limits(max_path_bytes=max_bytes, max_depth=max_depth))
    position = len(text) if isinstance(free, Path) else free[1]
    assert position is not None
    expected = free if bound is None or position < bound else ("path_too_long", bound)
    assert bounded == expected


@given(STEPS)
def test_a_name_is_bare_wherever_it_can_be(steps: list[str | int]) -> None:
    text = ""
    for number, step in enumerate(steps):
        longer = append_step(text, step)
        if isinstance(step, str):
            bare = f"{text}.{step}" if text else step
            is_read_so = outcome(bare, UNLIMITED) == tuple(steps[: number + 1])
            assert (longer == bare) == is_read_so
        text = longer


# ---- cost ----


@pytest.mark.parametrize(
    ("head", "unit", "tail"),
    [
        pytest.param("", "a.", "a", id="plain-steps"),
        pytest.param("", "a.", "", id="plain-steps-that-fail-at-the-end"),
        pytest.param("a", "[0]", "", id="indexes"),
        pytest.param("a", "['b']", "", id="quoted-steps"),
        pytest.param("a", "[0]", "[", id="indexes-that-fail-at-the-end"),
        pytest.param("['", "\\n", "']", id="escapes"),
        pytest.param("['", "\\ud83d\\ude00", "", id="pairs-in-an-open-quote"),
        pytest.param("", "a b.", "c", id="names-that-need-a-closer-look"),
        pytest.param("", "[", "", id="open-brackets"),
        pytest.param("a", " ", "b", id="blanks-in-a-name"),
        pytest.param("[", " ", "]", id="blanks-in-brackets"),
        pytest.param("[", "9", "]", id="digits"),
    ],
)
def test_the_work_is_linear_in_the_text(head: str, unit: str, tail: str) -> None:
    """Ten times the text makes at most about ten times the calls, and never a deeper stack."""

    def work(count: int) -> tuple[int, int]:
        calls, depth, deepest = 0, 0, 0

        def count_call(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls, depth, deepest
            calls += event in ("call", "c_call")
            depth += (event == "call") - (event == "return")
            deepest = max(deepest, depth)

        text = head + unit * count + tail
        before = sys.getprofile()
        sys.setprofile(count_call)
        try:
            outcome(text, UNLIMITED)
        finally:
            sys.setprofile(before)
        return calls, deepest

    work(2000)  # what is imported when it is first needed is not our work
    small_calls, small_depth = work(200)
    large_calls, large_depth = work(2000)
    assert large_calls <= 11 * small_calls
    assert large_depth == small_depth
