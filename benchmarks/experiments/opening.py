"""A string is opened for growth when its second piece comes, not when it is set: a fifth less for strings in one piece.

That is 0.19 microseconds for a string that comes whole: it is stored as it is, with nothing to open and to leave. One
of more pieces costs 0.20 more, once, as its second piece goes the long way. So it depends on the stream: a fifth less
where strings come whole, a fifth more where each has two pieces, and even where a record has some of each. Taken, as
what comes whole are the slowest events there are.

To create members in one long method, one call less, is rejected: 3 % for strings of one piece, and nothing elsewhere.

CPython 3.11.7 (compiled without profile-guided optimization, x86_64); nanoseconds for one event, the fastest of
several runs. A model with one object, not the library itself.

| pieces of each string | at once | when the second comes (taken) | the same, in one method |
|---|---|---|---|
| 1 | 854 | 662 | 644 |
| 2 | 531 | 638 | 641 |
| 3 | 424 | 491 | 484 |
| 30 | 198 | 208 | 209 |
| 3, 2, 30, 1, 1, 1, 1 in turn | 309 | 309 | 309 |
"""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import Any

from _timing import fastest, heading, show

EVENTS = 6_000
NOTHING = object()  # equal to no path


class Change:
    """What the caller gets."""

    __slots__ = ("delta", "document", "kind", "version")


class Node:
    """A container: what it holds, and when that came."""

    __slots__ = ("births", "ignored_by", "slots")

    def __init__(self) -> None:
        self.slots: dict[str, Any] = {}
        self.births: list[int] = []
        self.ignored_by: object = None


class Text:
    """A string that grows."""

    __slots__ = ("counted", "merged", "pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.size = self.counted = self.merged = 0


class WhenSecondComes:
    """A model of the document: one object, whose members are finished strings, or strings that grow for a while.

    A string is stored as it is. If the next delta has the same path, it is opened.
    """

    __slots__ = (
        "delta", "fresh_path", "head", "head_length", "head_node", "hot_until", "key", "keys", "lengths", "names",
        "node", "node_count", "nodes", "open_path", "pieces", "quiet", "scratch", "size", "starts", "text", "version",
        "watch",
    )  # fmt: skip

    def __init__(self) -> None:
        self.head, self.head_length, self.head_node = "leaves.", len("leaves."), Node()
        self.names: dict[str, str] = {}
        self.starts: list[int] = []
        self.nodes: list[Node] = []
        self.keys: list[str] = []
        self.lengths = bytearray(1)
        self.version = self.size = self.node_count = 0
        self.hot_until = EVENTS + 1
        self.delta: Any = None
        self.node: Node | None = None
        self.key = ""
        self.text = self.scratch = Text()
        self.pieces = self.text.pieces
        self.open_path: object = NOTHING
        self.fresh_path: object = NOTHING
        self.watch: object = None
        self.quiet = True

    def apply_delta(self, path: str, delta: str) -> Change | None:
        """Append to the string that is open, or go on to another."""
        if path == self.open_path and self.version < self.hot_until and type(delta) is str:
            length = len(delta)
            if 0 < length <= 255 and delta.isascii():
                self.lengths.append(length)
                self.pieces.append(delta)
                self.delta = delta
                self.version = version = self.version + 1
                change = Change()
                change.document = self
                change.version = version
                change.kind = "append"
                change.delta = delta
                return change
        kind = self.go(path, delta)
        change = Change()
        change.document = self
        change.version = self.version
        change.kind = kind
        change.delta = self.delta
        return change

    def go(self, path: str, delta: str) -> str | None:
        """Apply a delta to another string than that which is open."""
        if self.version < self.hot_until and type(path) is str:
            length = len(delta)
            if type(delta) is not str or not 0 < length <= 255 or not delta.isascii():
                return None
            if path == self.fresh_path and self.open_last(path):
                return self.grow(delta, length)
            if self.add_next(path, delta, length):
                return "set"
        return None

    def grow(self, delta: str, length: int) -> str:
        """Append to the string that is open."""
        self.lengths.append(length)
        self.pieces.append(delta)
        self.delta = delta
        self.version += 1
        return "append"

    def add_next(self, path: str, delta: str, length: int) -> bool:
        """Create a member."""
        key = None
        version = self.version + 1
        if path.startswith(self.head):
            name = path[self.head_length :]
            key = self.names.get(name)
            if key is None and name.isidentifier() and name.isascii() and len(name) <= 255:
                key = name
                if len(self.names) < 256:
                    self.names[name] = name
        if key is None:
            return False
        node = self.head_node
        if key in node.slots:
            return False
        node.births.append(version)
        node.slots[key] = delta
        if self.node is not None:
            self.leave()
        self.lengths.append(length)
        self.starts.append(version)
        self.nodes.append(node)
        self.keys.append(key)
        self.size += length + len(key)
        self.node_count += 1
        self.delta = delta
        self.fresh_path = path
        self.quiet = node.ignored_by is self.watch
        self.version = version
        return True

    def open_last(self, path: str) -> bool:
        """Open the string that was set by the last change."""
        self.fresh_path = NOTHING
        node, key = self.nodes[-1], self.keys[-1]
        slots = node.slots
        first = slots[key]
        if type(first) is not str:
            return False
        slots[key] = self.text = text = self.scratch
        self.pieces = text.pieces = [first]
        text.counted, text.merged = 1, 0
        text.size = len(first)
        self.node, self.key, self.open_path = node, key, path
        return True

    def leave(self) -> None:
        """End the string that is open: what stays is a plain one."""
        node = self.node
        if node is None:
            return
        text = self.text
        if text is self.scratch:
            whole = node.slots[self.key] = "".join(text.pieces)
            self.size += len(whole) - text.size
            text.pieces.clear()
        self.node, self.open_path = None, NOTHING


class AtOnce(WhenSecondComes):
    """Every string is opened when it is set."""

    __slots__ = ()

    def go(self, path: str, delta: str) -> str | None:
        """Apply a delta to another string than that which is open."""
        if self.version < self.hot_until and type(path) is str:
            length = len(delta)
            if type(delta) is not str or not 0 < length <= 255 or not delta.isascii():
                return None
            if self.add_next(path, delta, length):
                return "set"
        return None

    def add_next(self, path: str, delta: str, length: int) -> bool:
        """Create a member."""
        key = None
        version = self.version + 1
        if path.startswith(self.head):
            name = path[self.head_length :]
            key = self.names.get(name)
            if key is None and name.isidentifier() and name.isascii() and len(name) <= 255:
                key = name
                if len(self.names) < 256:
                    self.names[name] = name
        if key is None:
            return False
        node = self.head_node
        if key in node.slots:
            return False
        if self.node is not None:
            self.leave()
        node.births.append(version)
        node.slots[key] = self.text = text = self.scratch
        self.pieces = text.pieces = [delta]
        text.counted, text.merged = 1, 0
        text.size = length
        self.node = node
        self.key = key
        self.open_path = path
        self.lengths.append(length)
        self.starts.append(version)
        self.nodes.append(node)
        self.keys.append(key)
        self.size += length + len(key)
        self.node_count += 1
        self.delta = delta
        self.quiet = node.ignored_by is self.watch
        self.version = version
        return True


class Inlined(WhenSecondComes):
    """As `WhenSecondComes`; members are created in `go` itself, one call less."""

    __slots__ = ()

    def go(self, path: str, delta: str) -> str | None:
        """Apply a delta to another string than that which is open."""
        if self.version < self.hot_until and type(path) is str:
            length = len(delta)
            if type(delta) is not str or not 0 < length <= 255 or not delta.isascii():
                return None
            if path == self.fresh_path and self.open_last(path):
                return self.grow(delta, length)
            key = None
            version = self.version + 1
            if path.startswith(self.head):
                name = path[self.head_length :]
                key = self.names.get(name)
                if key is None and name.isidentifier() and name.isascii() and len(name) <= 255:
                    key = name
                    if len(self.names) < 256:
                        self.names[name] = name
            if key is None:
                return None
            node = self.head_node
            if key in node.slots:
                return None
            node.births.append(version)
            node.slots[key] = delta
            if self.node is not None:
                self.leave()
            self.lengths.append(length)
            self.starts.append(version)
            self.nodes.append(node)
            self.keys.append(key)
            self.size += length + len(key)
            self.node_count += 1
            self.delta = delta
            self.fresh_path = path
            self.quiet = node.ignored_by is self.watch
            self.version = version
            return "set"
        return None


def deltas(lengths: tuple[int, ...]) -> list[tuple[str, str]]:
    """Return a stream of strings that have so many pieces, in turn."""
    stream: list[tuple[str, str]] = []
    for number, pieces in enumerate(cycle(lengths)):
        stream += [(f"leaves.leaf{number}", f"{piece:04d}") for piece in range(pieces)]
        if len(stream) >= EVENTS:
            break
    return stream[:EVENTS]


def run(kind: type[WhenSecondComes], stream: list[tuple[str, str]]) -> WhenSecondComes:
    document = kind()
    apply_delta = document.apply_delta
    for path, delta in stream:
        apply_delta(path, delta)
    return document


def main() -> None:
    heading()
    kinds = (AtOnce, WhenSecondComes, Inlined)
    for lengths in ((1,), (2,), (3,), (30,), (3, 2, 30, 1, 1, 1, 1)):
        stream = deltas(lengths)
        expected: dict[str, str] = {}
        for path, delta in stream:
            name = path.removeprefix("leaves.")
            expected[name] = expected.get(name, "") + delta
        for kind in kinds:
            document = run(kind, stream)
            document.leave()
            assert document.head_node.slots == expected
            assert document.version == EVENTS
            assert document.size == sum(len(name) + len(value) for name, value in expected.items())
        times = fastest({kind.__name__: partial(run, kind, stream) for kind in kinds}, calls=1, per=EVENTS, rounds=80)
        show(f"one event, strings of {', '.join(map(str, lengths))} pieces", times)
        if lengths == (1,):
            print(f"  (inlined: {1 - times['Inlined'] / times['WhenSecondComes']:.1%} less)")


if __name__ == "__main__":
    main()
