"""The assembler: events in, changes and snapshots out. It is the public face of a session; you own the loop.

The dialect (`_dialects`) and the session (`_session`), which has the rules, decide what an event does. This module adds
what callers hold: `Change`, `Snapshot`, callbacks (`_notify`), and checkpoints (`_resume`).

Cost: O(1) for each event beside the delta itself; see `_document`.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NoReturn, Self, Unpack

from ._dialects import DIALECTS
from ._document import MAX_FAST_BYTES, MAX_FAST_CHARS, Kind
from ._errors import CheckpointError, InvalidPathError, StreamJSONError, shorten
from ._json import JSONValue
from ._limits import Limits, check_limits
from ._notify import Dispatcher, Registration
from ._paths import Path
from ._resume import KIND, load, members_of, save, seal
from ._session import AssemblerOptions, Options, make_session
from ._skipped import OnMisfit, SkippedEvent
from ._view import OF_LAST_EVENT, UNREAD, Change, End, Snapshot, make_change, note_closings

__all__ = ["Assembler"]

# Members of a checkpoint that are attributes of the session, by their name there.
_SAVED: Final = {
    "end": "end",
    "span_id": "span_id",
    "last_event_id": "last_event_id",
    "has_deltas": "has_deltas",
    "event_number": "event_number",
    "passed_over": "passed_over",
    "has_chunks": "is_understood",
    "misunderstood": "misunderstood",
    "unheard": "first_unheard",
}


class Assembler(Registration):
    """Turns events into the growing document, one `apply` at a time.

    - `path_prefix`: what every path of the stream begins with, and what is taken off (`"response"`).
    - `limits`: the bounds on what a stream may build.
    - `dialect`: how events are read. `"chunks"` is the wire of deltas and paths (docs/wire.md); with `"json_text"` the
      events, or pieces of text or bytes, are those of the document's JSON text (docs/text.md).
    - `wrapper`: what may be around a JSON text: `"fence"`, a code fence, or `"prose"`.
    - `on_conflict="replace"`: a delta that does not fit what is there replaces it, instead of `ConflictError`.
    - `on_new_span="reset"`: an empty document begins when the sender starts over, instead of `StreamFailedError`.
    - `on_invalid="skip"`: a rejected event is kept in `skipped`, instead of its error being raised.
    - `completion="end"`: no value is finished before the stream has ended, for senders that write several fields at
      once. With `"order"` a value is finished when the next delta lands outside of it.
    - `on_misfit="skip"`: a finished value that does not fit its `into` is kept in `skipped`, instead of its
      `StructureError` being raised. A function does the same, and is called with the error.

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
        dialect: str = "chunks",
        wrapper: Literal["fence", "prose"] | None = None,
        on_conflict: Literal["error", "replace"] = "error",
        on_new_span: Literal["error", "reset"] = "error",
        on_invalid: Literal["raise", "skip"] = "raise",
        completion: Literal["order", "end"] = "order",
        on_misfit: OnMisfit = "raise",
    ) -> None:
        self._session = make_session(
            Options(
                path_prefix=path_prefix,
                limits=limits,
                dialect=dialect,
                wrapper=wrapper,
                on_conflict=on_conflict,
                on_new_span=on_new_span,
                on_invalid=on_invalid,
                completion=completion,
                on_misfit=on_misfit,
            )
        )

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse `copy`, `deepcopy` and `pickle`: callbacks and identities would be lost."""
        raise TypeError("an Assembler can't be copied or pickled: use Assembler.restore(assembler.checkpoint())")

    def _listeners(self) -> tuple[Dispatcher, OnMisfit]:
        return self._session.dispatcher, self._session.options.on_misfit

    # ------------------------------------------------------------------------------------------------------------------
    # the state of the stream

    @property
    def version(self) -> int:
        """The number of changes so far; it never goes back."""
        return self._session.document.version

    @property
    def span_id(self) -> str | None:
        """The execution that the document belongs to."""
        return self._session.span_id

    @property
    def last_event_id(self) -> str:
        """The id to resume after: that of the last event that was applied or passed over; "" if there was none."""
        return self._session.last_event_id

    @property
    def end(self) -> End:
        """Whether the document has ended, and how: `"open"`, `"done"` (`[DONE]`) or `"eof"` (`close()`)."""
        return self._session.end

    @property
    def passed_over(self) -> int:
        """The number of events of other types (`ping`, `keepalive`) that were passed over."""
        return self._session.passed_over

    @property
    def skipped_count(self) -> int:
        """The number of rejected events that were skipped, with `on_invalid="skip"`.

        With `on_misfit` also of finished values that do not fit.
        """
        return self._session.skipped.count

    @property
    def skipped(self) -> tuple[SkippedEvent, ...]:
        """The last 100 of these events, oldest first, each with its error.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler(on_invalid="skip")
        >>> assembler.apply({"delta": "Jane", "json_path": "people[-1].name"})
        >>> assembler.skipped_count, assembler.skipped[0].error.code
        (1, 'negative_index')
        """
        return tuple(self._session.skipped.last)

    @property
    def ignored_count(self) -> int:
        """The number of events that have none of the fields of a chunk, or a path without a delta.

        They change nothing. They may mean that the stream is of another protocol.
        """
        return self._session.ignored.count

    @property
    def ignored(self) -> tuple[SkippedEvent, ...]:
        """The last 100 of these events, oldest first, each with an error that says why it was ignored.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> assembler.apply({"model": "m-1"})
        >>> assembler.ignored[0].error.message
        'the event is ignored: it has none of the fields of a chunk'
        """
        return tuple(self._session.ignored.last)

    # ------------------------------------------------------------------------------------------------------------------
    # changes

    def apply(self, event: object) -> Change | None:
        """Apply one event; return its last change, or None if nothing changed.

        `event` is a `ServerSentEvent`, a `StreamingChunk`, a mapping of either shape, or an object of another library
        with `.data`: JSON text, or a model with the chunk's attributes. docs/wire.md says what each event does.
        If the event makes several changes, `Change.event_changes` has them all.

        Raises `InvalidEventError`, `InvalidPathError`, `ConflictError` or `LimitExceededError` for a rejected event,
        `StreamFailedError` when the sender failed, `ClosedError` after the end, and an `ExceptionGroup` of the errors
        that callbacks raised; then the event is applied. With `on_invalid="skip"` a rejected event is skipped;
        `LimitExceededError` is still raised where the document, or a string in it, is full.
        """
        session = self._session
        try:
            kind = session.consume(event)
        except StreamJSONError as error:
            session.notify_unreported(error)
            raise
        document = session.document
        if not document.has_no_listener:
            session.notify(kind)
        return kind and make_change(document, document.version, kind, document.delta)

    def apply_delta(self, path: str | Path, delta: JSONValue) -> Change | None:
        """Apply one delta at a path of the stream, with its prefix; return the change, or None if nothing changed.

        Has the effect of `apply` with a chunk of the two, without the event around it, and raises the same errors.

        >>> import streamjson as sj
        >>> sj.Assembler().apply_delta("total", 12)
        <Change 1: set 12 at total>
        """
        session = self._session
        document = session.document
        kind: Kind = "append"
        # Hot: the first lines of `Document.apply` again, for its most frequent case. A call less saves a fifth.
        if (
            path == document.open_path
            and document.version < document.fast_until_version
            and type(delta) is str
            and 0 < (length := len(delta)) <= MAX_FAST_BYTES
            and (delta.isascii() or (length <= MAX_FAST_CHARS and delta.isprintable()))
        ):
            try:
                document.lengths.append(length)
                document.pieces.append(delta)
                document.delta = delta
                document.version = version = document.version + 1  # last: INVARIANTS 1
            except BaseException:
                document.tear()
                raise
            if not document.has_no_listener:
                session.dispatcher.notify_growth()
        else:
            if document.locked_by:
                session.check_unlocked()
            try:
                made = document.go(path, delta)
                session.has_deltas = True
            except BaseException as error:
                if session.takes_rejected(error, path, delta):
                    return None
                raise
            if made is None:
                return None
            kind = made
            if not document.has_no_listener:
                session.notify(kind)
            version, delta = document.version, document.delta
        change = Change()  # as make_change does
        change._document, change._delta = document, delta  # noqa: SLF001  # hot: see INVARIANTS 8
        change.version = version
        change.kind = kind
        return change

    def set_value(self, path: str | Path, value: JSONValue) -> Change | None:
        """Set the value at a path of the stream, with its prefix, whatever is there; return the change.

        A string, too, is replaced instead of extended, and there is no conflict and no null in between. Returns None if
        an equal scalar or string is there already. On the way to the target the rules of deltas hold: a path through a
        string is a `ConflictError`. Raises what `apply_delta` raises.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("status", "running")
        >>> assembler.set_value("status", "done")
        <Change 2: set 'done' at status>
        """
        session = self._session
        session.check_unlocked()
        try:
            kind = session.document.set_value(path, value)
            session.has_deltas = True
        except BaseException as error:
            if session.takes_rejected(error, path, value):
                return None
            raise
        if kind is not None:
            session.notify(kind)
        return session.change(kind)

    def close(self) -> Change | None:
        """End the document: it is complete, and `end` is `"eof"`. After the end it does nothing.

        Returns the change if half a surrogate pair was pending and becomes U+FFFD, else None.
        After `StreamFailedError` the document stays as it is, not complete.

        Raises `StreamFailedError` (`no_deltas`) if events came and none of them was understood and brought a delta.
        """
        session = self._session
        session.check_unlocked()
        kind = session.close("eof")
        session.notify(kind)
        return session.change(kind)

    def reopen(self) -> Change | None:
        """Continue a document that has ended with `"eof"`: that end was a guess, and more of the document follows.

        If the end has repaired half a surrogate pair, the half is pending again: the returned change sets its string
        without U+FFFD; else it is None. Values that were reported as complete are reported again, with `revision` 2, at
        the next end if they have changed by then. A document that has not ended stays as it is.

        Raises `ClosedError` after `[DONE]` or a failure, which are no guesses; `LimitExceededError` where the document
        is full.

        >>> import streamjson as sj
        >>> assembler = sj.Assembler()
        >>> _ = assembler.apply_delta("name", "Ja"), assembler.close()  # the connection broke between two events
        >>> assembler.reopen()
        >>> assembler.apply_delta("name", "ne").value
        'Jane'
        """
        session = self._session
        kind = session.reopen()
        session.notify(kind)
        return session.change(kind)

    def reset(self) -> Change | None:
        """Begin an empty document, also after the end. Options stay; the span and the last event id are forgotten.

        Returns the change, a set of `MISSING` at the root; None if the document is empty already.
        Snapshots of the old document stay as they are. Version numbers continue.
        """
        session = self._session
        kind = session.reset()
        session.notify(kind)
        return session.change(kind)

    # ------------------------------------------------------------------------------------------------------------------
    # what can be kept

    def snapshot(self) -> Snapshot:
        """Return the document as it is now. O(1), for a document of any size."""
        session = self._session  # hot: the body of `Session.snapshot` again, a call less
        document = session.document
        snapshot = Snapshot()  # no __init__, as of Change
        snapshot.version = version = document.version
        snapshot.end = session.end
        snapshot.span_id = session.span_id
        snapshot.last_event_id = session.last_event_id
        first = session.first_snapshot
        is_first = first.version != version
        shown = UNREAD if is_first else first
        snapshot._document, snapshot._since, snapshot._value = document, OF_LAST_EVENT, shown  # noqa: SLF001  # hot: see INVARIANTS 8
        if is_first:
            session.first_snapshot = snapshot
        if document.closings:
            note_closings(snapshot, document)
        return snapshot

    def checkpoint(self) -> bytes:
        """Return everything that is needed to continue later, or elsewhere, as bytes to be saved: see `restore`.

        It is one JSON object with a digest that detects damage; docs/resume.md describes the format. It contains
        neither the history nor the callbacks, and no options but `path_prefix`, `completion`, `dialect` and `wrapper`.

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
        session = self._session
        return seal(
            KIND,
            {
                **_fixed(session.options),
                "dialect_state": session.save_dialect(),
                "failed": session.has_failed and not session.can_be_mended(),
                "skipped_count": session.skipped.count,
                "ignored_count": session.ignored.count,
                **{name: getattr(session, attribute) for name, attribute in _SAVED.items()},
                **save(session.document),
            },
        )

    @classmethod
    def restore(cls, data: bytes, **options: Unpack[AssemblerOptions]) -> Self:
        """Return an assembler that continues where the one that made the checkpoint was.

        `options` are an assembler's. `path_prefix`, `completion`, `dialect` and `wrapper` are those of the checkpoint;
        other ones are refused. Register callbacks again before the next event; they are not called for values that were
        finished before. The history is gone: `changes_since` an older version is one set at the root. Version numbers
        continue.

        Raises `CheckpointError` for data that is not a checkpoint (`bad_checkpoint`), is of a newer version
        (`newer_format`) or of other options (`other_options`), `LimitExceededError` where the document exceeds
        `limits`, and the errors of invalid options. O(document).
        """
        limits: Any = options.get("limits", Limits())
        check_limits(limits)
        members = members_of(data, limits)
        saved = {name: members[name] for name in ("path_prefix", "completion", "dialect", "wrapper")}
        if saved["dialect"] not in DIALECTS:
            raise CheckpointError(f"the checkpoint was made with an unknown dialect: {shorten(saved['dialect'])}")
        given: dict[str, Any] = {**saved, **options}
        try:
            assembler = cls(**given)
        except InvalidPathError as error:
            if "path_prefix" in options:
                raise
            raise CheckpointError(f"the checkpoint's path_prefix can't be: {shorten(str(error), 200)}") from None
        for name, value in _fixed(assembler._session.options).items():
            if value != saved[name]:
                raise CheckpointError(
                    f"the checkpoint was made with {name}={shorten(saved[name])}, not {shorten(value)}",
                    code="other_options",
                )
        assembler._take_up(members)
        return assembler

    def _take_up(self, members: dict[str, Any]) -> None:
        """Continue from a checkpoint."""
        session = self._session
        document = load(members, session.options.limits, session.new_document)
        for name, attribute in _SAVED.items():
            setattr(session, attribute, members[name])
        session.skipped.count, session.ignored.count = members["skipped_count"], members["ignored_count"]
        if session.end != "open" or members["failed"]:
            document.freeze()
        session.take_up(document, members["dialect_state"])


def _fixed(options: Options) -> dict[str, str | None]:
    """Return the options that belong to the document, as a checkpoint has them."""
    return {
        "path_prefix": str(options.prefix),
        "completion": options.completion,
        "dialect": options.dialect,
        "wrapper": options.wrapper,
    }
