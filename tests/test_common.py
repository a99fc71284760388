"""scikit-learn's own checks, on arrays: a graph without edges."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skellagnn import ELLaGNNClassifier

MINUS_ONE = "labels -1 mean 'unlabeled' (scikit-learn's semi-supervised convention), the check uses -1 as a class"
REPEATED_ROWS = (
    "a sample repeated k times is k nodes with k dropout masks and k chances to be held out for early stopping; "
    "repeated nodes of a graph do equal weights (tests/test_classifier.py)"
)

# Every failure that is allowed, and why. `xfail_strict` makes an entry that no longer fails an error.
EXPECTED_FAILURES = {
    "check_classifiers_classes": MINUS_ONE,
    "check_sample_weight_equivalence_on_dense_data": REPEATED_ROWS,
}


@parametrize_with_checks([ELLaGNNClassifier()], expected_failed_checks=lambda estimator: EXPECTED_FAILURES)
def test_sklearn_compatible_estimator(estimator, check):
    check(estimator)


def test_expected_failures_name_checks_that_exist():
    names = {check.func.__name__ for _, check in estimator_checks_generator(ELLaGNNClassifier())}
    assert set(EXPECTED_FAILURES) <= names


@pytest.mark.parametrize("backbone", ["mlp", "sage", "gcn"])
def test_arrays_work_with_graph_backbones(backbone):
    from sklearn.datasets import make_blobs

    X, y = make_blobs(60, centers=3, cluster_std=0.5, random_state=0)
    clf = ELLaGNNClassifier(backbone=backbone, hidden_channels=16, max_iter=80, random_state=0).fit(X, y)
    assert clf.score(X, y) > 0.9
    assert clf.n_features_in_ == 2
