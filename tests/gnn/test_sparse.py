"""Edges: sparse products and their gradients against dense arithmetic, the forms by hand, aggregation in blocks."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import nn

from skellagnn import TextGraph
from skellagnn.exceptions import InvalidParameterError
from skellagnn.gnn._sparse import EdgeIndex, SparseEdges, aggregate, edge_matrix, edges_for, make_edges


def rows(n_rows, n_columns, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=(n_rows, n_columns)), dtype=torch.float32)


def assert_close(actual, expected, tolerance=1e-5):
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


EMPTY = TextGraph.from_edges([], n_nodes=12).adjacency
WEIGHTED = TextGraph.from_edges(
    np.random.default_rng(0).integers(10, size=(30, 2)),
    weights=np.random.default_rng(1).uniform(0.2, 3, size=30),
    n_nodes=12,
).adjacency


# -- sparse products ---------------------------------------------------------------------------------------------


def random_matrix(seed=0, shape=(6, 6)):
    return sparse.csr_array(sparse.random(*shape, density=0.4, dtype=np.float32, random_state=seed))


@pytest.mark.parametrize("columns", [1, 4])
def test_product_and_gradient_are_those_of_dense_arithmetic(columns):
    matrix = random_matrix()
    product, dense = SparseEdges(matrix), torch.tensor(matrix.toarray())
    x = rows(6, columns).requires_grad_()
    twin = x.detach().clone().requires_grad_()

    (product(x).sin() * product(x * 2)).sum().backward()
    ((dense @ twin).sin() * (dense @ (twin * 2))).sum().backward()

    assert_close(product(x).detach(), (dense @ twin).detach(), 1e-6)
    assert_close(x.grad, twin.grad, 1e-5)
    assert x.grad.abs().max() > 0.1


def test_the_gradient_is_the_numeric_one():
    product = SparseEdges(random_matrix(1))
    x = rows(6, 3).double().requires_grad_()

    assert torch.autograd.gradcheck(product, (x,))
    assert_close(product.transpose.matrix().to_dense(), product.matrix().to_dense().T, 0)


def test_gradients_of_any_memory_layout():
    product = SparseEdges(random_matrix(2))
    x = rows(6, 3).requires_grad_()

    product(x).T.contiguous().pow(2).sum().backward()  # the gradient arrives transposed
    transposed = x.grad.clone()
    x.grad = None
    product(x).pow(2).sum().backward()
    assert_close(transposed, x.grad, 1e-6)

    x.grad = None
    product(x).sum().backward()  # ... or expanded from one number
    assert_close(x.grad, product.matrix().to_dense().sum(dim=0)[:, None].expand(6, 3), 1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(4, 4), (2, 5), (0, 3)])
def test_an_empty_matrix_says_nothing(shape, dtype):
    product = SparseEdges(sparse.csr_array(shape, dtype=np.float32))
    x = rows(shape[1], 2).to(dtype).requires_grad_()

    product(x).sum().backward()

    assert product(x).shape == (shape[0], 2)
    assert product(x).dtype == x.grad.dtype == dtype
    assert product(x).abs().sum() == 0
    assert x.grad.abs().sum() == 0


def test_rows_without_columns():
    assert SparseEdges(random_matrix(shape=(3, 5)))(torch.empty(5, 0)).shape == (3, 0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-6), (torch.bfloat16, 0.03)])
@pytest.mark.parametrize("shape", [(3, 8), (8, 3), (1, 5), (5, 1)])
def test_rectangular_matrices_in_each_precision(shape, dtype, tolerance):
    matrix = random_matrix(4, shape)
    product, dense = SparseEdges(matrix), torch.tensor(matrix.toarray())
    x = rows(shape[1], 4).to(dtype).requires_grad_()
    twin = x.detach().float().requires_grad_()
    weights = rows(shape[0], 4, seed=1)

    (product(x) * weights.to(dtype)).sum().backward()
    ((dense @ twin) * weights).sum().backward()

    assert (product.shape, product.n_out, product.transpose.shape) == (shape, shape[0], shape[::-1])
    assert product(x).dtype == x.grad.dtype == dtype
    assert_close(product(x).float(), dense @ twin, tolerance)
    assert_close(x.grad.float(), twin.grad, tolerance)
    assert twin.grad.abs().max() > 0.1


def test_long_indices_and_read_only_arrays_give_the_same():
    matrix = random_matrix(5)
    long = matrix.copy()
    long.indices, long.indptr = long.indices.astype(np.int64), long.indptr.astype(np.int64)
    for array in (long.data, long.indices, long.indptr):
        array.flags.writeable = False
    x = rows(6, 2)

    assert torch.equal(SparseEdges(long)(x), SparseEdges(matrix)(x))
    assert torch.equal(SparseEdges(long)(x.double()), SparseEdges(matrix)(x.double()))


def test_edges_of_a_batch_are_freed_with_their_transpose_as_soon_as_nobody_holds_them():
    product = SparseEdges(random_matrix())
    product(rows(6, 2).requires_grad_()).sum().backward()
    died = []
    weakref.finalize(product, died.append, "edges")
    weakref.finalize(product.transpose, died.append, "transpose")
    gc.disable()
    try:
        del product
        assert sorted(died) == ["edges", "transpose"]
    finally:
        gc.enable()


@pytest.mark.parametrize("make", [SparseEdges, EdgeIndex])
def test_the_first_rows_are_those_of_the_nodes_that_are_made(make):
    made = make(random_matrix(shape=(2, 5)))
    x = rows(5, 3)

    assert torch.equal(made.own(x), x[:2])
    assert torch.equal(made.own(x[:2]), x[:2])
    assert made.at(0) is made.at(3) is made


def test_edge_index_lists_sources_and_targets_in_the_order_of_the_targets():
    matrix = sparse.csr_array(np.array([[0, 2, 0, 5], [0, 0, 0, 0], [7, 0, 1, 0]], dtype=np.float32))

    made = EdgeIndex(matrix)

    assert made.index.tolist() == [[1, 3, 0, 2], [0, 0, 2, 2]]
    assert made.index.dtype == torch.int64
    assert (made.shape, made.n_out) == ((3, 4), 3)
    made.index += 1
    assert matrix.indices.tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize("form", ["mean", "symmetric", "sum", "edge_index"])
def test_rows_cut_out_of_a_form_are_rows_of_that_form(form):
    whole = edge_matrix(form, WEIGHTED)
    nodes = np.array([4, 0, 7])

    made = make_edges(form, whole[nodes])

    if form == "edge_index":
        coo = sparse.coo_array(WEIGHTED.toarray()[nodes])
        assert made.index.tolist() == [coo.col.tolist(), coo.row.tolist()]
    else:
        x = rows(WEIGHTED.shape[0], 3)
        assert_close(made(x), make_edges(form, whole)(x)[nodes], 1e-6)


# -- what a network gets -----------------------------------------------------------------------------------------


class Form(nn.Module):
    def __init__(self, form=None):
        super().__init__()
        if form is not None:
            self.edge_form = form


SMALL = TextGraph.from_edges([(0, 1), (2, 1), (1, 0)], weights=[1, 3, 2], directed=True, n_nodes=4).adjacency


def test_a_module_of_ones_own_gets_an_edge_index():
    edge_index = edges_for(Form(), SMALL)

    assert edge_index.dtype == torch.int64
    assert edge_index.tolist() == [[1, 0, 2], [0, 1, 1]]  # source row, target row
    assert torch.equal(edges_for(Form("edge_index"), SMALL), edge_index)
    edge_index += 1
    assert SMALL.indices.tolist() == [1, 0, 2]


def test_an_edge_index_of_no_edges():
    assert edges_for(Form(), EMPTY).shape == (2, 0)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("sum", [[0, 2, 0, 0], [1, 0, 3, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        ("mean", [[0, 1, 0, 0], [0.25, 0, 0.75, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        # row sums with the self-loop: 3, 5, 1, 1
        ("symmetric", [[1 / 3, 2 / 15**0.5, 0, 0], [1 / 15**0.5, 1 / 5, 3 / 5**0.5, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
    ],
)
def test_the_forms_by_hand(form, expected):
    edges = edges_for(Form(form), SMALL)

    assert_close(edges.matrix().to_dense(), torch.tensor(expected, dtype=torch.float32), 1e-6)


def test_no_edges_for_who_hears_from_nobody():
    assert edges_for(Form("none"), SMALL) is None


def test_a_form_that_is_none_of_these_is_refused():
    with pytest.raises(
        InvalidParameterError, match=r"`edge_form` is 'mean', .* or 'edge_index', got 'adjacency'\. Leave"
    ):
        edges_for(Form("adjacency"), SMALL)


def test_symmetric_edges_of_an_undirected_graph_are_symmetric():
    matrix = edges_for(Form("symmetric"), WEIGHTED).matrix().to_dense()

    assert_close(matrix, matrix.T, 1e-6)
    assert torch.linalg.eigvalsh(matrix.double()).abs().max() <= 1 + 1e-6


# -- aggregation of constant rows --------------------------------------------------------------------------------


def as_stored(kind, values, folder):
    """The same numbers (up to half precision) in the ways in which rows come in."""
    if kind == "float16":
        return values.astype(np.float16)
    if kind == "columns first":
        return np.asfortranarray(values)
    if kind in ("memmap", "float16 memmap", "read-only map as a plain array"):
        np.save(folder / "rows.npy", values.astype(np.float16) if "float16" in kind else values)
        mapped = np.load(folder / "rows.npy", mmap_mode="r")
        return np.asarray(mapped) if "plain" in kind else mapped
    values = values.copy()
    values.flags.writeable = kind != "read-only"
    return values


@pytest.mark.parametrize("block", [3, 5, 1 << 16])
@pytest.mark.parametrize(
    "kind",
    [
        "in memory",
        "read-only",
        "columns first",
        "float16",
        "memmap",
        "float16 memmap",
        "read-only map as a plain array",
    ],
)
def test_aggregation_is_the_dense_product(kind, block, tmp_path, monkeypatch):
    monkeypatch.setattr("skellagnn.gnn._sparse._BLOCK", block)
    matrix = random_matrix(6, (11, 7))
    matrix = sparse.csr_array(sparse.vstack([matrix, sparse.csr_array((4, 7), dtype=np.float32)]))  # an empty block
    values = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    stored = as_stored(kind, values, tmp_path)
    before = np.array(stored)

    product = aggregate(matrix, stored)

    assert product.dtype == np.float32
    expected = matrix.toarray() @ np.asarray(stored, dtype=np.float32)
    np.testing.assert_allclose(product, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(stored, before)
    assert np.abs(product - matrix.toarray() @ values).max() < (0.02 if "float16" in kind else 1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_aggregation_writes_where_it_is_told(dtype):
    matrix = random_matrix(7)
    values = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    out = np.full((6, 3), np.nan, dtype=dtype)

    assert aggregate(matrix, values, out) is out
    np.testing.assert_allclose(out, (matrix.toarray() @ values).astype(dtype), rtol=1e-3, atol=1e-3)


def test_aggregation_of_no_rows():
    assert aggregate(sparse.csr_array((0, 4), dtype=np.float32), np.ones((4, 2), dtype=np.float32)).shape == (0, 2)


@pytest.mark.parametrize("scale", [1e-45, 1e-41, 1e-38, 1.0, 1e30])
def test_a_mean_does_not_depend_on_the_scale_of_the_weights(scale):
    graph = TextGraph.from_edges([(0, 1), (2, 1), (0, 2)], weights=[scale, scale, scale], directed=True)
    with np.errstate(all="raise", under="ignore"):
        mean = edge_matrix("mean", graph.adjacency)

    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean.toarray(), [[0, 0, 0], [0.5, 0, 0.5], [1, 0, 0]], rtol=1e-6)
