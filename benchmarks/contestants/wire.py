"""Readers of an event stream whose data are deltas: from its bytes to a snapshot for each event.

Readers that only decode are combined with `json.loads` and the fastest hand-written loop for snapshots
(`by_hand.last_target_path_copy`). Responses are the real ones of httpx and httpx2, made over the pieces in memory: no
network, but all the code between the socket's bytes and the event.

- *streamjson*: `for snapshot in sj.assemble(sj.decode_sse(pieces))`, from its README; a second one also reads the value
  of each snapshot, because the snapshots of the others are plain objects.
- *httpx-sse*: `EventSource(response).iter_sse()`, which `connect_sse` in its README yields.
- *httpx2*: iterating its `EventSource`, which `Client.sse()` yields (`httpx2/_sse.py`).
- *sseclient-py*: `SSEClient(pieces).events()`; its README passes `response.iter_bytes()`, and passing the bytes
  themselves saves that cost.
- *opperai*: `EventStream` with the decoder that its `Opper.stream` passes (`opperai/sdk.py`); it only decodes.
- *json.loads alone* (`json_loads_alone`): takes data lines that are already split off; each reader must spend at least
  this.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import httpx
import httpx2
import httpx_sse
import sseclient
from opperai import models
from opperai.utils import eventstreaming, unmarshal_json

import streamjson as sj
from contestants import WireContestant
from contestants.by_hand import last_target_path_copy

__all__ = ["CONTESTANTS", "json_loads_alone", "read_with_httpx_sse"]

Loop = Callable[[], tuple[Callable[[str, Any], None], Callable[[], Any]]]
"""Returns a function that applies a delta at a path, and one that returns the document: see `by_hand`."""

HEADERS: Final = {"content-type": "text/event-stream"}
DONE: Final = "[DONE]"


def json_loads_alone(lines: list[str]) -> list[Any]:
    """Decode data lines without `data: `, already split off: the least work that reading events can take."""
    loads = json.loads
    return [loads(line) for line in lines]


# ---------------------------------------------------------------------------------------------------------------------
# streamjson


def _streamjson(pieces: Sequence[bytes]) -> Any:
    last: sj.Snapshot | None = None
    for snapshot in sj.assemble(sj.decode_sse(pieces)):
        last = snapshot
    return last.value if last else None


def _streamjson_values(pieces: Sequence[bytes]) -> Any:
    value = None
    for snapshot in sj.assemble(sj.decode_sse(pieces)):
        value = snapshot.value
    return value


# ---------------------------------------------------------------------------------------------------------------------
# decoders, json.loads and a path copy


def _fold(events: Iterable[Any], loop: Loop = last_target_path_copy) -> Any:
    """Take a snapshot for each event of any library whose events have text as `data`."""
    feed, document = loop()
    loads = json.loads
    snapshot = None
    for event in events:
        text = event.data
        if text == DONE:
            break
        data = loads(text)
        feed(data["json_path"], data["delta"])
        snapshot = document()
    return snapshot


def read_with_httpx_sse(pieces: Sequence[bytes], loop: Loop = last_target_path_copy) -> Any:
    """Read an event stream with httpx-sse, `json.loads`, and a loop that returns snapshots."""
    response = httpx.Response(200, headers=HEADERS, content=iter(pieces))
    return _fold(httpx_sse.EventSource(response).iter_sse(), loop)


def _httpx2(pieces: Sequence[bytes]) -> Any:
    # It needs the request for its errors.
    request = httpx2.Request("GET", "http://localhost/")
    return _fold(httpx2.EventSource(httpx2.Response(200, headers=HEADERS, content=iter(pieces), request=request)))


def _sseclient(pieces: Sequence[bytes]) -> Any:
    return _fold(sseclient.SSEClient(iter(pieces)).events())


# ---------------------------------------------------------------------------------------------------------------------
# decoding alone


def _opperai(pieces: Sequence[bytes]) -> list[Any]:
    # The SDK passes no sentinel, so its decoder takes `[DONE]` for an event without a chunk: an error.
    response = httpx.Response(200, headers=HEADERS, content=iter(pieces))
    body = models.FunctionStreamCallStreamPostResponseBody
    stream = eventstreaming.EventStream(response, lambda raw: unmarshal_json(raw, body), sentinel=DONE)
    return [event.data for event in stream]


def _reader(name: str, package: str, run: Callable[[Sequence[bytes]], Any]) -> WireContestant:
    return WireContestant(
        f"{name} + json + path copy", run, package=package, note="json.loads and the path copy by hand"
    )


CONTESTANTS: Final = (
    WireContestant("streamjson", _streamjson, package="streamjson-assembler"),
    WireContestant(
        "streamjson, values",
        _streamjson_values,
        package="streamjson-assembler",
        note="reads the value of each snapshot",
    ),
    _reader("httpx-sse", "httpx-sse", read_with_httpx_sse),
    _reader("httpx2", "httpx2", _httpx2),
    _reader("sseclient-py", "sseclient-py", _sseclient),
    WireContestant(
        "opperai", _opperai, package="opperai", gives="data", note="decodes alone; gives objects of its SDK"
    ),
)
