"""The wire models: an event and a chunk are plain data, with a documented error for a field of the wrong type."""

from __future__ import annotations

from typing import Any

import pytest

from streamjson._errors import InvalidEventError
from streamjson._json import MISSING
from streamjson._wire.event import CHUNK_NAMES, OTHER_SPELLING, ServerSentEvent, StreamingChunk


def test_defaults_of_an_event() -> None:
    event = ServerSentEvent("a")
    assert (event.id, event.event, event.retry, event.last_event_id, event.offset) == (None, "message", None, "", None)


def test_offset_does_not_matter_for_equality() -> None:
    assert ServerSentEvent("a", offset=1) == ServerSentEvent("a", offset=2) != ServerSentEvent("b", offset=1)


@pytest.mark.parametrize(
    "fields", [{"id": 7}, {"id": b"7"}, {"event": None}, {"event": 7}, {"last_event_id": None}], ids=repr
)
def test_event_field_of_a_wrong_type_is_refused(fields: dict[str, Any]) -> None:
    (name,) = fields
    with pytest.raises(InvalidEventError, match=f"an event's {name} must be text") as caught:
        ServerSentEvent("a", **fields)
    assert caught.value.code == "bad_event"


@pytest.mark.parametrize("camel_case", [False, True])
@pytest.mark.parametrize(
    "chunk",
    [
        pytest.param(StreamingChunk(), id="empty"),
        pytest.param(StreamingChunk(None), id="null"),
        pytest.param(StreamingChunk("a", ""), id="root"),
        pytest.param(StreamingChunk(1, "a", "s", "json", "quota", "Later"), id="all-fields"),
    ],
)
def test_chunk_survives_a_round_trip(chunk: StreamingChunk, *, camel_case: bool) -> None:
    data = chunk.to_dict(camel_case=camel_case)
    assert set(data) <= CHUNK_NAMES
    assert StreamingChunk.from_dict(data) == chunk


@pytest.mark.parametrize("name", OTHER_SPELLING)
def test_null_field_is_absent_and_the_other_spelling_is_read(name: str) -> None:
    assert getattr(StreamingChunk.from_dict({name: None}), name) is None
    assert getattr(StreamingChunk.from_dict({name: None, OTHER_SPELLING[name]: "x"}), name) == "x"


def test_unknown_field_is_ignored() -> None:
    assert StreamingChunk.from_dict({"model": "x"}).delta is MISSING


@pytest.mark.parametrize("name", [*OTHER_SPELLING, *OTHER_SPELLING.values()])
def test_chunk_field_of_a_wrong_type_is_refused(name: str) -> None:
    with pytest.raises(InvalidEventError, match="must be text or null, not 7") as caught:
        StreamingChunk.from_dict({name: 7})
    assert caught.value.code == "bad_event"
