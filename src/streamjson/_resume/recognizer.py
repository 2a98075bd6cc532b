"""What the two ways to recognize replayed events share: their interface, the spans they know, and how they refuse.

`ReplayFilter` chooses a `Recognizer` and asks it. Each recognizer owns the members of its own checkpoints; the
functions here check those that both have.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, cast

from .._errors import CODES, CheckpointError
from .digests import Digests, digest_of_span, is_digest
from .event_summary import EventSummary

__all__ = ["Recognizer", "Spans", "check_member", "is_count", "refused", "saved_rejected", "saved_spans"]


class Recognizer(Protocol):
    """Recognizes the replayed events of a connection among the events seen before."""

    spans: Spans

    @property
    def count(self) -> int:
        """How many events were seen."""
        ...

    @property
    def passing(self) -> bool:
        """Whether replayed events may still come."""
        ...

    def expect(self) -> None:
        """Begin a connection."""

    def passes(self, item: EventSummary) -> bool:
        """Return whether an event is a replayed one."""
        ...

    def apply(self, item: EventSummary) -> None:
        """Record an applied event."""

    def reject(self, item: EventSummary) -> None:
        """Record an event that was asked about and not applied."""

    def members(self) -> dict[str, object]:
        """Return the members of a checkpoint."""
        ...

    def take_up(self, members: dict[str, Any]) -> None:
        """Read the members of a checkpoint."""


class Spans:
    """The span that the events belong to, and those that have ended."""

    __slots__ = ("_seen", "current")

    def __init__(self, current: str | None = None, ended: Iterable[int] = ()) -> None:
        self.current = current
        self._seen = Digests()
        self._seen.update(ended)
        if current is not None:
            self._seen.add(digest_of_span(current))

    def is_other(self, span_id: str | None) -> bool:
        """Return whether this is another span than the current one, as it is for the assembler."""
        return span_id is not None and self.current is not None and span_id != self.current

    def has_ended(self, span_id: str | None) -> bool:
        return self.is_other(span_id) and digest_of_span(span_id) in self._seen

    def is_new(self, span_id: str | None) -> bool:
        return self.is_other(span_id) and digest_of_span(span_id) not in self._seen

    def see(self, span_id: str | None) -> None:
        if span_id is not None:
            self._seen.add(digest_of_span(span_id))

    def enter(self, span_id: str | None) -> bool:
        """Make a span the current one; return whether it was not."""
        if span_id in (None, self.current):
            return False
        self.current = span_id
        self.see(span_id)
        return True

    def ended(self) -> Digests:
        current = None if self.current is None else digest_of_span(self.current)
        return Digests([digest for digest in self._seen if digest != current])


def saved_spans(members: dict[str, Any]) -> Spans:
    current, ended = members["span_id"], Digests.unpack(members.get("ended_spans", ""))
    check_member(type(current) is str or (current is None and not len(ended)), "span_id")
    return Spans(current, ended)


def saved_rejected(members: dict[str, Any]) -> list[int]:
    rejected: Any = members["rejected"]
    check_member(type(rejected) is list and all(map(is_digest, rejected)), "rejected")
    return cast("list[int]", rejected)


def is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def check_member(is_sound: object, name: str) -> None:
    if not is_sound:
        raise ValueError(f"member {name!r} has a wrong value")


def refused(code: str, detail: str = "") -> CheckpointError:
    return CheckpointError(f"{CODES[code]}{detail and f' ({detail})'}; begin anew", code=code)
