"""JSON Patch (RFC 6902): over server-sent events, or as JSON lines.

    event: patch
    data: [{"op":"replace","path":"/title","value":"Lisbon trip"}]

The first patch sets the root. JSON Patch can't append, so a string that grows is sent whole, again and again: with a
patch for each piece of four characters that were 1.26 GB for a text of 100 KB. So a long text is sent again when it has
grown by a tenth, when it is complete, and when nothing has come for a second: at most eleven times its length. With
`text="append"`, growth is an operation of our own, `{"op":"append","path":…,"value":…}`, which no library applies.

The end is `[DONE]`; a failure is an event `failed`. JSON lines have neither: a cut connection tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Unpack

from .._errors import shorten
from .._paths import Path
from .._view import Change, Snapshot
from .body import Brought, DocumentBody
from .emitter import Emitter, EmitterOptions
from .encoding import DONE, SSE_HEADERS, sse, to_json

__all__ = ["Patch", "PatchCursor"]

_SHORT_CHARS: Final = 256
"""A text up to this length is sent again whenever it grew."""
_GROWTH: Final = 1.1


class PatchCursor:
    """The operations from one snapshot to the next, with long texts held back until they have grown by a tenth.

    It owns the length of each such text, and how much of it the client has.
    """

    def __init__(self, text: Literal["replace", "append"]) -> None:
        if text not in ("replace", "append"):
            raise ValueError(f"text is 'replace' or 'append', not {shorten(text)}")
        self._text = text
        self._behind: dict[Path, int] = {}
        self._lengths: dict[Path, int] = {}

    @property
    def is_behind(self) -> bool:
        """Whether the client lacks the end of a text."""
        return bool(self._behind)

    def operations(self, snapshot: Snapshot, sent: Snapshot | None, *, flush: bool) -> list[dict[str, Any]]:
        """Return the operations, with `flush` for the ends of all texts."""
        found: list[dict[str, Any]] = []
        changes = snapshot.changes_since(0 if sent is None else sent)
        grown: set[Path] = set()
        for change in changes:
            if change.kind == "set":
                self._forget(change.path)
                found += change.to_patch()
            elif self._text == "append":
                found.append({"op": "append", "path": change.path.pointer, "value": change.delta})
            else:
                grown.add(change.path)
                if flush or self._is_due(change, snapshot):
                    found += change.to_patch()
        for path in [path for path in self._behind if path not in grown]:
            if flush or snapshot.is_complete(path):
                found.append({"op": "replace", "path": path.pointer, "value": snapshot.get(path)})
                del self._behind[path]
        return found

    def _is_due(self, change: Change, snapshot: Snapshot) -> bool:
        """Return whether a text that grew is sent; else note how much of it the client has."""
        path, grown = change.path, len(change.delta)
        length = self._lengths[path] + grown if path in self._lengths else len(change.value)
        sent_chars = self._behind.get(path, length - grown)
        if length > _SHORT_CHARS:
            self._lengths[path] = length  # to read the text at each update would be quadratic
        if length <= _SHORT_CHARS or length >= sent_chars * _GROWTH or snapshot.is_complete(path):
            self._behind.pop(path, None)
            return True
        self._behind[path] = sent_chars
        return False

    def _forget(self, path: Path) -> None:
        """Forget the texts at a location that is set, and below it."""
        for known in (self._behind, self._lengths):
            for text in [text for text in known if text[: len(path)] == path]:
                del known[text]


class Patch(Emitter):
    """Sends a document as JSON Patch (RFC 6902), over server-sent events or, with `lines=True`, as JSON lines.

    `text` is how a string grows: `"replace"` sends it whole, a long one only after it grew by a tenth; `"append"` sends
    the new end in an operation that is not in the standard. Any library for JSON Patch can apply the former; begin with
    null. Options as `Emitter`.

    >>> import streamjson as sj
    >>> out = sj.emit.Patch(min_interval_s=0)
    >>> for snapshot in sj.assemble([{"json_path": "title", "delta": "Lis"}, {"json_path": "title", "delta": "bon"}]):
    ...     print(out.update(snapshot).decode(), end="")
    event: patch
    data: [{"op":"add","path":"","value":{"title":"Lis"}}]
    <BLANKLINE>
    event: patch
    data: [{"op":"replace","path":"/title","value":"Lisbon"}]
    <BLANKLINE>
    >>> out.close()
    b'data: [DONE]\\n\\n'
    """

    def __init__(
        self, *, lines: bool = False, text: Literal["replace", "append"] = "replace", **options: Unpack[EmitterOptions]
    ) -> None:
        super().__init__(**options)
        self._lines, self._text = lines, text
        self._cursor = PatchCursor(text)
        if lines:
            self.headers: Mapping[str, str] = {**SSE_HEADERS, "content-type": "application/x-ndjson"}
            self.keep_alive: bytes = b""
            self.says_failure: bool = False

    def _document(self) -> DocumentBody:
        return _PatchBody(self._cursor, lines=self._lines)

    def _closing(self) -> bytes:
        return b"" if self._lines else DONE

    def _failing(self, message: str, code: str) -> bytes:
        return b"" if self._lines else sse({"message": message, "code": code}, event="failed")


class _PatchBody(DocumentBody):
    def __init__(self, cursor: PatchCursor, *, lines: bool) -> None:
        super().__init__()
        self._cursor, self._lines = cursor, lines

    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:
        if snapshot is None:
            return Brought(b"", 0)
        operations = self._cursor.operations(snapshot, sent, flush=flush or is_last)
        if not operations:
            return Brought(b"", 0, self._cursor.is_behind)
        frame = f"{to_json(operations)}\n".encode() if self._lines else sse(operations, event="patch")
        return Brought(frame, len(frame), self._cursor.is_behind)
