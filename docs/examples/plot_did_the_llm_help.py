"""
Did the LLM help?
=================

Compare three arms on the same splits: a plain graph neural network, the same training without an LLM, and with one.
Then look at the *differences* split by split: two arms can differ by less than splits do.
"""

# %%
# The graph is the documentation of some parts of scipy, numpy and scikit-learn. Texts are docstrings, edges are *See
# Also* references, classes are the subpackages. A language model was asked about some of the functions, and its answers
# were recorded. It surely knows these packages by heart: take the gain as a demonstration, not as a forecast.

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import PAPER_SETTINGS, ELLaGNNClassifier, ReplayEnhancer, encode_graph
from skellagnn.datasets import load_api_reference

data = load_api_reference(drop_sections=("See Also", "Examples", "Notes", "References", "Parameters", "Returns"))
fields = ["numpy.linalg", "scipy.linalg", "scipy.sparse", "scipy.signal", "scipy.fft", "scipy.fftpack", "scipy.ndimage"]
labels = [data.target_names.index(field) for field in fields]
nodes = np.flatnonzero(np.isin(data.target, labels))
graph, y = encode_graph(data.graph.subgraph(nodes), "tfidf"), data.target[nodes]
print(graph)

# %%
# Answers exist for some nodes only, so the LLM is asked about those: ``candidates``. The first arm is the baseline that
# most comparisons stop at. The second one is fairer: it has everything but the answers.

llm = ReplayEnhancer(data.answers_path)
recorded = np.flatnonzero(np.isin(list(graph.node_names), sorted(llm.recorded_nodes)))
common = {"encoder": "tfidf", "hidden_channels": 32, "max_iter": 60, "random_state": 0}
arms = {
    "plain network": ELLaGNNClassifier(**common, **PAPER_SETTINGS),
    "same training, no LLM": ELLaGNNClassifier(**common),
    "with the LLM": ELLaGNNClassifier(
        llm, augmentation_ratio=40, candidates=recorded, class_names=dict(enumerate(data.target_names)), **common
    ),
}

# %%
# Two labels a class, five random splits.

scores = {name: [] for name in arms}
for seed in range(5):
    rng = np.random.default_rng(seed)
    train = np.concatenate([rng.permutation(np.flatnonzero(y == label))[:2] for label in np.unique(y)])
    test = np.setdiff1d(np.arange(len(y)), train)
    for name, clf in arms.items():
        scores[name].append(clf.fit(graph[train], y[train]).score(graph[test], y[test]))

fair = np.array(scores["same training, no LLM"])
for name, values in scores.items():
    paired = np.array(values) - fair
    error = paired.std(ddof=1) / np.sqrt(len(paired))
    print(f"{name:22} {np.mean(values):.3f}   beside the second arm {paired.mean():+.3f} ± {error:.3f}")

# %%
# Each gray line is one split. If most of them rise to the right, the LLM helped.

figure, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
table = np.array(list(scores.values()))
ax.plot(table, color="lightgray")
ax.plot(table.mean(axis=1), "o-", color="#0072b2", label="mean over the splits")
ax.set_xticks(range(len(arms)), [name.replace(" ", "\n", 1) for name in arms])
ax.set_ylabel("accuracy")
ax.legend(frameon=False)
plt.show()
