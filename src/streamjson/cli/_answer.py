"""An answer of a provider as the command reads it: what its parts show at a moment, and what is wrong with them.

    the events of a provider -> `AnswerShot`, the members of each part, lines that report problems

It owns the words for how a part ended. It does not know screens, nor how JSON is written.

Invariant: a shot never changes. A part does: its end and its name come late.

Cost: O(parts) for a shot, of any size; a part that did not change is taken over.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from attrs import define, field, frozen

from streamjson import MISSING, Part, PartStream, Snapshot, StreamJSONError

from ._source import Source, counted

__all__ = ["Answer", "AnswerShot", "PartShot", "members_of"]

_ENDS: Final = {
    "length": "cut off",
    "filtered": "filtered",
    "failed": "failed",
    "aborted": "aborted",
    "cut": "cut off",
}
_NOT_JSON: Final = "not JSON"
# The nouns for kinds of parts, in the order of the status line.
_NOUNS: Final = {
    "call": "call",
    "text": "text",
    "refusal": "refusal",
    "reasoning": "reasoning part",
    "state": "state",
}


@frozen(eq=False)
class PartShot:
    """A part as it was at one moment. `problem` is the word for an end that is not good, or ""."""

    kind: str
    name: str | None
    choice: int | None
    is_open: bool
    is_whole: bool
    problem: str
    finish: str | None
    snapshot: Snapshot


@frozen(eq=False)
class AnswerShot:
    """The parts of an answer at one moment. `changed` is the place of the part that changed last."""

    provider: str | None
    parts: tuple[PartShot, ...]
    changed: int


@define(eq=False)
class Answer:
    """An answer that is read. Iterating reads it to its end, or raises what ended it."""

    source: Source
    stream: PartStream
    _changed: Part | None = None
    _shots: dict[Part, PartShot] = field(factory=dict[Part, PartShot])

    def __iter__(self) -> Iterator[Part]:
        try:
            for part in self.stream:
                self._changed = part
                self._shots.pop(part, None)
                yield part
        except StreamJSONError:
            if self.stream.end == "open":  # the source has failed, not the provider: nothing proves an end
                self.stream.assembler.close()
            self._shots.clear()
            raise

    @property
    def snapshot(self) -> AnswerShot:
        """What the answer shows now."""
        parts = self.stream.parts
        self._shots = {part: self._shots.get(part) or _shot(part) for part in parts}
        changed = parts.index(self._changed) if self._changed in parts else len(parts) - 1
        return AnswerShot(self.stream.provider, tuple(self._shots.values()), changed)

    # ------------------------------------------------------------------------------------------------------------------
    # how it ended

    def state(self) -> str:
        """Return the word for the end of an answer that was read to its end; it is "done" if all of it is good."""
        parts = self.stream.parts
        problems = [_problem(part) for part in parts]
        return next((problem for problem in problems if problem), "done") if parts else "no parts"

    def counts(self) -> str:
        """Return what the answer has, as in "openai_chat, 2 calls, 1 text, 14 events, 3,120 bytes"."""
        source, stream = self.source, self.stream
        kinds: Counter[str] = Counter(part.kind for part in stream.parts)
        parts = [counted(kinds[kind], noun) for kind, noun in _NOUNS.items() if kinds[kind]]
        events = counted(source.events, "event")
        ignored = f" ({stream.ignored_count:,} of unknown types)" if stream.ignored_count else ""
        return ", ".join([stream.provider or "no provider", *parts, events + ignored, counted(source.received, "byte")])

    def warnings(self) -> Iterator[str]:
        """Yield nothing: what is ignored is counted."""
        return iter(())

    def problems(self, failure: StreamJSONError | None, rest: str) -> list[str]:
        """Return a line for each problem: of the stream, of its parts, and of what follows.

        What a failure left unfinished is no problem of its own.
        """
        lines = [] if failure is None else [self.source.describe(failure)]
        for part in self.stream.parts:
            if part.error is not None or not (failure is not None and part.end in ("open", "failed", "cut")):
                lines += self._problems_of(part)
        if not lines and not self.stream.parts:
            reason = f" ({self.stream.finish})" if self.stream.finish else ""
            lines.append(f"error: {self.source.name}: the answer has no parts{reason}: {self.counts()}")
        return [*lines, rest] if rest else lines

    def _problems_of(self, part: Part) -> list[str]:
        problem = _problem(part)
        if not problem:
            return []
        label = f"error: {self.source.name}: the {_label(part)}"
        if part.error is not None:
            return [f"{label} {'is' if part.kind == 'text' else 'has arguments that are'} not JSON: {part.error}"]
        words = problem if problem == "failed" else "has not ended" if part.end == "open" else f"was {problem}"
        reason = part.finish or ("token limit" if part.end == "length" else "")
        if not reason and part.end == "cut":
            reason = "the stream ended before it did"
        return [f"{label} {words}{f' ({reason})' if reason else ''}"]

    def describe_rest(self) -> str:
        """Read all that follows the answer's `[DONE]`; return the line that reports it, or ""."""
        return self.source.describe_rest_of_answer() if self.stream.end == "done" else ""


def members_of(part: Part) -> dict[str, Any]:
    """Return a part as the members of an object, without those that say nothing."""
    text = part.text
    members = {
        "kind": part.kind,
        "name": part.name,
        "id": part.id,
        "index": part.index,
        "choice": part.choice,
        "executed_by": part.executed_by,
        "value": part.value,
        "text": None if text == part.value else text,
        "end": part.end,
        "finish": part.finish,
        "error": None if part.error is None else str(part.error),
    }
    given = {name: value for name, value in members.items() if value is not None or name == "value"}  # null is a value
    if part.value is MISSING:
        del given["value"]
    return given


def _shot(part: Part) -> PartShot:
    return PartShot(
        part.kind, part.name, part.choice, part.end == "open", part.complete, _problem(part), part.finish, part.snapshot
    )


def _problem(part: Part) -> str:
    if part.error is not None:
        return _NOT_JSON
    return _ENDS.get(part.end, "")


def _label(part: Part) -> str:
    name = "" if part.name is None else f" {json.dumps(part.name, ensure_ascii=False)}"
    return f"{part.kind}{name}" + (f" of choice {part.choice}" if part.choice else "")
