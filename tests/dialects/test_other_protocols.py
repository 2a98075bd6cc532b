"""Other protocols are recognised by their keys and refused by name at their first event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import streamjson as sj
from streamjson._dialects.other_protocols import protocol_of

VECTORS = Path(__file__).parents[1] / "vectors"

# The first event of each protocol as really sent, or an event from the middle of a stream whose start was lost.
FIRST: list[tuple[str, object]] = [
    (
        "OpenAI Chat Completions",
        {
            "id": "chatcmpl-A1", "object": "chat.completion.chunk", "created": 1795000000, "model": "m",
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
        },
    ),
    ("OpenAI Chat Completions", {"choices": [], "object": "", "model": "", "prompt_filter_results": [{}]}),
    ("OpenAI Responses", {"type": "response.created", "sequence_number": 0, "response": {"id": "r", "error": None}}),
    ("OpenAI Responses", {"type": "response.output_text.delta", "delta": "Hel", "output_index": 0, "item_id": "m"}),
    ("OpenAI Assistants", {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": []}}),
    ("Anthropic Messages", {"type": "message_start", "message": {"id": "msg_1", "content": []}}),
    ("Anthropic Messages", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "H"}}),
    ("Gemini", {"candidates": [{"content": {"parts": [{"text": "Hel"}], "role": "model"}}], "modelVersion": "g"}),
    ("Gemini", {"promptFeedback": {"blockReason": "SAFETY"}}),
    ("Gemini", {"functionCall": {"name": "book", "args": {}}}),
    ("Gemini", {"partialArgs": [{"jsonPath": "$.name", "stringValue": "Ja", "willContinue": True}]}),
    ("ADK", {"content": {"parts": [{"text": "H"}]}, "partial": True, "invocationId": "e-1", "author": "agent"}),
    ("Cohere v2", {"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}}),
    ("Cohere v1", {"event_type": "stream-start", "is_finished": False, "generation_id": "1"}),
    ("AG-UI", {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}),
    ("AG-UI", {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "Hel"}),
    ("AG-UI", {"type": "STATE_DELTA", "delta": [{"op": "replace", "path": "/a", "value": 1}]}),
    ("AI SDK UI message stream", {"type": "start", "messageId": "m1"}),
    ("AI SDK UI message stream", {"type": "text-delta", "id": "0", "delta": "Hel"}),
    ("AI SDK UI message stream", {"type": "data-trip", "data": {"days": []}}),
    ("Opper v3", {"type": "content", "delta": "Hel"}),
    ("Opper v3", {"type": "tool_call_start", "tool_call_index": 0, "tool_call_id": "c", "tool_call_name": "book"}),
    ("Mistral Conversations", {"type": "conversation.response.started", "conversation_id": "c"}),
    ("LangChain", {"type": "AIMessageChunk", "content": "Hel", "tool_call_chunks": []}),
    ("Bedrock ConverseStream", {"messageStart": {"role": "assistant"}}),
    ("Bedrock ConverseStream", {"contentBlockDelta": {"delta": {"text": "Hel"}, "contentBlockIndex": 0}}),
    ("JSON Patch", {"op": "add", "path": "/a", "value": 1}),
    ("JSON Patch", [{"op": "add", "path": "/a", "value": 1}]),
    ("JSON Patch", {"ops": [{"op": "add", "path": "/streamed_output/-", "value": "x"}]}),
    ("p/o/v deltas", {"p": "/message/content/parts/0", "o": "append", "v": "Hel"}),
    ("p/o/v deltas", {"v": {"response": {"message_id": 2}}}),
    ("Ollama", {"model": "m", "created_at": "2026-11-29T00:00:00Z", "message": {"content": "H"}, "done": False}),
    ("GraphQL incremental delivery", {"data": {"a": 1}, "pending": [{"id": "0", "path": []}], "hasNext": True}),
    ("Firebase", {"path": "/a/b", "data": {"x": 1}}),
    ("Text Generation Inference", {"token": {"id": 1, "text": "Hel"}, "generated_text": None}),
    ("Gradio", {"msg": "process_generating", "output": {"data": []}, "success": True}),
]  # fmt: skip

first_events = pytest.mark.parametrize(
    ("protocol", "payload"),
    [pytest.param(name, payload, id=f"{name}-{number}") for number, (name, payload) in enumerate(FIRST)],
)


def refusal(assembler: sj.Assembler, event: object) -> sj.InvalidEventError:
    with pytest.raises(sj.InvalidEventError) as caught:
        assembler.apply(event)
    return caught.value


@first_events
@pytest.mark.parametrize("event_type", ["message", "delta", ""])
def test_event_of_another_protocol_is_refused_by_name(protocol: str, payload: object, event_type: str) -> None:
    assembler = sj.Assembler()
    error = refusal(assembler, sj.ServerSentEvent(json.dumps(payload), event=event_type))
    assert error.code == "foreign_event"
    assert protocol in error.message
    assert assembler.snapshot().value is sj.MISSING


@first_events
def test_skipped_foreign_stream_has_failed(protocol: str, payload: object) -> None:
    """The refused events may be skipped, but an empty document at the end is still a failure."""
    events = [sj.ServerSentEvent(json.dumps(payload)), sj.ServerSentEvent("[DONE]")]
    stream = sj.assemble(events, on_invalid="skip")
    with pytest.raises(sj.StreamFailedError) as caught:
        stream.final()
    assert caught.value.code == "no_deltas"
    assert [protocol in skipped.error.message for skipped in stream.skipped] == [True]
    assert (stream.snapshot.complete, stream.snapshot.end) == (False, "open")


@first_events
@pytest.mark.parametrize("name", ["json_path", "jsonPath", "span_id", "spanId", "chunk_type", "chunkType"])
def test_event_with_a_field_of_this_protocol_is_accepted(protocol: str, payload: object, name: str) -> None:
    if isinstance(payload, list):
        return
    assembler = sj.Assembler()
    assembler.apply({**payload, "delta": "x", name: "a"})  # type: ignore[dict-item]
    assert assembler.snapshot().value == ({"a": "x"} if name in {"json_path", "jsonPath"} else "x"), protocol


UNKNOWN: list[dict[str, Any]] = [
    {"type": "ping"},
    {"type": "progress", "percent": 3},
    {"type": "start-of-something"},
    {"type": "message_start"},
    {"type": "content", "delta": "x", "role": "assistant"},
    {"type": "CUSTOMER"},
    {"object": "list"},
    {"choices": "many"},
    {"candidates": 3},
    {"op": "join", "path": "/a"},
    {"ops": []},
    {"v": 1},
    {"content": {"text": "x"}},
    {"messageStart": {}, "other": 1},
    {"model": "m"},
    {"data": 1, "path": "/a", "more": 2},
]


@pytest.mark.parametrize("payload", UNKNOWN, ids=[json.dumps(payload) for payload in UNKNOWN])
def test_unmatched_event_is_unknown_but_not_foreign(payload: dict[str, Any]) -> None:
    assembler = sj.Assembler()
    event = sj.ServerSentEvent(json.dumps(payload))
    assert assembler.apply(event) is None
    assert (assembler.ignored_count, assembler.ignored[0].event) == (1, event)


@pytest.mark.parametrize("payload", ["text", 7, None, [], ["text"], [{}], {}, {"type": 5}, {"type": None}])
def test_protocol_of_accepts_any_payload(payload: object) -> None:
    assert protocol_of(payload) is None


# ---------------------------------------------------------------------------------------------------------------------
# recorded streams, and streams made from the types of each provider's SDK

NAMES = {
    "adk": "ADK", "ag-ui": "AG-UI", "ai-sdk": "AI SDK", "anthropic": "Anthropic", "bedrock-converse": "Bedrock",
    "cohere": "Cohere", "gemini": "Gemini", "langchain": "LangChain", "litellm": "OpenAI Chat", "mistral": "",
    "openai-chat": "OpenAI Chat", "openai-compatible": "OpenAI Chat", "openai-responses": "OpenAI Responses",
    "opper": "Opper",
}  # fmt: skip


def vectors(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return rows


def streams() -> list[Any]:
    rows = [
        *((NAMES[row["provider"]], row["events"], row["name"]) for row in vectors("providers")),
        *(("Gemini", row["chunks"], row["name"]) for row in vectors("gemini")),
        *(("ADK", row["events"], row["name"]) for row in vectors("adk_run_sse")),
    ]
    # Opper's older API is this protocol.
    return [pytest.param(name, events, id=id_) for name, events, id_ in rows if "json_path" not in events[0]]


def outcome(events: list[Any]) -> sj.StreamJSONError | None:
    assembler = sj.Assembler()
    try:
        for event in [*map(json.dumps, events), "[DONE]"]:
            assembler.apply(sj.ServerSentEvent(event))
    except sj.StreamJSONError as error:
        assert assembler.snapshot().value is sj.MISSING
        return error
    return None


@pytest.mark.parametrize(("protocol", "events"), streams())
def test_no_stream_of_another_provider_yields_a_document(protocol: str, events: list[Any]) -> None:
    error = outcome(events)
    if error is not None and error.code == "foreign_event":
        assert protocol in error.message
        assert error.event_number == 1
    else:  # the provider failed before its first token
        assert isinstance(error, sj.StreamFailedError)
