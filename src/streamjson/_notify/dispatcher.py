"""Who is told what: callbacks on changes and on finished values, for the locations that patterns select.

`Watch` keeps the registrations and finds out, after each event that concerns somebody, whom to tell what. The
assembler asks it, in a synchronous or an asynchronous way.

- *Order.* What an event has finished comes first, deepest first; then its changes. One change is told once for each
  location that matches it, in document order: those that contain it from the root on, and those inside a container
  that was set whole. For one location the callbacks are called in the order of their registration.
- *Errors.* A callback that raises does not keep the others from being called. A single error of this library is raised
  as it is, with a note that names the path; any other, and several, as an `ExceptionGroup`. The event stays applied.
  What is not an `Exception`, such as an interrupt, passes at once; a cancellation that is not the reader's own is an
  error of its callback.
- A callback may read, register and cancel. A registration applies from the next event. It may not apply, close or
  reset: the document is held while they are told.

A location that is touched again concerns nobody if it is known to be ignored (see `_document`), at no cost; one that
does is found in the state of its container. While an `on_complete` waits for values in document order, each move to
another location is looked at, for it may finish something.

It does not know events. Cost: a transition for a location that is touched first, and what is told.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from inspect import isawaitable, iscoroutine
from typing import Any, Final, Literal, NoReturn

from .._document import MANY, Document, Kind, Node, Text, run_at, trail
from .._errors import StreamJSONError, shorten
from .._limits import Limits
from .._paths import Matcher, Path, Pattern, compile_pattern
from .._skipped import OnMisfit, Skipped
from .._view import (
    Along,
    Completion,
    MatchedChange,
    Structurer,
    finished_by,
    is_there,
    lost,
    prelude,
    preorder,
    returned_at,
    unfinished,
    was_reported,
)
from .subscription import Subscription
from .tasks import is_cancellation_of_another

__all__ = ["Watch"]


_new: Final = object.__new__
_SHOWN: Final = 200  # characters of an error's text in the message of a group


class Watch:
    """The registrations of one assembler, and what the changes of its document mean to them."""

    __slots__ = (
        "__weakref__",
        "_alerts",
        "_awaited",
        "_changes",
        "_document",
        "_ended_at",
        "_in_order",
        "_is_over",
        "_is_ready",
        "_is_stale",
        "_limits",
        "_on",
        "_on_complete",
        "_refuses",
        "_run",
        "_skipped",
        "_values",
        "awaits",
    )  # fmt: skip

    def __init__(self, document: Document, limits: Limits, skipped: Skipped) -> None:
        self._limits = limits
        self._skipped = skipped
        self.awaits = False  # whether coroutines are awaited: an asynchronous stream sets it
        self._awaited: set[Subscription[Any]] = set()
        self._on: dict[Subscription[Any], Pattern] = {}
        self._on_complete: dict[Subscription[Any], Pattern] = {}
        self._in_order = False  # whether values are told as they are finished
        self._ended_at = -1  # the version at which the document last ended and was reopened
        self._run = -1  # the last one that concerned somebody
        self._alerts: list[tuple[Subscription[Any], Path]] = []  # and whom
        self._is_stale = True  # whether somebody has registered or cancelled since
        self._is_ready = False  # whether it is known whom the string that is open concerns, and nobody is to be awaited
        self._refuses: Literal["", "unawaited"] = ""  # why nothing may change
        self.follow(document)

    def follow(self, document: Document) -> None:
        """Go on with another document: the successor of this one."""
        self._document = document
        self._is_over = document.closed  # whether the end has been told
        if self._on or self._on_complete:
            self._expire()

    def await_coroutines(self) -> None:
        """Let callbacks be coroutine functions, as an asynchronous stream awaits them."""
        self.awaits = True
        if self._awaited:
            self._expire()

    def reopen(self, version: int) -> None:
        """Continue after the end, which was at a version."""
        self._is_over = False
        self._ended_at = version
        self._expire()

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
            raise TypeError(f"a callback is a function of what happened, not {shorten(callback)}")
        if isinstance(callback, type):
            name = callback.__name__
            raise TypeError(f"{name} is a class, not a callback: into={name} makes values of it")
        count = len(self._on) + len(self._on_complete) + 1
        if self._limits.max_patterns is not None and count > self._limits.max_patterns:
            raise self._limits.exceeded("max_patterns", count)
        compiled = compile_pattern(pattern, limits=self._limits)
        if isinstance(callback, Subscription):  # of another pattern, by a second decorator
            callback = callback.__wrapped__  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # of any
        document = self._document
        # Before the first event of a restored document it is as if the callback had been there from the start.
        # And what its end has reported was not reported to one that is registered after that.
        is_untouched = document.version == document.untouched
        has_ended = document.closed or document.version == self._ended_at
        since = document.base if is_untouched else document.version + has_ended
        subscription = Subscription(
            pattern, callback, owner=self, since=since, structurer=structurer, on_misfit=on_misfit
        )
        (self._on_complete if when_complete else self._on)[subscription] = compiled
        if subscription._is_awaited:
            self._awaited.add(subscription)
        self._expire()
        return subscription

    def remove(self, subscription: Subscription[Any]) -> None:
        """Cancel a callback."""
        self._on.pop(subscription, None)
        self._on_complete.pop(subscription, None)
        self._awaited.discard(subscription)
        self._expire()

    def _expire(self) -> None:
        """Have the next event find out anew whom it concerns."""
        document = self._document
        self._is_stale = True
        self._is_ready = False
        self._refuses = "unawaited" if self._awaited and not self.awaits else ""
        document.watch = object()
        document.ignored.clear()
        document.quiet = False
        if document.held != "telling":
            document.held = self._refuses
            document.hot_until = -1 if self._refuses or document.closed else document.version

    def refusal(self) -> Exception:
        """Return the error for a call that comes while the document is held."""
        if self._document.held == "unawaited":
            return _unawaited(next(iter(self._awaited)))
        return StreamJSONError(
            "a callback can't apply, close or reset: do that after apply() has returned", code="applying"
        )

    # ------------------------------------------------------------------------------------------------------------------
    # telling

    def tell_growth(self) -> None:
        """Tell that the string that is open has grown, and nothing else; as `tell`, in half the time."""
        if not self._is_ready:
            self.tell("append")
            return
        document = self._document
        version, delta, until = document.version, document.delta, document.hot_until
        errors: list[Exception] = []
        document.held, document.hot_until = "telling", -1  # as in _telling, which takes a microsecond
        try:
            for subscription, match in self._alerts:
                if subscription._owner is None:  # by one that was told before
                    continue
                change = _new(MatchedChange)  # 0.1 microseconds less than by its __init__
                change._document, change.version, change.kind = document, version, "append"
                change._delta, change._match = delta, match
                try:
                    result = subscription.__wrapped__(change)
                    if result is not None:
                        _check_result(subscription, result)
                except Exception as error:  # noqa: BLE001  # whatever it is, it spares the others
                    errors.append(_noted(error, subscription, change))
        finally:
            document.held = refuses = self._refuses
            document.hot_until = -1 if refuses else until
        if errors:
            _raise(errors)

    def tell(self, kind: Kind | None, *, at_end: bool = False) -> None:
        """Tell of the last event, which made a change of `kind` or none, whom it concerns."""
        news = self._news(kind, at_end=at_end)
        with self._telling() as errors:
            for subscription, what in news:
                if subscription._owner is None:
                    continue
                if subscription._is_awaited:  # by an asynchronous stream, but not here
                    errors.append(_noted(_unawaited(subscription), subscription, what))
                    continue
                try:
                    if subscription._structurer is not None and not subscription._fits(what, self._skipped):
                        continue
                    _check_result(subscription, subscription.__wrapped__(what))
                except Exception as error:  # noqa: BLE001  # as above
                    errors.append(_noted(error, subscription, what))

    async def tell_and_await(self, kind: Kind | None, *, at_end: bool = False) -> None:
        """Do as `tell`, and await what is awaitable, one after the other."""
        news = self._news(kind, at_end=at_end)
        with self._telling() as errors:
            for subscription, what in news:
                if subscription._owner is None:
                    continue
                try:
                    if subscription._structurer is not None and not subscription._fits(what, self._skipped):
                        continue
                    result = subscription.__wrapped__(what)
                    if isawaitable(result):
                        await result
                except Exception as error:  # noqa: BLE001  # as above
                    errors.append(_noted(error, subscription, what))
                except BaseException as error:
                    if not is_cancellation_of_another(error):
                        raise
                    cancelled = RuntimeError("what the callback awaited was cancelled")
                    cancelled.__cause__ = error
                    errors.append(_noted(cancelled, subscription, what))

    @contextmanager
    def _telling(self) -> Generator[list[Exception], None, None]:
        """Keep the document from changes, and raise the errors that were collected meanwhile."""
        document = self._document
        until = document.hot_until
        errors: list[Exception] = []
        document.held, document.hot_until = "telling", -1
        try:
            yield errors
        finally:
            document.held = refuses = self._refuses
            document.hot_until = -1 if refuses else until
        if errors:
            _raise(errors)

    def _news(self, kind: Kind | None, *, at_end: bool) -> list[tuple[Subscription[Any], Any]]:
        """Return what is to be told of the last event, in order."""
        document = self._document
        starts = document.starts
        news: list[tuple[Subscription[Any], Any]] = []
        if self._is_stale and (kind is not None or at_end):
            self._renew()
        if kind is not None:
            self._is_ready = False
            version = first = document.version
            while first - 1 in document.preludes:
                first -= 1
            for at in range(first, version + 1):
                if at == document.base:  # a reset is a change of the root
                    self._alerts = [(one, Path()) for one in self._changes.matcher.start.targets]
                else:
                    run = len(starts) - 1 if at == version else run_at(document, at)
                    if starts[run] == at and self._in_order and run > 0:
                        self._tell_finished(run, news)
                    if run != self._run:  # else it goes on where the last one was
                        self._run, self._alerts = run, self._find_alerts(run)
                happened, delta = (kind, document.delta) if at == version else prelude(document, at)
                for subscription, match in self._alerts:
                    news.append((subscription, MatchedChange(document, at, happened, delta, match)))
            document.quiet = not self._alerts
            self._is_ready = not self._awaited
        if at_end and not self._is_over:
            self._is_over = True
            if self._on_complete:  # else it need not be found out what was finished when
                self._tell_rest(news)
        return news

    def _renew(self) -> None:
        document = self._document
        self._is_stale = False
        self._changes = Along(Matcher([(pattern, one) for one, pattern in self._on.items()]))
        self._values = Along(Matcher([(pattern, one) for one, pattern in self._on_complete.items()]))
        self._in_order = bool(self._on_complete) and returned_at(document) is None
        self._run = -1

    def _find_alerts(self, run: int) -> list[tuple[Subscription[Any], Path]]:
        """Return who is to be told of the changes of a run, and of which location."""
        document = self._document
        node, key, version = document.nodes[run], document.keys[run], document.starts[run]
        state = self._changes.at(document, node, key)
        thing = node.slots[key]
        alerts: list[tuple[Subscription[Any], Path]] = []
        if state.matches_from_root:
            steps = trail(document.holder, node, key)[1:]
            for depth, subscriptions in state.matches_from_root:
                match = Path(steps[:depth])
                alerts.extend((one, match) for one in subscriptions)
        if state.live and type(thing) is Node:
            for under, step, _, found in preorder(node, key, thing, state, version):
                if under is not node:  # itself is among the heard
                    match = Path(trail(document.holder, under, step)[1:])
                    alerts.extend((one, match) for one in found.targets)
        if not alerts and not self._in_order:  # it need not be looked at again
            if self._changes.is_dead(node):
                node.ignored_by = document.watch
            elif type(thing) is Text and thing is not document.scratch:
                thing.ignored_by = document.watch
            else:
                if len(document.ignored) >= MANY:
                    document.ignored.clear()
                document.ignored[id(node), key] = document.watch
        return alerts

    def _tell_finished(self, run: int, news: list[tuple[Subscription[Any], Any]]) -> None:
        """Add what the first change of a run has finished, while the stream is in document order."""
        document = self._document
        returned = returned_at(document)
        version = document.starts[run] - 1
        if returned is not None and returned <= version + 1:
            self._in_order = False
            if not self._on:  # until the end, nothing concerns anybody
                document.watch = None
            return
        for node, key, state in finished_by(document, run, self._values):
            path = Path(trail(document.holder, node, key)[1:])
            for one in state.targets:
                done: Completion[Any] = Completion(document, path, version, 1, one.pattern)
                news.append((one, done))

    def _tell_rest(self, news: list[tuple[Subscription[Any], Any]]) -> None:
        """Add what only the end has finished, and what was told too early."""
        document = self._document
        version = document.version
        for node, key, state in (*lost(document, self._values), *unfinished(document, self._values)):
            steps = trail(document.holder, node, key)
            path = Path(steps[1:])
            for one in state.targets:
                revision = 2 if was_reported(document, steps, one._since) else 1
                if revision == 2 or is_there(document, steps, version):
                    done: Completion[Any] = Completion(document, path, version, revision, one.pattern)
                    news.append((one, done))


def _check_result(subscription: Subscription[Any], result: object) -> None:
    """Raise `TypeError` for a coroutine that a plain function has made, as `lambda change: send(change)` does."""
    if iscoroutine(result):
        result.close()
        raise _unawaited(subscription)


def _unawaited(subscription: Subscription[Any]) -> TypeError:
    return TypeError(
        f"the callback on {shorten(subscription.pattern)} makes a coroutine, and nobody would await it: iterate over"
        " assemble() of an asynchronous source, or register a plain function"
    )


def _noted(error: Exception, subscription: Subscription[Any], what: MatchedChange | Completion[Any]) -> Exception:
    with suppress(Exception):  # one that takes no notes, as a frozen dataclass
        error.add_note(f"for the callback on {subscription.pattern}, at {str(what.match) or 'the root'}")
    return error


def _raise(errors: list[Exception]) -> NoReturn:
    first, count = errors[0], len(errors)
    try:
        if count == 1 and isinstance(first, StreamJSONError):
            raise first
        callbacks = "1 callback" if count == 1 else f"{count} callbacks"
        raise ExceptionGroup(f"{callbacks} failed, and the event is applied; first: {_summary(first)}", errors)
    finally:
        errors.clear()  # the frames that hold the list are known to the errors, by their tracebacks: a cycle
        del first


def _summary(error: Exception) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # whatever it is, it must not hide the others
        text = ""
    text = text or type(error).__name__
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
