"""The secrets of a request, and texts without them.

What a server says may repeat a key: as it is, URL-encoded, or escaped for JSON. It owns the list for one stream: the
values of header fields and of the query, but for harmless ones, and the user and the password.

It can't hold back what it does not know: a secret in the path, one of less than 6 characters, or a part of one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

__all__ = ["Secrets", "shown_url"]

_MIN_CHARS: Final = 6  # shorter ones occur in any text
# What may be shown of a request: the values of these header fields, and of these parameters of the query.
_HARMLESS_PARAMS: Final = frozenset({"alt", "api-version", "last_event_id", "model", "starting_after", "stream"})
_HARMLESS_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-length", "content-type",
     "host", "last-event-id", "transfer-encoding", "user-agent"}
)  # fmt: skip


class Secrets:
    """What must not be shown of the requests of a stream."""

    def __init__(self) -> None:
        self._found: set[str] = set()

    def add(self, url: Any, headers: Any) -> None:
        """Add those of a request that is sent, or will be."""
        values = [*_of_headers(headers), url.username, url.password]
        values += [value for name, value in url.params.multi_items() if name not in _HARMLESS_PARAMS]
        for value in values:
            if len(value) >= _MIN_CHARS:
                escaped = json.dumps(value)[1:-1]
                self._found |= {value, quote(value), quote(value, safe=""), escaped, escaped.replace("/", "\\/")}

    @property
    def max_chars(self) -> int:
        """The length of the longest one."""
        return max(map(len, self._found), default=0)

    def masked(self, text: str) -> str:
        """Return a text without them."""
        for secret in sorted(self._found, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def _of_headers(headers: Any) -> Iterator[str]:
    for name, value in headers.multi_items():
        if name.lower() in _HARMLESS_HEADERS:
            continue
        scheme, _, token = value.strip().partition(" ")
        if scheme.lower() in ("basic", "bearer") and not token:
            continue
        yield from (value, value.strip(), token)
        if scheme.lower() == "basic":
            yield from _credentials(token)
        if name.lower() == "cookie":
            yield from (pair.partition("=")[2] for pair in value.split("; "))


def _credentials(token: str) -> list[str]:
    try:
        user, _, password = base64.b64decode(token).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return []
    return [user, password]


def shown_url(url: Any) -> str:
    """Return a URL without what may be secret: user, password, query and fragment."""
    port = f":{url.port}" if url.port else ""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}{port}{url.path}"
