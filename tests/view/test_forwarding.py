"""A receiver of each change's chunks has the sender's document, despite resets, holes, halves and early closes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import example, given, strategies as st

import streamjson as sj
from verbs import apply_entry, entries

HIGH, LOW = "\ud83d", "\ude00"
Step = tuple[str, Any]

PATHS = st.sampled_from(["", "a", "a.b", "a[0]", "a[2]", "a[2].c", "b", "b[1][1]", "t", "t", "u"])
DELTAS = st.sampled_from(
    [None, "", "x", "yz", HIGH, LOW, HIGH + "q", LOW + HIGH, 1, 2.5, True, [], {}, {"b": "v"}, ["i", {"c": "w"}]]
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    *[st.tuples(PATHS, entries(DELTAS))] * 3,
    st.tuples(st.just("span"), st.sampled_from("st")),
    st.tuples(st.just("span with a delta"), st.tuples(st.sampled_from("st"), PATHS, DELTAS)),
    st.just(("reset", None)),
    st.just(("reopen", None)),
)


def apply_step(sender: sj.Assembler, step: Step) -> list[sj.Change | None]:
    """Apply a step to the sender; return the last change of each call."""
    kind, what = step
    if kind == "reset":
        return [sender.reset()]
    if kind == "reopen":
        return [sender.close(), sender.reopen()]
    if kind == "span":
        return [sender.apply({"span_id": what})]
    if kind == "span with a delta":
        span_id, path, delta = what
        return [sender.apply({"span_id": span_id, "json_path": path, "delta": delta})]
    return [apply_entry(sender, kind, what)]


def chain(change: sj.Change | None) -> Iterator[sj.Change]:
    """Return the changes of one event, oldest first."""
    changes: list[sj.Change] = []
    while change is not None:
        changes.append(change)
        change = change.before
    return reversed(changes)


def forward(changes: Iterable[sj.Change], receiver: sj.Assembler) -> None:
    for change in changes:
        for chunk in change.to_chunks():
            for event in sj.decode_sse(sj.encode_sse(chunk)):
                receiver.apply(event)


def shown(assembler: sj.Assembler) -> Any:
    """Return the document; an empty one is null, as a reset arrives at the receiver."""
    value = assembler.snapshot().value
    return None if value is sj.MISSING else value


@given(steps=st.lists(STEPS, max_size=14), every=st.integers(1, 5), completion=st.sampled_from(["order", "end"]))
@example(steps=[("t", "Hello"), ("reset", None), ("t", "World")], every=1, completion="order")
@example(steps=[("a[2]", 1), ("a[0]", "x")], every=2, completion="order")
def test_receiver_follows_every_change(steps: list[Step], every: int, completion: Any) -> None:
    sender = sj.Assembler(on_conflict="replace", on_new_span="reset", completion=completion)
    by_event, by_snapshot = sj.Assembler(), sj.Assembler()
    last = sender.snapshot()
    for number, step in enumerate(steps, 1):
        for change in apply_step(sender, step):
            forward(chain(change), by_event)
        assert shown(by_event) == shown(sender)
        if number % every == 0 or number == len(steps):
            now = sender.snapshot()
            forward(now.changes_since(last), by_snapshot)
            last = now
            assert shown(by_snapshot) == shown(sender)


@given(steps=st.lists(st.tuples(PATHS, DELTAS) | st.tuples(st.just("span"), st.sampled_from("st")), max_size=12))
@example(steps=[("t", "Hello"), ("span", "s"), ("span", "t"), ("t", "World")])
def test_receiver_follows_a_stream(steps: list[Step]) -> None:
    """The recipe for forwarding sends the changes of each snapshot that a stream yields."""
    events = [{"span_id": what} if path == "span" else {"json_path": path, "delta": what} for path, what in steps]
    receiver = sj.Assembler()
    stream = sj.assemble(events, on_conflict="replace", on_new_span="reset")
    for snapshot in stream:
        forward(snapshot.changes, receiver)
        value = snapshot.copy_value()
        assert shown(receiver) == (None if value is sj.MISSING else value)
