"""Types nested in each other, and the result of converting values to them: a slow validator, by docs/typed.md.

A `Spec` is a randomly built type with everything that the rules need to know about it, so that nothing here looks into
an annotation. `Spec.check` returns the converted value, or raises `MisfitError`:

- pydantic's `validate_json` decides for a type whose classes and constraints are all pydantic's.
- msgspec's `json.decode` decides in the same way.
- `Spec.rule` decides for all other types.

`specs(family)` generates types whose classes are of one family. An attrs class, a dataclass and a TypedDict may contain
types of all other families. `values(spec)` generates values, most of which fit.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import itertools
import json
import re
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum, IntEnum
from functools import partial
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
    TypedDict,
    TypeVar,
    Union,
)

import attrs
import msgspec
import pydantic
from hypothesis import strategies as st
from typing_extensions import ReadOnly, TypeAliasType

__all__ = ["FAMILIES", "MisfitError", "Spec", "facts", "specs", "values"]

FAMILIES = ("attrs", "dataclass", "typed-dict", "msgspec", "pydantic")

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]
Part = tuple[frozenset[str], dict[str, tuple[Any, ...]]]


class MisfitError(Exception):
    """A value does not fit a type."""


@attrs.frozen(eq=False, kw_only=True, repr=False)
class Spec:
    """A type, and the rules for it."""

    into: Any
    bare: Any  # the same type without aliases, which msgspec does not support
    rule: Callable[[Any], Any]
    good: Callable[[Draw], Any]  # draws a value that fits, or almost fits
    kinds: frozenset[str] = frozenset({"scalar"})
    owners: frozenset[str] = frozenset()
    children: tuple[Spec, ...] = ()
    members: tuple[Spec, ...] = ()  # of a union
    stays_whole: bool = False  # as a member of another union
    parts: tuple[Part, ...] = ((frozenset(), {}),)  # the objects that it may be made from: their names and tags
    plain: type | None = None  # a JSON type; its values stay unchanged
    options: tuple[Any, ...] = ()  # of a Literal
    unknown_to: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"<Spec {self.into}>"

    @property
    def foreign(self) -> str | None:
        """The validator, pydantic or msgspec, that decides alone."""
        return next(iter(self.owners), None) if self.owners in ({"pydantic"}, {"msgspec"}) else None

    @property
    def flat(self) -> tuple[Spec, ...]:
        if self.stays_whole or not self.members:
            return (self,)
        return tuple(member for one in self.members for member in one.flat)

    def is_refused(self) -> bool:
        """Return whether no validator can make the type."""
        if not self.foreign:
            return "cattrs" in self.unknown_to or any(child.is_refused() for child in self.children)
        try:
            ADAPTERS[self.foreign](self.bare)
        except Exception:  # noqa: BLE001  # each package has its own
            return True
        return self._contains_type_unknown_to(self.foreign)

    def _contains_type_unknown_to(self, owner: str) -> bool:
        return owner in self.unknown_to or any(
            child._contains_type_unknown_to(owner) for child in self.children if child.foreign in (None, owner)
        )

    def check(self, value: Any) -> Any:
        if not self.foreign:
            return self.rule(value)
        try:
            return ADAPTERS[self.foreign](self.bare)(json.dumps(value))
        except (pydantic.ValidationError, msgspec.ValidationError):
            raise MisfitError from None


def _of_pydantic(into: Any) -> Callable[[str], Any]:
    return pydantic.TypeAdapter(into).validate_json


def _of_msgspec(into: Any) -> Callable[[str], Any]:
    def convert_custom(cls: Any, value: Any) -> Any:
        return DEQUES[cls].check(value) if cls in DEQUES else cls.model_validate_json(json.dumps(value))

    return msgspec.json.Decoder(into, dec_hook=convert_custom).decode


DEQUES: dict[Any, Spec] = {}  # msgspec leaves them to its hook
ADAPTERS = {"pydantic": _of_pydantic, "msgspec": _of_msgspec}


def kind_of(value: Any) -> str:
    return {dict: "object", list: "array"}.get(type(value), "scalar")


def require(condition: bool) -> None:
    if not condition:
        raise MisfitError


def facts(thing: Any) -> Any:
    """Return a value that is equal for things with the same types and values throughout."""
    name = type(thing).__name__
    if isinstance(thing, dict):
        return name, {repr(facts(key)): facts(item) for key, item in thing.items()}  # NaN differs from itself
    if isinstance(thing, set | frozenset):
        return name, sorted(repr(facts(item)) for item in thing)
    if isinstance(thing, list | tuple | deque):
        return name, [facts(item) for item in thing]
    if isinstance(thing, dt.datetime | dt.time):
        return name, thing.isoformat()  # validators use different classes for time zones
    if isinstance(thing, Decimal):
        return name, str(thing.normalize())  # 1.0 equals 1
    for fields in ("__attrs_attrs__", "__dataclass_fields__", "__struct_fields__", "__pydantic_fields__"):
        if hasattr(type(thing), fields):
            names = [getattr(field, "name", field) for field in getattr(type(thing), fields)]
            return name, {field: facts(getattr(thing, field, None)) for field in (*names, "given")}
    return name, repr(thing)


# ---------------------------------------------------------------------------------------------------------------------
# types without classes


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Ratio(float, Enum):
    HALF = 0.5
    ONE = 1.0


ID = "6fa459ea-ee8a-3ca4-894e-db77e160355e"
TEXTS = [
    "", "a", "red", "5", "1.5", "-0", "01", "aGk=", "-_8", "2026-11-22", "2026-11-22T10:30:00", "2026-11-22T10:30:00Z",
    "10:30:00", "PT1H", "P1D", ID, "NaN", "1700000000",
]  # fmt: skip
NOISE = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 2, 5, 10**20, 0.5, 1.0, -2.5, 1e300),
        *TEXTS,
        *([], {}, [1], ["a"], [[]], {"a": 1}, {"kind": "one"}, {"kind": "two", "a": 1}, {"1": 1}),
    ]
)

# The texts of each type, with their values, by hand.
WRITTEN: dict[Any, dict[str, Any]] = {
    bytes: {"": b"", "aGk=": b"hi", "-_8": b"\xfb\xff", "PT1H": b"=\x3d\x47", ID: base64.urlsafe_b64decode(ID)},
    uuid.UUID: {ID: uuid.UUID(ID)},
    dt.time: {"10:30:00": dt.time(10, 30)},
    dt.timedelta: {
        "PT1H": dt.timedelta(hours=1),
        "P1D": dt.timedelta(days=1),
        "10:30:00": dt.timedelta(hours=10, minutes=30),
    },
    Decimal: {text: Decimal(text) for text in ("5", "1.5", "-0", "01", "-_8", "1700000000")},  # Python accepts "_"
    dt.datetime: {
        "2026-11-22T10:30:00": dt.datetime(2026, 11, 22, 10, 30),  # noqa: DTZ001  # it has no time zone
        "2026-11-22T10:30:00Z": dt.datetime(2026, 11, 22, 10, 30, tzinfo=dt.UTC),
    },
    dt.date: {"2026-11-22": dt.date(2026, 11, 22)},
}


def leaf(into: Any, rule: Callable[[Any], Any], *good: Any, **more: Any) -> Spec:
    some = st.sampled_from(good)
    return Spec(into=into, bare=into, rule=rule, good=lambda draw: draw(some), **more)


def _exactly(kind: type, value: Any) -> Any:
    require(type(value) is kind)
    return value


def _integer(value: Any) -> Any:
    require(type(value) is int or (type(value) is float and value == int(value)))
    return int(value)


def _number(value: Any) -> Any:
    require(type(value) in (int, float))
    return float(value)


def _written(kind: Any, value: Any) -> Any:
    if kind is Decimal and type(value) in (int, float):
        return Decimal(str(value))
    require(isinstance(value, str) and value in WRITTEN[kind])
    return WRITTEN[kind][value]


def _enum(cls: Any, value: Any) -> Any:
    for member in cls:
        if member.value == value and type(value) is not bool:
            return member
    raise MisfitError


def _option(options: tuple[Any, ...], value: Any) -> Any:
    for option in options:
        if option == value and type(option) is type(value):
            return option
    raise MisfitError


def literal(*options: Any) -> Spec:
    return leaf(Literal[options], partial(_option, options), *options, options=options)


def _never(_value: Any) -> Any:
    raise AssertionError("another validator decides, or the type can't be made")


SCALARS = [
    leaf(str, partial(_exactly, str), "a", "5", plain=str),
    leaf(int, _integer, 5, 1.0, plain=int),
    leaf(float, _number, 0.5, 5, plain=float),
    leaf(bool, partial(_exactly, bool), True, plain=bool),
    leaf(None, partial(_exactly, type(None)), None, plain=type(None)),
    leaf(Any, lambda value: value, 1, [1], {"a": 1}, kinds=frozenset({"scalar", "array", "object"})),
    *(leaf(cls, partial(_enum, cls), *(member.value for member in cls)) for cls in (Colour, Level, Ratio)),
    literal("one"),
    # pydantic 2.11 sorts the options of a literal in some types, and can't sort a text and a number.
    literal("two", 1) if pydantic.VERSION >= "2.12" else literal("two", "1"),
    literal(None, True),
    *(leaf(kind, partial(_written, kind), *texts) for kind, texts in WRITTEN.items()),
]
NULL = next(one for one in SCALARS if one.into is None)
KEYS = [one for one in SCALARS if one.into in (str, int, float, Colour, Level, uuid.UUID, dt.date, Decimal)]


# ---------------------------------------------------------------------------------------------------------------------
# fixed classes


class S(msgspec.Struct):
    a: int
    b: str = ""


class S1(msgspec.Struct, tag="one", tag_field="kind"):
    a: int


class S2(msgspec.Struct, tag="two", tag_field="kind", forbid_unknown_fields=True):
    a: str


class P(pydantic.BaseModel):
    a: int
    c: str = pydantic.Field(default="", alias="with-dash", max_length=3)


class P1(pydantic.BaseModel):
    kind: Literal["one"]


class P2(pydantic.BaseModel):
    kind: Literal["two"]
    a: pydantic.StrictInt = 0


class Root(pydantic.RootModel[list[int]]):
    pass


@attrs.define
class Node:
    a: int
    nodes: list[Node] = attrs.Factory(list)


@dataclasses.dataclass
class Link:
    a: int
    next: Link | None = None


class Branch(TypedDict):
    a: int
    branches: NotRequired[list[Branch]]


@attrs.frozen
class Box(Generic[T]):
    content: T


@dataclasses.dataclass
class Crate(Generic[T]):
    content: list[T]
    more: Annotated[T | None, "may be more"] = None


class Shelf(TypedDict, Generic[T]):
    content: T


class Shape(NamedTuple):
    size: int
    colour: Colour = Colour.RED


def _node(value: Any) -> Any:
    require(type(value) is dict and "a" in value and type(value.get("nodes", [])) is list)
    return Node(_integer(value["a"]), [_node(item) for item in value.get("nodes", [])])


def _link(value: Any) -> Any:
    require(type(value) is dict and "a" in value)
    return Link(_integer(value["a"]), None if value.get("next") is None else _link(value["next"]))


def _branch(value: Any) -> Any:
    require(type(value) is dict and "a" in value and type(value.get("branches", [])) is list)
    made = {**value, "a": _integer(value["a"])}
    if "branches" in value:
        made["branches"] = [_branch(item) for item in value["branches"]]
    return made


def _shape(value: Any) -> Any:
    require(type(value) is list and 1 <= len(value) <= 2)
    return Shape(_integer(value[0]), *(_enum(Colour, item) for item in value[1:]))


OBJECT, ARRAY = frozenset({"object"}), frozenset({"array"})


def part(*names: str, **tags: str) -> Part:
    return frozenset((*names, *tags)), {name: (option,) for name, option in tags.items()}


def cls(into: Any, owner: str, rule: Callable[[Any], Any], parts: Sequence[Part], *good: Any, **more: Any) -> Spec:
    return leaf(into, rule, *good, **{"owners": frozenset({owner}), "kinds": OBJECT, "parts": tuple(parts), **more})


OF_CATTRS = [
    cls(Node, "cattrs", _node, [part("a", "nodes")], {"a": 1, "nodes": [{"a": 2}]}, {"a": 1, "nodes": [{}]}),
    cls(Link, "cattrs", _link, [part("a", "next")], {"a": 1, "next": {"a": 1.0}}, {"a": 1, "next": {"a": "a"}}),
    cls(Branch, "cattrs", _branch, [part("a", "branches")], {"a": 1, "branches": [{"a": 1, "c": 1}]}),
    leaf(Shape, _shape, [1], [1, "blue"], [1, "red", 1], kinds=ARRAY),
]
OF_PYDANTIC = [
    cls(P, "pydantic", _never, [part("a", "with-dash")], {"a": 1, "with-dash": "abc"}, {"a": "5"}, {"a": 1.5}),
    cls(P1, "pydantic", _never, [part(kind="one")], {"kind": "one"}),
    cls(
        Annotated[P1 | P2, pydantic.Field(discriminator="kind")],
        "pydantic",
        _never,
        [part(kind="one"), part("a", kind="two")],
        *({"kind": "one"}, {"kind": "two", "a": 1}),
    ),
    leaf(Root, _never, [1], ["1"], kinds=ARRAY, owners=frozenset({"pydantic"})),
    leaf(Annotated[int, pydantic.Field(gt=0)], _never, 1, 0, "5", owners=frozenset({"pydantic"})),
]
OF_MSGSPEC = [
    cls(S, "msgspec", _never, [part("a", "b")], {"a": 1}, {"a": 1, "b": "b"}, {"a": 1.0}),
    cls(S1, "msgspec", _never, [part("a", kind="one")], {"kind": "one", "a": 1}, {"a": 1}),
    cls(S2, "msgspec", _never, [part("a", kind="two")], {"kind": "two", "a": "a"}, {"a": "a", "b": 1}),
    # A pattern: up to 0.23, msgspec crashes on a union of a fixed tuple and a type with another constraint.
    leaf(Annotated[str, msgspec.Meta(pattern="^.?$")], _never, "a", "aGk=", owners=frozenset({"msgspec"})),
]
UNKNOWN = [
    leaf(complex, _never, "1j", unknown_to=frozenset({"cattrs", "msgspec"})),
    cls(Crate, "cattrs", _never, [part()], {}, unknown_to=frozenset({"cattrs"})),  # its type argument is missing
]


# ---------------------------------------------------------------------------------------------------------------------
# compound types


def made_of(
    build: Callable[..., Any],
    children: Sequence[Spec],
    rule: Callable[[Any], Any],
    good: Callable[[Draw], Any],
    **more: Any,
) -> Spec:
    owners = more.pop("owners", frozenset(owner for child in children for owner in child.owners))
    return Spec(
        into=build(*(child.into for child in children)),
        bare=build(*(child.bare for child in children)),
        rule=rule,
        good=good,
        owners=owners,
        children=tuple(children),
        **more,
    )


def value_of(draw: Draw, spec: Spec) -> Any:
    return draw(NOISE) if draw(ONE_OF_TEN) == 9 else spec.good(draw)


def values_of(draw: Draw, spec: Spec) -> list[Any]:
    return [value_of(draw, spec) for _ in range(draw(ONE_OF_FOUR))]


ONE_OF_FOUR = st.integers(0, 3)
ONE_OF_TEN = st.integers(0, 9)


def _array(collect: Callable[[list[Any]], Any], child: Spec, value: Any) -> Any:
    require(type(value) is list)
    made = [child.check(item) for item in value]
    try:
        return collect(made)
    except TypeError:  # an unhashable item of a set
        raise MisfitError from None


def _tuple(children: Sequence[Spec], value: Any) -> Any:
    require(type(value) is list and len(value) == len(children))
    return tuple(child.check(item) for child, item in zip(children, value, strict=True))


def _mapping(key: Spec, child: Spec, value: Any) -> Any:
    require(type(value) is dict)
    made = {_name(key, name): child.check(item) for name, item in value.items()}
    require(len(made) == len(value))
    return made


def _name(key: Spec, name: str) -> Any:
    try:
        return key.check(name)
    except MisfitError:
        require(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?", name) is not None)
        return key.check(json.loads(name))


def _union(children: Sequence[Spec], value: Any) -> Any:
    members = [member for child in children for member in child.flat]
    if any(member.plain is type(value) for member in members):
        return value
    for member in members:
        for option in member.options:
            if option == value and type(option) is type(value):
                return option
    members = [member for member in members if kind_of(value) in member.kinds]
    if type(value) is dict and members:
        most = max(_count_names(member, value) for member in members)
        members = [member for member in members if _count_names(member, value) == most >= 0]
    for member in members:
        try:
            return member.check(value)
        except MisfitError:
            pass
    raise MisfitError


def _count_names(member: Spec, value: dict[str, Any]) -> int:
    """Return how many names of an object a member has; -1 if a tag disagrees."""
    return max(
        len(names & value.keys())
        if all(value.get(name, options[0]) in options for name, options in tags.items())
        else -1
        for names, tags in member.parts
    )


def list_of(child: Spec) -> Spec:
    rule = partial(_array, list, child)
    return made_of(lambda item: list[item], [child], rule, lambda draw: values_of(draw, child), kinds=ARRAY)


def tuple_of(*children: Spec) -> Spec:
    return made_of(
        lambda *items: tuple[items],
        children,
        partial(_tuple, children),
        lambda draw: [value_of(draw, child) for child in children],
        kinds=ARRAY,
    )


def union_of(*children: Spec) -> Spec:
    made = made_of(
        lambda *members: Union[members],  # noqa: UP007  # `|` takes two members, not any number
        children,
        partial(_union, children),
        lambda draw: value_of(draw, draw(st.sampled_from(children))),
        kinds=frozenset(kind for child in children for kind in child.kinds),
        members=tuple(children),
        parts=tuple(one for child in children for one in child.parts),
    )
    return attrs.evolve(made, children=tuple(member for child in children for member in child.flat))


ARRAYS = [
    (lambda item: tuple[item, ...], tuple),
    (lambda item: Sequence[item], list),
    (lambda item: set[item], set),
    (lambda item: frozenset[item], frozenset),
]


def an_array(draw: Draw, child: Spec, _other: Spec) -> Spec:
    build, collect = draw(st.sampled_from(ARRAYS))
    return made_of(build, [child], partial(_array, collect, child), lambda draw: values_of(draw, child), kinds=ARRAY)


def a_deque(_draw: Draw, child: Spec, _other: Spec) -> Spec:
    owners = child.owners | {"cattrs"} if child.foreign == "msgspec" else child.owners  # it has no deque
    rule = partial(_array, deque, child)
    good = partial(values_of, spec=child)
    made = made_of(lambda item: deque[item], [child], rule, good, kinds=ARRAY, owners=owners)
    DEQUES[made.bare] = made
    return made


def a_mapping(draw: Draw, child: Spec, _other: Spec) -> Spec:
    key, generic = draw(st.sampled_from(KEYS)), draw(st.sampled_from([dict, Mapping]))

    def good(draw: Draw) -> Any:
        names = [value_of(draw, key) for _ in range(draw(ONE_OF_FOUR))]
        return {str(name): value_of(draw, child) for name in names}

    rule = partial(_mapping, key, child)
    return made_of(lambda name, item: generic[name, item], [key, child], rule, good, kinds=OBJECT)


def a_union(draw: Draw, child: Spec, other: Spec) -> Spec:
    # In one order: typing caches unions, and treats two unions of the same members as one.
    return union_of(*sorted((child, draw(st.sampled_from([other, NULL]))), key=lambda one: repr(one.into)))


def a_wrapper(draw: Draw, child: Spec, _other: Spec) -> Spec:
    """Return a wrapped type."""
    name = f"N{next(COUNT)}"
    into = draw(
        st.sampled_from(
            [
                Annotated[child.into, "note"],
                TypeAliasType(name, child.into),
                NewType(name, type(None) if child.into is None else child.into),
            ]
        )
    )
    return attrs.evolve(child, into=into, stays_whole=child.stays_whole or child.foreign is not None)


def a_generic_alias(_draw: Draw, child: Spec, _other: Spec) -> Spec:
    return attrs.evolve(tuple_of(child, list_of(child)), into=PAIR[child.into])


PAIR: Any = TypeAliasType("PAIR", tuple[T, list[T]], type_params=(T,))


# ---------------------------------------------------------------------------------------------------------------------
# classes


@attrs.frozen(eq=False)
class FieldSpec:
    name: str
    spec: Spec
    is_required: bool
    qualified: Callable[[Any], Any]

    @property
    def into(self) -> Any:
        return self.qualified(self.spec.into)


def _instance(new: Any, fields: Sequence[FieldSpec], value: Any) -> Any:
    require(type(value) is dict)
    require(all(field.name in value for field in fields if field.is_required))
    given = {field.name: field.spec.check(value[field.name]) for field in fields if field.name in value}
    return {**value, **given} if issubclass(new, dict) else new(**given)


def _object(fields: Sequence[FieldSpec], draw: Draw) -> Any:
    some = [field for field in fields if field.is_required or draw(st.booleans())]
    return {field.name: value_of(draw, field.spec) for field in some} | ({"other": 1} if draw(st.booleans()) else {})


def _keep(self: Any, *init_only: Any) -> None:
    self.given = init_only


def _attrs_class(name: str, fields: Sequence[FieldSpec]) -> Any:
    all_ = {
        field.name: attrs.field(type=field.into or type(None), default=attrs.NOTHING if field.is_required else None)
        for field in fields
    }
    return attrs.make_class(name, all_, kw_only=True)


def _dataclass(name: str, fields: Sequence[FieldSpec]) -> Any:
    all_ = [
        (field.name, field.into, dataclasses.field(default=dataclasses.MISSING if field.is_required else None))
        for field in fields
    ]
    return dataclasses.make_dataclass(name, all_, namespace={"__post_init__": _keep}, kw_only=True)


def _typed_dict(name: str, fields: Sequence[FieldSpec]) -> Any:
    new: Any = TypedDict
    return new(name, {field.name: (Required if field.is_required else NotRequired)[field.into] for field in fields})


def _struct(name: str, fields: Sequence[FieldSpec]) -> Any:
    all_ = [(field.name, field.into, *([] if field.is_required else [None])) for field in fields]
    return msgspec.defstruct(name, all_, kw_only=True)


def _model(name: str, fields: Sequence[FieldSpec]) -> Any:
    all_: dict[str, Any] = {field.name: (field.into, ... if field.is_required else None) for field in fields}
    return pydantic.create_model(name, **all_)


CLASSES: dict[str, tuple[Callable[..., Any], str, list[Callable[[Any], Any]]]] = {
    "attrs": (_attrs_class, "cattrs", [lambda into: into, lambda into: Final[into]]),
    "dataclass": (
        _dataclass,
        "cattrs",
        [lambda into: into, lambda into: Final[into], lambda into: dataclasses.InitVar[into]],
    ),
    "typed-dict": (_typed_dict, "cattrs", [lambda into: into, lambda into: ReadOnly[into]]),
    "msgspec": (_struct, "msgspec", [lambda into: into]),
    "pydantic": (_model, "pydantic", [lambda into: into]),
}


def a_class(draw: Draw, child: Spec, other: Spec, *, family: str) -> Spec:
    make, owner, qualifiers = CLASSES[family]
    names = ["a", "b", "kind", "content"] + ["with-dash"] * (family == "typed-dict")
    fields = [
        FieldSpec(name, spec, draw(st.booleans()), draw(st.sampled_from(qualifiers)))
        for name, spec in zip(draw(st.permutations(names)), [child, other][draw(ONE_OF_FOUR) // 2 :], strict=False)
    ]
    new = make(f"C{next(COUNT)}", fields)
    tags = {field.name: field.spec.options for field in fields if field.spec.options}
    return Spec(
        into=new,
        bare=new,
        rule=partial(_instance, new, fields),
        good=partial(_object, fields),
        kinds=OBJECT,
        owners=frozenset({owner}),
        children=tuple(field.spec for field in fields),
        parts=((frozenset(field.name for field in fields), tags),),
    )


def a_generic_class(draw: Draw, child: Spec, _other: Spec) -> Spec:
    generic = draw(st.sampled_from([Box, Crate, Shelf]))
    types = {"content": list_of(child), "more": union_of(child, NULL)} if generic is Crate else {"content": child}
    fields = [FieldSpec(name, spec, name == "content", lambda into: into) for name, spec in types.items()]
    return made_of(
        lambda item: generic[item],
        [child],
        partial(_instance, generic, fields),
        partial(_object, fields),
        kinds=OBJECT,
        owners=frozenset({"cattrs"}),
        parts=[part(*types)],  # a type argument is not a tag
    )


COUNT = itertools.count()


@st.composite
def specs(draw: Draw, family: str) -> Spec:
    """Generate types whose classes are of one family."""
    forms: list[Callable[..., Spec]] = [
        lambda _draw, child, _other: list_of(child),
        lambda _draw, child, other: tuple_of(child, other),
        *(an_array, a_mapping, a_union, a_union, a_wrapper, a_wrapper, a_generic_alias),
        *(partial(a_class, family=family),) * 3,
    ]
    leaves = {"msgspec": [*OF_MSGSPEC, *OF_CATTRS, *OF_PYDANTIC], "pydantic": OF_PYDANTIC}.get(family)
    if leaves is None:  # the classes are converted by cattrs
        leaves = [*OF_CATTRS, *OF_PYDANTIC, *OF_MSGSPEC]
        forms += [a_deque, a_generic_class]

    def build(depth: int) -> Spec:
        if depth == 0:
            return draw(st.sampled_from(draw(st.sampled_from([SCALARS, leaves, leaves, [*SCALARS, *UNKNOWN]]))))
        depths = [depth - 1, draw(st.integers(0, depth - 1))]
        return draw(st.sampled_from(forms))(draw, *(build(one) for one in draw(st.permutations(depths))))

    return build(draw(st.integers(1, 4)))


@st.composite
def values(draw: Draw, spec: Spec) -> Any:
    """Generate values, most of which fit a type, or almost fit it."""
    return value_of(draw, spec)
