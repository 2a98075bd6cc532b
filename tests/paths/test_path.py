"""Paths: their steps and their three texts, limits, the prefix, and the cache of short texts."""

from __future__ import annotations

import copy
import enum
import pickle
import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamjson._errors import InvalidPathError, shorten
from streamjson._limits import Limits
from streamjson._paths import path as _path
from streamjson._paths.path import Path, append_step, format_path, parse_path, strip_prefix

UNLIMITED = Limits.unlimited()
MAX_INDEX = 2**53 - 1


class Name(enum.StrEnum):
    PEOPLE = "people[0]"
    HALF = "\ud83d"


class Index(enum.IntEnum):
    SECOND = 1


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    _path._known.clear()


def error_of(text: Any, limits: Limits = UNLIMITED) -> InvalidPathError:
    with pytest.raises(InvalidPathError) as caught:
        parse_path(text, limits=limits)
    return caught.value


def outcome(text: str, limits: Limits) -> tuple[str, int | None] | Path:
    try:
        return parse_path(text, limits=limits)
    except InvalidPathError as error:
        return error.code, error.position


# ---- a text that is not plain text ----


@pytest.mark.parametrize("text", [None, 5, 1.5, True, b"a", ["a"], {"a": 1}, Path(("a",)), 10**6000], ids=shorten)
def test_non_text_is_refused(text: Any) -> None:
    error = error_of(text)
    assert (error.code, error.position) == ("not_a_string", None)
    assert error.path is text


def test_str_subclass_is_read_as_its_plain_text() -> None:
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
def test_texts_of_a_path(steps: list[str | int], dotted: str, normalized: str, pointer: str) -> None:
    path = Path(steps)
    assert str(path) == f"{path}" == format_path(iter(steps)) == dotted
    assert path.normalized == normalized
    assert path.pointer == pointer
    assert parse_path(dotted) == parse_path(normalized) == path == tuple(steps)


def test_repr_rebuilds_the_path() -> None:
    path = Path(("people", 0, "a.b"))
    assert repr(path) == "Path(('people', 0, 'a.b'))"
    assert eval(repr(path)) == path


def test_path_equals_the_tuple_of_its_steps() -> None:
    path = Path(["a", 1])
    assert (path, hash(path), len(path), path[0]) == (("a", 1), hash(("a", 1)), 2, "a")
    assert Path() == Path(()) == ()
    assert Path(path) is path
    assert not hasattr(path, "__dict__")


@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, lambda path: pickle.loads(pickle.dumps(path))])
def test_path_survives_copying(twin_of: Any) -> None:
    path = Path(("a", 1))
    twin = twin_of(path)
    assert type(twin) is Path
    assert twin == path


def test_steps_of_a_subclass_become_plain_steps() -> None:
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
def test_step_that_no_path_can_name_is_refused(make: Any, step: Any, code: str) -> None:
    with pytest.raises(InvalidPathError) as caught:
        make(["a", step, -5])
    error = caught.value
    assert (error.code, error.position, error.path) == (code, 1, ("a", step, -5))
    assert "step 1 is " in str(error)
    assert len(str(error)) < 200


def test_largest_index_is_a_step() -> None:
    assert format_path([MAX_INDEX]) == f"[{MAX_INDEX}]"


@pytest.mark.parametrize("text", ["people[0]", b"ab", ""])
@pytest.mark.parametrize("make", [Path, format_path])
def test_text_instead_of_steps_is_refused(make: Any, text: Any) -> None:
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
def test_prefix_is_removed(path: str, prefix: str, rest: str) -> None:
    stripped = strip_prefix(parse_path(path), parse_path(prefix), path)
    assert type(stripped) is Path
    assert str(stripped) == rest


@pytest.mark.parametrize(("path", "prefix"), [("responses", "response"), ("", "a"), ("a", "a.b"), ("a['0']", "a[0]")])
def test_path_outside_the_prefix_is_refused(path: str, prefix: str) -> None:
    text = f"$.{path}"
    with pytest.raises(InvalidPathError, match=re.escape(repr(prefix))) as caught:
        strip_prefix(parse_path(path), parse_path(prefix), text)
    assert (caught.value.code, caught.value.path) == ("outside_prefix", text)


# ---- limits ----


@pytest.mark.parametrize(
    ("text", "start_of_last"),
    [
        pytest.param("a.b.c", 4, id="plain"),
        pytest.param("$.a[0][1]", 6, id="plain-indexes"),
        pytest.param("a b.'c'.d", 8, id="names-that-are-not-plain"),
        pytest.param("['a'].['b'].['c']", 12, id="brackets"),
    ],
)
def test_max_depth_is_exact(text: str, start_of_last: int) -> None:
    for _ in range(2):  # the second time from the cache
        assert len(parse_path(text, limits=Limits(max_depth=4))) == 3
        assert len(parse_path(text, limits=Limits(max_depth=3))) == 3
        error = error_of(text, Limits(max_depth=2))
        assert (error.code, error.position, error.limit) == ("too_deep", start_of_last, "max_depth")
        assert "Limits(max_depth=...)" in str(error)


@pytest.mark.parametrize(
    ("text", "last_start"),
    [
        pytest.param("ab.cd", 4, id="plain"),
        pytest.param("ab.c d", 5, id="not-plain"),
        pytest.param("naïve.é", 6, id="two-bytes-last"),
        pytest.param("a.名", 2, id="three-bytes-last"),
        pytest.param("['\U0001f600']", 4, id="four-bytes-inside"),
        pytest.param("a.\U0001f600", 2, id="four-bytes-last"),
        pytest.param("x" * 300, 299, id="too-long-for-the-cache"),
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


# ---- the cache ----


def test_short_text_is_read_once() -> None:
    assert parse_path("people[0].name") is parse_path("people[0].name")


def test_cache_is_bounded() -> None:
    for number in range(3000):
        parse_path(f"a[{number}]")
        assert len(_path._known) <= 1024
    _path._known.clear()
    parse_path("x" * 256)
    parse_path("x" * 257)
    assert list(_path._known) == ["x" * 256]


def test_error_is_not_cached() -> None:
    assert error_of("a.") is not error_of("a.")
    assert not _path._known


# ---- properties ----

NAMES = st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(
    alphabet=st.sampled_from("a$*.[]'\"\\ \t\n\x00\x7f~/\U0001f600")
)
STEPS = st.lists(NAMES | st.integers(0, MAX_INDEX))


@given(STEPS)
def test_every_path_survives_a_round_trip_through_its_texts(steps: list[str | int]) -> None:
    path = Path(steps)
    assert parse_path(str(path), limits=UNLIMITED) == parse_path(path.normalized, limits=UNLIMITED) == path
    text = ""
    for step in steps:
        text = append_step(text, step)
    assert text == str(path)


@given(STEPS)
def test_name_is_bare_wherever_possible(steps: list[str | int]) -> None:
    text = ""
    for number, step in enumerate(steps):
        longer = append_step(text, step)
        if isinstance(step, str):
            bare = f"{text}.{step}" if text else step
            is_readable_bare = outcome(bare, UNLIMITED) == tuple(steps[: number + 1])
            assert (longer == bare) == is_readable_bare
        text = longer
