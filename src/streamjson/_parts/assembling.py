"""The way in: a source of a provider's events, sync or async -> a stream of the parts that change."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Unpack, overload

from .._errors import InvalidEventError, shorten
from .._wire import ServerSentEvent, right_call
from .async_stream import AsyncPartStream
from .base_stream import PartStreamOptions
from .sync_stream import PartStream

__all__ = ["assemble_parts"]


@overload
def assemble_parts(source: AsyncIterable[object], **options: Unpack[PartStreamOptions]) -> AsyncPartStream: ...
@overload
def assemble_parts(source: Iterable[object], **options: Unpack[PartStreamOptions]) -> PartStream: ...
def assemble_parts(
    source: Iterable[object] | AsyncIterable[object], **options: Unpack[PartStreamOptions]
) -> PartStream | AsyncPartStream:
    """Return an iterator, for `for` or `async for`, over the parts of a model's answer: the one that just changed.

    An answer has several documents at once: prose, structured output, and the arguments of calls, in parallel, cut off
    or repeated as a whole at the end. Each is a `Part` with its document so far, and how it ended.

    `source` is what an API's client gives: the stream object of its SDK, or `decode_sse(response.iter_bytes())`, or
    mappings. The provider is recognized by the first event. The options are those of `PartAssembler`; or `assembler` is
    an existing one, which continues as it is, such as one that was restored. With `require_done=True`, an answer that
    the provider did not end raises `StreamTruncatedError` (`no_done`) at the end of the source.

    Iterating raises what `PartAssembler.apply` raises, and what the source raises; `parts` then has what arrived. A
    body that is no event stream, and reports a failure in JSON, is the provider's `StreamFailedError`.

    >>> import streamjson as sj
    >>> function = {"name": "book_trip", "arguments": '{"city": "Lisbon"}'}
    >>> call = {"index": 0, "id": "call_1", "function": function}
    >>> chunks = [
    ...     {"choices": [{"delta": {"tool_calls": [call]}}]},
    ...     {"choices": [{"delta": {}, "finish_reason": "stop"}]},
    ... ]
    >>> for part in sj.assemble_parts(chunks):
    ...     print(part.name, part.value, part.complete, part.end)
    book_trip {'city': 'Lisbon'} True open
    book_trip {'city': 'Lisbon'} True done
    """
    if isinstance(source, str | bytes | bytearray | memoryview):
        raise InvalidEventError(
            f"{shorten(source)} is not a source of events: call assemble_parts(decode_sse(pieces)) with the bytes of a"
            " response",
            code="needs_decoding",
        )
    if any(hasattr(source, name) for name in ("iter_bytes", "aiter_bytes", "iter_content", "iter_chunked")):
        raise InvalidEventError(
            f"{shorten(source)} is a response, not its events: call assemble_parts(decode_sse(pieces)) with its bytes,"
            f" {right_call(source)}",
            code="needs_decoding",
        )
    if isinstance(source, Mapping | ServerSentEvent):
        message = "one event is not a source of events: pass [event], or call PartAssembler().apply(event)"
        raise InvalidEventError(message)
    if isinstance(source, AsyncIterable):
        return AsyncPartStream(source, **options)
    if isinstance(source, Iterable):
        return PartStream(source, **options)
    advice = ": await it first" if hasattr(source, "__await__") else ""
    if hasattr(source, "__enter__") or hasattr(source, "__aenter__"):
        advice = ": enter it first, as in `with ... as stream`"
    raise InvalidEventError(f"a source of events is an iterable, not {shorten(source)}{advice}")
