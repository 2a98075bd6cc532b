"""A finished value becomes an object of the requested type, or the error explains to a newcomer why it does not."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import gc
import subprocess
import sys
import textwrap
import weakref
from collections import deque
from collections.abc import Mapping, Sequence, Set as AbstractSet
from contextlib import suppress
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Generic, Literal, NewType, NotRequired, Optional, TypedDict, TypeVar

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given, strategies as st
from typing_extensions import TypeAliasType

from schemas import SCHEMAS, VALIDATED, Bug, Invoice, Schema, Variant, validations
from streamjson._errors import StructureError
from streamjson._json import MISSING
from streamjson._typed.validate import structurer

T = TypeVar("T")


class Colour(str, Enum):  # noqa: UP042  # the older spelling
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Tag(str):
    __slots__ = ()


@attrs.frozen
class A:
    name: str
    age: int = 0


@dataclasses.dataclass
class D:
    name: str
    friends: list["D"] = dataclasses.field(default_factory=list)  # noqa: UP037  # as without postponed annotations


class TD(TypedDict):
    name: str
    age: NotRequired[int]
    inner: NotRequired[list[TD]]


class S(msgspec.Struct, rename="camel"):
    first_name: str
    age: int = 0


class P(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(default=0, ge=0, alias="years")


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    day: dt.date
    pair: tuple[int, int]


@pydantic.dataclasses.dataclass
class PD:
    name: str


class Link(msgspec.Struct):
    next: Link | None


class Root(pydantic.RootModel[list[P]]):
    pass


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


Pet = Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]


class InStruct(msgspec.Struct):
    model: P
    items: list[A]


@attrs.define
class Mixed:
    model: P | None = None
    struct: S | None = None
    models: list[P] = attrs.Factory(list)
    structs: dict[str, S] = attrs.Factory(dict)
    pets: list[Pet] = attrs.Factory(list)
    either: list[P | A | S] = attrs.Factory(list)
    positive: Annotated[int, pydantic.Field(gt=0)] = 1
    short: Annotated[str, msgspec.Meta(max_length=3)] = ""
    typed: TD | None = None
    data: D | None = None


@attrs.define
class Box(Generic[T]):
    content: T


@dataclasses.dataclass
class One:
    kind: Literal["one"]
    x: int


@dataclasses.dataclass
class Two:
    kind: Literal["two"]
    x: int


@dataclasses.dataclass
class Three:
    x: int
    y: int | None = None


class SilentError(Exception):
    def __str__(self) -> str:
        raise ValueError("can't be printed")


@attrs.define
class Fussy:
    how: str

    def __attrs_post_init__(self) -> None:
        wrong = {
            "key": KeyError("how"),
            "assert": AssertionError("no way"),
            "empty": OSError(),
            "unprintable": SilentError(),
        }
        if self.how == "interrupt":
            raise KeyboardInterrupt
        raise wrong[self.how]


Name = NewType("Name", str)


FITS = {
    "text": (str, "a", "a"),
    "integer": (int, 5, 5),
    "integer, written with a point": (int, 3.0, 3),
    "number": (float, 2.5, 2.5),
    "number, written without a point": (float, 2, 2.0),
    "boolean": (bool, True, True),
    "any": (Any, {"a": [1]}, {"a": [1]}),
    "null or text": (Optional[str], None, None),  # noqa: UP045  # the older spelling
    "new type": (Name, "x", "x"),
    "subclass of text": (Tag, "x", Tag("x")),
    "enum of texts": (Colour, "red", Colour.RED),
    "enum of integers": (Level, 1, Level.LOW),
    "literal": (Literal["a", 1, None], None, None),  # noqa: PYI061  # as above
    "literal, enum": (Literal[Colour.RED], "red", Colour.RED),
    "decimal from a number": (Decimal, 0.1, Decimal("0.1")),
    "decimal from a text": (Decimal, "0.10", Decimal("0.10")),
    "date": (dt.date, "2026-11-22", dt.date(2026, 11, 22)),
    "date with a time": (dt.datetime, "2026-11-22T10:30:00", dt.datetime(2026, 11, 22, 10, 30)),  # noqa: DTZ001
    "duration": (dt.timedelta, "PT1H", dt.timedelta(hours=1)),
    "bytes": (bytes, "aGk=", b"hi"),
    "deque of structs": (deque[S], [{"firstName": "a"}], deque([S("a")])),
    "alias of a list of structs": (TypeAliasType("X", list[S]), [{"firstName": "a"}], [S("a")]),
    "recursive struct": (Link, {"next": {"next": None}}, Link(Link(None))),
    "list": (list[A], [{"name": "a"}], [A("a")]),
    "plain list": (list, [1, "a"], [1, "a"]),
    "plain tuple": (tuple, [1, "a"], (1, "a")),
    "tuple": (tuple[A, ...], [{"name": "a"}], (A("a"),)),
    "tuple of two": (tuple[int, str], [1, "a"], (1, "a")),
    "set": (set[str], ["a", "a"], {"a"}),
    "frozen set": (AbstractSet[str], ["a"], frozenset("a")),
    "sequence": (Sequence[int], [1], [1]),
    "dict": (dict[str, A], {"k": {"name": "a"}}, {"k": A("a")}),
    "mapping": (Mapping[str, int], {"k": 1}, {"k": 1}),
    "plain dict": (dict, {"k": 1}, {"k": 1}),
    "dict with integer keys": (dict[int, str], {"1": "a"}, {1: "a"}),
    "structs with integer keys": (dict[int, S], {"1": {"firstName": "a"}}, {1: S("a")}),
    "scalars": (list[int | str | bool | None], [1, "1", True, None], [1, "1", True, None]),
    "text or texts": (str | list[str], ["a"], ["a"]),
    "number or enum": (float | Colour, 1, 1.0),
    "date or text": (dt.date | str, "soon", "soon"),
    "colour or level": (Colour | Level, 1, Level.LOW),
    "anything or nothing": (Any | None, {"a": 1}, {"a": 1}),
    "union, decided by the tag": (list[One | Two], [{"kind": "two", "x": 1}], [Two("two", 1)]),
    "union, decided by the names": (Three | A, {"name": "a", "age": 1}, A("a", 1)),
    "the first member that accepts the value": (A | D, {"name": "a"}, A("a")),
    "the second member, if the first refuses": (list[Three | One], [{"kind": "one", "x": 1}], [One("one", 1)]),
    "a class or a dict": (A | dict[str, int], {"x": 1}, {"x": 1}),
    "generic": (Box[list[D]], {"content": [{"name": "a"}]}, Box([D("a")])),
    "recursive": (D, {"name": "a", "friends": [{"name": "b"}]}, D("a", [D("b")])),
    "typed dict, not required": (TD, {"name": "a", "inner": [{"name": "b"}]}, {"name": "a", "inner": [{"name": "b"}]}),
    "struct": (S, {"firstName": "a"}, S("a")),
    "structs": (tuple[S, ...] | None, [{"firstName": "a"}], (S("a"),)),
    "constrained for msgspec": (Annotated[str, msgspec.Meta(max_length=3)], "abc", "abc"),
    "model": (P, {"name": "a", "years": 3}, P(name="a", years=3)),
    "strict model": (
        Strict,
        {"day": "2026-11-22", "pair": [1, 2]},
        Strict(day=dt.date(2026, 11, 22), pair=(1, 2)),
    ),
    "root model": (Root, [{"name": "a"}], Root([P(name="a")])),
    "pydantic dataclass": (list[PD], [{"name": "a"}], [PD("a")]),
    "discriminator": (list[Pet], [{"kind": "dog"}], [Dog(kind="dog")]),
    "unhashable metadata": (Annotated[list[P], {}], [{"name": "a"}], [P(name="a")]),
    "all in one": (
        Mixed,
        {
            "model": {"name": "a"},
            "struct": {"firstName": "a"},
            "models": [{"name": "a"}],
            "structs": {"k": {"firstName": "a"}},
            "pets": [{"kind": "cat"}],
            "either": [{"firstName": "a"}, {"name": "a", "years": 1}, {"name": "a", "age": 1}],
            "positive": 2,
            "short": "abc",
            "typed": {"name": "a"},
            "data": {"name": "a"},
        },
        Mixed(
            P(name="a"),
            S("a"),
            [P(name="a")],
            {"k": S("a")},
            [Cat(kind="cat")],
            [S("a"), P(name="a", years=1), A("a", 1)],
            2,
            "abc",
            {"name": "a"},
            D("a"),
        ),
    ),
    "model in a struct": (
        InStruct,
        {"model": {"name": "a"}, "items": [{"name": "b"}]},
        InStruct(P(name="a"), [A("b")]),
    ),
}


@pytest.mark.parametrize(("into", "value", "expected"), FITS.values(), ids=FITS)
def test_a_value_that_fits_becomes_an_object(into: Any, value: Any, expected: Any) -> None:
    given_value = copy.deepcopy(value)
    made = structurer(into)(value)
    assert made == expected
    assert type(made) is type(expected)
    assert value == given_value


# The messages. The path is `items[3]`, or empty at the root.
MISFITS: dict[str, tuple[Any, Any, str]] = {
    "text from null": (str, None, "str: text is expected, not null"),
    "text from a number": (str, 5, "str: text is expected, not 5"),
    "integer from text": (int, "5", "int: an integer is expected, not '5'"),
    "integer from a boolean": (int, True, "int: an integer is expected, not true"),
    "integer from a half": (int, 2.5, "int: an integer is expected, not 2.5"),
    "number from a boolean": (float, False, "float: a number is expected, not false"),
    "number too large": (float, 10**400, "float: int too large to convert to float"),
    "boolean from a number": (bool, 1, "bool: true or false is expected, not 1"),
    "list from text": (list[str], "ab", "list[str]: an array is expected, not 'ab'"),
    "list from an object": (list[str], {"a": 1}, "list[str]: an array is expected, not an object"),
    "object from text": (A, "name", "A: an object is expected, not 'name'"),
    "object from a list": (dict[str, int], [], "dict[str, int]: an object is expected, not an array"),
    "tuple too short": (tuple[int, int], [1], "tuple[int, int]: an array of 2 is expected, not of 1"),
    "unknown option": (Literal["a", "b"], "c", "Literal['a', 'b']: 'a' or 'b' is expected, not 'c'"),
    "true for the option 1": (Literal[1], True, "Literal[1]: 1 is expected, not true"),
    "unknown enum member": (Colour, "blue", "Colour: 'blue' is not a valid Colour"),
    "not a number": (Decimal, "x", "Decimal: Input should be a valid decimal"),
    "null decimal": (Decimal, None, "Decimal: Decimal input should be an integer, float, string or Decimal object"),
    "not a date": (dt.date, "soon", "date: Input should be a valid date in the format YYYY-MM-DD, input is too short"),
    "number for a date with a time": (dt.datetime, "5", "datetime: a date with a time is expected, not '5'"),
    "boolean for a date with a time": (dt.datetime, True, "datetime: Input should be a valid datetime"),
    "name that is not a number": (dict[int, str], {"w": "x"}, "dict[int, str]: w: an integer is expected, not 'w'"),
    "none of several": (int | list[str], "x", "int | list[str]: int | list[str] is expected, not 'x'"),
    "null for a union": (int | str, None, "int | str: int | str is expected, not null"),
    "a union whose likely member refuses": (Three | One, {"y": "a"}, "Three | One: x: is missing; y: an integer"),
    "a union whose two likely members refuse": (A | D, {"name": 1}, "A | D: A | D is expected, not an object"),
    "unknown tag": (One | Two, {"kind": "three"}, "One | Two: One | Two is expected, not an object"),
    "unhashable item": (set[Any], [[]], "set[Any]: unhashable type: 'list'"),
    "attrs, missing": (A, {}, "A: name: is missing"),
    "attrs, deep": (
        Invoice,
        {"number": "1", "seller": {}, "buyer": None, "items": [{"description": "x", "quantity": "2", "unit_price": 1}]},
        (
            "Invoice: seller.street: is missing; seller.city: is missing; seller.postal_code: is missing; "
            "buyer: an object is expected, not null; items[0].quantity: an integer is expected, not '2'"
        ),
    ),
    "dataclass": (
        list[Bug],
        [{"title": "x", "severity": "urgent", "steps": []}],
        "list[Bug]: [0].severity: 'urgent' is not a valid Severity",
    ),
    "typed dict": (Variant, {"sku": 5, "size": "XL"}, "Variant: sku: text is expected, not 5; size: 'S' or 'M' or 'L'"),
    "typed dict, recursive": (TD, {"name": "a", "inner": [{}]}, "TD: inner[0].name: is missing"),
    "a name that needs quotes": (dict[str, A], {"a.b": {}}, "dict[str, A]: ['a.b'].name: is missing"),
    "struct, missing": (S, {}, "S: Object missing required field `firstName`"),
    "struct, deep": (list[S], [{"firstName": 1}], "list[S]: [0].firstName: Expected `str`, got `int`"),
    "number for a struct": (S, 5, "S: Expected `object`, got `int`"),
    "model, missing": (P, {}, "P: name: Field required"),
    "model, several": (
        list[P],
        [{"name": 1, "years": -1}],
        "list[P]: [0].name: Input should be a valid string; [0].years: Input should be greater than or equal to 0",
    ),
    "model in attrs": (Mixed, {"model": {"name": "a", "years": -1}}, "Mixed: model.years: Input should be greater"),
    "struct in attrs": (
        Mixed,
        {"structs": {"k": {}}},
        "Mixed: structs[...]: Object missing required field `firstName`",
    ),
    "model in a struct": (
        InStruct,
        {"model": {}, "items": []},
        "InStruct: model: name: Field required",
    ),
    "attrs in a struct": (InStruct, {"model": {"name": "a"}, "items": [{}]}, "items[0]: Object missing required field"),
    "constraint for pydantic": (Mixed, {"positive": 0}, "Mixed: positive: Input should be greater than 0"),
    "constraint for msgspec": (Mixed, {"short": "abcd"}, "Mixed: short: Expected `str` of length <= 3"),
    "the user's own error": (Fussy, {"how": "assert"}, "Fussy: no way"),
    "the user's own error without a message": (Fussy, {"how": "empty"}, "Fussy: OSError"),
    "the user's own KeyError": (Fussy, {"how": "key"}, "Fussy: KeyError: 'how'"),
    "the user's own KeyError, deep": (list[Fussy], [{"how": "key"}], "list[Fussy]: [0]: KeyError: 'how'"),
    "an error that can't be printed": (Fussy, {"how": "unprintable"}, "Fussy: ClassValidationError"),
}


@pytest.mark.parametrize(("into", "value", "message"), MISFITS.values(), ids=MISFITS)
def test_a_value_that_does_not_fit_is_explained(into: Any, value: Any, message: str) -> None:
    with pytest.raises(StructureError) as caught:
        structurer(into)(value, "items[3]")
    assert message in caught.value.message
    assert caught.value.message.startswith("items[3] does not fit ")
    assert (caught.value.path, caught.value.value, caught.value.into) == ("items[3]", value, into)
    assert caught.value.code == "bad_structure"
    assert isinstance(caught.value.__cause__, Exception)


def test_the_message_names_the_root() -> None:
    with pytest.raises(StructureError, match=r"^the root does not fit A: name: is missing$"):
        structurer(A)({})


def test_the_message_names_five_problems_at_most() -> None:
    with pytest.raises(StructureError) as caught:
        structurer(list[int])(["x"] * 1000)
    assert str(caught.value).endswith("[4]: an integer is expected, not 'x'; and 995 more")


def test_a_long_message_is_shortened() -> None:
    with pytest.raises(StructureError) as caught:
        structurer(Colour)("x" * 10_000)
    assert len(str(caught.value)) < 400


def test_a_keyboard_interrupt_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        structurer(list[Fussy])([{"how": "interrupt"}])


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_each_part_is_validated_once_by_its_own_validator(schema: Schema) -> None:
    structure = structurer(schema.into)
    count = validations(schema)
    document = copy.deepcopy(schema.document)
    VALIDATED.clear()
    made = structure(document)
    assert len(VALIDATED) == count
    assert made == schema.expected()
    assert type(made) is type(schema.expected())
    assert document == schema.document


def test_each_family_has_validators_that_are_counted() -> None:
    assert {schema.family for schema in SCHEMAS if validations(schema)} == {schema.family for schema in SCHEMAS}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda items: (
        st.lists(items, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "kind", "replies", "days", "items", "content", "type"]), items)
    ),
    max_leaves=12,
)


@given(st.sampled_from([schema.into for schema in SCHEMAS] + [into for into, *_ in (FITS | MISFITS).values()]), JSON)
def test_any_value_fits_or_is_a_structure_error(into: Any, value: Any) -> None:
    """The value is never changed."""
    before = copy.deepcopy(value)
    with suppress(StructureError):
        structurer(into)(value)
    assert value == before


# ---------------------------------------------------------------------------------------------------------------------
# types that are refused


class Late(pydantic.BaseModel):
    later: Never  # type: ignore[name-defined]  # noqa: F821


@dataclasses.dataclass
class LateToo:
    later: Never  # type: ignore[name-defined]  # noqa: F821


class LateStruct(msgspec.Struct):
    later: Never  # type: ignore[name-defined]  # noqa: F821


@attrs.define
class Unknown:
    items: list[complex]


class UnknownStruct(msgspec.Struct):
    items: tuple[complex, ...]


class UntaggedStructs(msgspec.Struct):
    either: S | InStruct


Endless: Any = NewType("Endless", list)
Endless.__supertype__ = list[Endless] | complex  # like `type Endless = list[Endless] | complex`
EndlessStructs: Any = NewType("EndlessStructs", list)
EndlessStructs.__supertype__ = list[EndlessStructs] | S  # msgspec does not support it

REFUSED = {
    "not a type": (5, "into must be a type, such as a class or list[Person], not 5"),
    "text": ("A", "into must be a type, such as a class or list[Person], not 'A'"),
    "null": (None, "into must be a type, such as a class or list[Person], not None"),
    "an unsupported class": (complex, "into=complex can't be made from JSON: no validator supports complex"),
    "in a field": (Unknown, "into=Unknown can't be made from JSON: no validator supports complex"),
    "in a struct": (UnknownStruct, "into=UnknownStruct can't be made from JSON: no validator supports complex"),
    "in a recursive alias": (Endless, "into=Endless can't be made from JSON: no validator supports complex"),
    "structs in a recursive alias": (EndlessStructs, "into=EndlessStructs can't be made from JSON: "),
    "two packages": (
        list[Annotated[Annotated[int, pydantic.Field(gt=0)], msgspec.Meta(lt=9)]],
        "can't be made from JSON: its validator, pydantic, ignores the constraints of msgspec",
    ),
    "in a union": (A | complex, "into=A | complex can't be made from JSON: no validator supports complex"),
    "a name": (list["A"], "into=list['A'] can't be made from JSON: no validator supports 'A'"),
    "unresolved, dataclass": (LateToo, "the annotations of LateToo can't be resolved: name 'Never' is not defined"),
    "unresolved, model": (Late, "into=Late can't be made from JSON"),
    "unresolved, struct": (list[LateStruct], "into=list[LateStruct] can't be made from JSON: name 'Never' is not"),
    "unions of structs": (UntaggedStructs, "into=UntaggedStructs can't be made from JSON: "),
    "a type without its argument": (Box, "into=Box can't be made from JSON: "),
}


@pytest.mark.parametrize(("into", "message"), REFUSED.values(), ids=REFUSED)
def test_an_unsupported_type_is_refused_at_once(into: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        structurer(into)
    assert message in str(caught.value)


def test_a_structurer_is_cached_by_type() -> None:
    assert structurer(list[A]) is structurer(list[A])
    assert structurer(int | str) is not structurer(str | int)


@pytest.mark.slow
def test_a_class_is_released_after_256_others() -> None:
    def use() -> weakref.ref[type]:
        passing = attrs.make_class("Passing", {"x": attrs.field(type=int)})
        structurer(passing)({"x": 1})
        return weakref.ref(passing)

    reference = use()
    for number in range(300):  # more than the cache holds
        structurer(Literal[number])
        structurer(attrs.make_class("Other", []))
    gc.collect()
    assert reference() is None


def program(*lines: str) -> str:
    """Return the output of a new interpreter."""
    code = textwrap.dedent("\n".join(lines))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_library_imports_no_validator() -> None:
    names = "{'cattrs', 'pydantic', 'msgspec'} & set(sys.modules)"
    assert program("import sys, streamjson, streamjson._typed.validate", f"print({names})") == "set()\n"


@pytest.mark.parametrize(
    ("made", "loaded"),
    [
        ("dataclasses.make_dataclass('C', [('x', int)])", "['cattrs']"),
        ("__import__('msgspec').defstruct('C', ['x'])", "['msgspec']"),
        ("dataclasses.make_dataclass('C', [('x', __import__('decimal').Decimal)])", "['cattrs', 'pydantic']"),
        ("__import__('pydantic').create_model('C', x=(int, 0))", "['pydantic']"),
    ],
    ids=["dataclass", "struct", "dataclass with a decimal", "model"],
)
def test_a_type_imports_only_the_validators_that_it_needs(made: str, loaded: str) -> None:
    assert (
        program(
            "import sys, dataclasses, streamjson._typed.validate as s",
            f"print(s.structurer({made})({{'x': 1}}))",
            "print(sorted({'cattrs', 'pydantic', 'msgspec'} & set(sys.modules)))",
        ).splitlines()[1]
        == loaded
    )


def test_a_missing_package_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    @attrs.define
    class New:
        pass

    for name in ("cattrs", "cattrs.errors"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        structurer(New)
    assert "into=test_a_missing" not in str(caught.value)
    assert "New needs cattrs" in str(caught.value)
    assert "pip install 'streamjson-assembler[typed]'" in str(caught.value)
    assert caught.value.name is not None
    assert caught.value.name.startswith("cattrs")


def test_a_missing_value_is_a_structure_error() -> None:
    with pytest.raises(StructureError, match="no value arrived, so there is no int"):
        structurer(int)(MISSING)
