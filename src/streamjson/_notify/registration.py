"""How callers register callbacks: the methods of an `Assembler` that do, and nothing else of it.

It checks what was given at the place where it was written, and hands it to the dispatcher.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, overload

from .._paths import compile_pattern
from .._skipped import OnMisfit
from .._view import Change, Completion, Structurer, structurer_of
from .dispatcher import Watch
from .subscription import Subscription

__all__ = ["Registration"]

T = TypeVar("T")


class Registration:
    """Registers callbacks on changes and on finished values. A subclass says where, by `_listeners`."""

    def _listeners(self) -> tuple[Watch, OnMisfit]:
        """Return the dispatcher, and what happens to finished values that do not fit."""
        raise NotImplementedError

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

        `pattern` is JSONPath, see docs/callbacks.md. The callback is given the `Change`; its `match` is the location
        that matched, and `match_value` what is there. A container that was set whole is told for each match in it, with
        the whole container as `delta`; what vanished with the old one is not told. Without `callback` it is a
        decorator. Returns the handle to cancel it with.

        Callbacks are called when the event has been applied, in document order, then in the order of registration.
        What they raise comes out of `apply` together, as an `ExceptionGroup`. Coroutine functions are awaited by an
        asynchronous stream, and refused by everything else.

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

        `pattern` is JSONPath, see docs/callbacks.md. The callback is given a `Completion`; with `into`, a class,
        its `value` is an object of it, made and validated once. Without `callback` it is a decorator. Returns the
        handle to cancel it with.

        A value is finished when a delta lands outside of it, and the rest when the stream ends well; deepest first,
        and before the change that showed it. A value that the sender comes back to is told again at the end, with
        `revision` 2; from the first one on, all others wait for the end, too. See `completion`.

        Raises `InvalidPatternError`, `LimitExceededError` (`max_patterns`), and `TypeError` for an `into` that nothing
        can make. A value that does not fit is a `StructureError`, which comes out of `apply` as what callbacks raise;
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
