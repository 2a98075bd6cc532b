"""A file or standard input as a stream of snapshots, and how far it has come.

    bytes, as they arrive -> events, at their pace -> snapshots

Owns the descriptor that is read, the counts of bytes and events, and the sentence that tells an error and its place.
Knows nothing of what is shown or printed; when to wait, it is told by two callbacks: one before the next piece is
read, one before the next event is applied.

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
from typing import Final

from attrs import define, evolve

from streamjson import (
    LimitExceededError,
    Limits,
    ServerSentEvent,
    SnapshotStream,
    StreamFailedError,
    StreamJSONError,
    StreamTruncatedError,
    assemble,
    decode_sse,
)

__all__ = ["Source", "open_input", "state_of"]

PIECE_BYTES: Final = 64 * 1024
HEAD_BYTES: Final = 1024
_SIZES: Final = (
    "max_event_bytes",
    "max_array_gap",
    "max_array_length",
    "max_nodes",
    "max_runs",
    "max_document_bytes",
    "max_string_bytes",
)


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
    """A stream that is read from a descriptor.

    `before_read` is called before the next piece is read, which may take long; `before_event` before each event is
    applied. `events` were applied, `received` bytes were read, beginning with `head`; up to `position` they are used
    up.
    """

    descriptor: int
    name: str
    before_read: Callable[[], None] = _nothing
    before_event: Callable[[], None] = _nothing
    events: int = 0
    received: int = 0
    position: int = 0
    head: bytes = b""

    def snapshots(self, arguments: argparse.Namespace) -> SnapshotStream:
        """Return the snapshots, with the policy that the arguments ask for."""
        limits = Limits()
        if arguments.no_size_limit:
            limits = evolve(limits, **dict.fromkeys(_SIZES))
        return assemble(
            self._paced(decode_sse(self.pieces(), limits=limits)),
            require_done=arguments.require_done,
            path_prefix=arguments.path_prefix,
            on_conflict=arguments.on_conflict,
            on_new_span=arguments.on_new_span,
            on_invalid=arguments.on_invalid,
            limits=limits,
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

    def _paced(self, events: Iterable[ServerSentEvent[str]]) -> Generator[ServerSentEvent[str], None, None]:
        for event in events:
            self.position = event.offset or 0
            self.before_event()
            self.events += 1
            yield event

    def describe_skipped(self, stream: SnapshotStream) -> Iterator[str]:
        """Yield a line for each event that was skipped, as far as they are kept."""
        for _, error in stream.skipped:
            yield self.describe(error).replace("error: ", "skipped: ", 1)
        if stream.skipped_count > len(stream.skipped):
            yield f"skipped: {self.name}: these are the last of {stream.skipped_count:,} events"

    def describe(self, error: StreamJSONError) -> str:
        """Return the line for an error: the file, what happened, the number of the event and its byte offset."""
        if error.event_number is None:  # it came out of the decoder: the event is the one after those that were counted
            error.event_number = self.events + 1
        if error.offset is None:
            error.offset = self.received
        if isinstance(error, LimitExceededError):
            error.args = (_about_limit(error),)
        # An input that is not an event stream has no place in it to name.
        told = error.message if error.code == "not_an_event_stream" else str(error)
        return f"error: {self.name}: {told}{self.advice()}"

    def advice(self) -> str:
        """Return what to add to an error where no event came and the input begins like a JSON document."""
        if self.events or not self.head.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
            return ""
        name = shlex.quote(self.name)
        return f"; for a JSON document, `streamjson split {name}` writes the event stream that builds it"


def _about_limit(error: LimitExceededError) -> str:
    lift = "; --no-size-limit lifts it" if error.limit in _SIZES else ""
    return f"{error.met} is beyond the limit {error.limit} = {error.maximum}{lift}"


def state_of(error: StreamJSONError) -> str:
    """Return in a word or two how a stream ended that ended with an error."""
    if isinstance(error, StreamTruncatedError):
        return "cut off"
    return "failed" if isinstance(error, StreamFailedError) else "bad event"
