"""Short ways to write the events of providers, for tests."""

from __future__ import annotations

from typing import Any


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, choice: int = 0) -> dict[str, Any]:
    """Return a chunk of Chat Completions."""
    return {"choices": [{"index": choice, "delta": delta or {}, "finish_reason": finish}]}


def said(text: str, choice: int = 0) -> dict[str, Any]:
    """Return a chunk with text."""
    return chunk({"content": text}, choice=choice)


def fragment(arguments: Any = None, *, name: Any = None, id: Any = None, index: Any = 0) -> dict[str, Any]:
    """Return a chunk with a fragment of a call; what is None is left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    call = {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return chunk({"tool_calls": [{**call, "function": function}]})


def block(index: int, **content: Any) -> dict[str, Any]:
    """Return the start of an Anthropic block."""
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: int, **content: Any) -> dict[str, Any]:
    """Return an Anthropic delta."""
    return {"type": "content_block_delta", "index": index, "delta": content}


def stop(index: int) -> dict[str, Any]:
    """Return the stop of an Anthropic block."""
    return {"type": "content_block_stop", "index": index}


def ended(reason: str | None) -> dict[str, Any]:
    """Return Anthropic's end of a message."""
    return {"type": "message_delta", "delta": {"stop_reason": reason}}


MESSAGE = {"type": "message_start", "message": {"id": "msg_1", "content": []}}


def call_block(index: int, arguments: str, name: str = "book") -> list[dict[str, Any]]:
    """Return the events of an Anthropic call."""
    return [
        block(index, type="tool_use", id=f"toolu_{index}", name=name, input={}),
        delta(index, type="input_json_delta", partial_json=arguments),
        stop(index),
    ]


def response(kind: str, **fields: Any) -> dict[str, Any]:
    """Return an event of OpenAI Responses."""
    return {"type": f"response.{kind}", **fields}


def candidate(*parts: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    """Return a response of Gemini."""
    of_all: dict[str, Any] = {"index": index, "content": {"parts": list(parts)}}
    return {"candidates": [{**of_all, "finishReason": finish} if finish else of_all]}


def function(**call: Any) -> dict[str, Any]:
    """Return a part of Gemini with a call."""
    return {"functionCall": call}
