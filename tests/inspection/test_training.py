"""Losses, validation scores and the teacher's."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skellagnn import ELLaGNNClassifier
from skellagnn.inspection import TrainingDisplay


def test_what_the_history_holds(fitted):
    display = TrainingDisplay.from_estimator(fitted.clf)

    history = fitted.clf.history_
    assert list(display.losses) == ["loss", "label_loss", "soft_label_loss"]
    assert display.losses["label_loss"] == history.label_loss
    assert display.validation_score == history.validation_score
    assert display.best_iter == history.best_iter
    assert display.teacher_score == history.teacher_score[0]


def test_two_panels_with_the_epoch_kept_and_the_teacher(fitted):
    display = TrainingDisplay.from_estimator(fitted.clf).plot()

    losses, scores = display.ax_
    assert len(losses.lines) == 4  # three, and the epoch
    model, teacher, kept = scores.lines
    assert model.get_ydata().tolist() == display.validation_score
    assert teacher.get_ydata() == [display.teacher_score] * 2
    assert kept.get_xdata() == [display.best_iter] * 2


def test_a_run_without_validation_or_teacher_has_one_panel(fitted):
    clf = ELLaGNNClassifier(encoder="tfidf", teacher=None, early_stopping=False, max_iter=3, random_state=0)
    clf.fit(fitted.graph[fitted.train], fitted.y[fitted.train])

    display = TrainingDisplay.from_estimator(clf).plot()

    assert list(display.losses) == ["loss", "label_loss"]
    assert display.teacher_score is None
    assert len(display.ax_) == 1


def test_not_fitted():
    with pytest.raises(NotFittedError):
        TrainingDisplay.from_estimator(ELLaGNNClassifier())


def test_a_loaded_model_has_its_history(fitted, tmp_path):
    fitted.clf.save(tmp_path)

    display = TrainingDisplay.from_estimator(ELLaGNNClassifier.load(tmp_path))

    np.testing.assert_array_equal(display.validation_score, fitted.clf.history_.validation_score)
    assert display.teacher_score == fitted.clf.history_.teacher_score[0]
