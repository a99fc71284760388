"""LLM back ends behind one contract: ``complete(prompts) -> answers`` and a ``name``."""

from __future__ import annotations

from skellagnn.enhancers._base import Answer, Enhancer
from skellagnn.enhancers._callable import CallableEnhancer
from skellagnn.enhancers._detached import DetachedEnhancer
from skellagnn.enhancers._local_model import unload_models
from skellagnn.enhancers._openai import OpenAIEnhancer
from skellagnn.enhancers._replay import ReplayEnhancer
from skellagnn.enhancers._service import close_clients
from skellagnn.enhancers._shorthand import resolve_enhancer
from skellagnn.enhancers._thinking import strip_thinking
from skellagnn.enhancers._transformers import TransformersEnhancer

__all__ = [
    "Enhancer",
    "Answer",
    "TransformersEnhancer",
    "OpenAIEnhancer",
    "ReplayEnhancer",
    "CallableEnhancer",
    "DetachedEnhancer",
    "resolve_enhancer",
    "strip_thinking",
    "unload_models",
    "close_clients",
]
