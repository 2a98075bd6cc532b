"""An object for each event is made as `Class()` without `__init__`, and four stores: 40 % less than attrs' `__init__`.

A cached property in a class with slots is rejected: attrs gives such a class a `__getattr__`, which makes every
attribute of the class three times as slow to read. Taken instead: a slot that stays unset until the first read, and
`except AttributeError`. Only readers of the value pay for it: to read it again takes 36 ns instead of 25, and the first
time a tenth more.

CPython 3.11.7 (compiled without profile-guided optimization, x86_64), attrs 26.1; nanoseconds, the fastest of
several runs. The first table includes an empty call.

| make an object of four fields | ns | |
|---|---|---|
| an empty call | 15 | |
| attrs, `__init__` | 98 | rejected |
| attrs, frozen, `__init__` | 276 | rejected |
| `Class()`, four stores | 58 | taken |
| `object.__new__(Class)`, four stores | 73 | taken where the class must keep its `__init__`: `ServerSentEvent` |
| tuple subclass, `tuple.__new__` | 94 | rejected |
| tuple subclass, `Class(...)` | 78 | rejected |

| a class with slots that has | a cached property | an unset slot |
|---|---|---|
| read any attribute | 24 | 7 |
| read the value again | 25 | 36 |
| make an object and read its value | 453 | 506 |
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from _timing import fastest, heading, show
from attrs import define, frozen


@define(eq=False, repr=False)
class ByInit:
    """With the `__init__` of attrs."""

    document: object
    version: int
    kind: str
    delta: object


@frozen(eq=False, repr=False)
class Frozen:
    """The same, immutable."""

    document: object
    version: int
    kind: str
    delta: object


@define(init=False, eq=False, repr=False)
class Bare:
    """Without `__init__`: the caller stores the fields."""

    document: object
    version: int
    kind: str
    delta: object


class Tuple(tuple[object, int, str, object]):
    """A tuple whose named fields would be read by index."""

    __slots__ = ()


DOCUMENT = object()
_new_object = object.__new__
_new_tuple = tuple.__new__


def empty_call() -> None:
    pass


def by_init() -> object:
    return ByInit(DOCUMENT, 7, "append", "abcd")


def by_frozen_init() -> object:
    return Frozen(DOCUMENT, 7, "append", "abcd")


def by_stores() -> object:
    change = Bare()
    change.document = DOCUMENT
    change.version = 7
    change.kind = "append"
    change.delta = "abcd"
    return change


def by_new_and_stores() -> object:
    change = _new_object(Bare)
    change.document = DOCUMENT
    change.version = 7
    change.kind = "append"
    change.delta = "abcd"
    return change


def by_tuple_new() -> object:
    return _new_tuple(Tuple, (DOCUMENT, 7, "append", "abcd"))


def by_tuple_class() -> object:
    return Tuple((DOCUMENT, 7, "append", "abcd"))


# ----------------------------------------------------------------------------------------------------------------------
# a value that is computed at its first read


@define(init=False, eq=False, repr=False)
class Cached:
    """A cached property, for which attrs adds a `__getattr__` to a class with slots."""

    version: int

    @cached_property
    def value(self) -> str:
        """A value that takes time to compute."""
        return "value"


@define(init=False, eq=False, repr=False)
class Unset:
    """A slot that is unset until the first read."""

    version: int
    _value: str

    @property
    def value(self) -> str:
        """A value that takes time to compute."""
        try:
            return self._value
        except AttributeError:
            self._value = "value"
            return self._value


READS = 10


def read_version(thing: Cached | Unset) -> Callable[[], object]:
    thing.version = 7

    def read() -> None:
        _ = thing.version, thing.version, thing.version, thing.version, thing.version
        _ = thing.version, thing.version, thing.version, thing.version, thing.version

    return read


def read_value(thing: Cached | Unset) -> Callable[[], object]:
    def read() -> None:
        _ = thing.value, thing.value, thing.value, thing.value, thing.value
        _ = thing.value, thing.value, thing.value, thing.value, thing.value

    return read


def first_value_cached() -> object:
    return Cached().value


def first_value_unset() -> object:
    return Unset().value


def main() -> None:
    heading()
    ways = (empty_call, by_init, by_frozen_init, by_stores, by_new_and_stores, by_tuple_new, by_tuple_class)
    show("make an object of four fields", fastest({way.__name__: way for way in ways}, calls=10_000, rounds=50))
    show(
        "read an attribute of a class that has ...",
        fastest(
            {"a cached property": read_version(Cached()), "an unset slot": read_version(Unset())},
            calls=2_000,
            per=READS,
            rounds=50,
        ),
    )
    show(
        "read the value again",
        fastest(
            {"a cached property": read_value(Cached()), "an unset slot": read_value(Unset())},
            calls=2_000,
            per=READS,
            rounds=50,
        ),
    )
    show(
        "make an object and read its value for the first time",
        fastest({"a cached property": first_value_cached, "an unset slot": first_value_unset}, calls=4_000, rounds=50),
    )


if __name__ == "__main__":
    main()
