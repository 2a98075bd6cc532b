"""The push interface: events in, the parts that changed out; errors are final; a checkpoint continues an answer."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

import streamjson as sj
from chat import MESSAGE, block, call_block, candidate, chunk, delta, ended, fragment, function, response, said, stop


@attrs.define
class Trip:
    city: str


def apply_all(parts: sj.PartAssembler, *events: Any) -> sj.PartAssembler:
    for event in events:
        parts.apply(event)
    return parts


def test_a_part_has_changed_when_it_begins_grows_is_named_or_ends() -> None:
    parts = sj.PartAssembler()
    (part,) = parts.apply(fragment("", name="book", id="c1"))
    assert (part.kind, part.name, part.id, part.end, part.complete) == ("call", "book", "c1", "open", False)
    assert parts.apply(fragment('{"city": "Lis')) == [part]
    assert part.value == {"city": "Lis"}
    assert parts.apply(chunk()) == []
    assert parts.apply(fragment('bon"}')) == [part]
    assert (part.complete, part.end) == (True, "open")
    assert parts.apply(chunk(finish="tool_calls")) == [part]
    assert (part.complete, part.end, part.finish, parts.finish) == (True, "done", "tool_calls", "tool_calls")
    assert part.snapshot.complete
    assert parts.parts == (part,)
    assert parts.provider == "openai_chat"
    assert repr(part) == "<Part call 'book': done>"


def test_two_parts_of_one_event_come_in_the_order_of_their_change() -> None:
    both = {"content": "Hi", "tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]}
    assert [part.kind for part in sj.PartAssembler().apply(chunk(both))] == ["text", "call"]


def test_events_of_the_wire_mappings_and_objects_are_the_same() -> None:
    event = said("Hi")
    as_object = json.loads(json.dumps(event), object_hook=lambda fields: SimpleNamespace(**fields))
    for given in (event, sj.ServerSentEvent(json.dumps(event)), {"data": json.dumps(event), "id": "7"}, as_object):
        assert sj.PartAssembler().apply(given)[0].value == "Hi"


def test_without_a_reason_of_the_provider_the_end_is_a_cut() -> None:
    for last in ("", "[DONE]"):
        parts = apply_all(sj.PartAssembler(), said("Hi"), sj.ServerSentEvent(last))
        parts.close()
        assert parts.parts[0].end == "cut"
        assert not parts.parts[0].complete
        assert parts.end == ("done" if last else "eof")


def test_after_the_end_and_after_an_error_nothing_is_applied() -> None:
    parts = apply_all(sj.PartAssembler(), said("Hi"))
    parts.close()
    assert parts.close() == []
    with pytest.raises(sj.ClosedError, match="the answer has ended"):
        parts.apply(said("more"))
    parts = apply_all(sj.PartAssembler(), said("Hi"))
    with pytest.raises(sj.InvalidEventError):
        parts.apply(5)
    with pytest.raises(sj.ClosedError, match="was refused"):
        parts.apply(said("more"))
    with pytest.raises(sj.ClosedError, match="has failed"):
        parts.checkpoint()


# ----------------------------------------------------------------------------------------------------------------------
# documents


def test_prose_is_a_string_and_json_a_document() -> None:
    text = '{"a": [1, 2'
    assert apply_all(sj.PartAssembler(), said(text)).parts[0].value == text
    part = apply_all(sj.PartAssembler(content="json"), said(text)).parts[0]
    assert (part.value, part.text, part.encoding) == ({"a": [1]}, text, "json")


def test_before_anything_came_prose_is_empty_and_json_is_missing() -> None:
    part = apply_all(sj.PartAssembler(), MESSAGE, block(0, type="text", text="")).parts[0]
    assert part.value == part.text == ""
    part = apply_all(sj.PartAssembler(content="json"), MESSAGE, block(0, type="text", text="")).parts[0]
    assert part.value is sj.MISSING


def test_an_empty_text_that_ended_is_an_empty_string() -> None:
    parts = apply_all(sj.PartAssembler(), MESSAGE, block(0, type="text", text=""), stop(0), ended("end_turn"))
    assert parts.parts[0].snapshot.value == ""
    assert parts.parts[0].complete


def test_a_fence_around_json() -> None:
    parts = sj.PartAssembler(content="json", wrapper="fence")
    apply_all(parts, said('```json\n{"a": 1'), said("}\n```"), chunk(finish="stop"))
    assert parts.parts[0].value == {"a": 1}
    assert parts.parts[0].complete


def test_a_pair_of_surrogates_from_two_pieces_is_one_character() -> None:
    for content in ("text", "json"):
        parts = apply_all(sj.PartAssembler(content=content), said('"\ud83d'), said('\ude80"'), chunk(finish="stop"))
        assert parts.parts[0].text == '"🚀"'


def test_a_finished_text_that_is_not_json_is_kept_as_an_error_and_the_others_go_on() -> None:
    parts = sj.PartAssembler()
    apply_all(parts, fragment('{"a": b}', name="f", id="1"), fragment('{"a": 1}', name="g", id="2", index=1))
    apply_all(parts, fragment(" ", index=0), chunk(finish="tool_calls"))
    broken, whole = parts.parts
    assert isinstance(broken.error, sj.InvalidTextError)
    assert (broken.error.position, broken.error.event_number) == (6, None)  # events are not pieces of one text
    assert (broken.end, broken.complete, broken.text) == ("done", False, '{"a": b} ')
    assert (whole.end, whole.complete, whole.value) == ("done", True, {"a": 1})
    assert repr(broken) == "<Part call 'f': done, InvalidTextError>"
    with pytest.raises(sj.InvalidTextError):
        broken.structure(Trip)


def test_a_finished_call_whose_json_is_not_whole_has_an_error() -> None:
    part = apply_all(sj.PartAssembler(), fragment('{"a": 1', name="f"), chunk(finish="stop")).parts[0]
    assert isinstance(part.error, sj.StreamTruncatedError)


def test_a_part_is_structured_when_it_is_whole() -> None:
    parts = apply_all(sj.PartAssembler(), fragment('{"city": "Lis', name="book"))
    with pytest.raises(sj.ClosedError, match="is not whole"):
        parts.parts[0].structure(Trip)
    assert parts.parts[0].snapshot.draft(Trip) == Trip("Lis")
    apply_all(parts, fragment('bon"}'))
    assert parts.parts[0].structure(Trip) == Trip("Lisbon")


def test_callbacks_on_the_document_of_a_part() -> None:
    parts = apply_all(sj.PartAssembler(), fragment("", name="book"))
    seen: list[Any] = []
    parts.parts[0].assembler.on("city", lambda change: seen.append(change.delta))
    parts.parts[0].assembler.on_complete("city", lambda done: seen.append(done.value))
    apply_all(parts, fragment('{"city": "Lis'), fragment('bon", "n'))
    assert seen == ["Lis", "bon", "Lisbon"]


@pytest.mark.parametrize(
    "events",
    [
        [fragment("", name="book"), fragment('{"a": 1}')],
        [said("a"), said("b")],
        [candidate(function(name="f", willContinue=True)), candidate(function(partialArgs=[{"jsonPath": "$.a"}]))],
        [candidate(function(name="f", willContinue=True)), candidate(function(args={"a": 1}))],
    ],
)
def test_what_a_callback_on_a_part_raises_comes_after_the_event(events: list[Any]) -> None:
    parts = apply_all(sj.PartAssembler(), events[0])
    parts.parts[0].assembler.on("$..*", _raise)
    parts.parts[0].assembler.on("$", _raise)
    with pytest.raises(ExceptionGroup) as raised:
        parts.apply(events[1])
    assert isinstance(raised.value.exceptions[0], ZeroDivisionError)
    assert parts.end == "open"
    assert parts.parts[0].value not in ("a", {}, sj.MISSING)


def _raise(_: object) -> None:
    raise ZeroDivisionError


def test_what_a_callback_raises_at_the_end_of_a_part_comes_after_the_event() -> None:
    parts = apply_all(sj.PartAssembler(), said("a"))
    parts.parts[0].assembler.on_complete("$", _raise)
    with pytest.raises(ExceptionGroup):
        parts.apply(chunk(finish="stop"))
    assert parts.parts[0].end == "done"


# ----------------------------------------------------------------------------------------------------------------------
# calls


def test_on_call_is_called_once_when_a_call_is_whole_and_passed() -> None:
    parts = sj.PartAssembler()
    seen: list[Any] = []

    @parts.on_call("book", into=Trip)
    def book(call: sj.Call[Trip]) -> None:
        seen.append((call.name, call.id, call.index, call.choice, call.executed_by, call.value))

    parts.on_call(None, lambda call: seen.append(call.name))
    apply_all(parts, fragment('{"city": "Porto"}', name="book", id="1"))
    assert seen == []  # it may be interleaved with others
    apply_all(parts, fragment("{}", name="other", id="2", index=1))
    assert seen == [("book", "1", 0, 0, "client", Trip("Porto")), "book"]
    apply_all(parts, chunk(finish="tool_calls"))
    assert seen[2:] == ["other"]
    assert (book.name, repr(book)) == ("book", "<CallSubscription 'book'>")


def test_on_call_can_be_cancelled_and_its_function_called() -> None:
    parts = sj.PartAssembler()
    seen: list[Any] = []
    handle = parts.on_call()(seen.append)
    assert repr(handle) == "<CallSubscription all>"
    handle(5)  # type: ignore[arg-type]
    handle.cancel()
    handle.cancel()
    apply_all(parts, candidate(function(name="f", args={})))
    assert seen == [5]


def test_mistakes_with_on_call_show_where_they_are_made() -> None:
    parts = sj.PartAssembler()

    async def later(call: object) -> None: ...

    with pytest.raises(TypeError, match="coroutine"):
        parts.on_call("f", later)
    with pytest.raises(TypeError, match="name of a tool"):
        parts.on_call(5)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        parts.on_call("f", into=5)


def test_errors_of_callbacks_and_misfits_are_raised_together_after_the_event() -> None:
    parts = sj.PartAssembler()
    parts.on_call("book", _raise)
    parts.on_call("book", print, into=Trip)
    with pytest.raises(ExceptionGroup) as raised:
        parts.apply(candidate(function(name="book", args={"town": "Porto"})))
    kinds = [type(error) for error in raised.value.exceptions]
    assert kinds == [ZeroDivisionError, sj.StructureError]
    assert parts.parts[0].end == "done"


def test_a_broken_call_is_a_misfit() -> None:
    events = [fragment('{"a"', name="f"), chunk(finish="tool_calls")]
    parts = sj.PartAssembler()
    parts.on_call("f", print)
    with pytest.raises(ExceptionGroup) as raised:
        apply_all(parts, *events)
    (error,) = raised.value.exceptions
    assert isinstance(error, sj.StructureError)
    assert (error.code, error.value) == ("not_json", '{"a"')
    misfits: list[Any] = []
    parts = sj.PartAssembler(on_misfit=misfits.append)
    parts.on_call("f", _raise)
    apply_all(parts, *events)
    assert [type(error) for error in misfits] == [sj.StructureError]


def test_calls_of_an_event_that_fails_later_are_reported_before_the_error() -> None:
    """What a callback raises then is the cause of the error."""
    parts = sj.PartAssembler()
    seen: list[Any] = []
    parts.on_call(None, lambda call: seen.append(call.value))
    bad = candidate(function(name="f", args={"a": 1}), function(partialArgs=[{"jsonPath": "$.a", "boolValue": True}]))
    with pytest.raises(sj.InvalidEventError, match="no name"):
        parts.apply(bad)
    assert seen == [{"a": 1}]
    parts = sj.PartAssembler()
    parts.on_call(None, _raise)
    with pytest.raises(sj.InvalidEventError) as raised:
        parts.apply(bad)
    assert isinstance(raised.value.__cause__, ExceptionGroup)


# ----------------------------------------------------------------------------------------------------------------------
# failures


@pytest.mark.parametrize(
    ("event", "kind", "message"),
    [
        ({"error": {"message": "busy", "type": "overloaded"}}, "overloaded", "busy"),
        ({"error": "busy"}, None, "busy"),
        ({"error": {"code": 429, "message": "busy", "status": "LIMIT"}}, "429", "busy"),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, "overloaded_error", "busy"),
        ({"type": "error", "code": "x", "message": "busy", "param": None}, "x", "busy"),
        (SimpleNamespace(type="error", code="x", message="busy"), "x", "busy"),
        (sj.ServerSentEvent('{"type": "error", "message": "busy"}', event="error"), None, "busy"),
        (sj.ServerSentEvent('{"message": "busy"}', event="error"), None, "busy"),
        (sj.ServerSentEvent("busy", event="error"), None, "busy"),
    ],
)
def test_a_failure_ends_the_answer_with_the_parts_so_far(event: Any, kind: str | None, message: str) -> None:
    for before in ([], [said("Hi")]):
        parts = apply_all(sj.PartAssembler(), *before)
        with pytest.raises(sj.StreamFailedError) as raised:
            parts.apply(event)
        assert (raised.value.error_type, raised.value.error_message) == (kind, message)
        assert raised.value.parts == parts.parts
        assert [part.end for part in parts.parts] == ["failed"] * len(before)
        assert parts.end == "failed"
        assert raised.value.event_number == len(before) + 1


def test_what_was_proved_before_a_failure_stays_done() -> None:
    parts = apply_all(sj.PartAssembler(), candidate(function(name="f", args={})))
    with pytest.raises(sj.StreamFailedError):
        parts.apply({"error": "busy"})
    assert parts.parts[0].end == "done"


def test_a_second_answer_in_the_stream_is_an_error_or_a_reset() -> None:
    again = [MESSAGE, *call_block(0, '{"a": 1}'), MESSAGE, block(0, type="text", text="Hi")]
    parts = sj.PartAssembler()
    with pytest.raises(sj.StreamFailedError) as raised:
        apply_all(parts, *again)
    assert raised.value.code == "new_run"
    parts = apply_all(sj.PartAssembler(on_new_run="reset"), *again)
    assert [part.value for part in parts.parts] == ["Hi"]
    created = [response("created", response={"id": name}) for name in ("r1", "r1", "r2")]
    with pytest.raises(sj.StreamFailedError, match="started over"):
        apply_all(sj.PartAssembler(), *created)


def test_calls_after_a_reset_are_reported_too() -> None:
    parts = sj.PartAssembler(on_new_run="reset")
    seen: list[Any] = []
    parts.on_call(None, lambda call: seen.append(call.value))
    for number in (1, 2):
        apply_all(parts, MESSAGE, *call_block(0, f"[{number}]"))
    assert seen == [[1], [2]]


@pytest.mark.parametrize(
    ("events", "what"),
    [
        ([{"json_path": "a"}], "call assemble"),
        ([{"event_type": "stream-start", "is_finished": False}], "Cohere v1, which is not read"),
        ([{"type": "content_block_delta", "index": 0, "delta": {}}], "pass provider="),
        ([{"type": "wonder"}], "no provider that is read"),
        ([{"what": 1}], "no provider that is read"),
        ([{1: {}}], "no provider that is read"),
        ([{"type": "content", "delta": "x", "role": "assistant"}], "no provider that is read"),
        ([{"contentBlockStop": {"contentBlockIndex": 0}}], "Bedrock ConverseStream, but not one that begins"),
        ([{"created_at": "2026-11-20", "message": {}}], "Ollama, but not one that begins"),
        ([{"type": "content-delta", "index": 0}], "Cohere v2, but not one that begins"),
        ([{"type": "tool_call_delta", "tool_call_index": 0}], "Opper v3, but not one that begins"),
        ([said("Hi"), {"type": "content_block_stop", "index": 0}], "Anthropic Messages, in a stream of openai_chat"),
        ([said("Hi"), MESSAGE], "in a stream of openai_chat"),
        ([MESSAGE, said("Hi")], "OpenAI Chat Completions, in a stream of anthropic"),
        ([candidate({"text": "Hi"}), MESSAGE], "in a stream of gemini"),
        ([candidate({"text": "Hi"}), {"delta": "x", "json_path": "a"}], "call assemble"),
    ],
)
def test_an_event_of_another_protocol_is_refused(events: list[Any], what: str) -> None:
    with pytest.raises(sj.InvalidEventError, match=what) as raised:
        apply_all(sj.PartAssembler(), *events)
    assert raised.value.code == "foreign_event"


def test_a_look_at_a_call_that_is_empty_changes_nothing() -> None:
    parts = apply_all(sj.PartAssembler(), MESSAGE, block(0, type="tool_use", id="t", name="f", input={"a": 1}))
    assert (parts.parts[0].text, parts.checkpoint()[:1]) == ("", b"{")
    apply_all(parts, stop(0), ended("tool_use"))
    assert parts.parts[0].value == {"a": 1}


def test_unknown_events_of_a_known_provider_are_counted() -> None:
    parts = apply_all(
        sj.PartAssembler(),
        {"type": "ping"},
        sj.ServerSentEvent("{}", event="ping"),
        MESSAGE,
        {"type": "vibe_check"},
        {"type": "ping"},
    )
    assert (parts.provider, parts.ignored_count) == ("anthropic", 1)
    parts = apply_all(sj.PartAssembler(), said("Hi"), {"usage": {}})
    assert parts.ignored_count == 1
    parts = apply_all(sj.PartAssembler(), candidate({"text": "Hi"}), {"usageMetadata": {}}, {"news": 1})
    assert parts.ignored_count == 1


@pytest.mark.parametrize(
    "event", [None, 5, [1], ("a",), b"data", "data: {}", sj.ServerSentEvent("[1]"), sj.ServerSentEvent("5")]
)
def test_what_is_no_event_is_refused(event: object) -> None:
    with pytest.raises(sj.InvalidEventError):
        sj.PartAssembler().apply(event)


def test_an_error_says_where() -> None:
    parts = sj.PartAssembler()
    events = list(sj.decode_sse([b'data: {"choices": []}\n\nid: 7\ndata: {"choices"\n\n']))
    parts.apply(events[0])
    with pytest.raises(sj.InvalidEventError) as raised:
        parts.apply(events[1])
    assert (raised.value.code, raised.value.event_number, raised.value.offset) == ("bad_json", 2, 23)
    assert raised.value.last_event_id == "7"


def test_limits_bound_each_part_and_their_number() -> None:
    parts = sj.PartAssembler(limits=sj.Limits(max_parts=2))
    apply_all(parts, fragment("{}", name="f", id="1"), fragment("{}", name="f", id="2"))
    with pytest.raises(sj.LimitExceededError) as raised:
        parts.apply(fragment("{}", name="f", id="3"))
    assert raised.value.limit == "max_parts"
    assert [part.end for part in parts.parts] == ["failed", "failed"]
    with pytest.raises(sj.LimitExceededError) as raised:
        apply_all(sj.PartAssembler(limits=sj.Limits(max_string_bytes=3)), said("abc"), said("d"))
    assert raised.value.limit == "max_string_bytes"


@pytest.mark.parametrize(
    "options",
    [
        {"provider": "cohere_v1"},
        {"content": "xml"},
        {"on_new_run": "ignore"},
        {"on_conflict": "merge"},
        {"wrapper": "fence"},
        {"on_misfit": "ignore"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not |must|pass"):
        sj.PartAssembler(**options)


def test_limits_are_checked() -> None:
    with pytest.raises(TypeError, match="limits must be"):
        sj.PartAssembler(limits=5)  # type: ignore[arg-type]


def test_it_is_not_copied() -> None:
    with pytest.raises(TypeError, match="checkpoint"):
        copy.copy(sj.PartAssembler())


# ----------------------------------------------------------------------------------------------------------------------
# checkpoints


def test_a_checkpoint_continues_calls_that_were_not_reported() -> None:
    parts = apply_all(sj.PartAssembler(), MESSAGE, *call_block(0, "[0]"), *call_block(1, "[1")[:2])
    restored = sj.PartAssembler.restore(parts.checkpoint())
    seen: list[Any] = []
    restored.on_call(None, lambda call: seen.append(call.value))
    apply_all(restored, delta(1, type="input_json_delta", partial_json="]"), stop(1), ended("tool_use"))
    assert seen == [[1]]
    assert [part.value for part in restored.parts] == [[0], [1]]


def test_a_checkpoint_keeps_what_its_parts_are() -> None:
    parts = sj.PartAssembler()
    apply_all(parts, fragment('{"a": b', name="f", id="1"), fragment({"b": 1}, name="g", id="2"), chunk(finish="stop"))
    restored = sj.PartAssembler.restore(parts.checkpoint())
    for part, other in zip(parts.parts, restored.parts, strict=True):
        for name in (
            "kind",
            "id",
            "name",
            "index",
            "choice",
            "text",
            "value",
            "end",
            "finish",
            "complete",
            "executed_by",
        ):
            assert getattr(part, name) == getattr(other, name), name
        assert getattr(part.error, "message", None) == getattr(other.error, "message", None)
    assert restored.finish == "stop"
    assert restored.end == "open"


def test_options_of_a_checkpoint_can_not_change() -> None:
    data = apply_all(sj.PartAssembler(content="json"), said("[")).checkpoint()
    assert sj.PartAssembler.restore(data, content="json").parts[0].value == []
    for options in ({"content": "text"}, {"provider": "gemini"}):
        with pytest.raises(sj.CheckpointError) as raised:
            sj.PartAssembler.restore(data, **options)  # type: ignore[arg-type]
        assert raised.value.code == "other_options"


def test_a_checkpoint_of_an_assembler_is_another_kind() -> None:
    with pytest.raises(sj.CheckpointError, match="kind"):
        sj.PartAssembler.restore(sj.Assembler().checkpoint())
    assert sj.PartAssembler.restore(sj.PartAssembler().checkpoint()).provider is None


# ----------------------------------------------------------------------------------------------------------------------
# callbacks that call back, interrupts


def test_nothing_is_applied_from_inside_a_callback() -> None:
    parts = apply_all(sj.PartAssembler(), fragment("", name="f"))
    for call_back in (lambda _: parts.apply(fragment("[")), lambda _: parts.close()):
        handle = parts.parts[0].assembler.on("$..*", call_back)
        with pytest.raises(ExceptionGroup) as raised:
            parts.apply(fragment('{"a": 1, ' if parts.parts[0].text == "" else '"b": 2, '))
        assert raised.value.exceptions[0].code == "applying"  # type: ignore[union-attr]
        handle.cancel()
    apply_all(parts, fragment('"c": 3}'), chunk(finish="stop"))
    assert parts.parts[0].value == {"a": 1, "b": 2, "c": 3}


def test_an_interrupt_in_a_callback_loses_no_other_call() -> None:
    parts = sj.PartAssembler()
    got: list[str | None] = []

    @parts.on_call()
    def interrupt(call: sj.Call[Any]) -> None:
        got.append(call.id)
        if call.id == "a":
            raise KeyboardInterrupt

    calls = [{"index": at, "id": id, "function": {"name": "f", "arguments": "{}"}} for at, id in enumerate("ab")]
    with pytest.raises(KeyboardInterrupt):
        parts.apply(chunk({"tool_calls": calls}, "tool_calls"))
    parts.close()
    assert got == ["a", "b"]


class Interrupting(dict[str, Any]):
    def get(self, key: str, default: Any = None) -> Any:
        raise KeyboardInterrupt


def test_an_interrupt_in_the_middle_of_an_event_ends_the_answer() -> None:
    parts = apply_all(sj.PartAssembler(), said("Hi"))
    with pytest.raises(KeyboardInterrupt):
        parts.apply(chunk({"content": "more", "tool_calls": [Interrupting()]}))
    assert [part.end for part in parts.parts] == ["failed"]
    with pytest.raises(sj.ClosedError):
        parts.apply(said("more"))


class Awaited:
    async def __call__(self, call: object) -> None: ...


def test_coroutines_that_nobody_awaits_are_refused() -> None:
    parts = sj.PartAssembler()
    with pytest.raises(TypeError, match="coroutine"):
        parts.on_call("f", Awaited())

    async def later(call: object) -> None: ...

    parts.on_call("f", lambda call: later(call))  # noqa: PLW0108  # a coroutine function would be refused at once
    with pytest.raises(ExceptionGroup) as raised:
        parts.apply(candidate(function(name="f", args={})))
    assert isinstance(raised.value.exceptions[0], TypeError)


@pytest.mark.parametrize(
    "event",
    [
        {"object": "error", "message": "busy", "code": 500},
        {"errors": [{"message": "busy"}]},
        {"event": "error", "data": {"message": "busy"}},
        {"error": {"message": "busy"}, "choices": [{"delta": {"tool_calls": [{"function": {"arguments": "{}"}}]}}]},
    ],
)
def test_failures_in_other_shapes(event: dict[str, Any]) -> None:
    for before in ([], [said("Hi")]):
        parts = apply_all(sj.PartAssembler(), *before)
        with pytest.raises(sj.StreamFailedError) as raised:
            parts.apply(event)
        assert raised.value.error_message == "busy"


def test_a_stream_of_which_nothing_was_understood_is_no_answer() -> None:
    parts = apply_all(sj.PartAssembler(provider="anthropic"), {"type": "news"}, {"type": "news"})
    with pytest.raises(sj.StreamFailedError, match="none of its 2 events") as raised:
        parts.close()
    assert raised.value.code == "no_deltas"


def test_an_object_that_happens_to_have_data_is_an_event() -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        sj.PartAssembler().apply(SimpleNamespace(data=None, server_content="Hi"))
    assert raised.value.code == "foreign_event"
    assert sj.PartAssembler().apply(SimpleNamespace(data=None, choices=said("Hi")["choices"]))[0].value == "Hi"


def test_parts_of_a_run_that_is_given_up_are_cut() -> None:
    parts = apply_all(sj.PartAssembler(on_new_run="reset"), MESSAGE, block(0, type="text", text="a"))
    (old,) = parts.parts
    apply_all(parts, MESSAGE)
    assert (old.end, parts.parts) == ("cut", ())


def test_raw_text_of_many_pieces_and_read_at_any_time() -> None:
    parts = apply_all(sj.PartAssembler(), fragment("[", name="f"))
    for number in range(3000):
        parts.apply(fragment(f"{number}, "))
        if number % 2500 == 0:
            assert parts.parts[0].text.endswith(f"{number}, ")  # type: ignore[union-attr]
    apply_all(parts, fragment("0]"), chunk(finish="stop"))
    assert json.loads(parts.parts[0].text or "") == parts.parts[0].value == [*range(3000), 0]


def test_a_text_after_an_object_and_an_object_after_a_text_contradict() -> None:
    item = {"type": "function_call", "id": "i", "call_id": "c", "name": "f"}
    added = response("output_item.added", output_index=0, item=item)
    whole = [
        response("function_call_arguments.done", output_index=0, arguments=value)
        for value in ({"a": 1}, '{"a": 2}', {"a": 3})
    ]
    with pytest.raises(sj.ConflictError):
        apply_all(sj.PartAssembler(), added, whole[0], whole[1])
    for options in ({}, {"on_conflict": "replace"}):
        parts = apply_all(sj.PartAssembler(**options), added, whole[1])  # type: ignore[arg-type]
        if options:
            assert apply_all(parts, whole[2], whole[2]).parts[0].value == {"a": 3}
        else:
            with pytest.raises(sj.ConflictError):
                parts.apply(whole[2])


def test_a_repr_says_what_it_is() -> None:
    assert repr(sj.PartAssembler()) == "<PartAssembler of an unknown provider: 0 parts, open>"


def test_a_failure_that_an_object_reports() -> None:
    with pytest.raises(sj.StreamFailedError) as raised:
        sj.PartAssembler().apply(SimpleNamespace(error={"message": "busy"}))
    assert raised.value.error_message == "busy"


def test_an_object_without_any_known_field_is_foreign() -> None:
    with pytest.raises(sj.InvalidEventError) as raised:
        sj.PartAssembler().apply(SimpleNamespace(what=1))
    assert raised.value.code == "foreign_event"


def test_the_whole_of_a_finished_call_by_paths_may_be_replaced() -> None:
    events = [candidate(function(name="f", id="a", args={"a": number})) for number in (1, 2, 2)]
    parts = apply_all(sj.PartAssembler(on_conflict="replace"), *events)
    assert (parts.parts[0].value, parts.parts[0].complete) == ({"a": 2}, True)
