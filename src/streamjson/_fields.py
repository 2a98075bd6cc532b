"""What is known of a type: what JSON it is made of, and, of a class of the five families, its fields.

The families are attrs, dataclasses, TypedDict, msgspec and pydantic. `_draft` makes objects of what is known here, and
`_structure` finds out who validates what. It owns what it remembers of up to 256 classes; msgspec or pydantic is
imported for a class of theirs alone.

A `Field` says where an object has it and what it is by default; `Fields.make` makes an instance without running any
code of the user's but factories of defaults.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
from contextlib import suppress
from copy import deepcopy
from enum import Enum
from functools import lru_cache, partial
from types import UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs

from ._errors import shorten

__all__ = ["ARRAYS", "UNIONS", "Field", "Fields", "Way", "check_type", "fields_of", "kind_of", "likely", "peel"]

Way = tuple[str | int, ...]

UNIONS: Final = (Union, UnionType)
# The types that a JSON array may become, and by what.
ARRAYS: Final[dict[Any, Callable[[Iterable[Any]], Any]]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    Sequence: list,
    AbstractSet: frozenset,
}
_Factory: Any = attrs.Factory  # a class that attrs declares to be a function
_WRAPPERS: Final = (Annotated, Final, NotRequired, Required)


def check_type(into: object) -> None:
    """Raise `TypeError` for what is no type."""
    if not (isinstance(into, type) or into is Any or get_origin(into) or _alias(into)):
        raise TypeError(f"into is a type, such as a class or list[Person], not {shorten(into)}")


def peel(into: Any) -> Any:
    """Return a type without what is said about it: `Annotated`, a `NewType`, an alias and the like."""
    while True:
        if get_origin(into) in _WRAPPERS:
            into = get_args(into)[0]
        elif isinstance(into, TypeVar):
            into = into.__bound__ or Any
        elif alias := _alias(into):
            into = alias
        else:
            return into


def _alias(into: Any) -> Any:
    """Return what a `NewType`, or an alias of Python 3.12, stands for."""
    return None if isinstance(into, type) else getattr(into, "__supertype__", None) or getattr(into, "__value__", None)


def kind_of(into: Any) -> type | None:
    """Return what JSON value a type is made of: `dict`, `list`, or None for all that is neither."""
    into = peel(into)
    fields = fields_of(into)
    if fields is not None:
        return kind_of(fields.all[0].type) if fields.is_root else dict
    origin = get_origin(into) or into
    return dict if origin in (dict, Mapping) else list if origin in ARRAYS else None


def likely(members: Iterable[Any], value: dict[str, Any]) -> list[Any]:
    """Return the members of a union that an object may be: no tag says otherwise, and they know most of its names.

    A tag is a field of a `Literal` type, or that of a msgspec Struct. Members that are no classes come last.
    """
    best: list[Any] = []
    most = -1
    for member in members:
        fields = fields_of(peel(member))
        tags = {} if fields is None else fields.tags
        if any(name in value and value[name] not in options for name, options in tags.items()):
            continue
        known = 0 if fields is None else len(fields.names & value.keys())
        if known > most:
            best, most = [], known
        if known == most:
            best.append(member)
    return best


@attrs.frozen
class Field:
    """One field of a class: where an object has it, and what it is where the object has none."""

    name: str
    ways: tuple[Way, ...]  # steps from the object, tried in turn; an alias of pydantic may be deep
    type: Any
    default: Callable[[dict[str, Any]], Any]  # from the fields before it
    may_be_absent: bool = False


@attrs.frozen
class Fields:
    """What is known of a class. `make` takes the values of the fields, the names of those given, and the object."""

    all: tuple[Field, ...]
    make: Callable[[dict[str, Any], set[str], Any], Any]
    is_root: bool = False  # a pydantic RootModel: the value is its one field
    tags: dict[str, tuple[Any, ...]] = attrs.Factory(dict[str, tuple[Any, ...]])

    @property
    def names(self) -> set[Any]:
        """The names that an object may have."""
        return {*self.tags, *(way[0] for field in self.all for way in field.ways if way)}


def fields_of(into: Any) -> Fields | None:
    """Return what is known of a class of the five families, with or without type arguments; None for another type.

    Raises `TypeError` where its annotations can't be resolved.
    """
    origin = get_origin(into) or into
    if not isinstance(origin, type):
        return None
    try:
        fields = _fields_of(origin)
    except NameError as error:
        raise TypeError(f"the annotations of {origin.__name__} can't be resolved: {error}") from error
    return _filled(fields, origin, get_args(into)) if fields and get_args(into) else fields


@lru_cache(maxsize=256)  # classes are kept alive by this, so it has a bound
def _fields_of(cls: Any) -> Fields | None:
    if hasattr(cls, "__pydantic_validator__"):
        fields = _of_pydantic(cls)
    elif hasattr(cls, "__struct_fields__"):
        fields = _of_struct(cls)
    elif attrs.has(cls):
        fields = Fields(tuple(_of_attrs(cls)), partial(_bare, cls))
    elif hasattr(cls, "__dataclass_fields__"):
        fields = Fields(tuple(_of_dataclass(cls)), partial(_bare, cls))
    elif hasattr(cls, "__required_keys__"):
        fields = Fields(tuple(_of_typed_dict(cls)), _typed_dict)
    else:
        return None
    for base in getattr(cls, "__orig_bases__", ()):
        fields = _filled(fields, get_origin(base), get_args(base))
    tags = {
        str(field.ways[0][0]): options for field in fields.all if any(field.ways) and (options := _options(field.type))
    }
    return attrs.evolve(fields, tags={**fields.tags, **tags})


def _options(into: Any) -> tuple[Any, ...]:
    into = peel(into)
    options = get_args(into) if get_origin(into) is Literal else ()
    return tuple(option.value if isinstance(option, Enum) else option for option in options)


def _filled(fields: Fields, generic: Any, arguments: tuple[Any, ...]) -> Fields:
    """Put type arguments in the place of a class's type variables."""
    bound: dict[Any, Any] = dict(zip(getattr(generic, "__parameters__", ()), arguments, strict=False))

    def filled(into: Any) -> Any:
        if isinstance(into, TypeVar):
            return bound.get(into, into)
        variables = getattr(into, "__parameters__", ()) if get_origin(into) else ()
        return into[tuple(bound.get(variable, variable) for variable in variables)] if variables else into

    return attrs.evolve(fields, all=tuple(attrs.evolve(field, type=filled(field.type)) for field in fields.all))


def _of_attrs(cls: Any) -> Iterator[Field]:
    for attribute in attrs.fields(attrs.resolve_types(cls)):
        default = attribute.default
        if isinstance(default, _Factory):
            make = partial(_of_self, cls, default.factory) if default.takes_self else _default(factory=default.factory)
        else:
            make = _default(None if default is attrs.NOTHING else default)
        ways = ((attribute.name,),) if attribute.init else ()
        yield Field(attribute.name, ways, attribute.type, make)


def _of_dataclass(cls: Any) -> Iterator[Field]:
    hints = get_type_hints(cls, include_extras=True)
    for info in dataclasses.fields(cls):
        ways = ((info.name,),) if info.init else ()
        yield Field(info.name, ways, hints[info.name], _default_of(info, dataclasses.MISSING))


def _of_typed_dict(cls: Any) -> Iterator[Field]:
    for name, hint in get_type_hints(cls, include_extras=True).items():
        # Where annotations are postponed, __required_keys__ knows nothing of what wraps them.
        may_be_absent = get_origin(hint) is NotRequired or (
            get_origin(hint) is not Required and name not in cls.__required_keys__
        )
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
