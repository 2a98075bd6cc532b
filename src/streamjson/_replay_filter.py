"""Which events of a new connection were applied before: those that the server sends again after a reconnect.

A server that is asked to resume after an id may send some of what it had sent before that, or all; appended once more,
it would double texts. `ReplayFilter` tells these events from new ones, and nothing else: it applies nothing, and never
guesses an order.

- *By ids.* Every event with a delta had an id of its own, and none repeated; else there is no telling, and it refuses.
  What was seen is passed over until the first event that was not; then ids mean nothing any more, until the next
  reconnect, for some senders use them again.
- *From the start.* For a source that has no ids and, as its caller knows, sends everything again from its first event.
  As many events with a delta are passed over as were seen; a digest of them all tells whether they were the same.
- *Rejected events*, which were asked about but not applied, are passed over too once a later one has been applied: the
  document has moved on. Before that they are met again, and end nothing.
- *Another span* is another stream: what comes with it was not applied, and it is for the assembler to judge.

Events without a delta change nothing, and are never passed over.

It owns digests of 64 bits, one for each id, in a table that is at most three quarters full: 11 to 21 bytes in memory, 8
in a checkpoint. 52 bits are of the id, and 12 of what the event says: an id that comes again with something else is
refused. Two ids of a million have the same 52 bits with a probability of 1 in 10,000; then it refuses, or one in 4,096
of these times loses an event. Where in the table a digest is kept depends on a number of this process, so that no
sender can choose ids that fall together.

Cost: four to five microseconds an event, most of them to decode its data once more.
"""

from __future__ import annotations

import json
import sys
from array import array
from base64 import b64decode, b64encode
from collections import deque
from hashlib import blake2b
from typing import Any, Final, Self

from ._chunks import chunk_of, is_blank, is_done
from ._envelope import seal, unseal
from ._errors import CODES, CheckpointError, StreamJSONError, shorten
from ._events import ServerSentEvent, StreamingChunk
from ._limits import Limits, check_limits

__all__ = ["ReplayFilter"]

_KIND: Final = "replay_filter"
_DIGEST_BYTES: Final = 8
_CONTENT_BITS: Final = 12
_FEWEST_SLOTS: Final = 16
_WORD: Final = 2**64 - 1
# Of a text, as its hash differs from process to process; odd, so that no two digests become one.
_SPREAD: Final = hash("where digests are kept") | 1
_DEFAULT_LIMITS: Final = Limits()
_UNLIMITED: Final = Limits.unlimited()


class ReplayFilter:
    """Tells which events were applied before a reconnect, so that nothing is applied twice, and nothing lost.

    Ask `is_replay` once for each event, in order, and pass over those that it is true of; tell `applied` of the others
    when they have been applied, also where `on_invalid="skip"` has skipped them; call `reconnected` before the first
    event of a new connection. Or give it to `assemble` as `replays`, which does the first two.

    With `replays_from_start=True` you say that the source has sent, and after a reconnect will send, everything from
    its first event on: then it needs no ids. `limits` are those of the assembler: an event that they refuse is none
    that was applied.

    `checkpoint` and `restore` keep it beside an assembler's checkpoint; a restored one takes what comes next for a new
    connection.

    >>> import streamjson as sj
    >>> first = [sj.ServerSentEvent('{"delta": "Ja", "json_path": "name"}', id="1")]
    >>> again = [*first, sj.ServerSentEvent('{"delta": "ne", "json_path": "name"}', id="2")]
    >>> assembler, replays = sj.Assembler(), sj.ReplayFilter()
    >>> for connection in (first, again):
    ...     for event in connection:
    ...         if not replays.is_replay(event):
    ...             _ = assembler.apply(event)
    ...             replays.applied(event)
    ...     replays.reconnected()
    >>> assembler.snapshot().value
    {'name': 'Jane'}
    """

    __slots__ = (
        "_again", "_chain", "_count", "_from_start", "_is_passing", "_left", "_limits", "_refusal", "_rejected",
        "_rejected_ids", "_span_id", "_table", "_unapplied",
    )  # fmt: skip

    def __init__(self, *, replays_from_start: bool = False, limits: Limits = _DEFAULT_LIMITS) -> None:
        check_limits(limits)
        self._limits = limits
        self._from_start = replays_from_start
        self._is_passing = False  # whether events may be sent again
        self._span_id: str | None = None
        self._unapplied: object = None  # the event that was asked about last, until it is applied
        self._forget("")

    def _forget(self, refusal: str) -> None:
        self._refusal = refusal  # the code that says why it can't work
        self._count = 0  # of events with a delta that were seen, but for those rejected since one was applied:
        self._rejected: deque[int] = deque()  # their digests
        # By ids:
        self._table = array("Q", bytes(_DIGEST_BYTES * _FEWEST_SLOTS))  # 0 is no digest
        self._rejected_ids: set[int] = set()
        self._left = 0  # how many events may still come again
        # From the start:
        self._chain = b""  # the digest of all that was seen
        self._again = b""  # the digest of those that came again

    @property
    def refusal(self) -> str:
        """Why it can't tell what is sent again, `""` if it can."""
        return CODES[self._refusal] if self._refusal else ""

    @property
    def replaying(self) -> bool:
        """Whether what was applied may still come again: since a reconnect nothing new has been applied.

        From the start: not all of it has come again. A connection that ends then has told nothing new.
        """
        return self._is_passing and not self._refusal

    def is_replay(self, event: object) -> bool:
        """Tell whether `event` was applied before, and is to be passed over. Always False before a reconnect.

        `event` is what `Assembler.apply` takes. Raises `CheckpointError` where it refuses (see `reconnected`); with
        `replays_from_start` when what comes again ends too early, or all has come that had been applied and was not
        the same (`other_replay`). Nothing of it has been applied then.
        """
        self._reject_unapplied()
        is_replay = self._is_passing and self._passes(event)
        if not is_replay:
            self._unapplied = event
        return is_replay

    def _passes(self, event: object) -> bool:
        if self._refusal:
            raise self._error()
        found = chunk_of(event, self._limits)  # what is none is for the assembler to judge
        if found is None:
            if self._from_start and is_done(event):
                raise self._other(self._count - self._left)
            return False
        message, chunk = found
        if self._is_of_another_span(chunk):
            self._is_passing = False
            return False
        if is_blank(chunk):
            return False
        if not self._from_start:
            digest = _digest_of(message.id or "", chunk)
            known = self._table[self._slot(digest)]
            if known not in (0, digest):  # the id is another event's now
                raise self._other(0)
            self._is_passing = known != 0 or digest in self._rejected_ids
            if known:
                self._left -= 1
                if self._left < 0:  # more have come again than were seen: one id is that of two events
                    self._forget("repeated_id")
                    raise self._error()
            return known != 0
        self._again = _linked(self._again, _content(chunk))
        self._left -= 1
        if not self._left:
            if self._again != self._chain:
                raise self._other(self._count)
            self._is_passing = False
        return True

    def applied(self, event: object) -> None:
        """Note that `event` has been applied: that the assembler did not reject it.

        What callbacks raise rejects nothing: after an `ExceptionGroup` the event is applied.
        """
        self._unapplied = None
        found = chunk_of(event, _UNLIMITED)  # the assembler has read it
        if found is None:
            return
        message, chunk = found
        if self._is_of_another_span(chunk):  # the document was begun anew
            self._forget("")
        self._span_id = chunk.span_id or self._span_id
        if self._refusal or is_blank(chunk):
            return
        self._is_passing = False
        digest = self._new_digest(message, chunk)
        if digest is None:
            return
        try:
            before = self._rejected.index(digest)  # events may be asked about before any of them is applied
        except ValueError:
            before = len(self._rejected)
            self._rejected.append(digest)
        for _ in range(before + 1):
            self._see(self._rejected.popleft())

    def _reject_unapplied(self) -> None:
        """Note that the event that was asked about last has not been applied."""
        event, self._unapplied = self._unapplied, None
        found = None if event is None or self._refusal else chunk_of(event, self._limits)
        if found is None or is_blank(found[1]) or self._is_of_another_span(found[1]):
            return
        digest = self._new_digest(*found)
        if digest is not None and digest not in self._rejected_ids:
            self._rejected.append(digest)
            if not self._from_start:
                self._rejected_ids.add(digest)

    def _new_digest(self, message: ServerSentEvent[Any], chunk: StreamingChunk) -> int | None:
        """Return the digest of an event; None where it has no id of its own, or one that was seen, which is refused."""
        if self._from_start:
            return _content(chunk)
        if not message.id:
            self._forget("no_id")
            return None
        digest = _digest_of(message.id, chunk)
        if self._table[self._slot(digest)]:
            self._forget("repeated_id")
            return None
        return digest

    def _see(self, digest: int) -> None:
        """Take in the digest of an event that will be passed over when it comes again."""
        self._count += 1
        if self._from_start:
            self._chain = _linked(self._chain, digest)
            return
        self._rejected_ids.discard(digest)
        self._table[self._slot(digest)] = digest
        if 4 * self._count > 3 * len(self._table):
            self._fill(2 * len(self._table), self._digests())

    def reconnected(self) -> None:
        """Say that a new connection begins: what was applied may come again.

        Raises `CheckpointError` where that could not be told from what is new: an event with a delta had no id of its
        own (`no_id`), or an id that had been another's (`repeated_id`), or what came again was not the same
        (`other_replay`). Begin anew then, with `Assembler.reset` and a new filter, or resume where the server sends
        nothing again.
        """
        self._reject_unapplied()
        self._expect()
        if self._refusal:
            raise self._error()

    def checkpoint(self) -> bytes:
        """Return all that is needed to go on later, or elsewhere, as bytes: 11 for each id. To be saved with the
        assembler's checkpoint, for the two must be of one moment.
        """
        digests = array("Q", sorted(self._digests()))  # their places differ from process to process
        if sys.byteorder == "big":
            digests.byteswap()
        return seal(
            _KIND,
            {
                "replays_from_start": self._from_start,
                "span_id": self._span_id,
                "refusal": self._refusal,
                "count": self._count,
                "rejected": list(self._rejected),
                "chain": self._chain.hex(),
                "ids": b64encode(digests.tobytes()).decode(),
            },
        )

    @classmethod
    def restore(cls, data: bytes, *, limits: Limits = _DEFAULT_LIMITS) -> Self:
        """Return a filter that knows what the one knew that made the checkpoint, and expects a new connection.

        Raises `CheckpointError`, as `Assembler.restore`.

        >>> import streamjson as sj
        >>> replays = sj.ReplayFilter()
        >>> event = sj.ServerSentEvent('{"delta": "Ja", "json_path": "name"}', id="1")
        >>> replays.applied(event)
        >>> sj.ReplayFilter.restore(replays.checkpoint()).is_replay(event)
        True
        """
        members = unseal(_KIND, data)
        try:
            from_start, refusal, count = members["replays_from_start"], members["refusal"], members["count"]
            span_id = members["span_id"]
            rejected: list[Any] = members["rejected"]
            chain = bytes.fromhex(members["chain"])
            digests = array("Q", b64decode(members["ids"], validate=True))
        except (LookupError, TypeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint does not say what one says: {shorten(str(error))}") from None
        if sys.byteorder == "big":
            digests.byteswap()
        is_sound = (
            type(from_start) is bool
            and (span_id is None or type(span_id) is str)
            and type(rejected) is list
            and all(type(one) is int and 0 <= one <= _WORD for one in rejected)
            and (refusal in ("", "no_id", "repeated_id", "other_replay"))
            and type(count) is int
            and (count >= 0 if from_start else count == len(digests) and 0 not in digests)
        )
        if not is_sound:
            raise CheckpointError("the checkpoint does not say what one says")
        replays = cls(replays_from_start=from_start, limits=limits)
        replays._refusal, replays._count, replays._span_id = refusal, count, span_id
        replays._chain, replays._rejected = chain, deque(rejected)
        replays._rejected_ids = set() if from_start else set(rejected)
        slots = _FEWEST_SLOTS
        while 4 * len(digests) > 3 * slots:
            slots *= 2
        replays._fill(slots, digests)
        replays._expect()
        return replays

    def __repr__(self) -> str:
        return f"<ReplayFilter: {self.refusal or f'{self._count} events'}>"

    # ------------------------------------------------------------------------------------------------------------------

    def _is_of_another_span(self, chunk: StreamingChunk) -> bool:
        return chunk.span_id is not None and self._span_id not in (None, chunk.span_id)

    def _expect(self) -> None:
        self._left, self._again = self._count, b""
        if self._from_start:
            self._rejected.clear()  # they come after what was seen, and are met again
        self._is_passing = self._count > 0 or self._refusal != ""

    def _error(self) -> StreamJSONError:
        return CheckpointError(f"{self.refusal}; begin anew", code=self._refusal)

    def _other(self, count: int) -> StreamJSONError:
        """Refuse from now on, and return the error; `count` events have come again."""
        where = f" (after {count} of {self._count} events)" if self._from_start else " (an id came with something else)"
        self._forget("other_replay")
        return CheckpointError(f"{self.refusal}{where}; begin anew", code="other_replay")

    # The table: open addressing, so that a digest takes 8 bytes and not the 60 of an integer in a set.

    def _slot(self, digest: int) -> int:
        """Return where a digest of the same id is, or this one would be."""
        table = self._table
        last = len(table) - 1
        of_id = digest >> _CONTENT_BITS
        slot = (of_id * _SPREAD & _WORD) >> (64 - last.bit_length())
        while table[slot] and table[slot] >> _CONTENT_BITS != of_id:
            slot = (slot + 1) & last
        return slot

    def _digests(self) -> array[int]:
        return array("Q", filter(None, self._table))

    def _fill(self, slots: int, digests: array[int]) -> None:
        self._table = array("Q", bytes(_DIGEST_BYTES * slots))
        for digest in digests:
            self._table[self._slot(digest)] = digest


def _digest(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=_DIGEST_BYTES).digest(), "little") or 1


def _digest_of(event_id: str, chunk: StreamingChunk) -> int:
    """Return a digest of an id, which tells events apart, and of what the event says, in its last bits."""
    return (_digest(event_id) >> _CONTENT_BITS << _CONTENT_BITS) | (_content(chunk) & (1 << _CONTENT_BITS) - 1) or 1


def _content(chunk: StreamingChunk) -> int:
    """Return a digest of what a chunk says."""
    said: Any = chunk.delta
    if type(said) is str:
        return _digest(f"{chunk.json_path}\0{said}")
    try:
        text = json.dumps([chunk.json_path, said], sort_keys=True, default=repr)
    except (TypeError, ValueError, RecursionError):  # limits were lifted; or other mappings and sequences
        text = shorten(said)
    return _digest(text)


def _linked(chain: bytes, digest: int) -> bytes:
    """Return the digest of what came so far, and of one more."""
    return blake2b(chain + digest.to_bytes(_DIGEST_BYTES, "little"), digest_size=32).digest()
