"""A URL -> a descriptor from which the events of its stream are read, as from a file.

    a request, over as many connections as it takes -> events -> event stream -> a pipe

A thread reads the stream (`streamjson.http`) and writes its events to the pipe, so that a view can wait for input and
for time at once. It owns that thread, and the error that ended it, which is raised where the pipe ends. It does not
know what is made of the events.
"""

from __future__ import annotations

import argparse
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

from streamjson import StreamJSONError, encode_sse
from streamjson._errors import shorten

__all__ = ["Fetch", "fetching"]

_NEEDS_HTTP: Final = "a URL needs the extra `http`: pip install 'streamjson-assembler[http]'"
_FORM: Final = "application/x-www-form-urlencoded"  # what curl sends


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
    arguments: argparse.Namespace, on_break: Callable[[StreamJSONError, float], object]
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
    if data is not None:
        headers.setdefault("content-type", "application/json" if _is_json(data) else _FORM)
    try:
        stream = http.stream(
            "GET" if data is None else "POST", arguments.file, headers=headers, content=data, resume=arguments.resume,
            format=None if arguments.format == "sse" else arguments.format,
            on_break=on_break,
        )  # fmt: skip
    except ImportError:
        raise OSError(_NEEDS_HTTP) from None
    except Exception as error:  # of the library of the client, for a URL that is wrong
        raise OSError(f"{arguments.file.partition('?')[0]}: {error}") from error
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
        return text.encode()
    data = sys.stdin.buffer.read() if text == "@-" else Path(text[1:]).read_bytes()
    return data.translate(None, b"\r\n\0")


def _headers_of(arguments: argparse.Namespace) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in chain.from_iterable(map(_lines_of, arguments.header)):
        name, colon, value = line.partition(":")
        if not colon:
            raise OSError(f"-H is a line like 'Name: value', not {shorten(name)}")
        headers[name.strip().lower()] = value.strip()
    return headers


def _lines_of(text: str) -> list[str]:
    if not text.startswith("@"):
        return [text]
    return [line for line in Path(text[1:]).read_text().splitlines() if line.strip()]


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
