"""Pictures of the result file: four SVG files that read on a white page and on a dark one.

- `growing`: the cost of the value after every piece, against the size of the document.
- `values`: the same at 100 KB for all contestants, live objects included.
- `wire`: from bytes to a snapshot for each event.
- `memory`: the bytes retained when every value is kept.

This library has the accent colour, hand-written loops a second one, and all other libraries are grey; hollow marks are
objects that the next piece changes. Axes are logarithmic if the figures span powers of ten; lengths mean nothing there,
so the charts use dots instead of bars. Only two loops are left out, which another one beats (see `DOUBLES`). Figures in
titles are read from the rows. The same results give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import geometric_mean
from typing import Any, Final, Literal

import matplotlib as mpl
from attrs import frozen
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import Transform

from lineup import OURS
from results import Results, Row

__all__ = ["CHARTS", "draw"]

ACCENT: Final = "#e8590c"
BY_HAND: Final = "#3b8fc4"
OTHERS: Final = "#8b949e"
TEXT: Final = "#7f8790"  # contrast of at least 3.6 on white and on GitHub's #0d1117
GRID: Final = "#8b949e40"

WIDTH_INCHES: Final = 9.0  # at 800 px, a point is about 1.2 px
STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "path",  # an image in a page may not load fonts, and their widths differ between machines
    "svg.hashsalt": "streamjson",
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "text.color": TEXT,
    "axes.facecolor": "none",
    "axes.labelcolor": TEXT,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "savefig.transparent": True,
}
DOUBLES: Final = ("split loop + deepcopy", "split loop + path copy")
"""Loops whose lines would cover those of `last target`, which finds locations faster; `values` shows both."""

MARKERS: Final = {"people": "o", "texts": "D"}
COLUMNS: Final = {"people": 1.14, "texts": 1.30}  # the position of the figures, in widths of the axes
ABOUT: Final = {"people": "people: many small fields", "texts": "texts: articles of 4 KB"}


Align = Literal["left", "right"]


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw each chart that the results have rows for, into `folder`; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with mpl.rc_context(STYLE):
        for name, chart in CHARTS.items():
            figure = chart(results.rows)
            if figure is not None:
                path = folder / f"{name}.svg"
                figure.savefig(path, metadata={"Date": None})
                drawn.append(path)
    return drawn


# ---------------------------------------------------------------------------------------------------------------------
# rows


def _figure_of(one: Row) -> float | None:
    return one.get("median_us", one.get("retained_bytes"))


def _picked(rows: Iterable[Row], work: str, shape: str | None = None, size: str | None = None) -> list[Row]:
    return [
        one for one in rows if one["work"] == work and shape in {None, one["shape"]} and size in {None, one["size"]}
    ]


def _is_ours(name: str) -> bool:
    return name.partition(",")[0] == OURS


def _colour(one: Row) -> str:
    if _is_ours(one["contestant"]):
        return ACCENT
    return OTHERS if "package" in one else BY_HAND


def _amount(value: float, unit: str) -> str:
    """Format microseconds or bytes with two or three digits, in a suitable unit."""
    scale = {"µs": ("µs", "ms", "s"), "B": ("B", "KB", "MB", "GB")}[unit]
    while value >= 999.5 and unit != scale[-1]:
        value /= 1000
        unit = scale[scale.index(unit) + 1]
    return f"{value:.2g} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def _ours(rows: Sequence[Row], unit: str = "µs", name: str = OURS) -> str:
    """Return our figures in these rows as a range, in words."""
    figures = sorted(_figure_of(one) or 0 for one in rows if one["contestant"] == name)
    if not figures:
        return "not measured"
    low, high = _amount(figures[0], unit), _amount(figures[-1], unit)
    if low.split()[1] == high.split()[1]:
        low = low.split()[0]
    return high if low == high.split()[0] else f"{low} to {high}"


# ---------------------------------------------------------------------------------------------------------------------
# furniture


def _title(figure: Figure, title: str, subtitle: str) -> None:
    height = figure.get_figheight()
    figure.text(0.02, 1 - 0.30 / height, title, fontsize=13, fontweight="bold", va="center")
    figure.text(0.02, 1 - 0.56 / height, subtitle, fontsize=10, va="center")


def _legend(figure: Figure, entries: list[Line2D]) -> None:
    figure.legend(
        handles=entries,
        loc="upper left",
        bbox_to_anchor=(0.012, 1 - 0.68 / figure.get_figheight()),
        ncols=len(entries),
        frameon=False,
        fontsize=9,
        handletextpad=0.2,
        columnspacing=1.1,
        borderaxespad=0,
    )


def _colours(rows: Iterable[Row]) -> list[Line2D]:
    present = {_colour(one) for one in rows}
    colours = {OURS: ACCENT, "written by hand": BY_HAND, "other libraries": OTHERS}
    return [_entry(name, "s", colour) for name, colour in colours.items() if colour in present]


def _entry(label: str, marker: str, colour: str, fill: Any = "full") -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, fillstyle=fill, markersize=7, label=label)


def _write(axes: Axes, x: float, y: float, text: str, one: Row, where: Transform, align: Align) -> None:
    ours = _is_ours(one["contestant"])
    axes.text(
        x,
        y,
        text,
        transform=where,
        ha=align,
        va="center",
        fontsize=9.5,
        color=ACCENT if ours else TEXT,
        fontweight="bold" if ours else "normal",
    )


def _amounts(axes: Axes, axis: Any, unit: str) -> None:
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 300 else (1,), numticks=12))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: _amount(value, unit)))
    axis.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def _spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Move places apart until each is `gap` from the next: as little as possible, in their order."""
    blocks: list[list[float]] = []  # the sum of the positions that its members want for its first one, and their count
    for place in wanted:
        blocks.append([place, 1])
        while len(blocks) > 1 and _start(blocks[-2]) + gap * blocks[-2][1] > _start(blocks[-1]):
            total, count = blocks.pop()
            blocks[-1][0] += total - gap * blocks[-1][1] * count
            blocks[-1][1] += count
    return [_start(block) + gap * number for block in blocks for number in range(int(block[1]))]


def _start(block: Sequence[float]) -> float:
    return block[0] / block[1]


# ---------------------------------------------------------------------------------------------------------------------
# lines: a cost against the size


def _growing(rows: Sequence[Row]) -> Figure | None:
    chosen = [
        one
        for one in _picked(rows, "value-dropped")
        if _figure_of(one) and not one.get("live") and one["contestant"] not in DOUBLES
    ]
    panels = [shape for shape in MARKERS if len({one["size"] for one in chosen if one["shape"] == shape}) > 1]
    if not panels:
        return None
    ours = _ours([one for one in chosen if one["shape"] in panels])
    figure = Figure(figsize=(WIDTH_INCHES, 1.05 + 3.4 * len(panels)))
    _title(
        figure,
        f"The document after every piece: {ours}, from 1 KB to 1 MB",
        "time for a piece of 4 characters and a value, which is dropped at the next; live objects are left out",
    )
    _legend(figure, _colours(chosen))
    height = figure.get_figheight()
    low, high = _limits(chosen)
    for number, shape in enumerate(panels):
        bottom = 0.35 + 3.4 * (len(panels) - 1 - number)
        axes = figure.add_axes((0.085, bottom / height, 0.55, 2.85 / height))
        axes.set_ylim(low, high)
        _panel(axes, [one for one in chosen if one["shape"] == shape], ABOUT[shape])
    return figure


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    figures = [_figure_of(one) or 1 for one in rows]
    return min(figures) / 1.6, max(figures) * 1.6


def _panel(axes: Axes, rows: Sequence[Row], title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=TEXT)
    axes.set_yscale("log")
    _amounts(axes, axes.yaxis, "µs")
    sizes = list(dict.fromkeys(one["size"] for one in rows))
    axes.set_xticks(range(len(sizes)), sizes)  # each is ten times the previous one: even spacing is logarithmic
    axes.set_xlim(-0.12, len(sizes) - 0.92)
    lines = _lines(rows, sizes)
    for points, one in lines:
        ours = _is_ours(one["contestant"])
        axes.plot(
            *zip(*points, strict=True),
            color=_colour(one),
            linewidth=3 if ours else 1.4,
            marker="o",
            markersize=5 if ours else 3.5,
            zorder=3 if ours else 2,
            clip_on=False,
        )
    _line_labels(axes, lines)


Line = tuple[list[tuple[int, float]], Row]


def _lines(rows: Sequence[Row], sizes: Sequence[str]) -> list[Line]:
    points: dict[str, Line] = {}
    for one in rows:
        line, _ = points.setdefault(one["contestant"], ([], one))
        line.append((sizes.index(one["size"]), _figure_of(one) or 1))
    return sorted(points.values(), key=lambda line: line[0][-1][1])


def _line_labels(axes: Axes, lines: Sequence[Line]) -> None:
    """Write each name beside the end of its line."""
    to_axes = axes.transScale + axes.transLimits
    places = _spread([float(to_axes.transform(points[-1])[1]) for points, _ in lines], 0.06)
    for (points, one), place in zip(lines, places, strict=True):
        x, y = to_axes.transform(points[-1])
        _write(axes, 1.06, place, f"{one['contestant']}  {_amount(points[-1][1], 'µs')}", one, axes.transAxes, "left")
        axes.plot(
            [x + 0.015, 1.04, 1.05],
            [y, place, place],
            transform=axes.transAxes,
            color=_colour(one),
            linewidth=0.7,
            alpha=0.7,
            clip_on=False,
        )


# ---------------------------------------------------------------------------------------------------------------------
# dots: all contestants at one size


@frozen
class Dots:
    """A chart with a line for each contestant, and in it a mark for each shape, on a logarithmic axis."""

    work: str
    size: str
    title: Callable[[Sequence[Row]], str]
    subtitle: str
    unit: str
    per: str
    hollow: Callable[[Row], bool]
    hollow_means: str | None

    def __call__(self, rows: Sequence[Row]) -> Figure | None:
        """Draw these rows."""
        chosen = [one for one in _picked(rows, self.work, size=self.size) if one["shape"] in MARKERS]
        chosen = [one for one in chosen if one.get("mark") not in {"live", "not applicable"}]
        names = _by_cost(chosen)
        if not names:
            return None
        height = 1.85 + 0.27 * len(names)
        figure = Figure(figsize=(WIDTH_INCHES, height))
        _title(figure, self.title(chosen), self.subtitle)
        axes = figure.add_axes((0.315, 0.5 / height, 0.475, 1 - 1.8 / height))
        self._frame(axes, names, chosen)
        for line, name in enumerate(names):
            self._line(axes, line, [one for one in chosen if one["contestant"] == name])
        self._legend(figure, chosen)
        return figure

    def _frame(self, axes: Axes, names: Sequence[str], rows: Sequence[Row]) -> None:
        axes.set_xscale("log")
        axes.set_xlim(*_limits([one for one in rows if _figure_of(one)]))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        _amounts(axes, axes.xaxis, self.unit)
        axes.set_xlabel(f"{self.per}, logarithmic scale", fontsize=9)
        for shape, column in COLUMNS.items():
            axes.text(
                column, -0.9, shape, transform=axes.get_yaxis_transform(), ha="right", va="center", fontweight="bold"
            )

    def _line(self, axes: Axes, line: int, rows: Sequence[Row]) -> None:
        ours = _is_ours(rows[0]["contestant"])
        beside = axes.get_yaxis_transform()
        name = rows[0]["contestant"] + ("" if _shows_all(rows) else " *")
        _write(axes, -0.02, line, name, rows[0], beside, "right")
        axes.axhline(line, color=GRID, linewidth=0.6, zorder=0)
        for one in rows:
            _write(axes, COLUMNS[one["shape"]], line, _cell(one, self.unit), one, beside, "right")
            if (figure := _figure_of(one)) is not None:
                axes.plot(
                    figure,
                    line,
                    MARKERS[one["shape"]],
                    color=_colour(one),
                    markersize=9 if ours else 7,
                    markeredgewidth=1.6,
                    fillstyle="none" if self.hollow(one) else "full",
                    clip_on=False,
                    zorder=3,
                )

    def _legend(self, figure: Figure, rows: Sequence[Row]) -> None:
        entries = _colours(rows) + [_entry(shape, marker, TEXT) for shape, marker in MARKERS.items()]
        if self.hollow_means and any(map(self.hollow, rows)):
            entries.append(_entry(self.hollow_means, "o", TEXT, "none"))
        if not _shows_all(rows):
            entries.append(_entry("value lags behind", "$*$", TEXT))
        _legend(figure, entries)


def _shows_all(rows: Iterable[Row]) -> bool:
    return all(one.get("shows", 1) == 1 for one in rows)


def _cell(one: Row, unit: str) -> str:
    figure = _figure_of(one)
    if figure is not None:
        return _amount(figure, unit)
    return f"> {_amount(one['at_least_us'], unit)}" if "at_least_us" in one else str(one["mark"])


def _by_cost(rows: Sequence[Row]) -> list[str]:
    def cost(name: str) -> float:
        figures = [one.get("at_least_us", _figure_of(one)) for one in rows if one["contestant"] == name]
        return geometric_mean(filter(None, figures)) if all(figures) else float("inf")

    return sorted({one["contestant"] for one in rows}, key=lambda name: (cost(name), name))


CHARTS: Final[dict[str, Callable[[Sequence[Row]], Figure | None]]] = {
    "growing": _growing,
    "values": Dots(
        "value-dropped",
        "100 KB",
        lambda rows: f"The document after every piece, at 100 KB: {_ours(rows)}",
        "time for a piece of 4 characters and the value after it",
        "µs",
        "time per piece",
        lambda one: bool(one.get("live")),
        "live: changes later",
    ),
    "wire": Dots(
        "wire",
        "100 KB",
        lambda rows: f"From bytes to a snapshot for every event: {_ours(rows)}",
        "time for an event; a document of 100 KB, its stream in pieces of 4 KB",
        "µs",
        "time per event",
        lambda one: one.get("gives") == "data",
        "decodes only, no document",
    ),
    "memory": Dots(
        "memory",
        "100 KB",
        lambda rows: f"Every version kept, as a snapshot: {_ours(rows, 'B', f'{OURS}, snapshots')} for each piece",
        "memory for each piece of a document of 100 KB when its value is kept, or its snapshot; the document included",
        "B",
        "bytes per piece",
        lambda _one: False,
        None,
    ),
}
