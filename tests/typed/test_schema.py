"""The fields of classes of each family: where an object has them, their types, their defaults, and how to make one."""

from __future__ import annotations

import copy
import dataclasses
from collections import deque
from collections.abc import Mapping
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    Self,
    TypedDict,
    TypeVar,
)

import attrs
import msgspec
import pydantic
import pytest
from typing_extensions import ReadOnly

from streamjson._typed.schema import Fields, container_of, containers_of, fields_of, likely_members

T = TypeVar("T")
U = TypeVar("U")


def known_fields(into: Any) -> Fields:
    fields = fields_of(into)
    assert fields is not None
    return fields


def types(into: Any) -> dict[str, Any]:
    return {field.name: field.type for field in (*known_fields(into).all, *known_fields(into).init_only)}


# ---------------------------------------------------------------------------------------------------------------------
# types of fields


@attrs.define
class Node(Generic[T]):
    value: T
    below: list[Self]
    tags: Final[list[T | None]] = attrs.Factory(list)


@attrs.define
class Base(Generic[T]):
    first: T


@attrs.define
class Middle(Base[list[T]], Generic[T, U]):
    second: T
    third: dict[str, U]


@attrs.define
class Last(Middle[int, str]):
    pass


class Box(TypedDict, Generic[T]):
    content: T


class Boxes(Box[list[T]], Generic[T]):
    more: NotRequired[T]


class BoxesOfInt(Boxes[int]):
    label: ReadOnly[str]


@dataclasses.dataclass
class Scaled(Generic[T]):
    name: str
    factor: dataclasses.InitVar[list[T]]
    number: Final = 5
    unknown: Final = dataclasses.field(default_factory=list)
    note: dataclasses.InitVar = None


class S(msgspec.Struct, Generic[T]):
    content: list[T]


class P(pydantic.BaseModel, Generic[T]):
    content: list[T]


class PInt(P[int]):
    pass


TYPES = {
    "attrs": (Node[int], {"value": int, "below": list[Node[int]], "tags": list[int | None]}),
    "attrs without its argument": (Node, {"value": T, "below": list[Node[T]], "tags": list[T | None]}),
    "inherited, with two variables of one name": (
        Middle[int, str],
        {"first": list[int], "second": int, "third": dict[str, str]},
    ),
    "inherited twice": (Last, {"first": list[int], "second": int, "third": dict[str, str]}),
    "typed dict": (Boxes[int], {"content": list[int], "more": int}),
    "typed dict, inherited twice": (BoxesOfInt, {"content": list[int], "more": int, "label": str}),
    "dataclass": (Scaled[int], {"name": str, "factor": list[int], "number": int, "unknown": Final, "note": Any}),
    "struct": (S[int], {"content": list[int]}),
    "model": (P[int], {"content": list[int]}),
    "model, inherited": (PInt, {"content": list[int]}),
}


@pytest.mark.parametrize(("into", "expected"), TYPES.values(), ids=TYPES)
def test_the_types_of_fields_are_resolved(into: Any, expected: Any) -> None:
    assert types(into) == expected


class Postponed(TypedDict, total=False):
    plain: int
    required: Required[int]
    annotated: Annotated[Required[int], "note"]


def test_a_typed_dict_says_which_names_may_be_absent() -> None:
    may_be_absent = {field.name: field.may_be_absent for into in (Postponed, Boxes) for field in known_fields(into).all}
    assert may_be_absent == {"plain": True, "required": False, "annotated": False, "content": False, "more": True}


@attrs.define
class Arguments:
    _private: int
    other: int = attrs.field(alias="by_alias", default=1)
    made: int = attrs.field(init=False, default=2)
    unannotated: Any = attrs.Factory(list)


def test_fields_name_the_arguments_of_the_constructor() -> None:
    facts = {field.name: (field.argument, field.is_required) for field in known_fields(Arguments).all}
    assert facts == {
        "_private": ("private", True),
        "other": ("by_alias", False),
        "made": (None, False),
        "unannotated": ("unannotated", False),
    }
    facts = {field.name: (field.argument, field.is_required) for field in known_fields(Scaled).init_only}
    assert facts == {"factor": ("factor", True), "note": ("note", False)}
    assert known_fields(Scaled).names == {"name", "factor", "number", "unknown", "note"}


def test_an_attribute_without_an_annotation_has_the_type_any() -> None:
    assert types(attrs.make_class("C", ["x"])) == {"x": Any}


def test_an_annotation_with_an_undefined_name_is_an_error() -> None:
    @dataclasses.dataclass
    class Broken:
        x: Unheard  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(TypeError, match="the annotations of Broken can't be resolved: name 'Unheard' is not defined"):
        fields_of(Broken)


@pytest.mark.parametrize("into", [int, list[int], int | None, "text", Mapping], ids=str)
def test_another_type_has_no_fields(into: Any) -> None:
    assert fields_of(into) is None


# ---------------------------------------------------------------------------------------------------------------------
# containers and members of unions


class Shape(NamedTuple):
    size: int


class Root(pydantic.RootModel[list[int] | dict[str, int] | None]):
    pass


@dataclasses.dataclass
class Cat:
    kind: Literal["cat"]
    name: str


class Dog(msgspec.Struct, tag="dog", tag_field="kind"):
    name: str
    age: int = 0


@dataclasses.dataclass
class Plain:
    name: str


CONTAINERS = {
    "class": (Cat, dict, {dict}),
    "dict": (dict[str, int], dict, {dict}),
    "mapping": (Mapping, dict, {dict}),
    "deque": (deque[int], list, {list}),
    "named tuple": (Shape, list, {list}),
    "text": (str, None, {None}),
    "new type": (NewType("N", list[int]), list, {list}),
    "any": (Any, None, {dict, list, None}),
    "union": (Cat | list[int] | str, None, {dict, list, None}),
    "model of a union": (Root, None, {dict, list, None}),
    "model of a list": (pydantic.RootModel[list[int]], list, {list}),
}


@pytest.mark.parametrize(("into", "container", "containers"), CONTAINERS.values(), ids=CONTAINERS)
def test_a_type_is_made_from_one_or_several_containers(into: Any, container: Any, containers: Any) -> None:
    assert container_of(into) is container
    assert containers_of(into) == containers


Pet = Annotated[Cat | Dog, "note"]

LIKELY = {
    "by the tag": ([Cat, Dog], {"kind": "dog"}, [Dog]),
    "by the names": ([Plain, Dog], {"name": "x", "age": 1}, [Dog]),
    "equally many names": ([Cat, Dog, Plain], {"name": "x"}, [Cat, Dog, Plain]),
    "not a class": ([dict[str, int], Plain], {"x": 1}, [dict[str, int], Plain]),
    "a union in the union": ([Plain, Pet], {"kind": "dog", "name": "x"}, [Pet]),
    "no member of the nested union": ([Plain, Pet], {"kind": "mouse", "name": "x"}, [Plain]),
    "no member": ([Cat, Dog], {"kind": "mouse"}, []),
}


@pytest.mark.parametrize(("members", "value", "expected"), LIKELY.values(), ids=LIKELY)
def test_members_of_a_union_are_chosen_by_tag_and_names(members: Any, value: Any, expected: Any) -> None:
    assert likely_members(members, value) == expected


# ---------------------------------------------------------------------------------------------------------------------
# defaults and unvalidated instances


def boom(*_: Any) -> Any:
    raise AssertionError("the user's code was run")


@attrs.frozen
class Twice:
    name: str = attrs.field(validator=boom)
    tags: list[str] = attrs.Factory(list)
    twice: str = attrs.Factory(lambda self: self.name * 2, takes_self=True)


class Silent(msgspec.Struct, rename="camel"):
    first_name: str
    tags: list[str] = []

    def __post_init__(self) -> None:
        boom()


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", validate_by_name=True)

    name: str
    size: str = pydantic.Field(
        default_factory=lambda data: data["name"].upper(),
        validation_alias=pydantic.AliasChoices("size", pydantic.AliasPath("sizes", 0)),
    )
    level: int = pydantic.Field(default=3, alias="the level")
    _seen: list[int] = pydantic.PrivateAttr(default_factory=lambda: [1])
    _limit: int = pydantic.PrivateAttr(default=5)
    _never: int = pydantic.PrivateAttr()
    _broken: int = pydantic.PrivateAttr(default_factory=boom)


class NoExtra(pydantic.BaseModel):
    later: Later | None = None


@pydantic.dataclasses.dataclass
class ModelToo:
    later: Later | None = None


class Later(pydantic.BaseModel):
    x: int


def defaults(into: Any, **values: Any) -> dict[str, Any]:
    for field in known_fields(into).all:
        if field.name not in values:
            values[field.name] = field.default(values)
    return values


def test_defaults_are_made_from_the_preceding_fields() -> None:
    assert defaults(Twice, name="x") == {"name": "x", "tags": [], "twice": "xx"}
    assert defaults(Scaled, name="x") == {"name": "x", "number": 5, "unknown": []}
    assert defaults(Silent) == {"first_name": None, "tags": []}
    assert defaults(Model, name="x") == {"name": "x", "size": "X", "level": 3}
    assert defaults(Postponed) == {"plain": None, "required": None, "annotated": None}


def test_instances_are_made_without_running_the_users_code() -> None:
    assert known_fields(Twice).make({"name": 5, "tags": [], "twice": ""}, set(), {}).name == 5
    assert known_fields(Silent).make({"first_name": 5, "tags": []}, set(), {}).first_name == 5
    assert type(known_fields(Silent).make({"first_name": 5}, set(), {})) is Silent
    assert known_fields(Dog).make({"name": "x"}, set(), {}) == Dog("x")
    assert known_fields(ModelToo).make({"later": 5}, set(), {}).later == 5
    assert known_fields(Box).make({"content": 5}, set(), {"content": "5", "unknown": 1}) == {"content": 5, "unknown": 1}


def test_an_exception_class_can_be_made() -> None:
    @attrs.define
    class FailureError(Exception):
        code: int

    assert known_fields(FailureError).make({"code": 5}, set(), {}).code == 5


def test_a_model_has_its_extra_and_private_attributes() -> None:
    model = known_fields(Model).make({"name": "x"}, {"name"}, {"name": "x", "unknown": 1})
    assert (model.model_extra, model.model_fields_set, model._seen, model._limit) == ({"unknown": 1}, {"name"}, [1], 5)
    assert model == copy.deepcopy(model)
    assert not hasattr(model, "_never")
    assert not hasattr(model, "_broken")
    assert known_fields(NoExtra).make({"later": None}, set(), {"unknown": 1}).model_extra is None


def test_a_field_of_a_model_may_have_several_key_paths() -> None:
    assert {field.name: field.key_paths for field in known_fields(Model).all} == {
        "name": (("name",), ("name",)),
        "size": (("size",), ("sizes", 0), ("size",)),
        "level": (("the level",), ("level",)),
    }
    assert known_fields(Root).all[0].key_paths == ((),)
    assert known_fields(Root).is_root
