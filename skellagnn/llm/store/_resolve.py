"""What the ``store`` parameter of an estimator may be."""

from __future__ import annotations

import os
from typing import Any

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.store._store import ResponseStore

_UNREADABLE = "<neither a path nor a database URL>"


def resolve_store(store: Any, enhancer: Any = None) -> ResponseStore | None:
    """Return the store that ``store`` stands for. Nothing is opened or created yet.

    Parameters
    ----------
    store : "auto", ResponseStore, str, path or None
        ``"auto"`` is the default file, or no store for an enhancer that is a recording itself (``is_recording``).
    enhancer : Enhancer, default=None

    Returns
    -------
    store : ResponseStore or None

    Raises
    ------
    InvalidParameterError
        If it stands for nothing.
    """
    if store is None or isinstance(store, ResponseStore):
        return store
    if isinstance(store, str) and store == "auto":
        return None if getattr(enhancer, "is_recording", False) else ResponseStore()
    if isinstance(store, (str, os.PathLike)):
        from skellagnn.llm.store._engines import locate

        try:
            locate(store)
        except InvalidParameterError as error:
            raise InvalidParameterError(str(error).replace("`url` of a ResponseStore", "`store`", 1)) from None
        return ResponseStore(store)
    raise InvalidParameterError(
        f"`store` must be 'auto', a ResponseStore, a path, a database URL, or None for none, got "
        f"{type(store).__name__} ({store!r:.100})."
    )


class StoreURL(str):
    """A path or database URL as an estimator keeps it: a str whose repr shows no password."""

    def __repr__(self) -> str:
        return repr(str(without_password(str(self))))


class HidesPassword:
    """Stands before BaseEstimator: its parameter ``store`` shows no password, here or in a search over it."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "store" and type(value) is str and value != "auto":
            value = StoreURL(value)
        super().__setattr__(name, value)


def without_password(store: Any) -> Any:
    """Return a ``store`` parameter as it may go into a pickle: a database URL loses its passwords, also in its query.

    Whoever loads it gives the password to ``PGPASSWORD`` or ``~/.pgpass``.
    """
    from sqlalchemy.engine import make_url

    from skellagnn.llm.store._engines import locate, without_secrets

    url = store.url if isinstance(store, ResponseStore) else store
    if isinstance(url, os.PathLike) or url is None or url == "auto":
        return store
    try:
        place = locate(url)
    except InvalidParameterError:  # what it is, nobody knows; it may be a password
        return ResponseStore(_UNREADABLE, lease=store.lease) if isinstance(store, ResponseStore) else _UNREADABLE
    if place.path is not None:
        return store
    # `URL.set(password=None)` would leave the password as it is
    parsed = make_url(url)._replace(password=None)
    bare = without_secrets(parsed).render_as_string(hide_password=False)
    return ResponseStore(bare, lease=store.lease) if isinstance(store, ResponseStore) else bare
