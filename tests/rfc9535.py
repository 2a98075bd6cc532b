"""RFC 9535 in its plainest form, for the tests: a reference that is slow and obvious, and random patterns.

A selector is `("name", str)`, `("index", int)`, `("slice", start, end, step)` (None for an omitted bound) or
`("wild",)`. A segment is a pair: whether it descends, and its selectors. A query is the list of its segments.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from hypothesis import strategies as st

Step = str | int
Location = tuple[Step, ...]
Selector = tuple[Any, ...]
Query = list[tuple[bool, list[Selector]]]


# ---- the nodelist of a query ----


def select(query: Query, value: Any) -> dict[Location, Any]:
    """Return the locations that a query selects, as tuples of steps, each with its value (section 2.5).

    They are in the order of the nodelist. A location that the nodelist repeats is at its first place.
    """
    found: dict[Location, Any] = {(): value}
    for descends, selectors in query:
        found = {
            (*location, step): child
            for start, node in found.items()
            for location, part in (within(node, start) if descends else [(start, node)])
            for selector in selectors
            for step, child in children(part)
            if selects(selector, step, len(part))
        }
    return found


def within(value: Any, location: Location) -> list[tuple[Location, Any]]:
    """Return a node and its descendants, each before its own descendants (section 2.5.2.2)."""
    below = [within(child, (*location, step)) for step, child in children(value)]
    return [(location, value), *[node for some in below for node in some]]


def children(value: Any) -> list[tuple[Step, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def selects(selector: Selector, step: Step, length: int) -> bool:
    """Return whether a selector selects the child at `step` of an object or array of `length` (section 2.3)."""
    kind, *operands = selector
    if kind == "wild":
        return True
    if kind == "name" or isinstance(step, str):
        return kind == "name" and [step] == operands
    if kind == "index":
        return [step] == operands
    return operands[2] != 0 and step in range(length)[slice(*operands)]


def locations(value: Any) -> list[Location]:
    """Return every location in a value, each before those below it."""
    return [location for location, _ in within(value, ())]


# ---- random queries, each written as one of its texts ----

# Few names, so that queries match; some need quotes, and some are wrong in jsonpath-ng's own lexer.
NAMES = ["a", "b", "0", "*", "where", "2fa", "$ref", "naïve", "@type", "first name", "a.b", "it's", "", "\x01", "😀"]


class Spelled(NamedTuple):
    text: str
    query: Query


def values() -> st.SearchStrategy[Any]:
    """Return JSON values with few names, nested so that queries match."""
    leaves = st.sampled_from([None, True, 0, "text"])
    names = st.sampled_from(NAMES[:3]) | st.sampled_from(NAMES)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=25
    )


def queries() -> st.SearchStrategy[Query]:
    names = st.sampled_from(NAMES[:3]) | st.sampled_from(NAMES)
    indexes = st.integers(0, 4)
    bound = st.none() | indexes
    selector: st.SearchStrategy[Selector] = st.one_of(
        st.tuples(st.just("name"), names),
        st.tuples(st.just("index"), indexes),
        st.tuples(st.just("slice"), bound, bound, bound),
        st.just(("wild",)),
    )
    selectors = st.lists(selector, min_size=1, max_size=1) | st.lists(selector, min_size=1, max_size=4)
    return st.lists(st.tuples(st.booleans(), selectors), max_size=4)


@st.composite
def spelled(draw: st.DrawFn, query: Query | None = None) -> Spelled:
    """Return a random query, or `query`, written as a random one of its texts."""
    if query is None:
        query = draw(queries())
    is_rooted = not query or query[0][0] or draw(st.booleans())
    text = "$" if is_rooted else ""
    for descends, selectors in query:
        blank = _blank(draw) if text else ""
        is_dotted = len(selectors) == 1 and selectors[0][0] in {"name", "wild"} and draw(st.booleans())
        if descends:
            dots = ".."
        elif is_dotted:
            dots = "." if text else ""
        else:
            dots = "." if text and draw(st.booleans()) else ""
        text += blank + dots
        text += _dotted(draw, selectors[0], is_rooted=is_rooted) if is_dotted else _bracket(draw, selectors)
    return Spelled(text, query)


def _blank(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(["", "", "", " ", "\t\r\n"]))


def _dotted(draw: st.DrawFn, selector: Selector, *, is_rooted: bool) -> str:
    if selector[0] == "wild":
        return "*"
    name = selector[1]
    is_bare = re.fullmatch(r"(?![$@]\Z)[$@\w][$@\w-]*", name) and not (is_rooted and re.match("[0-9]", name))
    return name if is_bare and draw(st.booleans()) else _quoted(draw, name)


def _bracket(draw: st.DrawFn, selectors: list[Selector]) -> str:
    texts = [_blank(draw) + _selector(draw, selector) + _blank(draw) for selector in selectors]
    return f"[{','.join(texts)}]"


def _selector(draw: st.DrawFn, selector: Selector) -> str:
    kind, *operands = selector
    if kind == "wild":
        return "*"
    if kind == "name":
        return _quoted(draw, operands[0])
    if kind == "index":
        return str(operands[0])
    texts = ["" if operand is None else str(operand) for operand in operands]
    if not texts[2] and draw(st.booleans()):
        texts.pop()
    return f"{_blank(draw)}:{_blank(draw)}".join(texts)


def _quoted(draw: st.DrawFn, name: str) -> str:
    quote = draw(st.sampled_from("'\""))
    if draw(st.booleans()):  # as in JSON, except for the quotes
        inner = json.dumps(name, ensure_ascii=draw(st.booleans()))[1:-1].replace('\\"', '"')
        return quote + inner.replace(quote, f"\\{quote}") + quote
    digits = name.encode("utf-16-be").hex()
    digits = draw(st.sampled_from([digits, digits.upper()]))
    return quote + re.sub("(....)", r"\\u\1", digits) + quote
