"""The JSONPath compliance test suite: the results of `Snapshot.find` and `on_complete` for its 703 selectors.

The suite lists every nodelist that RFC 9535 allows for a query. A location that a nodelist repeats is found once, at
its first place. Filters and indexes from the end are refused as `undecidable`: the document may still grow.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import streamjson as sj

SUITE = json.loads((Path(__file__).parents[1] / "vectors" / "jsonpath_cts.json").read_text("utf-8"))

FILTER = re.compile(r"\?")  # no name in the suite has one
FROM_THE_END = re.compile(r"[\[,:]\s*-")  # nor one of these

INVALID = [case for case in SUITE if "invalid_selector" in case]
VALID = [case for case in SUITE if "invalid_selector" not in case]
LATE = [case for case in VALID if FILTER.search(case["selector"]) or FROM_THE_END.search(case["selector"])]
KNOWN = [case for case in VALID if case not in LATE]

Found = list[tuple[str, Any]]


def rows(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


def allowed(case: dict[str, Any]) -> list[Found]:
    """Return each nodelist that the suite allows, as normalized paths and values, without its repetitions."""
    results = case.get("results") or [case["result"]]
    paths = case.get("results_paths") or [case["result_paths"]]
    return [list(dict(zip(*nodelist, strict=True)).items()) for nodelist in zip(paths, results, strict=True)]


def whole(value: Any) -> list[sj.StreamingChunk]:
    return [sj.StreamingChunk(value, "")]


def test_suite_is_complete() -> None:
    assert (len(INVALID), len(LATE), len(KNOWN)) == (247, 316, 140)


@pytest.mark.parametrize("case", rows(INVALID))
def test_invalid_selector_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidPatternError):
        sj.Assembler().snapshot().find(case["selector"])


@pytest.mark.parametrize("case", rows(LATE))
def test_selector_that_needs_the_whole_document_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(sj.InvalidPatternError) as caught:
        sj.Assembler().snapshot().find(case["selector"])
    assert caught.value.code == "undecidable"


@pytest.mark.parametrize("chunks", [whole, sj.disassemble], ids=["at once", "in pieces"])
@pytest.mark.parametrize("case", rows(KNOWN))
def test_find_returns_a_nodelist_of_the_suite(case: dict[str, Any], chunks: Any) -> None:
    assembler = sj.Assembler()
    for chunk in chunks(case["document"]):
        assembler.apply(chunk)
    found = [(match.path.normalized, match.value) for match in assembler.snapshot().find(case["selector"])]
    assert found in allowed(case)


@pytest.mark.parametrize("case", rows(KNOWN))
def test_on_complete_reports_each_node_of_a_nodelist_once(case: dict[str, Any]) -> None:
    assembler = sj.Assembler()
    found: Found = []
    assembler.on_complete(case["selector"], lambda done: found.append((done.path.normalized, done.value)))
    for chunk in sj.disassemble(case["document"]):
        assembler.apply(chunk)
    assembler.close()
    paths = [path for path, _ in found]
    assert len(paths) == len(set(paths))
    assert dict(found) in map(dict, allowed(case))
