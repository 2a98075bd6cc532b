"""streamjson itself, called as in its README: deltas are pushed into an `Assembler`, snapshots are taken from it.

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


CONTESTANTS: Final = (Contestant("streamjson", "deltas", _begin, package="streamjson-assembler"),)
