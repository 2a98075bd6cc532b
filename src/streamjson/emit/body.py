"""What an emitter sends of a document, or of the parts of an answer: the difference to what the client has.

Each protocol has its own bodies; here is what they share. A body owns what the client has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, TypeGuard

from .._errors import ConflictError, shorten
from .._json import MISSING, well_formed
from .._parts import Part
from .._view import Snapshot, lineage_of
from .json_text import JSONText

__all__ = ["Body", "Brought", "DocumentBody", "PartsBody", "SentPart", "is_of_parts"]

Outcome = Literal["done", "length", "filtered"]

_BROKEN: Final = {
    "open": "the answer did not end",
    "cut": "the answer was cut: nothing proves that it is whole",
    "failed": "the answer failed",
    "aborted": "the answer was aborted",
}
_GOOD_REASONS: Final = (
    "stop",
    "STOP",
    "end_turn",
    "stop_sequence",
    "pause_turn",
    "eos",
    "completed",
    "RUN_FINISHED",
    "COMPLETE",
    "load",
)
"""The reasons with which an answer without parts may end well."""
_CUT: Final = {"length": "the answer was cut by its token limit", "filtered": "the answer was cut by a filter"}


def _problem_of(part: Part) -> tuple[str, str]:
    """Return why a part is not whole, in a sentence and as a code."""
    return {**_BROKEN, **_CUT}.get(part.end, "the document is not whole"), part.end


class Brought(NamedTuple):
    """What a client gets now."""

    frames: bytes
    cost_bytes: int
    """How many bytes the client reads because of it: more than the frames if it reads all so far again."""
    lacks_text: bool = False
    """Whether the client lacks the end of a text, which is sent again when it has grown by more."""


class Body(ABC):
    """What an emitter sends between its opening and its closing."""

    @abstractmethod
    def take(self, growing: Any) -> bool:
        """Take note of what there is now; return whether that is news for the client."""

    @abstractmethod
    def bring(self, *, is_last: bool, flush: bool) -> Brought:
        """Return what the client lacks; with `flush` also the ends of texts. The last one ends what is open."""

    def problem_of(self, parts: Sequence[Part], finish: str | None) -> tuple[str, str] | None:
        """Return why an answer without parts is not whole; None if it is, or if it has parts, which say it."""
        if parts or finish in _GOOD_REASONS:
            return None
        return ("the answer is empty", "cut") if finish is None else (f"the answer is empty: {finish}", finish)

    @abstractmethod
    def problem(self) -> tuple[str, str] | None:
        """Return why the answer is not whole, in a sentence and as a code; None if it is."""

    def fail(self, message: str) -> bytes:  # noqa: ARG002  # for protocols that say it of each thing that is open
        """Return what ends the things that are open because of a failure."""
        return b""


class DocumentBody(Body):
    """A body of one document, by its snapshots."""

    def __init__(self) -> None:
        self._latest: Snapshot | None = None
        self._part: Part | None = None  # whose document it is
        self._sent: Snapshot | None = None

    def take(self, growing: Any) -> bool:
        """Take a snapshot. Raises `ValueError` for an older one, or one of another document."""
        if is_list_or_tuple(growing) and len(growing) <= 1:
            if not growing:
                return False
            (growing,) = growing
        snapshot = _snapshot_of(growing)
        if isinstance(growing, Part):
            if self._part not in {None, growing}:
                raise TypeError(
                    "this protocol sends one document, and the answer has several parts: "
                    "pass answer.snapshots(kind=...), or (name=...)"
                )
            self._part = growing
        sent = self._latest
        if sent is not None and sent.version:  # before it begins, a part shows another, empty document
            if lineage_of(snapshot) is not lineage_of(sent):
                raise ValueError("the snapshot belongs to another document: each needs an emitter of its own")
            if snapshot.version < sent.version:
                raise ValueError(f"the snapshot is older than the last one: {snapshot.version} < {sent.version}")
        self._latest = snapshot
        return self._sent is None or snapshot.version != self._sent.version

    def bring(self, *, is_last: bool, flush: bool) -> Brought:
        """Return the frames from the last snapshot that was sent to the latest."""
        latest = self._latest
        if self._sent is None and latest is not None and latest.value is MISSING:
            latest = None  # nothing was there yet, or it was reset before this client came
        brought = self.write(latest, self._sent, is_last=is_last, flush=flush)
        self._sent = latest
        return brought

    def problem(self) -> tuple[str, str] | None:
        """Return why the document of a part is not whole."""
        part = self._part
        if part is None or part.complete:
            return None
        return _problem_of(part) if part.error is None else (str(part.error), part.error.code)

    @abstractmethod
    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:
        """Return the frames from the snapshot that the client has, if any, to the one that there is now."""

    @property
    def value(self) -> Any:
        """The document so far; `MISSING` if there is none."""
        return MISSING if self._latest is None else self._latest.value


def _snapshot_of(growing: object) -> Snapshot:
    if isinstance(growing, Part):
        return growing.snapshot
    if isinstance(growing, Snapshot):
        return growing
    if is_of_parts(growing):
        raise TypeError("this protocol sends one document: pass its snapshot, or that of one part")
    raise TypeError(
        f"an emitter takes a snapshot, a part of an answer or several, not {shorten(growing)}; "
        "assemble(events) makes snapshots of events"
    )


def is_nothing(growing: object) -> bool:
    """Return whether this is an empty list of parts."""
    return is_list_or_tuple(growing) and not growing


def is_of_parts(growing: object) -> bool:
    """Return whether this is a part of an answer, or several."""
    if isinstance(growing, Part):
        return True
    return is_list_or_tuple(growing) and all(isinstance(each, Part) for each in growing)


def is_list_or_tuple(value: object) -> TypeGuard[Sequence[object]]:
    """Return whether a value is a list or a tuple; type checkers then know its type."""
    return isinstance(value, list | tuple)


class PartText:
    """The text of a part as it grows: raw if the provider sends text, else the JSON text of its document."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._is_raw = part.kind != "call" or part.encoding == "json"
        self._sent = ""
        self._json: JSONText | None = None

    def more(self, *, is_last: bool) -> str:
        """Return what was added; at the end, all that is left. Raises `ConflictError` (`not_append_only`).

        The text of a document that was cut stays open: closed, it would look whole.
        """
        text = self._part.text if self._is_raw and self._json is None else None
        if text is None:
            return self._more_of_document(is_last=is_last)
        if not is_last and "\ud800" <= text[-1:] <= "\udbff":
            text = text[:-1]  # half a surrogate pair: the other half is in the next piece
        if is_last and self._part.kind == "call" and self._part.complete and not text.strip():
            text += "{}"  # a call without arguments
        if not text.startswith(self._sent):
            raise self._replaced()
        more = text[len(self._sent) :]
        self._sent = text
        return well_formed(more)

    def _more_of_document(self, *, is_last: bool) -> str:
        if self._sent:
            raise self._replaced()
        if self._json is None:
            if self._part.value is MISSING and not is_last:
                return ""  # it may still come as text
            self._json = JSONText()
        snapshot = self._part.snapshot
        is_whole = is_last and self._part.complete
        return self._json.close(snapshot) if is_whole else self._json.update(snapshot)

    @property
    def is_replaced(self) -> bool:
        """Whether the part has another text now than the one that was sent whole."""
        if self._json is None:
            text = self._part.text
            return text != self._sent and not (text is not None and not text.strip() and self._sent == text + "{}")
        sent = self._json.sent
        return sent is not None and sent.version != self._part.snapshot.version

    def _replaced(self) -> ConflictError:
        message = f"the text of {self._part!r} was replaced, and it is sent already"
        return ConflictError(message, code="not_append_only")


class PartsBody(Body):
    """A body of the parts of an answer. A call begins when its name is known."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._changed: dict[Part, None] = {}
        self._seen: dict[Part, None] = {}
        self._sent_states: dict[Part, Snapshot] = {}
        self.sent: dict[Part, SentPart] = {}
        self.last_written: SentPart | None = None

    def take(self, growing: Any) -> bool:
        """Take the parts that changed, or some that did not."""
        if not is_of_parts(growing):
            raise TypeError(f"this emitter has got parts of an answer before, not {shorten(growing)}")
        self._changed |= dict.fromkeys((growing,) if isinstance(growing, Part) else growing)
        self._seen |= self._changed
        return bool(self._changed)

    def bring(self, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002  # nothing is held back
        """Return the frames of all parts that changed."""
        if is_last:
            self._changed |= dict.fromkeys(part for part, sent in self.sent.items() if not sent.is_ended)
        frames: list[bytes] = []
        cost_bytes = 0
        for part in self._changed:
            if part.kind == "state":
                frames.append(self._bring_state(part))
                cost_bytes += len(frames[-1])
                continue
            if part.kind == "call" and part.name is None:
                continue
            sent = self.sent.get(part)
            if sent is None:
                sent = self.sent[part] = self.last_written = SentPart(part, self._new_id(part))
                frames.append(self.begin(sent))
            elif sent.name != part.name:
                message = f"{part!r} was renamed, and its name is sent already"
                frames.append(self._restart(sent, ConflictError(message, code="not_append_only")))
            elif sent.is_ended and not sent.text.is_replaced:
                continue
            is_ended = is_last or part.end != "open"
            try:
                more = sent.text.more(is_last=is_ended)
            except ConflictError as error:
                frames.append(self._restart(sent, error))
                more = sent.text.more(is_last=is_ended)
            if more:
                frames.append(self.grow(sent, more))
                sent.length += len(more)
                cost_bytes += sent.length if part.kind == "call" else len(more)
                self.last_written = sent
            if is_ended and self.may_end(sent):
                sent.is_ended = True
                frames.append(self.end(sent))
        if is_last:
            frames.append(self.end_cut())
        self._changed.clear()
        return Brought(b"".join(frames), cost_bytes)

    def _restart(self, sent: SentPart, error: ConflictError) -> bytes:
        frames = self.begin_again(sent, error)
        sent.text, sent.length, sent.name, sent.is_ended = PartText(sent.part), 0, sent.part.name, False
        return frames

    def _bring_state(self, part: Part) -> bytes:
        snapshot, sent = part.snapshot, self._sent_states.get(part)
        if snapshot.value is MISSING or (sent is not None and sent.version == snapshot.version):
            return b""
        self._sent_states[part] = snapshot
        return self.state(f"{self._prefix}-state", snapshot.value)

    def _new_id(self, part: Part) -> str:
        """Return the id of a call, if no other part has it; else one of our own: some parts share theirs."""
        taken = {sent.id for sent in self.sent.values()}
        if part.kind == "call" and part.id and part.id not in taken:
            return part.id
        number = len(self.sent)
        while (id := f"{self._prefix}-{number}") in taken or any(id == other.id for other in self._seen):
            number += 1
        return id

    @abstractmethod
    def begin(self, sent: SentPart) -> bytes:
        """Return the beginning of a part."""

    def begin_again(self, sent: SentPart, error: ConflictError) -> bytes:  # noqa: ARG002  # for protocols that can
        """Return what discards the text of a part that was sent. Raises the error if nothing does."""
        raise error

    @abstractmethod
    def grow(self, sent: SentPart, more: str) -> bytes:
        """Return the next piece of a part's text."""

    @abstractmethod
    def end(self, sent: SentPart) -> bytes:
        """Return the end of a part, which says whether it is whole if the protocol can."""

    def may_end(self, sent: SentPart) -> bool:  # noqa: ARG002  # for protocols that say how only at the end
        """Return whether the client may have the end of a part that has ended: it may take it for a proof."""
        return True

    def end_cut(self) -> bytes:
        """Return, once everything is sent, the ends of parts that were held back."""
        return b""

    def state(self, id: str, value: Any) -> bytes:  # noqa: ARG002  # for protocols that can
        """Return what sets the state that agent and page share."""
        return b""

    def problem_of(self, parts: Sequence[Part], finish: str | None) -> tuple[str, str] | None:
        """Return whether the provider started over, too: what it had said before was sent."""
        if not self._seen.keys() <= dict.fromkeys(parts).keys():
            return "the provider started over, and what it had said before is sent", "new_run"
        return super().problem_of(parts, finish)

    def problem(self) -> tuple[str, str] | None:
        """Return how a part ended that was cut or has failed."""
        return next((_problem_of(part) for part in self._seen if part.end in _BROKEN), None)

    @property
    def outcome(self) -> Outcome:
        """How the answer ended, if it has not failed."""
        ends = {part.end for part in self._seen}
        return "length" if "length" in ends else "filtered" if "filtered" in ends else "done"


class SentPart:
    """A part, and what the client has of it."""

    def __init__(self, part: Part, id: str) -> None:
        self.part: Part = part
        self.id: str = id
        self.name: str | None = part.name
        self.text: PartText = PartText(part)
        self.length: int = 0
        self.is_ended: bool = False
