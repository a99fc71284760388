"""From and to PyTorch Geometric. These functions are methods of TextGraph."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skellagnn.exceptions import GraphError
from skellagnn.graph._convert import from_edges

if TYPE_CHECKING:
    from skellagnn.graph._text_graph import TextGraph


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
        ``edge_weight``, or an ``edge_attr`` of one column, as weights; or ``adj_t``, whose rows receive. ``x`` becomes
        the features.
    texts, titles, node_names : sequence, or str, default=None
        One entry per node, or the name of the attribute of ``data`` that holds them.

    Returns
    -------
    graph : TextGraph
        Labels stay with you: ``y = data.y.numpy()``.

    Raises
    ------
    GraphError
        If ``data`` is a data set, or has no edges, several node types, a sparse ``x``, or lacks a named attribute.
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
    attributes: dict[str, Any] = {"texts": texts, "titles": titles, "node_names": node_names}
    for argument, value in attributes.items():
        if isinstance(value, str):
            if value not in data:
                raise GraphError(
                    f"`{argument}` must name an attribute of the data, got {value!r}; it has {data.keys()}."
                )
            values = data[value]
            attributes[argument] = values.tolist() if hasattr(values, "tolist") else list(values)
    x = getattr(data, "x", None)
    if x is not None and getattr(x, "layout", None) is not torch.strided:
        raise GraphError(
            f"`data` must have a dense tensor `x`, got {type(x).__name__} of layout {getattr(x, 'layout', 'unknown')}. "
            "Convert it: data.x = data.x.to_dense(), or reduce it first, for example with "
            "sklearn.decomposition.TruncatedSVD."
        )
    return from_edges(
        cls,
        edges.cpu().numpy().T,
        features=None if x is None else x.detach().cpu().float().numpy(),
        weights=None if weights is None else weights.detach().cpu().reshape(-1).numpy(),
        directed=True,
        n_nodes=_nodes_of_pyg(data),
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
        labels = np.asarray(y)
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


def _edges_of_pyg(data: Any) -> tuple[Any, Any]:
    """Return the edges as a tensor of shape (2, n_edges), senders first, and their weights or None."""
    import torch

    if getattr(data, "edge_index", None) is not None:
        weights = getattr(data, "edge_weight", None)
        attr = getattr(data, "edge_attr", None)
        if weights is None and attr is not None and (attr.dim() == 1 or (attr.dim() == 2 and attr.shape[1] == 1)):
            weights = attr
        return data.edge_index, weights
    adjacency = getattr(data, "adj_t", None)
    if adjacency is None:
        raise GraphError(
            f"`data` must be a torch_geometric.data.Data with an edge_index or adj_t, got {type(data).__name__} "
            "without. Without any edge: edge_index=torch.empty((2, 0), dtype=torch.long)."
        )
    if isinstance(adjacency, torch.Tensor):
        entries = adjacency.to_sparse(layout=torch.sparse_coo).coalesce()  # also of compressed rows
        (receivers, senders), weights = entries.indices(), entries.values()
    else:  # of torch-sparse
        receivers, senders, weights = adjacency.coo()
    return torch.stack([senders, receivers]), weights


def _nodes_of_pyg(data: Any) -> int | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return None if data.num_nodes is None else int(data.num_nodes)
        except UserWarning:
            # PyG would guess from the largest end of an edge; the texts know better, and without any so do we
            return None
