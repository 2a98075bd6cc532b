"""Events that were rejected and skipped, with `on_invalid="skip"`.

It owns the rule which errors may be skipped, the count of the events, and the last of them. It does not know what an
event does. A skipped event leaves no trace in the document, so it is counted and kept here.

With `on_misfit`, a finished value that does not fit its type is kept here as well, as its `Completion`.

Cost: O(1). Memory: the last `MAX_KEPT_EVENTS` events with their errors; of a long text, its first `MAX_KEPT_CHARS`
characters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from attrs import evolve

from ._errors import (
    ConflictError,
    InvalidEventError,
    InvalidPathError,
    LimitExceededError,
    StreamJSONError,
    StructureError,
    shorten,
)
from ._wire import ServerSentEvent, StreamingChunk

__all__ = ["SkippedEvent"]

OnMisfit: TypeAlias = Literal["raise", "skip"] | Callable[[StructureError], object]
"""What to do with a finished value that does not fit: raise, pass over, or pass over and call this with the error."""

MAX_KEPT_EVENTS: Final = 100
MAX_KEPT_CHARS: Final = 16 * 1024  # of each text: a hundred events of 16 MiB would be 1.6 GiB
# Every later event exceeds these, too.
_DOCUMENT_LIMITS: Final = ("max_document_bytes", "max_nodes", "max_runs")


class SkippedEvent(NamedTuple):
    """An event that was rejected and skipped, and its error. The event is unchanged, except that long text is cut."""

    event: object
    error: StreamJSONError


class Skipped:
    """The number of skipped events, and the last of them, oldest first."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count: int = 0
        self.last: deque[SkippedEvent] = deque(maxlen=MAX_KEPT_EVENTS)

    def add(self, event: object, error: StreamJSONError) -> None:
        """Count and keep an event."""
        error.__traceback__ = error.__context__ = None  # their frames would keep the stream alive
        self.count += 1
        message: Any = event
        # Only events from the wire, or made by this library, are cut; other objects belong to their makers.
        for kind, names in ((ServerSentEvent, ("data", "event")), (StreamingChunk, ("delta",))):
            for name in names if isinstance(event, kind) else ():
                text: Any = getattr(message, name)
                if isinstance(text, str) and len(text) > MAX_KEPT_CHARS:
                    message = evolve(message, **{name: text[:MAX_KEPT_CHARS]})
        if isinstance(error, InvalidPathError) and isinstance(error.path, str):
            error.path = error.path[:MAX_KEPT_CHARS]
        self.last.append(SkippedEvent(message, error))

    def takes_misfit(self, done: object, error: StructureError, on_misfit: OnMisfit) -> bool:
        """Count, keep and report a finished value that does not fit; return False if the caller must raise it."""
        if on_misfit == "raise":
            return False
        self.add(done, error)
        if callable(on_misfit):
            try:
                on_misfit(error)
            except StopIteration as stop:  # it would end the loop over the values
                raise RuntimeError("on_misfit raised StopIteration") from stop
        return True


def check_on_misfit(on_misfit: object) -> None:
    """Raise `ValueError` if the option `on_misfit` is invalid."""
    if on_misfit not in ("raise", "skip") and not callable(on_misfit):
        raise ValueError(f"on_misfit must be 'raise', 'skip' or a function of the error, not {shorten(on_misfit)}")
    if iscoroutinefunction(on_misfit):
        raise ValueError("on_misfit must be a plain function: a coroutine would not be awaited")


def is_skippable(error: StreamJSONError) -> bool:
    """Return whether an error concerns one event only, so that later events may be applied.

    Something that was never an event is the caller's mistake (`needs_decoding`). If the document or a string is full,
    the events that still fit would build a text with parts left out.
    """
    if isinstance(error, LimitExceededError):
        return error.limit not in _DOCUMENT_LIMITS and not error.is_full
    return isinstance(error, InvalidEventError | InvalidPathError | ConflictError) and error.code != "needs_decoding"
