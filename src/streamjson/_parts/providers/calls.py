"""Finds the call that a fragment belongs to, for the APIs that send fragments of calls in lists.

Compatible servers send the index, the id and the name of a call once, always, or never, and some send the same index
for all calls. These rules read all of them; in this order:

1. A known id: that call.
2. A new id and a name: a new call, whatever the index.
3. A new id without a name: the call at that index continues.
4. No id, an index: the latest call of that index continues. But another name, or the same name with arguments that
   begin anew after finished ones, begins a new call.
5. Neither: a name begins a call. Without a name, the only call there is continues.
6. Anything else is refused.

Blank ids, and the id "null", count as absent. Ids and names are set once, never appended.
"""

from __future__ import annotations

from typing import Any, Literal

from ..._errors import InvalidEventError
from ..._json import is_object
from ..answer import Answer, ambiguous
from ..part_state import PartState

__all__ = ["add_arguments", "call_of_fragment", "go_past"]


def call_of_fragment(
    answer: Answer,
    choice: int | None,
    index: int | str | None,
    id: str | None,
    name: str | None,
    arguments: object,
    encoding: Literal["json", "text"] = "json",
) -> PartState | None:
    """Return the call that a fragment belongs to; None if it brings nothing. Raises `InvalidEventError`."""
    id = None if id == "null" else id
    state = _known(answer, choice, index, id, name, arguments)
    if state is None:
        if name is None:
            if not arguments and id is None:
                return None
            raise ambiguous("a fragment of a call has no name, and there is no call that it could continue")
        go_past(answer, choice, None)
        key = ("call", choice, len(answer.states))
        state = answer.begin(
            key, "call", id=id, name=name, index=index if isinstance(index, int) else None, choice=choice,
            encoding=encoding,
        )  # fmt: skip
    go_past(answer, choice, state)
    answer.name(state, id=id, name=name)
    if id is not None:
        answer.keys["id", choice, id] = state
    if index is not None:
        answer.keys["at", choice, index] = state
    return state


def go_past(answer: Answer, choice: int | None, state: PartState | None) -> None:
    """Note that the call that was written last is passed, as another part is written now."""
    last = answer.last_written.get(choice)
    if last is not None and last is not state and last.kind == "call":
        answer.pass_by(last)


def _known(
    answer: Answer, choice: int | None, index: int | str | None, id: str | None, name: str | None, arguments: object
) -> PartState | None:
    """Return the call that a fragment continues; None if it begins one."""
    if id is not None:
        known = answer.find("id", choice, id)
        if known is not None or name is not None:
            return known
    at_index = answer.find("at", choice, index) if index is not None else None
    if id is not None and at_index is not None:
        return at_index
    if index is not None:
        if at_index is None or name is None or not _begins_anew(at_index, name, arguments):
            return at_index
        return None
    if name is not None:
        return None
    calls = [state for state in answer.states if state.kind == "call" and state.choice == choice]
    return calls[0] if len(calls) == 1 else None


def _begins_anew(call: PartState, name: str, arguments: object) -> bool:
    if call.name is not None and call.name != name:
        return True
    begins = is_object(arguments) or (isinstance(arguments, str) and arguments.lstrip().startswith("{"))
    return begins and call.is_whole


def add_arguments(answer: Answer, state: PartState, arguments: Any) -> None:
    """Add the arguments of a fragment: text, or an object, which is all of them."""
    if isinstance(arguments, str):
        if arguments and state.is_valued:
            raise InvalidEventError(f"{state.label} has both an object and text as its arguments", code="bad_event")
        answer.append(state, arguments)
    elif is_object(arguments):
        if not state.is_empty:
            raise InvalidEventError(f"{state.label} has both text and an object as its arguments", code="bad_event")
        answer.put(state, dict(arguments))
    elif arguments is not None:
        raise InvalidEventError(f"the arguments of {state.label} are neither text nor an object", code="bad_event")
