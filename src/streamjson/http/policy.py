"""The options of a stream beside those of its request, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, TypedDict

from attrs import field, frozen

from .._errors import StreamJSONError, shorten
from .._limits import Limits, check_limits
from .._resume import ReplayFilter
from .response import Format
from .resumption import Resumption, Way

__all__ = ["OnBreak", "Policy", "PolicyOptions"]

OnBreak: TypeAlias = Callable[[StreamJSONError, float], object]


class PolicyOptions(TypedDict, total=False):
    """The options of `stream` beside those of the request."""

    resume: Way | Literal["never"] | Resumption | None
    replays: ReplayFilter | None
    format: Format | None
    idle_timeout_s: float | None
    max_failures: int
    min_wait_s: float
    max_wait_s: float
    on_break: OnBreak | None
    limits: Limits


@frozen
class Policy:
    """What to do with a stream. Raises `ValueError` and `TypeError` for values that are wrong."""

    resume: Way | Literal["never"] | Resumption | None = None
    replays: ReplayFilter | None = None
    format: Format | None = None
    idle_timeout_s: float | None = None
    max_failures: int = 5
    min_wait_s: float = 1.0
    max_wait_s: float = 60.0
    on_break: OnBreak | None = None
    limits: Limits = field(factory=Limits)

    def __attrs_post_init__(self) -> None:
        failures: object = self.max_failures
        idle: object = self.idle_timeout_s
        check_limits(self.limits)
        _check(self.format in (None, "sse", "json_lines"), "format is 'sse', 'json_lines' or None", self.format)
        is_count = type(failures) is int and failures >= 0
        _check(is_count, "max_failures is a whole number from 0", failures)
        _check(self.on_break is None or callable(self.on_break), "on_break is a function, or None", self.on_break)
        _check(_is_time(self.min_wait_s), "min_wait_s is a number of seconds", self.min_wait_s)
        _check(_is_time(self.max_wait_s), "max_wait_s is a number of seconds", self.max_wait_s)
        is_idle = idle is None or (_is_time(idle) and bool(idle))
        _check(is_idle, "idle_timeout_s is a number of seconds above 0, or None", idle)
        if self.replays is not None and self.resume not in (None, "last_event_id", "from_start", "langgraph"):
            raise ValueError("replays is for streams that are continued by ids, or from the start")

    @property
    def reads_on(self) -> bool:
        """Whether a body is read to its end, as a caller who says `"never"` has asked for one connection."""
        return self.resume == "never"


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _check(is_right: bool, rule: str, value: object) -> None:  # noqa: FBT001  # the rule reads better after it
    if not is_right:
        raise ValueError(f"{rule}, not {shorten(value)}")
