"""A graph that other processes open, instead of receiving it.

joblib was looked at: it memory-maps arrays for its own workers (loky) and for nobody else's, and Dask's ``scatter`` and
Ray's object store each serve their own engine.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skellagnn.base.files import check_path
from skellagnn.exceptions import GraphError, InvalidParameterError
from skellagnn.graph._text_graph import TextGraph

# One mapping per process and folder, which all views share, with the time at which the folder was written.
_OPENED: dict[str, tuple[int, TextGraph]] = {}


def share_graph(graph: TextGraph, folder: str | os.PathLike[str]) -> TextGraph:
    """Write a graph to a folder and return the same view of it, memory-mapped, which pickles as the folder's path.

    For searches on Dask, Ray or any other engine that pickles X with every task: a task then carries some hundred
    bytes, and the processes of one machine read the same pages of memory.

    Parameters
    ----------
    graph : TextGraph
    folder : path-like
        A folder that every process sees under this path: any local one for the processes of one machine, one on a
        network drive for several machines. A graph that is there already is replaced.

    Returns
    -------
    shared : TextGraph
        Its views are shared, too, and pickle as the path and their targets. What is made of it by ``with_features``,
        ``without_texts`` or ``subgraph`` is an ordinary graph, and pickles whole.

    Raises
    ------
    InvalidParameterError
        If ``folder`` is no name, or a place that cannot be written.
    GraphError
        If ``graph`` is none. Where it is unpickled, if the folder holds no graph, or one that was written later.

    Notes
    -----
    Loky, joblib's default, memory-maps large arrays of an ordinary graph by itself, and joblib's Dask backend sends an
    object once if it is told to: ``parallel_config("dask", scatter=[X])``. Neither needs this function.

    Opening a graph reads it once, to check it: once for each process.

    Examples
    --------
    >>> import pickle, tempfile
    >>> from skellagnn.datasets import make_text_graph
    >>> from skellagnn.graph import share_graph
    >>> graph = make_text_graph(n_nodes=1000, random_state=0).graph
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shared = share_graph(graph[:500], folder)
    ...     len(pickle.dumps(graph[:500])) > 100_000, len(pickle.dumps(shared)) < 500
    (True, True)
    """
    if not isinstance(graph, TextGraph):
        raise GraphError(
            f"`graph` must be a TextGraph, got {type(graph).__name__}. Build one: TextGraph.from_edges(...)."
        )
    place = check_path("folder", folder).absolute()
    if place.suffix == ".npz":
        raise InvalidParameterError(
            f"`folder` must be a folder, got {str(place)!r}, the name of a compressed file, which cannot be "
            "memory-mapped. Leave the ending away."
        )
    path = str(place)
    try:
        graph.save(path)
    except InvalidParameterError as error:
        raise InvalidParameterError(str(error).replace("`path`", "`folder`")) from error
    return _open(path, _stamp(path), None, graph.is_inductive)


class SharedTextGraph(TextGraph):
    """A memory-mapped graph that knows its folder; :func:`share_graph` makes it."""

    _folder: str
    _written: int
    _saved_targets: NDArray[np.int64]

    def _with(self, **changes: Any) -> TextGraph:
        view = super()._with(**changes)
        if not changes.keys() <= {"targets", "is_inductive"}:  # no longer what is in the folder
            for name in ("_folder", "_written", "_saved_targets"):
                view.__dict__.pop(name, None)
            view.__class__ = TextGraph
        return view

    def __reduce__(self) -> tuple[Any, ...]:
        targets = None if self._targets is self._saved_targets else self._targets
        return _open, (self._folder, self._written, targets, self._is_inductive)


def _stamp(folder: str) -> int:
    """Say when the graph in a folder was written: its header is the last file to be."""
    try:
        return (Path(folder) / "header.npy").stat().st_mtime_ns
    except OSError as error:
        raise GraphError(
            f"`folder` of a shared graph must be there wherever the graph is used, got {folder!r}, where there is no "
            f"graph ({type(error).__name__}). Choose a folder that all processes and machines see under this path, and "
            "keep it until they are done."
        ) from error


def _open(folder: str, written: int, targets: NDArray[np.int64] | None, is_inductive: bool = False) -> TextGraph:
    """Return a view of the graph in a folder; this is what a pickle of it calls."""
    known, graph = _OPENED.get(folder, (None, None))
    if graph is None or known != written:
        found = _stamp(folder)
        if found != written:
            raise GraphError(
                f"`folder` of a shared graph must hold the graph that was shared, got {folder!r}, where another one "
                "was written since. Call share_graph again, with a folder of its own for each graph."
            )
        graph = TextGraph.load(folder, mmap_mode="r")
        graph.__class__ = SharedTextGraph
        graph.__dict__.update(_folder=folder, _written=written, _saved_targets=graph.targets)
        _OPENED[folder] = (written, graph)
    view = graph if targets is None else graph._with(targets=targets)
    return view.inductive() if is_inductive else view
