"""Every recorded stream gives its parts and its end: from mappings, bytes in any cuts, and the SDKs' own objects."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import httpx2
import pytest

import streamjson as sj
from provider_rows import NAMES, call_rows, check, options_of, provider_rows

CALL_ROWS = [pytest.param(*row, id=row[0]) for row in call_rows()]
ROWS = [pytest.param(row, id=f"{row['provider']}-{row['name']}") for row in provider_rows()]
WIRE_ROWS = [row for row in ROWS if row.values[0]["wire"] is not None]


def read(row: dict[str, Any], source: Iterable[object], **options: Any) -> tuple[Any, sj.StreamJSONError | None]:
    answer = sj.assemble_parts(source, **options_of(row), **options)
    try:
        for part in answer:
            assert part in answer.parts
    except sj.StreamJSONError as error:
        return answer, error
    return answer, None


@pytest.mark.parametrize("row", ROWS)
def test_mappings(row: dict[str, Any]) -> None:
    check(row, *read(row, row["events"]))


@pytest.mark.parametrize("row", ROWS)
def test_a_named_provider_needs_no_recognition(row: dict[str, Any]) -> None:
    answer, error = read(row, row["events"], provider=NAMES[row["provider"]])
    check(row, answer, error)


@pytest.mark.slow
@pytest.mark.parametrize("row", WIRE_ROWS)
def test_bytes_in_any_cuts(row: dict[str, Any]) -> None:
    wire = row["wire"].encode()
    choose = random.Random(row["name"])
    for count in (0, 1, 5, 40, len(wire)):
        cuts = sorted(choose.sample(range(len(wire)), min(count, len(wire))))
        pieces = [wire[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
        check(row, *read(row, sj.decode_sse(pieces)))


@pytest.mark.parametrize("row", ROWS)
def test_cut_after_any_event_nothing_is_done_that_was_not_proved(row: dict[str, Any]) -> None:
    """A cut answer has no half call, and what it calls done is what the whole answer has."""
    whole, _ = read(row, row["events"])
    texts = {id(part): part.text for part in whole.parts}
    for count in range(len(row["events"])):
        answer, _ = read(row, row["events"][:count])
        for part, of_whole in zip(answer.parts, whole.parts, strict=False):
            if part.end == "done":
                assert part.text == texts[id(of_whole)]
                assert part.value == of_whole.value
        calls = sj.assemble_parts(row["events"][:count], on_misfit="skip", on_new_run=options_of(row)["on_new_run"])
        values = [part.value for part in whole.parts if part.kind == "call"]
        try:
            assert all(call.value in values for call in calls.calls())
        except sj.StreamJSONError as error:
            assert row["expect"]["error"] is not None, error  # noqa: PT017


@pytest.mark.parametrize("row", ROWS)
def test_a_checkpoint_after_any_event_changes_nothing(row: dict[str, Any]) -> None:
    parts = sj.PartAssembler(**options_of(row))
    error = None
    try:
        for event in row["events"]:
            parts = sj.PartAssembler.restore(parts.checkpoint())
            parts.apply(event)
        parts = sj.PartAssembler.restore(parts.checkpoint())
        parts.close()
    except sj.StreamJSONError as raised:
        error = raised
    check(row, parts, error)


@pytest.mark.parametrize(("name", "events", "expected"), CALL_ROWS)
def test_arguments_by_paths(name: str, events: list[Any], expected: list[dict[str, Any]]) -> None:
    parts = [part for part in sj.assemble_parts(events).final() if part.kind == "call"]
    assert [{"id": part.id, "name": part.name, "args": part.value} for part in parts] == [
        {"id": call["id"], "name": call["name"], "args": call["args"]} for call in expected
    ]
    assert [part.complete for part in parts] == [call.get("complete", True) for call in expected]
    given = [call.value for call in sj.assemble_parts(events).calls()]
    assert given == [call["args"] for call in expected if call.get("complete", True)]


# ----------------------------------------------------------------------------------------------------------------------
# The SDKs. Their own clients read the recorded bytes; where an SDK has no client that can, its types take the events.


def replaying(wire: str) -> Any:
    """Return an HTTP client that answers each request with a recorded stream."""
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=wire.encode()))
    return httpx2.Client(transport=transport)


def rows_of(*providers: str, with_errors: bool = False) -> list[Any]:
    """Return the rows of some providers whose bytes their SDK reads without raising an error of its own."""
    return [
        param
        for param in WIRE_ROWS
        if param.values[0]["provider"] in providers
        and (with_errors or param.values[0]["expect"]["error"] is None)
        and "proxy_without_event_lines" not in param.id  # of which anthropic's client reads nothing
    ]


@pytest.mark.slow
@pytest.mark.parametrize("row", rows_of("openai-chat", "openai-compatible", "mistral"))
def test_openai_client_for_chat(row: dict[str, Any]) -> None:
    import openai

    client = openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=replaying(row["wire"]))
    check(row, *read(row, client.chat.completions.create(model="m", messages=[], stream=True)))


@pytest.mark.slow
@pytest.mark.parametrize("row", rows_of("openai-responses"))
def test_openai_client_for_responses(row: dict[str, Any]) -> None:
    import openai

    client = openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=replaying(row["wire"]))
    check(row, *read(row, client.responses.create(model="m", input="", stream=True)))


@pytest.mark.slow
@pytest.mark.parametrize("row", rows_of("anthropic"))
def test_anthropic_client(row: dict[str, Any]) -> None:
    import anthropic

    client = anthropic.Anthropic(api_key="k", base_url="http://test", http_client=replaying(row["wire"]))
    check(row, *read(row, client.messages.create(model="m", max_tokens=9, messages=[], stream=True)))


def as_objects(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the events of a row as objects of its SDK."""
    provider = row["provider"]
    if provider == "gemini":
        from google.genai.types import GenerateContentResponse as Response

        return [Response.model_validate(event) for event in row["events"]]
    if provider == "adk":
        from google.adk.events.event import Event

        return [Event.model_validate(event) for event in row["events"]]
    if provider == "langchain":
        from langchain_core.messages import AIMessageChunk

        return [AIMessageChunk(**event) for event in row["events"]]
    if provider == "ag-ui":
        from ag_ui.core import Event as EventOfAGUI
        from pydantic import TypeAdapter

        return [TypeAdapter(EventOfAGUI).validate_python(event) for event in row["events"]]
    if provider == "mistral":
        from mistralai.client.models import CompletionChunk, CompletionEvent

        return [CompletionEvent(data=CompletionChunk.model_validate(event)) for event in row["events"]]
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else its import asks the network
    from litellm.types.utils import ModelResponseStream

    return [ModelResponseStream(**event) for event in row["events"]]


OBJECTS = ("gemini", "adk", "langchain", "ag-ui", "mistral", "litellm")


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in ROWS if row.values[0]["provider"] in OBJECTS])
def test_objects_of_the_sdk(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    check(row, *read(row, as_objects(row, monkeypatch)))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "events", "expected"), [row for row in CALL_ROWS if "gemini" in row.id])
def test_google_genai_objects_with_arguments_by_paths(
    name: str, events: list[Any], expected: list[dict[str, Any]]
) -> None:
    """An integer is a double in these objects, as the SDK has made it one; null is told by presence."""
    from google.genai.types import GenerateContentResponse as Response

    test_arguments_by_paths(name, [Response.model_validate(event) for event in events], expected)
