"""How often a client gets something new: not more often than it can show, nor than it can afford to read.

Some clients read all so far again at each frame: the AI SDK parses the text of a call again, AG-UI's client clones its
state, `useObject` parses its text. With a frame for each delta, a document of 100 KB kept them busy for 14 to 27 s. So
a frame costs what the client reads for it, and the next one waits until a budget of bytes per second has paid for that:
half a second at 12 KB, and a second at most. Such a client is then busy for a small part of the time.

It owns the time of the last frame and what it cost; the clock is given. Cost: O(1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["MAX_BYTES_PER_S", "MIN_INTERVAL_S", "Pacing"]

MIN_INTERVAL_S: Final = 0.125
"""Eight frames in a second: text still seems to flow, and a frame has more than its own frame."""
MAX_BYTES_PER_S: Final = 24_000
"""With it, a document of 100 KB takes the slowest client less than a second in all: see docs/outgoing.md."""
_LONGEST_S: Final = 1.0
"""However large the document is, its reader sees it grow."""


class Pacing:
    """Says when the next frame is due."""

    def __init__(self, min_interval_s: float, max_bytes_per_s: float | None, clock: Callable[[], float]) -> None:
        if not min_interval_s >= 0:
            raise ValueError(f"min_interval_s is not negative: {min_interval_s!r}")
        if max_bytes_per_s is not None and not max_bytes_per_s > 0:
            raise ValueError(f"max_bytes_per_s is more than 0, or None: {max_bytes_per_s!r}")
        self._min_interval_s = min_interval_s
        self._max_bytes_per_s = max_bytes_per_s
        self._clock = clock
        self._last: float | None = None  # when something new came to be sent, and was sent or held back as too little
        self._interval_s = 0.0

    def wait_s(self) -> float:
        """Return the seconds until the next frame may be sent; 0 if it may be sent now."""
        return self._until(self._interval_s)

    def quiet_s(self) -> float:
        """Return the seconds until the document counts as quiet, so that what grew too little may be sent."""
        return self._until(max(self._interval_s, _LONGEST_S if self._min_interval_s else 0.0))

    def _until(self, interval_s: float) -> float:
        return 0.0 if self._last is None else max(self._last + interval_s - self._clock(), 0.0)

    def note(self, cost_bytes: int) -> None:
        """Note that something new was looked at, and how many bytes the client reads for what was sent of it."""
        self._last, self._interval_s = self._clock(), self._min_interval_s
        if self._min_interval_s and self._max_bytes_per_s is not None:
            self._interval_s = max(self._interval_s, min(cost_bytes / self._max_bytes_per_s, _LONGEST_S))
