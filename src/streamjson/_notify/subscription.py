"""A callback that is registered for a pattern, and the handle that cancels it."""

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
    """A callback that is registered for a pattern. A decorator returns one in place of its function.

    It can be called like the function that it replaces. `pattern` is the text of the pattern.
    """

    __slots__ = ("__wrapped__", "_is_coroutine", "_on_misfit", "_owner", "_since", "_structurer", "pattern")

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
        self._owner: ref[_Owner] | None = ref(owner)  # weak: a document without references is freed at once
        self._since: int = since
        self._structurer: Structurer | None = structurer
        self._on_misfit: OnMisfit = on_misfit
        self._is_coroutine: bool = iscoroutinefunction(callback) or iscoroutinefunction(type(callback).__call__)

    @property
    def active(self) -> bool:
        """Whether the subscription has not been cancelled."""
        return self._owner is not None

    def cancel(self) -> None:
        """Stop calling the callback, from now on. A second call does nothing.

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

    def _convert(self, done: Any, skipped: Skipped) -> bool:
        """Convert the value of a completion to its type; return False for a misfit that is passed over.

        Raises `StructureError` for a misfit that is not.
        """
        if self._structurer is not None and not done.gone:
            try:
                done._value = self._structurer(done.value, str(done.path))
            except StructureError as error:
                if not skipped.takes_misfit(done, error, self._on_misfit):
                    raise
                return False
        return True
