"""
Whom are we asking?
===================

Selections differ in the nodes they take: hubs or outsiders, easy or hard ones, all classes or one. Look before you pay:
a plan asks nothing.
"""

# %%
# A made-up graph with a few labels, and a model that was trained on these alone. It tells which nodes are hard.

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.inspection import SelectionDisplay

data = make_text_graph(400, 4, informativeness=0.2, homophily=0.7, random_state=0)
graph, truth = encode_graph(data.graph, "tfidf"), data.target
y = np.where(np.arange(len(truth)) % 20 == 0, truth, -1)  # one node in twenty has a label
clf = ELLaGNNClassifier(
    class_names=data.target_names, augmentation_ratio=40, encoder="tfidf", max_iter=50, random_state=0
).fit(graph, y)

# %%
# ``"pagerank"`` takes hubs, whose features reach many others. ``"margin"`` takes those between two classes.
# ``"clustering"`` spreads over all kinds of texts, and ``"clue"``, the default, spreads and leans to the hard ones.
# ``"random"`` is what the others have to beat.

display = SelectionDisplay.from_estimator(clf, graph, y, ["clue", "clustering", "margin", "pagerank", "random"])
for name, ranks in display.uncertainty_ranks.items():
    print(f"{name:10} rank by uncertainty {ranks.mean():.2f}, by edges {display.degree_ranks[name].mean():.2f}")

# %%
# The classes of the selected nodes need labels of all nodes, which only a made-up graph has.

names = np.array(data.target_names)[truth]
SelectionDisplay(graph, display.nodes, y=names, uncertainty=1 - clf.predict_proba(graph).max(axis=1)).plot()
plt.show()
