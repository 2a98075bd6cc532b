"""A document that is built as a checkpoint describes it, instead of from a stream.

It writes what no delta can: which slot changed last, holes, pending surrogates, and a history that begins late. What it
is given may come from a damaged or forged checkpoint: values are checked against the limits as deltas are; steps are
checked by the caller (`_resume`).

Cost: linear in what is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._paths import Path
from .admission import SCALAR
from .change_log import NO_PATH
from .document import Document
from .surrogates import Half
from .tree import HOLE, Node, Step, current

__all__ = ["Restoration"]


class Restoration:
    """Builds a `document`, which is new and empty."""

    __slots__ = ("document",)

    def __init__(self, document: Document) -> None:
        self.document = document

    def set(self, node: Node, key: Step, value: Any) -> None:
        """Set a slot, as a version of its own."""
        admission = self.document.admission
        kind = admission.kind_of(value)
        if kind in SCALAR:
            value = admission.scalar(value)
        self.document.set_at(Path(), node, key, (), kind, value)

    def append(self, node: Node, key: Step, text: str) -> None:
        """Append to the string in a slot, as a version of its own."""
        self.document.append_at(Path(), node, key, text)

    def make_last(self, node: Node, key: Step) -> None:
        """Make a slot the one that the last version changed."""
        document = self.document
        document.nodes[-1], document.keys[-1] = node, key
        there = current(node, key)
        document.lengths.pop()
        document.count_length(len(there) if type(there) is str else 0)

    def make_hole(self, node: Node, step: Step) -> None:
        """Make a hole of an item that is null."""
        node.entries[step] = HOLE

    def finish(self, pending: Iterable[Half], repaired: Iterable[Half]) -> None:
        """End the restoration: the history begins here, and the next delta finds no open string."""
        document = self.document
        document.pending_surrogates.take_up(pending, repaired)
        document.oldest_version = document.untouched_version = document.version
        document.recount()
        document.fresh_path = document.open_path = NO_PATH
