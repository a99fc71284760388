"""Asking an LLM: prompts, back ends, the store of answers, budgets and plans. No path of prediction imports it."""
