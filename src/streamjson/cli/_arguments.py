"""The arguments of the command: from words to checked options, or to one line that says what is wrong with them.

It owns which options go together; `_help` has the longer texts. It does not know what a command does. What an option
means for a stream may show only when the stream is read: then `refusal` says why it is not for the answer of a model.

Cost: nothing of the library is imported before an argument needs it.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from ._console import printable, write_output
from ._help import (
    ASSEMBLE,
    ASSEMBLE_EXAMPLES,
    EXAMPLES,
    EXIT_CODES,
    SPLIT,
    SPLIT_EXAMPLES,
    WATCH,
    WATCH_EXAMPLES,
)

__all__ = ["BAD_USE", "PROVIDERS", "is_url", "parse", "refusal"]

BAD_USE: Final = 2
PROVIDERS: Final = (
    "openai_chat",
    "openai_responses",
    "anthropic",
    "gemini",
    "adk",
    "langchain",
    "bedrock",
    "cohere",
    "ollama",
    "opper",
    "ag_ui",
    "ai_sdk",
)

WAYS: Final = ("last_event_id", "from_start", "openai_responses", "gemini_interactions", "langgraph", "never")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")  # RFC 3986, section 3.1
_HTTP: Final = re.compile("https?://", re.IGNORECASE)
# Why an option is not for an answer of a provider.
_REFUSALS: Final = {
    "all": "is for logs of documents",
    "every": "is for streams of one document",
    "path_prefix": "is for events with paths",
    "on_invalid": "is for events with paths; in an answer, nothing could be placed after an event that is skipped",
}
_OF_EVENTS: Final = ("path_prefix", "on_conflict", "on_new_span", "on_invalid", "require_done")
_OF_ANSWERS: Final = ("provider", "content")


# ----------------------------------------------------------------------------------------------------------------------
# arguments


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the checked arguments; after a mistake, report it with the usage of its command and raise `SystemExit`."""
    parser = _parser()
    arguments, unknown = parser.parse_known_args(words)
    used: argparse.ArgumentParser = arguments.parser
    if unknown:
        # argparse reports these with the usage of `parser`, which is right only for an option before the command.
        (parser if words[0].startswith("-") else used).error(f"unrecognized arguments: {' '.join(unknown)}")
    if arguments.command != "split":
        _check_format(arguments)
        _check_url(arguments)
    return arguments


def refusal(arguments: argparse.Namespace) -> str | None:
    """Return what is wrong with the options if the stream is an answer of a provider; None if nothing is."""
    used: argparse.ArgumentParser = arguments.parser
    for name, reason in _REFUSALS.items():
        if getattr(arguments, name, None) not in (None, used.get_default(name)):
            return f"{_option(name)} {reason}"
    return None


def is_url(name: str) -> bool:
    """Return whether the name of a file is the URL of a stream."""
    return _HTTP.match(name) is not None


def _check_url(arguments: argparse.Namespace) -> None:
    """Refuse the options of a request where there is none, and a URL where it can't be read."""
    used: argparse.ArgumentParser = arguments.parser
    if not is_url(arguments.file):
        for option, given in (("-H", arguments.header), ("-d", arguments.data), ("--resume", arguments.resume)):
            if given:
                used.error(f"{option} is for a URL, not for a file")
    elif arguments.format == "text":
        used.error(f"--from text is for a file: run curl -N {shlex.quote(arguments.file)} | {used.prog} - --from text")


def _check_format(arguments: argparse.Namespace) -> None:
    """Refuse the options that the format of the input does not have."""
    used: argparse.ArgumentParser = arguments.parser
    if arguments.format == "text":
        for name in (*_OF_EVENTS, *_OF_ANSWERS):
            if getattr(arguments, name) != used.get_default(name):
                used.error(f"{_option(name)} is for event streams, not for --from text")
        if arguments.wrapper and getattr(arguments, "all", False):
            used.error("--wrapper is for one document, not for --all")
    elif arguments.wrapper and arguments.content != "json":
        used.error("--wrapper needs --from text, or --content json")
    elif given := [name for name in _OF_ANSWERS if getattr(arguments, name) is not None]:
        problem = refusal(arguments)
        if problem is not None:
            used.error(f"{_option(given[0])} is for the answer of a provider, and {problem}")
    if getattr(arguments, "export", "") is None and (arguments.export_at or arguments.export_size):
        used.error("--export-at and --export-size need --export")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


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
        help="print the document of each stream in a log of several, or of each JSON text in a file, as JSON lines;"
        " not for the answer of a model",
    )
    lines.add_argument(
        "--every",
        type=_at_least_one,
        metavar="N",
        help="print a snapshot after every N changes and at the end, as JSON lines; not for the answer of a model",
    )
    parser.add_argument("--compact", action="store_true", help="print the document on one line, without whitespace")
    parser.set_defaults(command="assemble", parser=parser)


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
    parser.set_defaults(command="watch", parser=parser)


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
    parser.set_defaults(command="split", parser=parser)


def _add_stream_arguments(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "the bytes of an event stream, or of JSON text; - is standard input; or the URL of a stream")
    _add_request_arguments(parser)
    parser.add_argument(
        "--from",
        dest="format",
        choices=("sse", "json_lines", "text"),
        default="sse",
        help="what the input is: an event stream, events as JSON lines, or the document's JSON text (default: sse; of a"
        " URL, what its content type says)",
    )
    parser.add_argument(
        "--wrapper",
        choices=("fence", "prose"),
        help="with --from text or --content json: the document is in a code fence, or somewhere in other text",
    )
    _add_answer_arguments(parser)
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
        help="what to do with a delta that does not fit the value at its path, or a whole text that differs from its"
        " pieces (default: error)",
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
    parser.add_argument(
        "--require-done",
        action="store_true",
        help="an end without [DONE] is an error; in an answer, an end that the provider has not proved",
    )
    parser.add_argument(
        "--no-size-limit",
        action="store_true",
        help="accept documents, strings, arrays and answers of any size; for senders that you trust",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors on standard error, no status")


def _add_request_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="LINE",
        help="of a URL: a header field of the request, as in 'Authorization: Bearer ...'; @FILE has several lines",
    )
    parser.add_argument(
        "-d",
        "--data",
        action="append",
        default=[],
        metavar="DATA",
        help="of a URL: send a POST with this body; @FILE has it, @- is standard input. JSON is sent as JSON, all else"
        " as a form",
    )
    parser.add_argument(
        "--resume",
        choices=WAYS,
        metavar="WAY",
        help=f"of a URL: how a stream that breaks is continued: {', '.join(WAYS)} (default: last_event_id; with -d"
        " never, as the model would run again)",
    )


def _add_answer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--provider",
        choices=PROVIDERS,
        metavar="NAME",
        help="the stream is an answer of this provider, which may begin in its middle:"
        f" {', '.join(PROVIDERS)} (default: recognize it by the first event)",
    )
    parser.add_argument(
        "--content",
        choices=("text", "json"),
        help="the stream is an answer of a provider, and its texts are prose, or JSON documents (default: text)",
    )


def _add_file(parser: argparse.ArgumentParser, help: str) -> None:
    def file(text: str) -> str:
        if _URL.match(text) and (parser.prog.endswith(" split") or not is_url(text)):
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
