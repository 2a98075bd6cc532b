"""A checkpoint at every byte of many texts, restored in a new process, gives the same values and completions."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import pytest

import streamjson as sj

pytestmark = pytest.mark.slow

DOCUMENTS = 200

# Reads lines of [checkpoint, the rest of the text in hexadecimal digits], and writes what happens from there on.
RESUME = """
import json, sys
import streamjson as sj

for line in sys.stdin:
    checkpoint, rest = json.loads(line)
    assembler = sj.Assembler.restore(checkpoint.encode())
    log = [repr(assembler.snapshot().value)]
    note = lambda done: log.append([str(done.path), repr(done.value), done.version])
    assembler.on_complete("$", note)
    assembler.on_complete("$..*", note)
    rest = bytes.fromhex(rest)
    for at in range(0, len(rest), 7):
        assembler.apply(rest[at : at + 7])
        log.append(repr(assembler.snapshot().value))
    assembler.close()
    print(json.dumps([*log, repr(assembler.snapshot().value)]))
"""


def value_of(choose: random.Random, depth: int = 0) -> Any:
    kind = choose.randrange(9 if depth < 3 else 6)
    if kind < 3:
        return "".join(choose.choice('aé😀"\\\n木\u2028') for _ in range(choose.randrange(5)))
    if kind < 6:
        return choose.choice([0, -12, 3.25, -1e-7, 10**20, True, False, None])
    items = [value_of(choose, depth + 1) for _ in range(choose.randrange(4))]
    return items if kind == 6 else {f"é{number}": item for number, item in enumerate(items)}


def resumed(raw: bytes, at: int) -> tuple[str, list[Any]]:
    """Return the checkpoint at a byte, and what happens from there on in this process, without it."""
    assembler = sj.Assembler(dialect="json_text")
    assembler.apply(raw[:at])
    checkpoint = assembler.checkpoint().decode()
    log: list[Any] = [repr(assembler.snapshot().value)]

    def note(done: sj.Completion[Any]) -> None:
        log.append([str(done.path), repr(done.value), done.version])

    assembler.on_complete("$", note)
    assembler.on_complete("$..*", note)
    for start in range(at, len(raw), 7):
        assembler.apply(raw[start : start + 7])
        log.append(repr(assembler.snapshot().value))
    assembler.close()
    return checkpoint, [*log, repr(assembler.snapshot().value)]


def test_checkpoint_at_every_byte_resumes_in_a_new_process() -> None:
    choose = random.Random(7)
    texts = [json.dumps(value_of(choose), ensure_ascii=choose.random() < 0.5) for _ in range(DOCUMENTS)]
    cases = [(raw, at) for raw in map(str.encode, texts) for at in range(len(raw) + 1)]
    expected = [resumed(raw, at) for raw, at in cases]
    lines = [
        json.dumps([checkpoint, raw[at:].hex()]) for (checkpoint, _), (raw, at) in zip(expected, cases, strict=True)
    ]
    done = subprocess.run(
        [sys.executable, "-c", RESUME], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [log for _, log in expected]
