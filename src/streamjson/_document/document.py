"""The document: a tree that only grows, and the log of how it grew. One delta in, at most one new version out.

What it owns: the tree (its parts are in `tree`), what may land on what, and the limits. The log is in `change_log`.
What it does not know: events, snapshots, callbacks. Reading is in `history`; nothing here builds a value.

*Ways.* Nearly every event of a real stream goes one of the hot ways: a short text onto the string that is open
(`apply`), the next member or item (`_add_next`), the first member of a next item (`_add_first`), a short text onto a
string that was left (`_come_back`). Each does what the careful way would do with its event, in a fraction of the time,
and leaves to it what is not just that.

*Halves.* A high surrogate at the end of a string delta is held, in no value and no version, until the next delta to its
string brings its partner. In a document in order it is repaired as soon as another location changes, by a change of its
own that is the *prelude* of that change. In one that is not `in_order`, each string keeps its half until the string's
next delta, its replacement or the end. The limits count a half that waits as the bytes and the run of its repair.

Invariants: a rejected delta changes nothing (all is checked before the first write); versions are consecutive;
slots are appended to, or replaced with the old value kept; limits are exact at every delta.

Cost: a delta to the string that is open takes two appends and no look at the tree; any other O(its path), plus the
delta, which is copied.

Who follows the document is told by the modules downstream. What they leave here is a token, `watch`, and where they
have nobody to tell: a container or text whose `ignored_by` is the token, a slot for which `ignored` has it. So to find
out whether a change is `quiet` costs the same for nobody and for a thousand patterns that do not match, where a
location is touched again, and nothing while it stays open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from .._errors import ClosedError
from .._json import MISSING, REPLACEMENT, repair_surrogates, short_size, utf8_size
from .._limits import Limits
from .._paths import Path
from .admission import SCALAR, Intake
from .change_log import CALM, NO_PATH, SHORT, WIDE, Kind, Log
from .locator import MANY_NAMES, Places, conflict
from .tree import HOLE, Node, Step, Text, Where, kind_of, look, new_node, where_of

__all__ = ["Document"]

_TORN: Final = (
    "an interrupt has broken off an event; snapshot() has what was whole,"
    " Assembler.restore(assembler.checkpoint()) resumes from there, and reset() begins a new document"
)
_GIVES_WAY: Final = ("nothing", "null")
_LONG: Final = 4096  # characters; to measure these takes less than a microsecond


class Document(Log):
    """The tree and the log. The modules downstream read its attributes; only the methods here write them."""

    __slots__ = (
        "containers", "holder", "horizon", "ignored", "max_array_length", "places", "preludes", "progress", "quiet",
        "repaired", "replace", "roomy", "untouched", "values", "watch",
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
        super().__init__(Intake(limits), in_order=in_order, base=base, lineage=lineage)
        self.replace = replace
        self.max_array_length = self.intake.bounds["max_array_length"]
        self.roomy = self.intake.bounds["max_string_bytes"] - CALM * SHORT
        # The tree. The root is item 0 of a list, so that no rule needs a case for it.
        self.holder = new_node(None, is_object=False)
        self.horizon = base  # the first version that is known, of a document that was restored a later one
        self.untouched = base  # the version at which nothing was applied yet, since it was made or restored
        self.repaired: list[tuple[Node, Step, str]] = []  # the halves that its end has repaired
        self.places = Places(self.holder, limits, prefix, replace=replace)
        self.preludes: set[int] = set()
        # For those who follow: their token, and whether the last change concerns nobody.
        self.watch: object = None
        self.ignored: dict[tuple[int, Step] | None, object] = {}
        self.quiet = True
        # For `value_cache`: what was read, of the root and of containers that were read alone.
        self.values: Any = None
        self.containers: dict[Node, Any] = {}
        # For `_view`: how far it has looked for the first return to a finished value, and what came of it.
        self.progress: Any = None

    # ------------------------------------------------------------------------------------------------------------------
    # a delta

    def apply(self, path: str | Path, delta: Any) -> Kind | None:
        """Apply `delta` at `path`; return what happened, None if nothing changed. An error leaves all as it was."""
        # The hot path, nearly every event of a real stream: a short text onto the string that is open.
        if path == self.open_path and self.version < self.hot_until and type(delta) is str:
            length = len(delta)
            # Half of a surrogate pair is not printable.
            if 0 < length <= SHORT and (delta.isascii() or (length <= WIDE and delta.isprintable())):
                try:
                    self.lengths.append(length)
                    self.pieces.append(delta)
                    self.delta = delta
                    self.version += 1  # last: INVARIANTS 1
                except BaseException:  # an interrupt; where nothing is raised, `try` costs nothing
                    self.tear()
                    raise
                return "append"
        return self.go(path, delta)

    def go(self, path: str | Path, delta: Any) -> Kind | None:
        """Apply any other delta, as `apply`; for those who do what is hot there themselves."""
        if self.version < self.hot_until and type(path) is str:
            length, size = 0, -1  # in characters and in bytes, of a short text or a plain scalar
            try:
                if type(delta) is str:
                    length = size = len(delta)
                    if length > SHORT or not delta.isascii():
                        size = short_size(delta, SHORT)
                        if size > 0 and path == self.open_path:
                            return self._grow(delta, length)
                    if size > 0 and path == self.fresh_path and self._open_last(path):
                        return self._grow(delta, length)
                elif delta is None or type(delta) is bool or self.intake.is_plain(delta):
                    size = 8
                if size >= 0:
                    visited = self.places.visited
                    place = visited.get(path) if visited else None  # in document order nothing is
                    if place is not None:
                        if length and self._come_back(path, place, delta):
                            return "append"
                    elif self._add_next(path, delta, length, size) or self._add_first(path, delta, length, size):
                        return "set"
            except BaseException:
                self.tear()
                raise
        elif self.closed:
            raise self.refusal()
        node, key, rest = self.places.find(path)
        return self._apply_with_care(path, node, key, rest, delta)

    def _grow(self, delta: str, length: int) -> Kind:
        """Append a short text to the string that is open."""
        self.lengths.append(length)
        self.pieces.append(delta)
        self.delta = delta
        self.version += 1  # last: INVARIANTS 1
        return "append"

    def _apply_with_care(
        self, path: str | Path, node: Node, key: Step, rest: tuple[Step, ...], delta: Any
    ) -> Kind | None:
        """Apply any delta. What `apply` does itself is what this would do, in a fraction of the time."""
        there = MISSING if rest else look(node, key)
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

    # ------------------------------------------------------------------------------------------------------------------
    # the other half of the hot path: what is easy, at another location

    def _add_next(self, path: str, delta: Any, length: int, size: int) -> bool:
        """Create the next member or item of the container that the last one was created in; tell whether it was one.

        `delta` is short and has `size` bytes. It takes a fifth of what `_set` takes.
        """
        places = self.places
        key: Any = None
        version = self.version + 1
        if path.startswith(places.head):
            name = path[places.head_length :]
            key = places.names.get(name)
            if key is None and name.isidentifier() and name.isascii() and len(name) <= places.short_name:
                key = name
                if len(places.names) < MANY_NAMES:
                    places.names[name] = name
        if key is not None:
            node = places.head_node
            if key in node.slots:
                return False
            size += len(key)
            self.lengths.append(length)
            node.births.append(version)  # before its slot: INVARIANTS 2
            node.slots[key] = delta
        elif path.startswith(places.list_head):
            node = places.list_node
            key = len(node.slots)
            if path[places.list_length :] != f"{key}]" or key >= self.max_array_length:
                return False
            self.lengths.append(length)
            node.births.append(version)  # before its slot: INVARIANTS 2
            node.slots.append(delta)
        else:
            return False
        if self.node is not None:
            self._leave()
        self.nodes.append(node)
        self.keys.append(key)
        self.starts.append(version)
        self.size += size
        self.node_count += 1
        self.delta = delta
        self.fresh_path = path
        self.quiet = node.ignored_by is self.watch
        self.version = version  # last: INVARIANTS 1
        return True

    def _add_first(self, path: str, delta: Any, length: int, size: int) -> bool:
        """Create the next item of the last array, an object, and its first member; tell whether it was that.

        `delta` is as in `_add_next`.
        """
        places = self.places
        if not places.list_may_nest or not path.startswith(places.list_head):
            return False
        node = places.list_node
        place = len(node.slots)
        item, _, name = path.rpartition(".")
        key = places.names.get(name)
        if key is None or item[places.list_length :] != f"{place}]" or place >= self.max_array_length:
            return False
        if self.node is not None:
            self._leave()
        version = self.version + 1
        child = new_node((node.where, place), is_object=True)
        child.births.append(version)  # before its slot: INVARIANTS 2
        child.slots[key] = delta
        self.lengths.append(length)
        node.births.append(version)  # before its slot: INVARIANTS 2
        node.slots.append(child)
        self.nodes.append(child)
        self.keys.append(key)
        self.starts.append(version)
        self.size += size + len(key)
        self.node_count += 2
        self.delta = delta
        self.fresh_path = path
        self.quiet = node.ignored_by is self.watch
        places.head = path[: -len(key)]
        places.head_length = len(places.head)
        places.head_node = child
        self.version = version  # last: INVARIANTS 1
        return True

    def _come_back(self, path: str, place: tuple[Node, Step], delta: Any) -> bool:
        """Append a short text to a string that was left, and is a `Text` already; tell whether it was.

        For fields that are written in turn: a fifth of what `_append` takes.
        """
        node, key = place
        text = node.slots[key]
        if type(text) is not Text or text.ignored_by is not self.watch or text.size > self.roomy:
            return False
        if self.halves and (id(node), key) in self.halves:
            return False
        if self.node is not None:
            if text is self.text:  # it is open, by a path that is written otherwise
                return False
            if self.text is self.scratch:
                self._leave()
        version = self.version + 1
        self.lengths.append(len(delta))
        self.nodes.append(node)
        self.keys.append(key)
        self.starts.append(version)
        text.starts.append(version)
        self.pieces = pieces = text.pieces
        if len(pieces) == text.counted:
            self.uncounted.append(text)
        pieces.append(delta)
        self.node = node
        self.key = key
        self.text = text
        self.open_path = path
        self.fresh_path = NO_PATH
        self.delta = delta
        self.quiet = True
        self.version = version  # last: INVARIANTS 1
        return True

    def close(self) -> bool:
        """End the document: halves that are held are repaired. Return whether that was a change."""
        if self.closed:
            return False
        before = self.version
        try:
            version = self._repair()
            self._leave()
            self._tally()
            if version > before:
                self.preludes.discard(version)  # the last repair is not before a change, it is the change
                self.delta = REPLACEMENT
                self.version = version  # last: INVARIANTS 1
            self._end()
        except BaseException:
            if self.version > before:
                self._end()
            else:
                self.tear()
            raise
        return version > before

    def _end(self) -> None:
        if self.halves:  # else it is called again, after an interrupt
            self.repaired = list(self.halves.values())
            self.halves = {}
        self.quiet = False
        self.freeze()

    def reopen(self) -> bool:
        """Continue after `close`: halves that it has repaired are pending again. Return whether that was a change.

        What comes next is a run of its own, so that it can be told from what there was at the end.
        """
        self._leave()  # a restored document has one open that its changes have left so
        strings: list[tuple[Node, Step, str]] = []
        for node, key, _ in self.repaired:
            thing = node.slots[key]
            strings.append((node, key, (thing if type(thing) is str else thing.whole()).removesuffix(REPLACEMENT)))
        sizes = [utf8_size(string) for _, _, string in strings]
        self._check_document(len(strings), sum(sizes), len(strings))
        is_untouched = self.version == self.untouched
        version = self.version
        try:
            for node, key, string in strings:
                version += 1
                self._count(len(string))
                self._put(node, key, string, version)
                self._log(version, node, key)
                self.preludes.add(version)
                self.delta = string
            if strings:
                self.preludes.discard(version)  # it is not before a change, it is the change
            self.node_count += len(strings)
            self.size += sum(sizes)
            self.halves = {(id(node), key): (node, key, half) for node, key, half in self.repaired}
            self.repaired = []
            self.version = version  # last: INVARIANTS 1
            if is_untouched:
                self.untouched = version
            self.seal_run()
            self.quiet = False
            self.closed = False
            self.settle()
        except BaseException:
            self.tear()
            raise
        return bool(strings)

    def seal_run(self) -> None:
        """Let what comes next to the string that was written to last be a run of its own."""
        self.fresh_path = NO_PATH
        if self.nodes and type(look(self.nodes[-1], self.keys[-1])) is str:
            self._text(self.nodes[-1], self.keys[-1])

    def freeze(self) -> None:
        """Refuse every further delta, and leave the document as it is."""
        self.closed = True
        self.hot_until = -1

    def refusal(self, reason: str = "the document is closed; reset() begins a new one") -> ClosedError:
        """Return the error for what comes after the end. `reason` is the message, unless the document is torn."""
        return ClosedError(_TORN, code="torn") if self.torn else ClosedError(reason)

    # ------------------------------------------------------------------------------------------------------------------
    # a string grows

    def _append(self, path: str | Path, node: Node, key: Step, delta: str) -> Kind | None:
        place = (id(node), key)
        given = delta
        delta, half = self._with_half(place, delta)
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
        self._count(len(delta))
        if not is_open:
            text = self._text(node, key)
            text.starts.append(version)
            self.uncounted.append(text)
            self._log(version, node, key)
            self.node, self.key, self.text, self.pieces = node, key, text, text.pieces
        self.pieces.append(delta)

    def _with_half(self, place: tuple[int, Step], delta: str) -> tuple[str, str]:
        """Return `delta` mended with the half that its string holds, and the half at its end."""
        if delta and (self.halves or not delta.isascii()):
            held = self.halves.get(place)
            return repair_surrogates(("" if held is None else held[2]) + str.__str__(delta))
        return str.__str__(delta), ""

    def _repair(self, but: Collection[tuple[int, Step]] = ()) -> int:
        """Write the repairs of all halves that wait, but not of these; return the version of the last one."""
        version = self.version
        for place, (node, key, _) in self.halves.items():
            if place not in but:
                version += 1
                self._extend(node, key, REPLACEMENT, version)
                self.preludes.add(version)
        return version

    def holds(self, delta: object) -> bool:
        """Tell whether this very object is a half that waits. A delta that is only a half makes no version."""
        return any(half is delta for _, _, half in self.halves.values())

    def _hold(self, node: Node, key: Step, half: str, gone: Iterable[tuple[int, Step]]) -> None:
        """Note which halves wait after a change that took those `gone` and brought `half`. May be called again."""
        if self.in_order and self.halves:  # the others have been repaired
            self.halves = {}
        for place in gone:
            self.halves.pop(place, None)
        if half:
            self.halves[id(node), key] = (node, key, half)

    # ------------------------------------------------------------------------------------------------------------------
    # a value is set

    def _set(self, path: str | Path, node: Node, key: Step, rest: tuple[Step, ...], given: str, delta: Any) -> Kind:
        self._tally()
        nodes, size = self._cost_of_way(node, key, rest)
        half = ""
        where: Where = None  # of a container
        birth = self.version + 1 + (len(self.halves) if self.in_order else 0)  # after the repairs that come before it
        if given == "string":
            delta, half = repair_surrogates(str.__str__(delta))
            nodes, size = nodes + 1, size + utf8_size(delta)
            self.intake.check("max_string_bytes", utf8_size(delta) + 3 * len(half))
            thing: Any = delta
        elif given in ("object", "array"):
            where = where_of(self.holder, node, key)
            for step in rest:
                where = (where, step)
            thing, more_nodes, more_size = self.intake.container(delta, where, birth, self.node_count + nodes)
            nodes, size = nodes + more_nodes, size + more_size
        else:
            thing, nodes, size = delta, nodes + 1, size + self.intake.scalar_size(delta)
        # Halves inside a container that is replaced are counted too: a delta that is refused, again and again, must not
        # cost a search for them.
        waiting = len(self.halves) - ((id(node), key) in self.halves)
        is_left = waiting > 0 and not self.in_order and bool(half)  # as in _append
        self._check_document(nodes, size + 3 * (waiting + len(half)), waiting + 1 + is_left)
        discarded: Collection[tuple[int, Step]] = self._halves_in(node, key) if self.halves else ()
        if discarded and self.in_order and type(thing) is Node:  # fewer repairs come before it
            thing, _, _ = self.intake.container(delta, where, birth - len(discarded), 0)
        if type(thing) is Node:
            delta = MISSING

        before = self.version
        try:
            version = self._repair(discarded) if self.halves and self.in_order else before
            self._leave()
            again = bool(self.nodes) and node is self.nodes[-1] and key == self.keys[-1] and not rest
            inside = bool(rest) or type(thing) is Node  # what nobody watches itself may contain what somebody does
            if version > before:
                self.quiet = False  # as in _append
            elif not again or inside:  # else whom the last change concerned, this one does
                self._notice(node, None if inside else (id(node), key), None)
            version += 1
            self._count(len(delta) if given == "string" else 0)
            for step in rest:
                child = new_node(where_of(self.holder, node, key), is_object=type(step) is str)
                self._put(node, key, child, version)
                node, key = child, step
            self._put(node, key, thing, version)
            self._log(version, node, key)
            self.node_count += nodes
            self.size += size
            self.delta = delta
            self.version = version  # last: INVARIANTS 1
            if half or self.halves:
                self._hold(node, key, half, discarded)
            self.fresh_path = NO_PATH if half else path
            self.settle()
            if isinstance(path, str):
                self.places.remember(path, node, key)
        except BaseException:
            self.tear()
            if self.version > before:
                self._hold(node, key, half, discarded)
            raise
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

    def _halves_in(self, node: Node, key: Step) -> set[tuple[int, Step]]:
        """Return the places of the halves that a slot holds, or a container in it. Costs what the container holds."""
        found: set[tuple[int, Step]] = set()
        todo: list[tuple[Node, Step, Any]] = [(node, key, look(node, key))]
        while todo and len(found) < len(self.halves):
            node, key, thing = todo.pop()
            if type(thing) is Node:
                slots: Any = thing.slots
                items: Any = slots.items() if thing.is_object else enumerate(slots)
                todo += [(thing, step, item) for step, item in items]
            elif (id(node), key) in self.halves:
                found.add((id(node), key))
        return found

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
