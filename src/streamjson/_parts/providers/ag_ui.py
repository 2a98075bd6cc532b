"""The events of AG-UI, versions 0.x and 1, from the wire or as ag_ui.core's objects, by the rules of its client.

    {"type": "TOOL_CALL_ARGS", "toolCallId": "call_1", "delta": "{\\"city\\": "}

| event | what |
|---|---|
| `TEXT_MESSAGE_START`, `_CONTENT`, `_END` | a text, unless its role is not the assistant's |
| `REASONING_MESSAGE_...`, `THINKING_TEXT_MESSAGE_...` | reasoning |
| `TOOL_CALL_START`, `_ARGS`, `_END` | a call |
| `..._CHUNK` | all three: the first begins a part, and any other event of its lane (of a subagent) ends it |
| `STATE_SNAPSHOT` | the shared state, one part; the next one replaces it |
| `RUN_FINISHED`, `RUN_ERROR` | the end of all |
| `MESSAGES_SNAPSHOT`, `TOOL_CALL_RESULT`, `ACTIVITY_...`, `RAW`, `CUSTOM` | none |

The end of a message proves nothing: a bridge may close what a token limit cut before it reports that. So a part is done
when it was closed and another one has begun, or the run has finished. What the client refuses is refused. Patches of
the state (`STATE_DELTA`) are not read: the state has failed. Sources: ag-ui-protocol 1.0, @ag-ui/client 1.0 (read).
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define

from ..._errors import ConflictError, InvalidEventError, shorten
from ..answer import Key, ambiguous
from ..fields import blank_to_none, either, field, has_any, name_of, piece, text
from ..part_state import EndOfPart, Kind, PartState
from ..provider import Provider, an_optional, by_index, by_text
from .ag_ui_lanes import id_of, key_of, lane_of, lane_of_chunk, open_in

__all__ = ["AGUI"]

_KINDS: Final[dict[str, Kind]] = {
    "TEXT_MESSAGE": "text",
    "REASONING_MESSAGE": "reasoning",
    "THINKING_TEXT_MESSAGE": "reasoning",
    "TOOL_CALL": "call",
}
_ACTIONS: Final = ("START", "CONTENT", "ARGS", "END", "CHUNK")
_OUTCOMES: Final[dict[str, EndOfPart]] = {"success": "done", "interrupt": "done", "cancelled": "aborted"}
_NOT_OF_THE_ANSWER: Final = ("user", "system", "developer", "tool")  # roles
# Events that end what their lane has from chunks, beside those of messages and calls; and those that end nothing.
_OF_LANE: Final = (
    "STATE_SNAPSHOT", "STATE_DELTA", "STEP_STARTED", "STEP_FINISHED", "SUBAGENT_FINISHED", "SUBAGENT_ERROR",
    "TOOL_CALL_RESULT", "REASONING_START", "REASONING_END", "THINKING_START", "THINKING_END", "CUSTOM",
)  # fmt: skip
_QUIET: Final = ("RAW", "ACTIVITY_SNAPSHOT", "ACTIVITY_DELTA", "REASONING_ENCRYPTED_VALUE", "SUBAGENT_STARTED")


@define
class _State:
    is_running: bool | None = an_optional(bool)  # None before a run has started
    lanes: dict[str, str] = by_text(str)  # by lane, the kind and the id of what it has open from chunks
    owners: dict[str, str] = by_index(str)  # the lanes of parts, by their number
    others: dict[str, bool] = by_text(bool)  # open messages that are not of the answer, by their id
    steps: dict[str, bool] = by_text(bool)  # that are open


class AGUI(Provider):
    """Reads the events of a run."""

    name = "ag_ui"
    protocols = ("AG-UI",)
    state_type = _State

    def read(self, event: Any) -> None:
        """Read an event."""
        kind = text(event, "type")
        if self.state.is_running is False and kind not in ("RUN_STARTED", "RUN_ERROR"):
            raise InvalidEventError(f"{shorten(kind)} came after RUN_FINISHED", code="after_end")
        family, _, action = kind.rpartition("_")
        part_kind = _KINDS.get(family)
        if part_kind is not None and action == "CHUNK":
            self._read_chunk(part_kind, event)
        elif part_kind is not None and action in _ACTIONS:
            self._close(lane_of(event))
            self._read_part(part_kind, action, event)
        elif family == "RUN" or kind == "MESSAGES_SNAPSHOT":
            for lane in tuple(self.state.lanes):
                self._close(lane)
            self._read_run(kind, event)
        elif kind in _OF_LANE:
            self._close(lane_of(event))
            self._read_of_lane(kind, event)
        elif kind not in _QUIET:
            self.answer.ignore()

    # ------------------------------------------------------------------------------------------------------------------
    # messages and calls

    def _read_part(self, kind: Kind, action: str, event: Any) -> None:
        id = id_of(kind, event)
        if id is None and not text(event, "type").startswith("THINKING"):  # which has none
            raise ambiguous(f"{shorten(text(event, 'type'))} has no id")
        if action == "START":
            self._start(kind, id, lane_of(event), event)
        elif kind == "text" and id in self.state.others:
            if action == "END":
                self.state.others.pop(id)
        else:
            part = self._open_part(kind, id, event)
            if action == "END":
                self.answer.pass_by(part)
            else:
                self.answer.append(part, piece(event, "delta"))

    def _start(self, kind: Kind, id: str | None, lane: str, event: Any) -> None:
        answer = self.answer
        known = answer.find("text", id) if kind == "text" else None
        is_open = known is not None and known.end == "open" and not known.is_passed
        if kind == "text" and (id in self.state.others or (is_open and _is_other(event))):
            raise InvalidEventError(f"message {shorten(id)} started twice", code="ambiguous_part")
        if kind == "text" and _is_other(event):
            self.state.others[str(id)] = True
            return
        name = blank_to_none(either(event, "toolCallName", "tool_call_name"))
        if kind == "call" and name is None:
            raise InvalidEventError(f"{shorten(text(event, 'type'))} has no toolCallName")
        part = answer.find(kind, id)
        if part is not None and part.end == "open" and not part.is_passed:
            answer.begin_again(part, is_new_run=True)
            part.name = name
            return
        part = self._begin((kind, id), kind, id=id, name=name)
        message = answer.find("text", blank_to_none(either(event, "parentMessageId", "parent_message_id")))
        inherited = self.state.owners.get(str(message.number), "") if message is not None else ""
        self.state.owners[str(part.number)] = lane or inherited

    def _begin(self, key: Key, kind: Kind, **facts: Any) -> PartState:
        """Begin a part, which proves those that were closed before."""
        self.answer.settle_passed()
        return self.answer.begin(key, kind, **facts)

    def _open_part(self, kind: Kind, id: str | None, event: Any) -> PartState:
        part, lane = self.answer.find(kind, id), lane_of(event)
        if part is None or part.is_passed:
            raise ambiguous(f"{shorten(text(event, 'type'))} came for {shorten(id)}, which is not open")
        if lane and lane != self.state.owners.get(str(part.number)):
            raise ambiguous(f"an event of subagent {shorten(lane[1:])} came for {part.label}, which is another one's")
        return part

    # ------------------------------------------------------------------------------------------------------------------
    # chunks

    def _read_chunk(self, kind: Kind, event: Any) -> None:
        lanes = self.state.lanes
        id = id_of(kind, event)
        lane = lane_of_chunk(lanes, kind, id, event)
        open_kind, open_id = open_in(lanes, lane)
        if open_kind != kind or id not in (None, open_id):
            self._close(lane)
            if id is None:
                raise ambiguous(f"{shorten(text(event, 'type'))} has no id, and there is nothing that it continues")
            self._start(kind, id, lane, event)
            lanes[lane] = key_of(kind, id)
            open_id = id
        else:
            self._compare(kind, open_id, event)
        if kind != "text" or open_id not in self.state.others:
            self.answer.append(self._open_part(kind, open_id, event), piece(event, "delta"))

    def _compare(self, kind: Kind, id: str, event: Any) -> None:
        """Compare what a chunk repeats of its first one. Raises `ConflictError` (`contradiction`)."""
        part = self.answer.find(kind, id)
        name = blank_to_none(either(event, "toolCallName", "tool_call_name"))
        if part is not None and name not in (None, part.name):
            raise _contradiction(f"{part.label} continues", name, part.name)
        role = name_of(event, "role")
        if kind == "text" and role is not None and _is_other(event) != (id in self.state.others):
            raise _contradiction(f"message {shorten(id)} continues", role, "another role")

    def _close(self, lane: str) -> None:
        """End what a lane has open from chunks."""
        kind, id = open_in(self.state.lanes, lane)
        self.state.lanes.pop(lane, None)
        if kind == "text" and self.state.others.pop(id, False):
            return
        part = self.answer.find(kind, id)
        if part is not None:
            self.answer.pass_by(part)

    # ------------------------------------------------------------------------------------------------------------------
    # the state, steps, subagents

    def _read_of_lane(self, kind: str, event: Any) -> None:
        step = f"{either(event, 'stepName', 'step_name')}{lane_of(event)}"
        if kind == "STATE_SNAPSHOT":
            if not has_any(event, "snapshot"):
                raise InvalidEventError("STATE_SNAPSHOT has no snapshot")
            self._set_state(field(event, "snapshot"))
        elif kind == "STATE_DELTA":
            self._fail_state()
        elif kind == "STEP_STARTED":
            self.state.steps[step] = True
        elif kind == "STEP_FINISHED":
            self.state.steps.pop(step, None)
        elif kind == "SUBAGENT_ERROR":
            owners, lane = self.state.owners, lane_of(event)
            failed = [part for part in self.answer.open_parts() if lane and owners.get(str(part.number)) == lane]
            self.answer.settle(failed, "failed", kind)

    def _set_state(self, value: Any) -> None:
        answer = self.answer
        state = answer.find("state")
        if state is None or state.end != "open":
            answer.put(self._begin(("state",), "state", form="paths"), value)
        else:
            answer.replace_at(state, "", value)

    def _fail_state(self) -> None:
        """End the state, which is not what it was: a patch of it came."""
        state = self.answer.find("state") or self._begin(("state",), "state", form="paths")
        if state.end == "open":
            state.error = InvalidEventError("patches of the shared state (STATE_DELTA) are not read yet")
            self.answer.settle((state,), "failed")

    # ------------------------------------------------------------------------------------------------------------------
    # the run

    def _read_run(self, kind: str, event: Any) -> None:
        if kind == "RUN_STARTED":
            if self.state.is_running is not None or self.answer.parts:
                self.answer.new_run()
            self.state = _State(is_running=True)
        elif kind == "RUN_FINISHED":
            self._finish(event)
        elif kind == "RUN_ERROR":
            self.answer.report(name_of(event, "code"), name_of(event, "message"), kind)
        elif kind != "MESSAGES_SNAPSHOT":
            self.answer.ignore()

    def _finish(self, event: Any) -> None:
        answer = self.answer
        left = [part.label for part in answer.open_parts() if not part.is_passed and part.kind != "state"]
        left += [f"the message {shorten(id)}" for id in self.state.others]
        left += [f"the step {shorten(step)}" for step in self.state.steps]
        if left:
            raise InvalidEventError(f"RUN_FINISHED came while {left[0]} was open")
        outcome = field(event, "outcome")
        name = blank_to_none(outcome) or name_of(outcome, "type") or "success"
        reason = "RUN_FINISHED" if name == "success" else f"RUN_FINISHED:{name}"
        answer.settle(answer.open_parts(), _OUTCOMES.get(name, "cut"), reason)
        answer.finish_choice(reason)
        self.state.is_running = False


def _is_other(event: Any) -> bool:
    return name_of(event, "role") in _NOT_OF_THE_ANSWER


def _contradiction(what: str, given: str, found: str | None) -> ConflictError:
    message = f"{what} as {shorten(given)}, and began as {shorten(found)}"
    return ConflictError(message, code="contradiction", given=given, found=found or "")
