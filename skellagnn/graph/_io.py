"""A graph on disk: plain numpy arrays, nothing that runs when it is read.

safetensors was looked at: it has no checksums, and its reader for numpy copies. Arrow, zarr and HDF5 are a dependency
each, and the last two do not memory-map. What is here is numpy's own format and zlib's checksum.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skellagnn.base.files import check_path, check_size, reading, write_aside, writing
from skellagnn.exceptions import GraphError, InvalidParameterError, SkellagnnError
from skellagnn.graph._text_column import TextColumn

if TYPE_CHECKING:
    from skellagnn.graph._text_graph import TextGraph

_FORMAT = 1
_COLUMNS = ("texts", "titles", "node_names")
_ALWAYS = ("indptr", "indices", "weights", "targets")
_NAMES = frozenset([*_ALWAYS, "features", *(f"{name}_{part}" for name in _COLUMNS for part in ("data", "offsets"))])
# Bytes read at a time for a checksum, and characters decoded at a time.
_BLOCK = 1 << 22


def save(self: TextGraph, path: str | os.PathLike[str]) -> None:
    """Write the graph, its targets included.

    Parameters
    ----------
    path : path-like
        A name that ends in ``.npz`` for one compressed file, else a folder (made if needed) with one ``.npy`` file
        per array, which :meth:`load` can memory-map. What is there already is replaced.

    Raises
    ------
    InvalidParameterError
        If ``path`` is no name, or a place that cannot be written.

    Notes
    -----
    Every file is written aside and renamed, so that a full disk never leaves half a graph under this name, and a
    graph that is memory-mapped from a folder can be saved to the same folder. Links that are in the way are replaced,
    not followed. A folder's header holds a checksum of each of its files, as a ``.npz`` does by itself.

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
    target = check_path("path", path)
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
    with writing("path", target):
        if target.suffix == ".npz":
            header = _header(self.n_nodes, dict.fromkeys(arrays))
            contents: dict[str, Any] = {**arrays, "header": header}
            write_aside(target, lambda file: np.savez_compressed(file, **contents))
            return
        target.mkdir(parents=True, exist_ok=True)
        (target / "header.npy").unlink(missing_ok=True)  # without it, a folder that is being overwritten is no graph
        checksums = {name: _write_array(target / f"{name}.npy", array) for name, array in arrays.items()}
        for name in _NAMES.difference(arrays):
            (target / f"{name}.npy").unlink(missing_ok=True)
        _write_array(target / "header.npy", _header(self.n_nodes, checksums))


def _header(n_nodes: int, checksums: dict[str, int] | dict[str, None]) -> NDArray[np.uint8]:
    text = json.dumps({"format": _FORMAT, "n_nodes": n_nodes, "arrays": checksums}, sort_keys=True)
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _write_array(path: Path, array: NDArray[Any]) -> int:
    """Write an array and return the checksum of the whole file: a header that says another type is damage, too."""
    checksums = [0]

    def write(file: IO[bytes]) -> None:
        class Summed:
            """What numpy writes to: no real file to it, so that every byte passes here."""

            def write(self, content: bytes) -> int:
                checksums[0] = zlib.crc32(content, checksums[0])
                return file.write(content)

        np.save(Summed(), array, allow_pickle=False)

    write_aside(path, write)
    return checksums[0]


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
        If there is no such graph, it is damaged, it is of a newer format, or it does not fit into half of the free
        memory.
    InvalidParameterError
        If ``path`` is no name, or ``mmap_mode`` is unknown or given for a compressed file.

    Notes
    -----
    Nothing in the file is run or believed: checksums, sizes, UTF-8, names that must differ and every end of an edge
    are looked at, which reads each array once, also of a folder that is memory-mapped.
    """
    source = check_path("path", path)
    if not (mmap_mode is None or (isinstance(mmap_mode, str) and mmap_mode in ("r", "c"))):
        raise InvalidParameterError(
            f"`mmap_mode` must be None, 'r' or 'c', got {mmap_mode!r}. A graph is never written to."
        )
    with reading("path", source):
        is_file = source.is_file()
        is_there = is_file or (source / "header.npy").is_file()
    if is_file and mmap_mode is not None:
        raise InvalidParameterError(
            f"`mmap_mode` must be None for a compressed file, got {mmap_mode!r} for {str(source)!r}. Save the graph "
            "to a folder to memory-map it."
        )
    if not is_there:
        raise GraphError(
            f"`path` must be a graph written by TextGraph.save, got {str(source)!r}, where there is none (or one whose "
            "writing was interrupted). Check the path, or save the graph again."
        )
    try:
        header, arrays = _read_file(source) if is_file else _read_folder(source, mmap_mode)
        return _build(cls, header, arrays)
    except SkellagnnError as error:
        raise GraphError(f"`path` must hold a whole graph, got {str(source)!r}: {error}") from error
    except Exception as error:  # numpy, zipfile, zlib, json and the tokenizer behind a header: a dozen kinds in all
        raise GraphError(
            f"`path` must be a graph written by TextGraph.save, got {str(source)!r}, which is something else or "
            f"damaged ({type(error).__name__}: {error!s:.200}). Save the graph again."
        ) from error


def _read_file(source: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with zipfile.ZipFile(source) as archive:  # no member gives more than the size that is written here
        check_size("path", source, sum(member.file_size for member in archive.infolist()))
    # numpy leaves a file open that it opened itself and could not read
    with source.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        header = _parse_header(archive["header"])
        return header, {name: archive[name] for name in header["arrays"]}


def _read_folder(source: Path, mmap_mode: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    check_size("path", source, (source / "header.npy").stat().st_size)
    header = _parse_header(np.load(source / "header.npy", allow_pickle=False))
    arrays = {}
    for name, checksum in header["arrays"].items():
        path = source / f"{name}.npy"
        if not path.is_file():
            raise KeyError(f"{name}.npy is missing")
        if mmap_mode is None:
            check_size("path", source, path.stat().st_size)
        if _checksum(path) != checksum:
            raise ValueError(f"{name}.npy is not what was written: its checksum differs")
        # the base class: a memmap makes a memmap of every text that is cut from it, slowly
        arrays[name] = np.asarray(np.load(path, mmap_mode, allow_pickle=False))
    return header, arrays


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _parse_header(array: NDArray[Any]) -> dict[str, Any]:
    header = json.loads(array.tobytes())
    if header["format"] > _FORMAT:
        raise GraphError(f"it is of format {header['format']}, this version reads up to {_FORMAT}. Upgrade skellagnn.")
    if not _NAMES.issuperset(header["arrays"]):
        raise KeyError(f"unknown arrays {sorted(set(header['arrays']) - _NAMES)}")
    return {"n_nodes": int(header["n_nodes"]), "arrays": dict(header["arrays"])}


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
    names = columns["node_names"]
    if names is not None and len(set(names)) != n_nodes:
        raise ValueError("two nodes have the same name")
    return graph._with(node_names=names)


def _column(arrays: dict[str, NDArray[Any]], name: str, n_nodes: int) -> TextColumn | None:
    if f"{name}_data" not in arrays:
        return None
    data, offsets = arrays[f"{name}_data"], arrays[f"{name}_offsets"]
    fits = data.dtype == np.uint8 and data.ndim == 1 and offsets.dtype.kind in "iu" and offsets.shape == (n_nodes + 1,)
    if not fits or offsets[0] != 0 or offsets[-1] != len(data) or (np.diff(offsets) < 0).any():
        raise ValueError(f"{name} do not fit their offsets")
    column = TextColumn(data, offsets)
    starts = offsets[:-1][np.diff(offsets) > 0]
    if (data[starts] & 0xC0 == 0x80).any():
        raise ValueError(f"{name} are cut within a character")
    first = 0
    while first < len(data):  # every text begins with a whole character: pieces that end before one are whole, too
        last = int(offsets[np.searchsorted(offsets, min(first + _BLOCK, len(data)), side="left")])
        str(data.data[first:last], "utf-8", "surrogatepass")
        first = last
    return column
