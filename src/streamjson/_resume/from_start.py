"""Replayed events recognized by their number: each connection sends the whole log, and ids do not matter.

As many events with a delta are passed over as were seen. A digest of them all is compared before the next event is let
through. It refuses (`other_replay`) if the events differ, or `[DONE]` comes before all of them.

It owns two numbers, one digest of all events, and one of each rejected event.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from .digests import DIGEST_BYTES, hashed
from .event_summary import EventSummary
from .recognizer import Spans, check_member, is_count, refused, saved_rejected, saved_spans

__all__ = ["StartRecognizer"]

_CHAIN_BYTES: Final = 32


class StartRecognizer:
    """How many events were seen, and a digest of them all."""

    __slots__ = ("_again", "_chain", "_left", "_rejected", "_unreadable", "_unreadable_left", "count", "spans")

    def __init__(self) -> None:
        self.spans = Spans()
        self.count = 0  # of events with a delta
        self._chain = b""  # the digest of them all
        self._unreadable = 0  # how many unreadable or ignored events came after the last of them
        self._rejected: deque[tuple[int, str | None]] = deque()  # what rejected events bring, and their spans
        # Of a connection:
        self._again = b""  # the digest of the replayed events
        self._left = 0  # how many more must come
        self._unreadable_left = 0

    @property
    def passing(self) -> bool:
        """Whether replayed events may still come."""
        return self._left > 0 or self._unreadable_left > 0

    def expect(self) -> None:
        """Begin a connection."""
        self._again, self._left, self._unreadable_left = b"", self.count, self._unreadable
        self._rejected.clear()  # they came after what was seen, and come once more

    def passes(self, item: EventSummary) -> bool:
        """Return whether an event is a replayed one."""
        if item.kind in ("unreadable", "ignored"):
            if not self._left:
                self._unreadable_left -= 1
            return True
        if self.spans.is_new(item.span_id):  # the server has started over: its log is what this connection has sent
            self.count -= self._left
            self._chain = self._again
            self._unreadable = self._unreadable_left = self._left = 0
            return False
        if item.kind == "span":  # it would reset the document if the span has ended
            return self.spans.has_ended(item.span_id)
        if not self._left:
            self._unreadable_left = 0
            return False
        if item.kind == "delta":
            self._again = _linked(self._again, item.content)
            self._left -= 1
            if self._left or self._again == self._chain:
                return True
        raise refused("other_replay", f"after {self.count - self._left} of {self.count} events")

    def apply(self, item: EventSummary) -> None:
        """Record an applied event."""
        self.spans.enter(item.span_id)
        if item.kind in ("unreadable", "ignored"):
            self._unreadable += 1
        if item.kind != "delta":
            return
        self._left = self._unreadable_left = 0
        rejected = self._rejected
        own = (number for number, (content, _) in enumerate(rejected) if content == item.content)
        for _ in range(next(own, len(rejected))):
            content, span_id = rejected.popleft()
            self.spans.see(span_id)
            self._see(content)
        if rejected:  # the event itself
            rejected.popleft()
        self._see(item.content)

    def reject(self, item: EventSummary) -> None:
        """Record an event that was asked about and not applied."""
        if item.kind == "delta":
            self._rejected.append((item.content, item.span_id))

    def _see(self, content: int) -> None:
        self.count += 1
        self._chain = _linked(self._chain, content)
        self._unreadable = 0

    def members(self) -> dict[str, object]:
        return {
            "count": self.count,
            "chain": self._chain.hex(),
            "unreadable": self._unreadable,
            "rejected": [content for content, _ in self._rejected],
            "ids": "",
        }

    def take_up(self, members: dict[str, Any]) -> None:
        """Read the members of a checkpoint."""
        self.spans = saved_spans(members)
        self.count, self._chain = members["count"], bytes.fromhex(members["chain"])
        self._unreadable = members.get("unreadable", 0)
        self._rejected.extend((content, None) for content in saved_rejected(members))
        check_member(is_count(self.count), "count")
        check_member(is_count(self._unreadable), "unreadable")
        check_member(len(self._chain) == (_CHAIN_BYTES if self.count else 0), "chain")
        check_member(members["ids"] == "", "ids")


def _linked(chain: bytes, content: int) -> bytes:
    """Return the digest of some events and one more."""
    return hashed(chain + content.to_bytes(DIGEST_BYTES, "little"), _CHAIN_BYTES)
