"""An envelope that is made by hand, for one that is not as `seal` makes it."""

from __future__ import annotations

from hashlib import sha256

from streamjson._resume.envelope import FORMAT


def sealed(rest: str, form: int = FORMAT) -> bytes:
    """Return an envelope with a digest that is right, around anything."""
    data = rest.encode()
    return f'{{"format":{form},"sha256":"{sha256(data).hexdigest()}",'.encode() + data
