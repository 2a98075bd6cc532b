"""A checkpoint of an answer that was changed and sealed again is refused, or gives an answer that works."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from chat import MESSAGE, block, call_block, candidate, chunk, fragment, function, said
from sealing import reseal

ANSWERS: list[list[Any]] = [
    [said("Hi"), fragment('{"a": [1, "x', name="f", id="1")],
    [fragment('{"a": b', name="f", id="1"), fragment({"b": 1}, name="g", id="2"), chunk(finish="stop")],
    [MESSAGE, *call_block(0, "[0]"), block(1, type="tool_use", id="t", name="f", input={"a": 1}), block(2, type="x")],
    [candidate({"text": "Hi"}, function(name="f", willContinue=True)), candidate(finish="STOP")],
]
CHECKPOINTS = []
for events in ANSWERS:
    assembler = sj.PartAssembler()
    for event in events:
        assembler.apply(event)
    CHECKPOINTS.append(assembler.checkpoint())

OTHER = st.none() | st.booleans() | st.integers(-2, 3) | st.text(max_size=3) | st.just([]) | st.just({}) | st.just([[]])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of each value in a document but the root."""
    found = [] if not path else [path]
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            found += places(value[key], (*path, key))
    return found


@given(st.sampled_from(CHECKPOINTS), st.data())
def test_a_forged_checkpoint_is_refused_or_works(checkpoint: bytes, data: st.DataObject) -> None:
    members = json.loads(checkpoint)
    *above, last = data.draw(
        st.sampled_from([path for path in places(members) if path[0] not in ("format", "sha256", "kind")])
    )
    container = members
    for key in above:
        container = container[key]
    if data.draw(st.booleans()) and isinstance(container, dict):
        del container[last]
    else:
        container[last] = data.draw(OTHER)
    try:
        restored = sj.PartAssembler.restore(reseal(members))
        for part in restored.parts:
            assert (part.text, part.value, part.complete) is not None
        for event in (said("more"), candidate({"text": "more"}), *call_block(3, "[]")):
            restored.apply(event)
    except sj.StreamJSONError:
        pass


@pytest.mark.parametrize("name", ["parts", "keys", "state", "provider", "content", "end", "event_number", "finished"])
def test_a_checkpoint_without_a_member_is_refused(name: str) -> None:
    members = json.loads(CHECKPOINTS[0])
    del members[name]
    with pytest.raises(sj.CheckpointError):
        sj.PartAssembler.restore(reseal(members))
