"""One stream of a provider, from its first event to its end: events in, changed parts out. It owns the policy.

    event -> its data -> failure? -> recognize the provider -> `Provider.read` -> the parts that changed

- Every error is final: after a piece that could not be placed, nothing would be right. What was open has failed.
- A failure may stand beside content, which is read before.
- `[DONE]`, and the end of the source, end what is open. Nothing but the provider's own words proves an end.
- Callbacks run after the event. What they raise is raised together; the event is applied.

`PartAssembler` is its public face. Cost: O(1) beside decoding the event, and the parts' documents.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from inspect import iscoroutine, iscoroutinefunction
from typing import Any, Literal

from .._dialects import failure_of, failure_of_error, to_event
from .._errors import ClosedError, InvalidEventError, StreamJSONError, StructureError, shorten
from .._json import MISSING, decode_json, is_list, is_object
from .._limits import Limits, check_limits
from .._skipped import OnMisfit, Skipped, check_on_misfit
from .._view import StreamFailedError, sender_failed
from .._wire import ServerSentEvent
from .answer import Answer
from .calls import Call, IntoCall, make_call
from .fields import field
from .part import Part
from .part_state import PartOptions, PartState
from .provider import Provider
from .providers import PROVIDERS
from .recognition import foreign_event, is_of_another, provider_of

__all__ = ["AnswerSession"]

_FAILURE_FIELDS = ("type", "error", "code", "message", "param", "detail")


class AnswerSession:
    """The state of one answer, and the rules."""

    def __init__(
        self,
        *,
        provider: str | None,
        content: Literal["text", "json"],
        on_new_run: Literal["error", "reset"],
        on_conflict: Literal["error", "replace"],
        on_misfit: OnMisfit,
        wrapper: Literal["fence", "prose"] | None,
        limits: Limits,
    ) -> None:
        check_limits(limits)
        check_on_misfit(on_misfit)
        for name, value, values in (
            ("content", content, ("text", "json")),
            ("on_new_run", on_new_run, ("error", "reset")),
            ("on_conflict", on_conflict, ("error", "replace")),
            ("wrapper", wrapper, (None, "fence", "prose")),
            ("provider", provider, (None, *PROVIDERS)),
        ):
            if value not in values:
                raise ValueError(f"{name} is one of {', '.join(map(repr, values))}, not {shorten(value)}")
        if wrapper is not None and content != "json":
            raise ValueError("wrapper is for texts that are JSON: pass content='json' too")
        self.content: Literal["text", "json"] = content
        self.on_misfit: OnMisfit = on_misfit
        self.answer: Answer = Answer(PartOptions(limits, wrapper, on_conflict), content=content, on_new_run=on_new_run)
        self.provider: Provider | None = None
        if provider is not None:
            self.provider = PROVIDERS[provider](self.answer)
        self.end: Literal["open", "done", "eof", "failed"] = "open"
        self.event_number: int = 0
        self.listeners: list[Listener] = []
        self.allows_coroutines: bool = False
        self.skipped: Skipped = Skipped()
        self._is_busy: bool = False
        self._notified: int = 0
        self.read_count: int = 0  # events that a provider has read

    @property
    def is_open(self) -> bool:
        """Whether the answer may still grow."""
        return self.end == "open"

    def check_open(self) -> None:
        """Raise `ClosedError` after the end."""
        if self.end != "open":
            ended = "the provider failed, or an event was refused" if self.end == "failed" else "the answer has ended"
            raise ClosedError(f"{ended}: begin with a new PartAssembler")

    # ------------------------------------------------------------------------------------------------------------------
    # events

    def consume(self, event: object) -> list[Part]:
        """Apply an event; return the parts that changed. The caller calls `notify` then, also after an error."""
        if self._is_busy or self.end != "open":
            self.check_open()
            self.check_idle()
        self.event_number += 1
        message: ServerSentEvent[Any] | None = None
        self._is_busy = True
        try:
            message = as_event(event)
            self._apply(message)
        except StreamJSONError as error:
            self._locate(error, message)
            self.break_off(error)
            raise
        except BaseException:  # an interrupt in the middle of an event, or an object that can't be read
            self.break_off()
            raise
        finally:
            self._is_busy = False
        return self.answer.take_changed()

    def check_idle(self) -> None:
        """Raise `StreamJSONError` (`applying`) inside a callback."""
        if self._is_busy:
            message = "an event is being applied: apply and close can't be called from inside a callback"
            raise StreamJSONError(message, code="applying")

    def _apply(self, event: ServerSentEvent[Any]) -> None:
        data = event.data
        if isinstance(data, str):
            if not data.startswith("{"):  # hot: nearly all data is an object
                if not data or data.isspace():
                    return
                if data.strip() == "[DONE]":
                    self._finish("done")
                    return
            if event.event == "error":
                data = self._decode_failure(data)
            else:
                data = decode_json(data, self.answer.options.limits)
        failure, kind = field(data, "error"), field(data, "type")
        has_failed = failure is not None and failure is not False and failure != ""
        if not has_failed and kind != "error" and event.event != "error":
            self._read(data, kind)
        else:
            if field(data, "choices"):
                with suppress(StreamJSONError):  # the reason of the choice, too; the failure says more
                    self._read(data, kind)
            raise sender_failed(failure_of_error(_as_mapping(data), self.answer.options.limits), 0)

    def _decode_failure(self, data: str) -> Any:
        limits = self.answer.options.limits
        try:
            decoded = decode_json(data, limits)
        except StreamJSONError:
            decoded = None
        if is_object(decoded) and (decoded.get("error") is not None or decoded.get("type") == "error"):
            return decoded
        raise sender_failed(failure_of_error(data, limits), 0)

    def _read(self, data: Any, kind: object) -> None:
        given = data  # type checkers narrow it
        if type(given) is not dict and (given is None or isinstance(given, str | int | float | bool) or is_list(given)):
            raise InvalidEventError(f"an event of a provider is an object, not {shorten(data)}")
        if not data and is_object(data):  # a ping
            return
        if kind == "chunk" and field(data, "chunk") is not None:
            data = field(data, "chunk")  # of the helper of openai's SDK
        provider = self.provider
        if provider is None:
            if kind == "ping":
                return
            name = provider_of(data)
            if name is None:
                self._check_failure(data)
                raise foreign_event(data, None)
            provider = self.provider = PROVIDERS[name](self.answer)
        self.read_count += 1
        before = self.answer.ignored_count
        provider.read(data)
        if self.answer.ignored_count != before:
            self._check_failure(data)
            if is_of_another(data, provider):
                raise foreign_event(data, provider.name)

    def _check_failure(self, data: Any) -> None:
        """Raise `StreamFailedError` if an event that is not understood reports a failure in some other shape."""
        failed = failure_of(data) if is_object(data) else None
        if failed is not None:
            raise sender_failed(failed, 0)

    def _locate(self, error: StreamJSONError, event: ServerSentEvent[Any] | None) -> None:
        error.event_number = self.event_number
        if event is not None:
            error.offset = event.offset
            error.last_event_id = event.last_event_id or event.id

    # ------------------------------------------------------------------------------------------------------------------
    # the end

    def close(self, end: Literal["done", "eof"]) -> list[Part]:
        """End the answer; return the parts that changed. After the end it does nothing."""
        self.check_idle()
        if self.end == "open":
            try:
                self._finish(end)
            except StreamJSONError as error:
                self.break_off(error)
                raise
        return self.answer.take_changed()

    def _finish(self, end: Literal["done", "eof"]) -> None:
        if self.provider is not None:
            self.provider.end(is_done=end == "done")
        self.end = end
        answer = self.answer
        if not answer.parts and self.read_count and self.read_count == answer.ignored_count:
            message = f"the stream ended, and none of its {self.read_count} events was understood"
            raise StreamFailedError(message, code="no_deltas")

    def break_off(self, error: StreamJSONError | None = None) -> None:
        """End the answer, as nothing after this can be right: what is open has failed."""
        answer = self.answer
        finish = answer.finish if isinstance(error, StreamFailedError) else None
        answer.settle(answer.open_parts(of_all=True), "failed", finish)
        self.end = "failed"
        answer.take_changed()
        if isinstance(error, StreamFailedError):
            error.parts = tuple(answer.parts)
            if answer.parts:
                error.snapshot = answer.parts[-1].snapshot

    # ------------------------------------------------------------------------------------------------------------------
    # callbacks

    def takes_misfit(self, part: Part, error: StructureError) -> bool:
        """Count and keep a call that does not fit; return False if its error must be raised."""
        return self.skipped.takes_misfit(part, error, self.on_misfit)

    def add(self, listener: Listener) -> None:
        """Register a callback on calls. Raises `TypeError` for a coroutine function that nobody would await."""
        if listener.is_coroutine and not self.allows_coroutines:
            raise TypeError("a coroutine function is awaited by an asynchronous stream only: register it there")
        self.listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        """Remove a callback."""
        if listener in self.listeners:
            self.listeners.remove(listener)

    def notify(self) -> None:
        """Call the callbacks for the calls that are ready. Raises an `ExceptionGroup` of what callbacks raised."""
        if not self.answer.failures and self._notified == len(self.answer.ready):  # hot: nearly always
            return
        for notify in self._due():
            try:
                refuse_coroutine(notify())
            except Exception as error:  # noqa: BLE001  # raised below, together
                self.answer.failures.append(error)
        self._raise_failures()

    def notify_before(self, error: StreamJSONError) -> None:
        """Call the callbacks for what an event brought before its error; what they raise becomes its cause."""
        try:
            self.notify()
        except Exception as failed:
            raise error from failed

    async def notify_before_and_await(self, error: StreamJSONError) -> None:
        """Do as `notify_before`, and await the callbacks that are coroutine functions."""
        try:
            await self.notify_and_await()
        except Exception as failed:
            raise error from failed

    async def notify_and_await(self) -> None:
        """Do as `notify`, and await the callbacks that are coroutine functions."""
        for notify in self._due():
            try:
                result = notify()
                if isinstance(result, Awaitable):
                    await result
            except Exception as error:  # noqa: BLE001  # as above
                self.answer.failures.append(error)
        self._raise_failures()

    def skip_ready(self) -> None:
        """Take the calls that are ready as notified: they were before the checkpoint."""
        self._notified = len(self.answer.ready)

    def _due(self) -> Iterator[Callable[[], object]]:
        """Yield the calls to callbacks that are due; an interrupt loses at most those of one call."""
        ready = self.answer.ready
        self._notified = min(self._notified, len(ready))  # after a reset
        while self._notified < len(ready):
            state = ready[self._notified]
            self._notified += 1
            yield from [one.bind(self, state) for one in self.listeners if one.name in (None, state.name)]

    def _raise_failures(self) -> None:
        failures = self.answer.failures
        if failures:
            raised = tuple(failures)
            failures.clear()
            raise ExceptionGroup("callbacks failed; the event is applied", raised)


def refuse_coroutine(result: object) -> None:
    """Raise `TypeError` for a coroutine that nobody would await."""
    if iscoroutine(result):
        result.close()
        raise TypeError("a callback has returned a coroutine: only an asynchronous stream awaits it")


class Listener:
    """A registered callback on calls of a name, or of any."""

    def __init__(self, name: str | None, callback: Callable[[Call[Any]], object], into: IntoCall) -> None:
        self.name: str | None = name
        self.callback: Callable[[Call[Any]], object] = callback
        self.is_coroutine: bool = iscoroutinefunction(callback) or iscoroutinefunction(type(callback).__call__)
        self._into: IntoCall = into

    def bind(self, session: AnswerSession, state: PartState) -> Callable[[], object]:
        """Return a function that calls the callback for a call."""

        def notify() -> object:
            structurer = self._into.structurer(state.name)
            call = make_call(state.part, state, structurer, session.takes_misfit)
            return None if call is MISSING else self.callback(call)

        return notify


def as_event(event: object) -> ServerSentEvent[Any]:
    """Return an event of any source with its data unchanged; any other object is the data itself."""
    given: Any = event
    if type(event) is ServerSentEvent:  # hot
        return given  # type: ignore[no-any-return]
    if not isinstance(given, ServerSentEvent | Mapping) and (
        getattr(given, "data", given) is None or hasattr(given, "meta")
    ):
        return ServerSentEvent(event)  # an object of an SDK that happens to have `data`
    try:
        return to_event(event)
    except InvalidEventError as error:
        if error.code == "needs_decoding" or event is None or isinstance(event, int | float | list | tuple):
            raise
        return ServerSentEvent(event)


def _as_mapping(data: Any) -> Any:
    if is_object(data):
        return data
    found = {name: field(data, name) for name in _FAILURE_FIELDS}
    return {name: value for name, value in found.items() if value is not None}
