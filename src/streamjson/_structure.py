"""From a finished value to an object of the type that was asked for, validated.

pydantic validates what is made of its models, msgspec what is made of its Structs, cattrs all the rest, and in it hands
what is a model's or a Struct's back to its own validator. This module knows which one does what, makes cattrs as
strict as the other two, and says in one way what each of them found. It knows no document, path or snapshot.

It owns what it remembers of up to 256 types. Each validator is imported when a type needs it, not before.

Invariants: what no validator can do is told when a `Structurer` is made; of a call nothing escapes but
`StructureError`; the value is never changed.

cattrs converts by default: `None` to `"None"`, `"5"` to 5, the text `"ab"` to `["a", "b"]`. Of a model's answer that
would hide what is wrong, so here text is text, a number a number (an integer may be written 3.0), an object an object
and an array an array. A pydantic model is as strict as its own configuration says; its validator is given JSON, as
strict models take a date or a tuple only from there.

Cost: a call is linear in the value; making a `Structurer` takes milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import NoneType
from typing import (
    Any,
    Final,
    Generic,
    Literal,
    NewType,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from attrs import frozen

from ._annotations import UNIONS, check_type, peel
from ._errors import StructureError, shorten
from ._events import MISSING
from ._fields import ARRAYS, fields_of, kind_of, likely
from ._path import format_path

__all__ = ["Structurer", "structurer"]

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

_KINDS: Final = {str: "text", int: "an integer", float: "a number", bool: "true or false"}
_IntegerName = NewType("_IntegerName", int)
_SHOWN: Final = 5  # of the things that are wrong with one value
_SHOWN_CHARS: Final = 300


@frozen(eq=False)
class Structurer(Generic[T]):
    """Makes objects of the type `into`. Made by `structurer`; may be called any number of times."""

    into: Any
    _convert: Callable[[Any], T]

    def __call__(self, value: Any, path: str = "") -> T:
        """Return `value`, which is at `path`, as an object of the type, or raise `StructureError`."""
        if value is MISSING:
            message = f"nothing came, so there is no {_name(self.into)}"
            raise StructureError(message, path=path, value=value, into=self.into)
        try:
            return self._convert(value)
        except Exception as error:
            try:
                said = list(_told(error))
            except Exception:  # noqa: BLE001  # an exception of the user's that can't be written
                said = [type(error).__name__]
            _forget_frames(error)
            more = f"; and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
            what = "; ".join([text[:_SHOWN_CHARS] for text in said[:_SHOWN]])
            raise StructureError(
                f"{path or 'the root'} does not fit {_name(self.into)}: {what}{more}",
                path=path,
                value=value,
                into=self.into,
            ) from error


@overload
def structurer(into: type[T]) -> Structurer[T]: ...
@overload
def structurer(into: Any) -> Structurer[Any]: ...
def structurer(into: Any) -> Structurer[Any]:
    """Return what makes an `into` of a plain value.

    `into` is an attrs class, a dataclass, a TypedDict, a msgspec Struct, a pydantic model, or any type made of these
    and of the types of JSON. Raises `TypeError` for a type that no validator knows, `ModuleNotFoundError` if the
    package that knows it is not installed.
    """
    check_type(into)
    try:
        hash(into)
    except Exception:  # noqa: BLE001  # Annotated with something that has no hash, or a metaclass of the user's
        return _made(into, "")
    return _remembered(into, repr(into))


def _made(into: Any, _repr: str) -> Structurer[Any]:
    try:
        return Structurer(into, _MAKERS.get(_owner(into), _cattrs)(into))
    except ImportError as error:
        raise ModuleNotFoundError(
            f"into={_name(into)} needs {error.name}: pip install 'streamjson-assembler[typed]'", name=error.name
        ) from error
    except Exception as error:
        raise TypeError(f"into={_name(into)} can't be made of JSON: {error}") from error


# Classes are kept alive by this, so it has a bound. int | str equals str | int, but is not written so.
_remembered = lru_cache(maxsize=256)(_made)


# ---------------------------------------------------------------------------------------------------------------------
# who does what


def _owner(into: Any) -> str:
    """Return whose a type is: `"pydantic"`, `"msgspec"`, `"cattrs"`, or `""` for what is everybody's."""
    origin = get_origin(into) or into
    if origin is Literal:
        return ""
    if isinstance(origin, type):
        if hasattr(origin, "__pydantic_validator__") or hasattr(origin, "__get_pydantic_core_schema__"):
            return "pydantic"
        if hasattr(origin, "__struct_fields__"):
            return "msgspec"
        if fields_of(origin) is not None:
            return "cattrs"
    # What is said by Annotated is understood by the package that the word comes from.
    modules = {type(word).__module__.partition(".")[0] for word in getattr(into, "__metadata__", ())}
    if modules & {"pydantic", "annotated_types"}:
        return "pydantic"
    if "msgspec" in modules:
        return "msgspec"
    bare = peel(into)
    owners = {_owner(argument) for argument in (get_args(into) if bare is into else [bare])} - {""}
    return owners.pop() if len(owners) == 1 else "cattrs" if owners else ""


def _pydantic(into: Any) -> Callable[[Any], Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415  # an extra
    from pydantic_core import to_json  # noqa: PLC0415

    adapter: Any = TypeAdapter(into)
    adapter.rebuild(raise_errors=True)  # tells what it can't resolve now, not at the first value
    return lambda value: adapter.validate_json(to_json(value))


def _msgspec(into: Any) -> Callable[[Any], Any]:
    from msgspec import convert  # noqa: PLC0415  # an extra
    from msgspec.json import Decoder  # noqa: PLC0415

    Decoder(into)  # tells what it can't do now, not at the first value

    def foreign(into: Any, value: Any) -> Any:
        try:
            return structurer(into)._convert(value)
        except Exception as error:
            raise ValueError("; ".join(_told(error))) from error  # msgspec adds the place

    return lambda value: convert(value, into, str_keys=True, dec_hook=foreign)


def _cattrs(into: Any) -> Callable[[Any], Any]:
    from cattrs.errors import StructureHandlerNotFoundError  # noqa: PLC0415
    from cattrs.preconf.json import make_converter  # noqa: PLC0415

    def unknown(into: Any) -> Hook:
        raise StructureHandlerNotFoundError(f"no validator knows {_name(into)}", type_=into)

    converter: Any = make_converter(detailed_validation=True, structure_fallback_factory=unknown)
    for scalar in (str, int, float, bool):
        converter.register_structure_hook(scalar, _scalar)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook(_IntegerName, _integer_name)
    register: Callable[[Callable[[Any], bool], Callable[[Any], Hook]], Any] = converter.register_structure_hook_factory
    # The last one that is registered is asked first.
    register(lambda into: get_origin(into) is Literal, _literal)
    register(lambda into: kind_of(into) is dict, lambda into: _object(into, converter))
    register(lambda into: kind_of(into) is list, lambda into: _array(into, converter))
    register(lambda into: get_origin(into) in UNIONS, lambda into: _union(into, converter))
    register(lambda into: _owner(into) in _MAKERS, _foreign)
    hook = converter.get_structure_hook(into)
    return lambda value: hook(value, into)


def _foreign(into: Any) -> Hook:
    convert = _MAKERS[_owner(into)](into)
    return lambda value, _into: convert(value)


_MAKERS: Final = {"pydantic": _pydantic, "msgspec": _msgspec}


# ---------------------------------------------------------------------------------------------------------------------
# what cattrs does, made strict


def _scalar(value: Any, into: Any) -> Any:
    if issubclass(into, Enum):  # class Colour(str, Enum)
        return into(value)
    base = next(scalar for scalar in (bool, int, float, str) if issubclass(into, scalar))
    given = value.__class__
    if given is base or (base is float and given is int) or (base is int and given is float and value.is_integer()):
        return into(value)
    raise TypeError(f"{_KINDS[base]} is expected, not {_described(value)}")


def _decimal(value: Any, _into: Any) -> Decimal:
    if type(value) not in (int, float, str):
        raise TypeError(f"a number is expected, not {_described(value)}")
    try:
        return Decimal(str(value))  # 0.1 is meant, not what is next to it in binary
    except ArithmeticError:
        raise ValueError(f"a number is expected, not {_described(value)}") from None


def _integer_name(value: str, _into: Any) -> int:
    return int(value)


def _literal(into: Any) -> Hook:
    options = [(option.value if isinstance(option, Enum) else option, option) for option in get_args(into)]

    def hook(value: Any, _into: Any) -> Any:
        for raw, option in options:
            if raw == value and type(raw) is type(value):  # 1 == True
                return option
        raise ValueError(f"{' or '.join(repr(raw) for raw, _ in options)} is expected, not {_described(value)}")

    return hook


def _object(into: Any, converter: Any) -> Hook:
    from cattrs import gen  # noqa: PLC0415  # an extra

    # cattrs leaves a part of its type open.
    mapping: Any = gen.make_mapping_structure_fn  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    origin: Any = get_origin(into) or into
    if fields_of(into) is None:
        name = next(iter(get_args(into)), str)
        name = _IntegerName if peel(name) is int else name  # the names of an object are texts
        inner = mapping(into, converter, key_type=name)
    elif issubclass(origin, dict):
        inner = converter.gen_structure_typeddict(_resolved(into))
    else:
        if is_dataclass(origin):  # as attrs.resolve_types does it; cattrs itself does not look into list["Node"]
            hints = get_type_hints(origin, include_extras=True)
            for field in fields(origin):
                field.type = hints[field.name]
        inner = converter.gen_structure_attrs_fromdict(into)

    def hook(value: Any, _into: Any) -> Any:
        if value.__class__ is not dict:
            raise TypeError(f"an object is expected, not {_described(value)}")
        return inner(value, into)

    return hook


@lru_cache(maxsize=256)
def _resolved(into: Any) -> Any:
    """Return a TypedDict with its annotations resolved.

    cattrs asks the class which names are required; where annotations are postponed, that does not know NotRequired.
    """
    known: Any = fields_of(into)
    hints = {field.name: (NotRequired if field.may_be_absent else Required)[peel(field.type)] for field in known.all}
    new_class: Any = TypedDict  # checkers want to see its fields
    return new_class((get_origin(into) or into).__name__, hints)


def _array(into: Any, converter: Any) -> Hook:
    from cattrs.errors import IterableValidationError, IterableValidationNote  # noqa: PLC0415  # an extra

    group: Any = IterableValidationError
    collect: Callable[[list[Any]], Any] = ARRAYS[get_origin(into) or into]
    kinds = get_args(into) or (Any,)
    fixed = collect is tuple and get_args(into) != () and kinds[-1] is not Ellipsis
    hooks = [(converter.get_structure_hook(kind), kind) for kind in kinds if kind is not Ellipsis]

    def hook(value: Any, _into: Any) -> Any:
        if value.__class__ is not list:
            raise TypeError(f"an array is expected, not {_described(value)}")
        if fixed and len(value) != len(hooks):
            raise ValueError(f"an array of {len(hooks)} is expected, not of {len(value)}")
        made: list[Any] = []
        errors: list[Exception] = []
        for index, item in enumerate(value):
            one, wanted = hooks[index if fixed else 0]
            try:
                made.append(one(item, wanted))
            except Exception as error:  # noqa: BLE001  # told with the others
                error.add_note(IterableValidationNote(f"item {index}", index, wanted))
                errors.append(error)
        if errors:
            raise group("items", errors, into)
        return collect(made)

    return hook


def _union(into: Any, converter: Any) -> Hook:
    members = [member for member in get_args(into) if member is not NoneType]
    plain = [kind for kind in (NoneType, str, int, float, bool) if kind in get_args(into)]
    for member in members:
        converter.get_structure_hook(member)  # tells what it can't do now, not at the first value

    def hook(value: Any, _into: Any) -> Any:
        if type(value) in plain:
            return value
        kind = value.__class__ if value.__class__ in (dict, list) else None
        fitting = [member for member in members if kind_of(member) is kind or peel(member) is Any]
        if kind is dict:
            fitting = likely(fitting, value)
        if len(fitting) == 1 and (kind or len(members) == 1):
            return converter.structure(value, fitting[0])
        for member in fitting:
            with suppress(Exception):
                return converter.structure(value, member)
        raise TypeError(f"{_name(into)} is expected, not {_described(value)}")

    return hook


# ---------------------------------------------------------------------------------------------------------------------
# what is said


def _told(error: BaseException, steps: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Yield what a validator, or the user's own code in it, says is wrong, each with its place first."""
    place = format_path(steps)
    said: Any = error
    if hasattr(error, "group_exceptions"):  # cattrs
        placed, others = said.group_exceptions()
        for inner, note in placed:
            yield from _told(inner, (*steps, note.name if hasattr(note, "name") else note.index))
        for inner in others:
            yield from _told(inner, steps)
    elif hasattr(error, "error_count"):  # pydantic
        for one in said.errors(include_url=False, include_input=False):
            yield _at(format_path((*steps, *one["loc"])), one["msg"])
    elif isinstance(error, KeyError):
        # cattrs looks the fields up by their names: that one says no more.
        yield _at(place, "is missing" if steps and error.args == steps[-1:] else f"KeyError: {error}")
    else:
        text, _, inside = str(error).rpartition(" - at `$")  # msgspec; of another text all is in `inside`
        if text:
            place = (place + inside.rstrip("`")).lstrip(".")
        yield _at(place, text or inside or type(error).__name__)


def _forget_frames(error: BaseException) -> None:
    """Drop the tracebacks of the errors in a group: they know the frame in which the group was made, which knows them.

    Such a cycle would keep the document in memory until the collector finds it.
    """
    for inner in getattr(error, "exceptions", ()):
        inner.__traceback__ = None
        _forget_frames(inner)


def _at(place: str, text: str) -> str:
    return f"{place}: {text}" if place else text


def _described(value: Any) -> str:
    if type(value) in (dict, list):
        return "an object" if type(value) is dict else "an array"
    if value is None or type(value) is bool:
        return {None: "null", True: "true", False: "false"}[value]
    return shorten(value)


def _name(into: Any) -> str:
    """Return a type as its user writes it, without modules."""
    is_class = isinstance(into, type) and get_origin(into) is None
    return re.sub(r"[\w.<>]+\.", "", into.__qualname__ if is_class else repr(into))
