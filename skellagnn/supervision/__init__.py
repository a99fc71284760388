"""What labels, answers and a teacher say together: one object, with all its weights, made in one place.

An LLM that names a class is an annotator (Dawid and Skene, 1979) with a probability of being right, which it says
itself or is taken to have. Every source is believed as far as it says itself; what can be checked may only lower that.
The check is what the labels alone say of every node, by models that have not seen the label in question.
"""

from skellagnn.supervision._evidence import Answers, Evidence, Supervised
from skellagnn.supervision._from_labels import N_FOLDS, ClassEstimate, balance, estimate_from_labels, one_hot
from skellagnn.supervision._reliability import ENOUGH, estimate_reliability, go_beyond_chance

__all__ = [
    "ENOUGH",
    "N_FOLDS",
    "Answers",
    "ClassEstimate",
    "Evidence",
    "Supervised",
    "balance",
    "estimate_from_labels",
    "estimate_reliability",
    "go_beyond_chance",
    "one_hot",
]
