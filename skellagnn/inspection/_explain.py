"""Why a model says what it says of one node: each reason is left out, and the model predicts anew."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from functools import cache, partial
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skellagnn.base.numbers import check_bool, check_int
from skellagnn.base.showing import columns, html_table, printable, shorten
from skellagnn.base.vectors import unit_vectors
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._features import check_n_features, raw_features
from skellagnn.encoders._resolve import with_weights
from skellagnn.encoders._tfidf import word_spans
from skellagnn.exceptions import (
    GraphError,
    InvalidParameterError,
    MissingDependencyError,
    SkellagnnError,
    SkellagnnWarning,
)
from skellagnn.graph import TextGraph
from skellagnn.llm.enhancers import ReplayEnhancer
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.neighborhood import rank_neighbors
from skellagnn.validation import as_graph, check_class_names, check_labels, hold_out

__all__ = ["Explanation", "explain"]

# Where an encoder makes a vector of the node's text that is less like its features than this, they are of another one.
SAME_ENCODER = 0.9
# Rows of each part that a repr and a picture show.
N_SHOWN = 10
# Pictures and pages: what pushes towards the class, and away from it. Of Okabe and Ito, told apart by color-blind
# readers.
TOWARDS, AWAY = "#0072b2", "#d55e00"
HEADER = ("push", "p without", "says then")

Record = dict[str, Any]


class Explanation:
    """What a prediction hangs on: made by :func:`explain`.

    Records are dicts, those that push most first. ``push`` is how much the probability of the explained class falls
    where something is left out: above 0 it speaks for the class, below 0 against it. ``probability`` and ``predicted``
    are what the model then says: the probability of the explained class, and the most probable one.

    Attributes
    ----------
    node : int
        Number of the node in the graph.
    name, title : str
    label : object
        The explained class.
    predicted : object
        The class that the model predicts.
    probability : float
        Of the explained class.
    probabilities : dict of class to float
    totals : list of dict
        What is left without all links of the node, without its whole text, and without all answers: ``what``,
        ``push``, ``probability``, ``predicted``. One of many that say the same may push little.
    neighbors : list of dict
        ``node``, ``name``, ``title``, ``push``, ``probability``, ``predicted``, each without the link to it.
    words : list of dict
        ``word``, ``spans`` (where it stands in the text, as (start, end)), ``push``, ``probability``, ``predicted``.
    answers : list of dict
        ``node``, ``name``, ``answer``, ``said`` (the name of the class), ``push``, ``probability``, ``predicted``; the
        last two are those of a teacher, or of another fit: see :func:`explain`.
    notes : list of str
        What is not explained, and why.
    n_predictions, n_encodings, n_fits : int
        What all this took: predictions, texts encoded beside those of the graph, teachers or models fitted.
    """

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)

    node: int
    name: str
    title: str
    text: str | None
    label: Any
    predicted: Any
    probability: float
    probabilities: dict[Any, float]
    totals: list[Record]
    neighbors: list[Record]
    words: list[Record]
    answers: list[Record]
    notes: list[str]
    n_predictions: int
    n_encodings: int
    n_fits: int

    def to_frame(self) -> Any:
        """Return all records as a table.

        Returns
        -------
        table : pandas.DataFrame
            ``part`` ("all", "neighbor", "word" or "answer"), ``what`` (a neighbor's name, a word, the name of the node
            that was asked about), ``push``, ``probability``, ``predicted``.
        """
        import pandas

        keys = ("push", "probability", "predicted")
        rows = [(part, what, *(record[key] for key in keys)) for part, what, record in self._records()]
        return pandas.DataFrame(rows, columns=["part", "what", *keys])

    def _records(self) -> list[tuple[str, str, Record]]:
        return [
            *(("all", record["what"], record) for record in self.totals),
            *(("neighbor", record["name"], record) for record in self.neighbors),
            *(("word", record["word"], record) for record in self.words),
            *(("answer", record["name"], record) for record in self.answers),
        ]

    def _title(self) -> str:
        says = "" if self.predicted == self.label else f" (it says {shorten(self.predicted, 40)})"
        named = "" if self.title in ("", self.name) else f", {shorten(self.title, 60)}"
        return f"{shorten(self.label, 40)} with {self.probability:.3f}{says}: node {shorten(self.name, 40)}{named}"

    def _tables(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """Return title and rows of each part that is not empty."""

        def cells(what: str, record: Record) -> tuple[str, ...]:
            return what, f"{record['push']:+.3f}", f"{record['probability']:.3f}", shorten(record["predicted"], 24)

        parts = (
            ("Without", [cells(record["what"], record) for record in self.totals]),
            ("Without the link to", [cells(_named(record), record) for record in self.neighbors[:N_SHOWN]]),
            ("Without the word", [cells(shorten(record["word"], 40), record) for record in self.words[:N_SHOWN]]),
            ("Without the answer about", [cells(_said(record), record) for record in self.answers[:N_SHOWN]]),
        )
        return [(title, rows) for title, rows in parts if rows]

    def _cost(self) -> str:
        fits = f", {self.n_fits} fits" if self.n_fits else ""
        return f"{self.n_predictions} predictions, {self.n_encodings} texts encoded{fits}"

    def __repr__(self) -> str:
        lines = [self._title()]
        for title, rows in self._tables():
            lines += ["", columns((title, *HEADER), rows)]
        return "\n".join([*lines, "", *self.notes, self._cost()])

    def _repr_html_(self) -> str:
        tables = "".join(html_table(title, rows, ("", *HEADER)) for title, rows in self._tables())
        notes = "".join(f"<div>{escape(printable(line))}</div>" for line in (*self.notes, self._cost()))
        return f"<div><b>{escape(printable(self._title()))}</b>{self._marked_text()}{tables}{notes}</div>"

    def _marked_text(self) -> str:
        """Return the text with a background behind each word: blue pushes towards the class, orange away from it."""
        if not self.words or self.text is None:
            return ""
        strongest = max(abs(record["push"]) for record in self.words) or 1.0
        spans = sorted((*span, record["push"] / strongest) for record in self.words for span in record["spans"])
        parts, end = [], 0
        for start, stop, push in spans:
            parts.append(escape(printable(self.text[end:start])))
            rgb = "0,114,178" if push > 0 else "213,94,0"
            color = f"rgba({rgb},{min(abs(push), 1.0) * 0.6:.2f})"
            parts.append(f"<span style='background:{color}'>{escape(printable(self.text[start:stop]))}</span>")
            end = stop
        parts.append(escape(printable(self.text[end:])))
        return f"<p style='white-space:pre-wrap;max-width:60em'>{''.join(parts)}</p>"

    def plot(self, ax: Any = None) -> Any:
        """Draw the strongest pushes of each part as bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        ax : matplotlib Axes

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise MissingDependencyError(
                "`plot` needs matplotlib, which is not installed: pip install 'skellagnn[plot]'. The numbers are in "
                "`neighbors`, `words` and `answers`."
            ) from error
        bars = [(shorten(record["what"], 30), record["push"]) for record in self.totals]
        bars += [("link: " + shorten(_named(record), 30), record["push"]) for record in self.neighbors[:N_SHOWN]]
        bars += [("word: " + shorten(record["word"], 30), record["push"]) for record in self.words[:N_SHOWN]]
        bars += [("answer: " + shorten(_said(record), 30), record["push"]) for record in self.answers[:N_SHOWN]]
        if ax is None:
            _, ax = pyplot.subplots(figsize=(6.4, 1.2 + 0.24 * max(len(bars), 1)), layout="constrained")
        places = np.arange(len(bars))
        pushes = [push for _, push in bars]
        ax.barh(places, pushes, color=[TOWARDS if push > 0 else AWAY for push in pushes])
        # parse_math: a text with dollar signs is no formula
        ax.set_yticks(places, [name for name, _ in bars], parse_math=False)
        ax.invert_yaxis()
        ax.axvline(0, color="#9a9a9a", linewidth=0.8)
        ax.set_xlabel("push: fall of the probability without it")
        title = f"{shorten(self.label, 20)} with {self.probability:.3f}: node {shorten(self.name, 20)}"
        ax.set_title(title, parse_math=False, fontsize="medium")
        return ax


def _named(record: Record) -> str:
    """Return a node's name, and its title where it is another."""
    name, title = shorten(record["name"], 24), shorten(record.get("title", ""), 50)
    return name if title in ("", name) else f"{name}: {title}"


def _said(record: Record) -> str:
    return f"{shorten(record['name'], 24)}: {shorten(record['said'], 24)}"


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
    limits = {"max_neighbors": max_neighbors, "max_words": max_words, "max_answers": max_answers}
    for name, limit in limits.items():
        check_int(name, limit, at_least=0)
    _check_fitted(clf)
    graph = as_graph(clf, graph, reset=False, argument="graph")
    place = _find(graph, node)
    model = _Model(clf, graph, place, label)
    notes: list[str] = []
    parts = (
        _leave_out_neighbors(model, max_neighbors, notes),
        _leave_out_words(model, max_words, notes),
        _leave_out_answers(model, training, refit, max_answers, notes),
    )
    return Explanation(
        node=place,
        name=graph.name_of(place),
        title=graph.title_of(place),
        text=None if graph.texts is None else graph.texts[place],
        label=model.label,
        predicted=model.predicted,
        probability=float(model.probabilities[model.at]),
        probabilities={_plain(name): float(p) for name, p in zip(clf.classes_, model.probabilities, strict=True)},
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


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


class _Model:
    """The model around one node: predicts for it, counts how often."""

    def __init__(self, clf: Any, graph: TextGraph, place: int, label: Any) -> None:
        from skellagnn.base.resources import resolve_device
        from skellagnn.gnn._layered import LayeredNetwork

        self.clf = clf
        self.n_predictions = self.n_encodings = self.n_fits = 0
        self.device = resolve_device(clf.device)
        self.encoder = with_weights(clf.encoder_, clf.encoder)
        self.reads_edges = True
        view = graph._with(targets=np.array([place]))
        if isinstance(clf.network_, LayeredNetwork):  # of any other, nobody knows how far it looks
            self.reads_edges = clf.network_.n_propagations > 0
            view = view.neighborhood(clf.network_.n_propagations + 1)
        self.graph: TextGraph = view
        # numbers of this part's nodes in the whole graph
        self.numbers = np.arange(graph.n_nodes) if view.n_nodes == graph.n_nodes else _kept(graph, view)
        self.whole, self.place = graph, place
        self.target = int(view.targets[0])
        scale, n_features = clf._scale_features, clf.n_features_in_
        self.embeddings = raw_features(view, self.encoder, memory=clf.memory, scale=scale, n_features=n_features)
        check_n_features(self.embeddings, n_features, "graph")
        self.probabilities = self.predict()
        self.predicted = _plain(clf.classes_[self.probabilities.argmax()])
        self.at = int(self.probabilities.argmax()) if label is None else self._index(label)
        self.label = _plain(clf.classes_[self.at])

    def _index(self, label: Any) -> int:
        found = np.flatnonzero(self.clf.classes_ == label)
        if len(found) != 1:
            known = ", ".join(repr(_plain(name)) for name in self.clf.classes_[:20])
            raise InvalidParameterError(f"`label` must be one of the model's classes, {known}, got {label!r:.80}.")
        return int(found[0])

    def predict(
        self, adjacency: sparse.csr_array | None = None, own: NDArray[np.float32] | None = None
    ) -> NDArray[np.float64]:
        """Return the node's class probabilities with other edges, or another vector of its own."""
        from skellagnn.gnn._inference import predict_logits

        self.n_predictions += 1
        adjacency = self.graph.adjacency if adjacency is None else adjacency
        embeddings = self.embeddings
        if own is not None:
            embeddings = np.array(embeddings)
            embeddings[self.target] = own
        neighbors = rank_neighbors(adjacency, embeddings, self.clf._n_neighbors)
        targets = np.array([self.target])
        logits = predict_logits(self.clf.network_, neighbors, embeddings, self.device, targets=targets)
        return np.asarray(softmax(logits[0].astype(np.float64)))

    def record(self, probabilities: NDArray[np.float64], full: NDArray[np.float64] | None = None) -> Record:
        """Return what something pushed that the prediction was made without."""
        full = self.probabilities if full is None else full
        return {
            "push": float(full[self.at] - probabilities[self.at]),
            "probability": float(probabilities[self.at]),
            "predicted": _plain(self.clf.classes_[probabilities.argmax()]),
        }


def _kept(graph: TextGraph, view: TextGraph) -> NDArray[np.int64]:
    assert view.node_names is not None  # a subgraph has names: its own, or the numbers of the whole graph
    if graph.node_names is None:
        return np.array([int(name) for name in view.node_names], dtype=np.int64)
    return np.asarray(graph.index(list(view.node_names)))


def _strongest_first(records: list[Record], key: str = "push") -> list[Record]:
    return sorted(records, key=lambda record: -abs(record[key]))


# -- neighbors --------------------------------------------------------------------------------------------------------


def _leave_out_neighbors(model: _Model, most: int, notes: list[str]) -> tuple[list[Record], list[Record]]:
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
    return [{"what": f"all {len(sources)} links", **alone}], _strongest_first(records)


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


def _leave_out_words(model: _Model, most: int, notes: list[str]) -> tuple[list[Record], list[Record]]:
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
    return [{"what": "its whole text", **nothing}], _strongest_first(records)


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


# -- answers ----------------------------------------------------------------------------------------------------------


def _leave_out_answers(
    model: _Model, training: Any, refit: bool, most: int, notes: list[str]
) -> tuple[list[Record], list[Record]]:
    clf = model.clf
    if getattr(clf, "llm_usage_", None) is None or clf.llm_usage_.model is None:
        return [], []  # no LLM was asked: nothing is missing
    if not hasattr(clf, "answers_"):
        notes.append("No answers: a model that was pickled or saved has left them behind; explain where it was fitted.")
        return [], []
    if training is None:
        notes.append("No answers: give what fit got, training=(X, y), to see which of them pushed.")
        return [], []
    past = _Training(model, training, notes)
    if not len(past.asked):
        notes.append("No answers: none named a class and stood for a label.")
        return [], []
    nodes = past.most_similar(most)
    if len(nodes) < len(past.asked):
        notes.append(f"Answers: the {most} about nodes most like this one, of {len(past.asked)}, were left out.")
    predict = past.refitted if refit else past.taught
    notes.append(
        "Answers: left out of fits with one seed; less than another seed does is no push."
        if refit
        else "Answers: left out of the teacher, which says what labels and answers taught; see refit=True."
    )
    full = predict(np.empty(0, dtype=np.int64))
    records = []
    for node in nodes.tolist():
        answer = past.answers[node]
        told = {"node": node, "name": answer.name, "answer": answer.answer, "said": answer.classes[0]}
        records.append({**told, **model.record(predict(np.array([node])), full)})
    if past.n_classes < 2:  # labels alone are nothing to learn from
        return [], _strongest_first(records)
    total = {"what": f"all {len(past.asked)} answers", **model.record(predict(past.asked), full)}
    return [total], _strongest_first(records)


class _Training:
    """What the model learned from, made anew of what its fit got."""

    def __init__(self, model: _Model, training: Any, notes: list[str]) -> None:
        from skellagnn.distillation import propagate
        from skellagnn.supervision import estimate_reference, supervise

        clf = model.clf
        if not isinstance(training, (tuple, list)) or len(training) != 2:
            raise InvalidParameterError(
                f"`training` must be a tuple (X, y), what fit got, or None, got {type(training).__name__}."
            )
        X, y = training
        graph = as_graph(clf, X, reset=True, argument="training[0]")
        labels = check_labels(graph, y, class_weight=clf.class_weight, named=clf._nameable(y), argument="training[1]")
        said = [answer for answer in clf.answers_ if answer.node >= graph.n_nodes or not _same(graph, answer)]
        if said or not np.array_equal(labels.classes, clf.classes_):
            raise InvalidParameterError(
                "`training` must be what fit got, got a graph whose nodes, or labels whose classes, are others. Pass "
                "the same X and y."
            )
        self.model, self.graph, self.y = model, graph, y
        fixed = isinstance(clf.random_state, numbers.Integral)
        labeled = labels.labeled
        if fixed:
            labeled, _ = hold_out(labels, clf.early_stopping, clf._draw_seeds()[1])
        elif hold_out(labels, clf.early_stopping, 0)[1] is not None:
            notes.append("Answers: random_state is no int, and which labels were held out is not known; all are taken.")
        self.n_classes = len(np.unique(labeled.labels))
        self.features = propagate(graph.adjacency, self._vectors(graph))
        n_classes = len(clf.classes_)
        seed = clf._fixed_seed()
        reference = cache(partial(estimate_reference, self.features, labeled, n_classes, seed))
        said_classes = _read_answers(clf).scaled(clf.answer_weight)
        supervised = supervise(labeled, said_classes, n_classes, reference, None, self.features, graph.adjacency)
        self.known = supervised.supervision.labeled
        naming = {answer.node: answer for answer in reversed(clf.answers_) if answer.classes}
        self.asked = np.array(
            [node for node in self.known.nodes[len(labeled.nodes) :].tolist() if node in naming], dtype=np.int64
        )
        self.answers = naming
        whole = model.whole
        if whole.adjacency is graph.adjacency and whole.features is graph.features and whole.texts is graph.texts:
            self.seen, self.seen_edges = self.features, graph.adjacency
        else:
            self.seen, self.seen_edges = propagate(whole.adjacency, self._vectors(whole)), whole.adjacency

    def _vectors(self, graph: TextGraph) -> NDArray[Any]:
        clf, encoder = self.model.clf, self.model.encoder
        n_features = clf.n_features_in_
        return raw_features(graph, encoder, memory=clf.memory, scale=clf._scale_features, n_features=n_features)

    def most_similar(self, most: int) -> NDArray[np.int64]:
        """Return the nodes asked about that are most like the explained one, to a teacher."""
        own = self.seen[self.model.place].astype(np.float32)
        similarity = unit_vectors(np.asarray(self.features[self.asked], dtype=np.float32)) @ own
        return np.asarray(self.asked[np.argsort(-similarity, kind="stable")[:most]])

    def taught(self, without: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what a teacher says of the node that learned without these answers."""
        return np.asarray(self.teacher_without(without)[self.model.place])

    def teacher_without(self, without: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what it says of all nodes."""
        from skellagnn.distillation import PropagationTeacher
        from skellagnn.gnn._targets import SoftLabels

        clf = self.model.clf
        kept = ~np.isin(self.known.nodes, without)
        known = SoftLabels(self.known.nodes[kept], self.known.probabilities[kept], self.known.weights[kept])
        teacher = PropagationTeacher() if clf.teacher is None else clf._teacher()
        teacher.fit(self.features, known, self.graph.adjacency)
        self.model.n_fits += 1
        return np.asarray(teacher.predict_proba(self.seen, self.seen_edges), dtype=np.float64)

    def refitted(self, without: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what the model says of the node that is fitted without what was said of others."""
        view = self.model.whole._with(targets=np.array([self.model.place]))
        return np.asarray(self.fitted_without(without).predict_proba(view)[0])

    def fitted_without(self, without: NDArray[np.int64]) -> Any:
        """Return the model fitted without what was said of these nodes."""
        clf = self.model.clf
        kept = clf.queried_nodes_[~np.isin(clf.queried_nodes_, without)]
        records = [
            {"node": answer.name, "prompt": answer.prompt, "response": answer.answer}
            | ({} if answer.confidence is None else {"confidence": answer.confidence})
            for answer in clf.answers_
            if answer.answer is not None and answer.node in set(kept.tolist())
        ]
        encoder = self.model.encoder
        order = np.zeros(self.graph.n_nodes)
        order[kept] = np.arange(len(kept), 0, -1)  # as the fit asked: draws of views go by it
        changed = {
            "enhancer": ReplayEnhancer(records, on_missing="skip") if records else None,
            "augmentation_ratio": len(kept),
            "candidates": kept if len(kept) else None,
            "selection": lambda *_: order,
            "encoder": encoder if isinstance(encoder, FrozenEstimator) else FrozenEstimator(encoder),
            "store": None,
            "budget": None,
            "random_state": clf._fixed_seed(),
            "verbose": 0,
        }
        again = type(clf)(**(clf.get_params(deep=False) | changed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SkellagnnWarning)  # the first fit has warned
            again.fit(self.graph, self.y)
        self.model.n_fits += 1
        return again


def _same(graph: TextGraph, answer: Any) -> bool:
    return bool(graph.name_of(answer.node) == answer.name)


def _read_answers(clf: Any) -> Any:
    """Return the classes that answers named, as the fit read them; that none fits is told by no answer kept."""
    from skellagnn.supervision import Answers

    names = check_class_names(clf.class_names, clf.classes_)
    index_of = {} if names is None else dict(zip(names.names, names.class_index.tolist(), strict=True))
    position = {node: place for place, node in enumerate(clf.queried_nodes_.tolist())}
    naming = [prompt.name for prompt in PromptCatalog.from_parameter(clf.prompts) if prompt.names_classes]
    choices = {name: np.full((len(position), 1), -1, dtype=np.int64) for name in naming}
    confidences = {name: np.full(len(position), np.nan) for name in naming}
    for answer in clf.answers_:
        if answer.classes and answer.prompt in choices:
            choices[answer.prompt][position[answer.node], 0] = index_of.get(answer.classes[0], -1)
            if answer.confidence is not None:
                confidences[answer.prompt][position[answer.node]] = answer.confidence
    return Answers(clf.queried_nodes_, tuple(choices.values()), tuple(confidences.values()))
