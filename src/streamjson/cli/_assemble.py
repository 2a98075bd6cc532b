"""`streamjson assemble`: the bytes of a stream to the text of its document, or of its snapshots.

With `--all`, the bytes of several streams to one line for each document; without it, a source that continues after its
first document is an error: that document is printed, and what follows is counted.

Owns how JSON is written: UTF-8 whatever the locale says, indented unless asked otherwise and whether or not a terminal
reads it, so that a script sees what its author saw. Knows nothing of the screen.

Invariants:

- What is printed is JSON, also after an error; what was printed before the next wait for input has gone out.
- With `--all`, each line is a whole document: one that failed is not printed, but reported with its number.

Cost: one value at the end; with `--every` and `--all`, one at each line.
"""

from __future__ import annotations

import argparse
import json
import re
from typing import Any, Final

from streamjson import MISSING, SnapshotStream, StreamJSONError

from ._console import flush_output, tell, write_output
from ._source import Source, counted, open_input

__all__ = ["assemble_command", "to_json"]

# JSON may hold these as they are; a terminal that shows them, or a reader of lines, is better off with escapes.
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029]")


def assemble_command(arguments: argparse.Namespace) -> int:
    """Print the document or, with `--all`, the documents, then the status; return the exit code."""
    if getattr(arguments, "all", False):
        return _assemble_all(arguments)
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
        told = f"{source.events:,} events, {last.version:,} changes, {source.received:,} bytes"
        rest = source.describe_rest(stream)
    for line in (*source.warnings(stream), *source.warnings_of_bytes()):
        tell(line)
    if failure is not None:
        tell(source.describe(failure))
        return 1
    if rest:
        tell(rest)
        return 1
    if stream.skipped_count:
        told += f", {stream.skipped_count:,} skipped"
    if last.value is MISSING:
        tell(f"error: {source.name}: the stream held no document ({told}){source.advice()}")
        return 1
    if not arguments.quiet:
        tell(f"{source.name}: {'done' if last.end == 'done' else 'ended without [DONE]'}, {told}")
    return 0


def _assemble_all(arguments: argparse.Namespace) -> int:
    """Print each document on a line, as soon as it is whole, and report each that failed; return the exit code."""
    documents = failed = skipped = 0
    is_readable = True
    with open_input(arguments.file) as descriptor:
        source = Source(descriptor, arguments.file, before_read=flush_output)
        try:
            for stream in source.documents(arguments):
                documents += 1
                failure = _print_final(source, stream)
                flush_output()
                for line in (*source.warnings(stream), *failure):
                    tell(line)
                failed += len(failure)
                skipped += stream.skipped_count
        except StreamJSONError as error:  # between two documents
            tell(source.describe(error))
            is_readable = False
    for line in source.warnings_of_bytes():
        tell(line)
    told = f"{source.events:,} events, {source.received:,} bytes"
    if is_readable and not documents:
        tell(f"error: {source.name}: the source held no document ({told}){source.advice()}")
        return 1
    if documents and not arguments.quiet:
        counts = [f"{count:,} {what}" for count, what in ((failed, "failed"), (skipped, "events skipped")) if count]
        tell(f"{source.name}: {', '.join([counted(documents, 'document'), *counts, told])}")
    return 0 if is_readable and not failed else 1


def _print_final(source: Source, stream: SnapshotStream) -> list[str]:
    """Read a document to its end and print it; return the line for what went wrong, if something did."""
    try:
        document = stream.final()
    except StreamJSONError as error:
        return [source.describe(error)]
    if document is MISSING:
        return [source.describe_empty()]
    write_output(to_json(document, compact=True))
    return []


def to_json(value: Any, *, compact: bool) -> bytes:
    """Return a value as JSON, with a line break at the end."""
    if compact:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    else:
        text = json.dumps(value, ensure_ascii=False, indent=2)
    text = _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return f"{text}\n".encode()
