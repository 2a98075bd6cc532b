"""From a finished value to an object of the type that was asked for, validated.

pydantic validates what is made of its models, msgspec what is made of its Structs, and cattrs, which `strict` makes as
strict as these two, all other types; a model or a Struct in such a type goes to its own validator. This module decides
which validator a type belongs to, and reports in one form what each of them finds. It knows no document, path or
snapshot.

It owns what it remembers of up to 256 types. Each validator is imported when a type needs it, not before.

Invariants: a type that no validator knows, wherever it stands in another one, is refused when a `Structurer` is made;
of a call nothing escapes but `StructureError`; the value is never changed.

pydantic and msgspec are given JSON, and decide as they do for JSON: a strict model takes a date or a tuple only
from there. A model is as strict as its own configuration says. The types that JSON writes as texts (`bytes`, `UUID`,
dates, times, durations, `Decimal`) are read by pydantic, in its strict mode, for attrs classes, dataclasses and
TypedDicts, too.

Cost: a call is linear in the value; making a `Structurer` takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, get_args, get_origin, overload

from attrs import frozen

from .._errors import StructureError, shorten
from .._json import MISSING
from .._paths import format_path
from .annotations import check_type, expanded, inner_of, unqualified
from .schema import ARRAYS, OBJECTS, fields_of
from .strict import Convert, Converters, name_of

__all__ = ["Structurer", "structurer"]

T = TypeVar("T")

# Types that JSON writes as texts, and pydantic reads. By name, as most programs need none of their modules.
_TEXTS: Final = {
    "builtins.bytes",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "decimal.Decimal",
    "pathlib.Path",
    "uuid.UUID",
}
# What the text of a date has after its first character, and no number.
_DATES: Final = {"date": ("-", "a date"), "datetime": (":", "a date with a time")}
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
            message = f"nothing came, so there is no {name_of(self.into)}"
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
                f"{path or 'the root'} does not fit {name_of(self.into)}: {what}{more}",
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
        return Structurer(into, _converter(unqualified(into)))
    except ImportError as error:
        raise ModuleNotFoundError(
            f"into={name_of(into)} needs {error.name}: pip install 'streamjson-assembler[typed]'", name=error.name
        ) from error
    except Exception as error:
        raise TypeError(f"into={name_of(into)} can't be made of JSON: {error}") from error


# Classes are kept alive by this, so it has a bound. int | str equals str | int, but is not written so.
_remembered = lru_cache(maxsize=256)(_made)


# ---------------------------------------------------------------------------------------------------------------------
# who does what


def _converter(into: Any) -> Convert:
    return Converters(_foreign).of(into) if (foreign := _foreign(into)) is None else foreign()


def _foreign(into: Any) -> Callable[[], Convert] | None:
    """Return a function that makes the converter of a type, or None for a type that is left to cattrs."""
    owner = _owner(into)
    if owner in _MAKERS:
        return partial(_owned, owner, into)
    if isinstance(into, type) and f"{into.__module__.partition('.')[0]}.{into.__qualname__}" in _TEXTS:
        return partial(_text, into)
    return None


def _owned(owner: str, into: Any) -> Convert:
    if others := _constraints(into) - {owner}:
        raise TypeError(f"its validator, {owner}, ignores the constraints of {others.pop()}")
    return _MAKERS[owner](into)


def _owner(into: Any, above: tuple[Any, ...] = ()) -> str:
    """Return the validator of a type: `"pydantic"`, `"msgspec"`, `"cattrs"`, or `""` where any of them can do it.

    `above` holds the wrappers around the type, as an alias may stand in itself.
    """
    if into in above:
        return ""
    inner = inner_of(into)
    if inner is not into:
        return max(_constraints_said(into), default="") or _owner(inner, (*above, into))
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
    owners = {_owner(argument, above) for argument in get_args(into)} - {""}
    if owners == {"msgspec"} and origin in (*ARRAYS, *OBJECTS) and _is_stranger(origin):
        return "cattrs"
    return owners.pop() if len(owners) == 1 else "cattrs" if owners else ""


def _constraints(into: Any, above: tuple[Any, ...] = ()) -> set[str]:
    """Return the packages whose constraints stand anywhere in a type."""
    if into in above:
        return set()
    inner = inner_of(into)
    if inner is not into:
        return _constraints_said(into) | _constraints(inner, (*above, into))
    arguments = () if get_origin(into) is Literal else get_args(into)
    return {package for argument in arguments for package in _constraints(argument, above)}


def _constraints_said(into: Any) -> set[str]:
    """Return the packages that understand what the outermost `Annotated` of a type says."""
    packages: set[str] = set()
    for said in into.__metadata__ if get_origin(into) is Annotated else ():
        modules = {base.__module__.partition(".")[0] for base in type(said).__mro__}
        if modules & {"pydantic", "annotated_types"} or hasattr(said, "__get_pydantic_core_schema__"):
            packages.add("pydantic")
        elif "msgspec" in modules:
            packages.add("msgspec")
    return packages


def _pydantic(into: Any, config: Any = None) -> Convert:  # a model has its own
    from pydantic import TypeAdapter  # noqa: PLC0415  # an extra
    from pydantic_core import to_json  # noqa: PLC0415

    adapter: Any = TypeAdapter(into, config=config)
    adapter.rebuild(raise_errors=True)  # raises what it can't resolve now, not at the first value
    return lambda value: adapter.validate_json(to_json(value))


def _text(into: Any) -> Convert:
    convert = _pydantic(into, {"strict": True, "val_json_bytes": "base64"})
    mark, expected = _DATES.get(into.__qualname__, ("", ""))

    def of_date(value: Any) -> Any:
        date = convert(value)
        if isinstance(value, str) and mark not in value[1:]:  # pydantic reads a number in a text as seconds since 1970
            raise ValueError(f"{expected} is expected, not {shorten(value)}")
        return date

    return of_date if mark else convert


def _msgspec(into: Any) -> Convert:
    from msgspec.inspect import type_info  # noqa: PLC0415  # an extra
    from msgspec.json import Decoder, encode  # noqa: PLC0415

    def foreign(into: Any, value: Any) -> Any:
        try:
            return structurer(into)._convert(value)
        except Exception as error:
            raise ValueError("; ".join(_told(error))) from error  # msgspec adds the place

    into = expanded(into)  # msgspec knows no alias
    # Both raise what can't be done now, not at the first value.
    decoder: Any = Decoder(into, dec_hook=foreign)
    for stranger in _strangers(type_info(into)):
        _converter(stranger)
    return lambda value: decoder.decode(encode(value))  # convert() is laxer about the keys of a dict


def _is_stranger(into: Any) -> bool:
    """Return whether msgspec leaves a type to its hook."""
    from msgspec.inspect import CustomType, type_info  # noqa: PLC0415  # as above

    return isinstance(type_info(into), CustomType)


def _strangers(info: Any) -> Iterator[Any]:
    """Yield the classes, anywhere in a type, that msgspec leaves to its hook."""
    from msgspec.inspect import CustomType, Field, Type  # noqa: PLC0415  # as above

    seen: set[int] = set()  # a recursive class stands in itself
    below: list[Any] = [info]
    while below:
        one = below.pop()
        if isinstance(one, CustomType):
            yield one.cls
        elif isinstance(one, tuple):
            below += one
        elif isinstance(one, Field):
            below.append(one.type)
        elif isinstance(one, Type) and id(one) not in seen:
            seen.add(id(one))
            below.extend(getattr(one, name) for name in one.__struct_fields__)


_MAKERS: Final[dict[str, Callable[[Any], Convert]]] = {"pydantic": _pydantic, "msgspec": _msgspec}


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
