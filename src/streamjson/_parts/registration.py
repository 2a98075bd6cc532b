"""The methods that register callbacks on whole calls, for an assembler of parts and for its streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar, overload

from .._errors import shorten
from .calls import Call, IntoCall
from .session import AnswerSession, Listener

__all__ = ["CallSubscription", "Registration"]

T = TypeVar("T")


class CallSubscription(Generic[T]):
    """A callback that is registered for calls. A decorator returns one in place of its function."""

    __slots__ = ("__wrapped__", "_listener", "_session")

    def __init__(self, listener: Listener, session: AnswerSession) -> None:
        self.__wrapped__: Callable[[Call[T]], object] = listener.callback
        self._listener: Listener = listener
        self._session: AnswerSession = session

    @property
    def name(self) -> str | None:
        """The name of the calls; None for all."""
        return self._listener.name

    def cancel(self) -> None:
        """Stop calling the callback. A second call does nothing."""
        self._session.remove(self._listener)

    def __call__(self, call: Call[T]) -> object:
        return self.__wrapped__(call)

    def __repr__(self) -> str:
        return f"<CallSubscription {shorten(self.name) if self.name else 'all'}>"


class Registration(ABC):
    """Registers callbacks on whole calls. A subclass provides the session."""

    @abstractmethod
    def _answer_session(self) -> AnswerSession:
        """Return the session."""

    @overload
    def on_call(
        self, name: str | None = None, *, into: None = None
    ) -> Callable[[Callable[[Call[Any]], object]], CallSubscription[Any]]: ...
    @overload
    def on_call(
        self, name: str | None = None, *, into: type[T]
    ) -> Callable[[Callable[[Call[T]], object]], CallSubscription[T]]: ...
    @overload
    def on_call(
        self, name: str | None = None, *, into: Any
    ) -> Callable[[Callable[[Call[Any]], object]], CallSubscription[Any]]: ...
    @overload
    def on_call(
        self, name: str | None, callback: Callable[[Call[Any]], object], *, into: Any = None
    ) -> CallSubscription[Any]: ...
    def on_call(
        self, name: str | None = None, callback: Callable[[Call[Any]], object] | None = None, *, into: Any = None
    ) -> Any:
        """Call `callback` with each `Call` of the tool `name`, or of any tool, as soon as it is whole.

        That is the case when its arguments are whole and the provider has closed it, or gone past it. With `into`, the
        call's `value` is a validated object of that type, or of the one that a mapping has for its name. Without
        `callback`, `on_call` is a decorator. Callbacks run after the event; their errors, and `StructureError` for
        arguments that are not JSON or do not fit (unless `on_misfit` passes over it), are raised together as an
        `ExceptionGroup`. An asynchronous stream awaits coroutine functions; everything else refuses them.

        Raises `TypeError` for an `into` that can't be made, or a coroutine function that nobody would await.

        >>> import streamjson as sj
        >>> parts = sj.PartAssembler(provider="gemini")
        >>> @parts.on_call("book_trip")
        ... def book(call):
        ...     print(call.name, call.value)
        >>> call = {"functionCall": {"name": "book_trip", "args": {"city": "Lisbon"}}}
        >>> _ = parts.apply({"candidates": [{"content": {"parts": [call]}}]})
        book_trip {'city': 'Lisbon'}
        """
        types = IntoCall(into)
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name is the name of a tool, or None for all, not {shorten(name)}")
        if callback is None:
            return partial(self._add_listener, name, types)
        return self._add_listener(name, types, callback)

    def _add_listener(
        self, name: str | None, into: IntoCall, callback: Callable[[Call[Any]], object]
    ) -> CallSubscription[Any]:
        session = self._answer_session()
        listener = Listener(name, callback, into)
        session.add(listener)
        return CallSubscription(listener, session)
