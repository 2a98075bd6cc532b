"""Recognizes replayed events by counting: each connection sends the whole log, and ids do not matter.

As many events with a delta are replays as were seen. A digest of them all is compared before the next event is let
through. It refuses (`other_replay`) if the events differ, or if `[DONE]` comes before all of them.

It owns two counts, one digest of all events, and one of each rejected event. It does not look into events, and knows no
assembler.

Cost: O(1) for each event; the rejected events before an applied one are recorded when it is applied.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from .digests import DIGEST_BYTES, blake2b_digest
from .event_summary import EventSummary
from .recognizer import Spans, check_member, is_count, load_rejected, load_spans, refusal_error

__all__ = ["StartRecognizer"]

_CHAIN_BYTES: Final = 32


class StartRecognizer:
    """Recognizes replayed events by their number and a digest of them all."""

    __slots__ = (
        "_chain", "_deltas_left", "_rejected", "_replayed_chain", "_unreadable_count", "_unreadable_left", "count",
        "spans",
    )  # fmt: skip

    def __init__(self) -> None:
        self.spans = Spans()
        self.count = 0  # of events with a delta
        self._chain = b""  # the digest of them all
        self._unreadable_count = 0  # of unreadable or ignored events after the last of them
        self._rejected: deque[tuple[int, str | None]] = deque()  # the contents of rejected events, and their spans
        # Of the connection:
        self._replayed_chain = b""  # the digest of the replayed events
        self._deltas_left = 0  # the number of events that must still be replayed
        self._unreadable_left = 0

    @property
    def replaying(self) -> bool:
        return self._deltas_left > 0 or self._unreadable_left > 0

    def start_connection(self) -> None:
        self._replayed_chain, self._deltas_left, self._unreadable_left = b"", self.count, self._unreadable_count
        self._rejected.clear()  # they came after the recorded events, so the server sends them again

    def knows(self, event: EventSummary) -> bool:  # noqa: ARG002  # they are counted, not known
        return False

    def is_replay(self, event: EventSummary) -> bool:
        if event.kind in ("unreadable", "ignored"):
            if not self._deltas_left:
                self._unreadable_left -= 1
            return True
        if self.spans.is_new(event.span_id):  # the server has started over: its log is what this connection has sent
            self.count -= self._deltas_left
            self._chain = self._replayed_chain
            self._unreadable_count = self._unreadable_left = self._deltas_left = 0
            return False
        if event.kind == "span":  # it would reset the document if the span has ended
            return self.spans.has_ended(event.span_id)
        if not self._deltas_left:
            self._unreadable_left = 0
            return False
        if event.kind == "delta":
            self._replayed_chain = _extend(self._replayed_chain, event.content)
            self._deltas_left -= 1
            if self._deltas_left or self._replayed_chain == self._chain:
                return True
        raise refusal_error("other_replay", f"after {self.count - self._deltas_left} of {self.count} events")

    def record_applied(self, event: EventSummary) -> None:
        self.spans.enter(event.span_id)
        if event.kind in ("unreadable", "ignored"):
            self._unreadable_count += 1
        if event.kind != "delta":
            return
        self._deltas_left = self._unreadable_left = 0
        rejected = self._rejected
        same = (number for number, (content, _) in enumerate(rejected) if content == event.content)
        for _ in range(next(same, len(rejected))):
            content, span_id = rejected.popleft()
            self.spans.add(span_id)
            self._add(content)
        if rejected:  # this event, rejected before
            rejected.popleft()
        self._add(event.content)

    def record_rejected(self, event: EventSummary) -> None:
        if event.kind == "delta":
            self._rejected.append((event.content, event.span_id))

    def _add(self, content: int) -> None:
        self.count += 1
        self._chain = _extend(self._chain, content)
        self._unreadable_count = 0

    def members(self) -> dict[str, object]:
        return {
            "count": self.count,
            "chain": self._chain.hex(),
            "unreadable": self._unreadable_count,
            "rejected": [content for content, _ in self._rejected],
            "ids": "",
        }

    def load(self, members: dict[str, Any]) -> None:
        self.spans = load_spans(members)
        self.count, self._chain = members["count"], bytes.fromhex(members["chain"])
        self._unreadable_count = members.get("unreadable", 0)
        self._rejected.extend((content, None) for content in load_rejected(members))
        check_member(is_count(self.count), "count")
        check_member(is_count(self._unreadable_count), "unreadable")
        check_member(len(self._chain) == (_CHAIN_BYTES if self.count else 0), "chain")
        check_member(members["ids"] == "", "ids")


def _extend(chain: bytes, content: int) -> bytes:
    """Return the digest of some events and one more."""
    return blake2b_digest(chain + content.to_bytes(DIGEST_BYTES, "little"), _CHAIN_BYTES)
