"""Close a source: its iterator, and the object that the iterator was made from.

Generators have `close`, asynchronous generators `aclose`. A response or an SDK's stream may have either of them, or
`release`, while its iterator has no such method. Each object is closed once, even if another one raises.

Knows neither events nor bytes.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

__all__ = ["aclose_all", "close_all"]


def close_all(*sources: object) -> None:
    """Close each source that has `close`. Raises the first exception after all of them are closed."""
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
    """Close each source by `aclose`, `close` or `release`, awaiting the result; otherwise as `close_all`."""
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
