"""Any provider in, any protocol out: the parts of an answer as messages, reasoning and calls."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

import streamjson as sj
from chat import MESSAGE, block, call_block, candidate, chunk, delta, ended, fragment, function, said, stop
from provider_rows import call_rows, content_of, provider_rows

ANSWERS = [
    *(pytest.param(row["events"], content_of(row), id=f"{row['provider']}-{row['name']}") for row in provider_rows()),
    *(pytest.param(events, "text", id=name) for name, events, _ in call_rows()),
]


def sent_by(out: sj.emit.Emitter, events: list[Any], **options: Any) -> tuple[bytes, Any]:
    """Return what an emitter sends of an answer, and the answer, read to its end."""
    answer = sj.assemble_parts(events, **options)
    sent = b""
    try:
        for part in answer:
            sent += out.update(part)
        sent += out.close(answer)
    except sj.StreamJSONError as error:
        sent += out.fail(error)
    return sent, answer


def events_of(sent: bytes) -> list[dict[str, Any]]:
    return [json.loads(event.data) for event in sj.decode_sse([sent]) if event.data != "[DONE]"]


@pytest.mark.parametrize(("events", "content"), ANSWERS)
def test_answer_comes_back_from_the_chunks_of_openai(events: list[Any], content: Any) -> None:
    sent, answer = sent_by(sj.emit.OpenAI(created=1, min_interval_s=0), events, content=content)
    back = sj.assemble_parts(sj.decode_sse([sent]), content=content)
    if events_of(sent)[-1].get("error", {}).get("code") == "not_append_only":
        return  # arguments by paths, which were replaced as a whole
    has_failed = any(part.end in {"failed", "cut", "aborted"} for part in answer.parts) or answer.end == "failed"
    if has_failed or not answer.parts:
        with (
            pytest.raises(sj.StreamFailedError) if has_failed else pytest.raises(sj.StreamFailedError, match="none of")
        ):
            back.final()
        return
    back.final()

    def facts(parts: Any) -> list[Any]:
        # A chat has one text, one reasoning and one refusal for each choice: theirs are joined.
        texts: dict[tuple[str, int], str] = {}
        calls = []
        for part in parts:
            if part.kind != "call":
                key = part.kind, part.choice or 0
                text = json.dumps(part.value, separators=(",", ":")) if part.text is None else part.text  # by paths
                texts[key] = texts.get(key, "") + text
            elif part.name is not None and part.executed_by == "client":
                value = part.text if part.error is not None else part.value
                calls.append((part.choice or 0, part.name, value, part.end, part.error is None))
        return [sorted((key, text) for key, text in texts.items() if text), sorted(calls, key=repr)]

    assert facts(back.parts) == facts(answer.parts)


@pytest.mark.parametrize(("events", "content"), ANSWERS)
@pytest.mark.parametrize(
    "make", [lambda: sj.emit.AISDK("m", min_interval_s=0), lambda: sj.emit.AGUI("t", "r")], ids=["AISDK", "AGUI"]
)
def test_answer_begins_and_ends_in_order(events: list[Any], content: Any, make: Any) -> None:
    """What begins ends once, nothing grows outside, and the last event says whether the answer is whole."""
    sent, answer = sent_by(make(), events, content=content)
    kinds = events_of(sent)
    if kinds[-1].get("code") == "not_append_only":
        return  # arguments by paths, which were replaced as a whole
    open_ids: set[tuple[str, str]] = set()
    for event in kinds[1:-1]:
        kind = event["type"].replace("_", "-").lower()
        key = str(event.get("id") or event.get("toolCallId") or event.get("messageId"))
        stem = kind.rsplit("-", 1)[0].replace("reasoning-message", "reasoning-inner")
        if kind.endswith("-start"):
            assert (stem, key) not in open_ids or stem == "tool-input"  # it begins again
            open_ids.add((stem, key))
        elif kind.endswith(("-end", "-available", "-error")):
            open_ids.remove((stem, key))
        else:
            assert (stem, key) in open_ids
    ends = {part.end for part in answer.parts}
    is_whole = answer.end != "failed" and ends <= {"done", "length", "filtered"}
    assert not open_ids or not is_whole or ends != {"done"}  # what was cut may stay open
    last = kinds[-1]["type"]
    if last.isupper():
        is_json = all(part.error is None for part in answer.parts)
        assert last == ("RUN_FINISHED" if is_whole and ends <= {"done"} and is_json else "RUN_ERROR")
    else:
        assert last == ("finish" if is_whole else "error")


def test_ai_sdk_shows_text_reasoning_and_calls():
    events = [
        MESSAGE,
        block(0, type="thinking", thinking=""),
        delta(0, type="thinking_delta", thinking="Hm."),
        stop(0),
        block(1, type="text", text=""),
        delta(1, type="text_delta", text="I book "),
        delta(1, type="text_delta", text="it."),
        stop(1),
        *call_block(2, '{"city": "Lisbon"}', name="book_trip"),
        ended("tool_use"),
    ]
    sent, _ = sent_by(sj.emit.AISDK("m", min_interval_s=0), events)

    call = {"toolCallId": "toolu_2", "toolName": "book_trip"}
    assert events_of(sent) == [
        {"type": "start", "messageId": "m"},
        {"type": "reasoning-start", "id": "m-0"},
        {"type": "reasoning-delta", "id": "m-0", "delta": "Hm."},
        {"type": "reasoning-end", "id": "m-0"},
        {"type": "text-start", "id": "m-1"},
        {"type": "text-delta", "id": "m-1", "delta": "I book "},
        {"type": "text-delta", "id": "m-1", "delta": "it."},
        {"type": "text-end", "id": "m-1"},
        {"type": "tool-input-start", **call},
        {"type": "tool-input-delta", "toolCallId": "toolu_2", "inputTextDelta": '{"city": "Lisbon"}'},
        {"type": "tool-input-available", **call, "input": {"city": "Lisbon"}},
        {"type": "finish", "finishReason": "tool-calls"},
    ]


def test_ag_ui_shows_text_reasoning_and_calls():
    events = [
        {"choices": [{"delta": {"reasoning_content": "Hm."}}]},
        said("I book it."),
        fragment('{"city": "Lis', name="book_trip", id="call_1"),
        fragment('bon"}'),
        chunk(finish="tool_calls"),
    ]
    sent, _ = sent_by(sj.emit.AGUI("t", "r", min_interval_s=0), events)

    assert [(event["type"], event.get("delta")) for event in events_of(sent)] == [
        ("RUN_STARTED", None),
        ("REASONING_START", None),
        ("REASONING_MESSAGE_START", None),
        ("REASONING_MESSAGE_CONTENT", "Hm."),
        ("TEXT_MESSAGE_START", None),
        ("TEXT_MESSAGE_CONTENT", "I book it."),
        ("TOOL_CALL_START", None),
        ("TOOL_CALL_ARGS", '{"city": "Lis'),
        ("TOOL_CALL_ARGS", 'bon"}'),
        ("REASONING_MESSAGE_END", None),
        ("REASONING_END", None),
        ("TEXT_MESSAGE_END", None),
        ("TOOL_CALL_END", None),
        ("RUN_FINISHED", None),
    ]


CUT = [said("I book it."), fragment('{"city": "Lis', name="book_trip", id="call_1")]


@pytest.mark.parametrize(
    ("finish", "reason", "code"),
    [("length", "length", "length"), ("content_filter", "content-filter", "filtered")],
    ids=["length", "filtered"],
)
def test_call_that_was_cut_is_not_available(finish: str, reason: str, code: str) -> None:
    sent, _ = sent_by(sj.emit.AISDK("m"), [*CUT, chunk(finish=finish)])
    wrong = [event for event in events_of(sent) if event["type"] == "tool-input-error"]
    assert [(event["input"], event["errorText"]) for event in wrong] == [
        ({"city": "Lis"}, f"the input is not whole: {finish}")
    ]
    assert events_of(sent)[-1] == {"type": "finish", "finishReason": reason}
    sent, _ = sent_by(sj.emit.AGUI("t", "r"), [*CUT, chunk(finish=finish)])
    assert events_of(sent)[-1]["code"] == code


def test_answer_without_its_end_is_an_error():
    sent, _ = sent_by(sj.emit.AISDK("m", min_interval_s=0), CUT)

    assert events_of(sent)[-1] == {
        "type": "error", "errorText": "the answer was cut: nothing proves that it is whole",
    }  # fmt: skip
    assert b"[DONE]" not in sent


def test_parts_that_are_still_open_at_the_end_are_an_error():
    out, parts = sj.emit.AISDK("m"), sj.PartAssembler()
    sent = b"".join(out.update(parts.apply(event)) for event in CUT)

    assert events_of(sent + out.close(parts.parts))[-1]["errorText"] == "the answer did not end"


def test_failure_in_the_middle_ends_the_calls_that_are_open():
    events = [*CUT, {"error": {"message": "Overloaded", "type": "overloaded_error"}}]
    sent, _ = sent_by(sj.emit.AISDK("m", min_interval_s=0), events)

    assert [event["type"] for event in events_of(sent)][-2:] == ["tool-input-error", "error"]
    assert events_of(sent)[-1]["errorText"] == "Overloaded"


def test_arguments_that_are_not_json_are_an_error_of_the_call():
    events = [fragment("{city", name="book_trip", id="call_1"), chunk(finish="tool_calls")]
    sent, _ = sent_by(sj.emit.AISDK("m"), events)

    assert events_of(sent)[-2]["errorText"] == "the input is not JSON"


def test_arguments_by_paths_become_json_text():
    arguments = [
        {"jsonPath": "$.city", "stringValue": "Lis", "willContinue": True},
        {"jsonPath": "$.city", "stringValue": "bon"},
        {"jsonPath": "$.nights", "numberValue": 3},
    ]
    events = [
        candidate(function(name="book_trip", willContinue=True)),
        *(candidate(function(partialArgs=[one], willContinue=True)) for one in arguments),
        candidate(function(), finish="STOP"),
    ]
    sent, _ = sent_by(sj.emit.OpenAI(min_interval_s=0), events)

    texts = [
        call["function"]["arguments"]
        for event in events_of(sent)
        for call in event["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert texts == ["", '{"city":"Lis', "bon", '","nights":', "3}"]


def test_call_begins_when_its_name_is_known():
    out, parts = sj.emit.AGUI("t", "r", min_interval_s=0), sj.PartAssembler(provider="openai_chat")
    first, second = {"function_call": {"arguments": "{"}}, {"function_call": {"name": "f", "arguments": "}"}}
    out.open()

    assert out.update(parts.apply(chunk(first))) == b""
    assert [event["type"] for event in events_of(out.update(parts.apply(chunk(second))))] == [
        "TOOL_CALL_START", "TOOL_CALL_ARGS",
    ]  # fmt: skip


def test_arguments_that_become_an_object_begin_again():
    """Raw text was sent, and then the provider sends the arguments as a value."""
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f"}
    events = [
        {"type": "response.output_item.added", "output_index": 0, "item": {**call, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": '{"a": 1'},
        {
            "type": "response.function_call_arguments.done",
            "item_id": "fc_1",
            "output_index": 0,
            "arguments": '{"b": 2}',
        },
    ]
    out, parts = sj.emit.AISDK("m", min_interval_s=0), sj.PartAssembler(on_conflict="replace")
    sent = b"".join(out.update(parts.apply(event)) for event in events)

    assert [event["type"] for event in events_of(sent)] == [
        "start", "tool-input-start", "tool-input-delta", "tool-input-start", "tool-input-delta",
    ]  # fmt: skip
    assert events_of(sent)[-1]["inputTextDelta"] == '{"b": 2}'


def test_half_a_pair_waits_for_the_other_half():
    events = [
        fragment('{"a": "\ud83d', name="f", id="call_1"),
        fragment('\ude00"}'),
        chunk(finish="tool_calls"),
    ]
    sent, _ = sent_by(sj.emit.OpenAI(min_interval_s=0), events)

    (part,) = sj.assemble_parts(sj.decode_sse([sent])).final()
    assert part.value == {"a": "😀"}


def test_arguments_that_are_replaced_by_a_value_begin_again():
    out, parts = sj.emit.AISDK("m", min_interval_s=0), sj.PartAssembler(on_conflict="replace")
    (part,) = parts.apply(fragment('{"a": 1', name="f", id="call_1"))
    out.update(part)
    part._state.write_value({"b": 2})

    assert events_of(out.update(part))[-1]["inputTextDelta"] == '{"b":'


@pytest.mark.parametrize("finish", ["MAX_TOKENS", None])
def test_arguments_by_paths_that_were_cut_are_not_closed(finish: str | None) -> None:
    """Closed, they would look whole, and a client would call the tool."""
    argument = {"jsonPath": "$.to", "stringValue": "bob@", "willContinue": True}
    events = [
        candidate(function(name="send", willContinue=True)),
        candidate(function(partialArgs=[argument], willContinue=True), finish=finish),
    ]
    sent, answer = sent_by(sj.emit.OpenAI(min_interval_s=0), events)
    assert not answer.parts[0].complete

    back = sj.assemble_parts(sj.decode_sse([sent]))
    called: list[Any] = []
    back.on_call(None, called.append)
    with contextlib.suppress(sj.StreamFailedError):
        back.final()
    assert (called, back.parts[0].text) == ([], '{"to":"bob@')


def test_call_without_a_name_that_was_cut_is_no_success():
    events = [chunk({"function_call": {"arguments": "{"}})]
    sent, _ = sent_by(sj.emit.AISDK("m"), events)

    assert events_of(sent)[-1]["type"] == "error"


@pytest.mark.parametrize("make", [sj.emit.Text, sj.emit.Patch, sj.emit.Chunks], ids=["Text", "Patch", "Chunks"])
def test_document_of_a_part_that_was_cut_is_a_failure(make: Any) -> None:
    parts = sj.PartAssembler()
    for event in [fragment('{"a": "x', name="f", id="c"), chunk(finish="length")]:
        parts.apply(event)
    out = make("s") if make is sj.emit.Chunks else make()
    sent = out.close(parts.parts[0])

    assert b"token limit" in sent if out.says_failure else sent == b'{"a":"x'


def test_text_that_is_replaced_after_its_end_can_not_be_sent():
    (part,) = (parts := sj.PartAssembler()).apply(said("Hello"))
    parts.close()
    out = sj.emit.AISDK("m", min_interval_s=0)
    out.update(part)
    assert out.update(part) == b""
    part._state._start_again()
    part._state.write("Bye")
    with pytest.raises(sj.ConflictError, match="was replaced"):
        out.update(part)


def test_arguments_by_paths_that_are_replaced_after_their_end_begin_again():
    call = function(name="f", partialArgs=[{"jsonPath": "$.a", "numberValue": 1}])
    (part,) = (parts := sj.PartAssembler()).apply(candidate(call, finish="STOP"))
    parts.close()
    out = sj.emit.AISDK("m", min_interval_s=0)
    out.update(part)
    assert out.update(part) == b""
    part._state._start_again()
    part._state.write_at("b", 2)

    assert [event["type"] for event in events_of(out.update(part))] == [
        "tool-input-start", "tool-input-delta", "tool-input-available",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "out", [sj.emit.OpenAI(), sj.emit.AGUI("t", "r"), sj.emit.AISDK("m")], ids=["OpenAI", "AGUI", "AISDK"]
)
def test_call_without_arguments_has_an_empty_object(out: sj.emit.Emitter) -> None:
    sent, _ = sent_by(out, [fragment("", name="f", id="c"), chunk(finish="tool_calls")])

    assert b'"{}"' in sent


def test_openai_client_does_not_execute_what_the_provider_has_executed():
    events = [
        MESSAGE, block(0, type="server_tool_use", id="srv_1", name="web_search", input={}),
        delta(0, type="input_json_delta", partial_json='{"q": "x"}'), stop(0), ended("end_turn"),
    ]  # fmt: skip
    sent, _ = sent_by(sj.emit.OpenAI(), events)

    assert b"web_search" not in sent
    assert events_of(sent)[-1]["choices"][0]["finish_reason"] == "stop"


def test_ids_of_our_own_are_not_those_of_the_provider():
    events = [fragment("{}", name="f", id="m-1"), fragment("{}", name="g", index=1), chunk(finish="tool_calls")]
    sent, _ = sent_by(sj.emit.AISDK("m"), events)

    assert len({event["toolCallId"] for event in events_of(sent) if "toolCallId" in event}) == 2


def test_document_of_a_part_that_is_not_json_is_a_failure():
    parts = sj.PartAssembler(provider="openai_chat")
    parts.apply(fragment('{"a":1]', name="f", id="c"))
    parts.apply(chunk(finish="tool_calls"))

    assert b"event: failed" in sj.emit.Patch().close(parts.parts)
    assert sj.emit.Text().close(()) == b""


def test_nothing_may_come_before_a_document():
    out = sj.emit.AISDK("m", "data", min_interval_s=0)
    out.update(())
    assembler = sj.Assembler()
    assembler.apply_delta("a", 1)

    assert b'"data-document"' in out.update(assembler.snapshot())


def test_text_that_is_replaced_can_not_be_sent():
    whole = {"type": "response.output_text.done", "item_id": "m1", "output_index": 0, "content_index": 0, "text": "no"}
    begun = {
        "type": "response.output_text.delta",
        "item_id": "m1",
        "output_index": 0,
        "content_index": 0,
        "delta": "ye",
    }
    out, parts = sj.emit.AISDK("m", min_interval_s=0), sj.PartAssembler(on_conflict="replace")
    out.update(parts.apply(begun))
    with pytest.raises(sj.ConflictError, match="was replaced") as caught:
        out.update(parts.apply(whole))

    assert caught.value.code == "not_append_only"


def test_one_emitter_sends_parts_or_a_document():
    parts = sj.PartAssembler()
    (part,) = parts.apply(said("x"))
    out = sj.emit.AISDK("m")
    out.update(part)
    with pytest.raises(TypeError, match="has got parts"):
        out.update(part.snapshot)
    parts.apply(fragment("{}", name="f", id="c"))
    with pytest.raises(TypeError, match="sends one document"):
        sj.emit.Patch().update(parts.parts)


def test_protocol_of_one_document_takes_that_of_a_part():
    parts = sj.PartAssembler(content="json")
    (part,) = parts.apply(said('{"a": 1}'))

    assert sj.emit.Text().close(part) == b'{"a":1}'


def test_protocol_of_one_document_refuses_a_second_part():
    events = [said('{"a": 1'), fragment("{}", name="f", id="c")]
    answer, out = sj.assemble_parts(events, content="json"), sj.emit.Text(min_interval_s=0)
    out.update(next(answer))
    with pytest.raises(TypeError, match="has several parts"):
        out.update(next(answer))


def test_pieces_of_several_parts_come_together():
    parts, now = sj.PartAssembler(), [0.0]
    out = sj.emit.AISDK("m", clock=lambda: now[0])
    (part,) = parts.apply(said("a"))
    assert out.update(part)
    for text in ("b", "c"):
        (part,) = parts.apply(said(text))
        assert out.update(part) == b""
    now[0] += 1

    assert [event["delta"] for event in events_of(out.update(()))] == ["bc"]


def test_state_that_agent_and_page_share_is_set_whole():
    def snapshot(value: Any) -> dict[str, Any]:
        return {"type": "STATE_SNAPSHOT", "snapshot": value}

    events = [
        {"type": "RUN_STARTED"}, {"type": "STATE_DELTA", "delta": []}, snapshot({"a": 1}), snapshot({"a": 2}),
        {"type": "RUN_FINISHED"},
    ]  # fmt: skip
    patch = events.pop(1)
    sent, _ = sent_by(sj.emit.AGUI("t", "r", min_interval_s=0), events)
    assert events_of(sent)[1:-1] == [snapshot({"a": 1}), snapshot({"a": 2})]
    sent, _ = sent_by(sj.emit.AISDK("m", min_interval_s=0), events)
    assert events_of(sent)[1:-1] == [{"type": "data-state", "id": "m-state", "data": {"a": value}} for value in (1, 2)]
    sent, _ = sent_by(sj.emit.OpenAI(min_interval_s=0), events)
    assert [event["choices"][0]["finish_reason"] for event in events_of(sent)] == ["stop"]
    sent, _ = sent_by(sj.emit.AGUI("t", "r", min_interval_s=0), [*events[:1], patch, *events[-1:]])
    assert [event["type"] for event in events_of(sent)] == ["RUN_STARTED", "RUN_ERROR"]
    named = [*events[:1], snapshot(json.loads('{"__proto__": 1}')), *events[-1:]]
    sent, _ = sent_by(sj.emit.AISDK("m", min_interval_s=0), named)
    assert "__proto__" in events_of(sent)[-1]["errorText"]


def test_run_without_parts_is_whole():
    sent, _ = sent_by(sj.emit.AISDK("m"), [{"type": "RUN_STARTED"}, {"type": "RUN_FINISHED"}])

    assert events_of(sent)[-1] == {"type": "finish", "finishReason": "stop"}


CUT_CHOICE = [
    said("a", choice=0), chunk(finish="length", choice=0), said("b", choice=1), chunk(finish="stop", choice=1),
]  # fmt: skip


@pytest.mark.parametrize("options", [{"min_interval_s": 0}, {"clock": lambda: 0.0}], ids=["at once", "at the end"])
def test_text_that_a_limit_cut_has_no_end_before_another_begins(options: Any) -> None:
    """A client would take it for whole."""
    sent, _ = sent_by(sj.emit.AISDK("m", **options), CUT_CHOICE)
    assert [(event["type"], event.get("id")) for event in events_of(sent)[1:]] == [
        ("text-start", "m-0"), ("text-delta", "m-0"), ("text-start", "m-1"), ("text-delta", "m-1"),
        ("text-end", "m-1"), ("finish", None),
    ]  # fmt: skip
    sent, _ = sent_by(sj.emit.AGUI("t", "r", **options), CUT_CHOICE)
    assert [event["messageId"] for event in events_of(sent) if event["type"] == "TEXT_MESSAGE_END"] == ["r-1"]
    sent, _ = sent_by(sj.emit.AISDK("m", **options), CUT_CHOICE[:2])
    assert [event["type"] for event in events_of(sent)[-2:]] == ["text-end", "finish"]


def test_whole_input_of_a_call_is_not_given_where_the_answer_failed():
    """Nothing says that the model meant to call: the failure came before its end."""
    events = [fragment("{}", name="f", id="c"), {"error": {"message": "Overloaded"}}]
    sent, _ = sent_by(sj.emit.AISDK("m", min_interval_s=0), events)

    assert [event["type"] for event in events_of(sent)][-2:] == ["tool-input-error", "error"]


@pytest.mark.parametrize("pace", [{"min_interval_s": 0}, {"clock": lambda: 0.0}], ids=["at once", "at the end"])
def test_a_call_that_is_renamed_is_not_sent_under_its_old_name(pace: Any) -> None:
    def call(kind: str, **members: Any) -> dict[str, Any]:
        return {"type": f"tool-input-{kind}", "toolCallId": "c", **members}

    events = [
        {"type": "start"},
        call("start", toolName="delete_all"),
        call("delta", inputTextDelta='{"id":1'),
        call("start", toolName="show"),
        call("delta", inputTextDelta='{"id":1}'),
        call("available", toolName="show", input={"id": 1}),
        {"type": "finish", "finishReason": "tool-calls"},
    ]
    for out in (sj.emit.AGUI("t", "r", **pace), sj.emit.OpenAI(created=1, **pace)):
        sent, _ = sent_by(out, events)
        assert b'"show"' not in sent
        with pytest.raises(sj.StreamFailedError, match="renamed"):
            sj.assemble_parts(sj.decode_sse([sent])).final()
    sent, _ = sent_by(sj.emit.AISDK("m", **pace), events)
    (part,) = sj.assemble_parts(sj.decode_sse([sent])).final()
    assert (part.name, part.value, part.end) == ("show", {"id": 1}, "done")
