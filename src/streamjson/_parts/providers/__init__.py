"""The providers, by name. One module each, over others that have a part of one, or what several share on the wire."""

from __future__ import annotations

from typing import Final

from ..provider import Provider
from .adk import ADK
from .ag_ui import AGUI
from .ai_sdk import AISDK
from .anthropic import Anthropic
from .bedrock import Bedrock
from .cohere import Cohere
from .gemini import Gemini
from .langchain import LangChain
from .ollama import Ollama
from .openai_chat import OpenAIChat
from .openai_responses import OpenAIResponses
from .opper import Opper

__all__ = ["PROVIDERS"]

_ALL: Final[tuple[type[Provider], ...]] = (
    OpenAIChat,
    OpenAIResponses,
    Anthropic,
    Gemini,
    ADK,
    LangChain,
    Bedrock,
    Cohere,
    Ollama,
    Opper,
    AGUI,
    AISDK,
)
PROVIDERS: Final[dict[str, type[Provider]]] = {provider.name: provider for provider in _ALL}
