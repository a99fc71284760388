"""The X of this package: a graph of which some nodes are in view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from skellagnn.base.arrays import as_array, as_numbers, is_mask_of_integers
from skellagnn.base.numbers import check_int
from skellagnn.exceptions import GraphError
from skellagnn.graph import _convert, _grow, _io, _pyg, _repr
from skellagnn.graph._adjacency import canonical_adjacency, is_symmetric
from skellagnn.graph._finite import count_not_finite
from skellagnn.graph._names import check_nodes, check_order, mask_sentence, write_names
from skellagnn.graph._text_column import TextColumn


class GraphIndexError(GraphError, IndexError):
    """A graph was indexed by something that names no targets; also what Python expects of a sequence."""


class NotAnArrayError(GraphError, TypeError):
    """A graph was to become an array; also what numpy's callers expect."""


class TextGraph:
    """A text-attributed graph with some of its nodes in view.

    To scikit-learn it looks like an array of nodes: ``graph[idx]`` is the same graph with other *target* nodes
    (the nodes to train or predict on), so ``train_test_split``, ``cross_val_score`` and ``GridSearchCV`` work
    unchanged. All nodes, in view or not, pass messages; :meth:`subgraph` really cuts nodes off. Views share every
    array and the graph is never written to.

    Most users call one of the constructors :meth:`from_edges`, :meth:`from_pandas`, :meth:`from_networkx`,
    :meth:`from_pyg` or :meth:`from_scipy`.

    Parameters
    ----------
    adjacency : sparse matrix or array of shape (n_nodes, n_nodes)
        Row i lists the neighbors that are sources of edges to node i, with positive weights.
    texts : sequence of str of length n_nodes, default=None
        One text per node in any script. The empty string is a missing text: such a node has a zero embedding
        when texts are encoded, and is never sent to an LLM.
    features : array-like of shape (n_nodes, n_features), default=None
        A feature vector per node. Where a graph has both, the features are what the network reads, and the texts are
        what the LLM sees; see :func:`skellagnn.encode_graph`.
    titles : sequence of str of length n_nodes, default=None
        Short names to show a node to an LLM as somebody's neighbor. By default the beginning of the text.
    node_names : sequence of length n_nodes, default=None
        Unique names, kept as strings; recorded LLM answers are found by them. By default "0", "1", ...
    targets : array-like of int of shape (n_targets,), default=None
        Nodes in view, in this order, repeats allowed. By default all nodes.

    Attributes
    ----------
    adjacency : csr_array of shape (n_nodes, n_nodes)
    texts : TextColumn of length n_nodes, or None
    features : ndarray of float32 of shape (n_nodes, n_features), or None
    titles : TextColumn of length n_nodes, or None
    node_names : TextColumn of length n_nodes, or None
    targets : ndarray of int64 of shape (n_targets,)

    Raises
    ------
    GraphError
        If the parts do not fit together. Each message names the argument.

    Notes
    -----
    What the odd cases mean, everywhere in the package:

    * **direction**: an edge u -> v carries messages from u to v, so row v of the adjacency has an entry in column u
      (PyG's ``source_to_target``). Undirected edges carry both.
    * **weights** must be positive and finite. Backbones that pass messages, PageRank and degree selection use
      them; ``gat`` learns its own.
    * **self-loops** are dropped: every backbone has its own path for a node's own features.
    * **duplicate edges** count once, with their largest weight. Hence listing an undirected edge in both directions
      changes nothing.
    * **isolated nodes** are classified by their own features.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> graph = TextGraph.from_edges([(0, 1), (1, 2)], texts=["on cats", "on dogs", "on graphs"])
    >>> graph
    TextGraph(n_nodes=3, n_edges=2, undirected, texts)
    >>> graph[[2, 0]]
    TextGraph(n_nodes=3, n_edges=2, undirected, texts, 2 targets in view)
    >>> list(graph[[2, 0]])
    [2, 0]
    """

    def __init__(
        self,
        adjacency: Any,
        texts: Sequence[str] | None = None,
        features: ArrayLike | None = None,
        *,
        titles: Sequence[str] | None = None,
        node_names: Sequence[Any] | None = None,
        targets: ArrayLike | None = None,
    ) -> None:
        self._adjacency = canonical_adjacency(adjacency)
        n_nodes = self._adjacency.shape[0]
        self._texts = _column(texts, n_nodes, "texts")
        self._titles = _column(titles, n_nodes, "titles")
        self._node_names = _names(node_names, n_nodes)
        self._features = _features(features, n_nodes)
        for argument, part in (("texts", texts), ("titles", titles), ("features", features)):
            check_order(argument, part, np.arange(n_nodes), self._node_names)
        self._targets = _targets(targets, n_nodes, self._node_names)
        self._symmetric: bool | None = None
        self._is_inductive = False

    from_edges = classmethod(_convert.from_edges)
    from_pandas = classmethod(_convert.from_pandas)
    from_networkx = classmethod(_convert.from_networkx)
    from_pyg = classmethod(_pyg.from_pyg)
    from_scipy = classmethod(_convert.from_scipy)
    to_pyg = _pyg.to_pyg
    to_networkx = _convert.to_networkx
    add_nodes = _grow.add_nodes
    neighborhood = _grow.neighborhood
    index = _grow.index
    save = _io.save
    load = classmethod(_io.load)

    # -- what is there ------------------------------------------------------------------------------------------

    @property
    def adjacency(self) -> sparse.csr_array:
        return self._adjacency

    @property
    def texts(self) -> TextColumn | None:
        return self._texts

    @property
    def titles(self) -> TextColumn | None:
        return self._titles

    @property
    def node_names(self) -> TextColumn | None:
        return self._node_names

    @property
    def features(self) -> NDArray[np.float32] | None:
        return self._features

    @property
    def targets(self) -> NDArray[np.int64]:
        return self._targets

    @property
    def n_nodes(self) -> int:
        """Number of nodes of the whole graph, in view or not."""
        return int(self._adjacency.shape[0])

    @property
    def n_edges(self) -> int:
        """Number of edges: unordered pairs if the graph is undirected, ordered pairs if it is directed."""
        return int(self._adjacency.nnz) if self.is_directed else int(self._adjacency.nnz) // 2

    @property
    def is_directed(self) -> bool:
        """Whether some edge has no edge of the same weight in the other direction."""
        if self._symmetric is None:
            self._symmetric = is_symmetric(self._adjacency)
        return not self._symmetric

    @property
    def is_weighted(self) -> bool:
        """Whether some edge weight is not 1."""
        data = self._adjacency.data
        return len(data) > 0 and not bool(data.min() == data.max() == 1)

    @property
    def is_inductive(self) -> bool:
        """Whether a fit sees the nodes in view alone; see :meth:`inductive`."""
        return self._is_inductive

    def name_of(self, node: int) -> str:
        """Return the name of a node: its entry in ``node_names``, else its number."""
        if check_int("node", node, at_least=0) >= self.n_nodes:
            raise GraphIndexError(f"`node` must be a node id from 0 to {self.n_nodes - 1}, got {node}. Pass one.")
        return str(node) if self._node_names is None else self._node_names[node]

    def title_of(self, node: int, max_chars: int = 100) -> str:
        """Return a line of at most ``max_chars`` that shows the node: its title, else the first line of its text."""
        max_chars = check_int("max_chars", max_chars, at_least=4)
        column, name = self._titles if self._titles is not None else self._texts, self.name_of(node)
        text = name if column is None else column[node].strip()
        line = text.splitlines()[0].strip() if text else ""
        return line if len(line) <= max_chars else line[: max_chars - 3].rstrip() + "..."

    # -- scikit-learn's view of it ------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int]:
        """(n_targets,). scikit-learn's indexing keeps the type only of an X that has a shape."""
        return (len(self._targets),)

    @property
    def ndim(self) -> int:
        return 1

    def __len__(self) -> int:
        return len(self._targets)

    def __iter__(self) -> Iterator[int]:
        return iter(self._targets.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Refuse: a tool that turns X into an array would train on node numbers, without a word.

        Raises
        ------
        GraphError
            Always; it is a TypeError, too.
        """
        raise NotAnArrayError(
            "A TextGraph is not an array. scikit-learn's tools that keep X as it is and index it work with it; those "
            "that turn X into an array (bagging, boosting, self-training, scalers) would lose the graph. For "
            "numbers: graph.targets (node ids) or graph.features."
        )

    def __getitem__(self, key: Any) -> Any:
        """Return a view on other targets; for an integer key, the id of one node.

        Keys count positions among the *targets*: integers, slices, integer arrays, boolean masks, and the tuple
        ``(key, Ellipsis)`` that scikit-learn passes to an X with a shape.
        """
        if isinstance(key, tuple):
            kept = [part for part in key if part is not Ellipsis]
            if len(kept) > 1:
                raise GraphIndexError(
                    f"A TextGraph has one dimension, its targets, got {len(kept)} indices. Pass several positions as a "
                    "list: graph[[1, 2]]."
                )
            key = kept[0] if kept else Ellipsis
        if key is Ellipsis:
            key = slice(None)
        is_position = isinstance(key, (int, np.integer)) and not isinstance(key, bool)
        if not is_position and not isinstance(key, slice):
            key = self._positions(key)
        try:
            # of a position an atomic item: with a view here, np.asarray(graph) would recurse
            return int(self._targets[key]) if is_position else self._with(targets=self._targets[key])
        except (IndexError, TypeError, OverflowError) as error:
            raise GraphIndexError(
                f"A TextGraph is indexed by positions among its {len(self)} targets in view, got another: {error}. For "
                "node ids beyond a view, index the whole graph."
            ) from error

    def _positions(self, key: Any) -> NDArray[Any]:
        """Return a key that is no integer and no slice as positions or a mask."""
        positions = as_array("key", key, error=GraphIndexError)
        if positions.size == 0 and positions.ndim == 1:
            positions = positions.astype(np.int64)
        if positions.ndim != 1 or positions.dtype.kind not in "iub":
            raise GraphIndexError(
                "A TextGraph is indexed by an integer, a slice, or a 1-D array of integers or booleans, got "
                f"an array of dtype {positions.dtype} and {positions.ndim} dimensions. For node names, look up their "
                "numbers first; for a mask of another type, mask.astype(bool)."
            )
        if positions.dtype.kind == "b":
            check_order("key", key, self._targets, self._node_names, error=GraphIndexError)
        elif is_mask_of_integers(positions, len(self)) or is_mask_of_integers(positions, self.n_nodes):
            raise GraphIndexError(mask_sentence("key"))
        return positions

    def _with(self, **changes: Any) -> TextGraph:
        """Return a copy that shares everything but ``changes`` (attribute names without the underscore)."""
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        for name, value in changes.items():
            view.__dict__["_" + name] = value
        return view

    # -- other graphs made from it ------------------------------------------------------------------------------

    def with_features(self, features: ArrayLike | None) -> TextGraph:
        """Return the same view with other features (None for none)."""
        check_order("features", features, np.arange(self.n_nodes), self._node_names)
        return self._with(features=_features(features, self.n_nodes))

    def without_texts(self) -> TextGraph:
        """Return the same view without texts and titles: all that prediction on features needs."""
        return self._with(texts=None, titles=None)

    def inductive(self) -> TextGraph:
        """Return the same view, of which a fit sees the nodes in view alone, and a prediction the whole graph.

        So do the views made of it: a cross-validation over ``graph.inductive()`` is one over nodes that are not there
        yet when the model is trained. ``fit`` and ``plan`` cut the other nodes off (:meth:`subgraph`, each node once);
        ``predict`` and ``score`` do not. Put unlabeled nodes into view that may be seen in training, with -1 for their
        label.

        Returns
        -------
        graph : TextGraph
            Its ``is_inductive`` is True. That is not part of what :meth:`save` writes.

        Examples
        --------
        >>> from sklearn.model_selection import cross_val_score
        >>> from skellagnn import ELLaGNNClassifier
        >>> from skellagnn.datasets import make_text_graph
        >>> data = make_text_graph(n_nodes=60, random_state=0)
        >>> clf = ELLaGNNClassifier(encoder="tfidf", max_iter=5, random_state=0)
        >>> cross_val_score(clf, data.graph.inductive(), data.target, cv=2).shape
        (2,)
        """
        return self._with(is_inductive=True)

    def subgraph(self, nodes: ArrayLike | None = None) -> TextGraph:
        """Return the graph induced by some nodes: the inductive cut.

        Unlike a view, it has no other nodes and no edges to them.

        Parameters
        ----------
        nodes : array-like of int of shape (n_kept,), default=None
            Node ids of this graph without repeats, in the order wanted. By default the targets in view.

        Returns
        -------
        graph : TextGraph
            With ``n_nodes = n_kept``, all of them targets; node i of it is node ``nodes[i]`` of this one, under the
            same name.

        Raises
        ------
        GraphError
            If a node is named twice or does not exist.

        Notes
        -----
        O(n_nodes + number of edges of the kept nodes): beside the subgraph, there is once a copy of the kept rows
        of the adjacency.
        """
        kept = self._targets if nodes is None else check_nodes("nodes", nodes, self.n_nodes, self._node_names)
        named = np.zeros(self.n_nodes, dtype=bool)
        named[kept] = True
        n_different = int(np.count_nonzero(named))
        if n_different != len(kept):
            raise GraphError(
                f"`nodes` must name each node once, got {len(kept)} entries of which {n_different} are "
                "different. Pass np.unique(nodes)."
            )
        names = TextColumn.from_numbers(kept) if self._node_names is None else self._node_names.take(kept)
        cut = self._adjacency[kept][:, kept]
        cut.sort_indices()
        return self._with(
            adjacency=canonical_adjacency(cut),
            texts=None if self._texts is None else self._texts.take(kept),
            titles=None if self._titles is None else self._titles.take(kept),
            node_names=names,
            features=None if self._features is None else self._features[kept],
            targets=np.arange(len(kept)),
            is_inductive=False,
            symmetric=self._symmetric or None,  # without some nodes, a directed graph may be undirected
        )

    def __repr__(self) -> str:
        return _repr.text_repr(self)

    def _repr_html_(self) -> str:
        return _repr.html_repr(self)


def _column(values: Sequence[Any] | None, n_nodes: int, argument: str) -> TextColumn | None:
    if values is None:
        return None
    column = TextColumn.from_strings(values, argument=argument)
    if len(column) != n_nodes:
        raise GraphError(f"`{argument}` must have one entry per node ({n_nodes}), got {len(column)}. Give each one.")
    return column


def _names(values: Sequence[Any] | None, n_nodes: int) -> TextColumn | None:
    if values is None:
        return None
    names = write_names("node_names", values)
    column = _column(names, n_nodes, "node_names")
    if len(set(names)) != len(names):
        seen: set[str] = set()
        twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise GraphError(f"`node_names` must be unique, got {twice!r:.80} more than once. Rename one of them.")
    return column


def _features(values: ArrayLike | None, n_nodes: int) -> NDArray[Any] | None:
    """Return features as a 2-D array of float16, if that is what came, or float32; a memory map is kept as it is."""
    if values is None:
        return None
    if sparse.issparse(values):
        raise GraphError(
            "`features` must be a dense array, got a sparse matrix. Pass features.toarray(), or reduce them first, "
            "for example with sklearn.decomposition.TruncatedSVD."
        )
    features = values if isinstance(values, np.memmap) else as_numbers("features", values)
    if features.dtype.kind not in "biufO":
        raise GraphError(f"`features` must be real numbers, got dtype {features.dtype}. Convert them.")
    try:
        if any(stride < 0 for stride in features.strides):  # torch has no such arrays
            features = np.ascontiguousarray(features)
        if features.dtype not in (np.float32, np.float16):
            with np.errstate(over="ignore"):  # beyond float32 is infinite, and said so below
                features = features.astype(np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphError(
            f"`features` must be real numbers, of shape (n_nodes, n_features), got {error}. Encode other columns "
            "first, for example with sklearn.preprocessing.OneHotEncoder; texts go to `texts`."
        ) from error
    if features.ndim != 2 or features.shape[0] != n_nodes:
        raise GraphError(
            f"`features` must have shape (n_nodes={n_nodes}, n_features), got {features.shape}. Give each one."
        )
    if features.shape[1] == 0:
        raise GraphError("`features` must have at least one column, got 0. Leave them away: features=None.")
    bad = count_not_finite(features)
    if bad:
        raise GraphError(
            f"`features` must be finite, got NaN or infinite values in {bad} of {n_nodes} rows. Impute them first, for "
            "example with sklearn.impute.SimpleImputer."
        )
    return features


def _targets(values: ArrayLike | None, n_nodes: int, node_names: TextColumn | None) -> NDArray[np.int64]:
    return np.arange(n_nodes) if values is None else check_nodes("targets", values, n_nodes, node_names)
