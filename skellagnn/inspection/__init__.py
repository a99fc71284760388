"""Pictures of what was asked, what it brought and what it cost, and explanations: matplotlib is loaded when drawn."""

from __future__ import annotations

from skellagnn.inspection._explain import Explanation, explain

__all__ = ["Explanation", "explain"]
