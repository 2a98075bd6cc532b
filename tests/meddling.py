"""Containers at which somebody writes while they are read, as another thread may between any two instructions.

Each calls `write` once: before it answers the first question, or the first of one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["MeddledDict", "MeddledList"]

Write = Callable[[], object]


class MeddledList(list[Any]):
    """A list; `write` is called when an item or a part of it is asked for."""

    def __init__(self, items: list[Any], write: Write) -> None:
        super().__init__(items)
        self.writes = [write]

    def __getitem__(self, key: Any) -> Any:
        while self.writes:
            self.writes.pop()()
        return super().__getitem__(key)


class MeddledDict(dict[str, Any]):
    """A dict; `write` is called when a member is asked for, or the names.

    With `late`, it is when the names are asked for from behind, between that and the first of them.
    """

    def __init__(self, members: dict[str, Any], write: Write, *, late: bool = False) -> None:
        super().__init__(members)
        self.writes = [write]
        self.late = late

    def meddle(self) -> None:
        while self.writes:
            self.writes.pop()()

    def __getitem__(self, name: str) -> Any:
        if not self.late:
            self.meddle()
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        if not self.late:
            self.meddle()
        return super().__iter__()

    def __reversed__(self) -> Iterator[str]:
        if not self.late:
            self.meddle()
        names = super().__reversed__()
        self.meddle()
        return names
