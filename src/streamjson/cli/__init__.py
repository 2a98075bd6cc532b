"""The command `streamjson`: from arguments to a call, and from any outcome to an exit code.

    streamjson assemble   the bytes of a stream -> the document
    streamjson watch      the same, shown while it grows
    streamjson split      a document -> the bytes of a stream

It owns the arguments, the exit codes and the last handler of every exception; each command is a module beside this one.
It does not know streams or terminals.

Invariants: no input causes a traceback; each problem is one line on standard error; standard output contains only the
result.

Cost: the modules of a command are imported when it runs, rich only when a view is drawn.
"""

from __future__ import annotations

import argparse
import errno
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version as version_of
from typing import Any, NoReturn

from ._console import discard_output, flush_output, printable, report, write_output
from ._signals import Ended

__all__ = ["main"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")  # RFC 3986, section 3.1

OK, BAD_STREAM, BAD_USE, INTERRUPTED = 0, 1, 2, 130

EXIT_CODES = """\
exit codes:
  0    success, or the reader of the output has closed it early
  1    the stream failed, was cut off, contained a bad event (that was not skipped)
       or no document, or is followed by more streams;
       the document so far is still printed, then one line on standard error
       with the number of the event and its byte offset
  2    a mistake in the arguments, or a file that can't be read or written
  130  interrupted by Ctrl-C; `watch` restores the terminal, also when another
       signal ends it: 143 for SIGTERM, 129 for SIGHUP, 131 for SIGQUIT
"""

EXAMPLES = """\
examples:
  streamjson watch examples/trip.sse
  streamjson assemble examples/trip.sse > trip.json
  curl -N https://api.example/stream | streamjson assemble - --every 1
  streamjson split trip.json | streamjson watch - --speed 200
"""

ASSEMBLE = """\
Print the document that a stream of Server-Sent Events builds, as JSON;
with --from text, the document whose JSON text arrives in pieces.
Standard input is read as it arrives. Standard output is always UTF-8.
A bad event ends the reading, and the document before it is printed. With
--on-invalid skip it is skipped, and reported on standard error at the end.
With --all, a log of several streams, separated by blank lines, is printed with
one line for each document. A document that failed is reported on standard error
instead, with its number, and the exit code is 1; the others are still printed.
"""

ASSEMBLE_EXAMPLES = """\
examples:
  streamjson assemble examples/trip.sse
  streamjson assemble examples/trip.sse --compact | jq .budget.total
  for f in *.sse; do cat $f; echo; echo; done | streamjson assemble - --all
  curl -N https://api.example/stream | streamjson assemble - --every 10
  streamjson assemble answer.md --from text --wrapper fence
  streamjson assemble log.jsonl --from text --all
"""

WATCH = """\
Show the document of an event stream, or with --from text that of a JSON
text, while it grows. The changing line is marked; each finished
part is folded into one line with a tick; the view follows the change.
Without a terminal, `watch` prints the result, as `streamjson assemble` does.
Needs the extra `cli`: pip install 'streamjson-assembler[cli]'
"""

WATCH_EXAMPLES = """\
examples:
  streamjson watch examples/trip.sse
  streamjson watch examples/people.sse --speed 20
  curl -N https://api.example/stream | streamjson watch -
  streamjson watch trip.json --from text
  streamjson watch examples/trip.sse --export trip.svg
"""

SPLIT = """\
Write the event stream that builds a JSON document: the inverse of `assemble`,
and a source of test data.
"""

SPLIT_EXAMPLES = """\
examples:
  streamjson split trip.json > trip.sse
  echo '{"name": "Jane Doe"}' | streamjson split - --piece-chars 2 --no-done
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's arguments) and return its exit code; see `--help`."""
    try:
        _warn_of_namesake()
        code = _run(argv)
        flush_output()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Ended as ended:
        code = ended.exit_code
    except BrokenPipeError:
        code = OK
    except OSError as error:
        report(f"error: {_describe(error)}")
        code = BAD_USE
    else:
        return code
    discard_output()
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = _parse(sys.argv[1:] if argv is None else argv)
        command: Callable[[argparse.Namespace], int] = arguments.command
        return command(arguments)
    except SystemExit as stop:  # --help, --version and mistakes, which argparse has reported
        return stop.code if isinstance(stop.code, int) else OK


# Importing a submodule binds its name in this namespace, so these functions must not have the names of submodules.


def _run_assemble(arguments: argparse.Namespace) -> int:
    _check_format(arguments)
    from ._assemble import assemble_command  # noqa: PLC0415  # a command imports what it uses

    return assemble_command(arguments)


def _run_watch(arguments: argparse.Namespace) -> int:
    _check_format(arguments)
    if arguments.export is None and (arguments.export_at or arguments.export_size):
        arguments.parser.error("--export-at and --export-size need --export")
    from ._watch import watch_command  # noqa: PLC0415  # a command imports what it uses

    return watch_command(arguments)


def _run_split(arguments: argparse.Namespace) -> int:
    from ._split import split_command  # noqa: PLC0415  # a command imports what it uses

    return split_command(arguments)


def _check_format(arguments: argparse.Namespace) -> None:
    """Refuse the options that the format of the input does not have."""
    used: argparse.ArgumentParser = arguments.parser
    if arguments.format == "sse":
        if arguments.wrapper:
            used.error("--wrapper needs --from text")
        return
    for name in ("path_prefix", "on_conflict", "on_new_span", "on_invalid", "require_done"):
        if getattr(arguments, name) != used.get_default(name):
            used.error(f"--{name.replace('_', '-')} is for event streams, not for --from text")
    if arguments.wrapper and getattr(arguments, "all", False):
        used.error("--wrapper is for one document, not for --all")


# ----------------------------------------------------------------------------------------------------------------------
# arguments


def _parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the checked arguments; after a mistake, report it with the usage of its command and raise `SystemExit`."""
    parser = _parser()
    arguments, unknown = parser.parse_known_args(words)
    used: argparse.ArgumentParser = arguments.parser
    if unknown:
        # argparse reports these with the usage of `parser`, which is right only for an option before the command.
        (parser if words[0].startswith("-") else used).error(f"unrecognized arguments: {' '.join(unknown)}")
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="streamjson",
        description="Turn a stream of small pieces of a JSON document back into the document.",
        epilog=f"{EXAMPLES}\n{EXIT_CODES}",
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    _define_assemble(
        commands.add_parser(
            "assemble",
            help="print the document that a stream builds",
            description=ASSEMBLE,
            epilog=f"{ASSEMBLE_EXAMPLES}\n{EXIT_CODES}",
        )
    )
    _define_watch(
        commands.add_parser(
            "watch",
            help="show the document while it grows",
            description=WATCH,
            epilog=f"{WATCH_EXAMPLES}\n{EXIT_CODES}",
        )
    )
    _define_split(
        commands.add_parser(
            "split",
            help="write the event stream of a document",
            description=SPLIT,
            epilog=f"{SPLIT_EXAMPLES}\n{EXIT_CODES}",
        )
    )
    return parser


def _define_assemble(parser: argparse.ArgumentParser) -> None:
    _add_stream_arguments(parser)
    lines = parser.add_mutually_exclusive_group()
    lines.add_argument(
        "--all",
        action="store_true",
        help="print the document of each stream in a log of several, or of each JSON text in a file, as JSON lines",
    )
    lines.add_argument(
        "--every",
        type=_at_least_one,
        metavar="N",
        help="print a snapshot after every N changes and at the end, as JSON lines",
    )
    parser.add_argument("--compact", action="store_true", help="print the document on one line, without whitespace")
    parser.set_defaults(command=_run_assemble, parser=parser)


def _define_watch(parser: argparse.ArgumentParser) -> None:
    _add_stream_arguments(parser)
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="replay X events per second, `max` for as fast as possible"
        " (default: 60 for a file; standard input is shown as it arrives)",
    )
    parser.add_argument(
        "--export", type=_svg, metavar="FILE.svg", help="write a picture of the view instead; needs no terminal"
    )
    parser.add_argument(
        "--export-at",
        type=_at_least_one,
        metavar="EVENT",
        help="the event after which the picture is taken; the last one if there are fewer"
        " (default: at 60 %% of the stream)",
    )
    parser.add_argument(
        "--export-size",
        type=_size,
        metavar="COLSxROWS",
        help="the size of the pictured terminal (default: 80x24)",
    )
    parser.set_defaults(command=_run_watch, parser=parser)


def _define_split(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "a JSON document in UTF-8; - is standard input")
    parser.add_argument(
        "--piece-chars",
        type=_at_least_one,
        default=4,
        metavar="N",
        help="cut strings into pieces of at most N characters (default: 4)",
    )
    parser.add_argument(
        "--done", action=argparse.BooleanOptionalAction, default=True, help="end with [DONE] (the default), or without"
    )
    parser.set_defaults(command=_run_split, parser=parser)


def _add_stream_arguments(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "the bytes of an event stream, or of JSON text; - is standard input")
    parser.add_argument(
        "--from",
        dest="format",
        choices=("sse", "text"),
        default="sse",
        help="what the input is: an event stream, or the document's JSON text (default: sse)",
    )
    parser.add_argument(
        "--wrapper",
        choices=("fence", "prose"),
        help="with --from text: the document is in a code fence, or somewhere in other text",
    )
    parser.add_argument(
        "--path-prefix",
        type=_path,
        default="",
        metavar="PATH",
        help="the prefix to remove from every path of the stream",
    )
    parser.add_argument(
        "--on-conflict",
        choices=("error", "replace"),
        default="error",
        help="what to do with a delta that does not fit the value at its path (default: error)",
    )
    parser.add_argument(
        "--on-new-span",
        choices=("error", "reset"),
        default="error",
        help="what to do when the sender starts over (default: error)",
    )
    parser.add_argument(
        "--on-invalid",
        choices=("raise", "skip"),
        default="raise",
        help="stop at a rejected event, or skip it and report the last 100 at the end (default: raise)",
    )
    parser.add_argument("--require-done", action="store_true", help="an end without [DONE] is an error")
    parser.add_argument(
        "--no-size-limit",
        action="store_true",
        help="accept documents, strings and arrays of any size; for senders that you trust",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors on standard error, no status")


def _add_file(parser: argparse.ArgumentParser, help: str) -> None:
    def file(text: str) -> str:
        if _URL.match(text):
            advice = f"curl -N {shlex.quote(text)} | {parser.prog} -"
            raise argparse.ArgumentTypeError(f"a URL is not a file; run: {advice}")
        return text

    parser.add_argument("file", type=file, metavar="FILE", help=help)


class _Parser(argparse.ArgumentParser):
    """A parser that keeps the line breaks of its description and epilog, and accepts no abbreviations."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def print_help(self, file: object = None) -> None:  # noqa: ARG002  # the signature of the base class
        """Write the help like any result: argparse would write it to standard error if standard output is closed."""
        write_output(self.format_help().encode())

    def error(self, message: str) -> NoReturn:
        """Report a mistake, unless standard error is closed: argparse would then write to standard output."""
        if sys.stderr is None:
            raise SystemExit(BAD_USE)
        super().error(printable(message))


class _Version(argparse.Action):
    """Prints the version of the running library, which is looked up only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from streamjson import __version__  # noqa: PLC0415  # see `_warn_of_namesake`

        write_output(f"streamjson {__version__}\n".encode())
        parser.exit()


def _at_least_one(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _speed(text: str) -> float:
    """Return events per second; 0 means as fast as possible."""
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of events per second nor `max`")
    return speed


def _size(text: str) -> tuple[int, int]:
    columns, _, rows = text.partition("x")
    try:
        return min(_at_least_one(columns), 1000), min(_at_least_one(rows), 1000)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not COLSxROWS, as in 80x24") from None


def _svg(text: str) -> str:
    if not text.lower().endswith(".svg"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end with .svg; the picture is SVG, the only format")
    return text


def _path(text: str) -> str:
    from streamjson import InvalidPathError, parse_path  # noqa: PLC0415  # a command imports what it uses

    try:
        parse_path(text)
    except InvalidPathError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a path: {error.message}") from None
    return text


# ----------------------------------------------------------------------------------------------------------------------
# other problems


def _warn_of_namesake() -> None:
    # Both distributions contain a package of this name, and the one installed last has overwritten the other.
    try:
        version = version_of("streamjson")
    except PackageNotFoundError:
        return
    report(
        f"warning: the unrelated distribution `streamjson` {version} is installed and overwrites this package; run:"
        " pip uninstall streamjson && pip install --force-reinstall streamjson-assembler"
    )


def _describe(error: OSError) -> str:
    reason = error.strerror or str(error) or errno.errorcode.get(error.errno or 0, "input or output failed")
    return f"{error.filename}: {reason}" if error.filename else reason
