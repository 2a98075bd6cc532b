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
    [{"contentBlockDelta": {"contentBlockIndex": 0, "delta": {}}}],
    [
        {"type": "message-start"},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "x"}}}},
    ],
    [{"delta": "x", "json_path": "a", "span_id": "s"}],
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


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("parts", 0, "kind"), "music"),
        (("parts", 0, "name"), 5),
        (("parts", 0, "raw"), 5),
        (("parts", 0, "first"), 5),
        (("parts", 0, "half"), "x"),
        (("parts", 0, "error"), ["InvalidTextError", 5, "x"]),
        (("parts", 0, "error"), ["KeyError", "bad_text", "x"]),
        (("parts", 0, "form"), "string"),
        (("keys", 0, 0), [[]]),
        (("keys", 0, 1), -1),
        (("keys", 0, 1), 9),
        (("provider",), "cohere_v1"),
        (("content",), "xml"),
        (("state",), {"what": 1}),
    ],
)
def test_a_member_that_can_not_be_is_refused(path: tuple[Any, ...], value: Any) -> None:
    members = json.loads(CHECKPOINTS[1])
    container = members
    for key in path[:-1]:
        container = container[key]
    container[path[-1]] = value
    with pytest.raises(sj.CheckpointError):
        sj.PartAssembler.restore(reseal(members))


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (3, {"contents": {"0": {"call": -9}}}),
        (3, {"stopped": {"abc": "STOP"}}),
        (3, {"stopped": []}),
        (2, {"last": "x"}),
    ],
)
def test_a_state_of_a_provider_that_can_not_be_is_refused(number: int, state: dict[str, Any]) -> None:
    members = json.loads(CHECKPOINTS[number])
    members["state"] |= state
    with pytest.raises(sj.CheckpointError):
        sj.PartAssembler.restore(reseal(members))


def test_more_parts_than_the_limit_are_refused() -> None:
    with pytest.raises(sj.LimitExceededError) as raised:
        sj.PartAssembler.restore(CHECKPOINTS[0], limits=sj.Limits(max_parts=1))
    assert raised.value.limit == "max_parts"


def test_half_a_character_that_waits_is_saved() -> None:
    def text(kind: str, name: str, value: str) -> dict[str, Any]:
        return {
            "type": f"response.output_text.{kind}",
            "item_id": "m",
            "output_index": 0,
            "content_index": 0,
            name: value,
        }

    parts = sj.PartAssembler()
    parts.apply(text("delta", "delta", "hi \ud83d"))
    restored = sj.PartAssembler.restore(parts.checkpoint())
    assert restored.apply(text("done", "text", "hi 🚀"))[0].value == "hi 🚀"
