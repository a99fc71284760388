"""X: a graph, or an array as a graph without edges."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import validate_data

from skellagnn.base.arrays import as_array
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.graph._names import write_names
from skellagnn.graph._tables import as_pandas


def as_graph(estimator: Any, X: Any, *, reset: bool, argument: str = "X") -> TextGraph:
    """Return X as a graph; a 2-D array is a graph without edges.

    Parameters
    ----------
    estimator : estimator
        Not changed: see :func:`remember_columns`.
    X : TextGraph or array-like of shape (n_samples, n_features)
    reset : bool
        True in ``fit``, which of an inductive view gets the nodes in view alone. False compares an array with the
        columns that the estimator remembers.
    argument : str, default="X"
        How errors call it.

    Returns
    -------
    graph : TextGraph

    Raises
    ------
    GraphError
        If X is a graph of another library, texts without edges or a table with texts (the message names the
        converter), None or nothing like an array, an array of other dimensions or with infinite or missing numbers, or
        a graph without nodes in view, or hides entries behind a mask.
    InvalidParameterError
        If nodes of an inductive view are named by number in the estimator's ``candidates``.
    ValueError, TypeError
        From scikit-learn, if X is an array of other columns than in training, is sparse, or holds what is no number.
    """
    try:
        return _as_graph(estimator, X, reset)
    except GraphError as error:
        if argument == "X":
            raise
        raise GraphError(str(error).replace("`X`", f"`{argument}`", 1)) from error


def _as_graph(estimator: Any, X: Any, reset: bool) -> TextGraph:
    if isinstance(X, TextGraph):
        if len(X) == 0:
            raise GraphError("`X` must have at least one node in view, got a graph with 0 targets in view.")
        return _cut(estimator, X) if reset and X.is_inductive else X
    _refuse_other_graphs(X)
    if isinstance(X, np.ma.MaskedArray):
        X = as_array("X", X)
    kinds = [getattr(dtype, "kind", "") for dtype in getattr(X, "dtypes", [getattr(X, "dtype", None)])]
    if "M" in kinds or "m" in kinds:
        raise GraphError(
            "`X` must be numbers, got dates or durations, which would become numbers of days or nanoseconds. Convert "
            "them yourself, for example X.astype('int64')."
        )
    # scikit-learn writes what it finds down at once; before the fit has succeeded, a stand-in takes it
    checked = stand_in(estimator) if reset else estimator
    try:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, which the check then finds and says
            features = validate_data(checked, X, reset=reset, dtype=np.float32, ensure_min_samples=1)
    except ValueError as error:
        _refuse_columns_of_texts(X)  # numbers that are strings are numbers to numpy: looked for only where it failed
        said = str(error)
        if said.startswith(("X has ", "The feature names ")):  # columns of training, as in each of its estimators
            raise
        remedy = "Build a graph: TextGraph.from_edges(edges, texts=texts), or mend the numbers."
        if "Reshape your data" in said:
            remedy = "Reshape your data: X.reshape(-1, 1) for one column, X.reshape(1, -1) for one row."
        raise GraphError(
            f"`X` must be a TextGraph or a 2-D array of finite numbers, got {type(X).__name__} "
            f"({said.partition(chr(10))[0].rstrip('.: '):.200}). {remedy}"
        ) from error
    except TypeError:
        raise
    except Exception as error:  # what a foreign object's own __array__ or numpy's conversion of its entries raises
        raise GraphError(
            f"`X` must be a TextGraph or a 2-D array of numbers, got {type(X).__module__}.{type(X).__qualname__} "
            f"({type(error).__name__}). Build a graph: TextGraph.from_edges(edges, texts=texts)."
        ) from error
    n_samples = features.shape[0]
    unlinked = sparse.csr_array((n_samples, n_samples), dtype=np.float32)
    return TextGraph(unlinked, features=features, node_names=_names_of_rows(X) if reset else None)


def _names_of_rows(X: Any) -> Any:
    """Return the index of a table, with which labels in another order are found; None where it names no rows."""
    index = getattr(X, "index", None) if hasattr(X, "iloc") else None
    if index is None or type(index).__name__ == "RangeIndex" or getattr(index, "nlevels", 1) > 1:
        return None
    if index.is_unique and index.inferred_type in ("string", "integer"):
        with suppress(GraphError):  # a blank one, which may well stand in a table
            return write_names("X", index)
    return None


def _cut(estimator: Any, view: TextGraph) -> TextGraph:
    """Cut all nodes off that are not in view; those that are in view several times stay so."""
    if getattr(estimator, "candidates", None) is not None:
        raise InvalidParameterError(
            "`candidates` must be None for an inductive view, of which each fit sees other nodes under other numbers, "
            "got some. Leave it out, or cut the graph yourself: graph.subgraph(nodes)."
        )
    kept, positions = np.unique(view.targets, return_inverse=True)
    cut: TextGraph = view.subgraph(kept)[positions]
    return cut


def stand_in(estimator: Any) -> Any:
    """Return an object of the estimator's class, with its attributes, that may be written to in its place.

    Unlike a copy it copies nothing, and unlike an empty object it has a repr: a traceback that shows local variables
    asks for it.
    """
    other = object.__new__(type(estimator))
    other.__dict__.update(vars(estimator))
    return other


def remember_columns(estimator: Any, X: Any) -> None:
    """Set ``n_features_in_`` and ``feature_names_in_`` as X, which was fitted on, has them; forget those of before."""
    validate_data(estimator, X, reset=True, skip_check_array=True)


def _refuse_other_graphs(X: Any) -> None:
    is_like_array = any(hasattr(X, name) for name in ("__array__", "__len__", "__dataframe__", "shape"))
    if not (is_like_array or isinstance(X, numbers.Number)) or isinstance(X, (Mapping, Set, bytes)):
        raise GraphError(
            f"`X` must be a TextGraph or a 2-D array of numbers, got {X!r:.80}. Build a graph: "
            "TextGraph.from_edges(edges, texts=texts)."
        )
    kind = f"{type(X).__module__}.{type(X).__qualname__}"
    if hasattr(X, "node_types") and hasattr(X, "edge_types"):
        raise GraphError(
            f"`X` must be a TextGraph, got {kind}. Convert it: TextGraph.from_pyg(data.to_homogeneous(), texts=...)."
        )
    if hasattr(X, "edge_index") or hasattr(X, "adj_t"):
        raise GraphError(
            f"`X` must be a TextGraph, got {kind}. Convert it: TextGraph.from_pyg(data, texts=...), and pass "
            "y=data.y.numpy()."
        )
    if hasattr(X, "adj") and hasattr(X, "nodes") and hasattr(X, "edges"):
        raise GraphError(
            f"`X` must be a TextGraph, got {kind}. Convert it: TextGraph.from_networkx(graph, text='name of the "
            "attribute')."
        )
    if isinstance(X, str) or (_is_one_dimensional(X) and len(X) > 0 and all(isinstance(item, str) for item in X)):
        raise GraphError(
            "`X` must be a TextGraph, got texts without edges. Build one: TextGraph.from_edges(edges, texts=texts), "
            "with edges=[] if the texts really are not linked."
        )


def _refuse_columns_of_texts(X: Any) -> None:
    """Say what a table with texts is to become; the error that scikit-learn has for it shows one of the texts."""
    try:
        table = as_pandas("X", X)
    except GraphError:
        return
    for position, name in enumerate(table.columns):
        if any(isinstance(value, str) for value in table.iloc[:, position]):
            raise GraphError(
                f"`X` must be a TextGraph, or a table of numbers, got a table with texts in column {name!r}. Build a "
                f"graph: TextGraph.from_pandas(X, edges, text={name!r}), or TextGraph.from_edges([], "
                f"texts=X[{name!r}].to_list()) if the texts are not linked."
            ) from None


def _is_one_dimensional(X: Any) -> bool:
    # an object that is no sequence but turns into an array need not have a length
    return getattr(X, "ndim", 1) == 1 and (
        isinstance(X, Sequence) or (hasattr(X, "__array__") and hasattr(X, "__len__"))
    )
