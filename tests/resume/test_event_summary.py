"""What the recognizers need to know of an event."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import streamjson as sj

DELTAS: dict[str, Any] = {
    "an object": ({"a": 1, "b": [None, {"c": "é"}]}, {"b": [None, {"c": "é"}], "a": 1}),
    "half a character": ("\ud83d", "\ud83d"),
    "a value of another kind": (SimpleNamespace(a=1), SimpleNamespace(a=1)),
    "names that are no text": ({1: 2, "a": 3}, {1: 2, "a": 3}),
    "a long number": (10**5_000, 10**5_000),
}


@pytest.mark.parametrize(("delta", "again"), DELTAS.values(), ids=DELTAS)
def test_any_delta_is_the_same_again(delta: Any, again: Any) -> None:
    replays = sj.ReplayFilter(replays_from_start=True)
    replays.applied(sj.StreamingChunk(delta, "a"))
    replays.reconnected()

    assert replays.is_replay(sj.StreamingChunk(again, "a"))
