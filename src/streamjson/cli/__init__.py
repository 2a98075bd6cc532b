"""The command `streamjson`: from arguments to a call, and from any outcome to an exit code.

    streamjson assemble   the bytes of a stream -> the document, or the parts of an answer
    streamjson watch      the same, shown while it grows
    streamjson split      a document -> the bytes of a stream

It owns the exit codes and the last handler of every exception; `_arguments` has the options, and each command is a
module beside this one. It does not know streams or terminals.

Invariants: no input causes a traceback; each problem is one line on standard error; standard output contains only the
result.

Cost: the modules of a command are imported when it runs, rich only when a view is drawn.
"""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version as version_of
from typing import Final

from ._arguments import BAD_USE, parse
from ._console import discard_output, flush_output, report
from ._signals import Ended

__all__ = ["main"]

OK: Final = 0
INTERRUPTED: Final = 130


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
        arguments = parse(sys.argv[1:] if argv is None else argv)
        command = _COMMANDS[arguments.command]
        return command(arguments)
    except SystemExit as stop:  # --help, --version and mistakes, which argparse has reported
        return stop.code if isinstance(stop.code, int) else OK


# Importing a submodule binds its name in this namespace, so these functions must not have the names of submodules.


def _run_assemble(arguments: argparse.Namespace) -> int:
    from ._assemble import assemble_command  # noqa: PLC0415  # a command imports what it uses

    return assemble_command(arguments)


def _run_watch(arguments: argparse.Namespace) -> int:
    from ._watch import watch_command  # noqa: PLC0415  # a command imports what it uses

    return watch_command(arguments)


def _run_split(arguments: argparse.Namespace) -> int:
    from ._split import split_command  # noqa: PLC0415  # a command imports what it uses

    return split_command(arguments)


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "assemble": _run_assemble,
    "watch": _run_watch,
    "split": _run_split,
}


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
