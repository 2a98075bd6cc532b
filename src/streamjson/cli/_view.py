"""A snapshot as a picture of a given size: a pure function from a snapshot and a status to lines of text.

    Snapshot, Status, columns, rows -> the text that rich prints

The containers on the path of the last change are open: one line for each, one line for each of its items around that
path; the changing line is marked and has a cursor. Everything beside that path is finished and folded into one line.
A document that has ended is opened from the top, level by level, as far as there is room.
A text without structure is shown as text; if it does not fit, its end is shown.

It owns the layout of a document, which `_parts_view` shares. Colours repeat what marks and brackets say, so the view is
readable without them. It does not know terminals, time or the origin of the snapshots.

Invariants: for any document, the view has no more lines than rows and is no wider than columns; no character of the
document steers the terminal.

Cost: O(rows * columns), for any document; only what is drawn is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Final

from attrs import define
from rich.text import Text

from streamjson import Snapshot
from streamjson._document import Step
from streamjson._paths import format_path

from ._cells import as_json, as_text, chop, wrap
from ._page import ACCENT, BROKEN, FAINT, Line, Page, Status
from ._peek import Part, last_changed, root_of

__all__ = ["DocumentPage", "Status", "share", "view"]

_STYLES: Final = {
    "object": "",
    "array": "",
    "string": "green",
    "number": "cyan",
    "boolean": "magenta",
    "null": "bright_black",
    "nothing": "bright_black",
}


def view(
    snapshot: Snapshot, status: Status, columns: int, rows: int, *, fill: bool = True, ascii_only: bool = False
) -> Text:
    """Return the lines that show `snapshot` on `rows` rows: a title, the document, and the status at the bottom.

    With `fill`, there are exactly `rows` lines, else no more than needed.
    """
    page = DocumentPage.of(status, columns, ascii_only=ascii_only)
    path = () if snapshot.complete else last_changed(snapshot)
    title = page.title(status.name, format_path(path))

    def body(rows: int) -> list[Text]:
        return page.body(root_of(snapshot), path, rows, complete=snapshot.complete)

    return page.framed(title, body, status, rows, fill=fill)


@define
class DocumentPage(Page):
    """Draws documents."""

    def body(self, root: Part, path: tuple[Step, ...], rows: int, *, complete: bool) -> list[Text]:
        """Return at most `rows` lines."""
        if root.kind == "nothing":
            words = Text("no document" if complete else "no document yet", f"italic {FAINT}")
            return [self.fit(words, self.columns)]
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
        shares = share([_beside(level, at) for level, at in reversed(shown)], free)[::-1]
        above: list[Text] = []
        below: list[Text] = []
        if hidden and rows > 1:
            above.append(Text(f"  {self.glyphs.ellipsis} {hidden} levels up", f"italic {FAINT}"))
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
            line = self.start("", depth + 1).add(
                f"{self.glyphs.ellipsis} {part.count - len(items):,} more", f"italic {FAINT}"
            )
            yield self.finish(line)
        yield self.finish(self.start("", depth).add("}" if part.kind == "object" else "]"))

    def _header(
        self, part: Part, step: Step | None, depth: int, before: int, after: int, *, done: bool = False
    ) -> Text:
        line = self.start(self.glyphs.done if done else "", depth)
        self._add_key(line, step, "" if done else "bold")
        line.add("{" if part.kind == "object" else "[")
        counts = [f"{count:,} {where}" for count, where in ((before, "above"), (after, "below")) if count]
        if counts:
            line.add(f"  {self.glyphs.ellipsis} {', '.join(counts)}", f"italic {FAINT}")
        return self.finish(line)

    def _folded(self, part: Part, step: Step | None, depth: int) -> Text:
        return self.finish(self._line_of(part, step, depth))

    def _line_of(self, part: Part, step: Step | None, depth: int) -> Line:
        line = self.start(self.glyphs.done, depth)
        self._add_key(line, step)
        self.add_value(line, part)
        return line

    def _changing(self, part: Part, step: Step | None, depth: int, rows: int) -> list[Text]:
        """Draw the part that is changing; the end of a string, on up to `rows` lines."""
        line = self.start(self.glyphs.broken if self.broken else self.glyphs.changing, depth)
        self._add_key(line, step, BROKEN if self.broken else ACCENT)
        if part.kind != "string":
            self.add_value(line, part, "bold")
            return [self.finish(line)]
        indent = self.indent(depth + 1)
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
        lines += [Line(Text(" " * indent), self.columns - indent).add(piece, "bold green") for piece in pieces[1:]]
        lines[-1].add(self.glyphs.cursor, BROKEN if self.broken else ACCENT)
        return [self.finish(one) for one in lines]

    def _plain_text(self, root: Part, rows: int, *, complete: bool) -> list[Text]:
        width = max(1, self.columns - 2)
        text = root.end(rows * width)  # each line takes at least one character, an empty line its line break
        text = as_text(text, ascii_only=self.glyphs.ascii_only)
        wrapped = [piece for line in text.split("\n") for piece in wrap(line, width)]
        if complete and wrapped[-1] == "":
            wrapped.pop()
        lines = [Text("  ").append(piece) for piece in wrapped[-rows:]]
        if not complete:
            mark = (self.glyphs.broken, BROKEN) if self.broken else (self.glyphs.changing, ACCENT)
            last = Text().append(*mark).append(wrapped[-1], "bold").append(self.glyphs.cursor, mark[1])
            lines[-1] = self.fit(last, self.columns)
        return lines

    def _add_key(self, line: Line, step: Step | None, style: str = "") -> None:
        if isinstance(step, str):
            line.add(
                '"' + as_json(step[: max(line.room, 0) + 1], ascii_only=self.glyphs.ascii_only) + '"', style or "blue"
            ).add(": ", FAINT)

    def add_value(self, line: Line, part: Part, emphasis: str = "") -> None:
        """Add as much of a value as fits."""
        if line.full:
            return
        kind = part.kind
        style = f"{emphasis} {_STYLES[kind]}".strip()
        if kind == "string":
            line.add('"' + as_json(part.start(line.room + 1), ascii_only=self.glyphs.ascii_only), style).add('"', style)
        elif kind in ("object", "array"):
            line.add("{" if kind == "object" else "[", FAINT)
            for number, (step, item) in enumerate(part.items()):
                if line.full:
                    return
                if number:
                    line.add(", ", FAINT)
                self._add_key(line, step)
                self.add_value(line, item, emphasis)
            line.add("}" if kind == "object" else "]", FAINT)
        else:
            line.add(json.dumps(part.scalar()), style)


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


def share(wanted: list[tuple[int, int]], free: int) -> list[tuple[int, int]]:
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
