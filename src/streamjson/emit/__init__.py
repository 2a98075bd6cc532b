"""A growing document, or an answer, in the protocols that browsers and agent front ends read.

    snapshot -> emitter -> bytes

One emitter serves one client: `open()`, `update(snapshot)` as often as there is something, then `close(snapshot)` or
`fail(error)`. The first update is all so far, each later one what changed since, at a pace that the client can take.

    out = streamjson.emit.AISDK("msg_1")
    yield out.update(snapshot)

It does no I/O, and needs no package of the protocols.
"""

from __future__ import annotations

from .._view import to_json_patch
from .ag_ui import AGUI
from .ai_sdk import AISDK
from .chunks import Chunks
from .driver import frames
from .emitter import Emitter, Growing
from .json_text import JSONText
from .object_stream import ObjectStream
from .openai import OpenAI
from .patch import Patch
from .text import Text

__all__ = [
    "AGUI",
    "AISDK",
    "Chunks",
    "Emitter",
    "Growing",
    "JSONText",
    "ObjectStream",
    "OpenAI",
    "Patch",
    "Text",
    "frames",
    "to_json_patch",
]
