"""An unfinished value -> an object of the requested type, without validation.

`draft_of` makes, at any moment, an instance of a class of one of five families: attrs, dataclasses, TypedDict, msgspec
and pydantic. A field that has not arrived has its default, else None; a leaf stays the JSON value that it is.
It knows no snapshots; `schema` describes the types.

Invariants: no `__init__`, `__post_init__`, validator or converter of the user runs, only factories of defaults; no
value within `Limits.max_depth` makes it raise. The result shares mutable parts with the value: pass a private copy.

Cost: linear in the value.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast, get_args, get_origin

from .._json import MISSING
from .._limits import too_deep
from .annotations import UNIONS, check_type, members_of, peel
from .schema import Fields, KeyPath, container_of, fields_of, likely_members

__all__ = ["draft_of"]

T = TypeVar("T")


def draft_of(into: type[T], value: Any) -> T:
    """Return an unvalidated `into` made from `value`. A part that does not fit its type stays as it is.

    `value` is plain objects that nothing else refers to, or `MISSING` if there is no value yet.
    Raises `TypeError` if `into` is not a type or has annotations that can't be resolved, and `LimitExceededError`
    (`max_depth`) if that limit was lifted and the value nests deeper than the interpreter can follow.
    """
    check_type(into)
    try:
        return cast("T", _draft(into, value))
    except RecursionError:  # `Limits.max_depth` was lifted, and the type is recursive
        raise too_deep("the value nests deeper than the interpreter can follow", _depth(value)) from None


def _draft(into: Any, value: Any) -> Any:
    if value is MISSING:
        fields = fields_of(peel(into))
        container = container_of(into)
        return _draft_object(fields, value) if fields else _draft_value(into, container()) if container else None
    return _draft_value(into, value)


def _depth(value: Any) -> int:
    """Return how deep the containers of a value nest."""
    depth = 0
    level: list[Any] = [value]
    while level:
        below: list[Any] = []
        is_deeper = False
        for one in level:
            if one.__class__ is dict or one.__class__ is list:  # isinstance would make the items Unknown
                is_deeper = True
                below.extend(one.values() if one.__class__ is dict else one)
        depth += is_deeper
        level = below
    return depth


def _draft_value(into: Any, value: Any) -> Any:
    into = peel(into)
    kind = value.__class__
    if kind is not dict and kind is not list and not getattr(into, "__pydantic_root_model__", False):
        return value  # most are leaves: this halves the cost
    fields = fields_of(into)
    if fields is not None:
        return _draft_object(fields, value) if fields.is_root or kind is dict else value
    origin, arguments = get_origin(into), get_args(into)
    if origin in UNIONS:
        members = [member for member in members_of(into) if container_of(member) is kind]
        if len(members) > 1 and kind is dict:
            members = likely_members(members, value)
        return _draft_value(members[0], value) if len(members) == 1 else value
    if container_of(into) is not kind or not arguments:
        return value
    if kind is dict:
        return {name: _draft_value(arguments[-1], item) for name, item in value.items()}
    if origin is tuple and arguments[-1] is not Ellipsis:
        arguments += (Any,) * (len(value) - len(arguments))
        return tuple([_draft_value(argument, item) for argument, item in zip(arguments, value, strict=False)])
    items = [_draft_value(arguments[0], item) for item in value]
    return tuple(items) if origin is tuple else items


def _draft_object(fields: Fields, value: Any) -> Any:
    values: dict[str, Any] = {}
    given: set[str] = set()
    for field in fields.all:
        found = (_find(value, key_path) for key_path in field.key_paths)
        item = next((one for one in found if one is not MISSING), MISSING)
        if item is not MISSING:
            values[field.name] = _draft_value(field.type, item)
            given.add(field.name)
        elif not field.may_be_absent:
            try:
                values[field.name] = field.default(values)
            except Exception:  # noqa: BLE001  # the factory may need fields that are unvalidated or None
                values[field.name] = None
    return fields.make(values, given, value)


def _find(value: Any, key_path: KeyPath) -> Any:
    for step in key_path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value
