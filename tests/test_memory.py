"""The memory that a document takes, and that dropping it frees all of it.

Each case of `memory_cases` runs in its own process, so that no other test is measured. The suite runs a tenth of the
size that the `thorough` profile runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import settings

import memory_cases
import streamjson as sj
from streams import one_string

pytestmark = pytest.mark.slow

THOROUGH = settings.default is not None and settings.default.max_examples >= 5000
EVENTS = 1_000_000 if THOROUGH else 100_000

DROPPED_DOCUMENTS = 50 if THOROUGH else 10  # documents that are also read; for those that are only built always 50
MAX_LEFT_BYTES = 20_000  # for what the interpreter keeps; one document is 25 times as much


def measured(*arguments: str) -> Any:
    command = [sys.executable, memory_cases.__file__, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=900)
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", memory_cases.CASES)
def test_dropped_documents_leave_nothing_behind(case):
    """Each document has half a megabyte."""
    count = 50 if case == "only_built" else DROPPED_DOCUMENTS
    assert measured("dropped", case, str(count)) < MAX_LEFT_BYTES


@pytest.mark.parametrize("shape", ["one_string", "people"])
def test_document_with_history_takes_at_most_3_times_its_value(shape):
    is_open, closed, peak = measured("history", shape, str(EVENTS))

    assert is_open <= 3
    assert closed <= 3
    assert peak <= 3.5  # a list that grows exists twice for a moment


def test_text_whose_run_has_ended_is_stored_once():
    assembler = sj.Assembler()
    for path, delta in one_string(10_000):
        assembler.apply_delta(path, delta)
    assembler.apply_delta("number", 1)

    assert sum(map(len, assembler._session.document.pieces)) == 0
