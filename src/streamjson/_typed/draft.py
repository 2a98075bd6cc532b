"""From what is there so far to an object of the type that was asked for, without validation.

`draft_of` makes, at any moment, an instance of a class of one of five families: attrs, dataclasses, TypedDict, msgspec
and pydantic. A field that has not arrived is at its default, else None; a leaf stays the JSON value that it is.
It knows no snapshot; what it must know of a type is in `schema`.

Invariants: no `__init__`, `__post_init__`, validator or converter of the user runs, only the factories of defaults;
no value within `Limits.max_depth` makes it raise. The result shares what is mutable with the value: give it a private
copy.

Cost: linear in the value.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast, get_args, get_origin

from .._json import MISSING
from .._limits import too_deep
from .annotations import UNIONS, check_type, members_of, peel
from .schema import Fields, Way, fields_of, kind_of, likely

__all__ = ["draft_of"]

T = TypeVar("T")


def draft_of(into: type[T], value: Any) -> T:
    """Return an unvalidated `into` made of `value`; where a value is of another kind, that value as it is.

    `value` is plain objects that nobody else has, or `MISSING`: nothing is there yet.
    Raises `TypeError` for what is no type, and for a class whose annotations can't be resolved; `LimitExceededError`
    (`max_depth`) where that limit was lifted, and the value nests deeper than the interpreter can follow.
    """
    check_type(into)
    try:
        return cast("T", _draft(into, value))
    except RecursionError:  # where `Limits.max_depth` was lifted, and the type is recursive
        raise too_deep("the value nests deeper than the interpreter can follow", _depth(value)) from None


def _draft(into: Any, value: Any) -> Any:
    if value is MISSING:
        fields = fields_of(peel(into))
        kind = kind_of(into)
        return _made(fields, value) if fields else _drafted(into, kind()) if kind else None
    return _drafted(into, value)


def _depth(value: Any) -> int:
    """Return how many containers are in each other."""
    depth = 0
    level: list[Any] = [value]
    while level:
        below: list[Any] = []
        is_deeper = False
        for one in level:
            if one.__class__ is dict or one.__class__ is list:  # not isinstance, which tells a checker of unknown items
                is_deeper = True
                below.extend(one.values() if one.__class__ is dict else one)
        depth += is_deeper
        level = below
    return depth


def _drafted(into: Any, value: Any) -> Any:
    into = peel(into)
    kind = value.__class__
    if kind is not dict and kind is not list and not getattr(into, "__pydantic_root_model__", False):
        return value  # most are leaves: this halves the cost
    fields = fields_of(into)
    if fields is not None:
        return _made(fields, value) if fields.is_root or kind is dict else value
    origin, arguments = get_origin(into), get_args(into)
    if origin in UNIONS:
        members = [member for member in members_of(into) if kind_of(member) is kind]
        if len(members) > 1 and kind is dict:
            members = likely(members, value)
        return _drafted(members[0], value) if len(members) == 1 else value
    if kind_of(into) is not kind or not arguments:
        return value
    if kind is dict:
        return {name: _drafted(arguments[-1], item) for name, item in value.items()}
    if origin is tuple and arguments[-1] is not Ellipsis:
        arguments += (Any,) * (len(value) - len(arguments))
        return tuple([_drafted(kind, item) for kind, item in zip(arguments, value, strict=False)])
    items = [_drafted(arguments[0], item) for item in value]
    return tuple(items) if origin is tuple else items


def _made(fields: Fields, value: Any) -> Any:
    values: dict[str, Any] = {}
    given: set[str] = set()
    for field in fields.all:
        item = next((found for way in field.ways if (found := _found(value, way)) is not MISSING), MISSING)
        if item is not MISSING:
            values[field.name] = _drafted(field.type, item)
            given.add(field.name)
        elif not field.may_be_absent:
            try:
                values[field.name] = field.default(values)
            except Exception:  # noqa: BLE001  # the factory may need fields that are raw, or None, so far
                values[field.name] = None
    return fields.make(values, given, value)


def _found(value: Any, way: Way) -> Any:
    for step in way:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value
