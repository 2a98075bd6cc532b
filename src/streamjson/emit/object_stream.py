"""The object stream of assistant-ui (`assistant-stream`, object-stream/v0): exactly our two changes, set and append.

    data: [{"type":"append-text","path":["days","0","name"],"value":"on"}]

Steps are text, also indexes. The protocol has neither an end nor an error but the end of the connection.
Source: assistant-stream 0.3.57.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._view import Change, Snapshot
from .body import Brought, DocumentBody
from .emitter import Emitter
from .encoding import SSE_HEADERS, check_changes, forbidden, sse

__all__ = ["ObjectStream"]


_UNSAFE: Final = frozenset({"__proto__", "constructor", "prototype"})
"""Steps that the client refuses in a path."""


class ObjectStream(Emitter):
    """Sends a document to `fromObjectStreamResponse` of assistant-ui's `assistant-stream`.

    >>> import streamjson as sj
    >>> out = sj.emit.ObjectStream(min_interval_s=0)
    >>> deltas = [{"json_path": "a[0]", "delta": "x"}, {"json_path": "a[0]", "delta": "y"}]
    >>> print(*[out.update(snapshot).decode() for snapshot in sj.assemble(deltas)], sep="", end="")
    data: [{"type":"set","path":[],"value":{"a":["x"]}}]
    <BLANKLINE>
    data: [{"type":"append-text","path":["a","0"],"value":"y"}]
    <BLANKLINE>
    """

    headers: Mapping[str, str] = {**SSE_HEADERS, "assistant-stream-format": "object-stream/v0"}
    says_failure: bool = False

    def _document(self) -> DocumentBody:
        return _ObjectStreamBody()

    def _closing(self) -> bytes:
        return b""

    def _failing(self, message: str, code: str) -> bytes:  # noqa: ARG002  # it can't be said
        return b""


class _ObjectStreamBody(DocumentBody):
    def write(self, snapshot: Snapshot | None, sent: Snapshot | None, *, is_last: bool, flush: bool) -> Brought:  # noqa: ARG002
        if snapshot is None:
            return Brought(b"", 0)
        changes = snapshot.changes_since(0 if sent is None else sent)
        if not changes:  # at the end
            return Brought(b"", 0)
        operations = [operation for change in changes for operation in _operations(change)]
        frame = sse(operations)
        check_changes(frame, snapshot, sent)
        for change in changes:
            if not _UNSAFE.isdisjoint(change.path):
                raise forbidden(change.path)
        return Brought(frame, len(frame))


def _operations(change: Change) -> list[dict[str, Any]]:
    if change.kind == "append":
        return [{"type": "append-text", "path": list(map(str, change.path)), "value": change.delta}]
    # A patch has an operation for each hole before an item, too: only the last one is at the path of the change.
    *holes, (_, value) = [(str(operation["path"]), operation["value"]) for operation in change.to_patch()]
    array = list(map(str, change.path[:-1]))
    found = [{"type": "set", "path": [*array, hole.rpartition("/")[2]], "value": None} for hole, _ in holes]
    return [*found, {"type": "set", "path": list(map(str, change.path)), "value": value}]
