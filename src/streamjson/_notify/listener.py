"""A callback with everything that the dispatcher knows about it.

Cost: O(1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import Any

from .._errors import StructureError
from .._skipped import OnMisfit, Skipped
from .._view import Structurer, convert

__all__ = ["Listener"]


class Listener:
    """A registered callback. `is_active` is False once it is cancelled; `since` is the version of its registration."""

    __slots__ = ("_on_misfit", "callback", "is_active", "is_coroutine", "pattern", "since", "structurer")

    def __init__(
        self,
        pattern: str,
        callback: Callable[[Any], object],
        *,
        since: int,
        structurer: Structurer | None,
        on_misfit: OnMisfit,
    ) -> None:
        self.pattern: str = pattern
        self.callback: Callable[[Any], object] = callback
        self.since: int = since
        self.structurer: Structurer | None = structurer
        self._on_misfit: OnMisfit = on_misfit
        self.is_active: bool = True
        self.is_coroutine: bool = iscoroutinefunction(callback) or iscoroutinefunction(type(callback).__call__)

    def takes(self, done: Any, skipped: Skipped) -> bool:
        """Convert the value of a completion to its type; return False for a misfit that is passed over."""
        structurer: Any = self.structurer  # there is one
        return convert(done, structurer, partial(self._skips_misfit, skipped, done))

    def _skips_misfit(self, skipped: Skipped, done: object, error: StructureError) -> bool:
        return skipped.takes_misfit(done, error, self._on_misfit)
