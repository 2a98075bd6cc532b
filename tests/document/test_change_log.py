"""The change log: runs, pieces that are joined and counted later, and strings that open when they grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamjson._document.change_log import MAX_FAST_BYTES, MAX_UNCOUNTED_DELTAS
from streamjson._document.document import Document
from streamjson._document.history import string_at
from streamjson._document.tree import Text
from streamjson._errors import ClosedError, LimitExceededError
from streamjson._limits import Limits


def filled(*deltas: tuple[str, Any], **limits: int) -> Document:
    document = Document(Limits(**limits))
    for path, delta in deltas:
        document.apply(path, delta)
    return document


def slot(document: Document, name: str) -> Any:
    return document.root_slot.entries[0].entries[name]


def test_string_is_open_only_during_its_run():
    document = filled(("a", "x"))
    assert slot(document, "a") == "x"
    document.apply("a", "y")
    assert type(slot(document, "a")) is Text
    document.apply("b", 1)
    assert slot(document, "a") == "xy"
    assert (document.starts, document.keys) == ([1, 3], ["a", "b"])


GROWING = {
    "at once": [("a", "x"), ("a", "y")],
    "by another spelling of the path": [("a", "x"), ("['a']", "y")],
    "in a later run": [("a", "x"), ("b", "x"), ("a", "y"), ("c", 1), ("a", "z")],
    "by a long piece": [("a", "x"), ("a", "y" * (MAX_FAST_BYTES + 1)), ("a", "z")],
    "from a long one": [("a", "x" * (MAX_FAST_BYTES + 1)), ("a", "y")],
    "in other characters": [("a", "é"), ("a", "😀"), ("a", "日本"), ("b", "é"), ("a", "é"), ("b", "😀")],
    "by halves": [("a", "x\ud83d"), ("a", "\ude00")],
    "after a number": [("a", 1), ("a", None), ("a", "x"), ("a", "y")],
}


@pytest.mark.parametrize("deltas", GROWING.values(), ids=GROWING)
@pytest.mark.parametrize("read", [False, True], ids=["unread", "read each time"])
def test_received_bytes_are_counted_once_on_every_path(deltas, read):
    document = Document(Limits())
    for path, delta in deltas:
        document.apply(path, delta)
        if read and type(thing := slot(document, "a")) in {str, Text}:
            string_at(document, document.root_slot.entries[0], "a", thing, document.version)
    document.close()

    texts = "".join(delta for _, delta in deltas if isinstance(delta, str))
    text_bytes = len(texts.encode("utf-16", "surrogatepass").decode("utf-16").encode())
    names = {path.strip("[']") for path, _ in deltas}
    others = sum(8 for _, delta in deltas if not isinstance(delta, str))
    assert document.size == text_bytes + len(names) + others


def test_pieces_are_joined_in_blocks_and_blocks_are_joined():
    document = filled(*[("a", "x" * (MAX_FAST_BYTES + 1))] * (2 * MAX_UNCOUNTED_DELTAS + 5))

    assert len(document.pieces) < MAX_UNCOUNTED_DELTAS + 5
    whole = document.text.whole()
    assert whole == "x" * (MAX_FAST_BYTES + 1) * (2 * MAX_UNCOUNTED_DELTAS + 5)
    document.apply("a", "y" * (MAX_FAST_BYTES + 1))
    document.apply("a", "z")
    document.apply("a", "z" * (MAX_FAST_BYTES + 1))
    assert len(document.pieces) <= MAX_UNCOUNTED_DELTAS
    assert document.text.whole() == whole + "y" * (MAX_FAST_BYTES + 1) + "z" * (MAX_FAST_BYTES + 2)
    assert document.size == 1 + (MAX_FAST_BYTES + 1) * (2 * MAX_UNCOUNTED_DELTAS + 7) + 1


@pytest.mark.parametrize("later", [0, 1, 5], ids=lambda count: f"{count} pieces later")
def test_counting_reuses_the_text_that_a_reader_joined(later):
    document = filled(*[("a", "xy")] * 10)
    string = document.text.whole()
    for _ in range(later):
        document.apply("a", "z")
    document.recount()

    assert document.pieces[0] is string
    assert document.pieces[1:] == ["z" * later] * (later > 0)
    assert document.text.whole() == string + "z" * later


def test_counting_joins_unread_pieces():
    document = filled(*[("a", "xy")] * 10)
    document.recount()

    assert document.pieces == ["xy", "xy" * 9]
    document.apply("a", "z")
    document.recount()
    assert document.pieces == ["xy", "xy" * 9, "z"]


@given(st.lists(st.sampled_from(["a", "b"]), max_size=60), st.integers(1, 40))
def test_max_string_bytes_is_exact_for_interleaved_strings(turns: list[str], bound: int) -> None:
    document = Document(Limits(max_string_bytes=bound))
    lengths = {"a": 0, "b": 0}
    for name in turns:
        if lengths[name] + 3 > bound:
            with pytest.raises(LimitExceededError):
                document.apply(name, "日")
        else:
            document.apply(name, "日")
            lengths[name] += 3


def test_closed_document_has_no_fast_path():
    document = filled(("a", "x"))
    document.close()
    document.recount()

    assert document.fast_until_version <= document.version


class Interrupt(BaseException):
    """The exception that a signal handler raises."""


class Breaking(dict[str, Any]):
    """Members that raise an interrupt when one is replaced."""

    def __setitem__(self, name: str, value: Any) -> None:
        raise Interrupt


def test_interrupt_while_a_string_opens_tears_the_log():
    document = filled(("a", "x"))
    document.root_slot.entries[0].entries = Breaking(document.root_slot.entries[0].entries)
    with pytest.raises(Interrupt):
        document.apply("a", "y")
    assert (document.torn, document.closed, document.version) == (True, True, 1)
    with pytest.raises(ClosedError, match="an interrupt"):
        document.apply("a", "y")


def test_interrupt_while_counting_tears_the_log():
    class Uncounted(list[Text]):
        def __iter__(self) -> Iterator[Text]:
            raise Interrupt

    document = filled(("a", "x"))
    document.uncounted = Uncounted()
    with pytest.raises(Interrupt):
        document.recount()
    assert document.torn
