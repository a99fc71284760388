"""
Reading a training run
======================

Three questions to a training run. Did the loss level off? Which epoch was kept? And is the network better than the
teacher that it learned from?
"""

# %%
# With validation nodes, here a fifth of the labels, the best epoch is kept. Without, the last one is.

import matplotlib.pyplot as plt

from skellagnn import ELLaGNNClassifier, ReplayEnhancer
from skellagnn.datasets import make_text_graph
from skellagnn.inspection import TrainingDisplay

data = make_text_graph(
    500, 4, informativeness=0.15, homophily=0.75, labeled_fraction=0.4, answer_accuracy=0.8, random_state=0
)
known = data.target >= 0
clf = ELLaGNNClassifier(
    ReplayEnhancer(data.answers),
    class_names=data.target_names,
    encoder="tfidf",
    early_stopping=0.3,
    max_iter=120,
    n_iter_no_change=60,
    random_state=0,
).fit(data.graph[known], data.target[known])
print(clf.history_.to_frame()[["epoch", "loss", "validation_score", "teacher_score", "kept"]].round(3).tail(3))

# %%
# *labels* is the loss on labels and answers, *soft labels* that on what the teacher says of all other nodes. The dashed
# line is the teacher itself: a logistic regression on features that were averaged over neighbors. If the network ends
# below it, train longer, or use more neighbors or another backbone.

TrainingDisplay.from_estimator(clf).plot()
plt.show()
