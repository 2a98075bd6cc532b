"""The writers of all providers, by name; see `answers`, which has what they share and the first of them."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from answers import WRITERS as FIRST_WRITERS, Script

from .ag_ui import ag_ui
from .ai_sdk import ai_sdk
from .bedrock import bedrock
from .cohere import cohere
from .ollama import ollama
from .opper import opper

__all__ = ["WRITERS"]

WRITERS: dict[str, Callable[..., st.SearchStrategy[Script]]] = {
    **FIRST_WRITERS,
    "bedrock": bedrock,
    "cohere": cohere,
    "ollama": ollama,
    "opper": opper,
    "ag_ui": ag_ui,
    "ai_sdk": ai_sdk,
}
