"""A response -> whether it is a stream, and of which format; else an error with the beginning of its body.

It does not read: the caller gives it the pieces of the body. Cost: O(1); of a body that is not a stream, its first 2 KB
are read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal, TypeAlias

from .._errors import ResponseError, shorten
from .._wire import body_kind, failure_in_body
from .secrets import Secrets, shown_url

__all__ = ["Format", "Refusal", "format_of"]

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
_BODY_CHARS: Final = 1000
_SHOWN_CHARS: Final = 300


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

    def __init__(self, response: Any, secrets: Secrets) -> None:
        self._response = response
        self._secrets = secrets
        self._body = b""

    def add(self, piece: bytes) -> bool:
        """Add a piece of the body; return whether that is enough."""
        self._body += piece[:_READ_BYTES]
        return len(self._body) >= _READ_BYTES

    def error(self) -> ResponseError:
        """Return the error."""
        response, masked = self._response, self._secrets.masked
        body = masked(self._body.decode("utf-8", "replace").strip())
        if len(self._body) >= _READ_BYTES:  # a secret may be cut at its end
            body = body[: max(0, len(body) - self._secrets.max_chars)]
        content_type = masked(_content_type(response))[:_SHOWN_CHARS]
        request = f"{response.request.method} {shown_url(response.request.url)}"
        is_status = not 200 <= response.status_code < 300
        if is_status:
            reason = masked(response.reason_phrase)[:_SHOWN_CHARS]
            problem = f"{request} was answered with {response.status_code} {reason}".rstrip()
            if response.next_request is not None:
                where = shown_url(response.next_request.url)
                problem += f", to {where}: ask there, or pass a client with follow_redirects=True"
        else:
            kind = content_type or "a body without a content type"
            problem = f"{request} was answered with {kind}, which is neither an event stream nor JSON lines"
        shown = f"; the body begins {shorten(body, _SHOWN_CHARS)}" if body else "; the body is empty"
        advice = "" if is_status else self._advice(content_type)
        error = ResponseError(problem + shown + advice, code="status" if is_status else "content_type")
        error.status_code, error.content_type, error.body = response.status_code, content_type, body[:_BODY_CHARS]
        error.retry_after_s = _retry_after_s(response.headers.get("retry-after", ""))
        return error

    def _advice(self, content_type: str) -> str:
        if self._body.lstrip().startswith((b"data:", b"event:", b"id:", b":")):
            return "; if it is an event stream, pass format='sse'"
        if body_kind(self._body) == "JSON lines":
            return "; if its lines are events, pass format='json_lines'"
        is_answer = content_type.lower() == "application/json" and self._response.request.method == "POST"
        return "; does the request ask for a stream?" if is_answer else ""

    def failure(self) -> Mapping[str, Any] | None:
        """Return what a body of JSON with a good status says of a failure; None if it says nothing of one."""
        is_good = 200 <= self._response.status_code < 300
        return (
            failure_in_body(self._secrets.masked(self._body.decode("utf-8", "replace")).encode()) if is_good else None
        )


def _retry_after_s(text: str) -> float | None:
    """Return the seconds that a `Retry-After` asks for, as a number or a date (RFC 9110, section 10.2.3)."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
