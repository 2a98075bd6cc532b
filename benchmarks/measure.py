"""The time that a contestant takes for one piece, measured fairly.

- Contestants take turns in one process (A B C A B C ...), so that a busy moment of the machine affects all of them.
- Processor time counts, not wall-clock time. The garbage collector is on, but each turn begins with no old objects for
  it to look at.
- A turn is a whole document, from the first piece to the last, with newly made input. The result is the time of the
  turn divided by its pieces: the median of the turns, their quartiles and the fastest.
- Before anything is timed, the contestant's document is compared with the one that was sent. A wrong answer or an
  exception gives a mark instead of a time.
- Some contestants take hours for what others do in a second. If the cost of a value does not depend on whether the
  previous ones were read (`is_sampled`), a contestant receives every piece but is asked only after some, each in the
  middle of an equal part of the document: its time is feeding + pieces * mean(asking). If that would still take too
  long, the result is a mark with a bound.
"""

from __future__ import annotations

import gc
import json
import signal
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice, pairwise
from operator import length_hint
from types import FrameType
from typing import Any, Final, Literal

from attrs import frozen

from contestants import Contestant, Turn, WireContestant
from documents import Document
from works import FEED, Loop, Work

__all__ = [
    "FULL",
    "QUICK",
    "Budget",
    "Check",
    "Mark",
    "Measurement",
    "check",
    "measure",
    "measure_wire",
]

Mark = Literal["wrong", "failed", "too slow", "not applicable", "live"]


@frozen
class Budget:
    """The time that may be spent, in seconds, for one contestant at one work on one document."""

    all_turns_s: float
    """The time of all turns together, within the bounds of `turns`; a turn that takes twice as long is the only one."""
    turn_s: float
    """A longer turn is too slow, and stopped; one that would be longer even with samples is not begun."""
    unsampled_s: float
    """A sampled contestant whose turn is not longer than this is asked for every value, like the others."""
    turns: tuple[int, int]
    samples: tuple[int, int]


FULL: Final = Budget(all_turns_s=1.5, turn_s=20, unsampled_s=0.4, turns=(3, 11), samples=(5, 50))
QUICK: Final = Budget(all_turns_s=0.25, turn_s=2, unsampled_s=0.1, turns=(2, 5), samples=(3, 20))


@frozen
class Measurement:
    """Microseconds per piece, or a mark with the reason why they are missing."""

    pieces: int
    median_us: float | None = None
    q1_us: float | None = None
    q3_us: float | None = None
    min_us: float | None = None
    turns: int = 0
    samples: int | None = None
    """The number of values that stand for all; None if each was asked for."""
    mark: Mark | None = None
    reason: str | None = None
    at_least_us: float | None = None
    """A lower bound, for a contestant that is too slow."""


def _measurement(pieces: int, seconds: Sequence[float], samples: int | None) -> Measurement:
    each = [second * 1e6 / pieces for second in seconds]
    q1, median, q3 = statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
    return Measurement(pieces, median, q1, q3, min(each), len(each), samples)


# ---------------------------------------------------------------------------------------------------------------------
# too slow


class _TooSlowError(BaseException):
    """Raised in the middle of a contestant, which must not handle it as an error of its own."""


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise _TooSlowError


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise `_TooSlowError` inside after `seconds`, if the platform can."""
    if not hasattr(signal, "setitimer"):  # Windows: no limit there
        yield
        return
    before = signal.signal(signal.SIGALRM, _too_slow)
    # Not ITIMER_PROF: while such a timer runs, Linux counts processor time in steps of 4 milliseconds.
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _too_slow_after(seconds: float, pieces: int, fed: int) -> Measurement:
    """Return the mark. The remaining pieces take at least as long as those so far, because a document only grows."""
    return Measurement(pieces, mark="too slow", at_least_us=seconds * 1e6 / max(fed, 1))


# ---------------------------------------------------------------------------------------------------------------------
# right or wrong


@frozen
class Check:
    """A passed check: the finished document is the one that was sent. It also estimates the turns."""

    feed_s: float
    value_s: float
    """In the middle of the document, which is the mean of a cost that grows with it."""
    shows: float | None
    """The fraction of the looks at which its value was the whole document so far; 1 is all."""


LOOKS: Final = 20
MAX_PIECES_FOR_LOOKS: Final = 30_000  # the size does not change what a contestant shows


def check(contestant: Contestant, document: Document, budget: Budget) -> Check | Measurement:
    """Compare the contestant's document with the one that was sent; return a `Measurement` with a mark on failure."""
    if contestant.takes == "text" and not document.has_text:
        return Measurement(len(document), mark="not applicable", reason="the document is not written in order")
    inputs = _input(contestant, document)
    rest = iter(inputs)
    begin = time.process_time()
    try:
        with _at_most(budget.turn_s):
            turn = contestant.begin()
            feed_s, value_s = _probe(turn, FEED[contestant.takes], rest, len(inputs) // 2)
            value, field, end = turn.value(), turn.field(document.first_leaf), turn.end()
        sent = document.value
        for name, got, right in (("value", value, sent), ("field", field, document.first_value), ("end", end, sent)):
            if (difference := _difference(got, right)) is not None:
                return Measurement(len(inputs), mark="wrong", reason=f"{name}: {difference}")
        with _at_most(budget.turn_s):
            shows = _shows(contestant, document, inputs)
    except _TooSlowError:
        return _too_slow_after(time.process_time() - begin, len(inputs), len(inputs) - length_hint(rest))
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
        return Measurement(len(inputs), mark="failed", reason=f"{type(error).__name__}: {error}"[:200])
    return Check(feed_s, value_s, shows)


def _probe(turn: Turn, feed: Loop, rest: Iterator[Any], half: int) -> tuple[float, float]:
    begin = time.process_time()
    feed(turn, islice(rest, half), None)
    middle = time.process_time()
    turn.value()
    asked = time.process_time()
    feed(turn, rest, None)
    return time.process_time() - asked + middle - begin, asked - middle


def _input(contestant: Contestant, document: Document) -> list[Any]:
    return document.deltas() if contestant.takes == "deltas" else document.pieces()


def _difference(got: Any, sent: Any) -> str | None:
    """Return the first difference of two documents. 1.0 is 1, as in JSON, but not true; the order of names counts."""
    texts = [json.dumps(value, ensure_ascii=False, default=repr) for value in (got, sent)]
    if texts[0] == texts[1]:
        return None
    texts = [json.dumps(json.loads(text, parse_float=_number), ensure_ascii=False) for text in texts]
    if texts[0] == texts[1]:
        return None
    place = next((n for n, (one, other) in enumerate(zip(*texts, strict=False)) if one != other), min(map(len, texts)))
    one, other = (text[max(place - 20, 0) : place + 20] for text in texts)
    return f"{one!r} instead of {other!r}"


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _shows(contestant: Contestant, document: Document, inputs: list[Any]) -> float | None:
    """Return the fraction of some pieces after which the contestant's value is exactly the document sent so far."""
    if len(inputs) > MAX_PIECES_FOR_LOOKS:
        return None
    turn = contestant.begin()
    sent = document.replayed()
    looks: list[bool] = []
    fed = 0
    for segment in _segments(inputs, LOOKS)[:-1]:
        fed += len(segment)
        shown, so_far = _value_after(turn, contestant, segment), deque(islice(sent, len(segment)), maxlen=1)[0]
        # After the digits of a number, a reader of text can't know whether more follow.
        if contestant.takes == "deltas" or document.ends_in_text(fed - 1):
            looks.append(_difference(shown, so_far) is None)
    return sum(looks) / len(looks) if looks else None


def _value_after(turn: Turn, contestant: Contestant, segment: list[Any]) -> Any:
    FEED[contestant.takes](turn, iter(segment), None)
    return turn.value()


def _segments(inputs: list[Any], samples: int) -> list[list[Any]]:
    """Cut the input so that each cut but the last is in the middle of one of `samples` equal parts.

    A cost that grows linearly with the document has its mean there.
    """
    cuts = [0, *((2 * sample + 1) * len(inputs) // (2 * samples) + 1 for sample in range(samples)), len(inputs)]
    return [inputs[start:end] for start, end in pairwise(cuts)]


# ---------------------------------------------------------------------------------------------------------------------
# turns


@frozen
class _Plan:
    """The turns of one contestant: `turn` returns the seconds for all pieces."""

    turn: Callable[[], float]
    turns: int
    pieces: int
    samples: int | None = None


def _whole_turn(contestant: Contestant, work: Work, document: Document) -> float:
    inputs = _input(contestant, document)
    loop, first_leaf = work.loops[contestant.takes], document.first_leaf
    with _nothing_to_collect():
        turn = contestant.begin()
        begin = time.process_time()
        loop(turn, iter(inputs), first_leaf)
        return time.process_time() - begin


def _sampled_turn(contestant: Contestant, work: Work, document: Document, samples: int) -> float:
    *segments, rest = _segments(_input(contestant, document), samples)
    feed = FEED[contestant.takes]
    kept = None
    feeding, asking = 0.0, 0.0
    with _nothing_to_collect():
        turn = contestant.begin()
        ask = work.asks(turn, document.first_leaf) if work.asks else turn.end
        for segment in segments:
            if work.keeps:
                # The held value is that of the previous piece: with no piece in between, some return it again.
                feeding += _time(feed, turn, iter(segment[:-1]), None)
                segment = segment[-1:]
                kept = ask()
            feeding += _time(feed, turn, iter(segment), None)
            begin = time.process_time()
            if work.keeps:
                kept = ask()
            else:
                ask()
            asking += time.process_time() - begin
        feeding += _time(feed, turn, iter(rest), None)
        del kept
    return feeding + len(document) * asking / samples


def _time(feed: Loop, turn: Turn, pieces: Iterator[Any], first_leaf: Any) -> float:
    begin = time.process_time()
    feed(turn, pieces, first_leaf)
    return time.process_time() - begin


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Let the collector look only at objects made inside."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _take_turns(plans: Mapping[str, _Plan]) -> dict[str, Measurement]:
    seconds: dict[str, list[float]] = {name: [] for name in plans}
    for number in range(max((plan.turns for plan in plans.values()), default=0)):
        for name, plan in plans.items():
            if number < plan.turns:
                seconds[name].append(plan.turn())
    return {name: _measurement(plan.pieces, seconds[name], plan.samples) for name, plan in plans.items()}


def _turns(seconds: float, budget: Budget) -> int:
    least, most = budget.turns
    if seconds > 2 * budget.all_turns_s:
        return 1
    return min(max(int(budget.all_turns_s / max(seconds, 1e-6)), least), most)


def measure(
    work: Work, document: Document, checked: Mapping[Contestant, Check | Measurement], budget: Budget
) -> dict[str, Measurement]:
    """Let all contestants that passed the check do `work` on `document`; return the measurements by name."""
    results: dict[str, Measurement] = {}
    plans: dict[str, _Plan] = {}
    for contestant, outcome in checked.items():
        plan = outcome if isinstance(outcome, Measurement) else _plan(contestant, outcome, work, document, budget)
        if isinstance(plan, Measurement):
            results[contestant.name] = plan
        else:
            plans[contestant.name] = plan
    return results | _take_turns(plans)


def _plan(contestant: Contestant, passed: Check, work: Work, document: Document, budget: Budget) -> _Plan | Measurement:
    if contestant.is_live and work.keeps:
        return Measurement(len(document), mark="live")
    if contestant.is_sampled and work.asks is not None:
        whole_s = passed.feed_s + len(document) * passed.value_s
        if whole_s > budget.unsampled_s:
            return _sampled_plan(contestant, passed, work, document, budget)
    return _whole_plan(contestant, work, document, budget)


def _sampled_plan(
    contestant: Contestant, passed: Check, work: Work, document: Document, budget: Budget
) -> _Plan | Measurement:
    each_s = passed.value_s * (2 if work.keeps else 1)
    least, most = budget.samples
    samples = min(int((budget.unsampled_s - passed.feed_s) / each_s), most)
    samples = min(max(samples, least), len(document))
    seconds = passed.feed_s + samples * each_s
    if seconds > budget.turn_s / 2:  # the estimate may be wrong by that factor
        estimate = passed.feed_s + len(document) * passed.value_s
        return Measurement(len(document), mark="too slow", at_least_us=estimate * 1e6 / len(document))
    turn = partial(_sampled_turn, contestant, work, document, samples)
    return _Plan(turn, _turns(seconds, budget), len(document), samples)


def _whole_plan(contestant: Contestant, work: Work, document: Document, budget: Budget) -> _Plan | Measurement:
    """Estimate by a turn that does not count; one that takes too long is stopped in the middle."""
    inputs = _input(contestant, document)
    rest = iter(inputs)
    begin = time.process_time()
    try:
        with _nothing_to_collect(), _at_most(budget.turn_s):
            work.loops[contestant.takes](contestant.begin(), rest, document.first_leaf)
    except _TooSlowError:
        return _too_slow_after(time.process_time() - begin, len(inputs), len(inputs) - length_hint(rest))
    turns = _turns(time.process_time() - begin, budget)
    return _Plan(partial(_whole_turn, contestant, work, document), turns, len(document))


# ---------------------------------------------------------------------------------------------------------------------
# the wire


def measure_wire(
    document: Document, readers: Sequence[WireContestant], budget: Budget, *, with_ids: bool
) -> dict[str, Measurement]:
    """Let all readers read the event stream of `document`; return the measurements by name."""
    events = document.events(with_ids=with_ids)
    results: dict[str, Measurement] = {}
    plans: dict[str, _Plan] = {}
    for reader in readers:
        plan = _wire_plan(reader, document, events, budget)
        if isinstance(plan, Measurement):
            results[reader.name] = plan
        else:
            plans[reader.name] = plan
    return results | _take_turns(plans)


def _wire_plan(reader: WireContestant, document: Document, events: list[bytes], budget: Budget) -> _Plan | Measurement:
    begin = time.process_time()
    try:
        with _at_most(budget.turn_s):
            got = reader.run(events)
    except _TooSlowError:
        return _too_slow_after(time.process_time() - begin, len(document), len(document))
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
        return Measurement(len(document), mark="failed", reason=f"{type(error).__name__}: {error}"[:200])
    seconds = time.process_time() - begin
    if reader.gives == "snapshots":
        difference = _difference(got, document.value)
    else:
        difference = _difference([_carried(data) for data in got], document.data())
    if difference is not None:
        return Measurement(len(document), mark="wrong", reason=difference)
    return _Plan(partial(_wire_turn, reader, events), _turns(seconds, budget), len(document))


def _carried(data: Any) -> Any:
    """Return the content of an event's data, which some readers give as an object of their own."""
    return data if isinstance(data, dict) else {"delta": data.delta, "json_path": data.json_path}


def _wire_turn(reader: WireContestant, events: list[bytes]) -> float:
    with _nothing_to_collect():
        begin = time.process_time()
        reader.run(events)
        return time.process_time() - begin
