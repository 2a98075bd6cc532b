"""The result file: one row for each (work, shape, size, contestant), and the conditions of the measurement.

The file is committed, and the README's figures and charts come from it. So its order is stable, a row is a line, and a
number has only significant digits. Rows from different machines or versions cannot be compared: a partial run changes
its own rows only if all conditions are the same.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from attrs import asdict, define, field

from contestants import Contestant, WireContestant
from measure import Measurement
from memory import Footprint

__all__ = ["OtherConditionsError", "Results", "machine", "row"]

Row = dict[str, Any]
KEY: Final = ("work", "shape", "size", "contestant")
SIGNIFICANT_DIGITS: Final = 4


class OtherConditionsError(Exception):
    """The rows of this run cannot be added to the file: they were measured under other conditions."""


def row(
    work: str,
    shape: str,
    size: str,
    contestant: Contestant | WireContestant,
    measured: Measurement | Footprint,
    **more: object,
) -> Row:
    """Return the row for a measurement; facts that are None are left out."""
    live = isinstance(contestant, Contestant) and contestant.is_live
    facts = {"package": contestant.package, "live": live or None} | more | asdict(measured)
    place = dict(zip(KEY, (work, shape, size, contestant.name), strict=True))
    return place | {name: _rounded(fact) for name, fact in facts.items() if fact is not None}


def _rounded(fact: object) -> object:
    return float(f"{fact:.{SIGNIFICANT_DIGITS}g}") if isinstance(fact, float) else fact


@define
class Results:
    """The content of a result file."""

    conditions: dict[str, Any]
    """Machine, interpreter and versions: the same for all rows."""
    runs: list[dict[str, str]] = field(factory=list)
    """The date and the command of each run that the rows come from, oldest first."""
    ratios: list[Row] = field(factory=list)
    """The claims with their bounds (`ratios`), measured together."""
    rows: list[Row] = field(factory=list)

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read a file that `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def begin(cls, path: Path | None, conditions: dict[str, Any], *, fresh: bool) -> Results:
        """Return the results in `path`, to be completed under the same conditions; empty ones if fresh or missing."""
        if fresh or path is None or not path.is_file():
            return cls(conditions)
        results = cls.read(path)
        if different := _differences(results.conditions, conditions):
            raise OtherConditionsError(
                f"{path.name} was measured under other conditions, and the rows cannot be compared: "
                + "; ".join(different)
                + ". Write to another file (--output), or start over (--fresh)."
            )
        results.conditions["versions"] |= conditions["versions"]
        return results

    def started(self, arguments: Iterable[str]) -> None:
        """Note this run."""
        command = " ".join(["python benchmarks/run.py", *(f"'{word}'" if " " in word else word for word in arguments)])
        self.runs.append({"date": datetime.now(UTC).date().isoformat(), "command": command})

    def put(self, rows: Iterable[Row]) -> None:
        """Add rows; each replaces one with the same key."""
        self.rows = list(({_key(row): row for row in self.rows} | {_key(row): row for row in rows}).values())

    def write(self, path: Path, order: Mapping[str, Any]) -> None:
        """Write the file: works in the order of `order`, then shapes, sizes and contestants as they were added."""
        works = list(order)
        self.rows.sort(key=lambda row: works.index(row["work"]) if row["work"] in works else len(works))
        head = json.dumps({"conditions": self.conditions, "runs": self.runs}, indent=2, ensure_ascii=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f'{head[:-2]},\n  "ratios": {_lines(self.ratios)},\n  "rows": {_lines(self.rows)}\n}}\n'
        path.write_text(text, encoding="utf-8")


def _lines(rows: Iterable[Row]) -> str:
    lines = ["    " + json.dumps(row, ensure_ascii=False) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n  ]" if lines else "[]"


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the differences, in words. A package that only one side has does not count."""
    names = sorted((before.keys() | now.keys()) - {"versions"})
    different = [
        f"{name} {before.get(name)}, now {now.get(name)}" for name in names if before.get(name) != now.get(name)
    ]
    old, new = before["versions"], now["versions"]
    shared = [name for name in old if name in new]
    return different + [f"{name} {old[name]}, now {new[name]}" for name in shared if old[name] != new[name]]


# ---------------------------------------------------------------------------------------------------------------------
# the machine


def machine() -> dict[str, Any]:
    """Return the conditions that a figure depends on, besides the packages."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "python_build": _build(),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _build() -> dict[str, Any]:
    """How the interpreter was compiled: profile-guided optimization is worth a fifth of the time of pure Python."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    flags = " ".join(
        str(sysconfig.get_config_var(name) or "") for name in ("PY_CFLAGS", "PY_CORE_CFLAGS", "PY_LDFLAGS")
    )
    return {
        "compiler": platform.python_compiler(),
        "pgo": "--enable-optimizations" in arguments or "-fprofile-use" in flags,
        "lto": "--with-lto" in arguments or "-flto" in flags,
        "debug": hasattr(sys, "gettotalrefcount"),
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
    }
