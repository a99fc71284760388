from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, normalize

from skellagnn.encoders import TfidfEncoder, fit_encoder
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._tfidf import tokenize
from skellagnn.exceptions import InvalidParameterError

ANIMALS = ["cats sleep all day", "dogs sleep at night", "cats and dogs play all day"]
GRAPHS = ["graphs have edges", "edges join nodes of graphs", "nodes of trees have edges"]
TEXTS = [*ANIMALS, *GRAPHS]


def test_rows_are_those_of_latent_semantic_analysis() -> None:
    weights = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+").fit_transform(TEXTS)
    reduced = normalize(TruncatedSVD(3, algorithm="arpack").fit_transform(weights))
    rows = TfidfEncoder(n_components=3).fit(TEXTS).transform(TEXTS)
    np.testing.assert_allclose(rows @ rows.T, reduced @ reduced.T, atol=1e-3)  # the axes may point either way; float16
    assert rows.dtype == np.float32


def test_topics_are_told_apart() -> None:
    encoder = TfidfEncoder(n_components=2).fit(TEXTS)
    animal, graph = encoder.transform(["dogs and cats", "trees are graphs"])
    assert abs(animal @ graph) < 0.1
    assert (encoder.transform(ANIMALS) @ animal).min() > 0.9
    assert (encoder.transform(GRAPHS) @ graph).min() > 0.9


def test_width_is_what_the_texts_allow() -> None:
    assert TfidfEncoder(n_components=4).fit(TEXTS).n_components_ == 4
    assert TfidfEncoder().fit(TEXTS).n_components_ == len(TEXTS) - 1
    assert TfidfEncoder().fit(["a b c", "a b", "c a", "b", "a b c a"]).n_components_ == 2  # three terms
    assert TfidfEncoder().fit([*TEXTS, "", "  "]).n_components_ == len(TEXTS) - 1  # blank texts do not count


@pytest.mark.parametrize("texts", [["one"], ["one", "one"], ["one two three"], ["a", "a", "b"]])
def test_hardly_any_text(texts: list[str]) -> None:
    rows = TfidfEncoder().fit(texts).transform(texts)
    np.testing.assert_allclose(np.linalg.norm(rows[0]), 1, atol=1e-5)
    assert rows.shape == (len(texts), 1)


def test_text_without_a_known_term_has_a_zero_row() -> None:
    rows = TfidfEncoder().fit(TEXTS).transform(["zebra", "", "cats"])
    np.testing.assert_array_equal(rows[:2], 0)
    np.testing.assert_allclose(np.linalg.norm(rows[2]), 1, atol=1e-5)


def test_case_and_width_of_letters_do_not_count() -> None:
    encoder = TfidfEncoder().fit(TEXTS)
    np.testing.assert_array_equal(encoder.transform(["CATS Sleep"]), encoder.transform(["cats sleep"]))
    np.testing.assert_array_equal(encoder.transform(["ｃａｔｓ sleep"]), encoder.transform(["cats sleep"]))
    assert not TfidfEncoder(lowercase=False).fit(TEXTS).transform(["CATS"]).any()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("A cat, no. 7!", ["A", "cat", "no", "7"]),
        ("图神经网络 GNN", ["图神", "神经", "经网", "网络", "GNN"]),
        ("猫 is a cat", ["猫", "is", "a", "cat"]),
        ("ひらがなとカタカナ", ["ひら", "らが", "がな", "なと", "とカ", "カタ", "タカ", "カナ"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("한국어 그래프", ["한국어", "그래프"]),
        ("ภาษา", ["ภา", "าษ", "ษา"]),
        ("граф и рёбра", ["граф", "и", "рёбра"]),
        ("مخطط عصبي", ["مخطط", "عصبي"]),
        ("naïve cafe\u0301", ["naïve", "café"]),
        ("...!", []),
    ],
)
def test_words_of_every_script(text: str, terms: list[str]) -> None:
    assert tokenize(text) == terms


def test_chinese_topics_are_told_apart() -> None:
    cats = ["猫喜欢睡觉", "小猫白天睡觉", "猫喜欢白天玩"]
    graphs = ["图神经网络学习节点", "节点之间有边的图", "神经网络学习图的边"]
    encoder = TfidfEncoder(n_components=2).fit(cats + graphs)
    rows = encoder.transform(cats + graphs)
    cosines = rows @ rows.T
    assert min(cosines[:3, :3].min(), cosines[3:, 3:].min()) > 0.5 > abs(cosines[:3, 3:]).max()


@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
def test_character_ngrams_see_through_misspellings(analyzer: str) -> None:
    encoder = TfidfEncoder(analyzer=analyzer, ngram_range=(2, 3)).fit(TEXTS)
    wrong, right, other = encoder.transform(["graphz hve edgs", "graphs have edges", "cats sleep all day"])
    assert wrong @ right > 0.5 > abs(wrong @ other)
    assert not TfidfEncoder().fit(TEXTS).transform(["graphz hve edgs"]).any()


def test_parameters_reach_the_vectorizer() -> None:
    assert TfidfEncoder(min_df=2).fit(TEXTS).vectorizer_.vocabulary_.keys() == {
        "cats", "sleep", "all", "day", "dogs", "graphs", "have", "edges", "nodes", "of",
    }  # fmt: skip
    assert set(TfidfEncoder(max_features=1).fit(TEXTS).vectorizer_.vocabulary_) == {"edges"}
    assert "join nodes" in TfidfEncoder(ngram_range=(1, 2)).fit(TEXTS).vectorizer_.vocabulary_


def test_fitting_again_gives_the_same_rows() -> None:
    first, second = TfidfEncoder(n_components=3).fit(TEXTS), TfidfEncoder(n_components=3).fit(TEXTS)
    np.testing.assert_array_equal(first.transform(TEXTS), second.transform(TEXTS))
    assert first.name == second.name


def test_name_changes_with_what_was_learned() -> None:
    names = {TfidfEncoder(n_components=3).fit(TEXTS).name, TfidfEncoder(n_components=2).fit(TEXTS).name}
    names.add(TfidfEncoder(n_components=3).fit(TEXTS[1:]).name)
    names.add(TfidfEncoder(n_components=3, analyzer="char").fit(TEXTS).name)
    assert len(names) == 4
    once, twice = TfidfEncoder().fit(["a b", "b c", "c"]), TfidfEncoder().fit(["a b b", "b c", "c"])
    np.testing.assert_array_equal(once.vectorizer_.idf_, twice.vectorizer_.idf_)
    assert once.name != twice.name


def test_pickle_keeps_what_was_learned() -> None:
    encoder = TfidfEncoder(n_components=3).fit(TEXTS)
    copy = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(copy.transform(["cats and graphs"]), encoder.transform(["cats and graphs"]))
    assert copy.name == encoder.name


def test_pickle_is_no_larger_than_said() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(f"t{i}" for i in rng.integers(0, 3000, 60)) for _ in range(400)]
    encoder = TfidfEncoder(n_components=64).fit(texts)
    n_terms = len(encoder.vectorizer_.vocabulary_)
    assert 2 * 64 * n_terms < len(pickle.dumps(encoder)) < 2 * 64 * n_terms + 40 * n_terms + 10_000


def test_clone_forgets() -> None:
    encoder = TfidfEncoder(n_components=3, analyzer="char").fit(TEXTS)
    copy = clone(encoder)
    assert copy.get_params() == encoder.get_params()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        copy.transform(TEXTS)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        _ = copy.name


@pytest.mark.parametrize(
    ("parameters", "texts", "message"),
    [
        (
            {},
            ["", "  "],
            "at least one term that passes its parameters, got 0 texts that are not blank \\(empty vocabulary",
        ),
        ({}, ["...", "!!"], "at least one term .* got 2 texts that are not blank \\(empty vocabulary"),
        ({"min_df": 3}, ["a b", "c d", "e f"], "at least one term .* Check `min_df`=3"),
        ({"n_components": 0}, TEXTS, "`n_components` must be a positive integer, got 0"),
        ({"n_components": 2.0}, TEXTS, "`n_components` must be a positive integer, got 2.0"),
        ({"random_state": "x"}, TEXTS, r"`random_state` must be an int from 0 .* got 'x'\. Pass"),
        ({"random_state": -1}, TEXTS, "`random_state` must be an int from 0 .* got -1"),
        ({"analyzer": "letters"}, TEXTS, "`analyzer` must be 'word', 'char' or 'char_wb', got 'letters'"),
        ({"ngram_range": (2, 1)}, TEXTS, r"`ngram_range`=\(2, 1\)"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], texts: list[str], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        TfidfEncoder(**parameters).fit(texts)


# -- any transformer of scikit-learn ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "transformer",
    [
        make_pipeline(TfidfVectorizer(), TruncatedSVD(3, random_state=0)),
        make_pipeline(TfidfEncoder(n_components=4), TruncatedSVD(3, random_state=0)),
        HashingVectorizer(n_features=32),
        CountVectorizer(),
        FeatureUnion([("words", CountVectorizer()), ("letters", TfidfEncoder(n_components=2, analyzer="char"))]),
        FunctionTransformer(lambda texts: np.array([[len(text)] for text in texts])),
        FunctionTransformer(lambda texts: __import__("pandas").DataFrame({"length": map(len, texts)})),
    ],
    ids=["pipeline", "ours in a pipeline", "hashing", "counts", "union", "function", "data frame"],
)
def test_transformers_give_their_own_rows(transformer: Any) -> None:
    own = clone(transformer).fit_transform(TEXTS)
    encoder = fit_encoder(transformer, TEXTS)
    expected = own.toarray() if hasattr(own, "toarray") else np.asarray(own)
    np.testing.assert_allclose(encode_texts(encoder, TEXTS[::-1]), expected[::-1], atol=1e-6)
    assert not hasattr(transformer, "vocabulary_")


def test_before_fit() -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        encode_texts(CountVectorizer(), TEXTS)


@pytest.mark.parametrize(
    "texts", [None, 5, "cats", b"cats", {"cats"}, ["a", None], ["a", 5], [["a"]], [float("nan")], np.array([["a"]])]
)
def test_what_are_no_texts_is_said_by_all_who_take_them(texts: Any) -> None:
    fitted = TfidfEncoder().fit(["cats purr", "dogs bark"])
    for take in (TfidfEncoder().fit, fitted.transform, partial(fit_encoder, "tfidf")):
        with pytest.raises(InvalidParameterError, match="`texts` must be a sequence of strings, got"):
            take(texts)
