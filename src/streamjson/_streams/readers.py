"""From a stream to its finished values, or to one text as it grows, on demand.

A reader reads the document's log from its own position; an iterator over it advances the stream when the reader finds
nothing new. So an iterator begins with what is already there, several can share a stream and miss nothing, and no queue
fills up. An error of the stream passes through, and the next `next()` continues.

It owns the position of each reader. It does not know sources and events.

Cost: for values that of `_view`, for a text its pieces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any, NoReturn, Protocol, TypeVar

from .._document import (
    HOLE,
    Document,
    Node,
    Step,
    Text,
    a_kind,
    ending_at,
    growth,
    is_new,
    kind_of,
    locate,
    path_to_slot,
    string_at,
)
from .._errors import ConflictError, StructureError, shorten
from .._json import MISSING, is_object
from .._paths import Matcher, Path, State, compile_pattern, parse_path
from .._session import Session
from .._view import (
    Completion,
    PatternCursor,
    Structurer,
    closed_after_last,
    closed_before,
    convert,
    finished_by,
    interleaved_since,
    is_settled,
    is_there,
    lost,
    postorder,
    revision_of,
    structurer_of,
    unfinished,
    was_given,
)

__all__ = ["AsyncPullIterator", "CompletionReader", "PullIterator", "TextReader", "ValueReader", "structurers"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def structurers(patterns: tuple[str, ...], into: Any) -> dict[str, Structurer | None]:
    """Return the structurer of each pattern, or None; `into` is one type for all, or a mapping from pattern to type.

    Raises `TypeError` if there is no pattern, a pattern is not a string, or `into` names another pattern.
    """
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"each pattern must be a string, passed as its own argument; not {shorten(pattern)}")
    types: Mapping[str, Any] = into if is_object(into) else dict.fromkeys(patterns, into)
    patterns = patterns or tuple(types)
    others = [pattern for pattern in types if pattern not in patterns]
    if others or not patterns:
        problem = f"into has a type for {others[0]!r}, which is not among the patterns" if others else "give a pattern"
        raise TypeError(problem)
    return {pattern: structurer_of(types.get(pattern)) for pattern in patterns}


class CompletionReader:
    """Reads the completions of the values that patterns select, each value converted to its type.

    `into` has a structurer, or None, for each pattern. `take` returns `MISSING` for a misfit that is passed over.
    """

    def __init__(self, session: Session, into: Mapping[str, Structurer | None]) -> None:
        self._session = session
        self._into = into
        limits = session.options.limits
        self._matcher: Matcher[str] = Matcher([(compile_pattern(pattern, limits=limits), pattern) for pattern in into])
        self._document: Document | None = None
        self._untaken: deque[Completion[Any]] = deque()
        self.is_over = False  # values may be finished until the stream ends

    def read(self) -> bool:
        """Read what is new; return whether there is something to take."""
        document = self._session.document
        at_end = self._session.end != "open"
        if document is not self._document:  # at the start, or after a reset
            self._read_all(document, at_end=at_end)
        elif document.closes_values:
            self._read_closed(document)
        else:
            starts = document.starts
            returned = interleaved_since(document)
            while self._next_run < len(starts) and (returned is None or starts[self._next_run] < returned):
                run = self._next_run
                for node, key, state in finished_by(document, run, self._cursor):
                    self._add(document, path_to_slot(document.root_slot, node, key), starts[run] - 1, state)
                self._next_run += 1
        if at_end and not self._is_end_read:
            self._read_end(document)
        return bool(self._untaken)

    def take(self) -> Any:
        """Return the next completion. A misfit raises `StructureError`; the next call returns the one after it."""
        done = self._untaken.popleft()
        structurer = self._into[done.pattern]
        if structurer is not None and not convert(done, structurer, partial(self._skips_misfit, done)):
            return MISSING
        return done

    def _skips_misfit(self, done: Completion[Any], error: StructureError) -> bool:
        session = self._session
        return session.skipped.takes_misfit(done, error, session.options.on_misfit)

    def _read_all(self, document: Document, *, at_end: bool) -> None:
        """Begin to read a document: add what is finished in it already."""
        self._document = document
        self._first_version = version = document.version
        self._cursor = PatternCursor(self._matcher)
        self._next_run = max(len(document.starts), 1)
        self._closings = document.closings
        self._is_end_read = at_end
        root = locate(document, (), version)[2]
        if root is MISSING:
            return
        for node, key, state in postorder(document.root_slot, 0, root, self._matcher.start, version):
            steps = path_to_slot(document.root_slot, node, key)
            if at_end or is_settled(document, steps):
                self._add(document, steps, version, state)

    def _read_closed(self, document: Document) -> None:
        """Add what a text has closed since the last call."""
        starts = document.starts
        while self._next_run < len(starts):
            run = self._next_run
            for slot in closed_before(document, run, self._cursor, self._closings):
                self._add_closed(document, *slot, starts[run] - 1)
            self._closings = 0
            self._next_run += 1
        for slot in closed_after_last(document, self._cursor, self._closings):
            self._add_closed(document, *slot, document.version)
        self._closings = document.closings

    def _add_closed(self, document: Document, node: Node, key: Step, state: State[str], version: int) -> None:
        steps = path_to_slot(document.root_slot, node, key)
        self._add(document, steps, version, state, revision_of(document, steps, version))

    def _read_end(self, document: Document) -> None:
        """Add what only the end has finished, and what has changed or vanished since it was added."""
        self._is_end_read = True
        version = document.version
        for node, key, state in (*lost(document, self._cursor), *unfinished(document, self._cursor)):
            steps = path_to_slot(document.root_slot, node, key)
            revision = 2 if was_given(document, steps, self._first_version) else 1
            if revision == 2 or is_there(document, steps, version):
                self._add(document, steps, version, state, revision)

    def _add(
        self, document: Document, steps: tuple[Step, ...], version: int, state: State[str], revision: int = 1
    ) -> None:
        path = Path(steps[1:])
        self._untaken.extend(Completion(document, path, version, revision, pattern) for pattern in state.targets)


class ValueReader:
    """Reads the values of completions, without the values that are gone."""

    def __init__(self, completions: CompletionReader) -> None:
        self._completions = completions
        self.read = completions.read
        self.is_over = False

    def take(self) -> Any:
        """Return the next value, or `MISSING` if it is gone or was passed over."""
        done: Any = self._completions.take()
        return done if done is MISSING else done.value


class TextReader:
    """Reads the growth of the text at a path. `take` returns all of it since the last call."""

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._path = parse_path(path, limits=session.options.limits)
        self._version = -1  # the version up to which the text was read; -1 before there is any text
        self._node: Node | None = None
        self._piece = ""
        self.is_over = False

    def read(self) -> bool:
        """Read what is new; return whether there is something to take. A `ConflictError` ends the reader."""
        document = self._session.document
        node, key, content = locate(document, self._path, document.version)
        is_begun = self._version >= 0
        if is_begun and (node is not self._node or is_new(node, key, self._version, document.version)):
            problem = "was replaced while text() followed it: discard the pieces yielded so far"
            raise self._conflict("text_replaced", problem, content)
        if content is not MISSING and content is not HOLE and content is not None:
            if kind_of(content) != "string":
                problem = f"holds {a_kind(kind_of(content))}; text() follows only strings"
                raise self._conflict("not_text", problem, content)
            self._piece += self._grown(document, node, key, content)
            if self._piece or is_begun:
                self._node, self._version = node, document.version
        return bool(self._piece)

    def take(self) -> str:
        """Return the new text."""
        piece, self._piece = self._piece, ""
        return piece

    def _grown(self, document: Document, node: Node, key: Step, content: Text | str) -> str:
        version = document.version
        if self._version < 0:
            return string_at(document, node, key, content, version)
        count = growth(document, node, key, self._version, version)
        return ending_at(document, node, key, content, version, count) if count else ""

    def _conflict(self, code: str, problem: str, content: object) -> ConflictError:
        self.is_over = True
        path = str(self._path)
        message = f"{path or 'the root'} {problem}"
        return ConflictError(message, code=code, path=path, found=kind_of(content), given="string")


class _Reader(Protocol[T_co]):
    """Reads one kind of item. `take` returns `MISSING` for an item that is passed over."""

    @property
    def is_over(self) -> bool: ...
    def read(self) -> bool: ...
    def take(self) -> T_co: ...


class PullIterator(Iterator[T]):
    """Yields what a reader finds, and advances the stream when the reader finds nothing. Ends when the stream ends."""

    def __init__(self, advance: Callable[[], object], reader: _Reader[T]) -> None:
        self._advance = advance
        self.reader = reader

    def __next__(self) -> T:
        if self.reader.is_over:
            raise StopIteration
        while True:
            while not self.reader.read():
                self._advance()  # the last snapshot precedes the end, so what it finishes is still read
            item = self.reader.take()
            if item is not MISSING:
                return item


class AsyncPullIterator(AsyncIterator[T]):
    """Does the same as `PullIterator`, for an asynchronous stream."""

    def __init__(self, advance: Callable[[], Awaitable[object]], reader: _Reader[T]) -> None:
        self._advance = advance
        self.reader = reader

    def __iter__(self) -> NoReturn:
        raise TypeError("this iterator is asynchronous: iterate over it with `async for`")

    async def __anext__(self) -> T:
        if self.reader.is_over:
            raise StopAsyncIteration
        while True:
            while not self.reader.read():
                await self._advance()
            item = self.reader.take()
            if item is not MISSING:
                return item
