"""An event -> what a recognizer needs to know about it: its kind, its id, its span and a digest of its content.

`summarize` is the only function that looks into an event. It knows no connection and keeps no state.

Cost: linear in the event, most of it to decode the event's data once more.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from attrs import define

from .._dialects import Delta, Dialect, Done, Failed, Foreign, NewRun, Nothing, Set, to_event
from .._errors import InvalidEventError, StreamJSONError, shorten
from .._paths import Path
from .digests import digest_of, digest_of_span, digest_with_id

__all__ = ["EventSummary", "summarize"]


@define
class EventSummary:
    """What a recognizer needs to know about an event. `content` is a digest."""

    kind: Literal["delta", "span", "unreadable", "ignored", "done"]
    id: str = ""
    span_id: str | None = None
    content: int = 0

    def digest(self) -> int:
        """Return the digest of the id and the content."""
        return digest_with_id(self.id, self.content)


def summarize(event: object, dialect: Dialect) -> EventSummary | None:
    """Return the summary of an event; None for an error, and for an event that the assembler passes over."""
    try:
        message = to_event(event)
    except InvalidEventError:
        return None
    own_id = message.id or ""
    try:
        verbs = dialect.read(message)
    except StreamJSONError:
        return EventSummary("unreadable", own_id, content=_content(message.data))
    first, last = verbs[0], verbs[-1]
    if type(first) is Foreign:
        return EventSummary("unreadable", own_id, content=_content(message.data))
    if type(first) is Nothing:
        return EventSummary("ignored", own_id, content=_content(message.data)) if first.why == "ignored" else None
    if type(last) is Failed:
        return None
    span_id = first.span_id if type(first) is NewRun else None
    contents = [_content(verb.value, verb.path) for verb in verbs if type(verb) is Delta or type(verb) is Set]
    if contents:
        return EventSummary("delta", own_id, span_id, contents[0] if len(contents) == 1 else _content(contents))
    if type(last) is Done:
        return EventSummary("done")
    return None if span_id is None else EventSummary("span", own_id, span_id, digest_of_span(span_id))


def _content(data: Any, path: str | Path | None = None) -> int:
    """Return the digest of a delta and its path, or of data that is not a chunk."""
    if type(data) is str:
        return digest_of(f"{path}\0{data}")
    try:
        text = json.dumps([path, data], sort_keys=True, default=repr)
    except (TypeError, ValueError, RecursionError):  # limits were lifted, or the data has other containers
        text = shorten(data)
    return digest_of(text)
