"""The document as nobody would build it: a plain value for each version, made by the rules and by copying everything.

The properties hold the library against this model. It is short, slow and written from the rules of application alone.
"""

from __future__ import annotations

from typing import Any

MISSING: Any = object()
HOLE: Any = object()


class ConflictError(Exception):
    """The delta does not fit what is there."""


def kind(value: Any) -> str:
    for types, name in ((bool, "scalar"), ((int, float), "scalar"), (str, "string"), (dict, "object"), (list, "array")):
        if isinstance(value, types):
            return name
    return "free"  # absent, a hole or null


def mend(text: str) -> tuple[str, str]:
    """Join halves that make a pair, replace all others by U+FFFD, and keep back a high one at the end."""
    out: list[str] = []
    for char in text:
        if "\udc00" <= char <= "\udfff" and out and "\ud800" <= out[-1] <= "\udbff":
            out[-1] = chr(0x10000 + (ord(out[-1]) - 0xD800) * 0x400 + ord(char) - 0xDC00)
        else:
            out.append(char)
    half = out.pop() if out and "\ud800" <= out[-1] <= "\udbff" else ""
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in out), half


def mend_all(value: Any) -> Any:
    if isinstance(value, str):
        text, half = mend(value)
        return text + "\ufffd" * len(half)
    if isinstance(value, list):
        return [mend_all(item) for item in value]
    if isinstance(value, dict):
        return {mend_all(name): mend_all(item) for name, item in value.items()}
    return value


def copied(value: Any) -> Any:
    """Return a copy; `copy.deepcopy` takes ten times as long."""
    if isinstance(value, list):
        return [copied(item) for item in value]
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return value


def plain(value: Any) -> Any:
    """Return a copy in which holes are null."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return None if value is HOLE else value


class NaiveDocument:
    """`values[v]` is the document at version v; `places[v]` the location that version v changed.

    A half waits until another location changes; if the document is not `in_order`, until its string does, or the end.
    """

    def __init__(self, *, replace: bool = False, in_order: bool = True) -> None:
        self.replace = replace
        self.in_order = in_order
        self.holder: list[Any] = [MISSING]
        self.values: list[Any] = [MISSING]
        self.places: list[tuple[str | int, ...]] = [()]
        self.holders: list[list[Any]] = [self.holder]  # as values, with holes
        self.tops: list[tuple[str | int, ...]] = [()]  # the highest location that was created or replaced
        self.halves: list[tuple[tuple[str | int, ...], str]] = []

    def apply(self, steps: tuple[str | int, ...], delta: Any) -> str | None:
        """Apply a delta; return "set", "append" or None. Raises `ConflictError` and then has changed nothing."""
        old = self.look(steps)
        if kind(delta) == kind(old) == "string":
            return self._append(steps, delta)
        if delta is None and old is None:
            return None
        if type(delta) is type(old) and kind(delta) == "scalar" and delta == old:
            return None
        fits = delta is None or kind(old) == "free" or kind(old) == kind(delta)
        if not fits and not self.replace:
            raise ConflictError
        half = ""
        if isinstance(delta, str):
            delta, half = mend(delta)
        else:
            delta = mend_all(delta)
        changed = copied(self.holder)  # before anything else: it may raise
        place = self._put(changed, (0, *steps), delta)
        self.halves = [(at, held) for at, held in self.halves if at[: len(place)] != place]
        if self.in_order:
            self._repair()
        changed = copied(self.holder)
        self._put(changed, (0, *steps), delta)
        self.holder = changed
        self._next(steps, place)
        if half:
            self.halves.append((steps, half))
        return "set"

    def close(self) -> None:
        self._repair()

    def look(self, steps: tuple[str | int, ...]) -> Any:
        """Return what is at `steps`, MISSING if nothing is; a path that leads through something else finds nothing."""
        here: Any = self.holder
        for step in (0, *steps):
            there = range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()
            if step not in there:
                return MISSING
            here = here[step]
        return here

    def _append(self, steps: tuple[str | int, ...], delta: str) -> str | None:
        if not delta:
            return None
        held = "".join(half for at, half in self.halves if at == steps)
        self.halves = [(at, half) for at, half in self.halves if at != steps]
        delta, half = mend(held + delta)
        if delta:
            if self.in_order:
                self._repair()
            self._extend(steps, delta)
        if half:
            self.halves = [*self.halves, (steps, half)]
        return "append" if delta else None

    def _extend(self, steps: tuple[str | int, ...], delta: str) -> None:
        self.holder = copied(self.holder)
        self._put(self.holder, (0, *steps), self.look(steps) + delta)
        self._next(steps)

    def _repair(self) -> None:
        for at, _ in self.halves:
            self._extend(at, "\ufffd")
        self.halves = []

    def _next(self, steps: tuple[str | int, ...], top: tuple[str | int, ...] | None = None) -> None:
        self.values.append(plain(self.holder)[0])
        self.places.append(steps)
        self.holders.append(self.holder)
        self.tops.append(steps if top is None else top)

    def _put(self, here: Any, steps: tuple[str | int, ...], value: Any) -> tuple[str | int, ...]:
        """Write `value`, and what is missing on the way; return the location that was created or replaced."""
        place: tuple[str | int, ...] = steps[1:]
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
                if len(place) == len(steps) - 1:
                    place = steps[1 : count + 1]
                here[step] = wanted()
            here = here[step]
        return place


def finished_order(value: Any, steps: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the locations of a value and all in it, as they are finished one after the other; holes never are."""
    if value is MISSING or value is HOLE:
        return []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for step, part in parts for place in finished_order(part, (*steps, step))] + [steps]


def related(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    common = min(len(one), len(other))
    return one[:common] == other[:common]


class NaiveCompletions:
    """What is told of finished values, by the definition and by looking at all values at each change."""

    def __init__(self, document: NaiveDocument, *, in_order: bool = True) -> None:
        self.told: list[tuple[tuple[str | int, ...], int, int]] = []  # location, version, revision
        self.finished: set[tuple[str | int, ...]] = set()
        self.in_order = in_order
        self.finished_at: list[set[tuple[str | int, ...]]] = [set()]
        for version in range(1, len(document.values)):
            before, place, top = document.holders[version - 1][0], document.places[version], document.tops[version]
            changed = {one for one in self.finished if place[: len(one)] == one or one[: len(top)] == top}
            self.finished -= changed
            if changed:
                self.in_order = False
            if self.in_order:
                for one in finished_order(before):
                    if one not in self.finished and not related(one, place) and not related(one, top):
                        self.finished.add(one)
                        self.told.append((one, version - 1, 1))
            self.finished_at.append(set(self.finished))

    def close(self, document: NaiveDocument) -> None:
        """The stream has ended well."""
        told = {one for one, _, _ in self.told}
        there = finished_order(document.holder[0])
        last = len(document.values) - 1
        gone = sorted(told - set(there), key=str)
        self.told += [(one, last, 2) for one in gone]
        self.told += [(one, last, 2 if one in told else 1) for one in there if one not in self.finished]
