"""A URL -> a descriptor from which the events of its stream are read, as from a file.

    a request, over as many connections as it takes -> events -> event stream -> a pipe

A thread reads the stream (`streamjson.http`) and writes its events to the pipe, so that a view can wait for input and
for time at once. It owns that thread, and the error that ended it, which is raised where the pipe ends. It does not
know what is made of the events.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Any, Final

from attrs import define, evolve

from streamjson import Limits, StreamJSONError, encode_sse

from ._console import report

__all__ = ["Fetch", "fetching"]

_NEEDS_HTTP: Final = "a URL needs the extra `http`: pip install 'streamjson-assembler[http]'"
_FORM: Final = b"application/x-www-form-urlencoded"  # what curl sends


@define(eq=False)
class Fetch:
    """A stream that is read by a thread. `descriptor` is the end of the pipe that is read."""

    name: str
    descriptor: int
    _events: Any
    _written: int
    _error: BaseException | None = None

    def run(self) -> None:
        """Write the events to the pipe, until one of its ends is closed."""
        try:
            for event in self._events:
                data = event.data if isinstance(event.data, str) else json.dumps(event.data, ensure_ascii=False)
                left = memoryview(encode_sse(evolve(event, data=data, retry=None)))
                while left:
                    left = left[os.write(self._written, left) :]
        except BrokenPipeError:  # the reader has left
            pass
        except BaseException as error:  # noqa: BLE001  # raised by the reader
            self._error = error
        finally:
            with suppress(Exception):
                self._events.close()
            os.close(self._written)

    def check(self) -> None:
        """Raise the error that ended the stream, if one did. Call it at the end of the pipe."""
        error, self._error = self._error, None
        if isinstance(error, StreamJSONError):
            raise error
        if error is not None:
            raise OSError(f"{self.name}: {type(error).__name__}: {error}") from error


@contextmanager
def fetching(
    arguments: argparse.Namespace, limits: Limits, on_break: Callable[[StreamJSONError, float], object]
) -> Generator[Fetch, None, None]:
    """Send the request that the arguments describe, and yield its stream. Raises `OSError`.

    `on_break` is called in another thread, as that of `streamjson.http`.
    """
    try:
        from streamjson import http  # noqa: PLC0415  # an extra
    except ImportError:
        raise OSError(_NEEDS_HTTP) from None
    data = _data_of(arguments)
    headers = _headers_of(arguments)
    if data is not None and all(name.lower() != b"content-type" for name, _ in headers):
        headers.append((b"Content-Type", b"application/json" if _is_json(data) else _FORM))
        if headers[-1][1] is _FORM and data.lstrip().startswith((b"{", b"[")):
            report("warning: the data looks like JSON, and is not: it is sent as a form")
    try:
        stream = http.stream(
            "GET" if data is None else "POST", arguments.file, headers=headers, content=data,
            resume="never" if arguments.resume is None and getattr(arguments, "all", False) else arguments.resume,
            format=None if arguments.format == "sse" else arguments.format, on_break=on_break, limits=limits,
        )  # fmt: skip
    except ImportError:
        raise OSError(_NEEDS_HTTP) from None
    except ValueError as error:
        raise OSError(f"{_shown(arguments.file)}: {error}") from None
    read, written = os.pipe()
    fetch = Fetch(stream.url, read, stream, written)
    Thread(target=fetch.run, daemon=True).start()
    try:
        yield fetch
    finally:
        os.close(read)


def _data_of(arguments: argparse.Namespace) -> bytes | None:
    """Return the body of the request, as curl makes it of its `-d`; None if there is none."""
    if not arguments.data:
        return None
    return b"&".join(map(_content_of, arguments.data))


def _content_of(text: str) -> bytes:
    if not text.startswith("@"):
        return os.fsencode(text)
    return _file(text[1:]).translate(None, b"\r\n\0")


def _file(name: str) -> bytes:
    if name != "-":
        return Path(name).read_bytes()
    if sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    return sys.stdin.buffer.read()


def _headers_of(arguments: argparse.Namespace) -> list[tuple[bytes, bytes]]:
    headers: list[tuple[bytes, bytes]] = []
    for line in chain.from_iterable(map(_lines_of, arguments.header)):
        name, colon, value = line.partition(b":")
        if not colon:  # what stands there may be a secret
            raise OSError(f"-H is a line like 'Name: value': line {len(headers) + 1} has no colon")
        headers.append((name.strip(), value.strip()))
    return headers


def _lines_of(text: str) -> list[bytes]:
    if not text.startswith("@"):
        return [os.fsencode(text)]
    return [line for line in _file(text[1:]).splitlines() if line.strip()]


def _shown(url: str) -> str:
    """Return a URL that may be wrong, without what may be secret."""
    scheme, colon, rest = url.partition("?")[0].partition("://")
    return scheme + colon + rest.rpartition("@")[2]


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
