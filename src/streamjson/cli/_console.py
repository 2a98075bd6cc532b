"""The two outputs of the process: results as UTF-8 on standard output, one line for people on standard error.

It owns how they are written and how failures are handled: standard error never raises; standard output raises
`OSError` and can be discarded, so that the interpreter has nothing left to write when it exits.
It does not know what is written, but removes control characters from the lines for people: the words of a sender, or a
file name, must not steer the terminal.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys

__all__ = ["discard_output", "flush_output", "printable", "report", "write_output"]

# Controls, including those beyond ASCII, line separators, and marks that change the direction of text.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return `text` as one line, with escapes (`\u001b`) for characters that would steer a terminal."""
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def report(line: str) -> None:
    """Write a line to standard error, if there is one."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"streamjson: {printable(line)}\n")
            sys.stderr.flush()


def write_output(data: bytes) -> None:
    """Write to standard output. Raises `OSError` if that fails."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    sys.stdout.buffer.write(data)


def flush_output() -> None:
    """Flush standard output."""
    if sys.stdout is not None:
        sys.stdout.flush()


def discard_output() -> None:
    """Drop the output that is not written yet, and all later output: the other end has closed it."""
    # Else the interpreter would flush again at exit: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    with contextlib.suppress(OSError, ValueError, AttributeError):
        output = sys.stdout.fileno()
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, output)
        os.close(sink)
