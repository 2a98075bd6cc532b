"""A response -> whether it is a stream, and of which format; else an error with the beginning of its body.

It owns what an error shows: never a query, a password, or a value of the request's headers that may be secret, also
where the server repeats it. It does not read: the caller gives it the pieces of the body.

Cost: O(1); of a body that is not a stream, its first 2 KB are read.
"""

from __future__ import annotations

import base64
import binascii
import time
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal, TypeAlias

from .._errors import ResponseError, shorten

__all__ = ["Format", "Refusal", "format_of", "shown_url"]

Format: TypeAlias = Literal["sse", "json_lines"]

_FORMATS: Final[dict[str, Format]] = {
    "text/event-stream": "sse",
    **dict.fromkeys(
        (
            "application/jsonl", "application/x-jsonl", "application/jsonlines", "application/x-jsonlines",
            "application/json-lines", "application/ndjson", "application/x-ndjson",
        ),
        "json_lines",
    ),
}  # fmt: skip
_READ_BYTES: Final = 2048
_SHOWN_CHARS: Final = 300
_MIN_SECRET_CHARS: Final = 6  # shorter ones occur in any text
# What may be shown of a request: the values of these header fields, and of these parameters of the query.
_HARMLESS_PARAMS: Final = frozenset({"alt", "api-version", "last_event_id", "model", "starting_after", "stream"})
_HARMLESS_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-length", "content-type",
     "host", "last-event-id", "transfer-encoding", "user-agent"}
)  # fmt: skip


def format_of(response: Any, expected: Format | None) -> Format | None:
    """Return the format of a response that is a stream; None if it is not. A caller that expects one gets it."""
    if not 200 <= response.status_code < 300:
        return None
    return expected or _FORMATS.get(_content_type(response).lower())


def _content_type(response: Any) -> str:
    value: str = response.headers.get("content-type", "")
    return value.partition(";")[0].strip()


class Refusal:
    """A response that is not a stream, and the beginning of its body."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._body = b""

    def add(self, piece: bytes) -> bool:
        """Add a piece of the body; return whether that is enough."""
        self._body += piece[: _READ_BYTES - len(self._body)]
        return len(self._body) >= _READ_BYTES

    def error(self) -> ResponseError:
        """Return the error."""
        response = self._response
        body = self._body.decode("utf-8", "replace").strip()
        for secret in sorted(_secrets_of(response.request), key=len, reverse=True):
            body = body.replace(secret, "***")
        request = f"{response.request.method} {shown_url(response.request.url)}"
        is_status = not 200 <= response.status_code < 300
        content_type = _content_type(response)
        if is_status:
            reason = f"{response.status_code} {response.reason_phrase}".strip()
            problem = f"{request} was answered with {reason}"
        else:
            kind = content_type or "a body without a content type"
            problem = f"{request} was answered with {kind}, which is neither an event stream nor JSON lines"
        shown = f"; the body begins {shorten(body, _SHOWN_CHARS)}" if body else "; the body is empty"
        error = ResponseError(problem + shown, code="status" if is_status else "content_type")
        error.status_code, error.content_type, error.body = response.status_code, content_type, body
        error.retry_after_s = _retry_after_s(response.headers.get("retry-after", ""))
        return error


def shown_url(url: Any) -> str:
    """Return a URL without what may be secret: user, password, query and fragment."""
    port = f":{url.port}" if url.port else ""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}{port}{url.path}"


def _secrets_of(request: Any) -> set[str]:
    """Return what the request has sent, and must not be shown."""
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    values = [value for name, value in headers if name not in _HARMLESS_HEADERS]
    values += [pair.partition("=")[2] for name, value in headers if name == "cookie" for pair in value.split("; ")]
    values += [value for name, value in request.url.params.multi_items() if name not in _HARMLESS_PARAMS]
    values.append(request.url.password)
    for value in list(values):
        scheme, _, token = value.partition(" ")
        values.append(token)
        if scheme.lower() == "basic":
            values += _credentials(token)
    return {value for value in values if len(value) >= _MIN_SECRET_CHARS}


def _credentials(token: str) -> list[str]:
    try:
        return [base64.b64decode(token).decode().partition(":")[2]]
    except (binascii.Error, UnicodeDecodeError):
        return []


def _retry_after_s(text: str) -> float | None:
    """Return the seconds that a `Retry-After` asks for, as a number or a date (RFC 9110, section 10.2.3)."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
