"""A warning shows the user's line."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from skellagnn import CallableEnhancer, ELLaGNNClassifier
from skellagnn.base.warning import warn_caller
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import AnswerWarning

DATA = make_text_graph(n_nodes=60, random_state=0)


def test_outside_of_the_package_it_is_the_line_itself():
    with pytest.warns(AnswerWarning, match="here") as caught:
        warn_caller("here", AnswerWarning)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("how", ["fit", "search"])
def test_of_answers_in_a_fit_it_is_the_line_that_fits(how):
    clf = ELLaGNNClassifier(
        CallableEnhancer(lambda prompt: "I cannot say.", model_name="mute"),
        prompts="topic",
        selection="degree",
        encoder="tfidf",
        store=None,
        max_iter=1,
        random_state=0,
    )
    graph, y = DATA.graph[:30], np.asarray(DATA.target_names)[DATA.target[:30]]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AnswerWarning)
        clf.fit(graph, y) if how == "fit" else cross_val_score(clf, graph, y, cv=2, error_score="raise")
    assert {one.filename for one in caught if one.category is AnswerWarning} == {__file__}
