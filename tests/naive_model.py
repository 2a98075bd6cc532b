"""A naive document: a plain value for each version, built from the rules of application by copying everything.

The properties compare the library with this model. It is short, slow and written from the rules alone.
"""

from __future__ import annotations

from typing import Any

MISSING: Any = object()
HOLE: Any = object()


class ConflictError(Exception):
    """The delta does not fit the existing value."""


def kind(value: Any) -> str:
    for types, name in ((bool, "scalar"), ((int, float), "scalar"), (str, "string"), (dict, "object"), (list, "array")):
        if isinstance(value, types):
            return name
    return "free"  # absent, a hole or null


def repair_surrogates(text: str) -> tuple[str, str]:
    """Join surrogate pairs, replace lone halves with U+FFFD, and return a high half at the end separately."""
    out: list[str] = []
    for char in text:
        if "\udc00" <= char <= "\udfff" and out and "\ud800" <= out[-1] <= "\udbff":
            out[-1] = chr(0x10000 + (ord(out[-1]) - 0xD800) * 0x400 + ord(char) - 0xDC00)
        else:
            out.append(char)
    half = out.pop() if out and "\ud800" <= out[-1] <= "\udbff" else ""
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in out), half


def repair_all(value: Any) -> Any:
    if isinstance(value, str):
        text, half = repair_surrogates(value)
        return text + "\ufffd" * len(half)
    if isinstance(value, list):
        return [repair_all(item) for item in value]
    if isinstance(value, dict):
        return {repair_all(name): repair_all(item) for name, item in value.items()}
    return value


def copied(value: Any) -> Any:
    """Return a deep copy, in a tenth of the time of `copy.deepcopy`."""
    if isinstance(value, list):
        return [copied(item) for item in value]
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return value


def plain(value: Any) -> Any:
    """Return a deep copy in which holes are null."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return None if value is HOLE else value


class NaiveDocument:
    """`values[v]` is the document at version v; `changed_at[v]` is the location that version v changed.

    A pending half is repaired when another location changes. If the document is not `in_order`, it is repaired when
    its own string changes, or at the end.
    """

    def __init__(self, *, replace: bool = False, in_order: bool = True) -> None:
        self.replace = replace
        self.in_order = in_order
        self.root_slot: list[Any] = [MISSING]
        self.values: list[Any] = [MISSING]
        self.changed_at: list[tuple[str | int, ...]] = [()]
        self.holders: list[list[Any]] = [self.root_slot]  # as values, with holes
        self.tops: list[tuple[str | int, ...]] = [()]  # the highest location that each version created or replaced
        self.pending_surrogates: list[tuple[tuple[str | int, ...], str]] = []

    def apply(self, steps: tuple[str | int, ...], delta: Any) -> str | None:
        """Apply a delta; return "set", "append" or None. A `ConflictError` leaves the document unchanged."""
        old = self.look(steps)
        if kind(delta) == kind(old) == "string":
            return self._append(steps, delta)
        if self.holds(steps, delta):
            return None
        fits = delta is None or kind(old) == "free" or kind(old) == kind(delta)
        if not fits and not self.replace:
            raise ConflictError
        return self._set(steps, delta)

    def set_value(self, steps: tuple[str | int, ...], value: Any) -> str | None:
        """Replace what is at the target; return "set" or None. A `ConflictError` leaves the document unchanged."""
        return None if self.holds(steps, value) else self._set(steps, value)

    def holds(self, steps: tuple[str | int, ...], value: Any) -> bool:
        """Return whether this null, scalar or string is there already, and no half of a pair is pending after it."""
        old = self.look(steps)
        if isinstance(value, str) and isinstance(old, str):
            return repair_surrogates(value) == (old, "") and all(at != steps for at, _ in self.pending_surrogates)
        return type(value) is type(old) and not isinstance(value, list | dict) and value == old

    def close(self) -> None:
        self._repair()

    def look(self, steps: tuple[str | int, ...]) -> Any:
        """Return the value at `steps`; MISSING if there is none, or if a value on the way is of another kind."""
        here: Any = self.root_slot
        for step in (0, *steps):
            there = range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()
            if step not in there:
                return MISSING
            here = here[step]
        return here

    def _set(self, steps: tuple[str | int, ...], value: Any) -> str:
        half = ""
        if isinstance(value, str):
            value, half = repair_surrogates(value)
        else:
            value = repair_all(value)
        changed = copied(self.root_slot)  # a trial: `_put` may raise
        location = self._put(changed, (0, *steps), value)
        self.pending_surrogates = [
            (at, pending) for at, pending in self.pending_surrogates if at[: len(location)] != location
        ]
        if self.in_order:
            self._repair()
        changed = copied(self.root_slot)
        self._put(changed, (0, *steps), value)
        self.root_slot = changed
        self._next(steps, location)
        if half:
            self.pending_surrogates.append((steps, half))
        return "set"

    def _append(self, steps: tuple[str | int, ...], delta: str) -> str | None:
        if not delta:
            return None
        pending = "".join(half for at, half in self.pending_surrogates if at == steps)
        self.pending_surrogates = [(at, half) for at, half in self.pending_surrogates if at != steps]
        delta, half = repair_surrogates(pending + delta)
        if delta:
            if self.in_order:
                self._repair()
            self._extend(steps, delta)
        if half:
            self.pending_surrogates = [*self.pending_surrogates, (steps, half)]
        return "append" if delta else None

    def _extend(self, steps: tuple[str | int, ...], delta: str) -> None:
        self.root_slot = copied(self.root_slot)
        self._put(self.root_slot, (0, *steps), self.look(steps) + delta)
        self._next(steps)

    def _repair(self) -> None:
        for at, _ in self.pending_surrogates:
            self._extend(at, "\ufffd")
        self.pending_surrogates = []

    def _next(self, steps: tuple[str | int, ...], top: tuple[str | int, ...] | None = None) -> None:
        self.values.append(plain(self.root_slot)[0])
        self.changed_at.append(steps)
        self.holders.append(self.root_slot)
        self.tops.append(steps if top is None else top)

    def _put(self, here: Any, steps: tuple[str | int, ...], value: Any) -> tuple[str | int, ...]:
        """Write `value` and the missing containers above it; return the highest location created or replaced."""
        location: tuple[str | int, ...] = steps[1:]
        for count, step in enumerate(steps):
            if isinstance(here, list):
                while len(here) <= step:
                    here.append(HOLE)
            if count + 1 == len(steps):
                here[step] = value
                break
            wanted = dict if isinstance(steps[count + 1], str) else list
            there = here.get(step, MISSING) if isinstance(here, dict) else here[step]
            if not isinstance(there, wanted):
                if kind(there) != "free" and not self.replace:
                    raise ConflictError
                if len(location) == len(steps) - 1:
                    location = steps[1 : count + 1]
                here[step] = wanted()
            here = here[step]
        return location


def finished_order(value: Any, steps: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the locations of a value and its parts in the order in which they finish. Holes never finish."""
    if value is MISSING or value is HOLE:
        return []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [location for step, part in parts for location in finished_order(part, (*steps, step))] + [steps]


def related(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    common = min(len(one), len(other))
    return one[:common] == other[:common]


class NaiveCompletions:
    """The completions reported for a document, by definition: every value is examined at each change."""

    def __init__(self, document: NaiveDocument, *, in_order: bool = True) -> None:
        self.reported: list[tuple[tuple[str | int, ...], int, int]] = []  # (location, version, revision)
        self.finished: set[tuple[str | int, ...]] = set()
        self.in_order = in_order
        self.finished_at: list[set[tuple[str | int, ...]]] = [set()]
        for version in range(1, len(document.values)):
            before = document.holders[version - 1][0]
            location, top = document.changed_at[version], document.tops[version]
            changed = {one for one in self.finished if location[: len(one)] == one or one[: len(top)] == top}
            self.finished -= changed
            if changed:
                self.in_order = False
            if self.in_order:
                for one in finished_order(before):
                    if one not in self.finished and not related(one, location) and not related(one, top):
                        self.finished.add(one)
                        self.reported.append((one, version - 1, 1))
            self.finished_at.append(set(self.finished))

    def close(self, document: NaiveDocument) -> None:
        """Report what is unfinished when the stream ends without a failure."""
        reported = {one for one, _, _ in self.reported}
        there = finished_order(document.root_slot[0])
        last = len(document.values) - 1
        gone = sorted(reported - set(there), key=str)
        self.reported += [(one, last, 2) for one in gone]
        self.reported += [(one, last, 2 if one in reported else 1) for one in there if one not in self.finished]
