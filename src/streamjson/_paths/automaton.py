"""From patterns to states: which patterns match at a location and above it, and whether one can match below it.

A `Matcher` is made from patterns, each with a target of the caller's. Its `start` is the state of the root; a state's
`step` is the state one step below. States are created on first use. Knows steps, not documents: a `str` is the name of
an object's member, an `int` the index of an array's item.

The automaton is bit-parallel. Each segment of each pattern has a bit, and each pattern has one more bit after its
segments, its end. A state holds the bits of the segments that are due at its location. A step selects some of them.
Each selected bit moves up by one, to the next segment or the end, and the bits of descending segments stay as well:

    reached = (selected << 1) | (due & descending)

So transitions are cached by the set of due segments that a step selects: one for all names and indexes that no due
segment selects, one for each set of due slices that contain an index. All items of `items[*]` share one transition.

Invariants: a state agrees with RFC 9535 about the steps that lead to it. Equal states are one object: those with the
same due segments and the same matches from the root down, and, while a segment is due, the same depth.
States refer to states below them, never to one above or to the matcher, so all are freed with the last one in use.

Specification: RFC 9535, sections 2.3 (selectors) and 2.5 (segments).

Cost: a step is two dictionary look-ups, and one test for each due slice. A new transition is O(segments), counted over
all patterns, and so is making a matcher. There are at most as many states as locations that were stepped to. Each takes
a few hundred bytes, plus a bit for each segment and two references for each match above.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeAlias, TypeVar, final
from weakref import WeakValueDictionary

from .pattern import EVERY, Pattern

__all__ = ["Matcher", "State"]

T = TypeVar("T")
_Trace: TypeAlias = tuple[tuple[int, int], ...]
"""The depth and the end bits of each match: as `State.matches_from_root`, but comparable for any targets."""


@final
class State(Generic[T]):
    """The state of all patterns at a location; made by a `Matcher`.

    `targets` are those of the patterns that match exactly here, in order of registration. `live` says whether a
    location below can match. `matches_from_root` has (depth, targets) for each match from the root down to this
    location; the depth is the match's number of steps.
    """

    __slots__ = (
        "__weakref__",
        "_automaton",
        "_below",
        "_depth",
        "_due",
        "_slices",
        "_trace",
        "live",
        "matches_from_root",
        "targets",
    )

    def __init__(
        self,
        automaton: _Automaton[T],
        key: tuple[int, int, _Trace],
        targets: tuple[T, ...],
        matches_from_root: tuple[tuple[int, tuple[T, ...]], ...],
    ) -> None:
        self._due, self._depth, self._trace = key
        self.targets = targets
        self.live = self._due != 0
        self.matches_from_root = matches_from_root
        self._automaton = automaton
        self._slices = tuple([(indexes, self._due & bits) for indexes, bits in automaton.slices if self._due & bits])
        self._below: dict[int, State[T]] = {}

    def step(self, step: str | int) -> State[T]:
        """Return the state one step below: that of a member for a `str`, that of an item for an `int`."""
        if not self.live and not self.targets:
            return self
        automaton = self._automaton
        selected = self._due & automaton.bits.get(step, automaton.wild)
        if self._slices and isinstance(step, int):  # for a name, `in` would compare it with every index
            for indexes, bits in self._slices:
                if step in indexes:
                    selected |= bits
        below = self._below.get(selected)
        if below is None:
            reached = (selected << 1) | (self._due & automaton.descending)
            below = automaton.state(reached, self._depth + 1, self._trace, self.matches_from_root)
            self._below[selected] = below
        return below


@final
class Matcher(Generic[T]):
    """Patterns and their targets, in order of registration. `dead` is the state without any match, above or below."""

    __slots__ = ("dead", "start")

    def __init__(self, patterns: Iterable[tuple[Pattern, T]]) -> None:
        automaton = _Automaton(patterns)
        self.start = automaton.state(automaton.first, 0, (), ())
        self.dead = automaton.state(0, 0, (), ())


class _Automaton(Generic[T]):
    """The bits of all patterns, and the states in use."""

    __slots__ = ("all_ends", "bits", "descending", "ends", "first", "slices", "states", "targets", "wild")

    def __init__(self, patterns: Iterable[tuple[Pattern, T]]) -> None:
        self.first = self.wild = self.descending = self.all_ends = 0
        self.ends: list[tuple[int, T]] = []
        named: dict[str | int, int] = {}
        slices: dict[range, int] = {}
        bit = 1
        for pattern, target in patterns:
            if not all(segment.selectors for segment in pattern.segments):
                continue  # a segment that selects nothing: the pattern never matches
            self.first |= bit
            for segment in pattern.segments:
                if segment.descends:
                    self.descending |= bit
                for selector in segment.selectors:
                    if selector is EVERY:
                        self.wild |= bit
                    elif isinstance(selector, range):
                        slices[selector] = slices.get(selector, 0) | bit
                    else:
                        named[selector] = named.get(selector, 0) | bit
                bit <<= 1
            self.all_ends |= bit
            self.ends.append((bit, target))
            bit <<= 1
        self.bits = {step: self.wild | bits for step, bits in named.items()}
        self.slices = list(slices.items())
        self.states: WeakValueDictionary[tuple[int, int, _Trace], State[T]] = WeakValueDictionary()
        self.targets: dict[int, tuple[T, ...]] = {0: ()}

    def state(
        self, reached: int, depth: int, trace: _Trace, matches_from_root: tuple[tuple[int, tuple[T, ...]], ...]
    ) -> State[T]:
        """Return the state with the bits `reached`: the one in use, or a new one."""
        ended = reached & self.all_ends
        due = reached ^ ended
        if ended:
            trace = (*trace, (depth, ended))
        elif not due:
            depth = -1  # irrelevant: nothing below can match
        key = (due, depth, trace)
        state = self.states.get(key)
        if state is None:
            targets = self.targets.get(ended)
            if targets is None:  # shared by all states with these ends, because there may be many targets
                targets = self.targets[ended] = tuple([target for end, target in self.ends if end & ended])
            if ended:
                matches_from_root = (*matches_from_root, (depth, targets))
            state = self.states[key] = State(self, key, targets, matches_from_root)
        return state
