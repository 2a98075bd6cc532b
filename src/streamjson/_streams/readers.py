"""What a stream is asked for while it is read: the values that are finished, or one text as it grows.

A reader goes through the log from where it was before; an iterator over it drives the stream when there is nothing to
give. So it begins with what is there already, misses nothing that another one made happen, and nothing waits in a queue
that nobody empties. An error of the stream passes through, and the next `next()` goes on.

What it owns: how far each reader has come. What it does not know: sources and events.

Cost: for values that of `_view`, for a text its pieces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, NoReturn, Protocol, TypeVar

from .._assembler import Assembler
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
    string_at,
    trail,
)
from .._errors import ConflictError, StructureError, shorten
from .._json import MISSING, is_object
from .._paths import Matcher, Path, State, compile_pattern, parse_path
from .._view import (
    Along,
    Completion,
    Structurer,
    finished_by,
    is_settled,
    is_there,
    lost,
    postorder,
    returned_at,
    structurer_of,
    unfinished,
    was_given,
)

__all__ = ["AsyncPull", "FinishedValues", "Pieces", "Pull", "Values", "structurers"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def structurers(patterns: tuple[str, ...], into: Any) -> dict[str, Structurer | None]:
    """Return what makes the values of each pattern: `into` is one type for all, or a mapping from pattern to type.

    Raises `TypeError` where there is no pattern, one that is not text, or a type for one that is not given.
    """
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"a pattern is text, and several are several arguments: not {shorten(pattern)}")
    types: Mapping[str, Any] = into if is_object(into) else dict.fromkeys(patterns, into)
    patterns = patterns or tuple(types)
    others = [pattern for pattern in types if pattern not in patterns]
    if others or not patterns:
        raise TypeError(f"into has a type for {others[0]!r}, which is no pattern here" if others else "give a pattern")
    return {pattern: structurer_of(types.get(pattern)) for pattern in patterns}


class FinishedValues:
    """Reads the completions of the values that patterns select, with their values made what is asked for.

    `into` has a structurer, or None, for each pattern. `take` returns `MISSING` in the place of a misfit that is passed
    over.
    """

    def __init__(self, assembler: Assembler, into: Mapping[str, Structurer | None]) -> None:
        self._assembler = assembler
        self._into = into
        limits = assembler._session.options.limits
        self._matcher: Matcher[str] = Matcher([(compile_pattern(pattern, limits=limits), pattern) for pattern in into])
        self._document: Document | None = None
        self._new: deque[Completion[Any]] = deque()
        self.is_over = False  # values may come until the stream ends

    def read(self) -> bool:
        """Look for what is new; tell whether there is something to take."""
        document = self._assembler._session.document
        at_end = self._assembler.end != "open"
        if document is not self._document:  # at the start, or after a reset
            self._document = document
            self._began = document.version
            self._along = Along(self._matcher)
            self._run = max(len(document.starts), 1)
            self._is_told = at_end
            self._read_all(document, at_end=at_end)
        else:
            returned = returned_at(document)
            while self._run < len(document.starts) and (returned is None or document.starts[self._run] < returned):
                for node, key, state in finished_by(document, self._run, self._along):
                    self._add(document, trail(document.holder, node, key), document.starts[self._run] - 1, state)
                self._run += 1
            if at_end and not self._is_told:
                self._is_told = True
                for node, key, state in (*lost(document, self._along), *unfinished(document, self._along)):
                    steps = trail(document.holder, node, key)
                    revision = 2 if was_given(document, steps, self._began) else 1
                    if revision == 2 or is_there(document, steps, document.version):
                        self._add(document, steps, document.version, state, revision)
        return bool(self._new)

    def take(self) -> Any:
        """Return the next completion. Raises `StructureError` for a misfit; that value is passed over."""
        done = self._new.popleft()
        structurer = self._into[done.pattern]
        if structurer is not None and not done.gone:
            try:
                done._value = structurer(done.value, str(done.path))
            except StructureError as error:
                session = self._assembler._session
                if not session.skipped.takes_misfit(done, error, session.options.on_misfit):
                    raise
                return MISSING
        return done

    def _read_all(self, document: Document, *, at_end: bool) -> None:
        version = document.version
        root = locate(document, (), version)[2]
        if root is MISSING:
            return
        for node, key, state in postorder(document.holder, 0, root, self._matcher.start, version):
            steps = trail(document.holder, node, key)
            if at_end or is_settled(document, steps):
                self._add(document, steps, version, state)

    def _add(
        self, document: Document, steps: tuple[Step, ...], version: int, state: State[str], revision: int = 1
    ) -> None:
        path = Path(steps[1:])
        self._new.extend(Completion(document, path, version, revision, pattern) for pattern in state.targets)


class Values:
    """As `FinishedValues`, the values alone, without what is gone."""

    def __init__(self, finished: FinishedValues) -> None:
        self._finished = finished
        self.read = finished.read
        self.is_over = False

    def take(self) -> Any:
        """Return the next value; `MISSING` if that one is gone, or was passed over."""
        done: Any = self._finished.take()
        return done if done is MISSING else done.value


class Pieces:
    """Reads what the text at a path grows by. `take` returns all that came since the last time."""

    def __init__(self, assembler: Assembler, path: str) -> None:
        self._assembler = assembler
        self._path = parse_path(path, limits=assembler._session.options.limits)
        self._version = -1  # up to which the text was read, -1 before there is any
        self._node: Node | None = None
        self._piece = ""
        self.is_over = False

    def read(self) -> bool:
        """Look for what is new; tell whether there is something to take. Raises `ConflictError`: then it is over."""
        document = self._assembler._session.document
        node, key, thing = locate(document, self._path, document.version)
        is_begun = self._version >= 0
        if is_begun and (node is not self._node or is_new(node, key, self._version, document.version)):
            what = "was replaced while it was followed; what was given of it is void"
            raise self._conflict("text_replaced", what, thing)
        if thing is not MISSING and thing is not HOLE and thing is not None:
            if kind_of(thing) != "string":
                raise self._conflict("not_text", f"holds {a_kind(kind_of(thing))}, and text() follows texts", thing)
            self._piece += self._grown(document, node, key, thing)
            if self._piece or is_begun:
                self._node, self._version = node, document.version
        return bool(self._piece)

    def take(self) -> str:
        """Return what is new."""
        piece, self._piece = self._piece, ""
        return piece

    def _grown(self, document: Document, node: Node, key: Step, thing: Text | str) -> str:
        version = document.version
        if self._version < 0:
            return string_at(document, node, key, thing, version)
        count = growth(document, node, key, self._version, version)
        return ending_at(document, node, key, thing, version, count) if count else ""

    def _conflict(self, code: str, what: str, thing: object) -> ConflictError:
        self.is_over = True
        path = str(self._path)
        return ConflictError(f"{path or 'the root'} {what}", code=code, path=path, found=kind_of(thing), given="string")


class _Reader(Protocol[T_co]):
    """`take` returns `MISSING` where there was nothing to take after all."""

    is_over: bool

    def read(self) -> bool: ...
    def take(self) -> T_co: ...


class Pull(Iterator[T]):
    """Takes what a reader finds, and reads on in a stream when it finds nothing. Ends as the stream ends."""

    def __init__(self, stream: Iterator[object], reader: _Reader[T]) -> None:
        self._stream = stream
        self._reader = reader

    def __next__(self) -> T:
        if self._reader.is_over:
            raise StopIteration
        while True:
            while not self._reader.read():
                next(self._stream)  # its last snapshot comes before its end, and so does what that finishes
            taken = self._reader.take()
            if taken is not MISSING:
                return taken


class AsyncPull(AsyncIterator[T]):
    """As `Pull`, of an asynchronous stream."""

    def __init__(self, stream: AsyncIterator[object], reader: _Reader[T]) -> None:
        self._stream = stream
        self._reader = reader

    def __iter__(self) -> NoReturn:
        raise TypeError("this iterator is asynchronous: iterate over it with `async for`")

    async def __anext__(self) -> T:
        if self._reader.is_over:
            raise StopAsyncIteration
        while True:
            while not self._reader.read():
                await anext(self._stream)
            taken = self._reader.take()
            if taken is not MISSING:
                return taken
