"""The types of parts and calls; mypy and pyright check this file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, TypedDict, assert_type

import streamjson as sj
from chat import candidate, function

EVENTS = [candidate(function(name="book", args={"city": "Lisbon"}))]


class Trip(TypedDict):
    city: str


def test_calls_have_the_requested_type() -> None:
    answer = sj.assemble_parts(EVENTS)
    assert_type(answer, sj.PartStream)
    assert_type(answer.calls(into=Trip), Iterator[sj.Call[Trip]])
    for call in answer.calls(into=Trip):
        assert_type(call.value, Trip)
    assert_type(answer.calls(), Iterator[sj.Call[Any]])
    assert_type(answer.calls(into={"book": Trip}), Iterator[sj.Call[Any]])
    assert_type(answer.calls(into=Trip | None), Iterator[sj.Call[Any]])
    assert_type(answer.text(), Iterator[str])
    assert_type(answer.snapshots(name="book"), sj.SnapshotStream)
    assert_type(answer.final(), list[sj.Part])
    assert_type(answer.parts[0].structure(Trip), Trip)


def test_callbacks_receive_typed_calls() -> None:
    parts = sj.PartAssembler()

    @parts.on_call("book", into=Trip)
    def book(call: sj.Call[Trip]) -> None:
        assert_type(call.value, Trip)

    @parts.on_call()
    def any_call(call: sj.Call[Any]) -> None:
        assert_type(call.value, Any)

    assert_type(book, sj.CallSubscription[Trip])
    assert_type(any_call, sj.CallSubscription[Any])
    assert_type(parts.apply(EVENTS[0]), list[sj.Part])


def test_an_asynchronous_answer_has_the_requested_types() -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        yield EVENTS[0]

    async def read() -> None:
        answer = sj.assemble_parts(events())
        assert_type(answer, sj.AsyncPartStream)
        assert_type(answer.calls(into=Trip), AsyncIterator[sj.Call[Trip]])
        assert_type(answer.snapshots(), sj.AsyncSnapshotStream)
        assert_type(await answer.final(), list[sj.Part])

    coroutine = read()
    coroutine.close()
