"""Why a model says what it says of one node: each reason is left out, and the model predicts anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skellagnn.base.numbers import check_bool, check_int
from skellagnn.base.vectors import unit_vectors
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._tfidf import word_spans
from skellagnn.exceptions import (
    GraphError,
    InvalidParameterError,
    SkellagnnError,
)
from skellagnn.graph import TextGraph
from skellagnn.inspection._explained_model import ExplainedModel, plain
from skellagnn.inspection._explanation import Explanation, Record, strongest_first
from skellagnn.inspection._trained_on import leave_out_answers
from skellagnn.neighborhood import rank_neighbors
from skellagnn.validation import as_graph

__all__ = ["explain"]

# Where an encoder makes a vector of the node's text that is less like its features than this, they are of another one.
SAME_ENCODER = 0.9


def explain(
    clf: Any,
    graph: Any,
    node: str | int,
    *,
    label: Any = None,
    training: Any = None,
    refit: bool = False,
    max_neighbors: int = 50,
    max_words: int = 100,
    max_answers: int = 20,
) -> Explanation:
    """Say which neighbors, words and answers of the LLM a prediction hangs on, by leaving each out.

    Parameters
    ----------
    clf : ELLaGNNClassifier
        Fitted; not changed.
    graph : TextGraph or array-like
        As for ``predict_proba``: the training graph or another one. Which nodes are in view does not matter.
    node : str or int
        Name or number of the node.
    label : object, default=None
        The class to explain. None: the one that is predicted. Another one answers "why not that".
    training : tuple (X, y), default=None
        What ``fit`` got: to explain by answers, too, which are about nodes of that graph.
    refit : bool, default=False
        Whether answers are left out of fits. False: of the teacher.
    max_neighbors, max_words, max_answers : int
        How many are left out one by one at most: neighbors, and answers about nodes, that are most similar to the node.
        A text of more different words is cut into so many runs of words.

    Returns
    -------
    explanation : Explanation

    Raises
    ------
    NotFittedError
        Before ``fit``.
    InvalidParameterError, GraphError, LabelError
        If a parameter is not as described, there is no such node or class, or the graph cannot be predicted on.

    See Also
    --------
    skellagnn.ELLaGNNClassifier.predict_proba : What is explained.

    Notes
    -----
    **Neighbors**: the link to it is taken out of the graph, as if it had never been there, and neighbors are ranked
    anew, so that another one may take its place. Only those are tried whose messages reach the node directly: at most
    ``n_neighbors``.

    **Words** of the node's own text, each at all places where it stands: the text is encoded without it, and neighbors
    are ranked anew. This needs the encoder that the network's feature vectors come from.

    **Answers** that name a class and stood for a label: an answer does nothing in a prediction, it has changed the
    weights. What it taught is read off the teacher: it is trained on labels and answers, as ``fit`` has weighed them,
    without this one, and says how probable the class is. That is exact for the teacher, which the backbone learned
    from, and no draw is in it; the probabilities are the teacher's. (Without one, a
    :class:`~skellagnn.distillation.PropagationTeacher` stands for the network.) ``refit=True`` fits the whole model
    without what was said about the node, with one seed, for 2 + ``max_answers`` times the time of a fit; what a single
    fit says is in part chance (``benchmarks/explain.py`` compares both with the mean of several fits). Validation
    labels are drawn as a ``fit`` without ``X_val`` does.

    Work: 2 predictions, and one for each neighbor and word, of one node on the part of the graph around it; an encoding
    for each word, of a text like the node's; with answers 2 teachers, or fits, and one for each answer. No LLM is
    called.

    To leave out one of several reasons that say the same changes little: see ``totals``.

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier
    >>> from skellagnn.datasets import make_text_graph
    >>> from skellagnn.inspection import explain
    >>> data = make_text_graph(n_nodes=60, random_state=0)
    >>> clf = ELLaGNNClassifier(encoder="tfidf", max_iter=20, random_state=0).fit(data.graph, data.target)
    >>> why = explain(clf, data.graph, 3)
    >>> bool(why.predicted == clf.predict(data.graph)[3])
    True
    >>> sorted(why.neighbors[0])
    ['name', 'node', 'predicted', 'probability', 'push', 'title']
    """
    refit = check_bool("refit", refit)
    if training is not None and not (isinstance(training, (tuple, list)) and len(training) == 2):
        raise InvalidParameterError(
            f"`training` must be a tuple (X, y), what fit got, or None, got {type(training).__name__}."
        )
    limits = {"max_neighbors": max_neighbors, "max_words": max_words, "max_answers": max_answers}
    for name, limit in limits.items():
        check_int(name, limit, at_least=0)
    _check_fitted(clf)
    graph = as_graph(clf, graph, reset=False, argument="graph")
    place = _find(graph, node)
    model = ExplainedModel(clf, graph, place, label)
    notes: list[str] = []
    parts = (
        _leave_out_neighbors(model, max_neighbors, notes),
        _leave_out_words(model, max_words, notes),
        leave_out_answers(model, training, refit, max_answers, notes),
    )
    return Explanation(
        node=place,
        name=graph.name_of(place),
        title=graph.title_of(place),
        text=None if graph.texts is None else graph.texts[place],
        label=model.label,
        predicted=model.predicted,
        probability=float(model.probabilities[model.at]),
        probabilities={plain(name): float(p) for name, p in zip(clf.classes_, model.probabilities, strict=True)},
        totals=[total for totals, _ in parts for total in totals],
        neighbors=parts[0][1],
        words=parts[1][1],
        answers=parts[2][1],
        notes=notes,
        n_predictions=model.n_predictions,
        n_encodings=model.n_encodings,
        n_fits=model.n_fits,
    )


def _check_fitted(clf: Any) -> None:
    if not hasattr(clf, "predict_proba") or not hasattr(type(clf), "plan"):
        best = " Pass its best_estimator_." if hasattr(clf, "best_estimator_") else " Pass the classifier itself."
        raise InvalidParameterError(f"`clf` must be a fitted ELLaGNNClassifier, got {type(clf).__name__}.{best}")
    check_is_fitted(clf)


def _find(graph: TextGraph, node: Any) -> int:
    """Return the number of a node that is given by number or name."""
    if isinstance(node, str):
        try:
            return int(graph.index(node))
        except GraphError as error:
            raise GraphError(str(error).replace("`names`", "`node`", 1)) from error
    place = check_int("node", node, at_least=0)
    if place >= graph.n_nodes:
        raise GraphError(
            f"`node` must be a number from 0 to {graph.n_nodes - 1}, or a name, got {place}. Numbers are those of the "
            "whole graph, not of the nodes in view; names are strings."
        )
    return place


# -- neighbors --------------------------------------------------------------------------------------------------------


def _leave_out_neighbors(model: ExplainedModel, most: int, notes: list[str]) -> tuple[list[Record], list[Record]]:
    adjacency, target = model.graph.adjacency, model.target
    if not model.reads_edges:
        notes.append("No neighbors: this network looks at no links.")
        return [], []
    kept = rank_neighbors(adjacency, model.embeddings, model.clf._n_neighbors)[[target]].indices
    if not len(kept):
        notes.append("No neighbors: no link leads to this node.")
        return [], []
    tried = kept
    if len(kept) > most:
        tried = rank_neighbors(adjacency, model.embeddings, most)[[target]].indices if most else kept[:0]
        notes.append(f"Neighbors: the {most} most similar of {len(kept)} were left out one by one.")
    both_ways = not model.whole.is_directed
    records = []
    for source in tried.tolist():
        probabilities = model.predict(_without_links(adjacency, np.array([source]), target, both_ways))
        number = int(model.numbers[source])
        name, title = model.graph.name_of(source), model.graph.title_of(source)
        records.append({"node": number, "name": name, "title": title, **model.record(probabilities)})
    sources = adjacency[[target]].indices
    alone = model.record(model.predict(_without_links(adjacency, sources, target, both_ways)))
    return [{"what": f"all {len(sources)} links", **alone}], strongest_first(records)


def _without_links(
    adjacency: sparse.csr_array, sources: NDArray[Any], target: int, both_ways: bool
) -> sparse.csr_array:
    """Take the edges from some nodes into one out of a graph; of an undirected one, also those back."""
    edges = adjacency.tocoo()
    row, column = edges.coords
    gone = (row == target) & np.isin(column, sources)
    if both_ways:
        gone |= (column == target) & np.isin(row, sources)
    kept = (edges.data[~gone], (row[~gone], column[~gone]))
    return sparse.csr_array(sparse.coo_array(kept, shape=adjacency.shape))


# -- words ------------------------------------------------------------------------------------------------------------


def _leave_out_words(model: ExplainedModel, most: int, notes: list[str]) -> tuple[list[Record], list[Record]]:
    graph, target = model.graph, model.target
    text = "" if graph.texts is None else graph.texts[target]
    if not text.strip():
        notes.append(f"No words: {'the graph has no texts' if graph.texts is None else 'this node has no text'}.")
        return [], []
    if model.encoder is None:
        notes.append(
            "No words: the model has no encoder of the features that it reads. One that was loaded may get it again "
            "from set_params(encoder=...)."
        )
        return [], []
    units = _units(text, most)
    variants = [text, *(_cut(text, spans) for _, spans in units)]
    try:
        vectors = encode_texts(model.encoder, variants, n_features=model.clf.n_features_in_)
    except SkellagnnError as error:
        if graph.features is None:
            raise
        notes.append(f"No words: the features did not come from the model's encoder ({error}).")
        return [], []
    model.n_encodings += len(variants)
    if graph.features is not None and not _alike(vectors[0], model.embeddings[target]):
        notes.append("No words: the network reads features that the model's encoder does not make of the texts.")
        return [], []
    if model.clf._scale_features:
        vectors = unit_vectors(vectors)
    # against the text as it was encoded here: features may be of another rounding
    full = model.predict(own=vectors[0])
    records = [
        {"word": text[spans[0][0] : spans[0][1]], "spans": spans, **model.record(model.predict(own=vector), full)}
        for (_, spans), vector in zip(units, vectors[1:], strict=True)
    ]
    nothing = model.record(model.predict(own=np.zeros(vectors.shape[1], dtype=np.float32)), full)
    return [{"what": "its whole text", **nothing}], strongest_first(records)


def _alike(made: NDArray[np.float32], given: NDArray[Any]) -> bool:
    norms = float(np.linalg.norm(made) * np.linalg.norm(given.astype(np.float32)))
    return norms > 0 and float(made @ given.astype(np.float32)) / norms > SAME_ENCODER


def _units(text: str, most: int) -> list[tuple[str, list[tuple[int, int]]]]:
    """Return what is left out at a time: each different word, at all its places; or, of too many, runs of words."""
    places: dict[str, list[tuple[int, int]]] = {}
    spans = word_spans(text)
    for start, end in spans:
        places.setdefault(text[start:end].casefold(), []).append((start, end))
    if len(places) <= most:
        return list(places.items())
    runs = [run for run in np.array_split(np.arange(len(spans)), most) if len(run)] if most else []
    return [("", [(spans[run[0]][0], spans[run[-1]][1])]) for run in runs]


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> str:
    parts, end = [], 0
    for start, stop in spans:
        parts.append(text[end:start])
        end = stop
    return "".join([*parts, text[end:]])
