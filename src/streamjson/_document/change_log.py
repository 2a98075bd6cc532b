"""The log of a document: which version changed what, and the string that is growing. Who writes it is `document`.

**A version** counts the changes. Nothing that a version showed is ever lost, so a snapshot is a version number.

- *Runs.* Consecutive changes at one location are one entry of the log: `starts`, `nodes` and `keys` tell at which
  version a run began, and where. `lengths[version - base]` tells how many characters a version added to a string.
  So a string at a version is a length: what was there before the run, and the sum over the run so far.
- *Texts.* A string that was set stands in its slot as it is. When it grows it is opened: a `Text`, a list of pieces,
  takes its place, and when its run ends a plain string again, so that no object of ours remains. One that is visited
  again is a `Text` for good, with the runs that it grew in.
- *Readers* may be in other threads, and do not wait; a signal handler may raise between any two writes. `INVARIANTS.md`
  has the rules that make both safe.

It owns the log, the string that is open, and the count of what was received. The hot ways of `document` look at no
limit while deltas of their kind (at most 255 bytes of text, or a plain scalar) can't use up what is left: `hot_until`
is the last version for which that holds. `settle` counts what came since, and sets it anew.
It does not know what may land on what.

Cost: a piece, two appends. Memory: a byte a version, three references a run.
"""

from __future__ import annotations

from array import array
from typing import Any, Final, Literal, TypeAlias

from .._json import MISSING, utf8_size
from .admission import Intake
from .surrogates import PendingSurrogates
from .tree import Node, Step, Text

__all__ = ["CALM", "NO_PATH", "SHORT", "WIDE", "Kind", "Log"]

Kind: TypeAlias = Literal["append", "set"]

CALM: Final = 1024  # Deltas after which pieces are joined and counted at the latest.
SHORT: Final = 255  # Characters, and bytes, of a delta that may be counted later: what a bytearray's item holds.
WIDE: Final = SHORT // 4  # Characters, whatever they are, that have at most so many bytes.
NO_PATH: Final = object()  # equal to no path


class Log:
    """What a document has got, change by change. Its `starts`, `nodes` and `keys` are the runs."""

    __slots__ = (
        "base", "closed", "delta", "fresh_path", "halves", "held", "hot_until", "in_order", "intake", "key", "keys",
        "lengths", "lineage", "node", "node_count", "nodes", "open_path", "pieces", "scratch", "size", "starts", "sums",
        "text", "torn", "uncounted", "version",
    )  # fmt: skip

    def __init__(self, intake: Intake, *, in_order: bool, base: int, lineage: object) -> None:
        self.intake = intake
        self.in_order = in_order  # whether a half is repaired when its string is left, and a value finished then
        self.node_count: int = 0
        self.size: int = 0
        # Version `base` is the empty document; documents of one lineage follow each other by reset.
        self.base = self.version = base
        self.lineage = object() if lineage is None else lineage
        self.starts: list[int] = []
        self.nodes: list[Node] = []
        self.keys: list[Step] = []
        self.lengths: bytearray | array[int] = bytearray(1)
        self.sums = [0]  # of `lengths`, block by block; for `history`
        self.delta: Any = MISSING  # what the last change said; `MISSING` for a container, which is read when asked for
        # The string that is open: slot `key` of `node`, and the text of the path that led there.
        self.node: Node | None = None
        self.key: Step = 0
        self.text = self.scratch = Text([])
        self.pieces = self.text.pieces
        self.open_path: object = NO_PATH
        self.fresh_path: object = NO_PATH  # to what the last change has set: if it is a string, it is opened to grow
        self.uncounted: list[Text] = []  # other texts that got something since they were counted
        # Why the hot ways may be closed: the document, halves of surrogate pairs that wait (if it is `in_order`; else
        # only those to their strings), who keeps it from changes.
        self.hot_until = base
        self.closed = False
        self.torn = False
        self.halves = PendingSurrogates()
        self.held: Literal["", "telling", "unawaited"] = ""

    def is_newest(self, version: int) -> bool:
        """Tell whether no later version has begun: asked after a read, whether that was of `version`."""
        return len(self.lengths) == version - self.base + 1

    def tear(self) -> None:
        """Refuse every further delta, as a write was broken off. What was whole can be read."""
        self.closed = self.torn = True
        self.hot_until = -1

    def _log(self, version: int, node: Node, key: Step) -> None:
        self.nodes.append(node)
        self.keys.append(key)
        self.starts.append(version)
        self.fresh_path = NO_PATH

    def count_length(self, length: int) -> None:
        try:
            self.lengths.append(length)
        except ValueError:  # the first that does not fit a byte
            self.lengths = array("I", iter(self.lengths))
            self.lengths.append(length)

    def _is_open(self, node: Node, key: Step) -> bool:
        """Tell whether the string of a slot goes on in the run that is open."""
        if node is self.node and key == self.key:
            return True
        return node is self.nodes[-1] and key == self.keys[-1] and self._open_last(NO_PATH)

    def _open_last(self, path: object) -> bool:
        """Open the string that the last change has set, so that it grows in the same run; tell whether it is one."""
        self.fresh_path = NO_PATH
        node, key = self.nodes[-1], self.keys[-1]
        slots = node.slots
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

    def _leave(self) -> None:
        """End the run that is open. Nothing of it is lost and nothing shows."""
        node = self.node
        if node is None:
            return
        self.open_path = NO_PATH  # before the pieces go: `Snapshot.get` looks at it
        text = self.text
        if text is self.scratch:
            whole = node.slots[self.key] = "".join(text.pieces)
            self.size += (len(whole) if whole.isascii() else utf8_size(whole)) - text.size
            self.pieces = text.pieces = []  # a new list: a reader may be at the old one
            text.forget()
        self.node = None

    def settle(self) -> None:
        """Count all that came in, and set how far the hot ways may go: to no limit, and past no half to repair."""
        self._tally()
        self._allow()

    def _tally(self) -> None:
        """Count what strings have got, and join it, so that memory is the text's and not that of its pieces."""
        try:
            for text in self.uncounted:
                self.count(text)
            self.uncounted.clear()
            if self.node is not None:
                self.count(self.text)
                if self.text is not self.scratch:
                    self.uncounted.append(self.text)  # it may get more before it is left
        except BaseException:
            self.tear()
            raise

    def count(self, text: Text) -> None:
        """Count and join what a string has got since it was counted."""
        pieces, counted = text.pieces, text.counted
        if len(pieces) <= counted:
            return
        block = "".join(pieces[counted:])
        size = utf8_size(block)
        text.size += size
        self.size += size
        read, joins, count, string = text.known
        if read is pieces and joins == text.joins and count > counted + 1:  # a reader has joined them
            rest = "".join(pieces[count:])
            text.rejoin(0, [string, rest] if rest else [string])
            text.known = (pieces, text.joins, 1, string)
            text.counted, text.merged = len(pieces), 1
            return
        if len(pieces) > counted + 1:
            text.rejoin(counted, [block])
        text.counted += 1
        if text.counted - text.merged >= CALM:  # blocks of blocks: a character is copied twice, not again and again
            text.rejoin(text.merged, ["".join(pieces[text.merged :])])
            text.merged += 1
            text.counted = text.merged

    def _size_of_last(self) -> int:
        """Return how many bytes the string has that may grow next."""
        if self.node is not None:
            return self.text.size
        last = self.nodes[-1].slots[self.keys[-1]] if self.nodes else None
        return utf8_size(last) if type(last) is str else 0

    def _allow(self) -> None:
        self.hot_until = self.version
        waiting = len(self.halves)
        if not (waiting and self.in_order) and not self.closed and not self.held:
            bounds = self.intake.bounds
            string = bounds["max_string_bytes"] - self._size_of_last()
            document = bounds["max_document_bytes"] - self.size - 3 * waiting
            nodes = (bounds["max_nodes"] - self.node_count) // 2
            runs = bounds["max_runs"] - len(self.starts) - waiting
            self.hot_until += max(0, min(CALM, string // SHORT, document // (2 * SHORT), nodes, runs))

    def _text(self, node: Node, key: Step) -> Text:
        """Return the string of a slot as one that can grow."""
        text = node.slots[key]
        if type(text) is not Text:
            text = node.slots[key] = Text([text], [len(text)], [], 1, 1, utf8_size(text))
        return text
