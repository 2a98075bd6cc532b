"""Write the examples of answers, one for each provider's stream, beside this file, and their parts in `expected/`.

    python examples/make_answers.py

All of them are the same answer: a few words, and two calls of tools. Each is written as its provider sends it, in the
events and with the quirks of recorded streams as of November 2026; ids and models are invented. The expected parts are
what the pieces say, joined by plain code and not by streamjson, so that they can test it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from make_examples import tokens, write

from streamjson import ServerSentEvent, encode_sse

Event = dict[str, Any]
Part = dict[str, Any]

TEXT = "I book the trip and tell Ada."
TRIP = {
    "city": "Lisbon",
    "days": [
        {
            "date": "2027-04-10",
            "plan": "The castle before breakfast, then tram 28 to the end of the line.",
            "stops": ["Castelo de São Jorge", "Prazeres"],
        },
        {
            "date": "2027-04-11",
            "plan": "By train to Sintra; back for the last light at the river 🌅.",
            "stops": ["Palácio da Pena", "Cais das Colunas"],
        },
    ],
    "flexible": True,
    "hotel": {"name": "Casa do Pátio", "price": 84.5, "stars": 3},
    "nights": 3,
}
CARD = {"text": "Back on Tuesday. Water the ferns, please.", "to": "Ada"}
CALLS = [("call_trip", "book_trip", TRIP), ("call_card", "send_card", CARD)]
USAGE = {"prompt_tokens": 412, "completion_tokens": 236, "total_tokens": 648}


def pieces(text: str, rng: random.Random) -> Iterator[str]:
    """Yield a JSON text in pieces of a few characters. That of the trip begins as the documentation shows it."""
    at = text.find("Lis") + len("Lis") if text.startswith('{"city"') else 0
    sizes = [at, len('bon",')] if at else []
    at = 0
    while at < len(text):
        size = sizes.pop(0) if sizes else 1 + int(rng.random() * 7)
        yield text[at : at + size]
        at += size


def call_part(id: str | None, name: str, value: Any, **members: Any) -> Part:
    part = {"kind": "call", "name": name, "id": id, **members}
    order = ("kind", "name", "id", "index", "choice", "executed_by", "value", "text", "end", "finish")
    part |= {"executed_by": "client", "value": value, "end": "done"}
    return {key: part[key] for key in order if part.get(key) is not None}


def text_part(text: str, **members: Any) -> Part:
    part = {"kind": "text", "value": text, "end": "done", **members}
    order = ("kind", "id", "index", "choice", "value", "end", "finish")
    return {key: part[key] for key in order if part.get(key) is not None}


# ----------------------------------------------------------------------------------------------------------------------
# arguments as JSON text


def openai_chat(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return chunks of Chat Completions. A call's id and name come once; then its index says where a piece belongs."""
    events: list[Event] = []
    head = {
        "id": "chatcmpl-example", "object": "chat.completion.chunk", "created": 1795000000, "model": "example-model",
        "service_tier": "default", "system_fingerprint": None,
    }  # fmt: skip

    def send(delta: Event, reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        events.append({**head, "choices": [choice]})

    send({"role": "assistant", "content": "", "refusal": None})
    for piece in tokens(TEXT, rng):
        send({"content": piece})
    parts = [text_part(TEXT, choice=0, finish="tool_calls")]
    for index, (id, name, value) in enumerate(CALLS):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        function = {"name": name, "arguments": ""}
        send({"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]})
        for piece in pieces(text, rng):
            send({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        parts.append(call_part(id, name, value, index=index, choice=0, text=text, finish="tool_calls"))
    send({}, "tool_calls")
    events.append({**head, "choices": [], "usage": USAGE})
    return events, parts


def openai_responses(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return the events of a response. Each text comes in pieces, and then whole, up to four times."""
    events: list[Event] = []
    parts: list[Part] = []
    output: list[Event] = []
    response = {
        "id": "resp_example", "object": "response", "created_at": 1795000000, "status": "in_progress", "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {}, "model": "example-model", "output": [],
        "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
    }  # fmt: skip

    def send(kind: str, **members: Any) -> None:
        events.append({"type": f"response.{kind}", "sequence_number": len(events), **members})

    send("created", response=response)
    send("in_progress", response=response)
    message = {"id": "msg_example", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    at: Event = {"item_id": "msg_example", "output_index": 0, "content_index": 0}
    content = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    send("output_item.added", output_index=0, item=message)
    send("content_part.added", **at, part=content)
    for piece in tokens(TEXT, rng):
        send("output_text.delta", **at, delta=piece, logprobs=[])
    content = {**content, "text": TEXT}
    output.append({**message, "status": "completed", "content": [content]})
    send("output_text.done", **at, text=TEXT, logprobs=[])
    send("content_part.done", **at, part=content)
    send("output_item.done", output_index=0, item=output[-1])
    parts.append(text_part(TEXT, id="msg_example", index=0))
    for index, (id, name, value) in enumerate(CALLS, 1):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        item_id = f"fc_{name}"
        item = {"id": item_id, "type": "function_call", "status": "in_progress", "call_id": id, "name": name}
        send("output_item.added", output_index=index, item={**item, "arguments": ""})
        for piece in pieces(text, rng):
            send("function_call_arguments.delta", item_id=item_id, output_index=index, delta=piece)
        send("function_call_arguments.done", item_id=item_id, output_index=index, name=name, arguments=text)
        output.append({**item, "status": "completed", "arguments": text})
        send("output_item.done", output_index=index, item=output[-1])
        finish = "completed" if index == len(CALLS) else None
        parts.append(call_part(id, name, value, index=index, text=text, finish=finish))
    usage = {
        "input_tokens": 412, "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": 236, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 648,
    }  # fmt: skip
    send("completed", response={**response, "status": "completed", "output": output, "usage": usage})
    return events, parts


def anthropic(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return the events of a message. Only the reason at its end proves that its last block is whole."""
    message = {
        "id": "msg_example", "type": "message", "role": "assistant", "model": "example-model", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 412, "output_tokens": 1},
    }  # fmt: skip
    events: list[Event] = [{"type": "message_start", "message": message}]

    def send(kind: str, index: int, **members: Any) -> None:
        events.append({"type": f"content_block_{kind}", "index": index, **members})

    send("start", 0, content_block={"type": "text", "text": ""})
    events.append({"type": "ping"})
    for piece in tokens(TEXT, rng):
        send("delta", 0, delta={"type": "text_delta", "text": piece})
    send("stop", 0)
    parts = [text_part(TEXT, index=0)]
    for index, (id, name, value) in enumerate(CALLS, 1):
        text = json.dumps(value, ensure_ascii=False)
        id = f"toolu_{id.removeprefix('call_')}"
        send("start", index, content_block={"type": "tool_use", "id": id, "name": name, "input": {}})
        for piece in ("", *pieces(text, rng)):
            send("delta", index, delta={"type": "input_json_delta", "partial_json": piece})
        send("stop", index)
        finish = "tool_use" if index == len(CALLS) else None
        parts.append(call_part(id, name, value, index=index, text=text, finish=finish))
    delta = {"stop_reason": "tool_use", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 236}})
    events.append({"type": "message_stop"})
    return events, parts


def bedrock(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return the events of a ConverseStream, as boto3 yields them. A text has no start."""
    events: list[Event] = [{"messageStart": {"role": "assistant"}}]

    def send(kind: str, index: int, **members: Any) -> None:
        events.append({f"contentBlock{kind}": {"contentBlockIndex": index, **members}})

    for piece in tokens(TEXT, rng):
        send("Delta", 0, delta={"text": piece})
    send("Stop", 0)
    parts = [text_part(TEXT, index=0)]
    for index, (id, name, value) in enumerate(CALLS, 1):
        text = json.dumps(value, ensure_ascii=False)
        id = f"tooluse_{id.removeprefix('call_')}"
        send("Start", index, start={"toolUse": {"toolUseId": id, "name": name}})
        for piece in pieces(text, rng):
            send("Delta", index, delta={"toolUse": {"input": piece}})
        send("Stop", index)
        finish = "tool_use" if index == len(CALLS) else None
        parts.append(call_part(id, name, value, index=index, text=text, finish=finish))
    events.append({"messageStop": {"stopReason": "tool_use"}})
    usage = {"inputTokens": 412, "outputTokens": 236, "totalTokens": 648}
    events.append({"metadata": {"usage": usage, "metrics": {"latencyMs": 3105}}})
    return events, parts


def cohere(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return the events of `/v2/chat`. Contents and calls count each for themselves; arguments are pretty-printed."""
    message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    events: list[Event] = [{"id": "co-example", "type": "message-start", "delta": {"message": message}}]

    def send(kind: str, index: int, **members: Any) -> None:
        delta = {"delta": {"message": members}} if members else {}
        events.append({"type": kind, "index": index, **delta})

    send("content-start", 0, content={"type": "text", "text": ""})
    for piece in tokens(TEXT, rng):
        send("content-delta", 0, content={"text": piece})
    send("content-end", 0)
    parts = [text_part(TEXT, index=0)]
    for index, (id, name, value) in enumerate(CALLS):
        text = json.dumps(value, ensure_ascii=False, indent=2)
        function = {"name": name, "arguments": ""}
        send("tool-call-start", index, tool_calls={"id": id, "type": "function", "function": function})
        for piece in pieces(text, rng):
            send("tool-call-delta", index, tool_calls={"function": {"arguments": piece}})
        send("tool-call-end", index)
        finish = "TOOL_CALL" if index == len(CALLS) - 1 else None
        parts.append(call_part(id, name, value, index=index, text=text, finish=finish))
    usage = {"tokens": {"input_tokens": 412, "output_tokens": 236}}
    events.append({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": usage}})
    return events, parts


def opper(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return the events of a function, v3: one content, and calls by their index; `done` gives no reason."""
    events: list[Event] = [{"type": "content", "delta": piece} for piece in tokens(TEXT, rng)]
    parts = [text_part(TEXT)]
    for index, (id, name, value) in enumerate(CALLS):
        text = json.dumps(value, ensure_ascii=False)
        events.append({"type": "tool_call_start", "tool_call_index": index, "tool_call_id": id, "tool_call_name": name})
        events += [
            {"type": "tool_call_delta", "tool_call_index": index, "tool_call_args": piece}
            for piece in pieces(text, rng)
        ]
        parts.append(call_part(id, name, value, index=index, text=text))
    events.append({"type": "done", "usage": USAGE})
    return events, parts


def ag_ui(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return the events of a run: a message, and calls that name it as their parent."""
    run = {"threadId": "thread_example", "runId": "run_example"}
    events: list[Event] = [{"type": "RUN_STARTED", **run}]
    events.append({"type": "TEXT_MESSAGE_START", "messageId": "msg_example", "role": "assistant"})
    events += [
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "msg_example", "delta": piece} for piece in tokens(TEXT, rng)
    ]
    events.append({"type": "TEXT_MESSAGE_END", "messageId": "msg_example"})
    parts = [text_part(TEXT, id="msg_example")]
    for id, name, value in CALLS:
        text = json.dumps(value, ensure_ascii=False)
        start = {"toolCallId": id, "toolCallName": name, "parentMessageId": "msg_example"}
        events.append({"type": "TOOL_CALL_START", **start})
        events += [{"type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": piece} for piece in pieces(text, rng)]
        events.append({"type": "TOOL_CALL_END", "toolCallId": id})
        finish = "RUN_FINISHED" if id == CALLS[-1][0] else None
        parts.append(call_part(id, name, value, text=text, finish=finish))
    events.append({"type": "RUN_FINISHED", **run})
    return events, parts


def ai_sdk(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return a UI message stream. Each input comes again as a value, which proves that it is whole."""
    events: list[Event] = [{"type": "start", "messageId": "msg_example"}, {"type": "start-step"}]
    events.append({"type": "text-start", "id": "0"})
    events += [{"type": "text-delta", "id": "0", "delta": piece} for piece in tokens(TEXT, rng)]
    events.append({"type": "text-end", "id": "0"})
    parts = [text_part(TEXT, id="0")]
    for id, name, value in CALLS:
        text = json.dumps(value, ensure_ascii=False)
        events.append({"type": "tool-input-start", "toolCallId": id, "toolName": name})
        events += [
            {"type": "tool-input-delta", "toolCallId": id, "inputTextDelta": piece} for piece in pieces(text, rng)
        ]
        events.append({"type": "tool-input-available", "toolCallId": id, "toolName": name, "input": value})
        parts.append(call_part(id, name, value, text=text))
    events += [{"type": "finish-step"}, {"type": "finish", "finishReason": "tool-calls"}]
    return events, parts


def ollama(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return the JSON lines of `/api/chat`. A call comes whole."""
    head = {"model": "example-model", "created_at": "2026-11-02T09:15:04.123456Z"}
    events: list[Event] = []

    def send(*, done: bool = False, reason: str | None = None, **members: Any) -> None:
        ends = {"done_reason": reason, "total_duration": 3105000000, "eval_count": 236} if done else {}
        events.append({**head, "message": {"role": "assistant", "content": "", **members}, "done": done, **ends})

    for piece in tokens(TEXT, rng):
        send(content=piece)
    parts = [text_part(TEXT, finish="stop")]
    for index, (id, name, value) in enumerate(CALLS):
        send(tool_calls=[{"id": id, "function": {"index": index, "name": name, "arguments": value}}])
        parts.append(call_part(id, name, value, index=index, finish="stop"))
    send(done=True, reason="stop")
    return events, parts


# ----------------------------------------------------------------------------------------------------------------------
# arguments as values at paths


def scalars(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """Yield the strings, numbers and booleans of a value, with their paths, in the order of its members."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for step, item in items:
            yield from scalars(item, f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}")
    else:
        yield path, value


def entries(value: Any, path: str, rng: random.Random) -> Iterator[Event]:
    """Yield the entries that stream one scalar; only pieces of a string have `willContinue`."""
    if isinstance(value, str):
        for piece in tokens(value, rng):
            yield {"jsonPath": path, "stringValue": piece, "willContinue": True}
    elif isinstance(value, bool):
        yield {"jsonPath": path, "boolValue": value}
    else:
        yield {"jsonPath": path, "numberValue": value}


def gemini(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return responses of Gemini. A string ends with an empty piece, a call with an empty part or its last number."""
    events: list[Event] = []

    def send(part: Event, **members: Any) -> None:
        content = {"role": "model", "parts": [part]}
        events.append(
            {"candidates": [{"content": content, **members}], "modelVersion": "example-model", "responseId": "example"}
        )

    for piece in tokens(TEXT, rng):
        send({"text": piece})
    parts = [text_part(TEXT, choice=0)]
    for number, (_, name, value) in enumerate(CALLS):
        start: Event = {"functionCall": {"name": name, "willContinue": True}}
        send(start if number else {**start, "thoughtSignature": "ZXhhbXBsZQ=="})
        found = list(scalars(value))
        for path, scalar in found:
            is_last = path == found[-1][0]
            for entry in entries(scalar, path, rng):
                goes_on = {} if is_last and not isinstance(scalar, str) else {"willContinue": True}
                send({"functionCall": {"partialArgs": [entry], **goes_on}})
            if isinstance(scalar, str):
                send({"functionCall": {"partialArgs": [{"jsonPath": path, "stringValue": ""}], "willContinue": True}})
                if is_last:
                    send({"functionCall": {}})
        parts.append(call_part(None, name, value, choice=0))
    send({"text": ""}, finishReason="STOP")
    events[-1]["usageMetadata"] = {"promptTokenCount": 412, "candidatesTokenCount": 236, "totalTokenCount": 648}
    return events, parts


def adk(rng: random.Random) -> tuple[list[Event], list[Part]]:
    """Return events of ADK's /run_sse over another model: increments, and then the whole turn again."""
    events: list[Event] = []

    def send(*parts: Event, **members: Any) -> None:
        events.append(
            {
                "modelVersion": "example-model", "content": {"parts": list(parts), "role": "model"}, **members,
                "invocationId": "e-example", "author": "planner", "actions": {"stateDelta": {}, "artifactDelta": {}},
                "id": f"event-{len(events) + 1}", "timestamp": 1795000000 + len(events) / 8,
            }
        )  # fmt: skip

    for piece in tokens(TEXT, rng):
        send({"text": piece}, partial=True)
    parts = [text_part(TEXT, finish="STOP")]
    for id, name, value in CALLS:
        call = {"id": id, "name": name, "willContinue": True}
        send({"functionCall": call}, partial=True)
        waiting: list[Event] = []  # numbers and booleans come with the next piece of a string
        for path, scalar in scalars(value):
            found = list(entries(float(scalar) if type(scalar) is int else scalar, path, rng))
            for entry in found:
                waiting.append({**entry, "willContinue": entry is not found[-1]})
                if "stringValue" in entry:
                    send({"functionCall": {**call, "partialArgs": waiting}}, partial=True)
                    waiting = []
        if waiting:
            send({"functionCall": {**call, "partialArgs": waiting}}, partial=True)
        parts.append(call_part(id, name, value, finish="STOP"))
    whole = [{"functionCall": {"id": id, "args": value, "name": name}} for id, name, value in CALLS]
    send({"text": TEXT}, *whole, partial=False, finishReason="STOP")
    return events, parts


# ----------------------------------------------------------------------------------------------------------------------
# the files


def encode(events: list[Event], *, has_names: bool) -> list[bytes]:
    """Return the blocks; those of some providers repeat the type as the name of the event."""
    return [
        encode_sse(
            ServerSentEvent(
                json.dumps(event, ensure_ascii=False, separators=(",", ":")),
                event=event["type"] if has_names else "message",
            )
        )
        for event in events
    ]


def lines(events: list[Event]) -> bytes:
    """Return events as JSON lines."""
    return "".join(f"{json.dumps(event, ensure_ascii=False, separators=(',', ':'))}\n" for event in events).encode()


def main() -> None:
    """Write all streams and their parts."""
    for provider in (openai_chat, openai_responses, anthropic, gemini, adk, cohere, opper, ag_ui, ai_sdk):
        events, parts = provider(random.Random(7))  # noqa: S311  # the same cuts at every run
        blocks = encode(events, has_names=provider in (openai_responses, anthropic, cohere))
        if provider in (openai_chat, opper, ai_sdk):
            blocks.append(encode_sse(ServerSentEvent("[DONE]")))
        write(provider.__name__, blocks, parts)
    for provider in (bedrock, ollama):
        events, parts = provider(random.Random(7))  # noqa: S311  # as above
        write(provider.__name__, [lines(events)], parts, kind="jsonl")


if __name__ == "__main__":
    main()
