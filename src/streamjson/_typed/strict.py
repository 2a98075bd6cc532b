"""From a type to a function that converts a plain value into it, strictly, or says what is wrong.

A type that pydantic or msgspec validates is left to `foreign`, which the caller gives. Of all others `Converters`
makes the converters itself, but for the objects of classes: those cattrs makes. It knows no `into=`, path or document.

Invariants: `Converters.of` alone decides what a type is, for the root, a field, an item and a member of a union alike,
and does so on what is inside `Annotated`, a `NewType` and an alias. A type that can't be made is a `TypeError` when the
converter is made, wherever it stands. The value is never changed.

cattrs converts by default: `None` to `"None"`, `"5"` to 5, the text `"ab"` to `["a", "b"]`. In a model's answer that
would hide what is wrong, so here text is text, a number a number (an integer may be written 3.0), an object an object
and an array an array. Its own choice among its hooks is never asked.

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
from .annotations import UNIONS, inner_of, members_of, peel, replaced
from .schema import ARRAYS, OBJECTS, Fields, fields_of, is_named_tuple, kind_of, kinds_of, likely

__all__ = ["Convert", "Converters", "name_of"]

Convert = Callable[[Any], Any]

_KINDS: Final = {str: "text", bool: "true or false", int: "an integer", float: "a number"}  # bool before int
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")  # RFC 8259, section 6


class Converters:
    """Converters for all the types that one type is made of.

    `foreign` returns, for a type of another validator, a function that makes its converter, and else None.
    """

    def __init__(self, foreign: Callable[[Any], Callable[[], Convert] | None]) -> None:
        from cattrs import Converter  # noqa: PLC0415  # an extra
        from cattrs.errors import IterableValidationError, IterableValidationNote  # noqa: PLC0415

        self._foreign = foreign
        self._group: Any = IterableValidationError
        self._note: Any = IterableValidationNote
        self._made: dict[Any, Convert] = {}
        self.cattrs: Any = Converter(detailed_validation=True)
        self.cattrs.register_structure_hook_factory(_is_decided, _Decided.hook)

    def of(self, into: Any) -> Convert:
        """Return the function that converts a value into a type. Raises `TypeError` if no validator knows the type."""
        try:
            key = into, repr(into)  # A | B equals B | A, but the order counts
            known = self._made.get(key)
        except Exception:  # noqa: BLE001  # Annotated with something that has no hash, or a metaclass of the user's
            return self._new(into)
        if known is None:
            self._made[key] = lambda value: self._made[key](value)  # noqa: PLW0108  # replaced; a class may hold itself
            self._made[key] = known = self._new(into)
        return known

    def all(self, into: Any, work: Iterable[tuple[str | int, Convert, Any]]) -> list[Any]:
        """Return the items, each given with its step and its converter, converted; raise all errors as one group."""
        made: list[Any] = []
        errors: list[Exception] = []
        for step, convert, item in work:
            try:
                made.append(convert(item))
            except Exception as error:  # noqa: BLE001  # raised with the others
                error.add_note(self._note(f"item {step}", step, into))
                errors.append(error)
        if errors:
            raise self._group("items", errors, into)
        return made

    def unwrapped(self, into: Any) -> tuple[Any, Callable[[], Convert] | None]:
        """Return a type without its wrappers; stop at a type of another validator, and return its maker, too."""
        while True:
            foreign = self._foreign(into)
            inner = inner_of(into)
            if foreign or inner is into:
                return into, foreign
            into = inner

    def _new(self, into: Any) -> Convert:
        into, foreign = self.unwrapped(into)
        if foreign:
            return foreign()
        if into is Any:
            return lambda value: value
        origin: Any = get_origin(into) or into
        if origin is Literal:
            return _literal(into)
        if origin in UNIONS:
            return _union(into, self)
        kind = kind_of(into)
        if kind is dict:
            make = _mapping if origin in OBJECTS else _typed_dict if issubclass(origin, dict) else _class
            return _only_objects(make(into, self))
        if kind is list:
            return _array(into, self)
        if into in (None, NoneType):
            return _null
        if isinstance(into, type):
            if issubclass(into, Enum):
                return partial(_enum, into)
            if base := next((scalar for scalar in _KINDS if issubclass(into, scalar)), None):
                return partial(_scalar, base, into)
        raise TypeError(f"no validator knows {name_of(into)}")


@attrs.frozen(eq=False)
class _Decided:
    """Stands in the place of a type where cattrs asks how to convert it."""

    convert: Convert

    def hook(self) -> Callable[[Any, Any], Any]:
        return lambda value, _: self.convert(value)


def _is_decided(into: Any) -> bool:
    return isinstance(into, _Decided)


def _null(value: Any) -> None:
    if value is not None:
        raise TypeError(f"null is expected, not {_described(value)}")


def _scalar(base: type, into: Any, value: Any) -> Any:
    given = value.__class__
    if given is base or (base is float and given is int) or (base is int and given is float and value.is_integer()):
        return into(value)
    raise TypeError(f"{_KINDS[base]} is expected, not {_described(value)}")


def _enum(into: Any, value: Any) -> Any:
    member = into(value)
    if member.value == value and isinstance(member.value, bool) is not isinstance(value, bool):  # 1 == True
        raise ValueError(f"{_described(value)} is not a valid {name_of(into)}")
    return member


def _literal(into: Any) -> Convert:
    options = [(option.value if isinstance(option, Enum) else option, option) for option in get_args(into)]
    for raw, _ in options:
        if type(raw) not in (*_KINDS, NoneType):
            raise TypeError(f"{raw!r} is not a value of JSON")

    def convert(value: Any) -> Any:
        for raw, option in options:
            if raw == value and type(raw) is type(value):  # 1 == True
                return option
        raise ValueError(f"{' or '.join(repr(raw) for raw, _ in options)} is expected, not {_described(value)}")

    return convert


def _only_objects(made: Convert) -> Convert:
    def convert(value: Any) -> Any:
        if value.__class__ is not dict:
            raise TypeError(f"an object is expected, not {_described(value)}")
        return made(value)

    return convert


def _class(into: Any, converters: Converters) -> Convert:
    from cattrs import gen  # noqa: PLC0415  # an extra

    cls: Any = get_origin(into) or into
    known = cast("Fields", fields_of(into))
    # cattrs is shown another class, of the same fields, whose types are decided. An `InitVar` is one of its fields.
    new_field: Any = attrs.field  # whose type is to be a type
    fields = {
        field.name: new_field(
            type=_Decided(converters.of(field.type)),
            alias=field.argument,
            default=attrs.NOTHING if field.is_required else None,
        )
        for field in (*known.all, *known.init_only)
        if field.argument is not None
    }
    shadow: Any = attrs.make_class(cls.__name__, fields, init=False, kw_only=True)
    variables = {variable.__name__: Any for variable in getattr(cls, "__parameters__", ())}  # for a function's name
    # It leaves a part of its type open.
    structure: Any = gen.make_dict_structure_fn_from_attrs  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    made = structure(list(attrs.fields(shadow)), cls, converters.cattrs, variables)
    return lambda value: made(value, into)


def _typed_dict(into: Any, converters: Converters) -> Convert:
    known = cast("Fields", fields_of(into))
    # cattrs asks the class which names are required; where annotations are postponed, that does not know NotRequired.
    fields = {
        field.name: (NotRequired if field.may_be_absent else Required)[_Decided(converters.of(field.type))]
        for field in known.all
    }
    new_class: Any = TypedDict  # checkers want to see its fields
    made = converters.cattrs.gen_structure_typeddict(new_class((get_origin(into) or into).__name__, fields))
    return lambda value: made(value, into)


def _mapping(into: Any, converters: Converters) -> Convert:
    collect = OBJECTS[get_origin(into) or into]
    name, kind = get_args(into) or (Any, Any)
    key_of, item_of = _key(name, converters), converters.of(kind)

    def both(pair: tuple[str, Any]) -> tuple[Any, Any]:
        return key_of(pair[0]), item_of(pair[1])

    def convert(value: Any) -> Any:
        made = dict(converters.all(into, ((pair[0], both, pair) for pair in value.items())))
        if len(made) != len(value):
            raise ValueError("two of its names are the same key")
        return collect(made)

    return convert


def _key(into: Any, converters: Converters) -> Convert:
    """Return the function that makes a key of a name: of the text, or, if that fails, of the number in it."""
    convert = converters.of(into)
    if all(None not in kinds_of(member) or peel(member) in (bool, None, NoneType) for member in members_of(into)):
        raise TypeError(f"a name can't become {name_of(into)}")

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
    least = None  # of any length
    if is_named_tuple(origin):
        hints = get_type_hints(origin, include_extras=True)
        bound = dict(zip(getattr(origin, "__parameters__", ()), get_args(into), strict=False))
        kinds = tuple(replaced(hints[name], bound) for name in origin._fields)
        least = len(kinds) - len(origin._field_defaults)
        collect = lambda items: origin(*items)  # noqa: E731  # _make ignores the defaults
    else:
        kinds = get_args(into) or (Any,)
        collect = ARRAYS[origin]
        if origin is tuple and getattr(into, "__args__", None) is not None and kinds[-1] is not Ellipsis:
            kinds = get_args(into)  # none in tuple[()]
            least = len(kinds)
    if any(getattr(kind, "__unpacked__", False) for kind in kinds):
        raise TypeError("no validator knows a tuple that is unpacked in another one")
    converts = [converters.of(kind) for kind in kinds if kind is not Ellipsis]

    def convert(value: Any) -> Any:
        if value.__class__ is not list:
            raise TypeError(f"an array is expected, not {_described(value)}")
        if least is None:
            work = ((index, converts[0], item) for index, item in enumerate(value))
        elif least <= len(value) <= len(converts):
            work = ((index, converts[index], item) for index, item in enumerate(value))
        else:
            lengths = f"{least} to {len(converts)}" if least < len(converts) else least
            raise ValueError(f"an array of {lengths} is expected, not of {len(value)}")
        return collect(converters.all(into, work))

    return convert


def _union(into: Any, converters: Converters) -> Convert:
    members = members_of(into, lambda part: converters.unwrapped(part)[1] is not None)
    bare = [converters.unwrapped(member)[0] for member in members]
    plain = [kind for kind in (NoneType, *_KINDS) if kind in bare]
    literals = [_literal(kind) for kind in bare if get_origin(kind) is Literal]
    members = tuple(member for member, kind in zip(members, bare, strict=True) if kind is not NoneType)
    converts = {id(member): converters.of(member) for member in members}
    kinds = {id(member): kinds_of(member) for member in members}

    def convert(value: Any) -> Any:
        if type(value) in plain:
            return value
        for literal in literals:  # before any other type that takes the text
            with suppress(ValueError):
                return literal(value)
        kind = value.__class__ if value.__class__ in (dict, list) else None
        fitting = [member for member in members if kind in kinds[id(member)]]
        if kind is dict:
            fitting = likely(fitting, value)
        if len(fitting) == 1 and (kind or len(members) == 1):
            return converts[id(fitting[0])](value)
        for member in fitting:
            with suppress(Exception):
                return converts[id(member)](value)
        raise TypeError(f"{name_of(into)} is expected, not {_described(value)}")

    return convert


def _described(value: Any) -> str:
    if type(value) in (dict, list):
        return "an object" if type(value) is dict else "an array"
    if value is None or type(value) is bool:
        return {None: "null", True: "true", False: "false"}[value]
    return shorten(value)


def name_of(into: Any) -> str:
    """Return a type as its user writes it, without modules."""
    is_class = isinstance(into, type) and get_origin(into) is None
    return re.sub(r"[\w.<>]+\.", "", into.__qualname__ if is_class else repr(into))
