"""Plan: what a fit, or a whole search, would ask and cost, before anything is asked."""

from __future__ import annotations

from skellagnn.llm.plan._part import PlanPart
from skellagnn.llm.plan._plan import Plan
from skellagnn.llm.plan._search import merge_plans, plan_search

__all__ = ["Plan", "PlanPart", "merge_plans", "plan_search"]
