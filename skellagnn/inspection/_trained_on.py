"""What a model learned from answers, made anew without some of them."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator

from skellagnn.base.numbers import draw_seeds, fixed_seed
from skellagnn.base.vectors import unit_vectors
from skellagnn.encoders._features import raw_features
from skellagnn.exceptions import InvalidParameterError, SkellagnnWarning
from skellagnn.graph import TextGraph
from skellagnn.inspection._explained_model import ExplainedModel
from skellagnn.inspection._explanation import Record, strongest_first
from skellagnn.llm.enhancers import ReplayEnhancer
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.validation import as_graph, check_class_names, check_labels, hold_out

__all__ = ["Training", "leave_out_answers"]


def leave_out_answers(
    model: ExplainedModel, training: Any, refit: bool, most: int, notes: list[str]
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
    past = Training(model, training, notes)
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
        return [], strongest_first(records)
    total = {"what": f"all {len(past.asked)} answers", **model.record(predict(past.asked), full)}
    return [total], strongest_first(records)


class Training:
    """What the model learned from, made anew of what its fit got."""

    def __init__(self, model: ExplainedModel, training: Any, notes: list[str]) -> None:
        from skellagnn.distillation import propagate
        from skellagnn.supervision import Evidence

        clf = model.clf
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
            labeled, _ = hold_out(labels, clf.early_stopping, draw_seeds(clf.random_state)[1])
        elif hold_out(labels, clf.early_stopping, 0)[1] is not None:
            notes.append("Answers: random_state is no int, and which labels were held out is not known; all are taken.")
        self.n_classes = len(np.unique(labeled.labels))
        self.features = propagate(graph.adjacency, self._vectors(graph))
        seed = fixed_seed(clf.random_state)
        evidence = Evidence(labeled, len(clf.classes_), self.features, graph.adjacency, seed)
        supervised = evidence.supervise(_read_answers(clf).scaled(clf.answer_weight), None)
        self.known = evidence.balanced(supervised.supervision.labeled)
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
            "random_state": fixed_seed(clf.random_state),
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
