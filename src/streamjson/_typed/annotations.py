"""An annotation, as a user writes it -> the type that it stands for.

`Annotated`, the qualifiers of a field (`Final`, `Required`, `NotRequired`, `ReadOnly`), a `NewType` and an alias of
Python 3.12 (`type X = ...`, or `typing_extensions.TypeAliasType`) are wrappers: what counts is the type inside. Every
module that decides by a type unwraps it with the functions here. They know no fields of classes and no validators.

Invariants: only `inner_of` and `peel` drop the metadata of `Annotated`; the members of a union keep their order.

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
    "expand_aliases",
    "inner_of",
    "members_of",
    "peel",
    "qualifiers_of",
    "replace_variables",
    "strip_qualifiers",
]

UNIONS: Final = (Union, UnionType)
_QUALIFIERS: Final = (Final, NotRequired, Required)


def check_type(into: object) -> None:
    """Raise `TypeError` for an object that is not a type."""
    if not (isinstance(into, type) or into is Any or get_origin(into) or _alias_target(into) is not into):
        raise TypeError(f"into must be a type, such as a class or list[Person], not {shorten(into)}")


def inner_of(into: Any) -> Any:
    """Return a type without its outermost wrapper, or the type itself if it has none."""
    origin = get_origin(into)
    if origin is Annotated or _is_qualifier(origin):
        return get_args(into)[0]
    generic = origin or into
    target = _alias_target(generic)
    if target is generic:
        return into
    return replace_variables(target, dict(zip(getattr(generic, "__type_params__", ()), get_args(into), strict=False)))


def peel(into: Any) -> Any:
    """Return a type without its outer wrappers; for a type variable, its bound."""
    while True:
        inner = (into.__bound__ or Any) if isinstance(into, TypeVar) else inner_of(into)
        if inner is into:
            return into
        into = inner


def members_of(into: Any, stays_whole: Callable[[Any], bool] = lambda _: False) -> tuple[Any, ...]:
    """Return the members of a union, and of the unions in it that do not stay whole; for another type, the type itself.

    Python does not flatten a union that has a name, or that is annotated, into the union around it.
    """
    union = peel(into)
    if get_origin(union) not in UNIONS or stays_whole(into):
        return (into,)
    return tuple(member for argument in get_args(union) for member in members_of(argument, stays_whole))


def strip_qualifiers(into: Any) -> Any:
    """Return a type without the qualifiers of a field. The metadata of `Annotated` stays."""
    origin = get_origin(into)
    if _is_qualifier(origin):
        return strip_qualifiers(get_args(into)[0])
    return _rebuild(into, strip_qualifiers) if origin is Annotated else into


def qualifiers_of(into: Any) -> list[Any]:
    """Return the qualifiers of a field, outermost first."""
    origin = get_origin(into)
    if origin is not Annotated and not _is_qualifier(origin):
        return []
    return [*([] if origin is Annotated else [origin]), *qualifiers_of(get_args(into)[0])]


def replace_variables(into: Any, bound: Mapping[Any, Any]) -> Any:
    """Return a type in which type variables, and `Self`, are replaced by the types that they are bound to."""
    if isinstance(into, TypeVar) or into is Self:
        return bound.get(into, into)
    return _rebuild(into, lambda argument: replace_variables(argument, bound))


def expand_aliases(into: Any) -> Any:
    """Return a type in which each `NewType` and each alias is replaced by the type that it stands for."""
    inner = inner_of(into)
    if inner is not into and get_origin(into) is not Annotated:
        return expand_aliases(inner)
    return _rebuild(into, expand_aliases)


def _rebuild(into: Any, change: Callable[[Any], Any]) -> Any:
    """Return a type with changed arguments; the type itself if no argument changed."""
    origin, arguments = get_origin(into), get_args(into)
    if origin is Literal:
        return into
    metadata = into.__metadata__ if origin is Annotated else ()
    arguments = arguments[: len(arguments) - len(metadata)]
    new = tuple(change(argument) for argument in arguments)
    if all(one is other for one, other in zip(new, arguments, strict=True)):
        return into
    if origin in UNIONS:
        return Union[new]  # noqa: UP007  # `|` takes two members, not any number
    return origin[(*new, *metadata)]


def _alias_target(into: Any) -> Any:
    """Return the type that a `NewType` or an alias stands for; for another type, the type itself."""
    if isinstance(into, type):
        return into
    try:
        return getattr(into, "__supertype__", None) or getattr(into, "__value__", into)
    except NameError as error:
        raise TypeError(f"the alias {into} can't be resolved: {error}") from error


def _is_qualifier(origin: Any) -> bool:
    return origin in _QUALIFIERS or getattr(origin, "_name", None) == "ReadOnly"  # from Python 3.13 or its backport
