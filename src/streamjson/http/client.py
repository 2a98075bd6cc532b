"""The HTTP library: httpx2, or httpx where that is installed, or the library of the caller's own client.

It owns what differs between the two: nothing but their names. It does not know requests.
"""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Protocol

from .._errors import shorten

__all__ = ["AsyncClient", "SyncClient", "has_async_methods", "library_of", "new_client", "with_idle_timeout"]

_LIBRARIES: Final = ("httpx2", "httpx")
_CONNECT_TIMEOUT_S: Final = 30.0


class SyncClient(Protocol):
    """`httpx2.Client`, or `httpx.Client`."""

    def stream(self, *args: Any, **options: Any) -> AbstractContextManager[Any]:
        """Return the context manager of a response."""
        ...

    def close(self) -> None:
        """Close the client."""
        ...


class AsyncClient(Protocol):
    """`httpx2.AsyncClient`, or `httpx.AsyncClient`."""

    def stream(self, *args: Any, **options: Any) -> AbstractAsyncContextManager[Any]:
        """Return the context manager of a response."""
        ...

    async def aclose(self) -> None:
        """Close the client."""
        ...


def library_of(client: object) -> Any:
    """Return the library of a client, or the one to make a client with.

    Raises `TypeError` for an object of another library, and `ImportError` if none is installed.
    """
    if client is None:
        for name in _LIBRARIES:
            try:
                return import_module(name)
            except ImportError:
                continue
        raise ImportError("streamjson.http needs httpx2: pip install 'streamjson-assembler[http]'")
    for base in type(client).__mro__:
        name = base.__module__.partition(".")[0]
        module: ModuleType | None = sys.modules.get(name)
        if name in _LIBRARIES and module is not None and base.__name__ in ("Client", "AsyncClient"):
            return module
    raise TypeError(f"client is a Client or an AsyncClient of httpx2 or httpx, not {shorten(client)}")


def has_async_methods(client: object) -> bool:
    """Return whether a client of these libraries is the asynchronous one."""
    return hasattr(client, "aclose")


def new_client(library: Any, idle_timeout_s: float, *, is_async: bool) -> Any:
    """Return a client that waits as long as a model may think. It follows no redirects: they would get its headers."""
    timeout = library.Timeout(idle_timeout_s, connect=min(idle_timeout_s, _CONNECT_TIMEOUT_S))
    kind = library.AsyncClient if is_async else library.Client
    return kind(timeout=timeout)


def with_idle_timeout(library: Any, timeout: Any, idle_timeout_s: float) -> Any:
    """Return a time-out whose limit for the silence between two reads is another one."""
    given = timeout if isinstance(timeout, library.Timeout) else library.Timeout(timeout)
    return library.Timeout(connect=given.connect, read=idle_timeout_s, write=given.write, pool=given.pool)
