"""A request of a caller, and the requests that continue it.

It owns what is sent: the caller's options pass through to the client, with two headers that a stream needs. It does not
know connections. Header fields: https://html.spec.whatwg.org/multipage/server-sent-events.html, RFC 9110.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from attrs import evolve, field, frozen

__all__ = ["Request", "RequestOptions"]

_OF_BODY: Final = ("content", "data", "files", "json")
_HEADERS_OF_BODY: Final = (b"content-type", b"content-length", b"content-encoding", b"transfer-encoding")


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
    """A request, as the client's `stream` takes it.

    `url` and `headers` are of the client's own classes, and `sent_url` is the URL that was sent for it, with all
    parameters; None before the first response. The repr shows nothing that may be secret.
    """

    method: str
    url: Any = field(repr=False)
    headers: Any = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)
    sent_url: Any = field(default=None, repr=False)

    def with_header(self, name: str, value: str) -> Request:
        """Return the same request with a header field set. Its value is sent in UTF-8."""
        encoded = name.lower().encode()
        raw = [(each, given) for each, given in self.headers.raw if each.lower() != encoded]
        return evolve(self, headers=type(self.headers)([*raw, (name.encode(), value.encode())]))

    def to_get(self, url: Any, **params: str) -> Request:
        """Return a `GET` of `url` with the same headers and options, but for those of a body.

        The parameters that were sent are kept: some APIs have their version there.
        """
        raw = [(name, value) for name, value in self.headers.raw if name.lower() not in _HEADERS_OF_BODY]
        options = {name: value for name, value in self.options.items() if name not in _OF_BODY}
        sent = self.url if self.sent_url is None else self.sent_url
        options["params"] = sent.params.merge(type(sent)(url).params).merge(params)
        return Request("GET", type(sent)(url).copy_with(query=None), type(self.headers)(raw), options)
