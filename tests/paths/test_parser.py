"""The grammar of a path: which texts parse, to which steps, and at which position the others fail."""

from __future__ import annotations

import json
import sys
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from streamjson._errors import CODES, InvalidPathError
from streamjson._limits import Limits
from streamjson._paths import path as _path
from streamjson._paths.parser import PathReader
from streamjson._paths.path import Path, parse_path

VECTORS = json.loads((FilePath(__file__).parents[1] / "vectors" / "paths.json").read_text(encoding="utf-8"))
UNLIMITED = Limits.unlimited()
MAX_INDEX = 2**53 - 1


@pytest.fixture(autouse=True)
def empty_cache() -> None:
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
        pytest.param("\xa0a\xa0", ["\xa0a\xa0"], id="no-break-space-is-not-a-blank"),
        pytest.param("a\x7fb", ["a\x7fb"], id="delete-is-not-a-control-character"),
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
def test_text_parses(text: str, steps: list[str | int]) -> None:
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
        pytest.param("\ud83d\ude00", "lone_surrogate", 0, id="two-raw-halves-are-not-a-character"),
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
        pytest.param("[\u4e00]", "unquoted_name", 1, id="numeral-that-is-not-a-digit"),
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


# ---- limits ----


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("[" * 100_000, "unbalanced", id="open-brackets"),
        pytest.param("a" * 5000 + "[*]", "path_too_long", id="wildcard-past-the-limit"),
        pytest.param("[*]" + "a" * 5000, "wildcard", id="wildcard-before-the-limit"),
        pytest.param("['" + "a" * 5000, "path_too_long", id="open-quote-past-the-limit"),
        pytest.param("a" + " " * 5000, "whitespace", id="blanks-across-the-limit"),
        pytest.param("a" + " " * 5000 + "b", "path_too_long", id="inner-blanks-across-the-limit"),
        pytest.param("[" + "9" * 5000 + "]", "index_too_large", id="index-across-the-limit"),
        pytest.param("a." * 5000, "too_deep", id="steps-across-the-limit"),
        pytest.param("\ud83d" + "a" * 5000, "lone_surrogate", id="half-before-the-limit"),
        pytest.param("a" * 5000 + "\ud83d", "path_too_long", id="half-past-the-limit"),
    ],
)
def test_limit_is_reported_if_it_is_the_first_error(text: str, code: str) -> None:
    assert error_of(text, Limits()).code == code


def test_limits_can_be_lifted() -> None:
    text = ".".join(["a"] * 10_000)
    assert len(parse_path(text, limits=UNLIMITED)) == 10_000
    assert len(parse_path(text + ".a b", limits=UNLIMITED)) == 10_001


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
def test_fast_path_and_reader_agree(text: str) -> None:
    plain = _path._read_plain(text, UNLIMITED)
    if plain is not None:
        assert list(plain) == PathReader(text, UNLIMITED).read()


@given(TEXTS, st.integers(1, 12), st.integers(1, 3))
def test_limits_do_not_change_earlier_errors(text: str, max_bytes: int, max_depth: int) -> None:
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
        pytest.param("", "a b.", "c", id="names-that-are-not-plain"),
        pytest.param("", "[", "", id="open-brackets"),
        pytest.param("a", " ", "b", id="blanks-in-a-name"),
        pytest.param("[", " ", "]", id="blanks-in-brackets"),
        pytest.param("[", "9", "]", id="digits"),
    ],
)
def test_work_is_linear_in_the_text(head: str, unit: str, tail: str) -> None:
    """A text ten times as long takes about ten times the calls, and no deeper stack."""

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

    work(2000)  # imports on first use do not count
    small_calls, small_depth = work(200)
    large_calls, large_depth = work(2000)
    assert large_calls <= 11 * small_calls
    assert large_depth == small_depth
