"""From an annotation, as a user writes it, to the type that it stands for.

`Annotated`, the qualifiers of a field (`Final`, `Required`, `NotRequired`, `ReadOnly`), a `NewType` and an alias of
Python 3.12 (`type X = ...`, or `typing_extensions.TypeAliasType`) are wrappers: a decision about a type is taken on
what is in them. Every module that takes such a decision gets there by the functions here. They know no class's fields
and no validator.

Invariants: what `Annotated` says is dropped by `inner_of` and `peel` alone; the order of a union's members stays.

Cost: linear in the length of the annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Literal, NotRequired, Required, Self, TypeVar, Union, get_args, get_origin

from .._errors import shorten

__all__ = [
    "UNIONS",
    "check_type",
    "expanded",
    "inner_of",
    "members_of",
    "peel",
    "qualifiers_of",
    "replaced",
    "unqualified",
]

UNIONS: Final = (Union, UnionType)
_QUALIFIERS: Final = (Final, NotRequired, Required)


def check_type(into: object) -> None:
    """Raise `TypeError` for an object that is not a type."""
    if not (isinstance(into, type) or into is Any or get_origin(into) or _named(into) is not into):
        raise TypeError(f"into is a type, such as a class or list[Person], not {shorten(into)}")


def inner_of(into: Any) -> Any:
    """Return a type without its outermost wrapper, or the type itself if it has none."""
    origin = get_origin(into)
    if origin is Annotated or _is_qualifier(origin):
        return get_args(into)[0]
    generic = origin or into
    named = _named(generic)
    if named is generic:
        return into
    return replaced(named, dict(zip(getattr(generic, "__type_params__", ()), get_args(into), strict=False)))


def peel(into: Any) -> Any:
    """Return a type without any wrapper; for a type variable, its bound."""
    while True:
        inner = (into.__bound__ or Any) if isinstance(into, TypeVar) else inner_of(into)
        if inner is into:
            return into
        into = inner


def members_of(into: Any, stays_whole: Callable[[Any], bool] = lambda _: False) -> tuple[Any, ...]:
    """Return the members of a union, and of the unions in it that do not stay whole; of another type, the type itself.

    A union that was given a name, or annotated, is a member of the one in which it stands; Python does not flatten it.
    """
    union = peel(into)
    if get_origin(union) not in UNIONS or stays_whole(into):
        return (into,)
    return tuple(member for argument in get_args(union) for member in members_of(argument, stays_whole))


def unqualified(into: Any) -> Any:
    """Return a type without the qualifiers of a field; what `Annotated` says stays."""
    origin = get_origin(into)
    if _is_qualifier(origin):
        return unqualified(get_args(into)[0])
    return _rebuilt(into, unqualified) if origin is Annotated else into


def qualifiers_of(into: Any) -> list[Any]:
    """Return the qualifiers of a field, from the outermost one."""
    origin = get_origin(into)
    if origin is not Annotated and not _is_qualifier(origin):
        return []
    return [*([] if origin is Annotated else [origin]), *qualifiers_of(get_args(into)[0])]


def replaced(into: Any, bound: Mapping[Any, Any]) -> Any:
    """Return a type in which type variables, and `Self`, are replaced by the types that they are bound to."""
    if isinstance(into, TypeVar) or into is Self:
        return bound.get(into, into)
    return _rebuilt(into, lambda argument: replaced(argument, bound))


def expanded(into: Any) -> Any:
    """Return a type in which each `NewType` and each alias is replaced by the type that it stands for."""
    inner = inner_of(into)
    if inner is not into and get_origin(into) is not Annotated:
        return expanded(inner)
    return _rebuilt(into, expanded)


def _rebuilt(into: Any, change: Callable[[Any], Any]) -> Any:
    """Return a type with changed arguments; the type itself if none is changed."""
    origin, arguments = get_origin(into), get_args(into)
    if origin is Literal:
        return into
    metadata = into.__metadata__ if origin is Annotated else ()
    arguments = arguments[: len(arguments) - len(metadata)]
    new = tuple(change(argument) for argument in arguments)
    if all(one is other for one, other in zip(new, arguments, strict=True)):
        return into
    if origin in UNIONS:
        return Union[new]  # noqa: UP007  # of any number
    return origin[(*new, *metadata)]


def _named(into: Any) -> Any:
    """Return the type that a `NewType` or an alias stands for; another type as it is."""
    if isinstance(into, type):
        return into
    try:
        return getattr(into, "__supertype__", None) or getattr(into, "__value__", into)
    except NameError as error:
        raise TypeError(f"the alias {into} can't be resolved: {error}") from error


def _is_qualifier(origin: Any) -> bool:
    return origin in _QUALIFIERS or getattr(origin, "_name", None) == "ReadOnly"  # of Python 3.13, or its backport
