"""A pilot: whom it asks, what it finds, and what it says."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import betabinom

from skellagnn.augmentation import Augmenter
from skellagnn.base.numbers import check_int, draw_seeds
from skellagnn.classifier import ELLaGNNClassifier
from skellagnn.distillation import propagate
from skellagnn.encoders._features import raw_features
from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph
from skellagnn.llm.asking import LLMUsage
from skellagnn.llm.prompts import PromptCatalog
from skellagnn.parameters import check_parameters
from skellagnn.selection import select_active_nodes
from skellagnn.supervision import ENOUGH, Answers, Evidence, go_beyond_chance
from skellagnn.validation import as_graph, check_labels, hold_out, stand_in
from skellagnn.worth._learning_curve import N_DRAWS, cross_validate, draw_curve

# Accuracy that is worth paying for: a point. Less is lost among seeds and splits.
WORTHWHILE = 0.01
# Probabilities of that from which on to pay, and below which not to.
PAY, DO_NOT_PAY = 0.8, 0.2
# How sure the labels are of the nodes that a fit would ask about, in thirds.
BANDS = ("labels least sure", "in between", "labels surest")
# How alike the LLM's accuracies in the bands are, as a number of checks that each band borrows from the others.
BORROWED = 4.0
# An answer of an LLM that knows q of the nodes, and guesses the others, is worth q to this power labels to other nodes.
# Errors by chance would make it 2; errors that repeat each other teach something wrong.
POWER = 4
# The quantiles that are told.
LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95

Estimate = tuple[float, float, float]


@dataclass(frozen=True)
class Band:
    """How right the LLM is about nodes of which the labels are about equally sure.

    Attributes
    ----------
    name : str
    n_checked, n_right : int
        Labeled nodes whose answers name a class, and the right ones.
    accuracy : tuple of float
        Of the LLM: the middle of what is believed, and the ends of 90 % of it, as (low, middle, high).
    by_labels : float or None
        Accuracy of the labels alone on all labeled nodes of the band, each by a model that has not seen its label.
        None: there are none.
    """

    name: str
    n_checked: int
    n_right: int
    accuracy: Estimate
    by_labels: float | None


@dataclass(frozen=True)
class Pilot:
    """What an LLM would be worth. Estimates are (low, middle, high): half of the probability is below the middle, and
    90 % of it between low and high.

    Attributes
    ----------
    verdict : {"pay", "do not pay", "unclear"}
        ``"pay"``: the budget adds a point of accuracy or more with a probability of 80 % at least. ``"do not pay"``: of
        less than 20 %, or nothing shows that the LLM knows more than chance.
    reason : str
        One sentence.
    n_nodes : int
        Nodes asked about.
    n_calls : int
        Questions that were put to the LLM for it, second tries included; the others were in the store.
    n_named : int
        Nodes whose answers name a class.
    n_checked, n_right : int
        Of these, nodes with a label, and those whose label was named.
    accuracy : tuple of float
        Of the LLM, on the nodes that a fit would ask about.
    confidence : float or None
        How right it says it is about the checked nodes, on average. None where it does not say.
    bands : tuple of Band
        The same, by how sure the labels are. None, where labels cannot tell.
    n_budget : int
        Nodes that a fit would ask about.
    gain : tuple of float
        Accuracy on nodes without a label that asking about all of them would add. 0.01 is a point.
    labels : tuple of float
        Labels of random nodes that would be as good; an answer counts as one at most.
    """

    verdict: str
    reason: str
    n_nodes: int
    n_calls: int
    n_named: int
    n_checked: int
    n_right: int
    accuracy: Estimate
    confidence: float | None
    bands: tuple[Band, ...]
    n_budget: int
    gain: Estimate
    labels: Estimate

    def __repr__(self) -> str:
        says = "" if self.confidence is None else f"; it says {self.confidence:.0%}"
        points: Estimate = tuple(100 * value for value in self.gain)  # type: ignore[assignment]
        right = f"{self.n_right} of {self.n_checked} labeled nodes: {_told(self.accuracy, '.0%')}"
        lines = [
            "Pilot",
            f"verdict    {self.verdict}: {self.reason}",
            f"asked      {self.n_nodes} nodes, {self.n_calls} calls; {self.n_named} answers name a class",
            f"LLM        right about {right}{says}",
        ]
        for band in self.bands:
            alone = "" if band.by_labels is None else f"; labels alone {band.by_labels:.0%}"
            lines.append(f"  {band.name:18} {band.n_right} of {band.n_checked}: {_told(band.accuracy, '.0%')}{alone}")
        lines.append(
            f"would add  {_told(points, '.1f')} points by asking about {self.n_budget} nodes, as good as "
            f"{_told(self.labels, '.0f')} more labels"
        )
        return "\n".join([*lines, "in brackets: where it is with a probability of 90 %"])


def pilot(clf: ELLaGNNClassifier, graph: Any, y: Any = None, n_nodes: int = 50) -> Pilot:
    """Ask an LLM about a few nodes, and estimate what the whole budget of a fit would add.

    Parameters
    ----------
    clf : ELLaGNNClassifier
        With an enhancer and a prompt that names classes. It is not fitted. Only such prompts are asked, through its
        store and within its budget: a fit finds the answers about the nodes that it would ask about, too.
    graph : TextGraph
        As in ``fit``.
    y : array-like of shape (n_targets,), default=None
        As in ``fit``.
    n_nodes : int, default=50
        Nodes to ask about, each with one call for each prompt that names classes: half of them labeled ones, which
        check the LLM, and half those that a fit would ask about anyway: labeled ones, then its first.

    Returns
    -------
    pilot : Pilot

    Raises
    ------
    InvalidParameterError
        If there is no enhancer, no prompt that names classes, or a parameter is wrong.
    GraphError, LabelError, EnhancerError, MissingAnswerError
        As in ``fit``. All checks come before the first question.

    Warns
    -----
    AnswerWarning
        If answers cannot be used, or the budget ends before.

    See Also
    --------
    skellagnn.ELLaGNNClassifier.plan : What a fit would ask and cost, without asking.

    Notes
    -----
    The labeled nodes are chosen so that the labels, cross-fitted, are as unsure of them as of those that a fit would
    ask about. Their answers give the LLM's accuracy r there: beta-binomial, in three bands that borrow from each other.

    On the nodes asked about the gain is r minus what the labels reach there, if that is more than 0: both read the same
    texts, and together they are hardly better than the better one. To all other nodes an answer is worth
    :math:`((K r - 1) / (K - 1))^4` labels of K classes: 1 if the LLM is always right, 0 if it guesses. What labels
    bring is read off a learning curve :math:`A - (A - 1/K) (1 + m / m_0)^{-c}` of m labels a class, fitted to the
    cross-validated accuracy of the teacher with a quarter, half and all of the labels: all such curves, as far as they
    fit. These are 15 teachers, which take about as long as a fit. Both rules were found on splits of Cora.

    Harm is not foreseen: wrong answers count as no answers. With one or two labels a class they are worse than that.

    Examples
    --------
    >>> from skellagnn import ELLaGNNClassifier, ReplayEnhancer, pilot
    >>> from skellagnn.datasets import make_text_graph
    >>> data = make_text_graph(n_nodes=200, informativeness=0.2, random_state=0)
    >>> llm = ReplayEnhancer(data.answers)
    >>> clf = ELLaGNNClassifier(llm, class_names=data.target_names, encoder="tfidf", random_state=0)
    >>> found = pilot(clf, data.graph[:12], data.target[:12], n_nodes=20)
    >>> found.n_calls, found.n_checked, found.n_right
    (20, 10, 6)
    """
    check_int("n_nodes", n_nodes, at_least=1)
    fit, augmenter = _prepare(clf, graph, y, n_nodes)
    nodes = _choose_nodes(fit, clf.candidates, n_nodes)
    answers, usage = augmenter.ask(fit.graph, nodes)
    return _appraise(fit, answers, usage, len(nodes) - usage.total.left // len(augmenter.catalog))


@dataclass(frozen=True)
class _Fit:
    """What a fit would know before it asks."""

    graph: TextGraph
    evidence: Evidence
    queried: NDArray[np.int64]

    @property
    def new(self) -> NDArray[np.int64]:
        """Queried nodes without a label: answers about the others teach nothing."""
        return self.queried[~np.isin(self.queried, self.evidence.labeled.nodes)]


def _prepare(clf: Any, X: Any, y: Any, n_nodes: int) -> tuple[_Fit, Augmenter]:
    """Do what a fit does before it asks."""
    tried = _naming_alone(clf)
    graph = as_graph(clf, X, reset=True)
    labels = check_labels(graph, y, named=tried._nameable(y))
    augmenter, selector = tried._augmenter(labels.classes), tried._selector()
    encoder = augmenter.check(graph, clf.encoder)
    augmenter.check_enhancer(graph, replace(selector, augmentation_ratio=min(n_nodes, graph.n_nodes)))
    embeddings = raw_features(graph, encoder, memory=clf.memory, scale=isinstance(X, TextGraph))
    labeled, _ = hold_out(labels, clf.early_stopping, draw_seeds(clf.random_state)[1])
    propagated = propagate(graph.adjacency, embeddings)
    evidence = Evidence(labeled, len(labels.classes), propagated, graph.adjacency, selector.seed)
    queried = selector.choose(graph, embeddings, evidence)
    if augmenter.budget.max_calls is not None:
        queried = queried[: augmenter.budget.max_calls // len(PromptCatalog.from_parameter(clf.prompts))]
    return _Fit(graph, evidence, queried), augmenter


def _naming_alone(clf: Any) -> Any:
    """Return the estimator with the prompts that name classes alone; the others measure nothing."""
    if not isinstance(clf, ELLaGNNClassifier):
        raise InvalidParameterError(
            f"`clf` must be an ELLaGNNClassifier, got {type(clf).__name__}. Of a search, pass its estimator."
        )
    check_parameters(clf.get_params(deep=False))
    if clf.enhancer is None:
        raise InvalidParameterError(
            "`clf` must have an enhancer, whose worth is to be found out, got enhancer=None. Pass "
            'ELLaGNNClassifier("openai:MODEL", ...), or another one.'
        )
    prompts = PromptCatalog.from_parameter(clf.prompts)
    naming = [prompt for prompt in prompts if prompt.names_classes]
    if not naming:
        raise InvalidParameterError(
            "`clf` must have a prompt that names classes, since other answers cannot be checked, got prompts "
            f"{[prompt.name for prompt in prompts]!r}. Add 'topic'."
        )
    tried = stand_in(clf)
    tried.prompts = naming
    return tried


def _choose_nodes(fit: _Fit, candidates: Any, n_nodes: int) -> NDArray[np.int64]:
    """Choose half labeled nodes, of which labels are as sure as of the queried ones, and half queried ones."""
    if len(fit.new) == 0:
        return fit.new
    margins, labeled = fit.evidence.from_labels.margins, fit.evidence.labeled.nodes
    n_checks = min(n_nodes // 2, len(labeled))
    checks = np.empty(0, dtype=np.int64)
    if n_checks:
        first = np.full(fit.graph.n_nodes, -np.inf)
        first[labeled] = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of candidates that are fewer: the fit's own selection warns
            pool = select_active_nodes(
                fit.graph, fit.evidence.features, lambda *_: first, len(labeled), candidates=candidates
            )
        pool = pool[first[pool] == 0]
        asked_anyway = pool[np.isin(pool, fit.queried)]
        pool = asked_anyway if len(asked_anyway) >= n_checks else pool
        alike = np.quantile(margins[fit.new], (np.arange(n_checks) + 0.5) / n_checks)
        checks = pool[linear_sum_assignment(np.abs(alike[:, None] - margins[pool]))[1]]
    others = fit.queried[~np.isin(fit.queried, checks)]
    others = others[np.argsort(~np.isin(others, labeled), kind="stable")][: n_nodes - len(checks)]  # checks for nothing
    # in turn: a budget that ends early leaves some of both
    place = np.concatenate([(np.arange(len(part)) + 0.5) / max(len(part), 1) for part in (checks, others)])
    return np.asarray(np.concatenate([checks, others])[np.argsort(place, kind="stable")])


def _appraise(fit: _Fit, answers: Answers, usage: LLMUsage, n_asked: int) -> Pilot:
    """Estimate accuracy and gain from the answers."""
    evidence, new = fit.evidence, fit.new
    rng = np.random.default_rng(evidence.seed)
    labeled, probabilities, margins = evidence.labeled, evidence.from_labels.probabilities, evidence.from_labels.margins
    n_labels, n_unlabeled = len(labeled.nodes), fit.graph.n_nodes - len(labeled.nodes)
    chance = 1 / evidence.n_classes
    choice, confidence = answers.first
    named = choice >= 0
    named_share = named.sum() / max(n_asked, 1)

    # how right the LLM is, by band
    edges = np.quantile(margins[new], (1 / 3, 2 / 3)) if len(new) else np.zeros(2)
    band_of = np.searchsorted(edges, margins, side="left")
    label_of = np.full(fit.graph.n_nodes, -1)
    label_of[labeled.nodes] = labeled.labels
    checked = named & (label_of[answers.nodes] >= 0)
    right = checked & (choice == label_of[answers.nodes])
    n_new, n_checked, n_right = (
        np.bincount(band_of[nodes], minlength=len(BANDS))
        for nodes in (new, answers.nodes[checked], answers.nodes[right])
    )
    by_band = _draw_accuracy(n_right, n_checked, rng)
    accuracy = by_band @ n_new / len(new) if len(new) else by_band.mean(axis=1)

    # what that brings: to the nodes asked about, and as labels to all others
    says_something = bool(margins.any())
    curve = draw_curve(cross_validate(evidence), evidence.n_classes, rng)
    now, knows = curve(n_labels), np.clip((by_band - chance) / (1 - chance), 0, 1)
    others = curve(n_labels + named_share * knows**POWER @ n_new) - now
    alone = probabilities[new].max(axis=1).mean() if says_something and len(new) else now
    share = len(new) / max(n_unlabeled, 1)
    gain = share * named_share * np.maximum(accuracy - alone, 0) + (1 - share) * others
    more = np.concatenate([[0], np.geomspace(1, max(n_unlabeled, 1), 60)])
    brought = np.array([curve(n_labels + n).mean() for n in more]) - now.mean()  # one curve: many have a ceiling below
    as_good = np.minimum(np.interp(gain, brought, more), named_share * len(new))

    hits = probabilities[labeled.nodes].argmax(axis=1) == labeled.labels
    bands = []
    for band in np.flatnonzero(n_new):
        own = hits[band_of[labeled.nodes] == band]
        by_labels = float(own.mean()) if says_something and len(own) else None
        estimate = _estimate(by_band[:, band])
        bands.append(Band(BANDS[band], int(n_checked[band]), int(n_right[band]), estimate, by_labels))
    told = confidence[checked]
    verdict, reason = _judge(fit, answers.nodes[named], choice[named], n_asked, int(checked.sum()), accuracy, gain)
    return Pilot(
        verdict,
        reason,
        n_nodes=len(answers.nodes),
        n_calls=usage.total.asked + usage.total.second_tries,
        n_named=int(named.sum()),
        n_checked=int(checked.sum()),
        n_right=int(right.sum()),
        accuracy=_estimate(accuracy),
        confidence=None if np.isnan(told).all() else float(np.nanmean(told)),
        bands=tuple(bands) if says_something else (),
        n_budget=len(fit.queried),
        gain=_estimate(gain),
        labels=_estimate(as_good),
    )


def _draw_accuracy(
    n_right: NDArray[np.int64], n_checked: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the LLM's accuracy in each band, shape (n_draws, n_bands), each around a mean of which nothing is known."""
    mean = ((np.arange(200) + 0.5) / 200)[:, None]
    a, b = BORROWED * mean, BORROWED * (1 - mean)
    likelihood = np.exp(betabinom.logpmf(n_right, n_checked, a, b).sum(axis=1))
    drawn = rng.choice(len(mean), N_DRAWS, p=likelihood / likelihood.sum())
    return np.asarray(rng.beta(a[drawn] + n_right, b[drawn] + n_checked - n_right))


def _judge(
    fit: _Fit,
    nodes: NDArray[np.int64],
    choice: NDArray[np.int64],
    n_asked: int,
    n_checked: int,
    accuracy: NDArray[np.float64],
    gain: NDArray[np.float64],
) -> tuple[str, str]:
    """Return the verdict and its reason; ``nodes`` are those whose answers name a class."""
    if len(fit.new) == 0:
        return "do not pay", "a fit would ask about no node without a label, so there is nothing to add."
    if n_asked == 0:
        return "unclear", "the budget allowed no question."
    if len(nodes) == 0:
        return "do not pay", f"none of {n_asked} answers names a class."
    if n_checked < ENOUGH:  # few labels: other answers check an answer, too
        goes_with = go_beyond_chance(nodes, choice, fit.evidence.features, fit.evidence.n_classes, fit.evidence.seed)
        if goes_with is False and np.quantile(accuracy, LOW) < (1 + 1 / fit.evidence.n_classes) / 2:
            return "do not pay", "its answers go with neither texts nor links, and labels do not speak for them."
        if len(fit.evidence.labeled.nodes) == 0:
            go = "go with texts and links" if goes_with else "are too few to tell"
            return "unclear", f"no label checks its answers, which {go}; without labels there is nothing else to learn."
    likely = float((gain >= WORTHWHILE).mean())
    reason = f"with a probability of {likely:.0%} it adds a point or more"
    if DO_NOT_PAY <= likely < PAY:
        return "unclear", f"{reason}; a larger n_nodes tells more."
    return "pay" if likely >= PAY else "do not pay", f"{reason}."


def _estimate(draws: NDArray[np.float64]) -> Estimate:
    low, middle, high = np.quantile(draws, (LOW, MIDDLE, HIGH)).tolist()
    return low, middle, high


def _told(estimate: Estimate, form: str) -> str:
    low, middle, high = (format(value, form) for value in estimate)
    return f"{middle} ({low} to {high})"
