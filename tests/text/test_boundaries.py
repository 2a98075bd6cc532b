"""`_text.boundaries` and `_streams.text_documents`: several texts in one source."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from text_samples import cut, cuts, texts


def finals(pieces: Any) -> list[Any]:
    """Return the value, or the code of the error, of each document."""
    found: list[Any] = []
    for stream in sj.assemble_text(pieces, documents="many"):
        try:
            found.append(stream.final())
        except sj.StreamJSONError as error:
            found.append(error.code)
    return found


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(" \n\x1e\n", [], id="only separators"),
        pytest.param('{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}], id="lines"),
        pytest.param('{"a": 1}{"a": 2}[][]', [{"a": 1}, {"a": 2}, [], []], id="concatenated"),
        pytest.param('\x1e{"a": 1}\n\x1e2\n\x1e"x"\n', [{"a": 1}, 2, "x"], id="RFC 7464"),
        pytest.param('1 2\n"a""b" true null[3]4', [1, 2, "a", "b", True, None, [3], 4], id="scalars"),
        pytest.param('["}", "\\"]"] {"]": "{"}', [["}", '"]'], {"]": "{"}], id="brackets in strings"),
        pytest.param('[1, 2\x1e[3]\x1e"ab\x1e4', ["truncated_text", [3], "truncated_text", 4], id="records cut off"),
        pytest.param("nope [1] ] {2} [3]", ["bad_text", [1], "bad_text", "bad_text", [3]], id="mistakes"),
        pytest.param("[1", ["truncated_text"], id="the end inside a document"),
        pytest.param('{"n": 1\n{"n": 2}\n', ["truncated_text", {"n": 2}], id="a line cut off after a value"),
        pytest.param('{"n": "a\n{"n": 2}\n', ["truncated_text", {"n": 2}], id="a line cut off in a string"),
        pytest.param('{"n": "a\\\n{"n": 2}\n', ["truncated_text", {"n": 2}], id="a line cut off in an escape"),
        pytest.param("[1, [2\n \n[3]\n", ["truncated_text", [3]], id="a line cut off, and an empty one"),
        pytest.param('{"n":\n{"n": 2}\n{"n": 3}', ["truncated_text", {"n": 3}], id="a line cut off after a colon"),
        pytest.param('[\n{"n": 2},\n[3\n]\n]\n[4]', [[{"n": 2}, [3]], [4]], id="brackets that begin lines"),
    ],
)
def test_documents(text: str, values: list[Any]) -> None:
    assert finals(text) == finals(list(text)) == finals([text.encode()]) == values


@given(documents=st.lists(texts, max_size=4), separator=st.sampled_from(["\n", "\x1e", " \r\n"]), data=st.data())
def test_cutting_makes_no_difference(documents: list[str], separator: str, data: Any) -> None:
    text = separator.join(documents)
    expected = [sj.assemble_text(document).final() for document in documents]
    assert repr(finals(cut(text, data.draw(cuts(text))))) == repr(expected)


def test_snapshots_while_a_document_grows() -> None:
    streams = sj.assemble_text(['{"a": "x', 'y"}{"a": "', 'z"}'], documents="many")
    assert [[snapshot.value for snapshot in stream] for stream in streams] == [
        [{"a": "x"}, {"a": "xy"}, {"a": "xy"}],
        [{}, {"a": "z"}, {"a": "z"}],
    ]


def test_next_document_passes_over_the_rest_of_the_one_before() -> None:
    streams = sj.assemble_text(['[1, "x', 'y"] [2]'], documents="many")
    first = next(streams)
    assert next(first).value == [1, "x"]
    assert next(streams).final() == [2]
    with pytest.raises(sj.ClosedError, match="was not read to its end"):
        first.final()


class Pieces:
    """A source that notes whether it was closed."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = iter(pieces)
        self.is_closed = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self.pieces)

    def close(self) -> None:
        self.is_closed = True


def test_source_is_closed_at_its_end_and_by_close() -> None:
    source = Pieces("1 2")
    streams = sj.assemble_text(source, documents="many")
    next(streams).close()
    assert not source.is_closed
    assert [stream.final() for stream in streams] == [2]
    assert source.is_closed

    other = Pieces("1 2")
    with sj.assemble_text(other, documents="many") as streams:
        stream = next(streams)
    assert other.is_closed
    with pytest.raises(sj.ClosedError):
        stream.final()


def test_asynchronous() -> None:
    async def pieces() -> AsyncIterator[str]:
        for piece in ["[1", "] [", "2]"]:
            yield piece

    async def main() -> list[Any]:
        async with sj.assemble_text(pieces(), documents="many") as streams:
            return [await stream.final() async for stream in streams]

    assert asyncio.run(main()) == [[1], [2]]


def test_asynchronous_next_document_and_close() -> None:
    async def pieces() -> AsyncIterator[str]:
        for piece in ['[1, "x', 'y"] [2', "] [3]"]:
            yield piece

    async def main() -> None:
        streams = sj.assemble_text(pieces(), documents="many")
        first = await anext(streams)
        await anext(first)
        second = await anext(streams)
        with pytest.raises(sj.ClosedError):
            await first.final()
        await streams.aclose()
        with pytest.raises(sj.ClosedError):
            await second.final()
        with pytest.raises(StopAsyncIteration):
            await anext(streams)

    asyncio.run(main())


def test_document_that_is_closed_while_it_is_read_breaks_the_source() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "[1,"
        await asyncio.sleep(1000)

    async def main() -> None:
        streams = sj.assemble_text(pieces(), documents="many")
        stream = await anext(streams)
        await anext(stream)
        waiting = asyncio.create_task(anext(stream, None))
        await asyncio.sleep(0)
        await stream.aclose()
        assert await waiting is None
        with pytest.raises(sj.ClosedError, match="the source was interrupted"):
            await anext(streams)

    asyncio.run(main())


def test_source_that_raises() -> None:
    def pieces() -> Iterator[str]:
        yield "[1] [2"
        raise OSError("broken")

    async def slowly() -> AsyncIterator[str]:
        for piece in pieces():
            yield piece

    async def main() -> None:
        streams = sj.assemble_text(slowly(), documents="many")
        assert await (await anext(streams)).final() == [1]
        with pytest.raises(OSError, match="broken"):
            await (await anext(streams)).final()

    streams = sj.assemble_text(pieces(), documents="many")
    assert next(streams).final() == [1]
    with pytest.raises(OSError, match="broken"):
        next(streams).final()
    asyncio.run(main())


def test_close_inside_a_read() -> None:
    def pieces() -> Iterator[str]:
        yield "[1"
        with pytest.raises(sj.StreamJSONError, match="is being read") as caught:
            streams.close()
        assert caught.value.code == "reading"
        yield "]"

    streams = sj.assemble_text(pieces(), documents="many")
    with pytest.raises(sj.ClosedError):
        next(streams).final()


def test_source_whose_close_fails() -> None:
    source = Pieces("1")
    source.close = lambda: 1 / 0  # type: ignore[method-assign, assignment]
    with pytest.raises(ZeroDivisionError):
        sj.assemble_text(source, documents="many").close()


def test_asynchronous_source_that_can_not_be_closed_now() -> None:
    class Source:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def __aiter__(self) -> Source:
            return self

        async def __anext__(self) -> str:
            return "1 "

        async def aclose(self) -> None:
            raise self.error

    async def main(error: Exception, expected: type[Exception]) -> None:
        with pytest.raises(expected):
            await sj.assemble_text(Source(error), documents="many").aclose()

    asyncio.run(main(RuntimeError("asynchronous generator is already running"), sj.StreamJSONError))
    asyncio.run(main(ValueError("no"), ValueError))


def test_byte_order_marks_and_wrong_bytes() -> None:
    assert finals([b"\xef\xbb", b'\xbf{"a": 1}\xef\xbb\xbf[2]']) == [{"a": 1}, [2]]
    assert finals([b'["\xff"] [2]']) == ["bad_encoding", [2]]


@pytest.mark.parametrize("options", [{"assembler": sj.Assembler(dialect="json_text")}, {"wrapper": "fence"}])
def test_options_of_one_document_are_refused(options: Any) -> None:
    with pytest.raises(TypeError, match="is for one document"):
        sj.assemble_text("1", documents="many", **options)


def test_mistakes_of_the_caller() -> None:
    with pytest.raises(ValueError, match="documents is 'one' or 'many'"):
        sj.assemble_text("1", documents="several")  # type: ignore[call-overload]
    with pytest.raises(sj.InvalidEventError, match="iterable of its pieces"):
        sj.assemble_text(1, documents="many")  # type: ignore[call-overload]
    with pytest.raises(sj.InvalidEventError, match="a piece of JSON text is text or bytes"):
        list(sj.assemble_text([json.loads("1")], documents="many"))
