"""The protocols that look like ours to an HTTP client: from the keys of an event to the name of its protocol.

A client that points the assembler at the wrong stream must not get an empty document, or raw JSON text as a string.
So an event that is not ours is matched against this table, and the error names its protocol.

Each row is a protocol and a test of one decoded event; the first row that matches wins. Rows look at keys and at
`type`, and never more than one level below. A row must be specific: an event that matches no row is merely unknown.

It does not know what an event does, nor which of our fields it has: callers pass only events that are not ours.

Sources: the event types of each vendor's Python SDK, and recorded streams in public issues, as of November 2026.

Cost: O(number of rows); only events that are not ours are matched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from .._json import is_list, is_object

__all__ = ["protocol_of"]

_Test: TypeAlias = Callable[[Mapping[str, Any], str], bool]


def protocol_of(payload: object) -> str | None:
    """Return the name of the protocol of a decoded payload; None if no row matches.

    `payload` is the JSON value of an event's data: JSON Patch sends arrays, everything else objects.
    """
    if is_list(payload):
        return "JSON Patch" if payload and is_object(payload[0]) and _is_operation(payload[0], "") else None
    if not is_object(payload):
        return None
    kind = payload.get("type")
    kind = kind if isinstance(kind, str) else ""
    return next((name for name, test in _PROTOCOLS if test(payload, kind)), None)


def _types(pattern: str) -> _Test:
    """Return a test for events whose whole `type` matches a regular expression."""
    match = re.compile(pattern).fullmatch
    return lambda _, kind: match(kind) is not None


def _has(name: str, kind: type | tuple[type, ...], *others: str) -> _Test:
    """Return a test for events with a member `name` of type `kind`, one of `others`, and neither `type` nor `delta`."""
    return lambda event, type_: (
        not type_
        and "delta" not in event
        and isinstance(event.get(name), kind)
        and (not others or any(other in event for other in others))
    )  # fmt: skip


def _one_of(*names: str) -> _Test:
    """Return a test for events whose only member is an object with one of these names."""
    return lambda event, _: len(event) == 1 and any(isinstance(event.get(name), Mapping) for name in names)


def _is_operation(event: Mapping[str, Any], _: str) -> bool:
    operations = ("add", "remove", "replace", "move", "copy", "test")
    return event.get("op") in operations and isinstance(event.get("path"), str)


def _has_operations(event: Mapping[str, Any], _: str) -> bool:
    operations = event.get("ops")
    return is_list(operations) and protocol_of(operations) is not None


def _is_pov(event: Mapping[str, Any], _: str) -> bool:
    is_begun = "p" in event or "o" in event or isinstance(event.get("v"), Mapping)
    return "v" in event and is_begun and event.keys() <= {"p", "o", "v", "c"}


def _is_content(event: Mapping[str, Any]) -> bool:
    content = event.get("content")
    return is_object(content) and "parts" in content


def _is_opper(event: Mapping[str, Any], kind: str) -> bool:
    if kind == "content":  # a common name: only an event with a delta and no other member
        return set(event) == {"type", "delta"}
    return kind in ("tool_call_start", "tool_call_delta") and "tool_call_index" in event


def _is_message_start(event: Mapping[str, Any], kind: str) -> bool:
    message = event.get("message")
    return kind == "message_start" and message is not None and not isinstance(message, str)  # in an SDK it is a model


_anthropic = _types("content_block_(start|delta|stop)|message_(delta|stop)")
_mistral = _types(r"(conversation\.response|message\.output|function\.call|tool\.execution)\..+")
_ag_ui = _types(
    "(RUN|STEP|TEXT_MESSAGE|TOOL_CALL|STATE|MESSAGES|ACTIVITY|REASONING|REASONING_MESSAGE|THINKING|THINKING_TEXT_MESSAGE)"
    "_[A-Z]+|RAW|CUSTOM"
)
_ai_sdk = _types(
    "start|start-step|finish|finish-step|abort|message-metadata|file|(text|reasoning)-(start|delta|end)"
    "|tool-(input|output)-[a-z-]+|source-(url|document)|data-.+"
)
_cohere = _types("message-(start|end)|content-(start|delta|end)|tool-plan-delta|(tool-call|citation)-(start|delta|end)")

_PROTOCOLS: Final[tuple[tuple[str, _Test], ...]] = (
    ("OpenAI Chat Completions", lambda event, _: isinstance(event.get("choices"), list)),
    ("OpenAI Responses", _types(r"response\..+")),
    ("OpenAI Assistants", lambda event, _: str(event.get("object", "")).startswith("thread.")),
    ("Anthropic Messages", lambda event, kind: _is_message_start(event, kind) or _anthropic(event, kind)),
    ("Cohere v2", _cohere),
    ("Cohere v1", _has("event_type", str, "is_finished")),
    ("AG-UI", _ag_ui),
    ("AI SDK UI message stream", _ai_sdk),
    ("Opper v3", _is_opper),
    ("Mistral Conversations", _mistral),
    ("LangChain", _types("AIMessageChunk")),
    ("ADK", lambda event, _: _is_content(event) and ("invocationId" in event or "partial" in event)),
    ("Gemini", _has("candidates", list)),
    ("Gemini", _has("promptFeedback", Mapping)),
    ("Gemini", _has("functionCall", Mapping)),
    ("Gemini", _has("partialArgs", list)),
    ("Gemini", lambda event, kind: not kind and _is_content(event)),
    ("Bedrock ConverseStream", _one_of("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop")),
    ("JSON Patch", _is_operation),
    ("JSON Patch", _has_operations),
    ("p/o/v deltas", _is_pov),
    ("Ollama", _has("created_at", str, "message", "response")),
    ("GraphQL incremental delivery", _has("hasNext", bool)),
    ("Firebase", lambda event, _: set(event) == {"path", "data"}),
    ("Text Generation Inference", _has("token", Mapping)),
    ("Gradio", _has("msg", str, "output", "event_id")),
)
