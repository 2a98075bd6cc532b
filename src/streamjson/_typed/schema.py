"""What is known of a type: what JSON it is made of, and, of a class of the five families, its fields.

The families are attrs, dataclasses, TypedDict, msgspec and pydantic. `draft` and `strict` make objects from it, and
`validate` finds the validator of a type. It owns what it remembers of up to 256 classes; msgspec or pydantic is
imported for a class of theirs alone.

A `Field` says where an object has it and what it is by default; `Fields.make` makes an instance without running any
code of the user's but factories of defaults.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, deque
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
    Set as AbstractSet,
)
from contextlib import suppress
from copy import deepcopy
from enum import Enum
from functools import lru_cache, partial
from types import NoneType
from typing import Any, Final, Literal, NotRequired, Required, Self, get_args, get_origin, get_type_hints

import attrs

from .annotations import members_of, peel, qualifiers_of, replaced, unqualified

__all__ = [
    "ARRAYS",
    "OBJECTS",
    "Field",
    "Fields",
    "Way",
    "fields_of",
    "is_named_tuple",
    "kind_of",
    "kinds_of",
    "likely",
]

Way = tuple[str | int, ...]

# The types that a JSON array may become, and by what; the same of an object.
ARRAYS: Final[dict[Any, Callable[[Iterable[Any]], Any]]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    deque: deque,
    Sequence: list,
    MutableSequence: list,
    AbstractSet: frozenset,
    MutableSet: set,
}
OBJECTS: Final[dict[Any, Callable[[dict[Any, Any]], Any]]] = {
    dict: dict,
    OrderedDict: OrderedDict,
    Mapping: dict,
    MutableMapping: dict,
}
_SCALARS: Final = (str, int, float, bool, NoneType)
_Factory: Any = attrs.Factory  # a class that attrs declares to be a function
_InitVar: Any = dataclasses.InitVar  # generic, but not at run time

# ---------------------------------------------------------------------------------------------------------------------
# what JSON a type is made of


def kind_of(into: Any) -> type | None:
    """Return what JSON value a type is made of: `dict`, `list`, or None for all that is neither."""
    into = peel(into)
    fields = fields_of(into)
    if fields is not None:
        return kind_of(fields.all[0].type) if fields.is_root else dict
    origin = get_origin(into) or into
    return dict if origin in OBJECTS else list if origin in ARRAYS or is_named_tuple(origin) else None


def kinds_of(into: Any) -> set[type | None]:
    """Return all that `kind_of` says of the members of a union, or of a type that is none; of `Any`, every kind."""
    kinds: set[type | None] = set()
    for member in members_of(into):
        bare = peel(member)
        fields = fields_of(bare)
        if bare is Any:
            kinds |= {dict, list, None}
        elif fields is not None and fields.is_root:
            kinds |= kinds_of(fields.all[0].type)
        else:
            kinds.add(kind_of(bare))
    return kinds


def is_named_tuple(origin: Any) -> bool:
    """Return whether a class is a `NamedTuple`."""
    return isinstance(origin, type) and tuple in origin.__mro__ and hasattr(origin, "_field_defaults")


def likely(members: Iterable[Any], value: dict[str, Any]) -> list[Any]:
    """Return the members of a union that an object may be: no tag says otherwise, and they know most of its names.

    A tag is a field of a `Literal` type, or that of a msgspec Struct. Members that are no classes come last.
    """
    best: list[Any] = []
    most = -1
    for member in members:
        known = max([_known(fields_of(peel(part)), value) for part in members_of(member)])
        if known > most:
            best, most = [], known
        if known == most >= 0:
            best.append(member)
    return best


def _known(fields: Fields | None, value: dict[str, Any]) -> int:
    """Return how many names of an object a class knows; -1 if its tag is another one."""
    if fields is None:
        return 0
    if any(name in value and value[name] not in options for name, options in fields.tags.items()):
        return -1
    return len(fields.names & value.keys())


# ---------------------------------------------------------------------------------------------------------------------
# the fields of a class


@attrs.frozen
class Field:
    """One field of a class: where an object has it, and what it is where the object has none."""

    name: str
    ways: tuple[Way, ...]  # steps from the object, tried in turn; an alias of pydantic may be deep
    type: Any
    default: Callable[[dict[str, Any]], Any]  # from the fields before it
    may_be_absent: bool = False
    argument: str | None = None  # of an attrs class or a dataclass: by which name its `__init__` takes the field
    is_required: bool = False  # by this `__init__`


@attrs.frozen
class Fields:
    """What is known of a class. `make` takes the values of the fields, the names of those given, and the object."""

    all: tuple[Field, ...]
    make: Callable[[dict[str, Any], set[str], Any], Any]
    is_root: bool = False  # a pydantic RootModel: the value is its one field
    tags: dict[str, tuple[Any, ...]] = attrs.Factory(dict[str, tuple[Any, ...]])
    init_only: tuple[Field, ...] = ()  # `InitVar`: `__init__` takes it, and no instance has it

    @property
    def names(self) -> set[Any]:
        """The names that an object may have."""
        return {*self.tags, *(way[0] for field in (*self.all, *self.init_only) for way in field.ways if way)}

    def typed(self, type_of: Callable[[Field], Any]) -> Fields:
        """Return the same with other types."""
        all_, init_only = (
            tuple(attrs.evolve(field, type=type_of(field)) for field in fields) for fields in (self.all, self.init_only)
        )
        return attrs.evolve(self, all=all_, init_only=init_only)


def fields_of(into: Any) -> Fields | None:
    """Return what is known of a class of the five families, with or without type arguments; None for another type.

    Raises `TypeError` where its annotations can't be resolved.
    """
    origin: Any = get_origin(into) or into
    if not isinstance(origin, type):
        return None
    try:
        fields = _fields_of(origin)
    except NameError as error:
        raise TypeError(f"the annotations of {origin.__name__} can't be resolved: {error}") from error
    if fields is None or not get_args(into):
        return fields
    bound = dict(zip(getattr(origin, "__parameters__", ()), get_args(into), strict=False))
    return fields.typed(lambda field: replaced(field.type, bound))


@lru_cache(maxsize=256)  # classes are kept alive by this, so it has a bound
def _fields_of(cls: Any) -> Fields | None:
    if hasattr(cls, "__pydantic_validator__"):
        fields = _of_pydantic(cls)
    elif hasattr(cls, "__struct_fields__"):
        fields = _of_struct(cls)
    elif attrs.has(cls):
        fields = Fields(tuple(_of_attrs(cls)), partial(_bare, cls))
    elif hasattr(cls, "__dataclass_fields__"):
        fields = Fields(tuple(_of_dataclass(cls)), partial(_bare, cls), init_only=tuple(_init_only(cls)))
    elif hasattr(cls, "__required_keys__"):
        fields = Fields(tuple(_of_typed_dict(cls)), _typed_dict)
    else:
        return None
    bound = _bound_in(cls)
    fields = fields.typed(lambda field: replaced(unqualified(field.type), bound.get(field.name, {})))
    tags = {
        str(field.ways[0][0]): options for field in fields.all if any(field.ways) and (options := _options(field.type))
    }
    return attrs.evolve(fields, tags={**fields.tags, **tags})


def _options(into: Any) -> tuple[Any, ...]:
    into = peel(into)
    options = get_args(into) if get_origin(into) is Literal else ()
    return tuple(option.value if isinstance(option, Enum) else option for option in options)


def _bound_in(cls: Any) -> dict[str, dict[Any, Any]]:
    """Return, for each field, what `Self` and the type variables of the class that defines it are in this class."""
    bound: dict[Any, dict[Any, Any]] = {}

    def visit(one: Any, arguments: tuple[Any, ...]) -> None:
        bound.setdefault(one, dict(zip(getattr(one, "__parameters__", ()), arguments, strict=False)))
        for base in one.__dict__.get("__orig_bases__", one.__bases__):
            generic = get_origin(base) or base
            if isinstance(generic, type):  # TypedDict itself is a function
                visit(generic, tuple(replaced(argument, bound[one]) for argument in get_args(base)))

    visit(cls, getattr(cls, "__parameters__", ()))
    # A TypedDict has all annotations itself, and its bases are not in its MRO; of any other class the first one counts.
    is_flat = hasattr(cls, "__required_keys__")
    lineage = list(bound) if is_flat else [one for one in reversed(cls.__mro__) if one in bound]
    own: dict[Any, Any] = {Self: cls[cls.__parameters__] if getattr(cls, "__parameters__", ()) else cls}
    return {name: {**bound[one], **own} for one in lineage for name in getattr(one, "__annotations__", ())}


def _of_attrs(cls: Any) -> Iterator[Field]:
    for attribute in attrs.fields(attrs.resolve_types(cls)):
        default = attribute.default
        if isinstance(default, _Factory):
            make = partial(_of_self, cls, default.factory) if default.takes_self else _default(factory=default.factory)
        else:
            make = _default(None if default is attrs.NOTHING else default)
        ways = ((attribute.name,),) if attribute.init else ()
        yield Field(
            attribute.name,
            ways,
            Any if attribute.type is None else _unless_bare(attribute.type, default),
            make,
            argument=attribute.alias if attribute.init else None,
            is_required=default is attrs.NOTHING,
        )


def _of_dataclass(cls: Any) -> Iterator[Field]:
    hints = get_type_hints(cls, include_extras=True)
    for info in dataclasses.fields(cls):
        yield _of_info(info, _unless_bare(hints[info.name], info.default))


def _init_only(cls: Any) -> Iterator[Field]:
    variables: dict[str, Any] = {
        name: Any if hint is _InitVar else hint.type
        for name, hint in get_type_hints(cls, include_extras=True).items()
        if hint is _InitVar or isinstance(hint, _InitVar)
    }
    # The type in it may be a text still.
    holder = type(cls.__name__, (), {"__annotations__": variables, "__module__": cls.__module__})
    for name, hint in get_type_hints(holder, include_extras=True).items():
        yield _of_info(cls.__dataclass_fields__[name], hint)


def _of_info(info: Any, hint: Any) -> Field:
    return Field(
        info.name,
        ((info.name,),) if info.init else (),
        hint,
        _default_of(info, dataclasses.MISSING),
        argument=info.name if info.init else None,
        is_required=info.default is dataclasses.MISSING and info.default_factory is dataclasses.MISSING,
    )


def _unless_bare(hint: Any, default: Any) -> Any:
    """Return an annotation; for a bare `Final`, the type of its default (PEP 591), where that is one of JSON."""
    return default.__class__ if hint is Final and default.__class__ in _SCALARS else hint


def _of_typed_dict(cls: Any) -> Iterator[Field]:
    for name, hint in get_type_hints(cls, include_extras=True).items():
        # Where annotations are postponed, __required_keys__ knows nothing of what wraps them.
        said = qualifiers_of(hint)
        may_be_absent = NotRequired in said or (Required not in said and name not in cls.__required_keys__)
        yield Field(name, ((name,),), hint, _default(None), may_be_absent)


def _of_struct(cls: Any) -> Fields:
    from msgspec import NODEFAULT, defstruct, structs  # noqa: PLC0415  # an extra, which the class has loaded

    all_ = tuple(
        Field(info.name, ((info.encode_name,),), info.type, _default_of(info, NODEFAULT))
        for info in structs.fields(cls)
    )
    config = cls.__struct_config__
    tags = {} if config.tag is None else {config.tag_field: (config.tag,)}
    if not hasattr(cls, "__post_init__"):
        return Fields(all_, lambda values, _given, _value: cls(**values), tags=tags)
    # A Struct is made by its class alone, which calls __post_init__: so by one of the same layout, whose does nothing.
    silent: Any = defstruct(cls.__name__, [], bases=(cls,), namespace={"__post_init__": _nothing})
    become = vars(object)["__class__"].__set__  # past the __setattr__ of a frozen class

    def make(values: dict[str, Any], _given: set[str], _value: Any) -> Any:
        made = silent(**values)
        become(made, cls)
        return made

    return Fields(all_, make, tags=tags)


def _of_pydantic(cls: Any) -> Fields:
    from pydantic import AliasChoices  # noqa: PLC0415  # as above
    from pydantic.dataclasses import rebuild_dataclass  # noqa: PLC0415

    is_model = hasattr(cls, "model_rebuild")
    if not cls.__pydantic_complete__:  # it names a class that was not there yet
        cls.model_rebuild() if is_model else rebuild_dataclass(cls)
    config = cls.model_config if is_model else cls.__pydantic_config__
    is_root = getattr(cls, "__pydantic_root_model__", False)
    all_: list[Field] = []
    for name, info in cls.__pydantic_fields__.items():
        alias = info.validation_alias
        aliases: list[Any] = list(alias.choices) if isinstance(alias, AliasChoices) else [alias or name]
        if config.get("populate_by_name") or config.get("validate_by_name"):
            aliases.append(name)
        ways: list[Way] = [(item,) if isinstance(item, str) else tuple(item.path) for item in aliases]
        default = _default() if info.is_required() else partial(_of_data, info)
        all_.append(Field(name, ((),) if is_root else tuple(ways), info.annotation, default))
    found = Fields(tuple(all_), partial(_bare, cls), is_root)
    if not is_model:
        return found
    known = found.names if config.get("extra") == "allow" else None
    return attrs.evolve(found, make=partial(_model, cls, known))


def _model(cls: Any, known: set[Any] | None, values: dict[str, Any], given: set[str], value: Any) -> Any:
    # As model_construct does it, but for the user's model_post_init, and an alias that is another field's name.
    made = cls.__new__(cls)
    object.__setattr__(made, "__dict__", values)
    object.__setattr__(made, "__pydantic_fields_set__", given)
    whole: dict[str, Any] = value or {}
    extra = None if known is None else {name: item for name, item in whole.items() if name not in known}
    object.__setattr__(made, "__pydantic_extra__", extra)
    object.__setattr__(made, "__pydantic_private__", _private(cls) if cls.__private_attributes__ else None)
    return made


def _private(cls: Any) -> dict[str, Any]:
    from pydantic_core import PydanticUndefined  # noqa: PLC0415  # as above

    private: dict[str, Any] = {}
    for name, attribute in cls.__private_attributes__.items():
        with suppress(Exception):  # the factory may need what is not there
            private[name] = attribute.default_factory() if attribute.default_factory else deepcopy(attribute.default)
    return {name: item for name, item in private.items() if item is not PydanticUndefined}


def _typed_dict(values: dict[str, Any], _given: set[str], value: Any) -> Any:
    whole: dict[str, Any] = value or {}  # as cattrs: names that the class does not know stay
    return {**whole, **values}


def _default(default: Any = None, factory: Callable[[], Any] | None = None) -> Callable[[dict[str, Any]], Any]:
    return lambda _values: default if factory is None else factory()


def _default_of(info: Any, nothing: object) -> Callable[[dict[str, Any]], Any]:
    if info.default_factory is not nothing:
        return _default(factory=info.default_factory)
    return _default(None if info.default is nothing else info.default)


def _of_self(cls: Any, factory: Callable[[Any], Any], values: dict[str, Any]) -> Any:
    return factory(_bare(cls, values))


def _of_data(info: Any, values: dict[str, Any]) -> Any:
    return info.get_default(call_default_factory=True, validated_data=values)


def _nothing(_self: Any) -> None:
    pass


def _bare(cls: Any, values: dict[str, Any], *_: Any) -> Any:
    """Return an instance that nobody has validated; a frozen or slotted class is no hindrance."""
    try:
        made = object.__new__(cls)
    except TypeError:  # of a built-in type
        made = cls.__new__(cls)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made
