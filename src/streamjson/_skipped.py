"""Events that were rejected and passed over, with `on_invalid="skip"`.

It owns which errors may be passed over, the count of the events, and the last of them. It does not know what an event
does. A skipped event is nowhere in the document, so nothing but this tells of it: it is counted and kept, never lost.

A finished value that does not fit the type that was asked for is kept here as well, as its `Completion`, where
`on_misfit` says that it is passed over.

Cost: O(1). Memory: the last `KEPT` events, with their errors; of a long text its first `WHOLE` characters.
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

KEPT: Final = 100
WHOLE: Final = 16 * 1024  # A hundred events of 16 MiB would be 1.6 GiB.
# A document that is full stays so.
_OF_THE_DOCUMENT: Final = ("max_document_bytes", "max_nodes", "max_runs")


class SkippedEvent(NamedTuple):
    """An event that was rejected and passed over, and why; as it came, but for text that is very long: that is cut."""

    event: object
    error: StreamJSONError


class Skipped:
    """The count of the events that were skipped, and the last of them, oldest first."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last: deque[SkippedEvent] = deque(maxlen=KEPT)

    def add(self, event: object, error: StreamJSONError) -> None:
        """Count and keep an event."""
        error.__traceback__ = error.__context__ = None  # the frames that they hold would keep the stream alive
        self.count += 1
        message: Any = event
        # What comes by the wire, or was made here; another object is its maker's.
        for kind, names in ((ServerSentEvent, ("data", "event")), (StreamingChunk, ("delta",))):
            for name in names if isinstance(event, kind) else ():
                text: Any = getattr(message, name)
                if isinstance(text, str) and len(text) > WHOLE:
                    message = evolve(message, **{name: text[:WHOLE]})
        if isinstance(error, InvalidPathError) and isinstance(error.path, str):
            error.path = error.path[:WHOLE]
        self.last.append(SkippedEvent(message, error))

    def takes_misfit(self, done: object, error: StructureError, on_misfit: OnMisfit) -> bool:
        """Count, keep and report a finished value that does not fit; return False if its error is to be raised."""
        if on_misfit == "raise":
            return False
        self.add(done, error)
        if callable(on_misfit):
            try:
                on_misfit(error)
            except StopIteration as stop:  # it would end the loop that takes the values
                raise RuntimeError("on_misfit raised StopIteration") from stop
        return True


def check_on_misfit(on_misfit: object) -> None:
    """Raise `ValueError` for what says nothing of values that do not fit."""
    if on_misfit not in ("raise", "skip") and not callable(on_misfit):
        raise ValueError(f"on_misfit is 'raise', 'skip' or a function of the error, not {shorten(on_misfit)}")
    if iscoroutinefunction(on_misfit):
        raise ValueError("on_misfit is a plain function: a coroutine would not be awaited")


def is_skippable(error: StreamJSONError) -> bool:
    """Tell whether an error is one event's, so that the next one may do.

    What was never an event is the caller's mistake (`needs_decoding`); and where the document is full, or a string of
    it is, the events that still fit would make a text with parts left out.
    """
    if isinstance(error, LimitExceededError):
        return error.limit not in _OF_THE_DOCUMENT and not error.is_full
    return isinstance(error, InvalidEventError | InvalidPathError | ConflictError) and error.code != "needs_decoding"
