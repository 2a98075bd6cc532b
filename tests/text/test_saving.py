"""`_text.saving`: a checkpoint in the middle of any token continues as if nothing had happened."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

import streamjson as sj
from sealing import sealed
from text_samples import cut, cuts, texts


def observed(assembler: sj.Assembler, log: list[Any]) -> sj.Assembler:
    """Log each completion."""

    def note(done: sj.Completion[Any]) -> None:
        log.append((str(done.path), repr(done.value), done.revision, done.version))

    assembler.on_complete("$", note)
    assembler.on_complete("$..*", note)
    return assembler


def is_restorable_text(text: str) -> bool:
    """Return whether no name is written twice: of what was replaced, a checkpoint keeps nothing."""
    names: list[bool] = []
    json.loads(
        text.removeprefix("\ufeff"), object_pairs_hook=lambda pairs: names.append(len(dict(pairs)) == len(pairs))
    )
    return all(names)


@given(text=texts.filter(is_restorable_text), data=st.data(), as_bytes=st.booleans())
@example(text='["a\\ud83d\\ude00 é", -12.5e3, true, {"na\\u0041me": ""}]', data=None, as_bytes=True)
def test_checkpoint_anywhere(text: str, data: Any, *, as_bytes: bool) -> None:
    source: Any = text.encode() if as_bytes else text
    places = list(range(len(source))) if data is None else data.draw(cuts(source))
    log: list[Any] = []
    twin_log: list[Any] = []
    assembler = observed(sj.Assembler(dialect="json_text"), log)
    twin = observed(sj.Assembler(dialect="json_text"), twin_log)
    for piece in cut(source, places):
        assembler.apply(piece)
        twin.apply(piece)
        data_ = assembler.checkpoint()
        assembler = observed(sj.Assembler.restore(data_), log)
        assert assembler.checkpoint() == data_
        assert repr(assembler.snapshot().value) == repr(twin.snapshot().value)
    assembler.close()
    twin.close()
    assert repr(assembler.snapshot().value) == repr(twin.snapshot().value)
    assert log == twin_log


def test_place_of_an_error_survives() -> None:
    text = '{"é": 1,\n "b": x'
    errors: list[str] = []
    for at in range(len(text)):
        assembler = sj.Assembler(dialect="json_text")
        assembler.apply(text[:at])
        assembler = sj.Assembler.restore(assembler.checkpoint())
        with pytest.raises(sj.InvalidTextError) as caught:
            assembler.apply(text[at:])
        error = caught.value
        errors.append(f"{error.message} {error.position} {error.offset} {error.line} {error.column} {error.excerpt}")
    assert len(set(errors)) == 1


def checkpoint(text: str, **options: Any) -> dict[str, Any]:
    assembler = sj.Assembler(dialect="json_text", **options)
    assembler.apply(text)
    members: dict[str, Any] = json.loads(assembler.checkpoint())
    return members


def forged(members: dict[str, Any]) -> bytes:
    """Return a checkpoint with these members, and the right digest."""
    return sealed(json.dumps({name: value for name, value in members.items() if name not in ("format", "sha256")})[1:])


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        pytest.param('["a', {"mode": "nope"}, id="unknown mode"),
        pytest.param('["a', {"mode": ["string"]}, id="mode of another type"),
        pytest.param('["a', {"closings": 1}, id="the open string is closed"),
        pytest.param('["a', {"closings": -1}, id="negative closings"),
        pytest.param('["a', {"closings": 9}, id="more closings than values"),
        pytest.param('["a', {"closings": "0"}, id="closings of another type"),
        pytest.param('["a', {"mode": "after"}, id="a string is no container"),
        pytest.param('["a"', {"mode": "name"}, id="a name in an array"),
        pytest.param('["a"', {"mode": "end"}, id="the end inside an array"),
        pytest.param('["a"', {"mode": "start"}, id="the start inside an array"),
        pytest.param('{"a": 1', {"mode": "item"}, id="an item in an object"),
        pytest.param("[1]", {"mode": "after"}, id="inside after the end"),
        pytest.param("", {"mode": "end"}, id="the end of nothing"),
        pytest.param("", {"mode": "value"}, id="a member of nothing"),
        pytest.param("12", {"token": json.dumps("1x")}, id="not a number"),
        pytest.param("12", {"token": "1"}, id="a token that is not text"),
        pytest.param("12", {"token": "nope"}, id="a token that is not JSON"),
        pytest.param("[", {"token": json.dumps("1")}, id="a token where there is none"),
        pytest.param("tr", {"tail": "tru e"}, id="not a literal"),
        pytest.param("tr", {"tail": "true"}, id="a whole literal"),
        pytest.param("tr", {"tail": ""}, id="nothing of a literal"),
        pytest.param('"\\u1', {"tail": "\\ug"}, id="not an escape"),
        pytest.param('"\\u1', {"tail": "\\n"}, id="a whole escape"),
        pytest.param("[", {"tail": "x"}, id="a tail where there is none"),
        pytest.param('"\\ud83d', {"half": json.dumps("x")}, id="not a half"),
        pytest.param('"a', {"half": json.dumps("\ud83d")}, id="a half where there is none"),
        pytest.param('"a', {"is_begun": 1}, id="a flag of another type"),
        pytest.param('"a', {"name": 7}, id="a name of another type"),
        pytest.param('"a', {"place": [1, 2, 3]}, id="a place that is too short"),
        pytest.param('"a', {"place": [-1, 0, 1, 0, '""']}, id="a negative place"),
        pytest.param('"a', {"place": [1, 0, 1, 0, "7"]}, id="an excerpt of another type"),
        pytest.param('"a', {"pending": "xy"}, id="pending bytes that are not hexadecimal"),
        pytest.param('"a', {"pending": "61"}, id="pending bytes that are a character"),
        pytest.param('"a', {"pending": "ff"}, id="pending bytes that begin no character"),
    ],
)
def test_forged_state_is_refused(text: str, changes: dict[str, Any]) -> None:
    members = checkpoint(text)
    members["dialect_state"].update(changes)
    with pytest.raises(sj.CheckpointError, match="its text can't have ended so"):
        sj.Assembler.restore(forged(members))


@pytest.mark.parametrize("state", [None, [], "text", {}, {"mode": "start"}])
def test_state_of_another_shape_is_refused(state: Any) -> None:
    with pytest.raises(sj.CheckpointError):
        sj.Assembler.restore(forged(checkpoint("[1, ") | {"dialect_state": state}))


def test_returns_in_a_text_are_refused() -> None:
    members = checkpoint("[1, ") | {"changes": [['[["0"],"set"]', 1]]}
    with pytest.raises(sj.CheckpointError, match="'changes'"):
        sj.Assembler.restore(forged(members))


@pytest.mark.parametrize(
    ("text", "limits"),
    [("[123456", sj.Limits(max_number_digits=4)), ('{"abcdef', sj.Limits(max_key_bytes=4))],
)
def test_token_that_was_cut_is_within_the_limits(text: str, limits: sj.Limits) -> None:
    data = forged(checkpoint(text))
    with pytest.raises(sj.LimitExceededError):
        sj.Assembler.restore(data, limits=limits)


def test_wrapper_is_that_of_the_checkpoint() -> None:
    text = "```json\n[1, 2] ``` and more"
    for at in range(len(text)):
        assembler = sj.Assembler(dialect="json_text", wrapper="fence")
        assembler.apply(text[:at])
        assembler = sj.Assembler.restore(assembler.checkpoint())
        assembler.apply(text[at:])
        assembler.close()
        assert assembler.snapshot().value == [1, 2]
    with pytest.raises(sj.CheckpointError) as caught:
        sj.Assembler.restore(assembler.checkpoint(), wrapper="prose")
    assert caught.value.code == "other_options"


def test_whole_text_stays_whole_and_a_failed_one_failed() -> None:
    assembler = sj.Assembler(dialect="json_text")
    assembler.apply("[1]")
    assembler.close()
    assert sj.Assembler.restore(assembler.checkpoint()).snapshot().complete

    failed = sj.Assembler(dialect="json_text")
    with pytest.raises(sj.InvalidTextError):
        failed.apply("[1}")
    restored = sj.Assembler.restore(failed.checkpoint())
    with pytest.raises(sj.ClosedError):
        restored.apply("]")
