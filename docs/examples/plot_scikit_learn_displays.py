"""
scikit-learn's own displays
===========================

A graph view is an X: what scikit-learn draws of a classifier, it draws of this one. Three of its displays, unchanged.
"""

# %%
# Two classes, since a calibration curve is about one of two.

import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import LearningCurveDisplay, train_test_split

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, encode_graph
from skellagnn.datasets import make_text_graph

data = make_text_graph(400, 2, informativeness=0.1, homophily=0.65, answer_accuracy=0.85, random_state=0)
graph, y = encode_graph(data.graph, "tfidf"), data.target
clf = ELLaGNNClassifier(
    ReplayEnhancer(data.answers),
    selection="clustering",
    class_names=data.target_names,
    encoder="tfidf",
    hidden_channels=32,
    max_iter=40,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(graph, y, train_size=0.25, stratify=y, random_state=0)
_ = clf.fit(X_train, y_train)  # what it returns would be shown here

# %%
# ``X_test`` is the same graph with other nodes in view. In the learning curve, the size counts labels: all nodes still
# pass messages.

figure, axes = plt.subplots(3, 1, figsize=(5.2, 10.5), layout="constrained")
ConfusionMatrixDisplay.from_estimator(
    clf, X_test, y_test, display_labels=data.target_names, ax=axes[0], colorbar=False, cmap="Blues"
)
CalibrationDisplay.from_estimator(clf, X_test, y_test, n_bins=5, name="E-LLaGNN", ax=axes[1])
LearningCurveDisplay.from_estimator(clf, graph, y, train_sizes=[0.05, 0.1, 0.25, 0.5, 1.0], cv=3, ax=axes[2])
axes[2].set_xscale("linear")
axes[2].set_xlabel("labels in training")
axes[1].set_xlabel("predicted probability of topic_1")
axes[1].set_ylabel("share of topic_1")
plt.show()
