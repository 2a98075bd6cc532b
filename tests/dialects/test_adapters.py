"""Objects of any source become events, their data chunks; hostile JSON is a documented error in linear time."""

from __future__ import annotations

import asyncio
import enum
import json
import sys
from collections import OrderedDict, UserDict, UserList, deque
from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
import httpx2
import httpx_sse
import pytest
from hypothesis import example, given, strategies as st
from opperai import models as opper
from opperai.types.basemodel import Unset
from opperai.utils import unmarshal_json
from opperai.utils.eventstreaming import EventStream, EventStreamAsync

import streamjson as sj
from streamjson._dialects import Delta, adapters as _adapters
from streamjson._dialects.adapters import to_event, to_fields
from streamjson._dialects.chunks import Chunks
from streamjson._dialects.quick_chunks import QuickDecoder, quick_decoder, quick_reader
from streamjson._errors import InvalidEventError, LimitExceededError, StreamJSONError
from streamjson._json import _VALUE, MISSING, Missing, decode_json, is_array
from streamjson._limits import Limits
from streamjson._wire.event import ServerSentEvent, StreamingChunk

LIMITS = Limits()
UNLIMITED = Limits.unlimited()


def to_chunk(data: object, limits: Limits) -> StreamingChunk:
    return StreamingChunk.from_dict(data.to_dict() if isinstance(data, StreamingChunk) else to_fields(data, limits))


URL = "https://example.invalid/stream"


def facts(event: ServerSentEvent[Any]) -> tuple[object, ...]:
    """Return all fields, including `offset`, which `==` ignores."""
    return (event.data, event.id, event.event, event.retry, event.last_event_id, event.offset)


# ---------------------------------------------------------------------------------------------------------------------
# MISSING


def test_missing_is_falsy_and_not_none() -> None:
    assert not MISSING
    assert MISSING is not None
    assert repr(MISSING) == "MISSING"
    assert isinstance(MISSING, Missing)


@pytest.mark.parametrize("value", [[], (1,), range(2), deque(), UserList()], ids=lambda v: type(v).__name__)
def test_sequence_is_an_array(value: object) -> None:
    assert is_array(value)


@pytest.mark.parametrize(
    "value", [b"", bytearray(), memoryview(b""), {}, {1}, None, 1, iter([])], ids=lambda v: type(v).__name__
)
def test_bytes_and_other_iterables_are_not_arrays(value: object) -> None:
    assert not is_array(value)


# ---------------------------------------------------------------------------------------------------------------------
# the models

SNAKE = {
    "delta": "x",
    "json_path": "a.b",
    "span_id": "s",
    "chunk_type": "json",
    "error_type": "t",
    "error_message": "m",
}
CAMEL = {
    "delta": "x",
    "jsonPath": "a.b",
    "spanId": "s",
    "chunkType": "json",
    "errorType": "t",
    "errorMessage": "m",
}
WHOLE = StreamingChunk("x", "a.b", "s", "json", "t", "m")


@pytest.mark.parametrize(
    ("data", "chunk"),
    [
        pytest.param(SNAKE, WHOLE, id="snake case"),
        pytest.param(CAMEL, WHOLE, id="camel case"),
        pytest.param({"delta": 1, "jsonPath": "a", "span_id": "s"}, StreamingChunk(1, "a", "s"), id="both spellings"),
        pytest.param({"json_path": None, "jsonPath": "a"}, StreamingChunk(json_path="a"), id="null equals absent"),
        pytest.param({"json_path": "a", "jsonPath": "b"}, StreamingChunk(json_path="a"), id="snake case first"),
        pytest.param({"json_path": "", "jsonPath": "b"}, StreamingChunk(json_path=""), id="empty is not absent"),
        pytest.param({}, StreamingChunk(), id="empty"),
        pytest.param({"delta": None}, StreamingChunk(None), id="a null delta is not absent"),
        pytest.param({"model": "x", "usage": {"n": [1]}}, StreamingChunk(), id="unknown fields are ignored"),
        pytest.param(dict.fromkeys(SNAKE), StreamingChunk(None), id="all null"),
        pytest.param({"delta": {"a": []}}, StreamingChunk({"a": []}), id="a container as delta"),
    ],
)
def test_from_dict(data: dict[str, Any], chunk: StreamingChunk) -> None:
    assert StreamingChunk.from_dict(data) == chunk


@pytest.mark.parametrize("name", [name for name in (*SNAKE, *CAMEL) if name != "delta"])
@pytest.mark.parametrize("value", [0, 1.5, True, [], {}, b"x"], ids=repr)
def test_field_of_a_wrong_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidEventError, match="must be text or null") as info:
        StreamingChunk.from_dict({"delta": 1, name: value})
    assert info.value.code == "bad_event"


@pytest.mark.parametrize(
    ("chunk", "camel_case", "data"),
    [
        pytest.param(WHOLE, False, SNAKE, id="snake case"),
        pytest.param(WHOLE, True, CAMEL, id="camel case"),
        pytest.param(StreamingChunk(), False, {}, id="empty"),
        pytest.param(
            StreamingChunk(None, ""), False, {"delta": None, "json_path": ""}, id="null and the root are kept"
        ),
    ],
)
def test_to_dict(chunk: StreamingChunk, *, camel_case: bool, data: dict[str, Any]) -> None:
    assert chunk.to_dict(camel_case=camel_case) == data


TEXTS = st.none() | st.text()
CHUNKS = st.builds(
    StreamingChunk,
    st.just(MISSING) | st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()),
    TEXTS, TEXTS, TEXTS, TEXTS, TEXTS,
)  # fmt: skip


@given(chunk=CHUNKS, camel_case=st.booleans())
def test_from_dict_reverses_to_dict(chunk: StreamingChunk, *, camel_case: bool) -> None:
    assert StreamingChunk.from_dict(chunk.to_dict(camel_case=camel_case)) == chunk
    text = json.dumps(chunk.to_dict(camel_case=camel_case))
    assert to_chunk(text, LIMITS) == chunk


def test_offset_of_an_event_is_not_compared() -> None:
    assert ServerSentEvent("x", offset=1) == ServerSentEvent("x", offset=2)
    assert ServerSentEvent("x", "1") != ServerSentEvent("x", "2")
    assert "offset" not in repr(ServerSentEvent("x", offset=1))


def test_models_have_slots() -> None:
    with pytest.raises(AttributeError):
        ServerSentEvent("x").jsonPath = 1  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        StreamingChunk().jsonPath = 1  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------------------------------------
# an object of any source -> ServerSentEvent


class Word(enum.StrEnum):
    A = "a"


CHUNK = StreamingChunk("x", "a")
EVENT = ServerSentEvent("{}", "1", "ping", 5, "1", offset=9)


class OwnEvent(ServerSentEvent[str]):
    """A user's subclass."""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(EVENT, EVENT, id="our event"),
        pytest.param(CHUNK, ServerSentEvent(CHUNK), id="our chunk"),
        pytest.param({"delta": 1}, ServerSentEvent({"delta": 1}), id="a chunk as a mapping"),
        pytest.param({"spanId": "s"}, ServerSentEvent({"spanId": "s"}), id="a chunk in camel case"),
        pytest.param({}, ServerSentEvent({}), id="an empty mapping is a chunk"),
        pytest.param({"model": "x"}, ServerSentEvent({"model": "x"}), id="an unknown mapping is a chunk"),
        pytest.param(
            {"delta": 1, "data": "x"}, ServerSentEvent({"delta": 1, "data": "x"}), id="a chunk's field decides"
        ),
        pytest.param({"data": "x"}, ServerSentEvent("x"), id="an event as a mapping"),
        pytest.param(
            {"data": "x", "id": "1", "event": "e", "retry": 3, "last_event_id": "2", "offset": 4},
            ServerSentEvent("x", "1", "e", 3, "2", offset=4),
            id="every field of an event",
        ),
        pytest.param({"data": None, "id": None, "event": None}, ServerSentEvent(""), id="null fields of an event"),
        pytest.param({"event": ""}, ServerSentEvent(""), id="an empty event type"),
        pytest.param({"id": "7"}, ServerSentEvent("", "7"), id="an id alone"),
        pytest.param({"retry": 7}, ServerSentEvent("", retry=7), id="a retry alone"),
        pytest.param({"data": "x", "retry": "7", "offset": "7"}, ServerSentEvent("x"), id="a retry that is text"),
        pytest.param({"data": {"delta": 1}}, ServerSentEvent({"delta": 1}), id="data that is already decoded"),
        pytest.param(OrderedDict(data="x"), ServerSentEvent("x"), id="an ordered mapping"),
        pytest.param(MappingProxyType({"data": "x"}), ServerSentEvent("x"), id="a read-only mapping"),
        pytest.param(UserDict(data="x"), ServerSentEvent("x"), id="a mapping with an attribute .data"),
        pytest.param(SimpleNamespace(data="x"), ServerSentEvent("x"), id="an object with data"),
        pytest.param(
            SimpleNamespace(data="x", id="1", event="e", retry=3),
            ServerSentEvent("x", None, "e", 3, "1"),
            id="a foreign id is the last event id",
        ),
        pytest.param(SimpleNamespace(data=None, event=None), ServerSentEvent(""), id="an object with no data"),
        pytest.param(SimpleNamespace(data="x", id=Word.A), ServerSentEvent("x", last_event_id="a"), id="a text enum"),
        pytest.param(opper.StreamingChunk(delta="x"), ServerSentEvent(opper.StreamingChunk(delta="x")), id="a model"),
    ],
)
def test_to_event(given: object, expected: ServerSentEvent[Any]) -> None:
    assert facts(to_event(given)) == facts(expected)


def test_own_events_and_subclasses_pass_unchanged() -> None:
    event = OwnEvent("x")
    assert to_event(event) is event
    assert to_event(EVENT) is EVENT


@pytest.mark.parametrize(
    "fields",
    [{"id": 7}, {"id": b"7"}, {"event": None}, {"event": 0}, {"last_event_id": None}, {"last_event_id": 7}],
    ids=repr,
)
def test_event_refuses_fields_that_are_not_text(fields: dict[str, Any]) -> None:
    """Otherwise a number would be recorded as the id to resume from: `apply` does not check it."""
    with pytest.raises(InvalidEventError, match=next(iter(fields))):
        ServerSentEvent('{"delta": 1, "json_path": "a"}', **fields)


def test_chunk_is_not_copied() -> None:
    assert to_event(CHUNK).data is CHUNK


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param("data: {}", "needs_decoding", id="a line"),
        pytest.param(b"data: {}", "needs_decoding", id="bytes"),
        pytest.param(bytearray(b"x"), "needs_decoding", id="a bytearray"),
        pytest.param(memoryview(b"x"), "needs_decoding", id="a memoryview"),
        pytest.param("", "needs_decoding", id="an empty line"),
        pytest.param(Word.A, "needs_decoding", id="text of a subclass"),
        pytest.param(None, "bad_event", id="None"),
        pytest.param(7, "bad_event", id="a number"),
        pytest.param([{"delta": 1}], "bad_event", id="a list"),
        pytest.param(("a", "x"), "bad_event", id="a pair"),
        pytest.param(object(), "bad_event", id="an object without data"),
        pytest.param(SimpleNamespace(), "bad_event", id="a namespace without data"),
        pytest.param(ValueError("x"), "bad_event", id="an exception"),
        pytest.param({"data": "x", "id": 7}, "bad_event", id="an id that is not text"),
        pytest.param({"data": "x", "event": 7}, "bad_event", id="an event type that is not text"),
        pytest.param({"data": "x", "last_event_id": b"7"}, "bad_event", id="a last event id that is not text"),
        pytest.param(SimpleNamespace(data="x", id=7), "bad_event", id="a foreign id that is not text"),
        pytest.param(SimpleNamespace(data="x", event=7), "bad_event", id="a foreign event type that is not text"),
        pytest.param({"data": "x", "event": 0}, "bad_event", id="an event type that is zero"),
        pytest.param({"data": "x", "last_event_id": 0}, "bad_event", id="a last event id that is zero"),
    ],
)
def test_non_event_is_refused(given: object, code: str) -> None:
    for _ in range(2):  # the second time the type is cached
        with pytest.raises(InvalidEventError) as info:
            to_event(given)
        assert info.value.code == code
        assert ("decode_sse" in str(info.value)) is (code == "needs_decoding")


@pytest.mark.parametrize(
    "order",
    [
        pytest.param([0, 1, 2], id="the event first"),
        pytest.param([1, 2, 0], id="the chunk first"),
        pytest.param([2, 0, 1], id="neither first"),
    ],
)
def test_objects_of_one_class_may_have_different_attributes(order: list[int]) -> None:
    class Thing:
        def __init__(self, **attributes: object) -> None:
            self.__dict__.update(attributes)

    for kind in order:
        if kind == 0:
            assert to_event(Thing(data="x")).data == "x"
        elif kind == 1:
            thing = Thing(delta=1)
            assert to_event(thing).data is thing
        else:
            with pytest.raises(InvalidEventError):
                to_event(Thing())


def test_cache_of_classes_is_bounded() -> None:
    for number in range(1000):
        thing = type(f"Thing{number}", (), {"data": "x"})()
        assert to_event(thing).data == "x"
        assert len(_adapters._adapters) <= 256
    assert to_event(EVENT) is EVENT


# ---------------------------------------------------------------------------------------------------------------------
# the objects of other libraries, made by those libraries

STREAM = (
    b'id: 1\ndata: {"span_id": "s"}\n\n'
    b"event: message\nid: 2\nretry: 5000\n"
    b'data: {"delta": "J\xc3\xb6", "json_path": "people[0].name", "chunk_type": "json"}\n\n'
    b'data: {"delta": 7, "json_path": "n"}\n\n'
    b'data: {"delta": null, "json_path": "z"}\n\n'
)
DOCUMENT = {"people": [{"name": "Jö"}], "n": 7, "z": None}


def in_pieces(data: bytes, size: int = 7) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def opper_events(data: bytes, sentinel: str | None = None) -> Iterable[opper.FunctionStreamCallStreamPostResponseBody]:
    """Return the events that the SDK's own decoder makes from bytes."""
    return EventStream(
        httpx.Response(200, headers={"content-type": "text/event-stream"}, content=in_pieces(data)),
        lambda raw: unmarshal_json(raw, opper.FunctionStreamCallStreamPostResponseBody),
        sentinel,
    )


def test_opperai_events() -> None:
    events = list(opper_events(STREAM))
    assert {type(event) for event in events} == {opper.FunctionStreamCallStreamPostResponseBody}
    assert isinstance(events[0].data.delta, Unset)
    assembler = sj.Assembler()
    changes = [assembler.apply(event) for event in events]
    assert [None if change is None else change.kind for change in changes] == [None, "set", "set", "set"]
    assert assembler.snapshot().value == DOCUMENT
    assert assembler.span_id == "s"
    # The SDK gives an event only the id of its own block, so the last id stays.
    assert assembler.last_event_id == "2"
    assert facts(to_event(events[1])) == (events[1].data, None, "message", 5000, "2", None)


def test_opperai_stream_is_a_source() -> None:
    assert sj.assemble(opper_events(STREAM + b"data: [DONE]\n\n", "[DONE]")).final() == DOCUMENT


def test_opperai_asynchronous_stream_is_a_source() -> None:
    async def content() -> Any:
        for piece in in_pieces(STREAM):
            yield piece

    async def run() -> Any:
        source = EventStreamAsync(
            httpx.Response(200, content=content()),
            lambda raw: unmarshal_json(raw, opper.FunctionStreamCallStreamPostResponseBody),
        )
        return await sj.assemble(source).final()

    assert asyncio.run(run()) == DOCUMENT


@pytest.mark.parametrize(
    ("payload", "chunk"),
    [
        pytest.param({}, StreamingChunk(), id="nothing set"),
        pytest.param({"delta": "x"}, StreamingChunk("x"), id="text mode"),
        pytest.param({"delta": None, "json_path": "a"}, StreamingChunk(None, "a"), id="null is set"),
        pytest.param({"delta": True, "json_path": "a"}, StreamingChunk(True, "a"), id="a boolean"),
        pytest.param({"delta": 1.5, "json_path": None}, StreamingChunk(1.5), id="a null path is absent"),
        pytest.param(
            {"chunk_type": "error", "error_type": "t", "error_message": "m"},
            StreamingChunk(MISSING, None, None, "error", "t", "m"),
            id="an error",
        ),
    ],
)
def test_opperai_payloads(payload: dict[str, Any], chunk: StreamingChunk) -> None:
    (event,) = opper_events(f"data: {json.dumps(payload)}\n\n".encode())
    assert to_chunk(to_event(event).data, LIMITS) == chunk
    model = opper.FunctionStreamCallStreamPostResponseBody.model_validate_json(json.dumps({"data": payload}))
    assert to_chunk(to_event(model).data, LIMITS) == chunk


def test_httpx_sse_events() -> None:
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=STREAM)
    )
    with httpx.Client(transport=transport) as client, httpx_sse.connect_sse(client, "GET", URL) as source:
        events = list(source.iter_sse())
    assert {type(event) for event in events} == {httpx_sse.ServerSentEvent}
    stream = sj.assemble(events)
    assert stream.final() == DOCUMENT
    assert (stream.assembler.last_event_id, stream.assembler.span_id) == ("2", "s")
    assert facts(to_event(events[1])) == (events[1].data, None, "message", 5000, "2", None)


def test_httpx_sse_asynchronous_events() -> None:
    async def run() -> Any:
        transport = httpx.MockTransport(
            lambda request: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=STREAM)
        )
        async with (
            httpx.AsyncClient(transport=transport) as client,
            httpx_sse.aconnect_sse(client, "GET", URL) as source,
        ):
            return await sj.assemble(source.aiter_sse()).final()

    assert asyncio.run(run()) == DOCUMENT


def test_httpx_sse_event_made_by_hand() -> None:
    assert facts(to_event(httpx_sse.ServerSentEvent(data="x"))) == ("x", None, "message", None, "", None)
    assert facts(to_event(httpx_sse.ServerSentEvent("e", "x", "1", 3))) == ("x", None, "e", 3, "1", None)


def respond(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=STREAM)


def test_httpx2_events() -> None:
    with httpx2.Client(transport=httpx2.MockTransport(respond)) as client, client.sse(URL) as source:
        events = list(source)
    assert {type(event) for event in events} == {httpx2.ServerSentEvent}
    stream = sj.assemble(events)
    assert stream.final() == DOCUMENT
    assert (stream.assembler.last_event_id, stream.assembler.span_id) == ("2", "s")
    assert facts(to_event(httpx2.ServerSentEvent("e", "x", "1", 3))) == ("x", None, "e", 3, "1", None)


def test_httpx2_event_source_counts_as_asynchronous() -> None:
    """It has both iterator protocols."""

    async def run() -> Any:
        async with (
            httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as client,
            client.sse(URL) as source,
        ):
            return await sj.assemble(source).final()

    assert asyncio.run(run()) == DOCUMENT
    with httpx2.Client(transport=httpx2.MockTransport(respond)) as client, client.sse(URL) as source:
        assert sj.assemble(iter(source)).final() == DOCUMENT


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(httpx_sse.ServerSentEvent(event="ping", data="{}"), id="httpx-sse"),
        pytest.param(httpx2.ServerSentEvent(event="ping", data="{}"), id="httpx2"),
        pytest.param({"event": "ping", "data": "{}"}, id="mapping"),
        pytest.param(ServerSentEvent("{}", event="ping"), id="ours"),
        pytest.param(
            opper.FunctionStreamCallStreamPostResponseBody(event="ping", data=opper.StreamingChunk()), id="opperai"
        ),
    ],
)
def test_event_type_of_any_library_counts(event: object) -> None:
    assembler = sj.Assembler()
    assert assembler.apply(event) is None
    assert assembler.passed_over == 1


# ---------------------------------------------------------------------------------------------------------------------
# an event's data -> StreamingChunk


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(CHUNK, id="a chunk"),
        pytest.param('{"delta": "x", "json_path": "a"}', id="text"),
        pytest.param(' \t\r\n{"delta": "x", "json_path": "a"} ', id="text with whitespace around it"),
        pytest.param({"delta": "x", "jsonPath": "a"}, id="a mapping"),
        pytest.param(MappingProxyType({"delta": "x", "json_path": "a"}), id="a read-only mapping"),
        pytest.param(opper.StreamingChunk(delta="x", json_path="a"), id="a model"),
        pytest.param(SimpleNamespace(delta="x", jsonPath="a"), id="an object in camel case"),
        pytest.param(SimpleNamespace(delta="x", json_path="a", span_id=None), id="an object with null"),
    ],
)
def test_to_chunk(data: object) -> None:
    assert to_chunk(data, LIMITS) == CHUNK


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param("", "bad_json", id="empty"),
        pytest.param("hello", "bad_json", id="not JSON"),
        pytest.param("{", "bad_json", id="unfinished"),
        pytest.param('{"delta": "x', "bad_json", id="an unfinished string"),
        pytest.param("{'delta': 1}", "bad_json", id="single quotes"),
        pytest.param('{"delta": 1} {"delta": 2}', "bad_json", id="two values"),
        pytest.param('{"delta": 1}]', "bad_json", id="a bracket too many"),
        pytest.param('{"delta": 1,}', "bad_json", id="a trailing comma"),
        pytest.param('{"delta": 01}', "bad_json", id="a leading zero"),
        pytest.param('{"delta": +1}', "bad_json", id="a plus sign"),
        pytest.param('{"delta": .5}', "bad_json", id="no digit before the point"),
        pytest.param('{"delta": "a\nb"}', "bad_json", id="a raw line break"),
        pytest.param('{"delta": "\\x41"}', "bad_json", id="an escape that JSON lacks"),
        pytest.param('{"delta": "\\u12"}', "bad_json", id="a cut escape"),
        pytest.param('\ufeff{"delta": 1}', "bad_json", id="a byte order mark"),
        pytest.param("\x00", "bad_json", id="NUL"),
        pytest.param("[1]", "bad_event", id="an array"),
        pytest.param('"x"', "bad_event", id="a string"),
        pytest.param("7", "bad_event", id="a number"),
        pytest.param("null", "bad_event", id="null"),
        pytest.param("true", "bad_event", id="true"),
        pytest.param('{"delta": NaN}', "bad_number", id="NaN"),
        pytest.param('{"delta": Infinity}', "bad_number", id="Infinity"),
        pytest.param('{"delta": -Infinity}', "bad_number", id="-Infinity"),
        pytest.param('{"usage": [NaN]}', "bad_number", id="NaN in an ignored field"),
        pytest.param('{"json_path": 7}', "bad_event", id="a path that is not text"),
        pytest.param('{"span_id": {}}', "bad_event", id="a span id that is not text"),
        pytest.param(None, "bad_event", id="None"),
        pytest.param(b"{}", "bad_event", id="bytes"),
        pytest.param([1], "bad_event", id="a list"),
        pytest.param(object(), "bad_event", id="an object"),
        pytest.param(SimpleNamespace(delta=1, json_path=7), "bad_event", id="an object with a wrong field"),
        pytest.param(StreamingChunk(1, json_path=7), "bad_event", id="a chunk with a path that is not text"),  # type: ignore[arg-type]
        pytest.param(StreamingChunk(span_id=7), "bad_event", id="a chunk with a span id that is not text"),  # type: ignore[arg-type]
        pytest.param(StreamingChunk(error_type=7), "bad_event", id="a chunk with an error that is not text"),  # type: ignore[arg-type]
    ],
)
def test_invalid_data_is_refused(data: object, code: str) -> None:
    with pytest.raises(InvalidEventError) as info:
        to_chunk(data, LIMITS)
    assert info.value.code == code
    assert len(info.value.message) < 300


def test_chunk_may_hold_text_of_a_subclass() -> None:
    assert to_chunk(StreamingChunk(1, Word.A), LIMITS) == StreamingChunk(1, "a")


# ---------------------------------------------------------------------------------------------------------------------
# hostile JSON


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    ),
    st.sampled_from([Limits(), Limits(max_depth=20, max_number_digits=20), Limits.unlimited()]),
    st.sampled_from([None, 1]),
)
def test_json_is_decoded_as_by_the_standard_library(value: object, limits: Limits, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    try:
        read = decode_json(text, limits)
    except LimitExceededError:
        assert limits.max_number_digits == 20
    else:
        assert read == json.loads(text)


@given(st.text(st.sampled_from(list('[]{}",:\\u0d8e-+.1 NaInfty\n'))), st.sampled_from([1, 3, None]))
def test_any_text_is_decoded_or_a_documented_error(text: str, bound: int | None) -> None:
    try:
        value = decode_json(text, Limits(max_depth=bound, max_number_digits=bound))
    except (InvalidEventError, LimitExceededError):
        pass
    else:
        assert value == json.loads(text)


def arrays(levels: int) -> str:
    return "[" * levels + "]" * levels


def objects(levels: int) -> str:
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


def both(levels: int) -> str:
    """Return alternating arrays and objects, with brackets in the names, which do not nest."""
    text = "1"
    for level in range(levels):
        text = f"[{text}]" if level % 2 else f'{{"[{{\\"]": {text}}}'
    return text


@pytest.mark.parametrize("levels", [1, 2, 3, 128])
@pytest.mark.parametrize("build", [arrays, objects, both])
def test_nesting_beyond_max_depth_is_refused(build: Callable[[int], str], levels: int) -> None:
    limits = Limits(max_depth=levels)
    text = f'{{"delta": {build(levels)}}}'
    assert decode_json(text, limits) == json.loads(text)
    with pytest.raises(LimitExceededError) as info:
        decode_json(f'{{"delta": {build(levels + 1)}}}', limits)
    error = info.value
    assert (error.limit, error.code, error.maximum, error.met) == ("max_depth", "max_depth", levels, levels + 1)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"delta": "' + "[{" * 1000 + '"}', id="in a string"),
        pytest.param('{"delta": "\\"' + "[{" * 1000 + '"}', id="after an escaped quote"),
        pytest.param('{"delta": "\\\\", "json_path": "' + "[{" * 1000 + '"}', id="after an escaped backslash"),
        pytest.param('{"' + "[{" * 1000 + '": 1}', id="in a name"),
        pytest.param('{"delta": [' + "[],{}," * 1000 + "[]]}", id="side by side"),
    ],
)
def test_brackets_that_do_not_nest_do_not_count(text: str) -> None:
    assert decode_json(text, Limits(max_depth=2)) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 1_000_000, id="unclosed arrays"),
        pytest.param('{"a":' * 500_000, id="unclosed objects"),
        pytest.param('{"delta": ' + "[" * 1_000_000, id="in a delta"),
        pytest.param("]" * 200 + "[" * 1_000_000, id="closed before they open"),
        pytest.param('[""' + ",[" * 1_000_000, id="after a string"),
        pytest.param('["' + "\\" * 1_000_001 + "[" * 300, id="after an unfinished string"),
    ],
)
def test_deep_text_never_reaches_the_parser(text: str) -> None:
    with pytest.raises(StreamJSONError) as info:
        decode_json(text, LIMITS)
    assert info.value.code in {"max_depth", "bad_json"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


def count_values(value: object) -> int:
    if isinstance(value, dict | list):
        return 1 + sum(map(count_values, value.values() if isinstance(value, dict) else value))
    return 1


@given(VALUES, st.sampled_from([None, 1]), st.sampled_from([(",", ":"), (" , ", "\t:\n ")]))
def test_count_of_values_agrees_with_the_parser(value: object, indent: Any, marks: Any) -> None:
    text = json.dumps(value, indent=indent, separators=marks, ensure_ascii=False)
    assert sum(1 for _ in _VALUE.finditer(text)) == count_values(json.loads(text))


WIDE_DELTAS = {
    "arrays": lambda n: "[" + ",".join(["[]"] * (n - 1)) + "]",
    "objects": lambda n: "[" + ",".join(["{}"] * (n - 1)) + "]",
    "numbers": lambda n: "[" + ",".join(["0"] * (n - 1)) + "]",
    "texts": lambda n: "[" + ",".join(['",[{:"'] * (n - 1)) + "]",
    "members": lambda n: "{" + ",".join(f'"{number}" : 0' for number in range(n - 1)) + "}",
}


@pytest.mark.parametrize("wide", WIDE_DELTAS.values(), ids=WIDE_DELTAS)
def test_values_are_bounded_before_they_are_parsed(wide: Callable[[int], str]) -> None:
    limits = Limits(max_nodes=5000)
    around = '{"json_path": "a", "span_id": "s", "model": {"name": "m", "tags": [1, 2, 3]}, "delta": %s}'
    text = around % wide(4999)  # the delta and the object around it
    assembler = sj.Assembler(limits=limits)
    assembler.apply(ServerSentEvent(text))
    assert assembler.version == 1
    with pytest.raises(LimitExceededError) as info:
        sj.Assembler(limits=limits).apply(ServerSentEvent(around % wide(5000)))
    assert info.value.limit == "max_nodes"
    with (
        patch("streamjson._json._digit_counting_decoder", side_effect=AssertionError("it was parsed")),
        pytest.raises(LimitExceededError) as info,
    ):
        decode_json(around % wide(6100), limits)
    assert (info.value.limit, info.value.maximum, info.value.met) == ("max_nodes", 5000, 5001)


def test_values_of_unknown_fields_are_bounded() -> None:
    limits = Limits(max_nodes=5000)
    text = '{"delta": 1, "json_path": "a", "unknown": %s}'
    assert decode_json(text % WIDE_DELTAS["arrays"](5000), limits)
    with pytest.raises(LimitExceededError, match="max_nodes"):
        decode_json(text % WIDE_DELTAS["arrays"](6000), limits)
    assert decode_json(text % WIDE_DELTAS["arrays"](6000), Limits(max_nodes=None))


def test_excess_depth_is_reported_before_excess_values() -> None:
    limits = Limits(max_nodes=5000)
    for text in ("[" * 10_000, "[" + "[" * 200 + "0" + "]" * 200 + ",0" * 10_000 + "]"):
        with pytest.raises(LimitExceededError, match="max_depth"):
            decode_json(text, limits)


def test_long_event_is_bounded_when_digits_are_unlimited() -> None:
    """With unlimited digits, the fast path would decode texts of any length."""
    assembler = sj.Assembler(limits=Limits(max_nodes=5000, max_number_digits=None))
    with pytest.raises(LimitExceededError, match="5001 values"):
        assembler.apply(ServerSentEvent(f'{{"delta": {WIDE_DELTAS["numbers"](10_000)}, "json_path": "a"}}'))


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_interpreter_depth_limit_is_a_documented_error(opening: str) -> None:
    text = opening * 1_000_000
    with pytest.raises(LimitExceededError) as info:
        decode_json(text, Limits(max_depth=None))
    error = info.value
    assert (error.limit, error.met) == ("max_depth", 1_000_000)
    assert isinstance(error.maximum, int)
    assert "None" not in str(error)
    assembler = sj.Assembler(limits=Limits.unlimited())
    with pytest.raises(LimitExceededError):
        assembler.apply(ServerSentEvent('{"delta": ' + text))
    assert assembler.version == 0


@pytest.mark.parametrize(
    ("literal", "digits"),
    [
        pytest.param("9" * 30, 30, id="an integer"),
        pytest.param("-" + "9" * 30, 30, id="a negative one"),
        pytest.param("0." + "3" * 29, 30, id="a fraction"),
        pytest.param("1" * 15 + "." + "3" * 15, 30, id="digits on both sides of the point"),
        pytest.param("1." + "3" * 27 + "e-12", 30, id="an exponent's digits count"),
        pytest.param("1E+" + "0" * 28 + "1", 30, id="a padded exponent"),
    ],
)
def test_digits_are_counted_exactly(literal: str, digits: int) -> None:
    text = f'{{"delta": [{literal}]}}'
    for bound in (digits, digits + 1, None):
        assert decode_json(text, Limits(max_number_digits=bound)) == json.loads(text)
    with pytest.raises(LimitExceededError) as info:
        decode_json(text, Limits(max_number_digits=digits - 1))
    assert (info.value.limit, info.value.maximum, info.value.met) == ("max_number_digits", digits - 1, digits)


def test_many_short_numbers_are_not_a_long_number() -> None:
    text = "[" + "123456," * 1000 + "-1.5e3]"
    assert decode_json(text, Limits(max_number_digits=6)) == json.loads(text)


@pytest.mark.parametrize("digits", [1001, 5000, 1_000_000])
@pytest.mark.parametrize("form", ["{}", "-{}", "{}.5", "0.{}", "1e{}"])
def test_long_number_exceeds_a_limit_without_a_value_error(digits: int, form: str) -> None:
    with pytest.raises(LimitExceededError) as info:
        decode_json(f'{{"delta": {form.format("7" * digits)}}}', LIMITS)
    assert info.value.code == "max_number_digits"


def test_interpreter_digit_limit_is_a_documented_error() -> None:
    digits = sys.get_int_max_str_digits()
    assert digits > 0
    for limits in (Limits(max_number_digits=None), Limits(max_number_digits=digits + 1)):
        assert isinstance(decode_json("7" * digits, limits), int)
        with pytest.raises(InvalidEventError, match="get_int_max_str_digits") as info:
            decode_json("7" * (digits + 1), limits)
        assert info.value.code == "bad_number"


@pytest.mark.parametrize("literal", ["1e400", "-1e400", "[1e400]", '{"a": [-1e999]}', "1" * 400 + ".0"])
def test_overflowing_number_is_refused(literal: str) -> None:
    assembler = sj.Assembler()
    with pytest.raises(InvalidEventError) as info:
        assembler.apply(ServerSentEvent(f'{{"delta": {literal}, "json_path": "a"}}'))
    assert (info.value.code, assembler.version) == ("bad_number", 0)


def test_last_of_equal_names_wins() -> None:
    assert to_chunk('{"delta": 1, "json_path": "a", "delta": 2, "json_path": "b"}', LIMITS) == StreamingChunk(2, "b")
    assert decode_json('{"a": {"b": 1}, "a": {}}', LIMITS) == {"a": {}}


def test_halves_of_pairs_are_left_to_the_document() -> None:
    assert decode_json('"\\ud83d"', LIMITS) == "\ud83d"
    assert decode_json('"\\ud83d\\ude00"', LIMITS) == "😀"
    stream = sj.assemble([ServerSentEvent('{"delta": {"\\ud83d": "\\ude00"}, "json_path": "a"}')])
    assert json.dumps(stream.final(), ensure_ascii=False).encode() == '{"a": {"\ufffd": "\ufffd"}}'.encode()


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("\\", id="backslashes"),
        pytest.param('"', id="quotes"),
        pytest.param('\\"', id="escaped quotes"),
        pytest.param('\\\\"', id="escaped backslashes and quotes"),
        pytest.param('"\\', id="strings that end in a backslash"),
        pytest.param('["', id="brackets and quotes"),
        pytest.param('"a\\\\"', id="strings"),
        pytest.param('"a":', id="names"),
        pytest.param('"a"  ', id="strings and blanks"),
        pytest.param('"a":  ]', id="names without values"),
        pytest.param("1 ", id="numbers and blanks"),
        pytest.param(",", id="commas"),
    ],
)
def test_long_runs_of_quotes_and_backslashes_take_one_pass(unit: str) -> None:
    # 2 MB: a check that rereads its input would not end.
    text = "[" * 200 + '"' + unit * (2_000_000 // len(unit))
    with pytest.raises(StreamJSONError) as info:
        decode_json(text, LIMITS)
    assert info.value.code in {"bad_json", "max_depth"}
    with pytest.raises(StreamJSONError):
        decode_json(text[199:], Limits(max_nodes=1))
    with pytest.raises(StreamJSONError):
        decode_json(text[200:] + "," * 2000, Limits(max_nodes=1))
    quoted = "[" * 2 + "[]," * 200 + '"' + unit * (1_000_000 // len(unit))
    with pytest.raises(StreamJSONError):
        decode_json(quoted, LIMITS)


# ---------------------------------------------------------------------------------------------------------------------
# the quick decoder returns what `decode_json` returns, or asks for a closer look

WITHOUT_MSGSPEC = {"msgspec": None}  # for `sys.modules`: makes its import an ImportError


@pytest.fixture
def no_decoder_chosen() -> Iterator[None]:
    """Forget the chosen decoder; afterwards choose the same one again."""
    is_fast = quick_decoder().is_typed
    quick_decoder.cache_clear()
    yield
    quick_decoder.cache_clear()
    with patch.dict(sys.modules, {} if is_fast else WITHOUT_MSGSPEC):
        quick_decoder()


def decoder(*, is_fast: bool) -> Any:
    """Return a decoder as `quick_decoder` does, without changing the chosen one."""
    with patch.dict(sys.modules, {} if is_fast else WITHOUT_MSGSPEC):
        return quick_decoder.__wrapped__()


QUICK = {"msgspec": decoder(is_fast=True), "the standard library": decoder(is_fast=False)}
either_quick = pytest.mark.parametrize("quick", QUICK.values(), ids=QUICK)


@pytest.mark.usefixtures("no_decoder_chosen")
@pytest.mark.parametrize("is_fast", [True, False], ids=["with msgspec", "without"])
def test_quick_decoder_is_chosen_once(*, is_fast: bool) -> None:
    """It is msgspec's if that is installed."""
    with patch.dict(sys.modules, {} if is_fast else WITHOUT_MSGSPEC):
        chosen = quick_decoder()

    assert chosen.is_typed is is_fast
    with patch.dict(sys.modules, WITHOUT_MSGSPEC if is_fast else {}):
        assert quick_decoder() is chosen
        assert quick_reader(LIMITS, chosen)('{"delta": "x", "json_path": "a"}') == ("a", "x")


@pytest.mark.usefixtures("no_decoder_chosen")
@pytest.mark.parametrize("is_fast", [True, False], ids=["with msgspec", "without"])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param('{"delta": "x", "json_path": "a"}', id="plain"),
        pytest.param('  {"delta": "x", "json_path": "a"} ', id="whitespace around it"),
        pytest.param('{"delta": "x", "json_path": "a", "model": 1}', id="other fields"),
        pytest.param('{"json_path": "a", "delta": "\\u0078"}', id="escapes"),
    ],
)
def test_assembler_agrees_with_either_decoder(data: str, *, is_fast: bool) -> None:
    with patch.dict(sys.modules, {} if is_fast else WITHOUT_MSGSPEC):
        assembler = sj.Assembler()

    assert str(assembler.apply(ServerSentEvent(data))) == "<Change 1: set 'x' at a>"


@either_quick
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[DONE]", id="the end marker"),
        pytest.param("hello", id="not JSON"),
        pytest.param('{"delta": "x', id="cut"),
        pytest.param('{"delta": 1} {"delta": 2}', id="two values"),
        pytest.param('{"delta": 1}]', id="a bracket too many"),
        pytest.param('{"delta": 01}', id="a leading zero"),
        pytest.param('"a\nb"', id="a raw line break"),
        pytest.param('"\\x41"', id="an escape that JSON lacks"),
        pytest.param("\ufeff1", id="a byte order mark"),
        pytest.param("\xa01", id="whitespace that JSON does not allow"),
        pytest.param("[" * 100_000, id="deeper than the interpreter allows"),
        pytest.param("7" * (sys.get_int_max_str_digits() + 1) + "]", id="more digits than the interpreter allows"),
    ],
)
def test_undecodable_text_asks_for_a_closer_look(quick: QuickDecoder, text: str) -> None:
    with pytest.raises(quick.closer_look):
        quick.decode(text)
    assert quick_reader(UNLIMITED, quick)(text) is None


@either_quick
@pytest.mark.parametrize(
    "value",
    [1, None, "ab", [1, 2], {"delta": 1}, {"json_path": "a"}, {"delta": 1, "model": 2}]
    + [{"delta": 1, "json_path": "a", **more} for more in ({"model": 1}, {"chunk_type": "text"}, {"json_path": 1})],
    ids=repr,
)
def test_other_fields_ask_for_a_closer_look(quick: QuickDecoder, value: Any) -> None:
    assert quick_reader(UNLIMITED, quick)(json.dumps(value)) is None


# JSON as any sender may write it, and text that is nearly JSON.
ANY_TEXT = st.text(st.characters() | st.sampled_from('\ud83d\ude00😀"\\\x00\x1f\x7f\u2028'), max_size=6)
NUMBERS = st.sampled_from(
    [
        "-0", "-0.0", "1.0", "1E5", "1e+2", "-1.5e-3", "5e-324", "1e-400", "1e400", "9007199254740993",
        "9007199254740993.0", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
        "18446744073709551616", "1" * 40, "-" + "9" * 60, "0." + "3" * 40, "01", "1.", ".5", "+1", "-", "1e", "0x1",
        "NaN", "-Infinity", "Infinity", "true", "True", "null", "nul",
    ]
)  # fmt: skip
ESCAPES = st.sampled_from(
    [r"\n", r"\/", r"\u00e9", r"\u0000", r"\ud83d", r"\ude00", r"\ud83d\ude00", r"\uD83D\u0061", r"\x41", r"\u12", "é"]
)
STRINGS = (
    st.builds(json.dumps, ANY_TEXT, ensure_ascii=st.booleans())
    | st.builds('"{}"'.format, ANY_TEXT)
    | st.builds('"{}"'.format, st.lists(ESCAPES, max_size=3).map("".join))
)
SCALARS = NUMBERS | STRINGS | st.builds(repr, st.integers() | st.floats())
BLANKS = st.sampled_from(["", "", "", " ", "\n\t", "\xa0"])
MEMBERS = st.sampled_from(['"a"', '"a"', '"b"', r'"\u0061"', "a"]) | STRINGS


def listed(inner: st.SearchStrategy[str], brackets: str) -> st.SearchStrategy[str]:
    return st.builds(
        lambda blank, items: brackets[0] + blank + f"{blank},{blank}".join(items) + brackets[1],
        BLANKS,
        st.lists(inner, max_size=3),
    )


JSON_TEXTS = st.recursive(
    SCALARS,
    lambda inner: listed(inner, "[]") | listed(st.builds("{}:{}".format, MEMBERS, inner), "{}"),
    max_leaves=6,
)


@st.composite
def nearly_json(draw: st.DrawFn) -> str:
    """Return a JSON text, or one that is cut, changed in one place, or has text before or after it."""
    text = draw(JSON_TEXTS)
    at = draw(st.integers(0, len(text)))
    return draw(
        st.sampled_from([text, text, text[:at], text[at:], text[:at] + text[at + 1 :]])
        | st.builds(lambda more: text[:at] + more + text[at:], st.sampled_from('[]{}",:\\ 0e-\x00\ud83d'))
        | st.builds(lambda before, after: before + text + after, BLANKS, BLANKS | JSON_TEXTS)
    )


@st.composite
def nearly_chunks(draw: st.DrawFn) -> str:
    """Return the text of an object with the members of a chunk, in any order and spelling; or one with a mistake."""
    names = draw(st.permutations(['"delta"', r'"json\u005fpath"', '"json_path"', '"delta"', '"chunk_type"']))
    values = {'"chunk_type"': st.sampled_from(['"json"', '"text"', "null"]), '"delta"': JSON_TEXTS | nearly_json()}
    members = [f"{name}: {draw(values.get(name, STRINGS))}" for name in names[: draw(st.integers(2, 4))]]
    return "{" + ", ".join(members) + "}"


@either_quick
@given(text=nearly_chunks() | nearly_json())
@example(text='{"json_path": "a", "delta": {"a": 1, "a": 2.50}}')
@example(text='{"json_path": "a", "delta": NaN}')
@example(text='{"json_path": "\\ud83d", "delta": "\\ud83d"}')
@example(text='{"json_path": "a", "delta": 1, "json_path": "b"}')
@example(text='{"json_path": "a", "delta": ' + "[" * 64 + "]" * 64 + "}")
@example(text='{"json_path": "a", "delta": ' + "1" * 100 + "}")
def test_quick_reader_agrees_or_asks_for_a_closer_look(quick: QuickDecoder, text: str) -> None:
    brought = quick_reader(LIMITS, quick)(text)
    if brought is not None:
        assert repr(Chunks(LIMITS).read(ServerSentEvent(text))) == repr((Delta(*brought),))
