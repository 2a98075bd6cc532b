"""A draft is an unvalidated object made from an unfinished value."""

from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NewType,
    NotRequired,
    Optional,
    Required,
    Self,
    TypedDict,
    TypeVar,
)

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given, strategies as st
from typing_extensions import TypeAliasType

import streamjson as sj
from schemas import SCHEMAS, VALIDATED, Comment, Glossary, Schema, Trip
from streamjson._typed.draft import draft_of as draft
from streamjson._typed.schema import likely_members

T = TypeVar("T")


def boom(*_: Any) -> Any:
    raise AssertionError("the user's code was run")


@attrs.frozen
class A:
    name: str = attrs.field(validator=boom, converter=boom)
    tags: list[str] = attrs.Factory(list)
    twice: str = attrs.Factory(lambda self: self.name * 2, takes_self=True)
    _private: int = 3
    unset: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        boom()


@dataclasses.dataclass(frozen=True, slots=True)
class D:
    name: str
    tags: list[str] = dataclasses.field(default_factory=list)
    level: int = 3
    unset: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        boom()


class Total(TypedDict):
    name: str
    extra: NotRequired[int]


class NotTotal(TypedDict, total=False):
    name: Required[str]
    extra: int


class S(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="s"):
    first_name: str
    tags: list[str] = []
    level: int = 3

    def __post_init__(self) -> None:
        boom()


class S2(msgspec.Struct, tag="s2"):
    level: int


class P(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")

    name: str = pydantic.Field(min_length=1)
    tags: list[str] = []
    level: int = pydantic.Field(default=3, alias="the level")
    size: str | None = pydantic.Field(
        default_factory=lambda data: data["name"].upper(),
        validation_alias=pydantic.AliasChoices("size", pydantic.AliasPath("sizes", 0)),
    )
    _seen: list[int] = pydantic.PrivateAttr(default_factory=lambda: [1])
    _never: int = pydantic.PrivateAttr()
    _known: dict[str, int] = {}
    _needs_more: int = pydantic.PrivateAttr(default_factory=boom)

    def model_post_init(self, context: Any, /) -> None:
        boom()


class Swapped(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(validate_by_name=True, frozen=True)

    a: int | None = pydantic.Field(default=None, alias="b")
    b: int | None = pydantic.Field(default=None, alias="a")
    c: int | None = pydantic.Field(default=None, alias="x")


@pydantic.dataclasses.dataclass
class PD:
    name: str
    level: int = pydantic.Field(default=3, alias="the level")

    def __post_init__(self) -> None:
        boom()


class Late(pydantic.BaseModel):
    later: Later | None


@pydantic.dataclasses.dataclass
class LateToo:
    later: Later | None


class Later(pydantic.BaseModel):
    x: int


class Cat(TypedDict):
    kind: Literal["cat"]
    name: str


class Kind(Enum):
    DOG = "dog"


@attrs.define
class Dog:
    kind: Literal[Kind.DOG]
    name: str


@dataclasses.dataclass
class Box(Generic[T]):
    content: T
    more: list[T] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class BoxOfBoxes(Box[Box[D]]):
    label: str = ""


Item = TypeVar("Item", bound=A)


@attrs.define
class Bounded(Generic[Item]):
    item: Item


# Aliases of the backport do not support `|`.
Aliased: Any = TypeAliasType("Aliased", list[S2])
Either: Any = TypeAliasType("Either", D | S2)


@attrs.define
class Holder:
    item: Final[S2]
    me: Self | None = None


@dataclasses.dataclass
class InitOnly:
    name: str
    factor: dataclasses.InitVar[int]

    def __post_init__(self, factor: int) -> None:
        boom()


Name = NewType("Name", str)
Dogs = NewType("Dogs", list[Dog])  # type: ignore[valid-newtype]  # checkers require a class; it works at run time


def facts(thing: Any) -> Any:
    """Return the class and the fields of an object and of the objects inside it."""
    if isinstance(thing, dict):
        return {name: facts(item) for name, item in thing.items()}
    if isinstance(thing, list | tuple):
        return type(thing)(facts(item) for item in thing)
    for names in ("__attrs_attrs__", "__dataclass_fields__", "__struct_fields__", "__pydantic_fields__"):
        if hasattr(type(thing), names):
            names = [getattr(field, "name", field) for field in getattr(type(thing), names)]
            return type(thing).__name__, {name: facts(getattr(thing, name)) for name in names}
    return thing


A_EMPTY = {"name": None, "tags": [], "twice": None, "_private": 3, "unset": None}
P_EMPTY = {"name": None, "tags": [], "level": 3, "size": None}

CASES = {
    "missing, attrs": (A, sj.MISSING, ("A", A_EMPTY)),
    "missing, dataclass": (D, sj.MISSING, ("D", {"name": None, "tags": [], "level": 3, "unset": None})),
    "missing, typed dict": (Total, sj.MISSING, {"name": None}),
    "missing, not total": (NotTotal, sj.MISSING, {"name": None}),
    "missing, struct": (S, sj.MISSING, ("S", {"first_name": None, "tags": [], "level": 3})),
    "missing, model": (P, sj.MISSING, ("P", P_EMPTY)),
    "missing, pydantic dataclass": (PD, sj.MISSING, ("PD", {"name": None, "level": 3})),
    "missing, root model": (Glossary, sj.MISSING, ("Glossary", {"root": None})),
    "missing, list": (list[A], sj.MISSING, []),
    "missing, tuple": (tuple[A, ...], sj.MISSING, ()),
    "missing, dict": (dict[str, A], sj.MISSING, {}),
    "missing, text": (str, sj.MISSING, None),
    "missing, optional": (A | None, sj.MISSING, None),
    "null for an object": (A, None, None),
    "text for an object": (A, "Jane", "Jane"),
    "list for an object": (P, [1], [1]),
    "object for a list": (list[A], {"a": 1}, {"a": 1}),
    "number for an object in a list": (list[D | None], [3, None], [3, None]),
    "partial, attrs": (
        A,
        {"name": "x", "_private": "4", "unset": 5, "unknown": 6},
        ("A", {"name": "x", "tags": [], "twice": "xx", "_private": "4", "unset": None}),
    ),
    "partial, dataclass": (
        D,
        {"tags": ["a"], "unset": 5},
        ("D", {"name": None, "tags": ["a"], "level": 3, "unset": None}),
    ),
    "partial, typed dict": (Total, {"extra": "1", "unknown": 2}, {"name": None, "extra": "1", "unknown": 2}),
    "partial, struct": (S, {"firstName": 1}, ("S", {"first_name": 1, "tags": [], "level": 3})),
    "partial, struct of Python names": (S, {"first_name": 1}, ("S", {"first_name": None, "tags": [], "level": 3})),
    "partial, model": (P, {"name": "x", "the level": 1}, ("P", P_EMPTY | {"name": "x", "level": 1, "size": "X"})),
    "partial, model of Python names": (P, {"level": 1, "sizes": ["L"]}, ("P", P_EMPTY | {"size": "L"})),
    "partial, nested alias without a value": (P, {"sizes": []}, ("P", P_EMPTY)),
    "partial, pydantic dataclass": (PD, {"the level": 1}, ("PD", {"name": None, "level": 1})),
    "aliases that name other fields": (Swapped, {"a": 1, "b": 2, "c": 3}, ("Swapped", {"a": 2, "b": 1, "c": 3})),
    "a class defined later": (Late, {"later": {}}, ("Late", {"later": ("Later", {"x": None})})),
    "a class defined later, dataclass": (LateToo, {"later": {}}, ("LateToo", {"later": ("Later", {"x": None})})),
    "root model": (Glossary, {"a": ["b"]}, ("Glossary", {"root": {"a": ["b"]}})),
    "root model from text": (Glossary, "half", ("Glossary", {"root": "half"})),
    "list": (list[S2], [{}, None], [("S2", {"level": None}), None]),
    "sequence": (Sequence[S2], [{}], [("S2", {"level": None})]),
    "set": (set[str], ["a"], ["a"]),
    "plain list": (list, [{}], [{}]),
    "tuple": (tuple[S2, ...], [{}, {}], (("S2", {"level": None}),) * 2),
    "tuple, too short": (tuple[S2, str], [{}], (("S2", {"level": None}),)),
    "tuple, too long": (tuple[S2, str], [{}, "a", {}], (("S2", {"level": None}), "a", {})),
    "dict": (dict[str, S2], {"k": {}, "l": 1}, {"k": ("S2", {"level": None}), "l": 1}),
    "mapping": (Mapping[int, S2], {"1": {}}, {"1": ("S2", {"level": None})}),
    "plain dict": (dict, {"k": {}}, {"k": {}}),
    "optional": (Optional[S2], {}, ("S2", {"level": None})),  # noqa: UP045  # the older spelling
    "annotated": (Annotated[list[Annotated[S2, {}]], []], [{}], [("S2", {"level": None})]),
    "new type": (Dogs, [{}], [("Dog", {"kind": None, "name": None})]),
    "alias of a list": (Aliased, [{}], [("S2", {"level": None})]),
    "union in an alias in a union": (Optional[Either], {"tags": []}, facts(draft(D, {}))),  # noqa: UP045  # see Aliased
    "final field": (Holder, {"item": {}}, ("Holder", {"item": ("S2", {"level": None}), "me": None})),
    "recursive": (Holder, {"me": {}}, ("Holder", {"item": None, "me": ("Holder", {"item": None, "me": None})})),
    "half an enum": (Kind, "do", "do"),
    "half a number": (S2, {"level": "2"}, ("S2", {"level": "2"})),
    "any": (Any, {"a": 1}, {"a": 1}),
    "generic": (Box[D], {"content": {}}, ("Box", {"content": facts(draft(D, {})), "more": []})),
    "generic with a list": (
        Box[list[S2]],
        {"content": [{}], "more": [[{}]]},
        ("Box", {"content": [("S2", {"level": None})], "more": [[("S2", {"level": None})]]}),
    ),
    "generic without arguments": (Box, {"content": {}}, ("Box", {"content": {}, "more": []})),
    "generic with a bound": (Bounded, {"item": {}}, ("Bounded", {"item": ("A", A_EMPTY)})),
    "generic of a base class": (
        BoxOfBoxes,
        {"content": {"content": {}}},
        (
            "BoxOfBoxes",
            {"content": ("Box", {"content": facts(draft(D, {})), "more": []}), "more": [], "label": ""},
        ),
    ),
    "union, by tag": (Cat | Dog, {"kind": "dog"}, ("Dog", {"kind": "dog", "name": None})),
    "union, half a tag": (Cat | Dog, {"kind": "do", "name": "x"}, {"kind": "do", "name": "x"}),
    "union, before the tag": (Cat | Dog, {"name": "x"}, {"name": "x"}),
    "union, by the tag of a struct": (S | S2, {"type": "s2"}, ("S2", {"level": None})),
    "union, by names": (S2 | D, {"tags": []}, facts(draft(D, {}))),
    "union, undecided": (S2 | D, {"level": 1}, {"level": 1}),
    "union, with a dict": (dict[str, int] | D, {"name": "x"}, facts(draft(D, {"name": "x"}))),
    "union, one object": (str | D | list[S2], {}, facts(draft(D, {}))),
    "union, one list": (str | D | list[S2], [{}], [("S2", {"level": None})]),
    "union, two lists": (list[D] | list[S2], [{}], [{}]),
    "union, text": (str | D, "x", "x"),
}


@pytest.mark.parametrize(("into", "value", "expected"), CASES.values(), ids=CASES)
def test_a_draft_has_the_values_that_have_arrived(into: Any, value: Any, expected: Any) -> None:
    assert facts(draft(into, copy.deepcopy(value))) == expected


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_a_draft_can_be_made_after_each_event(schema: Schema) -> None:
    expected = schema.expected()
    assembler = sj.Assembler()
    VALIDATED.clear()
    kinds = {type(draft(schema.into, sj.MISSING))}
    for chunk in sj.disassemble(schema.document, piece_chars=1):
        assembler.apply(chunk)
        kinds.add(type(draft(schema.into, assembler.snapshot().copy_value())))
    assert kinds == {type(expected)}
    assert not VALIDATED
    if not schema.converts:
        assert draft(schema.into, assembler.snapshot().copy_value()) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda items: (
        st.lists(items, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "kind", "replies", "days", "items", "content", "type"]), items)
    ),
    max_leaves=12,
)


@given(st.sampled_from([schema.into for schema in SCHEMAS] + [into for into, _, _ in CASES.values()]), JSON)
def test_any_value_has_a_draft(into: Any, value: Any) -> None:
    draft(into, value)


def test_nested_values_become_nested_classes() -> None:
    trip = draft(Trip, {"days": [{"activities": [{"title": "Cas"}]}]})
    assert trip.days[0].activities[0].title == "Cas"
    assert trip.days[0].activities[0].cost == 0.0
    assert trip.days[0].number is None
    assert trip.destination is None
    assert trip.model_fields_set == {"days"}
    assert trip.model_dump(warnings=False)["tips"] == []


def test_a_drafted_model_is_complete() -> None:
    model = draft(P, {"name": "x", "unknown": [1]})
    assert model.model_extra == {"unknown": [1]}
    assert model._seen == [1]
    assert model._known == {}
    assert model._known is not draft(P, {})._known
    assert model == copy.deepcopy(model)
    assert not hasattr(model, "_never")
    assert not hasattr(model, "_needs_more")
    assert draft(P, {}).model_extra == {}
    assert draft(Swapped, {"y": 1}).model_extra is None
    assert draft(Swapped, {}).__pydantic_private__ is None
    with pytest.raises(pydantic.ValidationError):
        draft(Swapped, {}).a = 1  # type: ignore[misc]  # the model is frozen


def test_a_draft_omits_the_data_of_an_init_var() -> None:
    assert vars(draft(InitOnly, {"name": "x", "factor": 2})) == {"name": "x"}


def test_a_drafted_struct_is_complete() -> None:
    struct = draft(S, {"firstName": "x"})
    assert type(struct) is S
    assert msgspec.json.decode(msgspec.json.encode(struct)) == {"type": "s", "firstName": "x", "tags": [], "level": 3}
    with pytest.raises(AttributeError):
        struct.level = 4  # type: ignore[misc]


def test_defaults_are_not_shared() -> None:
    assert draft(A, {}).tags is not draft(A, {}).tags
    assert draft(P, {}).tags is not draft(P, {}).tags
    assert draft(S, {}).tags is not draft(S, {}).tags


def test_a_draft_may_nest_as_deep_as_a_document() -> None:
    value: Any = {}
    for _ in range(64):
        value = {"replies": [value]}
    comment = draft(Comment, value)
    for _ in range(64):
        comment = comment.replies[0]
    assert comment == draft(Comment, {})


@pytest.mark.parametrize("into", [5, "A", None, object(), [A]], ids=["number", "text", "null", "object", "list"])
def test_an_object_that_is_not_a_type_is_refused(into: Any) -> None:
    with pytest.raises(TypeError, match=r"into must be a type, such as a class or list\[Person\], not"):
        draft(into, {})


def test_a_class_with_an_undefined_name_is_refused() -> None:
    @dataclasses.dataclass
    class Broken:
        x: Unheard  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(TypeError, match="the annotations of Broken can't be resolved: name 'Unheard' is not defined"):
        draft(Broken, {})


def test_a_local_class_that_attrs_has_resolved() -> None:
    @attrs.define
    class Local:
        others: list[Local] = attrs.Factory(list)

    attrs.resolve_types(Local, localns={"Local": Local})
    assert draft(Local, {"others": [{}]}) == Local([Local([])])


def test_members_with_equally_many_names_are_all_likely() -> None:
    assert likely_members([Cat, Dog, S2], {"name": ""}) == [Cat, Dog]
    assert likely_members([Cat, Dog, S2], {"kind": "mouse", "name": ""}) == [S2]
    assert likely_members([S], {"type": "x"}) == []


def test_a_draft_imports_only_the_packages_of_its_class() -> None:
    program = (
        "import sys, attrs, streamjson._typed.draft as d\n"
        "print(d.draft_of(attrs.make_class('C', ['x']), {'x': 1}), {'pydantic', 'msgspec', 'cattrs'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "C(x=1) set()\n"


def test_a_class_derived_from_a_builtin_type_has_a_draft() -> None:
    @attrs.define
    class FailureError(Exception):
        code: int

    made = draft(FailureError, {})
    assert isinstance(made, FailureError)
    assert made.code is None


@dataclasses.dataclass
class Chain:
    next: Optional[Chain] = None  # noqa: UP045  # the name is looked up at run time
    more: list[Chain] = dataclasses.field(default_factory=list)


@pytest.mark.parametrize("link", [lambda value: {"next": value}, lambda value: {"more": [value]}], ids=["next", "more"])
def test_nesting_beyond_the_recursion_limit_is_a_limit_error(link):
    value: Any = {"name": "x"}
    for _ in range(sys.getrecursionlimit()):
        value = link(value)
    assembler = sj.Assembler(limits=sj.Limits(max_depth=None))
    assembler.apply_delta("", value)
    with pytest.raises(sj.LimitExceededError) as caught:
        assembler.snapshot().draft(Chain)
    assert (caught.value.limit, caught.value.maximum) == ("max_depth", sys.getrecursionlimit())
    assert caught.value.met > caught.value.maximum
