"""Replayed events recognized by their ids: events are passed over while their ids are known.

Each event with a delta has an id of its own, which names the event on every connection. Ids are unique in the log, or
at least in their span. The first unknown event is new, and so is everything after it, until the next reconnect.

It refuses with

- `no_id`: an event with a delta has no id.
- `repeated_id`: two events of a span have the same id; more events are replayed than were seen; or the span uses ids
  again that an earlier one used, and the event may be of either.
- `other_replay`: a known id comes with other content, unless ids start over with each span; a span that has ended has
  an unknown event; or a new event, or `[DONE]`, follows replayed events that do not reach the last one applied.

It owns a digest of each id and of each span: 11 to 21 bytes in memory, 8 in a checkpoint. It holds 52 bits of the id
and 12 of the content. Two ids of a million agree in 52 bits with a probability of 1 in 10,000; the filter then refuses.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .digests import Digests, digest_of_span, id_bits, is_digest
from .event_summary import EventSummary
from .recognizer import Spans, check_member, is_count, refused, saved_rejected, saved_spans

__all__ = ["IdRecognizer"]


class IdRecognizer:
    """The events that were seen, by their ids."""

    __slots__ = (
        "_earlier", "_first", "_first_before", "_ids", "_ignored", "_last", "_latest", "_left", "_order", "_rejected",
        "_reuses", "passing", "spans",
    )  # fmt: skip

    def __init__(self) -> None:
        self.spans = Spans()
        self._ids = Digests()  # of the current span
        self._earlier = Digests()  # of the spans before it
        self._ignored = Digests()  # of ignored events, which may have the ids of others
        self._reuses = False  # whether the current span has an id that an earlier one had
        self._first = self._first_before = 0  # the first digests of the current span and of the one before it
        self._rejected: dict[int, tuple[int, str | None]] = {}  # digests and spans, by the bits of their ids
        self._order: deque[int] = deque()  # the same bits; a dictionary is slow to drain from its front
        self._last = 0  # the digest of the last event that was applied, or of the span that began after it; 0: unknown
        # Of a connection:
        self.passing = False  # whether replayed events may still come
        self._latest = 0  # the digest of the last one
        self._left = 0  # how many more there can be

    @property
    def count(self) -> int:
        return len(self._ids) + len(self._earlier)

    def expect(self) -> None:
        """Begin a connection."""
        self._latest, self._left = 0, self.count
        self.passing = self._left > 0

    def passes(self, item: EventSummary) -> bool:
        """Return whether an event is a replayed one."""
        if self.spans.is_new(item.span_id):  # so is everything after it
            self.passing = False
            return False
        if item.kind == "span":
            return self._passes_span(item)
        if item.kind == "ignored":
            return item.digest() in self._ignored
        is_rejected = False
        if item.id:
            digest = item.digest()
            if self._knows(digest, item.span_id):
                self._check_replayed(item, digest)
                return True
            is_rejected = self._rejected.get(id_bits(digest), (0, None))[0] == digest
            if not is_rejected:
                self._check_unknown(digest)
        if item.kind != "unreadable":
            self._check_new(item)
            self.passing = is_rejected or item.kind == "done"
        return False

    def _passes_span(self, item: EventSummary) -> bool:
        """Return whether an event that only names a span would reset the document."""
        has_ended = self.spans.has_ended(item.span_id)
        if has_ended or item.content == self._last:
            self._latest = item.content
        return has_ended

    def _knows(self, digest: int, span_id: str | None) -> bool:
        names_current = span_id is not None and span_id == self.spans.current
        return digest in self._ids or (not names_current and digest in self._earlier)

    def _check_replayed(self, item: EventSummary, digest: int) -> None:
        self._left -= 1
        # An id of an earlier span may be that of a new event, unless this span has shown that it uses other ids.
        is_distinct = len(self._ids) > 0 and not self._reuses
        if self._left < 0 or not (is_distinct or digest in self._ids or self.spans.has_ended(item.span_id)):
            raise refused("repeated_id")
        if item.kind == "delta":
            self._latest = digest

    def _check_unknown(self, digest: int) -> None:
        counts_anew = self._first != 0 and id_bits(self._first) == id_bits(self._first_before)
        if self._ids.has_id(digest) or (self._earlier.has_id(digest) and not counts_anew):
            raise refused("other_replay", "an id came with other content")

    def _check_new(self, item: EventSummary) -> None:
        if self.spans.has_ended(item.span_id):
            raise refused("other_replay", "a new event came for a span that has ended")
        if self._last and self._latest not in (0, self._last):
            raise refused("other_replay", "not all events were replayed up to the last one applied")

    def apply(self, item: EventSummary) -> None:
        """Record an applied event."""
        is_other, begins = self.spans.is_other(item.span_id), self.spans.enter(item.span_id)
        if is_other:
            self._earlier.update(self._ids)
            self._ids = Digests()
            self._last = digest_of_span(item.span_id)
            self._first, self._first_before = 0, self._first
            self._reuses = self.passing = False
        if item.kind == "delta":
            digest = self._digest_of_new(item)
            self._count_rejected_before(id_bits(digest))
            self._see(digest)
            self._last = digest
            self.passing = False
        elif item.kind == "ignored":
            self._ignored.add(item.digest())
        elif item.id and (begins or item.kind == "unreadable") and not self._ids.has_id(item.digest()):
            self._see(item.digest())

    def reject(self, item: EventSummary) -> None:
        """Record an event that was asked about and not applied."""
        if item.kind == "delta":
            digest = self._digest_of_new(item)
        elif item.kind == "unreadable" and item.id and not self._ids.has_id(item.digest()):
            digest = item.digest()
        else:
            return
        self._queue(digest, item.span_id)

    def _queue(self, digest: int, span_id: str | None) -> None:
        of_id = id_bits(digest)
        if of_id not in self._rejected:
            self._order.append(of_id)
        self._rejected[of_id] = digest, span_id

    def _digest_of_new(self, item: EventSummary) -> int:
        """Return the digest of an event; refuse one without an id, and one with the id of another."""
        if not item.id:
            raise refused("no_id")
        digest = item.digest()
        if self._ids.has_id(digest) and not self.spans.is_other(item.span_id):
            raise refused("repeated_id")
        return digest

    def _count_rejected_before(self, own: int) -> None:
        """Count rejected events as seen: those before the id `own`, or all. An event rejected with `own` is dropped."""
        while self._order:
            of_id = self._order.popleft()
            digest, span_id = self._rejected.pop(of_id)
            if of_id == own:
                return
            self.spans.see(span_id)
            self._see(digest)

    def _see(self, digest: int) -> None:
        self._first = self._first or digest
        if len(self._earlier) and self._earlier.has_id(digest):
            self._reuses = True
        self._ids.add(digest)

    def members(self) -> dict[str, object]:
        return {
            "count": len(self._ids),
            "ids": self._ids.pack(),
            "earlier_ids": self._earlier.pack(),
            "ignored": self._ignored.pack(),
            "first": self._first,
            "first_before": self._first_before,
            "last": self._last,
            "rejected": [self._rejected[of_id][0] for of_id in self._order],
            "chain": "",
        }

    def take_up(self, members: dict[str, Any]) -> None:
        """Read the members of a checkpoint."""
        self.spans = saved_spans(members)
        self._ids, self._earlier = Digests.unpack(members["ids"]), Digests.unpack(members.get("earlier_ids", ""))
        self._ignored = Digests.unpack(members.get("ignored", ""))
        self._reuses = any(map(self._ids.has_id, self._earlier))
        for name in ("first", "first_before", "last"):
            digest = members.get(name, 0)
            check_member(digest == 0 or is_digest(digest), name)
            setattr(self, f"_{name}", digest)
        for digest in saved_rejected(members):
            self._queue(digest, None)
        check_member(is_count(members["count"]) and members["count"] == len(self._ids), "count")
        check_member(members["chain"] == "", "chain")
