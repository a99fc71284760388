"""Pictures of what was asked, what it brought and what it cost, and explanations: matplotlib is loaded when drawn."""

from __future__ import annotations

from skellagnn.inspection._confusion import QueriedConfusionDisplay
from skellagnn.inspection._cost_curve import CostCurveDisplay
from skellagnn.inspection._explain import explain
from skellagnn.inspection._explanation import Explanation
from skellagnn.inspection._graph import GraphDisplay
from skellagnn.inspection._reliability import ReliabilityDisplay
from skellagnn.inspection._selection import SelectionDisplay
from skellagnn.inspection._training import TrainingDisplay
from skellagnn.inspection._usage import UsageDisplay

__all__ = [
    "CostCurveDisplay",
    "Explanation",
    "GraphDisplay",
    "QueriedConfusionDisplay",
    "ReliabilityDisplay",
    "SelectionDisplay",
    "TrainingDisplay",
    "UsageDisplay",
    "explain",
]
