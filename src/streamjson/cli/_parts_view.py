"""An answer as a picture of a given size: a pure function from its parts and a status to lines of text.

    AnswerShot, Status, columns, rows -> the text that rich prints

Each part has one line at least, as long as there are lines: a mark, then a call with its arguments, or the beginning of
a text. Rows that are left open parts: a heading, and the document under it, in the layout of `_view`.

- While the answer is read, the part that changed last is open and gets the most; those that grow beside it get as much,
  so that nothing jumps when they take turns. Texts that wait get little. What is whole stays folded.
- An answer that has ended is opened as far as there is room, its small parts first.

It owns the layout of parts. It does not know how a document is drawn.

Invariants: those of `_view`, for any answer.

Cost: O(rows * rows * columns), for any answer; only what is drawn is read.
"""

from __future__ import annotations

from typing import Final

from attrs import define, evolve, field
from rich.cells import cell_len
from rich.text import Text

from streamjson._paths import format_path

from ._answer import AnswerShot, PartShot
from ._cells import as_text, cut_end, cut_start
from ._page import ACCENT, BROKEN, FAINT, RUNNING, Line, Status
from ._peek import Part, last_changed, root_of
from ._view import DocumentPage, share

__all__ = ["view_parts"]

_INDENT: Final = 2
_MIN_INDENTED: Final = 20  # columns
_LEAST: Final = 4  # lines of a container that is opened: its brackets, an item, and the number of the others


def view_parts(
    answer: AnswerShot, status: Status, columns: int, rows: int, *, fill: bool = True, ascii_only: bool = False
) -> Text:
    """Return the lines that show `answer` on `rows` rows, as `view` does for a document."""
    page = DocumentPage.of(status, columns, ascii_only=ascii_only)
    layout = _Layout(page, answer, is_running=status.state in RUNNING)
    title = page.title(status.name, layout.place(), answer.provider or "")
    return page.framed(title, layout.lines, status, rows, fill=fill)


@define
class _Layout:
    """Shares rows among parts."""

    page: DocumentPage
    answer: AnswerShot
    is_running: bool

    def place(self) -> str:
        """Return where the answer changed last, unless it has ended well."""
        if not self.answer.parts:
            return ""
        shot = self.answer.parts[self.answer.changed]
        if shot.snapshot.complete or not (self.is_running or self.page.broken):
            return ""
        name = (shot.name or shot.kind)[: self.page.columns]
        path = format_path(last_changed(shot.snapshot))
        return f"{name}: {path}" if path else name

    def lines(self, rows: int) -> list[Text]:
        """Return at most `rows` lines."""
        parts = self.answer.parts
        if not parts:
            words = Text("no answer yet" if self.is_running else "no answer", f"italic {FAINT}")
            return [self.page.fit(words, self.page.columns)]
        first, stop, above, below = self._window(rows)
        shown = [
            _PartView(self.page, shot, is_changing=place == self.answer.changed and self.is_running)
            for place, shot in enumerate(parts[first:stop], first)
        ]
        given = self._shares(shown, rows - len(shown) - bool(above) - bool(below))
        lines = [self._count(above, "above")] if above else []
        for part, free in zip(shown, given, strict=True):
            lines += part.lines(free)
        return lines + ([self._count(below, "below")] if below else [])

    def _count(self, count: int, where: str) -> Text:
        return self.page.fit(
            Text(f"  {self.page.glyphs.ellipsis} {count:,} {where}", f"italic {FAINT}"), self.page.columns
        )

    def _window(self, rows: int) -> tuple[int, int, int, int]:
        """Return the first part that has a line and the one after the last, and how many are counted around them."""
        center, total = self.answer.changed, len(self.answer.parts)
        before, after = center, total - center - 1
        lines = (rows - 1) // 2 if self.is_running else rows - 1
        if before + after <= lines:
            return 0, total, 0, 0
        ((shown_before, shown_after),) = share([(before, after)], lines)
        # A line that counts takes the place of a part.
        above = bool(shown_before) and shown_before < before
        below = bool(shown_after) and shown_after < after
        first, stop = center - shown_before + above, center + 1 + shown_after - below
        return first, stop, first * above, (total - stop) * below

    def _shares(self, shown: list[_PartView], free: int) -> list[int]:
        """Return how many lines each part gets beside its own."""
        if free <= 0:
            return [0] * len(shown)
        if not self.is_running:
            wanted = [part.wanted(max(free, part.least)) for part in shown]
            return _useful(wanted, [part.least for part in shown], free)
        waiting = _fair([part.wanted(free) if part.is_waiting else 0 for part in shown], free // 4)
        free -= sum(waiting)
        growing = _fair([part.wanted(free) if part.is_growing else 0 for part in shown], free)
        return list(map(sum, zip(waiting, growing, strict=True)))


@define
class _PartView:
    """Draws a part."""

    page: DocumentPage
    shot: PartShot
    is_changing: bool
    _root: Part = field(init=False)
    _wanted: list[Text] = field(factory=list[Text], init=False)

    def __attrs_post_init__(self) -> None:
        self._root = root_of(self.shot.snapshot)

    @property
    def is_growing(self) -> bool:
        """Whether it changes, or may change at any time because its JSON is not whole."""
        shot = self.shot
        return self.is_changing or (shot.is_open and not shot.is_whole and self._root.kind not in ("string", "nothing"))

    @property
    def is_waiting(self) -> bool:
        """Whether it is a text of which nobody knows whether more comes."""
        return self.shot.is_open and not self.is_growing and self._root.kind == "string"

    @property
    def least(self) -> int:
        """The least number of lines beside its own that say more than one line does."""
        return 1 if self._root.kind == "string" else _LEAST

    def wanted(self, rows: int) -> int:
        """Return how many lines it needs beside its own, at most `rows`."""
        if not self.is_growing and self._folded()[1]:
            return 0
        self._wanted = self._document(rows)
        return len(self._wanted)

    def lines(self, free: int) -> list[Text]:
        """Return its lines: one, or a heading and at most `free` lines of its document."""
        if free <= 0 or (free == 1 and not self.is_changing):
            return [self._folded()[0]]
        # A document that gets the lines it wants must not be drawn for fewer: it would then save some for its text.
        document = self._wanted if 0 < len(self._wanted) <= free else self._document(free)
        return [self._heading(), *document]

    # ------------------------------------------------------------------------------------------------------------------

    def _document(self, rows: int) -> list[Text]:
        page, shot = self.page, self.shot
        indent = _INDENT if page.columns >= _MIN_INDENTED else 0
        if self._root.kind == "nothing":
            return []
        page = evolve(page, columns=page.columns - indent, broken=self._is_broken)
        is_still = shot.is_whole or (self.is_waiting and not self._is_broken)
        path = () if is_still else last_changed(shot.snapshot)
        lines = page.body(self._root, path, rows, complete=is_still)
        return [Text(" " * indent).append_text(line) for line in lines]

    @property
    def _is_broken(self) -> bool:
        shot = self.shot
        return bool(shot.problem) or (shot.is_open and not shot.is_whole and self.page.broken)

    def _mark(self) -> Line:
        glyphs = self.page.glyphs
        if self._is_broken:
            mark = glyphs.broken
        elif not self.shot.is_open:
            mark = glyphs.done
        else:
            mark = glyphs.changing if self.is_changing else ""
        return self.page.start(mark, 0)

    def _heading(self) -> Text:
        line = self._mark()
        style = f"bold {BROKEN}" if self._is_broken else ACCENT if self.is_changing else "bold"
        line.add(self._name(line.room), style)
        if self.shot.kind == "call":
            line.add(f"({self.page.glyphs.ellipsis})", FAINT)
        return self._with_note(line, self.page.columns, is_heading=True)

    def _folded(self) -> tuple[Text, bool]:
        """Return the part on one line, and whether all of it is there."""
        line = self._mark()
        room = self.page.columns - self._note_room()
        line.room -= self.page.columns - room
        line.add(self._name(line.room), "bold")
        if self.shot.kind == "call":
            line.add("(")
            if self._root.kind != "nothing":
                self.page.add_value(line, self._root)
            elif self.shot.is_open:
                line.add(self.page.glyphs.ellipsis, FAINT)
            line.add(")")
        elif self._root.kind == "string":
            self._add_text(line.add("  "))
        elif self._root.kind != "nothing":
            self.page.add_value(line.add("  "), self._root)
        has_lines = self._root.kind == "string" and "\n" in self._root.start(self.page.columns)
        return self._with_note(line, room, is_heading=False), not (line.full or has_lines)

    def _add_text(self, line: Line) -> None:
        """Add the beginning of a text, or the end of one that changes."""
        room = max(line.room, 0)
        ascii_only = self.page.glyphs.ascii_only
        if self.is_changing:
            text = as_text(self._root.end(room + 1).replace("\n", " "), ascii_only=ascii_only)
            line.add(cut_start(text, room, self.page.glyphs.ellipsis))
        else:
            line.add(as_text(self._root.start(room + 1).replace("\n", " "), ascii_only=ascii_only))

    def _name(self, room: int) -> str:
        shot = self.shot
        name = shot.name if shot.name is not None else shot.kind
        choice = f" of choice {shot.choice}" if shot.choice else ""
        return self.page.label(name[: max(room, 0) + 1]) + choice

    def _note(self, *, is_heading: bool) -> str:
        """Return how it ended: always if that was not good, else in a heading."""
        shot = self.shot
        finish = self.page.label(shot.finish[: self.page.columns]) if shot.finish else ""
        if shot.problem:
            return f"{shot.problem} ({finish})" if finish else shot.problem
        return finish if is_heading and not shot.is_open else ""

    def _note_room(self) -> int:
        """Return the columns for the note beside a folded part; a third of the line, at most."""
        note = self._note(is_heading=False)
        return min(cell_len(note) + 2, self.page.columns // 3) if note else 0

    def _with_note(self, line: Line, room: int, *, is_heading: bool) -> Text:
        text = self.page.fit(line.text, room)
        note = self._note(is_heading=is_heading)
        left = self.page.columns - cell_len(text.plain) - 2
        if note and left > 0:
            note = cut_end(note, left, self.page.glyphs.ellipsis)
            text.append("  ").append(note, BROKEN if self.shot.problem else FAINT)
        return text


def _useful(wanted: list[int], least: list[int], free: int) -> list[int]:
    """Return how many lines each gets: what it wants, at least its least number, or nothing."""
    wanted = list(wanted)
    while True:
        given = _fair(wanted, free)
        short = [at for at, count in enumerate(given) if count < min(wanted[at], least[at])]
        if not short:
            return given
        wanted[max(short, key=wanted.__getitem__)] = 0


def _fair(wanted: list[int], free: int) -> list[int]:
    """Return how many lines each gets: none more than it wants; those that want more share what is left equally."""
    given = [0] * len(wanted)
    left = len(wanted)
    for place in sorted(range(len(wanted)), key=wanted.__getitem__):
        given[place] = min(wanted[place], free // left)
        free -= given[place]
        left -= 1
    return given
