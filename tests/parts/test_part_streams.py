"""`assemble_parts`, sync and async: parts as they change, calls, snapshots of one part, prose, and the source's end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import attrs
import pytest

import streamjson as sj
from chat import MESSAGE, block, call_block, candidate, chunk, delta, ended, fragment, function, said, stop


@attrs.define
class Trip:
    city: str


TWO_CALLS = [
    said("Booking."),
    fragment('{"city": "Lis', name="book", id="1"),
    fragment('bon"}'),
    fragment('{"why": "rain"}', name="cancel", id="2", index=1),
    chunk(finish="tool_calls"),
]


class Source:
    """An iterator over events that says whether it is closed; an exception in the list is raised."""

    def __init__(self, events: Iterable[Any]) -> None:
        self._events = iter(events)
        self.read = 0
        self.closed = 0

    def __iter__(self) -> Source:
        return self

    def __next__(self) -> Any:
        event = next(self._events)
        self.read += 1
        if isinstance(event, BaseException):
            raise event
        return event

    def close(self) -> None:
        self.closed += 1


class AsyncSource(Source):
    def __aiter__(self) -> AsyncSource:
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0)
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.closed += 1


class AsyncFacade:
    """Reads an asynchronous stream as if it were a plain one, so that a test can be run with both."""

    def __init__(self, stream: Any, run: Any) -> None:
        self._stream, self._run = stream, run

    def __iter__(self) -> Iterator[Any]:
        iterator = aiter(self._stream)
        while True:
            try:
                yield self._run(anext(iterator))
            except StopAsyncIteration:
                return

    def __next__(self) -> Any:
        try:
            return self._run(anext(self._stream))
        except StopAsyncIteration:
            raise StopIteration from None

    def __repr__(self) -> str:
        return repr(self._stream)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        if name in ("final", "aclose"):
            return lambda *given: self._run(found(*given))
        if name in ("calls", "snapshots", "text", "completed", "completions"):
            return lambda *given, **named: AsyncFacade(found(*given, **named), self._run)
        return found

    def close(self) -> None:
        self._run(self._stream.aclose())


@pytest.fixture(params=["sync", "async"])
def assemble(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A function that assembles parts from events, of either kind of source, and returns the stream and its source."""
    with asyncio.Runner() as runner:

        def make(events: Iterable[Any], **options: Any) -> tuple[Any, Source]:
            if request.param == "sync":
                source = Source(events)
                return sj.assemble_parts(source, **options), source
            source = AsyncSource(events)

            async def begin() -> Any:
                stream: AsyncIterator[Any] = sj.assemble_parts(source, **options)
                return stream

            async def wait(awaitable: Any) -> Any:
                return await awaitable

            return AsyncFacade(runner.run(begin()), lambda awaitable: runner.run(wait(awaitable))), source

        yield make


def test_it_yields_the_part_that_just_changed(assemble: Any) -> None:
    answer, source = assemble(TWO_CALLS)
    seen = [(part.name, part.value, part.end) for part in answer]
    assert seen == [
        (None, "Booking.", "open"),
        ("book", {"city": "Lis"}, "open"),
        ("book", {"city": "Lisbon"}, "open"),
        ("book", {"city": "Lisbon"}, "open"),  # the next call began: it is passed
        ("cancel", {"why": "rain"}, "open"),
        (None, "Booking.", "done"),
        ("book", {"city": "Lisbon"}, "done"),
        ("cancel", {"why": "rain"}, "done"),
    ]
    assert (answer.end, answer.finish, answer.provider, source.closed) == ("eof", "tool_calls", "openai_chat", 1)
    assert list(answer) == []


def test_final_reads_to_the_end_and_returns_all_parts(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS)
    parts = answer.final()
    assert [part.kind for part in parts] == ["text", "call", "call"]
    assert answer.final() == parts == list(answer.parts)
    assert repr(answer).endswith("of openai_chat: 3 parts, eof>")


def test_an_answer_ends_at_done_and_the_source_is_not_read_further(assemble: Any) -> None:
    answer, source = assemble([said("Hi"), chunk(finish="stop"), sj.ServerSentEvent("[DONE]"), said("more")])
    assert [part.value for part in answer.final()] == ["Hi"]
    assert (answer.end, source.read, source.closed) == ("done", 3, 1)


# ----------------------------------------------------------------------------------------------------------------------
# calls


def test_calls_are_given_as_soon_as_they_are_whole(assemble: Any) -> None:
    answer, source = assemble(TWO_CALLS)
    given = [(call.name, call.value, source.read) for call in answer.calls()]
    assert given == [("book", {"city": "Lisbon"}, 4), ("cancel", {"why": "rain"}, 5)]


def test_calls_by_name_and_by_type(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS)
    assert [call.value for call in answer.calls("book", into=Trip)] == [Trip("Lisbon")]
    assert [call.value for call in answer.calls(["book", "cancel"], into={"book": Trip})] == [
        Trip("Lisbon"),
        {"why": "rain"},
    ]
    assert repr(next(iter(answer.calls()))) == "<Call 'book'>"


def test_a_call_that_does_not_fit_is_an_error_and_the_next_one_follows(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS)
    calls = answer.calls(into=Trip)
    assert next(calls).value == Trip("Lisbon")
    with pytest.raises(sj.StructureError):
        next(calls)
    assert list(calls) == []
    answer, _ = assemble(TWO_CALLS, on_misfit="skip")
    assert [call.value for call in answer.calls(into=Trip)] == [Trip("Lisbon")]


@pytest.mark.parametrize(
    "events",
    [
        [*TWO_CALLS[:3], fragment('{"why": "ra', name="cancel", id="2", index=1), chunk(finish="length")],
        [*TWO_CALLS[:3], fragment('{"why": "ra', name="cancel", id="2", index=1)],
        [MESSAGE, *call_block(0, '{"city": "Lisbon"}'), *call_block(1, '{"why"'), ended("max_tokens")],
        [MESSAGE, *call_block(0, '{"city": "Lisbon"}'), *call_block(1, '{"why"')],
        [
            candidate(
                function(name="book", args={"city": "Lisbon"}),
                function(name="f", willContinue=True),
                finish="MAX_TOKENS",
            )
        ],
    ],
)
def test_half_a_call_is_never_given_and_a_whole_one_before_the_cut_is(assemble: Any, events: list[Any]) -> None:
    answer, _ = assemble(events)
    assert [call.value for call in answer.calls()] == [{"city": "Lisbon"}]
    assert answer.parts[-1].end in ("length", "cut")
    assert not answer.parts[-1].complete


def test_names_and_types_of_calls_are_checked_at_once(assemble: Any) -> None:
    answer, source = assemble(TWO_CALLS)
    with pytest.raises(TypeError):
        answer.calls(into=5)
    with pytest.raises(TypeError, match="names of tools"):
        answer.calls([5])
    assert source.read == 0


def test_callbacks_run_before_the_part_is_yielded(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS)
    log: list[Any] = []
    answer.on_call("book", lambda call: log.append(call.value))
    log.extend(part.name for part in answer)
    assert log[:5] == [None, "book", "book", {"city": "Lisbon"}, "book"]
    assert log.count({"city": "Lisbon"}) == 1


def test_coroutine_functions_are_awaited_by_an_asynchronous_stream_only() -> None:
    log: list[Any] = []

    async def book(call: Any) -> None:
        await asyncio.sleep(0)
        log.append(call.value)

    async def fail(call: Any) -> None:
        raise ZeroDivisionError

    async def read() -> None:
        answer = sj.assemble_parts(AsyncSource(TWO_CALLS))
        answer.on_call("book", book)
        answer.on_call("cancel", fail)
        with pytest.raises(ExceptionGroup):
            await answer.final()
        assert len(await answer.final()) == 3

    asyncio.run(read())
    assert log == [{"city": "Lisbon"}]
    with pytest.raises(TypeError, match="coroutine"):
        sj.assemble_parts(TWO_CALLS).on_call("book", book)


def test_callbacks_before_an_error_are_called(assemble: Any) -> None:
    log: list[Any] = []
    bad = [candidate(function(name="f", args={"a": 1}), function(args={}))]
    answer, _ = assemble(bad)
    answer.on_call(None, lambda call: log.append(call.value))
    with pytest.raises(sj.InvalidEventError):
        answer.final()
    assert log == [{"a": 1}]
    answer, _ = assemble(bad)
    answer.on_call(None, lambda call: 1 / 0)
    with pytest.raises(sj.InvalidEventError) as raised:
        answer.final()
    assert isinstance(raised.value.__cause__, ExceptionGroup)
    with pytest.raises(sj.ClosedError, match="before its answer did"):
        answer.final()


# ----------------------------------------------------------------------------------------------------------------------
# one part


def test_snapshots_of_one_part(assemble: Any) -> None:
    answer, source = assemble(TWO_CALLS)
    shown = [(snapshot.value, snapshot.complete, source.read) for snapshot in answer.snapshots(name="book")]
    assert shown == [({"city": "Lis"}, False, 2), ({"city": "Lisbon"}, False, 3), ({"city": "Lisbon"}, True, 5)]


def test_snapshots_begin_with_what_is_there(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS)
    answer.final()
    assert [snapshot.value for snapshot in answer.snapshots(name="book")] == [{"city": "Lisbon"}] * 2
    assert [snapshot.complete for snapshot in answer.snapshots(name="cancel")] == [True, True]
    assert [snapshot.value for snapshot in answer.snapshots(kind="text")] == ["Booking."] * 2


def test_snapshots_of_a_part_that_is_cut_end_without_a_complete_one(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS[:2])
    snapshots = answer.snapshots(kind="call")
    assert [snapshot.complete for snapshot in snapshots] == [False]
    with pytest.raises(sj.ClosedError):
        snapshots.final()
    assert snapshots.snapshot.value == {"city": "Lis"}


def test_snapshots_of_a_part_that_never_comes(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS)
    snapshots = answer.snapshots(name="fly")
    assert list(snapshots) == []
    assert snapshots.snapshot.value is sj.MISSING
    with pytest.raises(sj.ClosedError, match="no such part"):
        snapshots.final()
    assert list(answer.snapshots(name="fly").completed("$")) == []


def test_the_stream_of_one_part_has_the_methods_of_every_stream(assemble: Any) -> None:
    answer, source = assemble(TWO_CALLS)
    assert list(answer.snapshots(name="book").text("city")) == ["Lis", "bon"]
    assert source.read == 5
    assert answer.snapshots(name="book").final(Trip) == Trip("Lisbon")
    assert [done.value for done in answer.snapshots(name="book").completions("city")] == ["Lisbon"]
    answer, source = assemble(TWO_CALLS)
    done = answer.snapshots(name="book").completed("city")
    assert (next(done), source.read) == ("Lisbon", 3)
    with pytest.raises(sj.InvalidPatternError):
        answer.snapshots(name="book").completed("a[")


def test_closing_the_stream_of_one_part_leaves_the_answer_open(assemble: Any) -> None:
    answer, source = assemble(TWO_CALLS)
    snapshots = answer.snapshots(name="book")
    next(snapshots)
    snapshots.close()
    assert list(snapshots) == []
    assert source.closed == 0
    assert len(answer.final()) == 3


def test_several_readers_share_an_answer(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS)
    prose, calls = iter(answer.text()), iter(answer.calls())
    assert next(prose) == "Booking."
    assert next(calls).name == "book"
    assert [part.name for part in answer][-1] == "cancel"
    assert [call.name for call in calls] == ["cancel"]
    assert list(prose) == []


# ----------------------------------------------------------------------------------------------------------------------
# prose


def test_prose_as_it_grows(assemble: Any) -> None:
    texts = [MESSAGE, block(0, type="text", text="")]
    texts += [delta(0, type="text_delta", text=piece) for piece in ("Hel", "lo. ")]
    texts += [stop(0), *call_block(1, "[]"), block(2, type="text", text="Bye"), stop(2), ended("end_turn")]
    answer, _ = assemble(texts)
    assert list(answer.text()) == ["Hel", "lo. ", "Bye"]
    assert list(answer.text()) == ["Hello. ", "Bye"]


def test_prose_of_one_choice(assemble: Any) -> None:
    answer, _ = assemble([said("a0"), said("b0", 1), said("a1"), said("b1", 1), chunk(finish="stop")])
    assert list(answer.text()) == ["a0", "a1"]
    assert list(answer.text(choice=1)) == ["b0b1"]


def test_prose_that_is_replaced_is_an_error(assemble: Any) -> None:
    events = [
        {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "Hi"},
        {"type": "response.output_text.done", "item_id": "m", "output_index": 0, "content_index": 0, "text": "Ho"},
    ]
    answer, _ = assemble(events, on_conflict="replace")
    text = answer.text()
    assert next(text) == "Hi"
    with pytest.raises(sj.ConflictError) as raised:
        next(text)
    assert raised.value.code == "text_replaced"
    assert list(text) == []
    assert answer.parts[0].value == "Ho"


def test_documents_are_not_prose(assemble: Any) -> None:
    answer, _ = assemble([said("{}")], content="json")
    with pytest.raises(TypeError, match="snapshots"):
        answer.text()


# ----------------------------------------------------------------------------------------------------------------------
# sources


def test_an_error_of_the_source_passes_through_and_the_parts_stay(assemble: Any) -> None:
    answer, source = assemble([said("Hi"), ZeroDivisionError()])
    next(answer)
    with pytest.raises(ZeroDivisionError):
        next(answer)
    assert list(answer) == []
    assert [(part.value, part.end) for part in answer.parts] == [("Hi", "open")]
    assert source.closed == 1
    with pytest.raises(sj.ClosedError):
        answer.final()


def test_a_refused_event_ends_the_answer_and_closes_the_source(assemble: Any) -> None:
    answer, source = assemble([said("Hi"), {"error": "busy"}, said("more")])
    with pytest.raises(sj.StreamFailedError) as raised:
        answer.final()
    assert raised.value.parts == answer.parts
    assert (source.closed, source.read, answer.end) == (1, 2, "failed")


class CannotClose(Source):
    def close(self) -> None:
        raise OSError("no")


def test_an_error_at_closing_does_not_hide_another() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        list(sj.assemble_parts(CannotClose([ZeroDivisionError()])))
    assert raised.value.__notes__ == ["closing the source failed too: OSError('no')"]
    with pytest.raises(OSError, match="no"):
        sj.assemble_parts(CannotClose([])).close()

    class AsyncCannotClose(AsyncSource):
        async def aclose(self) -> None:
            raise OSError("no")

    async def read() -> None:
        with pytest.raises(ZeroDivisionError) as raised:
            await sj.assemble_parts(AsyncCannotClose([ZeroDivisionError()])).final()
        assert raised.value.__notes__ == ["closing the source failed too: OSError('no')"]
        with pytest.raises(OSError, match="no"):
            await sj.assemble_parts(AsyncCannotClose([])).aclose()

    asyncio.run(read())


def test_leaving_the_block_closes_the_source() -> None:
    source = Source(TWO_CALLS)
    with sj.assemble_parts(source) as answer:
        next(answer)
    assert (source.closed, list(answer), answer.end) == (1, [], "open")

    async def read() -> None:
        source = AsyncSource(TWO_CALLS)
        async with sj.assemble_parts(source) as answer:
            await anext(answer)
        assert (source.closed, [part async for part in answer]) == (1, [])
        with pytest.raises(TypeError, match="async for"):
            iter(answer)

    asyncio.run(read())


def test_two_tasks_do_not_read_one_answer() -> None:
    async def read() -> None:
        answer = sj.assemble_parts(AsyncSource(TWO_CALLS))
        results = await asyncio.gather(anext(answer), anext(answer), return_exceptions=True)
        assert [type(result) for result in results] == [sj.Part, sj.StreamJSONError]

    asyncio.run(read())


def test_a_stream_is_not_closed_while_another_task_reads() -> None:
    async def read() -> None:
        answer = sj.assemble_parts(AsyncSource(TWO_CALLS))
        task = asyncio.create_task(answer.final())
        await asyncio.sleep(0)
        with pytest.raises(sj.StreamJSONError, match="cancel that task"):
            await answer.aclose()
        assert len(await task) == 3

    asyncio.run(read())


def test_an_end_that_the_provider_did_not_prove_can_be_an_error(assemble: Any) -> None:
    for events, what in (([said("Hi")], "<Part text: cut> was cut"), ([], "nothing came")):
        answer, _ = assemble(events, require_done=True)
        with pytest.raises(sj.StreamTruncatedError, match=what) as raised:
            answer.final()
        assert raised.value.code == "no_done"
    answer, _ = assemble([said("Hi"), chunk(finish="length")], require_done=True)
    assert [part.end for part in answer.final()] == ["length"]


FAILED_BODY = b'{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}'


@pytest.mark.parametrize(
    "body",
    [
        FAILED_BODY,
        b"[" + FAILED_BODY + b"]",
        FAILED_BODY.replace(b", ", b",\n  "),
        b'data: {"candidates": []}\n\n' + FAILED_BODY,
        b'data: {"candidates": []}\n\n' + FAILED_BODY + b'\n\ndata: {"candidates": []}\n\n',
        b'data: {"candidates": []}\n\n' + FAILED_BODY.replace(b", ", b",\n  ") + b"\n\n",
    ],
)
def test_a_body_in_json_that_reports_a_failure_is_the_failure_of_the_provider(body: bytes) -> None:
    for size in (1, 7, len(body)):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        answer = sj.assemble_parts(sj.decode_sse(pieces))
        with pytest.raises(sj.StreamFailedError) as raised:
            answer.final()
        assert (raised.value.error_type, raised.value.error_message) == ("503", "The model is overloaded.")
        assert isinstance(raised.value.__cause__, sj.InvalidEventError)
        assert answer.end == "failed"


def test_a_body_of_another_kind_is_an_error_of_the_source() -> None:
    for body in (b"<html>busy</html>", b'{"what": 1}'):
        with pytest.raises(sj.InvalidEventError) as raised:
            sj.assemble_parts(sj.decode_sse(body)).final()
        assert raised.value.code == "not_an_event_stream"

    async def pieces() -> AsyncIterator[bytes]:
        yield FAILED_BODY

    async def read() -> None:
        with pytest.raises(sj.StreamFailedError):
            await sj.assemble_parts(sj.decode_sse(pieces())).final()

    asyncio.run(read())


class Response:
    def iter_bytes(self) -> Iterator[bytes]:
        yield b""


async def pending() -> None: ...


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("data: {}", "decode_sse"),
        (b"id: 1", "decode_sse"),
        (Response(), "response.iter_bytes"),
        (said("Hi"), "PartAssembler"),
        (sj.ServerSentEvent("{}"), "PartAssembler"),
        (5, "iterable"),
    ],
)
def test_what_is_no_source_is_refused_with_advice(source: Any, advice: str) -> None:
    with pytest.raises(sj.InvalidEventError, match=advice):
        sj.assemble_parts(source)


def test_a_coroutine_must_be_awaited_first() -> None:
    coroutine = pending()
    with pytest.raises(sj.InvalidEventError, match="await it first"):
        sj.assemble_parts(coroutine)  # type: ignore[call-overload]
    coroutine.close()


def test_an_assembler_continues(assemble: Any) -> None:
    parts = sj.PartAssembler()
    for event in TWO_CALLS[:2]:
        parts.apply(event)
    restored = sj.PartAssembler.restore(parts.checkpoint())
    answer, _ = assemble(TWO_CALLS[2:], assembler=restored)
    assert answer.assembler is restored
    assert [part.value for part in answer.final()][1:] == [{"city": "Lisbon"}, {"why": "rain"}]
    assert answer.ignored_count == 0
    with pytest.raises(sj.ClosedError):
        assemble([], assembler=restored)
    with pytest.raises(TypeError, match="its options already: content"):
        assemble([], assembler=sj.PartAssembler(), content="json")


def test_an_end_by_done_alone_can_be_an_error(assemble: Any) -> None:
    answer, _ = assemble([said("Hi"), sj.ServerSentEvent("[DONE]")], require_done=True)
    with pytest.raises(sj.StreamTruncatedError):
        answer.final()
    with pytest.raises(sj.ClosedError):  # the second time, it is no answer either
        answer.final()
    answer, _ = assemble([said("Hi"), chunk(finish="stop"), sj.ServerSentEvent("[DONE]")], require_done=True)
    assert len(answer.final()) == 1


def test_a_loop_over_the_parts_misses_nothing_if_others_read_too(assemble: Any) -> None:
    both = chunk({"content": "Hi", "tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]})
    answer, _ = assemble([both, chunk(finish="stop")])
    prose = iter(answer.text())
    seen = [(part.kind, list(prose)) for part in answer]
    assert [kind for kind, _ in seen] == ["text", "call"]


def test_prose_of_several_texts_grows_in_each(assemble: Any) -> None:
    blocks = [("a", 0), ("b", 1), ("c", 1), ("d", 0)]
    events = [
        {"type": "AIMessageChunk", "content": [{"type": "text", "text": text, "index": at}]} for text, at in blocks
    ]
    answer, source = assemble(events)
    assert [(piece, source.read) for piece in answer.text()] == [("a", 1), ("b", 2), ("c", 3), ("d", 4)]


def test_prose_of_an_answer_that_began_anew_is_an_error(assemble: Any) -> None:
    again = [MESSAGE, block(0, type="text", text=""), delta(0, type="text_delta", text="a")]
    answer, _ = assemble([*again, *again], on_new_run="reset")
    text = answer.text()
    assert next(text) == "a"
    with pytest.raises(sj.ConflictError, match="began anew"):
        next(text)


def test_calls_before_and_after_a_new_run_are_all_given(assemble: Any) -> None:
    answer, _ = assemble(
        [MESSAGE, *call_block(0, "[1]"), MESSAGE, *call_block(0, "[2]"), ended("tool_use")], on_new_run="reset"
    )
    calls = iter(answer.calls())
    answer.final()
    assert [call.value for call in calls] == [[1], [2]]


def test_a_manager_of_a_stream_must_be_entered() -> None:
    class Manager:
        def __enter__(self) -> None: ...

        def __exit__(self, *error: object) -> None: ...

    with pytest.raises(sj.InvalidEventError, match="enter it first"):
        sj.assemble_parts(Manager())  # type: ignore[call-overload]


def test_a_call_can_not_read_on_inside_a_callback() -> None:
    answer = sj.assemble_parts([fragment('{"a": 1, ', name="f"), fragment('"b": 2}')])
    part = next(answer)
    part.assembler.on("b", lambda _: next(answer))
    with pytest.raises(ExceptionGroup) as raised:
        next(answer)
    assert raised.value.exceptions[0].code == "applying"  # type: ignore[union-attr]


def test_a_misfit_says_which_call_it_is(assemble: Any) -> None:
    answer, _ = assemble(TWO_CALLS)
    with pytest.raises(sj.StructureError, match=r"the call of 'cancel' '2': .* does not fit") as raised:
        list(answer.calls(into=Trip))
    assert raised.value.part.id == "2"


def test_kinds_of_parts_are_checked(assemble: Any) -> None:
    answer, _ = assemble([])
    with pytest.raises(ValueError, match="kind is one of"):
        answer.snapshots(kind="calls")
    with pytest.raises(TypeError, match="names of tools"):
        answer.calls(5)


def test_the_error_of_a_part_that_is_not_json_is_raised_by_its_stream(assemble: Any) -> None:
    answer, _ = assemble([said("Sorry."), chunk(finish="stop")], content="json")
    with pytest.raises(sj.InvalidTextError):
        answer.snapshots(kind="text").final()


class Interrupting(dict[str, Any]):
    def get(self, key: str, default: Any = None) -> Any:
        raise KeyboardInterrupt


def test_an_interrupt_while_an_event_is_read_closes_the_source(assemble: Any) -> None:
    answer, source = assemble([said("Hi"), chunk({"tool_calls": [Interrupting()]})])
    next(answer)
    with pytest.raises(KeyboardInterrupt):
        next(answer)
    assert (source.closed, answer.end) == (1, "failed")
