"""How a source is asked to continue after a break, and which events of its next connection were there before.

| `resume` | the next request | an event is a replay if |
|---|---|---|
| `"last_event_id"` | the same, with `Last-Event-ID` | its id is known |
| `"from_start"` | the same | fewer events came than before |
| `"openai_responses"` | `GET` of the response, `starting_after` the last sequence number | its number is not larger |
| `"gemini_interactions"` | `GET` of the interaction, after the last `event_id` | its `event_id` is known |
| `"langgraph"` | `GET` of the run at `Location`, with `Last-Event-ID` | its id is known |

The last three are asked for by `GET` however the first request was made: the model does not run again. A way of your
own is a subclass of `Resumption`. It owns the place that a stream has reached. It does not know connections.

Sources: WHATWG HTML, server-sent events; openai 3.57, google-genai 2.34 and langgraph-sdk 0.4.14, read.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote

from attrs import evolve

from .._errors import CheckpointError, shorten
from .._json import JSONValue, is_object
from .._limits import Limits
from .._resume import AnyEventFilter, ReplayFilter
from .._wire import ServerSentEvent
from .request import Request

__all__ = ["Event", "Resumption", "Way", "resumption_of"]

Event: TypeAlias = ServerSentEvent[JSONValue]
Way: TypeAlias = Literal["last_event_id", "from_start", "openai_responses", "gemini_interactions", "langgraph"]


class Resumption(ABC):
    """A way to continue a stream. One object belongs to one stream.

    `has_last_event` says that the source always sends a last event (`is_last`): a body that just ends was cut then.
    `repeats_request` says that the first request may be sent again, with its body.
    """

    has_last_event: bool = False
    repeats_request: bool = True

    @abstractmethod
    def request(self, first: Request) -> Request:
        """Return the request of the next connection. `first` is that of the first one."""

    @abstractmethod
    def is_replay(self, event: Event) -> bool:
        """Return whether an event was there before. Raises `CheckpointError` if that can't be known."""

    @abstractmethod
    def taken(self, event: Event) -> bool:
        """Note an event that is new, as the caller gets it now.

        Return whether it is progress: if it comes again, it will be recognized. A ping is none, for example.
        """

    @abstractmethod
    def reconnecting(self, first: Request) -> None:
        """Note that a connection was lost. Raises `CheckpointError` if the source can't continue this stream."""

    def responded(self, first: Request, response: Any) -> None:  # noqa: B027  # most ways need nothing of it
        """Note the response of a connection, of the client's own class."""

    def is_last(self, event: Event) -> bool:
        """Return whether nothing follows an event."""
        return is_done(event)


def is_done(event: Event) -> bool:
    """Return whether an event is `[DONE]`."""
    return isinstance(event.data, str) and event.data.strip() == "[DONE]"


class LastEventID(Resumption):
    """By the id of the last event. The server may replay some events, or all."""

    def __init__(self, replays: ReplayFilter) -> None:
        self._replays = replays
        self._last_event_id: str | None = None  # None before there is one: a caller's own header then stays

    def request(self, first: Request) -> Request:
        return first.with_header("Last-Event-ID", self._last_event_id) if self._last_event_id else first

    def is_replay(self, event: Event) -> bool:
        return self._replays.is_replay(event)

    def taken(self, event: Event) -> bool:
        counts = self._replays.counts
        self._replays.applied(event)
        if event.id is not None or event.last_event_id:
            self._last_event_id = event.id if event.id is not None else event.last_event_id
        return counts

    def reconnecting(self, first: Request) -> None:  # noqa: ARG002  # it may be any
        last = self._last_event_id or ""
        if last != last.strip() or not last.isprintable():
            raise CheckpointError(f"the id {shorten(last)} can't be sent in a header field", code="no_id")
        self._replays.reconnected()


class FromStart(LastEventID):
    """Each connection sends everything, as the server knows no place."""

    def request(self, first: Request) -> Request:
        return first


class _ByData(Resumption):
    """By what the data of events say."""

    repeats_request = False
    has_last_event = True

    def __init__(self) -> None:
        self._read: tuple[Event, Mapping[str, Any]] | None = None  # the last event whose data was decoded

    def _fields(self, event: Event) -> Mapping[str, Any]:
        if self._read is None or self._read[0] is not event:
            data: Any = event.data
            if isinstance(data, str):
                try:
                    data = json.loads(data)
                except (ValueError, RecursionError):
                    data = None
            self._read = event, data if is_object(data) else {}
        return self._read[1]


class OpenAIResponses(_ByData):
    """By the sequence number of the last event, of a response that was made with `background`."""

    def __init__(self, _: ReplayFilter) -> None:
        super().__init__()
        self._id: str | None = None
        self._number: int | None = None
        self._has_taken = False
        self._is_resumed = False  # whether the next number must follow the last one

    def request(self, first: Request) -> Request:
        if self._number is None:
            return first
        url = first.url if first.method == "GET" else _below(first.url, self._id or "")
        return first.to_get(url, stream="true", starting_after=str(self._number))

    def is_replay(self, event: Event) -> bool:
        number, last = self._number_of(event), self._number
        if number is None or last is None:  # unknown events may have none
            return False
        if self._is_resumed and number > last + 1:
            raise CheckpointError(f"events are missing: number {number} came after {last}", code="other_replay")
        return number <= last

    def taken(self, event: Event) -> bool:
        self._has_taken = True
        number, response = self._number_of(event), self._fields(event).get("response")
        if self._id is None and is_object(response) and isinstance(response.get("id"), str):
            self._id = response["id"]
        if number is None:
            return False
        self._number, self._is_resumed = number, False
        return True

    def reconnecting(self, first: Request) -> None:
        can_ask = self._number is not None and (self._id is not None or first.method == "GET")
        if not can_ask and (first.method != "GET" or self._has_taken):
            raise CheckpointError("no event had the id of the response and a sequence number", code="no_id")
        self._is_resumed = True

    def is_last(self, event: Event) -> bool:
        ends = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "error")
        return super().is_last(event) or self._fields(event).get("type") in ends

    def _number_of(self, event: Event) -> int | None:
        number = self._fields(event).get("sequence_number")
        return number if type(number) is int else None


class GeminiInteractions(_ByData):
    """By the `event_id` of the last event of an interaction."""

    def __init__(self, replays: ReplayFilter) -> None:
        super().__init__()
        self._replays = replays
        self._id: str | None = None
        self._last_event_id: str | None = None
        self._named: tuple[Event, Event] | None = None  # the last event, and the same one with its id

    def request(self, first: Request) -> Request:
        if self._last_event_id is None:
            return first
        url = first.url if first.method == "GET" else _below(first.url, self._id or "")
        return first.to_get(url, stream="true", last_event_id=self._last_event_id)

    def is_replay(self, event: Event) -> bool:
        return self._replays.is_replay(self._with_id(event))

    def taken(self, event: Event) -> bool:
        interaction, named = self._fields(event).get("interaction"), self._with_id(event)
        if self._id is None and is_object(interaction) and isinstance(interaction.get("id"), str):
            self._id = interaction["id"]
        counts = self._replays.counts
        self._replays.applied(named)
        self._last_event_id = named.id or self._last_event_id
        return counts

    def reconnecting(self, first: Request) -> None:
        if first.method != "GET" and self._id is None:
            raise CheckpointError("no event had the id of the interaction", code="no_id")
        self._replays.reconnected()

    def is_last(self, event: Event) -> bool:
        ends = ("interaction.completed", "interaction.complete", "error")
        return super().is_last(event) or self._fields(event).get("event_type") in ends

    def _with_id(self, event: Event) -> Event:
        if self._named is None or self._named[0] is not event:
            event_id = self._fields(event).get("event_id")
            self._named = event, evolve(event, id=event_id) if isinstance(event_id, str) else event
        return self._named[1]


class LangGraph(LastEventID):
    """By the id of the last event, at the URL of the run, which was made with `stream_resumable`."""

    has_last_event = True
    repeats_request = False

    def __init__(self, replays: ReplayFilter) -> None:
        super().__init__(replays)
        self._run: Any = None

    def responded(self, first: Request, response: Any) -> None:
        location, url = response.headers.get("location"), first.url
        if location and self._run is None:
            run = response.request.url.join(location)
            if (run.scheme, run.host, run.port) != (url.scheme, url.host, url.port):  # it would get the caller's key
                raise CheckpointError(f"the run is at another server: {shorten(str(run.host))}", code="no_id")
            self._run = run

    def request(self, first: Request) -> Request:
        return super().request(first if self._run is None else first.to_get(self._run))

    def reconnecting(self, first: Request) -> None:
        if first.method != "GET" and self._run is None:
            raise CheckpointError("the response had no Location, which names the run", code="no_id")
        super().reconnecting(first)

    def is_last(self, event: Event) -> bool:
        return super().is_last(event) or event.event in ("end", "error")


_WAYS: Final[dict[str, Callable[[ReplayFilter], Resumption]]] = {
    "last_event_id": LastEventID,
    "from_start": FromStart,
    "openai_responses": OpenAIResponses,
    "gemini_interactions": GeminiInteractions,
    "langgraph": LangGraph,
}


def resumption_of(way: object, method: str, replays: ReplayFilter | None, limits: Limits) -> Resumption | None:
    """Return the way that an option means; None for a stream that is never continued.

    Without an option, only a `GET` continues: another request may run a model again. `replays` is a caller's filter,
    or None for a new one.
    """
    if isinstance(way, Resumption):
        return way
    if way is None:
        way = "last_event_id" if method == "GET" else "never"
    if way == "never":
        return None
    if not isinstance(way, str) or way not in _WAYS:
        raise ValueError(f"resume is 'never', {', '.join(map(repr, _WAYS))}, or a Resumption, not {shorten(way)}")
    if replays is None:
        replays = AnyEventFilter(replays_from_start=way == "from_start", limits=limits)
    return _WAYS[way](replays)


def _below(url: Any, name: str) -> Any:
    """Return the URL of a resource that a collection has."""
    return url.copy_with(path=f"{url.path.rstrip('/')}/{quote(name, safe='')}", query=None)
