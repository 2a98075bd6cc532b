"""From a source of events to snapshots, for `for`: a thin shell over the session.

It owns the source, its iterator, and the decision when to close them. It does not know what events mean.

- A stream yields a snapshot after each event that changed the document, and always a last one, with `complete=True`.
- Callbacks are called before the snapshot is yielded; an asynchronous stream awaits them.
- An error of the assembler (a rejected event) does not end the stream: the next `next()` reads the next event.
- An exception of the source ends it: later calls raise `StopIteration`, and the document is not completed.
- The source and its iterator are closed, if they can be, at `[DONE]`, at the source's end, at its exception, at
  `StreamFailedError`, and when the stream is closed.
- A stream can be closed by another task or thread while it is read. The reader then ends as if the stream had ended,
  but the document is not completed. A task that waits for the source is interrupted; a thread can't be, so `close`
  raises an error that says so.

Cost: the assembler's, and one snapshot for each event that changed something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar, Unpack, overload

from .._errors import StreamJSONError
from .._view import UNREAD, Completion, Snapshot, add_progress, note_closings, structurer_of
from .._wire import close_all
from .base import BaseStream, StreamOptions
from .readers import CompletionReader, PullIterator, TextReader, ValueReader, structurers

__all__ = ["SnapshotStream"]

T = TypeVar("T")

_END: Final = object()  # what `next` returns at the end of a source
_NO_EVENTS: Final[Iterator[object]] = iter(())  # the iterator of a stream that has closed its own


class SnapshotStream(BaseStream):
    """An iterator over the snapshots of a source of events, and a context manager that closes it. See `assemble`."""

    def __init__(self, source: Iterable[object], **options: Unpack[StreamOptions]) -> None:
        if "min_interval_s" in options or "conflate" in options:
            raise TypeError(
                "min_interval_s and conflate are for asynchronous sources; for this one there is every_n_changes"
            )
        super().__init__(**options)
        self._source: object = source
        self._iterator = iter(source)

    def __iter__(self) -> Iterator[Snapshot]:
        return self

    def __next__(self) -> Snapshot:
        # Hot: the session's own methods and a snapshot made in place save 13 to 16 % for each event.
        session = self._session
        while not self._is_finished:
            if session.document.locked_by:  # before the read: an event that was read must not be lost
                session.check_unlocked()
            try:
                event = next(self._iterator, _END)
            except BaseException as error:  # an iterator that raised anything is exhausted
                if self._is_finished and isinstance(error, Exception):  # another thread closed the stream
                    break
                self._release(error)
                raise
            if self._is_finished:  # another thread closed the stream: nothing more is applied or completed
                break
            try:
                kind = self._end() if event is _END else self._consume(event)
                document = session.document
                if document.closed and session.end != "open":
                    self._is_finished = self._owes_last = True
                if not document.has_no_listener:
                    session.notify(kind)
            except BaseException as error:  # interrupts too: a source that is no longer needed must be closed
                if session.end != "open":  # the event has brought the end, too
                    self._is_finished = self._owes_last = True
                if self._is_finished or session.has_failed or event is _END:
                    self._release(error)
                if isinstance(error, StreamJSONError):
                    session.notify_unreported(error)
                raise
            if self._is_finished:
                self._release()
            elif (kind is not None and document.version >= self._due_version) or self._is_pulled:
                first, since = session.first_snapshot, self._latest.version
                snapshot = Snapshot()  # `_take_snapshot` again, without its two calls
                snapshot.version = version = document.version
                is_first = first.version != version
                shown = UNREAD if is_first else first
                snapshot._document, snapshot._since, snapshot._value = document, since, shown  # noqa: SLF001  # hot: see INVARIANTS 8
                snapshot.end, snapshot.span_id, snapshot.last_event_id = "open", session.span_id, session.last_event_id
                if is_first:
                    session.first_snapshot = snapshot
                if document.closings:
                    note_closings(snapshot, document)
                if self._due_version >= 0:
                    self._due_version = version + self._every_n_changes
                self._latest = snapshot
                return snapshot
        if self._owes_last:
            return self._take_last_snapshot()
        if self._iterator is not _NO_EVENTS:
            self._release()  # the stream was closed while it was read
        raise StopIteration

    def _advance(self) -> None:
        """Read one event, or more. Raises as `__next__`."""
        self._is_pulled = True
        try:
            next(self)
        finally:
            self._is_pulled = False

    @overload
    def completed(self, pattern: str, into: None = None) -> Iterator[Any]: ...
    @overload
    def completed(self, pattern: str, into: type[T]) -> Iterator[T]: ...
    @overload
    def completed(self, pattern: str, into: Any) -> Iterator[Any]: ...
    def completed(self, pattern: str, into: Any = None) -> Iterator[Any]:
        """Return an iterator over the finished values that `pattern`, JSONPath, selects. It reads the stream on demand.

        It begins with the values that are already finished, and ends when the stream ends. With `into`, a class, each
        value is an object of it, made and validated once. A value that the sender writes to after it was finished is
        yielded again at the end. `Assembler.on_complete` says when a value is finished.

        Raises `InvalidPatternError`, and `TypeError` for an `into` that can't be made. `next()` raises what the stream
        raises, and `StructureError` for a value that does not fit; the `next()` after that continues. With `on_misfit`,
        a value that does not fit is passed over.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"people": [{"name": "Jane"}, {"name": "John"}]}))
        >>> for person in stream.completed("people[*]"):
        ...     print(person, stream.snapshot.complete)
        {'name': 'Jane'} False
        {'name': 'John'} True
        """
        return PullIterator(self._advance, ValueReader(CompletionReader(self._session, {pattern: structurer_of(into)})))

    @overload
    def completions(self, *patterns: str, into: None = None) -> Iterator[Completion[Any]]: ...
    @overload
    def completions(self, *patterns: str, into: type[T]) -> Iterator[Completion[T]]: ...
    @overload
    def completions(self, *patterns: str, into: Any) -> Iterator[Completion[Any]]: ...
    def completions(self, *patterns: str, into: Any = None) -> Iterator[Completion[Any]]:
        """Return an iterator over the `Completion`s of the values that any of the patterns selects, in order.

        Works like `completed`, for several kinds of values from one stream. A completion's `pattern` is the one that
        selects the value, `path` is its location, and `revision` is 2 for a value that is yielded again, which may be
        `gone`. `into` is one type for all patterns, or a mapping from pattern to type; a mapping alone is enough.

        Raises `InvalidPatternError`, and `TypeError` for an `into` that can't be made or that names another pattern.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"people": ["Jane", "John"], "total": 2}))
        >>> for done in stream.completions("people[*]", "total"):
        ...     print(done.pattern, done.path, done.value)
        people[*] people[0] Jane
        people[*] people[1] John
        total total 2
        """
        return PullIterator(self._advance, CompletionReader(self._session, structurers(patterns, into)))

    def text(self, path: str) -> Iterator[str]:
        """Return an iterator over the pieces of the text at `path` as it grows. It reads the stream on demand.

        It begins with the text so far, waits while there is nothing or null, and ends when the stream ends.

        Raises `InvalidPathError`. `next()` raises what the stream raises, and `ConflictError` if the value at `path` is
        not text (`not_text`), or if the text is replaced after a piece of it was yielded (`text_replaced`); that error
        ends the iterator.

        >>> import streamjson as sj
        >>> stream = sj.assemble(sj.disassemble({"title": "Lisbon", "days": []}, piece_chars=3))
        >>> list(stream.text("title"))
        ['Lis', 'bon']
        """
        return PullIterator(self._advance, TextReader(self._session, path))

    @overload
    def final(self, into: None = None) -> Any: ...
    @overload
    def final(self, into: type[T]) -> T: ...
    @overload
    def final(self, into: Any) -> Any: ...
    def final(self, into: Any = None) -> Any:
        """Read the stream to its end and return the document; with `into`, a class, as a validated object of it.

        Returns `MISSING` for an empty source, and for an empty answer: a span and `[DONE]`, without a delta. If there
        were events that were not understood, and no delta, it raises `StreamFailedError` (`no_deltas`) instead.

        Raises at the first rejected event; call it again to continue with the next one. If the stream has ended, but
        not well, it raises `ClosedError`. A document that does not fit raises `StructureError`. An `into` that can't be
        made raises `TypeError` before anything is read.

        >>> import streamjson as sj
        >>> sj.assemble(sj.disassemble({"people": [{"name": "Jane"}]})).final()
        {'people': [{'name': 'Jane'}]}
        """
        structurer = structurer_of(into)
        with self._without_snapshots():
            for _ in self:
                pass
        return self._final_value(structurer)

    def close(self) -> None:
        """Stop reading, and close the source and its iterator if they can be closed. The document is not completed.

        A thread that waits for the source can't be interrupted: `close` then raises `StreamJSONError` (`reading`). The
        stream stops all the same: its reader ends, and closes the source, as soon as the source yields an event, ends
        or raises. docs/recipes.md shows how to make that happen at once.
        """
        self._is_finished = True
        if getattr(self._iterator, "gi_running", False):
            raise _thread_is_reading()
        self._release()

    def _release(self, cause: BaseException | None = None) -> None:
        """Close the source; `cause` is the error that ended the stream, if one did."""
        self._is_finished = True
        if cause is not None:
            add_progress(cause, self.snapshot)
        iterator, source, self._iterator, self._source = self._iterator, self._source, _NO_EVENTS, None
        try:
            close_all(iterator, source)
        except Exception as error:  # raised by the source; it must not hide the error that ended the stream
            if isinstance(error, ValueError) and "already executing" in str(error):  # a generator inside the source
                self._iterator, self._source = iterator, source  # the reader closes them
                raise _thread_is_reading() from None
            if cause is None:
                raise
            cause.add_note(f"closing the source failed too: {error!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _thread_is_reading() -> StreamJSONError:
    return StreamJSONError(
        "another thread is waiting for the source and can't be interrupted: it stops when the source yields an event,"
        " ends or raises; to stop it at once, shut down the connection, or read it with a timeout",
        code="reading",
    )
