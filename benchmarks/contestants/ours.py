"""streamjson itself, called as in its README: deltas, or pieces of JSON text, are pushed into an `Assembler`.

`get` reads a field of a snapshot by its path as text, and builds nothing of the document around it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import streamjson as sj
from contestants import Contestant, Turn

__all__ = ["CONTESTANTS"]


def _begin() -> Turn:
    assembler = sj.Assembler()
    snapshot = assembler.snapshot
    format_path = cache(sj.format_path)

    def end() -> Any:
        assembler.close()
        return snapshot().value

    return Turn(assembler.apply_delta, lambda: snapshot().value, lambda steps: snapshot().get(format_path(steps)), end)


def _begin_text() -> Turn:
    assembler = sj.Assembler(dialect="json_text")
    snapshot = assembler.snapshot
    format_path = cache(sj.format_path)

    def end() -> Any:
        assembler.close()
        return snapshot().value

    return Turn(assembler.apply, lambda: snapshot().value, lambda steps: snapshot().get(format_path(steps)), end)


CONTESTANTS: Final = (
    Contestant("streamjson", "deltas", _begin, package="streamjson-assembler"),
    Contestant("streamjson, text", "text", _begin_text, package="streamjson-assembler"),
)
