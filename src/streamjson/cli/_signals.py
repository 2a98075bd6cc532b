"""Signals that end or suspend the process, held back until it is safe to act on them.

    a signal, at any moment -> `Ended`, or a suspension, while the process waits

It owns the handlers of these signals inside a `with` block. It does not know the terminal that the block must restore.

Invariants:

- A signal acts only inside `waiting`: it never interrupts a frame, an event that is being applied, or the cleanup.
- After a signal that ends the process, further ones have no effect: `timeout` and shells send the same one twice.
- A signal that was ignored when the process started (`nohup`) stays ignored.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

from attrs import define, field

__all__ = ["Ended", "Signals"]


def _known(*names: str) -> tuple[signal.Signals, ...]:
    return tuple(signal.Signals[name] for name in names if name in signal.Signals.__members__)


# Windows has SIGINT and SIGTERM only.
_ENDING: Final = _known("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_SUSPENDING: Final = _known("SIGTSTP")


class Ended(BaseException):
    """A signal asked the process to end. `exit_code` is the code that a shell reports for that signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@define
class Signals:
    """Handles the signals inside a `with` block. The end of the block raises `Ended` if `received` is not None.

    `before_stop` is called before Ctrl-Z stops the process, `after_stop` when the process continues.
    """

    before_stop: Callable[[], None]
    after_stop: Callable[[], None]
    received: int | None = None
    _suspended_by: int | None = None
    _waiting: bool = False
    _previous: dict[int, Any] = field(factory=dict[int, Any])

    def __enter__(self) -> Self:
        for number in (*_ENDING, *_SUSPENDING):
            handler = signal.getsignal(number)
            if handler is not None and handler is not signal.SIG_IGN:  # None: a handler not set by Python
                self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if self.received is not None:  # also in place of an OSError: a terminal that hung up accepts no output
            raise Ended(self.received) from None

    @contextmanager
    def waiting(self) -> Generator[None, None, None]:
        """Act on the signals that were held back, and inside the block on each signal at once."""
        self._waiting = True
        try:
            self._act()
            yield
        finally:
            self._waiting = False

    def _handle(self, number: int, _: FrameType | None) -> None:
        if number in _SUSPENDING:
            self._suspended_by = number
        elif self.received is None:
            self.received = number
        self._act()

    def _act(self) -> None:
        # `_waiting` is off meanwhile: a second signal is only recorded, and the loop finds it.
        while self._waiting and (self.received is not None or self._suspended_by is not None):
            self._waiting = False
            if self.received is not None:
                raise Ended(self.received)
            if self._suspended_by is not None:
                self._suspend(self._suspended_by)
            self._waiting = True

    def _suspend(self, number: int) -> None:
        self._suspended_by = None
        self.before_stop()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # returns when the process continues
        signal.signal(number, self._handle)
        self.after_stop()
