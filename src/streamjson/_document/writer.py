"""Any delta or value, applied with care: checked against the rules and the limits, then written.

It takes three steps: what is there and whether the delta may land on it, what it costs and whether that is
within the limits, and the writes, which end in a new version. The fast paths (`document`) are shortcuts with the same
result; whatever is unusual comes here.

*Pending surrogates* (`surrogates`). In a document in order a half is repaired as soon as another location changes: the
repair is a version of its own, before the change, and both belong to one event (`event_of`). In a document that is not
`in_order` each string keeps its half until its next delta, its replacement or the end. The limits count a pending half
as the bytes and the run of its repair.

*Listeners.* A change that concerns no listener is not notified. The dispatcher marks what has no listener with the
current `listener_epoch`, in `no_listener_epoch` of a `Node` or `Text`, or in `slots_without_listener`; a new epoch
makes all marks void. So finding out whether a change has a listener costs the same for no pattern and for a thousand
that do not match.

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
from .admission import SCALAR, Admission
from .change_log import MAX_FAST_BYTES, NO_PATH, ChangeLog, Kind, Lineage
from .locator import Locator, conflict
from .tree import HOLE, Node, Step, Text, current, kind_of, location_of, new_node

__all__ = ["Writer"]

_TORN: Final = (
    "an interrupt has broken off an event; snapshot() has what was whole,"
    " Assembler.restore(assembler.checkpoint()) resumes from there, and reset() begins a new document"
)
_GIVES_WAY: Final = ("nothing", "null")
_MAX_MEASURED_CHARS: Final = 4096  # characters; to measure these takes less than a microsecond


class Writer(ChangeLog):
    """The tree, and the changes to it, each checked before it is written."""

    __slots__ = (
        "event_ranges",
        "has_no_listener",
        "listener_epoch",
        "locator",
        "replace",
        "root_slot",
        "slots_without_listener",
    )

    def __init__(
        self, limits: Limits, *, prefix: Path, replace: bool, in_order: bool, base: int, lineage: Lineage | None
    ) -> None:
        super().__init__(Admission(limits), in_order=in_order, base=base, lineage=lineage)
        self.replace = replace
        # The root is item 0 of a list, so that no rule needs a case for it.
        self.root_slot = new_node(None, is_object=False)
        self.locator = Locator(self.root_slot, limits, prefix, replace=replace)
        self.event_ranges: list[tuple[int, int]] = []  # of events with several versions: the first and the last
        self.listener_epoch: object = None
        self.slots_without_listener: dict[tuple[int, Step] | None, object] = {}
        self.has_no_listener = True  # whether the last change concerns no listener

    def set_value(self, path: str | Path, value: Any) -> Kind | None:
        """Set `value` at `path`, whatever is there; return what happened, None if an equal scalar or string is there.

        An error leaves all as it was.
        """
        if self.closed:
            raise self.refusal()
        node, key, rest = self.locator.find(path)
        given = self.admission.kind_of(value)
        if given in SCALAR:
            value = self.admission.scalar(value)
        if not rest and self._is_equal(node, key, given, value):
            return None
        return self.set_at(path, node, key, rest, given, value)

    def _is_equal(self, node: Node, key: Step, given: str, value: Any) -> bool:
        """Return whether a slot holds this scalar or string already, and no half of a pair waits there."""
        there = current(node, key)
        if kind_of(there) != given:
            return False
        if given != "string":
            return given == "null" or (given in SCALAR and type(value) is type(there) and value == there)
        if (id(node), key) in self.pending_surrogates:
            return False
        return repair_surrogates(str.__str__(value)) == (there.whole() if type(there) is Text else there, "")

    def apply_carefully(
        self, path: str | Path, node: Node, key: Step, rest: tuple[Step, ...], delta: Any
    ) -> Kind | None:
        """Apply any delta at the slot and the steps that `Locator.find` returned for its path."""
        there = MISSING if rest else current(node, key)
        given = self.admission.kind_of(delta)
        if given in SCALAR:
            delta = self.admission.scalar(delta)
        found = kind_of(there)
        if found == given:
            if given == "string":
                return self.append_at(path, node, key, delta)
            if given == "null" or (given in SCALAR and type(delta) is type(there) and delta == there):
                return None
        elif not (found in _GIVES_WAY or given == "null" or (found in SCALAR and given in SCALAR) or self.replace):
            raise conflict(location_of(self.root_slot, node, key), there, given)
        return self.set_at(path, node, key, rest, given, delta)

    # ------------------------------------------------------------------------------------------------------------------
    # a string grows

    def append_at(self, path: str | Path, node: Node, key: Step, delta: str) -> Kind | None:
        """Append a delta to the string in a slot; return None if all of it is pending, or it is empty."""
        place = (id(node), key)
        given = delta
        delta, half = self.pending_surrogates.join(place, delta)
        if not delta and not half:
            return None
        growth = utf8_size(delta) + 3 * len(half)
        is_open = self._is_open(node, key)
        waiting = len(self.pending_surrogates) - (place in self.pending_surrogates)
        if not is_open or half or waiting or growth > MAX_FAST_BYTES or self.version >= self.fast_until_version:
            self.count_pending()
            there = node.entries[key]
            # A long one is measured once, and not for each delta that may then be refused.
            is_short = type(there) is str and len(there) <= _MAX_MEASURED_CHARS
            size = utf8_size(there) if is_short else self._text(node, key).size
            self.admission.check("max_string_bytes", size + growth, size)
            # The repair of another half takes a run, and ends the run of this string: in order before this delta, else
            # at the end, before the repair of this half.
            is_left = waiting > 0 and self.in_order
            repairs = waiting + (waiting > 0 and bool(half) and not self.in_order)
            self._check_document(0, growth + 3 * waiting, repairs + (is_left or not is_open))
        before = version = self.version
        if not delta:
            if is_open:
                self.open_path = NO_PATH  # the fast paths do not know the half
            self.fast_until_version = version
            self.pending_surrogates[place] = (node, key, given if type(given) is str else half)
            self.recount()
            return None
        try:
            if waiting and self.in_order:
                version = self._repair({place})
                self.has_no_listener = False  # not found out for each repaired string
            elif not is_open:
                text = self._text(node, key)
                self._find_listeners(node, place, text.no_listener_epoch)
                text.no_listener_epoch = self.listener_epoch if self.has_no_listener else None
            version += 1
            self._extend(node, key, delta, version)
            self.open_path = NO_PATH if half else path
            self.delta = delta
            if version > before + 1:
                self.join_event(before + 1, version)
            self.version = version  # last: INVARIANTS 1
            if half or self.pending_surrogates:
                self._hold(node, key, half, {place})
            if half or growth > MAX_FAST_BYTES or version >= self.fast_until_version or not is_open:
                self.recount()
        except BaseException:
            self.tear()
            if self.version > before:
                self._hold(node, key, half, {place})
            raise
        return "append"

    def _extend(self, node: Node, key: Step, delta: str, version: int) -> None:
        """Write what `version` appends to a string, checked and repaired, and open the string for more."""
        is_open = self._is_open(node, key)
        if not is_open:
            self.seal_open_text()
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
            self.pending_surrogates.clear()
        self.pending_surrogates.replace(node, key, half, gone)

    def _repair(self, but: Collection[tuple[int, Step]] = ()) -> int:
        """Write the repairs of all pending halves but these; return the version of the last one."""
        version = self.version
        for node, key in self.pending_surrogates.others(but):
            version += 1
            self._extend(node, key, REPLACEMENT, version)
        return version

    # ------------------------------------------------------------------------------------------------------------------
    # a value is set

    def set_at(self, path: str | Path, node: Node, key: Step, rest: tuple[Step, ...], given: str, delta: Any) -> Kind:
        """Set a value of JSON type `given` at the steps `rest` from a slot on, or in the slot itself."""
        halves = self.pending_surrogates
        thing, half, nodes, size = self._admit(node, key, rest, given, delta)
        discarded: Collection[tuple[int, Step]] = ()
        # A change that is no larger than those of the fast paths can't reach a limit before they must stop.
        is_small = self.version < self.fast_until_version and nodes <= 2 and size <= MAX_FAST_BYTES
        is_small = is_small and not half and not halves
        if not is_small:
            self.count_pending()
            self._check_set(node, key, thing, half, nodes, size)
            discarded = halves.inside(node, key)
            if discarded and self.in_order and type(thing) is Node:  # fewer repairs come before it than it was made for
                created_at = thing.created_at[0] - len(discarded) if thing.created_at else 0
                thing, _, _ = self.admission.container(delta, thing.where, created_at, 0)

        before = self.version
        try:
            version = self._repair(discarded) if halves and self.in_order else before
            self.seal_open_text()
            again = bool(self.nodes) and node is self.nodes[-1] and key == self.keys[-1] and not rest
            inside = bool(rest) or type(thing) is Node  # a container without a listener may contain a location with one
            if version > before:
                self.has_no_listener = False  # as in append_at
            elif not again or inside:  # else the location is that of the last change, and so are the listeners
                self._find_listeners(node, None if inside else (id(node), key), None)
            version += 1
            self.count_length(len(thing) if type(thing) is str else 0)
            for step in rest:
                child = new_node(location_of(self.root_slot, node, key), is_object=type(step) is str)
                self._put(node, key, child, version)
                node, key = child, step
            self._put(node, key, thing, version)
            self._log(version, node, key)
            self.node_count += nodes
            self.size += size
            self.delta = MISSING if type(thing) is Node else thing
            if version > before + 1:
                self.join_event(before + 1, version)
            self.version = version  # last: INVARIANTS 1
            if half or halves:
                self._hold(node, key, half, discarded)
            self.fresh_path = NO_PATH if half else path
            if not is_small:
                self.set_budget()
            if isinstance(path, str):
                self.locator.remember(path, node, key)
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
        nodes, size = self._cost_of_path(node, key, rest)
        if given == "string":
            thing, half = repair_surrogates(str.__str__(delta))
            return thing, half, nodes + 1, size + utf8_size(thing)
        if given in SCALAR or given == "null":
            return delta, "", nodes + 1, size + self.admission.scalar_size(delta)
        where = location_of(self.root_slot, node, key)
        for step in rest:
            where = (where, step)
        repairs = len(self.pending_surrogates) if self.in_order else 0  # they come before it
        created_at = self.version + 1 + repairs
        thing, more_nodes, more_size = self.admission.container(delta, where, created_at, self.node_count + nodes)
        return thing, "", nodes + more_nodes, size + more_size

    def _check_set(self, node: Node, key: Step, thing: Any, half: str, nodes: int, size: int) -> None:
        """Raise an error if setting a slot passes a limit."""
        if type(thing) is str:
            self.admission.check("max_string_bytes", utf8_size(thing) + 3 * len(half))
        # Halves inside a container that is replaced are counted too: a delta that is refused, again and again, must not
        # cost a search for them.
        waiting = len(self.pending_surrogates) - ((id(node), key) in self.pending_surrogates)
        is_left = waiting > 0 and not self.in_order and bool(half)  # as in append_at
        self._check_document(nodes, size + 3 * (waiting + len(half)), waiting + 1 + is_left)

    def _find_listeners(self, node: Node, place: tuple[int, Step] | None, mark: object) -> None:
        """Find out whether a change to a slot of `node`, or to the text with this mark, has a listener."""
        epoch = self.listener_epoch
        # All three without a shortcut: so it takes the same time if there are listeners elsewhere.
        is_marked = self.slots_without_listener.get(place) is epoch
        self.has_no_listener = is_marked | (mark is epoch) | (node.no_listener_epoch is epoch)

    def _put(self, node: Node, key: Step, thing: Any, version: int) -> None:
        """Create or replace a slot."""
        slots = node.entries
        old = current(node, key)
        if old is not MISSING:
            if node.history is None:
                node.history = {}
            node.history.setdefault(key, []).append((version, old))  # before what replaces it: INVARIANTS 2
            slots[key] = thing
            if type(old) is Node:  # the shortcuts may lead into it
                self.locator.forget()
            return
        if type(key) is int:
            while len(slots) < key:
                node.created_at.append(version)  # before its entry: INVARIANTS 2
                slots.append(HOLE)
            node.created_at.append(version)  # before its entry: INVARIANTS 2
            slots.append(thing)
        else:
            node.created_at.append(version)  # before its entry: INVARIANTS 2
            slots[key] = thing

    # ------------------------------------------------------------------------------------------------------------------
    # what it would cost, and whether that is within the limits

    def _check_document(self, nodes: int, size: int, runs: int) -> None:
        self.admission.check("max_nodes", self.node_count + nodes, self.node_count)
        self.admission.check("max_runs", len(self.starts) + runs, len(self.starts))
        self.admission.check("max_document_bytes", self.size + size, self.size)

    def _cost_of_path(self, node: Node, key: Step, rest: tuple[Step, ...]) -> tuple[int, int]:
        """Return how many values and bytes the slot `key` and the containers from there on add."""
        nodes = len(rest)
        size = 0
        ways = [(len(node.entries), key)] if current(node, key) is MISSING else []
        ways += [(0, step) for step in rest]
        for length, step in ways:
            if isinstance(step, str):
                size += self.admission.name(step)
                continue
            self.admission.check("max_array_gap", step - length)
            self.admission.check("max_array_length", step + 1)
            nodes += step - length
            size += 8 * (step - length)
        return nodes, size

    def join_event(self, first: int, last: int) -> None:
        """Record that one event made the versions from `first` to `last`, if these are several."""
        if first < last:
            joined = self.event_ranges
            if not joined or joined[-1][1] < first:  # nearly always
                joined.append((first, last))
                return
            joined[bisect_left(joined, (first, 0)) :] = [(first, last)]

    def event_of(self, version: int) -> tuple[int, int]:
        """Return the first and the last version of the event that made `version`."""
        joined = self.event_ranges
        at = bisect_right(joined, (version, sys.maxsize)) - 1
        return joined[at] if at >= 0 and version <= joined[at][1] else (version, version)

    def refusal(self, reason: str = "the document is closed; reset() begins a new one") -> ClosedError:
        """Return the error for a delta after the end. `reason` is the message, unless the document is torn."""
        return ClosedError(_TORN, code="torn") if self.torn else ClosedError(reason)
