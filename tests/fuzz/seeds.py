"""Write the seeds: `python tests/fuzz/seeds.py`. They come from the vectors of the tests, or are written here.

The name of a file describes its content. Files without a seed of that name stay: regressions, and the inputs that
`--keep` added.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
TESTS: Final = HERE.parent
sys.path[:0] = [str(HERE), str(TESTS)]

import streamjson as sj  # noqa: E402 - found by the line above, like the next ones
from part_events import streams  # noqa: E402
from twin import CONTAINERS, JUNK, PLACES, SCALARS, TEXTS  # noqa: E402

__all__ = ["seeds"]

CORPUS: Final = HERE / "corpus"

Seeds = Iterator[tuple[str, bytes]]


def seeds() -> dict[str, dict[str, bytes]]:
    """Return the bytes of each seed, by target and name."""
    every = {
        "decoder": decoder(),
        "path": path(),
        "chunk": chunk(),
        "assembler": assembler(),
        "checkpoint": checkpoint(),
        "pattern": pattern(),
        "text": text(),
        "parts": parts(),
    }
    return {name: {_slug(title): data for title, data in made} for name, made in every.items()}


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _vectors(name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((TESTS / "vectors" / f"{name}.json").read_text("utf-8"))
    return vectors


def _first_of_each(vectors: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the first vector of each rule."""
    known: set[str] = set()
    for vector in vectors:
        if vector["rule"] not in known:
            known.add(vector["rule"])
            yield vector


# ---------------------------------------------------------------------------------------------------------------------
# bytes, text


def decoder() -> Seeds:
    """One stream per rule, without limits and cut; a few with limits."""
    streams = {vector["name"]: base64.b64decode(vector["input_base64"]) for vector in _first_of_each(_vectors("sse"))}
    for name, stream in streams.items():
        if len(stream) <= 400:
            yield name, bytes([0, 0, 0, 1, 5, 9, 17, 31]) + stream
    yield "limit-event", bytes([2 + 11, 0, 0, 3, 7, 0, 0, 0]) + b"data: a\n\ndata: 1234\ndata: 5\n\n"
    yield "limit-id", bytes([0, 3, 0, 2, 0, 0, 0, 0]) + b"id: 1\ndata: a\n\nid: 12\ndata: b\n\n"
    yield "limit-retry", bytes([0, 0, 3, 0, 0, 0, 0, 0]) + b"retry: 10\ndata: a\n\n"
    yield "limit-in-a-line-that-is-cut", bytes([2 + 5, 0, 0, 9, 12, 0, 0, 0]) + b": comment\n\ndata: 1234567"


def path() -> Seeds:
    """One path per rule, with the default limits; a few with other limits."""
    for vector in _first_of_each(_vectors("paths")):
        text = vector.get("path")
        if isinstance(text, str) and len(text) <= 400:
            yield vector["rule"], b"\0\0" + text.encode("utf-8", "surrogatepass")
    yield "limit-bytes", bytes([2 + 4, 0]) + "naïve.b".encode()
    yield "limit-depth", bytes([0, 3]) + b"a[0].b['c']"
    yield "limit-depth-of-plain-names", bytes([0, 3]) + b"a.b.c"
    yield "half-of-a-pair", b"\0\0a.\xed\xa0\xbd"
    yield "escaped-pair", b"\0\0" + rb"['\ud83d\ude00\'\u0000']"
    yield "dollar-names", b"\0\0$ref.$$.$"
    yield "escapes", b"\0\0" + rb"""['\n\t\\\/']["\u0001\""]"""
    yield "index-one-too-large", b"\0\0a[9007199254740992]"


CHUNKS: Final = {
    "plain": '{"delta": "x", "json_path": "a"}',
    "camel case": '{"delta": 1, "jsonPath": "a[0]", "spanId": "s", "chunkType": "json", "errorType": null}',
    "chunk type": '{"delta": null, "json_path": "a", "chunk_type": "json"}',
    "text": '{"delta": "x", "chunk_type": "text"}',
    "error": '{"error_type": "t", "error_message": "m"}',
    "span": '{"span_id": "s"}',
    "done": "[DONE]",
    "empty": "",
    "wrong field": '{"delta": 1, "json_path": 5}',
    "no object": "[1, 2]",
    "containers": '{"delta": {"a": [1, {"b": []}], "a": {}}, "json_path": ""}',
    "same name twice": '{"delta": 1, "json_path": "a", "delta": 2}',
    "escapes": r'{"delta": "\n\u00e9\ud83d\ude00\/\"", "json_path": "\u0061"}',
    "half of a pair": r'{"delta": "\ud83d", "json_path": "a"}',
    "raw half of a pair": '{"delta": "\ud83d", "json_path": "a"}',
    "numbers": '{"delta": [0, -0, -0.0, 1e5, 1E-5, 12345678901234567890, 0.1], "json_path": "a"}',
    "float at the edge": '{"delta": [1.7976931348623157e308, 5e-324, 9007199254740993.0], "json_path": "a"}',
    "overflow": '{"delta": 1e400, "json_path": "a"}',
    "nan": '{"delta": NaN, "json_path": "a"}',
    "infinity": '{"delta": [-Infinity], "json_path": "a"}',
    "leading zero": '{"delta": 01}',
    "cut": '{"delta": "x',
    "more behind": '{"delta": 1} 2',
    "blanks": ' \t\r\n{"delta" : 1 , "json_path" : "a"}\n ',
    "other blanks": '\xa0{"delta": 1}',
    "byte order mark": '\ufeff{"delta": 1}',
    "control character": '{"delta": "a\nb"}',
    "brackets in a string": '{"delta": "[[[[\\"{{{{", "json_path": "a"}',
    "nul": '{"delta": "\\u0000", "json_path": "a\\u0000"}',
    "surrogate name": '{"delta": {"\\ud83d": 1, "\\ude00": 2}, "json_path": "a"}',
}


def chunk() -> Seeds:
    """Handwritten data of events with the default limits; nesting and digits around their limits."""
    for title, text in CHUNKS.items():
        yield title, b"\0\0" + text.encode("utf-8", "surrogatepass")
    yield "as deep as may be", bytes([4, 0]) + b'{"delta": [[[1]]], "json_path": "a"}'
    yield "too deep", bytes([4, 0]) + b'{"delta": [[[[]]]], "json_path": "a"}'
    yield "too deep and broken", bytes([2, 0]) + b'{"delta": [[[["'
    yield "deep without a limit", bytes([1, 1]) + b"[" * 390
    yield "digits", bytes([0, 5]) + b'{"delta": [123456789, 1.2345678e-1], "json_path": "a"}'
    yield "too many digits", bytes([0, 5]) + b'{"delta": -1234567890, "json_path": "a"}'


PATTERNS: Final = (
    "$", "a", "a.b", "$.a.b[0]", "b[*].a", "*", "[*]", "a.*", "$..a", "$..*", "$..[0]", "a..b..a", "b[0,2]",
    "['a','b']", "['a',*]", "b[1:]", "b[:2].a", "b[0:9:2]", "b[::]", "b[1:2:0]", "$ref", "naïve['*']",
    "naïve[\"it's\"]", r"naïve['it\'s']", "naïve['']", "a['first name']", "a.0", "a .b\t[ 0 , 1 ]", "$..['a','0']",
    r"['\u0061'].b", "b.[0]", "$..b[1:3]", "b[9007199254740991]", "b[?@.a]", "a[-1]", "a[-2:]", "a|b", "a where b",
    "`this`", "@.a", "a[]", "a.", "..a", "[01]", "a[0", "first name", "['\ud83d']", r"['\x']", "[0,'a']", "[1:2,0]",
    "b[9007199254740992]", "b[1,0:3]", "b[*,0]", "$..['a',0,1:].b", "b[ 2:, :1 , 0:9:2 ]", "[0,]", "b[0:1:2:3]", "$.1",
)  # fmt: skip


def text() -> Seeds:
    """Yield rows of the conformance suite, and texts of each kind of token; three choices come first."""
    for vector in _vectors("json_test_suite")[::6]:
        data = base64.b64decode(vector["base64"])
        if len(data) < 200:
            yield vector["name"], b"\0\0\0" + data
    yield (
        "a document",
        b"\0\0\3" + json.dumps({"a": [1, -2.5e3, True, None, "x\ud83d\ude00"], "a\n": {"b": {}}}).encode(),
    )
    yield "a name twice", b'\0\0\1{"a": {"b": 1}, "a": {"b": [2, {}]}}'
    yield "a leading zero", b"\0\0\1[01]"
    yield "limits", b'\2\2\0[[1234, "x"]]'


def parts() -> Seeds:
    """Yield streams of all providers, each with a few mutations; options come first, then the number of the stream."""
    for number in range(0, len(streams()), 2):
        mutations = bytes([3, 0, 1, 0, number, 5, 3, 2, 0, 7, 9, 5, 1, 2])
        yield (
            f"stream {number:02}",
            bytes([number % 2, number % 3 == 0, number % 5 == 0, 2, number % 4 == 0, number]) + mutations,
        )
        if number % 8 == 0:
            yield f"stream {number:02} as it is", bytes([1, 0, 0, 3, 1, number, 0])


def pattern() -> Seeds:
    """Handwritten patterns with the default limits; two with other limits."""
    for number, text in enumerate(PATTERNS):
        kind = "refused" if _is_refused(text) else "pattern"
        yield (
            f"{kind} {number:02} {text.encode('ascii', 'ignore').decode()}",
            b"\0\0" + text.encode("utf-8", "surrogatepass"),
        )
    yield "limit bytes", bytes([2 + 3, 0]) + b"a.bcd"
    yield "limit segments", bytes([0, 3]) + b"a.b[*].c"


def _is_refused(text: str) -> bool:
    try:
        sj.Assembler().on(text, print)
    except sj.InvalidPatternError:
        return True
    return False


# ---------------------------------------------------------------------------------------------------------------------
# events, encoded as `twin` reads them


def _path(text: str) -> bytes:
    steps = tuple(sj.parse_path(text))
    if steps in PLACES:
        return bytes([PLACES.index(steps)])
    raw = text.encode()
    return bytes([238 + len(raw)]) + raw


def _delta(value: Any) -> bytes:
    for start, end, options in ((0, 100, TEXTS), (100, 160, SCALARS), (160, 220, CONTAINERS)):
        for code in range(start, end):
            if repr(options[code % len(options)]) == repr(value):
                return bytes([code])
    raw = json.dumps(value).encode().ljust(2)
    return bytes([218 + len(raw)]) + raw


def _event(path: str, delta: Any, *, form: int = 2, then: int = 0) -> bytes:
    """Return a delta at a path; `form` selects the kind of event, `then` the read afterwards."""
    tail = b"\0" if form in {4, 7} else b""  # no id
    return bytes([form | then << 3]) + _path(path) + _delta(delta) + tail + (b"\1" if then == 3 else b"")


def _set(path: str, value: Any, *, form: int = 0, then: int = 0) -> bytes:
    """Return a set of the value at a path; with `form` 1 the path is a `Path`."""
    return bytes([form | then << 3 | 4 << 5]) + _path(path) + _delta(value) + (b"\1" if then == 3 else b"")


def _set_again(value: Any, *, then: int = 0) -> bytes:
    """Return a set of the value at the location of the event before."""
    return bytes([then << 3 | 5 << 5]) + _delta(value) + (b"\1" if then == 3 else b"")


def _special(form: int, *more: int, then: int = 0) -> bytes:
    return bytes([form | then << 3 | 7 << 5, *more])


REPLACE, RESETS, AT_END, OBSERVED, MIRRORED = 1, 2, 4, 32, 64
CLOSE, RESET, END, TEXT, SPAN, OTHER, BAD, NO_DELTA = range(8)


def assembler() -> Seeds:
    """One or two rules of application of each kind; then spans, ends, halves, limits and sets."""
    for number, rule in enumerate(_vectors("rules")):
        if (" onto " in rule["name"] and number % 4) or (" through " in rule["name"] and number % 3):
            continue
        options = (REPLACE if "replace" in rule else 0) | (OBSERVED if number % 2 else MIRRORED)
        pairs = [*rule["first"], rule["delta"]]
        forms = [_event(place, delta, form=(number + at) % 8, then=at % 4) for at, (place, delta) in enumerate(pairs)]
        yield rule["name"], bytes([options, 0]) + b"".join(forms)
    stream = [_event("a[0].a", text, form=7, then=2) for text in ("x", "he", "llo")]
    stream += [_event("a[0].b", 12, form=5, then=1), _event("a[1].a", "x", form=0, then=3)]
    yield "in document order", bytes([OBSERVED, 0]) + b"".join(stream)
    yield "with a prefix", bytes([1 << 3, 0, 2, *_path("a"), *_delta("x"), 2, *_path("b"), *_delta(1)])
    yield "outside the prefix", bytes([1 << 3, 0, 2, 240]) + b"ab" + _delta("x")
    yield (
        "text mode",
        bytes([0, 0]) + b"".join(_special(TEXT, *_delta(text), then=2) for text in ("he", "llo", None, 1)),
    )
    yield (
        "new span",
        bytes([0, 0]) + b"".join(_special(SPAN, 0, *_path("a"), *_delta("x"), number, then=2) for number in (0, 0, 1)),
    )
    yield (
        "new span resets",
        bytes([RESETS | MIRRORED, 0])
        + b"".join(_special(SPAN, 0, *_path("a"), *_delta("x"), number, then=3) for number in (0, 1)),
    )
    yield (
        "new span without a delta",
        bytes([RESETS | MIRRORED, 0])
        + b"".join([_special(NO_DELTA, 1), _event("a", "x", then=2), _special(NO_DELTA, 2, then=2), _event("b", 1)]),
    )
    yield "done", bytes([OBSERVED, 0]) + _event("a", "x\ud83d") + _special(END, 1) + _event("a", "x")
    yield "error of the sender", bytes([0, 0]) + _event("a", "x") + _special(END, 2) + _event("a", "x")
    yield "reset", bytes([OBSERVED, 0]) + _event("a", "x", then=2) + _special(RESET) + _event("b", 1, then=3)
    yield "close", bytes([OBSERVED | AT_END, 0]) + _event("a", "x") + _special(CLOSE) + _event("b", 1)
    yield (
        "halves of two strings",
        bytes([OBSERVED, 0])
        + b"".join(
            _event(place, half, then=2)
            for place, half in (("a.a", "x\ud83d"), ("a.b", "\ud83d"), ("a.a", "\ude00y"), ("a.b", "\ude00"))
        ),
    )
    yield "half that is replaced", bytes([REPLACE, 0]) + _event("a.a", "x\ud83d") + _event("a", 1, then=2)
    for number, limit in enumerate(("depth", "text", "nodes", "size", "path"), 2):
        events = [_event("a", "he"), _event("a", "llo"), _event("b[0]", [[], {}]), _event("b[2]", 123, then=2)]
        yield f"limit {limit}", bytes([0, number]) + b"".join(events)
    growing = [_event("a", "he"), _event("a", "llo", then=2)]
    yield (
        "set a growing string",
        bytes([OBSERVED | MIRRORED, 0])
        + b"".join([*growing, _set_again("hello"), _set_again("he", then=2), *growing, _set("b", 1), _set("a", "")]),
    )
    yield (
        "set any value onto any other",
        bytes([OBSERVED | MIRRORED, 0])
        + b"".join(
            _set("a", value, form=number % 2, then=number % 4)
            for number, value in enumerate([None, None, 1, 1.0, {"a": 1}, "x", "x", [1], [1], True, "x", None])
        ),
    )
    halves = [_event("a", "x\ud83d"), _set_again("x", then=2), _event("a", "\ude00y"), _set_again("x\ud83d", then=2)]
    for title, options in (("in order", OBSERVED), ("at the end", OBSERVED | AT_END)):
        yield (
            f"set with halves {title}",
            bytes([options, 0])
            + b"".join(
                [*halves, _event("b", "\ud83d"), _set("a", "\ud83d"), _event("a", "\ude00"), _set("a", {"a": 1})]
            ),
        )
    for title, options in (("is refused", 0), ("replaces it", REPLACE | MIRRORED)):
        yield (
            f"set through a string {title}",
            bytes([options, 0])
            + _event("a", "x\ud83d")
            + _set("a.b", 1, then=2)
            + _set("b[2]", "x")
            + _set("b[0]", None),
        )
    for number, limit in ((3, "text"), (4, "nodes"), (5, "size")):
        sets = [_set_again(value, then=2) for value in ("llo", "llo", "he", "x\ud83d", [[], {}], 123, "word " * 12)]
        yield f"set within limit {limit}", bytes([0, number]) + _event("a", "he") + b"".join(sets)
    yield "junk", bytes([0, 0]) + b"".join(_special(BAD, number) for number in range(len(JUNK)))
    yield "other types", bytes([0, 0]) + b"".join(_special(OTHER, number) for number in range(6))


STREAMS: Final[dict[str, list[tuple[str, Any]]]] = {
    "nothing": [],
    "a string": [("a", "x"), ("a", "y")],
    "text mode": [("", "x"), ("", "y")],
    "holes": [("l[2]", 1), ("l[0]", None)],
    "a half": [("a", "x\ud83d")],
    "null": [("", None)],
    "a return": [("a", "x"), ("b", 1), ("a", "y"), ("l[3].a", {"b": [None]})],
    "a return and halves": [("a", "x"), ("b", "x"), ("a", "y\ud83d")],
    "what is lost": [("a.b", "x"), ("b", 1), ("a", None), ("a", "z")],
}


def checkpoint() -> Seeds:
    """Checkpoints of a few streams and of filters, as bytes and as members."""
    saved: dict[str, bytes] = {}
    for name, deltas in STREAMS.items():
        assembler = sj.Assembler()
        for path, delta in deltas:
            assembler.apply_delta(path, delta)
        saved[name] = assembler.checkpoint()
    assembler.close()
    saved["ended"] = assembler.checkpoint()
    prefixed = sj.Assembler(path_prefix="p[0]", completion="end")
    prefixed.apply_delta("p[0].a", "x")
    saved["a prefix"] = prefixed.checkpoint()
    for name, data in saved.items():
        yield f"bytes of {name}", bytes([0, 0]) + data
        yield f"members of {name}", bytes([1, 0]) + json.dumps(json.loads(data)).encode()
    yield "members within limits", bytes([1, 1]) + json.dumps(json.loads(saved["a string"])).encode()
    for name, replays in (("ids", sj.ReplayFilter()), ("the start", sj.ReplayFilter(replays_from_start=True))):
        for number in range(3):
            replays.applied(sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id=str(number)))
        yield f"bytes of a filter of {name}", bytes([0, 0]) + replays.checkpoint()
        yield f"members of a filter of {name}", bytes([2, 0]) + json.dumps(json.loads(replays.checkpoint())).encode()


def main() -> None:
    """Write the files, and print their numbers."""
    for name, made in seeds().items():
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for title, data in made.items():
            (folder / title).write_bytes(data)
        print(f"{name}: {len(made)} seeds, {len(list(folder.iterdir()))} files")


if __name__ == "__main__":
    main()
