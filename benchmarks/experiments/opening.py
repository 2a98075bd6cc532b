"""A string is opened for growth at its second piece, not when it is set: a fifth less for strings in one piece.

A string that arrives whole costs 0.19 microseconds less: it is stored directly, with nothing to open and close. A
string of several pieces costs 0.20 more, once, because its second piece takes the slow path. So the gain depends on the
stream: a fifth less if strings arrive whole, a fifth more if each has two pieces, and none if a record has some of
each. Taken, because strings that arrive whole are the slowest events.

Creating members in one long method, to save a call, is rejected: 3 % for strings of one piece, no gain elsewhere.

CPython 3.11.7 (compiled without profile-guided optimization, x86_64); nanoseconds for one event, the fastest of
several runs. A model with one object, not the library itself.

| pieces of each string | at once | at the second piece (taken) | the same, in one method |
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
NO_PATH = object()  # equal to no path


class Change:
    """The object that the caller receives."""

    __slots__ = ("delta", "document", "kind", "version")


class Node:
    """A container: its slots, and the version at which each was created."""

    __slots__ = ("births", "no_listener_epoch", "slots")

    def __init__(self) -> None:
        self.slots: dict[str, Any] = {}
        self.births: list[int] = []
        self.no_listener_epoch: object = None


class Text:
    """A string that grows."""

    __slots__ = ("counted", "merged", "pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.size = self.counted = self.merged = 0


class AtSecondPiece:
    """A model of the document: one object, whose members are finished strings, and one open string that grows.

    A string is stored directly. If the next delta has the same path, it is opened.
    """

    __slots__ = (
        "delta", "fast_until_version", "fresh_path", "has_no_listener", "head", "head_length", "head_node", "key",
        "keys", "lengths", "listener_epoch", "names", "node", "node_count", "nodes", "open_path", "pieces", "scratch",
        "size", "starts", "text", "version",
    )  # fmt: skip

    def __init__(self) -> None:
        self.head, self.head_length, self.head_node = "leaves.", len("leaves."), Node()
        self.names: dict[str, str] = {}
        self.starts: list[int] = []
        self.nodes: list[Node] = []
        self.keys: list[str] = []
        self.lengths = bytearray(1)
        self.version = self.size = self.node_count = 0
        self.fast_until_version = EVENTS + 1
        self.delta: Any = None
        self.node: Node | None = None
        self.key = ""
        self.text = self.scratch = Text()
        self.pieces = self.text.pieces
        self.open_path: object = NO_PATH
        self.fresh_path: object = NO_PATH
        self.listener_epoch: object = None
        self.has_no_listener = True

    def apply_delta(self, path: str, delta: str) -> Change | None:
        """Append to the open string, or set another one."""
        if path == self.open_path and self.version < self.fast_until_version and type(delta) is str:
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
        kind = self.apply_elsewhere(path, delta)
        change = Change()
        change.document = self
        change.version = self.version
        change.kind = kind
        change.delta = self.delta
        return change

    def apply_elsewhere(self, path: str, delta: str) -> str | None:
        """Apply a delta to another string than the open one."""
        if self.version < self.fast_until_version and type(path) is str:
            length = len(delta)
            if type(delta) is not str or not 0 < length <= 255 or not delta.isascii():
                return None
            if path == self.fresh_path and self.open_last(path):
                return self.grow(delta, length)
            if self.add_next(path, delta, length):
                return "set"
        return None

    def grow(self, delta: str, length: int) -> str:
        """Append to the open string."""
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
            self.close()
        self.lengths.append(length)
        self.starts.append(version)
        self.nodes.append(node)
        self.keys.append(key)
        self.size += length + len(key)
        self.node_count += 1
        self.delta = delta
        self.fresh_path = path
        self.has_no_listener = node.no_listener_epoch is self.listener_epoch
        self.version = version
        return True

    def open_last(self, path: str) -> bool:
        """Open the string that the last change set."""
        self.fresh_path = NO_PATH
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

    def close(self) -> None:
        """Close the open string: it becomes a plain one."""
        node = self.node
        if node is None:
            return
        text = self.text
        if text is self.scratch:
            whole = node.slots[self.key] = "".join(text.pieces)
            self.size += len(whole) - text.size
            text.pieces.clear()
        self.node, self.open_path = None, NO_PATH


class AtOnce(AtSecondPiece):
    """Opens every string when it is set."""

    __slots__ = ()

    def apply_elsewhere(self, path: str, delta: str) -> str | None:
        """Apply a delta to another string than the open one."""
        if self.version < self.fast_until_version and type(path) is str:
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
            self.close()
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
        self.has_no_listener = node.no_listener_epoch is self.listener_epoch
        self.version = version
        return True


class Inlined(AtSecondPiece):
    """As `AtSecondPiece`, but creates members in `apply_elsewhere` itself, to save a call."""

    __slots__ = ()

    def apply_elsewhere(self, path: str, delta: str) -> str | None:
        """Apply a delta to another string than the open one."""
        if self.version < self.fast_until_version and type(path) is str:
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
                self.close()
            self.lengths.append(length)
            self.starts.append(version)
            self.nodes.append(node)
            self.keys.append(key)
            self.size += length + len(key)
            self.node_count += 1
            self.delta = delta
            self.fresh_path = path
            self.has_no_listener = node.no_listener_epoch is self.listener_epoch
            self.version = version
            return "set"
        return None


def deltas(lengths: tuple[int, ...]) -> list[tuple[str, str]]:
    """Return a stream of strings whose numbers of pieces are `lengths`, in turn."""
    stream: list[tuple[str, str]] = []
    for number, pieces in enumerate(cycle(lengths)):
        stream += [(f"leaves.leaf{number}", f"{piece:04d}") for piece in range(pieces)]
        if len(stream) >= EVENTS:
            break
    return stream[:EVENTS]


def run(kind: type[AtSecondPiece], stream: list[tuple[str, str]]) -> AtSecondPiece:
    document = kind()
    apply_delta = document.apply_delta
    for path, delta in stream:
        apply_delta(path, delta)
    return document


def main() -> None:
    heading()
    kinds = (AtOnce, AtSecondPiece, Inlined)
    for lengths in ((1,), (2,), (3,), (30,), (3, 2, 30, 1, 1, 1, 1)):
        stream = deltas(lengths)
        expected: dict[str, str] = {}
        for path, delta in stream:
            name = path.removeprefix("leaves.")
            expected[name] = expected.get(name, "") + delta
        for kind in kinds:
            document = run(kind, stream)
            document.close()
            assert document.head_node.slots == expected
            assert document.version == EVENTS
            assert document.size == sum(len(name) + len(value) for name, value in expected.items())
        times = fastest({kind.__name__: partial(run, kind, stream) for kind in kinds}, calls=1, per=EVENTS, rounds=80)
        show(f"one event, strings of {', '.join(map(str, lengths))} pieces", times)
        if lengths == (1,):
            print(f"  (inlined: {1 - times['Inlined'] / times['AtSecondPiece']:.1%} less)")


if __name__ == "__main__":
    main()
