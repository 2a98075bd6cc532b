"""What outlives the connections of a stream: the requests, the events that were taken, and the budget of failures.

    request -> response -> refused, or events -> those that are new
    a break -> the seconds to wait before the next connection, or the error that ends the stream

It owns the policy; `sync_stream` and `async_stream` connect, read and wait. It does no input or output.

- A failure is a connection that brought no progress: no new event that would be recognized if it came again. More than
  `max_failures` of them in a row end the stream.
- A body that just ends is a break where the source can continue: a proxy may have ended it, and browsers connect again,
  too. The end is `[DONE]`, a 204, or `max_failures` connections that bring nothing new.
- The wait is what the server asks for (`Retry-After`, `retry`), or grows by 2 from `min_wait_s`, with jitter; never
  more than `max_wait_s`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable
from typing import Any, Final, TypeAlias

from tenacity import RetryCallState, Retrying, wait_exponential_jitter

from .._errors import CheckpointError, ResponseError, StreamJSONError, StreamTruncatedError
from .._json import JSONValue
from .._limits import Limits
from .._wire import ServerSentEvent, SSEDecoder, decode_json_lines, decode_sse
from .request import Request
from .response import Format, Refusal, format_of, shown_url
from .resumption import Event, Resumption

__all__ = ["Attempts", "OnBreak"]

OnBreak: TypeAlias = Callable[[StreamJSONError, float], object]

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""The statuses after which another request may succeed."""
_NO_CONTENT: Final = (204, 205)


class Attempts:
    """The connections of one stream, one after the other."""

    def __init__(
        self,
        request: Request,
        resumption: Resumption | None,
        *,
        library: Any,
        format: Format | None,
        max_failures: int,
        min_wait_s: float,
        max_wait_s: float,
        on_break: OnBreak | None,
        limits: Limits,
    ) -> None:
        self._request: Request = request
        self._resumption: Resumption | None = resumption
        self._format: Format | None = format
        self._max_failures: int = max_failures
        self._min_wait_s: float = min_wait_s
        self._max_wait_s: float = max_wait_s
        self._on_break: OnBreak | None = on_break
        self._limits: Limits = limits
        self._final: tuple[type[Exception], ...] = (library.UnsupportedProtocol, library.LocalProtocolError)
        self.breaks: tuple[type[Exception], ...] = (
            library.TransportError, library.DecodingError, StreamTruncatedError, ResponseError,
        )  # fmt: skip
        self._decoder = SSEDecoder(limits=limits)
        self._failures = 0
        self._is_over = False  # the last event has come
        self._has_progressed = False  # of this connection: whether it brought a new event
        self.connection_count: int = 0
        self.last_event_id: str = ""
        self.response: Any = None

    @property
    def url(self) -> str:
        """The URL of the first request, as it may be shown."""
        return shown_url(self._request.url)

    def request(self) -> tuple[str, Any, dict[str, Any]]:
        """Return method, URL and options of the next connection."""
        request = self._request
        if self.connection_count and self._resumption is not None:
            request = self._resumption.request(request)
        self.connection_count += 1
        self._has_progressed = False
        return request.method, request.url, {**request.options, "headers": request.headers}

    def refusal(self, response: Any) -> Refusal | None:
        """Return what to read of a response that is not a stream; None for a stream, or the end of one."""
        self.response = response
        if self.is_end:
            return None
        if format_of(response, self._format) is None:
            return Refusal(response)
        if self._resumption is not None:
            self._resumption.responded(response)
        return None

    @property
    def is_end(self) -> bool:
        """Whether the server has nothing more to send."""
        return self.response.status_code in _NO_CONTENT

    # ------------------------------------------------------------------------------------------------------------------
    # events

    def decode(self, pieces: Iterable[bytes]) -> Generator[Any, None, None]:
        """Return the events of a body, or the values of its lines."""
        if format_of(self.response, self._format) == "json_lines":
            return decode_json_lines(pieces, limits=self._limits)
        return decode_sse(pieces, decoder=self._decoder)

    def decode_async(self, pieces: AsyncIterable[bytes]) -> AsyncGenerator[Any, None]:
        """Return the events of a body, or the values of its lines."""
        if format_of(self.response, self._format) == "json_lines":
            return decode_json_lines(pieces, limits=self._limits)
        return decode_sse(pieces, decoder=self._decoder)

    def admit(self, decoded: Event | JSONValue) -> Event | None:
        """Return an event that is new; None for one that was there before."""
        event = decoded if isinstance(decoded, ServerSentEvent) else ServerSentEvent(decoded)
        if self._resumption is not None and self._resumption.is_replay(event):
            return None
        if self._resumption is None or self._resumption.advances(event):
            self._has_progressed, self._failures = True, 0
        return event

    def taken(self, event: Event) -> None:
        """Note that the caller has come back for the next event."""
        self.last_event_id = event.id or event.last_event_id or self.last_event_id
        if self._resumption is not None:
            self._resumption.taken(event)
            self._is_over = self._resumption.is_last(event)

    # ------------------------------------------------------------------------------------------------------------------
    # breaks

    def ended(self) -> float | None:
        """Return the seconds to wait before the next connection, as a body has ended; None if that was the end."""
        if self._resumption is None or self._is_over:
            return None
        if self._resumption.has_last_event:
            return self.broke(_ended())
        if not self._has_progressed:
            self._failures += 1
        if self._failures > self._max_failures or self._why_not_continued(self._resumption) is not None:
            return None  # it has nothing more, or can't be asked for more
        return self._wait_s(_ended())

    def broke(self, error: Exception) -> float | None:
        """Return the seconds to wait after a break; None if nothing was missing. Raises the error that is final."""
        if isinstance(error, self._final):
            raise error
        if self._is_over and not isinstance(error, StreamJSONError):
            return None
        if not self._has_progressed:
            self._failures += 1
        resumption = self._resumption
        is_passing = not isinstance(error, ResponseError) or error.status_code in _PASSING
        if resumption is None or not is_passing or self._failures > self._max_failures:
            raise self._to_raise(error)
        reason = self._why_not_continued(resumption)
        if reason is not None:
            final = self._to_raise(error)
            final.add_note(f"the stream can't be continued: {reason}")
            raise final
        return self._wait_s(self._to_raise(error))

    def _why_not_continued(self, resumption: Resumption) -> CheckpointError | None:
        """Note that a connection was lost; return why the source can't continue, if so."""
        try:
            resumption.reconnecting(self._request)
        except CheckpointError as reason:
            return reason
        return None

    def _to_raise(self, error: Exception) -> StreamJSONError:
        """Return the error of a break as one of ours."""
        if isinstance(error, StreamJSONError):
            final = error
        else:
            reason = type(error).__name__ + (f": {error}" if str(error) else "")
            times = f" {self._failures} times in a row" if self._failures > 1 else ""
            where = f"{self._request.method} {self.url}"
            final = StreamTruncatedError(f"the connection of {where} broke{times}: {reason}", code="connection")
            final.__cause__ = error
        final.last_event_id = self.last_event_id or final.last_event_id
        return final

    def _wait_s(self, error: StreamJSONError) -> float:
        wait_s = self._wait_after(error)
        if self._on_break is not None:
            self._on_break(error, wait_s)
        return wait_s

    def _wait_after(self, error: StreamJSONError) -> float:
        if isinstance(error, ResponseError) and error.retry_after_s is not None:
            return min(error.retry_after_s, self._max_wait_s)
        retry_ms = self._decoder.retry_ms
        initial = min(self._min_wait_s if retry_ms is None else retry_ms / 1000, self._max_wait_s)
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = max(1, self._failures)
        return float(wait_exponential_jitter(initial, self._max_wait_s, jitter=initial)(state))


def _ended() -> StreamTruncatedError:
    return StreamTruncatedError("the body ended before the last event", code="no_done")
