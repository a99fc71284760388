"""
No labels at all
================

You know the names of the classes and have not labeled a single text. Ask an LLM about a part of the nodes, and let the
network carry what it says to all the others.
"""

# %%
# Four parts of scipy, with recorded answers about some of their functions. Labels are in here, too: we look at them
# afterwards only, to see how well it went.

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, encode_graph
from skellagnn.datasets import load_api_reference
from skellagnn.inspection import GraphDisplay

data = load_api_reference(drop_sections=("See Also", "Examples", "Notes", "References"))
fields = ["scipy.linalg", "scipy.signal", "scipy.ndimage", "scipy.fft"]
nodes = np.flatnonzero(np.isin(data.target, [data.target_names.index(field) for field in fields]))
graph = encode_graph(data.graph.subgraph(nodes), "tfidf")
truth = np.array(data.target_names)[data.target[nodes]]

# %%
# ``fit(graph)`` gets no labels. The prompt ``"topic"`` names classes, and ``class_names`` says which there are.

llm = ReplayEnhancer(data.answers_path)
recorded = np.flatnonzero(np.isin(list(graph.node_names), sorted(llm.recorded_nodes)))
clf = ELLaGNNClassifier(
    llm,
    augmentation_ratio=50,
    candidates=recorded,
    selection="clustering",
    class_names=fields,
    encoder="tfidf",
    max_iter=60,
    random_state=0,
)
clf.fit(graph)
predicted = clf.predict(graph)
asked = np.isin(np.arange(len(truth)), clf.queried_nodes_)
print(f"asked about {asked.sum()} of {len(truth)} nodes")
print(f"right about the others: {np.mean(predicted[~asked] == truth[~asked]):.0%}")
print(f"the largest class:      {np.unique(truth[~asked], return_counts=True)[1].max() / np.sum(~asked):.0%} of them")

# %%
# The map places functions with similar embeddings near each other. Black rings were asked about, red crosses are wrong.

GraphDisplay.from_estimator(clf, graph, truth, layout="tsne").plot()
plt.show()
