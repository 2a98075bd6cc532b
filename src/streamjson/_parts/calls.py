"""The calls of an answer, as an application runs them: whole, by name, as validated objects.

A call is given when its document is whole and the provider has closed it, or gone past it; half a call never is. One
that is finished, but is not JSON or does not fit, raises `StructureError`, or is passed over (`on_misfit`).

Cost: O(1) for each call beside its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

from .._errors import StructureError, shorten
from .._json import MISSING, Missing, is_object
from .._view import Structurer, structurer_of
from .answer import Answer
from .part import Part
from .part_state import Executor, PartState

__all__ = ["Call", "CallReader", "IntoCall", "make_call"]

TakesMisfit: TypeAlias = Callable[[Part, StructureError], bool]
"""Counts and keeps a call that does not fit; returns False if its error must be raised."""

T_co = TypeVar("T_co", covariant=True)


class Call(Generic[T_co]):
    """A whole call of a tool: its `name`, and its arguments as the `value`, with `into` as an object of that type."""

    __slots__ = ("part", "value")

    def __init__(self, part: Part, value: Any) -> None:
        self.part: Part = part
        self.value: T_co = value

    @property
    def name(self) -> str | None:
        """The name of the tool."""
        return self.part.name

    @property
    def id(self) -> str | None:
        """The id that the call's result names."""
        return self.part.id

    @property
    def index(self) -> int | None:
        """The provider's own index."""
        return self.part.index

    @property
    def choice(self) -> int | None:
        """The index of the choice, or candidate, where a provider has them."""
        return self.part.choice

    @property
    def executed_by(self) -> Executor | None:
        """Who executes it: `"client"`, which is you, or the provider itself."""
        return self.part.executed_by

    def __repr__(self) -> str:
        return f"<Call {shorten(self.name)}>"


class IntoCall:
    """The types of calls: one for all, a mapping from name to type, or none."""

    def __init__(self, into: Any) -> None:
        self._by_name: Mapping[str, Structurer | None] | None = None
        self._for_all: Structurer | None = None
        if is_object(into):
            self._by_name = {name: structurer_of(kind) for name, kind in into.items()}
        else:
            self._for_all = structurer_of(into)

    def structurer(self, name: str | None) -> Structurer | None:
        """Return the structurer for calls of a name; None for plain values."""
        return self._for_all if self._by_name is None else self._by_name.get(name or "")


def make_call(
    part: Part, state: PartState, structurer: Structurer | None, takes_misfit: TakesMisfit
) -> Call[Any] | Missing:
    """Return a finished call; `MISSING` for a misfit that is passed over, else a misfit raises `StructureError`."""
    try:
        if state.error is not None:
            error = StructureError(f"{state.label} has arguments that are not JSON: {state.error}", value=state.text)
            error.code = "not_json"
            raise error from state.error
        value = state.assembler.snapshot().copy_value()
        return Call(part, value if structurer is None else structurer(value, ""))
    except StructureError as error:
        error.part = part
        if not error.message.startswith("the call"):
            error.args = (f"{state.label}: {error.message}",)
        if not takes_misfit(part, error):
            raise
        return MISSING


class CallReader:
    """Reads the calls of an answer that are ready, for a pull iterator."""

    def __init__(
        self,
        answer: Answer,
        names: Collection[str] | None,
        into: IntoCall,
        takes_misfit: TakesMisfit,
    ) -> None:
        self._answer = answer
        self._names = names
        self._into = into
        self._takes_misfit = takes_misfit
        self._next = 0
        self._list = answer.ready
        self._call: PartState | None = None
        self.is_over = False

    def read(self) -> bool:
        """Find the next call; return whether there is one."""
        if self._find():
            return True
        if self._list is not self._answer.ready:  # a new run has replaced it, after what was ready before
            self._list, self._next = self._answer.ready, 0
        return self._find()

    def _find(self) -> bool:
        ready = self._list
        while self._next < len(ready):
            self._call = ready[self._next]
            self._next += 1
            if self._names is None or self._call.name in self._names:
                return True
        return False

    def take(self) -> Any:
        """Return the call; `MISSING` if it is passed over."""
        state: Any = self._call
        return make_call(state.part, state, self._into.structurer(state.name), self._takes_misfit)
