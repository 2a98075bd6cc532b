r"""Reference parsers of paths and patterns: each grammar as one regular expression, and the meaning of its parts.

They are written from the grammars at the top of the modules of `_paths`, not from the code. They accept or reject a
text, but do not report what is wrong, and have no limits.
"""

from __future__ import annotations

import json
import re
from typing import Final

from rfc9535 import Query, Selector, Step

__all__ = ["read_path", "read_pattern"]

MAX_INDEX: Final = 2**53 - 1

HALF: Final = r"\ud800-\udfff"
UNIT: Final = r"u(?:[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?![dD][89a-fA-F])[0-9a-fA-F]{4})"
QUOTED: Final = (
    rf"(?:'(?:[^'\\\x00-\x1f{HALF}]|\\(?:[bfnrt/\\']|{UNIT}))*+'"
    rf'|"(?:[^"\\\x00-\x1f{HALF}]|\\(?:[bfnrt/\\"]|{UNIT}))*+")'
)
INDEX: Final = r"(?:0|[1-9][0-9]*)"
BLANK: Final = r"[ \t\n\r]*"


def meaning(text: str) -> Step:
    """Return the step that a quoted name or an index stands for."""
    if text[0] not in "'\"":
        return int(text) if len(text) <= 16 else MAX_INDEX + 1
    inner = text[1:-1]
    if text[0] == "'":  # as JSON writes it
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    return json.loads(f'"{inner}"')


# ---- paths ----

BARE: Final = rf"(?!['\" ]|\*(?:[.\[\]]|\Z))[^.\[\]\x00-\x1f{HALF}]+(?<! )"
BRACKET: Final = rf"\[{BLANK}(?:{INDEX}|{QUOTED}){BLANK}\]"
PATH: Final = re.compile(rf"(?!\.)(?:\$(?=[.\[]|\Z)|{QUOTED}|{BARE}|{BRACKET})?(?:\.(?:{QUOTED}|{BARE})|\.?{BRACKET})*")
STEP: Final = re.compile(rf"\.?(?:\[{BLANK}(?P<index>{INDEX}|{QUOTED}){BLANK}\]|(?P<quoted>{QUOTED})|(?P<bare>{BARE}))")


def read_path(text: str) -> tuple[Step, ...] | None:
    """Return the steps of a path, or None if the text is not a path."""
    if not PATH.fullmatch(text):
        return None
    text = re.sub(r"\A\$(?=[.\[]|\Z)", "", text)
    steps = [
        match["bare"] if match["bare"] is not None else meaning(match["index"] or match["quoted"])
        for match in STEP.finditer(text)
    ]
    return tuple(steps) if all(isinstance(step, str) or step <= MAX_INDEX for step in steps) else None


# ---- patterns ----

LETTER: Final = r"[A-Za-z0-9_$@\x80-\ud7ff\ue000-\U0010ffff-]"
NAME: Final = rf"(?!-|[$@](?!{LETTER})){LETTER}+"
ONE: Final = rf"(?:{NAME}|{QUOTED}|\*)"


SLICE: Final = rf"{INDEX}?{BLANK}:{BLANK}{INDEX}?(?:{BLANK}:{BLANK}{INDEX}?)?"
SELECTOR: Final = rf"{BLANK}(?:(?:{SLICE})|{INDEX}|{QUOTED}|[*]){BLANK}"
SELECTORS: Final = rf"\[{SELECTOR}(?:,{SELECTOR})*\]"
SEGMENT: Final = rf"{BLANK}(?:\.\.?{ONE}|(?:\.\.?)?{SELECTORS})"
ROOTED: Final = rf"\$(?!{LETTER})(?:(?!{BLANK}\.+[0-9]){SEGMENT})*"
PATTERN: Final = re.compile(rf"{ROOTED}|(?:{ONE}|{SELECTORS})(?:{SEGMENT})*")
PART: Final = re.compile(rf"{BLANK}(?P<dots>\.{{0,2}})(?:(?P<one>{ONE})|(?P<bracket>{SELECTORS}))")
BRACKETED: Final = re.compile(
    rf"{BLANK}(?:(?P<slice>{SLICE})|(?P<index>{INDEX})|(?P<other>{QUOTED}|[*])){BLANK}(?:,|\Z)"
)


def read_pattern(text: str) -> Query | None:
    """Return the query of a pattern, or None if the text is not a pattern."""
    if not PATTERN.fullmatch(text):
        return None
    text = re.sub(rf"\A\$(?!{LETTER})", "", text)
    query: Query = [
        (match["dots"] == "..", [one_selector(match["one"])] if match["one"] else selectors(match["bracket"][1:-1]))
        for match in PART.finditer(text)
    ]
    numbers = [part for _, found in query for kind, *parts in found if kind != "name" for part in parts]
    return query if all(number is None or number <= MAX_INDEX for number in numbers) else None


def one_selector(text: str) -> Selector:
    if text == "*":
        return ("wild",)
    return ("name", meaning(text) if text[0] in "'\"" else text)


def selectors(inner: str) -> list[Selector]:
    found: list[Selector] = []
    for match in BRACKETED.finditer(inner):
        if match["slice"]:
            bounds = [meaning(bound.strip()) if bound.strip() else None for bound in match["slice"].split(":")]
            found.append(("slice", *bounds, *[None] * (3 - len(bounds))))
        elif match["index"]:
            found.append(("index", meaning(match["index"])))
        else:
            found.append(one_selector(match["other"]))
    return found
