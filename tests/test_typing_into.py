"""The types of patterns, callbacks, completion and typed results; mypy and pyright check this file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, assert_type

from attrs import frozen

import streamjson as sj

EVENTS = [{"delta": "Jane", "json_path": "people[0].name"}]


@frozen
class Person:
    name: str


@frozen
class Trip:
    people: list[Person]


def test_final_has_the_requested_type() -> None:
    assert_type(sj.assemble(EVENTS).final(), Any)
    assert_type(sj.assemble(EVENTS).final(into=Trip), Trip)
    assert_type(sj.assemble(EVENTS).final(dict[str, list[Person]]), dict[str, list[Person]])


def test_completed_has_the_requested_type() -> None:
    stream = sj.assemble(EVENTS)
    assert_type(stream.completed("people[*]", into=Person), Iterator[Person])
    for person in stream.completed("people[*]", into=Person):
        assert_type(person, Person)
    assert_type(stream.completed("people[*]"), Iterator[Any])
    assert_type(stream.text("people[0].name"), Iterator[str])


def test_asynchronous_stream_has_the_requested_types() -> None:
    async def events() -> AsyncIterator[dict[str, str]]:
        for event in EVENTS:
            yield event

    async def read() -> None:
        stream = sj.assemble(events())
        assert_type(stream.completed("people[*]", into=Person), AsyncIterator[Person])
        assert_type(stream.completed("people[*]"), AsyncIterator[Any])
        assert_type(stream.text("people[0].name"), AsyncIterator[str])
        assert_type(await stream.final(into=Trip), Trip)
        assert_type(await stream.final(), Any)

    coroutine = read()
    coroutine.close()


def test_callbacks_receive_typed_values() -> None:
    assembler = sj.Assembler(completion="end")

    @assembler.on("people[*].name")
    def show(change: sj.Change) -> None:
        assert_type(change.match, sj.Path)
        assert_type(change.match_value, Any)

    @assembler.on_complete("people[*]", into=Person)
    def save(done: sj.Completion[Person]) -> None:
        assert_type(done.value, Person)
        assert_type(done.path, sj.Path)
        assert_type(done.match, sj.Path)
        assert_type(done.version, int)
        assert_type(done.revision, int)
        assert_type(done.gone, bool)

    @assembler.on_complete("people[*]")
    async def keep(done: sj.Completion[Any]) -> None:
        assert_type(done.value, Any)

    assert_type(show, sj.Subscription[sj.Change])
    assert_type(save, sj.Subscription[sj.Completion[Person]])
    assert_type(keep, sj.Subscription[sj.Completion[Any]])
    assert_type(show.pattern, str)
    assert_type(show.active, bool)
    keep.cancel()


def test_direct_calls_return_subscriptions() -> None:
    assembler = sj.Assembler()
    changes: list[sj.Change] = []
    people: list[sj.Completion[Person]] = []
    assert_type(assembler.on("$", changes.append), sj.Subscription[sj.Change])
    handle = assembler.on_complete("people[*]", people.append, into=Person)
    assert_type(handle, sj.Subscription[sj.Completion[Person]])
    assert_type(assembler.on("$"), Callable[[Callable[[sj.Change], object]], sj.Subscription[sj.Change]])


def test_snapshots_return_typed_values() -> None:
    assembler = sj.Assembler()
    assembler.apply_delta("people[0].name", "Jane")
    snapshot = assembler.snapshot()
    assert_type(snapshot.is_complete("people[0].name"), bool)
    assert_type(snapshot.draft(Trip), Trip)
    assert_type(snapshot.find("people[*]"), list[sj.Match])
    for path, value in snapshot.find("people[*]"):
        assert_type(path, sj.Path)
        assert_type(value, Any)
