"""JSON texts as any sender may write them, and texts that are nearly JSON; and ways to cut them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

__all__ = ["broken_texts", "cut", "cuts", "texts"]

CHARACTERS = st.characters(codec="utf-8") | st.sampled_from("aé😀\u2028\x7f\ufeff")
ESCAPES = st.sampled_from(
    [r"\n", r"\"", r"\\", r"\/", r"\u0000", r"\u00e9", r"\ud83d", r"\ude00", r"\ud83d\ude00", r"\uD83D\u0061"]
)
NUMBERS = st.sampled_from(
    ["0", "-0", "7", "123", "-12345678901234567890", "1.5", "-0.0", "1e5", "1E+2", "12.5e-3", "5e-324", "1e-400"]
)


@st.composite
def strings(draw: st.DrawFn) -> str:
    """Return a string in quotes, some of its characters escaped."""
    plain = st.text(CHARACTERS, max_size=4).map(lambda text: json.dumps(text, ensure_ascii=False)[1:-1])
    parts = draw(st.lists(plain | ESCAPES, max_size=3))
    return '"' + "".join(parts) + '"'


SCALARS = NUMBERS | strings() | st.sampled_from(["true", "false", "null", '""'])
BLANKS = st.sampled_from(["", "", "", " ", "\n", "\t \r\n"])
NAMES = st.sampled_from(['"a"', '"b"', '"c"', r'"\u0061"', '""', '"é"']) | strings()


@st.composite
def containers(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """Return an array or an object; names may repeat."""
    is_object = draw(st.booleans())
    items = draw(st.lists(inner, max_size=4))
    if is_object:
        items = [f"{draw(NAMES)}{draw(BLANKS)}:{draw(BLANKS)}{item}" for item in items]
    blank = draw(BLANKS)
    text = f"{blank},{draw(BLANKS)}".join(items)
    return ("{%s}" if is_object else "[%s]") % f"{blank}{text}{draw(BLANKS)}"


texts: st.SearchStrategy[str] = st.builds(
    lambda before, text, after: before + text + after,
    st.sampled_from(["", "", "\ufeff", " \n"]),
    st.recursive(SCALARS, containers, max_leaves=8),
    BLANKS,
)


@st.composite
def broken_texts(draw: st.DrawFn) -> str:
    """Return a text that is changed in one place, or cut."""
    text = draw(texts)
    at = draw(st.integers(0, len(text)))
    more = draw(st.sampled_from([*'[]{}",:\\ 0e-.+tn\x00\x1f\ufeff\xa0', "true", "NaN", "1e999", '"x"', "//"]))
    return draw(st.sampled_from([text[:at], text[:at] + text[at + 1 :], text[:at] + more + text[at:], text + more]))


def cuts(text: Any) -> st.SearchStrategy[list[int]]:
    """Return places to cut a text, or its bytes."""
    return st.lists(st.integers(0, len(text)), max_size=8).map(sorted)


def cut(text: Any, places: list[int]) -> list[Any]:
    """Return the pieces of a text that is cut at these places; some may be empty."""
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
