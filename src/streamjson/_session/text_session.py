"""A stream whose document is written by its JSON text: pieces of it, or events with such pieces, one after the other.

A piece is text or bytes, cut anywhere. What it brings is written, and notified, as that of an event with several
changes. An error of the text is final, because nothing after it can be read: the document stays as it was before the
wrong character, and only `reset` begins another. The end of the text inside its document is not final: a source that
broke off may continue.

Cost: O(1) beside the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from .._dialects import Text, Verb
from .._document import Document, Kind, Lineage, TextDocument
from .._errors import ClosedError, InvalidEventError, StreamJSONError, StreamTruncatedError, shorten
from .._json import JSONValue
from .._text import Parser, UTF8Reader, restore, save
from .._view import End
from .._wire import ServerSentEvent
from .session import Session

__all__ = ["TextSession"]

_BYTES: Final = (bytes, bytearray, memoryview)
_NO_EVENTS: Final = frozenset((type(None), bool, int, float, list, tuple))


class TextSession(Session):
    """The state of a stream of text, and the rules."""

    __slots__ = ("feed", "parser", "utf8")

    parser: Parser
    feed: Callable[[str], None]
    utf8: UTF8Reader | None  # once bytes came

    def _begin(self) -> None:
        super()._begin()
        self.parser = Parser(self._text_document(), self.options.wrapper)
        self.feed, self.utf8 = self.parser.feed, None

    def new_document(self, base: int = 0, lineage: Lineage | None = None) -> TextDocument:
        """Return an empty document that begins at version `base`, for the options of this stream."""
        options = self.options
        return TextDocument(options.limits, in_order=options.in_order, base=base, lineage=lineage)

    def _text_document(self) -> TextDocument:
        document: Any = self.document
        return document  # type: ignore[no-any-return]  # this class makes no others

    def consume(self, event: object) -> Kind | None:
        """Apply a piece of text, or an event with one; return the kind of its last change, or None."""
        piece: Any = event
        feed: Callable[[Any], None]
        if isinstance(event, str):
            feed = self.feed
        elif isinstance(event, _BYTES):
            piece, feed = bytes(cast("Any", event)), self._feed_bytes
        elif type(event) in _NO_EVENTS:
            problem = "a piece of JSON text is text or bytes, or an event with such data"
            raise InvalidEventError(f"{problem}, not {shorten(event)}")
        else:
            return super().consume(event)
        document = self.document
        if document.locked_by:
            raise self.dispatcher.refusal()
        self.event_number += 1
        if document.closed:
            self.check_open()
        before, closings = document.version, document.closings
        try:
            feed(piece)
        except BaseException as error:
            self._break_off(error, before, closings)
            raise
        # Hot: nearly every piece of a long string.
        if document.version == before + 1 and not document.closings and document.starts[-1] <= before:
            return "append"
        return self._note_changes(before, closings)

    def _apply_verbs(self, event: ServerSentEvent[Any], verbs: Sequence[Verb]) -> Kind | None:
        verb = verbs[0]
        if type(verb) is not Text:
            return super()._apply_verbs(event, verbs)
        document = self.document
        before, closings = document.version, document.closings
        try:
            self.feed(verb.text)
        except BaseException as error:
            self._break_off(error, before, closings)
            raise
        self.record(event)
        return self._note_changes(before, closings)

    def _feed_bytes(self, piece: bytes) -> None:
        if self.utf8 is None:
            self.utf8 = UTF8Reader(self.parser)
            self.feed = self.utf8.feed_text
        self.utf8.feed(piece)

    def _break_off(self, error: BaseException, before: int, closings: int) -> None:
        """End the stream, as its text is wrong, or as an interrupt leaves unknown how much of the piece was read."""
        if isinstance(error, StreamJSONError):
            self.unreported = self._note_changes(before, closings)
            self._fail(error)
        else:
            self.document.tear()
            self._note_changes(before, closings)

    def _note_changes(self, before: int, closings: int) -> Kind | None:
        """Make the versions after `before` those of one event; return the kind of the last, None if there is none."""
        document = self.document
        version = document.version
        dispatcher = self.dispatcher
        if version == before:
            if document.closings != closings and dispatcher.reports_values:
                document.mark_quiet(is_quiet=False)
            return None
        self.has_deltas = True
        if version > before + 1:
            document.join_event(before + 1, version)
        # A value that is finished must be reported before the next one begins, and of several changes one may matter.
        if dispatcher.reports_values or (version > before + 1 and dispatcher.reports_changes):
            document.mark_quiet(is_quiet=False)
        return "set" if document.starts[-1] == version else "append"

    def skips(self, error: StreamJSONError) -> bool:
        """Return whether an event with this error is skipped: none whose text is wrong."""
        return not self.document.closed and super().skips(error)

    def _fail(self, error: StreamJSONError) -> None:
        """End the stream by an error of its text."""
        self.document.freeze()
        error.event_number, error.last_event_id = self.event_number, self.last_event_id

    def close(self, end: End) -> Kind | None:
        """End the text and its document. Raises `StreamTruncatedError` where the text is not whole."""
        document = self.document
        if document.closed:
            return super().close(end)
        before, closings = document.version, document.closings
        try:
            (self.utf8 or self.parser).finish()
        except StreamJSONError as error:
            if end == "done" or not isinstance(error, StreamTruncatedError):  # nothing follows
                self._fail(error)
            error.last_event_id = self.last_event_id
            raise
        kind = self._note_changes(before, closings)
        return super().close(end) or kind

    def reopen(self) -> Kind | None:
        """Refuse: a text that has ended is whole."""
        if not self.document.closed:
            return super().reopen()
        raise ClosedError("a JSON text that has ended is whole: reset() begins a new document")

    def save_dialect(self) -> JSONValue:
        """Return the state of the text, for a checkpoint."""
        return save(self.parser, self.utf8.pending if self.utf8 is not None else b"")

    def can_be_mended(self) -> bool:
        """Return False: nobody knows which part of the text an interrupted piece has brought."""
        return False

    def take_up(self, document: Document, dialect_state: object) -> None:
        """Continue with another document, of a checkpoint, and the state of its text."""
        made: Any = document  # by `new_document`
        self.parser, self.utf8 = restore(made, self.options.wrapper, dialect_state)
        self.feed = self.utf8.feed_text
        self.document = document
        self.dispatcher.follow(document)
