"""The options of a stream, checked, and what they make: the attempts, and the client to make them with."""

from __future__ import annotations

from typing import Any, Final, Literal, TypedDict

from attrs import frozen

from .._errors import shorten
from .._limits import Limits, check_limits
from .attempts import Attempts, OnBreak
from .client import library_of, new_client, with_idle_timeout
from .request import Request, RequestOptions
from .response import Format
from .resumption import Resumption, Way, resumption_of

__all__ = ["Connector", "Options", "StreamOptions"]

_IDLE_TIMEOUT_S: Final = 600.0
_ACCEPT: Final = {"sse": "text/event-stream", "json_lines": "application/x-ndjson"}


class StreamOptions(TypedDict, total=False):
    """The options of `stream` beside those of the request."""

    resume: Way | Literal["never"] | Resumption | None
    format: Format | None
    idle_timeout_s: float | None
    max_failures: int
    min_wait_s: float
    max_wait_s: float
    on_break: OnBreak | None
    limits: Limits


class Options(StreamOptions, RequestOptions, total=False):
    """All options of `stream`."""


@frozen
class Connector:
    """What connects: the attempts, and the client, which may still have to be made."""

    attempts: Attempts
    library: Any
    client: Any
    idle_timeout_s: float | None

    @classmethod
    def of(cls, method: str, url: object, client: object, options: Options) -> Connector:
        """Return the connector for a request. Raises `ValueError` and `TypeError` for options that are wrong."""
        given: dict[str, Any] = dict(options)
        resume, format = given.pop("resume", None), given.pop("format", None)
        idle_timeout_s = given.pop("idle_timeout_s", None)
        max_failures = given.pop("max_failures", 5)
        min_wait_s, max_wait_s = given.pop("min_wait_s", 1.0), given.pop("max_wait_s", 60.0)
        on_break, limits = given.pop("on_break", None), given.pop("limits", Limits())
        check_limits(limits)
        _check(format in (None, "sse", "json_lines"), "format is 'sse', 'json_lines' or None", format)
        _check(type(max_failures) is int and max_failures >= 0, "max_failures is a whole number from 0", max_failures)
        _check(on_break is None or callable(on_break), "on_break is a function, or None", on_break)
        for name, value in (("min_wait_s", min_wait_s), ("max_wait_s", max_wait_s)):
            _check(_is_time(value), f"{name} is a number of seconds", value)
        _check(
            idle_timeout_s is None or (_is_time(idle_timeout_s) and idle_timeout_s > 0),
            "idle_timeout_s is a number of seconds above 0, or None",
            idle_timeout_s,
        )
        unknown = given.keys() - RequestOptions.__optional_keys__
        if unknown:
            raise TypeError(f"stream has no option {', '.join(map(repr, sorted(unknown)))}")
        library = library_of(client)
        attempts = Attempts(
            _request(library, method, url, given, client, idle_timeout_s, format),
            resumption_of(resume, method.upper(), limits),
            library=library,
            format=format,
            max_failures=max_failures,
            min_wait_s=min_wait_s,
            max_wait_s=max_wait_s,
            on_break=on_break,
            limits=limits,
        )
        return cls(attempts, library, client, idle_timeout_s)

    def new_client(self, *, is_async: bool) -> Any:
        """Return a client of our own."""
        return new_client(self.library, self.idle_timeout_s or _IDLE_TIMEOUT_S, is_async=is_async)


def _request(
    library: Any, method: str, url: Any, given: dict[str, Any], client: Any, idle_timeout_s: float | None, format: Any
) -> Request:
    headers = library.Headers(given.pop("headers", None))
    headers.setdefault("Accept", _ACCEPT[format or "sse"])
    headers.setdefault("Cache-Control", "no-store")
    if idle_timeout_s is not None and (client is not None or "timeout" in given):
        timeout = given.pop("timeout", getattr(client, "timeout", None))
        given["timeout"] = with_idle_timeout(library, timeout, idle_timeout_s)
    url = library.URL(url)
    if client is not None and url.is_relative_url:  # a continued request may have another URL below it
        url = client.build_request(method, url).url
    return Request(method.upper(), url, headers, given)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _check(is_right: bool, rule: str, value: object) -> None:  # noqa: FBT001  # the rule reads better after it
    if not is_right:
        raise ValueError(f"{rule}, not {shorten(value)}")
