"""A type is validated as the type it stands for, at any depth; a type that cannot be made is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
import typing
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, MutableMapping, MutableSequence, MutableSet
from dataclasses import InitVar
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Self,
    TypedDict,
    TypeVar,
)

import annotated_types
import attrs
import msgspec
import pydantic
import pytest
from typing_extensions import ReadOnly, TypeAliasType

from streamjson._errors import StructureError
from streamjson._typed.validate import structurer

T = TypeVar("T")


@attrs.define
class A:
    name: str


@dataclasses.dataclass
class D:
    name: str


class TD(TypedDict):
    name: str


class S(msgspec.Struct):
    name: str


class P(pydantic.BaseModel):
    name: str


CLASSES = {"attrs": A, "dataclass": D, "typed dict": TD, "msgspec": S, "pydantic": P}

# ---------------------------------------------------------------------------------------------------------------------
# wrapped types

LIST_OF: Any = TypeAliasType("LIST_OF", list[T], type_params=(T,))


def field_of(annotation: Any) -> Any:
    return attrs.make_class("Holder", {"item": attrs.field(type=annotation)})


def dataclass_of(annotation: Any) -> Any:
    return dataclasses.make_dataclass("Holder", [("item", annotation)])


def typed_dict_of(annotation: Any) -> Any:
    new: Any = TypedDict
    return new("Holder", {"item": annotation})


def named(into: Any) -> Any:
    return NewType("Named", into)


def alias(into: Any) -> Any:
    return TypeAliasType("Alias", into)


ITEM, LIST, NAMED = (lambda value: value), (lambda value: [value]), (lambda value: {"item": value})

# How a type may contain a class, and how a value of that type contains the value of the class.
WRAPPERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "new type": (named, ITEM),
    "alias": (alias, ITEM),
    "annotated": (lambda into: Annotated[into, "note"], ITEM),
    "all of these": (lambda into: alias(named(Annotated[alias(into), "note"])), ITEM),
    "annotated list": (lambda into: Annotated[list[into], "note"], LIST),
    "new type of a list": (lambda into: named(list[into]), LIST),
    "new type of a dict": (lambda into: named(dict[str, into]), NAMED),
    "alias of a dict": (lambda into: alias(dict[str, into]), NAMED),
    "generic alias": (lambda into: LIST_OF[into], LIST),
    "list of a new type": (lambda into: list[named(into)], LIST),
    "list of an alias": (lambda into: list[alias(into)], LIST),
    "list of annotated": (lambda into: list[Annotated[into, "note"]], LIST),
    "tuple of aliases": (lambda into: tuple[alias(into), ...], LIST),
    "optional new type": (lambda into: named(into) | None, ITEM),
    "optional alias": (lambda into: Optional[alias(into)], ITEM),  # noqa: UP045  # aliases do not support |
    "alias of an optional": (lambda into: alias(into | None), ITEM),
    "union in a union": (lambda into: Optional[alias(into | int)] | str, ITEM),  # noqa: UP045  # as above
    "field": (lambda into: field_of(alias(into)), NAMED),
    "final field, attrs": (lambda into: field_of(Final[into]), NAMED),
    "final field, dataclass": (lambda into: dataclass_of(Final[into]), NAMED),
    "annotated final field": (lambda into: dataclass_of(Annotated[Final[into], "note"]), NAMED),
    "read-only item": (lambda into: typed_dict_of(ReadOnly[named(into)]), NAMED),
    "annotated item": (lambda into: typed_dict_of(Annotated[NotRequired[into], "note"]), NAMED),
    "final": (lambda into: Final[into], ITEM),
}


def item_of(made: Any) -> Any:
    """Return the object inside a list, a dict or a holder; an object of the classes above as it is."""
    if isinstance(made, list | tuple):
        return made[0]
    if isinstance(made, dict) and "item" in made:
        return made["item"]
    return getattr(made, "item", made)


@pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize(("wrap_type", "wrap"), WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapped_type_is_validated_as_the_type_itself(cls: Any, wrap_type: Any, wrap: Any) -> None:
    structure = structurer(wrap_type(cls))

    assert item_of(structure(wrap({"name": "x"}))) == cls(name="x")
    for wrong in ({"name": 5}, {}):
        with pytest.raises(StructureError):
            structure(wrap(wrong))


CONSTRAINED = {
    "new type": named(Annotated[int, pydantic.Field(gt=0)]),
    "alias": alias(Annotated[int, annotated_types.Gt(0)]),
    "annotated": Annotated[named(Annotated[int, msgspec.Meta(gt=0)]), "note"],
    "new type in an optional": named(Annotated[int, pydantic.Field(gt=0)]) | None,
}


@pytest.mark.parametrize("into", CONSTRAINED.values(), ids=CONSTRAINED)
@pytest.mark.parametrize(
    "hold",
    [field_of, dataclass_of, typed_dict_of, lambda into: into],
    ids=["attrs", "dataclass", "typed dict", "alone"],
)
def test_a_constraint_holds_inside_wrappers(into: Any, hold: Any) -> None:
    wrap = ITEM if hold(int) is int else NAMED
    structure = structurer(hold(into))

    structure(wrap(1))
    with pytest.raises(StructureError):
        structure(wrap(0))


def test_a_constraint_holds_for_an_optional_item() -> None:
    structure = structurer(typed_dict_of(NotRequired[Annotated[int, pydantic.Field(gt=0)]]))

    assert structure({}) == {}
    with pytest.raises(StructureError):
        structure({"item": 0})


# ---------------------------------------------------------------------------------------------------------------------
# types that JSON writes as texts

ID = "6fa459ea-ee8a-3ca4-894e-db77e160355e"
MOMENT = dt.datetime(2026, 11, 22, 10, 30, tzinfo=dt.UTC)

TEXTS: dict[str, tuple[Any, Any, Any]] = {
    "bytes": (bytes, "aGk=", b"hi"),
    "empty bytes": (bytes, "", b""),
    "uuid": (uuid.UUID, ID, uuid.UUID(ID)),
    "date": (dt.date, "2026-11-22", dt.date(2026, 11, 22)),
    "time": (dt.time, "10:30:00", dt.time(10, 30)),
    "date with time": (dt.datetime, "2026-11-22T10:30:00Z", MOMENT),
    "duration": (dt.timedelta, "P1DT1.5H", dt.timedelta(days=1, minutes=90)),
    "negative duration": (dt.timedelta, "-PT1M", dt.timedelta(minutes=-1)),
    "decimal as text": (Decimal, "0.10", Decimal("0.10")),
    "decimal as a number": (Decimal, 0.1, Decimal("0.1")),
}

NO_TEXTS: dict[str, tuple[Any, Any]] = {
    "bytes that are not Base64": (bytes, "a b"),
    "an incomplete Base64 group": (bytes, "a"),
    "bytes from a number": (bytes, 5),
    "uuid": (uuid.UUID, "x"),
    "date of a time": (dt.date, "10:30:00"),
    "date of a number": (dt.date, 5),
    "time": (dt.time, "25:00:00"),
    "date with time": (dt.datetime, "tomorrow"),
    "date with time from a number": (dt.datetime, 1700000000),
    "duration": (dt.timedelta, "1 hour"),
    "duration from a number": (dt.timedelta, 3600),
    "decimal": (Decimal, "x"),
    "decimal from true": (Decimal, True),
}


def struct_of(annotation: Any) -> Any:
    return msgspec.defstruct("Holder", [("item", annotation)])


def model_of(annotation: Any) -> Any:
    config = pydantic.ConfigDict(strict=True, val_json_bytes="base64")
    return pydantic.create_model("Holder", __config__=config, item=(annotation, ...))


HOLDERS = {
    "attrs": field_of,
    "dataclass": dataclass_of,
    "typed dict": typed_dict_of,
    "msgspec": struct_of,
    "pydantic": model_of,
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize(("into", "text", "expected"), TEXTS.values(), ids=TEXTS)
def test_a_text_is_converted_alike_in_all_families(holder: Any, into: Any, text: Any, expected: Any) -> None:
    assert item_of(structurer(holder(into))({"item": text})) == expected


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize(("into", "value"), NO_TEXTS.values(), ids=NO_TEXTS)
def test_a_text_is_refused_in_all_families(holder: Any, into: Any, value: Any) -> None:
    with pytest.raises(StructureError):
        structurer(holder(into))({"item": value})


@pytest.mark.parametrize("family", ["attrs", "dataclass", "typed dict", "msgspec"])
@pytest.mark.parametrize(
    ("into", "text"), [(dt.datetime, "1700000000"), (dt.date, "86400"), (dt.date, "0"), (dt.date, "-0")]
)
def test_a_number_in_a_text_is_not_a_date(family: str, into: Any, text: str) -> None:
    with pytest.raises(StructureError):  # even a strict model would read seconds since 1970
        structurer(HOLDERS[family](into))({"item": text})


def test_a_text_is_converted_as_an_item_a_key_and_a_union_member() -> None:
    assert structurer(list[bytes])(["aGk="]) == [b"hi"]
    assert structurer(dict[uuid.UUID, int])({ID: 1}) == {uuid.UUID(ID): 1}
    assert structurer(bytes | None)("aGk=") == b"hi"
    assert structurer(bytes | Literal["two"])("two") == "two"  # "two" is valid Base64, too
    assert structurer(alias(Annotated[dt.timedelta, "note"]))("PT1H") == dt.timedelta(hours=1)
    assert structurer(Path)("a/b") == Path("a/b")


# ---------------------------------------------------------------------------------------------------------------------
# enums and literals


class Level(IntEnum):
    LOW = 1


class Mixed(Enum):
    ONE = 1
    TEXT = "text"
    HALF = 0.5


class Flag(Enum):
    YES = True


class Lenient(Enum):
    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> Lenient:
        return cls.RED


@pytest.mark.parametrize(
    ("into", "value", "expected"),
    [
        (Level, 1, Level.LOW),
        (Level, 1.0, Level.LOW),
        (Mixed, "text", Mixed.TEXT),
        (Mixed, 0.5, Mixed.HALF),
        (Flag, True, Flag.YES),
        (Lenient, True, Lenient.RED),
    ],
    ids=str,
)
def test_a_value_becomes_a_member_of_an_enum(into: Any, value: Any, expected: Any) -> None:
    assert structurer(into)(value) is expected


@pytest.mark.parametrize(
    ("into", "value"),
    [(Level, True), (Mixed, True), (Flag, 1), (Level, "1"), (Level, None), (Mixed, [1]), (Literal[Level.LOW], True)],
    ids=str,
)
def test_an_enum_refuses_a_value_of_another_type(into: Any, value: Any) -> None:
    with pytest.raises(StructureError):
        structurer(into)(value)


def test_the_error_names_true_for_an_enum() -> None:
    with pytest.raises(StructureError, match="true is not a valid Level"):
        structurer(Level)(True)


# ---------------------------------------------------------------------------------------------------------------------
# InitVar


@dataclasses.dataclass
class Base(Generic[T]):
    factor: InitVar[T]


@dataclasses.dataclass
class Scaled(Base[int]):
    name: str
    unit: InitVar[Literal["m", "km"]] = "m"
    note: InitVar = None
    length: int = dataclasses.field(init=False)

    def __post_init__(self, factor: int, unit: str, note: Any) -> None:
        self.length = factor * (1000 if unit == "km" else 1)
        self.note = note


@dataclasses.dataclass
class Quoted:
    factor: InitVar["D"]  # noqa: UP037  # a string inside the resolved annotation

    def __post_init__(self, factor: D) -> None:
        self.made = factor


def test_init_only_data_is_passed_to_the_class() -> None:
    made = structurer(Scaled)({"name": "x", "factor": 2, "unit": "km", "note": [1]})

    assert (made.name, made.length, made.note) == ("x", 2000, [1])
    assert structurer(Scaled)({"name": "x", "factor": 2.0}).length == 2
    assert structurer(Quoted)({"factor": {"name": "x"}}).made == D("x")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"name": "x"}, "factor: is missing"),
        ({"name": "x", "factor": "2"}, "factor: an integer is expected, not '2'"),
        ({"name": "x", "factor": 2, "unit": "mile"}, "unit: 'm' or 'km' is expected, not 'mile'"),
    ],
    ids=["missing", "another type", "not an option"],
)
def test_init_only_data_is_validated(value: Any, message: str) -> None:
    with pytest.raises(StructureError) as caught:
        structurer(Scaled)(value)
    assert message in caught.value.message


def test_the_users_class_is_not_changed() -> None:
    structurer(Scaled)({"name": "x", "factor": 2})
    assert [field.type for field in dataclasses.fields(Scaled)] == ["str", "int"]  # postponed annotations stay strings


def test_a_union_counts_init_only_names() -> None:
    assert type(structurer(D | Scaled)({"name": "x", "factor": 2})) is Scaled


# ---------------------------------------------------------------------------------------------------------------------
# containers, unions and recursive types


class Shape(NamedTuple):
    size: int
    item: D | None = None


class Pair(NamedTuple, Generic[T]):
    first: T
    second: list[T]


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    age: int = 0


Pet = Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]


@attrs.define
class Tree(Generic[T]):
    value: T
    below: list[Tree[T]] = attrs.Factory(list)


@attrs.define
class Selfish:
    below: list[Self]


@attrs.define
class Bare:
    number: Final = attrs.field(default=5)
    unannotated = attrs.field(default=None)
    _private: int = attrs.field(default=0)


Endless: Any = NewType("Endless", list)
Endless.__supertype__ = list[Endless] | int  # like `type Endless = list[Endless] | int`

FITS: dict[str, tuple[Any, Any, Any]] = {
    "deque": (deque[D], [{"name": "x"}], deque([D("x")])),
    "deque of structs": (deque[S], [{"name": "x"}], deque([S("x")])),
    "mutable sequence": (MutableSequence[int], [1.0], [1]),
    "mutable set": (MutableSet[int], [1, 1], {1}),
    "ordered dict": (OrderedDict[str, D], {"k": {"name": "x"}}, OrderedDict(k=D("x"))),
    "mutable mapping": (MutableMapping[str, int], {"a": 1}, {"a": 1}),
    "named tuple": (Shape, [1, {"name": "x"}], Shape(1, D("x"))),
    "named tuple with a default": (Shape, [1], Shape(1)),
    "generic named tuple": (Pair[int], [1.0, [2.0]], Pair(1, [2])),
    "empty tuple": (tuple[()], [], ()),
    "any tuple": (tuple, [1, "a"], (1, "a")),
    "tuple of typing": (typing.Tuple, [1, "a"], (1, "a")),  # noqa: UP006  # the older spelling
    "nulls": (list[None], [None], [None]),
    "integers as names": (dict[int, str], {"1": "a", "-0": "b"}, {1: "a", 0: "b"}),
    "numbers as names": (dict[float, str], {"1.5": "a", "2": "b"}, {1.5: "a", 2.0: "b"}),
    "members of an enum as names": (dict[Level, str], {"1": "a"}, {Level.LOW: "a"}),
    "options as names": (dict[Literal["a", 1], int], {"a": 1, "1": 2}, {"a": 1, 1: 2}),
    "any names": (dict[Any, int], {"1": 1}, {"1": 1}),
    "names of a new type": (dict[named(int), int], {"1": 1}, {1: 1}),
    "wrapped scalars": (alias(named(int) | None) | float, 3, 3),
    "constrained member": (Annotated[int, pydantic.Field(gt=0)] | D, 3, 3),
    "class or pet": (A | Pet, {"kind": "dog", "age": 1}, Dog(kind="dog", age=1)),
    "pet or class": (Pet | A, {"name": "x"}, A("x")),
    "root model or class": (pydantic.RootModel[list[int] | str] | A, [1], pydantic.RootModel[list[int] | str]([1])),
    "recursive generic": (
        Tree[int],
        {"value": 1, "below": [{"value": 2.0}]},
        Tree(1, [Tree(2)]),
    ),
    "recursive class": (Selfish, {"below": [{"below": []}]}, Selfish([Selfish([])])),
    "recursive alias": (Endless, [[1.0], 2], [[1], 2]),
    "fields without a type": (Bare, {"number": 6, "unannotated": [1], "_private": 2}, Bare(6, [1], 2)),
}


@pytest.mark.parametrize(("into", "value", "expected"), FITS.values(), ids=FITS)
def test_a_value_that_fits_becomes_an_object(into: Any, value: Any, expected: Any) -> None:
    made = structurer(into)(value)
    assert repr(made) == repr(expected)


MISFITS: dict[str, tuple[Any, Any, str]] = {
    "not an object": (A, True, "an object is expected, not true"),
    "array for an object": (dict[str, int], [], "an object is expected, not an array"),
    "object for an array": (list[int], {}, "an array is expected, not an object"),
    "null for text": (str, None, "text is expected, not null"),
    "not an option": (Literal["a", 1], "b", "'a' or 1 is expected, not 'b'"),
    "unhashable in a set": (set[Any], [[]], "unhashable type: 'list'"),
    "deque of a text": (deque[str], "ab", "an array is expected, not 'ab'"),
    "sequence of a text": (MutableSequence[str], "ab", "an array is expected, not 'ab'"),
    "named tuple too long": (Shape, [1, None, 2], "an array of 1 to 2 is expected, not of 3"),
    "item of a named tuple": (Shape, [1, {}], "[1].name: is missing"),
    "empty tuple": (tuple[()], [1], "an array of 0 is expected, not of 1"),
    "not null": (list[None], [0], "[0]: null is expected, not 0"),
    "name that is not a number": (dict[int, str], {"a": ""}, "a: an integer is expected, not 'a'"),
    "name that is not a JSON number": (dict[int, str], {"1_0": ""}, "1_0: an integer is expected, not '1_0'"),
    "name that is not an integer": (dict[int, str], {"1.5": ""}, "['1.5']: an integer is expected, not 1.5"),
    "two names for one key": (dict[int, str], {"1": "a", "1.0": "b"}, "two names become the same key"),
    "constrained member": (Annotated[int, pydantic.Field(gt=0)] | D, -3, "is expected, not -3"),
    "not a pet": (A | Pet, {"kind": "mouse"}, "name: is missing"),
    "recursive class": (Selfish, {"below": [{}]}, "below[0].below: is missing"),
    "recursive alias": (Endless, [["x"]], "is expected, not 'x'"),
    "recursive generic": (Tree[int], {"value": 1, "below": [{"value": "x"}]}, "below[0].value: an integer is expected"),
    "final field without an annotation": (Bare, {"number": "x"}, "number: an integer is expected, not 'x'"),
    "a class in a struct": (struct_of(A), {"item": {"name": 5}}, "item.name: Expected `str`, got `int`"),
    "a model in a deque in a struct": (struct_of(deque[P]), {"item": [{}]}, "item: [0].name: Field required"),
}


@pytest.mark.parametrize(("into", "value", "message"), MISFITS.values(), ids=MISFITS)
def test_a_value_that_does_not_fit_is_explained(into: Any, value: Any, message: str) -> None:
    with pytest.raises(StructureError) as caught:
        structurer(into)(value)
    assert message in caught.value.message


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the statement is new in Python 3.12")
def test_a_type_statement_is_validated() -> None:
    names: dict[str, Any] = {}
    exec("type Json = None | int | list[Json]\ntype Two[T] = tuple[T, Json]", names)

    assert structurer(names["Json"])([1, [None]]) == [1, [None]]
    assert structurer(names["Two"][str])(["a", [1]]) == ("a", [1])
    with pytest.raises(StructureError):
        structurer(names["Json"])([[1.5]])
    with pytest.raises(StructureError):
        structurer(names["Two"][str])([1, 1])


# ---------------------------------------------------------------------------------------------------------------------
# types that are refused


@dataclasses.dataclass
class Box(Generic[T]):
    content: T


@dataclasses.dataclass
class Deep:
    boxes: list[dict[str, Box[Tree]]]  # Tree has no type argument


class StructOfUnknown(msgspec.Struct):
    items: list[complex | None]
    again: StructOfUnknown | None = None


@dataclasses.dataclass
class Grows(Generic[T]):
    next: Grows[list[T]] | None


EndlessStructs: Any = NewType("EndlessStructs", list)
EndlessStructs.__supertype__ = list[EndlessStructs] | S  # msgspec does not support it

REFUSED = {
    "generic without its argument": Box[Tree],
    "generic without its argument, in a union": Box[Tree] | A,
    "generic without its argument, in an optional": Box[Tree] | None,
    "generic without its argument, in a list": list[Box[Tree]],
    "generic without its argument, in a field": Deep,
    "generic without its argument, in an alias": alias(Box[Tree]),
    "unknown in a struct": StructOfUnknown,
    "unknown in a list of structs": list[StructOfUnknown],
    "unknown in a member of a union": A | list[complex],
    "unknown in a dict": dict[str, complex],
    "unknown in a tuple": tuple[int, complex],
    "unknown in a named tuple": NamedTuple("Unknown", [("item", complex)]),
    "constraints of two packages": Annotated[int, pydantic.Field(gt=0), msgspec.Meta(lt=9)],
    "constraints of two packages, nested": Annotated[list[Annotated[int, msgspec.Meta(lt=9)]], annotated_types.Len(1)],
    "an array as a name": dict[tuple[int, int], str],
    "an object as a name": dict[A, str],
    "a boolean as a name": dict[bool, str],
    "bytes as an option": Literal[b"a"],
    "an unpacked tuple": tuple[int, *tuple[str, ...]],
    "a type that grows forever": Grows[int],
    "an alias without its argument": LIST_OF,
    "a recursive alias of structs": EndlessStructs,
    "an unknown class": object,
}


@pytest.mark.parametrize("into", REFUSED.values(), ids=REFUSED)
def test_a_type_that_cannot_be_made_is_refused(into: Any) -> None:
    with pytest.raises(TypeError, match=r"^into=.* can't be made from JSON: "):
        structurer(into)


def test_the_error_names_the_unsupported_type() -> None:
    with pytest.raises(TypeError, match="no validator supports complex"):
        structurer(StructOfUnknown)
    with pytest.raises(TypeError, match="no validator supports ~T"):
        structurer(Box[Tree] | A)
    with pytest.raises(TypeError, match="its validator, pydantic, ignores the constraints of msgspec"):
        structurer(REFUSED["constraints of two packages"])
