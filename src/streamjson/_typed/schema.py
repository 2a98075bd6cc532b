"""A type -> the JSON container that it is made from and, for a class of the five families, its fields.

The families are attrs, dataclasses, TypedDict, msgspec and pydantic. `draft` and `strict` make objects from these
descriptions, and `validate` chooses the validator of a type by them. It owns a cache of 256 classes. It imports msgspec
or pydantic only for their own classes.

A `Field` says where an object has the field, and which default applies; `Fields.make` makes an instance. Of the user's
code only factories of defaults run.

Cost: linear in the fields of a class, once while the class is cached.
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

from .annotations import members_of, peel, qualifiers_of, replace_variables, strip_qualifiers

__all__ = [
    "ARRAYS",
    "OBJECTS",
    "Field",
    "Fields",
    "KeyPath",
    "container_of",
    "containers_of",
    "fields_of",
    "is_named_tuple",
    "likely_members",
]

KeyPath = tuple[str | int, ...]

# The types that a JSON array may become, each with the function that makes one; the same for an object.
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
_Factory: Any = attrs.Factory  # attrs declares this class as a function
_InitVar: Any = dataclasses.InitVar  # not generic at run time

# ---------------------------------------------------------------------------------------------------------------------
# the container that a type is made from


def container_of(into: Any) -> type | None:
    """Return the container that a type is made from: `dict`, `list`, or None for a scalar and for a union."""
    into = peel(into)
    fields = fields_of(into)
    if fields is not None:
        return container_of(fields.all[0].type) if fields.is_root else dict
    origin = get_origin(into) or into
    return dict if origin in OBJECTS else list if origin in ARRAYS or is_named_tuple(origin) else None


def containers_of(into: Any) -> set[type | None]:
    """Return the containers of all members of a union; of another type, its own; of `Any`, all three."""
    containers: set[type | None] = set()
    for member in members_of(into):
        bare = peel(member)
        fields = fields_of(bare)
        if bare is Any:
            containers |= {dict, list, None}
        elif fields is not None and fields.is_root:
            containers |= containers_of(fields.all[0].type)
        else:
            containers.add(container_of(bare))
    return containers


def is_named_tuple(origin: Any) -> bool:
    """Return whether a class is a `NamedTuple`."""
    return isinstance(origin, type) and tuple in origin.__mro__ and hasattr(origin, "_field_defaults")


def likely_members(members: Iterable[Any], value: dict[str, Any]) -> list[Any]:
    """Return the members of a union that an object may become: their tags agree, and they have most of its names.

    A tag is a field of a `Literal` type, or the tag of a msgspec Struct. A member that is not a class has no names.
    """
    best: list[Any] = []
    most = -1
    for member in members:
        count = max([_count_names(fields_of(peel(part)), value) for part in members_of(member)])
        if count > most:
            best, most = [], count
        if count == most >= 0:
            best.append(member)
    return best


def _count_names(fields: Fields | None, value: dict[str, Any]) -> int:
    """Return how many names of an object a class has; -1 if its tags disagree."""
    if fields is None:
        return 0
    if any(name in value and value[name] not in options for name, options in fields.tags.items()):
        return -1
    return len(fields.names & value.keys())


# ---------------------------------------------------------------------------------------------------------------------
# the fields of a class


@attrs.frozen
class Field:
    """One field of a class: where an object has it, and its default."""

    name: str
    key_paths: tuple[KeyPath, ...]  # tried in turn; an alias of pydantic may lead to a nested value
    type: Any
    default: Callable[[dict[str, Any]], Any]  # takes the fields before it
    may_be_absent: bool = False
    argument: str | None = None  # the name of the argument of `__init__`; attrs and dataclasses only
    is_required: bool = False  # whether `__init__` requires the argument


@attrs.frozen
class Fields:
    """The fields of a class. `make` takes their values, the names of those that were given, and the object."""

    all: tuple[Field, ...]
    make: Callable[[dict[str, Any], set[str], Any], Any]
    is_root: bool = False  # a pydantic RootModel, whose only field is the value itself
    tags: dict[str, tuple[Any, ...]] = attrs.Factory(dict[str, tuple[Any, ...]])
    init_only: tuple[Field, ...] = ()  # `InitVar`: an argument of `__init__` that no instance has

    @property
    def names(self) -> set[Any]:
        """The names that an object may have."""
        return {*self.tags, *(path[0] for field in (*self.all, *self.init_only) for path in field.key_paths if path)}

    def with_types(self, type_of: Callable[[Field], Any]) -> Fields:
        """Return the same fields with other types."""
        all_, init_only = (
            tuple(attrs.evolve(field, type=type_of(field)) for field in fields) for fields in (self.all, self.init_only)
        )
        return attrs.evolve(self, all=all_, init_only=init_only)


def fields_of(into: Any) -> Fields | None:
    """Return the fields of a class of the five families, with or without type arguments; None for another type.

    Raises `TypeError` if the annotations of the class can't be resolved.
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
    return fields.with_types(lambda field: replace_variables(field.type, bound))


@lru_cache(maxsize=256)  # it keeps classes alive, so it has a limit
def _fields_of(cls: Any) -> Fields | None:
    if hasattr(cls, "__pydantic_validator__"):
        fields = _pydantic_fields(cls)
    elif hasattr(cls, "__struct_fields__"):
        fields = _struct_fields(cls)
    elif attrs.has(cls):
        fields = Fields(tuple(_attrs_fields(cls)), partial(_make_unvalidated, cls))
    elif hasattr(cls, "__dataclass_fields__"):
        make = partial(_make_unvalidated, cls)
        fields = Fields(tuple(_dataclass_fields(cls)), make, init_only=tuple(_init_only_fields(cls)))
    elif hasattr(cls, "__required_keys__"):
        fields = Fields(tuple(_typed_dict_fields(cls)), _make_typed_dict)
    else:
        return None
    bound = _bound_types(cls)
    fields = fields.with_types(lambda field: replace_variables(strip_qualifiers(field.type), bound.get(field.name, {})))
    tags = {
        str(field.key_paths[0][0]): options
        for field in fields.all
        if any(field.key_paths) and (options := _literal_options(field.type))
    }
    return attrs.evolve(fields, tags={**fields.tags, **tags})


def _literal_options(into: Any) -> tuple[Any, ...]:
    into = peel(into)
    options = get_args(into) if get_origin(into) is Literal else ()
    return tuple(option.value if isinstance(option, Enum) else option for option in options)


def _bound_types(cls: Any) -> dict[str, dict[Any, Any]]:
    """Return, for each field, the types in this class of `Self` and of the variables of the class that defines it."""
    bound: dict[Any, dict[Any, Any]] = {}

    def visit(one: Any, arguments: tuple[Any, ...]) -> None:
        bound.setdefault(one, dict(zip(getattr(one, "__parameters__", ()), arguments, strict=False)))
        for base in one.__dict__.get("__orig_bases__", one.__bases__):
            generic = get_origin(base) or base
            if isinstance(generic, type):  # TypedDict is a function
                visit(generic, tuple(replace_variables(argument, bound[one]) for argument in get_args(base)))

    visit(cls, getattr(cls, "__parameters__", ()))
    # A TypedDict has all annotations itself, without its bases in the MRO; elsewhere the first class in the MRO wins.
    is_flat = hasattr(cls, "__required_keys__")
    lineage = list(bound) if is_flat else [one for one in reversed(cls.__mro__) if one in bound]
    own: dict[Any, Any] = {Self: cls[cls.__parameters__] if getattr(cls, "__parameters__", ()) else cls}
    return {name: {**bound[one], **own} for one in lineage for name in getattr(one, "__annotations__", ())}


def _attrs_fields(cls: Any) -> Iterator[Field]:
    for attribute in attrs.fields(attrs.resolve_types(cls)):
        default = attribute.default
        if isinstance(default, _Factory):
            factory = default.factory
            make = partial(_default_of_self, cls, factory) if default.takes_self else _default(factory=factory)
        else:
            make = _default(None if default is attrs.NOTHING else default)
        key_paths = ((attribute.name,),) if attribute.init else ()
        yield Field(
            attribute.name,
            key_paths,
            Any if attribute.type is None else _final_type(attribute.type, default),
            make,
            argument=attribute.alias if attribute.init else None,
            is_required=default is attrs.NOTHING,
        )


def _dataclass_fields(cls: Any) -> Iterator[Field]:
    hints = get_type_hints(cls, include_extras=True)
    for info in dataclasses.fields(cls):
        yield _dataclass_field(info, _final_type(hints[info.name], info.default))


def _init_only_fields(cls: Any) -> Iterator[Field]:
    variables: dict[str, Any] = {
        name: Any if hint is _InitVar else hint.type
        for name, hint in get_type_hints(cls, include_extras=True).items()
        if hint is _InitVar or isinstance(hint, _InitVar)
    }
    # The type inside an `InitVar` may still be a string.
    holder = type(cls.__name__, (), {"__annotations__": variables, "__module__": cls.__module__})
    for name, hint in get_type_hints(holder, include_extras=True).items():
        yield _dataclass_field(cls.__dataclass_fields__[name], hint)


def _dataclass_field(info: Any, hint: Any) -> Field:
    return Field(
        info.name,
        ((info.name,),) if info.init else (),
        hint,
        _default_of(info, dataclasses.MISSING),
        argument=info.name if info.init else None,
        is_required=info.default is dataclasses.MISSING and info.default_factory is dataclasses.MISSING,
    )


def _final_type(hint: Any, default: Any) -> Any:
    """Return an annotation; for a bare `Final`, the type of its default (PEP 591) if that is a JSON scalar."""
    return default.__class__ if hint is Final and default.__class__ in _SCALARS else hint


def _typed_dict_fields(cls: Any) -> Iterator[Field]:
    for name, hint in get_type_hints(cls, include_extras=True).items():
        # If annotations are postponed, __required_keys__ ignores their qualifiers.
        qualifiers = qualifiers_of(hint)
        may_be_absent = NotRequired in qualifiers or (Required not in qualifiers and name not in cls.__required_keys__)
        yield Field(name, ((name,),), hint, _default(None), may_be_absent)


def _struct_fields(cls: Any) -> Fields:
    from msgspec import NODEFAULT, defstruct, structs  # noqa: PLC0415  # an extra; the class has imported it

    all_ = tuple(
        Field(info.name, ((info.encode_name,),), info.type, _default_of(info, NODEFAULT))
        for info in structs.fields(cls)
    )
    config = cls.__struct_config__
    tags = {} if config.tag is None else {config.tag_field: (config.tag,)}
    if not hasattr(cls, "__post_init__"):
        return Fields(all_, lambda values, _given, _value: cls(**values), tags=tags)
    # Only its own class can make a Struct, and it calls __post_init__. So make the Struct by a class of the same layout
    # whose __post_init__ does nothing, and give it its class afterwards.
    silent: Any = defstruct(cls.__name__, [], bases=(cls,), namespace={"__post_init__": _do_nothing})
    become = vars(object)["__class__"].__set__  # bypasses the __setattr__ of a frozen class

    def make(values: dict[str, Any], _given: set[str], _value: Any) -> Any:
        made = silent(**values)
        become(made, cls)
        return made

    return Fields(all_, make, tags=tags)


def _pydantic_fields(cls: Any) -> Fields:
    from pydantic import AliasChoices  # noqa: PLC0415  # as above
    from pydantic.dataclasses import rebuild_dataclass  # noqa: PLC0415

    is_model = hasattr(cls, "model_rebuild")
    if not cls.__pydantic_complete__:  # it refers to a class that was not defined yet
        cls.model_rebuild() if is_model else rebuild_dataclass(cls)
    config = cls.model_config if is_model else cls.__pydantic_config__
    is_root = getattr(cls, "__pydantic_root_model__", False)
    all_: list[Field] = []
    for name, info in cls.__pydantic_fields__.items():
        alias = info.validation_alias
        aliases: list[Any] = list(alias.choices) if isinstance(alias, AliasChoices) else [alias or name]
        if config.get("populate_by_name") or config.get("validate_by_name"):
            aliases.append(name)
        key_paths: list[KeyPath] = [(item,) if isinstance(item, str) else tuple(item.path) for item in aliases]
        default = _default() if info.is_required() else partial(_default_of_data, info)
        all_.append(Field(name, ((),) if is_root else tuple(key_paths), info.annotation, default))
    fields = Fields(tuple(all_), partial(_make_unvalidated, cls), is_root)
    if not is_model:
        return fields
    known = fields.names if config.get("extra") == "allow" else None
    return attrs.evolve(fields, make=partial(_make_model, cls, known))


def _make_model(cls: Any, known: set[Any] | None, values: dict[str, Any], given: set[str], value: Any) -> Any:
    # Like model_construct, but without the user's model_post_init, and right if an alias is another field's name.
    made = cls.__new__(cls)
    object.__setattr__(made, "__dict__", values)
    object.__setattr__(made, "__pydantic_fields_set__", given)
    whole: dict[str, Any] = value or {}
    extra = None if known is None else {name: item for name, item in whole.items() if name not in known}
    object.__setattr__(made, "__pydantic_extra__", extra)
    object.__setattr__(made, "__pydantic_private__", _private_attributes(cls) if cls.__private_attributes__ else None)
    return made


def _private_attributes(cls: Any) -> dict[str, Any]:
    from pydantic_core import PydanticUndefined  # noqa: PLC0415  # as above

    private: dict[str, Any] = {}
    for name, attribute in cls.__private_attributes__.items():
        with suppress(Exception):  # the factory may need what is missing
            private[name] = attribute.default_factory() if attribute.default_factory else deepcopy(attribute.default)
    return {name: item for name, item in private.items() if item is not PydanticUndefined}


def _make_typed_dict(values: dict[str, Any], _given: set[str], value: Any) -> Any:
    whole: dict[str, Any] = value or {}  # as cattrs does: unknown names stay
    return {**whole, **values}


def _default(default: Any = None, factory: Callable[[], Any] | None = None) -> Callable[[dict[str, Any]], Any]:
    return lambda _values: default if factory is None else factory()


def _default_of(info: Any, nothing: object) -> Callable[[dict[str, Any]], Any]:
    if info.default_factory is not nothing:
        return _default(factory=info.default_factory)
    return _default(None if info.default is nothing else info.default)


def _default_of_self(cls: Any, factory: Callable[[Any], Any], values: dict[str, Any]) -> Any:
    return factory(_make_unvalidated(cls, values))


def _default_of_data(info: Any, values: dict[str, Any]) -> Any:
    return info.get_default(call_default_factory=True, validated_data=values)


def _do_nothing(_self: Any) -> None:
    pass


def _make_unvalidated(cls: Any, values: dict[str, Any], *_: Any) -> Any:
    """Return an unvalidated instance, also of a frozen or slotted class."""
    try:
        made = object.__new__(cls)
    except TypeError:  # a class derived from a built-in type
        made = cls.__new__(cls)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made
