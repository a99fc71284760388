"""Data sets by name, from loopback servers with tiny replicas in the real formats."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from skellagnn import ReplayEnhancer, datasets
from skellagnn.datasets import _fetch
from skellagnn.exceptions import DownloadError, GraphError, InvalidParameterError

BED = ["computer", "history", "instagram", "photo", "reddit"]
NAMES = ["cora", "citeseer", "pubmed", "wikics", "ogbn-arxiv", "ogbn-products", *BED]
REVISION = "4a59e25d4ed77b6541d6830ef89be99942a01394"
EDGES = [(0, 1), (1, 2), (3, 2), (4, 5)]
TARGET = [0, 1, 0, 2, 1, 2]
TEXTS = ["Title: on cats\n|\tAbstract: they purr", "dogs", "", "räts", "mice, and\nmen", "owls"]


def torch_bytes(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def packed(*rows, header=None):
    lines = [*([header] if header else []), *(",".join(map(str, np.atleast_1d(row))) for row in rows)]
    return gzip.compress(("\n".join(lines) + "\n").encode())


def zipped(folder, members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{folder}/{name}", content)
    return file.getvalue()


def mask(*nodes):
    return torch.tensor([node in nodes for node in range(6)])


def as_data(splits, **more):
    splits = splits or {"train_mask": mask(0, 1), "val_mask": mask(2), "test_mask": mask(3, 4, 5)}
    edges = torch.tensor([*EDGES, *[(b, a) for a, b in EDGES]]).T
    return Data(x=torch.eye(6), edge_index=edges, y=torch.tensor(TARGET), num_nodes=6, **splits, **more)


def bed_file(texts=TEXTS, label_name=("Normal Users", "Popular Users", "Others"), **splits):
    """One Data for each set, at the root of the repository; the hub calls its newest revision main."""
    return torch_bytes(as_data(splits, raw_texts=texts, label_name=list(label_name)))


def hub_files(**splits):
    return {
        "processed_data.pt": torch_bytes(as_data(splits)),
        "raw_texts.pt": torch_bytes(TEXTS),
        "categories.csv": b'name,description\nCase Based,one\nNeural Networks,"two, or\nmore"\nTheory,three\n',
    }


def ogb_members(split, mapping):
    return {
        "raw/edge.csv.gz": packed(*EDGES),
        "raw/node-label.csv.gz": packed(*TARGET),
        **{f"split/{split}/{part}.csv.gz": packed(*nodes) for part, nodes in PARTS.items()},
        **mapping,
    }


PARTS = {"train": [0, 1], "valid": [2], "test": [3, 4, 5]}


def titles_and_abstracts():
    rows = [f"{200 + node}\t{TEXTS[node]!r}\ton {node}" for node in (3, 1, 0, 4, 5)]  # one paper has none
    table = "\n".join(["not a number\tx\ty", *rows]).encode()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo("titleabs.tsv")
        member.size = len(table)
        archive.addfile(member, io.BytesIO(table))
    return file.getvalue()


def all_files():
    arxiv = {
        "mapping/nodeidx2paperid.csv.gz": packed(*[(i, 200 + i) for i in range(6)], header="node idx,paper id"),
        "mapping/labelidx2arxivcategeory.csv.gz": packed(
            "0,arxiv cs na", "1,arxiv cs lg", "2,arxiv cs cv", header="label idx,arxiv category"
        ),
    }
    products = {
        "mapping/labelidx2productcategory.csv.gz": packed(
            "0,Home &amp; Kitchen", "1,", "2,Books", header="label idx,product category"
        ),
        "mapping/nodeidx2asin.csv.gz": packed(*[(i, f"B00{i}") for i in range(6)], header="node idx,asin"),
    }
    quoted = "\n".join('"{}"'.format(text.replace('"', '""')) for text in [*TEXTS[:5], "o" * 200_000])
    return {
        **{(name, file): content for name in NAMES[:4] for file, content in hub_files().items()},
        **{("main", f"{name}.pt"): bed_file() for name in BED},
        ("ogbn-arxiv", "arxiv.zip"): zipped("arxiv", ogb_members("time", arxiv)),
        ("ogbn-arxiv", "titleabs.tsv.gz"): titles_and_abstracts(),
        ("ogbn-arxiv", "ogbn-arxiv.csv"): b"0,1\n1\n\n2,0,1\n1\n2\n",
        ("ogbn-products", "products.zip"): zipped("products", ogb_members("sales_ranking", products)),
        ("ogbn-products", "node-text.csv.gz"): gzip.compress(("text\n" + quoted + "\n").encode()),
    }


class Homes(ThreadingHTTPServer):
    """Answers as the hub does, and as a web server that knows ranges; counts bytes, and breaks off on order."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests, self.break_after, self.failures = files, [], None, 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        server = self.server
        server.requests.append((self.command, self.path, self.headers.get("Range")))
        name, file = self.path.split("?")[0].rsplit("/", 2)[-2:]
        content = server.files.get((name, file))
        if server.failures or content is None:
            server.failures = max(0, server.failures - 1)
            self.send_response(404 if content is None else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        rest = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if body and server.break_after is not None:
            self.wfile.write(rest[: server.break_after])
            self.close_connection = True
        elif body:
            self.wfile.write(rest)


@pytest.fixture(scope="module")
def replicas():
    return all_files()


@pytest.fixture
def homes(replicas, monkeypatch, tmp_path):
    """Servers in the place of all homes, and a table that expects the sizes of the replicas."""
    import huggingface_hub.constants

    server = Homes(dict(replicas))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.url)
    monkeypatch.setattr(
        huggingface_hub.constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        server.url + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "home"))
    monkeypatch.setattr(_fetch, "_SOURCES", {name: replica_of(name, server, replicas) for name in NAMES})
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def replica_of(name, server, replicas):
    """The row of a set, with the places, sizes and checksums of its replica; a file without checksum stays without."""
    source = _fetch._SOURCES[name]
    files = []
    for file in source.files:
        url = file.url if file.url.startswith("hub:") else f"{server.url}/{name}/{file.name}"
        sha256 = hashlib.sha256(replicas[name, file.name]).hexdigest() if file.sha256 else ""
        files.append(dataclasses.replace(file, url=url, sha256=sha256))
    return dataclasses.replace(source, files=tuple(files), n_nodes=6, n_classes=3)


def fetch(name, **options):
    if name in BED:
        return datasets.fetch_llmnodebed(name, delay=0, **options)
    return getattr(datasets, f"fetch_{name.replace('-', '_')}")(delay=0, **options)


def dense(graph):
    return graph.adjacency.toarray()


def expected_adjacency():
    matrix = np.zeros((6, 6))
    for a, b in EDGES:
        matrix[a, b] = matrix[b, a] = 1
    return matrix


# -- what comes out -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_graph_labels_and_splits_are_those_of_the_files(name, homes, tmp_path):
    data = fetch(name)

    np.testing.assert_array_equal(dense(data.graph), expected_adjacency())
    assert data.graph.features is None
    np.testing.assert_array_equal(data.target, TARGET)
    (split,) = data.splits.values()
    assert {part: nodes.tolist() for part, nodes in split.items()} == {"train": [0, 1], "val": [2], "test": [3, 4, 5]}
    assert (tmp_path / "home" / "skellagnn" / name).is_dir()
    for said in ("License: ", "Cite: ", "6 nodes, 4 edges, 3 classes"):
        assert said in data.DESCR


@pytest.mark.parametrize("name", NAMES[:4])
def test_texts_and_names_of_the_hub(name, homes):
    data = fetch(name)

    assert list(data.graph.texts) == TEXTS
    assert data.target_names == ["Case Based", "Neural Networks", "Theory"]
    assert all(REVISION in path for _, path, _ in homes.requests)


@pytest.mark.parametrize("name", BED)
def test_texts_and_names_of_llmnodebed(name, homes, tmp_path):
    data = fetch(name)

    assert list(data.graph.texts) == TEXTS
    assert data.target_names == ["Normal Users", "Popular Users", "Others"]
    assert {path for _, path, _ in homes.requests} == {f"/datasets/xxwu/LLMNodeBed/resolve/main/{name}.pt"}
    assert (tmp_path / "home" / "skellagnn" / name / f"{name}.pt").is_file()
    assert f"No checksum of {name}.pt was known" in data.DESCR
    assert "No revision was known, either" in data.DESCR
    assert "No revision" not in fetch("wikics").DESCR


@pytest.mark.parametrize(("name", "sentence"), [("instagrm", " Did you mean 'instagram'?"), ("zachary", ""), (3, "")])
def test_other_names_are_no_sets_of_llmnodebed(name, sentence, homes):
    choices = "'computer', 'history', 'instagram', 'photo', 'reddit'"
    with pytest.raises(InvalidParameterError) as caught:
        datasets.fetch_llmnodebed(name)
    assert str(caught.value) == f"`name` must be one of {choices}, got {name!r}.{sentence}"
    assert homes.requests == []


def test_the_parts_that_differ_are_documented():
    """One text for all: what is filled in is there, and no brace is left but those of a choice."""
    doc = datasets.fetch_llmnodebed.__doc__
    assert 'name : {"computer", "history", "instagram", "photo", "reddit"}\n    data_home : path-like' in doc
    assert "- Reddit: users by what they wrote, and whom they answered: 33434 nodes, 2 classes." in doc
    assert "Parameters\n    ----------\n    data_home : path-like" in datasets.fetch_pubmed.__doc__
    assert "19717 nodes, 3 classes. P. Sen et al." in datasets.fetch_pubmed.__doc__


def test_arxiv_joins_texts_by_paper_and_brings_published_answers(homes):
    data = fetch("ogbn-arxiv")

    assert data.graph.texts[0] == f"Title: {TEXTS[0]!r}\nAbstract: on 0"
    assert data.graph.texts[2] == ""
    assert data.target_names == ["cs.NA", "cs.LG", "cs.CV"]
    assert [record["node"] for record in data.answers] == ["0", "1", "3", "4", "5"]
    assert data.answers[2] == {"node": "3", "prompt": "topic", "response": "cs.CV; cs.NA; cs.LG"}
    assert sorted(ReplayEnhancer(data.answers).recorded_prompts) == ["topic"]


def test_products_have_long_texts_and_a_category_without_a_name(homes):
    import csv

    limit = csv.field_size_limit()

    data = fetch("ogbn-products")

    assert data.graph.texts[4] == TEXTS[4]
    assert len(data.graph.texts[5]) == 200_000
    assert data.target_names == ["Home & Kitchen", "category 1", "Books"]
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (
            {"train_mask": torch.stack([mask(0), mask(1)], dim=1), "test_mask": mask(5)},
            {"0": {"train": [0], "test": [5]}, "1": {"train": [1], "test": [5]}},
        ),
        (
            {"train_masks": [mask(0), mask(1)], "val_masks": [mask(2), mask(3)]},
            {"0": {"train": [0], "val": [2]}, "1": {"train": [1], "val": [3]}},
        ),
        (
            {"train_mask": [mask(0), mask(1)], "test_mask": [mask(4), mask(5)]},
            {"0": {"train": [0], "test": [4]}, "1": {"train": [1], "test": [5]}},
        ),
        (
            {"train_mask": torch.stack([mask(0), mask(1)]), "test_mask": torch.stack([mask(4), mask(5)])},
            {"0": {"train": [0], "test": [4]}, "1": {"train": [1], "test": [5]}},
        ),
        ({"train_id": torch.tensor([4, 0])}, {"0": {"train": [4, 0]}}),
        ({"year": torch.zeros(6)}, {}),
    ],
)
def test_every_form_of_splits(splits, expected, homes):
    homes.files |= {("wikics", file): content for file, content in hub_files(**splits).items()}

    found = fetch("wikics").splits

    assert {name: {part: nodes.tolist() for part, nodes in of.items()} for name, of in found.items()} == expected


# -- once, and what it was ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_second_time_asks_nobody(name, homes):
    first = fetch(name)
    homes.requests.clear()

    again = fetch(name, download_if_missing=False)

    assert homes.requests == []
    assert again.graph == first.graph or list(again.graph.texts) == list(first.graph.texts)


def test_what_is_missing_is_not_downloaded_unless_it_may_be(homes, tmp_path):
    with pytest.raises(DownloadError, match=r"`download_if_missing` must be True .* got False, and .* is missing"):
        fetch("cora", download_if_missing=False)
    assert homes.requests == []
    assert isinstance(DownloadError("x"), OSError)  # as scikit-learn's fetchers raise


def test_data_home_is_where_it_goes(homes, tmp_path):
    data = fetch("cora", data_home=tmp_path / "elsewhere")

    assert (tmp_path / "elsewhere" / "skellagnn" / "cora" / "raw_texts.pt").is_file()
    assert data.data_home == str(tmp_path / "elsewhere")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("name", "file"), [("cora", "raw_texts.pt"), ("ogbn-arxiv", "titleabs.tsv.gz")])
def test_a_known_checksum_is_held_to(name, file, homes, replicas):
    homes.files[name, file] = replicas[name, file] + b" "

    with pytest.raises(GraphError, match=rf"{file} must have the SHA-256 [0-9a-f]{{64}}, got [0-9a-f]{{64}}: "):
        fetch(name)


@pytest.mark.parametrize(("name", "file"), [("wikics", "raw_texts.pt"), ("ogbn-products", "node-text.csv.gz")])
def test_without_a_known_one_the_first_download_is_trusted_and_remembered_and_said(name, file, homes, tmp_path):
    data = fetch(name)
    assert file in data.DESCR
    assert "trusted on first use" in data.DESCR
    path = tmp_path / "home" / "skellagnn" / name / file
    record = json.loads((path.parent / "first_download.json").read_text())
    assert record[file] == hashlib.sha256(path.read_bytes()).hexdigest()

    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(GraphError, match=f"{file} must have the SHA-256 {record[file]}, got"):
        fetch(name)


def test_sizes_are_held_to(homes, monkeypatch):
    source = dataclasses.replace(_fetch._SOURCES["cora"], n_nodes=2708)
    monkeypatch.setitem(_fetch._SOURCES, "cora", source)

    with pytest.raises(GraphError, match="cora must have 2708 nodes, as many texts and 3 classes, got 6, 6 and 3"):
        fetch("cora")


# -- trouble --------------------------------------------------------------------------------------------------------


def test_a_broken_download_goes_on_where_it_was(homes, replicas, tmp_path, capsys):
    homes.break_after = 100
    with pytest.raises(DownloadError, match=r"arxiv.zip must come from .*100 of \d+ bytes.* What came so far is kept"):
        fetch("ogbn-arxiv", n_retries=0)
    assert (tmp_path / "home" / "skellagnn" / "ogbn-arxiv" / "arxiv.zip.partial").stat().st_size == 100
    homes.break_after = None
    homes.requests.clear()

    fetch("ogbn-arxiv")

    assert homes.requests[0] == ("GET", "/ogbn-arxiv/arxiv.zip", "bytes=100-")
    assert "arxiv.zip" in capsys.readouterr().err  # the bar


def test_one_that_was_complete_and_not_renamed_is_downloaded_anew(homes, replicas, tmp_path):
    folder = tmp_path / "home" / "skellagnn" / "ogbn-arxiv"
    folder.mkdir(parents=True)
    (folder / "arxiv.zip.partial").write_bytes(replicas["ogbn-arxiv", "arxiv.zip"])

    assert fetch("ogbn-arxiv").graph.n_nodes == 6


@pytest.mark.parametrize("name", ["ogbn-arxiv"])
def test_a_server_that_is_busy_is_tried_again(name, homes):
    homes.failures = 2

    assert fetch(name).graph.n_nodes == 6


@pytest.mark.parametrize(("name", "file"), [("cora", "processed_data.pt"), ("ogbn-products", "products.zip")])
def test_a_file_that_is_gone_is_an_error_that_says_where_it_was(name, file, homes):
    del homes.files[name, file]

    with pytest.raises(DownloadError, match=rf"{file} must come from .* Try again when there is a connection"):
        fetch(name, n_retries=0)


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("file", ["processed_data.pt", "raw_texts.pt"])
@pytest.mark.parametrize("how", ["torch", "pickle", "inside"])
def test_nothing_in_a_file_is_run(file, how, homes, tmp_path):
    bad = Hostile(str(tmp_path / "ran"))
    content = {
        "torch": lambda: torch_bytes(bad),
        "pickle": lambda: pickle.dumps(bad),
        "inside": lambda: torch_bytes([bad, "x"]) if file == "raw_texts.pt" else torch_bytes(Data(x=bad)),
    }[how]()
    homes.files["wikics", file] = content

    with pytest.raises(GraphError, match=f"{file} must hold tensors, strings and a torch_geometric Data alone"):
        fetch("wikics")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("raw_texts.pt", torch_bytes({"texts": TEXTS}), "raw_texts.pt must hold a list of strings, got dict"),
        ("raw_texts.pt", torch_bytes([*TEXTS[:5], 6]), "raw_texts.pt must hold a list of strings"),
        ("raw_texts.pt", torch_bytes(TEXTS[:5]), "got 6, 5 and 3"),
        ("raw_texts.pt", b"PK", "raw_texts.pt must hold tensors"),
        ("processed_data.pt", torch_bytes({"y": 1}), "The files of wikics must have the form that is known here"),
        ("categories.csv", b"\xff\xfe", "The files of wikics must have the form that is known here"),
        ("categories.csv", b"name\nOne\n", "got 6, 6 and 1"),
    ],
)
def test_another_form_is_an_error_of_ours(file, content, sentence, homes):
    homes.files["wikics", file] = content

    with pytest.raises(GraphError, match=sentence):
        fetch("wikics")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (torch_bytes(Hostile("ran")), "photo.pt must hold tensors, strings and a torch_geometric Data alone"),
        (bed_file(texts=TEXTS[:5]), "photo must have 6 nodes, as many texts and 3 classes, got 6, 5 and 3"),
        (bed_file(texts=[1] * 6), "photo.pt must hold a list of strings, got list"),
        (bed_file(label_name=["a", "b"]), "photo must have 6 nodes, as many texts and 3 classes, got 6, 6 and 2"),
        (torch_bytes(as_data({})), "The files of photo must have the form that is known here, got AttributeError"),
    ],
)
def test_another_form_of_llmnodebed_is_an_error_of_ours(content, sentence, homes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    homes.files["main", "photo.pt"] = content

    with pytest.raises(GraphError, match=sentence):
        fetch("photo")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "options", [{"data_home": 3}, {"download_if_missing": "no"}, {"n_retries": -1}, {"delay": float("nan")}]
)
def test_parameters_are_checked_before_anything_is_asked(options, homes):
    with pytest.raises(InvalidParameterError, match=f"`{next(iter(options))}` must be"):
        datasets.fetch_cora(**options)
    assert homes.requests == []


def test_the_environment_of_the_hub_counts(replicas, tmp_path):
    """In a process of its own: huggingface_hub reads HF_ENDPOINT when it is imported."""
    server = Homes(dict(replicas))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    code = (
        "import dataclasses, sys; from skellagnn import datasets; from skellagnn.datasets import _fetch\n"
        "_fetch._SOURCES['wikics'] = dataclasses.replace(_fetch._SOURCES['wikics'], n_nodes=6, n_classes=3)\n"
        "print(list(datasets.fetch_wikics(data_home=sys.argv[1], n_retries=0).graph.texts))"
    )
    environment = {**os.environ, "HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1"}

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=120
    )

    server.shutdown()
    server.server_close()
    assert done.stdout.strip() == str(TEXTS), done.stderr
