"""Events with ids and spans, and the connections that bring them to a filter."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

import streamjson as sj

Event = Any


def data(delta: Any, path: str | None = "a", **fields: Any) -> str:
    return json.dumps({"delta": delta, "json_path": path, **fields})


def sent(id: str | None, delta: Any = "x", path: str | None = "a") -> sj.ServerSentEvent[Any]:
    return sj.ServerSentEvent(data(delta, path), id=id)


# Opaque: any text, with those in which others begin.
IDS = st.text(st.characters(exclude_characters="\0\r\n"), min_size=1, max_size=4) | st.sampled_from(
    ["0", "00", "1", "10", "1-0", " 1", "1 ", "é", "e\u0301", "日本", "\ud83d", "x" * 1000, "x" * 1001]
)


def connected(*connections: list[Event], **options: Any) -> tuple[list[list[Event]], sj.ReplayFilter]:
    """Return which events of each connection were taken for new ones."""
    replays = sj.ReplayFilter(**options)
    taken: list[list[Event]] = []
    for number, events in enumerate(connections):
        if number:
            replays.reconnected()
        taken.append([event for event in events if not replays.is_replay(event) and not replays.applied(event)])
    return taken, replays


def some(first: int, last: int) -> list[Event]:
    return [sent(f"id {number}", f"text {number}") for number in range(first, last)]


# How a caller may go about it that catches the error of an event that is rejected, and goes on.
def handle(assembler: sj.Assembler, replays: sj.ReplayFilter, events: list[Event]) -> list[str]:
    """Return the texts of the events that were rejected."""
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


def of(span: str | None, id: str | None, delta: str | None = None) -> Event:
    """Return an event of a span, which names it unless `span` is None."""
    fields = ({} if span is None else {"span_id": span}) | ({} if delta is None else {"delta": delta, "json_path": "a"})
    return sj.ServerSentEvent(json.dumps(fields), id=id)


def texts(*connections: list[Event], **options: Any) -> list[str | None]:
    """Return the document after each event; the last item is the code of a refusal, or None."""
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


X, Y, A, B, C = of("1", "1", "x"), of(None, "2", "y"), of("2", "3", "A"), of(None, "4", "B"), of(None, "5", "C")
TWO_SPANS = [X, Y, A, B]
NAMED, NAMED_AGAIN = of("1", None), of("2", None)  # each span begins with an event of its own, without an id
APART = [NAMED, of(None, "1", "x"), of(None, "2", "y"), NAMED_AGAIN, of(None, "3", "A"), of(None, "4", "B")]
# Each changes no value, so it is neither passed over nor the end of what is sent again.
WITHOUT_DELTAS: dict[str, Event] = {
    "a ping": sj.ServerSentEvent("", event="ping", id="1"),
    "a ping with an object": sj.ServerSentEvent("{}", event="ping"),
    "what primes the id": sj.ServerSentEvent("", id="1"),
    "a span": sj.ServerSentEvent('{"span_id": "7"}', id="1"),
    "another type": sj.ServerSentEvent("[1]", event="usage", id="1"),
    "a delta without a path that is null": sj.ServerSentEvent(data(None, None), id="1"),
    "a delta without a path that is empty": sj.ServerSentEvent(data("", None), id="1"),
    "an error": sj.ServerSentEvent('{"error_message": "later"}', id="1"),
    "an error by its type": sj.ServerSentEvent(data("x", chunk_type="error"), id="1"),
    "an error by the event's": sj.ServerSentEvent(data("x"), event="error", id="1"),
    "no event": b"data: {}",
    "nothing": None,
}
# Events that the assembler can't read: it rejects them, or skips them.
UNREADABLE: dict[str, Event] = {
    "what is not JSON": sj.ServerSentEvent("{", id="bad"),
    "what is no chunk": sj.ServerSentEvent(data("x", path=None, span_id=5), id="bad"),
    "another type": sj.ServerSentEvent('{"delta": "x", "json_path": 5}', event="delta", id="bad"),
    "past a limit": sj.ServerSentEvent(data([[]] * 3, "x" * 5000).replace("[]", "[" * 200 + "]" * 200), id="bad"),
    "a mapping": {"data": {"delta": "x", "json_path": 5}, "id": "bad"},
    "another protocol": sj.ServerSentEvent('{"choices": [{"index": 0, "delta": {"content": "x"}}]}', id="bad"),
}
IGNORED: dict[str, Event] = {
    "another object": sj.ServerSentEvent('{"usage": {"total": 5}}', id="usage"),
    "with the id of another event": sj.ServerSentEvent('{"usage": {"total": 5}}', id="1"),
    "without an id": sj.ServerSentEvent('{"usage": {"total": 5}}'),
    "a path without a delta": sj.ServerSentEvent('{"json_path": "a", "value": 5}', id="usage"),
}


class FromAnother:
    """An event of another library: its id is the last one, and need not be its own."""

    def __init__(self, data: Any, id: str = "") -> None:
        self.data = data
        self.id = id


OWN_IDS: dict[str, Event] = {
    "an event of ours": sent("1"),
    "an event with a chunk": sj.ServerSentEvent(sj.StreamingChunk("x", "a"), id="1"),
    "a mapping": {"data": data("x"), "id": "1"},
    "a mapping in a mapping": {"data": {"delta": "x", "jsonPath": "a"}, "id": "1"},
    "text without a path": {"data": data("x", None), "id": "1"},
    "an event of another type": {"event": "delta", "data": data("x"), "id": "1"},
}
NO_IDS: dict[str, Event] = {
    "an event without one": sent(None),
    "an event with an empty one": sent(""),
    "one that came before and persists": sj.ServerSentEvent(data("x"), last_event_id="1"),
    "a chunk": sj.StreamingChunk("x", "a"),
    "a mapping": {"delta": "x", "json_path": "a"},
    "an event of another library": FromAnother(data("x"), "1"),
    "a model of another library": FromAnother(SimpleNamespace(delta="x", json_path="a")),
}
