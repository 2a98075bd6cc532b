"""The lanes of AG-UI: what a chunk continues."""

from __future__ import annotations

from typing import Any

import pytest

import streamjson as sj
from streamjson._parts.providers.ag_ui_lanes import id_of, key_of, lane_of, lane_of_chunk, open_in

OPEN = {"": "text m1", "/s1": "text m2", "/s2": "call a b", "/s3": "call c"}


@pytest.mark.parametrize(
    ("lanes", "kind", "id", "event", "lane"),
    [
        (OPEN, "text", "m2", {}, "/s1"),
        (OPEN, "text", "m9", {}, ""),
        (OPEN, "text", "m9", {"subagentRunId": "s9"}, "/s9"),
        (OPEN, "call", "m1", {}, ""),  # the id of a message
        (OPEN, "call", None, {"subagentRunId": "s2"}, "/s2"),
        (OPEN, "text", None, {}, ""),
        (OPEN, "reasoning", None, {}, ""),
        ({"/s1": "text m2", "/s2": "call a"}, "text", None, {}, "/s1"),
        ({}, "text", None, {"subagent_run_id": ""}, "/"),
    ],
)
def test_lane_of_a_chunk(lanes: dict[str, str], kind: Any, id: str | None, event: Any, lane: str) -> None:
    assert lane_of_chunk(lanes, kind, id, event) == lane


def test_a_chunk_that_could_continue_several_is_refused() -> None:
    with pytest.raises(sj.InvalidEventError, match="could continue 2") as raised:
        lane_of_chunk(OPEN, "call", None, {"type": "TOOL_CALL_CHUNK"})
    assert raised.value.code == "ambiguous_part"


def test_what_a_lane_has_open() -> None:
    assert open_in(OPEN, "/s2") == ("call", "a b")
    assert open_in(OPEN, "/s9") == ("", "")
    assert key_of("call", "a b") == OPEN["/s2"]


def test_ids_in_both_spellings() -> None:
    assert id_of("call", {"toolCallId": "c", "messageId": "m"}) == "c"
    assert id_of("text", {"message_id": "m"}) == "m"
    assert id_of("text", {"messageId": 5}) is None
    assert lane_of({"subagentRunId": 5}) == ""
