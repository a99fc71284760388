"""
Deploy without the LLM
======================

The LLM is a teacher, not a part of the model. What is saved are some hundred kilobytes of arrays and JSON, and the
machine that predicts needs no LLM, no key and no network.
"""

# %%
# Train, with answers.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier, ReplayEnhancer
from skellagnn.datasets import make_text_graph
from skellagnn.inspection import GraphDisplay

data = make_text_graph(200, informativeness=0.2, homophily=0.8, labeled_fraction=0.2, random_state=0)
known = data.target >= 0
clf = ELLaGNNClassifier(
    ReplayEnhancer(data.answers), class_names=data.target_names, encoder="tfidf", max_iter=60, random_state=0
).fit(data.graph[known], data.target[known])

# %%
# Save, and load: in another process, on another machine. What is left of the LLM is its name.

with tempfile.TemporaryDirectory() as folder:
    clf.save(folder)
    for file in sorted(Path(folder).iterdir()):
        print(f"{file.name:20} {file.stat().st_size / 1000:6.0f} kB")
    loaded = ELLaGNNClassifier.load(folder)
print(loaded.enhancer)
print("same probabilities:", np.array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph)))

# %%
# A new text arrives, with a link to an old one. It is a node of a grown graph, and no question is asked about it.

grown = data.graph.add_nodes(texts=[data.graph.texts[7]], edges=[(200, 7)])
print(
    "new node:", data.target_names[loaded.predict(grown)[-1]], "- its neighbor:", data.target_names[data.true_target[7]]
)

# %%
# The loaded model draws what it predicts, and knows who was asked about in training.

GraphDisplay.from_estimator(loaded, data.graph, data.true_target).plot()
plt.show()
