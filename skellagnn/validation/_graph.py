"""X: a graph, or an array as a graph without edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import validate_data

from skellagnn.exceptions import GraphError
from skellagnn.graph import TextGraph


def as_graph(estimator: Any, X: Any, *, reset: bool) -> TextGraph:
    """Return X as a graph; a 2-D array is a graph without edges.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and ``feature_names_in_`` from an array if ``reset``, else is compared with it.
    X : TextGraph or array-like of shape (n_samples, n_features)
    reset : bool
        True in ``fit``.

    Returns
    -------
    graph : TextGraph

    Raises
    ------
    GraphError
        If X is a graph of another library, or texts without edges; the message names the converter.
    ValueError
        From scikit-learn, if X is an array that it does not accept.
    """
    if isinstance(X, TextGraph):
        if len(X) == 0:
            raise GraphError("`X` must have at least one node in view, got a graph with 0 targets in view.")
        return X
    _refuse_other_graphs(X)
    with np.errstate(over="ignore"):  # beyond float32 is infinite, which the check then finds and says
        rows = validate_data(estimator, X, reset=reset, dtype=np.float32, ensure_min_samples=1)
    n_samples = rows.shape[0]
    return TextGraph(sparse.csr_array((n_samples, n_samples), dtype=np.float32), features=rows)


def _refuse_other_graphs(X: Any) -> None:
    kind = f"{type(X).__module__}.{type(X).__qualname__}"
    if hasattr(X, "edge_index"):
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


def _is_one_dimensional(X: Any) -> bool:
    # an object that is no sequence but turns into an array need not have a length
    return getattr(X, "ndim", 1) == 1 and (
        isinstance(X, Sequence) or (hasattr(X, "__array__") and hasattr(X, "__len__"))
    )
