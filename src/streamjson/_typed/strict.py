"""A type -> a function that converts a plain value into it, strictly, or says what is wrong.

The caller's `foreign` handles the types that pydantic or msgspec validate. `Converters` makes the converters of all
other types itself, except for the objects of classes, which cattrs makes. It knows no `into=`, paths or documents.

Invariants: only `Converters.of` decides how to convert a type, for the root, a field, an item and a member of a union
alike, by the type inside `Annotated`, a `NewType` or an alias. A type that can't be made is a `TypeError` when the
converter is made, wherever the type stands. The value is never changed.

cattrs alone is lax: it converts `None` to `"None"`, `"5"` to 5, the text `"ab"` to `["a", "b"]`. In a model's answer
that would hide mistakes. So here text stays text, a number stays a number (an integer may be written 3.0), an object
stays an object, and an array an array. cattrs never chooses among its own hooks.

Cost: a call is linear in the value; making a converter takes milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from functools import partial
from types import NoneType
from typing import Any, Final, Literal, NotRequired, Required, TypedDict, cast, get_args, get_origin, get_type_hints

import attrs

from .._errors import shorten
from .annotations import UNIONS, inner_of, members_of, peel, replace_variables
from .schema import ARRAYS, OBJECTS, Fields, container_of, containers_of, fields_of, is_named_tuple, likely_members

__all__ = ["Convert", "Converters", "name_of"]

Convert = Callable[[Any], Any]

_SCALAR_NAMES: Final = {str: "text", bool: "true or false", int: "an integer", float: "a number"}  # bool before int
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")  # RFC 8259, section 6


class Converters:
    """The converters of a type and of the types inside it.

    `foreign` returns a function that makes the converter of another validator's type, and None for any other type.
    """

    def __init__(self, foreign: Callable[[Any], Callable[[], Convert] | None]) -> None:
        from cattrs import Converter  # noqa: PLC0415  # an extra
        from cattrs.errors import IterableValidationError, IterableValidationNote  # noqa: PLC0415

        self._foreign = foreign
        self._group: Any = IterableValidationError
        self._note: Any = IterableValidationNote
        self._by_type: dict[Any, Convert] = {}
        self.cattrs: Any = Converter(detailed_validation=True)
        self.cattrs.register_structure_hook_factory(_is_decided, _DecidedType.hook)

    def of(self, into: Any) -> Convert:
        """Return the function that converts a value into a type. Raises `TypeError` for a type without a validator."""
        try:
            key = into, repr(into)  # A | B equals B | A, but the order of members matters
            known = self._by_type.get(key)
        except Exception:  # noqa: BLE001  # unhashable metadata in Annotated, or a metaclass of the user
            return self._new(into)
        if known is None:
            # A placeholder until the converter is made, for a class that contains itself.
            self._by_type[key] = lambda value: self._by_type[key](value)  # noqa: PLW0108  # looked up when it is called
            self._by_type[key] = known = self._new(into)
        return known

    def convert_all(self, into: Any, work: Iterable[tuple[str | int, Convert, Any]]) -> list[Any]:
        """Return the items converted. Each comes with its step and its converter. Raise all errors as one group."""
        converted: list[Any] = []
        errors: list[Exception] = []
        for step, convert, item in work:
            try:
                converted.append(convert(item))
            except Exception as error:  # noqa: BLE001  # raised together with the others
                error.add_note(self._note(f"item {step}", step, into))
                errors.append(error)
        if errors:
            raise self._group("items", errors, into)
        return converted

    def unwrap(self, into: Any) -> tuple[Any, Callable[[], Convert] | None]:
        """Return a type without its wrappers. Stop at another validator's type, and return its maker as well."""
        while True:
            foreign = self._foreign(into)
            inner = inner_of(into)
            if foreign or inner is into:
                return into, foreign
            into = inner

    def _new(self, into: Any) -> Convert:
        into, foreign = self.unwrap(into)
        if foreign:
            return foreign()
        if into is Any:
            return lambda value: value
        origin: Any = get_origin(into) or into
        if origin is Literal:
            return _literal(into)
        if origin in UNIONS:
            return _union(into, self)
        container = container_of(into)
        if container is dict:
            make = _mapping if origin in OBJECTS else _typed_dict if issubclass(origin, dict) else _class
            return _only_objects(make(into, self))
        if container is list:
            return _array(into, self)
        if into in (None, NoneType):
            return _null
        if isinstance(into, type):
            if issubclass(into, Enum):
                return partial(_enum, into)
            if base := next((scalar for scalar in _SCALAR_NAMES if issubclass(into, scalar)), None):
                return partial(_scalar, base, into)
        raise TypeError(f"no validator supports {name_of(into)}")


@attrs.frozen(eq=False)
class _DecidedType:
    """Stands in for a type, so that cattrs uses our converter."""

    convert: Convert

    def hook(self) -> Callable[[Any, Any], Any]:
        return lambda value, _: self.convert(value)


def _is_decided(into: Any) -> bool:
    return isinstance(into, _DecidedType)


def _null(value: Any) -> None:
    if value is not None:
        raise TypeError(f"null is expected, not {_describe(value)}")


def _scalar(base: type, into: Any, value: Any) -> Any:
    given = value.__class__
    if given is base or (base is float and given is int) or (base is int and given is float and value.is_integer()):
        return into(value)
    raise TypeError(f"{_SCALAR_NAMES[base]} is expected, not {_describe(value)}")


def _enum(into: Any, value: Any) -> Any:
    member = into(value)
    if member.value == value and isinstance(member.value, bool) is not isinstance(value, bool):  # 1 == True
        raise ValueError(f"{_describe(value)} is not a valid {name_of(into)}")
    return member


def _literal(into: Any) -> Convert:
    options = [(option.value if isinstance(option, Enum) else option, option) for option in get_args(into)]
    for raw, _ in options:
        if type(raw) not in (*_SCALAR_NAMES, NoneType):
            raise TypeError(f"{raw!r} is not a JSON value")

    def convert(value: Any) -> Any:
        for raw, option in options:
            if raw == value and type(raw) is type(value):  # 1 == True
                return option
        raise ValueError(f"{' or '.join(repr(raw) for raw, _ in options)} is expected, not {_describe(value)}")

    return convert


def _only_objects(convert_object: Convert) -> Convert:
    def convert(value: Any) -> Any:
        if value.__class__ is not dict:
            raise TypeError(f"an object is expected, not {_describe(value)}")
        return convert_object(value)

    return convert


def _class(into: Any, converters: Converters) -> Convert:
    from cattrs import gen  # noqa: PLC0415  # an extra

    cls: Any = get_origin(into) or into
    known = cast("Fields", fields_of(into))
    # cattrs gets another class with the same fields, whose types are decided. Its fields include each `InitVar`.
    new_field: Any = attrs.field  # checkers require `type` to be a type
    fields = {
        field.name: new_field(
            type=_DecidedType(converters.of(field.type)),
            alias=field.argument,
            default=attrs.NOTHING if field.is_required else None,
        )
        for field in (*known.all, *known.init_only)
        if field.argument is not None
    }
    shadow: Any = attrs.make_class(cls.__name__, fields, init=False, kw_only=True)
    # cattrs names the function after them.
    variables = {variable.__name__: Any for variable in getattr(cls, "__parameters__", ())}
    # The type of this function is partly unknown.
    structure: Any = gen.make_dict_structure_fn_from_attrs  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    convert = structure(list(attrs.fields(shadow)), cls, converters.cattrs, variables)
    return lambda value: convert(value, into)


def _typed_dict(into: Any, converters: Converters) -> Convert:
    known = cast("Fields", fields_of(into))
    # cattrs asks the class which names are required; with postponed annotations the class ignores NotRequired.
    fields = {
        field.name: (NotRequired if field.may_be_absent else Required)[_DecidedType(converters.of(field.type))]
        for field in known.all
    }
    new_class: Any = TypedDict  # checkers require literal fields
    convert = converters.cattrs.gen_structure_typeddict(new_class((get_origin(into) or into).__name__, fields))
    return lambda value: convert(value, into)


def _mapping(into: Any, converters: Converters) -> Convert:
    collect = OBJECTS[get_origin(into) or into]
    key_type, item_type = get_args(into) or (Any, Any)
    key_of, item_of = _key(key_type, converters), converters.of(item_type)

    def both(pair: tuple[str, Any]) -> tuple[Any, Any]:
        return key_of(pair[0]), item_of(pair[1])

    def convert(value: Any) -> Any:
        converted = dict(converters.convert_all(into, ((pair[0], both, pair) for pair in value.items())))
        if len(converted) != len(value):
            raise ValueError("two names become the same key")
        return collect(converted)

    return convert


def _key(into: Any, converters: Converters) -> Convert:
    """Return the function that makes a key from a name: from the text or, if that fails, from the number in it."""
    convert = converters.of(into)
    if all(None not in containers_of(member) or peel(member) in (bool, None, NoneType) for member in members_of(into)):
        raise TypeError(f"a member name can't become {name_of(into)}")

    def key(name: str) -> Any:
        try:
            return convert(name)
        except Exception:
            if not _NUMBER.fullmatch(name):
                raise
        return convert(int(name) if name.lstrip("-").isdigit() else float(name))

    return key


def _array(into: Any, converters: Converters) -> Convert:
    origin: Any = get_origin(into) or into
    collect: Callable[[list[Any]], Any]
    min_items = None  # any length is allowed
    if is_named_tuple(origin):
        hints = get_type_hints(origin, include_extras=True)
        bound = dict(zip(getattr(origin, "__parameters__", ()), get_args(into), strict=False))
        types = tuple(replace_variables(hints[name], bound) for name in origin._fields)
        min_items = len(types) - len(origin._field_defaults)
        collect = lambda items: origin(*items)  # noqa: E731  # _make ignores the defaults
    else:
        types = get_args(into) or (Any,)
        collect = ARRAYS[origin]
        if origin is tuple and getattr(into, "__args__", None) is not None and types[-1] is not Ellipsis:
            types = get_args(into)  # empty for tuple[()]
            min_items = len(types)
    if any(getattr(item_type, "__unpacked__", False) for item_type in types):
        raise TypeError("no validator supports a tuple unpacked in another tuple")
    converts = [converters.of(item_type) for item_type in types if item_type is not Ellipsis]

    def convert(value: Any) -> Any:
        if value.__class__ is not list:
            raise TypeError(f"an array is expected, not {_describe(value)}")
        if min_items is None:
            work = ((index, converts[0], item) for index, item in enumerate(value))
        elif min_items <= len(value) <= len(converts):
            work = ((index, converts[index], item) for index, item in enumerate(value))
        else:
            lengths = f"{min_items} to {len(converts)}" if min_items < len(converts) else min_items
            raise ValueError(f"an array of {lengths} is expected, not of {len(value)}")
        return collect(converters.convert_all(into, work))

    return convert


def _union(into: Any, converters: Converters) -> Convert:
    members = members_of(into, lambda part: converters.unwrap(part)[1] is not None)
    bare = [converters.unwrap(member)[0] for member in members]
    scalars = [scalar for scalar in (NoneType, *_SCALAR_NAMES) if scalar in bare]
    literals = [_literal(member) for member in bare if get_origin(member) is Literal]
    members = tuple(member for member, inner in zip(members, bare, strict=True) if inner is not NoneType)
    converts = {id(member): converters.of(member) for member in members}
    containers = {id(member): containers_of(member) for member in members}

    def convert(value: Any) -> Any:
        if type(value) in scalars:
            return value
        for literal in literals:  # a literal wins over any other type that accepts the text
            with suppress(ValueError):
                return literal(value)
        container = value.__class__ if value.__class__ in (dict, list) else None
        candidates = [member for member in members if container in containers[id(member)]]
        if container is dict:
            candidates = likely_members(candidates, value)
        if len(candidates) == 1 and (container or len(members) == 1):
            return converts[id(candidates[0])](value)
        for member in candidates:
            with suppress(Exception):
                return converts[id(member)](value)
        raise TypeError(f"{name_of(into)} is expected, not {_describe(value)}")

    return convert


def _describe(value: Any) -> str:
    if type(value) in (dict, list):
        return "an object" if type(value) is dict else "an array"
    if value is None or type(value) is bool:
        return {None: "null", True: "true", False: "false"}[value]
    return shorten(value)


def name_of(into: Any) -> str:
    """Return a type as a user writes it, without modules."""
    is_class = isinstance(into, type) and get_origin(into) is None
    return re.sub(r"[\w.<>]+\.", "", into.__qualname__ if is_class else repr(into))
