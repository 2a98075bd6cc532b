"""What is fuzzed: one function for each target, which takes any bytes and returns, or raises what is a finding.

The rule that each holds the library to: a documented error - of a class that the docstring of what was called names,
with a code of `CODES` - or the right result, as something else says that shares no code with it. Nothing else: any
other exception, and each assertion here, is a finding.

A target is a function here and a folder in `corpus/`. The targets need no fuzzer: the tests run the corpus and random
bytes through them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar
from unittest.mock import patch

import streamjson as sj
from grammars import read_path, read_pattern
from rfc9535 import select
from source import Source, text_of
from sse_reference import cut_at, outcome, pieces_of, refused
from streamjson._dialects.foreign import to_fields
from streamjson._errors import CODES
from streamjson._json import decode_json, quick_decoder
from streamjson._paths.path import parse_path
from streamjson._paths.pattern import compile_pattern
from streamjson._resume.envelope import seal
from twin import Twin

__all__ = ["TARGETS"]

T = TypeVar("T")

TARGETS: Final[dict[str, Callable[[bytes], None]]] = {}
UNLIMITED: Final = sj.Limits.unlimited()
SMALL: Final = sj.Limits(max_depth=2, max_nodes=6, max_document_bytes=60, max_string_bytes=20, max_array_gap=1)


def target(function: Callable[[bytes], None]) -> Callable[[bytes], None]:
    TARGETS[function.__name__] = function
    return function


def attempt(
    function: Callable[..., T], *args: object, errors: type[sj.StreamJSONError] | tuple[type[sj.StreamJSONError], ...]
) -> T | sj.StreamJSONError:
    """Return what a function returns, or the error that it raises, if that is a documented one."""
    try:
        return function(*args)
    except errors as error:
        assert error.code in CODES, error.code
        assert len(str(error)) < 1000
        return error


# ---------------------------------------------------------------------------------------------------------------------
# bytes -> events


@target
def decoder(data: bytes) -> None:
    """Limits, cuts, and the bytes of a stream: `SSEDecoder`, `decode_sse` and `encode_sse`."""
    source = Source(data)
    limits = sj.Limits(
        max_event_bytes=source.choice([None, 16 * 2**20, *range(1, 30)]),
        max_id_bytes=source.choice([None, 1024, 1, 2, 3]),
        max_retry_ms=source.choice([None, 3_600_000, 1, 9, 1000]),
    )
    cuts = list(source.take(5))
    stream = source.rest()

    expected = refused(stream, limits)
    for pieces in ([stream], cut_at(stream, cuts), pieces_of(stream, 1)):
        assert outcome(pieces, limits) == expected

    told: list[sj.ServerSentEvent[str]] = []
    error = attempt(
        lambda: told.extend(sj.decode_sse(cut_at(stream, cuts), limits=limits)),
        errors=(sj.LimitExceededError, sj.StreamTruncatedError, sj.InvalidEventError),
    )
    if isinstance(error, sj.InvalidEventError):  # it is no event stream: see tests/test_body.py
        assert error.code in {"not_an_event_stream", "no_line_ends", "trailing_body"}
        assert told == [] or (error.code == "trailing_body" and len(told) == len(expected["events"]))  # type: ignore[arg-type]
        return
    is_cut = expected["truncated"] and not expected["error"]
    if is_cut and error is None:
        assert told.pop().data.strip() == "[DONE]"  # it needs no blank line
        is_cut = False
    assert len(told) == len(expected["events"])  # type: ignore[arg-type]
    assert type(error) is (
        sj.LimitExceededError if expected["error"] else sj.StreamTruncatedError if is_cut else type(None)
    )
    for event in told:
        (again,) = sj.decode_sse(sj.encode_sse(event), limits=UNLIMITED)
        assert (again.data, again.id, again.event, again.retry) == (event.data, event.id, event.event, event.retry)


# ---------------------------------------------------------------------------------------------------------------------
# text -> path


@target
def path(data: bytes) -> None:
    """Two limits, and the text of a path: `parse_path`, and the texts that a `Path` gives."""
    source = Source(data)
    limits = sj.Limits(
        max_path_bytes=source.choice([4096, None, *range(1, 40)]), max_depth=source.choice([128, None, 1, 2, 3, 4])
    )
    text = text_of(source.rest())

    read = attempt(lambda: parse_path(text), errors=sj.InvalidPathError)
    steps = read_path(text)
    if isinstance(read, sj.InvalidPathError):
        code, position = read.code, read.position
        assert position is not None
        assert 0 <= position <= len(text)
        assert read.limit == {"too_deep": "max_depth", "path_too_long": "max_path_bytes"}.get(code)
        assert steps is None or read.limit
    else:
        assert isinstance(read, sj.Path)
        assert read == steps
        assert {type(step) for step in read} <= {str, int}
        assert sj.format_path(read) == str(read)
        for written in (str(read), read.normalized):
            assert parse_path(written, limits=UNLIMITED) == read
        names = [step.replace("~1", "/").replace("~0", "~") for step in read.pointer.split("/")[1:]]
        assert names == [str(step) for step in read]
    _check_bounds(text, limits, attempt(lambda: parse_path(text, limits=UNLIMITED), errors=sj.InvalidPathError))


def _check_bounds(text: str, limits: sj.Limits, free: sj.Path | sj.StreamJSONError) -> None:
    """Limits change nothing but that they refuse what passes them, where it does."""
    bound = attempt(lambda: parse_path(text, limits=limits), errors=sj.InvalidPathError)
    size = limits.max_path_bytes
    if not isinstance(bound, sj.InvalidPathError):
        assert bound == free
        assert size is None or len(text.encode("utf-8", "surrogatepass")) <= size
        assert limits.max_depth is None or len(bound) <= limits.max_depth
        return
    assert bound.position is not None
    if bound.limit is None:
        assert isinstance(free, sj.InvalidPathError)
        assert (bound.code, bound.position) == (free.code, free.position)
        return
    assert getattr(limits, bound.limit) is not None
    assert not isinstance(free, sj.InvalidPathError) or bound.position <= free.position
    if bound.limit == "max_path_bytes":
        fitting = [len(text[:end].encode("utf-8", "surrogatepass")) for end in (bound.position, bound.position + 1)]
        assert fitting[0] <= size < fitting[1]


# ---------------------------------------------------------------------------------------------------------------------
# an event's data -> chunk


def _quick_decoders() -> list[Any]:
    with patch.dict("sys.modules", {"msgspec": None}):
        plain = quick_decoder.__wrapped__()
    return [plain, quick_decoder.__wrapped__()]  # the second is that of msgspec, where it is installed


QUICK: Final = _quick_decoders()


class Refused(Exception):  # noqa: N818  # no error of the library
    """The plain reading of an event's data met what JSON has not."""


def to_chunk(data: object, limits: sj.Limits) -> sj.StreamingChunk:
    return sj.StreamingChunk.from_dict(to_fields(data, limits))


@target
def chunk(data: bytes) -> None:
    """Two limits, and an event's data: `decode_json`, its chunk, and the quick ways of the assembler around them."""
    source = Source(data)
    limits = sj.Limits(
        max_depth=source.choice([128, None, 1, 2, 3]), max_number_digits=source.choice([1000, None, 1, 2, 3, 9, 20])
    )
    raw = source.rest()
    text = text_of(raw)
    assert isinstance(attempt(to_chunk, raw, limits, errors=sj.InvalidEventError), sj.InvalidEventError)

    errors = (sj.InvalidEventError, sj.LimitExceededError)
    value = attempt(decode_json, text, limits, errors=errors)
    expected = _plain_json(text, limits)
    if isinstance(value, sj.StreamJSONError):
        assert value.code in expected, (value.code, expected)
    else:
        assert repr(value) == expected
    read = attempt(to_chunk, text, limits, errors=errors)
    if isinstance(value, sj.StreamJSONError):
        assert isinstance(read, sj.StreamJSONError)
        assert read.code == value.code
    else:
        _check_chunk(value, read)

    outcomes = [_applied(sj.ServerSentEvent(text), limits, quick) for quick in QUICK]
    assert outcomes[0] == outcomes[1]
    if isinstance(read, sj.StreamingChunk):
        assert _applied(read, limits, QUICK[0]) == outcomes[0]
    elif text not in {"", "[DONE]"}:
        assert outcomes[0][:2] == (type(read).__name__, read.code)


def _plain_json(text: str, limits: sj.Limits) -> str | set[str]:
    """Return the repr of what a text stands for by the standard library, else the codes that may be told of it."""

    def refuse(code: str) -> None:
        raise Refused(code)

    def number(literal: str) -> None:
        if limits.max_number_digits is not None and sum(map(str.isdigit, literal)) > limits.max_number_digits:
            refuse("max_number_digits")

    def counted(kind: Callable[[str], T]) -> Callable[[str], T]:
        return lambda literal: (number(literal), kind(literal))[1]

    depth = _depth(text)
    too_deep = {"max_depth"} if limits.max_depth is not None and depth > limits.max_depth + 1 else set()
    try:
        value = json.loads(
            text,
            parse_constant=lambda _: refuse("bad_number"),
            parse_int=counted(int),
            parse_float=counted(float),
        )
    except Refused as refusal:
        return too_deep or {*refusal.args}
    except json.JSONDecodeError:
        return too_deep or {"bad_json"}
    except RecursionError:
        return {"max_depth"}
    return too_deep or repr(value)


def _depth(text: str) -> int:
    """Return how deep brackets nest that are in no string, read character by character."""
    depth = deepest = 0
    is_inside = is_escaped = False
    for char in text:
        if is_inside:
            is_inside = is_escaped or char != '"'
            is_escaped = char == "\\" and not is_escaped
        elif char == '"':
            is_inside = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


# As docs/wire.md has them.
FIELDS: Final = (
    ("json_path", "jsonPath"),
    ("span_id", "spanId"),
    ("chunk_type", "chunkType"),
    ("error_type", "errorType"),
    ("error_message", "errorMessage"),
)


def _check_chunk(value: object, read: sj.StreamingChunk | sj.StreamJSONError) -> None:
    """A chunk has the fields of its JSON, in either spelling; what can have none is refused."""
    fields = value if isinstance(value, dict) else {"json_path": 5}
    found = [fields.get(other) if fields.get(name) is None else fields[name] for name, other in FIELDS]
    if isinstance(read, sj.StreamJSONError):
        assert read.code == "bad_event"
        assert not all(one is None or isinstance(one, str) for one in found)
        return
    assert [getattr(read, name) for name, _ in FIELDS] == found
    assert repr(read.delta) == repr(fields.get("delta", sj.MISSING))
    for camel_case in (False, True):
        assert sj.StreamingChunk.from_dict(read.to_dict(camel_case=camel_case)) == read
    block = attempt(sj.encode_sse, read, errors=sj.InvalidEventError)
    if isinstance(block, sj.InvalidEventError):  # an Infinity that was a number of too many digits before the point
        assert block.code == "bad_number"
        return
    (event,) = sj.decode_sse(block, limits=UNLIMITED)
    # In between, two halves of a pair that stand side by side become one character.
    assert repr(to_chunk(event.data, UNLIMITED).to_dict()) == repr(json.loads(json.dumps(read.to_dict())))


def _applied(event: object, limits: sj.Limits, quick: Any) -> tuple[object, ...]:
    """Return what an assembler does with a first event, its data decoded by `quick` where it may be."""
    assembler = sj.Assembler(limits=limits)
    assembler._decode, assembler._closer_look = quick
    change = attempt(
        assembler.apply,
        event,
        errors=(sj.InvalidEventError, sj.InvalidPathError, sj.LimitExceededError, sj.StreamFailedError),
    )
    if isinstance(change, sj.StreamJSONError):
        assert assembler.version == 0
        return type(change).__name__, change.code, change.message
    return repr(change), repr(assembler.snapshot().value), assembler.span_id, assembler.end


# ---------------------------------------------------------------------------------------------------------------------
# events -> document


@target
def assembler(data: bytes) -> None:
    """Options, and events of all kinds: an `Assembler` beside the naive model; see `twin`."""
    Twin(Source(data)).run()


# ---------------------------------------------------------------------------------------------------------------------
# bytes -> a document that is gone on with

RESTORING: Final = (sj.CheckpointError, sj.LimitExceededError)
AFTER: Final = [
    ("a", "x"), ("a.b", 1), ("b", "\ud83d"), ("l[0]", None), ("l[2].a", "y"), ("b", "\ude00"), ("", "z"),
    ("o", {"a": [1]}),
]  # fmt: skip


@target
def checkpoint(data: bytes) -> None:
    """Bytes, or the members of a checkpoint that somebody has forged: `restore`, and what goes on from there."""
    source = Source(data)
    way, limits = source.choice(["bytes", "assembler", "replay_filter"]), source.choice([sj.Limits(), SMALL])
    raw = source.rest()
    if way != "bytes":
        try:
            members = json.loads(raw)
        except (ValueError, RecursionError):
            return
        if not isinstance(members, dict):
            return
        try:
            raw = seal(way, members)
        except UnicodeEncodeError:  # half a surrogate pair: `seal` is given none
            return
    restored = attempt(lambda: sj.Assembler.restore(raw, limits=limits, on_conflict="replace"), errors=RESTORING)
    if isinstance(restored, sj.Assembler):
        _go_on(restored)
    replays = attempt(lambda: sj.ReplayFilter.restore(raw), errors=RESTORING)
    if isinstance(replays, sj.ReplayFilter):
        again = sj.ReplayFilter.restore(replays.checkpoint())
        assert again.refusal == replays.refusal
        event = sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="1")
        told = [attempt(lambda one=one: one.is_replay(event), errors=sj.CheckpointError) for one in (replays, again)]
        assert repr(told[0]) == repr(told[1])


def _go_on(restored: sj.Assembler) -> None:
    """What is restored tells what its own checkpoint, restored, tells; a reader finds nothing that can't be."""
    twice = sj.Assembler.restore(restored.checkpoint(), limits=UNLIMITED, on_conflict="replace")
    told: list[list[object]] = []
    for one in (restored, twice):
        before = one.snapshot()
        value = before.copy_value()
        assert before.value == value
        news: list[object] = []
        one.on("$..*", lambda change, news=news: news.append(repr(change)))
        one.on_complete("$..*", lambda done, news=news: news.append(repr(done)))
        for path, delta in AFTER:
            attempt(lambda one=one, path=path, delta=delta: one.apply_delta(path, delta),
                    errors=(sj.InvalidPathError, sj.ClosedError, sj.LimitExceededError))  # fmt: skip
            news.append(repr(one.snapshot().value))
        one.close()
        assert before.copy_value() == value
        json.dumps(None if value is sj.MISSING else value, allow_nan=False).encode()
        news += [one.snapshot().is_complete(path) for path in ((), ("a",), ("l",), ("o", "a", 0))]
        told.append(news)
    # The first may have met a limit of the document where the second, without limits, went on.
    if restored._document.intake.limits == sj.Limits():
        assert told[0] == told[1]


# ---------------------------------------------------------------------------------------------------------------------
# text -> pattern -> matches

TREE: Final = {
    "a": {"b": [1, {"a": "x", "b": {"a": None}}, [[], "y"]], "0": 1.5, "first name": True},
    "b": [{"a": 1}, {"a": 2, "c": [3, 4, 5]}, {"a": {}}],
    "$ref": "naïve",
    "naïve": {"*": 1, "it's": 2, "": {"a": [0]}},
}


@cache
def _trees() -> list[sj.Snapshot]:
    """Return a document at three versions: twice while it grows; then whole, replaced in part, and with holes."""
    made = sj.Assembler(on_conflict="replace")
    snapshots = []
    for count, piece in enumerate([*sj.disassemble(TREE), sj.StreamingChunk({"a": [1]}, "a.b[1].b"),
                                   sj.StreamingChunk([0, {"b": 1}], "b[4]")]):  # fmt: skip
        made.apply(piece)
        if count in {5, 12}:
            snapshots.append(made.snapshot())
    return [*snapshots, made.snapshot()]


@target
def pattern(data: bytes) -> None:
    """Two limits, and the text of a pattern: `compile_pattern`, and `Snapshot.find` on a fixed document."""
    source = Source(data)
    limits = sj.Limits(
        max_path_bytes=source.choice([4096, None, *range(1, 40)]), max_depth=source.choice([128, None, 1, 2, 3, 4])
    )
    text = text_of(source.rest())

    query = read_pattern(text)
    compiled = attempt(lambda: compile_pattern(text, limits=limits), errors=sj.InvalidPatternError)
    size = len(text.encode("utf-8", "surrogatepass"))
    is_within = (limits.max_path_bytes is None or size <= limits.max_path_bytes) and (
        limits.max_depth is None or query is None or len(query) <= limits.max_depth
    )
    if isinstance(compiled, sj.InvalidPatternError):
        assert query is None or not is_within
        assert compiled.position is None or 0 <= compiled.position <= len(text)
    else:
        assert query is not None
        assert is_within
        assert compiled.text == text
    for snapshot in _trees():
        found = attempt(snapshot.find, text, errors=sj.InvalidPatternError)
        if isinstance(found, sj.InvalidPatternError):
            assert query is None or size > 4096 or len(query) > 128
            continue
        assert query is not None
        value = snapshot.value
        expected = select(query, value)
        assert [(tuple(match.path), repr(match.value)) for match in found] == [
            (steps, repr(part)) for steps, part in expected.items()
        ]
        for match in found:
            assert snapshot.get(str(match.path), sj.MISSING) == match.value
