"""From a change to the callbacks: on changes and on finished values, for the locations that patterns select.

`Dispatcher` keeps the registrations. After each event that has a listener it collects the notices, pairs of a callback
and what it is called with, and calls the callbacks. The assembler asks for it, synchronously or asynchronously.

- *Order.* The values that an event has finished come first, deepest first; then its changes. A change is reported once
  for each location that matches it, in document order: the locations that contain it, from the root down, and those
  inside a container that was set whole. For one location, callbacks are called in the order of registration.
- *Errors.* A callback that raises does not stop the others. A single error of this library is raised as it is, with a
  note that names the path; any other error, and several, as an `ExceptionGroup`. The event stays applied. What is not
  an `Exception`, such as an interrupt, passes at once; a cancellation that is not the reader's own is an error of its
  callback.
- A callback may read, register and cancel. A registration applies from the next event. A callback may not apply, close
  or reset: the document is locked while callbacks run.

A location that is known to have no listener costs nothing when it changes again (see `_document`); one that has a
listener is found in the state of its container. While an `on_complete` reports values in document order, each move to
another location is looked at, because it may finish a value.

It does not know events. Cost: a transition for each location that changes for the first time, and the notices.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from inspect import isawaitable, iscoroutine
from typing import Any, Final, Literal, NoReturn, TypeAlias

from .._document import Document, Kind, Node, Step, path_to_slot, run_at, slot_at
from .._errors import StreamJSONError, shorten
from .._limits import Limits
from .._paths import Matcher, Path, Pattern, State, compile_pattern
from .._skipped import OnMisfit, Skipped
from .._view import (
    Completion,
    MatchedChange,
    PatternCursor,
    Structurer,
    change_at,
    closed_after_last,
    closed_before,
    finished_by,
    interleaved_since,
    is_there,
    lost,
    matched_change,
    preorder,
    revision_of,
    unfinished,
    was_reported,
)
from .cancellation import is_cancellation_of_another
from .listener import Listener
from .subscription import Subscription

__all__ = ["Dispatcher"]

_Notice: TypeAlias = tuple[Listener, Any]  # a callback, and the change or completion that it is called with

_MAX_SUMMARY_CHARS: Final = 200  # of an error's text, in the message of a group


class Dispatcher:
    """The registrations of one assembler, and the calls that the changes of its document cause."""

    __slots__ = (
        "__weakref__",
        "_awaits_coroutines",
        "_change_cursor",
        "_closings",
        "_coroutines",
        "_document",
        "_ended_at",
        "_idle_lock",
        "_in_order",
        "_is_end_reported",
        "_is_ready",
        "_is_stale",
        "_on",
        "_on_complete",
        "_recipients",
        "_run",
        "_skipped",
        "_value_cursor",
        "limits",
    )  # fmt: skip

    def __init__(self, document: Document, limits: Limits, skipped: Skipped) -> None:
        self.limits = limits
        self._skipped = skipped
        self._awaits_coroutines = False  # an asynchronous stream sets it
        self._on: dict[Listener, Pattern] = {}
        self._on_complete: dict[Listener, Pattern] = {}
        self._coroutines: set[Listener] = set()  # those whose callback is a coroutine function
        self._in_order = False  # whether values are reported when they are finished, not at the end
        self._closings = 0  # of the last change of a text, those that were reported or came before the registration
        self._ended_at = -1  # the version of the last end that was continued
        self._run = -1  # the last run with a listener
        self._recipients: list[tuple[Listener, Path]] = []  # of the changes of that run, with what matched
        self._is_stale = True  # whether a callback was registered or cancelled since the cursors were made
        self._is_ready = False  # whether `_recipients` are those of the open string, and none is a coroutine
        self._idle_lock: Literal["", "unawaited"] = ""  # why the document is locked while no callback runs
        self.follow(document)

    def follow(self, document: Document) -> None:
        """Follow another document: the successor of this one."""
        self._document = document
        self._is_end_reported = document.closed
        if self._on or self._on_complete:
            self._invalidate()

    @property
    def reports_changes(self) -> bool:
        """Whether a callback is registered for changes."""
        return bool(self._on)

    @property
    def reports_values(self) -> bool:
        """Whether a callback is registered for finished values."""
        return bool(self._on_complete)

    def allow_coroutines(self) -> None:
        """Allow coroutine functions as callbacks: an asynchronous stream awaits them."""
        self._awaits_coroutines = True
        if self._coroutines:
            self._invalidate()

    def reopen(self, version: int) -> None:
        """Continue after an end, which was at `version`."""
        self._is_end_reported = False
        self._ended_at = version
        self._invalidate()

    def add(
        self,
        pattern: str,
        callback: Callable[[Any], object],
        *,
        when_complete: bool,
        structurer: Structurer | None = None,
        on_misfit: OnMisfit = "raise",
    ) -> Subscription[Any]:
        """Register a callback, from the next event on."""
        if not callable(callback):
            raise TypeError(f"a callback must be a function of one argument, not {shorten(callback)}")
        if isinstance(callback, type):
            name = callback.__name__
            raise TypeError(f"{name} is a class, not a callback: into={name} converts values to it")
        count = len(self._on) + len(self._on_complete) + 1
        if self.limits.max_patterns is not None and count > self.limits.max_patterns:
            raise self.limits.exceeded("max_patterns", count)
        compiled = compile_pattern(pattern, limits=self.limits)
        if isinstance(callback, Subscription):  # a second decorator, with another pattern
            callback = callback.__wrapped__  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # of any
        document = self._document
        # Before the first event of a restored document, a callback is treated as if it had been there from the start.
        # A callback that is registered after an end did not receive what that end reported.
        is_untouched = document.version == document.untouched_version
        has_ended = document.closed or document.version == self._ended_at
        since = document.base if is_untouched else document.version + has_ended
        listener = Listener(pattern, callback, since=since, structurer=structurer, on_misfit=on_misfit)
        (self._on_complete if when_complete else self._on)[listener] = compiled
        if listener.is_coroutine:
            self._coroutines.add(listener)
        self._invalidate()
        return Subscription(listener, self)

    def remove(self, listener: Listener) -> None:
        """Cancel a callback."""
        self._on.pop(listener, None)
        self._on_complete.pop(listener, None)
        self._coroutines.discard(listener)
        self._invalidate()

    def _invalidate(self) -> None:
        """Forget which locations have a listener: the next event finds out again."""
        document = self._document
        self._closings = document.closings
        self._is_stale = True
        self._is_ready = False
        self._idle_lock = "unawaited" if self._coroutines and not self._awaits_coroutines else ""
        document.renew_listeners(self._idle_lock)

    def refusal(self) -> Exception:
        """Return the error for a call that comes while the document is locked."""
        if self._document.locked_by == "unawaited":
            return _unawaited(next(iter(self._coroutines)))
        return StreamJSONError(
            "a callback can't apply, close or reset: do that after apply() has returned", code="applying"
        )

    # ------------------------------------------------------------------------------------------------------------------
    # calling

    def notify_growth(self) -> None:
        """Notify of the growth of the open string, and of nothing else. Does what `notify` does, in half the time."""
        if not self._is_ready:
            self.notify("append")
            return
        document = self._document
        version, delta, fast_until = document.version, document.delta, document.fast_until_version
        errors: list[Exception] = []
        try:  # not `_locked`, which takes a microsecond
            document.locked_by, document.fast_until_version = "callbacks", -1  # as `Document.lock`: INVARIANTS 8
            for listener, match in self._recipients:
                if not listener.is_active:  # an earlier callback has cancelled it
                    continue
                change = matched_change(document, version, "append", delta, match)
                try:
                    result = listener.callback(change)
                    if result is not None:
                        _check_result(listener, result)
                except Exception as error:  # noqa: BLE001  # it must not stop the other callbacks
                    errors.append(_noted(error, listener, change))
        finally:
            try:  # as `Document.unlock`
                reason = self._idle_lock
                document.locked_by, document.fast_until_version = reason, -1 if reason else fast_until
            except BaseException:  # an interrupt: a locked document would stay so
                document.unlock(fast_until, self._idle_lock)
                raise
        if errors:
            _raise(errors)

    def notify(self, kind: Kind | None, *, at_end: bool = False) -> None:
        """Notify of the last event, which made a change of `kind`, or none."""
        notices = self._collect(kind, at_end=at_end)
        with self._locked() as errors:
            for listener, what in notices:
                if not listener.is_active:
                    continue
                if listener.is_coroutine:  # an asynchronous stream would await it, but this call can't
                    errors.append(_noted(_unawaited(listener), listener, what))
                    continue
                try:
                    if listener.structurer is not None and not listener.takes(what, self._skipped):
                        continue
                    _check_result(listener, listener.callback(what))
                except Exception as error:  # noqa: BLE001  # as above
                    errors.append(_noted(error, listener, what))

    async def notify_and_await(self, kind: Kind | None, *, at_end: bool = False) -> None:
        """Do what `notify` does, and await what the callbacks return, one after the other."""
        notices = self._collect(kind, at_end=at_end)
        with self._locked() as errors:
            for listener, what in notices:
                if not listener.is_active:
                    continue
                try:
                    if listener.structurer is not None and not listener.takes(what, self._skipped):
                        continue
                    result = listener.callback(what)
                    if isawaitable(result):
                        await result
                except Exception as error:  # noqa: BLE001  # as above
                    errors.append(_noted(error, listener, what))
                except BaseException as error:
                    if not is_cancellation_of_another(error):
                        raise
                    cancelled = RuntimeError("something that the callback awaited was cancelled")
                    cancelled.__cause__ = error
                    errors.append(_noted(cancelled, listener, what))

    @contextmanager
    def _locked(self) -> Generator[list[Exception], None, None]:
        """Lock the document in the block, and raise the errors that the block has collected."""
        document = self._document
        errors: list[Exception] = []
        fast_until = document.fast_until_version
        try:
            document.lock()
            yield errors
        finally:
            try:
                document.unlock(fast_until, self._idle_lock)
            except BaseException:  # as above
                document.unlock(fast_until, self._idle_lock)
                raise
        if errors:
            _raise(errors)

    # ------------------------------------------------------------------------------------------------------------------
    # collecting

    def _collect(self, kind: Kind | None, *, at_end: bool) -> list[_Notice]:
        """Return the notices of the last event, in order."""
        document = self._document
        notices: list[_Notice] = []
        if self._is_stale and (kind is not None or at_end):
            self._make_cursors()
        if kind is not None:
            self._is_ready = False
            for version, change_kind, delta in _changes(document, kind):
                self._move_to(version, notices)
                for listener, match in self._recipients:
                    notices.append((listener, matched_change(document, version, change_kind, delta, match)))
            document.mark_quiet(is_quiet=not self._recipients)
            self._is_ready = not self._coroutines
        if document.closes_values and document.closings > self._closings and self._on_complete:
            if self._is_stale:
                self._make_cursors()
            self._add_closed(closed_after_last(document, self._value_cursor, self._closings), document.version, notices)
            self._closings = document.closings
        if at_end and not self._is_end_reported:
            self._is_end_reported = True
            if self._on_complete:  # else the search for unfinished values is not needed
                self._collect_at_end(notices)
        return notices

    def _make_cursors(self) -> None:
        document = self._document
        self._is_stale = False
        self._change_cursor = PatternCursor(Matcher([(pattern, one) for one, pattern in self._on.items()]))
        self._value_cursor = PatternCursor(Matcher([(pattern, one) for one, pattern in self._on_complete.items()]))
        self._in_order = False
        if self._on_complete:  # else the search for a return is not needed
            returned = interleaved_since(document)  # maybe by a later change of the event that is collected
            self._in_order = returned is None or returned >= document.event_of(document.version)[0]
        self._run = -1

    def _move_to(self, version: int, notices: list[_Notice]) -> None:
        """Find the recipients of the change at `version`; add the values that it has finished."""
        document = self._document
        if version == document.base:  # a reset is a change of the root
            self._recipients = [(one, Path()) for one in self._change_cursor.matcher.start.targets]
            return
        starts = document.starts
        run = len(starts) - 1 if version == document.version else run_at(document, version)
        if starts[run] == version and self._in_order and run > 0:
            self._collect_finished(run, notices)
        if run != self._run:  # else the recipients are the same
            self._run, self._recipients = run, self._find_recipients(run)

    def _find_recipients(self, run: int) -> list[tuple[Listener, Path]]:
        """Return the callbacks for the changes of a run, each with the location that matches."""
        document = self._document
        node, key, version = document.nodes[run], document.keys[run], document.starts[run]
        state = self._change_cursor.at(document, node, key)
        # The same event may have replaced the value since.
        thing = node.entries[key] if node.history is None else slot_at(node, key, version)
        recipients: list[tuple[Listener, Path]] = []
        if state.matches_from_root:
            steps = path_to_slot(document.root_slot, node, key)[1:]
            for depth, listeners in state.matches_from_root:
                match = Path(steps[:depth])
                recipients.extend((one, match) for one in listeners)
        if state.live and type(thing) is Node:
            for under, step, _, found in preorder(node, key, thing, state, version):
                if under is not node:  # the location itself is in `matches_from_root`
                    match = Path(path_to_slot(document.root_slot, under, step)[1:])
                    recipients.extend((one, match) for one in found.targets)
        if not recipients and not self._in_order:
            document.ignore(node, key, whole=self._change_cursor.is_dead(node))
        return recipients

    def _collect_finished(self, run: int, notices: list[_Notice]) -> None:
        """Add the values that the first change of a run has finished, while the stream is in document order."""
        document = self._document
        version = document.starts[run] - 1
        if document.closes_values:
            self._add_closed(closed_before(document, run, self._value_cursor, self._closings), version, notices)
            self._closings = 0
            return
        returned = interleaved_since(document)
        if returned is not None and returned <= version + 1:
            self._in_order = False
            if not self._on:  # nothing is reported until the end
                document.ignore_all()
            return
        for node, key, state in finished_by(document, run, self._value_cursor):
            path = Path(path_to_slot(document.root_slot, node, key)[1:])
            for one in state.targets:
                done: Completion[Any] = Completion(document, path, version, 1, one.pattern)
                notices.append((one, done))

    def _add_closed(
        self, closed: Iterable[tuple[Node, Step, State[Listener]]], version: int, notices: list[_Notice]
    ) -> None:
        """Add values that a text has closed."""
        document = self._document
        for node, key, state in closed:
            steps = path_to_slot(document.root_slot, node, key)
            path, revision = Path(steps[1:]), revision_of(document, steps, version)
            for one in state.targets:
                done: Completion[Any] = Completion(document, path, version, revision, one.pattern)
                notices.append((one, done))

    def _collect_at_end(self, notices: list[_Notice]) -> None:
        """Add the values that only the end has finished, and those that were reported too early."""
        document = self._document
        version = document.version
        for node, key, state in (*lost(document, self._value_cursor), *unfinished(document, self._value_cursor)):
            steps = path_to_slot(document.root_slot, node, key)
            path = Path(steps[1:])
            for one in state.targets:
                revision = 2 if was_reported(document, steps, one.since) else 1
                if revision == 2 or is_there(document, steps, version):
                    done: Completion[Any] = Completion(document, path, version, revision, one.pattern)
                    notices.append((one, done))


def _changes(document: Document, kind: Kind) -> list[tuple[int, Kind, Any]]:
    """Return the version, kind and delta of each change of the last event; the last one is the event's own."""
    version = document.version
    first = document.event_of(version)[0]
    changes = [(one, *change_at(document, one)) for one in range(first, version)] if first < version else []
    changes.append((version, kind, document.delta))
    return changes


def _check_result(listener: Listener, result: object) -> None:
    """Raise `TypeError` if a plain function has returned a coroutine, as `lambda change: send(change)` does."""
    if iscoroutine(result):
        result.close()
        raise _unawaited(listener)


def _unawaited(listener: Listener) -> TypeError:
    return TypeError(
        f"the callback on {shorten(listener.pattern)} returns a coroutine, which nothing would await: iterate over"
        " assemble() of an asynchronous source, or register a plain function"
    )


def _noted(error: Exception, listener: Listener, what: MatchedChange | Completion[Any]) -> Exception:
    with suppress(Exception):  # an error may refuse notes, as a frozen dataclass does
        error.add_note(f"for the callback on {listener.pattern}, at {str(what.match) or 'the root'}")
    return error


def _raise(errors: list[Exception]) -> NoReturn:
    first, count = errors[0], len(errors)
    try:
        if count == 1 and isinstance(first, StreamJSONError):
            raise first
        callbacks = "1 callback" if count == 1 else f"{count} callbacks"
        raise ExceptionGroup(f"{callbacks} failed, but the event is applied; first: {_summary(first)}", errors)
    finally:
        errors.clear()  # the errors hold the frames that hold this list, by their tracebacks: a cycle
        del first


def _summary(error: Exception) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # it must not hide the other errors
        text = ""
    text = text or type(error).__name__
    return text if len(text) <= _MAX_SUMMARY_CHARS else f"{text[: _MAX_SUMMARY_CHARS - 3]}..."
