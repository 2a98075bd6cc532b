"""`streamjson assemble`: the bytes of a stream to the text of its document, or of its snapshots.

Owns how JSON is written: UTF-8 whatever the locale says, indented unless asked otherwise and whether or not a terminal
reads it, so that a script sees what its author saw. Knows nothing of the screen.

Invariant: what is printed is JSON, also after an error; what was printed before the next wait for input has gone out.

Cost: one value at the end; with `--every`, one at each line.
"""

from __future__ import annotations

import argparse
import json
import re
from typing import Any, Final

from streamjson import MISSING, StreamJSONError

from ._console import flush_output, tell, write_output
from ._source import Source, open_input

__all__ = ["assemble_command", "to_json"]

# JSON may hold these as they are; a terminal that shows them, or a reader of lines, is better off with escapes.
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029]")


def assemble_command(arguments: argparse.Namespace) -> int:
    """Print the document, then the status; return the exit code."""
    every: int | None = getattr(arguments, "every", None)
    compact: bool = every is not None or getattr(arguments, "compact", False)
    with open_input(arguments.file) as descriptor:
        source = Source(descriptor, arguments.file, before_read=flush_output)
        stream = source.snapshots(arguments)
        printed = 0
        failure: StreamJSONError | None = None
        try:
            for snapshot in stream:
                if every is not None and snapshot.version - printed >= every and snapshot.value is not MISSING:
                    write_output(to_json(snapshot.value, compact=True))
                    printed = snapshot.version
        except StreamJSONError as error:
            failure = error
    last = stream.snapshot
    if last.value is not MISSING and last.version != printed:
        write_output(to_json(last.value, compact=compact))
    flush_output()
    for line in source.describe_skipped(stream):
        tell(line)
    if failure is not None:
        tell(source.describe(failure))
        return 1
    told = f"{source.events:,} events, {last.version:,} changes, {source.received:,} bytes"
    if stream.skipped_count:
        told += f", {stream.skipped_count:,} skipped"
    if last.value is MISSING:
        tell(f"error: {source.name}: the stream held no document ({told}){source.advice()}")
        return 1
    if not arguments.quiet:
        tell(f"{source.name}: {'done' if last.end == 'done' else 'ended without [DONE]'}, {told}")
    return 0


def to_json(value: Any, *, compact: bool) -> bytes:
    """Return a value as JSON, with a line break at the end."""
    if compact:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    else:
        text = json.dumps(value, ensure_ascii=False, indent=2)
    text = _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return f"{text}\n".encode()
