"""The path and the delta of an event that brings nothing else, as nearly all events of our wire do.

`Chunks` reads every event by the rules; what is read here reads the same there. Anything else gets a closer look: other
fields, other spellings, text that is not JSON, or that a limit may refuse.

Cost: linear in the data. With msgspec (extra `fast`) 0.2 microseconds for a short event, without it 0.4; `json.loads`
takes 1.0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from .._errors import InvalidEventError
from .._json import CHUNK_VALUES, scan
from .._limits import Limits

__all__ = ["QuickDecoder", "quick_decoder", "quick_reader"]

QuickReader: TypeAlias = Callable[[str], tuple[str, Any] | None]

_READABLE_DEPTH: Final = 128  # levels that every decoder of JSON reads


class QuickDecoder(NamedTuple):
    """A decoder of the text of a plain event, and the errors of it that call for a closer look.

    With `is_typed`, it returns an object that has `json_path` and `delta`, and raises for any other fields. Otherwise
    it returns any JSON value.
    """

    decode: Callable[[str], Any]
    closer_look: tuple[type[Exception], ...]
    is_typed: bool = False


@cache
def quick_decoder() -> QuickDecoder:
    """Return the fastest decoder there is.

    For a text that msgspec would read differently from the standard library, it raises, and `Chunks` decides; so the
    result does not depend on msgspec.
    """
    errors: tuple[type[Exception], ...]
    try:
        import msgspec  # noqa: PLC0415  # an extra; and importing this package alone must not load it
    except ImportError:
        errors = (TypeError, KeyError, InvalidEventError, StopIteration, ValueError, RecursionError)
        return QuickDecoder(scan, errors)
    chunk = msgspec.defstruct(
        "PlainChunk",
        [("json_path", str), ("delta", Any), ("chunk_type", Literal["json"], "json")],
        forbid_unknown_fields=True,
        gc=False,  # nothing refers to it
    )
    errors = (msgspec.MsgspecError, ValueError, RecursionError)
    return QuickDecoder(msgspec.json.Decoder(chunk).decode, errors, is_typed=True)


def quick_reader(limits: Limits, decoder: QuickDecoder) -> QuickReader:
    """Return what `Dialect.quick` is for our own wire.

    Data that is not longer than `short` has no number with too many digits, not too many values, and does not nest too
    deep for any decoder; longer data is checked for depth by counting its brackets.
    """
    decode, closer_look, is_typed = decoder
    depth = min(_READABLE_DEPTH, sys.maxsize if limits.max_depth is None else limits.max_depth)
    longest = sys.maxsize if limits.max_number_digits is None else limits.max_number_digits
    if limits.max_nodes is not None:
        longest = min(longest, 2 * limits.max_nodes + CHUNK_VALUES)
    short = min(depth, longest)

    # Hot: called for each event from the wire. Closures, as their variables are found faster than attributes.

    def read_typed(data: str) -> tuple[str, Any] | None:
        if len(data) <= short or (len(data) <= longest and data.count("[") + data.count("{") <= depth):
            try:
                chunk = decode(data)
                return chunk.json_path, chunk.delta
            except closer_look:
                pass
        return None

    def read_fields(data: str) -> tuple[str, Any] | None:
        if len(data) <= short or (len(data) <= longest and data.count("[") + data.count("{") <= depth):
            try:
                fields = decode(data)
                count = len(fields)
                if count == 2 or (count == 3 and fields["chunk_type"] == "json"):
                    path = fields["json_path"]
                    if type(path) is str:
                        return path, fields["delta"]
            except closer_look:
                pass
        return None

    return read_typed if is_typed else read_fields
