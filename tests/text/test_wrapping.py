"""`_text.wrapping`: a document inside other text is found, for any cutting."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamjson as sj
from text_samples import cut, cuts, texts

DOCUMENT = '{"a": [1, "x`y"]}'
VALUE = {"a": [1, "x`y"]}


def final(text: str, wrapper: Any, places: list[int] | None = None) -> Any:
    pieces = cut(text, places) if places is not None else list(text)
    return sj.assemble_text(pieces, wrapper=wrapper).final()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```json\n%s\n```", id="a fence"),
        pytest.param("```\n%s\n```", id="no language word"),
        pytest.param("Here you are:\n\n```json\n%s\n```\nAnything else? {", id="text around it"),
        pytest.param("Use `x` and ``y``.\n````JSON5\n%s\n````", id="inline code before, and a longer fence"),
        pytest.param("```json %s```", id="on one line"),
        pytest.param("```python\n%s\n```", id="another language"),
        pytest.param("```\n%s", id="the closing fence is missing"),
        pytest.param("```\n%s\n``", id="the closing fence is cut"),
    ],
)
def test_document_in_a_fence(text: str) -> None:
    text %= DOCUMENT
    assert final(text, "fence") == final(text, "fence", []) == VALUE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("%s", id="alone"),
        pytest.param("Sure! %s Is that it?", id="text around it"),
        pytest.param("I looked at [1] and {x}: %s.", id="brackets in the text"),
        pytest.param("{ {[(%s", id="brackets before it"),
        pytest.param("```python\nx = [1]\n```\nand\n```json\n%s\n```", id="a fence of another language"),
        pytest.param("``` json\n%s\n```", id="a blank before the language word"),
        pytest.param("`[`%s", id="inline code"),
    ],
)
def test_document_in_prose(text: str) -> None:
    text %= DOCUMENT
    assert final(text, "prose") == final(text, "prose", []) == VALUE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("so: { }", {}),
        ("so: {\n }", {}),
        ('so: [ "a"]', ["a"]),
        ("so: [[1]]", [[1]]),
        ("so: [{}]", [{}]),
        ("so: ```json\n 12 ```", 12),
    ],
)
def test_shapes_that_begin_a_document_in_prose(text: str, value: Any) -> None:
    assert final(text, "prose") == value


@pytest.mark.parametrize(
    ("text", "wrapper"),
    [
        pytest.param("", "fence", id="nothing"),
        pytest.param(DOCUMENT, "fence", id="no fence"),
        pytest.param("``json\n{}", "fence", id="two backticks"),
        pytest.param("```json", "fence", id="only the fence"),
        pytest.param("```json\n", "fence", id="nothing in the fence"),
        pytest.param("just [1] and {text}", "prose", id="no document"),
        pytest.param("text {  ", "prose", id="a bracket at the end"),
    ],
)
def test_text_without_a_document_is_truncated(text: str, wrapper: Any) -> None:
    with pytest.raises(sj.StreamTruncatedError, match="before its document began") as caught:
        final(text, wrapper)
    assert caught.value.code == "truncated_text"


@pytest.mark.parametrize(
    ("text", "wrapper", "position"),
    [
        ("```json\n{} x ```", "fence", 11),
        ("```json\n{} `x", "fence", 12),
        ("```json\nnope", "fence", 9),
        ('see {"a" b', "prose", 9),
    ],
)
def test_what_begins_as_a_document_must_be_one(text: str, wrapper: Any, position: int) -> None:
    with pytest.raises(sj.InvalidTextError) as caught:
        final(text, wrapper)
    assert caught.value.position == position


def test_place_counts_the_text_before() -> None:
    with pytest.raises(sj.InvalidTextError) as caught:
        final("Größe:\n```json\n{\n  1", "fence")
    error = caught.value
    assert (error.line, error.column, error.position, error.offset) == (4, 3, 19, 21)


@given(text=texts, before=st.text(st.sampled_from('a {[`\n"]}'), max_size=12), data=st.data())
def test_cutting_makes_no_difference(text: str, before: str, data: Any) -> None:
    whole = f"{before}\n```json\n{text}\n```\n{before}"
    wrapper = data.draw(st.sampled_from(["fence", "prose"]))

    def ending(pieces: list[str]) -> Any:
        assembler = sj.Assembler(dialect="json_text", wrapper=wrapper)
        try:
            for piece in pieces:
                assembler.apply(piece)
            assembler.close()
        except sj.StreamJSONError as error:
            return error.code, error.message, getattr(error, "position", None), repr(assembler.snapshot().value)
        return repr(assembler.snapshot().value)

    assert ending(cut(whole, data.draw(cuts(whole)))) == ending([whole])


def test_wrapper_needs_a_text() -> None:
    with pytest.raises(ValueError, match="wrapper is for JSON text"):
        sj.Assembler(wrapper="fence")
    with pytest.raises(ValueError, match="wrapper is 'fence', 'prose' or None"):
        sj.Assembler(dialect="json_text", wrapper="html")  # type: ignore[arg-type]
