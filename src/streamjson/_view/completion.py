"""A `Completion` reports a finished value: a location and a version.

`finished` decides which values are finished, and when; `_notify` decides which listeners receive them. A completion
never changes, is made in O(1), and reads its value on request.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import define

from .._document import HOLE, Document, locate, read
from .._errors import StructureError
from .._json import MISSING
from .._paths import Path
from .change import brief

__all__ = ["Completion", "Structurer", "convert", "structurer_of"]

T_co = TypeVar("T_co", covariant=True)

Structurer: TypeAlias = Callable[[Any, str], Any]
"""Turns a value, and the text of its path, into an object. Raises `StructureError`."""


@define(eq=False, repr=False)
class Completion(Generic[T_co]):
    """A finished value, as a callback of `on_complete` receives it.

    `path` is its location, `version` the version that shows it finished, and `pattern` the text of the pattern that
    selects it. `revision` is 1, or 2 if the sender returned to a value that had been reported: this completion, at the
    end of the stream, then has the final value.

    >>> import streamjson as sj
    >>> assembler = sj.Assembler()
    >>> handle = assembler.on_complete("people[*].name", print)
    >>> _ = assembler.apply_delta("people[0].name", "Jane"), assembler.apply_delta("people[0].name", " Doe")
    >>> _ = assembler.apply_delta("people[0].age", 34)
    <Completion 2: 'Jane Doe' at people[0].name>
    """

    _document: Document
    path: Path
    version: int
    revision: int
    pattern: str = ""

    @property
    def match(self) -> Path:
        """The path that matched the pattern, which is `path`. A `Change` has the same attribute."""
        return self.path

    @property
    def value(self) -> T_co:
        """The value, as plain objects of your own, or as an object of the type that `into` names.

        Read on first use, and kept. `MISSING` if the value is `gone`.
        """
        return self._value  # type: ignore[no-any-return]

    @property
    def gone(self) -> bool:
        """Whether the value had been reported, and no longer exists at the end."""
        return self._value is MISSING

    @cached_property
    def _value(self) -> Any:
        node, key, thing = locate(self._document, self.path, self.version)
        return MISSING if thing is HOLE else read(self._document, node, key, thing, self.version)

    def __repr__(self) -> str:
        revised = f", revision {self.revision}" if self.revision > 1 else ""
        return f"<Completion {self.version}{revised}: {brief(self.value)} at {str(self.path) or 'the root'}>"


def structurer_of(into: Any) -> Structurer | None:
    """Return the function that turns a value into an `into`; None for None. Raises as `_typed.validate.structurer`."""
    if into is None:
        return None
    from .._typed import structurer  # noqa: PLC0415  # it would be a tenth of the import time of the library

    return structurer(into)


def convert(done: Completion[Any], structurer: Structurer, skips: Callable[[StructureError], bool]) -> bool:
    """Convert the value of a completion to its type; return False for a misfit that `skips` passes over.

    A value that is gone is not converted. Raises `StructureError` for a misfit that is not passed over.
    """
    if not done.gone:
        try:
            done._value = structurer(done.value, str(done.path))  # noqa: SLF001  # the value is kept where it is read
        except StructureError as error:
            if not skips(error):
                raise
            return False
    return True
