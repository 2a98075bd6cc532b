"""`decode_json_lines`: the value of each line, however the body was cut, and a source that is always closed."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from sources import AsyncSource, BothSource, Source, SyncSource
from sse_reference import cut_at

kinds = pytest.mark.parametrize("kind", [SyncSource, AsyncSource, BothSource])


def drained(source: Any, **options: Any) -> tuple[list[Any], Exception | None]:
    """Return the values of the lines, and the exception that ends them."""
    values: list[Any] = []

    async def drain_async() -> None:
        async for value in sj.decode_json_lines(source, **options):
            values.append(value)  # noqa: PERF401  # keep the values before an exception

    try:
        if isinstance(source, AsyncSource):
            asyncio.run(drain_async())
        else:
            for value in sj.decode_json_lines(source, **options):
                values.append(value)  # noqa: PERF402  # as above
    except Exception as error:  # noqa: BLE001  # the test examines it
        return values, error
    return values, None


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\n\n", " \n\t\n"])


@given(st.lists(st.tuples(VALUES, LINE_ENDS), max_size=6), st.booleans(), st.lists(st.integers(0, 200), max_size=6))
def test_values_of_any_cut(lines: list[tuple[Any, str]], has_last_end: bool, cuts: list[int]) -> None:
    text = "".join(json.dumps(value, ensure_ascii=False) + end for value, end in lines)
    body = (text if has_last_end else text.rstrip()).encode("utf-8", "surrogatepass")
    values = [value for value, _ in lines]
    pieces = cut_at(body, [cut % (len(body) + 1) for cut in cuts])

    assert drained(pieces) == (values, None)
    assert drained(AsyncSource(*pieces)) == (values, None)


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_body_without_values(body: bytes) -> None:
    assert drained([body]) == drained(body) == ([], None)


def test_byte_order_mark_is_passed_over() -> None:
    assert drained([b"\xef", b"\xbb\xbf{}\n[]"]) == ([{}, []], None)


@kinds
@pytest.mark.parametrize(
    ("line", "error", "code", "message"),
    [
        (b"{nope}", sj.InvalidEventError, "bad_json", "begins '{nope}'"),
        (b'{"a": 1} {"b": 2}', sj.InvalidEventError, "bad_json", "not JSON"),
        (b"\xff", sj.InvalidEventError, "bad_json", "not JSON"),
        (b"[NaN]", sj.InvalidEventError, "bad_number", "NaN"),
        (b"[" * 200 + b"]" * 200, sj.LimitExceededError, "max_depth", "max_depth"),
        (b'"' + b"x" * 2000 + b'"', sj.LimitExceededError, "max_event_bytes", "max_event_bytes"),
        (b'data: {"a": 1}', sj.InvalidEventError, "bad_json", "decode_sse"),
        (b"<html>", sj.InvalidEventError, "bad_json", "status"),
    ],
)
def test_wrong_line_raises_after_the_values_before(
    kind: type[Source], line: bytes, error: type[sj.StreamJSONError], code: str, message: str
) -> None:
    source = kind(b'{"a": 1}\n' + line, b"\n{}\n")
    values, raised = drained(source, limits=sj.Limits(max_event_bytes=1000))

    assert values == [{"a": 1}]
    assert type(raised) is error
    assert (raised.code, raised.offset) == (code, 9)
    assert message in str(raised)
    assert source.closed == 1


@kinds
@pytest.mark.parametrize("rest", [b'{"b"', b'"abc', b"[1, 2", b'{"b": "\xf0\x9f'])
def test_end_inside_a_line_is_an_error(kind: type[Source], rest: bytes) -> None:
    values, raised = drained(kind(b'{"a": 1}\n', rest))

    assert values == [{"a": 1}]
    assert isinstance(raised, sj.StreamTruncatedError)
    assert (raised.code, raised.offset) == ("truncated", 9)


def test_compressed_body_is_named() -> None:
    _, raised = drained([gzip.compress(b"{}", mtime=0)])
    assert "decompress" in str(raised)


def test_value_that_json_lacks_on_the_last_line_is_not_a_truncated_line() -> None:
    _, raised = drained([b"[NaN]"])
    assert isinstance(raised, sj.InvalidEventError)


@kinds
@pytest.mark.parametrize("failure", [OSError("reset"), sj.ClosedError("closed")])
def test_exception_of_the_source_passes_through(kind: type[Source], failure: Exception) -> None:
    source = kind(b"1\n2", error=failure)
    assert drained(source) == ([1], failure)
    assert source.closed == 1


def test_piece_that_is_not_bytes_is_refused() -> None:
    values, raised = drained([b"1\n", "2\n"])
    assert values == [1]
    assert isinstance(raised, sj.InvalidEventError)
    assert raised.code == "bad_event"


@pytest.mark.parametrize("source", ["{}", 5, None])
def test_what_has_no_bytes_is_refused_at_the_call(source: Any) -> None:
    with pytest.raises(sj.InvalidEventError, match="iter_bytes"):
        sj.decode_json_lines(source)


def test_closing_the_values_closes_the_source() -> None:
    source = SyncSource(b"1\n2\n", b"3\n")
    values = sj.decode_json_lines(source)
    assert next(values) == 1
    values.close()
    assert source.closed == 1

    unread = SyncSource(b"1\n")
    sj.decode_json_lines(unread).close()
    assert unread.closed == 1


@pytest.mark.parametrize("reads", [0, 1])
def test_closing_the_async_values_closes_the_source(reads: int) -> None:
    source = AsyncSource(b"1\n2\n", b"3\n")

    async def main() -> None:
        values = sj.decode_json_lines(source)
        for _ in range(reads):
            await anext(values)
        await values.aclose()

    asyncio.run(main())
    assert source.closed == 1


def test_values_are_events() -> None:
    lines = b'{"delta": "Lis", "json_path": "title"}\n{"delta": "bon", "json_path": "title"}\n'
    assert sj.assemble(sj.decode_json_lines(lines)).final() == {"title": "Lisbon"}


def test_long_line_byte_by_byte() -> None:
    line = json.dumps("x" * 200_000).encode()
    pieces = [line[at : at + 1] for at in range(len(line))]
    assert drained([*pieces, b"\n"], limits=sj.Limits(max_event_bytes=None)) == (["x" * 200_000], None)
