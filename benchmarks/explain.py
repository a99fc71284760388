"""Are explanations faithful? The reasons that are named first are taken away, and the model predicts anew.

    python benchmarks/explain.py [DATA --data cora] [--nodes 30] [--seeds 4] [--quick]

How far the probability of the predicted class falls when the first links, or words, are taken out of the graph:
by ``skellagnn.inspection.explain``, by GNNExplainer of PyTorch Geometric (its edge mask, on a network with the same
weights), by gradient times input, and at random. With one link or word ours is the best there can be, since it measures
just that; with several it need not be.

Answers: leave one out of the teacher, or of one fit, and compare what that says of nodes (the fall of the logarithm of
the probability) with the mean over fits of further seeds: rank correlation over the answers, mean over nodes.

The graph is generated; DATA is a folder of data folders (see ``skellagnn.datasets.load_folder``), of which ``--data``
is taken, too. Prints Markdown tables and then the same as one line of JSON.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import markdown, report
from numpy.typing import NDArray
from scipy.stats import spearmanr

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, TextGraph
from skellagnn.datasets import load_folder, make_text_graph
from skellagnn.encoders._encode import encode_texts
from skellagnn.inspection import Explanation, explain
from skellagnn.inspection._explain import _cut, _without_links
from skellagnn.inspection._explained_model import ExplainedModel
from skellagnn.inspection._trained_on import Training
from skellagnn.neighborhood import rank_neighbors

PACKAGES = ("skellagnn", "torch", "torch-geometric", "scikit-learn", "numpy")
HEADER = ("graph", "taken away", "how many", "named by", "fall of the probability", "class changes", "nodes")
ANSWER_HEADER = ("left out of", "rank correlation with the mean of many fits", "nodes")
LINKS, WORDS = (1, 3), (1, 3, 5)
# As many links, and words, as are taken away, and some more, or there is nothing to choose.
FEWEST_LINKS, FEWEST_WORDS = 5, 8


@dataclass(frozen=True)
class Result:
    """A line of the table: falls of the probability, a node each."""

    graph: str
    part: str
    n_taken: int
    method: str
    falls: tuple[float, ...]
    changes: float


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, metavar="DATA")
    parser.add_argument("--data", nargs="*", default=["cora"])
    parser.add_argument("--nodes", type=int, default=30, help="nodes that are explained")
    parser.add_argument("--seeds", type=int, default=4, help="fits that an answer is left out of, each with its seed")
    parser.add_argument("--quick", action="store_true", help="seconds: whether the script works")
    options = parser.parse_args(arguments)
    n_nodes, n_explained, n_seeds = (90, 3, 2) if options.quick else (400, options.nodes, options.seeds)
    epochs = 5 if options.quick else 60

    data = make_text_graph(n_nodes=n_nodes, n_classes=4, informativeness=0.4, random_state=0)
    graphs = {"generated": (data.graph, data.target)}
    for name in options.data if options.folder is not None else ():
        loaded = load_folder(options.folder / name)
        graphs[name] = (loaded.graph.with_features(None), loaded.target)
    answers = compare_answers(data, n_seeds, epochs, 20)
    told = [(name, _mean(values), str(len(values))) for name, values in answers.items()]
    print(markdown(ANSWER_HEADER, told), end="\n\n", flush=True)
    results = []
    for name, (graph, y) in graphs.items():
        results += deletions(name, graph, y, n_explained, epochs)
        print(f"{name}: {n_explained} nodes explained", file=sys.stderr, flush=True)
    rows = [
        (one.graph, one.part, str(one.n_taken), one.method, _mean(one.falls), f"{one.changes:.0%}", str(len(one.falls)))
        for one in results
    ]
    settings = {"nodes": n_explained, "seeds": n_seeds, "epochs": epochs}
    report("explain", HEADER, rows, {"deletions": results, "answers": answers}, packages=PACKAGES, settings=settings)


def _mean(values: Sequence[float]) -> str:
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return f"{np.mean(values):.3f} ({error:.3f})"


# -- links and words --------------------------------------------------------------------------------------------------


def deletions(name: str, graph: TextGraph, y: NDArray[np.int64], n_nodes: int, epochs: int) -> list[Result]:
    """Take links and words away that each method names first; the falls are those of the same nodes for all methods."""
    rng = np.random.default_rng(0)
    train = np.concatenate([rng.permutation(np.flatnonzero(y == each))[:10] for each in np.unique(y[y >= 0])])
    clf = ELLaGNNClassifier(encoder="tfidf", max_iter=epochs, early_stopping=False, random_state=0)
    clf.fit(graph._with(targets=train), y[train])
    falls: dict[tuple[str, int, str], list[tuple[float, bool]]] = {}
    done = 0
    for node in rng.permutation(np.setdiff1d(np.arange(graph.n_nodes), train)).tolist():
        why = explain(clf, graph, node)
        if len(why.neighbors) < FEWEST_LINKS or len(why.words) < FEWEST_WORDS:
            continue
        one = Deletion(clf, graph, why)
        for part, counts, methods, take in (
            ("links", LINKS, one.link_scores(rng), one.without_links),
            ("words", WORDS, one.word_scores(rng), one.without_words),
        ):
            for method, scores in methods.items():
                order = np.argsort(-scores, kind="stable")
                for k in counts:
                    falls.setdefault((part, k, method), []).append(take(order[:k]))
        done += 1
        if done == n_nodes:
            break
    return [
        Result(name, part, k, method, tuple(fall for fall, _ in found), float(np.mean([new for _, new in found])))
        for (part, k, method), found in sorted(falls.items(), key=lambda item: (item[0][0], item[0][1]))
    ]


class Deletion:
    """One node, the scores that each method gives its links and words, and what the model says without some."""

    def __init__(self, clf: Any, graph: TextGraph, why: Explanation) -> None:
        self.model = ExplainedModel(clf, graph, why.node, None)
        self.why = why
        local = {int(number): place for place, number in enumerate(self.model.numbers)}
        self.links = np.array([local[record["node"]] for record in why.neighbors])

    def without_links(self, places: NDArray[np.int64]) -> tuple[float, bool]:
        model = self.model
        cut = _without_links(model.graph.adjacency, self.links[places], model.target, not model.whole.is_directed)
        return self._fall(model.predict(cut))

    def without_words(self, places: NDArray[np.int64]) -> tuple[float, bool]:
        spans = sorted(span for place in places.tolist() for span in self.why.words[place]["spans"])
        return self._fall(self.model.predict(own=self._encode([_cut(self.why.text, spans)])[0]))

    def _fall(self, left: NDArray[np.float64]) -> tuple[float, bool]:
        model = self.model
        return float(model.probabilities[model.at] - left[model.at]), bool(left.argmax() != model.at)

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        return encode_texts(self.model.encoder, texts, n_features=self.model.clf.n_features_in_)

    def link_scores(self, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
        network, x, edges = pyg_twin(self.model)
        x = x.clone().requires_grad_()
        score = network(x, edges)[self.model.target].log_softmax(0)[self.model.at]
        (gradient,) = torch.autograd.grad(score, x)
        product = (gradient * x).sum(dim=1).detach().numpy()
        return {
            "explain": np.array([record["push"] for record in self.why.neighbors]),
            "GNNExplainer": gnn_explainer(network, x.detach(), edges, self.model.target)[self.links],
            "gradient x input": product[self.links],
            "random": rng.random(len(self.links)),
        }

    def word_scores(self, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
        network, x, edges = pyg_twin(self.model)
        x = x.clone().requires_grad_()
        score = network(x, edges)[self.model.target].log_softmax(0)[self.model.at]
        (gradient,) = torch.autograd.grad(score, x)
        variants = [self.why.text, *(_cut(self.why.text, record["spans"]) for record in self.why.words)]
        vectors = self._encode(variants)
        change = (vectors[0] - vectors[1:]) @ gradient[self.model.target].numpy()
        return {
            "explain": np.array([record["push"] for record in self.why.words]),
            "gradient x change": change.astype(np.float64),
            "random": rng.random(len(self.why.words)),
        }


def pyg_twin(model: Any) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """Return PyTorch Geometric's GraphSAGE with the weights of the model's network, and what it reads."""
    from torch_geometric.nn import GraphSAGE

    network = model.clf.network_
    first, last = network.layers[0].lin_l, network.layers[-1].lin_l
    twin = GraphSAGE(first.in_features, first.out_features, len(network.layers), last.out_features)
    twin.load_state_dict({name.replace("layers.", "convs."): value for name, value in network.state_dict().items()})
    ranked = rank_neighbors(model.graph.adjacency, model.embeddings, model.clf._n_neighbors).tocoo()
    target, source = ranked.coords
    edges = torch.tensor(np.stack([source, target]).astype(np.int64))
    x = torch.tensor(np.asarray(model.embeddings, dtype=np.float32))
    with torch.no_grad():
        probabilities = twin.eval()(x, edges)[model.target].softmax(0).numpy()
    np.testing.assert_allclose(probabilities, model.probabilities, atol=1e-4)
    return twin, x, edges


def gnn_explainer(network: Any, x: torch.Tensor, edges: torch.Tensor, node: int) -> NDArray[np.float64]:
    """Return the mask of GNNExplainer over the edges into a node, by source."""
    from torch_geometric.explain import Explainer, GNNExplainer

    torch.manual_seed(0)
    explainer = Explainer(
        network,
        algorithm=GNNExplainer(epochs=100),
        explanation_type="model",
        edge_mask_type="object",
        model_config={"mode": "multiclass_classification", "task_level": "node", "return_type": "raw"},
    )
    mask = explainer(x, edges, index=node).edge_mask.numpy()
    scores = np.zeros(len(x))
    into = edges[1].numpy() == node
    scores[edges[0].numpy()[into]] = mask[into]
    return scores


# -- answers ----------------------------------------------------------------------------------------------------------


def compare_answers(data: Any, n_seeds: int, epochs: int, n_nodes: int) -> dict[str, list[float]]:
    """Compare what leaving an answer out of the teacher, and of one fit, says with the mean of fits of other seeds."""
    y = data.target
    rng = np.random.default_rng(0)
    train = np.concatenate([rng.permutation(np.flatnonzero(y == each))[:2] for each in np.unique(y)])
    clf = ELLaGNNClassifier(
        ReplayEnhancer(data.answers),
        augmentation_ratio=14,
        class_names=data.target_names,
        encoder="tfidf",
        max_iter=epochs,
        early_stopping=False,
        random_state=0,
        store=None,
    )
    training = data.graph._with(targets=train), y[train]
    clf.fit(*training)
    nodes = rng.permutation(np.setdiff1d(np.arange(len(y)), train))[:n_nodes]
    at = clf.predict_proba(data.graph)[nodes].argmax(axis=1)
    own = np.arange(len(nodes))
    past = Training(ExplainedModel(clf, data.graph, int(nodes[0]), None), training, [])
    everything = data.graph._with(targets=nodes)

    def falls(say: Callable[[NDArray[np.int64]], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return by how much the logarithm of the probability falls, shape (n_answers, n_nodes)."""
        full = np.log(say(np.empty(0, dtype=np.int64)))[own, at]
        return np.array([full - np.log(say(np.array([node])))[own, at] for node in past.asked])

    def fitted(seed: int) -> Callable[[NDArray[np.int64]], NDArray[np.float64]]:
        past.model.clf = ELLaGNNClassifier(**{**clf.get_params(deep=False), "random_state": seed})
        past.model.clf.__dict__.update({name: value for name, value in vars(clf).items() if name.endswith("_")})
        return lambda without: np.asarray(past.fitted_without(without).predict_proba(everything))

    taught = falls(lambda without: past.teacher_without(without)[nodes])
    fits = np.array([falls(fitted(seed)) for seed in range(n_seeds + 1)])
    mean = fits[1:].mean(axis=0)

    def agreement(other: NDArray[np.float64]) -> list[float]:
        return [float(spearmanr(other[:, place], mean[:, place]).statistic) for place in range(len(nodes))]

    return {"the teacher": agreement(taught), "one fit": agreement(fits[0])}


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message=".torch.jit.script. is")
    main()
