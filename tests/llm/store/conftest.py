"""Every test that takes ``url`` or ``store`` runs on SQLite and on PostgreSQL, where one is named."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from skellagnn.llm.store import ResponseStore

POSTGRES = "SKELLAGNN_TEST_POSTGRES"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of this test's own, of either kind."""
    if request.param == "sqlite":
        return str(tmp_path / "store.sqlite")
    made: str = request.getfixturevalue("postgres_url")
    return made


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A schema of this test's own in the database that the environment names."""
    base = os.environ.get(POSTGRES)
    if not base:
        pytest.skip(f"{POSTGRES} names no PostgreSQL database: export {POSTGRES}=$(bash .ci/postgres.sh)")
    import sqlalchemy as sa

    engine = sa.create_engine(base, isolation_level="AUTOCOMMIT")
    schema = f"test_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
    inside = sa.make_url(base).update_query_dict({"options": f"-csearch_path={schema}"})
    try:
        yield inside.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()


@pytest.fixture
def store(url: str) -> Iterator[ResponseStore]:
    opened = ResponseStore(url)
    yield opened
    opened.close()
