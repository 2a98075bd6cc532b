"""A handmade envelope, for members that `seal` would not write."""

from __future__ import annotations

from hashlib import sha256

from streamjson._resume.envelope import FORMAT


def sealed(rest: str, form: int = FORMAT) -> bytes:
    """Return an envelope around any text, with the right digest."""
    data = rest.encode()
    return f'{{"format":{form},"sha256":"{sha256(data).hexdigest()}",'.encode() + data
