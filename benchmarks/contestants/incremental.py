"""Peers that continue where the last piece ended, or appear to.

- *jsonriver*: `parse(stream)`, an async generator over an async iterator of pieces. Its README drives it with
  `async for`; here it is stepped by hand, without an event loop, so that a piece can be pushed: that is faster than any
  loop could be. It yields one root, changed in place ("the yielded JSON values will be reused", docstring of `parse`);
  open texts are shown. All its numbers are floats. `+ deepcopy` makes it a snapshot.
- *streaming-json-parser*: `StreamingJsonParser`, which is the class of its Rust extension if the separate distribution
  `streaming-json-parser-native` is installed. Its fastest way is `consume` for a piece, then `poll` for the value: 0.24
  microseconds per piece; `feed` of its quickstart, which makes a result each time, takes 0.36. According to its README,
  the value is its own state and changes later, and `copy_value=True` gives snapshots: that takes as long as
  `copy.deepcopy`, and fails at the same depth.
- *langdiff*: `Parser(root).push(piece)`, from "Streaming Parsing" in its README. In fact it keeps the text, and jiter
  reads all of it at each push (`langdiff/parser/parser.py`), so its values are new each time. It needs the names of the
  root in a class; of its types, `Atom` does the least, as `String`, `List` and `Object` compare with their previous
  content. A push costs the same for any piece, so here pieces are held until a value is read: one push for each value,
  as in its README, where a value is printed after each piece, and none if no value is read.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Generator
from types import coroutine
from typing import Any, Final

import jsonriver
import langdiff
from streaming_json_parser import StreamingJsonParser

from contestants import Contestant, Turn
from contestants._plain import get_field

__all__ = ["CONTESTANTS", "begin_jsonriver"]


# ---------------------------------------------------------------------------------------------------------------------
# jsonriver


@coroutine
def _pause() -> Generator[None]:
    """Suspend the whole chain of awaits, back to the caller of `send`."""
    yield


class _Pieces:
    """An async iterator of one piece at a time, which pauses its consumer until the next one arrives."""

    def __init__(self) -> None:
        self.piece: str | None = None
        self.ended = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while self.piece is None:
            if self.ended:
                raise StopAsyncIteration
            await _pause()
        piece, self.piece = self.piece, None
        return piece


class _River:
    """jsonriver with pushed pieces. A piece takes one step, or two if the previous step still waits."""

    def __init__(self) -> None:
        self._pieces = _Pieces()
        self._next = jsonriver.parse(self._pieces).__anext__
        self._step: Any = None
        self.value: Any = None

    def feed(self, piece: str) -> None:
        self._pieces.piece = piece
        while self._pieces.piece is not None:  # a step may end with the rest of the previous piece
            self._take_step()

    def end(self) -> Any:
        self._pieces.ended = True
        try:
            while True:
                self._take_step()
        except StopAsyncIteration:
            return self.value

    def _take_step(self) -> None:
        step = self._step or self._next()
        try:
            step.send(None)
        except StopIteration as yielded:
            self.value = yielded.value
            self._step = None
        else:
            self._step = step


def begin_jsonriver() -> Turn:
    """Return a turn of jsonriver."""
    river = _River()
    return Turn(river.feed, lambda: river.value, lambda steps: get_field(river.value, steps), river.end)


def _begin_jsonriver_deepcopy() -> Turn:
    river = _River()
    deepcopy = copy.deepcopy
    return Turn(
        river.feed,
        lambda: deepcopy(river.value),
        lambda steps: deepcopy(get_field(river.value, steps)),
        river.end,
    )


# ---------------------------------------------------------------------------------------------------------------------
# streaming-json-parser


_IS_NATIVE: Final = type(StreamingJsonParser()).__module__ == "builtins"  # where PyO3 puts its classes
_SPEAKS: Final = "in Rust" if _IS_NATIVE else "in Python: its native extension is not installed"


def _begin_streaming_json_parser() -> Turn:
    parser = StreamingJsonParser()
    poll = parser.poll
    return Turn(
        parser.consume,
        lambda: poll().value,
        lambda steps: get_field(poll().value, steps),
        lambda: parser.finish().value,
    )


def _begin_streaming_json_parser_copy() -> Turn:
    parser = StreamingJsonParser()
    poll = parser.poll
    return Turn(
        parser.consume,
        lambda: poll(copy_value=True).value,
        lambda steps: copy.deepcopy(get_field(poll().value, steps)),
        lambda: parser.finish().value,
    )


# ---------------------------------------------------------------------------------------------------------------------
# langdiff


class _Root(langdiff.Object):
    """A root with one name. Any name will do: `value` is the whole object, with everything in the text."""


# As objects, not as text, which postponed annotations are in this module: langdiff calls them.
_Root.__annotations__ = {"name": langdiff.Atom[str]}


def _begin_langdiff() -> Turn:
    root = _Root()
    parser = langdiff.Parser(root)
    waiting: list[str] = []

    def value() -> Any:
        if waiting:
            parser.push("".join(waiting))
            waiting.clear()
        return root.value

    def end() -> Any:
        value()
        parser.complete()
        return root.value

    return Turn(waiting.append, value, lambda steps: get_field(value(), steps), end)


CONTESTANTS: Final = (
    Contestant(
        "jsonriver",
        "text",
        begin_jsonriver,
        package="jsonriver",
        is_live=True,
        note="one object that changes; numbers are floats",
    ),
    Contestant(
        "jsonriver + deepcopy",
        "text",
        _begin_jsonriver_deepcopy,
        package="jsonriver",
        is_sampled=True,
        note="numbers are floats",
    ),
    Contestant(
        "streaming-json-parser",
        "text",
        _begin_streaming_json_parser,
        package="streaming-json-parser",
        is_live=True,
        note=f"one object that changes; {_SPEAKS}",
    ),
    Contestant(
        "streaming-json-parser, copy_value",
        "text",
        _begin_streaming_json_parser_copy,
        package="streaming-json-parser",
        is_sampled=True,
        note=_SPEAKS,
    ),
    Contestant(
        "langdiff",
        "text",
        _begin_langdiff,
        package="langdiff",
        is_sampled=True,
        note="reads the text again at each value",
    ),
)
