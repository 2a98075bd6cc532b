"""The parts of a document's tree: kinds, nodes, locations and growing texts."""

from __future__ import annotations

import collections
import enum
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, strategies as st

import naive_model
from meddling import MeddledDict, MeddledList
from streamjson._document.tree import HOLE, Text, current, kind_of, location_of, new_node, path_of, path_to_slot
from streamjson._errors import InvalidEventError
from streamjson._json import MISSING, REPLACEMENT, repair_surrogates, short_size, utf8_size, well_formed

HIGH, LOW = "\ud83d", "\ude00"
UNITS = st.text(st.sampled_from(["a", "é", "😀", HIGH, LOW, "\udbff", "\udc00"]), max_size=8)


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


KINDS: dict[str, tuple[Any, str]] = {
    "None": (None, "null"),
    "str": ("", "string"),
    "bool": (False, "boolean"),
    "int": (1, "number"),
    "float": (1.5, "number"),
    "dict": ({}, "object"),
    "list": ([], "array"),
    "tuple": ((), "array"),
    "range": (range(2), "array"),
    "a growing text": (Text([""]), "string"),
    "an object of the tree": (new_node(None, is_object=True), "object"),
    "an array of the tree": (new_node(None, is_object=False), "array"),
    "a hole": (HOLE, "nothing"),
    "MISSING": (MISSING, "nothing"),
    "a subclass of str": (Colour.RED, "string"),
    "a subclass of int": (Level.LOW, "number"),
    "a subclass of float": (type("Metres", (float,), {})(1.5), "number"),
    "a subclass of dict": (collections.OrderedDict(), "object"),
    "a mapping": (collections.ChainMap({}), "object"),
    "a sequence": (collections.UserList(), "array"),
}


@pytest.mark.parametrize(("value", "kind"), KINDS.values(), ids=KINDS)
def test_each_value_has_its_json_kind(value, kind):
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    "value",
    [b"x", bytearray(b"x"), memoryview(b"x"), {1}, object, 1j, iter(())],
    ids=lambda value: type(value).__name__,
)
def test_non_json_value_has_no_kind(value):
    with pytest.raises(InvalidEventError, match="is not a JSON value"):
        kind_of(value)


def test_slot_is_looked_up_by_name_or_index():
    names, items = new_node(None, is_object=True), new_node(None, is_object=False)
    names.entries["a"] = 1
    items.entries.extend([None, 2])

    assert (current(names, "a"), current(names, "b")) == (1, MISSING)
    assert (current(items, 1), current(items, 2), current(items, 99)) == (2, MISSING, MISSING)


def test_location_is_a_chain_read_from_its_end():
    holder = new_node(None, is_object=False)
    root = new_node(None, is_object=True)
    item = new_node(((None, "people"), 0), is_object=True)

    assert path_of(None) == ()
    assert location_of(holder, holder, 0) is None
    assert location_of(holder, root, "a") == (None, "a")
    assert path_of(location_of(holder, item, "name")) == ("people", 0, "name")
    assert path_to_slot(holder, holder, 0) == (0,)
    assert path_to_slot(holder, root, "a") == (0, "a")
    assert path_to_slot(holder, item, "name") == (0, "people", 0, "name")


def test_position_of_a_name_is_found_while_the_object_grows():
    node = new_node(None, is_object=True)
    for count, name in enumerate(["b", "a", "0", "c"]):
        node.entries[name] = None
        if count != 1:  # this one is indexed with the next
            assert node.place_of(name) == count
    assert [node.place_of(name) for name in node.entries] == [0, 1, 2, 3]
    assert new_node(None, is_object=False).place_of(7) == 7


@pytest.mark.parametrize("late", [False, True], ids=["before the names", "between the names"])
def test_position_of_a_name_is_found_during_a_write(late):
    node = new_node(None, is_object=True)
    node.entries = MeddledDict({"b": 1, "a": 2}, lambda: node.entries.update(c=3), late=late)

    assert node.place_of("a") == 1
    assert [node.place_of(name) for name in ("b", "c")] == [0, 2]


def test_text_is_read_whole_and_each_piece_joined_once():
    text = Text(["ab"])
    first = text.whole()
    assert first == "ab"
    assert text.whole() is first
    text.pieces.extend(["c", "d"])
    assert text.whole() == "abcd"
    assert text.known[2] == 3  # pieces
    text.forget()
    assert text.whole() == "abcd"


def test_text_is_read_again_after_its_pieces_were_joined():
    text = Text(["a", "b", "c"])
    text.whole()
    text.pieces[1:] = ["bc"]
    text.joins += 1
    text.pieces.append("d")

    assert text.whole() == "abcd"


def test_text_is_read_whole_while_its_pieces_are_joined():
    text = Text(["a", "b"])
    text.whole()

    def join():
        text.pieces[0:] = ["ab", "c", "d"]
        text.joins += 1

    text.pieces = MeddledList(["a", "b"], join)
    text.known = (text.pieces, 0, 2, "ab")
    assert text.whole() == "abcd"


PIECES = {"one": ["abc"], "several": ["a", "bc", "", "def"], "an empty one": [""]}


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
def test_tail_and_part_cut_the_joined_pieces(pieces):
    whole = "".join(pieces)
    for length in range(len(whole) + 1):
        assert Text(list(pieces)).tail(length) == whole[len(whole) - length :]
        assert Text(list(pieces)).part(0, length) == whole[:length]
        assert Text(list(pieces)).part(length, 99) == whole[length:]
    assert Text(list(pieces)).tail(99) == whole


REPAIRED = {
    "nothing": ("", "", ""),
    "ascii": ("abc", "abc", ""),
    "a character beyond the basic plane": ("😀", "😀", ""),
    "a pair": (HIGH + LOW, "😀", ""),
    "a high half at the end": ("x" + HIGH, "x", HIGH),
    "a high half alone": (HIGH, "", HIGH),
    "two high halves": (HIGH + HIGH, REPLACEMENT, HIGH),
    "a high half in the middle": (HIGH + "x", REPLACEMENT + "x", ""),
    "a low half": (LOW, REPLACEMENT, ""),
    "a low half before a pair": (LOW + HIGH + LOW, REPLACEMENT + "😀", ""),
    "the last high half of all": ("\udbff", "", "\udbff"),
    "the first low half of all": ("\udc00", REPLACEMENT, ""),
    "a byte order mark": ("\ufeffx" + LOW, "\ufeffx" + REPLACEMENT, ""),
}


@pytest.mark.parametrize(("text", "clean", "half"), REPAIRED.values(), ids=REPAIRED)
def test_halves_are_joined_replaced_or_kept_pending(text, clean, half):
    assert repair_surrogates(text) == (clean, half)
    assert well_formed(text) == clean + (REPLACEMENT if half else "")


@given(UNITS)
def test_repair_agrees_with_the_naive_model(text: str) -> None:
    assert repair_surrogates(text) == naive_model.repair_surrogates(text)
    assert well_formed(text) == naive_model.repair_all(text)


@given(UNITS, st.integers(0, 40))
def test_short_size_is_the_size_in_utf8(text: str, maximum: int) -> None:
    size = short_size(text, maximum)
    if size >= 0:
        assert size == len(text.encode()) <= maximum


@pytest.mark.parametrize(
    ("text", "size"),
    [("é" * 10, 20), ("é" * 11, -1), ("é" + HIGH, -1), ("", 0)],
    ids=["fits", "might not fit", "a half", "empty"],
)
def test_text_is_short_if_it_fits_with_any_characters(text, size):
    assert short_size(text, 40) == size


@given(st.text())
def test_size_is_the_size_in_utf8(text: str) -> None:
    assert utf8_size(text) == len(text.encode())


@pytest.mark.parametrize("text", ["é" * 600_000, "x" * 600_000 + "😀", "é" * 262_144, "é" * 262_145], ids=len)
def test_measuring_a_long_text_takes_little_memory(text):
    expected = len(text.encode())
    tracemalloc.start()
    try:
        size = utf8_size(text)
        repaired = repair_surrogates(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == expected
    assert repaired == (text, "")
    assert peak < 2_500_000


@pytest.mark.parametrize("at", [0, 262_143, 262_144, 500_000], ids=str)
def test_half_is_found_anywhere_in_a_long_text(at):
    text = "x" * at + "\udc00" + "é" * 600_000
    assert repair_surrogates(text)[0] == "x" * at + "\ufffd" + "é" * 600_000
    pair = "x" * at + "\ud83d\ude00" + "é" * 600_000
    assert repair_surrogates(pair)[0] == "x" * at + "😀" + "é" * 600_000


class ReadBeforeJoin(list[str]):
    """Pieces that are read just before they are joined."""

    read: Any = None

    def __setitem__(self, at: Any, value: Any) -> None:
        self.read()
        super().__setitem__(at, value)


def test_read_during_a_join_is_not_cached() -> None:
    """The cached text would stand for other pieces, and the next piece would be missed."""
    text = Text(ReadBeforeJoin(["a", "b", "c"]))
    text.pieces.read = text.whole  # type: ignore[attr-defined]
    text.rejoin(0, ["abc"])
    text.pieces.append("d")

    assert text.whole() == text.whole() == "abcd"
    assert (text.part(2, 4), text.tail(2)) == ("cd", "cd")
