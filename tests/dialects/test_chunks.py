"""The verbs of an event: a delta, the sender's failure, or nothing; with failures as real senders send them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from opperai import models as opper

import streamjson as sj
from streamjson._dialects import Chunks, Delta, Done, Failed, NewRun, Nothing, Verb

LIMITS = sj.Limits()
DONE = sj.ServerSentEvent("[DONE]")
Chunk = sj.StreamingChunk
X = {"delta": "x", "json_path": "a"}


PASSED_OVER = [Nothing("passed_over")]


def verbs_of(data: object, event_type: str = "message") -> list[Verb]:
    return list(Chunks(LIMITS).read(sj.ServerSentEvent(data, event=event_type)))


# ---------------------------------------------------------------------------------------------------------------------
# failures

DEEP: list[object] = [{"error": [{"error": [{"error": [{"message": "m"}]}]}]}]
BOOM = {"message": "boom", "type": "server_error", "param": None, "code": None}

# Payloads that gateways and servers have sent instead of an answer, with HTTP 200; and the type and message reported.
FAILURES: dict[str, tuple[object, tuple[str | None, str | None]]] = {
    "OpenAI": ({"error": BOOM}, ("server_error", "boom")),
    "an error that is text": ({"error": "boom"}, (None, "boom")),
    "Google": ({"error": {"code": 503, "message": "boom", "status": "UNAVAILABLE"}}, ("503", "boom")),
    "Google, in an array": ([{"error": {"code": 503, "message": "boom"}}], ("503", "boom")),
    "vLLM": ({"object": "error", "message": "boom", "type": "BadRequest", "code": 400}, ("BadRequest", "boom")),
    "Anthropic": (
        {"type": "error", "error": {"type": "overloaded_error", "message": "boom"}, "request_id": "r"},
        ("overloaded_error", "boom"),
    ),
    "OpenAI Responses, flat": (
        {"type": "error", "code": "rate_limit", "message": "boom", "param": None, "sequence_number": 3},
        ("rate_limit", "boom"),
    ),
    "OpenAI Responses, at the end": (
        {"type": "response.failed", "response": {"status": "failed", "error": {"code": "oops", "message": "boom"}}},
        ("oops", "boom"),
    ),
    "OpenRouter": (
        {
            "object": "chat.completion.chunk", "error": {"code": 502, "message": "boom"},
            "choices": [{"delta": {"content": ""}, "finish_reason": "error"}],
        },
        ("502", "boom"),
    ),
    "AI SDK": ({"type": "error", "errorText": "boom"}, (None, "boom")),
    "AG-UI": ({"type": "RUN_ERROR", "message": "boom", "code": "oops"}, ("oops", "boom")),
    "Opper v3": ({"type": "error", "error": "boom"}, (None, "boom")),
    "ADK": ({"errorCode": "SAFETY", "errorMessage": "boom", "content": {"parts": []}}, (None, "boom")),
    "Cloudflare": ({"errors": [{"code": 7003, "message": "boom"}], "success": False}, ("7003", "boom")),
    "Mistral": ({"type": "conversation.response.error", "message": "boom", "code": 3}, ("3", "boom")),
    "a title beside the message": ({"error": "Bad Request", "message": "boom", "statusCode": 400}, (None, "boom")),
    "an error in an error": ({"error": {"error": {"message": "boom", "type": "t"}}}, ("t", "boom")),
    "an error that is a number": ({"error": 500}, ("500", None)),
    "an error that is true": ({"error": True}, (None, None)),
    "an empty error": ({"error": {}}, (None, None)),
    "an error without known members": ({"error": {"why": "boom"}}, (None, '{"why": "boom"}')),
    "a span and an error": ({"span_id": "s", "error": "boom"}, (None, "boom")),
    "a path and an error": ({"json_path": "a", "error": "boom"}, (None, "boom")),
    "a null delta and an error": ({"delta": None, "error": "boom"}, (None, "boom")),
    "an empty delta and an error": ({"delta": "", "error": "boom"}, (None, "boom")),
    "ours": ({"error_type": "quota", "error_message": "boom"}, ("quota", "boom")),
    "ours, with an error beside it": ({"error_type": "quota", "error": {"message": "boom"}}, ("quota", "boom")),
    "ours, in camel case": ({"errorType": "quota", "errorMessage": "boom"}, ("quota", "boom")),
    "ours, a message that is an object": ({"error_message": {"message": "boom", "code": 3}}, ("3", "boom")),
    "ours, a type that is a number": ({"error_type": 429, "error_message": "boom"}, ("429", "boom")),
    "ours, a type that is an object": ({"error_type": {}, "error_message": ["boom"]}, (None, "boom")),
    "ours, by its chunk type": ({"chunk_type": "error"}, (None, None)),
    "ours, by its chunk type, beside a delta": ({**X, "chunk_type": "error", "error_message": "boom"}, (None, "boom")),
    "deeply nested errors": ({"error": DEEP}, (None, json.dumps(DEEP))),
}  # fmt: skip


@pytest.mark.parametrize(("payload", "reported"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("event_type", ["message", "", "ping", "error"])
def test_failure_of_any_shape_is_final(
    payload: object, reported: tuple[str | None, str | None], event_type: str
) -> None:
    events = [X, sj.ServerSentEvent(json.dumps(payload), event=event_type), sj.ServerSentEvent("[DONE]")]
    stream = sj.assemble(events, on_invalid="skip")
    with pytest.raises(sj.StreamFailedError) as caught:
        stream.final()
    error = caught.value
    assert (error.code, stream.snapshot.complete, stream.snapshot.value) == ("stream_error", False, {"a": "x"})
    if event_type == "error" and reported == (None, None):
        reported = (None, json.dumps(payload))  # data without an error becomes the message
    assert (error.error_type, error.error_message) == reported
    with pytest.raises(sj.ClosedError):
        stream.assembler.apply(X)


BESIDE: dict[str, dict[str, Any]] = {
    "a conflict": {"delta": 5, "json_path": "a"},
    "a path that is not text": {"delta": "x", "json_path": 5},
    "an invalid path": {"delta": "x", "json_path": "a[-1]"},
    "an object without a path": {"delta": {"content": ""}},
    "another protocol": {"choices": [], "delta": "x"},
    "an unknown type": {"type": "chunk", "delta": "x"},
    "the type error": {"type": "error", "delta": {}},
    "the type error, and text": {"type": "error", "delta": "x"},
    "an id, as a mapping": {"id": "x"},
    "an event of this name, as a mapping": {"event": "oops", "data": None},
}


@pytest.mark.parametrize("fields", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("on_invalid", ["skip", "raise"])
def test_nothing_hides_an_error(fields: dict[str, Any], on_invalid: Any, *, as_text: bool) -> None:
    """Neither a rejected delta beside it, nor an otherwise unknown event."""
    payload = {**fields, "error": BOOM}
    event = sj.ServerSentEvent(json.dumps(payload)) if as_text else payload
    stream = sj.assemble([X, event, DONE], on_invalid=on_invalid)
    with pytest.raises(sj.StreamFailedError) as caught:
        stream.final()
    assert (caught.value.error_message, stream.snapshot.value) == ("boom", {"a": "x"})


class Event:
    """An object of an SDK."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Event(type="response.output_text.delta", delta='{"na', item_id="m"), "foreign_event"),
        (Event(type="message_start", message=Event(content=[])), "foreign_event"),
        (Event(choices=[Event(delta=Event(content="x"))], object="chat.completion.chunk"), "foreign_event"),
        (Event(candidates=[Event()]), "foreign_event"),
        (Event(delta=None, json_path=None, span_id=None, error={"message": "boom"}), "stream_error"),
        (Event(type="error", error=Event(message="boom")), "stream_error"),
    ],
)
def test_object_of_another_sdk_is_an_error(event: object, code: str) -> None:
    with pytest.raises(sj.StreamJSONError) as caught:
        sj.assemble([event]).final()
    assert caught.value.code == code


@pytest.mark.parametrize(
    "event",
    [{"n": 10**5000}, {"error": {"code": 10**5000}}, {"error": [10**5000, 1]}, {"error": {"x": {(1, 2): 3}}}],
    ids=["a number", "a code", "an array", "a name that is not text"],
)
def test_non_json_mapping_raises_a_documented_error(event: dict[str, Any]) -> None:
    with pytest.raises(sj.StreamFailedError):
        sj.assemble([event, DONE]).final()


NO_FAILURES: dict[str, dict[str, Any]] = {
    "an error that is null": {"error": None},
    "an error that is false": {"error": False},
    "an empty text": {"error": ""},
    "an empty object": {"error": {}},
    "an empty list": {"errors": []},
    "a message": {"error_message": "m"},
    "a type": {"type": "error"},
    "an object": {"object": "error"},
}


@pytest.mark.parametrize("fields", NO_FAILURES.values(), ids=NO_FAILURES)
def test_empty_error_field_beside_a_delta_is_not_a_failure(fields: dict[str, Any]) -> None:
    """Senders that send every field send empty ones, too."""
    assert verbs_of({**X, **fields}) == [Delta("a", "x")]


def test_delta_beside_an_error_is_applied_first() -> None:
    assembler = sj.Assembler()
    seen: list[object] = []
    assembler.on("a", lambda change: seen.append(change.match_value))
    with pytest.raises(sj.StreamFailedError) as caught:
        assembler.apply({**X, "error": BOOM})
    assert caught.value.snapshot is not None
    assert (caught.value.snapshot.value, caught.value.error_message, seen) == ({"a": "x"}, "boom", ["x"])
    assert assembler.snapshot().complete is False


def test_raising_callback_does_not_hide_a_failure() -> None:
    stream = sj.assemble([{**X, "error": BOOM}])

    @stream.assembler.on("a")
    def _(_change: object) -> None:
        raise ValueError("mine")

    with pytest.raises(sj.StreamFailedError) as caught:
        next(stream)
    assert "mine" in repr(caught.value.__cause__)


@pytest.mark.parametrize("is_broken", [False, True])
def test_asynchronous_callback_is_notified_before_a_failure(*, is_broken: bool) -> None:
    async def source() -> AsyncIterator[object]:
        yield {**X, "error": BOOM}

    async def main() -> None:
        stream = sj.assemble(source())
        seen: list[object] = []

        @stream.assembler.on("a")
        async def _(change: sj.Change) -> None:
            seen.append(change.match_value)
            if is_broken:
                raise ValueError("mine")

        with pytest.raises(sj.StreamFailedError) as caught:
            await anext(stream)
        assert seen == ["x"]
        assert ("mine" in repr(caught.value.__cause__)) == is_broken

    asyncio.run(main())


@pytest.mark.parametrize(
    ("data", "reported"),
    [
        pytest.param("boom", (None, "boom"), id="text"),
        pytest.param("", (None, ""), id="nothing"),
        pytest.param('"boom"', (None, '"boom"'), id="a JSON string"),
        pytest.param("[1]", (None, "[1]"), id="an array"),
        pytest.param('{"message": "boom"}', (None, "boom"), id="an object"),
        pytest.param('{"message": "boom", "error_type": 2}', ("2", "boom"), id="a type that is not text"),
        pytest.param('{"delta": 1, "json_path": 2}', (None, '{"delta": 1, "json_path": 2}'), id="a chunk"),
        pytest.param("[" * 500, (None, "[" * 500), id="too deeply nested"),
        pytest.param(Chunk(error_type="e"), ("e", None), id="a chunk of ours"),
        pytest.param(b"boom", (None, None), id="bytes"),
    ],
)
def test_data_of_an_error_event(data: object, reported: tuple[str | None, str | None]) -> None:
    assert verbs_of(data, "error") == [Failed(*reported)]


# ---------------------------------------------------------------------------------------------------------------------
# neither a failure nor a delta


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param({"model": "m"}, "none of the fields", id="no known field"),
        pytest.param({"span_id": None, "model": "m"}, "none of the fields", id="a known field that is null"),
        pytest.param({"json_path": "a", "value": 1}, "no delta", id="a path without a delta"),
        pytest.param({"json_path": "", "chunk_type": "json"}, "no delta", id="the root without a delta"),
        pytest.param({"delta": "x", "type": "token"}, "'token' is not known", id="a delta with an unknown type"),
    ],
)
def test_unknown_event_is_ignored_and_counted(payload: dict[str, Any], reason: str) -> None:
    stream = sj.assemble([payload, X, payload])
    assert stream.final() == {"a": "x"}
    assert stream.ignored_count == 2
    event, error = stream.ignored[1]
    assert event == payload
    assert (error.code, error.event_number) == ("ignored_event", 3)
    assert reason in error.message


@pytest.mark.parametrize("payload", [{}, {"span_id": None}, {"span_id": "s"}, {"json_path": "a", "span_id": "s"}])
def test_event_with_known_fields_is_not_ignored(payload: dict[str, Any]) -> None:
    assembler = sj.Assembler()
    assert assembler.apply(payload) is None
    assert (assembler.ignored_count, assembler.passed_over) == (0, 0)
    assert sj.assemble([PING, X]).passed_over == 0


PING = sj.ServerSentEvent('{"type": "ping"}', event="ping")
SPAN, OTHER, BAD = {"span_id": "s"}, {"model": "m"}, {"delta": 1, "json_path": "a[*]"}


@pytest.mark.parametrize(
    ("events", "named"),
    [
        pytest.param([OTHER, DONE], "model", id="an event of unknown fields"),
        pytest.param([OTHER], "model", id="without DONE"),
        pytest.param([SPAN, OTHER, {"x": 1}, DONE], "model", id="beside a span"),
        pytest.param([{"json_path": "a", "value": 1}, DONE], "value", id="a path without a delta"),
        pytest.param([BAD, DONE], "a[*]", id="a rejected event that was skipped"),
        pytest.param([PING, PING, DONE], "ping", id="only pings"),
        pytest.param([PING], "ping", id="one ping"),
        pytest.param([sj.ServerSentEvent("", event="ping"), DONE], "ping", id="a ping without data"),
        pytest.param([{"delta": None}, OTHER, DONE], "model", id="a null delta without a path"),
    ],
)
@pytest.mark.parametrize("is_restored", [False, True], ids=["", "restored"])
def test_stream_without_any_delta_has_failed(events: list[object], named: str, *, is_restored: bool) -> None:
    assembler = sj.Assembler(on_invalid="skip")
    *events, last = events
    for event in events:
        assembler.apply(event)
    if is_restored:
        assembler = sj.Assembler.restore(assembler.checkpoint(), on_invalid="skip")
    stream = sj.assemble([last], assembler=assembler)
    with pytest.raises(sj.StreamFailedError) as caught:
        stream.final()
    assert caught.value.code == "no_deltas"
    assert named in caught.value.message
    assert (stream.snapshot.value, stream.snapshot.complete) == (sj.MISSING, False)
    assert assembler.close() is None


def test_close_without_any_delta_has_failed() -> None:
    assembler = sj.Assembler()
    assembler.apply(sj.ServerSentEvent('{"model": "m"}', id="7"))
    with pytest.raises(sj.StreamFailedError) as caught:
        assembler.close()
    assert (caught.value.code, caught.value.last_event_id) == ("no_deltas", "7")


@pytest.mark.parametrize(
    "events",
    [[], [DONE], [SPAN, DONE], [SPAN, PING, DONE], [{}, DONE], [sj.ServerSentEvent("", id="1")], [{"delta": ""}, DONE]],
)
def test_empty_answer_with_known_fields_is_missing(events: list[object]) -> None:
    assert sj.assemble(events).final() is sj.MISSING


def test_events_before_a_reset_do_not_count() -> None:
    assembler = sj.Assembler()
    assembler.apply(OTHER)
    assembler.reset()
    for event in (PING, SPAN, DONE):
        assembler.apply(event)
    assert assembler.snapshot().complete


def test_skipped_first_delta_of_a_span_makes_it_fail() -> None:
    events = [SPAN, X, {"span_id": "t", "delta": 1, "json_path": "a[*]"}, DONE]
    with pytest.raises(sj.StreamFailedError) as caught:
        sj.assemble(events, on_invalid="skip", on_new_span="reset").final()
    assert caught.value.code == "no_deltas"


@pytest.mark.parametrize("empty", [{"error": ""}, {"error_type": "", "error_message": ""}])
def test_empty_error_texts_are_not_a_failure(empty: dict[str, str]) -> None:
    assert sj.assemble([{"span_id": "s", **empty}, {"delta": "", **empty}, {**X, **empty}]).final() == {"a": "x"}


# ---------------------------------------------------------------------------------------------------------------------
# other event types, and a delta that an SDK has lost

OTHER_TYPES: dict[str, tuple[object, list[Verb]]] = {
    "a chunk": (Chunk(1, "a"), [Delta("a", 1)]),
    "an empty chunk": (Chunk(), PASSED_OVER),
    "text": ("ping", PASSED_OVER),
    "an array": ("[1]", PASSED_OVER),
    "an object without a delta": ('{"time": 1}', PASSED_OVER),
    "a delta": ('{"delta": 1, "json_path": "a"}', [Delta("a", 1)]),
    "a span": ('{"spanId": "1"}', [NewRun("1")]),
    "a field of a wrong type, and nothing else": ('{"json_path": 1}', PASSED_OVER),
    "a number that is too long, not in an object": ("1" * 2000, PASSED_OVER),
}


@pytest.mark.parametrize(("data", "expected"), OTHER_TYPES.values(), ids=OTHER_TYPES)
def test_event_of_another_type_has_a_delta_or_nothing(data: object, expected: list[Verb]) -> None:
    assert verbs_of(data, "keepalive") == expected


@pytest.mark.parametrize("data", ['{"delta": 1, "json_path": 1}', '{"delta": %s, "json_path": "a"}' % ("1" * 2000)])
def test_invalid_delta_in_an_event_of_another_type_is_an_error(data: str) -> None:
    with pytest.raises((sj.InvalidEventError, sj.LimitExceededError)):
        verbs_of(data, "keepalive")


@pytest.mark.parametrize("event_type", ["message", "chunk"])
def test_delta_lost_by_an_sdk_is_an_error(event_type: str) -> None:
    """opperai 1.7.2 turns a delta that is an object into its `Unset`, and records only that the field was set."""
    model = opper.FunctionStreamCallStreamPostResponseBody.model_validate_json(
        '{"data": {"delta": {"a": 1}, "json_path": "people"}}'
    )
    assert model.data is not None
    with pytest.raises(sj.InvalidEventError, match="decode_sse") as caught:
        verbs_of(model.data, event_type)
    assert caught.value.code == "unset_delta"
    absent = opper.FunctionStreamCallStreamPostResponseBody.model_validate_json('{"data": {"json_path": "people"}}')
    assert absent.data is not None
    assert [type(verb) for verb in verbs_of(absent.data, event_type)] == [Nothing]


# ---------------------------------------------------------------------------------------------------------------------
# chunks, and the end

CHUNKS: dict[str, tuple[dict[str, Any], list[Verb]]] = {
    "no fields": ({}, [Nothing("no_change")]),
    "a span": ({"span_id": "1"}, [NewRun("1")]),
    "a delta": ({"delta": 1, "json_path": "a"}, [Delta("a", 1)]),
    "a delta and a span": ({"delta": 1, "json_path": "a", "span_id": "1"}, [NewRun("1"), Delta("a", 1)]),
    "null at a path": ({"delta": None, "json_path": "a"}, [Delta("a", None)]),
    "null without a path": ({"delta": None}, [Nothing("no_change")]),
    "empty text without a path": ({"delta": ""}, [Nothing("no_change")]),
    "text without a path": ({"delta": "x"}, [Delta(None, "x")]),
    "false without a path": ({"delta": False}, [Delta(None, False)]),
    "a delta and a failure": ({**X, "error": {"message": "m"}}, [Delta("a", "x"), Failed(None, "m")]),
    "a failure and a span": ({"error": "m", "span_id": "1"}, [Failed(None, "m", "1")]),
}


@pytest.mark.parametrize(("fields", "expected"), CHUNKS.values(), ids=CHUNKS)
def test_verbs_of_a_chunk(fields: dict[str, Any], expected: list[Verb]) -> None:
    assert verbs_of(fields) == expected
    assert verbs_of(json.dumps(fields)) == expected
    if not fields.keys() & {"error"}:
        assert verbs_of(Chunk.from_dict(fields)) == expected


@pytest.mark.parametrize(("event_type", "why"), [("message", "empty"), ("", "empty"), ("ping", "keep_alive")])
def test_event_without_data_is_empty(event_type: str, why: Any) -> None:
    assert verbs_of("", event_type) == [Nothing(why)]


@pytest.mark.parametrize("data", ["[DONE]", " [DONE]", "[DONE]\r", "\t[DONE] \n"])
@pytest.mark.parametrize("event_type", ["message", "ping", "error", "done"])
def test_done_may_have_whitespace_around_it(data: str, event_type: str) -> None:
    stream = sj.assemble([X, sj.ServerSentEvent(data, event=event_type), X])
    assert stream.final() == {"a": "x"}
    assert stream.snapshot.end == "done"


def test_done_as_an_object_of_another_library() -> None:
    done = SimpleNamespace(data="[DONE]\n", event="message", id="7")
    assert sj.assemble([X, done]).final() == {"a": "x"}
    assert verbs_of(done.data) == [Done()]
