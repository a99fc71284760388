"""The SQL, one text for both databases. Imports SQLAlchemy: import it only inside functions.

Every function works inside the transaction of its caller. Statements stay below the 999 variables that old
versions of SQLite allow. Rows are locked in the order of their keys, so that two transactions do not wait for each
other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from skellagnn.llm.enhancers import ANSWER_DETAILS, Answer
from skellagnn.llm.store._keys import QuestionKey, chunked
from skellagnn.llm.store._schema import ANSWERS, CLAIMS, JOBS

_MAX_VARIABLES = 900
_KEY = ("digest", "prompt_key", "model")


def _insert(connection: sa.Connection, table: sa.TableClause) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def _now(connection: sa.Connection) -> sa.ColumnElement[float]:
    """Seconds since 1970 by the clock of the database: machines may disagree about theirs."""
    if connection.dialect.name == "postgresql":
        # not now(), which is when the transaction began: it may have waited for a lock since
        return sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()), sa.Double)
    return sa.literal_column("(julianday('now') - 2440587.5) * 86400.0", sa.Double)


def _these(table: sa.TableClause, model: str, keys: Collection[QuestionKey]) -> Iterator[tuple[str, Any]]:
    """Yield prompt keys with the condition "one of ``keys``", a few hundred keys at a time."""
    for prompt_key, group in groupby(sorted(keys), key=attrgetter("prompt_key")):
        for chunk in chunked((key.digest for key in group), _MAX_VARIABLES):
            row = table.c
            digests: sa.BindParameter[str] = sa.bindparam(
                "digests", chunk, expanding=True
            )  # a plain list is taken apart, element by element
            yield prompt_key, sa.and_(row.model == model, row.prompt_key == prompt_key, row.digest.in_(digests))


def find_answers(
    connection: sa.Connection, model: str, keys: Collection[QuestionKey]
) -> list[tuple[QuestionKey, Answer]]:
    """Return those that are answered."""
    columns = [ANSWERS.c[name] for name in ("digest", "answer", *ANSWER_DETAILS)]
    return [
        (QuestionKey(prompt_key, digest), Answer(text, **_believable(dict(zip(ANSWER_DETAILS, details, strict=True)))))
        for prompt_key, these in _these(ANSWERS, model, keys)
        for digest, text, *details in connection.execute(sa.select(*columns).where(these))
    ]


def _believable(details: dict[str, Any]) -> dict[str, Any]:
    """Leave out numbers below 0, which stores were given before they were looked at."""
    return {name: None if isinstance(value, (int, float)) and value < 0 else value for name, value in details.items()}


def _select(
    connection: sa.Connection, table: sa.TableClause, model: str, keys: Collection[QuestionKey], *conditions: Any
) -> set[QuestionKey]:
    """Return those of ``keys`` that ``table`` has, with all ``conditions`` true."""
    return {
        QuestionKey(prompt_key, digest)
        for prompt_key, these in _these(table, model, keys)
        for digest in connection.execute(sa.select(table.c.digest).where(these, *conditions)).scalars()
    }


def insert_answers(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert what is not there yet, and return how many that were."""
    statement = _insert(connection, ANSWERS).on_conflict_do_nothing(index_elements=_KEY)
    ordered = sorted(rows, key=itemgetter(*_KEY))
    result = connection.execution_options(preserve_rowcount=True).execute(statement, ordered)
    return int(result.rowcount)


def put_answers(connection: sa.Connection, model: str, rows: Sequence[Mapping[str, Any]], owner: str | None) -> int:
    """Insert what is not there yet, drop the claims of ``owner`` on all, and return how many were inserted."""
    n_new = insert_answers(connection, rows)
    if owner is not None:
        release(connection, model, [QuestionKey(row["prompt_key"], row["digest"]) for row in rows], owner)
    return n_new


def claim(
    connection: sa.Connection,
    model: str,
    keys: Sequence[QuestionKey],
    owner: str,
    lease: float,
    limit: int | None,
) -> set[QuestionKey]:
    """Claim the first ``limit`` of ``keys`` that are free, and return those that may now be asked."""
    taken = _select(connection, CLAIMS, model, keys, CLAIMS.c.owner != owner, CLAIMS.c.expires >= _now(connection))
    taken |= _select(connection, ANSWERS, model, keys)
    free = sorted([key for key in keys if key not in taken][:limit])
    if not free:
        return set()
    insert = _insert(connection, CLAIMS).values(expires=_now(connection) + lease)
    theirs = insert.excluded
    statement = insert.on_conflict_do_update(
        index_elements=_KEY,
        set_={"owner": theirs.owner, "expires": theirs.expires},
        where=sa.or_(CLAIMS.c.owner == theirs.owner, CLAIMS.c.expires < _now(connection)),
    )
    connection.execute(
        statement, [{"model": model, "prompt_key": key[0], "digest": key[1], "owner": owner} for key in free]
    )
    held = _select(connection, CLAIMS, model, free, CLAIMS.c.owner == owner)
    # Look again, with the claims in hand: another one may have answered, and dropped its claim, since the first look.
    answered = _select(connection, ANSWERS, model, held)
    release(connection, model, answered, owner)
    return held - answered


def renew(connection: sa.Connection, model: str, keys: Collection[QuestionKey], owner: str, lease: float) -> int:
    """Let claims of ``owner`` run a whole lease from now; return how many it still holds."""
    return sum(
        connection.execute(
            sa.update(CLAIMS).where(these, CLAIMS.c.owner == owner).values(expires=_now(connection) + lease)
        ).rowcount
        for _, these in _these(CLAIMS, model, keys)
    )


def find_claims(
    connection: sa.Connection, model: str, keys: Collection[QuestionKey]
) -> list[tuple[QuestionKey, str, float]]:
    """Return who has claimed which, and for how many seconds more."""
    row = CLAIMS.c
    return [
        (QuestionKey(prompt_key, digest), owner, seconds)
        for prompt_key, these in _these(CLAIMS, model, keys)
        for digest, owner, seconds in connection.execute(
            sa.select(row.digest, row.owner, row.expires - _now(connection)).where(these)
        )
    ]


def release(connection: sa.Connection, model: str, keys: Collection[QuestionKey], owner: str) -> None:
    """Drop claims of ``owner``."""
    for _, these in _these(CLAIMS, model, keys):
        connection.execute(sa.delete(CLAIMS).where(these, CLAIMS.c.owner == owner))


def summarize(connection: sa.Connection) -> Sequence[Any]:
    """Return a row for each model and prompt."""
    row, count = ANSWERS.c, sa.func.count
    totals = [sa.func.coalesce(sa.func.sum(column), 0) for column in (row.tokens_in, row.tokens_out, row.seconds)]
    dates = [sa.func.min(row.created), sa.func.max(row.created)]
    statement = sa.select(row.model, row.prompt_key, count(), *totals, *dates).group_by(row.model, row.prompt_key)
    return connection.execute(statement.order_by(row.model, row.prompt_key)).all()


def delete_answers(
    connection: sa.Connection, model: str | None, prompt_key: str | None, before: datetime | None
) -> int:
    """Delete what fits all conditions, and the claims that ran out; return how many answers went."""
    row = ANSWERS.c
    conditions = [column == value for column, value in ((row.model, model), (row.prompt_key, prompt_key)) if value]
    if before is not None:
        conditions.append(row.created < before)
    connection.execute(sa.delete(CLAIMS).where(CLAIMS.c.expires < _now(connection)))
    return int(connection.execute(sa.delete(ANSWERS).where(*conditions)).rowcount)


def page(connection: sa.Connection, model: str | None, after: tuple[str, ...] | None, size: int) -> Sequence[Any]:
    """Return the next ``size`` rows after the key ``after``, all columns, in the order of the primary key."""
    statement = sa.select(ANSWERS).order_by(*(ANSWERS.c[name] for name in _KEY)).limit(size)
    if model is not None:
        statement = statement.where(ANSWERS.c.model == model)
    if after is not None:
        statement = statement.where(sa.tuple_(*(ANSWERS.c[name] for name in _KEY)) > sa.tuple_(*after))
    return connection.execute(statement).mappings().all()


def lock_state(connection: sa.Connection, name: str) -> None:
    """Keep others from changing what is stored under ``name`` until the transaction ends."""
    if connection.dialect.name == "postgresql":  # SQLite's writing transactions exclude each other anyway
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def read_state(connection: sa.Connection, name: str) -> str | None:
    """Return the JSON text stored under ``name``."""
    return connection.execute(sa.select(JOBS.c.value).where(JOBS.c.name == name)).scalar_one_or_none()


def write_state(connection: sa.Connection, name: str, value: str) -> None:
    """Store a JSON text under ``name``; the last one wins."""
    insert = _insert(connection, JOBS).values(name=name, value=value)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": insert.excluded.value}))


def delete_state(connection: sa.Connection, name: str) -> None:
    """Delete what is stored under ``name``."""
    connection.execute(sa.delete(JOBS).where(JOBS.c.name == name))
