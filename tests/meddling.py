"""Containers that write to the document while they are read, as another thread may between any two instructions.

Each calls `write` once: before the first read, or before the first read of one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["MeddledDict", "MeddledList"]

Write = Callable[[], object]


class MeddledList(list[Any]):
    """A list that calls `write` when an item or a slice is read."""

    def __init__(self, items: list[Any], write: Write) -> None:
        super().__init__(items)
        self.writes = [write]

    def __getitem__(self, key: Any) -> Any:
        while self.writes:
            self.writes.pop()()
        return super().__getitem__(key)


class MeddledDict(dict[str, Any]):
    """A dict that calls `write` when a member or the names are read.

    With `late`, it is called only by a reversed iteration, after the iterator was made and before its first name.
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
