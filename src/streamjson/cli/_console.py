"""The process's two outputs: results to standard output as UTF-8, one line for people to standard error.

Owns how they are written and what happens when they can't be: standard error never raises, standard output raises
`OSError` and can be discarded, so that the interpreter finds nothing left to write when it exits.
Knows nothing of what is written, but that people's lines hold no control characters: what a sender or a file name
says must not steer the terminal.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys

__all__ = ["discard_output", "flush_output", "printable", "tell", "write_output"]

# Controls, also those beyond ASCII, line separators, and what turns the direction of the text around it.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return `text` as one line, with escapes (`\u001b`) for what would steer a terminal."""
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def tell(line: str) -> None:
    """Write a line to standard error, if there is one."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"streamjson: {printable(line)}\n")
            sys.stderr.flush()


def write_output(data: bytes) -> None:
    """Write to standard output; raise `OSError` if that can't be done."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    sys.stdout.buffer.write(data)


def flush_output() -> None:
    """Let everything that was written go out."""
    if sys.stdout is not None:
        sys.stdout.flush()


def discard_output() -> None:
    """Drop what is not written yet, and whatever follows: the other end is gone."""
    # https://docs.python.org/3/library/signal.html#note-on-sigpipe: else the interpreter tries once more at its exit.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        output = sys.stdout.fileno()
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, output)
        os.close(sink)
