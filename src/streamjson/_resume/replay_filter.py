"""Which events of a new connection were applied before: those that the server replays after a reconnect.

A server that is asked to resume after an id may replay some events, or all of them. Applied twice, they double texts.
`ReplayFilter` recognizes replayed events. It applies nothing itself.

**The server it supports** keeps one log. Each connection sends the log in order, from any event up to the first one
that was not received yet. The log may hold several spans; a span that has ended does not return. After a reconnect the
server may also start over: it names a span that was never seen, and everything from there on is new.

- *By ids* (`_ByIds`). Each event with a delta has an id of its own, which names the event on every connection. Ids are
  unique in the log, or at least in their span. Events are passed over while they are known. The first unknown event is
  new, and so is everything after it, until the next reconnect.
- *From the start* (`_FromStart`). Each connection sends the whole log, and ids do not matter. As many events with a
  delta are passed over as were seen. A digest of them all is compared before the next event is let through.

**What it refuses**, always before an event is applied twice or lost:

- `no_id`: an event with a delta has no id.
- `repeated_id`: two events of a span have the same id; more events are replayed than were seen; or the span uses ids
  again that an earlier one used, and the event may be of either.
- `other_replay`, by ids: a known id comes with other content, unless ids start over with each span; a span that has
  ended has an unknown event; or a new event, or `[DONE]`, follows replayed events that do not reach the last one
  applied.
- `other_replay`, from the start: the events differ, or `[DONE]` comes before all of them.

**What it can't recognize** by ids is a server that replays events under ids that it never used before. Content does not
decide: a new event may say what an earlier one said. Such a server is for the other way.

- *Rejected events* were asked about and not applied. They are let through again until a later event is applied. From
  then on they count as seen.
- *Unreadable events* that were skipped are passed over, by ids if they have one. *Ignored events* are passed over, too,
  and may have the ids of other events. Neither ends the replay.
- *Other events without a delta* change nothing, and are let through. Only one that names an ended span is passed over:
  it would reset the document.

It owns a digest of each id and of each span: 11 to 21 bytes in memory, 8 in a checkpoint. It holds 52 bits of the id
and 12 of the content. Two ids of a million agree in 52 bits with a probability of 1 in 10,000; the filter then refuses.

Cost: four to five microseconds an event, most of them to decode its data once more.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, Self, TypeAlias, cast

from attrs import define

from .._dialects import Delta, Dialect, Done, Failed, Foreign, NewRun, Nothing, Set, make_dialect, to_event
from .._errors import CODES, CheckpointError, InvalidEventError, StreamJSONError, shorten
from .._limits import Limits, check_limits
from .._paths import Path
from .digests import DIGEST_BYTES, Digests, digest_of, digest_with_id, hashed, id_bits, is_digest
from .envelope import seal, unseal

__all__ = ["ReplayFilter"]

_KIND: Final = "replay_filter"
_CHAIN_BYTES: Final = 32
_DEFAULT_LIMITS: Final = Limits()


class ReplayFilter:
    """Recognizes events that were applied before a reconnect, so that each event is applied exactly once.

    Call `is_replay` once for each event, in order, and skip the event if it returns True. Call `applied` after any
    other event was applied, also if `on_invalid="skip"` has skipped it. Call `reconnected` before the first event of a
    new connection. `assemble` does the first two for the filter given as `replays`.

    Ids must be stable: an event has the same id on each connection. Reused ids are refused, but a server that gives
    new ids to the events that it replays can't be recognized. Use `replays_from_start=True` for such a server, and for
    one without ids: it states that each connection sends everything from the first event on.

    `limits` must be those of the assembler; `assemble` sets them.

    `checkpoint` and `restore` save the filter next to an assembler's checkpoint. A restored filter expects a new
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

    __slots__ = ("_asked", "_dialect", "_item", "_refusal", "_refuses", "_way")

    def __init__(self, *, replays_from_start: bool = False, limits: Limits = _DEFAULT_LIMITS) -> None:
        check_limits(limits)
        self._dialect = make_dialect("chunks", limits)
        self._way: _Way = _FromStart() if replays_from_start else _ByIds()
        self._refusal = ""  # the code
        self._refuses = False  # whether `is_replay` raises: a live connection goes on after a refusal
        self._asked: object = None  # the event that `is_replay` returned False for, until it is applied
        self._item: _Item | None = None  # what that event brings

    @property
    def refusal(self) -> str:
        """Why replayed events can't be recognized; `""` if they can."""
        return CODES[self._refusal] if self._refusal else ""

    @property
    def replaying(self) -> bool:
        """Whether replayed events may still come: since the reconnect there was no new event.

        From the start: not all events have been replayed. A connection that ends while this is True brought nothing
        new.
        """
        return self._way.passing

    def is_replay(self, event: object) -> bool:
        """Return whether `event` was applied before and must be skipped. Always False before the first reconnect.

        `event` is what `Assembler.apply` takes. Raises `CheckpointError` where the filter refuses (see `reconnected`);
        `other_replay` if the replayed events differ from the original ones. Nothing of them has been applied then.
        """
        self._settle()
        if self._refuses:
            raise _refused(self._refusal)
        item = _read(event, self._dialect)
        if item is not None and self._way.passing:
            try:
                if self._way.passes(item):
                    return True
            except CheckpointError as error:
                self._refuse(error.code)
                self._refuses = True
                raise
        self._asked, self._item = event, item
        return False

    def applied(self, event: object) -> None:
        """Record that `event` was applied: that the assembler did not reject it.

        An `ExceptionGroup` of callback errors is no rejection: the event is applied.
        """
        if event is self._asked:
            item, self._asked, self._item = self._item, None, None
        else:  # events may be asked about before any of them is applied
            self._settle()
            item = _read(event, self._dialect)
        if item is not None:
            self._record(self._way.apply, item)

    def reconnected(self) -> None:
        """Record that a new connection begins, which may replay events.

        Raises `CheckpointError` if replayed events can't be recognized: an event with a delta had no id of its own
        (`no_id`) or the id of another one (`repeated_id`), or an earlier replay differed from the original events
        (`other_replay`). Restart then with `Assembler.reset` and a new filter, or resume where the server replays
        nothing.
        """
        self._settle()
        if self._refusal:
            self._refuses = True
            raise _refused(self._refusal)
        self._way.expect()

    def checkpoint(self) -> bytes:
        """Return the state of the filter as bytes: 11 for each id. Take the assembler's checkpoint at the same point in
        the stream, and save both together.
        """
        return seal(
            _KIND,
            {
                "replays_from_start": isinstance(self._way, _FromStart),
                "refusal": self._refusal,
                "span_id": self._way.spans.current,
                "ended_spans": self._way.spans.ended().pack(),
                **self._way.members(),
            },
        )

    @classmethod
    def restore(cls, data: bytes, *, limits: Limits = _DEFAULT_LIMITS) -> Self:
        """Return a filter with the state that `checkpoint` saved. It expects a new connection.

        Raises `CheckpointError`, as `Assembler.restore`.

        >>> import streamjson as sj
        >>> replays = sj.ReplayFilter()
        >>> event = sj.ServerSentEvent('{"delta": "Ja", "json_path": "name"}', id="1")
        >>> replays.applied(event)
        >>> sj.ReplayFilter.restore(replays.checkpoint()).is_replay(event)
        True
        """
        check_limits(limits)
        members = unseal(_KIND, data)
        try:
            from_start, refusal = members["replays_from_start"], members["refusal"]
            _check(type(from_start) is bool, "replays_from_start")
            _check(refusal in ("", "no_id", "repeated_id", "other_replay"), "refusal")
            replays = cls(replays_from_start=from_start, limits=limits)
            replays._way.take_up(members)
        except KeyError as error:
            raise CheckpointError(f"the checkpoint is malformed: member {error} is missing") from None
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint is malformed: {shorten(str(error))}") from None
        if refusal:
            replays._refuse(refusal)
            replays._refuses = True
        replays._way.expect()
        return replays

    def __repr__(self) -> str:
        return f"<ReplayFilter: {self.refusal or f'{self._way.count} events'}>"

    # ------------------------------------------------------------------------------------------------------------------

    def _read_as(self, dialect: str, limits: Limits) -> None:
        """Read events as an assembler does: an event that only one of the two can read would be applied twice."""
        self._dialect = make_dialect(dialect, limits)

    def _settle(self) -> None:
        """Record that the event that was asked about last was not applied."""
        item, self._asked, self._item = self._item, None, None
        if item is not None:
            self._record(self._way.reject, item)

    def _record(self, record: Callable[[_Item], None], item: _Item) -> None:
        if self._refusal:
            return
        try:
            record(item)
        except CheckpointError as error:
            self._refuse(error.code)

    def _refuse(self, code: str) -> None:
        """Keep the reason, and drop everything else."""
        self._refusal = code
        self._way = type(self._way)()


# ----------------------------------------------------------------------------------------------------------------------
# what an event brings


@define
class _Item:
    """What an event brings, as far as it matters here. `content` is a digest of it."""

    kind: Literal["delta", "span", "unreadable", "ignored", "done"]
    id: str = ""
    span_id: str | None = None
    content: int = 0

    def digest(self) -> int:
        return digest_with_id(self.id, self.content)


def _read(event: object, dialect: Dialect) -> _Item | None:
    """Return what an event brings; None for an event that neither changes the document nor is skipped, or an error."""
    try:
        message = to_event(event)
    except InvalidEventError:
        return None
    own_id = message.id or ""
    try:
        verbs = dialect.read(message)
    except StreamJSONError:
        return _Item("unreadable", own_id, content=_content(message.data))
    first, last = verbs[0], verbs[-1]
    if type(first) is Foreign:
        return _Item("unreadable", own_id, content=_content(message.data))
    if type(first) is Nothing:
        return _Item("ignored", own_id, content=_content(message.data)) if first.why == "ignored" else None
    if type(last) is Failed:
        return None
    span_id = first.span_id if type(first) is NewRun else None
    writes = [verb for verb in verbs if type(verb) is Delta or type(verb) is Set]
    if writes:
        contents = [_content(verb.value, verb.path) for verb in writes]
        return _Item("delta", own_id, span_id, contents[0] if len(contents) == 1 else _content(contents))
    if type(last) is Done:
        return _Item("done")
    return None if span_id is None else _Item("span", own_id, span_id, _span_digest(span_id))


def _content(data: Any, path: str | Path | None = None) -> int:
    """Return a digest of a delta and its path, or of data that is no chunk."""
    if type(data) is str:
        return digest_of(f"{path}\0{data}")
    try:
        text = json.dumps([path, data], sort_keys=True, default=repr)
    except (TypeError, ValueError, RecursionError):  # limits were lifted; or other mappings and sequences
        text = shorten(data)
    return digest_of(text)


# ----------------------------------------------------------------------------------------------------------------------
# spans


class _Spans:
    """The span that the events belong to, and those that have ended."""

    __slots__ = ("_seen", "current")

    def __init__(self, current: str | None = None, ended: Iterable[int] = ()) -> None:
        self.current = current
        self._seen = Digests()
        self._seen.update(ended)
        if current is not None:
            self._seen.add(_span_digest(current))

    def is_other(self, span_id: str | None) -> bool:
        """Return whether this is another span than the current one, as it is for the assembler."""
        return span_id is not None and self.current is not None and span_id != self.current

    def has_ended(self, span_id: str | None) -> bool:
        return self.is_other(span_id) and _span_digest(span_id) in self._seen

    def is_new(self, span_id: str | None) -> bool:
        return self.is_other(span_id) and _span_digest(span_id) not in self._seen

    def see(self, span_id: str | None) -> None:
        if span_id is not None:
            self._seen.add(_span_digest(span_id))

    def enter(self, span_id: str | None) -> bool:
        """Make a span the current one; return whether it was not."""
        if span_id in (None, self.current):
            return False
        self.current = span_id
        self.see(span_id)
        return True

    def ended(self) -> Digests:
        current = None if self.current is None else _span_digest(self.current)
        return Digests([digest for digest in self._seen if digest != current])


def _span_digest(span_id: str | None) -> int:
    return digest_of(f"\0{span_id}")  # no id of an event begins so


# ----------------------------------------------------------------------------------------------------------------------
# by ids


class _ByIds:
    """The events that were seen, by their ids."""

    __slots__ = (
        "_earlier", "_first", "_first_before", "_ids", "_ignored", "_last", "_latest", "_left", "_order", "_rejected",
        "_reuses", "passing", "spans",
    )  # fmt: skip

    def __init__(self) -> None:
        self.spans = _Spans()
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

    def passes(self, item: _Item) -> bool:
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

    def _passes_span(self, item: _Item) -> bool:
        """Return whether an event that only names a span would reset the document."""
        has_ended = self.spans.has_ended(item.span_id)
        if has_ended or item.content == self._last:
            self._latest = item.content
        return has_ended

    def _knows(self, digest: int, span_id: str | None) -> bool:
        names_current = span_id is not None and span_id == self.spans.current
        return digest in self._ids or (not names_current and digest in self._earlier)

    def _check_replayed(self, item: _Item, digest: int) -> None:
        self._left -= 1
        # An id of an earlier span may be that of a new event, unless this span has shown that it uses other ids.
        is_distinct = len(self._ids) > 0 and not self._reuses
        if self._left < 0 or not (is_distinct or digest in self._ids or self.spans.has_ended(item.span_id)):
            raise _refused("repeated_id")
        if item.kind == "delta":
            self._latest = digest

    def _check_unknown(self, digest: int) -> None:
        counts_anew = self._first != 0 and id_bits(self._first) == id_bits(self._first_before)
        if self._ids.has_id(digest) or (self._earlier.has_id(digest) and not counts_anew):
            raise _refused("other_replay", "an id came with other content")

    def _check_new(self, item: _Item) -> None:
        if self.spans.has_ended(item.span_id):
            raise _refused("other_replay", "a new event came for a span that has ended")
        if self._last and self._latest not in (0, self._last):
            raise _refused("other_replay", "not all events were replayed up to the last one applied")

    def apply(self, item: _Item) -> None:
        """Record an applied event."""
        is_other, begins = self.spans.is_other(item.span_id), self.spans.enter(item.span_id)
        if is_other:
            self._earlier.update(self._ids)
            self._ids = Digests()
            self._last = _span_digest(item.span_id)
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

    def reject(self, item: _Item) -> None:
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

    def _digest_of_new(self, item: _Item) -> int:
        """Return the digest of an event; refuse one without an id, and one with the id of another."""
        if not item.id:
            raise _refused("no_id")
        digest = item.digest()
        if self._ids.has_id(digest) and not self.spans.is_other(item.span_id):
            raise _refused("repeated_id")
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
        self.spans = _saved_spans(members)
        self._ids, self._earlier = Digests.unpack(members["ids"]), Digests.unpack(members.get("earlier_ids", ""))
        self._ignored = Digests.unpack(members.get("ignored", ""))
        self._reuses = any(map(self._ids.has_id, self._earlier))
        for name in ("first", "first_before", "last"):
            digest = members.get(name, 0)
            _check(digest == 0 or is_digest(digest), name)
            setattr(self, f"_{name}", digest)
        for digest in _saved_rejected(members):
            self._queue(digest, None)
        _check(_is_count(members["count"]) and members["count"] == len(self._ids), "count")
        _check(members["chain"] == "", "chain")


# ----------------------------------------------------------------------------------------------------------------------
# from the start


class _FromStart:
    """How many events were seen, and a digest of them all."""

    __slots__ = ("_again", "_chain", "_left", "_rejected", "_unreadable", "_unreadable_left", "count", "spans")

    def __init__(self) -> None:
        self.spans = _Spans()
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

    def passes(self, item: _Item) -> bool:
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
        raise _refused("other_replay", f"after {self.count - self._left} of {self.count} events")

    def apply(self, item: _Item) -> None:
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

    def reject(self, item: _Item) -> None:
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
        self.spans = _saved_spans(members)
        self.count, self._chain = members["count"], bytes.fromhex(members["chain"])
        self._unreadable = members.get("unreadable", 0)
        self._rejected.extend((content, None) for content in _saved_rejected(members))
        _check(_is_count(self.count), "count")
        _check(_is_count(self._unreadable), "unreadable")
        _check(len(self._chain) == (_CHAIN_BYTES if self.count else 0), "chain")
        _check(members["ids"] == "", "ids")


def _linked(chain: bytes, content: int) -> bytes:
    """Return the digest of some events and one more."""
    return hashed(chain + content.to_bytes(DIGEST_BYTES, "little"), _CHAIN_BYTES)


_Way: TypeAlias = _ByIds | _FromStart


# ----------------------------------------------------------------------------------------------------------------------
# members of a checkpoint, and errors


def _saved_spans(members: dict[str, Any]) -> _Spans:
    current, ended = members["span_id"], Digests.unpack(members.get("ended_spans", ""))
    _check(type(current) is str or (current is None and not len(ended)), "span_id")
    return _Spans(current, ended)


def _saved_rejected(members: dict[str, Any]) -> list[int]:
    rejected: Any = members["rejected"]
    _check(type(rejected) is list and all(map(is_digest, rejected)), "rejected")
    return cast("list[int]", rejected)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _check(is_sound: object, name: str) -> None:
    if not is_sound:
        raise ValueError(f"member {name!r} has a wrong value")


def _refused(code: str, detail: str = "") -> CheckpointError:
    return CheckpointError(f"{CODES[code]}{detail and f' ({detail})'}; begin anew", code=code)
