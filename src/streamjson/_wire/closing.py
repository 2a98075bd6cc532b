"""Letting go of a source: its iterator, and what the iterator was made of, if they can be closed.

Generators have `close`, asynchronous ones `aclose`; a response or an SDK's stream may have either, or `release`, while
its iterator has none. What is closed is closed once, and one that raises does not keep the other open.

It knows neither events nor bytes.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

__all__ = ["aclose_all", "close_all"]


def close_all(*sources: object) -> None:
    """Close each source that can be closed. Raises what the first one raises, after the others are closed."""
    failure: Exception | None = None
    for source in _distinct(sources):
        close: Any = getattr(source, "close", None)
        if callable(close):
            try:
                close()
            except Exception as error:  # noqa: BLE001  # raised below
                failure = failure or error
    if failure is not None:
        raise failure


async def aclose_all(*sources: object) -> None:
    """Close each source that can be closed, as `close_all`, by `aclose`, `close` or `release`, and await that."""
    failure: Exception | None = None
    for source in _distinct(sources):
        names = ("aclose", "close", "release")
        close: Any = next((found for name in names if callable(found := getattr(source, name, None))), None)
        if close is not None:
            try:
                closing = close()
                if isawaitable(closing):
                    await closing
            except Exception as error:  # noqa: BLE001  # raised below
                failure = failure or error
    if failure is not None:
        raise failure


def _distinct(sources: tuple[object, ...]) -> list[object]:
    return [source for at, source in enumerate(sources) if not any(source is one for one in sources[:at])]
