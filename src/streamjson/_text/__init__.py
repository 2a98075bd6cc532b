"""Pieces of a JSON text, cut anywhere -> the document, written as they arrive."""

from __future__ import annotations

from .boundaries import Boundaries
from .parser import Parser
from .saving import restore, save
from .utf8 import UTF8Reader
from .wrapping import FIRST_MODES, Wrapper

__all__ = [
    "FIRST_MODES",
    "Boundaries",
    "Parser",
    "UTF8Reader",
    "Wrapper",
    "restore",
    "save",
]
