"""What all emitters share: their life and their pace.

    open() -> update(...)* -> close(...) | fail(error)

An emitter serves one client. It is pulled: the caller gives it what there is now, as often as it likes, and gets bytes,
or `b""` if there is nothing new or the pace holds it back. So a client that joins late, or reads slowly, needs no
buffer: its next frame is the difference to what it has.

What a frame holds is the work of a `Body`: of a document, or of the parts of an answer. It does no I/O and knows no
clock but the one that it is given.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Literal, TypeAlias, TypedDict

from .._errors import ClosedError, StreamJSONError
from .._parts import AsyncPartStream, Part, PartAssembler, PartStream
from .._view import Snapshot, StreamFailedError
from .body import Body, Brought, is_nothing, is_of_parts
from .encoding import PING, SSE_HEADERS
from .pacing import MAX_BYTES_PER_S, MIN_INTERVAL_S, Pacing

__all__ = ["Emitter", "EmitterOptions", "Growing"]

Growing: TypeAlias = Snapshot | Part | Sequence[Part]
"""What an emitter takes: a snapshot, the part of an answer that changed, or several parts."""

Answer: TypeAlias = PartStream | AsyncPartStream | PartAssembler
"""The parts of an answer with the reason for its end."""

_UNKNOWN: Final = "the answer broke off"
_OF_TEXT: Final = "error"
"""The code of a failure that is given as text."""


class EmitterOptions(TypedDict, total=False):
    """The options that every emitter takes."""

    min_interval_s: float
    max_bytes_per_s: float | None
    clock: Callable[[], float]


class Emitter(ABC):
    """The base class of the emitters, one of which serves one client.

    `headers` are those of the response. `keep_alive` may be sent while nothing happens; it is `b""` where a protocol
    has nothing for that. `says_failure` is whether the protocol can say that the answer failed: if it can't, break the
    connection off.

    An update is held back for `min_interval_s` seconds after the last one, and longer if the client has much to read
    for each: it is made to read at most `max_bytes_per_s` (None: no bound), which makes it wait for a second at most.
    With `min_interval_s=0` each update is sent at once, whatever it costs. `clock` returns seconds.
    """

    headers: Mapping[str, str] = SSE_HEADERS
    keep_alive: bytes = PING
    says_failure: bool = True

    def __init__(
        self,
        *,
        min_interval_s: float = MIN_INTERVAL_S,
        max_bytes_per_s: float | None = MAX_BYTES_PER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pacing = Pacing(min_interval_s, max_bytes_per_s, clock)
        self._state: Literal["new", "open", "ended"] = "new"
        self._body: Body | None = None
        self._broken: tuple[str, str] | None = None
        self._lacks: Literal["nothing", "changes", "text"] = "nothing"
        self.failure: tuple[str, str] | None = None
        """Why the answer is not whole, in a sentence and as a code, after `fail`, or a `close` that was a failure."""

    @property
    def due_s(self) -> float | None:
        """In how many seconds `update` will send what it holds back; None if it holds nothing back."""
        if self._lacks == "nothing":
            return None
        return self._pacing.wait_s() if self._lacks == "changes" else self._pacing.quiet_s()

    def open(self) -> bytes:
        """Return what comes before everything; `b""` the second time. `update` begins with it if it was not called."""
        if self._state != "new":
            return b""
        self._state = "open"
        return self._opening()

    def update(self, growing: Growing) -> bytes:
        """Return what changed since the last update, at first all so far; `b""` if nothing did, or it is not due yet.

        Raises `ConflictError` (`not_append_only`) and `StreamJSONError` (`forbidden_name`, `not_an_object`) for what
        the protocol can't send; `close` is then a failure. Raises `ClosedError` after such an error, and after the end,
        and `ValueError` for an older snapshot, or one of another document. Costs what changed, and what it returns.
        """
        if self._state == "ended" or self._broken is not None:
            ended = "has ended" if self._broken is None else "is broken, as an update was refused"
            raise ClosedError(f"the stream to this client {ended}: begin with a new emitter")
        if self._body is None and is_nothing(growing):
            return self.open()
        body = self._body_of(growing)
        if body.take(growing):
            self._lacks = "changes"
        if self._lacks == "nothing" or self.due_s:
            return self.open()
        brought = self._send(body, flush=self._lacks == "text")
        return self.open() + brought  # not before it was brought: an error would lose the opening

    def close(self, growing: Growing | Answer | None = None) -> bytes:
        """Return all that is left, and the end: the answer is whole. `b""` after the end.

        `growing` may be left out if `update` has seen the last of it. It may also be the answer itself, the stream or
        assembler of its parts, which knows how an answer without parts has ended. If a part was cut or has failed, if
        an update was refused, or if the provider started over, this is a failure. Raises what `update` raises.
        """
        if self._state == "ended":
            return b""
        answer: Answer | None = None
        if isinstance(growing, PartStream | AsyncPartStream | PartAssembler):
            answer, growing = growing, growing.parts
        if growing is not None:
            self._body_of(growing).take(growing)
        if self._body is None:
            self._body = self._document()
        problem = (
            self._broken or (answer and self._body.problem_of(answer.parts, answer.finish)) or self._body.problem()
        )
        brought = b""
        if self._broken is None:
            brought = self._send(self._body, is_last=problem is None, flush=True)
        sent = self.open() + brought
        if problem is not None:
            return sent + self._fail(*problem)
        self._end()
        return sent + self._closing()

    def fail(self, error: BaseException | str) -> bytes:
        """Return the failure as the protocol says it; nothing follows. `b""` after the end.

        The client is shown the text of the error, so pass one that it may see.
        """
        if self._state == "ended":
            return b""
        pending = b""
        if self._body is not None and self._lacks != "nothing" and self._broken is None:
            with suppress(StreamJSONError):  # what can't be sent must not hide the failure
                pending = self._send(self._body, flush=True)
        if isinstance(error, str):
            message, code = error, _OF_TEXT
        elif isinstance(error, StreamFailedError):
            message, code = error.error_message or str(error), error.error_type or error.code
        else:
            message, code = str(error), error.code if isinstance(error, StreamJSONError) else type(error).__name__
        return self.open() + pending + self._fail(message or _UNKNOWN, code)

    def _fail(self, message: str, code: str) -> bytes:
        self._end()
        self.failure = message, code
        of_body = b"" if self._body is None else self._body.fail(message)
        return of_body + self._failing(message, code)

    def _end(self) -> None:
        self._state, self._lacks = "ended", "nothing"

    def _body_of(self, growing: Growing) -> Body:
        if self._body is None:
            self._body = self._parts() if is_of_parts(growing) else self._document()
        return self._body

    def _send(self, body: Body, *, is_last: bool = False, flush: bool = False) -> bytes:
        try:
            brought: Brought = body.bring(is_last=is_last, flush=flush)
        except StreamJSONError as error:  # the client has not got what it should
            self._broken = str(error), error.code
            raise
        self._lacks = "text" if brought.lacks_text else "nothing"
        if brought.frames or not flush:  # nothing may have been sent of a text that grew by too little
            self._pacing.note(brought.cost_bytes if brought.frames else 0)
        return brought.frames

    @abstractmethod
    def _document(self) -> Body:
        """Return the body of one document."""

    def _parts(self) -> Body:
        """Return the body of an answer's parts."""
        return self._document()  # refuses several parts, and takes the document of one

    def _opening(self) -> bytes:
        return b""

    @abstractmethod
    def _closing(self) -> bytes: ...

    @abstractmethod
    def _failing(self, message: str, code: str) -> bytes: ...
