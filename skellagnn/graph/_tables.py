"""Tables of pandas, polars and pyarrow, of which only named columns are read."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from skellagnn.base.resolve import suggest
from skellagnn.exceptions import GraphError


def as_pandas(argument: str, table: Any) -> Any:
    """Return a pandas.DataFrame of a table.

    Parameters
    ----------
    argument : str
        For the error.
    table : pandas.DataFrame, polars.DataFrame, pyarrow.Table or the like
        Of other libraries than pandas, each column becomes an array by its own ``to_numpy``: neither needs the other,
        as ``polars.DataFrame.to_pandas`` needs pyarrow.

    Raises
    ------
    GraphError
        If it is no table. The message shows nothing of what it holds.
    """
    if hasattr(table, "iloc") and hasattr(table, "columns"):
        return table
    names = getattr(table, "column_names", None) or getattr(table, "columns", None)
    is_named = isinstance(names, list) and all(isinstance(name, str) for name in names)
    try:
        if isinstance(names, list) and is_named and hasattr(table, "to_pandas"):
            import pandas

            return pandas.DataFrame({name: table[name].to_numpy() for name in names})
    except Exception as error:
        raise GraphError(
            f"`{argument}` must be a table whose columns become arrays, got {type(table).__module__}."
            f"{type(table).__name__} ({type(error).__name__}). Convert it yourself: {argument}.to_pandas()."
        ) from error
    raise GraphError(
        f"`{argument}` must be a pandas.DataFrame, polars.DataFrame or pyarrow.Table, got {type(table).__name__}. Make "
        "one: pandas.DataFrame(...); collect() a lazy one."
    )


def require_column(table: Any, column: Hashable, argument: str, parameter: str) -> None:
    """Check that a pandas.DataFrame has a column of that name, once."""
    if not isinstance(column, Hashable):
        raise GraphError(
            f"`{parameter}` must be the name of one column of `{argument}`, got {type(column).__name__}. Pass its name."
        )
    n_columns = list(table.columns).count(column)
    if n_columns == 0:
        raise GraphError(
            f"`{argument}` must have a column {column!r:.80} (`{parameter}`), got "
            f"{list(map(str, table.columns))!r:.300}. Rename it, or name another one."
            + suggest(str(column), map(str, table.columns))
        )
    if n_columns > 1:
        raise GraphError(
            f"`{argument}` must have one column {column!r:.80}, got {n_columns} of that name. Rename or drop "
            "the others."
        )
