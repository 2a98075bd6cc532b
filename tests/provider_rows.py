"""The recorded and written streams of providers in `tests/vectors`, and what each must give.

A row of `providers.json` has the bytes of its stream (`wire`), its events, and the parts that are expected: the raw
text, the value of a finished document, else what the text proves (`partial`), and the end. An error whose type begins
with `reassembler:` is one that no provider sends: a rule here refuses the stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import streamjson as sj

VECTORS = Path(__file__).parent / "vectors"
# The names of the rows' providers, and of the modules that read them.
NAMES = {
    "openai-chat": "openai_chat",
    "openai-compatible": "openai_chat",
    "mistral": "openai_chat",
    "litellm": "openai_chat",
    "openai-responses": "openai_responses",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "adk": "adk",
    "langchain": "langchain",
    "bedrock-converse": "bedrock",
    "cohere": "cohere",
    "opper": "opper",
    "ag-ui": "ag_ui",
    "ai-sdk": "ai_sdk",
}
# Rows that are not read yet, each with the reason.
NOT_READ = {
    "shared_state_by_json_patch_then_run_error": "patches of the shared state (RFC 6902) come in a later version",
}
_REFUSALS = {"mismatch": sj.ConflictError, "ambiguous_part": sj.InvalidEventError, "restart": sj.StreamFailedError}


def provider_rows() -> list[dict[str, Any]]:
    """Return the rows of the providers that are read, with the events that prove something."""
    rows: list[dict[str, Any]] = json.loads((VECTORS / "providers.json").read_text())
    return [with_done(row) for row in rows if row["provider"] in NAMES and row["name"] not in NOT_READ]


def with_done(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of Opper's older API with the `[DONE]` of its wire among its events: only that proves the end."""
    is_proof = row["name"].startswith("v2") and (row["wire"] or "").endswith("data: [DONE]\n\n")
    return {**row, "events": [*row["events"], {"data": "[DONE]"}]} if is_proof else row


def call_rows() -> Iterator[tuple[str, list[Any], list[dict[str, Any]]]]:
    """Yield name, events and expected calls of the rows that stream arguments by paths."""
    for name, events in (("gemini", "chunks"), ("adk_run_sse", "events")):
        for row in json.loads((VECTORS / f"{name}.json").read_text()):
            yield f"{name}-{row['name']}", row[events], row["expect"]["calls"]


def content_of(row: dict[str, Any]) -> str:
    """Return the option `content` that a row needs: whether its texts are documents."""
    texts = [part for part in row["expect"]["parts"] if part["kind"] == "text"]
    return "json" if any(part["value"] is not None or "partial" in part for part in texts) else "text"


def options_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return the options of `assemble_parts` with which a row is read."""
    return {"content": content_of(row), "on_new_run": row.get("options", {}).get("on_restart", "error")}


def check(row: dict[str, Any], answer: Any, error: sj.StreamJSONError | None) -> None:
    """Compare an answer, read to its end, with what its row expects."""
    expected = row["expect"]
    check_error(expected["error"], error)
    assert len(answer.parts) == len(expected["parts"])
    for part, wanted in zip(answer.parts, expected["parts"], strict=True):
        shown = {name: getattr(part, name) for name in ("kind", "id", "name", "index", "text", "end", "choice")}
        assert shown == {**shown, **{name: wanted[name] for name in shown if name in wanted}}
        assert part.encoding == wanted.get("encoding", part.encoding)
        if wanted["value"] is not None:
            assert part.value == wanted["value"]
        elif "partial" in wanted:
            assert part.value == wanted["partial"]
        assert (part.error is not None) == bool(wanted.get("json_error"))
    if isinstance(expected.get("finish"), str):
        assert answer.finish == expected["finish"]


def check_error(expected: dict[str, Any] | None, error: sj.StreamJSONError | None) -> None:
    """Compare the error that ended an answer."""
    if expected is None:
        assert error is None
        return
    kind = expected["type"] or ""
    if kind.startswith("reassembler:"):
        assert isinstance(error, _REFUSALS[kind.partition(":")[2]])
        return
    assert isinstance(error, sj.StreamFailedError)
    assert (error.error_type, error.error_message) == (expected["type"], expected["message"])
