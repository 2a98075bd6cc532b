"""A file, a URL or standard input as one stream of snapshots, several, or an answer, and the position in it.

    bytes, as they arrive -> events, at their pace -> snapshots, or the parts of an answer

It owns the descriptor, the counts of bytes and events, and the line for each warning and each error with its position.
It does not know what is shown or printed. It waits in two callbacks: one before the next piece is read, one before the
next event is applied.

Invariants:

- A piece is read when some of it has arrived, even if it is not full, and only after the previous piece was used up.
- Recognition reads at its pace what would be read next anyway, and gives it again: nothing is lost, or later.
"""

from __future__ import annotations

import argparse
import codecs
import json
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from typing import Final

from attrs import define, evolve, field

from streamjson import (
    ConflictError,
    InvalidEventError,
    InvalidTextError,
    LimitExceededError,
    Limits,
    PartStream,
    ResponseError,
    ServerSentEvent,
    SnapshotStream,
    SSEDecoder,
    StreamFailedError,
    StreamJSONError,
    StreamTruncatedError,
    assemble,
    assemble_parts,
    assemble_text,
    decode_json_lines,
    decode_sse,
    split_streams,
)
from streamjson._errors import shorten
from streamjson._parts import READ_PROTOCOLS
from streamjson._wire import body_kind

from ._arguments import is_url, refusal
from ._recognition import is_quiet, provider_of_first

__all__ = ["OptionError", "Source", "counted", "limits_of", "state_of"]

PIECE_BYTES: Final = 64 * 1024
HEAD_BYTES: Final = 1024
TEXT_PIECE_BYTES: Final = 8  # of a JSON text, where each piece is shown
SHOWN_CHARS: Final = 80  # of an input that is not an event stream
# The limits that `--no-size-limit` lifts.
_SIZE_LIMITS: Final = (
    "max_event_bytes",
    "max_array_gap",
    "max_array_length",
    "max_nodes",
    "max_runs",
    "max_document_bytes",
    "max_string_bytes",
    "max_parts",
)
# How to convert an input that is not an event stream, by what it looks like.
_CONVERSIONS: Final = {
    "gzip": "decompress it first, with `gunzip` or `curl --compressed`",
    "zstd": "decompress it first, with `zstd -d` or `curl --compressed`",
    "JSON lines": "if its lines are events, add `--from json_lines`",
    "UTF-16": "convert it first, with `iconv -f UTF-16 -t UTF-8`",
}


def _nothing() -> None:
    pass


def limits_of(arguments: argparse.Namespace) -> Limits:
    """Return the limits that the arguments ask for."""
    return evolve(Limits(), **dict.fromkeys(_SIZE_LIMITS)) if arguments.no_size_limit else Limits()


class OptionError(Exception):
    """The stream shows that an option is a mistake."""


@define(eq=False)
class Source:
    """The streams that are read from a descriptor, one after the other.

    `before_read` is called before the next piece is read, which may take long; `before_event` before each event is
    applied; `at_end` where there are no more bytes, to raise what ended them. `events` is the number of events read,
    `received` that of bytes, `head` the first of them; up to `position` they are used up. `document` is the number of
    the current document, from 1, or 0 if the source has only one. With `is_text`, the source is JSON text, and an event
    a piece of it.
    """

    descriptor: int
    name: str
    before_read: Callable[[], None] = _nothing
    before_event: Callable[[], None] = _nothing
    at_end: Callable[[], None] = _nothing
    events: int = 0
    received: int = 0
    position: int = 0
    head: bytes = b""
    document: int = 0
    is_text: bool = False
    _events_before: int = 0  # before the current document
    _limits: Limits = field(factory=Limits)
    _decoder: SSEDecoder = field(factory=SSEDecoder)
    _decoded: Iterable[ServerSentEvent[str]] = ()
    _first: deque[ServerSentEvent[str]] = field(factory=deque[ServerSentEvent[str]])  # read, to be given again
    _first_error: StreamJSONError | None = None  # after them
    _provider: str | None = None  # that was recognized

    def snapshots(self, arguments: argparse.Namespace) -> SnapshotStream:
        """Return the snapshots of the first document, with the policy of the arguments."""
        self._begin(arguments)
        if self.is_text:
            pieces = self._text_pieces(is_shown=getattr(arguments, "every", None) is not None)
            return assemble_text(pieces, wrapper=arguments.wrapper, limits=self._limits)
        return self._assemble(self._paced(), arguments)

    def documents(self, arguments: argparse.Namespace) -> Iterator[SnapshotStream]:
        """Yield the snapshots of each document, with the policy of the arguments."""
        self._begin(arguments)
        if self.is_text:
            streams = assemble_text(self._text_pieces(is_shown=False), documents="many", limits=self._limits)
            for self.document, stream in enumerate(streams, 1):
                yield stream
            self.document = 0
            return
        self.is_answer(arguments)  # refuses the answer of a provider
        for number, events in enumerate(split_streams(self._paced(), limits=self._limits), 1):
            self.document, self._events_before = number, self.events - len(self._first) - 1
            yield self._assemble(events, arguments)
            self.document = 0

    def is_answer(self, arguments: argparse.Namespace) -> bool:
        """Return whether the stream is an answer of a provider; read its first events if the arguments do not say it.

        Call it after `snapshots`, before these are read. Raises `OptionError` if an option is not for answers.
        """
        if self.is_text or arguments.provider is not None or arguments.content is not None:
            return not self.is_text
        self._provider = self._recognize()
        problem = None if self._provider is None else refusal(arguments)
        if problem is not None:
            raise OptionError(f"{self.name}: this is an answer of {self._provider}, and {problem}")
        return self._provider is not None

    def parts(self, arguments: argparse.Namespace) -> PartStream:
        """Return the parts of the answer, with the policy of the arguments."""
        return assemble_parts(
            self._paced(),
            provider=arguments.provider or self._provider,
            content=arguments.content or "text",
            wrapper=arguments.wrapper,
            on_new_run=arguments.on_new_span,
            on_conflict=arguments.on_conflict,
            require_done=arguments.require_done,
            limits=self._limits,
        )

    def _recognize(self) -> str | None:
        """Return the name of the provider that sends the first event that is not a ping; None if there is none."""
        try:
            for event in self._pace():
                self._first.append(event)
                if not is_quiet(event):
                    return provider_of_first(event, self._limits)
        except StreamJSONError as error:
            self._first_error = error
        return None

    def _begin(self, arguments: argparse.Namespace) -> None:
        self.is_text = arguments.format == "text"
        self._limits = limits_of(arguments)
        self._decoder = SSEDecoder(limits=self._limits)
        self._decoded = decode_sse(self.pieces(), decoder=self._decoder)
        if arguments.format == "json_lines" and not is_url(arguments.file):  # of a URL, they are events by now
            self._decoded = self._lines()

    def _lines(self) -> Generator[ServerSentEvent[str], None, None]:
        """Yield the JSON lines as events."""
        for value in decode_json_lines(self.pieces(), limits=self._limits):
            yield ServerSentEvent(json.dumps(value, ensure_ascii=False), offset=self.position)

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
                self.at_end()
                return
            self.head += piece[: HEAD_BYTES - len(self.head)]
            self.received += len(piece)
            yield piece

    def _paced(self) -> Generator[ServerSentEvent[str], None, None]:
        """Yield the events that are next, also those that recognition has read."""
        while self._first:
            yield self._first.popleft()
        if self._first_error is not None:
            raise self._first_error
        yield from self._pace()

    def _pace(self) -> Generator[ServerSentEvent[str], None, None]:
        for event in self._decoded:
            self.position = event.offset or 0
            self.before_event()
            self.events += 1
            yield event

    def _text_pieces(self, *, is_shown: bool) -> Generator[bytes, None, None]:
        is_shown = is_shown or self.before_event is not _nothing
        size = TEXT_PIECE_BYTES if is_shown else PIECE_BYTES
        for piece in self.pieces():
            start = self.received - len(piece)
            for at in range(0, len(piece), size):
                self.position = start + at
                self.before_event()
                self.events += 1
                yield piece[at : at + size]

    def describe_rest(self, stream: SnapshotStream) -> str:
        """Read all that follows the document's `[DONE]`, without pauses; return the line that reports it, or ""."""
        if stream.snapshot.end != "done":
            return ""
        self.before_event = _nothing
        events_before = self.events
        documents = 0
        # The [DONE] that was already read is given again, as a stream of its own: the rest then follows an end.
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

    def describe_rest_of_answer(self) -> str:
        """Read all that follows the `[DONE]` of an answer, without pauses; return the line that reports it, or ""."""
        self.before_event = _nothing
        events = 0
        try:
            events = sum(not is_quiet(event) and event.data.strip() != "[DONE]" for event in self._paced())
        except StreamJSONError as error:
            return self.describe(error)
        if not events:
            return ""
        follows = counted(events, "event")
        return f"error: {self.name}: after the [DONE] of this answer the source continues with {follows}"

    def warnings(self, stream: SnapshotStream) -> Iterator[str]:
        """Yield a line for each skipped event that was kept, and one for all ignored events."""
        for _, error in stream.skipped:
            yield self.describe(error).replace("error: ", "skipped: ", 1)
        if stream.skipped_count > len(stream.skipped):
            yield f"skipped: {self._label()}: these are the last of {stream.skipped_count:,} events"
        if stream.ignored:
            line = self.describe(stream.ignored[-1].error).replace("error: ", "warning: ", 1)
            yield line if stream.ignored_count == 1 else f"{line}, the last of {stream.ignored_count:,} such events"

    def warnings_of_bytes(self) -> Iterator[str]:
        """Yield a line if some bytes were not UTF-8."""
        count = self._decoder.replaced_count
        if count:
            yield f"warning: {self.name}: replaced {counted(count, 'sequence')} of bytes that are not UTF-8 by U+FFFD"

    def describe(self, error: StreamJSONError) -> str:
        """Return the line for an error: the file, the problem, the number of the event and its byte offset."""
        if isinstance(error, InvalidEventError) and error.code == "not_an_event_stream":  # it has no position
            return f"error: {self._label()}: {self._about_input(error.body)}{self.advice()}"
        if self.is_text:
            error.event_number = None  # that of a piece tells nothing
        elif self.document:
            if error.event_number is not None:
                error.event_number += self._events_before
        else:
            if isinstance(error, ResponseError) or error.code == "connection":  # it names the URL
                notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
                return f"error: {_about_response(str(error))}{notes.replace('resume=...', '--resume')}"
            if error.event_number is None:  # an error of the decoder: the next event is bad
                error.event_number = self.events + 1
            if error.offset is None:
                error.offset = self.received
        if isinstance(error, LimitExceededError):
            error.args = (_about_limit(error),)
        elif isinstance(error, StreamFailedError) and error.code == "new_span":
            error.args = (_about_spans(error),)
        elif isinstance(error, ConflictError):
            error.args = (error.message.replace("on_conflict='replace'", "--on-conflict replace"),)
        elif error.code in ("new_run", "foreign_event"):
            error.args = (_about_answer(error.message),)
        return f"error: {self._label()}: {error}{self.advice()}"

    @property
    def unit(self) -> str:
        """The noun for what is counted in `events`."""
        return "piece" if self.is_text else "event"

    def describe_end(self, end: str) -> str:
        """Return how a document ended that is whole."""
        return "done" if self.is_text or end == "done" else "ended without [DONE]"

    def describe_empty(self) -> str:
        """Return the line for a stream that ended well but contained no document."""
        return f"error: {self._label()}: the stream contained no document{self.advice()}"

    def _label(self) -> str:
        return f"{self.name}: document {self.document}" if self.document else self.name

    def _about_input(self, body: str) -> str:
        kind = body_kind(self.head)
        more = _CONVERSIONS.get(kind, f"it begins `{body[:SHOWN_CHARS]}`")
        return f"the input is not an event stream but looks like {kind}; {more}"

    def advice(self) -> str:
        """Return the advice to add to an error if no event came and the input begins like a JSON document, or ""."""
        if self.is_text or self.events or not self.head.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
            return ""
        if b'"error"' in self.head:
            return "; it may be an error message of an API"
        return "; to read JSON text, add --from text"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in "1 event" and "1,000 events"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _about_spans(error: StreamFailedError) -> str:
    return (
        f"the sender started over: span {shorten(error.new_span_id)} came after deltas of {shorten(error.span_id)};"
        " `streamjson assemble --all` prints the document of each span, --on-new-span reset that of the last one"
    )


def _about_answer(message: str) -> str:
    is_read = any(f"event of {protocol}" in message for protocol in READ_PROTOCOLS)
    advice = ": in the middle of an answer, add --provider NAME" if is_read else ""
    message = message.replace(": for the answer of a model, call assemble_parts(events)", advice)
    for words, option in (
        ("on_new_run='reset' begins anew", "--on-new-span reset shows the last answer"),
        ("pass provider=... to continue", "--provider NAME continues"),
        ("pass provider=... if one does", "--provider NAME says which one does"),
        ("call assemble", "omit --provider and --content"),
    ):
        message = message.replace(words, option)
    return message


def _about_response(message: str) -> str:
    """Return a message about a response, with the options of the command."""
    for words, option in (
        (" or pass a client with follow_redirects=True", " if you trust it"),
        ("pass format='json_lines'", "add --from json_lines"),
        ("; if it is an event stream, pass format='sse'", ", though it looks like an event stream"),
    ):
        message = message.replace(words, option)
    return message


def _about_limit(error: LimitExceededError) -> str:
    lift = "; --no-size-limit lifts it" if error.limit in _SIZE_LIMITS else ""
    return f"{error.met} exceeds the limit {error.limit} = {error.maximum}{lift}"


def state_of(error: StreamJSONError) -> str:
    """Return one or two words for the way in which an error ended a stream."""
    if isinstance(error, StreamTruncatedError):
        return "cut off"
    if isinstance(error, InvalidTextError):
        return "bad text"
    return "failed" if isinstance(error, StreamFailedError) else "bad event"
