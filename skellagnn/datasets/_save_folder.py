"""Writing what :func:`skellagnn.datasets.load_folder` reads."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from skellagnn.base.arrays import as_array
from skellagnn.base.files import check_path, write_aside, writing
from skellagnn.datasets._homophily import edge_homophily
from skellagnn.exceptions import GraphError, LabelError
from skellagnn.graph import TextGraph
from skellagnn.graph._names import check_nodes, check_order

# Every file that load_folder looks at, the answers apart: those belong to the user.
_FILES = (
    *("nodes.jsonl", "nodes.jsonl.gz", "edges.npz", "edges.csv", "edges.csv.gz", "features.npy"),
    *("splits.json", "splits.json.gz", "meta.json", "meta.json.gz"),
)


def save_folder(
    graph: TextGraph,
    path: str | os.PathLike[str],
    target: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    splits: Mapping[str, Mapping[str, ArrayLike]] | None = None,
) -> None:
    """Write a graph, its labels and its splits as a folder of plain files, to share or to read elsewhere.

    :meth:`skellagnn.TextGraph.save` is faster and keeps the targets in view; this one keeps labels and splits, and
    other programs can read it.

    Parameters
    ----------
    graph : TextGraph
        Written whole, whatever is in view.
    path : path-like
        The folder; made if needed. Graph files in it are replaced, recorded answers stay.
    target : array-like of int of shape (n_nodes,), default=None
        One label per node of the whole graph, -1 for unlabeled.
    target_names : sequence of str, default=None
        Names of the labels, in the order of their numbers. Needed with ``target``.
    splits : dict of dict of array-like of int, default=None
        Name of a split -> part -> positions of nodes.

    Raises
    ------
    GraphError
        If ``graph`` is none, or a split holds something other than positions of nodes.
    LabelError
        If ``target`` does not fit the graph, or a label has no name.
    InvalidParameterError
        If ``path`` is no name, or a place that cannot be written.

    Notes
    -----
    The format is described at :func:`load_folder`. A graph without node names, or with "0", "1", ..., gets int ids
    and ``edges.npz``; other names become the ids, and edges ``edges.csv.gz``. A directed graph is read back as such
    with ``directed=True``. Weights of 1 are not written. Each file is written aside and renamed, and links that are in
    the way are replaced, not followed.

    See Also
    --------
    load_folder : Read such a folder, with an example of both.
    """
    if not isinstance(graph, TextGraph):
        raise GraphError(
            f"`graph` must be a TextGraph, got {type(graph).__name__}. Build one: TextGraph.from_edges(...)."
        )
    folder = check_path("path", path)
    labels, names = _check_labels(target, target_names, graph)
    ids = _ids(graph)
    if not isinstance(splits or {}, Mapping) or not all(
        isinstance(parts, Mapping) for parts in (splits or {}).values()
    ):
        raise GraphError(
            f"`splits` must be a dict of dicts, name of a split -> part -> positions, got {type(splits).__name__} that "
            "is not. Pass {'first': {'train': [...], 'test': [...]}}."
        )
    content = {
        str(name): {str(part): _positions(f"splits[{name!r}][{part!r}]", value, ids) for part, value in parts.items()}
        for name, parts in (splits or {}).items()
    }
    files: dict[str, Any] = {"nodes.jsonl.gz": _gzipped(_node_lines(graph, ids, labels, names))}
    arrays = _edge_arrays(graph)
    if isinstance(ids, range):
        files["edges.npz"] = lambda file: np.savez_compressed(file, **arrays)
    else:
        files["edges.csv.gz"] = _gzipped(_edge_table(arrays, ids))
    if graph.features is not None:
        files["features.npy"] = lambda file: np.save(file, graph.features, allow_pickle=False)
    if content:
        files["splits.json.gz"] = _gzipped(json.dumps(content))
    meta = {
        "name": folder.resolve().name,
        "nodes": graph.n_nodes,
        "directed_edges" if graph.is_directed else "undirected_edges": graph.n_edges,
        "labeled": int((labels >= 0).sum()),
        "classes": names,
        "class_counts": np.bincount(labels[labels >= 0], minlength=len(names)).tolist(),
    }
    homophily = edge_homophily(graph, labels)
    if np.isfinite(homophily):
        meta["edge_homophily"] = round(homophily, 4)
    files["meta.json"] = lambda file: file.write(json.dumps(meta, indent=1).encode())
    with writing("path", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in _FILES:
            (folder / file).unlink(missing_ok=True)
        for file, write in files.items():
            write_aside(folder / file, write)


def _check_labels(target: Any, target_names: Any, graph: TextGraph) -> tuple[NDArray[np.int64], list[str]]:
    n_nodes = graph.n_nodes
    listed = as_array("target_names", [] if target_names is None else target_names, error=LabelError)
    if listed.ndim != 1:
        raise LabelError(
            f"`target_names` must be a list of names, got {type(target_names).__name__} {target_names!r:.80}. Pass one "
            "name for each label."
        )
    # numpy would make a name of what is missing beside names
    given = list(target_names) if isinstance(target_names, (list, tuple)) else listed.tolist()
    odd = [name for name in given if not isinstance(name, (str, int)) or not str(name).strip()]
    if odd:
        raise LabelError(
            f"`target_names` must hold strings, got {odd[0]!r:.80} and {len(odd) - 1} more that say nothing. Name each."
        )
    names = [str(name) for name in given]
    if len(set(names)) != len(names):
        raise LabelError(f"`target_names` must be different, got {names}. Rename one of the equal ones.")
    if target is None:
        return np.full(n_nodes, -1, dtype=np.int64), names
    check_order("target", target, np.arange(n_nodes), graph.node_names, error=LabelError)
    labels = as_array("target", target, error=LabelError)
    if labels.shape != (n_nodes,) or labels.dtype.kind not in "iu":
        raise LabelError(
            f"`target` must be one int per node ({n_nodes}), -1 for unlabeled, got dtype {labels.dtype} and shape "
            f"{labels.shape}. Number other labels with sklearn.preprocessing.LabelEncoder."
        )
    if labels.size and (labels.max() >= len(names) or labels.min() < -1):
        raise LabelError(
            f"`target` must be -1 or the position of a name in `target_names`, got labels from {labels.min()} to "
            f"{labels.max()} and {len(names)} names. Give every label a name."
        )
    return labels.astype(np.int64), names


def _ids(graph: TextGraph) -> Sequence[int] | Sequence[str]:
    if graph.node_names is None or all(name == str(i) for i, name in enumerate(graph.node_names)):
        return range(graph.n_nodes)
    return list(graph.node_names)


def _positions(argument: str, value: ArrayLike, ids: Sequence[Any]) -> list[Any]:
    if as_array(argument, value).dtype.kind == "b":
        raise GraphError(f"`{argument}` must be positions of nodes, got a mask. Pass numpy.flatnonzero(mask).")
    return [ids[position] for position in check_nodes(argument, value, len(ids)).tolist()]


def _node_lines(graph: TextGraph, ids: Sequence[Any], labels: NDArray[np.int64], names: list[str]) -> str:
    texts = [""] * graph.n_nodes if graph.texts is None else graph.texts
    titles = [""] * graph.n_nodes if graph.titles is None else graph.titles
    lines = []
    for node, text, title, label in zip(ids, texts, titles, labels.tolist(), strict=True):
        name = names[label] if label >= 0 else None
        # ASCII escapes: the one spelling of a lone surrogate that every JSON reader takes
        lines.append(json.dumps({"id": node, "title": title, "text": text, "label": label, "label_name": name}) + "\n")
    return "".join(lines)


def _edge_arrays(graph: TextGraph) -> dict[str, Any]:
    """Return node positions under "undirected" or "directed", and their weights unless all are 1."""
    matrix = graph.adjacency if graph.is_directed else sparse.csr_array(sparse.triu(graph.adjacency))
    coo: sparse.coo_array = sparse.coo_array(matrix)
    key = "directed" if graph.is_directed else "undirected"
    # row = target; undirected: the smaller number first
    pairs = (coo.col, coo.row) if graph.is_directed else (coo.row, coo.col)
    arrays: dict[str, Any] = {key: np.stack(pairs, axis=1).astype(np.int32)}
    if graph.is_weighted:
        arrays[f"{key}_weights"] = coo.data
    return arrays


def _edge_table(arrays: dict[str, Any], ids: Sequence[Any]) -> str:
    pairs, *weights = arrays.values()
    file = io.StringIO(newline="")
    # Python quotes what holds the end of a line, and a "\r" is one to whoever reads the file
    is_odd = any("\r" in name for name in map(str, ids))
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL if is_odd else csv.QUOTE_MINIMAL)
    writer.writerow(["src", "dst", "weight"] if weights else ["src", "dst"])
    columns = [[ids[node] for node in column] for column in pairs.T.tolist()]
    columns += [[repr(weight) for weight in array.tolist()] for array in weights]
    writer.writerows(zip(*columns, strict=True))
    return file.getvalue()


def _gzipped(text: str) -> Callable[[IO[bytes]], None]:
    def write(file: IO[bytes]) -> None:
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as compressed:
            compressed.write(text.encode("utf-8", "surrogatepass"))

    return write
