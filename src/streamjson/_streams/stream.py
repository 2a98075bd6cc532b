"""From a source of events to snapshots: a thin shell over the assembler, for `for` and for `async for`.

What it owns: the source's iterator and when to let go of it. What it does not know: what events mean.

- A snapshot after each event that changed the document, and always a last one, with `complete=True`.
- Callbacks are told before it is yielded, and awaited if the stream is asynchronous.
- An error of the assembler (a rejected event) leaves the stream going: the next `next()` reads the next event.
- An exception that comes out of the source ends it: later there is only `StopIteration`, and nothing is completed.
- The source and its iterator are closed, if they can be, at `[DONE]`, at the source's end, at its exception, at
  `StreamFailedError`, and when the stream is closed.
- A stream can be closed while it is read, by another task or thread. The reader then ends as if the stream had ended,
  but nothing is completed. A task that waits for the source is interrupted; a thread can't be, so `close` says so.

Cost: the assembler's, and one snapshot for each event that changed something.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TypeVar, Unpack, overload

from .._assembler import Assembler
from .._dialects import needs_decoding
from .._document import Kind, Node, a_kind, kind_of, look
from .._errors import ClosedError, InvalidEventError, StreamJSONError, StreamTruncatedError, shorten
from .._json import MISSING
from .._notify import current_task, is_cancellation_of_another
from .._resume import ReplayFilter
from .._session import AssemblerOptions
from .._skipped import SkippedEvent
from .._view import Completion, Snapshot, Structurer, structurer_of
from .._wire import ServerSentEvent, StreamingChunk, aclose_all, close_all, right_call
from .readers import AsyncPull, FinishedValues, Pieces, Pull, Values, structurers

__all__ = ["AsyncSnapshotStream", "SnapshotStream", "assemble"]

T = TypeVar("T")

_END: Final = object()  # what a source gives no more after
_NOTHING: Final[Iterator[object]] = iter(())  # the source of a stream that has let go of its own
_UNKNOWN: Final = object()  # a task of another event loop than asyncio's


class _Options(AssemblerOptions, total=False):
    require_done: bool
    assembler: Assembler
    replays: ReplayFilter


@overload
def assemble(source: AsyncIterable[object], **options: Unpack[_Options]) -> AsyncSnapshotStream: ...
@overload
def assemble(source: Iterable[object], **options: Unpack[_Options]) -> SnapshotStream: ...
def assemble(
    source: Iterable[object] | AsyncIterable[object], **options: Unpack[_Options]
) -> SnapshotStream | AsyncSnapshotStream:
    """Return the snapshots of the document that a source of events builds, as an iterator for `for` or `async for`.

    `source` is any iterable, or asynchronous iterable, of what `Assembler.apply` takes; one that is both is
    asynchronous. The options are the assembler's; or `assembler` is one to continue with, as it is, such as one that
    was restored. One that has ended is a `ClosedError` at once: call its `reopen()` first, if its end was a guess.
    `replays` is a filter of events that were applied before: they are passed over, and it is notified of the others.
    With `require_done=True` an end without `[DONE]` is a `StreamTruncatedError` (`no_done`): a source that was cut
    between two events looks like one that ended.

    Iterating raises what `Assembler.apply` raises, and what the source raises. Bytes, text or a response in the place
    of events are an `InvalidEventError` (`needs_decoding`): give `decode_sse(response.iter_bytes())`.

    >>> import streamjson as sj
    >>> events = [{"delta": "Jane", "json_path": "name"}, {"delta": " Doe", "json_path": "name"}]
    >>> for snapshot in sj.assemble(events):
    ...     print(snapshot.value, snapshot.complete)
    {'name': 'Jane'} False
    {'name': 'Jane Doe'} False
    {'name': 'Jane Doe'} True
    """
    if isinstance(source, str | bytes | bytearray | memoryview):
        raise needs_decoding(source)
    if _is_response(source):
        raise InvalidEventError(
            f"{shorten(source)} is a response, not its events: give assemble(decode_sse(pieces)) of its bytes,"
            f" {right_call(source)}",
            code="needs_decoding",
        )
    if isinstance(source, Mapping | StreamingChunk | ServerSentEvent):
        raise InvalidEventError("one event is no source of events: pass [event], or use Assembler().apply(event)")
    if isinstance(source, AsyncIterable):
        return AsyncSnapshotStream(source, **options)
    if isinstance(source, Iterable):
        return SnapshotStream(source, **options)
    raise InvalidEventError(
        f"a source of events is an iterable, not {shorten(source)};"
        f" give assemble(decode_sse(pieces)) of a response's bytes, {right_call(source)}"
    )


def _is_response(source: object) -> bool:
    return any(hasattr(source, name) for name in ("iter_bytes", "aiter_bytes", "iter_content", "iter_chunked"))


class _Stream:
    """What both kinds of stream share: all but the reading."""

    def __init__(
        self,
        *,
        require_done: bool = False,
        assembler: Assembler | None = None,
        replays: ReplayFilter | None = None,
        **options: Any,
    ) -> None:
        if assembler is not None and options:
            raise TypeError(f"the assembler has its options already: {', '.join(options)}")
        self._assembler = Assembler(**options) if assembler is None else assembler
        self._assembler._session.check_open()  # before anything is read, as what would be read may be lost
        self._require_done = require_done
        self._replays = replays
        if replays is not None:
            fixed = self._assembler._session.options
            replays._read_as(fixed.dialect, fixed.limits)
        # Of the assembler itself where there is no filter: a call less for each event.
        self._consume = self._assembler._session.consume if replays is None else self._consume_new
        self._latest = self._assembler._session.snapshot(0)
        self._finished = False  # the source has been let go of, or is as soon as its reader returns from it
        self._has_last = False  # the last snapshot is still to be yielded
        self._is_reading = False

    @property
    def assembler(self) -> Assembler:
        """The assembler that the events go to."""
        return self._assembler

    @property
    def skipped_count(self) -> int:
        """The number of events that were rejected and passed over, with `on_invalid="skip"`."""
        return self._assembler.skipped_count

    @property
    def skipped(self) -> tuple[SkippedEvent, ...]:
        """The last 100 of these events, oldest first, each with its error."""
        return self._assembler.skipped

    @property
    def ignored_count(self) -> int:
        """The number of events that have none of the fields of a chunk, or a path without a delta."""
        return self._assembler.ignored_count

    @property
    def ignored(self) -> tuple[SkippedEvent, ...]:
        """The last 100 of these events, oldest first, each with an error that says why it was ignored."""
        return self._assembler.ignored

    @property
    def passed_over(self) -> int:
        """The number of events of other types (`ping`, `keepalive`) that were passed over."""
        return self._assembler.passed_over

    @property
    def snapshot(self) -> Snapshot:
        """The document as it is now, also after an error."""
        assembler, latest = self._assembler, self._latest
        if (latest.version, latest.end, latest.last_event_id, latest.span_id) == (
            assembler.version, assembler.end, assembler.last_event_id, assembler.span_id
        ):  # fmt: skip
            return latest
        return assembler._session.snapshot(latest.version)

    def __repr__(self) -> str:
        assembler = self._assembler
        held = look(assembler._session.document.holder, 0)
        what = "empty" if held is MISSING else a_kind(kind_of(held))
        if type(held) is Node:
            what += f" of {len(held.slots):,}"
        return f"<{type(self).__name__} {assembler.version}: {assembler.end}, {what}>"

    def _consume_new(self, event: object) -> Kind | None:
        """Apply an event, unless it was applied before."""
        replays: Any = self._replays
        self._assembler._session.check_open()  # else a replayed event would end the stream
        if replays.is_replay(event):
            return None
        try:
            kind = self._assembler._session.consume(event)
        except StreamJSONError as error:
            if error.deltas_applied:  # of several: applied again, they would be doubled
                replays.applied(event)
            raise
        replays.applied(event)
        return kind

    def _end(self) -> Kind | None:
        """End the document, as the source has ended."""
        if self._require_done:
            error = StreamTruncatedError("the source ended without [DONE]", code="no_done")
            error.last_event_id = self._assembler.last_event_id
            raise error
        return self._assembler._session.close("eof")

    def _final_value(self, structurer: Structurer | None) -> Any:
        snapshot = self.snapshot
        if not snapshot.complete:  # a failure was reported before; what is there is not the answer
            raise ClosedError("the stream ended before its document was complete; `snapshot` has what there is")
        return snapshot.value if structurer is None else structurer(snapshot.copy_value(), "")

    def _take(self) -> Snapshot:
        self._latest = self._assembler._session.snapshot(self._latest.version)
        return self._latest

    def _take_last(self) -> Snapshot:
        self._has_last = False
        return self._take()


class SnapshotStream(_Stream):
    """An iterator over the snapshots of a source of events, and a context manager that closes it. See `assemble`."""

    def __init__(self, source: Iterable[object], **options: Unpack[_Options]) -> None:
        super().__init__(**options)
        self._given: object = source
        self._source = iter(source)

    def __iter__(self) -> Iterator[Snapshot]:
        return self

    def __next__(self) -> Snapshot:
        assembler = self._assembler
        while not self._finished:
            if assembler._session.document.held:  # an event that is read must not be lost
                assembler._session.check_unlocked()
            try:
                event = next(self._source, _END)
            except BaseException as error:  # whatever it is, a source that raised is done
                if self._finished and isinstance(error, Exception):  # closed by another thread: that is a stop
                    break
                self._release(error)
                raise
            if self._finished:  # closed by another thread meanwhile: nothing more is applied, nor completed
                break
            try:
                kind = self._end() if event is _END else self._consume(event)
                if assembler._session.end != "open":
                    self._finished = self._has_last = True
                if not assembler._session.document.quiet:
                    assembler._session.notify(kind)
            except BaseException as error:  # an interrupt, too, must not leave a source open that is done with
                if self._finished or assembler._session.has_failed or event is _END:
                    self._release(error)
                if isinstance(error, StreamJSONError):
                    assembler._session.notify_unreported(error)
                raise
            if self._finished:
                self._release()
            elif kind is not None:
                snapshot = assembler.snapshot()  # as _take does, two calls less
                snapshot._since = self._latest.version
                self._latest = snapshot
                return snapshot
        if self._has_last:
            return self._take_last()
        if self._source is not _NOTHING:
            self._release()  # it was closed while it was read
        raise StopIteration

    @overload
    def completed(self, pattern: str, into: None = None) -> Iterator[Any]: ...
    @overload
    def completed(self, pattern: str, into: type[T]) -> Iterator[T]: ...
    @overload
    def completed(self, pattern: str, into: Any) -> Iterator[Any]: ...
    def completed(self, pattern: str, into: Any = None) -> Iterator[Any]:
        """Return an iterator over the finished values that `pattern`, JSONPath, selects; it reads on as it is asked.

        It begins with what is finished already, and ends as the stream ends. With `into`, a class, each is an object of
        it, made and validated once. A value that the sender came back to is given again, at the end. When one is
        finished, `Assembler.on_complete` tells.

        Raises `InvalidPatternError` and, for an `into` that nothing can make, `TypeError`. `next()` raises what the
        stream does, and `StructureError` for a value that does not fit; the `next()` after that continues, and with
        `on_misfit` that value is passed over.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"people": [{"name": "Jane"}, {"name": "John"}]}))
        >>> for person in stream.completed("people[*]"):
        ...     print(person, stream.snapshot.complete)
        {'name': 'Jane'} False
        {'name': 'John'} True
        """
        return Pull(self, Values(FinishedValues(self._assembler, {pattern: structurer_of(into)})))

    @overload
    def completions(self, *patterns: str, into: None = None) -> Iterator[Completion[Any]]: ...
    @overload
    def completions(self, *patterns: str, into: type[T]) -> Iterator[Completion[T]]: ...
    @overload
    def completions(self, *patterns: str, into: Any) -> Iterator[Completion[Any]]: ...
    def completions(self, *patterns: str, into: Any = None) -> Iterator[Completion[Any]]:
        """Return an iterator over the `Completion`s of the values that any of the patterns selects, in order.

        As `completed`, for several kinds of values from one stream: `pattern` of a completion is the one that selects
        it, `path` says where, and `revision` is 2 for one that is given again, which may be `gone`. `into` is one type
        for all, or a mapping from pattern to type; then the patterns need not be given a second time.

        Raises `InvalidPatternError`, and `TypeError` for an `into` that nothing can make or that names another pattern.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"people": ["Jane", "John"], "total": 2}))
        >>> for done in stream.completions("people[*]", "total"):
        ...     print(done.pattern, done.path, done.value)
        people[*] people[0] Jane
        people[*] people[1] John
        total total 2
        """
        return Pull(self, FinishedValues(self._assembler, structurers(patterns, into)))

    def text(self, path: str) -> Iterator[str]:
        """Return an iterator over the pieces of the text at `path` as it grows; it reads on as it is asked.

        It begins with what is there already, waits while there is nothing or null, and ends as the stream ends.

        Raises `InvalidPathError`. `next()` raises what the stream does, and `ConflictError` if what comes there is no
        text (`not_text`), or the text is replaced after a piece of it was given (`text_replaced`); that ends it.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"title": "Lisbon", "days": []}, piece_chars=3))
        >>> list(stream.text("title"))
        ['Lis', 'bon']
        """
        return Pull(self, Pieces(self._assembler, path))

    @overload
    def final(self, into: None = None) -> Any: ...
    @overload
    def final(self, into: type[T]) -> T: ...
    @overload
    def final(self, into: Any) -> Any: ...
    def final(self, into: Any = None) -> Any:
        """Read to the end and return the document; with `into`, a class, as an object of it, validated.

        `MISSING` where the source was empty, or an answer of this wire was: a span and `[DONE]`, and no delta. Events
        that were not understood, and no delta, are a `StreamFailedError` (`no_deltas`) instead.

        Raises at the first event that is rejected; call it again to continue with the next one. Once the stream has
        ended otherwise than well, it is a `ClosedError`. A document that does not fit is a `StructureError`; an `into`
        that nothing can make is a `TypeError` before anything is read.

        >>> import streamjson as sj
        >>> sj.assemble(sj.disassemble({"people": [{"name": "Jane"}]})).final()
        {'people': [{'name': 'Jane'}]}
        """
        structurer = structurer_of(into)
        for _ in self:
            pass
        return self._final_value(structurer)

    def close(self) -> None:
        """Stop reading, and close the source and its iterator if they can be closed. The document is not completed.

        While another thread waits for the source, that can't be interrupted: a `StreamJSONError` (`reading`) says so.
        It is a stop all the same: the reader ends when the source gives its next event, ends or raises, and the source
        is closed then. docs/recipes.md shows how to make that come at once.
        """
        self._finished = True
        if getattr(self._source, "gi_running", False):
            raise _reading()
        self._release()

    def _release(self, because_of: BaseException | None = None) -> None:
        self._finished = True
        source, given, self._source, self._given = self._source, self._given, _NOTHING, None
        try:
            close_all(source, given)
        except Exception as error:  # the source's own; it must not hide what ended the stream
            if isinstance(error, ValueError) and "already executing" in str(error):  # a generator inside the source
                self._source, self._given = source, given  # its reader releases it
                raise _reading() from None
            if because_of is None:
                raise
            because_of.add_note(f"closing the source failed too: {error!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _reading() -> StreamJSONError:
    return StreamJSONError(
        "another thread waits for the source and can't be interrupted: it stops when the source gives an event,"
        " ends or raises; shut down the connection, or read it with a time-out, to stop at once",
        code="reading",
    )


class AsyncSnapshotStream(_Stream):
    """An asynchronous iterator over the snapshots of a source of events, and a context manager. See `assemble`.

    Callbacks that are coroutine functions are awaited, one after the other, before the snapshot is yielded.
    """

    def __init__(self, source: AsyncIterable[object], **options: Unpack[_Options]) -> None:
        super().__init__(**options)
        self._assembler._session.dispatcher.await_coroutines()
        self._given: object = source
        self._source: AsyncIterator[object] | None = aiter(source)
        self._reader: Any = None  # the task that waits for the source
        self._is_cancelled = False  # whether `aclose` has interrupted it

    def __aiter__(self) -> AsyncIterator[Snapshot]:
        return self

    def __iter__(self) -> NoReturn:
        raise TypeError("this stream is asynchronous: iterate over it with `async for`")

    async def __anext__(self) -> Snapshot:
        self._assembler._session.check_unlocked()
        if self._is_reading:  # else it would be taken for a failure of the source
            message = "another task reads this stream already: let one task read it, and callbacks notify the others"
            raise StreamJSONError(message, code="reading")
        self._is_reading = True
        try:
            return await self._read()
        finally:
            self._is_reading = False

    async def _read(self) -> Snapshot:
        assembler = self._assembler
        while not self._finished and self._source is not None:
            assembler._session.check_unlocked()
            self._reader = current_task() or _UNKNOWN
            try:
                event = await anext(self._source, _END)
            except BaseException as error:  # whatever it is, a source that raised is done
                if self._finished and self._is_stop(error):
                    break
                await self._release(error)
                raise
            finally:
                reader, self._reader = self._reader, None
            if self._finished:  # closed meanwhile, though the source has gone on
                self._uncancel(reader)
                break
            try:
                kind = self._end() if event is _END else self._consume(event)
                if assembler.end != "open":
                    self._finished = self._has_last = True
                await assembler._session.notify_and_await(kind)
            except BaseException as error:  # an interrupt, too, must not leave a source open that is done with
                if self._finished or assembler._session.has_failed or event is _END:
                    await self._release(error)
                if isinstance(error, StreamJSONError):
                    await assembler._session.notify_unreported_and_await(error)
                raise
            if self._finished:
                await self._release()
            elif kind is not None:
                return self._take()
        if self._has_last:
            return self._take_last()
        await self._release()  # if it was closed while it was read
        raise StopAsyncIteration

    def _uncancel(self, reader: Any) -> int:
        """Take back that `aclose` has cancelled the reader; return how many cancellations remain."""
        return reader.uncancel() if self._is_cancelled else 0

    def _is_stop(self, error: BaseException) -> bool:
        """Tell whether an error came of `aclose`, which has cancelled the reader, and of nothing else."""
        remaining = self._uncancel(self._reader)
        if isinstance(error, Exception):  # the source's own answer to being interrupted
            return True
        return remaining == 0 and is_cancellation_of_another(error)

    @overload
    def completed(self, pattern: str, into: None = None) -> AsyncIterator[Any]: ...
    @overload
    def completed(self, pattern: str, into: type[T]) -> AsyncIterator[T]: ...
    @overload
    def completed(self, pattern: str, into: Any) -> AsyncIterator[Any]: ...
    def completed(self, pattern: str, into: Any = None) -> AsyncIterator[Any]:
        """Return an asynchronous iterator over the finished values; as `SnapshotStream.completed`."""
        return AsyncPull(self, Values(FinishedValues(self._assembler, {pattern: structurer_of(into)})))

    @overload
    def completions(self, *patterns: str, into: None = None) -> AsyncIterator[Completion[Any]]: ...
    @overload
    def completions(self, *patterns: str, into: type[T]) -> AsyncIterator[Completion[T]]: ...
    @overload
    def completions(self, *patterns: str, into: Any) -> AsyncIterator[Completion[Any]]: ...
    def completions(self, *patterns: str, into: Any = None) -> AsyncIterator[Completion[Any]]:
        """Return an asynchronous iterator over the completions; as `SnapshotStream.completions`."""
        return AsyncPull(self, FinishedValues(self._assembler, structurers(patterns, into)))

    def text(self, path: str) -> AsyncIterator[str]:
        """Return an asynchronous iterator over the pieces of a text; as `SnapshotStream.text`."""
        return AsyncPull(self, Pieces(self._assembler, path))

    @overload
    async def final(self, into: None = None) -> Any: ...
    @overload
    async def final(self, into: type[T]) -> T: ...
    @overload
    async def final(self, into: Any) -> Any: ...
    async def final(self, into: Any = None) -> Any:
        """Read to the end and return the document; as `SnapshotStream.final`."""
        structurer = structurer_of(into)
        async for _ in self:
            pass
        return self._final_value(structurer)

    async def aclose(self) -> None:
        """Stop reading, and close the source and its iterator if they can be closed. The document is not completed.

        A task that waits for the source is interrupted: it ends as if the stream had ended, and closes the source.
        That needs `asyncio`; elsewhere it is a `StreamJSONError` (`reading`): cancel the task then.
        """
        reader = self._reader
        if reader is None:
            await self._release()
        elif reader is _UNKNOWN:
            raise StreamJSONError("another task reads this stream: cancel that task instead", code="reading")
        elif not self._finished:
            self._finished = True
            if reader is not current_task():  # else it is the source that closes its stream: it ends when that returns
                self._is_cancelled = True
                reader.cancel()

    async def _release(self, because_of: BaseException | None = None) -> None:
        self._finished = True
        source, given, self._source, self._given = self._source, self._given, None, None
        try:
            await aclose_all(source, given)
        except Exception as error:  # the source's own; it must not hide what ended the stream
            if because_of is None:
                raise
            because_of.add_note(f"closing the source failed too: {error!r}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
