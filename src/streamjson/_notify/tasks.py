"""What the event loop that runs, if one does, says of the task that runs: the one place where a core module asks.

Nothing is imported: where `asyncio` was never imported, no task of it runs. Other event loops have no such tasks; what
needs one says so.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["current_task", "is_cancellation_of_another"]


def current_task() -> Any:
    """Return the `asyncio.Task` that runs, None if none does."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        return asyncio.current_task()
    except RuntimeError:  # no event loop runs
        return None


def is_cancellation_of_another(error: BaseException) -> bool:
    """Tell whether an error is a cancellation, but not that of the task that runs: something that it awaited was."""
    task = current_task()
    if task is None or not isinstance(error, sys.modules["asyncio"].CancelledError):
        return False
    return not task.cancelling()
