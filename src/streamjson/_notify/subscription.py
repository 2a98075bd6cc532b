"""The handle of a registered callback, which cancels it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from weakref import ref

from .._errors import shorten
from .listener import Listener

__all__ = ["N", "Subscription"]

N = TypeVar("N")


class _Owner(Protocol):
    def remove(self, listener: Listener) -> None: ...


class Subscription(Generic[N]):
    """A callback that is registered for a pattern. A decorator returns one in place of its function.

    It can be called like the function that it replaces. `pattern` is the text of the pattern.
    """

    __slots__ = ("__wrapped__", "_listener", "_owner", "pattern")

    def __init__(self, listener: Listener, owner: _Owner) -> None:
        self.pattern: str = listener.pattern
        self.__wrapped__: Callable[[N], object] = listener.callback
        self._listener: Listener = listener
        self._owner: ref[_Owner] = ref(owner)  # weak: a document without references is freed at once

    @property
    def active(self) -> bool:
        """Whether the subscription has not been cancelled."""
        return self._listener.is_active

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
        self._listener.is_active = False
        owner = self._owner()
        if owner is not None:
            owner.remove(self._listener)

    def __call__(self, news: N) -> object:
        return self.__wrapped__(news)

    def __repr__(self) -> str:
        return f"<Subscription {shorten(self.pattern)}{'' if self.active else ', cancelled'}>"
