"""
Explain a prediction
====================

Why does the model say that? Leave out each link, each word and each answer in turn, and see what it says then. What
changes the prediction is what it hangs on.
"""

# %%
# Some parts of scipy, with ten labels each and recorded answers of a language model about some functions.

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier, ReplayEnhancer
from skellagnn.datasets import load_api_reference
from skellagnn.inspection import explain

data = load_api_reference(drop_sections=("See Also", "Examples", "Notes", "References", "Parameters", "Returns"))
fields = ["scipy.linalg", "scipy.signal", "scipy.ndimage", "scipy.fft"]
nodes = np.flatnonzero(np.isin(data.target, [data.target_names.index(field) for field in fields]))
graph, y = data.graph.subgraph(nodes), np.array(data.target_names)[data.target[nodes]]

llm = ReplayEnhancer(data.answers_path)
recorded = np.flatnonzero(np.isin(list(graph.node_names), sorted(llm.recorded_nodes)))
rng = np.random.default_rng(0)
train = np.concatenate([rng.permutation(np.flatnonzero(y == field))[:10] for field in fields])
clf = ELLaGNNClassifier(
    llm,
    augmentation_ratio=20,
    candidates=recorded,
    class_names=fields,
    encoder="tfidf",
    hidden_channels=32,
    max_iter=60,
    random_state=0,
).fit(graph[train], y[train])

# %%
# A prediction that is wrong, and surest of it: the most interesting kind.

probabilities = clf.predict_proba(graph)
wrong = np.flatnonzero(clf.classes_[probabilities.argmax(axis=1)] != y)
node = int(wrong[probabilities[wrong].max(axis=1).argmax()])
print(f"{graph.name_of(node)} is of {y[node]}")
print("\n".join(graph.texts[node].splitlines()[:3]))

# %%
# ``push`` is how much the probability of the predicted class falls without it. Above 0 it speaks for the class.

explanation = explain(clf, graph, node, training=(graph[train], y[train]), max_words=30, max_answers=10)
print(explanation)

# %%
# The words of the text say filter, which both subpackages do. Look at what its links say.

explanation.plot()
plt.title(f"Why {explanation.label}?", fontsize="medium")
plt.show()
