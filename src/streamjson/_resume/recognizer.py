"""What the two ways to recognize replayed events share: their interface, the spans they know, and how they refuse.

`ReplayFilter` chooses a `Recognizer` and asks it. Each recognizer owns its members of a checkpoint; the functions here
check the members that both have.

Cost: O(1) for each event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, cast

from .._errors import CODES, CheckpointError
from .digests import Digests, digest_of_span, is_digest
from .event_summary import EventSummary

__all__ = ["Recognizer", "Spans", "check_member", "is_count", "load_rejected", "load_spans", "refusal_error"]


class Recognizer(Protocol):
    """Recognizes events that were applied before, among the events of a new connection.

    A method that refuses raises `CheckpointError`; the recognizer is of no further use then.
    """

    spans: Spans

    @property
    def count(self) -> int:
        """The number of events that are recorded."""
        ...

    @property
    def replaying(self) -> bool:
        """Whether the connection may still send replayed events."""
        ...

    def start_connection(self) -> None:
        """Expect the events of a new connection."""

    def knows(self, event: EventSummary) -> bool:
        """Return whether an event that follows a new one is known by its id."""
        ...

    def is_replay(self, event: EventSummary) -> bool:
        """Return whether an event was applied before. Asked only while `replaying` is True."""
        ...

    def record_applied(self, event: EventSummary) -> None:
        """Record an event that was applied."""

    def record_rejected(self, event: EventSummary) -> None:
        """Record an event that the filter let through and that was not applied."""

    def members(self) -> dict[str, object]:
        """Return the members of a checkpoint, without those of the spans."""
        ...

    def load(self, members: dict[str, Any]) -> None:
        """Load the members of a checkpoint. Raises `KeyError`, `TypeError` or `ValueError` for malformed ones."""


class Spans:
    """The current span, and those that have ended."""

    __slots__ = ("_seen", "current")

    def __init__(self, current: str | None = None, ended: Iterable[int] = ()) -> None:
        self.current = current
        self._seen = Digests()
        self._seen.update(ended)
        if current is not None:
            self._seen.add(digest_of_span(current))

    def is_other(self, span_id: str | None) -> bool:
        """Return whether this is another span than the current one, by the assembler's rule."""
        return span_id is not None and self.current is not None and span_id != self.current

    def has_ended(self, span_id: str | None) -> bool:
        """Return whether this span was seen before the current one."""
        return self.is_other(span_id) and digest_of_span(span_id) in self._seen

    def is_new(self, span_id: str | None) -> bool:
        """Return whether this span was never seen, and another one was."""
        return self.is_other(span_id) and digest_of_span(span_id) not in self._seen

    def add(self, span_id: str | None) -> None:
        """Record a span as seen."""
        if span_id is not None:
            self._seen.add(digest_of_span(span_id))

    def enter(self, span_id: str | None) -> bool:
        """Make a span the current one; return whether the current span changed."""
        if span_id in (None, self.current):
            return False
        self.current = span_id
        self.add(span_id)
        return True

    def ended(self) -> Digests:
        """Return the digests of the spans that have ended."""
        current = None if self.current is None else digest_of_span(self.current)
        return Digests([digest for digest in self._seen if digest != current])


def load_spans(members: dict[str, Any]) -> Spans:
    """Return the spans of a checkpoint."""
    current, ended = members["span_id"], Digests.unpack(members.get("ended_spans", ""))
    # Without a current span, the others are those of rejected events.
    check_member(current is None or type(current) is str, "span_id")
    return Spans(current, ended)


def load_rejected(members: dict[str, Any]) -> list[int]:
    """Return the digests of the rejected events of a checkpoint."""
    rejected: Any = members["rejected"]
    check_member(type(rejected) is list and all(map(is_digest, rejected)), "rejected")
    return cast("list[int]", rejected)


def is_count(value: object) -> bool:
    """Return whether a value is an integer of at least 0."""
    return type(value) is int and value >= 0


def check_member(is_valid: object, name: str) -> None:
    """Raise `ValueError` if a member of a checkpoint is not valid."""
    if not is_valid:
        raise ValueError(f"invalid value for member {name!r}")


def refusal_error(code: str, detail: str = "") -> CheckpointError:
    """Return the error with which a filter refuses."""
    return CheckpointError(f"{CODES[code]}{detail and f' ({detail})'}; start over", code=code)
