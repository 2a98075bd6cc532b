"""The figures of a run: parsed from libFuzzer's output, and formatted as a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import asdict, define, field

__all__ = ["Figures", "Finding", "table"]

# "#19958	NEW    cov: 1781 ft: 6496 corp: 613/4147b lim: 11 exec/s: 1663 rss: 65Mb L: 11/11 MS: 1 InsertByte-"
_STATUS: Final = re.compile(r"#(\d+)\t\w+ +cov: (\d+) ft: (\d+) corp: (\d+)/")
_EXECUTED: Final = re.compile(r"stat::number_of_executed_units: +(\d+)")
_WRITTEN: Final = re.compile(r"Test unit written to (.+)")
_SUMMARY: Final = re.compile(r"SUMMARY: libFuzzer: (.+)")
_EXCEPTION: Final = " === Uncaught Python exception: ==="
_PLACE: Final = re.compile(r'  File "(?:.*/)?([^"]+)", line (\d+), in ')


@define
class Finding:
    """An input that made a target fail: its file, and the reason (an exception, `timeout`, `out-of-memory`)."""

    file: str
    what: str


@define
class Figures:
    """One target's run. `coverage` and `features` are libFuzzer's counts of edges, and of edges with hit counts."""

    target: str
    executions: int = 0
    seconds: float = 0.0
    coverage: int | None = None
    features: int | None = None
    corpus: int | None = None
    findings: list[Finding] = field(factory=list)
    _what: str | None = None
    _place: str = ""
    _is_next: bool = False

    def read(self, line: str) -> None:
        """Update the figures from a line of libFuzzer's output."""
        if self._is_next:
            self._what, self._is_next = line, False
        elif line == _EXCEPTION:
            self._is_next = True
        elif status := _STATUS.match(line):
            self.executions, self.coverage, self.features, self.corpus = map(int, status.groups())
        elif executed := _EXECUTED.match(line):
            self.executions = int(executed[1])
        elif (place := _PLACE.match(line)) and self._what is not None:
            self._place = f" ({place[1]}, line {place[2]})"  # the innermost frame is last
        elif written := _WRITTEN.search(line):
            self.findings.append(Finding(written[1], f"{self._what or '?'}{self._place}"))
        elif (summary := _SUMMARY.match(line)) and self.findings and self._what is None:
            self.findings[-1].what = summary[1]

    @property
    def per_second(self) -> int:
        """Executions per second, including the start."""
        return round(self.executions / self.seconds) if self.seconds else 0

    def row(self) -> dict[str, Any]:
        """Return the figures as a JSON object."""
        row = asdict(self, filter=lambda attribute, _: not attribute.name.startswith("_"))
        return row | {"seconds": round(self.seconds, 1), "executions_per_second": self.per_second}


_HEAD: Final = ("target", "executions", "per second", "coverage", "findings")


def table(rows: Sequence[Figures]) -> str:
    """Return the figures as text: a line for each target, and a total."""
    seconds = sum(one.seconds for one in rows)
    executions = sum(one.executions for one in rows)
    findings = sum(len(one.findings) for one in rows)
    lines: list[Iterable[str]] = [
        _HEAD,
        *(_line(one.target, one.executions, one.per_second, one.coverage, len(one.findings)) for one in rows),
        _line("all", executions, round(executions / seconds) if seconds else 0, None, findings),
    ]
    return "\n".join("{:<12}{:>14}{:>12}{:>10}{:>10}".format(*line) for line in lines)


def _line(*cells: str | int | None) -> list[str]:
    return ["" if cell is None else cell if isinstance(cell, str) else f"{cell:,}" for cell in cells]
