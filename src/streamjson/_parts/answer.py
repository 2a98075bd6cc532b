"""A model's answer as its provider writes it: parts begin, grow, are repeated as a whole, and end.

A provider reads an event and calls these verbs; the answer does what they say to the parts, and notes which of them
changed. It owns the parts, in the order of their first event, and the keys by which providers find them. It does not
know events.

| verb | what it says |
|---|---|
| `begin` | a part, under a key |
| `append` | more text of a part |
| `put_at` | a value, or more text, at a path of a part |
| `repeat` | the whole text of a part: equal is nothing, longer adds the rest, another one is a contradiction |
| `put` | the whole document of a part, as a value |
| `pass_by` | the provider has closed the part, or gone past it; that alone proves nothing |
| `settle` | the part has ended, and how |
| `settle_passed` | the parts that were passed by are done: another one begins |
| `report` | the provider failed: everything that is open has failed |
| `new_run` | the provider starts over |
| `begin_again` | it starts over with one part |
| `ignore` | an event of an unknown type |

Cost: O(1) beside the parts' documents.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NoReturn, TypeAlias

from .._dialects import Failed
from .._errors import InvalidEventError
from .._view import StreamFailedError, sender_failed
from .part import Part
from .part_state import Encoding, EndOfPart, Executor, Form, Kind, PartOptions, PartState

__all__ = ["Answer", "Key", "ambiguous", "is_broken"]

Key: TypeAlias = tuple[str | int | None, ...]


class Answer:
    """The parts of one answer."""

    def __init__(
        self, options: PartOptions, *, content: Literal["text", "json"], on_new_run: Literal["error", "reset"]
    ) -> None:
        self.options: PartOptions = options
        self.content: Literal["text", "json"] = content
        self.on_new_run: Literal["error", "reset"] = on_new_run
        self.failures: list[Exception] = []  # of callbacks, while an event is applied
        self.ignored_count: int = 0
        self.replayed_count: int = 0
        self.clear()

    def clear(self) -> None:
        """Begin an empty answer."""
        self.states: list[PartState] = []
        self.parts: list[Part] = []
        self.keys: dict[Key, PartState] = {}
        self.at_index: dict[int, list[PartState]] = {}
        self.changed: dict[PartState, None] = {}
        self.last_written: dict[int | None, PartState] = {}
        self.finished: set[int | None] = set()  # choices that have ended
        self.ready: list[PartState] = []  # calls, in the order in which they became whole or broken
        self.finish: str | None = None

    def begin(
        self,
        key: Key,
        kind: Kind,
        *,
        form: Form | None = None,
        id: str | None = None,
        name: str | None = None,
        index: int | None = None,
        choice: int | None = None,
        executed_by: Executor = "client",
        encoding: Encoding = "json",
    ) -> PartState:
        """Begin a part under a key, which then is its own.

        Raises `LimitExceededError` (`max_parts`), and `InvalidEventError` (`after_end`) where its choice has ended.
        """
        if choice in self.finished:
            raise InvalidEventError(f"a new part, of kind {kind}, came after the end of the answer", code="after_end")
        limits = self.options.limits
        if limits.max_parts is not None and len(self.parts) >= limits.max_parts:
            raise limits.exceeded("max_parts", len(self.parts) + 1, is_full=True)
        is_call = kind == "call"
        is_json = (is_call and encoding == "json") or (kind == "text" and self.content == "json")
        state = PartState(
            self.options,
            self.failures,
            kind=kind,
            form=form or ("json" if is_json else "string"),
            id=id,
            name=name,
            index=index,
            choice=choice,
            executed_by=executed_by if is_call else None,
            encoding="json" if is_json or form == "paths" else "text",
        )
        self.add(state)
        self.keys[key] = state
        self.changed[state] = None
        self.last_written[choice] = state
        return state

    def add(self, state: PartState) -> None:
        """Add a part after the others."""
        state.number = len(self.states)
        self.states.append(state)
        state.part = Part(state)
        self.parts.append(state.part)
        if state.index is not None:
            self.at_index.setdefault(state.index, []).append(state)

    def find(self, *key: str | int | None) -> PartState | None:
        """Return the part under a key."""
        return self.keys.get(key)

    def open_parts(self, choice: int | None = None, *, of_all: bool = False) -> list[PartState]:
        """Return the parts that have not ended, of a choice or of all."""
        return [state for state in self.states if state.end == "open" and (of_all or state.choice == choice)]

    # ------------------------------------------------------------------------------------------------------------------
    # the verbs

    def append(self, state: PartState, text: str) -> None:
        """Append text to a part. Empty text changes nothing."""
        if text:
            if state.is_ready and not text.isspace():
                raise InvalidEventError(f"a piece came for {state.label}, which was whole", code="after_end")
            self._write(state)
            state.write(text)

    def put_at(self, state: PartState, path: str, value: Any) -> None:
        """Append to the string at a path, or set a value there."""
        self._write(state)
        state.write_at(path, value)

    def replace_at(self, state: PartState, path: str, value: Any) -> None:
        """Set the value at a path, whatever is there."""
        self._write(state)
        state.replace_at(path, value)

    def repeat(self, state: PartState, text: str) -> None:
        """Take the whole text of a part again. Raises `ConflictError` (`contradiction`)."""
        if state.write_whole(text):
            self._note(state)

    def put(self, state: PartState, value: Any, *, is_repeated: bool = False) -> None:
        """Take the whole document of a part as a value. Raises `ConflictError` (`contradiction`)."""
        if state.write_value(value, is_repeated=is_repeated):
            self._note(state)

    def write_first(self, *states: PartState) -> None:
        """Take what the first event of these parts holds, where nothing else came."""
        for state in states:
            if state.first is not None and state.is_empty:
                state.write_first()
                self._note(state)

    def name(self, state: PartState, *, id: str | None = None, name: str | None = None) -> None:
        """Set the id and the name of a part, once."""
        if id is not None and state.id is None:
            state.id = id
            self.changed[state] = None
        if name is not None and state.name is None:
            state.name = name
            self.changed[state] = None

    def pass_by(self, state: PartState) -> None:
        """Note that nothing more of a part is expected."""
        if not state.is_passed:
            state.is_passed = True
            self.changed[state] = None

    def settle(self, states: Iterable[PartState], end: EndOfPart, finish: str | None = None) -> None:
        """End these parts, as far as they are open."""
        for state in states:
            if state.end == "open":
                state.settle(end, finish)
                self.changed[state] = None

    def settle_passed(self) -> None:
        """End the parts that were passed by as done: something else follows, so no limit has cut them."""
        self.settle((state for state in self.states if state.is_passed), "done")

    def settle_choice(self, end: EndOfPart, finish: str | None, choice: int | None = None) -> None:
        """End the open parts of a choice.

        If the choice was cut, that is the end of the part that was written last, and of all documents and calls that
        are not whole: they may have been interleaved.
        """
        last = self.last_written.get(choice)
        self.finish_choice(finish, choice)
        for state in self.open_parts(choice):
            self.pass_by(state)
            self.settle((state,), end if state is last or self.is_cut(state) else "done", finish)

    def is_cut(self, state: PartState) -> bool:
        """Return whether a part may be cut when its choice is, though another part was written last."""
        return (state.kind == "call" or state.form != "string") and not state.is_whole

    def finish_choice(self, finish: str | None, choice: int | None = None) -> None:
        """Note that a choice has ended: no part of it may begin."""
        self.finish = finish
        self.finished.add(choice)

    def settle_open(self) -> None:
        """End what is open, as the source has ended and nothing has proved an end."""
        self.settle(self.open_parts(of_all=True), "cut")

    def report(self, error_type: str | None, message: str | None, finish: str | None = None) -> NoReturn:
        """Report the provider's failure. The caller settles the parts."""
        if finish is not None:
            self.finish = finish
        raise sender_failed(Failed(error_type, message), 0)

    def new_run(self) -> None:
        """Begin an empty answer, as the provider starts over. Raises `StreamFailedError` (`new_run`), unless asked."""
        if self.on_new_run == "error":
            raise StreamFailedError(
                "the provider started over: a second answer began in the same stream; on_new_run='reset' begins anew",
                code="new_run",
            )
        self.settle_open()  # for who holds the old parts
        self.clear()

    def begin_again(self, state: PartState, *, is_new_run: bool = False) -> None:
        """Discard the document of an open part, as the provider starts over with it.

        With `is_new_run`, the protocol has no such thing: raises `StreamFailedError` (`new_run`), unless asked.
        """
        if is_new_run and self.on_new_run == "error":
            raise StreamFailedError(
                f"the provider started over: {state.label} began again before its end;"
                " on_new_run='reset' discards what it had",
                code="new_run",
            )
        state.begin_again()
        self._note(state)

    def ignore(self) -> None:
        """Count an event of an unknown type."""
        self.ignored_count += 1

    def _write(self, state: PartState) -> None:
        if state.end != "open":
            raise InvalidEventError(f"a piece came for {state.label}, which has ended", code="after_end")
        self._note(state)

    def _note(self, state: PartState) -> None:
        self.changed[state] = None
        self.last_written[state.choice] = state

    # ------------------------------------------------------------------------------------------------------------------
    # what an event has changed

    def take_changed(self) -> list[Part]:
        """Return the parts that changed since the last call, in the order in which they did."""
        changed = list(self.changed)
        self.changed.clear()
        if len(changed) == 1 and not changed[0].may_be_called and changed[0].end == "open":  # hot: nearly always
            return [changed[0].part]
        ready = [
            state
            for state in changed
            if state.kind == "call" and not state.is_ready and (state.may_be_called or is_broken(state))
        ]
        for state in sorted(ready, key=lambda state: state.number) if len(ready) > 1 else ready:
            state.is_ready = True
            self.ready.append(state)
        return [state.part for state in changed]


def is_broken(state: PartState) -> bool:
    """Return whether a call is finished, and its document is not JSON."""
    return state.end == "done" and state.error is not None


def ambiguous(problem: str) -> InvalidEventError:
    """Return the error for an event of which nobody knows what part it belongs to."""
    return InvalidEventError(f"{problem}: it is unknown which part of the answer it belongs to", code="ambiguous_part")
