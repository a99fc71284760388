"""
A custom back end
=================

Anything that turns a prompt into an answer can stand where the LLM stands: a function, a rule, a colleague, a client of
your company's own server. For that it has ``name``, under which answers are kept, and ``complete``.
"""

# %%
# This back end is a word list. It says how sure it is: of the words that it knows, the share that speaks for the class.

import matplotlib.pyplot as plt
import numpy as np

from skellagnn import ELLaGNNClassifier
from skellagnn.datasets import make_text_graph
from skellagnn.inspection import ReliabilityDisplay

data = make_text_graph(400, informativeness=0.25, homophily=0.7, random_state=0)
graph, y = data.graph, data.target


class WordList:
    """Names the class whose words are in the text."""

    name = "word-list-v1"  # a changed list needs another name, or its old answers are found again

    def __init__(self, words):
        self.words = words

    def complete(self, prompts):
        return [self.answer(prompt) for prompt in prompts]

    def answer(self, prompt):
        text = prompt.split("Text:\n")[1].split("\n\n")[0]
        hits = {label: sum(word in words for word in text.split()) for label, words in self.words.items()}
        best = max(hits, key=hits.get)
        if not hits[best]:
            return "none of these"
        return f"{best}; confidence: {100 * hits[best] / sum(hits.values()):.0f} %"


# %%
# Somebody wrote the list after a look at a few texts: the words that only one class uses.

seen = {label: set() for label in data.target_names}
for node in range(30):
    seen[data.target_names[y[node]]].update(graph.texts[node].split())
words = {label: own.difference(*(seen[other] for other in seen if other != label)) for label, own in seen.items()}
print(WordList(words).complete(["Which class?\n\nText:\n" + graph.texts[100] + "\n\n"]))

# %%
# ``"topic_confidence"`` asks for a class and a confidence. ``store=None``: asking a word list again costs nothing.

train, test = np.arange(0, 400, 10), np.setdiff1d(np.arange(400), np.arange(0, 400, 10))
clf = ELLaGNNClassifier(
    WordList(words),
    augmentation_ratio=0.4,
    prompts="topic_confidence",
    class_names=data.target_names,
    encoder="tfidf",
    store=None,
    max_iter=60,
    random_state=0,
).fit(graph[train], y[train])
print(f"reliability found {clf.reliability_:.2f}, accuracy {clf.score(graph[test], y[test]):.2f}")

# %%
# Is it as right as it says? And the model that learned from it? Points below the dotted line are too sure.

ReliabilityDisplay.from_estimator(clf, graph[test], y[test]).plot()
plt.show()
