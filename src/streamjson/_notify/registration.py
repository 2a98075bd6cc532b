"""The methods of an `Assembler` that register callbacks.

They check their arguments, so that a mistake shows where it was made, and pass them to the dispatcher.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, overload

from .._paths import compile_pattern
from .._skipped import OnMisfit
from .._view import Change, Completion, Structurer, structurer_of
from .dispatcher import Dispatcher
from .subscription import Subscription

__all__ = ["Registration"]

T = TypeVar("T")


class Registration(ABC):
    """Registers callbacks on changes and on finished values. A subclass provides the dispatcher, in `_listeners`."""

    @abstractmethod
    def _listeners(self) -> tuple[Dispatcher, OnMisfit]:
        """Return the dispatcher, and what to do with finished values that do not fit."""

    def _add(
        self,
        pattern: str,
        callback: Callable[[Any], object],
        *,
        when_complete: bool = False,
        structurer: Structurer | None = None,
    ) -> Subscription[Any]:
        dispatcher, on_misfit = self._listeners()
        return dispatcher.add(
            pattern, callback, when_complete=when_complete, structurer=structurer, on_misfit=on_misfit
        )

    @overload
    def on(self, pattern: str) -> Callable[[Callable[[Change], object]], Subscription[Change]]: ...
    @overload
    def on(self, pattern: str, callback: Callable[[Change], object]) -> Subscription[Change]: ...
    def on(
        self, pattern: str, callback: Callable[[Change], object] | None = None
    ) -> Subscription[Change] | Callable[[Callable[[Change], object]], Subscription[Change]]:
        """Call `callback` for each change at, under or above a location that `pattern` selects, from the next event on.

        `pattern` is JSONPath, see docs/callbacks.md. The callback receives the `Change`; its `match` is the location
        that matched, and `match_value` the value there. For a container that was set whole, the callback is called for
        each match in it, with the whole container as `delta`, but not for values that vanished with the old container.
        Without `callback`, `on` is a decorator. Returns a handle that cancels the registration.

        Callbacks are called after the event was applied, in document order, then in the order of registration. `apply`
        raises their errors together, as an `ExceptionGroup`. An asynchronous stream awaits coroutine functions;
        everything else refuses them.

        Raises `InvalidPatternError`, and `LimitExceededError` (`max_patterns`). Costs nothing where it does not match.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> @assembler.on("people[*].name")
        ... def show(change):
        ...     print(change.match, repr(change.delta), change.match_value)
        >>> _ = assembler.apply_delta("people[0].name", "Jane"), assembler.apply_delta("people[0].name", " Doe")
        people[0].name 'Jane' Jane
        people[0].name ' Doe' Jane Doe
        """
        if callback is None:
            compile_pattern(pattern, limits=self._listeners()[0].limits)  # a mistake shows where it was made
            return partial(self._add, pattern)
        return self._add(pattern, callback)

    @overload
    def on_complete(
        self, pattern: str, *, into: None = None
    ) -> Callable[[Callable[[Completion[Any]], object]], Subscription[Completion[Any]]]: ...
    @overload
    def on_complete(
        self, pattern: str, *, into: type[T]
    ) -> Callable[[Callable[[Completion[T]], object]], Subscription[Completion[T]]]: ...
    @overload
    def on_complete(
        self, pattern: str, *, into: Any
    ) -> Callable[[Callable[[Completion[Any]], object]], Subscription[Completion[Any]]]: ...
    @overload
    def on_complete(
        self, pattern: str, callback: Callable[[Completion[Any]], object], *, into: None = None
    ) -> Subscription[Completion[Any]]: ...
    @overload
    def on_complete(
        self, pattern: str, callback: Callable[[Completion[T]], object], *, into: type[T]
    ) -> Subscription[Completion[T]]: ...
    def on_complete(
        self, pattern: str, callback: Callable[[Completion[Any]], object] | None = None, *, into: Any = None
    ) -> Any:
        """Call `callback` with each finished value at a location that `pattern` selects, from the next event on.

        `pattern` is JSONPath, see docs/callbacks.md. The callback receives a `Completion`; with `into`, a class, its
        `value` is an instance of it, made and validated once. Without `callback`, `on_complete` is a decorator. Returns
        a handle that cancels the registration.

        A value is finished when a delta lands outside of it, and all other values when the stream ends well. Values are
        reported deepest first, and before the change that finished them. A value that the sender returns to is reported
        again at the end, with `revision` 2; from the first return on, all others wait for the end, too. See
        `completion`.

        Raises `InvalidPatternError`, `LimitExceededError` (`max_patterns`), and `TypeError` for an unsupported `into`.
        A value that does not fit is a `StructureError`, which `apply` raises like the errors of callbacks, unless
        `on_misfit` passes over it.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> @assembler.on_complete("people[*]")
        ... def save(done):
        ...     print(done.path, done.value)
        >>> for chunk in sj.disassemble({"people": [{"name": "Jane"}, {"name": "John"}]}):
        ...     _ = assembler.apply(chunk)
        people[0] {'name': 'Jane'}
        >>> _ = assembler.close()
        people[1] {'name': 'John'}
        """
        structurer = structurer_of(into)
        if callback is None:
            compile_pattern(pattern, limits=self._listeners()[0].limits)
            return partial(self._add, pattern, when_complete=True, structurer=structurer)
        return self._add(pattern, callback, when_complete=True, structurer=structurer)
