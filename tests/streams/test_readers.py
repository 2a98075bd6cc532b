"""What a stream is asked for while it is read: finished values, and one growing text; both kinds of stream."""

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
    """Drives a stream as `for` does."""

    def assemble(self, events: Iterable[Event], **options: Any) -> Any:
        return sj.assemble([event(*one) for one in events], **options)

    def next(self, iterator: Any) -> Any:
        return next(iterator)

    def list(self, iterator: Any) -> list[Any]:
        return list(iterator)

    def get(self, awaited: Any) -> Any:
        return awaited


class Async(Sync):
    """Drives one as `async for` does, in a loop of its own."""

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


def test_values_come_as_they_are_finished(drive: Sync) -> None:
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


def test_they_are_of_the_type_that_was_asked_for(drive: Sync) -> None:
    assert drive.list(drive.assemble(PEOPLE).completed("people[*]", into=Person)) == [
        Person("Jane Doe", 34), Person("John")
    ]  # fmt: skip
    assert drive.list(drive.assemble(PEOPLE).completed("total", int)) == [2]


def test_one_that_does_not_fit_is_an_error_and_the_next_comes_after_it(drive: Sync) -> None:
    stream = drive.assemble([("people[0].age", 1), *((path.replace("0", "1"), delta) for path, delta in PEOPLE[:3])])
    persons = stream.completed("people[*]", into=Person)

    with pytest.raises(sj.StructureError, match=r"people\[0\] does not fit Person: name: is missing") as caught:
        drive.next(persons)
    assert (caught.value.path, caught.value.value) == ("people[0]", {"age": 1})
    assert drive.list(persons) == [Person("Jane Doe", 34)]


def test_an_event_that_is_rejected_is_an_error_and_the_next_goes_on(drive: Sync) -> None:
    items = drive.assemble([("a[0]", "x"), ("a", 1), ("a[1]", "y")]).completed("a[*]")

    with pytest.raises(sj.ConflictError):
        drive.next(items)
    assert drive.list(items) == ["x", "y"]


def test_a_sender_that_fails_finishes_nothing(drive: Sync) -> None:
    stream = drive.assemble([("a[0]", "x"), ("a[1]", "y")], on_new_span="error", require_done=True)
    items = stream.completed("a[*]")

    assert drive.next(items) == "x"
    with pytest.raises(sj.StreamTruncatedError):
        drive.next(items)
    assert drive.list(items) == []


def test_it_begins_with_what_is_finished(drive: Sync) -> None:
    stream = drive.assemble([("a[0]", "x"), ("a[1]", "y"), ("a[2]", "z"), ("b", 1)])
    for _ in range(3):
        drive.next(stream)

    items = stream.completed("a[*]")
    assert [drive.next(items), drive.next(items)] == ["x", "y"]
    assert stream.snapshot.version == 3
    assert drive.list(items) == ["z"]
    assert drive.list(stream.completed("$..*")) == ["x", "y", "z", ["x", "y", "z"], 1]
    assert drive.list(stream.completed("$")) == [{"a": ["x", "y", "z"], "b": 1}]


def test_two_of_them_and_the_stream_itself_share_what_is_read(drive: Sync) -> None:
    stream = drive.assemble([("a[0]", "x"), ("a[1]", "y"), ("b[0]", "z"), ("b[1]", "w")])
    first, second = stream.completed("a[*]"), stream.completed("b[*]")

    assert drive.next(second) == "z"
    drive.next(stream)
    assert drive.list(first) == ["x", "y"]
    assert drive.list(second) == ["w"]
    assert drive.list(stream) == []


def test_a_value_that_was_returned_to_is_given_again_at_the_end_and_what_is_gone_is_not(drive: Sync) -> None:
    events = [("a", "x"), ("o.p", 1), ("o.q", 2), ("a", "y"), ("o", None), ("c", "z")]

    assert drive.list(drive.assemble(events).completed("$..*")) == ["x", 1, "xy", None, "z"]
    assert drive.list(drive.assemble(events, completion="end").completed("$..*")) == ["xy", None, "z"]


def test_who_asks_after_a_return_gets_what_has_not_changed_since_and_the_rest_at_the_end(drive: Sync) -> None:
    stream = drive.assemble([("a", "x"), ("b", "y"), ("c", "z"), ("b", "!"), ("c", "!")])
    for _ in range(4):
        drive.next(stream)

    values = stream.completed("*")
    assert drive.next(values) == "x"
    assert drive.list(values) == ["y!", "z!"]


def test_a_new_document_is_begun_anew(drive: Sync) -> None:
    def events() -> Any:
        yield {"delta": "x", "json_path": "a", "span_id": "s"}
        yield {"delta": "y", "json_path": "b"}
        yield {"delta": "z", "json_path": "c", "span_id": "t"}

    stream = sj.assemble(events(), on_new_span="reset")
    assert list(stream.completed("*")) == ["x", "z"]


def test_nothing_at_all_finishes_nothing(drive: Sync) -> None:
    assert drive.list(drive.assemble([]).completed("$")) == []
    stream = drive.assemble([])
    drive.next(stream)
    assert drive.list(stream.completed("$")) == []


def test_what_can_not_be_asked_for_is_refused_before_anything_is_read(drive: Sync) -> None:
    stream = drive.assemble(PEOPLE)
    with pytest.raises(sj.InvalidPatternError):
        stream.completed("people[?@.age]")
    with pytest.raises(TypeError):
        stream.completed("people[*]", into=3)
    with pytest.raises(sj.InvalidPathError):
        stream.text("people[*].name")
    assert stream.snapshot.version == 0


@given(VALUES, SEEDS, st.booleans(), spellings(), st.integers(0, 40))
def test_the_last_time_that_a_value_is_given_it_is_the_final_one(
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
        pytest.param([("t", ""), ("t", None), ("t", "x")], ["x"], id="nothing is no piece"),
        pytest.param([("t", "x\ud83d"), ("t", "\ude00y")], ["x", "😀y"], id="whole characters"),
        pytest.param([("t", "x\ud83d"), ("n", 1)], ["x", "\ufffd"], id="half a character"),
        pytest.param([("", {"t": "x"}), ("t", "y")], ["x", "y"], id="set with its object"),
        pytest.param([("n", 1)], [], id="never"),
        pytest.param([("t", "x"), DONE, ("t", "y")], ["x"], id="not after the end"),
    ],
)
def test_a_text_is_given_piece_by_piece(drive: Sync, events: list[Event], pieces: list[str]) -> None:
    stream = drive.assemble(events)

    assert drive.list(stream.text("t")) == pieces
    assert stream.snapshot.complete


def test_it_begins_with_what_is_there_and_catches_up(drive: Sync) -> None:
    stream = drive.assemble([("t", "a"), ("t", "b"), ("t", "c"), ("n", 1), ("t", "d"), ("t", "e")])
    drive.next(stream)
    drive.next(stream)
    text = stream.text("t")

    assert drive.next(text) == "ab"
    for _ in range(3):
        drive.next(stream)
    assert drive.next(text) == "cd"
    assert drive.list(text) == ["e"]


def test_the_root_is_a_text_in_text_mode(drive: Sync) -> None:
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
def test_what_is_no_text_or_another_one_ends_it(
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
    assert not stream.snapshot.complete  # the stream itself goes on


def test_a_text_is_not_that_of_another_document() -> None:
    events = [{"delta": "x", "json_path": "t", "span_id": span} for span in "st"]
    text = sj.assemble(events, on_new_span="reset").text("t")

    assert next(text) == "x"
    with pytest.raises(sj.ConflictError, match="t was replaced while it was followed; what was given of it is void"):
        next(text)


@given(VALUES, SEEDS, st.booleans())
def test_the_pieces_make_the_text(value: Any, chance: Any, mixed: bool) -> None:
    value = {"t": "followed 😀 text", "other": value}
    events = cut(value, chance, split_pairs=not mixed)  # between two halves nothing may come
    events = interleave(events, chance) if mixed else events
    stream = sj.assemble([event(*one) for one in events])

    pieces = list(stream.text("t"))
    assert all(pieces)
    assert "".join(pieces) == "followed 😀 text"
    assert stream.snapshot.complete


# ---------------------------------------------------------------------------------------------------------------------
# the end


def test_the_whole_is_validated_at_the_end(drive: Sync) -> None:
    stream = drive.assemble([("name", "Jane"), ("age", 34), DONE])

    assert drive.get(stream.final(into=Person)) == Person("Jane", 34)
    assert drive.get(stream.final()) == {"name": "Jane", "age": 34}
    assert drive.get(stream.final(Person)) == Person("Jane", 34)


def test_a_whole_that_does_not_fit_is_an_error(drive: Sync) -> None:
    stream = drive.assemble([("age", 34)])

    with pytest.raises(sj.StructureError, match="the root does not fit Person: name: is missing") as caught:
        drive.get(stream.final(into=Person))
    assert caught.value.path == ""
    assert drive.get(stream.final()) == {"age": 34}


def test_where_nothing_came_nothing_can_be_made(drive: Sync) -> None:
    with pytest.raises(sj.StructureError, match="no value arrived, so there is no Person"):
        drive.get(drive.assemble([]).final(into=Person))
    assert drive.get(drive.assemble([]).final()) is sj.MISSING


def test_a_type_that_nothing_can_make_is_refused_before_anything_is_read(drive: Sync) -> None:
    stream = drive.assemble([("age", 34)])

    with pytest.raises(TypeError):
        drive.get(stream.final(into=Callable))
    assert stream.snapshot.version == 0
