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
from .._resume import AnyEventFilter
from .._wire import ServerSentEvent
from .request import Request

__all__ = ["Event", "Resumption", "Way", "resumption_of"]

Event: TypeAlias = ServerSentEvent[JSONValue]
Way: TypeAlias = Literal["last_event_id", "from_start", "openai_responses", "gemini_interactions", "langgraph"]


class Resumption(ABC):
    """A way to continue a stream. One object belongs to one stream.

    `has_last_event` says that the source always sends a last event (`is_last`): a body that just ends was cut then.
    """

    has_last_event: bool = False

    @abstractmethod
    def request(self, first: Request) -> Request:
        """Return the request of the next connection. `first` is that of the first one."""

    @abstractmethod
    def is_replay(self, event: Event) -> bool:
        """Return whether an event was there before. Raises `CheckpointError` if that can't be known."""

    @abstractmethod
    def taken(self, event: Event) -> None:
        """Note that the caller has the event, and has come back for the next."""

    @abstractmethod
    def reconnecting(self, first: Request) -> None:
        """Note that a connection was lost. Raises `CheckpointError` if the source can't continue this stream."""

    def advances(self, event: Event) -> bool:  # noqa: ARG002  # for ways that know some events only
        """Return whether a new event is progress. One that would be sent again, and not be recognized, is not."""
        return True

    def responded(self, response: Any) -> None:  # noqa: B027  # most ways need nothing of it
        """Note the response of a connection, of the client's own class."""

    def is_last(self, event: Event) -> bool:
        """Return whether nothing follows an event."""
        return isinstance(event.data, str) and event.data.strip() == "[DONE]"


class LastEventID(Resumption):
    """By the id of the last event. The server may replay some events, or all."""

    def __init__(self, limits: Limits, *, replays_from_start: bool = False) -> None:
        self._replays = AnyEventFilter(replays_from_start=replays_from_start, limits=limits)
        self._last_event_id: str | None = None  # None before there is one: a caller's own header then stays

    def request(self, first: Request) -> Request:
        if self._last_event_id is None:
            return first
        return first.with_header("Last-Event-ID", self._last_event_id)

    def is_replay(self, event: Event) -> bool:
        return self._replays.is_replay(event)

    def taken(self, event: Event) -> None:
        self._replays.applied(event)
        if event.id is not None or event.last_event_id:
            self._last_event_id = event.id if event.id is not None else event.last_event_id

    def advances(self, event: Event) -> bool:
        return bool(event.id)

    def reconnecting(self, first: Request) -> None:  # noqa: ARG002  # it may be any
        self._replays.reconnected()


class FromStart(LastEventID):
    """Each connection sends everything, as the server knows no place."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits, replays_from_start=True)

    def request(self, first: Request) -> Request:
        return first

    def advances(self, event: Event) -> bool:
        return bool(event.data)


class OpenAIResponses(Resumption):
    """By the sequence number of the last event, of a response that was made with `background`."""

    has_last_event = True

    def __init__(self, _: Limits) -> None:
        self._id: str | None = None
        self._number: int | None = None

    def request(self, first: Request) -> Request:
        if self._number is None:
            return first
        url = first.url if first.method == "GET" else _below(first.url, self._id or "")
        return first.to_get(url, stream="true", starting_after=str(self._number))

    def is_replay(self, event: Event) -> bool:
        number = _fields(event).get("sequence_number")  # unknown events may have none
        return isinstance(number, int) and self._number is not None and number <= self._number

    def taken(self, event: Event) -> None:
        fields = _fields(event)
        number, response = fields.get("sequence_number"), fields.get("response")
        if self._id is None and is_object(response) and isinstance(response.get("id"), str):
            self._id = response["id"]
        if isinstance(number, int):
            self._number = number

    def advances(self, event: Event) -> bool:
        return "sequence_number" in _fields(event)

    def reconnecting(self, first: Request) -> None:
        if first.method != "GET" and (self._number is None or self._id is None):
            raise CheckpointError("no event had the id of the response and a sequence number", code="no_id")

    def is_last(self, event: Event) -> bool:
        ends = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "error")
        return super().is_last(event) or _fields(event).get("type") in ends


class GeminiInteractions(LastEventID):
    """By the `event_id` of the last event of an interaction."""

    has_last_event = True

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._id: str | None = None

    def request(self, first: Request) -> Request:
        if self._last_event_id is None:
            return first
        url = first.url if first.method == "GET" else _below(first.url, self._id or "")
        return first.to_get(url, stream="true", last_event_id=self._last_event_id)

    def is_replay(self, event: Event) -> bool:
        return super().is_replay(_with_event_id(event))

    def taken(self, event: Event) -> None:
        interaction = _fields(event).get("interaction")
        if self._id is None and is_object(interaction) and isinstance(interaction.get("id"), str):
            self._id = interaction["id"]
        super().taken(_with_event_id(event))

    def advances(self, event: Event) -> bool:
        return super().advances(_with_event_id(event))

    def reconnecting(self, first: Request) -> None:
        if first.method != "GET" and self._id is None:
            raise CheckpointError("no event had the id of the interaction", code="no_id")
        super().reconnecting(first)

    def is_last(self, event: Event) -> bool:
        ends = ("interaction.completed", "interaction.complete", "error")
        return super().is_last(event) or _fields(event).get("event_type") in ends


class LangGraph(LastEventID):
    """By the id of the last event, at the URL of the run, which was made with `stream_resumable`."""

    has_last_event = True

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._run: Any = None

    def responded(self, response: Any) -> None:
        location = response.headers.get("location")
        url = response.request.url
        if location and self._run is None:
            run = url.join(location)
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


_WAYS: Final[dict[str, Callable[[Limits], Resumption]]] = {
    "last_event_id": LastEventID,
    "from_start": FromStart,
    "openai_responses": OpenAIResponses,
    "gemini_interactions": GeminiInteractions,
    "langgraph": LangGraph,
}


def resumption_of(way: object, method: str, limits: Limits) -> Resumption | None:
    """Return the way that an option means; None for a stream that is never continued.

    Without an option, only a `GET` continues: another request may run a model again.
    """
    if isinstance(way, Resumption):
        return way
    if way is None:
        return LastEventID(limits) if method == "GET" else None
    if way == "never":
        return None
    if not isinstance(way, str) or way not in _WAYS:
        raise ValueError(f"resume is 'never', {', '.join(map(repr, _WAYS))}, or a Resumption, not {shorten(way)}")
    return _WAYS[way](limits)


def _below(url: Any, name: str) -> Any:
    """Return the URL of a resource that a collection has."""
    return url.copy_with(path=f"{url.path.rstrip('/')}/{quote(name, safe='')}")


def _fields(event: Event) -> Mapping[str, Any]:
    data: Any = event.data
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return {}
    return data if is_object(data) else {}


def _with_event_id(event: Event) -> Event:
    event_id = _fields(event).get("event_id")
    return evolve(event, id=event_id) if isinstance(event_id, str) else event
