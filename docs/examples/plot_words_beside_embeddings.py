"""
Words beside embeddings
=======================

A sentence encoder knows that two texts mean the same. Word counts know that both say "Fourier". The default encoder is
both, side by side: ``"minilm+tfidf"``.
"""

# %%
# Some parts of scipy and numpy. To keep this short, only the first sentences of each docstring are read.

import tempfile
import warnings

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier, TextGraph, encode_graph
from skellagnn.datasets import load_api_reference
from skellagnn.encoders import EncoderUnion, SentenceBertEncoder, TfidfEncoder
from skellagnn.exceptions import LongTextWarning

data = load_api_reference()
fields = ["numpy.linalg", "scipy.linalg", "scipy.fft", "scipy.signal", "scipy.ndimage"]
nodes = np.flatnonzero(np.isin(data.target, [data.target_names.index(field) for field in fields]))
full, y = data.graph.subgraph(nodes), data.target[nodes]
graph = TextGraph(full.adjacency, [text[:250] for text in full.texts], node_names=full.node_names)
print(graph)

# %%
# Each encoder makes the features once, and the same classifier reads them: four splits with three labels a class.

minilm = SentenceBertEncoder(max_tokens=32, long_texts="cut")
encoders = {
    "words (tfidf)": TfidfEncoder(),
    "sentences (minilm)": minilm,
    "both": EncoderUnion([("minilm", minilm), ("tfidf", TfidfEncoder())]),
}
memory = tempfile.TemporaryDirectory()  # keeps what MiniLM makes of the texts, for "both"
scores = {}
for name, encoder in encoders.items():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LongTextWarning)
        encoded = encode_graph(graph, encoder, memory=memory.name)
    clf = ELLaGNNClassifier(encoder=None, hidden_channels=32, max_iter=60, random_state=0)
    scores[name] = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        train = np.concatenate([rng.permutation(np.flatnonzero(y == label))[:3] for label in np.unique(y)])
        test = np.setdiff1d(np.arange(len(y)), train)
        scores[name].append(clf.fit(encoded[train], y[train]).score(encoded[test], y[test]))
    print(f"{name:20} {np.mean(scores[name]):.3f}, {encoded.features.shape[1]} columns")
memory.cleanup()

# %%
# Which one is best depends on the texts. Technical terms and names favor words, paraphrases favor sentences.

figure, ax = plt.subplots(figsize=(5.2, 2.6), layout="constrained")
for row, values in enumerate(scores.values()):
    ax.plot(values, [row] * len(values), "o", color="lightgray")
    ax.plot(np.mean(values), row, "D", color="#0072b2")
ax.set_yticks(range(len(scores)), list(scores))
ax.set_ylim(len(scores) - 0.5, -0.5)
ax.set_xlabel("accuracy: splits, and their mean")
plt.show()
