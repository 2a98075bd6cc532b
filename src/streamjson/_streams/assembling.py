"""The way in: a source of events, or of the pieces of a JSON text, sync or async -> a stream of snapshots.

Cost: O(1).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, Literal, Unpack, cast, overload

from .._dialects import JsonText, needs_decoding
from .._errors import InvalidEventError, shorten
from .._wire import ServerSentEvent, StreamingChunk, right_call
from .async_stream import AsyncSnapshotStream
from .base import AsyncStreamOptions, StreamOptions
from .sync_stream import SnapshotStream
from .text_documents import AsyncTextDocuments, TextDocuments

__all__ = ["assemble", "assemble_text"]


@overload
def assemble(source: AsyncIterable[object], **options: Unpack[AsyncStreamOptions]) -> AsyncSnapshotStream: ...
@overload
def assemble(source: Iterable[object], **options: Unpack[StreamOptions]) -> SnapshotStream: ...
def assemble(
    source: Iterable[object] | AsyncIterable[object], **options: Unpack[AsyncStreamOptions]
) -> SnapshotStream | AsyncSnapshotStream:
    """Return an iterator, for `for` or `async for`, over the snapshots of the document that a source of events builds.

    `source` is any iterable, or asynchronous iterable, of what `Assembler.apply` takes; one that is both is used as an
    asynchronous one. The options are the assembler's; or `assembler` is an existing one, which continues as it is, such
    as one that was restored. One that has ended raises `ClosedError` at once: call its `reopen()` first if that end was
    a guess. `replays` is a filter of the events that were applied before: the stream passes them over, and reports the
    others to the filter. With `require_done=True`, an end without `[DONE]` raises `StreamTruncatedError` (`no_done`): a
    source that was cut between two events looks like one that ended.

    `every_n_changes` lets that many changes come together in one snapshot. An asynchronous source can be read by a task
    of its own: with `min_interval_s`, seconds, there is at most one snapshot in that time; with `conflate=True` the
    task reads ahead, and a slow consumer gets only the newest snapshot. The last one always comes, errors come in their
    place, and the `changes` of a snapshot begin after the one that was yielded before. Close such a stream (`async
    with`) if you leave it early.

    Iterating raises what `Assembler.apply` and the source raise. Bytes, text or a response in place of events raise
    `InvalidEventError` (`needs_decoding`): pass `decode_sse(response.iter_bytes())`.

    >>> import streamjson as sj
    >>> events = [{"delta": "Jane", "json_path": "name"}, {"delta": " Doe", "json_path": "name"}]
    >>> for snapshot in sj.assemble(events):
    ...     print(snapshot.value, snapshot.complete)
    {'name': 'Jane'} False
    {'name': 'Jane Doe'} False
    {'name': 'Jane Doe'} True
    """
    if isinstance(source, str | bytes | bytearray | memoryview):
        if options.get("dialect") == JsonText.name:
            return _assemble([source], {**options})
        raise needs_decoding(source)
    if _is_response(source):
        raise InvalidEventError(
            f"{shorten(source)} is a response, not its events: call assemble(decode_sse(pieces)) with its bytes,"
            f" {right_call(source)}",
            code="needs_decoding",
        )
    if isinstance(source, Mapping | StreamingChunk | ServerSentEvent):
        raise InvalidEventError("one event is not a source of events: pass [event], or call Assembler().apply(event)")
    if isinstance(source, AsyncIterable):
        return AsyncSnapshotStream(source, **options)
    if isinstance(source, Iterable):
        given: Any = options  # of which it refuses those for an asynchronous source
        return SnapshotStream(source, **given)
    raise InvalidEventError(
        f"a source of events is an iterable, not {shorten(source)};"
        f" for a response, call assemble(decode_sse(pieces)) with its bytes, {right_call(source)}"
    )


def _is_response(source: object) -> bool:
    return any(hasattr(source, name) for name in ("iter_bytes", "aiter_bytes", "iter_content", "iter_chunked"))


@overload
def assemble_text(
    pieces: AsyncIterable[str | bytes], *, documents: Literal["one"] = ..., **options: Unpack[AsyncStreamOptions]
) -> AsyncSnapshotStream: ...
@overload
def assemble_text(
    pieces: Iterable[str | bytes] | str | bytes, *, documents: Literal["one"] = ..., **options: Unpack[StreamOptions]
) -> SnapshotStream: ...
@overload
def assemble_text(
    pieces: AsyncIterable[str | bytes], *, documents: Literal["many"], **options: Unpack[AsyncStreamOptions]
) -> AsyncTextDocuments: ...
@overload
def assemble_text(
    pieces: Iterable[str | bytes] | str | bytes, *, documents: Literal["many"], **options: Unpack[StreamOptions]
) -> TextDocuments: ...
def assemble_text(
    pieces: Iterable[str | bytes] | AsyncIterable[str | bytes] | str | bytes,
    *,
    documents: Literal["one", "many"] = "one",
    **options: Unpack[AsyncStreamOptions],
) -> SnapshotStream | AsyncSnapshotStream | TextDocuments | AsyncTextDocuments:
    """Return an iterator, for `for` or `async for`, over the snapshots of the document that a JSON text writes.

    `pieces` is an iterable, or asynchronous iterable, of the text or its UTF-8 bytes, cut anywhere: what a model's API
    streams as structured output, or as the arguments of a call. A string or bytes are one piece. The options are those
    of `assemble`. There is a snapshot after each piece that changed the document, and a last one.

    The text is read as RFC 8259 has it; nothing is repaired. A string is there from its first character on, a number,
    true, false or null when it is whole, a container when it opens. Values are complete with their closing token.
    Where a name is written twice, the last value counts, as for `json.loads`. With `wrapper="fence"` the text is in a
    code fence, with `wrapper="prose"` somewhere in other text; docs/text.md has the rules.

    With `documents="many"`, the source has several texts, one after the other: on lines (NDJSON), concatenated, or with
    record separators (RFC 7464). The iterator is then over streams, one for each; read each before the next.

    Iterating raises `InvalidTextError` at the first wrong character, `StreamTruncatedError` (`truncated_text`) where
    the text ends inside its document, `LimitExceededError`, and what the source raises; `snapshot` then has everything
    before. Cost: linear in the text, for any cutting.

    >>> import streamjson as sj
    >>> for snapshot in sj.assemble_text(['{"name": "Ja', 'ne", "age": 3', "4}"]):
    ...     print(snapshot.value, snapshot.complete)
    {'name': 'Ja'} False
    {'name': 'Jane'} False
    {'name': 'Jane', 'age': 34} False
    {'name': 'Jane', 'age': 34} True
    >>> [stream.final() for stream in sj.assemble_text('{"a": 1}\\n{"a": 2}\\n', documents="many")]
    [{'a': 1}, {'a': 2}]
    """
    for name in ("dialect", "replays", "require_done"):
        if name in options:
            raise TypeError(f'{name} is for events: call assemble(events, dialect="json_text")')
    given: dict[str, Any] = {**options, "dialect": JsonText.name}
    source = _pieces(pieces)
    if documents == "one":
        return _assemble(source, given)
    if documents != "many":
        raise ValueError(f"documents is 'one' or 'many', not {shorten(documents)}")
    for name in ("assembler", "wrapper"):
        if given.get(name) is not None:
            raise TypeError(f"{name} is for one document, not for documents='many'")
    if hasattr(source, "__aiter__"):
        return AsyncTextDocuments(source, given)
    return TextDocuments(source, given)


def _pieces(pieces: Any) -> Any:
    """Return an iterable of the pieces; a text is one piece. Raises `InvalidEventError` for anything else."""
    if isinstance(pieces, str | bytes | bytearray | memoryview):
        return [pieces]
    if not _is_source(pieces):
        advice = ": call it" if callable(pieces) else ""
        raise InvalidEventError(f"a JSON text is given as an iterable of its pieces, not as {shorten(pieces)}{advice}")
    return pieces


def _is_source(pieces: object) -> bool:
    if _is_response(pieces):
        return False
    return isinstance(pieces, Iterable | AsyncIterable) and not isinstance(pieces, Mapping)


def _assemble(source: Any, options: dict[str, Any]) -> SnapshotStream | AsyncSnapshotStream:
    stream: SnapshotStream | AsyncSnapshotStream = cast("Any", assemble)(source, **options)
    return stream
