"""The stream of a source, whatever it is: a document, or an answer of a provider.

    a source -> a `Reading`: what the stream shows now, and lines that report how it ended

It owns which of them a stream is: the first event says it, so that is known when reading has begun. It does not know
screens, time, or how results are printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Protocol, TypeAlias

from attrs import define

from streamjson import Snapshot, SnapshotStream, StreamJSONError

from ._answer import Answer, AnswerShot
from ._source import Source

__all__ = ["Document", "Reading", "Shown", "Stream"]

Shown: TypeAlias = Snapshot | AnswerShot


class Reading(Protocol):
    """A stream that is read by iterating. `snapshot` is what it shows at the moment."""

    @property
    def snapshot(self) -> Shown: ...
    def __iter__(self) -> Iterator[object]: ...
    def state(self) -> str:
        """Return the word for an end without an error."""
        ...

    def describe_rest(self) -> str:
        """Read what follows; return the line that reports it, or ""."""
        ...

    def warnings(self) -> Iterator[str]:
        """Yield the lines for what was passed over."""
        ...

    def problems(self, failure: StreamJSONError | None, rest: str) -> list[str]:
        """Return the lines for what went wrong."""
        ...


@define(eq=False)
class Document:
    """The document of a stream."""

    source: Source
    stream: SnapshotStream

    @property
    def snapshot(self) -> Snapshot:
        """The document as it is now."""
        return self.stream.snapshot

    def __iter__(self) -> Iterator[Snapshot]:
        return self.stream

    def state(self) -> str:
        """Return how it ended: "done", or "eof" for a stream that did not send `[DONE]`."""
        end = self.stream.snapshot.end
        return "done" if self.source.is_text and end == "eof" else end

    def describe_rest(self) -> str:
        """Read what follows its `[DONE]`; return the line that reports it, or ""."""
        return self.source.describe_rest(self.stream)

    def warnings(self) -> Iterator[str]:
        """Yield the lines for skipped and ignored events."""
        return self.source.warnings(self.stream)

    def problems(self, failure: StreamJSONError | None, rest: str) -> list[str]:
        """Return the line for what went wrong first."""
        if failure is not None:
            return [self.source.describe(failure)]
        if rest:
            return [rest]
        return [self.source.describe_empty()] if self.stream.snapshot.version == 0 else []


@define(eq=False)
class Stream:
    """The first stream of a source. It shows an empty document until its first event says what it is."""

    source: Source
    arguments: argparse.Namespace
    reading: Document | Answer

    @classmethod
    def of(cls, source: Source, arguments: argparse.Namespace) -> Stream:
        """Return the stream, unread."""
        return cls(source, arguments, Document(source, source.snapshots(arguments)))

    @property
    def snapshot(self) -> Shown:
        """What the stream shows now."""
        return self.reading.snapshot

    def __iter__(self) -> Iterator[object]:
        self.recognize()
        return iter(self.reading)

    def recognize(self) -> Document | Answer:
        """Read the first event, and return what the stream is. Raises `OptionError`."""
        if self.source.is_answer(self.arguments):
            self.reading = Answer(self.source, self.source.parts(self.arguments))
        return self.reading
