"""Where answers are kept: one database that folds, processes, machines and days share, so that none is paid twice.

Looked at: diskcache, joblib.Memory and LangChain's caches, which keep answers but let two processes pay for the same
question at once (no claims), and know neither PostgreSQL with SQLite nor merging. SQLAlchemy does the databases.
"""

from __future__ import annotations

from skellagnn.llm.store._asking import AskOutcome, ask_through
from skellagnn.llm.store._keys import QuestionKey
from skellagnn.llm.store._resolve import HidesPassword as HidesPassword
from skellagnn.llm.store._resolve import resolve_store
from skellagnn.llm.store._resolve import without_password as without_password
from skellagnn.llm.store._store import ResponseStore, StoreStats

__all__ = [
    "ResponseStore",
    "QuestionKey",
    "StoreStats",
    "ask_through",
    "AskOutcome",
    "resolve_store",
]
