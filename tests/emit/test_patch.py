"""JSON Patch with texts that are held back: at each end, and after each flush, the client has the document."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from growing import in_any_order

PATHS = ["a", "b.c", "b.d[0]"]
PIECES = ["x", "y" * 30, "z" * 300]


@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(PIECES)), max_size=40), st.integers(1, 5))
def test_long_texts_in_turn_come_to_the_same_document(entries: list[tuple[str, str]], step: int) -> None:
    assembler, out = sj.Assembler(), sj.emit.Patch(lines=True, min_interval_s=0.001, clock=iter(range(1000)).__next__)
    document: Any = None
    sent = b""
    for number, (path, piece) in enumerate(entries):
        assembler.apply_delta(path, piece)
        if number % step == 0:
            sent += out.update(assembler.snapshot())
    sent += out.close(assembler.snapshot())
    for line in sent.splitlines():
        document = jsonpatch.apply_patch(document, json.loads(line))

    assert document == (assembler.snapshot().value if entries else None)


@given(st.integers(0, 2**32))
def test_append_says_only_what_is_new(seed: int) -> None:
    assembler, out = sj.Assembler(on_conflict="replace"), sj.emit.Patch(lines=True, text="append", min_interval_s=0)
    document: Any = None
    for _ in in_any_order(random.Random(seed)).apply_to(assembler):
        for line in out.update(assembler.snapshot()).splitlines():
            for operation in json.loads(line):
                if operation["op"] == "append":
                    text = jsonpatch.JsonPointer(operation["path"]).resolve(document)
                    operation = {"op": "replace", "path": operation["path"], "value": text + operation["value"]}
                document = jsonpatch.apply_patch(document, [operation])

    value = assembler.snapshot().value
    assert document == (None if value is sj.MISSING else value)


@pytest.mark.parametrize("lines", [False, True], ids=["events", "lines"])
def test_failure_is_an_event(lines: bool) -> None:
    out = sj.emit.Patch(lines=lines)
    failure = out.fail("The model went away.")

    assert out.headers["content-type"] == ("application/x-ndjson" if lines else "text/event-stream")
    assert failure == (b"" if lines else b'event: failed\ndata: {"message":"The model went away.","code":"error"}\n\n')
