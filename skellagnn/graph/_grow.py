"""A graph that grew, and the part of it that a few nodes look at. These functions are methods of TextGraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from skellagnn.base.numbers import check_int
from skellagnn.base.resolve import suggest
from skellagnn.exceptions import GraphError
from skellagnn.graph._adjacency import canonical_adjacency
from skellagnn.graph._convert import count_nodes
from skellagnn.graph._names import check_order, write_names
from skellagnn.graph._text_column import TextColumn

if TYPE_CHECKING:
    from skellagnn.graph._text_graph import TextGraph

# Names that a similar one is looked for among: more take seconds.
_FEW_NAMES = 10_000


def add_nodes(
    self: TextGraph,
    edges: ArrayLike,
    texts: Sequence[str] | None = None,
    features: ArrayLike | None = None,
    *,
    titles: Sequence[str] | None = None,
    node_names: Sequence[Any] | None = None,
    weights: ArrayLike | None = None,
    directed: bool | None = None,
) -> TextGraph:
    """Return the graph with more nodes and edges; nothing that was there is made anew.

    Parameters
    ----------
    edges : array-like of shape (n_edges, 2)
        As in :meth:`from_edges`, between any nodes: the new ones follow the old ones in number. One that is there
        already keeps the larger weight.
    texts, features, titles, node_names
        One entry for each new node of what the graph has, and of nothing else. Features of texts are what
        the encoder of the old ones makes of the new texts: ``clf.encoder_.transform(texts)``.
    weights : array-like of float of shape (n_edges,), default=None
        By default 1.
    directed : bool, default=None
        Whether (u, v) carries messages from u to v only. None: as in the graph.

    Returns
    -------
    graph : TextGraph
        The nodes in view, and after them the new ones: ``graph[-n_new:]`` has these alone in view.

    Raises
    ------
    GraphError
        If a part is missing or there is one too many, names are not new, features are not as wide as those that there
        are, or an edge names a node that does not exist.

    Notes
    -----
    O(n_nodes + n_edges): arrays of the old graph are copied once. To serve single nodes on a large graph, grow what
    they look at: ``graph[linked].neighborhood(n_layers + 1).add_nodes(...)``, with edges by name.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> graph = TextGraph.from_edges([(0, 1)], texts=["on cats", "on dogs"])
    >>> graph.add_nodes([(2, 0), (2, 3)], texts=["on mice", "on rats"])
    TextGraph(n_nodes=4, n_edges=3, undirected, texts)
    """
    from skellagnn.graph._text_graph import TextGraph as Plain

    given: dict[str, Any] = {"texts": texts, "features": features, "titles": titles, "node_names": node_names}
    for name, part in given.items():
        if (part is None) != (getattr(self, name) is None):
            raise GraphError(
                f"`{name}` must be given for new nodes, one for each, as the graph has some; got None. Pass them."
                if part is None
                else f"`{name}` must be left out for new nodes, as the graph has none; got some. Leave them away."
            )
    n_new = count_nodes(None, **given)
    if n_new is None:
        raise GraphError(
            "`texts` or `features` must say how many nodes are new, got a graph with neither. Give it features first: "
            "graph.with_features(...)."
        )
    n_nodes = self.n_nodes + n_new
    names = None
    if self.node_names is not None:
        new_names = TextColumn.from_strings(write_names("node_names", () if node_names is None else node_names))
        names = [*self.node_names, *new_names]
        for name in ("texts", "features", "titles"):
            check_order(name, given[name], np.arange(n_new), new_names)
    added = Plain.from_edges(
        edges,
        node_names=names,
        weights=weights,
        directed=self.is_directed if directed is None else directed,
        n_nodes=n_nodes,
    )
    new = Plain(sparse.csr_array((n_new, n_new), dtype=np.float32), texts, features, titles=titles)
    old = self.adjacency
    indptr = np.concatenate([old.indptr, np.full(n_new, old.indptr[-1], dtype=old.indptr.dtype)])
    padded = sparse.csr_array((old.data, old.indices, indptr), shape=(n_nodes, n_nodes))
    return self._with(
        adjacency=canonical_adjacency(sparse.csr_array(padded.maximum(added.adjacency))),
        texts=_joined(self.texts, new.texts),
        titles=_joined(self.titles, new.titles),
        features=_stacked(self.features, new.features),
        node_names=added.node_names,
        targets=np.concatenate([self.targets, np.arange(self.n_nodes, n_nodes)]),
        symmetric=(self._symmetric and added._symmetric) or None,
    )


def neighborhood(self: TextGraph, n_hops: int) -> TextGraph:
    """Return the part of the graph that messages reach the nodes in view from.

    A prediction for the nodes in view is the same on it, if ``n_hops`` is one more than the classifier has layers
    (``"appnp"``: 11): the last one is for backbones that look at degrees, and for ranking neighbors.

    Parameters
    ----------
    n_hops : int
        Edges between a node in view and the farthest node that is kept.

    Returns
    -------
    graph : TextGraph
        A :meth:`subgraph`, in the order of this graph, with the same nodes in view under the same names.

    Raises
    ------
    InvalidParameterError
        If ``n_hops`` is no count.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> path = TextGraph.from_edges([(0, 1), (1, 2), (2, 3), (3, 4)])
    >>> path[[0]].neighborhood(2)
    TextGraph(n_nodes=3, n_edges=2, undirected, 1 targets in view)
    """
    n_hops = check_int("n_hops", n_hops, at_least=0)
    kept = np.zeros(self.n_nodes, dtype=bool)
    reached = np.unique(self.targets)
    kept[reached] = True
    for _ in range(n_hops):
        sources = np.unique(self.adjacency[reached].indices)
        reached = sources[~kept[sources]]
        if not len(reached):
            break
        kept[reached] = True
    nodes = np.flatnonzero(kept)
    view: TextGraph = self.subgraph(nodes)[np.searchsorted(nodes, self.targets)]
    return view


def index(self: TextGraph, names: Any) -> Any:
    """Return the numbers of nodes that are known by name.

    Parameters
    ----------
    names : str, or sequence of names of length n_names
        As in ``node_names``; in a graph without them, numbers are names. Each call reads all names of the graph once:
        look up many in one call.

    Returns
    -------
    node : int
        For a single str.
    nodes : ndarray of int64 of shape (n_names,)
        For a sequence, in its order. Of a graph with all nodes in view, ``graph[graph.index(names)]`` shows these.

    Raises
    ------
    GraphError
        If a name is that of no node.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> graph = TextGraph.from_edges([("cat", "dog")], node_names=["cat", "dog"])
    >>> graph.index("dog"), graph.index(["dog", "cat"]).tolist()
    (1, [1, 0])
    """
    single = isinstance(names, str)
    wanted = write_names("names", [names] if single else names)
    found: dict[str, int] = dict.fromkeys(wanted, -1)
    known: Any = map(str, range(self.n_nodes)) if self.node_names is None else self.node_names
    for node, name in enumerate(known):
        if name in found:
            found[name] = node
    nodes = np.array([found[name] for name in wanted], dtype=np.int64)
    missing = [name for name in wanted if found[name] < 0]
    if missing:
        few = self.node_names if self.node_names is not None and self.n_nodes <= _FEW_NAMES else ()
        raise GraphError(
            f"`names` must be those of nodes, got {missing[0]!r:.80} and {len(set(missing)) - 1} more that are not."
            f"{suggest(missing[0], few)} Names are strings, as in `node_names`; without these, numbers of nodes."
        )
    return int(nodes[0]) if single else nodes


def _joined(old: TextColumn | None, new: TextColumn | None) -> TextColumn | None:
    if old is None or new is None:
        return None
    # a column may begin within its bytes
    first, last = int(old.offsets[0]), int(old.offsets[-1])
    offsets = np.concatenate([old.offsets - first, new.offsets[1:] + (last - first)])
    return TextColumn(np.concatenate([old.data[first:last], new.data]), offsets)


def _stacked(old: NDArray[Any] | None, new: NDArray[Any] | None) -> NDArray[Any] | None:
    if old is None or new is None:
        return None
    if old.shape[1] != new.shape[1]:
        raise GraphError(
            f"`features` of new nodes must have {old.shape[1]} columns, as those of the graph, got {new.shape[1]}. "
            "Make them with the same encoder."
        )
    with np.errstate(over="ignore"):
        rows = new.astype(old.dtype)
    if not np.isfinite(rows).all():
        raise GraphError(
            f"`features` of new nodes must fit into {old.dtype}, as those of the graph do, got larger ones. Scale them."
        )
    return np.concatenate([old, rows])
