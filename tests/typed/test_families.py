"""Realistic schemas, streamed one character at a time: what is validated, when, how often, and with which result."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

import streamjson as sj
from schemas import SCHEMAS, VALIDATED, Schema, validated, validations

PARTS = [
    pytest.param(schema, pattern, into, id=f"{schema.name} {pattern}")
    for schema in SCHEMAS
    for pattern, into in schema.parts
]


@pytest.fixture(params=SCHEMAS, ids=lambda schema: schema.name)
def schema(request: pytest.FixtureRequest) -> Schema:
    found: Schema = request.param
    return found


@pytest.fixture(autouse=True)
def forget_validations() -> None:
    VALIDATED.clear()


def characters(document: Any) -> list[sj.StreamingChunk]:
    return list(sj.disassemble(document, piece_chars=1))


def parts_of(schema: Schema, pattern: str, into: Any) -> tuple[list[Any], list[int]]:
    """Return what the validator makes from each part of the document, and how often it runs for each."""
    made, counts = [], []
    for value in sj.assemble(characters(schema.document)).completed(pattern):
        made.append(validated(schema.family, into, value))
        counts.append(len(VALIDATED))
        VALIDATED.clear()
    return made, counts


def test_there_are_schemas_of_all_five_families() -> None:
    families = [schema.family for schema in SCHEMAS]

    assert len(SCHEMAS) >= 30
    assert {family: families.count(family) >= 6 for family in families} == dict.fromkeys(
        ("attrs", "dataclass", "typed dict", "msgspec", "pydantic"), True
    )


def test_the_document_is_validated_once_at_the_end(schema: Schema) -> None:
    stream = sj.assemble(characters(schema.document))
    seen: list[int] = []
    stream.assembler.on("$", lambda _: seen.append(len(VALIDATED)))

    made = stream.final(into=schema.into)

    assert len(VALIDATED) == validations(schema)
    assert set(seen) == {0}
    assert made == schema.expected()


@pytest.mark.parametrize(("schema", "pattern", "into"), PARTS)
def test_each_part_is_validated_once_when_it_is_complete(schema: Schema, pattern: str, into: Any) -> None:
    expected, runs = parts_of(schema, pattern, into)
    assembler = sj.Assembler()
    made: list[Any] = []
    assembler.on_complete(pattern, lambda done: made.append(done.value), into=into)

    counts = [(0, 0)]  # parts reported, validations run
    for chunk in characters(schema.document):
        assembler.apply(chunk)
        counts.append((len(made), len(VALIDATED)))
    assembler.close()
    counts.append((len(made), len(VALIDATED)))

    assert made == expected
    assert [type(one) for one in made] == [type(one) for one in expected]
    for (parts, before), (more_parts, after) in pairwise(counts):
        assert after - before == sum(runs[parts:more_parts])  # if no part was reported, nothing was validated


@pytest.mark.parametrize(("schema", "pattern", "into"), PARTS)
def test_completed_yields_the_parts_that_callbacks_get(schema: Schema, pattern: str, into: Any) -> None:
    expected, runs = parts_of(schema, pattern, into)

    assert list(sj.assemble(characters(schema.document)).completed(pattern, into=into)) == expected
    assert len(VALIDATED) == sum(runs)
