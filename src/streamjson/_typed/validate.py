"""A finished value -> a validated object of the requested type.

pydantic validates what contains its models, and msgspec what contains its Structs. cattrs, which `strict` makes as
strict as these two, handles all other types; a model or a Struct inside such a type goes to its own validator. This
module decides which validator a type belongs to, and reports the findings of all of them in one form. It knows no
documents, paths or snapshots.

It owns a cache of 256 types. It imports each validator when a type needs it, not before.

Invariants: a type that no validator supports, wherever it stands in another type, is refused when a `Structurer` is
made; a call raises nothing but `StructureError`; the value is never changed.

pydantic and msgspec are given JSON, and decide as they do for JSON: a strict model accepts a date or a tuple only from
JSON. A model is as strict as its own configuration says. For attrs classes, dataclasses and TypedDicts, pydantic in its
strict mode also reads the types that JSON writes as texts (`bytes`, `UUID`, dates, times, durations, `Decimal`).

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
from .annotations import check_type, expand_aliases, inner_of, strip_qualifiers
from .schema import ARRAYS, OBJECTS, fields_of
from .strict import Convert, Converters, name_of

__all__ = ["Structurer", "structurer"]

T = TypeVar("T")

# Types that JSON writes as texts, and pydantic reads. By name, because most programs need none of their modules.
_TEXT_TYPES: Final = {
    "builtins.bytes",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "decimal.Decimal",
    "pathlib.Path",
    "uuid.UUID",
}
# The character that tells a date from a number: it stands in each date, after the first character.
_DATE_MARKS: Final = {"date": ("-", "a date"), "datetime": (":", "a date with a time")}
_MAX_SHOWN_PROBLEMS: Final = 5  # of one value
_MAX_PROBLEM_CHARS: Final = 300


@frozen(eq=False)
class Structurer(Generic[T]):
    """Makes objects of the type `into`. `structurer` makes it, and it may be called any number of times."""

    into: Any
    convert: Callable[[Any], T]

    def __call__(self, value: Any, path: str = "") -> T:
        """Return the value at `path` as an object of the type, or raise `StructureError`."""
        if value is MISSING:
            message = f"no value arrived, so there is no {name_of(self.into)}"
            raise StructureError(message, path=path, value=value, into=self.into)
        try:
            return self.convert(value)
        except Exception as error:
            try:
                problems = list(_problems(error))
            except Exception:  # noqa: BLE001  # the user's exception can't be printed
                problems = [type(error).__name__]
            _drop_tracebacks(error)
            hidden = len(problems) - _MAX_SHOWN_PROBLEMS
            more = f"; and {hidden} more" if hidden > 0 else ""
            shown = "; ".join([problem[:_MAX_PROBLEM_CHARS] for problem in problems[:_MAX_SHOWN_PROBLEMS]])
            raise StructureError(
                f"{path or 'the root'} does not fit {name_of(self.into)}: {shown}{more}",
                path=path,
                value=value,
                into=self.into,
            ) from error


@overload
def structurer(into: type[T]) -> Structurer[T]: ...
@overload
def structurer(into: Any) -> Structurer[Any]: ...
def structurer(into: Any) -> Structurer[Any]:
    """Return a function that makes an `into` from a plain value.

    `into` is an attrs class, a dataclass, a TypedDict, a msgspec Struct, a pydantic model, or any type made of these
    and of the types of JSON. Raises `TypeError` for a type that no validator supports, and `ModuleNotFoundError` if the
    package that supports it is not installed.
    """
    check_type(into)
    try:
        hash(into)
    except Exception:  # noqa: BLE001  # unhashable metadata in Annotated, or a metaclass of the user
        return _make_structurer(into, "")
    return _cached_structurer(into, repr(into))


def _make_structurer(into: Any, _repr: str) -> Structurer[Any]:
    try:
        return Structurer(into, _converter(strip_qualifiers(into)))
    except ImportError as error:
        raise ModuleNotFoundError(
            f"into={name_of(into)} needs {error.name}: pip install 'streamjson-assembler[typed]'", name=error.name
        ) from error
    except Exception as error:
        raise TypeError(f"into={name_of(into)} can't be made from JSON: {error}") from error


# It keeps classes alive, so it has a limit. The repr is in the key: int | str equals str | int, but has another order.
_cached_structurer = lru_cache(maxsize=256)(_make_structurer)


# ---------------------------------------------------------------------------------------------------------------------
# which validator handles a type


def _converter(into: Any) -> Convert:
    return Converters(_foreign).of(into) if (foreign := _foreign(into)) is None else foreign()


def _foreign(into: Any) -> Callable[[], Convert] | None:
    """Return a function that makes the converter of a type, or None for a type that `Converters` handles."""
    validator = _validator_of(into)
    if validator in _CONVERTER_MAKERS:
        return partial(_foreign_converter, validator, into)
    if isinstance(into, type) and f"{into.__module__.partition('.')[0]}.{into.__qualname__}" in _TEXT_TYPES:
        return partial(_text_converter, into)
    return None


def _foreign_converter(validator: str, into: Any) -> Convert:
    if others := _constraint_packages(into) - {validator}:
        raise TypeError(f"its validator, {validator}, ignores the constraints of {others.pop()}")
    return _CONVERTER_MAKERS[validator](into)


def _validator_of(into: Any, above: tuple[Any, ...] = ()) -> str:
    """Return the validator of a type: `"pydantic"`, `"msgspec"`, `"cattrs"`, or `""` if any of them supports it.

    `above` holds the wrappers around the type, because an alias may contain itself.
    """
    if into in above:
        return ""
    inner = inner_of(into)
    if inner is not into:
        return max(_constraint_packages_here(into), default="") or _validator_of(inner, (*above, into))
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
    validators = {_validator_of(argument, above) for argument in get_args(into)} - {""}
    if validators == {"msgspec"} and origin in (*ARRAYS, *OBJECTS) and _is_custom_type(origin):
        return "cattrs"
    return validators.pop() if len(validators) == 1 else "cattrs" if validators else ""


def _constraint_packages(into: Any, above: tuple[Any, ...] = ()) -> set[str]:
    """Return the packages of all constraints inside a type."""
    if into in above:
        return set()
    inner = inner_of(into)
    if inner is not into:
        return _constraint_packages_here(into) | _constraint_packages(inner, (*above, into))
    arguments = () if get_origin(into) is Literal else get_args(into)
    return {package for argument in arguments for package in _constraint_packages(argument, above)}


def _constraint_packages_here(into: Any) -> set[str]:
    """Return the packages of the constraints in the outermost `Annotated` of a type."""
    packages: set[str] = set()
    for metadata in into.__metadata__ if get_origin(into) is Annotated else ():
        modules = {base.__module__.partition(".")[0] for base in type(metadata).__mro__}
        if modules & {"pydantic", "annotated_types"} or hasattr(metadata, "__get_pydantic_core_schema__"):
            packages.add("pydantic")
        elif "msgspec" in modules:
            packages.add("msgspec")
    return packages


def _pydantic_converter(into: Any, config: Any = None) -> Convert:  # a model has its own configuration
    from pydantic import TypeAdapter  # noqa: PLC0415  # an extra
    from pydantic_core import to_json  # noqa: PLC0415

    adapter: Any = TypeAdapter(into, config=config)
    adapter.rebuild(raise_errors=True)  # so that an unresolved name raises now, not at the first value
    return lambda value: adapter.validate_json(to_json(value))


def _text_converter(into: Any) -> Convert:
    convert = _pydantic_converter(into, {"strict": True, "val_json_bytes": "base64"})
    mark, expected = _DATE_MARKS.get(into.__qualname__, ("", ""))

    def convert_date(value: Any) -> Any:
        date = convert(value)
        if isinstance(value, str) and mark not in value[1:]:  # pydantic reads a number in a text as seconds since 1970
            raise ValueError(f"{expected} is expected, not {shorten(value)}")
        return date

    return convert_date if mark else convert


def _msgspec_converter(into: Any) -> Convert:
    from msgspec.inspect import type_info  # noqa: PLC0415  # an extra
    from msgspec.json import Decoder, encode  # noqa: PLC0415

    def foreign(into: Any, value: Any) -> Any:
        try:
            return structurer(into).convert(value)
        except Exception as error:
            raise ValueError("; ".join(_problems(error))) from error  # msgspec adds the location

    into = expand_aliases(into)  # msgspec does not support aliases
    # Both make an unsupported type raise now, not at the first value.
    decoder: Any = Decoder(into, dec_hook=foreign)
    for custom in _custom_types(type_info(into)):
        _converter(custom)
    return lambda value: decoder.decode(encode(value))  # convert() is laxer about the keys of a dict


def _is_custom_type(into: Any) -> bool:
    """Return whether msgspec leaves a type to its hook."""
    from msgspec.inspect import CustomType, type_info  # noqa: PLC0415  # as above

    return isinstance(type_info(into), CustomType)


def _custom_types(info: Any) -> Iterator[Any]:
    """Yield the classes inside a type that msgspec leaves to its hook."""
    from msgspec.inspect import CustomType, Field, Type  # noqa: PLC0415  # as above

    seen: set[int] = set()  # a recursive class contains itself
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


_CONVERTER_MAKERS: Final[dict[str, Callable[[Any], Convert]]] = {
    "pydantic": _pydantic_converter,
    "msgspec": _msgspec_converter,
}


# ---------------------------------------------------------------------------------------------------------------------
# messages


def _problems(error: BaseException, steps: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Yield the problems that a validator, or the user's code in it, has found, each after its location."""
    location = format_path(steps)
    raised: Any = error
    if hasattr(error, "group_exceptions"):  # cattrs
        located, others = raised.group_exceptions()
        for inner, note in located:
            yield from _problems(inner, (*steps, note.name if hasattr(note, "name") else note.index))
        for inner in others:
            yield from _problems(inner, steps)
    elif hasattr(error, "error_count"):  # pydantic
        for one in raised.errors(include_url=False, include_input=False):
            yield _with_location(format_path((*steps, *one["loc"])), one["msg"])
    elif isinstance(error, KeyError):
        # cattrs looks up fields by name: a KeyError of just that name means that the field is missing.
        yield _with_location(location, "is missing" if steps and error.args == steps[-1:] else f"KeyError: {error}")
    else:
        text, _, inside = str(error).rpartition(" - at `$")  # msgspec; any other message is in `inside` as a whole
        if text:
            location = (location + inside.rstrip("`")).lstrip(".")
        yield _with_location(location, text or inside or type(error).__name__)


def _drop_tracebacks(error: BaseException) -> None:
    """Drop the tracebacks of the errors in a group.

    They refer to the frame that made the group, and that frame refers to them. The cycle would keep the document in
    memory until the garbage collector finds it.
    """
    for inner in getattr(error, "exceptions", ()):
        inner.__traceback__ = None
        _drop_tracebacks(inner)


def _with_location(location: str, text: str) -> str:
    return f"{location}: {text}" if location else text
