"""Distillation: a teacher on propagated features, whose class probabilities the backbone learns from.

It lives during ``fit`` only, and is trained on labels and answers alike (:mod:`skellagnn.supervision`).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator
from sklearn.utils.extmath import randomized_svd

from skellagnn.base.numbers import check_int, check_real
from skellagnn.base.resources import scratch_array
from skellagnn.base.vectors import unit_vectors
from skellagnn.gnn._sparse import aggregate, edge_matrix
from skellagnn.gnn._targets import SoftLabels

__all__ = ["PropagationTeacher", "Teacher", "propagate"]

# Steps of propagation that are averaged: two or eight are as good.
N_STEPS = 4
# Principal components in which neighbors are compared: about as many as there are classes. In all dimensions, any two
# texts that share a name are alike.
N_COMPARED = 8
# Nodes whose principal components these are, and edges that are looked at.
N_SEEN = (10_000, 1_000_000)
# Nodes that are added up, or predicted, at a time.
BLOCK = 1 << 16
# Unlabeled nodes that a teacher trains itself on at most.
N_SELF_TRAINED = 10_000
# Iterations of L-BFGS: of the first fit, and of each that starts from the one before.
ITERATIONS = (60, 25)


class Teacher(Protocol):
    """What ``teacher`` may be: a scikit-learn estimator of this form, cloned for each fit."""

    weight: float
    """Weight of its class probabilities in the backbone's loss, beside the labels."""

    def fit(self, features: NDArray[Any], known: SoftLabels, adjacency: sparse.csr_array) -> Teacher:
        """Train on nodes of which something is known.

        Parameters
        ----------
        features : ndarray of shape (n_nodes, 2 * n_features)
            Own and propagated features of all nodes (``propagate``).
        known : SoftLabels
            Labels, with probability 1, and answers of the LLM, each with its weight.
        adjacency : csr_array of shape (n_nodes, n_nodes)
            All edges, for a teacher that passes messages of its own.
        """
        ...

    def predict_proba(self, features: NDArray[Any], adjacency: sparse.csr_array) -> NDArray[np.floating[Any]]:
        """Return class probabilities of all nodes, shape (n_nodes, n_classes)."""
        ...


class PropagationTeacher(BaseEstimator):  # type: ignore[misc]
    """Logistic regression on own and propagated features, which then learns from its own predictions.

    Parameters
    ----------
    weight : float, default=2.0
        Weight of its class probabilities on the unlabeled nodes in the backbone's loss, beside the labels; where these
        nodes are fewer than the labels, times their ratio.
    C : float, default=5.0
        Inverse strength of the L2 penalty, as in :class:`sklearn.linear_model.LogisticRegression`.
    n_rounds : int, default=5
        Rounds of self-training: in each it is fitted anew to labels, answers and its sharpened predictions for the
        other nodes, which together weigh as much as what is known. 0 leaves them out.

    Notes
    -----
    It minimizes, with W its coefficients and w the weights of what is known,

    .. math:: \\sum_v w_v\\, CE(q_v, p_v) + \\tfrac{1}{2C} \\lVert W \\rVert^2

    which is convex: it cannot collapse, and a handful of labels gives humble probabilities. Self-training can collapse
    into one class: a sharpened prediction favors classes that are large already. So it keeps the predicted class sizes
    as far as labels are few: with m known nodes a class, :math:`q_v \\propto p_v^2 / r` with r the factors that restore
    the sizes, to the power of min(1, 2 / (1 + m)). Where classes have unequal numbers of labels, m is that much smaller
    as the smallest is than their mean.

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier
    >>> from skellagnn.distillation import PropagationTeacher
    >>> clf = ELLaGNNClassifier(teacher=PropagationTeacher(weight=1.0))
    >>> clf.set_params(teacher__n_rounds=0).teacher
    PropagationTeacher(n_rounds=0, weight=1.0)
    """

    def __init__(self, weight: float = 2.0, *, C: float = 5.0, n_rounds: int = 5) -> None:
        self.weight = weight
        self.C = C
        self.n_rounds = n_rounds

    def fit(
        self, features: NDArray[Any], known: SoftLabels, adjacency: sparse.csr_array | None = None
    ) -> PropagationTeacher:
        """Train on nodes of which something is known.

        Parameters
        ----------
        features : ndarray of shape (n_nodes, 2 * n_features)
        known : SoftLabels
        adjacency : csr_array, default=None
            Not looked at: the features are propagated already.

        Returns
        -------
        self : PropagationTeacher
        """
        check_real("C", self.C, low=0, open_low=True)
        check_int("n_rounds", self.n_rounds, at_least=0)
        seen = _with_ones(features, known.nodes)
        targets, weights = known.probabilities.astype(np.float64), known.weights.astype(np.float64)
        self.coef_ = fit_softmax(seen, targets, weights, self.C, iterations=ITERATIONS[0])
        unknown = np.ones(len(features), dtype=bool)
        unknown[known.nodes] = False
        others = np.flatnonzero(unknown)
        if len(others) > N_SELF_TRAINED:  # evenly spaced: the same in every process, without a draw
            others = others[np.linspace(0, len(others) - 1, N_SELF_TRAINED, dtype=np.int64)]
        if len(others) == 0 or weights.sum() == 0:
            return self
        seen = np.vstack([seen, _with_ones(features, others)])
        all_weights = np.concatenate([weights, np.full(len(others), weights.sum() / len(others))])
        counts = (targets == 1).sum(axis=0)  # labels: no answer is that sure
        evenness = counts[counts > 0].min() / counts[counts > 0].mean() if counts.any() else 1.0
        keep = min(1.0, 2 / (1 + evenness * weights.sum() / targets.shape[1]))
        for _ in range(self.n_rounds):
            predicted = softmax(seen[len(targets) :] @ self.coef_, axis=1)
            sharpened = sharpen(predicted, keep)
            both = np.vstack([targets, sharpened])
            self.coef_ = fit_softmax(seen, both, all_weights, self.C, start=self.coef_, iterations=ITERATIONS[1])
        return self

    def predict_proba(self, features: NDArray[Any], adjacency: sparse.csr_array | None = None) -> NDArray[np.float64]:
        """Return class probabilities of all nodes, shape (n_nodes, n_classes)."""
        probabilities = np.empty((len(features), self.coef_.shape[1]))
        for start in range(0, len(features), BLOCK):
            nodes = np.arange(start, min(start + BLOCK, len(features)))
            probabilities[nodes] = softmax(_with_ones(features, nodes) @ self.coef_, axis=1)
        return probabilities


def propagate(adjacency: sparse.csr_array, features: NDArray[Any]) -> NDArray[Any]:
    """Return each node's own features beside the mean of what one to four steps of propagation bring to it.

    Parameters
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
        All edges: means over the most similar neighbors alone were worse on Wikispeedia and no better on Cora.
    features : ndarray of float32 or float16 of shape (n_nodes, n_features)

    Returns
    -------
    propagated : ndarray of shape (n_nodes, 2 * n_features)
        ``[unit(x - mean x), a * unit(s - mean s)]`` with ``s = mean_{k=1..4} M^k x``, M the mean over the neighbors,
        and ``a`` from 0 to 1 (Notes). The second half of a node without neighbors is 0. Where there is no edge, the
        first half is divided by its root mean square instead: a table's columns mean something by their size.

    Notes
    -----
    Steps as in GRAND (arXiv 2005.11079), without its dropped nodes; a node's own features are kept apart as in
    GraphSAGE, for graphs whose neighbors are often of another class. Embeddings of texts share a large mean, which
    tells nothing of their classes: without it a label a class is worth five points more on Cora.

    How far neighbors tell the class is seen without labels, in the first eight principal components of the own
    features, where texts of one class are close. Let I_j be Moran's I of the j-th, its correlation over the edges
    (Moran, 1950), or 0 if that is negative, and s_j its variance:

    .. math:: a = w \\frac{\\sum_j I_j^2}{\\sum_j I_j} + 1 - w, \\quad w = \\min(1, s_1 / s_9 - 1)

    The fraction is a mean in which components of noise do not count. w is how far texts fall into groups at all: those
    that do not cannot show what neighbors tell. Papers that cite each other have a = 0.69, linked pages of an
    encyclopedia 0.40: with both halves of one length the teacher is far worse on these
    (``benchmarks/propagation.py``).
    """
    matrix = edge_matrix("mean", adjacency)
    n_nodes, n_features = features.shape
    propagated = scratch_array((n_nodes, 2 * n_features), features.dtype)
    own, reached = slice(0, n_features), slice(n_features, None)
    propagated[:, own] = features
    step = features
    for k in range(1, N_STEPS + 1):
        step = aggregate(matrix, step, scratch_array(features.shape, features.dtype))
        for start in range(0, n_nodes, BLOCK):
            block = slice(start, start + BLOCK)
            if k == 1:
                propagated[block, reached] = step[block] / N_STEPS
            else:
                propagated[block, reached] += step[block] / N_STEPS
    if adjacency.nnz == 0:
        _center(propagated[:, own], unit=False)
        return propagated
    _center(propagated[:, own])
    has_neighbors = np.diff(adjacency.indptr) > 0
    _center(propagated[:, reached], has_neighbors, length=_alikeness(adjacency, propagated[:, own]))
    return propagated


def _alikeness(adjacency: sparse.csr_array, vectors: NDArray[Any]) -> float:
    """Return how far neighbors' vectors are alike where vectors differ most (:func:`propagate`)."""
    n_nodes, n_edges = len(vectors), adjacency.nnz
    nodes = np.linspace(0, n_nodes - 1, min(n_nodes, N_SEEN[0]), dtype=np.int64)
    # the same draw each time: the same graph gives the same features
    sample = vectors[nodes].astype(np.float32)
    _, singular, axes = randomized_svd(sample, N_COMPARED + 1, random_state=0, transpose=False)
    variances = singular.astype(np.float64) ** 2
    grouped = 1.0
    if len(variances) > N_COMPARED:  # a table of a few columns has no noise to compare with
        grouped = min(1.0, max(0.0, variances[0] / max(variances[N_COMPARED], 1e-12) - 1))
    axes = axes[:N_COMPARED]
    compared = np.empty((n_nodes, len(axes)), dtype=np.float32)
    for start in range(0, n_nodes, BLOCK):
        compared[start : start + BLOCK] = vectors[start : start + BLOCK] @ axes.T
    edges = np.linspace(0, n_edges - 1, min(n_edges, N_SEEN[1]), dtype=np.int64)
    here = compared[np.searchsorted(adjacency.indptr, edges, side="right") - 1].astype(np.float64)
    there = compared[adjacency.indices[edges]].astype(np.float64)
    products, squares = (here * there).sum(axis=0), (here**2 + there**2).sum(axis=0) / 2
    morans = np.maximum(products, 0) / np.maximum(squares, 1e-12)
    return grouped * float((morans**2).sum() / max(morans.sum(), 1e-12)) + 1 - grouped


def _center(
    vectors: NDArray[Any], rows: NDArray[np.bool_] | None = None, *, unit: bool = True, length: float = 1.0
) -> None:
    """Subtract the mean and scale to one length, in place; without ``unit``, to a root mean square of 1.

    With ``rows``, the mean is that of these, and the others become 0.
    """
    blocks = [slice(start, start + BLOCK) for start in range(0, len(vectors), BLOCK)]
    n_rows = len(vectors) if rows is None else np.count_nonzero(rows)
    total = sum(vectors[block].sum(axis=0, dtype=np.float64) for block in blocks)  # that of the others is 0
    mean = np.asarray(total / max(n_rows, 1), dtype=np.float32)
    squares = 0.0
    for block in blocks:
        centered = vectors[block].astype(np.float32) - mean
        if rows is not None:
            centered[~rows[block]] = 0
        squares += float((centered.astype(np.float64) ** 2).sum())
        vectors[block] = length * unit_vectors(centered) if unit else centered
    if not unit and squares > 0:
        for block in blocks:
            vectors[block] /= np.sqrt(squares / len(vectors))


def _with_ones(features: NDArray[Any], nodes: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the features of some nodes, and a column of ones for the intercept."""
    gathered = np.ones((len(nodes), features.shape[1] + 1), dtype=np.float32)
    gathered[:, :-1] = features[nodes]
    return gathered


def sharpen(probabilities: NDArray[np.float64], keep: float = 1.0) -> NDArray[np.float64]:
    """Square class probabilities and normalize; the mean over the nodes stays as it was, as far as ``keep`` says.

    Parameters
    ----------
    probabilities : ndarray of shape (n_nodes, n_classes)
    keep : float, default=1.0
        1 keeps the mean, 0 does not.
    """
    sizes = probabilities.mean(axis=0)
    squared = probabilities**2 + 1e-300
    squared /= squared.sum(axis=1, keepdims=True)
    kept = squared.copy()
    for _ in range(10):  # Sinkhorn: columns to their sizes, rows to 1
        kept *= sizes / np.maximum(kept.mean(axis=0), 1e-12)
        kept /= kept.sum(axis=1, keepdims=True)
    both = squared ** (1 - keep) * kept**keep
    return np.asarray(both / both.sum(axis=1, keepdims=True))


def fit_softmax(
    features: NDArray[np.float32],
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    C: float,
    *,
    start: NDArray[np.float32] | None = None,
    iterations: int = 100,
) -> NDArray[np.float32]:
    """Fit a multinomial logistic regression to class probabilities.

    :class:`sklearn.linear_model.LogisticRegression` takes classes only: each node would be there once for each class.

    Parameters
    ----------
    features : ndarray of float32 of shape (n, n_features + 1)
        The last column, of the intercept, is hardly penalized.
    targets : ndarray of shape (n, n_classes)
    weights : ndarray of shape (n,)
    C : float
    start : ndarray of shape (n_features + 1, n_classes), default=None
    iterations : int, default=100

    Returns
    -------
    coefficients : ndarray of float32 of shape (n_features + 1, n_classes)
    """
    shape = (features.shape[1], targets.shape[1])
    weighted = (targets * weights[:, None]).astype(np.float32)
    totals = weighted.sum(axis=1, keepdims=True)
    penalty = np.full((shape[0], 1), 1 / C, dtype=np.float32)
    penalty[-1] *= 1e-3

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        coefficients = flat.reshape(shape).astype(np.float32)
        log_p = log_softmax(features @ coefficients, axis=1)
        gradient = features.T @ (np.exp(log_p) * totals - weighted) + penalty * coefficients
        value = float((penalty * coefficients**2).sum(dtype=np.float64)) / 2
        return value - float((weighted * log_p).sum(dtype=np.float64)), gradient.astype(np.float64).ravel()

    first = np.zeros(shape[0] * shape[1]) if start is None else start.astype(np.float64).ravel()
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "gtol": 1e-3})
    return np.asarray(found.x.reshape(shape), dtype=np.float32)
