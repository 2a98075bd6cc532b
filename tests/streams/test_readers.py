"""Iterators over a stream that is being read: finished values and one growing text; both kinds of stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, strategies as st

import streamjson as sj
from naive_model import NaiveDocument, finished_order
from rfc9535 import Spelled, select, spelled as spellings
from test_properties import SEEDS, VALUES, cut, exact, interleave

Event = tuple[str, Any]
DONE = ("[DONE]", None)


@frozen
class Person:
    name: str
    age: int = 0


def event(path: str, delta: Any) -> Any:
    return {"data": path} if path == "[DONE]" else {"delta": delta, "json_path": path}


class Sync:
    """Drives a stream like `for`."""

    def assemble(self, events: Iterable[Event], **options: Any) -> Any:
        return sj.assemble([event(*one) for one in events], **options)

    def next(self, iterator: Any) -> Any:
        return next(iterator)

    def list(self, iterator: Any) -> list[Any]:
        return list(iterator)

    def get(self, awaited: Any) -> Any:
        return awaited


class Async(Sync):
    """Drives a stream like `async for`, in its own event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def assemble(self, events: Iterable[Event], **options: Any) -> Any:
        async def source() -> AsyncIterator[Any]:
            for one in events:
                yield event(*one)

        return sj.assemble(source(), **options)

    def next(self, iterator: Any) -> Any:
        async def one() -> Any:
            return await anext(iterator)

        try:
            return self.loop.run_until_complete(one())
        except StopAsyncIteration:
            raise StopIteration from None

    def list(self, iterator: Any) -> list[Any]:
        async def all_of_it() -> list[Any]:
            return [item async for item in iterator]

        return self.loop.run_until_complete(all_of_it())

    def get(self, awaited: Any) -> Any:
        return self.loop.run_until_complete(awaited)


@pytest.fixture(params=["sync", "async"])
def drive(request: pytest.FixtureRequest) -> Any:
    if request.param == "sync":
        yield Sync()
        return
    driver = Async()
    yield driver
    driver.loop.run_until_complete(driver.loop.shutdown_asyncgens())
    driver.loop.close()


# ---------------------------------------------------------------------------------------------------------------------
# finished values

PEOPLE = [
    ("people[0].name", "Jane"),
    ("people[0].name", " Doe"),
    ("people[0].age", 34),
    ("people[1].name", "John"),
    ("total", 2),
]


def test_values_are_yielded_when_they_are_finished(drive: Sync) -> None:
    stream = drive.assemble(PEOPLE)
    persons = stream.completed("people[*]")

    assert drive.next(persons) == {"name": "Jane Doe", "age": 34}
    assert stream.snapshot.value == {"people": [{"name": "Jane Doe", "age": 34}, {"name": "John"}]}
    assert drive.next(persons) == {"name": "John"}
    assert not stream.snapshot.complete
    for _ in range(2):
        with pytest.raises(StopIteration):
            drive.next(persons)
    assert stream.snapshot.complete


def test_values_are_converted_to_the_requested_type(drive: Sync) -> None:
    assert drive.list(drive.assemble(PEOPLE).completed("people[*]", into=Person)) == [
        Person("Jane Doe", 34), Person("John")
    ]  # fmt: skip
    assert drive.list(drive.assemble(PEOPLE).completed("total", int)) == [2]


def test_a_misfit_raises_and_the_next_value_follows(drive: Sync) -> None:
    stream = drive.assemble([("people[0].age", 1), *((path.replace("0", "1"), delta) for path, delta in PEOPLE[:3])])
    persons = stream.completed("people[*]", into=Person)

    with pytest.raises(sj.StructureError, match=r"people\[0\] does not fit Person: name: is missing") as caught:
        drive.next(persons)
    assert (caught.value.path, caught.value.value) == ("people[0]", {"age": 1})
    assert drive.list(persons) == [Person("Jane Doe", 34)]


def test_a_rejected_event_raises_and_the_iterator_continues(drive: Sync) -> None:
    items = drive.assemble([("a[0]", "x"), ("a", 1), ("a[1]", "y")]).completed("a[*]")

    with pytest.raises(sj.ConflictError):
        drive.next(items)
    assert drive.list(items) == ["x", "y"]


def test_a_failed_stream_finishes_no_value(drive: Sync) -> None:
    stream = drive.assemble([("a[0]", "x"), ("a[1]", "y")], on_new_span="error", require_done=True)
    items = stream.completed("a[*]")

    assert drive.next(items) == "x"
    with pytest.raises(sj.StreamTruncatedError):
        drive.next(items)
    assert drive.list(items) == []


def test_an_iterator_begins_with_finished_values(drive: Sync) -> None:
    stream = drive.assemble([("a[0]", "x"), ("a[1]", "y"), ("a[2]", "z"), ("b", 1)])
    for _ in range(3):
        drive.next(stream)

    items = stream.completed("a[*]")
    assert [drive.next(items), drive.next(items)] == ["x", "y"]
    assert stream.snapshot.version == 3
    assert drive.list(items) == ["z"]
    assert drive.list(stream.completed("$..*")) == ["x", "y", "z", ["x", "y", "z"], 1]
    assert drive.list(stream.completed("$")) == [{"a": ["x", "y", "z"], "b": 1}]


def test_two_iterators_and_the_stream_share_the_events(drive: Sync) -> None:
    stream = drive.assemble([("a[0]", "x"), ("a[1]", "y"), ("b[0]", "z"), ("b[1]", "w")])
    first, second = stream.completed("a[*]"), stream.completed("b[*]")

    assert drive.next(second) == "z"
    drive.next(stream)
    assert drive.list(first) == ["x", "y"]
    assert drive.list(second) == ["w"]
    assert drive.list(stream) == []


def test_changed_values_are_yielded_again_but_not_lost_ones(drive: Sync) -> None:
    events = [("a", "x"), ("o.p", 1), ("o.q", 2), ("a", "y"), ("o", None), ("c", "z")]

    assert drive.list(drive.assemble(events).completed("$..*")) == ["x", 1, "xy", None, "z"]
    assert drive.list(drive.assemble(events, completion="end").completed("$..*")) == ["xy", None, "z"]


def test_completed_after_a_return_yields_unchanged_values_first(drive: Sync) -> None:
    stream = drive.assemble([("a", "x"), ("b", "y"), ("c", "z"), ("b", "!"), ("c", "!")])
    for _ in range(4):
        drive.next(stream)

    values = stream.completed("*")
    assert drive.next(values) == "x"
    assert drive.list(values) == ["y!", "z!"]


def test_an_iterator_continues_with_a_new_document(drive: Sync) -> None:
    def events() -> Any:
        yield {"delta": "x", "json_path": "a", "span_id": "s"}
        yield {"delta": "y", "json_path": "b"}
        yield {"delta": "z", "json_path": "c", "span_id": "t"}

    stream = sj.assemble(events(), on_new_span="reset")
    assert list(stream.completed("*")) == ["x", "z"]


def test_an_empty_source_finishes_no_value(drive: Sync) -> None:
    assert drive.list(drive.assemble([]).completed("$")) == []
    stream = drive.assemble([])
    drive.next(stream)
    assert drive.list(stream.completed("$")) == []


def test_invalid_arguments_raise_before_anything_is_read(drive: Sync) -> None:
    stream = drive.assemble(PEOPLE)
    with pytest.raises(sj.InvalidPatternError):
        stream.completed("people[?@.age]")
    with pytest.raises(TypeError):
        stream.completed("people[*]", into=3)
    with pytest.raises(sj.InvalidPathError):
        stream.text("people[*].name")
    assert stream.snapshot.version == 0


@given(VALUES, SEEDS, st.booleans(), spellings(), st.integers(0, 40))
def test_the_last_yield_of_a_value_is_the_final_one(
    value: Any, chance: Any, mixed: bool, spelled: Spelled, late: int
) -> None:
    events = cut(value, chance)
    events = interleave(events, chance) if mixed else events
    stream = sj.assemble([event(*one) for one in events])
    for _ in range(min(late, len(events))):
        next(stream, None)
    naive = NaiveDocument()
    for path, delta in events:
        naive.apply(sj.parse_path(path), delta)

    given_values = [exact(one) for one in stream.completed(spelled.text)]
    final = select(spelled.query, naive.values[-1])
    wanted = [exact(final[place]) for place in finished_order(naive.holders[-1][0]) if place in final]
    if mixed:
        for one in wanted:
            assert one in given_values
        assert len(given_values) <= 2 * len(wanted)
    else:
        assert given_values == wanted


# ---------------------------------------------------------------------------------------------------------------------
# a growing text


@pytest.mark.parametrize(
    ("events", "pieces"),
    [
        pytest.param([("t", "Lis"), ("t", "bon"), ("n", 1)], ["Lis", "bon"], id="as it grows"),
        pytest.param([("n", 1), ("t", None), ("t", "x"), ("n", 2), ("t", "y")], ["x", "y"], id="after null, and later"),
        pytest.param([("t", ""), ("t", None), ("t", "x")], ["x"], id="an empty delta is not a piece"),
        pytest.param([("t", "x\ud83d"), ("t", "\ude00y")], ["x", "😀y"], id="whole characters"),
        pytest.param([("t", "x\ud83d"), ("n", 1)], ["x", "\ufffd"], id="half a character"),
        pytest.param([("", {"t": "x"}), ("t", "y")], ["x", "y"], id="set with its object"),
        pytest.param([("n", 1)], [], id="never"),
        pytest.param([("t", "x"), DONE, ("t", "y")], ["x"], id="not after the end"),
    ],
)
def test_a_text_is_yielded_piece_by_piece(drive: Sync, events: list[Event], pieces: list[str]) -> None:
    stream = drive.assemble(events)

    assert drive.list(stream.text("t")) == pieces
    assert stream.snapshot.complete


def test_text_begins_with_the_text_so_far_and_catches_up(drive: Sync) -> None:
    stream = drive.assemble([("t", "a"), ("t", "b"), ("t", "c"), ("n", 1), ("t", "d"), ("t", "e")])
    drive.next(stream)
    drive.next(stream)
    text = stream.text("t")

    assert drive.next(text) == "ab"
    for _ in range(3):
        drive.next(stream)
    assert drive.next(text) == "cd"
    assert drive.list(text) == ["e"]


def test_text_follows_the_root_in_text_mode(drive: Sync) -> None:
    assert drive.list(drive.assemble([("", "a"), ("", "b")]).text("")) == ["a", "b"]


@pytest.mark.parametrize(
    ("events", "pieces", "code", "found"),
    [
        pytest.param([("t", 1), ("t", 2)], [], "not_text", "number", id="a number"),
        pytest.param([("t.x", "a")], [], "not_text", "object", id="an object"),
        pytest.param([("t", "x"), ("t", None), ("t", "y")], ["x"], "text_replaced", "null", id="null over the text"),
        pytest.param([("t", "x"), ("t", 1)], ["x"], "text_replaced", "number", id="a number over the text"),
        pytest.param([("t", "x"), ("", {"t": "x"})], ["x"], "text_replaced", "string", id="a new object around it"),
        pytest.param([("t", "x"), ("", None)], ["x"], "text_replaced", "nothing", id="its object vanishes"),
    ],
)
def test_a_value_that_is_not_text_or_is_replaced_ends_text(
    drive: Sync, events: list[Event], pieces: list[str], code: str, found: str
) -> None:
    stream = drive.assemble([*events, ("z", 1)], on_conflict="replace")
    text = stream.text("t")

    assert [drive.next(text) for _ in pieces] == pieces
    with pytest.raises(sj.ConflictError) as caught:
        drive.next(text)
    assert (caught.value.code, caught.value.path, caught.value.found) == (code, "t", found)
    with pytest.raises(StopIteration):
        drive.next(text)
    assert not stream.snapshot.complete  # the stream itself continues


def test_a_reset_ends_text() -> None:
    events = [{"delta": "x", "json_path": "t", "span_id": span} for span in "st"]
    text = sj.assemble(events, on_new_span="reset").text("t")

    assert next(text) == "x"
    with pytest.raises(sj.ConflictError, match=r"t was replaced while text\(\) followed it: discard the pieces"):
        next(text)


@given(VALUES, SEEDS, st.booleans())
def test_the_pieces_join_to_the_text(value: Any, chance: Any, mixed: bool) -> None:
    value = {"t": "followed 😀 text", "other": value}
    events = cut(value, chance, split_pairs=not mixed)  # nothing may come between two halves
    events = interleave(events, chance) if mixed else events
    stream = sj.assemble([event(*one) for one in events])

    pieces = list(stream.text("t"))
    assert all(pieces)
    assert "".join(pieces) == "followed 😀 text"
    assert stream.snapshot.complete


# ---------------------------------------------------------------------------------------------------------------------
# the end


def test_final_validates_the_document(drive: Sync) -> None:
    stream = drive.assemble([("name", "Jane"), ("age", 34), DONE])

    assert drive.get(stream.final(into=Person)) == Person("Jane", 34)
    assert drive.get(stream.final()) == {"name": "Jane", "age": 34}
    assert drive.get(stream.final(Person)) == Person("Jane", 34)


def test_a_document_that_does_not_fit_is_an_error(drive: Sync) -> None:
    stream = drive.assemble([("age", 34)])

    with pytest.raises(sj.StructureError, match="the root does not fit Person: name: is missing") as caught:
        drive.get(stream.final(into=Person))
    assert caught.value.path == ""
    assert drive.get(stream.final()) == {"age": 34}


def test_an_empty_source_makes_no_object(drive: Sync) -> None:
    with pytest.raises(sj.StructureError, match="no value arrived, so there is no Person"):
        drive.get(drive.assemble([]).final(into=Person))
    assert drive.get(drive.assemble([]).final()) is sj.MISSING


def test_final_refuses_an_unusable_type_before_reading(drive: Sync) -> None:
    stream = drive.assemble([("age", 34)])

    with pytest.raises(TypeError):
        drive.get(stream.final(into=Callable))
    assert stream.snapshot.version == 0
