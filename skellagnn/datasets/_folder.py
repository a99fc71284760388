"""Graphs in a folder of plain files.

Formats that other libraries read were looked at: PyG's raw folders differ from data set to data set, OGB's need its
package, GraphML and GEXF (networkx) hold a graph of millions of edges in memory many times over and no splits.
"""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skellagnn.base.files import check_path, check_size, read_bytes, reading
from skellagnn.base.numbers import check_bool
from skellagnn.exceptions import GraphError, LabelError, SkellagnnError
from skellagnn.graph import TextGraph

_EDGE_HEADERS = (["src", "dst"], ["source", "target"])


def load_folder(path: str | os.PathLike[str], *, directed: bool = False) -> Any:
    """Read a graph from a folder of plain files.

    Parameters
    ----------
    path : path-like
        A folder with

        * ``nodes.jsonl`` or ``nodes.jsonl.gz``: one JSON object a line with ``id`` (an int or a string), and
          optionally ``text``, ``title``, ``label`` (an int, -1 for unlabeled) and ``label_name``. Other keys are
          ignored.
        * ``edges.npz`` or ``edges.csv`` or ``edges.csv.gz``. In the first, ``undirected`` (ids of shape (n_edges,
          2)), ``directed`` (source and target) or both. In a table, the header ``src,dst`` or ``source,target`` and
          optionally ``weight``, then ids. If there are several, ``edges.npz`` is read.
        * optionally ``features.npy`` of shape (n_nodes, n_features).
        * optionally ``splits.json[.gz]``: name of a split -> part (such as ``"train"``) -> ids.
        * optionally ``meta.json``: ``classes`` are the names of the labels in the order of their numbers; everything
          else in it is passed on.
        * optionally ``llm_answers.jsonl[.gz]``, for :class:`~skellagnn.ReplayEnhancer`.
    directed : bool, default=False
        Whether an edge carries messages from source to target only. Then ``directed`` is read from ``edges.npz``. By
        default ``undirected`` is, or ``directed`` in both directions where that is all there is.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        ``graph`` (:class:`~skellagnn.TextGraph`; ids become node names; without texts or titles if all of them are
        empty), ``target`` (ndarray of int of shape (n_nodes,), -1 for unlabeled), ``target_names`` (list of str),
        ``splits`` (dict of dicts of int arrays: positions of nodes; empty if there are none), ``meta`` (dict),
        ``answers_path`` (Path or None) and ``DESCR``.

    Raises
    ------
    GraphError
        If a file is missing, malformed (the message names the line) or too large for the free memory, or an edge or a
        split names an unknown id.
    LabelError
        If a label has no name, or two.
    InvalidParameterError
        If ``path`` is no name, or ``directed`` no bool.

    Notes
    -----
    Class names come from ``meta.json``, else from ``label_name``; where nodes have names but no numbers, the numbers
    follow the alphabet.

    See Also
    --------
    save_folder : Write such a folder.

    Examples
    --------
    >>> import tempfile
    >>> from skellagnn import TextGraph
    >>> from skellagnn.datasets import load_folder, save_folder
    >>> graph = TextGraph.from_edges([(0, 1)], texts=["on cats", "on dogs"], node_names=["a", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_folder(graph, folder, target=[1, -1], target_names=["dogs", "cats"])
    ...     data = load_folder(folder)
    >>> data.graph, data.target, list(data.graph.node_names)
    (TextGraph(n_nodes=2, n_edges=1, undirected, texts), array([ 1, -1]), ['a', 'b'])
    """
    folder, directed = check_path("path", path), check_bool("directed", directed)
    with reading("path", folder):
        if not folder.is_dir():
            raise GraphError(
                f"`path` must be a folder with nodes.jsonl and edges, got {str(folder)!r}, which is not one. Check it."
            )
        return _load(folder, directed)


def _load(folder: Path, directed: bool) -> Any:
    meta = _read_json(folder, "meta.json")
    nodes = _read_nodes(_require(folder, "nodes.jsonl.gz", "nodes.jsonl"))
    number = {name: position for position, name in enumerate(nodes["id"])}
    target, target_names = _number_labels(nodes, meta.get("classes"))
    edges, weights = _read_edges(folder, number, directed)
    graph = TextGraph.from_edges(
        edges,
        texts=_texts(nodes["text"]),
        features=_read_features(folder / "features.npy"),
        titles=_texts(nodes["title"]),
        node_names=nodes["id"],
        weights=weights,
        directed=directed,
    )
    return Bunch(
        graph=graph,
        target=target,
        target_names=target_names,
        splits=_number_splits(_read_json(folder, "splits.json"), number),
        meta=meta,
        answers_path=_find(folder, "llm_answers.jsonl.gz", "llm_answers.jsonl"),
        DESCR=(
            f"{meta.get('name', folder.resolve().name)}: {graph.n_nodes} nodes, {graph.n_edges} edges, "
            f"{int((target >= 0).sum())} nodes labeled with {len(target_names)} classes. {meta.get('notes', '')}"
        ).strip(),
    )


def _find(folder: Path, *names: str) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _require(folder: Path, *names: str) -> Path:
    found = _find(folder, *names)
    if found is None:
        raise GraphError(
            f"`path` must hold {' or '.join(names)}, got {str(folder)!r} with "
            f"{sorted(item.name for item in folder.iterdir())[:20]}. See load_folder for the format."
        )
    return found


def _read_text(path: Path) -> str:
    try:
        return read_bytes("path", path).decode("utf-8-sig", "surrogatepass")
    except SkellagnnError:
        raise
    except Exception as error:  # of gzip, zlib and the decoder
        raise GraphError(
            f"{path.name} must be UTF-8 text{', compressed by gzip' if path.suffix == '.gz' else ''}, got {error}. "
            "Write the file again."
        ) from error


def _parse(text: str) -> Any:
    """Parse JSON.

    Raises
    ------
    ValueError
        If it is none, or holds what Python does not read: 5,000 digits, a thousand brackets within each other.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("objects or lists that are nested too deep") from error


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    path = _find(folder, name + ".gz", name)
    if path is None:
        return {}
    try:
        content = _parse(_read_text(path))
    except SkellagnnError:
        raise
    except ValueError as error:
        raise GraphError(f"{path.name} must be JSON, got {error}. Mend or remove the file.") from error
    if not isinstance(content, dict):
        raise GraphError(f"{path.name} must be a JSON object, got {type(content).__name__}. Mend or remove the file.")
    return content


def _read_nodes(path: Path) -> dict[str, list[Any]]:
    """Read the columns of a nodes file; what a line leaves out is None, its id always a str."""
    columns: dict[str, list[Any]] = {"id": [], "text": [], "title": [], "label": [], "label_name": []}
    line_of: dict[str, int] = {}
    # only "\n" ends a line: str.splitlines would also cut at separators inside a text
    for line_number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        place = f"line {line_number} of {path.name}"
        try:
            record = _parse(line)
        except ValueError as error:
            raise GraphError(f"Every line must be a JSON object, got {error} at {place}. Mend that line.") from error
        if not isinstance(record, dict) or not _is_id(record.get("id")):
            raise GraphError(
                f"Every line must be a JSON object with an `id`, an int or a string, got {line.strip()[:80]!r} at "
                f"{place}. Mend that line."
            )
        for key in ("text", "title", "label_name"):
            value = record.get(key)
            if value is not None and not isinstance(value, str):
                raise GraphError(f"`{key}` must be a string, got {value!r:.80} at {place}. Mend that line.")
            columns[key].append(value)
        label = record.get("label")
        if label is not None and (not isinstance(label, int) or isinstance(label, bool) or not -1 <= label < 2**31):
            raise GraphError(
                f"`label` must be an int from 0, -1 for unlabeled, got {label!r:.80} at {place}. Mend that line."
            )
        columns["label"].append(label)
        name = str(record["id"])
        if name in line_of:
            raise GraphError(f"`id` must be unique, got {name!r} at {place} and line {line_of[name]}. Rename one.")
        line_of[name] = line_number
        columns["id"].append(name)
    return columns


def _texts(values: list[str | None]) -> list[str] | None:
    return [value or "" for value in values] if any(values) else None


def _is_id(value: Any) -> bool:
    # a blank id would be that of every row whose cell is empty
    return bool(value.strip()) if isinstance(value, str) else isinstance(value, int) and not isinstance(value, bool)


def _number_labels(nodes: Mapping[str, Sequence[Any]], classes: Any) -> tuple[NDArray[np.int64], list[str]]:
    """Bring the labels of all nodes, by number or by name, to numbers and the names in their order."""
    labeled = [
        (position, -1 if label is None else label, name or None)
        for position, (label, name) in enumerate(zip(nodes["label"], nodes["label_name"], strict=True))
        if (label is None and name) or (label is not None and label >= 0)
    ]
    names: dict[int, str] = {}
    if classes is not None:
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise LabelError("`classes` of meta.json must be a list of names, in the order of the label numbers.")
        names = dict(enumerate(classes))
    elif any(label >= 0 for _, label, _ in labeled):
        for _, label, name in labeled:
            if label >= 0 and name:
                names.setdefault(label, name)
    else:
        names = dict(enumerate(sorted({name for _, _, name in labeled if name})))
    number = {name: label for label, name in names.items()}
    target = np.full(len(nodes["id"]), -1, dtype=np.int64)
    for position, label, name in labeled:
        node = nodes["id"][position]
        if label < 0:
            label = number.get(str(name), -1)
        if label not in names:
            raise LabelError(
                f"Every label must have a name, got {name if nodes['label'][position] is None else label!r} of node "
                f"{node!r} without one among {list(names.values())}. Add it to `classes` of meta.json, or a "
                "`label_name` to the node."
            )
        if name is not None and names[label] != name:
            raise LabelError(
                f"Every label must have one name, got label {label} named {name!r} at node {node!r} and "
                f"{names[label]!r} elsewhere. Mend nodes.jsonl or `classes` of meta.json."
            )
        target[position] = label
    if sorted(names) != list(range(len(names))) or len(number) != len(names):
        raise LabelError(
            f"Labels must be numbered from 0 without gaps, each with a name of its own, got "
            f"{dict(sorted(names.items()))}. List the names of all classes, in order, as `classes` in meta.json."
        )
    return target, [names[label] for label in range(len(names))]


def _read_features(path: Path) -> NDArray[Any] | None:
    if not path.is_file():
        return None
    check_size("path", path, path.stat().st_size)
    try:
        with path.open("rb") as file:
            return np.asarray(np.load(file, allow_pickle=False))
    except Exception as error:  # of numpy and the tokenizer behind a header
        raise GraphError(
            f"features.npy must be an array written by numpy.save, got {type(error).__name__}: {error!s:.200}. Write "
            "it again."
        ) from error


def _read_edges(
    folder: Path, number: Mapping[str, int], directed: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    path = _require(folder, "edges.npz", "edges.csv.gz", "edges.csv")
    if path.suffix != ".npz":
        return _read_edge_table(path, number)
    try:
        with zipfile.ZipFile(path) as archive:  # no member gives more than the size that is written here
            check_size("path", path, sum(member.file_size for member in archive.infolist()))
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            wanted = ("directed",) if directed else ("undirected", "directed")
            key = next((name for name in wanted if name in archive), None)
            if key is None:
                raise GraphError(
                    f"edges.npz must hold {' or '.join(wanted)}, got {archive.files}. "
                    + ("Read it with directed=False." if directed else "Write pairs of ids, of shape (n_edges, 2).")
                )
            ids, weights = archive[key], archive.get(f"{key}_weights")
    except GraphError:
        raise
    except Exception as error:  # of numpy, zipfile and zlib
        raise GraphError(
            f"edges.npz must be an archive of numpy arrays, got {type(error).__name__}: {error!s:.200}. Write it again."
        ) from error
    if ids.ndim != 2 or ids.shape[1] != 2:
        raise GraphError(f"`{key}` in edges.npz must have shape (n_edges, 2), got {ids.shape}. Write pairs of ids.")
    in_range = ids.dtype.kind in "iu" and (ids.size == 0 or (ids.min() >= 0 and ids.max() < len(number)))
    if in_range and all(name == str(position) for name, position in number.items()):
        return ids.astype(np.int64), weights  # ids are positions already: no look-up for each of millions
    places = (f"row {row} of `{key}` in edges.npz" for row in range(len(ids)))
    return _numbers(ids.tolist(), number, places, "edge"), weights


def _read_edge_table(path: Path, number: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    reader = csv.reader(io.StringIO(_read_text(path), newline=""))
    rows = _csv_rows(reader, path)
    header = [field.strip() for field in next(rows, [])]
    if header[:2] not in _EDGE_HEADERS or header[2:] not in ([], ["weight"]):
        raise GraphError(
            f"The first line of {path.name} must be `src,dst` or `src,dst,weight`, got {','.join(header)[:80]!r}. Add "
            "the header."
        )
    pairs, places, weights = [], [], []
    for row in rows:
        if not row:
            continue
        place = f"line {reader.line_num} of {path.name}"
        if len(row) != len(header):
            raise GraphError(f"Every line must have {len(header)} fields, got {row!r:.80} at {place}. Mend that line.")
        if len(row) == 3:
            try:
                weights.append(float(row[2]))
            except ValueError as error:
                raise GraphError(f"`weight` must be a number, got {row[2]!r} at {place}. Mend that line.") from error
        pairs.append(row[:2])
        places.append(place)
    return _numbers(pairs, number, iter(places), "edge"), np.array(weights) if len(header) == 3 else None


def _csv_rows(reader: Any, path: Path) -> Iterator[list[str]]:
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:  # a quote that nobody closed, or a field of over 131,072 characters
            raise GraphError(
                f"{path.name} must be a table of ids, got {error} before line {reader.line_num + 1}. Mend that line; "
                "often a quote is not closed."
            ) from error
        if row is None:
            return
        yield row


def _numbers(rows: list[Any], number: Mapping[str, int], places: Iterator[str], what: str) -> NDArray[np.int64]:
    """Look the ids of all rows up; the error names the place of the first row with an unknown one."""
    found = [[number.get(str(name), -1) for name in row] for row in rows]
    for row, numbers, place in zip(rows, found, places, strict=True):
        if -1 in numbers:
            wrong = row[numbers.index(-1)]
            more = sum(-1 in other for other in found) - 1
            raise GraphError(
                f"Every {what} must name ids of nodes, got {wrong!r} at {place} and {more} more with unknown ids. Add "
                "the node to nodes.jsonl, or drop them."
            )
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _number_splits(splits: Mapping[str, Any], number: Mapping[str, int]) -> dict[str, dict[str, NDArray[np.int64]]]:
    numbered: dict[str, dict[str, NDArray[np.int64]]] = {}
    for name, parts in splits.items():
        if not isinstance(parts, dict) or not all(isinstance(ids, list) for ids in parts.values()):
            raise GraphError(f"Split {name!r} must map parts to lists of ids, got {parts!r:.80}. Mend splits.json.")
        numbered[name] = {}
        for part, ids in parts.items():
            unknown = [node for node in ids if not _is_id(node) or str(node) not in number]
            if unknown:
                raise GraphError(
                    f"Split {name!r} must name ids of nodes, got {unknown[0]!r} in {part!r} and {len(unknown) - 1} "
                    "more that do not exist. Mend splits.json."
                )
            numbered[name][part] = np.array([number[str(node)] for node in ids], dtype=np.int64)
    return numbered
