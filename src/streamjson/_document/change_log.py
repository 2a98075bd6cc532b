"""The log of a document: which slot each version changed, and the string that is growing. Only `document` writes it.

**A version** counts the changes. Nothing that a version showed is ever lost, so a snapshot is a version number.

- *Runs.* Consecutive changes at one location form a run: an item each in `starts` (its first version), and in `nodes`
  and `keys` (its slot). `lengths[version - base]` is the number of characters that a version added to a string.
  So a string at a version is given by its length: the length before the run, plus the sum over the run so far.
- *Texts.* A string that was set is in its slot as a plain string. When it grows, it is opened: a `Text`, a list of
  pieces, takes its place. When its run ends, a plain string takes the place of the `Text`, so that no extra object
  remains. A string that grows in a second run becomes a `Text` for good, which records its runs.
- *Readers* may be in other threads, and do not wait; a signal handler may raise between any two writes. `INVARIANTS.md`
  has the rules that make both safe.

It owns the log, the open string, and the count of bytes and values. The fast paths of `document` check no limit while
short deltas (at most 255 bytes of text, or a plain scalar) cannot use up what is left: `fast_until_version` is the last
version for which that holds. `recount` counts what was received since, and sets it again.
It does not know which delta may land on which content.

Cost: two appends for a piece. Memory: a byte for a version, three references for a run.
"""

from __future__ import annotations

from array import array
from typing import Any, Final, Literal, TypeAlias

from .._json import MISSING, utf8_size
from .admission import Admission
from .surrogates import PendingSurrogates
from .tree import Node, Step, Text

__all__ = ["MAX_FAST_BYTES", "MAX_FAST_CHARS", "MAX_UNCOUNTED_DELTAS", "NO_PATH", "ChangeLog", "Kind", "Lineage"]

Kind: TypeAlias = Literal["append", "set"]

# Pieces are joined and counted after at most this many deltas.
MAX_UNCOUNTED_DELTAS: Final = 1024
# Characters, and bytes, of a delta that may be counted later: what an item of a bytearray holds.
MAX_FAST_BYTES: Final = 255
# Characters of any kind that have at most `MAX_FAST_BYTES` bytes.
MAX_FAST_CHARS: Final = MAX_FAST_BYTES // 4
NO_PATH: Final = object()  # equal to no path


class Lineage:
    """The identity of a document and of those that it is reset to; a restored document has another."""

    __slots__ = ("__weakref__",)


class ChangeLog:
    """The changes of a document, one after the other. `starts`, `nodes` and `keys` are the runs."""

    __slots__ = (
        "admission",
        "base",
        "closed",
        "delta",
        "fast_until_version",
        "fresh_path",
        "in_order",
        "key",
        "keys",
        "lengths",
        "lineage",
        "locked_by",
        "node",
        "node_count",
        "nodes",
        "open_path",
        "pending_surrogates",
        "pieces",
        "scratch",
        "size",
        "starts",
        "sums",
        "text",
        "torn",
        "uncounted",
        "version",
    )  # fmt: skip

    def __init__(self, admission: Admission, *, in_order: bool, base: int, lineage: Lineage | None) -> None:
        self.admission = admission
        self.in_order = in_order  # whether the next change elsewhere repairs a pending surrogate, and finishes a value
        self.node_count: int = 0
        self.size: int = 0
        # Version `base` is the empty document. A reset begins the next document of the same lineage.
        self.base = self.version = base
        self.lineage = Lineage() if lineage is None else lineage
        self.starts: list[int] = []
        self.nodes: list[Node] = []
        self.keys: list[Step] = []
        self.lengths: bytearray | array[int] = bytearray(1)
        self.sums = [0]  # of `lengths`, from the start to the end of each block; for `history`
        self.delta: Any = MISSING  # of the last change; `MISSING` for a container, which is read on request
        # The open string: slot `key` of `node`, and the text of the path that led to it.
        self.node: Node | None = None
        self.key: Step = 0
        self.text = self.scratch = Text([])
        self.pieces = self.text.pieces
        self.open_path: object = NO_PATH
        self.fresh_path: object = NO_PATH  # of the last set: if it set a string, the next text there opens it
        self.uncounted: list[Text] = []  # other texts, with pieces that are not yet included in `size`
        # Any of these closes the fast paths: the document is closed or torn, a surrogate is pending (if not `in_order`,
        # only the paths to its string), or the document is locked.
        self.fast_until_version = base
        self.closed = False
        self.torn = False
        self.pending_surrogates = PendingSurrogates()
        self.locked_by: Literal["", "callbacks", "unawaited"] = ""

    def is_newest(self, version: int) -> bool:
        """Return whether no version after `version` has begun. A reader asks this after its read: INVARIANTS 3."""
        return len(self.lengths) == version - self.base + 1

    def tear(self) -> None:
        """Refuse every further delta, because a write was interrupted. Whole versions can still be read."""
        self.closed = self.torn = True
        self.fast_until_version = -1

    def _log(self, version: int, node: Node, key: Step) -> None:
        self.nodes.append(node)
        self.keys.append(key)
        self.starts.append(version)
        self.fresh_path = NO_PATH

    def count_length(self, length: int) -> None:
        try:
            self.lengths.append(length)
        except ValueError:  # the first length that does not fit in a byte
            self.lengths = array("I", iter(self.lengths))
            self.lengths.append(length)

    def _is_open(self, node: Node, key: Step) -> bool:
        """Return whether a delta to this string continues the last run. Opens the string if it was just set."""
        if node is self.node and key == self.key:
            return True
        return node is self.nodes[-1] and key == self.keys[-1] and self._open_last(NO_PATH)

    def _open_last(self, path: object) -> bool:
        """Open what the last change has set, so that it grows in the same run. Return whether it is a plain string."""
        self.fresh_path = NO_PATH
        node, key = self.nodes[-1], self.keys[-1]
        slots = node.entries
        first = slots[key]
        if type(first) is not str:
            return False
        try:
            self.text = text = self.scratch
            self.pieces = text.pieces = [first]
            text.counted, text.merged = 1, 0
            text.size = len(first) if first.isascii() else utf8_size(first)
            slots[key] = text
            self.node, self.key, self.open_path = node, key, path
        except BaseException:
            self.tear()
            raise
        return True

    def seal_open_text(self) -> None:
        """End the open run, and seal its string. Nothing is lost, and readers see no difference."""
        node = self.node
        if node is None:
            return
        self.open_path = NO_PATH  # before the pieces go: `Snapshot.get` checks it
        text = self.text
        if text is self.scratch:
            whole = node.entries[self.key] = "".join(text.pieces)
            self.size += (len(whole) if whole.isascii() else utf8_size(whole)) - text.size
            self.pieces = text.pieces = []  # a new list: a reader may be using the old one
            text.forget()
        self.node = None

    def recount(self) -> None:
        """Count what was received, and set how far the fast paths may go: to no limit, and past no repair."""
        self.count_pending()
        self.set_budget()

    def count_pending(self) -> None:
        """Count and join new pieces of strings, so that they take the memory of their text and not of many objects."""
        try:
            for text in self.uncounted:
                self.count(text)
            self.uncounted.clear()
            if self.node is not None:
                self.count(self.text)
                if self.text is not self.scratch:
                    self.uncounted.append(self.text)  # it may grow further in this run
        except BaseException:
            self.tear()
            raise

    def count(self, text: Text) -> None:
        """Count and join the pieces that a string has gained since it was last counted."""
        pieces, counted = text.pieces, text.counted
        if len(pieces) <= counted:
            return
        block = "".join(pieces[counted:])
        size = utf8_size(block)
        text.size += size
        self.size += size
        read, joins, count, string = text.known
        if read is pieces and joins == text.joins and count > counted + 1:  # a reader has joined these pieces already
            rest = "".join(pieces[count:])
            text.rejoin(0, [string, rest] if rest else [string])
            text.known = (pieces, text.joins, 1, string)
            text.counted, text.merged = len(pieces), 1
            return
        if len(pieces) > counted + 1:
            text.rejoin(counted, [block])
        text.counted += 1
        if text.counted - text.merged >= MAX_UNCOUNTED_DELTAS:
            # Blocks of blocks: a character is copied twice, not once for each block.
            text.rejoin(text.merged, ["".join(pieces[text.merged :])])
            text.merged += 1
            text.counted = text.merged

    def _size_of_last(self) -> int:
        """Return the size in bytes of the string that the next delta may extend; 0 if there is none."""
        if self.node is not None:
            return self.text.size
        last = self.nodes[-1].entries[self.keys[-1]] if self.nodes else None
        return utf8_size(last) if type(last) is str else 0

    def set_budget(self) -> None:
        self.fast_until_version = self.version
        waiting = len(self.pending_surrogates)
        if not (waiting and self.in_order) and not self.closed and not self.locked_by:
            bounds = self.admission.bounds
            string = bounds["max_string_bytes"] - self._size_of_last()
            document = bounds["max_document_bytes"] - self.size - 3 * waiting
            nodes = (bounds["max_nodes"] - self.node_count) // 2
            runs = bounds["max_runs"] - len(self.starts) - waiting
            self.fast_until_version += max(
                0, min(MAX_UNCOUNTED_DELTAS, string // MAX_FAST_BYTES, document // (2 * MAX_FAST_BYTES), nodes, runs)
            )

    def _text(self, node: Node, key: Step) -> Text:
        """Return the string of a slot as a `Text`, which can grow."""
        text = node.entries[key]
        if type(text) is not Text:
            text = node.entries[key] = Text([text], [len(text)], [], 1, 1, utf8_size(text))
        return text
