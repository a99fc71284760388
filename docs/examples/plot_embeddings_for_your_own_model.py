"""
Embeddings for your own model
=============================

Graph and answers also serve a model of tables: a logistic regression, gradient boosting, LightGBM. There are two ways.
``LLMAugmenter`` turns a graph into columns in front of any model. ``clf.transform`` gives the last hidden layer of a
trained network.
"""

# %%
# The same labels for all: 40 of 400 nodes.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skellagnn import ELLaGNNClassifier, LLMAugmenter, ReplayEnhancer, encode_graph
from skellagnn.datasets import make_text_graph

data = make_text_graph(400, 4, informativeness=0.2, homophily=0.75, answer_accuracy=0.9, random_state=0)
graph, y = encode_graph(data.graph, "tfidf"), data.target
train, test = np.arange(0, 400, 10), np.setdiff1d(np.arange(400), np.arange(0, 400, 10))
llm = {"enhancer": ReplayEnhancer(data.answers), "class_names": data.target_names, "encoder": "tfidf"}

# %%
# First way: columns with own features, those of the neighborhood, and the answers. In a pipeline this is one model,
# which cross-validates and searches as a whole.

augmenter = LLMAugmenter(**llm, output="features", random_state=0)
boosting = HistGradientBoostingClassifier(max_iter=40, min_samples_leaf=3, random_state=0)
scores = {}
for name, model in {"logistic regression": LogisticRegression(C=10), "boosting": boosting}.items():
    scores[f"{name}\non text alone"] = model.fit(graph.features[train], y[train]).score(graph.features[test], y[test])
    both = make_pipeline(augmenter, model).fit(graph[train], y[train])
    scores[f"{name}\nbehind LLMAugmenter"] = both.score(graph[test], y[test])

# %%
# Second way: train the network, then take its hidden layer. Your columns (prices, dates, counts) can stand beside it.

clf = ELLaGNNClassifier(**llm, max_iter=60, random_state=0).fit(graph[train], y[train])
hidden = clf.transform(graph)
boosting.fit(hidden[train], y[train])
scores["boosting\non clf.transform"] = boosting.score(hidden[test], y[test])
scores["ELLaGNNClassifier\nitself"] = clf.score(graph[test], y[test])

# %%
# The linear model makes most of the columns. Trees want more labels than forty: give them the hidden layer, which has
# learned already.

figure, ax = plt.subplots(figsize=(5.2, 4.2), layout="constrained")
bars = ax.barh(list(scores), list(scores.values()), color="#0072b2")
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.invert_yaxis()
ax.set(xlim=(0, 1.1), xlabel="accuracy")
plt.show()
