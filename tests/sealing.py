"""A handmade envelope, for members that `seal` would not write."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from streamjson._resume.envelope import FORMAT


def sealed(rest: str, form: int = FORMAT) -> bytes:
    """Return an envelope around any text, with the right digest."""
    data = rest.encode()
    return f'{{"format":{form},"sha256":"{sha256(data).hexdigest()}",'.encode() + data


def reseal(members: dict[str, Any]) -> bytes:
    """Return a checkpoint with members that were changed."""
    rest = {name: value for name, value in members.items() if name not in ("format", "sha256")}
    return sealed(json.dumps(rest)[1:])
