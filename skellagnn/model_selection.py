"""Cross-validation of partly labeled graphs: what is learned from, and what is tested."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.model_selection import BaseCrossValidator, StratifiedGroupKFold, StratifiedKFold

from skellagnn.base.arrays import as_array
from skellagnn.base.numbers import check_int, check_seed
from skellagnn.exceptions import InvalidParameterError, LabelError
from skellagnn.graph import TextGraph
from skellagnn.graph._names import check_order, is_missing
from skellagnn.validation import UNLABELED, given_labels

__all__ = ["NodeSplit"]


class NodeSplit(BaseCrossValidator):  # type: ignore[misc]
    """Cross-validation of nodes of which some are unlabeled: learns from these, too, and tests on labels alone.

    scikit-learn's splitters take -1, "unlabeled", for a class: they test on it. Here

    * an unlabeled node in view is in the training part of every split, and in no test part;
    * nodes with the same text, and entries of ``groups`` that are equal, are on one side: a copy of a test node in the
      training part would give its label away. Texts differ if a character does; blank ones are all different.

    Of an :meth:`inductive <skellagnn.TextGraph.inductive>` view a fit then sees all but the test nodes.

    Parameters
    ----------
    cv : int or splitter of scikit-learn, default=5
        How labeled nodes are split: into so many folds with all classes in each, or by another splitter, which gets one
        entry for each text or group. With ``time`` the number of splits.
    time : array-like of shape (n_nodes,), default=None
        When each node of the graph came, numbers or dates. Labeled nodes are then tested in order of time, in ``cv``
        blocks of about the same size after a first one that is only learned from; what is learned from is older than
        each node that is tested. (Of a transductive view, newer nodes still pass messages: :meth:`TextGraph.inductive
        <skellagnn.TextGraph.inductive>` cuts them off in training, and :meth:`TextGraph.subgraph
        <skellagnn.TextGraph.subgraph>` for good.)
    random_state : int, RandomState or None, default=None
        Shuffles before the folds are made; None: no shuffling.

    See Also
    --------
    skellagnn.TextGraph.inductive : Have a fit see the nodes in view alone.
    sklearn.model_selection.TimeSeriesSplit : By position, without unlabeled nodes.

    Notes
    -----
    O(n_targets log n_targets), and one dictionary of the texts in view.

    Examples
    --------
    >>> import numpy as np
    >>> from skellagnn import NodeSplit, TextGraph
    >>> graph = TextGraph.from_edges([], texts=["a", "b", "c", "a", "d", "e"])
    >>> y = np.array([0, 0, 1, 0, 1, -1])
    >>> for train, test in NodeSplit(2).split(graph, y):
    ...     print(train, test)
    [1 4 5] [0 2 3]
    [0 2 3 5] [1 4]
    """

    # groups are asked for as scikit-learn's own splitters over groups do it
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(self, cv: Any = 5, *, time: ArrayLike | None = None, random_state: Any = None) -> None:
        self.cv = cv
        self.time = time
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits; X, y and groups are for splitters that need them.

        Returns
        -------
        n_splits : int
        """
        if not isinstance(self.cv, (int, np.integer)) and hasattr(self.cv, "get_n_splits"):
            return int(self.cv.get_n_splits(X, y, groups))
        return check_int("cv", self.cv, at_least=2 if self.time is None else 1)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Return positions in X, split by split.

        Parameters
        ----------
        X : TextGraph, or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_targets,)
            -1 in numeric labels is "unlabeled".
        groups : array-like of shape (n_targets,), default=None
            Targets with equal entries are on one side, as are those with equal texts; an entry that is missing (None,
            NaN) joins none.

        Yields
        ------
        train, test : ndarray of int64
            Sorted positions among the targets in view.

        Raises
        ------
        InvalidParameterError
            If a parameter or ``groups`` is not as described.
        LabelError
            If there is not one label for each target, one is missing, or there are too few to split.
        """
        self._check()
        graph = X if isinstance(X, TextGraph) else TextGraph.from_edges([], n_nodes=len(X))
        labels = given_labels(graph, y)
        known = labels != UNLABELED if labels.dtype.kind in "iuf" else np.ones(len(labels), dtype=bool)
        unit = _units(graph, groups)
        labeled = np.flatnonzero(known)
        if len(labeled) == 0:
            raise LabelError("`y` must label some targets to split them, got -1 (unlabeled) for all. Give labels.")
        first = labeled[np.unique(unit[labeled], return_index=True)[1]]  # one position for each unit that has a label
        first.sort()
        if self.time is not None:
            yield from self._split_by_time(graph, known, unit, first)
            return
        inner, entries = self.cv, first
        if isinstance(inner, (int, np.integer)):
            # over groups in earnest, which may be few and large; it takes too long for as many as there are texts
            kind, entries = (StratifiedKFold, first) if groups is None else (StratifiedGroupKFold, labeled)
            most = int(np.unique(labels[entries], return_counts=True)[1].max())
            if inner > most:
                raise InvalidParameterError(
                    f"`cv` must be at most the size of the largest class, {most} labeled targets that are not the same "
                    f"text, got {int(inner)}. Make fewer folds, or give more labels."
                )
            inner = kind(int(inner), shuffle=self.random_state is not None, random_state=self.random_state)
        unlabeled = np.setdiff1d(unit, unit[first])
        # of any other kind of splitter, each entry is a group of its own
        together = {"groups": unit[entries]} if isinstance(inner, StratifiedGroupKFold) else {}
        for learned, tested in inner.split(entries, labels[entries], **together):
            train = np.isin(unit, unit[entries[learned]]) | np.isin(unit, unlabeled)
            yield np.flatnonzero(train), np.flatnonzero(known & np.isin(unit, unit[entries[tested]]))

    def _split_by_time(
        self, graph: TextGraph, known: NDArray[np.bool_], unit: NDArray[np.int64], first: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        n_splits = self.get_n_splits()
        check_order("time", self.time, np.arange(graph.n_nodes), graph.node_names, error=InvalidParameterError)
        time = _check_time(self.time, graph.n_nodes)[graph.targets]
        moments, counts = np.unique(time[first], return_counts=True)
        if len(moments) <= n_splits:
            raise InvalidParameterError(
                f"`time` must have at least {n_splits + 1} different values among the labeled nodes for cv={n_splits}, "
                f"got {len(moments)}. Ask for fewer splits, or give finer times."
            )
        # the moments at which blocks begin: each block has one at least, and the sizes are as equal as that allows
        begins = np.searchsorted(np.cumsum(counts), np.arange(1, n_splits + 1) * len(first) / (n_splits + 1)) + 1
        for i in range(n_splits):
            begins[i] = np.clip(begins[i], begins[i - 1] + 1 if i else 1, len(moments) - n_splits + i)
        for begin, end in zip(begins, [*begins[1:], len(moments)], strict=True):
            before = time < moments[begin]
            test = known & ~before & (time <= moments[end - 1])
            yield np.flatnonzero(before & ~np.isin(unit, unit[test])), np.flatnonzero(test)

    def _check(self) -> None:
        check_seed("random_state", self.random_state)
        is_splitter = hasattr(self.cv, "split") and hasattr(self.cv, "get_n_splits")
        if is_splitter and (self.time is not None or self.random_state is not None):
            other = "time" if self.time is not None else "random_state"
            raise InvalidParameterError(
                f"`cv` must be a number where `{other}` is given, got {self.cv!r:.100}. Give one of the two."
            )
        if not is_splitter:
            self.get_n_splits()


def _units(graph: TextGraph, groups: Any) -> NDArray[np.int64]:
    """Number the targets so that those which have to be on one side have the same number."""
    keys: list[Hashable] = graph.targets.tolist()
    if graph.texts is not None:
        keys = [
            text if text.strip() else node for text, node in zip(graph.texts.take(graph.targets), keys, strict=True)
        ]
    unit, n_targets = _number(keys), len(graph)
    if groups is None:
        return unit
    given = as_array("groups", groups, error=InvalidParameterError)
    if given.shape != (n_targets,):
        raise InvalidParameterError(
            f"`groups` must have one entry for each of {n_targets} targets, got shape {given.shape}. Give each one."
        )
    alone = [(position,) if is_missing(entry) else entry for position, entry in enumerate(given.tolist())]
    group = _number(alone)
    # what shares a text or a group, directly or through others, is one component of a graph of units and groups
    n_units = int(unit.max()) + 1
    links = sparse.coo_array((np.ones(n_targets), (unit, n_units + group)), shape=(n_units + n_targets,) * 2)
    component = sparse.csgraph.connected_components(links, directed=False)[1]
    return np.asarray(component[unit], dtype=np.int64)


def _number(keys: list[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _check_time(values: Any, n_nodes: int) -> NDArray[Any]:
    time = as_array("time", values, error=InvalidParameterError)
    if time.shape != (n_nodes,) or time.dtype.kind not in "iufMm":
        raise InvalidParameterError(
            f"`time` must be numbers or dates (datetime64), one for each of the {n_nodes} nodes of the graph, in view "
            f"or not, got dtype {time.dtype} and shape {time.shape}. Convert it: pandas.to_datetime(time).to_numpy()."
        )
    n_missing = int(np.isnan(time).sum()) if time.dtype.kind in "fMm" else 0
    if n_missing:
        raise InvalidParameterError(
            f"`time` must be known for each node, got none for {n_missing}. Leave those out: graph.subgraph(known)."
        )
    return time
