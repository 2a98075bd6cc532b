"""`on_invalid="skip"`: which events are skipped, what is kept of them, and which errors are still raised."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest

import streamjson as sj
from streamjson._skipped import MAX_KEPT_CHARS, MAX_KEPT_EVENTS, Skipped, is_skippable

SMALL = sj.Limits(
    max_array_gap=1, max_array_length=3, max_depth=2, max_key_bytes=4, max_number_digits=3, max_path_bytes=30,
    max_nodes=8, max_string_bytes=8,
)  # fmt: skip
GOOD = {"delta": "x", "json_path": "a"}

# Events with an error of their own, and its code.
SKIPPED: dict[str, tuple[object, str]] = {
    "not JSON": ({"data": "{"}, "bad_json"),
    "not an object": ({"data": "[1]"}, "bad_event"),
    "not finite": ({"data": '{"delta": NaN, "json_path": "a"}'}, "bad_number"),
    "a delta without a path": ({"delta": 1}, "missing_path"),
    "a wrong type": ({"delta": 1, "json_path": 2}, "bad_event"),
    "a path that names many": ({"delta": 1, "json_path": "a[*]"}, "wildcard"),
    "a path too deep": ({"delta": 1, "json_path": "a.b.c"}, "too_deep"),
    "a path too long": ({"delta": 1, "json_path": "a" * 31}, "path_too_long"),
    "another kind": ({"delta": {}, "json_path": "a"}, "type_conflict"),
    "a gap": ({"delta": 1, "json_path": "l[2]"}, "max_array_gap"),
    "too many items at once": ({"delta": [1, 2, 3, 4], "json_path": "l"}, "max_array_length"),
    "a value too deep": ({"delta": [[[]]], "json_path": "b"}, "max_depth"),
    "a long string": ({"delta": "x" * 9, "json_path": "b"}, "max_string_bytes"),
    "a piece that is too long by itself": ({"delta": "x" * 9, "json_path": "a"}, "max_string_bytes"),
    "a long name": ({"delta": 1, "json_path": "names"}, "max_key_bytes"),
    "a long number": ({"delta": 1234, "json_path": "b"}, "max_number_digits"),
}
RAISED: dict[str, tuple[object, type[sj.StreamJSONError], str]] = {
    "too many values": ({"delta": dict.fromkeys("cdefghi", 0), "json_path": "b"}, sj.LimitExceededError, "max_nodes"),
    "a string that is full": ({"delta": "x" * 8, "json_path": "a"}, sj.LimitExceededError, "max_string_bytes"),
    "bytes instead of events": (b"data: {}", sj.InvalidEventError, "needs_decoding"),
    "the sender's own error": ({"error_message": "out of memory"}, sj.StreamFailedError, "stream_error"),
    "a new span": ({"delta": 1, "json_path": "b", "span_id": "2"}, sj.StreamFailedError, "new_span"),
}


def skipping(**options: Any) -> sj.Assembler:
    assembler = sj.Assembler(on_invalid="skip", limits=SMALL, **options)
    assembler.apply({"span_id": "1"})
    assembler.apply(GOOD)
    return assembler


@pytest.mark.parametrize(("event", "code"), SKIPPED.values(), ids=SKIPPED)
def test_an_event_with_its_own_error_is_skipped_and_kept(event: object, code: str) -> None:
    assembler = skipping()
    before = assembler.snapshot()

    assert assembler.apply(event) is None
    assert assembler.snapshot().value is before.value
    assert (assembler.version, assembler.skipped_count) == (before.version, 1)
    ((kept, error),) = assembler.skipped
    assert kept is event
    assert (error.code, error.event_number) == (code, 3)
    assembler.apply(GOOD)
    assert assembler.snapshot().value == {"a": "xx"}


@pytest.mark.parametrize(("event", "kind", "code"), RAISED.values(), ids=RAISED)
def test_errors_that_affect_later_events_are_raised(event: object, kind: type[sj.StreamJSONError], code: str) -> None:
    assembler = skipping()
    with pytest.raises(kind) as caught:
        assembler.apply(event)
    assert caught.value.code == code
    assert (assembler.skipped_count, assembler.skipped) == (0, ())


def test_after_the_end_nothing_is_skipped() -> None:
    assembler = skipping()
    assembler.close()
    with pytest.raises(sj.ClosedError):
        assembler.apply(GOOD)


def test_only_a_skipped_event_moves_the_resume_id() -> None:
    bad = sj.ServerSentEvent("{", id="7", offset=40)
    strict, lenient = sj.Assembler(), sj.Assembler(on_invalid="skip")
    with pytest.raises(sj.InvalidEventError):
        strict.apply(bad)
    lenient.apply(bad)

    assert (strict.last_event_id, lenient.last_event_id) == ("", "7")
    error = lenient.skipped[0].error
    assert (error.offset, error.last_event_id) == (40, "")  # the id before the event


def test_a_delta_without_an_event_is_skipped_as_a_chunk() -> None:
    assembler = skipping()
    assert assembler.apply_delta("a", 1) is None
    assert assembler.skipped[0].event == sj.StreamingChunk(1, "a")
    with pytest.raises(sj.LimitExceededError):
        assembler.apply_delta("a", "x" * 8)


def test_all_are_counted_and_the_last_are_kept() -> None:
    assembler = sj.Assembler(on_invalid="skip")
    count = MAX_KEPT_EVENTS + 5
    for number in range(count):
        assembler.apply({"data": str(number)})
    assert assembler.skipped_count == count
    assert [kept.event for kept in assembler.skipped] == [{"data": str(number)} for number in range(5, count)]


def test_a_kept_error_keeps_nothing_alive() -> None:
    assembler = skipping()
    assembler.apply({"data": "{"})
    kept, gone = assembler.skipped, weakref.ref(assembler)
    gc.disable()
    try:
        del assembler
        assert gone() is None
    finally:
        gc.enable()
    assert (kept[0].error.__traceback__, kept[0].error.__context__) == (None, None)


def test_a_stream_reports_skipped_events() -> None:
    events: list[object] = [GOOD, {"data": "{"}, GOOD]
    stream = sj.assemble(events, on_invalid="skip")
    assert [snapshot.version for snapshot in stream] == [1, 2, 2]
    assert (stream.skipped_count, stream.skipped) == (1, stream.assembler.skipped)

    async def source() -> AsyncIterator[object]:
        for event in events:
            yield event

    async def read() -> tuple[Any, int]:
        stream = sj.assemble(source(), on_invalid="skip")
        return await stream.final(), stream.skipped_count

    assert asyncio.run(read()) == ({"a": "xx"}, 1)


def test_on_invalid_has_two_values() -> None:
    with pytest.raises(ValueError, match="on_invalid is 'raise' or 'skip', not 'ignore'"):
        sj.Assembler(on_invalid="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sj.InvalidEventError("x"), True),
        (sj.InvalidEventError("x", code="needs_decoding"), False),
        (sj.InvalidPathError("x"), True),
        (sj.ConflictError("x"), True),
        (sj.LimitExceededError("x", limit="max_depth"), True),
        (sj.LimitExceededError("x", limit="max_nodes"), False),
        (sj.LimitExceededError("x", limit="max_document_bytes"), False),
        (sj.ClosedError("x"), False),
        (sj.StreamFailedError("x"), False),
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'code', value)}",
)
def test_is_skippable_separates_errors_of_one_event(error: sj.StreamJSONError, *, expected: bool) -> None:
    assert is_skippable(error) is expected
    log = Skipped()
    log.add("event", error)
    assert (log.count, log.last[0].error) == (1, error)


@pytest.mark.parametrize(
    "data",
    [
        "x" * 100_000,
        '{"delta": 1, "json_path": "' + "[" * 100_000 + '"}',
        '{"delta": 1, "json_path": "' + "a" * 100_000 + '"}',
    ],
    ids=["not JSON", "brackets in a path", "a long path"],
)
def test_only_the_beginning_of_a_long_event_is_kept(data: str) -> None:
    """A hundred events of the maximum size would fill any memory."""
    assembler = sj.Assembler(on_invalid="skip")
    event = sj.ServerSentEvent(data, "7")
    assembler.apply(event)
    ((kept, error),) = assembler.skipped
    assert kept == sj.ServerSentEvent(data[:MAX_KEPT_CHARS], "7")
    assert event.data == data
    assert len(str(getattr(error, "path", ""))) <= MAX_KEPT_CHARS
    assert assembler.last_event_id == "7"


def test_long_text_from_the_wire_is_cut() -> None:
    assembler = sj.Assembler(on_invalid="skip")
    long = "x" * (2 * MAX_KEPT_CHARS)
    assembler.apply(sj.ServerSentEvent(f'{{"delta": 1, "json_path": "[-1]", "more": "{long}"}}', event=long))
    assembler.apply({"delta": 1, "json_path": "a"})
    assembler.apply_delta("a", long)
    (event, _), (chunk, _) = assembler.skipped
    assert isinstance(event, sj.ServerSentEvent)
    assert isinstance(chunk, sj.StreamingChunk)
    assert [len(event.data), len(event.event), len(str(chunk.delta))] == [MAX_KEPT_CHARS] * 3


def test_a_skipped_delta_of_a_new_span_still_begins_a_document() -> None:
    """Else the next event, which names no span, would be applied to the document of the old span."""
    assembler = sj.Assembler(on_invalid="skip", on_new_span="reset")
    assembler.apply({"delta": "old", "json_path": "t", "span_id": "A"})
    change = assembler.apply(sj.ServerSentEvent('{"delta": 1, "json_path": "t[*]", "span_id": "B"}', id="7", offset=40))
    assert change is not None
    assert (change.path, change.value, assembler.span_id, assembler.last_event_id) == ((), sj.MISSING, "B", "7")
    error = assembler.skipped[0].error
    assert (error.code, error.event_number, error.offset) == ("wildcard", 2, 40)
    assembler.apply({"delta": "new", "json_path": "t"})
    assert assembler.snapshot().value == {"t": "new"}
