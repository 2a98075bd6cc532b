"""From patterns to states: which of them match at a location and above it, and whether one may below it.

A `Matcher` is made of patterns, each with a target of the caller's. Its `start` is the state of the root; a state's
`step` is the state one step below. States are made when they are first asked for. The module knows steps, no documents:
a `str` is the name of an object's member, an `int` the index of an array's item.

The automaton is bit-parallel. Each segment of each pattern has a bit, and after its segments each pattern has one more,
its end. A state holds the bits of the segments that are due at its location. A step chooses some of them; each of those
moves one up, to the next segment or the end, and those that descend stay, too:

    reached = (chosen << 1) | (due & descending)

So what a step chooses is all that tells it from another, and transitions are kept by that: one for all the names and
indexes that no due segment has, one for each set of due slices that an index lies in. The items of `items[*]` make one
transition, however many they are.

Invariants: what a state says is what RFC 9535 says of the steps that lead to it. Equal states are one object: those
with the same segments due and the same matches from the root to there, and, while something is due, at one depth.
States refer to those below, never above or to the matcher, so all are freed with the last of them that is in use.

Specification: RFC 9535, sections 2.3 (selectors) and 2.5 (segments).

Cost: a step is two look-ups in dictionaries, and one test for each slice that is due. When it is new, it is
O(segments), those of all patterns, as is making a matcher. There are never more states than locations were stepped to,
each of a few hundred bytes, a bit for each segment and two references for each match above.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeAlias, TypeVar, final
from weakref import WeakValueDictionary

from .pattern import EVERY, Pattern

__all__ = ["Matcher", "State"]

T = TypeVar("T")
_Trace: TypeAlias = tuple[tuple[int, int], ...]
"""Depth and ends of each match: as `State.heard`, but comparable whatever the targets are."""


@final
class State(Generic[T]):
    """What the steps to a location tell of it; made by a `Matcher`.

    `targets` are those of the patterns that match exactly here, in order of registration. `live` says whether a
    location below may match. `heard` has (depth, targets) for each location from the root to here that matches, root
    first; the depth is its number of steps.
    """

    __slots__ = (
        "__weakref__",
        "_automaton",
        "_below",
        "_depth",
        "_due",
        "_parts",
        "_trace",
        "heard",
        "live",
        "targets",
    )

    def __init__(
        self,
        automaton: _Automaton[T],
        key: tuple[int, int, _Trace],
        targets: tuple[T, ...],
        heard: tuple[tuple[int, tuple[T, ...]], ...],
    ) -> None:
        self._due, self._depth, self._trace = key
        self.targets = targets
        self.live = self._due != 0
        self.heard = heard
        self._automaton = automaton
        self._parts = tuple([(part, self._due & bits) for part, bits in automaton.parts if self._due & bits])
        self._below: dict[int, State[T]] = {}

    def step(self, step: str | int) -> State[T]:
        """Return the state one step below: of a member if `step` is a `str`, of an item if it is an `int`."""
        if not self.live and not self.targets:
            return self
        automaton = self._automaton
        chosen = self._due & automaton.bits.get(step, automaton.wild)
        if self._parts and isinstance(step, int):  # `in` would try every index for a name
            for part, bits in self._parts:
                if step in part:
                    chosen |= bits
        below = self._below.get(chosen)
        if below is None:
            reached = (chosen << 1) | (self._due & automaton.descending)
            below = self._below[chosen] = automaton.state(reached, self._depth + 1, self._trace, self.heard)
        return below


@final
class Matcher(Generic[T]):
    """Patterns and their targets, in order of registration. `dead` is the state with nothing here, above or below."""

    __slots__ = ("dead", "start")

    def __init__(self, patterns: Iterable[tuple[Pattern, T]]) -> None:
        automaton = _Automaton(patterns)
        self.start = automaton.state(automaton.first, 0, (), ())
        self.dead = automaton.state(0, 0, (), ())


class _Automaton(Generic[T]):
    """The bits, and the states that are in use."""

    __slots__ = ("all_ends", "bits", "descending", "ends", "first", "parts", "states", "targets", "wild")

    def __init__(self, patterns: Iterable[tuple[Pattern, T]]) -> None:
        self.first = self.wild = self.descending = self.all_ends = 0
        self.ends: list[tuple[int, T]] = []
        named: dict[str | int, int] = {}
        parts: dict[range, int] = {}
        bit = 1
        for pattern, target in patterns:
            if not all(segment.selectors for segment in pattern.segments):
                continue  # an empty slice: it never matches, nor what follows
            self.first |= bit
            for segment in pattern.segments:
                if segment.descends:
                    self.descending |= bit
                for selector in segment.selectors:
                    if selector is EVERY:
                        self.wild |= bit
                    elif isinstance(selector, range):
                        parts[selector] = parts.get(selector, 0) | bit
                    else:
                        named[selector] = named.get(selector, 0) | bit
                bit <<= 1
            self.all_ends |= bit
            self.ends.append((bit, target))
            bit <<= 1
        self.bits = {step: self.wild | bits for step, bits in named.items()}
        self.parts = list(parts.items())
        self.states: WeakValueDictionary[tuple[int, int, _Trace], State[T]] = WeakValueDictionary()
        self.targets: dict[int, tuple[T, ...]] = {0: ()}

    def state(self, reached: int, depth: int, trace: _Trace, heard: tuple[tuple[int, tuple[T, ...]], ...]) -> State[T]:
        ended = reached & self.all_ends
        due = reached ^ ended
        if ended:
            trace = (*trace, (depth, ended))
        elif not due:
            depth = -1  # it matters no more
        key = (due, depth, trace)
        state = self.states.get(key)
        if state is None:
            targets = self.targets.get(ended)
            if targets is None:  # shared, for there may be many of them
                targets = self.targets[ended] = tuple([target for end, target in self.ends if end & ended])
            state = self.states[key] = State(self, key, targets, (*heard, (depth, targets)) if ended else heard)
        return state
