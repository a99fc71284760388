"""Graphs from anything: an error of this package, or exactly the edges that were given."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from skellagnn import TextGraph
from skellagnn.exceptions import SkellagnnError

EXAMPLES = [100, pytest.param(5_000, marks=pytest.mark.fuzz)]


def bounded(n_examples):
    return settings(
        max_examples=n_examples,
        derandomize=n_examples < 1000,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def names_one_of(error, *words):
    assert any(word in str(error) for word in words), error


BIG = 2**53
IDS = st.sampled_from([1, 2, 3, BIG, BIG + 1, BIG + 2, 2**63 - 1, -1, 1.0, 2.5, float(BIG), "1", "a", "", None, np.nan])
DTYPES = st.sampled_from([None, object, "int64", "float64", "float32", "uint64", "str", "Int64", "category"])


def exact(value):
    """The id that a value stands for, or None if nobody can tell."""
    if isinstance(value, (float, np.floating)):
        whole = math.isfinite(value) and float(value).is_integer()
        return int(value) if whole else value
    return value


@pytest.mark.parametrize("n_examples", EXAMPLES)
def test_every_edge_of_a_table_joins_the_nodes_that_it_names(n_examples):
    @bounded(n_examples)
    @given(
        st.lists(IDS, min_size=1, max_size=5, unique_by=repr), st.lists(st.tuples(IDS, IDS), max_size=4), DTYPES, DTYPES
    )
    def check(ids, pairs, id_dtype, end_dtype):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pandas, about casts
                nodes = pd.DataFrame({"id": pd.Series(ids, dtype=id_dtype)})
                ends = [pd.Series([pair[side] for pair in pairs], dtype=end_dtype) for side in (0, 1)]
                edges = pd.DataFrame({"source": ends[0], "target": ends[1]})
        except (ValueError, TypeError, OverflowError):
            return
        try:
            graph = TextGraph.from_pandas(nodes, edges, node_id="id", text=None, directed=True)
        except SkellagnnError as error:
            names_one_of(error, "`nodes`", "`edges`", "node_names")
            return
        # what the user wrote, before pandas made a column of it; as text it is what pandas wrote
        written = [nodes["id"].tolist() if id_dtype == "str" else ids]
        for side, column in enumerate(ends):
            written.append(column.tolist() if end_dtype == "str" else [pair[side] for pair in pairs])
        names, sources, targets = ([str(exact(value)) for value in values] for values in written)
        wanted = set()
        for source, target in zip(sources, targets, strict=True):
            assert names.count(source) == names.count(target) == 1, "an edge to nobody, or to several, must be refused"
            if source != target:
                wanted.add((names.index(target), names.index(source)))
        assert {(int(row), int(column)) for row, column in zip(*graph.adjacency.nonzero(), strict=True)} == wanted
        assert list(graph.node_names) == names

    check()


ENTRIES = st.sampled_from([0, 1, 2, -1, 3.0, 2**62, True, None, np.nan, np.inf, "0", b"0", 1j, [], (0, 1), {}])
ODD = st.one_of(
    ENTRIES,
    st.lists(ENTRIES, max_size=3),
    st.lists(st.tuples(ENTRIES, ENTRIES), max_size=3),
    st.lists(st.lists(ENTRIES, max_size=3), max_size=3),
    st.sampled_from(
        [{(0, 1)}, iter([(0, 1)]), range(2), "ab", np.ma.array([0, 1], mask=[0, 1]), sparse.csr_array(np.eye(2))]
    ),
    st.builds(
        lambda shape, dtype: np.zeros(shape, dtype=dtype),
        st.sampled_from([(), (0,), (2,), (2, 2), (0, 2), (2, 0), (2, 1), (1, 2, 2)]),
        st.sampled_from(["i8", "u1", "f4", "f2", "?", "c8", "O", "U1", "S1", "M8[D]", "m8[s]", [("a", "i4")]]),
    ),
)


@pytest.mark.filterwarnings("ignore")  # of numpy, about what an odd list becomes
@pytest.mark.parametrize("n_examples", EXAMPLES)
def test_arguments_of_any_kind_make_a_whole_graph_or_an_error(n_examples):
    names = ["edges", "texts", "features", "titles", "node_names", "weights", "directed", "n_nodes"]

    @bounded(n_examples)
    @given(st.dictionaries(st.sampled_from(names), ODD, min_size=1, max_size=3), st.booleans())
    def check(odd, is_named):
        usual = {"edges": [("a", "b")], "node_names": ["a", "b"]} if is_named else {"edges": [(0, 1)], "n_nodes": 2}
        try:
            graph = TextGraph.from_edges(**{**usual, **odd})
        except SkellagnnError as error:
            names_one_of(error, *names)
            return
        matrix = graph.adjacency
        matrix.check_format()
        assert graph.n_nodes < 10**6
        assert matrix.data.dtype == np.float32
        assert (matrix.data > 0).all()
        assert np.isfinite(matrix.data).all()
        assert graph.is_directed or (matrix != matrix.T).nnz == 0
        for part in (graph.texts, graph.titles, graph.node_names, graph.features):
            assert part is None or len(part) == graph.n_nodes

    check()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n_examples", EXAMPLES)
def test_keys_of_any_kind_make_a_view_or_an_error(n_examples):
    graph = TextGraph.from_edges([(0, 1), (1, 2)], texts=["a", "b", "c"])

    @bounded(n_examples)
    @given(ODD)
    def check(key):
        for use in (graph.__getitem__, graph.subgraph):
            try:
                view = use(key)
            except SkellagnnError:
                continue
            assert isinstance(view, int) or set(view.texts) <= {"a", "b", "c"}

    check()
