"""A snapshot as a picture of a given size: a pure function from a snapshot and a status to lines of text.

    Snapshot, Status, columns, rows -> the text that rich prints

The containers on the path of the last change are open: one line for each, one line for each of its items around that
path; the changing line is marked and has a cursor. Everything beside that path is finished and folded into one line.
A document that has ended is opened from the top, level by level, as far as there is room.
A text without structure is shown as text; if it does not fit, its end is shown.

It owns the layout and the colours. Colours repeat what marks and brackets say, so the view is readable without them.
It does not know terminals, time or the origin of the snapshots.

Invariants: for any document, the view has no more lines than rows and is no wider than columns; no character of the
document steers the terminal. Lines are not padded and have no frame on the right, because terminals disagree about the
width of emoji.

Cost: O(rows * columns), for any document; only what is drawn is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Final

from attrs import define, frozen
from rich.cells import cell_len
from rich.text import Text

from streamjson import Snapshot
from streamjson._document import Step
from streamjson._paths import format_path

from ._cells import as_json, as_text, chop, cut_end, cut_start, wrap
from ._peek import Part, last_changed, root_of

__all__ = ["Status", "view"]


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
class _Glyphs:
    done: str
    changing: str
    broken: str
    state: str
    cursor: str
    ellipsis: str
    ascii_only: bool


_UNICODE: Final = _Glyphs("✓ ", "▸ ", "✗ ", "●", "▌", "…", ascii_only=False)
_ASCII: Final = _Glyphs("+ ", "> ", "x ", "*", "_", "...", ascii_only=True)

_STYLES: Final = {
    "object": "",
    "array": "",
    "string": "green",
    "number": "cyan",
    "boolean": "magenta",
    "null": "bright_black",
    "nothing": "bright_black",
}
_STATES: Final = {"waiting": "yellow", "open": "yellow", "done": "green", "eof": "green"}
_LABELS: Final = {"waiting": "waiting", "eof": "ended, no [DONE]"}
_BROKEN: Final = "red"
_ACCENT: Final = "bold yellow"
_FAINT: Final = "bright_black"


def view(
    snapshot: Snapshot, status: Status, columns: int, rows: int, *, fill: bool = True, ascii_only: bool = False
) -> Text:
    """Return the lines that show `snapshot` on `rows` rows: a title, the document, and the status at the bottom.

    With `fill`, there are exactly `rows` lines, else no more than needed.
    """
    columns, rows = max(columns, 1), max(rows, 1)
    page = _Page(columns, _ASCII if ascii_only else _UNICODE, broken=status.state not in _STATES)
    path = () if snapshot.complete else last_changed(snapshot)
    title = 1 if rows >= 3 else 0
    blank = 1 if rows >= 10 else 0  # above and below the document
    room = rows - 1 - title - 2 * blank
    lines = page.title(status.name, path)[:title] + [Text()] * blank
    lines += page.body(root_of(snapshot), path, room, complete=snapshot.complete) if room > 0 else []
    if fill:
        lines += [Text()] * (rows - 1 - len(lines))
    else:
        lines += [Text()] * blank
    lines.append(page.status(status))
    return Text("\n", no_wrap=True, overflow="crop", end="").join(lines)


@define
class _Line:
    """A line that accepts tokens until it is full. What does not fit is cut off in the end, with an ellipsis."""

    text: Text
    room: int

    def add(self, token: str, style: str = "") -> _Line:
        if self.room >= 0:
            self.text.append(token, style)
            self.room -= cell_len(token)
        return self

    @property
    def full(self) -> bool:
        return self.room < 0


@define
class _Page:
    columns: int
    glyphs: _Glyphs
    broken: bool

    # ------------------------------------------------------------------------------------------------------------------
    # around the document

    def title(self, name: str, path: tuple[Step, ...]) -> list[Text]:
        """Return a line with the name on the left and the end of the path on the right."""
        name = self._label(name)
        line = Text(cut_end(name, self.columns, self.glyphs.ellipsis), "bold")
        label = self._label(format_path(path))
        room = self.columns - cell_len(name) - 2
        if label and room >= 12:
            label = cut_start(label, room, self.glyphs.ellipsis)
            line.append(" " * (self.columns - cell_len(line.plain) - cell_len(label)))
            line.append(label, _ACCENT)
        return [line]

    def _label(self, text: str) -> str:
        return as_text(text.replace("\n", " "), ascii_only=self.glyphs.ascii_only)

    def status(self, status: Status) -> Text:
        """Return the status; if the line is narrow, the least important parts are left out first."""
        minutes, seconds = divmod(int(status.elapsed), 60)
        style = _STATES.get(status.state, _BROKEN)
        parts = [
            (f"{self.glyphs.state} {_LABELS.get(status.state, status.state)}", f"bold {style}"),
            (f"{status.events:,} events", ""),
            (f"{status.per_second:,.0f}/s", ""),
            (_size(status.bytes), _FAINT),
            (f"{minutes}:{seconds:02}", _FAINT),
        ]
        gap = "   " if self.columns >= 60 else "  "
        while len(parts) > 1 and sum(len(text) for text, _ in parts) + len(gap) * (len(parts) - 1) > self.columns:
            parts.pop()
        line = Text()
        for number, (text, part_style) in enumerate(parts):
            line.append(gap if number else "")
            line.append(text, part_style)
        return self._fit(line, self.columns)

    # ------------------------------------------------------------------------------------------------------------------
    # the document

    def body(self, root: Part, path: tuple[Step, ...], rows: int, *, complete: bool) -> list[Text]:
        """Return at most `rows` lines."""
        if root.kind == "nothing":
            return [Text("no document" if complete else "no document yet", f"italic {_FAINT}")]
        if root.kind == "string":
            return self._plain_text(root, rows, complete=complete)
        return self._overview(root, rows) if complete else self._around(root, path, rows)

    def _around(self, root: Part, path: tuple[Step, ...], rows: int) -> list[Text]:
        """Draw the containers on the path, and the items of each that are nearest to the path."""
        levels, step, part = _open_levels(root, path)
        hidden = max(0, len(levels) + 1 - rows)  # containers at the top that have no line
        if hidden:
            hidden = min(len(levels), hidden + 1)  # one more, for the line that counts them
        shown = levels[hidden:]
        free = rows - len(shown) - 1 - (1 if hidden and rows > 1 else 0)
        last_depth = len(levels)
        text = self._changing(part, step, last_depth, max(1, 1 + free // 2))
        free -= len(text) - 1
        shares = _share([_beside(level, at) for level, at in reversed(shown)], free)[::-1]
        above: list[Text] = []
        below: list[Text] = []
        if hidden and rows > 1:
            above.append(Text(f"  {self.glyphs.ellipsis} {hidden} levels up", f"italic {_FAINT}"))
        for number, ((level, at), (before, after)) in enumerate(zip(shown, shares, strict=True)):
            depth = hidden + number
            place, count = level.place_of(at), level.count
            above.append(
                self._header(
                    level, levels[depth - 1][1] if depth else None, depth, place - before, count - place - 1 - after
                )
            )
            above += [self._folded(level.child(one), one, depth + 1) for one in level.steps(place - before, place)]
            below[:0] = [
                self._folded(level.child(one), one, depth + 1) for one in level.steps(place + 1, place + 1 + after)
            ]
        return (above + text + below)[:rows]

    def _overview(self, root: Part, rows: int) -> list[Text]:
        """Open containers level by level, if there is room for all of their items.

        A container with more items is opened in part if nothing else would fill the lines.
        """
        opened: dict[Part, list[tuple[Step, Part]]] = {}  # each with the items that are shown
        needed = 1
        too_wide: Part | None = None
        queue: list[tuple[Part, Step | None, int]] = [(root, None, 0)]
        while queue:
            part, step, depth = queue.pop(0)
            if not part.count or not self._line_of(part, step, depth).full:
                continue
            if part.count + 1 > rows - needed:
                too_wide = too_wide or part
                continue
            opened[part] = list(part.items())
            needed += part.count + 1
            queue.extend((item, one, depth + 1) for one, item in opened[part])
        if too_wide is not None and rows - needed > rows // 2:
            opened[too_wide] = list(islice(too_wide.items(), rows - needed - 2))
        return list(self._unfold(root, None, 0, opened))[:rows]

    def _unfold(
        self, part: Part, step: Step | None, depth: int, opened: dict[Part, list[tuple[Step, Part]]]
    ) -> Iterator[Text]:
        if part not in opened:
            yield self._folded(part, step, depth)
            return
        items = opened[part]
        yield self._header(part, step, depth, 0, 0, done=True)
        for one, item in items:
            yield from self._unfold(item, one, depth + 1, opened)
        if len(items) < part.count:
            line = self._start("", depth + 1).add(
                f"{self.glyphs.ellipsis} {part.count - len(items):,} more", f"italic {_FAINT}"
            )
            yield self._finish(line)
        yield self._finish(self._start("", depth).add("}" if part.kind == "object" else "]"))

    def _header(
        self, part: Part, step: Step | None, depth: int, before: int, after: int, *, done: bool = False
    ) -> Text:
        line = self._start(self.glyphs.done if done else "", depth)
        self._add_key(line, step, "" if done else "bold")
        line.add("{" if part.kind == "object" else "[")
        counts = [f"{count:,} {where}" for count, where in ((before, "above"), (after, "below")) if count]
        if counts:
            line.add(f"  {self.glyphs.ellipsis} {', '.join(counts)}", f"italic {_FAINT}")
        return self._finish(line)

    def _folded(self, part: Part, step: Step | None, depth: int) -> Text:
        return self._finish(self._line_of(part, step, depth))

    def _line_of(self, part: Part, step: Step | None, depth: int) -> _Line:
        line = self._start(self.glyphs.done, depth)
        self._add_key(line, step)
        self._add_value(line, part)
        return line

    def _changing(self, part: Part, step: Step | None, depth: int, rows: int) -> list[Text]:
        """Draw the part that is changing; the end of a string, on up to `rows` lines."""
        line = self._start(self.glyphs.broken if self.broken else self.glyphs.changing, depth)
        self._add_key(line, step, _BROKEN if self.broken else _ACCENT)
        if part.kind != "string":
            self._add_value(line, part, "bold")
            return [self._finish(line)]
        indent = self._indent(depth + 1)
        width = max(1, self.columns - indent - len(self.glyphs.cursor))
        first = max(0, line.room - len(self.glyphs.cursor))
        if first < 8 and rows > 1:  # too little room beside the name
            first = 0
        # Whole lines are left out, so that the lines above the last one stand still while that one grows.
        length = part.length
        left_out = -(-max(0, length - first - width * (rows - 1)) // width) * width
        mark, text = (
            self.glyphs.ellipsis if left_out else '"',
            as_json(part.end(length - left_out), ascii_only=self.glyphs.ascii_only),
        )
        pieces = chop(mark + text, first, width)
        while text and len(pieces) > rows:  # escapes and wide characters take more cells than characters
            mark, text = self.glyphs.ellipsis, text[max(1, len(chop(text, width, width)[0])) :]
            pieces = chop(mark + text, first, width)
        pieces = pieces[-rows:]
        lines = [line.add(pieces[0], "bold green")]
        lines += [_Line(Text(" " * indent), self.columns - indent).add(piece, "bold green") for piece in pieces[1:]]
        lines[-1].add(self.glyphs.cursor, _BROKEN if self.broken else _ACCENT)
        return [self._finish(one) for one in lines]

    def _plain_text(self, root: Part, rows: int, *, complete: bool) -> list[Text]:
        width = max(1, self.columns - 2)
        text = root.end(rows * width)  # each line takes at least one character, an empty line its line break
        text = as_text(text, ascii_only=self.glyphs.ascii_only)
        wrapped = [piece for line in text.split("\n") for piece in wrap(line, width)]
        if complete and wrapped[-1] == "":
            wrapped.pop()
        lines = [Text("  ").append(piece) for piece in wrapped[-rows:]]
        if not complete:
            mark = (self.glyphs.broken, _BROKEN) if self.broken else (self.glyphs.changing, _ACCENT)
            last = Text().append(*mark).append(wrapped[-1], "bold").append(self.glyphs.cursor, mark[1])
            lines[-1] = self._fit(last, self.columns)
        return lines

    # ------------------------------------------------------------------------------------------------------------------
    # a line

    def _indent(self, depth: int) -> int:
        return 2 + min(2 * depth, self.columns // 3)

    def _start(self, mark: str, depth: int) -> _Line:
        line = _Line(Text(), self.columns)
        style = {self.glyphs.done: "green", self.glyphs.changing: _ACCENT, self.glyphs.broken: f"bold {_BROKEN}"}.get(
            mark, ""
        )
        return line.add(mark or "  ", style).add(" " * (self._indent(depth) - 2))

    def _add_key(self, line: _Line, step: Step | None, style: str = "") -> None:
        if isinstance(step, str):
            line.add(
                '"' + as_json(step[: max(line.room, 0) + 1], ascii_only=self.glyphs.ascii_only) + '"', style or "blue"
            ).add(": ", _FAINT)

    def _add_value(self, line: _Line, part: Part, emphasis: str = "") -> None:
        """Add as much of a value as fits."""
        if line.full:
            return
        kind = part.kind
        style = f"{emphasis} {_STYLES[kind]}".strip()
        if kind == "string":
            line.add('"' + as_json(part.start(line.room + 1), ascii_only=self.glyphs.ascii_only), style).add('"', style)
        elif kind in ("object", "array"):
            line.add("{" if kind == "object" else "[", _FAINT)
            for number, (step, item) in enumerate(part.items()):
                if line.full:
                    return
                if number:
                    line.add(", ", _FAINT)
                self._add_key(line, step)
                self._add_value(line, item, emphasis)
            line.add("}" if kind == "object" else "]", _FAINT)
        else:
            line.add(json.dumps(part.scalar()), style)

    def _finish(self, line: _Line) -> Text:
        return self._fit(line.text, self.columns)

    def _fit(self, text: Text, width: int) -> Text:
        if cell_len(text.plain) > width:
            ellipsis = self.glyphs.ellipsis[:width]
            text.truncate(width - len(ellipsis), overflow="crop")
            text.append(ellipsis, _FAINT)
        return text


def _open_levels(root: Part, path: tuple[Step, ...]) -> tuple[list[tuple[Part, Step]], Step | None, Part]:
    """Return the containers on the path, each with the step to the next one; then the last step, and the changed part.

    A container that was set whole is followed to its last item.
    """
    levels: list[tuple[Part, Step]] = []
    part, step = root, None
    for one in path:
        levels.append((part, one))
        part, step = part.child(one), one
    while part.count:
        step = part.last_step()
        levels.append((part, step))
        part = part.child(step)
    return levels, step, part


def _beside(level: Part, step: Step) -> tuple[int, int]:
    place = level.place_of(step)
    return place, level.count - place - 1


def _share(wanted: list[tuple[int, int]], free: int) -> list[tuple[int, int]]:
    """Return how many of the items before and after get a line: they take turns until no line is free."""
    given = [[0, 0] for _ in wanted]
    while free > 0:
        before = free
        for want, have in zip(wanted, given, strict=True):
            for side in (0, 1):
                if free > 0 and have[side] < want[side]:
                    have[side] += 1
                    free -= 1
        if free == before:
            break
    return [(before, after) for before, after in given]


def _size(count: int) -> str:
    size = float(count)
    units = ["B", "kB", "MB", "GB"]
    while size >= 999.95 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.0f} B" if units[0] == "B" else f"{size:.1f} {units[0]}"
