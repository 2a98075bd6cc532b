"""The command `streamjson`: arguments to a call, and whatever happens to an exit code.

    streamjson assemble   the bytes of a stream -> the document
    streamjson watch      the same, shown while it grows
    streamjson split      a document -> the bytes of a stream

Owns the arguments, the exit codes and the last word on every exception; each command is a module beside this one.
Knows nothing of streams or terminals.

Its invariants: whatever the input, there is no traceback; what goes wrong is one line on standard error; standard
output holds nothing but the result.

Cost: the modules of a command are imported when it is called, rich only when a view is drawn.
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

from ._console import discard_output, flush_output, printable, tell, write_output
from ._signals import Ended

__all__ = ["main"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")  # RFC 3986, section 3.1

OK, BAD_STREAM, BAD_USE, INTERRUPTED = 0, 1, 2, 130

EXIT_CODES = """\
exit codes:
  0    all went well, or the reader of the output had enough and closed it
  1    the stream failed, was cut off, held a bad event (that was not skipped) or
       no document at all, or more streams follow its end;
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
Print the document that a stream of Server-Sent Events builds, as JSON.
Standard input is read as it arrives. Standard output is always UTF-8.
A bad event ends the reading: what is printed is the document before it. With
--on-invalid skip it is passed over, and reported on standard error at the end.
A log of several streams, with a blank line between two of them, is printed with
--all: one line for each document. One that failed is reported on standard error instead, with
its number, and the exit code is 1; the others are printed all the same.
"""

ASSEMBLE_EXAMPLES = """\
examples:
  streamjson assemble examples/trip.sse
  streamjson assemble examples/trip.sse --compact | jq .budget.total
  for f in *.sse; do cat $f; echo; echo; done | streamjson assemble - --all
  curl -N https://api.example/stream | streamjson assemble - --every 10
"""

WATCH = """\
Show the document while it grows. The line that is changing is marked, what is
finished is folded into one line and ticked; the view follows the change.
Without a terminal it prints the result, as `streamjson assemble` does.
Needs the extra `cli`: pip install 'streamjson-assembler[cli]'
"""

WATCH_EXAMPLES = """\
examples:
  streamjson watch examples/trip.sse
  streamjson watch examples/people.sse --speed 20
  curl -N https://api.example/stream | streamjson watch -
  streamjson watch examples/trip.sse --export trip.svg
"""

SPLIT = """\
Write the event stream of a JSON document: the way back, and a source of test data.
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
        tell(f"error: {_describe(error)}")
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
    except SystemExit as stop:  # --help, --version and mistakes: argparse has said what there is to say
        return stop.code if isinstance(stop.code, int) else OK


# Not named like their modules: importing a module puts its name here.


def _run_assemble(arguments: argparse.Namespace) -> int:
    from ._assemble import assemble_command  # noqa: PLC0415  # a command costs what it uses

    return assemble_command(arguments)


def _run_watch(arguments: argparse.Namespace) -> int:
    if arguments.export is None and (arguments.export_at or arguments.export_size):
        arguments.parser.error("--export-at and --export-size describe the picture of --export, which is missing")
    from ._watch import watch_command  # noqa: PLC0415  # a command costs what it uses

    return watch_command(arguments)


def _run_split(arguments: argparse.Namespace) -> int:
    from ._split import split_command  # noqa: PLC0415  # a command costs what it uses

    return split_command(arguments)


# ----------------------------------------------------------------------------------------------------------------------
# arguments


def _parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the arguments, checked; raise `SystemExit` after a mistake, reported with the command's own usage."""
    parser = _parser()
    arguments, unknown = parser.parse_known_args(words)
    used: argparse.ArgumentParser = arguments.parser
    if unknown:
        # argparse reports these with the usage of `parser`, which fits only an option before the command.
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

    assemble = commands.add_parser(
        "assemble",
        help="print the document that a stream builds",
        description=ASSEMBLE,
        epilog=f"{ASSEMBLE_EXAMPLES}\n{EXIT_CODES}",
    )
    _add_stream_arguments(assemble)
    lines = assemble.add_mutually_exclusive_group()
    lines.add_argument(
        "--all", action="store_true", help="print the document of each stream in a log of several, as JSON lines"
    )
    lines.add_argument(
        "--every",
        type=_at_least_one,
        metavar="N",
        help="print a snapshot after each N changes and at the end, as JSON lines",
    )
    assemble.add_argument("--compact", action="store_true", help="print the document on one line, without blanks")
    assemble.set_defaults(command=_run_assemble, parser=assemble)

    watch = commands.add_parser(
        "watch",
        help="show the document while it grows",
        description=WATCH,
        epilog=f"{WATCH_EXAMPLES}\n{EXIT_CODES}",
    )
    _add_stream_arguments(watch)
    watch.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="replay X events per second, `max` for as fast as possible"
        " (default: 60 for a file; standard input is shown as it arrives)",
    )
    watch.add_argument(
        "--export", type=_svg, metavar="FILE.svg", help="write a picture of the view instead; needs no terminal"
    )
    watch.add_argument(
        "--export-at",
        type=_at_least_one,
        metavar="EVENT",
        help="the event after which the picture is taken; the last one if there are fewer"
        " (default: at 60 %% of the stream)",
    )
    watch.add_argument(
        "--export-size",
        type=_size,
        metavar="COLSxROWS",
        help="the size of the pictured terminal (default: 80x24)",
    )
    watch.set_defaults(command=_run_watch, parser=watch)

    split = commands.add_parser(
        "split",
        help="write the event stream of a document",
        description=SPLIT,
        epilog=f"{SPLIT_EXAMPLES}\n{EXIT_CODES}",
    )
    _add_file(split, "a JSON document in UTF-8; - is standard input")
    split.add_argument(
        "--piece-chars",
        type=_at_least_one,
        default=4,
        metavar="N",
        help="cut strings into pieces of at most N characters (default: 4)",
    )
    split.add_argument(
        "--done", action=argparse.BooleanOptionalAction, default=True, help="end with [DONE] (the default), or without"
    )
    split.set_defaults(command=_run_split, parser=split)
    return parser


def _add_stream_arguments(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "the bytes of an event stream; - is standard input")
    parser.add_argument(
        "--path-prefix",
        type=_path,
        default="",
        metavar="PATH",
        help="what every path of the stream begins with, to be taken off",
    )
    parser.add_argument(
        "--on-conflict",
        choices=("error", "replace"),
        default="error",
        help="what to do with a delta that does not fit what is there (default: error)",
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
        help="end at an event that is rejected, or skip it and tell the last 100 at the end (default: raise)",
    )
    parser.add_argument("--require-done", action="store_true", help="an end without [DONE] is an error")
    parser.add_argument(
        "--no-size-limit",
        action="store_true",
        help="accept documents, strings and arrays of any size, from a sender that you trust",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no status line on standard error; errors still are")


def _add_file(parser: argparse.ArgumentParser, help: str) -> None:
    def file(text: str) -> str:
        if _URL.match(text):
            advice = f"curl -N {shlex.quote(text)} | {parser.prog} -"
            raise argparse.ArgumentTypeError(f"a URL is not a file; run: {advice}")
        return text

    parser.add_argument("file", type=file, metavar="FILE", help=help)


class _Parser(argparse.ArgumentParser):
    """A parser whose description and epilog keep their lines, and that takes no abbreviations."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def print_help(self, file: object = None) -> None:  # noqa: ARG002  # the signature of the base class
        """Write the help as any other result: argparse writes it to standard error where standard output is closed."""
        write_output(self.format_help().encode())

    def error(self, message: str) -> NoReturn:
        """Report a mistake, if there is a standard error: without one argparse writes the usage to standard output."""
        if sys.stderr is None:
            raise SystemExit(BAD_USE)
        super().error(printable(message))


class _Version(argparse.Action):
    """Prints the version of the library that runs, found only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from streamjson import __version__  # noqa: PLC0415  # see `_warn_of_namesake`

        write_output(f"streamjson {__version__}\n".encode())
        parser.exit()


def _at_least_one(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _speed(text: str) -> float:
    """Return events per second; 0 is as fast as possible."""
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
    from streamjson import InvalidPathError, parse_path  # noqa: PLC0415  # a command costs what it uses

    try:
        parse_path(text)
    except InvalidPathError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a path: {error.message}") from None
    return text


# ----------------------------------------------------------------------------------------------------------------------
# what else can be wrong


def _warn_of_namesake() -> None:
    # The other distribution brings a package of the same name: whichever was installed last has overwritten the other.
    try:
        version = version_of("streamjson")
    except PackageNotFoundError:
        return
    tell(
        f"warning: the unrelated distribution `streamjson` {version} is installed and overwrites this package; run:"
        " pip uninstall streamjson && pip install --force-reinstall streamjson-assembler"
    )


def _describe(error: OSError) -> str:
    reason = error.strerror or str(error) or errno.errorcode.get(error.errno or 0, "input or output failed")
    return f"{error.filename}: {reason}" if error.filename else reason
