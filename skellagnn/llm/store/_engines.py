"""From a URL to a live engine, one per process and database. Imports SQLAlchemy: import it only inside functions."""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from skellagnn.base.files import check_path
from skellagnn.exceptions import InvalidParameterError, MissingDependencyError, SkellagnnError
from skellagnn.llm.store import _schema
from skellagnn.llm.store._errors import is_busy, is_conflict, is_unwritable, store_error

Result = TypeVar("Result")

# How long a transaction waits for another one, in seconds, before it gives up.
BUSY_SECONDS = 30.0
# Transactions that the database broke off because two of them waited for each other are run again.
_MAX_CONFLICTS = 10
_WRITES = "skellagnn_writes"


# What is no path: settings of libpq, a scheme (of two letters at least: "c:" is a drive), a user and a password.
_LIKE_A_DATABASE = re.compile(
    r"(?i)(?:^|[\s;?&])(?:host|hostaddr|port|dbname|user|user id|uid|server|data source|database|initial catalog"
    r"|pass|passwd|password|pwd|service|sslmode|token|secret|key)\s*="
    r"|^\s*[a-z][a-z0-9+.-]+:(?!$)|^(?://)?[^/\\\s@]+:[^/\\\s@]+@"
)


def without_secrets(url: sa.URL) -> sa.URL:
    """Return a URL without the fields of its query that hold a secret, by their name or by what they set."""
    return url.difference_update_query(list(secrets_of(url)))


def secrets_of(url: sa.URL) -> dict[str, str]:
    """Return these fields."""
    secret = re.compile(r"(?i)pass(?!file)|pwd|secret|token|(?<!ssl)key")
    return {
        name: str(value)
        for name, value in url.query.items()
        if secret.search(name) or (name == "options" and secret.search(str(value)))
    }


@dataclass(frozen=True)
class Place:
    """Which database is meant, before anything is opened."""

    url: sa.URL
    path: Path | None  # of a SQLite file
    is_default: bool = False

    def __str__(self) -> str:
        if self.path is not None:
            return repr(str(self.path))
        return repr(without_secrets(self.url).render_as_string(hide_password=True))

    __repr__ = __str__  # a traceback that shows local variables must not show the password


def locate(url: Any) -> Place:
    """Read what the user gave: nothing, a path or a URL.

    Raises
    ------
    InvalidParameterError
        If it is none of these, or a database other than SQLite and PostgreSQL.
    """
    if url is None:
        home = os.environ.get("SKELLAGNN_HOME")
        return _file(
            check_path("SKELLAGNN_HOME", home) if home else _user_folder(), "responses.sqlite", is_default=True
        )
    if isinstance(url, str) and "://" not in url and _LIKE_A_DATABASE.search(url):
        raise InvalidParameterError(
            "`url` of a ResponseStore must be a path or a database URL, got text in the form of another address (not "
            "shown, it may hold a password). Write 'postgresql+psycopg://USER@HOST:5432/DATABASE', or "
            "pathlib.Path(...) for a file of that name."
        )
    if isinstance(url, os.PathLike) or (isinstance(url, str) and url and "://" not in url and url != ":memory:"):
        return _file(check_path("`url` of a ResponseStore", url))
    if not isinstance(url, (str, sa.URL)) or not url or url == ":memory:":
        raise InvalidParameterError(
            f"`url` of a ResponseStore must be None, a path or a database URL, got {url!r}. Name a file: "
            "ResponseStore('answers.sqlite')."
        )
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None:  # outside of the except clause: the original error may quote the URL with its password
        raise InvalidParameterError(
            "`url` of a ResponseStore must be a database URL such as "
            "'postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE', got text that cannot be read as one. "
            "Percent-encode special characters (@ is %40)."
        )
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if parsed.username or parsed.password or parsed.host:
            raise InvalidParameterError(
                "`url` of a ResponseStore must name a plain file for SQLite, got one with a host, user or password "
                "(not shown). Write 'sqlite:///answers.sqlite', with three slashes, or 'sqlite:////' and a full path."
            )
        if not parsed.database or parsed.database == ":memory:" or parsed.query:
            raise InvalidParameterError(
                f"`url` of a ResponseStore must name a plain file for SQLite, got {Place(parsed, None)!s}"
                f"{' with further settings' if parsed.query else ''}. An in-memory database would forget what was paid "
                "for: write 'sqlite:///answers.sqlite'."
            )
        return _file(Path(parsed.database))
    if parsed.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise InvalidParameterError(
            f"`url` of a ResponseStore must begin with 'sqlite://' or 'postgresql+psycopg://', got "
            f"{parsed.drivername + '://'!r}. Other databases and drivers are not supported."
        )
    if "@" in (parsed.host or ""):
        raise InvalidParameterError(
            "`url` of a ResponseStore must have one '@', before the host, got more. Percent-encode those of user and "
            "password: %40."
        )
    return Place(parsed.set(drivername="postgresql+psycopg"), None)


def _file(path: Path, *names: str, is_default: bool = False) -> Place:
    absolute = Path(os.path.abspath(path.joinpath(*names)))  # a later chdir must not mean another file
    return Place(sa.URL.create("sqlite", database=str(absolute)), absolute, is_default)


def _user_folder() -> Path:
    import platformdirs

    return platformdirs.user_data_path("skellagnn", appauthor=False)


@dataclass(frozen=True)
class _Opened:
    engine: sa.Engine
    identity: tuple[int, int] | None  # which file it is; a deleted or replaced file is another one


# (process, URL) -> engine. The entries of a parent process are never touched in a forked child: its connections are
# the parent's, and closing them here would break them there.
_OPENED: dict[tuple[int, str], _Opened] = {}


def run(url: Any, work: Callable[[sa.Connection], Result], *, writes: bool) -> Result:
    """Do ``work`` in one transaction of its own, and open the store first if this process has not yet.

    ``work`` may be called again if the database broke the transaction off, so it must do nothing but SQL.

    Raises
    ------
    StoreError
        If the database cannot do it; says what was kept and what to do.
    """
    place = locate(url)
    try:
        return _transaction(_open(place).engine, work, writes=writes)
    except SkellagnnError:
        raise
    except (SQLAlchemyError, OSError) as error:
        secrets = [place.url.password or "", *secrets_of(place.url).values()]
        raise store_error(error, str(place), place.path, secrets) from error


def close(url: Any) -> None:
    """Close the connections that this process holds to the store; the next use opens new ones."""
    opened = _OPENED.pop(_cache_key(locate(url)), None)
    if opened is not None:
        opened.engine.dispose()


def _cache_key(place: Place) -> tuple[int, str]:
    return os.getpid(), place.url.render_as_string(hide_password=False)


def _identity(place: Place) -> tuple[int, int] | None:
    if place.path is None:
        return None
    try:
        status = place.path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_dev, status.st_ino


def _open(place: Place) -> _Opened:
    key = _cache_key(place)
    opened = _OPENED.get(key)
    if opened is not None:
        if opened.identity == _identity(place):
            return opened
        # the file was deleted or replaced while it was open: what we write there now, nobody would find again
        if _OPENED.pop(key, None) is opened:
            opened.engine.dispose()
    if place.is_default and place.path is not None:
        place.path.parent.mkdir(parents=True, exist_ok=True)
    engine = _postgres_engine(place) if place.path is None else _sqlite_engine(place)
    try:
        _bring_up(engine, place)
    except OperationalError as error:
        engine.dispose()
        if (
            place.path is None or not is_unwritable(error) or not os.path.isfile(place.path)
        ):  # also of no name that a file can have
            raise
        # On a disk that cannot be written, WAL needs a file beside the database that it cannot make. What others
        # wrote and nobody has yet moved into the file is not seen, but there nobody writes.
        engine = _sqlite_engine(place, read_only=True)
        try:
            _bring_up(engine, place)
        except BaseException:
            engine.dispose()
            raise
    except BaseException:
        engine.dispose()
        raise
    atexit.unregister(_close_all)
    atexit.register(_close_all)
    mine = _Opened(engine, _identity(place))
    kept = _OPENED.setdefault(key, mine)
    if kept is not mine:
        engine.dispose()
    return kept


def _bring_up(engine: sa.Engine, place: Place) -> None:
    # Several threads may do this at once; the tables are made under a lock of the database, so it does no harm.
    if not _transaction(engine, lambda connection: _schema.is_current(connection, str(place)), writes=False):
        _transaction(engine, lambda connection: _schema.migrate(connection, str(place)), writes=True)


def _close_all() -> None:
    for key in [key for key in _OPENED if key[0] == os.getpid()]:
        _OPENED.pop(key).engine.dispose()


def _transaction(engine: sa.Engine, work: Callable[[sa.Connection], Result], *, writes: bool) -> Result:
    conflicts = 0
    while True:
        try:
            with engine.connect() as connection:
                connection = connection.execution_options(**{_WRITES: writes})
                with connection.begin():
                    return work(connection)
        except DBAPIError as error:
            conflicts += 1
            if not is_conflict(error) or conflicts > _MAX_CONFLICTS:
                raise
            time.sleep(random.random() * 0.02 * conflicts)


def _sqlite_engine(place: Place, *, read_only: bool = False) -> sa.Engine:
    url = place.url
    if read_only and place.path is not None:
        url = url.set(database=place.path.as_uri(), query={"mode": "ro", "immutable": "1", "uri": "true"})
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, below
        if read_only:
            return
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                # readers and one writer at a time do not block each other; stays in the file
                connection.execute("PRAGMA journal_mode = WAL").close()
                break
            except connection.OperationalError as error:
                # SQLite does not wait here when several processes open a new file at once, so we do
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01 + 0.02 * random.random())
        # an answer costs more than a sync: what was committed survives a loss of power
        connection.execute("PRAGMA synchronous = FULL").close()
        connection.execute("PRAGMA wal_autocheckpoint = 4000").close()  # 16 MiB: pages written often are copied once
        connection.execute("PRAGMA cache_size = -65536").close()  # up to 64 MiB; keys are spread over the whole file

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # a transaction that reads and only then writes would fail, without waiting, where another one wrote between
        immediate = connection.get_execution_options().get(_WRITES, False) and not read_only
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _postgres_engine(place: Place) -> sa.Engine:
    try:
        engine = sa.create_engine(place.url, hide_parameters=True, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"`url` of the ResponseStore is a PostgreSQL database, {place}, and the package {error.name!r} is not "
            "installed. Run: pip install 'skellagnn[postgres]'."
        ) from error

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute(f"SET lock_timeout = {int(1000 * BUSY_SECONDS)}")  # a stopped process must not stop all
        connection.commit()

    return engine
