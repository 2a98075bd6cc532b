"""One stream from its first event to its end: verbs in, changes of the document out. It owns the policy.

A dialect says what an event brings (`_dialects`), the document applies it (`_document`), the dispatcher notifies
callbacks (`_notify`). The session decides what follows from each verb:

- `NewRun`: a run other than the one before, after deltas, means that the sender started over; see `on_new_span`.
- `Delta`, `Set`: applied in order. Without a path a delta belongs to the root; only text may come so (text mode).
- `Done`: the document is closed, `end` is `"done"`.
- `Failed`: `StreamFailedError`, final, after the deltas of the same event.
- `Foreign`: the event is rejected.
- `Nothing`: the ids are recorded. What was ignored or passed over is counted.

Each delta is applied whole or not at all. An event whose first delta is rejected leaves the document, the run and the
last event id as they were. If a later delta of the event is rejected, the deltas before it stay applied, the error's
`deltas_applied` counts them, and the id is recorded. The session remains usable; after `StreamFailedError` and `close`
only `reset` does. With `on_invalid="skip"` a rejected event is kept (`_skipped`) instead of raised, and its id is
recorded, so that a client that resumes never meets it again.

Callbacks run after the event: the caller of `consume` calls `notify`. Their errors change nothing.
Cost: O(1) beside the deltas themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .._dialects import Delta, Done, Failed, Foreign, NewRun, Nothing, Set, Verb, to_event
from .._document import MAX_FAST_BYTES, MAX_FAST_CHARS, Document, Kind, a_kind
from .._errors import ConflictError, InvalidEventError, StreamJSONError, shorten
from .._json import JSONValue
from .._paths import Path
from .._view import sender_failed, started_over
from .._wire import ServerSentEvent, StreamingChunk
from .event_progress import EventProgress
from .state import StreamState

__all__ = ["Session"]

_EVENT: Final[Any] = ServerSentEvent  # untyped: a type checker can't tell the type of its data


class Session(StreamState):
    """The state of one stream, and the rules. `Assembler` is its public face."""

    __slots__ = ()

    # ------------------------------------------------------------------------------------------------------------------
    # an event

    def consume(self, event: object) -> Kind | None:
        """Apply an event; return the kind of its last change, or None. After an error, call `notify_unreported`."""
        document = self.document
        if document.locked_by:
            raise self.dispatcher.refusal()
        self.event_number += 1
        message: Any = event
        try:
            if document.closed:
                self.check_open()
            # Hot: nearly every event comes from the wire and brings one delta.
            if type(message) is _EVENT and message.event == "message" and type(message.data) is str:
                brought = self.quick(message.data)
                if brought is not None:
                    path, delta = brought
                    version = document.version
                    kind: Kind | None = "append"
                    try:
                        # `Document.apply` again for its most frequent case, as in `Assembler.apply_delta`.
                        if (
                            path == document.open_path
                            and version < document.fast_until_version
                            and type(delta) is str
                            and 0 < (length := len(delta)) <= MAX_FAST_BYTES
                            and (delta.isascii() or (length <= MAX_FAST_CHARS and delta.isprintable()))
                        ):
                            try:
                                document.lengths.append(length)
                                document.pieces.append(delta)
                                document.delta = delta
                                document.version = version + 1  # last: INVARIANTS 1
                            except BaseException:
                                document.tear()
                                raise
                        else:
                            kind = document.go(path, delta)
                        self.has_deltas = True
                        if message.id is not None:  # as `record` does
                            self.last_event_id = message.id
                        elif message.last_event_id:
                            self.last_event_id = message.last_event_id
                    except BaseException:
                        # An interrupt may come when the delta is applied: without its id it would be applied again.
                        if document.version != version or document.pending_surrogates.is_from(delta):
                            self.has_deltas = True
                            self.record(message)
                        raise
                    return kind
            message = to_event(event)
            return self._apply(message, event)
        except StreamJSONError as error:
            self.locate(error, message)
            if not self.skips(error):
                raise
            self.skip(event, error)
            if isinstance(message, _EVENT):
                self.record(message)
            kind, self.unreported = self.unreported, None
            return kind

    def _apply(self, event: ServerSentEvent[Any], given: object) -> Kind | None:
        """Apply an event, which was `given` in that or another shape."""
        dialect, document = self.dialect, self.document
        state = dialect.state
        try:
            verbs = dialect.read(event)
            only = verbs[0]
            if type(only) is Nothing:
                self._pass_over(event, only, given)
                return None
            if type(only) is Foreign:
                raise only.error()
            return self._apply_verbs(event, verbs)
        except StreamJSONError as error:
            if not error.deltas_applied:
                dialect.state = state if self.document is document else None  # None: a new run has begun
            raise

    def _pass_over(self, event: ServerSentEvent[Any], nothing: Nothing, given: object) -> None:
        why = nothing.why
        if why == "ignored":
            error = InvalidEventError(f"the event is ignored: {nothing.reason}", code="ignored_event")
            self.locate(error, event)
            self.ignored.add(given, error)
            self.misunderstood += 1
        elif why == "passed_over":
            self.passed_over += 1
        elif why == "no_change":
            self.is_understood = True
        if why not in ("no_change", "empty"):
            self.note_unheard(given)
        self.record(event)

    def _apply_verbs(self, event: ServerSentEvent[Any], verbs: Sequence[Verb]) -> Kind | None:
        """Apply an event that brings a run, deltas, the end or a failure."""
        run, last = verbs[0], verbs[-1]
        span_id = run.span_id if type(run) is NewRun else None
        starts_over = span_id is not None and self.has_deltas and self.span_id not in (None, span_id)
        if starts_over and self.options.on_new_span == "error":
            raise self.fail(started_over(self.span_id, span_id), event)
        progress = EventProgress(self.successor() if starts_over else self.document, self.document, span_id)
        try:
            error = self._write_all(progress, verbs)
            if error is not None:
                self.locate(error, event)
            # The first delta of a new run may be skipped, but the run has begun: what follows belongs to it.
            has_begun = starts_over and error is not None and type(last) is not Failed and self.skips(error)
            if error is None or progress.applied or has_begun:
                self._note(event, progress)
        except BaseException:  # an interrupt, maybe when the event is applied: without its id it would be applied again
            if progress.has_changed() or (starts_over and self.document is progress.document):
                self._note(event, progress)
            raise
        if progress.kind is None and starts_over and self.document is progress.document:
            progress.kind = "set"  # of the reset
        if type(last) is Done and (error is None or progress.applied or self.skips(error)):  # nothing hides the end
            progress.kind = self.close("done") or progress.kind
            progress.join()
        self.unreported = None if error is None and type(last) is not Failed else progress.kind
        if type(last) is Failed:
            raise self.fail(sender_failed(last, progress.applied), event) from error
        if error is not None:
            try:
                raise error
            finally:
                del error  # it refers to this frame by its traceback
        return progress.kind

    def _write_all(self, progress: EventProgress, verbs: Sequence[Verb]) -> StreamJSONError | None:
        """Apply the deltas of an event, up to the first that is rejected; return the error for that one."""
        document = progress.document
        try:
            for verb in verbs:
                if type(verb) is Delta:
                    progress.add(self._write(document, verb))
                elif type(verb) is Set:
                    progress.add(document.set_value(verb.path, verb.value))
        except StreamJSONError as error:
            error.deltas_applied = progress.applied
            return error
        return None

    def _write(self, document: Document, delta: Delta) -> Kind | None:
        path, value = delta.path, delta.value
        if path is not None:
            return document.apply(path, value)
        if not isinstance(value, str):
            raise InvalidEventError(f"{shorten(value)} came without a path", code="missing_path")
        try:
            return document.apply(self.options.path_prefix, value)
        except ConflictError as error:  # its message would advise to replace the root
            there = a_kind(error.found)
            message = f"{shorten(value)} came without a path, so it is the whole document, and that holds {there}"
            error.args = (message,)
            raise

    def _note(self, event: ServerSentEvent[Any], progress: EventProgress) -> None:
        """Record what an event that was applied says of the stream. A second call changes nothing."""
        if progress.starts_over:
            self.succeed(progress.document)
        progress.join()
        if progress.span_id is not None:
            self.span_id = progress.span_id
        has_deltas = progress.applied > 0 or progress.has_changed()
        self.has_deltas = self.has_deltas or has_deltas
        self.is_understood = self.is_understood or has_deltas or progress.span_id is not None
        self.record(event)

    def takes_rejected(self, error: BaseException, path: str | Path, value: JSONValue) -> bool:
        """Skip a value that came without an event and was rejected; return False if its error must be raised."""
        if not isinstance(error, StreamJSONError):  # an interrupt, maybe when the delta is applied
            self.has_deltas = self.has_deltas or self.document.version > self.document.base
            return False
        error.last_event_id = self.last_event_id
        if not self.skips(error):
            return False
        self.skip(StreamingChunk(value, str(path)), error)
        return True

    def notify(self, kind: Kind | None) -> None:
        """Call the callbacks that the last event concerns."""
        document = self.document
        if document.has_no_listener:
            return
        if kind == "append" and document.has_only_grown():
            self.dispatcher.notify_growth()
        else:
            self.dispatcher.notify(kind, at_end=self.end != "open")

    async def notify_and_await(self, kind: Kind | None) -> None:
        """Do as `notify`, and await the callbacks that are coroutine functions."""
        if not self.document.has_no_listener:
            await self.dispatcher.notify_and_await(kind, at_end=self.end != "open")

    def notify_unreported(self, error: StreamJSONError) -> None:
        """Call the callbacks for the changes that an event made before its error; what they raise becomes its cause."""
        kind, self.unreported = self.unreported, None
        if kind is not None or self.document.closings:
            try:
                self.notify(kind)
            except Exception as failed:
                raise error from failed

    async def notify_unreported_and_await(self, error: StreamJSONError) -> None:
        """Do as `notify_unreported`, and await the callbacks that are coroutine functions."""
        kind, self.unreported = self.unreported, None
        if kind is not None or self.document.closings:
            try:
                await self.notify_and_await(kind)
            except Exception as failed:
                raise error from failed
