"""A graph on disk: plain numpy arrays, nothing that runs when it is read."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph._text_column import TextColumn

if TYPE_CHECKING:
    from skellagnn.graph._text_graph import TextGraph

_FORMAT = 1
_COLUMNS = ("texts", "titles", "node_names")
_ALWAYS = ("indptr", "indices", "weights", "targets")
_NAMES = frozenset([*_ALWAYS, "features", *(f"{name}_{part}" for name in _COLUMNS for part in ("data", "offsets"))])

# What numpy and zipfile raise about files that are cut off, overwritten or of another kind.
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)


def save(self: TextGraph, path: str | os.PathLike[str]) -> None:
    """Write the graph, its targets included.

    Parameters
    ----------
    path : path-like
        A name that ends in ``.npz`` for one compressed file, else a folder (made if needed) with one ``.npy`` file
        per array, which :meth:`load` can memory-map. What is there already is replaced.

    Notes
    -----
    Every file is written aside and renamed, so that a full disk never leaves half a graph under this name, and a
    graph that is memory-mapped from a folder can be saved to the same folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skellagnn import TextGraph
    >>> graph = TextGraph.from_edges([(0, 1)], texts=["on cats", "on dogs"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph.save(Path(folder) / "pets.npz")
    ...     TextGraph.load(Path(folder) / "pets.npz")
    TextGraph(n_nodes=2, n_edges=1, undirected, texts)
    """
    target = Path(path)
    arrays: dict[str, NDArray[Any]] = {
        "indptr": self.adjacency.indptr,
        "indices": self.adjacency.indices,
        "weights": self.adjacency.data,
        "targets": self.targets,
    }
    for name in _COLUMNS:
        column = getattr(self, name)
        if column is not None:
            arrays[f"{name}_data"], arrays[f"{name}_offsets"] = column.data, column.offsets
    if self.features is not None:
        arrays["features"] = self.features
    text = json.dumps({"format": _FORMAT, "n_nodes": self.n_nodes, "arrays": sorted(arrays)})
    header = np.frombuffer(text.encode(), dtype=np.uint8)
    if target.suffix == ".npz":
        _write_aside(target, {**arrays, "header": header})
        return
    target.mkdir(parents=True, exist_ok=True)
    (target / "header.npy").unlink(missing_ok=True)  # without it, a folder that is being overwritten is no graph
    for name, array in arrays.items():
        _write_aside(target / f"{name}.npy", array)
    for name in _NAMES.difference(arrays):
        (target / f"{name}.npy").unlink(missing_ok=True)
    _write_aside(target / "header.npy", header)


def _write_aside(path: Path, content: NDArray[Any] | dict[str, Any]) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            if isinstance(content, dict):
                np.savez_compressed(file, **content)
            else:
                np.save(file, content, allow_pickle=False)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(cls: type[TextGraph], path: str | os.PathLike[str], *, mmap_mode: str | None = None) -> TextGraph:
    """Read a graph written by :meth:`save`.

    Parameters
    ----------
    path : path-like
        The ``.npz`` file or the folder.
    mmap_mode : {"r", "c"}, default=None
        Memory-map the arrays of a folder instead of reading them: read-only, or copied where they are written to.

    Returns
    -------
    graph : TextGraph

    Raises
    ------
    GraphError
        If there is no such graph, it is damaged, or it is of a newer format.
    InvalidParameterError
        If ``mmap_mode`` is unknown, or given for a compressed file.
    """
    source = Path(path)
    if mmap_mode not in (None, "r", "c"):
        raise InvalidParameterError(
            f"`mmap_mode` must be None, 'r' or 'c', got {mmap_mode!r}. A graph is never written to."
        )
    if source.is_file() and mmap_mode is not None:
        raise InvalidParameterError(
            f"`mmap_mode` must be None for a compressed file, got {mmap_mode!r} for {str(source)!r}. Save the graph "
            "to a folder to memory-map it."
        )
    if not source.is_file() and not (source / "header.npy").is_file():
        raise GraphError(
            f"`path` must be a graph written by TextGraph.save, got {str(source)!r}, where there is none (or one whose "
            "writing was interrupted). Check the path, or save the graph again."
        )
    try:
        header, arrays = _read_file(source) if source.is_file() else _read_folder(source, mmap_mode)
        return _build(cls, header, arrays)
    except GraphError as error:
        raise GraphError(f"`path` must hold a whole graph, got {str(source)!r}: {error}") from error
    except _DAMAGE as error:
        raise GraphError(
            f"`path` must be a graph written by TextGraph.save, got {str(source)!r}, which is something else or "
            f"damaged ({type(error).__name__}: {error}). Save the graph again."
        ) from error


def _read_file(source: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    # numpy leaves a file open that it opened itself and could not read
    with source.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        header = _parse_header(archive["header"])
        return header, {name: archive[name] for name in header["arrays"]}


def _read_folder(source: Path, mmap_mode: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    header = _parse_header(np.load(source / "header.npy", allow_pickle=False))
    arrays = {}
    for name in header["arrays"]:
        if not (source / f"{name}.npy").is_file():
            raise KeyError(f"{name}.npy is missing")
        # the base class: a memmap makes a memmap of every text that is cut from it, slowly
        arrays[name] = np.asarray(np.load(source / f"{name}.npy", mmap_mode, allow_pickle=False))
    return header, arrays


def _parse_header(array: NDArray[Any]) -> dict[str, Any]:
    header = json.loads(array.tobytes())
    if header["format"] > _FORMAT:
        raise GraphError(f"it is of format {header['format']}, this version reads up to {_FORMAT}. Upgrade skellagnn.")
    if not _NAMES.issuperset(header["arrays"]):
        raise KeyError(f"unknown arrays {sorted(set(header['arrays']) - _NAMES)}")
    return dict(header)


def _build(cls: type[TextGraph], header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> TextGraph:
    n_nodes = header["n_nodes"]
    columns = {name: _column(arrays, name, n_nodes) for name in _COLUMNS}
    graph = cls(
        sparse.csr_array((arrays["weights"], arrays["indices"], arrays["indptr"]), shape=(n_nodes, n_nodes)),
        columns["texts"],
        arrays.get("features"),
        titles=columns["titles"],
        targets=arrays["targets"],
    )
    return graph._with(node_names=columns["node_names"])  # unique when it was saved: not checked again


def _column(arrays: dict[str, NDArray[Any]], name: str, n_nodes: int) -> TextColumn | None:
    if f"{name}_data" not in arrays:
        return None
    data, offsets = arrays[f"{name}_data"], arrays[f"{name}_offsets"]
    fits = data.dtype == np.uint8 and data.ndim == 1 and offsets.dtype.kind in "iu" and offsets.shape == (n_nodes + 1,)
    if not fits or offsets[0] != 0 or offsets[-1] != len(data) or (np.diff(offsets) < 0).any():
        raise ValueError(f"{name} do not fit their offsets")
    return TextColumn(data, offsets)
