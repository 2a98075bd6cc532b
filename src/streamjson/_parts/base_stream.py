"""What both kinds of streams of parts share: the assembler, and what the end of a source means.

It does not know the source, nor how to wait for its next event.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set as AbstractSet
from typing import Any, Literal, Unpack

from .._dialects import failure_of_error
from .._errors import ClosedError, InvalidEventError, StreamTruncatedError, shorten
from .._json import is_array
from .._skipped import SkippedEvent
from .._view import sender_failed
from .._wire import failure_in_body
from .assembler import PartAssembler, PartAssemblerOptions
from .calls import CallReader, IntoCall
from .part import Part
from .readers import ProseReader
from .registration import Registration
from .session import AnswerSession

__all__ = ["BasePartStream", "PartStreamOptions"]


class PartStreamOptions(PartAssemblerOptions, total=False):
    """The options of a stream of parts: those of its assembler, and its own."""

    require_done: bool
    assembler: PartAssembler


class BasePartStream(Registration):
    """A stream of parts without its source."""

    def __init__(
        self,
        *,
        require_done: bool = False,
        assembler: PartAssembler | None = None,
        **options: Unpack[PartAssemblerOptions],
    ) -> None:
        if assembler is not None and options:
            raise TypeError(f"the assembler has its options already: {', '.join(options)}")
        self._assembler: PartAssembler = PartAssembler(**options) if assembler is None else assembler
        self._session: AnswerSession = self._assembler._answer_session()  # noqa: SLF001  # the public class shows no machinery
        self._session.check_open()
        self._require_done = require_done
        self._is_finished = False
        self._was_refused = False  # the answer has ended, but not as `require_done` asks
        self._changed: list[Part] = []  # by the last event, and not yielded yet; last first

    def _answer_session(self) -> AnswerSession:
        return self._session

    @property
    def assembler(self) -> PartAssembler:
        """The assembler that the stream feeds."""
        return self._assembler

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts so far, in the order of their first event; also after an error."""
        return self._assembler.parts

    @property
    def provider(self) -> str | None:
        """The name of the provider; None before it is recognized."""
        return self._assembler.provider

    @property
    def finish(self) -> str | None:
        """The provider's own reason for the end of the answer, as sent last."""
        return self._assembler.finish

    @property
    def end(self) -> Literal["open", "done", "eof", "failed"]:
        """Whether the stream has ended: by `[DONE]`, with its source, or by a failure. Parts say how they ended."""
        return self._assembler.end

    @property
    def replayed_count(self) -> int:
        """The number of events that came again, told by their sequence number, and were passed over."""
        return self._assembler.replayed_count

    @property
    def skipped_count(self) -> int:
        """The number of calls that did not fit, with `on_misfit`."""
        return self._assembler.skipped_count

    @property
    def skipped(self) -> tuple[SkippedEvent, ...]:
        """The last 100 calls that did not fit, oldest first: each the part, and its error."""
        return self._assembler.skipped

    @property
    def ignored_count(self) -> int:
        """The number of events of types that the provider's module does not know; they were passed over."""
        return self._assembler.ignored_count

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {self.provider or 'an unknown provider'}: {len(self.parts)} parts, {self.end}>"
        )

    def _take_end(self) -> list[Part]:
        """End the answer, because the source has ended."""
        changed = self._session.close("eof")
        self._check_done()
        return changed

    def _check_done(self) -> None:
        """Raise `StreamTruncatedError` (`no_done`) if the provider had to end its answer, and did not."""
        if self._require_done:
            cut = next((part for part in self.parts if part.end == "cut"), None)
            if cut is not None or (self.finish is None and not self.parts):
                what = f"{cut!r} was cut" if cut is not None else "nothing came"
                error = StreamTruncatedError(f"the source ended, and the provider did not end its answer: {what}")
                error.code = "no_done"
                self._was_refused = True
                raise error

    def _explain(self, error: BaseException) -> BaseException:
        """Return the error for one of the source: a body that reports a failure is the provider's failure."""
        if isinstance(error, InvalidEventError) and error.body_bytes:
            failure = failure_in_body(error.body_bytes)
            if failure is not None:
                failed = sender_failed(failure_of_error(failure, self._session.answer.options.limits), 0)
                failed.offset = error.offset
                self._session.break_off(failed)
                failed.__cause__ = error
                return failed
        return error

    def _final_parts(self) -> list[Part]:
        if self._session.end not in ("done", "eof") or self._was_refused:
            raise ClosedError("the stream ended before its answer did; `parts` has what arrived")
        return list(self.parts)

    def _call_reader(self, names: str | Collection[str] | None, into: Any) -> CallReader:
        if isinstance(names, str):
            names = (names,)
        given: object = names
        if names is not None and not (is_array(given) or isinstance(given, AbstractSet | Mapping)):
            raise TypeError(f"names are the names of tools, not {shorten(names)}")
        if names is not None and not all(isinstance(name, str) for name in names):
            raise TypeError(f"names are the names of tools, not {shorten(names)}")
        return CallReader(self._session.answer, names, IntoCall(into), self._session.takes_misfit)

    def _prose_reader(self, choice: int | None) -> ProseReader:
        if self._session.content == "json":
            raise TypeError("with content='json' the texts are documents: follow them by snapshots(kind='text')")
        return ProseReader(self._session.answer, choice)
