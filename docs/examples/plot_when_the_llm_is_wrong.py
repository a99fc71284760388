"""
When the LLM is wrong
=====================

Every fit estimates how far it can trust the answers (``reliability_``): it compares them with the labels it has, and
with what labels say of similar nodes. Answers that are wrong too often lose their weight.
"""

# %%
# One graph, and LLMs of all qualities, from guessing among four classes to always right.

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, encode_graph
from skellagnn.datasets import make_text_graph

qualities = [0.25, 0.4, 0.55, 0.7, 0.85, 1.0]
found, gains = [], []
for quality in qualities:
    data = make_text_graph(300, 4, informativeness=0.15, homophily=0.7, answer_accuracy=quality, random_state=0)
    graph, y = encode_graph(data.graph, "tfidf"), data.target
    train, test = np.arange(0, 300, 10), np.setdiff1d(np.arange(300), np.arange(0, 300, 10))
    common = {"encoder": "tfidf", "hidden_channels": 32, "max_iter": 50, "random_state": 0}
    without = ELLaGNNClassifier(**common).fit(graph[train], y[train])
    clf = ELLaGNNClassifier(
        ReplayEnhancer(data.answers), augmentation_ratio=0.25, class_names=data.target_names, **common
    )
    clf.fit(graph[train], y[train])
    found.append(clf.reliability_)
    gains.append(clf.score(graph[test], y[test]) - without.score(graph[test], y[test]))
    print(f"LLM right {quality:.0%}: reliability found {found[-1]:.2f}, accuracy {gains[-1]:+.3f}")

# %%
# The estimate follows the truth. It is careful: thirty labels cannot tell a good LLM from a perfect one. An LLM that
# guesses brings nothing and costs a little. Each point is one fit: trust the trend more than the points.

figure, (trust, gain) = plt.subplots(2, 1, figsize=(5.2, 5.2), sharex=True, layout="constrained")
trust.plot(qualities, found, "o-", color="#0072b2")
trust.plot([0, 1], [0, 1], ":", color="gray")
trust.set(ylabel="reliability found", ylim=(0, 1), xlim=(0.2, 1.03))
gain.axhline(0, color="gray", linewidth=0.8)
gain.plot(qualities, gains, "o-", color="#d55e00")
gain.set(xlabel="how often the LLM is right", ylabel="accuracy beside no LLM")
plt.show()
