"""A document that a JSON text writes: by slots instead of paths, in document order, each value closed by its token.

    open container and key, or index + a value -> a version;   the open string + text -> a version;   a closing -> none

`put` and `grow` are the fast paths; whatever is unusual is left to `writer`: a name that is there already, a value that
may reach a limit. A container opens empty, and its values are put into it one after the other.

*Closings.* `closings` counts the values that were closed since the last change: the value that it wrote, the container
of that, and so on. So the version and this number say which values are finished (`_view.finished`); nothing is logged.

It does not know the text. Paths are refused: the parser holds the open containers, which a delta might replace.

Cost: O(1), and the text.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, cast

from .._errors import InvalidEventError
from .._json import MISSING
from .._limits import Limits
from .._paths import Path
from .change_log import MAX_FAST_BYTES, MAX_FAST_CHARS, NO_PATH, Lineage
from .document import Document
from .tree import Node, Step, Where, new_node

__all__ = ["TextDocument"]

_NO_PATH: Final = cast("Path", NO_PATH)


class TextDocument(Document):
    """A document whose values are put into open containers."""

    __slots__ = ("closes_values", "closings")

    def __init__(
        self,
        limits: Limits,
        *,
        prefix: Path = Path(),  # noqa: B008  # immutable
        replace: bool = False,
        in_order: bool = True,
        base: int = 0,
        lineage: Lineage | None = None,
    ) -> None:
        super().__init__(limits, prefix=prefix, replace=replace, in_order=in_order, base=base, lineage=lineage)
        self.closes_values = in_order  # else nothing is finished before the end
        self.closings: int = 0

    def put(self, node: Node, key: Step, value: Any, length: int, size: int) -> None:
        """Set the next slot of an open container. It closes nothing.

        `value` is null, a number or boolean within the limits, text without surrogates, or a new container; `length`
        its characters if it is text, else 0, and `size` its bytes and those of its name. Raises `LimitExceededError`.
        """
        # Hot: as `_add_next`, without the path.
        slots = node.entries
        is_object = node.is_object
        if (
            self.version < self.fast_until_version
            and size <= MAX_FAST_BYTES
            and (key not in slots if is_object else len(slots) < self.max_array_length)
        ):
            version = self.version + 1
            try:
                if self.node is not None:
                    self.seal_open_text()
                self.lengths.append(length)
                node.created_at.append(version)  # before its entry: INVARIANTS 2
                if is_object:
                    slots[key] = value
                else:
                    slots.append(value)
                self.nodes.append(node)
                self.keys.append(key)
                self.starts.append(version)
                self.size += size
                self.node_count += 1
                self.delta = MISSING if type(value) is Node else value
                self.has_no_listener = node.no_listener_epoch is self.listener_epoch
                self.closings = 0
                self.version = version  # last: INVARIANTS 1
            except BaseException:
                self.tear()
                raise
        else:
            given = self.admission.kind_of(value)
            if type(value) is Node:
                value = {} if value.is_object else []
            self.set_at(_NO_PATH, node, key, (), given, value)
            self.closings = 0

    def open(self, node: Node, key: Step, size: int, *, is_object: bool) -> Node:
        """Put an empty container into the next slot, and return it."""
        where: Where = None if node is self.root_slot else (node.where, key)
        self.put(node, key, new_node(where, is_object=is_object), 0, size)
        child: Node = node.entries[key]
        return child

    def grow(self, text: str) -> None:
        """Append text without surrogates to the string that the last change wrote. Raises `LimitExceededError`."""
        length = len(text)
        if (
            self.version < self.fast_until_version
            and 0 < length <= MAX_FAST_CHARS
            and (self.node is not None or self._open_last(NO_PATH))
        ):
            try:
                self.lengths.append(length)
                self.pieces.append(text)
                self.delta = text
                self.version += 1  # last: INVARIANTS 1
            except BaseException:
                self.tear()
                raise
        else:
            self.append_at(_NO_PATH, self.nodes[-1], self.keys[-1], text)

    def has_only_grown(self) -> bool:
        """Return whether the last event did nothing but extend the open string."""
        return not self.closings and super().has_only_grown()

    def go(self, path: str | Path, delta: Any) -> NoReturn:  # noqa: ARG002  # the signature of the base class
        """Refuse a delta."""
        raise _is_written_by_text()

    def set_value(self, path: str | Path, value: Any) -> NoReturn:  # noqa: ARG002  # as above
        """Refuse a value."""
        raise _is_written_by_text()


def _is_written_by_text() -> InvalidEventError:
    return InvalidEventError("this document is written by its JSON text: apply pieces of that, not deltas at a path")
