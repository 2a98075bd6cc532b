"""The assembler of parts: a provider's events in, the parts that changed out. It is the public face of a session."""

from __future__ import annotations

from typing import Any, Literal, NoReturn, Self, TypedDict, Unpack

from .._errors import CheckpointError, ClosedError, StreamJSONError, shorten
from .._limits import Limits, check_limits
from .._skipped import OnMisfit, SkippedEvent
from .part import Part
from .registration import Registration
from .saving import members_of, restore_answer, save_answer
from .session import AnswerSession

__all__ = ["PartAssembler", "PartAssemblerOptions"]


class PartAssemblerOptions(TypedDict, total=False):
    """The options of an assembler of parts."""

    provider: str | None
    content: Literal["text", "json"]
    on_new_run: Literal["error", "reset"]
    on_conflict: Literal["error", "replace"]
    on_misfit: OnMisfit
    wrapper: Literal["fence", "prose"] | None
    limits: Limits


class PartAssembler(Registration):
    """Turns the events of a model's API into the parts of its answer, one `apply` at a time.

    - `provider`: `"openai_chat"` (and every compatible server, also as LiteLLM's and Mistral's objects),
      `"openai_responses"`, `"anthropic"`, `"gemini"`, `"adk"`, `"langchain"`, `"bedrock"`, `"cohere"`, `"ollama"`,
      `"opper"`, `"ag_ui"` or `"ai_sdk"`. It is recognized by the first event; name it to continue in the middle of a
      stream.
    - `content="json"`: the texts of the answer are JSON documents, as structured output is. `wrapper` is what may be
      around them, as for `assemble_text`.
    - `on_new_run="reset"`: an empty answer begins when the provider starts over, instead of `StreamFailedError`.
    - `on_conflict="replace"`: a whole text that contradicts its pieces replaces them, instead of `ConflictError`.
    - `on_misfit`: what happens to a call that is finished, and is not JSON or does not fit its `into`; as `Assembler`.
    - `limits`: the bounds of each part's document, and of the number of parts.

    >>> import streamjson as sj
    >>> parts = sj.PartAssembler()
    >>> for piece in ("Hel", "lo"):
    ...     changed = parts.apply({"choices": [{"index": 0, "delta": {"content": piece}}]})
    >>> changed, changed[0].value
    ([<Part text: open>], 'Hello')
    >>> _ = parts.apply({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    >>> parts.parts
    (<Part text: done>,)
    """

    def __init__(
        self,
        *,
        provider: str | None = None,
        content: Literal["text", "json"] = "text",
        on_new_run: Literal["error", "reset"] = "error",
        on_conflict: Literal["error", "replace"] = "error",
        on_misfit: OnMisfit = "raise",
        wrapper: Literal["fence", "prose"] | None = None,
        limits: Limits = Limits(),  # noqa: B008  # immutable
    ) -> None:
        self._session: AnswerSession = AnswerSession(
            provider=provider,
            content=content,
            on_new_run=on_new_run,
            on_conflict=on_conflict,
            on_misfit=on_misfit,
            wrapper=wrapper,
            limits=limits,
        )

    def __repr__(self) -> str:
        return f"<PartAssembler of {self.provider or 'an unknown provider'}: {len(self.parts)} parts, {self.end}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse `copy`, `deepcopy` and `pickle`: callbacks would be lost."""
        raise TypeError("a PartAssembler can't be copied or pickled: use PartAssembler.restore(parts.checkpoint())")

    def _answer_session(self) -> AnswerSession:
        return self._session

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts so far, in the order of their first event."""
        return tuple(self._session.answer.parts)

    @property
    def provider(self) -> str | None:
        """The name of the provider; None before it is recognized."""
        provider = self._session.provider
        return None if provider is None else provider.name

    @property
    def finish(self) -> str | None:
        """The provider's own reason for the end of the answer, as sent last; each part has its own, too."""
        return self._session.answer.finish

    @property
    def end(self) -> Literal["open", "done", "eof", "failed"]:
        """Whether the stream has ended: by `[DONE]`, by `close()`, or by a failure. Parts say how they ended."""
        return self._session.end

    @property
    def ignored_count(self) -> int:
        """The number of events of types that the provider's module does not know; they were passed over."""
        return self._session.answer.ignored_count

    @property
    def replayed_count(self) -> int:
        """The number of events that came again, told by their sequence number, and were passed over."""
        return self._session.answer.replayed_count

    @property
    def skipped_count(self) -> int:
        """The number of calls that did not fit, with `on_misfit`."""
        return self._session.skipped.count

    @property
    def skipped(self) -> tuple[SkippedEvent, ...]:
        """The last 100 calls that did not fit, oldest first: each the part, and its error."""
        return tuple(self._session.skipped.last)

    def apply(self, event: object) -> list[Part]:
        """Apply one event; return the parts that it changed, in that order.

        `event` is a `ServerSentEvent`, a mapping, or an object of the provider's SDK, read by attribute. A part has
        changed if it began, got text, a value, an id or a name, or has ended.

        Every error ends the answer, and what was open has `failed`: `StreamFailedError` when the provider failed, with
        the `parts` so far, or started over (`new_run`); `InvalidEventError` for an event of another protocol
        (`foreign_event`), that nobody can place (`ambiguous_part`), or that comes too late (`after_end`);
        `ConflictError` (`contradiction`; for arguments by paths also `type_conflict`, and `InvalidPathError`);
        `LimitExceededError`. A text that is not JSON is no error here: see `Part.error`. After the end it raises
        `ClosedError`, inside a callback `StreamJSONError` (`applying`). An `ExceptionGroup` has what callbacks raised;
        then the event is applied.
        """
        session = self._session
        try:
            changed = session.consume(event)
        except StreamJSONError as error:
            session.notify_before(error)
            raise
        session.notify()
        return changed

    def close(self) -> list[Part]:
        """End the answer, as the source has ended; return the parts that changed. After the end it does nothing.

        What the provider has not proved to be done is `cut`.
        """
        changed = self._session.close("eof")
        self._session.notify()
        return changed

    def checkpoint(self) -> bytes:
        """Return everything that is needed to continue later, or elsewhere, as bytes to be saved: see `restore`.

        It has the parts, with a checkpoint of each document, and what the provider's module remembers. Callbacks and
        the history of documents are not in it. Raises `ClosedError` after a failure. O(documents).
        """
        session = self._session
        if session.end == "failed":
            raise ClosedError("the answer has failed; nothing could continue it")
        options = session.answer.options
        saved: dict[str, Any] = {
            "content": session.content,
            "on_new_run": session.answer.on_new_run,
            "wrapper": options.wrapper,
        }
        saved |= {"end": session.end, "event_number": session.event_number, "read_count": session.read_count}
        return save_answer(session.answer, session.provider, saved)

    @classmethod
    def restore(cls, data: bytes, **options: Unpack[PartAssemblerOptions]) -> Self:
        """Return an assembler that continues where the one that made the checkpoint was.

        `content`, `wrapper`, `on_new_run` and `provider` are those of the checkpoint; another `content`, `wrapper` or
        `provider` is refused (`other_options`). Raises `CheckpointError`, and `LimitExceededError` where a document
        exceeds `limits`.
        """
        limits: Any = options.get("limits", Limits())
        check_limits(limits)
        members = members_of(data, limits)
        saved = {name: members.get(name) for name in ("provider", "content", "wrapper", "on_new_run")}
        for name in ("provider", "content", "wrapper"):
            given: Any = options.get(name, saved[name])
            if given != saved[name] and given is not None:
                message = f"the checkpoint was made with {name}={shorten(saved[name])}, not {shorten(given)}"
                raise CheckpointError(message, code="other_options")
        merged: dict[str, Any] = {**saved, **options, "provider": None}
        try:
            parts = cls(**merged)
        except ValueError as error:
            raise CheckpointError(f"the checkpoint's options can't be: {shorten(str(error), 200)}") from None
        session = parts._session
        if members.get("end") not in ("open", "done", "eof") or not all(
            type(members.get(name)) is int for name in ("event_number", "read_count")
        ):
            raise CheckpointError("the checkpoint's end can't be")
        session.provider = restore_answer(session.answer, members)
        session.end, session.event_number, session.read_count = (
            members[name] for name in ("end", "event_number", "read_count")
        )
        session.skip_ready()
        return parts
