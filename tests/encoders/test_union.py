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
from skellagnn.encoders import EncoderUnion, SentenceBertEncoder, TfidfEncoder, encode_graph, fit_encoder
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._identity import encoder_identity
from skellagnn.encoders._resolve import resolve_encoder
from skellagnn.exceptions import InvalidParameterError

TEXTS = ["w1 w2 w3", "w2 w4", "w5 w1 w1", "w6 w7"]


def union_of(*encoders: Any) -> EncoderUnion:
    return EncoderUnion([(f"part {number}", encoder) for number, encoder in enumerate(encoders)])


def part_of(union: Any, number: int) -> Any:
    return union.transformer_list[number][1]


class Fixed:
    """The same rows, whatever the texts; a row of zeros for a text without a "w"."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def encode(self, texts: Any) -> Any:
        return np.array(
            [row if "w" in text else np.zeros(len(row)) for row, text in zip(self.rows, texts, strict=True)]
        )


def test_rows_by_hand() -> None:
    union = union_of(Fixed([[3.0, 4.0], [0.0, 2.0]]), Fixed([[5.0], [-1.0]]))

    rows = union.transform(["w1", "w2"])

    np.testing.assert_allclose(rows * np.sqrt(2), [[0.6, 0.8, 1], [0, 1, -1]], rtol=1e-6)
    assert rows.dtype == np.float32
    # a text that one of them knows nothing of
    np.testing.assert_array_equal(union.transform(["-", "w"])[0], [0, 0, 0])


def test_the_product_of_two_rows_is_the_mean_of_the_cosines(tiny_model: Path) -> None:
    parts = [resolve_encoder(str(tiny_model)), TfidfEncoder(n_components=3).fit(TEXTS)]
    union = union_of(str(tiny_model), TfidfEncoder(n_components=3)).fit(TEXTS)

    rows = union.transform(TEXTS)

    cosines = []
    for part in parts:
        assert part is not None
        own = np.asarray(part.transform(TEXTS))
        own = own / np.linalg.norm(own, axis=1, keepdims=True)
        cosines.append(own @ own.T)
    np.testing.assert_allclose(rows @ rows.T, np.mean(cosines, axis=0), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


def test_names_joined_by_plus(tiny_model: Path) -> None:
    union = resolve_encoder(f"{tiny_model}+tfidf")

    assert isinstance(union, EncoderUnion)
    assert [repr(part) for _, part in union.transformer_list] == [
        repr(SentenceBertEncoder(str(tiny_model))),
        "TfidfEncoder()",
    ]
    for names in ("minilm+tfidf", "minilm + tfidf "):
        assert list(dict(resolve_encoder(names).transformer_list)) == ["minilm", "tfidf"]
    assert list(dict(resolve_encoder("tfidf+tfidf").transformer_list)) == ["tfidf", "tfidf-2"]
    with pytest.raises(InvalidParameterError, match=r"got 'tfidff'\. Did you mean 'tfidf'"):
        resolve_encoder("minilm+tfidff")


def test_a_folder_with_a_plus_in_its_name_is_a_folder(tiny_model: Path) -> None:
    folder = tiny_model.parent / "tiny+model"
    folder.symlink_to(tiny_model)

    np.testing.assert_array_equal(encode_texts(str(folder), TEXTS), encode_texts(str(tiny_model), TEXTS))


def test_what_was_given_is_not_changed() -> None:
    given = TfidfEncoder(n_components=2)
    union = union_of(given, CountVectorizer(token_pattern=r"\w+"))

    fitted = fit_encoder(union, TEXTS)

    assert not hasattr(given, "components_")
    assert part_of(union, 0) is given
    assert fitted.transform(TEXTS).shape == (4, 2 + 7)
    np.testing.assert_array_equal(clone(union).fit_transform(TEXTS), fitted.transform(TEXTS))


def test_parameters_of_a_part_are_those_of_a_search() -> None:
    clf = ELLaGNNClassifier(encoder=EncoderUnion([("words", TfidfEncoder()), ("letters", TfidfEncoder())]))
    clf.set_params(encoder__words__n_components=2, encoder__letters__n_components=1)
    assert fit_encoder(clf.encoder, TEXTS).transform(TEXTS).shape == (4, 3)


def test_name_pickle_and_clone() -> None:
    union = union_of("tfidf", TfidfEncoder(n_components=2))
    with pytest.raises(NotFittedError):
        union.transform(TEXTS)

    union.fit(TEXTS)
    again = clone(union).fit(TEXTS)
    other = clone(union).fit([*TEXTS, "w8 w9"])
    thawed = pickle.loads(pickle.dumps(union))

    assert encoder_identity(union) == encoder_identity(again) == encoder_identity(thawed) != encoder_identity(other)
    np.testing.assert_array_equal(thawed.transform(TEXTS), union.transform(TEXTS))


def test_rows_are_kept(tmp_path: Path) -> None:
    first = encode_texts(union_of("tfidf").fit(TEXTS), TEXTS, memory=str(tmp_path))
    again = union_of("tfidf").fit(TEXTS)
    part_of(again, 0).vectorizer_.transform = None  # nothing is left to encode

    np.testing.assert_array_equal(encode_texts(again, TEXTS, memory=str(tmp_path)), first)


def test_each_part_keeps_its_rows_for_itself(tmp_path: Path, counting: Any) -> None:
    """What TF-IDF learns changes with the texts; what another encoder makes of a text does not."""
    memory, others = str(tmp_path), [*TEXTS, "w8 w9"]
    first = encode_texts(union_of(counting, "tfidf").fit(TEXTS), TEXTS, memory=memory)
    again = encode_texts(union_of(counting, "tfidf").fit(others), others, memory=memory)

    assert sorted(counting.asked) == sorted(others)
    np.testing.assert_array_equal(first, encode_texts(union_of(counting, "tfidf").fit(TEXTS), TEXTS))
    np.testing.assert_array_equal(again, encode_texts(union_of(counting, "tfidf").fit(others), others))
    with pytest.raises(NotFittedError):
        encode_texts(union_of(counting, "tfidf"), [*TEXTS, "w9"], memory=memory)


def test_parts_keep_their_rows_where_they_are_encoded_into_a_file(tmp_path: Path, counting: Any) -> None:
    union = union_of(counting, "tfidf").fit(TEXTS)
    kept = encode_texts(union, TEXTS, memory=str(tmp_path))
    counting.asked.clear()

    rows = encode_texts(union, TEXTS, memory=str(tmp_path), out=tmp_path / "rows.npy")

    assert counting.asked == []
    np.testing.assert_array_equal(rows, kept)


@pytest.mark.parametrize("parts", ["tfidf", [], None, 3, ["tfidf"], [("a", "tfidf"), ("a", "tfidf")], [(1, "tfidf")]])
def test_what_is_no_list_of_encoders(parts: Any) -> None:
    with pytest.raises(InvalidParameterError, match=r"`transformer_list` must be a list of at least one \(name, enc"):
        EncoderUnion(parts).fit(TEXTS)


def test_none_among_the_encoders() -> None:
    with pytest.raises(InvalidParameterError, match="got None as 'part 1'"):
        union_of("tfidf", None).fit(TEXTS)


@pytest.mark.parametrize("rows", [[[1.0]], [1.0, 2.0]])
def test_an_encoder_that_breaks_the_contract(rows: Any) -> None:
    class Broken:
        def encode(self, texts: Any) -> Any:
            return np.array(rows)

    with pytest.raises(InvalidParameterError, match=r"`encode` of Broken must return .* got shape \("):
        union_of(Broken()).transform(["a", "b"])


def test_in_a_fit_and_in_the_pickle_of_a_model(tiny_model: Path) -> None:
    data = make_text_graph(n_nodes=60, random_state=0)
    clf = ELLaGNNClassifier(encoder=f"{tiny_model}+tfidf", max_iter=3, random_state=0).fit(data.graph, data.target)
    thawed = pickle.loads(pickle.dumps(clf))
    other = make_text_graph(n_nodes=20, random_state=1).graph  # texts that it has never seen

    assert clf.n_features_in_ == encode_graph(data.graph, "tfidf").features.shape[1] + 32
    np.testing.assert_array_equal(thawed.predict_proba(other), clf.predict_proba(other))


def test_weights_of_a_part_stay_out_of_the_pickle_of_a_model(reference: Any) -> None:
    data = make_text_graph(n_nodes=60, random_state=0)
    union = union_of(reference, "tfidf")
    clf = ELLaGNNClassifier(encoder=union, max_iter=3, random_state=0).fit(data.graph, data.target)
    encoded = encode_graph(data.graph, clf.encoder_)

    pickled = pickle.dumps(clf)
    thawed = pickle.loads(pickled)

    assert b"sentence_transformers" not in pickled
    assert [part for _, part in thawed.encoder.transformer_list] == [None, "tfidf"]
    assert part_of(thawed.encoder_, 0) is None
    kept, own = part_of(thawed.encoder_, 1), part_of(clf.encoder_, 1)
    np.testing.assert_array_equal(kept.transform(TEXTS), own.transform(TEXTS))
    np.testing.assert_array_equal(thawed.predict(encoded), clf.predict(encoded))
