"""Every error is also the built-in that a caller would expect."""

from __future__ import annotations

import inspect
import pickle

import pytest

from skellagnn import exceptions
from skellagnn.exceptions import SkellagnnError, SkellagnnWarning, StoreError
from skellagnn.llm.store import QuestionKey
from skellagnn.prompts import Prompt, Question

BUILTIN_OF = {
    "SkellagnnError": Exception,
    "InvalidParameterError": ValueError,
    "GraphError": ValueError,
    "LabelError": ValueError,
    "MissingAnswerError": LookupError,
    "EnhancerError": RuntimeError,
    "StoreError": RuntimeError,
    "DownloadError": OSError,
    "MissingDependencyError": ImportError,
    "SkellagnnWarning": UserWarning,
    "LongTextWarning": UserWarning,
    "AnswerWarning": UserWarning,
}


def defined_here():
    return {
        name
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and value.__module__ == exceptions.__name__
    }


def test_all_lists_every_class_of_the_module_once():
    assert sorted(exceptions.__all__) == sorted(defined_here())


def test_the_table_of_this_test_is_complete():
    assert set(BUILTIN_OF) == defined_here()


@pytest.mark.parametrize("name", BUILTIN_OF)
def test_each_class_derives_from_its_builtin_and_from_one_base(name):
    kind = getattr(exceptions, name)

    assert issubclass(kind, BUILTIN_OF[name])
    assert issubclass(kind, SkellagnnError) != issubclass(kind, SkellagnnWarning)
    assert kind.__doc__


@pytest.mark.parametrize("name", BUILTIN_OF)
def test_each_survives_the_way_back_from_a_worker(name):
    error = getattr(exceptions, name)("`x` must be small, got 7.")

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is type(error)
    assert str(copy) == "`x` must be small, got 7."


def test_a_store_error_carries_the_answers_that_were_not_stored():
    unsaved = {QuestionKey.of(Question(Prompt("p", "{text}"), {"text": "a"})): "yes"}

    copy = pickle.loads(pickle.dumps(StoreError("disk full", unsaved)))

    assert str(copy) == "disk full"
    assert copy.unsaved == unsaved
    assert StoreError("locked").unsaved == {}
