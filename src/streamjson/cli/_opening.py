"""The file, or the URL, of the arguments -> a source, which is closed at the end.

It reports the breaks of a URL's stream. It does not know what is read.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import sys
from collections.abc import Callable, Generator

from streamjson import StreamJSONError

from ._arguments import is_url
from ._console import report
from ._source import Source, limits_of

__all__ = ["open_source"]


@contextlib.contextmanager
def open_source(
    arguments: argparse.Namespace, *, before_read: Callable[[], None] = lambda: None, reports_breaks: bool = True
) -> Generator[Source, None, None]:
    """Open the file, or the URL, of the arguments, and yield it as a source. Raises `OSError`.

    A break of the connection is reported at once, or, with `reports_breaks=False`, at the end.
    """
    name: str = arguments.file
    if not is_url(name):
        with _open_file(name) as descriptor:
            yield Source(descriptor, name, before_read)
        return
    from ._fetch import fetching  # noqa: PLC0415  # it needs an HTTP library

    breaks: list[str] = []

    def note(error: StreamJSONError, wait_s: float) -> None:
        where = "" if fetch.name in error.message else f"{fetch.name}: "
        breaks.append(f"warning: {where}{error}; asking again after {wait_s:.1f} s")
        if reports_breaks:
            report(breaks.pop())

    with fetching(arguments, limits_of(arguments), note) as fetch:
        yield Source(fetch.descriptor, fetch.name, before_read, at_end=fetch.check)
    if breaks:
        report(breaks[-1] + (f"; it broke {len(breaks)} times" if len(breaks) > 1 else ""))


@contextlib.contextmanager
def _open_file(name: str) -> Generator[int, None, None]:
    """Open a file, or standard input for `-`, and yield its descriptor. Raises `OSError`."""
    if name == "-":
        if sys.stdin is None:
            raise OSError(errno.EBADF, "standard input is closed")
        # Without Python's buffer: a read of that waits until it is full.
        yield sys.stdin.fileno()
        return
    with open(name, "rb", buffering=0) as file:  # noqa: PTH123  # Path("") would be "."
        yield file.fileno()
