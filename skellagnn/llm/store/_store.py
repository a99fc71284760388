"""ResponseStore: the public face of the database."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.enhancers import Answer
from skellagnn.llm.store._answers import as_answer, as_utc, to_row
from skellagnn.llm.store._keys import QuestionKey, check_keys, check_name, chunked
from skellagnn.llm.store._lines import read_lines, write_lines

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

Result = TypeVar("Result")

# Keys or rows in one transaction: short enough that others get their turn, long enough that its cost is shared.
_CHUNK = 5000


@dataclass(frozen=True)
class StoreStats:
    """What a store holds of one model and prompt.

    A list of these is a table to pandas: ``pandas.DataFrame(store.stats())``.

    Attributes
    ----------
    model, prompt_key : str
    answers : int
    tokens_in, tokens_out : int
        Sums over the answers whose back end reports them.
    seconds : float
        Sum over the answers whose back end reports it.
    first, last : datetime
        When the oldest and the newest answer were stored, UTC.
    """

    model: str
    prompt_key: str
    answers: int
    tokens_in: int
    tokens_out: int
    seconds: float
    first: datetime
    last: datetime


class ResponseStore:
    """Answers of LLMs, kept in a database so that each is paid for once.

    Threads, processes and, with PostgreSQL, machines share one store and ask no question twice: who wants to ask
    *claims* the question first. A claim has an owner and ends after a lease, so that a dead worker blocks nobody for
    longer. ``ask_through`` does all of that in one call.

    Parameters
    ----------
    url : path-like, str or sqlalchemy.URL, default=None
        A path is a SQLite file. ``"postgresql+psycopg://USER@HOST/DATABASE"`` is a PostgreSQL database; leave the
        password to ``PGPASSWORD`` or ``~/.pgpass`` where others may see your code. None is ``responses.sqlite`` in
        the folder that the environment variable ``SKELLAGNN_HOME`` names, else in the user's data folder.
    lease : float, default=120.0
        How long a claim holds unless it is renewed, in seconds.

    Raises
    ------
    InvalidParameterError
        From any method, if a parameter has a value that it cannot have.
    StoreError
        From any method, if the database cannot be used: corrupt, locked, full, read-only, unreachable, made by a newer
        skellagnn. The message says what was kept and what to do. A corrupt file is never deleted or overwritten.

    Notes
    -----
    The object holds its parameters and nothing else. Files and connections are opened on first use, one engine per
    process and database, so a store may be pickled, copied and carried over a fork.

    An answer is stored under (model, prompt, text): ids of nodes are no part of the key. The first answer wins.
    Characters that no database takes in a text (NUL, halves of surrogate pairs) are stored as U+FFFD.

    Examples
    --------
    >>> import tempfile
    >>> from skellagnn.llm.store import QuestionKey, ResponseStore
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = ResponseStore(folder.name + "/answers.sqlite")
    >>> key = QuestionKey("keywords:0a1b", "9f86d081")
    >>> store.put_many("my-model", {key: "cats, dogs"})
    1
    >>> store.get_many("my-model", [key])[key]
    'cats, dogs'
    >>> store.close()
    >>> folder.cleanup()
    """

    def __init__(self, url: str | os.PathLike[str] | URL | None = None, *, lease: float = 120.0) -> None:
        self.url = url
        self.lease = lease

    def __repr__(self) -> str:
        from skellagnn.llm.store._engines import locate

        try:
            shown = "" if self.url is None else str(locate(self.url))
        except InvalidParameterError:
            shown = "<not a path or URL>"  # it may hold a password all the same
        lease = "" if self.lease == 120.0 else f"lease={self.lease!r}"
        return f"{type(self).__name__}({', '.join(filter(None, (shown, lease)))})"

    @property
    def location(self) -> str:
        """Where the answers are: an absolute path, or a URL without its password."""
        from skellagnn.llm.store._engines import locate

        place = locate(self.url)
        return str(place.path) if place.path is not None else str(place)[1:-1]

    def get_many(self, model: str, keys: Iterable[QuestionKey]) -> dict[QuestionKey, Answer]:
        """Look answers up.

        Parameters
        ----------
        model : str
            The enhancer's ``name``.
        keys : iterable of QuestionKey
            Any number of them.

        Returns
        -------
        answers : dict of QuestionKey to Answer
            Those that are there.
        """
        from skellagnn.llm.store import _queries

        check_name(model, "model")
        answers: dict[QuestionKey, Answer] = {}
        for chunk in chunked(check_keys(keys), _CHUNK):
            answers.update(self._read(partial(_queries.find_answers, model=model, keys=chunk)))
        return answers

    def put_many(self, model: str, answers: Mapping[QuestionKey, str | Answer], owner: str | None = None) -> int:
        """Store answers, and drop the claims that ``owner`` has on them.

        Parameters
        ----------
        model : str
            The enhancer's ``name``.
        answers : mapping of QuestionKey to str or Answer
            A key that has an answer already keeps it.
        owner : str, default=None
            Whose claims end with this, in the same transaction.

        Returns
        -------
        n_new : int
            How many had no answer before.
        """
        from skellagnn.llm.store import _queries

        check_name(model, "model")
        if not isinstance(answers, Mapping):
            raise InvalidParameterError(
                f"`answers` must be a dict from QuestionKey to answer, got {answers!r:.80}. Make keys with "
                "QuestionKey.of(question)."
            )
        now = datetime.now(timezone.utc)
        n_new = 0
        for chunk in chunked(check_keys(answers, "answers"), _CHUNK):
            rows = [to_row(model, key, as_answer(answers[key], key), now) for key in chunk]
            n_new += self._write(partial(_queries.put_answers, model=model, rows=rows, owner=owner))
        return n_new

    def claim(self, model: str, keys: Iterable[QuestionKey], owner: str, limit: int | None = None) -> set[QuestionKey]:
        """Claim questions, so that nobody else asks them.

        Parameters
        ----------
        model : str
            The enhancer's ``name``.
        keys : iterable of QuestionKey
            What ``owner`` would ask.
        owner : str
            Anything that no other worker calls itself.
        limit : int, default=None
            Claim no more than the first so many that are free.

        Returns
        -------
        claimed : set of QuestionKey
            What ``owner`` may ask now, for the length of a lease: neither answered nor claimed by another one whose
            lease still runs. Atomic over threads, processes and machines.
        """
        from skellagnn.llm.store import _queries

        check_name(model, "model")
        check_name(owner, "owner")
        lease = self._lease()
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise InvalidParameterError(f"`limit` must be None or a positive int, got {limit!r}. Leave it out for all.")
        claimed: set[QuestionKey] = set()
        for chunk in chunked(check_keys(keys), _CHUNK):
            room = None if limit is None else limit - len(claimed)
            if room == 0:
                break
            work = partial(_queries.claim, model=model, keys=chunk, owner=owner, lease=lease, limit=room)
            claimed |= self._write(work)
        return claimed

    def renew(self, model: str, keys: Iterable[QuestionKey], owner: str) -> int:
        """Let the claims of ``owner`` run a whole lease from now, and return how many it still holds."""
        from skellagnn.llm.store import _queries

        check_name(model, "model")
        check_name(owner, "owner")
        lease = self._lease()
        return sum(
            self._write(partial(_queries.renew, model=model, keys=chunk, owner=owner, lease=lease))
            for chunk in chunked(check_keys(keys), _CHUNK)
        )

    def release(self, model: str, keys: Iterable[QuestionKey], owner: str) -> None:
        """Drop the claims of ``owner``: others may ask these questions at once."""
        from skellagnn.llm.store import _queries

        check_name(model, "model")
        check_name(owner, "owner")
        for chunk in chunked(check_keys(keys), _CHUNK):
            self._write(partial(_queries.release, model=model, keys=chunk, owner=owner))

    def claims(self, model: str, keys: Iterable[QuestionKey]) -> dict[QuestionKey, tuple[str, float]]:
        """Return who has claimed which of the questions, and for how many seconds more (0 or less: the lease ended)."""
        from skellagnn.llm.store import _queries

        check_name(model, "model")
        return {
            key: (owner, seconds)
            for chunk in chunked(check_keys(keys), _CHUNK)
            for key, owner, seconds in self._read(partial(_queries.find_claims, model=model, keys=chunk))
        }

    def stats(self) -> list[StoreStats]:
        """Say what is in the store, one entry for each model and prompt. Reads every row once."""
        from skellagnn.llm.store import _queries

        return [
            StoreStats(model, prompt_key, count, int(tokens_in), int(tokens_out), seconds, as_utc(first), as_utc(last))
            for model, prompt_key, count, tokens_in, tokens_out, seconds, first, last in self._read(_queries.summarize)
        ]

    def prune(
        self,
        model: str | None = None,
        prompt_key: str | None = None,
        older_than: timedelta | datetime | None = None,
    ) -> int:
        """Delete the answers that fit all of the conditions given, and claims that ran out.

        Parameters
        ----------
        model, prompt_key : str, default=None
            Of this model or prompt.
        older_than : timedelta or (aware) datetime, default=None
            Stored longer ago than this, which is 0 or more, or before it.

        Returns
        -------
        n_deleted : int
            SQLite keeps the room for new answers; its file does not shrink.
        """
        from skellagnn.llm.store import _queries

        if model is None and prompt_key is None and older_than is None:
            raise InvalidParameterError(
                "`model`, `prompt_key` or `older_than` must be given to prune(), got none of them: it would delete "
                "every answer that was paid for. If that is what you want: prune(older_than=timedelta(0))."
            )
        for value, parameter in ((model, "model"), (prompt_key, "prompt_key")):
            if value is not None:
                check_name(value, parameter)
        before = None if older_than is None else _moment(older_than)
        return self._write(partial(_queries.delete_answers, model=model, prompt_key=prompt_key, before=before))

    def export(self, path: str | os.PathLike[str], model: str | None = None) -> int:
        """Write the answers to a file of JSON lines, for :meth:`merge` on another machine or for an archive.

        Parameters
        ----------
        path : path-like
            ``.jsonl`` or ``.jsonl.gz``. Written aside and renamed at the end: there is never half a file.
        model : str, default=None
            Only the answers of this model.

        Returns
        -------
        n_answers : int
        """
        return write_lines(path, ({**row, "created": as_utc(row["created"]).isoformat()} for row in self._rows(model)))

    def merge(self, path: str | os.PathLike[str]) -> int:
        """Add the answers of a file that :meth:`export` wrote. Answers that are here already stay.

        Parameters
        ----------
        path : path-like
            ``.jsonl`` or ``.jsonl.gz``.

        Returns
        -------
        n_new : int
            How many answers were not here.

        Raises
        ------
        InvalidParameterError
            If the file cannot be read to its end; says which line, and how many were added before it.
        """
        from skellagnn.llm.store import _queries

        n_new = 0
        try:
            for records in read_lines(path, _CHUNK):
                rows = [to_row(*record) for record in records]
                n_new += self._write(partial(_queries.insert_answers, rows=rows))
        except InvalidParameterError as error:
            raise InvalidParameterError(
                f"{error} {n_new} answers were added before that and are kept. Repair the file or export it again, "
                "then merge again: what is here already is not added twice."
            ) from error
        return n_new

    def get_state(self, name: str, default: Any = None) -> Any:
        """Return the JSON value stored under ``name``, such as the id of a batch job."""
        from skellagnn.llm.store import _queries

        check_name(name, "name")
        text = self._read(partial(_queries.read_state, name=name))
        return default if text is None else json.loads(text)

    def update_state(self, name: str, change: Callable[[Any], Any]) -> None:
        """Replace the JSON value under ``name``, None if there is none, by ``change(value)``; None drops it.

        Nobody else changes it meanwhile. ``change`` may be called more than once.
        """
        from skellagnn.llm.store import _queries

        check_name(name, "name")
        if not callable(change):
            raise InvalidParameterError(
                f"`change` of the state {name!r} must be a function of the old value, got {change!r:.80}. Write "
                "update_state(name, lambda old: new)."
            )

        def work(connection: Connection) -> None:
            _queries.lock_state(connection, name)
            text = _queries.read_state(connection, name)
            new = change(None if text is None else json.loads(text))
            if new is None:
                _queries.delete_state(connection, name)
            else:
                _queries.write_state(connection, name, _as_json(name, new))

        self._write(work)

    def close(self) -> None:
        """Close this process's connections to the store. The next use opens new ones."""
        from skellagnn.llm.store._engines import close

        close(self.url)

    def _read(self, work: Callable[[Connection], Result]) -> Result:
        from skellagnn.llm.store._engines import run

        return run(self.url, work, writes=False)

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        from skellagnn.llm.store._engines import run

        return run(self.url, work, writes=True)

    def _rows(self, model: str | None) -> Iterator[Mapping[str, Any]]:
        from skellagnn.llm.store import _queries

        if model is not None:
            check_name(model, "model")
        after: tuple[str, ...] | None = None
        while rows := self._read(partial(_queries.page, model=model, after=after, size=_CHUNK)):
            yield from rows
            after = (rows[-1]["digest"], rows[-1]["prompt_key"], rows[-1]["model"])

    def _lease(self) -> float:
        lease = self.lease
        if isinstance(lease, bool) or not isinstance(lease, (int, float)) or not 0 < lease < math.inf:
            raise InvalidParameterError(
                f"`lease` of a ResponseStore must be a positive number of seconds, got {lease!r}. Choose a few minutes."
            )
        return float(lease)


def _moment(older_than: Any) -> datetime:
    """Return the moment before which answers go, in UTC and as the database has it: without a zone."""
    moment = older_than
    try:
        if isinstance(older_than, timedelta):
            if older_than < timedelta(0):  # a moment to come: everything would go
                raise OverflowError
            moment = datetime.now(timezone.utc) - older_than
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            raise InvalidParameterError(
                f"`older_than` must be a timedelta or a datetime with a time zone, got {older_than!r:.80}. Write "
                "timedelta(days=90)."
            )
        return moment.astimezone(timezone.utc).replace(tzinfo=None)
    except OverflowError as error:
        raise InvalidParameterError(
            f"`older_than` must be an age of 0 or more within the years that there are, got {older_than!r:.80}. Write "
            "timedelta(days=90) for what was stored longer ago than 90 days."
        ) from error


def _as_json(name: str, value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)  # ASCII, so any text can be stored as it is
    except (TypeError, ValueError) as error:
        raise InvalidParameterError(
            f"`change` of the state {name!r} must return something that JSON can hold, got {value!r:.200}: {error}. "
            "Store ids, numbers, lists and dicts of them."
        ) from error
