"""From the bytes of a text, cut anywhere, to its characters.

It owns the bytes of a character that was cut. Bytes that are not UTF-8 are an error at the first of them, after
everything before it was read.

Cost: linear in the bytes.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Final

from .._errors import InvalidTextError
from .parser import Parser

__all__ = ["UTF8Reader"]

_DECODER: Final = getincrementaldecoder("utf-8")


class UTF8Reader:
    """Feeds bytes to a parser."""

    __slots__ = ("_decoder", "_parser")

    def __init__(self, parser: Parser, pending: bytes = b"") -> None:
        """Continue after the first bytes of a character. Raises `ValueError` if they are not."""
        self._parser = parser
        self._decoder = _DECODER()
        if self._decoder.decode(pending):
            raise ValueError("a whole character is not pending")

    @property
    def pending(self) -> bytes:
        """The bytes of a character that is not whole."""
        return self._decoder.getstate()[0]

    def feed(self, data: bytes) -> None:
        """Feed a piece. Raises what `Parser.feed` raises, and `InvalidTextError` (`bad_encoding`)."""
        try:
            text = self._decoder.decode(data)
        except UnicodeDecodeError as error:
            self._parser.feed(error.object[: error.start].decode())
            raise self._wrong(error.object[error.start :]) from None
        self._parser.feed(text)

    def finish(self) -> None:
        """End the text. Raises what `Parser.finish` raises, and `InvalidTextError` for half a character after it."""
        if self.pending and self._parser.may_end:
            raise self._wrong(self.pending)
        self._parser.finish(len(self.pending))

    def feed_text(self, text: str) -> None:
        """Feed a piece that is text already. Raises `InvalidTextError` after half a character."""
        if self.pending:
            raise self._wrong(self.pending)
        self._parser.feed(text)

    def _wrong(self, data: bytes) -> InvalidTextError:
        return self._parser.place.not_utf8(data)
