"""Fuzz each target in its own process, one after the other. See the README.md in this folder."""

from __future__ import annotations

import argparse
import faulthandler
import json
import platform
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # tests/ has the reference implementations

from figures import Figures, table  # noqa: E402 - found by the line above
from targets import TARGETS  # noqa: E402

__all__ = ["main"]

CORPUS: Final = HERE / "corpus"
FINDINGS: Final = HERE / "findings"
PACKAGES: Final = ("streamjson-assembler", "atheris", "jsonpath-ng", "msgspec")
DEFAULT_MINUTES: Final = 5.0

MAX_BYTES: Final = 400
"""Per input: no target needs more, and short inputs are quick."""
MAX_SECONDS: Final = 10
"""Per input: a thousand times what any takes."""
MAX_MEGABYTES: Final = 1024
"""Per process: fifteen times what any takes."""
PROGRESS_EVERY_S: Final = 10.0
TIME_SHARES: Final = {"assembler": 3}
"""Shares of the minutes; each other target has one. `assembler` is the slowest and has the most branches."""

EXAMPLES: Final = """\
examples:
  python tests/fuzz/run.py --minutes 30 --json figures.json      all targets
  python tests/fuzz/run.py --target path chunk --runs 1000000    two targets, a million inputs each
  python tests/fuzz/run.py --target path --reproduce FILE        one input, without atheris
  python tests/fuzz/run.py --minutes 60 --keep                   add inputs that reach new branches to corpus/
"""


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="tests/fuzz/run.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--minutes", type=float, help=f"duration, shared among the targets (without --runs: {DEFAULT_MINUTES:g})")
    add("--runs", type=int, help="number of inputs for each target")
    add("--target", nargs="+", choices=sorted(TARGETS), metavar="NAME", help=f"targets to run: {', '.join(TARGETS)}")
    add("--seed", type=int, default=0, help="seed of the mutations; 0 selects a random one")
    add("--json", type=Path, metavar="FILE", help="write the figures to this file")
    add("--keep", action="store_true", help="add new inputs, minimised, to corpus/")
    add("--reproduce", type=Path, metavar="FILE", help="run one input through --target, without atheris")
    options = parser.parse_args(arguments)
    if options.reproduce and (options.target is None or len(options.target) != 1):
        parser.error("--reproduce needs exactly one --target NAME")
    if options.minutes is None and options.runs is None:
        options.minutes = DEFAULT_MINUTES
    options.target = options.target or list(TARGETS)
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz or reproduce; return the exit status: 1 if there is a finding, 2 if the fuzzer does not start."""
    options = options_of(sys.argv[1:] if arguments is None else arguments)
    if options.reproduce:
        return reproduce(options.target[0], options.reproduce)
    if find_spec("atheris") is None:
        _say(
            "atheris is not installed here. `make fuzz` installs it in a separate environment; it has wheels for some"
            " versions of CPython on some systems only. The tests run the targets without it."
        )
        return 2
    rows: list[Figures] = []
    try:
        rows.extend(fuzz(name, options) for name in options.target)
    except EngineError as error:
        _say(str(error))
        return 2
    print(table(rows))
    findings = [(one.target, finding) for one in rows for finding in one.findings]
    for name, finding in findings:
        print(f"\n{name}: {finding.what}\n  python tests/fuzz/run.py --target {name} --reproduce {finding.file}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures(rows, options), indent=2) + "\n", encoding="utf-8")
    return 1 if findings else 0


def reproduce(name: str, file: Path) -> int:
    """Run one input; print the outcome."""
    faulthandler.dump_traceback_later(3 * MAX_SECONDS, exit=True, file=sys.__stderr__)
    try:
        TARGETS[name](file.read_bytes())
    except Exception:  # noqa: BLE001  # any exception is a finding
        traceback.print_exc()
        return 1
    finally:
        faulthandler.cancel_dump_traceback_later()
    print("no finding")
    return 0


# ---------------------------------------------------------------------------------------------------------------------
# the fuzzer


class EngineError(Exception):
    """The fuzzer stopped early without a finding."""


def fuzz(name: str, options: argparse.Namespace) -> Figures:
    """Fuzz one target until its share of the time is used up, or it fails; return the figures."""
    findings = FINDINGS / name
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as grown:
        flags = [
            f"-artifact_prefix={findings}/", f"-max_len={MAX_BYTES}", f"-timeout={MAX_SECONDS}",
            f"-rss_limit_mb={MAX_MEGABYTES}", f"-seed={options.seed}", "-print_final_stats=1",
        ]  # fmt: skip
        if options.runs is not None:
            flags.append(f"-runs={options.runs}")
        if options.minutes is not None:
            flags.append(f"-max_total_time={seconds_for(name, options)}")
        # New inputs go to the first directory; the second is only read.
        made = _engine(name, [*flags, grown, str(CORPUS / name)])
        _say(f"{name}: {made.executions:,} executions in {made.seconds:.0f} s, {len(made.findings)} findings")
        if options.keep and not made.findings:
            _engine(name, ["-merge=1", f"-max_len={MAX_BYTES}", str(CORPUS / name), grown])
    return made


def seconds_for(name: str, options: argparse.Namespace) -> int:
    """Return a target's share of the minutes, in seconds."""
    shares = {one: TIME_SHARES.get(one, 1) for one in options.target}
    return max(1, round(60 * options.minutes * shares[name] / sum(shares.values())))


def _engine(name: str, arguments: Sequence[str]) -> Figures:
    """Run the engine to its end, with progress on stderr; return the figures."""
    made = Figures(name)
    command = [sys.executable, str(HERE / "engine.py"), name, *arguments]
    begin = last_report = time.monotonic()
    last: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            made.read(line)
            last = [*last[-30:], line]
            now = time.monotonic()
            made.seconds = now - begin
            if now - last_report >= PROGRESS_EVERY_S:
                last_report = now
                _say(f"{name}: {made.seconds:.0f} s, {made.executions:,} executions, coverage {made.coverage}")
    made.seconds = time.monotonic() - begin
    if process.returncode != 0 and not made.findings:
        raise EngineError("\n".join([f"{name}: the fuzzer ended with status {process.returncode}:", *last]))
    return made


def figures(rows: Sequence[Figures], options: argparse.Namespace) -> dict[str, Any]:
    """Return all figures and the conditions as a JSON object."""
    seconds = sum(one.seconds for one in rows)
    executions = sum(one.executions for one in rows)
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in PACKAGES},
        "minutes": options.minutes,
        "runs": options.runs,
        "seed": options.seed,
        "executions": executions,
        "seconds": round(seconds, 1),
        "executions_per_second": round(executions / seconds) if seconds else 0,
        "findings": sum(len(one.findings) for one in rows),
        "targets": [one.row() for one in rows],
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
