"""The benchmarks of speed: each runs at its smallest, prints its table and its line, and counts as it says.

How fast anything is stands in no test.
"""

import importlib
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def script(monkeypatch):
    """Import a benchmark, or a module beside it, by its name; torch keeps to one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of child processes
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module
    torch.set_num_threads(threads)


def run(module, arguments, capsys):
    """Run a benchmark; return the rows of its table, header first, and its line of JSON."""
    with warnings.catch_warnings():
        # what PyTorch Geometric and scikit-network warn of is theirs
        warnings.simplefilter("ignore")
        module.main(arguments)
    lines = capsys.readouterr().out.splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert set("".join(table[1])) == {"-", ":"}
    assert {len(row) for row in table} == {len(table[0])}
    return [table[0], *table[2:]], json.loads(lines[-1])


@pytest.mark.slow
def test_training(script, capsys):
    module = script("training")

    table, line = run(
        module, ["--settings", "tiny", "--backbones", "sage", "gat", "--rounds", "2", "--no-memory"], capsys
    )

    assert table[0] == list(module.HEADER)
    assert line["benchmark"] == "training"
    assert line["versions"]["torch"]
    found = {(row["backbone"], row["contender"]): row for row in line["results"]}
    assert [(row[1], row[2]) for row in table[1:]] == list(found)
    assert {("sage", "skellagnn"), ("sage", "PyG, edge_index"), ("sage", "PyG, CSR")} <= set(found)
    assert ("gat", "scikit-network") not in found
    for row in found.values():
        assert len(row["seconds_an_epoch"]) == 2
        assert min(row["seconds_an_epoch"]) > 0
        assert row["n_epochs"] == 21
        assert np.mean(row["accuracy"]) > 0.5  # three classes
        assert min(row["fit_seconds"]) > 0


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is read from /proc")
def test_peak_memory_counts_what_is_held_and_given_back(script):
    before = script("measuring").PeakMemory()
    assert before.megabytes() < 20

    np.ones(50_000_000, dtype=np.uint8)  # 50 MB, gone at once

    assert 45 < before.megabytes() < 80


@pytest.mark.slow
def test_prediction(script, capsys):
    module = script("prediction")

    table, line = run(module, ["--settings", "tiny", "--backbones", "sage", "--rounds", "1", "--no-fresh"], capsys)

    assert table[0] == list(module.HEADER)
    assert [row["contender"] for row in line["results"]] == [row[2] for row in table[1:]]
    assert [row["n_nodes"] for row in line["results"]] == [60, 60, 3, 60, 60]
    assert all(row["seconds"][0] > 0 for row in line["results"])


@pytest.mark.slow
def test_import_time(script, capsys):
    table, line = run(script("import_time"), ["--repeats", "1"], capsys)

    assert [row[0] for row in table[1:]] == list(line["results"]["loaded"])
    assert table[1][3] == "-"
    assert "torch" in line["results"]["loaded"]["a first fit, 60 nodes"]
    assert line["results"]["seconds_beyond"]["numpy, sklearn"] == 0


# -- what the scripts count on ----------------------------------------------------------------------------------


def test_rounds_alternate(script):
    order = []
    contenders = {name: lambda i, name=name: order.append((name, i)) or i + 1.0 for name in "ab"}

    measured = script("measuring").in_turns(contenders, 3)

    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert measured == {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]}


def test_ratios_are_taken_round_by_round(script):
    measuring = script("measuring")

    ratio = measuring.times_faster([1.0, 2.0, 4.0], [3.0, 2.0, 20.0])

    assert (ratio.median, ratio.low, ratio.high) == (3.0, 1.0, 5.0)
    assert measuring.Goal(3).verdict(ratio) == "3x: met"
    assert measuring.Goal(3.1).verdict(ratio) == "3.1x: not met"


def test_generated_graphs_are_what_they_say(script):
    generated = script("generated")
    graph = generated.generate(generated.Size(400, 1_200, 4, 32), 5)
    half = generated.generate(generated.Size(400, 1_200, 4, 32), 0.5)
    source, target = graph.adjacency.tocoo().coords

    assert graph.adjacency.nnz == 2_400
    assert (graph.adjacency != graph.adjacency.T).nnz == 0
    assert not (source == target).any()
    assert (graph.classes[source] == graph.classes[target]).mean() == pytest.approx(0.8, abs=0.06)
    assert np.linalg.norm(graph.features, axis=1) == pytest.approx(1)
    assert np.bincount(graph.classes[graph.labeled]).tolist() == [5, 5, 5, 5]
    assert len(half.labeled) == 200
    assert np.array_equal(half.features, graph.features)
    assert sorted([*half.labeled, *half.unlabeled]) == list(range(400))


def test_contenders_have_networks_of_the_same_size(script):
    contenders, generated = script("contenders"), script("generated")
    graph = generated.generate(generated.Size(60, 120, 3, 16), 5)
    for backbone in contenders.BACKBONES:
        recipe = contenders.Recipe(backbone, 8)
        ours = contenders.make_contender("skellagnn", graph, recipe, 0).estimator(1)
        network = ours.fit(graph.text_graph(), graph.classes).network_
        theirs = contenders.pyg_model(graph, recipe, csr=False)
        assert sum(p.numel() for p in network.parameters()) == sum(p.numel() for p in theirs.parameters())


def test_tables(script, capsys):
    table, line = run(script("tables"), ["--tiny", "--splits", "2", "--encoder", "tfidf"], capsys)

    assert table[1][0] == "logistic regression"
    assert table[-1][0] == "ELLaGNNClassifier"
    assert table[-1][2] == ""  # the classifier learns from the soft labels as well
    found = {(row["model"], row["features"]): row["accuracy"] for row in line["results"]}
    assert len(found[("logistic regression", "with answers and soft labels")]) == 2
    assert all(np.mean(values) > 0.6 for values in found.values())  # three classes


def test_soft_labels_are_rows_of_their_own(script):
    tables = script("tables")

    class Augmenter:
        soft_labels_ = np.array([[0, 0], [0.6, 0.2], [0, 0.005]])
        classes_ = np.array([3, 7])

    rows, classes, weights = tables._with_soft_labels(np.array([0]), np.array([7, 3, 3]), Augmenter)

    assert rows.tolist() == [0, 1, 1]
    assert classes.tolist() == [7, 3, 7]
    assert weights.tolist() == [1, 0.6, 0.2]


def test_labels_are_drawn_by_class_and_the_others_tested(script):
    y = np.array([0, 1, 0, 1, -1, 0, 1])

    train, test = script("tables")._draw(y, 2, 0)

    assert np.bincount(y[train]).tolist() == [2, 2]
    assert sorted([*train, *test]) == [0, 1, 2, 3, 5, 6]


@pytest.mark.slow
def test_serving(script, capsys):
    pytest.importorskip("fastapi")

    script("serving").main(["--nodes", "100", "--requests", "6", "--threads", "2"])

    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows[2:]] == ["skellagnn", "PyG, whole graph", "PyG, k_hop_subgraph"]
    for row in rows[2:]:
        median, last = float(row[2]), float(row[3])
        assert 0 < median <= last
    assert rows[2][4] == "1.00"


@pytest.mark.slow
def test_long_life(script, capsys, monkeypatch):
    module = script("long_life")
    monkeypatch.setattr(module, "GROWTH_MIB", 1000.0)  # a test's process grows for other reasons

    assert module.main(["--fits", "4", "--nodes", "60"]) == 0

    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == ["fits", "threads", "forks", "interrupted"]
    assert all(": ok; " in line for line in said)


def test_long_life_sees_what_grows_and_what_differs(script):
    module = script("long_life")
    still = {"MiB": 100.0, "threads": 2.0, "files": 9.0, "children": 0.0}

    assert module.compare(still, still)[0] == ""
    assert module.compare(still, {**still, "MiB": 121.0, "files": 10.0})[0] == "grew: files, memory"
    data = module.make_text_graph(n_nodes=30, random_state=0)

    class Drifting:
        def __init__(self):
            self.data, self.n = data, 0

        def fit(self, clf=None):
            self.n += 1
            return np.full(3, self.n)

    assert module.fits(Drifting(), np.ones(3), 4)[0] == "a fit made another model"


@pytest.mark.slow
def test_explain(script, capsys):
    module = script("explain")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module.main(["--quick"])
    lines = capsys.readouterr().out.splitlines()
    line = json.loads(lines[-1])

    tables = "\n".join(lines)
    assert all(" | ".join(header[:1]) in tables for header in (module.HEADER, module.ANSWER_HEADER))
    found = {(row["part"], row["n_taken"], row["method"]): row for row in line["results"]["deletions"]}
    assert set(found) == {
        *(("links", k, by) for k in (1, 3) for by in ("explain", "GNNExplainer", "gradient x input", "random")),
        *(("words", k, by) for k in (1, 3, 5) for by in ("explain", "gradient x change", "random")),
    }
    for (part, k, _), row in found.items():
        assert len(row["falls"]) == 3
        if k == 1:  # nothing makes the probability fall further than what was measured to
            assert all(np.array(found[part, 1, "explain"]["falls"]) >= np.array(row["falls"]) - 1e-5)
    assert set(line["results"]["answers"]) == {"the teacher", "one fit"}
    assert all(len(values) == 20 for values in line["results"]["answers"].values())
