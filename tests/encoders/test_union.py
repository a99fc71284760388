"""EncoderUnion: rows of several encoders beside each other."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer

from skellagnn import ELLaGNNClassifier
from skellagnn.datasets import make_text_graph
from skellagnn.encoders import EncoderUnion, TfidfEncoder, encode_graph, encode_texts, resolve_encoder
from skellagnn.exceptions import InvalidParameterError

TEXTS = ["w1 w2 w3", "w2 w4", "w5 w1 w1", "w6 w7"]


class Fixed:
    """The same rows, whatever the texts; a row of zeros for a text without a "w"."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def encode(self, texts: Any) -> Any:
        return np.array(
            [row if "w" in text else np.zeros(len(row)) for row, text in zip(self.rows, texts, strict=True)]
        )


def test_rows_by_hand() -> None:
    union = EncoderUnion([Fixed([[3.0, 4.0], [0.0, 2.0]]), Fixed([[5.0], [-1.0]])]).fit([])

    rows = union.encode(["w1", "w2"])

    np.testing.assert_allclose(rows * np.sqrt(2), [[0.6, 0.8, 1], [0, 1, -1]], rtol=1e-6)
    assert rows.dtype == np.float32
    # a text that one of them knows nothing of
    np.testing.assert_array_equal(union.encode(["-", "w"])[0], [0, 0, 0])


def test_the_product_of_two_rows_is_the_mean_of_the_cosines(tiny_model: Path) -> None:
    parts = [resolve_encoder(str(tiny_model)), TfidfEncoder(n_components=3).fit(TEXTS)]
    union = EncoderUnion([str(tiny_model), TfidfEncoder(n_components=3)]).fit(TEXTS)

    rows = union.encode(TEXTS)

    cosines = []
    for part in parts:
        assert part is not None
        own = np.asarray(part.encode(TEXTS))
        own = own / np.linalg.norm(own, axis=1, keepdims=True)
        cosines.append(own @ own.T)
    np.testing.assert_allclose(rows @ rows.T, np.mean(cosines, axis=0), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


def test_names_joined_by_plus(tiny_model: Path) -> None:
    union = resolve_encoder(f"{tiny_model}+tfidf")

    assert isinstance(union, EncoderUnion)
    assert union.encoders == [str(tiny_model), "tfidf"]
    assert repr(resolve_encoder("minilm+tfidf")) == "EncoderUnion(encoders=['minilm', 'tfidf'])"
    assert repr(resolve_encoder("minilm + tfidf ")) == "EncoderUnion(encoders=['minilm', 'tfidf'])"
    with pytest.raises(InvalidParameterError, match=r"got 'tfidff'\. Did you mean 'tfidf'"):
        resolve_encoder("minilm+tfidff")


def test_a_folder_with_a_plus_in_its_name_is_a_folder(tiny_model: Path) -> None:
    folder = tiny_model.parent / "tiny+model"
    folder.symlink_to(tiny_model)

    np.testing.assert_array_equal(encode_texts(str(folder), TEXTS), encode_texts(str(tiny_model), TEXTS))


def test_what_was_given_is_not_changed() -> None:
    given = TfidfEncoder(n_components=2)
    union = EncoderUnion([given, CountVectorizer(token_pattern=r"\w+")])

    union.fit(TEXTS)

    assert not hasattr(given, "components_")
    assert union.encoders[0] is given
    assert union.encode(TEXTS).shape == (4, 2 + 7)


def test_name_pickle_and_clone() -> None:
    union = EncoderUnion(["tfidf", TfidfEncoder(n_components=2)])
    with pytest.raises(NotFittedError):
        union.encode(TEXTS)
    with pytest.raises(NotFittedError):
        _ = union.name

    union.fit(TEXTS)
    again = clone(union).fit(TEXTS)
    other = clone(union).fit([*TEXTS, "w8 w9"])
    thawed = pickle.loads(pickle.dumps(union))

    assert union.name == again.name == thawed.name != other.name
    np.testing.assert_array_equal(thawed.encode(TEXTS), union.encode(TEXTS))


def test_rows_are_kept(tmp_path: Path) -> None:
    first = encode_texts(EncoderUnion(["tfidf"]).fit(TEXTS), TEXTS, memory=str(tmp_path))
    again = EncoderUnion(["tfidf"]).fit(TEXTS)
    again.encoders_[0].encode = None  # nothing is left to encode

    np.testing.assert_array_equal(encode_texts(again, TEXTS, memory=str(tmp_path)), first)


def test_each_part_keeps_its_rows_for_itself(tmp_path: Path, counting: Any) -> None:
    """What TF-IDF learns changes with the texts; what another encoder makes of a text does not."""
    memory, others = str(tmp_path), [*TEXTS, "w8 w9"]
    first = encode_texts(EncoderUnion([counting, "tfidf"]).fit(TEXTS), TEXTS, memory=memory)
    again = encode_texts(EncoderUnion([counting, "tfidf"]).fit(others), others, memory=memory)

    assert sorted(counting.asked) == sorted(others)
    np.testing.assert_array_equal(first, encode_texts(EncoderUnion([counting, "tfidf"]).fit(TEXTS), TEXTS))
    np.testing.assert_array_equal(again, encode_texts(EncoderUnion([counting, "tfidf"]).fit(others), others))
    with pytest.raises(NotFittedError):
        encode_texts(EncoderUnion([counting, "tfidf"]), TEXTS, memory=memory)


def test_parts_keep_their_rows_where_they_are_encoded_into_a_file(tmp_path: Path, counting: Any) -> None:
    union = EncoderUnion([counting, "tfidf"]).fit(TEXTS)
    kept = encode_texts(union, TEXTS, memory=str(tmp_path))
    counting.asked.clear()

    rows = encode_texts(union, TEXTS, memory=str(tmp_path), out=tmp_path / "rows.npy")

    assert counting.asked == []
    np.testing.assert_array_equal(rows, kept)


@pytest.mark.parametrize("encoders", ["tfidf", [], None, 3])
def test_what_is_no_list_of_encoders(encoders: Any) -> None:
    with pytest.raises(InvalidParameterError, match="`encoders` must be a list of at least one encoder"):
        EncoderUnion(encoders).fit(TEXTS)


def test_none_among_the_encoders() -> None:
    with pytest.raises(InvalidParameterError, match="got None in"):
        EncoderUnion(["tfidf", None]).fit(TEXTS)


@pytest.mark.parametrize("rows", [[[1.0]], [1.0, 2.0]])
def test_an_encoder_that_breaks_the_contract(rows: Any) -> None:
    class Broken:
        def encode(self, texts: Any) -> Any:
            return np.array(rows)

    with pytest.raises(InvalidParameterError, match=r"one row per text, got an array of shape .* 2 texts from Broken"):
        EncoderUnion([Broken()]).fit(TEXTS).encode(["a", "b"])


def test_in_a_fit_and_in_the_pickle_of_a_model(tiny_model: Path) -> None:
    data = make_text_graph(n_nodes=60, random_state=0)
    clf = ELLaGNNClassifier(encoder=f"{tiny_model}+tfidf", max_iter=3, random_state=0).fit(data.graph, data.target)
    thawed = pickle.loads(pickle.dumps(clf))
    other = make_text_graph(n_nodes=20, random_state=1).graph  # texts that it has never seen

    assert clf.n_features_in_ == encode_graph(data.graph, "tfidf").features.shape[1] + 32
    np.testing.assert_array_equal(thawed.predict_proba(other), clf.predict_proba(other))


def test_weights_of_a_part_stay_out_of_the_pickle_of_a_model(reference: Any) -> None:
    data = make_text_graph(n_nodes=60, random_state=0)
    union = EncoderUnion([reference, "tfidf"])
    clf = ELLaGNNClassifier(encoder=union, max_iter=3, random_state=0).fit(data.graph, data.target)
    encoded = encode_graph(data.graph, clf.encoder_)

    pickled = pickle.dumps(clf)
    thawed = pickle.loads(pickled)

    assert b"sentence_transformers" not in pickled
    assert thawed.encoder.encoders == [None, "tfidf"]
    assert thawed.encoder_.encoders_[0] is None
    np.testing.assert_array_equal(thawed.encoder_.encoders_[1].encode(TEXTS), clf.encoder_.encoders_[1].encode(TEXTS))
    np.testing.assert_array_equal(thawed.predict(encoded), clf.predict(encoded))
