"""What is shown of a store parameter, and what goes into a pickle."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skellagnn import ELLaGNNClassifier, LLMAugmenter
from skellagnn.llm.store import ResponseStore, without_password


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("postgresql+psycopg://u:s3cr3t@h:1/db", "postgresql+psycopg://u@h:1/db"),
        ("postgresql://h/db?user=u&password=s3cr3t&sslpassword=s3cr3t", "postgresql://h/db?user=u"),
        ("postgresql://u:s3cr3t@h/db?sslmode=require&Password=s3cr3t", "postgresql://u@h/db?sslmode=require"),
        ("postgresql://u@h/db?password=s3cr3t&password=s3cr3t", "postgresql://u@h/db"),
        ("postgresql://u:s3cr3t@h/db?passfile=%2Fp", "postgresql://u@h/db?passfile=%2Fp"),
    ],
)
def test_a_url_loses_its_passwords_wherever_they_stand(url: str, bare: str) -> None:
    assert without_password(url) == bare
    kept = without_password(ResponseStore(url, lease=7.0))
    assert (kept.url, kept.lease) == (bare, 7.0)


@pytest.mark.parametrize(
    "store", [None, "auto", "answers.sqlite", Path("password"), ResponseStore(), ResponseStore("a")]
)
def test_what_has_no_password_stays(store: object) -> None:
    assert without_password(store) is store


FOREIGN = [
    "host=h password=s3cr3t",
    "mysql://u:s3cr3t@h/db",
    "u:s3cr3t@h",
    "postgresql:s3cr3t",
    "//u:s3cr3t@h/db",
    "Server=h;Database=d;Pwd=s3cr3t",
    "Data Source=h;User ID=u;PASSWORD = s3cr3t",
    "data.db?password=s3cr3t",
    "answers?user=u&token=s3cr3t",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_what_is_no_address_is_not_handed_on(url: str) -> None:
    assert "s3cr3t" not in without_password(url) + without_password(ResponseStore(url)).url


URLS = [
    "postgresql://u:s3cr3t@h/db",
    "postgresql://h/db?PASSWORD=s3cr3t",
    "host=h password=s3cr3t",
    "mysql://u:s3cr3t@h",
    "//u:s3cr3t@h/db",
    "Server=h;Pwd=s3cr3t",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("wrap", [str, ResponseStore])
def test_no_repr_of_an_estimator_shows_a_password(url: str, wrap: type) -> None:
    clf = ELLaGNNClassifier(store=wrap(url))
    augmenter = LLMAugmenter(store=wrap(url))
    later = ELLaGNNClassifier().set_params(store=wrap(url))
    search = GridSearchCV(make_pipeline(clf), {"ellagnnclassifier__store": [clf.store]})
    for shown in (clf, augmenter, later, clone(clf), make_pipeline(clf), search, clf.get_params(), clf.store):
        assert "s3cr3t" not in repr(shown)
        if hasattr(shown, "_repr_html_"):
            assert "s3cr3t" not in shown._repr_html_()
    assert "store=" in repr(clf)


@pytest.mark.parametrize("path", ["answers.sqlite", "sqlite:///answers.sqlite"])
def test_an_estimator_keeps_its_store_as_it_was_given(path: str) -> None:
    clf = clone(ELLaGNNClassifier(store=path))
    assert clf.store == path
    assert f"store={path!r}" in repr(clf)
    assert clf.set_params(store="auto").store == "auto"
