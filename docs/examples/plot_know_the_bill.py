"""
Know the bill
=============

A plan says what a fit would ask, and what it would cost at most, before anything is asked. A budget then holds the fit
to it. Afterwards, put the bill beside the plan.
"""

# %%
# Two prompts about a tenth of 300 nodes, and prices of a million tokens in and out: yours, none are built in.

import warnings

import matplotlib.pyplot as plt

from skellagnn import Budget, ELLaGNNClassifier, ReplayEnhancer
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import AnswerWarning
from skellagnn.inspection import UsageDisplay

data = make_text_graph(300, labeled_fraction=0.2, random_state=0)
X, y = data.graph[data.target >= 0], data.target[data.target >= 0]
clf = ELLaGNNClassifier(
    ReplayEnhancer(data.answers),
    prompts="topic+keywords",
    selection="clustering",
    class_names=data.target_names,
    budget=Budget(max_calls=50, prices=(0.5, 1.5)),
    encoder="tfidf",
    max_iter=40,
    random_state=0,
)
plan = clf.plan(X, y)
print("\n".join(str(plan).splitlines()[:12]))

# %%
# The plan wants 60 questions, the budget allows 50. The fit asks those, warns, and learns from what it got.

with warnings.catch_warnings():
    warnings.simplefilter("ignore", AnswerWarning)
    clf.fit(X, y)

# %%
# Boxes are planned, bars were spent. Tokens out stay far below the plan, which takes every answer to be as long as it
# may be.

UsageDisplay.from_estimator(clf, plan).plot()
plt.show()
