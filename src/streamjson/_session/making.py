"""Options -> the session that reads their dialect."""

from __future__ import annotations

from .._dialects import DIALECTS
from .options import Options
from .session import Session
from .text_session import TextSession

__all__ = ["make_session"]


def make_session(options: Options) -> Session:
    """Return a new session. Raises `ValueError` for an unknown dialect, and for a wrapper of what is not text."""
    dialect = DIALECTS.get(options.dialect) if isinstance(options.dialect, str) else None
    if dialect is not None and dialect.brings_text:
        for name, default in (("path_prefix", ""), ("on_conflict", "error"), ("on_new_span", "error")):
            if getattr(options, name) != default:
                raise ValueError(f"{name} is for streams of deltas and paths, and a JSON text has none")
        return TextSession(options)
    if options.wrapper is not None:
        raise ValueError('wrapper is for JSON text: pass dialect="json_text"')
    return Session(options)
