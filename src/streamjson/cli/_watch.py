"""`streamjson watch`: a stream shown while it grows, in a terminal or as one picture.

It owns time and the terminal: when an event is due, when a frame is drawn, and that the terminal is restored. It does
not know the layout (`_view`), nor how bytes become snapshots (`_source`).

Invariants:

- At most ten frames a second, however fast events come; at least one, so that the clock advances while nothing comes.
- One thread: a frame is drawn before an event is applied or while the process waits for input, never in between.
- Events are neither delayed nor dropped for a frame: at full speed, the last frame shows the current document.
- The terminal is restored before the process ends or stops, also after an error or a signal (except SIGKILL).

Cost: a frame costs what `_view` costs, the same for any document.
"""

from __future__ import annotations

import argparse
import io
import os
import select
import sys
import time
from collections import deque
from collections.abc import Callable
from importlib import import_module
from typing import IO, TYPE_CHECKING, Final, Protocol

from attrs import define, field

from streamjson import Snapshot, SnapshotStream, StreamJSONError

from ._assemble import assemble_command
from ._console import flush_output, report
from ._signals import Ended, Signals
from ._source import Source, open_input, state_of

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from ._view import Status

__all__ = ["Clock", "Show", "watch_command"]

FRAME_INTERVAL_S: Final = 0.1
IDLE_INTERVAL_S: Final = 1.0
RATE_WINDOW_S: Final = 2.0  # the time over which events per second are counted
FILE_EVENTS_PER_S: Final = 60.0
EXPORT_AT: Final = 0.6  # of the events
EXPORT_CELLS: Final = (80, 24)  # columns, rows
_RUNNING: Final = ("waiting", "open")

NEEDS_RICH: Final = "error: `watch` needs rich: pip install 'streamjson-assembler[cli]'"


class Clock(Protocol):
    """The time that a show uses; `readable` waits for input, at most `seconds`."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    def readable(self, descriptor: int, seconds: float) -> bool: ...


@define
class WallClock:
    """The real time. Signals end or suspend the show while it waits."""

    signals: Signals

    def now(self) -> float:
        """Return seconds since an unspecified moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        with self.signals.waiting():
            time.sleep(seconds)

    def readable(self, descriptor: int, seconds: float) -> bool:
        """Wait for input. Where the system can't wait for a file, the read itself waits."""
        with self.signals.waiting():
            return sys.platform == "win32" or bool(select.select([descriptor], [], [], seconds)[0])


@define
class Show:
    """Decides when an event is due and when a frame is.

    `speed` is in events per second, 0 for all at once; `draw` is called with the snapshot and the status.
    """

    source: Source
    clock: Clock
    speed: float
    draw: Callable[[Snapshot, Status], None]
    _stream: SnapshotStream | None = None
    _began: float = 0.0
    _drawn_at: float | None = None
    _drawn_events: int = -1
    _past: deque[tuple[float, int]] = field(factory=deque[tuple[float, int]])

    def run(self, stream: SnapshotStream) -> StreamJSONError | None:
        """Show the stream to its end; return the error that ended it, or None."""
        self._stream = stream
        self._began = self.clock.now()
        try:
            for _ in stream:
                pass
        except StreamJSONError as error:
            return error
        return None

    def before_read(self) -> None:
        """Draw while there is no input."""
        self._frame()
        while not self.clock.readable(self.source.descriptor, self._until_frame()):
            self._frame()

    def wait(self) -> None:
        """Wait for input without drawing."""
        while not self.clock.readable(self.source.descriptor, IDLE_INTERVAL_S):
            pass

    def before_event(self) -> None:
        """Draw until the next event is due."""
        self._frame()
        if self.speed:
            due = self._began + self.source.events / self.speed
            while (wait := due - self.clock.now()) > 0:
                self.clock.sleep(min(wait, self._until_frame()))
                self._frame()

    def status(self, state: str) -> Status:
        """Return the status; while the stream is open, its rate is that of the last seconds."""
        source, now = self.source, self.clock.now()
        running = state in _RUNNING
        since, counted = self._past[0] if self._past and running else (self._began, 0)
        rate = (source.events - counted) / (now - since) if now > since else 0.0
        position = source.received if state in ("done", "eof") else source.position
        return _status(source.name, state, source.events, rate, position, now - self._began)

    def _frame(self) -> None:
        """Draw a frame, if one is due."""
        now = self.clock.now()
        if self._stream is None or (self._drawn_at is not None and now < self._next_frame()):
            return
        self._past.append((now, self.source.events))
        while now - self._past[0][0] > RATE_WINDOW_S:
            self._past.popleft()
        self._drawn_at, self._drawn_events = now, self.source.events
        self.draw(self._stream.snapshot, self.status("open" if self.source.events else "waiting"))

    def _next_frame(self) -> float:
        changed = self.source.events != self._drawn_events
        return (self._drawn_at or 0.0) + (FRAME_INTERVAL_S if changed else IDLE_INTERVAL_S)

    def _until_frame(self) -> float:
        return max(self._next_frame() - self.clock.now(), 0.0)


def _status(name: str, state: str, events: int, rate: float, position: int, elapsed: float) -> Status:
    from ._view import Status  # noqa: PLC0415  # needs rich

    return Status(name, state, events, rate, position, elapsed)


def watch_command(arguments: argparse.Namespace) -> int:
    """Show the stream, or print its document if there is no terminal; return the exit code."""
    if arguments.export is not None:
        show: Callable[[argparse.Namespace], int] = _export
    elif sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown"):
        show = _play
    else:
        return assemble_command(arguments)
    try:
        import_module("rich")
    except ImportError:
        report(NEEDS_RICH)
        return 2
    return show(arguments)


def _play(arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415  # an extra
    from rich.live import Live  # noqa: PLC0415  # an extra

    from ._view import view  # noqa: PLC0415  # needs rich

    console = Console(force_terminal=True, emoji=False, highlight=False, markup=False)

    def picture(snapshot: Snapshot, status: Status, *, fill: bool) -> Text:
        columns, rows = console.size
        rows -= 0 if fill else 1  # for the prompt
        return view(snapshot, status, columns, rows, fill=fill, ascii_only=console.options.ascii_only)

    speed = arguments.speed
    if speed is None:
        speed = 0.0 if arguments.file == "-" else FILE_EVENTS_PER_S
    live = Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
    screen = _Screen(live, console.file)
    failure: StreamJSONError | None = None
    rest = ""
    with open_input(arguments.file) as descriptor, Signals(screen.give_back, screen.take) as signals:
        source = Source(descriptor, arguments.file)
        show = Show(
            source,
            WallClock(signals),
            speed,
            lambda snapshot, status: live.update(picture(snapshot, status, fill=True), refresh=True),
        )
        source.before_read, source.before_event = show.before_read, show.before_event
        stream = source.snapshots(arguments)
        try:
            screen.take()
            failure = show.run(stream)
        except Ended:
            pass  # `signals` raises it again after the last view was printed
        finally:
            screen.give_back()
        state = _state(stream.snapshot, failure, interrupted=signals.received is not None, is_text=source.is_text)
        console.print(picture(stream.snapshot, show.status(state), fill=False))
        flush_output()
        if signals.received is None:  # the last view is final: nothing is drawn or restored after it
            source.before_read, signals.before_stop, signals.after_stop = show.wait, _nothing, _nothing
            rest = source.describe_rest(stream)
    return _verdict(source, stream, failure, rest)


@define
class _Screen:
    """The alternate screen, without cursor and autowrap; `give_back` restores the terminal."""

    live: Live
    file: IO[str]

    def take(self) -> None:
        # Autowrap (DECAWM) is off: terminals disagree about the width of some emoji, and a line that is one cell too
        # long must not push the others down.
        self.file.write("\x1b[?7l")
        self.live.start(refresh=True)

    def give_back(self) -> None:
        try:
            self.live.stop()
        finally:
            self.file.write("\x1b[?7h")
            self.file.flush()


def _verdict(source: Source, stream: SnapshotStream, failure: StreamJSONError | None, rest: str) -> int:
    """Report what went wrong; return the exit code."""
    for line in (*source.warnings(stream), *source.warnings_of_bytes()):
        report(line)
    if failure is not None:
        report(source.describe(failure))
    elif rest:
        report(rest)
    elif stream.snapshot.version == 0:
        report(source.describe_empty())
    else:
        return 0
    return 1


def _nothing() -> None:
    pass


def _state(snapshot: Snapshot, failure: StreamJSONError | None, *, interrupted: bool, is_text: bool) -> str:
    if interrupted:
        return "stopped"
    if failure is not None:
        return state_of(failure)
    return "done" if is_text and snapshot.end == "eof" else snapshot.end


# ----------------------------------------------------------------------------------------------------------------------
# a picture


def _export(arguments: argparse.Namespace) -> int:
    """Write a picture of the view at one event of the stream."""
    shots: list[tuple[int, Snapshot]] = []  # the position and the document, after 0, 1, 2 ... events
    failure: StreamJSONError | None = None
    with open_input(arguments.file) as descriptor:
        source = Source(descriptor, arguments.file)
        stream = source.snapshots(arguments)
        source.before_event = lambda: shots.append((source.position, stream.snapshot))
        try:
            for _ in stream:
                pass
        except StreamJSONError as error:
            failure = error
        shots.append((source.received, stream.snapshot))
        events_read = source.events
        rest = source.describe_rest(stream)
    wanted: int = arguments.export_at or round(events_read * EXPORT_AT)
    events = min(wanted, events_read)
    position, snapshot = shots[events]
    speed: float = arguments.speed or FILE_EVENTS_PER_S
    at_end = events == events_read
    state = _state(snapshot, failure, interrupted=False, is_text=source.is_text) if at_end else "open"
    _write_picture(arguments, snapshot, _status(source.name, state, events, speed, position, events / speed))
    if events < wanted:
        report(
            f"warning: {source.name}: the stream ended after event {events}; the picture shows that, not event {wanted}"
        )
    return _verdict(source, stream, failure, rest)


def _write_picture(arguments: argparse.Namespace, snapshot: Snapshot, status: Status) -> None:
    from rich.console import Console  # noqa: PLC0415  # an extra

    from ._picture import SVG, THEME  # noqa: PLC0415  # needs rich
    from ._view import view  # noqa: PLC0415  # needs rich

    columns, rows = arguments.export_size or EXPORT_CELLS
    console = Console(
        file=io.StringIO(), record=True, width=columns, height=rows, force_terminal=True, color_system="truecolor",
        legacy_windows=False, no_color=False, _environ={},
    )  # fmt: skip
    console.print(view(snapshot, status, columns, rows, fill=False))
    svg = console.export_svg(
        title=f"streamjson watch {status.name}", theme=THEME, code_format=SVG, unique_id="streamjson"
    )
    with open(arguments.export, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123  # as in `open_input`
        file.write("\n".join(line.rstrip() for line in svg.splitlines()).strip() + "\n")
