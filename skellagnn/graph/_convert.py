"""From edge lists, tables, matrices and networkx graphs. These functions are methods of TextGraph."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skellagnn.base.arrays import as_array, as_numbers
from skellagnn.base.numbers import check_bool, check_int
from skellagnn.base.resolve import suggest
from skellagnn.base.resources import available_memory
from skellagnn.exceptions import GraphError
from skellagnn.graph._adjacency import adjacency_from_edges, weights_to_float32
from skellagnn.graph._names import first_inexact, inexact, write_names
from skellagnn.graph._tables import as_pandas, require_column

if TYPE_CHECKING:
    from skellagnn.graph._text_graph import TextGraph

# Names of edges looked up at a time.
_BLOCK = 1 << 16
# Bytes that a graph takes for each node at least while it is built; asked for only of graphs that are large.
_BYTES_PER_NODE = 24
_MANY_NODES = 10_000_000

_INTEGERS_ARE_NUMBERS = (
    " Integers are numbers of nodes, not their names; to give edges by names that are integers, pass them as strings: "
    "np.asarray(edges).astype(str)."
)


def from_edges(
    cls: type[TextGraph],
    edges: ArrayLike,
    texts: Sequence[str] | None = None,
    features: ArrayLike | None = None,
    *,
    titles: Sequence[str] | None = None,
    node_names: Sequence[Any] | None = None,
    weights: ArrayLike | None = None,
    directed: bool = False,
    n_nodes: int | None = None,
) -> TextGraph:
    """Build a graph from a list of edges.

    Parameters
    ----------
    edges : array-like of shape (n_edges, 2)
        Pairs (source, target) of node numbers, or of node names if ``node_names`` is given and the entries are not
        integers. Integers are always numbers of nodes, counted from 0 in the order of the texts or features, even where
        the names are integers, too; give edges by such names as strings: ``np.asarray(edges).astype(str)``.
    texts, features, titles, node_names
        As in :class:`TextGraph`.
    weights : array-like of float of shape (n_edges,), default=None
        Finite, not negative; edges of weight zero are dropped. By default 1.
    directed : bool, default=False
        Whether (u, v) carries messages from u to v only.
    n_nodes : int, default=None
        Number of nodes. By default the number of texts, features or names, else the largest node number plus one.

    Returns
    -------
    graph : TextGraph

    Raises
    ------
    GraphError
        If an edge names a node that does not exist, a name is missing, or the parts differ in length.
    InvalidParameterError
        If ``directed`` is no bool or ``n_nodes`` no count.

    Notes
    -----
    O(n_nodes + n_edges). Beyond ``edges``, building takes 24 bytes an edge at its peak, of which 16 stay (two directed
    entries of 8 bytes): 1.5 times an int64 array of edges, 3 times an int32 one. Directed it is 17 bytes, of which 8
    stay; with weights 38 at the peak (``python benchmarks/scale.py --memory`` prints them). Arrays of sources and
    targets are best put into one from the start, which ``edges=array.T`` reads without a copy.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> TextGraph.from_edges([("a", "b")], texts=["first", "second"], node_names=["a", "b"])
    TextGraph(n_nodes=2, n_edges=1, undirected, texts)
    """
    directed = check_bool("directed", directed)
    if n_nodes is not None:
        n_nodes = check_int("n_nodes", n_nodes, at_least=0)
    n_nodes = count_nodes(n_nodes, texts=texts, features=features, titles=titles, node_names=node_names)
    pairs = as_array("edges", edges)
    if pairs.size == 0:
        pairs = np.empty((0, 2), dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise GraphError(
            f"`edges` must be pairs (source, target), of shape (n_edges, 2), got shape {pairs.shape}. A weight goes to "
            "`weights`. An edge_index of shape (2, n_edges) is transposed: pass edge_index.T."
        )
    if pairs.dtype.kind not in "iu":
        if node_names is None:
            raise GraphError(
                f"`edges` must hold node numbers, got dtype {pairs.dtype}. Pass `node_names` to give edges by name."
            )
        node_names = write_names("node_names", node_names)
        pairs = _numbers_of_names(pairs, node_names)
    if n_nodes is None:
        n_nodes = int(pairs.max()) + 1 if len(pairs) else 0
    if n_nodes > _MANY_NODES and n_nodes * _BYTES_PER_NODE > available_memory():
        raise GraphError(
            f"`edges` must be between nodes that fit into memory, got {n_nodes:,} nodes, as many as the largest number "
            "or `n_nodes` says. Number the nodes from 0 without gaps, or give edges by name: node_names=..., and edges "
            "as strings."
        )
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= n_nodes):
        wrong = np.flatnonzero(((pairs < 0) | (pairs >= n_nodes)).any(axis=1))
        raise GraphError(
            f"`edges` must join nodes 0 to {n_nodes - 1}, got {tuple(pairs[wrong[0]].tolist())} at position {wrong[0]} "
            f"and {len(wrong) - 1} more edges to nodes that do not exist. Drop them, or give every node a text."
            + ("" if node_names is None else _INTEGERS_ARE_NUMBERS)
        )
    if weights is not None:
        weights = _weight_array(weights, len(pairs))
    adjacency = adjacency_from_edges(pairs[:, 0], pairs[:, 1], weights, n_nodes, both_ways=not directed)
    graph = cls(adjacency, texts, features, titles=titles, node_names=node_names)
    if not directed:
        graph._symmetric = True  # as it was built: spares a look at all edges
    return graph


def from_scipy(
    cls: type[TextGraph],
    adjacency: Any,
    texts: Sequence[str] | None = None,
    features: ArrayLike | None = None,
    *,
    titles: Sequence[str] | None = None,
    node_names: Sequence[Any] | None = None,
) -> TextGraph:
    """Build a graph from a sparse adjacency matrix, taken as it is: row i lists the sources of edges to i.

    Parameters
    ----------
    adjacency : sparse matrix or array of shape (n_nodes, n_nodes)
        Symmetric for an undirected graph. A matrix in which row i lists the targets of edges *from* i is transposed
        first: pass ``adjacency.T``.
    texts, features, titles, node_names
        As in :class:`TextGraph`.

    Returns
    -------
    graph : TextGraph
    """
    return cls(adjacency, texts, features, titles=titles, node_names=node_names)


def from_networkx(
    cls: type[TextGraph],
    graph: Any,
    *,
    text: str | None = "text",
    title: str | None = None,
    features: str | None = None,
    weight: str | None = "weight",
) -> TextGraph:
    """Build a graph from a networkx graph. Nodes keep their order; their names become strings.

    Parameters
    ----------
    graph : networkx.Graph, DiGraph, MultiGraph or MultiDiGraph
        An edge u -> v of a directed graph carries messages from u to v.
    text, title, features : str or None
        Node attributes that hold the text, the title and a feature vector; None for none.
    weight : str or None, default="weight"
        Edge attribute that holds the weight, 1 where an edge has none. One that is named here must be there on some
        edge.

    Returns
    -------
    graph : TextGraph

    Raises
    ------
    GraphError
        If a node lacks an attribute; the message names the first such node and counts the others. If no edge has the
        attribute that holds the weight.
    """
    if not all(hasattr(graph, name) for name in ("nodes", "edges", "is_directed")):
        raise GraphError(
            f"`graph` must be a networkx graph, got {type(graph).__name__}. Other kinds have their own constructors: "
            "from_edges, from_pandas, from_pyg, from_scipy."
        )
    for argument, attribute in (("text", text), ("title", title), ("features", features), ("weight", weight)):
        if not isinstance(attribute, Hashable):
            raise GraphError(
                f"`{argument}` must be the name of an attribute, got {type(attribute).__name__}. Pass one name."
            )
    nodes = list(graph.nodes)
    number = {node: i for i, node in enumerate(nodes)}
    edges = [(number[u], number[v]) for u, v in graph.edges()]
    weights = None
    if weight is not None:
        if weight != "weight" and edges and not any(weight in data for _, _, data in graph.edges(data=True)):
            raise GraphError(
                f"`weight` must be an attribute of edges, got {weight!r:.80}, which no edge has. Name another one, or "
                "None for edges without weights."
            )
        weights = [value for _, _, value in graph.edges(data=weight, default=1.0)]
    return from_edges(
        cls,
        np.array(edges, dtype=np.int64).reshape(-1, 2),
        texts=_node_attribute(graph, nodes, "text", text),
        features=_node_attribute(graph, nodes, "features", features),
        titles=_node_attribute(graph, nodes, "title", title),
        node_names=nodes,
        weights=weights,
        directed=graph.is_directed(),
    )


def to_networkx(self: TextGraph) -> Any:
    """Return a ``networkx.Graph``, or a ``DiGraph`` if the graph is directed.

    Returns
    -------
    graph : networkx.Graph or DiGraph
        Nodes are called by ``node_names``, else by their numbers. They have the attributes ``text``, ``title`` and
        ``features`` (an array) where the graph has them, and ``in_view``; edges have a ``weight`` if the graph is
        weighted. ``from_networkx(graph, title="title", features="features")`` reads all of it but ``in_view``.

    Examples
    --------
    >>> from skellagnn import TextGraph
    >>> TextGraph.from_edges([(0, 1)], texts=["on cats", "on dogs"])[[1]].to_networkx().nodes(data=True)
    NodeDataView({0: {'text': 'on cats', 'in_view': False}, 1: {'text': 'on dogs', 'in_view': True}})
    """
    import networkx

    names: list[Any] = list(range(self.n_nodes)) if self.node_names is None else list(self.node_names)
    in_view = np.zeros(self.n_nodes, dtype=bool)
    in_view[self.targets] = True
    columns = {"text": self.texts, "title": self.titles, "features": self.features, "in_view": in_view.tolist()}
    present = {name: column for name, column in columns.items() if column is not None}
    graph = networkx.DiGraph() if self.is_directed else networkx.Graph()
    graph.add_nodes_from(
        (node, dict(zip(present, values, strict=True))) for node, *values in zip(names, *present.values(), strict=True)
    )
    coo = self.adjacency.tocoo()
    ends = ((names[source], names[target]) for source, target in zip(coo.col.tolist(), coo.row.tolist(), strict=True))
    if self.is_weighted:
        graph.add_weighted_edges_from((*pair, weight) for pair, weight in zip(ends, coo.data.tolist(), strict=True))
    else:
        graph.add_edges_from(ends)
    return graph


def from_pandas(
    cls: type[TextGraph],
    nodes: Any,
    edges: Any,
    *,
    node_id: Hashable | None = None,
    text: Hashable | None = "text",
    title: Hashable | None = None,
    features: Hashable | Sequence[Hashable] | None = None,
    source: Hashable = "source",
    target: Hashable = "target",
    weight: Hashable | None = None,
    directed: bool = False,
) -> TextGraph:
    """Build a graph from a node table and an edge table. Nodes keep the order of the node table.

    Parameters
    ----------
    nodes : pandas.DataFrame, polars.DataFrame or pyarrow.Table
        One row per node.
    edges : pandas.DataFrame, polars.DataFrame or pyarrow.Table
        One row per edge, with the ids of its two ends.
    node_id : str or other name of a column, default=None
        Column of ``nodes`` with the ids that the edges use. By default the index; a table without one has 0, 1, ...
    text, title : name of a column or None
        Columns of ``nodes``.
    features : name or list of names, default=None
        Numeric columns of ``nodes``.
    source, target : name of a column
        Columns of ``edges``.
    weight : name of a column, default=None
        Column of ``edges``.
    directed : bool, default=False
        Whether an edge carries messages from source to target only.

    Returns
    -------
    graph : TextGraph
        Labels stay with you: ``y = nodes["label"]`` is in the same order.

    Raises
    ------
    GraphError
        If a column is missing or there twice, an id is missing, not unique or was rounded to a float, a text is
        missing, or an edge names a node that is not there.
    InvalidParameterError
        If ``directed`` is no bool.
    """
    nodes, edges = as_pandas("nodes", nodes), as_pandas("edges", edges)
    if features is not None:
        features = [features] if isinstance(features, Hashable) else list(as_array("features", features).ravel())
    named = [("node_id", node_id), ("text", text), ("title", title), *(("features", name) for name in features or ())]
    for parameter, column in named:
        if column is not None or parameter == "features":
            require_column(nodes, column, "nodes", parameter)
    for parameter, column in (("source", source), ("target", target), ("weight", weight)):
        if column is not None or parameter != "weight":
            require_column(edges, column, "edges", parameter)
    place = "The index of `nodes`" if node_id is None else f"Column {node_id!r} of `nodes`"
    ids = _exact(nodes.index if node_id is None else nodes[node_id], place)
    if not ids.is_unique:
        raise GraphError(
            f"`nodes` must have unique ids in {'its index' if node_id is None else repr(node_id)}, got {len(nodes)} "
            f"rows and {ids.nunique(dropna=False)} different ids. Drop or rename the repeated ones."
        )
    return from_edges(
        cls,
        np.stack([_numbers(edges[column], ids, column) for column in (source, target)]).T,
        texts=None if text is None else nodes[text].tolist(),
        features=None if features is None else nodes[features].to_numpy(),
        titles=None if title is None else nodes[title].tolist(),
        node_names=list(ids),
        weights=None if weight is None else edges[weight].to_numpy(),
        directed=directed,
        n_nodes=len(nodes),
    )


def _exact(ids: Any, place: str) -> Any:
    """Return ids of a pandas column or index as an Index, integers that were read as float as integers again."""
    import pandas

    halves = np.dtype(np.float16)
    is_half = getattr(ids, "dtype", None) == halves
    if is_half:  # pandas has no index of these
        ids = ids.astype(np.float32)
    index = pandas.Index(ids)
    index = index.to_flat_index() if isinstance(index, pandas.MultiIndex) else index
    missing = np.flatnonzero(index.isna())
    if len(missing):
        raise GraphError(
            f"{place} must hold an id in every row, got none in row {missing[0]} (counted from 0) and "
            f"{len(missing) - 1} more: rows without an id would all be one node. Drop them or give them ids."
        )
    values = index.to_numpy()
    odd = [value for value in values if not isinstance(value, Hashable)] if values.dtype.kind == "O" else []
    if odd:
        raise GraphError(
            f"{place} must hold ids such as numbers or names, got {type(odd[0]).__name__} ({odd[0]!r:.80}) and "
            f"{len(odd) - 1} more like it. Take the ids out of them."
        )
    floats = np.flatnonzero([isinstance(value, float) for value in values]) if values.dtype.kind == "O" else ()
    if values.dtype.kind == "f" or len(floats):
        numbers = values if values.dtype.kind == "f" else values[floats].astype(np.float64)
        large = np.flatnonzero(np.abs(numbers) >= first_inexact(halves if is_half else numbers.dtype))
        if len(large):
            row = large[0] if values.dtype.kind == "f" else floats[large[0]]
            raise inexact(place, float(numbers[large[0]]), f"row {row} (counted from 0)")
        if values.dtype.kind == "f" and (numbers == np.trunc(numbers)).all():
            return pandas.Index(values.astype(np.int64))
    return index


def count_nodes(n_nodes: int | None, **parts: Any) -> int | None:
    said = "n_nodes"
    for argument, part in parts.items():
        if part is None:
            continue
        shape = getattr(part, "shape", None)
        if (not hasattr(part, "__len__") and shape is None) or shape == ():
            raise GraphError(f"`{argument}` must have one entry per node, got {type(part).__name__}. Pass a list.")
        if isinstance(part, (set, frozenset)):
            raise GraphError(f"`{argument}` must be in the order of the nodes, got a set, which has none. Pass a list.")
        length = shape[0] if isinstance(shape, tuple) else len(part)
        if n_nodes is None:
            n_nodes, said = int(length), argument
        elif n_nodes != length:
            raise GraphError(
                f"`{argument}` must have one entry per node ({n_nodes}), got {length}, where `{said}` says {n_nodes}. "
                "Nodes without edges need one too."
            )
    return n_nodes


def _weight_array(weights: Any, n_edges: int) -> NDArray[np.float32]:
    given = as_numbers("weights", weights)
    try:
        array = weights_to_float32(given)
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphError(f"`weights` must be numbers, got {error}. Give every edge one.") from error
    if array.shape != (n_edges,):
        raise GraphError(
            f"`weights` must have one entry per edge ({n_edges}), got shape {array.shape}. List an undirected "
            "edge once."
        )
    return array


def _numbers_of_names(pairs: NDArray[Any], names: list[str]) -> NDArray[np.int64]:
    number = {name: i for i, name in enumerate(names)}
    flat = pairs.ravel()
    found = np.empty(len(flat), dtype=np.int64)
    for start in range(0, len(flat), _BLOCK):  # as Python strings, names take many times the memory
        part = flat[start : start + _BLOCK]
        # strings are names as they are: a blank one is that of no node
        block = part.tolist() if flat.dtype.kind == "U" else write_names("edges", part)
        found[start : start + len(block)] = [number.get(name, -1) for name in block]
    if (found < 0).any():
        missing = [str(name) for name in flat[found < 0].tolist()]
        raise GraphError(
            f"`edges` must join nodes in `node_names`, got {missing[0]!r} and {len(set(missing)) - 1} more names that "
            f"do not exist.{suggest(missing[0], names)}"
        )
    return found.reshape(-1, 2)


def _numbers(column: Any, ids: Any, name: Hashable) -> NDArray[np.int64]:
    """Look a column up in a pandas.Index."""
    ends = _exact(column, f"Column {name!r} of `edges`")
    if ends.dtype != ids.dtype:  # pandas would make floats of signed beside unsigned integers
        ends, ids = ends.astype(object), ids.astype(object)
    found: NDArray[np.int64] = ids.get_indexer(ends)
    wrong = np.flatnonzero(found < 0)
    if len(wrong):
        raise GraphError(
            f"Column {name!r} of `edges` must hold ids of `nodes`, got {column.tolist()[wrong[0]]!r:.80} and "
            f"{len(wrong) - 1} more rows with ids that do not exist. Check the dtypes of both, or drop those edges."
        )
    return found


def _node_attribute(graph: Any, nodes: list[Any], argument: str, attribute: Hashable | None) -> list[Any] | None:
    if attribute is None:
        return None
    missing = [node for node in nodes if attribute not in graph.nodes[node]]
    if missing:
        raise GraphError(
            f"Every node must have the attribute {attribute!r:.80} (`{argument}`), got node {missing[0]!r:.80} and "
            f"{len(missing) - 1} more without it. Set it (the empty string for a missing text) or name another "
            "attribute."
        )
    return [graph.nodes[node][attribute] for node in nodes]
