"""State -> bytes that can be stored, and back, also by another version on another machine: a JSON object with a digest.

    {"format":1,"sha256":"<64 hex digits>","kind":"assembler", ...}

`format` and `sha256` come first and are spelled exactly like this in every format. The digest covers all bytes after
them. It detects damage but is not a signature: store checkpoints where nobody else can write. The bytes are JSON, never
code.

It does not know what the members mean. Cost: linear.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Final, NoReturn

from .._errors import CheckpointError, LimitExceededError, shorten
from .._json import check_values
from .._limits import Limits, too_deep

__all__ = ["seal", "unseal"]

FORMAT: Final = 1
_UNLIMITED: Final = Limits.unlimited()
_HEAD: Final = re.compile(rb'\{"format":([1-9][0-9]{0,8}),"sha256":"([0-9a-f]{64})",')


def _digest_of(data: bytes | memoryview) -> str:
    from hashlib import sha256  # noqa: PLC0415  # it loads OpenSSL, a tenth of what `import streamjson` takes

    return sha256(data).hexdigest()


def seal(kind: str, members: dict[str, Any]) -> bytes:
    """Return a JSON object with these members as bytes.

    Raises `LimitExceededError` if the interpreter can't write a value that was accepted under lifted limits.
    """
    try:
        text = json.dumps({"kind": kind, **members}, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        met = sys.getrecursionlimit() + 1  # a lower bound: the encoder does not report where it stopped
        raise too_deep("the document nests deeper than the interpreter writes JSON", met) from None
    except ValueError:  # CPython's own limit on digits
        maximum = sys.get_int_max_str_digits()
        raise LimitExceededError(
            "a number has more digits than the interpreter writes: set Limits.max_number_digits",
            limit="max_number_digits",
            maximum=maximum,
            met=maximum + 1,
        ) from None
    rest = text[1:].encode(errors="backslashreplace")  # surrogate halves in a sender's ids, as JSON escapes them
    return f'{{"format":{FORMAT},"sha256":"{_digest_of(rest)}",'.encode() + rest


def unseal(kind: str, data: bytes | bytearray | memoryview, limits: Limits = _UNLIMITED) -> dict[str, Any]:
    """Return the members.

    Raises `CheckpointError` for anything that `seal` did not write for this kind, and `LimitExceededError` for more
    values or deeper nesting than `limits` allow; the latter before the text is parsed.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise CheckpointError(f"a checkpoint must be bytes, not {shorten(data)}")
    data = bytes(data)
    head = _HEAD.match(data)
    if head is None:
        raise CheckpointError(f"the bytes are not a checkpoint, or their beginning is damaged: {shorten(data)}")
    if int(head[1]) > FORMAT:
        raise CheckpointError(
            f"the checkpoint has format {int(head[1])}, but this version of streamjson reads formats up to {FORMAT}",
            code="newer_format",
        )
    rest = memoryview(data)[head.end() :]
    if _digest_of(rest).encode() != head[2]:
        raise CheckpointError("the checkpoint was cut or changed after it was written: its digest does not match")
    try:
        text = "{" + str(rest, "utf-8")
        check_values(text, limits)
        members: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"the checkpoint can't be read: {shorten(str(error))}") from None
    if members.get("kind") != kind:
        raise CheckpointError(f"this is a checkpoint of kind {shorten(members.get('kind'))}, not {kind!r}")
    return members


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
