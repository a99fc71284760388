"""Graph neural networks on text-attributed graphs, with a few LLM calls where they pay."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skellagnn import datasets as datasets
    from skellagnn import enhancers as enhancers
    from skellagnn import inspection as inspection
    from skellagnn import prompts as prompts
    from skellagnn.base.config import config_context as config_context
    from skellagnn.classifier import ELLaGNNClassifier as ELLaGNNClassifier
    from skellagnn.encoders import encode_graph as encode_graph
    from skellagnn.graph import TextGraph as TextGraph
    from skellagnn.llm.asking import Budget as Budget
    from skellagnn.llm.enhancers import CallableEnhancer as CallableEnhancer
    from skellagnn.llm.enhancers import OpenAIEnhancer as OpenAIEnhancer
    from skellagnn.llm.enhancers import ReplayEnhancer as ReplayEnhancer
    from skellagnn.llm.enhancers import TransformersEnhancer as TransformersEnhancer
    from skellagnn.llm.plan import plan_search as plan_search
    from skellagnn.llm.prompts import Prompt as Prompt
    from skellagnn.llm.store import ResponseStore as ResponseStore
    from skellagnn.llm_augmenter import LLMAugmenter as LLMAugmenter
    from skellagnn.model_selection import NodeSplit as NodeSplit
    from skellagnn.parameters import PAPER_SETTINGS as PAPER_SETTINGS
    from skellagnn.worth import pilot as pilot

# public name -> module that defines it; loaded when first asked for, so that `import skellagnn` stays cheap
_MODULE_OF = {
    "ELLaGNNClassifier": "skellagnn.classifier",
    "LLMAugmenter": "skellagnn.llm_augmenter",
    "TextGraph": "skellagnn.graph",
    "NodeSplit": "skellagnn.model_selection",
    "Budget": "skellagnn.llm.asking",
    "Prompt": "skellagnn.prompts",
    "CallableEnhancer": "skellagnn.enhancers",
    "OpenAIEnhancer": "skellagnn.enhancers",
    "TransformersEnhancer": "skellagnn.enhancers",
    "ResponseStore": "skellagnn.llm.store",
    "ReplayEnhancer": "skellagnn.enhancers",
    "encode_graph": "skellagnn.encoders",
    "plan_search": "skellagnn.llm.plan",
    "pilot": "skellagnn.worth",
    "PAPER_SETTINGS": "skellagnn.parameters",
    "config_context": "skellagnn.base.config",
}
_SUBMODULES = ("datasets", "enhancers", "inspection", "prompts")

__all__ = [*_MODULE_OF, *_SUBMODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    if name in _SUBMODULES:
        return import_module(f"skellagnn.{name}")
    if name == "__version__":
        return version("skellagnn")
    raise AttributeError(f"module 'skellagnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
