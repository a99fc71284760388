"""From and to PyTorch Geometric. These functions are methods of TextGraph."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skellagnn.base.arrays import as_array, as_numbers
from skellagnn.exceptions import GraphError
from skellagnn.graph._convert import from_edges
from skellagnn.graph._names import check_order

if TYPE_CHECKING:
    from skellagnn.graph._text_graph import TextGraph

# Where data sets of text-attributed graphs keep the texts of the nodes, each in its own way.
_TEXT_FIELDS = ("raw_texts", "raw_text", "text", "texts", "text_nodes")


def from_pyg(
    cls: type[TextGraph],
    data: Any,
    texts: Sequence[str] | str | None = None,
    *,
    titles: Sequence[str] | str | None = None,
    node_names: Sequence[Any] | str | None = None,
) -> TextGraph:
    """Build a graph from a ``torch_geometric.data.Data``.

    Parameters
    ----------
    data : torch_geometric.data.Data
        ``edge_index`` is taken as it is (row 0 sends to row 1; PyG lists an undirected edge twice), with
        ``edge_weight``, or an ``edge_attr`` of one column of floats, as weights; or ``adj_t``, whose rows receive.
        Integers in ``edge_attr`` are types of edges and not read; if they are weights, call them ``edge_weight``. ``x``
        becomes the features, or ``x_original`` where ``x`` holds the texts, as in TAGLAS.
    texts, titles, node_names : sequence, or str, default=None
        One entry per node, or the name of the attribute of ``data`` that holds them. None as ``texts`` looks for a list
        of strings under the names that collections of such graphs use: ``x`` (with ``node_map``, the text of each
        node), ``raw_texts``, ``raw_text``, ``text``, ``texts``, ``text_nodes``.

    Returns
    -------
    graph : TextGraph
        Labels stay with you: ``y = data.y.numpy()``, and ``class_names=data.label_names`` (``label_name``,
        ``label_text``) where there are such; in TAGLAS ``data.label_map`` and the first names of ``data.label``.

    Raises
    ------
    GraphError
        If ``data`` is a data set, or has no edges, several node types, a sparse or complex ``x``, a ``node_map`` that
        leads to no text, or lacks a named attribute.
    """
    import torch
    from torch_geometric.data import Dataset, HeteroData

    if isinstance(data, Dataset):
        raise GraphError(f"`data` must be a graph, got the data set {type(data).__name__}. Pass a graph: dataset[0].")
    if isinstance(data, HeteroData):
        raise GraphError(
            "`data` must be a graph of one kind of nodes, got HeteroData. Make it homogeneous first: "
            "data.to_homogeneous()."
        )
    edges, weights = _edges_of_pyg(data)
    n_nodes, x = _nodes_of_pyg(data), getattr(data, "x", None)
    if x is not None and _are_strings(x):
        n_nodes = None  # PyG counted the texts, which nodes may share
        texts = _texts_of_nodes(x, getattr(data, "node_map", None)) if texts is None else texts
        x = getattr(data, "x_original", None)
    if texts is None:
        texts = next((name for name in _TEXT_FIELDS if _are_strings(getattr(data, name, None))), None)
    attributes: dict[str, Any] = {"texts": texts, "titles": titles, "node_names": node_names}
    for argument, value in attributes.items():
        if isinstance(value, str):
            if value not in data:
                raise GraphError(
                    f"`{argument}` must name an attribute of the data, got {value!r}; it has {data.keys()}. Name one "
                    "of them."
                )
            values = data[value]
            if not hasattr(values, "__len__") or getattr(values, "ndim", 1) != 1:
                raise GraphError(
                    f"`{argument}` must name an attribute with one entry per node, got {value!r}, which is "
                    f"{type(values).__name__}. Name another one."
                )
            attributes[argument] = values.tolist() if hasattr(values, "tolist") else list(values)
    layout = getattr(x, "layout", torch.strided)
    if x is not None and (layout is not torch.strided or (not hasattr(x, "dtype") and not isinstance(x, list))):
        raise GraphError(
            f"`data` must have a dense tensor `x`, got {type(x).__name__} of layout {layout}. "
            "Convert it: data.x = data.x.to_dense(), or reduce it first, for example with "
            "sklearn.decomposition.TruncatedSVD."
        )
    if isinstance(x, torch.Tensor) and x.dtype == torch.bfloat16:  # numpy has none
        x = x.float()
    return from_edges(
        cls,
        as_array("edge_index", edges).T,
        features=None if x is None else as_numbers("x", x),
        weights=None if weights is None else as_numbers("edge_weight", weights).reshape(-1),
        directed=True,
        n_nodes=n_nodes,
        **attributes,
    )


def to_pyg(self: TextGraph, y: ArrayLike | None = None) -> Any:
    """Return a ``torch_geometric.data.Data``.

    Parameters
    ----------
    y : array-like of shape (n_targets,), default=None
        Labels of the targets in view, integers. Other nodes get -1. Of a target that is in view twice, the last
        label counts.

    Returns
    -------
    data : torch_geometric.data.Data
        ``edge_index``, ``edge_weight`` if weighted, ``x``, ``y``, ``texts``, ``titles``, ``node_names`` where the
        graph has them, and ``target_mask`` (bool, nodes in view).

    Raises
    ------
    GraphError
        If ``y`` is not one integer per target.
    """
    import torch
    from torch_geometric.data import Data

    coo = self.adjacency.tocoo()
    data = Data(edge_index=torch.tensor(np.stack([coo.col, coo.row]), dtype=torch.long), num_nodes=self.n_nodes)
    if self.is_weighted:
        data.edge_weight = torch.tensor(coo.data)
    if self.features is not None:
        data.x = torch.tensor(self.features)
    if y is not None:
        check_order("y", y, self.targets, self.node_names)
        labels = as_array("y", y)
        if labels.shape != (len(self),) or labels.dtype.kind not in "iu":
            raise GraphError(
                f"`y` must be {len(self)} integers, one per target, got dtype {labels.dtype} and shape {labels.shape}. "
                "Encode other labels with sklearn.preprocessing.LabelEncoder."
            )
        data.y = torch.full((self.n_nodes,), -1, dtype=torch.long)
        data.y[torch.tensor(self.targets)] = torch.tensor(labels, dtype=torch.long)
    for name in ("texts", "titles", "node_names"):
        column = getattr(self, name)
        if column is not None:
            data[name] = list(column)
    data.target_mask = torch.zeros(self.n_nodes, dtype=torch.bool)
    data.target_mask[torch.tensor(self.targets)] = True
    return data


def _are_strings(values: Any) -> bool:
    listed = isinstance(values, (list, tuple)) or (isinstance(values, np.ndarray) and values.dtype.kind in "OU")
    return listed and len(values) > 0 and all(isinstance(value, str) for value in values)


def _texts_of_nodes(texts: Sequence[str], node_map: Any) -> list[str]:
    """Return a text for each node, of texts that nodes may share."""
    places = np.arange(len(texts)) if node_map is None else as_array("node_map", node_map)
    fits = places.ndim == 1 and places.dtype.kind in "iu"
    if not fits or places.min(initial=0) < 0 or places.max(initial=0) >= len(texts):
        raise GraphError(
            f"`node_map` must hold one number of a text for each node, from 0 to {len(texts) - 1}, got dtype "
            f"{places.dtype}, shape {places.shape}. Name the texts yourself: texts=[...]."
        )
    return [texts[place] for place in places.tolist()]


def _edges_of_pyg(data: Any) -> tuple[Any, Any]:
    """Return the edges as a tensor of shape (2, n_edges), sources first, and their weights or None."""
    import torch

    edges = getattr(data, "edge_index", None)
    if edges is not None:
        weights, attr = getattr(data, "edge_weight", None), getattr(data, "edge_attr", None)
        if weights is None and attr is not None:
            column = as_array(
                "edge_attr", attr.float() if str(getattr(attr, "dtype", "")) == "torch.bfloat16" else attr
            )
            if column.dtype.kind == "f" and (column.ndim == 1 or (column.ndim == 2 and column.shape[1] == 1)):
                weights = column
        return edges, weights
    adjacency = getattr(data, "adj_t", None)
    if adjacency is None:
        raise GraphError(
            f"`data` must be a torch_geometric.data.Data with an edge_index or adj_t, got {type(data).__name__} "
            "without. Without any edge: edge_index=torch.empty((2, 0), dtype=torch.long)."
        )
    if isinstance(adjacency, torch.Tensor):
        entries = adjacency.to_sparse(layout=torch.sparse_coo).coalesce()  # also of compressed rows
        (targets, sources), weights = entries.indices(), entries.values()
    else:  # of torch-sparse
        targets, sources, weights = adjacency.coo()
    return torch.stack([sources, targets]), weights


def _nodes_of_pyg(data: Any) -> int | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return None if data.num_nodes is None else int(data.num_nodes)
        except UserWarning:
            # PyG would guess from the largest end of an edge; the texts know better, and without any so do we
            return None
