"""`streamjson split`: from a document to the bytes of a stream that builds it.

It owns the reading of the document, all of it at once, and the ids, which count from 1. It does not know how a value is
taken apart.
"""

from __future__ import annotations

import argparse
import shlex
from typing import cast

from streamjson import (
    InvalidEventError,
    JSONValue,
    LimitExceededError,
    Limits,
    ServerSentEvent,
    StreamJSONError,
    disassemble,
    encode_sse,
)
from streamjson._json import decode_json

from ._console import report, write_output
from ._opening import open_source

__all__ = ["split_command"]


def split_command(arguments: argparse.Namespace) -> int:
    """Write the stream; return the exit code."""
    with open_source(arguments) as source:
        data = b"".join(source.pieces())
    try:
        document = _decode(data)
        for number, chunk in enumerate(disassemble(document, arguments.piece_chars), 1):
            write_output(encode_sse(ServerSentEvent(chunk, id=str(number))))
    except StreamJSONError as error:
        is_stream = error.code == "bad_json" and data.lstrip().startswith(
            (b"data:", b"event:", b"id:", b"retry:", b":")
        )
        advice = f"; it looks like an event stream, which `streamjson assemble {shlex.quote(arguments.file)}` reads"
        report(f"error: {arguments.file}: {_about(error)}{advice if is_stream else ''}")
        return 2
    if arguments.done:
        write_output(encode_sse(ServerSentEvent("[DONE]")))
    return 0


def _decode(data: bytes) -> JSONValue:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidEventError(f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}") from None
    return cast("JSONValue", decode_json(text, Limits()))


def _about(error: StreamJSONError) -> str:
    if isinstance(error, LimitExceededError):
        return f"{error.met} exceeds the limit {error.limit} = {error.maximum}"
    return error.message
