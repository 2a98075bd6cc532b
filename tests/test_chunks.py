"""What a chunk brings: an error, a delta that may change something, or nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import streamjson as sj
from streamjson._chunks import chunk_of, chunk_of_error, chunk_of_other_type, is_blank, is_done, is_error

LIMITS = sj.Limits()
Chunk = sj.StreamingChunk

# Fields; whether they say an error, and whether they bring no delta that changes anything.
CHUNKS: dict[str, tuple[dict[str, Any], bool, bool]] = {
    "nothing": ({}, False, True),
    "a span": ({"span_id": "1"}, False, True),
    "a delta": ({"delta": 1, "json_path": "a"}, False, False),
    "null at a path": ({"delta": None, "json_path": "a"}, False, False),
    "null without a path": ({"delta": None}, False, True),
    "empty text without a path": ({"delta": ""}, False, True),
    "text without a path": ({"delta": "x"}, False, False),
    "false without a path": ({"delta": False}, False, False),
    "an error": ({"error_type": "e"}, True, True),
    "an error's message": ({"error_message": "m"}, True, True),
    "a delta with a message": ({"delta": "x", "error_message": "m"}, False, False),
    "an error by its type, with a delta": ({"delta": "x", "chunk_type": "error"}, True, False),
}


@pytest.mark.parametrize(("fields", "error", "blank"), CHUNKS.values(), ids=CHUNKS)
def test_a_chunk_is_an_error_or_blank(fields: dict[str, Any], *, error: bool, blank: bool) -> None:
    chunk = Chunk.from_dict(fields)
    assert (is_error(chunk), is_blank(chunk)) == (error, blank)
    assert chunk_of(fields, LIMITS) == (None if error else (sj.ServerSentEvent(fields), chunk))


OTHER: dict[str, tuple[object, object]] = {
    "a chunk": (Chunk(1, "a"), Chunk(1, "a")),
    "text": ("ping", None),
    "an object without a delta": ('{"time": 1}', None),
    "a delta": ('{"delta": 1, "json_path": "a"}', Chunk(1, "a")),
    "a span": ('{"spanId": "1"}', Chunk(span_id="1")),
    "an error": ('{"error_type": "e"}', Chunk(error_type="e")),
    "a field of a wrong type, and nothing else": ('{"json_path": 1}', None),
    "a number too long, in no object": ("1" * 2000, None),
}


@pytest.mark.parametrize(("data", "expected"), OTHER.values(), ids=OTHER)
def test_an_event_of_another_type_brings_a_chunk_or_nothing(data: object, expected: object) -> None:
    assert chunk_of_other_type(data, LIMITS) == expected


@pytest.mark.parametrize("data", ['{"delta": 1, "json_path": 1}', '{"delta": %s, "json_path": "a"}' % ("1" * 2000)])
def test_a_delta_of_another_type_is_not_lost(data: str) -> None:
    with pytest.raises((sj.InvalidEventError, sj.LimitExceededError)):
        chunk_of_other_type(data, LIMITS)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (Chunk(error_type="e"), Chunk(error_type="e")),
        ('{"error_message": "m"}', Chunk(error_message="m")),
        ('{"reason": "m"}', None),
        ("out of memory", None),
        ('{"error_type": 1}', None),
    ],
    ids=["a chunk", "its JSON", "other fields", "text", "a wrong type"],
)
def test_what_an_error_says(data: object, expected: object) -> None:
    assert chunk_of_error(data, LIMITS) == expected


@pytest.mark.parametrize(
    "event",
    [
        sj.ServerSentEvent("[DONE]"),
        sj.ServerSentEvent(""),
        sj.ServerSentEvent('{"delta": 1, "json_path": "a"}', event="error"),
        sj.ServerSentEvent("{"),
        b"data: {}",
        7,
    ],
    ids=["done", "no data", "an error", "no JSON", "bytes", "a number"],
)
def test_what_brings_no_chunk(event: object) -> None:
    assert chunk_of(event, LIMITS) is None
    assert is_done(event) is (event == sj.ServerSentEvent("[DONE]"))


def test_a_chunk_of_another_library() -> None:
    found = chunk_of(SimpleNamespace(data='{"delta": "x", "json_path": "a"}', event="message", id="7"), LIMITS)
    assert found is not None
    message, chunk = found
    assert (message.id, message.last_event_id, chunk) == (None, "7", Chunk("x", "a"))
