"""The events of a new connection -> those that are new; the others were applied before the reconnect.

A server that is asked to resume after an id may replay some events, or all of them. Applied twice, they double texts.
`ReplayFilter` recognizes replayed events. It applies nothing itself. It chooses a `Recognizer` (`by_ids` or
`from_start`), summarizes each event for it, and keeps track of what became of the events that it let through.

**The server it supports** keeps one log. Each connection sends the log in order, from any event up to the first one
that was not received yet. The log may hold several spans; a span that has ended does not return. After a reconnect the
server may also start over: it names a span that was never seen, and everything from there on is new.

**What it refuses** stands in `by_ids` and `from_start`. It always refuses before an event is applied twice or lost.

**What it can't recognize** by ids is a server that replays events under ids that it never used before. The content does
not decide: a new event may have the content of an earlier one. Such a server needs `from_start`.

- *Rejected events* were let through and not applied. They are let through again until a later event is applied. From
  then on they count as seen.
- *Unreadable events* that were skipped are replays, by ids if they have one. *Ignored events* are replays, too, and may
  have the ids of other events. Neither ends the replay.
- *Other events without a delta* change nothing, and are let through. Only one that names an ended span is a replay: it
  would reset the document.

Cost: four to five microseconds an event, most of them to decode its data once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Self

from .._dialects import Dialect, make_dialect
from .._errors import CODES, CheckpointError, shorten
from .._limits import Limits, check_limits
from .any_event import AnyEvent
from .by_ids import IdRecognizer
from .envelope import seal, unseal
from .event_summary import EventSummary, summarize
from .from_start import StartRecognizer
from .recognizer import Recognizer, check_member, refusal_error

__all__ = ["AnyEventFilter", "ReplayFilter"]

_KIND: Final = "replay_filter"
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

    __slots__ = ("_dialect", "_is_blocked", "_pending_event", "_pending_summary", "_recognizer", "_refusal")

    def __init__(self, *, replays_from_start: bool = False, limits: Limits = _DEFAULT_LIMITS) -> None:
        check_limits(limits)
        self._dialect: Dialect = make_dialect("chunks", limits)
        self._recognizer: Recognizer = StartRecognizer() if replays_from_start else IdRecognizer()
        self._refusal = ""  # the code
        self._is_blocked = False  # whether `is_replay` raises; after a refusal, the live connection may still finish
        self._pending_event: object = None  # the event that was let through last, until it is recorded as applied
        self._pending_summary: EventSummary | None = None

    @property
    def refusal(self) -> str:
        """Why replayed events can't be recognized; `""` if they can."""
        return CODES[self._refusal] if self._refusal else ""

    @property
    def replaying(self) -> bool:
        """Whether the connection may still send replayed events: it has sent no new event since the reconnect.

        From the start: not all events have been replayed. A connection that ends while this is True brought nothing
        new.
        """
        return self._recognizer.replaying

    def is_replay(self, event: object) -> bool:
        """Return whether `event` was applied before and must be skipped. Always False before the first reconnect.

        `event` is what `Assembler.apply` takes. Raises `CheckpointError` where the filter refuses (see `reconnected`);
        `other_replay` if the replayed events differ from the original ones. Nothing of them has been applied then.
        """
        self._reject_pending()
        if self._is_blocked:
            raise refusal_error(self._refusal)
        summary = summarize(event, self._dialect)
        if summary is not None and self._recognizer.replaying:
            try:
                if self._recognizer.is_replay(summary):
                    return True
            except CheckpointError as error:
                self._refuse(error.code)
                self._is_blocked = True
                raise
        self._pending_event, self._pending_summary = event, summary
        return False

    @property
    def counts(self) -> bool:
        """Whether the event that was let through last can be recognized if it comes again."""
        return self._pending_summary is not None and self._pending_summary.kind != "done"

    def applied(self, event: object) -> None:
        """Record that `event` was applied: that the assembler did not reject it.

        An `ExceptionGroup` of callback errors is not a rejection: the event is applied. Nor is an error with
        `deltas_applied`: applied again, these deltas would be doubled.
        """
        if event is self._pending_event:
            summary, self._pending_event, self._pending_summary = self._pending_summary, None, None
        else:  # the caller may ask about several events before it applies any of them
            self._reject_pending()
            summary = summarize(event, self._dialect)
        if summary is not None:
            self._record(self._recognizer.record_applied, summary)

    def reconnected(self) -> None:
        """Record that a new connection begins, which may replay events.

        Raises `CheckpointError` if replayed events can't be recognized: an event with a delta had no id of its own
        (`no_id`) or the id of another one (`repeated_id`), or an earlier replay differed from the original events
        (`other_replay`). Restart then with `Assembler.reset` and a new filter, or resume where the server replays
        nothing.
        """
        self._reject_pending()
        if self._refusal:
            self._is_blocked = True
            raise refusal_error(self._refusal)
        self._recognizer.start_connection()

    def checkpoint(self) -> bytes:
        """Return the state of the filter as bytes: 11 for each id. Take the assembler's checkpoint at the same point in
        the stream, and save both together.
        """
        return seal(
            _KIND,
            {
                "replays_from_start": isinstance(self._recognizer, StartRecognizer),
                "refusal": self._refusal,
                "span_id": self._recognizer.spans.current,
                "ended_spans": self._recognizer.spans.ended().pack(),
                **self._recognizer.members(),
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
            check_member(type(from_start) is bool, "replays_from_start")
            check_member(refusal in ("", "no_id", "repeated_id", "other_replay"), "refusal")
            replays = cls(replays_from_start=from_start, limits=limits)
            replays._recognizer.load(members)
        except KeyError as error:
            raise CheckpointError(f"the checkpoint is malformed: member {error} is missing") from None
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint is malformed: {shorten(str(error))}") from None
        if refusal:
            replays._refuse(refusal)
            replays._is_blocked = True
        replays._recognizer.start_connection()
        return replays

    def __repr__(self) -> str:
        return f"<ReplayFilter: {self.refusal or f'{self._recognizer.count} events'}>"

    # ------------------------------------------------------------------------------------------------------------------

    def _read_as(self, dialect: str, limits: Limits) -> None:
        """Read events as an assembler does: an event that only one of them can read would be applied twice."""
        self._dialect = make_dialect(dialect, limits)

    def _reject_pending(self) -> None:
        """Record the event that was let through last as rejected, unless it was recorded as applied."""
        summary, self._pending_event, self._pending_summary = self._pending_summary, None, None
        if summary is not None:
            self._record(self._recognizer.record_rejected, summary)

    def _record(self, record: Callable[[EventSummary], None], summary: EventSummary) -> None:
        if self._refusal:
            return
        try:
            record(summary)
        except CheckpointError as error:
            self._refuse(error.code)

    def _refuse(self, code: str) -> None:
        """Keep the reason, and drop everything else."""
        self._refusal = code
        self._recognizer = type(self._recognizer)()


class AnyEventFilter(ReplayFilter):
    """Recognizes events of any protocol, which are passed on."""

    __slots__ = ("_is_resumed",)

    def __init__(self, *, replays_from_start: bool, limits: Limits) -> None:
        super().__init__(replays_from_start=replays_from_start, limits=limits)
        self._dialect = AnyEvent(limits)
        self._is_resumed = False

    def is_replay(self, event: object) -> bool:
        """Return whether an event was there before. A known event after a new one is refused: it would be doubled."""
        if super().is_replay(event):
            return True
        summary = self._pending_summary
        if summary is not None and self._is_resumed and self._recognizer.knows(summary):
            raise refusal_error("other_replay")
        return False

    def reconnected(self) -> None:
        """Record that a new connection begins."""
        super().reconnected()
        self._is_resumed = True
