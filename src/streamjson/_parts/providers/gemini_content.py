"""The parts of a Gemini `Content`, as Gemini and ADK stream them: text, thoughts and calls, without indexes.

    {"parts": [{"functionCall": {"partialArgs": [{"jsonPath": "$.city", "stringValue": "Lis"}], "willContinue": true}}]}

Text continues the last part of its kind; a call, or another kind, ends it. A call is whole at once (`args`), or
streamed:

- A part with a name begins a call, unless it has the id of an open one. Entries without a name go to the open call.
- A part whose own `willContinue` is not true ends its call. That of an entry never matters.
- An entry sets a value, or appends text, at an RFC 9535 path. Presence tells null. An entry without a value ends a
  string or an array where one is; where nothing is, it is an empty object, or an empty array if its path ends in `[]`.
- An entry without a path has JSON text (ADK's adapter of the Interactions API).

Spelled `functionCall` on the wire and `function_call` in the SDKs. Sources: google-genai 2.34 (types), recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import define

from ..._errors import InvalidEventError, shorten
from ..._json import MISSING, is_object
from ..answer import Answer, ambiguous
from ..fields import either, field, items, name_of, text
from ..part_state import Kind, PartState
from ..provider import a_number, an_optional, by_index

__all__ = ["ContentReader", "ContentState", "arguments_of"]

_VALUES: Final = (
    ("stringValue", "string_value"),
    ("numberValue", "number_value"),
    ("boolValue", "bool_value"),
)
_MAX_CHECKS: Final = 100
_NULL: Final = ("nullValue", "null_value")


@define
class ContentState:
    """Where the parts of one candidate, or turn, are; parts by their number in the answer."""

    text: int | None = an_optional(int)  # the text that may continue
    call: int | None = an_optional(int)  # the call that is open
    halves: dict[str, str] = by_index(str)  # by call, the path of a string that ends in half a surrogate pair
    checks: int = a_number(0)  # how often such a string was compared with what followed


class ContentReader:
    """Reads the parts of one candidate, or of one turn."""

    def __init__(self, answer: Answer, state: ContentState, *, choice: int | None, is_repeated: bool = False) -> None:
        self.answer = answer
        self.state = state
        self.choice = choice
        self.is_repeated = is_repeated  # the whole texts come again, and only they are proved

    def read(self, content: Any) -> None:
        """Read the increments of a content."""
        for part in items(content, "parts"):
            call = either(part, "functionCall", "function_call")
            if call is not None:
                self._end_text()
                self._read_call(call)
            elif isinstance(field(part, "text"), str):
                self._read_text(part)
            else:
                self._end_text()

    def _read_text(self, part: Any) -> None:
        piece = text(part, "text")
        if not piece:  # it has the reason of the end, or a signature
            return
        answer = self.answer
        kind: Kind = "reasoning" if field(part, "thought") is True else "text"
        state = self._at(self.state.text)
        if state is None or state.kind != kind:
            self._end_text()
            self.state.text = len(answer.states)
            state = answer.begin((kind, self.choice, self.state.text), kind, choice=self.choice)
        answer.append(state, piece)

    def _end_text(self) -> None:
        state = self._at(self.state.text)
        if state is not None and not self.is_repeated:
            self.answer.settle((state,), "done")
        self.state.text = None

    def _at(self, number: int | None) -> PartState | None:
        return self.answer.states[number] if number is not None and number < len(self.answer.states) else None

    # ------------------------------------------------------------------------------------------------------------------
    # calls

    def _read_call(self, call: Any) -> None:
        answer = self.answer
        args, entries = field(call, "args"), items(call, "partialArgs") or items(call, "partial_args")
        state = self._call_of(call, entries)
        if state is None:
            return
        if args is not None:
            answer.put(state, arguments_of(state, args))
        for entry in entries:
            self._read_entry(state, entry)
        # ADK says nothing of the end before the whole turn comes, but for a whole call.
        is_ended = args is not None if self.is_repeated else either(call, "willContinue", "will_continue") is not True
        if is_ended:
            answer.settle((state,), "done")
            self.state.call = None

    def _call_of(self, call: Any, entries: Sequence[Any]) -> PartState | None:
        """Return the call that a part is for, which it may begin; None if it says nothing."""
        answer = self.answer
        id, name = name_of(call, "id"), name_of(call, "name")
        known = answer.find("id", self.choice, id) if id is not None else None
        if known is not None and (known.end == "open" or field(call, "args") is not None):  # or all of it again
            answer.name(known, name=name)
            return known
        current = self._at(self.state.call)
        has_text = bool(entries) and all(either(entry, "jsonPath", "json_path") is None for entry in entries)
        if current is not None and has_text and name in (None, current.name) and current.form == "json":
            return current  # ADK gives each piece of JSON text an id of its own
        if name is None:
            has_arguments = bool(entries) or field(call, "args") is not None
            if has_arguments and (current is None or (id is not None and current.id is not None)):
                raise ambiguous("arguments came for a call that has no name")
            return current
        self.state.call = len(answer.states)
        # ADK's adapter of the Interactions API begins so, and goes on with JSON text.
        is_adapter = self.is_repeated and either(call, "partialArgs", "partial_args") == []
        has_text = has_text or (is_adapter and either(call, "willContinue", "will_continue") is not True)
        state = answer.begin(
            ("call", self.choice, self.state.call), "call", form="json" if has_text else "paths",
            id=id, name=name, choice=self.choice,
        )  # fmt: skip
        if id is not None:
            answer.keys["id", self.choice, id] = state
        return state

    def _read_entry(self, state: PartState, entry: Any) -> None:
        path = either(entry, "jsonPath", "json_path")
        value = _value_of(entry)
        if path is None:
            self._add_text(state, value)
        elif not isinstance(path, str):
            raise InvalidEventError(f"the jsonPath of an entry is not text: {shorten(path)}")
        elif isinstance(value, str):
            self._add_string(state, path, value)
        elif value is not MISSING:
            self.answer.put_at(state, path, value)
        else:
            is_array = path.endswith("[]")
            at = path.removesuffix("[]")
            if state.assembler.snapshot().get(at, MISSING) is MISSING:
                self.answer.put_at(state, at, [] if is_array else {})

    def _add_text(self, state: PartState, piece: Any) -> None:
        if not isinstance(piece, str):
            raise InvalidEventError("an entry of partialArgs has neither a path nor text")
        if state.form == "paths":
            if state.has_value:
                raise InvalidEventError(
                    f"{state.label} has entries with a path, and one without", code="ambiguous_part"
                )
            state.write_as_text()
        self.answer.append(state, piece)

    def _add_string(self, state: PartState, path: str, piece: str) -> None:
        # ADK sends half a surrogate pair, and then the whole string again.
        content, call = self.state, str(state.number)
        is_other = path == content.halves.pop(call, None) and not "\udc00" <= piece[:1] <= "\udfff"
        if is_other and content.checks < _MAX_CHECKS:
            content.checks += 1  # each reads the whole string
            so_far = state.assembler.snapshot().get(path, "")
            if isinstance(so_far, str) and piece.startswith(so_far):
                self.answer.replace_at(state, path, piece)
                return
        self.answer.put_at(state, path, piece)
        if "\ud800" <= piece[-1:] <= "\udbff":
            content.halves[call] = path


def arguments_of(state: PartState, args: Any) -> dict[str, Any]:
    """Return the arguments of a whole call. Raises `InvalidEventError` if they are not an object."""
    if is_object(args):
        return dict(args)
    raise InvalidEventError(f"the args of {state.label} are not an object: {shorten(args)}")


def _value_of(entry: Any) -> Any:
    """Return the value of an entry; `MISSING` if it has none."""
    for names in _VALUES:
        value = either(entry, *names)
        if value is not None:
            return value
    given: Any = entry if is_object(entry) else getattr(entry, "model_fields_set", ())
    is_null = any(name in given for name in _NULL) or either(entry, *_NULL) is not None
    return None if is_null else MISSING
