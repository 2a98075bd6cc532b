"""A second, tiny dialect, which shows that nothing downstream knows the wire of chunks.

An event's data is a JSON array of commands, each an array itself: `["add", path, delta]`, `["put", path, value]`,
`["more", text]` for the path of the command before, also in an earlier event, `["run", name]`, `["end"]`, `["fail",
message]` and `["foreign", protocol]`. No commands: nothing changes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamjson as sj
from streamjson._dialects import Delta, Dialect, Done, Failed, Foreign, NewRun, Nothing, Set, Verb

__all__ = ["Commands", "event"]


class Commands(Dialect):
    name = "commands"

    def read(self, event: sj.ServerSentEvent[Any]) -> Sequence[Verb]:
        try:
            commands = json.loads(event.data)
        except ValueError as error:
            raise sj.InvalidEventError(str(error), code="bad_json") from None
        return [self._verb(*command) for command in commands] or [Nothing("no_change")]

    def restore(self, state: object) -> None:
        if state is not None and type(state) is not str:
            super().restore(state)
        self.state = state  # type: ignore[assignment]  # checked

    def _verb(self, command: str, *arguments: Any) -> Verb:
        if command == "more":
            assert isinstance(self.state, str)
            return Delta(self.state, *arguments)
        if command in ("add", "put"):
            path, value = arguments
            self.state = path
            return Delta(path, value) if command == "add" else Set(path, value)
        verbs: dict[str, type[Verb]] = {"run": NewRun, "end": Done, "foreign": Foreign}
        return Failed(None, *arguments) if command == "fail" else verbs[command](*arguments)


def event(*commands: Sequence[Any], id: str | None = None) -> sj.ServerSentEvent[str]:
    return sj.ServerSentEvent(json.dumps(commands), id=id)
