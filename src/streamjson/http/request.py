"""A request of a caller, and the requests that continue it.

It owns what is sent: the caller's options pass through to the client, with two headers that a stream needs. It does not
know connections. Header fields: https://html.spec.whatwg.org/multipage/server-sent-events.html, RFC 9110.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from attrs import evolve, frozen

__all__ = ["Request", "RequestOptions"]

_OF_BODY: Final = ("content", "data", "files", "json")
_HEADERS_OF_BODY: Final = ("content-type", "content-length", "content-encoding", "transfer-encoding")


class RequestOptions(TypedDict, total=False):
    """What a client's `stream` takes beside the method and the URL; all of it is passed on as it is."""

    content: object
    cookies: object
    data: object
    extensions: object
    files: object
    follow_redirects: bool
    headers: object
    json: object
    params: object
    timeout: object
    auth: object


@frozen
class Request:
    """A request, as the client's `stream` takes it. `headers` are of the client's own class."""

    method: str
    url: Any
    headers: Any
    options: Mapping[str, Any]

    def with_header(self, name: str, value: str) -> Request:
        """Return the same request with a header field set."""
        headers = self.headers.copy()
        headers[name] = value
        return evolve(self, headers=headers)

    def to_get(self, url: Any, **params: str) -> Request:
        """Return a `GET` of `url` with the same headers and options, but for those of a body.

        The query of the first URL, and the caller's `params`, are kept: some APIs have their version in it.
        """
        headers = self.headers.copy()
        for name in _HEADERS_OF_BODY:
            headers.pop(name, None)
        options = {name: value for name, value in self.options.items() if name not in (*_OF_BODY, "params")}
        given = self.options.get("params")
        if given is not None:
            url = url.copy_merge_params(given)
        return Request("GET", url.copy_merge_params(params), headers, options)
