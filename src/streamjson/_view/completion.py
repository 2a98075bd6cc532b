"""What a reader is told of a finished value: a `Completion`, a location and a version.

Which values are finished, and when, is decided in `finished`; who is told, in `_notify`. It never changes, costs
O(1) to make, and reads its value when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import define

from .._document import HOLE, Document, locate, read
from .._json import MISSING
from .._paths import Path
from .change import brief

__all__ = ["Completion", "Structurer", "structurer_of"]

T_co = TypeVar("T_co", covariant=True)

Structurer: TypeAlias = Callable[[Any, str], Any]
"""Makes an object of a value and the text of its path. Raises `StructureError`."""


@define(eq=False, repr=False)
class Completion(Generic[T_co]):
    """A value that is finished: what a callback of `on_complete` is given.

    `path` is where it is, `version` the version that shows it finished, `pattern` the text of the pattern that selects
    it. `revision` is 1, or 2 where the sender came back to a value that had been reported: then this, reported at the
    end of the stream, is what became of it.

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
        """The path that matched the pattern: that of the value, as in a `Change`."""
        return self.path

    @property
    def value(self) -> T_co:
        """The value, as plain objects of your own, or as an object of the type that `into` names.

        Read when first asked for, and kept. `MISSING` if it is `gone`.
        """
        return self._value  # type: ignore[no-any-return]

    @property
    def gone(self) -> bool:
        """Whether the value had been told, and is not there at the end."""
        return self._value is MISSING

    @cached_property
    def _value(self) -> Any:
        node, key, thing = locate(self._document, self.path, self.version)
        return MISSING if thing is HOLE else read(self._document, node, key, thing, self.version)

    def __repr__(self) -> str:
        revised = f", revision {self.revision}" if self.revision > 1 else ""
        return f"<Completion {self.version}{revised}: {brief(self.value)} at {str(self.path) or 'the root'}>"


def structurer_of(into: Any) -> Structurer | None:
    """Return what makes an `into` of a value; None for None. Raises as `_typed.validate.structurer`."""
    if into is None:
        return None
    from .._typed import structurer  # noqa: PLC0415  # it takes a tenth of the time to import all

    return structurer(into)
