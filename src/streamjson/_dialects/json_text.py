"""The dialect of JSON text in events: the data of each is the next piece of the document's text.

A stream of pieces that are not in events needs no dialect; the session takes them as they are.

1. `event: error` is a failure.
2. Events of another type than `message` are passed over, as pings are.
3. Data `[DONE]`, with or without blanks around it, ends the document. In a piece that is not an event, it is text.
4. All other data is text, also if it looks like a failure or like another protocol: a document may look so.

Cost: O(1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .._errors import InvalidEventError, shorten
from .._wire import ServerSentEvent
from .base import Dialect, Done, Nothing, Text, Verb
from .failures import failure_of_error

__all__ = ["JsonText"]

_DONE: Final = (Done(),)
_EMPTY: Final = (Nothing("empty"),)
_KEEP_ALIVE: Final = (Nothing("keep_alive"),)
_PASSED_OVER: Final = (Nothing("passed_over"),)


class JsonText(Dialect):
    """Reads events whose data is JSON text."""

    name = "json_text"
    brings_text = True

    def read(self, event: ServerSentEvent[Any]) -> Sequence[Verb]:
        """Return what an event brings. Raises `InvalidEventError` (`bad_event`) for data that is not text."""
        data = event.data
        if event.event == "error":
            return (failure_of_error(data, self.limits),)
        if event.event not in ("message", ""):
            return _PASSED_OVER if data else _KEEP_ALIVE
        if not isinstance(data, str):
            raise InvalidEventError(f"the data of an event of JSON text is text, not {shorten(data)}")
        if data.strip() == "[DONE]":
            return _DONE
        return (Text(data),) if data else _EMPTY
