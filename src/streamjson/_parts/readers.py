"""From an answer to its prose, or to one of its parts, on demand.

A reader reads from its own position; an iterator over it advances the answer when the reader finds nothing new. So an
iterator begins with what is already there, and several can share an answer.

Cost: that of the text, or of the part's document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .._errors import ConflictError, shorten
from .._json import MISSING
from .answer import Answer
from .part import Part
from .part_state import Kind, PartState

__all__ = ["DeferredReader", "ProseReader", "Reader", "Selection"]


class Reader(Protocol):
    """Reads one kind of item; see `_streams.readers`."""

    @property
    def is_over(self) -> bool: ...
    def read(self) -> bool: ...
    def take(self) -> Any: ...


class ProseReader:
    """Reads the growth of the texts of a choice, in the order of the parts."""

    def __init__(self, answer: Answer, choice: int | None) -> None:
        self._answer = answer
        self._choice = choice
        self._states = answer.states
        self._next = 0  # the first part that was not looked at
        self._followed: dict[PartState, int] = {}  # the texts that may grow, and the version up to which each is read
        self._piece = ""
        self.is_over = False

    def read(self) -> bool:
        """Read what is new. A text that was replaced ends the reader with a `ConflictError`."""
        states = self._answer.states
        if states is not self._states:
            raise self._replaced("the answer began anew")
        for state in states[self._next :]:
            if state.kind == "text" and state.choice in (None, self._choice or 0):
                self._followed[state] = 0
        self._next = len(states)
        for state in list(self._followed):
            self._read_growth(state)
            if state.end != "open":
                del self._followed[state]
            if self._piece:
                break
        return bool(self._piece)

    def _read_growth(self, state: PartState) -> None:
        read = self._followed[state]
        snapshot = state.assembler.snapshot()
        if snapshot.version == read:
            return
        for change in snapshot.changes_since(read):
            if read and change.kind == "set":
                raise self._replaced("a text was replaced")
            piece = change.value if change.kind == "set" else change.delta
            self._piece += piece if isinstance(piece, str) else ""
        self._followed[state] = snapshot.version

    def _replaced(self, problem: str) -> ConflictError:
        self.is_over = True
        return ConflictError(
            f"{problem} while text() followed it: discard the pieces yielded so far",
            code="text_replaced",
            found="string",
            given="string",
        )

    def take(self) -> str:
        """Return the new text."""
        piece, self._piece = self._piece, ""
        return piece


class Selection:
    """Finds the first part of a kind and a name."""

    def __init__(self, answer: Answer, kind: Kind | None, name: str | None) -> None:
        kinds: tuple[object, ...] = (None, "text", "call", "refusal", "reasoning", "state")
        if kind not in kinds:
            raise ValueError(f"kind is one of {', '.join(map(repr, kinds[1:]))}, not {shorten(kind)}")
        self._answer = answer
        self._kind = kind
        self._name = name

    def find(self) -> Part | None:
        """Return the part, or None if it has not begun."""
        return next(
            (
                part
                for part in self._answer.parts
                if self._kind in (None, part.kind) and self._name in (None, part.name)
            ),
            None,
        )


class DeferredReader:
    """A reader of a part that may not have begun: it is made when the part is there."""

    def __init__(self, make: Callable[[], Reader | None]) -> None:
        self._make = make
        self._reader: Reader | None = None

    @property
    def is_over(self) -> bool:
        """Whether the reader has ended."""
        return self._reader is not None and self._reader.is_over

    def read(self) -> bool:
        """Read what is new."""
        if self._reader is None:
            self._reader = self._make()
        return self._reader is not None and self._reader.read()

    def take(self) -> Any:
        """Return the next item."""
        return MISSING if self._reader is None else self._reader.take()
