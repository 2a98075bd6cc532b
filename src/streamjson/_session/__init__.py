"""Events -> changes of the document, by the rules: what an event means, what is an error, and when the stream ends."""

from __future__ import annotations

from .making import make_session
from .options import AssemblerOptions, Options
from .session import Session

__all__ = ["AssemblerOptions", "Options", "Session", "make_session"]
