"""A file or standard input as a stream of snapshots, or as several, and how far it has come.

    bytes, as they arrive -> events, at their pace -> snapshots

Owns the descriptor that is read, the counts of bytes and events, and the line for each error, with its place, and for
each warning. Knows nothing of what is shown or printed; it waits in two callbacks: one before the next piece is read,
one before the next event is applied.

Invariant: a piece is read when it is there, not when it is full, and not before the one before it was used up.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import errno
import os
import shlex
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from typing import Final

from attrs import define, evolve, field

from streamjson import (
    ConflictError,
    InvalidEventError,
    LimitExceededError,
    Limits,
    ServerSentEvent,
    SnapshotStream,
    SSEDecoder,
    StreamFailedError,
    StreamJSONError,
    StreamTruncatedError,
    assemble,
    decode_sse,
    split_streams,
)
from streamjson._errors import shorten
from streamjson._wire import body_kind

__all__ = ["Source", "counted", "open_input", "state_of"]

PIECE_BYTES: Final = 64 * 1024
HEAD_BYTES: Final = 1024
SHOWN_CHARS: Final = 80  # of an input that is not an event stream
_SIZES: Final = (
    "max_event_bytes",
    "max_array_gap",
    "max_array_length",
    "max_nodes",
    "max_runs",
    "max_document_bytes",
    "max_string_bytes",
)
# What to do about an input that is not an event stream, by what it looks like.
_DECODED: Final = {
    "gzip": "decompress it first, with `gunzip` or `curl --compressed`",
    "zstd": "decompress it first, with `zstd -d` or `curl --compressed`",
    "UTF-16": "convert it first, with `iconv -f UTF-16 -t UTF-8`",
}


@contextlib.contextmanager
def open_input(name: str) -> Generator[int, None, None]:
    """Open a file, or standard input for `-`; give its descriptor. Raises `OSError`."""
    if name == "-":
        if sys.stdin is None:
            raise OSError(errno.EBADF, "standard input is closed")
        # Past Python's buffer: a read of that waits until it is full.
        yield sys.stdin.fileno()
        return
    with open(name, "rb", buffering=0) as file:  # noqa: PTH123  # the name is the user's, "" is no Path
        yield file.fileno()


def _nothing() -> None:
    pass


@define(eq=False)
class Source:
    """Streams that are read from a descriptor, one after the other.

    `before_read` is called before the next piece is read, which may take long; `before_event` before each event is
    applied. `events` were read, and `received` bytes, beginning with `head`; up to `position` they are used up.
    `document` is the number of the document that is read, from 1, or 0 where the source has only one.
    """

    descriptor: int
    name: str
    before_read: Callable[[], None] = _nothing
    before_event: Callable[[], None] = _nothing
    events: int = 0
    received: int = 0
    position: int = 0
    head: bytes = b""
    document: int = 0
    _events_before: int = 0  # the document that is read
    _limits: Limits = field(factory=Limits)
    _decoder: SSEDecoder = field(factory=SSEDecoder)
    _decoded: Iterable[ServerSentEvent[str]] = ()

    def snapshots(self, arguments: argparse.Namespace) -> SnapshotStream:
        """Return the snapshots of the first document, with the policy that the arguments ask for."""
        self._begin(arguments)
        return self._assemble(self._paced(), arguments)

    def documents(self, arguments: argparse.Namespace) -> Iterator[SnapshotStream]:
        """Yield the snapshots of each document, with the policy that the arguments ask for."""
        self._begin(arguments)
        for number, events in enumerate(split_streams(self._paced(), limits=self._limits), 1):
            self.document, self._events_before = number, self.events - 1
            yield self._assemble(events, arguments)
            self.document = 0

    def _begin(self, arguments: argparse.Namespace) -> None:
        if arguments.no_size_limit:
            self._limits = evolve(self._limits, **dict.fromkeys(_SIZES))
        self._decoder = SSEDecoder(limits=self._limits)
        self._decoded = decode_sse(self.pieces(), decoder=self._decoder)

    def _assemble(self, events: Iterable[ServerSentEvent[str]], arguments: argparse.Namespace) -> SnapshotStream:
        return assemble(
            events,
            require_done=arguments.require_done,
            path_prefix=arguments.path_prefix,
            on_conflict=arguments.on_conflict,
            on_new_span=arguments.on_new_span,
            on_invalid=arguments.on_invalid,
            limits=self._limits,
        )

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive."""
        while True:
            self.position = self.received
            self.before_read()
            piece = os.read(self.descriptor, PIECE_BYTES)
            if not piece:
                return
            self.head += piece[: HEAD_BYTES - len(self.head)]
            self.received += len(piece)
            yield piece

    def _paced(self) -> Generator[ServerSentEvent[str], None, None]:
        for event in self._decoded:
            self.position = event.offset or 0
            self.before_event()
            self.events += 1
            yield event

    def describe_rest(self, stream: SnapshotStream) -> str:
        """Read what follows the document's `[DONE]`, at once and to the end; return the line for it, "" for nothing."""
        if stream.snapshot.end != "done":
            return ""
        self.before_event = _nothing
        events_before = self.events
        documents = 0
        # The [DONE] that was read is a stream here, so that what follows it is judged as what follows an end.
        streams = split_streams(chain((ServerSentEvent("[DONE]"),), self._paced()), limits=self._limits)
        next(streams)
        try:
            for _ in streams:
                documents += 1
        except StreamJSONError as error:
            if not documents:
                return self.describe(error)
        if not documents:
            return ""
        follows = f"{counted(documents, 'document')} in {counted(self.events - events_before, 'event')}"
        return (
            f"error: {self.name}: after the [DONE] of this document the source continues with {follows};"
            " `streamjson assemble --all` prints the document of each stream"
        )

    def warnings(self, stream: SnapshotStream) -> Iterator[str]:
        """Yield a line for each event that was skipped, as far as they are kept, and one for the ignored ones."""
        for _, error in stream.skipped:
            yield self.describe(error).replace("error: ", "skipped: ", 1)
        if stream.skipped_count > len(stream.skipped):
            yield f"skipped: {self._place()}: these are the last of {stream.skipped_count:,} events"
        if stream.ignored:
            told = self.describe(stream.ignored[-1].error).replace("error: ", "warning: ", 1)
            yield told if stream.ignored_count == 1 else f"{told}, the last of {stream.ignored_count:,} such events"

    def warnings_of_bytes(self) -> Iterator[str]:
        """Yield a line for bytes that are not UTF-8, if there are any."""
        count = self._decoder.replaced_count
        if count:
            yield f"warning: {self.name}: {counted(count, 'sequence')} of bytes that are not UTF-8 became U+FFFD"

    def describe(self, error: StreamJSONError) -> str:
        """Return the line for an error: the file, what happened, the number of the event and its byte offset."""
        if isinstance(error, InvalidEventError) and error.code == "not_an_event_stream":  # it has no place to name
            return f"error: {self._place()}: {self._about_input(error.body)}{self.advice()}"
        if self.document:
            if error.event_number is not None:
                error.event_number += self._events_before
        else:
            if error.event_number is None:  # it came out of the decoder: the event is the one after those counted
                error.event_number = self.events + 1
            if error.offset is None:
                error.offset = self.received
        if isinstance(error, LimitExceededError):
            error.args = (_about_limit(error),)
        elif isinstance(error, StreamFailedError) and error.code == "new_span":
            error.args = (_about_spans(error),)
        elif isinstance(error, ConflictError):
            error.args = (error.message.replace("on_conflict='replace'", "--on-conflict replace"),)
        return f"error: {self._place()}: {error}{self.advice()}"

    def describe_empty(self) -> str:
        """Return the line for a stream that ended well and held no document."""
        return f"error: {self._place()}: the stream held no document{self.advice()}"

    def _place(self) -> str:
        return f"{self.name}: document {self.document}" if self.document else self.name

    def _about_input(self, body: str) -> str:
        kind = body_kind(self.head)
        more = _DECODED.get(kind, f"it begins `{body[:SHOWN_CHARS]}`")
        return f"the input is not an event stream, it looks like {kind}; {more}"

    def advice(self) -> str:
        """Return what to add to an error where no event came and the input begins like a JSON document."""
        if self.events or not self.head.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
            return ""
        if b'"error"' in self.head:
            return "; it may be the error of an API"
        name = shlex.quote(self.name)
        return f"; for a JSON document, `streamjson split {name}` writes the event stream that builds it"


def counted(number: int, noun: str) -> str:
    """Return a number of things, as in "1 event" and "1,000 events"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _about_spans(error: StreamFailedError) -> str:
    return (
        f"the sender started over: span {shorten(error.new_span_id)} came after deltas of {shorten(error.span_id)};"
        " `streamjson assemble --all` prints the document of each, --on-new-span reset that of the last"
    )


def _about_limit(error: LimitExceededError) -> str:
    lift = "; --no-size-limit lifts it" if error.limit in _SIZES else ""
    return f"{error.met} is beyond the limit {error.limit} = {error.maximum}{lift}"


def state_of(error: StreamJSONError) -> str:
    """Return in a word or two how a stream ended that ended with an error."""
    if isinstance(error, StreamTruncatedError):
        return "cut off"
    return "failed" if isinstance(error, StreamFailedError) else "bad event"
