"""The options of a stream -> its attempts, and the client to make them with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import fields_dict, frozen

from .._errors import shorten
from .attempts import Attempts
from .client import library_of, new_client, with_idle_timeout
from .policy import Policy, PolicyOptions
from .request import Request, RequestOptions
from .resumption import resumption_of

__all__ = ["Connector", "Options"]

_IDLE_TIMEOUT_S: Final = 600.0
_ACCEPT: Final = {"sse": "text/event-stream", "json_lines": "application/x-ndjson", None: "text/event-stream"}


class Options(PolicyOptions, RequestOptions, total=False):
    """All options of `stream`."""


@frozen
class Connector:
    """What connects: the attempts, and the client, which may still have to be made."""

    attempts: Attempts
    library: Any
    client: Any
    policy: Policy

    @classmethod
    def of(cls, method: object, url: object, client: object, options: Options) -> Connector:
        """Return the connector for a request. Raises `ValueError` and `TypeError` for options that are wrong."""
        given: dict[str, Any] = dict(options)
        policy = Policy(**{name: given.pop(name) for name in fields_dict(Policy) if name in given})
        unknown = given.keys() - RequestOptions.__optional_keys__
        if unknown:
            raise TypeError(f"stream has no option {', '.join(map(repr, sorted(unknown)))}")
        if not isinstance(method, str):
            raise TypeError(f"method is a name such as 'GET', not {shorten(method)}")
        library = library_of(client)
        request = _request(library, method.upper(), url, given, client, policy)
        resumption = resumption_of(policy.resume, request.method, policy.replays, policy.limits)
        if resumption is not None and resumption.repeats_request:
            _check_repeatable(given)
        return cls(Attempts(request, resumption, policy, library), library, client, policy)

    def new_client(self, *, is_async: bool) -> Any:
        """Return a client of our own."""
        return new_client(self.library, self.policy.idle_timeout_s or _IDLE_TIMEOUT_S, is_async=is_async)


def _request(library: Any, method: str, url: Any, given: dict[str, Any], client: Any, policy: Policy) -> Request:
    headers = library.Headers(given.pop("headers", None))
    headers.setdefault("Accept", _ACCEPT[policy.format])
    headers.setdefault("Cache-Control", "no-store")
    if policy.idle_timeout_s is not None and (client is not None or "timeout" in given):
        timeout = given.pop("timeout", getattr(client, "timeout", None))
        given["timeout"] = with_idle_timeout(library, timeout, policy.idle_timeout_s)
    try:
        url = library.URL(url)
    except library.InvalidURL as error:
        raise ValueError(f"the URL is not valid: {error}") from None
    if client is not None and url.is_relative_url:  # a continued request may have another URL below it
        url = client.build_request(method, url).url
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("the URL is not valid: it begins with http:// or https://, and a host")
    return Request(method, url, headers, given)


def _check_repeatable(given: Mapping[str, Any]) -> None:
    """Refuse a body that can be sent only once."""
    for name in ("content", "data", "files"):
        value = given.get(name)
        if (value is not None and not isinstance(value, str | bytes | Mapping)) or (name == "files" and value):
            raise TypeError(f"{name} can be sent only once, and the request may be repeated: pass bytes as content")
