"""The fuzz targets: each is a function that accepts any bytes, and raises an exception for a finding.

Each target holds the library to one rule: a documented error - of a class that the docstring of the function names,
with a code of `CODES` - or the right result, according to a reference that shares no code with the library. Any other
exception, and any failed assertion here, is a finding.

A target is a function here and a folder in `corpus/`. The targets need no fuzzer: the tests run the corpus and random
bytes through them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, TypeVar
from unittest.mock import patch

import attrs
import jiter

import streamjson as sj
from grammars import read_path, read_pattern
from part_events import mutated_events
from rfc9535 import select
from source import Source, text_of
from sse_reference import cut_at, outcome, pieces_of, refused
from streamjson._dialects.adapters import to_fields
from streamjson._dialects.quick_chunks import quick_decoder, quick_reader
from streamjson._errors import CODES
from streamjson._json import decode_json
from streamjson._paths.path import parse_path
from streamjson._paths.pattern import compile_pattern
from streamjson._resume.envelope import seal
from text_reference import read as read_text, well_formed
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
    """Return the result of a function, or the error that it raises if that is documented."""
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
    """Input: limits, cuts and the bytes of a stream. Under test: `SSEDecoder`, `decode_sse` and `encode_sse`."""
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

    decoded: list[sj.ServerSentEvent[str]] = []
    error = attempt(
        lambda: decoded.extend(sj.decode_sse(cut_at(stream, cuts), limits=limits)),
        errors=(sj.LimitExceededError, sj.StreamTruncatedError, sj.InvalidEventError),
    )
    if isinstance(error, sj.InvalidEventError):  # not an event stream: see tests/wire/test_body.py
        assert error.code in {"not_an_event_stream", "no_line_ends", "trailing_body"}
        assert decoded == [] or (error.code == "trailing_body" and len(decoded) == len(expected["events"]))  # type: ignore[arg-type]
        return
    is_cut = expected["truncated"] and not expected["error"]
    if is_cut and error is None:
        assert decoded.pop().data.strip() == "[DONE]"  # it needs no blank line
        is_cut = False
    assert len(decoded) == len(expected["events"])  # type: ignore[arg-type]
    assert type(error) is (
        sj.LimitExceededError if expected["error"] else sj.StreamTruncatedError if is_cut else type(None)
    )
    for event in decoded:
        (again,) = sj.decode_sse(sj.encode_sse(event), limits=UNLIMITED)
        assert (again.data, again.id, again.event, again.retry) == (event.data, event.id, event.event, event.retry)


# ---------------------------------------------------------------------------------------------------------------------
# text -> path


@target
def path(data: bytes) -> None:
    """Input: two limits and the text of a path. Under test: `parse_path` and the texts of a `Path`."""
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
    """Assert that limits only refuse a path that exceeds them, at the position where it does."""
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
    return [plain, quick_decoder.__wrapped__()]  # the second is msgspec's, if installed


QUICK: Final = _quick_decoders()


class Refused(Exception):  # noqa: N818  # not an error of the library
    """The reference decoder found something that JSON or a limit does not allow."""


def to_chunk(data: object, limits: sj.Limits) -> sj.StreamingChunk:
    return sj.StreamingChunk.from_dict(to_fields(data, limits))


@target
def chunk(data: bytes) -> None:
    """Input: two limits and an event's data. Under test: `decode_json`, its chunk, and the assembler's fast paths."""
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
    """Return the repr of the value by the standard library, or the error codes that are allowed for the text."""

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
    """Return the nesting of the brackets outside of strings, read character by character."""
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


# As listed in docs/wire.md.
FIELDS: Final = (
    ("json_path", "jsonPath"),
    ("span_id", "spanId"),
    ("chunk_type", "chunkType"),
    ("error_type", "errorType"),
    ("error_message", "errorMessage"),
)


def _check_chunk(value: object, read: sj.StreamingChunk | sj.StreamJSONError) -> None:
    """Assert that a chunk has the fields of its JSON, in either spelling, and that other JSON is refused."""
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
    if isinstance(block, sj.InvalidEventError):  # an Infinity, from a number with too many digits before the point
        assert block.code == "bad_number"
        return
    (event,) = sj.decode_sse(block, limits=UNLIMITED)
    # Encoding joins two adjacent halves of a surrogate pair into one character.
    assert repr(to_chunk(event.data, UNLIMITED).to_dict()) == repr(json.loads(json.dumps(read.to_dict())))


def _applied(event: object, limits: sj.Limits, quick: Any) -> tuple[object, ...]:
    """Return the outcome of a first event in an assembler that decodes data with `quick` where it may."""
    assembler = sj.Assembler(limits=limits)
    assembler._session.quick = quick_reader(limits, quick)
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
    """Input: options and events of all kinds. Under test: an `Assembler`, compared with the naive model; see `twin`."""
    Twin(Source(data)).run()


# ---------------------------------------------------------------------------------------------------------------------
# bytes -> a restored document that continues

RESTORING: Final = (sj.CheckpointError, sj.LimitExceededError)
AFTER: Final = [
    ("a", "x"), ("a.b", 1), ("b", "\ud83d"), ("l[0]", None), ("l[2].a", "y"), ("b", "\ude00"), ("", "z"),
    ("o", {"a": [1]}),
]  # fmt: skip


@target
def checkpoint(data: bytes) -> None:
    """Input: bytes, or the forged members of a checkpoint. Under test: `restore`, and the events after it."""
    source = Source(data)
    source_kind, limits = source.choice(["bytes", "assembler", "replay_filter"]), source.choice([sj.Limits(), SMALL])
    raw = source.rest()
    if source_kind != "bytes":
        try:
            members = json.loads(raw)
        except (ValueError, RecursionError):
            return
        if not isinstance(members, dict):
            return
        try:
            raw = seal(source_kind, members)
        except UnicodeEncodeError:  # half a surrogate pair, which `seal` never receives
            return
    restored = attempt(lambda: sj.Assembler.restore(raw, limits=limits, on_conflict="replace"), errors=RESTORING)
    if isinstance(restored, sj.Assembler):
        _check_restored(restored)
    replays = attempt(lambda: sj.ReplayFilter.restore(raw), errors=RESTORING)
    if isinstance(replays, sj.ReplayFilter):
        again = sj.ReplayFilter.restore(replays.checkpoint())
        assert again.refusal == replays.refusal
        event = sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="1")
        verdicts = [
            attempt(lambda one=one: one.is_replay(event), errors=sj.CheckpointError) for one in (replays, again)
        ]
        assert repr(verdicts[0]) == repr(verdicts[1])


def _check_restored(restored: sj.Assembler) -> None:
    """Assert that a restored assembler behaves like one restored from its own checkpoint, and has a valid value."""
    twice = sj.Assembler.restore(restored.checkpoint(), limits=UNLIMITED, on_conflict="replace")
    outcomes: list[list[object]] = []
    for one in (restored, twice):
        before = one.snapshot()
        value = before.copy_value()
        assert before.value == value
        reports: list[object] = []
        one.on("$..*", lambda change, reports=reports: reports.append(repr(change)))
        one.on_complete("$..*", lambda done, reports=reports: reports.append(repr(done)))
        for path, delta in AFTER:
            attempt(lambda one=one, path=path, delta=delta: one.apply_delta(path, delta),
                    errors=(sj.InvalidPathError, sj.ClosedError, sj.LimitExceededError))  # fmt: skip
            reports.append(repr(one.snapshot().value))
        one.close()
        assert before.copy_value() == value
        json.dumps(None if value is sj.MISSING else value, allow_nan=False).encode()
        reports += [one.snapshot().is_complete(path) for path in ((), ("a",), ("l",), ("o", "a", 0))]
        outcomes.append(reports)
    # Under other limits, the first may have exceeded one where the second, without limits, continued.
    if restored._session.document.admission.limits == sj.Limits():
        assert outcomes[0] == outcomes[1]


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
    """Return a document at three versions: two while it grows, and one complete, partly replaced and with holes."""
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
    """Input: two limits and the text of a pattern. Under test: `compile_pattern` and `Snapshot.find`."""
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


# ---------------------------------------------------------------------------------------------------------------------
# JSON text -> document


@target
def text(data: bytes) -> None:
    """Input: two limits, the size of a piece, and a JSON text. Under test: `Assembler(dialect="json_text")`."""
    source = Source(data)
    limits = sj.Limits(
        max_depth=source.choice([128, 1, 2, 5]), max_number_digits=source.choice([1000, 1, 3]), max_key_bytes=64
    )
    size = source.choice([1, 2, 3, 5, 16])
    raw = source.rest()

    whole = _text_ending([raw], limits)
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    cut = _text_ending(pieces, limits)
    assert cut == whole or cut[1] == whole[1] in _LIMIT_NAMES  # a name that is too long is refused before its end
    try:
        decoded = raw.decode()
    except UnicodeDecodeError as error:
        assert whole[1] in {"bad_encoding", "bad_text", "number_too_large", "truncated_text", *_LIMIT_NAMES}
        decoded = raw[: error.start].decode()
    else:
        assert _text_ending([decoded[at : at + size] for at in range(0, len(decoded), size)], limits)[0] == cut[0]
        _check_accepted(decoded, whole)
    if whole[1] in _LIMIT_NAMES:
        return
    expected = read_text(decoded, is_all=decoded.encode() == raw)
    assert whole[0] == repr(expected.value)
    if whole[1] in ("bad_text", "number_too_large"):
        assert whole[2] == expected.error


_LIMIT_NAMES: Final = frozenset(attribute.name for attribute in attrs.fields(sj.Limits))


def _text_ending(pieces: Iterable[str | bytes], limits: sj.Limits) -> tuple[str, str, object]:
    """Return the repr of the value, the code of the error or "", and its place."""
    made = sj.Assembler(dialect="json_text", limits=limits)
    code, place = "", None
    try:
        for piece in pieces:
            made.apply(piece)
        made.close()
    except sj.InvalidTextError as error:
        code, place = error.code, error.position
    except (sj.StreamTruncatedError, sj.LimitExceededError) as error:
        code, place = error.code, error.offset
    return repr(made.snapshot().value), code, place


def _check_accepted(text: str, ending: tuple[str, str, object]) -> None:
    """Assert that a text is accepted if the standard library and jiter accept it.

    Known differences. `json.loads` accepts NaN and Infinity, numbers too large for a double, and lone surrogates, which
    become U+FFFD here; it refuses a byte order mark in text. jiter refuses lone surrogates, and accepts NaN, Infinity,
    and numbers too large; it nests 200 levels and reads 4,300 digits.
    """
    if ending[1] in _LIMIT_NAMES:
        return
    plain = text.removeprefix("\ufeff")
    found = _strict_json(plain)
    assert (found is not None) == (ending[1] == "")
    if found is not None:
        assert ending[0] == found
        if "\\ud" not in plain.lower():
            assert repr(jiter.from_json(plain.encode())) == found


def _strict_json(text: str) -> str | None:
    """Return the repr of a text's value by the standard library, None if the text is not JSON."""

    def double(literal: str) -> float:
        if abs(float(literal)) == float("inf"):
            raise ValueError(literal)
        return float(literal)

    def refuse(literal: str) -> None:
        raise ValueError(literal)

    try:
        value = json.loads(text, parse_float=double, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None
    return repr(_well_formed(value))


def _well_formed(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {well_formed(name): _well_formed(item) for name, item in value.items()}
    return [_well_formed(item) for item in value] if isinstance(value, list) else value


@target
def parts(data: bytes) -> None:
    """Input: options, a recorded stream of a provider, and mutations of it. Under test: `PartAssembler`."""
    source = Source(data)
    options: dict[str, Any] = {
        "content": source.choice(["text", "json"]),
        "on_conflict": source.choice(["error", "replace"]),
        "on_new_run": source.choice(["error", "reset"]),
        "on_misfit": "skip",
    }
    saved_after = source.byte()
    is_on_wire = source.choice([True, False])
    made, called = sj.PartAssembler(**options), list[sj.Call[Any]]()
    made.on_call(None, called.append)
    may_change = "replace" in options.values() or "reset" in options.values()
    before: dict[int, tuple[str, str | None]] = {}
    for number, event in enumerate(mutated_events(source)):
        if made.end != "open":  # after `[DONE]`
            break
        given = sj.ServerSentEvent(json.dumps(event)) if is_on_wire else event
        changed = attempt(made.apply, given, errors=_OF_PARTS)
        if isinstance(changed, sj.StreamJSONError):
            assert all(part.end != "open" for part in made.parts)
            assert made.end == "failed"
            assert isinstance(attempt(made.apply, given, errors=sj.ClosedError), sj.ClosedError)
            break
        if not may_change:
            _check_grown(made.parts, before)
        if number == saved_after % 8:
            again = sj.PartAssembler.restore(made.checkpoint(), **options)
            assert list(map(_shown, again.parts)) == list(map(_shown, made.parts))
            made = again
            made.on_call(None, called.append)
    attempt(made.close, errors=_OF_PARTS)
    _check_called(made.parts, called, may_change=may_change)


_OF_PARTS: Final = (
    sj.InvalidEventError, sj.InvalidPathError, sj.ConflictError, sj.LimitExceededError, sj.StreamFailedError,
)  # fmt: skip


def _shown(part: sj.Part) -> tuple[Any, ...]:
    names = ("kind", "id", "name", "index", "choice", "executed_by", "encoding", "text", "complete", "end", "finish")
    return (*(getattr(part, name) for name in names), repr(part.value), type(part.error))


def _check_grown(parts: tuple[sj.Part, ...], before: dict[int, tuple[str, str | None]]) -> None:
    """Assert that ends are final, and that text only grows."""
    for number, part in enumerate(parts):
        end, text = before.get(number, ("open", ""))
        assert end in ("open", part.end)
        if text is not None and part.text is not None:
            assert part.text.startswith(text[:-1] if text.endswith(("\ufffd", "\ud83d")) else text)
        before[number] = (part.end, part.text)


def _check_called(parts: tuple[sj.Part, ...], called: list[sj.Call[Any]], *, may_change: bool) -> None:
    """Assert that a call was given at most once, and whole: its value is that of its part, and of its text."""
    for part in parts:
        assert part.end != "open"
        assert part.complete <= (part.error is None)
        if part.end == "done":
            assert part.complete != (part.error is not None)
        if part.complete and part.encoding == "json" and part.text and part.text.strip():
            try:
                expected = json.loads(part.text)
            except ValueError:
                raise AssertionError("a complete document is not JSON") from None
            assert expected == part.value or "\\u" in part.text or not part.text.isprintable()
    if not may_change:
        assert all(call.part.complete for call in called)
        numbers = [call.part for call in called]
        assert len({id(part) for part in numbers}) == len(numbers)
