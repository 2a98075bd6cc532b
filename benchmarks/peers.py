"""This library beside SDKs and frameworks, on the same streams: `make peers` writes the tables of docs/peers.md.

*Right or wrong*: the recorded and built streams of tests/vectors are read by each peer, through its own client, whose
transport replays the bytes; nothing goes to a network. Texts, calls (name, id, arguments) and how the answer ended are
compared with the row. A peer reads only streams of the APIs that it reads in practice; of the calls that it accepts,
the most usual one is used. langchain-core has no client; it adds the chunks of its own format.

*Time*: one call, whose arguments come in pieces of four characters, and its value after every event, in the way that
the peer offers. Processor time for an event. Peer and library take turns, and the median of three counts; a peer that
takes longer than `SLOW_S` has one. A peer whose value is wrong is not timed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any, Final

import anthropic
import httpx
import httpx2
import openai
from attrs import frozen
from google import genai
from google.adk.models import Gemini, LlmRequest
from google.adk.utils.streaming_utils import _JsonPathTracker
from google.genai.types import HttpOptions, UserContent
from langchain_core.messages import AIMessageChunk
from pydantic_ai import Agent, ToolOutput
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import BaseToolCallPart, ModelRequest, ModelResponse, TextPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.native_tools import WebSearchTool
from pydantic_ai.output import StructuredDict
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # tests/ has `streams`
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # litellm then loads no prices from the network

import litellm  # noqa: E402 - found or configured by the lines above, as the others
from litellm.llms.custom_httpx.http_handler import HTTPHandler  # noqa: E402

import streamjson as sj  # noqa: E402
from documents import PIECE_CHARS, document  # noqa: E402
from results import machine  # noqa: E402

__all__ = ["main"]

PAGE: Final = HERE.parent / "docs" / "peers.md"
VECTORS: Final = HERE.parent / "tests" / "vectors"
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
OURS: Final = "streamjson"
PEERS: Final = ("openai", "anthropic", "google-adk", "litellm", "langchain-core", "pydantic-ai")
DISTRIBUTIONS: Final = {"pydantic-ai": "pydantic-ai-slim"}

# ---------------------------------------------------------------------------------------------------------------------
# answers

_REASONS: Final = {
    "done": "stop tool_calls tool_call end_turn tool_use stop_sequence pause_turn completed STOP",
    "length": "length max_tokens max_output_tokens MAX_TOKENS",
    "filtered": "content_filter SAFETY",
    "failed": "failed error MALFORMED_FUNCTION_CALL",
}
END_OF: Final = {reason: end for end, reasons in _REASONS.items() for reason in reasons.split()} | {None: "cut"}
"""How an answer ended, by the reason that a provider or a peer gives. No reason: nothing proves its end."""


@frozen
class Call:
    """A call: its arguments as a value, or the text of arguments that are not JSON."""

    name: str | None
    id: str | None
    arguments: Any
    text: str | None = None  # expected beside a value: the half text of a call that was cut


@frozen
class Answer:
    """What a reader made of a stream, or should have made. Texts and ends are by the number of the choice."""

    texts: Mapping[int, str]
    calls: Sequence[Call]
    ends: Mapping[int, str]
    refusal: str = ""


def arguments(given: Any) -> Any:
    """Return arguments as a value, where they are JSON. An empty text means no arguments, as all SDKs read it."""
    if not isinstance(given, str):
        return {} if given is None else given
    try:
        return json.loads(given or "{}")
    except ValueError:
        return given


def fault(expected: Answer, got: Answer) -> str | None:
    """Return the first difference, in a phrase; None if there is none."""
    if "failed" in expected.ends.values():
        return None if "failed" in got.ends.values() else f"a failure is reported as {', '.join(got.ends.values())}"
    for choice, text in expected.texts.items():
        if got.texts.get(choice, "") != text:
            return f"text {got.texts.get(choice, '')!r}, not {text!r}"
    if got.refusal != expected.refusal:
        return f"refusal {got.refusal!r}, not {expected.refusal!r}"
    if len(got.calls) != len(expected.calls):
        return f"{len(got.calls)} calls, not {len(expected.calls)}: {[call.name for call in got.calls]}"
    for call, other in zip(expected.calls, got.calls, strict=True):
        if other.name != call.name or call.id not in (None, other.id):
            return f"call {other.name} ({other.id}), not {call.name} ({call.id})"
        if other.arguments != call.text and _canonical(other.arguments) != _canonical(call.arguments):
            return f"arguments {other.arguments!r}, not {call.arguments!r}"
    for choice, end in expected.ends.items():
        found = got.ends.get(choice)
        if found != end and not (expected.refusal and found == "filtered"):
            return f"the end is {found}, not {end}"
    return None


def _canonical(value: Any) -> str:
    """Return a JSON value as text that is equal for equal numbers."""
    return json.dumps(json.loads(json.dumps(value), parse_int=float), sort_keys=True)


# ---------------------------------------------------------------------------------------------------------------------
# streams

CHAT, OTHERS = "OpenAI Chat Completions", "Chat Completions of other servers"
RESPONSES, MESSAGES, GEMINI = "OpenAI Responses", "Anthropic Messages", "Gemini"
STREAMED, LANGCHAIN, ADK = "Gemini, streamed arguments", "LangChain chunks", "ADK `/run_sse`"
DEVIATING: Final = ", with a deviation"
GROUPS: Final = (
    CHAT, OTHERS, RESPONSES, RESPONSES + DEVIATING, MESSAGES, MESSAGES + DEVIATING, GEMINI, STREAMED, LANGCHAIN, ADK,
)  # fmt: skip
_OF_PROVIDER: Final = {
    "openai-chat": CHAT,
    **dict.fromkeys(("openai-compatible", "mistral", "litellm"), OTHERS),
    "openai-responses": RESPONSES,
    "anthropic": MESSAGES,
    "gemini": GEMINI,
    "langchain": LANGCHAIN,
    "adk": ADK,
}


@frozen
class Row:
    """A stream, and what it should give."""

    name: str
    provider: str
    group: str
    wire: bytes
    expected: Answer
    is_broken: bool
    """Whether the arguments of a call are not JSON, although the provider has finished it."""

    def excuses(self, error: Exception) -> bool:
        """Return whether an exception is right: it says of an answer that did not end well how it ended."""
        ends = set(self.expected.ends.values())
        named = type(error).__name__.lower()
        return (
            self.is_broken
            or not ends.isdisjoint({"failed", "cut"})
            or ("length" in ends and "length" in named)
            or ("filtered" in ends and "filter" in named)
        )


def rows() -> Iterator[Row]:
    """Yield the streams of the APIs that are read here.

    A row whose expected error is a rule of this library, and not sent by a provider, is left out.
    """
    for file, provider in (("providers", None), ("gemini", "gemini"), ("adk_run_sse", "adk")):
        for vector in json.loads((VECTORS / f"{file}.json").read_text(encoding="utf-8")):
            of = provider or vector["provider"]
            error = vector["expect"].get("error") or {}
            if of in _OF_PROVIDER and not str(error.get("type")).startswith("reassembler:"):
                yield _row(vector, of)


def _row(vector: Mapping[str, Any], provider: str) -> Row:
    events = vector.get("chunks") or vector["events"]
    wire = (vector.get("wire") or "").encode() or b"".join(sse(events))
    group = _OF_PROVIDER[provider]
    if group in {RESPONSES, MESSAGES} and vector.get("quirk"):
        group += DEVIATING
    if group == GEMINI and (b"willContinue" in wire or b"partialArgs" in wire):
        group = STREAMED
    expect = vector["expect"]
    # The files of calls alone say nothing of texts.
    parts = expect.get("parts") or [
        {"kind": "call", "text": None, "value": call["args"], "end": "length" if "complete" in call else "done"} | call
        for call in expect.get("calls", ())
    ]
    texts: dict[int, str] = {}
    ends: dict[int, str] = {}
    calls: list[Call] = []
    for part in parts:
        choice = part.get("choice") or 0
        if part["kind"] == "text":
            texts[choice] = texts.get(choice, "") + part["text"]
        elif part["kind"] == "call":
            is_broken = part.get("json_error", False)
            value = part["text"] if is_broken else part["value"] if part["value"] is not None else part["partial"]
            calls.append(Call(part["name"], part["id"], value, part["text"]))
        if ends.get(choice, "done") == "done":
            ends[choice] = part["end"]
    if expect.get("error"):
        ends = {0: "failed"}
    refusal = "".join(part["text"] for part in parts if part["kind"] == "refusal")
    is_broken = any(part.get("json_error") for part in parts)
    return Row(vector["name"], provider, group, wire, Answer(texts, calls, ends, refusal), is_broken)


def sse(events: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield the events as a server writes them: with the name that is their type, where the API has types."""
    for event in events:
        kind = event.get("type", "")
        name = f"event: {kind}\n" if kind and kind != "AIMessageChunk" else ""
        yield f"{name}data: {json.dumps(event)}\n\n".encode()


# ---------------------------------------------------------------------------------------------------------------------
# clients, whose transport replays a stream


def _transport(wire: bytes, library: Any = httpx2) -> Any:
    headers = {"content-type": "text/event-stream"}
    return library.MockTransport(lambda _request: library.Response(200, headers=headers, content=wire))


def _http(wire: bytes) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=_transport(wire), timeout=60)


def openai_client(wire: bytes) -> openai.OpenAI:
    return openai.OpenAI(api_key="-", max_retries=0, http_client=httpx2.Client(transport=_transport(wire)))


def async_openai_client(wire: bytes) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="-", max_retries=0, http_client=_http(wire))


def anthropic_stream(wire: bytes) -> Any:
    client = anthropic.Anthropic(api_key="-", max_retries=0, http_client=httpx2.Client(transport=_transport(wire)))
    return client.messages.stream(model="-", max_tokens=1, messages=[{"role": "user", "content": "-"}])


def adk_responses(wire: bytes) -> Any:
    client = genai.Client(api_key="-", http_options=HttpOptions(httpx_async_client=_http(wire)))
    request = LlmRequest(model="gemini-2.5-flash", contents=[UserContent("-")])
    return Gemini(client=client).generate_content_async(request, stream=True)


def litellm_stream(wire: bytes, model: str) -> Any:
    client: Any = openai_client(wire)
    if not model.startswith("openai/"):
        client = HTTPHandler(client=httpx.Client(transport=_transport(wire, httpx)))
    messages = [{"role": "user", "content": "-"}]
    return litellm.completion(model, messages=messages, stream=True, client=client, api_key="-")


def chat_model(wire: bytes) -> Model:
    return OpenAIChatModel("-", provider=OpenAIProvider(openai_client=async_openai_client(wire)))


def responses_model(wire: bytes) -> Model:
    return OpenAIResponsesModel("-", provider=OpenAIProvider(openai_client=async_openai_client(wire)))


def anthropic_model(wire: bytes) -> Model:
    client = anthropic.AsyncAnthropic(api_key="-", max_retries=0, http_client=_http(wire))
    return AnthropicModel("claude-sonnet-4-5", provider=AnthropicProvider(anthropic_client=client))


def google_model(wire: bytes) -> Model:
    return GoogleModel("gemini-2.5-flash", provider=GoogleProvider(api_key="-", http_client=_http(wire)))


# ---------------------------------------------------------------------------------------------------------------------
# readers: a row -> an answer


def read_ours(row: Row) -> Answer:
    """`assemble_parts(decode_sse(bytes))`."""
    parts = sj.assemble_parts(sj.decode_sse([row.wire])).final()
    texts: dict[int, str] = {}
    ends: dict[int, str] = {}
    calls: list[Call] = []
    for part in parts:
        choice = part.choice or 0
        if part.kind == "text":
            texts[choice] = texts.get(choice, "") + part.value
        elif part.kind == "call":
            calls.append(Call(part.name, part.id, part.value if part.error is None else part.text))
        if ends.get(choice, "done") == "done":
            ends[choice] = part.end
    return Answer(texts, calls, ends, "".join(part.value for part in parts if part.kind == "refusal"))


def read_openai_chat(row: Row) -> Answer:
    """`client.chat.completions.stream()`, `get_final_completion()`."""
    with openai_client(row.wire).chat.completions.stream(model="-", messages=[]) as stream:
        return _of_choices(stream.get_final_completion().choices)


def _of_choices(choices: Sequence[Any]) -> Answer:
    calls: list[Call] = []
    ends: dict[int, str] = {}
    for choice in choices:
        # Where litellm keeps the calls that the provider executed, and the provider's own reason.
        more = getattr(choice.message, "provider_specific_fields", None) or {}
        for call in [*(choice.message.tool_calls or ()), *more.get("server_tool_calls", ())]:
            function = call["function"] if isinstance(call, dict) else call.function.model_dump()
            id = call["id"] if isinstance(call, dict) else call.id
            calls.append(Call(function["name"], id, arguments(function["arguments"])))
        reason = more.get("stop_reason") or choice.finish_reason
        ends[choice.index] = END_OF.get(reason, str(reason))
    texts = {choice.index: choice.message.content or "" for choice in choices}
    return Answer(texts, calls, ends, "".join(getattr(one.message, "refusal", None) or "" for one in choices))


def read_openai_responses(row: Row) -> Answer:
    """`client.responses.stream()`, `get_final_response()`."""
    with openai_client(row.wire).responses.stream(model="-", input="-") as stream:
        response = stream.get_final_response()
    pieces: dict[str, str] = {"output_text": "", "refusal": ""}
    calls: list[Call] = []
    for item in response.output:
        for content in item.content or () if item.type == "message" else ():
            pieces[content.type] += content.text if content.type == "output_text" else content.refusal
        if item.type in {"function_call", "mcp_call"}:
            calls.append(Call(item.name, getattr(item, "call_id", item.id), arguments(item.arguments)))
    reason = response.incomplete_details.reason if response.incomplete_details else response.status
    return Answer({0: pieces["output_text"]}, calls, {0: END_OF.get(reason, str(reason))}, pieces["refusal"])


def read_anthropic(row: Row) -> Answer:
    """`client.messages.stream()`, `get_final_message()`."""
    with anthropic_stream(row.wire) as stream:
        message = stream.get_final_message()
    calls = [Call(one.name, one.id, one.input) for one in message.content if one.type.endswith("tool_use")]
    text = "".join(block.text for block in message.content if block.type == "text")
    return Answer({0: text}, calls, {0: END_OF.get(message.stop_reason, str(message.stop_reason))})


def read_adk(row: Row) -> Answer:
    """`Gemini.generate_content_async(stream=True)`: its last response, of `StreamingResponseAggregator`."""

    async def read() -> Any:
        return [response async for response in adk_responses(row.wire)][-1]

    response = asyncio.run(read())
    parts = (response.content.parts if response.content else None) or ()
    found = [part.function_call for part in parts if part.function_call]
    text = "".join(part.text or "" for part in parts if not part.thought)
    reason = response.error_code or (response.finish_reason.value if response.finish_reason else None)
    calls = [Call(call.name, call.id, call.args or {}) for call in found]
    return Answer({0: text}, calls, {0: END_OF.get(reason, str(reason))})


_LITELLM_MODELS: Final = {
    "mistral": "mistral/-",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "gemini": "gemini/gemini-2.5-flash",
}


def read_litellm(row: Row) -> Answer:
    """`completion(stream=True)`, `stream_chunk_builder(chunks)`."""
    model = _LITELLM_MODELS.get(row.provider, "openai/-")
    return _of_choices(litellm.stream_chunk_builder(list(litellm_stream(row.wire, model))).choices)


def read_langchain(row: Row) -> Answer:
    """`chunk + chunk`, `tool_calls`."""
    events = [json.loads(event.data) for event in sj.decode_sse([row.wire])]
    first, *others = (AIMessageChunk(**event) for event in events)
    message = sum(others, start=first)
    calls = [Call(call["name"], call["id"], call["args"]) for call in message.tool_calls]
    reason = message.response_metadata.get("finish_reason")
    return Answer({0: message.text}, calls, {0: END_OF.get(reason, str(reason))})


def read_pydantic_ai(row: Row, model: Callable[[bytes], Model]) -> Answer:
    """`model_request_stream()`, `get()`."""

    async def read() -> ModelResponse:
        prompt = [ModelRequest.user_text_prompt("-")]
        # It reads a search that the provider has executed only if the request allows one.
        tools = [WebSearchTool()] if model is anthropic_model else []
        parameters = ModelRequestParameters(native_tools=tools)
        async with model_request_stream(model(row.wire), prompt, model_request_parameters=parameters) as stream:
            async for _ in stream:
                pass
            return stream.get()

    response = asyncio.run(read())
    details = response.provider_details or {}
    calls: list[Call] = []
    for part in response.parts:
        if isinstance(part, BaseToolCallPart):
            name, given = part.tool_name, arguments(part.args)
            if name.startswith("mcp_server:"):  # its own form of such a call
                name, given = given["tool_name"], given["tool_args"]
            calls.append(Call(name, part.tool_call_id, given))
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    reason = response.finish_reason or details.get("finish_reason")
    return Answer({0: text}, calls, {0: END_OF.get(reason, str(reason))}, details.get("refusal", ""))


Read = Callable[[Row], Answer]
_GEMINI_GROUPS: Final = (GEMINI, STREAMED)
_RESPONSES_GROUPS: Final = (RESPONSES, RESPONSES + DEVIATING)
_MESSAGES_GROUPS: Final = (MESSAGES, MESSAGES + DEVIATING)
READERS: Final[dict[str, dict[str, Read]]] = {
    OURS: dict.fromkeys(GROUPS, read_ours),
    "openai": dict.fromkeys((CHAT, OTHERS), read_openai_chat) | dict.fromkeys(_RESPONSES_GROUPS, read_openai_responses),
    "anthropic": dict.fromkeys(_MESSAGES_GROUPS, read_anthropic),
    "google-adk": dict.fromkeys(_GEMINI_GROUPS, read_adk),
    "litellm": dict.fromkeys((CHAT, OTHERS, *_MESSAGES_GROUPS, *_GEMINI_GROUPS), read_litellm),
    "langchain-core": {LANGCHAIN: read_langchain},
    "pydantic-ai": {
        group: partial(read_pydantic_ai, model=model)
        for model, groups in (
            (chat_model, (CHAT, OTHERS)),
            (responses_model, _RESPONSES_GROUPS),
            (anthropic_model, _MESSAGES_GROUPS),
            (google_model, _GEMINI_GROUPS),
        )
        for group in groups
    },
}


def judge(row: Row, read: Read) -> tuple[str, str | None]:
    """Return right, wrong or raises, and what happened."""
    try:
        problem = fault(row.expected, read(row))
    except Exception as error:  # noqa: BLE001 - whatever a peer raises
        message = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return ("right", f"by {message}") if row.excuses(error) else ("raises", message)
    return ("right" if problem is None else "wrong"), problem


def reads(peer: str, row: Row) -> bool:
    """Return whether a peer reads such streams. pydantic-ai never asks for two choices."""
    return row.group in READERS[peer] and not (peer == "pydantic-ai" and len(row.expected.ends) > 1)


Verdicts = dict[str, dict[str, Counter[str]]]


def compare(*, verbose: bool) -> Verdicts:
    """Judge all peers; return the counts by group and peer."""
    verdicts: Verdicts = {group: {} for group in GROUPS}
    for row in rows():
        for peer in READERS:
            if reads(peer, row):
                verdict, reason = judge(row, READERS[peer][row.group])
                verdicts[row.group].setdefault(peer, Counter())[verdict] += 1
                if verbose and reason:
                    print(f"{row.group}: {row.name}\n    {peer} {verdict}: {reason}"[:400], file=sys.stderr)
    return verdicts


# ---------------------------------------------------------------------------------------------------------------------
# time

SIZES: Final = ("10 KB", "100 KB")
WARMING_UP: Final = ("people", "1 KB")
SHAPES: Final = {"people": "fields", "texts": "texts"}
SLOW_S: Final = 3
TURNS: Final = 3
TOOL: Final = "write"

Stream = Callable[[str, str], Any]
"""The input of a contestant for the arguments of a shape and a size."""


def _pieces(shape: str, size: str) -> list[str]:
    text = json.dumps(document(shape, size).value, ensure_ascii=False)
    return [text[start : start + PIECE_CHARS] for start in range(0, len(text), PIECE_CHARS)]


def chat_stream(shape: str, size: str) -> bytes:
    def chunk(delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "-", "object": "chat.completion.chunk", "created": 1, "model": "-", "choices": [choice]}

    def calls(function: Mapping[str, str], **more: str) -> dict[str, Any]:
        return chunk({"tool_calls": [{"index": 0, "function": function} | more]})

    first = calls({"name": TOOL, "arguments": ""}, id="call_1", type="function")
    events = [first, *(calls({"arguments": piece}) for piece in _pieces(shape, size)), chunk({}, "tool_calls")]
    return b"".join(sse(events)) + b"data: [DONE]\n\n"


def responses_stream(shape: str, size: str) -> bytes:
    pieces = _pieces(shape, size)
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": TOOL}
    whole = item | {"arguments": "".join(pieces), "status": "completed"}
    response = {"id": "-", "object": "response", "created_at": 1, "model": "-", "parallel_tool_calls": True}
    response |= {"tool_choice": "auto", "tools": []}
    place = {"item_id": "fc_1", "output_index": 0}
    delta = "response.function_call_arguments.delta"
    events = [
        {"type": "response.created", "response": response | {"status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"arguments": ""}},
        *({"type": delta, "delta": piece} | place for piece in pieces),
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
        {"type": "response.completed", "response": response | {"status": "completed", "output": [whole]}},
    ]
    return b"".join(sse(event | {"sequence_number": number} for number, event in enumerate(events)))


def messages_stream(shape: str, size: str) -> bytes:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "-", "type": "message", "role": "assistant", "model": "-", "content": [], "usage": usage}
    block = {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": {}}
    kind = "content_block_delta"
    events = [
        {"type": "message_start", "message": message | {"stop_reason": None, "stop_sequence": None}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *(
            {"type": kind, "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in _pieces(shape, size)
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    return b"".join(sse(events))


def gemini_stream(shape: str, size: str) -> bytes:
    def response(call: Mapping[str, Any], **more: str) -> dict[str, Any]:
        return {"candidates": [{"content": {"role": "model", "parts": [{"functionCall": call}]}} | more]}

    def entry(path: str, delta: Any) -> dict[str, Any]:
        if isinstance(delta, str):
            return {"jsonPath": f"$.{path}", "stringValue": delta, "willContinue": True}
        kind = "nullValue" if delta is None else "boolValue" if isinstance(delta, bool) else "numberValue"
        return {"jsonPath": f"$.{path}", kind: "NULL_VALUE" if delta is None else delta}

    deltas = document(shape, size).deltas()
    events = [response({"partialArgs": [entry(*delta)], "willContinue": True}) for delta in deltas]
    first = response({"name": TOOL, "willContinue": True})
    return b"".join(sse([first, *events, response({}, finishReason="STOP")]))


def langchain_chunks(shape: str, size: str) -> list[AIMessageChunk]:
    def chunk(args: str, id: str | None = None, name: str | None = None) -> AIMessageChunk:
        call = {"name": name, "args": args, "id": id, "index": 0, "type": "tool_call_chunk"}
        return AIMessageChunk(content="", tool_call_chunks=[call])

    last = AIMessageChunk(content="", chunk_position="last")
    return [chunk("", "call_1", TOOL), *(chunk(piece) for piece in _pieces(shape, size)), last]


# Each of these takes a stream and returns the last value.


def ours(stream: bytes | list[AIMessageChunk]) -> Any:
    value = None
    for part in sj.assemble_parts(sj.decode_sse([stream]) if isinstance(stream, bytes) else stream):
        value = part.value
    return value


def ours_at_the_end(stream: bytes) -> Any:
    return sj.assemble_parts(sj.decode_sse([stream])).final()[0].value


def openai_chat(stream: bytes) -> Any:
    value = None
    tool: Any = {"type": "function", "function": {"name": TOOL, "strict": True, "parameters": {"type": "object"}}}
    with openai_client(stream).chat.completions.stream(model="-", messages=[], tools=[tool]) as events:
        for event in events:
            if event.type == "tool_calls.function.arguments.delta":
                value = event.parsed_arguments
    return value


def openai_responses_at_the_end(stream: bytes) -> Any:
    with openai_client(stream).responses.stream(model="-", input="-") as events:
        return json.loads(events.get_final_response().output[0].arguments)


def anthropic_messages(stream: bytes) -> Any:
    value = None
    with anthropic_stream(stream) as events:
        for event in events:
            if event.type == "input_json":
                value = event.snapshot
    return value


def adk_tracker(pieces: list[str]) -> Any:
    value = None
    tracker = _JsonPathTracker()
    for piece in pieces:
        tracker.handle_chunk(piece)
        value = tracker.previous_dict
    return value


async def adk_at_the_end(stream: bytes) -> Any:
    response = None
    async for response in adk_responses(stream):  # noqa: B007 - the last one has the call
        pass
    return response.content.parts[0].function_call.args


def litellm_at_the_end(stream: bytes) -> Any:
    message = litellm.stream_chunk_builder(list(litellm_stream(stream, "openai/-"))).choices[0].message
    return json.loads(message.tool_calls[0].function.arguments)


def langchain(chunks: list[AIMessageChunk]) -> Any:
    value = None
    message, *others = chunks
    for chunk in others:
        message += chunk
        value = message.tool_calls[0]["args"]
    return value


async def pydantic_ai(stream: bytes) -> Any:
    value = None
    output = ToolOutput(StructuredDict({"type": "object", "properties": {}}, name=TOOL), name=TOOL)
    async with Agent(chat_model(stream), output_type=output).run_stream("-") as result:
        async for value in result.stream_output(debounce_by=None):  # noqa: B007 - as above
            pass
    return value


@frozen
class Contestant:
    """A peer at work, beside this library on the same stream."""

    peer: str
    call: str
    run: Callable[[Any], Any]
    stream: Stream
    ours: Callable[[Any], Any] = ours
    our_stream: Stream | None = None  # where it is not the same


AFTER_EVERY_EVENT: Final = (
    Contestant("openai", "`chat.completions.stream()`, a strict tool: `parsed_arguments`", openai_chat, chat_stream),
    Contestant("anthropic", "`messages.stream()`: `snapshot` of `input_json`", anthropic_messages, messages_stream),
    Contestant(
        "google-adk", "`_JsonPathTracker`, which its adapters of JSON text use", adk_tracker, _pieces,
        our_stream=chat_stream,
    ),
    Contestant("langchain-core", "`message += chunk`: `tool_calls`", langchain, langchain_chunks),
    Contestant("pydantic-ai", "`Agent.run_stream()`: `stream_output(debounce_by=None)`", pydantic_ai, chat_stream),
)  # fmt: skip
AT_THE_END: Final = (
    Contestant(
        "openai", "`responses.stream()`: `get_final_response()`", openai_responses_at_the_end, responses_stream,
        ours_at_the_end,
    ),
    Contestant(
        "google-adk", "`Gemini`, with `StreamingResponseAggregator`", adk_at_the_end, gemini_stream, ours_at_the_end,
    ),
    Contestant("litellm", "`stream_chunk_builder(chunks)`", litellm_at_the_end, chat_stream, ours_at_the_end),
)  # fmt: skip


@frozen
class Time:
    """Microseconds of processor time for an event, of both; no time of theirs if their value is wrong."""

    ours: float
    theirs: float | None

    def __str__(self) -> str:
        if self.theirs is None:
            return "wrong"
        ratio = self.theirs / self.ours
        return f"{self.theirs:,.0f} / {self.ours:.0f} = {ratio:.{0 if ratio >= 10 else 1}f}"


def measure(contestant: Contestant, shape: str, size: str) -> Time:
    """Let a peer and this library take turns."""
    expected = _canonical(document(shape, size).value)
    pieces = len(_pieces(shape, size))
    theirs = (contestant.run, contestant.stream(shape, size))
    ours = (contestant.ours, (contestant.our_stream or contestant.stream)(shape, size))
    times: dict[Any, list[float]] = {theirs[0]: [], ours[0]: []}
    for turn in range(TURNS):
        for run, given in (ours, theirs):
            if turn and times[run][0] * pieces > SLOW_S * 1e6:
                continue
            seconds, value = _timed(run, given)
            if _canonical(value) != expected:
                if run is contestant.run:
                    return Time(median(times[contestant.ours]), None)
                raise AssertionError(f"beside {contestant.peer}, the value is not what was sent: {value!r:.200}")
            times[run].append(seconds * 1e6 / pieces)
    return Time(median(times[contestant.ours]), median(times[contestant.run]))


def _timed(run: Callable[[Any], Any], given: Any) -> tuple[float, Any]:
    gc.collect()
    gc.freeze()  # the collector is on, but does not look at the input
    begin = time.process_time()
    value = run(given)
    if isinstance(value, Awaitable):
        value = asyncio.run(value)
    seconds = time.process_time() - begin
    gc.unfreeze()
    return seconds, value


# ---------------------------------------------------------------------------------------------------------------------
# the page


@cache
def version(peer: str) -> str:
    """Return the version of a peer."""
    return sj.__version__ if peer == OURS else metadata.version(DISTRIBUTIONS.get(peer, peer))


def verdict_table(verdicts: Verdicts) -> Iterator[str]:
    """Yield the lines of the first table."""
    yield f"| streams | {' | '.join((OURS, *(f'{peer} {version(peer)}' for peer in PEERS)))} |"
    yield "|---" * (len(PEERS) + 2) + "|"
    total: dict[str, Counter[str]] = {peer: Counter() for peer in READERS}
    for group, by_peer in verdicts.items():
        for peer, counts in by_peer.items():
            total[peer] += counts
        yield f"| {group} | {' | '.join(_counts(by_peer.get(peer)) for peer in READERS)} |"
    yield f"| all | {' | '.join(_counts(total[peer]) for peer in READERS)} |"


def _counts(counts: Counter[str] | None) -> str:
    return " / ".join(str(counts[verdict]) for verdict in ("right", "wrong", "raises")) if counts else ""


Times = dict[tuple[str, str], dict[Contestant, Time]]


def time_table(times: Times) -> Iterator[str]:
    """Yield the lines of the second table."""
    yield f"| | the call | {' | '.join(f'{SHAPES[shape]}, {size}' for shape, size in times)} |"
    yield "|---" * (len(times) + 2) + "|"
    for when, contestants in (("a value after every event", AFTER_EVERY_EVENT), ("only the end", AT_THE_END)):
        yield f"| **{when}** {'| ' * (len(times) + 1)}|"
        for one in contestants:
            yield f"| {one.peer} | {one.call} | {' | '.join(str(column[one]) for column in times.values())} |"


def conditions() -> str:
    """Return the sentence that says what was measured."""
    here = machine()
    return (
        f"Measured on {datetime.now(UTC).date()} with {OURS} {version(OURS)}, {here['python']},"
        f" {here['cores']} cores of {here['cpu']}."
    )


def write(lines: Iterable[str]) -> None:
    """Replace the tables of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{chr(10).join(lines)}\n\n{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; with `--write`, put them into the page."""
    parser = argparse.ArgumentParser(description="Compare this library with SDKs and frameworks on the same streams.")
    parser.add_argument("--write", action="store_true", help=f"replace the tables of {PAGE.name}")
    parser.add_argument("--verbose", action="store_true", help="say what is wrong, row by row")
    parser.add_argument("--only", choices=["verdicts", "times"], help="one table, which is printed only")
    parser.add_argument("--size", choices=SIZES, help="only the times of this size, which are printed only")
    options = parser.parse_args(arguments)
    if options.write and (options.only or options.size):
        parser.error("--write needs all figures")
    warnings.simplefilter("ignore")  # of the peers
    logging.disable(logging.CRITICAL)
    litellm.suppress_debug_info = True
    lines: list[str] = []
    if options.only != "times":
        lines += verdict_table(compare(verbose=options.verbose))
    if options.only != "verdicts":
        times: Times = {}
        for one in (*AFTER_EVERY_EVENT, *AT_THE_END):
            measure(one, *WARMING_UP)
        for shape in SHAPES:
            for size in (options.size,) if options.size else SIZES:
                column = times[shape, size] = {}
                for one in (*AFTER_EVERY_EVENT, *AT_THE_END):
                    column[one] = measure(one, shape, size)
                    print(f"{shape}, {size}: {one.peer} {column[one]}", file=sys.stderr, flush=True)
        lines += ["", *time_table(times)]
    lines += ["", conditions()]
    print("\n".join(lines))
    if options.write:
        write(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
