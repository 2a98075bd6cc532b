"""OpenAI Responses, also as Azure, vLLM, Mistral, Ollama and Opper's OpenResponses send it.

    {"type": "response.function_call_arguments.delta", "output_index": 1, "item_id": "fc_1", "delta": "{\\"city\\": "}

An answer is a list of items, and an item has one or more parts: a message its contents, a reasoning its summaries and
contents, a call its arguments, a shell call its commands. Every text comes as deltas and then whole, up to four times:
`X.done`, `content_part.done`, `output_item.done`, `response.completed`. Each of these may also be the only one.

An item is done when it was closed as completed and another one has begun, all of them when the response is completed.
`response.status` decides that, not the name of the event. Events with a `sequence_number` that was seen are replays.
Sources: openai 3.57 (types), recordings in public issues.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, Final, NamedTuple

from attrs import define

from ..._errors import InvalidEventError, shorten
from ..._json import is_object
from ..answer import ambiguous
from ..fields import field, index_of, items, name_of, piece, text
from ..part_state import Encoding, EndOfPart, Executor, Kind, PartState
from ..provider import Provider, a_number, an_optional, by_index, numbers

__all__ = ["OpenAIResponses"]


class _Text(NamedTuple):
    """A kind of text: the part that it belongs to, the index inside the item, and the field that has it whole."""

    family: str
    kind: Kind
    inner: str | None
    whole: str
    encoding: Encoding = "text"
    executed_by: Executor = "client"


_TEXTS: Final = {
    "output_text": _Text("content", "text", "content_index", "text"),
    "refusal": _Text("content", "refusal", "content_index", "refusal"),
    "reasoning_text": _Text("reasoning", "reasoning", "content_index", "text"),
    "reasoning_summary_text": _Text("summary", "reasoning", "summary_index", "text"),
    "function_call_arguments": _Text("call", "call", None, "arguments", "json"),
    "mcp_call_arguments": _Text("call", "call", None, "arguments", "json", "provider"),
    "custom_tool_call_input": _Text("call", "call", None, "input"),
    "code_interpreter_call_code": _Text("call", "call", None, "code", "text", "provider"),
    "shell_call_command": _Text("command", "call", "command_index", "command"),
}
_OF_CONTENT: Final = {
    "output_text": _TEXTS["output_text"],
    "text": _TEXTS["output_text"],
    "refusal": _TEXTS["refusal"],
    "reasoning_text": _TEXTS["reasoning_text"],
    "summary_text": _TEXTS["reasoning_summary_text"],
}


class _CallItem(NamedTuple):
    """A kind of item that is a call: the fields of its id and its input, and what its input is."""

    id: str
    input: str
    encoding: Encoding
    executed_by: Executor


_CALLS: Final = {
    "function_call": _CallItem("call_id", "arguments", "json", "client"),
    "custom_tool_call": _CallItem("call_id", "input", "text", "client"),
    "mcp_call": _CallItem("id", "arguments", "json", "provider"),
    "code_interpreter_call": _CallItem("id", "code", "text", "provider"),
}
# Items whose parts the deltas name, and items without text.
_PLAIN_ITEMS: Final = frozenset(
    {
        "message",
        "reasoning",
        "shell_call",
        "web_search_call",
        "file_search_call",
        "image_generation_call",
        "mcp_list_tools",
        "compaction",
        "function_call_output",
        "custom_tool_call_output",
        "shell_call_output",
        "tool_search_output",
        "program_output",
        "additional_tools",
    }
)
# Events that bring no text, by the beginning of their name.
_QUIET: Final = (
    "queued", "in_progress", "web_search_call.", "file_search_call.", "image_generation_call.", "mcp_call.",
    "mcp_list_tools.", "code_interpreter_call.", "output_text.annotation.", "shell_call_output_content.", "audio.",
    "compaction.",
)  # fmt: skip
_REASONS: Final[dict[str, EndOfPart]] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "length": "length",
    "content_filter": "filtered",
}
_ENDINGS: Final = ("completed", "incomplete", "failed", "cancelled")


@define
class _State:
    response_id: str | None = an_optional(str)
    sequence_number: int = a_number(-1)
    last: int = a_number(-1)  # the largest output_index
    item_ids: dict[str, str | None] = by_index(str, NoneType)  # by output_index, of the items that have begun
    call_ids: dict[str, str] = by_index(str)  # of shell calls, whose commands are parts
    completed: list[int] = numbers()  # items that were closed as completed
    incomplete: list[int] = numbers()


class OpenAIResponses(Provider):
    """Reads the events of a response."""

    name = "openai_responses"
    protocols = ("OpenAI Responses",)
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event."""
        kind = text(event, "type").removeprefix("response.")
        if kind == "created":
            self._begin_response(field(event, "response"))
        if self._is_replay(event):
            return
        name, _, action = kind.rpartition(".")
        known = _TEXTS.get(name)
        if known is not None and action == "delta":
            part = self._part(event, known)
            self.answer.append(part, piece(event, "delta"))
        elif known is not None and action in ("done", "added"):
            self._read_whole(event, known, is_first=action == "added")
        elif name in ("content_part", "reasoning_summary_part"):
            self._read_content_part(event, is_first=action == "added")
        elif kind == "output_item.added":
            self._begin_item(self._output_index(event), field(event, "item"))
        elif kind == "output_item.done":
            self._end_item(self._output_index(event), field(event, "item"))
        elif kind in _ENDINGS:
            self._end_response(kind, field(event, "response"))
        elif kind != "created" and not kind.startswith(_QUIET):
            self.answer.ignore()

    def _is_replay(self, event: Any) -> bool:
        number = index_of(event, "sequence_number")
        if number is None:
            return False
        if number <= self.state.sequence_number:
            self.answer.replayed_count += 1
            return True
        self.state.sequence_number = number
        return False

    # ------------------------------------------------------------------------------------------------------------------
    # parts

    def _part(self, event: Any, known: _Text) -> PartState:
        """Return the part that an event is for, which begins it if its item or its `item_id` is known."""
        output = self._output_index(event)
        item_id = name_of(event, "item_id")
        item_ids = self.state.item_ids
        expected = item_ids.get(str(output))
        if item_id is not None and expected is not None and item_id != expected:
            raise ambiguous(
                f"an event of item {shorten(item_id)} came at output_index {output}, of {shorten(expected)}"
            )
        inner = index_of(event, known.inner) if known.inner is not None else None
        part = self.answer.find(known.family, output, inner)
        if part is None:
            if str(output) not in item_ids:
                if item_id is None:
                    raise ambiguous(f"an event came for output_index {output}, where no item has begun")
                self._note_item(output, item_id)
            part = self._begin_part(known, output, inner)
        return part

    def _begin_part(self, known: _Text, output: int, inner: int | None) -> PartState:
        state = self.state
        id = state.call_ids.get(str(output)) or state.item_ids.get(str(output))
        if known.family == "call":
            id = None  # the item has the id that a result names, and comes later
        return self.answer.begin(
            (known.family, output, inner), known.kind, id=id, index=output, encoding=known.encoding,
            executed_by=known.executed_by,
        )  # fmt: skip

    def _read_whole(self, event: Any, known: _Text, *, is_first: bool) -> None:
        if field(event, known.whole) is not None:
            part = self._part(event, known)
            self.answer.name(part, name=name_of(event, "name"))
            self._take(part, field(event, known.whole), is_first=is_first)

    def _read_content_part(self, event: Any, *, is_first: bool) -> None:
        content = field(event, "part")
        known = _OF_CONTENT.get(text(content, "type"))
        if known is not None:
            self._take(self._part(event, known), field(content, known.whole), is_first=is_first)

    def _take(self, part: PartState, whole: Any, *, is_first: bool) -> None:
        """Take a whole text, or an object; that of a start event may come again as a delta, so it waits."""
        if whole is None:
            return
        if is_object(whole) and part.encoding == "json":
            whole = dict(whole)
        elif not isinstance(whole, str):
            raise InvalidEventError(f"{part.label} is neither text nor an object, but {shorten(whole)}")
        if is_first:
            part.first = whole if whole and part.is_empty else part.first
        elif isinstance(whole, str):
            self.answer.repeat(part, whole)
        else:
            self.answer.put(part, whole)

    # ------------------------------------------------------------------------------------------------------------------
    # items

    def _begin_item(self, output: int, item: Any) -> None:
        if item is not None:
            self._note_item(output, name_of(item, "id"))
            self._read_item(output, item, is_first=True)

    def _note_item(self, output: int, item_id: str | None) -> None:
        item_ids = self.state.item_ids
        known = item_ids.get(str(output))
        if str(output) not in item_ids:  # it begins, so those that were completed are done
            completed, self.state.completed = self.state.completed, []
            for other in completed:
                self.answer.settle(self._parts_of(other), "done")
        if known is not None and item_id is not None and known != item_id:
            raise ambiguous(f"item {shorten(item_id)} came at output_index {output}, of {shorten(known)}")
        item_ids[str(output)] = known or item_id
        self.state.last = max(self.state.last, output)

    def _read_item(self, output: int, item: Any, *, is_first: bool) -> None:
        """Read what an item holds, at its begin, at its end, or at the end of the response."""
        kind = text(item, "type")
        call = _CALLS.get(kind)
        if call is not None:
            part = self._call_part(output, item, call)
            self._take(part, field(item, call.input), is_first=is_first)
            return
        if kind not in _PLAIN_ITEMS and is_first:
            self.answer.ignore()
        for name in ("content", "summary"):
            for inner, content in enumerate(items(item, name)):
                known = _OF_CONTENT.get(text(content, "type"))
                if known is not None:
                    self._take(self._inner_part(known, output, inner), field(content, known.whole), is_first=is_first)
        if kind == "shell_call":
            call_id = name_of(item, "call_id")
            if call_id is not None:
                self.state.call_ids[str(output)] = call_id
            for inner, command in enumerate(items(field(item, "action"), "commands")):
                if isinstance(command, str):
                    known = _TEXTS["shell_call_command"]
                    self._take(self._inner_part(known, output, inner), command, is_first=is_first)

    def _inner_part(self, known: _Text, output: int, inner: int) -> PartState:
        return self.answer.find(known.family, output, inner) or self._begin_part(known, output, inner)

    def _call_part(self, output: int, item: Any, call: _CallItem) -> PartState:
        answer = self.answer
        id, name = name_of(item, call.id), name_of(item, "name")
        part = answer.find("call", output, None)
        if part is None:
            return answer.begin(
                ("call", output, None), "call", id=id, name=name, index=output, encoding=call.encoding,
                executed_by=call.executed_by,
            )  # fmt: skip
        answer.name(part, id=id, name=name)
        return part

    def _end_item(self, output: int, item: Any) -> None:
        if item is None:
            return
        self._note_item(output, name_of(item, "id"))
        self._read_item(output, item, is_first=False)
        parts = self._parts_of(output)
        self.answer.write_first(*parts)
        if not parts:
            return
        if text(item, "status") in ("incomplete", "in_progress"):
            self.state.incomplete.append(output)
            return
        for part in parts:
            self.answer.pass_by(part)
        if output < self.state.last:
            self.answer.settle(parts, "done")
        elif output not in self.state.completed:
            self.state.completed.append(output)

    def _parts_of(self, output: int) -> list[PartState]:
        return [part for part in self.answer.at_index.get(output, ()) if part.end == "open"]

    def _output_index(self, event: Any) -> int:
        output = index_of(event, "output_index")
        if output is None:
            raise ambiguous(f"{shorten(text(event, 'type'))} has no output_index")
        return output

    # ------------------------------------------------------------------------------------------------------------------
    # the response

    def _begin_response(self, response: Any) -> None:
        id = name_of(response, "id")
        if self.state.response_id is not None and id not in (None, self.state.response_id):
            self.answer.new_run()
            self.state = _State()
        self.state.response_id = self.state.response_id or id

    def _end_response(self, kind: str, response: Any) -> None:
        answer = self.answer
        written = answer.last_written.get(None)
        found = items(response, "output")
        # The list of all may lack some, so an item is found by its id, or by that of its call, before its position.
        outputs: dict[str | None, int] = {
            id: int(output) for output, id in self.state.item_ids.items() if id is not None
        }
        calls: dict[str | None, int | None] = {
            part.id: part.index for part in answer.states if part.kind == "call" and part.id is not None
        }
        for position, item in enumerate(found):
            known = outputs.get(name_of(item, "id"), calls.get(name_of(item, "call_id")))
            output = position if known is None else known
            self.state.item_ids.setdefault(str(output), name_of(item, "id"))
            self._read_item(output, item, is_first=False)
            if (
                text(item, "status") == "completed" and position < len(found) - 1
            ):  # the last one may be cut all the same
                for part in self._parts_of(output):
                    answer.pass_by(part)
        answer.write_first(*answer.open_parts())
        status = text(response, "status")
        status = status if status in _ENDINGS else kind
        reason = name_of(field(response, "incomplete_details"), "reason")
        finish = f"{kind}:{reason}" if reason is not None else kind
        if status == "failed":
            error = field(response, "error")
            answer.report(name_of(error, "code"), name_of(error, "message"), finish)
        is_good = status == "completed"
        end: EndOfPart = (
            "done" if is_good else "aborted" if status == "cancelled" else _REASONS.get(reason or "", "cut")
        )
        # The last item may be cut; the list of all may have brought earlier ones after it.
        last = max(
            (part for part in (written, answer.last_written.get(None)) if part is not None),
            key=lambda part: -1 if part.index is None else part.index,
            default=None,
        )
        for part in answer.open_parts():
            is_cut = part.index in self.state.incomplete or (
                not is_good and (part is last or (answer.is_cut(part) and not part.is_passed))
            )
            cut: EndOfPart = "length" if is_good else end
            answer.settle((part,), cut if is_cut else "done", finish)
        answer.finish_choice(finish)
