"""The assembler: events in, changes out. It wires the stages and owns the policy; you own the loop.

What an event does, in this order:

1. data `[DONE]`, with or without blanks around it: the document is closed, `end` is `"done"`;
2. empty data: the ids are recorded;
3. what `_dialects` finds in the data: a failure of the sender is a `StreamFailedError`, final, after the delta beside
   it; an event of another protocol is rejected; what is not understood is ignored or passed over, and counted;
4. another span id than the one before, after deltas: the sender started over, see `on_new_span`;
5. no delta: ids and span are recorded;
6. a delta with a path: applied there; `""` is the root;
7. a delta without a path: null and `""` change nothing, other text makes the root one growing string (text mode).

Then callbacks are notified (`_notify`), and what they raise changes nothing.

A stream that ends without a delta, after events that were ignored, skipped or passed over, has failed (`no_deltas`):
an empty document would look like an answer.

An event is applied whole or not at all. One that is rejected leaves the document, the span and the last event id as
they were, and the assembler goes on; after `StreamFailedError` and `close()` only `reset()` does. With
`on_invalid="skip"` it is kept (`_skipped`) instead of raised, and its id counts, so that no sender can make a client
that resumes meet it for ever.

Everything here is O(1) but the delta itself; see `_document`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, NoReturn, Self, TypedDict, TypeVar, Unpack, overload

from ._dialects import Failure, is_blank, is_done, read_event, to_event
from ._document import SHORT, WIDE, Document, Kind, a_kind
from ._errors import CheckpointError, ConflictError, InvalidEventError, InvalidPathError, StreamJSONError, shorten
from ._json import CHUNK_VALUES, MISSING, JSONValue, quick_decoder
from ._limits import Limits, check_limits
from ._notify import Dispatcher, Subscription
from ._paths import Path, compile_pattern, parse_path
from ._resume import KIND, load, members_of, save, seal
from ._skipped import OnMisfit, Skipped, SkippedEvent, check_on_misfit, is_skippable
from ._view import (
    UNREAD,
    Change,
    Completion,
    End,
    Snapshot,
    StreamFailedError,
    Structurer,
    brief,
    make_change,
    reopen,
    structurer_of,
)
from ._wire import ServerSentEvent, StreamingChunk

__all__ = ["Assembler"]

T = TypeVar("T")


class AssemblerOptions(TypedDict, total=False):
    """The options of an `Assembler`."""

    path_prefix: str
    limits: Limits
    on_conflict: Literal["error", "replace"]
    on_new_span: Literal["error", "reset"]
    on_invalid: Literal["raise", "skip"]
    completion: Literal["order", "end"]
    on_misfit: OnMisfit


_READABLE: Final = 128  # levels that any decoder of JSON reads
_EVENT: Final[Any] = ServerSentEvent  # for a type checker, which can't tell of what it is generic


class Assembler:
    """Turns events into the growing document, one `apply` at a time.

    `path_prefix` is what every path of the stream begins with and what is taken off (`"response"`); `limits` bound what
    a stream may build. `on_conflict="replace"` lets a delta that does not fit what is there take its place, instead
    of `ConflictError`. `on_new_span="reset"` begins an empty document when the sender starts over, instead of
    `StreamFailedError`. `on_invalid="skip"` passes over an event that is rejected, and keeps it in `skipped`, instead
    of raising its error. `completion="end"` takes no value for finished before the stream has ended, for senders that
    write several fields at once; with `"order"` one is when the next delta lands outside of it. `on_misfit="skip"`
    passes over a finished value that does not fit its `into`, and keeps it in `skipped`, instead of raising its
    `StructureError`; a function does the same, and is called with the error.

    >>> import streamjson as sj
    >>> assembler = sj.Assembler()
    >>> assembler.apply({"delta": "Jane", "json_path": "people[0].name"})
    <Change 1: set 'Jane' at people[0].name>
    >>> assembler.apply({"delta": " Doe", "json_path": "people[0].name"})
    <Change 2: append ' Doe' at people[0].name>
    >>> assembler.snapshot().value
    {'people': [{'name': 'Jane Doe'}]}
    """

    def __init__(
        self,
        *,
        path_prefix: str = "",
        limits: Limits = Limits(),  # noqa: B008  # immutable
        on_conflict: Literal["error", "replace"] = "error",
        on_new_span: Literal["error", "reset"] = "error",
        on_invalid: Literal["raise", "skip"] = "raise",
        completion: Literal["order", "end"] = "order",
        on_misfit: OnMisfit = "raise",
    ) -> None:
        check_limits(limits)
        if on_conflict not in ("error", "replace"):
            raise ValueError(f"on_conflict is 'error' or 'replace', not {on_conflict!r}")
        if on_new_span not in ("error", "reset"):
            raise ValueError(f"on_new_span is 'error' or 'reset', not {on_new_span!r}")
        if on_invalid not in ("raise", "skip"):
            raise ValueError(f"on_invalid is 'raise' or 'skip', not {on_invalid!r}")
        if completion not in ("order", "end"):
            raise ValueError(f"completion is 'order' or 'end', not {completion!r}")
        check_on_misfit(on_misfit)
        self._on_misfit: OnMisfit = on_misfit
        self._limits = limits
        self._prefix_text = path_prefix
        self._prefix = parse_path(path_prefix, limits=limits)
        self._replace = on_conflict == "replace"
        self._reset_on_new_span = on_new_span == "reset"
        self._skips = on_invalid == "skip"
        self._skipped, self._ignored = Skipped(), Skipped()
        self._in_order = completion == "order"
        self._document = Document(limits, prefix=self._prefix, replace=self._replace, in_order=self._in_order)
        self._watch = Dispatcher(self._document, limits, self._skipped)
        self._decode, self._closer_look = quick_decoder()
        # What is not longer has no number of more digits, and not too many values; nor does it nest deeper, or its
        # brackets tell. No depth that one decoder reads and the other does not.
        self._depth = min(_READABLE, sys.maxsize if limits.max_depth is None else limits.max_depth)
        self._digits = sys.maxsize if limits.max_number_digits is None else limits.max_number_digits
        if limits.max_nodes is not None:
            self._digits = min(self._digits, 2 * limits.max_nodes + CHUNK_VALUES)
        self._short = min(self._depth, self._digits)
        self._event_number = 0
        self._passed_over = 0
        self._begin()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse `copy`, `deepcopy` and `pickle`: callbacks, and what is known by identity, would be lost."""
        raise TypeError("an Assembler can't be copied or pickled: use Assembler.restore(assembler.checkpoint())")

    def _begin(self) -> None:
        self._end: End = "open"
        self._span_id: str | None = None
        self._last_event_id = ""
        self._has_deltas = False
        self._has_chunks = False  # also those without a delta
        self._misunderstood = 0  # events that were ignored or skipped
        self._unheard = ""  # the first event that was ignored, skipped or passed over
        self._first = Snapshot()  # of those of the version that was last asked for; this one is of none
        self._first.version = -1

    @property
    def version(self) -> int:
        """The number of changes so far; it never goes back."""
        return self._document.version

    @property
    def span_id(self) -> str | None:
        """The execution that the document belongs to."""
        return self._span_id

    @property
    def last_event_id(self) -> str:
        """The id to resume after: that of the last event that was applied or passed over; "" if there was none."""
        return self._last_event_id

    @property
    def end(self) -> End:
        """Whether the document has ended, and how: `"open"`, `"done"` (`[DONE]`) or `"eof"` (`close()`)."""
        return self._end

    @property
    def passed_over(self) -> int:
        """The number of events of other types (`ping`, `keepalive`) that were passed over."""
        return self._passed_over

    @property
    def skipped_count(self) -> int:
        """The number of events that were rejected and passed over, with `on_invalid="skip"`.

        With `on_misfit` also of finished values that do not fit.
        """
        return self._skipped.count

    @property
    def skipped(self) -> tuple[SkippedEvent, ...]:
        """The last 100 of these events, oldest first, each with its error.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler(on_invalid="skip")
        >>> assembler.apply({"delta": "Jane", "json_path": "people[-1].name"})
        >>> assembler.skipped_count, assembler.skipped[0].error.code
        (1, 'negative_index')
        """
        return tuple(self._skipped.last)

    @property
    def ignored_count(self) -> int:
        """The number of events that have none of the fields of a chunk, or a path without a delta.

        They change nothing, and may be a sign that the stream is not what it is taken for.
        """
        return self._ignored.count

    @property
    def ignored(self) -> tuple[SkippedEvent, ...]:
        """The last 100 of these events, oldest first, each with an error that says why it was ignored.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> assembler.apply({"model": "m-1"})
        >>> assembler.ignored[0].error.message
        'the event is ignored: it has none of the fields of a chunk'
        """
        return tuple(self._ignored.last)

    def apply(self, event: object) -> Change | None:
        """Apply one event; return the change, or None if nothing changed.

        `event` is a `ServerSentEvent`, a `StreamingChunk`, a mapping of either shape, or an object of another library
        with `.data`: JSON text, or a model with the chunk's attributes. docs/wire.md tells what each does.
        Where it brought two changes, `Change.before` is the first.

        Raises `InvalidEventError`, `InvalidPathError`, `ConflictError` or `LimitExceededError` for an event that is
        rejected, `StreamFailedError` when the sender failed, `ClosedError` after the end; an `ExceptionGroup` of what
        callbacks raised, and then the event is applied. With `on_invalid="skip"` a rejected event is skipped, and
        changes nothing; `LimitExceededError` is still raised where the document, or a string of it, is full.
        """
        try:
            kind = self._consume(event)
        except StreamFailedError as error:
            self._tell_last(error)
            raise
        if not self._document.quiet:
            self._tell(kind)
        return None if kind is None else self._change(kind)

    def apply_delta(self, path: str | Path, delta: JSONValue) -> Change | None:
        """Apply one delta at a path of the stream, with its prefix; return the change, or None if nothing changed.

        Does what `apply` does with a chunk of the two, without the event around it, and raises the same.

        >>> import streamjson as sj
        >>> sj.Assembler().apply_delta("total", 12)
        <Change 1: set 12 at total>
        """
        document = self._document
        # The first lines of `Document.apply` again, for its most frequent case: one call less, a quarter of the time.
        if path == document.open_path and document.version < document.hot_until and type(delta) is str:
            length = len(delta)
            if 0 < length <= SHORT and (delta.isascii() or (length <= WIDE and delta.isprintable())):
                try:
                    document.lengths.append(length)
                    document.pieces.append(delta)
                    document.delta = delta
                    document.version = version = document.version + 1  # last: INVARIANTS 1
                except BaseException:
                    document.tear()
                    raise
                if not document.quiet:
                    self._watch.notify_growth()
                change = Change()  # as make_change does
                change._document = document
                change.version = version
                change.kind = "append"
                change._delta = delta
                return change
        if document.held:
            self._check_free()
        try:
            kind = document.go(path, delta)
            self._has_deltas = True
        except StreamJSONError as error:
            error.last_event_id = self._last_event_id
            if not self._skips or not is_skippable(error):
                raise
            self._skip(StreamingChunk(delta, str(path)), error)
            return None
        except BaseException:  # an interrupt, maybe when the delta is applied
            if document.version > document.base:
                self._has_deltas = True
            raise
        if kind is None:
            return None
        if not document.quiet:
            self._tell(kind)
        change = Change()
        change._document = document
        change.version = document.version
        change.kind = kind
        change._delta = document.delta
        return change

    @overload
    def on(self, pattern: str) -> Callable[[Callable[[Change], object]], Subscription[Change]]: ...
    @overload
    def on(self, pattern: str, callback: Callable[[Change], object]) -> Subscription[Change]: ...
    def on(
        self, pattern: str, callback: Callable[[Change], object] | None = None
    ) -> Subscription[Change] | Callable[[Callable[[Change], object]], Subscription[Change]]:
        """Call `callback` for each change at, under or above a location that `pattern` selects, from the next event on.

        `pattern` is JSONPath, see docs/callbacks.md. The callback is given the `Change`; its `match` is the location
        that matched, and `match_value` what is there. A container that was set whole is told for each match in it, with
        the whole container as `delta`; what vanished with the old one is not told. Without `callback` it is a
        decorator. Returns the handle to cancel it with.

        Callbacks are called when the event has been applied, in document order, then in the order of registration.
        What they raise comes out of `apply` together, as an `ExceptionGroup`. Coroutine functions are awaited by an
        asynchronous stream, and refused by everything else.

        Raises `InvalidPatternError`, and `LimitExceededError` (`max_patterns`). Costs nothing where it does not match.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> @assembler.on("people[*].name")
        ... def show(change):
        ...     print(change.match, repr(change.delta), change.match_value)
        >>> _ = assembler.apply_delta("people[0].name", "Jane"), assembler.apply_delta("people[0].name", " Doe")
        people[0].name 'Jane' Jane
        people[0].name ' Doe' Jane Doe
        """
        if callback is None:
            compile_pattern(pattern, limits=self._limits)  # a mistake shows where it was made
            return partial(self._add, pattern)
        return self._add(pattern, callback)

    @overload
    def on_complete(
        self, pattern: str, *, into: None = None
    ) -> Callable[[Callable[[Completion[Any]], object]], Subscription[Completion[Any]]]: ...
    @overload
    def on_complete(
        self, pattern: str, *, into: type[T]
    ) -> Callable[[Callable[[Completion[T]], object]], Subscription[Completion[T]]]: ...
    @overload
    def on_complete(
        self, pattern: str, *, into: Any
    ) -> Callable[[Callable[[Completion[Any]], object]], Subscription[Completion[Any]]]: ...
    @overload
    def on_complete(
        self, pattern: str, callback: Callable[[Completion[Any]], object], *, into: None = None
    ) -> Subscription[Completion[Any]]: ...
    @overload
    def on_complete(
        self, pattern: str, callback: Callable[[Completion[T]], object], *, into: type[T]
    ) -> Subscription[Completion[T]]: ...
    def on_complete(
        self, pattern: str, callback: Callable[[Completion[Any]], object] | None = None, *, into: Any = None
    ) -> Any:
        """Call `callback` with each finished value at a location that `pattern` selects, from the next event on.

        `pattern` is JSONPath, see docs/callbacks.md. The callback is given a `Completion`; with `into`, a class,
        its `value` is an object of it, made and validated once. Without `callback` it is a decorator. Returns the
        handle to cancel it with.

        A value is finished when a delta lands outside of it, and the rest when the stream ends well; deepest first,
        and before the change that showed it. A value that the sender comes back to is told again at the end, with
        `revision` 2; from the first one on, all others wait for the end, too. See `completion`.

        Raises `InvalidPatternError`, `LimitExceededError` (`max_patterns`), and `TypeError` for an `into` that nothing
        can make. A value that does not fit is a `StructureError`, which comes out of `apply` as what callbacks raise;
        `on_misfit` passes over it.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> @assembler.on_complete("people[*]")
        ... def save(done):
        ...     print(done.path, done.value)
        >>> for chunk in sj.disassemble({"people": [{"name": "Jane"}, {"name": "John"}]}):
        ...     _ = assembler.apply(chunk)
        people[0] {'name': 'Jane'}
        >>> _ = assembler.close()
        people[1] {'name': 'John'}
        """
        structurer = structurer_of(into)
        if callback is None:
            compile_pattern(pattern, limits=self._limits)
            return partial(self._add, pattern, when_complete=True, structurer=structurer)
        return self._add(pattern, callback, when_complete=True, structurer=structurer)

    def snapshot(self) -> Snapshot:
        """Return the document as it is now. O(1), for a document of any size."""
        document = self._document
        snapshot = Snapshot()  # no __init__, as of Change
        snapshot._document = document
        snapshot.version = version = document.version
        snapshot._since = version - 1
        snapshot.end = self._end
        snapshot.span_id = self._span_id
        snapshot.last_event_id = self._last_event_id
        first = self._first
        if first.version == version:
            snapshot._value = first
        else:
            snapshot._value = UNREAD
            self._first = snapshot
        return snapshot

    def close(self) -> Change | None:
        """End the document: it is complete, and `end` is `"eof"`. Again, or after the end, it does nothing.

        Returns the change where half a surrogate pair waited for its partner and becomes U+FFFD, else None.
        After `StreamFailedError` the document stays as it is, not complete.

        Raises `StreamFailedError` (`no_deltas`) where events came, but none that was understood and brought a delta.
        """
        self._check_free()
        kind = self._close("eof")
        self._tell(kind)
        return self._change(kind)

    def reopen(self) -> Change | None:
        """Continue a document that has ended with `"eof"`: that end was a guess, and there is more of it.

        A half of a surrogate pair that the end has repaired is pending again, as a change that sets its string
        without U+FFFD: that is returned, else None. What was reported as complete is reported once more, with
        `revision` 2, at the next end if it has changed by then. A document that has not ended stays as it is.

        Raises `ClosedError` after `[DONE]` or a failure, which are no guesses; `LimitExceededError` where the document
        is full.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("name", "Ja"), assembler.close()  # the connection broke between two events
        >>> assembler.reopen()
        >>> assembler.apply_delta("name", "ne").value
        'Jane'
        """
        self._check_free()
        document = self._document
        if not document.closed:
            return None
        self._check_open(may_reopen=True)
        version = document.version
        kind: Kind | None = "set" if document.reopen() else None
        reopen(document, version)
        self._end = "open"
        self._watch.reopen(version)
        self._tell(kind)
        return self._change(kind)

    def reset(self) -> Change | None:
        """Begin an empty document, also after the end. Options stay; the span and the last event id are forgotten.

        Returns the change, a set of `MISSING` at the root; None if the document is empty already.
        Snapshots of the old document stay as they are; versions go on.
        """
        old = self._document
        self._check_free()
        self._succeed(self._successor())
        kind: Kind | None = "set" if self._document.version > old.version else None
        self._tell(kind)
        return self._change(kind)

    def checkpoint(self) -> bytes:
        """Return all that is needed to go on later, or elsewhere, as bytes to be saved: see `restore`.

        It is one JSON object, with a digest that finds damage; the format is described in docs/resume.md. The
        history is not part of it, nor are the callbacks and the options, but for `path_prefix` and `completion`.

        Raises `LimitExceededError` where limits were lifted, for a document that nests deeper, or a number that has
        more digits, than the interpreter can write. O(document).

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply({"data": '{"delta": "Ja", "json_path": "name"}', "id": "7"})
        >>> data = assembler.checkpoint()
        >>> other = sj.Assembler.restore(data)
        >>> _ = other.apply_delta("name", "ne")
        >>> other.last_event_id, other.snapshot().value
        ('7', {'name': 'Jane'})
        """
        return seal(
            KIND,
            {
                "path_prefix": str(self._prefix),
                "completion": "order" if self._in_order else "end",
                "end": self._end,
                "failed": self._document.closed and self._end == "open" and not self._document.torn,
                "span_id": self._span_id,
                "last_event_id": self._last_event_id,
                "has_deltas": self._has_deltas,
                "event_number": self._event_number,
                "passed_over": self._passed_over,
                "skipped_count": self._skipped.count,
                "ignored_count": self._ignored.count,
                "has_chunks": self._has_chunks,
                "misunderstood": self._misunderstood,
                "unheard": self._unheard,
                **save(self._document),
            },
        )

    @classmethod
    def restore(cls, data: bytes, **options: Unpack[AssemblerOptions]) -> Self:
        """Return an assembler that goes on where the one that made the checkpoint was, as if nothing had happened.

        `options` are an assembler's. Without `path_prefix` and `completion` those of the checkpoint apply, and others
        are refused. Callbacks are registered again, before the next event; they are not told of what was finished
        before. The history is gone: `changes_since` an older version is one set at the root. Versions go on.

        Raises `CheckpointError` for what is no checkpoint (`bad_checkpoint`), one of a newer version
        (`newer_format`) or of other options (`other_options`), `LimitExceededError` where the document is more than
        `limits` allow, and what the options raise. O(document).
        """
        limits: Any = options.get("limits", Limits())
        check_limits(limits)
        members = members_of(data, limits)
        saved = {"path_prefix": members["path_prefix"], "completion": members["completion"]}
        given: dict[str, Any] = {**saved, **options}
        try:
            assembler = cls(**given)
        except InvalidPathError as error:
            if "path_prefix" in options:
                raise
            raise CheckpointError(f"the checkpoint's path_prefix can't be: {shorten(str(error), 200)}") from None
        for name, value, now in (
            ("path_prefix", saved["path_prefix"], str(assembler._prefix)),
            ("completion", saved["completion"], "order" if assembler._in_order else "end"),
        ):
            if now != value:
                raise CheckpointError(
                    f"the checkpoint was made with {name}={shorten(value)}, not {shorten(now)}", code="other_options"
                )
        assembler._take_up(members)
        return assembler

    def _take_up(self, members: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        document = load(members, self._limits, prefix=self._prefix, replace=self._replace, in_order=self._in_order)
        self._end, self._span_id, self._last_event_id = members["end"], members["span_id"], members["last_event_id"]
        self._has_deltas, self._event_number = members["has_deltas"], members["event_number"]
        self._passed_over, self._skipped.count = members["passed_over"], members["skipped_count"]
        self._ignored.count = members["ignored_count"]
        self._has_chunks, self._unheard = members["has_chunks"], members["unheard"]
        self._misunderstood = members["misunderstood"]
        if self._end != "open" or members["failed"]:
            document.freeze()
        self._document = document
        self._watch.follow(document)

    # ------------------------------------------------------------------------------------------------------------------
    # for `_streams`, which needs no `Change`

    def _consume(self, event: object) -> Kind | None:
        """Apply an event. Errors tell where they happened."""
        document = self._document
        if document.held:
            raise self._watch.refusal()
        self._event_number += 1
        message: Any = event
        try:
            if document.closed:
                self._check_open()
            # Hot: an event from the wire that brings a delta and its path and nothing else, as nearly every one does.
            if type(message) is _EVENT and message.event == "message":
                data = message.data
                delta = path = None
                if type(data) is str and (
                    len(data) <= self._short
                    or (len(data) <= self._digits and data.count("[") + data.count("{") <= self._depth)
                ):
                    try:
                        fields: Any = self._decode(data)
                        count = len(fields)
                        if count == 2 or (count == 3 and fields["chunk_type"] == "json"):
                            delta, path = fields["delta"], fields["json_path"]
                    except self._closer_look:
                        pass
                if type(path) is str:
                    version = document.version
                    try:
                        kind = document.apply(path, delta)
                        self._has_deltas = True
                        if message.id is not None:  # as _record does
                            self._last_event_id = message.id
                        elif message.last_event_id:
                            self._last_event_id = message.last_event_id
                    except BaseException:
                        # An interrupt may come when the delta is applied: without its id it would be applied again.
                        if document.version != version or document.holds(delta):  # an object that is this event's own
                            self._has_deltas = True
                            self._record(message)
                        raise
                    return kind
            message = to_event(event)
            return self._apply_event(message, event)
        except StreamJSONError as error:
            self._locate(error, message)
            if not self._skips or not is_skippable(error):
                raise
            self._skip(event, error)
            if isinstance(message, _EVENT):
                self._record(message)
            return None

    def _locate(self, error: StreamJSONError, message: object) -> None:
        """Have an error tell where it happened."""
        error.event_number = self._event_number
        offset = getattr(message, "offset", None)
        error.offset = offset if isinstance(offset, int) else None
        error.last_event_id = self._last_event_id

    def _snapshot(self, since: int) -> Snapshot:
        """Return a snapshot whose `changes` begin after version `since`."""
        snapshot = self.snapshot()
        snapshot._since = since
        return snapshot

    def _close(self, end: End) -> Kind | None:
        document = self._document
        if document.torn:
            raise document.refusal()
        if document.closed:
            return None
        # Pings may come before an empty answer; an event that was not understood may have been the answer.
        if self._unheard and not self._has_deltas and (self._misunderstood or not self._has_chunks):
            raise self._no_deltas()
        try:
            repaired = document.close()
            self._end = end
        except BaseException:  # an interrupt
            if document.closed and not document.torn:
                self._end = end
            raise
        return "append" if repaired else None

    def _tell(self, kind: Kind | None) -> None:
        """Tell of the last event whom it concerns."""
        document = self._document
        if document.quiet:
            return
        if kind == "append" and document.starts[-1] < document.version and not document.closed:
            self._watch.notify_growth()  # the string that is open has grown, as by nearly every event
        else:
            self._watch.notify(kind, at_end=self._end != "open")

    def _tell_last(self, error: StreamFailedError) -> None:
        """Notify callbacks of the change that came with a failure; what they raise becomes its cause."""
        kind, error._kind = error._kind, None
        if kind is not None:
            try:
                self._tell(kind)
            except Exception as failed:
                raise error from failed

    async def _tell_last_and_await(self, error: StreamFailedError) -> None:
        kind, error._kind = error._kind, None
        if kind is not None:
            try:
                await self._tell_and_await(kind)
            except Exception as failed:
                raise error from failed

    async def _tell_and_await(self, kind: Kind | None) -> None:
        if not self._document.quiet:
            await self._watch.notify_and_await(kind, at_end=self._end != "open")

    def _add(
        self,
        pattern: str,
        callback: Callable[[Any], object],
        *,
        when_complete: bool = False,
        structurer: Structurer | None = None,
    ) -> Subscription[Any]:
        return self._watch.add(
            pattern, callback, when_complete=when_complete, structurer=structurer, on_misfit=self._on_misfit
        )

    def _check_open(self, *, may_reopen: bool = False) -> None:
        """Raise an error if the document has ended; with `may_reopen` not if that was a guess."""
        document = self._document
        if not document.closed or (may_reopen and self._end == "eof" and not document.torn):
            return
        happened = "failed" if self._has_failed else "ended"
        otherwise = ", and reopen() continues this one" if self._end == "eof" else ""
        raise document.refusal(f"the stream has {happened}; reset() begins a new document{otherwise}")

    def _check_free(self) -> None:
        """Raise an error if the document is held, as it is while callbacks are told."""
        if self._document.held:
            raise self._watch.refusal()

    @property
    def _has_failed(self) -> bool:
        """Whether nothing more is applied, though the document has not ended well."""
        return self._document.closed and self._end == "open"

    def _change(self, kind: Kind | None) -> Change | None:
        document = self._document
        return None if kind is None else make_change(document, document.version, kind, document.delta)

    # ------------------------------------------------------------------------------------------------------------------
    # the rules

    def _apply_event(self, event: ServerSentEvent[Any], given: object) -> Kind | None:
        """Apply an event, which was `given` in that or another shape."""
        data = event.data
        if is_done(event):
            self._record(event)
            return self._close("done")
        if data == "" and event.event != "error":
            if event.event not in ("message", ""):
                self._note_unheard(given)
            self._record(event)
            return None
        chunk, failure, reason = read_event(event, self._limits)
        try:
            kind = None if chunk is None else self._apply_chunk(event, chunk, given)
        except StreamJSONError as error:
            if failure is None:
                raise
            raise self._sender_failed(event, failure) from error
        if failure is not None:
            raise self._sender_failed(event, failure, kind)
        if chunk is None:
            if reason:
                why = InvalidEventError(f"the event is ignored: {reason}", code="ignored_event")
                self._locate(why, event)
                self._ignored.add(given, why)
                self._misunderstood += 1
            else:
                self._passed_over += 1
            self._note_unheard(given)
            self._record(event)
        return kind

    def _skip(self, event: object, error: StreamJSONError) -> None:
        """Count and keep an event that was rejected, and is passed over."""
        self._skipped.add(event, error)
        self._misunderstood += 1
        self._note_unheard(event)

    def _note_unheard(self, event: object) -> None:
        """Note an event that brought nothing, to be named where no other one brings anything."""
        if not self._unheard:
            data: object = getattr(event, "data", event) or f"event: {getattr(event, 'event', '')}"
            self._unheard = shorten(data, 200) if isinstance(data, str | bytes) else brief(data)

    def _apply_chunk(self, event: ServerSentEvent[Any], chunk: StreamingChunk, given: object) -> Kind | None:
        document = self._document
        rejected: StreamJSONError | None = None
        span_id = chunk.span_id
        started_over = span_id is not None and self._has_deltas and self._span_id not in (None, span_id)
        if started_over:
            if not self._reset_on_new_span:
                raise self._started_over(event, span_id)
            document = self._successor()
        version, waiting = document.version, len(document.halves)
        try:
            try:
                kind = self._apply_delta(document, chunk)
            except StreamJSONError as error:
                if not (started_over and self._skips and is_skippable(error)):
                    raise
                # The delta is skipped, but not that the sender has begun anew: what comes next belongs to the new span.
                self._locate(error, event)
                kind, rejected = None, error
            # Nothing has changed up to here but the document, which is as it was if its delta was rejected.
            self._note(event, chunk, document, started_over=started_over, is_rejected=rejected is not None)
        except BaseException:  # as in _consume
            is_begun = started_over and self._document is document
            if is_begun or document.version != version or len(document.halves) != waiting:
                self._note(event, chunk, document, started_over=started_over, is_rejected=rejected is not None)
            raise
        if rejected is not None:
            self._skip(given, rejected)
        return "set" if started_over and kind is None else kind

    def _note(
        self,
        event: ServerSentEvent[Any],
        chunk: StreamingChunk,
        document: Document,
        *,
        started_over: bool,
        is_rejected: bool,
    ) -> None:
        """Note what a chunk that was applied to `document` says of the stream. A second call changes nothing."""
        if started_over:
            if document.version > document.base:
                document.preludes.add(document.base)
            self._succeed(document)
        if chunk.span_id is not None:
            self._span_id = chunk.span_id
        self._has_chunks = True
        self._has_deltas = self._has_deltas or not (is_rejected or is_blank(chunk))
        self._record(event)

    def _apply_delta(self, document: Document, chunk: StreamingChunk) -> Kind | None:
        delta, path = chunk.delta, chunk.json_path
        if delta is MISSING or is_blank(chunk):
            return None
        if path is None:
            if not isinstance(delta, str):
                raise InvalidEventError(f"{shorten(delta)} came without a path", code="missing_path")
            try:
                return document.apply(self._prefix_text, delta)
            except ConflictError as error:  # else it would say that the root is in the way, and advise to replace it
                there = a_kind(error.found)
                message = f"{shorten(delta)} came without a path, so it is the whole document, and that holds {there}"
                error.args = (message,)
                raise
        return document.apply(path, delta)

    def _record(self, event: ServerSentEvent[Any]) -> None:
        # An id of the event's own, also an empty one, counts; else the one that persists, where the event knows it.
        if event.id is not None:
            self._last_event_id = event.id
        elif event.last_event_id:
            self._last_event_id = event.last_event_id

    def _successor(self) -> Document:
        """Return the empty document that follows this one, by a version of its own unless this one is empty too."""
        old = self._document
        base = old.version + 1 if old.version > old.base else old.version
        return Document(
            self._limits,
            prefix=self._prefix,
            replace=self._replace,
            in_order=self._in_order,
            base=base,
            lineage=old.lineage,
        )

    def _succeed(self, document: Document) -> None:
        """Go on with an empty document."""
        self._document = document
        self._begin()
        self._watch.follow(document)

    def _sender_failed(
        self, event: ServerSentEvent[Any], failure: Failure, kind: Kind | None = None
    ) -> StreamFailedError:
        """Return the error for a failure of the sender; `kind` is that of the change which came with it."""
        said = ": ".join(part for part in failure if part)
        error = self._failed(
            event, f"the sender failed: {shorten(said, 200)}" if said else "the sender failed", **failure._asdict()
        )
        error._kind = kind
        return error

    def _no_deltas(self) -> StreamFailedError:
        count = self._misunderstood
        events = f"{count} events that were not understood" if count > 1 else "an event that was not understood"
        error = self._failed(
            None,
            f"the stream ended without a delta, after {events if count else 'pings'}; the first: {self._unheard}",
            code="no_deltas",
        )
        error.last_event_id = self._last_event_id
        return error

    def _started_over(self, event: ServerSentEvent[Any], new_span_id: str | None) -> StreamFailedError:
        return self._failed(
            event,
            f"the sender started over: span {shorten(new_span_id)} came after deltas of {shorten(self._span_id)};"
            " on_new_span='reset' begins a new document, and split_streams reads a log of several",
            code="new_span",
            new_span_id=new_span_id,
        )

    def _failed(self, event: ServerSentEvent[Any] | None, message: str, **facts: str | None) -> StreamFailedError:
        """End the stream, and return the error that says why."""
        if event is not None:
            self._record(event)
        self._document.freeze()
        return StreamFailedError(message, snapshot=self.snapshot(), span_id=self._span_id, **facts)
