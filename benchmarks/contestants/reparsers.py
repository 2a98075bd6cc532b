"""Peers that read the text from its start for every value, and leave out or close its unfinished parts.

None of them keeps anything between two values, so the buffer is ours, and grows in the cheapest way for each: a
`bytearray` for parsers of bytes, for the others a list of pieces that is joined when a value is read.

- *jiter*: `from_json(bytes, partial_mode="trailing-strings")`, from "Handling Partial JSON" in its README. It accepts
  only `bytes`. Its default cache of all strings is as fast as none, and faster than that of keys.
- *pydantic-core*: `from_json` with `allow_partial`, from "Partial JSON Parsing" in pydantic's documentation, here
  with the value that shows open texts ("trailing-strings", in its docstring). It reads the `bytearray` directly.
  `cache_strings="keys"` is measured the fastest of its three caches.
- *partial-json-parser*: `loads(text)`, from "Usage" in its README; its defaults allow everything to be partial and use
  its fast way to close the text (`use_fast_fix`).
- *partialjson*: `JSONParser().parse(text)`, from the example in its README; one parser serves all values.
- *json_repair*: `loads(text, stream_stable=True)`, from "Use json_repair with streaming" in its README. It tries
  `json.loads` first; `skip_json_loads=True` would save 2 %, but according to "Performance considerations" there it is
  for text that is known to be invalid, and the last text of a stream is valid.
- *langchain-core*: `parse_partial_json(text)` of `langchain_core.utils.json`, which its `JsonOutputParser` calls on the
  whole text at every piece of a stream (`langchain_core/output_parsers/json.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import jiter
import json_repair
import partial_json_parser
import pydantic_core
from langchain_core.utils.json import parse_partial_json
from partialjson import JSONParser

from contestants import Contestant, Turn
from contestants._plain import get_field

__all__ = ["CONTESTANTS"]


def _turn(feed: Callable[[str], object], value: Callable[[], Any], end: Callable[[], Any] | None = None) -> Turn:
    return Turn(feed, value, lambda steps: get_field(value(), steps), end or value)


# ---------------------------------------------------------------------------------------------------------------------
# parsers of bytes


def _begin_jiter() -> Turn:
    text = bytearray()
    extend, from_json = text.extend, jiter.from_json
    return _turn(
        lambda piece: extend(piece.encode()),
        lambda: from_json(bytes(text), partial_mode="trailing-strings"),
        lambda: from_json(bytes(text)),
    )


def _begin_pydantic_core() -> Turn:
    text = bytearray()
    extend, from_json = text.extend, pydantic_core.from_json
    return _turn(
        lambda piece: extend(piece.encode()),
        lambda: from_json(text, allow_partial="trailing-strings", cache_strings="keys"),
        lambda: from_json(text, cache_strings="keys"),
    )


# ---------------------------------------------------------------------------------------------------------------------
# parsers of text


def _begin_text(parse: Callable[[str], Any]) -> Turn:
    pieces: list[str] = []

    def value() -> Any:
        # Replace the pieces by their join, so that each is joined only once.
        pieces[:] = ["".join(pieces)]
        return parse(pieces[0])

    return _turn(pieces.append, value)


def _begin_partial_json_parser() -> Turn:
    return _begin_text(partial_json_parser.loads)


def _begin_partialjson() -> Turn:
    return _begin_text(JSONParser().parse)


def _begin_json_repair() -> Turn:
    loads = json_repair.loads
    return _begin_text(lambda text: loads(text, stream_stable=True))


def _begin_langchain_core() -> Turn:
    return _begin_text(parse_partial_json)


def _reparser(name: str, begin: Callable[[], Turn]) -> Contestant:
    return Contestant(name, "text", begin, package=name, is_sampled=True, note="reads the text again at each value")


CONTESTANTS: Final = (
    _reparser("jiter", _begin_jiter),
    _reparser("pydantic-core", _begin_pydantic_core),
    _reparser("partial-json-parser", _begin_partial_json_parser),
    _reparser("partialjson", _begin_partialjson),
    _reparser("json_repair", _begin_json_repair),
    _reparser("langchain-core", _begin_langchain_core),
)
