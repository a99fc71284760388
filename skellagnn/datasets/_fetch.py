"""The field's data sets by name: explicit downloads from their public homes, checked, in one table."""

from __future__ import annotations

import csv
import gzip
import html
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import get_data_home
from sklearn.utils import Bunch

from skellagnn.base.files import check_path, check_size, read_bytes
from skellagnn.base.numbers import check_bool, check_int, check_real
from skellagnn.base.resolve import resolve
from skellagnn.datasets._download import RECORD, File, provide
from skellagnn.exceptions import GraphError, InvalidParameterError, SkellagnnError
from skellagnn.graph import TextGraph

__all__ = [
    "fetch_citeseer",
    "fetch_cora",
    "fetch_llmnodebed",
    "fetch_ogbn_arxiv",
    "fetch_ogbn_products",
    "fetch_pubmed",
    "fetch_wikics",
]

_HUB = "hub:Graph-COM/Text-Attributed-Graphs@4a59e25d4ed77b6541d6830ef89be99942a01394"
# No full revision of it is known: the newest is taken.
_LLMNODEBED = "hub:xxwu/LLMNodeBed@main"
_OGB = "https://snap.stanford.edu/ogb/data"
_TAPE = "https://raw.githubusercontent.com/XiaoxinHe/TAPE/main/gpt_preds"
_DRIVE = "https://drive.usercontent.google.com/download?confirm=t&id="
_SPLIT_PARTS = ("train", "val", "test")

_GRAPH_COM = (
    "Texts and graph: H. Wang, S. Liu, R. Wei, P. Li. Model Generalization on Text Attribute Graphs: Principles with "
    "Large Language Models. 2025."
)
_BED_PAPER = (
    "Collection: X. Wu et al. When Do LLMs Help With Node Classification? A Comprehensive Analysis. ICML, 2025."
)
_CS_TAG = (
    "H. Yan et al. A Comprehensive Study on Text-attributed Graphs: Benchmarking and Rethinking. NeurIPS Datasets and "
    "Benchmarks, 2023."
)
_SOCIAL = "X. Huang et al. Can GNN be Good Adapter for LLMs? WWW, 2024."
_OGB_PAPER = "W. Hu et al. Open Graph Benchmark: Datasets for Machine Learning on Graphs. NeurIPS, 2020."


@dataclass(frozen=True)
class _Source:
    """A row of the table: where a data set lies, how it is read, and how large it has to be then."""

    title: str
    files: tuple[File, ...]
    read: Callable[[Path], dict[str, Any]]
    n_nodes: int
    n_classes: int
    license: str
    citation: str


def _hub(folder: str, **sha256: str) -> tuple[File, ...]:
    names = ("processed_data.pt", "raw_texts.pt", "categories.csv")
    return tuple(File(f"{_HUB}/{folder}", name, sha256.get(name.split(".")[0], "")) for name in names)


# -- reading: each returns edges, texts, target, target_names, splits, and optionally answers ----------------------


def _load_torch(path: Path) -> Any:
    """Read what torch wrote without running anything of it: numbers, strings, containers, and PyG's classes of data."""
    import torch
    from torch_geometric.data import data, storage

    # PyG registers its own classes in the same way, but not all that a file of a Data names
    torch.serialization.add_safe_globals(
        [data.Data, data.DataEdgeAttr, data.DataTensorAttr, storage.GlobalStorage, storage.BaseStorage]
    )
    check_size("data_home", path, path.stat().st_size)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of pickle, zipfile and torch: a damaged file, or one that names other classes
        raise GraphError(
            f"{path.name} must hold tensors, strings and a torch_geometric Data alone, got {type(error).__name__}: "
            f"{error!s:.300}. It was not loaded. Delete {str(path)!r} to download it again."
        ) from error


def _read_hub(folder: Path) -> dict[str, Any]:
    data = _load_torch(folder / "processed_data.pt")
    rows = list(csv.reader(io.StringIO(read_bytes("data_home", folder / "categories.csv").decode("utf-8-sig"))))
    return {
        "edges": np.asarray(data.edge_index).T,
        "texts": _strings("raw_texts.pt", _load_torch(folder / "raw_texts.pt")),
        "target": np.asarray(data.y).reshape(-1),
        "target_names": [row[0].strip() for row in rows[1:] if row],
        "splits": _splits_of(data),
    }


def _read_llmnodebed(folder: Path) -> dict[str, Any]:
    path = folder / f"{folder.name}.pt"
    data = _load_torch(path)
    return {
        "edges": np.asarray(data.edge_index).T,
        "texts": _strings(path.name, data.raw_texts),
        "target": np.asarray(data.y).reshape(-1),
        "target_names": _strings(path.name, data.label_name),
        "splits": _splits_of(data),
    }


def _strings(file: str, found: Any) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise GraphError(f"{file} must hold a list of strings, got {type(found).__name__}. Download it again.")
    return found


def _splits_of(data: Any) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Return the splits of a PyG Data: one mask each, masks in columns, rows or a list, or numbers of nodes."""
    columns: dict[str, list[NDArray[np.int64]]] = {}
    for part in _SPLIT_PARTS:
        found = next((data[key] for key in (f"{part}_mask", f"{part}_masks", f"{part}_id") if key in data), None)
        if found is None:
            continue
        masks = [np.asarray(mask) for mask in found] if isinstance(found, (list, tuple)) else np.atleast_1d(found)
        if isinstance(masks, np.ndarray):
            masks = [masks] if masks.ndim == 1 else list(masks if masks.shape[1] == len(data.y) else masks.T)
        columns[part] = [np.flatnonzero(mask) if mask.dtype == bool else mask.astype(np.int64) for mask in masks]
    n_splits = max(map(len, columns.values()), default=0)
    # Wiki-CS has many train and validation sets, and one test set for all
    return {str(i): {part: masks[min(i, len(masks) - 1)] for part, masks in columns.items()} for i in range(n_splits)}


def _read_arxiv(folder: Path) -> dict[str, Any]:
    parts = _read_ogb(folder / "arxiv.zip", "arxiv", "time")
    papers = _table(folder / "arxiv.zip", "arxiv/mapping/nodeidx2paperid.csv.gz")
    names = _table(folder / "arxiv.zip", "arxiv/mapping/labelidx2arxivcategeory.csv.gz")  # spelled so
    text_of: dict[str, str] = {}
    for line in _titles_and_abstracts(folder / "titleabs.tsv.gz"):
        paper, _, rest = line.partition("\t")
        title, _, abstract = rest.partition("\t")
        text_of[paper.strip()] = f"Title: {title.strip()}\nAbstract: {abstract.strip()}"
    # "arxiv cs na" is cs.NA
    target_names = [f"{words[1]}.{words[2].upper()}" for words in (row[1].split() for row in names[1:])]
    chosen = csv.reader(io.StringIO(read_bytes("data_home", folder / "ogbn-arxiv.csv").decode()))
    answers = [
        {"node": str(node), "prompt": "topic", "response": "; ".join(target_names[int(label)] for label in row)}
        for node, row in enumerate(chosen)
        if row
    ]
    return {
        **parts,
        "texts": [text_of.get(row[1].strip(), "") for row in papers[1:]],
        "target_names": target_names,
        "answers": answers,
    }


def _titles_and_abstracts(path: Path) -> Iterator[str]:
    """Yield the lines of a file that is called a table and is an archive of one."""
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                check_size("data_home", path, member.size)
                yield from io.TextIOWrapper(file, "utf-8", errors="replace", newline="\n")


def _read_products(folder: Path) -> dict[str, Any]:
    names = _table(folder / "products.zip", "products/mapping/labelidx2productcategory.csv.gz")
    rows = csv.reader(io.StringIO(read_bytes("data_home", folder / "node-text.csv.gz").decode("utf-8"), newline=""))
    limit = csv.field_size_limit(1 << 30)  # a description may be long; of the process, so it is put back
    try:
        column = next(rows).index("text")
        texts = [row[column] for row in rows]
    finally:
        csv.field_size_limit(limit)
    return {
        **_read_ogb(folder / "products.zip", "products", "sales_ranking"),
        "texts": texts,
        # one category has no name in the original
        "target_names": [html.unescape(row[1]).strip() or f"category {row[0]}" for row in names[1:]],
    }


def _read_ogb(path: Path, folder: str, split: str) -> dict[str, Any]:
    numbers = {part: _numbers(path, f"{folder}/split/{split}/{part}.csv.gz") for part in ("train", "valid", "test")}
    return {
        "edges": _numbers(path, f"{folder}/raw/edge.csv.gz").reshape(-1, 2),
        "target": _numbers(path, f"{folder}/raw/node-label.csv.gz"),
        "splits": {split: {"train": numbers["train"], "val": numbers["valid"], "test": numbers["test"]}},
    }


def _member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive, archive.open(name) as packed, gzip.open(packed) as file:
        content = bytearray()
        while block := file.read(1 << 24):
            content += block
            check_size("data_home", path, len(content))
    return bytes(content)


def _table(path: Path, name: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(_member(path, name).decode("utf-8"))) if row]


def _numbers(path: Path, name: str) -> NDArray[np.int64]:
    content = _member(path, name).decode("ascii").replace("\n", ",").strip(",\r ")
    return np.fromstring(content, dtype=np.int64, sep=",")


_SOURCES = {
    "cora": _Source(
        "Cora: papers on machine learning, and their citations",
        _hub(
            "cora",
            processed_data="58effe764f4f0a15363d2b168445c2c66dc81220e51621d74156f7139d8ee2ad",
            raw_texts="95455e90a37df26903d4dc4d8793c5518599229d4a20703e93607a094081da66",
        ),
        _read_hub,
        2708,
        7,
        "Apache-2.0, as the repository says; the texts are those of the papers",
        f"A. McCallum et al. Automating the Construction of Internet Portals. Information Retrieval, 2000. "
        f"{_GRAPH_COM}",
    ),
    "citeseer": _Source(
        "CiteSeer: papers of computer science, and their citations",
        _hub("citeseer"),
        _read_hub,
        3186,
        6,
        "Apache-2.0, as the repository says; the texts are those of the papers",
        f"C. L. Giles et al. CiteSeer: An Automatic Citation Indexing System. ACM DL, 1998. {_GRAPH_COM}",
    ),
    "pubmed": _Source(
        "PubMed: papers on diabetes, and their citations",
        _hub(
            "pubmed",
            processed_data="10294c852137b76a5fa37303e244ff40d4a86a3823f0a847049bb170b74eb0e1",
            raw_texts="04a46051013658f98223b91babee0918ed06363d2aa0f351115a873859262cb0",
        ),
        _read_hub,
        19717,
        3,
        "Apache-2.0, as the repository says; the texts are those of the papers",
        f"P. Sen et al. Collective Classification in Network Data. AI Magazine, 2008. {_GRAPH_COM}",
    ),
    "wikics": _Source(
        "Wiki-CS: articles of Wikipedia on computer science, and their links",
        _hub("wikics"),
        _read_hub,
        11701,
        10,
        "Apache-2.0, as the repository says; the texts are Wikipedia's, CC BY-SA",
        f"P. Mernyei, C. Cangea. Wiki-CS: A Wikipedia-Based Benchmark for Graph Neural Networks. 2020. {_GRAPH_COM}",
    ),
    "ogbn-arxiv": _Source(
        "ogbn-arxiv: papers of computer science on arXiv, and their citations",
        (
            File(
                f"{_OGB}/nodeproppred/arxiv.zip",
                "arxiv.zip",
                "49f85c801589ecdcc52cfaca99693aaea7b8af16a9ac3f41dd85a5f3193fe276",
            ),
            File(
                f"{_OGB}/misc/ogbn_arxiv/titleabs.tsv.gz",
                "titleabs.tsv.gz",
                "7bce99ab3e1604277f12dd49f6e17a0d89867b29ea152f072c0e709ae0bc8ed7",
            ),
            File(f"{_TAPE}/ogbn-arxiv.csv", "ogbn-arxiv.csv"),
        ),
        _read_arxiv,
        169343,
        40,
        "ODC-BY 1.0; the texts are those of the papers",
        f"{_OGB_PAPER} Answers of GPT-3.5: X. He et al. Harnessing Explanations: LLM-to-LM Interpreter for Enhanced "
        "Text-Attributed Graph Representation Learning. ICLR, 2024.",
    ),
    "ogbn-products": _Source(
        "ogbn-products: products sold by Amazon, linked where they were bought together",
        (
            File(f"{_OGB}/nodeproppred/products.zip", "products.zip"),
            File(f"{_DRIVE}1I-S176-W4Bm1iPDjQv3hYwQBtxE0v8mt", "node-text.csv.gz"),
        ),
        _read_products,
        2449029,
        47,
        "Amazon license, as the benchmark says",
        f"{_OGB_PAPER} Texts: J. Zhao et al. Learning on Large-scale Text-attributed Graphs via Variational "
        "Inference. ICLR, 2023.",
    ),
}
_BED = {
    name: _Source(
        title,
        (File(_LLMNODEBED, f"{name}.pt"),),
        _read_llmnodebed,
        n_nodes,
        n_classes,
        "MIT, as the repository says; the texts are those of their authors",
        f"{paper} {_BED_PAPER}",
    )
    for name, title, n_nodes, n_classes, paper in (
        ("computer", "Computer: products of Amazon with reviews, bought or viewed together", 87229, 10, _CS_TAG),
        ("history", "History: books of Amazon with descriptions, bought or viewed together", 41551, 12, _CS_TAG),
        ("instagram", "Instagram: users by what they say of themselves, and whom they follow", 11339, 2, _SOCIAL),
        ("photo", "Photo: products of Amazon with reviews, bought or viewed together", 48362, 12, _CS_TAG),
        ("reddit", "Reddit: users by what they wrote, and whom they answered", 33434, 2, _SOCIAL),
    )
}
_SOURCES |= _BED


# -- the one way that all of them come ------------------------------------------------------------------------------


def _fetch(name: str, data_home: Any, download_if_missing: Any, n_retries: Any, delay: Any) -> Any:
    source = _SOURCES[name]
    download = check_bool("download_if_missing", download_if_missing)
    n_retries, delay = check_int("n_retries", n_retries, at_least=0), check_real("delay", delay, low=0)
    home = get_data_home(None if data_home is None else str(check_path("data_home", data_home)))
    folder = Path(home) / "skellagnn" / name
    unpinned = [file.name for file in source.files if provide(file, folder, download, n_retries, delay)]
    try:
        parts = source.read(folder)
    except SkellagnnError:
        raise
    except Exception as error:  # of csv, numpy, zipfile, gzip, tarfile, torch
        raise GraphError(
            f"The files of {name} must have the form that is known here, got {type(error).__name__}: {error!s:.200}. "
            f"If deleting {str(folder)!r} and fetching again does not help, they have changed where they come from."
        ) from error
    target, names = parts["target"], parts["target_names"]
    sizes = (len(target), len(parts["texts"]), len(names))
    if sizes != (source.n_nodes, source.n_nodes, source.n_classes):
        raise GraphError(
            f"{name} must have {source.n_nodes} nodes, as many texts and {source.n_classes} classes, got "
            f"{sizes[0]}, {sizes[1]} and {sizes[2]}. Delete {str(folder)!r} to fetch it again."
        )
    graph = TextGraph.from_edges(parts["edges"], texts=parts["texts"], n_nodes=source.n_nodes)
    checked = (
        "The bytes are those that public code pins by SHA-256."
        if not unpinned
        else f"No checksum of {', '.join(unpinned)} was known: trusted on first use. What was downloaded first is "
        f"written down in {RECORD}, and is all that later reads are compared with."
    )
    if any(file.url.endswith("@main") for file in source.files):
        checked += " No revision was known, either: it is the newest of that day."
    descr = (
        f"{source.title}: {graph.n_nodes} nodes, {graph.n_edges} edges, {source.n_classes} classes. Edges are taken to "
        f"be undirected.\n\nFrom {', '.join(dict.fromkeys(file.url for file in source.files))}. {checked}\n\nLicense: "
        f"{source.license}.\n\nCite: {source.citation}"
    )
    answers = {"answers": parts["answers"]} if "answers" in parts else {}
    return Bunch(
        graph=graph, target=target, target_names=names, splits=parts["splits"], **answers, DESCR=descr, data_home=home
    )


_DOCSTRING = """Fetch {title}.

    Downloaded when it is asked for the first time, and read from ``data_home`` after that.

    Parameters
    ----------
    {parameters}data_home : path-like, default=None
        As in :mod:`sklearn.datasets`; the files are in ``skellagnn/{name}`` below it.
    download_if_missing : bool, default=True
        False raises an error where a file is not there.
    n_retries : int, default=3
        Further tries after a failed connection. What came so far is not downloaded again.
    delay : float, default=1.0
        Seconds between them.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        ``graph`` (:class:`~skellagnn.TextGraph` with texts, without features), ``target`` (ndarray of int of shape
        (n_nodes,)), ``target_names`` (list of str), ``splits`` (name -> part -> nodes; parts are ``"train"``,
        ``"val"``, ``"test"``), ``DESCR`` (origin, license, citation){answers}.

    Raises
    ------
    DownloadError
        If a file is missing and cannot, or must not, be downloaded.
    GraphError
        If a file is not what it was, or not of the form that is known. Nothing in a file is run.

    Notes
    -----
    {notes}

    Files of the Hugging Face hub are fetched by ``huggingface_hub``, with its ``HF_ENDPOINT`` and ``HF_HUB_OFFLINE``.
    ``DESCR`` says which checksums were known beforehand, and which are those of the first download.
    """


def _fetcher(name: str) -> Callable[..., Any]:
    def fetch(
        *, data_home: Any = None, download_if_missing: bool = True, n_retries: int = 3, delay: float = 1.0
    ) -> Any:
        return _fetch(name, data_home, download_if_missing, n_retries, delay)

    source = _SOURCES[name]
    fetch.__name__ = fetch.__qualname__ = f"fetch_{name.replace('-', '_')}"
    answers = ", ``answers`` (records for :class:`~skellagnn.ReplayEnhancer`)" if name == "ogbn-arxiv" else ""
    notes = f"{source.n_nodes} nodes, {source.n_classes} classes. {source.citation}"
    fetch.__doc__ = _DOCSTRING.format(title=source.title, name=name, parameters="", answers=answers, notes=notes)
    return fetch


def fetch_llmnodebed(
    name: str, *, data_home: Any = None, download_if_missing: bool = True, n_retries: int = 3, delay: float = 1.0
) -> Any:
    if not isinstance(name, str):
        raise InvalidParameterError(f"`name` must be one of {', '.join(map(repr, _BED))}, got {name!r:.80}.")
    resolve(name, _BED, parameter="name")
    return _fetch(name, data_home, download_if_missing, n_retries, delay)


fetch_llmnodebed.__doc__ = _DOCSTRING.format(
    title="a data set of LLMNodeBed: users of social networks, or products",
    name="NAME",
    parameters="name : {" + ", ".join(f'"{name}"' for name in _BED) + "}\n    ",
    answers="",
    notes="\n    ".join(
        [
            *(f"- {source.title}: {source.n_nodes} nodes, {source.n_classes} classes." for source in _BED.values()),
            "",
            _BED_PAPER,
            _CS_TAG,
            _SOCIAL,
        ]
    ),
)


fetch_cora = _fetcher("cora")
fetch_citeseer = _fetcher("citeseer")
fetch_pubmed = _fetcher("pubmed")
fetch_wikics = _fetcher("wikics")
fetch_ogbn_arxiv = _fetcher("ogbn-arxiv")
fetch_ogbn_products = _fetcher("ogbn-products")
