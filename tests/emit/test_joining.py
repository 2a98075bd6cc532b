"""Frames bring a client from any version to any later one, and one that was cut off joins anew.

Each protocol has a reader here, by its rules; test_clients.py runs the real clients, and test_chunks.py shows that a
client of `Chunks` gets only what it lacks.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jsonpatch
import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from growing import in_any_order


def events(received: bytes) -> Iterator[Any]:
    """Yield the data of the whole events of a body that may be cut."""
    for event in sj.SSEDecoder().feed(received):
        if event.data != "[DONE]":
            yield json.loads(event.data)


def read_patch(document: Any, received: bytes) -> Any:
    for operations in events(received):
        document = jsonpatch.apply_patch(document, operations)
    return document


def read_lines(document: Any, received: bytes) -> Any:
    *lines, _ = received.split(b"\n")
    for line in lines:
        document = jsonpatch.apply_patch(document, json.loads(line))
    return document


def read_state(document: Any, received: bytes) -> Any:
    for event in events(received):
        if event["type"] == "STATE_SNAPSHOT":
            document = event["snapshot"]
        elif event["type"] == "STATE_DELTA":
            document = jsonpatch.apply_patch(document, event["delta"])
    return document


def read_place(document: Any, received: bytes) -> Any:
    """Read the state of an application that has the document at one place in it."""
    state = read_state({"other": "stays", "trip": document}, received)
    assert state.pop("other") == "stays"
    return state.get("trip")


def read_data(document: Any, received: bytes) -> Any:
    for event in events(received):
        if event["type"] == "data-document":
            document = event["data"]
    return document


def read_object_stream(document: Any, received: bytes) -> Any:
    for operations in events(received):
        for operation in operations:
            *way, last = ["root", *operation["path"]]
            document = {"root": document}
            parent = document
            for step in way:
                parent = parent[int(step) if isinstance(parent, list) else step]
            key = int(last) if isinstance(parent, list) else last
            if operation["type"] == "append-text":
                parent[key] += operation["value"]
            elif isinstance(parent, list) and key == len(parent):
                parent.append(operation["value"])
            else:
                parent[key] = operation["value"]
            document = document["root"]
    return document


class Form(NamedTuple):
    make: Callable[[], sj.emit.Emitter]
    read: Callable[[Any, bytes], Any]


FORMS = {
    "Patch": Form(lambda: sj.emit.Patch(min_interval_s=0), read_patch),
    "Patch, lines": Form(lambda: sj.emit.Patch(lines=True, min_interval_s=0), read_lines),
    "AGUI": Form(lambda: sj.emit.AGUI("t", "r", min_interval_s=0), read_state),
    "AGUI, at a place": Form(lambda: sj.emit.AGUI("t", "r", at="/trip", min_interval_s=0), read_place),
    "AISDK, data": Form(lambda: sj.emit.AISDK("m", "data", min_interval_s=0), read_data),
    "ObjectStream": Form(lambda: sj.emit.ObjectStream(min_interval_s=0), read_object_stream),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_client_that_was_cut_off_joins(form: Form, seed: int, data: st.DataObject) -> None:
    """Its old document, whatever the cut has left of it, does not shine through."""
    assembler = sj.Assembler(on_conflict="replace")
    versions = [assembler.snapshot() for _ in in_any_order(random.Random(seed)).apply_to(assembler)]
    if not versions:
        return
    first = data.draw(st.integers(0, len(versions) - 1), "first")
    second = data.draw(st.integers(first, len(versions) - 1), "second")
    third = data.draw(st.integers(second, len(versions) - 1), "third")
    out = form.make()
    sent = out.update(versions[first]) + out.update(versions[second])
    ends = out.close(versions[second])

    assert form.read(None, sent + ends) == value_of(versions[second])

    left = form.read(None, sent[: data.draw(st.integers(0, len(sent)), "cut")])
    joined = form.make()
    assert form.read(left, joined.update(versions[third]) + joined.close(versions[third])) == value_of(versions[third])


def value_of(snapshot: sj.Snapshot) -> Any:
    return None if snapshot.value is sj.MISSING else snapshot.value
