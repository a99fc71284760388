"""A text-attributed graph made to measure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch, check_random_state

from skellagnn.base.numbers import check_bool, check_seed
from skellagnn.exceptions import InvalidParameterError
from skellagnn.graph import TextGraph

# Sizes of the vocabularies, in words: one per class, one that all classes share.
_CLASS_WORDS = 40
_COMMON_WORDS = 200
_KEYWORDS = 6


def make_text_graph(
    n_nodes: int = 300,
    n_classes: int = 3,
    *,
    homophily: float = 0.8,
    informativeness: float = 0.5,
    labeled_fraction: float = 1.0,
    average_degree: float = 4.0,
    n_words: int = 20,
    directed: bool = False,
    answer_accuracy: float = 0.9,
    return_X_y: bool = False,
    random_state: Any = None,
) -> Any:
    """Generate a graph whose structure, texts and labels are as informative as asked.

    Parameters
    ----------
    n_nodes : int, default=300
        Number of nodes.
    n_classes : int, default=3
        Number of classes; their sizes differ by one node at most.
    homophily : float in [0, 1], default=0.8
        Fraction of the edges that join two nodes of the same class. ``1 / n_classes`` makes edges worthless, less than
        that makes them a warning.
    informativeness : float in [0, 1], default=0.5
        Probability of each word of a text to come from the vocabulary of the node's class rather than from the one
        that all classes share. 0 makes texts worthless.
    labeled_fraction : float in [0, 1], default=1.0
        Fraction of the nodes that keep their label, spread evenly over the classes; the others get -1.
    average_degree : float, default=4.0
        Mean number of neighbors that send messages to a node. Edges are drawn uniformly, so some nodes are isolated.
    n_words : int, default=20
        Words per text. 0 makes empty texts.
    directed : bool, default=False
        Whether each edge gets a random direction.
    answer_accuracy : float in [0, 1], default=0.9
        Probability that the simulated LLM takes a text for one of the right class; else it takes it for one of
        another class, uniformly.
    return_X_y : bool, default=False
        Return ``(graph[labeled], y[labeled])``, ready for ``fit`` and for scikit-learn's splitters.
    random_state : int, RandomState instance or None, default=None
        Seed. The same seed makes the same graph.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        ``graph`` (:class:`~skellagnn.TextGraph`), ``target`` (ndarray of int of shape (n_nodes,), -1 for
        unlabeled), ``true_target`` (the same without -1), ``target_names`` (list of str), ``answers`` (list of
        dict) and ``DESCR``. With ``return_X_y``, a pair instead.

        ``answers`` are what a simulated LLM says about every node: records with ``node``, ``prompt``
        (``"keywords"``, ``"background"`` or ``"topic"``, all three written for the class that it takes the text
        for) and ``response``; :class:`~skellagnn.ReplayEnhancer` reads them.

    Raises
    ------
    InvalidParameterError
        If a parameter is out of range, or the nodes do not have as many different pairs as edges are asked for.

    Notes
    -----
    The numbers of edges within and between classes are exact (rounded), and pairs are drawn without replacement
    among all pairs of that kind. Words are made up and the same for every seed. O(n_nodes * n_words + n_edges): 100,000
    nodes with 500,000 edges take about a second.

    Examples
    --------
    >>> from skellagnn.datasets import make_text_graph
    >>> data = make_text_graph(60, homophily=0.9, random_state=0)
    >>> data.graph
    TextGraph(n_nodes=60, n_edges=120, undirected, texts)
    >>> data.target_names
    ['topic_0', 'topic_1', 'topic_2']
    >>> [answer["prompt"] for answer in data.answers[:3]]
    ['keywords', 'background', 'topic']
    """
    _check_count("n_nodes", n_nodes, 1)
    _check_count("n_classes", n_classes, 1, n_nodes)
    _check_count("n_words", n_words, 0)
    for name, fraction in [
        ("homophily", homophily),
        ("informativeness", informativeness),
        ("labeled_fraction", labeled_fraction),
        ("answer_accuracy", answer_accuracy),
    ]:
        _check_number(name, fraction, upper=1.0)
    _check_number("average_degree", average_degree)

    directed, return_X_y = check_bool("directed", directed), check_bool("return_X_y", return_X_y)
    seed = check_seed("random_state", random_state)
    rng = np.random.default_rng(check_random_state(seed).randint(np.iinfo(np.int32).max))
    order = rng.permutation(n_nodes)  # classes in turn along it, so that any beginning of it is balanced
    classes = np.empty(n_nodes, dtype=np.int64)
    classes[order] = np.arange(n_nodes) % n_classes
    target = np.full(n_nodes, -1, dtype=np.int64)
    labeled = order[: round(labeled_fraction * n_nodes)]
    target[labeled] = classes[labeled]

    vocabulary = _vocabulary(n_classes)
    graph = TextGraph.from_edges(
        _draw_edges(classes, n_classes, homophily, average_degree * (1.0 if directed else 0.5), rng),
        texts=_draw_texts(classes, vocabulary, informativeness, n_words, rng),
        directed=directed,
        n_nodes=n_nodes,
    )
    if return_X_y:
        in_view = np.flatnonzero(target >= 0)
        return graph[in_view], target[in_view]
    target_names = [f"topic_{label}" for label in range(n_classes)]
    return Bunch(
        graph=graph,
        target=target,
        true_target=classes,
        target_names=target_names,
        answers=_draw_answers(classes, target_names, vocabulary, answer_accuracy, rng),
        DESCR=(
            f"Generated: {n_nodes} nodes of {n_classes} classes, {len(labeled)} labeled; homophily {homophily}, "
            f"informativeness {informativeness}, {n_words} made-up words a text; answers of a simulated LLM that is "
            f"right with probability {answer_accuracy}."
        ),
    )


def _check_count(name: str, value: Any, lower: int, upper: int | None = None) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < lower or (upper is not None and value > upper):
        limits = f"at least {lower}" if upper is None else f"from {lower} to {upper} (one node per class)"
        raise InvalidParameterError(f"`{name}` must be an int, {limits}, got {value!r}. Pass a count in that range.")


def _check_number(name: str, value: Any, upper: float = float("inf")) -> None:
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not 0 <= value <= upper or value > 1e300:
        limits = "a finite number of 0 or more" if upper == float("inf") else "a number in [0, 1]"
        raise InvalidParameterError(f"`{name}` must be {limits}, got {value!r}. Pass one in that range.")


def _vocabulary(n_classes: int) -> NDArray[np.object_]:
    """Pronounceable words, all different: first the common ones, then ``_CLASS_WORDS`` for each class."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    n_syllables, n_words = len(syllables), _COMMON_WORDS + n_classes * _CLASS_WORDS
    length = 3
    while n_syllables**length < n_words:
        length += 1
    # a stride without a common factor with the number of possible words visits each of them once, far from the last
    numbers = np.arange(n_words) * 100_003 % n_syllables**length
    digits = [numbers // n_syllables**place % n_syllables for place in range(length)]
    return np.array(["".join(syllables[digit] for digit in word) for word in zip(*digits, strict=True)], dtype=object)


def _class_words(classes: NDArray[np.int64], shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int64]:
    return _COMMON_WORDS + classes[:, None] * _CLASS_WORDS + rng.integers(_CLASS_WORDS, size=shape)


def _draw_texts(
    classes: NDArray[np.int64],
    vocabulary: NDArray[np.object_],
    informativeness: float,
    n_words: int,
    rng: np.random.Generator,
) -> list[str]:
    shape = (len(classes), n_words)
    common = rng.integers(_COMMON_WORDS, size=shape)
    words = np.where(rng.random(shape) < informativeness, _class_words(classes, shape, rng), common)
    return [" ".join(row) for row in vocabulary[words].tolist()]


def _draw_answers(
    classes: NDArray[np.int64],
    target_names: list[str],
    vocabulary: NDArray[np.object_],
    accuracy: float,
    rng: np.random.Generator,
) -> list[dict[str, str]]:
    n_nodes, n_classes = len(classes), len(target_names)
    if n_classes == 1:
        belief, second = classes, classes
    else:
        # another class, uniformly: a step of 1 to n_classes - 1 around the circle
        other = (classes + rng.integers(1, n_classes, size=n_nodes)) % n_classes
        belief = np.where(rng.random(n_nodes) < accuracy, classes, other)
        second = (belief + rng.integers(1, n_classes, size=n_nodes)) % n_classes
    words = vocabulary[_class_words(belief, (n_nodes, 2 * _KEYWORDS), rng)].tolist()
    answers = []
    for node, (row, first, next_best) in enumerate(zip(words, belief.tolist(), second.tolist(), strict=True)):
        topic = f"Most likely {target_names[first]}"
        topic += f", failing that {target_names[next_best]}." if next_best != first else "."
        responses = {
            "keywords": ", ".join(row[:_KEYWORDS]),
            "background": "Known from " + " and ".join(row[_KEYWORDS:]) + ".",
            "topic": topic,
        }
        answers += [{"node": str(node), "prompt": name, "response": text} for name, text in responses.items()]
    return answers


def _draw_edges(
    classes: NDArray[np.int64], n_classes: int, homophily: float, edges_per_node: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw different unordered pairs of nodes, in random orientation, shape (n_edges, 2)."""
    n_edges = round(edges_per_node * len(classes))
    n_within = round(homophily * n_edges)
    members = np.argsort(classes, kind="stable")
    sizes = np.bincount(classes, minlength=n_classes)
    starts = np.cumsum(sizes) - sizes
    within = sizes * (sizes - 1) // 2
    a, b = np.triu_indices(n_classes, k=1)
    between = sizes[a] * sizes[b]
    for what, wanted, available in [
        ("within", n_within, int(within.sum())),
        ("between", n_edges - n_within, int(between.sum())),
    ]:
        if wanted > available:
            raise InvalidParameterError(
                f"`average_degree` and `homophily` must leave room for different edges, got {wanted} edges wanted "
                f"{what} classes where there are {available} pairs of nodes. Lower `average_degree`, or choose another "
                "`homophily`."
            )
    # a pair is a number, drawn without replacement, that is taken apart into class (or two) and positions in it
    block, position = _locate(rng, within, n_within)
    larger = _triangle_row(position)
    pairs_within = np.stack([starts[block] + larger, starts[block] + position - larger * (larger - 1) // 2], axis=1)
    block, position = _locate(rng, between, n_edges - n_within)
    row, column = np.divmod(position, np.maximum(sizes[b[block]], 1)) if len(block) else (block, position)
    pairs_between = np.stack([starts[a[block]] + row, starts[b[block]] + column], axis=1)
    edges = members[np.concatenate([pairs_within, pairs_between])]
    return np.asarray(rng.permuted(edges, axis=1), dtype=np.int64)


def _locate(
    rng: np.random.Generator, block_sizes: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw ``count`` different cells of blocks of the given sizes: the block of each, and its position there."""
    if count == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    ends = np.cumsum(block_sizes)
    drawn = rng.choice(int(ends[-1]), size=count, replace=False, shuffle=False)
    block = np.searchsorted(ends, drawn, side="right")
    return block, drawn - (ends[block] - block_sizes[block])


def _triangle_row(position: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row i of a strict lower triangle, counted row by row, that holds a position: i (i - 1) / 2 <= position."""
    row = ((1 + np.sqrt(1 + 8 * position.astype(np.float64))) / 2).astype(np.int64)
    row -= row * (row - 1) // 2 > position  # the square root may round across a whole number
    row += row * (row + 1) // 2 <= position
    return row
