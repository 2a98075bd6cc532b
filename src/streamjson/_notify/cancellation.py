"""What the running event loop knows about the current task. No other module of the core asks an event loop.

Nothing is imported: if `asyncio` was never imported, none of its tasks is running. Other event loops have no such
tasks; code that needs one says so.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["current_task", "is_cancellation_of_another"]


def current_task() -> Any:
    """Return the `asyncio.Task` that is running, or None."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        return asyncio.current_task()
    except RuntimeError:  # no running event loop
        return None


def is_cancellation_of_another(error: BaseException) -> bool:
    """Return whether an error is the cancellation of something that the running task awaited, not of that task."""
    task = current_task()
    if task is None or not isinstance(error, sys.modules["asyncio"].CancelledError):
        return False
    return not task.cancelling()
