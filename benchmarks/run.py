"""The command that measures all contestants, writes the result file and draws the charts: see README.md beside it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import field, frozen

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # tests/ has `streams`

from contestants import Contestant  # noqa: E402 - found by the line above
from documents import SHAPES, SIZES, Document, document  # noqa: E402
from lineup import DISTRIBUTION, OURS, Lineup, lineup  # noqa: E402
from measure import FULL, QUICK, Budget, Check, Measurement, check, measure, measure_wire  # noqa: E402
from memory import SNAPSHOTS, measure_memory  # noqa: E402
from ratios import Ratio, ratios  # noqa: E402
from results import OtherConditionsError, Results, Row, machine, row  # noqa: E402
from works import WORKS  # noqa: E402

__all__ = ["main"]

RESULTS: Final = HERE / "results.json"
CHARTS: Final = HERE.parent / "docs" / "charts"

MAIN_SHAPES: Final = ("people", "texts")
"""The shapes that most figures are about."""
ODD_DOCUMENTS: Final = tuple(
    (shape, size) for shape, kind in SHAPES.items() if shape not in MAIN_SHAPES for size in kind.sizes
)


def _of(*sizes: str) -> tuple[tuple[str, str], ...]:
    return tuple((shape, size) for shape in MAIN_SHAPES for size in sizes)


Program = dict[str, tuple[tuple[str, str], ...]]
FULL_PROGRAM: Final[Program] = {
    "value-dropped": (*_of(*SIZES), *ODD_DOCUMENTS),
    "value-kept": _of("10 KB", "100 KB"),
    "one-field": _of("10 KB", "100 KB", "1 MB"),
    "end": (*_of(*SIZES), *ODD_DOCUMENTS),
    "wire": _of("100 KB", "1 MB"),
    "wire-ids": _of("100 KB"),
    "memory": _of("10 KB", "100 KB"),
}
QUICK_PROGRAM: Final[Program] = {
    "value-dropped": (*_of("1 KB", "10 KB"), ("deep", "600 items")),
    "value-kept": _of("10 KB"),
    "one-field": _of("10 KB"),
    "end": _of("10 KB"),
    "wire": _of("10 KB"),
    "wire-ids": _of("10 KB"),
    "memory": _of("1 KB"),
}

EXAMPLES: Final = """\
examples:
  python benchmarks/run.py                                 everything: results.json and docs/charts (half an hour)
  python benchmarks/run.py --quick                         a quick look: small documents, no file (1 minute)
  python benchmarks/run.py --only wire memory --output mine.json
  python benchmarks/run.py --contestant jiter streamjson --shape people --size "100 KB" --output mine.json
  python benchmarks/run.py --charts-only                   draw results.json again
"""


@frozen
class Job:
    """One work on one document, for all contestants."""

    work: str
    document: Document

    def __str__(self) -> str:
        return f"{self.work}: {self.document.name}"


@frozen
class Runner:
    """Does jobs. The document that a contestant builds is checked once, before the first work on it."""

    contestants: Lineup
    budget: Budget
    checked: dict[tuple[str, str], dict[Contestant, Check | Measurement]] = field(factory=dict)

    def rows(self, job: Job) -> Iterator[Row]:
        """Measure, and yield a row for each contestant."""
        place = (job.work, job.document.shape, job.document.size)
        if job.work == "memory":
            builders = self.contestants.builders
            ours = [SNAPSHOTS] if any(one.package == DISTRIBUTION for one in builders) else []
            for one in (*ours, *builders):
                yield row(*place, one, measure_memory(one, job.document))
        elif job.work.startswith("wire"):
            with_ids = job.work == "wire-ids"
            read = measure_wire(job.document, self.contestants.readers, self.budget, with_ids=with_ids)
            for reader in self.contestants.readers:
                yield row(*place, reader, read[reader.name], gives=reader.gives)
        else:
            checks = self._checks(job.document)
            measured = measure(WORKS[job.work], job.document, checks, self.budget)
            for one, checked in checks.items():
                shows = checked.shows if isinstance(checked, Check) else None
                yield row(*place, one, measured[one.name], shows=shows)

    def _checks(self, source: Document) -> dict[Contestant, Check | Measurement]:
        key = source.shape, source.size
        if key not in self.checked:
            self.checked[key] = {one: check(one, source, self.budget) for one in self.contestants.builders}
        return self.checked[key]


def jobs(options: argparse.Namespace) -> list[Job]:
    """Return the jobs of the program that the options select."""
    program = QUICK_PROGRAM if options.quick else FULL_PROGRAM
    return [
        Job(work, document(shape, size))
        for work, sources in program.items()
        if options.only is None or work in options.only
        for shape, size in sources
        if (options.shape is None or shape in options.shape) and (options.size is None or size in options.size)
    ]


def run(options: argparse.Namespace, arguments: Sequence[str]) -> list[Row]:
    """Measure the selected jobs and return the rows; report progress on stderr. The file is complete after each job."""
    contestants = lineup(options.contestant)
    for module, reason in contestants.missing.items():
        _say(f"left out: contestants/{module}.py ({reason})")
    if not contestants.builders and not contestants.readers:
        raise OtherConditionsError(f"nothing to measure: no contestant has one of {options.contestant} in its name")
    runner = Runner(contestants, QUICK if options.quick else FULL)
    effort = "quick" if options.quick else "full"
    conditions = {**machine(), "effort": effort, "versions": contestants.versions()}
    # Before the work, not after it: this raises if the file can't be completed.
    results = Results.begin(options.output, conditions, fresh=options.fresh or _is_everything(options))
    results.started(arguments)
    measured: list[Row] = []
    begin = time.monotonic()
    if _with_ratios(options):
        _say("the ratios that have bounds (ratios.py)")
        results.ratios = [one.row() for one in ratios(_say_ratio)]
    todo = jobs(options)
    for number, job in enumerate(todo, 1):
        _say(f"[{number}/{len(todo)}, {time.monotonic() - begin:.0f} s] {job}")
        rows = list(runner.rows(job))
        measured += rows
        results.put(rows)
        if options.output is not None:
            results.write(options.output, FULL_PROGRAM)
    if options.output is not None:
        results.write(options.output, FULL_PROGRAM)
    _say(f"done in {time.monotonic() - begin:.0f} s")
    return measured


def _with_ratios(options: argparse.Namespace) -> bool:
    return "ratios" in options.only if options.only else _is_everything(options) and not options.quick


def _is_everything(options: argparse.Namespace) -> bool:
    return not (options.only or options.shape or options.size or options.contestant)


def _say_ratio(ratio: Ratio) -> None:
    _say(str(ratio))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------------------------------
# the table


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text: the cost of a piece, and its ratio to ours."""
    lines: list[str] = []
    groups: dict[tuple[str, ...], list[Row]] = {}
    for one in rows:
        groups.setdefault((one["work"], one["shape"], one["size"]), []).append(one)
    for (work, shape, size), group in groups.items():
        ours = next((_figure(one) for one in group if one["contestant"] == OURS), None)
        lines += ["", f"{work}: {shape}, {size}"]
        lines += [_line(one, ours) for one in sorted(group, key=lambda one: _figure(one) or float("inf"))]
    return "\n".join(lines)


def _figure(one: Row) -> float | None:
    return one.get("median_us", one.get("retained_bytes"))


def _line(one: Row, ours: float | None) -> str:
    name = one["contestant"] + (" (live)" if one.get("live") else "")
    figure = _figure(one)
    if figure is None:
        bound = f", at least {one['at_least_us']:,.0f} µs" if "at_least_us" in one else ""
        return f"  {name:<44}  {one['mark']}{bound}" + (f": {one['reason']}" if "reason" in one else "")
    unit = "µs" if "median_us" in one else "bytes"
    spread = f"{one['q1_us']:,.4g} to {one['q3_us']:,.4g}, {one['turns']} turns" if "q1_us" in one else ""
    ratio = f"{figure / ours:10,.2f} x" if ours else " " * 12
    sampled = f", {one['samples']} values" if "samples" in one else ""
    shows = f", shows {one['shows']:.0%}" if one.get("shows", 1) < 1 else ""
    return f"  {name:<44} {figure:12,.2f} {unit:<5} {ratio}   {spread}{sampled}{shows}"


# ---------------------------------------------------------------------------------------------------------------------
# the command


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure the cost of having the document after every piece, for this library and its peers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sizes = list(dict.fromkeys(size for kind in SHAPES.values() for size in kind.sizes))
    works = [*FULL_PROGRAM, "ratios"]
    parser.add_argument("--only", nargs="+", metavar="WORK", choices=works, help=", ".join(works))
    parser.add_argument("--shape", nargs="+", choices=list(SHAPES), metavar="SHAPE", help=", ".join(SHAPES))
    parser.add_argument("--size", nargs="+", choices=sizes, metavar="SIZE", help=", ".join(sizes))
    parser.add_argument("--contestant", nargs="+", metavar="NAME", help="only those whose name contains NAME")
    parser.add_argument("--quick", action="store_true", help="small documents and few turns")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="the result file (benchmarks/results.json; with --quick none)"
    )
    parser.add_argument("--fresh", action="store_true", help="discard the contents of the result file")
    parser.add_argument("--charts-only", action="store_true", help="draw the result file without measuring")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _options(arguments)
    if options.output is None and not options.quick:
        options.output = RESULTS
    if options.charts_only and not (options.output or RESULTS).is_file():
        _say(f"there is no {options.output or RESULTS}: measure first")
        return 1
    if not options.charts_only:
        if not jobs(options) and not _with_ratios(options):
            _say("nothing to measure: no work of the program has this shape and size")
            return 1
        try:
            rows = run(options, sys.argv[1:] if arguments is None else arguments)
        except OtherConditionsError as error:
            _say(str(error))
            return 1
        print(table(rows))
    if options.charts_only or (options.output and options.output.resolve() == RESULTS):
        _draw(Results.read(options.output or RESULTS))
    return 0


def _draw(results: Results) -> None:
    try:
        import charts  # noqa: PLC0415 - only the charts need matplotlib
    except ImportError as error:
        _say(f"no charts: {error}")
        return
    for path in charts.draw(results, CHARTS):
        _say(f"drew {path.name}")


if __name__ == "__main__":
    sys.exit(main())
