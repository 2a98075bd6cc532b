"""Our own wire: chunks of deltas and paths, with ids by which a client resumes. The module for browsers reads it.

    retry: 2000

    data: {"delta":"bon trip","json_path":"title"}

    id: answer-42:5f1c9a:8
    data: {"delta":[{"name":"M"}],"json_path":"days"}

An id names the stream, the lineage of the document and the version; it stands on the last event of an update. A client
that comes back with it gets the changes since that version, so nothing is buffered. It must take an update whole or not
at all: of an update that was cut, it drops what came after the last id, because the next one sends that again. With an
id of another lineage - the server was restarted, say - it gets the whole document, as one that joins does.

The first event of a client that joins has `open_path`, the location that is being written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final, Unpack
from weakref import WeakKeyDictionary

from .._document import Lineage
from .._errors import InvalidEventError, shorten
from .._json import JSONValue
from .._view import Change, Snapshot, lineage_of, open_path_of
from .._wire import StreamingChunk
from .body import Brought, DocumentBody
from .emitter import Emitter, EmitterOptions
from .encoding import DONE, sse

__all__ = ["Chunks", "payloads_of"]

_RETRY_MS: Final = 2000
_TOKENS: Final[WeakKeyDictionary[Lineage, str]] = WeakKeyDictionary()
_MAX_DIGITS: Final = 18
_ID_BREAK: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters at which some client cuts a line, other control characters, and halves of surrogate pairs."""


class Chunks(Emitter):
    """Sends a document in this library's own wire, so that a client can resume: see the module.

    `stream_id` names the stream in the ids, without line breaks. `last_event_id` is what a client that comes back has
    sent in the header `Last-Event-ID`. Options as `Emitter`.

    >>> import streamjson as sj
    >>> assembler = sj.Assembler()
    >>> _ = assembler.apply_delta("title", "Lis")
    >>> out = sj.emit.Chunks("answer-42")
    >>> sent = out.update(assembler.snapshot())
    >>> list(sj.decode_sse([sent]))[-1].data
    '{"delta":{"title":"Lis"},"json_path":"","open_path":"title"}'
    >>> _ = assembler.apply_delta("title", "bon")
    >>> back = sj.emit.Chunks("answer-42", last_event_id=list(sj.decode_sse([sent]))[-1].id)
    >>> list(sj.decode_sse([back.update(assembler.snapshot())]))[-1].data
    '{"delta":"bon","json_path":"title"}'
    """

    def __init__(self, stream_id: str, *, last_event_id: str | None = None, **options: Unpack[EmitterOptions]) -> None:
        super().__init__(**options)
        if not isinstance(stream_id, str) or not stream_id or _ID_BREAK.search(stream_id):
            raise InvalidEventError(f"a stream_id is text on one line, not {shorten(stream_id)}", code="line_break")
        # A browser sends the id in a header, which is ASCII, or is read in different ways.
        self._stream_id = stream_id.encode("ascii", "backslashreplace").decode("ascii")
        self._last_event_id = last_event_id or ""

    def _document(self) -> DocumentBody:
        return _ChunksBody(self._stream_id, self._last_event_id)

    def _opening(self) -> bytes:
        return f"retry: {_RETRY_MS}\n\n".encode()

    def _closing(self) -> bytes:
        return DONE

    def _failing(self, message: str, code: str) -> bytes:
        return sse(StreamingChunk(chunk_type="error", error_type=code, error_message=message).to_dict())


class _ChunksBody(DocumentBody):
    def __init__(self, stream_id: str, last_event_id: str) -> None:
        super().__init__()
        self._stream_id = stream_id
        self._last_event_id = last_event_id

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        if snapshot is None:
            # A client that comes back to another document, without a value so far, must not keep its own.
            forgotten = is_last and self._last_event_id
            return Brought(sse({"delta": None, "json_path": ""}) if forgotten else b"", 0)
        lineage = _token_of(lineage_of(snapshot))
        if sent is None:
            payloads = self._first(snapshot, lineage)
        else:
            payloads = payloads_of(snapshot.changes_since(sent))
        if not payloads:
            return Brought(b"", 0)
        *others, last = payloads
        events = [sse(each) for each in others]
        events.append(sse(last, id=f"{self._stream_id}:{lineage}:{snapshot.version}"))
        frames = b"".join(events)
        return Brought(frames, len(frames))

    def _first(self, snapshot: Snapshot, lineage: str) -> list[dict[str, JSONValue]]:
        """Return what a client gets first: what it lacks, or the whole document."""
        before, _, version = self._last_event_id.rpartition(":")
        is_known = before == f"{self._stream_id}:{lineage}" and version.isdecimal() and len(version) <= _MAX_DIGITS
        if is_known and int(version) <= snapshot.version:
            return payloads_of(snapshot.changes_since(int(version)))
        value, open_path = snapshot.copy_value(), str(open_path_of(snapshot))
        whole: dict[str, JSONValue] = {"delta": value, "json_path": "", "open_path": open_path}
        # Of another lineage, the client may have something that a delta does not replace.
        return [{"delta": None, "json_path": ""}, whole] if self._last_event_id else [whole]


def _token_of(lineage: Lineage) -> str:
    """Return a name of a lineage that no other process uses."""
    return _TOKENS.setdefault(lineage, os.urandom(4).hex())


def payloads_of(changes: Iterable[Change]) -> list[dict[str, JSONValue]]:
    """Return the payloads of the chunks that say the changes."""
    return [chunk.to_dict() for change in changes for chunk in change.to_chunks()]
