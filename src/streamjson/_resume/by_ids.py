"""Recognizes replayed events by their ids: an event is a replay while its id is known.

Each event with a delta has an id of its own, which names the event on every connection. Ids are unique in the log, or
at least in their span. The first unknown event is new, and so is everything after it, until the next reconnect.

It refuses with

- `no_id`: an event with a delta has no id.
- `repeated_id`: two events of a span have the same id; more events are replayed than were seen; or the span uses ids
  that an earlier span used, and the event may be of either.
- `other_replay`: a known id comes with other content, unless ids start over with each span; a span that has ended has
  an unknown event; or a new event, or `[DONE]`, follows replayed events that do not reach the last one applied.

It owns a digest of each id and of each span: 11 to 21 bytes in memory, 8 in a checkpoint. A digest holds 52 bits of the
id and 12 of the content. Two ids of a million agree in 52 bits with a probability of 1 in 10,000; it then refuses.

It does not look into events, and knows no assembler.

Cost: O(1) for each event; the rejected events before an applied one are recorded when it is applied.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .digests import Digests, digest_of_span, id_bits, is_digest
from .event_summary import EventSummary
from .recognizer import Spans, check_member, is_count, load_rejected, load_spans, refusal_error

__all__ = ["IdRecognizer"]


class IdRecognizer:
    """Recognizes replayed events by their ids."""

    __slots__ = (
        "_current", "_earlier", "_first", "_first_before", "_ignored", "_last_applied", "_last_replayed", "_rejected",
        "_rejected_order", "_replays_left", "_reuses_ids", "replaying", "spans",
    )  # fmt: skip

    def __init__(self) -> None:
        self.spans = Spans()
        self._current = Digests()  # of the events of the current span
        self._earlier = Digests()  # of the events of the spans before it
        self._ignored = Digests()  # of ignored events, which may share ids with other events
        self._reuses_ids = False  # whether the current span has an id of an earlier one
        self._first = self._first_before = 0  # the first digests of the current span and of the one before it
        self._rejected: dict[int, tuple[int, str | None]] = {}  # digests and spans, by the bits of their ids
        self._rejected_order: deque[int] = deque()  # the same bits; a dictionary is slow to drain from its front
        # The digest of the last event that was applied, or of the span that began after it; 0 if there is none.
        self._last_applied = 0
        # Of the connection:
        self.replaying = False
        self._last_replayed = 0  # the digest of the last replayed event or ended span
        self._replays_left = 0  # the number of events that may still be replayed

    @property
    def count(self) -> int:
        return len(self._current) + len(self._earlier)

    def start_connection(self) -> None:
        self._last_replayed, self._replays_left = 0, self.count
        self.replaying = self._replays_left > 0

    def knows(self, event: EventSummary) -> bool:
        return bool(event.id) and self._is_known(event.digest(), event.span_id)

    def is_replay(self, event: EventSummary) -> bool:
        if self.spans.is_new(event.span_id):  # so is everything after it
            self.replaying = False
            return False
        if event.kind == "span":
            return self._resets_to_ended_span(event)
        if event.kind == "ignored":
            return event.digest() in self._ignored
        is_rejected = False
        if event.id:
            digest = event.digest()
            if self._is_known(digest, event.span_id):
                self._check_replayed(event, digest)
                return True
            is_rejected = self._rejected.get(id_bits(digest), (0, None))[0] == digest
            if not is_rejected:
                self._check_unknown(digest)
        if event.kind != "unreadable":
            self._check_new(event)
            self.replaying = is_rejected or event.kind == "done"
        return False

    def _resets_to_ended_span(self, event: EventSummary) -> bool:
        """Return whether an event that only names a span would reset the document."""
        has_ended = self.spans.has_ended(event.span_id)
        if has_ended or event.content == self._last_applied:
            self._last_replayed = event.content
        return has_ended

    def _is_known(self, digest: int, span_id: str | None) -> bool:
        names_current = span_id is not None and span_id == self.spans.current
        return digest in self._current or (not names_current and digest in self._earlier)

    def _check_replayed(self, event: EventSummary, digest: int) -> None:
        self._replays_left -= 1
        # An id of an earlier span may name a new event, unless the current span has shown that it uses other ids.
        is_distinct = len(self._current) > 0 and not self._reuses_ids
        if self._replays_left < 0 or not (
            is_distinct or digest in self._current or self.spans.has_ended(event.span_id)
        ):
            raise refusal_error("repeated_id")
        if event.kind == "delta":
            self._last_replayed = digest

    def _check_unknown(self, digest: int) -> None:
        ids_start_over = self._first != 0 and id_bits(self._first) == id_bits(self._first_before)
        if self._current.has_id(digest) or (self._earlier.has_id(digest) and not ids_start_over):
            raise refusal_error("other_replay", "an id came with other content")

    def _check_new(self, event: EventSummary) -> None:
        if self.spans.has_ended(event.span_id):
            raise refusal_error("other_replay", "a new event came for a span that has ended")
        if self._last_applied and self._last_replayed not in (0, self._last_applied):
            raise refusal_error("other_replay", "the replay did not reach the last event that was applied")

    def record_applied(self, event: EventSummary) -> None:
        is_other, is_entered = self.spans.is_other(event.span_id), self.spans.enter(event.span_id)
        if is_other:
            self._earlier.update(self._current)
            self._current = Digests()
            self._last_applied = digest_of_span(event.span_id)
            self._first, self._first_before = 0, self._first
            self._reuses_ids = self.replaying = False
        if event.kind == "delta":
            digest = self._digest_of_new(event)
            self._add_rejected_before(id_bits(digest))
            self._add(digest)
            self._last_applied = digest
            self.replaying = False
        elif event.kind == "ignored":
            self._ignored.add(event.digest())
        elif event.id and (is_entered or event.kind == "unreadable") and not self._current.has_id(event.digest()):
            self._add(event.digest())

    def record_rejected(self, event: EventSummary) -> None:
        if event.kind == "delta":
            digest = self._digest_of_new(event)
        elif event.kind == "unreadable" and event.id and not self._current.has_id(event.digest()):
            digest = event.digest()
        else:
            return
        self._add_rejected(digest, event.span_id)

    def _add_rejected(self, digest: int, span_id: str | None) -> None:
        bits = id_bits(digest)
        if bits not in self._rejected:
            self._rejected_order.append(bits)
        self._rejected[bits] = digest, span_id

    def _digest_of_new(self, event: EventSummary) -> int:
        """Return the digest of an event; refuse an event without an id or with the id of another one."""
        if not event.id:
            raise refusal_error("no_id")
        digest = event.digest()
        if self._current.has_id(digest) and not self.spans.is_other(event.span_id):
            raise refusal_error("repeated_id")
        return digest

    def _add_rejected_before(self, own_bits: int) -> None:
        """Record as seen the rejected events before the id `own_bits`, or all. Drop an event rejected with that id."""
        while self._rejected_order:
            bits = self._rejected_order.popleft()
            digest, span_id = self._rejected.pop(bits)
            if bits == own_bits:
                return
            self.spans.add(span_id)
            self._add(digest)

    def _add(self, digest: int) -> None:
        self._first = self._first or digest
        if len(self._earlier) and self._earlier.has_id(digest):
            self._reuses_ids = True
        self._current.add(digest)

    def members(self) -> dict[str, object]:
        return {
            "count": len(self._current),
            "ids": self._current.pack(),
            "earlier_ids": self._earlier.pack(),
            "ignored": self._ignored.pack(),
            "first": self._first,
            "first_before": self._first_before,
            "last": self._last_applied,
            "rejected": [self._rejected[bits][0] for bits in self._rejected_order],
            "chain": "",
        }

    def load(self, members: dict[str, Any]) -> None:
        self.spans = load_spans(members)
        self._current, self._earlier = Digests.unpack(members["ids"]), Digests.unpack(members.get("earlier_ids", ""))
        self._ignored = Digests.unpack(members.get("ignored", ""))
        self._reuses_ids = any(map(self._current.has_id, self._earlier))
        self._first, self._first_before, self._last_applied = (
            _load_digest(members, name) for name in ("first", "first_before", "last")
        )
        for digest in load_rejected(members):
            self._add_rejected(digest, None)
        check_member(is_count(members["count"]) and members["count"] == len(self._current), "count")
        check_member(members["chain"] == "", "chain")


def _load_digest(members: dict[str, Any], name: str) -> int:
    """Return a digest of a checkpoint; 0 if there is none, as in checkpoints of earlier versions."""
    digest: Any = members.get(name, 0)
    check_member(digest == 0 or is_digest(digest), name)
    return int(digest)
