"""Measure the promises under attack and under faults, and write the results to docs/reliability.md.

    python tests/reliability/run.py            everything, under the default limits; writes the page (10 minutes)
    python tests/reliability/run.py --quick    a quick check: small limits, small sizes, no file
    python tests/reliability/run.py --only scaling
    python tests/reliability/run.py --page     rewrite the page's tables from results.json

The exit status is 1 if a promise was not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from attrs import asdict

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # tests/ has `streams`

import cap  # noqa: E402 - found by the line above, like its siblings
import hostile  # noqa: E402
import scaling  # noqa: E402
import streamjson as sj  # noqa: E402

__all__ = ["main"]

RESULTS: Final = HERE / "results.json"
PAGE: Final = HERE.parents[1] / "docs" / "reliability.md"
MIB: Final = 1024 * 1024

Rows = list[dict[str, Any]]
"""The figures of a part: a row per line of its table, with plain values; `kept` states whether a promise was kept."""


def attacks(*, quick: bool) -> Iterator[dict[str, Any]]:
    """Yield the cost of each attack, under the default limits or, if `quick`, small ones."""
    limits = hostile.SMALL if quick else hostile.DEFAULT
    for one in hostile.ATTACKS.values():
        measured = cap.measure(one.name, small=quick)
        yield {
            "table": one.table,
            "row": one.row,
            "attack": one.name,
            "promise": one.promise,
            "limit": one.limit,
            "limit_bytes": one.limit and getattr(limits, one.limit),
            "factor": one.factor,
            "because": one.because,
            "input_bytes": measured.input_bytes,
            "peak_bytes": measured.peak_bytes,
            "seconds": round(measured.seconds, 3),
            "failure": measured.failure,
            "kept": measured.kept_promise,
        }


def exponents(*, quick: bool) -> Iterator[dict[str, Any]]:
    """Yield how the time of each kind of work grows. Small sizes prove nothing, so `quick` never fails."""
    for name in scaling.WORKS:
        result = scaling.measure(name, quick=quick)
        if not quick and not result.is_linear:  # measure again: another process may have used the caches
            result = scaling.measure(name)
        yield {**asdict(result), "kept": quick or result.is_linear}


def _of_module(name: str) -> Callable[..., Iterator[dict[str, Any]]]:
    """Return the `figures(quick=...)` of the module `name` in this folder, or an empty one if it does not exist."""

    def figures(*, quick: bool) -> Iterator[dict[str, Any]]:
        if find_spec(name) is not None:
            yield from import_module(name).figures(quick=quick)

    return figures


def fuzzing(*, quick: bool) -> Iterator[dict[str, Any]]:  # ignores `quick`: it reads the results of a long run
    """Yield the latest figures that `make fuzz` wrote with `--json`."""
    figures = json.loads((HERE.parent / "fuzz" / "results.json").read_text(encoding="utf-8"))
    for row in [*figures["targets"], {**figures, "target": "all", "findings": [None] * figures["findings"]}]:
        yield {
            "target": row["target"],
            "executions": f"{row['executions']:,}",
            "minutes": round(row["seconds"] / 60, 1),
            "findings": len(row["findings"]),
            "kept": not row["findings"],
        }


PARTS: Final[dict[str, Callable[..., Iterator[dict[str, Any]]]]] = {
    "attacks": attacks,
    "scaling": exponents,
    "cuts": _of_module("cuts"),
    "replays": _of_module("replays"),
    "fuzz": fuzzing,
}


# ---------------------------------------------------------------------------------------------------------------------
# the page


def _size(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / MIB:,.1f} MiB" if count >= MIB / 20 else f"{count / 1024:,.1f} KiB"


def _table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]] | list[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _attacks_page(rows: Rows, waiting: dict[str, list[str]]) -> str:
    parts: list[str] = []
    for table in hostile.ROWS:
        found = [row for row in rows if row["table"] == table]
        cells: list[tuple[object, ...]] = []
        for row in found:
            limit, size = row["limit"], row["limit_bytes"]
            peak = _size(row["peak_bytes"])
            times = f" ({row['peak_bytes'] / size:.1f} times)" if size else ""
            cells.append((
                row["row"], f"`{row['attack']}`", row["promise"], f"`{limit}`" if limit else "nothing is held",
                _size(row["input_bytes"]), f"{peak}{times}", f"{row['seconds']:.2f} s",
            ))  # fmt: skip
        head = ("what is sent", "attack", "what happens", "limit in force", "bytes sent", "most memory", "CPU time")
        parts.append(f"### {table}\n\n{_table(head, cells)}")
        if waiting.get(table):
            parts.append("Not yet: " + "; ".join(waiting[table]) + ".")
    reasons: dict[tuple[int, str], list[str]] = {}
    for row in rows:
        if row["because"]:
            reasons.setdefault((row["factor"], row["because"]), []).append(f"`{row['attack']}`")
    if reasons:
        parts.append("More than four times the limit is allowed for these, and this is why:")
        parts.append(
            "\n".join(f"- {', '.join(names)}: {factor} times. {why}." for (factor, why), names in reasons.items())
        )
    return "\n\n".join(parts)


def _waiting() -> dict[str, list[str]]:
    """Return the rows without an attack, table by table, and what they need."""
    waiting: dict[str, list[str]] = {}
    for table, rows in hostile.ROWS.items():
        found = [f"{row} ({why})" for row, why in hostile.NOT_YET.items() if row in rows]
        found += sorted(
            {f"{one.row} (`{one.needs.strip('=')}`)" for one in hostile.WAITING.values() if one.row in rows}
        )
        waiting[table] = found
    return waiting


def _scaling_page(rows: Rows) -> str:
    return _table(
        ("work", "sizes", "CPU time", "exponent"),
        [
            (
                row["work"],
                f"{row['sizes'][0]:,} to {row['sizes'][-1]:,} {row['unit']}",
                f"{row['seconds'][0] * 1000:.1f} to {row['seconds'][-1] * 1000:.1f} ms",
                f"{row['exponent']:.2f}",
            )
            for row in rows
        ],
    )


def _plain_page(rows: Rows) -> str:
    """Return the rows of a part as a table; the names of the values are its head."""
    if not rows:
        return "Not measured yet."
    names = [name for name in rows[0] if name != "kept"]
    return _table(
        tuple(name.replace("_", " ") for name in names), [tuple(row.get(name, "") for name in names) for row in rows]
    )


PAGES: Final[dict[str, Callable[[Rows], str]]] = {"scaling": _scaling_page}


def write_page(results: dict[str, Any]) -> None:
    """Write the results between the marks of the page."""
    text = PAGE.read_text(encoding="utf-8")
    for name in PARTS:
        rows = results["parts"].get(name, [])
        is_attacks = name == "attacks" and rows
        table = _attacks_page(rows, results["waiting"]) if is_attacks else PAGES.get(name, _plain_page)(rows)
        if rows:
            table += "\n\nMeasured: " + ", ".join(results["conditions"][name].values()) + "."
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        text, count = re.subn(
            f"{begin}.*?{end}", lambda _, filled=f"{begin}\n{table}\n{end}": filled, text, flags=re.DOTALL
        )
        if count != 1:
            raise SystemExit(f"{PAGE} has {count} places for {name}")
    PAGE.write_text(text, encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------------------
# the command


def conditions() -> dict[str, str]:
    """Return the conditions of the measurement."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "streamjson": f"streamjson {sj.__version__}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.machine()}",
        "processors": f"{os.cpu_count()} processors",
    }


def _line(part: str, row: dict[str, Any]) -> str:
    mark = "" if row.get("kept", True) else "  BROKEN " + str(row.get("failure", ""))
    if part == "attacks":
        return f"{row['attack']}: {_size(row['peak_bytes'])}, {row['seconds']:.2f} s{mark}"
    if part == "scaling":
        return f"{row['work']}: {row['exponent']:.2f}{mark}"
    return ", ".join(str(value) for value in row.values()) + mark


def main(arguments: list[str] | None = None) -> int:
    """Measure and write; return 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a quick check: small limits and sizes, no file")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to measure")
    parser.add_argument("--page", action="store_true", help="rewrite the page from results.json without measuring")
    options = parser.parse_args(arguments)
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"conditions": {}, "parts": {}}
    if options.page:
        write_page(results)
        return 0
    broken: list[str] = []
    begun = time.monotonic()
    for part in options.only:
        rows: Rows = []
        for row in PARTS[part](quick=options.quick):
            rows.append(row)
            print(f"{time.monotonic() - begun:6.0f} s  {part}  {_line(part, row)}", flush=True)
            if not row.get("kept", True):
                broken.append(_line(part, row))
        results["parts"][part] = rows
        results["conditions"][part] = conditions()
        if part == "attacks":
            results["waiting"] = _waiting()
        if not options.quick:  # after each part, so that a failure of the next one loses nothing
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            write_page(results)
    for line in broken:
        print(f"not kept: {line}")
    print(f"{sum(len(results['parts'][part]) for part in options.only)} figures, {len(broken)} promises not kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
