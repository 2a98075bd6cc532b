"""`streamjson watch`: a stream shown while it grows, in a terminal or as one picture.

It owns time and the terminal: when an event is due, when a frame is drawn, and that the terminal is restored. It does
not know the layouts (`_view`, `_parts_view`), nor how bytes become what is shown (`_source`, `_reading`).

Invariants:

- At most ten frames a second, however fast events come; at least one, so that the clock advances while nothing comes.
- One thread: a frame is drawn before an event is applied or while the process waits for input, never in between.
- Events are neither delayed nor dropped for a frame: at full speed, the last frame shows the current document.
- The terminal is restored before the process ends or stops, also after an error or a signal (except SIGKILL).

Cost: a frame costs what its layout costs, the same for any document. A picture needs what each event has shown, as the
number of events is known at the end.
"""

from __future__ import annotations

import argparse
import io
import os
import select
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import IO, TYPE_CHECKING, Final, Protocol

from attrs import define, field

from streamjson import StreamJSONError

from ._answer import AnswerShot
from ._arguments import is_url
from ._assemble import assemble_command
from ._console import flush_output, report
from ._opening import open_source
from ._reading import Reading, Shown, Stream
from ._signals import Ended, Signals
from ._source import OptionError, Source, state_of

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


class Showable(Protocol):
    """What can be shown: iterating reads it, and `snapshot` is what it shows now."""

    @property
    def snapshot(self) -> Shown: ...
    def __iter__(self) -> Iterator[object]: ...


@define
class Show:
    """Decides when an event is due and when a frame is.

    `speed` is in events per second, 0 for all at once; `draw` is called with what the stream shows and the status.
    """

    source: Source
    clock: Clock
    speed: float
    draw: Callable[[Shown, Status], None]
    _stream: Showable | None = None
    _began: float = 0.0
    _drawn_at: float | None = None
    _drawn_events: int = -1
    _past: deque[tuple[float, int]] = field(factory=deque[tuple[float, int]])

    def run(self, stream: Showable) -> StreamJSONError | None:
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

    def status(self, state: str, *, is_read: bool = False) -> Status:
        """Return the status; while the stream is open, its rate is that of the last seconds.

        `is_read` is whether all of the stream was read.
        """
        source, now = self.source, self.clock.now()
        running = state in _RUNNING
        since, counted = self._past[0] if self._past and running else (self._began, 0)
        rate = (source.events - counted) / (now - since) if now > since else 0.0
        position = source.received if is_read else source.position
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
    try:
        return show(arguments)
    except OptionError as error:
        report(f"error: {error}")
        return 2


def _play(arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415  # an extra
    from rich.live import Live  # noqa: PLC0415  # an extra

    console = Console(force_terminal=True, emoji=False, highlight=False, markup=False)

    def picture(shown: Shown, status: Status, *, fill: bool) -> Text:
        columns, rows = console.size
        rows -= 0 if fill else 1  # for the prompt
        return _view(shown, status, columns, rows, fill=fill, ascii_only=console.options.ascii_only)

    speed = arguments.speed
    if speed is None:
        speed = 0.0 if arguments.file == "-" or is_url(arguments.file) else FILE_EVENTS_PER_S
    live = Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
    screen = _Screen(live, console.file)
    failure: StreamJSONError | None = None
    rest = ""
    with open_source(arguments, reports_breaks=False) as source, Signals(screen.give_back, screen.take) as signals:
        show = Show(
            source,
            WallClock(signals),
            speed,
            lambda shown, status: live.update(picture(shown, status, fill=True), refresh=True),
        )
        source.before_read, source.before_event = show.before_read, show.before_event
        stream = Stream.of(source, arguments)
        try:
            screen.take()
            failure = show.run(stream)
        except Ended:
            pass  # `signals` raises it again after the last view was printed
        finally:
            screen.give_back()
        interrupted = signals.received is not None
        state = _state(stream.reading, failure, interrupted=interrupted)
        is_read = failure is None and not interrupted
        console.print(picture(stream.snapshot, show.status(state, is_read=is_read), fill=False))
        flush_output()
        if not interrupted:  # the last view is final: nothing is drawn or restored after it
            source.before_read, signals.before_stop, signals.after_stop = show.wait, _nothing, _nothing
            rest = stream.reading.describe_rest()
    return _verdict(source, stream.reading, failure, rest)


def _view(shown: Shown, status: Status, columns: int, rows: int, *, fill: bool, ascii_only: bool = False) -> Text:
    from ._parts_view import view_parts  # noqa: PLC0415  # needs rich
    from ._view import view  # noqa: PLC0415  # needs rich

    if isinstance(shown, AnswerShot):
        return view_parts(shown, status, columns, rows, fill=fill, ascii_only=ascii_only)
    return view(shown, status, columns, rows, fill=fill, ascii_only=ascii_only)


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


def _verdict(source: Source, reading: Reading, failure: StreamJSONError | None, rest: str) -> int:
    """Report what went wrong; return the exit code."""
    problems = reading.problems(failure, rest)
    for line in (*reading.warnings(), *source.warnings_of_bytes(), *problems):
        report(line)
    return 1 if problems else 0


def _nothing() -> None:
    pass


def _state(reading: Reading, failure: StreamJSONError | None, *, interrupted: bool) -> str:
    if interrupted:
        return "stopped"
    return reading.state() if failure is None else state_of(failure)


# ----------------------------------------------------------------------------------------------------------------------
# a picture


def _export(arguments: argparse.Namespace) -> int:
    """Write a picture of the view at one event of the stream."""
    shots: list[tuple[int, Shown]] = []  # the position and what is shown, after 0, 1, 2 ... events
    failure: StreamJSONError | None = None
    with open_source(arguments) as source:
        stream = Stream.of(source, arguments)
        source.before_event = lambda: shots.append((source.position, stream.snapshot))
        try:
            for _ in stream:
                pass
        except StreamJSONError as error:
            failure = error
        shots.append((source.received, stream.snapshot))
        events_read = source.events
        rest = stream.reading.describe_rest()
    wanted: int = arguments.export_at or round(events_read * EXPORT_AT)
    events = min(wanted, events_read)
    position, shown = shots[events]
    speed: float = arguments.speed or FILE_EVENTS_PER_S
    at_end = events == events_read
    state = _state(stream.reading, failure, interrupted=False) if at_end else "open"
    _write_picture(arguments, shown, _status(source.name, state, events, speed, position, events / speed))
    if events < wanted:
        report(
            f"warning: {source.name}: the stream ended after event {events}; the picture shows that, not event {wanted}"
        )
    return _verdict(source, stream.reading, failure, rest)


def _write_picture(arguments: argparse.Namespace, shown: Shown, status: Status) -> None:
    from rich.console import Console  # noqa: PLC0415  # an extra

    from ._picture import SVG, THEME  # noqa: PLC0415  # needs rich

    columns, rows = arguments.export_size or EXPORT_CELLS
    console = Console(
        file=io.StringIO(), record=True, width=columns, height=rows, force_terminal=True, color_system="truecolor",
        legacy_windows=False, no_color=False, _environ={},
    )  # fmt: skip
    console.print(_view(shown, status, columns, rows, fill=False))
    svg = console.export_svg(
        title=f"streamjson watch {status.name}", theme=THEME, code_format=SVG, unique_id="streamjson"
    )
    with open(arguments.export, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123  # as in `open_source`
        file.write("\n".join(line.rstrip() for line in svg.splitlines()).strip() + "\n")
