"""A callback that is registered for a pattern, and the handle to cancel it with."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, Generic, Protocol, TypeVar
from weakref import ref

from .._errors import StructureError, shorten
from .._skipped import OnMisfit, Skipped
from .._view import Structurer

__all__ = ["N", "Subscription"]

N = TypeVar("N")


class _Owner(Protocol):
    def remove(self, subscription: Subscription[Any]) -> None: ...


class Subscription(Generic[N]):
    """A callback that is registered for a pattern. The decorators leave one in the place of the function.

    It can be called as the function that it stands for. `pattern` is the pattern's text.
    """

    __slots__ = ("__wrapped__", "_is_awaited", "_on_misfit", "_owner", "_since", "_structurer", "pattern")

    def __init__(
        self,
        pattern: str,
        callback: Callable[[N], object],
        *,
        owner: _Owner,
        since: int,
        structurer: Structurer | None,
        on_misfit: OnMisfit,
    ) -> None:
        self.pattern: str = pattern
        self.__wrapped__: Callable[[N], object] = callback
        self._owner: ref[_Owner] | None = ref(owner)  # weak: a document that is dropped is freed at once
        self._since: int = since
        self._structurer: Structurer | None = structurer
        self._on_misfit: OnMisfit = on_misfit
        self._is_awaited: bool = iscoroutinefunction(callback) or iscoroutinefunction(type(callback).__call__)

    @property
    def active(self) -> bool:
        """Whether it has not been cancelled."""
        return self._owner is not None

    def cancel(self) -> None:
        """Call it no more, from now on. Again it does nothing.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> handle = assembler.on("name", lambda change: print(change.delta))
        >>> _ = assembler.apply_delta("name", "Jane")
        Jane
        >>> handle.cancel()
        >>> _ = assembler.apply_delta("name", " Doe")
        """
        owner, self._owner = None if self._owner is None else self._owner(), None
        if owner is not None:
            owner.remove(self)

    def __call__(self, news: N) -> object:
        return self.__wrapped__(news)

    def __repr__(self) -> str:
        return f"<Subscription {shorten(self.pattern)}{'' if self.active else ', cancelled'}>"

    def _fits(self, done: Any, skipped: Skipped) -> bool:
        """Make the value of a completion what the callback asked for; tell whether it fits. Raises `StructureError`."""
        if self._structurer is not None and not done.gone:
            try:
                done._value = self._structurer(done.value, str(done.path))
            except StructureError as error:
                if not skipped.takes_misfit(done, error, self._on_misfit):
                    raise
                return False
        return True
