"""An event of any protocol -> the verbs by which a `ReplayFilter` recognizes it.

`streamjson.http` passes events on and does not know what they mean. Events of deltas and paths are read as they are.
An event of another protocol counts as content, like a delta: it needs an id, unless the server replays from the start.
An event that changes no document of ours, such as a ping, counts if it has an id; with `counts_all` also without.

It owns no document. Cost: that of the dialect of chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._dialects import Dialect, Foreign, Nothing, Set, Verb, make_dialect
from .._errors import StreamJSONError
from .._limits import Limits
from .._wire import ServerSentEvent

__all__ = ["AnyEvent"]


class AnyEvent(Dialect):
    """Reads an event that is not of deltas and paths as one value."""

    name = "any_event"

    def __init__(self, limits: Limits, *, counts_all: bool) -> None:
        super().__init__(limits)
        self._chunks = make_dialect("chunks", limits)
        self._counts_all = counts_all

    def read(self, event: ServerSentEvent[Any]) -> Sequence[Verb]:
        """Return what an event brings."""
        whole = [Set("", event.data)]
        try:
            verbs = self._chunks.read(event)
        except StreamJSONError:
            return whole
        first = verbs[0]
        if type(first) is Foreign:
            return whole
        if type(first) is Nothing and event.data and (event.id or self._counts_all):
            return whole
        return verbs
