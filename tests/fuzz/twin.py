"""An assembler and a naive model that receive the same events: the target `assembler`.

The model is `NaiveDocument` of the tests for deltas and sets, `Budget` for limits, and a few lines here for ids, spans
and ends.

The first two bytes of an input choose the options. Then, for each event, one byte chooses its kind (a delta, a set or
another event), its form and the read after it; a few more bytes choose its content.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import Any, Final, NamedTuple

from attrs import evolve

import streamjson as sj
from budget import Budget, used_by_text
from naive_model import HOLE, MISSING as NOTHING, ConflictError, NaiveCompletions, NaiveDocument, finished_order, plain
from source import Source, text_of
from streamjson._errors import CODES

__all__ = ["Twin"]

Steps = tuple[str | int, ...]

MAX_EVENTS: Final = 24
PREFIXES: Final[tuple[Steps, ...]] = ((), ("response",), ("a", 0), ("x y",))
LIMITS: Final = (
    sj.Limits(),
    evolve(sj.Limits.unlimited(), max_array_gap=64),  # without this limit, a few bytes would fill the memory
    sj.Limits(max_depth=2, max_array_gap=1),
    sj.Limits(max_string_bytes=5, max_key_bytes=3),
    sj.Limits(max_nodes=6, max_array_length=3),
    sj.Limits(max_document_bytes=24, max_number_digits=3),
    sj.Limits(max_path_bytes=8, max_array_gap=0),
)

# Few locations, so that events revisit them.
PLACES: Final[tuple[Steps, ...]] = (
    (), ("a",), ("b",), ("a", "a"), ("a", "b"), ("a", 0), ("a", 1), ("a", 0, "a"), ("a", 0, "b"), ("a", 1, "a"),
    ("a", "b", "c"), ("b", 0), ("b", 1), ("b", 2), ("b", 4), (0,), (1,), (0, "a"), ("a.b",), ("it's", ""), ("0",),
    ("a", 0, 0), ("a", 0, 1), ("\U0001f600", "\n"), ("b", 2000), ("*",), ("$", "$"), ("a", 2**53 - 1),
)  # fmt: skip
TEXTS: Final = (
    "x", "he", "llo", " ", "", "\ud83d", "\ude00", "x\ud83d", "\ude00y", "\ud83d\ud83d", "q\ud83dy", "\ude00\ud83d",
    "\U0001f600", "\xe9", "\u65e5\u672c", "\x00", "\u2028", "word " * 12, "\xe9" * 130, "x" * 300,
)  # fmt: skip
SCALARS: Final = (
    None, True, False, 0, 1, 12, 123, 1.0, -0.0, 0.5, 1e22, -7, 2**63, 2**70, 10**18, -(10**18), 10**1100,
    float("inf"), float("nan"),
)  # fmt: skip
CONTAINERS: Final = (
    {}, [], {"a": 1}, {"a": {"a": "x", "b": []}}, [1], [[], {}], [None, "x", {"a": 0}], {"b": [0, 1]}, [[[[1]]]],
    {"\ud83d": "\ude00", "b\ude00": "x\ud83d"}, dict.fromkeys(["\ud83d", "\ude00"], 1), {"a.b": {"": ""}},
    [float("inf")], {"a": [{"b": float("nan")}]}, ["x" * 40], {"long name": 1}, [0] * 5, {"a": 10**400},
)  # fmt: skip
JUNK: Final = (
    5, None, b"{}", "text", [], sj.ServerSentEvent("{"), sj.ServerSentEvent('{"delta": NaN, "json_path": "a"}'),
    sj.ServerSentEvent("[1]"), sj.ServerSentEvent('{"delta": 1e999, "json_path": "a"}'), sj.ServerSentEvent(b"{}"),
    sj.ServerSentEvent('{"delta": 1, "json_path": 5}'), {"delta": 1}, {"delta": "x", "json_path": ["a"]},
    {"delta": {1: 2}, "json_path": "a"}, {"delta": object(), "json_path": "b"}, {"data": "{}", "id": 5},
    sj.StreamingChunk(1, "a", span_id=5),  # type: ignore[arg-type]
)  # fmt: skip
OTHERS: Final = ("ping", "", "[1]", '{"a": 1}', "{", "1")  # the data of events that are passed over

REJECTED: Final = (sj.InvalidEventError, sj.InvalidPathError, sj.ConflictError, sj.LimitExceededError)


class Read(NamedTuple):
    """A kept snapshot."""

    version: int
    snapshot: sj.Snapshot


def exact(value: Any) -> str:
    """Return a text that is equal only for equal JSON: 1, 1.0 and true differ, and the order of names counts."""
    return "nothing" if value is NOTHING or value is sj.MISSING else json.dumps(value)


def is_finite(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or isfinite(value)


def is_readable(text: str, limits: sj.Limits) -> bool:
    try:
        sj.parse_path(text, limits=limits)
    except sj.InvalidPathError:
        return False
    return True


def replay(changes: tuple[sj.Change, ...], value: Any) -> Any:
    """Apply changes to a plain value, as a reader without any other source would."""
    holder = [json.loads(exact(value)) if value is not NOTHING else None]
    for change in changes:
        here: Any = holder
        *way, last = (0, *change.path)
        for step in way:
            here = here[step]
        if change.kind == "append":
            here[last] += change.delta
        else:
            if isinstance(here, list):
                here.extend([None] * (last + 1 - len(here)))
            here[last] = change.delta
    return holder[0]


def containers(value: Any, place: Steps = ()) -> list[tuple[Steps, Any]]:
    """Return each container in a value, with its location."""
    if not isinstance(value, dict | list):
        return []
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return [(place, value)] + [found for step, part in parts for found in containers(part, (*place, step))]


class Twin:
    """Reads an input event by event, and compares the assembler with the model after each."""

    def __init__(self, source: Source) -> None:
        self.source = source
        options = source.byte()
        self.replace = bool(options & 1)
        self.resets_on_new_span = bool(options & 2)
        self.in_order = not options & 4
        self.prefix = PREFIXES[options >> 3 & 3]
        self.limits = source.choice(LIMITS)
        depth = self.limits.max_depth  # the prefix does not count towards the document's depth
        self.path_limits = evolve(self.limits, max_depth=depth and depth + len(self.prefix))
        self.assembler = sj.Assembler(
            path_prefix=sj.format_path(self.prefix),
            limits=self.limits,
            on_conflict="replace" if self.replace else "error",
            on_new_span="reset" if self.resets_on_new_span else "error",
            completion="order" if self.in_order else "end",
        )
        self.reported: list[tuple[Steps, int, int, Any]] = []
        if options & 32:
            for pattern in ("$", "$..*"):
                self.assembler.on(pattern, self.check_change_match)
                self.assembler.on_complete(pattern, self.record_completion)
        self.is_observed = bool(options & 32)
        self.is_mirrored = bool(options & 64)
        self.mirror = sj.Assembler(limits=LIMITS[1])
        self.model = NaiveDocument(replace=self.replace, in_order=self.in_order)
        self.budget = Budget()
        self.base = 0  # the version at which the model starts
        self.old_values: dict[int, Any] = {}  # of the versions before `base`
        self.kept: list[Read] = []
        self.last_read: Read | None = None  # the newest snapshot whose value is held
        self.place: Steps = ()
        self.last_event_id = ""
        self.span_id: str | None = None
        self.has_deltas = False
        self.has_pings = self.has_chunks = False
        self.passed_over = 0
        self.end = "open"
        self.failed = False

    # ---- the expected state ----

    @property
    def version(self) -> int:
        return self.base + len(self.model.values) - 1

    def value_at(self, version: int) -> Any:
        return self.model.values[version - self.base] if version >= self.base else self.old_values[version]

    def check_change_match(self, change: sj.Change) -> None:
        now = self.assembler.snapshot()
        if change.version == now.version:
            assert exact(change.match_value) == exact(now.get(change.match, sj.MISSING))

    def record_completion(self, done: sj.Completion[Any]) -> None:
        self.reported.append((tuple(done.path), done.version - self.base, done.revision, done.value))

    def start_over(self) -> None:
        """Start an empty document, as the assembler does at a reset or a new span."""
        for number, value in enumerate(self.model.values):
            self.old_values[self.base + number] = value
        self.base = self.version + (len(self.model.values) > 1)
        self.model = NaiveDocument(replace=self.replace, in_order=self.in_order)
        self.reported = []
        self.budget = Budget()
        self.mirror = sj.Assembler(limits=LIMITS[1])
        self.has_deltas = self.failed = False
        self.has_pings = self.has_chunks = False
        self.end, self.span_id, self.last_event_id = "open", None, ""
        self.last_read = None

    # ---- the run ----

    def run(self) -> None:
        source = self.source
        for _ in range(MAX_EVENTS):
            if source.is_empty:
                break
            if self.end != "open" or self.failed:
                self.check_closed()
            self.one_event()
        if not self.failed and self.end == "open":
            self.close()
        self.check_closed(reset=False)
        for version, snapshot in self.kept if source.byte() & 1 else reversed(self.kept):
            assert exact(snapshot.value) == exact(self.value_at(version))
            assert snapshot.value is snapshot.value
        self.check_changes(Read(self.version, self.assembler.snapshot()), since=0)
        self.check_finished()
        self.rebuild()

    def check_closed(self, *, reset: bool = True) -> None:
        """Assert that after the end nothing is applied and nothing changes."""
        for call in (lambda: self.assembler.apply({"delta": "x", "json_path": "a"}),
                     lambda: self.assembler.apply_delta("a", 1),
                     lambda: self.assembler.set_value("a", 1)):  # fmt: skip
            try:
                call()
            except sj.ClosedError as error:
                assert error.code == "closed"
            else:
                raise AssertionError("an event was applied after the end")
        self.check()
        assert self.assembler.close() is None
        self.check()
        if reset:
            self.reset()

    def reset(self) -> None:
        before = self.version
        change = self.assembler.reset()
        self.start_over()
        assert (change is None) is (before == self.version)
        if change is not None:
            assert (change.kind, change.delta, change.path) == ("set", sj.MISSING, ())
            assert change.to_chunks() == [sj.StreamingChunk(None, "")]
        self.check()

    def fails_without_deltas(self, end: Callable[[], object]) -> bool:
        """Return whether the end is a failure because the stream consisted of pings alone."""
        if self.has_deltas or self.has_chunks or not self.has_pings:
            return False
        try:
            end()
        except sj.StreamFailedError as error:
            assert error.code == "no_deltas"
        else:
            raise AssertionError("a stream of pings was accepted as an answer")
        self.failed = True
        return True

    def close(self) -> None:
        if self.fails_without_deltas(self.assembler.close):
            return
        before = self.version
        change = self.assembler.close()
        self.model.close()
        self.end = "eof"
        assert (change is None) is (before == self.version)
        self.check()
        self.check_completions()

    def one_event(self) -> None:
        code = self.source.byte()
        form, then, kind = code & 7, code >> 3 & 3, code >> 5
        place = self.place if kind in {5, 6} else None
        if kind == 7:
            self.special(form)
        elif kind in {4, 5}:
            self.set_value(form, place)
        else:
            self.delta(form, place)
        self.check()
        self.read(then)

    # ---- deltas and sets ----

    def set_value(self, form: int, place: Steps | None) -> None:
        path, text, steps = self.path(form & 1, place)
        value = self.value()
        self.apply(lambda: self.assembler.set_value(path, value), text, steps, value, is_set=True)

    def delta(self, form: int, place: Steps | None, *, span_id: str | None = None) -> None:
        path, text, steps = self.path(form, place)
        delta = self.value()
        if form <= 1 and span_id is None:
            self.apply(lambda: self.assembler.apply_delta(path, delta), text, steps, delta)
            return
        event_id = self.source.choice((None, "1", "2", "")) if form in {4, 7} else None
        payload = {"delta": delta, "json_path": text}
        if span_id is not None:
            payload["span_id"] = span_id
        event: Any = payload
        if form == 3:
            event = sj.StreamingChunk.from_dict(payload)
        elif form == 4:
            event = sj.ServerSentEvent(sj.StreamingChunk.from_dict(payload), id=event_id, last_event_id="9")
        elif form == 5:
            event = sj.ServerSentEvent(json.dumps({**payload, "chunk_type": "json"}))
        elif form == 6:
            camel = {"jsonPath": payload["json_path"], "delta": delta, "model": "m", "spanId": payload.get("span_id")}
            event = {"data": json.dumps(camel, indent=1), "id": None}
        elif form == 7:
            event = sj.ServerSentEvent(json.dumps(payload), id=event_id)
        if form == 4 and event_id is None:
            event_id = "9"
        ids = {"event_id": event_id, "span_id": span_id}
        self.apply(lambda: self.assembler.apply(event), text, steps, delta, is_text=form >= 5, **ids)

    def path(self, form: int, place: Steps | None) -> tuple[str | sj.Path, str, Steps | None]:
        """Return a path, its text, and its steps without the prefix; None if it is invalid or outside the prefix.

        With `form` 1 the path is a `Path` if it is valid, else the text.
        """
        text, steps = self.text_and_steps(place)
        if form != 1 or steps is None:
            return text, text, steps
        path = sj.Path((*self.prefix, *steps))
        return path, str(path), steps

    def text_and_steps(self, place: Steps | None) -> tuple[str, Steps | None]:
        code = 0 if place is not None else self.source.byte()
        if place is None and code < 240:
            place = PLACES[code % len(PLACES)]
        if place is not None:
            steps = sj.Path((*self.prefix, *place))
            text = steps.normalized if code // len(PLACES) % 3 == 2 else str(steps)
        else:
            text = text_of(self.source.take(code - 238))
        self.place = place or ()
        try:
            steps = sj.parse_path(text, limits=self.path_limits)
        except sj.InvalidPathError:
            return text, None
        if steps[: len(self.prefix)] != self.prefix:
            return text, None
        return text, tuple(steps[len(self.prefix) :])

    def value(self) -> Any:
        code = self.source.byte()
        if code < 100:
            return TEXTS[code % len(TEXTS)]
        if code < 160:
            return SCALARS[code % len(SCALARS)]
        if code < 220:
            return CONTAINERS[code % len(CONTAINERS)]
        raw = text_of(self.source.take(code - 218))
        try:
            return json.loads(raw)
        except ValueError:
            return raw

    def apply(
        self,
        call: Any,
        text: str,
        steps: Steps | None,
        delta: Any,
        *,
        event_id: str | None = None,
        span_id: str | None = None,
        is_text: bool = False,
        is_set: bool = False,
    ) -> None:
        """Apply a delta, or set a value, in the assembler and in the model."""
        before = self.version
        starts_over = span_id is not None and self.has_deltas and self.span_id not in {None, span_id}
        budget, exceeded = self.budget_after(steps, delta, starts_over=starts_over, is_text=is_text, is_set=is_set)
        try:
            change = call()
        except REJECTED as error:
            if isinstance(error, sj.LimitExceededError):
                assert error.limit in exceeded
            self.check_rejection(error, text, steps, delta, starts_over=starts_over, is_set=is_set)
            return
        except sj.StreamFailedError as error:
            assert (starts_over, self.resets_on_new_span, error.code) == (True, False, "new_span")
            assert (error.span_id, error.new_span_id) == (self.span_id, span_id)
            self.failed = True
            self.record(event_id)
            return
        assert steps is not None
        assert is_finite(delta)
        assert not exceeded
        assert not starts_over or self.resets_on_new_span
        if starts_over:
            self.start_over()
        expected = self.expect(steps, delta, is_set=is_set)
        if starts_over and expected is None:
            expected = "set"
        self.budget = budget
        self.has_deltas = True
        self.span_id = span_id or self.span_id
        self.record(event_id)
        self.check_change(change, expected, before)

    def expect(self, steps: Steps, delta: Any, *, is_set: bool) -> str | None:
        """Apply a delta, or set a value, in the model."""
        return self.model.set_value(steps, delta) if is_set else self.model.apply(steps, delta)

    def budget_after(
        self, steps: Steps | None, delta: Any, *, starts_over: bool, is_text: bool, is_set: bool
    ) -> tuple[Budget, set[str]]:
        """Return the budget after a delta or a set, and the limits that it exceeds."""
        model, budget = self.model, self.budget
        met: dict[str, int] = {}
        if starts_over and self.resets_on_new_span:
            model, budget = NaiveDocument(), Budget()
        if steps is not None:
            budget, met = budget.after(model, steps, delta, is_set=is_set)
        if is_text:  # checked before anything else
            met |= {limit: max(met.get(limit, 0), count) for limit, count in used_by_text(delta).items()}
        maxima = {limit: getattr(self.limits, limit) for limit in met}
        return budget, {limit for limit, most in maxima.items() if most is not None and met[limit] > most}

    def check_rejection(
        self, error: sj.StreamJSONError, text: str, steps: Steps | None, delta: Any, *, starts_over: bool, is_set: bool
    ) -> None:
        """Assert that the rejection had a reason."""
        assert error.code in CODES
        assert error.last_event_id == self.last_event_id
        if isinstance(error, sj.LimitExceededError):
            assert error.maximum == getattr(self.limits, error.limit)
            assert error.met > error.maximum
        elif isinstance(error, sj.InvalidPathError):
            if error.code != "outside_prefix":
                assert not is_readable(text, self.path_limits)
        elif isinstance(error, sj.InvalidEventError):
            assert error.code == "bad_number"
            assert not is_finite(delta)
        else:
            assert not self.replace
            assert not starts_over or not self.resets_on_new_span
            assert steps is not None
            try:
                self.expect(steps, delta, is_set=is_set)
            except ConflictError:
                return
            raise AssertionError(error)

    def check_change(self, change: sj.Change | None, expected: str | None, before: int) -> None:
        assert (change and change.kind) == expected
        chain = []
        while change is not None:
            chain.insert(0, change)
            change = change.before
        assert [one.version for one in chain] == list(range(before + 1, self.version + 1))
        for one in chain:
            value = self.value_at(one.version)
            if value is NOTHING:
                assert one.value is sj.MISSING
                continue
            place = self.model.changed_at[one.version - self.base]
            assert one.path == place
            for step in place:
                value = value[step]
            assert exact(one.value) == exact(value)
        if self.is_mirrored:  # a receiver of the chunks of each change
            for one in chain:
                for piece in one.to_chunks():
                    self.mirror.apply(piece)
            assert exact(self.mirror.snapshot().value) == exact(self.model.values[-1])

    # ---- all other events ----

    def special(self, form: int) -> None:
        source = self.source
        if form == 0:
            self.close()
        elif form == 1:
            self.reset()
        elif form == 2:
            self.end_event(source.byte())
        elif form == 3:
            self.text_mode()
        elif form == 4:
            self.delta(2 + source.byte() % 6, None, span_id=source.choice(("s", "t")))
        elif form == 5:
            self.other_event()
        elif form == 6:
            self.junk()
        else:
            self.no_delta()

    def end_event(self, code: int) -> None:
        """Apply `[DONE]`, or an error of the sender."""
        if code & 1:
            done = sj.ServerSentEvent("[DONE]", "d", event="ping" if code & 2 else "message")
            if self.fails_without_deltas(lambda: self.assembler.apply(done)):
                self.record("d")
                return
            change = self.assembler.apply(done)
            before = self.version
            self.model.close()
            assert (change is None) is (before == self.version)
            self.end = "done"
            self.record("d")
            self.check_completions()
            return
        event = sj.ServerSentEvent("bad luck", id="e", event="error") if code & 2 else {"error_message": "bad luck"}
        try:
            self.assembler.apply(event)
        except sj.StreamFailedError as error:
            assert (error.code, error.error_message) == ("stream_error", "bad luck")
            assert error.snapshot is not None
            assert exact(error.snapshot.value) == exact(self.model.values[-1])
        else:
            raise AssertionError("an error of the sender was passed over")
        self.failed = True
        self.record("e" if code & 2 else None)

    def text_mode(self) -> None:
        """Apply a delta without a path."""
        delta = self.value()
        event = {"delta": delta}
        if delta is None or (isinstance(delta, str) and not delta):
            assert self.assembler.apply(event) is None
            self.has_chunks = True
        elif isinstance(delta, str):
            self.apply(lambda: self.assembler.apply(event), sj.format_path(self.prefix), (), delta)
            self.place = ()
        else:
            try:
                self.assembler.apply(event)
            except sj.InvalidEventError as error:
                assert error.code == "missing_path"
            else:
                raise AssertionError("a delta without a path was applied")

    def other_event(self) -> None:
        data = self.source.choice(OTHERS)
        assert self.assembler.apply(sj.ServerSentEvent(data, id="p", event="ping")) is None
        self.passed_over += data != ""
        self.has_pings = True
        self.record("p")

    def junk(self) -> None:
        event = self.source.choice(JUNK)
        try:
            self.assembler.apply(event)
        except REJECTED as error:
            assert error.code in CODES
        else:
            raise AssertionError(event)

    def no_delta(self) -> None:
        """Apply a span, or an id alone."""
        code = self.source.byte()
        span_id = (None, "s", "t", "s")[code & 3]
        event_id = (None, "n", "", None)[code >> 2 & 3]
        before = self.version
        starts_over = span_id is not None and self.has_deltas and self.span_id not in {None, span_id}
        payload = {"span_id": span_id, "delta": None} if code & 16 else {"spanId": span_id}
        data = json.dumps(payload) if span_id is not None else ""
        try:
            change = self.assembler.apply(sj.ServerSentEvent(data, event_id))
        except sj.StreamFailedError as error:
            assert (starts_over, self.resets_on_new_span, error.code) == (True, False, "new_span")
            self.failed = True
        else:
            if starts_over:
                assert self.resets_on_new_span
                self.start_over()
            self.span_id = span_id or self.span_id
            self.has_chunks |= data != ""
            assert (change is None) is (before == self.version)
        self.record(event_id)

    def record(self, event_id: str | None) -> None:
        if event_id is not None:
            self.last_event_id = event_id

    # ---- reads ----

    def check(self) -> None:
        """Compare the assembler's properties and the current document with the model."""
        made = self.assembler
        assert made.version == self.version
        assert (made.end, made.span_id, made.last_event_id, made.passed_over) == (
            self.end, self.span_id, self.last_event_id, self.passed_over,
        )  # fmt: skip
        snapshot = made.snapshot()
        assert (snapshot.version, snapshot.end, snapshot.complete) == (self.version, self.end, self.end != "open")
        assert exact(snapshot.copy_value()) == exact(self.model.values[-1])

    def read(self, then: int) -> None:
        """Read the document in the way that `then` selects."""
        expected = self.model.values[-1]
        if then == 0:
            return
        snapshot = self.assembler.snapshot()
        now = Read(self.version, snapshot)
        if then == 1:  # a value without references: the next one may be built in its place
            assert exact(snapshot.value) == exact(expected)
            self.last_read = None
        elif then == 2:
            self.kept.append(now)
            assert exact(snapshot.value) == exact(expected)
            if self.last_read is not None:
                self.check_sharing(self.last_read, now)
            self.last_read = now
        else:
            code = self.source.byte()
            if self.kept:
                self.check_changes(now, since=self.kept[code % len(self.kept)].version)
            place = PLACES[code % len(PLACES)]
            there = self.model.look(place)
            expected = sj.MISSING if there is NOTHING else plain(there)
            assert exact(snapshot.get(place, sj.MISSING)) == exact(expected)
            if is_readable(sj.format_path(place), self.limits):
                assert exact(snapshot.get(sj.format_path(place), sj.MISSING)) == exact(expected)
            self.kept.append(now)

    def check_sharing(self, old: Read, new: Read) -> None:
        """Assert that of two values read one after the other, only unchanged containers are the same object."""
        places = self.model.changed_at[old.version - self.base + 1 : new.version - self.base + 1]
        before = dict(containers(old.snapshot.value))
        for place, container in containers(new.snapshot.value):
            if place in before:
                touched = any(at[: len(place)] == place or place[: len(at)] == at for at in places)
                assert (container is before[place]) is not touched

    def check_changes(self, now: Read, *, since: int) -> None:
        changes = now.snapshot.changes_since(since)
        old, new = self.value_at(since), self.value_at(now.snapshot.version)
        if new is NOTHING:
            assert old is NOTHING or [(one.path, one.delta) for one in changes] == [((), sj.MISSING)]
            return
        assert exact(replay(changes, old)) == exact(new)
        paths = [one.path for one in changes]
        assert not any(one[: len(other)] == other for one in paths for other in paths if one is not other)

    def check_completions(self) -> None:
        """After a clean end: assert that listeners were notified of each value, as the naive model reports it."""
        if not self.is_observed:
            return
        model = NaiveCompletions(self.model, in_order=self.in_order)
        model.close(self.model)
        reported = [one[:3] for one in self.reported]
        assert sorted(reported, key=str) == sorted(model.reported, key=str)
        assert [one for one in reported if one[2] == 1] == [one for one in model.reported if one[2] == 1]
        for place, value in {one[0]: one[3] for one in self.reported}.items():
            there = self.model.look(place)
            assert exact(value) == exact(NOTHING if there is HOLE or there is NOTHING else plain(there))

    def check_finished(self) -> None:
        """Assert that each kept snapshot reports as finished what was known to be finished at its version."""
        model = NaiveCompletions(self.model, in_order=self.in_order)
        for version, snapshot in self.kept:
            if version < self.base or snapshot.complete:
                continue
            for place in finished_order(self.model.holders[version - self.base][0]):
                assert snapshot.is_complete(place) is (place in model.finished_at[version - self.base])

    def rebuild(self) -> None:
        """Assert that the chunks of all changes build the same document elsewhere."""
        elsewhere = sj.Assembler(limits=LIMITS[1])
        for change in self.assembler.snapshot().changes_since(0):
            for piece in change.to_chunks():
                elsewhere.apply(piece)
        built, expected = elsewhere.snapshot().value, self.model.values[-1]
        if built is not None or expected is not NOTHING:  # a reset is sent as null
            assert exact(built) == exact(expected)
