"""A change -> calls of the callbacks that are registered for its location, in order."""

from __future__ import annotations

from .cancellation import current_task, is_cancellation_of_another
from .dispatcher import Dispatcher
from .registration import Registration
from .subscription import Subscription

__all__ = ["Dispatcher", "Registration", "Subscription", "current_task", "is_cancellation_of_another"]
