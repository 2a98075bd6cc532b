"""An event's data is decoded by msgspec if it is installed, else by the scanner of `json`: 0.11 and 0.23 microseconds.

`json.loads` does the same in 0.93 (two more calls in Python, two matches of white space), and is called only for text
that the scanner does not read to its end. Shortcuts for the usual shape of an event are rejected: splitting at the
quotes takes longer than the scanner; removing the beginning and end of the previous event takes as long, and needs
state; a regular expression takes as long. None of them reads an escape, another order of the fields or a number. The
check for control characters in the text costs them a good part of the saving: `str.isprintable` takes 0.09.

CPython 3.11.7 (compiled without profile-guided optimization, x86_64), msgspec 0.22; nanoseconds, the fastest of
several runs, the loop and a call included.

| an event's data, delta and path in 49 characters | ns | |
|---|---|---|
| the loop and an empty call | 22 | |
| `json.loads` | 932 | rejected |
| `json.loads` of bytes | 1,419 | rejected |
| `scan_once` and a check of the end | 232 | taken where msgspec is not installed |
| split at the quotes, compare with the shape | 340 | rejected |
| remove the ends of the previous event | 230 | rejected |
| regular expression | 235 | rejected |
| msgspec | 112 | taken, extra `fast` |
| `str.isprintable` alone | 90 | |
| `str.isascii` alone | 10 | |
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from _timing import fastest, heading, show

PREFIX, SUFFIX = '{"delta": "', '", "json_path": "people[12].name"}'
TEXTS = [f"{PREFIX}{number:04d}{SUFFIX}" for number in range(1000)]
BYTES = [text.encode() for text in TEXTS]
EXPECTED = json.loads(TEXTS[7])

_scan_once = json.JSONDecoder().scan_once  # not documented
_match = re.compile(r'\{"delta": "([^"\\\x00-\x1f]*)", "json_path": "([^"\\\x00-\x1f]*)"\}').fullmatch
_SHAPE = ["{", "delta", ": ", "", ", ", "json_path", ": ", "", "}"]


def nothing(_: object) -> None:
    pass


def scan_once(text: str) -> object:
    value, end = _scan_once(text, 0)
    return value if end == len(text) else None


def by_quotes(text: str) -> tuple[str, str] | None:
    """Split at the quotes, and compare the parts around the two texts with the previous event."""
    if "\\" not in text and text.isprintable():
        parts = text.split('"')
        if len(parts) == 9:
            delta, path = parts[3], parts[7]
            parts[3] = parts[7] = ""
            if parts == _SHAPE:
                return delta, path
    return None


def by_ends(text: str) -> tuple[str, str] | None:
    """Remove the beginning and the end of the previous event, its path included."""
    if text.startswith(PREFIX) and text.endswith(SUFFIX):
        delta = text[len(PREFIX) : -len(SUFFIX)]
        if '"' not in delta and "\\" not in delta and delta.isprintable():
            return delta, "people[12].name"
    return None


def by_expression(text: str) -> tuple[str, str] | None:
    match = _match(text)
    return match.group(1, 2) if match else None


def over(things: Iterable[object], way: Callable[..., object]) -> Callable[[], None]:
    def run() -> None:
        for thing in things:
            way(thing)

    return run


def main() -> None:
    heading()
    ways: dict[str, Callable[..., object]] = {
        "the loop and an empty call": nothing,
        "json.loads": json.loads,
        "scan_once": scan_once,
        "split at quotes": by_quotes,
        "ends of the previous event": by_ends,
        "regular expression": by_expression,
        "str.isprintable alone": str.isprintable,
        "str.isascii alone": str.isascii,
    }
    try:
        import msgspec  # noqa: PLC0415  # an extra

        ways["msgspec"] = msgspec.json.Decoder().decode
    except ImportError:
        print("msgspec is not installed")
    for way in (by_quotes, by_ends, by_expression):
        assert way(TEXTS[7]) == tuple(EXPECTED.values())
    assert scan_once(TEXTS[7]) == EXPECTED
    runs = {name: over(TEXTS, way) for name, way in ways.items()}
    runs["json.loads of bytes"] = over(BYTES, json.loads)
    show("decode the data of one event", fastest(runs, calls=2, per=len(TEXTS), rounds=60))
    # Texts that the shortcuts can't read: an escape, another order, a number.
    for text in (
        '{"delta": "a\\n", "json_path": "b"}',
        '{"json_path": "b", "delta": "a"}',
        '{"delta": 1, "json_path": "b"}',
    ):
        assert scan_once(text)
        assert not by_quotes(text)
        assert not by_ends(text)
        assert not by_expression(text)


if __name__ == "__main__":
    main()
