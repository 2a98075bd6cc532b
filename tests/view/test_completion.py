"""A completion is a location and a version: it reads its value on demand, and the value is that of the version."""

from __future__ import annotations

import pytest

import streamjson as sj
from streamjson._document.document import Document
from streamjson._limits import Limits
from streamjson._view.completion import Completion, structurer_of


def completion(document: Document, path: str, version: int, revision: int = 1) -> Completion[object]:
    return Completion(document, sj.parse_path(path), version, revision)


@pytest.fixture
def document() -> Document:
    document = Document(Limits())
    for path, delta in [
        ("people[0].name", "Jane"),
        ("people[0].name", " Doe"),
        ("people[0].age", 34),
        ("people", None),
    ]:
        document.apply(path, delta)
    return document


def test_value_is_that_of_its_version(document: Document) -> None:
    assert completion(document, "people[0].name", 2).value == "Jane Doe"
    assert completion(document, "people[0]", 3).value == {"name": "Jane Doe", "age": 34}
    assert completion(document, "people[0]", 4).value is sj.MISSING
    assert completion(document, "people", 4).value is None
    assert [completion(document, path, 4).gone for path in ("people", "people[0]")] == [False, True]


def test_value_is_read_once_and_is_private(document: Document) -> None:
    done = completion(document, "people[0]", 3)
    done.value["name"] = "changed"

    assert done.value is done.value
    assert done.value["name"] == "changed"
    assert completion(document, "people[0]", 3).value["name"] == "Jane Doe"


def test_match_is_the_path(document: Document) -> None:
    done = completion(document, "people[0].name", 2)

    assert done.match is done.path
    assert done.path == ("people", 0, "name")


def test_repr_shows_version_value_and_path(document: Document) -> None:
    assert repr(completion(document, "people[0].name", 2)) == "<Completion 2: 'Jane Doe' at people[0].name>"
    assert repr(completion(document, "", 4, 2)) == "<Completion 4, revision 2: {'people': None} at the root>"


def test_structurer_converts_a_value_to_a_type() -> None:
    assert structurer_of(None) is None
    make = structurer_of(float)
    assert make is not None
    assert make(3, "a") == 3.0
    with pytest.raises(sj.StructureError, match="a does not fit float: a number is expected, not 'x'"):
        make("x", "a")
