"""LLM back ends behind one contract: ``complete(prompts) -> answers`` and a ``name``."""

from __future__ import annotations

from skellagnn.llm.enhancers._base import ANSWER_DETAILS as ANSWER_DETAILS
from skellagnn.llm.enhancers._base import Answer, Enhancer
from skellagnn.llm.enhancers._base import Unanswered as Unanswered
from skellagnn.llm.enhancers._callable import CallableEnhancer
from skellagnn.llm.enhancers._detached import DetachedEnhancer
from skellagnn.llm.enhancers._local_model import unload_models
from skellagnn.llm.enhancers._openai import OpenAIEnhancer
from skellagnn.llm.enhancers._replay import ReplayEnhancer
from skellagnn.llm.enhancers._service import close_clients
from skellagnn.llm.enhancers._shorthand import resolve_enhancer
from skellagnn.llm.enhancers._thinking import strip_thinking
from skellagnn.llm.enhancers._thinking import without_thinking as without_thinking
from skellagnn.llm.enhancers._transformers import TransformersEnhancer

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
