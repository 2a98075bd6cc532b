"""Events with ids and spans, and the connections that send them to a filter."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

import streamjson as sj

Event = Any


def data(delta: Any, path: str | None = "a", **fields: Any) -> str:
    """Return the data of an event."""
    return json.dumps({"delta": delta, "json_path": path, **fields})


def sent(id: str | None, delta: Any = "x", path: str | None = "a") -> sj.ServerSentEvent[Any]:
    """Return an event with a delta."""
    return sj.ServerSentEvent(data(delta, path), id=id)


# Ids are opaque: any text, and pairs in which one is a prefix of the other.
IDS = st.text(st.characters(exclude_characters="\0\r\n"), min_size=1, max_size=4) | st.sampled_from(
    ["0", "00", "1", "10", "1-0", " 1", "1 ", "é", "e\u0301", "日本", "\ud83d", "x" * 1000, "x" * 1001]
)


def new_events(*connections: list[Event], **options: Any) -> tuple[list[list[Event]], sj.ReplayFilter]:
    """Return the events of each connection that the filter let through, all applied; and the filter."""
    replays = sj.ReplayFilter(**options)
    new: list[list[Event]] = []
    for number, events in enumerate(connections):
        if number:
            replays.reconnected()
        new.append([event for event in events if not replays.is_replay(event) and not replays.applied(event)])
    return new, replays


def numbered(first: int, last: int) -> list[Event]:
    """Return events with ids and texts of their own."""
    return [sent(f"id {number}", f"text {number}") for number in range(first, last)]


def apply_new(assembler: sj.Assembler, replays: sj.ReplayFilter, events: list[Event]) -> list[str]:
    """Apply the new events and continue after a rejected one; return the data of the rejected events."""
    rejected: list[str] = []
    for event in events:
        if replays.is_replay(event):
            continue
        try:
            assembler.apply(event)
        except sj.ConflictError:
            rejected.append(event.data)
        else:
            replays.applied(event)
    return rejected


def in_span(span: str | None, id: str | None, delta: str | None = None) -> Event:
    """Return an event that names its span, unless `span` is None."""
    fields = ({} if span is None else {"span_id": span}) | ({} if delta is None else {"delta": delta, "json_path": "a"})
    return sj.ServerSentEvent(json.dumps(fields), id=id)


def documents(*connections: list[Event], **options: Any) -> list[str | None]:
    """Return the text of the document after each event, and last the code of the refusal, or None."""
    assembler, replays = sj.Assembler(on_new_span="reset"), sj.ReplayFilter(**options)
    seen: list[str | None] = []
    try:
        for number, events in enumerate(connections):
            if number:
                replays.reconnected()
                replays = sj.ReplayFilter.restore(replays.checkpoint())
            for event in events:
                if not replays.is_replay(event):
                    assembler.apply(event)
                    replays.applied(event)
                document = assembler.snapshot().value
                seen.append(document["a"] if document else "")
    except sj.CheckpointError as error:
        return [*seen, error.code]
    return [*seen, None]


# The texts of the first span are lower-case, those of the second one upper-case.
X, Y = in_span("1", "1", "x"), sent("2", "y")
A, B, C = in_span("2", "3", "A"), sent("4", "B"), sent("5", "C")
TWO_SPANS = [X, Y, A, B]
FIRST_SPAN, SECOND_SPAN = in_span("1", None), in_span("2", None)  # each names its span, alone and without an id
NAMED_SPANS = [FIRST_SPAN, sent("1", "x"), sent("2", "y"), SECOND_SPAN, sent("3", "A"), sent("4", "B")]

# These change no value: they are not replays, and they do not end a replay.
WITHOUT_DELTAS: dict[str, Event] = {
    "a ping": sj.ServerSentEvent("", event="ping", id="1"),
    "a ping with an object": sj.ServerSentEvent("{}", event="ping"),
    "an event that only sets the id": sj.ServerSentEvent("", id="1"),
    "a span": sj.ServerSentEvent('{"span_id": "7"}', id="1"),
    "another type": sj.ServerSentEvent("[1]", event="usage", id="1"),
    "a null delta without a path": sj.ServerSentEvent(data(None, None), id="1"),
    "an empty delta without a path": sj.ServerSentEvent(data("", None), id="1"),
    "an error": sj.ServerSentEvent('{"error_message": "later"}', id="1"),
    "an error by its chunk type": sj.ServerSentEvent(data("x", chunk_type="error"), id="1"),
    "an error by its event type": sj.ServerSentEvent(data("x"), event="error", id="1"),
    "not an event": b"data: {}",
    "nothing": None,
}
# Events that the assembler can't read: it rejects or skips them.
UNREADABLE: dict[str, Event] = {
    "data that is not JSON": sj.ServerSentEvent("{", id="bad"),
    "data that is not a chunk": sj.ServerSentEvent(data("x", path=None, span_id=5), id="bad"),
    "another type": sj.ServerSentEvent('{"delta": "x", "json_path": 5}', event="delta", id="bad"),
    "past a limit": sj.ServerSentEvent(data([[]] * 3, "x" * 5000).replace("[]", "[" * 200 + "]" * 200), id="bad"),
    "a mapping": {"data": {"delta": "x", "json_path": 5}, "id": "bad"},
    "another protocol": sj.ServerSentEvent('{"choices": [{"index": 0, "delta": {"content": "x"}}]}', id="bad"),
}
# Events that the assembler ignores.
IGNORED: dict[str, Event] = {
    "another object": sj.ServerSentEvent('{"usage": {"total": 5}}', id="usage"),
    "with the id of another event": sj.ServerSentEvent('{"usage": {"total": 5}}', id="1"),
    "without an id": sj.ServerSentEvent('{"usage": {"total": 5}}'),
    "a path without a delta": sj.ServerSentEvent('{"json_path": "a", "value": 5}', id="usage"),
}


class ForeignEvent:
    """An event of another library. Its id is the last event id, which may be an earlier event's."""

    def __init__(self, data: Any, id: str = "") -> None:
        self.data = data
        self.id = id


OWN_IDS: dict[str, Event] = {
    "our event": sent("1"),
    "our event with a chunk": sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="1"),
    "a mapping": {"data": data("x"), "id": "1"},
    "a mapping in a mapping": {"data": {"delta": "x", "jsonPath": "a"}, "id": "1"},
    "text without a path": {"data": data("x", None), "id": "1"},
    "an event of another type": {"event": "delta", "data": data("x"), "id": "1"},
}
NO_IDS: dict[str, Event] = {
    "our event without an id": sent(None),
    "our event with an empty id": sent(""),
    "our event with an earlier last event id": sj.ServerSentEvent(data("x"), last_event_id="1"),
    "a chunk": sj.StreamingChunk("x", "a"),
    "a mapping": {"delta": "x", "json_path": "a"},
    "an event of another library": ForeignEvent(data("x"), "1"),
    "a model of another library": ForeignEvent(SimpleNamespace(delta="x", json_path="a")),
}
