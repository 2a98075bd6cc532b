"""The page of a view, whatever it shows: its title, its status, its marks and colours, and lines of a given width.

    text, styles, columns -> lines that fit

It does not know documents. Invariant: no line is wider than the page; no character of a name steers the terminal. Lines
are not padded and have no frame on the right, because terminals disagree about the width of emoji.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Self

from attrs import define, frozen
from rich.cells import cell_len
from rich.text import Text

from ._cells import as_text, cut_end, cut_start

__all__ = ["ACCENT", "BROKEN", "FAINT", "RUNNING", "Line", "Page", "Status"]


@frozen
class Status:
    """The state of the stream, shown beside the document.

    `state` is "waiting", "open", "done", "eof", or the way in which the stream broke ("cut off", "failed", "bad event",
    "stopped"); `per_second` is the number of events in a second; `elapsed` is in seconds.
    """

    name: str
    state: str
    events: int
    per_second: float
    bytes: int
    elapsed: float


@frozen
class Glyphs:
    """The marks of a page."""

    done: str
    changing: str
    broken: str
    state: str
    cursor: str
    ellipsis: str
    ascii_only: bool


_UNICODE: Final = Glyphs("✓ ", "▸ ", "✗ ", "●", "▌", "…", ascii_only=False)
_ASCII: Final = Glyphs("+ ", "> ", "x ", "*", "_", "...", ascii_only=True)

RUNNING: Final = ("waiting", "open")
_STATES: Final = {"waiting": "yellow", "open": "yellow", "done": "green", "eof": "green"}
_LABELS: Final = {"waiting": "waiting", "eof": "ended, no [DONE]"}
BROKEN: Final = "red"
ACCENT: Final = "bold yellow"
FAINT: Final = "bright_black"


@define
class Line:
    """A line that accepts tokens until it is full. What does not fit is cut off in the end, with an ellipsis."""

    text: Text
    room: int

    def add(self, token: str, style: str = "") -> Line:
        """Add a token, if the line is not full."""
        if self.room >= 0:
            self.text.append(token, style)
            self.room -= cell_len(token)
        return self

    @property
    def full(self) -> bool:
        """Whether something did not fit."""
        return self.room < 0


@define
class Page:
    """Draws lines of a width. `broken` is whether what changes is where the stream broke."""

    columns: int
    glyphs: Glyphs
    broken: bool

    @classmethod
    def of(cls, status: Status, columns: int, *, ascii_only: bool) -> Self:
        """Return the page for a status."""
        return cls(max(columns, 1), _ASCII if ascii_only else _UNICODE, broken=status.state not in _STATES)

    def framed(self, title: Text, body: Callable[[int], list[Text]], status: Status, rows: int, *, fill: bool) -> Text:
        """Return the lines of a page: the title, what `body` draws on the rows between, and the status.

        With `fill`, there are exactly `rows` lines, else no more than needed.
        """
        rows = max(rows, 1)
        titles = 1 if rows >= 3 else 0
        blank = 1 if rows >= 10 else 0  # above and below the body
        room = rows - 1 - titles - 2 * blank
        lines = [title] * titles + [Text()] * blank
        lines += body(room) if room > 0 else []
        if fill:
            lines += [Text()] * (rows - 1 - len(lines))
        else:
            lines += [Text()] * blank
        lines.append(self.status(status))
        return Text("\n", no_wrap=True, overflow="crop", end="").join(lines)

    def title(self, name: str, place: str, note: str = "") -> Text:
        """Return a line with the name on the left, a note beside it, and the end of the place on the right."""
        name = self.label(name)
        line = Text(cut_end(name, self.columns, self.glyphs.ellipsis), "bold")
        room = self.columns - cell_len(name) - 2
        if note and room >= len(note):
            line.append(f"  {note}", FAINT)
            room -= len(note) + 2
        label = self.label(place)
        if label and room >= 12:
            label = cut_start(label, room, self.glyphs.ellipsis)
            line.append(" " * (self.columns - cell_len(line.plain) - cell_len(label)))
            line.append(label, ACCENT)
        return line

    def label(self, text: str) -> str:
        """Return text as one line."""
        return as_text(text.replace("\n", " "), ascii_only=self.glyphs.ascii_only)

    def status(self, status: Status) -> Text:
        """Return the status; if the line is narrow, the least important parts are left out first."""
        minutes, seconds = divmod(int(status.elapsed), 60)
        style = _STATES.get(status.state, BROKEN)
        parts = [
            (f"{self.glyphs.state} {_LABELS.get(status.state, status.state)}", f"bold {style}"),
            (f"{status.events:,} events", ""),
            (f"{status.per_second:,.0f}/s", ""),
            (_size(status.bytes), FAINT),
            (f"{minutes}:{seconds:02}", FAINT),
        ]
        gap = "   " if self.columns >= 60 else "  "
        while len(parts) > 1 and sum(len(text) for text, _ in parts) + len(gap) * (len(parts) - 1) > self.columns:
            parts.pop()
        line = Text()
        for number, (text, part_style) in enumerate(parts):
            line.append(gap if number else "")
            line.append(text, part_style)
        return self.fit(line, self.columns)

    # ------------------------------------------------------------------------------------------------------------------
    # a line

    def indent(self, depth: int) -> int:
        """Return the cells before an item at a depth."""
        return 2 + min(2 * depth, self.columns // 3)

    def start(self, mark: str, depth: int) -> Line:
        """Return a line with its mark and its indent."""
        line = Line(Text(), self.columns)
        style = {self.glyphs.done: "green", self.glyphs.changing: ACCENT, self.glyphs.broken: f"bold {BROKEN}"}.get(
            mark, ""
        )
        return line.add(mark or "  ", style).add(" " * (self.indent(depth) - 2))

    def finish(self, line: Line) -> Text:
        """Return a line as text that fits."""
        return self.fit(line.text, self.columns)

    def fit(self, text: Text, width: int) -> Text:
        """Return a text, without its end if it is wider than `width` cells."""
        if cell_len(text.plain) > width:
            ellipsis = self.glyphs.ellipsis[:width]
            text.truncate(width - len(ellipsis), overflow="crop")
            text.append(ellipsis, FAINT)
        return text


def _size(count: int) -> str:
    size = float(count)
    units = ["B", "kB", "MB", "GB"]
    while size >= 999.95 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.0f} B" if units[0] == "B" else f"{size:.1f} {units[0]}"
