"""The tables, and how an older store becomes a newer one. Imports SQLAlchemy: import it only inside functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from skellagnn.exceptions import StoreError
from skellagnn.llm.enhancers import ANSWER_DETAILS

_TYPES: dict[type, Any] = {str: sa.Text, int: sa.BigInteger, float: sa.Double}

# What the queries see: the newest version. What creates it is written out below, version by version.
ANSWERS = sa.table(
    "skellagnn_answers",
    sa.column("model", sa.Text),
    sa.column("prompt_key", sa.Text),
    sa.column("digest", sa.Text),
    sa.column("answer", sa.Text),
    *(sa.column(name, _TYPES[kind]) for name, kind in ANSWER_DETAILS.items()),
    sa.column("created", sa.DateTime),  # UTC, without a zone: the same on both databases
)
CLAIMS = sa.table(
    "skellagnn_claims",
    sa.column("model", sa.Text),
    sa.column("prompt_key", sa.Text),
    sa.column("digest", sa.Text),
    sa.column("owner", sa.Text),
    sa.column("expires", sa.Double),  # seconds since 1970 by the clock of the database
)
JOBS = sa.table("skellagnn_jobs", sa.column("name", sa.Text), sa.column("value", sa.Text))
_SCHEMA = sa.table("skellagnn_schema", sa.column("version", sa.Integer))

# Any number, but the same in every process: PostgreSQL's lock for changing the tables.
_SCHEMA_LOCK = 5_307_421_886


def _create(connection: sa.Connection) -> None:
    """Version 1. Never edit what a released version did: append a function to MIGRATIONS."""
    # "C" compares bytes, as SQLite does: faster, and an update of the system's locale cannot break the index
    bytewise = ' COLLATE "C"' if connection.dialect.name == "postgresql" else ""
    # one tree instead of a table and an index that repeats the long key
    clustered = " WITHOUT ROWID" if connection.dialect.name == "sqlite" else ""
    # The digest comes first: with the few models and prompts first, PostgreSQL, as long as it has no statistics of a
    # new table, reads all rows of a prompt to find some (measured: 40 times slower).
    key = f"model TEXT{bytewise} NOT NULL, prompt_key TEXT{bytewise} NOT NULL, digest TEXT{bytewise} NOT NULL"
    for statement in (
        f"CREATE TABLE skellagnn_answers ({key}, answer TEXT NOT NULL, finish_reason TEXT, tokens_in BIGINT, "
        "tokens_out BIGINT, seconds DOUBLE PRECISION, created TIMESTAMP NOT NULL, "
        f"PRIMARY KEY (digest, prompt_key, model)){clustered}",
        f"CREATE TABLE skellagnn_claims ({key}, owner TEXT NOT NULL, expires DOUBLE PRECISION NOT NULL, "
        f"PRIMARY KEY (digest, prompt_key, model)){clustered}",
        "CREATE TABLE skellagnn_jobs (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
        "CREATE TABLE skellagnn_schema (version INTEGER NOT NULL)",
        "INSERT INTO skellagnn_schema (version) VALUES (0)",
    ):
        connection.execute(sa.text(statement))


def _add_confidence(connection: sa.Connection) -> None:
    """Version 2."""
    for column in ("confidence DOUBLE PRECISION", "snapshot TEXT"):
        connection.execute(sa.text(f"ALTER TABLE skellagnn_answers ADD COLUMN {column}"))


# MIGRATIONS[i] turns version i into version i + 1; a database without tables is version 0.
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (_create, _add_confidence)


def read_version(connection: sa.Connection) -> int:
    """Return the version of the tables, 0 if there are none."""
    if not sa.inspect(connection).has_table(_SCHEMA.name):
        return 0
    return int(connection.execute(sa.select(_SCHEMA.c.version)).scalar_one())


def is_current(connection: sa.Connection, place: str) -> bool:
    """Say whether the tables are of the newest version.

    Raises
    ------
    StoreError
        If a newer skellagnn made them.
    """
    version, newest = read_version(connection), len(MIGRATIONS)
    if version > newest:
        raise StoreError(
            f"The response store {place} has schema version {version}, and this skellagnn knows versions up to "
            f"{newest}: a newer one made it. Nothing was changed. Update skellagnn, or name another store."
        )
    return version == newest


def migrate(connection: sa.Connection, place: str) -> None:
    """Bring the tables to the newest version, inside the caller's (writing) transaction: all steps or none."""
    if connection.dialect.name == "postgresql":  # SQLite's writing transactions exclude each other anyway
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
    if is_current(connection, place):
        return  # another process was faster
    for migration in MIGRATIONS[read_version(connection) :]:
        migration(connection)
    connection.execute(sa.update(_SCHEMA).values(version=len(MIGRATIONS)))
