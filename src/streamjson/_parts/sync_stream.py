"""From a source of a provider's events to the parts that change, for `for`: a thin shell over the session.

It owns the source and its iterator, and closes them at `[DONE]`, at the end, at an error, and when it is closed.

- A stream yields a part each time that an event changed it; several parts of one event in the order of their changes.
- Callbacks are called before that.
- An exception of the source ends the stream; the parts stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar, Unpack, overload

from .._errors import StreamJSONError
from .._streams import PullIterator, SnapshotStream
from .._view import add_progress
from .._wire import close_all
from .base_stream import BasePartStream, PartStreamOptions
from .calls import Call
from .part import Part
from .part_snapshots import PartSnapshots
from .part_state import Kind
from .readers import Selection

__all__ = ["PartStream"]

T = TypeVar("T")

_END: Final = object()


class PartStream(BasePartStream):
    """An iterator over the parts of an answer as they change, and a context manager. See `assemble_parts`."""

    def __init__(self, source: Iterable[object], **options: Unpack[PartStreamOptions]) -> None:
        super().__init__(**options)
        self._source: object = source
        self._iterator: Iterator[object] = iter(source)

    def __iter__(self) -> Iterator[Part]:
        return self

    def __next__(self) -> Part:
        while not self._changed:
            self._changed = self._read()[::-1]
        return self._changed.pop()

    def _advance(self) -> None:
        """Read one event. Raises `StopIteration` at the end, and what `__next__` raises."""
        self._read()

    def _read(self) -> list[Part]:
        if self._is_finished:
            raise StopIteration
        session = self._session
        session.check_idle()  # before the read: an event that was read must not be lost
        try:
            event = next(self._iterator, _END)
        except BaseException as error:
            explained = self._explain(error)
            self._release(explained)
            if explained is error:
                raise
            raise explained from error
        try:
            changed = self._take_end() if event is _END else session.consume(event)
            if session.end == "done":
                self._check_done()
        except BaseException as error:
            self._release(error)
            if isinstance(error, StreamJSONError):
                session.notify_before(error)
            raise
        if not session.is_open:
            self._release()
        session.notify()
        return changed

    @overload
    def calls(self, names: str | Collection[str] | None = None, *, into: None = None) -> Iterator[Call[Any]]: ...
    @overload
    def calls(self, names: str | Collection[str] | None = None, *, into: type[T]) -> Iterator[Call[T]]: ...
    @overload
    def calls(self, names: str | Collection[str] | None = None, *, into: Any) -> Iterator[Call[Any]]: ...
    def calls(self, names: str | Collection[str] | None = None, *, into: Any = None) -> Iterator[Call[Any]]:
        """Return an iterator over the calls of tools, each as soon as it is whole. It reads the stream on demand.

        A call is whole when its arguments are and the provider has closed it, or gone past it: half a call is never
        given, whatever ended the answer. With `names`, only calls of these tools; `into` is the type of their `value`,
        or a mapping from name to type. Calls that the provider executes itself are given, too: see `executed_by`.

        `next()` raises what the stream raises, and `StructureError` for a call whose arguments are not JSON
        (`not_json`) or do not fit; the `next()` after that continues. With `on_misfit`, such a call is passed over.
        Raises `TypeError` for an `into` that can't be made.

        >>> import streamjson as sj
        >>> part = {"functionCall": {"name": "book_trip", "args": {"city": "Lisbon"}}}
        >>> answer = sj.assemble_parts([{"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}])
        >>> [(call.name, call.value) for call in answer.calls()]
        [('book_trip', {'city': 'Lisbon'})]
        """
        return PullIterator(self._advance, self._call_reader(names, into))

    def snapshots(self, *, kind: Kind | None = None, name: str | None = None) -> SnapshotStream:
        """Return a stream of the snapshots of one part: the first of a kind, or a name. It reads on demand.

        It begins with what is there, and ends with its part; if the part is whole, the last snapshot is `complete`. It
        has the methods of every `SnapshotStream`: `completed`, `text`, `final`.

        >>> import streamjson as sj
        >>> chunks = [{"choices": [{"delta": {"content": piece}}]} for piece in ('{"a": ', "1", "}")]
        >>> answer = sj.assemble_parts(chunks, content="json")
        >>> [snapshot.value for snapshot in answer.snapshots(kind="text")]
        [{}, {'a': 1}, {'a': 1}]
        """
        return PartSnapshots(self, self._advance, Selection(self._session.answer, kind, name))

    def text(self, *, choice: int | None = None) -> Iterator[str]:
        """Return an iterator over the pieces of the answer's prose as it grows. It reads the stream on demand.

        `choice` is the choice, or candidate, that is read, where there are several: by default the first.
        Raises `TypeError` with `content="json"`. `next()` raises what the stream raises.

        >>> import streamjson as sj
        >>> chunks = [{"choices": [{"delta": {"content": piece}}]} for piece in ("Hel", "lo")]
        >>> list(sj.assemble_parts(chunks).text())
        ['Hel', 'lo']
        """
        return PullIterator(self._advance, self._prose_reader(choice))

    def final(self) -> list[Part]:
        """Read the stream to its end and return all parts; each says how it ended.

        Raises what the stream raises, and `ClosedError` if it had ended with an error before.
        """
        try:
            while True:
                self._advance()
        except StopIteration:
            return self._final_parts()

    def close(self) -> None:
        """Stop reading, and close the source and its iterator if they can be closed. Parts stay as they are."""
        self._release()

    def _release(self, cause: BaseException | None = None) -> None:
        self._is_finished = True
        if cause is not None:
            add_progress(cause, self.parts[-1].snapshot if self.parts else None, self.parts)
        iterator, source, self._iterator, self._source = self._iterator, self._source, iter(()), None
        try:
            close_all(iterator, source)
        except Exception as error:  # raised by the source; it must not hide the error that ended the stream
            if cause is None:
                raise
            cause.add_note(f"closing the source failed too: {error!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
