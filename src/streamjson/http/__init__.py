"""From a request to the events of its stream, over as many connections as it takes: `stream`.

    request -> response, checked -> bytes -> events -> those that are new
                    ^                                       |
                    `------- a break: wait, ask again ------'

A stream that breaks is continued where the source can replay it, so that each event comes once: nothing is lost, and
nothing doubled. A `GET` is continued by `Last-Event-ID`; no other request is sent again unless you ask for it. It
needs the extra `http`: httpx2 (or httpx) and tenacity. docs/http.md shows it.

`client` and `request` are what the HTTP library needs, `response` is what is checked, `secrets` what no error shows,
`resumption` how a source is asked to continue, `policy` the options, and `attempts` the rules. `sync_stream` and
`async_stream` are thin loops over them.
"""

from __future__ import annotations

import asyncio
from typing import Any, Unpack, overload

from .async_stream import AsyncEventStream
from .client import AsyncClient, SyncClient, has_async_methods
from .options import Connector, Options
from .request import Request
from .resumption import Event, Resumption
from .sync_stream import EventStream

__all__ = ["AsyncEventStream", "Event", "EventStream", "Request", "Resumption", "stream"]


@overload
def stream(method: str, url: object, *, client: AsyncClient, **options: Unpack[Options]) -> AsyncEventStream: ...
@overload
def stream(
    method: str, url: object, *, client: SyncClient | None = None, **options: Unpack[Options]
) -> EventStream: ...
def stream(
    method: str, url: object, *, client: SyncClient | AsyncClient | None = None, **options: Unpack[Options]
) -> EventStream | AsyncEventStream:
    """Return an iterator over the events of a stream that a request starts, which continues after breaks.

    With an `httpx2.AsyncClient` (or httpx's) as the `client` the iterator is asynchronous, with a `Client` it is not.
    Without a client it makes one of its own, which is asynchronous if an event loop (of asyncio) is running: a
    synchronous one would stop it. `headers`, `params`, `json`, `content`, `data`, `files`, `cookies`, `auth`,
    `timeout`, `follow_redirects` and `extensions` are passed on to the client's `stream`. Nothing is sent before the
    first event is asked for. Leave the iterator by `with` (`async with`), or by that of `assemble`, which closes it.
    Without a client of yours, redirects are not followed: another server would get the headers.

    Each item is a `ServerSentEvent`; its `data` is text, or of JSON lines the value of a line. It goes to `assemble` or
    `assemble_parts` as it is. `[DONE]`, which is yielded, ends the stream, and so does a 204.

    `resume` says how it is continued: `"last_event_id"`, the default of a `GET`; `"from_start"`, for a server that
    sends everything each time; `"openai_responses"`, `"gemini_interactions"`, `"langgraph"`, or a `Resumption` of your
    own. All other methods are sent once: their request would run the model again. `"never"` is one connection, too,
    whose body is read to its end, also past a `[DONE]`: a log of several streams. `replays` is a `ReplayFilter` of your
    own, one that was restored beside an assembler's checkpoint. `format` says what the body is, `"sse"` or
    `"json_lines"`, whatever its content type.

    `idle_timeout_s` is how long nothing may come: 600 seconds, or what your client has as its time-out for reading.
    `max_failures` connections in a row may bring nothing new (5). Before the next one, it waits as long as the server
    asks for by `Retry-After`; or from `retry` or `min_wait_s` (1), doubled each time and with jitter, to `max_wait_s`
    (60). `on_break` is called before each wait, with the error of the break and the seconds.

    Raises at the call: `ValueError` and `TypeError` for options that are wrong, `ImportError` without the extra.
    Raises while iterating: `ResponseError` for another status, or another content type; `StreamTruncatedError`
    (`connection`; `truncated`; `no_done`) for a stream that broke and could not be continued, with the `snapshot` if a
    stream of snapshots reads it; `CheckpointError` if the server's replay differs from what it had sent; what
    `decode_sse` and `decode_json_lines` raise; `ValueError` for a header field that can't be sent. No error shows a
    query, a password, or a secret of the request's headers, also where the server repeats it.

    >>> import httpx2
    >>> import streamjson as sj
    >>> def answer(request):
    ...     body = 'data: {"delta": "Lisbon", "json_path": "city"}\\n\\ndata: [DONE]\\n\\n'
    ...     return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=body)
    >>> client = httpx2.Client(transport=httpx2.MockTransport(answer))  # in place of a server
    >>> sj.assemble(sj.http.stream("GET", "http://server/stream", client=client)).final()
    {'city': 'Lisbon'}
    """
    connector = Connector.of(method, url, client, options)
    is_async = _is_in_event_loop() if client is None else has_async_methods(client)
    kind: Any = AsyncEventStream if is_async else EventStream
    made: EventStream | AsyncEventStream = kind(connector)
    return made


def _is_in_event_loop() -> bool:
    """Return whether an event loop of asyncio runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
