"""Any delta or value, applied with care: checked against the rules and the limits, then written.

The careful way has three steps: what is there and whether the delta may land on it, what it costs and whether that is
within the limits, and the writes, which end in a new version. The fast paths (`document`) are shortcuts with the same
result; whatever is unusual comes here.

*Pending surrogates* (`surrogates`). In a document in order a half is repaired as soon as another location changes: the
repair is a version of its own, before the change, and both belong to one event (`event_of`). In a document that is not
`in_order` each string keeps its half until its next delta, its replacement or the end. The limits count a pending half
as the bytes and the run of its repair.

*Listeners.* A change that concerns no listener is not notified. The dispatcher marks what has no listener with the
token `watch`, in `Node.ignored_by`, `Text.ignored_by` or `ignored`; a new token makes all marks void. So finding out
whether a change is `quiet` costs the same for no pattern and for a thousand that do not match.

Invariants: a rejected delta changes nothing, as everything is checked before the first write; versions are consecutive;
a slot is appended, or replaced with its old content kept; limits are exact at every delta.

Cost: O(path), plus the delta, which is copied.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from typing import Any, Final

from .._errors import ClosedError
from .._json import MISSING, REPLACEMENT, repair_surrogates, utf8_size
from .._limits import Limits
from .._paths import Path
from .admission import SCALAR, Intake
from .change_log import NO_PATH, SHORT, Kind, Log
from .locator import Places, conflict
from .tree import HOLE, Node, Step, Text, kind_of, look, new_node, where_of

__all__ = ["Writer"]

_TORN: Final = (
    "an interrupt has broken off an event; snapshot() has what was whole,"
    " Assembler.restore(assembler.checkpoint()) resumes from there, and reset() begins a new document"
)
_GIVES_WAY: Final = ("nothing", "null")
_LONG: Final = 4096  # characters; to measure these takes less than a microsecond


class Writer(Log):
    """The tree, and the careful way to change it."""

    __slots__ = ("holder", "ignored", "joined", "places", "quiet", "replace", "watch")

    def __init__(
        self, limits: Limits, *, prefix: Path, replace: bool, in_order: bool, base: int, lineage: object
    ) -> None:
        super().__init__(Intake(limits), in_order=in_order, base=base, lineage=lineage)
        self.replace = replace
        # The root is item 0 of a list, so that no rule needs a case for it.
        self.holder = new_node(None, is_object=False)
        self.places = Places(self.holder, limits, prefix, replace=replace)
        self.joined: list[tuple[int, int]] = []  # events that made several versions: the first and the last, in order
        self.watch: object = None
        self.ignored: dict[tuple[int, Step] | None, object] = {}
        self.quiet = True  # whether the last change concerns no listener

    def set_value(self, path: str | Path, value: Any) -> Kind | None:
        """Set `value` at `path`, whatever is there; return what happened, None if an equal scalar or string is there.

        An error leaves all as it was.
        """
        if self.closed:
            raise self.refusal()
        node, key, rest = self.places.find(path)
        given = self.intake.kind_of(value)
        if given in SCALAR:
            value = self.intake.scalar(value)
        if not rest and self._is_equal(node, key, given, value):
            return None
        return self.set_at(path, node, key, rest, given, value)

    def _is_equal(self, node: Node, key: Step, given: str, value: Any) -> bool:
        """Return whether a slot holds this scalar or string already, and no half of a pair waits there."""
        there = look(node, key)
        if kind_of(there) != given:
            return False
        if given != "string":
            return given == "null" or (given in SCALAR and type(value) is type(there) and value == there)
        if (id(node), key) in self.halves:
            return False
        return repair_surrogates(str.__str__(value)) == (there.whole() if type(there) is Text else there, "")

    def apply_carefully(
        self, path: str | Path, node: Node, key: Step, rest: tuple[Step, ...], delta: Any
    ) -> Kind | None:
        """Apply any delta at the slot and the steps that `Places.find` returned for its path."""
        there = MISSING if rest else look(node, key)
        given = self.intake.kind_of(delta)
        if given in SCALAR:
            delta = self.intake.scalar(delta)
        found = kind_of(there)
        if found == given:
            if given == "string":
                return self.append_at(path, node, key, delta)
            if given == "null" or (given in SCALAR and type(delta) is type(there) and delta == there):
                return None
        elif not (found in _GIVES_WAY or given == "null" or (found in SCALAR and given in SCALAR) or self.replace):
            raise conflict(where_of(self.holder, node, key), there, given)
        return self.set_at(path, node, key, rest, given, delta)

    # ------------------------------------------------------------------------------------------------------------------
    # a string grows

    def append_at(self, path: str | Path, node: Node, key: Step, delta: str) -> Kind | None:
        """Append a delta to the string in a slot; return None if all of it is pending, or it is empty."""
        place = (id(node), key)
        given = delta
        delta, half = self.halves.join(place, delta)
        if not delta and not half:
            return None
        growth = utf8_size(delta) + 3 * len(half)
        is_open = self._is_open(node, key)
        waiting = len(self.halves) - (place in self.halves)
        if not is_open or half or waiting or growth > SHORT or self.version >= self.hot_until:
            self._tally()
            there = node.slots[key]
            # A long one is measured once, and not for each delta that may then be refused.
            size = utf8_size(there) if type(there) is str and len(there) <= _LONG else self._text(node, key).size
            self.intake.check("max_string_bytes", size + growth, size)
            # The repair of another half takes a run, and ends the run of this string.
            is_left = waiting > 0 and (self.in_order or bool(half))
            runs = waiting + (is_left or not is_open)
            self._check_document(0, growth + 3 * waiting, runs)
        before = version = self.version
        if not delta:
            if is_open:
                self.open_path = NO_PATH  # the hot ways know nothing of the half
            self.hot_until = version
            self.halves[place] = (node, key, given if type(given) is str else half)
            self.settle()
            return None
        try:
            if waiting and self.in_order:
                version = self._repair({place})
                self.quiet = False  # it is not asked for each text that is mended
            elif not is_open:
                text = self._text(node, key)
                self._notice(node, place, text.ignored_by)
                text.ignored_by = self.watch if self.quiet else None
            version += 1
            self._extend(node, key, delta, version)
            self.open_path = NO_PATH if half else path
            self.delta = delta
            if version > before + 1:
                self.join(before + 1, version)
            self.version = version  # last: INVARIANTS 1
            if half or self.halves:
                self._hold(node, key, half, {place})
            if half or growth > SHORT or version >= self.hot_until or not is_open:
                self.settle()
        except BaseException:
            self.tear()
            if self.version > before:
                self._hold(node, key, half, {place})
            raise
        return "append"

    def _extend(self, node: Node, key: Step, delta: str, version: int) -> None:
        """Write what `version` appends to a string, checked and mended, and open the string for more."""
        is_open = self._is_open(node, key)
        if not is_open:
            self._leave()
        self.count_length(len(delta))
        if not is_open:
            text = self._text(node, key)
            text.starts.append(version)
            self.uncounted.append(text)
            self._log(version, node, key)
            self.node, self.key, self.text, self.pieces = node, key, text, text.pieces
        self.pieces.append(delta)

    def _hold(self, node: Node, key: Step, half: str, gone: Iterable[tuple[int, Step]]) -> None:
        """Record which halves are pending after a change that took those `gone` and brought `half`. May be repeated."""
        if self.in_order:  # the others have been repaired
            self.halves.clear()
        self.halves.replace(node, key, half, gone)

    def _repair(self, but: Collection[tuple[int, Step]] = ()) -> int:
        """Write the repairs of all pending halves but these; return the version of the last one."""
        version = self.version
        for node, key in self.halves.others(but):
            version += 1
            self._extend(node, key, REPLACEMENT, version)
        return version

    # ------------------------------------------------------------------------------------------------------------------
    # a value is set

    def set_at(self, path: str | Path, node: Node, key: Step, rest: tuple[Step, ...], given: str, delta: Any) -> Kind:
        """Set a value of JSON type `given` at the steps `rest` from a slot on, or in the slot itself."""
        halves = self.halves
        thing, half, nodes, size = self._admit(node, key, rest, given, delta)
        discarded: Collection[tuple[int, Step]] = ()
        # A change that is no larger than those of the fast paths can't reach a limit before they must stop.
        is_small = nodes <= 2 and size <= SHORT and not half and not halves and self.version < self.hot_until
        if not is_small:
            self._tally()
            self._check_set(node, key, thing, half, nodes, size)
            discarded = halves.inside(node, key)
            if discarded and self.in_order and type(thing) is Node:  # fewer repairs come before it than it was made for
                birth = thing.births[0] - len(discarded) if thing.births else 0
                thing, _, _ = self.intake.container(delta, thing.where, birth, 0)

        before = self.version
        try:
            version = self._repair(discarded) if halves and self.in_order else before
            self._leave()
            again = bool(self.nodes) and node is self.nodes[-1] and key == self.keys[-1] and not rest
            inside = bool(rest) or type(thing) is Node  # a container without a listener may contain a location with one
            if version > before:
                self.quiet = False  # as in append_at
            elif not again or inside:  # else the location is that of the last change, and so are the listeners
                self._notice(node, None if inside else (id(node), key), None)
            version += 1
            self.count_length(len(thing) if given == "string" else 0)
            for step in rest:
                child = new_node(where_of(self.holder, node, key), is_object=type(step) is str)
                self._put(node, key, child, version)
                node, key = child, step
            self._put(node, key, thing, version)
            self._log(version, node, key)
            self.node_count += nodes
            self.size += size
            self.delta = MISSING if type(thing) is Node else thing
            if version > before + 1:
                self.join(before + 1, version)
            self.version = version  # last: INVARIANTS 1
            if half or halves:
                self._hold(node, key, half, discarded)
            self.fresh_path = NO_PATH if half else path
            if not is_small:
                self._allow()
            if isinstance(path, str):
                self.places.remember(path, node, key)
        except BaseException:
            self.tear()
            if self.version > before:
                self._hold(node, key, half, discarded)
            raise
        return "set"

    def _admit(
        self, node: Node, key: Step, rest: tuple[Step, ...], given: str, delta: Any
    ) -> tuple[Any, str, int, int]:
        """Return what the slot will hold, the half after it, and how many values and bytes the change adds."""
        thing: Any
        nodes, size = self._cost_of_way(node, key, rest)
        if given == "string":
            thing, half = repair_surrogates(str.__str__(delta))
            return thing, half, nodes + 1, size + utf8_size(thing)
        if given in SCALAR or given == "null":
            return delta, "", nodes + 1, size + self.intake.scalar_size(delta)
        where = where_of(self.holder, node, key)
        for step in rest:
            where = (where, step)
        birth = self.version + 1 + (len(self.halves) if self.in_order else 0)  # after the repairs that come before it
        thing, more_nodes, more_size = self.intake.container(delta, where, birth, self.node_count + nodes)
        return thing, "", nodes + more_nodes, size + more_size

    def _check_set(self, node: Node, key: Step, thing: Any, half: str, nodes: int, size: int) -> None:
        """Raise an error if setting a slot passes a limit."""
        if type(thing) is str:
            self.intake.check("max_string_bytes", utf8_size(thing) + 3 * len(half))
        # Halves inside a container that is replaced are counted too: a delta that is refused, again and again, must not
        # cost a search for them.
        waiting = len(self.halves) - ((id(node), key) in self.halves)
        is_left = waiting > 0 and not self.in_order and bool(half)  # as in append_at
        self._check_document(nodes, size + 3 * (waiting + len(half)), waiting + 1 + is_left)

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
            node.history.setdefault(key, []).append((version, old))  # before what replaces it: INVARIANTS 2
            slots[key] = thing
            if type(old) is Node:  # the shortcuts may lead into it
                self.places.forget()
            return
        if type(key) is int:
            while len(slots) < key:
                node.births.append(version)  # before its slot: INVARIANTS 2
                slots.append(HOLE)
            node.births.append(version)  # before its slot: INVARIANTS 2
            slots.append(thing)
        else:
            node.births.append(version)  # before its slot: INVARIANTS 2
            slots[key] = thing

    # ------------------------------------------------------------------------------------------------------------------
    # what it would cost, and whether that is within the limits

    def _check_document(self, nodes: int, size: int, runs: int) -> None:
        self.intake.check("max_nodes", self.node_count + nodes, self.node_count)
        self.intake.check("max_runs", len(self.starts) + runs, len(self.starts))
        self.intake.check("max_document_bytes", self.size + size, self.size)

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

    def join(self, first: int, last: int) -> None:
        """Record that one event made the versions from `first` to `last`, if these are several."""
        if first < last:
            joined = self.joined
            joined[bisect_left(joined, (first, 0)) :] = [(first, last)]

    def event_of(self, version: int) -> tuple[int, int]:
        """Return the first and the last version of the event that made `version`."""
        joined = self.joined
        at = bisect_right(joined, (version, sys.maxsize)) - 1
        return joined[at] if at >= 0 and version <= joined[at][1] else (version, version)

    def refusal(self, reason: str = "the document is closed; reset() begins a new one") -> ClosedError:
        """Return the error for a delta after the end. `reason` is the message, unless the document is torn."""
        return ClosedError(_TORN, code="torn") if self.torn else ClosedError(reason)
