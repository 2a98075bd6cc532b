"""Text -> steps and states: the path of a delta, the pattern that a user writes, and the automaton that matches it."""

from __future__ import annotations

from .automaton import Matcher, State
from .path import Path, append_step, format_path, parse_path, strip_prefix
from .pattern import EVERY, Pattern, Segment, Selector, compile_pattern

__all__ = [
    "EVERY",
    "Matcher",
    "Path",
    "Pattern",
    "Segment",
    "Selector",
    "State",
    "append_step",
    "compile_pattern",
    "format_path",
    "parse_path",
    "strip_prefix",
]
