"""The lanes of AG-UI: from a chunk to the message or call that it continues.

A chunk (`TEXT_MESSAGE_CHUNK` and the like) may omit the id, and then continues what its lane has open. There is a lane
for each subagent, and one, "", for the agent itself. A lane has at most one message or call open from chunks: `lanes`
has its kind and id, as `key_of` joins them.

It does not know parts. Source: @ag-ui/client 1.0 (`chunks/transform.ts`). Cost: O(lanes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._errors import shorten
from ..answer import ambiguous
from ..fields import either, text
from ..part_state import Kind

__all__ = ["id_of", "key_of", "lane_of", "lane_of_chunk", "open_in"]


def id_of(kind: Kind, event: Any) -> str | None:
    """Return the id of the message, or of the call, that an event is for; None if it has none."""
    names = ("toolCallId", "tool_call_id") if kind == "call" else ("messageId", "message_id")
    id = either(event, *names)
    return id if isinstance(id, str) else None


def lane_of(event: Any) -> str:
    """Return the lane that an event names; "" if it names none."""
    id = either(event, "subagentRunId", "subagent_run_id")
    return f"/{id}" if isinstance(id, str) else ""


def key_of(kind: Kind, id: str) -> str:
    """Return what `lanes` has for a message or a call."""
    return f"{kind} {id}"


def open_in(lanes: Mapping[str, str], lane: str) -> tuple[str, str]:
    """Return the kind and the id of what a lane has open; blank if it has nothing."""
    kind, _, id = lanes.get(lane, "").partition(" ")
    return kind, id


def lane_of_chunk(lanes: Mapping[str, str], kind: Kind, id: str | None, event: Any) -> str:
    """Return the lane of a chunk: that which has its id, its subagent's, or the only one that it can continue.

    Raises `InvalidEventError` (`ambiguous_part`) if it can continue several.
    """
    lane = lane_of(event)
    if id is not None:
        return next((holder for holder, key in lanes.items() if key == key_of(kind, id)), lane)
    if lane:
        return lane
    fitting = [holder for holder in lanes if open_in(lanes, holder)[0] == kind]
    if "" in fitting or not fitting:
        return ""
    if len(fitting) > 1:
        raise ambiguous(f"{shorten(text(event, 'type'))} has no id, and could continue {len(fitting)} of them")
    return fitting[0]
