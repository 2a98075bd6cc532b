"""One document of a model's answer, as callers hold it: what it is, its document so far, and how it ended.

A view of `part_state`, which the answer writes to. Cost: O(1), except where a method says so.
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

from .._assembler import Assembler
from .._errors import ClosedError, StreamJSONError, shorten
from .._view import Snapshot, structurer_of
from .part_state import Encoding, EndOfPart, Executor, Kind, PartState

__all__ = ["Part"]

T = TypeVar("T")


class Part:
    """One document of a model's answer, and how it ended. See `assemble_parts`.

    >>> import streamjson as sj
    >>> parts = sj.PartAssembler(provider="openai_chat")
    >>> function = {"name": "book_trip", "arguments": '{"city": "Lis'}
    >>> _ = parts.apply({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c1", "function": function}]}}]})
    >>> parts.parts[0]
    <Part call 'book_trip': open>
    >>> parts.parts[0].value
    {'city': 'Lis'}
    """

    __slots__ = ("_state",)

    def __init__(self, state: PartState) -> None:
        self._state: PartState = state

    @property
    def kind(self) -> Kind:
        """What it is: `"text"`, `"call"`, `"refusal"`, `"reasoning"` or `"state"`."""
        return self._state.kind

    @property
    def id(self) -> str | None:
        """The provider's id: of a call, the one that its result names."""
        return self._state.id

    @property
    def name(self) -> str | None:
        """The name of the tool that a call calls."""
        return self._state.name

    @property
    def index(self) -> int | None:
        """The provider's own index, as sent; what it counts differs."""
        return self._state.index

    @property
    def choice(self) -> int | None:
        """The index of the choice, or candidate, that it belongs to, where a provider has them."""
        return self._state.choice

    @property
    def executed_by(self) -> Executor | None:
        """Who executes a call: you, or the provider itself (search, MCP, code); None for other kinds."""
        return self._state.executed_by

    @property
    def encoding(self) -> Encoding:
        """Whether its document is JSON, or text: prose, or the input of a custom tool."""
        return self._state.encoding

    @property
    def text(self) -> str | None:
        """The raw text received so far, for the message history; None if the provider sends values instead of text.

        O(text) at each read.
        """
        return self._state.text

    @property
    def snapshot(self) -> Snapshot:
        """The document so far, as a snapshot. O(1)."""
        return self._state.assembler.snapshot()

    @property
    def value(self) -> Any:
        """The document so far: of a call its arguments, of prose the string. `MISSING` before JSON has begun."""
        return self._state.value

    @property
    def complete(self) -> bool:
        """Whether the document is whole. JSON whose last bracket has closed is, whatever the end."""
        return self._state.is_whole

    @property
    def end(self) -> EndOfPart:
        """Whether it has ended, and how.

        `"open"`; `"done"`, which the provider has proved; `"length"` (a token limit), `"filtered"` (by the provider),
        `"failed"`, `"aborted"`; or `"cut"`: the source ended, and nothing proved the end.
        """
        return self._state.end

    @property
    def finish(self) -> str | None:
        """The provider's own reason for the end, as sent: `"tool_calls"`, `"max_tokens"`."""
        return self._state.finish

    @property
    def error(self) -> StreamJSONError | None:
        """Why the document of a finished part is not JSON: `InvalidTextError` or `StreamTruncatedError`; else None."""
        return self._state.error

    @property
    def assembler(self) -> Assembler:
        """The assembler of its document, for callbacks (plain functions) and patterns. Do not write to it."""
        return self._state.assembler

    @overload
    def structure(self, into: type[T]) -> T: ...
    @overload
    def structure(self, into: Any) -> Any: ...
    def structure(self, into: Any) -> Any:
        """Return the whole document as a validated object of `into`.

        Raises `ClosedError` if the document is not whole, its `error` if it has one, `StructureError` if it does not
        fit, and `TypeError` for an `into` that can't be made.
        """
        structurer: Any = structurer_of(into)
        state = self._state
        if state.error is not None:
            raise state.error
        if not state.is_whole:
            raise ClosedError(f"{state.label} is not whole ({state.end}); `snapshot.draft` gives an unvalidated object")
        return structurer(state.assembler.snapshot().copy_value(), "")

    def __repr__(self) -> str:
        state = self._state
        name = f" {shorten(state.name)}" if state.name else ""
        choice = f" of choice {state.choice}" if state.choice else ""
        problem = f", {type(state.error).__name__}" if state.error is not None else ""
        return f"<Part {state.kind}{name}{choice}: {state.end}{problem}>"
