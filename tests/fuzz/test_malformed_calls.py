"""A thousand calls with one argument that is wrong: each is an error of this package that names the argument.

What is accepted all the same stands in ``ACCEPTED``, with the reason.
"""
# ruff: noqa: E501

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from torch_geometric.data import Data

from skellagnn import Budget, ELLaGNNClassifier, TextGraph
from skellagnn.datasets import edge_homophily, load_api_reference, load_folder, make_text_graph, save_folder
from skellagnn.encoders import TfidfEncoder
from skellagnn.enhancers import CallableEnhancer
from skellagnn.exceptions import SkellagnnError
from skellagnn.graph import TextColumn, share_graph
from skellagnn.neighborhood import rank_neighbors
from skellagnn.selection import count_active_nodes, select_active_nodes
from skellagnn.validation import as_graph, check_class_names, check_labels, check_true_labels

GRAPH = TextGraph.from_edges([(0, 1), (1, 2)], ["a", "b", "c"], np.eye(3), node_names=list("xyz"))
NODES = pd.DataFrame({"id": list("xyz"), "text": list("abc"), "f": [1.0, 2.0, 3.0]})
EDGES = pd.DataFrame({"source": ["x"], "target": ["y"], "w": [1.0]})
NETWORK = nx.path_graph(3)
nx.set_node_attributes(NETWORK, "a", "text")
nx.set_node_attributes(NETWORK, [1.0], "f")
MATRIX = sparse.csr_array(([1.0, 1.0], ([0, 1], [1, 0])), shape=(3, 3))
NAN, INF, OBJECT = float("nan"), float("inf"), object()


def masked(values):
    return np.ma.array(values, mask=[True, *[False] * (len(values) - 1)])


def once(values):
    """A generator, made anew for each call."""
    return lambda: (value for value in values)


class Bare:
    name = "bare"


ANYTHING = {"None": None, "object": OBJECT, "a function": len, "complex": 1j, "bytes": b"ab", "a class": int}
SCALARS = {"NaN": NAN, "inf": INF, "text": "two", "a list": [1, 2], "a dict": {}, "a set": {1}, "an array": np.ones(2)}
KINDS = {
    "path": ANYTHING | {"3": 3, "True": True, "empty": "", "blank": "  ", "NUL": "a\0b", "a list": ["a"], "a dict": {}},
    "flag": ANYTHING | SCALARS | {"0": 0, "1": 1, "no": "no", "1.0": 1.0, "empty": ""},
    "count": ANYTHING | SCALARS | {"1.5": 1.5, "'2'": "2", "-3": -3, "True": True, "2.0": 2.0, "-1": np.int64(-1)},
    "number": ANYTHING | SCALARS | {"-1": -1.0, "'0.5'": "0.5", "True": True, "huge": 10**400},
    "fraction": ANYTHING | SCALARS | {"-0.1": -0.1, "1.1": 1.1, "'0.5'": "0.5", "True": True},
    "seed": ANYTHING | SCALARS | {"-1": -1, "True": True, "1.5": 1.5, "2**40": 2**40, "'0'": "0"},
    "graph": ANYTHING | {"a list": [1], "text": "graph", "an array": np.ones(3), "a table": NODES, "3": 3},
    "edges": ANYTHING
    | {
        "text": "ab", "3": 3, "a set": {(0, 1)}, "a generator": once([(0, 1)]), "a dict": {},
        "triples": [(0, 1, 2)],
        "of two lengths": [(0, 1), (2,)], "floats": [(0.0, 1.0)], "a missing end": [(0, None)], "NaN": [(0, NAN)],
        "unknown": [(0, 9)], "negative": [(-1, 0)], "huge": [(0, 2**62)], "beyond int64": [(0, 2**70)],
        "masked": np.ma.array([(0, 1)], mask=[(0, 1)]), "transposed": np.zeros((2, 5), dtype=int),
        "words": [("a", "b")],
        "dates": np.array([["2020", "2021"]], dtype="datetime64[D]"), "complex pairs": [(0j, 1j)],
        "masks": [(True, False)],
        "a sparse matrix": MATRIX, "one pair": (0, 1), "records": np.zeros(2, dtype=[("a", int)]),
    },
    "texts": ANYTHING
    | {
        "one text": "abc", "3": 3, "a set": {"a", "b", "c"}, "a generator": once("abc"), "a dict": dict.fromkeys("abc"),
        "too few": ["a"], "too many": ["a"] * 4, "None in it": ["a", None, "c"], "NaN in it": ["a", NAN, "c"],
        "numbers": [1, 2, 3], "bytes in it": [b"a"] * 3, "lists": [["a"]] * 3, "masked": masked(["a", "b", "c"]),
        "of no dimension": np.array("abc"), "of two": np.array([["a"], ["b"], ["c"]]),
        "pandas in another order": pd.Series(list("abc"), index=list("zyx")), "pandas NA": pd.Series(["a", pd.NA, "c"]),
    },
    "names": ANYTHING
    | {
        "one text": "xyz", "3": 3, "a set": {"x", "y", "z"}, "a generator": once("xyz"), "a dict": dict.fromkeys("xyz"),
        "too few": ["x"], "twice": ["x", "x", "z"], "1 and '1'": [1, "1", 2], "1 and 1.0": ["1", 1.0, 2],
        "None in it": ["x", None, "z"], "NaN in it": ["x", NAN, "z"], "NA in it": ["x", pd.NA, "z"],
        "NaT in it": ["x", pd.NaT, "z"], "blank": ["x", " ", "z"], "bytes in it": [b"x", b"y", b"z"],
        "rounded": [1.0, 2.0, float(2**53)], "inf": [1.0, INF, 2.0], "masked": masked(["x", "y", "z"]),
        "of no dimension": np.array("xyz"), "of two": np.array([["x"], ["y"], ["z"]]),
    },
    "features": ANYTHING
    | {
        "text": "abc", "3": 3, "a set": {1, 2, 3}, "a generator": once([[1], [2], [3]]), "flat": [1.0, 2.0, 3.0],
        "too few": [[1.0]], "NaN in it": [[1.0], [NAN], [2.0]], "inf in it": [[1.0], [INF], [2.0]],
        "None in it": [[1.0], [None], [2.0]], "strings": [["1"], ["2"], ["3"]],
        "strings as objects": np.array([["1"], ["2"], ["3"]], dtype=object), "complex numbers": [[1j], [2], [3]],
        "no column": np.empty((3, 0)), "of two lengths": [[1], [1, 2], [3]], "sparse": sparse.csr_array(np.eye(3)),
        "masked": np.ma.array(np.eye(3), mask=np.eye(3)), "dates": np.array([["2020"]] * 3, dtype="datetime64[D]"),
        "beyond float32": [[1e300], [0], [0]], "huge ints": [[10**400], [0], [0]], "of three": np.zeros((3, 1, 1)),
        "pandas in another order": pd.DataFrame({"f": [1, 2, 3]}, index=list("zyx")),
        "a table of texts": pd.DataFrame({"f": list("abc")}), "pandas NA": pd.DataFrame({"f": [1, pd.NA, 2]}),
        "records": np.zeros(3, dtype=[("a", float)]), "a sparse tensor": torch.eye(3).to_sparse(),
    },
    "weights": ANYTHING
    | {
        "text": "1", "3": 3, "a set": {1.0}, "a generator": once([1.0]), "strings": ["1"], "words": ["heavy"],
        "-1": [-1.0], "NaN": [NAN], "inf": [INF], "None in it": [None], "complex numbers": [1j], "too many": [1.0, 2.0],
        "dates": np.array(["2020"], dtype="datetime64[D]"), "masked": np.ma.array([1.0], mask=[True]),
        "of two": [[1.0]],
        "strings as objects": np.array(["1"], dtype=object), "beyond float32": [1e300], "huge": [10**400],
    },
    "matrix": ANYTHING
    | {
        "dense": np.eye(3), "a list": [[0, 1], [1, 0]], "not square": sparse.csr_array((2, 3)), "text": "ab",
        "complex numbers": MATRIX.astype(complex), "negative": -MATRIX, "NaN": MATRIX * NAN, "3": 3,
        "flat": sparse.coo_array(np.ones(3)), "a table": EDGES, "inf": MATRIX * INF,
    },
    "nodes": ANYTHING
    | {
        "text": "x", "words": ["x"], "3.0": [1.0], "beyond": [3], "negative": [-1], "a set": {0, 1}, "nested": [[0, 1]],
        "a mask of integers": [1, 0, 1], "of bytes": np.array([0, 1, 0], dtype=np.uint8), "too short": [True, False],
        "floats": np.ones(3), "masked": masked([True, True, False]), "a generator": once([0]), "NaN": [NAN],
        "pandas in another order": pd.Series([True, False, True], index=list("zyx")), "a dict": {0: 1},
        "with missing": pd.array([True, None, False], dtype="boolean"), "strings": ["0", "1"], "huge": [2**70],
    },
    "labels": ANYTHING
    | {
        "text": "abc", "3": 3, "too few": [0, 1], "too many": [0, 1, 0, 1], "a set": {0, 1, 2},
        "a dict": {0: 1, 1: 0, 2: 1},
        "None in it": [0, None, 1], "NaN in it": [0, NAN, 1], "names and numbers": ["a", 1, "b"],
        "of two columns": [[0, 1], [1, 0], [0, 0]], "masked": masked([0, 1, 0]), "a generator": once([0, 1, 0]),
        "pandas in another order": pd.Series([0, 1, 0], index=list("zyx")), "NaT": np.array(["NaT"] * 3, dtype="M8[D]"),
        "sparse": sparse.csr_array(np.eye(3)), "of two lengths": [[0], [1, 2], [0]],
    },
    "column": {
        "object": OBJECT, "3": 3, "unknown": "nothing", "a list": ["text"], "a dict": {}, "a function": len,
        "empty": "", "NaN": NAN, "an array": np.array(["text"]), "True": True,
    },
    "table": ANYTHING
    | {
        "a list": [[1]], "an array": np.eye(3), "a dict": {"id": [1]}, "text": "table",
        "an empty table": pd.DataFrame(),
        "a series": NODES["text"], "a table twice": pd.concat([NODES, NODES, EDGES, EDGES], axis=1),
    },
    "choice": ANYTHING
    | {"unknown": "nothing", "3": 3, "a list": ["pagerank"], "r+": "r+", "an array": np.ones(2), "empty": ""},
    "enhancer": ANYTHING
    | {
        "unknown": "nothing", "no model": "openai:", "another prefix": "opneai:m", "a list": ["a"], "a dict": {"a": "b"},
        "3": 3, "empty": "", "NaN": NAN, "without a name": CallableEnhancer(lambda prompt: prompt),
        "without complete": Bare(),
    },
    "prompts": ANYTHING
    | {"unknown": "nothing", "misspelled": "topics", "empty": "", "no one": [], "a dict": {}, "3": 3, "nested": [["topic"]],
       "a set": {"topic"}, "a+": "topic+", "NaN": NAN},
    "encoder": ANYTHING | {"3": 3, "empty": "", "a list": ["tfidf"], "a dict": {}, "NaN": NAN, "a+": "tfidf+", "True": True},
    "backbone": ANYTHING | {"unknown": "nothing", "3": 3, "a list": ["sage"], "empty": "", "NaN": NAN, "of no network": dict},
    "teacher": ANYTHING | {"unknown": "nothing", "3": 3, "True": True, "a list": [], "a dict": {}, "NaN": NAN, "empty": ""},
    "class_weight": ANYTHING
    | {"unknown": "nothing", "3": 3, "an array": np.ones(2), "another class": {5: 1.0}, "negative": {0: -1.0, 1: 1.0},
       "NaN": {0: NAN, 1: 1.0}, "words": {0: "heavy", 1: 1.0}, "empty": "", "a list": [1, 2], "True": True},
    "store": ANYTHING
    | {"3": 3, "empty": "", "a list": ["a"], "a dict": {}, "NUL": "a\0b", "another database": "mysql://h/d", "blank": " ",
       "settings": "host=h password=p", "a broken address": "postgresql://h:x/d", "NaN": NAN, "True": True},
    "budget": ANYTHING | {"3": 3, "a dict": {"max_calls": 1}, "a text": "5", "NaN": NAN, "True": True, "a list": [1]},
    "memory": ANYTHING | {"3": 3, "empty": "", "a list": ["a"], "a dict": {}, "NUL": "a\0b", "NaN": NAN, "True": True},
    "device": ANYTHING | {"unknown": "nothing", "3": 3, "a list": ["cpu"], "empty": "", "not here": "cuda:99", "NaN": NAN},
    "verbose": ANYTHING | SCALARS | {"'1'": "1", "'x'": "x"},
    "early stopping": ANYTHING | SCALARS | {"unknown": "nothing", "1.5": 1.5, "0.0": 0.0, "-0.1": -0.1},
    "limit": ANYTHING | SCALARS | {"-1": -1, "1.5": 1.5, "'2'": "2", "True": True},
    "money": ANYTHING | SCALARS | {"-1": -1.0, "'2'": "2", "True": True},
    "prices": ANYTHING | SCALARS | {"one": (1.0,), "three": (1.0, 2.0, 3.0), "negative": (-1.0, 2.0), "words": ("a", "b"), "3": 3},
}  # fmt: skip
del KINDS["choice"]["None"]


SETTINGS = {
    "enhancer": CallableEnhancer(lambda prompt: "soft and hard things", model_name="calm"), "prompts": "keywords", "encoder": TfidfEncoder(),
    "store": None, "max_iter": 1, "hidden_channels": 2, "augmentation_ratio": 1, "teacher": None, "early_stopping": False,
    "random_state": 0,
}  # fmt: skip
WORDS = TextGraph.from_edges([(0, 1), (1, 2)], ["cats purr", "rocks are hard", "dogs bark"], node_names=list("xyz"))


def calls_of_the_estimator():
    """Each parameter of the constructor, through fit, and each argument of fit, predict, score and plan."""
    kinds = dict.fromkeys(["n_layers", "hidden_channels", "max_iter", "n_iter_no_change", "n_neighbors"], "count")
    kinds |= dict.fromkeys(["dropout", "view_probability"], "fraction")
    kinds |= dict.fromkeys(["answer_weight", "learning_rate_init", "weight_decay"], "number")
    kinds |= {"augmentation_ratio": "fraction", "selection": "choice", "candidates": "nodes", "class_names": "names"}
    kinds |= {"batch_size": "count", "sample_size": "count", "random_state": "seed"}
    kinds |= {"early_stopping": "early stopping", "on_bad_answer": "choice"}
    own = [
        "enhancer",
        "prompts",
        "encoder",
        "backbone",
        "teacher",
        "class_weight",
        "store",
        "budget",
        "memory",
        "device",
    ]
    kinds |= {name: name for name in [*own, "verbose"]}

    def construct(**settings):
        ELLaGNNClassifier(**{**SETTINGS, **settings}).fit(WORDS, [0, 1, 0])

    yield "ELLaGNNClassifier", construct, {}, kinds
    budget = {"max_calls": "limit", "max_tokens": "limit", "max_cost": "money", "prices": "prices", "shared_as": "path"}
    yield "Budget", lambda **limits: construct(budget=Budget(**{"prices": (1, 1), **limits})), {}, budget
    good = {"X": WORDS, "y": [0, 1, 0]}
    fitted = ELLaGNNClassifier(**SETTINGS).fit(**good)

    def fit(**arguments):
        early_stopping = "X_val" in arguments or "y_val" in arguments
        ELLaGNNClassifier(**{**SETTINGS, "early_stopping": early_stopping}).fit(**arguments)

    yield "fit of the estimator", fit, good, {"X": "graph", "y": "labels", "sample_weight": "labels"}
    validated = {**good, "X_val": WORDS, "y_val": [0, 1, 0]}
    yield "fit, validated", fit, validated, {"X_val": "graph", "y_val": "labels"}
    yield "predict", fitted.predict, {"X": WORDS}, {"X": "graph"}
    yield "score of the estimator", fitted.score, good, {"X": "graph", "y": "labels", "sample_weight": "labels"}
    yield "plan", fitted.plan, {"X": WORDS}, {"X": "graph"}


def calls(tmp_path):
    """Yield name of the call, function, arguments that are right, and kind by argument that is to go wrong."""
    parts = {"texts": "texts", "features": "features", "titles": "texts", "node_names": "names"}
    good = {"texts": list("abc"), "features": np.eye(3), "titles": list("abc"), "node_names": list("xyz")}
    edges = {"edges": [(0, 1)], **good}
    yield "TextGraph", TextGraph, {"adjacency": MATRIX, **good}, {"adjacency": "matrix", "targets": "nodes", **parts}
    yield (
        "from_edges",
        TextGraph.from_edges,
        edges,
        {"edges": "edges", "weights": "weights", "directed": "flag", "n_nodes": "count", **parts},
    )
    yield "from_scipy", TextGraph.from_scipy, {"adjacency": MATRIX, **good}, {"adjacency": "matrix", **parts}
    tables = {"nodes": NODES, "edges": EDGES, "node_id": "id"}
    columns = dict.fromkeys(["node_id", "text", "title", "features", "source", "target", "weight"], "column")
    yield (
        "from_pandas",
        TextGraph.from_pandas,
        tables,
        {"nodes": "table", "edges": "table", "directed": "flag", **columns},
    )
    columns = dict.fromkeys(["text", "title", "features", "weight"], "column")
    yield "from_networkx", TextGraph.from_networkx, {"graph": NETWORK}, {"graph": "graph", **columns}
    data = {"data": Data(edge_index=torch.tensor([[0], [1]]), num_nodes=3)}
    yield "from_pyg", TextGraph.from_pyg, data, {"data": "graph", "texts": "texts", "node_names": "names"}
    yield "to_pyg", GRAPH.to_pyg, {"y": [0, 1, 0]}, {"y": "labels"}
    yield "graph[key]", lambda key: GRAPH[key], {"key": [0]}, {"key": "nodes"}
    yield "subgraph", GRAPH.subgraph, {"nodes": [0]}, {"nodes": "nodes"}
    yield "with_features", GRAPH.with_features, {"features": None}, {"features": "features"}
    yield "name_of", GRAPH.name_of, {"node": 0}, {"node": "count"}
    yield "title_of", GRAPH.title_of, {"node": 0}, {"node": "count", "max_chars": "count"}
    yield "save", GRAPH.save, {"path": tmp_path / "g"}, {"path": "path"}
    GRAPH.save(tmp_path / "graph")
    yield "load", TextGraph.load, {"path": tmp_path / "graph"}, {"path": "path", "mmap_mode": "choice"}
    yield "share_graph", share_graph, {"graph": GRAPH, "folder": tmp_path / "s"}, {"graph": "graph", "folder": "path"}
    yield "TextColumn.from_strings", lambda texts: TextColumn.from_strings(texts), {"texts": []}, {"texts": "texts"}
    save_folder(GRAPH, tmp_path / "plain")
    yield "load_folder", load_folder, {"path": tmp_path / "plain"}, {"path": "path", "directed": "flag"}
    plain = {"graph": GRAPH, "path": tmp_path / "p", "target": [0, 1, 0], "target_names": ["p", "q"]}
    kinds = {"graph": "graph", "path": "path", "target": "labels", "target_names": "names"}
    yield "save_folder", save_folder, plain, kinds
    fractions = ["homophily", "informativeness", "labeled_fraction", "answer_accuracy"]
    kinds = dict.fromkeys(fractions, "fraction") | {"average_degree": "number", "random_state": "seed"}
    kinds |= dict.fromkeys(["n_nodes", "n_classes", "n_words"], "count")
    kinds |= dict.fromkeys(["directed", "return_X_y"], "flag")
    yield "make_text_graph", make_text_graph, {}, kinds
    yield "load_api_reference", load_api_reference, {}, {"min_class_size": "count", "return_X_y": "flag"}
    yield (
        "edge_homophily",
        edge_homophily,
        {"graph": GRAPH, "target": [0, 1, 0]},
        {"graph": "graph", "target": "labels"},
    )
    chosen = {"graph": GRAPH, "features": np.eye(3, dtype=np.float32), "selection": "degree", "augmentation_ratio": 2}
    kinds = {"selection": "choice", "augmentation_ratio": "fraction", "candidates": "nodes", "seed": "count"}
    kinds |= {"labeled": "nodes"}
    yield "select_active_nodes", select_active_nodes, chosen, kinds
    yield (
        "count_active_nodes",
        count_active_nodes,
        {"augmentation_ratio": 1, "n_nodes": 3},
        {"augmentation_ratio": "fraction"},
    )
    ranked = {"adjacency": GRAPH.adjacency, "embeddings": GRAPH.features, "n_neighbors": 1}
    yield "rank_neighbors", rank_neighbors, ranked, {"n_neighbors": "count"}
    labeled = {"graph": GRAPH, "y": [0, 1, 0]}
    yield "fit", check_labels, labeled, {"y": "labels", "sample_weight": "labels", "class_weight": "choice"}
    yield "score", check_true_labels, {"y": [0, 1, 0], "graph": GRAPH}, {"y": "labels"}
    named = {"class_names": ["p", "q"], "classes": np.array([0, 1])}
    yield "class_names", check_class_names, named, {"class_names": "names"}
    yield from calls_of_the_estimator()
    yield "X", lambda X: as_graph(ELLaGNNClassifier(), X, reset=True), {}, {"X": "features"}


# Where None stands for "none" or "the default": whoever writes it means it.
NONE_IS_MEANT = {
    *((call, part) for call in ("TextGraph", "from_edges", "from_scipy") for part in ("texts", "features", "titles")),
    *((call, "node_names") for call in ("TextGraph", "from_edges", "from_scipy", "from_pyg")),
    *(("from_pyg", "texts"), ("from_edges", "weights"), ("from_edges", "n_nodes"), ("TextGraph", "targets")),
    *(("to_pyg", "y"), ("subgraph", "nodes"), ("with_features", "features"), ("make_text_graph", "random_state")),
    *(("save_folder", "target"), ("save_folder", "target_names"), ("select_active_nodes", "candidates")),
    *(("rank_neighbors", "n_neighbors"), ("fit", "sample_weight"), ("class_names", "class_names")),
    *(
        ("ELLaGNNClassifier", part)
        for part in ("n_neighbors", "candidates", "class_names", "batch_size", "sample_size")
    ),
    *(
        ("ELLaGNNClassifier", part)
        for part in ("random_state", "enhancer", "teacher", "class_weight", "store", "budget")
    ),
    *(("Budget", part) for part in ("max_calls", "max_tokens", "max_cost", "prices", "shared_as")),
    *(("ELLaGNNClassifier", "memory"), ("fit of the estimator", "sample_weight")),
    ("score of the estimator", "sample_weight"),
}
READ_ONCE = "read once and kept: nothing is lost"
NO_NAMES = "there are no names that the index could contradict"
ACCEPTED = {
    **{(call, part, "a generator"): READ_ONCE for call in ("TextGraph", "from_scipy") for part in ("texts", "titles")},
    **{(call, "node_names", "a generator"): READ_ONCE for call in ("TextGraph", "from_scipy")},
    ("TextColumn.from_strings", "texts", "a generator"): READ_ONCE,
    ("TextColumn.from_strings", "texts", "too few"): "a column is as long as it is",
    ("TextColumn.from_strings", "texts", "too many"): "a column is as long as it is",
    ("TextColumn.from_strings", "texts", "pandas in another order"): NO_NAMES,
    ("from_pyg", "texts", "pandas in another order"): NO_NAMES,
    ("X", "X", "pandas in another order"): NO_NAMES,
    ("graph[key]", "key", "negative"): "counts from the end, as in every sequence",
    ("edge_homophily", "target", "None in it"): "documented: an unlabeled node",
    ("edge_homophily", "target", "NaN in it"): "documented: an unlabeled node",
    ("edge_homophily", "target", "NaT"): "documented: an unlabeled node",
    ("edge_homophily", "target", "names and numbers"): "labels are only compared with each other",
    **{
        (call, "sample_weight", "3"): "scikit-learn's: the same weight for all"
        for call in ("fit", "fit of the estimator", "score of the estimator")
    },
    ("Budget", "prices", "a list"): "two prices, as in a file of settings",
    ("X", "X", "too few"): "one sample is enough to predict for",
    ("X", "X", "strings"): "scikit-learn's: strings that are numbers",
    ("X", "X", "strings as objects"): "scikit-learn's: strings that are numbers",
}
# Errors of others that come through on purpose.
THEIRS = {
    ("X", "X"): (ValueError, TypeError),  # scikit-learn's own about arrays, which its estimator checks ask for
    ("select_active_nodes", "selection"): TypeError,  # of a function of the user's that cannot be called so
    ("ELLaGNNClassifier", "selection"): TypeError,
    ("ELLaGNNClassifier", "backbone"): TypeError,
    **{
        (call, "X"): (ValueError, TypeError)
        for call in ("fit of the estimator", "predict", "score of the estimator", "plan")
    },
    ("fit, validated", "X_val"): (ValueError, TypeError),
}
# Errors that name what is indexed, for what has no name where it is written.
OTHER_NAMES = {"graph[key]": "A TextGraph is indexed by", "ELLaGNNClassifier": "`model_name` of a CallableEnhancer"}


@pytest.mark.filterwarnings("ignore::UserWarning")  # what is odd and no error may be warned of
def test_a_thousand_malformed_calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    n_calls, foreign, nameless, silent = 0, [], [], []
    for name, function, good, kinds in calls(tmp_path):
        for argument, kind in kinds.items():
            for label, value in KINDS[kind].items():
                where = (name, argument, label)
                wrong = value() if label == "a generator" else value
                n_calls += 1
                try:
                    function(**{**good, argument: wrong})
                except SkellagnnError as error:
                    if f"`{argument}" not in str(error) and OTHER_NAMES.get(name, "nothing") not in str(error)[:40]:
                        nameless.append((*where, str(error)[:100]))
                except THEIRS.get((name, argument), ()):
                    pass
                except Exception as error:
                    foreign.append((*where, f"{type(error).__name__}: {error!s:.100}"))
                else:
                    if where not in ACCEPTED and not (label == "None" and (name, argument) in NONE_IS_MEANT):
                        silent.append(where)
    found = {"foreign": foreign, "nameless": nameless, "silent": silent}
    report = "\n".join(f"{what}: {case}" for what, cases in found.items() for case in cases)
    assert not report, f"{n_calls} calls\n{report}"
    assert n_calls >= 1000
