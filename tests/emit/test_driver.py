"""A stream drives an emitter: what is due is sent, failures are said, and the source is closed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import streamjson as sj
import virtual_time
from chat import MESSAGE, block, chunk, delta, ended, fragment, said, stop

DOCUMENT = {"title": "Lisbon trip", "days": [1, 2]}


class Source:
    """A source of chunks that notes whether it was closed, and may fail or wait before the last."""

    def __init__(self, *, fails: Exception | None = None, wait_s: float = 0) -> None:
        self.is_closed = False
        self.fails = fails
        self.wait_s = wait_s

    def events(self) -> Iterator[sj.StreamingChunk]:
        try:
            chunks = list(sj.disassemble(DOCUMENT))
            yield from chunks[:-1]
            if self.fails is not None:
                raise self.fails
            yield chunks[-1]
        finally:
            self.is_closed = True

    async def aevents(self) -> AsyncIterator[sj.StreamingChunk]:
        try:
            *chunks, last = sj.disassemble(DOCUMENT)
            for each in chunks:
                yield each
            await asyncio.sleep(self.wait_s)
            if self.fails is not None:
                raise self.fails
            yield last
        finally:
            self.is_closed = True


async def collected(frames: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in frames]


def read(source: Source, out: sj.emit.Emitter, *, is_async: bool, **options: Any) -> list[bytes]:
    if is_async:
        return virtual_time.run(collected(sj.emit.frames(sj.assemble(source.aevents()), out, **options)))
    return list(sj.emit.frames(sj.assemble(source.events()), out, **options))


def payload(piece: bytes) -> Any:
    """Return the data of the last event: what was held back may come before it."""
    (*_, event) = sj.decode_sse([piece])
    return json.loads(event.data)


kinds = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@kinds
def test_stream_is_sent_to_its_end(is_async: bool) -> None:
    source = Source()
    sent = b"".join(read(source, sj.emit.Chunks("s", min_interval_s=0), is_async=is_async))

    assert sj.assemble(sj.decode_sse([sent])).final() == DOCUMENT
    assert sent.startswith(b"retry: ")
    assert sent.endswith(b"data: [DONE]\n\n")
    assert source.is_closed


@kinds
def test_text_has_neither_a_beginning_nor_an_end(is_async: bool) -> None:
    assert json.loads(b"".join(read(Source(), sj.emit.Text(), is_async=is_async))) == DOCUMENT


def test_nothing_is_sent_of_an_empty_stream():
    async def nothing() -> AsyncIterator[sj.Snapshot]:
        for snapshot in ():
            yield snapshot

    assert virtual_time.run(collected(sj.emit.frames(nothing(), sj.emit.Text()))) == []
    assert list(sj.emit.frames([], sj.emit.Text())) == []


@kinds
def test_answer_is_sent_to_its_end(is_async: bool) -> None:
    events = [said("Hel"), said("lo"), chunk(finish="stop")]

    async def aevents() -> AsyncIterator[Any]:
        for event in events:
            yield event

    out = sj.emit.OpenAI(min_interval_s=0)
    if is_async:
        sent = virtual_time.run(collected(sj.emit.frames(sj.assemble_parts(aevents()), out)))
    else:
        sent = list(sj.emit.frames(sj.assemble_parts(events), out))

    assert "".join(sj.assemble_parts(sj.decode_sse(sent)).text()) == "Hello"


@kinds
def test_exception_is_logged_and_its_text_is_not_sent(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    source = Source(fails=RuntimeError("the key is s3cret"))
    with caplog.at_level(logging.ERROR, "streamjson.emit"):
        *_, last = read(source, sj.emit.AGUI("t", "r"), is_async=is_async)

    assert payload(last) == {"type": "RUN_ERROR", "message": "the answer broke off", "code": "error"}
    assert "s3cret" in caplog.text
    assert source.is_closed


@kinds
def test_failure_of_the_sender_is_sent_and_reported(is_async: bool) -> None:
    errors: list[Exception] = []
    source = Source(fails=sj.StreamFailedError("x", error_type="overloaded", error_message="Try later."))
    *_, last = read(source, sj.emit.AGUI("t", "r"), is_async=is_async, on_error=errors.append)

    assert payload(last)["message"] == "Try later."
    assert [type(error) for error in errors] == [sj.StreamFailedError]


@kinds
def test_error_of_the_library_is_a_code(is_async: bool) -> None:
    source = Source(fails=sj.InvalidEventError("the data is: s3cret"))
    *_, last = read(source, sj.emit.AGUI("t", "r"), is_async=is_async, on_error=lambda _: None)

    assert payload(last) == {"type": "RUN_ERROR", "message": "the answer broke off", "code": "bad_event"}


@kinds
def test_protocol_without_failures_raises_it(is_async: bool) -> None:
    source = Source(fails=RuntimeError("went away"))
    with pytest.raises(RuntimeError, match="went away"):
        read(source, sj.emit.Text(), is_async=is_async, on_error=lambda _: None)

    assert source.is_closed


@kinds
def test_what_an_emitter_refuses_fails(is_async: bool) -> None:
    errors: list[Any] = []

    class Interleaved(Source):
        def events(self) -> Iterator[Any]:
            yield from ({"json_path": path, "delta": "x"} for path in "aba")

        async def aevents(self) -> AsyncIterator[Any]:
            for event in self.events():
                yield event

    *_, last = read(
        Interleaved(), sj.emit.AGUI("t", "r", "tool", min_interval_s=0), is_async=is_async, on_error=errors.append
    )

    assert payload(last)["code"] == "not_append_only"
    assert [error.code for error in errors] == ["not_append_only"]


def test_held_back_update_and_keep_alive_are_sent_while_the_source_is_quiet():
    async def main() -> list[tuple[float, bytes]]:
        loop, source = asyncio.get_running_loop(), Source(wait_s=35)
        out = sj.emit.Chunks("s", clock=loop.time)
        frames = sj.emit.frames(sj.assemble(source.aevents()), out, keep_alive_s=15)
        return [(loop.time(), piece) async for piece in frames]

    sent = virtual_time.run(main())
    assert [round(at, 3) for at, _ in sent] == [0, 0, 0.125, 15.125, 30.125, 35, 35]
    assert [piece for _, piece in sent if piece.startswith(b":")] == [b": ping\n"] * 2


def test_keep_alive_is_sent_while_snapshots_bring_nothing_new():
    async def main() -> list[tuple[float, bytes]]:
        loop = asyncio.get_running_loop()

        async def unchanged() -> AsyncIterator[sj.Snapshot]:
            *_, last = sj.assemble(sj.disassemble(DOCUMENT))
            for _ in range(40):
                yield last
                await asyncio.sleep(1)

        frames = sj.emit.frames(unchanged(), sj.emit.Chunks("s", clock=loop.time), keep_alive_s=15)
        return [(loop.time(), piece) async for piece in frames]

    assert [at for at, piece in virtual_time.run(main()) if piece == b": ping\n"] == [15, 30]


@pytest.mark.parametrize("keep_alive_s", [0, -1])
def test_keep_alive_takes_time(keep_alive_s: float) -> None:
    with pytest.raises(ValueError, match="keep_alive_s"):
        sj.emit.frames(sj.assemble([]), sj.emit.Text(), keep_alive_s=keep_alive_s)


def test_reader_that_stops_closes_the_source_while_it_waits():
    async def main() -> bool:
        source = Source(wait_s=3600)
        frames = sj.emit.frames(sj.assemble(source.aevents()), sj.emit.Patch(min_interval_s=0))
        reading = asyncio.ensure_future(collected(frames))
        await asyncio.sleep(1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1
        return source.is_closed

    assert virtual_time.run(main())


def test_source_that_was_cancelled_is_a_failure():
    errors: list[Exception] = []

    async def cancelled() -> AsyncIterator[sj.Snapshot]:
        yield next(iter(sj.assemble(sj.disassemble(DOCUMENT))))
        raise asyncio.CancelledError

    frames = sj.emit.frames(cancelled(), sj.emit.Patch(min_interval_s=0), on_error=errors.append)
    *_, last = virtual_time.run(collected(frames))

    assert last.startswith(b"event: failed")
    assert [str(error) for error in errors] == ["the source of the stream was cancelled"]


@kinds
def test_failure_is_sent_although_its_report_fails(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    def report(_: Exception) -> None:
        raise ValueError("no reporter")

    *_, last = read(Source(fails=RuntimeError("x")), sj.emit.Patch(), is_async=is_async, on_error=report)

    assert payload(last) == {"message": "the answer broke off", "code": "error"}
    assert "no reporter" in caplog.text


@kinds
def test_what_the_pace_held_back_comes_before_the_failure(is_async: bool) -> None:
    sent = b"".join(
        read(Source(fails=RuntimeError("x")), sj.emit.Chunks("s"), is_async=is_async, on_error=lambda _: None)
    )
    receiver = sj.assemble(sj.decode_sse([sent]))
    with pytest.raises(sj.StreamFailedError):
        receiver.final()

    assert receiver.snapshot.value == {**DOCUMENT, "days": [1]}


EMPTY: dict[str, tuple[list[Any], str | None]] = {
    "nothing said": ([chunk({"role": "assistant"}), chunk(finish="stop")], None),
    "a token limit": ([chunk({"role": "assistant"}), chunk(finish="length")], "the answer is empty: length"),
    "a filter": ([chunk({"role": "assistant"}), chunk(finish="content_filter")], "the answer is empty: content_filter"),
    "a cut": ([chunk({"role": "assistant"})], "the answer is empty"),
}


@pytest.mark.parametrize(("events", "problem"), EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("protocol", ["OpenAI", "AGUI", "AISDK"])
def test_answer_without_parts_is_no_document(events: list[Any], problem: str | None, protocol: str) -> None:
    out = {"OpenAI": sj.emit.OpenAI(), "AGUI": sj.emit.AGUI("t", "r"), "AISDK": sj.emit.AISDK("m")}[protocol]
    sent = b"".join(sj.emit.frames(sj.assemble_parts(events), out))

    assert b"STATE" not in sent
    assert b"tool_calls" not in sent
    assert (problem or "").encode() in sent
    assert (b"rror" in sent.replace(b"RUN_ERROR", b"error")) is (problem is not None)


def test_provider_that_started_over_is_a_failure():
    run = [MESSAGE, block(0, type="text", text=""), delta(0, type="text_delta", text="Hello"), stop(0)]
    answer = sj.assemble_parts([*run, ended("end_turn"), *run, ended("end_turn")], on_new_run="reset")
    *_, last = sj.emit.frames(answer, sj.emit.AGUI("t", "r", min_interval_s=0))

    assert payload(last)["code"] == "new_run"


def test_frames_that_nobody_reads_close_their_synchronous_stream():
    source = Source()
    stream = sj.assemble(source.events())
    frames: Any = sj.emit.frames(stream, sj.emit.Patch())
    frames.close()

    assert list(stream) == []


def test_frames_that_nobody_reads_close_their_stream():
    class Stream:
        is_closed = False

        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> Any:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            self.is_closed = True

    async def main() -> bool:
        stream = Stream()
        frames: Any = sj.emit.frames(stream, sj.emit.Patch())
        frames.close()  # no loop is known yet
        await frames.aclose()
        return stream.is_closed

    assert virtual_time.run(main())


@pytest.mark.parametrize("ends", ["fails", "closes"])
def test_reader_that_ends_while_it_sends_closes_the_source(ends: str) -> None:
    """As a server does that can't send any more, and as Django does, which calls `close` from a thread."""

    async def main() -> bool:
        source = Source(wait_s=3600)
        frames: Any = sj.emit.frames(sj.assemble(source.aevents()), sj.emit.Patch(min_interval_s=0))

        async def serve() -> None:
            await anext(frames)
            if ends == "fails":
                raise OSError("the client has gone")

        with contextlib.suppress(OSError):
            await asyncio.create_task(serve())
        if ends == "closes":
            await asyncio.to_thread(frames.close)
        await asyncio.sleep(1)
        return source.is_closed

    assert (asyncio.run if ends == "closes" else virtual_time.run)(main())


@kinds
def test_snapshots_of_a_part_that_was_cut_are_a_failure(is_async: bool) -> None:
    events = [fragment('{"a": "x', name="f", id="c"), chunk(finish="length")]
    errors: list[Any] = []

    async def aevents() -> AsyncIterator[Any]:
        for event in events:
            yield event

    out = sj.emit.Patch(min_interval_s=0)
    if is_async:
        stream: Any = sj.assemble_parts(aevents()).snapshots(kind="call")
        sent = virtual_time.run(collected(sj.emit.frames(stream, out, on_error=errors.append)))
    else:
        stream = sj.assemble_parts(events).snapshots(kind="call")
        sent = list(sj.emit.frames(stream, out, on_error=errors.append))

    assert payload(sent[-1]) == {"message": "the answer was cut by its token limit", "code": "length"}


PROSE = [said("Sorry, I can not"), chunk(finish="stop")]


@kinds
@pytest.mark.parametrize(
    ("selection", "code"),
    [({"kind": "text"}, "bad_text"), ({"name": "book_trip"}, "closed"), ({"kind": "call"}, "closed")],
    ids=["text that is not JSON", "a call that was not made", "no call"],
)
def test_part_that_did_not_come_is_a_failure(is_async: bool, selection: Any, code: str) -> None:
    async def aevents() -> AsyncIterator[Any]:
        for event in PROSE:
            yield event

    errors: list[Any] = []
    out = sj.emit.Chunks("s", min_interval_s=0)
    if is_async:
        stream: Any = sj.assemble_parts(aevents(), content="json").snapshots(**selection)
        sent = virtual_time.run(collected(sj.emit.frames(stream, out, on_error=errors.append)))
    else:
        sent = list(
            sj.emit.frames(sj.assemble_parts(PROSE, content="json").snapshots(**selection), out, on_error=errors.append)
        )

    assert payload(sent[-1])["error_type"] == code
    assert [error.code for error in errors] == [code]


@pytest.mark.parametrize("make", [sj.emit.Text, sj.emit.ObjectStream, lambda: sj.emit.Patch(lines=True)])
@pytest.mark.parametrize("selection", [None, {"kind": "call"}], ids=["the answer", "a part"])
def test_answer_that_was_cut_breaks_a_protocol_that_can_not_say_it(make: Any, selection: Any) -> None:
    events = [fragment('{"a": "x', name="f", id="c"), chunk(finish="length")]
    answer: Any = sj.assemble_parts(events)
    stream = answer if selection is None else answer.snapshots(**selection)
    with pytest.raises(sj.StreamJSONError, match="token limit"):
        list(sj.emit.frames(stream, make(), on_error=[].append))


def test_reader_of_a_part_that_goes_closes_the_answer():
    class Answer:
        is_closed = False

        async def events(self) -> AsyncIterator[Any]:
            try:
                yield said('{"a": 1')
                await asyncio.sleep(3600)
            finally:
                self.is_closed = True

    async def main() -> bool:
        answer = Answer()
        stream = sj.assemble_parts(answer.events(), content="json").snapshots(kind="text")
        frames: Any = sj.emit.frames(stream, sj.emit.Patch(min_interval_s=0))
        await anext(frames)
        await frames.aclose()
        return answer.is_closed

    assert virtual_time.run(main())


def test_snapshots_whose_last_is_not_complete_are_a_failure():
    errors: list[Any] = []
    (first, *_) = sj.assemble(sj.disassemble(DOCUMENT))
    *_, last = sj.emit.frames([first], sj.emit.Patch(min_interval_s=0), on_error=errors.append)

    assert last.startswith(b"event: failed")
    assert [error.code for error in errors] == ["no_done"]


def test_stream_that_was_read_before_is_sent_as_it_is():
    stream = sj.assemble(sj.disassemble(DOCUMENT))
    stream.final()
    sent = b"".join(sj.emit.frames(stream, sj.emit.Chunks("s")))
    assert sj.assemble(sj.decode_sse([sent]), require_done=True).final() == DOCUMENT


def test_emitter_waits_for_a_part_that_has_not_begun():
    stream = sj.assemble_parts([said('{"a": 1}'), chunk(finish="stop")], content="json").snapshots(kind="text")
    out = sj.emit.Text(min_interval_s=0)
    assert out.update(stream.snapshot) == b""
    assert b"".join([*map(out.update, stream), out.close()]) == b'{"a":1}'


def test_reader_that_stops_between_two_pieces_closes_the_source():
    async def main() -> bool:
        source = Source()
        frames: Any = sj.emit.frames(sj.assemble(source.aevents()), sj.emit.Patch(min_interval_s=0))
        await anext(frames)
        await frames.aclose()
        return source.is_closed

    assert virtual_time.run(main())
    source = Source()
    frames: Any = sj.emit.frames(sj.assemble(source.events()), sj.emit.Patch(min_interval_s=0))
    next(frames)
    frames.close()
    assert source.is_closed


@pytest.mark.parametrize(
    ("stream", "out", "message"), [(1, sj.emit.Patch(), "stream is"), ([], sj.emit.Patch, "out is")]
)
def test_wrong_arguments_are_refused(stream: Any, out: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        sj.emit.frames(stream, out)
