"""Plan: what a fit, or a whole search, would ask and cost, before anything is asked."""

from __future__ import annotations

from skellagnn.plan._part import PlanPart
from skellagnn.plan._plan import Plan
from skellagnn.plan._search import merge_plans, plan_search

__all__ = ["Plan", "PlanPart", "merge_plans", "plan_search"]
