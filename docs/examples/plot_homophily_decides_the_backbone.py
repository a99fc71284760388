"""
Homophily decides the backbone
==============================

Homophily is the share of edges that join nodes of one class. If it is high, neighbors are a hint and any backbone gains
from them. If it is low, averaging a node with its neighbors blurs it: take a backbone that keeps the node apart.
"""

# %%
# Measure it first, on the labels you have.

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier, encode_graph
from skellagnn.datasets import edge_homophily, make_text_graph

train, test = np.arange(0, 300, 5), np.setdiff1d(np.arange(300), np.arange(0, 300, 5))
backbones = ["mlp", "gcn", "sage"]
levels = [0.1, 0.33, 0.6, 0.9]
scores = np.zeros((len(backbones), len(levels)))
for column, level in enumerate(levels):
    data = make_text_graph(300, homophily=level, informativeness=0.2, random_state=0)
    graph, y = encode_graph(data.graph, "tfidf"), data.target
    print(f"homophily {edge_homophily(graph, y):.2f}:", end=" ")
    for row, backbone in enumerate(backbones):
        # without the teacher, which mixes neighbors in on its own
        clf = ELLaGNNClassifier(
            backbone=backbone, teacher=None, encoder="tfidf", hidden_channels=32, max_iter=60, random_state=0
        )
        scores[row, column] = clf.fit(graph[train], y[train]).score(graph[test], y[test])
        print(f"{backbone} {scores[row, column]:.2f}", end="  ")
    print()

# %%
# ``"mlp"`` looks at no edges, and does not care. ``"gcn"`` averages a node with its neighbors. ``"sage"``, the default,
# reads the node beside its neighbors. With three classes, a third of the edges would join one class by chance.

figure, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
for backbone, row in zip(backbones, scores, strict=True):
    ax.plot(levels, row, "o-", label=backbone)
ax.axvline(1 / 3, color="gray", linestyle=":")
ax.annotate(" by chance", (1 / 3, scores.min()), color="gray")
ax.set(xlabel="homophily", ylabel="accuracy")
ax.legend(frameon=False)
plt.show()
