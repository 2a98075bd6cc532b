"""Several kinds of finished values from one stream, in order; and values that do not fit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj


@dataclass
class Person:
    name: str
    age: int


@dataclass
class Place:
    city: str


ANSWER = {
    "people": [{"name": "Jane", "age": 34}, {"name": "John", "age": "old"}, {"name": "Ann", "age": 9}],
    "places": [{"city": "Lisbon"}],
    "summary": "Three people",
}
TYPES = {"people[*]": Person, "places[*]": Place}
Facts = list[tuple[Any, ...]]


def events() -> list[sj.StreamingChunk]:
    return list(sj.disassemble(ANSWER, piece_chars=3))


async def events_async() -> AsyncIterator[sj.StreamingChunk]:
    for event in events():
        yield event


def taken(patterns: tuple[str, ...], into: Any, *, is_async: bool, **options: Any) -> list[sj.Completion[Any]]:
    async def collect() -> list[sj.Completion[Any]]:
        return [done async for done in sj.assemble(events_async(), **options).completions(*patterns, into=into)]

    return (
        asyncio.run(collect()) if is_async else list(sj.assemble(events(), **options).completions(*patterns, into=into))
    )


either = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@either
def test_completions_come_in_the_order_of_finishing(*, is_async: bool) -> None:
    done = taken(("summary", "people[*].name", "places[*]"), None, is_async=is_async)
    assert [(one.pattern, str(one.path), one.value, one.revision, one.match == one.path) for one in done] == [
        ("people[*].name", "people[0].name", "Jane", 1, True),
        ("people[*].name", "people[1].name", "John", 1, True),
        ("people[*].name", "people[2].name", "Ann", 1, True),
        ("places[*]", "places[0]", {"city": "Lisbon"}, 1, True),
        ("summary", "summary", "Three people", 1, True),
    ]


@either
def test_each_pattern_can_have_its_own_type(*, is_async: bool) -> None:
    for patterns in ((), ("people[*]", "places[*]"), ("people[*]", "places[*]", "summary")):
        done = taken(patterns, TYPES, is_async=is_async, on_misfit="skip")
        assert [one.value for one in done][:3] == [Person("Jane", 34), Person("Ann", 9), Place("Lisbon")]
        assert [one.value for one in done][3:] == ["Three people"][: len(patterns) - 2 if patterns else 0]


def test_one_type_applies_to_all_patterns() -> None:
    done = taken(("people[*].name", "places[*].city"), str, is_async=False)
    assert [one.value for one in done] == ["Jane", "John", "Ann", "Lisbon"]


def test_a_location_selected_by_two_patterns_is_yielded_for_each() -> None:
    done = taken(("people[0]", "people[*]"), None, is_async=False)
    assert [(one.pattern, str(one.path)) for one in done][:3] == [
        ("people[0]", "people[0]"), ("people[*]", "people[0]"), ("people[*]", "people[1]"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "into", "message"),
    [
        ((), None, "give a pattern"),
        ((), {}, "give a pattern"),
        (("people[*]",), {"places[*]": Place}, "not among the patterns"),
        (("people[*]",), print, "type"),
        ((["people[*]", "summary"],), None, "each pattern must be a string"),
    ],
)
def test_invalid_arguments_raise_before_anything_is_read(patterns: tuple[str, ...], into: Any, message: str) -> None:
    stream = sj.assemble(iter(events()))
    with pytest.raises(TypeError, match=message):
        stream.completions(*patterns, into=into)
    with pytest.raises(sj.InvalidPatternError):
        stream.completions("people[")
    assert stream.snapshot.version == 0


def facts(done: sj.Completion[Any]) -> tuple[Any, ...]:
    return done.pattern, str(done.path), done.value, done.revision, done.gone


DELTAS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c.x", "c.y", "d[0]", "d[1].z", "c", ""]),
        st.sampled_from(["x", "yy", 1, None, [], {}, {"x": "v"}, ["i", {"z": "w"}]]),
    ),
    max_size=10,
)
PATTERNS = ("*", "$..x", "d[*]")


@given(deltas=DELTAS, completion=st.sampled_from(["order", "end"]), began=st.integers(0, 10))
def test_completions_equal_those_of_callbacks(deltas: list[tuple[str, Any]], completion: Any, began: int) -> None:
    """They are equal, in the same order, from the first event on; a late iterator yields each finished value once."""
    options: Any = {"on_conflict": "replace", "completion": completion}
    chunks = [sj.StreamingChunk(delta, path) for path, delta in deltas]
    heard: Facts = []
    assembler = sj.Assembler(**options)
    for pattern in PATTERNS:
        assembler.on_complete(pattern, lambda done: heard.append(facts(done)))
    for chunk in chunks:
        assembler.apply(chunk)
    assembler.close()

    stream = sj.assemble(chunks, **options)
    assert [facts(done) for done in stream.completions(*PATTERNS)] == heard

    late = sj.assemble(chunks, **options)
    for _ in zip(range(began), late, strict=False):
        pass
    last: dict[tuple[str, str], Any] = {}
    for pattern, path, value, revision, gone in map(facts, late.completions(*PATTERNS)):
        assert ((pattern, path) in last) == (revision == 2)
        last[pattern, path] = value
        if gone:
            del last[pattern, path]
    expected = {(pattern, path): value for pattern, path, value, _, gone in heard if not gone}
    for pattern, path, _, _, gone in heard:
        if gone:
            expected.pop((pattern, path), None)
    assert last == expected


# ---------------------------------------------------------------------------------------------------------------------
# values that do not fit


@either
def test_a_misfit_raises_and_the_next_value_follows(*, is_async: bool) -> None:
    async def collect() -> list[object]:
        values = sj.assemble(events_async()).completed("people[*]", into=Person)
        found: list[object] = []
        while True:
            try:
                found.append(await anext(values))
            except sj.StructureError as error:
                found.append(error.path)
            except StopAsyncIteration:
                return found

    def collect_sync() -> list[object]:
        values = sj.assemble(events()).completed("people[*]", into=Person)
        found: list[object] = []
        while True:
            try:
                found.append(next(values))
            except sj.StructureError as error:
                found.append(error.path)
            except StopIteration:
                return found

    found = asyncio.run(collect()) if is_async else collect_sync()
    assert found == [Person("Jane", 34), "people[1]", Person("Ann", 9)]


def by_loop(stream: sj.SnapshotStream) -> list[object]:
    return list(stream.completed("people[*]", into=Person))


def by_completions(stream: sj.SnapshotStream) -> list[object]:
    return [done.value for done in stream.completions("people[*]", into=Person)]


def by_callback(stream: sj.SnapshotStream) -> list[object]:
    values: list[object] = []
    stream.assembler.on_complete("people[*]", lambda done: values.append(done.value), into=Person)
    stream.final()
    return values


@pytest.mark.parametrize("take", [by_loop, by_completions, by_callback])
def test_a_misfit_is_passed_over_and_kept(take: Callable[[sj.SnapshotStream], list[object]]) -> None:
    stream = sj.assemble(events(), on_misfit="skip")
    assert take(stream) == [Person("Jane", 34), Person("Ann", 9)]
    assert stream.skipped_count == 1
    done, error = stream.skipped[0]
    assert isinstance(done, sj.Completion)
    assert (str(done.path), done.value) == ("people[1]", {"name": "John", "age": "old"})
    assert isinstance(error, sj.StructureError)
    assert error.path == "people[1]"


@pytest.mark.parametrize("take", [by_loop, by_completions, by_callback])
def test_on_misfit_function_is_called_with_the_error(take: Callable[[sj.SnapshotStream], list[object]]) -> None:
    errors: list[sj.StructureError] = []
    stream = sj.assemble(events(), on_misfit=errors.append)
    assert take(stream) == [Person("Jane", 34), Person("Ann", 9)]
    assert [error.path for error in errors] == ["people[1]"]
    assert stream.skipped_count == 1


def test_an_asynchronous_callback_passes_over_a_misfit() -> None:
    async def main() -> None:
        stream = sj.assemble(events_async(), on_misfit="skip")
        values: list[object] = []

        @stream.assembler.on_complete("people[*]", into=Person)
        async def _(done: sj.Completion[Person]) -> None:
            values.append(done.value)

        await stream.final()
        assert (values, stream.skipped_count) == ([Person("Jane", 34), Person("Ann", 9)], 1)

    asyncio.run(main())


def test_final_always_raises_for_a_misfit() -> None:
    with pytest.raises(sj.StructureError):
        sj.assemble(events(), on_misfit="skip").final(into=Person)


def test_stop_iteration_of_on_misfit_ends_no_loop() -> None:
    def stop(_: object) -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(sj.assemble(events(), on_misfit=stop).completed("people[*]", into=Person))


async def a_coroutine(_: object) -> None: ...


@pytest.mark.parametrize("on_misfit", ["ignore", None, 5, a_coroutine])
def test_invalid_on_misfit_is_refused(on_misfit: Any) -> None:
    with pytest.raises(ValueError, match="on_misfit"):
        sj.Assembler(on_misfit=on_misfit)


# ---------------------------------------------------------------------------------------------------------------------
# errors of callbacks


class FrozenError(Exception):
    """Refuses notes, like an exception that is a frozen dataclass."""

    def add_note(self, note: str) -> None:
        raise AttributeError(note)


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def raised_by(*errors: Exception) -> tuple[BaseException, int]:
    assembler = sj.Assembler()
    heard: list[object] = []

    def fail(error: Exception) -> Callable[[object], object]:
        def callback(_: object) -> None:
            raise error

        return callback

    for error in errors:
        assembler.on("a", fail(error))
    assembler.on("a", heard.append)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the caller checks which one it is
        assembler.apply_delta("a", "x")
    assert assembler.snapshot().value == {"a": "x"}
    return caught.value, len(heard)


@pytest.mark.parametrize("first", [FrozenError("f"), SilentError()], ids=["refuses notes", "has no text"])
def test_a_misbehaving_exception_does_not_stop_other_callbacks(first: Exception) -> None:
    error, heard = raised_by(first, ValueError("v"))
    assert isinstance(error, ExceptionGroup)
    assert heard == 1
    assert [type(one) for one in error.exceptions] == [type(first), ValueError]
    assert error.exceptions[1].__notes__ == ["for the callback on a, at a"]


def test_a_single_streamjson_error_is_raised_as_it_is() -> None:
    mine = sj.ConflictError("no room")
    error, heard = raised_by(mine)
    assert error is mine
    assert heard == 1
    assert mine.__notes__ == ["for the callback on a, at a"]


def test_several_errors_or_one_foreign_error_form_a_group() -> None:
    for errors in ((sj.ConflictError("a"), sj.ConflictError("b")), (ValueError("v"),)):
        error, _ = raised_by(*errors)
        assert isinstance(error, ExceptionGroup)
        assert list(error.exceptions) == list(errors)


def test_the_message_of_a_group_shows_the_first_error() -> None:
    error, _ = raised_by(ValueError("'x' is not 'y'"))
    assert str(error).startswith("1 callback failed, but the event is applied; first: 'x' is not 'y' (")
    long, _ = raised_by(ValueError("x" * 1000))
    assert len(str(long)) < 300


def test_values_gone_before_the_reader_began_are_not_yielded() -> None:
    deltas: list[tuple[str, Any]] = [("x.a", "1"), ("y", "2"), ("x", None)]
    stream = sj.assemble([sj.StreamingChunk(delta, path) for path, delta in deltas])
    for _ in range(3):
        next(stream)
    assert [str(done.path) for done in stream.completions("$..*")] == ["x", "y"]
