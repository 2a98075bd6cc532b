"""The rules of application in their order; ids, spans, surrogate halves, the life cycle and every limit."""

from __future__ import annotations

import asyncio
import copy
import enum
import json
import pickle
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, strategies as st

from streamjson import assemble
from streamjson._assembler import Assembler
from streamjson._dialects.quick_chunks import QuickDecoder, quick_decoder, quick_reader
from streamjson._document.document import Document
from streamjson._errors import (
    CheckpointError,
    ClosedError,
    ConflictError,
    InvalidEventError,
    InvalidPathError,
    LimitExceededError,
    StreamJSONError,
)
from streamjson._json import MISSING
from streamjson._limits import Limits
from streamjson._paths.path import parse_path
from streamjson._resume.envelope import seal, unseal
from streamjson._view.change import Change
from streamjson._view.failure import StreamFailedError
from streamjson._wire.event import ServerSentEvent, StreamingChunk

RULES = json.loads((Path(__file__).parent / "vectors" / "rules.json").read_text("utf-8"))
HIGH, LOW, EMOJI, BAD = "\ud83d", "\ude00", "😀", "\ufffd"


def delta(path: str | None, value: object, **fields: object) -> dict[str, object]:
    return {"delta": value, "json_path": path, **fields}


def event(data: object, kind: str = "message", **fields: Any) -> ServerSentEvent[Any]:
    """Return an event whose data is text, as from the wire."""
    text = data if isinstance(data, str) else json.dumps(data)
    return ServerSentEvent(text, event=kind, **fields)


def assembled(*deltas: tuple[str, object], **options: Any) -> Assembler:
    assembler = Assembler(**options)
    for path, value in deltas:
        assembler.apply_delta(path, value)  # type: ignore[arg-type]
    return assembler


def value_of(assembler: Assembler) -> Any:
    return assembler.snapshot().copy_value()


def state(assembler: Assembler) -> tuple[object, ...]:
    """Return everything that a rejected event must leave unchanged."""
    value = value_of(assembler)
    return (
        assembler.version, None if value is MISSING else json.dumps(value), assembler.last_event_id,
        assembler.span_id, assembler.end, assembler.passed_over, assembler.snapshot().complete,
    )  # fmt: skip


def rejected(
    assembler: Assembler, call: object, kind: type[StreamJSONError] = StreamJSONError, code: str | None = None
) -> Any:
    """Apply an event, or make a call, that must be rejected without a change; return the error."""
    before = state(assembler)
    action = call if callable(call) else lambda: assembler.apply(call)
    with pytest.raises(kind) as info:
        action()
    assert state(assembler) == before
    if code is not None:
        assert info.value.code == code
    return info.value


def seen(change: Change | None) -> tuple[str, str, object, int] | None:
    """Return a change as a tuple."""
    return None if change is None else (change.kind, str(change.path), change.delta, change.version)


def with_before(change: Change | None) -> list[tuple[str, str, object, int] | None]:
    """Return a change and the changes before it in the same event, oldest first."""
    chain: list[tuple[str, str, object, int] | None] = []
    while change is not None:
        chain.insert(0, seen(change))
        change = change.before
    return chain


# ---------------------------------------------------------------------------------------------------------------------
# which delta may follow which value

rules = pytest.mark.parametrize("row", [pytest.param(row, id=row["name"]) for row in RULES])


@rules
def test_rule(row: dict[str, Any]) -> None:
    assembler = assembled(*row["first"])
    path, value = row["delta"]
    if row["outcome"] == "conflict":
        error = rejected(assembler, lambda: assembler.apply_delta(path, value), ConflictError)
        assert error.code == "type_conflict"
    else:
        version = assembler.version
        change = assembler.apply_delta(path, value)
        assert ("none" if change is None else change.kind) == row["outcome"]
        assert assembler.version == version + len(with_before(change))
    assert json.dumps(value_of(assembler)) == json.dumps(row["value"])


@rules
def test_rule_with_on_conflict_replace(row: dict[str, Any]) -> None:
    assembler = assembled(*row["first"], on_conflict="replace")
    path, value = row["delta"]
    change = assembler.apply_delta(path, value)
    expected = row.get("replace", row["value"])
    assert json.dumps(value_of(assembler)) == json.dumps(expected)
    outcome = "set" if row["outcome"] == "conflict" else row["outcome"]
    assert ("none" if change is None else change.kind) == outcome


@rules
def test_rule_as_an_event(row: dict[str, Any]) -> None:
    assembler = assembled(*row["first"])
    path, value = row["delta"]
    message = event(delta(path, value), id="9")
    if row["outcome"] == "conflict":
        rejected(assembler, message, ConflictError)
    else:
        change = assembler.apply(message)
        assert ("none" if change is None else change.kind) == row["outcome"]
        assert assembler.last_event_id == "9"
    assert json.dumps(value_of(assembler)) == json.dumps(row["value"])


def test_every_pair_of_kinds_has_a_rule() -> None:
    kinds = ["nothing", "hole", "null", "string", "number", "boolean", "object", "array"]
    names = {row["name"] for row in RULES}
    for given_kind in ["null", "string", "number", "boolean", "object", "array"]:
        assert {f"{given_kind} onto {kind}" for kind in kinds} <= names


@pytest.mark.parametrize(
    ("first", "second", "changes"),
    [
        pytest.param(1, 1.0, True, id="an integer, then a float"),
        pytest.param(1, True, True, id="one, then true"),
        pytest.param(0.0, False, True, id="zero, then false"),
        pytest.param(1.5, 1.5, False, id="the same float"),
        pytest.param(False, False, False, id="the same boolean"),
        pytest.param(10**30, 10**30, False, id="the same integer"),
        pytest.param("x", "", False, id="the empty text onto a string"),
        pytest.param({}, {}, True, id="an equal object"),
        pytest.param([1], [1], True, id="an equal array"),
    ],
)
def test_no_change(first: object, second: object, *, changes: bool) -> None:
    assembler = assembled(("a", first))
    assert (assembler.apply_delta("a", second) is not None) is changes  # type: ignore[arg-type]
    assert assembler.version == 1 + changes


def test_argument_is_copied() -> None:
    inner = {"b": [1]}
    assembler = assembled(("a", inner))
    inner["b"].append(2)
    assert value_of(assembler) == {"a": {"b": [1]}}


# ---------------------------------------------------------------------------------------------------------------------
# the rules of application, in their order

X = delta("a", "x")


def failure(assembler: Assembler, given_event: object) -> StreamFailedError:
    with pytest.raises(StreamFailedError) as info:
        assembler.apply(given_event)
    return info.value


@pytest.mark.parametrize("kind", ["message", "ping", "error", ""])
def test_done_ends_the_document_for_any_event_type(kind: str) -> None:
    assembler = assembled(("a", "x"))
    assert assembler.apply(event("[DONE]", kind, id="9")) is None
    assert (assembler.end, assembler.last_event_id, assembler.version) == ("done", "9", 1)
    assert assembler.snapshot().complete
    with pytest.raises(ClosedError):
        assembler.apply(event("[DONE]"))


@pytest.mark.parametrize("data", ["[done]", '"[DONE]"', "[DONE][DONE]", "[ DONE ]"])
def test_only_done_is_done(data: str) -> None:
    assembler = assembled(("a", "x"))
    rejected(assembler, event(data), InvalidEventError)


def test_done_repairs_a_pending_half() -> None:
    assembler = assembled(("a", "x" + HIGH))
    assert seen(assembler.apply(event("[DONE]"))) == ("append", "a", BAD, 2)


ERROR_FIELDS = {"error_type": "quota", "error_message": "Later"}


@pytest.mark.parametrize(
    ("given_event", "reported"),
    [
        pytest.param(event(ERROR_FIELDS), ("quota", "Later"), id="the fields alone"),
        pytest.param(event({"error_type": "quota"}), ("quota", None), id="a type alone"),
        pytest.param(event({"error_message": "Later"}), (None, "Later"), id="a message alone"),
        pytest.param(event({"errorType": "quota", "errorMessage": "Later"}), ("quota", "Later"), id="camel case"),
        pytest.param(event({"chunk_type": "error", **ERROR_FIELDS}), ("quota", "Later"), id="by chunk type"),
        pytest.param(event(delta("a", "y", chunk_type="error", **ERROR_FIELDS)), ("quota", "Later"), id="with a delta"),
        pytest.param(event({**ERROR_FIELDS, "span_id": "other"}), ("quota", "Later"), id="before a new span"),
        pytest.param(event(ERROR_FIELDS, "ping"), ("quota", "Later"), id="before the rule for other event types"),
        pytest.param(event(ERROR_FIELDS, "error"), ("quota", "Later"), id="by event type"),
        pytest.param(event("boom", "error"), (None, "boom"), id="by event type, not JSON"),
        pytest.param(event("[1]", "error"), (None, "[1]"), id="by event type, not an object"),
        pytest.param(event({"message": "boom"}, "error"), (None, "boom"), id="by event type, not a chunk"),
        pytest.param(event("", "error"), (None, ""), id="by event type, no data"),
        pytest.param(event("[" * 500, "error"), (None, "[" * 500), id="by event type, too deeply nested"),
        pytest.param(event('{"delta": 1, "json_path": 2}', "error"), (None, '{"delta": 1, "json_path": 2}'),
                     id="by event type, a field of a wrong type"),
        pytest.param(event('{"error_type": 2}', "error"), ("2", None), id="by event type, an error of a wrong type"),
        pytest.param(ServerSentEvent(StreamingChunk(error_type="quota"), event="error"), ("quota", None),
                     id="by event type, a chunk"),
        pytest.param(ServerSentEvent(b"boom", event="error"), (None, None), id="by event type, bytes"),
        pytest.param(StreamingChunk(error_type="quota"), ("quota", None), id="a chunk"),
        pytest.param(StreamingChunk(chunk_type="error"), (None, None), id="a chunk without details"),
    ],
)  # fmt: skip
def test_error_is_final(given_event: object, reported: tuple[str | None, str | None]) -> None:
    assembler = assembled(("a", "x"))
    assembler.apply({"span_id": "s"})
    error = failure(assembler, given_event)
    assert (error.code, error.error_type, error.error_message, error.span_id) == ("stream_error", *reported, "s")
    assert error.snapshot is not None
    assert (error.snapshot.value, error.snapshot.complete, error.snapshot.end) == ({"a": "x"}, False, "open")
    with pytest.raises(ClosedError):
        assembler.apply(X)
    with pytest.raises(ClosedError):
        assembler.apply_delta("a", "y")
    assert assembler.close() is None
    assert (assembler.end, assembler.snapshot().complete, value_of(assembler)) == ("open", False, {"a": "x"})


def test_id_of_an_error_is_recorded() -> None:
    assembler = assembled(("a", "x"))
    assembler.apply(event({}, id="1"))
    error = failure(assembler, event(ERROR_FIELDS, id="2"))
    assert (assembler.last_event_id, error.last_event_id) == ("2", "2")
    assert error.snapshot is not None
    assert error.snapshot.last_event_id == "2"


@pytest.mark.parametrize(
    "given_event",
    [
        pytest.param(delta("a", "y", **ERROR_FIELDS), id="error fields and a delta"),
        pytest.param(delta("a", "y", chunk_type="unheard"), id="an unknown chunk type"),
        pytest.param(delta("a", "y", chunk_type="text"), id="a text chunk with a path"),
        pytest.param(delta("a", "y", chunk_type="ERROR"), id="a chunk type is compared exactly"),
        pytest.param(event(delta("a", "y"), "ping"), id="an event of another type with a delta"),
        pytest.param(ServerSentEvent(StreamingChunk("y", "a"), event="ping"), id="another type, a chunk"),
        pytest.param(ServerSentEvent(delta("a", "y"), event="Error"), id="an event type is compared exactly"),
    ],
)
def test_delta_with_a_path_is_applied_there(given_event: object) -> None:
    assembler = assembled(("a", "x"))
    assert seen(assembler.apply(given_event)) == ("append", "a", "y", 2)
    assert assembler.passed_over == 0


@pytest.mark.parametrize("kind", ["message", "ping", "keepalive"])
def test_empty_data_records_ids_only(kind: str) -> None:
    assembler = assembled(("a", "x"))
    assert assembler.apply(event("", kind, id="4")) is None
    assert (assembler.last_event_id, assembler.version, assembler.passed_over) == ("4", 1, 0)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("{}", id="an empty object"),
        pytest.param("keep going", id="not JSON"),
        pytest.param("[1, 2]", id="an array"),
        pytest.param('{"time": 7}', id="other fields"),
        pytest.param('{"json_path": "a", "chunk_type": "json"}', id="a path without a delta"),
        pytest.param('{"json_path": 7}', id="a path that is not text, without a delta"),
        pytest.param('{"span_id": null}', id="a null span"),
        pytest.param("NaN", id="NaN"),
    ],
)
def test_event_of_another_type_without_a_delta_is_passed_over(data: str) -> None:
    assembler = assembled(("a", "x"))
    assert assembler.apply(event(data, "ping", id="4")) is None
    assert (assembler.last_event_id, assembler.version, assembler.passed_over) == ("4", 1, 1)
    assert assembler.apply(ServerSentEvent(StreamingChunk(), event="ping")) is None
    assert assembler.apply(ServerSentEvent(b"bytes", event="ping")) is None
    assert assembler.passed_over == 3


@pytest.mark.parametrize(
    "data",
    [
        pytest.param('{"delta": 1, "json_path": 7}', id="a delta, a path of a wrong type"),
        pytest.param('{"span_id": 7}', id="a span of a wrong type"),
        pytest.param('{"spanId": 7}', id="a span of a wrong type, camel case"),
        pytest.param('{"delta": null, "chunk_type": 7}', id="a null delta, a chunk type of a wrong type"),
    ],
)
def test_invalid_chunk_in_an_event_of_another_type_is_rejected(data: str) -> None:
    rejected(assembled(("a", "x")), event(data, "ping", id="4"), InvalidEventError)


def test_event_of_another_type_may_set_the_span() -> None:
    assembler = Assembler()
    assert assembler.apply(event({"span_id": "s"}, "start")) is None
    assert (assembler.span_id, assembler.passed_over) == ("s", 0)


@pytest.mark.parametrize(
    "data", [{}, {"span_id": "s"}, {"json_path": "b"}, {"model": "m"}, {"chunk_type": "json", "json_path": None}]
)
def test_event_without_a_delta_changes_nothing(data: dict[str, object]) -> None:
    assembler = assembled(("a", "x"))
    assert assembler.apply(event(data, id="4")) is None
    assert (assembler.version, assembler.last_event_id, assembler.span_id) == (1, "4", data.get("span_id"))


def test_empty_path_is_the_root() -> None:
    assembler = Assembler()
    assert seen(assembler.apply(delta("", {"a": 1}))) == ("set", "", {"a": 1}, 1)
    assembler = Assembler()
    assert seen(assembler.apply(delta("$", 7))) == ("set", "", 7, 1)


# ---------------------------------------------------------------------------------------------------------------------
# text mode: a delta without a path


@pytest.mark.parametrize("options", [{}, {"path_prefix": "response"}, {"path_prefix": "$"}], ids=str)
def test_text_without_a_path_grows_a_string_at_the_root(options: dict[str, str]) -> None:
    assembler = Assembler(**options)  # type: ignore[arg-type]
    changes = [assembler.apply({"delta": piece, "chunk_type": "text"}) for piece in ("He", "", "llo", " ", EMOJI)]
    assert [seen(change) for change in changes] == [
        ("set", "", "He", 1), None, ("append", "", "llo", 2), ("append", "", " ", 3), ("append", "", EMOJI, 4),
    ]  # fmt: skip
    assert value_of(assembler) == "Hello 😀"


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("first", [(), (("", "x"),), (("a", 1),)], ids=["nothing", "text", "an object"])
def test_null_or_empty_text_without_a_path_changes_nothing(
    value: object, first: tuple[tuple[str, object], ...]
) -> None:
    assembler = assembled(*first)
    version = assembler.version
    for given_event in ({"delta": value}, delta(None, value), event({"delta": value}), StreamingChunk(value)):  # type: ignore[arg-type]
        assert assembler.apply(given_event) is None
    assert assembler.version == version


@pytest.mark.parametrize("value", [0, 1, 1.5, True, False, {}, [], {"a": 1}, [1]], ids=repr)
def test_other_values_without_a_path_are_rejected(value: object) -> None:
    for first in ((), (("", "x"),)):
        rejected(assembled(*first), event({"delta": value}, id="4"), InvalidEventError, "missing_path")


def test_text_without_a_path_conflicts_with_an_object() -> None:
    assembler = assembled(("a", 1))
    rejected(assembler, {"delta": "x"}, ConflictError)
    assembler = assembled(("a", 1), on_conflict="replace")
    assert seen(assembler.apply({"delta": "x"})) == ("set", "", "x", 2)


# ---------------------------------------------------------------------------------------------------------------------
# ids


@pytest.mark.parametrize(
    ("events", "recorded"),
    [
        pytest.param([event(X)], "", id="none"),
        pytest.param([event(X, id="1")], "1", id="the event's own"),
        pytest.param([event(X, id="1"), event(X)], "1", id="the previous one stays"),
        pytest.param([event(X, id="1"), event(X, id="")], "", id="an empty own id counts"),
        pytest.param([event(X, last_event_id="2")], "2", id="the persistent one"),
        pytest.param([event(X, id="1", last_event_id="2")], "1", id="its own takes precedence"),
        pytest.param([event(X, id="", last_event_id="2")], "", id="an empty own one takes precedence"),
        pytest.param([event(X, id="1"), event(X, last_event_id="")], "1", id="an empty persistent one does not count"),
        pytest.param([event(X, id="1"), event(X, id="1")], "1", id="ids may repeat"),
        pytest.param([event(X, id="1"), event("", id="2")], "2", id="empty data"),
        pytest.param([event(X, id="1"), event({}, id="2")], "2", id="no delta"),
        pytest.param([event(X, id="1"), event(delta("a", ""), id="2")], "2", id="no change"),
        pytest.param([event(X, id="1"), event("x", "ping", id="2")], "2", id="passed over"),
        pytest.param([event(X, id="1"), event("[DONE]", id="2")], "2", id="the end"),
        pytest.param([event(X, id="1"), X], "1", id="a chunk has no id"),
        pytest.param([event(X, id="1"), {"data": "", "id": None, "last_event_id": "2"}], "2", id="a mapping"),
    ],
)
def test_recorded_id(events: list[object], recorded: str) -> None:
    assembler = Assembler()
    for given_event in events:
        assembler.apply(given_event)
    assert assembler.last_event_id == recorded
    assert assembler.snapshot().last_event_id == recorded


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(event("no JSON", id="2"), id="not JSON"),
        pytest.param(event(delta("a", 1), id="2"), id="a conflict"),
        pytest.param(event(delta("a[*]", 1), id="2"), id="a bad path"),
        pytest.param(event(delta("b[5000]", 1), id="2"), id="a limit"),
        pytest.param(event({"delta": 1, "span_id": "t"}, id="2"), id="no path, a first span"),
        pytest.param(event('{"delta": 1, "span_id": 7}', "ping", id="2"), id="another type, an invalid chunk"),
        pytest.param({"data": "{}", "id": "2", "event": 7}, id="not an event"),
        pytest.param(b"id: 2", id="bytes"),
    ],
)
def test_rejected_event_records_neither_id_nor_span(bad: object) -> None:
    """The stream continues after it."""
    assembler = Assembler()
    assembler.apply(event(X, id="1"))
    for _ in range(2):
        error = rejected(assembler, bad)
        assert error.last_event_id == "1"
    assert seen(assembler.apply(event(X, id="3"))) == ("append", "a", "x", 2)
    assert (assembler.last_event_id, assembler.span_id) == ("3", None)


# ---------------------------------------------------------------------------------------------------------------------
# spans


def test_span_is_recorded_and_shown() -> None:
    assembler = Assembler()
    assert assembler.span_id is None
    assembler.apply({"span_id": "s"})
    early = assembler.snapshot()
    assembler.apply(X)
    assert (assembler.span_id, early.span_id, assembler.snapshot().span_id) == ("s", "s", "s")


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([{"span_id": "s"}, {"span_id": "t"}], id="before any delta"),
        pytest.param([{"span_id": "s"}, X, {"span_id": "s"}, {**X, "span_id": "s"}], id="the same again"),
        pytest.param([X, {"span_id": "s"}], id="the first one, after deltas"),
        pytest.param([{**X, "span_id": "s"}, {**X, "span_id": None}], id="null is absent"),
    ],
)
def test_known_span_changes_nothing(events: list[object]) -> None:
    for mode in ("error", "reset"):
        assembler = Assembler(on_new_span=mode)  # type: ignore[arg-type]
        changes = [change for given_event in events if (change := assembler.apply(given_event))]
        assert all(change.before is None for change in changes)
        assert value_of(assembler) == ({"a": "x" * len(changes)} if changes else MISSING)


def test_rejected_delta_does_not_start_a_document() -> None:
    assembler = Assembler()
    assembler.apply({"span_id": "s"})
    rejected(assembler, {"delta": 1})
    assembler.apply({"span_id": "t"})
    assert assembler.span_id == "t"


@pytest.mark.parametrize(
    "first",
    [lambda a: a.apply(X), lambda a: a.apply(event(X)), lambda a: a.apply_delta("a", "x")],
    ids=["event", "event from the wire", "delta"],
)
@pytest.mark.parametrize("last", [{"span_id": "t"}, {**X, "span_id": "t"}, {"delta": 1, "span_id": "t"}], ids=str)
def test_new_span_after_deltas_is_final(first: Callable[[Assembler], object], last: dict[str, object]) -> None:
    assembler = Assembler()
    assembler.apply({"span_id": "s"})
    first(assembler)
    error = failure(assembler, event(last, id="7"))
    assert (error.code, error.span_id, error.new_span_id, error.last_event_id) == ("new_span", "s", "t", "7")
    assert error.snapshot is not None
    assert (error.snapshot.value, error.snapshot.span_id) == ({"a": "x"}, "s")
    assert (assembler.last_event_id, assembler.span_id) == ("7", "s")
    with pytest.raises(ClosedError):
        assembler.apply(X)


def spanned(*deltas: tuple[str, object], **options: Any) -> Assembler:
    assembler = Assembler(on_new_span="reset", **options)
    assembler.apply(event({"span_id": "s"}, id="1"))
    for path, value in deltas:
        assembler.apply_delta(path, value)  # type: ignore[arg-type]
    return assembler


def test_new_span_starts_an_empty_document() -> None:
    assembler = spanned(("a", "x"), ("b", 1))
    old = assembler.snapshot()
    change = assembler.apply(event({"delta": "y", "json_path": "c", "span_id": "t"}, id="2"))
    assert with_before(change) == [("set", "", MISSING, 3), ("set", "c", "y", 4)]
    assert (value_of(assembler), old.value) == ({"c": "y"}, {"a": "x", "b": 1})
    assert (assembler.span_id, assembler.last_event_id, assembler.end) == ("t", "2", "open")
    assert [seen(change) for change in assembler.snapshot().changes_since(old)] == [("set", "", {"c": "y"}, 4)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"span_id": "t"}, id="no delta"),
        pytest.param({"span_id": "t", "delta": None}, id="null without a path"),
        pytest.param({"span_id": "t", "delta": ""}, id="empty text without a path"),
    ],
)
def test_new_span_without_a_change_returns_the_reset(data: dict[str, object]) -> None:
    assembler = spanned(("a", "x"))
    change = assembler.apply(data)
    assert with_before(change) == [("set", "", MISSING, 2)]
    assert change is not None
    assert (change.value, change.to_chunks()) == (MISSING, [StreamingChunk(None, "")])
    assert (value_of(assembler), assembler.version, assembler.last_event_id) == (MISSING, 2, "")


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        pytest.param({"span_id": "t"}, [], id="no delta"),
        pytest.param({"span_id": "t", "delta": "y", "json_path": "a"}, [("set", "a", "y", 1)], id="a delta"),
    ],
)
def test_new_span_on_an_empty_document_resets_nothing(
    data: dict[str, object], changes: list[tuple[str, str, object, int]]
) -> None:
    assembler = Assembler(on_new_span="reset")
    assembler.apply({"span_id": "s", "delta": None})  # a delta that changes nothing
    assert with_before(assembler.apply(data)) == changes
    assert assembler.span_id == "t"


def test_two_new_spans_in_a_row_are_one_reset() -> None:
    assembler = spanned(("a", "x"))
    assert with_before(assembler.apply({"span_id": "t"})) == [("set", "", MISSING, 2)]
    assembler.apply({"delta": ""})
    assert with_before(assembler.apply({"span_id": "u", **X})) == [("set", "a", "x", 3)]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"span_id": "t", "delta": 1}, id="no path"),
        pytest.param({"span_id": "t", "delta": 1, "json_path": "a[*]"}, id="a bad path"),
        pytest.param({"span_id": "t", "delta": 1, "json_path": "a[9999]"}, id="a limit"),
    ],
)
def test_new_span_with_a_rejected_delta_resets_nothing(bad: dict[str, object]) -> None:
    assembler = spanned(("a", "x" + HIGH))
    rejected(assembler, event(bad, id="2"))
    assert assembler.span_id == "s"
    assert seen(assembler.apply_delta("a", LOW)) == ("append", "a", EMOJI, 2)


def test_new_span_drops_a_pending_half_and_keeps_the_options() -> None:
    assembler = spanned(("r.a", "x" + HIGH), path_prefix="r", on_conflict="replace", limits=Limits(max_nodes=3))
    assert with_before(assembler.apply({"span_id": "t", "delta": LOW, "json_path": "r.a"})) == [
        ("set", "", MISSING, 2), ("set", "a", BAD, 3),
    ]  # fmt: skip
    assert seen(assembler.apply_delta("r.a", 1)) == ("set", "a", 1, 4)
    rejected(assembler, delta("r.b", 1), LimitExceededError, "max_nodes")
    rejected(assembler, delta("a", 1), InvalidPathError, "outside_prefix")


# ---------------------------------------------------------------------------------------------------------------------
# path_prefix


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        pytest.param("response", "response.a", {"a": 1}, id="a name"),
        pytest.param("response", "response", 1, id="the prefix itself"),
        pytest.param("response", "$.response['a']", {"a": 1}, id="another spelling"),
        pytest.param("$['response']", "response.a", {"a": 1}, id="a normalized prefix"),
        pytest.param("response", "response[0]", [1], id="an index follows"),
        pytest.param("data[0].out", "data[0].out.a.b", {"a": {"b": 1}}, id="several steps"),
        pytest.param("", "response.a", {"response": {"a": 1}}, id="no prefix"),
    ],
)
def test_prefix_is_removed(prefix: str, path: str, expected: object) -> None:
    assembler = Assembler(path_prefix=prefix)
    change = assembler.apply(delta(path, 1))
    assert change is not None
    assert value_of(assembler) == expected
    assert change.path == parse_path(path)[len(parse_path(prefix)) :]
    assert seen(assembler.apply_delta(parse_path(path), 2)) == ("set", str(change.path), 2, 2)


@pytest.mark.parametrize("path", ["", "a", "res", "responses.a", "a.response", "[0]", "Response.a"])
def test_path_outside_the_prefix_is_rejected(path: str) -> None:
    assembler = assembled(("response.a", "x"), path_prefix="response")
    error = rejected(assembler, event(delta(path, "y"), id="2"), InvalidPathError, "outside_prefix")
    assert error.path == path


def test_string_grows_under_a_prefix() -> None:
    assembler = Assembler(path_prefix="response")
    for piece in ["a"] * 2000:
        assembler.apply(delta("response.text", piece))
    assert value_of(assembler) == {"text": "a" * 2000}


@pytest.mark.parametrize("prefix", ["a[*]", "a..b", "a["])
def test_prefix_must_be_a_path(prefix: str) -> None:
    with pytest.raises(InvalidPathError):
        Assembler(path_prefix=prefix)


def test_completion_is_order_or_end() -> None:
    with pytest.raises(ValueError, match="completion is 'order' or 'end', not 'begin'"):
        Assembler(completion="begin")  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["on_conflict", "on_new_span", "on_invalid"])
@pytest.mark.parametrize("value", ["", None, "Error", "always"])
def test_option_refuses_an_unknown_value(option: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{option} is '(error|raise)' or"):
        Assembler(**{option: value})  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------------------
# halves of surrogate pairs


def halves(*steps: tuple[str, object], first: Iterable[tuple[str, object]] = (), **options: Any) -> list[object]:
    """Apply each step, then `close()`; return the changes of each call and the final value."""
    assembler = assembled(*first, **options)
    results: list[object] = [with_before(assembler.apply_delta(path, value)) for path, value in steps]  # type: ignore[arg-type]
    results.append(with_before(assembler.close()))
    results.append(value_of(assembler))
    return results


HALVES = {
    "a pair cut in two": (
        [("a", "x" + HIGH), ("a", LOW + "y")],
        [[("set", "a", "x", 1)], [("append", "a", EMOJI + "y", 2)], [], {"a": "x😀y"}],
    ),
    "a high half alone onto nothing": (
        [("a", HIGH), ("a", LOW)],
        [[("set", "a", "", 1)], [("append", "a", EMOJI, 2)], [], {"a": EMOJI}],
    ),
    "a high half alone onto null": (
        [("a", None), ("a", HIGH), ("a", LOW)],
        [[("set", "a", None, 1)], [("set", "a", "", 2)], [("append", "a", EMOJI, 3)], [], {"a": EMOJI}],
    ),
    "a high half alone onto a hole": (
        [("a[1]", 1), ("a[0]", HIGH), ("a[0]", LOW)],
        [[("set", "a[1]", 1, 1)], [("set", "a[0]", "", 2)], [("append", "a[0]", EMOJI, 3)], [], {"a": [EMOJI, 1]}],
    ),
    "a high half alone onto a string": (
        [("a", "x"), ("a", HIGH), ("a", LOW)],
        [[("set", "a", "x", 1)], [], [("append", "a", EMOJI, 2)], [], {"a": "x😀"}],
    ),
    "the stream ends": ([("a", "x" + HIGH)], [[("set", "a", "x", 1)], [("append", "a", BAD, 2)], {"a": "x" + BAD}]),
    "its partner never comes": (
        [("a", HIGH), ("a", "y")],
        [[("set", "a", "", 1)], [("append", "a", BAD + "y", 2)], [], {"a": BAD + "y"}],
    ),
    "another high half comes": (
        [("a", HIGH), ("a", HIGH), ("a", LOW)],
        [[("set", "a", "", 1)], [("append", "a", BAD, 2)], [("append", "a", EMOJI, 3)], [], {"a": BAD + EMOJI}],
    ),
    "two high halves in one delta": (
        [("a", HIGH + HIGH), ("a", LOW)],
        [[("set", "a", BAD, 1)], [("append", "a", EMOJI, 2)], [], {"a": BAD + EMOJI}],
    ),
    "a low half first": (
        [("a", LOW), ("a", LOW + HIGH + "y")],
        [[("set", "a", BAD, 1)], [("append", "a", BAD + BAD + "y", 2)], [], {"a": BAD + BAD + BAD + "y"}],
    ),
    "an empty delta keeps it": (
        [("a", HIGH), ("a", ""), ("a", LOW)],
        [[("set", "a", "", 1)], [], [("append", "a", EMOJI, 2)], [], {"a": EMOJI}],
    ),
    "another location changes": (
        [("a", "x" + HIGH), ("b", 1), ("a", LOW)],
        [
            [("set", "a", "x", 1)], [("append", "a", BAD, 2), ("set", "b", 1, 3)], [("append", "a", BAD, 4)], [],
            {"a": "x" + BAD + BAD, "b": 1},
        ],
    ),
    "another string grows": (
        [("b", "y"), ("a", "x" + HIGH), ("b", "z")],
        [
            [("set", "b", "y", 1)], [("set", "a", "x", 2)], [("append", "a", BAD, 3), ("append", "b", "z", 4)], [],
            {"b": "yz", "a": "x" + BAD},
        ],
    ),
    "a delta elsewhere without a change keeps it": (
        [("b", 1), ("a", HIGH), ("b", 1), ("a", LOW)],
        [[("set", "b", 1, 1)], [("set", "a", "", 2)], [], [("append", "a", EMOJI, 3)], [], {"b": 1, "a": EMOJI}],
    ),
    "its string is replaced by null": (
        [("a", "x" + HIGH), ("a", None), ("a", LOW)],
        [[("set", "a", "x", 1)], [("set", "a", None, 2)], [("set", "a", BAD, 3)], [], {"a": BAD}],
    ),
    "its container is set again": (
        [("a.b", "x" + HIGH), ("a", {"b": "y"}), ("a.b", LOW)],
        [
            [("set", "a.b", "x", 1)], [("set", "a", {"b": "y"}, 2)], [("append", "a.b", BAD, 3)], [],
            {"a": {"b": "y" + BAD}},
        ],
    ),
    "the root is set again": (
        [("a[0].b", HIGH), ("", {})],
        [[("set", "a[0].b", "", 1)], [("set", "", {}, 2)], [], {}],
    ),
    "two strings have one each": (
        [("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH)],
        [
            [("set", "a", "x", 1)], [("set", "b", "y", 2)], [], [], [("append", "a", BAD, 3), ("append", "b", BAD, 4)],
            {"a": "x" + BAD, "b": "y" + BAD},
        ],
    ),
    "of two, one gets its partner": (
        [("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH), ("a", LOW)],
        [
            [("set", "a", "x", 1)], [("set", "b", "y", 2)], [], [],
            [("append", "b", BAD, 3), ("append", "a", EMOJI, 4)], [],
            {"a": "x" + EMOJI, "b": "y" + BAD},
        ],
    ),
    "of two, one is replaced": (
        [("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH), ("b", None)],
        [
            [("set", "a", "x", 1)], [("set", "b", "y", 2)], [], [], [("append", "a", BAD, 3), ("set", "b", None, 4)],
            [], {"a": "x" + BAD, "b": None},
        ],
    ),
    "of two, both are repaired": (
        [("a", "x"), ("b", "y"), ("a", HIGH), ("b", HIGH), ("c", 1)],
        [
            [("set", "a", "x", 1)], [("set", "b", "y", 2)], [], [],
            [("append", "a", BAD, 3), ("append", "b", BAD, 4), ("set", "c", 1, 5)], [],
            {"a": "x" + BAD, "b": "y" + BAD, "c": 1},
        ],
    ),
    "a second one, in a new string": (
        [("a", HIGH), ("b", HIGH)],
        [
            [("set", "a", "", 1)], [("append", "a", BAD, 2), ("set", "b", "", 3)], [("append", "b", BAD, 4)],
            {"a": BAD, "b": BAD},
        ],
    ),
    "in text inside a container": (
        [("a", ["x" + HIGH, {HIGH: LOW}]), ("a[0]", LOW)],
        [
            [("set", "a", ["x" + BAD, {BAD: BAD}], 1)], [("append", "a[0]", BAD, 2)], [],
            {"a": ["x" + BAD + BAD, {BAD: BAD}]},
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "expected"), HALVES.values(), ids=HALVES.keys())
def test_halves(steps: list[tuple[str, object]], expected: list[object]) -> None:
    assert halves(*steps) == expected


def test_half_is_discarded_with_on_conflict_replace() -> None:
    assert halves(("a", HIGH), ("a", 1), ("a", LOW), on_conflict="replace") == [
        [("set", "a", "", 1)], [("set", "a", 1, 2)], [("set", "a", BAD, 3)], [], {"a": BAD},
    ]  # fmt: skip


def test_half_survives_reads_and_events_without_effect() -> None:
    assembler = assembled(("b", "y"), ("a", "x" + HIGH))
    rejected(assembler, delta("b", 1), ConflictError)
    rejected(assembler, delta("a", 1), ConflictError)
    rejected(assembler, delta("c[9999]", 1), LimitExceededError)
    assembler.apply(event("x", "ping"))
    assembler.apply(event({}))
    assert assembler.snapshot().value == {"b": "y", "a": "x"}
    assert with_before(assembler.apply(delta("a", LOW))) == [("append", "a", EMOJI, 3)]


def test_half_is_not_a_change_but_its_id_counts() -> None:
    assembler = assembled(("a", "x"))
    assert assembler.apply(event(delta("a", HIGH), id="5")) is None
    assert (assembler.version, assembler.last_event_id) == (1, "5")


def test_snapshots_never_show_a_half() -> None:
    assembler = Assembler()
    snapshots = []
    for piece in ["x" + HIGH, LOW, HIGH, "y", HIGH]:
        assembler.apply(delta("a", piece))
        snapshots.append(assembler.snapshot())
    assembler.close()
    snapshots.append(assembler.snapshot())
    expected = ["x", "x😀", "x😀", "x😀�y", "x😀�y", "x😀�y�"]
    assert [snapshot.value["a"] for snapshot in snapshots] == expected
    assert [snapshot.get("a") for snapshot in snapshots] == expected


def test_pending_half_of_a_failed_stream_is_dropped() -> None:
    assembler = assembled(("a", "x" + HIGH))
    error = failure(assembler, ERROR_FIELDS)
    assert assembler.close() is None
    assert error.snapshot is not None
    assert (error.snapshot.value, value_of(assembler)) == ({"a": "x"}, {"a": "x"})


# ---------------------------------------------------------------------------------------------------------------------
# the life cycle


def test_initial_state() -> None:
    assembler = Assembler()
    snapshot = assembler.snapshot()
    assert (snapshot.value, snapshot.version, snapshot.complete, snapshot.end) == (MISSING, 0, False, "open")
    assert (assembler.version, assembler.span_id, assembler.last_event_id, assembler.passed_over) == (0, None, "", 0)
    assert assembler.reset() is None
    assert assembler.version == 0


def test_close_ends_the_document_and_may_be_repeated() -> None:
    assembler = assembled(("a", "x" + HIGH))
    assert seen(assembler.close()) == ("append", "a", BAD, 2)
    for _ in range(2):
        assert assembler.close() is None
    assert (assembler.end, assembler.snapshot().complete, assembler.snapshot().end) == ("eof", True, "eof")
    for call in (lambda: assembler.apply(X), lambda: assembler.apply({}), lambda: assembler.apply(b"not an event")):
        rejected(assembler, call, ClosedError, "closed")
    rejected(assembler, lambda: assembler.apply_delta("a", "y"), ClosedError, "closed")


def test_close_of_an_empty_document() -> None:
    assembler = Assembler()
    assert assembler.close() is None
    snapshot = assembler.snapshot()
    assert (snapshot.value, snapshot.version, snapshot.complete) == (MISSING, 0, True)


def test_close_after_done_keeps_the_end() -> None:
    assembler = assembled(("a", 1))
    assembler.apply(event("[DONE]"))
    assembler.close()
    assert assembler.end == "done"


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda a: None, id="open"),
        pytest.param(lambda a: a.close(), id="closed"),
        pytest.param(lambda a: a.apply(event("[DONE]")), id="done"),
        pytest.param(lambda a: failure(a, ERROR_FIELDS), id="failed"),
    ],
)
def test_reset_reopens_with_an_empty_document(end: Callable[[Assembler], object]) -> None:
    assembler = assembled(("a", "x"), ("b", 1))
    assembler.apply(event({"span_id": "s"}, id="1"))
    old = assembler.snapshot()
    end(assembler)
    change = assembler.reset()
    assert with_before(change) == [("set", "", MISSING, 3)]
    assert change is not None
    assert (change.kind, change.delta, change.value, change.to_chunks()) == (
        "set",
        MISSING,
        MISSING,
        [StreamingChunk(None, "")],
    )
    assert (assembler.version, assembler.span_id, assembler.last_event_id, assembler.end) == (3, None, "", "open")
    snapshot = assembler.snapshot()
    assert (snapshot.value, snapshot.complete) == (MISSING, False)
    assert [seen(one) for one in snapshot.changes_since(old)] == [("set", "", MISSING, 3)]
    assert seen(assembler.apply({**X, "span_id": "t"})) == ("set", "a", "x", 4)
    assert [seen(one) for one in assembler.snapshot().changes_since(old)] == [("set", "", {"a": "x"}, 4)]
    assert (old.value, snapshot.value, assembler.snapshot().value) == ({"a": "x", "b": 1}, MISSING, {"a": "x"})


def test_reset_drops_a_pending_half_and_keeps_counting() -> None:
    assembler = assembled(("a", HIGH))
    assert seen(assembler.reset()) == ("set", "", MISSING, 2)
    assert assembler.reset() is None
    assert with_before(assembler.apply_delta("a", LOW)) == [("set", "a", BAD, 3)]
    assert seen(assembler.reset()) == ("set", "", MISSING, 4)


def test_reset_of_a_closed_empty_document() -> None:
    assembler = Assembler()
    assembler.close()
    assert assembler.reset() is None
    assert seen(assembler.apply(X)) == ("set", "a", "x", 1)


def test_reset_frees_the_budget_of_the_limits() -> None:
    assembler = assembled(("a", 1), limits=Limits(max_nodes=2))
    rejected(assembler, delta("b", 1), LimitExceededError)
    assembler.reset()
    assert seen(assembler.apply(delta("b", 1))) == ("set", "b", 1, 3)


def test_snapshots_of_one_version_share_one_value() -> None:
    assembler = assembled(("a", "x"))
    one, other = assembler.snapshot(), assembler.snapshot()
    assert one.value is other.value is one.value
    assembler.apply(X)
    assert (one.value, assembler.snapshot().value) == ({"a": "x"}, {"a": "xx"})
    assert [seen(change) for change in assembler.snapshot().changes] == [("append", "a", "x", 2)]


# ---------------------------------------------------------------------------------------------------------------------
# the position of an error


@pytest.mark.parametrize("data", ["{bad", '{"delta": 1, "json_path": "a["}', '{"delta": 1}'])
def test_error_has_the_offset_of_any_kind_of_event(data):
    for broken in (ServerSentEvent(data, offset=7), {"data": data, "offset": 7}):
        with pytest.raises(StreamJSONError) as caught:
            Assembler().apply(broken)
        assert caught.value.offset == 7


def test_errors_carry_event_number_offset_and_last_event_id() -> None:
    assembler = Assembler()
    assembler.apply(event(X, id="1", offset=0))
    error = rejected(assembler, event(delta("a", 1), id="2", offset=40), ConflictError)
    assert (error.event_number, error.offset, error.last_event_id) == (2, 40, "1")
    assert "(event 2, byte offset 40, after id '1')" in str(error)
    error = rejected(assembler, b"bytes", InvalidEventError)
    assert (error.event_number, error.offset, error.last_event_id) == (3, None, "1")
    assembler.apply(event(X, id="4", offset=90))
    error = failure(assembler, event(ERROR_FIELDS, id="5", offset=120))
    assert (error.event_number, error.offset, error.last_event_id) == (5, 120, "5")
    error = rejected(assembler, event(X, id="6", offset=160), ClosedError)
    assert (error.event_number, error.last_event_id) == (6, "5")


def test_every_rejection_has_the_event_number() -> None:
    for bad in (event("not JSON"), event({"delta": 1}), event(delta("a[", 1)), event(delta("a[9999]", 1)), None):
        assembler = Assembler()
        assert rejected(assembler, bad).event_number == 1


# ---------------------------------------------------------------------------------------------------------------------
# limits: an amount at the limit is applied; one more is refused without a change


def at_the_bound(name: str, bound: int, *deltas: tuple[str, object]) -> LimitExceededError | InvalidPathError:
    """Assert that the last delta is accepted at `bound` and above, and refused at `bound` - 1; return the error."""
    *first, (path, value) = deltas
    for allowed in (bound, bound + 1, None):
        assembler = assembled(*deltas, limits=Limits(**{name: allowed}))
        assert value_of(assembler) is not MISSING
    for read in (False, True):
        assembler = assembled(*first, limits=Limits(**{name: bound - 1}))
        if read:
            assembler.snapshot().value  # noqa: B018  # a read counts pending pieces
        message = event(json.dumps(delta(path, value)), id="9")
        error = rejected(assembler, message)
        assert isinstance(error, LimitExceededError | InvalidPathError)
        assert error.limit == name
        if isinstance(error, LimitExceededError):
            assert (error.code, error.maximum, error.met) == (name, bound - 1, bound)
        rejected(assembler, StreamingChunk(value, path))  # type: ignore[arg-type]
        # The stream continues: an event without a change is always within the limits.
        assert assembler.apply(event({}, id="10")) is None
        assert assembler.last_event_id == "10"
    return error


EXACT: dict[str, tuple[str, int, list[tuple[str, object]]]] = {
    "depth of a path": ("max_depth", 3, [("a", {}), ("a.b[0]", 1)]),
    "depth of a path, from nothing": ("max_depth", 3, [("a.b[0]", "x")]),
    "depth of a delta": ("max_depth", 3, [("", {"a": [{}]})]),
    "depth of a path and a delta": ("max_depth", 4, [("x", 1), ("a.b", [[]])]),
    "depth of an empty container": ("max_depth", 2, [("a", {})]),
    "gap in a new array": ("max_array_gap", 5, [("a[5]", 1)]),
    "gap in an array": ("max_array_gap", 5, [("a[0]", 1), ("a[1]", 1), ("a[7]", 1)]),
    "gap at the root": ("max_array_gap", 5, [("[5]", 1)]),
    "gap inside a new container": ("max_array_gap", 5, [("a.b[5].c", 1)]),
    "length of an array that grows": ("max_array_length", 3, [("a[0]", 1), ("a[1]", "x"), ("a[2]", {})]),
    "length of an array by a hole": ("max_array_length", 5, [("a[4]", 1)]),
    "length of an array by objects": ("max_array_length", 3, [("a[0].n", 1), ("a[1].n", 1), ("a[2].n", 1)]),
    "length of an array set whole": ("max_array_length", 3, [("a", [1, 2, 3])]),
    "length of an array deep in a delta": ("max_array_length", 3, [("a", {"b": [[], [1, 2, 3]]})]),
    "values: a scalar and the way to it": ("max_nodes", 4, [("a.b[0]", 1)]),
    "values: strings": ("max_nodes", 3, [("a", "x"), ("b", "y")]),
    "values: appends do not count": ("max_nodes", 3, [("a", "x"), ("a", "y"), ("a", "z"), ("b", "y")]),
    "values: holes": ("max_nodes", 6, [("a[3]", 1)]),
    "values: filled holes": ("max_nodes", 5, [("a[1]", 1), ("a[0]", 1)]),
    "values: in a delta": ("max_nodes", 6, [("a", {"b": [1, None], "c": {}})]),
    "values: replaced ones": ("max_nodes", 4, [("a", 1), ("a", 2), ("a", None)]),
    "bytes: a name and a number": ("max_document_bytes", 10, [("ab", 1)]),
    "bytes: null, boolean, number": ("max_document_bytes", 27, [("a", None), ("b", True), ("c", 1.5)]),
    "bytes: names on the way": ("max_document_bytes", 17, [("name.é[0].c", "xyz"), ("d", "漢字")]),
    "bytes: holes": ("max_document_bytes", 25, [("a[2]", 1)]),
    "bytes: an append": ("max_document_bytes", 7, [("a", "xyz"), ("a", "漢")]),
    "bytes: an append to a revisited string": ("max_document_bytes", 8, [("a", "xyz"), ("b", "z"), ("a", "é")]),
    "bytes: in a delta": ("max_document_bytes", 19, [("a", {"é": "漢字", "b": [{}, 7]}), ("b", "")]),
    "bytes: a delta's names": ("max_document_bytes", 7, [("", {"abc": {}, "d": {"efg": ""}})]),
    "bytes: replaced ones": ("max_document_bytes", 17, [("a", 1), ("a", 2)]),
    "string: set": ("max_string_bytes", 4, [("a", "xyzz")]),
    "string: set, not ASCII": ("max_string_bytes", 6, [("a", "漢字")]),
    "string: in a delta": ("max_string_bytes", 4, [("a", ["x", "😀"])]),
    "string: appended": ("max_string_bytes", 4, [("a", "x"), ("a", "yz"), ("a", "z")]),
    "string: appended, not ASCII": ("max_string_bytes", 8, [("a", "x"), ("a", "é"), ("b", 1), ("a", "漢é")]),
    "string: a long append": ("max_string_bytes", 1001, [("a", "x"), ("a", "y" * 1000)]),
    "string: at the root": ("max_string_bytes", 4, [("", "xyz"), ("", "z")]),
    "name: in a path": ("max_key_bytes", 4, [("a", 1), ("name", 1)]),
    "name: in a path, not ASCII": ("max_key_bytes", 6, [("漢字.a", 1)]),
    "name: on the way": ("max_key_bytes", 4, [("a.name.b", 1)]),
    "name: in a delta": ("max_key_bytes", 4, [("a", [{"b": {"😀": 1}}])]),
    "digits of an integer": ("max_number_digits", 6, [("a", 123456)]),
    "digits of a negative integer": ("max_number_digits", 6, [("a", -999999)]),
    "digits of a power of ten": ("max_number_digits", 6, [("a", 100000)]),
    "digits in a delta": ("max_number_digits", 6, [("a", {"b": [123456]})]),
}


@pytest.mark.parametrize(("name", "bound", "deltas"), EXACT.values(), ids=EXACT.keys())
def test_limit_is_exact(name: str, bound: int, deltas: list[tuple[str, object]]) -> None:
    at_the_bound(name, bound, *deltas)


def test_depth_excludes_the_prefix() -> None:
    assembler = Assembler(path_prefix="out.data", limits=Limits(max_depth=2))
    assert seen(assembler.apply_delta("out.data.a.b", 1)) == ("set", "a.b", 1, 1)
    error = rejected(assembler, lambda: assembler.apply_delta("out.data.a.c.d", 1))
    assert error.limit == "max_depth"


@pytest.mark.parametrize("bound", [10, 255, 256, 300, 1023, 1024, 1025, 2000])
@pytest.mark.parametrize(
    ("name", "extra"), [("max_string_bytes", 0), ("max_document_bytes", 1)], ids=["string", "document"]
)
@pytest.mark.parametrize(
    "between",
    [
        pytest.param(lambda a, n: None, id="hot"),
        pytest.param(lambda a, n: a.snapshot().value, id="read after each"),
        pytest.param(lambda a, n: a.snapshot().value if n % 7 == 0 else None, id="sometimes read"),
        pytest.param(lambda a, n: rejected(a, delta("a", 1)) if n % 50 == 0 else None, id="sometimes rejected"),
        pytest.param(
            lambda a, n: rejected(a, delta("a", "y" * 5000)) if n % 50 == 0 else None, id="sometimes too long"
        ),
        pytest.param(lambda a, n: a.apply(delta("a", "")), id="no change after each"),
    ],
)
def test_limit_is_exact_for_one_character_at_a_time(
    bound: int, name: str, extra: int, between: Callable[[Assembler, int], object]
) -> None:
    assembler = Assembler(limits=Limits(**{name: bound + extra}))
    for number in range(bound):
        change = assembler.apply(delta("a", "x"))
        assert change is not None
        between(assembler, number)
    error = rejected(assembler, delta("a", "x"), LimitExceededError, name)
    assert error.met == bound + extra + 1
    assert (assembler.version, value_of(assembler)) == (bound, {"a": "x" * bound})
    rejected(assembler, delta("a", "x"), LimitExceededError, name)
    assert assembler.apply(delta("a", "")) is None


@given(
    pieces=st.lists(
        st.sampled_from(["x", "xyz", "é", "漢字", EMOJI, HIGH, LOW, "", "y" * 200, "é" * 150, "z" * 256, EMOJI * 70]),
        max_size=40,
    ),
    places=st.lists(st.sampled_from(["a", "a", "a", "b"]), min_size=40, max_size=40),
    reads=st.lists(st.booleans(), min_size=40, max_size=40),
    name=st.sampled_from(["max_string_bytes", "max_document_bytes"]),
    bound=st.integers(1, 1500),
)
def test_limit_is_exact_for_any_pieces(
    pieces: list[str], places: list[str], reads: list[bool], name: str, bound: int
) -> None:
    """A pending half counts as the U+FFFD that may replace it."""
    assembler = Assembler(limits=Limits(**{name: bound}))
    with_half: dict[str, str] = {}  # each text with its pending half
    final: dict[str, str] = {}  # each text without it

    def parts(text: str) -> tuple[str, str]:
        fixed = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return (fixed[:-1], BAD) if text[-1:] == HIGH else (fixed, "")

    for piece, place, read in zip(pieces, places, reads, strict=False):
        # The document as it would be without limits.
        is_new = place not in with_half
        before = with_half.get(place, "")
        base, half = parts(before[len(final.get(place, "")) :] + piece)
        text = final.get(place, "") + base
        changed = is_new or bool(base)
        others = {
            key: final[key] + parts(text[len(final[key]) :])[1] for key, text in with_half.items() if key != place
        }
        strings = {**others, place: text + half}
        if name == "max_string_bytes":
            fits = len((text + half).encode()) <= bound
        else:
            fits = sum(len(key) + len(string.encode()) for key, string in strings.items()) <= bound
        if piece == "" and not is_new:
            fits = True
        if not fits:
            assert rejected(assembler, delta(place, piece), LimitExceededError, name).maximum == bound
        else:
            change = assembler.apply(delta(place, piece))
            assert (change is not None) is changed
            with_half[place], final[place] = (
                (text + (HIGH if half else ""), text) if piece or is_new else (before, final[place])
            )
            if changed:
                with_half.update(others)  # another location changed: their halves are repaired
                final.update(others)
        expected = dict(final) or MISSING
        assert (assembler.snapshot().value if read else expected) == expected
    assert value_of(assembler) == (final or MISSING)
    assembler.close()
    strings = {key: text + parts(with_half[key][len(text) :])[1] for key, text in final.items()}
    assert value_of(assembler) == (strings or MISSING)


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        pytest.param(10**1000, 1001, id="one more"),
        pytest.param(-(10**4000), 4001, id="below the interpreter's limit"),
        pytest.param(10**5000, 5001, id="above the interpreter's limit"),
        pytest.param(1 << 1_000_000, 301_030, id="a million bits"),
    ],
)
def test_long_number_is_a_limit_error(value: int, digits: int) -> None:
    error = rejected(assembled(("a", 1)), delta("a", value), LimitExceededError, "max_number_digits")
    assert abs(error.met - digits) <= 1
    assert seen(assembled(limits=Limits.unlimited()).apply(delta("a", value))) == ("set", "a", value, 1)


@pytest.mark.parametrize("path", ["a[9007199254740991]", "a[100000000].b[100000000]", "[1025]"])
def test_huge_index_allocates_nothing(path: str) -> None:
    rejected(
        assembled(("a[0]", 1)) if path[0] == "a" else Assembler(), delta(path, 1), LimitExceededError, "max_array_gap"
    )


def test_many_small_gaps_add_up() -> None:
    assembler = Assembler(limits=Limits(max_array_gap=10, max_array_length=30))
    for index in (10, 20, 29):
        assembler.apply_delta(f"a[{index}]", 1)
    rejected(assembler, lambda: assembler.apply_delta("a[30]", 1), LimitExceededError, "max_array_length")


def test_bytes_of_a_path_are_bounded() -> None:
    limits = Limits(max_path_bytes=6)
    assert assembled(("abc.de", 1), ("漢字", 1), limits=limits).version == 2
    for path in ("abc.def", "漢字a", "a" * 1_000_000):
        error = rejected(assembled(("a", 1), limits=limits), delta(path, 1), InvalidPathError, "path_too_long")
        assert error.limit == "max_path_bytes"


# ---------------------------------------------------------------------------------------------------------------------
# a rejected event of any kind changes nothing


class OwnMapping(Mapping[str, object]):
    """A mapping that is not a dict."""

    def __init__(self, items: dict[str, object]) -> None:
        self.items_ = items

    def __getitem__(self, name: str) -> object:
        return self.items_[name]

    def __iter__(self) -> Any:
        return iter(self.items_)

    def __len__(self) -> int:
        return len(self.items_)


class Opaque:
    """Not a JSON value."""

    def __repr__(self) -> str:  # ids must be the same in every process that collects the tests
        return "opaque"


class Word(enum.StrEnum):
    X = "x"


class Number(enum.IntEnum):
    ONE = 1


def test_values_of_other_types_become_plain() -> None:
    assembler = assembled(
        ("a", OwnMapping({"b": (1, Word.X), Word.X: Number.ONE})), ("c", Word.X), ("c", Word.X), ("d", Number.ONE),
        ("e", (OwnMapping({}),)),
    )  # fmt: skip
    value = value_of(assembler)
    assert value == {"a": {"b": [1, "x"], "x": 1}, "c": "xx", "d": 1, "e": [{}]}
    assert {type(part) for part in (value["a"], value["e"][0])} == {dict}
    assert (type(value["d"]), type(value["a"]["x"]), type(value["a"]["b"][1])) == (int, int, str)
    assert [type(name) for name in value["a"]] == [str, str]


@pytest.mark.parametrize(
    "value",
    [{1}, b"x", bytearray(b"x"), Opaque(), {1: 2}, {"a": {None: 1}}, [Opaque()], {"a": [b"x"]}, MISSING, [MISSING]],
    ids=repr,
)
@pytest.mark.parametrize("path", ["c", "c.d", "b[0]", "n", "h[0]"])
def test_non_json_delta_is_rejected(value: object, path: str) -> None:
    assembler = assembled(("a", "x"), ("b", []), ("n", None), ("h[1]", 1))
    rejected(assembler, lambda: assembler.apply_delta(path, value), InvalidEventError, "bad_event")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")], {"a": float("nan")}], ids=repr)
def test_nan_and_infinity_are_rejected(value: object) -> None:
    rejected(assembled(("a", 1)), delta("b", value), InvalidEventError, "bad_number")


@pytest.mark.parametrize("path", [5, None, ("a",), b"a", ["a"]], ids=repr)
def test_path_that_is_not_text_is_rejected(path: object) -> None:
    assembler = assembled(("a", 1))
    rejected(assembler, lambda: assembler.apply_delta(path, 1), InvalidPathError, "not_a_string")  # type: ignore[arg-type]


PATHS = ["a", "b", "a.b", "a[0]", "a[2]", "a[9999]", "a[0].b", "", "$", "a[*]", "x.y", "a..b", None, "a.b.c.d.e"]
DELTAS: list[object] = [
    None, "", "x", HIGH, LOW, "long " * 9, 1, 2.5, True, {}, [], {"b": "y"}, ["z"], float("nan"), {1: 2}, [[[[1]]]],
]  # fmt: skip
OTHERS: list[object] = [
    {}, {"span_id": "s"}, event("not JSON"), event("x", "ping"), event("", id="1"), 7, b"x", None, event("{", id="2"),
]  # fmt: skip
EVENTS = st.builds(delta, st.sampled_from(PATHS), st.sampled_from(DELTAS)) | st.sampled_from(OTHERS)


def ending(assembler: Assembler) -> object:
    """Close the assembler; return the changes or the failure."""
    try:
        return with_before(assembler.close())
    except StreamFailedError as error:
        return error.code, error.message


@given(events=st.lists(EVENTS, max_size=30), on_conflict=st.sampled_from(["error", "replace"]), small=st.booleans())
def test_rejected_event_changes_nothing(events: list[object], on_conflict: Any, *, small: bool) -> None:
    """A twin that never receives the rejected events ends in the same state."""
    limits = Limits(max_nodes=12, max_string_bytes=20, max_depth=4, max_document_bytes=120) if small else Limits()
    options: Any = {"on_conflict": on_conflict, "limits": limits}
    assembler, twin = Assembler(**options), Assembler(**options)
    for given_event in events:
        before = state(assembler)
        try:
            change = assembler.apply(given_event)
        except (InvalidEventError, InvalidPathError, ConflictError, LimitExceededError):
            assert state(assembler) == before
        else:
            assert with_before(twin.apply(given_event)) == with_before(change)
            assert (change is None) == (assembler.version == before[0])
    assert ending(assembler) == ending(twin)
    assert state(assembler) == state(twin)


# ---------------------------------------------------------------------------------------------------------------------
# the fast path, for events with a delta and its path only, does what the rules do


def decoder(*, is_fast: bool) -> Any:
    """Return the decoder of `quick_decoder` with or without msgspec, without changing the chosen one."""
    with patch.dict(sys.modules, {} if is_fast else {"msgspec": None}):
        return quick_decoder.__wrapped__()


QUICK = {"msgspec": decoder(is_fast=True), "the standard library": decoder(is_fast=False)}
either_quick = pytest.mark.parametrize("quick", QUICK.values(), ids=QUICK)


def without_the_fast_path(assembler: Assembler) -> Assembler:
    """Make every event take the careful path."""

    def decode(text: str) -> object:
        raise ValueError(text)

    assembler._session.quick = quick_reader(Limits(), QuickDecoder(decode, (ValueError,)))
    return assembler


def result_of(assembler: Assembler, given_event: object) -> tuple[object, ...]:
    """Apply an event; return the change or the error, and the state."""
    try:
        change = assembler.apply(given_event)
    except StreamJSONError as error:
        result: object = (type(error), error.code, str(error), error.event_number, error.offset, error.last_event_id)
    else:
        result = repr(with_before(change))
    return result, state(assembler)


def assert_fast_path_agrees(quick: Any, events: Iterable[object], **options: Any) -> None:
    assembler, careful = Assembler(**options), without_the_fast_path(Assembler(**options))
    assembler._session.quick = quick_reader(assembler._session.options.limits, quick)
    for given_event in events:
        assert result_of(assembler, given_event) == result_of(careful, given_event)
    assert ending(assembler) == ending(careful)
    assert state(assembler) == state(careful)


QUOTED = st.builds(
    json.dumps,
    st.text(st.characters() | st.sampled_from("\ud83d\ude00\x00é"), max_size=5) | st.just("long " * 60),
    ensure_ascii=st.booleans(),
)
LITERALS = st.one_of(
    QUOTED,
    st.sampled_from(
        [
            '"x"', "1", "-0", "1.0", "1e400", "1E2", "9007199254740993", "9" * 30, "0." + "1" * 30, "NaN", "Infinity",
            "01", "true", "null", "{}", "[]", '{"a": 1, "a": 2}', '{"a": {"a": [[[1]]]}}', '"[{"', '"]"', '"\x00"',
            '"\ud83d"', r'"\ud83d"', r'"\ude00"', r'"\ud83d\ude00"', r'"\x41"', '["' + "x" * 140 + '"]',
            "[" * 127 + "]" * 127, "[" * 130 + "]" * 130,
        ]
    ),
)  # fmt: skip
PATH_TEXTS = st.sampled_from(
    ['"a"', '"a"', '"b"', '"a[0]"', '"a.b"', '""', '"$"', '"a[*]"', '"r.a"', r'"\u0061"', "null", "7", "[]"]
)
FIELD_TEXTS = st.sampled_from(['"json"', '"json"', '"text"', '"error"', '"s"', '"t"', "null", "7", "{}", '"JSON"'])
FIELDS: dict[str, st.SearchStrategy[str]] = {
    "delta": LITERALS, "json_path": PATH_TEXTS, "chunk_type": FIELD_TEXTS, "span_id": FIELD_TEXTS,
    "error_type": FIELD_TEXTS, "error_message": FIELD_TEXTS, "jsonPath": PATH_TEXTS, "chunkType": FIELD_TEXTS,
    "spanId": FIELD_TEXTS, "errorType": FIELD_TEXTS, "model": LITERALS,
}  # fmt: skip


def members(names: Iterable[str]) -> st.SearchStrategy[str]:
    """Return JSON objects with fields of these names."""
    return st.tuples(*[FIELDS[name].map(partial(f'"{name}": {{}}'.format)) for name in names]).map(
        lambda fields: f"{{{', '.join(fields)}}}"
    )


CHUNK_TEXTS = st.one_of(
    st.permutations(["delta", "json_path"]).flatmap(members),
    st.permutations(["delta", "json_path", "chunk_type"]).flatmap(members),
    st.sampled_from(sorted(FIELDS)).flatmap(lambda name: members(["delta", "json_path", name])),
    st.lists(st.sampled_from(sorted(FIELDS)), max_size=4).flatmap(members),  # equal names too
    LITERALS,
)


@st.composite
def data_texts(draw: st.DrawFn) -> str:
    """Return the text of a chunk, or one that is cut or has text before or after it."""
    text = draw(CHUNK_TEXTS)
    at = draw(st.integers(0, len(text)))
    damaged = [text[:at], text[at:], f"{text}{text}", f"{text}\xa0", f"{text[:at]}\x00{text[at:]}", f" \n{text} "]
    return draw(st.just(text) | st.just(text) | st.sampled_from([*damaged, "", "[DONE]"]))


WIRE = st.builds(
    ServerSentEvent,
    data_texts(),
    id=st.sampled_from([None, None, "", "1", "2"]),
    event=st.sampled_from(["message"] * 7 + ["", "ping", "error"]),
    last_event_id=st.sampled_from(["", "9"]),
    offset=st.sampled_from([None, 44]),
)


@either_quick
@given(
    events=st.lists(WIRE, max_size=12),
    limits=st.sampled_from(
        [
            Limits(),
            Limits(max_depth=2),
            Limits(max_number_digits=20),
            Limits(max_depth=1, max_number_digits=60),
            Limits(max_nodes=3, max_string_bytes=9),
            Limits.unlimited(),
        ]
    ),
    path_prefix=st.sampled_from(["", "", "r"]),
    on_conflict=st.sampled_from(["error", "replace"]),
    on_new_span=st.sampled_from(["error", "reset"]),
)
@example(
    events=[event('{"delta": 1, "json_path": "a"}'), event('{"delta": NaN, "json_path": "a"}', id="1")],
    limits=Limits(),
    path_prefix="",
    on_conflict="error",
    on_new_span="error",
)
def test_fast_path_agrees_with_the_rules_for_any_event(quick: Any, events: list[object], **options: Any) -> None:
    assert_fast_path_agrees(quick, events, **options)


NEAR_LIMITS: dict[str, tuple[Limits, str]] = {
    "digits at the limit": (Limits(max_number_digits=60), "9" * 60),
    "a digit more, in a text as long": (Limits(max_number_digits=25), "9" * 26),
    "a digit more, in a longer text": (Limits(max_number_digits=60), "9" * 61),
    "digits of a fraction": (Limits(max_number_digits=60), "0." + "3" * 60),
    "digits hidden by another delta": (Limits(max_number_digits=60), "9" * 61 + ', "delta": 1'),
    "a level hidden by another delta": (Limits(max_depth=3), '[[[[1]]]], "delta": 1'),
    "levels hidden by another delta": (Limits(max_depth=80), "[" * 81 + "]" * 81 + ', "delta": 1'),
    "depth at the limit": (Limits(max_depth=3), "[[[1]]]"),
    "one level more": (Limits(max_depth=3), "[[[[1]]]]"),
    "brackets that do not nest": (Limits(max_depth=3), '"[[[[[[[[[{{{{{{"'),
    "as many brackets as the limit": (Limits(max_depth=3), "[[], {}]"),
    "depth in a text shorter than the limit": (Limits(max_depth=40), "[" * 9 + "]" * 9),
    "the interpreter's limit of digits": (Limits.unlimited(), "9" * (sys.get_int_max_str_digits() + 1)),
    "the interpreter's limit of depth": (Limits.unlimited(), "[" * 100_000 + "]" * 100_000),
}


@either_quick
@pytest.mark.parametrize(("limits", "literal"), NEAR_LIMITS.values(), ids=NEAR_LIMITS)
def test_fast_path_agrees_with_the_rules_near_a_limit(quick: Any, limits: Limits, literal: str) -> None:
    texts = [f'{{"json_path": "a", "delta": {literal}}}', f'{{"delta": {literal}, "json_path": "b"}}']
    assert_fast_path_agrees(quick, map(event, texts), limits=limits)


DEEP, LONG = "[" * 200 + "]" * 200, "1" * 2000


@pytest.mark.parametrize("data", [DEEP, LONG, "x" + "[" * 200], ids=["deep", "long", "not JSON"])
def test_ping_that_is_not_an_object_is_passed_over_at_any_size(data: str) -> None:
    assembler = Assembler()
    assert assembler.apply(ServerSentEvent(data, id="9", event="ping")) is None
    assert (assembler.passed_over, assembler.last_event_id) == (1, "9")


def test_object_over_a_limit_is_not_passed_over_as_a_ping() -> None:
    with pytest.raises(LimitExceededError):
        Assembler().apply(ServerSentEvent(f' {{"delta": {DEEP}, "json_path": "a"}}', event="delta"))


def test_error_beside_null_fields_is_an_error() -> None:
    fields = dict.fromkeys(["delta", "json_path", "span_id", "chunk_type"])
    with pytest.raises(StreamFailedError) as caught:
        Assembler().apply({**fields, "error_type": "quota", "error_message": "Later"})
    assert (caught.value.error_type, caught.value.error_message) == ("quota", "Later")


def test_null_delta_without_a_path_does_not_start_a_document() -> None:
    assembler = Assembler()
    assembler.apply({"delta": None, "span_id": "A"})
    assembler.apply({"delta": 1, "json_path": "a", "span_id": "B"})
    assert assembler.span_id == "B"


def test_error_of_apply_delta_has_the_last_event_id() -> None:
    assembler = Assembler()
    assembler.apply(ServerSentEvent('{"delta": "x", "json_path": "a"}', id="7", offset=44))
    with pytest.raises(ConflictError) as caught:
        assembler.apply_delta("a", 1)
    assert caught.value.last_event_id == "7"
    assembler.close()
    with pytest.raises(ClosedError) as closed:
        assembler.apply(ServerSentEvent("{}", offset=99))
    assert closed.value.offset == 99


def test_number_of_any_size_has_a_repr() -> None:
    assembler = Assembler(limits=Limits(max_number_digits=None))
    assert repr(assembler.apply_delta("a", 10**5000)) == "<Change 1: set an integer of 16610 bits at a>"
    assert "an integer of 16610 bits" in repr(assembler.apply_delta("b", [10**5000]))


# ---------------------------------------------------------------------------------------------------------------------
# callbacks: every method notifies them; notify/test_dispatcher.py covers which ones


def test_callbacks_are_notified_by_every_method() -> None:
    assembler = Assembler(on_new_span="reset")
    reported: list[Any] = []
    assembler.on("$", lambda change: reported.append(change.delta))
    handle = assembler.on("$")(lambda change: reported.append(change.version))

    assembler.apply({"delta": "x", "json_path": "a", "span_id": "s"})
    assembler.apply_delta("a", "y")
    assembler.apply_delta("a", "")
    handle.cancel()
    assembler.apply_delta("b", "z\ud83d")
    assembler.close()
    assembler.reset()

    assert reported == ["x", 1, "y", 2, "z", "\ufffd", MISSING]


@pytest.mark.parametrize(
    "feed",
    [
        pytest.param(lambda assembler, text: assembler.apply_delta("a", text), id="by apply_delta"),
        pytest.param(lambda assembler, text: assembler.apply(delta("a", text)), id="by apply"),
        pytest.param(lambda assembler, text: assembler.apply(event(delta("a", text))), id="from the wire"),
    ],
)
def test_each_piece_of_a_growing_string_is_reported(feed: Callable[[Assembler, str], Change | None]) -> None:
    assembler = Assembler()
    reported: list[Any] = []
    assembler.on("a", lambda change: reported.append((change.kind, change.delta, change.match_value)))

    changes = [feed(assembler, text) for text in "wxyz"]
    assert reported == [("set", "w", "w"), ("append", "x", "wx"), ("append", "y", "wxy"), ("append", "z", "wxyz")]
    assert [seen(change) for change in changes] == [
        ("set", "a", "w", 1), ("append", "a", "x", 2), ("append", "a", "y", 3), ("append", "a", "z", 4),
    ]  # fmt: skip


def test_finished_values_are_reported_at_every_end() -> None:
    for end in (lambda assembler: assembler.close(), lambda assembler: assembler.apply({"data": "[DONE]"})):
        assembler = Assembler()
        reported: list[Any] = []
        assembler.on_complete("a", lambda done, reported=reported: reported.append(done.value), into=str)
        assembler.on_complete("b")(lambda done, reported=reported: reported.append(done.value))
        assembler.apply_delta("a", "x")
        assembler.apply_delta("b", 1)
        end(assembler)
        assert reported == ["x", 1]


def test_callbacks_cannot_change_the_document() -> None:
    assembler = Assembler()
    caught: list[str] = []

    def change(_: object) -> None:
        for call in (partial(assembler.apply, {}), partial(assembler.apply_delta, "b", 1), assembler.close):
            with pytest.raises(StreamJSONError) as info:
                call()
            caught.append(info.value.code)

    assembler.on("a", change)
    assembler.apply_delta("a", "x")
    assert caught == ["applying"] * 3


def test_callbacks_of_an_asynchronous_stream_are_notified() -> None:
    async def main() -> list[Any]:
        async def source() -> Any:
            yield {"delta": "x", "json_path": "a"}
            yield {"delta": 1, "json_path": "b"}
            yield {"delta": 2, "json_path": "b"}

        reported: list[Any] = []
        stream = assemble(source())
        stream.assembler.on("a", lambda change: reported.append(change.delta))
        await stream.final()
        return reported

    assert asyncio.run(main()) == ["x"]


# ---------------------------------------------------------------------------------------------------------------------
# skipping and saving


def test_rejected_event_may_be_skipped() -> None:
    """`test_skipped` covers which events are skipped, and what is kept of them."""
    assembler = Assembler(on_invalid="skip")
    given_events = [event(delta("a", "x"), id="1"), event("{", id="2"), delta("a", 1), 5]
    assert [assembler.apply(one) is None for one in given_events] == [False, True, True, True]
    assert assembler.apply_delta("a[", 1) is None

    assert (assembler.skipped_count, assembler.last_event_id) == (4, "2")
    assert [kept.event for kept in assembler.skipped] == [*given_events[1:], StreamingChunk(1, "a[")]
    assert value_of(assembler) == {"a": "x"}


@pytest.mark.parametrize(
    ("end", "error"),
    [
        pytest.param(lambda _: None, None, id="open"),
        pytest.param(Assembler.close, ClosedError, id="closed"),
        pytest.param(lambda it: it.apply(event("[DONE]")), ClosedError, id="done"),
        pytest.param(lambda it: failure(it, ERROR_FIELDS), ClosedError, id="failed"),
    ],
)
def test_restored_assembler_continues(end: Callable[[Assembler], object], error: type[Exception] | None) -> None:
    """`test_checkpoint` covers every state of the document."""
    assembler = Assembler(path_prefix="r", completion="end", on_invalid="skip")
    for one in (event({"span_id": "s"}, id="1"), event("", "ping"), event("{"), delta("r.a", "x")):
        assembler.apply(one)
    end(assembler)
    restored = Assembler.restore(assembler.checkpoint())

    for name in ("version", "span_id", "last_event_id", "end", "passed_over", "skipped_count"):
        assert getattr(restored, name) == getattr(assembler, name), name
    assert value_of(restored) == {"a": "x"}
    if error is None:
        restored.apply(delta("r.a", "y"))
        assert value_of(restored) == {"a": "xy"}
        return
    with pytest.raises(error) as caught:
        restored.apply(delta("r.a", "y"))
    assert caught.value.event_number == assembler._session.event_number + 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"path_prefix": "q"}, CheckpointError, id="another prefix"),
        pytest.param({"completion": "end"}, CheckpointError, id="another completion"),
        pytest.param({"path_prefix": "r["}, InvalidPathError, id="an invalid prefix"),
    ],
)
def test_checkpoint_of_other_options_is_refused(options: Any, error: type[Exception]) -> None:
    data = Assembler(path_prefix="r").checkpoint()
    with pytest.raises(error):
        Assembler.restore(data, **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("path_prefix", "r["), ("end", "soon"), ("failed", 0), ("event_number", -1), ("skipped_count", True)],
)
def test_impossible_checkpoint_is_refused(name: str, value: object) -> None:
    members = unseal("assembler", Assembler().checkpoint())
    with pytest.raises(CheckpointError):
        Assembler.restore(seal("assembler", {**members, name: value}))


def test_skipped_delta_of_a_new_span_resets_the_document():
    assembler = Assembler(on_invalid="skip", on_new_span="reset")
    assembler.apply({"delta": "x", "json_path": "a", "span_id": "1"})
    change = assembler.apply({"delta": "y", "json_path": "a[-1]", "span_id": "2"})

    assert (change.value, assembler.span_id, assembler.skipped_count) == (MISSING, "2", 1)
    with pytest.raises(LimitExceededError):  # an error that is not skipped changes nothing
        assembler.apply({"delta": [0] * 1_000_001, "json_path": "b", "span_id": "3"})
    assert assembler.span_id == "2"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"])
def test_assembler_cannot_be_copied(duplicate: Callable[[object], object]) -> None:
    """A copy would lose what is compared by identity and share everything else."""
    assembler = assembled(("a", "x"))
    with pytest.raises(TypeError, match=r"restore\(assembler.checkpoint\(\)\)"):
        duplicate(assembler)
    assert assembler.apply_delta("a", "y").value == "xy"  # type: ignore[union-attr]


# ---------------------------------------------------------------------------------------------------------------------
# interrupts; document/test_interrupts.py interrupts each instruction


class Interrupt(BaseException):
    """The exception that a signal handler raises."""


class BreakingLengths(bytearray):
    """Lengths that raise an interrupt at the next write, which is the first write of an event."""

    def append(self, length: Any) -> None:
        super().append(length)
        raise Interrupt


class InterruptedLate(Document):
    """A document that raises an interrupt at the end of each method."""

    __slots__ = ()

    def apply(self, path: Any, delta: Any) -> Any:
        super().apply(path, delta)
        raise Interrupt

    def go(self, path: Any, delta: Any) -> Any:
        super().go(path, delta)
        raise Interrupt

    def close(self) -> bool:
        super().close()
        raise Interrupt


def interrupted_late(assembler: Assembler, call: Callable[[], object]) -> None:
    assembler._session.document.__class__ = InterruptedLate
    with pytest.raises(Interrupt):
        call()
    assembler._session.document.__class__ = Document


WIRE = event({"delta": "y", "json_path": "a"}, id="7")


@pytest.mark.parametrize(
    "last",
    [
        WIRE,
        {"data": {"delta": "y", "json_path": "a"}, "id": "7"},
        {"data": {"delta": HIGH, "json_path": "a"}, "id": "7"},
        event({"delta": HIGH, "json_path": "a"}, id="7"),
    ],
    ids=["from the wire", "of another library", "a half", "a half from the wire"],
)
def test_event_interrupted_after_its_write_is_recorded(last):
    """Otherwise the sender would replay it, and it would be applied twice."""
    assembler, twin = assembled(("a", "x")), assembled(("a", "x"))
    interrupted_late(assembler, lambda: assembler.apply(last))
    twin.apply(last)

    assert assembler.last_event_id == "7"
    assert assembler.checkpoint() == twin.checkpoint()
    assembler.apply(WIRE)
    twin.apply(WIRE)
    assert assembler.snapshot().value == twin.snapshot().value


def test_event_interrupted_before_its_write_is_not_recorded():
    for last in (WIRE, {"data": {"delta": "y", "json_path": "a"}, "id": "7"}):
        assembler = assembled(("a", "x"))
        assembler._session.document.lengths = BreakingLengths(assembler._session.document.lengths)
        with pytest.raises(Interrupt):
            assembler.apply(last)
        assert (assembler.last_event_id, assembler.snapshot().value) == ("", {"a": "x"})


def test_delta_interrupted_after_its_write_counts():
    assembler = Assembler()
    interrupted_late(assembler, lambda: assembler.apply_delta("a", "x"))
    assert unseal("assembler", assembler.checkpoint())["has_deltas"] is True
    empty = Assembler()
    empty._session.document.lengths = BreakingLengths(empty._session.document.lengths)
    with pytest.raises(Interrupt):
        empty.apply_delta("a", "x")
    assert unseal("assembler", empty.checkpoint())["has_deltas"] is False


@pytest.mark.parametrize("is_event", [False, True])
def test_interrupt_in_the_open_text_tears_the_document(*, is_event: bool) -> None:
    assembler = assembled(("a", "x"), ("a", "y"))
    assembler._session.document.lengths = BreakingLengths(assembler._session.document.lengths)
    with pytest.raises(Interrupt):
        assembler.apply(WIRE) if is_event else assembler.apply_delta("a", "z")

    assert assembler.snapshot().value == {"a": "xy"}
    for refused in (lambda: assembler.apply_delta("a", "z"), lambda: assembler.apply(WIRE), assembler.close):
        with pytest.raises(ClosedError, match="reset\\(\\) begins a new document") as caught:
            refused()
        assert caught.value.code == "torn"
    assert (assembler.end, assembler.snapshot().complete) == ("open", False)
    restored = Assembler.restore(assembler.checkpoint())
    restored.apply_delta("a", "z")
    assert restored.snapshot().value == {"a": "xyz"}


def test_interrupted_close_has_ended_the_document_or_not():
    assembler = assembled(("a", "x" + HIGH))
    interrupted_late(assembler, assembler.close)
    assert (assembler.end, assembler.snapshot().value) == ("eof", {"a": "x" + BAD})

    assembler = assembled(("a", "x" + HIGH))
    assembler._session.document.lengths = BreakingLengths(assembler._session.document.lengths)
    with pytest.raises(Interrupt):
        assembler.close()
    assert (assembler.end, assembler.snapshot().value) == ("open", {"a": "x"})
