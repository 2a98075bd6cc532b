"""What outlives the connections of a stream: the requests, the events that were taken, and the budget of failures.

    request -> response -> refused, or events -> those that are new
    a break -> the seconds to wait before the next connection, or the error that ends the stream

It owns the policy; `sync_stream` and `async_stream` connect, read and wait. It does no input or output.

- A failure is a connection that brought no progress: no new event that would be recognized if it came again. More than
  `max_failures` of them in a row end the stream.
- A body that just ends is a break where the source can continue: a proxy may have ended it, and browsers connect again,
  too. Two in a row that bring no progress are the end; `[DONE]`, and a 204, are at once.
- The wait is that of `Retry-After`, or grows by 2 from `retry` or `min_wait_s`, with jitter; never more than
  `max_wait_s`.
- An error shows no secret of a request.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import Any, Final

from attrs import evolve

from .._dialects import failure_of_error
from .._errors import CheckpointError, InvalidEventError, ResponseError, StreamJSONError, StreamTruncatedError
from .._json import JSONValue
from .._view import sender_failed
from .._wire import ServerSentEvent, SSEDecoder, decode_json_lines, decode_sse
from .policy import Policy
from .request import Request
from .response import Format, Refusal, format_of
from .resumption import Event, Resumption, is_done
from .secrets import Secrets, shown_url

try:
    from tenacity import RetryCallState, Retrying, wait_exponential_jitter
except ImportError:
    raise ImportError("streamjson.http needs tenacity: pip install 'streamjson-assembler[http]'") from None

__all__ = ["Attempts"]

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""The statuses after which another request may succeed."""
_NO_CONTENT: Final = (204, 205)
_PERMANENT: Final = ("gaierror", "SSLError", "SSLCertVerificationError")
"""The causes for which a first connection fails for good."""
_MAX_QUIET_ENDS: Final = 2
_MIN_RETRY_MS: Final = 100  # of a server; a caller may ask for less


class Attempts:
    """The connections of one stream, one after the other."""

    def __init__(self, request: Request, resumption: Resumption | None, policy: Policy, library: Any) -> None:
        self._request: Request = request
        self._resumption: Resumption | None = resumption
        self._policy: Policy = policy
        self._library: Any = library
        self.breaks: tuple[type[Exception], ...] = (library.RequestError, StreamTruncatedError, ResponseError)
        """What ends a connection. Of these, `broke` raises the ones that are final."""
        self.bad_bodies: tuple[type[Exception], ...] = (library.RequestError,)
        self._secrets: Secrets = Secrets()
        self._secrets.add(request.url, request.headers)
        self._shown: str = ""  # the latest request, as errors name it
        self._decoder: SSEDecoder = SSEDecoder(limits=policy.limits)
        self._format: Format | None = None  # of this response
        self._failures: int = 0
        self._quiet_ends: int = 0  # bodies that ended without progress, in a row
        self._has_progressed: bool = False  # of this connection
        self.is_over: bool = False  # the last event has come, or there is none
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
            self._secrets.add(request.url, request.headers)
        self.connection_count += 1
        self._has_progressed = False
        self._shown = f"{request.method} {shown_url(request.url)}"
        return request.method, request.url, {**request.options, "headers": request.headers}

    def open(self, response: Any) -> Refusal | None:
        """Take note of a response. Return what to read of it if it is not a stream; None for one, or its end."""
        self.response = response
        sent = (*response.history, response)
        for each in sent:
            self._secrets.add(each.request.url, each.request.headers)
        if self._request.sent_url is None:
            self._request = evolve(self._request, sent_url=sent[0].request.url)
        if response.status_code in _NO_CONTENT:
            self.is_over = True
            return None
        self._format = format_of(response, self._policy.format)
        if self._format is None:
            return Refusal(response, self._secrets)
        if self._resumption is not None:
            self._resumption.responded(self._request, response)
        return None

    # ------------------------------------------------------------------------------------------------------------------
    # events

    def decode(self, pieces: Iterable[bytes]) -> Generator[Any, None, None]:
        """Return the events of a body, or the values of its lines."""
        if self._format == "json_lines":
            return decode_json_lines(pieces, limits=self._policy.limits)
        return decode_sse(pieces, decoder=self._decoder)

    def decode_async(self, pieces: AsyncIterable[bytes]) -> AsyncGenerator[Any, None]:
        """Return the events of a body, or the values of its lines."""
        if self._format == "json_lines":
            return decode_json_lines(pieces, limits=self._policy.limits)
        return decode_sse(pieces, decoder=self._decoder)

    def admit(self, decoded: Event | JSONValue) -> Event | None:
        """Return an event that is new, and which the caller gets now; None for one that was there before."""
        event = decoded if isinstance(decoded, ServerSentEvent) else ServerSentEvent(decoded)
        resumption = self._resumption
        if resumption is None:
            self.is_over = is_done(event) and not self._policy.reads_on
        else:
            if resumption.is_replay(event):
                return None
            if resumption.taken(event):
                self._has_progressed, self._failures, self._quiet_ends = True, 0, 0
            self.is_over = resumption.is_last(event)
        self.last_event_id = event.id or event.last_event_id or self.last_event_id
        return event

    def refused(self, refusal: Refusal) -> StreamJSONError:
        """Return the error for a response that is not a stream: what it says of a failure is the sender's."""
        failure = refusal.failure()
        if failure is not None:
            return sender_failed(failure_of_error(failure, self._policy.limits), 0)
        return refusal.error()

    def mask(self, error: StreamJSONError) -> None:
        """Remove the secrets that a body has repeated from an error about it."""
        error.args = (self._secrets.masked(error.message), *error.args[1:])
        if isinstance(error, InvalidEventError):
            error.body = self._secrets.masked(error.body)
            error.body_bytes = self._secrets.masked(error.body_bytes.decode("utf-8", "replace")).encode()

    # ------------------------------------------------------------------------------------------------------------------
    # breaks

    def ended(self) -> float | None:
        """Return the seconds to wait before the next connection, as a body has ended; None if that was the end."""
        resumption = self._resumption
        if resumption is None or self.is_over:
            return None
        error = StreamTruncatedError(f"the body of {self._shown} ended before its last event", code="no_done")
        if resumption.has_last_event:
            return self.broke(error)
        if not self._has_progressed:
            self._quiet_ends += 1
        if self._quiet_ends >= _MAX_QUIET_ENDS or self._why_not_continued(resumption) is not None:
            return None  # it has nothing more, or can't be asked for more
        return self._wait_s(error)

    def broke(self, error: Exception) -> float | None:
        """Return the seconds to wait after a break. Raises the error that is final."""
        library = self._library
        if isinstance(error, library.LocalProtocolError):
            message = "the request can't be sent, as HTTP does not allow it: look at its header fields"
            raise ValueError(message) from None  # noqa: TRY004  # its text has the value, which may be a secret
        if not self._has_progressed:
            self._failures += 1
        final = self._to_raise(error)
        resumption = self._resumption
        if resumption is None:
            if self._policy.resume is None and self._is_passing(error):
                final.add_note(f"a {self._request.method} is not sent again, unless you pass resume=...")
            raise final
        if not self._is_passing(error) or self._failures > self._policy.max_failures:
            raise final
        reason = self._why_not_continued(resumption)
        if reason is not None:
            final.add_note(f"the stream can't be continued: {reason}")
            raise final
        return self._wait_s(final)

    def _is_passing(self, error: Exception) -> bool:
        """Return whether another request may succeed after an error."""
        if isinstance(error, ResponseError):
            return error.status_code in _PASSING
        if self.response is None and isinstance(error, self._library.ConnectError):  # a name, or a protocol, is wrong
            return not _is_permanent(error)
        return not isinstance(error, self._library.TooManyRedirects)

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
            reason = type(error).__name__ + (f": {self._secrets.masked(str(error))}" if str(error) else "")
            if isinstance(error, self._library.ReadTimeout):
                reason = "nothing came for too long (ReadTimeout; see idle_timeout_s)"
            times = f" {self._failures} times in a row" if self._failures > 1 else ""
            final = StreamTruncatedError(f"the connection of {self._shown} broke{times}: {reason}", code="connection")
            final.__cause__ = error
        final.last_event_id = self.last_event_id or final.last_event_id
        return final

    def _wait_s(self, error: StreamJSONError) -> float:
        wait_s = self._wait_after(error)
        if self._policy.on_break is not None:
            self._policy.on_break(error, wait_s)
        return wait_s

    def _wait_after(self, error: StreamJSONError) -> float:
        policy, retry_ms = self._policy, self._decoder.retry_ms
        if isinstance(error, ResponseError) and error.retry_after_s is not None:
            return min(error.retry_after_s, policy.max_wait_s)
        initial = policy.min_wait_s if retry_ms is None else max(retry_ms, _MIN_RETRY_MS) / 1000
        initial = min(initial, policy.max_wait_s)
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = max(1, self._failures, self._quiet_ends)
        return float(wait_exponential_jitter(initial, policy.max_wait_s, jitter=initial)(state))


def _is_permanent(error: BaseException | None) -> bool:
    """Return whether an error, or what it came from, is one that another try does not mend."""
    if error is None:
        return False
    return type(error).__name__ in _PERMANENT or _is_permanent(error.__cause__ or error.__context__)
