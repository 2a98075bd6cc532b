"""The document: a tree that only grows, and the log of how it grew. One delta in, at most one new version out.

What it owns: the tree, the log, what may land on what, and the limits of all of them. What it does not know: events,
snapshots, callbacks. Reading is in `_versions`; nothing here builds a value.

**A version** counts the changes. Nothing that a version showed is ever lost, so a snapshot is a version number.

- *Runs.* Consecutive changes at one location are one entry of the log: `starts`, `nodes` and `keys` tell at which
  version a run began, and where. `lengths[version - base]` tells how many characters a version added to a string.
  So a string at a version is a length: what was there before the run, and the sum over the run so far.
- *Texts.* The string that is open is a `Text`, a list of pieces. When its run ends it becomes a plain string in its
  slot and no object of ours remains; one that is visited again is a `Text` for good, with the runs that it grew in.
- *Halves.* A high surrogate at the end of a string delta is held, in no value and no version, until its partner comes
  or something else changes; then it is repaired, by a change of its own that is the *prelude* of that change.

Invariants: a rejected delta changes nothing (all is checked before the first write); versions are consecutive;
slots are appended to, or replaced with the old value kept.

Cost: a delta to the string that is open takes two appends and no look at the tree; any other O(its path), plus the
delta, which is copied. Memory: a byte a version, three references a run.

Who follows the document is told by the modules downstream. What they leave here is a token, `watch`, and where they
have nobody to tell: a container or text whose `ignored_by` is the token, a slot for which `ignored` has it. So to find
out whether a change is `quiet` costs the same for nobody and for a thousand patterns that do not match, where a
location is touched again, and nothing while it stays open.

Limits are exact at every delta. The hot path skips counting while deltas of its kind (at most 255 bytes of text, or a
plain scalar) can't use up what is left: `hot_until` is the last version for which that holds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias

from ._errors import ClosedError
from ._events import MISSING
from ._intake import SCALAR, Intake
from ._limits import Limits
from ._path import Path
from ._places import Places, conflict
from ._tree import (
    HOLE,
    REPLACEMENT,
    Node,
    Step,
    Text,
    is_short,
    kind_of,
    look,
    mend,
    new_node,
    trail,
    utf8_size,
    where_of,
)

__all__ = ["Document", "Kind"]

Kind: TypeAlias = Literal["append", "set"]

CALM: Final = 1024  # Deltas after which pieces are joined and counted at the latest.
SHORT: Final = 255  # Characters, and bytes, of a delta that may be counted later: what a bytearray's item holds.

_NO_PATH: Final = object()  # equal to no path
_GIVES_WAY: Final = ("nothing", "null")


class Document:
    """The tree and the log. The modules downstream read its attributes; only the methods here write them."""

    __slots__ = (
        "base", "closed", "delta", "halves", "held", "holder", "hot_until", "ignored", "in_order", "intake", "key",
        "keys", "lengths", "lineage", "node", "node_count", "nodes", "open_path", "pieces", "places", "preludes",
        "progress", "quiet", "replace", "scratch", "size", "starts", "sums", "text", "value_version", "version",
        "watch",
    )  # fmt: skip

    def __init__(
        self,
        limits: Limits,
        *,
        prefix: Path = Path(),  # noqa: B008  # immutable
        replace: bool = False,
        in_order: bool = True,
        base: int = 0,
        lineage: object = None,
    ) -> None:
        self.replace = replace
        self.intake = Intake(limits)
        # The tree. The root is item 0 of a list, so that no rule needs a case for it.
        self.holder = new_node(None, is_object=False)
        self.places = Places(self.holder, limits, prefix, replace=replace)
        self.node_count = 0
        self.size = 0
        # The log. Version `base` is the empty document; documents of one lineage follow each other by reset.
        self.base = self.version = base
        self.lineage = object() if lineage is None else lineage
        self.starts: list[int] = []
        self.nodes: list[Node] = []
        self.keys: list[Step] = []
        self.lengths: bytearray | array[int] = bytearray(1)
        self.preludes: set[int] = set()
        self.delta: Any = MISSING  # what the last change said; `MISSING` for a container, which is read when asked for
        self.closed = False
        # The string that is open: slot `key` of `node`, and the text of the path that led there.
        self.node: Node | None = None
        self.key: Step = 0
        self.text = self.scratch = Text([])
        self.pieces = self.text.pieces
        self.open_path: object = _NO_PATH
        self.hot_until = base
        self.halves: dict[tuple[int, Step], tuple[Node, Step, str]] = {}
        # For those who follow: their token, whether the last change concerns nobody, and why nothing may change now.
        self.watch: object = None
        self.ignored: dict[tuple[int, Step] | None, object] = {}
        self.quiet = True
        self.held: Literal["", "telling", "unawaited"] = ""
        # For `_versions`: the newest version that was read, and the sums of `lengths`, block by block.
        self.value_version = -1
        self.sums = [0]
        # For `_completion`: whether values are finished in document order, and how far that has been looked at.
        self.in_order = in_order
        self.progress: Any = None

    # ------------------------------------------------------------------------------------------------------------------
    # a delta

    def apply(self, path: str | Path, delta: Any) -> Kind | None:
        """Apply `delta` at `path`; return what happened, None if nothing changed. An error leaves all as it was."""
        # The hot path, nearly every event of a real stream: a short text onto the string that is open.
        easy = self.version < self.hot_until
        if easy and path == self.open_path and type(delta) is str:
            length = len(delta)
            if 0 < length <= SHORT and (delta.isascii() or is_short(delta, SHORT)):
                self.lengths.append(length)
                self.pieces.append(delta)
                self.version += 1
                self.delta = delta
                return "append"
        if self.closed:
            raise ClosedError("the document is closed; reset() begins a new one")
        node, key, rest = self.places.find(path)
        there = MISSING if rest else look(node, key)
        if easy:
            if there is MISSING:
                if self._add(path, node, key, rest, delta):
                    return "set"
            elif type(there) is Text and self._come_back(path, node, key, there, delta):
                return "append"
        given = self.intake.kind_of(delta)
        if given in SCALAR:
            delta = self.intake.scalar(delta)
        found = kind_of(there)
        if found == given:
            if given == "string":
                return self._append(path, node, key, delta)
            if given == "null" or (given in SCALAR and type(delta) is type(there) and delta == there):
                return None
        elif not (found in _GIVES_WAY or given == "null" or (found in SCALAR and given in SCALAR) or self.replace):
            raise conflict(where_of(self.holder, node, key), there, given)
        return self._set(path, node, key, rest, given, delta)

    def _add(self, path: object, node: Node, key: Step, rest: tuple[Step, ...], delta: Any) -> bool:
        """Create a member or the next item, if it is a plain scalar and its name is short; tell whether it was.

        It may be the first member of a next item. The other half of the hot path: it takes a third of what `_set`
        takes, which would do the same with care.
        """
        places = self.places
        slots = node.slots
        size = 0
        if isinstance(key, str):
            if key in slots:
                return False
            size = utf8_size(key)
        elif key != len(slots) or len(slots) >= self.intake.bounds["max_array_length"]:
            return False
        if rest:
            name = rest[0]
            if len(rest) > 1 or not isinstance(name, str):
                return False
            size += utf8_size(name)
        is_text = type(delta) is str
        if is_text:
            if len(delta) > SHORT or not (delta.isascii() or is_short(delta, SHORT)):
                return False
        elif self.intake.is_plain(delta):
            size += 8
        else:
            return False
        if size > self.intake.short_name:
            return False

        self._leave()
        self.quiet = node.ignored_by is self.watch
        version = self.version + 1
        if rest:
            child = new_node(where_of(self.holder, node, key), is_object=True)
            if node.is_object:
                slots[key] = child
            else:
                slots.append(child)
            node.births.append(version)
            self.node_count += 1
            node, key, slots = child, rest[0], child.slots
        if node.is_object:
            slots[key] = self.scratch if is_text else delta
        else:
            slots.append(self.scratch if is_text else delta)
        node.births.append(version)
        self.starts.append(version)
        self.nodes.append(node)
        self.keys.append(key)
        self.version = version
        self.node_count += 1
        self.size += size
        self.delta = delta
        if is_text:
            self.lengths.append(len(delta))
            self._open(node, key, delta, path)
        else:
            self.lengths.append(0)
        if node is not places.head_node and node is not places.list_node and type(path) is str:
            places.remember(path, node, key)
        return True

    def _come_back(self, path: object, node: Node, key: Step, text: Text, delta: Any) -> bool:
        """Append a short text to a string that was left, and is a `Text` already; tell whether it was.

        For fields that are written in turn: a third of what `_append` takes.
        """
        if type(delta) is not str or (text is self.text and self.node is not None) or text.ignored_by is not self.watch:
            return False
        length = len(delta)
        if not 0 < length <= SHORT or not (delta.isascii() or is_short(delta, SHORT)):
            return False
        if text.size + CALM * SHORT > self.intake.bounds["max_string_bytes"]:
            return False
        self._leave()
        self.quiet = True
        self.version = version = self.version + 1
        text.starts.append(version)
        text.bases.append(text.length)
        self.starts.append(version)
        self.nodes.append(node)
        self.keys.append(key)
        self.node, self.key, self.text, self.pieces, self.open_path = node, key, text, text.pieces, path
        self.lengths.append(length)
        self.pieces.append(delta)
        self.delta = delta
        return True

    def close(self) -> bool:
        """End the document: halves that are held are repaired. Return whether that was a change."""
        repaired = False
        if not self.closed:
            repaired = bool(self.halves)
            self._repair(list(self.halves.values()))
            self.preludes.discard(self.version)  # the last repair is not before a change, it is the change
            self._leave()
            self.freeze()
            self.quiet = False
        return repaired

    def freeze(self) -> None:
        """Refuse every further delta, and leave the document as it is."""
        self.closed = True
        self.hot_until = -1

    # ------------------------------------------------------------------------------------------------------------------
    # a string grows

    def _append(self, path: str | Path, node: Node, key: Step, delta: str) -> Kind | None:
        place = (id(node), key)
        delta, half = self._with_half(place, delta)
        if not delta and not half:
            return None
        growth = utf8_size(delta) + 3 * len(half)
        is_open = node is self.node and key == self.key
        waiting = len(self.halves) - (place in self.halves)
        if not is_open or half or waiting or growth > SHORT or self.version >= self.hot_until:
            self._tally()
            # Measured once, and not for each delta that may then be refused.
            self.intake.check("max_string_bytes", self._text(node, key).size + growth)
            self._check_document(0, growth + 3 * waiting)
        if delta:
            self.halves.pop(place, None)
            self._repair(list(self.halves.values()))
            if waiting:
                self.quiet = False  # it is not asked for each text that is mended
            elif not is_open:
                text = self._text(node, key)
                self._notice(node, place, text.ignored_by)
                text.ignored_by = self.watch if self.quiet else None
            self._extend(node, key, delta)
            self.open_path = path
        if half:
            self.halves[place] = (node, key, half)
        if growth > SHORT or self.version >= self.hot_until or not is_open:
            self.settle()
        if self.halves:
            self.hot_until = self.version
        return "append" if delta else None

    def _extend(self, node: Node, key: Step, delta: str) -> None:
        """Write an append, checked and mended, and open the string for more."""
        version = self.version + 1
        if node is not self.node or key != self.key:
            self._leave()
            text = self._text(node, key)
            text.starts.append(version)
            text.bases.append(text.length)
            self._log(version, node, key)
            self.node, self.key, self.text, self.pieces = node, key, text, text.pieces
        self._count(len(delta))
        self.pieces.append(delta)
        self.version = version
        self.delta = delta

    def _text(self, node: Node, key: Step) -> Text:
        """Return the string of a slot as one that can grow."""
        text = node.slots[key]
        if type(text) is not Text:
            text = node.slots[key] = Text([text], 1, 1, utf8_size(text), len(text))
        return text

    def _with_half(self, place: tuple[int, Step], delta: str) -> tuple[str, str]:
        """Return `delta` mended with the half that its string holds, and the half at its end."""
        if delta and (self.halves or not delta.isascii()):
            held = self.halves.get(place)
            return mend(("" if held is None else held[2]) + str.__str__(delta))
        return str.__str__(delta), ""

    def _repair(self, halves: Iterable[tuple[Node, Step, str]]) -> None:
        for node, key, _ in halves:
            self._extend(node, key, REPLACEMENT)
            self.preludes.add(self.version)
        self.halves.clear()

    # ------------------------------------------------------------------------------------------------------------------
    # a value is set

    def _set(self, path: str | Path, node: Node, key: Step, rest: tuple[Step, ...], given: str, delta: Any) -> Kind:
        self._tally()
        waiting = self._waiting(node, key)
        nodes, size = self._cost_of_way(node, key, rest)
        half = ""
        if given == "string":
            delta, half = mend(str.__str__(delta))
            nodes, size = nodes + 1, size + utf8_size(delta) + 3 * len(half)
            self.intake.check("max_string_bytes", utf8_size(delta) + 3 * len(half))
            thing: Any = self.scratch
        elif given in ("object", "array"):
            where = where_of(self.holder, node, key)
            for step in rest:
                where = (where, step)
            thing, more_nodes, more_size = self.intake.container(
                delta, where, self.version + len(waiting) + 1, self.node_count + nodes
            )
            nodes, size = nodes + more_nodes, size + more_size
            delta = MISSING
        else:
            thing, nodes, size = delta, nodes + 1, size + 8
        self._check_document(nodes, size + 3 * len(waiting))

        self._repair(waiting)
        self._leave()
        again = bool(self.nodes) and node is self.nodes[-1] and key == self.keys[-1] and not rest
        inside = bool(rest) or type(thing) is Node  # what nobody watches itself may contain what somebody does
        if waiting:
            self.quiet = False  # as in _append
        elif not again or inside:  # else whom the last change concerned, this one does
            self._notice(node, None if inside else (id(node), key), None)
        version = self.version + 1
        for step in rest:
            child = new_node(where_of(self.holder, node, key), is_object=type(step) is str)
            self._put(node, key, child, version)
            node, key = child, step
        self._put(node, key, thing, version)
        self._log(version, node, key)
        self.version = version
        self.node_count += nodes
        self.size += size
        self.delta = delta
        if given == "string":
            self._count(len(delta))
            self.size -= utf8_size(delta) + 3 * len(half)  # counted when it is settled
            self._open(node, key, delta, path)
            if half:
                self.halves[id(node), key] = (node, key, half)
        else:
            self._count(0)
        self.settle()
        if isinstance(path, str):
            self.places.remember(path, node, key)
        return "set"

    def _notice(self, node: Node, place: tuple[int, Step] | None, mark: object) -> None:
        """Find out whether a change to a slot of `node`, or to the text in it that has this mark, concerns nobody."""
        watch = self.watch
        # All three, and not one after the other: so it takes no longer where somebody watches something else.
        self.quiet = (mark is watch) | (node.ignored_by is watch) | (self.ignored.get(place) is watch)

    def _put(self, node: Node, key: Step, thing: Any, version: int) -> None:
        """Create or replace a slot."""
        slots = node.slots
        old = look(node, key)
        if old is not MISSING:
            if node.history is None:
                node.history = {}
            node.history.setdefault(key, []).append((version, old))
            slots[key] = thing
            if type(old) is Node:  # the shortcuts may lead into it
                self.places.forget()
            return
        if type(key) is int:
            while len(slots) < key:
                slots.append(HOLE)
                node.births.append(version)
            slots.append(thing)
        else:
            slots[key] = thing
        node.births.append(version)

    def _waiting(self, node: Node, key: Step) -> list[tuple[Node, Step, str]]:
        """Return the halves that are not discarded when a slot is set: those of other strings, not under it."""
        if type(look(node, key)) is Node:
            return [one for one in self.halves.values() if not self._lies_under(one[0], one[1], node, key)]
        return [one for place, one in self.halves.items() if place != (id(node), key)]

    def _lies_under(self, node: Node, key: Step, above: Node, step: Step) -> bool:
        """Tell whether slot `key` of `node` is slot `step` of `above`, or inside of it."""
        here = self.holder
        for at in trail(self.holder, node, key):
            if here is above and at == step:
                return True
            here = here.slots[at]
        return False

    # ------------------------------------------------------------------------------------------------------------------
    # the log and the string that is open

    def _log(self, version: int, node: Node, key: Step) -> None:
        self.starts.append(version)
        self.nodes.append(node)
        self.keys.append(key)

    def _count(self, length: int) -> None:
        try:
            self.lengths.append(length)
        except ValueError:  # the first that does not fit a byte
            self.lengths = array("I", iter(self.lengths))
            self.lengths.append(length)

    def _open(self, node: Node, key: Step, delta: str, path: object) -> None:
        """Begin a string, whose slot holds `scratch` already. Its first piece is counted later."""
        text = self.scratch
        self.node, self.key, self.text = node, key, text
        self.pieces = text.pieces = [delta]
        text.counted = text.merged = text.size = 0
        self.open_path = path

    def _leave(self) -> None:
        """End the run that is open. Nothing of it is lost and nothing shows."""
        node = self.node
        if node is None:
            return
        text = self.text
        if text is self.scratch:
            whole = node.slots[self.key] = "".join(text.pieces)
            self.size += utf8_size(whole) - text.size
            text.pieces.clear()  # else they stay as long as no other string is open
        else:
            self._tally()
            text.length += sum(self.lengths[self.starts[-1] - self.base :])
        self.node, self.open_path = None, _NO_PATH

    def settle(self) -> None:
        """Count all that came in, and set how far the hot path may go: no limit can be reached, and no half waits."""
        self._tally()
        self._allow()

    def _tally(self) -> None:
        """Count what the open string has got, and join it, so that memory is the text's and not that of its pieces."""
        text, pieces = self.text, self.pieces
        if self.node is not None and len(pieces) > text.counted:
            block = "".join(pieces[text.counted :])
            pieces[text.counted :] = [block]
            text.counted += 1
            size = utf8_size(block)
            text.size += size
            self.size += size
            if text.counted - text.merged >= CALM:  # blocks of blocks: a character is copied twice, not again and again
                pieces[text.merged :] = ["".join(pieces[text.merged :])]
                text.merged += 1
                text.counted = text.merged

    def _allow(self) -> None:
        self.hot_until = self.version
        if not self.halves and not self.closed and not self.held:
            bounds = self.intake.bounds
            string = bounds["max_string_bytes"] - (0 if self.node is None else self.text.size)
            document = bounds["max_document_bytes"] - self.size
            nodes = (bounds["max_nodes"] - self.node_count) // 2
            self.hot_until += max(0, min(CALM, string // SHORT, document // (2 * SHORT), nodes))

    # ------------------------------------------------------------------------------------------------------------------
    # what it would cost, and whether that is within the limits

    def _check_document(self, nodes: int, size: int) -> None:
        self.intake.check("max_nodes", self.node_count + nodes)
        self.intake.check("max_document_bytes", self.size + size)

    def _cost_of_way(self, node: Node, key: Step, rest: tuple[Step, ...]) -> tuple[int, int]:
        """Return how many values and bytes the slot `key` and the containers from there on add."""
        nodes = len(rest)
        size = 0
        ways = [(len(node.slots), key)] if look(node, key) is MISSING else []
        ways += [(0, step) for step in rest]
        for length, step in ways:
            if isinstance(step, str):
                size += self.intake.name(step)
                continue
            self.intake.check("max_array_gap", step - length)
            self.intake.check("max_array_length", step + 1)
            nodes += step - length
            size += 8 * (step - length)
        return nodes, size
