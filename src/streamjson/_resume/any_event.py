"""An event of any protocol -> the verbs by which a `ReplayFilter` recognizes it: it is one value, or it does not count.

`streamjson.http` passes events on and does not know what they mean. So each event with an id counts, whatever it
brings, and each event with content: without an id that can't be recognized, and is refused. What does not count is an
event without an id that is a ping, or has no data.

It owns no document. Cost: O(1), and a digest of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .._dialects import Dialect, Done, Nothing, Set, Verb
from .._json import is_object
from .._wire import ServerSentEvent

__all__ = ["AnyEvent"]

_PINGS: Final = frozenset({"ping", "heartbeat", "keepalive", "keep-alive", "keep_alive"})


class AnyEvent(Dialect):
    """Reads an event as one value."""

    name = "any_event"

    def read(self, event: ServerSentEvent[Any]) -> Sequence[Verb]:
        """Return what an event brings."""
        data = event.data
        if isinstance(data, str) and data.strip() == "[DONE]":
            return [Done()]
        if not event.id and (data is None or data == "" or event.event in _PINGS or _is_ping(data)):
            return [Nothing("no_change")]
        return [Set("", data)]


def _is_ping(data: object) -> bool:
    """Return whether data is `{"type": "ping"}`, as Anthropic and OpenAI send it between events."""
    if isinstance(data, str):
        return len(data) < 40 and data.replace(" ", "") in ('{"type":"ping"}', '{"type":"keepalive"}')
    return is_object(data) and data.get("type") in ("ping", "keepalive") and len(data) == 1
