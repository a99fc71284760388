"""
How many nodes to ask about
===========================

The number of nodes is a hyperparameter like any other: search over it, and put the cost beside the accuracy.
"""

# %%
# A made-up graph of 300 texts, and an LLM that takes 85 % of them for the right class.

import matplotlib.pyplot as plt
from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

from skellagnn import ELLaGNNClassifier, ReplayEnhancer, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.inspection import CostCurveDisplay

data = make_text_graph(300, informativeness=0.15, homophily=0.7, answer_accuracy=0.85, random_state=1)
X, y = encode_graph(data.graph, "tfidf"), data.target

# %%
# ``selection="clustering"`` looks at no labels, so that every fold asks about the same nodes, and a larger budget only
# adds to a smaller one. The whole search pays for its largest setting once. Each split trains on 18 labels, and scores
# with the others.

clf = ELLaGNNClassifier(
    ReplayEnhancer(data.answers),
    selection="clustering",
    class_names=data.target_names,
    encoder="tfidf",
    hidden_channels=32,
    max_iter=50,
    random_state=0,
)
splits = StratifiedShuffleSplit(4, train_size=18, random_state=0)
search = GridSearchCV(clf, {"augmentation_ratio": [0, 15, 30, 60, 120]}, cv=splits).fit(X, y)

# %%
# The error bars are standard errors over the splits. Where they overlap, take the cheaper setting.
# The first few answers are a gamble: each weighs almost as much as one of the 18 labels, and one in seven is wrong.

CostCurveDisplay.from_cv_results(search, X=X, y=y).plot()
plt.show()
