"""The bare JSON text of a document, which only grows: what `useObject` of the AI SDK reads, or anything that saves it.

There are no frames, so there is no keep-alive, and neither an end nor an error: a text that is cut is not whole JSON.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._view import Snapshot
from .body import Brought, DocumentBody
from .emitter import Emitter
from .json_text import JSONText

__all__ = ["Text"]


class Text(Emitter):
    """Sends a document as its JSON text. The document must arrive in order: see `JSONText`.

    >>> import streamjson as sj
    >>> out = sj.emit.Text(min_interval_s=0)
    >>> deltas = [{"json_path": "title", "delta": "Lis"}, {"json_path": "title", "delta": "bon"}]
    >>> [out.update(snapshot) for snapshot in sj.assemble(deltas)]
    [b'{"title":"Lis', b'bon', b'']
    >>> out.close()
    b'"}'
    """

    headers: Mapping[str, str] = {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
    }
    keep_alive: bytes = b""
    says_failure: bool = False

    def _document(self) -> DocumentBody:
        return _TextBody()

    def _closing(self) -> bytes:
        return b""

    def _failing(self, message: str, code: str) -> bytes:  # noqa: ARG002  # it can't be said
        return b""


class _TextBody(DocumentBody):
    def __init__(self) -> None:
        super().__init__()
        self._text = JSONText()
        self._length_bytes = 0

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        if snapshot is None:
            return Brought(b"", 0)
        more = (self._text.close(snapshot) if is_last else self._text.update(snapshot)).encode()
        self._length_bytes += len(more)
        return Brought(more, self._length_bytes)  # useObject parses all of it again
