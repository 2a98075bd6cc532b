"""Annotations are unwrapped and rebuilt; no wrapper hides the type inside."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NewType, NotRequired, Optional, Required, Self, TypeVar

import pytest
from typing_extensions import ReadOnly, TypeAliasType

from streamjson._typed.annotations import (
    check_type,
    expand_aliases,
    inner_of,
    members_of,
    peel,
    qualifiers_of,
    replace_variables,
    strip_qualifiers,
)

T = TypeVar("T")
U = TypeVar("U")
Bound = TypeVar("Bound", bound=int)

Name = NewType("Name", str)
Names: Any = TypeAliasType("Names", list[Name])
Pair: Any = TypeAliasType("Pair", tuple[T, list[U]], type_params=(T, U))
Nothing: Any = TypeAliasType("Nothing", None)
Either: Any = TypeAliasType("Either", int | None)

INNER = {
    "class": (int, int),
    "list": (list[Name], list[Name]),
    "union": (int | None, int | None),
    "annotated": (Annotated[Names, "note"], Names),
    "final": (Final[Names], Names),
    "required": (Required[int], int),
    "read-only": (ReadOnly[NotRequired[int]], NotRequired[int]),
    "new type": (Name, str),
    "alias": (Names, list[Name]),
    "alias of null": (Nothing, None),
    "generic alias": (Pair[int, Name], tuple[int, list[Name]]),
    "generic alias without arguments": (Pair, tuple[T, list[U]]),
    "type variable": (T, T),
    "no type": ("text", "text"),
}


@pytest.mark.parametrize(("into", "inner"), INNER.values(), ids=INNER)
def test_a_wrapper_has_an_inner_type(into: Any, inner: Any) -> None:
    assert inner_of(into) == inner


def test_a_type_without_a_wrapper_is_returned_as_it_is() -> None:
    for into in (int, list[Name], int | None, T):
        assert inner_of(into) is into


@pytest.mark.parametrize(
    ("into", "peeled"),
    [
        (Annotated[Final[TypeAliasType("X", Name)], "note"], str),
        (T, Any),
        (Bound, int),
        (list[Name], list[Name]),
    ],
    ids=str,
)
def test_peel_removes_every_wrapper(into: Any, peeled: Any) -> None:
    assert peel(into) == peeled


@pytest.mark.parametrize(
    ("into", "members"),
    [
        (int, (int,)),
        (int | str | None, (int, str, type(None))),
        (Optional[Either], (int, type(None), type(None))),  # noqa: UP045  # aliases of the backport do not support |
        (Annotated[int | Annotated[str | list[int], "note"], "note"], (int, str, list[int])),
        (list[int | str], (list[int | str],)),
    ],
    ids=str,
)
def test_nested_unions_are_flattened(into: Any, members: Any) -> None:
    assert members_of(into) == members


def test_a_union_that_stays_whole_is_a_member() -> None:
    whole = Annotated[int | str, "whole"]
    assert members_of(list[int] | whole, lambda part: part is whole) == (list[int], whole)


@pytest.mark.parametrize(
    ("into", "bare", "qualifiers"),
    [
        (int, int, []),
        (Final[int], int, [Final]),
        (Annotated[Required[Annotated[int, "a"]], "b"], Annotated[int, "a", "b"], [Required]),
        (ReadOnly[NotRequired[int]], int, [ReadOnly, NotRequired]),
        (Annotated[int, "a"], Annotated[int, "a"], []),
        (Name, Name, []),
    ],
    ids=str,
)
def test_qualifiers_are_listed_and_removed(into: Any, bare: Any, qualifiers: Any) -> None:
    assert strip_qualifiers(into) == bare
    assert qualifiers_of(into) == qualifiers


REPLACED = {
    "variable": (T, int),
    "another variable": (U, U),
    "self": (Self, dict),
    "list": (list[T], list[int]),
    "deep": (Mapping[str, list[T | None]], Mapping[str, list[int | None]]),
    "tuple": (tuple[T, ...], tuple[int, ...]),
    "annotated": (Annotated[list[T], T], Annotated[list[int], T]),
    "generic alias": (Pair[T, Self], Pair[int, dict]),
    "literal": (Literal["T"], Literal["T"]),
}


@pytest.mark.parametrize(("into", "expected"), REPLACED.values(), ids=REPLACED)
def test_variables_are_replaced_at_any_depth(into: Any, expected: Any) -> None:
    assert replace_variables(into, {T: int, Self: dict}) == expected


def test_a_type_without_replaced_variables_is_returned_as_it_is() -> None:
    for into in (list[U], Annotated[int, "note"], int | None, Literal[1]):
        assert replace_variables(into, {T: int}) is into


@pytest.mark.parametrize(
    ("into", "expected"),
    [
        (Name, str),
        (dict[str, Names], dict[str, list[str]]),
        (Annotated[Pair[Name, Names], "note"], Annotated[tuple[str, list[list[str]]], "note"]),
        (Optional[Either], int | None),  # noqa: UP045  # as above
        (list[int], list[int]),
    ],
    ids=str,
)
def test_aliases_are_expanded_at_any_depth(into: Any, expected: Any) -> None:
    assert expand_aliases(into) == expected


@pytest.mark.parametrize(
    "into", [int, Any, list[int], int | None, Annotated[int, ""], Name, Names, Pair[int, str]], ids=str
)
def test_a_type_is_accepted(into: Any) -> None:
    check_type(into)


@pytest.mark.parametrize("into", [5, "int", None, [int], print], ids=str)
def test_an_object_that_is_not_a_type_is_refused(into: Any) -> None:
    with pytest.raises(TypeError, match=r"^into must be a type, such as a class or list\[Person\], not "):
        check_type(into)


class LazyAlias:
    """Like the result of `type Late = Unheard`: its names are looked up when its value is read."""

    @property
    def __value__(self) -> Any:
        raise NameError("name 'Unheard' is not defined")

    def __repr__(self) -> str:
        return "Late"


def test_check_type_refuses_an_alias_that_cannot_be_resolved() -> None:
    with pytest.raises(TypeError, match="the alias Late can't be resolved: name 'Unheard' is not defined"):
        check_type(LazyAlias())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the statement is new in Python 3.12")
def test_a_type_statement_is_a_wrapper() -> None:
    names: dict[str, Any] = {}
    exec("type Two[T] = tuple[T, T]\ntype Late = Unheard", names)

    assert inner_of(names["Two"][int]) == tuple[int, int]
    with pytest.raises(TypeError, match="the alias Late can't be resolved"):
        inner_of(names["Late"])


def test_peel_refuses_an_alias_that_cannot_be_resolved() -> None:
    class Lazy:
        """Like the result of `type Lazy = Nowhere` in Python 3.12."""

        @property
        def __value__(self) -> Any:
            raise NameError("name 'Nowhere' is not defined")

    with pytest.raises(TypeError, match="Nowhere"):
        peel(Lazy())
