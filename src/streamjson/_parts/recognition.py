"""From the first event of a stream to the name of its provider, by the keys of its data.

The name of the SSE event is never asked: proxies drop it. An object of an SDK has the same fields.

Sources: the SDKs' types, and a hundred recorded streams, as of November 2026.
Cost: O(1).
"""

from __future__ import annotations

from typing import Any, Final

from .._dialects import protocol_of
from .._errors import InvalidEventError, shorten
from .._json import is_object
from .fields import field, has_any, items, of_chunks, text
from .provider import Provider
from .providers import PROVIDERS

__all__ = ["READ_PROTOCOLS", "foreign_event", "is_of_another", "provider_of"]

READ_PROTOCOLS: Final = frozenset(protocol for provider in PROVIDERS.values() for protocol in provider.protocols)
"""The protocols that a provider reads, by the names that `_dialects` has for them."""

_OF_GEMINI: Final = (
    "promptFeedback",
    "prompt_feedback",
    "usageMetadata",
    "usage_metadata",
    "modelVersion",
    "model_version",
)
_OF_BEDROCK: Final = ("messageStart", "contentBlockStart", "contentBlockDelta")
_OF_AI_SDK: Final = ("start", "start-step", "text-start", "reasoning-start")


def provider_of(event: Any) -> str | None:
    """Return the name of the provider that sends such an event first; None if it is none that is read."""
    kind = text(event, "type")
    if not kind:
        if isinstance(field(event, "choices"), list):  # but for completions of text, the older API
            return None if text(event, "object") == "text_completion" else "openai_chat"
        if isinstance(field(event, "candidates"), list):
            return "gemini"
        if _is_adk(event):
            return "adk"
        if any(field(event, name) is not None for name in _OF_GEMINI):
            return "gemini"
        if _is_bedrock(event):
            return "bedrock"
        if _is_ollama(event):
            return "ollama"
        return "opper" if _is_opper(event, kind) else None
    if kind.startswith("response."):
        return "openai_responses"
    if kind == "message_start" and field(event, "message") is not None:
        return "anthropic"
    if kind == "message-start":
        return "cohere"
    if _is_opper(event, kind):
        return "opper"
    if kind in ("RUN_STARTED", "RUN_ERROR"):
        return "ag_ui"
    if kind in _OF_AI_SDK or kind.startswith(("tool-input-", "data-")):
        return "ai_sdk"
    return "langchain" if kind == "AIMessageChunk" else None


def _is_adk(event: Any) -> bool:
    names = ("invocationId", "invocation_id", "partial", "author")
    return any(field(event, name) is not None for name in names) and (
        bool(items(field(event, "content"), "parts"))
        or any(field(event, name) is not None for name in ("errorCode", "error_code", "actions"))
    )


def _is_bedrock(event: Any) -> bool:
    """Return whether an event is one of Bedrock, or an exception in its place."""
    if any(field(event, name) is not None for name in _OF_BEDROCK):
        return True
    return is_object(event) and len(event) == 1 and all(str(name).endswith("Exception") for name in event)


def _is_ollama(event: Any) -> bool:
    message, response = field(event, "message"), field(event, "response")
    return (
        any(isinstance(field(event, name), str) for name in ("created_at", "model"))
        and isinstance(field(event, "done"), bool)
        and (isinstance(response, str) or (message is not None and not isinstance(message, str)))
    )


def _is_opper(event: Any, kind: str) -> bool:
    """Return whether an event begins a stream of Opper: of v3, its document alone, or of deltas and paths."""
    given = event
    names = given.keys() if is_object(event) else None
    if kind == "content":  # a common name: only an event with a delta and no other member
        return isinstance(field(event, "delta"), str) and (names or {"type", "delta"}) == {"type", "delta"}
    if kind == "tool_call_start":
        return field(event, "tool_call_index") is not None
    if kind:
        return kind == "complete" and names is None and hasattr(event, "meta")
    if names is not None and names == {"data", "meta"}:
        return True
    has_path = has_any(event, "delta") and has_any(event, "json_path", "jsonPath")
    return has_path or has_any(event, "span_id", "spanId", "chunk_type", "chunkType")


def is_of_another(event: Any, provider: Provider) -> bool:
    """Return whether an event that a provider does not know is one of another protocol."""
    name = provider_of(event)
    if name is not None:
        return name != provider.name
    if of_chunks(event):
        return provider.name != "opper"
    protocol = protocol_of(event)
    return protocol is not None and protocol not in provider.protocols


def foreign_event(event: Any, provider: str | None) -> InvalidEventError:
    """Return the error for an event of another protocol than `provider`, or of one that is not read."""
    protocol = protocol_of(event)
    if of_chunks(event):
        problem = "this is an event of deltas and paths, which is one document: call assemble"
    elif provider is not None:
        name = protocol or "another protocol"
        problem = f"this is an event of {name}, in a stream of {provider}"
    elif protocol is not None and protocol not in READ_PROTOCOLS:
        problem = f"this is an event of {protocol}, which is not read"
    elif protocol is not None:
        problem = (
            f"this is an event of {protocol}, but not one that begins a stream of a provider that is read:"
            " pass provider=... to continue in the middle of a stream"
        )
    else:
        shown = f"of type {shorten(text(event, 'type'))}" if text(event, "type") else f"({shorten(event)})"
        problem = f"no provider that is read begins a stream with this event {shown}: pass provider=... if one does"
    return InvalidEventError(problem, code="foreign_event")
