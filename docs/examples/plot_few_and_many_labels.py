"""
Few and many labels
===================

An answer of an LLM stands for a label. That is worth a lot where labels are few, and little where they are many.
"""

# %%
# The same graph with two to thirty labels a class, without and with an LLM that is asked about 60 of 360 nodes.

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.inspection import CostCurveDisplay

data = make_text_graph(360, 3, informativeness=0.12, homophily=0.65, answer_accuracy=0.9, random_state=0)
graph, y = encode_graph(data.graph, "tfidf"), data.target
common = {"encoder": "tfidf", "hidden_channels": 32, "max_iter": 40, "random_state": 0}
arms = {
    "no LLM": ELLaGNNClassifier(**common),
    "60 answers": ELLaGNNClassifier(
        ReplayEnhancer(data.answers), augmentation_ratio=60, class_names=data.target_names, **common
    ),
}
n_labels, n_splits = [2, 5, 10, 30], 2
scores = np.zeros((len(arms), len(n_labels), n_splits))
for split in range(n_splits):
    order = np.random.default_rng(split).permutation(360)
    by_class = [order[y[order] == label] for label in range(3)]
    test = np.concatenate([members[-60:] for members in by_class])  # the same for all
    for column, n in enumerate(n_labels):
        train = np.concatenate([members[:n] for members in by_class])
        for row, clf in enumerate(arms.values()):
            scores[row, column, split] = clf.fit(graph[train], y[train]).score(graph[test], y[test])

# %%
# A display takes plain numbers, too. The bars are standard errors over two splits.

errors = scores.std(axis=2, ddof=1) / np.sqrt(n_splits)
CostCurveDisplay(n_labels, scores.mean(axis=2), errors, lines=list(arms), value_name="labels a class").plot()
plt.show()
