"""The assembler: events in, changes out. It wires the stages and owns the policy; you own the loop.

What an event does, in this order:

1. data exactly `[DONE]`: the document is closed, `end` is `"done"`;
2. an error (`event: error`, `chunk_type` `"error"`, or an error's fields and no delta): `StreamFailedError`, final;
3. empty data: the ids are recorded;
4. an event of another type than `message` that brings neither a delta nor a span id: passed over, and counted;
5. another span id than the one before, after deltas: the sender started over, see `on_new_span`;
6. no delta: ids and span are recorded;
7. a delta with a path: applied there; `""` is the root;
8. a delta without a path: null and `""` change nothing, other text makes the root one growing string (text mode).

Then callbacks are told (`_callbacks`), and what they raise changes nothing.

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
from typing import Any, Final, Literal, Self, TypedDict, TypeVar, Unpack, overload

from ._callbacks import Subscription, Watch
from ._checkpoint import KIND, load, members_of, save
from ._chunks import DONE, chunk_of_error, chunk_of_other_type, is_blank, is_error
from ._completion import Completion, Structurer, structurer_of
from ._document import Document
from ._envelope import seal
from ._errors import (
    CheckpointError,
    ConflictError,
    InvalidEventError,
    InvalidPathError,
    StreamFailedError,
    StreamJSONError,
    shorten,
)
from ._events import (
    CHUNK_VALUES,
    MISSING,
    JSONValue,
    ServerSentEvent,
    StreamingChunk,
    quick_decoder,
    to_chunk,
    to_event,
)
from ._limits import Limits, check_limits
from ._log import SHORT, WIDE, Kind
from ._path import Path, parse_path
from ._pattern import compile_pattern
from ._places import a_kind
from ._skipped import Skipped, SkippedEvent, is_skippable
from ._snapshot import UNREAD, Change, End, Snapshot, make_change

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


_READABLE: Final = 128  # levels that any decoder of JSON reads
_EVENT: Final[Any] = ServerSentEvent  # for a type checker, which can't tell of what it is generic


class Assembler:
    """Turns events into the growing document, one `apply` at a time.

    `path_prefix` is what every path of the stream begins with and what is taken off (`"response"`); `limits` bound what
    a stream may build. `on_conflict="replace"` lets a delta that does not fit what is there take its place, instead
    of `ConflictError`. `on_new_span="reset"` begins an empty document when the sender starts over, instead of
    `StreamFailedError`. `on_invalid="skip"` passes over an event that is rejected, and keeps it in `skipped`, instead
    of raising its error. `completion="end"` takes no value for finished before the stream has ended, for senders that
    write several fields at once; with `"order"` one is when the next delta lands outside of it.

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
        self._limits = limits
        self._prefix_text = path_prefix
        self._prefix = parse_path(path_prefix, limits=limits)
        self._replace = on_conflict == "replace"
        self._reset_on_new_span = on_new_span == "reset"
        self._skips = on_invalid == "skip"
        self._skipped = Skipped()
        self._in_order = completion == "order"
        self._document = Document(limits, prefix=self._prefix, replace=self._replace, in_order=self._in_order)
        self._watch = Watch(self._document, limits)
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

    def _begin(self) -> None:
        self._end: End = "open"
        self._span_id: str | None = None
        self._last_event_id = ""
        self._has_deltas = False
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
        """The number of events that were rejected and passed over, with `on_invalid="skip"`."""
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
        kind = self._consume(event)
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
                    document.version = version = document.version + 1
                except BaseException:
                    document.tear()
                    raise
                if not document.quiet:
                    self._watch.tell_growth()
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
            self._skipped.add(StreamingChunk(delta, str(path)), error)
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
        can make. A value that does not fit is a `StructureError`, which comes out of `apply` as what callbacks raise.

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
        """
        self._check_free()
        kind = self._close("eof")
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
        if self._end != "open" or members["failed"]:
            document.freeze()
        self._document = document
        self._watch.follow(document)

    # ------------------------------------------------------------------------------------------------------------------
    # for `_stream`, which needs no `Change`

    def _consume(self, event: object) -> Kind | None:
        """Apply an event. Errors tell where they happened."""
        document = self._document
        if document.held:
            raise self._watch.refusal()
        self._event_number += 1
        message: Any = event
        try:
            if document.closed:
                happened = "failed" if self._end == "open" else "ended"
                raise document.refusal(f"the stream has {happened}; reset() begins a new document")
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
            return self._apply_event(message)
        except StreamJSONError as error:
            self._locate(error, message)
            if not self._skips or not is_skippable(error):
                raise
            self._skipped.add(event, error)
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
            self._watch.tell_growth()  # the string that is open has grown, as by nearly every event
        else:
            self._watch.tell(kind, at_end=self._end != "open")

    async def _tell_and_await(self, kind: Kind | None) -> None:
        if not self._document.quiet:
            await self._watch.tell_and_await(kind, at_end=self._end != "open")

    def _add(
        self,
        pattern: str,
        callback: Callable[[Any], object],
        *,
        when_complete: bool = False,
        structurer: Structurer | None = None,
    ) -> Subscription[Any]:
        return self._watch.add(pattern, callback, when_complete=when_complete, structurer=structurer)

    def _check_free(self) -> None:
        """Raise an error if the document is held, as it is while callbacks are told."""
        if self._document.held:
            raise self._watch.refusal()

    def _change(self, kind: Kind | None) -> Change | None:
        document = self._document
        return None if kind is None else make_change(document, document.version, kind, document.delta)

    # ------------------------------------------------------------------------------------------------------------------
    # the rules

    def _apply_event(self, event: ServerSentEvent[Any]) -> Kind | None:
        data = event.data
        if data == DONE:
            self._record(event)
            return self._close("done")
        if event.event == "error":
            raise self._sender_failed(event, chunk_of_error(data, self._limits))
        if data == "":
            self._record(event)
            return None
        is_plain = event.event in ("message", "")
        chunk = to_chunk(data, self._limits) if is_plain else chunk_of_other_type(data, self._limits)
        if chunk is None:
            self._passed_over += 1
            self._record(event)
            return None
        if is_error(chunk):
            raise self._sender_failed(event, chunk)
        return self._apply_chunk(event, chunk)

    def _apply_chunk(self, event: ServerSentEvent[Any], chunk: StreamingChunk) -> Kind | None:
        document = self._document
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
                self._skipped.add(event, error)
                kind = None
            # Nothing has changed up to here but the document, which is as it was if its delta was rejected.
            self._note(event, chunk, document, started_over=started_over)
        except BaseException:  # as in _consume
            is_begun = started_over and self._document is document
            if is_begun or document.version != version or len(document.halves) != waiting:
                self._note(event, chunk, document, started_over=started_over)
            raise
        return "set" if started_over and kind is None else kind

    def _note(
        self, event: ServerSentEvent[Any], chunk: StreamingChunk, document: Document, *, started_over: bool
    ) -> None:
        """Note what a chunk that was applied to `document` says of the stream. A second call changes nothing."""
        if started_over:
            if document.version > document.base:
                document.preludes.add(document.base)
            self._succeed(document)
        if chunk.span_id is not None:
            self._span_id = chunk.span_id
        self._has_deltas = self._has_deltas or not is_blank(chunk)
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

    def _sender_failed(self, event: ServerSentEvent[Any], chunk: StreamingChunk | None) -> StreamFailedError:
        if chunk is None:  # data that is no chunk is the message
            error_type, error_message = None, event.data if isinstance(event.data, str) else None
        else:
            error_type, error_message = chunk.error_type, chunk.error_message
        told = ": ".join(part for part in (error_type, error_message) if part)
        return self._failed(
            event,
            f"the sender failed: {shorten(told, 200)}" if told else "the sender failed",
            error_type=error_type,
            error_message=error_message,
        )

    def _started_over(self, event: ServerSentEvent[Any], new_span_id: str | None) -> StreamFailedError:
        return self._failed(
            event,
            f"the sender started over: span {shorten(new_span_id)} came after deltas of {shorten(self._span_id)};"
            " on_new_span='reset' begins a new document",
            code="new_span",
            new_span_id=new_span_id,
        )

    def _failed(self, event: ServerSentEvent[Any], message: str, **facts: str | None) -> StreamFailedError:
        """End the stream, and return the error that says why."""
        self._record(event)
        self._document.freeze()
        return StreamFailedError(message, snapshot=self.snapshot(), span_id=self._span_id, **facts)
