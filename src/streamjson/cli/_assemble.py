"""`streamjson assemble`: from the bytes of a stream to the text of its document, of its snapshots, or of its parts.

With `--all`, the bytes of several streams become one line for each document. Without it, a source that continues after
its first document is an error: that document is printed, and what follows is counted.

It owns how JSON is written: as UTF-8 whatever the locale, and indented by default even without a terminal, so that a
script sees what its author saw. It does not know the screen.

Invariants:

- Only JSON is printed, also after an error; all output is flushed before the next wait for input.
- With `--all`, each line is a whole document; one that failed is reported with its number instead.
- The parts of an answer are printed whatever their end, which they say.

Cost: one value at the end; with `--every` and `--all`, one for each line.
"""

from __future__ import annotations

import argparse
import json
import re
from typing import Any, Final

from streamjson import MISSING, SnapshotStream, StreamJSONError

from ._answer import Answer, members_of
from ._console import flush_output, report, write_output
from ._opening import open_source
from ._source import OptionError, Source, counted

__all__ = ["assemble_command", "to_json"]

# JSON allows these characters unescaped, but escapes are safer for terminals and for programs that read lines. Half a
# character, which a raw text may have, can't be encoded.
_UNSAFE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def assemble_command(arguments: argparse.Namespace) -> int:
    """Print the document, the parts or, with `--all`, the documents, then the status; return the exit code."""
    try:
        return _assemble_all(arguments) if getattr(arguments, "all", False) else _assemble_first(arguments)
    except OptionError as error:
        report(f"error: {error}")
        return 2


def _assemble_first(arguments: argparse.Namespace) -> int:
    every: int | None = getattr(arguments, "every", None)
    compact: bool = every is not None or getattr(arguments, "compact", False)
    with open_source(arguments, before_read=flush_output) as source:
        stream = source.snapshots(arguments)
        if source.is_answer(arguments):
            return _assemble_answer(source, arguments)
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
        changes = counted(last.version, "change")
        counts = f"{counted(source.events, source.unit)}, {changes}, {counted(source.received, 'byte')}"
        rest = source.describe_rest(stream)
    for line in (*source.warnings(stream), *source.warnings_of_bytes()):
        report(line)
    if failure is not None:
        report(source.describe(failure))
        return 1
    if rest:
        report(rest)
        return 1
    if stream.skipped_count:
        counts += f", {stream.skipped_count:,} skipped"
    if last.value is MISSING:
        report(f"error: {source.name}: the stream contained no document ({counts}){source.advice()}")
        return 1
    if not arguments.quiet:
        report(f"{source.name}: {source.describe_end(last.end)}, {counts}")
    return 0


def _assemble_answer(source: Source, arguments: argparse.Namespace) -> int:
    """Print the parts of an answer as an array; return the exit code."""
    answer = Answer(source, source.parts(arguments))
    failure: StreamJSONError | None = None
    try:
        for _ in answer:
            pass
    except StreamJSONError as error:
        failure = error
    parts = [members_of(part) for part in answer.stream.parts]
    if parts:
        write_output(to_json(parts, compact=getattr(arguments, "compact", False)))
    flush_output()
    counts = answer.counts()
    problems = answer.problems(failure, answer.describe_rest())
    for line in (*source.warnings_of_bytes(), *problems):
        report(line)
    if not problems and not arguments.quiet:
        report(f"{source.name}: {counts}")
    return 1 if problems else 0


def _assemble_all(arguments: argparse.Namespace) -> int:
    """Print each document on a line, as soon as it is complete; report each that failed; return the exit code."""
    documents = failed = skipped = 0
    is_readable = True
    with open_source(arguments, before_read=flush_output) as source:
        try:
            for stream in source.documents(arguments):
                documents += 1
                failure = _print_final(source, stream)
                flush_output()
                for line in (*source.warnings(stream), *failure):
                    report(line)
                failed += len(failure)
                skipped += stream.skipped_count
        except StreamJSONError as error:  # between two documents
            report(source.describe(error))
            is_readable = False
    for line in source.warnings_of_bytes():
        report(line)
    counts = f"{counted(source.events, source.unit)}, {counted(source.received, 'byte')}"
    if is_readable and not documents:
        report(f"error: {source.name}: the source contained no document ({counts}){source.advice()}")
        return 1
    if documents and not arguments.quiet:
        problems = [f"{failed:,} failed"] if failed else []
        problems += [f"{counted(skipped, 'event')} skipped"] if skipped else []
        report(f"{source.name}: {', '.join([counted(documents, 'document'), *problems, counts])}")
    return 0 if is_readable and not failed else 1


def _print_final(source: Source, stream: SnapshotStream) -> list[str]:
    """Read a document to its end and print it; return the line that reports its error, if there was one."""
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
    text = _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return f"{text}\n".encode()
