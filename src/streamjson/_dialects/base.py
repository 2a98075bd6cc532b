"""What an event brings, in verbs that every wire shares, and what a dialect is.

A *dialect* reads the events of one wire. It turns each event into a sequence of verbs, and the session applies them in
order (`_session`). Nothing downstream looks into an event again: the session, the replay filter and `split_streams`
see the verbs only.

| verb | what it says |
|---|---|
| `NewRun` | the sender names the run that the event belongs to; a run other than the last one starts over |
| `Delta` | a piece of text to append, or a value to set where nothing else is |
| `Set` | a value that replaces whatever is there |
| `Text` | a piece of the document's JSON text |
| `Done` | the document ends here |
| `Failed` | the sender reports a failure |
| `Foreign` | the event belongs to another protocol |
| `Nothing` | the event changes nothing, and why |

`NewRun` comes first, `Done` and `Failed` come last, `Text`, `Foreign` and `Nothing` stand alone. A sequence is never
empty.

This module knows neither events nor documents. To add a dialect, see CONTRIBUTING.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Literal, TypeAlias

from attrs import define

from .._errors import CheckpointError, InvalidEventError, shorten
from .._json import JSONValue
from .._limits import Limits
from .._paths import Path
from .._wire import ServerSentEvent

__all__ = ["Delta", "Dialect", "Done", "Failed", "Foreign", "NewRun", "Nothing", "Set", "Text", "Verb"]


@define
class Delta:
    """Append text to the string at `path`, or set a value where it conflicts with nothing; docs/wire.md has the table.

    `path` includes the stream's prefix. It is None on a wire that has no paths: the delta belongs to the root.
    """

    path: str | Path | None
    value: Any


@define
class Set:
    """Replace whatever is at `path` by a value."""

    path: str | Path
    value: Any


@define
class Text:
    """Continue the JSON text of the document. It stands alone."""

    text: str


@define
class NewRun:
    """The sender names the run that this and the following events belong to."""

    span_id: str


@define
class Done:
    """The sender says that the document is complete."""


@define
class Failed:
    """The sender reports a failure, with its type and message where it gives them, and maybe the run that failed."""

    error_type: str | None = None
    error_message: str | None = None
    span_id: str | None = None


@define
class Foreign:
    """The event belongs to another protocol, which this dialect does not read."""

    protocol: str

    def error(self) -> InvalidEventError:
        """Return the error that names the protocol."""
        return InvalidEventError(
            f"this is an event of {self.protocol}, not of deltas and paths: for the answer of a model, call"
            " assemble_parts(events)",
            code="foreign_event",
        )


@define
class Nothing:
    """The event changes nothing.

    `why` is `"no_change"` (an event of this wire without a delta), `"empty"` (no data), `"keep_alive"` (no data, and
    another event type than `message`), `"passed_over"` (data of another event type) or `"ignored"` (not understood, for
    `reason`).
    """

    why: Literal["no_change", "empty", "keep_alive", "passed_over", "ignored"]
    reason: str = ""


Verb: TypeAlias = Delta | Set | Text | NewRun | Done | Failed | Foreign | Nothing


class Dialect(ABC):
    """Reads the events of one wire, for one document. Subclasses define `name` and `read`.

    `state` is what a dialect carries over from one event to the next, as a JSON value; it is part of the checkpoint.
    `read` assigns a new value and never changes the old one in place, so that the session can restore it after a
    rejected event.
    """

    name: ClassVar[str]
    brings_text: ClassVar[bool] = False
    """Whether events bring `Text` instead of `Delta` and `Set`."""

    def __init__(self, limits: Limits) -> None:
        self.limits: Final = limits
        self.state: JSONValue = None
        self.quick: Callable[[str], tuple[str, Any] | None] = _never
        """Returns the path and the delta of an event of type `message` with this data; None if `read` must look at it.

        Called first for each event from the wire, so a dialect whose most frequent event is one `Delta` replaces it.
        """

    @abstractmethod
    def read(self, event: ServerSentEvent[Any]) -> Sequence[Verb]:
        """Return what an event brings. Raises `InvalidEventError` and `LimitExceededError` if it can't be read."""

    def restore(self, state: object) -> None:
        """Continue with the `state` of a checkpoint, which may be forged. A dialect with state checks and takes it.

        Raises `CheckpointError` for a state that this dialect can't have.
        """
        if state is not None:
            raise CheckpointError(f"invalid value for 'dialect_state' in the checkpoint: {shorten(state)}")


def _never(_: str) -> None:
    """Return None: `read` must look at each event."""
